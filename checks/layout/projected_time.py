"""A projected partition key that carries time: its values, from the start of its range on, step by step. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from checks.schedule.clock import wall_of
from checks.schedule.formats import read_fields, wall_from, write_time
from checks.schedule.periods import MONTHLY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

_SECOND, LEAST = timedelta(seconds=1), timedelta(microseconds=1)
NOW = re.compile(r"NOW(?:\s*([+-])\s*(\d{1,6})\s*([A-Z]+?)S?)?", re.IGNORECASE)
_LENGTHS = {
    "WEEK": timedelta(weeks=1),
    "DAY": timedelta(days=1),
    "HOUR": timedelta(hours=1),
    "MINUTE": timedelta(minutes=1),
    "SECOND": timedelta(seconds=1),
}


@dataclass(frozen=True, slots=True)
class TimeKey:
    """A projected key that carries time: its format, and its range where one is stated.

    ``start`` and ``end`` are as they stand in the properties, such as ``NOW-3YEARS`` and ``NOW``; values come
    every ``interval`` of ``unit`` (a whole number for integers, whose unit is empty).
    """

    name: str
    format: str
    start: str = ""
    end: str = ""
    interval: int = 1
    unit: str = ""
    is_integer: bool = False
    listed: tuple[str, ...] = ()
    """All its values, where the properties name each (enum)."""

    def admits(self, wall: datetime, now: datetime, zone: ZoneInfo) -> bool:
        """Tell whether the value that is written of a wall time lies in the range at ``now``."""
        if self.listed:
            return write_time(self.format, wall, zone) in self.listed
        if not self.start:
            return True
        value = write_time(self.format, wall, zone)
        if self.is_integer:
            first, last, number = int(self.start), int(self.end), int(value)
            return first <= number <= last and (number - first) % self.interval == 0
        first_at, last_at = self._bound(self.start, now, zone), self._bound(self.end, now, zone)
        own = read_whole(self.format, value, zone)
        if first_at is None or last_at is None or own is None:
            return True  # no year in it: the other keys tell the range
        return first_at <= own <= last_at and self._in_step(own, first_at)

    def _in_step(self, own: datetime, first: datetime) -> bool:
        if self.unit in ("YEAR", "MONTH"):
            months = (own.year - first.year) * 12 + own.month - first.month
            in_step = months % (self.interval * (12 if self.unit == "YEAR" else 1)) == 0
            return in_step and own == _moved(first, months, "MONTH")
        length = _LENGTHS.get(self.unit)
        return length is None or (own - first) % (self.interval * length) == timedelta(0)

    @property
    def _step_months(self) -> int:
        """Return the step in months, 0 where it is of a fixed length or not known."""
        return self.interval * {"YEAR": 12, "MONTH": 1}.get(self.unit, 0)

    def values(
        self, start: datetime, end: datetime, now: datetime, zone: ZoneInfo
    ) -> Iterator[datetime] | None:
        """Yield the wall times of the values in ``[start, end)``; None where no steps of dates are stated."""
        length = self.interval * _LENGTHS[self.unit] if self.unit in _LENGTHS else None
        months = self._step_months
        if not self.start or self.is_integer or not (length or months):
            return None
        first, last = self._bound(self.start, now, zone), self._bound(self.end, now, zone)
        if first is None or last is None:
            return None
        return self._steps(first, min(last, end - LEAST), start, length)

    def _steps(
        self, first: datetime, last: datetime, start: datetime, length: timedelta | None
    ) -> Iterator[datetime]:
        if length is not None:
            own = first + max(0, -((first - start) // length)) * length
            while own <= last:
                if own >= start:
                    yield own
                own += length
            return
        months = self._step_months
        past = (start.year - first.year) * 12 + start.month - first.month
        count = max(0, past // months) * months
        while (own := _moved(first, count, "MONTH")) <= last:
            if own >= start:
                yield own
            count += months

    def _bound(self, text: str, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return an end of the range as the wall time that its value carries."""
        match = NOW.fullmatch(text)
        if match is None:
            return read_whole(self.format, text, zone)
        moment = wall_of(now, zone)
        if match[1]:
            moment = _moved(moment, int(match[2]) * (1 if match[1] == "+" else -1), match[3].upper())
        return read_whole(self.format, write_time(self.format, moment, zone), zone)

    def say_range(self) -> str:
        """Say it for people: ``dt from NOW-3YEARS to NOW``."""
        return f"{self.name} from {self.start} to {self.end}"


def read_whole(text: str, value: str, zone: ZoneInfo) -> datetime | None:
    """Return the wall time that a value carries by itself; None where no year is in it, or it does not fit."""
    fields = read_fields(text, value)
    if fields is None or not set(fields) & {"year", "isoyear", "epoch", "epoch_ms"}:
        return None
    return wall_from(fields, zone)


def _moved(moment: datetime, count: int, unit: str) -> datetime:
    """Return the wall time some units on (back when negative); never before the year 1."""
    if unit in ("YEAR", "MONTH"):
        months = count * (12 if unit == "YEAR" else 1)
        first = moment.replace(day=1)
        if first.year * 12 + first.month - 1 + months < 12:
            return datetime.min  # noqa: DTZ901 - a wall time
        first = MONTHLY.step(first, months)
        last_day = (MONTHLY.step(first.replace(hour=0, minute=0, second=0, microsecond=0)) - _SECOND).day
        return first.replace(day=min(moment.day, last_day))
    try:
        return moment + count * _LENGTHS[unit]
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC).replace(tzinfo=None)
