"""Hudi: recency from the timeline, and what stands against it."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import hudi
from checks.lake.formats.hudi import walk
from checks.lake.formats.hudi.commits import parse_commit
from checks.model import Arrival, Format, Listing, Observation, ProblemKind, Table, Unobserved
from tests.support.hudi_tables import HudiTable, hudi_commit, hudi_properties
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    ObjectsInMemory,
    avro_file,
    freshness,
    observe,
    plan_of,
)
from tests.support.times import HOUR, SECOND, at

READER = hudi.READER
EIGHT, NINE, TEN, ELEVEN = (at(f"11-21 {hour:02d}:00") for hour in (8, 9, 10, 11))
MINUTE = 60 * SECOND


def see(table: HudiTable, now: Any = NOW, rule: Any = None, **clock: Any) -> Observation:
    return observe(READER, plan_of(Format.HUDI, rule or freshness()), table.objects, now, **clock)


def uri(table: HudiTable, name: str) -> str:
    return f"s3://lake/{table.folder}{name}"


def test_layout_1_takes_a_get_of_the_properties_one_list_and_one_get() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "commit", hudi_commit())
    seen = see(table)
    assert seen.newest == Arrival(NINE, uri(table, "20261121090000000.commit"))
    assert seen.newest_complete
    assert seen.notes == ()
    assert table.objects.counts == (1, 2)


def test_layout_2_tells_when_a_commit_was_complete() -> None:
    table = HudiTable(version=8, table_type="MERGE_ON_READ")
    table.instant(EIGHT, "deltacommit", hudi_commit(avro=True), took=90 * MINUTE)
    table.instant(NINE, "deltacommit", hudi_commit(avro=True), took=MINUTE)
    seen = see(table)
    name = "20261121080000000_20261121093000000.deltacommit"
    assert seen.newest == Arrival(EIGHT + 90 * MINUTE, uri(table, name))
    assert table.objects.counts == (1, 2)


@pytest.mark.parametrize("version", [6, 8])
@pytest.mark.parametrize(
    ("action", "plan", "operation"),
    [
        ("commit", "compaction", "COMPACT"),
        ("deltacommit", "logcompaction", "LOG_COMPACT"),
        ("replacecommit", "clustering", "CLUSTER"),
        ("replacecommit", None, "CLUSTER"),
        ("commit", None, "COMPACT"),
        ("commit", None, None),
        ("clean", None, None),
        ("rollback", None, None),
        ("restore", None, None),
        ("savepoint", None, None),
        ("indexing", None, None),
        ("deltacommit", None, "DELETE"),
        ("replacecommit", None, "DELETE_PARTITION"),
    ],
)
def test_maintenance_and_deletes_are_no_arrivals(
    version: int, action: str, plan: str | None, operation: str | None
) -> None:
    table = HudiTable(version=version, table_type="MERGE_ON_READ")
    table.instant(EIGHT, "deltacommit", hudi_commit(avro=version == 8))
    table.instant(NINE, action, hudi_commit(operation, deletes=1, avro=version == 8), plan=plan)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == EIGHT
    assert len(seen.notes) == 1
    assert seen.notes[0].startswith("sales.orders: its newest instant added no data (")


@pytest.mark.parametrize("operation", ["INSERT_OVERWRITE", "INSERT_OVERWRITE_TABLE"])
def test_an_overwrite_shows_as_replacecommit_and_is_data(operation: str) -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "replacecommit", hudi_commit(operation))
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == NINE


@pytest.mark.parametrize(
    ("commit", "is_data"),
    [
        (hudi_commit(inserts=0), False),  # a streamer's empty commit that carries a checkpoint
        (hudi_commit(inserts=0, updates=3, copied=100), True),
        (hudi_commit(inserts=0, deletes=3, copied=100), False),  # an upsert of rows marked as deleted
        (hudi_commit(inserts=0, copied=100), True),  # a writer that tells neither inserts nor updates
        (hudi_commit(inserts=0, copied=100).replace(b'"fileId"', b'"prevCommit": "null", "fileId"'), True),
        # All rows that came were older than those that were there, which were copied.
        (hudi_commit(inserts=0, copied=9).replace(b'"fileId"', b'"prevCommit": "20261120", "fileId"'), False),
        (
            hudi_commit(inserts=0, copied=9).replace(b'.parquet"', b'.log.1_0", "prevCommit": "20261120"'),
            True,
        ),
        (hudi_commit("BULK_INSERT", inserts=5), True),
        (hudi_commit(None, inserts=5), True),
        (hudi_commit("UNKNOWN", inserts=5), True),
    ],
)
def test_rows_that_a_commit_wrote_decide(commit: bytes, *, is_data: bool) -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "commit", commit)
    seen = see(table)
    assert seen.newest is not None
    assert (seen.newest.at == NINE) is is_data


def test_an_old_compaction_says_compacted() -> None:
    commit = json.dumps({**json.loads(hudi_commit(None)), "compacted": True}).encode()
    assert parse_commit(commit, "m").operation == "COMPACT"


def test_deletes_count_where_changes_are_asked_for() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "commit", hudi_commit("DELETE", inserts=0, deletes=3))
    table.instant(TEN, "replacecommit", hudi_commit("CLUSTER"))
    seen = see(table, rule=freshness(count="changes"))
    assert seen.newest is not None
    assert seen.newest.at == NINE


def test_an_overwrite_with_nothing_is_a_change_and_no_arrival() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(
        NINE, "replacecommit", hudi_commit("INSERT_OVERWRITE", inserts=0, replaced=("day=2026-11-21",))
    )
    table.instant(TEN, "replacecommit", hudi_commit("CLUSTER", inserts=0, replaced=("day=2026-11-21",)))
    for rule, at_ in ((freshness(), EIGHT), (freshness(count="changes"), NINE)):
        seen = see(table, rule=rule)
        assert seen.newest is not None
        assert seen.newest.at == at_


REQUESTED = {
    "type": "record",
    "name": "HoodieRequestedReplaceMetadata",
    "fields": [
        {"name": "operationType", "type": ["null", "string"]},
        {"name": "clusteringPlan", "type": ["null", {"type": "map", "values": "string"}]},
    ],
}


@pytest.mark.parametrize(
    ("requested", "is_data"),
    [
        (avro_file(REQUESTED, {"operationType": "CLUSTER", "clusteringPlan": None}), False),
        (avro_file(REQUESTED, {"operationType": None, "clusteringPlan": {"groups": "2"}}), False),
        (avro_file(REQUESTED, {"operationType": "INSERT_OVERWRITE", "clusteringPlan": None}), True),
        (avro_file(REQUESTED, {"operationType": None, "clusteringPlan": None}), True),
        (b"", True),  # of an insert overwrite, as older versions leave it
    ],
)
def test_a_replacecommit_that_does_not_say_its_operation_is_told_by_what_was_requested(
    requested: bytes, *, is_data: bool
) -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "replacecommit", hudi_commit(None))
    table.objects.put(f"{table.folder}20261121090000000.replacecommit.requested", requested, NINE)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == (NINE if is_data else EIGHT)


def test_the_timeline_of_the_metadata_table_is_not_taken() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    folder = f"{ROOT}.hoodie/metadata/.hoodie/"
    table.objects.put(f"{folder}hoodie.properties", hudi_properties(table_type="MERGE_ON_READ"))
    table.objects.put(f"{folder}20261121090000000.deltacommit", hudi_commit(), NINE)
    seen = see(table)
    assert seen.newest == Arrival(EIGHT, uri(table, "20261121080000000.commit"))
    assert table.objects.counts == (1, 2)


def test_only_maintenance_on_the_timeline_is_an_upper_bound_where_there_was_more() -> None:
    table = HudiTable()
    table.instant(NINE, "clean")
    assert see(table).listing == Listing()
    table.objects.put(f"{ROOT}.hoodie/archived/", b"")
    assert see(table).listing == Listing()
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    seen = see(table)
    assert seen.problem is not None
    assert seen.problem.message == (
        "sales.orders: its newest data came at or before 2026-11-21T09:00:00Z: its newest instant added no data "
        "(clean), and what was before is archived"
    )


def test_what_is_known_to_be_older_than_its_limit_is_proved_stale() -> None:
    table = HudiTable()
    table.instant(EIGHT, "clean")
    table.instant(NINE, "clean")
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    seen = see(table, rule=freshness(12))
    assert seen.newest == Arrival(EIGHT, uri(table, "20261121080000000.clean"), is_bound=True)
    assert seen.problem is None
    assert "and what was before is archived" in seen.notes[-1]


@pytest.mark.parametrize(
    ("hours", "says"), [(0, "its newest instant added no data (clean)"), (9, "none of its instants")]
)
def test_instants_after_a_stated_time_are_on_the_timeline_all_the_same(hours: int, says: str) -> None:
    table = HudiTable()
    table.instant(NINE, "clean")
    table.archive()
    plan = plan_of(Format.HUDI)
    seen = observe(hudi.READER, plan, table.objects, NINE + HOUR - timedelta(hours=hours), ignore_later=True)
    assert seen.problem is not None
    assert f"{says}" in seen.problem.message
    assert "no instant is on its timeline" not in seen.problem.message


def test_pending_instants_are_not_there_yet() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    for state in (".commit.requested", ".inflight", ".deltacommit.inflight"):
        table.objects.put(f"{table.folder}{table.stamp(NINE)}{state}", b"", NINE)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == EIGHT


def test_instants_of_whole_seconds_are_read_too() -> None:
    table = HudiTable()
    table.objects.put(f"{table.folder}20261121080000.commit", hudi_commit(), EIGHT)
    table.objects.put(f"{table.folder}20261121080000.commit.requested", b"", EIGHT)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == EIGHT


def test_a_bootstrap_instant_has_the_time_of_its_file() -> None:
    table = HudiTable()
    table.objects.put(f"{table.folder}00000000000002.commit", hudi_commit(), EIGHT)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == EIGHT
    assert "carries no time in its name" in seen.notes[0]


def test_with_a_stated_now_later_instants_do_not_exist() -> None:
    table = HudiTable()
    for instant in (EIGHT, NINE, TEN):
        table.instant(instant, "commit", hudi_commit())
    seen = see(table, NINE + MINUTE, ignore_later=True)
    assert seen.newest is not None
    assert seen.newest.at == NINE
    assert table.objects.counts == (1, 2)


@pytest.mark.parametrize(("ahead", "believed"), [(599, True), (600, True), (601, False)])
def test_a_time_more_than_ten_minutes_ahead_is_unknown(ahead: int, *, believed: bool) -> None:
    table = HudiTable()
    table.instant(NOW + ahead * SECOND, "commit", hudi_commit())
    seen = see(table)
    assert (seen.newest is not None) is believed
    assert (seen.problem is not None and seen.problem.kind is ProblemKind.FROM_THE_FUTURE) is not believed


def test_the_search_back_is_bounded() -> None:
    table = HudiTable()
    for minute in range(80):
        table.instant(EIGHT + minute * MINUTE, "commit", hudi_commit(inserts=0))
    seen = see(table)
    assert seen.problem is not None
    assert f"no more than {walk.MOST_COMMITS} are read" in seen.problem.message
    assert table.objects.counts == (1, 1 + walk.MOST_COMMITS)


@pytest.mark.parametrize(
    ("commit", "says"),
    [
        (hudi_commit()[:-30], "it is no JSON"),
        (hudi_commit(avro=True)[:-30], "cut short"),
        (hudi_commit(avro=True)[:200], "cut short"),
        (b"Obj\x01", "cut short"),
        (b"Obj\x02" + hudi_commit(avro=True)[4:], "it is no JSON"),
        (b"[]", "it is no JSON object"),
        (b'{"partitionToWriteStats": 3}', "partitionToWriteStats is no object"),
        (b'{"partitionToWriteStats": {"a": {}}}', "are no list of objects"),
        (b'{"partitionToWriteStats": {"a": [{"numInserts": "many"}]}}', "numInserts is 'many'"),
    ],
)
def test_a_bad_commit_is_named_with_what_is_wrong(commit: bytes, says: str) -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", commit)
    seen = see(table)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.MALFORMED
    assert says in seen.problem.message
    assert uri(table, "20261121080000000.commit") in seen.problem.message


def test_an_empty_file_is_an_instant_that_wrote_nothing() -> None:
    table = HudiTable()
    table.instant(EIGHT, "commit", hudi_commit())
    table.instant(NINE, "commit", b"")
    assert see(table).newest == Arrival(EIGHT, uri(table, "20261121080000000.commit"))
    assert table.objects.counts == (1, 2)


def test_a_missing_table_and_a_missing_location_are_told() -> None:
    missing = observe(READER, plan_of(Format.HUDI), ObjectsInMemory())
    assert missing.problem is not None
    assert missing.problem.kind is ProblemKind.NOT_FOUND
    nowhere = observe(READER, plan_of(Format.HUDI, location=None), ObjectsInMemory())
    assert nowhere.problem is not None
    assert nowhere.problem.kind is ProblemKind.UNSUPPORTED


def test_claims_by_the_catalog_alone() -> None:
    assert READER.claims(Table(id="a.b", format=Format.HUDI))
    assert not READER.claims(Table(id="a.b", format=Format.FILES))


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_a_commit_or_unknown(data: bytes, avro: bool) -> None:  # noqa: FBT001 - drawn
    with suppress(Unobserved):
        parse_commit(b"Obj\x01" + data if avro else data, "m")


@given(st.data())
def test_a_mutated_avro_commit_is_a_commit_or_unknown(data: st.DataObject) -> None:
    commit = bytearray(hudi_commit(avro=True))
    for _ in range(data.draw(st.integers(1, 4))):
        commit[data.draw(st.integers(0, len(commit) - 1))] = data.draw(st.integers(0, 255))
    with suppress(Unobserved):
        parse_commit(bytes(commit[: data.draw(st.integers(0, len(commit)))]), "m")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["partitionToWriteStats", "numInserts", "numDeletes", "operationType", "compacted", "x"]
                ),
                inner,
            )
        ),
    )
)
def test_any_json_is_a_commit_or_unknown(document: Any) -> None:
    with suppress(Unobserved):
        parse_commit(json.dumps(document).encode(), "m")
