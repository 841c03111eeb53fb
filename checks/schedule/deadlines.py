"""Deadlines: wall-clock times in a zone at which data has to be there, as ``HH:MM`` or cron."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import TYPE_CHECKING

from checks.schedule.calendars import WEEKENDS, Calendar
from checks.schedule.clock import last_instant, wall_of
from checks.schedule.translations import schedule_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from zoneinfo import ZoneInfo

_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_SLACK = timedelta(hours=26)
"""No two walls that are further apart than this change places when they become instants."""
_HORIZON = timedelta(days=5 * 366)
_CRON_FIELDS = 5
FIRST_OF_YEARS, LAST_OF_YEARS = datetime(2024, 1, 1), datetime(2036, 1, 1)  # noqa: DTZ001 - wall times
"""Years that are looked through for a day that is open: in twelve of them each date falls on each weekday."""


def parse_times(text: object) -> str:
    """Read ``HH:MM`` or a five-field cron, and return it as a cron; raise ValueError with what to write."""
    words = text.split() if isinstance(text, str) else []
    if len(words) == 1 and (match := _TIME.fullmatch(words[0])):
        return f"{int(match[2])} {int(match[1])} * * *"
    if len(words) != _CRON_FIELDS or "?" in words or words[0].lower().startswith("cron("):
        hint = f" (this has {len(words)} fields)" if len(words) > 1 and len(words) != _CRON_FIELDS else ""
        instead = schedule_for(text) or "HH:MM, such as 06:00, or a cron of five fields"
        message = f"{text!r} is not a deadline{hint}; write {instead}"
        raise ValueError(message)
    from cronsim import CronSim, CronSimError

    cron = " ".join(words)
    try:
        next(CronSim(cron, datetime(2024, 1, 1)))  # noqa: DTZ001 - wall time
    except (CronSimError, StopIteration) as error:
        reason = str(error) or "it never comes"
        message = f"{text!r} is not a cron: {reason}; write five fields, such as '30 6 * * 1-5'"
        raise ValueError(message) from None
    return cron


@dataclass(frozen=True, slots=True)
class Deadline:
    """Points in time that come again: a cron on the wall clock of a zone.

    With a calendar, only those on its open days; with ``business_day`` n, only those on the n-th open
    day of their month. A time that the change of clocks skips is the first valid instant after it; one
    that comes twice is the later.
    """

    cron: str
    zone: ZoneInfo
    calendar: Calendar | None = None
    business_day: int | None = None

    def last_at_or_before(
        self, now: datetime, put_off: Callable[[datetime], datetime] = lambda at: at
    ) -> datetime | None:
        """Return the newest deadline (UTC) that is not after ``now``; None when five years hold none.

        Where deadlines are ``put_off`` (none before an earlier one), the newest that is not after it then.
        """
        start = wall_of(now, self.zone) + _SLACK
        for wall in self._walls(start, reverse=True):
            instant = last_instant(wall, self.zone)
            if put_off(instant) <= now:
                return instant
        return None

    def first_at_or_after(self, since: datetime) -> datetime | None:
        """Return the oldest deadline (UTC) that is not before ``since``; None when five years hold none."""
        start = wall_of(since, self.zone) - _SLACK
        for wall in self._walls(start, reverse=False):
            instant = last_instant(wall, self.zone)
            if instant >= since:
                return instant
        return None

    def can_come(self) -> bool:
        """Tell whether it ever falls on a day that counts, by twelve years of days: each date has each weekday then."""
        from cronsim import CronSim

        days = CronSim(" ".join(["0", "0", *self.cron.split()[2:]]), FIRST_OF_YEARS)
        return any(self._counts(day) for day in takewhile(lambda day: day < LAST_OF_YEARS, days))

    def gap_before(self, deadline: datetime) -> timedelta | None:
        """Return how long before this deadline the one before it was; None when there was none."""
        earlier = self.last_at_or_before(deadline - timedelta(seconds=1))
        return deadline - earlier if earlier is not None else None

    def shortest_gap(self, around: datetime) -> timedelta:
        """Return the shortest time on the wall clock between two of the next 400 deadlines."""
        walls = islice(self._walls(around, reverse=False), 400)
        return min((b - a for a, b in pairwise(walls)), default=_HORIZON)

    def _walls(self, start: datetime, *, reverse: bool) -> Iterator[datetime]:
        """Yield wall times of the cron after ``start`` (before it when reversed), bounded by five years."""
        from cronsim import CronSim

        walls: Iterator[datetime] = CronSim(self.cron, start, reverse=reverse)
        for wall in walls:
            if abs(wall - start) > _HORIZON:
                return
            if self._counts(wall):
                yield wall

    def _counts(self, wall: datetime) -> bool:
        if self.business_day is not None:
            calendar = self.calendar or WEEKENDS
            return calendar.business_day_of_month(wall.date()) == self.business_day
        return self.calendar is None or self.calendar.is_open(wall.date())

    def say(self) -> str:
        """Say the deadline for people: ``06:00 Europe/Berlin`` or ``cron 30 6 * * 1-5 Europe/Berlin``."""
        minute, hour, *rest = self.cron.split()
        daily = rest == ["*", "*", "*"] and minute.isdigit() and hour.isdigit()
        text = f"{int(hour):02d}:{int(minute):02d}" if daily else f"cron {self.cron}"
        return f"{text} {self.zone.key}"
