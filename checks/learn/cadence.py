"""The loads of a table, and since when they have come as they come now: a cadence may change for good."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.keys import DAY
from checks.learn.rhythm import ALIKE, NEW, REGULAR
from checks.learn.tails import median, quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

SLOW = 5.5 * DAY
"""Seconds from one load to the next from which on a table is slow: a week, a working day early or late."""
_A_LOAD = DAY / 2  # what comes in the same night is one
_LONGEST = 1.5 * DAY  # a night and the day before it
_RUN_OF_DAYS = 3.5 * DAY  # over a weekend
_SHORT = 0.25  # of what lies between: a week of a month
_MOST_LOADS = (
    61  # two months of days, five years of months: enough to see from what to what a cadence changed
)
_MOST_ARRIVALS = 2_000  # without a pause of half a day a table is not slow: looking farther back says no more
_OTHER = 1.7  # times the old one: one missed of a rhythm makes twice as much
_BELIEVED = 8  # quicker ones in a row: fewer that end again were a repair of some days
_WEEKEND = 4.5 * DAY  # a long one, which ends no rhythm of working days
# Times as many a day as before: on busy days most tables have twice as many as on others. Sought as far back as
# hours are learned from, against two weeks, in which each weekday shows twice.
_QUICKER, _DAYS_QUICKER, _DAYS_BEFORE = 3, 60, 14
# Files of one run follow each other within three hours, the least that a day is late by; runs last a quarter of a day,
# and half a day lies between the end of one and the next. One in four may fail and be run again; of two runs a day
# every other pause is too short.
_PAUSE, _A_RUN, _A_NIGHT, _ODD_RUNS = DAY / 8, DAY / 4, DAY / 2, 0.25
# On either side: the change of clocks and a late scheduler; people at work spread over eight hours.
_AN_HOUR = DAY / 16
_BEFORE = 12  # gaps that tell the old rhythm: a year of months


def loads_of(pairs: Sequence[tuple[float, float]], *, labelled: bool) -> list[tuple[float, float]]:
    """Return the last loads of arrivals (own time, instant) in order: what comes within half a day of another is one.

    Of labelled ones the newest of a load stays, with its own arrival, for the others were loaded again, or late;
    else the first. What goes on for longer is no load: only those after it count.
    """
    loads: list[tuple[float, float]] = []
    begun = ended = 0.0
    for own, at in reversed(pairs[-_MOST_ARRIVALS:]):
        if loads and begun - at <= _A_LOAD:
            if ended - at > _LONGEST:
                return loads[-2::-1]
            if not labelled:
                loads[-1] = own, at
        elif len(loads) == _MOST_LOADS:
            break
        else:
            loads.append((own, at))
            ended = at
        begun = at
    return loads[::-1]


def runs_of(loads: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the first load of each run of days, where runs are short beside what lies between them; else nothing."""
    firsts: list[tuple[float, float]] = []
    lasted: list[float] = []
    for number, (own, at) in enumerate(loads):
        if not number or at - loads[number - 1][1] > _RUN_OF_DAYS:
            firsts.append((own, at))
            lasted.append(0.0)
        else:
            lasted[-1] = at - firsts[-1][1]
    between = [b - a for (_, a), (_, b) in pairwise(firsts)]
    return firsts if between and max(lasted) <= _SHORT * median(between) else []


def daily_runs_of(times: Sequence[float]) -> list[float]:
    """Return when the runs of days began, of times in order, where all that comes on a day is of one; else nothing.

    A run goes on for some hours with pauses of minutes to hours, and there is a night of half a day before the next.
    """
    begins: list[float] = []
    ended: list[float] = []
    for at in times:
        if begins and at - ended[-1] <= _PAUSE:
            ended[-1] = at
        else:
            begins.append(at)
            ended.append(at)
    lasted = [b - a for a, b in zip(begins, ended, strict=True)][-_MOST_LOADS:]
    apart = [b - a for a, b in zip(ended, begins[1:], strict=False)][-_MOST_LOADS:]
    if len(apart) < _BELIEVED:
        return []
    odd = sum(each > _A_RUN for each in lasted) + sum(each < _A_NIGHT for each in apart)
    return begins if odd <= _ODD_RUNS * len(lasted) else []


def keeps_an_hour(times: Sequence[float]) -> bool:
    """Return whether three in four times (one or more) lie near one time of the day: a job's, not people's."""
    clock = [at % DAY for at in times]

    def apart(center: float) -> float:
        return quantile(sorted(min((c - center) % DAY, (center - c) % DAY) for c in clock), 0.75)

    return min(apart(center) for center in clock) <= _AN_HOUR


def since_change(owns: Sequence[float]) -> int:
    """Return the place in times (own times of loads, in order) from which on they keep the newest rhythm.

    A rhythm of slow tables is another one after three gaps alike. One that is quicker and ends before it is believed
    was a repair: then the one before holds, and longer repairs are asked more of.
    """
    rhythms = [_Rhythm(0)]
    asked = NEW
    recent: list[float] = []
    for place, gap in enumerate(b - a for a, b in pairwise(owns)):
        rhythm = rhythms[-1]
        if len(rhythms) > 1 and rhythm.was_a_repair(rhythms[-2], gap):
            asked = len(rhythm.gaps) + NEW
            rhythms.pop()
            recent = []
            continue
        rhythm.gaps.append(gap)
        recent = [*recent, gap][-asked:]
        if len(recent) == asked and _is_new(rhythm.gaps[:-asked][-_BEFORE:], recent):
            del rhythm.gaps[-asked:]
            rhythms.append(_Rhythm(place - asked + 1, recent))
            asked, recent = NEW, []
    return rhythms[-1].start


def since_quicker(times: Sequence[float]) -> float:
    """Return the instant since which arrivals (in order) have come so much more often that those before say nothing.

    That is where each of the last days had three times as many as any of two weeks before; else it is before all.
    """
    last = times[-1]
    counts = [0] * (_DAYS_QUICKER + 1 + _DAYS_BEFORE)
    first, place = bisect_left(times, last - len(counts) * DAY + 1), len(times)
    for day in range(len(counts)):
        begin = bisect_right(times, last - (day + 1) * DAY, first, place)
        counts[day], place = place - begin, begin
    for days in range(NEW, _DAYS_QUICKER):
        # The day between is of both.
        new, old = counts[:days], counts[days + 1 : days + 1 + _DAYS_BEFORE]
        if max(new) > REGULAR * min(new):
            break
        if 0 < _QUICKER * max(old) <= min(new):
            return last - days * DAY
    return -math.inf


@dataclass(slots=True)
class _Rhythm:
    start: int
    gaps: list[float] = field(default_factory=list)

    def was_a_repair(self, before: _Rhythm, gap: float) -> bool:
        """Tell whether it is quicker than the one before, and a gap ended it before it was believed."""
        few = 0 < len(self.gaps) < _BELIEVED
        return (
            few and median(self.gaps) < median(before.gaps) and gap > max(_OTHER * max(self.gaps), _WEEKEND)
        )


def _is_new(before: Sequence[float], gaps: Sequence[float]) -> bool:
    if len(before) < NEW or max(gaps) > ALIKE * min(gaps):
        return False
    old, new, ordered = median(before), median(gaps), sorted(before)
    if max(old, new) < SLOW or quantile(ordered, 0.75) > REGULAR * quantile(ordered, 0.25):
        return False
    return max(old, new) > _OTHER * min(old, new)
