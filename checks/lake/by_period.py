"""Reading a table by period: the due partitions, by name, never a listing of the whole table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from checks.lake.formats.files import is_data
from checks.lake.partitions import Range, older, registered, sample
from checks.lake.places import Naming, cells_of, values_in
from checks.lake.storage import split_uri
from checks.lake.targets import Targets, of_registered
from checks.model import Observation, PartitionSeen, Unobserved
from checks.schedule.clock import wall_of
from checks.schedule.periods import DAILY, period_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.lake.reader import LakeReader
    from checks.layout import TimeLayout
    from checks.model import Period
    from checks.rules.base import Clock, Needs, TablePlan
    from checks.schedule.periods import Every

_AHEAD = timedelta(days=2)
"""Partitions are looked at up to this (and two periods) after now: beyond are sentinels like 2999-12-31."""


def observe_by_period(plan: TablePlan, clock: Clock, reader: LakeReader, layout: TimeLayout) -> Observation:
    """Return what was seen of the periods that the table's rules need, newest first.

    A partition that cannot be listed carries its own problem. Raises Unobserved where nothing can be told.
    """
    return _ByPeriod(plan, clock, reader, layout, _every_of(plan, layout)).observe()


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


@dataclass(frozen=True, slots=True)
class _ByPeriod:
    plan: TablePlan
    clock: Clock
    reader: LakeReader
    layout: TimeLayout
    every: Every

    def observe(self) -> Observation:
        table = self.plan.table
        wants = [
            _Wants(rule.needs(table, self.layout, self.clock, self.plan.memory)) for rule in self.plan.rules
        ]
        seen = Observation(table=table, now=self.clock.now, layout=self.layout.to_json())
        if any(want.needs.place for want in wants):
            seen = replace(seen, listing=self.reader.place(self.plan, self.clock, table.location))
        periods = {period.start: period for want in wants for period in want.needs.periods}
        firsts = [want.needs.onward_from for want in wants if want.needs.onward_from is not None]
        firsts += [period.wall for period in periods.values()]
        if not firsts:
            return seen
        apart = next((want.needs for want in wants if want.needs.each is not None), None)
        targets_of = Targets(
            table, self.layout, apart.each if apart else None, apart.combinations if apart else None
        )
        naming = targets_of.names()
        notes: list[str] = []
        if targets_of.are_by_path:
            targets = targets_of.by_name(tuple(periods.values()), self.clock.now)
        else:
            targets, notes = self._registered(tuple(periods.values()), min(firsts), targets_of)
        partitions: list[PartitionSeen] = []
        for target in sorted(targets, key=lambda each: each.period, reverse=True):
            if not any(want.wants(target.period) for want in wants):
                continue
            looked = self._look(target)
            partitions.append(looked)
            for want in wants:
                want.saw(looked)
        seen = replace(seen, partitions=tuple(partitions), notes=tuple(notes))
        filled = [
            each.period.start for each in partitions if each.listing is not None and each.listing.objects
        ]
        if any(want.misses_first(filled) for want in wants):
            try:
                filled += self._earlier(min(firsts), targets_of, naming)
            except Unobserved as error:  # what was seen still holds
                seen = replace(seen, problem=error.problem)
        return replace(seen, first_period_at=min(filled, default=None))

    def _registered(
        self, periods: Sequence[Period], first: datetime, targets_of: Targets
    ) -> tuple[list[PartitionSeen], list[str]]:
        """Return the registered partitions, the places of periods without one, and notes."""
        table, layout, now = self.plan.table, self.layout, self.clock.now
        latest = max([now, *(period.end for period in periods)]) + 2 * self.every.nominal
        wanted = Range(first, cells_of(layout, self.every, first, latest))
        found, notes = registered(self.reader.partitions, table, layout, wanted)
        last = wall_of(now + _AHEAD + 2 * self.every.nominal, layout.zone)
        by_wall = {period.wall: period for period in periods}
        targets, beyond = [], 0
        for each in found:
            created_at = each.partition.created_at
            if self.clock.ignore_later and created_at is not None and created_at > now:
                continue
            if each.wall > last:
                beyond += 1
                continue
            period = by_wall.get(self.every.floor(each.wall)) or period_of(each.wall, self.every, layout.zone)
            if period is not None:
                targets.append(of_registered(each, period, table, layout))
        if beyond:
            noun = "partition lies" if beyond == 1 else "partitions lie"
            notes.append(f"{beyond} registered {noun} in the future and counted nowhere")
        return [*targets, *targets_of.absent(periods, targets)], notes

    def _look(self, target: PartitionSeen) -> PartitionSeen:
        """Return the target with its listing, or with the problem that stood in the way."""
        if target.problem is not None or (target.location is None and not target.registered):
            return target
        try:
            listing = self.reader.place(self.plan, self.clock, target.location)
        except Unobserved as error:
            return replace(target, problem=error.problem)
        if target.registered is False and listing.newest_key is not None:
            actual = values_in(self.plan.table, listing.newest_key)
            if actual is not None:
                return replace(target, listing=listing, values=actual.values, location=actual.location)
        return replace(target, listing=listing)

    def _earlier(self, first: datetime, targets_of: Targets, naming: Naming | None) -> list[datetime]:
        """Return the start of an earlier period with data, as cheaply as one can be told; empty when none is known.

        By one request for an older partition, or for the first page of names. Raises Unobserved.
        """
        if targets_of.are_by_path:
            wall = self._first_by_name(naming) if naming is not None else None
        else:
            wall = older(self.reader.partitions, self.plan.table, self.layout, first)
            if wall is None and not _tells_order(self.layout):
                wall = self._first_of_sample(first)
        period = period_of(wall, self.every, self.layout.zone) if wall is not None else None
        return [period.start] if period is not None else []

    def _first_of_sample(self, first: datetime) -> datetime | None:
        names = [key.name for key in self.plan.table.partition_keys]
        rows = sample(self.reader.partitions, self.plan.table)
        walls = (self.layout.read(dict(zip(names, row, strict=False))) for row in rows)
        return min((wall for wall in walls if wall is not None and wall < first), default=None)

    def _first_by_name(self, naming: Naming) -> datetime | None:
        bucket, prefix = split_uri(naming.template.split("${", 1)[0])
        page = self.reader.store.list_page(bucket, prefix)
        walls = (
            naming.read(f"s3://{bucket}/{key.key}")
            for key in page.keys
            if key.size_bytes and is_data(key.key.removeprefix(prefix), self.plan.pattern)
        )
        return min((wall for wall in walls if wall is not None), default=None)


def _every_of(plan: TablePlan, layout: TimeLayout) -> Every:
    """Return the cadence of periods: as the partitions check states it, else as the layout suggests it."""
    for rule in plan.rules:
        schedule = getattr(rule, "schedule", None)
        if schedule is not None:
            stated: Every = schedule.every
            return stated
    return plan.every or layout.every or DAILY


def _tells_order(layout: TimeLayout) -> bool:
    return layout.padding_known and "%-" not in "".join(layout.formats)
