"""A trouble is over once so many runs in a row saw it mended: what flaps is told once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import NEWS, State, advance, changes
from checks.history.document import from_text, to_text
from checks.model import Finding, ItemState, Reason, Severity, Status
from tests.support.report_cases import finding, missing
from tests.support.times import HOUR, at

NOW = at("2026-11-23 06:30")
WEEK = 7 * 24 * HOUR
GOOD = finding("a.b")
BAD = finding("a.b", Status.FAIL)
UNKNOWN = finding("a.b", Status.UNKNOWN)
BY_LETTER: dict[str, Finding] = {"g": GOOD, "b": BAD, "u": UNKNOWN}


def told(
    story: str | list[Finding], resolve_after: int, lost: frozenset[int] = frozenset()
) -> list[list[Reason]]:
    """Return what is news in each run; in those of ``lost`` nothing is delivered."""
    state, found = State(), []
    for number, one in enumerate(story):
        now = NOW + number * HOUR
        seen = one if isinstance(one, Finding) else BY_LETTER[str(one)]
        news = changes(state, [seen], now, WEEK, watched={"a.b"}, resolve_after=resolve_after)
        found.append([change.reason for change in news if change.reason in NEWS])
        delivered = () if number in lost else [change for change in news if change.reason in NEWS]
        state = from_text(to_text(advance(state, [seen], news, now, delivered)))
    return found


NEW, RESOLVED = [Reason.NEW], [Reason.RESOLVED]


@pytest.mark.parametrize(
    ("story", "after", "expected"),
    [
        ("bg", 1, [NEW, RESOLVED]),
        ("bgg", 2, [NEW, [], RESOLVED]),
        ("bggg", 3, [NEW, [], [], RESOLVED]),
        ("bgggg", 3, [NEW, [], [], RESOLVED, []]),
        ("bgbg", 2, [NEW, [], [], []]),  # it flaps: told once
        ("bgbgg", 2, [NEW, [], [], [], RESOLVED]),
        ("bgbg", 1, [NEW, RESOLVED, NEW, RESOLVED]),
        ("bggb", 2, [NEW, [], RESOLVED, NEW]),
        ("gg", 2, [[], []]),
    ],
)
def test_what_is_told_of_a_story(story: str, after: int, expected: list[list[Reason]]) -> None:
    assert told(story, after) == expected


def test_what_cannot_be_seen_neither_counts_nor_starts_anew() -> None:
    assert told("bgugg", 3)[-1] == RESOLVED
    assert told("bgug", 3)[-1] == []
    assert told("buug", 1)[-1] == RESOLVED


def test_a_recovery_that_was_not_delivered_is_told_in_the_next_run() -> None:
    assert told("bggg", 2, lost=frozenset({2})) == [NEW, [], RESOLVED, RESOLVED]
    assert told("bggb", 2, lost=frozenset({2})) == [NEW, [], RESOLVED, []]


def test_a_run_that_is_tried_again_counts_once() -> None:
    state = advance(State(), [BAD], (new := changes(State(), [BAD], NOW, WEEK)), NOW, new)
    once = advance(state, [GOOD], (), NOW + HOUR, ())
    again = advance(once, [GOOD], (), NOW + HOUR, ())
    assert again == once
    assert changes(again, [GOOD], NOW + HOUR, WEEK, resolve_after=2) == ()
    assert [one.reason for one in changes(again, [GOOD], NOW + 2 * HOUR, WEEK, resolve_after=2)] == RESOLVED


def partitions(*bad: str, good: tuple[str, ...] = ()) -> Finding:
    items = (*missing(*bad), *missing(*good, state=ItemState.PRESENT))
    status = Status.FAIL if bad else Status.PASS
    return finding("a.b", status, check="partitions", items=items)


def test_each_item_counts_for_itself() -> None:
    story = [
        partitions("2026-11-21", "2026-11-22"),
        partitions("2026-11-22", good=("2026-11-21",)),
        partitions(good=("2026-11-21", "2026-11-22")),
        partitions(good=("2026-11-21", "2026-11-22")),
    ]
    assert told(story, 2) == [[Reason.NEW] * 2, [], RESOLVED, RESOLVED]
    flapping = [*story[:2], story[0], story[1], story[1]]
    assert told(flapping, 2) == [[Reason.NEW] * 2, [], [], [], RESOLVED]


def test_what_was_mended_when_it_left_the_lookback_is_resolved_and_not_expired() -> None:
    story = [partitions("2026-11-21"), partitions(good=("2026-11-21",)), partitions(good=("2026-11-22",))]
    assert told(story, 3) == [NEW, [], RESOLVED]
    assert told([story[0], story[2]], 3) == [NEW, [Reason.EXPIRED]]


def test_what_gets_worse_meanwhile_is_escalated() -> None:
    warning = replace(BAD, severity=Severity.WARNING)
    assert told([warning, GOOD, BAD], 2) == [NEW, [], [Reason.ESCALATED]]


@given(st.text("gbu", min_size=1, max_size=12), st.integers(1, 4))
def test_it_is_resolved_when_so_many_good_runs_follow_each_other_and_never_before(
    story: str, after: int
) -> None:
    open_, good = False, 0
    for letter, news in zip(story, told(story, after), strict=True):
        if letter == "g":
            good += 1
        elif letter == "b":
            good = 0
        was_open = open_
        if Reason.RESOLVED in news:
            assert was_open
            assert good >= after
            open_, good = False, 0
        elif was_open and letter == "g":
            assert good < after
        if Reason.NEW in news and not was_open:
            open_, good = True, 0


@given(st.text("gb", min_size=1, max_size=12))
def test_one_good_run_is_enough_by_default(story: str) -> None:
    for before, letter, news in zip(" " + story, story, told(story, 1), strict=False):
        assert news == {"bg": RESOLVED, "gb": NEW, " b": NEW}.get(before + letter, [])
