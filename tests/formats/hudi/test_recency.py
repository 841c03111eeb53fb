"""Hudi: recency from the timeline, its zone, and what stands against it."""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import hudi
from checks.lake.formats.hudi import timeline, walk
from checks.lake.formats.hudi import times as hudi_times
from checks.lake.formats.hudi import zone as hudi_zone
from checks.lake.formats.hudi.commits import parse_commit
from checks.lake.s3.objects import Key
from checks.model import Arrival, Format, Listing, Observation, ProblemKind, Table, Unobserved
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    HudiTable,
    ObjectsInMemory,
    avro_file,
    freshness,
    hudi_commit,
    hudi_properties,
    observe,
    plan_of,
)
from tests.support.times import HOUR, SECOND, at

READER = hudi.READER
EIGHT, NINE, TEN, ELEVEN = (at(f"11-21 {hour:02d}:00") for hour in (8, 9, 10, 11))
MINUTE = 60 * SECOND


def see(table: HudiTable, now: Any = NOW, rule: Any = None, **clock: Any) -> Observation:
    return observe(READER, plan_of(Format.HUDI, rule or freshness()), table.objects, now, **clock)


def uri(table: HudiTable, name: str) -> str:
    return f"s3://lake/{table.folder}{name}"


def test_layout_1_takes_a_get_of_the_properties_one_list_and_one_get() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "commit", hudi_commit())
    seen = see(table)
    assert seen.newest == Arrival(NINE, uri(table, "20261121090000000.commit"))
    assert seen.newest_complete
    assert seen.notes == ()
    assert table.objects.counts == (1, 2)


def test_layout_2_tells_when_a_commit_was_complete() -> None:
    table = HudiTable(version=8, table_type="MERGE_ON_READ")
    table.instant(EIGHT, "deltacommit", hudi_commit(avro=True), took=90 * MINUTE)
    table.instant(NINE, "deltacommit", hudi_commit(avro=True), took=MINUTE)
    seen = see(table)
    name = "20261121080000000_20261121093000000.deltacommit"
    assert seen.newest == Arrival(EIGHT + 90 * MINUTE, uri(table, name))
    assert table.objects.counts == (1, 2)


@pytest.mark.parametrize("version", [6, 8])
@pytest.mark.parametrize(
    ("action", "plan", "operation"),
    [
        ("commit", "compaction", "COMPACT"),
        ("deltacommit", "logcompaction", "LOG_COMPACT"),
        ("replacecommit", "clustering", "CLUSTER"),
        ("replacecommit", None, "CLUSTER"),
        ("commit", None, "COMPACT"),
        ("commit", None, None),
        ("clean", None, None),
        ("rollback", None, None),
        ("restore", None, None),
        ("savepoint", None, None),
        ("indexing", None, None),
        ("deltacommit", None, "DELETE"),
        ("replacecommit", None, "DELETE_PARTITION"),
    ],
)
def test_maintenance_and_deletes_are_no_arrivals(
    version: int, action: str, plan: str | None, operation: str | None
) -> None:
    table = HudiTable(version=version, table_type="MERGE_ON_READ")
    table.instant(EIGHT, "deltacommit", hudi_commit(avro=version == 8))
    table.instant(NINE, action, hudi_commit(operation, deletes=1, avro=version == 8), plan=plan)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == EIGHT
    assert len(seen.notes) == 1
    assert seen.notes[0].startswith("sales.orders: its newest instant added no data (")


@pytest.mark.parametrize("operation", ["INSERT_OVERWRITE", "INSERT_OVERWRITE_TABLE"])
def test_an_overwrite_shows_as_replacecommit_and_is_data(operation: str) -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "replacecommit", hudi_commit(operation))
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == NINE


