"""Reading a table by period: the due partitions, by name, never a listing of the whole table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from checks.aws.uris import split_uri
from checks.lake.glue.partitions import InTime, Range, is_sentinel, older, registered, sampled
from checks.lake.plain.depth import read_short, spot_of
from checks.lake.plain.earlier_answers import Answers, keys_of
from checks.lake.plain.half_registered import Beside
from checks.lake.plain.naming import Naming, cells_of, hive_place, values_in
from checks.lake.plain.new_values import NewValues
from checks.lake.plain.newest import is_later, newest_registered
from checks.lake.plain.past import past_periods, past_times
from checks.lake.plain.siblings import ways_of
from checks.lake.plain.targets import Targets, of_registered
from checks.lake.plain.wants import Wants
from checks.lake.s3.scan import Looked, can_scan, common
from checks.layout.data_files import is_data, own_keys
from checks.model import Observation, PartitionSeen, Unobserved
from checks.rules.base import by_memory
from checks.schedule.clock import wall_of
from checks.schedule.formats import sorts_as_time
from checks.schedule.periods import DAILY, period_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.lake.glue.partitions import Registered
    from checks.lake.s3.scan import Spot
    from checks.lake.s3.table_reader import LakeReader
    from checks.layout import TimeLayout
    from checks.model import Answer, Combination, Period
    from checks.rules.asking import Clock, Further
    from checks.rules.base import TablePlan
    from checks.schedule.periods import Every

_AHEAD = timedelta(days=2)
"""Partitions are looked at up to this (and two periods) after now: beyond are sentinels like 2999-12-31."""
_MOST_LOOKED_INTO = 3
_NEWEST = 2
"""Where something new enough is sought in many places, it is sought in so many periods first: the last two."""
_PLACES_A_PERIOD = 2
"""Periods that are kept in more places than this are not learned from farther back: each would take a request."""
_USUAL = 14
_ONE_BY_ONE = 3
"""So many partitions are looked at one by one where the newest of them may be enough."""


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
        wants, naming = self.wants, targets_of.names()
        notes: list[str] = []
        beyond = 0
        if targets_of.are_by_path:
            targets = targets_of.by_name(periods, self.clock.now)
        else:
            targets, notes, beyond = self._registered(periods, first, targets_of)
        partitions = self._look_at(sorted(targets, key=lambda each: each.period, reverse=True))
        seen = replace(seen, partitions=tuple(partitions))
        further = [want for want in wants if want.needs.further is not None]
        further = [want for want in further if want.rule.wants_further(seen, self.clock, self.plan.memory)]
        if further:
            seen = self._further(seen, further, targets_of)
            partitions = list(seen.partitions)
        if beyond and not any(want.needs.further and want.needs.further.newest for want in further):
            noun = "partition lies" if beyond == 1 else "partitions lie"
            notes.append(f"{beyond} registered {noun} in the future and counted nowhere")
        seen = replace(seen, notes=tuple(notes))
        filled = [
            each.period.start for each in partitions if each.listing is not None and each.listing.objects
        ]
        unsure = [want.first for want in wants if want.misses_first(filled)]
        if unsure:
            try:  # before what was asked for without a gap: others look at single periods farther back
                filled += self._earlier(min(unsure), targets_of, naming)
            except Unobserved as error:  # what was seen still holds
                seen = replace(seen, first_period_problem=error.problem)
        seen = replace(seen, first_period_at=min(filled, default=None))
        # Last, so that it takes no request from what is judged. Later runs look at the newest partitions alone.
        past, whole = self._past(seen, periods, targets_of), self.plan.memory.has_to_learn
        return replace(seen, arrivals=past, arrivals_whole=whole)

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
        if not is_asked or len(seen.partitions) > _PLACES_A_PERIOD * max(len(periods), _USUAL):
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
        return past_times(self.reader, self.plan, self.clock, todo, self._root)

    def _look_at(self, targets: Sequence[PartitionSeen]) -> list[PartitionSeen]:
        """Return what was seen of those targets (newest first) that a rule still wants when their turn comes.

        What is wanted in any case is read by one scan where that can be; what is wanted only until something
        new enough was seen, one by one at first.
        """
        wants, known = self.wants, self._known(targets)
        if self._is_fan(targets):
            return self._with_short_ones(self._in_turn(targets, known))
        surely = [each for each in targets if any(w.covers(each.period) and not w.can_end for w in wants)]
        looked = self._scan(surely, known)
        partitions: list[PartitionSeen] = []
        sure = {id(each) for each in surely}
        alone = 0
        for number, target in enumerate(targets):
            if not any(want.wants(target.period) for want in wants):
                continue
            if id(target) not in sure:
                alone += 1
                if alone == _ONE_BY_ONE + 1:
                    rest = [each for each in targets[number:] if id(each) not in sure]
                    looked |= self._scan(rest, known)
            partitions.append(self._look(target, looked, known.get(id(target))))
            for want in wants:
                want.saw(partitions[-1])
        return self._with_short_ones(partitions)

    def _is_fan(self, targets: Sequence[PartitionSeen]) -> bool:
        """Tell whether each period is kept in several projected places, of which one with data proves it."""
        told_apart = any(want.needs.each is not None for want in self.wants)
        several = len({each.dimensions for each in targets}) > 1
        return self.reader.counting is not None and several and not told_apart

    def _in_turn(self, targets: Sequence[PartitionSeen], known: dict[int, Answer]) -> list[PartitionSeen]:
        """Return what was seen of places of which one proves a period: those of one combination of values by one scan.

        A period that was proved is sought no further. Where something new enough ends it all, the newest periods come
        first.
        """
        groups: dict[Combination, list[PartitionSeen]] = {}
        for target in targets:
            groups.setdefault(target.dimensions, []).append(target)
        starts = sorted({each.period.start for each in targets}, reverse=True)
        ends_early = all(want.can_end for want in self.wants if not want.is_silent)
        rounds = [starts[:_NEWEST], starts[_NEWEST:]] if ends_early else [starts]
        proved: set[datetime] = set()
        partitions: list[PartitionSeen] = []
        for chosen in rounds:
            for group in groups.values():
                todo = [
                    each
                    for each in group
                    if each.period.start in chosen
                    and each.period.start not in proved
                    and any(want.wants(each.period) for want in self.wants)
                ]
                looked = self._scan(todo, known)
                for target in todo:
                    partitions.append(self._look(target, looked, known.get(id(target))))
                    for want in self.wants:
                        want.saw(partitions[-1])
                proved |= {
                    each.period.start for each in partitions[-len(todo) :] if todo and self._proves(each)
                }
        return sorted(partitions, key=lambda each: each.period, reverse=True)

    def _proves(self, seen: PartitionSeen) -> bool:
        """Tell whether what was seen of one place is all that the rules want to know of its period."""
        listing = seen.listing
        if listing is None or not listing.objects or listing.oldest_at is None:
            return False
        rules = [want.rule for want in self._wants_of(seen.period) if not want.has_enough]
        spot = spot_of(seen, rules, self.clock, self.plan.memory)
        return not spot.whole and (spot.in_time_by is None or listing.oldest_at <= spot.in_time_by)

    def _with_short_ones(self, partitions: list[PartitionSeen]) -> list[PartitionSeen]:
        """Look again at what was not seen to its end in this run, and has to be; that may show that more has to."""
        through: set[int] = set()
        while again := {id(each) for each in read_short(partitions, self.plan.rules, self.clock)} - through:
            looked = [
                self._look(replace(each, seen_at=None, lasting=False), {}) if id(each) in again else each
                for each in partitions
            ]
            through |= {id(new) for new, old in zip(looked, partitions, strict=True) if id(old) in again}
            partitions = looked
        return partitions

    def _known(self, targets: Sequence[PartitionSeen]) -> dict[int, Answer]:
        """Return the answers of earlier runs that stand in place of looks, by the targets' identities."""
        found = (
            (id(each), self.answers.in_place_of(each, (want.needs for want in self._wants_of(each.period))))
            for each in targets
        )
        return {target: answer for target, answer in found if answer is not None}

    def _scan(self, targets: Sequence[PartitionSeen], known: dict[int, Answer]) -> dict[str, Looked]:
        """Return what lies in these targets' places (newest first), empty where they are not to be scanned."""
        places = [each for each in targets if each.location is not None and each.problem is None]
        in_time = sorted(places, key=lambda each: (each.period, each.location or ""))
        spots = []
        for each in in_time:
            rules = (want.rule for want in self._wants_of(each.period))
            spot = spot_of(each, rules, self.clock, self.plan.memory)
            answer = known.get(id(each))
            spots.append(spot if answer is None else replace(spot, known_keys=keys_of(answer)))
        if not can_scan(self._root(spots), [spot.location for spot in spots]):
            return {}
        return self.reader.places(self.plan, self.clock, spots)

    def _root(self, spots: Sequence[Spot]) -> str | None:
        """Return what places have to lie below to be scanned: of a template that leads elsewhere, its folder."""
        location, places = self.plan.table.location, [spot.location for spot in spots]
        within = location is not None and all(place.startswith(location) for place in places)
        if self.reader.counting is None or within or not places:
            return location
        shared = common(min(places), max(places))
        return shared[: shared.rfind("/") + 1] if shared.count("/") > 2 else None

    def _wants_of(self, period: Period) -> list[Wants]:
        """Return what the rules want that look at a period; one that asks for nothing of its own may look at all."""
        return [want for want in self.wants if want.covers(period) or want.is_silent]

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
            if self._is_later(each.partition):
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
        more = self._look_at(sorted(targets, key=lambda each: each.period, reverse=True))
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

    def _look(
        self, target: PartitionSeen, looked: dict[str, Looked], answer: Answer | None = None
    ) -> PartitionSeen:
        """Return the target with its listing, that of an earlier run's answer, or the problem that stood in the way."""
        if target.problem is not None or (target.location is None and not target.registered):
            return target
        known = looked.get(target.location or "")
        if known is None and answer is not None:
            return replace(target, listing=answer.listing, seen_at=answer.seen_at)
        if known is None:
            known = self._listed(target.location)
        problem, listing = self.answers.told(known.problem, target), known.listing
        if problem is not None:
            target = replace(target, problem=problem)
        if known.lasting and self.answers.lasts(target, listing):
            return replace(target, listing=listing, lasting=True)
        if target.registered is False and listing is not None and listing.newest_key is not None:
            actual = values_in(self.plan.table, listing.newest_key)
            if actual is not None:
                return replace(target, listing=listing, values=actual.values, location=actual.location)
        return self._with_usual_place(replace(target, listing=listing))

    def _listed(self, location: str | None) -> Looked:
        """Return what lies at a location, listed by itself."""
        try:
            listing = self.reader.place(self.plan, self.clock, location)
        except Unobserved as error:
            return Looked(problem=error.problem)
        return Looked(listing, lasting=listing.complete)

    def _with_usual_place(self, target: PartitionSeen) -> PartitionSeen:
        """Say of an empty partition whether data lies where its values put it by name, for a rule that asks that."""
        listing, table = target.listing, self.plan.table
        if not (target.registered and listing is not None and self.plan.detail(self.clock).usual_place):
            return target
        usual = hive_place(table, target.values)
        if listing.objects or listing.empty_objects or usual is None or usual == target.location:
            return target
        try:
            there = self.reader.place(self.plan, self.clock, usual)
        except Unobserved as error:
            return replace(target, problem=error.problem)
        return replace(target, usual_location=usual) if there.objects else target

    def _earlier(self, first: datetime, targets_of: Targets, naming: Naming | None) -> list[datetime]:
        """Return the start of an earlier period with data, as cheaply as one can be told; empty when none is known.

        By one request for older partitions and a look into at most three, or by the first page of names.
        Raises Unobserved.
        """
        if targets_of.are_by_path:
            wall = self._first_by_name(naming) if naming is not None else None
        else:
            wall = self._older_with_data(first)
            if wall is None and not _tells_order(self.layout):
                wall = self._first_of_sample(first)
        period = period_of(wall, self.every, self.layout.zone) if wall is not None else None
        return [period.start] if period is not None else []

    def _older_with_data(self, first: datetime) -> datetime | None:
        """Return the wall time of an older registered partition that holds data, None when none is known.

        Where many are registered the table is no young one, though its oldest files may have expired. Where
        there are few, up to three are looked into, the newest first: partitions may be registered before any
        data comes. Raises Unobserved where one of them could not be looked into and no other holds data.
        """
        found, more = older(self.reader.partitions, self.plan.table, self.layout, first)
        came = [each for each in found if not self._is_later(each.partition)]
        return came[-1].wall if more and came else self._newest_with_data(came)

    def _newest_with_data(self, came: Sequence[InTime]) -> datetime | None:
        """Return the wall time of one of the newest three of these partitions that holds data; None where none does.

        Raises Unobserved where one of them could not be looked into and no other holds data.
        """
        one_page, failed = replace(self.reader, most_pages=1), None
        for each in came[:_MOST_LOOKED_INTO]:
            try:
                listing = one_page.place(self.plan, self.clock, each.partition.location)
            except Unobserved as error:
                failed = failed or error
                continue
            if listing.objects or not listing.complete:
                return each.wall
        if failed is not None:
            raise failed
        return None

    def _is_later(self, partition: Registered) -> bool:
        """Tell whether a partition was registered after the time that the run is for."""
        return is_later(partition, self.clock)

    def _first_of_sample(self, first: datetime) -> datetime | None:
        """Return the wall time of a sampled partition before ``first`` that holds data, None when none is known."""
        names = [key.name for key in self.plan.table.partition_keys]
        found = []
        for each in sampled(self.reader.partitions, self.plan.table):
            wall = self.layout.read(dict(zip(names, each.values, strict=False)))
            if wall is not None and wall < first and not is_sentinel(wall) and not self._is_later(each):
                found.append(InTime(each, wall))
        return self._newest_with_data(sorted(found, key=lambda each: each.wall, reverse=True))

    def _first_by_name(self, naming: Naming) -> datetime | None:
        bucket, prefix = split_uri(naming.template.split("${", 1)[0])
        page, keys = self.reader.store.list_page(bucket, prefix), own_keys(self.plan.table)
        counting = self.reader.counting
        walls = (
            naming.read(f"s3://{bucket}/{key.key}")
            for key in page.keys
            if key.size_bytes
            and is_data(key.key.removeprefix(prefix), self.plan.entry.chosen, keys=keys)
            and (counting is None or counting(f"s3://{bucket}/{key.key}"))
        )
        return min((wall for wall in walls if wall is not None), default=None)


def _tells_order(layout: TimeLayout) -> bool:
    return layout.padding_known and all(sorts_as_time(text) for text in layout.formats)
