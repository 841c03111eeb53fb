"""Limits from the tail of what was seen: how far beyond it the budget of false alarms reaches."""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence

YEAR_DAYS = 365.25
SHARE_MIN, SHARE_MAX = 0.05, 4.0
"""False alarms a table and year: below, no tail of some months can be extrapolated; above, nobody reads them."""

# A Weibull's shape: 2 is a Gaussian's tail, 1 an exponential's, below 0.6 one guess of months predicts years.
_SHAPE_MIN, _SHAPE_MAX, _SHAPE_PRIOR = 0.6, 2.0, 1.0
_PRIOR_WEIGHT = 30.0  # observations: with fewer, two quantiles say less of the shape than tails in general do
_SAMPLING = (
    1.0  # one standard error of a far quantile is about this over the root of n, relative to the limit
)
_RESTART_OUTLIERS = 3  # two late runs are bad luck; three on one side are a new hour
_INCIDENT = 3.0
MOST_EXCESSES = 720
"""The newest that are kept of lateness, which half of the runs have: two months of hours."""
# Lateness of a quarter of a period at the most is over before anybody has looked. So it is a habit where it came more
# than a few times and once a fortnight, as of runs that fail and are run again: twice a week is asked of what is
# longer. The next one is later than the latest of five one time in six, and half as long again holds.
_SHORT, _A_FEW, _A_FORTNIGHT, _HALF_AGAIN = 0.25, 4, 2, 1.5
_CENTER_WINDOW = 15  # runs: two weeks of a daily job, so that a drift of minutes a day is followed


def share_of(budget_a_month: float, tables: int) -> float:
    """Return the false alarms a year that one of so many tables may raise, within what can be kept."""
    return min(SHARE_MAX, max(SHARE_MIN, budget_a_month * 12.0 / max(1, tables)))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the quantile of an ordered, non-empty sequence, interpolated."""
    place = share * (len(ordered) - 1)
    low = int(place)
    if low + 1 >= len(ordered):
        return ordered[low]
    return ordered[low] * (1 - place + low) + ordered[low + 1] * (place - low)


def median(values: Sequence[float]) -> float:
    """Return the median of a non-empty sequence in any order."""
    return quantile(sorted(values), 0.5)


def tail(excess: Sequence[float], chance: float, least: float, shape: float = _SHAPE_PRIOR) -> float:
    """Return what an excess passes with this chance, by a Weibull tail through two quantiles of those seen.

    `excess` is ordered and positive, in any unit; `least` is the limit below which none is set, in the same.
    The sampling error of the limit is added.
    """
    count = len(excess)
    if not count:
        return least
    low, high = _quantiles(count)
    tiny = max(least * 0.02, 1e-9)
    a, b = max(quantile(excess, low), tiny), max(quantile(excess, high), tiny)
    prior, shape = shape, _SHAPE_MAX
    if b > a * 1.0001:
        shape = math.log(math.log(1 - high) / math.log(1 - low)) / math.log(b / a)
    weight = count / (count + _PRIOR_WEIGHT)
    shape = min(_SHAPE_MAX, max(_SHAPE_MIN, weight * shape + (1 - weight) * prior))
    reach = max(1.0, math.log(min(max(chance, 1e-12), 0.5)) / math.log(1 - high))
    return max(b * math.pow(reach, 1 / shape) * (1 + _SAMPLING / math.sqrt(count)), least)


def _quantiles(count: int) -> tuple[float, float]:
    """Return the quantiles that tell a tail: the higher is the highest with an observation or more beyond it."""
    return (0.75, 0.96) if count >= 25 else (0.5, 0.9)


def center_and_excess(values: Sequence[float], least: float) -> tuple[float, list[float]]:
    """Return the trailing median of non-empty values in order of time, and by how much later ones passed theirs.

    The median restarts after three outliers on one side; what lies beyond is then no excess but a new hour.
    `least` is the deviation that is never an outlier.
    """
    window: deque[float] = deque()
    ordered: list[float] = []
    outliers: list[float] = []
    excess: list[float] = []
    for value in values:
        if len(ordered) >= 3:
            center = ordered[len(ordered) // 2]
            apart = abs(value - center)
            if apart > least and apart > 4 * sorted([abs(v - center) for v in ordered])[len(ordered) // 2]:
                outliers.append(value)
                last = outliers[-_RESTART_OUTLIERS:]
                if len(last) == _RESTART_OUTLIERS and len({v > center for v in last}) == 1:
                    window, ordered = deque(last), sorted(last)
                    del excess[max(0, len(excess) - _RESTART_OUTLIERS + 1) :]
                    outliers = []
                    continue
            else:
                outliers = []
            if value > center:
                excess.append(value - center)
        window.append(value)
        insort(ordered, value)
        if len(window) > _CENTER_WINDOW:
            del ordered[bisect_left(ordered, window.popleft())]
    return quantile(ordered, 0.5), excess[-MOST_EXCESSES:]


def without_incidents(excess: Sequence[float], least: float, of: int = 0) -> list[float]:
    """Return excesses, ordered, without those far beyond the bulk: past incidents never widen a limit.

    `of` is how many values there were: half of them lie above their median, so that many excesses there are at least,
    and where values are equal to it they are 0. Else the one late run of a job that is exact would be all that is known
    of its lateness. Three times the ninth decile is five deviations of a Gaussian, and passed once in 1,000 by an
    exponential.
    """
    ordered = [0.0] * (of // 2 - len(excess)) + sorted(excess)
    if not ordered:
        return []
    cut = max(_INCIDENT * quantile(ordered, 0.9), least)
    return [e for e in ordered if e <= cut]


def short_habit(excess: Sequence[float], limit: float, cadence: float, weeks: float) -> float:
    """Return how far short lateness reaches that comes again and again beyond a limit, as runs tried anew do; else 0.

    `excess` are the seconds beyond the median in any order, of so many weeks of runs that are `cadence` seconds apart.
    """
    short = [each for each in excess if limit < each <= _SHORT * cadence]
    if len(short) <= _A_FEW or _A_FORTNIGHT * len(short) < weeks:
        return 0.0
    return min(_HALF_AGAIN * max(short), _SHORT * cadence)
