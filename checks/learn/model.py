"""Which model fits a table, when its next data is due by it, and the same in a sentence."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.cadence import (
    SLOW,
    bursts_of,
    daily_runs_of,
    keeps_an_hour,
    loads_of,
    per_day_of,
    runs_of,
    since_change,
)
from checks.learn.calendars import of_working_days
from checks.learn.existing_slots import keep_days
from checks.learn.history import PAST_DAYS
from checks.learn.keys import DAY, HOUR
from checks.learn.measures import Measures, fit_measures, is_judged
from checks.learn.rota import Rota, fit_rota
from checks.learn.silence import Silence, fit_silence
from checks.learn.slots import Slots, fit_slots
from checks.learn.slow import Cycle, Slow, fit_cycle, fit_slow
from checks.learn.tails import YEAR_DAYS, quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.learn.history import History

# From every 11 days on a weekday says nothing: two of each in three weeks.
_SLOW = 11 * DAY
# Between one and two arrivals a day that has any: nearer one, days are the schedule.
_A_DAY = 1.6
_OTHER = 1.5  # times the cadence that days taught: they were of a rhythm before
_FEWEST_DAYS = 8  # that days are learned from; a month whose files come on fewer is written at once
_A_YEAR, _MOST_DAYS = 12, 5  # months; days of a week
_MOST_LOADS = 41  # forty gaps, of which one in forty is the longest
_SEVERAL = 2  # days in a load
_LOOKED_AT = 2_000  # arrivals: without a pause among them a table is not slow
_DAYS_BACK = 400  # a year of each public holiday
# A partition that may come later than half a cadence after its hour keeps none: its silence is judged alone.
_LOOSE = 0.5
# A silence between arrivals tells more than the schedule where it is clearly the shorter.
_TIGHTER = 0.6
# Where what comes within that is one run's, and runs fill half of the time, there are none: it comes all the time.
_NONSTOP = 0.5
_MOST_RUNS = 300  # fifty days of six a day: their median gap is known
_BURST = 0.02  # cadences: half an hour of a day, a minute of an hour, within which files are one run's


# Files of one run come within ten minutes of one another; with less than three times that between, runs are not told.
RUN = 600.0
_APART = 3 * RUN
# Of arrivals by chance half an hour apart three in ten come so soon after another; of runs of two files one in two.
_OF_RUNS = 0.6
# Files of one run mostly follow each other at once; of what comes by chance two in five gaps that short are longer than
# half as long.
_BY_CHANCE = 0.33
_RUNS_BACK, _BETWEEN = (
    28 * DAY,
    0.67,
)  # a run that lasts half as long as the pause after it is a stream's busy time


@dataclass(frozen=True, slots=True)
class Need:
    """Too little to learn from: how many arrivals or periods there are, and how many it takes."""

    seen: int
    needed: int

    def __str__(self) -> str:
        """Say it as reports do."""
        return f"{self.seen} arrival{'s' if self.seen != 1 else ''} seen, {self.needed} needed"


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned of a table at an instant: a schedule of slots, a silence, or a slow rhythm; its volume.

    `cut` is the time of day (seconds, UTC) at which the days of a table without dated keys begin. `days` are those on
    which files come into partitions of weeks or months. `in_runs`: what comes within ten minutes of something is of the
    same run, for runs are half an hour and more apart.
    """

    fitted: float
    dated: bool
    slots: Slots | None = None
    silence: Silence | None = None
    slow: Slow | Cycle | None = None
    volume: Measures | None = None
    loose: bool = False
    cut: float = 0.0
    in_runs: bool = False
    rota: Rota | None = None
    days: Slots | None = None

    def due(self, last: float, newest: float | None) -> tuple[float, str] | None:
        """Return the instant (UTC) by which something has to come after the last counted arrival, and the check.

        `newest` is the own start of the newest partition of a table with dated keys.
        """
        found: tuple[float, str] | None = None
        # Of a table with dated keys only newer partitions count, so what is missing is the next of them.
        check = "partitions" if self.dated else "freshness"
        if self.slots is not None:
            newest = newest if self.dated and newest is not None else day_of(last, self.cut)
            found = self.slots.due(newest)[1], check
        silences = [part.due(last) for part in (self.silence, self.rota) if part is not None]
        if silences:
            silent = min(silences)
            if found is None or self.loose or silent < found[0]:
                found = silent, check if self.slots is None else "freshness"
        if self.slow is not None:
            own = newest if isinstance(self.slow, Cycle) and self.slow.labelled else None
            found = self.slow.due(last if own is None else own), check
            if self.days is not None:
                found = min(found, (self.days.due(day_of(last, self.cut))[1], "freshness"))
        return found

    @property
    def cadence(self) -> float | None:
        """The mean seconds between what is expected of a table that has a schedule, else None."""
        part = self.slots or self.slow
        return None if part is None or isinstance(part, Slow) else part.cadence

    @property
    def typical(self) -> float | None:
        """The usual seconds between arrivals of a table that is judged by its silence alone, else None."""
        return (
            self.silence.typical if self.silence is not None and (self.slots is None or self.loose) else None
        )

    @property
    def straggling(self) -> float:
        """The seconds that one gap in 50 of such a table is longer than; 0 of others."""
        return self.silence.slow if self.silence is not None and self.typical is not None else 0.0


