"""The order of times in a log: bounded by files, never before a commit that precedes."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats.shared.times import Stamp, in_order
from tests.support.times import HOUR, at

NOON = at("2026-11-22 12:00")
TIMES = st.none() | st.integers(-500, 500).map(lambda minutes: NOON + timedelta(minutes=minutes))
STAMPS = st.lists(st.builds(Stamp, TIMES, TIMES), max_size=8)


def test_a_clock_that_runs_ahead_is_bounded_by_the_file() -> None:
    assert Stamp(NOON + HOUR, NOON).bounded == NOON
    assert Stamp(NOON - HOUR, NOON).bounded == NOON - HOUR
    assert Stamp(NOON).bounded == NOON
    assert Stamp(None, NOON).bounded == NOON
    assert Stamp(None).bounded is None


def test_a_clock_that_runs_behind_is_lifted_by_the_commits_before() -> None:
    stamps = [Stamp(NOON), Stamp(NOON - HOUR), Stamp(None), Stamp(NOON + HOUR)]
    assert list(in_order(stamps)) == [NOON, NOON, NOON, NOON + HOUR]


def test_a_time_ahead_lifts_nothing_once_it_is_bounded() -> None:
    stamps = [Stamp(NOON + 100 * HOUR, NOON - HOUR), Stamp(NOON, NOON)]
    assert list(in_order(stamps)) == [NOON - HOUR, NOON]


@given(STAMPS)
def test_no_commit_is_older_than_one_before_it(stamps: list[Stamp]) -> None:
    found = [when for when in in_order(stamps) if when is not None]
    assert found == sorted(found)
    bounds = [stamp.bounded for stamp in stamps]
    assert max(found, default=None) == max([bound for bound in bounds if bound is not None], default=None)


@given(STAMPS, st.integers(0, 7), st.integers(0, 500))
def test_an_earlier_file_makes_no_commit_younger(stamps: list[Stamp], number: int, minutes: int) -> None:
    if number >= len(stamps):
        return
    earlier = list(stamps)
    stamp = stamps[number]
    written = stamp.written_at
    if written is None:
        return
    earlier[number] = Stamp(stamp.told_at, written - timedelta(minutes=minutes))
    for before, after in zip(in_order(stamps), in_order(earlier), strict=True):
        assert before is not None or after is None
        assert after is None or before is None or after <= before
