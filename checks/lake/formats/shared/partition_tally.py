"""Which periods hold rows, as a table's own log tells it: what all formats with a log do alike."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from checks.aws.problems import clean
from checks.lake.glue.partitions import is_sentinel
from checks.layout import NULL_PARTITION, StatedLayout, TimeLayout, infer_layout, layout_from_json
from checks.model import Column, Listing, Observation, PartitionSeen, Period, Problem, ProblemKind
from checks.schedule.clock import wall_of
from checks.schedule.periods import period_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from checks.lake.formats.shared.asked import Asked
    from checks.lake.formats.shared.file_census import LiveNames
    from checks.lake.s3.growth import Growing
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan
    from checks.schedule.due import Schedule

_SAMPLE = 1000
_AHEAD = timedelta(days=2)
"""Periods that begin later than this after now are sentinels such as 2999-12-31."""


@dataclass(slots=True)
class Held:
    """What the log says that one partition holds: files with rows, their bytes, and when they came.

    A file whose coming the log does not tell (it was rewritten, or its commit is gone) leaves the first arrival
    open, and the last one too unless a later one is known.
    """

    files: int = 0
    size_bytes: int = 0
    first: datetime | None = None
    last: datetime | None = None
    evidence: str | None = None
    is_first_known: bool = True
    unknown_up_to: datetime | None = None
    rows: int | None = 0
    rows_unknown: str = ""
    part_of: Problem | None = None
    empty: int = 0
    names: LiveNames | None = None
    growing: Growing | None = None
    """How much came when; None where nobody asks for it."""

    def add(
        self, size_bytes: int, at: datetime, evidence: str, *, is_new: bool, rows: int | str = ""
    ) -> None:
        """Count a file whose rows came at an instant; not ``is_new``: others may have been there before.

        ``rows`` says how many, or why that is not known.
        """
        self.count(size_bytes, rows)
        self.grow(size_bytes, at, rows, is_dated=is_new)
        self.is_first_known &= is_new
        if self.first is None or at < self.first:
            self.first = at
        if self.last is None or at > self.last:
            self.last, self.evidence = at, evidence

    def add_unknown(self, size_bytes: int, not_after: datetime, rows: int | str = "") -> None:
        """Count a file whose rows came at a time that is not known, but not after that instant."""
        self.count(size_bytes, rows)
        self.grow(size_bytes, not_after, rows, is_dated=False)
        self.is_first_known = False
        self.unknown_up_to = max(self.unknown_up_to or not_after, not_after)

    def count(self, size_bytes: int, rows: int | str) -> None:
        """Count a file; the rows of all are known only where those of each are."""
        if size_bytes:
            self.files += 1
        else:
            self.empty += 1
        self.size_bytes += size_bytes
        if isinstance(rows, str):
            self.lose_rows(rows)
        elif self.rows is not None:
            self.rows += rows

    def grow(self, size_bytes: int, at: datetime, rows: int | str, *, is_dated: bool) -> None:
        """Note when a file came. One that took the place of others may hold what was there before: no date is known."""
        if self.growing is not None:
            known = rows if isinstance(rows, int) else None
            self.growing.add(at.timestamp(), size_bytes, bool(size_bytes), known, is_dated=is_dated)

    def lose_rows(self, why: str) -> None:
        """Say that rows are not known."""
        self.rows = None
        self.rows_unknown = self.rows_unknown or why

    @property
    def is_last_known(self) -> bool:
        """True when no rows of an unknown time can have come after the last known ones."""
        return self.last is not None and (self.unknown_up_to is None or self.last >= self.unknown_up_to)

    def listing(self, *, complete: bool) -> Listing:
        """Return it as a listing of the partition."""
        return Listing(
            objects=self.files,
            size_bytes=self.size_bytes,
            empty_objects=self.empty,
            oldest_at=self.first if self.is_first_known else None,
            newest_at=self.last if self.is_last_known else None,
            newest_key=self.evidence if self.is_last_known else None,
            complete=complete,
            rows=self.rows,
            rows_unknown=self.rows_unknown,
            part_of=self.part_of,
            names=self.names.names() if self.names is not None else None,
            growth=self.growing.steps() if self.growing is not None else (),
        )


def held_of(asked: Asked) -> Held:
    """Return what notes what one partition, or the table, holds, as closely as is asked for."""
    return Held(names=asked.collector(), growing=asked.growing())


@dataclass(frozen=True, slots=True)
class Wanted:
    """The periods that the rules need: ``periods`` newest first, and all from the wall time ``onward_from`` on.

    ``compared`` are earlier ones that these are compared with, by their wall times: of use where they cost little, and
    not known where they would cost what is needed.
    """

    schedule: Schedule
    layout: TimeLayout
    periods: tuple[Period, ...] = ()
    onward_from: datetime | None = None
    compared: Mapping[datetime, Period] = field(default_factory=dict)

    @property
    def first_wall(self) -> datetime | None:
        """The earliest wall time that is needed, None when no period is."""
        return self.onward_from

    @property
    def first_compared(self) -> datetime | None:
        """The earliest wall time that is of use, None when no period is."""
        return min(self.compared, default=self.onward_from)

    def wall_of(self, keys: Sequence[Column], values: Sequence[str]) -> datetime | None:
        """Return the wall time that partition values carry, None when they do not fit the layout."""
        return self.layout.read({key.name: value for key, value in zip(keys, values, strict=False)})

    def covers(self, wall: datetime) -> bool:
        """Tell whether a period of that wall time is needed, or of use."""
        if self.onward_from is None or wall >= self.onward_from:
            return self.onward_from is not None
        return self.schedule.every.floor(wall) in self.compared


def layout_of(
    plan: TablePlan,
    keys: Sequence[Column],
    samples: Iterable[Sequence[str]],
    told: StatedLayout | None = None,
) -> TimeLayout | Problem:
    """Return how the keys carry time: as the config states it, as the log tells it (``told``), or inferred.

    Of a table that holds no partition any more it is what was seen before.
    """
    stated = plan.stated_layout
    if (
        stated is not None
        and stated.keys
        and not stated.formats
        and told is not None
        and told.keys == stated.keys
    ):
        stated = told
    if plan.table.is_prefix and stated is not None and not stated.keys and "/" in "".join(stated.formats):
        stated = None  # a path that files may have below a prefix: a log tells keys
    if stated is not None and not stated.keys and len(stated.formats) == 1 and len(keys) == 1:
        stated = StatedLayout((keys[0].name,), stated.formats)
    rows = [tuple(row) for row, _ in zip(samples, range(_SAMPLE), strict=False)]
    found = infer_layout(keys, rows, plan.labels, stated or told, plan.every)
    if isinstance(found, Problem) and not rows and stated is None and plan.memory.layout is not None:
        before = layout_from_json(plan.memory.layout, plan.labels)
        if before is not None and {key.name for key in before.keys} <= {key.name for key in keys}:
            return before
    return found


def wanted(plan: TablePlan, clock: Clock, layout: TimeLayout) -> Wanted:
    """Return the periods that the table's rules need of the layout."""
    schedule = plan.schedule
    if schedule is None:
        message = "no rule needs periods"
        raise ValueError(message)
    periods: dict[datetime, Period] = {}
    compared: dict[datetime, Period] = {}
    firsts: list[datetime] = []
    for rule in plan.rules:
        if not rule.detail(clock).by_period:
            continue
        needs = rule.needs(plan.table, layout, clock, plan.memory)
        periods |= {period.wall: period for period in needs.periods}
        compared |= {period.wall: period for period in needs.compared}
        firsts += [needs.onward_from] if needs.onward_from is not None else []
    first = min([*firsts, *periods], default=None)
    return Wanted(
        schedule,
        layout,
        tuple(periods[wall] for wall in sorted(periods, reverse=True)),
        first,
        {wall: period for wall, period in compared.items() if first is None or wall < first},
    )


