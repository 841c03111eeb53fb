"""Which periods are due: the heart of the partitions check."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Protocol

from checks.schedule.clock import wall_of
from checks.schedule.deadlines import FIRST_OF_YEARS, LAST_OF_YEARS, Deadline
from checks.schedule.durations import say_duration
from checks.schedule.periods import Every, Unit, back_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from zoneinfo import ZoneInfo

    from checks.model import Period
    from checks.schedule.calendars import Calendar
    from checks.schedule.hours import Hours
    from checks.schedule.windows import Windows

MOST_PERIODS = 1000
"""No run looks further back than this many due periods, however long the lookback or the last pause."""
_MOST_KEPT = 256
"""Answers of so many different schedules are kept in memory."""
_MOST_SCANNED = 12_000
"""Periods gone through in search of due ones: a year of 45-minute ones, or a calendar that is hardly open."""


@dataclass(frozen=True, slots=True)
class DuePeriod:
    """A period and the instant (UTC) by which its data has to be there."""

    period: Period
    due_at: datetime


class Own(Protocol):
    """When each period is due, where that is told by no time that all have in common."""

    def due_at(self, period: Period) -> datetime | None:
        """Return when the period is due (UTC); None where it is one that never comes."""

    def say(self) -> str:
        """Say what periods are due by: ``30 h after it usually comes ...``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When each period is due: at the first deadline at or after its end, or ``after`` its end.

    ``labels`` is the zone that periods and partition values are read in. With ``from_start`` the start
    of a period counts instead of its end. ``calendar`` exempts periods whose date is closed, or, with
    ``calendar_of_run``, those whose deadline falls on a closed day of ``zone``. What would be due within one of the
    ``windows`` is due at its end. ``grace`` is how long after that being late is no more than a warning.
    ``parts`` are the schedules of values that are due each at its own time: then a period is due once the last of
    them is, and what else is said of deadlines here counts for none. ``hours`` are the only ones that hold data of
    periods of less than a day. ``by`` takes the place of ``deadline`` and ``after``. Fewer than ``misses`` in a row
    without data are as usual: the periods are due, and whoever judges them tells no fewer. With ``whole_at_end`` a
    period that is due before its end has data then, and all of it only at its end: that is learned of first data.
    """

    every: Every
    labels: ZoneInfo
    zone: ZoneInfo
    deadline: Deadline | None = None
    after: timedelta = timedelta(0)
    from_start: bool = False
    calendar: Calendar | None = None
    calendar_of_run: bool = False
    lookback: int | timedelta = 14
    since: date | None = None
    windows: Windows | None = None
    grace: timedelta = timedelta(0)
    parts: tuple[Schedule, ...] = ()
    hours: Hours | None = None
    misses: int = 1
    by: Own | None = None
    whole_at_end: bool = False
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Hash it once and for all: what is due is kept by schedule, and each check of each table asks for it."""
        parts = (
            self.every, self.labels, self.zone, self.deadline, self.after, self.from_start,
            self.calendar, self.calendar_of_run, self.lookback, self.since,
            self.windows, self.grace, self.parts, self.hours, self.misses, self.by, self.whole_at_end,
        )  # fmt: skip
        object.__setattr__(self, "_hash", hash(parts))

    def __hash__(self) -> int:
        """Return the hash of all that it consists of."""
        return self._hash

    def due_at(self, period: Period) -> datetime | None:
        """Return when the period is due (UTC); None when it never is: its day is closed."""
        return _due_at(self, period)

    def stated_at(self, period: Period) -> datetime | None:
        """Return when the period would be due (UTC) without calendar and windows; None where no deadline comes."""
        if self.by is not None:
            return self.by.due_at(period)
        anchor = period.start if self.from_start else period.end
        return self.deadline.first_at_or_after(anchor) if self.deadline is not None else anchor + self.after

    def grace_end(self, due_at: datetime) -> datetime:
        """Return from when on what was due then is critical (UTC): an end that falls within a window moves, too."""
        return self._put_off(due_at + self.grace)

    def _put_off(self, at: datetime) -> datetime:
        return self.windows.end_after(at) if self.windows is not None else at

    def closed_because(self, period: Period) -> str | None:
        """Say why the calendar, or the hours that hold data, exempt the period, None when they do not.

        A week or month is exempt only when each of its days is closed.
        """
        reason = self.hours.closed_because(period) if self.hours is not None else None
        if reason is not None or self.calendar is None:
            return reason
        if self.calendar_of_run:
            due_at = self.stated_at(period)
            if due_at is None:
                return None
            return self.calendar.closed_because(wall_of(due_at, self.zone).date())
        day = period.wall.date()
        end = self.every.step(period.wall) if self.every.unit is not Unit.MINUTE else period.wall
        while True:
            reason = self.calendar.closed_because(day)
            day += timedelta(days=1)
            if reason is None or day >= end.date():
                return reason

    def never_due_because(self, period: Period) -> str | None:
        """Say by which closed day the period is never due, None where it is; of parts, where none of them ever is."""
        if self.parts:
            reasons = [part.never_due_because(period) for part in self.parts]
            return reasons[0] if all(reasons) else None
        return self.closed_because(period)

    def can_come_due(self) -> bool:
        """Tell whether any period is ever due: none is where each day that counts is closed."""
        if self.parts:
            return any(part.can_come_due() for part in self.parts)
        if self.calendar is None:
            return self.deadline is None or self.deadline.can_come()
        if self.every.unit is Unit.MINUTE:
            if self.deadline is not None and self.calendar_of_run:
                return replace(self.deadline, calendar=self.deadline.calendar or self.calendar).can_come()
            return Deadline("0 0 * * *", self.zone, self.calendar).can_come()
        last = LAST_OF_YEARS.replace(tzinfo=UTC)
        years = takewhile(
            lambda period: period.wall >= FIRST_OF_YEARS, back_from(last, self.every, self.labels)
        )
        return any(self.due_at(period) is not None for period in years)

    def say(self) -> str:
        """Say for people when periods are due: ``every 1d, labels in UTC; each is due 6 h past its end``."""
        every = f"every {self.every.say()}, labels in {self.labels.key}"
        if self.parts:
            return f"{every}; each value is due at a time of its own, the period as a whole with the last of them"
        return f"{every}; each is due {self.say_deadline()}"

    def say_deadline(self) -> str:
        """Say what periods are due by, with the calendar: ``at the first 06:00 UTC at or after its end``."""
        anchor = "start" if self.from_start else "end"
        by = f"{say_duration(self.after)} past its {anchor}"
        if self.by is not None:
            by = self.by.say()
        elif self.deadline is not None:
            by = f"at the first {self.deadline.say()} at or after its {anchor}"
        if self.grace:
            by += f", critical {say_duration(self.grace)} later"
        if self.calendar is not None:
            by += f"; calendar {self.calendar.name}"
        if self.hours is not None and self.hours.clocks:
            by += f"; data comes {self.hours.say()} only"
        return (
            f"{by}; nothing is due within {self.windows.say()}, but at their end"
            if self.windows is not None
            else by
        )

    def due(self, now: datetime, *, reach_back_to: datetime | None = None) -> tuple[DuePeriod, ...]:
        """Return the periods of the lookback that are due at ``now``, newest first.

        It reaches at least back to those that came due after ``reach_back_to`` (the last completed run),
        so that a pause of the monitor leaves no hole, and never before ``since``. At least the newest
        due period is in it. Where the change of clocks gives two periods one label, the later stands.
        """
        return _due(self, now, reach_back_to)

    def due_whole(self, now: datetime) -> tuple[DuePeriod, ...]:
        """Return the periods that `due` returns which hold all of their data by then, as far as is stated."""
        due = self.due(now)
        return tuple(each for each in due if each.period.end <= now) if self.whole_at_end else due

    def due_of_any(self, now: datetime, *, reach_back_to: datetime | None = None) -> tuple[DuePeriod, ...]:
        """Return the periods of the lookback of which any part is due, newest first, with the first time it is due.

        Without parts that is what `due` returns.
        """
        if not self.parts:
            return self.due(now, reach_back_to=reach_back_to)
        found: dict[str, DuePeriod] = {}
        for part in self.parts:
            for each in part.due(now, reach_back_to=reach_back_to):
                known = found.get(each.period.label)
                if known is None or each.due_at < known.due_at:
                    found[each.period.label] = each
        return tuple(sorted(found.values(), key=lambda each: each.period, reverse=True))

    def due_labels(self, now: datetime, *, reach_back_to: datetime | None = None) -> frozenset[str]:
        """Return the labels of the periods that `due` returns."""
        return _due_labels(self, now, reach_back_to)

    def next_due(self, now: datetime) -> DuePeriod | None:
        """Return the period that comes due next after ``now``, None when none is in sight."""
        if self.parts:
            following = [each for part in self.parts if (each := part.next_due(now)) is not None]
            return min(following, key=lambda each: (each.due_at, each.period), default=None)
        best: DuePeriod | None = None
        # Walking back from a day past the present: the last one met that is not due yet is the next.
        ahead = now + 2 * self.every.nominal + timedelta(days=8)
        for period in islice(back_from(ahead, self.every, self.labels), _MOST_SCANNED):
            due_at = self.due_at(period)
            if due_at is not None and due_at <= now:
                return best
            if due_at is not None:
                best = DuePeriod(period, due_at)
        return best

    def all_due(self, now: datetime) -> Iterator[DuePeriod]:
        """Yield every period that is due at ``now``, newest first, whatever the lookback."""
        for period in islice(back_from(now, self.every, self.labels), _MOST_SCANNED):
            if self.since is not None and period.wall.date() < self.since:
                return
            due_at = self.due_at(period)
            if due_at is not None and due_at <= now:
                yield DuePeriod(period, due_at)


