"""`partitions: auto`: schedules that are learned from when earlier periods came, run by run."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.changes import State, hold
from checks.config import load
from checks.history.document import from_text, to_text
from checks.lake.observe import observe
from checks.model import Finding, Status, TableMemory
from checks.monitor.learning import learn
from checks.monitor.plan import Planned, by_marks, shared
from checks.monitor.run_memory import records
from checks.rules.asking import Clock, Share
from checks.rules.base import TablePlan
from checks.rules.learned_periods import MOST_KEPT, learn_schedule
from checks.schedule.due import Schedule
from checks.schedule.periods import DAILY, HOURLY
from tests.support.lakes import MemoryLake, hive_location
from tests.support.times import DAY, HOUR, at
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.marks import Mark
    from checks.rules.partitions_rule import PartitionsRule

START = at("2026-09-07")  # a Monday
BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
CHANCE = random.Random(5)  # noqa: S311 - a simulation


def jitter(minutes: int = 30) -> timedelta:
    return CHANCE.randrange(minutes) * MINUTE


def nightly(day: datetime) -> datetime:
    return day + DAY + 3 * HOUR + jitter()


def in_berlin(day: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, 6, tzinfo=BERLIN).astimezone(UTC) + DAY + jitter()


@dataclass
class Table:
    """A partitioned table and the runs over it; ``comes`` tells when a period's data comes, None: never."""

    comes: Callable[[datetime], datetime | None]
    block: Any = "auto"
    hours: bool = False
    more: dict[str, Any] = field(default_factory=dict)
    days: int = 80
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        CHANCE.seed(5)  # the same times in whatever order the tests run
        self.lake, self.memory = MemoryLake(), TableMemory()
        self.last: datetime | None = None
        keys: dict[str, Any] = {"dt": "string", "hour": "string"} if self.hours else {"dt": "string"}
        self.table = self.lake.table("sales.orders", None, **keys)
        config = load(
            {"version": 1, "tables": [{"table": "sales.orders", "partitions": self.block, **self.more}]},
            environ={},
        )
        resolved = config.resolve(None, "sales", "orders")
        assert resolved is not None
        self.rules = resolved.rules
        step, count = (HOUR, 24 * self.days) if self.hours else (DAY, self.days)
        periods = (START + number * step for number in range(count))
        self.waiting = sorted(
            (came, period) for period in periods if (came := self.comes(period)) is not None
        )

    def run(self, now: datetime) -> tuple[dict[str, Finding], dict[str, int]]:
        """Let all come that comes by then, check, and remember; return what was found, and the requests."""
        while self.waiting and self.waiting[0][0] <= now:
            came, period = self.waiting.pop(0)
            values = [f"{period:%Y-%m-%d}", *([f"{period:%H}"] if self.hours else [])]
            self.lake.put(f"{hive_location(self.table, values)}part.parquet", came)
            self.lake.register(self.table, values, None, came)
        plans = [TablePlan(table=self.table, rules=self.rules, memory=self.memory)]
        (plan,) = shared(by_marks(plans, hold(self.marks, now), now), 1.0)
        clock, before = Clock(now=now, last_completed_at=self.last), dict(self.lake.counts)
        seen = observe(plan, clock, self.lake.reader(plan))
        asked = {key: count - before.get(key, 0) for key, count in self.lake.counts.items()}
        (learned,) = learn((plan,), {self.table.id: seen}, clock, None)
        found = judge(learned, seen, clock)
        planned = Planned(plans=(learned,), watched=frozenset({self.table.id}))
        tables = records(State(), planned, {self.table.id: seen}, found.values())
        kept = from_text(to_text(State(tables=tables))).tables[self.table.id]
        self.memory, self.last, self.plan = kept.memory, now, learned
        return found, {key: count for key, count in asked.items() if count}

    @property
    def rule(self) -> PartitionsRule:
        return next(rule for rule in self.plan.rules if rule.check == "partitions")  # type: ignore[return-value]


WELL: dict[str, dict[str, Any]] = {
    "nightly": {"comes": nightly},
    "working days": {"comes": lambda day: nightly(day) if day.weekday() < 5 else None},
    "snapshots": {"comes": lambda day: day + 5 * HOUR + jitter()},
    "six o'clock in Berlin": {"comes": in_berlin},
    "a day and a half later": {"comes": lambda day: day + 2.5 * DAY + jitter()},
    "hours": {
        "comes": lambda hour: hour + 2 * HOUR + jitter(10),
        "hours": True,
        "block": {"auto": True, "lookback": 48},
        "days": 40,
    },
}


