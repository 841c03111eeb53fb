"""What limits of a size follow from earlier sizes: by the same weekday, or by the same day of earlier months. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isclose, log1p
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from checks.model import Problem, ProblemKind
from checks.rules.sentences import count_of, say_percent
from checks.rules.usual import LEAST_FACTOR, usual_of, values_of
from checks.rules.volume_learned import margins_of, of_all_days
from checks.rules.volume_words import Bound, Look, no_months, rows_unknown, say_range, say_sizes, say_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from checks.rules.asking import Share
    from checks.rules.months import OfMonth
    from checks.rules.usual import Usual
    from checks.rules.volume_learned import Margins

HISTORY = 8
"""How many periods the usual has to rest on where the config does not say."""
_STEADY = 2 * LEAST_FACTOR
"""Months that differ by more than this explain nothing that the weekday does not."""
Learned: TypeAlias = "tuple[tuple[Bound, ...], Problem | None, str]"
"""Limits that follow from earlier sizes, why there are none, and what is usual."""


@dataclass(frozen=True, slots=True)
class UsualLimits:
    """How a size is held against earlier ones: ``of`` bytes, files or rows, by the ``season`` that is stated.

    ``auto`` is the share of the false alarms for which what is not stated is learned; None where nothing is.
    """

    drop: float | None
    rise: float | None
    auto: Share | None
    of: str
    season: str | None
    history: int

    @property
    def compares(self) -> bool:
        """Tell whether earlier periods are needed."""
        return self.auto is not None or self.drop is not None or self.rise is not None

    def learned(self, look: Look) -> Learned:
        """Return the limits that follow from earlier sizes, the problem where these are too few, and the usual."""
        if not self.compares:
            return (), None, ""
        if self.season == "month":
            return self._by_month(look)
        bounds, doubt, usual = self.by_weekday(look)
        if self.season is None and any(each.is_crossed(look.size) for each in bounds):
            return self._explained(look, bounds, usual)
        return bounds, doubt, usual

    def by_weekday(self, look: Look) -> Learned:
        """Return what follows from periods of the same weekday, or of all where these are too few."""
        if self.auto is not None and self.drop is None and self.rise is None:
            found = of_all_days(look, self.of, self.auto, self.history)
            if found is not None:
                usual, of = found.usual, f"median of the last {count_of(found.count, look.other)}"
                of = f"{of}, by the weekday" if found.by_weekday else of
                told = f"{say_range(usual, self.of)} ({count_of(found.count, look.other)} seen)"
                names = self._names(usual, (usual.low, usual.high), of, look.noun)
                return tuple(self._bounds(usual.low, usual.high, found.margins, names)), None, told
        same = values_of(look.same, self.of)
        needed = self._needed if look.noun != look.other else self.history
        enough = len(same) >= needed
        every = same if enough else values_of(look.all, self.of)
        if look.all and not every:
            return (), rows_unknown(look.name, look.rows_unknown), ""
        if not enough and len(every) < self.history:
            return (), self._too_little(look, len(every), look.other, self.history), ""
        samples, noun = (same, look.noun) if enough else (every, look.other)
        usual = usual_of(samples, look.at)
        low, high = usual.low, usual.high
        if not enough and same:  # a quiet weekday is compared with itself, however few of it were seen
            low, high = min(low, *(v for _, v in same)), max(high, *(v for _, v in same))
        names = self._names(
            usual, (low, high), f"median of the last {count_of(len(samples), noun)}", look.noun
        )
        told = f"{say_range(usual, self.of)} ({count_of(len(samples), noun)} seen)"
        return tuple(self._bounds(low, high, self._margins(usual, look), names)), None, told

    def _names(self, usual: Usual, bases: Sequence[float], of: str, noun: str) -> list[str]:
        """Say what is usual, for the lower and the upper limit."""
        told = f"the usual is {say_value(usual.middle, self.of)} ({of}"
        return [f"{told}{self._more(base, usual, noun)})" for base in bases]

    def _margins(self, usual: Usual, look: Look) -> Margins | None:
        """Return how far from a usual a size may be by what is learned, where anything is."""
        return margins_of(usual, self.auto, look.a_year) if self.auto is not None else None

    def _by_month(self, look: Look) -> Learned:
        """Return what follows from the same day of earlier months, counted from the end that they differ less by."""
        if not look.months:
            return (), no_months(look), ""
        known = [(values_of(each.sizes, self.of), each) for each in look.months]
        if not any(values for values, _ in known) and any(each.sizes for each in look.months):
            return (), rows_unknown(look.name, look.rows_unknown), ""
        enough = [(values, each) for values, each in known if len(values) >= self._needed]
        if not enough:
            most = max(len(values) for values, _ in known)
            return (), self._too_little(look, most, "month", self._needed), ""
        values, of = min(enough, key=lambda each: _apart([value for _, value in each[0]]))
        bounds, usual = self._of_month(values, of, look)
        return bounds, None, f"{say_range(usual, self.of)} ({of.say(len(values))})"

    def _explained(self, look: Look, bounds: Sequence[Bound], usual: str) -> Learned:
        """Return the limits by the weekday, those that are crossed by the day of the month where that allows more.

        Months that differ much among themselves explain nothing. Only what they lead to expect now counts: that a
        growing table was smaller months ago excuses no drop.
        """
        for each in look.months:
            values = values_of(each.sizes, self.of)
            if len(values) < self._needed:
                continue
            allowed_by, of_month = self._of_month(values, each, look, expected_only=True)
            if of_month.factor > _STEADY:
                continue
            more = {bound.is_most: bound for bound in allowed_by if not bound.is_crossed(look.size)}
            replaced = [bound for bound in bounds if bound.is_crossed(look.size) and bound.is_most in more]
            if replaced:
                kept = [bound for bound in bounds if bound not in replaced]
                bounds = [*(more[bound.is_most] for bound in replaced), *kept]
                usual = f"{say_range(of_month, self.of)} ({each.say(len(values))})"
        return tuple(bounds), None, usual

    @property
    def _needed(self) -> int:
        """Half of the history: so many periods that are alike."""
        return (self.history + 1) // 2

    def _of_month(
        self, values: Sequence[tuple[float, float]], of: OfMonth, look: Look, *, expected_only: bool = False
    ) -> tuple[tuple[Bound, ...], Usual]:
        """Return the limits by one place in the month, and the usual there."""
        usual = usual_of(values, look.at)
        low, high = (usual.expected,) * 2 if expected_only else (usual.low, usual.high)
        names = self._names(usual, (low, high), f"median of {of.say(len(values))}", "")
        return tuple(self._bounds(low, high, self._margins(usual, look), names)), usual

    def _more(self, base: float, usual: Usual, noun: str) -> str:
        """Say which more generous size than the median a limit starts from, so that its number can be followed."""
        if isclose(base, usual.middle, rel_tol=0.01):
            return ""
        why = "by their trend" if base == usual.expected else f"on a {noun}"
        return f"; {say_value(base, self.of)} {why}"

    def _bounds(
        self, low: float, high: float, margins: Margins | None, names: Sequence[str]
    ) -> Iterator[Bound]:
        """Yield the limits round the usual; where nothing is usual, no share of it says anything."""
        least = (
            (1 - self.drop, f"drop allows {say_percent(self.drop)}")
            if self.drop is not None
            else (1 / margins.less, _allowed(margins.less, "less"))
            if margins is not None
            else None
        )
        most = (
            (1 + self.rise, f"rise allows {say_percent(self.rise)}")
            if self.rise is not None
            else (margins.more, _allowed(margins.more, "more"))
            if margins is not None
            else None
        )
        if least is not None and low > 0:
            value = _share(low, least[0], ceil)
            yield Bound(self.of, is_most=False, value=value, usual=names[0], allows=least[1], base=low)
        if most is not None and high > 0:
            value = _share(high, most[0], floor)
            yield Bound(self.of, is_most=True, value=value, usual=names[1], allows=most[1], base=high)

    def _too_little(self, look: Look, count: int, noun: str, needed: int) -> Problem:
        return Problem(
            ProblemKind.TOO_LITTLE_HISTORY,
            f"{look.name} came to {say_sizes(look.size)}, and what is usual is not known: "
            f"{count_of(count, noun)} seen, {needed} needed",
            "wait for more history, or write min_bytes or max_bytes in place of drop, rise or auto",
        )


def _apart(values: Sequence[float]) -> float:
    """Return how far values lie from their median: the mean of the logarithms' distances, so that each one counts."""
    middle = log1p(median(values))
    return sum(abs(log1p(value) - middle) for value in values) / len(values)


def _allowed(factor: float, way: str) -> str:
    """Say what is learned to be ordinary: ``up to 3.2 times less is ordinary here``."""
    return f"up to {factor:.3g} times {way} is ordinary here"


def _share(size: float, share: float, to_whole: Callable[[float], int]) -> int:
    """Return a share of a size as the whole number that decides the same: exactly the limit passes, whatever floats do.

    100 * (1 - 0.7) is 30.000000000000004.
    """
    return to_whole(round(size * share, 6))
