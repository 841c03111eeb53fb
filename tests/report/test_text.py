"""The email, line by line."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.model import Cost, Finding, Item, ItemState, ProblemKind, Reason, Status
from checks.report.build import news
from checks.report.text import WIDTH, render, subject
from tests.support.emails import lines_of
from tests.support.report_cases import (
    ALTER,
    CASES,
    CLICKS,
    DEAD,
    FRESH,
    NOW,
    ORDERS,
    SESSIONS,
    WHOLE_AT,
    finding,
    first_day,
    missing,
    report_of,
    second_day,
    state_after,
)

GOLDEN = Path(__file__).parent / "golden"
EMAILS = {f"email_{name}.txt": report for name, report in CASES.items()}


@pytest.mark.parametrize("name", EMAILS)
def test_the_whole_email(name: str) -> None:
    shown = f"Subject: {subject(EMAILS[name])}\n\n{render(EMAILS[name])}"
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8"), "set UPDATE_GOLDEN=1 and read what changed"


@pytest.mark.parametrize("name", EMAILS)
def test_lines_are_short_but_for_addresses_and_statements(name: str) -> None:
    for line in render(EMAILS[name]).splitlines():
        assert len(line) <= WIDTH or "://" in line or "ALTER TABLE" in line or line.startswith("  Run: ")


def test_one_failing_table_says_what_was_seen_and_what_to_do() -> None:
    assert lines_of(CLICKS, *FRESH) == [
        "Of 21 tables, 1 is failing (1 warning) and 20 are fresh.",
        "prod, Mon 23 Nov 2026 07:30 CET, the first report.",
        "",
        "NEW (1 table)",
        "",
        "WARNING web.clicks (freshness)",
        "  The newest data came 31 h ago, on Sun 22 Nov 2026 00:30 CET; it should not",
        "  be older than 24 h.",
        "  Due: Mon 23 Nov 2026 00:30 CET (7 h ago)  Owner: web",
        "",
        "21 of 21 tables in 41 s, 903 requests, about $0.0051",
    ]


def test_news_of_a_first_run_is_since_nothing() -> None:
    first, second = (render(news(report)) for report in (first_day(), second_day()))
    assert "\nprod, Mon 23 Nov 2026 07:30 CET, the first report.\n" in first
    assert "\nprod, Mon 23 Nov 2026 07:30 CET, only what is new since the last report.\n" in second


def test_no_tables_at_all() -> None:
    assert lines_of(cost=Cost()) == [
        "No tables are watched.",
        "prod, Mon 23 Nov 2026 07:30 CET, the first report.",
        "",
        "0 of 0 tables in under 1 s, 0 requests, about $0.0000",
    ]


def test_a_statement_stands_on_one_line_and_is_told_once() -> None:
    advised = replace(SESSIONS, advice="register what has landed", statement=ALTER)
    for one in (SESSIONS, advised):
        assert f"  Run: {ALTER}" in lines_of(one)
        assert render(report_of([one])).count("ALTER TABLE") == 1
    assert "  To do: register what has landed" in lines_of(advised)


def test_spaces_within_a_statement_stay() -> None:
    remedy = "ALTER TABLE t ADD PARTITION (dt='a  b') LOCATION 's3://acme/a  b/'"
    items = (Item(period="a  b", state=ItemState.UNREGISTERED, remedy=remedy),)
    assert f"  Run: {remedy}" in lines_of(finding("t", Status.FAIL, items=items))


@pytest.mark.parametrize(
    ("number", "expected"), [(3, []), (4, ["  And 1 more statement in the JSON report."])]
)
def test_three_statements_are_enough(number: int, expected: list[str]) -> None:
    items = tuple(
        Item(period=f"p{i}", state=ItemState.UNREGISTERED, remedy=f"ALTER {i}") for i in range(number)
    )
    shown = lines_of(finding("t", Status.FAIL, items=items))
    assert sum(line.startswith("  Run: ALTER") for line in shown) == 3
    assert [line for line in shown if "more statement" in line] == expected


@pytest.mark.parametrize(("tables", "folded"), [(2, False), (3, True), (5, True)])
def test_what_is_long_dead_is_one_item_from_three_tables_on(tables: int, *, folded: bool) -> None:
    title = f"CRITICAL {tables} tables have had no data for over 7 days"
    assert (title in lines_of(*DEAD[:tables])) is folded


@pytest.mark.parametrize(("seconds", "folded"), [(-1, False), (0, False), (1, True)])
def test_long_dead_is_over_seven_days(seconds: int, *, folded: bool) -> None:
    since = NOW - timedelta(days=7, seconds=seconds)
    dead = [finding(f"t{number}", Status.FAIL, stale_since=since) for number in range(3)]
    assert ("have had no data for over 7 days" in render(report_of(dead))) is folded


def test_old_events_in_new_files_are_not_told_as_data_that_does_not_come() -> None:
    dead = [finding(f"t{number}", Status.FAIL, stale_since=NOW - timedelta(days=9)) for number in range(3)]
    old = NOW - timedelta(days=900)
    events = [finding(name, Status.FAIL, check="events", stale_since=old) for name in ("t0", "t7")]
    shown = " ".join(render(report_of([*dead, *events])).split())
    assert "CRITICAL 3 tables have had no data for over 7 days" in shown
    assert f"{old:%Y-%m-%d}" not in shown
    assert "CRITICAL t7 (events)" in shown


def test_many_long_dead_tables_are_bounded() -> None:
    dead = [
        finding(f"t{number:04}", Status.FAIL, stale_since=NOW - timedelta(days=9)) for number in range(500)
    ]
    shown = " ".join(render(report_of(dead)).split())
    assert "CRITICAL 500 tables have had no data for over 7 days" in shown
    assert "and 470 more." in shown
    assert len(shown) < 2000


def test_tables_with_one_cause_are_one_item() -> None:
    denied = [
        finding(
            f"hr.t{number:02}",
            Status.UNKNOWN,
            because=f"hr.t{number:02}: access to acme-hr is denied.",
            cause="x",
        )
        for number in range(20)
    ]
    assert lines_of(*denied)[2:9] == [
        "",
        "COULD NOT CHECK (20 tables)",
        "",
        "UNKNOWN 20 tables for one cause (freshness)",
        "  Tables: hr.t00, hr.t01, hr.t02, hr.t03, hr.t04, hr.t05, hr.t06, hr.t07,",
        "    hr.t08, hr.t09, hr.t10, hr.t11 and 8 more",
        "  For example: hr.t00: access to acme-hr is denied.",
    ]


def test_one_cause_of_one_table_names_its_checks() -> None:
    both = [finding("t", Status.UNKNOWN, check=check, cause="x") for check in ("freshness", "partitions")]
    assert "UNKNOWN t (freshness, partitions)" in lines_of(*both)


def test_a_table_that_was_not_reached_is_missing_in_the_proof() -> None:
    late = finding("z.late", Status.UNKNOWN, problem=ProblemKind.NOT_REACHED)
    assert lines_of(*FRESH, late)[-1] == "20 of 21 tables in 41 s, 903 requests, about $0.0051"


def test_what_was_failing_and_cannot_be_read_any_more_says_both() -> None:
    state = state_after([CLICKS], now=NOW - timedelta(days=2))
    unread = finding("web.clicks", Status.UNKNOWN, because="Access to the bucket acme-web is denied.")
    assert render(report_of([unread], state)).splitlines()[3:10] == [
        "COULD NOT CHECK (1 table)",
        "",
        "UNKNOWN web.clicks (freshness)",
        "  Access to the bucket acme-web is denied.",
        "  When last read: The newest data came 31 h ago, on Sun 22 Nov 2026 00:30 CET;",
        "    it should not be older than 24 h.",
        "  First reported: Sat 21 Nov 2026 07:30 CET (2 days ago)",
    ]


def test_notes_are_bounded() -> None:
    shown = lines_of(notes=[f"note {number}" for number in range(25)])
    assert shown[3] == "Note: note 0"
    assert "Note: 5 more notes are in the JSON report." in shown


def test_a_runbook_that_is_no_address_is_told_as_text() -> None:
    shown = lines_of(replace(CLICKS, runbook="javascript:alert(1)"))
    assert "  Runbook: javascript:alert(1)" in shown


MANY = [replace(ORDERS, table=f"db.t{number:04}", owner=f"team-{number}") for number in range(5000)]


@pytest.mark.parametrize("limit", [3_000, 20_000, 120 * 1024])
def test_a_long_email_is_cut_between_items(limit: int) -> None:
    shown = render(report_of(MANY, whole_at=WHOLE_AT), limit)
    assert limit - 800 < len(shown.encode()) <= limit
    kept = shown.count("CRITICAL db.t")
    assert f"\n{5000 - kept:,} more items are left out here, so that this message can be sent.\n" in shown
    assert f"The whole report: {WHOLE_AT}\n" in shown
    assert shown.splitlines()[-1] == "5,000 of 5,000 tables in 41 s, 903 requests, about $0.0051"
    assert shown.count("  Runbook: ") == kept


def test_a_cut_email_without_a_place_says_how_to_see_the_rest() -> None:
    assert "Run `checks run` to see all of it." in render(report_of(MANY[:50]), 2000)


def test_an_email_that_fits_is_not_cut() -> None:
    assert render(first_day(), 100_000) == render(first_day())


@given(st.integers(0, 40), st.integers(600, 6000))
def test_a_cut_email_never_exceeds_its_limit(number: int, limit: int) -> None:
    assert len(render(report_of(MANY[:number]), limit).encode()) <= limit


def test_items_that_are_new_are_told_apart_from_those_told_before() -> None:
    state = state_after([replace(ORDERS, items=missing("2026-11-21"))], now=NOW - timedelta(days=1))
    shown = render(report_of([ORDERS], state))
    assert "  New: 2026-11-22; told before: 2026-11-21\n" in shown


@pytest.mark.parametrize(
    ("check", "left"),
    [
        ("partitions", "2026-11-08 left the lookback without usable data; nobody"),
        ("catalog", "2026-11-08 left the lookback unmended; nobody"),  # its data may well be there
    ],
)
def test_what_leaves_the_lookback_is_told_without_saying_that_there_is_no_data(check: str, left: str) -> None:
    items = missing("2026-11-08", state=ItemState.UNREGISTERED)
    state = state_after([finding("t", Status.FAIL, check=check, items=items)], now=NOW - timedelta(days=1))
    now = finding("t", check=check, items=missing("2026-11-22", state=ItemState.PRESENT))
    assert left in render(report_of([now], state))


def test_a_table_that_joins_others_of_one_cause_is_told_as_later() -> None:
    first, then = (finding(name, Status.UNKNOWN, because="Access is denied.", cause="x") for name in "ab")
    report = report_of([first, then], state_after([first], now=NOW - timedelta(days=2)))
    assert (
        "  First reported: Sat 21 Nov 2026 07:30 CET (2 days ago), the last of them Mon\n"
        "    23 Nov 2026 07:30 CET (just now)\n"
    ) in render(report)


def test_what_was_first_reported_after_the_time_of_the_run_is_told_without_an_age() -> None:
    failing = finding("t", Status.FAIL, because="It is old.")
    for now in (failing, finding("t")):
        report = report_of([now], state_after([failing], now=NOW + timedelta(days=4)))
        assert "in 4 days" not in render(report)


def silent_days(*days: int) -> list[Finding]:
    """Return what partitions and volume say of three tables to which nothing came, each of so many days."""
    items = missing(*(f"2026-11-{day:02}" for day in days))
    since = NOW - timedelta(days=10)
    return [
        one
        for name in ("t.a", "t.b", "t.c")
        for one in (
            finding(name, Status.FAIL, check="partitions", items=items, stale_since=since),
            finding(name, Status.FAIL, check="volume", observed=0),
        )
    ]


def test_of_what_is_long_dead_neither_its_size_nor_one_more_day_is_an_item_of_its_own() -> None:
    first = silent_days(*range(13, 22))
    dead = "CRITICAL 3 tables have had no data for over 7 days"
    assert lines_of(*first)[3:6] == ["NEW (3 tables)", "", dead]
    then = report_of(silent_days(*range(13, 23)), state_after(first, now=NOW - timedelta(days=1)))
    assert render(then).splitlines()[3:6] == ["STILL FAILING (3 tables)", "", dead]
    assert "volume" not in render(then)
    later = report_of(silent_days(*range(14, 24)), state_after(first, now=NOW - timedelta(days=1)))
    assert [change.reason for change in later.changes].count(Reason.EXPIRED) == 3
    assert "NO LONGER ASKED FOR" not in render(later)
    assert "2026-11-13 left the lookback" in render(news(later)), (
        "which does not tell of the tables themselves"
    )
    small = [replace(one, observed=5) if one.check == "volume" else one for one in first]
    assert "CRITICAL t.a (volume)" in lines_of(*small), "something came, and too little of it"


def test_telling_a_report_imports_neither_the_rules_nor_what_they_need() -> None:
    code = "import sys, checks.report.text, checks.report.as_json; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "checks.report.entries" in found
    assert not {"checks.rules", "pydantic", "pandas", "boto3", "great_expectations"} & set(found)
