"""Days that are alike by their place in the month: the same day of earlier months, or as far from its end. Pure."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from checks.rules.sentences import count_of
from checks.schedule.periods import Unit, period_of

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Period, Size
    from checks.schedule.due import Schedule

_NEAR_THE_END = 7
"""So many last days of a month are compared by their distance from its end too: months differ in length."""
_MOST_BACK = 24
"""So many months are gone through in search of those whose day is due."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the month (``day 1``, ``the last day``), and the periods of earlier months there, newest first."""

    name: str
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class OfMonth:
    """What earlier months came to at a place in the month, newest first, with the time of each in days."""

    name: str
    sizes: tuple[tuple[float, Size], ...]

    def say(self, count: int) -> str:
        """Say what a median is of: ``day 1 of the last 4 months``."""
        return f"{self.name} of the last {count_of(count, 'month')}"


@lru_cache(maxsize=256)
def places_before(schedule: Schedule, judged: Period, months: int) -> tuple[Place, ...]:
    """Return the places in the month of a period of a day or less, each with those of so many earlier months.

    None where periods are longer. Months without that day, or in which it is not due, are passed over.
    """
    if schedule.every.unit not in (Unit.DAY, Unit.MINUTE):
        return ()
    day, length = judged.wall.day, monthrange(judged.wall.year, judged.wall.month)[1]
    found = [Place(f"day {day}", _before(schedule, judged, months, day=day))]
    left = length - day
    if left < _NEAR_THE_END:
        found.append(Place(_from_end(left), _before(schedule, judged, months, left=left)))
    return tuple(found)


def _before(
    schedule: Schedule, judged: Period, months: int, *, day: int | None = None, left: int = 0
) -> tuple[Period, ...]:
    """Return the periods on a day of earlier months, or so many days before their ends, at the same time of day."""
    found: list[Period] = []
    for back in range(1, _MOST_BACK + 1):
        wall = _in_month(judged.wall, back, day, left)
        if wall is None:
            continue
        if schedule.since is not None and wall.date() < schedule.since:
            break
        period = period_of(wall, schedule.every, schedule.labels)
        if period is not None and schedule.due_at(period) is not None:
            found.append(period)
        if len(found) == months:
            break
    return tuple(found)


def _in_month(wall: datetime, back: int, day: int | None, left: int) -> datetime | None:
    """Return the wall time on that day so many months before; None where that month has no such day."""
    months = wall.year * 12 + wall.month - 1 - back
    year, month = months // 12, months % 12 + 1
    length = monthrange(year, month)[1]
    chosen = length - left if day is None else day
    return wall.replace(year=year, month=month, day=chosen) if 1 <= chosen <= length else None


def _from_end(left: int) -> str:
    """Name a day by its distance from the end of its month: ``the last day``, ``the third last day``."""
    words = ("", "second ", "third ", "fourth ", "fifth ", "sixth ", "seventh ")
    return f"the {words[left]}last day"
