"""Iceberg tables that are written in less usual ways, and yet rightly: what their logs tell of their periods."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform, IdentityTransform, MonthTransform
from pyiceberg.types import IntegerType, NestedField, StringType, TimestampType

from checks.lake.formats import delta, iceberg
from checks.lake.formats.iceberg import manifests as iceberg_manifests
from checks.model import Column, Format, TableMemory
from checks.rules.asking import Clock
from tests.support.partitioned import (
    A_GAP,
    EIGHT,
    MISSING,
    PRESENT,
    UNKNOWN,
    append_files,
    days_since_1970,
    filled,
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
    ObjectsInMemory,
    delta_add,
    delta_commit,
    edit_json,
    iceberg_catalog,
    iceberg_schema,
    log_key,
    observe,
)
from tests.support.times import HOUR, at

if TYPE_CHECKING:
    from pathlib import Path


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
