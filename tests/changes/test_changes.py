"""What is news: each transition by example, then what must hold for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from checks.changes import (
    State,
    TableRecord,
    advance,
    changes,
    complete,
    finish,
)
from checks.model import Finding, ItemState, Reason, Status
from tests.support.news import CRITICAL, DAY, FAIL, NOW, PASS, SECOND, UNKNOWN, WARNING, news_of, one, told_of

BAD = {"a": ItemState.MISSING}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((), one(PASS), []),
        ((), one(FAIL), [(None, Reason.NEW)]),
        ((), one(UNKNOWN), [(None, Reason.NEW)]),
        ((), one(FAIL, silenced="migration"), []),
        ((one(FAIL),), one(PASS), [(None, Reason.RESOLVED)]),
        ((one(FAIL),), one(FAIL), [(None, Reason.ONGOING)]),
        ((one(FAIL, WARNING),), one(FAIL, CRITICAL), [(None, Reason.ESCALATED)]),
        ((one(FAIL, CRITICAL),), one(FAIL, WARNING), [(None, Reason.ONGOING)]),
        ((one(FAIL),), one(UNKNOWN), [(None, Reason.NEW)]),
        ((one(FAIL), one(UNKNOWN)), one(UNKNOWN), [(None, Reason.ONGOING)]),
        ((one(FAIL), one(UNKNOWN)), one(FAIL), [(None, Reason.ONGOING)]),
        ((one(FAIL, WARNING), one(UNKNOWN)), one(FAIL), [(None, Reason.ESCALATED)]),
        ((one(FAIL), one(UNKNOWN)), one(PASS), [(None, Reason.RESOLVED)]),
        ((one(UNKNOWN),), one(FAIL), [(None, Reason.NEW)]),
        ((one(UNKNOWN),), one(UNKNOWN), [(None, Reason.ONGOING)]),
        ((one(UNKNOWN),), one(PASS), [(None, Reason.RESOLVED)]),
        ((one(FAIL),), one(FAIL, silenced="migration"), []),
        ((one(FAIL, silenced="migration"),), one(FAIL), [(None, Reason.NEW)]),
        ((one(FAIL, silenced="migration"),), one(UNKNOWN), [(None, Reason.NEW)]),
        ((one(FAIL, silenced="migration"),), one(PASS), []),
        ((), one(FAIL, items=BAD), [("a", Reason.NEW)]),
        ((one(FAIL, items=BAD),), one(FAIL, items=BAD), [("a", Reason.ONGOING)]),
        ((one(FAIL, WARNING, BAD),), one(FAIL, CRITICAL, BAD), [("a", Reason.ESCALATED)]),
        ((one(FAIL, items=BAD),), one(PASS, items={"a": ItemState.PRESENT}), [("a", Reason.RESOLVED)]),
        ((one(FAIL, items=BAD),), one(PASS, items={"a": ItemState.LATE}), [("a", Reason.RESOLVED)]),
        ((one(FAIL, items=BAD),), one(PASS, items={"b": ItemState.PRESENT}), [("a", Reason.EXPIRED)]),
        ((one(FAIL, items=BAD),), one(PASS), [("a", Reason.EXPIRED)]),
        (
            (one(FAIL, items=BAD),),
            one(FAIL, items={"b": ItemState.EMPTY}),
            [("b", Reason.NEW), ("a", Reason.EXPIRED)],
        ),
        (
            (one(FAIL, items=BAD),),
            one(FAIL, items={"b": ItemState.EMPTY, "a": ItemState.UNKNOWN}),
            [("b", Reason.NEW), ("a", Reason.ONGOING)],
        ),
        ((one(FAIL, items=BAD),), one(UNKNOWN, items={"a": ItemState.UNKNOWN}), [(None, Reason.NEW)]),
        ((one(FAIL, items=BAD), one(UNKNOWN)), one(FAIL, items=BAD), [("a", Reason.REMINDER)]),
        (
            (one(FAIL, items=BAD), one(UNKNOWN)),
            one(PASS, items={"a": ItemState.LATE}),
            [("a", Reason.RESOLVED)],
        ),
    ],
)
def test_each_transition(
    before: tuple[Finding, ...], after: Finding, expected: list[tuple[str | None, Reason]]
) -> None:
    assert news_of(told_of(*((finding,) for finding in before)), after) == expected


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(-11, Reason.ONGOING), (-10, Reason.REMINDER), (-9, Reason.REMINDER), (0, Reason.REMINDER)],
)
def test_a_reminder_comes_after_its_time_with_ten_minutes_of_slack(minutes: int, expected: Reason) -> None:
    state = told_of((one(FAIL),))
    (change,) = changes(state, [one(FAIL)], NOW + timedelta(minutes=minutes), DAY)
    assert change.reason is expected


def test_a_failure_that_cannot_be_checked_any_more_says_what_it_was_and_keeps_its_date() -> None:
    state = told_of((one(FAIL),), (one(FAIL),))
    (change,) = changes(state, [one(UNKNOWN)], NOW, DAY)
    assert (change.status, change.since, change.before) == (UNKNOWN, NOW - 2 * DAY, "fail critical")
    after = advance(state, [one(UNKNOWN)], [change], NOW, [change])
    assert after.told["sales.orders|freshness"].status is FAIL
    assert after.told["sales.orders|freshness"].unchecked


def test_a_silence_that_ends_keeps_the_date_of_the_trouble() -> None:
    state = told_of((one(FAIL, items=BAD),), (one(FAIL, items=BAD, silenced="migration"),))
    (change,) = changes(state, [one(FAIL, items=BAD)], NOW, DAY)
    assert (change.reason, change.since) == (Reason.NEW, NOW - 2 * DAY)


def test_a_table_that_is_gone_from_the_catalog_shadows_what_was_told_of_it() -> None:
    state = told_of((one(FAIL), one(FAIL, check="partitions", items=BAD)))
    gone = one(UNKNOWN, check="catalog", whole_table=True)
    news = changes(state, [gone], NOW, DAY, {"sales.orders"})
    assert [(change.check, change.reason) for change in news] == [("catalog", Reason.NEW)]
    state = advance(state, [gone], news, NOW, news)
    assert set(state.told) == {"sales.orders|catalog", "sales.orders|freshness", "sales.orders|partitions"}
    back = (one(FAIL), one(UNKNOWN, check="partitions"))
    news = changes(state, back, NOW + DAY, 3 * DAY, {"sales.orders"})
    assert {(change.check, change.reason) for change in news} == {
        ("catalog", Reason.RESOLVED),
        ("freshness", Reason.ONGOING),
        ("partitions", Reason.NEW),
    }
    assert "sales.orders|catalog" not in advance(state, back, news, NOW + DAY, news).told


def test_a_table_that_is_back_but_unreadable_resolves_nothing() -> None:
    state = told_of((one(UNKNOWN, check="catalog", whole_table=True),))
    news = changes(state, [one(UNKNOWN)], NOW, DAY, {"sales.orders"})
    assert [(change.check, change.reason) for change in news] == [("freshness", Reason.NEW)]


def test_what_the_config_dropped_is_no_longer_watched() -> None:
    state = told_of((one(FAIL), one(FAIL, check="volume"), one(FAIL, table="web.clicks")))
    news = changes(state, [one(FAIL)], NOW, 2 * DAY, {"sales.orders"})
    assert [(change.finding_id, change.reason) for change in news] == [
        ("sales.orders|freshness", Reason.ONGOING),
        ("sales.orders|volume", Reason.NO_LONGER_WATCHED),
        ("web.clicks|freshness", Reason.NO_LONGER_WATCHED),
    ]
    after = advance(state, [one(FAIL)], news, NOW, news)
    assert set(after.told) == {"sales.orders|freshness"}


def test_a_run_over_some_tables_says_nothing_of_the_others() -> None:
    state = told_of((one(FAIL), one(FAIL, table="web.clicks")))
    assert [change.table for change in changes(state, [one(FAIL)], NOW, DAY, None)] == ["sales.orders"]
    watched = {"sales.orders", "web.clicks"}
    assert [change.table for change in changes(state, [one(FAIL)], NOW, DAY, watched)] == ["sales.orders"]


def test_only_what_was_delivered_moves() -> None:
    findings = (one(FAIL), one(FAIL, table="web.clicks"))
    news = changes(State(), findings, NOW, DAY)
    state = advance(State(), findings, news, NOW, [change for change in news if change.table == "web.clicks"])
    again = changes(state, findings, NOW + timedelta(hours=1), DAY)
    assert [(change.table, change.reason) for change in again] == [
        ("sales.orders", Reason.NEW),
        ("web.clicks", Reason.ONGOING),
    ]


def test_a_recovery_that_was_not_delivered_stays_news() -> None:
    state = told_of((one(FAIL, items=BAD),))
    mended = one(PASS, items={"a": ItemState.PRESENT})
    news = changes(state, [mended], NOW, DAY)
    assert advance(state, [mended], news, NOW, []) == state
    assert advance(state, [mended], news, NOW, news).told == {}


def test_completing_a_run_keeps_the_times_and_forgets_silenced_tables_that_are_gone() -> None:
    state = told_of((one(FAIL, silenced="migration"), one(FAIL, table="web.clicks")))
    after = complete(
        state,
        now=NOW,
        run_id="r",
        name="prod",
        tables={"web.clicks": TableRecord()},
        full_report_on=NOW.date(),
    )
    assert set(after.told) == {"web.clicks|freshness"}
    assert (after.last_completed_at, after.last_full_report_on) == (NOW, NOW.date())
    earlier = complete(after, now=NOW - DAY, run_id="r", name="prod", tables={})
    assert (earlier.last_completed_at, earlier.last_full_report_on) == (NOW, NOW.date())


@pytest.mark.parametrize(("seconds", "is_kept"), [(-1, True), (0, True), (1, False)])
def test_an_event_that_was_reported_is_remembered_for_a_week(seconds: int, *, is_kept: bool) -> None:
    state = finish(State(), "event", NOW)
    assert state.events == {"event": NOW}
    later = NOW + 7 * DAY + seconds * SECOND
    assert finish(state, "other", later).events == {**({"event": NOW} if is_kept else {}), "other": later}


def test_no_more_than_a_thousand_events_are_remembered() -> None:
    state = State(events={f"event-{number}": NOW + number * SECOND for number in range(2000)})
    after = finish(state, "newest", NOW + DAY).events
    assert (len(after), "event-1000" in after, "event-999" in after) == (1001, True, False)


def test_a_change_tells_the_owner_of_today() -> None:
    state = told_of((one(FAIL),))
    (change,) = changes(state, [replace(one(FAIL), owner="finance")], NOW, DAY)
    assert change.owner == "finance"


MISSED = {"2026-11-22": ItemState.MISSING}


def reasons_of(*runs: tuple[Finding, ...]) -> list[list[tuple[str, str]]]:
    """Return what each of these runs tells, a day apart and all delivered: the reason with the status."""
    state, told = State(), []
    for age, findings in zip(range(len(runs), 0, -1), runs, strict=True):
        now = NOW - age * DAY
        news = changes(state, findings, now, 30 * DAY, {finding.table for finding in findings})
        told.append([(change.reason.value, change.status.value) for change in news])
        state = advance(state, findings, news, now, news)
    return told


@pytest.mark.parametrize("items", [None, MISSED])
@pytest.mark.parametrize("silent", [[FAIL], [FAIL, UNKNOWN], [UNKNOWN, FAIL], [PASS, FAIL], [UNKNOWN], []])
@pytest.mark.parametrize("between", [0, 1, 2])
def test_a_failure_under_a_silence_is_news_once_it_is_seen(
    items: dict[str, ItemState] | None, silent: list[Status], between: int
) -> None:
    """However often it could not be checked in between, and whatever it was under the silence."""
    hidden = [(one(each, items=items if each is FAIL else None, silenced="moved"),) for each in silent]
    seen = (one(FAIL, items=items),)
    told = reasons_of(*hidden, *[(one(UNKNOWN),)] * between, seen, seen)
    assert told[: len(hidden)] == [[]] * len(hidden)
    assert told[-2:] == [[("new", "fail")], [("ongoing", "fail")]]


@pytest.mark.parametrize("items", [None, MISSED])
@pytest.mark.parametrize("between", [0, 1, 2])
def test_what_was_never_told_is_never_told_as_resolved(
    items: dict[str, ItemState] | None, between: int
) -> None:
    hidden = (one(FAIL, items=items, silenced="moved"),)
    told = reasons_of(hidden, *[(one(UNKNOWN),)] * between, (one(PASS),))
    if not between:
        assert told[-1] == []
    else:  # that it could not be checked was told, and is over
        assert told[1] == [("new", "unknown")]
        assert told[-1] == [("resolved", "pass")]


def test_the_sentence_of_what_was_never_told_is_not_told_as_the_last_one() -> None:
    state = State()
    for age, finding in ((3, one(FAIL, silenced="moved")), (2, one(UNKNOWN))):
        news = changes(state, (finding,), NOW - age * DAY, DAY)
        assert all(not change.before for change in news)
        state = advance(state, (finding,), news, NOW - age * DAY, news)
    (told,) = state.told.values()
    assert (told.status, told.because) == (UNKNOWN, "unknown None")


def test_a_table_that_the_catalog_does_not_tell_of_keeps_what_it_failed_by() -> None:
    failing = (one(FAIL, items=MISSED, check="partitions"), one(FAIL, check="freshness"))
    away = (one(UNKNOWN, check="catalog", whole_table=True),)
    state = told_of(failing)
    before = dict(state.told)
    for age in (3, 2):
        now = NOW + age * DAY
        news = changes(state, away, now, 30 * DAY, {"sales.orders"})
        state = advance(state, away, news, now, news)
        assert {key: state.told[key] for key in before} == before
    news = changes(state, failing, NOW + 4 * DAY, 30 * DAY, {"sales.orders"})
    still = {change.check: (change.reason, change.since) for change in news if change.check != "catalog"}
    assert still == dict.fromkeys(("partitions", "freshness"), (Reason.ONGOING, NOW - DAY))
