"""What lies between days that exist: weekends and holidays, after which the next comes, and times of rest each year."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.calendars import is_holiday
from checks.learn.existing_slots import WEEK
from checks.learn.keys import DAY
from checks.learn.tails import median
from checks.learn.yearly import CLOSED, Rest, rests_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_SEVERAL = 3  # runs after a weekend or a holiday: one or two may be late
_HALF_AGAIN = 1.5


def following(
    start: float, expected: frozenset[int], calendar: tuple[str, int] | None, steps: int = 1
) -> float:
    """Return the start of the day that exists so many after one: after Fridays, and before holidays, not the next."""
    left = steps
    for days in range(1, int(WEEK // DAY) * (steps + 1)):
        after = start + days * DAY
        if int(after % WEEK // DAY) in expected and not (calendar and is_holiday(calendar, after)):
            left -= 1
            if not left:
                return after
    return start + steps * DAY


def days_after(
    recent: Sequence[tuple[float, float]], expected: frozenset[int], calendar: tuple[str, int] | None
) -> int:
    """Return how many days that exist what days name comes after them; 0 where it is so long after them instead."""
    if len(expected) == int(WEEK // DAY):
        return 0

    def odd(lags: Sequence[float]) -> int:
        middle = median(lags)
        return sum(abs(lag - middle) > DAY / 2 for lag in lags)

    by_name = odd([at - start for start, at in recent])
    if by_name < _SEVERAL:
        return 0
    # As many as usually lie in so long a time, but for a weekend more or less.
    near = round(median([at - start for start, at in recent]) // DAY * len(expected) * DAY / WEEK)
    by_steps = {
        steps: odd([at - following(start, expected, calendar, steps) for start, at in recent])
        for steps in range(max(1, near - 1), max(1, near + 1) + 1)
    }
    best = min(by_steps, key=lambda steps: by_steps[steps])
    return best if 2 * by_steps[best] < by_name else 0


def rests_beside(expected: frozenset[int], days: Sequence[int]) -> tuple[Rest, ...]:
    """Return when in a year nothing comes on the weekdays that exist, by the days (since 1970) on which something did.

    A week or two without what comes on one weekday are as much of a pause as a week without working days.
    """
    ordered = sorted(expected)
    widest = max(b - a for a, b in pairwise([*ordered, ordered[0] + 7]))
    return rests_of(days, max(CLOSED, _HALF_AGAIN * widest))
