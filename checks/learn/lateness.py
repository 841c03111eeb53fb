"""How late data may come before its share of the false alarms is used up: by every shape that lateness may have.

Lateness beyond its median is taken for a Gaussian's half whose scale is bent (a normal distribution after Box and
Cox): upwards for many causes that each multiply (a lognormal), not at all for many that add (a Gaussian), downwards
for jitter that ends somewhere. Months of runs do not tell the shape well enough for what comes once in years, so none
is chosen: each counts as far as it explains what was seen, and all of them together pass the limit with the chance
that was asked for. So the error of fitting is inside it, and the mean over tables keeps the budget.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import erfc, log1p
from operator import mul
from statistics import NormalDist
from typing import NamedTuple

from checks.learn.tails import quantile


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape that what was seen may have, in units of its own: the chance of more than so much, and its median.

    `prior` is the logarithm of how likely it is before anything was seen.
    """

    beyond: Callable[[float], float]
    median: float
    prior: float


@dataclass(frozen=True, eq=False, slots=True)
class Family:
    """Shapes of which each counts as far as it explains what was seen."""

    shapes: tuple[Shape, ...]
    later: Family | None = None
    misfit: tuple[float, float] = (1.0, 4.0)
    counts_left_out: bool = False


_MEDIAN = NormalDist().inv_cdf(0.75)
_ROOT = math.sqrt(2)


def _bent(shape: float, prior: float) -> Shape:
    def beyond(bent: float) -> float:
        return erfc(log1p(bent) / (shape * _ROOT)) if bent > -1 else 0.0

    return Shape(beyond, math.expm1(shape * _MEDIAN), prior)


def _stretched(shape: float, prior: float) -> Shape:
    def beyond(stretched: float) -> float:
        return math.exp(-math.pow(stretched, shape))

    return Shape(beyond, math.pow(math.log(2), 1 / shape), prior)


def _multiplied(sigma: float, prior: float) -> Shape:
    def beyond(times: float) -> float:
        return 0.5 * erfc(math.log(times) / (sigma * _ROOT)) if times > 0 else 1.0

    return Shape(beyond, 1.0, prior)


# Bent by so much a deviation: below nought lateness ends (by -0.5 at two deviations, as even jitter does), 0 is a
# Gaussian's, about a half an exponential's, and 1.4 predicts years from months by a guess. A tenth apart, neighbours'
# limits differ by less than the error of any fit.
_BENDS = tuple(round(-0.5 + 0.1 * i, 1) or 1e-3 for i in range(23))
# Heavier ones are rarer: each half more is half as likely. With a month of hours that hardly counts, with a month of
# days it keeps what nobody ever saw from setting the limit.
LATENESS = Family(tuple(_bent(s, -2 * math.log(2) * max(s, 0.0)) for s in _BENDS))
"""How late data comes."""
SIZES = Family(tuple(_bent(s, -0.5 * (s / 0.1) ** 2) for s in _BENDS if s <= 1))
"""How far sizes lie from the usual, in logarithms: sizes are products, so that is nearly a Gaussian's."""


def _added(halves: int, prior: float) -> Shape:
    def beyond(x: float) -> float:
        if x <= 0:
            return 1.0
        near = math.exp(-x)
        left, part, step = (
            (0.0, near, 1.0)
            if halves % 2 == 0
            else (erfc(math.sqrt(x)), near * 2 * math.sqrt(x / math.pi), 1.5)
        )
        for _ in range((halves - 1) // 2 if halves % 2 else halves // 2):
            left, part, step = left + part, part * x / step, step + 1
        return left

    low, high = 0.0, float(halves)
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) > 0.5 else (low, middle)
    return Shape(beyond, low, prior)


def _in_bursts(part: float, sooner: float, prior: float) -> Shape:
    def beyond(x: float) -> float:
        return part * math.exp(-x / sooner) + (1 - part) * math.exp(-x)

    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) > 0.5 else (low, middle)
    return Shape(beyond, low, prior)


_POWERS = tuple(round(0.6 + 0.05 * i, 2) for i in range(21))
BY_CHANCE = Family(tuple(_stretched(s, -0.5 * ((s - 1) / 0.2) ** 2) for s in _POWERS))
"""What is left of gaps between what comes by chance: exponential, and stretched a little in bursts or by a rhythm."""


def _sharing(share: float, shapes: Sequence[Shape]) -> list[Shape]:
    """Return the same, as likely together as this share."""
    less = math.log(share / sum(math.exp(each.prior) for each in shapes))
    return [Shape(each.beyond, each.median, each.prior + less) for each in shapes]


