"""Which periods hold rows, as the logs of Iceberg, Delta and Hudi tables tell it, within bounded requests."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
)
from pyiceberg.typedef import Record
from pyiceberg.types import NestedField, TimestampType

from checks.lake.formats import delta, delta_live, hudi, iceberg, iceberg_manifests
from checks.lake.formats.hudi_partitions import values_of
from checks.model import Column, Format, ItemState, Severity, TableMemory, Unobserved
from checks.rules.base import Binding, Clock
from checks.rules.partitions import PartitionsConfig, PartitionsRule
from checks.rules.volume import VolumeConfig
from tests.tables_by_engines import (
    NOW,
    ROOT,
    HudiTable,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    edit_json,
    freshness,
    hudi_commit,
    iceberg_catalog,
    iceberg_objects,
    iceberg_schema,
    log_key,
    milliseconds,
    observe,
    plan_of,
    rows,
    set_commit_times,
)
from tests.times import DAY, HOUR, UTC_ZONE, at

if TYPE_CHECKING:
    from pathlib import Path

    from checks.model import Observation
    from checks.rules.base import TablePlan

EIGHT, NINE, TEN = at("11-21 08:00"), at("11-21 09:00"), at("11-21 10:00")


def partitions_rule(**config: Any) -> PartitionsRule:
    given_ = {"due": "06:00", "lookback": 3, **config}
    return PartitionsConfig(**given_).bind(Binding(zone=UTC_ZONE))


def plan_with(table_format: Format, *rules: Any, **values: Any) -> TablePlan:
    chosen = rules or (partitions_rule(),)
    plan = plan_of(table_format, *chosen, **values)
    stated = next((rule.stated_layout for rule in chosen if isinstance(rule, PartitionsRule)), None)
    return replace(plan, stated_layout=stated)


def states(plan: TablePlan, seen: Observation, now: datetime = NOW) -> dict[str, ItemState]:
    rule = next(rule for rule in plan.rules if isinstance(rule, PartitionsRule))
    row = rule.measure(seen, Clock(now=now), TableMemory())
    assert row.unknown is None, row.unknown
    return {item.period: item.state for item in row.items}


def filled(plan: TablePlan, seen: Observation, now: datetime = NOW) -> dict[str, ItemState]:
    """Return the states with late as present: what was loaded in the tests came when they ran."""
    found = states(plan, seen, now)
    return {period: PRESENT if state is ItemState.LATE else state for period, state in found.items()}


PRESENT, MISSING, UNKNOWN = ItemState.PRESENT, ItemState.MISSING, ItemState.UNKNOWN
A_GAP = {"2026-11-21": PRESENT, "2026-11-20": MISSING, "2026-11-19": PRESENT}


# Iceberg ----------------------------------------------------------------------------------------------------


def spec(source: int, transform: Any, name: str) -> PartitionSpec:
    return PartitionSpec(PartitionField(source_id=source, field_id=1000, transform=transform, name=name))


def iceberg_table(tmp_path: Path, partition: PartitionSpec, *days: str, schema: Any = None) -> Any:
    table = iceberg_catalog(tmp_path).create(schema or iceberg_schema(), partition)
    for day in days:
        table.append(rows(day))
    return table


def objects_of(table: Any, tmp_path: Path, *moments: datetime) -> tuple[ObjectsInMemory, dict[str, str]]:
    """Return a table's objects, its snapshots made at these moments: by default one an hour up to now."""
    objects, parameters = iceberg_objects(table, tmp_path)

    def age(document: dict[str, Any]) -> None:
        for number, entry in enumerate(reversed(document["snapshots"])):
            moment = moments[-1 - number] if moments else NOW - number * HOUR
            entry["timestamp-ms"] = milliseconds(moment)

    edit_json(objects, parameters["metadata_location"], age)
    return objects, parameters