def with_partitions(  # noqa: PLR0913 - what is not known, and of which periods, by name
    seen: Observation,
    asked: Asked,
    want: Wanted,
    keys: Sequence[Column],
    held: Mapping[tuple[str, ...], Held],
    *,
    problem: Problem | None = None,
    before: datetime | None = None,
    earlier: datetime | None = None,
    unsure: Mapping[datetime, Problem] | None = None,
) -> Observation:
    """Add to an observation what each needed period holds.

    ``problem`` says why there may be more than ``held``: then what a period does not hold is not known. It is of
    the periods that begin ``before`` an instant, where there is one. ``earlier`` is the wall time of an earlier
    period that is known to hold data. ``unsure`` says of single periods, by their start, why they are not known.
    """

    def doubt(period: Period) -> Problem | None:
        of_all = problem if before is None or period.start < before else None
        return of_all or (unsure or {}).get(period.start)

    known = {wall: period for wall, period in want.compared.items() if doubt(period) is None}
    want = replace(want, compared=known)
    if before is not None and not any(map(doubt, want.periods)):
        problem = None
    partitions, starts, odd = _sort(seen, want, keys, held, doubt)
    have = {partition.period.start for partition in partitions}
    partitions += [
        PartitionSeen(period=period, problem=why, listing=None if why else Listing())
        for period in (*want.periods, *want.compared.values())
        # One without values stands for those that were not found, though others of its period were.
        if (why := doubt(period)) is not None or period.start not in have
    ]
    if earlier is not None:
        period = period_of(earlier, want.schedule.every, want.layout.zone)
        starts += [period.start] if period is not None else []
    notes = (
        (f"{odd} partitions have values that do not fit {want.layout.say()} and count nowhere",)
        if odd
        else ()
    )
    seen = replace(
        seen,
        partitions=tuple(sorted(partitions, key=lambda each: each.period, reverse=True)),
        first_period_at=min(starts, default=None),
        layout=want.layout.to_json(),
        notes=(*seen.notes, *notes),
    )
    is_known = problem is None and seen.problem is None and not unsure
    if is_known and _tells_arrivals(seen, want) and asked.detail.arrivals:
        # A backfill of an old period is no arrival: freshness is judged by the newest period that holds data.
        return replace(seen, newest=None, listing=None)
    return seen


