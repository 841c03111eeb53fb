"""Tables of days with sizes, and what the check `volume` says of the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.rules.asking import Share
from tests.support.lakes import MemoryLake, hive_location
from tests.support.rule_checks import NOW, find, plan_of
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.model import Finding, Table
    from tests.support.lakes import LakeBuilder

ONE_A_YEAR = Share(a_year=1.0, wanted=1.0)
DAILY: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 3, "key": "dt", "format": "%Y-%m-%d"}


def fill(lake: LakeBuilder, table: Table, sizes: Sequence[int]) -> None:
    """Load the days before NOW, the newest first, each with a file of so many bytes; zero: no such day."""
    for number, size in enumerate(sizes):
        day = (NOW - (number + 1) * DAY).date().isoformat()
        if size:
            lake.put(f"{hive_location(table, [day])}a.parquet", NOW - number * DAY - 8 * HOUR, size)
            lake.register(table, [day], at=NOW - number * DAY - 8 * HOUR)


def daily(sizes: Sequence[int], lake: LakeBuilder | None = None, **volume: Any) -> Finding:
    lake = lake or MemoryLake()
    table = lake.table("sales.orders", dt="string")
    fill(lake, table, sizes)
    return find(lake, plan_of(table, partitions=DAILY, volume=volume), "volume")


def verdict(finding: Finding) -> str:
    return finding.severity.value if finding.severity else finding.status.value