WHOLE_GAPS = Family(
    (
        *_sharing(
            0.6,
            [
                _stretched(k, -0.5 * (math.log(k) / 0.4) ** 2)
                for k in [round(0.5 + 0.05 * i, 2) for i in range(23)]
            ],
        ),
        *_sharing(0.3, [_added(h, -0.5 * math.log(h / 2) ** 2) for h in (3, 4, 5, 6, 8)]),
        *_sharing(0.05, [_multiplied(s, 0.0) for s in [round(0.4 + 0.1 * i, 1) for i in range(15)]]),
        *_sharing(
            0.05, [_in_bursts(p, q, 0.0) for p in (0.2, 0.4, 0.6, 0.8) for q in (0.02, 0.05, 0.1, 0.2)]
        ),
    ),
    BY_CHANCE,
    (2.0, 6.0),
    True,
)


# Counted in so many medians: as fine as a scale can be told, to where even the heaviest shape has one in thousands.
_EDGES = (0.25, 0.5, 0.75, 1.0, 1.3, 1.6, 2.0, 2.5, 3.0, 3.7, 4.5, 5.5, 7.0, 9.0, 12.0, 16.0, 22.0)
# Scales on both sides of the one whose median is that seen, this far apart in logarithms: a standard error of it or
# less.
_SCALES, _FINE, _COARSE, _MANY = 9, 0.05, 0.15, 80
# In logarithms: of no weight even where only the far tail counts; and so before what lies beyond the cut is left out,
# which lifts the heaviest shapes by a twentieth of what was seen.
_NEGLIGIBLE, _HOPELESS = 12.0, 40.0
_TINY, _ROUNDING = (
    1e-9,
    1e-6,
)  # the least chance that a cut leaves; more than what sums of logarithms are rounded by
# Limits are sought on a ladder of logarithms of medians, an eighth apart, from a twentieth of one on: between two rungs
# the logarithm of a chance is nearly straight (to a hundredth of the limit).
_RUNG, _NEAREST = 0.125, -24
# Three times the ninth decile is five deviations of a Gaussian, and passed once in 1,000 by an exponential: beyond lie
# incidents, however often they recur, unless they come more than twice a week and more than a few times: that is a
# habit.
_MOST_LEFT_OUT = 50
_W = 100
_INCIDENT, _A_FEW, _HABIT = 3.0, 4, 2.0
# Where one shape does not explain what was seen, two causes are at work, and only the slower says how late it can get:
# the same is asked of the later half, quarter and eighth, while a dozen is left. By how many deviations of chi squared
# it does not: from one on the later part counts, from four on it alone, and from day to day the limit moves a little.
_PARTS, _DOZEN = (0.5, 0.75, 0.875), 12
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
    """One shape and scale: the chances beyond each edge, the logarithms of those between, and of its prior.

    `gains` is by how much at most the logarithm of a chance grows if nothing beyond each edge counts.
    """

    shape: Shape
    bend: float
    beyond: tuple[float, ...]
    between: tuple[float, ...]
    gains: tuple[float, ...]


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
    left_out = len(late) - len(usual) if family.counts_left_out else None
    limit = math.exp(_log_limit(usual, cut, left_out, min(max(chance, 1e-12), 0.25), farthest, family))
    return Reach(limit, usual[-1], len(usual), limit >= farthest / _NEAR)


def _log_limit(
    usual: Sequence[float], cut: float, left_out: int | None, chance: float, farthest: float, family: Family
) -> float:
    """Return the logarithm of the limit: of all lateness, or as far as no shape explains it of the later parts."""
    limit, weight = 0.0, 1.0
    for share in (0.0, *_PARTS):
        begin = quantile(usual, share) if share else 0.0
        later = tuple(each - begin for each in usual if each > begin * _NEAR)
        if share and len(later) < _DOZEN:
            break
        weighed = _weigh(later, cut - begin, left_out, family.later or family if share else family)
        of_all = min(1.0, 2 * chance * len(usual) / len(later))
        of_part = math.log(begin + weighed.passed_with(of_all, farthest - begin))
        limit += weight * (of_part - limit)
        low, high = family.misfit
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

    median: float
    nodes: tuple[tuple[float, Callable[[float], float], float], ...]
    misfit: float

    def passed_with(self, chance: float, farthest: float) -> float:
        """Return what all of them together pass with this chance, or that far where it is farther."""
        wanted = math.log(chance * sum(weight for weight, _, _ in self.nodes))
        far = math.log(farthest / self.median)
        # Rungs of a ladder that is the same for each chance, so that a smaller one never gives less.
        beyond = lru_cache(maxsize=None)(self._log_beyond)
        rungs = range(_NEAREST + 1, max(_NEAREST, math.ceil(far / _RUNG)) + 1)
        low = _NEAREST + bisect_left(rungs, -wanted, key=lambda rung: -beyond(rung))
        at_low, at_high = beyond(low), beyond(low + 1)
        part = (at_low - wanted) / (at_low - at_high) if at_low > at_high else 1.0
        return self.median * math.exp(min(far, (low + min(1.0, max(0.0, part))) * _RUNG))

    def _log_beyond(self, rung: int) -> float:
        """Return the logarithm of the chance of more than a rung tells, times all weights."""
        late = math.exp(rung * _RUNG)
        return math.log(max(1e-300, sum([w * beyond(late * bend) for w, beyond, bend in self.nodes])))