@pytest.mark.parametrize(
    ("commit", "is_data"),
    [
        (hudi_commit(inserts=0), False),  # a streamer's empty commit that carries a checkpoint
        (hudi_commit(inserts=0, updates=3, copied=100), True),
        (hudi_commit(inserts=0, deletes=3, copied=100), False),  # an upsert of rows marked as deleted
        (hudi_commit(inserts=0, copied=100), True),  # a writer that tells neither inserts nor updates
        (hudi_commit(inserts=0, copied=100).replace(b'"fileId"', b'"prevCommit": "null", "fileId"'), True),
        # All rows that came were older than those that were there, which were copied.
        (hudi_commit(inserts=0, copied=9).replace(b'"fileId"', b'"prevCommit": "20261120", "fileId"'), False),
        (
            hudi_commit(inserts=0, copied=9).replace(b'.parquet"', b'.log.1_0", "prevCommit": "20261120"'),
            True,
        ),
        (hudi_commit("BULK_INSERT", inserts=5), True),
        (hudi_commit(None, inserts=5), True),
        (hudi_commit("UNKNOWN", inserts=5), True),
    ],
)
def test_rows_that_a_commit_wrote_decide(commit: bytes, *, is_data: bool) -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "commit", commit)
    seen = see(table)
    assert seen.newest is not None
    assert (seen.newest.at == NINE) is is_data


def test_an_old_compaction_says_compacted() -> None:
    commit = json.dumps({**json.loads(hudi_commit(None)), "compacted": True}).encode()
    assert parse_commit(commit, "m").operation == "COMPACT"


def test_deletes_count_where_changes_are_asked_for() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "commit", hudi_commit("DELETE", inserts=0, deletes=3))
    table.instant(TEN, "replacecommit", hudi_commit("CLUSTER"))
    seen = see(table, rule=freshness(count="changes"))
    assert seen.newest is not None
    assert seen.newest.at == NINE


def test_an_overwrite_with_nothing_is_a_change_and_no_arrival() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(
        NINE, "replacecommit", hudi_commit("INSERT_OVERWRITE", inserts=0, replaced=("day=2026-11-21",))
    )
    table.instant(TEN, "replacecommit", hudi_commit("CLUSTER", inserts=0, replaced=("day=2026-11-21",)))
    for rule, at_ in ((freshness(), EIGHT), (freshness(count="changes"), NINE)):
        seen = see(table, rule=rule)
        assert seen.newest is not None
        assert seen.newest.at == at_


@pytest.mark.parametrize("hours", [-12, -5, -3.5, 0, 2, 5.75, 14])
@pytest.mark.parametrize("version", [6, 8])
def test_the_offset_is_found_from_the_times_of_the_instants_own_files(hours: float, version: int) -> None:
    table = HudiTable(version=version, offset=hours * HOUR)
    for instant in (EIGHT, NINE):
        table.instant(instant, "commit", hudi_commit(avro=version == 8), took=47 * MINUTE)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == NINE + 47 * MINUTE
    assert seen.notes == ()


def test_each_instant_has_the_offset_of_its_own_side_of_a_change_of_clocks() -> None:
    table = HudiTable(offset=2 * HOUR)
    table.instant(at("10-24 12:00"), "commit", hudi_commit())
    table.offset = HOUR
    for day in range(26, 30):
        table.instant(at(f"10-{day} 12:00"), "clean")
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == at("10-24 12:00")


def test_a_stated_zone_needs_no_other_evidence() -> None:
    table = HudiTable(more={"hoodie.table.timeline.timezone": "UTC"})
    table.instant(EIGHT, "commit", hudi_commit())
    table.copied(NOW)
    assert see(table).newest == Arrival(EIGHT, uri(table, "20261121080000000.commit"))
    table = HudiTable(offset=HOUR, more={"hoodie.table.timeline.timezone": "Europe/Berlin"})
    table.instant(EIGHT, "commit", hudi_commit())
    table.copied(NOW)
    assert see(table).newest == Arrival(EIGHT, uri(table, "20261121090000000.commit"))


def test_of_a_copy_the_head_of_the_properties_tells_the_zone_and_says_so() -> None:
    head = ("#Properties saved on 2026-07-07T05:13:01.401Z", "#Tue Jul 07 00:13:01 CDT 2026")
    table = HudiTable(offset=-5 * HOUR, head=head)
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "commit", hudi_commit())
    table.copied(NOW)
    seen = see(table)
    assert seen.newest == Arrival(NINE, uri(table, "20261121040000000.commit"))
    assert seen.newest_complete
    (note,) = seen.notes
    assert note == (
        "sales.orders: its instants are in local time: taken as CDT (UTC-05:00) as the head of hoodie.properties "
        "says; they may be an hour off where clocks change"
    )


