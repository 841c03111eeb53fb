"""Projections of several other keys: how many places are looked at, in which order, and what is planned for it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.estimate import estimate
from checks.model import Status
from checks.rules.asking import Clock
from tests.layout.test_projection import entry
from tests.support.lakes import MemoryLake
from tests.support.rule_checks import NOW, find, plan_of
from tests.support.times import at

if TYPE_CHECKING:
    from checks.model import Table
    from checks.rules.base import TablePlan

DAYS = [date(2026, 11, 22) - number * timedelta(days=1) for number in range(10)][::-1]
BLOCK: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 7}
REGION_FIRST = "s3://lake/AWSLogs/${account}/CloudTrail/${region}/${day}"
DAY_FIRST = "s3://lake/AWSLogs/${day}/${account}/${region}"


def trail(lake: MemoryLake, accounts: int, regions: int, template: str = REGION_FIRST) -> Table:
    keys: dict[str, Any] = {
        "account": {"type": "enum", "values": ",".join(f"a{n}" for n in range(accounts))},
        "region": {"type": "enum", "values": ",".join(f"r-{n}" for n in range(regions))},
        "day": {"type": "date", "format": "yyyy/MM/dd", "range": "2020/01/01,NOW"},
    }
    return lake.table("ops.trail", entry(template, **keys), account="string", region="string", day="string")


def load(lake: MemoryLake, account: str, region: str, *days: date, template: str = REGION_FIRST) -> None:
    for day in days:
        place = template.replace("${account}", account).replace("${region}", region)
        lake.put(
            f"{place.replace('${day}', f'{day:%Y/%m/%d}')}/a.gz", at(f"{day + timedelta(days=1):%m-%d} 01:00")
        )


def listings(lake: MemoryLake, plan: TablePlan, check: str) -> tuple[Status, int]:
    before = lake.counts["s3:ListObjectsV2"]
    finding = find(lake, plan, check)
    assert not any(name.startswith("glue:") for name in lake.counts)
    return finding.status, lake.counts["s3:ListObjectsV2"] - before


@pytest.mark.parametrize(
    ("account", "region", "most"), [("a0", "r-0", 2), ("a1", "r-0", 19), ("a2", "r-16", 52)]
)
def test_a_day_is_proved_by_one_place(account: str, region: str, most: int) -> None:
    lake = MemoryLake()
    table = trail(lake, 3, 17)
    load(lake, account, region, *DAYS)
    plan = plan_of(table, partitions=BLOCK)
    status, count = listings(lake, plan, "partitions")
    assert (status, count <= most) == (Status.PASS, True)
    expected = estimate(plan, Clock(now=NOW))
    assert (expected.count, expected.at_most) == (51, True)
    assert expected.way == "7 due days, 51 places of each, a scan each until all are proved"


def test_days_that_different_places_prove_are_all_there() -> None:
    lake = MemoryLake()
    table = trail(lake, 2, 3)
    for number, day in enumerate(DAYS):
        load(lake, f"a{number % 2}", f"r-{number % 3}", day)
    assert listings(lake, plan_of(table, partitions=BLOCK), "partitions")[0] is Status.PASS


def test_a_day_that_no_place_has_is_missing_after_all_were_looked_at() -> None:
    lake = MemoryLake()
    table = trail(lake, 3, 17)
    load(lake, "a0", "r-0", *DAYS[:-2], DAYS[-1])
    plan = plan_of(table, partitions=BLOCK)
    finding = find(lake, plan, "partitions")
    assert finding.because.startswith("1 of 7 due days without usable data: 2026-11-21 missing")
    assert lake.counts["s3:ListObjectsV2"] <= 52


def test_values_that_are_told_apart_are_each_looked_at() -> None:
    lake = MemoryLake()
    table = trail(lake, 1, 3)
    load(lake, "a0", "r-0", *DAYS)
    plan = plan_of(table, partitions={**BLOCK, "each": "region"})
    assert find(lake, plan, "partitions").status is Status.PASS, "none but r-0 was ever seen"
    stated = plan_of(table, partitions={**BLOCK, "each": {"region": ["r-0", "r-1"]}})
    assert "region=r-1" in find(lake, stated, "partitions").because


def test_one_listing_of_the_day_serves_where_the_day_comes_first() -> None:
    lake = MemoryLake()
    table = trail(lake, 20, 17, DAY_FIRST)
    load(lake, "a19", "r-16", *DAYS, template=DAY_FIRST)
    load(lake, "a99", "r-16", DAYS[-1], template=DAY_FIRST)
    plan = plan_of(table, partitions=BLOCK, freshness={"max_age": "24h"})
    assert listings(lake, plan, "partitions") == (Status.PASS, 1)
    assert estimate(plan, Clock(now=NOW)).count == 1


def test_what_no_query_sees_of_a_day_does_not_count_in_its_listing() -> None:
    lake = MemoryLake()
    table = trail(lake, 2, 2, DAY_FIRST)
    load(lake, "a0", "r-0", *DAYS[:-1], template=DAY_FIRST)
    load(lake, "a0", "r-7", DAYS[-1], template=DAY_FIRST)
    finding = find(lake, plan_of(table, partitions=BLOCK), "partitions")
    assert finding.because.startswith("1 of 7 due days without usable data: 2026-11-22 missing")


@pytest.mark.parametrize(("account", "most"), [("a0", 2), ("a19", 341)])
def test_freshness_passes_by_the_first_place_with_new_data(account: str, most: int) -> None:
    lake = MemoryLake()
    table = trail(lake, 20, 17)
    load(lake, account, "r-0", *DAYS)
    plan = plan_of(table, freshness={"max_age": "36h"})
    status, count = listings(lake, plan, "freshness")
    assert (status, count <= most) == (Status.PASS, True)
    expected = estimate(plan, Clock(now=NOW))
    assert (expected.count, expected.at_most) == (680, True)


def test_freshness_fails_when_all_places_were_looked_at() -> None:
    lake = MemoryLake()
    table = trail(lake, 2, 2)
    load(lake, "a1", "r-1", *DAYS)
    finding = find(lake, plan_of(table, freshness={"max_age": "6h"}), "freshness")
    assert (finding.status, "11 h" in finding.because) == (Status.FAIL, True)


def test_lateness_is_not_told_by_a_place_that_came_late_where_another_came_in_time() -> None:
    lake = MemoryLake()
    table = trail(lake, 1, 2)
    for day in DAYS:
        lake.put(f"s3://lake/AWSLogs/a0/CloudTrail/r-0/{day:%Y/%m/%d}/a", NOW - timedelta(hours=1))
        lake.put(f"s3://lake/AWSLogs/a0/CloudTrail/r-1/{day:%Y/%m/%d}/a", NOW - timedelta(hours=300))
    finding = find(lake, plan_of(table, partitions=BLOCK), "partitions")
    assert not [item for item in finding.items if item.state.value == "late"]


def test_sizes_count_all_places() -> None:
    lake = MemoryLake()
    table = trail(lake, 2, 2)
    for account in ("a0", "a1"):
        load(lake, account, "r-0", *DAYS)
    finding = find(lake, plan_of(table, partitions=BLOCK, volume={"min_files": 2, "max_files": 2}), "volume")
    assert finding.status is Status.PASS, finding.because
