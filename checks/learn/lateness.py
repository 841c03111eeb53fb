"""How late data may come before its share of the false alarms is used up: by every shape that lateness may have.

Lateness beyond its median is taken for a Gaussian's half whose scale is bent (a normal distribution after Box and
Cox): upwards for many causes that each multiply (a lognormal), not at all for many that add (a Gaussian), downwards
for jitter that ends somewhere. Months of runs do not tell the shape well enough for what comes once in years, so none
is chosen: each counts as far as it explains what was seen, and all of them together pass the limit with the chance
that was asked for. So the error of fitting is inside it, and the mean over tables keeps the budget. The
same is asked of sizes and of gaps, each with shapes of their own.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from checks.learn.humps import FEWEST, Hump, hump_of
from checks.learn.shapes import LATENESS, Family, Shape
from checks.learn.tails import quantile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Counted in so many medians: as fine as a scale can be told, to where even the heaviest shape has one in thousands.
_EDGES = (
    0.25,
    0.5,
    0.75,
    1.0,
    1.3,
    1.6,
    2.0,
    2.5,
    3.0,
    3.7,
    4.5,
    5.5,
    7.0,
    9.0,
    12.0,
    16.0,
    22.0,
    32.0,
    45.0,
    64.0,
    90.0,
)
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
_INCIDENT, _A_FEW, _HABIT = 3.0, 4, 2.0
# Of gaps by chance, whose shapes are known to the end, how many lie beyond the cut tells something too: that none of
# them is an incident is as likely as that any number up to a hundred is, one a week of two years. Over fifty are a bad
# year's, whatever the shape.
_ANY_NUMBER, _MOST_LEFT_OUT = 100, 50
# Where one shape does not explain what was seen, two causes are at work, and only the slower says how late it can get:
# the same is asked of the later half, quarter, eighth and so on, while a dozen is left: runs that fail and are tried
# anew are one in fifty or less. The worse it explains it, the more the later part counts, so that from day to day the
# limit moves a little.
_PARTS, _DOZEN = (0.5, 0.75, 0.875, 0.9375, 0.96875), 12
# It is told by classes that hold as many runs each. So a bent scale, which moves edges and runs alike, leaves it as it
# is, and a heavier tail never has a later part decide that did not before. Two numbers are fitted, so four classes are
# the fewest, and in ten the two humps of two causes are told from one; of six runs and more chi squared holds. The last
# of them is halved while as many are left in each, for a hump far out lies in it as a whole.
_CLASSES, _FEWEST_CLASSES, _A_CLASS = 10, 4, 6
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

    @property
    def is_of_few(self) -> bool:
        """Whether so few were late that a heavier tail cannot be told: it may cost several times its share."""
        return self.seen < _MANY


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
    """Return how far beyond the median lateness (or beyond nought gaps) has to be to come with this chance.

    `excess` is lateness beyond its median in any order and unit, incidents among it; `chance` is that of any run, half
    of which are no later than the median (all gaps are longer than nought), and `a_week` how many there are in one. A
    smaller chance never gives a shorter limit.
    """
    late = sorted(each for each in excess if each > 0)
    if not late:
        return Reach()
    of = 1 if family.is_whole else 2
    cut = _cut(late, of * _HABIT / a_week)
    usual = late[: bisect_right(late, cut * _NEAR)]
    farthest = _FARTHEST * usual[-1]
    left_out = len(late) - len(usual) if family.is_whole else None
    of_late = of * min(max(chance, 1e-12), 0.25)
    limit = math.exp(_log_limit(usual, cut, left_out, of_late, farthest, family))
    return Reach(limit, usual[-1], len(usual), limit >= farthest / _NEAR)


def _log_limit(
    usual: Sequence[float], cut: float, left_out: int | None, chance: float, farthest: float, family: Family
) -> float:
    """Return the logarithm of the limit: of all lateness, or as far as the latest have another cause of theirs.

    `chance` is that of what is late, of which so many beyond the cut were left out; None where that tells nothing.
    """
    limit = _log_limit_of_parts(usual, cut, left_out, chance, farthest, family)
    if family.humps is None:
        return limit
    found = _weigh(tuple(usual), cut, left_out, family).hump(usual)
    weight = _part_of(found.apart, family.humps) if found else 0.0
    if found is None or weight <= 0:
        return limit
    own = usual[found.first :]  # beyond their own median as all are, where they are enough to have one
    begin = quantile(own, 0.5) if len(own) >= _DOZEN else own[0]
    later = [each - begin for each in own if each > begin * _NEAR]
    if len(later) < FEWEST - 1:
        return limit
    of_all = min(1.0, chance * len(usual) / len(later))
    of_later = _log_limit_of_parts(later, cut - begin, left_out, of_all, farthest - begin, family)
    return limit + weight * (math.log(begin + math.exp(of_later)) - limit)


def _part_of(deviations: float, between: tuple[float, float]) -> float:
    """Return how far deviations are on their way from one number of them to another, from 0 to 1."""
    low, high = between
    return min(1.0, max(0.0, (deviations - low) / (high - low)))


def _log_limit_of_parts(
    usual: Sequence[float], cut: float, left_out: int | None, chance: float, farthest: float, family: Family
) -> float:
    """Return the same of all lateness, or as far as no shape explains it of the later parts."""
    limit, weight = 0.0, 1.0
    for share in (0.0, *_PARTS):
        begin = quantile(usual, share) if share else 0.0
        later = tuple(each - begin for each in usual if each > begin * _NEAR)
        if share and len(later) < _DOZEN:
            break
        weighed = _weigh(later, cut - begin, left_out, family.later or family if share else family)
        of_all = min(1.0, chance * len(usual) / len(later))
        of_part = math.log(begin + weighed.passed_with(of_all, farthest - begin))
        limit += weight * (of_part - limit)
        weight *= _part_of(weighed.misfit, family.misfit_later if share else family.misfit)
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

    `misfit` is by how many deviations chance has to be off for the `likeliest` of them to make what was seen, of which
    nothing lies beyond `end` (in medians).
    """

    median: float
    nodes: tuple[tuple[float, Callable[[float], float], float], ...]
    misfit: float
    likeliest: _Node
    end: float

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

    def hump(self, late: Sequence[float]) -> Hump | None:
        """Return the cause that the latest runs may have of their own."""
        shape, bend = self.likeliest.shape, self.likeliest.bend
        past = shape.beyond(self.end * bend)
        return hump_of(late, lambda each: shape.beyond(each / self.median * bend) - past)

    def _log_beyond(self, rung: int) -> float:
        """Return the logarithm of the chance of more than a rung tells, times all weights."""
        late = math.exp(rung * _RUNG)
        return math.log(max(1e-300, sum([w * beyond(late * bend) for w, beyond, bend in self.nodes])))


