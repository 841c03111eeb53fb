"""What lies in the places of a table's periods: which are looked at, in which order, by one scan or one by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.lake.plain.depth import read_short, spot_of
from checks.lake.plain.earlier_answers import Answers, keys_of
from checks.lake.plain.naming import hive_place, values_in
from checks.lake.s3.scan import Looked, can_scan, common
from checks.model import PartitionSeen, Unobserved

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.lake.plain.wants import Wants
    from checks.lake.s3.scan import Spot
    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Answer, Combination, Period
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

_NEWEST = 2
"""Where something new enough is sought in many places, it is sought in so many periods first: the last two."""
_ONE_BY_ONE = 3
"""So many partitions are looked at one by one where the newest of them may be enough."""


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks into places of a table that its rules want, as far as no answer of an earlier run stands for one."""

    plan: TablePlan
    clock: Clock
    reader: LakeReader
    answers: Answers
    wants: Sequence[Wants]

    def at(self, targets: Sequence[PartitionSeen]) -> list[PartitionSeen]:
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
        if not can_scan(self.root(spots), [spot.location for spot in spots]):
            return {}
        return self.reader.places(self.plan, self.clock, spots)

    def root(self, spots: Sequence[Spot]) -> str | None:
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
