"""What the check `volume` judges and says: a size with its limits, and the sentences about it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.model import Problem, ProblemKind, Size
from checks.rules.sentences import count_of
from checks.rules.usual import LEAST_FACTOR
from checks.schedule.durations import say_size
from checks.text import listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.model import Observation, Period
    from checks.rules.months import OfMonth
    from checks.rules.usual import Usual


DAYS_A_YEAR = 365.25
_NOBODY_TELLS = "neither the catalog nor a listing tells them"


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit on a size; ``usual`` and ``allows`` say what it follows from where it is not the config's own number.

    ``base`` is the usual size that it is reckoned from then.
    """

    what: str
    is_most: bool
    value: float
    usual: str = ""
    allows: str = ""
    base: float = 0.0

    def is_crossed(self, size: Size) -> bool:
        """Tell whether a size is on the wrong side of it; one that is not known is on none."""
        value = getattr(size, self.what)
        return value is not None and (value > self.value if self.is_most else value < self.value)

    def say(self) -> str:
        """Say what it allows."""
        return f"at {'most' if self.is_most else 'least'} {say_value(self.value, self.what)}"


@dataclass(frozen=True, slots=True)
class Look:
    """What is judged: a period or the whole place, and the earlier sizes that it is compared with.

    ``same`` are those of the same weekday (newest first), ``all`` these and others that are alike, ``known`` all at
    the same time of day that are seen or remembered; each with its time in days. ``a_year`` as many are judged a year.
    ``months`` are those at the same place in their month. ``problem`` says why the size is a lower bound.
    ``period`` is None of a place that is looked at whole. ``remembered`` are all at the same time of day that earlier
    runs remember, for what people said of them. ``empty`` is how many data files hold no byte.
    """

    name: str
    size: Size
    at: float
    noun: str
    other: str
    same: tuple[tuple[float, Size], ...] = ()
    all: tuple[tuple[float, Size], ...] = ()
    known: tuple[tuple[float, Size], ...] = ()
    a_year: float = DAYS_A_YEAR
    months: tuple[OfMonth, ...] = ()
    problem: Problem | None = None
    rows_unknown: str = ""
    period: Period | None = None
    remembered: tuple[tuple[float, Size], ...] = ()
    empty: int = 0

    @property
    def is_by_day(self) -> bool:
        """Tell whether days are told apart: it is of one or of a part of one, or of a place by the day of the look."""
        return self.period is None or self.noun != self.other


def say_value(value: float, what: str) -> str:
    """Write a number of bytes, files or rows."""
    if what == "bytes":
        return say_size(value)
    return f"{value:,.0f} {what[:-1] if value == 1 else what}"


def say_sizes(size: Size) -> str:
    """Write how much there is: bytes, files, and rows where they are known."""
    rows = f" with {say_value(size.rows, 'rows')}" if size.rows is not None and size.files else ""
    return f"{say_size(size.bytes)} in {count_of(size.files, 'file')}{rows}"


def say_range(usual: Usual, what: str) -> str:
    """Write the usual with its spread."""
    spread = math.exp(usual.spread)
    if usual.factor <= LEAST_FACTOR or usual.middle <= 0:
        return f"about {say_value(usual.middle, what)}"
    return f"{say_value(usual.middle / spread, what)} to {say_value(usual.middle * spread, what)}"


def because(look: Look, crossed: Sequence[Bound], bounds: Sequence[Bound], by: str = "") -> str:
    """Write the sentence of a finding: how much there is, which limits that crosses, and by whose marks these are."""
    taught = f", as was learned with {by}" if by else ""
    return f"{_because(look, crossed, bounds)}{taught}"


def _because(look: Look, crossed: Sequence[Bound], bounds: Sequence[Bound]) -> str:
    told = f"{look.name} came to {say_sizes(look.size)}"
    if look.empty and not look.size.files:
        told = f"{look.name} came to {say_size(0)} in {count_of(look.empty, 'empty file')}"
    if crossed:
        return f"{told}: {'; '.join(_crossing(each, look.size) for each in crossed)}"
    expected = listing([each.say() for each in bounds])
    why = next((each.usual for each in bounds if each.usual), "")
    return f"{told}; expected {expected}{f'; {why}' if why else ''}" if expected else told


def _crossing(bound: Bound, size: Size) -> str:
    limit = say_value(bound.value, bound.what)
    just = "just " if say_value(getattr(size, bound.what), bound.what) == limit else ""  # when rounded
    away = f"{just}{'more' if bound.is_most else 'less'} than {limit}"
    return f"{away}: {bound.usual}, and {bound.allows}" if bound.usual else f"{away}, the limit"


def advice(look: Look, crossed: Sequence[Bound]) -> str:
    """Say what to do about too little, or too much."""
    if any(not each.is_most for each in crossed):
        return f"look at the run that loads {look.name}: part of its data is missing, or its source delivered less"
    return (
        f"see whether {look.name} was loaded twice, or its source delivers more now; if it is to stay so, raise the "
        "limit"
    )


def not_looked_at(seen: Observation, period: Period) -> Problem:
    """Return the problem of a period that nobody read."""
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"how much {seen.table.id} holds of {period.label} was not read",
        "write a partitions check beside it, whose periods the keys tell apart",
    )


def no_months(look: Look) -> Problem:
    """Return the problem of what stands on no day of a month."""
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"{look.name} came to {say_sizes(look.size)}; it is not of a day, so no day of earlier months is like it",
        "write a partitions check of days beside it, or take season out",
    )


def no_sizes(seen: Observation) -> Problem:
    """Return the problem of a table whose log does not tell how much it holds."""
    unread = next((each.problem for each in seen.partitions if each.problem is not None), None)
    return unread or Problem(
        ProblemKind.UNSUPPORTED,
        f"how much {seen.table.id} holds is not known: its {seen.table.format.value} log was read for its newest data "
        "only",
        "write a partitions check beside it, or turn volume off for this table",
    )


def no_rows(seen: Observation, why: str) -> Problem:
    """Return the problem of rows that are limited and not known."""
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"rows of {seen.table.id} are not known: {why or _NOBODY_TELLS}",
        "write min_bytes or min_files in place of min_rows",
    )


def rows_unknown(name: str, why: str) -> Problem:
    """Return the problem of rows that are to be compared and not known."""
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"rows of {name} are not known: {why or _NOBODY_TELLS}",
        "compare bytes or files (volume: {of: bytes})",
    )
