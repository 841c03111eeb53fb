"""Laws of marks, whatever was found on some days: nothing is untold but what a mark hides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from checks.changes import Marks, State, advance, changes, cover, hold
from checks.marks import Mark, MarkKind
from checks.model import Change, Finding, Item, Reason, Severity, Status
from checks.rules.told_once import told_once
from tests.support.failing import EMPTY, FAIL, MISSING, PASS, PRESENT, UTC_ZONE, failing
from tests.support.marks import MADE, covered, mark
from tests.support.times import DAY

if TYPE_CHECKING:
    from datetime import datetime


TABLES = st.sampled_from(["a.x", "a.y", "b.z"])
CHECKS = st.sampled_from(["partitions", "freshness", "volume"])
PERIODS = st.sampled_from(["2026-11-20", "2026-11-21"])
ITEMS = st.dictionaries(PERIODS, st.sampled_from([MISSING, EMPTY, PRESENT]), max_size=2)


@st.composite
def nights(draw: st.DrawFn) -> list[list[Finding]]:
    """Draw what several runs find: one finding a table and check."""
    runs = []
    for _ in range(draw(st.integers(1, 4))):
        pairs = draw(st.lists(st.tuples(TABLES, CHECKS), unique=True, min_size=1, max_size=5))
        found = []
        for table, check in pairs:
            status = draw(st.sampled_from(Status))
            severity = draw(st.sampled_from(Severity)) if status is FAIL else None
            items = draw(ITEMS) if check == "partitions" and status is not PASS else {}
            kept = tuple(Item(period=p, state=s) for p, s in items.items())
            lacks = tuple(i.period for i in kept if i.state.is_bad) if status is FAIL else ()
            of = draw(PERIODS) if check == "volume" and status is FAIL else ""
            found.append(
                failing(
                    check, table, status=status, severity=severity, items=kept, lacking=lacks, of_period=of
                )
            )
        runs.append(found)
    return runs


@st.composite
def some_marks(draw: st.DrawFn) -> list[Mark]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(MarkKind))
        table = draw(TABLES | st.just("a.*")) if kind is MarkKind.SILENCE else draw(TABLES)
        covers = draw(
            st.lists(
                st.builds(
                    covered,
                    st.none() | PERIODS,
                    st.sampled_from(["missing", "empty"]),
                    st.sampled_from(["warning", "critical", None]),
                    st.integers(1, 4).map(lambda day: MADE + day * DAY),
                    CHECKS,
                ),
                max_size=3,
            )
        )
        found.append(
            mark(
                kind.value,
                table,
                id=f"{number:010x}",
                ends_at=MADE + draw(st.integers(0, 5)) * DAY,
                check=draw(st.none() | CHECKS),
                period=draw(st.none() | PERIODS) if kind is MarkKind.EXPECTED else None,
                covers=tuple(covers),
            )
        )
    return found


def _by_day(state: State, findings: list[Finding], marks: Marks, now: datetime) -> tuple[Any, Any, State]:
    found = told_once(cover(findings, marks, state, UTC_ZONE))
    news = changes(state, found, now, DAY, {"a.x", "a.y", "b.z"})
    return found, news, advance(state, found, news, now, news)


@given(nights(), some_marks())
def test_nothing_that_fails_is_untold_but_what_a_mark_hides(
    runs: list[list[Finding]], said: list[Mark]
) -> None:
    state = State()
    for day, findings in enumerate(runs, 1):
        now = MADE + day * DAY
        marks = hold(said, now)
        found, news, state = _by_day(state, findings, marks, now)
        heard = {(change.finding_id, change.item) for change in news}
        for before, after in zip(findings, found, strict=True):
            assert (before.status, before.severity) == (after.status, after.severity), "verdicts stay"
            if after.status is PASS or after.within:
                continue
            hiding = [each for each in after.marked if each.mark.kind is not MarkKind.ACK]
            if after.silenced is not None:
                assert hiding
                continue
            bad = [item for item in after.items if item.state.is_bad] if after.status is FAIL else []
            assert {item.key for item in bad if item.marked} == {key for each in hiding for key in each.items}
            for item in bad:
                assert ((after.id, item.key) in heard) is not bool(item.marked)
            assert bad or (after.id, None) in heard
        for each in found:
            for marked in each.marked:
                assert marked.mark in marks.holding
                assert marked.mark.check in (None, each.check)
                assert marked.mark.kind not in (MarkKind.MISSED, MarkKind.NEW_NORMAL)


@given(nights(), some_marks())
def test_an_acknowledgement_changes_nothing_but_reminders(
    runs: list[list[Finding]], said: list[Mark]
) -> None:
    state = State()
    for day, findings in enumerate(runs, 1):
        now = MADE + day * DAY
        acks = hold([each for each in said if each.kind is MarkKind.ACK], now)
        _, plain, after = _by_day(state, findings, Marks(), now)
        found, news, state = _by_day(state, findings, acks, now)
        assert all(each.silenced is None for each in found)
        calm = {Reason.REMINDER: Reason.ONGOING}
        assert sorted(map(_calmed, plain), key=str) == sorted(map(_calmed, news), key=str)
        assert all(calm.get(a.reason, a.reason) is not Reason.NEW or a in plain for a in news)
        assert state.told == after.told


def _calmed(change: Change) -> Change:
    return replace(change, reason=Reason.ONGOING) if change.reason is Reason.REMINDER else change


@given(nights(), some_marks())
def test_once_all_marks_are_taken_back_all_that_fails_is_told(
    runs: list[list[Finding]], said: list[Mark]
) -> None:
    state = State()
    for day, findings in enumerate(runs, 1):
        _, _, state = _by_day(state, findings, hold(said, MADE + day * DAY), MADE + day * DAY)
    found, news, state = _by_day(state, runs[-1], Marks(), MADE + 9 * DAY)
    assert all(each.silenced is None for each in found)
    told_now = {change.finding_id for change in news}
    assert {each.id for each in found if each.status is not PASS and not each.within} <= told_now
    never = _by_day(State(), runs[-1], Marks(), MADE + 9 * DAY)[1]
    assert {(c.finding_id, c.item) for c in never} <= {(c.finding_id, c.item) for c in news}
