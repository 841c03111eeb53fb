"""What the actions of a Delta commit say: whether data came by it, and when."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable, write_deltalake

from checks.lake.formats.delta import actions as delta_log
from checks.model import Arrival, Format
from tests.support.delta_logs import EIGHT, NINE, READER, TEN, append, commit_uri, log_of, see
from tests.support.tables_by_engines import (
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    freshness,
    log_key,
    milliseconds,
    observe,
    plan_of,
    rows,
    set_commit_times,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_actions_are_believed_and_names_are_not() -> None:
    lies = delta_commit(delta_add(data_change=False), at=NINE, operation="WRITE")
    empty_update = delta_commit(at=TEN, operation="UPDATE")
    honest = delta_commit(delta_add(), at=EIGHT, operation="OPTIMIZE")
    assert see(log_of(honest, lies, empty_update)).newest == Arrival(EIGHT, commit_uri(0))


def test_a_merge_of_deltalake_that_only_deletes_is_no_arrival(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), rows("2026-11-20", "2026-11-21"))
    merge = DeltaTable(str(tmp_path)).merge(
        rows("2026-11-20"), "t.amount = s.amount", source_alias="s", target_alias="t"
    )
    merge.when_matched_delete().execute()
    set_commit_times(tmp_path, {0: EIGHT, 1: NINE})
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    assert see(objects).newest == Arrival(EIGHT, commit_uri(0))
    changes = observe(READER, plan_of(Format.DELTA, freshness(count="changes")), objects)
    assert changes.newest == Arrival(NINE, commit_uri(1))


def commit_of(info: dict[str, Any], *actions: dict[str, Any]) -> bytes:
    lines = ({"commitInfo": {"timestamp": milliseconds(NINE), **info}}, *actions)
    return "\n".join(json.dumps(each) for each in lines).encode()


@pytest.mark.parametrize(
    ("operation", "metrics", "is_data"),
    [
        ("MERGE", {"numTargetRowsInserted": "0", "numTargetRowsUpdated": "0"}, False),
        ("MERGE", {"numTargetRowsInserted": "0", "numTargetRowsUpdated": "1"}, True),
        ("MERGE", {"numTargetRowsInserted": "4", "numTargetRowsUpdated": "0"}, True),
        ("MERGE", {"num_target_rows_inserted": 0, "num_target_rows_updated": 0}, False),
        ("MERGE", {"numTargetRowsInserted": "many"}, True),
        ("MERGE", {}, True),
        ("MERGE", "none", True),
        ("UPDATE", {"numUpdatedRows": "0"}, False),
        ("UPDATE", {"numUpdatedRows": "7"}, True),
        ("WRITE", {"numOutputRows": "0"}, False),
        ("WRITE", {"numOutputRows": "1"}, True),
        ("STREAMING UPDATE", {"numOutputRows": "0"}, False),
        ("CREATE TABLE AS SELECT", {"numOutputRows": 0}, False),
        ("WRITE", {"num_added_rows": 0, "num_added_files": 1}, False),
        ("WRITE", {"num_added_rows": 3}, True),
        ("WRITE", {"numFiles": "0"}, True),
        ("RESTORE", {"numOutputRows": "0"}, True),
    ],
)
def test_rewritten_remainders_are_told_by_the_metrics_of_rows(
    operation: str, metrics: Any, *, is_data: bool
) -> None:
    commit = commit_of({"operation": operation, "operationMetrics": metrics}, delta_remove(), delta_add())
    seen = see(log_of(append(EIGHT), commit))
    assert seen.newest == Arrival(*((NINE, commit_uri(1)) if is_data else (EIGHT, commit_uri(0))))


@pytest.mark.parametrize(
    ("stats", "is_data"),
    [
        (None, False),
        ('{"minValues":{}}', False),
        ('{"numRecords":0}', False),
        ('{"numRecords":4}', True),
        ('{"numRecords": 4, "nullCount": {}}', True),
    ],
)
def test_metrics_of_no_row_are_believed_where_no_file_tells_of_any(
    stats: str | None, *, is_data: bool
) -> None:
    add = delta_add()
    add["add"]["stats"] = stats
    metrics = {"numFiles": "1", "numOutputRows": "0"}
    for rule in (freshness(), freshness(count="changes")):
        commit = commit_of({"operation": "WRITE", "operationMetrics": metrics}, add)
        seen = observe(READER, plan_of(Format.DELTA, rule), log_of(append(EIGHT), commit))
        assert seen.newest == Arrival(*((NINE, commit_uri(1)) if is_data else (EIGHT, commit_uri(0))))


@pytest.mark.parametrize(
    ("stats", "is_data"),
    [
        ('{"numRecords":0,"minValues":{}}', False),
        ('{"numRecords": 0}', False),
        ('{"numRecords":10,"minValues":{"numRecords":0}}', True),
        ('{"numRecords":0', True),
        ("", True),
        (None, True),
    ],
)
def test_a_file_without_rows_is_no_arrival(stats: str | None, *, is_data: bool) -> None:
    add = delta_add()
    add["add"]["stats"] = stats
    for rule in (freshness(), freshness(count="changes")):
        seen = observe(READER, plan_of(Format.DELTA, rule), log_of(append(EIGHT), commit_of({}, add)))
        assert seen.newest is not None
        assert seen.newest.at == (NINE if is_data else EIGHT)


@pytest.mark.parametrize(
    ("operation", "more", "is_data"),
    [
        ("MERGE", [], False),  # as Trino calls a DELETE, too, without metrics
        ("MERGE", [delta_add("new.parquet")], True),
        ("UPDATE", [], False),
        ("RESTORE", [], True),
        ("CLONE", [], True),
    ],
)
def test_rows_that_a_deletion_vector_takes_away_are_no_arrival(
    operation: str, more: list[dict[str, Any]], *, is_data: bool
) -> None:
    marked = delta_add()
    marked["add"]["deletionVector"] = {"storageType": "u", "pathOrInlineDv": "x", "cardinality": 1}
    objects = log_of(append(EIGHT), commit_of({"operation": operation}, delta_remove(), marked, *more))
    assert see(objects).newest == Arrival(*((NINE, commit_uri(1)) if is_data else (EIGHT, commit_uri(0))))
    changes = observe(READER, plan_of(Format.DELTA, freshness(count="changes")), objects)
    assert changes.newest == Arrival(NINE, commit_uri(1))


def test_a_remove_that_does_not_say_whether_it_changes_data_does() -> None:
    remove = delta_remove()
    del remove["remove"]["dataChange"]
    objects = log_of(append(EIGHT), commit_of({"operation": "DELETE"}, remove))
    assert see(objects).newest == Arrival(EIGHT, commit_uri(0))
    changes = observe(READER, plan_of(Format.DELTA, freshness(count="changes")), objects)
    assert changes.newest == Arrival(NINE, commit_uri(1))


def test_in_commit_timestamps_come_before_what_else_a_commit_tells() -> None:
    info = {
        "commitInfo": {
            "timestamp": milliseconds(EIGHT),
            "inCommitTimestamp": milliseconds(NINE),
            "operation": "WRITE",
        }
    }
    data = "\n".join(json.dumps(each) for each in (info, delta_add())).encode()
    assert see(log_of(data)).newest == Arrival(NINE, commit_uri(0))


@pytest.mark.parametrize("offset", [{}, {"offset": None}, {"offset": 1}])
def test_a_file_is_the_same_in_a_checkpoint_and_in_a_commit(offset: dict[str, Any]) -> None:
    vector = {"storageType": "i", "pathOrInlineDv": "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L"}
    removed = delta_log.file_action("remove", {"path": "a", "deletionVector": {**vector, **offset}}, "c")
    parquet = {**vector, "offset": offset.get("offset"), "sizeInBytes": 40, "cardinality": 2}
    added = delta_log.file_action("add", {"path": "a", "size": 7, "deletionVector": parquet}, "p")
    assert removed.key == added.key
    assert (
        added.key != delta_log.file_action("add", {"path": "a", "size": 7, "deletionVector": None}, "p").key
    )


@pytest.mark.parametrize("timestamp", [None, "2026-11-21T09:00:00Z", 1_795_251_600, [], {}])
def test_a_commit_without_a_time_has_its_files(timestamp: Any) -> None:
    info = {"commitInfo": {"operation": "WRITE", "timestamp": timestamp}}
    objects = ObjectsInMemory()
    objects.put(log_key(0), f"{json.dumps(info)}\n{json.dumps(delta_add())}".encode(), TEN)
    seen = see(objects)
    assert seen.newest == Arrival(TEN, commit_uri(0))
    assert seen.notes == (f"{commit_uri(0)} does not say when it was made: the time of its file is taken",)


def test_commit_info_at_the_end_is_read_too() -> None:
    lines = delta_commit(delta_add(), at=EIGHT, operation="DELETE").split(b"\n")
    assert see(log_of(append(EIGHT), b"\n".join(reversed(lines)))).newest == Arrival(EIGHT, commit_uri(0))
