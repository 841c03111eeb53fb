"""Time that counts: days that a calendar closes, and windows in which nothing is due, left out. Pure."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from checks.schedule.periods import DAILY, back_from

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.schedule.calendars import Calendar
    from checks.schedule.windows import Windows

_MOST_SEARCHED = 5 * 366
_MOST_COUNTED = 20 * 366
"""Days that are gone through: no limit is longer, and no age is counted further back."""


def open_time_ago(
    now: datetime,
    span: timedelta,
    zone: ZoneInfo,
    calendar: Calendar | None = None,
    windows: Windows | None = None,
) -> datetime:
    """Return the earliest instant from which at most ``span`` of open time passes until ``now``.

    Without a calendar and windows that is ``now - span``. Else local days that are closed do not count, nor does time
    within windows: the instant may lie at the start of a closed stretch, since no open time passes during it. What is
    closed for five years on end stops the search there.
    """
    if calendar is None and windows is None:
        return now - span
    return _open_time_ago(now, span, zone, calendar, windows)


@lru_cache(maxsize=1024)
def _open_time_ago(
    now: datetime, span: timedelta, zone: ZoneInfo, calendar: Calendar | None, windows: Windows | None
) -> datetime:
    """Return what `open_time_ago` tells; thousands of tables have the same limits, and each asks several times."""
    left, upper = span, now
    for start, end in _open_stretches(now, zone, calendar, windows, _MOST_SEARCHED):
        if end - start > left:
            return end - left
        left -= end - start
        upper = start
    return upper


def open_time(
    since: datetime, now: datetime, zone: ZoneInfo, calendar: Calendar | None, windows: Windows | None
) -> timedelta:
    """Return how much time passed between the two, what is closed not counted."""
    if calendar is None and windows is None:
        return now - since
    passed = timedelta(0)
    for start, end in _open_stretches(now, zone, calendar, windows, _MOST_COUNTED):
        if end <= since:
            break
        passed += end - max(start, since)
    return passed


def _open_stretches(
    now: datetime, zone: ZoneInfo, calendar: Calendar | None, windows: Windows | None, most_days: int
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the stretches of open time before ``now``, newest first, each within a local day.

    Of a closed day an empty stretch at its start, so that who searches knows how far back that is.
    """
    upper = now
    for day in islice(back_from(now, DAILY, zone), most_days):
        if calendar is None or calendar.is_open(day.wall.date()):
            end = upper
            for since, until in reversed(windows.within(day.start, upper) if windows is not None else []):
                if until < end:
                    yield until, end
                end = since
            if day.start < end:
                yield day.start, end
        yield day.start, day.start
        upper = day.start
