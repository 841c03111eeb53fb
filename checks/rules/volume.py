"""The check `volume`: the last complete period holds as much as it should, and about as much as usual."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import combinations, islice
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from checks.model import Finding, Limits, Problem, ProblemKind, Severity, Size, Status
from checks.rules.base import (
    Binding,
    CheckConfig,
    Clock,
    Direction,
    Needs,
    Percent,
    Row,
    Rule,
    SeverityWord,
)
from checks.rules.base import Size as SizeText
from checks.rules.cadence import ended_early, schedule_of, schedule_seen
from checks.rules.sentences import count_of, say_percent
from checks.schedule.durations import say_size
from checks.schedule.periods import Unit, period_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from checks.layout import TimeLayout
    from checks.model import Observation, PartitionSeen, Period, Table, TableMemory
    from checks.schedule.due import Schedule

HISTORY = 8
"""How many periods the usual has to rest on where the config does not say."""
MOST_REMEMBERED = 70
"""Sizes of no more periods than this are remembered of one table: eight weeks of days, and some."""
_MOST_TRIED = 3
"""So many times as many periods are gone through in search of those that the calendar leaves open."""
_NORMAL = 1.4826
"""A median of deviations, times this, is the standard deviation of what is normally distributed."""
_WIDE = 4.0
_LEAST_FACTOR = 2.0
"""What is learned never allows less than half to double of the usual."""
_FEWEST_FOR_A_TREND = 5
_STEEPEST = math.log(20)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class VolumeConfig(CheckConfig):
    """The last complete period holds as much as it should, and about as much as usual."""

    check: ClassVar[str] = "volume"
    short_form: ClassVar[str | None] = "auto"

    min_bytes: SizeText | None = Field(None, description="No fewer bytes than this.", examples=["50MB"])
    max_bytes: SizeText | None = Field(None, description="No more bytes than this.", examples=["2TB"])
    min_files: int | None = Field(None, ge=0, description="No fewer data files than this.", examples=[1])
    max_files: int | None = Field(None, ge=0, description="No more data files than this.", examples=[5000])
    min_rows: int | None = Field(
        None, ge=0, description="No fewer rows than this, where metadata tells rows.", examples=[1000]
    )
    max_rows: int | None = Field(
        None, ge=0, description="No more rows than this, where metadata tells rows.", examples=[10000000]
    )
    drop: Percent | None = Field(
        None,
        description="At most so much below the usual of the same weekday, the median of earlier periods.",
        examples=["60%"],
    )
    rise: Percent | None = Field(
        None,
        description="At most so much above the usual of the same weekday, the median of earlier periods.",
        examples=["300%"],
    )
    auto: Literal[True] | None = Field(
        None,
        description="Learns drop and rise, where they are not stated, from how much periods differ: at the least "
        "half and double of the usual pass.",
        examples=[True],
    )
    of: Literal["bytes", "files", "rows"] = Field(
        "bytes", description="What drop, rise and auto compare.", examples=["rows"]
    )
    history: int = Field(
        HISTORY,
        ge=3,
        le=52,
        description="How many earlier periods the usual rests on; half as many where all are of one weekday.",
        examples=[8],
    )
    severity: SeverityWord = Field(
        "critical",
        validate_default=True,
        description="How bad it is when a limit is crossed.",
        examples=["warning"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> VolumeConfig:
        stated = self.model_dump(exclude={"of", "history", "severity"}, exclude_none=True)
        if not stated:
            message = "no limit; write such as min_bytes: 50MB, or drop: 60%, or the word auto"
            raise ValueError(message)
        for what in ("bytes", "files", "rows"):
            least, most = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if least is not None and most is not None and least > most:
                message = f"min_{what} is larger than max_{what}, so nothing would ever pass"
                raise ValueError(message)
        if self.drop is not None and self.drop >= 1:
            message = "drop of 100% or more is never reached; write a smaller one, such as 60%"
            raise ValueError(message)
        return self

    def bind(self, binding: Binding) -> VolumeRule:
        """Return the rule."""
        bounds = (
            _Bound(what, is_most, value)
            for what in ("bytes", "files", "rows")
            for is_most in (False, True)
            if (value := getattr(self, f"{'max' if is_most else 'min'}_{what}")) is not None
        )
        return VolumeRule(
            bounds=tuple(bounds),
            drop=self.drop,
            rise=self.rise,
            auto=self.auto is True,
            of=self.of,
            history=self.history,
            severity=self.severity,
            schedule=binding.schedule,
        )


@dataclass(frozen=True, slots=True)
class _Bound:
    """A limit on a size; ``why`` says where it comes from if not from the config's own number."""

    what: str
    is_most: bool
    value: float
    why: str = ""

    def is_crossed(self, size: Size) -> bool:
        value = _of(size, self.what)
        return value is not None and (value > self.value if self.is_most else value < self.value)

    def say(self) -> str:
        return f"at {'most' if self.is_most else 'least'} {_say(self.value, self.what)}"


