"""Wall clocks: how far each is from UTC at an instant, and which of them a job keeps to."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.learn.tails import median

if TYPE_CHECKING:
    from collections.abc import Sequence

# One of each rule of changing clocks that much of the world's data follows; inside a family only a constant differs.
FAMILIES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "America/Santiago")

TIED = 2
"""Slots of the week more that speak against a clock than against the best one: it is disproved."""
AS_WELL = 1.1
"""Times what the best clock leaves unexplained: it explains as well."""

# Ten arrivals on either side of a change tell whether it moved them, three at the least: one of them may be late.
_LOOKED_AT, _TELLING = 10, 3
_DAYS = 366
_ABOUT_A_YEAR = _DAYS * 86400.0
_APART = 60 * 86400.0  # where clocks of several places change in one season
# Hours of the years that a clock can tell anywhere; names may be of any year, and before and after there is no change.
_FIRST, _LAST = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp() // 3600) for year in (2, 9999))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=200_000)
def _hour_offset(name: str, hour: int) -> float:
    within = min(max(hour, _FIRST), _LAST)
    moment = datetime.fromtimestamp(within * 3600, UTC).astimezone(_zone(name)).utcoffset()
    return moment.total_seconds() if moment else 0.0


def offset(name: str, at: float) -> float:
    """Return the seconds that the clock of a zone is ahead of UTC at an instant (seconds since 1970)."""
    return 0.0 if name == "UTC" else _hour_offset(name, int(at // 3600))


def to_utc(name: str, local: float) -> float:
    """Return the instant that a wall clock shows as `local` (seconds since 1970 on it), the later of two."""
    if name == "UTC":
        return local
    before, after = offset(name, local - 86400), offset(name, local + 86400)
    if before == after:
        return local - before
    # Near a change: the later instant, which asks for data no sooner than either reading.
    candidates = [local - o for o in (before, after) if offset(name, local - o) == o]
    return max(candidates, default=local - min(before, after))


@lru_cache(maxsize=65536)
def _day_changes(name: str, day: int) -> tuple[float, float] | None:
    begin, end = day * 24, day * 24 + 24
    if _hour_offset(name, begin) == _hour_offset(name, end):
        return None
    for hour in range(begin, end):
        delta = _hour_offset(name, hour + 1) - _hour_offset(name, hour)
        if delta:
            return (hour + 1) * 3600.0, delta
    return None


@lru_cache(maxsize=4096)
def _changes_of(name: str, year: int) -> tuple[tuple[float, float], ...]:
    """Return the changes of about a year, of those that are counted from 1970: each is asked for again and again."""
    found = (_day_changes(name, day) for day in range(year * _DAYS, (year + 1) * _DAYS))
    return tuple(change for change in found if change)


def changes(name: str, begin: float, end: float) -> list[tuple[float, float]]:
    """Return the changes of a zone's clock between two instants: when, and by how many seconds it went ahead."""
    if name == "UTC":
        return []
    years = range(int(begin // _ABOUT_A_YEAR), int(end // _ABOUT_A_YEAR) + 1)
    return [change for year in years for change in _changes_of(name, year) if begin < change[0] <= end]


def steady(name: str, begin: float, end: float) -> list[tuple[float, float]]:
    """Return since when a zone's clock was how many seconds ahead of UTC between two instants, in order."""
    return [(at, offset(name, at)) for at in (begin, *(at for at, _ in changes(name, begin, end)))]


def zones_of(firsts: Sequence[tuple[float, float]]) -> list[str]:
    """Return the zones whose clock explains the lags of (own start, arrival) best; all that explain them equally.

    Only a change of clocks can tell zones apart: those that it speaks for stay alone, those it speaks against go.
    """
    undecided, proved = [], []
    lags = [at - start for start, at in firsts]
    times = [at for _, at in firsts]
    for zone in FAMILIES[1:]:
        votes = []
        for change, delta in changes(zone, times[0], times[-1]):
            before, after = _around(change, times)
            if len(before) >= _TELLING and len(after) >= _TELLING:
                moved = median([lags[place] for place in after]) - median([lags[place] for place in before])
                votes.append(abs(moved + delta) < abs(moved))
        if not votes:
            undecided.append(zone)
        elif sum(votes) > len(votes) / 2:
            proved.append((sum(votes) / len(votes), zone))
    if proved:
        best = max(proved)[0]
        return [zone for share, zone in proved if share == best]
    return ["UTC", *undecided]


def _around(change: float, times: Sequence[float]) -> tuple[range, range]:
    """Return the places of the last arrivals before a change of a clock, and of the first ones after it.

    Without those beyond the next change of any clock, where enough are left: what moved with that one would speak for
    this one as well. Clocks of Europe and of North America change a week apart, which are five working days.
    """
    place = bisect_left(times, change)
    near = [bisect_left(times, other) for other in _beside(change)]
    begin = max((each for each in near if each <= place - _TELLING), default=0)
    end = min((each for each in near if each >= place + _TELLING), default=len(times))
    return range(max(begin, place - _LOOKED_AT, 0), place), range(place, min(end, place + _LOOKED_AT))


@lru_cache(maxsize=1024)
def _beside(change: float) -> tuple[float, ...]:
    """Return when other clocks change in the same season."""
    found = (changes(zone, change - _APART, change + _APART) for zone in FAMILIES[1:])
    return tuple(at for each in found for at, _ in each if at != change)
