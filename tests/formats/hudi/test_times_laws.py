"""Laws of when Hudi's commits came: no copy, no clock and no maintenance makes a table fresher than it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import assume, given
from hypothesis import strategies as st

from checks.lake.formats import hudi
from checks.model import Arrival, Format, Observation
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.tables_by_engines import (
    NOW,
    freshness,
    observe,
    plan_of,
)
from tests.support.times import DAY, HOUR, SECOND

if TYPE_CHECKING:
    from datetime import datetime, timedelta

UTC_HEAD = ("#Updated at 2026-08-01T00:00:00.000Z", "#Sat Aug 01 00:00:00 UTC 2026")
UTC_STATED = {"hoodie.table.timeline.timezone": "UTC"}
MINUTE = 60 * SECOND


def in_utc(version: int = 6, table_type: str = "COPY_ON_WRITE", **values: Any) -> HudiTable:
    return HudiTable(version=version, table_type=table_type, head=UTC_HEAD, more=dict(UTC_STATED), **values)


def load(table: HudiTable, moment: datetime, took: timedelta = 2 * MINUTE) -> None:
    action = "deltacommit" if table.table_type == "MERGE_ON_READ" else "commit"
    table.instant(moment, action, hudi_commit(avro=table.version >= 8), took=took)


def see(table: HudiTable, hours: float = 24, now: datetime = NOW, **clock: bool) -> Observation:
    return observe(hudi.READER, plan_of(Format.HUDI, freshness(hours)), table.objects, now, **clock)


TIMELINES = st.lists(
    st.tuples(
        st.integers(0, 60 * 24 * 9), st.sampled_from([0, 1, 2, 45, 330]), st.sampled_from(["data", "clean"])
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda each: each[0],
)
WRITERS = st.sampled_from(
    [
        (UTC_STATED, UTC_HEAD, 0, 0),
        (UTC_STATED, UTC_HEAD, 0, 9),
        (UTC_STATED, UTC_HEAD, 0, -8),
        (UTC_STATED, UTC_HEAD, 5, 5),
        ({}, UTC_HEAD, 0, 0),
        ({}, ("#Updated at 2026-11-20T08:00:00.000Z", "#Fri Nov 20 09:00:00 CET 2026"), 1, 1),
    ]
)


def grown(
    timeline: list[tuple[int, int, str]],
    version: int,
    writer: tuple[dict[str, str], tuple[str, ...], float, float],
) -> HudiTable:
    more, head, requested, completed = writer
    table = HudiTable(
        version=version,
        head=head,
        more=dict(more),
        offset=requested * HOUR,
        completed_offset=completed * HOUR,
    )
    for minutes, took, what in sorted(timeline):
        moment = NOW - 10 * DAY + minutes * MINUTE + 7 * SECOND
        data = hudi_commit(avro=version >= 8) if what == "data" else b""
        table.instant(moment, "commit" if what == "data" else "clean", data, took=took * MINUTE)
    return table


def youngest(seen: Observation) -> datetime | None:
    """Return the time that a pass may rest on."""
    return seen.newest.at if seen.newest is not None else None


@given(TIMELINES, st.sampled_from([6, 8]), WRITERS, st.integers(0, 60 * 24 * 3))
def test_a_copy_of_a_table_never_looks_fresher_than_the_original(
    timeline: list[tuple[int, int, str]],
    version: int,
    writer: tuple[dict[str, str], tuple[str, ...], float, float],
    minutes: int,
) -> None:
    truth = [moment + took for moment, took, what in timeline if what == "data"]
    assume(truth)
    assume(writer[1:] != (UTC_HEAD, 5, 5))  # nothing in a copy shows that all its names are in a wrong zone
    table = grown(timeline, version, writer)
    last = max(at for key, at in table.objects.modified.items() if not key.endswith(".properties"))
    table.copied(last + minutes * MINUTE)
    newest = youngest(see(table, 24 * 30))
    completed = NOW - 10 * DAY + max(truth) * MINUTE + 7 * SECOND
    if newest is not None and newest > completed:  # then no pass rests on it
        assert see(table, (NOW - completed - SECOND) / HOUR).problem is not None


@given(TIMELINES, st.sampled_from([6, 8]), WRITERS)
def test_no_commit_is_younger_than_its_own_file(
    timeline: list[tuple[int, int, str]],
    version: int,
    writer: tuple[dict[str, str], tuple[str, ...], float, float],
) -> None:
    table = grown(timeline, version, writer)
    seen = see(table, 24 * 30)
    if isinstance(seen.newest, Arrival):
        key = (seen.newest.evidence or "").removeprefix("s3://lake/")
        assert seen.newest.at <= table.objects.modified[key]


@given(TIMELINES, st.sampled_from([6, 8]), st.integers(1, 9))
def test_older_is_never_fresher(timeline: list[tuple[int, int, str]], version: int, days: int) -> None:
    writer = (UTC_STATED, UTC_HEAD, 0.0, 0.0)
    table = grown(timeline, version, writer)
    older = grown(
        [(minutes - days * 24 * 60, took, what) for minutes, took, what in timeline], version, writer
    )
    newest, before = youngest(see(table, 24 * 60)), youngest(see(older, 24 * 60))
    assert (newest is None) == (before is None)
    if newest is not None and before is not None:
        assert before == newest - days * DAY


HOURS = st.integers(-30, 60)
COMMITS = st.lists(
    st.tuples(HOURS, st.integers(0, 60)), min_size=1, max_size=2, unique_by=lambda each: each[0]
)
"""Names and files of fewer instants than agree on a zone: hours before now, of a name also after it."""


def written(commits: list[tuple[int, int]], version: int, later: int = 0) -> HudiTable:
    """Return a table whose instants are named so many hours ago, and their files written so many hours ago."""
    table = in_utc(version)
    for told, file in commits:
        before = set(table.objects.objects)
        load(table, NOW - told * HOUR, 0 * HOUR)
        for key in set(table.objects.objects) - before:
            table.objects.modified[key] = NOW - max(file - later, 0) * HOUR
    return table


@given(COMMITS, st.sampled_from([6, 8]))
def test_nothing_came_later_than_its_name_and_its_file_tell(
    commits: list[tuple[int, int]], version: int
) -> None:
    seen = see(written(commits, version))
    earlier = [NOW - max(told, file) * HOUR for told, file in commits]
    assert seen.newest is None or seen.newest.at <= max(earlier) + MINUTE
    if all(told == file for told, file in commits):
        assert seen.problem is None
        assert seen.newest is not None
        assert seen.newest.at == max(earlier)


@given(COMMITS, st.sampled_from([6, 8]), st.integers(0, 60), st.integers(1, 60))
def test_files_that_were_copied_later_make_no_stale_table_fresh(
    commits: list[tuple[int, int]], version: int, later: int, limit: int
) -> None:
    """Unless a name is ahead of its file, and before the copy: nothing in a copy tells that it is wrong."""
    commits = [(told, min(told, file)) for told, file in commits if told >= 0]
    assume(commits)
    first, then = (see(written(commits, version, shift), limit) for shift in (0, later))
    if first.problem is None and first.newest is not None and first.newest.at < NOW - limit * HOUR:
        assert then.newest is None or then.newest.at < NOW - limit * HOUR
