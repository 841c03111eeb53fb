"""Slow tables that keep to no weeks or months: by the longest usual gap, or by how long one may be by chance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.cadence import keeps_an_hour
from checks.learn.keys import DAY
from checks.learn.lateness import reach
from checks.learn.shapes import BY_CHANCE
from checks.learn.spots import WEEK
from checks.learn.tails import YEAR_DAYS, quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAST = 13  # runs: a year of months, with the month before; older habits of a slow table say little
_FEWEST = 4
_SURE = 8  # from so many on a tail is told; fewer allow up to a quarter of a period, for nobody knows how late is late
# Between the quartiles of the gaps of what people do when there is something to do; a drifting job's are alike.
_REGULAR = 1.5
_BY_CHANCE = (
    40  # gaps: fewer know nothing of what comes once in forty, older ones are of another year's habit
)


@dataclass(frozen=True)
class Slow:
    """What was learned of a table that keeps to no days: the longest usual gap in seconds.

    `by_chance`: the gaps differ so much that only the budget says how long one may be; then `into` is the usual one.
    """

    into: float
    margin: float
    seen: int
    by_chance: bool = False

    def due(self, own: float) -> float:
        """Return the instant by which the next has to be there after the last arrival."""
        return own + self.into + self.margin

    def closer(self, seconds: float) -> Slow:
        """Return the same with a margin that is so much shorter."""
        return replace(self, margin=self.margin - seconds)


def fit_gaps(times: Sequence[float], share: float) -> Slow | None:
    """Return the model of the gaps between arrivals in order, or None under 4 of them.

    `share` is the false alarms a year that the table may raise.
    """
    if len(times) < _FEWEST:
        return None
    by_chance = _gaps_by_chance(times[-_BY_CHANCE - 1 :], share)
    if by_chance is not None:
        return by_chance
    of_people = len(times) > _SURE and not keeps_an_hour(times[-_BY_CHANCE - 1 :])
    recent = times[-(_BY_CHANCE + 1 if of_people else _LAST) :]
    gaps = sorted(b - a for a, b in pairwise(recent))
    middle = quantile(gaps, 0.5)
    # With under 8 periods a deviation of a quarter of one cannot be told from the habit.
    wide = 0.25 if len(gaps) < _SURE else 0.1
    # A job that skips a run had an outage, and so may people have once; what they do twice is their habit.
    good = gaps[:-1] if of_people else [g for g in gaps if g < 1.7 * middle]
    spread = good[-1] - middle
    return Slow(good[-1], max(0.5 * spread + DAY, wide * middle), len(gaps))


def _gaps_by_chance(times: Sequence[float], share: float) -> Slow | None:
    """Return the model of gaps of which no two are alike, at any hour; None of others, or where too few tell.

    The longest one seen is passed once in as many gaps: how long one may be is the budget's to say.
    """
    gaps = sorted(b - a for a, b in pairwise(times))
    if len(gaps) < _SURE or quantile(gaps, 0.75) <= _REGULAR * quantile(gaps, 0.25) or keeps_an_hour(times):
        return None
    middle, mean = quantile(gaps, 0.5), (times[-1] - times[0]) / len(gaps)
    chance = share * mean / DAY / YEAR_DAYS
    beyond = reach([gap - middle for gap in gaps], chance, WEEK / mean, BY_CHANCE)
    return Slow(middle, max(beyond.limit, DAY), len(gaps), by_chance=True)
