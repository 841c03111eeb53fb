"""Where data may have come beside the newest periods of the clock, and what proves a table stale."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.layout import StatedLayout
from checks.model import ProblemKind, Severity, Status
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.times import DAY, HOUR, UTC_ZONE, at
from tests.support.verdicts import look, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from checks.model import Finding

NOW = at("2026-11-23 08:00")
MINUTE = HOUR / 60
DAILY = {"every": "1d", "due": "06:00", "lookback": 3}


def found_in(
    lake: MemoryLake, values: Iterable[tuple[str, datetime, datetime]], now: datetime = NOW, **given: Any
) -> Finding:
    """Return the finding on a table of these values, each with when its data came and when it was registered."""
    table = lake.table("d.t", **given.pop("keys", {"dt": "string"}))
    for value, came_at, registered_at in values:
        lake.put(f"{hive_location(table, [value])}a.parquet", came_at)
        lake.register(table, [value], at=registered_at)
    plan = TablePlan(table=table, rules=rules_of({"freshness": {"max_age": "24h", **given}}, UTC_ZONE))
    return look(lake, plan, Clock(now=now))["freshness"]


def days(count: int, last: str, late: int = 1) -> list[tuple[str, datetime, datetime]]:
    """Return so many days up to the last one, each of which came and was registered so many days later."""
    newest = at(f"{last} 00:00")
    walls = [newest - back * DAY for back in range(count)]
    return [(f"{each:%Y-%m-%d}", each + late * DAY + HOUR, each + late * DAY + 2 * HOUR) for each in walls]


@pytest.mark.parametrize("late", [20, 45, 400])
def test_a_partner_that_is_always_late_is_fresh(late: int) -> None:
    newest = f"{NOW - late * DAY:%Y-%m-%d}"
    assert found_in(MemoryLake(), days(40, newest, late)).status is Status.PASS


@pytest.mark.parametrize("value", ["2999-12-31", "3000-01-01", "9999-12-30", "9999-12-31"])
def test_the_partition_of_current_rows_counts(value: str) -> None:
    history = days(5, "2026-11-10")
    loads = [*history, (value, NOW - 3 * HOUR, at("2026-11-11 02:00"))]
    assert found_in(MemoryLake(), loads).status is Status.PASS
    old = [*history, (value, NOW - 25 * HOUR, at("2026-11-11 02:00"))]
    finding = found_in(MemoryLake(), old)
    assert finding.severity is Severity.CRITICAL
    assert finding.observed == NOW - 25 * HOUR
    assert f"looked at were 6 registered partitions, 2026-11-06 to {value}" in finding.because


def test_cohorts_that_are_rewritten_are_fresh() -> None:
    lake = MemoryLake()
    loads = [(f"2025-{month:02d}", NOW - 3 * HOUR, at("2025-12-01")) for month in range(1, 13)]
    assert found_in(lake, loads, keys={"signup_month": "string"}).status is Status.PASS


def test_what_was_registered_since_the_limit_counts_whatever_its_date() -> None:
    history = days(30, "2026-10-10")
    for registered_at, came_at in ((NOW - DAY, NOW - DAY), (NOW - DAY + MINUTE, NOW - 2 * HOUR)):
        finding = found_in(MemoryLake(), [*history, ("2024-02-29", came_at, registered_at)])
        assert finding.status is Status.PASS
    finding = found_in(MemoryLake(), [*history, ("2024-02-29", NOW - DAY - MINUTE, NOW - DAY)])
    assert finding.severity is Severity.CRITICAL
    assert "looked at were 15 registered partitions, 2024-02-29 to 2026-10-10" in finding.because
    loads = [*history, ("2024-02-29", NOW - HOUR, NOW - DAY - MINUTE)]
    assert found_in(MemoryLake(), loads).severity is Severity.CRITICAL


def test_with_two_limits_the_softer_one_says_what_is_looked_at() -> None:
    history = days(30, "2026-10-10")
    loads = [*history, ("2024-02-29", NOW - 30 * HOUR, NOW - 30 * HOUR)]
    finding = found_in(MemoryLake(), loads, max_age="36h", warn_after="24h")
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("past", [1, 14, 15, 150, 2500])
def test_a_dead_table_is_critical_for_ever(past: int) -> None:
    lake = MemoryLake()
    loads = days(past, "2026-10-10")
    for months in (0, 12, 60):
        finding = found_in(lake, loads, now=NOW + months * 30 * DAY)
        assert finding.severity is Severity.CRITICAL
        assert "the newest came Sun 11 Oct 2026 01:00 UTC" in finding.because
        lake.partitions.clear()
    asked = 1 + 1 + (past + 999) // 1000  # a sample, the newest by the clock, and all that is registered
    assert lake.counts["glue:GetPartitions"] == 3 * asked


def test_a_fresh_table_costs_no_more() -> None:
    lake = MemoryLake()
    assert found_in(lake, days(400, "2026-11-22")).status is Status.PASS
    assert dict(lake.counts) == {"glue:GetPartitions": 2, "s3:ListObjectsV2": 1}


def test_what_may_not_be_looked_at_leaves_it_unknown() -> None:
    lake = MemoryLake()
    table = lake.table("d.t", dt="string")
    lake.bucket("closed")
    lake.denied.add("closed")
    for value, came_at, registered_at in days(5, "2026-10-10"):
        lake.put(f"{hive_location(table, [value])}a.parquet", came_at)
        lake.register(table, [value], at=registered_at)
    lake.register(table, ["2026-09-01"], "s3://closed/dt=2026-09-01/", at("2026-09-02"))
    plan = TablePlan(table=table, rules=rules_of({"freshness": {"max_age": "24h"}}, UTC_ZONE))
    finding = look(lake, plan, Clock(now=NOW))["freshness"]
    assert finding.problem is ProblemKind.DENIED
    assert "no new data for 43 days 7 h" in finding.because


def test_what_was_registered_after_the_stated_time_is_not_there() -> None:
    lake = MemoryLake()
    loads = [*days(5, "2026-10-10"), ("2024-02-29", NOW - HOUR, NOW + HOUR)]
    table = lake.table("d.t", dt="string")
    for value, came_at, registered_at in loads:
        lake.put(f"{hive_location(table, [value])}a.parquet", came_at)
        lake.register(table, [value], at=registered_at)
    plan = TablePlan(table=table, rules=rules_of({"freshness": {"max_age": "24h"}}, UTC_ZONE))
    assert look(lake, plan, Clock(now=NOW, ignore_later=True))["freshness"].status is Status.FAIL


PROJECTED = {
    "projection.enabled": "true",
    "projection.dt.type": "date",
    "projection.dt.range": "2026-01-01,NOW",
    "projection.dt.format": "yyyy-MM-dd",
}


def by_name(shape: str, lake: MemoryLake, due: str = "06:00") -> TablePlan:
    """Return a plan of a daily table of which nothing is registered."""
    blocks: dict[str, dict[str, Any]] = {
        "partitions": {**DAILY, "due": due},
        "freshness": {"max_age": "24h"},
    }
    if shape == "prefix":
        blocks["partitions"]["format"] = "%Y-%m-%d"
        table = prefix("s3://lake/d/t/")
        rules = rules_of(blocks, UTC_ZONE)
        return TablePlan(table=table, rules=rules, stated_layout=StatedLayout((), ("%Y-%m-%d/",)))
    table = lake.table("d.t", {"Parameters": PROJECTED}, dt="string")
    return TablePlan(table=table, rules=rules_of(blocks, UTC_ZONE))


@pytest.mark.parametrize("shape", ["prefix", "projected"])
def test_the_day_that_is_not_due_yet_counts_where_nothing_is_registered(shape: str) -> None:
    """Each day's files come during the day; the day before is a day old by the time that it is due."""
    lake = MemoryLake()
    lake.bucket("lake")
    plan = by_name(shape, lake)
    name = "s3://lake/d/t/{}/a.csv" if shape == "prefix" else "s3://lake/d/t/dt={}/a.csv"
    for back in range(1, 6):
        day = at("2026-11-23 00:00") - back * DAY
        lake.put(name.format(f"{day:%Y-%m-%d}"), day + 2 * HOUR)
    stale = look(lake, plan, Clock(now=NOW))["freshness"]
    assert stale.severity is Severity.CRITICAL
    lake.put(name.format("2026-11-23"), NOW - DAY)
    assert look(lake, plan, Clock(now=NOW))["freshness"].status is Status.PASS
    lake.put(name.format("2026-11-23"), NOW - DAY - MINUTE)
    assert look(lake, plan, Clock(now=NOW))["freshness"].severity is Severity.CRITICAL
    lake.put(name.format("2026-11-23"), NOW - HOUR)
    found = look(lake, plan, Clock(now=NOW))
    assert {each.status for each in found.values()} == {Status.PASS}


