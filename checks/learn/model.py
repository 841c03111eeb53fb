"""Which model fits a table."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.learn.cadence import SLOW, daily_runs_of, keeps_an_hour, runs_of, since_quicker
from checks.learn.calendars import of_working_days
from checks.learn.days_between import rests_beside
from checks.learn.existing_slots import ALL_DAYS, fill_days, keep_days
from checks.learn.heard import (
    Heard,
    heard_of,
    later_than,
    loads_since_change,
    sizes_a_year,
    slower_runs,
    usual_gap,
)
from checks.learn.history import A_BURST, PAST_DAYS
from checks.learn.keys import DAY
from checks.learn.learned import Model, Need
from checks.learn.measures import Measures, fit_measures, is_judged
from checks.learn.rota import fit_rota
from checks.learn.runs import (
    APART,
    MOST_RUNS,
    RUN,
    bursts,
    cut_of,
    day_of,
    days_with,
    goes_on,
    is_spread,
    per_day,
    runs_in,
)
from checks.learn.several import fit_slow
from checks.learn.silence import AT_ONCE, WINDOW, Silence, few_gaps, fit_silence
from checks.learn.slots import Slots, fit_slots
from checks.learn.slow import Cycle, fit_cycle
from checks.learn.tails import YEAR_DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.learn.history import History

# From every 11 days on a weekday says nothing: two of each in three weeks.
_SLOW = 11 * DAY
# Between one and two arrivals a day that has any: nearer one, days are the schedule.
_A_DAY = 1.6
_OTHER = 1.5  # times the cadence that days taught: they were of a rhythm before
_FEWEST_DAYS = 8  # that days are learned from
_FEW_LOADS = 4  # of which a slow rhythm is learned: fewer than three gaps alike are none
# Who comes on one day or two a week, at any hour, comes when there is something: gaps say how long that may last.
_WEEKDAYS_OF_PEOPLE, _A_WEEKEND = 3, 3 * DAY  # from Friday's last to Monday's first
_MOST_DAYS = 5  # of a week: those of an office
_MOST_LOADS = 41  # forty gaps, of which one in forty is the longest
_SEVERAL = 2  # days in a load
# A partition that may come later than half a cadence after its hour keeps none: its silence is judged alone.
_LOOSE = 0.5
# A silence between arrivals tells more than the schedule where it is clearly the shorter.
_TIGHTER = 0.6
# Where what comes within that is one run's, and runs fill half of the time, there are none: it comes all the time.
_NONSTOP = 0.5
_BURST = 0.02  # cadences: half an hour of a day, a minute of an hour, within which files are one run's


def fit(history: History, share: float) -> Model | Need:
    """Return what a history says, of a table that may raise `share` false alarms a year, or what is missing.

    When data comes and how much have equal parts of them, once sizes are known.
    """
    now = history.last
    if now is None:
        return Need(0, 8)
    heard = heard_of(history, now)
    times = [at for _, at in history.firsts] if history.dated else heard.times
    loads, changed = loads_since_change(history)
    usual = usual_gap([own for own, _ in loads])

    a_year = sizes_a_year(history, heard)

    def volume() -> Measures | None:  # most tables need the one of their partitions
        return None if a_year is None else fit_measures(history, share / 2, a_year)

    of_times = share if a_year is None or not is_judged(history) else share / 2
    if usual >= _SLOW or _is_named_for_long(history, now):
        slow = _slow(history, loads, of_times, volume())
        files = _of_files(history, slow, of_times) if history.dated else None
        return files or slow or Need(len(loads), _FEW_LOADS)
    # What comes on days that follow each other is one run, where there are weeks between such.
    runs = runs_of(loads)
    if len(runs) < len(loads) and usual_gap([own for own, _ in runs]) >= _SLOW:
        cycle = fit_cycle(runs, of_times, labelled=history.dated)
        if cycle is not None:
            return Model(now, history.dated, slow=cycle, volume=volume(), in_runs=True)
    # Of a table that was slower, or daily and is weekly, what came before says nothing of its days.
    since = loads[0][0] if changed else -math.inf
    found: Model | Need | None = _of_partitions(history, share, now, since) if history.dated else None
    if found is None:
        # Partitions that come at once came once.
        came = bursts(times, A_BURST) if history.dated else times
        found = _of_times(history, came, heard, of_times, volume(), since)
    slots = found.slots if isinstance(found, Model) else None
    # A week, where days are not what it keeps to, or no longer, or come some at a time. What just became quicker goes
    # by its few gaps.
    of_loads = _from(history.firsts, loads[0][0]) if history.dated and loads else ()
    several = bool(loads) and len(of_loads) >= _SEVERAL * len(loads)
    is_new = changed and (len(loads) < _FEWEST_DAYS or slots is None or usual > _OTHER * slots.cadence)
    is_weekly = usual >= SLOW and (slots is None or is_new or several)
    if is_weekly or (changed and isinstance(found, Need)):
        return _slow(history, loads, of_times, volume()) or found
    # Slots know which days exist, not that the one of a week moves for holidays.
    weekly = _slow(history, loads, of_times, volume()) if usual >= SLOW else None
    return weekly if weekly is not None and isinstance(weekly.slow, Cycle) and weekly.slow.moves else found


def _is_named_for_long(history: History, now: float) -> bool:
    """Return whether partitions are named for so long that the few there are say nothing of how often files come."""
    few = history.dated and len(history.firsts) < _FEW_LOADS
    return few and now - history.firsts[0][1] >= _FEWEST_DAYS * DAY


def _slow(
    history: History, loads: Sequence[tuple[float, float]], share: float, volume: Measures | None
) -> Model | None:
    slow = fit_slow(loads, share, labelled=history.dated)
    if slow is None:
        return None
    return Model(history.last or 0.0, history.dated, slow=slow, volume=volume, in_runs=True)


def _of_files(history: History, slow: Model | None, share: float) -> Model | None:
    """Return the model with the files that come into partitions of weeks, months or years, also before these are known.

    Only where files come on every second day at the least: what is loaded once a month may take a hundred of them.
    """
    now = history.last or 0.0
    plain = replace(history, dated=False)
    heard = heard_of(plain, now)
    recent = later_than(heard.times, now - WINDOW)
    days = {int(at // DAY) for at in recent}
    if len(days) < _FEWEST_DAYS or 2 * len(days) * DAY < now - recent[0]:
        return None
    found = _of_times(plain, heard.times, heard, share, None, -math.inf)
    if not isinstance(found, Model) or found.slow is not None:
        return None
    slots = found.slots
    if slots is not None and (len(slots.expected) < _MOST_DAYS or slots.misses > 1):
        return None
    if slow is not None:
        return replace(slow, files=found)
    return Model(now, dated=True, in_runs=found.in_runs, files=found)


def _of_days(
    times: Sequence[float], share: float, since: float, past: Sequence[float]
) -> tuple[Slots | None, float]:
    """Return the days on which something comes at all, and the time of day at which they begin.

    `past` are the times of all years that are known, which tell when in a year nothing comes.
    """
    if not times:
        return None, 0.0
    cut = cut_of(times[-40:])
    firsts: dict[float, float] = {}
    for at in times:
        firsts.setdefault(day_of(at, cut), at)
    slots = fit_slots(_from(list(firsts.items()), day_of(since, cut)), share, named=False)
    # Of what comes at any hour weekdays are chance where they are missed by habit, others come as well, or they are
    # those of some days in a row.
    if slots is not None and not keeps_an_hour(list(firsts.values())[-_MOST_LOADS:]):
        days = list(firsts)
        by_habit = slots.misses > 1 and not keep_days(days, slots.expected)
        few = len(slots.expected) < _WEEKDAYS_OF_PEOPLE
        slots = None if few or by_habit or not fill_days(days, slots.expected, slots.calendar) else slots
    if slots is not None:
        slots = replace(slots, rests=rests_beside(slots.expected, days_with(later_than(past, since), cut)))
    return slots, cut


def _from(firsts: Sequence[tuple[float, float]], since: float) -> Sequence[tuple[float, float]]:
    """Return the first arrivals (own time, instant) from a time on with the one before; at least eight in any case."""
    place = bisect_left(firsts, (since,))
    return firsts[max(0, min(place - 1, len(firsts) - _FEWEST_DAYS)) :]


def _of_times(
    history: History,
    times: Sequence[float],
    heard: Heard,
    share: float,
    volume: Measures | None,
    since: float,
) -> Model | Need:
    """Return the model of a table without partitions that keep days: its silence, its days, or its few gaps."""
    now = history.last or 0.0
    if len(times) < 4:
        return Need(len(times), 4)
    if slower := slower_runs(times if history.dated else heard.times, now):
        return _of_few(history, slower, heard, share, volume)
    if per_day(times) >= _A_DAY:
        calendar = of_working_days(heard.times)
        begin = max(now - PAST_DAYS * DAY, since_quicker(heard.times))
        recent = later_than(heard.times, begin)
        silence = fit_silence(recent, share, heard.ratios, calendar, heard.apart)
        # A silence that has to last for half of the time in which something usually comes tells no single run.
        rota = fit_rota(recent, share, calendar) if silence and silence.typical >= APART else None
        if not history.dated and (silence is None or silence.limit > DAY / 2):
            slots, cut = _days_instead(history, heard, silence if rota is None else None, share, since)
            if slots is not None:
                return Model(now, dated=False, slots=slots, volume=volume, cut=cut, in_runs=True)
        if silence is None:
            return _of_loads(history, times, share, volume) or Need(len(times), 30)
        in_runs = min(silence.typical, usual_gap(times[-60:])) >= APART
        return Model(now, history.dated, silence=silence, volume=volume, in_runs=in_runs, rota=rota)
    in_runs = usual_gap(times[-60:]) >= APART
    if not history.dated:
        slots, cut = _of_days(heard.times, share, since, history.times)
        if slots is not None:
            return Model(now, dated=False, slots=slots, volume=volume, cut=cut, in_runs=in_runs)
    return _of_loads(history, times, share, volume) or Need(len(times), 8)


def _days_instead(
    history: History, heard: Heard, silence: Silence | None, share: float, since: float
) -> tuple[Slots | None, float]:
    """Return the days of a table whose silence tells no single run, and when they begin; None where it keeps none.

    Beyond a weekend it tells no day either; then those of an office count, at whatever hours of them data comes.
    """
    slots, cut = _of_days(daily_runs_of(heard.times), share, since, history.times)
    if slots is None and silence is not None and silence.limit > _A_WEEKEND:
        slots, cut = _of_days(heard.times, share, since, history.times)
        return (slots if slots is not None and len(slots.expected) <= _MOST_DAYS else None), cut
    return slots, cut


def _of_few(
    history: History, recent: Sequence[float], heard: Heard, share: float, volume: Measures | None
) -> Model | Need:
    """Return the model of a table that has just become slower: its days, or a silence, by what came since alone."""
    now = history.last or 0.0
    in_runs = usual_gap(recent) >= APART
    if per_day(recent) < _A_DAY and not history.dated:
        slots, cut = _of_days(heard.times, share, recent[0], history.times)
        if slots is not None:
            return Model(now, dated=False, slots=slots, volume=volume, cut=cut, in_runs=in_runs)
    silence = fit_silence(recent, share, {}) or few_gaps(recent)
    return Model(now, history.dated, silence=silence, volume=volume, in_runs=in_runs)


def _of_loads(
    history: History, times: Sequence[float], share: float, volume: Measures | None
) -> Model | None:
    """Return the model of a table that keeps no days: of what comes in the same half of a day as one; None of few."""
    loads = bursts(times, DAY / 2)
    if len(times) < _FEWEST_DAYS:
        return None
    slow = fit_slow([(at, at) for at in loads[-_MOST_LOADS:]], share, labelled=False)
    return Model(history.last or 0.0, history.dated, slow=slow, volume=volume, in_runs=True) if slow else None


def _of_partitions(history: History, share: float, now: float, since: float) -> Model | None:
    of_times = share / 2 if is_judged(history) else share
    since = max(since, since_quicker([at for _, at in history.firsts]))
    slots = fit_slots(_from(history.firsts, since), of_times, behind=history.behind)
    if slots is None:
        return None
    cadence = slots.cadence
    loose = slots.margin > _LOOSE * cadence
    past = history.since(now - PAST_DAYS * DAY)
    heard = history.since(max(past[0], since_quicker(past)))
    within = _BURST * cadence
    times = bursts(heard, within)
    periods = sum(first >= times[0] for _, first in history.firsts)
    is_nonstop = len(times) > periods * _NONSTOP / _BURST or goes_on(heard, times, within)
    if is_nonstop or (within >= RUN and is_spread(heard, within)):
        times, within = heard, AT_ONCE
    rota = None
    if slots.unit == DAY and len(times) > _A_DAY * periods:
        # By the files: of a run that lasts longer than a burst, what comes late would be a second one.
        runs = runs_in(heard) or times
        several = len(runs) > _A_DAY * periods and usual_gap(runs[-MOST_RUNS:]) >= APART
        rota = fit_rota(runs, of_times, _calendar_of_files(slots, heard)) if several else None
    # Where files come by chance, so does what a partition holds, and the whole share is that of silences. Where they
    # keep to times of the day, a first one that was late once, after an outage, makes no chance of the others.
    loose = loose and rota is None
    of_times = share if loose else of_times
    silence = None
    if len(times) > _A_DAY * periods:
        if few := slower_runs(heard, now):
            silence = fit_silence(few, of_times, {}) or few_gaps(few)
        else:
            # On days of a table that rests on none of the week, outages fell on holidays by chance.
            rests = len({int(slot * slots.unit // DAY) for slot in slots.expected}) < ALL_DAYS
            calendar = _calendar_of_files(slots, heard) if rests else None
            silence = fit_silence(times, of_times, history.ratios, calendar, max(within, AT_ONCE))
    if silence is not None and not loose and silence.limit >= _TIGHTER * cadence:
        silence = None
    a_year = len(slots.expected) * YEAR_DAYS / 7
    loose = loose and silence is not None
    volume = None if loose else fit_measures(history, share / 2, a_year)
    in_runs = min(cadence, silence.typical if silence else cadence) >= APART
    return Model(
        now, dated=True, slots=slots, silence=silence, volume=volume, loose=loose, in_runs=in_runs, rota=rota
    )


def _calendar_of_files(slots: Slots, times: Sequence[float]) -> tuple[str, int] | None:
    """Return the holidays on which no files come into partitions, by the days of the files and not of their names.

    What is named for a day comes some days later, so the day without files lies as much later as the one without a
    name. Keys of hours know their holidays by each clock; files tell them by UTC.
    """
    if slots.unit != DAY or slots.calendar is None:
        return of_working_days(times)
    country, shift = slots.calendar
    return country, shift + int(slots.zones[0][1] // DAY)