def test_of_a_copy_written_in_utc_the_head_is_sure() -> None:
    table = HudiTable(
        version=8, head=("#Updated at 2026-12-20T21:01:18.422371Z", "#Sun Dec 20 21:01:18 UTC 2026")
    )
    table.instant(NINE, "commit", hudi_commit(avro=True))
    table.copied(NOW)
    seen = see(table)
    assert seen.newest is not None
    assert (seen.newest.at, seen.notes) == (NINE, ())


@pytest.mark.parametrize(
    ("written", "hours", "told", "sure"),
    [
        (NOW - 20 * HOUR, 48, -14, False),  # fresh in any zone: the earliest proves it
        (NOW - 20 * HOUR, 24, -14, False),  # fresh in some zones only
        (NOW - 80 * HOUR, 24, 12, True),  # stale in any zone: the latest proves it
    ],
)
def test_without_any_evidence_only_what_holds_in_every_zone_is_said(
    written: Any, hours: int, told: int, *, sure: bool
) -> None:
    table = HudiTable()
    table.instant(written, "commit", hudi_commit())
    table.copied(NOW + 100 * HOUR)
    seen = see(table, rule=freshness(hours))
    assert seen.newest is not None
    assert seen.newest.at == written + told * HOUR
    assert seen.newest_complete is sure
    told_text = seen.notes[-1] if seen.problem is None else seen.problem.message
    assert "are in local time and nothing tells its zone" in told_text


def test_hourly_instants_that_were_copied_at_once_do_not_agree_on_an_offset() -> None:
    table = HudiTable()
    for hour in range(8):
        table.instant(EIGHT + hour * HOUR + 5 * SECOND, "commit", hudi_commit())
    table.copied(EIGHT + 7 * HOUR + 30 * SECOND)
    seen = see(table)
    assert not seen.newest_complete


UTC_HEAD = ("#Updated at 2026-11-21T08:00:00.000Z", "#Sat Nov 21 08:00:00 UTC 2026")
BERLIN_HEAD = ("#Updated at 2026-11-21T08:00:00.000Z", "#Sat Nov 21 09:00:00 CET 2026")


@pytest.mark.parametrize("minutes", [2, 61, 180, 301, 612])
@pytest.mark.parametrize(("head", "offset"), [(UTC_HEAD, 0 * HOUR), (BERLIN_HEAD, HOUR)])
@pytest.mark.parametrize(
    "instants", [(EIGHT,), (EIGHT, EIGHT + 5 * MINUTE), (EIGHT, NINE), (EIGHT, NINE, TEN)]
)
@pytest.mark.parametrize("version", [6, 8])
def test_a_copy_made_soon_after_does_not_pass_for_another_zone(
    version: int, instants: tuple[Any, ...], head: tuple[str, ...], offset: timedelta, minutes: int
) -> None:
    table = HudiTable(version=version, head=head, offset=offset)
    for instant in instants:
        table.instant(instant, "commit", hudi_commit(avro=version == 8))
    table.copied(instants[-1] + minutes * MINUTE)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == instants[-1]


def test_instants_after_a_table_was_moved_tell_its_zone() -> None:
    table = HudiTable(offset=-5 * HOUR)
    moved_at = EIGHT - 5 * MINUTE
    for hour in range(1, 60):
        table.instant(EIGHT - hour * HOUR, "commit", hudi_commit())
    table.copied(moved_at)
    for hour in range(4):
        table.instant(EIGHT + hour * HOUR, "clean")
    seen = see(table, rule=freshness(99))
    assert seen.newest is not None
    assert (seen.newest.at, seen.newest_complete) == (EIGHT - HOUR, True)


@pytest.mark.parametrize("minutes", [1, 7, 30, 60, 240])
@pytest.mark.parametrize("change", ["2026-03-29 01:00", "2026-10-25 01:00"])
def test_instants_round_a_change_of_clocks_come_out_right(change: str, minutes: int) -> None:
    """But for the hour that comes twice: its names are out of order in Hudi itself."""
    berlin = ZoneInfo("Europe/Berlin")
    table = HudiTable()
    for step in range(-20, 80):
        instant = at(change) + step * minutes * MINUTE + 11 * SECOND
        table.offset = instant.astimezone(berlin).utcoffset() or 0 * HOUR
        table.instant(instant, "commit", hudi_commit())
        since = instant - at(change)
        if "10-25" in change and 0 * HOUR <= since < HOUR + minutes * MINUTE:
            continue
        seen = see(table, instant + MINUTE, rule=freshness(9999))
        assert seen.newest is not None
        assert seen.newest.at == instant


