"""Iceberg: recency from the metadata file, by one GET, and what stands against it."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg.metadata import Metadata, parse_metadata
from checks.model import (
    Arrival,
    Format,
    Listing,
    ProblemKind,
    Severity,
    Table,
    TableMemory,
)
from checks.rules.asking import Clock
from tests.support.tables_by_engines import (
    NOW,
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
