"""Everything that reads AWS: the Glue catalog, S3 listings, the logs of table formats."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from checks.aws.session import Account, Aws
from checks.lake.glue.catalog import Catalog
from checks.lake.glue.partitions import GluePartitions
from checks.lake.observe import observe_together
from checks.lake.pool import observe_all
from checks.lake.s3.objects import S3Store
from checks.lake.s3.split import Helpers
from checks.lake.s3.table_reader import LakeReader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from checks.model import Cost, Observation
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

    Looking: TypeAlias = Callable[[TablePlan, Clock, Callable[[TablePlan], LakeReader]], Observation]

__all__ = [
    "CONCURRENCY",
    "TABLE_TIMEOUT_S",
    "Account",
    "Aws",
    "Catalog",
    "Lake",
    "LakeReader",
]

CONCURRENCY = 16
TABLE_TIMEOUT_S = 120.0
_SOFT = 0.9
"""The part of its time after which a table's listings end by themselves, so that what was seen is told."""


class Lake:
    """The lake of one run: its catalog, its tables, and what looking at them costs."""

    def __init__(
        self,
        accounts: Mapping[str, Account] | None = None,
        *,
        region: str | None = None,
        concurrency: int = CONCURRENCY,
        table_timeout_s: float = TABLE_TIMEOUT_S,
        max_requests: int | None = None,
        aws: Aws | None = None,
    ) -> None:
        self.aws = aws or Aws(accounts, region, concurrency=concurrency, max_requests=max_requests)
        self.catalog = Catalog(self.aws)
        self._concurrency = concurrency
        self._table_timeout_s = table_timeout_s
        self._helpers = Helpers(concurrency)

    def observe_all(
        self,
        plans: Sequence[TablePlan],
        clock: Clock,
        *,
        stop_at: float | None = None,
        on_done: Callable[[Observation], None] | None = None,
        looking: Looking = observe_together,
    ) -> dict[str, Observation]:
        """Return each table's observation by its id, in the order of the plans; see `pool.observe_all`.

        ``looking`` looks at one of them, in a thread, with what returns a table's reader; it raises nothing.
        """
        return observe_all(
            plans,
            clock,
            partial(self._observe_one, looking=looking, stop_at=stop_at, started=time.monotonic()),
            concurrency=self._concurrency,
            table_timeout_s=self._table_timeout_s,
            stop_at=stop_at,
            on_done=on_done,
        )

    def reader(self, plan: TablePlan, stop_at: float | None = None) -> LakeReader:
        """Return what the table is read with."""
        table = plan.table
        return LakeReader(
            store=S3Store(self.aws, table.account, table.region),
            partitions=GluePartitions(self.aws, table.account),
            stop_at=stop_at,
            helpers=self._helpers,
        )

    def cost(self, seconds: float = 0.0) -> Cost:
        """Return the requests so far and what they cost at list prices, with the seconds of the run."""
        return self.aws.cost(seconds)

    def _observe_one(
        self,
        plan: TablePlan,
        clock: Clock,
        *,
        looking: Looking,
        stop_at: float | None,
        started: float,
    ) -> Observation:
        soft = time.monotonic() + _SOFT * self._table_timeout_s
        clock = clock.later(time.monotonic() - started)
        with self._helpers.table():
            until = soft if stop_at is None else min(soft, stop_at)
            return looking(plan, clock, partial(self.reader, stop_at=until))
