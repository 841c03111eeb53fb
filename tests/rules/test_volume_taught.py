"""`volume: auto` with marks: sizes that were expected, missed, or are a new normal, over nights of runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.marks import Covered, Mark, MarkKind
from checks.model import Size, Status, TableMemory
from checks.rules.asking import Clock, Share
from checks.rules.volume_limits import UsualLimits
from checks.rules.volume_taught import Said, Stretch, taught
from checks.rules.volume_words import Look
from tests.support.lakes import MemoryLake, hive_location
from tests.support.rule_checks import after, judged, look, plan_of
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.model import Finding

START = at("2026-06-01")  # a Monday
DAILY: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 2, "key": "dt", "format": "%Y-%m-%d"}
EXPECTED, MISSED, NORMAL = MarkKind.EXPECTED, MarkKind.MISSED, MarkKind.NEW_NORMAL
CHANCE = Random(11)  # noqa: S311 - the same each time
NOISE = [math.exp(CHANCE.gauss(0, 0.1)) for _ in range(400)]


def usual(day: date) -> int:
    return round(10_000 * NOISE[day.toordinal() % 400])


def except_on(
    odd: Callable[[date], bool], size: int, rest: Callable[[date], int] = usual
) -> Callable[[date], int]:
    """Return sizes that are odd on some days: about so much, with noise of its own."""
    return lambda day: round(size * NOISE[(7 * day.toordinal()) % 400]) if odd(day) else rest(day)


def mark(kind: MarkKind, said_at: datetime, **more: Any) -> Mark:
    return Mark(
        id=more.pop("id", "aa11"), kind=kind, table="sales.orders", by="ann", at=said_at,
        ends_at=said_at + timedelta(days=400), **more,
    )  # fmt: skip


def of_now(said_at: datetime, since: datetime | None = None) -> Mark:
    """Return a mark that what is told of volume now is expected."""
    told = Covered(check="volume", item=None, state="fail", severity="critical", since=since or said_at)
    return mark(EXPECTED, said_at, covers=(told,))


@dataclass
class Sales:
    """A table that is loaded each night, and looked at once the load is due."""

    size: Callable[[date], int]
    marks: tuple[Mark, ...] = ()
    memory: TableMemory = field(default_factory=TableMemory)
    volume: dict[str, Any] = field(default_factory=lambda: {"auto": True})
    lake: MemoryLake = field(default_factory=MemoryLake)
    loaded: datetime = START

    def __post_init__(self) -> None:
        self.table = self.lake.table("sales.orders", dt="string")

    def now(self, day: str) -> datetime:
        """Return when the run looks that judges a day."""
        return at(day) + DAY + 8 * HOUR

    def run(self, day: str) -> Any:
        """Return what is counted of a day by what earlier runs remember, and remember it."""
        now, table = self.now(day), self.table
        while self.loaded <= at(day):
            name, came = f"{self.loaded:%Y-%m-%d}", self.loaded + DAY
            if size := self.size(self.loaded.date()):
                self.lake.put(f"{hive_location(table, [name])}a.parquet", came, size)
                self.lake.register(table, [name], at=came)
            self.loaded += DAY
        plan = plan_of(table, self.memory, partitions=DAILY, volume=self.volume)
        seen = look(self.lake, plan, now)
        rules = tuple(
            r.taught(self.marks, now).learned(seen, Clock(now=now), self.memory) for r in plan.rules
        )
        plan = replace(plan, rules=rules)
        clock, rule = Clock(now=now), next(rule for rule in rules if rule.check == "volume")
        self.finding = lambda memory=self.memory: judged(replace(plan, memory=memory), seen, now)["volume"]
        self.explained = lambda: list(rule.explain(seen, self.finding(), clock))
        self.taught_by = rule.taught_by
        row = rule.measure(seen, clock, self.memory)
        self.memory = after(plan, seen)
        return row

    def told(self, first: str, last: str) -> list[str]:
        """Run each night of these days; return those that are told."""
        days = ((at(first) + n * DAY) for n in range((at(last) - at(first)).days + 1))
        return [f"{day:%m-%d}" for day in days if self.run(f"{day:%Y-%m-%d}").observed]


RECURRING = {
    "a weekday": (lambda day: day.weekday() == 6 and day >= date(2026, 8, 30), 900, "08-30", "2026-11-01"),
    "a large load on the first": (lambda day: day.day == 1 and day.month > 8, 90_000, "09-01", "2026-12-03"),
    "the last day of the month": (
        lambda day: (day + timedelta(days=1)).day == 1 and day.month > 7, 700, "08-31", "2026-12-02",
    ),
    "the second Tuesday": (
        lambda day: day.weekday() == 1 and 8 <= day.day <= 14 and day.month > 7, 800, "08-11", "2026-11-30",
    ),
    "the first working day": (
        lambda day: day.month > 8 and day.weekday() < 5 and sum(
            date(day.year, day.month, n).weekday() < 5 for n in range(1, day.day + 1)
        ) == 1, 80_000, "09-01", "2026-12-03",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", RECURRING)
def test_one_mark_stops_the_repeat_of_an_odd_day(kind: str) -> None:
    odd, size, first, last = RECURRING[kind]
    before = (at(f"2026-{first}") - 3 * DAY).date().isoformat()
    plain, table = (Sales(except_on(odd, size)) for _ in range(2))
    unmarked = plain.told(before, last)
    assert unmarked[0] == first
    assert len(unmarked) >= 2, "it is told again where nobody says anything"
    assert table.told(before, f"2026-{first}") == [first]
    table.marks = (of_now(table.now(f"2026-{first}") + HOUR),)
    following = (at(f"2026-{first}") + DAY).date().isoformat()
    assert table.told(following, last) == []
