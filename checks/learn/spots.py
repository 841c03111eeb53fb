"""On which day of a week or month a slow table comes: a weekday, a day of the month, a working day, a 2nd Tuesday."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from checks.learn.calendars import (
    FRIDAYS,
    MOST_DAYS,
    WORKING_COUNTRIES,
    month_of,
    month_start,
    working_days,
)
from checks.learn.keys import DAY, HOUR
from checks.learn.tails import median

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WEEK = 7 * DAY
MONTH = 365.25 / 12 * DAY
_MONDAY = 3  # days before 1 January 1970: week 0
# Deviations of under an hour, the change of clocks, tell no rule from another.
_ALIKE = HOUR
# How much better than a plainer rule one has to be to be believed: a working day, of which some ten are tried, has to
# leave half of what the day of the month leaves; a country, of which thirty are tried, two thirds of the rest.
# A weekday of the month is tried as often, and seldom meant.
_HANDICAP = {
    "start": 1.0,
    "end": 1.25,
    "open": 2.0,
    "open_end": 2.2,
    "next": 2.4,
    "previous": 2.6,
    "weekday": 2.8,
    "weekday_end": 3.0,
}
_OF_A_COUNTRY = 1.5
_EXPLAINED = 2  # deviations at the least: one is chance where thirty countries are tried
# Of the weeks that came on another day, as of days that are missed; in the mean over weeks a few holidays weigh little.
_OF_WEEKS = 0.5
_OFTEN = 0.25  # of the runs: those that fall into another month now and then are of both
_NEAR = 1.5  # times what the best leaves: what weekends alone explain worse no holidays make good
_EQUAL = 1.0001  # but for rounding
_TRIED = 3  # working days with each country's holidays: those that weekends alone explain best
_FARTHEST = 12  # working days: no month has fewer in any country, and nobody counts farther
_WEEKS = 4  # of each weekday that any month has
_MOST_TIED = 4  # countries with the same days off so far; more say nothing new


class Kind(StrEnum):
    """What a day is counted by: from the period's start or end, by working days, moved to one, or by its weekday."""

    START = "start"
    END = "end"
    OPEN = "open"
    OPEN_END = "open_end"
    NEXT = "next"
    PREVIOUS = "previous"
    WEEKDAY = "weekday"
    WEEKDAY_END = "weekday_end"


_OF_WORKING_DAYS = frozenset({Kind.OPEN, Kind.OPEN_END, Kind.NEXT, Kind.PREVIOUS})


@dataclass(frozen=True, slots=True)
class Spot:
    """A day of each period: weeks since the Monday before 1970, or months since year 0.

    `number` is in days from the start (0 is the first) or back from the end (-1 is the last), or the working day so
    counted (1 is the first, -1 the last). `NEXT` and `PREVIOUS` are days from the start that move to a working day.
    A weekday of a month is 0 for its first Monday to 6 for its first Sunday, 7 for the second Monday and so on; of
    `WEEKDAY_END` 0 is its last Monday, 7 the one before.
    `place` says which days are working days, as `working_days` does.
    """

    weeks: bool
    kind: Kind
    number: int
    place: str = MOST_DAYS

    def day(self, period: int) -> int:
        """Return the day, since 1970, of a period; it may lie in one before or after it."""
        if self.kind is Kind.START:
            return _first_day(period, weeks=self.weeks) + self.number
        if self.kind is Kind.END:
            return _first_day(period + 1, weeks=self.weeks) + self.number
        if self.kind is Kind.OPEN:
            return _nth(self.place, period, self.number)
        if self.kind is Kind.OPEN_END:
            return working_days(self.place, period)[self.number]
        if self.kind is Kind.WEEKDAY:
            first = month_start(period)
            return first + (self.number - _weekday_of(first)) % 7 + self.number // 7 * 7
        if self.kind is Kind.WEEKDAY_END:
            last = month_start(period + 1) - 1
            return last - (_weekday_of(last) - self.number) % 7 - self.number // 7 * 7
        day = _first_day(period, weeks=self.weeks) + self.number
        month = month_of(day)
        if self.kind is Kind.NEXT:
            days = working_days(self.place, month) + working_days(self.place, month + 1)
            return days[bisect_left(days, day)]
        days = working_days(self.place, month - 1) + working_days(self.place, month)
        return days[bisect_right(days, day) - 1]


