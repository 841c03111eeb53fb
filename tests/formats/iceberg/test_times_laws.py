"""Laws of when Iceberg's data came: no clock, no copy and no maintenance makes a table fresher than it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.iceberg_clocks import Log, came
from tests.support.tables_by_engines import (
    NOW,
    milliseconds,
)
from tests.support.times import HOUR

HOURS = st.integers(-400, 400)
COMMITS = st.lists(
    st.tuples(HOURS, st.integers(0, 20), st.sampled_from(["append", "append", "replace", "delete"])),
    min_size=1,
    max_size=6,
)
"""Of each commit by how much its clock is wrong, how long after the one before it came, and what it did."""


def log_of(
    commits: list[tuple[int, int, str]], *, copied_at: datetime | None = None, honest: bool = False
) -> Log:
    passed = sum(gap for _, gap, _ in commits)
    log, moment = Log(), NOW - passed * HOUR
    for number, (wrong, gap, operation) in enumerate(commits, 1):
        moment += gap * HOUR
        told = moment if honest else moment + wrong * HOUR
        log.commit(number, told, operation, written=copied_at or moment)
    return log


def arrival_of(log: Log, **how: Any) -> datetime | None:
    return came(log, **how)[0]


def at_ms(number: int) -> datetime:
    return NOW + timedelta(milliseconds=number - milliseconds(NOW))


def passes(log: Log, hours: int) -> bool:
    found = arrival_of(log, hours=hours)
    return found is not None and found >= NOW - hours * HOUR


@given(COMMITS)
def test_whatever_clocks_tell_a_table_is_no_fresher_than_its_newest_load(
    commits: list[tuple[int, int, str]],
) -> None:
    for hours in (1, 10, 40):
        assert passes(log_of(commits, honest=True), hours) or not passes(log_of(commits), hours)


@given(COMMITS)
def test_right_clocks_tell_when_the_newest_load_came(commits: list[tuple[int, int, str]]) -> None:
    log = log_of(commits, honest=True)
    loads = [entry["timestamp-ms"] for entry in log.commits if entry["summary"]["operation"] == "append"]
    if loads:
        assert arrival_of(log) == at_ms(max(loads))


@given(COMMITS, st.integers(0, 5), st.integers(1, 400))
def test_older_is_never_fresher(commits: list[tuple[int, int, str]], which: int, by: int) -> None:
    wrong, gap, operation = commits[which % len(commits)]
    older = list(commits)
    older[which % len(commits)] = (wrong - by, gap, operation)
    for hours in (1, 10, 40):
        assert passes(log_of(commits), hours) or not passes(log_of(older), hours)


@given(COMMITS, st.integers(-400, 0), st.sampled_from(["replace", "delete"]))
def test_maintenance_on_top_makes_no_table_fresher(
    commits: list[tuple[int, int, str]], wrong: int, operation: str
) -> None:
    for hours in (1, 10, 40):
        above = log_of(commits).commit(99, NOW + wrong * HOUR, operation, written=NOW)
        assert passes(log_of(commits), hours) or not passes(above, hours)


@given(COMMITS, st.integers(0, 100))
def test_a_copy_of_an_honest_table_looks_no_fresher_than_the_table(
    commits: list[tuple[int, int, str]], later: int
) -> None:
    copy = log_of(commits, honest=True, copied_at=NOW + later * HOUR)
    now = NOW + later * HOUR
    assert arrival_of(copy, now=now, hours=200) == arrival_of(
        log_of(commits, honest=True), now=now, hours=200
    )
