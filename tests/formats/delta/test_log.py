"""What Delta's log tells beside when data came: newest values, sizes, rows and files, by how many requests."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import delta
from checks.lake.formats.delta import live_files as delta_live
from checks.lake.formats.delta import walk as delta_walk
from checks.lake.formats.delta.stats import moment_of
from checks.lake.s3.table_reader import LakeReader
from checks.model import Column, Format, ProblemKind, Severity, Size, Status, TableMemory
from checks.rules.asking import Clock
from tests.support.rule_checks import judged, parquet
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    BUCKET,
    NOW,
    ROOT,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    log_key,
    observe,
    plan_of,
    set_commit_times,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from checks.model import Finding

EVENTS = {"column": "seen", "max_age": "24h"}


def rows(newest: datetime) -> pa.Table:
    moments = [newest - HOUR, newest]
    zoned = pa.array(moments, pa.timestamp("us", "UTC"))
    return pa.table(
        {
            "day": ["2026-11-21", "2026-11-21"],
            "seen": zoned,
            "wall": pa.array([each.replace(tzinfo=None) for each in moments], pa.timestamp("us")),
            "date": pa.array([each.date() for each in moments]),
            "meta": pa.StructArray.from_arrays([zoned, pa.array([1, 2])], ["made", "n"]),
        }
    )


def written(folder: Path, *newest: datetime, **options: Any) -> None:
    for each in newest:
        write_deltalake(str(folder), rows(each), mode="append", **options)


def of_folder(folder: Path, *, commits: int, age: timedelta = HOUR) -> ObjectsInMemory:
    """Return a table's objects, its commits made one each ``age`` up to now."""
    times = {version: NOW - (commits - 1 - version) * age for version in range(commits)}
    present = {v: t for v, t in times.items() if (folder / "_delta_log" / f"{v:020d}.json").exists()}
    set_commit_times(folder, present)
    objects = ObjectsInMemory()
    objects.put_folder(folder)
    for version, moment in present.items():
        objects.modified[log_key(version)] = moment
    return objects


def look(objects: ObjectsInMemory, *columns: Column, **blocks: Any) -> dict[str, Finding]:
    plan = plan_by_config(replace(plan_of(Format.DELTA).table, columns=columns), **blocks)
    return judged(plan, observe(delta.READER, plan, objects), NOW)


def test_recency_is_one_list_and_at_most_two_gets_with_or_without_a_checkpoint(tmp_path: Path) -> None:
    written(tmp_path, *[NOW] * 3)
    objects = of_folder(tmp_path, commits=3)
    assert look(objects, freshness={"max_age": "24h"})["freshness"].status is Status.PASS
    assert objects.counts == (1, 2)
    DeltaTable(str(tmp_path)).create_checkpoint()
    written(tmp_path, NOW)
    objects = of_folder(tmp_path, commits=4)
    assert look(objects, freshness={"max_age": "24h"})["freshness"].status is Status.PASS
    assert objects.counts == (1, 2)
    assert [call.rpartition("/")[2] for call in objects.calls if call.startswith("GET")] == [
        "00000000000000000003.json",
        "00000000000000000002.checkpoint.parquet",  # for what the table asks of its readers
    ]


def test_commits_of_maintenance_are_not_all_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = ObjectsInMemory()
    for version in range(9):
        objects.put(log_key(version), delta_commit(delta_add(data_change=not version), at=NOW - HOUR))
    monkeypatch.setattr(delta_walk, "MOST_KEPT_BYTES", 2 * len(objects.objects[log_key(8)]))
    reader = LakeReader(objects, None)  # type: ignore[arg-type] # Glue is not asked
    walk = delta_walk.Walk(
        plan_of(Format.DELTA).table, Clock(now=NOW), reader, BUCKET, f"{ROOT}_delta_log/", raw={}
    )
    assert walk.newest_arrival(walk.newest_log(), deletes=False).newest is not None
    assert sorted(walk.raw or {}) == [7, 8]


def test_a_recent_value_in_the_newest_commit_costs_nothing_more(tmp_path: Path) -> None:
    written(tmp_path, NOW - 3 * HOUR, NOW - HOUR)
    objects = of_folder(tmp_path, commits=2)
    finding = look(objects, events=EVENTS)["events"]
    assert (finding.status, finding.observed) == (Status.PASS, NOW - HOUR)
    assert finding.because.startswith(
        "the newest seen in the newest file is 1 h old (Sun 22 Nov 2026 05:00 UTC)"
    )
    assert objects.counts == (1, 2)


