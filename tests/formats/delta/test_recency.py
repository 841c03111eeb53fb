"""Delta: recency from the newest commits, by one LIST and a GET or two, and what stands against it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from checks.lake.formats.delta import walk as delta_walk
from checks.model import Arrival, Format, Listing, ProblemKind, Table
from tests.support.delta_logs import EIGHT, NINE, OPTIMIZE, READER, TEN, append, commit_uri, log_of, see
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    freshness,
    log_key,
    observe,
    plan_of,
    rows,
    set_commit_times,
)
from tests.support.times import HOUR

if TYPE_CHECKING:
    from pathlib import Path


DAYS = ("2026-11-20", "2026-11-21")


def test_what_deltalake_compacts_last_is_no_arrival(tmp_path: Path) -> None:
    for _ in range(3):
        write_deltalake(str(tmp_path), rows(*DAYS), mode="append", partition_by=["day"])
    DeltaTable(str(tmp_path)).optimize.compact()
    set_commit_times(tmp_path, {2: EIGHT, 3: NINE})
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    seen = see(objects)
    assert seen.newest == Arrival(EIGHT, commit_uri(2))
    assert seen.notes == ("sales.orders: its newest commit added no data (OPTIMIZE)",)


def test_what_deltalake_vacuums_and_sets_last_is_no_arrival(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), rows(*DAYS))
    table = DeltaTable(str(tmp_path))
    table.alter.set_table_properties({"delta.logRetentionDuration": "interval 60 days"})
    table.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)
    set_commit_times(tmp_path, {0: EIGHT})
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    assert see(objects).newest == Arrival(EIGHT, commit_uri(0))


def test_deltalakes_delete_counts_only_where_changes_are_asked_for(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), rows(*DAYS))
    DeltaTable(str(tmp_path)).delete("amount = 1")
    set_commit_times(tmp_path, {0: EIGHT, 1: NINE})
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    assert see(objects).newest == Arrival(EIGHT, commit_uri(0))
    changes = observe(READER, plan_of(Format.DELTA, freshness(count="changes")), objects)
    assert changes.newest == Arrival(NINE, commit_uri(1))


def test_a_recent_checkpoint_of_deltalake_costs_one_list_and_two_gets(tmp_path: Path) -> None:
    for _ in range(4):
        write_deltalake(str(tmp_path), rows(*DAYS), mode="append")
    DeltaTable(str(tmp_path)).create_checkpoint()
    write_deltalake(str(tmp_path), rows(*DAYS), mode="append")
    set_commit_times(tmp_path, {4: NINE})
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    assert see(objects).newest == Arrival(NINE, commit_uri(4))
    assert objects.counts == (1, 2)
    assert [call.rpartition("/")[2] for call in objects.calls[1:]] == [
        f"{4:020d}.json",
        f"{3:020d}.checkpoint.parquet",  # for what the table asks of its readers
    ]


def test_an_empty_append_of_deltalake_is_no_arrival(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), rows(*DAYS))
    properties = CommitProperties(custom_metadata={"why": "an epoch without rows"})
    write_deltalake(str(tmp_path), rows(*DAYS)[:0], mode="append", commit_properties=properties)
    set_commit_times(tmp_path, {0: EIGHT, 1: NINE})
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    assert see(objects).newest == Arrival(EIGHT, commit_uri(0))


def test_a_large_commit_is_read_in_parts_only_until_it_is_an_arrival() -> None:
    large = delta_commit(*(delta_add("x" * 100 + str(n)) for n in range(50_000)), at=NINE)
    assert len(large) > 2 * 4 * 1024 * 1024
    objects = log_of(append(EIGHT), large)
    assert see(objects).newest == Arrival(NINE, commit_uri(1))
    assert objects.counts == (1, 2)
    removes = delta_commit(*(delta_remove("x" * 200 + str(n)) for n in range(50_000)), delta_add(), at=NINE)
    objects = log_of(append(EIGHT), removes)
    assert see(objects).newest == Arrival(NINE, commit_uri(1))
    assert objects.counts == (1, 1 + -(-len(removes) // (4 * 1024 * 1024)))


@pytest.mark.parametrize(
    "name",
    [
        "00000000000000000000.00000000000000000009.compacted.json",
        "00000000000000000009.crc",
        "00000000000000000009.json.tmp",
        "0000000000000000009.json",
        "00000000000000000009.JSON",
        "_commits/00000000000000000000.3a0d65cd-4056-49b8-937b-95f9e3ee90e5.json",
        "_sidecars/00000000000000000009.parquet",
        ".00000000000000000009.json.crc",
        "_last_vacuum_info",
    ],
)
def test_other_files_of_the_log_are_passed_over(name: str) -> None:
    objects = log_of(append(EIGHT))
    objects.put(f"{ROOT}_delta_log/{name}", append(TEN))
    assert see(objects).newest == Arrival(EIGHT, commit_uri(0))


@pytest.mark.parametrize(
    "name",
    [
        ".checkpoint.parquet",
        ".checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json",
        ".checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.parquet",
        ".checkpoint.0000000001.0000000002.parquet",
    ],
)
def test_after_each_kind_of_checkpoint_the_log_may_be_short(name: str) -> None:
    objects = log_of(append(NINE), first=8)
    objects.put(log_key(7, name), b"...")
    assert see(objects).newest == Arrival(NINE, commit_uri(8))


@pytest.mark.parametrize(
    "torn",
    [
        b"",
        b"{",
        b"[1]",
        b'{"version": "x"}',
        b'{"version": 99}',
        b"\xff",
        b'{"version": -3}',
        b'{"version": 1e400}',
        b'{"version": 100000000000000000000}',
    ],
)
def test_a_stale_or_torn_hint_leads_back_to_the_whole_log(torn: bytes) -> None:
    objects = log_of(append(EIGHT), append(NINE))
    objects.put(f"{ROOT}_delta_log/_last_checkpoint", torn)
    assert see(objects).newest == Arrival(NINE, commit_uri(1))


def test_a_stale_hint_finds_all_that_came_later() -> None:
    objects = log_of(*(append(EIGHT + n * timedelta(minutes=1)) for n in range(30)), hint=4)
    objects.put(log_key(20, ".checkpoint.parquet"), b"PAR1")
    assert see(objects).newest == Arrival(EIGHT + 29 * timedelta(minutes=1), commit_uri(29))
    assert objects.counts == (
        1,
        3,
    )  # the newest commit, the checkpoint that tells nothing, and the first commit
    for version in range(15):
        del objects.objects[log_key(version)]
    assert see(objects).newest is not None


def test_pages_of_a_long_log_are_followed() -> None:
    objects = log_of(*(append(EIGHT + n * timedelta(minutes=1)) for n in range(25)))
    objects.page_size = 10
    assert see(objects).newest == Arrival(EIGHT + 24 * timedelta(minutes=1), commit_uri(24))


def test_without_an_arrival_since_the_checkpoint_it_goes_back_further() -> None:
    objects = log_of(append(EIGHT), append(NINE), *[OPTIMIZE] * 8, hint=6)
    seen = see(objects)
    assert seen.newest == Arrival(NINE, commit_uri(1))
    assert seen.notes == ("sales.orders: its newest 8 commits added no data (OPTIMIZE)",)
    assert objects.counts == (1, 11)  # nine commits, the checkpoint that tells nothing, and the first commit


def test_where_the_log_before_was_cleaned_up_an_upper_bound_is_told() -> None:
    seen = see(log_of(OPTIMIZE, OPTIMIZE, first=7, hint=6))
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.TOO_LITTLE_HISTORY
    assert seen.problem.message == (
        "sales.orders: its newest data came at or before 2026-11-21T10:00:00Z: its newest 2 commits added no data "
        "(OPTIMIZE), and the log before version 7 was cleaned up"
    )
    assert not seen.newest_complete


@pytest.mark.parametrize(
    "objects",
    [log_of(OPTIMIZE, OPTIMIZE, first=7, hint=6), log_of(append(EIGHT), *[OPTIMIZE] * 150, hint=149)],
)
def test_what_is_known_to_be_older_than_its_limit_is_proved_stale(objects: ObjectsInMemory) -> None:
    seen = observe(READER, plan_of(Format.DELTA, freshness(12)), objects)
    assert seen.newest is not None
    assert (seen.newest.at, seen.newest.is_bound, seen.problem) == (TEN, True, None)
    assert seen.newest.evidence.startswith(f"the log of {LOCATION}_delta_log/ from version ")
    assert "its newest data came at or before 2026-11-21T10:00:00Z" in seen.notes[-1]


def test_where_only_a_checkpoint_is_left_its_file_is_the_upper_bound() -> None:
    seen = see(log_of(hint=6))
    assert seen.problem is not None
    assert "at or before 2026-11-21T08:00:00Z" in seen.problem.message


def test_the_search_back_is_bounded() -> None:
    objects = log_of(append(EIGHT), *[OPTIMIZE] * 400, hint=399)
    seen = see(objects)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.OVER_BUDGET
    assert "at or before 2026-11-21T10:00:00Z" in seen.problem.message
    assert (
        objects.counts[1] == delta_walk.MOST_COMMITS + 2
    )  # the checkpoint that tells nothing, and the first commit


def test_a_log_that_never_added_data_was_never_loaded() -> None:
    seen = see(
        log_of(delta_commit({"protocol": {"minReaderVersion": 1}}, at=EIGHT, operation="CREATE TABLE"))
    )
    assert (seen.listing, seen.newest, seen.problem) == (Listing(), None, None)


def test_with_a_stated_now_later_commits_do_not_exist() -> None:
    objects = log_of(*(append(EIGHT + n * HOUR) for n in range(200)))
    seen = see(objects, EIGHT + 7.5 * HOUR, ignore_later=True)
    assert seen.newest == Arrival(EIGHT + 7 * HOUR, commit_uri(7))
    assert objects.counts[1] < 12
    assert see(objects, EIGHT - HOUR, ignore_later=True).listing == Listing()


def test_a_stated_now_before_the_last_checkpoint_is_found_in_few_requests() -> None:
    objects = log_of(*(append(EIGHT + n * timedelta(minutes=1)) for n in range(600)), hint=550)
    seen = see(objects, EIGHT + timedelta(minutes=7.5), ignore_later=True)
    assert seen.newest == Arrival(EIGHT + timedelta(minutes=7), commit_uri(7))
    assert sum(objects.counts) < 20
    for version in range(540):
        del objects.objects[log_key(version)]
    seen = see(objects, EIGHT + timedelta(minutes=7.5), ignore_later=True)
    assert seen.problem is not None
    assert "at or before 2026-11-21T08:07:30Z" in seen.problem.message


@pytest.mark.parametrize(("ahead", "believed"), [(599, True), (600, True), (601, False)])
def test_a_time_more_than_ten_minutes_ahead_is_unknown(ahead: int, *, believed: bool) -> None:
    objects = log_of(append(NOW + timedelta(seconds=ahead)))
    objects.modified[log_key(0)] = NOW + 2 * HOUR
    seen = see(objects)
    assert (seen.newest is not None) is believed
    assert (seen.problem is not None and seen.problem.kind is ProblemKind.FROM_THE_FUTURE) is not believed


def test_staged_commits_that_are_not_published_leave_a_doubt_about_staleness() -> None:
    objects = log_of(append(EIGHT))
    objects.put(
        f"{ROOT}_delta_log/_staged_commits/{1:020d}.3a0d65cd-4056-49b8-937b-95f9e3ee90e5.json", append(TEN)
    )
    seen = see(objects)
    assert seen.newest == Arrival(EIGHT, commit_uri(0))
    assert not seen.newest_complete
    assert seen.problem is not None
    assert "only the catalog that coordinates them knows" in seen.problem.message


def test_claims_by_the_catalog_alone_and_needs_a_location() -> None:
    assert READER.claims(Table(id="a.b", format=Format.DELTA))
    assert not READER.claims(Table(id="a.b", location=LOCATION))
    for location in (None, "s3://lake/warehouse/orders-__PLACEHOLDER__/"):
        seen = observe(READER, plan_of(Format.DELTA, location=location), ObjectsInMemory())
        assert seen.problem is not None
        assert seen.problem.kind is ProblemKind.UNSUPPORTED
