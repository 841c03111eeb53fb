"""What a compaction wrote, beside the newest arrival: data that came before it, maybe after all loads. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import Arrival, Problem, ProblemKind, iso

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.model import Observation


def beside_rewrites(
    seen: Observation, counts_from: datetime | None, newest: Arrival | None, limits: Sequence[datetime]
) -> tuple[Arrival | None, Problem | None]:
    """Return the newest arrival beside what a compaction wrote, and the problem that this may hide a newer one.

    What it rewrote came before it: where that is too old itself, nothing newer came.
    """
    counting = [p.listing for p in seen.partitions if counts_from is None or p.period.start >= counts_from]
    listed = [each for each in (seen.listing, *counting) if each is not None]
    found = [
        (each.rewritten_at, each.rewritten_key or seen.table.id)
        for each in listed
        if each.rewritten_at is not None
    ]
    if not found or seen.newest is not None:
        return newest, None
    at, key = max(found)
    if newest is not None and newest.at >= at:
        return newest, None
    if limits and at < max(limits):
        return Arrival(at, key, is_bound=True), None
    return newest, Problem(
        ProblemKind.TOO_LITTLE_HISTORY,
        f"{key} was written by a compaction, so that what lies in it came at or before {iso(at)}",
        "let compaction run less often than loads come",
    )
