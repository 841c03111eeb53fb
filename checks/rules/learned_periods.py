"""When a table's periods are due, learned from when the first data of each came: a schedule as one would be stated."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from functools import lru_cache
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.learn.calendars import ALIKE, explaining
from checks.learn.clocks import offset, to_utc
from checks.learn.existing_slots import WEEK
from checks.learn.history import History
from checks.learn.hours import learn_hours
from checks.learn.keys import DAY, HOUR
from checks.learn.learned import Model
from checks.learn.missed import consecutive
from checks.learn.sentences import confidence, explain
from checks.learn.slots import IN_ONE_GO, Slots, fit_slots
from checks.learn.tails import YEAR_DAYS, median
from checks.rules.learned_days import OwnTime, has_own_times
from checks.rules.learned_slow import IN_UTC, is_slow, learn_slow, on_clock_of
from checks.rules.taught_periods import closer_by, deadlines_of, loosened, since_normal
from checks.schedule.calendars import Calendar, shared_holidays
from checks.schedule.deadlines import Deadline
from checks.schedule.hours import Hours
from checks.schedule.periods import FORTNIGHTLY, MONTHLY, QUARTERLY, WEEKLY, YEARLY, Unit, period_of

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
_HALF_A_YEAR = 182 * DAY
_THURSDAY = 3  # 1 January 1970, on which slot 0 of the week lies
_LONGER = ((350, YEARLY), (80, QUARTERLY), (26, MONTHLY), (13, FORTNIGHTLY), (6, WEEKLY))
"""From how many days apart periods are those of a longer cadence, the shortest of these."""
_ONE_BY_ONE = 0.75
"""Where fewer periods have an arrival of their own they come several at once, and the older ones late by any time."""
_LONG_WEEKEND = timedelta(days=4)
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


def misses_by(stated: Schedule, firsts: Mapping[str, datetime], share: Share, at: datetime) -> int | None:
    """Return from how many missed periods in a row on they are told, by what came before an instant; None: unknown."""
    known = _learned(stated, {label: came for label, came in firsts.items() if came < at}, share, ())
    return known.schedule.misses if known.schedule is not None else None


def _learned(
    stated: Schedule, firsts: Mapping[str, datetime], share: Share, marks: Sequence[Mark]
) -> LearnedSchedule:
    if is_slow(stated.every):
        _, known = _in_order(stated, firsts, stated.every.nominal.total_seconds())
        slow = learn_slow(stated, known, share, marks)
        return LearnedSchedule(
            slow.schedule, on_clock_of(stated.labels.key, slow.sentence), slow.lacks, slow.taught
        )
    unit = _unit_of(stated.every)
    if unit is None:
        lacks = f"periods of {stated.every} are not learned, only those of hours, days and longer are"
        return LearnedSchedule(lacks=lacks)
    starts, known = _in_order(stated, firsts, unit)
    if len(known) < NEEDED:
        number = f"{len(known)} period{'' if len(known) == 1 else 's'}"
        return LearnedSchedule(lacks=f"{number} seen, {NEEDED} needed")
    if unit < DAY:
        return _of_hours(stated, starts, known, share, marks)
    slots = fit_slots(known, share.a_year)
    if slots is None:
        return LearnedSchedule(lacks=f"its periods keep no days{_instead(known)}")
    if slots.unit != unit:
        return LearnedSchedule(lacks=f"its periods are not those of {stated.every}")
    return _scheduled(stated, known, slots, _calendar(_closed(slots), slots.calendar), marks)


def _instead(known: Sequence[tuple[float, float]]) -> str:
    """Return what to write where days are the names of weeks or longer periods; empty where they are not."""
    apart = median([later - earlier for (earlier, _), (later, _) in pairwise(known)]) / DAY
    every = next((each for least, each in _LONGER if apart >= least), None)
    return f"; write every: {every} where each is of a {every.noun}" if every is not None else ""


def _of_hours(
    stated: Schedule,
    starts: Sequence[float],
    known: Sequence[tuple[float, float]],
    share: Share,
    marks: Sequence[Mark],
) -> LearnedSchedule:
    """Return the schedule of periods of less than a day, of which only some times may hold data."""
    since = bisect_left(starts, known[0][0])
    if len(known) < _ONE_BY_ONE * len(starts[since:]):
        return LearnedSchedule(lacks="its periods come several at once")
    is_utc = stated.labels.key in IN_UTC
    hours = learn_hours(starts, stated.every.nominal.total_seconds(), own_clock=not is_utc)
    if isinstance(hours, str):
        return LearnedSchedule(lacks=hours)
    clock = hours.clocks[0][0]
    ahead = offset(clock, known[-1][1])
    expected = frozenset(int((each - ahead - _THURSDAY * DAY) % WEEK // HOUR) for each in hours.times)
    slots = fit_slots(known, share.a_year, expected)
    if slots is None or slots.unit != HOUR:
        return LearnedSchedule(lacks="its periods keep no hours")
    chance = share.a_year / (len(expected) * YEAR_DAYS / 7)
    slots = replace(slots, misses=consecutive(hours.miss, chance))
    only = None
    if not hours.is_whole:
        clocks = tuple(
            (ZoneInfo(name) if is_utc else stated.labels, frozenset(each // 60 for each in times))
            for name, times in hours.clocks
        )
        only = Hours(stated.every.nominal, clocks)
    holidays = explaining([day * DAY for day in hours.missed], [day * DAY for day in hours.open_days])
    calendar = _calendar(hours.closed_days if hours.is_whole else frozenset(), holidays)
    return _scheduled(replace(stated, hours=only), known, slots, calendar, marks)


def _scheduled(
    stated: Schedule,
    known: Sequence[tuple[float, float]],
    slots: Slots,
    calendar: Calendar | None,
    marks: Sequence[Mark],
) -> LearnedSchedule:
    """Return the stated schedule with the learned time and days, in words too."""
    closer, by = closer_by(marks, known, deadlines_of(slots))
    slots = replace(slots, margin=slots.margin - closer)
    newest, newest_at = known[-1]
    schedule = _timed(stated, slots, newest + slots.unit, newest_at)
    if schedule is None:
        return LearnedSchedule(lacks="its data comes before its periods begin")
    model, history = (
        Model(newest_at, dated=True, slots=slots),
        History(dated=True, firsts=list(known), last=newest_at),
    )
    said = on_clock_of(stated.labels.key, explain(model, history))
    if has_own_times(slots):
        schedule = replace(stated, deadline=None, by=OwnTime(slots, said), from_start=True)
    schedule = replace(
        schedule,
        calendar=schedule.calendar or calendar,
        misses=slots.misses,
        whole_at_end=True,
        lookback=_far_enough(schedule, slots.misses),
    )
    only = f"; data comes {schedule.hours.say()} only" if schedule.hours is not None else ""
    return LearnedSchedule(schedule, f"{said}{only} ({confidence(model)})", taught=by)


def _far_enough(schedule: Schedule, misses: int) -> int | timedelta:
    """Return a lookback within which so many in a row can be missed, with the one before them."""
    if misses <= 1:
        return schedule.lookback
    if isinstance(schedule.lookback, int):
        return max(schedule.lookback, misses + 1)
    return max(schedule.lookback, (misses + 1) * schedule.every.nominal + _LONG_WEEKEND)


def is_learned(every: Every) -> bool:
    """Tell whether it is learned when such periods are due."""
    return is_slow(every) or _unit_of(every) is not None


def keeps_hours(every: Every) -> bool:
    """Tell whether it is learned at which times of the week such periods hold data."""
    unit = _unit_of(every)
    return unit is not None and unit < DAY


def _unit_of(every: Every) -> float | None:
    """Return how many seconds periods are long; None where they are no days, and no hours of which days consist."""
    seconds = every.nominal.total_seconds()
    is_day = every.unit is Unit.DAY and seconds == DAY
    return seconds if is_day or (every.unit is Unit.MINUTE and not seconds % HOUR) else None


def _in_order(
    stated: Schedule, firsts: Mapping[str, datetime], unit: float
) -> tuple[list[float], list[tuple[float, float]]]:
    """Return the starts of all periods, and the start and first arrival of each that is newer than any before.

    Of periods that came at once only the newest stays: the others were loaded again, or late. Starts are on the clock
    of the labels, and so are arrivals: as long after their period's start as they were.
    """
    read = []
    for label, came in firsts.items():
        found = _starts_of(label, stated.every, stated.labels)
        if found is not None:
            start, begun = found
            read.append((came, start, start + (came - begun).total_seconds()))
    known: list[tuple[float, float]] = []
    for _, start, at in sorted(read):
        if known and start <= known[-1][0]:
            continue
        if known and at - known[-1][1] < IN_ONE_GO * unit:
            known.pop()
        known.append((start, at))
    return sorted({start for _, start, _ in read}), known


@lru_cache(maxsize=16_384)
def _starts_of(label: str, every: Every, labels: ZoneInfo) -> tuple[float, datetime] | None:
    """Return when a period begins, in seconds on the labels' clock and as an instant; None of no label of that length.

    The periods of thousands of tables are the same.
    """
    wall = every.start_of(label)
    period = period_of(wall, every, labels) if wall is not None else None
    return (period.wall.replace(tzinfo=UTC).timestamp(), period.start) if period is not None else None


def _closed(slots: Slots) -> frozenset[int]:
    """Return the weekdays without periods, of those that are days."""
    return frozenset((day + _THURSDAY) % 7 for day in range(7) if day not in slots.expected)


def _calendar(closed: frozenset[int], explained: tuple[str, int] | None) -> Calendar | None:
    """Return the days that were learned to be closed; holidays that show a day later or earlier are told as late."""
    country, shift = explained or ("", 0)
    holidays = shared_holidays(country.split(ALIKE)) if country and not shift else None
    if not closed and explained is None:
        return None
    return Calendar("learned", closed, holidays=holidays)


def _timed(stated: Schedule, slots: Slots, start: float, now: float) -> Schedule | None:
    """Return the stated schedule with the learned time; None where that lies before the period itself.

    ``start`` is that of the next period. Of clocks that nothing tells apart yet the one by which that is due last
    counts, as it does in what is said of it and in replays.
    """
    if len(slots.zones) > 1:
        latest = max(to_utc(zone, start + lag + slots.margin) for zone, lag in slots.zones)
        return _so_long_after(stated, latest - start)
    zone, lag = slots.zones[0]
    after = lag + slots.margin
    if after <= 0:
        return None
    days, inside = divmod(ceil(after / 60) * 60, int(DAY))
    by_clock = (
        slots.unit == DAY and zone != "UTC" and days < 2 and inside >= _EARLY and stated.labels.key in IN_UTC
    )
    if not by_clock:
        # A wall clock that is changed: by the one of the year on which it comes last in UTC.
        behind = min(offset(zone, now), offset(zone, now + _HALF_A_YEAR))
        return _so_long_after(stated, after - behind)
    cron = f"{inside % 3600 // 60} {inside // 3600} * * *"
    return replace(
        stated,
        zone=ZoneInfo(zone),
        deadline=Deadline(cron, ZoneInfo(zone)),
        from_start=days == 0,
    )


def _so_long_after(stated: Schedule, after: float) -> Schedule | None:
    """Return the stated schedule, due so many seconds after each period's start; None where that is none."""
    if after <= 0:
        return None
    return replace(stated, deadline=None, after=timedelta(seconds=ceil(after)), from_start=True)
