"""Whether the latest runs have a cause of their own: a stretch of lateness with none in it lies before them.

Runs that fail and are tried anew some minutes later are such. Taken for the far end of the others' lateness they make
its tail as heavy as can be, so that a run would have to be later than any ten times over to be told.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FEWEST = 5
"""Runs that are a cause: of fewer nobody can say how late the next one is."""
# A cause that half of the runs have is that of the others.
_MOST = 2
_TINY = 1e-12  # the least chance that is told from none
_CERTAIN = 1e-15  # no chance is told from that


class Hump(NamedTuple):
    """The place of its first run among all, in order, and by how many deviations chance has to be off for it."""

    first: int
    apart: float


def hump_of(late: Sequence[float], beyond: Callable[[float], float]) -> Hump | None:
    """Return the likeliest cause of the latest runs, of lateness in order; None where there are too few.

    `beyond` is the chance of more than so much by the law of all. By it, between a run and the next, the logarithm of
    the chance falls by an exponential over how many are left (Rényi's spacings); the longest of so many decides.
    """
    count, begin = len(late), len(late) // _MOST
    longest = Hump(begin, 0.0)
    before = _log(beyond, late[begin]) if begin < count else 0.0
    for place in range(begin + 1, count - FEWEST + 1):
        now = _log(beyond, late[place])
        fall = (count - place) * (before - now)
        if fall > longest.apart:
            longest = Hump(place, fall)
        before = now
    tried = count - FEWEST - begin
    if tried < 1:
        return None
    return Hump(longest.first, _deviations(longest.apart, tried))


def _log(beyond: Callable[[float], float], late: float) -> float:
    return math.log(max(beyond(late), _TINY))


def _deviations(fall: float, tried: int) -> float:
    """Return as deviations of a Gaussian how seldom the longest of so many exponentials is so long by chance."""
    chance = -math.expm1(tried * math.log1p(-math.exp(-fall))) if fall > 0 else 1.0
    return -NormalDist().inv_cdf(min(max(chance, _CERTAIN), 1 - _TINY))
