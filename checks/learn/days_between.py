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


def following(start: float, expected: frozenset[int], calendar: tuple[str, int] | None) -> float:
    """Return the start of the first day after one that exists: after Fridays, and before holidays, not the next."""
    for days in range(1, int(WEEK // DAY) * 2):
        after = start + days * DAY
        if int(after % WEEK // DAY) in expected and not (calendar and is_holiday(calendar, after)):
            return after
    return start + DAY


def is_following(
    recent: Sequence[tuple[float, float]], expected: frozenset[int], calendar: tuple[str, int] | None
) -> bool:
    """Return whether what days name comes on the next one that exists, rather than so long after them."""
    if len(expected) == int(WEEK // DAY):
        return False

    def odd(lags: Sequence[float]) -> int:
        middle = median(lags)
        return sum(abs(lag - middle) > DAY / 2 for lag in lags)

    by_name = odd([at - start for start, at in recent])
    return (
        by_name >= _SEVERAL
        and 2 * odd([at - following(start, expected, calendar) for start, at in recent]) < by_name
    )


def rests_beside(expected: frozenset[int], days: Sequence[int]) -> tuple[Rest, ...]:
    """Return when in a year nothing comes on the weekdays that exist, by the days (since 1970) on which something did.

    A week or two without what comes on one weekday are as much of a pause as a week without working days.
    """
    ordered = sorted(expected)
    widest = max(b - a for a, b in pairwise([*ordered, ordered[0] + 7]))
    return rests_of(days, max(CLOSED, _HALF_AGAIN * widest))
