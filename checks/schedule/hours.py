"""Times of the week at which periods of less than a day hold data: no other of them is ever due. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from checks.schedule.clock import wall_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from checks.model import Period

_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_A_DAY = 24 * 60
_MOST_SPANS = 3
"""So many stretches of a day are named; of more, how many periods a day hold data."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The times at which periods begin that hold data, each as minutes since Monday 00:00 on a zone's clock.

    Where several clocks explain the same, a period is due only if each of them shows one of its times. Periods are
    ``length`` long. ``closed`` are wall times of the labels' zone at which a period begins that is not due.
    """

    length: timedelta
    clocks: tuple[tuple[ZoneInfo, frozenset[int]], ...] = ()
    closed: frozenset[datetime] = frozenset()

    def closed_because(self, period: Period) -> str | None:
        """Say why the period is never due, None where it may be."""
        if period.wall in self.closed:
            return "such a time was said to be expected without data"
        for zone, minutes in self.clocks:
            if minute_of_week(wall_of(period.start, zone)) not in minutes:
                return f"data comes {self.say()} only"
        return None

    def say(self) -> str:
        """Say for people when data comes: ``Mon to Fri 06:00 to 22:00 Europe/Berlin``; empty where at any time."""
        return self._said(*self.clocks[0]) if self.clocks else ""

    def _said(self, zone: ZoneInfo, minutes: frozenset[int]) -> str:
        by_spans: defaultdict[str, list[int]] = defaultdict(list)
        for day in range(7):
            of_day = sorted(each - day * _A_DAY for each in minutes if each // _A_DAY == day)
            if of_day:
                by_spans[self._spans(of_day)].append(day)
        return f"{'; '.join(f'{_days(days)}{spans}' for spans, days in by_spans.items())} {zone.key}"

    def _spans(self, minutes: list[int]) -> str:
        """Return the stretches of a day that periods which begin at these minutes fill."""
        step = self.length // timedelta(minutes=1)
        spans: list[tuple[int, int]] = []
        for each in minutes:
            if spans and spans[-1][1] == each:
                spans[-1] = (spans[-1][0], each + step)
            else:
                spans.append((each, each + step))
        if len(spans) > _MOST_SPANS:
            return f"{len(minutes)} times from {_clock(spans[0][0])} to {_clock(spans[-1][1])}"
        return " and ".join(f"{_clock(start)} to {_clock(end)}" for start, end in spans)


def minute_of_week(wall: datetime) -> int:
    """Return the minutes since Monday 00:00 of a wall time."""
    midnight = datetime.combine(wall.date(), time())
    return wall.weekday() * _A_DAY + (wall - midnight) // timedelta(minutes=1)


def _days(days: Iterable[int]) -> str:
    """Name days of the week: ``Mon to Fri ``, ``Sat and Sun ``; empty for all of them."""
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    if runs == [list(range(7))]:
        return ""
    named = []
    for run in runs:
        names = [_DAY_NAMES[day] for day in run]
        named += [f"{names[0]} to {names[-1]}"] if len(run) > 2 else names
    return f"{' and '.join([', '.join(named[:-1]), named[-1]] if len(named) > 1 else named)} "


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
