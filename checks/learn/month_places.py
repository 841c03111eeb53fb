"""Where in its month a day lies, by which month ends are told: as a day and a working day, by its run and its name."""

from __future__ import annotations

from bisect import bisect_left
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from checks.learn.calendars import is_holiday, month_of, month_start
from checks.learn.keys import DAY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Place = tuple[str, int]
"""What a day is counted by, and its number from the month's begin (1 is the first) or from its end (-1 is the last)."""

_EPOCH = date(1970, 1, 1)
# Days whose month, and those beside it, a calendar has.
_EARLIEST, _LATEST = (date(2, 1, 1) - _EPOCH).days, (date(9998, 12, 31) - _EPOCH).days
_OPEN, _OPEN_END, _DAY, _END = "working day", "working day from the end", "day", "day from the end"
_OF_RUN = "run's "
# Closing takes a week: nobody counts working days farther from a month's begin or end.
_FARTHEST = 5
# Months that tell of a place: with three of them late, or large, the next one is.
_LAST = 3
# What happened at the turn of one month is a month end's doing as likely as an incident's; of other days it is none.
_TURN = frozenset({1, -1})


@dataclass(frozen=True)
class Month:
    """How the days of a table lie in their months.

    `weekdays` (0 is a Thursday) and `calendar` say which of them exist; each comes `later` days after the one that it
    names.
    """

    weekdays: frozenset[int]
    calendar: tuple[str, int] | None = None
    later: int = 0

    def places(self, start: float) -> tuple[Place, ...]:
        """Return the places of a day, by the one that it names and by the one on which it comes."""
        day = int(start // DAY)
        found = _places(day, self.weekdays, self.calendar, 0, "")
        if not self.later:
            return found
        return found + _places(day, self.weekdays, self.calendar, self.later, _OF_RUN)


@lru_cache(maxsize=16384)  # of some tables' years: each is asked for anew with each day that comes
def _places(
    named: int, weekdays: frozenset[int], calendar: tuple[str, int] | None, later: int, what: str
) -> tuple[Place, ...]:
    if not _EARLIEST <= named + later <= _LATEST:  # 0001-01-01 and 9999-12-31 stand for no day
        return ()
    day = _EPOCH + timedelta(days=named + later)
    length = monthrange(day.year, day.month)[1]
    found: list[Place] = [(what + _DAY, day.day), (what + _END, day.day - length - 1)]
    days = _open_days(month_of(named + later), weekdays, calendar, later)
    place = bisect_left(days, named + later)
    if place < len(days) and days[place] == named + later:
        if place < _FARTHEST:
            found.append((what + _OPEN, place + 1))
        if place >= len(days) - _FARTHEST:
            found.append((what + _OPEN_END, place - len(days)))
    return tuple(found)


@lru_cache(maxsize=1024)
def _open_days(
    month: int, weekdays: frozenset[int], calendar: tuple[str, int] | None, later: int
) -> tuple[int, ...]:
    """Return the days (since 1970) of a month on which something that exists comes."""
    return tuple(
        day
        for day in range(month_start(month), month_start(month + 1))
        if (day - later) % 7 in weekdays and not (calendar and is_holiday(calendar, (day - later) * DAY))
    )


def always(
    month: Month, days: Sequence[tuple[float, float]], least: float, once: float
) -> dict[Place, float]:
    """Return the places at which a value was over `least` in each of the last months, and the most of it there.

    `days` are starts and values in order of time. At the turn of a month one value over `once` is enough as long as it
    is the only one that is known of its place.
    """
    by_place: dict[Place, list[float]] = {}
    for start, value in days:
        for place in month.places(start):
            by_place.setdefault(place, []).append(value)
    return {
        place: max(values[-_LAST:])
        for place, values in by_place.items()
        if min(values[-_LAST:]) > (least if len(values) > 1 else once)
        and (len(values) > 1 or place[1] in _TURN)
    }


def most_of(month: Month, found: Mapping[Place, float], start: float) -> float:
    """Return the most of what was found at the places of a day; 0 where nothing was."""
    return max((found[place] for place in month.places(start) if place in found), default=0.0)
