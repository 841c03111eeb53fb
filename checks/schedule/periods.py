"""Periods: how time is cut into the pieces that data is kept by.

A period is a longest stretch of time in which the wall clock of the labels' zone falls into one cell of
the grid (a day, an hour ...). So periods tile time without gap or overlap whatever the clocks do: an hour
that comes twice is one period of two hours, an hour that is skipped is none. Where the grid is finer than
the change of clocks a label comes twice, as two periods with one label.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.model import Period
from checks.schedule.clock import first_change, first_instant, last_instant, wall_of
from checks.schedule.translations import cadence_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_EVERY = re.compile(r"(\d+)\s*(mo|m|h|d|w|y)")
_ALLOWED = "15m, 1h, 6h and other divisors of a day, 1d, 1w, 2w, 1mo, 3mo and 1y"
ANCHOR = date(2024, 1, 1)
"""The Monday that pairs of ISO weeks are counted from where nothing else is stated: W01 and W02 of 2024 are one."""


class Unit(StrEnum):
    """What a cadence counts in."""

    MINUTE = "m"
    DAY = "d"
    WEEK = "w"
    MONTH = "mo"


@dataclass(frozen=True, slots=True, order=True)
class Every:
    """A cadence: ``minutes`` long within a day, or a day, or so many ISO weeks or months (12 of them are a year).

    Quarters and years begin with January. Pairs of weeks are counted from `ANCHOR`, ``shift`` weeks later.
    """

    unit: Unit
    minutes: int = 0
    count: int = 1
    shift: int = 0

    def __str__(self) -> str:
        """Write it as in a config: ``15m``, ``6h``, ``1d``, ``2w``, ``3mo``, ``1y``."""
        if self.unit is Unit.MINUTE:
            return f"{self.minutes // 60}h" if self.minutes % 60 == 0 else f"{self.minutes}m"
        return "1y" if self._is_year else f"{self.count}{self.unit.value}"

    def say(self) -> str:
        """Say it for people, with where pairs of weeks begin."""
        if self.unit is not Unit.WEEK or self.count == 1:
            return str(self)
        return f"{self} (pairs of weeks, such as the one from Monday {ANCHOR + self.shift * _WEEK})"

    @property
    def _is_year(self) -> bool:
        return self.unit is Unit.MONTH and self.count == 12

    @property
    def nominal(self) -> timedelta:
        """The usual length; a month counts as 30 days, a quarter as 91, a year as 365."""
        match self.unit:
            case Unit.MINUTE:
                return timedelta(minutes=self.minutes)
            case Unit.DAY:
                return _DAY
            case Unit.WEEK:
                return self.count * _WEEK
            case Unit.MONTH:
                return timedelta(days=self.count * 365 // 12)

    @property
    def noun(self) -> str:
        """Say one period for people: ``day``, ``hour``, ``6 h``, ``week``, ``fortnight``, ``quarter``, ``year``."""
        match self.unit:
            case Unit.MINUTE:
                return "hour" if self.minutes == 60 else str(self).replace("m", " min").replace("h", " h")
            case Unit.DAY:
                return "day"
            case Unit.WEEK:
                return "week" if self.count == 1 else "fortnight"
            case Unit.MONTH:
                return {1: "month", 3: "quarter", 12: "year"}[self.count]

    def anchored(self, day: date) -> Every:
        """Return the same cadence, where the ISO week of that day begins a pair of weeks."""
        weeks = (day - timedelta(days=day.weekday()) - ANCHOR) // _WEEK
        return replace(self, shift=weeks % self.count)

    def floor(self, wall: datetime) -> datetime:
        """Return the wall-clock start of the cell that ``wall`` is in."""
        midnight = datetime.combine(wall.date(), time())
        match self.unit:
            case Unit.MINUTE:
                passed = wall.hour * 60 + wall.minute
                return midnight + timedelta(minutes=passed - passed % self.minutes)
            case Unit.DAY:
                return midnight
            case Unit.WEEK:
                monday = midnight - timedelta(days=wall.weekday())
                weeks = (monday.date() - ANCHOR) // _WEEK - self.shift
                return monday - weeks % self.count * _WEEK
            case Unit.MONTH:
                return midnight.replace(month=wall.month - (wall.month - 1) % self.count, day=1)

    def step(self, start: datetime, count: int = 1) -> datetime:
        """Return the wall-clock start of the cell ``count`` cells on (back when negative)."""
        match self.unit:
            case Unit.MINUTE:
                return start + count * timedelta(minutes=self.minutes)
            case Unit.DAY:
                return start + count * _DAY
            case Unit.WEEK:
                return start + count * self.count * _WEEK
            case Unit.MONTH:
                months = start.year * 12 + start.month - 1 + count * self.count
                return start.replace(year=months // 12, month=months % 12 + 1)

    def label(self, start: datetime) -> str:
        """Name the cell that starts at that wall time: ``2026-11-22``, ``2026-W47-W48``, ``2026-Q3``, ``2026``."""
        match self.unit:
            case Unit.MINUTE:
                return f"{start:%Y-%m-%dT%H:%M}"
            case Unit.DAY:
                return start.date().isoformat()
            case Unit.WEEK:
                year, week, _ = start.isocalendar()
                following = (start + (self.count - 1) * _WEEK).isocalendar().week
                return f"{year:04d}-W{week:02d}" + (f"-W{following:02d}" if self.count > 1 else "")
            case Unit.MONTH:
                within = {1: f"-{start:%m}", 3: f"-Q{start.month // 3 + 1}", 12: ""}[self.count]
                return f"{start:%Y}{within}"

    def start_of(self, label: str) -> datetime | None:
        """Return the wall-clock start of the cell of that name; None where it is no name of this cadence."""
        try:
            found = self.floor(_named(label))
        except (ValueError, OverflowError):
            return None
        return found if self.label(found) == label else None


def _named(label: str) -> datetime:
    """Return the first wall time of what a label names; raise ValueError where it is none."""
    year, _, within = label.partition("-")
    if within.startswith("W"):
        return datetime.fromisocalendar(int(year), int(within[1:3]), 1)
    if within.startswith("Q"):
        return datetime(int(year), int(within[1:]) * 3 - 2, 1)  # noqa: DTZ001 - wall time
    if len(label) <= len("2026-11"):
        return datetime(int(year), int(within or 1), 1)  # noqa: DTZ001 - wall time
    return datetime.fromisoformat(label)


HOURLY = Every(Unit.MINUTE, 60)
DAILY = Every(Unit.DAY)
WEEKLY = Every(Unit.WEEK)
FORTNIGHTLY = Every(Unit.WEEK, count=2)
MONTHLY = Every(Unit.MONTH)
QUARTERLY = Every(Unit.MONTH, count=3)
YEARLY = Every(Unit.MONTH, count=12)
LEARNED = (DAILY, HOURLY, WEEKLY, MONTHLY, QUARTERLY, YEARLY)
"""Cadences that names of periods may tell where none is stated."""
_COARSE = {str(each): each for each in (DAILY, WEEKLY, FORTNIGHTLY, MONTHLY, QUARTERLY, YEARLY)}


def parse_every(text: object) -> Every:
    """Read a cadence: a divisor of a day, 1d, 1w, 2w, 1mo, 3mo or 1y; raise ValueError with what to write."""
    if isinstance(text, Every):
        return text
    match = _EVERY.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        message = f"{text!r} is not a cadence; write {cadence_for(text) or f'one of {_ALLOWED}'}"
        raise ValueError(message)
    count, unit = int(match[1]), match[2]
    if unit in ("m", "h"):
        minutes = count * (60 if unit == "h" else 1)
        if minutes == 1440:
            return DAILY
        if minutes and minutes < 1440 and 1440 % minutes == 0:
            return Every(Unit.MINUTE, minutes)
    elif (found := _COARSE.get(f"{count}{unit}")) is not None:
        return found
    message = f"{text!r} does not divide time evenly; write {cadence_for(text) or f'one of {_ALLOWED}'}"
    raise ValueError(message)


def period_at(instant: datetime, every: Every, zone: ZoneInfo) -> Period:
    """Return the period that holds the instant."""
    start = every.floor(wall_of(instant, zone))
    return next(p for p in _periods_of_cells(start, every, zone) if p.start <= instant < p.end)


def period_of(wall: datetime, every: Every, zone: ZoneInfo) -> Period | None:
    """Return the period whose label's cell holds that wall time (the last one where it comes twice).

    None when the clocks of the zone never showed any time of the cell, and at either end of time (9999-12-31), where a
    cell has no end or beginning.
    """
    try:
        start = every.floor(wall)
        label = every.label(start)
        found = [p for p in _periods_of_cells(start, every, zone) if p.label == label]
    except (OverflowError, ValueError):
        return None
    return found[-1] if found else None


def back_from(instant: datetime, every: Every, zone: ZoneInfo) -> Iterator[Period]:
    """Yield the period that holds the instant, then the ones before it, down to the first year there is."""
    period = period_at(instant, every, zone)
    while True:
        yield period
        try:
            period = period_at(period.start - timedelta(seconds=1), every, zone)
        except (OverflowError, ValueError):  # of long periods a few thousand are all there are
            return


def forward_from(instant: datetime, every: Every, zone: ZoneInfo) -> Iterator[Period]:
    """Yield the period that holds the instant, then the ones after it, up to the last year there is."""
    period = period_at(instant, every, zone)
    while True:
        yield period
        try:
            period = period_at(period.end, every, zone)
        except (OverflowError, ValueError):
            return


def _periods_of_cells(start: datetime, every: Every, zone: ZoneInfo) -> tuple[Period, ...]:
    if every.unit is Unit.MINUTE:
        return _periods_of_day(start.date(), every, zone)
    first, end = first_instant(start, zone), first_instant(every.step(start), zone)
    return (Period(first, end, start, every.label(start)),) if first < end else ()


@lru_cache(maxsize=4096)
def _periods_of_day(day: date, every: Every, zone: ZoneInfo) -> tuple[Period, ...]:
    """All periods that start on the local day, in order."""
    midnight = datetime.combine(day, time())
    cells = [midnight + timedelta(minutes=m) for m in range(0, 1440, every.minutes)]
    first, last = first_instant(midnight, zone), last_instant(midnight + _DAY, zone)
    if first.astimezone(zone).utcoffset() == last.astimezone(zone).utcoffset() and last - first == _DAY:
        length = timedelta(minutes=every.minutes)
        starts = [first + count * length for count in range(len(cells))]
        return tuple(
            Period(start, start + length, cell, every.label(cell))
            for start, cell in zip(starts, cells, strict=True)
        )
    return _periods_round_a_change(day, every, zone)


def _periods_round_a_change(day: date, every: Every, zone: ZoneInfo) -> tuple[Period, ...]:
    """Cut a day on which the clocks change: wherever the cell that the wall clock is in changes."""
    midnight = datetime.combine(day, time())
    low, high = first_instant(midnight - _DAY, zone), last_instant(midnight + 2 * _DAY, zone)
    cuts = {
        instant
        for minutes in range(-1440, 2 * 1440 + 1, every.minutes)
        for wall in (midnight + timedelta(minutes=minutes),)
        for instant in (first_instant(wall, zone), last_instant(wall, zone))
    }
    hour = low
    while hour < high:  # every change of the offset may change the cell too
        change = first_change(hour, hour + timedelta(hours=1), zone)
        if change is not None:
            cuts.add(change)
        hour += timedelta(hours=1)
    runs: list[tuple[datetime, datetime]] = []
    for cut in sorted(cuts):
        cell = every.floor(wall_of(cut, zone))
        if not runs or runs[-1][1] != cell:
            runs.append((cut, cell))
    return tuple(
        Period(start.astimezone(UTC), end.astimezone(UTC), cell, every.label(cell))
        for (start, cell), (end, _) in pairwise(runs)
        if cell.date() == day
    )
