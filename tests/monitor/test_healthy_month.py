"""Healthy tables raise no alarm, and an incident is found by the first run that can know of it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from checks.changes import State
from checks.config import load
from checks.lake.glue.catalog import Catalog, Found
from checks.lake.observe import observe
from checks.model import Finding, Problem, ProblemKind, Severity, Status, Table, Unobserved
from checks.monitor.plan import plan
from checks.monitor.run_memory import records
from checks.rules.asking import Clock
from tests.support.healthy import Simulated, fifty
from tests.support.lakes import MemoryLake
from tests.support.times import DAY, HOUR, at
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checks.config import Config

README = Path(__file__).parents[2] / "README.md"
BERLIN = ZoneInfo("Europe/Berlin")
FIRST, LAST = date(2026, 10, 1), date(2026, 11, 9)
"""Data comes from the first day on; runs are daily from the eighth day to the last. Clocks change on 25 October."""
RUNS = [datetime(2026, 10, 8, tzinfo=UTC) + number * DAY for number in range(32)]
TABLES = {"sales.orders", "sales.customers", "web.clicks", "ads.spend", "s3://acme-raw/partner-a/"}


def readme_config() -> Config:
    """Return the example of the README: its first YAML that has tables."""
    blocks = README.read_text(encoding="utf-8").split("```yaml\n")[1:]
    text = next(block.split("```")[0] for block in blocks if "\ntables:" in block)
    return load(
        YAML(typ="safe", pure=True).load(text), environ={"TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:a"}
    )


@dataclass(frozen=True, order=True)
class Event:
    """An object that comes, and the partition that is registered with it."""

    at: datetime
    table: str
    path: str
    values: tuple[str, ...] = ()


def healthy() -> Iterator[Event]:
    """Yield what a month of healthy loads brings: times vary, and all of them are in time."""
    chance = random.Random(20261025)  # noqa: S311 - a simulation, the same each time

    def jitter(minutes: int) -> timedelta:
        return timedelta(minutes=chance.randrange(minutes))

    for number in range((LAST - FIRST).days):
        day = FIRST + number * DAY
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        following = midnight + DAY
        if day.weekday() < 5:  # orders rest on weekends; a day's come in the night after it
            yield Event(
                following + 2 * HOUR + jitter(90), "sales.orders", f"dt={day}/part-0.parquet", (str(day),)
            )
        yield Event(midnight + HOUR + jitter(60), "sales.customers", f"{day}.parquet")
        yield Event(midnight + HOUR + jitter(60), "sales.customers", "_SUCCESS")
        for hour in range(24):
            ended = midnight + (hour + 1) * HOUR
            values = (str(day), f"{hour:02d}")
            yield Event(ended + jitter(40), "web.clicks", f"dt={day}/hour={hour:02d}/part-0.parquet", values)
        yield Event(_local(day, 5) + jitter(120), "ads.spend", f"{day}.csv")
        yield Event(midnight + 9 * HOUR + jitter(60), "s3://acme-raw/partner-a/", f"{day}.csv.gz")
        yield Event(midnight + 23 * HOUR, "s3://acme-raw/partner-a/", "readme.txt")


def _local(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=BERLIN).astimezone(UTC)


@dataclass
class FakeCatalog:
    """A catalog of some tables."""

    found: dict[str, Table]

    def tables(self, database: str, account: str | None = None) -> Found:
        return Found(tuple(table for table in self.found.values() if table.database == database))

    def table(self, database: str, name: str, account: str | None = None) -> Table:
        try:
            return self.found[f"{database}.{name}"]
        except KeyError:
            raise Unobserved(Problem(ProblemKind.NOT_FOUND, "gone")) from None


@dataclass
class Month:
    """A lake that grows as time goes by, and the runs over it."""

    events: list[Event]
    config: Config = field(default_factory=readme_config)
    lake: MemoryLake = field(default_factory=MemoryLake)
    state: State = field(default_factory=State)

    def __post_init__(self) -> None:
        self.events = sorted(self.events)
        self.lake.bucket("acme-raw")
        made = [
            self.lake.table("sales.orders", dt="string"),
            self.lake.table("sales.customers"),
            self.lake.table("web.clicks", dt="string", hour="string"),
            self.lake.table("ads.spend"),
        ]
        self.catalog = FakeCatalog({table.id: table for table in made})
        self.known: set[tuple[str, tuple[str, ...]]] = set()

    def run(self, now: datetime) -> dict[str, Finding]:
        """Let everything come that comes by now, check, and remember; return the finding of each table."""
        while self.events and self.events[0].at <= now:
            self._bring(self.events.pop(0))
        planned = plan(self.config, cast("Catalog", self.catalog), self.state.tables, now)
        assert not planned.findings
        clock = Clock(now=now, last_completed_at=self.state.last_completed_at)
        found, observations = {}, {}
        for each in planned.plans:
            observations[each.table.id] = observe(each, clock, self.lake.reader(each))
            (found[each.table.id],) = judge(each, observations[each.table.id], clock).values()
        self.state = State(last_completed_at=now, tables=records(self.state, planned, observations))
        return found

    def _bring(self, event: Event) -> None:
        place = event.table
        if event.table in self.catalog.found:
            table = self.catalog.found[event.table]
            place = table.location or ""
            if event.values and (event.table, event.values) not in self.known:
                self.known.add((event.table, event.values))
                self.lake.register(table, event.values, None, event.at)
        self.lake.put(place + event.path, event.at)


def test_a_healthy_month_raises_no_alarm() -> None:
    month = Month(list(healthy()))
    for now in RUNS:
        found = month.run(now)
        assert set(found) == TABLES
        alarms = {
            table: finding.because for table, finding in found.items() if finding.status is not Status.PASS
        }
        assert not alarms, f"{now}: {alarms}"
        late = [item for finding in found.values() for item in finding.items if item.state != "present"]
        assert not late, f"{now}: {late}"


def is_lost(event: Event) -> bool:
    """Tell whether an event is lost to its table's incident."""
    match event.table:
        case "sales.orders":
            return event.values == ("2026-10-14",)
        case "sales.customers":
            return event.at > at("2026-10-20 12:00") and not event.path.startswith("_")
        case "web.clicks":
            return event.values == ("2026-10-25", "13")
        case "ads.spend":
            return event.path == "2026-11-02.csv"
        case _:
            return event.at > at("2026-10-27 12:00") and event.path.endswith(".csv.gz")


