"""Tables of days by their loads, and what is observed of them, by exactly which requests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.lake.observe import observe
from checks.rules.asking import Clock
from checks.rules.base import Binding, Rule, TablePlan
from checks.rules.freshness import FreshnessConfig
from checks.rules.partitions import PartitionsConfig, PartitionsRule
from tests.support.lakes import HttpLake, LakeBuilder, hive_location
from tests.support.times import DAY, at

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Observation, Table

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)
UTC_BINDING = Binding(zone=ZoneInfo("UTC"))


def daily(**config: object) -> PartitionsRule:
    rule = PartitionsConfig.model_validate({"every": "1d", "due": "06:00", **config}).bind(UTC_BINDING)
    assert isinstance(rule, PartitionsRule)
    return rule


def fresh(max_age: str = "24h") -> Rule:
    return FreshnessConfig.model_validate({"max_age": max_age}).bind(UTC_BINDING)


def see(lake: LakeBuilder, plan: TablePlan, clock: Clock = CLOCK) -> Observation:
    """Observe, and check that the requests told are the ones that went out."""
    before = sum(lake.counts.values())
    seen = observe(plan, clock, lake.reader(plan))
    if isinstance(lake, HttpLake):
        assert seen.requests == sum(lake.counts.values()) - before
    return seen


def requests(lake: LakeBuilder) -> dict[str, int]:
    return dict(lake.counts)


def days(count: int, until: datetime = NOW) -> list[str]:
    """The last days before ``until``, newest first."""
    return [(until - (number + 1) * DAY).date().isoformat() for number in range(count)]


def load(
    lake: LakeBuilder, table: Table, values: list[str], arrived: datetime, *, register: bool = True
) -> None:
    lake.put(f"{hive_location(table, values)}part-0.parquet", arrived)
    if register:
        lake.register(table, values, at=arrived)


def states(seen: Observation) -> dict[str, tuple[bool | None, int | None]]:
    """Registered, and number of data objects, by period."""
    return {
        each.period.label: (each.registered, each.listing.objects if each.listing else None)
        for each in seen.partitions
    }
