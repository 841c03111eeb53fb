"""The queries of the documentation, run by an engine over what runs wrote, and held against the commands."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from checks import cli, monitor
from checks.config import load
from checks.history import open_history
from checks.history.datasets import DATASETS, Kind, engines
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

DOCS = Path(__file__).parents[2] / "docs" / "history.md"
QUERIES = dict(
    re.findall(r"^([^\n`]+):\n```sql\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
)
FIRST = at("2026-11-10 05:30")
CONFIG = """version: 1
name: prod
timezone: Europe/Berlin
tables:
  - {table: sales.orders, owner: finance, partitions: {every: 1d, due: "06:00", lookback: 3}}
  - {prefix: s3://raw/, freshness: {max_age: 26h}}
"""


@pytest.fixture
def told(lake: HttpLake, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    """Ten days of two runs each; of sales.orders one day came late, one never, and one did not come into s3://raw/."""
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    table = lake.table("sales.orders", dt="string")
    lake.bucket("raw")
    for number in range(10):
        now = FIRST + number * DAY
        day = (now - DAY).date().isoformat()
        if number != 6:
            came = now - HOUR if number != 3 else now + HOUR
            lake.put(f"{table.location}dt={day}/part.parquet", came)
        if number != 4:
            lake.put(f"s3://raw/{day}.csv", now - 3 * HOUR)
        for look in (now, now + 6 * HOUR):
            if number != 6 and (number != 3 or look > now) and look in (now, FIRST + 3 * DAY + 6 * HOUR):
                lake.register(table, (day,))
            outcome = monitor.run(load("checks.yml", environ={}), monitor.Request(now=look), os.environ)
            assert outcome.complaints == ()
    assert cli.main(["silence", "s3://raw/", "--for", "2d", "--because", "moves", "--by", "ann"]) == 0
    engine = duckdb.connect()
    engine.execute(engines.statements(".checks", "any"))
    return engine


def rows(engine: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = engine.sql(query)
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def history(capsys: pytest.CaptureFixture[str], *options: str) -> Any:
    capsys.readouterr()
    assert cli.main(["history", "--json", "--now", "2026-11-20T12:00", *options]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_documented_queries_tell_what_happened(
    told: duckdb.DuckDBPyConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {title: rows(told, query) for title, query in QUERIES.items()}
    assert len(found) == 8

    failed = found["How often each table failed, and for how long"]
    orders = history(capsys, "sales.orders")["tables"][0]
    raw = history(capsys, "s3://raw")["tables"][0]
    both = [(one["table"], each) for one in (orders, raw) for each in one["failures"]]
    assert sorted(
        (row["table_id"], row["check_name"], f"{row['since'].isoformat()}Z", row["runs"]) for row in failed
    ) == (sorted((table, each["check"], each["since"], each["runs"]) for table, each in both))
    assert [(each["since"], each["until"]) for each in raw["failures"]] == [
        ("2026-11-14T05:30:00Z", "2026-11-15T05:30:00Z")
    ]
    assert [(each["since"], each["until"], each["severity"]) for each in orders["failures"]] == [
        ("2026-11-16T05:30:00Z", "2026-11-19T05:30:00Z", "critical"),
        ("2026-11-13T05:30:00Z", "2026-11-13T11:30:00Z", "critical"),
    ]

    shares = {
        (row["table_id"], row["check_name"], row["month"]): (row["on_time"], row["known"])
        for row in found["On-time share by table and month"]
    }
    assert shares == {
        ("sales.orders", "partitions", "2026-11"): (8, 10),
        ("s3://raw/", "freshness", "2026-11"): (9, 10),
    }
    for asked in (history(capsys)["tables"], [orders, raw]):
        assert shares == {
            (one["table"], each["check"], each["month"]): (each["on_time"], each["known"])
            for one in asked
            for each in one["on_time"]
        }

    periods = found["What became of the last periods of a table"]
    assert {row["period"]: row["state"] for row in periods} == {
        each["period"]: each["state"] for each in orders["periods"]
    }
    assert {row["period"] for row in periods if row["state"] == "missing"} == {"2026-11-15"}
    assert {row["period"] for row in periods if row["state"] == "late"} == {"2026-11-12"}

    assert found["Since when what fails in the last run has failed"] == []
    news = [(row["day"], row["reason"], row["table_id"]) for row in found["What was new, day by day"]]
    assert ("2026-11-16", "new", "sales.orders") in news
    assert ("2026-11-15", "resolved", "s3://raw/") in news
    assert found["How a table grew"][0]["day"] == "2026-11-10"
    (cost,) = found["What the monitor itself costs"]
    assert (cost["month"], cost["runs"], cost["not_delivered"]) == ("2026-11", 20, 0)
    (mark,) = found["Who silenced what, and why"]
    assert (mark["table_id"], mark["made_by"], mark["because"]) == ("s3://raw/", "ann", "moves")


KINDS = {
    Kind.TEXT: "VARCHAR",
    Kind.INSTANT: "TIMESTAMP_MS",
    Kind.WHOLE: "BIGINT",
    Kind.NUMBER: "DOUBLE",
    Kind.FLAG: "BOOLEAN",
}


def test_what_engines_see_is_what_the_data_sets_hold(told: duckdb.DuckDBPyConnection) -> None:
    for dataset in DATASETS.values():
        seen = told.table(dataset.name)
        wanted = {name: KINDS[kind] for name, (kind, _) in dataset.columns.items()}
        types = [
            str(each).replace("TIMESTAMP", "TIMESTAMP_MS").replace("_MS_MS", "_MS") for each in seen.types
        ]
        assert dict(zip(seen.columns, types, strict=True)) == wanted | {"day": "VARCHAR"}
        assert len(seen.fetchall()) > 0
    place = open_history(".checks", "prod")
    assert {name.split("/")[1] for name in place.store.listed("datasets/")} == set(DATASETS)