@lru_cache(maxsize=64)  # most days nothing new was late: then the weights of the day before are asked for
def _weigh(late: tuple[float, ...], cut: float, left_out: int | None, family: Family) -> _Weighed:
    """Return how well each shape and scale explains lateness (ordered, positive), of which none beyond `cut` counts."""
    count, middle = len(late), quantile(late, 0.5)
    until = [bisect_right(late, edge * middle * _NEAR) for edge in _EDGES]
    seen = [b - a for a, b in zip([0, *until], [*until, count], strict=True)]
    best, found = _explained(seen, cut / middle, left_out, family)
    most = max(log for log, _, _ in found)
    weights = tuple(
        (math.exp(log - most), shape.beyond, bend) for log, shape, bend in found if log > most - _NEGLIGIBLE
    )
    filled = [each for each in seen if each]
    free = max(1, len(filled) - 3)  # shape, scale and the count itself are fitted
    apart = 2 * (sum(each * math.log(each / count) for each in filled) - best)
    return _Weighed(middle, weights, (apart - free) / math.sqrt(2 * free))


def _explained(
    seen: Sequence[int], end: float, left_out: int | None, family: Family
) -> tuple[float, list[tuple[float, Shape, float]]]:
    """Return how likely the likeliest shape and scale makes what was seen between the edges, and each that counts.

    Each with how likely it is by what was known before too (logarithms), its shape and its bend. `end` is the cut, in
    medians.
    """
    count, last = sum(seen), bisect_right(_EDGES, end)
    nodes = _nodes(family, _FINE if count >= _MANY else _COARSE)
    # Without what lies beyond the latest, and as floats, by which floats are multiplied sooner.
    within = [float(each) for each in seen[: max(i for i, each in enumerate(seen) if each) + 1]]
    logs = [sum(map(mul, within, node.between)) for node in nodes]
    likeliest = max(logs)

    def within_of(log: float, node: _Node) -> tuple[float, float]:
        past = node.shape.beyond(end * node.bend)
        if seen[last]:  # the interval that the cut lies in ends there
            log += seen[last] * (math.log(max(node.beyond[last] - past, 1e-30)) - node.between[last])
        return log, -count * math.log(max(1 - past, _TINY))

    first = nodes[logs.index(likeliest)]
    log, lift = within_of(likeliest, first)
    best, weightiest = log + lift, log + _lifted(lift, left_out) + first.shape.prior
    found = []
    for log, node in zip(logs, nodes, strict=True):
        if log < likeliest - _HOPELESS:
            continue
        # What even the nearest cut would not make likely enough needs no closer look: most shapes of sizes.
        lift = count * node.gains[last] + _ROUNDING
        if log + lift < best and log + _lifted(lift, left_out) + node.shape.prior < weightiest - _NEGLIGIBLE:
            continue
        log, lift = within_of(log, node)
        weight = log + _lifted(lift, left_out) + node.shape.prior
        best, weightiest = max(best, log + lift), max(weightiest, weight)
        found.append((weight, node.shape, node.bend))
    return best, found


def _lifted(lift: float, left_out: int | None) -> float:
    """Return the logarithm of by how much likelier a shape is because up to so many of its latest were left out.

    All of what was left out may be incidents, or none; `lift` is how many the shape says are to be expected there.
    """
    if left_out is None or left_out > _MOST_LEFT_OUT:
        return lift
    term = total = 1.0
    for i in range(1, left_out + 1):
        term *= lift / i
        total += term
    return math.log(total / _W + term)


@lru_cache(maxsize=8)
def _nodes(family: Family, step: float) -> tuple[_Node, ...]:
    """Return all shapes and scales of a family, the scales this far apart in logarithms."""
    found = []
    for shape in family.shapes:
        for away in range(-_SCALES, _SCALES + 1):
            bend = shape.median / math.exp(step * away)
            beyond = (1.0, *(shape.beyond(edge * bend) for edge in _EDGES), 0.0)
            between = tuple(math.log(max(a - b, 1e-30)) for a, b in pairwise(beyond))
            gains = tuple(-math.log(max(1 - each, _TINY)) for each in beyond)
            found.append(_Node(shape, bend, beyond, between, gains))
    return tuple(found)
