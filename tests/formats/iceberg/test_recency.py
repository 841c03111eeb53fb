"""Iceberg: recency from the metadata file, by one GET, and what stands against it."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg import times as iceberg_times
from checks.lake.formats.iceberg.metadata import MOST_BYTES, Metadata, parse_metadata
from checks.model import (
    Arrival,
    Format,
    Listing,
    Problem,
    ProblemKind,
    Severity,
    Table,
    TableMemory,
    Unobserved,
)
from checks.rules.asking import Clock
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    avro_file,
    edit_json,
    freshness,
    iceberg_catalog,
    iceberg_metadata,
    iceberg_objects,
    iceberg_schema,
    observe,
    plan_of,
    put_metadata,
    rows,
    snapshot,
)
from tests.support.times import HOUR, at

if TYPE_CHECKING:
    from pathlib import Path

    from checks.model import Observation

READER = iceberg.READER
EIGHT, NINE, TEN = at("11-21 08:00"), at("11-21 09:00"), at("11-21 10:00")
APPEND = snapshot(1, EIGHT, "append", added_records=10, added_data_files=1, total_records=10)
REPLACE = snapshot(
    2, NINE, "replace", parent=1, added_records=10, deleted_records=10, added_data_files=1, total_records=10
)
DELETE = snapshot(3, TEN, "delete", parent=2, deleted_records=4, deleted_data_files=1, total_records=6)


def see(*snapshots: dict[str, Any], plan: Any = None, **clock: Any) -> Observation:
    objects, parameters = put_metadata(iceberg_metadata(*snapshots))
    return observe(
        READER,
        plan or plan_of(Format.ICEBERG, parameters=parameters),
        objects,
        clock.pop("now", NOW),
        **clock,
    )


def test_what_pyiceberg_appended_is_the_newest_arrival(tmp_path: Path) -> None:
    table = iceberg_catalog(tmp_path).create(iceberg_schema())
    table.append(rows("2026-11-20"))
    table.append(rows("2026-11-21"))
    table.delete("day = '2026-11-20'")
    objects, parameters = iceberg_objects(table, tmp_path)
    newest = table.snapshots()[-1]
    made_at = datetime.fromtimestamp(newest.timestamp_ms / 1000, UTC)
    objects.modified = dict.fromkeys(objects.objects, made_at)
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects, made_at + HOUR)
    appended = table.snapshots()[1]
    assert seen.newest == Arrival(
        datetime.fromtimestamp(appended.timestamp_ms / 1000, UTC), f"snapshot {appended.snapshot_id}"
    )
    assert seen.notes == ("sales.orders: its newest snapshot added no data (delete)",)
    assert objects.counts == (0, 2)  # when the manifest list of the append was written


def test_a_compaction_of_what_pyiceberg_wrote_is_no_arrival(tmp_path: Path) -> None:
    """Pyiceberg does not compact: its own overwrite is called what a compaction is called."""
    table = iceberg_catalog(tmp_path).create(iceberg_schema())
    table.append(rows("2026-11-20"))
    table.append(rows("2026-11-21"))
    objects, parameters = iceberg_objects(table, tmp_path)

    def compact(document: dict[str, Any]) -> None:
        document["snapshots"][-1]["summary"]["operation"] = "replace"

    edit_json(objects, parameters["metadata_location"], compact)
    first, second = table.snapshots()
    now = datetime.fromtimestamp(second.timestamp_ms / 1000, UTC) + HOUR
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects, now)
    assert seen.newest is not None
    assert seen.newest.evidence == f"snapshot {first.snapshot_id}"
    assert seen.notes == ("sales.orders: its newest snapshot added no data (replace)",)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_each_format_version_is_read(version: int) -> None:
    objects, parameters = put_metadata(iceberg_metadata(APPEND, version=version))
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.newest == Arrival(EIGHT, "snapshot 1")
    assert seen.newest_complete
    assert seen.problem is None


def test_gzip_is_known_by_its_first_bytes_whatever_the_name() -> None:
    objects, parameters = put_metadata(gzip.compress(json.dumps(iceberg_metadata(APPEND)).encode()))
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.newest == Arrival(EIGHT, "snapshot 1")


def test_the_scheme_of_the_pointer_may_be_hadoops() -> None:
    objects, parameters = put_metadata(iceberg_metadata(APPEND))
    parameters["metadata_location"] = parameters["metadata_location"].replace("s3://", "s3a://")
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.newest == Arrival(EIGHT, "snapshot 1")


def test_deletes_count_where_changes_are_asked_for() -> None:
    objects, parameters = put_metadata(iceberg_metadata(APPEND, REPLACE, DELETE))
    plan = plan_of(Format.ICEBERG, freshness(count="changes"), parameters=parameters)
    assert observe(READER, plan, objects).newest == Arrival(TEN, "snapshot 3")
    plan = plan_of(Format.ICEBERG, freshness(), parameters=parameters)
    seen = observe(READER, plan, objects)
    assert seen.newest == Arrival(EIGHT, "snapshot 1")
    assert seen.notes == ("sales.orders: its newest 2 snapshots added no data (delete, replace)",)


@pytest.mark.parametrize(
    "empty",
    [
        snapshot(2, NINE, "append", parent=1, total_records=10),
        snapshot(2, NINE, "append", parent=1, added_records=0, added_data_files=0),
        snapshot(2, NINE, "overwrite", parent=1, added_delete_files=1, added_position_deletes=3),
    ],
    ids=["no counts", "counts of zero", "delete files only"],
)
def test_a_commit_that_adds_no_rows_is_no_arrival(empty: dict[str, Any]) -> None:
    assert see(APPEND, empty).newest == Arrival(EIGHT, "snapshot 1")


def test_what_was_rolled_back_or_lies_on_a_branch_is_no_data() -> None:
    rolled_back = snapshot(5, TEN, "append", parent=1, added_records=1)
    objects, parameters = put_metadata(iceberg_metadata(APPEND, rolled_back, current=1))
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.newest == Arrival(EIGHT, "snapshot 1")


def test_with_a_stated_now_later_snapshots_do_not_exist() -> None:
    later = snapshot(5, TEN, "append", parent=1, added_records=1)
    assert see(APPEND, later, now=NINE, ignore_later=True).newest == Arrival(EIGHT, "snapshot 1")
    assert see(APPEND, later, now=EIGHT - HOUR, ignore_later=True).listing == Listing()


def test_with_a_stated_now_a_later_rollback_does_not_hide_what_was_there() -> None:
    rolled_back = snapshot(5, NINE, "append", parent=1, added_records=1)
    document = iceberg_metadata(APPEND, rolled_back, current=1)
    moments = ((1, EIGHT), (5, NINE), (1, at("11-21 12:00")))
    document["snapshot-log"] = [
        {"snapshot-id": number, "timestamp-ms": round(moment.timestamp() * 1000)}
        for number, moment in moments
    ]
    objects, parameters = put_metadata(document)
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects, TEN, ignore_later=True)
    assert seen.newest == Arrival(NINE, "snapshot 5")


@pytest.mark.parametrize("current", [-1, None])
def test_the_branch_main_tells_the_current_snapshot_where_nothing_else_does(current: int | None) -> None:
    document = iceberg_metadata(APPEND, snapshot(5, TEN, "append", added_records=1))
    document["current-snapshot-id"] = current
    staged, parameters = put_metadata(document)
    assert observe(READER, plan_of(Format.ICEBERG, parameters=parameters), staged).listing == Listing()
    document["refs"] = {"main": {"snapshot-id": 1, "type": "branch"}, "audit": {"snapshot-id": 5}}
    objects, parameters = put_metadata(document)
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.newest == Arrival(EIGHT, "snapshot 1")


def test_ids_of_snapshots_may_be_negative() -> None:
    first = snapshot(-7, EIGHT, "append", added_records=10)
    seen = see(first, snapshot(-9, NINE, "replace", parent=-7, added_records=10))
    assert seen.newest == Arrival(EIGHT, "snapshot -7")


def test_with_a_stated_now_a_snapshot_that_expired_since_leaves_an_upper_bound() -> None:
    later = snapshot(5, TEN, "append", parent=9, added_records=1)
    document = iceberg_metadata(APPEND, later)
    document["snapshot-log"] = [
        {"snapshot-id": number, "timestamp-ms": round(moment.timestamp() * 1000)}
        for number, moment in ((1, EIGHT), (9, NINE), (5, TEN))
    ]
    objects, parameters = put_metadata(document)
    now = NINE + timedelta(minutes=5)
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects, now, ignore_later=True)
    assert seen.newest is None
    assert seen.problem is not None
    assert seen.problem.message == (
        "sales.orders: its newest data came at or before 2026-11-21T09:05:00Z: none of the snapshots that it still "
        "has was there yet, and the snapshots before have expired"
    )


def test_a_table_without_a_snapshot_was_never_loaded() -> None:
    for nothing in (-1, None):
        document = iceberg_metadata()
        document["current-snapshot-id"] = nothing
        document["snapshots"] = [] if nothing else None
        objects, parameters = put_metadata(document)
        seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
        assert (seen.listing, seen.newest, seen.problem) == (Listing(), None, None)
        row = freshness().measure(seen, Clock(now=NOW), plan_of(Format.ICEBERG).memory)
        assert row.facts.nothing is not None
        assert row.facts.nothing.is_first
        assert row.facts.nothing.told.startswith("never loaded: the log of s3://")
        assert row.facts.nothing.told.endswith(" holds no commit that added data")


def test_only_maintenance_in_the_history_leaves_an_upper_bound() -> None:
    seen = see(REPLACE)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.TOO_LITTLE_HISTORY
    assert seen.problem.message == (
        "sales.orders: its newest data came at or before 2026-11-21T09:00:00Z: its newest snapshot added no data "
        "(replace), and the snapshots before have expired"
    )
    assert not seen.newest_complete
    assert seen.listing is None


def test_a_first_snapshot_that_only_replaces_is_no_proof_of_never_loaded() -> None:
    orphan = {**REPLACE}
    del orphan["parent-snapshot-id"]
    seen = see(orphan)
    assert seen.problem is not None
    assert "and yet it holds 10 rows" in seen.problem.message


def test_a_snapshot_without_an_operation_leaves_an_upper_bound() -> None:
    seen = see(APPEND, {"snapshot-id": 2, "parent-snapshot-id": 1, "timestamp-ms": 1795251600000})
    assert seen.problem is not None
    assert "at or before 2026-11-21T09:00:00Z: snapshot 2 does not say what it did" in seen.problem.message


def test_what_is_known_to_be_older_than_its_limit_is_proved_stale() -> None:
    rule = freshness(12)
    seen = see(REPLACE, plan=plan_of(Format.ICEBERG, rule, parameters=put_metadata({})[1]))
    assert seen.newest == Arrival(NINE, "snapshot 2", is_bound=True)
    assert seen.problem is None
    finding = rule.finding(rule.measure(seen, Clock(now=NOW), TableMemory()), Severity.CRITICAL)
    assert finding.because == (
        "no new data for at least 21 h: the newest came at or before Sat 21 Nov 2026 09:00 UTC; "
        "expected at most 12 h old"
    )


MANIFESTS = {
    "type": "record",
    "name": "manifest_file",
    "fields": [
        {"name": "manifest_path", "type": "string"},
        {"name": "content", "type": "int"},
        {"name": "added_snapshot_id", "type": "long"},
        {"name": "added_files_count", "type": ["null", "int"]},
        {"name": "deleted_files_count", "type": ["null", "int"]},
        {"name": "added_rows_count", "type": ["null", "long"]},
    ],
}


def manifest(
    by: int, added: int | None, rows: int | None, deleted: int | None = 0, content: int = 0
) -> dict[str, Any]:
    return {
        "manifest_path": f"{LOCATION}metadata/m{by}.avro",
        "content": content,
        "added_snapshot_id": by,
        "added_files_count": added,
        "deleted_files_count": deleted,
        "added_rows_count": rows,
    }


@pytest.mark.parametrize(
    ("operation", "manifests", "at_", "gets"),
    [
        ("append", [manifest(1, 1, 10), manifest(2, 1, 3)], NINE, 2),
        ("append", [manifest(1, 1, 10)], EIGHT, 3),
        ("append", [manifest(2, None, None)], NINE, 2),  # by the specification it added files
        ("append", None, NINE, 2),
        ("overwrite", [manifest(2, 2, 8, deleted=1)], NINE, 2),
        ("overwrite", [manifest(1, 1, 10), manifest(2, 0, 0, deleted=1)], EIGHT, 3),
        ("overwrite", [manifest(1, 1, 10), manifest(2, 1, 3, content=1)], EIGHT, 3),
        ("overwrite", [manifest(2, None, None)], None, 2),
        ("overwrite", None, None, 2),
        ("delete", None, EIGHT, 2),
        ("replace", None, EIGHT, 2),
        (None, [manifest(2, 1, 3)], NINE, 2),
        (None, [manifest(1, 1, 10)], EIGHT, 3),
        (None, [manifest(2, 1, 3, deleted=1)], None, 2),  # a compaction, or an overwrite
        ("UPSERT", [manifest(2, 1, 3, deleted=1)], None, 1),
    ],
)
def test_where_a_summary_counts_nothing_the_manifest_list_does(
    operation: str | None, manifests: list[dict[str, Any]] | None, at_: Any, gets: int
) -> None:
    """DuckDB, Paimon and others write summaries that hold an operation alone; version 1 needs none.

    One more is the manifest list of the append before, on which a pass rests.
    """
    entry = snapshot(2, NINE, operation or "", parent=1)
    entry["summary"] = {"operation": operation} if operation else None
    objects, parameters = put_metadata(iceberg_metadata(APPEND, entry))
    if manifests is not None:
        objects.put(f"{ROOT}metadata/snap-2.avro", avro_file(MANIFESTS, *manifests))
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert (seen.newest.at if seen.newest is not None else None) == at_
    assert objects.counts == (0, gets)
    if at_ is None:
        assert seen.problem is not None
        assert (
            "at or before 2026-11-21T09:00:00Z: snapshot 2 does not say what it did" in seen.problem.message
        )


class WithoutTime(ObjectsInMemory):
    def get(self, bucket: str, key: str, **how: Any) -> bytes:
        if key.endswith(".avro"):
            raise Unobserved(Problem(ProblemKind.OVER_BUDGET, "the budget is spent"))
        return super().get(bucket, key, **how)


def test_a_budget_that_ends_before_the_manifest_list_proves_no_append() -> None:
    objects, parameters = put_metadata(iceberg_metadata(APPEND, snapshot(2, NINE, "append", parent=1)))
    spent = WithoutTime(objects.objects, objects.modified)
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), spent)
    assert seen.newest is None
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.OVER_BUDGET


def test_version_3_tells_the_rows_of_an_append_beside_its_summary() -> None:
    for rows_, at_ in ((5, NINE), (0, EIGHT)):
        entry = {**snapshot(2, NINE, "append", parent=1), "first-row-id": 10, "added-rows": rows_}
        seen = see(APPEND, entry)
        assert seen.newest is not None
        assert seen.newest.at == at_


def test_only_so_many_snapshots_that_count_nothing_are_looked_at() -> None:
    entries = [snapshot(n, NINE + n * timedelta(minutes=1), "overwrite", parent=n - 1) for n in range(2, 40)]
    objects, parameters = put_metadata(iceberg_metadata(APPEND, *entries))
    for number in range(2, 40):
        objects.put(f"{ROOT}metadata/snap-{number}.avro", avro_file(MANIFESTS, manifest(1, 1, 10)))
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.OVER_BUDGET
    assert objects.counts == (0, 1 + iceberg_times.MOST_LOOKS)


@pytest.mark.parametrize(
    ("root", "never"),
    [
        (snapshot(1, EIGHT, "append", total_records=0, total_data_files=0), True),
        (snapshot(1, EIGHT, "delete", total_records=0), True),  # of a table that was empty
        (snapshot(1, EIGHT, "delete", deleted_records=4, total_records=0), False),
        (snapshot(1, EIGHT, "overwrite", deleted_data_files=4, total_records=0), False),
        (snapshot(1, EIGHT, "replace"), False),
        (snapshot(1, EIGHT, "delete"), False),
    ],
)
def test_never_loaded_needs_a_history_that_shows_no_data_at_all(root: dict[str, Any], *, never: bool) -> None:
    seen = see(root)
    assert (seen.listing == Listing()) is never
    assert (seen.problem is None) is never


@pytest.mark.parametrize(("ahead", "believed"), [(599, True), (600, True), (601, False)])
def test_a_time_more_than_ten_minutes_ahead_is_unknown(ahead: int, *, believed: bool) -> None:
    then = NOW + timedelta(seconds=ahead)
    objects, parameters = put_metadata(iceberg_metadata(snapshot(1, then, "append", added_records=1)))
    objects.modified = dict.fromkeys(objects.objects, then)
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert (seen.newest is not None) is believed
    assert (seen.problem is not None and seen.problem.kind is ProblemKind.FROM_THE_FUTURE) is not believed


@pytest.mark.parametrize(("late", "believed"), [(0, False), (1199, False), (1200, True)])
def test_what_is_written_until_an_event_comes_late_is_no_time_ahead(late: int, *, believed: bool) -> None:
    then = NOW + timedelta(minutes=30)
    objects, parameters = put_metadata(iceberg_metadata(snapshot(1, then, "append", added_records=1)))
    objects.modified = dict.fromkeys(objects.objects, then)
    plan = plan_of(Format.ICEBERG, parameters=parameters)
    seen = observe(iceberg.READER, plan, objects, reading=NOW + timedelta(seconds=late))
    assert (seen.newest is not None) is believed
    ignoring = observe(iceberg.READER, plan, objects, reading=NOW + timedelta(hours=1), ignore_later=True)
    assert ignoring.newest is None


def edited(**changes: Any) -> bytes:
    return json.dumps({**iceberg_metadata(APPEND), **changes}).encode()


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        (b"", ProblemKind.MALFORMED, "it is empty"),
        (edited()[:-40], ProblemKind.MALFORMED, "it is no JSON"),
        (b"[]", ProblemKind.MALFORMED, "it is no JSON object"),
        (b"[" * 100_000, ProblemKind.OVER_BUDGET, "nested more deeply than is read"),
        (
            edited()[:-1] + b', "digits": ' + b"9" * 5_000 + b"}",
            ProblemKind.OVER_BUDGET,
            "more digits than are read",
        ),
        (gzip.compress(edited()) + b"more", ProblemKind.MALFORMED, "no whole gzip file"),
        (b'{"a": [' + b"[]," * 1_100_000 + b"0]}", ProblemKind.OVER_BUDGET, "more than 2,000,000 values"),
        (b"\xff\xfe\x00", ProblemKind.MALFORMED, "it is no JSON"),
        (b"PAR1....", ProblemKind.MALFORMED, "it is no JSON"),
        (gzip.compress(edited())[:-10], ProblemKind.MALFORMED, "cut short"),
        (b"\x1f\x8bnot gzip at all", ProblemKind.MALFORMED, "no whole gzip"),
        (
            gzip.compress(b" " * (MOST_BYTES + 1)),
            ProblemKind.OVER_BUDGET,
            "unpacks to more than 33,554,432",
        ),
        (
            edited(**{"format-version": 4}),
            ProblemKind.UNSUPPORTED,
            "Iceberg format version 4; up to 3 is read",
        ),
        (edited(**{"format-version": "2"}), ProblemKind.MALFORMED, "format-version is '2'"),
        (
            edited(**{"current-snapshot-id": 7}),
            ProblemKind.MALFORMED,
            "current snapshot 7 is not in its list of 1",
        ),
        (edited(**{"current-snapshot-id": "1"}), ProblemKind.MALFORMED, "current-snapshot-id is '1'"),
        (edited(snapshots={}), ProblemKind.MALFORMED, "snapshots is no list"),
        (edited(snapshots=[1]), ProblemKind.MALFORMED, "snapshots is no list of objects"),
        (
            edited(snapshots=[{**APPEND, "summary": 1}]),
            ProblemKind.MALFORMED,
            "summary of snapshot 1 is no object",
        ),
        (
            edited(snapshots=[{**APPEND, "timestamp-ms": "soon"}]),
            ProblemKind.MALFORMED,
            "no time in milliseconds",
        ),
        (
            edited(snapshots=[{**APPEND, "timestamp-ms": 10**30}]),
            ProblemKind.MALFORMED,
            "no time in milliseconds",
        ),
        (
            edited(snapshots=[{**APPEND, "timestamp-ms": -5}]),
            ProblemKind.MALFORMED,
            "no time in milliseconds",
        ),
        (
            edited(snapshots=[{**APPEND, "parent-snapshot-id": 1, "summary": {"operation": "replace"}}]),
            ProblemKind.MALFORMED,
            "snapshot 1 is its own ancestor",
        ),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(data: bytes, kind: ProblemKind, says: str) -> None:
    objects, parameters = put_metadata(data)
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.problem is not None
    assert seen.problem.kind is kind
    assert says in seen.problem.message
    assert f"{LOCATION}metadata/v1.metadata.json" in seen.problem.message


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(edited()),
        gzip.compress(edited()[:50]) + gzip.compress(edited()[50:]),
        gzip.compress(edited()) + gzip.compress(b""),
        gzip.compress(edited()) + b"\0" * 512,
    ],
    ids=["one member", "two members", "an empty member", "padding"],
)
def test_whatever_gzip_allows_is_no_torn_file(data: bytes) -> None:
    objects, parameters = put_metadata(data)
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.problem is None
    assert seen.newest is not None


def test_a_missing_or_enormous_file_and_a_pointer_elsewhere_are_told() -> None:
    objects, parameters = put_metadata(iceberg_metadata(APPEND))
    objects.put(f"{ROOT}metadata/v1.metadata.json", b" " * (100 * 1024 * 1024))
    plan = plan_of(Format.ICEBERG, parameters=parameters)
    large = observe(READER, plan, objects)
    assert large.problem is not None
    assert large.problem.kind is ProblemKind.OVER_BUDGET
    assert "expire old snapshots" in large.problem.remedy
    missing = observe(READER, plan, ObjectsInMemory())
    assert missing.problem is not None
    assert missing.problem.kind is ProblemKind.NOT_FOUND
    for parameters in ({}, {"metadata_location": "hdfs://nn/t/v1.metadata.json"}):
        elsewhere = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
        assert elsewhere.problem is not None
        assert elsewhere.problem.kind is ProblemKind.UNSUPPORTED
        assert objects.counts == (0, 0)


def arrivals_of(metadata: Metadata) -> tuple[Arrival, ...]:
    clock = Clock(now=NOW)
    return iceberg.arrivals(iceberg.dates_at(metadata, clock), clock, deletes=False)


def test_history_tells_all_arrivals() -> None:
    later = snapshot(4, TEN, "overwrite", parent=2, added_records=5)
    metadata = parse_metadata(json.dumps(iceberg_metadata(APPEND, REPLACE, later)).encode(), "m")
    assert arrivals_of(metadata) == (Arrival(TEN, "snapshot 4"), Arrival(EIGHT, "snapshot 1"))
    snapshot_ = metadata.snapshot(2)
    assert snapshot_ is not None
    assert (snapshot_.operation, snapshot_.added_rows, snapshot_.total_rows) == ("replace", 10, 10)


def test_claims_by_the_catalog_alone() -> None:
    assert READER.claims(Table(id="a.b", format=Format.ICEBERG))
    assert not READER.claims(Table(id="a.b", format=Format.FILES))


def test_ten_megabytes_take_bounded_memory_and_time() -> None:
    entry = {**APPEND, "padding": "x" * 700}
    entries = [
        {
            **entry,
            "snapshot-id": number,
            "parent-snapshot-id": number - 1,
            "summary": {"operation": "replace"},
        }
        for number in range(2, 12_000)
    ]
    data = json.dumps(iceberg_metadata(entry, *entries)).encode()
    assert len(data) > 10_000_000
    tracemalloc.start()
    started = time.process_time()
    metadata = parse_metadata(data, "m")
    recency = iceberg.newest_arrival(metadata, "t", Clock(now=NOW), deletes=False)
    seconds, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert recency.newest == Arrival(EIGHT, "snapshot 1")
    assert peak < 10 * len(data)
    assert seconds < 10


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def parse(data: bytes) -> None:
    with suppress(Unobserved):
        metadata = parse_metadata(data, "m")
        for ignore_later in (True, False):
            iceberg.newest_arrival(metadata, "t", Clock(now=NOW, ignore_later=ignore_later), deletes=False)
        arrivals_of(metadata)


@given(JSON_VALUES)
def test_any_json_is_an_observation_or_unknown(value: Any) -> None:
    parse(json.dumps(value).encode())


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_an_observation_or_unknown(data: bytes, packed: bool) -> None:  # noqa: FBT001 - drawn
    parse(gzip.compress(data) if packed else data)


@given(st.data())
def test_a_mutated_file_is_an_observation_or_unknown(data: st.DataObject) -> None:
    document: Any = json.loads(json.dumps(iceberg_metadata(APPEND, REPLACE, DELETE)))
    document["snapshot-log"] = [{"snapshot-id": 1, "timestamp-ms": 1}]
    holder: Any = document
    while True:
        keys = sorted(holder) if isinstance(holder, dict) else range(len(holder))
        key = data.draw(st.sampled_from(list(keys)))
        if isinstance(holder[key], dict | list) and holder[key] and data.draw(st.booleans()):
            holder = holder[key]
            continue
        holder[key] = data.draw(JSON_VALUES)
        break
    parse(json.dumps(document).encode())
