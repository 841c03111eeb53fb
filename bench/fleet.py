"""Measure a run over 500 daily tables of 400 partitions of 20 files, behind a server 40 ms away.

    python bench/fleet.py

Beside it, in the same run: the import of the packages alone, and the usual script (awswrangler's
get_partitions and list_objects, table by table) on a sample of the tables. All numbers are ratios of these.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.server import FILES, PARTITIONS, TABLES, child, serving

LATENCY_MS, CONCURRENCY, SAMPLE = 40, 16, 4
_IMPORTS = "import boto3, awswrangler, great_expectations, checks.monitor, checks.assess, checks.expectations"
_RUN = """
import json, os, sys, time
from datetime import datetime
from checks import monitor
config = monitor.load_config({
    "version": 1, "name": "bench", "history": sys.argv[2], "concurrency": int(sys.argv[3]),
    "tables": [{"table": "sales.*", "partitions": {"every": "1d", "due": "06:00", "lookback": 14}}],
}, {})
now = datetime.fromisoformat(sys.argv[1])
outcome = monitor.run(config, monitor.Request(now=now, send=False, keep=True), os.environ)
summary, cost = outcome.report.summary, outcome.report.cost
print(json.dumps({"tables": summary.tables, "fresh": summary.fresh, "requests": cost.requests,
                  "usd": cost.usd, "by": dict(cost.by_operation), "looking": cost.seconds}))
"""
_PEER = """
import sys, time
from datetime import datetime, UTC
import boto3, awswrangler as wr
boto3.setup_default_session()
started = time.monotonic()
for number in range(int(sys.argv[1])):
    table = f"t{number:04d}"
    wr.catalog.get_partitions(database="sales", table=table)
    wr.s3.list_objects(f"s3://lake/sales/{table}/", last_modified_begin=datetime(2026, 11, 9, tzinfo=UTC))
print(time.monotonic() - started)
"""


def main() -> None:
    """Measure, and print a line a promise."""
    with serving("fleet", LATENCY_MS) as url, tempfile.TemporaryDirectory() as history:
        child(_IMPORTS, url=url)  # compiles what is not compiled yet
        importing, _ = child(_IMPORTS, url=url)
        first_s, first_text = child(_RUN, "2026-11-24T07:00:00+00:00", history, str(CONCURRENCY), url=url)
        next_s, next_text = child(_RUN, "2026-11-24T08:00:00+00:00", history, str(CONCURRENCY), url=url)
        _, peer_text = child(_PEER, str(SAMPLE), url=url)
    first, following = json.loads(first_text), json.loads(next_text)
    peer = float(peer_text) / SAMPLE * TABLES
    ideal = first["requests"] * LATENCY_MS / 1000 / CONCURRENCY + importing
    print(
        f"{TABLES} tables of {PARTITIONS} partitions of {FILES} files, {LATENCY_MS} ms a request, {CONCURRENCY} at once"
    )
    print(f"fresh: {first['fresh']} of {first['tables']}; {first['by']}; ${first['usd']:.4f}")
    print(f"requests a table: {first['requests'] / TABLES:.2f} (at most 3, and the catalog's pages)")
    print(f"next run's requests a table: {following['requests'] / TABLES:.2f} (no more than the first's)")
    print(f"whole process: {first_s:.1f} s, the next {next_s:.1f} s; its imports alone {importing:.1f} s")
    print(f"times the ideal (requests x latency / concurrency + import): {first_s / ideal:.2f} (under 2)")
    sample = f"{SAMPLE} tables, times {TABLES // SAMPLE}"
    print(f"times as fast as awswrangler table by table ({sample}): {peer / first_s:.0f} (at least 20)")


if __name__ == "__main__":
    main()
