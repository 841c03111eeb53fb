"""Full loads each night, or each Sunday, between small ones of every hour or some minutes: as much as came before."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from checks.learn.history import Arrival
from checks.learn.keys import DAY, HOUR
from checks.learn.replay import replay
from checks.learn.volume import fit_volume
from tests.support.hand_made import draws

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = datetime(2026, 2, 2, tzinfo=UTC).timestamp()  # a Monday
MINUTE = 60.0
SMALL, TIMES, SHARE = 1e6, 20, 0.2
BERLIN = ZoneInfo("Europe/Berlin")

Sizes = list[tuple[float, float, int, float]]


def coming(step: float, days: int, full: Callable[[int], float | None], times: float = TIMES) -> Sizes:
    """Return what comes in steps, eight minutes after each, and a full load at some time of some days."""
    rng = draws(int(step + days))
    found: Sizes = []
    for i in range(int(days * DAY / step)):
        at = FIRST + i * step + 8 * MINUTE + rng.uniform(0, 90)
        found.append((at, SMALL * math.exp(rng.gauss(0, 0.1)), 1, 0.0))
    for day in range(days):
        if (at_day := full(day)) is not None:
            size = times * SMALL * math.exp(rng.gauss(0, 0.1))
            found.append((at_day + rng.uniform(0, 90), size, 1, 0.0))
    return sorted(found)


def each_night(day: int) -> float | None:
    return FIRST + day * DAY + 3 * HOUR + 35 * MINUTE


def each_sunday(day: int) -> float | None:
    return FIRST + day * DAY + 3 * HOUR + 35 * MINUTE if day % 7 == 6 else None


def each_night_in_berlin(day: int) -> float | None:
    at = datetime(2026, 2, 2, 3, 35, tzinfo=BERLIN) + timedelta(days=day)
    return at.timestamp()


def told(sizes: Sizes, begin: float) -> list[float]:
    arrivals = [Arrival(at, "", int(size), None) for at, size, *_ in sizes]
    alerts = replay(arrivals, SHARE, FIRST + begin * DAY, arrivals[-1].at)
    return [alert.opened for alert in alerts if alert.check == "volume"]


@pytest.mark.parametrize("times", [TIMES, 1 / TIMES])
@pytest.mark.parametrize("full", [each_night, each_night_in_berlin, each_sunday])
def test_what_comes_at_its_time_is_told_no_more(full: Callable[[int], float | None], times: float) -> None:
    sizes = coming(HOUR, 62, full, times)  # the clocks of Berlin change on day 55
    assert told(sizes, 30) == []
    other = FIRST + 40 * DAY + 15 * HOUR
    odd = [(at, size * (times if other <= at < other + HOUR else 1), n, t) for at, size, n, t in sizes]
    (opened,) = told(odd, 30)
    assert other <= opened < other + HOUR


@pytest.mark.parametrize("step", [10 * MINUTE, HOUR])
def test_three_at_one_time_are_a_habit_and_two_are_none(step: float) -> None:
    for nights in (2, 3, 4):

        def of_late(day: int, nights: int = nights) -> float | None:
            return each_night(day) if day >= 30 - nights else None

        usual = coming(step, 30, of_late)
        full = [each for each in usual if each[1] > TIMES * SMALL / 2]
        others = [each for each in usual if each not in full]
        found = fit_volume(others, SHARE, 365 * DAY / step, odd=full)
        assert found is not None
        tonight = FIRST + 30 * DAY + 3 * HOUR + 35 * MINUTE
        is_known = nights > 2
        assert found.judge(tonight, TIMES * SMALL) == (None if is_known else "rise")
        assert found.judge(tonight + 9 * MINUTE, TIMES * SMALL) == (None if is_known else "rise")
        # At another time, and far more or far less than that, it is told as before.
        assert found.judge(tonight + 40 * MINUTE, TIMES * SMALL) == "rise"
        assert found.judge(tonight, 10 * TIMES * SMALL) == "rise"
        assert found.judge(tonight, SMALL / 20) == "drop"
        assert found.judge(tonight, 0) == "drop"


def test_what_is_half_as_far_apart_as_an_hour_is_told_by_either() -> None:
    """Of two runs an hour of which one is the small one both are usual, each at its minute."""
    small = coming(HOUR, 30, lambda _: None)
    sizes = sorted([*small, *((at + 30 * MINUTE, size * TIMES, n, t) for at, size, n, t in small)])
    assert told(sizes, 15) == []
