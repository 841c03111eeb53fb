"""Partitions that lie outside of the table's location, and what counts as the first period with data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checks.lake.plain.outside_places import MOST_PLACES
from checks.model import Severity, Status
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.lakes import LakeBuilder, MemoryLake
from tests.support.observed import CLOCK, NOW, daily, fresh, load, see
from tests.support.times import DAY, HOUR
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Finding, Table


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return any_lake


def put_elsewhere(lake: LakeBuilder, table: Table, region: str, at: datetime) -> str:
    lake.bucket("other")
    place = f"s3://other/spend/{region}/"
    lake.register(table, [region], place, at)
    lake.put(f"{place}part-0.parquet", at)
    return place


def verdict(lake: LakeBuilder, table: Table, clock: Clock = CLOCK) -> Finding:
    plan = TablePlan(table=table, rules=(fresh(),))
    return judge(plan, see(lake, plan, clock), clock)["freshness"]


def test_data_at_places_elsewhere_makes_a_table_fresh(lake: LakeBuilder) -> None:
    table = lake.table("a.by_region", region="string")
    place = put_elsewhere(lake, table, "eu", NOW - HOUR)
    found = verdict(lake, table)
    assert (found.status, found.observed) == (Status.PASS, NOW - HOUR)
    assert found.evidence == f"{place}part-0.parquet"


def test_old_data_everywhere_is_stale_and_the_newest_of_all_places_is_told(lake: LakeBuilder) -> None:
    table = lake.table("a.by_region", region="string")
    load(lake, table, ["us"], NOW - 5 * DAY)
    put_elsewhere(lake, table, "eu", NOW - 3 * DAY)
    found = verdict(lake, table)
    assert (found.severity, found.observed) == (Severity.CRITICAL, NOW - 3 * DAY)


def test_what_lies_nowhere_was_never_loaded(lake: LakeBuilder) -> None:
    table = lake.table("a.by_region", region="string")
    lake.bucket("other")
    lake.register(table, ["eu"], "s3://other/spend/eu/", NOW - DAY)
    assert verdict(lake, table).because.startswith("never loaded")


def test_a_place_that_cannot_be_listed_is_a_doubt_about_stale_not_about_fresh() -> None:
    lake = MemoryLake()
    table = lake.table("a.by_region", region="string")
    put_elsewhere(lake, table, "eu", NOW - HOUR)
    lake.denied.add("other")
    assert verdict(lake, table).status is Status.UNKNOWN
    load(lake, table, ["us"], NOW - HOUR)
    assert verdict(lake, table).status is Status.PASS


def test_nothing_more_is_asked_where_the_location_shows_enough() -> None:
    lake = MemoryLake()
    table = lake.table("a.by_region", region="string")
    put_elsewhere(lake, table, "eu", NOW - 3 * DAY)
    plan = TablePlan(table=table, rules=(fresh(),))
    see(lake, plan)
    assert dict(lake.counts) == {"glue:GetPartitions": 2, "s3:ListObjectsV2": 2}
    load(lake, table, ["us"], NOW - HOUR)
    lake.counts.clear()  # type: ignore[attr-defined]
    see(lake, plan)
    assert dict(lake.counts) == {"glue:GetPartitions": 1, "s3:ListObjectsV2": 1}


@pytest.mark.parametrize(
    ("places", "status"), [(MOST_PLACES, Status.FAIL), (MOST_PLACES + 1, Status.UNKNOWN)]
)
def test_more_places_than_are_listed_leave_a_doubt(places: int, status: Status) -> None:
    lake = MemoryLake()
    table = lake.table("a.by_region", region="string")
    for number in range(places):
        put_elsewhere(lake, table, f"r{number}", NOW - 3 * DAY)
    assert verdict(lake, table).status is status


def test_what_is_registered_after_the_time_that_is_stated_is_not_looked_at(lake: LakeBuilder) -> None:
    table = lake.table("a.by_region", region="string")
    put_elsewhere(lake, table, "eu", NOW - HOUR)
    clock = Clock(now=NOW - DAY, ignore_later=True)
    assert verdict(lake, table, clock).because.startswith("never loaded")


def test_a_place_within_another_is_counted_once() -> None:
    lake = MemoryLake()
    table = lake.table("a.by_region", region="string")
    place = put_elsewhere(lake, table, "eu", NOW - 3 * DAY)
    lake.register(table, ["de"], f"{place}de/", NOW - 3 * DAY)
    lake.put(f"{place}de/part-0.parquet", NOW - 2 * DAY)
    seen = see(lake, TablePlan(table=table, rules=(fresh(),)))
    assert seen.listing is not None
    assert (seen.listing.objects, seen.listing.newest_at) == (2, NOW - 2 * DAY)


# ---- the first period with data


def young(lake: LakeBuilder) -> Table:
    """A table that was first loaded three days ago, looked at over five."""
    table = lake.table("a.young", dt="string")
    for age in (1, 2, 3):
        load(lake, table, [str((NOW - age * DAY).date())], NOW - age * DAY + DAY - 9 * HOUR)
    return table


def partitions_of(lake: LakeBuilder, table: Table, clock: Clock = CLOCK) -> Finding:
    plan = TablePlan(table=table, rules=(daily(lookback=5),))
    return judge(plan, see(lake, plan, clock), clock)["partitions"]


@pytest.mark.parametrize("older", ["1970-01-01", "1900-01-01", "0001-01-01", "2026-10-01"])
def test_a_date_that_is_only_registered_makes_no_table_older(lake: LakeBuilder, older: str) -> None:
    table = young(lake)
    lake.register(table, [older], None, NOW - 30 * DAY)
    assert partitions_of(lake, table).because == "each of 3 due days has data"


def test_data_under_a_date_that_stands_for_never_makes_no_table_older(lake: LakeBuilder) -> None:
    table = young(lake)
    load(lake, table, ["1970-01-01"], NOW - 2 * DAY)
    assert partitions_of(lake, table).because == "each of 3 due days has data"


def test_an_older_day_with_data_makes_days_without_it_missing(lake: LakeBuilder) -> None:
    table = young(lake)
    load(lake, table, ["2026-10-01"], NOW - 52 * DAY)
    assert partitions_of(lake, table).because.startswith("2 of 5 due days without usable data")


def test_a_table_with_many_older_days_is_old_though_their_files_expired(lake: LakeBuilder) -> None:
    table = young(lake)
    for age in range(30, 51):
        lake.register(table, [str((NOW - age * DAY).date())], None, NOW - age * DAY)
    assert partitions_of(lake, table).because.startswith("2 of 5 due days without usable data")


def test_an_older_day_that_was_registered_later_than_the_stated_time_does_not_count(
    lake: LakeBuilder,
) -> None:
    table = young(lake)
    load(lake, table, ["2026-10-01"], NOW - 52 * DAY, register=False)
    lake.register(table, ["2026-10-01"], None, NOW + HOUR)
    assert (
        partitions_of(lake, table, replace(CLOCK, ignore_later=True)).because == "each of 3 due days has data"
    )


# ---- what freshness says of what it did not look for


def test_a_stale_table_read_by_its_catalog_is_told_as_that(lake: LakeBuilder) -> None:
    table = lake.table("a.daily", dt="string")
    load(lake, table, ["2026-11-18"], NOW - 4 * DAY)
    assert verdict(lake, table).advice == (
        "look at the run that writes s3://lake/a/daily/; nothing that is registered in Glue has come since "
        "Thu 19 Nov 2026 12:00 UTC"
    )


def test_a_stale_place_is_told_as_listed(lake: LakeBuilder) -> None:
    table = lake.table("a.plain")
    lake.put(f"{table.location}part-0.parquet", NOW - 4 * DAY)
    assert "it has written nothing since" in verdict(lake, table).advice


def test_of_a_table_that_was_never_loaded_no_time_is_told(lake: LakeBuilder) -> None:
    table = lake.table("a.plain")
    told = "look at the run that writes s3://lake/a/plain/; it has written nothing"
    assert verdict(lake, table).advice == told
