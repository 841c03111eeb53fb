"""What is taken for the first period with data is proven to hold some, however the keys are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checks.lake.observe import observe
from checks.model import ItemState, Status
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.lakes import MemoryLake, hive_location
from tests.support.times import DAY, HOUR, UTC_ZONE, at
from tests.support.verdicts import judge, rules_of

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Finding, Observation

NOW = at("2026-11-23 12:00")
PADDED = {"dt": "string"}
SPLIT = {"year": "string", "month": "string", "day": "string"}
NUMBERS = {"year": "int", "month": "int", "day": "int"}


def values_of(day: datetime, keys: dict[str, str]) -> list[str]:
    return [f"{day:%Y-%m-%d}"] if keys is PADDED else [str(day.year), str(day.month), str(day.day)]


def look(keys: dict[str, str], days: dict[str, str], *, stated: bool = False) -> tuple[Finding, Observation]:
    """Return the finding on a table whose days hold data, are empty, denied or of after the time of the run."""
    lake = MemoryLake()
    lake.bucket("closed")
    lake.denied.add("closed")
    table = lake.table("d.t", None, **keys)
    for name, what in days.items():
        day = at(f"2026-{name} 00:00")
        values = values_of(day, keys)
        if what == "denied":
            lake.register(table, values, f"s3://closed/{name}/", at=day + DAY)
            continue
        came_at = {"data": day + DAY + HOUR, "later": NOW + HOUR}.get(what)
        if came_at is not None:
            lake.put(f"{hive_location(table, values)}a.parquet", came_at)
        lake.register(table, values, at=NOW + HOUR if what == "registered later" else day + DAY)
    rules = rules_of({"partitions": {"every": "1d", "due": "06:00", "lookback": 5}}, UTC_ZONE)
    plan, clock = TablePlan(table=table, rules=rules), Clock(now=NOW, ignore_later=stated)
    seen = observe(plan, clock, lake.reader(plan))
    return judge(plan, seen, clock)["partitions"], seen


@pytest.mark.parametrize("keys", [PADDED, SPLIT, NUMBERS])
@pytest.mark.parametrize(
    "older",
    [
        {"11-10": "empty"},
        {"10-09": "empty", "11-09": "empty", "11-10": "empty"},
        {"11-10": "later"},
        {"11-10": "registered later"},
        {"11-18": "later"},
        {"11-18": "empty", "11-20": "empty"},
    ],
)
def test_what_holds_no_data_yet_is_no_beginning(keys: dict[str, str], older: dict[str, str]) -> None:
    finding, seen = look(keys, {**older, "11-22": "data"}, stated=True)
    assert finding.status is Status.PASS
    assert seen.first_period_at == at("2026-11-22 00:00")


@pytest.mark.parametrize("keys", [PADDED, SPLIT, NUMBERS])
@pytest.mark.parametrize("denied", ["10-01", "11-10", "11-18", "11-20"])
def test_what_may_not_be_looked_into_makes_no_other_fail(keys: dict[str, str], denied: str) -> None:
    finding, _ = look(keys, {denied: "denied", "11-22": "data"})
    assert finding.status is Status.UNKNOWN
    assert "denied" in finding.because
    assert {item.state for item in finding.items} == {ItemState.PRESENT, ItemState.UNKNOWN}


@pytest.mark.parametrize("keys", [PADDED, SPLIT, NUMBERS])
def test_a_day_that_is_missing_after_the_proven_first_fails(keys: dict[str, str]) -> None:
    finding, _ = look(keys, {"11-18": "denied", "11-20": "data", "11-22": "data"})
    assert finding.status is Status.FAIL
    assert {item.period: item.state.value for item in finding.items} == {
        "2026-11-22": "present",
        "2026-11-21": "missing",
        "2026-11-20": "present",
        "2026-11-19": "unknown",
        "2026-11-18": "unknown",
    }


@pytest.mark.parametrize("keys", [PADDED, SPLIT, NUMBERS])
@pytest.mark.parametrize("others", [{}, {"10-11": "denied"}, {"10-11": "empty"}])
def test_an_older_day_with_data_proves_the_beginning(keys: dict[str, str], others: dict[str, str]) -> None:
    finding, _ = look(keys, {"10-10": "data", **others, "11-22": "data"})
    assert finding.observed == 4


@pytest.mark.parametrize("keys", [PADDED, SPLIT, NUMBERS])
def test_without_any_data_the_newest_fails_by_either_reading(keys: dict[str, str]) -> None:
    finding, _ = look(keys, {"11-20": "denied"})
    assert finding.status is Status.FAIL
