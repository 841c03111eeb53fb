"""Which model fits a table, when its next data is due by it, and the same in a sentence."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.calendars import of_working_days
from checks.learn.history import PAST_DAYS
from checks.learn.keys import DAY, HOUR
from checks.learn.rota import Rota, fit_rota
from checks.learn.silence import Silence, fit_silence
from checks.learn.slots import Slots, fit_slots
from checks.learn.slow import Slow, fit_slow
from checks.learn.tails import YEAR_DAYS, quantile
from checks.learn.volume import Volume, fit_volume

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.learn.history import History

# From every 11 days on a weekday says nothing: two of each in three weeks.
_SLOW = 11 * DAY
# Between one and two arrivals a day that has any: nearer one, days are the schedule.
_A_DAY = 1.6
_ACTIVE_DAYS = 10  # two working weeks: a cadence that changed for good is followed within them
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

    `cut` is the time of day (seconds, UTC) at which the days of a table without dated keys begin. `in_runs`: what comes
    within ten minutes of something is of the same run, for runs are half an hour and more apart.
    """

    fitted: float
    dated: bool
    slots: Slots | None = None
    silence: Silence | None = None
    slow: Slow | None = None
    volume: Volume | None = None
    loose: bool = False
    cut: float = 0.0
    in_runs: bool = False
    rota: Rota | None = None

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
            found = self.slow.due(last), check
        return found

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
    return ((at - cut) // DAY + (cut >= DAY / 2)) * DAY


def fit(history: History, share: float) -> Model | Need:
    """Return what a history says, of a table that may raise `share` false alarms a year, or what is missing."""
    now = history.last
    if now is None:
        return Need(0, 8)
    if history.dated:
        model = _of_partitions(history, share, now)
        if model is not None:
            return model
    heard, ratios = history.since(now - _DAYS_BACK * DAY), history.ratios
    if (runs := _runs(heard)) is not None:
        heard, ratios = runs, history.ratios_of_runs
    times = [at for _, at in history.firsts] if history.dated else heard
    if len(times) < 4:
        return Need(len(times), 4)
    last = times[-60:]
    usual = quantile(sorted(b - a for a, b in pairwise(last)), 0.5)
    in_runs = usual >= _APART
    volume = (
        fit_volume(history.sizes, share, YEAR_DAYS * DAY / max(usual, RUN))
        if history.dated or in_runs
        else None
    )
    if usual >= _SLOW:
        slow = fit_slow(_bursts(times[-40:], 2 * DAY))
        return (
            Model(now, history.dated, slow=slow, volume=volume, in_runs=in_runs)
            if slow
            else Need(len(times), 4)
        )
    if _per_day(times) >= _A_DAY:
        calendar = of_working_days(heard)
        silence = fit_silence(_since(heard, now - PAST_DAYS * DAY), share, ratios, calendar)
        if silence is None:
            return Need(len(times), 30)
        apart = silence.typical >= _APART
        rota = fit_rota(heard, share, calendar) if apart else None
        return Model(now, history.dated, silence=silence, volume=volume, in_runs=in_runs and apart, rota=rota)
    if not history.dated:
        cut = _cut(heard[-40:])
        firsts: dict[float, float] = {}
        for at in heard:
            firsts.setdefault(day_of(at, cut), at)
        slots = fit_slots(list(firsts.items()), share, named=False)
        if slots is not None:
            return Model(now, dated=False, slots=slots, volume=volume, cut=cut, in_runs=in_runs)
    # Half a day: what comes in the same night is one run.
    slow = fit_slow(_bursts(times[-40:], DAY / 2)) if len(times) >= 8 else None
    return (
        Model(now, history.dated, slow=slow, volume=volume, in_runs=in_runs) if slow else Need(len(times), 8)
    )


def _of_partitions(history: History, share: float, now: float) -> Model | None:
    slots = fit_slots(history.firsts, share)
    if slots is None:
        return None
    cadence = slots.cadence
    loose = slots.margin > _LOOSE * cadence
    heard = history.since(now - PAST_DAYS * DAY)
    times = _bursts(heard, _BURST * cadence)
    periods = sum(first >= times[0] for _, first in history.firsts)
    if len(times) > periods * _NONSTOP / _BURST:
        times = heard
    rota = None
    if slots.unit == DAY and not loose and len(times) > _A_DAY * periods:
        runs = _runs(times) or times
        apart = quantile(sorted(b - a for a, b in pairwise(runs[-_MOST_RUNS:])), 0.5) >= _APART
        rota = fit_rota(runs, share, slots.calendar) if apart else None
    silence = fit_silence(times, share, history.ratios) if len(times) > _A_DAY * periods else None
    if silence is not None and not loose and silence.limit >= _TIGHTER * cadence:
        silence = None
    # Where files come by chance, so does what a partition holds.
    a_year = len(slots.expected) * YEAR_DAYS / 7
    loose = loose and silence is not None
    volume = None if loose else fit_volume(history.sizes, share, a_year)
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
    if quantile(pauses, 0.5) < _APART - RUN or sum(pauses) < _BETWEEN * (recent[-1] - recent[0]):
        return None
    return [times[0], *(b for a, b in pairwise(times) if b - a > RUN)]


def _bursts(times: Sequence[float], within: float) -> list[float]:
    """Return the times without those that come so soon after one that is kept."""
    kept: list[float] = []
    for at in times:
        if not kept or at - kept[-1] > within:
            kept.append(at)
    return kept


def _per_day(times: Sequence[float]) -> float:
    """Return how many came on each of the last days on which anything came."""
    days: set[int] = set()
    count = 0
    for at in reversed(times):
        day = int(at // DAY)
        if day not in days:
            if len(days) == _ACTIVE_DAYS:
                break
            days.add(day)
        count += 1
    return count / len(days)


def _cut(times: Sequence[float]) -> float:
    """Return the time of day half a day away from the usual one: no run is late or early by so much."""
    clock = [at % DAY for at in times]

    def apart(center: float) -> float:
        return sum(min((c - center) % DAY, (center - c) % DAY) for c in clock)

    return (min(clock, key=apart) + 12 * HOUR) % DAY
