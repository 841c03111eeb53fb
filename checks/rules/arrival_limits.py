"""How new a table's newest data has to be, as it is stated: by its age, or by a deadline. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.model import Absence, Severity, Standstill, utc
from checks.rules.by_time import last_passed, put_off, span_before, watermark
from checks.rules.grace import notes_of
from checks.schedule.open_time import open_time_ago

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from checks.schedule.calendars import Calendar
    from checks.schedule.deadlines import Deadline
    from checks.schedule.windows import Windows

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalLimits:
    """The limits that are stated of when data has to come: ages (``warn_after``, ``error_after``), or a ``deadline``.

    ``within`` is how long before its deadline data may come, ``grace`` how long after it a failure is a warning. No
    time within ``windows`` counts, nor do days that ``age_calendar`` closes count as age. Told is in ``zone``.
    """

    warn_after: timedelta | None = None
    error_after: timedelta | None = None
    deadline: Deadline | None = None
    within: timedelta | None = None
    grace: timedelta | None = None
    windows: Windows | None = None
    zone: ZoneInfo = ZoneInfo("UTC")
    age_calendar: Calendar | None = None

    def limits_at(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Return the stated watermarks (UTC) for a warning and for critical; data at or after one is fresh."""
        if self.deadline is not None:
            warning, critical = self.last_deadlines(now)
            return (self._watermark(warning) if self.grace is not None else None), self._watermark(critical)
        return self._ago(now, self.warn_after), self._ago(now, self.error_after)

    def watermarks(self, now: datetime) -> list[datetime]:
        """Return those of the stated watermarks that there are; none where no deadline has passed yet."""
        return [limit for limit in self.limits_at(now) if limit is not None]

    def last_deadlines(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Return the last deadline that has passed, and the last one whose grace is over, as `by` states them."""
        if self.deadline is None:
            return None, None
        passed = last_passed(self.deadline, now, self.windows)
        return passed, last_passed(self.deadline, now, self.windows, self.grace) if self.grace else passed

    def due_at(self, stated_at: datetime) -> datetime:
        """Return when data is due that a stated deadline asks for: at the end of the window that it falls within."""
        return put_off(stated_at, self.windows)

    def grace_end(self, stated_at: datetime) -> datetime:
        """Return from when on it is critical that data has not come by a stated deadline."""
        return put_off(stated_at, self.windows, self.grace or timedelta(0))

    def _watermark(self, stated_at: datetime | None) -> datetime | None:
        if self.deadline is None or stated_at is None:
            return None
        return watermark(self.deadline, stated_at, self.within, self.windows)

    def _ago(self, now: datetime, age: timedelta | None) -> datetime | None:
        return utc(open_time_ago(now, age, self.zone, self.age_calendar, self.windows)) if age else None

    def deadlines(self, start: datetime) -> Iterator[datetime]:
        """Yield the times by which new data has to be there, and when their grace is over."""
        at = first = self.deadline.first_at_or_after(start) if self.deadline is not None else None
        while self.deadline is not None and at is not None and first is not None and at < first + _DAY:
            yield self.due_at(at)
            if self.grace is not None:
                yield self.grace_end(at)
            at = self.deadline.first_at_or_after(at + timedelta(minutes=1))

    def notes(self) -> Iterator[str]:
        """Yield within which windows nothing is due, and how long being late is a warning."""
        return notes_of(self.windows, self.grace, of_age=self.deadline is None)

    def missed(self, now: datetime, severity: Severity | None) -> datetime | None:
        """Return the deadline (UTC) that is spoken of: of what is critical, the last one whose grace is over."""
        passed, ended = self.last_deadlines(now)
        stated_at = ended if severity is Severity.CRITICAL else passed
        return self.due_at(stated_at) if stated_at is not None else None

    def absence(self, since: datetime | None, of: str = "arrivals") -> Absence:
        """Return that nothing came since then, and the first of its deadlines or limits that this crossed."""
        return Absence(standstill=Standstill(since=since, overdue_at=self._overdue_at(since), of=of))

    def _overdue_at(self, since: datetime | None) -> datetime | None:
        """Return when the next data should have come; closed days, which move a limit, are not counted."""
        if since is None:
            return None
        if self.deadline is None:
            return since + (self.warn_after or self.error_after or timedelta(0))
        after = self.deadline.first_at_or_after(since + timedelta(microseconds=1))
        if after is None:
            return None
        span = span_before(self.deadline, after, self.within)
        stated_at = self.deadline.first_at_or_after(since + span + timedelta(microseconds=1))
        while (
            stated_at is not None and watermark(self.deadline, stated_at, self.within, self.windows) <= since
        ):
            stated_at = self.deadline.first_at_or_after(stated_at + timedelta(minutes=1))
        return self.due_at(stated_at) if stated_at is not None else None
