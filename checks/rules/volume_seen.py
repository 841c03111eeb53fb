"""What was seen of how much a table holds: in its newest due period, as a whole, in periods that are over. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from checks.rules.unread import ended_early
from checks.rules.usual import days_of_label, size_of, sum_of
from checks.rules.volume_marked import WHOLE
from checks.rules.volume_words import Bound, Look, no_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checks.model import Listing, Observation, PartitionSeen, Period, Problem, Size, TableMemory
    from checks.schedule.due import DuePeriod, Schedule


_DAY = timedelta(hours=23)
"""The shortest day of the year, when clocks change."""


def newest_with_data(due: Sequence[DuePeriod], seen: Observation) -> tuple[Period, list[PartitionSeen]]:
    """Return the newest of the periods of which data was seen, with its places: single ones before it may be missed.

    The newest of all where none has any, or where it is not known.
    """
    of_due = [
        (each.period, [one for one in seen.partitions if one.period.start == each.period.start])
        for each in due
    ]
    for period, places in of_due:
        if any(
            place.problem is not None or place.listing is None or place.listing.objects for place in places
        ):
            return period, places
        if not places or any(not place.listing.complete for place in places if place.listing is not None):
            break
    return of_due[0]


def place_seen(seen: Observation, memory: TableMemory, history: int, *, is_marked: bool) -> Look | Problem:
    """Return what is judged of a whole place, beside its sizes on the last days of looks; a problem where that fails.

    ``history``: so many earlier sizes are compared with. ``is_marked``: people spoke of some, so that all are needed.
    """
    listing, problem = _whole(seen)
    if listing is None:
        return problem or no_sizes(seen)
    today = f"{seen.now:%Y-%m-%d}"
    known = tuple(
        (days_of_label(label.removesuffix(WHOLE)), size)
        for label, size in sorted(memory.sizes.items(), reverse=True)
        if label.endswith(WHOLE) and label < today
    )
    earlier = known[:history]
    return Look(
        name=seen.table.location or seen.table.id,
        size=size_of(listing),
        at=days_of_label(today),
        noun="earlier day",
        other="earlier day",
        same=earlier,
        all=earlier,
        known=known,
        remembered=known if is_marked else (),
        problem=problem,
        empty=listing.empty_objects,
        rows_unknown=listing.rows_unknown,
    )


def whole_sizes(seen: Observation, schedule: Schedule | None) -> Iterator[tuple[str, Size]]:
    """Yield the whole sizes of periods that are over; without a schedule that of the place, by the day of the look."""
    if schedule is None:
        listing, problem = _whole(seen)
        if listing is not None and problem is None:
            yield f"{seen.now:%Y-%m-%d}{WHOLE}", size_of(listing)
        return
    due = schedule.due_whole(seen.now)
    by_label: dict[str, list[PartitionSeen]] = {}
    for partition in seen.partitions:
        if due and partition.period.start <= due[0].period.start:
            by_label.setdefault(partition.period.label, []).append(partition)
    for label, partitions in by_label.items():
        size, problem = sum_of(partitions)
        if problem is None:
            yield label, size


def of_nothing(look: Look, seen: Observation, memory: TableMemory, of: str) -> Bound | None:
    """Return the limit of a table whose files never held a byte, as far as is known: more than nothing; else None.

    No share of nothing says anything, and nothing is no usual size: such files are no data, however many came before.
    Where bytes came at times, these times tell what is usual, also that nothing is. A file without a row is another
    thing: it is whole, and may rightly say that nothing happened.
    """
    if look.size.files or not look.empty or look.problem is not None:
        return None
    sizes = (*(size for _, size in look.all), *memory.sizes.values())
    if memory.first_seen or any(size.bytes for size in sizes):
        return None
    if (
        look.period is not None
        and look.period.end - look.period.start < _DAY
        and seen.first_period_at is not None
    ):
        return None  # other hours may have held some: only those at this time of day are compared
    if any(each.listing is not None and each.listing.objects for each in seen.partitions):
        return None
    held = "nothing that is known of it ever held any"
    return Bound(of, is_most=False, value=1, usual=held, allows="what holds none is no data")


def _whole(seen: Observation) -> tuple[Listing | None, Problem | None]:
    """Return what the whole table holds, and why that is not known or a lower bound: by its log, or as one place."""
    if seen.whole is not None:
        return seen.whole.listing, seen.whole.problem
    listing = seen.listing
    if listing is None or seen.problem is not None:
        return None, seen.problem
    return listing, None if listing.complete else ended_early(seen.table.location or seen.table.id)
