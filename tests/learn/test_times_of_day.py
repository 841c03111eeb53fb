"""Runs at times of the day that no partition names: on a wall clock, skipped now and then, late for long at times."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from checks.learn import Arrival, Model, Watch, replay
from checks.learn.keys import DAY, HOUR
from checks.learn.rota import fit_rota
from checks.learn.sentences import explain
from tests.support.hand_made import BEGIN, START, draws, learned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from checks.learn import Alert

FIRST = START.timestamp()
BERLIN = ZoneInfo("Europe/Berlin")


def wall(day: int, hour: float, zone: ZoneInfo = BERLIN) -> float:
    date = START.date() + timedelta(days=day)
    return (datetime(date.year, date.month, date.day, tzinfo=zone) + timedelta(hours=hour)).timestamp()


def runs(times: Iterable[float], key: str) -> list[Arrival]:
    """Return two files a run, some minutes late, in partitions of Berlin's days where those have a name."""
    random, found = draws(7), []
    for at in times:
        late = random.random() * 300
        name = f"{datetime.fromtimestamp(at, BERLIN):{key}}" if key else ""
        found += [Arrival(float(int(at + late + 40 * i)), name) for i in range(2)]
    return found


def told(arrivals: Sequence[Arrival], end: float) -> list[Alert]:
    return replay(arrivals, 0.1, BEGIN, end)


def without(times: Iterable[float], begin: float, end: float) -> list[float]:
    return [at for at in times if not begin <= at < end]


def _four_a_day(days: int, *, weekends: bool) -> list[float]:
    return [wall(day, hour) for day in range(days) for hour in (6, 10, 14, 18) if weekends or day % 7 < 5]


@pytest.mark.slow
@pytest.mark.parametrize("weekends", [True, False])
@pytest.mark.parametrize("key", ["", "%Y-%m-%d"])
def test_times_of_the_day_are_a_schedule_on_the_clock_of_the_wall(key: str, weekends: bool) -> None:  # noqa: FBT001
    times = _four_a_day(100, weekends=weekends)  # clocks change on 29 March, day 83

    assert told(runs(times, key), times[-1]) == []
    gone = wall(71, 14)
    alerts = told(runs(without(times, gone, gone + HOUR), key), times[-1])
    assert [a.check for a in alerts] == ["freshness"]
    # An eighth of four hours after the usual time.
    assert gone + HOUR / 2 <= alerts[0].opened <= gone + 0.75 * HOUR
    night = wall(72, 6)
    late = told(runs(without(times, night, night + HOUR), key), times[-1])
    assert [night + HOUR / 2 <= a.opened <= night + 0.75 * HOUR for a in late] == [True]


@pytest.mark.parametrize("length", [72, 73, 74])
@pytest.mark.parametrize("late", [(9.4, 9.2, 3.9, 3.9), (9.4, 9.2, 0.0, 3.9)])
def test_outages_of_first_runs_of_days_hide_no_later_one(late: tuple[float, ...], length: int) -> None:
    """What the first data of a day is late by after outages says nothing of runs at other hours, nor of sizes."""
    first = -119  # 8 September; the clocks of Berlin go back on 26 October, 48 days later
    end = first + length
    days = range(first, end + 1)
    loads = [wall(day, hour) for day in days for hour in (6, 10, 14, 18) if day % 7 < 5]
    times = sorted([*loads, *(wall(day, 10) for day in days if day % 7 == 5)])
    for day, hours in zip((21, 38, 64, 65), late, strict=True):
        caught_up = wall(first + day, 6 + hours)
        times = sorted({*without(times, wall(first + day, 0), caught_up), caught_up})
    watch = Watch(0.17, wall(end - 1, 0), dated=True)
    arrivals = [each for each in runs(times, "%Y-%m-%d") if each.at < wall(end, 11)]
    for each in arrivals:
        watch.add(each)
    model = watch.model
    assert isinstance(model, Model)
    assert model.rota is not None
    assert not model.loose
    due = model.due(arrivals[-1].at, wall(end, 0))
    assert due is not None
    # With the run that is missing, or with the next where four outages have skipped single ones in eight weeks.
    assert wall(end, 14) < due[0] < wall(end, 15 if len([hours for hours in late if hours]) < 4 else 19)


def test_a_change_of_clocks_tells_which_one_runs_keep_to() -> None:
    before, after = (
        fit_rota(_four_a_day(80, weekends=True), 0.1),
        fit_rota(_four_a_day(95, weekends=True), 0.1),
    )
    assert before is not None
    assert after is not None
    assert "UTC" in {clock.zone for clock in before.clocks}
    assert {clock.zone for clock in after.clocks} == {"Europe/Berlin"}


