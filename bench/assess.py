"""Measure the judging of 10,000 tables by 14 checks each, a third of them failing, with Great Expectations.

    python bench/assess.py

The import is not counted. Every verdict is compared with the plain one.
"""

from __future__ import annotations

import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from checks.assess import _great_expectations, judge
from checks.model import Severity
from checks.rules.base import Direction, Row

TABLES, EXPECTATIONS = 10_000, 14
NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)


def rows() -> list[Row[None]]:
    """Return a row a table: a third older than the critical limit, as many between the two limits."""
    ages = (timedelta(hours=1), timedelta(hours=30), timedelta(hours=48))
    return [
        Row(
            table=f"sales.t{number:05d}",
            check="freshness",
            direction=Direction.AT_LEAST,
            observed=NOW - ages[number % 3] - timedelta(seconds=number % 600),
            warning=NOW - timedelta(hours=24),
            critical=NOW - timedelta(hours=36),
        )
        for number in range(TABLES)
    ]


def main() -> None:
    """Measure, and print a line a promise."""
    judged = rows()
    _great_expectations("freshness")
    started = time.monotonic()
    judgements = [judge("freshness", judged) for _ in range(EXPECTATIONS // 2)]  # two expectations each
    seconds = time.monotonic() - started
    plainly = {
        severity: {row.id for row in judged if row.observed < limit}  # type: ignore[operator]
        for severity, limit in (
            (Severity.WARNING, judged[0].warning),
            (Severity.CRITICAL, judged[0].critical),
        )
    }
    equal = all(each.problem is None and dict(each.failing) == plainly for each in judgements)
    print(f"{TABLES:,} tables x {EXPECTATIONS} expectations: {seconds:.2f} s (under 3)")
    print(f"failing: {len(plainly[Severity.CRITICAL]):,} critical; equal to the plain comparison: {equal}")
    print(
        f"most memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB (under 1,024)"
    )


if __name__ == "__main__":
    main()
