"""What `volume: auto` learns of earlier sizes: the usual, and how far from it a size may be for a share. Pure.

It is the learner that a backtest replays, so that its limits are those of runs.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.learn.keys import DAY
from checks.learn.volume import fit_volume, limits
from checks.rules.usual import Usual, usual_of, values_of
from checks.rules.volume_words import DAYS_A_YEAR

if TYPE_CHECKING:
    from checks.rules.asking import Share
    from checks.rules.volume_words import Look

_EPOCH = 719_163
"""The days of 1 January 1970, as dates count them."""
_EACH_WEEKDAY = 3
"""So many of each weekday tell its usual from one odd day: a median of fewer is moved by it."""
_LEVEL = 14
"""Two weeks of days, the newest of which tell the level and its trend."""


@dataclass(frozen=True, slots=True)
class Margins:
    """How many times less and more than the usual is still ordinary."""

    less: float
    more: float


@dataclass(frozen=True, slots=True)
class OfAllDays:
    """The usual of one period, learned of ``count`` periods of all weekdays; ``by_weekday`` where these differ."""

    usual: Usual
    margins: Margins
    count: int
    by_weekday: bool


def margins_of(usual: Usual, share: Share, a_year: float) -> Margins:
    """Return how far from a usual of few periods a size may be, by how far these are from it."""
    return _margins(*limits(usual.apart, share.a_year, a_year))


def of_all_days(look: Look, of: str, share: Share, needed: int) -> OfAllDays | None:
    """Return what all that is known tells; None where that is too little to tell weekdays apart.

    Weekdays are taken out where they differ by more than chance; then the newest two weeks tell level and trend.
    Nothing is usual of a weekday that is mostly empty, so that says None too.
    """
    values = sorted((at, value) for at, value in values_of(look.known, of))
    filled = [(at, value) for at, value in values if value > 0]
    if len(filled) < needed or 2 * len(filled) <= len(values):
        return None
    if look.noun != look.other and not _tells_weekdays(look, values, filled):
        return None
    periods = [((at - _EPOCH) * DAY, value, 1, 0.0) for at, value in filled]
    # Of parts of days only those at this time of day are known: as many as there are days.
    model = fit_volume(periods, share.a_year, look.a_year, seen_a_year=min(look.a_year, DAYS_A_YEAR))
    if model is None:
        return None
    effect = [math.exp(each) for each in model.weekday] or [1.0] * 7

    def of_weekday(at: float) -> float:
        return effect[(int(at) - _EPOCH) % 7]

    flat = usual_of([(at, value / of_weekday(at)) for at, value in values[-_LEVEL:]], look.at)
    here = of_weekday(look.at)
    usual = Usual(flat.middle * here, flat.expected * here, flat.spread, flat.factor)
    return OfAllDays(usual, _margins(model.drop, model.rise), model.seen, bool(model.weekday))


def _tells_weekdays(look: Look, values: list[tuple[float, float]], filled: list[tuple[float, float]]) -> bool:
    """Tell whether there are enough of each weekday on which data comes, the one that is judged among them."""
    seen = Counter(int(at) % 7 for at, _ in values)
    with_data = Counter(int(at) % 7 for at, _ in filled)
    judged = int(look.at) % 7
    return (
        with_data[judged] >= _EACH_WEEKDAY
        and 2 * with_data[judged] > seen[judged]
        and all(count >= _EACH_WEEKDAY for count in with_data.values())
    )


def _margins(drop: float, rise: float) -> Margins:
    """Return limits in logarithms as factors, finite whatever was seen."""
    return Margins(math.exp(min(drop, 50)), math.exp(min(rise, 50)))
