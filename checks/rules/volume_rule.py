"""The check `volume`: the last complete period holds as much as it should. What is judged, and how."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isclose
from typing import TYPE_CHECKING, Any, ClassVar

from checks.model import Absence, Finding, Limits, Problem, ProblemKind, Severity, Size
from checks.rules.asking import Clock, Detail, Needs
from checks.rules.base import NOTHING_MORE, About, Row, Rule, allowed
from checks.rules.cadence import ended_early, schedule_of, schedule_seen
from checks.rules.lists import only_lists
from checks.rules.sentences import count_of, say_percent
from checks.rules.usual import (
    compared_with,
    days_of,
    days_of_label,
    known_sizes,
    size_of,
    sum_of,
    usual_of,
    value_of,
    values_of,
)
from checks.rules.volume_words import (
    Bound,
    Look,
    advice,
    because,
    no_rows,
    no_sizes,
    not_looked_at,
    rows_unknown,
    say_range,
    say_sizes,
    say_value,
)
from checks.schedule.periods import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from checks.layout import TimeLayout
    from checks.model import Listing, Observation, PartitionSeen, Table, TableMemory
    from checks.rules.usual import Usual
    from checks.schedule.due import Schedule

HISTORY = 8
"""How many periods the usual has to rest on where the config does not say."""
MOST_REMEMBERED = 70
"""Sizes of no more periods than this are remembered of one table: eight weeks of days, and some."""
_WHOLE = " whole"
"""Ends the labels of sizes of a whole table, which are no sizes of that day."""
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the sentence is made of: what was looked at (None: nothing is due yet), and the limits that hold for it."""

    look: Look | None = None
    bounds: Sequence[Bound] = ()
    crossed: Sequence[Bound] = ()
    usual: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRule(Rule):
    """The bound check. ``schedule`` is that of the table's partitions check, where it has one."""

    check: ClassVar[str] = "volume"
    bounds: tuple[Bound, ...] = ()
    drop: float | None = None
    rise: float | None = None
    auto: bool = False
    of: str = "bytes"
    history: int = HISTORY
    severity: Severity = Severity.CRITICAL
    schedule: Schedule | None = None

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """No limit may be crossed."""
        return allowed(0, self.severity)

    @property
    def compares(self) -> bool:
        """Tell whether earlier periods are needed."""
        return self.auto or self.drop is not None or self.rise is not None

    def detail(self, clock: Clock) -> Detail:  # noqa: ARG002 - the interface's
        """Ask a log for sizes, and for rows where these are judged."""
        rows = (self.compares and self.of == "rows") or any(each.what == "rows" for each in self.bounds)
        return Detail(sizes=True, rows=rows, by_period=self.schedule is not None)

    def looks(self, table: Table) -> bool:
        """Tell that lists of files are not looked at: their sizes tell nothing."""
        return only_lists(table, self.check) is None

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:  # noqa: ARG002 - the interface's
        """Ask for the last complete period, and for those it is compared with that are not remembered."""
        if layout is None:
            return Needs(place=True)
        schedule = schedule_of(self.schedule, layout)
        if not layout.can_tell(schedule.every):
            return Needs()
        due = schedule.due(clock.now)
        if not due:
            return Needs()
        judged = due[0].period
        before = compared_with(schedule, judged, self.history) if self.compares else ()
        return Needs(
            periods=(judged,), compared=tuple(each for each in before if each.label not in memory.sizes)
        )

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Weighed]:
        """Count the limits that are crossed; too little history, or a size not read whole, is a doubt."""
        look = only_lists(seen.table, self.check) or self._look(seen, clock, memory)
        if isinstance(look, Problem):
            return self.row(seen, unknown=look)
        if look is None:
            return self.row(seen, Weighed(), observed=0)
        learned, doubt, usual = self._learned(look)
        bounds = (*self.bounds, *learned)
        if look.problem is not None:  # a lower bound proves too much, never too little
            bounds, doubt = tuple(each for each in bounds if each.is_most), look.problem
        if doubt is None and any(value_of(look.size, each.what) is None for each in bounds):
            doubt = no_rows(seen, look.rows_unknown)
        crossed = [each for each in bounds if each.is_crossed(look.size)]
        facts = Weighed(look, bounds, crossed, usual)
        return self.row(seen, facts, observed=len(crossed), doubt_if_pass=doubt)

    def _look(self, seen: Observation, clock: Clock, memory: TableMemory) -> Look | Problem | None:
        """Return what is judged; a problem where it is not known, None where nothing is due yet."""
        schedule = schedule_seen(self.schedule, seen)
        if schedule is None:
            return self._place(seen, memory)
        due = schedule.due(clock.now)
        if not due:
            return None
        judged = due[0].period
        start = judged.start
        of_judged = [each for each in seen.partitions if each.period.start == start]
        if not of_judged:
            return seen.problem or not_looked_at(seen, judged)
        size, problem = sum_of(of_judged)
        daily = schedule.every.unit in (Unit.DAY, Unit.MINUTE)
        earlier = known_sizes(
            seen, memory, compared_with(schedule, judged, self.history) if self.compares else ()
        )
        weekday = judged.wall.toordinal() % 7
        return Look(
            name=judged.label,
            period=judged,
            size=size,
            at=days_of(judged.wall),
            noun=_WEEKDAYS[judged.wall.weekday()] if daily else schedule.every.noun,
            other="day" if daily else schedule.every.noun,
            same=tuple([each for each in earlier if int(each[0]) % 7 == weekday]) if daily else earlier,
            all=earlier,
            problem=problem,
            rows_unknown=next(
                (each.listing.rows_unknown for each in of_judged if each.listing is not None), ""
            ),
        )

    def _place(self, seen: Observation, memory: TableMemory) -> Look | Problem:
        listing, problem = _whole(seen)
        if listing is None:
            return problem or no_sizes(seen)
        today = f"{seen.now:%Y-%m-%d}"
        earlier = tuple(
            (days_of_label(label.removesuffix(_WHOLE)), size)
            for label, size in sorted(memory.sizes.items(), reverse=True)
            if label.endswith(_WHOLE) and label < today
        )[: self.history]
        return Look(
            name=seen.table.location or seen.table.id,
            size=size_of(listing),
            at=days_of_label(today),
            noun="earlier day",
            other="earlier day",
            same=earlier,
            all=earlier,
            problem=problem,
            rows_unknown=listing.rows_unknown,
        )

    def _learned(self, look: Look) -> tuple[tuple[Bound, ...], Problem | None, str]:
        """Return the limits that follow from earlier sizes, the problem where these are too few, and the usual."""
        if not self.compares:
            return (), None, ""
        same = values_of(look.same, self.of)
        needed = (self.history + 1) // 2 if look.noun != look.other else self.history
        enough = len(same) >= needed
        every = same if enough else values_of(look.all, self.of)
        if look.all and not every:
            return (), rows_unknown(look.name, look.rows_unknown), ""
        if not enough and len(every) < self.history:
            return (), self._too_little(look, len(every)), ""
        samples, noun = (same, look.noun) if enough else (every, look.other)
        usual = usual_of(samples, look.at)
        low, high = usual.low, usual.high
        if not enough and same:  # a quiet weekday is compared with itself, however few of it were seen
            low, high = min(low, *(v for _, v in same)), max(high, *(v for _, v in same))
        of = f"median of the last {count_of(len(samples), noun)}"
        names = [
            f"the usual is {say_value(usual.middle, self.of)} ({of}{self._more(base, usual, look.noun)})"
            for base in (low, high)
        ]
        told = f"{say_range(usual, self.of)} ({count_of(len(samples), noun)} seen)"
        return tuple(self._bounds(low, high, usual.factor, names)), None, told

    def _more(self, base: float, usual: Usual, noun: str) -> str:
        """Say which more generous size than the median a limit starts from, so that its number can be followed."""
        if isclose(base, usual.middle, rel_tol=0.01):
            return ""
        why = "by their trend" if base == usual.expected else f"on a {noun}"
        return f"; {say_value(base, self.of)} {why}"

    def _bounds(self, low: float, high: float, factor: float, names: Sequence[str]) -> Iterator[Bound]:
        """Yield the limits round the usual; where nothing is usual, no share of it says anything."""
        drop = self.drop if self.drop is not None else 1 - 1 / factor if self.auto else None
        rise = self.rise if self.rise is not None else factor - 1 if self.auto else None
        varies = f"it varies by a factor of {factor:.3g}"
        if drop is not None and low > 0:
            why = f"drop allows {say_percent(drop)}" if self.drop is not None else varies
            yield Bound(self.of, is_most=False, value=_share(low, 1 - drop, ceil), usual=names[0], allows=why)
        if rise is not None and high > 0:
            why = f"rise allows {say_percent(rise)}" if self.rise is not None else varies
            yield Bound(
                self.of, is_most=True, value=_share(high, 1 + rise, floor), usual=names[1], allows=why
            )

    def _too_little(self, look: Look, count: int) -> Problem:
        return Problem(
            ProblemKind.TOO_LITTLE_HISTORY,
            f"{look.name} came to {say_sizes(look.size)}, and what is usual is not known: "
            f"{count_of(count, look.other)} seen, {self.history} needed",
            "wait for more history, or write min_bytes or max_bytes in place of drop, rise or auto",
        )

    def remember(self, seen: Observation, before: TableMemory) -> dict[str, Any]:
        """Return the sizes of periods that later runs compare with, a bounded number of them."""
        if not self.compares or not self.looks(seen.table):
            return {}
        found = dict(self._sizes(seen))
        newest = max(found, default=None)
        if newest is None:
            return {"sizes": before.sizes}
        # Hours are compared with the same hour of other days: others need not be remembered.
        alike = {
            label: size
            for label, size in {**before.sizes, **found}.items()
            if len(label) == len(newest) and ("-W" in label or label[10:] == newest[10:])
        }
        return {"sizes": {label: alike[label] for label in sorted(alike, reverse=True)[:MOST_REMEMBERED]}}

    def _sizes(self, seen: Observation) -> Iterator[tuple[str, Size]]:
        """Yield the whole sizes of periods that are over, or that of the place by the day of the look."""
        schedule = schedule_seen(self.schedule, seen)
        if schedule is None:
            listing, problem = _whole(seen)
            if listing is not None and problem is None:
                yield f"{seen.now:%Y-%m-%d}{_WHOLE}", size_of(listing)
            return
        due = schedule.due(seen.now)
        by_label: dict[str, list[PartitionSeen]] = {}
        for partition in seen.partitions:
            if due and partition.period.start <= due[0].period.start:
                by_label.setdefault(partition.period.label, []).append(partition)
        for label, partitions in by_label.items():
            size, problem = sum_of(partitions)
            if problem is None:
                yield label, size

    def finding(self, row: Row[Weighed], severity: Severity | None, about: About = NOTHING_MORE) -> Finding:
        """Write the finding: how much there is, which limits that crosses, what is usual."""
        look, bounds, crossed = row.facts.look, row.facts.bounds, row.facts.crossed
        if look is None:
            return self.tell(row, severity, "nothing is due yet", about=about, evidence=None)
        main = crossed[0] if crossed else bounds[0] if bounds else None
        limit = None if main is None else main.value
        too_little = any(not each.is_most for each in crossed)
        period = look.period if too_little else None
        return self.tell(
            row,
            severity,
            because(look, crossed, bounds),
            about=about,
            observed=look.size.bytes if main is None else value_of(look.size, main.what),
            expected=limit,
            limits=Limits(critical=limit) if self.severity is Severity.CRITICAL else Limits(warning=limit),
            advice=advice(look, crossed) if severity is not None else "",
            usual=row.facts.usual,
            of_period=look.name if too_little else "",
            absence=Absence(periods={"": (period.start, period.end)}) if period is not None else None,
        )


def _share(size: float, share: float, to_whole: Callable[[float], int]) -> int:
    """Return a share of a size as the whole number that decides the same: exactly the limit passes, whatever floats do.

    100 * (1 - 0.7) is 30.000000000000004.
    """
    return to_whole(round(size * share, 6))


def _whole(seen: Observation) -> tuple[Listing | None, Problem | None]:
    """Return what the whole table holds, and why that is not known or a lower bound: by its log, or as one place."""
    if seen.whole is not None:
        return seen.whole.listing, seen.whole.problem
    listing = seen.listing
    if listing is None or seen.problem is not None:
        return None, seen.problem
    return listing, None if listing.complete else ended_early(seen.table.location or seen.table.id)
