"""How late data may come before its share of the false alarms is used up: by every shape that lateness may have.

Lateness beyond its median is taken for a Gaussian's half whose scale is bent (a normal distribution after Box and
Cox): upwards for many causes that each multiply (a lognormal), not at all for many that add (a Gaussian), downwards
for jitter that ends somewhere. Months of runs do not tell the shape well enough for what comes once in years, so none
is chosen: each counts as far as it explains what was seen, and all of them together pass the limit with the chance
that was asked for. So the error of fitting is inside it, and the mean over tables keeps the budget.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import erfc, log1p
from operator import mul
from statistics import NormalDist
from typing import NamedTuple

from checks.learn.tails import quantile


@dataclass(frozen=True, eq=False, slots=True)
class Family:
    """Shapes of what lies beyond a median, with how likely each is before anything was seen (logarithms).

    `bend` is what a median becomes by a shape, `beyond` the chance of more than what so became.
    """

    shapes: tuple[float, ...]
    prior: tuple[float, ...]
    bend: Callable[[float], float]
    beyond: Callable[[float, float], float]


def _bent(shape: float) -> float:
    return math.expm1(shape * _MEDIAN)


def _beyond_bent(shape: float, bent: float) -> float:
    return erfc(log1p(bent) / (shape * _ROOT)) if bent > -1 else 0.0


def _stretched(shape: float) -> float:
    return math.pow(math.log(2), 1 / shape)


def _beyond_stretched(shape: float, stretched: float) -> float:
    return math.exp(-math.pow(stretched, shape))


_MEDIAN = NormalDist().inv_cdf(0.75)
_ROOT = math.sqrt(2)
# Bent by so much a deviation: below nought lateness ends (by -0.5 at two deviations, as even jitter does), 0 is a
# Gaussian's, about a half an exponential's, and 1.4 predicts years from months by a guess. A tenth apart, neighbours'
# limits differ by less than the error of any fit.
_SHAPES = tuple(round(-0.5 + 0.1 * i, 1) or 1e-3 for i in range(20))
# Heavier ones are rarer: each half more is half as likely. With a month of hours that hardly counts, with a month of
# days it keeps what nobody ever saw from setting the limit.
LATENESS = Family(_SHAPES, tuple(-2 * math.log(2) * max(s, 0.0) for s in _SHAPES), _bent, _beyond_bent)
"""How late data comes."""
SIZES = Family(_SHAPES, tuple(-0.5 * (s / 0.1) ** 2 for s in _SHAPES), _bent, _beyond_bent)
"""How far sizes lie from the usual, in logarithms: sizes are products, so that is nearly a Gaussian's."""
_POWERS = tuple(round(0.6 + 0.05 * i, 2) for i in range(21))
BY_CHANCE = Family(
    _POWERS, tuple(-0.5 * ((s - 1) / 0.2) ** 2 for s in _POWERS), _stretched, _beyond_stretched
)
"""Gaps between what comes by chance: exponential, and stretched a little where it comes in bursts or by a rhythm."""
# Counted in so many medians: as fine as a scale can be told, to where even the heaviest shape has one in thousands.
_EDGES = (0.25, 0.5, 0.75, 1.0, 1.3, 1.6, 2.0, 2.5, 3.0, 3.7, 4.5, 5.5, 7.0, 9.0, 12.0, 16.0, 22.0)
# Scales on both sides of the one whose median is that seen, this far apart in logarithms: a standard error of it or
# less.
_SCALES, _FINE, _COARSE, _MANY = 9, 0.05, 0.15, 80
# In logarithms: of no weight even where only the far tail counts; and so before what lies beyond the cut is left out,
# which lifts the heaviest shapes by a twentieth of what was seen.
_NEGLIGIBLE, _HOPELESS = 12.0, 40.0
_NEAREST, _STEP = -3.0, 1e-3  # logarithms of medians: nothing rare is nearer, and no fit is finer
# Three times the ninth decile is five deviations of a Gaussian, and passed once in 1,000 by an exponential: beyond lie
# incidents, however often they recur, unless they come more than twice a week and more than a few times: that is a
# habit.
_INCIDENT, _A_FEW, _HABIT = 3.0, 4, 2.0
# Where one shape does not explain what was seen, two causes are at work, and only the slower says how late it can get:
# the same is asked of the later half, quarter and eighth, while a dozen is left. By how many deviations of chi squared
# it does not: from one on the later part counts, from four on it alone, and from day to day the limit moves a little.
_PARTS, _MISFIT, _DOZEN = (0.5, 0.75, 0.875), (1.0, 4.0), 12
# Times the latest seen: the heaviest shapes reach six times that of a month of hours for one in 175,000. Of a few runs
# no limit is believed that lies farther.
_FARTHEST = 10.0
_NEAR = 1 + 1e-9  # so that what is equal stays equal in another unit


@dataclass(frozen=True, slots=True)
class Reach:
    """How far beyond the median a limit is, and why.

    `latest` is the longest lateness seen that was no incident, `seen` how many were late. `is_bound`: so few were seen
    that the limit is no farther than can be believed, and may be passed more often than was asked for.
    """

    limit: float = 0.0
    latest: float = 0.0
    seen: int = 0
    is_bound: bool = False


class _Node(NamedTuple):
    """One shape and scale: the chances beyond each edge, the logarithms of those between, the place of its prior."""

    shape: float
    bend: float
    beyond: tuple[float, ...]
    between: tuple[float, ...]
    prior: int


