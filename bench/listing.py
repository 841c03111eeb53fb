"""Measure one prefix of 1,000,000 keys against boto3's paginator, on a local server that is not the bottleneck.

    python bench/listing.py [--latency MS]

The paginator lists a sample of 40 pages; both are told as keys a second, without their imports.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.server import KEYS, child, serving

PEER_PAGES = 40
_OWN = """
import json, resource, sys, time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from checks.lake import Lake
from checks.lake.glue.catalog import prefix_table
from checks.rules.asking import Clock
from checks.rules.base import Binding, TablePlan
from checks.rules.freshness import FreshnessConfig
rule = FreshnessConfig.model_validate({"max_age": "24h"}).bind(Binding(zone=ZoneInfo("UTC")))
lake = Lake()
lake.aws.client("s3")
plan = TablePlan(table=prefix_table("s3://lake/raw/in/"), rules=(rule,))
started, worked = time.monotonic(), time.process_time()
seen = lake.observe_all([plan], Clock(now=datetime(2026, 11, 22, 4, tzinfo=UTC)))["s3://lake/raw/in/"]
assert seen.listing is not None and seen.listing.complete, seen.problem
print(json.dumps({"keys": seen.listing.objects, "seconds": time.monotonic() - started,
                  "cpu": time.process_time() - worked, "requests": seen.requests,
                  "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""
_PEER = """
import json, sys, time
import boto3
s3 = boto3.client("s3")
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="lake", Prefix="raw/in/")
started, worked, keys = time.monotonic(), time.process_time(), 0
for number, page in enumerate(pages, 1):
    keys += sum(1 for entry in page["Contents"] if entry["Size"] and entry["LastModified"])
    if number == int(sys.argv[1]):
        break
print(json.dumps({"keys": keys, "seconds": time.monotonic() - started, "cpu": time.process_time() - worked}))
"""


def main() -> None:
    """Measure, and print a line a promise."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds before each answer (0)")
    with serving("listing", parser.parse_args().latency) as url:
        own = json.loads(child(_OWN, url=url)[1])
        peer = json.loads(child(_PEER, str(PEER_PAGES), url=url)[1])
    rate, peer_rate = own["keys"] / own["seconds"], peer["keys"] / peer["seconds"]
    print(f"{own['keys']:,} of {KEYS:,} keys in {own['seconds']:.1f} s, {own['cpu']:.1f} s of CPU")
    print(f"requests: {own['requests']} (a page holds 1,000 keys)")
    print(f"keys a second: {rate:,.0f}; boto3's paginator {peer_rate:,.0f} (on {peer['keys']:,} keys)")
    print(f"times as fast as boto3's paginator: {rate / peer_rate:.1f} (at least 20)")
    cpu = (peer["cpu"] / peer["keys"]) / (own["cpu"] / own["keys"])
    print(f"of CPU a key: 1/{cpu:.1f} of boto3's")
    print(f"most memory of the process: {own['mb']:.0f} MB (under 400)")


if __name__ == "__main__":
    main()
