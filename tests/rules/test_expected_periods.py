"""A period that was expected by its name: every learned check that told of it learns, and none tells of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from checks.changes import State
from checks.changes.marked import cover, hold
from checks.marks import Mark, MarkKind
from checks.model import TableMemory
from checks.rules.asking import Clock
from tests.support.failing import failing
from tests.support.lakes import MemoryLake, hive_location
from tests.support.rule_checks import after, look, plan_of
from tests.support.times import DAY, HOUR, at

START = at("2026-08-03")
SATURDAY = at("2026-09-19")
CHANCE = Random(3)  # noqa: S311 - the same each time
JITTER = [CHANCE.randrange(30) for _ in range(200)]
"""By how many minutes each day is late."""


@dataclass
class Nightly:
    """Days that come at 05:10 of the next one; some hours later on some days."""

    late: dict[datetime, timedelta]
    lake: MemoryLake = field(default_factory=MemoryLake)
    memory: TableMemory = field(default_factory=TableMemory)
    marks: tuple[Mark, ...] = ()
    loaded: datetime = START

    def __post_init__(self) -> None:
        self.table = self.lake.table("sales.orders", dt="string")

    def comes(self) -> datetime:
        """Return when the next day comes."""
        minutes = JITTER[(self.loaded - START).days] * HOUR / 60
        return self.loaded + DAY + 5 * HOUR + minutes + self.late.get(self.loaded, timedelta())

    def run(self, now: datetime) -> Any:
        """Return the rule of freshness as it learned, and whether it tells."""
        while (came := self.comes()) <= now:
            name = f"{self.loaded:%Y-%m-%d}"
            self.lake.put(f"{hive_location(self.table, [name])}a.parquet", came)
            self.lake.register(self.table, [name], at=came)
            self.loaded += DAY
        stated = {"every": "1d", "due": "06:00", "lookback": 3, "key": "dt", "format": "%Y-%m-%d"}
        plan = plan_of(self.table, self.memory, partitions=stated, freshness={"auto": True})
        clock, seen = Clock(now=now), look(self.lake, plan, now)
        rules = [each.taught(self.marks, now).learned(seen, clock, self.memory) for each in plan.rules]
        plan = replace(plan, rules=tuple(rules))
        rule: Any = next(each for each in rules if each.check == "freshness")
        self.memory = after(plan, seen)
        return rule

    def is_told(self, now: datetime) -> bool:
        """Tell whether data is overdue by what was learned."""
        found = self.run(now).known.found
        assert found.due is not None
        return bool(found.is_open)

    def until(self, now: datetime) -> None:
        """Run at 12:00 each day."""
        day = max(START + 30 * DAY, now - 20 * DAY)
        while day + 12 * HOUR < now:
            self.run(day + 12 * HOUR)
            day += DAY


def expected(period: str, said_at: datetime, **more: Any) -> Mark:
    return Mark(
        id="aa11", kind=MarkKind.EXPECTED, table="sales.orders", by="ann", at=said_at,
        ends_at=said_at + 400 * DAY, period=period, **more,
    )  # fmt: skip


@pytest.mark.parametrize("said_after", [9.5, 30])
@pytest.mark.parametrize("hours", [5, 9])
def test_a_period_that_came_late_teaches_freshness_of_the_same_days(hours: int, said_after: float) -> None:
    """Whether it is said while its data is awaited, or the day after."""
    late = {SATURDAY: hours * HOUR, SATURDAY + 7 * DAY: hours * HOUR, SATURDAY + 10 * DAY: hours * HOUR}
    plain, table = Nightly(late), Nightly(late)
    said_at = SATURDAY + DAY + said_after * HOUR
    table.marks = (expected("2026-09-19", said_at),)
    for each in (plain, table):
        each.until(SATURDAY + DAY)
        assert each.is_told(SATURDAY + DAY + 9 * HOUR)
        each.until(SATURDAY + 8 * DAY)
    again = SATURDAY + 8 * DAY + 9 * HOUR
    assert plain.is_told(again)
    assert not table.is_told(again)
    assert table.run(again + HOUR / 2).taught_by == {"aa11"}
    assert table.is_told(SATURDAY + 11 * DAY + 9 * HOUR), "a Wednesday is as it was"
    table.marks = ()
    assert table.is_told(SATURDAY + 8 * DAY + 9.7 * HOUR) or table.loaded > SATURDAY + 7 * DAY
    assert table.memory.arrivals is not None


@pytest.mark.parametrize(
    "more", [{"check": "partitions"}, {"period": "2026-09-19/region=eu"}, {"period": "2026-09-18"}]
)
def test_what_is_said_of_others_teaches_nothing(more: dict[str, Any]) -> None:
    late = {SATURDAY: 9 * HOUR, SATURDAY + 7 * DAY: 9 * HOUR}
    table = Nightly(late)
    table.until(SATURDAY + 2 * DAY)
    table.marks = (expected(**{"period": "2026-09-19", "said_at": SATURDAY + 2 * DAY, **more}),)
    table.until(SATURDAY + 8 * DAY)
    assert table.is_told(SATURDAY + 8 * DAY + 9 * HOUR)


def test_no_check_tells_of_an_expected_period_that_holds_too_much() -> None:
    """What fails by too much lacks nothing, and is of its period all the same."""
    marks = hold([expected("2026-11-22", at("2026-11-23"))], at("2026-11-23"))
    large = failing("volume", judged="2026-11-22")
    (found,) = cover([large], marks, State(), ZoneInfo("UTC"))
    assert found.silenced == "expected (by ann, Mon 23 Nov 2026 00:00 UTC)"
    (other,) = cover([replace(large, judged="2026-11-21")], marks, State(), ZoneInfo("UTC"))
    assert other.silenced is None
