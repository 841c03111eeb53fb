"""Hudi: partition values in paths, with and without names, with slashes in them, and without a value."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from checks.lake.formats import hudi
from checks.lake.formats.hudi.paths import PartitionPaths, paths_of
from checks.layout import NULL_PARTITION, StatedLayout
from checks.model import Column, Format, ItemState
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.partitioned import (
    EIGHT,
    MISSING,
    NINE,
    PRESENT,
    UNKNOWN,
    filled,
    partitions_rule,
    plan_with,
)
from tests.support.tables_by_engines import NOW, ROOT, observe
from tests.support.times import DAY, HOUR

FIELDS = "hoodie.table.partition.fields"
HIVE = "hoodie.datasource.write.hive_style_partitioning"
ALL = {"2026-11-21": PRESENT, "2026-11-20": PRESENT, "2026-11-19": PRESENT}


def look(table: HudiTable, types: dict[str, str] | None = None, **config: Any) -> dict[str, ItemState]:
    plan = plan_with(Format.HUDI, partitions_rule(**config))
    keys = tuple(Column(name, kind) for name, kind in (types or {}).items())
    plan = replace(plan, table=replace(plan.table, partition_keys=keys))
    return filled(plan, observe(hudi.READER, plan, table.objects))


def loaded(paths: list[str], version: int = 6, **more: str) -> HudiTable:
    """Return a table whose loads wrote these partitions, one a load."""
    table = HudiTable(version=version, more={name.replace("__", "."): text for name, text in more.items()})
    for number, path in enumerate(paths):
        told = hudi_commit(partition=path, avro=version >= 8)
        table.instant(EIGHT - 3 * DAY + number * HOUR, "commit", told)
    return table


@pytest.mark.parametrize(
    ("fields", "hive", "style"),
    [
        ("region:SIMPLE,ts:TIMESTAMP", "false", "{region}/{y}/{m}/{d}"),
        ("region:simple,ts:timestamp", "true", "region={region}/ts={y}/{m}/{d}"),
        ("ts:TIMESTAMP,region:SIMPLE", "false", "{y}/{m}/{d}/{region}"),
        ("region,ts", "true", "region={region}/ts={y}/{m}/{d}"),
        ("region,ts", "false", "{region}/{y}/{m}/{d}"),
        ("ts,region", "false", "{y}/{m}/{d}/{region}"),
        ("region,ts,kind", "false", "{region}/{y}/{m}/{d}/web"),
        ("region,ts:TIMESTAMP,kind", "true", "region={region}/ts={y}/{m}/{d}/kind=web"),
    ],
)
@pytest.mark.parametrize("config", [{}, {"key": "ts", "format": "%Y/%m/%d"}, {"key": "ts"}])
@pytest.mark.parametrize("version", [6, 8])
def test_values_with_slashes_are_shared_out_among_the_fields(
    version: int, config: dict[str, Any], fields: str, hive: str, style: str
) -> None:
    paths = [
        style.format(region=region, y="2026", m="11", d=day)
        for day in ("18", "19", "21")
        for region in ("eu", "us")
    ]
    table = loaded(paths, version)
    table.more |= {FIELDS: fields, HIVE: hive}
    table.__post_init__()
    assert look(table, **config) == {**ALL, "2026-11-20": MISSING}


@pytest.mark.parametrize(
    ("path", "fields", "stated", "values"),
    [
        ("eu/2026/11/22/05", ("path", "ts"), "%Y/%m/%d/%H", ("eu", "2026/11/22/05")),
        ("a/b/2026/11/22", ("path", "ts"), "%Y/%m/%d", ("a/b", "2026/11/22")),
        ("2026/11/22/a/b", ("ts", "path"), "%Y/%m/%d", ("2026/11/22", "a/b")),
        ("a/2026/11", ("path", "ts"), "%Y/%m/%d", ("a/2026", "11")),
        ("eu/2026-11-22/web/de", ("a", "ts", "b"), "%Y-%m-%d", ("eu", "2026-11-22", "web/de")),
    ],
)
def test_a_stated_format_tells_of_how_many_segments_a_value_is(
    path: str, fields: tuple[str, ...], stated: str, values: tuple[str, ...]
) -> None:
    paths = PartitionPaths(fields, ("",) * len(fields), {}, StatedLayout(("ts",), (stated,)))
    assert paths.values_of(path) == values


@pytest.mark.parametrize("version", [6, 8])
@pytest.mark.parametrize("hive", ["true", "false"])
def test_days_with_slashes_are_looked_for_by_their_path(hive: str, version: int) -> None:
    name = "day=" if hive == "true" else ""
    table = loaded([f"{name}2026/11/{day}" for day in ("18", "21")], version)
    table.archive()
    table.more[HIVE] = hive
    table.__post_init__()
    table.file(f"{name}2026/11/19", "20261101030000000")
    table.file(f"{name}2026/11/20", table.begin(NINE, "commit"))
    assert look(table) == {**ALL, "2026-11-20": MISSING}
    assert f"LIST {ROOT}{name}2026/11/20/" in table.objects.calls


def test_the_style_of_paths_is_that_of_the_paths_that_were_read() -> None:
    table = loaded(["Day=2026-11-18", "Day=2026-11-21"])
    table.more |= {FIELDS: "Day", HIVE: "false"}  # tables from before version 2 do not say it
    table.__post_init__()
    table.archive()
    table.file("Day=2026-11-19", "20261101030000000")
    assert look(table) == {**ALL, "2026-11-20": MISSING}


@pytest.mark.parametrize(
    "encoded", ["2026-11-{day} 00%3A00%3A00", "2026-11-{day}%2000%3A00%3A00", "2026%2F11%2F{day}"]
)
@pytest.mark.parametrize("is_stated", [True, False])
def test_values_are_encoded_as_in_the_paths_that_were_read(encoded: str, *, is_stated: bool) -> None:
    table = loaded([f"day={encoded.format(day=day)}" for day in ("18", "21")])
    if is_stated:
        table.more["hoodie.datasource.write.partitionpath.urlencode"] = "true"
        table.__post_init__()
    table.archive()
    table.file(f"day={encoded.format(day='19')}", "20261101030000000")
    assert look(table) == {**ALL, "2026-11-20": MISSING}


@pytest.mark.parametrize("null", ["default", "__HIVE_DEFAULT_PARTITION__"])
@pytest.mark.parametrize("hive", [True, False])
@pytest.mark.parametrize("kind", ["date", "string"])
def test_rows_without_a_day_spoil_no_day(null: str, kind: str, *, hive: bool) -> None:
    name = "day=" if hive else ""
    table = loaded([f"{name}{text}" for text in ("2026-11-18", "2026-11-19", null, "2026-11-21")])
    plan = plan_with(Format.HUDI)
    plan = replace(plan, table=replace(plan.table, partition_keys=(Column("day", kind),)))
    seen = observe(hudi.READER, plan, table.objects)
    assert filled(plan, seen) == {**ALL, "2026-11-20": MISSING}
    assert seen.notes == ()  # it does not count as one that fits no format


def test_days_in_parts_may_be_without_a_value_too() -> None:
    parts = [f"2026/11/{day}" for day in ("18", "19", "21")]
    table = loaded([*parts, "default/default/default", "/".join([NULL_PARTITION] * 3)])
    table.more |= {FIELDS: "year,month,day", HIVE: "false"}
    table.__post_init__()
    assert look(table) == {**ALL, "2026-11-20": MISSING}


@pytest.mark.parametrize(("version", "is_value"), [("4", False), ("5", True), ("6", True)])
def test_default_is_a_value_of_a_key_that_carries_no_time_since_nulls_have_a_name(
    version: str, *, is_value: bool
) -> None:
    days, regions = ("18", "19", "21"), ("default", "eu")
    table = loaded([f"day=2026-11-{day}/region={region}" for day in days for region in regions])
    table.more |= {FIELDS: "day,region", "hoodie.table.version": version}
    table.__post_init__()
    seen = observe(hudi.READER, plan_with(Format.HUDI), table.objects)
    filled_ones = (each for each in seen.partitions if each.listing is not None and each.listing.objects)
    found = {dict(each.dimensions)["region"] for each in filled_ones}
    assert found == {"eu", "default" if is_value else NULL_PARTITION}


def test_dates_that_are_written_as_days_since_1970_are_read_and_never_guessed_by_path() -> None:
    days = [(NOW.date() - NOW.date().replace(year=1970, month=1, day=1)).days - back for back in (4, 3, 1)]
    table = loaded([f"day={number}" for number in days])
    assert look(table, {"day": "date"}) == {**ALL, "2026-11-20": MISSING}
    table = HudiTable()
    table.archive()
    for hours, number in enumerate(days):
        table.instant(NINE + hours * HOUR, "commit", hudi_commit(partition=f"day={number}"))
    assert look(table, {"day": "date"}) == {**ALL, "2026-11-20": UNKNOWN}


@pytest.mark.parametrize("scale", [1, 1000, 1_000_000])
def test_timestamps_that_are_written_as_numbers_are_read(scale: int) -> None:
    midnights = [NOW.replace(hour=0) - back * DAY for back in (4, 3, 1)]
    table = loaded([f"day={int(moment.timestamp()) * scale}" for moment in midnights])
    assert look(table, {"day": "timestamp"}) == {**ALL, "2026-11-20": MISSING}


def test_what_a_timestamp_field_writes_is_text_whatever_its_column_is() -> None:
    entries = {FIELDS: "Region:SIMPLE,TS:TIMESTAMP"}
    columns = (Column("ts", "bigint"), Column("region", "string"))
    paths = paths_of(entries, (), columns, (), None)
    assert paths is not None
    assert paths.keys == (Column("region", "string"), Column("ts", "string"))


@pytest.mark.parametrize(
    ("fields", "keys", "seen", "names"),
    [
        ("a,b:SIMPLE", (), (), ("a", "b")),
        ("", (Column("dt", "date"),), (), ("dt",)),
        ("", (), ("", "y=1/m=2"), ("y", "m")),
        ("", (), ("2026/11/22",), None),
        ("", (), ("",), None),
    ],
)
def test_fields_are_named_by_the_properties_the_catalog_or_the_paths(
    fields: str, keys: tuple[Column, ...], seen: tuple[str, ...], names: tuple[str, ...] | None
) -> None:
    paths = paths_of({FIELDS: fields}, keys, (), seen, None)
    assert (paths.names if paths is not None else None) == names


def test_a_commit_that_names_files_in_no_partition_fills_no_day() -> None:
    table = loaded(["day=2026-11-18", "day=2026-11-21"])
    document = json.loads(hudi_commit(partition="day=2026-11-19", inserts=0, copied=0))
    table.instant(NINE, "commit", json.dumps(document).encode())
    assert look(table)["2026-11-19"] is MISSING
