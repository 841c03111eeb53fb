"""All checks in whole runs, in the documentation and in everybody's own suites."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from ruamel.yaml import YAML

from checks import monitor
from checks.config import load
from checks.model import Finding, Status, TableMemory
from checks.rules import CHECKS
from tests.support.accounts import Team
from tests.support.lakes import MemoryLake
from tests.support.rule_checks import NOW, judged, look, parquet, plan_of, put
from tests.support.times import DAY, HOUR
from tests.test_assess import names, validate

if TYPE_CHECKING:
    from datetime import datetime

    from checks.monitor import Outcome
    from tests.support.lakes import HttpLake

DOCS = Path(__file__).parents[2] / "docs" / "checks.md"
ALL: dict[str, Any] = {
    "partitions": {"every": "1d", "due": "06:00", "lookback": 3},
    "freshness": {"max_age": "36h"},
    "volume": {"min_bytes": "100B", "drop": "60%"},
    "catalog": "on",
    "files": "on",
    "schema": "on",
    "events": {"column": "event_time", "max_age": "36h"},
}


COST = {"glue:GetTables": 1, "glue:GetPartitions": 2, "s3:ListObjectsV2": 1, "s3:GetObject": 5}


def run(now: datetime, *, topic: str | None = None, send: bool = True, **blocks: Any) -> dict[str, Finding]:
    return {
        finding.check: finding
        for finding in outcome_of(now, topic=topic, send=send, **blocks).report.findings
    }


def outcome_of(now: datetime, *, topic: str | None, send: bool, **blocks: Any) -> Outcome:
    settings = {"topic": topic} if topic else {}
    config = load({"version": 1, **settings, "tables": [{"table": "sales.*", **blocks}]}, environ={})
    return monitor.run(config, monitor.Request(now=now, send=send, keep=send), os.environ)


def glue(*names_: str) -> dict[str, Any]:
    columns = [{"Name": name, "Type": "timestamp"} for name in names_]
    return {"StorageDescriptor": {"Location": "s3://lake/sales/orders", "Columns": columns}}


def load_days(lake: HttpLake, now: datetime, count: int) -> None:
    table = lake.table("sales.orders", glue("event_time"), dt="string")
    for number in range(1, count + 1):
        day = now - number * DAY
        data = parquet(event_time=pa.array([day], pa.timestamp("us", "UTC")))
        put(lake, f"{table.location}dt={day.date()}/a.parquet", data, day + 20 * HOUR)
        lake.register(table, [day.date().isoformat()], at=day + 20 * HOUR)


def test_all_checks_of_a_healthy_table_cost_a_scan_and_its_footers(lake: HttpLake) -> None:
    load_days(lake, NOW, 70)
    outcome = outcome_of(NOW, topic=None, send=False, **ALL)
    found = {finding.check: finding for finding in outcome.report.findings}
    assert {check: finding.status for check, finding in found.items()} == dict.fromkeys(CHECKS, Status.PASS)
    assert outcome.report.cost.by_operation == COST
    assert found["volume"].because.endswith("(median of the last 8 Sundays)")


def test_memory_moves_with_what_was_delivered(lake: HttpLake) -> None:
    team = Team(lake)
    load_days(lake, NOW, 12)
    block: dict[str, Any] = {"schema": "on", "volume": {"drop": "60%"}}
    assert "for the first time" in run(NOW, topic=team.topic, **block)["schema"].because
    lake.glue.delete_table("sales", "orders")
    lake.table("sales.orders", glue("event_time", "added_at"), dt="string")
    for number in range(1, 12):
        lake.register(lake_table(lake), [(NOW + DAY - number * DAY).date().isoformat()])
    later = NOW + DAY
    told = "1 difference from the last report: added_at added (timestamp)"
    for _ in range(2):
        assert run(later, send=False, **block)["schema"].because == told
    lost = run(later, topic="arn:aws:sns:eu-west-1:123456789012:gone", **block)
    assert lost["schema"].because == told
    assert run(later, topic=team.topic, **block)["schema"].because == told
    assert run(later, topic=team.topic, **block)["schema"].because == "3 columns, as in the last report"


def lake_table(lake: HttpLake) -> Any:
    from checks.lake.glue.catalog import table_of

    entry = {"Name": "orders", **glue("event_time"), "PartitionKeys": [{"Name": "dt", "Type": "string"}]}
    return table_of(entry, account=None, region="eu-west-1", database="sales")


@pytest.mark.parametrize("example", re.findall(r"```yaml\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL))
def test_every_example_of_the_documentation_loads(example: str) -> None:
    load(YAML(typ="safe", pure=True).load(example), environ={})


def test_the_documentation_tells_of_every_check() -> None:
    headings = set(re.findall(r"^## (\w+)$", DOCS.read_text("utf-8"), re.MULTILINE))
    assert headings == CHECKS.keys() - {"freshness", "partitions"}


@pytest.mark.parametrize(
    "name",
    [
        "ExpectVolumeToBeUsual",
        "ExpectCatalogToMatchStorage",
        "ExpectFilesToBeSound",
        "ExpectSchemaToHold",
    ],
)
def test_expectations_of_counts_in_a_suite_of_ones_own(name: str) -> None:
    from checks import expectations

    frame = pd.DataFrame(
        {"found": [0.0, 1.0, 2.0, float("nan")], "allowed": [0.0, 1.0, 1.0, 1.0]},
        index=["well", "at_the_limit", "over", "not_known"],
    )
    expectation = getattr(expectations, name)(column_A="found", column_B="allowed")
    assert sorted(names(validate(frame, expectation))) == ["not_known", "over"]
    assert validate(frame.loc[["well", "at_the_limit"]], expectation).success


@pytest.mark.filterwarnings("ignore:Series.values returning an ndarray")  # how GX reads aware columns
def test_the_expectation_of_events_in_a_suite_of_ones_own() -> None:
    from checks.expectations import ExpectEventsToBeRecent

    limit = pd.Timestamp("2026-11-22T00:00Z")
    frame = pd.DataFrame(
        {"newest": [limit, limit - pd.Timedelta(1, "s"), pd.NaT], "not_before": [limit] * 3},
        index=["recent", "old", "not_known"],
    )
    result = validate(frame, ExpectEventsToBeRecent(column_A="newest", column_B="not_before"))
    assert sorted(names(result)) == ["not_known", "old"]


def test_what_no_check_could_read_passes_none_of_them() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", month="string")
    lake.register(table, ["2026-10"])
    lake.put("s3://lake/sales/orders/month=2026-10/a.zip", NOW - DAY)
    daily: dict[str, Any] = {"every": "1d", "due": "06:00"}
    plan = plan_of(table, partitions=daily, catalog="on", files="on", volume={"min_bytes": "1B"})
    for finding in judged(plan, look(lake, plan)).values():
        assert finding.status is Status.UNKNOWN, finding.because
    assert "no due period of sales.orders was read: its keys do not tell such periods apart" in (
        judged(plan, look(lake, plan))["files"].because
    )


def test_what_to_do_is_told_of_what_is_missing_beside_what_is_not_registered() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    for day in ("2026-11-20", "2026-11-21"):
        lake.put(f"{table.location}dt={day}/a.parquet", NOW - 2 * DAY)
    lake.register(table, ["2026-11-20"])
    plan = plan_of(table, partitions={"every": "1d", "due": "06:00", "lookback": 3})
    assert judged(plan, look(lake, plan))["partitions"].to_do == (
        "look at the run that loads 2026-11-22; if that day will never come, close it in a calendar; and register "
        "what has landed: ALTER TABLE sales.orders ADD IF NOT EXISTS PARTITION (dt = '2026-11-21') LOCATION "
        "'s3://lake/sales/orders/dt=2026-11-21/'"
    )


@pytest.mark.parametrize("volume", [{}, {"volume": {"drop": "60%"}}], ids=["alone", "beside volume"])
@pytest.mark.parametrize("memory", [TableMemory(), TableMemory(first_period_at=NOW - 60 * DAY)])
@pytest.mark.parametrize(
    ("limits", "verdict", "said"),
    [
        ({"max_age": "24h"}, "critical", "expected data at most 24 h old"),
        ({"warn_after": "24h"}, "warning", "expected data at most 24 h old"),
        ({"warn_after": "24h", "error_after": "30d"}, "warning", "expected data at most 24 h old"),
        ({"max_age": "5d"}, "unknown", "what came into earlier ones was not looked for"),
    ],
)
def test_a_table_that_is_silent_for_the_whole_lookback_is_no_older_than_was_looked_for(
    volume: dict[str, Any], memory: TableMemory, limits: dict[str, str], verdict: str, said: str
) -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    for number in range(7, 60):  # its newest data came six days ago
        day = (NOW - number * DAY).date().isoformat()
        lake.put(f"{table.location}dt={day}/a.parquet", NOW - (number - 1) * DAY)
        lake.register(table, [day])
    daily: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 3, "key": "dt", "format": "%Y-%m-%d"}
    plan = plan_of(table, memory, partitions=daily, freshness=limits, **volume)
    finding = judged(plan, look(lake, plan))["freshness"]
    assert (finding.severity.value if finding.severity else finding.status.value) == verdict
    assert f"no data in any partition from 2026-11-20 on; {said}" in finding.because
    assert finding.stale_since == (NOW.replace(day=20, hour=0) if verdict != "unknown" else None)
