"""Short lateness that comes again and again, as of runs that fail and are tried anew: a habit sooner than long one."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from checks.learn import Alert, Arrival, replay
from checks.learn.keys import DAY, HOUR
from checks.learn.tails import short_habit
from tests.support.hand_made import BEGIN, START, draws


def hourly(days: int, late: dict[int, float], key: str = "%Y-%m-%d-%H") -> list[Arrival]:
    """Return partitions of hours that come a minute after their end, and some hours (by number) so much later."""
    random, found = draws(5), []
    for hour in range(days * 24):
        start = START.timestamp() + hour * HOUR
        at = start + HOUR + 60 + random.random() * 60 + late.get(hour, 0.0)
        found.append(Arrival(float(int(at)), f"{datetime.fromtimestamp(start, UTC):{key}}" if key else ""))
    return found


def told(arrivals: list[Arrival]) -> list[Alert]:
    return replay(arrivals, 0.2, BEGIN, arrivals[-1].at)


def seldom(minutes: float, days: int, apart: int = 5) -> dict[int, float]:
    """Return lateness of some minutes each so many days, at another hour each time."""
    return dict.fromkeys(range(31, days * 24, apart * 24 + 7), 60 * minutes)


def test_runs_that_are_tried_anew_each_five_days_are_not_told() -> None:
    assert told(hourly(90, seldom(9.5, 90))) == []


def test_what_is_late_by_more_than_a_quarter_is_told_however_often() -> None:
    late = seldom(25, 90)
    alerts = told(hourly(90, late))
    assert len(alerts) == sum(hour * HOUR > BEGIN - START.timestamp() for hour in late)


def test_a_few_late_runs_are_no_habit() -> None:
    few = dict(list(seldom(9.5, 90, apart=13).items())[-4:])
    assert len(told(hourly(90, few))) == sum(hour * HOUR > BEGIN - START.timestamp() for hour in few)


def test_an_outage_of_such_a_table_is_told_within_a_quarter() -> None:
    arrivals = hourly(90, seldom(9.5, 90))
    gone = BEGIN + 10 * DAY
    alerts = told([arrival for arrival in arrivals if not gone <= arrival.at < gone + 5 * HOUR])
    assert [gone < alert.opened <= gone + HOUR / 4 + 120 for alert in alerts] == [True]


class TestShortHabit:
    @pytest.mark.parametrize(("times", "weeks", "is_one"), [(4, 2, False), (5, 10, True), (5, 10.1, False)])
    def test_it_comes_more_than_a_few_times_and_once_a_fortnight(
        self,
        times: int,
        weeks: float,
        is_one: bool,  # noqa: FBT001
    ) -> None:
        found = short_habit([*[10.0] * 300, *[500.0] * times], 450, HOUR, weeks)
        assert found == (750 if is_one else 0)

    def test_it_reaches_half_as_far_again_and_never_beyond_a_quarter(self) -> None:
        reached = [short_habit([late] * 6, 450, HOUR, 8) for late in (450.0, 460.0, 700.0, 900.0, 900.1)]
        assert reached == [0, 690, 900, 900, 0]

    def test_later_runs_never_make_it_shorter_as_long_as_they_are_short(self) -> None:
        reached = [short_habit([500.0] * 5 + [late], 450, HOUR, 8) for late in range(460, 900, 40)]
        assert all(a <= b for a, b in pairwise(reached))
