"""Measuring one table: what its rules need, by as few requests as tell it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from checks.lake.catalog import RESOURCE_LINK
from checks.lake.errors import clean
from checks.lake.formats import reader_of
from checks.lake.layouts import has_time, layout_of
from checks.lake.partitions import InTime, Range, older, registered, sample
from checks.lake.places import (
    Naming,
    Place,
    cells_of,
    hive_naming,
    is_projected,
    path_naming,
    projection_naming,
    values_in,
)
from checks.lake.session import Meter, metered
from checks.lake.storage import split_uri
from checks.layout import TimeLayout
from checks.model import Format, Observation, PartitionSeen, Problem, ProblemKind, Unobserved
from checks.schedule.clock import wall_of
from checks.schedule.periods import DAILY, period_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.lake.reader import LakeReader
    from checks.model import Period, Table
    from checks.rules.base import Clock, Needs, TablePlan
    from checks.schedule.periods import Every

_AHEAD = timedelta(days=2)
"""Partitions are looked at up to this (and two periods) after now: beyond are sentinels such as 2999-12-31."""


def observe(plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
    """Return what was measured of the table.

    Never raises: what goes wrong is the observation's problem. Requests are counted exactly.
    """
    with metered(Meter(reader.stop_at)) as meter:
        try:
            seen = _observe(plan, clock, reader)
        except Unobserved as error:
            seen = Observation(table=plan.table, now=clock.now, problem=error.problem)
        except Exception as error:  # noqa: BLE001 - one broken table never costs the run
            seen = Observation(table=plan.table, now=clock.now, problem=internal_problem(plan.table, error))
    return replace(seen, requests=meter.requests)


def internal_problem(table: Table, error: BaseException) -> Problem:
    """Return the problem that a fault of the monitor itself is."""
    return Problem(
        ProblemKind.INTERNAL,
        f"{table.id} could not be read: {type(error).__name__}: {clean(error)}",
        "this is a fault of the monitor: report it with this line",
        f"internal {type(error).__name__}",
    )


def _observe(plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
    table = plan.table
    own = reader_of(table)
    if own is not None:
        return own.observe(plan, clock, reader)
    unreadable = _unreadable(table)
    if unreadable is not None:
        return Observation(table=table, now=clock.now, problem=unreadable)
    if not has_time(plan):
        return _one_place(plan, clock, reader)
    layout = layout_of(plan, reader)
    if isinstance(layout, Problem):
        if layout.kind is ProblemKind.UNSUPPORTED or any(rule.check == "partitions" for rule in plan.rules):
            return Observation(table=table, now=clock.now, problem=layout)
        note = f"{layout.message}; so the whole location was listed. To read it by period, {layout.remedy}"
        seen = _one_place(plan, clock, reader)
        return replace(seen, notes=(*seen.notes, note))
    return _by_period(plan, clock, reader, layout)


def _unreadable(table: Table) -> Problem | None:
    """Say why the table has no data of its own that could be listed, None when it has."""
    if table.kind == RESOURCE_LINK:
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table.id} is a resource link to {clean(table.parameters.get('target', 'another table'))}",
            "watch the table that it points to, through its account under accounts",
        )
    if table.kind == "VIRTUAL_VIEW":
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table.id} is a view: it has no data of its own",
            "watch the tables that it reads",
        )
    if table.location is None:
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table.id} has no location in S3 in the catalog",
            "mend its location, or exclude it",
        )
    if table.format is not Format.FILES:
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table.id} is of the format {table.format.value.capitalize()}, whose logs are not read",
            "exclude it, or watch the prefix of its data files with freshness",
        )
    return None


def _one_place(plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
    listing = reader.place(plan, clock, plan.table.location)
    return Observation(table=plan.table, now=clock.now, listing=listing)


@dataclass(slots=True)
class _Wants:
    """What one rule needs, and whether it has seen enough."""

    needs: Needs
    newest: datetime | None = None
    starts: frozenset[datetime] = field(init=False)

    def __post_init__(self) -> None:
        self.starts = frozenset(period.start for period in self.needs.periods)

    def wants(self, period: Period) -> bool:
        """Tell whether the rule still needs the period."""
        if not self.covers(period):
            return False
        return not self.has_enough

    @property
    def has_enough(self) -> bool:
        """Tell whether an arrival was seen after which no more needs to be read."""
        enough = self.needs.enough_at
        return enough is not None and self.newest is not None and self.newest >= enough

    def misses_first(self, filled: Sequence[datetime]) -> bool:
        """Tell whether the first period is asked for and the starts of those with data do not show it."""
        if not self.needs.first_period or self.has_enough:
            return False
        return min(self.starts) not in filled if self.starts else not filled

    def covers(self, period: Period) -> bool:
        """Tell whether the period is among what the rule needs."""
        onward = self.needs.onward_from
        return period.start in self.starts or (onward is not None and period.wall >= onward)

    def saw(self, seen: PartitionSeen) -> None:
        """Take note of what was seen."""
        at = seen.listing.newest_at if seen.listing is not None else None
        if at is not None and self.covers(seen.period) and (self.newest is None or at > self.newest):
            self.newest = at


def _by_period(plan: TablePlan, clock: Clock, reader: LakeReader, layout: TimeLayout) -> Observation:
    table = plan.table
    wants = [_Wants(rule.needs(table, layout, clock, plan.memory)) for rule in plan.rules]
    seen = Observation(table=table, now=clock.now, layout=layout.to_json())
    if any(want.needs.place for want in wants):
        seen = replace(seen, listing=reader.place(plan, clock, table.location))
    periods = {period.start: period for want in wants for period in want.needs.periods}
    firsts = [want.needs.onward_from for want in wants if want.needs.onward_from is not None]
    firsts += [period.wall for period in periods.values()]
    if not firsts:
        return seen
    first, every = min(firsts), _every_of(plan, layout)
    naming, targets, notes = _targets(plan, clock, reader, layout, first, every, tuple(periods.values()))
    partitions: list[PartitionSeen] = []
    for target in targets:
        if not any(want.wants(target.period) for want in wants):
            continue
        looked = _look(plan, clock, reader, target)
        partitions.append(looked)
        for want in wants:
            want.saw(looked)
    filled = [each.period.start for each in partitions if each.listing is not None and each.listing.objects]
    if any(want.misses_first(filled) for want in wants):
        start = _earlier(plan, reader, layout, first, every, naming if _is_by_path(table) else None)
        filled += [start] if start is not None and not (filled and start >= min(filled)) else []
    return replace(
        seen,
        partitions=tuple(partitions),
        first_period_at=min(filled, default=None),
        notes=(*seen.notes, *notes),
    )


def _is_by_path(table: Table) -> bool:
    """Tell whether nothing is registered for the table: its places are known by name alone."""
    return table.is_prefix or is_projected(table)


def _every_of(plan: TablePlan, layout: TimeLayout) -> Every:
    """Return the cadence of periods: as the partitions check states it, else as the layout suggests it."""
    for rule in plan.rules:
        schedule = getattr(rule, "schedule", None)
        if schedule is not None:
            stated: Every = schedule.every
            return stated
    return plan.every or layout.every or DAILY


def _targets(
    plan: TablePlan,
    clock: Clock,
    reader: LakeReader,
    layout: TimeLayout,
    first: datetime,
    every: Every,
    periods: Sequence[Period],
) -> tuple[Naming | None, list[PartitionSeen], list[str]]:
    """Return what may be looked at, newest first: registered partitions, and places of periods without one."""
    table = plan.table
    if _is_by_path(table):
        naming = (
            path_naming(table.location or "", layout) if table.is_prefix else projection_naming(table, layout)
        )
        if naming is None:
            raise Unobserved(
                Problem(
                    ProblemKind.UNSUPPORTED,
                    f"{table.id}: its storage.location.template cannot be filled from the keys that carry time",
                    "watch its prefix instead",
                )
            )
        targets = [target for period in periods for target in _by_name(period, naming, registered_=None)]
        return naming, sorted(targets, key=lambda each: each.period, reverse=True), []
    latest = max([clock.now, *(period.end for period in periods)]) + 2 * every.nominal
    wanted = Range(first, cells_of(layout, every, first, latest))
    found, notes = registered(reader.partitions, table, layout, wanted)
    last = wall_of(clock.now + _AHEAD + 2 * every.nominal, layout.zone)
    by_wall = {period.wall: period for period in periods}
    targets, beyond = [], 0
    for each in found:
        created_at = each.partition.created_at
        if clock.ignore_later and created_at is not None and created_at > clock.now:
            continue
        period = by_wall.get(every.floor(each.wall)) or period_of(each.wall, every, layout.zone)
        if each.wall > last:
            beyond += 1
        elif period is not None:
            targets.append(_of_registered(each, period, table, layout))
    if beyond:
        notes.append(f"{beyond} registered partitions lie in the future and were not looked at")
    have = {target.period.start for target in targets}
    naming = hive_naming(table, layout)
    for period in periods:
        if period.start not in have:
            targets += _by_name(period, naming, registered_=False)
    return naming, sorted(targets, key=lambda each: each.period, reverse=True), notes


def _of_registered(each: InTime, period: Period, table: Table, layout: TimeLayout) -> PartitionSeen:
    timed = {key.name for key in layout.keys}
    pairs = zip((key.name for key in table.partition_keys), each.partition.values, strict=False)
    return PartitionSeen(
        period=period,
        values=each.partition.values,
        dimensions=tuple((name, value) for name, value in pairs if name not in timed),
        location=each.partition.location,
        registered=True,
        created_at=each.partition.created_at,
    )


def _by_name(period: Period, naming: Naming | None, *, registered_: bool | None) -> list[PartitionSeen]:
    places = naming.places_of(period) if naming is not None else []
    if not places:
        if registered_ is None:
            problem = Problem(
                ProblemKind.UNSUPPORTED, f"{period.label} is kept in too many places to look at each",
                "choose a shorter every",
            )  # fmt: skip
            return [PartitionSeen(period=period, problem=problem)]
        return [PartitionSeen(period=period, registered=registered_)]
    return [
        PartitionSeen(period=period, values=place.values, location=place.location, registered=registered_)
        for place in places
    ]


def _look(plan: TablePlan, clock: Clock, reader: LakeReader, target: PartitionSeen) -> PartitionSeen:
    """Return the target with its listing, or with the problem that stood in the way."""
    if target.problem is not None or (target.location is None and not target.registered):
        return target
    try:
        listing = reader.place(plan, clock, target.location)
    except Unobserved as error:
        return replace(target, problem=error.problem)
    if target.registered is False and listing.newest_key is not None:
        actual: Place | None = values_in(plan.table, listing.newest_key)
        if actual is not None:
            return replace(target, listing=listing, values=actual.values, location=actual.location)
    return replace(target, listing=listing)


def _earlier(
    plan: TablePlan,
    reader: LakeReader,
    layout: TimeLayout,
    first: datetime,
    every: Every,
    naming: Naming | None,
) -> datetime | None:
    """Return the start of an earlier period that is known, as cheaply as it can be told; None when none is.

    By one request for an older partition or for the first page of names; where it fails the answer is None.
    """
    try:
        if naming is not None:
            wall = _first_by_name(plan.table, reader, layout, naming)
        else:
            wall = older(reader.partitions, plan.table, layout, first)
            if wall is None and not _tells_order(layout):
                names = [key.name for key in plan.table.partition_keys]
                walls = [
                    layout.read(dict(zip(names, row, strict=False)))
                    for row in sample(reader.partitions, plan.table)
                ]
                wall = min((each for each in walls if each is not None and each < first), default=None)
    except Unobserved:
        return None
    period = period_of(wall, every, layout.zone) if wall is not None else None
    return period.start if period is not None else None


def _tells_order(layout: TimeLayout) -> bool:
    return layout.padding_known and "%-" not in "".join(layout.formats)


def _first_by_name(table: Table, reader: LakeReader, layout: TimeLayout, naming: Naming) -> datetime | None:
    bucket, prefix = split_uri(table.location or "")
    page = reader.store.list_page(bucket, prefix)
    walls = [naming.read(f"s3://{bucket}/{key.key}") for key in page.keys if key.size_bytes]
    return min((wall for wall in walls if wall is not None), default=None)
