"""Which of an Iceberg table's metadata files is the current one at a prefix, and what else is told of logs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checks.lake.observe import observe as observe_table
from checks.lake.s3.split import Helpers
from checks.lake.s3.table_reader import LakeReader
from checks.model import Format, LogsKnown, ProblemKind, Severity, Status, TableMemory
from checks.rules.asking import Clock
from tests.support.lakes import prefix
from tests.support.loads import Load, as_iceberg
from tests.support.prefixes import (
    AGE,
    FRESH,
    OLD,
    OLD_LOADS,
    STATED,
    UUID,
    Delta,
    Metered,
    below,
    in_file_system,
    look,
    renamed,
)
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    _NoGlue,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("names", "hint", "current"),
    [
        (("v1.metadata.json",), None, "v1.metadata.json"),
        (("v9.metadata.json", "v10.metadata.json"), None, "v10.metadata.json"),
        (("v9.metadata.json", "v10.gz.metadata.json"), b"9", "v10.gz.metadata.json"),  # hints may be late
        (("v1.metadata.json", "v3.metadata.json"), b"1", "v1.metadata.json"),  # as its readers walk
        (("v1.metadata.json", "v3.metadata.json", "v4.metadata.json"), b"3\n", "v4.metadata.json"),
        (("v1.metadata.json", "v3.metadata.json"), None, None),
        (("v1.metadata.json", "v3.metadata.json"), b"2", None),
        (("v3.metadata.json", "v3.gz.metadata.json"), None, None),
        ((f"00003-{UUID}.metadata.json",), None, None),
        ((f"00003-{UUID}.metadata.json",), f"00003-{UUID}".encode(), f"00003-{UUID}.metadata.json"),
        (
            (f"00003-{UUID}.metadata.json",),
            f"00003-{UUID}.metadata.json".encode(),
            f"00003-{UUID}.metadata.json",
        ),
        ((f"00003-{UUID}.metadata.json", f"00004-{UUID}.metadata.json"), f"00003-{UUID}".encode(), None),
        ((f"00003-{UUID}.metadata.json", "00003-other.metadata.json"), f"00003-{UUID}".encode(), None),
        ((f"00003-{UUID}.metadata.json",), b"3", None),
        (("v5.metadata.json", f"00000-{UUID}.metadata.json"), None, None),  # it went over to a catalog
        (("v5.metadata.json", f"00000-{UUID}.metadata.json"), b"5", None),
        (("v5.metadata.json", "6.metadata.json"), b"5", None),
        (("v1.metadata.json", "v3.metadata.json"), b"9" * 400, None),
        (("v1.metadata.json", "v3.metadata.json"), b"\xff", None),
    ],
)
def test_the_current_metadata_file_is_found_or_unknown(
    tmp_path: Path, names: tuple[str, ...], hint: bytes | None, current: str | None
) -> None:
    loaded = renamed(as_iceberg(tmp_path, OLD_LOADS), *names)
    if hint is not None:
        loaded.objects.put(f"{ROOT}metadata/version-hint.text", hint)
    loaded.objects.put(f"{ROOT}data/day=2026-11-22/dead.parquet", b"rows", FRESH)
    found, seen, memory = look(loaded.objects)
    assert memory.logs is not None
    assert memory.logs.format is Format.ICEBERG
    if current is None:
        assert found["freshness"].status is Status.UNKNOWN
        assert found["freshness"].problem is ProblemKind.UNSUPPORTED
        assert "by its catalog entry" in found["freshness"].advice
    else:
        assert found["freshness"].status is Status.FAIL
        assert seen.table.parameters["metadata_location"] == f"{LOCATION}metadata/{current}"


def test_many_manifests_hide_no_version(tmp_path: Path) -> None:
    loaded = renamed(as_iceberg(tmp_path, OLD_LOADS), "v1.metadata.json", "v2.metadata.json")
    loaded.objects.page_size = 3
    for number in range(40):
        loaded.objects.put(f"{ROOT}metadata/m-{number:03d}.avro", b"Obj", OLD)
    memory = TableMemory(logs=LogsKnown(seen_at=NOW, format=Format.ICEBERG))
    _, seen, _ = look(loaded.objects, memory)
    assert seen.table.parameters["metadata_location"].endswith("/v2.metadata.json")
    assert seen.requests == 5 + 1 + 1  # pages of all names, the versions, the newest of them


def test_an_iceberg_table_that_did_not_change_is_listed_alone(tmp_path: Path) -> None:
    loaded = in_file_system(tmp_path, OLD_LOADS)
    memory = look(loaded.objects)[2]
    found, _, memory = look(loaded.objects, memory)
    assert loaded.objects.calls == [f"LIST {ROOT}metadata/"]
    assert found["freshness"].observed == OLD
    newer = in_file_system(tmp_path / "newer", [*OLD_LOADS, Load(FRESH, "2026-11-22", 100)], last=2)
    loaded.objects.objects |= newer.objects.objects
    loaded.objects.modified |= newer.objects.modified
    assert look(loaded.objects, memory)[0]["freshness"].status is Status.PASS


def test_where_logs_lie_side_by_side_that_of_delta_counts(old_delta: Delta) -> None:
    old_delta.objects.put(f"{ROOT}metadata/00001-{UUID}.metadata.json", b"{}", FRESH)
    for blocks in (AGE, STATED):
        assert look(old_delta.objects, **blocks)[1].table.format is Format.DELTA


@pytest.mark.parametrize("helpers", [1, 4])
def test_whoever_helps_to_list_sees_logs_too(old_delta: Delta, helpers: int) -> None:
    objects = below(old_delta.objects, "a/", "m/", "z/")
    objects.page_size = 2
    for number in range(60):
        objects.put(f"{ROOT}m/part-{number:03d}.parquet", b"rows", FRESH)
    plan = plan_by_config(prefix(LOCATION), **AGE)
    seen = observe_table(
        plan, Clock(now=NOW), LakeReader(Metered(objects), _NoGlue(), helpers=Helpers(helpers))
    )
    assert seen.logs is not None
    assert [each.place for each in seen.logs.below] == [f"{LOCATION}{name}/" for name in "amz"]
    assert judged(plan, seen, NOW)["freshness"].status is Status.UNKNOWN


def test_what_is_there_is_told_of_the_log(old_delta: Delta) -> None:
    memory = look(old_delta.objects)[2]
    found, _, _ = look(old_delta.objects, memory, catalog="on", schema="on")
    assert found["catalog"].because == f"the Delta log of {LOCATION} is there, as the config says"
    assert found["schema"].status is Status.UNKNOWN
    gone = ObjectsInMemory()
    gone.put(f"{ROOT}_delta_log/_last_checkpoint", b"{}", OLD)
    assert look(gone, memory, catalog="on")[0]["catalog"].severity is Severity.CRITICAL


def test_size_and_files_are_those_that_the_log_names(old_delta: Delta) -> None:
    committed = [each for each in old_delta.objects.objects if each.endswith(".parquet")]
    old_delta.objects.put(f"{ROOT}part-dead.parquet", b"rows", FRESH)
    old_delta.objects.put(f"{ROOT}part-empty.parquet", b"", FRESH)
    found, seen, _ = look(old_delta.objects, volume={"max_files": len(committed)}, files="on")
    assert seen.whole is not None
    assert seen.whole.listing is not None
    assert seen.whole.listing.objects == len(committed)
    assert found["volume"].status is found["files"].status is Status.PASS