@pytest.mark.parametrize(
    ("column", "written_in", "expected"),
    [
        ("seen", "Europe/Berlin", at("11-22 05:00")),
        ("SEEN", "UTC", at("11-22 05:00")),
        ("wall", "UTC", at("11-22 05:00")),
        ("wall", "Europe/Berlin", at("11-22 04:00")),
        ("date", "UTC", at("11-23 00:00")),
        ("date", "Europe/Berlin", at("11-22 23:00")),
        ("meta.made", "UTC", at("11-22 05:00")),
    ],
)
@pytest.mark.parametrize("checkpoint", [False, True])
def test_types_and_zones(
    tmp_path: Path, column: str, written_in: str, expected: datetime, *, checkpoint: bool
) -> None:
    written(tmp_path, NOW - HOUR)
    if checkpoint:
        DeltaTable(str(tmp_path)).create_checkpoint()
        DeltaTable(str(tmp_path)).alter.set_table_properties(
            {"delta.logRetentionDuration": "interval 60 days"}
        )
    objects = of_folder(tmp_path, commits=2 if checkpoint else 1)
    block = {"column": column, "max_age": "24h", "written_in": written_in}
    finding = look(objects, events=block)["events"]
    assert finding.observed == expected, finding.because


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("day", "column day of sales.orders is string, neither a timestamp nor a date"),
        ("meta", "column meta of sales.orders is nested; name one of its fields"),
        ("gone", "column gone of sales.orders is not in its schema"),
    ],
)
def test_what_is_no_time_is_unknown(tmp_path: Path, column: str, why: str) -> None:
    written(tmp_path, NOW - HOUR)
    objects = of_folder(tmp_path, commits=1)
    finding = look(objects, Column("day", "string"), events={"column": column, "max_age": "24h"})["events"]
    assert finding.status is Status.UNKNOWN
    assert finding.because == f"could not be checked: {why}"


def test_old_events_in_new_files_fail_and_commits_before_the_limit_are_not_read(tmp_path: Path) -> None:
    written(tmp_path, *[NOW - 9 * DAY] * 6)
    objects = of_folder(tmp_path, commits=6, age=10 * HOUR)
    finding = look(objects, events=EVENTS)["events"]
    assert finding.severity is Severity.CRITICAL
    assert "in the 3 newest files is 9 days old" in finding.because
    assert objects.counts == (1, 4)  # the hint, and the commits of the last day


def test_files_that_were_rewritten_or_removed_since_hold_nothing_new() -> None:
    objects = ObjectsInMemory()
    first = add_with(NOW - HOUR, "a.parquet")
    objects.put(log_key(0), delta_commit(METADATA, first, at=NOW - 3 * HOUR))
    objects.put(log_key(1), delta_commit(delta_remove("a.parquet"), at=NOW - 2 * HOUR, operation="DELETE"))
    objects.put(log_key(2), delta_commit(add_with(NOW - 30 * HOUR, "b.parquet"), at=NOW - HOUR))
    finding = look(objects, events=EVENTS)["events"]
    assert (finding.severity, finding.observed) == (Severity.CRITICAL, NOW - 30 * HOUR)


def test_a_file_that_was_rewritten_came_by_then(tmp_path: Path) -> None:
    written(tmp_path, NOW - 30 * HOUR, NOW - 30 * HOUR)
    DeltaTable(str(tmp_path)).optimize.compact()
    finding = look(of_folder(tmp_path, commits=3), events=EVENTS)["events"]
    assert finding.severity is Severity.CRITICAL
    assert "in a file that came by Sun 22 Nov 2026 06:00 UTC" in finding.because


