"""Partition projection: only the values that are projected are places that queries read."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

from checks.layout.projection import projection_of
from checks.model import Status
from checks.schedule.periods import DAILY, MONTHLY, WEEKLY, Every, period_of
from tests.layout.test_projection import entry, table_of
from tests.support.lakes import MemoryLake
from tests.support.rule_checks import NOW, find, plan_of
from tests.support.times import UTC_ZONE, wall

if TYPE_CHECKING:
    from datetime import datetime

DAILY_BLOCK: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 3}


def values(label: str, every: Every = DAILY, **keys: dict[str, str]) -> list[datetime]:
    """Return the wall times that are projected for a period."""
    period = period_of(wall(label), every, UTC_ZONE)
    assert period is not None
    return list(islice(projection_of(table_of(**keys)).walls(period, UTC_ZONE, NOW), 2000))


def date(
    start: str, unit: str = "", interval: str = "1", pattern: str = "yyyy-MM-dd-HH-mm"
) -> dict[str, str]:
    found = {"type": "date", "format": pattern, "range": start, "interval": interval}
    return found | ({"interval.unit": unit} if unit else {})


@pytest.mark.parametrize(
    ("range_", "unit", "interval", "expected"),
    [
        ("2022-01-01-00-00,NOW", "DAYS", "1", ["00:00"]),
        ("2022-01-01-01-00,NOW", "DAYS", "1", ["01:00"]),
        ("2022-01-01-23-59,NOW", "DAYS", "1", ["23:59"]),
        ("2022-01-01-03-30,NOW", "HOURS", "12", ["03:30", "15:30"]),
        ("2022-01-01-00-07,NOW", "MINUTES", "480", ["00:07", "08:07", "16:07"]),
        ("2026-11-20-12-00,NOW", "HOURS", "6", ["12:00", "18:00"]),
        ("2026-11-21-00-00,NOW", "HOURS", "6", []),
        ("2020-01-01-00-00,2026-11-20-06-00", "HOURS", "6", ["00:00", "06:00"]),
        ("2020-01-01-00-00,2026-11-20-05-59", "HOURS", "6", ["00:00"]),
        ("2026-11-19-00-00,NOW", "DAYS", "2", []),
        ("2026-11-18-05-00,NOW", "DAYS", "2", ["05:00"]),
        ("2026-11-13-05-00,NOW", "WEEKS", "1", ["05:00"]),
        ("2026-10-20-05-00,NOW", "MONTHS", "1", ["05:00"]),
        ("2026-10-21-05-00,NOW", "MONTHS", "1", []),
    ],
)
def test_values_of_a_day_count_from_the_start_of_the_range(
    range_: str, unit: str, interval: str, expected: list[str]
) -> None:
    found = values("2026-11-20", dt=date(range_, unit, interval))
    assert [f"{at:%H:%M}" for at in found] == expected
    assert all(at.date() == wall("2026-11-20").date() for at in found)


def test_values_of_longer_periods() -> None:
    weekly = date("2026-11-04,NOW", "DAYS", "7", "yyyy-MM-dd")
    assert [at.day for at in values("2026-11-01", MONTHLY, dt=weekly)] == [4, 11, 18]
    assert [at.day for at in values("2026-11-09", WEEKLY, dt=weekly)] == [11]
    ends = date("2026-01-31,NOW", "MONTHS", "1", "yyyy-MM-dd")
    assert [at.day for at in values("2026-02-01", MONTHLY, dt=ends)] == [28]
    assert [at.day for at in values("2026-03-01", MONTHLY, dt=ends)] == [31]


def test_without_a_unit_steps_are_of_the_finest_part() -> None:
    assert len(values("2026-11-20", dt=date("2026-11-01-00,NOW", pattern="yyyy-MM-dd-HH"))) == 24
    assert len(values("2026-11-20", dt=date("2026-11-01,NOW", pattern="yyyy-MM-dd"))) == 1


def test_values_of_several_keys_are_those_of_their_product() -> None:
    keys: dict[str, Any] = {
        "dt": {"type": "date", "format": "yyyy-MM-dd", "range": "2026-11-01,NOW"},
        "hour": {"type": "integer", "range": "1,23", "interval": "6"},
    }
    assert [at.hour for at in values("2026-11-20", **keys)] == [1, 7, 13, 19]
    assert values("2026-10-31", **keys) == []


def logs(lake: MemoryLake, **key: str) -> Any:
    return lake.table("ops.logs", entry(None, dt={"type": "date", **key}), dt="string")


def of_days(lake: MemoryLake, text: str) -> None:
    for day in (20, 21, 22):
        lake.put(f"s3://lake/ops/logs/dt=2026-11-{day}-{text}/a.gz", NOW - timedelta(hours=20))


@pytest.mark.parametrize(
    ("range_", "unit", "interval", "folder", "status"),
    [
        ("2022-01-01-00-00,NOW", "DAYS", "1", "00-00", Status.PASS),
        ("2022-01-01-00-00,NOW", "DAYS", "1", "01-00", Status.FAIL),
        ("2022-01-01-01-00,NOW", "DAYS", "1", "01-00", Status.PASS),
        ("2022-01-01-01-00,NOW", "DAYS", "1", "01-01", Status.FAIL),
        ("2022-01-01-01-00,NOW", "HOURS", "2", "05-00", Status.PASS),
        ("2022-01-01-01-00,NOW", "HOURS", "2", "06-00", Status.FAIL),
        ("2022-01-01-00-15,NOW", "MINUTES", "30", "09-45", Status.PASS),
        ("2022-01-01-00-15,NOW", "MINUTES", "30", "09-30", Status.FAIL),
    ],
)
def test_only_data_in_projected_places_counts(
    range_: str, unit: str, interval: str, folder: str, status: Status
) -> None:
    lake = MemoryLake()
    table = logs(lake, **date(range_, unit, interval))
    of_days(lake, folder)
    assert find(lake, plan_of(table, partitions=DAILY_BLOCK), "partitions").status is status
    fresh = find(lake, plan_of(table, freshness={"max_age": "36h"}), "freshness")
    assert fresh.status is status
    assert lake.counts["s3:ListObjectsV2"] <= 40


def test_what_stands_beside_projected_hours_does_not_count() -> None:
    lake = MemoryLake()
    table = logs(lake, format="yyyy-MM-dd-HH", range="2022-01-01-00,NOW", **{"interval.unit": "HOURS"})
    of_days(lake, "old")
    assert find(lake, plan_of(table, partitions=DAILY_BLOCK), "partitions").status is Status.FAIL
    of_days(lake, "07")
    before = lake.counts["s3:ListObjectsV2"]
    assert find(lake, plan_of(table, partitions=DAILY_BLOCK), "partitions").status is Status.PASS
    assert lake.counts["s3:ListObjectsV2"] - before <= 2
    sizes = find(
        lake, plan_of(table, partitions=DAILY_BLOCK, volume={"min_files": 1, "max_files": 1}), "volume"
    )
    assert sizes.status is Status.PASS, sizes.because


def test_values_of_other_keys_that_are_not_projected_do_not_count() -> None:
    lake = MemoryLake()
    keys: dict[str, Any] = {
        "dt": {"type": "date", "format": "yyyy-MM-dd", "range": "2022-01-01,NOW"},
        "region": {"type": "enum", "values": "eu,us"},
    }
    table = lake.table("ops.logs", entry(None, **keys), dt="string", region="string")
    for day in (20, 21, 22):
        lake.put(f"s3://lake/ops/logs/dt=2026-11-{day}/region=ap/a.gz", NOW - timedelta(hours=20))
    assert find(lake, plan_of(table, partitions=DAILY_BLOCK), "partitions").status is Status.FAIL
