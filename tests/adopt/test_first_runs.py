"""What is proposed for healthy tables raises nothing in their first runs, whenever these are; dead ones are told."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, cast

import pytest

from checks.adopt import Adopted, Asked, Discovery, Looking, Want, text_of
from checks.adopt.replaying import replay_of
from checks.config import load_text
from checks.lake.observe import observe
from checks.model import Severity, Status, Table
from checks.monitor.learning import learn
from checks.monitor.plan import Planned, plan
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from checks.rules.proposing import Proposal
from tests.support.discovered import in_berlin, in_the_morning, partitioned
from tests.support.fleet import by_chance, daily, hourly, monthly, weekly
from tests.support.lakes import MemoryLake
from tests.support.times import DAY, HOUR, at
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from checks.lake.glue.catalog import Catalog
    from checks.model import Finding

TODAY = at("2026-11-23")
START = TODAY - 100 * DAY
HABITS: dict[str, Callable[[], Iterator[datetime]]] = {
    "daily": lambda: (each.at for each in daily("a", START, 103)),
    "weekdays": lambda: (each.at for each in daily("b", START, 103, weekdays=5)),
    "hourly": lambda: (each.at for each in hourly("c", START, 103)),
    "half_hourly": lambda: (each.at for each in hourly("d", START, 103, minutes=30)),
    "by_chance": lambda: (each.at for each in by_chance("e", START, 103)),
    "weekly": lambda: (each.at for each in weekly("f", START - 200 * DAY, 303)),
    "monthly": lambda: (each.at for each in monthly("g", START - 400 * DAY, 503)),
}
LOADS = {
    "days": partial(in_the_morning, "h"),
    "working_days": partial(in_the_morning, "i", weekdays=5),
    "berlin": partial(in_berlin, "j"),
}


class _Catalog:
    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._tables = tables

    def table(self, database: str, name: str, _account: str | None) -> Table:
        return self._tables[f"{database}.{name}"]

    def tables(self, database: str, _account: str | None) -> object:
        from checks.lake.glue.catalog import Found

        return Found(tuple(each for each in self._tables.values() if each.database == database), {})


class Lake:
    """A lake of all habits, as it is at an instant."""

    def __init__(self, now: datetime, *, dead: timedelta = timedelta(0)) -> None:
        self.memory, self.tables, self.now = MemoryLake(), dict[str, Table](), now
        until = now - dead
        for name, times in HABITS.items():
            table = self.memory.table(f"a.{name}")
            for number, came in enumerate(each for each in times() if each <= until):
                self.memory.put(f"{table.location}{number:06d}.json", came)
            self.tables[table.id] = table
        for name, loads in LOADS.items():
            table = partitioned(
                self.memory, f"a.{name}", ((day, came) for day, came in loads() if came <= until)
            )
            self.tables[table.id] = table
        self._keyed(until)

    def _keyed(self, until: datetime) -> None:
        """Add hours, and days of two regions of which one is late."""
        hours = self.memory.table("a.hours", None, dt="string", hour="string")
        regions = self.memory.table("a.regions", None, dt="string", region="string")
        for number in range(24 * 20):
            hour = TODAY - 19 * DAY + number * HOUR
            came = hour + HOUR + timedelta(minutes=number * 7 % 9)
            if came <= until:
                values = [f"{hour:%Y-%m-%d}", f"{hour:%H}"]
                self.memory.register(hours, values, at=came)
                self.memory.put(f"{hours.location}dt={values[0]}/hour={values[1]}/a", came)
        for day, came in in_the_morning("k"):
            for region, late in (("eu", 0), ("us", 1)):
                if came + late * HOUR <= until:
                    self.memory.register(regions, [f"{day:%Y-%m-%d}", region], at=came + late * HOUR)
                    self.memory.put(
                        f"{regions.location}dt={day:%Y-%m-%d}/region={region}/a", came + late * HOUR
                    )
        self.tables |= {each.id: each for each in (hours, regions)}

    def proposed(self) -> str:
        """Return the config that is proposed."""
        clock = Clock(now=self.now)
        want = Want(globs=("a.*",), back=90 * DAY, false_alarms=1.0, written="1/month", max_requests=500)
        plans = tuple(TablePlan(table=each, rules=()) for _, each in sorted(self.tables.items()))
        looking = Looking(Asked(want=want, planned=Planned(plans=plans)))
        adopted = []
        for each in plans:
            looking(each, clock, self.memory.reader)
            found = looking.found[each.table.id]
            assert isinstance(found, Proposal), (each.table.id, found)
            replayed = replay_of(found.arrivals, 0.5, self.now, want.back, dated=found.dated)
            adopted.append(Adopted(table=each.table.id, proposal=found, replayed=replayed))
        return text_of(Discovery(want=want, on=date(2026, 11, 23), adopted=tuple(adopted)))

    def run(self, text: str) -> dict[str, Finding]:
        """Return what a first run by a config finds of each table."""
        config = load_text(text, "checks.yml", environ={})
        planned = plan(config, cast("Catalog", _Catalog(self.tables)), {}, self.now)
        assert not planned.findings
        clock = Clock(now=self.now)
        seen = {each.table.id: observe(each, clock, self.memory.reader(each)) for each in planned.plans}
        plans = learn(planned.plans, seen, clock, None)
        found = {each.table.id: judge(each, seen[each.table.id], clock) for each in plans}
        return {table: finding for table, each in found.items() for finding in each.values()}


@pytest.mark.parametrize("hour", [0.0, 5.4, 9.0, 23.9])
def test_nothing_is_raised_of_healthy_tables(hour: float) -> None:
    lake = Lake(TODAY + hour * HOUR)
    found = lake.run(lake.proposed())
    assert len(found) == 12
    assert {table: each.because for table, each in found.items() if each.status is not Status.PASS} == {}


@pytest.mark.parametrize("later", [1, 7])
def test_nothing_is_raised_of_them_later_on(later: int) -> None:
    text = Lake(TODAY + 12 * HOUR - later * DAY).proposed()
    found = Lake(TODAY + 12 * HOUR).run(text)
    assert {table: each.because for table, each in found.items() if each.status is not Status.PASS} == {}


def test_what_died_since_is_told() -> None:
    text = Lake(TODAY + 12 * HOUR - 3 * DAY).proposed()
    found = Lake(TODAY + 12 * HOUR, dead=3 * DAY).run(text)
    alive = {"a.weekly", "a.monthly"}  # nothing of these is due yet, or just now
    assert {
        table for table, each in found.items() if each.severity is Severity.CRITICAL
    } >= found.keys() - alive