def place_of(at: float, *, weeks: bool) -> float:
    """Return how many weeks or months an instant lies after the first one, with the part of its own that is over."""
    if weeks:
        return at / WEEK + _MONDAY / 7
    day = int(at // DAY)
    month = month_of(day)
    first = month_start(month)
    return month + (at / DAY - first) / (month_start(month + 1) - first)


def _first_day(period: int, *, weeks: bool) -> int:
    return period * 7 - _MONDAY if weeks else month_start(period)


def _weekday_of(day: int) -> int:
    """Return the weekday of a day since 1970: 0 is Monday."""
    return (day + _MONDAY) % 7


def _nth(place: str, month: int, number: int) -> int:
    days = working_days(place, month)
    while number > len(days):
        number -= len(days)
        month += 1
        days = working_days(place, month)
    return days[number - 1]


@dataclass(frozen=True, slots=True)
class Found:
    """The spots that explain runs best and equally well, how many periods after their own, and what they leave.

    `left` is the mean deviation in seconds, none counted for more than a bound.
    """

    spots: tuple[Spot, ...]
    shift: int
    left: float


@lru_cache(maxsize=1024)  # each look learns anew of what is kept, which is the same until something comes
def find(runs: tuple[tuple[int, float], ...], most: float, *, weeks: bool) -> Found:
    """Return the day that runs (own period, instant in UTC) keep to; no deviation counts for more than `most`."""
    apart = Counter(int(place_of(at, weeks=weeks) // 1) - period for period, at in runs)
    best: tuple[float, Found, float] | None = None
    working: list[tuple[int, Spot]] = []
    often = [s for s, count in apart.items() if count >= _OFTEN * len(runs)] or [apart.most_common(1)[0][0]]
    # From the period's own start as well: so many days after it, whatever month that is in.
    for shift in dict.fromkeys((*often, 0)):
        moved = _moved(runs, shift)
        for spot in _plain(moved, weeks=weeks):
            if spot.kind in _OF_WORKING_DAYS:
                working.append((shift, spot))
            left = _left(spot, moved, most)
            rank = (left + _ALIKE) * _HANDICAP[spot.kind]
            if best is None or rank * _EQUAL < best[0]:
                best = rank, Found((spot,), shift, left), left
    assert best is not None  # noqa: S101 - there is always a day counted from the start
    return _with_holidays(best, working, runs, most, weeks=weeks)


def _with_holidays(
    best: tuple[float, Found, float],
    tried: Sequence[tuple[int, Spot]],
    runs: Sequence[tuple[int, float]],
    most: float,
    *,
    weeks: bool,
) -> Found:
    """Return what is found with the holidays of the countries that explain deviations, or as it is."""
    rank, plain, left = best
    if left <= _ALIKE and not weeks:
        return plain
    fewest = 1 if weeks else _EXPLAINED
    near = sorted(
        ((_left(spot, _moved(runs, shift), most), shift, spot) for shift, spot in tried),
        key=lambda each: each[0],
    )
    ranked: list[tuple[float, Found]] = []
    # In weeks each day leaves as much: whose holidays are missed tells which it is on the place's own clock.
    once = {(s.kind, s.number + 7 * shift): (rest, shift, s) for rest, shift, s in reversed(near)}
    for rest, shift, simple in once.values() if weeks else near[:_TRIED]:
        moved = _moved(runs, shift)
        odd = _odd(simple, moved)
        for place in WORKING_COUNTRIES if odd >= fewest and rest <= _NEAR * left else ():
            spot = Spot(weeks, simple.kind, simple.number, place)
            if odd - _odd(spot, moved) < fewest:
                continue
            own = _left(spot, moved, most)
            worth = (own + _ALIKE) * _HANDICAP[spot.kind] * _OF_A_COUNTRY
            if worth < rank or (weeks and _odd(spot, moved) <= _OF_WEEKS * odd):
                ranked.append((worth, Found((spot,), shift, own)))
    if not ranked:
        return plain
    least = min(worth for worth, _ in ranked)
    equal = dict.fromkeys(found for worth, found in ranked if worth <= least * _EQUAL)
    # Of working days that never lay apart so far the one on which the runs are.
    first = min(equal, key=lambda found: not 0 <= _middle(found, runs) < DAY)
    usual = first.spots[0]
    tied = [found.spots[0] for found in equal if found.shift == first.shift]
    alike = [spot for spot in tied if (spot.kind, spot.number) == (usual.kind, usual.number)]
    return Found(tuple(alike[:_MOST_TIED]), first.shift, first.left)


def _middle(found: Found, runs: Sequence[tuple[int, float]]) -> float:
    return median(lags_of(found.spots[0], _moved(runs, found.shift)))


def left_by(found: Found, runs: Sequence[tuple[int, float]], most: float) -> float:
    """Return what is left of runs (own period, instant) by spots that others told: the mean deviation in seconds."""
    return _left(found.spots[0], _moved(runs, found.shift), most)


def _moved(runs: Sequence[tuple[int, float]], shift: int) -> list[tuple[int, float]]:
    return [(period + shift, at) for period, at in runs]


def _left(spot: Spot, runs: Sequence[tuple[int, float]], most: float) -> float:
    lags = lags_of(spot, runs)
    middle = median(lags)
    return sum(min(abs(lag - middle), most) for lag in lags) / len(lags)


def _odd(spot: Spot, runs: Sequence[tuple[int, float]]) -> int:
    """Return how many runs fell on another day than usual."""
    lags = lags_of(spot, runs)
    middle = median(lags)
    return sum(abs(lag - middle) > DAY / 2 for lag in lags)


def lags_of(spot: Spot, runs: Sequence[tuple[int, float]]) -> list[float]:
    """Return the seconds from the start of each run's day to the run."""
    return [at - spot.day(period) * DAY for period, at in runs]


def _plain(runs: Sequence[tuple[int, float]], *, weeks: bool) -> Iterator[Spot]:
    first = median([at / DAY - _first_day(period, weeks=weeks) for period, at in runs])
    yield Spot(weeks, Kind.START, int(first // 1))
    if not weeks:
        last = median([at / DAY - _first_day(period + 1, weeks=weeks) for period, at in runs])
        yield Spot(weeks, Kind.END, int(last // 1))
        yield from _weekdays(runs)
    yield from _working(runs, weeks=weeks)


def _weekdays(runs: Sequence[tuple[int, float]]) -> Iterator[Spot]:
    """Yield the weekdays of the month that runs may keep to: the usual one, and those beside it on other clocks."""
    days = [(month_start(month), month_start(month + 1), int(at // DAY)) for month, at in runs]
    usual = Counter(_weekday_of(day) for *_, day in days).most_common(1)[0][0]
    for weekday in (usual, (usual + 1) % 7, (usual - 1) % 7):
        nth = median([(day - first - (weekday - _weekday_of(first)) % 7) / 7 for first, _, day in days])
        if 0 <= round(nth) < _WEEKS:
            yield Spot(weeks=False, kind=Kind.WEEKDAY, number=7 * round(nth) + weekday)
        back = median([(end - 1 - (_weekday_of(end - 1) - weekday) % 7 - day) / 7 for _, end, day in days])
        if 0 <= round(back) < _WEEKS:
            yield Spot(weeks=False, kind=Kind.WEEKDAY_END, number=7 * round(back) + weekday)


def _working(runs: Sequence[tuple[int, float]], *, weeks: bool) -> Iterator[Spot]:
    """Yield the working days that runs may keep to, by weekends alone: those around the usual one."""
    days = [int(at // DAY) - _first_day(period, weeks=weeks) for period, at in runs]
    usual = Counter(days).most_common(1)[0][0]
    for place in (MOST_DAYS, FRIDAYS):
        for near in (usual, usual - 1, usual + 1):
            yield Spot(weeks, Kind.NEXT, near, place)
            yield Spot(weeks, Kind.PREVIOUS, near, place)
        if weeks:
            continue
        ranks = [_rank(place, period, int(at // DAY)) for period, at in runs]
        nth = sorted(rank for rank, _ in ranks)[len(ranks) // 2]
        back = sorted(rank for _, rank in ranks)[len(ranks) // 2]
        yield from (Spot(weeks, Kind.OPEN, n, place) for n in (nth, nth + 1, nth - 1) if 1 <= n <= _FARTHEST)
        yield from (
            Spot(weeks, Kind.OPEN_END, n, place) for n in (back, back + 1, back - 1) if -_FARTHEST <= n <= -1
        )


def _rank(place: str, month: int, day: int) -> tuple[int, int]:
    """Return which working day of the month a day is, or follows, from its start and from its end."""
    days = working_days(place, month)
    count = bisect_right(days, day)
    return count, count - len(days) - 1
