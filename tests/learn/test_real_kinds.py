"""What other starts of the real series taught: recurring outages, weekdays lost to them, early days, days in a row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.learn.existing_slots import expected_slots, fill_days
from checks.learn.keys import DAY, HOUR
from checks.learn.missed import consecutive
from checks.learn.silence import WINDOW, fit_silence
from checks.learn.slots import fit_slots
from tests.support.hand_made import draws

START = datetime(2026, 1, 5, tzinfo=UTC).timestamp()  # a Monday
MINUTE = 60.0


def _every(step: float, days: float, silences: dict[float, float]) -> list[float]:
    """Return arrivals each `step` seconds, without those of silences (first day -> hours)."""
    down = [(START + day * DAY, START + day * DAY + hours * HOUR) for day, hours in silences.items()]
    times = [START + i * step for i in range(int(days * DAY / step))]
    return [at for at in times if not any(begin < at < end for begin, end in down)]


def _limit(times: list[float]) -> float:
    model = fit_silence(times, 0.5, {})
    assert model is not None
    return model.limit


@pytest.mark.parametrize("outages", [1, 2, 3, 5, 6])
def test_outages_of_a_jittery_table_never_widen_its_limit_be_they_one_in_a_week(outages: int) -> None:
    random = draws(3)
    plain = [at + random.uniform(0, 12) * MINUTE for at in _every(HOUR / 3, 42, {})]
    down = [(START + (6.3 + 6 * i) * DAY, START + (6.3 + 6 * i) * DAY + 9 * HOUR) for i in range(outages)]
    hurt = [at for at in plain if not any(begin < at < end for begin, end in down)]
    assert _limit(hurt) < 1.5 * _limit(plain)


def test_long_gaps_of_one_weekday_are_rests_and_not_outages() -> None:
    random = draws(3)
    plain = [at + random.uniform(0, 60) * MINUTE for at in _every(3 * HOUR, 42, {})]
    weekly = [
        at
        for at in plain
        if not START + 5.5 * DAY < at - (at - START) // (7 * DAY) * 7 * DAY < START + 7 * DAY
    ]
    model = fit_silence(weekly, 0.5, {})
    assert model is not None
    friday = max(at for at in weekly if at < START + 33.5 * DAY)
    assert model.due(friday) > START + 35 * DAY


def test_a_bad_season_lets_a_limit_grow_by_half_in_two_weeks_and_no_more() -> None:
    random = draws(3)
    times = [at + random.uniform(0, 12) * MINUTE for at in _every(HOUR / 3, 200, {})]
    bad = {day: 5 + 9 * random.random() for day in range(80, 200) if random.random() < 0.6}
    hurt = [
        at
        for at in times
        if not any(START + d * DAY < at < START + d * DAY + h * HOUR for d, h in bad.items())
    ]
    past: dict[int, dict[str, float]] = {}
    before = fit_silence([at for at in hurt if at < START + 80 * DAY], 0.5, past)
    after = fit_silence([at for at in hurt if at < START + 110 * DAY], 0.5, past)
    assert before is not None
    assert after is not None
    assert after.limit <= 1.5 * 1.5 * before.limit


@pytest.mark.parametrize(("apart", "least", "most"), [(7.3, 0.05, 0.2), (3.1, 0.5, 2.9), (1.0, 3.0, 3.9)])
def test_of_an_exact_sensor_silences_are_usual_that_come_more_than_once_a_week(
    apart: float, least: float, most: float
) -> None:
    random = draws(9)
    count = int(WINDOW / DAY / apart)
    silences = {i * apart + 0.7 * random.random(): (0.5 + 3 * random.random()) for i in range(count)}
    assert least * HOUR < _limit(_every(5 * MINUTE, 42, silences)) < most * HOUR


def test_a_weekday_lost_to_outages_is_due_where_all_others_are() -> None:
    days = [START + i * DAY for i in range(70)]
    thursdays = [day for day in days if datetime.fromtimestamp(day, UTC).weekday() == 3]
    lost = {*thursdays[-1:], *thursdays[-3:-2], *thursdays[-6:-5]}
    assert len(expected_slots([day for day in days if day not in lost], DAY)) == 7
    # With half of them gone it is none.
    assert (
        len(expected_slots([day for day in days if day not in {*thursdays[-8::2], thursdays[-1]}], DAY)) == 6
    )


@pytest.mark.parametrize(
    ("row", "outages", "weekdays"),
    [(1, 0, 7), (2, 0, 6), (1, 1, 7), (2, 1, 7), (3, 1, 6)],
)
def test_a_weekday_that_ended_is_due_as_long_as_outages_explain_it(
    row: int, outages: int, weekdays: int
) -> None:
    """Of a daily table no Thursday came so often in a row; of the others now and then one in ten was missed."""
    days = [START + i * DAY for i in range(71)]  # until a Monday
    thursdays = [day for day in days if datetime.fromtimestamp(day, UTC).weekday() == 3]
    lost = {*thursdays[-row:], *(days[-12 - 10 * i] for i in range(5 * outages))}
    assert len(expected_slots([day for day in days if day not in lost], DAY)) == weekdays


@pytest.mark.parametrize(("of_late", "weekdays"), [(0, 6), (1, 6), (3, 7)])
def test_in_a_bad_season_outages_explain_a_weekday_that_came_not_in_two_weeks(
    of_late: int, weekdays: int
) -> None:
    days = [START + i * DAY for i in range(71)]
    thursdays = [day for day in days if datetime.fromtimestamp(day, UTC).weekday() == 3]
    lost = {*thursdays[-2:], *(thursdays[-2] + i * DAY for i in (2, 4, 8)[:of_late])}
    assert len(expected_slots([day for day in days if day not in lost], DAY)) == weekdays


def test_what_a_weekday_missed_before_it_was_one_is_no_outage() -> None:
    days = [START + i * DAY for i in range(71)]
    names = {day: datetime.fromtimestamp(day, UTC).weekday() for day in days}
    new = [day for day in days if names[day] == 5][:-3]  # Saturdays, but for the last three
    ended = [day for day in days if names[day] == 3][-2:]
    assert len(expected_slots([day for day in days if day not in {*new, *ended}], DAY)) == 6


@pytest.mark.parametrize(("hours", "most"), [(2.0, 4), (2.9, 6), (3.1, 9), (12.0, 30)])
def test_runs_that_are_skipped_by_habit_are_told_by_no_bound_of_a_time_without(
    hours: float, most: float
) -> None:
    """With a few runs a day one skipped is a gap of hours; of quicker ones, where a bound held, it is an outage."""
    random = draws(5)
    times = [at + random.uniform(0, 30) * MINUTE for at in _every(hours * HOUR, 42, {})]
    day = int(DAY / hours / HOUR)
    skipped = [at for i, at in enumerate(times) if i % (2 * day) != 1]
    now = int(times[-1] // (14 * DAY))
    past = {now - i: dict.fromkeys(("flat", "day", "week", "open"), 1.2) for i in range(1, 9)}
    model = fit_silence(skipped, 0.5, past)
    assert model is not None
    longest = 2 * hours * HOUR
    assert model.limit < most * HOUR
    assert (model.limit > longest) is (hours >= 3)


@pytest.mark.parametrize(("early", "next_week"), [(0, 1), (1, 1), (2, 0)])
def test_what_comes_a_day_before_its_weekday_is_that_one(early: int, next_week: int) -> None:
    weeks = [START + 7 * i * DAY + 2 * DAY for i in range(20)]
    slots = fit_slots([(day, day + 12 * HOUR) for day in weeks], 0.5, named=False)
    assert slots is not None
    newest = weeks[-1] + 7 * DAY - early * DAY
    assert slots.due(newest)[0] == weeks[-1] + 7 * DAY + next_week * 7 * DAY


@pytest.mark.parametrize(
    ("weekdays", "hours"), [((2,), 27), ((1, 4), 27), ((0, 2, 4), 27), ((0, 1, 3, 4), 5.25)]
)
@pytest.mark.parametrize("named", [True, False])
def test_a_job_of_some_days_of_a_week_may_find_it_the_next_day(
    weekdays: tuple[int, ...], hours: float, *, named: bool
) -> None:
    """Where a date names what came, that it came on the next day is seen by its name."""
    days = [START + day * DAY for day in range(140) if day % 7 in weekdays]
    slots = fit_slots([(day, day + 12 * HOUR) for day in days], 0.5, named=named)
    assert slots is not None
    assert slots.margin == (21 * HOUR / len(weekdays) if named else hours * HOUR)


def test_three_days_in_a_row_of_people_make_no_weekdays() -> None:
    random = draws(4)
    days = sorted({START + random.randrange(140) * DAY for _ in range(30)})
    burst = [*days, *(days[-1] + i * DAY for i in (1, 2, 3))]
    expected = expected_slots(burst, DAY)
    assert expected
    assert not fill_days(burst, expected, None)
    daily = [START + i * DAY for i in range(60) if i % 5]
    assert fill_days(daily, frozenset(range(7)), None)


def test_days_missed_in_a_row_are_a_jobs_outage_sooner_than_peoples() -> None:
    chance = 0.5 / (timedelta(days=365.25).days)
    assert [consecutive(miss, chance) for miss in (0.04, 0.05, 0.2, 0.5)] == [1, 2, 3, 4]
    assert consecutive(0.2, chance, together=2.0) == 4
    assert consecutive(0.075, chance, lacking=True) == 1
    assert consecutive(0.076, chance, lacking=True) == 2
