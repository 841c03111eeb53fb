"""By which clock hours of the week exist: the keys' own, or that of a place; with the holidays and misses by it."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from checks.learn.calendars import COUNTRIES, countries_of, of_working_days, supposed
from checks.learn.clocks import FAMILIES, TIED, changes, offset
from checks.learn.existing_slots import WEEK, expected_slots, misfits
from checks.learn.keys import DAY, HOUR
from checks.learn.missed import miss_rate

if TYPE_CHECKING:
    from collections.abc import Sequence

# Of hours that explain less than half of what came the rhythm is new, and what came before speaks for no clock.
_NEW = 0.5


def hour_clocks(starts: Sequence[float], expected: frozenset[int]) -> tuple[tuple[str, frozenset[int]], ...]:
    """Return the zones whose clock explains equally well which hours exist, each with the hours of the week on it.

    Keys of hours mostly name them in UTC, while jobs that pause at night pause by a wall clock.
    """
    if _is_grid(expected):
        return ()
    fitted = []
    for zone in FAMILIES:
        if zone == "UTC":
            fitted.append((misfits(starts, expected, HOUR), zone, expected))
            continue
        if not changes(zone, starts[0], starts[-1]):
            ahead = int(offset(zone, starts[-1]) // HOUR)
            week = int(WEEK // HOUR)
            fitted.append((fitted[0][0], zone, frozenset((hour + ahead) % week for hour in expected)))
            continue
        labels = sorted({start + offset(zone, start) for start in starts})
        hours = expected_slots(labels, HOUR)
        fitted.append((misfits(labels, hours, HOUR), zone, hours))
    # Where the rhythm is new by the keys' own clock, by others three days of it may not be alike yet: only those that
    # explain what came of late are asked.
    if fitted[0][0] > _NEW * len(starts):
        fitted = [each for each in fitted if _explains(starts, *each[1:]) and each[0] <= _NEW * len(starts)]
        if not fitted:
            return ()
    least = min(fitted)[0]
    return tuple((zone, hours) for misfit, zone, hours in fitted if misfit <= least + TIED)


def _explains(starts: Sequence[float], zone: str, hours: frozenset[int]) -> bool:
    """Return whether the hours of the week that exist on a clock are those of the last three days."""
    recent = [start + offset(zone, start) for start in starts[bisect_left(starts, starts[-1] - 3 * DAY) :]]
    return misfits(recent, hours, HOUR) <= TIED


def _is_grid(hours: frozenset[int]) -> bool:
    """Return whether hours of the week are the same steps of every day from midnight on (00, 06, 12, 18).

    Such keys name steps of their own clock, which no change of another one moves.
    """
    steps = {hour % 24 for hour in hours}
    apart = 24 // len(steps)
    return len(hours) == 7 * len(steps) and steps == set(range(0, 24, apart))


def calendars_of(
    starts: Sequence[float], clocks: Sequence[tuple[str, frozenset[int]]]
) -> tuple[tuple[str, int] | None, ...]:
    """Return the holidays that explain the days on which no hour came, by the days of each clock.

    An office's day in eastern Asia and Australia is of two days of UTC.
    """
    places = [zone for zone, _ in clocks]
    found = []
    for zone, hours in clocks:
        days = [start + offset(zone, start) for start in starts]
        weekdays = {int(hour * HOUR // DAY) for hour in hours}
        countries = COUNTRIES if "UTC" in places else countries_of([zone])
        found.append(of_working_days(days, countries) or supposed(places, weekdays, days))
    return tuple(found)


def least_missed(
    starts: Sequence[float],
    unit: float,
    clocks: Sequence[tuple[str, frozenset[int]]],
    calendars: Sequence[tuple[str, int] | None],
) -> float:
    """Return how often single slots are missed, by the clock on which that is least: hours move in UTC with others."""
    least = 1.0
    for (zone, hours), calendar in zip(clocks, calendars, strict=True):
        local = sorted({start + offset(zone, start) for start in starts})
        least = min(least, miss_rate(local, unit, hours, calendar))
        if not least:
            break
    return least