def append_files(table: Any, *partitions: tuple[Any, ...]) -> None:
    """Append a file a partition, with its values as transforms give them (pyiceberg computes none by itself)."""
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as update:
        for number, values in enumerate(partitions):
            file = DataFile.from_args(
                content=DataFileContent.DATA,
                file_path=f"{table.location()}/data/{number}-{values}.parquet",
                file_format=FileFormat.PARQUET,
                partition=Record(*values),
                record_count=3,
                file_size_in_bytes=700,
            )
            file.spec_id = table.spec().spec_id
            update.append_data_file(file)


def days_since_1970(day: str) -> int:
    return (date.fromisoformat(day) - date(1970, 1, 1)).days


def test_days_of_an_identity_partition_are_found_in_the_manifests(tmp_path: Path) -> None:
    table = iceberg_table(
        tmp_path, spec(1, IdentityTransform(), "day"), "2026-11-01", "2026-11-19", "2026-11-21"
    )
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert filled(plan, seen) == A_GAP
    assert seen.first_period_at == at("11-01 00:00")
    assert objects.counts == (0, 4)  # the metadata, the list, and a manifest for each of two days looked at
    newest = next(each for each in seen.partitions if each.period.label == "2026-11-21")
    assert newest.listing is not None
    assert newest.listing.objects == 1
    assert newest.listing.newest_key == f"snapshot {table.current_snapshot().snapshot_id}"


@pytest.mark.parametrize(
    "keys", [{}, {"key": "ts"}, {"key": "ts_day"}, {"key": "ts_day", "format": "%Y-%m-%d"}]
)
def test_hidden_days_of_a_timestamp_are_found(tmp_path: Path, keys: dict[str, str]) -> None:
    schema = iceberg_schema(NestedField(3, "ts", TimestampType()))
    table = iceberg_catalog(tmp_path).create(schema, spec(3, DayTransform(), "ts_day"))
    append_files(table, *[(days_since_1970(day),) for day in ("2026-11-19", "2026-11-21")])
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, partitions_rule(**keys), parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert filled(plan, seen) == A_GAP


@pytest.mark.parametrize(
    ("transform", "every", "values", "now", "expected"),
    [
        (
            HourTransform(),
            "1h",
            [24 * days_since_1970("2026-11-21") + hour for hour in (12, 13)],
            at("11-21 15:30"),
            {"2026-11-21T14:00": MISSING, "2026-11-21T13:00": PRESENT, "2026-11-21T12:00": PRESENT},
        ),
        (MonthTransform(), "1mo", [12 * 56 + 10], at("12-15 00:00"), {"2026-11": PRESENT}),
    ],
)
def test_hidden_hours_and_months_are_found(
    tmp_path: Path,
    transform: Any,
    every: str,
    values: list[int],
    now: datetime,
    expected: dict[str, ItemState],
) -> None:
    schema = iceberg_schema(NestedField(3, "ts", TimestampType()))
    table = iceberg_catalog(tmp_path).create(schema, spec(3, transform, "ts_part"))
    append_files(table, *[(value,) for value in values])
    objects, parameters = objects_of(table, tmp_path)
    rule = partitions_rule(every=every, due=None, after="10m")
    plan = plan_with(Format.ICEBERG, rule, parameters=parameters)
    found = filled(plan, observe(iceberg.READER, plan, objects, now), now)
    assert {label: found[label] for label in expected} == expected


def test_buckets_are_no_dimension(tmp_path: Path) -> None:
    partition = PartitionSpec(
        PartitionField(1, 1000, BucketTransform(4), "b"), PartitionField(1, 1001, IdentityTransform(), "day")
    )
    table = iceberg_catalog(tmp_path).create(iceberg_schema(), partition)
    append_files(table, *[(bucket, day) for bucket in range(4) for day in ("2026-11-19", "2026-11-21")])
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert filled(plan, seen) == A_GAP
    assert {each.dimensions for each in seen.partitions} == {()}