def test_the_usual_of_a_whole_table_is_learned_day_by_day(tmp_path: Path) -> None:
    written(tmp_path, NOW)
    objects = of_folder(tmp_path, commits=1)
    block = {"drop": "60%", "of": "rows", "history": 3}
    sizes = {f"2026-11-{day} whole": Size(10_000, 9, 20) for day in (19, 20, 21)}
    memory = TableMemory(sizes=sizes)
    plan = plan_by_config(plan_of(Format.DELTA).table, memory, volume=block)
    seen = observe(delta.READER, plan, objects)
    finding = judged(plan, seen, NOW)["volume"]
    assert finding.severity is Severity.CRITICAL
    assert "with 2 rows: less than 8 rows: the usual is 20 rows" in finding.because
    (volume,) = (
        plan.rules if len(plan.rules) == 1 else [rule for rule in plan.rules if rule.check == "volume"]
    )
    assert volume.remember(seen, memory)["sizes"]["2026-11-22 whole"].rows == 2


SCHEMA = {
    "type": "struct",
    "fields": [{"name": "seen", "type": "timestamp", "nullable": True, "metadata": {}}],
}
METADATA: dict[str, Any] = {
    "metaData": {"id": "x", "schemaString": json.dumps(SCHEMA), "partitionColumns": [], "configuration": {}}
}


def add_with(
    newest: datetime | None, path: str = "part-0.parquet", *, stats: Any = None, **more: Any
) -> dict[str, Any]:
    action = delta_add(path)
    text = newest.isoformat() if newest is not None else None
    told = {"numRecords": 2, "maxValues": {"seen": text} if text else {}, "nullCount": {"seen": 0}}
    action["add"]["stats"] = stats if stats is not None else json.dumps(told)
    action["add"].update(more)
    return action


def one_commit(*actions: dict[str, Any], metadata: dict[str, Any] = METADATA) -> ObjectsInMemory:
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit(metadata, *actions, at=NOW - HOUR))
    return objects


def mapped(name: str = "seen", physical: str = "col-5f422f40-de70-45b2-88ab-1d5c90e94db1") -> dict[str, Any]:
    fields = [
        {"name": name, "type": "timestamp", "metadata": {"delta.columnMapping.physicalName": physical}},
        {"name": "other", "type": "timestamp", "metadata": {"delta.columnMapping.physicalName": "seen"}},
    ]
    return {
        "metaData": {
            "schemaString": json.dumps({"type": "struct", "fields": fields}),
            "partitionColumns": [],
            "configuration": {"delta.columnMapping.mode": "name"},
        }
    }


def test_a_mapped_column_is_found_by_its_name_in_files() -> None:
    physical = "col-5f422f40-de70-45b2-88ab-1d5c90e94db1"
    stats = {
        "numRecords": 2,
        "maxValues": {physical: "2026-11-22T05:00:00.000Z", "seen": "2026-11-22T01:00:00Z"},
    }
    objects = one_commit(add_with(None, stats=json.dumps(stats)), metadata=mapped())
    assert look(objects, events=EVENTS)["events"].observed == at("11-22 05:00")
    assert look(objects, events={**EVENTS, "column": "other"})["events"].observed == at("11-22 01:00")


def checkpoint_with(actions: Sequence[dict[str, Any]]) -> bytes:
    texts = pa.map_(pa.string(), pa.string())
    schema = pa.schema(
        [
            (
                "metaData",
                pa.struct(
                    [("schemaString", pa.string()), ("configuration", pa.map_(pa.string(), pa.string()))]
                ),
            ),
            (
                "add",
                pa.struct(
                    [
                        ("path", pa.string()),
                        ("partitionValues", texts),
                        ("size", pa.int64()),
                        ("stats", pa.string()),
                        (
                            "stats_parsed",
                            pa.struct(
                                [
                                    ("numRecords", pa.int64()),
                                    (
                                        "maxValues",
                                        pa.struct([("seen", pa.timestamp("us", "UTC")), ("n", pa.int64())]),
                                    ),
                                ]
                            ),
                        ),
                    ]
                ),
            ),
        ]
    )
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(actions), schema), sink)
    return sink.getvalue()