@dataclass(frozen=True, slots=True)
class Usual:
    """What sizes usually come to: their median, what their trend leads to expect now, and how they spread.

    ``factor`` is how many times more or less than expected is still ordinary.
    """

    middle: float
    expected: float
    factor: float

    @property
    def low(self) -> float:
        """The smaller of median and trend: growth is not held against a table, nor is a decline."""
        return min(self.middle, self.expected)

    @property
    def high(self) -> float:
        """The larger of median and trend."""
        return max(self.middle, self.expected)


def usual_of(samples: Sequence[tuple[float, float]], now: float) -> Usual:
    """Return the usual of values (each with its time) at a time; one bad value moves it little.

    The median, and the line through the logarithms whose slope is the median of all pairs' slopes (Theil and
    Sen); the spread is the median deviation from that line.
    """
    middle = median(value for _, value in samples)
    logs = [(at, math.log(value)) for at, value in samples if value > 0]
    if len(logs) < 2 or middle <= 0:
        return Usual(middle, middle, _LEAST_FACTOR)
    slope = 0.0
    if len(logs) >= _FEWEST_FOR_A_TREND:
        slope = median((b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(logs, 2) if b[0] != a[0])
    level = median(value - slope * at for at, value in logs)
    expected = min(max(level + slope * now, math.log(middle) - _STEEPEST), math.log(middle) + _STEEPEST)
    spread = median(abs(value - level - slope * at) for at, value in logs)
    return Usual(middle, math.exp(expected), max(math.exp(min(_WIDE * _NORMAL * spread, 50)), _LEAST_FACTOR))


@dataclass(frozen=True, slots=True)
class _Look:
    """What is judged: a period or the whole place, and the earlier sizes that it is compared with.

    ``same`` are those of the same weekday (newest first), ``all`` these and others that are alike; each with its
    time in days. ``problem`` says why the size is a lower bound.
    """

    name: str
    size: Size
    at: float
    noun: str
    other: str
    same: tuple[tuple[float, Size], ...] = ()
    all: tuple[tuple[float, Size], ...] = ()
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRule(Rule):
    """The bound check. ``schedule`` is that of the table's partitions check, where it has one."""

    check: ClassVar[str] = "volume"
    bounds: tuple[_Bound, ...] = ()
    drop: float | None = None
    rise: float | None = None
    auto: bool = False
    of: str = "bytes"
    history: int = HISTORY
    severity: Severity = Severity.CRITICAL
    schedule: Schedule | None = None

    @property
    def compares(self) -> bool:
        """Tell whether earlier periods are needed."""
        return self.auto or self.drop is not None or self.rise is not None

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
        before = _before(schedule, judged, self.history) if self.compares else ()
        asked = [judged, *(each for each in before if each.label not in memory.sizes)]
        return Needs(periods=tuple(asked))

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row:
        """Count the limits that are crossed; too little history, or a size not read whole, is a doubt."""
        look = self._look(seen, clock, memory)
        if isinstance(look, Problem):
            return self._row(seen, unknown=look)
        if look is None:
            return self._row(seen, observed=0, facts={"look": None})
        learned, doubt, usual = self._learned(look)
        bounds = (*self.bounds, *learned)
        if look.problem is not None:  # a lower bound proves too much, never too little
            bounds, doubt = tuple(each for each in bounds if each.is_most), look.problem
        if doubt is None and any(_of(look.size, each.what) is None for each in bounds):
            doubt = _no_rows(seen)
        crossed = [each for each in bounds if each.is_crossed(look.size)]
        return self._row(
            seen,
            observed=len(crossed),
            doubt_if_pass=doubt,
            facts={"look": look, "crossed": crossed, "bounds": bounds, "usual": usual},
        )

    def _row(self, seen: Observation, **values: Any) -> Row:
        return Row(
            table=seen.table.id,
            check=self.check,
            direction=Direction.AT_MOST,
            evidence=seen.table.location,
            warning=0 if self.severity is Severity.WARNING else None,
            critical=0 if self.severity is Severity.CRITICAL else None,
            **values,
        )

    def _look(self, seen: Observation, clock: Clock, memory: TableMemory) -> _Look | Problem | None:
        """Return what is judged; a problem where it is not known, None where nothing is due yet."""
        schedule = schedule_seen(self.schedule, seen)
        if schedule is None:
            return self._place(seen, memory)
        due = schedule.due(clock.now)
        if not due:
            return None
        judged = due[0].period
        of_judged = [each for each in seen.partitions if each.period.start == judged.start]
        if not of_judged:
            return seen.problem or _not_looked_at(seen, judged)
        size, problem = _sum(of_judged)
        daily = schedule.every.unit in (Unit.DAY, Unit.MINUTE)
        earlier = _known(seen, memory, _before(schedule, judged, self.history) if self.compares else ())
        weekday = judged.wall.toordinal() % 7
        return _Look(
            name=judged.label,
            size=size,
            at=_days(judged.wall),
            noun=_WEEKDAYS[judged.wall.weekday()] if daily else schedule.every.noun,
            other="day" if daily else schedule.every.noun,
            same=tuple(each for each in earlier if int(each[0]) % 7 == weekday) if daily else earlier,
            all=earlier,
            problem=problem,
        )

    def _place(self, seen: Observation, memory: TableMemory) -> _Look | Problem:
        listing = seen.listing
        if listing is None or seen.problem is not None:
            return seen.problem or _no_sizes(seen)
        today = f"{seen.now:%Y-%m-%d}"
        earlier = tuple(
            (_days_of(label), size)
            for label, size in sorted(memory.sizes.items(), reverse=True)
            if label < today and len(label) == len(today)
        )[: self.history]
        return _Look(
            name=seen.table.location or seen.table.id,
            size=Size(listing.size_bytes, listing.objects, listing.rows),
            at=_days_of(today),
            noun="earlier day",
            other="earlier day",
            same=earlier,
            all=earlier,
            problem=None if listing.complete else ended_early(seen.table.location or seen.table.id),
        )

    def _learned(self, look: _Look) -> tuple[tuple[_Bound, ...], Problem | None, str]:
        """Return the limits that follow from earlier sizes, the problem where these are too few, and the usual."""
        if not self.compares:
            return (), None, ""
        same = _values(look.same, self.of)
        needed = (self.history + 1) // 2 if look.noun != look.other else self.history
        enough = len(same) >= needed
        every = same if enough else _values(look.all, self.of)
        if look.all and not every:
            return (), _rows_unknown(look.name), ""
        if not enough and len(every) < self.history:
            return (), self._too_little(look, len(every)), ""
        samples, noun = (same, look.noun) if enough else (every, look.other)
        usual = usual_of(samples, look.at)
        low, high = usual.low, usual.high
        if not enough and same:  # a quiet weekday is compared with itself, however few of it were seen
            low, high = min(low, *(v for _, v in same)), max(high, *(v for _, v in same))
        name = (
            f"the usual is {_say(usual.middle, self.of)} (median of the last {count_of(len(samples), noun)})"
        )
        told = f"{_say_range(usual, self.of)} ({count_of(len(samples), noun)} seen)"
        return tuple(self._bounds(low, high, usual.factor, name)), None, told

    def _bounds(self, low: float, high: float, factor: float, name: str) -> Iterator[_Bound]:
        """Yield the limits round the usual; where nothing is usual, no share of it says anything."""
        drop = self.drop if self.drop is not None else 1 - 1 / factor if self.auto else None
        rise = self.rise if self.rise is not None else factor - 1 if self.auto else None
        varies = f"{name}, and it varies by a factor of {factor:.3g}"
        if drop is not None and low > 0:
            why = f"{name}, and drop allows {say_percent(drop)}" if self.drop is not None else varies
            yield _Bound(self.of, is_most=False, value=low * (1 - drop), why=why)
        if rise is not None and high > 0:
            why = f"{name}, and rise allows {say_percent(rise)}" if self.rise is not None else varies
            yield _Bound(self.of, is_most=True, value=high * (1 + rise), why=why)

    def _too_little(self, look: _Look, count: int) -> Problem:
        return Problem(
            ProblemKind.TOO_LITTLE_HISTORY,
            f"{look.name} came to {_say_size(look.size)}, and what is usual is not known: "
            f"{count_of(count, look.other)} seen, {self.history} needed",
            "wait for more history, or write min_bytes or max_bytes in place of drop, rise or auto",
        )

    def remember(self, seen: Observation, before: TableMemory) -> dict[str, Any]:
        """Return the sizes of periods that later runs compare with, a bounded number of them."""
        if not self.compares:
            return {}
        found = dict(self._sizes(seen))
        newest = max(found, default=None)
        if newest is None:
            return {"sizes": before.sizes}
        # Hours are compared with the same hour of other days: others need not be remembered.
        alike = {
            label: size
            for label, size in {**before.sizes, **found}.items()
            if len(label) == len(newest) and label[10:] == newest[10:]
        }
        return {"sizes": {label: alike[label] for label in sorted(alike, reverse=True)[:MOST_REMEMBERED]}}

    def _sizes(self, seen: Observation) -> Iterator[tuple[str, Size]]:
        """Yield the whole sizes of periods that are over, or that of the place by the day of the look."""
        schedule = schedule_seen(self.schedule, seen)
        if schedule is None:
            listing = seen.listing
            if listing is not None and listing.complete and seen.problem is None:
                yield f"{seen.now:%Y-%m-%d}", Size(listing.size_bytes, listing.objects, listing.rows)
            return
        due = schedule.due(seen.now)
        by_label: dict[str, list[PartitionSeen]] = {}
        for partition in seen.partitions:
            if due and partition.period.start <= due[0].period.start:
                by_label.setdefault(partition.period.label, []).append(partition)
        for label, partitions in by_label.items():
            size, problem = _sum(partitions)
            if problem is None:
                yield label, size

    def finding(self, row: Row, severity: Severity | None) -> Finding:
        """Write the finding: how much there is, which limits that crosses, what is usual."""
        look: _Look | None = row.facts["look"]
        status = Status.PASS if severity is None else Status.FAIL
        if look is None:
            return Finding(
                table=row.table,
                check=self.check,
                status=status,
                because="nothing is due yet",
                limits=row.limits,
            )
        crossed: list[_Bound] = row.facts["crossed"]
        bounds: tuple[_Bound, ...] = row.facts["bounds"]
        main = crossed[0] if crossed else bounds[0] if bounds else None
        limit = None if main is None else main.value
        return Finding(
            table=row.table,
            check=self.check,
            status=status,
            severity=severity,
            observed=look.size.bytes if main is None else _of(look.size, main.what),
            expected=limit,
            limits=Limits(critical=limit) if self.severity is Severity.CRITICAL else Limits(warning=limit),
            because=_because(look, crossed, bounds),
            evidence=row.evidence,
            advice=_advice(look, crossed) if severity is not None else "",
            usual=row.facts["usual"],
        )


@lru_cache(maxsize=256)
def _before(schedule: Schedule, judged: Period, history: int) -> tuple[Period, ...]:
    """Return the periods that one is compared with, newest first: the last ones, and those of its weekday.

    Thousands of tables have one schedule.
    """
    found = {period.start: period for period in islice(_alike(schedule, judged, 1), history)}
    if schedule.every.unit in (Unit.DAY, Unit.MINUTE):
        found |= {period.start: period for period in islice(_alike(schedule, judged, 7), history)}
    return tuple(found[start] for start in sorted(found, reverse=True))


def _alike(schedule: Schedule, judged: Period, days: int) -> Iterator[Period]:
    """Yield earlier periods that one is compared with, newest first: so many days apart, or each week or month."""
    every = schedule.every
    daily = every.unit in (Unit.DAY, Unit.MINUTE)
    for back in range(1, _MOST_TRIED * 52):
        wall = judged.wall - back * timedelta(days=days) if daily else every.step(judged.wall, -back)
        if schedule.since is not None and wall.date() < schedule.since:
            return
        period = period_of(wall, every, schedule.labels)
        if period is not None and schedule.due_at(period) is not None:
            yield period


def _known(
    seen: Observation, memory: TableMemory, before: Sequence[Period]
) -> tuple[tuple[float, Size], ...]:
    """Return the sizes of earlier periods with their times in days, newest first: as seen now, or as remembered.

    Those before the first one with data are left out: the table was not born yet.
    """
    by_label: dict[str, list[PartitionSeen]] = {}
    for partition in seen.partitions:
        by_label.setdefault(partition.period.label, []).append(partition)
    sizes: list[tuple[float, Size]] = []
    for period in before:
        found = by_label.get(period.label)
        if found is not None:
            size, problem = _sum(found)
            if problem is None:
                sizes.append((_days(period.wall), size))
        elif period.label in memory.sizes:
            sizes.append((_days(period.wall), memory.sizes[period.label]))
    while sizes and not sizes[-1][1].files:
        sizes.pop()
    return tuple(sizes)


def _sum(partitions: Iterable[PartitionSeen]) -> tuple[Size, Problem | None]:
    """Return what partitions come to together, and why that is only a lower bound."""
    total, files, problem = 0, 0, None
    rows: int | None = 0
    for partition in partitions:
        problem = problem or partition.problem
        listing = partition.listing
        if listing is None:
            continue
        if not listing.complete:
            problem = problem or ended_early(partition.location or partition.period.label)
        total, files = total + listing.size_bytes, files + listing.objects
        if listing.objects:
            rows = rows + listing.rows if rows is not None and listing.rows is not None else None
    return Size(total, files, rows), problem


def _values(sizes: Iterable[tuple[float, Size]], what: str) -> list[tuple[float, float]]:
    return [(at, value) for at, size in sizes if (value := _of(size, what)) is not None]


def _of(size: Size, what: str) -> int | None:
    value: int | None = getattr(size, what)
    return value


def _days(wall: datetime) -> float:
    return wall.toordinal() + (wall.hour * 60 + wall.minute) / 1440


def _days_of(label: str) -> float:
    return float(date.fromisoformat(label).toordinal())


def _say(value: float, what: str) -> str:
    if what == "bytes":
        return say_size(value)
    return f"{value:,.0f} {what[:-1] if value == 1 else what}"


def _say_size(size: Size) -> str:
    rows = f" with {_say(size.rows, 'rows')}" if size.rows is not None and size.files else ""
    return f"{say_size(size.bytes)} in {count_of(size.files, 'file')}{rows}"


def _say_range(usual: Usual, what: str) -> str:
    spread = usual.factor ** (1 / (_WIDE * _NORMAL)) if usual.factor > _LEAST_FACTOR else 1.0
    if spread == 1.0 or usual.middle <= 0:
        return f"about {_say(usual.middle, what)}"
    return f"{_say(usual.middle / spread, what)} to {_say(usual.middle * spread, what)}"


def _because(look: _Look, crossed: Sequence[_Bound], bounds: Sequence[_Bound]) -> str:
    told = f"{look.name} came to {_say_size(look.size)}"
    if crossed:
        return f"{told}: {'; '.join(map(_crossing, crossed))}"
    expected = " and ".join(each.say() for each in bounds)
    why = next((each.why.partition(", and")[0] for each in bounds if each.why), "")
    return f"{told}; expected {expected}{f' ({why})' if why else ''}" if expected else told


def _crossing(bound: _Bound) -> str:
    away = f"{'more' if bound.is_most else 'less'} than {_say(bound.value, bound.what)}"
    return f"{away}: {bound.why}" if bound.why else f"{away}, the limit"


def _advice(look: _Look, crossed: Sequence[_Bound]) -> str:
    if any(not each.is_most for each in crossed):
        return f"look at the run that loads {look.name}: part of its data is missing, or its source delivered less"
    return (
        f"see whether {look.name} was loaded twice, or its source delivers more now; if it is to stay so, raise the "
        "limit"
    )


def _not_looked_at(seen: Observation, period: Period) -> Problem:
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"how much {seen.table.id} holds of {period.label} was not read",
        "write a partitions check beside it, whose periods the keys tell apart",
    )


def _no_sizes(seen: Observation) -> Problem:
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"how much {seen.table.id} holds is not known: its {seen.table.format.value} log was read for its newest data "
        "only",
        "write a partitions check beside it, or turn volume off for this table",
    )


def _no_rows(seen: Observation) -> Problem:
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"rows of {seen.table.id} are not known: neither the catalog nor a listing tells them",
        "write min_bytes or min_files in place of min_rows",
    )


def _rows_unknown(name: str) -> Problem:
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"rows of {name} are not known: neither the catalog nor a listing tells them",
        "compare bytes or files (volume: {of: bytes})",
    )
