"""The newest value of a column by the statistics of Delta's log: types, mapped columns, nulls, hostile values."""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import delta
from checks.lake.formats.delta.stats import moment_of
from checks.model import Column, Format, ProblemKind, Severity, Status
from tests.support.delta_logs import (
    EVENTS,
    METADATA,
    add_with,
    look,
    of_folder,
    one_commit,
    written,
)
from tests.support.rule_checks import judged, parquet
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    log_key,
    observe,
    plan_of,
)
from tests.support.times import HOUR, at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from checks.model import Finding


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