def reach(excess: Sequence[float], chance: float, a_week: float, family: Family = LATENESS) -> Reach:
    """Return how far beyond the median lateness has to be to come with this chance.

    `excess` is lateness beyond its median in any order and unit, incidents among it; `chance` is that of any run, half
    of which are no later than the median, and `a_week` how many there are in one. A smaller chance never gives a
    shorter limit.
    """
    late = sorted(each for each in excess if each > 0)
    if not late:
        return Reach()
    cut = _cut(late, 2 * _HABIT / a_week)
    usual = late[: bisect_right(late, cut * _NEAR)]
    farthest = _FARTHEST * usual[-1]
    limit = math.exp(_log_limit(usual, cut, min(max(chance, 1e-12), 0.25), farthest, family))
    return Reach(limit, usual[-1], len(usual), limit >= farthest * (1 - _STEP))


def _log_limit(usual: Sequence[float], cut: float, chance: float, farthest: float, family: Family) -> float:
    """Return the logarithm of the limit: of all lateness, or as far as no shape explains it of the later parts."""
    limit, weight = 0.0, 1.0
    for share in (0.0, *_PARTS):
        begin = quantile(usual, share) if share else 0.0
        later = [each - begin for each in usual if each > begin * _NEAR]
        if share and len(later) < _DOZEN:
            break
        weighed = _weigh(later, cut - begin, family)
        of_all = min(1.0, 2 * chance * len(usual) / len(later))
        of_part = math.log(begin + weighed.passed_with(of_all, farthest - begin))
        limit += weight * (of_part - limit)
        low, high = _MISFIT
        weight *= min(1.0, max(0.0, (weighed.misfit - low) / (high - low)))
        if weight <= 0:
            break
    return limit


def _cut(late: Sequence[float], habit: float) -> float:
    """Return beyond what lateness (ordered) is an incident; more than this share of it is none but a habit."""
    cut = _INCIDENT * quantile(late, 0.9)
    beyond = len(late) - bisect_right(late, cut * _NEAR)
    return _INCIDENT * quantile(late, 1 - habit) if beyond > max(_A_FEW, habit * len(late)) else cut


@dataclass(frozen=True, slots=True)
class _Weighed:
    """All shapes and scales with their weights, of lateness in medians.

    `misfit` is by how many deviations of chi squared even the best of them does not explain what was seen.
    """

    family: Family
    median: float
    nodes: tuple[tuple[float, float, float], ...]
    misfit: float

    def passed_with(self, chance: float, farthest: float) -> float:
        """Return what all of them together pass with this chance, or that far where it is farther."""
        beyond = self.family.beyond
        wanted = chance * sum(weight for weight, _, _ in self.nodes)
        far = math.log(farthest / self.median)
        near = min(_NEAREST, far)
        while far - near > _STEP:
            middle = (near + far) / 2
            late = math.exp(middle)
            if sum(weight * beyond(shape, late * bend) for weight, shape, bend in self.nodes) > wanted:
                near = middle
            else:
                far = middle
        return self.median * math.exp(far)


def _weigh(late: Sequence[float], cut: float, family: Family) -> _Weighed:
    """Return how well each shape and scale explains lateness (ordered, positive), of which none beyond `cut` counts."""
    count, middle = len(late), quantile(late, 0.5)
    until = [bisect_right(late, edge * middle * _NEAR) for edge in _EDGES]
    seen = [b - a for a, b in zip([0, *until], [*until, count], strict=True)]
    end = cut / middle
    last = bisect_right(_EDGES, end)
    nodes = _nodes(family, _FINE if count >= _MANY else _COARSE)
    logs = [sum(map(mul, seen, between)) for _, _, _, between, _ in nodes]
    enough = max(logs) - _HOPELESS
    best, found = -math.inf, []
    for log, (shape, bend, beyond, between, place) in zip(logs, nodes, strict=True):
        if log < enough:
            continue
        past = family.beyond(shape, end * bend)
        known = log - count * math.log(max(1 - past, 1e-9))
        if seen[last]:  # the interval that the cut lies in ends there
            known += seen[last] * (math.log(max(beyond[last] - past, 1e-30)) - between[last])
        best = max(best, known)
        found.append((known + family.prior[place], shape, bend))
    most = max(log for log, _, _ in found)
    weights = tuple(
        (math.exp(log - most), shape, bend) for log, shape, bend in found if log > most - _NEGLIGIBLE
    )
    filled = [each for each in seen if each]
    free = max(1, len(filled) - 3)  # shape, scale and the count itself are fitted
    apart = 2 * (sum(each * math.log(each / count) for each in filled) - best)
    return _Weighed(family, middle, weights, (apart - free) / math.sqrt(2 * free))


@lru_cache(maxsize=8)
def _nodes(family: Family, step: float) -> tuple[_Node, ...]:
    """Return all shapes and scales of a family, the scales this far apart in logarithms."""
    found = []
    for place, shape in enumerate(family.shapes):
        for away in range(-_SCALES, _SCALES + 1):
            bend = family.bend(shape) / math.exp(step * away)
            beyond = (1.0, *(family.beyond(shape, edge * bend) for edge in _EDGES), 0.0)
            between = tuple(math.log(max(a - b, 1e-30)) for a, b in pairwise(beyond))
            found.append(_Node(shape, bend, beyond, between, place))
    return tuple(found)
