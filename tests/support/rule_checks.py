"""What the tests of single checks share: a block of the config to a finding, over a lake."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet as pq

from checks.assess import Measured, assess
from checks.config import load
from checks.lake.observe import observe
from checks.model import Finding, TableMemory
from checks.monitor.run_memory import _remembered
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.lakes import HttpLake, MemoryLake
from tests.support.times import at

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Observation, Table
    from tests.support.lakes import LakeBuilder

NOW = at("2026-11-23 12:00")  # a Monday


def plan_of(table: Table, memory: TableMemory | None = None, **blocks: Any) -> TablePlan:
    """Return the plan of a table with these blocks of checks, as a config would make it."""
    pattern = {key: blocks.pop(key) for key in ("pattern", "ignore") if key in blocks}
    name = {"prefix": table.id} if table.is_prefix else {"table": table.id}
    config = load({"version": 1, "tables": [{**name, **pattern, **blocks}]}, environ={})
    resolved = (
        config.resolve_prefix(table.id)
        if table.is_prefix
        else config.resolve(None, table.database or "", table.name or "")
    )
    assert resolved is not None
    return TablePlan(
        table=table,
        rules=resolved.rules,
        entry=resolved.entry,
        memory=memory or TableMemory(),
    )


def look(lake: LakeBuilder, plan: TablePlan, now: datetime = NOW) -> Observation:
    """Observe the table."""
    return observe(plan, Clock(now=now), lake.reader(plan))


def judged(plan: TablePlan, seen: Observation, now: datetime = NOW) -> dict[str, Finding]:
    """Return the finding of each check, judged by Great Expectations."""
    clock = Clock(now=now)
    rows = [Measured(plan.about, rule, rule.measure(seen, clock, plan.memory)) for rule in plan.rules]
    return {finding.check: finding for finding in assess(rows)}


def find(lake: LakeBuilder, plan: TablePlan, check: str, now: datetime = NOW) -> Finding:
    """Look at the table and return the finding of one check."""
    return judged(plan, look(lake, plan, now), now)[check]


def after(plan: TablePlan, seen: Observation) -> TableMemory:
    """Return what is remembered once the report was delivered."""
    return _remembered(plan, seen)


@dataclass
class ContentLake(MemoryLake):
    """A lake in memory whose objects can hold something."""

    contents: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def get(
        self, bucket: str, key: str, *, byte_range: tuple[int, int] | None = None, max_bytes: int
    ) -> bytes:
        self.ledger.enter("s3:GetObject")
        data = self.contents[bucket, key]
        start, end = byte_range or (0, len(data) - 1)
        assert end - start + 1 <= max_bytes
        return data[start : end + 1]


def put(lake: LakeBuilder, uri: str, data: bytes, at: datetime) -> None:
    """Put an object that holds these bytes."""
    lake.put(uri, at, len(data))
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if isinstance(lake, ContentLake):
        lake.contents[bucket, key] = data
    elif isinstance(lake, HttpLake):
        stored = lake.s3.put_object(bucket, key, data)
        stored.last_modified = at.astimezone(UTC).replace(tzinfo=None)


def parquet(rows_a_group: int | None = None, **columns: Any) -> bytes:
    """Return a Parquet file of these columns: Arrow arrays, or what makes them."""
    options = columns.pop("options", {})
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, row_group_size=rows_a_group, **options)
    return sink.getvalue()
