"""What a table is read with: its account's S3 and Glue, and the limits of its reading."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.aws.uris import split_uri
from checks.lake.s3.scan import DIRECTORY_BUCKET, OutOfOrder, scan
from checks.lake.s3.split import list_split
from checks.lake.s3.tally import Budget, list_place, tally_of
from checks.layout.data_files import own_keys
from checks.model import Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from checks.lake.glue.partitions import PartitionSource
    from checks.lake.s3.objects import ObjectStore
    from checks.lake.s3.scan import Looked, Spot
    from checks.lake.s3.split import Helpers
    from checks.model import Listing
    from checks.rules.asking import Clock, Detail
    from checks.rules.base import TablePlan


@dataclass(frozen=True, slots=True)
class LakeReader:
    """Reads one table. ``stop_at`` (monotonic seconds) ends it, ``most_pages`` each listing of one place.

    ``helpers`` are the run's threads that may help with a large place. ``counting`` tells of an object's URI whether
    it counts, where not all do that lie in a place: no query sees the others.
    """

    store: ObjectStore
    partitions: PartitionSource
    stop_at: float | None = None
    most_pages: int | None = None
    helpers: Helpers | None = None
    counting: Callable[[str], bool] | None = None

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
        detail = plan.detail(clock)
        is_close = detail.names or detail.files_kept
        if self.helpers is not None and self.most_pages is None and not is_close:
            listing = self._together(plan, clock, location, detail)
            if listing is not None:
                return listing
        return list_place(
            self.store,
            location,
            pattern=plan.entry.chosen,
            clock=clock,
            budget=Budget(self.most_pages, self.stop_at),
            table=plan.table,
            detail=detail,
            counting=self.counting,
        )

    def _together(self, plan: TablePlan, clock: Clock, location: str, detail: Detail) -> Listing | None:
        """Return what lies at a location, listed with whoever can help; None where it has to be one chain."""
        bucket, prefix = split_uri(location)
        if self.helpers is None or bucket.endswith(DIRECTORY_BUCKET):
            return None
        root, keys = plan.table.location, own_keys(plan.table)
        below = root if root is not None and location.startswith(root) else location
        try:
            tally, complete = list_split(
                self.store,
                bucket,
                prefix,
                new_tally=lambda: tally_of(
                    below,
                    plan.entry.chosen,
                    clock,
                    plan.table.format,
                    detail,
                    location=location,
                    keys=keys,
                    counting=self.counting,
                ),
                budget=Budget(stop_at=self.stop_at),
                helpers=self.helpers,
            )
        except OutOfOrder:
            return None
        return tally.listing(bucket, complete=complete)

    def places(
        self, plan: TablePlan, clock: Clock, spots: Sequence[Spot], most: int | None = None
    ) -> dict[str, Looked]:
        """Return what lies at these locations of the table by one scan; `scan.can_scan` has to hold.

        It ends after ``most`` pages. Empty where each has to be listed by itself: the store lists in an order of its
        own, or pages are limited.
        """
        root, detail = plan.table.location or "", plan.detail(clock)
        keys = own_keys(plan.table)
        if self.most_pages is not None:
            return {}
        try:
            return scan(
                self.store,
                spots,
                new_tally=lambda place: tally_of(
                    root if place.startswith(root) else place[: place.rfind("/") + 1],
                    plan.entry.chosen,
                    clock,
                    plan.table.format,
                    detail,
                    location=place,
                    keys=keys,
                    counting=self.counting,
                ),
                budget=Budget(most, self.stop_at),
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
