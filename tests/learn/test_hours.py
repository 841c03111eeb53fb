"""At which times of the week periods of less than a day hold data."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.learn.hours import DAYS_NEEDED, WeekHours, learn_hours
from checks.model import Period
from checks.schedule.hours import Hours
from tests.support.times import BERLIN, DAY, HOUR, NEW_YORK, at

if TYPE_CHECKING:
    from collections.abc import Callable

START = at("2026-08-03")  # a Monday
SYDNEY = ZoneInfo("Australia/Sydney")


def starts(
    comes: Callable[[datetime], bool], periods: int, step: timedelta = HOUR, begin: datetime = START
) -> list[float]:
    """Return the starts of the first so many periods that hold data."""
    walk = (begin + number * step for number in range(periods))
    return [period.timestamp() for period in walk if comes(period)]


def learned(comes: Callable[[datetime], bool], days: float, step: timedelta = HOUR) -> WeekHours:
    found = learn_hours(starts(comes, round(days * DAY / step), step), step.total_seconds(), own_clock=False)
    assert isinstance(found, WeekHours), found
    return found


def by_day(found: WeekHours) -> list[list[int]]:
    """Return the hours of each weekday, Monday first."""
    return [sorted(each % 86400 // 3600 for each in found.times if each // 86400 == day) for day in range(7)]


def daytime(period: datetime) -> bool:
    return 6 <= period.hour < 22


SHAPES: dict[str, tuple[Callable[[datetime], bool], list[list[int]]]] = {
    "by day": (daytime, [list(range(6, 22))] * 7),
    "working hours": (
        lambda period: 9 <= period.hour < 18 and period.weekday() < 5,
        [list(range(9, 18))] * 5 + [[]] * 2,
    ),
    "saturday mornings too": (
        lambda period: (6 <= period.hour < 22 and period.weekday() < 5)
        or (period.weekday() == 5 and 8 <= period.hour < 12),
        [list(range(6, 22))] * 5 + [list(range(8, 12)), []],
    ),
    "three times a day": (lambda period: period.hour in (6, 12, 18), [[6, 12, 18]] * 7),
    "around midnight": (lambda period: period.hour in (23, 0, 1), [[0, 1, 23]] * 7),
    "all but one hour": (lambda period: period.hour != 3, [[each for each in range(24) if each != 3]] * 7),
    "one day a week": (
        lambda period: period.weekday() == 2 and period.hour < 6,
        [[], [], list(range(6)), [], [], [], []],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_the_times_that_hold_data_are_learned(name: str) -> None:
    comes, times = SHAPES[name]
    for days in (22, 23, 24, 25, 26, 27, 28, 40):
        found = learned(comes, days)
        assert by_day(found) == times, days
        assert found.begun == 0
        assert not found.is_whole


def test_whole_days_are_told_with_the_weekdays_that_have_none() -> None:
    working = learned(lambda period: period.weekday() < 5, 20)
    assert working.is_whole
    assert working.closed_days == {5, 6}
    assert learned(lambda _period: True, 20).closed_days == frozenset()


@pytest.mark.parametrize(
    ("periods", "lacks"),
    [
        (23, "23 periods seen, those of a day, 24, needed"),
        (24, ""),
        (25, ""),
        (8 * 24 - 1, ""),
        (8 * 24, ""),
    ],
)
def test_a_day_that_is_filled_throughout_tells_of_all_days(periods: int, lacks: str) -> None:
    found = learn_hours(starts(lambda _period: True, periods), 3600, own_clock=False)
    assert found == lacks if lacks else isinstance(found, WeekHours) and found.is_whole


@pytest.mark.parametrize(
    ("periods", "lacks"),
    [
        (24 + 7, "1 day seen, 3 needed to tell at which times it holds data"),
        (2 * 24 + 7, "2 days seen, 3 needed to tell at which times it holds data"),
        (6 + DAYS_NEEDED * 24 - 1, "2 days seen, 3 needed to tell at which times it holds data"),
    ],
)
def test_that_no_data_comes_at_night_takes_three_days_and_tells_of_no_weekend_yet(
    periods: int, lacks: str
) -> None:
    assert learn_hours(starts(daytime, periods), 3600, own_clock=False) == lacks
    enough = learn_hours(starts(daytime, 6 + DAYS_NEEDED * 24 + 1), 3600, own_clock=False)
    assert isinstance(enough, WeekHours)
    assert by_day(enough) == [list(range(6, 22))] * 5 + [[]] * 2
    for days, weekend in ((5, []), (7, list(range(6, 22))), (9, list(range(6, 22)))):
        assert by_day(learned(daytime, days)) == [list(range(6, 22))] * 5 + [weekend] * 2


def test_a_weekend_on_which_nothing_comes_is_no_day() -> None:
    starts_on_friday = START + 4 * DAY
    kept = starts(lambda hour: hour.weekday() < 5 and daytime(hour), 3 * 24 + 8, begin=starts_on_friday)
    told = learn_hours(kept, 3600, own_clock=False)
    assert told == "2 days seen, 3 needed to tell at which times it holds data"


def test_what_comes_by_chance_keeps_no_times() -> None:
    chance = random.Random(7)  # noqa: S311 - a simulation
    found = learn_hours(starts(lambda _period: chance.random() < 0.5, 500), 3600, own_clock=False)
    assert found == "its periods keep no times of the week"


@pytest.mark.parametrize("lost", [1, 2])
def test_neither_a_lost_hour_nor_a_day_or_two_without_any_take_times_out(lost: int) -> None:
    without = {
        START + 15 * DAY + 10 * HOUR,
        *(START + (9 + day) * DAY + hour * HOUR for day in range(lost) for hour in range(24)),
    }
    for days in range(16, 40):
        found = learned(lambda period: daytime(period) and period not in without, days)
        assert by_day(found) == [list(range(6, 22))] * 7, days
        assert found.begun <= 1


def test_how_often_times_are_missed_by_themselves() -> None:
    chance = random.Random(11)  # noqa: S311 - a simulation
    found = learned(lambda period: daytime(period) and chance.random() > 0.1, 24)
    assert 0.05 < found.miss < 0.15
    once = learned(lambda period: daytime(period) and period != START + 20 * DAY + 9 * HOUR, 24)
    assert once.begun == 1
    assert once.miss == 0


@pytest.mark.parametrize(("days", "last"), [(2, 22), (3, 18), (4, 18), (7, 18), (8, 18), (15, 18), (30, 18)])
def test_three_days_in_a_row_are_a_new_rhythm_for_good(days: int, last: int) -> None:
    changed = START + 30 * DAY
    found = learned(lambda period: 6 <= period.hour < (22 if period < changed else 18), 30 + days)
    assert by_day(found) == [list(range(6, last))] * 7
    assert found.miss == 0


def test_a_new_rhythm_of_working_days_takes_three_of_these() -> None:
    changed = START + 32 * DAY  # a Friday

    def comes(period: datetime) -> bool:
        return period.weekday() < 5 and 9 <= period.hour < (18 if period < changed else 15)

    for days, last in ((32 + 4, 18), (32 + 5, 15), (32 + 20, 15), (32 + 60, 15)):
        assert by_day(learned(comes, days)) == [list(range(9, last))] * 5 + [[]] * 2, days


def test_a_monday_of_its_own_stays_that_whatever_the_days_after_it() -> None:
    def comes(period: datetime) -> bool:
        return period.weekday() < 5 and (8 if period.weekday() else 12) <= period.hour < 18

    for days in range(22, 40):
        assert by_day(learned(comes, days)) == [list(range(12, 18))] + [list(range(8, 18))] * 4 + [[]] * 2, (
            days
        )


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, SYDNEY])
def test_times_of_a_place_are_told_from_those_of_utc_by_a_change_of_its_clock(zone: ZoneInfo) -> None:
    """At no time a period is asked for that does not come by the one clock or the other."""
    changes = {BERLIN: "2026-10-25", NEW_YORK: "2026-11-01", SYDNEY: "2026-10-04"}
    change = (at(changes[zone]) - START) // DAY

    def comes(period: datetime) -> bool:
        local = period.astimezone(zone)
        return local.weekday() < 5 and 8 <= local.hour < 18

    kept = starts(comes, 120 * 24)
    asked, decided = 0, 0
    for day in range(20, 120):
        until = (START + day * DAY).timestamp()
        found = learn_hours([each for each in kept if each < until][-400:], 3600, own_clock=False)
        assert isinstance(found, WeekHours)
        for hour in range(24):
            period = START + day * DAY + hour * HOUR
            if _is_open(found, period):
                asked += 1
                assert comes(period), f"{period} by {found.clocks}"
        is_decided = [name for name, _ in found.clocks] == [str(zone)]
        assert not (is_decided and day <= change)
        decided += is_decided
    assert decided > 20
    assert asked > 0.97 * sum(comes(START + hour * HOUR) for hour in range(20 * 24, 120 * 24))


def _is_open(found: WeekHours, period: datetime) -> bool:
    for name, times in found.clocks:
        local = period.astimezone(ZoneInfo(name))
        if local.weekday() * 86400 + local.hour * 3600 not in times:
            return False
    return True


def test_on_an_own_clock_no_other_is_tried() -> None:
    found = learn_hours(starts(daytime, 100 * 24)[-400:], 3600, own_clock=True)
    assert isinstance(found, WeekHours)
    assert [name for name, _ in found.clocks] == ["UTC"]


@pytest.mark.parametrize(("hours", "times"), [(6, {6, 12, 18}), (12, {12}), (3, {6, 9, 12, 15, 18})])
def test_longer_periods_than_hours(hours: int, times: set[int]) -> None:
    found = learned(lambda period: 6 <= period.hour < 21, 20, hours * HOUR)
    assert {each % 86400 // 3600 for each in found.times} == times


@settings(max_examples=25, deadline=None)
@given(
    hours=st.sets(st.integers(0, 23), min_size=2, max_size=23),
    weekdays=st.sets(st.integers(0, 6), min_size=2),
    shift=st.integers(0, 200),
)
def test_a_further_day_on_schedule_never_unlearns_nor_moves_what_was_learned(
    hours: set[int], weekdays: set[int], shift: int
) -> None:
    begin = datetime(2026, 1, 1, tzinfo=UTC) + shift * DAY
    kept = starts(lambda period: period.hour in hours and period.weekday() in weekdays, 60 * 24, begin=begin)
    before: frozenset[int] | None = None
    for day in range(15, 60):
        until = (begin + day * DAY).timestamp()
        found = learn_hours([each for each in kept if each < until][-400:], 3600, own_clock=True)
        assert isinstance(found, WeekHours)
        assert before in (None, found.times)
        before = found.times
    assert set(before or ()) == {day * 86400 + hour * 3600 for day in weekdays for hour in hours}


@pytest.mark.parametrize(
    "change", ["2026-03-29 01:00", "2026-04-04 16:00", "2026-10-03 16:00", "2026-10-25 01:00"]
)
@pytest.mark.parametrize("hours", [(0, 6, 12, 18), (5, 17), (9,), tuple(range(6, 22))])
def test_of_a_table_that_died_at_a_change_of_clocks_some_hour_stays_due(
    change: str, hours: tuple[int, ...]
) -> None:
    """Clocks that share no hour after it would leave none to be due, for no data comes to tell them apart."""
    changed = at(change)
    begin = changed.replace(hour=0, minute=0) - 30 * DAY
    for lived in range(-36, 37, 6):
        periods = (changed + timedelta(hours=lived) - begin) // HOUR
        found = learn_hours(
            starts(lambda period: period.hour in hours, periods, begin=begin), 3600, own_clock=False
        )
        assert isinstance(found, WeekHours)
        judged = Hours(
            HOUR,
            tuple((ZoneInfo(zone), frozenset(time // 60 for time in times)) for zone, times in found.clocks),
        )
        for day in range(1, 8):
            morning = (changed + day * DAY).replace(hour=0, minute=0)
            walk = [morning + hour * HOUR for hour in range(24)]
            due = [
                each for each in walk if judged.closed_because(Period(each, each + HOUR, each, "")) is None
            ]
            assert len(due) >= len(hours) / 2, f"{day} days after it"
