"""When a table's periods are due, learned from when the first data of each came: a schedule as one would be stated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.learn.clocks import offset
from checks.learn.history import History
from checks.learn.keys import DAY, HOUR, parse
from checks.learn.model import Model
from checks.learn.sentences import confidence, explain
from checks.learn.slots import Slots, fit_slots
from checks.rules.taught_periods import closer_by, loosened, since_normal
from checks.schedule.calendars import Calendar, public_holidays
from checks.schedule.deadlines import Deadline
from checks.schedule.periods import Unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from checks.marks import Mark
    from checks.rules.asking import Share
    from checks.schedule.due import Schedule
    from checks.schedule.periods import Every

NEEDED = 8
"""Periods with data that a habit is learned from at the least: two of most weekdays, or a shift of hours."""
MOST_KEPT = 400
"""First arrivals that are kept of one table: a year of days, two weeks of hours."""
_AT_ONCE = 0.02
"""Parts of a period: what came so soon after another period came with it, and says nothing of its own time."""
_HALF_A_YEAR = 182 * DAY
_THURSDAY = 3  # 1 January 1970, on which slot 0 of the week lies
_MOST_HOURS = 0.75
"""Hours of a day that are usually filled, from which on the others are taken for missed, not for ones without data."""
_EARLY = 3 * HOUR
"""An earlier time of day may be of the day before in another zone: it is counted from the period itself."""


@dataclass(frozen=True, slots=True)
class LearnedSchedule:
    """A schedule that was learned, and the words for it; else what it ``lacks``."""

    schedule: Schedule | None = None
    sentence: str = ""
    lacks: str = ""
    taught: tuple[str, ...] = ()
    """The ids of the marks that had a part in it."""
    plain: Schedule | None = None
    """The schedule without what was expected."""

    def loosened(self, firsts: Mapping[str, datetime], marks: Sequence[Mark]) -> LearnedSchedule:
        """Return it with what was expected of periods that came, or never came, by first arrivals."""
        if self.plain is None:
            return self
        found = loosened(self.plain, firsts, marks)
        return replace(
            self, schedule=found.schedule, taught=tuple(dict.fromkeys((*self.taught, *found.taught)))
        )


def learn_schedule(
    stated: Schedule, firsts: Mapping[str, datetime], share: Share, marks: Sequence[Mark] = ()
) -> LearnedSchedule:
    """Return the schedule that first arrivals tell, by the labels of their periods, and what ``marks`` teach.

    What is ``stated`` beside the time at which periods are due holds for it too.
    """
    if not marks:
        return _learned(stated, firsts, share, ())
    since, normal = since_normal(firsts, marks)
    found = _learned(stated, since, share, marks)
    by = (*([normal] if normal else []), *found.taught)
    if found.schedule is None:
        return replace(found, taught=by)
    return replace(found, taught=by, plain=found.schedule).loosened(since, marks)


def _learned(
    stated: Schedule, firsts: Mapping[str, datetime], share: Share, marks: Sequence[Mark]
) -> LearnedSchedule:
    unit = _unit_of(stated.every)
    if unit is None:
        return LearnedSchedule(lacks=f"periods of {stated.every} are not learned, only days and hours are")
    known = _in_order(firsts, unit)
    slots = fit_slots(known, share.a_year)
    if slots is None or len(known) < NEEDED:
        number = f"{len(known)} period{'' if len(known) == 1 else 's'}"
        lacks = (
            f"{number} seen, {NEEDED} needed" if len(known) < NEEDED else "its periods keep no hours or days"
        )
        return LearnedSchedule(lacks=lacks)
    if slots.unit != unit:
        return LearnedSchedule(lacks=f"its periods are not those of {stated.every}")
    if slots.misses > 1:
        return LearnedSchedule(lacks="single periods are missed now and then")
    closed = _closed(slots)
    if closed is None:
        return LearnedSchedule(lacks="only some hours of its days hold data")
    closer, by = closer_by(marks, known, slots)
    slots = replace(slots, margin=slots.margin - closer)
    newest_at = known[-1][1]
    schedule = _timed(stated, slots, newest_at)
    if schedule is None:
        return LearnedSchedule(lacks="its data comes before its periods begin")
    if schedule.calendar is None and (closed or slots.calendar is not None):
        schedule = replace(schedule, calendar=_calendar(closed, slots))
    model, history = (
        Model(newest_at, dated=True, slots=slots),
        History(dated=True, firsts=known, last=newest_at),
    )
    return LearnedSchedule(schedule, f"{explain(model, history)} ({confidence(model)})", taught=by)


def _unit_of(every: Every) -> float | None:
    if every.unit is Unit.DAY and str(every) == "1d":
        return DAY
    return HOUR if str(every) == "1h" else None


def _in_order(firsts: Mapping[str, datetime], unit: float) -> list[tuple[float, float]]:
    """Return the own start and first arrival of periods, each newer than those that came before it.

    Of periods that came at once only the newest stays: the others were loaded again, or late.
    """
    read = ((key.start, at.timestamp()) for label, at in firsts.items() if (key := parse(label)) is not None)
    known: list[tuple[float, float]] = []
    for start, at in sorted(read, key=lambda pair: (pair[1], pair[0])):
        if known and start <= known[-1][0]:
            continue
        if known and at - known[-1][1] < _AT_ONCE * unit:
            known.pop()
        known.append((start, at))
    return known


def _closed(slots: Slots) -> frozenset[int] | None:
    """Return the weekdays without periods; None where only some hours of a day have any."""
    a_day = int(DAY // slots.unit)
    closed = set()
    for day in range(7):
        count = sum(day * a_day + number in slots.expected for number in range(a_day))
        if not count:
            closed.add((day + _THURSDAY) % 7)
        elif count < _MOST_HOURS * a_day:
            return None
    return frozenset(closed)


def _calendar(closed: frozenset[int], slots: Slots) -> Calendar:
    """Return the days that were learned to be closed; holidays that show a day later or earlier are told as late."""
    country, shift = slots.calendar or ("", 0)
    holidays = public_holidays(country) if country and not shift else None
    return Calendar("learned", closed, holidays=holidays)


def _timed(stated: Schedule, slots: Slots, now: float) -> Schedule | None:
    """Return the stated schedule with the learned time; None where that lies before the period itself."""
    zone, lag = slots.zones[0]
    after = lag + slots.margin
    if after <= 0:
        return None
    days, inside = divmod(ceil(after / 60) * 60, int(DAY))
    by_clock = slots.unit == DAY and zone != "UTC" and days < 2 and inside >= _EARLY
    if not by_clock:
        # A wall clock that is changed: by the one of the year on which it comes last in UTC.
        behind = min(offset(zone, now), offset(zone, now + _HALF_A_YEAR))
        seconds = ceil(after - behind)
        return (
            replace(stated, deadline=None, after=timedelta(seconds=seconds), from_start=True)
            if seconds > 0
            else None
        )
    cron = f"{inside % 3600 // 60} {inside // 3600} * * *"
    return replace(
        stated,
        zone=ZoneInfo(zone),
        deadline=Deadline(cron, ZoneInfo(zone)),
        from_start=days == 0,
    )