FOUND_AT = {
    "sales.orders": (
        "2026-10-16 00:00",  # due Thursday 06:00 in Berlin, after that day's run
        "1 of 10 due days without usable data: 2026-10-14 missing, due Thu 15 Oct 2026 06:00 CEST",
    ),
    "sales.customers": ("2026-10-22 00:00", "no new data for 46 h"),  # 24 h old on the 21st, after 01:00
    "web.clicks": (
        "2026-10-26 00:00",
        "1 of 24 due hours without usable data: 2026-10-25T13:00 missing, due Sun 25 Oct 2026 15:45 CET",
    ),
    "ads.spend": ("2026-11-03 00:00", "no new data for"),
    "s3://acme-raw/partner-a/": ("2026-10-29 00:00", "no new data for 38 h"),
}


def test_each_incident_is_found_by_the_first_run_that_can_know() -> None:
    month = Month([event for event in healthy() if not is_lost(event)])
    first: dict[str, tuple[datetime, Finding]] = {}
    for now in RUNS:
        for table, finding in month.run(now).items():
            if finding.status is not Status.PASS:
                first.setdefault(table, (now, finding))
    assert {table: now for table, (now, _) in first.items()} == {
        t: at(text) for t, (text, _) in FOUND_AT.items()
    }
    for table, (_, finding) in first.items():
        assert finding.severity is Severity.CRITICAL
        assert finding.because.startswith(FOUND_AT[table][1])


@pytest.fixture(scope="module")
def year() -> Mapping[str, Simulated]:
    return {table.name: table for table in fifty()}


SPECIAL_DAYS = [
    *[date(2026, month, 1) for month in range(1, 13)],
    *[date(2026, 3, 8), date(2026, 3, 29), date(2026, 4, 5), date(2026, 9, 27), date(2026, 10, 4)],
    *[date(2026, 10, 25), date(2026, 11, 1), date(2026, 12, 28), date(2026, 12, 31)],
]
"""Days on which something turns: months, years, clocks (in Europe, America, Australia, New Zealand), week 53."""


def hours_to_check(chance: random.Random) -> list[datetime]:
    """Return some hours of the year, and more of its special days."""
    hours = [datetime(2026, 1, 1, tzinfo=UTC) + number * HOUR for number in chance.sample(range(8760), 24)]
    for day in SPECIAL_DAYS:
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        hours += [midnight + number * HOUR for number in chance.sample(range(-12, 36), 3)]
    for text in ("2026-03-08 07:00", "2026-03-29 01:00", "2026-10-25 01:00", "2026-11-01 06:00"):
        hours += [at(text) + number * HOUR for number in (-1, 0, 1, 2)]
    return hours


@pytest.mark.slow
def test_a_healthy_year_of_fifty_tables_raises_no_alarm(year: Mapping[str, Simulated]) -> None:
    """A sample of the hours, with those in which clocks change; `bench/healthy_year.py` checks all of them."""
    chance = random.Random(1)  # noqa: S311 - a sample, the same each time
    assert len(year) == 50
    for table in year.values():
        for now in hours_to_check(chance):
            finding = table.finding(now)
            assert finding.status is Status.PASS, f"{table.name} at {now}: {finding.because}"


@pytest.mark.slow
def test_each_lost_load_of_the_year_is_found_the_second_it_is_overdue(year: Mapping[str, Simulated]) -> None:
    chance = random.Random(2)  # noqa: S311 - a sample, the same each time
    for table in year.values():
        inside = [
            number
            for number, load in enumerate(table.loads)
            if load.overdue_at is not None
            and at("2026-01-01 00:00") <= load.overdue_at < at("2026-12-31 00:00")
        ]
        for number in chance.sample(inside, min(8, len(inside))):
            broken, overdue_at = table.without(number), table.loads[number].overdue_at
            assert overdue_at is not None
            before, after = broken.finding(overdue_at - timedelta(seconds=1)), broken.finding(overdue_at)
            assert before.status is Status.PASS, f"{table.name} {table.loads[number]}: {before.because}"
            assert after.status is Status.FAIL, f"{table.name} {table.loads[number]}: {after.because}"
