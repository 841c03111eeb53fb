"""Which arrivals are of one run, and of one day: the steps that come before any model of times."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.keys import DAY, HOUR, Key
from checks.learn.tails import YEAR_DAYS, quantile
from checks.learn.yearly import YEARS

if TYPE_CHECKING:
    from collections.abc import Sequence

# Files of one run come within ten minutes of one another; with less than three times that between, runs are not told.
RUN = 600.0
APART = 3 * RUN
# Half as many again as come so soon after another by chance, which of arrivals half an hour apart are three in ten.
_OF_RUNS = 1.5
# Files of one run mostly follow each other at once; of what comes by chance two in five gaps that short are longer than
# half as long.
_BY_CHANCE = 0.33
_PAUSES = 3
_LOOKED_AT = 2_000  # arrivals: without a pause among them a table is not slow
_RUNS_BACK = 28 * DAY
_BETWEEN = 0.67  # of the time: a run that lasts half as long as the pause after it is a stream's busy time
MOST_RUNS = 300
"""Runs whose median gap is known: fifty days of six a day."""
# What comes goes on all the time where nine of ten runs begin right after something else, also with rests at night: a
# run would last five hours.
_GOES_ON = 0.9
# Quicker than half an hour runs are told where they keep a rhythm: within five minutes, or less where they come within
# ten of each other, and at least as long passes after one.
_SHORTER = (RUN / 2, RUN / 4, RUN / 8)
_EVEN, _FEWEST = (
    1.5,
    8,
)  # times between the quartiles of their gaps, and gaps: what comes by chance has no runs
_ACTIVE_DAYS = 10  # two working weeks: a cadence that changed for good is followed within them


def runs_in(times: Sequence[float]) -> list[float] | None:
    """Return when runs began, each the files within ten minutes of one another, or None where they cannot be told.

    Runs are told by the last four weeks, in which most of the time has to pass between them: a stream that pauses at
    night has none, at whatever hour it is asked.
    """
    if not times:
        return None
    recent = times[bisect_left(times, times[-1] - _RUNS_BACK) :]
    if sum(b - a > RUN for a, b in pairwise(recent)) < _PAUSES:  # slower than weekly
        recent = times[-MOST_RUNS:]
    gaps = [b - a for a, b in pairwise(recent)]
    pauses = sorted(gap for gap in gaps if gap > RUN)
    if len(pauses) < _PAUSES:
        return None
    by_chance = 1 - math.exp(-RUN / (sum(pauses) / len(pauses) - RUN))
    if len(gaps) - len(pauses) <= max(1, _OF_RUNS * by_chance * len(gaps)):
        return None
    short = [gap for gap in gaps if gap <= RUN]
    if sum(gap > RUN / 2 for gap in short) > _BY_CHANCE * len(short):
        return None
    if quantile(pauses, 0.5) < APART - RUN or sum(pauses) < _BETWEEN * (recent[-1] - recent[0]):
        return None
    return chains(times, RUN)


def chains(times: Sequence[float], within: float) -> list[float]:
    """Return when runs began (times in order), each of what follows within so many seconds of what came before it."""
    return [*times[:1], *(b for a, b in pairwise(times) if b - a > within)]


def within_run(times: Sequence[float]) -> float | None:
    """Return within how many seconds what follows (in order) is of the same run, or None where runs cannot be told."""
    return RUN if runs_in(times) is not None else shorter_run(times)


def shorter_run(times: Sequence[float]) -> float | None:
    """Return the same of times among which no runs of ten minutes with pauses of half an hour are told."""
    recent = times[-MOST_RUNS:]
    gaps = sorted(b - a for a, b in pairwise(recent))
    if gaps and quantile(gaps, 0.5) >= APART:
        return RUN
    for within in _SHORTER:
        between = sorted(b - a for a, b in pairwise(chains(recent, within)[1:]))
        if len(between) < _FEWEST or quantile(between, 0.5) < 2 * within:
            continue
        if quantile(between, 0.75) <= _EVEN * quantile(between, 0.25):
            return within
    return None


@dataclass(slots=True)
class Runs:
    """The runs of a table without dated keys, as they come: each is a period of its own, from its first file on.

    `begin` and `last` are when the newest began and what came last of it (seconds since 1970, UTC).
    """

    begin: float | None = None
    last: float = 0.0
    _within: float = RUN
    _ask_at: float = 0.0

    def take(self, at: float, times: Sequence[float]) -> Key:
        """Return the period of what comes now; `times` are those of what came before it.

        How near files of one run are is asked once a day, and more often while less than a day is known.
        """
        if at >= self._ask_at and times:
            self._within = within_run(times) or RUN
            self._ask_at = at + min(DAY, max(HOUR, at - times[0]))
        if self.begin is None or at - self.last > self._within:
            self.begin = at
        self.last = at
        return Key(self.begin, self._within)


def with_kept_back(since: float | None, at: float, silent: tuple[float, float]) -> float | None:
    """Return how many seconds of data a run at an instant may hold; `since` is how long ago the one before began.

    `silent` is the last before and the first after a silence that was told: for as long as it was, runs may hold what
    it kept back as well.
    """
    begin, end = silent
    return max(since, end - begin) if since is not None and at - end <= end - begin else since


def is_spread(times: Sequence[float], within: float) -> bool:
    """Return whether what follows so soon does not do so at once: those are loads of their own (every ten minutes)."""
    short = sorted(b - a for a, b in pairwise(times[-_LOOKED_AT:]) if b - a <= within)
    return bool(short) and quantile(short, 0.5) > within / 4


def bursts(times: Sequence[float], within: float) -> list[float]:
    """Return the times without those that come so soon after one that is kept."""
    kept, last = [], -math.inf
    for at in times:
        if at - last > within:
            kept.append(at)
            last = at
    return kept


def per_day(times: Sequence[float]) -> float:
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


def cut_of(times: Sequence[float]) -> float:
    """Return the time of day half a day away from the usual one: no run is late or early by so much."""
    clock = [at % DAY for at in times]

    def apart(center: float) -> float:
        return sum(min((c - center) % DAY, (center - c) % DAY) for c in clock)

    return (min(clock, key=apart) + 12 * HOUR) % DAY


def day_of(at: float, cut: float) -> float:
    """Return the start of the day of an arrival, as if days began at `cut`; the usual one keeps its date (UTC)."""
    return ((at - cut) // DAY + (cut >= DAY / 2)) * DAY if math.isfinite(at) else at


def days_with(times: Sequence[float], cut: float) -> list[int]:
    """Return the days (since 1970) of the last years on which something came, as if they began at `cut`."""
    days, place = [], bisect_left(times, times[-1] - (YEARS + 0.5) * YEAR_DAYS * DAY)
    while place < len(times):
        at = times[place]
        days.append(int(day_of(at, cut) // DAY))
        place = bisect_left(times, cut + ((at - cut) // DAY + 1) * DAY, place + 1)
    return days


def goes_on(heard: Sequence[float], begins: Sequence[float], within: float) -> bool:
    """Return whether what begins runs, of arrivals in order, mostly goes on with what came so soon before it."""
    starts = set(begins[-_LOOKED_AT:])
    after = [b - a <= within for a, b in pairwise(heard[-_LOOKED_AT:]) if b in starts]
    return sum(after) > _GOES_ON * len(after)
