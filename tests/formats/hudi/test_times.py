"""Hudi: when commits came, by their names and by when their own files were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.formats import hudi
from checks.model import Format, Observation, ProblemKind
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.partitioned import partitions_rule, plan_with
from tests.support.tables_by_engines import (
    NOW,
    freshness,
    observe,
    plan_of,
)
from tests.support.times import DAY, HOUR, SECOND, at

if TYPE_CHECKING:
    from datetime import datetime, timedelta

UTC_HEAD = ("#Updated at 2026-08-01T00:00:00.000Z", "#Sat Aug 01 00:00:00 UTC 2026")
UTC_STATED = {"hoodie.table.timeline.timezone": "UTC"}
MINUTE = 60 * SECOND
NIGHT = at("11-21 23:00")
LONG = 5.5 * HOUR
LAYOUTS = pytest.mark.parametrize("version", [6, 8])


def in_utc(version: int = 6, table_type: str = "COPY_ON_WRITE", **values: Any) -> HudiTable:
    return HudiTable(version=version, table_type=table_type, head=UTC_HEAD, more=dict(UTC_STATED), **values)


def load(table: HudiTable, moment: datetime, took: timedelta = 2 * MINUTE) -> None:
    action = "deltacommit" if table.table_type == "MERGE_ON_READ" else "commit"
    table.instant(moment, action, hudi_commit(avro=table.version >= 8), took=took)


def see(table: HudiTable, hours: float = 24, now: datetime = NOW, **clock: bool) -> Observation:
    return observe(hudi.READER, plan_of(Format.HUDI, freshness(hours)), table.objects, now, **clock)


def came(table: HudiTable) -> datetime:
    seen = see(table)
    assert seen.newest is not None
    assert seen.problem is None
    return seen.newest.at


# A commit counts from its completion


@pytest.mark.parametrize("table_type", ["COPY_ON_WRITE", "MERGE_ON_READ"])
@pytest.mark.parametrize("offset", [-8, 0, 5.5])
@LAYOUTS
def test_a_long_load_came_when_it_completed(version: int, offset: float, table_type: str) -> None:
    table = HudiTable(version=version, table_type=table_type, offset=offset * HOUR)
    for night in (3, 2, 1, 0):
        load(table, NIGHT - night * DAY, LONG)
    assert came(table) == NIGHT + LONG
    assert table.objects.counts == (1, 2)


@LAYOUTS
def test_the_first_load_of_a_table_came_when_it_completed(version: int) -> None:
    table = in_utc(version)
    load(table, NIGHT, LONG)
    assert came(table) == NIGHT + LONG


def test_a_copy_does_not_tell_when_loads_completed() -> None:
    for copied in (NIGHT + LONG + MINUTE, NOW - SECOND):
        table = in_utc()
        for night in (2, 1, 0):
            load(table, NIGHT - night * DAY, LONG)
        table.copied(copied)
        assert came(table) == NIGHT


def test_loads_that_came_after_a_table_was_moved_count_from_their_completion() -> None:
    table = in_utc()
    load(table, NIGHT - 3 * DAY, LONG)
    load(table, NIGHT - 2 * DAY, LONG)
    table.copied(NIGHT - DAY)
    load(table, NIGHT, LONG)
    assert came(table) == NIGHT + LONG


@pytest.mark.parametrize(("older", "counts"), [(-SECOND, True), (0 * SECOND, False), (SECOND, False)])
def test_without_a_file_of_its_request_an_older_file_tells_that_a_timeline_was_not_copied(
    older: timedelta, *, counts: bool
) -> None:
    table = in_utc()
    load(table, NIGHT - DAY, 5 * MINUTE)
    load(table, NIGHT, LONG)
    for key in [key for key in table.objects.objects if key.endswith((".requested", ".inflight"))]:
        del table.objects.objects[key]
    table.objects.modified[f"{table.folder}{table.stamp(NIGHT - DAY)}.commit"] = NIGHT + older
    assert came(table) == (NIGHT + LONG if counts else NIGHT)


@pytest.mark.parametrize("skew", [-20, -1, 1, 20])
def test_a_clock_that_is_minutes_off_still_tells_how_long_a_load_took(skew: int) -> None:
    table = in_utc(offset=skew * MINUTE)
    for night in (1, 0):
        load(table, NIGHT - night * DAY, LONG)
    assert came(table) == min(NIGHT + skew * MINUTE, NIGHT) + LONG


def test_loads_that_are_synced_to_a_copy_each_morning_do_not_come_later_than_they_did() -> None:
    table = in_utc()
    for night in (3, 2, 1, 0):
        moment = NIGHT - night * DAY
        load(table, moment, LONG)
        synced = moment + LONG + (17 + night) * MINUTE
        for key in table.objects.objects:
            if f"/{table.stamp(moment)}." in key:
                table.objects.modified[key] = synced
    assert came(table) == NIGHT


def test_a_load_that_takes_long_to_begin_is_told_by_the_file_of_its_request() -> None:
    table = in_utc()
    load(table, NIGHT, LONG)
    table.objects.modified[f"{table.folder}{table.stamp(NIGHT)}.inflight"] = NIGHT + HOUR
    assert came(table) == NIGHT + LONG


@pytest.mark.parametrize(("seconds", "counts"), [(177, True), (178, True), (179, False)])
def test_the_file_of_a_request_is_written_soon_after_it(seconds: int, *, counts: bool) -> None:
    table = in_utc()
    load(table, NIGHT, LONG)
    for key in table.objects.modified:
        if ".requested" in key:
            table.objects.modified[key] = NIGHT + seconds * SECOND
    assert (came(table) > NIGHT) is counts


@LAYOUTS
def test_with_a_stated_now_a_load_that_completed_later_is_on_its_way(version: int) -> None:
    table = in_utc(version)
    load(table, NIGHT - DAY)
    load(table, NIGHT, LONG)
    for now, newest in ((NIGHT + LONG - SECOND, NIGHT - DAY + 2 * MINUTE), (NIGHT + LONG, NIGHT + LONG)):
        seen = see(table, now=now, ignore_later=True)
        assert seen.newest is not None
        assert seen.newest.at == newest


def test_of_loads_that_overlap_the_one_that_completed_last_is_the_newest() -> None:
    table = in_utc()
    load(table, NIGHT, LONG)
    load(table, NIGHT + HOUR, MINUTE)
    assert came(table) == NIGHT + LONG


def test_periods_hold_rows_from_the_completion_of_their_load() -> None:
    table = in_utc()
    for day, moment in (("2026-11-20", NIGHT - DAY), ("2026-11-21", NIGHT)):
        table.instant(moment, "commit", hudi_commit(partition=f"day={day}"), took=LONG)
    seen = observe(hudi.READER, plan_with(Format.HUDI, partitions_rule(lookback=2)), table.objects)
    listed = {each.period.label: each.listing for each in seen.partitions}
    newest = listed["2026-11-21"]
    assert newest is not None
    assert newest.newest_at == NIGHT + LONG


# Names in another zone than the stated one


@pytest.mark.parametrize("stated", ["UTC", "Europe/Berlin"])
@pytest.mark.parametrize("shift", [-8, -1, 1, 5.5, 9])
def test_completions_in_local_time_are_put_right_by_their_files(shift: float, stated: str) -> None:
    offset = HOUR if stated == "Europe/Berlin" else 0 * HOUR
    table = in_utc(8, offset=offset, completed_offset=offset + shift * HOUR)
    table.more["hoodie.table.timeline.timezone"] = stated
    table.__post_init__()
    for day in range(4):
        load(table, NIGHT - day * DAY, HOUR / 4)
    seen = see(table)
    assert seen.newest is not None
    assert (seen.newest.at, seen.problem) == (NIGHT + HOUR / 4, None)
    assert seen.notes[-1].startswith(
        f"sales.orders: hoodie.table.timeline.timezone says {stated}, and the files of its instants say that the "
        "completions in their names are at UTC"
    )
    assert table.objects.counts == (1, 2)


@pytest.mark.parametrize("shift", [-8, -1, 1, 5.5, 9])
@LAYOUTS
def test_all_names_in_local_time_are_put_right_against_a_stated_zone(version: int, shift: float) -> None:
    table = in_utc(version, offset=shift * HOUR)
    for day in range(4):
        load(table, NIGHT - day * DAY, HOUR / 4)
    assert came(table) == NIGHT + HOUR / 4


def test_one_file_that_was_written_an_hour_late_is_no_other_zone() -> None:
    table = in_utc(8)
    for day in range(4):
        load(table, NIGHT - day * DAY)
    (newest,) = [
        key for key in table.objects.objects if key.endswith(f"{table.stamp(NIGHT + 2 * MINUTE)}.commit")
    ]
    table.objects.modified[newest] += HOUR
    seen = see(table, 3)
    assert seen.newest is not None
    assert (seen.newest.at, seen.notes) == (NIGHT + 2 * MINUTE, ())


def test_local_time_that_is_utc_in_winter_is_put_right_on_both_sides_of_a_change_of_clocks() -> None:
    table = in_utc(8, completed_offset=HOUR)
    for day in (4, 3, 2, 1):
        load(table, at("10-25 12:00") - day * DAY)
    assert came(table) == at("10-24 12:02")
    table.completed_offset = 0 * HOUR
    load(table, at("10-25 12:00"))
    assert came(table) == at("10-25 12:02")


def test_two_instants_do_not_agree_against_a_stated_zone() -> None:
    east = in_utc(8, completed_offset=9 * HOUR)
    load(east, NIGHT)
    assert came(east) == NIGHT + 2 * MINUTE  # no later than its file
    west = in_utc(8, completed_offset=-8 * HOUR)
    load(west, NIGHT)
    assert came(west) == NIGHT  # no earlier than its request
    unsure = in_utc(8, completed_offset=-8 * HOUR)
    load(unsure, NOW - 25 * HOUR, 9 * HOUR)  # completed 16 hours ago, by its name 24
    seen = see(unsure, 23)
    assert seen.newest is not None
    assert seen.newest.at <= NOW - 24 * HOUR
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.AMBIGUOUS
    assert "may be written in another zone than hoodie.table.timeline.timezone says" in seen.problem.message


def test_a_copy_of_completions_that_may_be_shifted_is_unknown_where_that_decides() -> None:
    table = in_utc(8, completed_offset=9 * HOUR)
    for day in range(4):
        load(table, NIGHT - day * DAY - 2 * DAY)
    table.copied(NOW)
    told = NIGHT - 2 * DAY + 9 * HOUR + 2 * MINUTE
    for hours, is_known in (
        (3, False),
        (30, True),
        (-3, True),
    ):  # fresh by the name alone; in any case; in none
        seen = see(table, (NOW - told) / HOUR + hours)
        assert seen.newest is not None
        assert (seen.problem is None) is is_known


def test_one_short_action_shows_that_the_completions_of_a_copy_are_not_shifted() -> None:
    table = in_utc(8)
    load(table, NIGHT - DAY, LONG)
    table.instant(NIGHT - 2 * HOUR, "clean", took=MINUTE)
    load(table, NIGHT, LONG)
    table.copied(NOW)
    seen = see(table, 3)
    assert seen.newest is not None
    assert (seen.newest.at, seen.problem) == (NIGHT + LONG, None)


# A clock that ran ahead


@pytest.mark.parametrize("table_type", ["COPY_ON_WRITE", "MERGE_ON_READ"])
@pytest.mark.parametrize("on_top", [True, False])
@LAYOUTS
def test_a_commit_of_next_year_does_not_stay_fresh_below_nightly_maintenance(
    version: int, table_type: str, *, on_top: bool
) -> None:
    ahead = 200 * DAY
    table = in_utc(version, table_type)
    for day in (32, 31):
        load(table, NOW - day * DAY)
    wrong = NOW - 30 * DAY
    table.offset = ahead
    load(table, wrong)
    if not on_top:
        table.offset = 0 * HOUR
    for night in range(10, 0, -1):
        moment = NOW - night * DAY
        compacted = hudi_commit("COMPACT", avro=version >= 8)
        if table_type == "MERGE_ON_READ":
            table.instant(moment, "commit", compacted, plan="compaction", took=MINUTE)
        else:
            table.instant(moment, "replacecommit", hudi_commit("CLUSTER", avro=version >= 8), took=MINUTE)
        table.instant(moment + HOUR, "clean")
    seen = see(table)
    assert seen.newest is not None
    assert (seen.newest.at, seen.problem) == (wrong + 2 * MINUTE, None)
    assert seen.notes[-1].endswith("in a name is ahead of its own file, which counts")


@LAYOUTS
def test_a_commit_of_next_year_hides_no_later_one(version: int) -> None:
    table = in_utc(version)
    load(table, NOW - 40 * DAY)
    table.offset = 200 * DAY
    load(table, NOW - 30 * DAY)
    table.offset = 0 * HOUR
    for day in (3, 2, 1):
        load(table, NOW - day * DAY)
    assert came(table) == NOW - DAY + 2 * MINUTE


@LAYOUTS
def test_when_a_copied_commit_of_next_year_came_is_not_known(version: int) -> None:
    table = in_utc(version)
    for day in (33, 32, 31):
        load(table, NOW - day * DAY)
    table.offset = 200 * DAY
    load(table, NOW - 30 * DAY)
    table.copied(NOW - HOUR)
    seen = see(table)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.TOO_LITTLE_HISTORY
    assert seen.problem.message.startswith(
        "sales.orders: its newest data came at or before 2026-11-22T05:00:00Z: the name of s3://lake/sales/orders/.hoodie/"
    )
    assert seen.problem.message.endswith(
        "is ahead of its file, and that is a copy, which does not tell it either"
    )
    table.copied(NOW - 25 * HOUR)
    seen = see(table)  # it came before the copy was made, and that is too long ago
    assert seen.problem is None
    assert seen.newest is not None
    assert seen.newest.is_bound


def test_a_later_commit_that_is_fresh_proves_it_beside_one_that_is_not_known() -> None:
    table = in_utc()
    for day in (33, 32, 31):
        load(table, NOW - day * DAY)
    table.offset = 200 * DAY
    load(table, NOW - 30 * DAY)
    table.copied(NOW - HOUR)
    table.offset = 0 * HOUR
    load(table, NOW - 2 * HOUR, MINUTE)
    seen = see(table)
    assert seen.newest is not None
    assert seen.newest.at == NOW - 2 * HOUR + MINUTE


@pytest.mark.parametrize(("seconds", "sure"), [(599, True), (600, True), (601, False)])
@LAYOUTS
def test_what_lies_ahead_of_the_clock_even_by_its_file_is_unknown(
    version: int, seconds: int, *, sure: bool
) -> None:
    table = in_utc(version)
    load(table, NOW - DAY)
    load(table, NOW + seconds * SECOND, 0 * SECOND)
    assert (see(table).problem is None) is sure


# Laws