def without_partitions(seen: Observation, plan: TablePlan, clock: Clock, problem: Problem) -> Observation:
    """Say of each due period that it is not known; what is known of the table as a whole still holds."""
    schedule = plan.schedule
    due = schedule.due(clock.now, reach_back_to=clock.last_completed_at) if schedule is not None else ()
    return replace(
        seen,
        partitions=tuple(PartitionSeen(period=each.period, problem=problem) for each in due),
        layout=plan.memory.layout,
        notes=(*seen.notes, problem.message),
    )


def _sort(
    seen: Observation,
    want: Wanted,
    keys: Sequence[Column],
    held: Mapping[tuple[str, ...], Held],
    doubt: Callable[[Period], Problem | None],
) -> tuple[list[PartitionSeen], list[datetime], int]:
    """Return the needed partitions, the starts of all periods that hold rows, and how many do not fit.

    Dates such as 1970-01-01 are none that the table began with.
    ``doubt`` says why there may be more in one than is ``held``.
    """
    every, zone = want.schedule.every, want.layout.zone
    timed = {key.name for key in want.layout.keys}
    last = wall_of(seen.now + _AHEAD + 2 * every.nominal, zone)
    by_wall = {period.wall: period for period in want.periods}
    partitions: list[PartitionSeen] = []
    starts: list[datetime] = []
    odd = 0
    for values, each in held.items():
        wall = want.wall_of(keys, values)
        if wall is None:
            odd += NULL_PARTITION not in values
            continue
        period = by_wall.get(every.floor(wall)) or period_of(wall, every, zone)
        if period is None or wall > last:
            continue
        if not is_sentinel(wall):
            starts.append(period.start)
        if want.covers(wall):
            pairs = zip(keys, values, strict=False)
            problem = doubt(period)
            partitions.append(
                PartitionSeen(
                    period=period,
                    values=values,
                    dimensions=tuple(
                        (key.name.lower(), clean(value)) for key, value in pairs if key.name not in timed
                    ),
                    listing=each.listing(complete=problem is None),
                    problem=problem,
                )
            )
    return partitions, starts, odd


def _tells_arrivals(seen: Observation, want: Wanted) -> bool:
    """Tell whether the log says of each partition that freshness may look at when its newest rows came."""
    starts = {period.start for period in want.periods}
    filled = [
        each
        for each in seen.partitions
        if each.listing is not None and each.listing.objects and each.period.wall not in want.compared
    ]
    newest = max((each.period.start for each in filled if each.period.start in starts), default=None)
    looked_at = [each for each in filled if newest is None or each.period.start >= newest]
    return bool(filled) and all(
        each.listing is not None and each.listing.newest_at is not None for each in looked_at
    )


def too_much(table: str, what: str, *, found: str = "periods") -> Problem:
    """Return the problem of a log that is too large to tell all periods, or all files."""
    return Problem(
        ProblemKind.OVER_BUDGET,
        f"{table}: {what}, so only the {found} that were found are known",
        "watch the table with freshness",
    )
