"""`checks explain` and `checks plan` on grace, windows and slow cadences."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from checks import cli
from tests.support.accounts import land_days
from tests.support.lakes import hive_location
from tests.support.times import at

if TYPE_CHECKING:
    import pytest

    from tests.support.lakes import HttpLake

CONFIG = """\
version: 1
timezone: Europe/Berlin
windows:
  maintenance: {days: [sun], start: "05:00", end: "08:00"}
tables:
  - table: sales.orders
    partitions: {every: 1d, due: "06:00", grace: 90m, windows: maintenance, lookback: 3}
  - table: sales.payroll
    partitions: {every: 2w, anchor: 2026-01-05, due: "06:00", lookback: 2}
  - table: sales.ledger
    partitions: {every: 3mo, due: "06:00", lookback: 2}
  - prefix: s3://lake/raw/
    freshness: {by: "06:00", within: 6h, grace: 90m, windows: maintenance}
  - prefix: s3://lake/old/
    pattern: "*.csv"
    ignore: tmp/*
    freshness: {max_age: 24h, windows: maintenance}
"""


def _text(key: str) -> dict[str, Any]:
    return {key: "string"}


def lines_of(capsys: pytest.CaptureFixture[str], heading: str, *arguments: str) -> list[str]:
    """Return the lines below a heading of what a command tells."""
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    cli.main(list(arguments))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    start = lines.index(heading) + 1
    return lines[start : lines.index("", start)]


def test_a_deadline_within_a_window_and_its_grace(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    land_days(lake, lake.table("sales.orders", dt="string"), "2026-11-10", "2026-11-20")
    told = lines_of(capsys, "PERIODS", "explain", "sales.orders", "--now", "2026-11-22T07:30Z")
    assert told == [
        "  every 1d, labels in UTC; each is due at the first 06:00 Europe/Berlin at or after its end,",
        "      critical 1 h 30 min later; nothing is due within maintenance (Sundays 05:00 to 08:00",
        "      Europe/Berlin), but at their end",
        "  2026-11-21  due Sun 22 Nov 2026 08:00 CET (put off from Sun 22 Nov 2026 06:00 CET), grace until",
        "      Sun 22 Nov 2026 09:30 CET: missing",
        "  2026-11-20  due Sat 21 Nov 2026 06:00 CET: present, first data Sat 21 Nov 2026 04:00 CET",
        "  2026-11-19  due Fri 20 Nov 2026 06:00 CET: present, first data Fri 20 Nov 2026 04:00 CET",
        "  next: 2026-11-22 is due Mon 23 Nov 2026 06:00 CET",
    ]


def test_pairs_of_weeks_and_quarters(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    for name, key, values in (
        ("payroll", "week", ["2026-W42", "2026-W44"]),
        ("ledger", "quarter", ["2026-Q1", "2026-Q2"]),
    ):
        table = lake.table(f"sales.{name}", **_text(key))
        for value in values:
            lake.put(f"{hive_location(table, [value])}a.parquet", at("2026-11-09 04:00"))
            lake.register(table, [value], at=at("2026-11-09 04:00"))
    told = lines_of(capsys, "PERIODS", "explain", "sales.payroll", "--now", "2026-11-23T07:00Z")
    assert told == [
        "  every 2w (pairs of weeks, such as the one from Monday 2024-01-08), labels in UTC; each is due at",
        "      the first 06:00 Europe/Berlin at or after its end",
        "  2026-W46-W47  due Mon 23 Nov 2026 06:00 CET: missing",
        "  2026-W44-W45  due Mon 9 Nov 2026 06:00 CET: present, first data Mon 9 Nov 2026 05:00 CET",
        "  next: 2026-W48-W49 is due Mon 7 Dec 2026 06:00 CET",
    ]
    told = lines_of(capsys, "PERIODS", "explain", "sales.ledger", "--now", "2026-11-23T07:00Z")
    assert told[1].startswith("  2026-Q3  due Thu 1 Oct 2026 06:00 CEST: missing")
    assert told[-1] == "  next: 2026-Q4 is due Fri 1 Jan 2027 06:00 CET"


def test_freshness_by_a_time_and_by_age(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    lake.bucket("lake")
    lake.put("s3://lake/raw/a.csv", at("2026-11-21 04:00"))
    lake.put("s3://lake/old/a.csv", at("2026-11-21 06:30"))
    told = lines_of(capsys, "FRESHNESS", "explain", "s3://lake/raw/", "--now", "2026-11-22T07:30Z")
    assert told[:6] == [
        "  due by 06:00 Europe/Berlin; the last one was Sun 22 Nov 2026 08:00 CET, put off from Sun 22 Nov",
        "      2026 06:00 CET",
        "  a warning for 1 h 30 min from the deadline on: until Sun 22 Nov 2026 09:30 CET, then critical",
        "  within windows maintenance (Sundays 05:00 to 08:00 Europe/Berlin) nothing is due, but at their end",
        "  watermark: a warning where nothing came since Sat 21 Nov 2026 23:00 CET",
        "  watermark: critical where nothing came since Sat 21 Nov 2026 00:00 CET",
    ]
    told = lines_of(capsys, "VERDICT", "explain", "s3://lake/raw/", "--now", "2026-11-22T07:30Z")
    assert told[0].startswith("  freshness: warning - no new data for 27 h 30 min")
    told = lines_of(capsys, "FRESHNESS", "explain", "s3://lake/old/", "--now", "2026-11-22T08:30Z")
    assert (
        told[0] == "  within windows maintenance (Sundays 05:00 to 08:00 Europe/Berlin) no time counts as age"
    )
    told = lines_of(capsys, "VERDICT", "explain", "s3://lake/old/", "--now", "2026-11-22T08:30Z")
    assert told[0].startswith("  freshness: pass - the newest data came 26 h ago")


def test_plan_tells_what_a_run_sees_late(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    for name, key in (("orders", "dt"), ("payroll", "week"), ("ledger", "quarter")):
        lake.table(f"sales.{name}", **_text(key))
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    assert cli.main(["plan", "--cron", "cron(10 5 * * ? *)", "--now", "2026-11-20T12:00Z"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "2 due fortnights" in told
    assert "2 due quarters" in told
    assert "a run at cron(10 5 * * ? *) sees deadlines of s3://lake/raw/ and 1 more up to" in told
    notes = [each.strip() for each in told.split("note: ")[1:]]
    window = "within maintenance (Sundays 05:00 to 08:00 Europe/Berlin)"
    assert notes == [
        "only objects named *.csv but not tmp/* are data: s3://lake/old/",
        f"no time counts as age {window}: s3://lake/old/",
        f"nothing is due {window}: s3://lake/raw/, sales.orders",
        "late is a warning for 1 h 30 min, then critical: s3://lake/raw/, sales.orders",
    ]