def day_of(at: float, cut: float) -> float:
    """Return the start of the day of an arrival, as if days began at `cut`; the usual one keeps its date (UTC)."""
    return ((at - cut) // DAY + (cut >= DAY / 2)) * DAY if math.isfinite(at) else at


def fit(history: History, share: float) -> Model | Need:
    """Return what a history says, of a table that may raise `share` false alarms a year, or what is missing.

    When data comes and how much have equal parts of them, once sizes are known.
    """
    now = history.last
    if now is None:
        return Need(0, 8)
    heard = _heard(history, now)
    times = [at for _, at in history.firsts] if history.dated else heard.times
    loads, changed = _loads(history)
    usual = _usual_gap([own for own, _ in loads])

    def volume() -> Measures | None:  # most tables need the one of their partitions
        return _volume(history, times, share)

    of_times = share / 2 if _judges_sizes(history, times) and is_judged(history) else share
    if usual >= _SLOW:
        return _slow(history, loads, of_times, volume()) or Need(len(loads), 4)
    # What comes on days that follow each other is one run, where there are weeks between such.
    runs = runs_of(loads)
    if len(runs) < len(loads) and _usual_gap([own for own, _ in runs]) >= _SLOW:
        cycle = fit_cycle(runs, of_times, labelled=history.dated)
        if cycle is not None:
            return Model(now, history.dated, slow=cycle, volume=volume(), in_runs=True)
    # Of a table that was slower, or daily and is weekly, what came before says nothing of its days.
    since = loads[0][0] if changed else -math.inf
    found: Model | Need | None = _of_partitions(history, share, now, since) if history.dated else None
    if found is None:
        found = _of_times(history, times, heard, of_times, volume(), since)
    slots = found.slots if isinstance(found, Model) else None
    # A week, where days are not what it keeps to, or no longer, or come some at a time. What just became quicker goes
    # by its few gaps.
    several = (
        history.dated and len(_from(history.firsts, loads[0][0])) >= _SEVERAL * len(loads) if loads else False
    )
    is_new = changed and (len(loads) < _FEWEST_DAYS or slots is None or usual > _OTHER * slots.cadence)
    is_weekly = usual >= SLOW and (slots is None or is_new or several)
    if is_weekly or (changed and isinstance(found, Need)):
        return _slow(history, loads, of_times, volume()) or found
    return found


@dataclass(frozen=True, slots=True)
class _Heard:
    """The arrivals of a table, those of one run as one where runs are told, and what is kept of such."""

    times: list[float]
    ratios: dict[int, dict[str, float]]


def _heard(history: History, now: float) -> _Heard:
    times = history.since(now - _DAYS_BACK * DAY)
    if len(times) < 4:  # slower than yearly
        times = history.times[-_MOST_RUNS:]
    runs = _runs(times)
    return _Heard(times, history.ratios) if runs is None else _Heard(runs, history.ratios_of_runs)


def _loads(history: History) -> tuple[list[tuple[float, float]], bool]:
    """Return the loads (own time, arrival) since the cadence changed for good, and whether it did."""
    pairs = history.firsts if history.dated else [(at, at) for at in history.times[-_LOOKED_AT:]]
    loads = loads_of(pairs, labelled=history.dated)
    start = since_change([own for own, _ in loads])
    return loads[start:], start > 0


def _usual_gap(owns: Sequence[float]) -> float:
    return quantile(sorted(b - a for a, b in pairwise(owns)), 0.5) if len(owns) > 1 else 0.0


def _judges_sizes(history: History, times: Sequence[float]) -> bool:
    """Return whether what comes can be told apart by runs, so that the size of each is known."""
    usual = _usual_gap(times[-60:])
    return bool(usual) and (history.dated or usual >= 3 * RUN)


def _volume(history: History, times: Sequence[float], share: float) -> Measures | None:
    if not _judges_sizes(history, times):
        return None
    return fit_measures(history, share / 2, YEAR_DAYS * DAY / max(_usual_gap(times[-60:]), RUN))


def _slow(
    history: History, loads: Sequence[tuple[float, float]], share: float, volume: Measures | None
) -> Model | None:
    slow = fit_slow(loads, share, labelled=history.dated)
    if slow is None:
        return None
    model = Model(history.last or 0.0, history.dated, slow=slow, volume=volume, in_runs=True)
    return _with_days(model, history, share) if isinstance(slow, Cycle) and slow.labelled else model


def _with_days(model: Model, history: History, share: float) -> Model:
    """Return the same with the days on which files come into its partitions, where they come on most working days."""
    times = history.since(model.fitted - _DAYS_BACK * DAY)
    if len(times) < _FEWEST_DAYS * len(history.firsts[-_A_YEAR:]):
        return model
    slots, cut = _of_days(times, share, -math.inf)
    is_daily = slots is not None and len(slots.expected) >= _MOST_DAYS and slots.misses == 1
    return replace(model, days=slots, cut=cut) if is_daily else model


def _of_days(times: Sequence[float], share: float, since: float) -> tuple[Slots | None, float]:
    """Return the days on which something comes at all, and the time of day at which they begin."""
    if not times:
        return None, 0.0
    cut = _cut(times[-40:])
    firsts: dict[float, float] = {}
    for at in times:
        firsts.setdefault(day_of(at, cut), at)
    slots = fit_slots(_from(list(firsts.items()), day_of(since, cut)), share, named=False)
    # Where days are missed by habit and others come as well, at any hour, the weekdays are chance.
    if slots is not None and slots.misses > 1 and not keep_days(list(firsts), slots.expected):
        slots = slots if keeps_an_hour(list(firsts.values())[-_MOST_LOADS:]) else None
    return slots, cut


def _from(firsts: Sequence[tuple[float, float]], since: float) -> Sequence[tuple[float, float]]:
    """Return the first arrivals (own time, instant) from a time on with the one before; at least eight in any case."""
    place = bisect_left(firsts, (since,))
    return firsts[max(0, min(place - 1, len(firsts) - _FEWEST_DAYS)) :]


def _of_times(
    history: History,
    times: Sequence[float],
    heard: _Heard,
    share: float,
    volume: Measures | None,
    since: float,
) -> Model | Need:
    """Return the model of a table without partitions that keep days: its silence, its days, or its few gaps."""
    now = history.last or 0.0
    if len(times) < 4:
        return Need(len(times), 4)
    if per_day_of(times) >= _A_DAY:
        calendar = of_working_days(heard.times)
        silence = fit_silence(_since(heard.times, now - PAST_DAYS * DAY), share, heard.ratios, calendar)
        # A silence that has to last for half of the time in which something usually comes tells no single run.
        if not history.dated and (silence is None or silence.limit > DAY / 2):
            slots, cut = _of_days(daily_runs_of(heard.times), share, since)
            if slots is not None:
                return Model(now, dated=False, slots=slots, volume=volume, cut=cut, in_runs=True)
        if silence is None:
            return _of_loads(history, times, share, volume) or Need(len(times), 30)
        in_runs = min(silence.typical, _usual_gap(times[-60:])) >= _APART
        rota = fit_rota(heard.times, share, calendar) if silence.typical >= _APART else None
        return Model(now, history.dated, silence=silence, volume=volume, in_runs=in_runs, rota=rota)
    in_runs = _usual_gap(times[-60:]) >= _APART
    if not history.dated:
        slots, cut = _of_days(heard.times, share, since)
        if slots is not None:
            return Model(now, dated=False, slots=slots, volume=volume, cut=cut, in_runs=in_runs)
    return _of_loads(history, times, share, volume) or Need(len(times), 8)


def _of_loads(
    history: History, times: Sequence[float], share: float, volume: Measures | None
) -> Model | None:
    """Return the model of a table that keeps no days: of what comes in the same half of a day as one; None of few."""
    loads = bursts_of(times, DAY / 2)
    if len(times) < _FEWEST_DAYS:
        return None
    slow = fit_slow([(at, at) for at in loads[-_MOST_LOADS:]], share, labelled=False)
    return Model(history.last or 0.0, history.dated, slow=slow, volume=volume, in_runs=True) if slow else None


def _of_partitions(history: History, share: float, now: float, since: float) -> Model | None:
    of_times = share / 2 if is_judged(history) else share
    slots = fit_slots(_from(history.firsts, since), of_times)
    if slots is None:
        return None
    cadence = slots.cadence
    loose = slots.margin > _LOOSE * cadence
    heard = history.since(now - PAST_DAYS * DAY)
    within = _BURST * cadence
    times = bursts_of(heard, within)
    periods = sum(first >= times[0] for _, first in history.firsts)
    if len(times) > periods * _NONSTOP / _BURST or (within >= RUN and _is_spread(heard, within)):
        times = heard
    # Where files come by chance, so does what a partition holds, and the whole share is that of silences.
    of_times = share if loose else of_times
    rota = None
    if slots.unit == DAY and not loose and len(times) > _A_DAY * periods:
        runs = _runs(times) or times
        apart = _usual_gap(runs[-_MOST_RUNS:]) >= _APART
        rota = fit_rota(runs, of_times, slots.calendar) if apart else None
    silence = fit_silence(times, of_times, history.ratios) if len(times) > _A_DAY * periods else None
    if silence is not None and not loose and silence.limit >= _TIGHTER * cadence:
        silence = None
    a_year = len(slots.expected) * YEAR_DAYS / 7
    loose = loose and silence is not None
    volume = None if loose else fit_measures(history, share / 2, a_year)
    in_runs = min(cadence, silence.typical if silence else cadence) >= _APART
    return Model(
        now, dated=True, slots=slots, silence=silence, volume=volume, loose=loose, in_runs=in_runs, rota=rota
    )


def _since(times: list[float], begin: float) -> list[float]:
    return times[bisect_left(times, begin) :]


def _runs(times: Sequence[float]) -> list[float] | None:
    """Return when runs began, each the files within ten minutes of one another, or None where they cannot be told.

    Runs are told by the last four weeks, in which most of the time has to pass between them: a stream that pauses at
    night has none, at whatever hour it is asked.
    """
    if not times:
        return None
    recent = times[bisect_left(times, times[-1] - _RUNS_BACK) :]
    gaps = [b - a for a, b in pairwise(recent)]
    pauses = sorted(gap for gap in gaps if gap > RUN)
    if len(pauses) < 3 or len(pauses) + 1 > _OF_RUNS * len(recent):
        return None
    short = [gap for gap in gaps if gap <= RUN]
    if sum(gap > RUN / 2 for gap in short) > _BY_CHANCE * len(short):
        return None
    if quantile(pauses, 0.5) < _APART - RUN or sum(pauses) < _BETWEEN * (recent[-1] - recent[0]):
        return None
    return [times[0], *(b for a, b in pairwise(times) if b - a > RUN)]


def _is_spread(times: Sequence[float], within: float) -> bool:
    """Return whether what follows so soon does not do so at once: those are loads of their own (every ten minutes)."""
    short = sorted(b - a for a, b in pairwise(times[-_LOOKED_AT:]) if b - a <= within)
    return bool(short) and quantile(short, 0.5) > within / 4


def _cut(times: Sequence[float]) -> float:
    """Return the time of day half a day away from the usual one: no run is late or early by so much."""
    clock = [at % DAY for at in times]

    def apart(center: float) -> float:
        return sum(min((c - center) % DAY, (center - c) % DAY) for c in clock)

    return (min(clock, key=apart) + 12 * HOUR) % DAY
