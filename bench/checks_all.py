"""Measure the judging of 10,000 tables by all seven checks, a tenth of them failing, from observations to findings.

    python bench/checks_all.py

Building the observations and importing Great Expectations are not counted.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from zoneinfo import ZoneInfo

from checks.assess import _great_expectations, findings_of
from checks.config import load
from checks.model import (
    Column,
    FileSeen,
    FooterSeen,
    Listing,
    Names,
    Observation,
    PartitionSeen,
    Size,
    Suffix,
    Table,
    TableMemory,
)
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from checks.schedule.periods import DAILY, period_at

TABLES = 10_000
DAYS = 14
NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
DAY = timedelta(days=1)
COLUMNS = tuple(Column(f"column_{number}", "struct<a:int,b:array<string>>") for number in range(30))
BLOCKS = {
    "partitions": {"every": "1d", "due": "06:00", "lookback": DAYS},
    "freshness": {"max_age": "36h"},
    "volume": {"min_bytes": "1MB", "drop": "60%", "rise": "300%"},
    "catalog": "on",
    "files": {"small": "1MB"},
    "schema": "on",
    "events": {"column": "event_time", "max_age": "36h"},
}
PERIODS = [period_at(NOW - number * DAY, DAILY, ZoneInfo("UTC")) for number in range(1, DAYS + 1)]
SIZES = {(NOW - number * DAY).date().isoformat(): Size(50_000_000, 12) for number in range(2, 70)}


def seen_of(number: int, table: Table) -> Observation:
    """Return what is there of one table; of each tenth, a day short of nearly all of its data."""
    bad = number % 10 == 0
    partitions = []
    for back, period in enumerate(PERIODS):
        place = f"{table.location}dt={period.label}/"
        at = period.end + timedelta(hours=2, seconds=number % 600)
        newest = FileSeen(f"{place}part-0.parquet", 4_000_000, at)
        short = bad and back == 0
        partitions.append(
            PartitionSeen(
                period=period,
                values=(period.label,),
                location=place,
                registered=not short,
                listing=Listing(
                    objects=12,
                    size_bytes=1_000_001 if short else 50_000_000 + number,
                    newest_at=at,
                    oldest_at=at,
                    newest_key=newest.uri,
                    newest_files=(newest,),
                    names=Names(suffixes=(Suffix(".csv" if short else ".parquet", 12, newest.uri),)),
                ),
            )
        )
    event = NOW - timedelta(hours=48 if bad else 3)
    latest = FileSeen(f"{partitions[0].location}part-0.parquet", 4_000_000, NOW)
    return Observation(
        table=table,
        now=NOW,
        partitions=tuple(partitions),
        layout={"keys": [["dt", "%Y-%m-%d"]]},
        footers=(FooterSeen(file=latest, columns=COLUMNS, newest=event),),
    )


def build() -> list[tuple[TablePlan, Observation]]:
    """Return the plans of all tables, and what was seen of each."""
    config = load({"version": 1, "defaults": BLOCKS, "tables": [{"table": "sales.*"}]}, environ={})
    resolved = config.resolve(None, "sales", "orders")
    if resolved is None:
        raise SystemExit("the config matches no table")
    built = []
    for number in range(TABLES):
        table = Table(
            id=f"sales.t{number:05d}",
            database="sales",
            name=f"t{number:05d}",
            location=f"s3://lake/sales/t{number:05d}/",
            columns=COLUMNS if number % 10 else COLUMNS[:-1],
            partition_keys=(Column("dt", "string"),),
            file_format="parquet",
        )
        memory = TableMemory(
            sizes=SIZES, schema=(*COLUMNS, *table.partition_keys), first_period_at=NOW - 70 * DAY
        )
        plan = TablePlan(table=table, rules=resolved.rules, memory=memory)
        built.append((plan, seen_of(number, table)))
    return built


def main() -> None:
    """Measure, and print a line a promise."""
    built = build()
    _great_expectations("freshness")
    plans = [plan for plan, _ in built]
    observations = {plan.table.id: seen for plan, seen in built}
    started, worked = time.monotonic(), time.process_time()
    findings = findings_of(plans, observations, Clock(now=NOW))
    seconds, worked = time.monotonic() - started, time.process_time() - worked
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{TABLES:,} tables x {len(BLOCKS)} checks, {len(findings):,} findings: {seconds:.2f} s (under 5)")
    print(f"of one processor: {worked:.2f} s")
    print(f"most memory of the process: {peak_mib:,.0f} MiB (under 1,024)")
    for (check, status), count in sorted(
        Counter((each.check, each.status.value) for each in findings).items()
    ):
        print(f"  {check:<11} {status:<8} {count:>6,}")


if __name__ == "__main__":
    main()
