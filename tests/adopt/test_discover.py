"""A lake in, and what its tables are like out: what is learned of each, by which requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from checks import adopt
from checks.lake import Lake
from checks.lake.glue.catalog import table_of
from checks.model import Format, Table
from checks.monitor.plan import Planned
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from checks.rules.proposing import Proposal, TooLittle
from checks.side_by_side import side_by_side
from tests.support.discovered import (
    NOW,
    ODD,
    by_hours,
    healthy,
    in_berlin,
    in_one_place,
    in_the_morning,
    partitioned,
)
from tests.support.lakes import REGION, HttpLake, LakeBuilder, entry_of
from tests.support.loads import Load, as_delta, as_hudi, as_iceberg
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLOCK = Clock(now=NOW, ignore_later=True)


def want(*globs: str, most: int = 200) -> adopt.Want:
    return adopt.Want(
        globs=globs, back=timedelta(days=90), false_alarms=1.0, written="1/month", max_requests=most
    )


def looked(
    lake: LakeBuilder, table: Table, most: int = 200, clock: Clock = CLOCK
) -> Proposal | TooLittle | str:
    """Return what a table comes to; the sentence of its problem where it could not be read."""
    plan = TablePlan(table=table, rules=())
    asked = adopt.Asked(want=want("a.*", most=most), planned=Planned(plans=(plan,)))
    looking = adopt.Looking(asked)
    seen = looking(plan, clock, lake.reader)
    return seen.problem.message if seen.problem is not None else looking.found[table.id]


def requests(lake: LakeBuilder) -> dict[str, int]:
    return {operation.partition(":")[2]: count for operation, count in sorted(lake.counts.items()) if count}


def test_days_are_stated_and_one_scan_tells_them(any_lake: LakeBuilder) -> None:
    found = looked(any_lake, partitioned(any_lake, "sales.orders", in_the_morning("orders")))
    assert isinstance(found, Proposal)
    assert found.block == {"every": "1d", "due": "08:15", "timezone": "UTC"}
    assert found.sentence.startswith("63 of the last 63 days between 05:")
    assert found.sure == "sure"
    assert len(found.arrivals) == 70
    assert requests(any_lake) == {"GetPartitions": 2, "ListObjectsV2": 1}


def test_the_wall_clock_of_a_job_is_found_over_a_change_of_clocks(any_lake: LakeBuilder) -> None:
    found = looked(any_lake, partitioned(any_lake, "sales.orders", in_berlin("orders")))
    assert isinstance(found, Proposal)
    assert found.block == {"every": "1d", "due": "09:15", "timezone": "Europe/Berlin"}


def test_working_days_have_a_calendar(any_lake: LakeBuilder) -> None:
    found = looked(any_lake, partitioned(any_lake, "sales.orders", in_the_morning("orders", weekdays=5)))
    assert isinstance(found, Proposal)
    assert found.calendar is not None
    assert found.calendar.closed_weekdays == {5, 6}
    assert found.kind.startswith("days due at ")


def test_hours_are_stated(any_lake: LakeBuilder) -> None:
    found = looked(any_lake, by_hours(any_lake, "web.clicks"))
    assert isinstance(found, Proposal)
    assert isinstance(found.block, dict)
    assert found.block["every"] == "1h"
    assert found.block["after"] in {"15m", "20m"}
    assert len(found.arrivals) == 14 * 24


@pytest.mark.parametrize(("key", "months", "every"), [("month", 1, "1mo"), ("quarter", 3, "3mo")])
@pytest.mark.parametrize(("count", "seen"), [(12, 12), (13, 13), (14, 13)])
def test_of_slow_tables_periods_count_not_days(
    any_lake: LakeBuilder, key: str, months: int, every: str, count: int, seen: int
) -> None:
    table = any_lake.table("sales.ledger", None, **{key: "string"})
    this = NOW.year * 12 + (NOW.month - 1) // months * months
    for number in range(count, 0, -1):
        begins, ends = (divmod(this - each * months, 12) for each in (number, number - 1))
        label = f"{begins[0]}-{begins[1] + 1:02d}" if months == 1 else f"{begins[0]}Q{begins[1] // 3 + 1}"
        came = datetime(ends[0], ends[1] + 1, 3, 6, tzinfo=UTC)
        any_lake.register(table, [label], at=came)
        any_lake.put(f"{table.location}{key}={label}/a.parquet", came)
    found = looked(any_lake, table)
    assert isinstance(found, Proposal), found
    assert (found.check, len(found.arrivals)) == ("partitions", seen)
    assert dict(found.block)["every"] == every  # type: ignore[arg-type]


def test_what_comes_into_one_place_learns_its_deadline(any_lake: LakeBuilder) -> None:
    times = (NOW - number * HOUR for number in range(500))
    found = looked(any_lake, in_one_place(any_lake, "web.events", times))
    assert isinstance(found, Proposal)
    assert found.block == "auto"
    assert found.kind == "something comes hourly or more often; the deadline is learned"
    assert requests(any_lake) == {"ListObjectsV2": 1}


def test_single_days_that_are_missed_now_and_then_are_judged_by_what_came_last(any_lake: LakeBuilder) -> None:
    missed = range(3, 70, 6)
    found = looked(any_lake, partitioned(any_lake, "sales.orders", in_the_morning("orders", lost=missed)))
    assert isinstance(found, Proposal)
    assert (found.check, found.block) == ("freshness", "auto")
    assert (
        found.instead
        == "single periods are missed now and then, which partitions: auto learns and no key states"
    )


@pytest.mark.parametrize(
    ("count", "needed"),
    [(0, "it holds no data"), (1, "1 arrival seen, 4 needed"), (3, "3 arrivals seen, 4 needed")],
)
def test_too_few_arrivals_are_told(any_lake: LakeBuilder, count: int, needed: str) -> None:
    found = looked(any_lake, in_one_place(any_lake, "web.young", (NOW - n * DAY for n in range(count))))
    assert isinstance(found, TooLittle)
    assert found.why == needed


@pytest.mark.parametrize(("most", "is_read"), [(1, False), (2, True), (3, True)])
def test_no_table_takes_more_requests_than_it_may(any_lake: LakeBuilder, most: int, is_read: bool) -> None:  # noqa: FBT001 - a parameter
    table = in_one_place(any_lake, "web.events", (NOW - number * HOUR for number in range(1001)))
    found = looked(any_lake, table, most)
    assert isinstance(found, Proposal) is is_read
    if not is_read:
        assert found == "the listing of s3://lake/web/events/ was ended before its last page"
    assert sum(any_lake.counts.values()) == min(most, 2)


def test_where_each_day_takes_a_request_so_many_are_looked_at_as_it_may_take(any_lake: LakeBuilder) -> None:
    table = any_lake.table("sales.orders", None, dt="string")
    for number, (day, came) in enumerate(in_the_morning("orders")):
        place = f"s3://lake/{(number * 7) % 70:02d}/"  # no order of time
        any_lake.register(table, [f"{day:%Y-%m-%d}"], place, at=came)
        any_lake.put(f"{place}a.parquet", came)
    found = looked(any_lake, table, 40)
    assert isinstance(found, Proposal)
    assert sum(any_lake.counts.values()) <= 40
    assert 8 <= len(found.arrivals) < 40


LOADS = [
    Load(at=NOW - n * DAY - 7 * HOUR, day=f"{NOW - (n + 1) * DAY:%Y-%m-%d}", size_bytes=9) for n in range(40)
][::-1]


@pytest.mark.parametrize(
    ("make", "parameters", "check", "asked"),
    [
        (as_iceberg, {"table_type": "ICEBERG"}, "partitions", {"GetObject": 42}),
        (
            as_delta,
            {"spark.sql.sources.provider": "delta"},
            "partitions",
            {"GetObject": 40, "ListObjectsV2": 1},
        ),
        (
            as_hudi,
            {"spark.sql.sources.provider": "hudi"},
            "partitions",
            {"GetObject": 41, "ListObjectsV2": 2},
        ),
    ],
)
def test_tables_with_logs(
    lake: HttpLake,
    tmp_path: Path,
    make: Callable[..., object],
    parameters: dict[str, str],
    check: str,
    asked: dict[str, int],
) -> None:
    loaded = make(tmp_path, LOADS)
    lake.bucket("lake")
    for key, data in loaded.objects.objects.items():  # type: ignore[attr-defined]
        stored = lake.s3.put_object("lake", key, data)
        stored.last_modified = loaded.objects.modified[key].replace(tzinfo=None)  # type: ignore[attr-defined]
    entry = entry_of("sales.orders", {"Parameters": {**parameters, **loaded.parameters}}, {})  # type: ignore[attr-defined]
    table = table_of(entry, account=None, region=REGION)
    assert table.format is not Format.FILES
    found = looked(lake, table)
    assert isinstance(found, Proposal), found
    assert found.check == check
    assert len(found.arrivals) == 40
    assert requests(lake) == asked


def test_a_fleet_is_read_by_exactly_so_many_requests(lake: HttpLake) -> None:
    healthy(lake)
    reading = Lake(aws=lake.aws)
    asked = adopt.survey(want("sales.*", "web.*"), reading, CLOCK)
    assert requests(lake) == {"GetTables": 2}
    found = adopt.discover(asked, reading, CLOCK)
    assert not found.unread
    assert [each.table for each in found.adopted] == sorted(
        ["sales.invoices", "sales.orders", "sales.refunds", "web.clicks", "web.events", f"web.{ODD}"]
    )
    assert found.requests == sum(lake.counts.values())
    # Of each table of days or hours two for its keys and partitions, and a scan; else a page for each 1,000 objects.
    assert requests(lake) == {"GetTables": 2, "GetPartitions": 7, "BatchGetPartition": 1, "ListObjectsV2": 7}
    for least, most in [(each.least, each.most) for each in adopt.expected(asked.planned.plans, 200, CLOCK)]:
        assert least <= 3 <= most
    elsewhere = Lake(aws=lake.aws)
    again = adopt.discover(
        adopt.survey(want("sales.*", "web.*"), elsewhere, CLOCK), elsewhere, CLOCK, spread=side_by_side
    )
    assert again.adopted == found.adopted


def test_a_log_that_takes_too_many_requests_by_period_is_judged_by_what_came_last(
    lake: HttpLake, tmp_path: Path
) -> None:
    loaded = as_iceberg(tmp_path, LOADS)
    for key, data in loaded.objects.objects.items():
        lake.bucket("lake")
        lake.s3.put_object("lake", key, data).last_modified = loaded.objects.modified[key].replace(
            tzinfo=None
        )
    entry = entry_of("sales.orders", {"Parameters": {"table_type": "ICEBERG", **loaded.parameters}}, {})
    found = looked(lake, table_of(entry, account=None, region=REGION), 20)
    assert isinstance(found, Proposal)
    assert (found.check, found.block) == ("freshness", "auto")
    assert len(found.arrivals) == 40
    assert requests(lake) == {"GetObject": 13}  # twelve of the first look's, and the table's own file again
