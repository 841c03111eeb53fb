"""The first period of a table that holds data, as cheaply as it can be told: it says from when on periods are due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.aws.uris import split_uri
from checks.lake.glue.partitions import InTime, is_sentinel, older, sampled
from checks.lake.plain.newest import is_later
from checks.layout.data_files import is_data, own_keys
from checks.model import Unobserved
from checks.schedule.formats import sorts_as_time
from checks.schedule.periods import period_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.lake.plain.naming import Naming
    from checks.lake.s3.table_reader import LakeReader
    from checks.layout import TimeLayout
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan
    from checks.schedule.periods import Every

_MOST_LOOKED_INTO = 3
"""So many partitions are looked into, since partitions may be registered before any data comes."""


@dataclass(frozen=True, slots=True)
class FirstPeriod:
    """Seeks a period with data before those that were looked at: by the names of files (``by_path``), or in Glue."""

    plan: TablePlan
    clock: Clock
    reader: LakeReader
    layout: TimeLayout
    every: Every
    naming: Naming | None
    by_path: bool

    def before(self, first: datetime) -> list[datetime]:
        """Return the start of a period with data before ``first``, as cheaply as one can be told; empty where none is.

        By one request for older partitions and a look into at most three, or by the first page of names.
        Raises Unobserved.
        """
        if self.by_path:
            wall = self._first_by_name(self.naming) if self.naming is not None else None
        else:
            wall = self._older_with_data(first)
            if wall is None and not _tells_order(self.layout):
                wall = self._first_of_sample(first)
        period = period_of(wall, self.every, self.layout.zone) if wall is not None else None
        return [period.start] if period is not None else []

    def _older_with_data(self, first: datetime) -> datetime | None:
        """Return the wall time of an older registered partition that holds data, None when none is known.

        Where many are registered the table is no young one, though its oldest files may have expired. Where
        there are few, up to three are looked into, the newest first: partitions may be registered before any
        data comes. Raises Unobserved where one of them could not be looked into and no other holds data.
        """
        found, more = older(self.reader.partitions, self.plan.table, self.layout, first)
        came = [each for each in found if not is_later(each.partition, self.clock)]
        return came[-1].wall if more and came else self._newest_with_data(came)

    def _newest_with_data(self, came: Sequence[InTime]) -> datetime | None:
        """Return the wall time of one of the newest three of these partitions that holds data; None where none does.

        Raises Unobserved where one of them could not be looked into and no other holds data.
        """
        one_page, failed = replace(self.reader, most_pages=1), None
        for each in came[:_MOST_LOOKED_INTO]:
            try:
                listing = one_page.place(self.plan, self.clock, each.partition.location)
            except Unobserved as error:
                failed = failed or error
                continue
            if listing.objects or not listing.complete:
                return each.wall
        if failed is not None:
            raise failed
        return None

    def _first_of_sample(self, first: datetime) -> datetime | None:
        """Return the wall time of a sampled partition before ``first`` that holds data, None when none is known."""
        names = [key.name for key in self.plan.table.partition_keys]
        found = []
        for each in sampled(self.reader.partitions, self.plan.table):
            wall = self.layout.read(dict(zip(names, each.values, strict=False)))
            if wall is not None and wall < first and not is_sentinel(wall) and not is_later(each, self.clock):
                found.append(InTime(each, wall))
        return self._newest_with_data(sorted(found, key=lambda each: each.wall, reverse=True))

    def _first_by_name(self, naming: Naming) -> datetime | None:
        bucket, prefix = split_uri(naming.template.split("${", 1)[0])
        page, keys = self.reader.store.list_page(bucket, prefix), own_keys(self.plan.table)
        counting = self.reader.counting
        walls = (
            naming.read(f"s3://{bucket}/{key.key}")
            for key in page.keys
            if key.size_bytes
            and is_data(key.key.removeprefix(prefix), self.plan.entry.chosen, keys=keys)
            and (counting is None or counting(f"s3://{bucket}/{key.key}"))
        )
        return min((wall for wall in walls if wall is not None), default=None)


def _tells_order(layout: TimeLayout) -> bool:
    return layout.padding_known and all(sorts_as_time(text) for text in layout.formats)
