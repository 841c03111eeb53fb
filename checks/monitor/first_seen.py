"""When data was first known to be in a period: what later runs tell lateness and loss by. Pure."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Observation, PartitionSeen
    from checks.rules.base import TablePlan


def came_at_latest(partition: PartitionSeen, now: datetime) -> datetime:
    """Return by when a partition held data, as far as what was seen of it tells."""
    oldest_at = partition.listing.oldest_at if partition.listing is not None else None
    known = (partition.seen_at or now, oldest_at, partition.created_at)
    return min(at for at in known if at is not None)


def seen_before(plan: TablePlan, seen: Observation, most: int) -> dict[str, datetime]:
    """Return when data was first seen in periods of the lookback that hold none now, or were not looked at.

    That they held data tells one that is gone from one that never came.
    """
    due = plan.schedule.due(seen.now) if plan.schedule is not None else ()
    if not due:
        return {}
    oldest = due[-1].period.label
    kept = (
        (key, at)
        for key, at in plan.memory.first_seen.items()
        if len(key.partition("/")[0]) == len(oldest) and key.partition("/")[0] >= oldest
    )
    return dict(islice(kept, most))
