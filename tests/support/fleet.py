"""A small fleet over many nights: each table's arrivals by a habit of its own, each run with what the last one left."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from checks.changes import State, hold
from checks.history.document import from_text, to_text
from checks.lake.observe import observe
from checks.monitor.learning import learn
from checks.monitor.plan import plan
from checks.monitor.run_memory import records
from checks.rules.asking import Clock
from tests.support.lakes import MemoryLake
from tests.support.times import DAY, HOUR
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from checks.config import Config
    from checks.lake.glue.catalog import Catalog
    from checks.marks import Mark
    from checks.model import Finding, Observation

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, order=True)
class Coming:
    """A file that comes below a table's place, and the partition it is of."""

    at: datetime
    place: str
    name: str


def prefix_of(name: str) -> str:
    """Return the place of a table of the fleet."""
    return f"s3://lake/{name}/"


def daily(name: str, start: datetime, days: int, *, hour: float = 5.2, weekdays: int = 7) -> Iterator[Coming]:
    """Yield a file a day, within half an hour of an hour of the day (UTC), on so many days of the week."""
    chance = random.Random(name)  # noqa: S311 - a simulation, the same each time
    for number in range(days):
        day = start + number * DAY
        if day.weekday() < weekdays:
            at = day + hour * HOUR + chance.randrange(30) * MINUTE
            yield Coming(at, prefix_of(name), f"{day:%Y-%m-%d}.csv")


def hourly(name: str, start: datetime, days: int, *, minutes: int = 60) -> Iterator[Coming]:
    """Yield a file every so many minutes, some minutes late each."""
    chance = random.Random(name)  # noqa: S311 - the same
    for number in range(days * 24 * 60 // minutes):
        at = start + number * minutes * MINUTE + timedelta(seconds=chance.randrange(max(60, minutes * 10)))
        yield Coming(at, prefix_of(name), f"{at:%Y-%m-%dT%H%M}-{number}.json")


def by_chance(name: str, start: datetime, days: int, *, a_day: float = 20) -> Iterator[Coming]:
    """Yield files that come by chance alone, so many a day in the mean."""
    chance = random.Random(name)  # noqa: S311 - the same
    at, number = start, 0
    while at < start + days * DAY:
        at += timedelta(seconds=chance.expovariate(a_day / DAY.total_seconds()))
        number += 1
        yield Coming(at, prefix_of(name), f"{number:06d}.json")


def weekly(name: str, start: datetime, days: int) -> Iterator[Coming]:
    """Yield a file each Monday morning."""
    for each in daily(name, start, days, hour=7):
        if each.at.weekday() == 0:
            yield each


def monthly(name: str, start: datetime, days: int) -> Iterator[Coming]:
    """Yield a file on the third of each month."""
    for each in daily(name, start, days, hour=9):
        if each.at.day == 3:
            yield each


@dataclass
class Fleet:
    """A lake that grows as time goes by, and the runs over it; ``asked`` counts the listings of the last run."""

    config: Config
    comings: Iterable[Coming]
    lake: MemoryLake = field(default_factory=MemoryLake)
    state: State = field(default_factory=State)
    observations: Mapping[str, Observation] = field(default_factory=dict)
    asked: int = 0
    stop_at: float | None = None
    marks: Sequence[Mark] = ()

    def __post_init__(self) -> None:
        self.waiting = sorted(self.comings)
        self.lake.bucket("lake")

    def run(self, now: datetime, *, keep: bool = True, ignore_later: bool = False) -> dict[str, Finding]:
        """Let everything come that comes by now, check, and remember; return each table's finding of freshness."""
        while self.waiting and self.waiting[0].at <= now:
            came = self.waiting.pop(0)
            self.lake.put(came.place + came.name, came.at)
        return self.look(now, keep=keep, ignore_later=ignore_later)

    def look(self, now: datetime, *, keep: bool = True, ignore_later: bool = False) -> dict[str, Finding]:
        """Check what is there."""
        planned = plan(
            self.config, cast("Catalog", None), self.state.tables, now, marks=hold(self.marks, now)
        )
        assert not planned.findings
        clock = Clock(now=now, ignore_later=ignore_later, last_completed_at=self.state.last_completed_at)
        before = self.lake.counts.get("s3:ListObjectsV2", 0)
        self.observations = {
            each.table.id: observe(each, clock, self.lake.reader(each)) for each in planned.plans
        }
        self.asked = self.lake.counts.get("s3:ListObjectsV2", 0) - before
        planned = replace(planned, plans=learn(planned.plans, self.observations, clock, self.stop_at))
        found = {
            each.table.id: judge(each, self.observations[each.table.id], clock)["freshness"]
            for each in planned.plans
        }
        if keep:
            kept = State(
                last_completed_at=now,
                tables=records(self.state, planned, self.observations, found.values()),
            )
            self.state = from_text(to_text(kept))
        return found


def nights(first: datetime, count: int, hour: int = 0) -> list[datetime]:
    """Return the times of daily runs."""
    return [first.astimezone(UTC) + number * DAY + hour * HOUR for number in range(count)]


def lost(comings: Iterable[Coming], is_lost: Callable[[Coming], bool]) -> list[Coming]:
    """Return what comes without what is lost."""
    return [each for each in comings if not is_lost(each)]
