"""A table's periods in words: which are due, what became of each, and why others are not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from checks.lake.plain.earlier_answers import say_spared
from checks.layout.projection import is_projected
from checks.rules.dimensions import say_combination
from checks.schedule.clock import say_instant
from checks.schedule.periods import back_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Finding, Item, Observation, Period
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan
    from checks.schedule.due import DuePeriod, Schedule

_MOST_PERIODS = 20
_MOST_ITEMS = 3
_MOST_WALKED = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodsTold:
    """The periods of a table in words, by the schedule that they are due by."""

    schedule: Schedule
    plan: TablePlan
    clock: Clock
    seen: Observation

    def say(self, finding: Finding) -> Iterator[str]:
        """Yield the schedule, what became of each due period, the newest first, and which is due next."""
        schedule = self.schedule
        now, zone = self.clock.now, schedule.zone
        last = self.clock.last_completed_at
        due = {each.period.start: each for each in schedule.due_of_any(now, reach_back_to=last)}
        items: dict[str, list[Item]] = {}
        for item in finding.items:
            items.setdefault(item.period, []).append(item)
        yield schedule.say()
        if not due:
            yield "none is due yet"
        oldest = min(due, default=None)
        shown = 0
        walk = islice(back_from(now, schedule.every, schedule.labels), _MOST_WALKED)
        for period in walk if oldest is not None else ():
            if oldest is None or period.start < oldest:
                break
            told = list(self._period(period, due.get(period.start), items.get(period.label, [])))
            if not told:
                continue
            if shown == _MOST_PERIODS:
                left = sum(start <= period.start for start in due)
                yield f"and {left} older due, down to {due[oldest].period.label}"
                break
            shown += 1
            yield from told
        following = schedule.next_due(now)
        if following is None:
            yield "next: none in sight"
        else:
            yield f"next: {following.period.label} is due {say_instant(following.due_at, zone)}"

    def _period(self, period: Period, due: DuePeriod | None, items: list[Item]) -> Iterator[str]:
        """Tell one period: when it was due and what became of it, or why it was not due; nothing of one yet to be."""
        schedule = self.schedule
        if due is None:
            reason = schedule.never_due_because(period)
            if reason is not None:
                yield f"{period.label}  not due: {reason}"
            return
        since = " and later" if schedule.parts else ""
        when = f"{period.label}  due {say_instant(due.due_at, schedule.zone)}{since}"
        stated_at = None if schedule.parts else schedule.stated_at(period)
        if stated_at is not None and stated_at != due.due_at:
            when += f" (put off from {say_instant(stated_at, schedule.zone)})"
        grace_end = schedule.grace_end(due.due_at)
        if schedule.grace and not schedule.parts and grace_end > self.clock.now:
            when += f", grace until {say_instant(grace_end, schedule.zone)}"
        if not items:
            yield f"{when}: {self._why_not_judged(period)}"
            return
        of_it = [each for each in self.seen.partitions if each.period.label == period.label]
        spared = say_spared(of_it, schedule.zone)
        if len(items) == 1 and not items[0].dimensions:
            yield f"{when}: {_state(items[0], schedule)}{spared}"
            return
        yield f"{when}:"
        odd = [item for item in items if item.state.value != "present"]
        for item in odd[:_MOST_ITEMS]:
            yield f"  {say_combination(item.dimensions)}: {_state(item, schedule)}"
        if len(odd) > _MOST_ITEMS:
            yield f"  and {len(odd) - _MOST_ITEMS} more that are not present"
        if present := len(items) - len(odd):
            yield f"  {present} of {len(items)} present{spared}"

    def _why_not_judged(self, period: Period) -> str:
        table = self.plan.table
        first = [at for at in (self.seen.first_period_at, self.plan.memory.first_period_at) if at is not None]
        if first and period.start < min(first):
            return "before the first period with data"
        if is_projected(table):
            return "not judged: outside the range that is projected, or before the first period with data"
        if self.schedule.misses > 1:
            return f"without data, which is told from {self.schedule.misses} in a row on"
        return "not judged"


def _state(item: Item, schedule: Schedule) -> str:
    arrived = f", first data {say_instant(item.arrived_at, schedule.zone)}" if item.arrived_at else ""
    detail = f" ({item.detail})" if item.detail else ""
    return f"{item.state.value}{detail}{arrived}"
