"""`partitions: auto` over tables of which only some hours hold data."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.marks import MarkKind
from checks.model import ItemState, Status
from checks.rules.asking import Share
from checks.rules.learned_periods import MOST_KEPT, learn_schedule
from checks.schedule.due import Schedule
from checks.schedule.periods import HOURLY, parse_every
from tests.rules.test_learned_periods import START, Table
from tests.rules.test_taught_periods import mark
from tests.support.times import BERLIN, DAY, HOUR, at

if TYPE_CHECKING:
    from collections.abc import Callable

CHANCE = random.Random(3)  # noqa: S311 - a simulation
MINUTE = timedelta(minutes=1)
UTC_ZONE = ZoneInfo("UTC")
SHARE = Share(a_year=1.0, wanted=1.0)


@pytest.fixture(autouse=True)
def same_times() -> None:
    """Every test draws the same times, in whatever order they run."""
    CHANCE.seed(3)


def soon(hour: datetime) -> datetime:
    return hour + HOUR + CHANCE.randrange(10) * MINUTE


def daytime(hour: datetime) -> datetime | None:
    return soon(hour) if 6 <= hour.hour < 22 else None


def office(hour: datetime) -> datetime | None:
    return soon(hour) if 9 <= hour.hour < 18 and hour.weekday() < 5 else None


def office_in_berlin(hour: datetime) -> datetime | None:
    local = hour.astimezone(BERLIN)
    return soon(hour) if 8 <= local.hour < 18 and local.weekday() < 5 else None


def three_a_day(hour: datetime) -> datetime | None:
    return soon(hour) if hour.hour in (6, 12, 18) else None


def table(comes: Callable[[datetime], datetime | None], days: int = 50, **more: Any) -> Table:
    """Return an hourly table whose first look reaches back three weeks, and later ones two days."""
    more = {"block": {"auto": True, "every": "1h", "lookback": 48}} | more
    return Table(comes, hours=True, days=days, **more)


def started(found: Table, day: int = 21) -> Table:
    """Return a table after a first look at all that came, and a run after it."""
    first = replace_lookback(found, 24 * day)
    first.run(START + day * DAY + HOUR / 10)
    found.lake, found.table, found.waiting = first.lake, first.table, first.waiting
    found.memory, found.last = first.memory, first.last
    return found


def replace_lookback(found: Table, periods: int) -> Table:
    block = {**found.block, "lookback": periods} if isinstance(found.block, dict) else found.block
    return Table(found.comes, block, found.hours, found.more, found.days)


@pytest.mark.slow
@pytest.mark.parametrize("comes", [daytime, office, office_in_berlin, three_a_day])
def test_a_healthy_table_raises_nothing_by_night_by_weekend_and_over_a_change_of_clocks(
    comes: Callable[[datetime], datetime | None],
) -> None:
    found = started(table(comes, days=62))
    for night in range(22, 62):  # from 29 September to 8 November
        finding = found.run(START + night * DAY + HOUR / 10)[0]["partitions"]
        assert finding.status is Status.PASS, f"{night}: {finding.because}"
        assert "too little" not in finding.because
        assert all(comes(at(item.period.replace("T", " "))) is not None for item in finding.items)
    hours = found.rule.schedule.hours
    assert hours is not None
    assert f"data comes {hours.say()} only" in found.rule.schedule.say()


@pytest.mark.parametrize(
    ("comes", "lost", "before", "after"),
    [
        (daytime, "2026-10-14 06:00", "2026-10-14 07:09", "2026-10-14 07:30"),
        (daytime, "2026-10-14 21:00", "2026-10-14 22:09", "2026-10-14 22:30"),
        (office, "2026-10-16 17:00", "2026-10-16 18:09", "2026-10-16 19:00"),
        (office_in_berlin, "2026-10-29 07:00", "2026-10-29 08:09", "2026-10-29 09:00"),
        (three_a_day, "2026-10-14 12:00", "2026-10-14 13:09", "2026-10-14 14:30"),
    ],
)
def test_an_hour_that_does_not_come_is_told_by_its_learned_deadline(
    comes: Callable[[datetime], datetime | None], lost: str, before: str, after: str
) -> None:
    found = started(table(lambda hour: None if hour == at(lost) else comes(hour), days=60))
    night = START + 22 * DAY + HOUR / 10
    while night < at(before):
        assert found.run(night)[0]["partitions"].status is Status.PASS
        night += DAY
    assert found.run(at(before))[0]["partitions"].status is Status.PASS
    finding = found.run(at(after))[0]["partitions"]
    assert finding.status is Status.FAIL
    label = lost.replace(" ", "T")
    assert [item.period for item in finding.items if item.state is ItemState.MISSING] == [label]
    assert f"{label} missing" in finding.because
    assert finding.deadline is not None
    assert at(before) <= finding.deadline < at(after)
    following = found.run(at(after) + DAY)[0]["partitions"]
    assert [item.period for item in following.items if item.state is ItemState.MISSING] == [label]


def test_volume_and_catalog_beside_it_judge_the_last_hour_that_holds_data() -> None:
    found = started(table(daytime, more={"volume": {"min_bytes": "1B"}, "catalog": "on"}))
    for night in range(22, 27):
        findings, _ = found.run(START + night * DAY + HOUR / 10)
        assert {each.status for each in findings.values()} == {Status.PASS}
        day = START + (night - 1) * DAY
        assert f"{day:%Y-%m-%d}T21:00" in findings["volume"].because
    assert {getattr(rule, "schedule", None) for rule in found.plan.rules} == {found.rule.schedule}


def test_a_run_asks_for_the_hours_that_hold_data_and_for_no_other() -> None:
    found = started(table(daytime, block={"auto": True, "every": "1h", "lookback": 16}))
    found.run(START + 22 * DAY + HOUR / 10)
    for night in range(23, 26):
        finding, asked = found.run(START + night * DAY + HOUR / 10)
        assert asked == {"glue:BatchGetPartition": 1, "s3:ListObjectsV2": 1}
        assert len(finding["partitions"].items) == 16


def test_while_only_some_days_are_known_it_is_said_how_many_are_needed() -> None:
    found = table(daytime, days=20)
    because = ""
    for day in range(1, 6):
        because = found.run(START + day * DAY + HOUR / 10)[0]["partitions"].because
        if day == 3:
            assert "2 days seen, 3 needed to tell at which times it holds data" in because
    assert "too little is known" not in because


def test_a_change_of_the_hours_is_told_three_times_and_learned() -> None:
    changed = START + 30 * DAY
    found = started(table(lambda hour: daytime(hour) if hour < changed or hour.hour < 18 else None))
    news: dict[int, list[str]] = {}
    known: set[str] = set()
    for night in range(22, 50):
        finding = found.run(START + night * DAY + HOUR / 10)[0]["partitions"]
        bad = {item.period for item in finding.items if item.state is ItemState.MISSING}
        if bad - known:
            news[night] = sorted(bad - known)
        known |= bad
    assert list(news) == [31, 32, 33]
    assert all(len(labels) == 4 for labels in news.values())


def test_an_hour_that_was_expected_is_not_due_on_such_days() -> None:
    lost = [at("2026-10-14 13:00"), at("2026-10-21 13:00"), at("2026-10-22 13:00")]
    found = started(table(lambda hour: None if hour in lost else daytime(hour)))
    for night in range(22, 39):
        found.run(START + night * DAY + HOUR / 10)
    found.marks = (mark(MarkKind.EXPECTED, START + 38 * DAY + HOUR, item="2026-10-14T13:00"),)
    told = {}
    for night in range(39, 48):
        finding = found.run(START + night * DAY + HOUR / 10)[0]["partitions"]
        bad = [item.period for item in finding.items if item.state is ItemState.MISSING]
        told[(START + (night - 1) * DAY).date().isoformat()] = [
            each for each in bad if each > "2026-10-14T13:00"
        ]
    assert told["2026-10-21"] == []
    assert told["2026-10-22"] == ["2026-10-22T13:00"]


def firsts_of(
    comes: Callable[[datetime], datetime | None], days: int, labels: ZoneInfo, every: str = "1h"
) -> dict[str, datetime]:
    cadence = parse_every(every)
    found: dict[str, datetime] = {}
    for number in range(int(days * DAY / cadence.nominal)):
        period = START + number * cadence.nominal
        came = comes(period)
        if came is not None:
            wall = period.astimezone(labels).replace(tzinfo=None)
            found.setdefault(cadence.label(cadence.floor(wall)), came)
    return found


@pytest.mark.parametrize("every", ["1h", "1d"])
def test_where_labels_are_of_a_place_deadlines_count_from_its_periods(every: str) -> None:
    """A deadline that was counted as if the labels were of UTC would come hours too early."""
    cadence = parse_every(every)

    def comes(period: datetime) -> datetime:
        return period + cadence.nominal + CHANCE.randrange(10) * MINUTE

    tokyo = ZoneInfo("Asia/Tokyo")
    stated = Schedule(every=cadence, labels=tokyo, zone=UTC_ZONE)
    begin = 15 * HOUR  # midnight in Tokyo
    firsts = {
        label: came + begin if every == "1d" else came
        for label, came in firsts_of(comes, 30, UTC_ZONE if every == "1d" else tokyo, every).items()
    }
    if every == "1d":
        firsts = {label: came - DAY for label, came in firsts.items()}
    schedule = learn_schedule(stated, firsts, SHARE).schedule
    assert schedule is not None
    due = schedule.due(START + 30 * DAY)[0]
    lateness = due.due_at - due.period.end
    assert timedelta(0) < lateness < cadence.nominal / 2


def test_hours_of_labels_in_berlin_are_those_of_its_clock() -> None:
    stated = Schedule(every=HOURLY, labels=BERLIN, zone=UTC_ZONE)
    schedule = learn_schedule(stated, firsts_of(office_in_berlin, 40, BERLIN), SHARE).schedule
    assert schedule is not None
    assert schedule.hours is not None
    assert schedule.hours.say() == "Mon to Fri 08:00 to 18:00 Europe/Berlin"


def test_hours_that_come_in_one_go_each_night_are_not_learned() -> None:
    found = learn_schedule(
        Schedule(every=HOURLY, labels=UTC_ZONE, zone=UTC_ZONE),
        firsts_of(lambda hour: hour.replace(hour=0) + DAY + 2 * HOUR, 16, UTC_ZONE),
        SHARE,
    )
    assert found.schedule is None
    assert found.lacks == "its periods come several at once"


@pytest.mark.parametrize(("every", "hours"), [("6h", None), ("3h", "06:00 to 21:00 UTC"), ("12h", None)])
def test_several_hours_long_periods_are_learned(every: str, hours: str | None) -> None:
    cadence = parse_every(every)

    def comes(period: datetime) -> datetime | None:
        return None if hours and not 6 <= period.hour < 21 else period + cadence.nominal + 5 * MINUTE

    found = learn_schedule(
        Schedule(every=cadence, labels=UTC_ZONE, zone=UTC_ZONE), firsts_of(comes, 30, UTC_ZONE, every), SHARE
    )
    assert found.schedule is not None, found.lacks
    assert (found.schedule.hours.say() if found.schedule.hours is not None else None) == hours


def test_quarters_of_an_hour_are_not_and_it_is_said() -> None:
    every = parse_every("15m")
    found = learn_schedule(Schedule(every=every, labels=UTC_ZONE, zone=UTC_ZONE), {}, SHARE)
    assert found.lacks == "periods of 15m are not learned, only those of hours, days and longer are"


@pytest.mark.slow
def test_hours_that_are_missed_now_and_then_are_told_as_one_from_some_in_a_row_on() -> None:
    """The night between them is no hour that was missed: the last of a day and the first of the next are in a row."""
    chance = random.Random(5)  # noqa: S311 - a simulation
    lost = {START + number * HOUR for number in range(24 * 50) if chance.random() < 0.06}
    begun = START + 40 * DAY + 20 * HOUR
    lost |= {begun + HOUR, *(begun + 10 * HOUR + hour * HOUR for hour in range(4))}
    found = started(table(lambda hour: None if hour in lost else daytime(hour)), 30)
    told = {}
    for run in range(38 * 8, 42 * 8):
        now = START + run * 3 * HOUR + HOUR / 2
        finding = found.run(now)[0]["partitions"]
        assert all(item.state is not ItemState.MISSING for item in finding.items)
        if finding.status is not Status.PASS:
            told[now] = finding
    needed = found.rule.schedule.misses
    assert 1 < needed <= 4
    assert begun + 12 * HOUR < min(told) < begun + 14 * HOUR, "the second in a row is due at half past seven"
    assert max(told) < begun + 18 * HOUR
    assert f"from {needed} in a row on" in told[min(told)].because


def test_volume_beside_it_judges_no_hour_that_still_fills() -> None:
    """The first data of an hour comes with its first minutes; all of it is there when it is over."""
    found = started(
        table(lambda hour: hour + 5 * MINUTE if daytime(hour) else None, more={"volume": {"min_bytes": "1B"}})
    )
    findings, _ = found.run(at("2026-09-29 12:30"))
    assert found.rule.schedule.from_start
    assert "2026-09-29T11:00 came to" in findings["volume"].because
    assert findings["partitions"].items[0].period == "2026-09-29T12:00"


@pytest.mark.parametrize("lookback", [1, 14, "2d", "4d"])
def test_the_hours_are_told_on_the_first_day(lookback: int | str) -> None:
    """A first run looks four days back, however short the lookback is."""
    found = table(daytime, block={"auto": True, "lookback": lookback})
    finding = found.run(START + 21 * DAY + HOUR / 10)[0]["partitions"]
    assert "too little is known" not in finding.because
    assert finding.status is Status.PASS


def test_a_table_that_is_younger_than_that_waits_for_its_third_day() -> None:
    found = table(lambda hour: daytime(hour) if hour >= START + 20 * DAY else None, block={"auto": True})
    first, second = (found.run(START + days * DAY + HOUR / 10)[0]["partitions"] for days in (21, 25))
    assert "too little is known" in first.because
    assert "too little is known" not in second.because


@pytest.mark.parametrize("comes", [daytime, office, three_a_day, soon])
def test_a_further_day_on_schedule_never_unlearns_and_moves_deadlines_by_minutes(
    comes: Callable[[datetime], datetime | None],
) -> None:
    everything = firsts_of(comes, 45, UTC_ZONE)
    stated = Schedule(every=HOURLY, labels=UTC_ZONE, zone=UTC_ZONE)
    before: Schedule | None = None
    for day in range(4, 45):
        until = START + day * DAY + HOUR / 10
        known = {label: came for label, came in everything.items() if came <= until}
        kept = {label: known[label] for label in sorted(known, reverse=True)[:MOST_KEPT]}
        found = learn_schedule(stated, kept, SHARE).schedule
        assert found is not None, day
        assert found.misses == 1
        if before is not None:
            assert abs(found.after - before.after) <= HOUR / 3
            shown = [schedule.hours.say() if schedule.hours else "" for schedule in (before, found)]
            assert shown[0] == shown[1] or day <= 8, "a weekend is known once it was passed"
        before = found
