"""What a table is read with: its account's S3 and Glue, and the limits of its reading."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.lake.skipscan import OutOfOrder, scan
from checks.lake.storage import Budget, list_place, tally_of
from checks.model import Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.lake.partitions import PartitionSource
    from checks.lake.skipscan import Looked, Spot
    from checks.lake.storage import ObjectStore
    from checks.model import Listing
    from checks.rules.base import Clock, TablePlan


@dataclass(frozen=True, slots=True)
class LakeReader:
    """Reads one table. ``stop_at`` (monotonic seconds) ends it, ``most_pages`` each listing of one place."""

    store: ObjectStore
    partitions: PartitionSource
    stop_at: float | None = None
    most_pages: int | None = None

    def place(self, plan: TablePlan, clock: Clock, location: str | None) -> Listing:
        """Return what lies at a location of the table; raise Unobserved."""
        if location is None:
            raise Unobserved(
                Problem(
                    ProblemKind.UNSUPPORTED,
                    f"a partition of {plan.table.id} has no location in S3",
                    "mend it in Glue",
                )
            )
        if self.stop_at is not None and time.monotonic() >= self.stop_at:
            raise Unobserved(_time_was_up(plan, location))
        return list_place(
            self.store,
            location,
            pattern=plan.pattern,
            clock=clock,
            budget=Budget(self.most_pages, self.stop_at),
            root=plan.table.location,
            table_format=plan.table.format,
            detail=plan.detail,
        )

    def places(self, plan: TablePlan, clock: Clock, spots: Sequence[Spot]) -> dict[str, Looked]:
        """Return what lies at these locations of the table by one scan; `skipscan.can_scan` has to hold.

        Empty where each has to be listed by itself: the store lists in an order of its own, or pages are limited.
        """
        root = plan.table.location or ""
        if self.most_pages is not None:
            return {}
        try:
            return scan(
                self.store,
                spots,
                new_tally=lambda: tally_of(root, plan.pattern, clock, plan.table.format, plan.detail),
                budget=Budget(stop_at=self.stop_at),
                over=_time_was_up(plan, "it"),
            )
        except OutOfOrder:
            return {}


def _time_was_up(plan: TablePlan, location: str) -> Problem:
    return Problem(
        ProblemKind.TIMED_OUT,
        f"the time for {plan.table.id} was up before {location} was listed",
        "raise the time a table may take",
    )
