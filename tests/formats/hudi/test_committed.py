"""Hudi: only files of completed instants are data, wherever partitions are looked for by their path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import hudi
from checks.lake.formats.hudi import periods as hudi_partitions
from checks.lake.formats.hudi import walk
from checks.lake.formats.hudi.committed import Committed, Is
from checks.lake.formats.hudi.timeline import read_timeline
from checks.lake.s3.objects import Key
from checks.model import Format, ItemState, Observation, ProblemKind
from tests.support.hudi_tables import HudiTable, hudi_commit, hudi_restore, hudi_rollback, hudi_rollback_plan
from tests.support.partitioned import (
    A_GAP,
    EIGHT,
    MISSING,
    NINE,
    PRESENT,
    TEN,
    UNKNOWN,
    filled,
    partitions_rule,
    plan_with,
)
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    freshness,
    observe,
    plan_of,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from datetime import datetime

TWENTIETH = "day=2026-11-20"
ALL = {"2026-11-21": PRESENT, "2026-11-20": PRESENT, "2026-11-19": PRESENT}
LONG_AGO = "20261101030000000"
BEFORE = "20261118030000000"
"""Requested before the oldest commit that is on the timeline."""
KINDS = pytest.mark.parametrize(
    ("version", "table_type"),
    [(6, "COPY_ON_WRITE"), (6, "MERGE_ON_READ"), (8, "COPY_ON_WRITE"), (9, "MERGE_ON_READ")],
)


def archived(version: int = 6, table_type: str = "COPY_ON_WRITE") -> HudiTable:
    """Return a table whose days are 18 and 21, on its timeline, and 19, of which an archived commit wrote a file."""
    table = HudiTable(version=version, table_type=table_type)
    action = "deltacommit" if table_type == "MERGE_ON_READ" else "commit"
    for moment, day in ((EIGHT - 2 * DAY, "18"), (EIGHT, "21")):
        table.instant(moment, action, hudi_commit(partition=f"day=2026-11-{day}", avro=version >= 8))
    table.archive()
    table.file("day=2026-11-19", LONG_AGO)
    return table


def look(table: HudiTable, now: datetime = NOW, **clock: bool) -> tuple[dict[str, ItemState], Observation]:
    plan = plan_with(Format.HUDI)
    seen = observe(hudi.READER, plan, table.objects, now, **clock)
    return filled(plan, seen, now), seen


@KINDS
@pytest.mark.parametrize("log", [False, True])
def test_a_load_that_died_midway_fills_no_day(version: int, table_type: str, *, log: bool) -> None:
    table = archived(version, table_type)
    died = table.begin(NINE, "deltacommit" if table_type == "MERGE_ON_READ" else "commit")
    table.file(TWENTIETH, died, log=log)
    assert look(table)[0] == A_GAP
    assert table.objects.counts == (4, 3)  # timeline, archive, two days; the properties, two commits


@pytest.mark.parametrize("state", ["commit.requested", "inflight", "replacecommit.requested"])
def test_one_state_is_enough_to_be_on_the_way(state: str) -> None:
    table = archived()
    table.objects.put(f"{table.folder}{BEFORE}.{state}", b"", at("11-18 03:00"))
    table.file(TWENTIETH, BEFORE)
    assert look(table)[0] == A_GAP


@KINDS
@pytest.mark.parametrize("log", [False, True])
def test_what_was_rolled_back_and_left_behind_fills_no_day(
    version: int, table_type: str, *, log: bool
) -> None:
    table = archived(version, table_type)
    table.file(TWENTIETH, table.stamp(NINE), log=log)  # it began after the timeline does, and is not on it
    table.instant(TEN, "rollback", hudi_rollback(table.stamp(NINE)))
    assert look(table)[0] == A_GAP
    assert table.objects.counts == (4, 4)  # the rollback is read for the 19th: what is archived may be of it


@KINDS
@pytest.mark.parametrize("log", [False, True])
def test_what_is_archived_has_completed(version: int, table_type: str, *, log: bool) -> None:
    table = archived(version, table_type)
    table.file(TWENTIETH, LONG_AGO, log=log)
    assert look(table)[0] == ALL
    assert table.objects.counts == (4, 3)


@pytest.mark.parametrize("version", [6, 8])
@pytest.mark.parametrize("told", ["rollback", "restore", "plan"])
def test_what_is_older_than_the_timeline_and_was_rolled_back_is_no_data(version: int, told: str) -> None:
    table = archived(version)
    table.file(TWENTIETH, BEFORE)
    if told == "plan":
        key = f"{table.folder}{table.stamp(TEN)}.rollback.requested"
        table.objects.put(key, hudi_rollback_plan(BEFORE), TEN)
    else:
        write = hudi_rollback if told == "rollback" else hudi_restore
        table.instant(TEN, told, write(BEFORE))
    assert look(table)[0] == A_GAP
    table.file(TWENTIETH, LONG_AGO)
    assert look(table)[0] == ALL


def test_rollbacks_are_read_only_where_a_pass_rests_on_it() -> None:
    table = archived()
    for hour in range(3):
        table.instant(TEN + hour * HOUR, "rollback", hudi_rollback(BEFORE))
    table.file(TWENTIETH, table.stamp(EIGHT - 2 * DAY))  # on the timeline: nothing else has to be known
    assert look(table)[0] == ALL
    assert table.objects.counts == (4, 6)
    table.objects.objects.pop(next(key for key in table.objects.objects if "day=2026-11-19" in key))
    assert look(table)[0] == {**ALL, "2026-11-19": MISSING}
    assert table.objects.counts == (4, 3)


@pytest.mark.parametrize("rollback", [b"Obj\x01torn", b"{"])
def test_a_rollback_that_cannot_be_read_leaves_what_is_archived_unknown(rollback: bytes) -> None:
    table = archived()
    table.instant(TEN, "rollback", rollback)
    found, seen = look(table)
    assert found == {**A_GAP, "2026-11-19": UNKNOWN}
    problem = next(each.problem for each in seen.partitions if each.period.label == "2026-11-19")
    assert problem is not None
    assert problem.kind is ProblemKind.MALFORMED


def test_more_rollbacks_than_are_read_leave_what_is_archived_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    table = archived()
    for hour in range(2):
        table.instant(TEN + hour * HOUR, "rollback", hudi_rollback(LONG_AGO))
    monkeypatch.setattr(walk, "MOST_ROLLBACKS", 1)
    found, seen = look(table)
    assert found == {**A_GAP, "2026-11-19": UNKNOWN}
    problem = next(each.problem for each in seen.partitions if each.period.label == "2026-11-19")
    assert problem is not None
    assert problem.message == (
        "sales.orders: 2 rollbacks are on its timeline, and no more than 1 are read, so which of its files are data "
        "is not known"
    )
    monkeypatch.setattr(walk, "MOST_ROLLBACKS", 2)
    assert look(table)[0] == {**A_GAP, "2026-11-19": MISSING}


@pytest.mark.parametrize("version", [6, 8])
def test_of_many_commits_those_that_are_not_read_have_completed(
    version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hudi_partitions, "MOST_COMMITS", 2)
    table = HudiTable(version=version)
    loads = ((EIGHT - 2 * DAY, "19"), (EIGHT - HOUR, "20"), (EIGHT, "21"), (NINE, "21"))
    for moment, day in loads:
        told = hudi_commit(partition=f"day=2026-11-{day}", avro=version >= 8)
        table.instant(moment, "commit", told)
    table.file("day=2026-11-19", table.stamp(EIGHT - 2 * DAY))
    table.file(TWENTIETH, table.begin(TEN, "commit"))
    assert look(table)[0] == A_GAP
    table.file(TWENTIETH, table.stamp(EIGHT - HOUR))
    assert look(table)[0] == ALL


def test_what_a_commit_that_is_not_read_may_have_replaced_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hudi_partitions, "MOST_COMMITS", 1)
    table = HudiTable()
    table.instant(EIGHT - 2 * DAY, "commit", hudi_commit(partition="day=2026-11-18"))
    table.file("day=2026-11-18", table.stamp(EIGHT - 2 * DAY))
    table.instant(EIGHT - DAY, "commit", hudi_commit(partition=TWENTIETH))
    table.instant(EIGHT, "replacecommit", hudi_commit("DELETE_PARTITION", inserts=0, replaced=(TWENTIETH,)))
    table.instant(NINE, "commit", hudi_commit(partition="day=2026-11-21"))
    table.file(TWENTIETH, table.stamp(EIGHT - DAY))
    table.file("day=2026-11-19", table.stamp(EIGHT - HOUR))  # it is not on the timeline: rolled back
    found, _ = look(table)
    assert found["2026-11-20"] is UNKNOWN
    monkeypatch.setattr(hudi_partitions, "MOST_COMMITS", 4)
    assert look(table)[0] == {**A_GAP, "2026-11-19": MISSING}


def test_a_commit_that_wrote_no_row_into_a_partition_leaves_its_file_empty() -> None:
    table = archived()
    stat = hudi_commit(inserts=0, deletes=3, partition=TWENTIETH)
    name = table.file(TWENTIETH, table.stamp(NINE))
    table.instant(NINE, "commit", stat.replace(b"f-0_0-1-2_20261121.parquet", name.encode()))
    assert look(table)[0] == A_GAP


def test_what_no_name_tells_is_unknown_and_what_is_no_data_does_not_count() -> None:
    table = archived()
    for name in (
        ".hoodie_partition_metadata",
        ".hoodie_partition_metadata.parquet",
        ".f-0_20261101030000000.log.1_0-1-2-cdc",
        f"f-0_0-1-2_{LONG_AGO}.parquet.crc",
        f".f-0_0-1-2_{LONG_AGO}.parquet.crc",
        "_SUCCESS",
        "older/f-0_0-1-2_20261101030000000.parquet",
    ):
        table.objects.put(f"{ROOT}{TWENTIETH}/{name}", b"...")
    table.objects.put(f"{ROOT}{TWENTIETH}/f-0_0-1-2_{LONG_AGO}.parquet", b"")
    assert look(table)[0] == A_GAP
    table.objects.put(f"{ROOT}{TWENTIETH}/part-00000.parquet", b"of another writer")
    found, seen = look(table)
    assert found == {**A_GAP, "2026-11-20": UNKNOWN}
    problem = next(each.problem for each in seen.partitions if each.period.label == "2026-11-20")
    assert problem is not None
    assert problem.message == (
        "sales.orders: nothing that was read tells whether s3://lake/sales/orders/day=2026-11-20/part-00000.parquet "
        "is of a commit that completed and was not replaced"
    )
    table.file(TWENTIETH, LONG_AGO)
    assert look(table)[0] == ALL


def test_log_files_on_a_compaction_that_is_on_its_way_tell_nothing_of_who_wrote_them() -> None:
    table = archived(6, "MERGE_ON_READ")
    scheduled = table.begin(NINE, "commit", plan="compaction")
    table.file(TWENTIETH, scheduled)
    assert look(table)[0] == A_GAP
    table.file(TWENTIETH, scheduled, log=True)
    assert look(table)[0] == {**A_GAP, "2026-11-20": UNKNOWN}


@pytest.mark.parametrize(("pages", "state"), [(4, PRESENT), (5, UNKNOWN)])
def test_partitions_of_many_leftovers_are_looked_through_within_bounds(pages: int, state: ItemState) -> None:
    table = archived()
    died = table.begin(NINE, "commit")
    table.objects.page_size = 20
    for number in range(20 * pages):
        table.objects.put(f"{ROOT}{TWENTIETH}/a{number:05}_0-1-2_{died}.parquet", b"rows")
    table.objects.put(f"{ROOT}{TWENTIETH}/b_0-1-2_{LONG_AGO}.parquet", b"rows")
    assert look(table)[0] == {**A_GAP, "2026-11-20": state}


@pytest.mark.parametrize(("hours", "state"), [(1, MISSING), (0, PRESENT)])
def test_with_a_stated_now_later_commits_have_not_completed(hours: int, state: ItemState) -> None:
    table = archived()
    table.instant(NOW - DAY, "commit", hudi_commit(partition="day=2026-11-18"))
    table.instant(NOW, "commit", hudi_commit(partition="day=2026-11-18"))
    table.file(TWENTIETH, table.stamp(NOW))
    found, _ = look(table, NOW - hours * HOUR, ignore_later=True)
    assert found["2026-11-20"] is state


def test_a_timeline_that_holds_no_write_tells_of_no_file_whether_it_is_data() -> None:
    committed = Committed(frozenset(), frozenset(), frozenset(), None)
    assert committed.look_at(f"f-0_0-1-2_{LONG_AGO}.parquet") == (Is.UNKNOWN, LONG_AGO)


def test_a_savepoint_that_holds_back_an_old_commit_does_not_begin_the_timeline() -> None:
    table = archived()
    table.instant(at("10-01 03:00"), "commit", hudi_commit(partition="day=2026-09-30"))
    table.objects.put(f"{table.folder}{table.stamp(at('10-01 03:00'))}.savepoint", b"...", EIGHT)
    assert look(table)[0] == A_GAP  # the 19th is of LONG_AGO, after that commit and before the others


def test_a_savepoint_on_its_way_takes_back_nothing_and_dates_nothing() -> None:
    table = archived()
    table.file(TWENTIETH, LONG_AGO)
    table.objects.put(f"{table.folder}{LONG_AGO}.savepoint.inflight", b"...", EIGHT)  # beside a load
    assert look(table)[0] == ALL
    assert table.objects.counts == (4, 3)
    timeline = read_timeline(
        [Key(key, len(data), table.objects.modified[key]) for key, data in table.objects.objects.items()],
        table.folder,
    )
    assert LONG_AGO not in {stamp for stamp, _ in timeline.begun}


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["day=2026-11-19", TWENTIETH, "day=2026-11-21"]),
            st.integers(0, 47),
            st.booleans(),
            st.sampled_from(["requested", "inflight", "rolled back", "rolled back by a restore"]),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([6, 8]),
)
def test_nothing_that_was_not_committed_ever_counts_or_makes_a_table_fresher(
    leftovers: list[tuple[str, int, bool, str]], version: int
) -> None:
    def see(table: HudiTable) -> tuple[dict[str, ItemState], Observation]:
        whole = observe(hudi.READER, plan_of(Format.HUDI, freshness()), table.objects)
        return look(table)[0], whole

    table = archived(version)
    states, before = see(table)
    for partition, hours, log, how in leftovers:
        instant = table.stamp(EIGHT - 24 * HOUR + hours * HOUR + HOUR / 2)
        table.file(partition, instant, log=log)
        action = "deltacommit" if log else "commit"
        begun = EIGHT - 24 * HOUR + hours * HOUR + HOUR / 2
        if how in {"requested", "inflight"}:
            table.objects.put(f"{table.folder}{instant}.{action}.{how}", b"", begun)
        else:
            write, name = (hudi_rollback, "rollback") if how == "rolled back" else (hudi_restore, "restore")
            table.instant(begun + HOUR / 4, name, write(instant))
    after_states, after = see(table)
    assert after_states == states
    assert after.newest is not None
    assert before.newest is not None
    assert after.newest.at == before.newest.at


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["load", "load", "died", "rolled back", "clean", "compaction"]),
        st.integers(0, 4),
        st.booleans(),
    ),
    min_size=1,
    max_size=14,
)


@given(STEPS, st.integers(0, 10), st.sampled_from([6, 8]), st.booleans())
def test_days_hold_what_was_committed_however_much_of_the_timeline_is_archived(
    steps: list[tuple[str, int, bool]],
    archived_steps: int,
    version: int,
    copied: bool,  # noqa: FBT001 - drawn
) -> None:
    """Each step writes a file into a day; what was archived was committed before, as Hudi archives no other."""
    table = HudiTable(
        version=version, table_type="MERGE_ON_READ", more={"hoodie.table.timeline.timezone": "UTC"}
    )
    loaded = {"2026-11-17"}
    begin = at("11-18 00:00")
    table.instant(begin - HOUR, "deltacommit", hudi_commit(partition="day=2026-11-17", avro=version >= 8))
    for number in range(archived_steps):  # of these nothing is left but their files
        table.archive()
        table.file(f"day=2026-11-{17 + number % 3}", table.stamp(begin - (30 + number) * HOUR))
        loaded.add(f"2026-11-{17 + number % 3}")
    for number, (kind, day, is_log) in enumerate(steps):
        moment, partition = begin + number * HOUR, f"day=2026-11-{17 + day}"
        told = hudi_commit(partition=partition, avro=version >= 8)
        if kind == "clean":
            table.instant(moment, "clean")
            continue
        table.file(partition, table.stamp(moment), log=is_log)
        if kind == "load":
            table.instant(moment, "deltacommit", told, took=HOUR / 6)
            loaded.add(f"2026-11-{17 + day}")
        elif kind == "died":
            table.begin(moment, "deltacommit")
        elif kind == "rolled back":
            table.instant(moment + HOUR / 2, "rollback", hudi_rollback(table.stamp(moment)))
        elif f"2026-11-{17 + day}" in loaded:
            compacted = hudi_commit("COMPACT", partition=partition, avro=version >= 8)
            table.instant(moment, "commit", compacted, plan="compaction")
    if copied:
        table.copied(NOW)
    plan = plan_with(Format.HUDI, partitions_rule(lookback=5))
    found = filled(plan, observe(hudi.READER, plan, table.objects))
    days = [f"2026-11-{day}" for day in range(17, 22)]
    assert found == {day: PRESENT if day in loaded else MISSING for day in days}
