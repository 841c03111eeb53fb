"""What became of one due period: present, late, missing, empty, unregistered or unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.model import Item, ItemState
from checks.rules.sentences import add_partition_statement, count_of
from checks.rules.unread import is_whole
from checks.schedule.clock import say_instant
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.model import Combination, Observation, PartitionSeen
    from checks.schedule.due import DuePeriod


def is_of(partition: PartitionSeen, combination: Combination) -> bool:
    """Tell whether a partition belongs to a combination; one without values stands for each of them."""
    return not partition.dimensions or set(combination) <= set(partition.dimensions)


def judge(
    due: DuePeriod,
    partitions: Sequence[PartitionSeen],
    seen: Observation,
    first_seen: datetime | None,
    zone: ZoneInfo,
) -> Item:
    """Say what became of one due period, from all partitions of it; ``first_seen`` is when a run first saw its data."""
    filled = [p for p in partitions if p.listing is not None and p.listing.objects]
    usable = [p for p in filled if p.registered is not False]
    if usable:
        return _present(due, usable, first_seen)
    item = Item(period=due.period.label, state=ItemState.UNKNOWN, due_at=due.due_at)
    if any(p.problem is not None or not is_whole(p) for p in partitions):
        return _with(item, ItemState.UNKNOWN, next((p.problem.message for p in partitions if p.problem), ""))
    if filled:
        statement = add_partition_statement(seen.table, *filled)
        arrived = min(
            (p.listing.oldest_at for p in filled if p.listing and p.listing.oldest_at), default=None
        )
        return Item(
            period=due.period.label,
            state=ItemState.UNREGISTERED,
            due_at=due.due_at,
            arrived_at=arrived,
            detail=f"data lies at {filled[0].location} but is not registered in Glue",
            remedy=statement,
        )
    if not partitions and seen.problem is not None:
        return _with(item, ItemState.UNKNOWN, seen.problem.message)
    left_out = any(p.listing.left_out for p in partitions if p.listing is not None)
    if first_seen is not None and not left_out:
        detail = f"it held data (known since {say_instant(first_seen, zone)}), and holds none any more"
        return replace(_with(item, ItemState.GONE, detail), arrived_at=first_seen)
    zero_bytes = sum(p.listing.empty_objects for p in partitions if p.listing is not None)
    if zero_bytes:
        return _with(item, ItemState.EMPTY, f"{count_of(zero_bytes, 'file')} of zero bytes")
    if any(p.registered for p in partitions):
        return _with(item, ItemState.EMPTY, "registered, but no data at its location")
    return _with(item, ItemState.MISSING, "")


def _with(item: Item, state: ItemState, detail: str) -> Item:
    return Item(period=item.period, state=state, due_at=item.due_at, detail=detail)


def _present(due: DuePeriod, partitions: Iterable[PartitionSeen], first_seen: datetime | None) -> Item:
    """Tell present from late: late only when nothing that is known speaks for an arrival in time.

    A rewrite gives old data new objects, and a crawler may register long after the data came.
    """
    whole, arrived = True, first_seen
    for partition in partitions:
        listing = partition.listing
        if listing is not None:
            whole = whole and listing.complete
            if listing.oldest_at is not None and (arrived is None or listing.oldest_at < arrived):
                arrived = listing.oldest_at
        if partition.created_at is not None and (arrived is None or partition.created_at < arrived):
            arrived = partition.created_at
    if whole and arrived is not None and arrived > due.due_at:
        behind = say_duration(arrived - due.due_at)
        return Item(
            period=due.period.label,
            state=ItemState.LATE,
            due_at=due.due_at,
            arrived_at=arrived,
            detail=f"came {behind} after its deadline",
        )
    return Item(
        period=due.period.label,
        state=ItemState.PRESENT,
        due_at=due.due_at,
        arrived_at=arrived if whole else None,
    )


def lacking(items: Sequence[Item]) -> tuple[str, ...]:
    """Return the periods that hold no data, whatever their items' dimensions are."""
    none = {ItemState.MISSING, ItemState.EMPTY, ItemState.GONE}
    others = {item.period for item in items if item.state not in none}
    return tuple(dict.fromkeys(item.period for item in items if item.period not in others))