def together(base: Schedule, parts: Iterable[Schedule]) -> Schedule:
    """Return the schedule of a whole whose parts are due at times of their own; theirs where all have one."""
    apart = tuple(dict.fromkeys(parts))
    if len(apart) < 2:
        return apart[0] if apart else base
    since = [each.since for each in apart if each.since is not None]
    first = min(since) if len(since) == len(apart) else None
    return replace(base, parts=apart, since=first, grace=min(each.grace for each in apart))


@lru_cache(maxsize=4096)
def _due_at(schedule: Schedule, period: Period) -> datetime | None:
    """Return what `Schedule.due_at` tells; the partitions of thousands of tables are of the same few periods."""
    if schedule.parts:
        return max((at for part in schedule.parts if (at := part.due_at(period)) is not None), default=None)
    stated_at = schedule.stated_at(period)
    if stated_at is None or schedule.closed_because(period) is not None:
        return None
    return schedule._put_off(stated_at)  # noqa: SLF001 - its own class


@lru_cache(maxsize=_MOST_KEPT)
def _due(schedule: Schedule, now: datetime, reach_back_to: datetime | None) -> tuple[DuePeriod, ...]:
    """Return what `Schedule.due` tells; thousands of tables have one schedule, and each asks several times."""
    chosen: list[DuePeriod] = []
    labels: set[str] = set()
    for due in schedule.all_due(now):
        within = (
            len(chosen) < schedule.lookback
            if isinstance(schedule.lookback, int)
            else due.due_at > now - schedule.lookback or not chosen
        )
        reaches = reach_back_to is not None and due.due_at > reach_back_to
        if not (within or reaches) or len(chosen) >= MOST_PERIODS:
            break
        if due.period.label not in labels:
            labels.add(due.period.label)
            chosen.append(due)
    return tuple(chosen)


@lru_cache(maxsize=_MOST_KEPT)
def _due_labels(schedule: Schedule, now: datetime, reach_back_to: datetime | None) -> frozenset[str]:
    return frozenset(each.period.label for each in _due(schedule, now, reach_back_to))


def default_grace(every: Every) -> timedelta:
    """Return how long after its end a period is due where the config does not say.

    A quarter of the period, at most a day: an hour has 15 minutes, a day 6 hours.
    """
    return min(every.nominal / 4, timedelta(days=1))
