"""What sizes usually come to: the earlier ones that count, their median and trend, and how they spread. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import combinations, islice
from statistics import median
from typing import TYPE_CHECKING

from checks.model import Size
from checks.rules.unread import ended_early
from checks.schedule.periods import Unit, period_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from checks.model import Listing, Observation, PartitionSeen, Period, Problem, TableMemory
    from checks.schedule.due import Schedule

_MOST_TRIED = 3
"""So many times as many periods are gone through in search of those that the calendar leaves open."""
NORMAL = 1.4826
"""A median of deviations, times this, is the standard deviation of what is normally distributed."""
WIDE = 4.0
LEAST_FACTOR = 2.5
"""Sizes that differ by no more than this are much alike: the deviation of ordinary loads is told of no usual."""
_FEWEST_FOR_A_TREND = 5
_STEEPEST = math.log(20)


@dataclass(frozen=True, slots=True)
class Usual:
    """What sizes usually come to: their median, what their trend leads to expect now, and how they spread.

    ``spread`` is the median deviation of their logarithms, ``factor`` four standard deviations of them as a factor.
    ``apart`` are all these deviations, without signs, as the next one has to be expected.
    """

    middle: float
    expected: float
    spread: float = 0.0
    factor: float = LEAST_FACTOR
    apart: tuple[float, ...] = ()

    @property
    def low(self) -> float:
        """The smaller of median and trend: growth is not held against a table, nor is a decline."""
        return min(self.middle, self.expected)

    @property
    def high(self) -> float:
        """The larger of median and trend."""
        return max(self.middle, self.expected)


def usual_of(samples: Sequence[tuple[float, float]], now: float) -> Usual:
    """Return the usual of values (each with its time) at a time; one bad value moves it little.

    The median, and the line through the logarithms whose slope is the median of all pairs' slopes (Theil and
    Sen); the spread is the median deviation from that line.
    """
    middle = median([value for _, value in samples])
    logs = [(at, math.log(value)) for at, value in samples if value > 0]
    if len(logs) < 2 or middle <= 0:
        return Usual(middle, middle)
    slope, fitted = 0.0, 1
    if len(logs) >= _FEWEST_FOR_A_TREND:
        pairs = combinations(logs, 2)
        slope = median([(later - value) / (then - at) for (at, value), (then, later) in pairs if then != at])
        fitted = 2
    level = median([value - slope * at for at, value in logs])
    log_middle = math.log(middle)
    expected = min(max(level + slope * now, log_middle - _STEEPEST), log_middle + _STEEPEST)
    deviations = [abs(value - level - slope * at) for at, value in logs]
    spread = median(deviations)
    # The next value lies farther from a line through few than these do: the interval of a prediction.
    few = math.sqrt((len(logs) + 1) / max(len(logs) - fitted, 1))
    factor = max(math.exp(min(WIDE * NORMAL * spread * few, 50)), LEAST_FACTOR)
    return Usual(middle, math.exp(expected), spread, factor, tuple([few * each for each in deviations]))


@lru_cache(maxsize=256)
def compared_with(schedule: Schedule, judged: Period, history: int) -> tuple[Period, ...]:
    """Return the periods that one is compared with, newest first: the last ones, and those of its weekday.

    Thousands of tables have one schedule.
    """
    found = {period.start: period for period in islice(_alike(schedule, judged, 1), history)}
    if schedule.every.unit in (Unit.DAY, Unit.MINUTE):
        found |= {period.start: period for period in islice(_alike(schedule, judged, 7), history)}
    return tuple(found[start] for start in sorted(found, reverse=True))


@lru_cache(maxsize=256)
def all_before(schedule: Schedule, judged: Period, most: int) -> tuple[Period, ...]:
    """Return so many periods before one at the same time of day, newest first: what may be remembered of them."""
    return tuple(islice(_alike(schedule, judged, 1), most))


def _alike(schedule: Schedule, judged: Period, days: int) -> Iterator[Period]:
    """Yield earlier periods that one is compared with, newest first: so many days apart, or each week or month."""
    every = schedule.every
    daily = every.unit in (Unit.DAY, Unit.MINUTE)
    for back in range(1, _MOST_TRIED * 52):
        wall = judged.wall - back * timedelta(days=days) if daily else every.step(judged.wall, -back)
        if schedule.since is not None and wall.date() < schedule.since:
            return
        period = period_of(wall, every, schedule.labels)
        if period is not None and schedule.due_at(period) is not None:
            yield period


def known_sizes(
    seen: Observation, memory: TableMemory, before: Sequence[Period]
) -> tuple[tuple[float, Size], ...]:
    """Return the sizes of earlier periods with their times in days, newest first: as seen now, or as remembered.

    Those before the first one with data are left out: the table was not born yet.
    """
    if not before:
        return ()
    by_label: defaultdict[str, list[PartitionSeen]] = defaultdict(list)
    for partition in seen.partitions:
        by_label[partition.period.label].append(partition)
    sizes: list[tuple[float, Size]] = []
    for period in before:
        label = period.label
        found = by_label.get(label)
        before_it = memory.sizes.get(label)
        size, problem = (before_it, None) if found is None else sum_of(found)
        if size is not None and problem is None:
            sizes.append((days_of(period.wall), with_rows_of(size, before_it)))
    while sizes and not sizes[-1][1].files:
        sizes.pop()
    return tuple(sizes)


def with_rows_of(size: Size, before: Size | None) -> Size:
    """Return a size with the rows that an earlier look told, where this one told none and the files are the same."""
    if size.rows is not None or before is None or (size.bytes, size.files) != (before.bytes, before.files):
        return size
    return before


def size_of(listing: Listing) -> Size:
    """Return what one place holds."""
    return Size(listing.size_bytes, listing.objects, listing.rows if listing.objects else 0)


def sum_of(partitions: Sequence[PartitionSeen]) -> tuple[Size, Problem | None]:
    """Return what partitions come to together, and why that is only a lower bound."""
    if len(partitions) == 1:  # as of nearly all periods
        (only,) = partitions
        if only.listing is not None and only.listing.complete and only.listing.part_of is None:
            return size_of(only.listing), only.problem
    total, files, problem = 0, 0, None
    rows: int | None = 0
    for partition in partitions:
        problem = problem or partition.problem
        listing = partition.listing
        if listing is None:
            continue
        problem = problem or listing.part_of
        if not listing.complete:
            problem = problem or ended_early(partition.location or partition.period.label)
        total, files = total + listing.size_bytes, files + listing.objects
        if listing.objects:
            rows = rows + listing.rows if rows is not None and listing.rows is not None else None
    return Size(total, files, rows), problem


def values_of(sizes: Iterable[tuple[float, Size]], what: str) -> list[tuple[float, float]]:
    """Return what sizes come to with their times, without those that do not tell it: bytes, files or rows."""
    return [(at, value) for at, size in sizes if (value := getattr(size, what)) is not None]


def value_of(size: Size, what: str) -> int | None:
    """Return the bytes, files or rows of a size; None where it does not tell them."""
    value: int | None = getattr(size, what)
    return value


@lru_cache(maxsize=1024)
def days_of(wall: datetime) -> float:
    """Return a wall time as a number of days."""
    return wall.toordinal() + (wall.hour * 60 + wall.minute) / 1440


def days_of_label(label: str) -> float:
    """Return the date that a label is as a number of days."""
    return float(date.fromisoformat(label).toordinal())
