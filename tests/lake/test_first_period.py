"""A look for data before the lookback that fails leaves in doubt only what depends on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.changes import State
from checks.lake.observe import observe
from checks.layout import StatedLayout
from checks.model import ItemState, Problem, ProblemKind, Severity, Status, Unobserved
from checks.monitor.plan import Planned
from checks.monitor.run_memory import records
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.lakes import MemoryLake
from tests.support.times import DAY, HOUR, at
from tests.support.verdicts import judge, rules_of

if TYPE_CHECKING:
    from checks.lake.s3.objects import Page
    from checks.model import Finding, Observation, Table

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)
DAILY = {"partitions": {"every": "1d", "due": "06:00", "lookback": 5}}
OLD = ("2026-10-01", "2026-10-02")


class Closed(MemoryLake):
    """A lake in which some places are not to be listed."""

    closed: tuple[str, ...] = OLD

    def list_page(self, bucket: str, prefix: str, **given: Any) -> Page:
        if any(day in prefix for day in self.closed):
            self.ledger.enter("s3:ListObjectsV2")
            raise Unobserved(Problem(ProblemKind.DENIED, f"{prefix} is denied", "allow it"))
        return super().list_page(bucket, prefix, **given)


def table_of(lake: MemoryLake, *days: str) -> Table:
    """Return a table that holds these days, and two old ones that are registered."""
    table = lake.table("sales.orders", dt="string")
    for day in (*OLD, *days):
        lake.put(f"s3://lake/sales/orders/dt={day}/a.parquet", at(f"{day} 00:00") + DAY + HOUR)
        lake.register(table, [day])
    return table


def look(
    lake: MemoryLake, table: Table, blocks: dict[str, Any]
) -> tuple[TablePlan, Observation, dict[str, Finding]]:
    stated = StatedLayout(("dt",), ("%Y-%m-%d",))
    plan = TablePlan(table=table, rules=rules_of(blocks, ZoneInfo("UTC")), stated_layout=stated)
    seen = observe(plan, CLOCK, lake.reader(plan))
    return plan, seen, judge(plan, seen, CLOCK)


def states(finding: Finding) -> dict[str, ItemState]:
    return {item.period[-2:]: item.state for item in finding.items}


def test_a_gap_after_the_first_period_seen_is_missing_and_what_is_before_it_unknown() -> None:
    lake = Closed()
    plan, seen, found = look(lake, table_of(lake, "2026-11-20", "2026-11-22"), DAILY)
    finding = found["partitions"]
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.CRITICAL)
    assert states(finding) == {
        "22": ItemState.PRESENT,
        "21": ItemState.MISSING,
        "20": ItemState.PRESENT,
        "19": ItemState.UNKNOWN,
        "18": ItemState.UNKNOWN,
    }
    assert finding.because == (
        "1 of 5 due days without usable data: 2026-11-21 missing, due Sun 22 Nov 2026 06:00 UTC; "
        "2 more could not be checked"
    )
    assert finding.items[3].detail == (
        "without data, and it is not known whether any came before: sales/orders/dt=2026-10-02/ is denied"
    )
    kept = records(
        State(), Planned(plans=(plan,), watched=frozenset({"sales.orders"})), {"sales.orders": seen}
    )
    assert kept["sales.orders"].memory.first_period_at is None


def test_without_a_gap_it_is_unknown_whether_there_is_one() -> None:
    lake = Closed()
    _, _, found = look(lake, table_of(lake, "2026-11-20", "2026-11-21", "2026-11-22"), DAILY)
    assert found["partitions"].status is Status.UNKNOWN
    assert found["partitions"].problem is ProblemKind.DENIED
    assert [each for each, state in states(found["partitions"]).items() if state is ItemState.UNKNOWN] == [
        "19",
        "18",
    ]


def test_where_the_oldest_due_period_holds_data_nothing_is_in_doubt() -> None:
    lake = Closed()
    _, seen, found = look(lake, table_of(lake, *(f"2026-11-{day}" for day in range(18, 23))), DAILY)
    assert found["partitions"].status is Status.PASS
    assert seen.first_period_problem is None


@pytest.mark.parametrize("error_when", [1, 5, 6])
def test_where_no_due_period_holds_data_it_fails_by_either_reading(error_when: int) -> None:
    lake = Closed()
    table = table_of(lake)
    blocks = {"partitions": {**DAILY["partitions"], "error_when": error_when}}
    _, _, found = look(lake, table, blocks)
    finding = found["partitions"]
    assert finding.status is Status.FAIL
    assert finding.severity is (Severity.WARNING if error_when > 5 else Severity.CRITICAL)
    assert set(states(finding).values()) == {ItemState.MISSING}
    assert "never loaded" not in finding.because
    lake.closed = ()
    _, _, known = look(lake, table, blocks)
    assert known["partitions"].severity is finding.severity


def test_a_stale_table_is_stale() -> None:
    lake = Closed()
    _, _, found = look(lake, table_of(lake, "2026-11-19"), {"freshness": {"max_age": "24h"}})
    assert found["freshness"].problem is ProblemKind.DENIED  # it may have come into one of its newest 14
    for blocks in ({"freshness": {"max_age": "24h"}}, {**DAILY, "freshness": {"max_age": "24h"}}):
        lake.partitions.clear()
        lake.closed = OLD if "partitions" in blocks else ()
        _, _, found = look(lake, table_of(lake, "2026-11-19"), blocks)
        finding = found["freshness"]
        assert (finding.status, finding.severity) == (Status.FAIL, Severity.CRITICAL)
        assert finding.observed == at("2026-11-20 01:00")
    lake = Closed()
    lake.closed = ()
    _, _, found = look(lake, table_of(lake), {"freshness": {"max_age": "24h"}})
    assert found["freshness"].status is Status.FAIL
    assert found["freshness"].observed == at("2026-10-03 01:00")


def test_another_older_period_that_can_be_looked_into_tells_enough() -> None:
    lake = Closed()
    lake.closed = OLD[1:]
    _, seen, found = look(lake, table_of(lake, "2026-11-22"), DAILY)
    assert seen.first_period_problem is None
    assert seen.first_period_at == at("2026-10-01")
    assert list(states(found["partitions"]).values()) == [ItemState.PRESENT] + [ItemState.MISSING] * 4


def test_stated_values_are_in_doubt_too() -> None:
    lake = Closed()
    table = lake.table("sales.regions", region="string", dt="string")
    for region, day in (("eu", OLD[1]), ("eu", "2026-11-21"), ("eu", "2026-11-22"), ("us", "2026-11-21")):
        lake.put(f"s3://lake/sales/regions/region={region}/dt={day}/a", at(f"{day} 00:00") + DAY + HOUR)
        lake.register(table, [region, day])
    each = {"partitions": {**DAILY["partitions"], "each": {"region": ["eu", "us"]}}}
    _, _, found = look(lake, table, each)
    assert found["partitions"].status is Status.FAIL
    assert sum(item.state.is_bad for item in found["partitions"].items) == 1
    lake.put("s3://lake/sales/regions/region=us/dt=2026-11-22/a", NOW - HOUR)
    lake.register(table, ["us", "2026-11-22"])
    _, _, found = look(lake, replace(table), each)
    assert found["partitions"].status is Status.UNKNOWN


def test_periods_that_volume_compares_with_hide_no_older_one() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    for day in ("2026-11-12", "2026-11-20", "2026-11-22"):  # neither of a Sunday nor of the last eight days
        lake.put(f"s3://lake/sales/orders/dt={day}/a.parquet", at(f"{day} 00:00") + DAY + HOUR)
        lake.register(table, [day])
    for blocks in (DAILY, {**DAILY, "volume": {"drop": "60%"}}):
        _, seen, found = look(lake, table, blocks)
        assert seen.first_period_at == at("2026-11-12 00:00")
        assert states(found["partitions"])["19"] is ItemState.MISSING
