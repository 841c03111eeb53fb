"""The properties of a Hudi table: torn, written anew, of another version, with a timeline elsewhere."""

from __future__ import annotations

import zlib
from typing import Any

import pytest

from checks.lake.formats import hudi
from checks.model import Arrival, Format, Observation, ProblemKind
from tests.support.hudi_tables import HudiTable, hudi_commit, hudi_properties
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    freshness,
    observe,
    plan_of,
)
from tests.support.times import at

READER = hudi.READER
EIGHT, NINE, TEN, ELEVEN = (at(f"11-21 {hour:02d}:00") for hour in (8, 9, 10, 11))


def see(table: HudiTable, now: Any = NOW, rule: Any = None, **clock: Any) -> Observation:
    return observe(READER, plan_of(Format.HUDI, rule or freshness()), table.objects, now, **clock)


def uri(table: HudiTable, name: str) -> str:
    return f"s3://lake/{table.folder}{name}"


def test_while_the_properties_are_written_anew_their_backup_counts() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    key = f"{ROOT}.hoodie/hoodie.properties"
    table.objects.put(f"{key}.backup", table.objects.objects.pop(key))
    assert see(table).newest == Arrival(EIGHT, uri(table, "20261121080000000.commit"))


@pytest.mark.parametrize(
    "torn",
    [
        b"",
        b"#Updated at 2026-11-21T08:00:00.000Z\n",
        hudi_properties()[:20],
        hudi_properties()[: hudi_properties().index(b"hoodie.table.type")],
        hudi_properties(more={"hoodie.table.version": ""}),
        hudi_properties(more={"hoodie.timeline.layout.version": "1\x00\x00"}),
        hudi_properties(more={"hoodie.table.checksum": "1"}),
    ],
)
@pytest.mark.parametrize("version", [6, 8])
def test_of_torn_properties_the_backup_counts(version: int, torn: bytes) -> None:
    table = HudiTable(version=version)
    table.instant(EIGHT, "commit", hudi_commit(avro=version >= 8))
    key = f"{ROOT}.hoodie/hoodie.properties"
    table.objects.put(f"{key}.backup", table.objects.objects[key])
    table.objects.put(key, torn)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == EIGHT
    assert table.objects.counts == (1, 3)


@pytest.mark.parametrize("backup", [None, b"", hudi_properties(more={"hoodie.table.checksum": "1"})])
@pytest.mark.parametrize(
    ("torn", "reads"), [(b"", False), (hudi_properties(more={"hoodie.table.checksum": "1"}), True)]
)
def test_without_a_sound_backup_properties_are_taken_as_far_as_they_can_be_read(
    backup: bytes | None, torn: bytes, *, reads: bool
) -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    key = f"{ROOT}.hoodie/hoodie.properties"
    table.objects.put(key, torn)
    if backup is not None:
        table.objects.put(f"{key}.backup", backup)
    seen = see(table)
    assert (seen.newest is not None) is reads
    if not reads:
        assert seen.problem is not None
        assert seen.problem.message == (
            f"{LOCATION}.hoodie/hoodie.properties is malformed: it names no Hudi table (neither hoodie.table.name nor "
            "hoodie.table.type)"
        )


def test_a_checksum_that_fits_costs_no_request() -> None:
    told = {"hoodie.database.name": "sales", "hoodie.table.checksum": str(zlib.crc32(b"sales.orders"))}
    table = HudiTable(more=told)
    table.instant(EIGHT, "commit", hudi_commit())
    assert see(table).newest is not None
    assert table.objects.counts == (1, 2)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"hoodie.table.version": "10"}, "Hudi table version 10; up to 9 is read"),
        ({"hoodie.timeline.layout.version": "3"}, "Hudi timeline layout 3; up to 2 is read"),
    ],
)
@pytest.mark.parametrize("torn", [True, False])
def test_a_version_that_is_not_known_is_unknown_and_no_older_backup_is_read_instead(
    more: dict[str, str], says: str, *, torn: bool
) -> None:
    table = HudiTable(more=more)
    table.instant(EIGHT, "commit", hudi_commit())
    key = f"{ROOT}.hoodie/hoodie.properties"
    table.objects.put(f"{key}.backup", table.objects.objects[key] if torn else hudi_properties())
    if torn:
        table.objects.put(key, b"")
    seen = see(table)
    assert seen.newest is None
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.UNSUPPORTED
    assert seen.problem.message.endswith(says)
    assert seen.problem.remedy == "update the monitor"


def test_the_folders_of_the_timeline_are_those_of_the_properties() -> None:
    table = HudiTable(version=9, more={"hoodie.timeline.path": "tl"})
    table.objects.put(
        f"{ROOT}.hoodie/tl/20261121080000000_20261121080002000.commit", hudi_commit(avro=True), EIGHT
    )
    seen = see(table)
    assert seen.newest is not None


@pytest.mark.parametrize(
    ("properties", "kind", "says"),
    [
        (b"", ProblemKind.MALFORMED, "it names no Hudi table"),
        (b"\xff\xfe=", ProblemKind.MALFORMED, "it names no Hudi table"),
        (hudi_properties(10), ProblemKind.UNSUPPORTED, "Hudi table version 10; up to 9 is read"),
        (
            hudi_properties(more={"hoodie.timeline.layout.version": "3"}),
            ProblemKind.UNSUPPORTED,
            "Hudi timeline layout 3; up to 2 is read",
        ),
        (
            hudi_properties(more={"hoodie.table.version": "six"}),
            ProblemKind.MALFORMED,
            "hoodie.table.version is 'six'",
        ),
        (
            hudi_properties(more={"hoodie.table.timeline.timezone": "../etc/passwd"}),
            ProblemKind.MALFORMED,
            "hoodie.table.timeline.timezone is",
        ),
        (
            hudi_properties(more={"hoodie.table.timeline.timezone": "Mars/Phobos"}),
            ProblemKind.MALFORMED,
            "hoodie.table.timeline.timezone is",
        ),
    ],
)
def test_bad_properties_are_named_with_what_is_wrong(properties: bytes, kind: ProblemKind, says: str) -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.objects.put(f"{ROOT}.hoodie/hoodie.properties", properties)
    seen = see(table)
    assert seen.problem is not None
    assert seen.problem.kind is kind
    assert says in seen.problem.message
    assert f"{LOCATION}.hoodie/hoodie.properties" in seen.problem.message