def test_files_that_were_copied_one_after_the_other_tell_no_zone() -> None:
    table = HudiTable()
    for hour in range(3):
        table.instant(EIGHT + hour * HOUR, "commit", hudi_commit())
    for number, key in enumerate(sorted(table.objects.objects)):
        table.objects.modified[key] = ELEVEN + number * 10 * SECOND
    assert not see(table).newest_complete


def test_no_clock_on_earth_is_a_quarter_of_an_hour_off() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.copied(EIGHT + 75 * MINUTE)
    assert not see(table).newest_complete


@pytest.mark.parametrize(
    ("minutes", "sure", "fresh"),
    [(59, False, False), (-59, False, True), (61, True, False), (-61, True, True)],
)
def test_an_hour_that_summer_time_may_make_is_unknown_where_it_decides(
    minutes: int, *, sure: bool, fresh: bool
) -> None:
    head = ("#Updated at 2026-07-07T05:13:01.401Z", "#Tue Jul 07 00:13:01 CDT 2026")
    limit = NOW - 24 * HOUR
    table = HudiTable(offset=-5 * HOUR, head=head)
    table.instant(limit - minutes * MINUTE, "commit", hudi_commit())
    table.copied(NOW)
    seen = see(table)
    assert seen.newest is not None
    assert (seen.problem is None) is sure
    if sure:
        assert (seen.newest.at >= limit) is fresh
    else:
        assert seen.problem is not None
        assert seen.problem.kind is ProblemKind.AMBIGUOUS
        assert seen.newest.at < limit


@pytest.mark.parametrize(
    "head",
    [
        ("#Updated at 2026-11-21T27:00:00Z", "#Sat Nov 21 09:00:00 CET 2026"),
        ("#Updated at 2026-11-21T08:00:00Z", "#Sat Nov 31 09:00:00 CET 2026"),
        ("#Updated at 2026-11-21T08:00:00Z", "#Sat Nov 21 09:00:00 CET 0000"),
        ("#Updated at 2026-11-21T08:00:00Z", "#Sat Nov 21 08:20:00 XXX 2026"),
    ],
)
def test_a_head_that_is_no_time_tells_no_zone(head: tuple[str, ...]) -> None:
    table = HudiTable(head=head)
    table.instant(EIGHT, "commit", hudi_commit())
    table.copied(NOW)
    seen = see(table)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.AMBIGUOUS


def test_gmt_may_be_london_in_winter() -> None:
    table = HudiTable(head=("#Updated at 2026-01-05T08:00:00Z", "#Mon Jan 05 08:00:00 GMT 2026"))
    table.instant(NINE, "commit", hudi_commit())
    table.copied(NOW)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == NINE
    assert "taken as GMT (UTC+00:00)" in seen.notes[0]


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


REQUESTED = {
    "type": "record",
    "name": "HoodieRequestedReplaceMetadata",
    "fields": [
        {"name": "operationType", "type": ["null", "string"]},
        {"name": "clusteringPlan", "type": ["null", {"type": "map", "values": "string"}]},
    ],
}


@pytest.mark.parametrize(
    ("requested", "is_data"),
    [
        (avro_file(REQUESTED, {"operationType": "CLUSTER", "clusteringPlan": None}), False),
        (avro_file(REQUESTED, {"operationType": None, "clusteringPlan": {"groups": "2"}}), False),
        (avro_file(REQUESTED, {"operationType": "INSERT_OVERWRITE", "clusteringPlan": None}), True),
        (avro_file(REQUESTED, {"operationType": None, "clusteringPlan": None}), True),
        (b"", True),  # of an insert overwrite, as older versions leave it
    ],
)
def test_a_replacecommit_that_does_not_say_its_operation_is_told_by_what_was_requested(
    requested: bytes, *, is_data: bool
) -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "replacecommit", hudi_commit(None))
    table.objects.put(f"{table.folder}20261121090000000.replacecommit.requested", requested, NINE)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == (NINE if is_data else EIGHT)


