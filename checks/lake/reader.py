"""What a table is read with: its account's S3 and Glue, and the limits of its reading."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.lake.storage import Budget, list_place
from checks.model import Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from checks.lake.partitions import PartitionSource
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
            raise Unobserved(
                Problem(
                    ProblemKind.TIMED_OUT,
                    f"the time for {plan.table.id} was up before {location} was listed",
                    "raise the time a table may take",
                )
            )
        return list_place(
            self.store,
            location,
            pattern=plan.pattern,
            clock=clock,
            budget=Budget(self.most_pages, self.stop_at),
            root=plan.table.location,
            table_format=plan.table.format,
        )