@lru_cache(maxsize=64)  # most days nothing new was late: then the weights of the day before are asked for
def _weigh(late: tuple[float, ...], cut: float, left_out: int | None, family: Family) -> _Weighed:
    """Return how well each shape and scale explains lateness (ordered, positive), of which none beyond `cut` counts."""
    count, middle = len(late), quantile(late, 0.5)
    if count >= _MANY:
        family = family.of_many or family
    until = [bisect_right(late, edge * middle * _NEAR) for edge in _EDGES]
    seen = [b - a for a, b in zip([0, *until], [*until, count], strict=True)]
    likeliest, found = _explained(seen, cut / middle, left_out, family)
    most = max(log for log, _, _ in found)
    weights = tuple(
        (math.exp(log - most), shape.beyond, bend) for log, shape, bend in found if log > most - _NEGLIGIBLE
    )
    end = cut / middle
    return _Weighed(
        middle, weights, _misfit([each / middle for each in late], end, likeliest), likeliest, end
    )


def _misfit(late: Sequence[float], end: float, node: _Node) -> float:
    """Return by how many deviations chance has to be off for a shape and scale to make what was seen.

    `late` is ordered, and `end` the cut, both in medians. A few runs say nothing: 0.
    """
    count, classes = len(late), min(_CLASSES, len(late) // _A_CLASS)
    if classes < _FEWEST_CLASSES:
        return 0.0
    # What is equal is of one class, and so is all before the first edge: shapes were not told by it. Edges are halfway
    # to the next, so that times of the minute fall on either side of them.
    ends = {bisect_right(late, late[rank - 1]) for rank in ends_of_classes(count, classes)}
    until = sorted(each for each in ends if each >= bisect_right(late, _EDGES[0]))
    edges = [*((late[each - 1] + late[each]) / 2 for each in until[:-1]), end]
    beyond = [1.0, *(node.shape.beyond(edge * node.bend) for edge in edges)]
    apart = 0.0
    for (begin, at), (low, high) in zip(pairwise([0, *until]), pairwise(beyond), strict=True):
        expected = max((low - high) / (1 - beyond[-1]), _TINY)
        apart += 2 * (at - begin) * math.log((at - begin) / count / expected)
    free = max(1, len(until) - 3)  # shape, scale and the count itself are fitted
    spread = 2 / (9 * free)  # the third root of chi squared is nearly a Gaussian's (Wilson and Hilferty)
    return (math.cbrt(max(0.0, apart) / free) - 1 + spread) / math.sqrt(spread)


def ends_of_classes(count: int, classes: int) -> list[int]:
    """Return where classes of so many ordered runs end: they hold as many each, the last ones half of what is left."""
    ranks = [i * count // classes for i in range(1, classes)]
    while count - ranks[-1] >= 2 * _A_CLASS:
        ranks.append((ranks[-1] + count) // 2)
    return [*ranks, count]


def _explained(
    seen: Sequence[int], end: float, left_out: int | None, family: Family
) -> tuple[_Node, list[tuple[float, Shape, float]]]:
    """Return the shape and scale that what was seen between the edges is likeliest of, and each that counts.

    Each with how likely it is by what was known before too (logarithms), its shape and its bend. `end` is the cut, in
    medians.
    """
    count, last = sum(seen), bisect_right(_EDGES, end)
    nodes = _nodes(family, _FINE if count >= _MANY else _COARSE)
    # Without what lies beyond the latest, and as floats, by which floats are multiplied sooner.
    within = [float(each) for each in seen[: max(i for i, each in enumerate(seen) if each) + 1]]
    logs = [sum(map(mul, within, node.between)) for node in nodes]
    highest = max(logs)

    def within_of(log: float, node: _Node) -> tuple[float, float]:
        past = node.shape.beyond(end * node.bend)
        if seen[last]:  # the interval that the cut lies in ends there
            log += seen[last] * (math.log(max(node.beyond[last] - past, 1e-30)) - node.between[last])
        return log, -count * math.log(max(1 - past, _TINY))

    likeliest = nodes[logs.index(highest)]
    log, lift = within_of(highest, likeliest)
    best, weightiest = log + lift, log + _lifted(lift, left_out) + likeliest.shape.prior
    found = []
    for log, node in zip(logs, nodes, strict=True):
        if log < highest - _HOPELESS:
            continue
        # What even the nearest cut would not make likely enough needs no closer look: most shapes of sizes.
        lift = count * node.gains[last] + _ROUNDING
        if log + lift < best and log + _lifted(lift, left_out) + node.shape.prior < weightiest - _NEGLIGIBLE:
            continue
        explained, lift = within_of(log, node)
        weight = explained + _lifted(lift, left_out) + node.shape.prior
        if explained + lift > best:
            best, likeliest = explained + lift, node
        weightiest = max(weightiest, weight)
        found.append((weight, node.shape, node.bend))
    return likeliest, found


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
    return math.log(total / _ANY_NUMBER + term)


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
