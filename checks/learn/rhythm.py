"""Since when periods follow each other as they do now: what hours hold, or how late they come, says nothing of days."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.keys import DAY
from checks.learn.tails import median, quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

OTHER = 2.5
"""Times as long, or as short: of working days two have passed on Mondays, as where one was missed."""
NEW, ALIKE = 3, 1.35
"""Gaps in a row that are a rhythm (two may be an outage and its end), and how far apart: 28 and 31 days, six and 8."""
REGULAR = 1.5
"""Times between their quartiles: of what comes by chance, which differs by more, no change can be told."""
_NEWEST = 24  # gaps among which they are: a day of hours, three weeks of working days
_BEFORE, _MOST_LIKE = 8, 2  # of eight before, two may be nights or weekends
# A job that a clock starts is late by an eighth of its period at most, so its gaps differ by a quarter. Eight so alike
# in a row are a schedule; runs that an outage lets through come anyhow.
_EVEN, _EVEN_GAPS = 1.25, 8


def since_rhythm(starts: Sequence[float]) -> float:
    """Return the own start of the first period of the newest rhythm, of some in order; before all if none is new."""
    return max(_since(starts, slower=True), _since(starts, slower=False))


def since_slower(times: Sequence[float]) -> float:
    """Return the same of arrivals that have become more seldom; before all where that was less than two days ago.

    An outage of some runs in a row leaves gaps that are alike for hours, not for days. Eight gaps of a clock are enough
    at once.
    """
    found = _since(times, slower=True)
    return found if found <= times[-1] - 2 * DAY or _is_even(times, found) else -math.inf


def _is_even(times: Sequence[float], begin: float) -> bool:
    """Return whether the gaps of times (in order) since one of them are many and differ as those of a clock do."""
    gaps = [b - a for a, b in pairwise(times[bisect_left(times, begin) :])]
    return len(gaps) >= _EVEN_GAPS and max(gaps) <= _EVEN * min(gaps)


def _since(starts: Sequence[float], *, slower: bool) -> float:
    gaps = [b - a for a, b in pairwise(starts)]
    newest = _newest(gaps)
    if newest is None:
        return -math.inf
    place, usual = newest
    if not (OTHER * min(gaps) < usual if slower else max(gaps) > OTHER * usual):
        return -math.inf
    unlike = [OTHER * gap < usual if slower else gap > OTHER * usual for gap in gaps]
    count = sum(unlike[max(0, place - _BEFORE) : place])
    for end in range(place, _BEFORE - 1, -1):
        is_other = count >= _BEFORE - _MOST_LIKE and unlike[end - 1]
        if is_other and _is_regular(gaps[end - _BEFORE : end]) and _is_regular(gaps[end:]):
            return starts[end + 1]
        count += unlike[end - _BEFORE - 1] - unlike[end - 1] if end > _BEFORE else 0
    return -math.inf


def _newest(gaps: Sequence[float]) -> tuple[int, float] | None:
    """Return where the newest gaps alike begin, and how long they are; None where none of late are."""
    for place in range(len(gaps) - NEW, max(-1, len(gaps) - _NEWEST), -1):
        three = gaps[place : place + NEW]
        if max(three) <= ALIKE * min(three):
            return place, median(three)
    return None


def _is_regular(gaps: Sequence[float]) -> bool:
    ordered = sorted(gaps)
    return quantile(ordered, 0.75) <= REGULAR * quantile(ordered, 0.25)