def test_a_checkpoint_may_tell_values_as_a_struct_and_names_by_a_mapping() -> None:
    parsed = {"numRecords": 2, "maxValues": {"seen": NOW - 30 * HOUR, "n": 3}}
    actions = [
        {"metaData": {**METADATA["metaData"], "configuration": []}},
        {"add": {"path": "a", "partitionValues": [], "size": 7, "stats": None, "stats_parsed": parsed}},
    ]
    objects = ObjectsInMemory()
    objects.put(log_key(7, ".checkpoint.parquet"), checkpoint_with(actions), NOW - HOUR)
    findings = look(objects, events=EVENTS, volume={"min_rows": 3})
    assert findings["events"].observed == NOW - 30 * HOUR
    assert findings["volume"].because == (
        "s3://lake/sales/orders/ came to 7 B in 1 file with 2 rows: less than 3 rows, the limit"
    )
    assert objects.counts == (1, 1)  # the checkpoint, once for both
    actions[0]["metaData"] = {**mapped()["metaData"], "configuration": [("delta.columnMapping.mode", "name")]}
    objects.put(log_key(7, ".checkpoint.parquet"), checkpoint_with(actions), NOW - HOUR)
    finding = look(objects, events={**EVENTS, "column": "other"})["events"]
    assert finding.observed == NOW - 30 * HOUR


def test_footers_are_read_where_no_statistics_are_kept() -> None:
    objects = ObjectsInMemory()
    adds = []
    for number in range(4):
        data = parquet(seen=pa.array([NOW - (30 + number) * HOUR], pa.timestamp("us", "UTC")))
        name = f"a b%{number}.parquet"
        objects.put(f"{ROOT}{name}", data)
        action = delta_add(f"a%20b%25{number}.parquet")
        action["add"]["size"] = len(data)
        adds.append(action)
    objects.put(log_key(0), delta_commit(METADATA, *adds, at=NOW - HOUR))
    finding = look(objects, events=EVENTS)["events"]
    assert (finding.severity, finding.observed) == (Severity.CRITICAL, NOW - 30 * HOUR)
    assert finding.evidence == "s3://lake/sales/orders/a b%0.parquet"
    assert objects.counts == (1, 5)
    finding = look(objects, events={**EVENTS, "files": 2})["events"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.OVER_BUDGET)
    assert "no more than 2 footers" in finding.because
    assert objects.counts == (1, 3)


def test_a_mapped_column_is_found_in_footers_too() -> None:
    data = parquet(
        **{"col-5f422f40-de70-45b2-88ab-1d5c90e94db1": pa.array([NOW - HOUR], pa.timestamp("us", "UTC"))}
    )
    action = delta_add("a.parquet")
    action["add"]["size"] = len(data)
    objects = one_commit(action, metadata=mapped())
    objects.put(f"{ROOT}a.parquet", data)
    assert look(objects, events=EVENTS)["events"].observed == NOW - HOUR


