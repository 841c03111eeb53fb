"""The earlier sizes of a table, each held against the limits that those before it set, as it was then. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from statistics import median
from typing import TYPE_CHECKING

from checks.learn.keys import DAY
from checks.learn.lessons import holding, is_alike, kinds_of
from checks.rules.usual import LEAST_FACTOR, NORMAL, value_of
from checks.rules.volume_words import DAYS_A_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from checks.model import Size
    from checks.rules.volume_limits import UsualLimits
    from checks.rules.volume_words import Bound, Look

THREE_WEEKS = 21
"""Sizes: three of each weekday tell it from one odd day."""
LEAST_DIFFERENCE = 9 / 8
"""An eighth is the least by which what is alike differs."""
_TWO_DEVIATIONS = 2 * math.sqrt(2)
"""Of the difference of two sizes, each with a deviation of its own: one in 40 is farther off to one side."""
_REMEMBERED = 70
"""So many sizes before one are known as it is judged."""
_NOTHING = 50.0
"""So far off, as a logarithm, is no size at all."""
_USUAL_AGAIN = 2
"""So many periods in a row that were as usual: an odd week, month or quarter was one of its own."""
_SAME_TIME_OF_YEAR = 4
"""Days by which the same week or month of another year is off at the most."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """All sizes that a look knows beside the one that is judged, by their times in days."""

    limits: UsualLimits
    look: Look
    known: dict[float, Size] = field(init=False)
    _of_day: dict[int, float] = field(init=False)
    _bounds: dict[float, tuple[Bound, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Bring together what the look holds."""
        look = self.look
        months = (each for month in look.months for each in month.sizes)
        found = dict((*look.remembered, *months, *look.all, *look.known))
        known = {at: found[at] for at in sorted(found) if at < look.at}
        object.__setattr__(self, "known", known)
        object.__setattr__(self, "_of_day", {int(at): at for at in known})

    def value(self, at: float) -> float:
        """Return what a size comes to; zero where that is not known."""
        return value_of(self.look.size if at == self.look.at else self.known[at], self.limits.of) or 0.0

    def bounds(self, at: float) -> tuple[Bound, ...]:
        """Return the learned limits of a size, the one that is judged among them; none where too little is known."""
        if at not in self._bounds:
            is_judged = at == self.look.at
            learned = (
                self.limits.learned(self.look)[0] if is_judged else _learned(self.limits, self._then(at))
            )
            found = (each for each in learned if self.is_learned(each))
            self._bounds[at] = tuple(each for each in found if each.base > 0)
        return self._bounds[at]

    def is_learned(self, bound: Bound) -> bool:
        """Tell whether a limit is learned, not stated."""
        return (self.limits.rise if bound.is_most else self.limits.drop) is None

    def odd(self, at: float) -> Bound | None:
        """Return the limit that an earlier size crosses; None where it was as usual."""
        return next((each for each in self.bounds(at) if each.is_crossed(self.known[at])), None)

    def apart(self, at: float) -> float:
        """Return how far a size lay from what was usual then, as a logarithm; zero where that is not known."""
        value = self.value(at)
        for bound in self.bounds(at):
            if value > bound.base if bound.is_most else value < bound.base:
                return math.log(value / bound.base) if value > 0 else -_NOTHING
        return 0.0

    def is_odd_as(self, at: float, other: float) -> bool:
        """Tell whether another size lay off the same way, at least half as far."""
        mine, its = self.apart(at), self.apart(other)
        return mine * its > 0 and abs(its) >= abs(mine) / 2

    def of(self, begin: float, end: float, *, goes_on: bool) -> Iterator[float]:
        """Yield the times of sizes from one time to another; ``goes_on``: and on as long as they are odd."""
        step = max(1.0, DAYS_A_YEAR / self.look.a_year) * LEAST_DIFFERENCE
        for at in self.known:
            if at < begin:
                continue
            if at > end:
                if not goes_on or at - end > step or self.odd(at) is None:
                    return
                end = at
            yield at

    def is_alike(self, at: float) -> bool:
        """Tell whether what is judged is of the kind of an odd size, as far as no two since disprove that."""
        look = self.look
        if self.limits.season == "month":
            return any(at == each for month in look.months for each, _ in month.sizes)
        if not look.is_by_day:
            since = [each for each in self.known if each > at][-_USUAL_AGAIN:]
            was_usual = len(since) == _USUAL_AGAIN and not any(self.is_odd_as(at, each) for each in since)
            return not was_usual or _is_same_time_of_year(at, look.at)
        day, last = _day(at), _day(max(self.known))
        kinds = holding(kinds_of(day, DAY), day, last, _NotUsual(self, at))
        return any(is_alike(kind, day, _day(look.at)) for kind in kinds)

    def recurs(self, at: float) -> bool:
        """Tell whether another size of the kind of an odd one was as odd."""
        day = _day(at)
        kinds = kinds_of(day, DAY)
        return any(
            other != at
            and (not self.look.is_by_day or any(is_alike(kind, day, _day(other)) for kind in kinds))
            and self.is_odd_as(at, other)
            for other in self.known
        )

    def is_usual_on(self, day: date, at: float) -> bool:
        """Tell whether the size of a day is known, and not odd as that of another time was."""
        other = self._of_day.get(day.toordinal())
        return other is not None and not self.is_odd_as(at, other)

    @property
    def differ(self) -> float:
        """By how many times sizes that are alike differ."""
        by_weekday: dict[int, list[float]] = {}
        for at in self.known:
            if (value := self.value(at)) > 0:
                by_weekday.setdefault(int(at) % 7 if self.look.is_by_day else 0, []).append(math.log(value))
        apart = [abs(each - median(of)) for of in by_weekday.values() if len(of) > 1 for each in of]
        deviation = NORMAL * median(apart) if apart else 0.0
        return min(max(math.exp(min(_TWO_DEVIATIONS * deviation, 50)), LEAST_DIFFERENCE), LEAST_FACTOR)

    def _then(self, at: float) -> Look:
        """Return the look at an earlier size, by those before it; of the oldest ones also by those after it."""
        look, others = self.look, [(each, size) for each, size in self.known.items() if each != at]
        before = [each for each in others if each[0] < at]
        around = tuple((before[-_REMEMBERED:] if len(before) >= THREE_WEEKS else others[:THREE_WEEKS])[::-1])
        same = tuple([each for each in around if int(each[0]) % 7 == int(at) % 7])
        months = (
            replace(each, sizes=tuple([one for one in each.sizes if one[0] != at])) for each in look.months
        )
        return replace(
            look,
            name="",
            at=at,
            size=self.known[at],
            noun="weekday" if look.noun != look.other else look.other,
            remembered=(),
            period=None,
            problem=None,
            same=same if look.noun != look.other else around,
            all=around,
            known=around,
            months=tuple(months) if self.limits.season == "month" else (),
        )


