"""Windows in which nothing is due, such as maintenance on Sundays from 02:00 to 04:00. Pure.

A deadline within a window moves to its end, and windows that touch or overlap are one. A window begins when clocks
first show its start, and ends when they last show its end: so a deadline that clocks show within it lies within it,
also where the change of clocks shows a time twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from checks.schedule.clock import first_instant, last_instant, wall_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_LONGEST = timedelta(days=5 * 366)
"""What is closed for longer on end never opens."""
_SOME_WEEKS = timedelta(weeks=3)
_SAMPLES = (datetime(2024, 1, 3, tzinfo=UTC), datetime(2024, 7, 3, tzinfo=UTC))
"""In winter and in summer: windows that cover all of three weeks then cover every other week too."""
NEVER_OPEN = "all time is within {}, so a deadline can never fall on an open time; leave some of it open"
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00")


def parse_time_of_day(text: object) -> timedelta:
    """Read ``HH:MM``, up to ``24:00``, as the time since midnight; raise ValueError with what to write."""
    match = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        message = (
            f'{text!r} is not a time of day; write HH:MM, such as "02:00", or "24:00" for the end of the day'
        )
        raise ValueError(message)
    return timedelta(hours=int(match[1] or 24), minutes=int(match[2] or 0))


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of wall-clock time from ``start`` to ``end`` of days: all of them where no day is named.

    One whose end is not after its start goes on until that time of the next day. ``zone`` is None for the zone of who
    asks.
    """

    start: timedelta
    end: timedelta
    weekdays: frozenset[int] = frozenset()
    dates: frozenset[date] = frozenset()
    zone: ZoneInfo | None = None

    def begins_on(self, day: date) -> bool:
        """Tell whether it begins on that local day."""
        every_day = not self.weekdays and not self.dates
        return every_day or day.weekday() in self.weekdays or day in self.dates

    def of_day(self, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Return the instants (UTC) from which and until which it lasts, where it begins on that day."""
        midnight = datetime.combine(day, time())
        until = midnight + self.end + (_DAY if self.end <= self.start else timedelta(0))
        return first_instant(midnight + self.start, zone), last_instant(until, zone)

    def say(self, zone: ZoneInfo) -> str:
        """Say it for people: ``Sundays 02:00 to 04:00 UTC``, ``every day 23:00 to 01:00 Europe/Berlin``."""
        days = [f"{_DAY_NAMES[number]}s" for number in sorted(self.weekdays)]
        days += [day.isoformat() for day in sorted(self.dates)[:_MOST_DATES]]
        left = len(self.dates) - _MOST_DATES
        days += [f"{left} more dates"] if left > 0 else []
        when = " and ".join([", ".join(days[:-1]), days[-1]]) if len(days) > 1 else "".join(days)
        return f"{when or 'every day'} {_clock(self.start)} to {_clock(self.end)} {(self.zone or zone).key}"


_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MOST_DATES = 3


def _clock(since_midnight: timedelta) -> str:
    hours, minutes = divmod(since_midnight // timedelta(minutes=1), 60)
    return f"{hours:02d}:{minutes:02d}"


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows by the name that the config gives them. ``zone`` is that of those that name none themselves."""

    name: str
    windows: tuple[Window, ...]
    zone: ZoneInfo

    def end_after(self, instant: datetime) -> datetime:
        """Return when what is within a window is due instead (UTC): at its end; the same instant outside of all.

        The end of a window belongs to it no more. What never ends is taken to end after five years.
        """
        return _end_after(self, instant.astimezone(UTC), _LONGEST)

    def never_open(self) -> bool:
        """Tell whether they cover all time, so that nothing could ever be due: what dates close alone ends."""
        weekly = [
            replace(each, dates=frozenset()) for each in self.windows if each.weekdays or not each.dates
        ]
        alone = replace(self, windows=tuple(weekly))
        return bool(weekly) and all(_end_after(alone, at, _SOME_WEEKS) - at >= _SOME_WEEKS for at in _SAMPLES)

    def within(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """Return the stretches of ``[start, end)`` that windows cover, oldest first; those that touch are one."""
        found: list[tuple[datetime, datetime]] = []
        for since, until in sorted(self._around(start, end)):
            low, high = max(since, start), min(until, end)
            if low >= high:
                continue
            if found and low <= found[-1][1]:
                found[-1] = (found[-1][0], max(found[-1][1], high))
            else:
                found.append((low, high))
        return found

    def _around(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the instants of each window that may meet the stretch, empty ones left out."""
        for window in self.windows:
            zone = window.zone or self.zone
            day, last = wall_of(start, zone).date() - 2 * _DAY, wall_of(end, zone).date()
            while day <= last:
                if window.begins_on(day):
                    since, until = window.of_day(day, zone)
                    if since < until:
                        yield since, until
                day += _DAY

    def say(self) -> str:
        """Say them for people: ``maintenance (Sundays 02:00 to 04:00 UTC)``."""
        return f"{self.name} ({'; '.join(window.say(self.zone) for window in self.windows)})"


@lru_cache(maxsize=4096)
def _end_after(windows: Windows, instant: datetime, longest: timedelta) -> datetime:
    """Return the end of the stretch of windows that the instant lies in; thousands of tables have the same ones."""
    at = instant
    while at - instant < longest:
        covered = windows.within(at, at + _DAY)
        if not covered or covered[0][0] > at:
            return at
        at = covered[0][1]
    return at