@pytest.mark.parametrize("value", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_sentinels_at_the_ends_of_time_are_told_in_every_zone(value: str, zone: str) -> None:
    stats = json.dumps({"numRecords": 2, "maxValues": {"seen": value}})
    block = {**EVENTS, "written_in": zone}
    finding = look_in(zone, one_commit(add_with(None, stats=stats)), events=block)["events"]
    assert finding.status is (Status.FAIL if value.startswith("0") else Status.UNKNOWN)
    assert finding.problem is not ProblemKind.INTERNAL


def look_in(zone: str, objects: ObjectsInMemory, **blocks: Any) -> dict[str, Finding]:
    plan = plan_by_config(plan_of(Format.DELTA).table, timezone=zone, **blocks)
    return judged(plan, observe(delta.READER, plan, objects), NOW)


def test_a_partition_column_tells_its_value_by_itself() -> None:
    action = delta_add("a.parquet", seen="2026-11-21")
    assert look(one_commit(action), events=EVENTS)["events"].observed == at("11-22 00:00")


def test_nulls_alone_are_no_value_and_future_values_are_unknown() -> None:
    null = json.dumps({"numRecords": 2, "maxValues": {}, "nullCount": {"seen": 2}})
    finding = look(one_commit(add_with(None, stats=null)), events=EVENTS)["events"]
    assert "holds no value of seen" in finding.because
    finding = look(one_commit(add_with(NOW + HOUR)), events=EVENTS)["events"]
    assert finding.problem is ProblemKind.FROM_THE_FUTURE
    finding = look(one_commit(add_with(NOW + HOUR, "a"), add_with(NOW - HOUR, "b")), events=EVENTS)["events"]
    assert finding.status is Status.PASS


def test_staged_commits_leave_it_unknown() -> None:
    objects = one_commit(add_with(NOW - 30 * HOUR))
    objects.put(f"{ROOT}_delta_log/_staged_commits/{1:020d}.0a1b2c3d-aaaa-bbbb-cccc-0a1b2c3d4e5f.json", b"{}")
    findings = look(objects, events=EVENTS, volume={"max_files": 0}, files="on")
    assert {finding.problem for finding in findings.values()} == {None, ProblemKind.UNSUPPORTED} - {None}


# The whole table --------------------------------------------------------------------------------------------


def test_the_whole_table_is_counted_from_its_log(tmp_path: Path) -> None:
    written(tmp_path, NOW, NOW)
    DeltaTable(str(tmp_path)).create_checkpoint()
    written(tmp_path, NOW)
    DeltaTable(str(tmp_path)).delete("seen < '2026-11-22T05:30:00Z'")
    objects = of_folder(tmp_path, commits=4)
    finding = look(objects, volume={"min_rows": 4})["volume"]
    assert finding.severity is Severity.CRITICAL
    assert finding.because.endswith(" with 3 rows: less than 4 rows, the limit")
    assert objects.counts == (1, 3)  # two commits and the checkpoint
    assert look(objects, volume={"max_files": 0})["volume"].status is Status.FAIL
    assert "data file in s3://lake/sales/orders/, none of them" in look(objects, files="on")["files"].because


def test_rows_of_a_period_are_those_of_its_adds(tmp_path: Path) -> None:
    written(tmp_path, NOW, NOW, partition_by=["day"])
    objects = of_folder(tmp_path, commits=2)
    blocks = {"partitions": {"due": "06:00", "lookback": 1, "key": "day", "format": "%Y-%m-%d"}}
    findings = look(objects, **blocks, volume={"min_rows": 5}, files="on")
    assert findings["volume"].because.endswith("in 2 files with 4 rows: less than 5 rows, the limit")
    assert findings["files"].because == "2 data files in 1 due day, none of them unsound"
    assert objects.counts == (1, 2)


@pytest.mark.parametrize(
    ("change", "rows_left", "why"),
    [
        ({}, 2, ""),
        ({"deletionVector": {"storageType": "u", "pathOrInlineDv": "x", "cardinality": 1}}, 1, ""),
        (
            {"deletionVector": {"storageType": "u", "pathOrInlineDv": "x", "cardinality": 3}},
            None,
            "(cardinality)",
        ),
        ({"deletionVector": {"storageType": "u", "pathOrInlineDv": "x"}}, None, "(cardinality)"),
        ({"stats": ""}, None, "the statistics of part-0.parquet do not tell them"),
        ({"stats": "{"}, None, "the statistics of part-0.parquet do not tell them"),
        ({"stats": "[]"}, None, "(numRecords)"),
        ({"stats": '{"numRecords": -1}'}, None, "(numRecords)"),
        ({"stats": '{"numRecords": NaN}'}, None, "(numRecords)"),
        ({"stats": '{"numRecords": "2"}'}, 2, ""),
        ({"stats": '{"numRecords": true}'}, None, "(numRecords)"),
        ({"stats": f'{{"numRecords": {10**300}}}'}, None, "(numRecords)"),
        ({"stats": "[" * 5000}, None, "(numRecords)"),
    ],
)
def test_rows_are_known_or_it_is_told_why_not(
    change: dict[str, Any], rows_left: int | None, why: str
) -> None:
    finding = look(one_commit(add_with(NOW, **change)), volume={"min_rows": 3})["volume"]
    if rows_left is None:
        assert finding.status is Status.UNKNOWN
        assert why in finding.because
    else:
        noun = "row" if rows_left == 1 else "rows"
        assert f"with {rows_left} {noun}: less than 3 rows" in finding.because


def test_more_of_a_log_than_is_read_proves_too_much_and_never_too_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delta_live, "MOST_COMMITS", 2)
    objects = ObjectsInMemory()
    for version in range(4):
        action = add_with(NOW - 30 * HOUR, f"{version}.parquet")
        objects.put(log_key(version), delta_commit(METADATA, action, at=NOW - HOUR))
    finding = look(objects, volume={"min_files": 3})["volume"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.OVER_BUDGET)
    assert look(objects, volume={"max_files": 1})["volume"].status is Status.FAIL
    assert look(objects, files="on")["files"].problem is ProblemKind.OVER_BUDGET
    finding = look(objects, events=EVENTS)["events"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.OVER_BUDGET)


