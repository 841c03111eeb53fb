"""What a failing finding tells to be absent, as instants: periods by item, and since when nothing came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.layout import StatedLayout
from checks.model import Absence, Standstill, Status
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.lakes import MemoryLake, hive_location
from tests.support.times import BERLIN, DAY, HOUR, UTC_ZONE, at
from tests.support.verdicts import look, rules_of

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

NOW = at("2026-11-23 08:00")


def absent(
    check: str,
    block: dict[str, Any],
    days: str,
    zone: ZoneInfo = UTC_ZONE,
    now: datetime = NOW,
    size: int = 5000,
) -> Absence | None:
    """Return what is absent of a table whose days of November hold data, three hours after their end."""
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    for day in days.split():
        came = at(f"2026-11-{day} 00:00") + DAY + 3 * HOUR
        lake.put(f"{hive_location(table, [f'2026-11-{day}'])}a.parquet", came, size)
        lake.register(table, [f"2026-11-{day}"], at=came)
    stated = StatedLayout(("dt",), ("%Y-%m-%d",))
    blocks = {check: block}
    if check == "volume":
        blocks["partitions"] = DAILY
    plan = TablePlan(table=table, rules=rules_of(blocks, zone), stated_layout=stated)
    return look(lake, plan, Clock(now=now))[check].absence


DAILY = {"every": "1d", "due": "06:00", "lookback": 4}


def test_missing_days_are_stretches_and_the_newest_run_of_them_a_standstill() -> None:
    found = absent("partitions", DAILY, "17 18 20")
    assert found is not None
    assert found.periods == {
        "2026-11-22": (at("2026-11-22 00:00"), at("2026-11-23 00:00")),
        "2026-11-21": (at("2026-11-21 00:00"), at("2026-11-22 00:00")),
        "2026-11-19": (at("2026-11-19 00:00"), at("2026-11-20 00:00")),
    }
    assert found.standstill == Standstill(
        since=at("2026-11-21 00:00"), overdue_at=at("2026-11-22 06:00"), item="2026-11-22"
    )
    gap = absent("partitions", DAILY, "17 18 20 21 22")
    assert gap is not None
    assert (list(gap.periods), gap.standstill) == (["2026-11-19"], None)
    assert absent("partitions", DAILY, "17 18 19 20 21 22") is None


def test_days_of_another_zone_and_days_that_are_due_at_their_start() -> None:
    found = absent("partitions", {**DAILY, "labels": "Europe/Berlin"}, "19 20 21", BERLIN)
    assert found is not None
    assert found.periods == {"2026-11-22": (at("2026-11-21 23:00"), at("2026-11-22 23:00"))}
    snapshots = absent("partitions", {**DAILY, "due_from": "start"}, "18 19 20 21 22")
    assert snapshots is not None
    assert snapshots.standstill == Standstill(
        since=at("2026-11-22 06:00"), overdue_at=at("2026-11-23 06:00"), item="2026-11-23"
    )


def test_of_a_table_that_was_never_loaded_nothing_ever_came() -> None:
    found = absent("partitions", DAILY, "")
    assert found == Absence(standstill=Standstill(since=None, overdue_at=at("2026-11-23 06:00")))
    assert absent("freshness", {"max_age": "24h"}, "") == Absence(
        standstill=Standstill(since=None, overdue_at=None)
    )


@pytest.mark.parametrize(
    ("block", "overdue"),
    [
        ({"max_age": "24h"}, "2026-11-22 03:00"),
        ({"warn_after": "12h", "error_after": "24h"}, "2026-11-21 15:00"),
        (
            {"by": "06:00", "within": "2h"},
            "2026-11-21 06:00",
        ),  # the first deadline that it missed, not the last
        ({"by": "05:00", "within": "2h"}, "2026-11-22 05:00"),  # what came at 03:00 is just in time
        ({"by": "06:00"}, "2026-11-22 06:00"),
    ],
)
def test_a_silent_table_is_overdue_since_the_first_limit_that_it_crossed(
    block: dict[str, Any], overdue: str
) -> None:
    found = absent("freshness", block, "18 19 20")
    assert found == Absence(standstill=Standstill(since=at("2026-11-21 03:00"), overdue_at=at(overdue)))


def test_too_little_is_a_stretch_and_too_much_is_none() -> None:
    days = "17 18 19 20 21 22"
    found = absent("volume", {"min_bytes": "1MB"}, days)
    assert found == Absence(periods={"": (at("2026-11-22 00:00"), at("2026-11-23 00:00"))})
    assert absent("volume", {"max_bytes": "1kB"}, days) is None
    assert absent("volume", {"min_bytes": "1kB"}, days) is None


def test_each_combination_of_values_has_its_own_stretch() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string", region="string")
    for day, region in (("21", "eu"), ("21", "us"), ("22", "eu")):
        place = hive_location(table, [f"2026-11-{day}", region])
        lake.put(f"{place}a.parquet", at(f"2026-11-{day} 00:00") + DAY)
        lake.register(table, [f"2026-11-{day}", region], at=at(f"2026-11-{day} 00:00") + DAY)
    block = {**DAILY, "each": "region"}
    stated = StatedLayout(("dt",), ("%Y-%m-%d",))
    plan = TablePlan(table=table, rules=rules_of({"partitions": block}, UTC_ZONE), stated_layout=stated)
    finding = look(lake, plan, Clock(now=NOW))["partitions"]
    assert finding.status is Status.FAIL
    assert finding.absence is not None
    assert list(finding.absence.periods) == ["2026-11-22/region=us"]
    assert finding.absence.standstill is not None
    assert finding.absence.standstill.item == "2026-11-22/region=us"