def test_what_comes_by_chance_has_no_rota_and_what_skips_runs_is_asked_for_some_in_a_row() -> None:
    random, at, times = draws(7), FIRST, []
    while at < FIRST + 60 * DAY:
        at += random.expovariate(1 / (4 * HOUR))
        times.append(at)
    assert fit_rota(times, 0.1) is None
    whole = [FIRST + i * 4 * HOUR for i in range(360)]
    for lost, misses in (set(), 1), ({200}, 1), ({200, 230}, 2), ({200, 201}, 1), ({*range(60, 360, 20)}, 3):
        kept = [at for i, at in enumerate(whole) if i not in lost]
        rota = fit_rota(kept, 0.1)
        assert rota is not None
        assert rota.misses == misses
        assert rota.due(kept[-1]) == pytest.approx(kept[-1] + misses * 4 * HOUR + rota.margin, abs=60)


@pytest.mark.parametrize(("days", "misses"), [(15, 2), (29, 1), (57, 1)])
def test_of_hours_that_changed_two_weeks_ago_one_run_alone_is_not_told(days: int, misses: int) -> None:
    before = [FIRST + i * 4 * HOUR for i in range(360 - 6 * days)]
    after = [FIRST + (60 - days + day) * DAY + hour * HOUR for day in range(days) for hour in (2, 9, 17)]
    rota = fit_rota([*before, *after], 0.1)
    assert rota is not None
    assert rota.misses == misses


def _late(hours: Sequence[int], sigma: float, seed: int) -> list[float]:
    """Return runs of 60 days that are late by a lognormal of some seven minutes."""
    random = draws(seed)
    return [
        wall(day, hour) + random.lognormvariate(math.log(450), sigma) for day in range(60) for hour in hours
    ]


def _model(times: Sequence[float]) -> Model:
    found = learned([Arrival(at) for at in times]).model
    assert isinstance(found, Model)
    return found


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("hours", [(6, 10, 14, 18), (8, 12, 16), (5, 7, 9, 11, 13)])
def test_a_run_that_is_seldom_late_for_long_is_told_before_the_night_is_over(
    hours: Sequence[int], seed: int
) -> None:
    # By a tail that may take half the time to the next run, and a silence that has to outlast the night as well.
    times = _late(hours, 0.6, seed)
    model = _model(times)
    assert model.rota is not None
    assert model.silence is not None
    due, check = model.due(times[-2], None) or (0.0, "")
    assert check == "freshness"
    assert due < model.silence.due(times[-2])
    assert wall(59, hours[-1]) + 450 < due < wall(60, hours[0])


@pytest.mark.parametrize("seed", range(6))
def test_of_runs_each_hour_that_are_late_for_long_silence_alone_tells(seed: int) -> None:
    times = _late(range(24), 1.0, seed)
    assert fit_rota(times, 0.1) is None


@pytest.mark.parametrize("seed", range(6))
def test_times_that_are_kept_badly_are_none(seed: int) -> None:
    random = draws(seed)
    times = [at + random.uniform(0, 2.5) * HOUR for at in _late((6, 10, 14, 18), 0.6, seed)]
    assert fit_rota(times, 0.1) is None


def _three_hourly(late: dict[int, float], days: int = 90, hours: int = 3) -> list[Arrival]:
    """Return runs every three hours, by a minute or so; that of six o'clock is so many minutes late on these days."""
    random = draws(7)
    return [
        Arrival(
            FIRST + day * DAY + hour * HOUR + random.random() * 90 + 60 * late.get(day, 0.0) * (hour == 6)
        )
        for day in range(days)
        for hour in range(0, 24, hours)
    ]


@pytest.mark.parametrize(
    ("late", "times"),
    [
        (dict.fromkeys(range(70, 90), 50.0), 1),  # queues that became longer
        ({day: 50.0 + day - 70 for day in range(70, 90)}, 1),  # and grow
        (dict.fromkeys(range(70, 90, 3), 50.0), 1),  # on some days
        ({70: 50.0, 76: 50.0}, 1),
        ({70: 50.0, 77: 50.0}, 1),  # a week later
        ({70: 50.0, 78: 50.0}, 2),  # longer than a week ago
        ({70: 30.0, 72: 80.0}, 2),  # much later than what was told
        ({70: 100.0, 72: 100.0}, 2),  # over half the time to the next run: that one did not come
        (dict.fromkeys(range(70, 90), 15.0), 0),
    ],
)
def test_an_hour_at_which_runs_are_late_for_a_while_is_told_once(late: dict[int, float], times: int) -> None:
    found = told(_three_hourly(late), FIRST + 90 * DAY)
    assert len(found) == times
    assert all(a.closed is not None and a.closed - a.opened < 2 * HOUR for a in found)


def test_an_hour_that_is_told_later_is_said_so() -> None:
    watch = learned(_three_hourly(dict.fromkeys(range(72, 75), 50.0), 76))
    assert isinstance(watch.model, Model)
    said = explain(watch.model, watch.history)
    assert "told 22 min after its usual time, up to 1 h 13 min at one hour of the day at which" in said
    watch = learned(_three_hourly({}, 76))
    assert isinstance(watch.model, Model)
    assert ", up to " not in explain(watch.model, watch.history)


