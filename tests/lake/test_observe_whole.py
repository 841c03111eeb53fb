"""What is measured of tables that are one place, that cannot be read, or that are larger than a page."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from checks.layout import StatedLayout, TimeLayout
from checks.model import Finding, Listing, Observation, ProblemKind, Severity, Table, TableMemory
from checks.rules.asking import Clock, Needs
from checks.rules.base import NOTHING_MORE, About, Row, Rule, TablePlan
from checks.rules.entry import EntryKeys
from tests.support.lakes import LakeBuilder, MemoryLake, hive_location, prefix
from tests.support.observed import NOW, daily, days, fresh, load, see, states
from tests.support.times import DAY, HOUR


@dataclass(frozen=True)
class Asks(Rule):
    """A rule that asks for what the test says."""

    check: ClassVar[str] = "asks"
    needs_: Needs = field(default_factory=lambda: Needs(place=True))

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:
        return self.needs_

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Any]:
        raise NotImplementedError

    def finding(self, row: Row[Any], severity: Severity | None, about: About = NOTHING_MORE) -> Finding:
        raise NotImplementedError


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return any_lake


def test_an_unpartitioned_table_and_a_prefix_are_one_listing(lake: LakeBuilder) -> None:
    table = lake.table("sales.customers")
    for uri in (table.location, "s3://lake/raw/"):
        lake.put(f"{uri}a.csv", NOW - DAY, 7)
        lake.put(f"{uri}b.csv", NOW - HOUR, 5)
        lake.put(f"{uri}_temporary/c.csv", NOW)
        lake.put(f"{uri}d.json", NOW)
    for watched in (table, prefix("s3://lake/raw")):
        before = sum(lake.counts.values())
        seen = see(lake, TablePlan(table=watched, rules=(fresh(),), entry=EntryKeys(pattern=("*.csv",))))
        assert seen.listing == Listing(
            objects=2,
            size_bytes=12,
            newest_at=NOW - HOUR,
            oldest_at=NOW - DAY,
            newest_key=f"{watched.location}b.csv",
            ignored_objects=2,
            left_out=1,
            left_out_key=f"{watched.location}d.json",
        )
        assert sum(lake.counts.values()) - before == 1


def test_a_listing_of_markers_only_is_complete_and_holds_nothing(lake: LakeBuilder) -> None:
    lake.bucket("lake")
    lake.put("s3://lake/raw/", NOW, 0)
    lake.put("s3://lake/raw/x/", NOW, 0)
    lake.put("s3://lake/raw/x_$folder$", NOW, 0)
    lake.put("s3://lake/raw/x/empty.csv", NOW, 0)
    seen = see(lake, TablePlan(table=prefix("s3://lake/raw/"), rules=(fresh(),)))
    assert seen.listing == Listing(empty_objects=1, ignored_objects=3)
    assert see(lake, TablePlan(table=prefix("s3://lake/none/"), rules=(fresh(),))).listing == Listing()


@pytest.mark.parametrize(
    "name",
    [
        "a b.csv",
        "a%20b.csv",
        "50%.csv",
        "a+b.csv",
        "a//b.csv",
        "Straße/日本.csv",
        "quote'&<>\".csv",
        "ü/é=1/😀.csv",
    ],
)
def test_strange_names_come_out_as_they_are(lake: LakeBuilder, name: str) -> None:
    lake.bucket("lake")
    lake.put(f"s3://lake/raw/{name}", NOW)
    seen = see(lake, TablePlan(table=prefix("s3://lake/raw/"), rules=(fresh(),)))
    assert seen.listing is not None
    assert seen.listing.newest_key == f"s3://lake/raw/{name}"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"TableType": "VIRTUAL_VIEW"}, "a.b is a view: it has no data of its own"),
        ({"StorageDescriptor": {"Columns": []}}, "a.b has no location in S3 in the catalog"),
        (
            {"StorageDescriptor": {"Location": "hdfs://n/x"}},
            "a.b keeps its data in hdfs, not in S3 (its location is hdfs://n/x)",
        ),
        (
            {"StorageDescriptor": {"Location": "lake/x"}},
            "a.b has no location in S3 in the catalog (its location is lake/x)",
        ),
    ],
)
def test_views_and_tables_without_a_location_say_why_they_are_not_read(
    lake: LakeBuilder, entry: dict[str, Any], told: str
) -> None:
    seen = see(lake, TablePlan(table=lake.table("a.b", entry), rules=(fresh(),)))
    assert seen.problem is not None
    assert (seen.problem.kind, seen.problem.message) == (ProblemKind.UNSUPPORTED, told)


def test_a_table_without_time_in_its_keys_is_one_place_for_freshness(lake: LakeBuilder) -> None:
    table = lake.table("a.by_region", region="string")
    load(lake, table, ["eu"], NOW - HOUR)
    load(lake, table, ["us"], NOW - 2 * HOUR)
    seen = see(lake, TablePlan(table=table, rules=(fresh(),)))
    assert seen.listing is not None
    assert seen.listing.newest_at == NOW - HOUR
    assert seen.notes[0].startswith("no partition key was seen to carry time: region=")
    refused = see(lake, TablePlan(table=table, rules=(daily(),)))
    assert refused.problem is not None
    assert refused.problem.kind is ProblemKind.AMBIGUOUS


def test_a_table_whose_folders_were_never_registered_shows_its_layout_by_their_names(
    lake: LakeBuilder,
) -> None:
    table = lake.table("a.unregistered", dt="string")
    for day in days(3):
        load(lake, table, [day], NOW, register=False)
    seen = see(lake, TablePlan(table=table, rules=(daily(lookback=3),)))
    assert states(seen) == dict.fromkeys(days(3), (False, 1))


def test_a_table_dropped_since_the_plan_is_told(lake: LakeBuilder) -> None:
    if isinstance(lake, MemoryLake):
        pytest.skip("the catalog's own answer")
    table = replace(lake.table("a.gone", dt="string"), id="a.dropped", name="dropped")
    seen = see(lake, TablePlan(table=table, rules=(daily(),)))
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.NOT_FOUND
    assert "a.dropped does not exist" in seen.problem.message


def test_a_bucket_that_is_gone_is_told(lake: LakeBuilder) -> None:
    seen = see(lake, TablePlan(table=prefix("s3://never-there-at-all/x/"), rules=(fresh(),)))
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.NOT_FOUND


def test_a_fault_of_a_reader_is_a_problem_of_its_table_alone() -> None:
    lake = MemoryLake()
    table = lake.table("a.b", dt="string")
    del lake.partitions[table.id]
    seen = see(lake, TablePlan(table=table, rules=(daily(),)))
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.INTERNAL
    assert seen.problem.message == "a.b could not be read: KeyError: 'a.b'"


def test_all_pages_are_followed() -> None:
    lake = MemoryLake(page_size=7, partition_page=3)
    table = lake.table("sales.orders", dt="string")
    for day in days(10):
        lake.register(table, [day])
        for number in range(20):
            lake.put(
                f"{hive_location(table, [day])}part-{number:02d}.parquet", NOW - timedelta(minutes=number)
            )
    plan = TablePlan(
        table=table, rules=(daily(lookback=10),), stated_layout=StatedLayout(("dt",), ("%Y-%m-%d",))
    )
    seen = see(lake, plan)
    assert states(seen) == dict.fromkeys(days(10), (True, 20))
    assert dict(lake.counts) == {"glue:GetPartitions": 4, "s3:ListObjectsV2": 29}


def test_a_rule_may_ask_for_the_place_beside_periods() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    load(lake, table, ["2026-11-22"], NOW)
    seen = see(lake, TablePlan(table=table, rules=(daily(lookback=1), Asks())))
    assert seen.listing is not None
    assert seen.listing.objects == 1
    assert len(seen.partitions) == 1