@dataclass(frozen=True, slots=True)
class _NotUsual:
    """The days on which a size was as odd as that of a time, or is not known."""

    sizes: Sizes
    at: float

    def __contains__(self, day: object) -> bool:
        return not (isinstance(day, date) and self.sizes.is_usual_on(day, self.at))


@lru_cache(maxsize=1024)
def _learned(limits: UsualLimits, look: Look) -> tuple[Bound, ...]:
    """Return the limits at a look; what earlier sizes were held against is the same at each later look."""
    return limits.learned(look)[0]


def changed(look: Look, of: Callable[[float, Size], Size | None]) -> Look:
    """Return a look with other earlier sizes; those of which None is made are left out."""

    def all_of(sizes: Iterable[tuple[float, Size]]) -> tuple[tuple[float, Size], ...]:
        return tuple([(at, new) for at, size in sizes if (new := of(at, size)) is not None])

    return replace(
        look,
        same=all_of(look.same),
        all=all_of(look.all),
        known=all_of(look.known),
        remembered=all_of(look.remembered),
        months=tuple([replace(each, sizes=all_of(each.sizes)) for each in look.months]),
    )


def _day(at: float) -> date:
    return date.fromordinal(int(at))


def _is_same_time_of_year(one: float, other: float) -> bool:
    half = DAYS_A_YEAR / 2
    return abs((other - one + half) % DAYS_A_YEAR - half) <= _SAME_TIME_OF_YEAR
