"""What was not read, or not to its end: the doubt that stands against a verdict on it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.model import Observation, PartitionSeen


def is_whole(partition: PartitionSeen) -> bool:
    """Tell whether all that lies in a partition was looked at."""
    return partition.listing is None or partition.listing.complete


def doubt_about(partitions: Iterable[PartitionSeen]) -> Problem | None:
    """Return why partitions were not read, or not to their end; None when all were."""
    for partition in partitions:
        if partition.problem is not None:
            return partition.problem
        if not is_whole(partition):
            return ended_early(partition.location or partition.period.label)
    return None


def ended_early(place: str) -> Problem:
    """Return the problem of a listing that was ended before its last page."""
    return Problem(
        ProblemKind.OVER_BUDGET,
        f"the listing of {place} was ended before its last page",
        "raise max_requests or the table's timeout",
    )


def no_due_period(seen: Observation) -> Problem:
    """Return why no due period was read: what was not seen never passes."""
    return seen.problem or Problem(
        ProblemKind.UNSUPPORTED,
        f"no due period of {seen.table.id} was read: its keys do not tell such periods apart",
        "state periods that they do tell (partitions: {every: ...})",
    )