@pytest.mark.parametrize("name", WELL)
def test_healthy_tables_raise_nothing_whatever_their_schedule(name: str) -> None:
    table = Table(**WELL[name])
    for night in range(20, table.days):
        found, _ = table.run(START + night * DAY + 8 * HOUR)
        assert found["partitions"].status is Status.PASS, f"{night}: {found['partitions'].because}"
    assert table.rule.known is not None
    assert table.rule.known.schedule is not None
    assert len(table.memory.firsts) <= MOST_KEPT


@pytest.mark.parametrize(
    ("name", "lost", "due"),
    [
        ("nightly", "2026-10-14", "2026-10-15 06:00"),
        ("working days", "2026-10-14", "2026-10-15 07:00"),
        ("snapshots", "2026-10-14", "2026-10-14 08:00"),
        ("six o'clock in Berlin", "2026-11-11", "2026-11-12 08:00"),
    ],
)
def test_a_period_that_does_not_come_is_told_by_its_learned_deadline(name: str, lost: str, due: str) -> None:
    comes = WELL[name]["comes"]
    table = Table(lambda day: None if day == at(lost) else comes(day))
    earliest = at(due)
    for night in range(20, (at(lost) - START).days):
        assert table.run(START + night * DAY + 8 * HOUR)[0]["partitions"].status is Status.PASS
    before = table.run(earliest)[0]["partitions"]
    after = table.run(earliest + 2.5 * HOUR)[0]["partitions"]
    assert before.status is Status.PASS
    assert after.status is Status.FAIL
    assert f"{lost} missing" in after.because
    assert after.deadline is not None
    assert earliest < after.deadline <= earliest + 2.5 * HOUR


def test_a_job_of_six_o_clock_in_berlin_stays_that_over_a_change_of_clocks() -> None:
    table = Table(in_berlin)
    for night in range(20, 79):
        table.run(START + night * DAY + 8 * HOUR)
    deadline = table.rule.schedule.deadline
    assert deadline is not None
    assert deadline.zone.key == "Europe/Berlin"
    summer, winter = (
        deadline.first_at_or_after(at("2027-07-01")),
        deadline.first_at_or_after(at("2026-12-01")),
    )
    assert summer is not None
    assert winter is not None
    assert winter.hour - summer.hour == 1


@pytest.mark.parametrize(
    ("last", "hours"),
    [
        ("2026-10-20", 7.25),
        ("2026-10-22", 7.25),  # the next one comes on the 24th, the day before clocks change
        ("2026-10-23", 8.25),  # as a job that keeps to a clock of Europe would
        ("2026-10-24", 8.25),
    ],
)
def test_where_nothing_tells_clocks_apart_yet_the_schedule_is_due_when_its_sentence_says(
    last: str, hours: float
) -> None:
    days = [at(last) - number * DAY for number in range(24)]
    stated = Schedule(every=DAILY, labels=ZoneInfo("UTC"), zone=ZoneInfo("UTC"))
    firsts = {f"{day:%Y-%m-%d}": day + DAY + 4.25 * HOUR for day in days}
    known = learn_schedule(stated, firsts, Share.of(1, 1))
    assert known.schedule is not None
    next_due = known.schedule.next_due(at(last) + 1.5 * DAY)
    assert next_due is not None
    assert next_due.due_at == at(last) + 2 * DAY + hours * HOUR
    assert f"due {next_due.due_at:%H:%M} for {next_due.period.label}" in known.sentence


def test_the_length_of_periods_is_learned_by_their_names_and_others_look_at_them_too() -> None:
    table = Table(**WELL["hours"], more={"volume": "auto"})
    found, _ = table.run(START + 20 * DAY + 8 * HOUR)
    assert table.rule.schedule.every == HOURLY
    assert len(found["partitions"].items) == 48
    assert {getattr(rule, "schedule", None) for rule in table.plan.rules} == {table.rule.schedule}
    assert found["volume"].status is not Status.FAIL


def test_later_runs_cost_no_more_than_with_a_stated_schedule() -> None:
    learning, stated = Table(nightly), Table(nightly, block={"every": "1d", "due": "06:30"})
    for night in range(20, 40):
        now = START + night * DAY + 8 * HOUR
        assert learning.run(now)[1] == stated.run(now)[1]


