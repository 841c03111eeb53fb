"""Times of the year at which a table rests each year, such as August or school holidays: nothing is due then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_EPOCH = date(1970, 1, 1)
# The newest pause of each part of the year ended within a year, or while the next one goes on.
_LATEST = 365 + 183
# What is silent for over half a year has another rhythm, and no pause.
_LONGEST = 183
# Pauses of two years are the same where they overlap for half of the longer: school holidays move by a week or so.
_SAME = 0.5
# Of the gaps: three holidays in the nine months of a school's weeks.
_SELDOM = 1 / 8
# Three years bound a pause as well as more do; before, schools and jobs were others.
YEARS = 3
CLOSED = 5
"""Days that a working week with public holidays may be closed: from Maundy Thursday to Easter Tuesday."""


@dataclass(frozen=True, slots=True)
class Rest:
    """A part of each year, both ends in it, as (month, day); it may go over the turn of the year."""

    begin: tuple[int, int]
    end: tuple[int, int]

    def holds(self, day: int) -> bool:
        """Return whether a day since 1970 lies in it."""
        at = _EPOCH + timedelta(days=day)
        place = (at.month, at.day)
        if self.begin <= self.end:
            return self.begin <= place <= self.end
        return place >= self.begin or place <= self.end


def rests_of(days: Sequence[int], longest: float) -> tuple[Rest, ...]:
    """Return the parts of the year in which nothing came in each of the two last years, or more.

    `days`, since 1970 and in order, are those on which something came or was due; no gap of up to `longest` days is a
    rest. A gap of one year is an outage as likely. What lay in the gap of each year rests: nothing is asked for there
    that would have to come earlier, or later, than ever.
    """
    gaps = [(a + 1, b - 1) for a, b in pairwise(days) if longest < b - a <= _LONGEST]
    if len(gaps) > _SELDOM * len(days):
        return ()  # they are the rhythm
    found: list[tuple[int, int]] = []
    for gap in reversed(gaps):
        if days[-1] - gap[1] > _LATEST:
            break
        begin, end = gap
        seen = 1
        for back in range(1, YEARS):
            before = _like((_moved(gap[0], -back), _moved(gap[1], -back)), gaps)
            if before is None:
                break
            seen += 1
            begin, end = max(begin, _moved(before[0], back)), min(end, _moved(before[1], back))
        apart = all(end < a or begin > b for a, b in _of_next_year(found))
        if seen > 1 and begin <= end and apart:
            found.append((begin, end))
    return tuple(Rest(_place(begin), _place(end)) for begin, end in reversed(found))


def is_rest(rests: Iterable[Rest], day: int) -> bool:
    """Return whether a day since 1970 lies in one of the rests."""
    return any(rest.holds(day) for rest in rests)


def _of_next_year(found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return parts that are known already, as they lay a year before: the newest of each tells."""
    return [(_moved(begin, -1), _moved(end, -1)) for begin, end in found]


def _like(wanted: tuple[int, int], gaps: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the gap that overlaps most with this one, where that is half of the longer at the least."""

    def shared(gap: tuple[int, int]) -> int:
        return min(gap[1], wanted[1]) - max(gap[0], wanted[0]) + 1

    best = max(gaps, key=shared)
    longer = max(best[1] - best[0], wanted[1] - wanted[0]) + 1
    return best if shared(best) >= _SAME * longer else None


def _moved(day: int, years: int) -> int:
    """Return the same day of another year; 29 February is the 28th there."""
    at = _EPOCH + timedelta(days=day)
    try:
        return (at.replace(year=at.year + years) - _EPOCH).days
    except ValueError:
        return (at.replace(year=at.year + years, day=28) - _EPOCH).days


def _place(day: int) -> tuple[int, int]:
    at = _EPOCH + timedelta(days=day)
    return at.month, at.day
