"""Reading a table by period: the due partitions, by name, never a listing of the whole table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from checks.lake.glue.partitions import Range, registered
from checks.lake.plain.earlier_answers import Answers
from checks.lake.plain.first_period import FirstPeriod
from checks.lake.plain.half_registered import Beside
from checks.lake.plain.looks import Looks
from checks.lake.plain.naming import cells_of
from checks.lake.plain.new_values import NewValues
from checks.lake.plain.newest import is_later, newest_registered
from checks.lake.plain.past import past_periods, past_times
from checks.lake.plain.siblings import ways_of
from checks.lake.plain.targets import Targets, of_registered
from checks.lake.plain.wants import Wants
from checks.model import Observation, PartitionSeen, Unobserved
from checks.rules.base import by_memory
from checks.schedule.clock import wall_of
from checks.schedule.periods import DAILY, period_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.lake.s3.table_reader import LakeReader
    from checks.layout import TimeLayout
    from checks.model import Period
    from checks.rules.asking import Clock, Further
    from checks.rules.base import TablePlan
    from checks.schedule.periods import Every

_AHEAD = timedelta(days=2)
"""Partitions are looked at up to this (and two periods) after now: beyond are sentinels like 2999-12-31."""
_PLACES_A_PERIOD = 2
"""Periods that are kept in more places than this are not learned from farther back: each would take a request."""
_USUAL_PERIODS = 14
"""So many periods a table may be looked at by at least, before its places are counted against them."""


def observe_by_period(plan: TablePlan, clock: Clock, reader: LakeReader, layout: TimeLayout) -> Observation:
    """Return what was seen of the periods that the table's rules need, newest first.

    A partition that cannot be listed carries its own problem. Raises Unobserved where nothing can be told.
    """
    if plan.memory.layout is None:  # how long its periods are is learned from their names
        known = replace(plan.memory, layout=layout.to_json())
        plan = replace(plan, rules=by_memory(plan.rules, known))
    table, memory = plan.table, plan.memory
    wants = tuple(
        Wants(rule, rule.needs(table, layout, clock, memory)) for rule in plan.rules if rule.looks(table)
    )
    due = [period for want in wants if want.needs.data_is_enough for period in want.needs.periods]
    answers = Answers.of(plan, clock, due)
    every = plan.schedule.every if plan.schedule is not None else layout.every or DAILY
    return _ByPeriod(plan, clock, reader, layout, every, answers, wants).observe()


@dataclass(frozen=True, slots=True)
class _ByPeriod:
    plan: TablePlan
    clock: Clock
    reader: LakeReader
    layout: TimeLayout
    every: Every
    answers: Answers
    wants: Sequence[Wants]

    @property
    def _looks(self) -> Looks:
        return Looks(self.plan, self.clock, self.reader, self.answers, self.wants)

    def observe(self) -> Observation:
        table, wants = self.plan.table, self.wants
        seen = Observation(table=table, now=self.clock.now, layout=self.layout.to_json())
        if any(want.needs.place for want in wants):
            seen = replace(seen, listing=self.reader.place(self.plan, self.clock, table.location))
        periods = {period.start: period for want in wants for period in want.needs.looked_at}
        firsts = [want.needs.onward_from for want in wants if want.needs.onward_from is not None]
        firsts += [period.wall for period in periods.values()]
        if not firsts:
            return seen
        apart = next((want.needs for want in wants if want.needs.each is not None), None)
        targets_of = Targets(
            table, self.layout, apart.each if apart else None, apart.combinations if apart else None
        )
        reader = replace(self.reader, counting=targets_of.counting(self.clock.now))
        counting = replace(self, reader=reader)
        return counting._of_periods(seen, tuple(periods.values()), min(firsts), targets_of)  # noqa: SLF001 - its own class

    def _of_periods(
        self, seen: Observation, periods: Sequence[Period], first: datetime, targets_of: Targets
    ) -> Observation:
        """Return what was seen with what lies in the places of the periods, and of those from ``first`` on."""
        wants, by_path = self.wants, targets_of.are_by_path
        first_period = FirstPeriod(
            self.plan, self.clock, self.reader, self.layout, self.every, targets_of.names(), by_path
        )
        notes: list[str] = []
        beyond = 0
        if by_path:
            targets = targets_of.by_name(periods, self.clock.now)
        else:
            targets, notes, beyond = self._registered(periods, first, targets_of)
        looked_at = self._looks.at(sorted(targets, key=lambda each: each.period, reverse=True))
        seen = replace(seen, partitions=tuple(looked_at))
        further = [want for want in wants if want.needs.further is not None]
        further = [want for want in further if want.rule.wants_further(seen, self.clock, self.plan.memory)]
        if further:
            seen = self._further(seen, further, targets_of)
        if beyond and not any(want.needs.further and want.needs.further.newest for want in further):
            noun = "partition lies" if beyond == 1 else "partitions lie"
            notes.append(f"{beyond} registered {noun} in the future and counted nowhere")
        seen = replace(seen, notes=tuple(notes))
        seen = self._with_first(seen, first_period)
        # Last, so that it takes no request from what is judged. Later runs look at the newest partitions alone.
        past, whole = self._past(seen, periods, targets_of), self.plan.memory.has_to_learn
        return replace(seen, arrivals=past, arrivals_whole=whole)

    def _with_first(self, seen: Observation, first_period: FirstPeriod) -> Observation:
        """Return what was seen with the first period that holds data, sought farther back where a rule needs that."""
        filled = [p.period.start for p in seen.partitions if p.listing is not None and p.listing.objects]
        unsure = [want.first for want in self.wants if want.misses_first(filled)]
        if unsure:
            try:  # before what was asked for without a gap: others look at single periods farther back
                filled += first_period.before(min(unsure))
            except Unobserved as error:  # what was seen still holds
                seen = replace(seen, first_period_problem=error.problem)
        return replace(seen, first_period_at=min(filled, default=None))

    def _past(self, seen: Observation, periods: Sequence[Period], targets_of: Targets) -> frozenset[int]:
        """Return when data came into earlier periods that a rule learns from, as far as few requests tell it.

        The newest come first. Where a period is kept in many places, or one of them cannot be read, that is all: what
        is learned rests on less.
        """
        filled = [each.period.start for each in seen.partitions if each.listing and each.listing.objects]
        known = {
            each.location
            for each in seen.partitions
            if each.listing is not None and each.listing.complete and each.seen_at is None
        }
        is_asked = filled and any(want.needs.history for want in self.wants)
        if not is_asked or len(seen.partitions) > _PLACES_A_PERIOD * max(len(periods), _USUAL_PERIODS):
            return frozenset()
        past = past_periods(max(filled), self.layout.every or DAILY, self.layout.zone)
        try:
            if targets_of.are_by_path:
                targets = targets_of.by_name(past, self.clock.now)
            else:
                targets, _, _ = self._registered(past, past[-1].wall, targets_of)
        except Unobserved:
            return frozenset()
        starts = {period.start for period in past}
        todo = [
            each
            for each in sorted(targets, key=lambda each: each.period, reverse=True)
            if each.location is not None and each.location not in known and each.period.start in starts
        ]
        return past_times(self.reader, self.plan, self.clock, todo, self._looks.root)

    def _registered(
        self, periods: Sequence[Period], first: datetime, targets_of: Targets
    ) -> tuple[list[PartitionSeen], list[str], int]:
        """Return the registered partitions, the places of periods without one, notes, and how many lie beyond."""
        table, layout, now = self.plan.table, self.layout, self.clock.now
        latest = max([now, *(period.end for period in periods)]) + 2 * self.every.nominal
        wanted = Range(first, cells_of(layout, self.every, first, latest))
        found, notes = registered(self.reader.partitions, table, layout, wanted)
        last = wall_of(now + _AHEAD + 2 * self.every.nominal, layout.zone)
        by_wall = {period.wall: period for period in periods}
        targets, beyond = [], 0
        for each in found:
            if is_later(each.partition, self.clock):
                continue
            if each.wall > last:
                beyond += 1
                continue
            period = by_wall.get(self.every.floor(each.wall)) or period_of(each.wall, self.every, layout.zone)
            if period is not None:
                targets.append(of_registered(each, period, table, layout))
        absent = targets_of.absent(periods, targets)
        if self.plan.detail(self.clock).usual_place:
            ways = ways_of(table, layout, targets) or ()
            beside = Beside(table, layout, self.every, self.reader.store, ways)
            absent += beside.sought(periods, targets)
            new = NewValues(table, layout, self.reader.store, ways)
            absent += new.sought([each for each in periods if each.start <= self.clock.now], targets)
        return [*targets, *absent], notes, beyond

    def _further(self, seen: Observation, further: Sequence[Wants], targets_of: Targets) -> Observation:
        """Return what was seen with what lies in the further places of these rules, newest first."""
        known = {(each.period.start, each.values, each.location) for each in seen.partitions}
        asked = [want.needs.further for want in further if want.needs.further is not None]
        try:
            if targets_of.are_by_path:
                periods = {
                    period.start: period for each in asked for period in (*each.periods, *each.compared)
                }
                targets = targets_of.by_name(tuple(periods.values()), self.clock.now)
            else:
                targets = newest_registered(
                    self.plan, self.clock, self.reader, self.layout, self.every, asked
                )
        except Unobserved as error:  # what was seen still holds
            return replace(seen, further_problem=error.problem)
        if not targets_of.are_by_path:
            targets += self._compared(asked, targets_of)
        targets = [each for each in targets if (each.period.start, each.values, each.location) not in known]
        for want in further:
            want.looks_further = True
        more = self._looks.at(sorted(targets, key=lambda each: each.period, reverse=True))
        both = sorted([*seen.partitions, *more], key=lambda each: each.period, reverse=True)
        return replace(seen, partitions=tuple(both))

    def _compared(self, asked: Sequence[Further], targets_of: Targets) -> list[PartitionSeen]:
        """Return the registered partitions of periods that others are compared with; none where Glue does not tell."""
        periods = {period.start: period for each in asked for period in each.compared}
        if not periods:
            return []
        first = min(period.wall for period in periods.values())
        try:
            found, _, _ = self._registered(tuple(periods.values()), first, targets_of)
        except Unobserved:  # what is compared proves nothing missing
            return []
        return [each for each in found if each.period.start in periods]
