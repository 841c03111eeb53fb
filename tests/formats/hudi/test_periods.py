"""Which periods hold rows, as the timeline of a Hudi table tells it, within bounded requests."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from checks.lake.formats import delta, hudi
from checks.lake.formats.hudi import periods as hudi_periods
from checks.lake.formats.hudi.paths import PartitionPaths
from checks.model import Format, Status, TableMemory
from checks.rules.asking import Clock
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.partitioned import (
    A_GAP,
    EIGHT,
    MISSING,
    NINE,
    PRESENT,
    TEN,
    UNKNOWN,
    filled,
    metadata_action,
    partitions_rule,
    plan_with,
    states,
)
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    freshness,
    log_key,
    observe,
    plan_of,
)
from tests.support.times import DAY, HOUR, at


def test_days_are_found_in_the_commits_on_the_timeline() -> None:
    table = HudiTable()
    for moment, day in ((EIGHT - DAY, "2026-11-18"), (EIGHT, "2026-11-19"), (NINE, "2026-11-21")):
        table.instant(moment, "commit", hudi_commit(partition=f"day={day}"))
    plan = plan_with(Format.HUDI)
    seen = observe(hudi.READER, plan, table.objects)
    assert filled(plan, seen) == A_GAP
    assert table.objects.counts == (2, 4)
    newest = next(each for each in seen.partitions if each.period.label == "2026-11-21")
    assert newest.listing is not None
    assert (newest.listing.oldest_at, newest.listing.size_bytes) == (NINE, 441_367)


def test_the_walk_ends_when_all_days_are_found() -> None:
    table = HudiTable()
    for number in range(20):
        moment = EIGHT - number * DAY
        table.instant(moment, "commit", hudi_commit(partition=f"day={moment:%Y-%m-%d}"))
    plan = plan_with(Format.HUDI)
    seen = observe(hudi.READER, plan, table.objects)
    assert set(states(plan, seen).values()) == {PRESENT}
    assert table.objects.counts == (1, 4)


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize(("seconds", "known"), [(-1, True), (0, True), (1, False)])
def test_first_data_is_known_of_days_that_begin_a_day_after_the_oldest_commit_that_was_read(
    seconds: int,
    known: bool,  # noqa: FBT001 - a case
    archived: bool,  # noqa: FBT001 - the same
) -> None:
    table = HudiTable()
    came = {day: at(f"11-{day:02d} 00:00") + timedelta(seconds=seconds) for day in range(1, 22)}
    for day, moment in came.items():
        table.instant(moment, "commit", hudi_commit(partition=f"day=2026-11-{day:02d}"))
    if archived:
        table.archive()
    seen = observe(hudi.READER, plan_with(Format.HUDI), table.objects)  # reads no further than the 19th
    firsts = {each.period.label: each.listing.oldest_at for each in seen.partitions if each.listing}
    assert firsts == {"2026-11-21": came[21], "2026-11-20": came[20] if known else None, "2026-11-19": None}


def test_days_before_the_timeline_are_looked_for_by_their_path() -> None:
    table = HudiTable(table_type="MERGE_ON_READ")
    table.instant(NINE, "deltacommit", hudi_commit(partition="day=2026-11-21"))
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    table.objects.put(f"{ROOT}day=2026-11-19/.f-0_20261119060000000.log.1_0-1-2", b"rows")
    table.objects.put(f"{ROOT}day=2026-11-20/.hoodie_partition_metadata", b"...")
    plan = plan_with(Format.HUDI)
    seen = observe(hudi.READER, plan, table.objects)
    assert filled(plan, seen) == A_GAP


def test_a_dropped_partition_holds_nothing_though_its_files_lie_there() -> None:
    table = HudiTable()
    for moment, day in ((EIGHT - DAY, "2026-11-19"), (EIGHT, "2026-11-20"), (NINE, "2026-11-21")):
        table.instant(moment, "commit", hudi_commit(partition=f"day={day}"))
    dropped = hudi_commit("DELETE_PARTITION", inserts=0, replaced=("day=2026-11-20",))
    table.instant(TEN, "replacecommit", dropped)
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    table.objects.put(f"{ROOT}day=2026-11-20/f-0_0-1-2_20261120080000000.parquet", b"rows")
    plan = plan_with(Format.HUDI)
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == A_GAP


@pytest.mark.parametrize("operation", ["CLUSTER", "BUCKET_RESCALE"])
def test_a_partition_that_was_written_anew_still_holds_its_rows(operation: str) -> None:
    table = HudiTable()
    for moment, day in ((EIGHT, "2026-11-19"), (NINE, "2026-11-21")):
        table.instant(moment, "commit", hudi_commit(partition=f"day={day}"))
    clustered = hudi_commit(operation, partition="day=2026-11-19", replaced=("day=2026-11-19",))
    table.instant(TEN, "replacecommit", clustered)
    plan = plan_with(Format.HUDI)
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == A_GAP


def test_a_table_without_partition_fields_says_so() -> None:
    table = HudiTable(more={"hoodie.table.partition.fields": ""})
    table.instant(NINE, "commit", hudi_commit(partition=""))
    seen = observe(hudi.READER, plan_with(Format.HUDI), table.objects)
    assert seen.newest is not None
    assert "sales.orders is not partitioned" in seen.notes[-1]


def test_names_of_keys_are_taken_from_paths_where_nothing_else_tells_them() -> None:
    table = HudiTable(more={"hoodie.table.partition.fields": ""})
    for moment, day in ((EIGHT, "2026-11-19"), (NINE, "2026-11-21")):
        table.instant(moment, "commit", hudi_commit(partition=f"day={day}"))
    plan = plan_with(Format.HUDI)
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == A_GAP


def test_a_table_of_which_no_path_was_seen_is_not_said_to_be_unpartitioned() -> None:
    table = HudiTable(more={"hoodie.table.partition.fields": ""})
    table.instant(NINE, "commit", hudi_commit(inserts=0))
    table.archive()
    seen = observe(hudi.READER, plan_with(Format.HUDI), table.objects)
    assert seen.notes[-1] == (
        f"neither {LOCATION}.hoodie/hoodie.properties nor the catalog names the partition keys of sales.orders, "
        "and no commit that was read a path"
    )


def test_a_partitioned_table_whose_keys_nothing_names_is_not_said_to_be_none() -> None:
    table = HudiTable(more={"hoodie.table.partition.fields": ""})
    table.instant(NINE, "commit", hudi_commit(partition="2026/11/21"))
    seen = observe(hudi.READER, plan_with(Format.HUDI), table.objects)
    assert seen.notes[-1] == (
        f"neither {LOCATION}.hoodie/hoodie.properties nor the catalog names the partition keys of sales.orders, "
        "whose data lies in paths such as 2026/11/21"
    )


@pytest.mark.parametrize(
    ("path", "names", "values"),
    [
        ("day=2026-11-21", ("day",), ("2026-11-21",)),
        ("2026-11-21", ("day",), ("2026-11-21",)),
        ("2026/11/21", ("day",), ("2026/11/21",)),
        ("2026/11/21", ("y", "m", "d"), ("2026", "11", "21")),
        ("y=2026/m=11", ("y", "m"), ("2026", "11")),
        ("day=a%3Ab", ("day",), ("a:b",)),
        ("Day=2026-11-21", ("day",), ("2026-11-21",)),
        ("day=2026/11/21", ("day",), ("2026/11/21",)),
        ("day=a=b", ("day",), ("a=b",)),
        ("a=b/c", ("day",), ("a=b/c",)),
    ],
)
def test_paths_carry_values_with_and_without_names(
    path: str, names: tuple[str, ...], values: tuple[str, ...]
) -> None:
    assert PartitionPaths(names, ("",) * len(names), {}).values_of(path) == values


@pytest.mark.parametrize("table_format", [Format.DELTA, Format.HUDI])
def test_with_a_stated_now_later_commits_fill_no_day(table_format: Format) -> None:
    days = ((EIGHT - 2 * DAY, "2026-11-19"), (EIGHT, "2026-11-21"), (NOW - HOUR, "2026-11-20"))
    reader: Any
    if table_format is Format.HUDI:
        table = HudiTable()
        for moment, day in days:
            table.instant(moment, "commit", hudi_commit(partition=f"day={day}"))
        objects, reader = table.objects, hudi.READER
    else:
        objects, reader = ObjectsInMemory(), delta.READER
        for version, (moment, day) in enumerate(days):
            first = metadata_action("day")
            first["metaData"]["schemaString"] = '{"fields": [{"name": "day", "type": "string"}]}'
            objects.put(log_key(version), delta_commit(first, delta_add(day, day=day), at=moment))
    plan = plan_with(table_format)
    seen = observe(reader, plan, objects, NOW - 2 * HOUR, ignore_later=True)
    rule = partitions_rule(lookback=2)
    row = rule.measure(seen, Clock(now=NOW - 2 * HOUR), TableMemory())
    assert {item.period: item.state for item in row.items} == {"2026-11-20": MISSING, "2026-11-19": PRESENT}


@pytest.mark.parametrize("version", [6, 8])
def test_periods_of_a_copy_whose_zone_nothing_tells_are_no_younger_than_the_copy_proves(version: int) -> None:
    table = HudiTable(version=version)
    for moment, day in ((EIGHT - 9 * DAY, "2026-11-20"), (EIGHT - 8 * DAY, "2026-11-21")):
        table.instant(moment, "commit", hudi_commit(partition=f"day={day}", avro=version >= 8))
    table.copied(NOW)
    plan = plan_with(Format.HUDI, partitions_rule(lookback=2), freshness(24))
    seen = observe(hudi.READER, plan, table.objects)
    assert seen.newest is not None  # by the whole table: late at the best, whatever its zone is
    assert seen.newest.is_bound
    assert seen.newest.at == EIGHT - 8 * DAY + 12 * HOUR
    for each in seen.partitions:
        assert each.listing is not None
        assert each.listing.newest_at is None


def by_region(*places: str) -> HudiTable:
    """Return a table by region and day whose older commits are archived; what they wrote lies in these places."""
    more = {"hoodie.table.partition.fields": "region,day", "hoodie.table.timeline.timezone": "UTC"}
    table = HudiTable(more=more)
    for place in places:
        table.file(place, "20261101030000000", at=at("11-01 03:00"))
    table.archive()
    for moment, region in ((EIGHT, "eu"), (NINE, "us")):
        table.instant(moment, "commit", hudi_commit(partition=f"region={region}/day=2026-11-21"))
    return table


def test_of_keys_beside_time_the_values_that_commits_told_of_are_looked_for_by_path() -> None:
    plan, both = plan_with(Format.HUDI), ["region=eu/day=2026-11-20", "region=us/day=2026-11-19"]
    table = by_region(*both)
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == dict.fromkeys(A_GAP, PRESENT)
    # The timeline, its archive, one or two places a day.
    assert table.objects.counts[0] == 5
    table = by_region(both[0])
    expected = {"2026-11-21": PRESENT, "2026-11-20": PRESENT, "2026-11-19": UNKNOWN}
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == expected


def test_what_was_not_committed_proves_no_day_of_a_known_region() -> None:
    plan, table = plan_with(Format.HUDI), by_region("region=eu/day=2026-11-19")
    died = table.begin(TEN - DAY, "commit")
    table.file("region=eu/day=2026-11-20", died)
    expected = {"2026-11-21": PRESENT, "2026-11-20": UNKNOWN, "2026-11-19": PRESENT}
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == expected


def test_of_each_region_the_days_that_are_there_are_known() -> None:
    every = ["region=eu/day=2026-11-20", "region=us/day=2026-11-20", "region=eu/day=2026-11-19"]
    table_of = plan_of(Format.HUDI).table
    plan = plan_by_config(
        table_of, partitions={"due": "06:00", "lookback": 3, "each": {"region": ["eu", "us"]}}
    )
    for missing in (False, True):
        table = by_region(*every, *([] if missing else ["region=us/day=2026-11-19"]))
        finding = judged(plan, observe(hudi.READER, plan, table.objects), NOW)["partitions"]
        assert finding.status is (Status.UNKNOWN if missing else Status.PASS)
        unknown = {(item.period, *item.dimensions) for item in finding.items if item.state is UNKNOWN}
        assert unknown == ({("2026-11-19", ("region", "us"))} if missing else set())


def test_no_more_places_of_known_regions_are_listed_than_are_listed_by_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hudi_periods, "MOST_PLACES", 1)
    plan = plan_with(Format.HUDI)
    table = by_region("region=eu/day=2026-11-20", "region=us/day=2026-11-19")
    observe(hudi.READER, plan, table.objects)
    assert table.objects.counts[0] == 3
