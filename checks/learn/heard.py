"""The arrivals of a table as its models take them: runs as one, and loads since the cadence changed."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.cadence import loads_of, since_change
from checks.learn.keys import DAY
from checks.learn.rhythm import since_slower
from checks.learn.runs import MOST_RUNS, RUN, bursts, chains, runs_in, shorter_run
from checks.learn.silence import AT_ONCE, WINDOW
from checks.learn.tails import YEAR_DAYS, quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.learn.history import History

DAYS_BACK = 400
"""Days: a year of each public holiday."""
LOOKED_AT = 2_000
"""Arrivals: without a pause among them a table is not slow."""
_LATELY = 60  # runs or partitions: two months of days say how often they come now


@dataclass(frozen=True, slots=True)
class Heard:
    """The arrivals of a table, those of one run as one where runs are told, and what is kept of such.

    What comes within `apart` seconds is one. `within` are the seconds that end a run, None where runs cannot be told.
    """

    times: list[float]
    ratios: dict[int, dict[str, float]]
    apart: float
    within: float | None


def heard_of(history: History, now: float) -> Heard:
    """Return what was heard of a table by an instant, in a year of each public holiday."""
    times = history.since(now - DAYS_BACK * DAY)
    if len(times) < 4:  # slower than yearly
        times = history.times[-MOST_RUNS:]
    runs = runs_in(times)
    if runs is None:
        return Heard(times, history.ratios, AT_ONCE, shorter_run(times))
    return Heard(runs, history.ratios_of_runs, RUN, RUN)


def loads_since_change(history: History) -> tuple[list[tuple[float, float]], bool]:
    """Return the loads (own time, arrival) since the cadence changed for good, and whether it did."""
    pairs = history.firsts if history.dated else [(at, at) for at in history.times[-LOOKED_AT:]]
    loads = loads_of(pairs, labelled=history.dated)
    start = since_change([own for own, _ in loads])
    return loads[start:], start > 0


def slower_runs(times: Sequence[float], now: float) -> list[float]:
    """Return the runs since which arrivals (in order) have come more seldom; none where they have not of late.

    Runs are the files within ten minutes of one another, and where what comes is nearer than that to the next (every
    five minutes before, a quarter of an hour now), what comes at once.
    """
    recent = later_than(times, now - WINDOW)  # before, what came says nothing anyway
    for within in (RUN, AT_ONCE):
        runs = bursts(recent, within)
        since = since_slower(runs)
        if since > -math.inf:
            return runs[bisect_left(runs, since) :]
    return []


def later_than(times: Sequence[float], begin: float) -> Sequence[float]:
    """Return those of some times in order that are not before another."""
    return times[bisect_left(times, begin) :]


def usual_gap(owns: Sequence[float]) -> float:
    """Return the median seconds from one to the next, 0 of fewer than two."""
    return quantile(sorted(b - a for a, b in pairwise(owns)), 0.5) if len(owns) > 1 else 0.0


def sizes_a_year(history: History, heard: Heard) -> float | None:
    """Return how many partitions a year hold data, without dated keys how many runs; None where these cannot be told.

    Of what comes by chance nobody can say what belongs together, and so not how much there has to be of it.
    """
    if history.dated:
        usual = usual_gap([at for _, at in history.firsts[-_LATELY:]])
        return YEAR_DAYS * DAY / max(usual, RUN) if usual else None
    usual = usual_gap(chains(heard.times[-MOST_RUNS:], heard.within or RUN)[-_LATELY:])
    return YEAR_DAYS * DAY / max(usual, heard.within) if usual and heard.within else None