@pytest.mark.parametrize("shape", ["prefix", "projected"])
def test_days_that_are_due_late_leave_several_that_are_not_due(shape: str) -> None:
    lake = MemoryLake()
    lake.bucket("lake")
    plan = by_name(shape, lake)
    blocks: dict[str, dict[str, Any]] = {
        "partitions": {"every": "1d", "after": "3d", "lookback": 2},
        "freshness": {"max_age": "24h"},
    }
    plan = replace(plan, rules=rules_of(blocks, UTC_ZONE))
    name = "s3://lake/d/t/{}/a.csv" if shape == "prefix" else "s3://lake/d/t/dt={}/a.csv"
    for back in range(2, 8):  # yesterday's is missing so far
        day = at("2026-11-23 00:00") - back * DAY
        lake.put(name.format(f"{day:%Y-%m-%d}"), NOW - 2 * HOUR if back == 2 else day + 2 * HOUR)
    assert look(lake, plan, Clock(now=NOW))["freshness"].status is Status.PASS


def test_no_further_place_is_listed_where_a_due_one_is_new_enough() -> None:
    lake = MemoryLake()
    plan = by_name("prefix", lake)
    for back in range(1, 6):
        day = at("2026-11-23 00:00") - back * DAY
        lake.put(f"s3://lake/d/t/{day:%Y-%m-%d}/a.csv", day + DAY + HOUR)
    found = look(lake, plan, Clock(now=NOW))
    assert found["freshness"].status is Status.PASS
    before = lake.counts["s3:ListObjectsV2"]
    lake.put("s3://lake/d/t/2026-11-22/a.csv", NOW - 30 * HOUR)
    look(lake, plan, Clock(now=NOW))
    assert lake.counts["s3:ListObjectsV2"] - before == before + 1
