"""Habits of jobs that learning has to see through: runs of many files, times of the day, wall clocks, months."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from holidays import country_holidays

from checks.learn import Alert, Arrival, Model, Watch, replay
from checks.learn.existing_slots import expected_slots, misfits
from checks.learn.keys import DAY, HOUR
from checks.learn.month_places import Month
from checks.learn.silence import fit_silence
from checks.learn.slots import fit_slots
from checks.learn.tails import without_incidents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
FIRST = START.timestamp()
BEGIN = FIRST + 60 * DAY
BERLIN = ZoneInfo("Europe/Berlin")


def draws(seed: int = 7) -> Random:
    return Random(seed)  # noqa: S311 - the same each time


def wall(day: int, hour: float, zone: ZoneInfo = BERLIN) -> float:
    date = START.date() + timedelta(days=day)
    return (datetime(date.year, date.month, date.day, tzinfo=zone) + timedelta(hours=hour)).timestamp()


def runs(
    times: Iterable[float],
    files: int = 1,
    key: Callable[[float], str] | None = None,
    jitter: float = 300.0,
    size: int | None = None,
) -> list[Arrival]:
    random = draws()
    found = []
    for at in times:
        late = random.random() * jitter
        found += [Arrival(float(int(at + late + 40 * i)), key(at) if key else "", size) for i in range(files)]
    return found


def told(arrivals: list[Arrival], end: float, share: float = 0.1) -> list[Alert]:
    return replay(arrivals, share, BEGIN, end)


def learned(arrivals: list[Arrival]) -> Model:
    watch = Watch(0.1, BEGIN, dated=bool(arrivals[0].partition))
    for arrival in arrivals:
        watch.add(arrival)
    watch.tick(max(BEGIN, arrivals[-1].at))
    assert isinstance(watch.model, Model)
    return watch.model


def without(times: Iterable[float], begin: float, end: float) -> list[float]:
    return [at for at in times if not begin <= at < end]


@pytest.mark.parametrize("files", [1, 2, 12])
def test_a_run_of_many_files_is_one_arrival(files: int) -> None:
    times = [FIRST + day * DAY + 5 * HOUR for day in range(80)]
    alerts = told(runs(without(times, FIRST + 70 * DAY, FIRST + 71 * DAY), files), times[-1])
    assert [a.check for a in alerts] == ["freshness"]
    assert 3 * HOUR <= alerts[0].opened - (FIRST + 70 * DAY + 5 * HOUR) <= 4 * HOUR


def test_a_stray_run_of_many_files_does_not_close_an_alert_of_hours() -> None:
    times = [FIRST + i * HOUR for i in range(70 * 24)]
    gone = FIRST + 65 * DAY
    arrivals = runs([*without(times, gone, gone + DAY), gone + 12 * HOUR], 6)
    arrivals.sort()
    alerts = told(arrivals, times[-1])
    assert len(alerts) == 1
    assert gone + DAY <= (alerts[0].closed or 0) <= gone + DAY + 2 * HOUR


@pytest.mark.parametrize("files", [1, 12])
@pytest.mark.parametrize("hours", [6, 24])
def test_hours_that_become_fewer_are_told_at_most_twice(files: int, hours: int) -> None:
    change = 65 * 24
    times = [FIRST + i * HOUR for i in range(90 * 24) if i < change or i % hours == 5]
    arrivals = runs(times, files, lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d-%H}")
    assert 1 <= len(told(arrivals, times[-1])) <= 2


def test_hours_that_become_fewer_as_clocks_change_are_told_at_most_twice() -> None:
    change = datetime(2026, 3, 30, tzinfo=UTC).timestamp()  # a day after the clocks of Europe
    times = [
        at
        for i in range(110 * 24)
        if (at := FIRST + i * HOUR) < change or datetime.fromtimestamp(at, UTC).hour % 6 == 1
    ]
    arrivals = runs(times, 2, lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d-%H}")
    assert 1 <= len(told(arrivals, times[-1])) <= 2


@pytest.mark.parametrize("outage", [3, 6, 12])
@pytest.mark.parametrize("day", [1, 20, 41])
@pytest.mark.parametrize("step", [HOUR / 4, HOUR])
def test_an_outage_of_a_job_that_is_exact_is_no_habit(outage: int, day: int, step: float) -> None:
    times = [FIRST + i * step for i in range(int(42 * DAY / step))]
    broken = without(times, FIRST + day * DAY + 5 * HOUR, FIRST + day * DAY + (5 + outage) * HOUR)
    whole, hurt = fit_silence(times, 0.1, {}), fit_silence(broken, 0.1, {})
    assert whole is not None
    assert hurt is not None
    assert hurt.limit == pytest.approx(whole.limit, rel=0.1)


def test_a_pause_that_each_fifth_day_has_stays_a_habit() -> None:
    times = [FIRST + i * HOUR for i in range(42 * 24) if not (i // 24 % 5 == 0 and 3 <= i % 24 < 9)]
    model = fit_silence(times, 0.1, {})
    assert model is not None
    assert model.limit > 7 * HOUR


@pytest.mark.parametrize("late", [2, 5, 8])
def test_one_late_run_of_a_job_that_is_exact_moves_no_deadline(late: int) -> None:
    firsts = [(FIRST + i * DAY, FIRST + i * DAY + 5.2 * HOUR) for i in range(60)]
    exact = fit_slots(firsts, 0.1)
    firsts[30] = firsts[30][0], firsts[30][1] + late * HOUR
    hurt = fit_slots(firsts, 0.1)
    assert exact is not None
    assert hurt is not None
    assert hurt.margin == exact.margin


SATURDAY = 5


def test_excesses_are_at_least_half_of_what_there_was() -> None:
    assert without_incidents([5.0], 1.0, 40) == [0.0] * 19
    assert without_incidents([5.0], 1.0) == [5.0]
    assert without_incidents([1.0, 2.0], 1.0, 4) == [1.0, 2.0]


def test_partitions_that_were_lacking_now_and_then_are_outages_and_days_without_news_are_none() -> None:
    lost = {11, 29, 47, 70}
    times = [FIRST + i * DAY + 5 * HOUR for i in range(80) if i not in lost]
    dated = runs(times, 1, lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}")
    assert [(a.opened - FIRST) // DAY for a in told(dated, times[-1])] == [70]
    # A job that keeps its hour on every day has no news to wait for; one of working days, or at any hour, may.
    assert [(a.opened - FIRST) // DAY for a in told(runs(times), times[-1])] == [70]
    every = [FIRST + i * DAY + 5 * HOUR for i in range(80)]
    working = [at for at in every if datetime.fromtimestamp(at, UTC).weekday() < SATURDAY]
    office = [at for i, at in enumerate(working) if i % 8 != 5]
    assert told(runs(office), office[-1]) == []
    random = draws(5)
    hours = [at + random.uniform(-5, 15) * HOUR for at in times]
    assert told(runs(hours), hours[-1]) == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC"])
def test_hours_that_exist_by_a_wall_clock_are_no_gap_when_it_changes(zone: str) -> None:
    times = [
        at
        for i in range(100 * 24)
        if 6 <= datetime.fromtimestamp(at := FIRST + i * HOUR, ZoneInfo(zone)).hour < 22
    ]
    arrivals = runs(times, 1, lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d-%H}")
    assert told(arrivals, times[-1]) == []
    gone = FIRST + 75 * DAY + 15 * HOUR
    lost = [a for a in arrivals if not gone <= a.at < gone + 3 * HOUR]
    assert len(told(lost, times[-1])) == 1


def test_misfits_count_what_is_lacking_and_what_is_too_much() -> None:
    starts = [FIRST + i * DAY for i in (0, 1, 2, 4, 5)]
    weekdays = {int((FIRST + i * DAY) % (7 * DAY) // DAY) for i in range(5)}
    assert misfits(starts, weekdays, DAY) == 2  # the Thursday and the Saturday


def test_days_of_a_month_on_which_a_job_is_late_each_time_have_a_margin_of_their_own() -> None:
    def due(day: int) -> float:
        date = START.date() + timedelta(days=day)
        long = (date + timedelta(days=1)).day == 1 or date.day == 1
        return FIRST + day * DAY + (11.5 if long else 5) * HOUR

    times = [due(day) for day in range(150)]
    arrivals = runs(times, 1, lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}")
    alerts = replay(arrivals, 0.1, FIRST + 100 * DAY, times[-1])  # the third month's end is the first judged
    assert alerts == []
    gone = FIRST + 130 * DAY
    told_then = replay(without_day(arrivals, gone), 0.1, FIRST + 100 * DAY, times[-1])
    assert [gone + 8 * HOUR <= a.opened <= gone + 8.5 * HOUR for a in told_then] == [True]


def without_day(arrivals: list[Arrival], day: float) -> list[Arrival]:
    return [a for a in arrivals if not day <= a.at < day + DAY]


def test_days_of_a_month_are_counted_from_both_ends() -> None:
    def on(text: str, later: int = 0) -> set[tuple[str, int]]:
        month = Month(frozenset({0, 1, 4, 5, 6}), ("DE", 0), later)
        return set(month.places(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()))

    assert on("2026-02-28") == {("day", 28), ("day from the end", -1)}  # a Saturday
    assert on("2028-02-28") >= {("day", 28), ("day from the end", -2), ("working day from the end", -2)}
    assert on("2026-01-02") == {("day", 2), ("day from the end", -30), ("working day", 1)}  # after a holiday
    assert on("2026-01-30") >= {("working day from the end", -1)}
    assert on("2026-01-31", 1) >= {("day", 31), ("run's day", 1), ("run's day from the end", -28)}


@pytest.mark.parametrize("again", [0.03, 1.0])
def test_a_size_is_judged_before_the_partition_is_written_again_by_later_runs(again: float) -> None:
    random, found = draws(), list[Arrival]()
    for day in range(80):
        at = FIRST + day * DAY + 5 * HOUR
        size = int((100 if day == 70 else 1000) * random.uniform(0.9, 1.1) * 1e6)
        key = [f"{datetime.fromtimestamp(at - back * DAY, UTC):%Y-%m-%d}" for back in range(4)]
        found.append(Arrival(at, key[0], size))
        found += [Arrival(at + 30 * back, key[back], int(1e9 * again)) for back in (1, 2, 3)]
    alerts = [a for a in told(sorted(found), found[-1].at) if a.check == "volume"]
    assert [a.opened - (FIRST + 70 * DAY) < 6 * HOUR for a in alerts] == [True]


def test_data_that_comes_once_the_next_partition_has_begun_counts_where_it_is_the_bulk() -> None:
    found = []
    for day in range(80):
        at = FIRST + day * DAY
        key = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
        found += [
            Arrival(at + 600, key, 1_000),
            Arrival(at + DAY + 2 * HOUR, key, 100_000 if day == 70 else 1_000_000),
        ]
    alerts = [a for a in told(sorted(found), found[-1].at) if a.check == "volume"]
    assert len(alerts) == 1
    assert 71 * DAY < alerts[0].opened - FIRST < 73 * DAY


@pytest.mark.parametrize("lag", [0, 1])
def test_holidays_that_fall_on_one_weekday_take_no_weekday_away(lag: int) -> None:
    closed = country_holidays("US", years=(2025, 2026))
    first = datetime(2025, 11, 3, tzinfo=UTC)
    days = [first + timedelta(days=i) for i in range(90)]
    open_days = [d for d in days if d.weekday() < 5 and d.date() not in closed]
    arrivals = [Arrival(d.timestamp() + 7 * HOUR, f"{d - timedelta(days=lag):%Y-%m-%d}") for d in open_days]
    # Thanksgiving, Christmas and New Year were Thursdays; Martin Luther King's day comes in the time that is judged.
    alerts = replay(arrivals, 0.1, first.timestamp() + 64 * DAY, open_days[-1].timestamp())
    assert alerts == []
    thursday = datetime(2026, 1, 22, tzinfo=UTC).timestamp()
    lost = [a for a in arrivals if not thursday <= a.at < thursday + DAY]
    assert len(replay(lost, 0.1, first.timestamp() + 64 * DAY, open_days[-1].timestamp())) == 1


def test_loads_of_every_ten_minutes_into_days_are_told_within_three_of_them() -> None:
    times = [FIRST + i * 600.0 for i in range(70 * 144)]
    gone = FIRST + 65 * DAY + 10 * HOUR
    arrivals = runs(
        without(times, gone, gone + 6 * HOUR),
        1,
        lambda at: f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}",
        40.0,
    )
    alerts = told(arrivals, times[-1])
    assert len(alerts) == 1
    assert alerts[0].opened <= gone + 1800
    assert max(b.at - a.at for a, b in pairwise(arrivals)) > 6 * HOUR


MONDAY = datetime(2026, 10, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("lost", "weekdays"),
    [
        ((), 7),
        ((5, 6), 7),  # the first weekend
        ((8,), 7),
        ((12, 13), 7),  # the second weekend is what is missing
        ((11, 12, 13), 7),
        ((5, 6, 12, 13), 5),
    ],
)
def test_a_day_that_came_once_in_the_first_weeks_exists(lost: tuple[int, ...], weekdays: int) -> None:
    starts = [MONDAY + day * DAY for day in range(14) if day not in lost]
    assert len(expected_slots(starts, DAY)) == weekdays


@pytest.mark.parametrize("weekdays", [5, 7])
@pytest.mark.parametrize("known", range(14, 36))
def test_one_day_that_was_lost_takes_no_weekday_away(weekdays: int, known: int) -> None:
    for lost in range(14):
        days = [day for day in range(known) if day % 7 < weekdays and day != lost]
        assert len(expected_slots([MONDAY + day * DAY for day in days], DAY)) == weekdays, lost


@pytest.mark.parametrize("known", range(15, 36))
def test_a_day_that_was_lost_takes_none_of_its_hours_away(known: int) -> None:
    for lost in range(7, 14):
        hours = [hour for hour in range(known * 24) if hour // 24 != lost]
        assert len(expected_slots([MONDAY + hour * HOUR for hour in hours], HOUR)) == 7 * 24, lost


@pytest.mark.parametrize("odd", [5, 6])
def test_a_day_of_a_weekend_that_comes_now_and_then_does_not_exist_where_the_other_does_not(odd: int) -> None:
    for lost in (odd, odd + 7):
        days = [day for day in range(21) if (day % 7 < 5 or day % 7 == odd) and day != lost]
        assert len(expected_slots([MONDAY + day * DAY for day in days], DAY)) == 5, lost


def test_a_day_that_came_once_in_a_month_does_not_exist() -> None:
    starts = [MONDAY + day * DAY for day in range(28) if day % 7 < 5 or day == 5]
    assert len(expected_slots(starts, DAY)) == 5


CHANGES = ["2026-03-08 10:00", "2026-03-29 01:00", "2026-04-04 16:00", "2026-10-03 16:00", "2026-10-25 01:00"]
DAYS_OF_HOURS = [(0, 6, 12, 18), (0, 8, 16), (5, 17), tuple(range(6, 22)), (9,)]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("hours", DAYS_OF_HOURS)
def test_an_outage_that_begins_with_a_change_of_clocks_is_due(change: str, hours: tuple[int, ...]) -> None:
    """Whose clock the hours keep to is not known then; some hour has to be due none the less."""
    changed = datetime.fromisoformat(change).replace(tzinfo=UTC).timestamp()
    begin = (changed - 40 * DAY) // DAY * DAY
    known = [begin + day * DAY + hour * HOUR for day in range(48) for hour in hours]
    for newest in (start for start in known if changed - 2 * DAY < start < changed + 2 * DAY):
        seen = [start for start in known if start <= newest]
        model = fit_slots([(start, start + 600) for start in seen], 0.2)
        assert model is not None
        # The last hour of a day may be none on one of the clocks: then the next one decides.
        following, after = known[len(seen)], known[len(seen) + 1]
        start, due = model.due(newest)
        assert following - HOUR <= start <= after + HOUR
        if hours in {(0, 6, 12, 18), (0, 8, 16)}:
            assert start == following, "steps of the keys' own clock"
        assert following < due <= after + 2 * HOUR + 600 + model.margin
