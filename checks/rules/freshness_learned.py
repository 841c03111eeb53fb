"""The check `freshness`, as far as it learns of arrivals when the next is due. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from checks.model import Problem, ProblemKind
from checks.rules.arrival_limits import ArrivalLimits
from checks.rules.asking import Clock
from checks.rules.base import Rule
from checks.rules.freshness_words import LearnedLimit
from checks.rules.newest_arrival import counts_from, newest_arrival
from checks.rules.taught import awaited, teaching

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from typing import Self

    from checks.marks import Mark
    from checks.model import Observation, TableMemory
    from checks.rules.asking import Share
    from checks.rules.learned import Auto, Learned
    from checks.schedule.due import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnsWhenDue(ArrivalLimits, Rule):
    """A rule about the newest arrival that may learn when the next is due; its stated limits hold until then.

    ``schedule`` is that of the table's partitions check, where it has one.
    """

    can_learn: ClassVar[bool] = True
    schedule: Schedule | None = None
    auto: Auto | None = None
    known: Learned | None = None
    """What a look at the table told, where it was learned from already."""

    @property
    def share(self) -> Share | None:
        """Its share of the false alarms that may come of what is learned."""
        return self.auto.share if self.auto is not None else None

    def sharing(self, share: Share) -> Self:
        """Return the rule with its share of the false alarms."""
        return self if self.auto is None else replace(self, auto=replace(self.auto, share=share))

    def without_time(self) -> Self:
        """Return the rule as it judges by the limits that stand beside what is learned."""
        return self if self.auto is None else replace(self, auto=replace(self.auto, has_time=False))

    def taught(self, marks: Sequence[Mark], now: datetime) -> Self:
        """Return the rule with what marks of its table teach by ``now``, where it learns."""
        if self.auto is None:
            return self
        said = teaching(marks, self.check, now)
        return replace(self, auto=replace(self.auto, marks=said, check=self.check, zone=self.zone))

    @property
    def taught_by(self) -> frozenset[str]:
        """The ids of the marks that had a part in what it learned."""
        return frozenset(self.known.found.taught) if self.known is not None else frozenset()

    def learned(self, seen: Observation, clock: Clock, memory: TableMemory) -> Self:
        """Return the rule with what is known of the table by what was seen and what earlier runs keep."""
        if self.auto is None or not self.auto.has_time:
            return self
        newest, _ = newest_arrival(seen, counts_from(seen, self.schedule, clock))
        auto = replace(self.auto, awaited=awaited(self.auto.marks, self.schedule, seen, memory))
        return replace(self, known=auto.look(seen, newest, clock.now, memory.arrivals))

    @property
    def tells_periods(self) -> bool:
        """Beside partitions it tells that nothing came of the newest period that is due."""
        return self.schedule is not None

    def known_watermarks(self, clock: Clock, memory: TableMemory) -> list[datetime]:
        """Return how new data has to be by what is known before the table is read; none where nothing tells it."""
        since = self.auto.fresh_since(memory.arrivals, clock.now) if self.auto is not None else None
        return [since] if since is not None else self.watermarks(clock.now)

    def limit_learned(self, newest_at: datetime, now: datetime) -> LearnedLimit:
        """Return what was learned, for the sentence: when data is due, or why that is not known."""
        known = self.known
        if known is None:
            return LearnedLimit(lacks="there was no time to learn in this run")
        due = known.due(self.zone)
        if due is not None:
            due = self.due_at(due)
        if due is None:
            return LearnedLimit(lacks=f"too little is known to learn: {known.need}")
        came_since = newest_at > due
        return LearnedLimit(
            due,
            known.found.sentence,
            known.found.sure,
            still_needed=known.found.still_needed if came_since and due < now else 0,
            by=known.by,
            bound=known.bound,
        )

    def limits_learned(
        self, learned: LearnedLimit, at: datetime, now: datetime
    ) -> tuple[datetime | None, datetime]:
        """Return how new data would have to be for no warning, and for nothing critical, by what was learned."""
        if self.grace is None or learned.due is None:
            return None, learned.watermark(at, now)
        ended = replace(learned, due=self.grace_end(learned.due))
        return learned.watermark(at, now), ended.watermark(at, now)

    def too_little(self, seen: Observation) -> Problem:
        """Return the problem of a table of which too little is known, beside which no limit stands."""
        why = f"{self.known.need}" if self.known is not None else "there was no time to learn in this run"
        return Problem(
            ProblemKind.TOO_LITTLE_HISTORY,
            f"when data of {seen.table.id} is due is not known yet: {why}",
            "wait for more of its arrivals, or write a limit that holds until then (max_age beside auto)",
        )

    def remember(self, seen: Observation, before: TableMemory) -> dict[str, Any]:
        """Return the arrivals that later runs learn from; what was known stands where the table could not be read."""
        if self.auto is None:
            return {}
        known = self.known
        if known is None and self.auto.has_time:
            known = self.learned(seen, Clock(now=seen.now), before).known
        if known is None or seen.problem is not None:
            return {"arrivals": before.arrivals}
        return {"arrivals": known.keeping}
