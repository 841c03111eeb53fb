"""Tables that are written in less usual ways, and yet rightly: what their logs tell of their periods."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from deltalake import DeltaTable, write_deltalake
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform, IdentityTransform, MonthTransform
from pyiceberg.types import IntegerType, NestedField, StringType, TimestampType

from checks.lake.formats import delta, hudi, iceberg
from checks.lake.formats.delta import live_files as delta_live
from checks.lake.formats.iceberg import manifests as iceberg_manifests
from checks.model import Column, Format, ItemState, TableMemory
from checks.rules.asking import Clock
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.partitioned import (
    A_GAP,
    EIGHT,
    MISSING,
    NINE,
    PRESENT,
    TEN,
    UNKNOWN,
    append_files,
    days_since_1970,
    delta_table,
    filled,
    folder_of,
    iceberg_table,
    metadata_action,
    objects_of,
    partitions_rule,
    plan_with,
    spec,
    states,
)
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    edit_json,
    iceberg_catalog,
    iceberg_schema,
    log_key,
    observe,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from pathlib import Path

    from checks.rules.base import TablePlan


def test_bounds_of_year_month_and_day_make_up_no_first_day(tmp_path: Path) -> None:
    names = ("year", "month", "day")
    schema = Schema(*[NestedField(number, name, IntegerType()) for number, name in enumerate(names, 1)])
    fields = [PartitionField(n, 999 + n, IdentityTransform(), name) for n, name in enumerate(names, 1)]
    table = iceberg_catalog(tmp_path).create(schema, PartitionSpec(*fields))
    now = at("11-03 07:00")
    append_files(table, (2026, 10, 31), (2026, 11, 1), (2026, 11, 2))
    append_files(table, (2026, 10, 31), (2026, 11, 1))
    objects, parameters = objects_of(table, tmp_path, now - HOUR, now - HOUR)
    for lookback, days in (
        (7, {"2026-11-02", "2026-11-01", "2026-10-31"}),  # the table began on 31 October
        (1, {"2026-11-02"}),
    ):
        plan = plan_with(Format.ICEBERG, partitions_rule(lookback=lookback), parameters=parameters)
        seen = observe(iceberg.READER, plan, objects, now)
        assert filled(plan, seen, now) == dict.fromkeys(days, PRESENT)


def test_dates_that_stand_for_never_are_not_the_first_day(tmp_path: Path) -> None:
    table = iceberg_catalog(tmp_path).create(iceberg_schema(), spec(1, IdentityTransform(), "day"))
    append_files(table, ("1970-01-01",))
    append_files(table, ("1900-01-01",), ("2026-11-20",), ("2026-11-21",))
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert filled(plan, seen) == {"2026-11-20": PRESENT, "2026-11-21": PRESENT}
    plan = plan_with(Format.ICEBERG, partitions_rule(lookback=1, due="05:00"), parameters=parameters)
    seen = observe(iceberg.READER, plan, objects, at("11-23 05:30"))
    assert states(plan, seen, at("11-23 05:30")) == {"2026-11-22": MISSING}  # no manifest had to be read
    assert seen.first_period_at == at("11-21 00:00")
    adds = [delta_add(day, day=day) for day in ("1970-01-01", "2026-11-20", "2026-11-21")]
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit(metadata_action("day"), *adds, at=EIGHT))
    plan = plan_with(Format.DELTA, partitions_rule(key="day", format="%Y-%m-%d"))
    found = filled(plan, observe(delta.READER, plan, objects))
    assert found == {"2026-11-20": PRESENT, "2026-11-21": PRESENT}


def evolved(tmp_path: Path, first: PartitionSpec, old: tuple[Any, ...], *days: str) -> Any:
    """Return a table with a file by one spec, and then one by the day of ``ts`` a day."""
    schema = iceberg_schema(NestedField(3, "ts", TimestampType()))
    table = iceberg_catalog(tmp_path).create(schema, first)
    append_files(table, old)
    with table.update_spec() as update:
        for each in first.fields:
            update.remove_field(each.name)
        update.add_field("ts", DayTransform(), "ts_day")
    for day in days:
        append_files(table, (days_since_1970(day),))
    return table


@pytest.mark.parametrize(
    ("first", "old"), [(PartitionSpec(), ()), (spec(3, MonthTransform(), "ts_month"), (12 * 56 + 10,))]
)
@pytest.mark.parametrize("stated", [{}, {"key": "ts"}])
def test_days_from_before_another_partition_spec_are_unknown_unless_they_are_found(
    tmp_path: Path, first: PartitionSpec, old: tuple[Any, ...], stated: dict[str, str]
) -> None:
    table = evolved(tmp_path, first, old, "2026-11-18", "2026-11-21")
    plan = plan_with(Format.ICEBERG, partitions_rule(lookback=4, **stated))
    for last_of_old, gets, expected in (
        (at("11-17 23:00"), 4, {"2026-11-20": MISSING, "2026-11-19": MISSING}),  # it is not even read
        (at("11-19 12:00"), 5, {"2026-11-20": MISSING, "2026-11-19": UNKNOWN}),
        (at("11-20 01:00"), 5, {"2026-11-20": UNKNOWN, "2026-11-19": UNKNOWN}),
    ):
        objects, parameters = objects_of(table, tmp_path, last_of_old, NOW - 2 * HOUR, NOW - HOUR)
        plan = replace(plan, table=replace(plan.table, parameters=parameters))
        seen = observe(iceberg.READER, plan, objects)
        assert filled(plan, seen) == {**expected, "2026-11-21": PRESENT, "2026-11-18": PRESENT}
        assert objects.counts == (0, gets)


@pytest.mark.parametrize("has_numbers", [True, False])  # version 1 has none
def test_what_expired_snapshots_wrote_by_another_spec_came_before_those_that_are_left(
    tmp_path: Path, *, has_numbers: bool
) -> None:
    table = evolved(tmp_path, PartitionSpec(), (), "2026-11-18", "2026-11-21")
    objects, parameters = objects_of(table, tmp_path, at("11-18 10:00"), at("11-19 12:00"), NOW - HOUR)

    def expire(document: dict[str, Any]) -> None:
        del document["snapshots"][0]
        for entry in document["snapshots"] if not has_numbers else ():
            del entry["sequence-number"]

    edit_json(objects, parameters["metadata_location"], expire)
    plan = plan_with(Format.ICEBERG, partitions_rule(), parameters=parameters)
    found = filled(plan, observe(iceberg.READER, plan, objects))
    assert found == {"2026-11-21": PRESENT, "2026-11-20": MISSING, "2026-11-19": UNKNOWN}


def test_of_many_manifests_a_day_one_of_each_day_is_read_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iceberg_manifests, "MOST_MANIFESTS", 3)
    table = iceberg_catalog(tmp_path).create(iceberg_schema(), spec(1, IdentityTransform(), "day"))
    for day in ("2026-11-18", "2026-11-19", "2026-11-21", "2026-11-22"):
        for _ in range(3):
            append_files(table, (day,))
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    found = filled(plan, observe(iceberg.READER, plan, objects))
    assert found == {"2026-11-21": PRESENT, "2026-11-20": UNKNOWN, "2026-11-19": PRESENT}


def test_manifests_from_before_a_dimension_was_added_are_passed_over_by_their_days(tmp_path: Path) -> None:
    schema = iceberg_schema(NestedField(3, "region", StringType()))
    table = iceberg_catalog(tmp_path).create(schema, spec(1, IdentityTransform(), "day"))
    for day in ("2026-11-01", "2026-11-02", "2026-11-19"):
        append_files(table, (day,))
    with table.update_spec() as update:
        update.add_field("region", IdentityTransform(), "region")
    append_files(table, ("2026-11-21", "eu"))
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    assert filled(plan, observe(iceberg.READER, plan, objects)) == A_GAP
    assert objects.counts == (0, 4)  # the metadata, the list, and a manifest for each of two days looked at


def test_a_table_that_is_partitioned_no_more_is_unknown_where_nothing_is_found(tmp_path: Path) -> None:
    table = iceberg_table(tmp_path, PartitionSpec())
    with table.update_spec() as update:
        update.add_field("day", IdentityTransform(), "day")
    append_files(table, ("2026-11-19",))
    with table.update_spec() as update:
        update.remove_field("day")
    append_files(table, ())
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    found = filled(plan, observe(iceberg.READER, plan, objects))
    assert found == {"2026-11-21": UNKNOWN, "2026-11-20": UNKNOWN, "2026-11-19": PRESENT}


def test_rows_without_a_value_fill_their_day_and_make_no_dimension(tmp_path: Path) -> None:
    partition = PartitionSpec(
        PartitionField(1, 1000, IdentityTransform(), "day"),
        PartitionField(3, 1001, IdentityTransform(), "region"),
    )
    schema = iceberg_schema(NestedField(3, "region", StringType()))
    table = iceberg_catalog(tmp_path).create(schema, partition)
    append_files(
        table, ("2026-11-19", "eu"), ("2026-11-19", None), ("2026-11-20", "eu"), ("2026-11-21", None)
    )
    objects, parameters = objects_of(table, tmp_path)
    keys = (Column("day", "string"), Column("region", "string"))
    for each, expected in (
        (None, {"2026-11-19": PRESENT, "2026-11-20": PRESENT, "2026-11-21": PRESENT}),
        ("region", {"2026-11-19": PRESENT, "2026-11-20": PRESENT, "2026-11-21": MISSING}),  # of eu alone
    ):
        plan = plan_with(Format.ICEBERG, partitions_rule(each=each), parameters=parameters)
        plan = replace(plan, table=replace(plan.table, partition_keys=keys))
        assert filled(plan, observe(iceberg.READER, plan, objects)) == expected


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_timestamps_of_deltalake_carry_fractions_of_a_second(tmp_path: Path, zone: str | None) -> None:
    moments = pa.array([datetime(2026, 11, day) for day in (19, 21)], pa.timestamp("us", zone))
    write_deltalake(str(tmp_path), pa.table({"day": moments, "amount": [1, 2]}), partition_by=["day"])
    plan = plan_with(Format.DELTA)
    assert filled(plan, observe(delta.READER, plan, folder_of(tmp_path))) == A_GAP


@pytest.mark.parametrize("checkpoint", [False, True])
def test_values_of_a_mapped_column_stand_under_its_physical_name(*, checkpoint: bool) -> None:
    physical = "col-5f422f40-de70-45b2-88ab-1d5c90e94db1"
    field = {"name": "day", "type": "date", "metadata": {"delta.columnMapping.physicalName": physical}}
    first = metadata_action("day")
    first["metaData"]["schemaString"] = json.dumps({"type": "struct", "fields": [field]})
    first["metaData"]["configuration"] = {"delta.columnMapping.mode": "name"}
    adds = [delta_add(day) for day in ("2026-11-19", "2026-11-21")]
    for each in adds:
        each["add"]["partitionValues"] = {physical: each["add"]["path"]}
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit(first, *adds, at=EIGHT))
    if checkpoint:
        text = "\n".join(json.dumps(action) for action in (first, *adds))
        objects.put(log_key(0, ".checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"), text.encode())
    plan = plan_with(Format.DELTA, partitions_rule(key="day", format="%Y-%m-%d"))
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP


def test_days_of_a_table_that_was_emptied_are_missing() -> None:
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit(metadata_action("dt"), delta_add("a", dt="20261119"), at=EIGHT))
    plan = plan_with(Format.DELTA)
    seen = observe(delta.READER, plan, objects)
    assert filled(plan, seen)["2026-11-19"] is PRESENT
    objects.put(log_key(1), delta_commit(delta_remove("a"), at=NINE, operation="DELETE"))
    memory = TableMemory(layout=seen.layout, first_period_at=seen.first_period_at)
    seen = observe(delta.READER, replace(plan, memory=memory), objects)
    assert set(states(plan, seen).values()) == {MISSING}


def test_a_checkpoint_that_was_never_finished_is_passed_over(tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-19", "2026-11-21")
    DeltaTable(str(tmp_path)).create_checkpoint()
    objects = folder_of(tmp_path)
    objects.put(log_key(2), delta_commit(delta_add("c", day="2026-11-18"), at=EIGHT))
    objects.put(log_key(2, ".checkpoint.0000000001.0000000002.parquet"), b"PAR1")
    plan = plan_with(Format.DELTA)
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP
    for name in [name for name in objects.objects if "last_checkpoint" in name or "1.checkpoint.p" in name]:
        del objects.objects[name]
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP


def test_too_large_a_log_leaves_values_that_were_not_found_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_live, "MOST_COMMITS", 3)
    objects = ObjectsInMemory()
    loads = [(day, region) for day in ("2026-11-19", "2026-11-20", "2026-11-21") for region in ("us", "eu")]
    for version, (day, region) in enumerate(loads):
        add = delta_add(f"{version}", day=day, region=region)
        objects.put(log_key(version), delta_commit(metadata_action("day", "region"), add, at=EIGHT))
    rule = partitions_rule(key="day", format="%Y-%m-%d", each={"region": ["eu", "us"]})
    plan = plan_with(Format.DELTA, rule)
    keys = (Column("day", "string"), Column("region", "string"))
    plan = replace(plan, table=replace(plan.table, partition_keys=keys))
    row = rule.measure(observe(delta.READER, plan, objects), Clock(now=NOW), TableMemory())
    assert {(item.period[-2:], item.dimensions[0][1]): item.state for item in row.items} == {
        ("21", "eu"): PRESENT,
        ("21", "us"): PRESENT,
        ("20", "eu"): PRESENT,
        ("20", "us"): UNKNOWN,
        ("19", "eu"): UNKNOWN,
        ("19", "us"): UNKNOWN,
    }


@pytest.mark.parametrize("each", ["region", {"region": ["eu", "us"]}])
def test_the_keys_of_a_log_need_not_be_in_the_catalog(each: Any, tmp_path: Path) -> None:
    both = PartitionSpec(
        PartitionField(source_id=1, field_id=1000, transform=IdentityTransform(), name="day"),
        PartitionField(source_id=4, field_id=1001, transform=IdentityTransform(), name="Region"),
    )
    table = iceberg_table(tmp_path, both, schema=iceberg_schema(NestedField(4, "Region", StringType())))
    append_files(table, ("2026-11-20", "eu"), ("2026-11-20", "us"), ("2026-11-21", "eu"))
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, partitions_rule(each=each, lookback=2), parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    row = plan.rules[0].measure(seen, Clock(now=NOW), TableMemory())
    assert row.unknown is None
    bad = [(item.period, item.dimensions) for item in row.items if item.state.is_bad]
    assert bad == [("2026-11-21", (("region", "us"),))]
    assert len(row.items) == 4
    other = plan_with(Format.ICEBERG, partitions_rule(each="country"), parameters=parameters)
    row = other.rules[0].measure(observe(iceberg.READER, other, objects), Clock(now=NOW), TableMemory())
    assert row.unknown is not None
    assert row.unknown.message.endswith("no partition key of sales.orders; its keys beside time are: region")


def test_a_day_that_was_written_ahead_by_a_commit_that_is_archived_is_found_by_its_path() -> None:
    table = HudiTable()
    table.instant(at("11-20 08:00"), "commit", hudi_commit(partition="day=2026-11-19"))
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    table.objects.put(f"{ROOT}day=2026-11-21/f-0_0-1-2_20261101.parquet", b"rows")
    plan = plan_with(Format.HUDI)
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == A_GAP


@pytest.mark.parametrize(
    ("path", "properties"),
    [
        ("eventDay={}", {"hive_style_partitioning": "true"}),
        ("eventDay={}", {"hive_style_partitioning": "true", "partitionpath.urlencode": "true"}),
        ("{}", {"hive_style_partitioning": "false", "partitionpath.urlencode": "true"}),
        ("eventDay={}", {"hive_style_partitioning": "true", "partitionpath.urlencode": "false"}),
    ],
)
@pytest.mark.parametrize("day", ["2026-11-{}", "2026/11/{}"])
def test_paths_before_the_timeline_are_written_as_the_table_writes_them(
    path: str, day: str, properties: dict[str, str]
) -> None:
    more = {f"hoodie.datasource.write.{name}": value for name, value in properties.items()}
    table = HudiTable(more={**more, "hoodie.table.partition.fields": "eventDay:SIMPLE"})
    sign = "%2F" if properties.get("partitionpath.urlencode") == "true" else "/"
    paths = {number: path.format(day.format(number).replace("/", sign)) for number in (19, 21)}
    table.instant(NINE, "commit", hudi_commit(partition=paths[21]))
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    table.objects.put(f"{ROOT}{paths[19]}/f-0_0-1-2_20261119.parquet", b"rows")
    plan = plan_with(Format.HUDI)
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == A_GAP


def regions(plan: TablePlan, table: HudiTable) -> dict[str, str]:
    """Return the states of each day and region, written shortly: ``{"20": "eu present, us missing"}``."""
    keys = (Column("region", "string"), Column("day", "string"))
    plan = replace(plan, table=replace(plan.table, partition_keys=keys))
    row = plan.rules[0].measure(observe(hudi.READER, plan, table.objects), Clock(now=NOW), TableMemory())
    assert row.unknown is None, row.unknown
    found: dict[str, str] = {}
    for item in row.items:
        state = PRESENT if item.state is ItemState.LATE else item.state
        told = f"{item.dimensions[0][1]} {state.value}"
        found[item.period[-2:]] = ", ".join(filter(None, (found.get(item.period[-2:]), told)))
    return found


def load_regions(table: HudiTable, **loads: str) -> HudiTable:
    """Load the next morning what is told of each day: ``d20="eu us"``."""
    for name, loaded in loads.items():
        day = f"2026-11-{name[1:]}"
        for hour, region in enumerate(loaded.split()):
            moment = at(f"{day[5:]} 00:00") + DAY + hour * HOUR
            table.instant(moment, "commit", hudi_commit(partition=f"region={region}/day={day}"))
    return table


def test_each_value_of_a_key_is_looked_for_in_all_commits_since_the_first_day() -> None:
    by_region = {"hoodie.table.partition.fields": "region,day"}
    stated = plan_with(Format.HUDI, partitions_rule(each={"region": ["eu", "us"]}))
    seen = plan_with(Format.HUDI, partitions_rule(each="region"))
    table = load_regions(
        HudiTable(more=by_region), d17="us eu", d18="us eu", d19="us eu", d20="us eu", d21="eu"
    )
    days = {"21": "eu present, us missing", "20": "eu present, us present", "19": "eu present, us present"}
    assert regions(stated, table) == regions(seen, table) == days
    assert table.objects.counts == (1, 9)  # the properties, and commits up to one from before the 19th
    table = load_regions(HudiTable(more=by_region), d19="ap us", d20="us", d21="us")
    assert regions(seen, table)["21"] == "ap missing, us present"


def test_what_began_before_the_timeline_is_unknown_and_what_began_since_is_missing() -> None:
    by_region = {"hoodie.table.partition.fields": "region,day"}
    plan = plan_with(Format.HUDI, partitions_rule(each={"region": ["eu", "us"]}, lookback=4))
    table = load_regions(HudiTable(more=by_region), d18="eu", d19="eu us", d20="us", d21="eu")
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    assert regions(plan, table) == {
        "21": "eu present, us missing",
        "20": "eu missing, us present",
        "19": "eu present, us present",
        "18": "eu present, us unknown",
    }
    table.instant(NOW - HOUR, "savepoint")
    assert regions(plan, table)["21"] == "eu present, us unknown"


def test_what_only_a_plan_calls_clustering_did_not_come_then() -> None:
    table = HudiTable()
    for moment, day in ((EIGHT, "2026-11-19"), (NINE, "2026-11-21")):
        table.instant(moment, "commit", hudi_commit(partition=f"day={day}"))
    table.instant(TEN, "replacecommit", hudi_commit(None, replaced=("day=2026-11-21",)))
    plan = json.dumps({"operationType": "CLUSTER"}).encode()
    table.objects.put(f"{table.folder}20261121100000000.replacecommit.requested", plan, TEN)
    seen = observe(hudi.READER, plan_with(Format.HUDI), table.objects)
    newest = next(each for each in seen.partitions if each.period.label == "2026-11-21")
    assert newest.listing is not None
    assert newest.listing.newest_at == NINE


def test_the_catalog_tells_the_partition_fields_of_an_old_table() -> None:
    table = HudiTable()
    properties = f"{ROOT}.hoodie/hoodie.properties"
    kept = [
        line for line in table.objects.objects[properties].splitlines() if b"partition.fields" not in line
    ]
    table.objects.put(properties, b"\n".join(kept))
    for moment, day in ((EIGHT - DAY, "2026/11/18"), (EIGHT, "2026/11/19"), (NINE, "2026/11/21")):
        table.instant(moment, "commit", hudi_commit(partition=day))
    plan = plan_with(Format.HUDI)
    keys = tuple(Column(name, "string") for name in ("year", "month", "day"))
    plan = replace(plan, table=replace(plan.table, partition_keys=keys))
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == A_GAP
