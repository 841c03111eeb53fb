"""Data that is due by a time of day: which deadline has passed, and from when on data counts for it. Pure.

Thousands of tables have the same few deadlines, and each asks several times: answers are kept.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from checks.model import utc
from checks.schedule.open_time import open_time_ago

if TYPE_CHECKING:
    from datetime import datetime

    from checks.schedule.deadlines import Deadline
    from checks.schedule.windows import Windows

_MOST_KEPT = 1024
_MOST_WITHIN = timedelta(hours=12)
_NO_GRACE = timedelta(0)


def put_off(stated_at: datetime, windows: Windows | None, grace: timedelta = _NO_GRACE) -> datetime:
    """Return when data is due that a stated deadline asks for, or with ``grace`` from when on its absence is critical.

    Either lies at the end of the window that it falls within.
    """
    due_at = windows.end_after(stated_at) if windows is not None else stated_at
    return put_off(due_at + grace, windows) if grace else due_at


@lru_cache(maxsize=_MOST_KEPT)
def last_passed(
    deadline: Deadline, now: datetime, windows: Windows | None, grace: timedelta = _NO_GRACE
) -> datetime | None:
    """Return the last deadline, as it is stated, that has passed at ``now`` (with ``grace``: whose grace is over)."""
    return deadline.last_at_or_before(now, lambda at: put_off(at, windows, grace))


@lru_cache(maxsize=_MOST_KEPT)
def watermark(
    deadline: Deadline, stated_at: datetime, within: timedelta | None, windows: Windows | None
) -> datetime:
    """Return from when on (UTC) data counts for a stated deadline; time within windows does not count."""
    span = span_before(deadline, stated_at, within)
    return utc(open_time_ago(stated_at, span, deadline.zone, None, windows))


@lru_cache(maxsize=_MOST_KEPT)
def span_before(deadline: Deadline, stated_at: datetime, within: timedelta | None) -> timedelta:
    """Return how long before a stated deadline data may come for it.

    Where ``within`` does not say it, that is the shorter of 12 h and the time since the deadline before.
    """
    gap = deadline.gap_before(stated_at) if within is None else None
    return within or min(_MOST_WITHIN, gap or _MOST_WITHIN)
