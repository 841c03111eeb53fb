"""Rows of plain Parquet: out of the footers of its files, exactly as many requests as that takes, and bounded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.lake.estimate import estimate
from checks.lake.reach import reach_of
from checks.layout import KeyFormat, TimeLayout
from checks.model import Finding, Size, Status, TableMemory
from checks.rights import GET
from checks.rules.asking import Clock
from checks.rules.volume_rule import ROW_FILES
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.rule_checks import NOW, ContentLake, after, find, look, parquet, plan_of, put
from tests.support.times import DAY, HOUR, SECOND, UTC_ZONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.model import Table
    from tests.support.lakes import LakeBuilder

PARQUET = {"Parameters": {"classification": "parquet"}}
CSV = {"Parameters": {"classification": "csv"}}
DAILY: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 3, "key": "dt", "format": "%Y-%m-%d"}


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return ContentLake() if isinstance(any_lake, MemoryLake) else any_lake


def fill(lake: LakeBuilder, table: Table, days: Sequence[Sequence[int]]) -> None:
    """Load the days before NOW, the newest first: files with so many rows each."""
    for back, rows in enumerate(days):
        day = (NOW - (back + 1) * DAY).date().isoformat()
        came = NOW - back * DAY - 8 * HOUR
        lake.register(table, [day], at=came)
        for number, count in enumerate(rows):
            data = parquet(id=list(range(count)))
            put(lake, f"{hive_location(table, [day])}{number:04}.parquet", data, came + number * SECOND)


def daily(lake: LakeBuilder, days: Sequence[Sequence[int]], entry: Any = PARQUET, **volume: Any) -> Finding:
    table = lake.table("sales.orders", entry, dt="string")
    fill(lake, table, days)
    return find(lake, plan_of(table, partitions=DAILY, volume=volume), "volume")


@pytest.mark.parametrize(("limit", "status"), [(59, Status.PASS), (60, Status.PASS), (61, Status.FAIL)])
def test_the_rows_of_the_last_due_period_cost_a_get_a_file(
    lake: LakeBuilder, limit: int, status: Status
) -> None:
    finding = daily(lake, [[10, 20, 30], [40], [50]], min_rows=limit)
    assert (finding.status, finding.observed, finding.expected) == (status, 60, limit)
    assert dict(lake.counts) == {"glue:GetPartitions": 1, "s3:ListObjectsV2": 1, "s3:GetObject": 3}


def test_what_too_few_rows_say() -> None:
    finding = daily(ContentLake(), [[10, 20, 30]], min_rows=61)
    told = finding.because.partition(" came to ")[2]
    assert told.endswith("in 3 files with 60 rows: less than 61 rows, the limit")


def test_a_table_that_is_one_place_is_counted_whole(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", PARQUET)
    for number in range(4):
        put(lake, f"{table.location}{number}.parquet", parquet(id=[1] * (number + 1)), NOW - HOUR)
    finding = find(lake, plan_of(table, volume={"max_rows": 9}), "volume")
    assert (finding.status, finding.observed) == (Status.FAIL, 10)
    assert dict(lake.counts) == {"s3:ListObjectsV2": 1, "s3:GetObject": 4}


def test_a_prefix_is_taken_for_parquet_by_the_names_of_all_its_files(lake: LakeBuilder) -> None:
    lake.bucket("raw")
    put(lake, "s3://raw/a/1.snappy.parquet", parquet(id=[1, 2]), NOW - HOUR)
    plan = plan_of(prefix("s3://raw/a/"), volume={"min_rows": 2})
    assert find(lake, plan, "volume").observed == 2
    put(lake, "s3://raw/a/2.csv", b"1,2", NOW - HOUR)
    finding = find(lake, plan, "volume")
    assert finding.status is Status.UNKNOWN
    assert lake.counts["s3:GetObject"] == 1


def test_files_of_another_format_are_not_opened() -> None:
    lake = ContentLake()
    finding = daily(lake, [[10]], CSV, min_rows=1)
    assert (finding.status, lake.counts["s3:GetObject"]) == (Status.UNKNOWN, 0)
    assert "neither the catalog nor a listing tells them" in finding.because


@pytest.mark.parametrize(("files", "status"), [(4, Status.PASS), (5, Status.PASS), (6, Status.UNKNOWN)])
def test_no_more_footers_than_stated_are_read(files: int, status: Status) -> None:
    lake = ContentLake()
    finding = daily(lake, [[1] * files], min_rows=files, row_files=5)
    assert finding.status is status
    assert lake.counts["s3:GetObject"] == (files if status is Status.PASS else 0)
    if status is Status.UNKNOWN:
        assert finding.because == (
            "could not be checked: rows of sales.orders are not known: they lie in 6 files, and the footers of at "
            "most 5 are read a run; raise row_files to read more"
        )


def test_a_limit_that_is_crossed_fails_whatever_is_not_known_of_rows() -> None:
    finding = daily(ContentLake(), [[1] * 6], min_rows=1, max_files=5, row_files=5)
    assert finding.status is Status.FAIL


def test_a_broken_file_makes_rows_unknown_and_is_named() -> None:
    lake = ContentLake()
    table = lake.table("sales.orders", PARQUET, dt="string")
    fill(lake, table, [[3, 4]])
    put(lake, f"{hive_location(table, ['2026-11-22'])}x.parquet", b"no parquet at all", NOW - 9 * HOUR)
    finding = find(lake, plan_of(table, partitions=DAILY, volume={"min_rows": 1}), "volume")
    assert finding.status is Status.UNKNOWN
    assert "x.parquet is no whole Parquet file" in finding.because


def test_files_without_bytes_and_periods_without_files_have_no_rows() -> None:
    lake = ContentLake()
    table = lake.table("sales.orders", PARQUET, dt="string")
    fill(lake, table, [[], [5]])
    lake.put(f"{hive_location(table, ['2026-11-22'])}zero.parquet", NOW - 9 * HOUR, 0)
    finding = find(lake, plan_of(table, partitions=DAILY, volume={"min_rows": 1}), "volume")
    assert (finding.status, finding.observed, lake.counts["s3:GetObject"]) == (Status.FAIL, 0, 0)


def test_footers_that_another_check_read_are_not_read_again() -> None:
    lake = ContentLake()
    table = lake.table("sales.orders", PARQUET, dt="string")
    fill(lake, table, [[3, 4, 5], [6]])
    plan = plan_of(table, partitions=DAILY, volume={"min_rows": 12}, schema={"against": "footer"})
    assert find(lake, plan, "volume").observed == 12
    assert lake.counts["s3:GetObject"] == 3


def test_rows_are_compared_with_those_of_earlier_periods_and_remembered() -> None:
    lake = ContentLake()
    table = lake.table("sales.orders", PARQUET, dt="string")
    fill(lake, table, [[30], *[[50, 50]] * 20])
    plan = plan_of(table, partitions=DAILY, volume={"of": "rows", "drop": "60%"})
    seen = look(lake, plan)
    finding = find(lake, plan, "volume")
    assert finding.because.endswith(
        "in 1 file with 30 rows: less than 40 rows: the usual is 100 rows (median of the last 9 days), and drop allows "
        "60 %"
    )
    first = lake.counts["s3:GetObject"]
    assert first == 2 * (1 + 2 * 9)  # looked at twice: eight days before, and the Sunday before these
    again = replace(plan, memory=after(plan, seen))
    assert find(lake, again, "volume").because == finding.because
    assert lake.counts["s3:GetObject"] == first + 1


def test_what_is_over_the_bound_on_the_first_day_is_read_on_the_next() -> None:
    lake = ContentLake()
    table = lake.table("sales.orders", PARQUET, dt="string")
    fill(lake, table, [[100], *[[50, 50]] * 20])
    plan = plan_of(table, partitions=DAILY, volume={"of": "rows", "drop": "60%", "row_files": 11})
    seen = look(lake, plan)
    assert lake.counts["s3:GetObject"] == 11
    assert find(lake, plan, "volume").because.startswith("could not be checked: 2026-11-22 came to ")
    second = replace(plan, memory=after(plan, seen))
    before = lake.counts["s3:GetObject"]
    assert find(lake, second, "volume").status is Status.PASS
    assert lake.counts["s3:GetObject"] == before + 1 + 2 * 4


def test_sizes_without_rows_are_looked_at_again_where_footers_may_tell_them() -> None:
    sizes = {(NOW - back * DAY).date().isoformat(): Size(10, 1) for back in range(2, 70)}
    layout = TimeLayout(zone=UTC_ZONE, keys=(KeyFormat("dt", "%Y-%m-%d"),))
    for entry, looked in ((PARQUET, 15), (CSV, 0)):
        table = MemoryLake().table("sales.orders", entry, dt="string")
        memory = TableMemory(sizes=sizes)
        plan = plan_of(table, memory, partitions=DAILY, volume={"of": "rows", "drop": "60%"})
        needs = plan.rules[1].needs(table, layout, Clock(now=NOW), memory)
        assert len(needs.compared) == looked


def test_the_plan_tells_footers_and_reading_them_takes_their_right() -> None:
    lake = ContentLake()
    table = lake.table("sales.orders", PARQUET, dt="string")
    fill(lake, table, [[1]])
    sizes = {f"2026-11-{day:02}": Size(10, 7) for day in range(1, 20)}
    clock = Clock(now=NOW)
    plan = plan_of(table, partitions=DAILY, volume={"min_rows": 1})
    told = estimate(plan, clock)
    assert (told.requests["s3:GetObject"], told.at_least) == (1, True)
    assert told.way.endswith(", footers for rows")
    assert estimate(replace(plan, memory=TableMemory(sizes=sizes)), clock).requests["s3:GetObject"] == 7
    assert GET in {each.action for each in reach_of(plan, clock, lake.reader(plan)).reaches}
    other = lake.table("sales.lines", CSV, dt="string")
    plain = plan_of(other, partitions=DAILY, volume={"min_rows": 1})
    assert "s3:GetObject" not in estimate(plain, clock).requests
    assert GET not in {each.action for each in reach_of(plain, clock, lake.reader(plain)).reaches}


@settings(max_examples=40, deadline=timedelta(seconds=2))
@given(files=st.lists(st.integers(0, 5), max_size=8), most=st.integers(1, 8))
def test_rows_are_the_sum_of_all_files_or_not_known(files: list[int], most: int) -> None:
    lake = ContentLake()
    finding = daily(lake, [files], min_rows=0, row_files=most)
    if len(files) > most:
        assert (finding.status, lake.counts.get("s3:GetObject", 0)) == (Status.UNKNOWN, 0)
    else:
        assert (finding.status, finding.observed) == (Status.PASS, sum(files))
        assert lake.counts.get("s3:GetObject", 0) == len(files)


def test_the_usual_bound() -> None:
    assert daily(ContentLake(), [[1] * ROW_FILES], min_rows=1).status is Status.PASS
    assert daily(ContentLake(), [[1] * (ROW_FILES + 1)], min_rows=1).status is Status.UNKNOWN
