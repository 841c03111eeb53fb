"""What is measured of tables: one suite over a lake in memory and one behind HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from checks.lake.observe import observe
from checks.layout import StatedLayout, TimeLayout
from checks.model import Finding, Listing, Observation, ProblemKind, Severity, Table, TableMemory
from checks.rules.asking import Clock, Needs
from checks.rules.base import NOTHING_MORE, About, Binding, Row, Rule, TablePlan
from checks.rules.entry import EntryKeys
from checks.rules.freshness import FreshnessConfig
from checks.rules.partitions import PartitionsConfig, PartitionsRule
from tests.support.lakes import HttpLake, LakeBuilder, MemoryLake, hive_location, prefix
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from datetime import datetime

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)
UTC_BINDING = Binding(zone=ZoneInfo("UTC"))


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


def daily(**config: object) -> PartitionsRule:
    rule = PartitionsConfig.model_validate({"every": "1d", "due": "06:00", **config}).bind(UTC_BINDING)
    assert isinstance(rule, PartitionsRule)
    return rule


def fresh(max_age: str = "24h") -> Rule:
    return FreshnessConfig.model_validate({"max_age": max_age}).bind(UTC_BINDING)


def see(lake: LakeBuilder, plan: TablePlan, clock: Clock = CLOCK) -> Observation:
    """Observe, and check that the requests told are the ones that went out."""
    before = sum(lake.counts.values())
    seen = observe(plan, clock, lake.reader(plan))
    if isinstance(lake, HttpLake):
        assert seen.requests == sum(lake.counts.values()) - before
    return seen


def requests(lake: LakeBuilder) -> dict[str, int]:
    return dict(lake.counts)


def days(count: int, until: datetime = NOW) -> list[str]:
    """The last days before ``until``, newest first."""
    return [(until - (number + 1) * DAY).date().isoformat() for number in range(count)]


def load(
    lake: LakeBuilder, table: Table, values: list[str], arrived: datetime, *, register: bool = True
) -> None:
    lake.put(f"{hive_location(table, values)}part-0.parquet", arrived)
    if register:
        lake.register(table, values, at=arrived)


def states(seen: Observation) -> dict[str, tuple[bool | None, int | None]]:
    """Registered, and number of data objects, by period."""
    return {
        each.period.label: (each.registered, each.listing.objects if each.listing else None)
        for each in seen.partitions
    }


def test_a_daily_table_costs_one_glue_request_and_one_listing(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="string")
    for number, day in enumerate(days(40)):
        load(lake, table, [day], NOW - number * DAY - 8 * HOUR)
    stated = StatedLayout(("dt",), ("%Y-%m-%d",))
    seen = see(lake, TablePlan(table=table, rules=(daily(), fresh()), stated_layout=stated))
    assert seen.problem is None
    assert states(seen) == dict.fromkeys(days(14), (True, 1))
    assert [each.period.label for each in seen.partitions] == days(14)
    assert requests(lake) == {"glue:GetPartitions": 1, "s3:ListObjectsV2": 1}
    assert seen.first_period_at == at("2026-11-09")
    newest = seen.partitions[0]
    assert newest.listing == Listing(
        objects=1,
        size_bytes=10,
        newest_at=NOW - 8 * HOUR,
        oldest_at=NOW - 8 * HOUR,
        newest_key="s3://lake/sales/orders/dt=2026-11-22/part-0.parquet",
    )
    assert newest.created_at == NOW - 8 * HOUR
    assert newest.values == ("2026-11-22",)


def test_the_layout_is_inferred_by_one_request_and_remembered(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", yyyymmdd="string")
    for day in days(5):
        load(lake, table, [day.replace("-", "")], NOW - DAY)
    plan = TablePlan(table=table, rules=(daily(lookback=3),))
    seen = see(lake, plan)
    assert requests(lake) == {"glue:GetPartitions": 2, "s3:ListObjectsV2": 1}
    assert seen.layout is not None
    assert seen.layout["keys"] == [["yyyymmdd", "%Y%m%d"]]
    again = see(lake, replace(plan, memory=TableMemory(layout=seen.layout)))
    assert again.partitions == seen.partitions
    assert requests(lake) == {"glue:GetPartitions": 3, "s3:ListObjectsV2": 2}


def test_missing_empty_and_unregistered_are_told_apart(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="date")
    load(lake, table, ["2026-11-18"], NOW - 5 * DAY)
    lake.register(table, ["2026-11-19"])
    load(lake, table, ["2026-11-20"], NOW - 3 * DAY, register=False)
    lake.register(table, ["2026-11-21"])
    lake.put(f"{table.location}dt=2026-11-21/_SUCCESS", NOW)
    lake.put(f"{table.location}dt=2026-11-21/", NOW, 0)
    lake.put(f"{table.location}dt=2026-11-21/part-0.parquet", NOW, 0)
    seen = see(lake, TablePlan(table=table, rules=(daily(lookback=5),)))
    assert states(seen) == {
        "2026-11-22": (False, 0),
        "2026-11-21": (True, 0),
        "2026-11-20": (False, 1),
        "2026-11-19": (True, 0),
        "2026-11-18": (True, 1),
    }
    by_label = {each.period.label: each for each in seen.partitions}
    assert by_label["2026-11-21"].listing == Listing(empty_objects=1, ignored_objects=2)
    assert by_label["2026-11-20"].values == ("2026-11-20",)
    assert by_label["2026-11-20"].location == "s3://lake/sales/orders/dt=2026-11-20/"


@pytest.mark.parametrize(
    ("types", "formats"),
    [
        ({"year": "string", "month": "string", "day": "string"}, ("%Y", "%m", "%d")),
        ({"year": "string", "month": "string", "day": "string"}, ("%Y", "%-m", "%-d")),
        ({"year": "int", "month": "int", "day": "int"}, ("%Y", "%-m", "%-d")),
        ({"year": "int", "month": "int", "day": "int"}, ("%Y", "%m", "%d")),
    ],
    ids=["padded text", "unpadded text", "numbers", "padded numbers"],
)
def test_several_keys_are_asked_for_by_their_exact_values(
    lake: LakeBuilder, types: dict[str, str], formats: tuple[str, ...]
) -> None:
    table = lake.table("sales.orders", None, **types)
    padded = "%-" not in "".join(formats)
    for number in range(60):
        day = (NOW - (number + 1) * DAY).date()
        values = (
            [f"{day:%Y}", f"{day:%m}", f"{day:%d}"]
            if padded
            else [str(day.year), str(day.month), str(day.day)]
        )
        load(lake, table, values, NOW - number * DAY)
    seen = see(lake, TablePlan(table=table, rules=(daily(lookback=30),)))
    assert states(seen) == dict.fromkeys(days(30), (True, 1))
    listings = 1 if padded else 30
    assert requests(lake) == {
        "glue:GetPartitions": 1,
        "glue:BatchGetPartition": 1,
        "s3:ListObjectsV2": listings,
    }


def test_unknown_padding_is_tried_both_ways(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", year="string", month="string", day="string")
    for day in ("10", "11", "12"):
        load(lake, table, ["2026", "11", day], NOW)
    clock = Clock(now=at("2026-11-13 12:00"))
    plan = TablePlan(table=table, rules=(daily(lookback=3),))
    seen = see(lake, plan, clock)
    assert states(seen) == dict.fromkeys(["2026-11-12", "2026-11-11", "2026-11-10"], (True, 1))
    assert seen.layout is not None
    assert seen.layout["padding_known"] is False
    load(lake, table, ["2026", "9", "3"], NOW)
    load(lake, table, ["2026", "09", "04"], NOW, register=False)
    clock = Clock(now=at("2026-09-05 12:00"))
    seen = see(lake, replace(plan, memory=TableMemory(layout=seen.layout)), clock)
    assert ("2026", "9", "3") in {each.values for each in seen.partitions if each.registered}
    unregistered = [each for each in seen.partitions if each.registered is False and each.listing]
    assert [each.values for each in unregistered if each.listing and each.listing.objects] == [
        ("2026", "09", "04")
    ]


def test_each_partition_of_a_period_is_listed(lake: LakeBuilder) -> None:
    table = lake.table("ads.spend", dt="string", region="string")
    for day in days(3):
        load(lake, table, [day, "eu"], NOW - DAY)
    load(lake, table, ["2026-11-22", "us"], NOW - HOUR)
    seen = see(lake, TablePlan(table=table, rules=(daily(lookback=2),)))
    assert [(each.period.label, each.dimensions) for each in seen.partitions] == [
        ("2026-11-22", (("region", "us"),)),
        ("2026-11-22", (("region", "eu"),)),
        ("2026-11-21", (("region", "eu"),)),
    ]
    assert requests(lake) == {"glue:GetPartitions": 2, "s3:ListObjectsV2": 1}


def test_keys_of_another_kind_first_are_asked_for_by_an_expression(lake: LakeBuilder) -> None:
    table = lake.table("ads.spend", region="string", year="int", month="int", day="int")
    for number in range(40):
        day = NOW - (number + 1) * DAY
        load(lake, table, ["eu", str(day.year), str(day.month), str(day.day)], NOW - number * DAY)
    seen = see(lake, TablePlan(table=table, rules=(daily(lookback=7),)))
    assert states(seen) == dict.fromkeys(days(7), (True, 1))
    assert requests(lake) == {"glue:GetPartitions": 2, "s3:ListObjectsV2": 1}


def test_an_unregistered_day_with_other_keys_is_found_by_its_folder(lake: LakeBuilder) -> None:
    table = lake.table("ads.spend", dt="string", region="string")
    load(lake, table, ["2026-11-21", "eu"], NOW - DAY)
    load(lake, table, ["2026-11-22", "eu"], NOW, register=False)
    seen = see(lake, TablePlan(table=table, rules=(daily(lookback=2),)))
    assert states(seen) == {"2026-11-22": (False, 1), "2026-11-21": (True, 1)}
    assert seen.partitions[0].values == ("2026-11-22", "eu")
    assert seen.partitions[0].location == "s3://lake/ads/spend/dt=2026-11-22/region=eu/"


def test_hours_below_days(lake: LakeBuilder) -> None:
    table = lake.table("web.clicks", dt="string", hour="string")
    for hour in range(12):
        load(lake, table, ["2026-11-23", f"{hour:02d}"], at(f"11-23 {hour:02d}:50"))
    rule = PartitionsConfig.model_validate({"every": "1h", "after": "15m", "lookback": 6}).bind(UTC_BINDING)
    seen = see(lake, TablePlan(table=table, rules=(rule,)))
    labels = [each.period.label for each in seen.partitions]
    assert labels == [f"2026-11-23T{hour:02d}:00" for hour in range(11, 4, -1)]


def test_a_day_of_hours_without_registration_is_one_listing_of_its_folder(lake: LakeBuilder) -> None:
    table = lake.table("web.clicks", dt="string", hour="string")
    load(lake, table, ["2026-11-21", "05"], NOW - 2 * DAY)
    load(lake, table, ["2026-11-22", "07"], NOW - DAY, register=False)
    seen = see(lake, TablePlan(table=table, rules=(daily(lookback=2),)))
    assert states(seen) == {"2026-11-22": (False, 1), "2026-11-21": (True, 1)}
    assert seen.partitions[0].values == ("2026-11-22", "07")


def test_freshness_stops_at_the_first_partition_that_proves_it(lake: LakeBuilder) -> None:
    table = lake.table("web.clicks", dt="string")
    for number, day in enumerate(days(30)):
        load(lake, table, [day], NOW - number * DAY - HOUR)
    seen = see(lake, TablePlan(table=table, rules=(fresh(),)))
    assert states(seen) == {"2026-11-22": (True, 1)}
    assert requests(lake) == {"glue:GetPartitions": 2, "s3:ListObjectsV2": 1}


def test_an_older_period_is_found_by_one_request_and_a_look_into_it(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="string")
    load(lake, table, ["2025-03-04"], NOW - 200 * DAY)
    plan = TablePlan(
        table=table, rules=(daily(lookback=2),), stated_layout=StatedLayout(("dt",), ("%Y-%m-%d",))
    )
    seen = see(lake, plan)
    assert seen.first_period_at == at("2025-03-04")
    assert requests(lake) == {"glue:GetPartitions": 2, "s3:ListObjectsV2": 2}


def test_an_older_period_is_found_for_unpadded_keys_too(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", year="int", month="int", day="int")
    load(lake, table, ["2026", "9", "4"], NOW - 60 * DAY)
    plan = TablePlan(
        table=table, rules=(daily(lookback=2),),
        stated_layout=StatedLayout(("year", "month", "day"), ("%Y", "%-m", "%-d")),
    )  # fmt: skip
    assert see(lake, plan).first_period_at == at("2026-09-04")


def test_values_that_do_not_parse_are_told_and_null_partitions_passed_over(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="string")
    load(lake, table, ["2026-11-22"], NOW)
    lake.register(table, ["unknown"])
    lake.register(table, ["__HIVE_DEFAULT_PARTITION__"])
    plan = TablePlan(
        table=table, rules=(daily(lookback=1),), stated_layout=StatedLayout(("dt",), ("%Y-%m-%d",))
    )
    seen = see(lake, plan)
    assert states(seen) == {"2026-11-22": (True, 1)}
    assert seen.notes == (
        "1 partition has values that do not fit dt as %Y-%m-%d and count nowhere, such as dt=unknown",
        "1 partition has no value for dt (__HIVE_DEFAULT_PARTITION__), and counts nowhere",
    )


def test_a_partition_may_lie_elsewhere_and_lack_its_slash(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="string")
    lake.bucket("elsewhere")
    lake.put("s3://elsewhere/x/2026-11-2/a.parquet", NOW - DAY)
    lake.put("s3://elsewhere/x/2026-11-22/b.parquet", NOW - HOUR)
    lake.register(
        table,
        ["2026-11-22"],
        "s3a://elsewhere/x/2026-11-2" if isinstance(lake, HttpLake) else "s3://elsewhere/x/2026-11-2/",
    )
    seen = see(lake, TablePlan(table=table, rules=(daily(lookback=1),)))
    assert seen.partitions[0].listing is not None
    assert seen.partitions[0].listing.newest_key == "s3://elsewhere/x/2026-11-2/a.parquet"


def test_one_partition_that_cannot_be_listed_leaves_the_others(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="string")
    load(lake, table, ["2026-11-21"], NOW)
    lake.register(table, ["2026-11-22"], "s3://no-such-bucket-here/x/")
    seen = see(lake, TablePlan(table=table, rules=(daily(lookback=2),)))
    assert seen.problem is None
    assert states(seen) == {"2026-11-22": (True, None), "2026-11-21": (True, 1)}
    problem = seen.partitions[0].problem
    assert problem is not None
    assert problem.kind is ProblemKind.NOT_FOUND


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


def test_with_a_stated_now_what_is_later_is_not_there(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="string")
    load(lake, table, ["2026-11-21"], NOW - DAY)
    lake.put(f"{table.location}dt=2026-11-21/later.parquet", NOW + HOUR)
    load(lake, table, ["2026-11-22"], NOW + HOUR)
    plan = TablePlan(
        table=table, rules=(daily(lookback=2),), stated_layout=StatedLayout(("dt",), ("%Y-%m-%d",))
    )
    assert states(see(lake, plan)) == {"2026-11-22": (True, 1), "2026-11-21": (True, 2)}
    past = Clock(now=NOW, ignore_later=True)
    assert states(see(lake, plan, past)) == {"2026-11-22": (False, 0), "2026-11-21": (True, 1)}


def test_dated_paths_below_a_prefix_are_found_and_remembered(lake: LakeBuilder) -> None:
    lake.bucket("lake")
    for day in days(4):
        lake.put(f"s3://lake/fire/{day.replace('-', '/')}/part-1.gz", NOW)
    plan = TablePlan(table=prefix("s3://lake/fire/"), rules=(daily(lookback=5),))
    seen = see(lake, plan)
    assert seen.layout is not None
    assert seen.layout["path"] == "%Y/%m/%d/"
    assert states(seen) == {**dict.fromkeys(days(4), (None, 1)), "2026-11-18": (None, 0)}
    first = sum(lake.counts.values())
    assert first <= 4 + 5 + 1
    known = TableMemory(layout=seen.layout, first_period_at=seen.first_period_at, logs=seen.logs)
    again = see(lake, replace(plan, memory=known, max_age_of_answer=7 * DAY))
    assert again.partitions == seen.partitions
    assert sum(lake.counts.values()) - first == 1
    third = see(lake, replace(plan, memory=replace(known, logs=None)))
    assert third.partitions == seen.partitions
    assert sum(lake.counts.values()) - first == 1 + 2  # and a look for a log beside the folders


def test_a_stated_path_of_file_names(lake: LakeBuilder) -> None:
    lake.bucket("lake")
    lake.put("s3://lake/trips/trips_2026-10.parquet", NOW - 20 * DAY)
    lake.put("s3://lake/trips/trips_2026-1.parquet", NOW)
    rule = PartitionsConfig.model_validate({"every": "1mo", "after": "1d", "lookback": 2}).bind(UTC_BINDING)
    plan = TablePlan(
        table=prefix("s3://lake/trips/"),
        rules=(rule,),
        stated_layout=StatedLayout((), ("trips_%Y-%m.parquet",)),
    )
    assert states(see(lake, plan)) == {"2026-10": (None, 1), "2026-09": (None, 0)}


def test_projected_partitions_are_looked_for_by_name(lake: LakeBuilder) -> None:
    entry = {
        "Parameters": {
            "projection.enabled": "true",
            "projection.day.type": "date",
            "projection.day.format": "yyyy/MM/dd",
            "projection.day.range": "2020/01/01,NOW",
            "storage.location.template": "s3://lake/logs/${day}",
        }
    }
    table = lake.table("ops.logs", entry, day="string")
    lake.put("s3://lake/logs/2026/11/22/a.gz", NOW)
    seen = see(lake, TablePlan(table=table, rules=(daily(lookback=2),)))
    assert seen.problem is None
    assert states(seen) == {"2026-11-22": (None, 1), "2026-11-21": (None, 0)}
    assert "glue:GetPartitions" not in lake.counts


def test_a_projection_that_is_not_read_says_so(lake: LakeBuilder) -> None:
    entry = {"Parameters": {"projection.enabled": "true", "projection.device.type": "injected"}}
    seen = see(lake, TablePlan(table=lake.table("ops.logs", entry, device="string"), rules=(fresh(),)))
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.UNSUPPORTED
    assert "'device' (injected)" in seen.problem.message


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
