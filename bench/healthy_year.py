"""Check a simulated year of 50 tables with all kinds of schedule every hour: no false alarm, no incident missed.

    python bench/healthy_year.py [--every HOURS]

Prints how many verdicts were given, in which time, and what was wrong. Ends with 1 when anything was.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from checks.model import Status
from tests.support.healthy import Simulated, fifty

HOUR = timedelta(hours=1)
BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


@cache
def tables() -> list[Simulated]:
    """Return the tables, made once a process."""
    return fifty()


def check(number: int, every: int) -> tuple[str, int, list[str]]:
    """Check one table through the year, healthy and with one load lost; return its name, verdicts and faults."""
    table = tables()[number]
    verdicts, faults = 0, []
    now = BEGIN
    while now < END:
        finding = table.finding(now)
        verdicts += 1
        if finding.status is not Status.PASS:
            faults.append(f"{table.name} at {now:%Y-%m-%d %H:%M}: a false alarm: {finding.because}")
        now += every * HOUR
    found, faults_of_incident = incident(table, number)
    return table.name, verdicts + found, faults + faults_of_incident


def incident(table: Simulated, seed: int) -> tuple[int, list[str]]:
    """Lose one load; the first hourly run at which it is overdue must fail, and none before."""
    chance = random.Random(seed)  # noqa: S311 - a choice, the same each time
    last = END - timedelta(days=2)
    overdue = {
        position: load.overdue_at
        for position, load in enumerate(table.loads)
        if load.overdue_at is not None and BEGIN + HOUR < load.overdue_at < last
    }
    position = chance.choice(list(overdue))
    broken, knowable_at = table.without(position), overdue[position]
    hours = -(-(knowable_at - BEGIN) // HOUR)
    verdicts, faults = 0, []
    for back in range(47, -1, -1):
        now = BEGIN + (hours - back) * HOUR
        if now < BEGIN:
            continue
        verdicts += 1
        failed = broken.finding(now).status is Status.FAIL
        if failed != (back == 0):
            wrong = "found too early" if failed else "not found"
            faults.append(
                f"{table.name}: the load of {table.loads[position]} was {wrong} at {now:%Y-%m-%d %H:%M}"
            )
    return verdicts, faults


def main() -> int:
    """Check all tables on all cores, print what came of it, return the exit code."""
    parser = argparse.ArgumentParser(description="Check a simulated year of 50 healthy tables.")
    parser.add_argument("--every", type=int, default=1, metavar="HOURS", help="hours between two runs (1)")
    every = parser.parse_args().every
    started = time.monotonic()
    count = len(tables())
    verdicts, wrong = 0, 0
    with ProcessPoolExecutor() as pool:
        for _, number, faults in pool.map(check, range(count), [every] * count):
            verdicts, wrong = verdicts + number, wrong + len(faults)
            for fault in faults[:5]:
                print(fault)
    seconds = time.monotonic() - started
    print(f"{count} tables, {verdicts} verdicts, {wrong} wrong, {count} incidents, in {seconds:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
