"""When the commits of a Delta log came: bounded by their files, never before what they follow."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import delta
from checks.model import Arrival, Format, Severity, Status
from tests.support.partitioned import metadata_action
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    freshness,
    log_key,
    milliseconds,
    observe,
    plan_of,
)
from tests.support.times import DAY, HOUR, at

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Made:
    """A commit: what it tells of when it was made, when its file was written, when the file that it adds was made."""

    told: datetime | None
    written: datetime
    file: datetime | None = None
    operation: str | None = "WRITE"
    in_commit: bool = False

    @property
    def actions(self) -> list[dict[str, Any]]:
        if self.operation == "OPTIMIZE":
            return [delta_add("o", data_change=False), delta_remove("p", data_change=False)]
        add = delta_add("a")
        add["add"]["modificationTime"] = milliseconds(self.file) if self.file is not None else 0
        return [add]

    @property
    def data(self) -> bytes:
        if self.operation is None:
            return "\n".join(map(json.dumps, self.actions)).encode()
        data = delta_commit(*self.actions, at=self.told, operation=self.operation)
        return data.replace(b'"timestamp"', b'"inCommitTimestamp"') if self.in_commit else data


def log_of(*commits: Made) -> ObjectsInMemory:
    objects = ObjectsInMemory()
    for version, each in enumerate(commits):
        objects.put(log_key(version), each.data, each.written)
    return objects


def uri(version: int) -> str:
    return f"{LOCATION}_delta_log/{version:020d}.json"


def newest(*commits: Made, now: datetime = NOW, hours: float = 24, **clock: Any) -> datetime | None:
    """Return when the newest data came, as far as it is known."""
    seen = observe(delta.READER, plan_of(Format.DELTA, freshness(hours)), log_of(*commits), now, **clock)
    return seen.newest.at if seen.newest is not None else None


def verdict(*commits: Made) -> tuple[Status, Severity | None]:
    plan = plan_by_config(plan_of(Format.DELTA).table, freshness={"warn_after": "12h", "error_after": "24h"})
    finding = judged(plan, observe(delta.READER, plan, log_of(*commits)), NOW)["freshness"]
    return finding.status, finding.severity


OLD = NOW - 30 * HOUR
FIRST = Made(NOW - 9 * DAY, NOW - 9 * DAY)


@pytest.mark.parametrize("in_commit", [False, True])
@pytest.mark.parametrize("ahead", [MINUTE, 9 * HOUR, 400 * DAY])
def test_a_clock_that_runs_ahead_is_bounded_by_the_commits_file(ahead: timedelta, *, in_commit: bool) -> None:
    wrong = Made(OLD + ahead, OLD, in_commit=in_commit)
    assert newest(FIRST, wrong) == OLD
    assert verdict(FIRST, wrong) == (Status.FAIL, Severity.CRITICAL)


def test_a_commit_of_next_year_does_not_stay_fresh_under_nightly_compaction() -> None:
    nights = [Made(NOW - night * DAY, NOW - night * DAY, operation="OPTIMIZE") for night in (2, 1, 0)]
    assert newest(FIRST, Made(at("2027-06-01"), NOW - 3 * DAY), *nights) == NOW - 3 * DAY
    assert verdict(FIRST, Made(at("2027-06-01"), NOW - 3 * DAY), *nights) == (Status.FAIL, Severity.CRITICAL)


def test_what_its_file_does_not_bound_is_unknown_where_it_is_ahead() -> None:
    seen = observe(delta.READER, plan_of(Format.DELTA), log_of(FIRST, Made(NOW + DAY, NOW + DAY)))
    assert seen.newest is None
    assert seen.problem is not None
    assert "which is yet to come" in seen.problem.message


@pytest.mark.parametrize("operation", [None, "WRITE", "STREAMING UPDATE"])
def test_a_copied_commit_without_a_time_came_when_its_files_were_made(operation: str | None) -> None:
    copied = Made(None, NOW, OLD, operation)
    objects = log_of(FIRST, copied)
    seen = observe(delta.READER, plan_of(Format.DELTA), objects)
    assert seen.newest == Arrival(OLD, uri(1))
    assert seen.notes == (
        f"{uri(1)} does not say when it was made: the time of the newest file that it adds is taken",
    )


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (None, NOW),
        (datetime(1970, 1, 1, tzinfo=NOW.tzinfo), NOW),
        (NOW + DAY, NOW),
        (NOW - MINUTE, NOW - MINUTE),
    ],
)
def test_files_that_tell_no_time_or_a_later_one_bound_nothing(
    made: datetime | None, expected: datetime
) -> None:
    assert newest(Made(None, NOW, made)) == expected


@pytest.mark.parametrize("operation", ["RESTORE", "CLONE", "CONVERT"])
def test_files_that_were_brought_back_are_older_than_their_commit(operation: str) -> None:
    assert newest(FIRST, Made(None, NOW, OLD, operation)) == NOW


def test_files_made_long_before_a_commit_that_tells_its_time_do_not_make_it_older() -> None:
    assert newest(FIRST, Made(NOW - HOUR, NOW - HOUR, OLD)) == NOW - HOUR


def test_a_time_that_the_file_shows_to_be_wrong_is_none() -> None:
    assert newest(FIRST, Made(at("2027-06-01"), NOW, OLD)) == OLD  # a copy of it
    assert newest(FIRST, Made(NOW + 10 * MINUTE, NOW, OLD)) == NOW
    assert newest(FIRST, Made(NOW + 10 * MINUTE + timedelta(seconds=1), NOW, OLD)) == OLD


def test_an_arrival_is_not_older_than_the_commits_before_it() -> None:
    behind = Made(NOW - 40 * HOUR, NOW - HOUR)
    assert newest(FIRST, Made(NOW - 10 * HOUR, NOW - 10 * HOUR), behind) == NOW - 10 * HOUR
    assert verdict(FIRST, Made(NOW - 10 * HOUR, NOW - 10 * HOUR), behind) == (Status.PASS, None)
    assert verdict(FIRST, Made(NOW - 20 * HOUR, NOW - 20 * HOUR), behind) == (Status.FAIL, Severity.WARNING)
    assert verdict(FIRST, Made(NOW - 25 * HOUR, NOW - 25 * HOUR), behind) == (Status.FAIL, Severity.CRITICAL)


def test_maintenance_before_an_arrival_tells_that_it_came_later() -> None:
    tidy = Made(NOW - 2 * HOUR, NOW - 2 * HOUR, operation="OPTIMIZE")
    assert newest(FIRST, tidy, Made(NOW - 40 * HOUR, NOW - HOUR)) == NOW - 2 * HOUR


def test_what_tells_no_time_lifts_nothing() -> None:
    started = Made(None, NOW, operation="CREATE TABLE")
    assert newest(started, Made(None, NOW, OLD)) == OLD
    assert newest(Made(OLD, NOW), replace(started, operation="OPTIMIZE"), Made(OLD, NOW)) == OLD


def test_with_in_commit_timestamps_no_commit_before_is_asked() -> None:
    objects = log_of(FIRST, Made(NOW - HOUR, NOW - HOUR), Made(OLD, NOW, in_commit=True))
    assert observe(delta.READER, plan_of(Format.DELTA), objects).newest == Arrival(OLD, uri(2))
    assert objects.counts == (1, 2)  # the newest commit, and the first one for its protocol


def test_commits_before_are_read_only_where_a_pass_would_rest_on_it() -> None:
    healthy = log_of(*(Made(NOW - n * HOUR, NOW - n * HOUR) for n in range(30, 0, -1)))
    observe(delta.READER, plan_of(Format.DELTA), healthy)
    assert healthy.counts == (1, 2)
    dead = log_of(*(Made(NOW - n * DAY, NOW - n * DAY) for n in range(30, 2, -1)))
    observe(delta.READER, plan_of(Format.DELTA), dead)
    assert dead.counts == (1, 2)
    copied = log_of(*(Made(NOW - n * DAY, NOW) for n in range(30, 2, -1)))
    assert observe(delta.READER, plan_of(Format.DELTA), copied).newest == Arrival(NOW - 3 * DAY, uri(27))
    assert copied.counts == (1, 12)  # ten before it are asked


def test_with_a_stated_now_what_its_file_proves_to_be_there_counts() -> None:
    commits = (FIRST, Made(at("2027-06-01"), NOW - 30 * HOUR), Made(NOW, NOW))
    assert newest(*commits, now=NOW - 2 * HOUR, ignore_later=True) == NOW - 30 * HOUR
    assert newest(*commits, now=NOW - 31 * HOUR, ignore_later=True) == FIRST.told


def test_periods_came_when_the_order_of_commits_tells_it() -> None:
    objects = ObjectsInMemory()
    moments = (at("11-21 03:00"), at("11-22 03:00"), at("11-20 03:00"))  # the last of a clock that is behind
    for version, (day, told) in enumerate(
        zip(("2026-11-20", "2026-11-21", "2026-11-21"), moments, strict=True)
    ):
        add = delta_add(f"{version}", day=day)
        first = [metadata_action("day")] if not version else []
        objects.put(log_key(version), delta_commit(*first, add, at=told), max(moments[: version + 1]))
    keys = {"key": "day", "format": "%Y-%m-%d"}
    plan = plan_by_config(plan_of(Format.DELTA).table, partitions={"due": "06:00", "lookback": 2, **keys})
    seen = observe(delta.READER, plan, objects)
    listings = {each.period.label: each.listing for each in seen.partitions}
    assert listings["2026-11-21"] is not None
    assert listings["2026-11-21"].oldest_at == listings["2026-11-21"].newest_at == at("11-22 03:00")
    assert listings["2026-11-20"] is not None
    assert listings["2026-11-20"].newest_at == at("11-21 03:00")


HOURS = st.integers(-60, 0)
COMMITS = st.lists(
    st.tuples(HOURS, st.integers(-20, 60), st.sampled_from(["WRITE", "OPTIMIZE", "DELETE"])),
    min_size=1,
    max_size=8,
)


def drawn(commits: list[tuple[int, int, str]]) -> list[Made]:
    """Return commits in the order of their files, each told so many hours off."""
    written = sorted(hours for hours, _, _ in commits)
    return [
        Made(NOW + (hours + off) * HOUR, NOW + hours * HOUR, NOW + hours * HOUR, operation)
        for hours, (_, off, operation) in zip(written, commits, strict=True)
    ]


def came(commits: list[Made]) -> datetime | None:
    """Return what the rule says: each bounded by its file, none before what it follows."""
    latest, found = None, None
    for each in commits:
        bounded = min(each.told or each.written, each.written)
        latest = max(latest or bounded, bounded)
        if each.operation == "WRITE":
            found = latest
    return found


@given(COMMITS)
def test_an_arrival_is_when_the_rule_says_where_that_decides(commits: list[tuple[int, int, str]]) -> None:
    made = drawn(commits)
    expected, found = came(made), newest(*made)
    limit = NOW - 24 * HOUR
    assert (found is None) is (expected is None)
    if found is not None and expected is not None:
        assert found <= expected
        assert (found >= limit) is (expected >= limit)


TOLD_RIGHT_OR_BEHIND = st.tuples(HOURS, st.integers(-20, 0), st.sampled_from(["WRITE", "OPTIMIZE", "DELETE"]))
TOLD_FAR_AHEAD = st.tuples(HOURS, st.just(9000), st.just("WRITE"))


@given(st.lists(TOLD_RIGHT_OR_BEHIND | TOLD_FAR_AHEAD, min_size=1, max_size=8), st.integers(0, 40))
def test_a_copy_never_looks_fresher(commits: list[tuple[int, int, str]], hours: int) -> None:
    """A time that is ahead, and before the copy, is believed in a copy: nothing there tells that it is wrong."""
    made = drawn(commits)
    original = newest(*made)
    copied = newest(*(replace(each, written=max(each.written, NOW - hours * HOUR)) for each in made))
    assert (original is None) is (copied is None)
    if original is not None and copied is not None and original < NOW - 24 * HOUR:
        assert copied < NOW - 24 * HOUR


@given(COMMITS)
def test_maintenance_on_top_never_makes_a_table_fresher(commits: list[tuple[int, int, str]]) -> None:
    made = drawn(commits)
    assert newest(*made, Made(NOW, NOW, operation="OPTIMIZE")) == newest(*made)


@given(COMMITS, st.integers(0, 7), st.integers(1, 60))
def test_an_older_file_makes_nothing_fresher(
    commits: list[tuple[int, int, str]], number: int, hours: int
) -> None:
    made = drawn(commits)
    number %= len(made)
    older = [
        replace(each, written=each.written - hours * HOUR, file=each.written - hours * HOUR)
        for each in made[: number + 1]
    ] + made[number + 1 :]
    before, after = newest(*made), newest(*older)
    assert before is None or after is None or after <= before
