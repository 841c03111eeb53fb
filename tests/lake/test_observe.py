"""What is measured of tables: one suite over a lake in memory and one behind HTTP."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checks.layout import StatedLayout
from checks.model import Listing, ProblemKind, TableMemory
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from checks.rules.partitions import PartitionsConfig
from tests.support.lakes import HttpLake, LakeBuilder, prefix
from tests.support.observed import NOW, UTC_BINDING, daily, days, fresh, load, requests, see, states
from tests.support.times import DAY, HOUR, at


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return any_lake


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
