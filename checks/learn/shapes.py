"""The shapes that lateness, sizes and gaps may have, each with how likely it is before anything was seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import erfc, log1p
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape in units of its own: the chance of more than so much, and its median.

    `prior` is the logarithm of how likely it is before anything was seen.
    """

    beyond: Callable[[float], float]
    median: float
    prior: float


@dataclass(frozen=True, eq=False, slots=True)
class Family:
    """Shapes of which each counts as far as it explains what was seen.

    `later` are those of what lies beyond a quantile and `of_many` those of many runs, where these are not the same.
    `misfit`: by how many deviations chance has to be off to explain it by any of them, from which on such later parts
    count, and alone; `misfit_later` is what they themselves have to be off for still later ones. `humps` is the same of
    the latest that a stretch parts from the others, None where that says nothing. `is_whole`: of gaps from nought on,
    not of what lies beyond a median.
    """

    shapes: tuple[Shape, ...]
    later: Family | None = None
    of_many: Family | None = None
    misfit: tuple[float, float] = (1.5, 3.0)  # one history in fifteen is so far off by chance, one in 700
    misfit_later: tuple[float, float] = (1.5, 3.0)
    is_whole: bool = False
    humps: tuple[float, float] | None = None


_MEDIAN = NormalDist().inv_cdf(0.75)
_ROOT = math.sqrt(2)


def _bent(shape: float, prior: float) -> Shape:
    """Return half of a Gaussian whose scale is bent by so much a deviation."""

    def beyond(bent: float) -> float:
        return erfc(log1p(bent) / (shape * _ROOT)) if bent > -1 else 0.0

    return Shape(beyond, math.expm1(shape * _MEDIAN), prior)


def _stretched(power: float, prior: float) -> Shape:
    """Return an exponential that is stretched by a power (Weibull): below 1 in bursts, above by a rhythm."""

    def beyond(x: float) -> float:
        return math.exp(-math.pow(x, power))

    return Shape(beyond, math.pow(math.log(2), 1 / power), prior)


def _added(halves: int, prior: float) -> Shape:
    """Return what takes several steps by chance (a gamma distribution), so many halves of them, two at the least."""

    def beyond(x: float) -> float:
        if x <= 0:
            return 1.0
        near = math.exp(-x)
        total, term, step = (0.0, near, 1.0)
        if halves % 2:
            total, term, step = erfc(math.sqrt(x)), near * 2 * math.sqrt(x / math.pi), 1.5
        for _ in range(halves // 2):
            total, term, step = total + term, term * x / step, step + 1
        return total

    return Shape(beyond, _median(beyond, float(halves)), prior)


def _multiplied(sigma: float, prior: float) -> Shape:
    """Return what many causes multiply (a lognormal)."""

    def beyond(x: float) -> float:
        return 0.5 * erfc(math.log(x) / (sigma * _ROOT)) if x > 0 else 1.0

    return Shape(beyond, 1.0, prior)


def _in_bursts(part: float, sooner: float, prior: float) -> Shape:
    """Return gaps of which this part are those of bursts, so many times shorter, and the others by chance."""

    def beyond(x: float) -> float:
        return part * math.exp(-x / sooner) + (1 - part) * math.exp(-x)

    return Shape(beyond, _median(beyond, 1.0), prior)


def _median(beyond: Callable[[float], float], high: float) -> float:
    """Return what half lie beyond, which is less than `high`."""
    low = 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) > 0.5 else (low, middle)
    return low


def _together(share: float, shapes: Sequence[Shape]) -> list[Shape]:
    """Return the same shapes, with this share of all before anything was seen."""
    less = math.log(share / sum(math.exp(each.prior) for each in shapes))
    return [Shape(each.beyond, each.median, each.prior + less) for each in shapes]


# Bent by so much a deviation: below nought lateness ends (by -0.5 at two deviations, as even jitter does), 0 is a
# Gaussian's, about a half an exponential's, and 1.2 that of a job which takes seven times as long as usual one time in
# twenty. Its runs may look like half a one more, and so may those of lesser ones: only of many is it thought of, for of
# few what was known before would decide. A tenth apart, neighbours' limits differ by less than the error of any fit.
_BENDS = tuple(round(-0.5 + 0.1 * i, 1) or 1e-3 for i in range(23))
_OF_FEW = 1.4
# Heavier ones are rarer: each half more is half as likely. With a month of hours that hardly counts, with a month of
# days it keeps what nobody ever saw from setting the limit.
_LATE = tuple(_bent(s, -2 * math.log(2) * max(s, 0.0)) for s in _BENDS)
LATENESS = Family(
    _LATE[: _BENDS.index(_OF_FEW) + 1],
    of_many=Family(_LATE),
    # Where two causes are at work a later part has both of them as often as not, and of the fewer runs that it holds
    # they are hardly told: so it counts alone only where it is explained better than half of what is of one cause.
    misfit_later=(0.0, 1.5),
    # One history in forty has such a stretch by chance, one in 4,000 as surely.
    humps=(2.0, 3.5),
)
"""How late data comes, beyond its median."""
SIZES = Family(tuple(_bent(s, -0.5 * (s / 0.1) ** 2) for s in _BENDS if s <= 1))
"""How far sizes lie from the usual, in logarithms: sizes are products, so that is nearly a Gaussian's."""
BY_CHANCE = Family(
    tuple(_stretched(s, -0.5 * ((s - 1) / 0.2) ** 2) for s in (round(0.6 + 0.05 * i, 2) for i in range(21)))
)
"""How much longer than one of them gaps are between what comes by chance: exponential, and stretched a little."""
# A twentieth apart, as a thousand gaps tell them.
_POWERS = tuple(round(0.5 + 0.05 * i, 2) for i in range(23))
# What many do who know nothing of each other comes by chance alone, and what few do in bursts or with some steadiness:
# a power of two thirds or one and a half is a deviation away. Steps that follow each other are the cause of steadiness
# that is most usual. Products and bursts of files have a longer tail and are rarer; a few hundred gaps tell them from
# the others by the shorter half, so that gaps by chance alone have no longer limits because they are among these. These
# are believed beforehand as much as any shape, or a hundred gaps would never be taken for what most of them are.
GAPS = Family(
    (
        *_together(0.4, [_stretched(1.0, 0.0)]),
        *_together(0.35, [_stretched(k, -0.5 * (math.log(k) / math.log(1.5)) ** 2) for k in _POWERS]),
        *_together(0.2, [_added(halves, -0.5 * math.log(halves / 2) ** 2) for halves in (3, 4, 5, 6, 8)]),
        *_together(0.025, [_multiplied(round(0.4 + 0.1 * i, 1), 0.0) for i in range(15)]),
        *_together(
            0.025, [_in_bursts(p, s, 0.0) for p in (0.2, 0.4, 0.6, 0.8) for s in (0.02, 0.05, 0.1, 0.2)]
        ),
    ),
    later=BY_CHANCE,
    # Later parts know fewer shapes than the whole, so they count where it is surer that it is none of these: else one
    # history of products in fifty passes a budget tenfold.
    misfit=(2.0, 4.0),
    misfit_later=(2.0, 4.0),
    is_whole=True,
)
"""Gaps between what comes by chance, as wholes: what lies beyond a median tells bursts and products too late."""
