"""`partitions: auto` over weeks, months and longer periods."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.changes import State, advance, changes
from checks.lake.observe import observe
from checks.marks import MarkKind
from checks.model import Finding, ItemState, Reason, Status, TableMemory
from checks.monitor.learning import learn
from checks.monitor.plan import Planned
from checks.monitor.run_memory import records
from checks.rules.asking import Clock, Share
from checks.rules.base import Binding, TablePlan
from checks.rules.learned_periods import learn_schedule
from checks.rules.partitions import PartitionsConfig
from checks.rules.partitions_proposed import stated, to_read
from checks.rules.partitions_rule import PartitionsRule
from checks.rules.proposing import Extent
from checks.schedule.due import Schedule
from checks.schedule.periods import parse_every, period_of
from tests.rules.test_learned_periods import Table
from tests.rules.test_taught_periods import mark
from tests.support.lakes import MemoryLake, hive_location
from tests.support.times import BERLIN, DAY, HOUR, UTC_ZONE, at
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Callable
    from zoneinfo import ZoneInfo

CHANCE = random.Random(9)  # noqa: S311 - a simulation
SHARE = Share(a_year=1.0, wanted=1.0)
BEGIN = datetime(2024, 1, 1)  # a Monday, and the first day of a year


@pytest.fixture(autouse=True)
def same_times() -> None:
    """Every test draws the same times, in whatever order they run."""
    CHANCE.seed(9)


def jitter(minutes: int = 30) -> timedelta:
    return timedelta(minutes=CHANCE.randrange(minutes))


def on_working_day(number: int) -> Callable[[datetime], datetime]:
    """Return what comes at nine on that working day after the end of a period, by its end."""

    def comes(end: datetime) -> datetime:
        day, count = end, 0
        while True:
            count += day.weekday() < 5
            if count == number:
                return day + 9 * HOUR + jitter()
            day += DAY

    return comes


def tuesdays(end: datetime) -> datetime:
    return end + DAY + 6 * HOUR + jitter()


def firsts_of(
    every: str, comes: Callable[[datetime], datetime], count: int, labels: ZoneInfo = UTC_ZONE
) -> dict[str, datetime]:
    cadence = parse_every(every)
    found = {}
    wall = cadence.floor(BEGIN + timedelta(days=370))
    for number in range(count):
        period = period_of(cadence.step(wall, number), cadence, labels)
        assert period is not None
        found[period.label] = comes(period.end)
    return found


def learned(every: str, firsts: dict[str, datetime], labels: ZoneInfo = UTC_ZONE) -> Schedule:
    known = learn_schedule(Schedule(every=parse_every(every), labels=labels, zone=UTC_ZONE), firsts, SHARE)
    assert known.schedule is not None, known.lacks
    return known.schedule


SLOW: dict[str, tuple[str, Callable[[datetime], datetime], timedelta]] = {
    "weeks on Tuesdays": ("1w", tuesdays, 1 * DAY),
    "pairs of weeks": ("2w", tuesdays, 1 * DAY),
    "months on the 3rd": ("1mo", lambda end: end + 2 * DAY + 6 * HOUR + jitter(), 3 * DAY),
    "months on the 3rd working day": ("1mo", on_working_day(3), 3 * DAY),
    "quarters": ("3mo", lambda end: end + 10 * DAY + jitter(600), 8 * DAY),
    "years": ("1y", lambda end: end + 20 * DAY + jitter(600), 30 * DAY),
}


@pytest.mark.parametrize("name", SLOW)
def test_each_is_due_after_its_usual_day_and_not_long_after(name: str) -> None:
    every, comes, most = SLOW[name]
    firsts = firsts_of(every, comes, 15)
    for count in range(10, 15):
        schedule = learned(every, dict(list(firsts.items())[:count]))
        label = list(firsts)[count]
        wall = schedule.every.start_of(label)
        period = period_of(wall, schedule.every, UTC_ZONE) if wall is not None else None
        assert period is not None
        due = schedule.due_at(period)
        assert due is not None
        assert timedelta(0) < due - firsts[label] < most
        following = schedule.next_due(firsts[list(firsts)[count - 1]] + DAY)
        assert following is not None
        assert following.due_at >= firsts[list(firsts)[count - 1]]
        assert due.second == 0


@pytest.mark.parametrize(("count", "lacks"), [(3, "3 periods seen, 4 needed"), (4, ""), (5, "")])
@pytest.mark.parametrize("every", ["1w", "2w", "1mo", "3mo", "1y"])
def test_four_of_them_are_enough_and_it_is_said_that_they_are_few(every: str, count: int, lacks: str) -> None:
    known = learn_schedule(
        Schedule(every=parse_every(every), labels=UTC_ZONE, zone=UTC_ZONE),
        firsts_of(every, tuesdays, count),
        SHARE,
    )
    assert known.lacks == lacks
    assert (known.schedule is None) == bool(lacks)
    assert bool(lacks) or "few periods, so the margin is wide (a guess)" in known.sentence


def test_what_keeps_to_no_day_or_to_other_periods_is_not_learned_and_it_is_said() -> None:
    def told(firsts: dict[str, datetime], every: str = "1mo") -> str:
        return learn_schedule(
            Schedule(every=parse_every(every), labels=UTC_ZONE, zone=UTC_ZONE), firsts, SHARE
        ).lacks

    erratic = firsts_of("1mo", lambda end: end + timedelta(days=CHANCE.random() * 25), 20)
    assert told(erratic) in ("its data keeps to no day of the month", "its periods are not those of 1mo")
    quarterly = {label: came for label, came in firsts_of("1mo", tuesdays, 30).items() if label[-1] in "147"}
    quarterly = {label: came for label, came in quarterly.items() if label[-2:] in ("01", "04", "07", "10")}
    assert told(quarterly) == "its periods are not those of 1mo"
    by_day = {f"{label}-01": came for label, came in firsts_of("1mo", tuesdays, 20).items()}
    assert told(by_day, "1d") == "its periods keep no days; write every: 1mo where each is of a month"
    days = {f"2026-01-{day:02d}": at(f"2026-02-{day:02d}") for day in range(1, 28)}
    assert told(days) == "0 periods seen, 4 needed"
    assert told({}, "1w") == "0 periods seen, 4 needed"
    once = dict.fromkeys(firsts_of("1w", tuesdays, 20), at("2026-01-01"))
    assert told(once, "1w") == "1 period seen, 4 needed"


@pytest.mark.parametrize("labels", [UTC_ZONE, BERLIN])
def test_a_job_of_six_in_berlin_stays_that_over_a_change_of_clocks(labels: ZoneInfo) -> None:
    def comes(end: datetime) -> datetime:
        local = end.astimezone(BERLIN)
        return (
            datetime(local.year, local.month, local.day, 6, tzinfo=BERLIN).astimezone(UTC) + DAY + jitter(5)
        )

    schedule = learned("1w", firsts_of("1w", comes, 45, labels), labels)
    found = []
    for label in ("2026-W02", "2026-W28"):
        wall = schedule.every.start_of(label)
        assert wall is not None
        period = period_of(wall, schedule.every, labels)
        assert period is not None
        due = schedule.due_at(period)
        assert due is not None
        found.append(due.astimezone(BERLIN))
    assert found[0].hour == found[1].hour
    assert "Europe/Berlin" in schedule.say_deadline()


@settings(max_examples=20, deadline=None)
@given(
    every=st.sampled_from(["1w", "1mo"]),
    days=st.integers(0, 4),
    hour=st.integers(1, 22),
    count=st.integers(9, 20),
)
def test_a_further_period_on_schedule_never_unlearns_and_moves_no_deadline_by_hours(
    every: str, days: int, hour: int, count: int
) -> None:
    chance = random.Random(count)  # noqa: S311 - the same in each run
    firsts = firsts_of(
        every,
        lambda end: end + days * DAY + hour * HOUR + chance.randrange(30) * timedelta(minutes=1),
        count + 2,
    )
    labels = list(firsts)
    before, after = (
        learned(every, {label: firsts[label] for label in labels[:n]}) for n in (count, count + 1)
    )
    wall = before.every.start_of(labels[count + 1])
    period = period_of(wall, before.every, UTC_ZONE) if wall is not None else None
    assert period is not None
    due, again = before.due_at(period), after.due_at(period)
    assert due is not None
    assert again is not None
    assert abs(due - again) < HOUR
    assert due > firsts[labels[count + 1]]


def weekly(day: datetime) -> datetime | None:
    return tuesdays(day + 7 * DAY) if day.weekday() == 0 else None


def monthly(day: datetime) -> datetime | None:
    following = (day + 31 * DAY).replace(day=1)
    return on_working_day(3)(following) if day.day == 1 else None


RUNS: dict[str, tuple[Callable[[datetime], datetime | None], str, int, str, str]] = {
    # what comes, its cadence, the first night, what is lost, and the days that its alert may come on
    "weekly": (weekly, "1w", 120, "2027-01-25", "2027-W04"),
    "monthly": (monthly, "1mo", 240, "2027-06-01", "2027-06"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_night_by_night_one_that_does_not_come_is_told_once_and_no_other(name: str) -> None:
    comes, every, first, lost, label = RUNS[name]
    table = Table(
        lambda day: None if day == at(lost) else comes(day),
        block={"every": every, "auto": True},
        more={"volume": {"min_bytes": "1B"}},
        days=380,
    )
    state, news, asked = State(), [], []
    for night in range(first, 365):
        now = at("2026-09-07") + night * DAY
        findings, counts = table.run(now)
        told = changes(state, findings.values(), now, timedelta(days=400))
        state = advance(state, findings.values(), told, now, told)
        news += [(now, each.reason, each.item) for each in told if each.check == "partitions"]
        asked.append(sum(counts.values()))
        if now < at(lost):
            assert findings["partitions"].status is Status.PASS, findings["partitions"].because
            assert "too little" not in findings["partitions"].because
            assert findings["volume"].status is Status.PASS
    new = [(now, item) for now, reason, item in news if reason is Reason.NEW]
    assert [item for _, item in new] == [label]
    came = comes(at(lost))
    assert came is not None
    assert timedelta(0) < new[0][0] - came < timedelta(days=4)
    assert sorted(asked)[len(asked) // 2] <= 2
    assert table.rule.schedule.by is not None
    assert table.rule.known is not None
    usual = table.rule.known.sentence.partition(" of the last ")[2].partition("; ")[0].partition(" ")[2]
    assert usual in table.rule.schedule.say()


def test_while_few_weeks_are_known_what_is_stated_holds() -> None:
    table = Table(weekly, block={"every": "1w", "auto": True, "after": "5d"}, days=100)
    finding = table.run(at("2026-09-28"))[0]["partitions"]
    assert "too little is known to learn when they are due: 2 periods seen, 4 needed" in finding.because
    finding = table.run(at("2026-10-19"))[0]["partitions"]
    assert "too little" not in finding.because


@pytest.mark.slow
def test_a_rhythm_that_moves_is_told_for_three_weeks_and_learned() -> None:
    changed = at("2027-02-01")

    def comes(day: datetime) -> datetime | None:
        came = weekly(day)
        return came + 2 * DAY if came is not None and day >= changed else came

    table = Table(comes, block={"every": "1w", "auto": True}, days=300)
    late: set[str] = set()
    for night in range(120, 290):
        finding = table.run(at("2026-09-07") + night * DAY)[0]["partitions"]
        late |= {item.period for item in finding.items if item.state is ItemState.MISSING}
    assert sorted(late) == ["2027-W05", "2027-W06", "2027-W07"]


@pytest.mark.slow
def test_marks_teach_of_weeks_too() -> None:
    lost, late = at("2027-01-25"), at("2027-01-11")

    def comes(day: datetime) -> datetime | None:
        came = weekly(day)
        return None if day == lost or came is None else came + (14 * HOUR if day == late else 0 * HOUR)

    def told(marks: tuple[Any, ...]) -> datetime:
        table = Table(comes, block={"every": "1w", "auto": True}, days=200, marks=marks)
        for hour in range(120 * 4, 160 * 4):
            now = at("2026-09-07") + hour * 6 * HOUR
            finding = table.run(now)[0]["partitions"]
            if finding.status is Status.FAIL:
                assert [item.period for item in finding.items if item.state is ItemState.MISSING] == [
                    "2027-W04"
                ]
                return now
        raise AssertionError

    plain = told(())
    moment = late + 7 * DAY + DAY + 12 * HOUR
    taught = told((mark(MarkKind.MISSED, moment + DAY, moment=moment),))
    assert taught < plain


@pytest.mark.parametrize("name", SLOW)
def test_what_is_proposed_is_never_earlier_than_what_was_learned(name: str) -> None:
    every, comes, _ = SLOW[name]
    schedule = learned(every, firsts_of(every, comes, 14))
    now = at("2027-03-05")
    block = stated(schedule, now)
    again = PartitionsConfig.model_validate(block).bind(Binding(zone=BERLIN)).schedule
    wall = schedule.every.floor(datetime(2027, 4, 1))
    for number in range(6):
        period = period_of(schedule.every.step(wall, number), schedule.every, UTC_ZONE)
        assert period is not None
        due, told = schedule.due_at(period), again.due_at(period)
        assert due is not None
        assert told is not None
        assert due <= told <= due + 5 * DAY


def test_so_many_weeks_and_months_are_looked_at_as_a_discovery_reaches_back() -> None:
    assert to_read(Extent(back=timedelta(days=90), every=parse_every("1w"))) == {
        "every": "1w", "auto": True, "lookback": 13,
    }  # fmt: skip
    assert to_read(Extent(back=timedelta(days=365), every=parse_every("1mo"), most=9)) == {
        "every": "1mo", "auto": True, "lookback": 9,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("label", "days"), [("2026-W47", 7), ("2026-11", 30), ("2026-Q4", 92), ("2026", 365), ("2026-11-22", 1)]
)
def test_periods_are_known_by_their_names_where_their_length_is_not_stated(label: str, days: int) -> None:
    rule = PartitionsConfig.model_validate({"auto": True}).bind(Binding(zone=UTC_ZONE))
    period = rule.states.period_named(label)
    assert period is not None
    assert period.end - period.start == days * DAY
    assert rule.states.period_named("2026-W47-1") is None


@pytest.mark.parametrize(("key", "form", "every"), [("week", "%G-W%V", "1w"), ("month", "%Y-%m", "1mo")])
def test_the_length_of_periods_is_learned_by_their_names(key: str, form: str, every: str) -> None:
    comes = weekly if every == "1w" else monthly
    lake = MemoryLake()
    stated_table = lake.table("sales.orders", None, **{key: "string"})
    day = at("2026-01-05") if every == "1w" else at("2026-01-01")
    now = at("2026-12-20")
    while day < now:
        came = comes(day)
        if came is not None and came <= now:
            values = [f"{day:{form}}"]
            lake.put(f"{hive_location(stated_table, values)}part.parquet", came)
            lake.register(stated_table, values, None, came)
        day += DAY
    unlearned = PartitionsConfig.model_validate({"auto": True}).bind(Binding(zone=UTC_ZONE))
    memory, last = TableMemory(), None
    judged: list[tuple[Any, Finding]] = []
    for night in range(2):
        clock = Clock(now=now + night * DAY, last_completed_at=last)
        plan = TablePlan(table=stated_table, rules=(unlearned.remembering(memory),), memory=memory)
        seen = observe(plan, clock, lake.reader(plan))
        (learned_plan,) = learn((plan,), {stated_table.id: seen}, clock, None)
        finding = judge(learned_plan, seen, clock)["partitions"]
        planned = Planned(plans=(learned_plan,), watched=frozenset({stated_table.id}))
        memory = records(State(), planned, {stated_table.id: seen}, [finding])[stated_table.id].memory
        last = clock.now
        judged += [(rule, finding) for rule in learned_plan.rules]
    found, finding = judged[-1]
    assert isinstance(found, PartitionsRule)
    assert str(found.schedule.every) == every
    assert found.schedule.by is not None
    assert finding.status is Status.PASS