def test_the_timeline_of_the_metadata_table_is_not_taken() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    folder = f"{ROOT}.hoodie/metadata/.hoodie/"
    table.objects.put(f"{folder}hoodie.properties", hudi_properties(table_type="MERGE_ON_READ"))
    table.objects.put(f"{folder}20261121090000000.deltacommit", hudi_commit(), NINE)
    seen = see(table)
    assert seen.newest == Arrival(EIGHT, uri(table, "20261121080000000.commit"))
    assert table.objects.counts == (1, 2)


def test_only_maintenance_on_the_timeline_is_an_upper_bound_where_there_was_more() -> None:
    table = HudiTable()
    table.instant(NINE, "clean")
    assert see(table).listing == Listing()
    table.objects.put(f"{ROOT}.hoodie/archived/", b"")
    assert see(table).listing == Listing()
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    seen = see(table)
    assert seen.problem is not None
    assert seen.problem.message == (
        "sales.orders: its newest data came at or before 2026-11-21T09:00:00Z: its newest instant added no data "
        "(clean), and what was before is archived"
    )


def test_what_is_known_to_be_older_than_its_limit_is_proved_stale() -> None:
    table = HudiTable()
    table.instant(EIGHT, "clean")
    table.instant(NINE, "clean")
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    seen = see(table, rule=freshness(12))
    assert seen.newest == Arrival(EIGHT, uri(table, "20261121080000000.clean"), is_bound=True)
    assert seen.problem is None
    assert "and what was before is archived" in seen.notes[-1]


@pytest.mark.parametrize(
    ("hours", "says"), [(0, "its newest instant added no data (clean)"), (9, "none of its instants")]
)
def test_instants_after_a_stated_time_are_on_the_timeline_all_the_same(hours: int, says: str) -> None:
    table = HudiTable()
    table.instant(NINE, "clean")
    table.archive()
    plan = plan_of(Format.HUDI)
    seen = observe(hudi.READER, plan, table.objects, NINE + HOUR - timedelta(hours=hours), ignore_later=True)
    assert seen.problem is not None
    assert f"{says}" in seen.problem.message
    assert "no instant is on its timeline" not in seen.problem.message


def test_pending_instants_are_not_there_yet() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    for state in (".commit.requested", ".inflight", ".deltacommit.inflight"):
        table.objects.put(f"{table.folder}{table.stamp(NINE)}{state}", b"", NINE)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == EIGHT


def test_instants_of_whole_seconds_are_read_too() -> None:
    table = HudiTable()
    table.objects.put(f"{table.folder}20261121080000.commit", hudi_commit(), EIGHT)
    table.objects.put(f"{table.folder}20261121080000.commit.requested", b"", EIGHT)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == EIGHT


def test_a_bootstrap_instant_has_the_time_of_its_file() -> None:
    table = HudiTable()
    table.objects.put(f"{table.folder}00000000000002.commit", hudi_commit(), EIGHT)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == EIGHT
    assert "carries no time in its name" in seen.notes[0]


def test_with_a_stated_now_later_instants_do_not_exist() -> None:
    table = HudiTable()
    for instant in (EIGHT, NINE, TEN):
        table.instant(instant, "commit", hudi_commit())
    seen = see(table, NINE + MINUTE, ignore_later=True)
    assert seen.newest is not None
    assert seen.newest.at == NINE
    assert table.objects.counts == (1, 2)


@pytest.mark.parametrize(("ahead", "believed"), [(599, True), (600, True), (601, False)])
def test_a_time_more_than_ten_minutes_ahead_is_unknown(ahead: int, *, believed: bool) -> None:
    table = HudiTable()
    table.instant(NOW + ahead * SECOND, "commit", hudi_commit())
    seen = see(table)
    assert (seen.newest is not None) is believed
    assert (seen.problem is not None and seen.problem.kind is ProblemKind.FROM_THE_FUTURE) is not believed


def test_the_search_back_is_bounded() -> None:
    table = HudiTable()
    for minute in range(80):
        table.instant(EIGHT + minute * MINUTE, "commit", hudi_commit(inserts=0))
    seen = see(table)
    assert seen.problem is not None
    assert f"no more than {walk.MOST_COMMITS} are read" in seen.problem.message
    assert table.objects.counts == (1, 1 + walk.MOST_COMMITS)


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


