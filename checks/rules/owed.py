"""Which of its due periods a table owes data of, from the first with data on, and what became of each. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.model import ItemState, item_key
from checks.rules.due_items import is_of, judge
from checks.rules.unread import doubt_about, is_whole

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.model import Combination, Item, Observation, PartitionSeen, Period, Problem, TableMemory
    from checks.schedule.due import DuePeriod


@dataclass(frozen=True, slots=True)
class Owed:
    """The due periods that a table owes data of, newest first, and what is not known of where they begin.

    ``first_at`` is the start of the first period with data, as far as that is known. ``never``: so many are due of a
    table that never held any, of which each is without data; else 0. ``doubt`` says why periods before these may be
    owed too. That periods before ``proven_at`` are owed may rest on one that could not be read: ``unread`` says why.
    """

    periods: tuple[DuePeriod, ...]
    first_at: datetime | None
    never: int = 0
    doubt: Problem | None = None
    proven_at: datetime | None = None
    unread: Problem | None = None

    def doubt_of(self, period: Period) -> Problem | None:
        """Return why it is not known whether data came before a period, so that it is owed; None where it did."""
        return self.unread if self.proven_at is not None and period.start < self.proven_at else None


@dataclass(frozen=True, slots=True)
class Expected:
    """A combination of values (empty: the table as a whole) that is ``due`` in periods, by their labels.

    ``since`` is the start of the first period that it is needed in; None: of all. Its times are told in ``zone``.
    """

    combination: Combination
    since: datetime | None
    due: Mapping[str, DuePeriod]
    zone: ZoneInfo

    def in_period(self, period: Period) -> DuePeriod | None:
        """Return when it is due of a period; None where it is not."""
        is_before = self.since is not None and period.start < self.since
        return None if is_before else self.due.get(period.label)


def owed_of(due: tuple[DuePeriod, ...], seen: Observation, memory: TableMemory) -> Owed:
    """Return which of the due periods are owed, from the first one with data on; the newest where there is none."""
    first_at, proven_at = first_period_at(seen, memory), proven_first_at(seen, memory)
    unsure = seen.first_period_problem if memory.first_period_at is None else None
    is_never = first_at is None and seen.problem is None and unsure is None
    periods = _since(due, first_at)
    # Where the first period is not known for sure, periods before the first one seen may be due too.
    doubt = (unsure or seen.problem or _first_unread(seen)) if len(periods) < len(due) else None
    return Owed(
        periods=due if unsure is not None else periods,
        first_at=first_at,
        never=len(due) if is_never else 0,
        doubt=doubt,
        proven_at=proven_at,
        unread=unsure or (_first_unread(seen) if first_at != proven_at else None),
    )


def _since(due: tuple[DuePeriod, ...], first_at: datetime | None) -> tuple[DuePeriod, ...]:
    if first_at is None:
        return due[:1]
    if due and due[-1].period.start >= first_at:  # they come newest first
        return due
    return tuple(each for each in due if each.period.start >= first_at)


def items_of(
    owed: Owed, expected: Sequence[Expected], seen: Observation, first_seen: Mapping[str, datetime]
) -> tuple[list[Item], Problem | None]:
    """Return what became of each owed period of each combination, newest first, and what stands against a pass.

    ``first_seen`` is when runs first saw data, by item.
    """
    by_label: dict[str, list[PartitionSeen]] = {}
    for partition in seen.partitions:
        by_label.setdefault(partition.period.label, []).append(partition)
    items, doubt, unknown = [], owed.doubt, ItemState.UNKNOWN
    for each in owed.periods:
        label = each.period.label
        of_period = by_label.get(label, ())
        for one in expected:
            due, combination = one.in_period(each.period), one.combination
            if due is None:
                continue
            partitions = [p for p in of_period if is_of(p, combination)] if combination else of_period
            known_at = first_seen.get(item_key(label, combination)) if first_seen else None
            item = judge(due, partitions, seen, known_at, one.zone)
            unproven = owed.doubt_of(each.period) if item.state.is_bad else None
            if unproven is not None:
                item = replace(item, state=unknown, detail=_may_be_earlier(unproven))
                doubt = doubt or unproven
            items.append(replace(item, dimensions=combination) if combination else item)
            if item.state is unknown and doubt is None:
                doubt = doubt_about(partitions) or seen.problem
    return items, doubt


def _may_be_earlier(problem: Problem) -> str:
    return f"without data, and it is not known whether any came before: {problem.message}"


def first_period_at(seen: Observation, memory: TableMemory) -> datetime | None:
    """Return the start of the first period with data, as far as that is known; None when there is none."""
    known = [at for at in (memory.first_period_at, seen.first_period_at) if at is not None]
    # What could not be listed whole may well be the first period: it must not fall out of what is due.
    known += [
        p.period.start
        for p in seen.partitions
        if p.problem is not None or (p.listing is not None and (p.listing.objects or not p.listing.complete))
    ]
    return min(known, default=None)


def proven_first_at(seen: Observation, memory: TableMemory) -> datetime | None:
    """Return the start of the first period of which it is proven that it held data; None when there is none."""
    known = [at for at in (memory.first_period_at, seen.first_period_at) if at is not None]
    known += [p.period.start for p in seen.partitions if p.listing is not None and p.listing.objects]
    return min(known, default=None)


def _first_unread(seen: Observation) -> Problem | None:
    """Return why it is not known whether the first period with data is the first: it could not be read itself."""
    unread = [p for p in seen.partitions if p.problem is not None or not is_whole(p)]
    filled = [p.period.start for p in seen.partitions if p.listing is not None and p.listing.objects]
    oldest = min(unread, key=lambda p: p.period.start, default=None)
    if oldest is None or any(start <= oldest.period.start for start in filled):
        return None
    return doubt_about([oldest])
