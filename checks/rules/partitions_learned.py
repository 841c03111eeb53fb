"""The check `partitions`, as far as it learns when periods are due: its schedule, as stated or as learned. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, islice, takewhile
from math import ceil
from typing import TYPE_CHECKING, ClassVar

from checks.layout import layout_from_json
from checks.rules.base import Rule
from checks.rules.learned_periods import MOST_KEPT, keeps_hours, learn_schedule, misses_by
from checks.rules.missed import NOTHING_MISSED, Missed, missed
from checks.rules.taught import say_left_out, say_taught, teaching
from checks.schedule.periods import back_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import Self

    from checks.layout.dimensions import Dimensions
    from checks.marks import Mark
    from checks.model import Item, Observation, PartitionSeen, Period, TableMemory
    from checks.rules.asking import Clock, Share
    from checks.rules.learned_periods import LearnedSchedule
    from checks.schedule.due import DuePeriod, Schedule

_DAY = timedelta(days=1)
_DAYS_TO_LEARN = 4
"""Three days tell at which times data comes; a night before the first of them says nothing."""
_MISSED_OF_EACH = "single periods are missed now and then, and each value is due by itself"
_NOT_LOOKED_AT = "not all that is due by it was looked at"


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnsSchedule(Rule):
    """A rule about periods that are due by a ``schedule``, which it may learn of when the first data of each came."""

    can_learn: ClassVar[bool] = True
    schedule: Schedule
    each: Dimensions | None = None
    auto: Share | None = None
    """Its share of the false alarms where it learns when periods are due; None where it does not."""
    every_stated: bool = True
    grace_stated: bool = True
    known: LearnedSchedule | None = None
    """What was learned, or why nothing was."""
    marks: tuple[Mark, ...] = ()
    """What people said that it learns from."""

    def due(self, clock: Clock) -> tuple[DuePeriod, ...]:
        """Return the periods of the lookback of which anything is due, newest first."""
        return self.schedule.due_of_any(clock.now, reach_back_to=clock.last_completed_at)

    def asked(self, seen: Observation, clock: Clock) -> Sequence[PartitionSeen]:
        """Return what was seen of the periods that this check asks for: others look farther back."""
        due = self.due(clock)
        return [each for each in seen.partitions if due and each.period.start >= due[-1].period.start]

    def taught(self, marks: Sequence[Mark], now: datetime) -> Self:
        """Return the rule with what marks of its table teach by ``now``, where it learns."""
        return self if self.auto is None else replace(self, marks=teaching(marks, self.check, now))

    @property
    def taught_by(self) -> frozenset[str]:
        """The ids of the marks that had a part in what it learned."""
        return frozenset(self.known.taught) if self.known is not None else frozenset()

    @property
    def tells_periods(self) -> bool:
        """Its items are periods."""
        return True

    @property
    def tells_values(self) -> bool:
        """Its items are values of other keys too, where these are told apart."""
        return True

    @property
    def learned_by(self) -> str:
        """Say by which marks: ``learned with 1 mark of ann, 23 Nov``; empty where by none."""
        by = self._by if self.known is not None and self.known.schedule is not None else ""
        return f"learned with {by}" if by else ""

    @property
    def _by(self) -> str:
        return say_taught(self.marks, self.taught_by, self.schedule.zone)

    @property
    def _lacks(self) -> str:
        """What it lacks to learn, and whose marks left out what there was."""
        if self.known is None or not self.known.lacks:
            return ""
        return f"{self.known.lacks}{say_left_out(self._by)}"

    @property
    def share(self) -> Share | None:
        """Its share of the false alarms that may come of what is learned."""
        return self.auto

    def sharing(self, share: Share) -> Self:
        """Return the rule with its share of the false alarms."""
        return self if self.auto is None else replace(self, auto=share)

    def without_time(self) -> Self:
        """Return the rule as it is: what earlier runs remember was learned before the table was looked at."""
        return self

    def remembering(self, memory: TableMemory) -> Self:
        """Return the rule with the schedule that earlier periods tell, by their names and when they came."""
        if self.auto is None:
            return self
        stated = self._stated(memory)
        known = self._of_all(learn_schedule(stated, memory.firsts, self.auto, self.marks))
        return replace(self, schedule=known.schedule or stated, known=known)

    def _of_all(self, known: LearnedSchedule) -> LearnedSchedule:
        """Return what was learned, where it holds for each value that is due by itself."""
        if self.each is None or known.schedule is None or known.schedule.misses <= 1:
            return known
        return replace(known, schedule=None, plain=None, sentence="", lacks=_MISSED_OF_EACH)

    def missed(self, items: Sequence[Item], seen: Observation, clock: Clock, memory: TableMemory) -> Missed:
        """Return what was missed of a table that misses single periods now and then, by its items, newest first."""
        share, known = self.auto, self.known
        if share is None or known is None or known.schedule is None:
            return NOTHING_MISSED
        usual_now, stated = known.schedule.misses, self._stated(memory)
        firsts = self.firsts(seen, clock, memory)

        def needed(stretch: Sequence[Item]) -> int:
            if any(item.key in memory.past_periods for item in stretch):
                return 1  # a run told it by itself: it stays so, whatever became usual
            by_then = misses_by(stated, firsts, share, stretch[-1].due_at or clock.now) or 1
            return by_then if by_then > 1 else usual_now

        return missed(items, needed)

    def _stated(self, memory: TableMemory) -> Schedule:
        """Return the schedule that holds while too little is known."""
        layout = layout_from_json(memory.layout, self.schedule.labels) if memory.layout else None
        every = self.schedule.every
        if not self.every_stated and layout is not None and layout.every is not None:
            every = layout.every
        after = self.schedule.after if self.grace_stated else min(every.nominal, _DAY)
        return replace(self.schedule, every=every, after=after)

    def learned(self, seen: Observation, clock: Clock, memory: TableMemory) -> Self:
        """Return the rule with what is seen in its first runs, where all that is due by it was looked at."""
        if self.auto is None:
            return self
        if self.known is not None and self.known.schedule is not None:
            return self._loosened(self.known, seen, clock, memory) if self.marks else self
        stated = self._stated(replace(memory, layout=memory.layout or seen.layout))
        mine = replace(self, schedule=stated)
        known = self._of_all(learn_schedule(stated, mine.firsts(seen, clock, memory), self.auto, self.marks))
        schedule = self._looked_at(known.schedule, seen, clock) if known.schedule is not None else None
        if schedule is not None:
            return replace(self, schedule=schedule, known=known)
        lacks = known.lacks or _NOT_LOOKED_AT
        return replace(self, schedule=stated, known=replace(known, schedule=None, lacks=lacks))

    def _loosened(self, known: LearnedSchedule, seen: Observation, clock: Clock, memory: TableMemory) -> Self:
        """Return the rule with what was expected of periods that are seen to be over only now."""
        found = known.loosened(self.firsts(seen, clock, memory), self.marks)
        if found.schedule is None or found.schedule == known.schedule:
            return self
        schedule = self._looked_at(found.schedule, seen, clock)
        return self if schedule is None else replace(self, schedule=schedule, known=found)

    @staticmethod
    def _looked_at(schedule: Schedule, seen: Observation, clock: Clock) -> Schedule | None:
        """Return the schedule as far back as its periods were looked at; the next run looks farther.

        None where the newest that are due by it were not.
        """
        labels = {each.period.label for each in seen.partitions}
        due = schedule.due(clock.now, reach_back_to=clock.last_completed_at)
        count = sum(1 for _ in takewhile(lambda each: each.period.label in labels, due))
        if due and not count:
            return None
        if count < len(due) and count < schedule.misses:  # so many in a row could not be seen
            return None
        nearer = replace(schedule, lookback=count) if count < len(due) else schedule
        reached = nearer.due_labels(clock.now, reach_back_to=clock.last_completed_at)
        return nearer if reached <= labels else None

    def firsts(self, seen: Observation, clock: Clock, memory: TableMemory) -> dict[str, datetime]:
        """Return when the first data of periods came, by their labels, the newest of them.

        Only those that this check asks for: others look at single periods farther back.
        """
        firsts = dict(memory.firsts)
        for partition in (*self.asked(seen, clock), *self._seen_before(seen, clock, memory)):
            listing, label = partition.listing, partition.period.label
            if listing is not None and listing.objects and partition.seen_at is None:
                at = listing.oldest_at or seen.now
                firsts[label] = min(firsts.get(label, at), at)
        return {label: firsts[label] for label in sorted(firsts, reverse=True)[:MOST_KEPT]}

    def earlier(self, clock: Clock, memory: TableMemory) -> tuple[Period, ...]:
        """Return the periods before the lookback that a first run looks at, newest first, to learn when it rests.

        None of days and longer, whose lookback is weeks, nor where earlier runs tell, or the lookback itself.
        """
        due, every = self.due(clock), self.schedule.every
        known = self.known is not None and self.known.schedule is not None
        if self.auto is None or known or memory.firsts or not due or not keeps_hours(every):
            return ()
        since = clock.now - _DAYS_TO_LEARN * _DAY
        oldest = due[-1].period.start
        walk = islice(
            back_from(oldest, every, self.schedule.labels), ceil(_DAYS_TO_LEARN * _DAY / every.nominal)
        )
        return tuple(each for each in walk if since <= each.start < oldest)

    def _seen_before(self, seen: Observation, clock: Clock, memory: TableMemory) -> Iterator[PartitionSeen]:
        """Yield what was seen of those, as far back as each of them was looked at."""
        by_label: dict[str, list[PartitionSeen]] = defaultdict(list)
        for each in seen.partitions:
            by_label[each.period.label].append(each)
        looked_at = takewhile(lambda period: period.label in by_label, self.earlier(clock, memory))
        return chain.from_iterable(by_label[period.label] for period in looked_at)

    def learning_notes(self) -> Iterator[str]:
        """Yield what its finding tells of how it learned: by whose marks, and what it lacks to learn."""
        if self.learned_by:
            yield f"when they are due was {self.learned_by}"
        if self._lacks:
            yield f"too little is known to learn when they are due: {self._lacks}"

    def explain_learned(self) -> Iterator[str]:
        """Yield what was learned, and its share of the false alarms; nothing where it does not learn."""
        if self.auto is None:
            return
        known = self.known
        if known is not None and known.sentence:
            yield f"learned: {known.sentence}{f'; {self.learned_by}' if self.learned_by else ''}"
        else:
            yield f"learned: nothing yet{f', {self._lacks}' if self._lacks else ''}"
        yield self.auto.say("it")