@pytest.mark.parametrize(
    ("days", "block", "words"),
    [
        (3, "auto", "too little is known to learn when they are due: 4 periods seen, 8 needed"),
        (3, {"auto": True, "due": "04:00"}, "too little is known to learn when they are due: 4 periods seen, 8 needed"),
        (30, {"auto": True, "every": "1mo"}, "to learn when they are due: 2 periods seen, 4 needed"),
        (15, {"auto": True, "every": "1w"}, "to learn when they are due: 3 periods seen, 4 needed"),
    ],
)  # fmt: skip
def test_what_is_stated_holds_where_nothing_can_be_learned_and_it_is_said(
    days: int, block: Any, words: str
) -> None:
    table = Table(nightly, block=block)
    finding = table.run(START + days * DAY + 1 * DAY + 5 * HOUR)[0]["partitions"]
    assert words in finding.because


def told(firsts: dict[str, datetime]) -> str:
    """Return what is lacking to learn."""
    schedule = Schedule(every=DAILY, labels=ZoneInfo("UTC"), zone=ZoneInfo("UTC"))
    return learn_schedule(schedule, firsts, Share(a_year=1.0, wanted=1.0)).lacks


def test_odd_first_arrivals_teach_nothing_and_say_so() -> None:
    days = [START + number * DAY for number in range(30)]
    once = {f"{day:%Y-%m-%d}": START + 40 * DAY for day in days}
    assert told({}) == "0 periods seen, 8 needed"
    assert told(once) == "1 period seen, 8 needed"  # loaded at one instant
    assert told({f"p{number}": day for number, day in enumerate(days)}) == "0 periods seen, 8 needed"
    backwards = {f"{day:%Y-%m-%d}": START + (60 - number) * DAY for number, day in enumerate(days)}
    assert told(backwards) == "1 period seen, 8 needed"
    ahead = {f"{day + 40 * DAY:%Y-%m-%d}": day for day in days}
    assert told(ahead) == "its data comes before its periods begin"


def test_of_each_third_day_that_is_missed_several_in_a_row_are_told() -> None:
    firsts = {
        f"{START + number * DAY:%Y-%m-%d}": START + (number + 1) * DAY for number in range(60) if number % 3
    }
    schedule = Schedule(every=DAILY, labels=ZoneInfo("UTC"), zone=ZoneInfo("UTC"))
    found = learn_schedule(schedule, firsts, Share(a_year=1.0, wanted=1.0)).schedule
    assert found is not None
    assert found.misses > 1


def test_a_backfill_moves_no_deadline() -> None:
    firsts = {f"{START + number * DAY:%Y-%m-%d}": nightly(START + number * DAY) for number in range(30)}
    schedule = Schedule(every=DAILY, labels=ZoneInfo("UTC"), zone=ZoneInfo("UTC"))
    share = Share(a_year=1.0, wanted=1.0)
    before = learn_schedule(schedule, firsts, share).schedule
    old = {f"{START - number * DAY:%Y-%m-%d}": START + 20 * DAY + HOUR for number in range(1, 20)}
    assert learn_schedule(schedule, {**firsts, **old}, share).schedule == before


def test_a_stated_calendar_stays() -> None:
    calendars = {"rest": {"closed": ["sun"]}}
    config = load(
        {
            "version": 1,
            "calendars": calendars,
            "tables": [{"table": "a.b", "partitions": {"auto": True, "calendar": "rest"}}],
        },
        environ={},
    )
    resolved = config.resolve(None, "a", "b")
    assert resolved is not None
    (rule,) = resolved.rules
    firsts = {f"{START + number * DAY:%Y-%m-%d}": nightly(START + number * DAY) for number in range(30)}
    learned: Any = rule.remembering(replace(TableMemory(), firsts=firsts))
    assert learned.schedule.calendar.name == "rest"
    assert learned.known.schedule is not None


def test_what_is_missing_by_a_learned_deadline_is_told_by_the_first_run() -> None:
    lost = at("2026-09-26")
    table = Table(lambda day: None if day == lost else nightly(day))
    finding, _ = table.run(START + 20 * DAY + 8 * HOUR)
    assert finding["partitions"].status is Status.FAIL
    assert "2026-09-26 missing" in finding["partitions"].because
    assert table.rule.known is not None
    assert table.rule.known.schedule is not None