def test_what_is_late_at_one_hour_moves_no_other() -> None:
    arrivals = _three_hourly(dict.fromkeys(range(72, 82), 50.0), 82)
    gone = FIRST + 74 * DAY + 12 * HOUR
    alerts = told([a for a in arrivals if not gone <= a.at < gone + HOUR], FIRST + 82 * DAY)
    # An eighth of three hours, and the minute by which runs differ.
    assert [gone < a.opened < gone + 0.5 * HOUR for a in alerts[1:]] == [True]
    night = FIRST + 74 * DAY + 6 * HOUR
    alerts = told([a for a in arrivals if not night <= a.at < night + HOUR], FIRST + 82 * DAY)
    assert [night + HOUR < a.opened < night + 1.5 * HOUR for a in alerts[1:]] == [True]


def test_the_hour_that_is_late_is_one_of_the_clock_that_runs_keep_to() -> None:
    # Clocks change on 29 March, day 83: until then several explain the runs, and each has the hour as its own.
    random = draws(7)
    times = [
        wall(day, hour) + random.random() * 90 + 50 * 60 * (hour == 6 and day >= 70)
        for day in range(90)
        for hour in range(0, 24, 3)
    ]
    assert len(told([Arrival(at) for at in times], times[-1])) == 1


@pytest.mark.parametrize(
    ("hours", "lost", "misses"),
    [(12, 1, 1), (12, 8, 1), (12, 9, 3), (8, 12, 1), (8, 13, 3), (6, 1, 1), (6, 2, 2)],
)
def test_of_up_to_three_runs_a_day_three_in_40_may_lack_and_each_is_told(
    hours: int, lost: int, misses: int
) -> None:
    whole = [FIRST + i * hours * HOUR for i in range(56 * 24 // hours + 1)]
    gone = {len(whole) // 20 + i * len(whole) // 15 for i in range(lost)}
    rota = fit_rota([at for i, at in enumerate(whole) if i not in gone], 0.1)
    assert rota is not None
    assert rota.misses == misses


def test_of_two_runs_on_working_days_that_are_skipped_now_and_then_none_is_told_alone() -> None:
    working = [FIRST + day * DAY + hour * HOUR for day in range(57) if day % 7 < 5 for hour in (8, 20)]
    rota = fit_rota([at for i, at in enumerate(working) if i % 17 != 5], 0.1)
    assert rota is not None
    assert rota.misses > 1


@pytest.mark.parametrize(("days", "is_known"), [(3, False), (6, False), (7, True), (14, True)])
@pytest.mark.parametrize("before", [0, 20])
def test_times_of_the_day_are_known_after_a_week(before: int, days: int, is_known: bool) -> None:  # noqa: FBT001
    # Of a young table, and of one that was silent for five weeks.
    old = [
        FIRST + (day - 35 - before) * DAY + hour * HOUR for day in range(before) for hour in range(0, 24, 2)
    ]
    new = [FIRST + day * DAY + hour * HOUR for day in range(days) for hour in range(0, 24, 2)]
    assert (fit_rota([*old, *new], 0.1) is not None) == is_known


@pytest.mark.parametrize(
    ("minutes", "lingers"), [(0, False), (28, False), (29, False), (31, True), (60, True)]
)
def test_only_an_hour_whose_run_was_told_is_told_later(minutes: float, lingers: bool) -> None:  # noqa: FBT001
    """A run in time is no reason to wait longer for the next one, nor to forget how long a silence may be."""
    times = [
        BEGIN + day * DAY + hour * HOUR + (day + hour) % 5 * 15
        for day in range(28)
        for hour in (6, 10, 14, 18)
    ]
    late = [at + minutes * 60 * (at // HOUR * HOUR == BEGIN + 26 * DAY + 10 * HOUR) for at in times]
    rota = fit_rota(late, 0.2)
    assert rota is not None
    assert rota.margin == HOUR / 2
    before = BEGIN + 27 * DAY + 6 * HOUR
    assert rota.due_alone(before) is lingers
    assert not rota.due_alone(before + 4 * HOUR)
    usual = rota.in_time()
    assert not usual.due_alone(before)
    assert (rota.due(before) > usual.due(before)) is lingers


def test_each_hour_that_runs_come_in_time_is_told_by_its_silence() -> None:
    random = draws(8)
    model = _model([BEGIN + hour * HOUR + random.random() * 300 for hour in range(60 * 24)])
    assert model.rota is None or not any(any(clock.late) for clock in model.rota.clocks)
    assert model.silence is not None
    last = BEGIN + 60 * 24 * HOUR
    due = model.due(last, None)
    assert due is not None
    assert due[0] <= model.silence.due(last)