def test_rows_of_a_day_are_those_of_its_files_unless_delete_files_take_some_away(tmp_path: Path) -> None:
    table = iceberg_catalog(tmp_path).create(iceberg_schema(), spec(1, IdentityTransform(), "day"))
    append_files(table, ("2026-11-19",), ("2026-11-21",), ("2026-11-21",))
    objects, parameters = objects_of(table, tmp_path)
    volume = VolumeConfig(min_rows=7).bind(
        Binding(zone=UTC_ZONE, calendars={}, schedule=partitions_rule().schedule)
    )
    plan = plan_with(Format.ICEBERG, partitions_rule(), volume, parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert {
        each.period.label: each.listing.rows
        for each in seen.partitions
        if each.listing and each.listing.objects
    } == {
        "2026-11-19": 3,
        "2026-11-21": 6,
    }
    row = volume.measure(seen, Clock(now=NOW), TableMemory())
    assert row.unknown is None
    found = volume.finding(row, Severity.CRITICAL)
    assert "in 2 files with 6 rows: less than 7 rows, the limit" in found.because
    listed = iceberg_manifests.parse_manifest_list

    def with_deletes(data: bytes, place: str) -> list[iceberg_manifests.Manifest]:
        manifests = listed(data, place)
        return [*manifests, replace(manifests[0], is_deletes=True)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(iceberg_manifests, "parse_manifest_list", with_deletes)
        seen = observe(iceberg.READER, plan, objects)
    assert {each.listing.rows for each in seen.partitions if each.listing and each.listing.objects} == {None}
    row = volume.measure(seen, Clock(now=NOW), TableMemory())
    assert row.doubt_if_pass is not None
    assert "delete files take some of them away" in row.doubt_if_pass.message


def test_deleted_files_fill_no_day(tmp_path: Path) -> None:
    days = ("2026-11-19", "2026-11-20", "2026-11-21")
    table = iceberg_table(tmp_path, spec(1, IdentityTransform(), "day"), *days)
    table.delete("day = '2026-11-20'")
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    assert filled(plan, observe(iceberg.READER, plan, objects)) == A_GAP


def test_freshness_beside_partitions_rests_on_the_newest_period_where_the_log_tells_it(
    tmp_path: Path,
) -> None:
    table = iceberg_table(
        tmp_path, spec(1, IdentityTransform(), "day"), "2026-11-20", "2026-11-21", "2026-11-19"
    )
    moments = (NOW - 2 * DAY, NOW - DAY, NOW - HOUR)  # the last one fills an old day
    objects, parameters = objects_of(table, tmp_path, *moments)
    rule = partitions_rule()
    plan = plan_with(Format.ICEBERG, rule, freshness(schedule=rule.schedule), parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    row = freshness(schedule=rule.schedule).measure(seen, Clock(now=NOW), TableMemory())
    assert row.observed == NOW - DAY

    def compact(document: dict[str, Any]) -> None:
        document["snapshots"][1]["summary"]["operation"] = "replace"

    edit_json(objects, parameters["metadata_location"], compact)
    seen = observe(iceberg.READER, plan, objects)
    assert seen.newest is not None
    assert seen.newest.at == NOW - HOUR
    assert filled(plan, seen)["2026-11-21"] is PRESENT


def test_late_is_told_where_each_file_of_a_day_was_appended(tmp_path: Path) -> None:
    table = iceberg_table(
        tmp_path, spec(1, IdentityTransform(), "day"), "2026-11-19", "2026-11-20", "2026-11-21"
    )
    moments = (at("11-20 05:00"), at("11-21 07:00"), at("11-22 05:00"))
    objects, parameters = objects_of(table, tmp_path, *moments)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    found = states(plan, observe(iceberg.READER, plan, objects))
    assert found == {"2026-11-21": PRESENT, "2026-11-20": ItemState.LATE, "2026-11-19": PRESENT}


def test_too_many_manifests_leave_what_was_not_found_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iceberg_manifests, "MOST_MANIFESTS", 1)
    table = iceberg_table(
        tmp_path, spec(1, IdentityTransform(), "day"), "2026-11-19", "2026-11-20", "2026-11-21"
    )
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    found = states(plan, observe(iceberg.READER, plan, objects))
    assert found == {"2026-11-21": PRESENT, "2026-11-20": UNKNOWN, "2026-11-19": UNKNOWN}


def test_a_bad_manifest_leaves_recency_as_it_is(tmp_path: Path) -> None:
    table = iceberg_table(tmp_path, spec(1, IdentityTransform(), "day"), "2026-11-21")
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, partitions_rule(), freshness(), parameters=parameters)
    good = objects.objects.copy()
    for key in [key for key in good if key.endswith(".avro")]:
        for bad in (b"", b"PAR1", good[key][:-30], None):
            objects.objects = good | {key: bad or b""}
            if bad is None:
                del objects.objects[key]
            seen = observe(iceberg.READER, plan, objects)
            assert seen.newest is not None
            assert seen.problem is None
            assert key in seen.notes[-1]
            row = partitions_rule().measure(seen, Clock(now=NOW), TableMemory())
            assert row.unknown is not None or row.doubt_if_pass is not None


def test_an_unpartitioned_table_says_so(tmp_path: Path) -> None:
    table = iceberg_table(tmp_path, PartitionSpec(), "2026-11-21")
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert seen.newest is not None
    assert "is not partitioned" in seen.notes[-1]


# Delta ------------------------------------------------------------------------------------------------------


def delta_table(tmp_path: Path, *days: str) -> None:
    for day in days:
        write_deltalake(str(tmp_path), rows(day), mode="append", partition_by=["day"])


def folder_of(tmp_path: Path) -> ObjectsInMemory:
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    return objects


def test_days_are_found_in_the_commits_of_deltalake(tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-01", "2026-11-19", "2026-11-21")
    set_commit_times(tmp_path, {0: EIGHT - 20 * DAY, 1: EIGHT - DAY, 2: EIGHT})
    objects = folder_of(tmp_path)
    plan = plan_with(Format.DELTA)
    seen = observe(delta.READER, plan, objects)
    assert filled(plan, seen) == A_GAP
    assert seen.first_period_at == at("11-01 00:00")
    assert objects.counts == (1, 4)
    newest = next(each for each in seen.partitions if each.period.label == "2026-11-21")
    assert newest.listing is not None
    assert (newest.listing.oldest_at, newest.listing.newest_at) == (EIGHT, EIGHT)


def test_days_are_found_in_a_checkpoint_of_deltalake(tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-18", "2026-11-19", "2026-11-20")
    DeltaTable(str(tmp_path)).delete("day = '2026-11-20'")
    DeltaTable(str(tmp_path)).create_checkpoint()
    delta_table(tmp_path, "2026-11-21")
    set_commit_times(tmp_path, {3: NINE, 4: TEN})
    objects = folder_of(tmp_path)
    plan = plan_with(Format.DELTA)
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP
    assert objects.counts == (1, 3)  # the hint, the newest commit, the checkpoint


def test_a_delete_and_a_compaction_after_the_checkpoint_count(tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-21")
    DeltaTable(str(tmp_path)).create_checkpoint()
    DeltaTable(str(tmp_path)).delete("day = '2026-11-20'")
    DeltaTable(str(tmp_path)).optimize.compact()
    objects = folder_of(tmp_path)
    plan = plan_with(Format.DELTA)
    seen = observe(delta.READER, plan, objects)
    assert filled(plan, seen) == A_GAP
    newest = next(each for each in seen.partitions if each.period.label == "2026-11-21")
    assert newest.listing is not None
    assert newest.listing.objects == 1
    assert newest.listing.newest_at is None  # the one file that is left was rewritten


def metadata_action(*keys: str) -> dict[str, Any]:
    fields = [{"name": key, "type": "integer"} for key in keys]
    return {
        "metaData": {
            "partitionColumns": list(keys),
            "schemaString": json.dumps({"type": "struct", "fields": fields}),
        }
    }


def test_year_month_and_day_and_a_dimension_are_read() -> None:
    adds = [
        delta_add(f"{day}-{region}", year="2026", month="11", day=str(day), region=region)
        for day in (19, 21)
        for region in ("eu", "us")
    ]
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit(metadata_action("year", "month", "day", "region"), *adds, at=EIGHT))
    plan = plan_with(Format.DELTA)
    seen = observe(delta.READER, plan, objects)
    assert filled(plan, seen) == A_GAP
    assert (("region", "us"),) in {each.dimensions for each in seen.partitions}


@pytest.mark.parametrize("sidecars", [False, True])
def test_a_v2_checkpoint_in_json_is_read_with_its_sidecars(*, sidecars: bool, tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-19", "2026-11-21")
    DeltaTable(str(tmp_path)).create_checkpoint()
    (checkpoint,) = tmp_path.glob("_delta_log/*.checkpoint.parquet")
    objects = ObjectsInMemory()
    actions: list[dict[str, Any]] = [{"checkpointMetadata": {"version": 5}}, metadata_action("day")]
    actions[1]["metaData"]["schemaString"] = (
        '{"type": "struct", "fields": [{"name": "day", "type": "string"}]}'
    )
    if sidecars:
        actions.append({"sidecar": {"path": "s-1.parquet", "sizeInBytes": 9}})
        objects.put(f"{ROOT}_delta_log/_sidecars/s-1.parquet", checkpoint.read_bytes())
    else:
        actions += [delta_add(day, day=day, data_change=False) for day in ("2026-11-19", "2026-11-21")]
    text = "\n".join(json.dumps(action) for action in actions)
    objects.put(log_key(5, ".checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"), text.encode())
    objects.put(log_key(6), delta_commit(delta_add(day="2026-11-18"), at=EIGHT))
    plan = plan_with(Format.DELTA)
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP


def test_a_checkpoint_in_parts_has_to_be_whole(tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-19", "2026-11-21")
    DeltaTable(str(tmp_path)).create_checkpoint()
    (checkpoint,) = tmp_path.glob("_delta_log/*.checkpoint.parquet")
    objects = ObjectsInMemory()
    objects.put(log_key(6), delta_commit(delta_add(day="2026-11-18"), at=EIGHT))
    objects.put(log_key(5, ".checkpoint.0000000001.0000000002.parquet"), checkpoint.read_bytes())
    plan = plan_with(Format.DELTA)
    seen = observe(delta.READER, plan, objects)
    assert "parts of the checkpoint" in seen.notes[-1]
    assert seen.newest is not None
    objects.put(log_key(5, ".checkpoint.0000000002.0000000002.parquet"), checkpoint.read_bytes())
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP


def test_names_of_keys_may_be_written_in_any_case(tmp_path: Path) -> None:
    table = rows("2026-11-19", "2026-11-21").rename_columns(["Day", "amount"])
    write_deltalake(str(tmp_path), table, partition_by=["Day"])
    set_commit_times(tmp_path, {0: EIGHT})
    plan = plan_with(Format.DELTA, partitions_rule(key="Day"))
    assert filled(plan, observe(delta.READER, plan, folder_of(tmp_path))) == A_GAP


def test_removed_files_and_nulls_do_not_fill_a_day() -> None:
    objects = ObjectsInMemory()
    null = delta_add("c")
    null["add"]["partitionValues"]["day"] = None
    adds = [delta_add("a", day="2026-11-20"), delta_add("b", day="2026-11-21"), null]
    first = metadata_action("day")
    first["metaData"]["schemaString"] = '{"fields": [{"name": "day", "type": "date"}]}'
    objects.put(log_key(0), delta_commit(first, *adds, at=EIGHT))
    objects.put(log_key(1), delta_commit(delta_remove("a"), delta_add("d", day="2026-11-19"), at=NINE))
    plan = plan_with(Format.DELTA)
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP


def test_too_large_a_log_leaves_what_was_not_found_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_live, "MOST_COMMITS", 2)
    objects = ObjectsInMemory()
    for version, day in enumerate(("2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21")):
        objects.put(log_key(version), delta_commit(metadata_action("day"), delta_add(day, day=day), at=EIGHT))
    plan = plan_with(Format.DELTA, partitions_rule(key="day", format="%Y-%m-%d"))
    found = states(plan, observe(delta.READER, plan, objects))
    assert found == {"2026-11-21": PRESENT, "2026-11-20": PRESENT, "2026-11-19": UNKNOWN}


@pytest.mark.parametrize("bad", [b"", b"PAR1", b"no parquet"])
def test_a_bad_checkpoint_leaves_recency_as_it_is(bad: bytes) -> None:
    objects = ObjectsInMemory()
    objects.put(log_key(5, ".checkpoint.parquet"), bad)
    objects.put(log_key(6), delta_commit(delta_add(day="2026-11-21"), at=EIGHT))
    plan = plan_with(Format.DELTA, partitions_rule(), freshness())
    seen = observe(delta.READER, plan, objects)
    assert seen.newest is not None
    assert seen.newest.at == EIGHT
    assert "it is no checkpoint in Parquet" in seen.notes[-1]


# Hudi -------------------------------------------------------------------------------------------------------


def test_days_are_found_in_the_commits_on_the_timeline() -> None:
    table = HudiTable()
    for moment, day in ((EIGHT - DAY, "2026-11-18"), (EIGHT, "2026-11-19"), (NINE, "2026-11-21")):
        table.instant(moment, "commit", hudi_commit(partition=f"day={day}"))
    plan = plan_with(Format.HUDI)
    seen = observe(hudi.READER, plan, table.objects)
    assert filled(plan, seen) == A_GAP
    assert table.objects.counts == (2, 4)
    newest = next(each for each in seen.partitions if each.period.label == "2026-11-21")
    assert newest.listing is not None
    assert (newest.listing.oldest_at, newest.listing.size_bytes) == (NINE, 441_367)


def test_the_walk_ends_when_all_days_are_found() -> None:
    table = HudiTable()
    for number in range(20):
        moment = EIGHT - number * DAY
        table.instant(moment, "commit", hudi_commit(partition=f"day={moment:%Y-%m-%d}"))
    plan = plan_with(Format.HUDI)
    seen = observe(hudi.READER, plan, table.objects)
    assert set(states(plan, seen).values()) == {PRESENT}
    assert table.objects.counts == (1, 4)


def test_days_before_the_timeline_are_looked_for_by_their_path() -> None:
    table = HudiTable(table_type="MERGE_ON_READ")
    table.instant(NINE, "deltacommit", hudi_commit(partition="day=2026-11-21"))
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    table.objects.put(f"{ROOT}day=2026-11-19/.f-0_20261119.log.1_0-1-2", b"rows")
    table.objects.put(f"{ROOT}day=2026-11-20/.hoodie_partition_metadata", b"...")
    plan = plan_with(Format.HUDI)
    seen = observe(hudi.READER, plan, table.objects)
    assert filled(plan, seen) == A_GAP


def test_a_dropped_partition_holds_nothing_though_its_files_lie_there() -> None:
    table = HudiTable()
    for moment, day in ((EIGHT - DAY, "2026-11-19"), (EIGHT, "2026-11-20"), (NINE, "2026-11-21")):
        table.instant(moment, "commit", hudi_commit(partition=f"day={day}"))
    dropped = hudi_commit("DELETE_PARTITION", inserts=0, replaced=("day=2026-11-20",))
    table.instant(TEN, "replacecommit", dropped)
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    table.objects.put(f"{ROOT}day=2026-11-20/f-0_0-1-2.parquet", b"rows")
    plan = plan_with(Format.HUDI)
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == A_GAP


@pytest.mark.parametrize("operation", ["CLUSTER", "BUCKET_RESCALE"])
def test_a_partition_that_was_written_anew_still_holds_its_rows(operation: str) -> None:
    table = HudiTable()
    for moment, day in ((EIGHT, "2026-11-19"), (NINE, "2026-11-21")):
        table.instant(moment, "commit", hudi_commit(partition=f"day={day}"))
    clustered = hudi_commit(operation, partition="day=2026-11-19", replaced=("day=2026-11-19",))
    table.instant(TEN, "replacecommit", clustered)
    plan = plan_with(Format.HUDI)
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == A_GAP


def test_a_table_without_partition_fields_says_so() -> None:
    table = HudiTable(more={"hoodie.table.partition.fields": ""})
    table.instant(NINE, "commit", hudi_commit())
    seen = observe(hudi.READER, plan_with(Format.HUDI), table.objects)
    assert seen.newest is not None
    assert "is not partitioned" in seen.notes[-1]


@pytest.mark.parametrize(
    ("path", "names", "values"),
    [
        ("day=2026-11-21", ("day",), ("2026-11-21",)),
        ("2026-11-21", ("day",), ("2026-11-21",)),
        ("2026/11/21", ("day",), ("2026/11/21",)),
        ("2026/11/21", ("y", "m", "d"), ("2026", "11", "21")),
        ("y=2026/m=11", ("y", "m"), ("2026", "11")),
        ("day=a%3Ab", ("day",), ("a:b",)),
        ("Day=2026-11-21", ("day",), ("2026-11-21",)),
        ("day=2026/11/21", ("day",), ("2026/11/21",)),
        ("day=a=b", ("day",), ("a=b",)),
        ("a=b/c", ("day",), ("a=b/c",)),
    ],
)
def test_paths_carry_values_with_and_without_names(
    path: str, names: tuple[str, ...], values: tuple[str, ...]
) -> None:
    assert values_of(path, tuple(Column(name, "string") for name in names)) == values


# All --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table_format", [Format.DELTA, Format.HUDI])
def test_with_a_stated_now_later_commits_fill_no_day(table_format: Format) -> None:
    days = ((EIGHT - 2 * DAY, "2026-11-19"), (EIGHT, "2026-11-21"), (NOW - HOUR, "2026-11-20"))
    reader: Any
    if table_format is Format.HUDI:
        table = HudiTable()
        for moment, day in days:
            table.instant(moment, "commit", hudi_commit(partition=f"day={day}"))
        objects, reader = table.objects, hudi.READER
    else:
        objects, reader = ObjectsInMemory(), delta.READER
        for version, (moment, day) in enumerate(days):
            first = metadata_action("day")
            first["metaData"]["schemaString"] = '{"fields": [{"name": "day", "type": "string"}]}'
            objects.put(log_key(version), delta_commit(first, delta_add(day, day=day), at=moment))
    plan = plan_with(table_format)
    seen = observe(reader, plan, objects, NOW - 2 * HOUR, ignore_later=True)
    rule = partitions_rule(lookback=2)
    row = rule.measure(seen, Clock(now=NOW - 2 * HOUR), TableMemory())
    assert {item.period: item.state for item in row.items} == {"2026-11-20": MISSING, "2026-11-19": PRESENT}


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_any_manifest_list_and_manifest_leave_an_observation(listed: bytes, manifest: bytes) -> None:
    with suppress(Unobserved):
        iceberg_manifests.parse_manifest_list(b"Obj\x01" + listed, "m")
    with suppress(Unobserved):
        found = iceberg_manifests.Manifest("m", 1, 0, None, ())
        list(iceberg_manifests.parse_manifest(b"Obj\x01" + manifest, "m", found))


@given(
    st.sampled_from(["day", "hour", "month", "year", "identity", "truncate[4]"]),
    st.sampled_from(["date", "timestamptz", "string", "int", ""]),
    st.none() | st.integers() | st.text(max_size=5) | st.binary(max_size=9) | st.floats() | st.booleans(),
)
def test_any_partition_value_is_text_or_refused(transform: str, kind: str, value: Any) -> None:
    field = iceberg_manifests.Field("f", "c", transform, kind)
    with suppress(ValueError, TypeError, OverflowError):
        assert isinstance(field.text(value), str)
    bound = field.bound(value)
    assert bound is None or isinstance(bound, str)
