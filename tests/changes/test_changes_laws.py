"""Laws of what is news, whatever was found in some runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from checks.changes import (
    NEWS,
    OVER,
    State,
    advance,
    changes,
)
from checks.model import Change, Finding, ItemState, Reason, Severity, Status
from tests.support.news import DAY, FAIL, NOW, PASS, UNKNOWN, one

# What must hold whatever was seen.

ITEMS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(ItemState), max_size=4)


@st.composite
def findings_of_a_run(draw: st.DrawFn) -> tuple[Finding, ...]:
    found = []
    for table in draw(st.sets(st.sampled_from(["t1", "t2", "t3"]))):
        for check in draw(st.sets(st.sampled_from(["freshness", "partitions"]), min_size=1)):
            status = draw(st.sampled_from(Status))
            items = draw(ITEMS)
            if status is PASS:
                items = {key: state for key, state in items.items() if not state.is_bad}
            severity = draw(st.sampled_from(Severity)) if status is FAIL else None
            silenced = draw(st.sampled_from([None, None, None, "migration"]))
            whole = status is UNKNOWN and draw(st.booleans())
            found.append(one(status, severity, items, table, silenced, check, whole_table=whole))
    return tuple(found)


@st.composite
def histories(draw: st.DrawFn) -> State:
    """Draw a state as runs leave it, each of them delivered in part."""
    state, now = State(), NOW - 10 * DAY
    for findings in draw(st.lists(findings_of_a_run(), max_size=4)):
        news = changes(state, findings, now, DAY, {"t1", "t2"})
        state = advance(state, findings, news, now, draw(st.sets(st.sampled_from(news))) if news else ())
        now += timedelta(hours=draw(st.integers(1, 40)))
    return state


def of_finding(news: tuple[Change, ...], finding: Finding) -> list[Change]:
    return [change for change in news if change.finding_id == finding.id]


@given(histories(), findings_of_a_run())
def test_every_trouble_yields_exactly_one_change(state: State, findings: tuple[Finding, ...]) -> None:
    news = changes(state, findings, NOW, DAY, {"t1", "t2", "t3"})
    for finding in findings:
        mine = of_finding(news, finding)
        if finding.silenced is not None:
            assert mine == []
            continue
        bad: list[str | None] = [item.key for item in finding.items if item.state.is_bad]
        bad = bad if finding.status is FAIL else []
        told = [
            change.item for change in mine if change.reason not in OVER and change.status is finding.status
        ]
        expected = bad or ([None] if finding.status is not PASS else [])
        assert sorted(told, key=str) == sorted(expected, key=str)
    assert len({(change.finding_id, change.item) for change in news}) == len(news)


@given(histories(), findings_of_a_run())
def test_unknown_never_resolves_anything(state: State, findings: tuple[Finding, ...]) -> None:
    news = changes(state, findings, NOW, DAY, {"t1", "t2", "t3"})
    unknown = {finding.id for finding in findings if finding.status is UNKNOWN}
    assert not [change for change in news if change.finding_id in unknown and change.reason in OVER]
    after = advance(state, findings, news, NOW, news)
    assert {told for told in state.told if told in unknown} <= set(after.told)


@given(histories(), findings_of_a_run())
def test_the_same_findings_again_are_no_news(state: State, findings: tuple[Finding, ...]) -> None:
    watched = {"t1", "t2", "t3"}
    news = changes(state, findings, NOW, DAY, watched)
    after = advance(state, findings, news, NOW, news)
    again = changes(after, findings, NOW + timedelta(hours=1), DAY, watched)
    assert {change.reason for change in again} <= {Reason.ONGOING, Reason.REMINDER}
    fresh = {(change.finding_id, change.item) for change in again if change.reason is Reason.REMINDER}
    assert not fresh & {(change.finding_id, change.item) for change in news}


@given(histories(), findings_of_a_run())
def test_what_was_not_delivered_stays_news(state: State, findings: tuple[Finding, ...]) -> None:
    watched = {"t1", "t2", "t3"}
    news = changes(state, findings, NOW, DAY, watched)
    after = advance(state, findings, news, NOW, ())
    again = changes(after, findings, NOW, DAY, watched)
    assert {(c.finding_id, c.item, c.reason) for c in news if c.reason in NEWS} <= {
        (c.finding_id, c.item, c.reason) for c in again
    }


@given(histories(), findings_of_a_run(), st.data())
def test_what_is_worked_out_for_some_findings_is_what_comes_of_all(
    state: State, findings: tuple[Finding, ...], data: st.DataObject
) -> None:
    news = changes(state, findings, NOW, DAY, {"t1", "t2", "t3"})
    told = data.draw(st.sets(st.sampled_from(news))) if news else set()
    known = sorted({*state.told, *(one.id for one in findings)})
    only = data.draw(st.sets(st.sampled_from(known))) if known else set()
    whole, some = advance(state, findings, news, NOW, told), advance(state, findings, news, NOW, told, only)
    assert some == replace(whole, told=some.told)
    for key in {*state.told, *whole.told, *some.told}:
        assert some.told.get(key) == (whole if key in only else state).told.get(key)


@given(histories(), findings_of_a_run())
def test_the_date_of_a_trouble_never_moves_while_it_goes_on(
    state: State, findings: tuple[Finding, ...]
) -> None:
    news = changes(state, findings, NOW, DAY)
    after = advance(state, findings, news, NOW, news)
    for change in changes(after, findings, NOW + DAY, DAY):
        before = next(c for c in news if (c.finding_id, c.item) == (change.finding_id, change.item))
        assert change.since == before.since
        assert change.since is not None
        assert change.since <= NOW


@given(findings_of_a_run())
def test_the_order_of_the_findings_does_not_matter(findings: tuple[Finding, ...]) -> None:
    assert changes(State(), findings, NOW, DAY) == changes(State(), reversed(findings), NOW, DAY)