@pytest.mark.parametrize(
    ("commit", "says"),
    [
        (hudi_commit()[:-30], "it is no JSON"),
        (hudi_commit(avro=True)[:-30], "cut short"),
        (hudi_commit(avro=True)[:200], "cut short"),
        (b"Obj\x01", "cut short"),
        (b"Obj\x02" + hudi_commit(avro=True)[4:], "it is no JSON"),
        (b"[]", "it is no JSON object"),
        (b'{"partitionToWriteStats": 3}', "partitionToWriteStats is no object"),
        (b'{"partitionToWriteStats": {"a": {}}}', "are no list of objects"),
        (b'{"partitionToWriteStats": {"a": [{"numInserts": "many"}]}}', "numInserts is 'many'"),
    ],
)
def test_a_bad_commit_is_named_with_what_is_wrong(commit: bytes, says: str) -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", commit)
    seen = see(table)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.MALFORMED
    assert says in seen.problem.message
    assert uri(table, "20261121080000000.commit") in seen.problem.message


def test_an_empty_file_is_an_instant_that_wrote_nothing() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "commit", b"")
    assert see(table).newest == Arrival(EIGHT, uri(table, "20261121080000000.commit"))
    assert table.objects.counts == (1, 2)


def test_a_missing_table_and_a_missing_location_are_told() -> None:
    missing = observe(READER, plan_of(Format.HUDI), ObjectsInMemory())
    assert missing.problem is not None
    assert missing.problem.kind is ProblemKind.NOT_FOUND
    nowhere = observe(READER, plan_of(Format.HUDI, location=None), ObjectsInMemory())
    assert nowhere.problem is not None
    assert nowhere.problem.kind is ProblemKind.UNSUPPORTED


def test_claims_by_the_catalog_alone() -> None:
    assert READER.claims(Table(id="a.b", format=Format.HUDI))
    assert not READER.claims(Table(id="a.b", format=Format.FILES))


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_a_commit_or_unknown(data: bytes, avro: bool) -> None:  # noqa: FBT001 - drawn
    with suppress(Unobserved):
        parse_commit(b"Obj\x01" + data if avro else data, "m")


@given(st.data())
def test_a_mutated_avro_commit_is_a_commit_or_unknown(data: st.DataObject) -> None:
    commit = bytearray(hudi_commit(avro=True))
    for _ in range(data.draw(st.integers(1, 4))):
        commit[data.draw(st.integers(0, len(commit) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Unobserved):
        parse_commit(bytes(commit[: data.draw(st.integers(0, len(commit)))]), "m")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["partitionToWriteStats", "numInserts", "numDeletes", "operationType", "compacted", "x"]
                ),
                inner,
            )
        ),
    )
)
def test_any_json_is_a_commit_or_unknown(document: Any) -> None:
    with suppress(Unobserved):
        parse_commit(json.dumps(document).encode(), "m")


@given(
    st.binary(max_size=200),
    st.lists(
        st.from_regex(r"[0-9]{14,17}(_[0-9]{14,17})?\.[a-z]{3,7}(\.requested)?", fullmatch=True), max_size=6
    ),
    st.datetimes(min_value=at("2020-01-01 00:00").replace(tzinfo=None)),
)
def test_any_names_and_properties_are_a_zone_or_unknown(data: bytes, names: list[str], modified: Any) -> None:
    keys = [Key(name, 1, modified.replace(tzinfo=NOW.tzinfo)) for name in names]
    with suppress(Unobserved):
        properties = timeline.parse_properties(
            b"#Tue Jul 07 00:13:01 CDT 2026\nhoodie.table.name=t\n" + data, "m"
        )
        found = timeline.read_timeline(keys, "")
        zones = hudi_zone.find_zones(properties, found)
        for instant in found.instants:
            when = hudi_times.came(instant, zones)
            assert when.earliest is None or when.earliest <= when.at <= when.latest


def test_offsets_are_said_with_their_sign() -> None:
    assert hudi_zone.say_offset(timedelta(hours=5, minutes=30)) == "+05:30"
    assert hudi_zone.say_offset(timedelta(hours=-5)) == "-05:00"