def test_files_are_judged_by_what_the_log_says() -> None:
    adds = [add_with(NOW, "a.csv"), add_with(NOW, "b.parquet", size=0), add_with(NOW, "c.parquet")]
    finding = look(one_commit(*adds), files="on")["files"]
    assert finding.because == (
        "2 of 3 files in s3://lake/sales/orders/ not sound: 1 of zero bytes, such as s3://lake/sales/orders/b.parquet; "
        "1 .csv that the log records as parquet, such as s3://lake/sales/orders/a.csv"
    )


# Bad input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "wall"),
    [
        ("2026-11-22T05:00:00.123Z", None, datetime(2026, 11, 22, 5, 0, 0, 123000)),
        ("2026-11-22T05:00:00.123+02:00", None, datetime(2026, 11, 22, 3, 0, 0, 123000)),
        ("2026-11-22T05:00:00", "timestamp", datetime(2026, 11, 22, 5)),
        ("2026-11-22 05:00:00", None, datetime(2026, 11, 22, 5)),
        ("2026-11-22", None, datetime(2026, 11, 22)),
        ("+294247-01-10T04:00:54.775Z", None, None),
        ("9999-12-31T23:59:59-08:00", None, None),
        ("2026-W47-1", None, None),
        ("20261122", None, None),
        ("2026-13-01", None, None),
        ("2026-11-22T05:00:00", "date", None),
        (float("nan"), None, None),
        (1e400, None, None),
        (True, None, None),
        (10**30, None, None),
        ([], None, None),
    ],
)
def test_values_are_read_as_they_are_written(value: Any, kind: str | None, wall: datetime | None) -> None:
    moment = moment_of(value, kind)
    assert (moment.wall if moment is not None else None) == wall


LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["2026-11-22", "2026-11-22T05:00:00Z", "9999-12-31", "+294247-01-10T04:00:54.775Z"])
)
NAMES = st.sampled_from(["seen", "numRecords", "maxValues", "nullCount", "col-5"])
NESTED = LEAF | st.lists(LEAF, max_size=2) | st.dictionaries(NAMES, LEAF, max_size=4)
ANY = NESTED | st.lists(NESTED, max_size=2) | st.dictionaries(NAMES, NESTED, max_size=4)


@given(ANY, ANY, st.text(max_size=20), ANY)
def test_any_statistics_give_a_finding(stats: Any, vector: Any, path: str, size: Any) -> None:
    text = json.dumps(stats)
    for told in (text, stats):
        action = add_with(None, path, stats=told)
        action["add"].update({"deletionVector": vector, "size": size})
        findings = look(one_commit(action), events=EVENTS, volume={"min_rows": 1}, files="on")
        assert all(finding.problem is not ProblemKind.INTERNAL for finding in findings.values())


@given(
    st.dictionaries(
        st.sampled_from(["schemaString", "configuration", "partitionColumns"]), ANY | st.just("{}")
    )
)
def test_any_schema_gives_a_finding(metadata: dict[str, Any]) -> None:
    objects = ObjectsInMemory()
    stats = json.dumps({"numRecords": 1, "maxValues": {"other": "x"}})
    objects.put(log_key(0), delta_commit({"metaData": metadata}, add_with(None, stats=stats), at=NOW - HOUR))
    assert look(objects, events=EVENTS)["events"].status is Status.UNKNOWN


@pytest.mark.parametrize(
    "path", ["../../../etc/passwd", "s3://other/x", "file:///etc/passwd", "%00%2F..", "a" * 9000, ""]
)
def test_hostile_paths_are_only_names(path: str) -> None:
    objects = one_commit(delta_add(path))
    plan = plan_by_config(plan_of(Format.DELTA).table, events=EVENTS, files={"small": "1kB"})
    if path.startswith("s3://other"):
        with pytest.raises(AssertionError):  # the store of the tests has one bucket: another one was asked
            observe(delta.READER, plan, objects)
        return
    finding = judged(plan, observe(delta.READER, plan, objects), NOW)["events"]
    assert finding.status is Status.UNKNOWN
