"""What fails alike is one item, what is old takes one line with its date, and the subject tells news first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from checks.changes import State, TableRecord, advance, changes, complete
from checks.model import Finding, ItemState, Severity, Status
from checks.report.alike import alike, clause, say_day, what_fails
from checks.report.build import build, news, subject
from checks.report.text import WIDTH, render
from checks.rules.upstream import told_within_upstreams
from tests.support.report_cases import NOW, finding
from tests.support.times import DAY, at
from tests.support.upstreams import lacking, silent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checks.report.build import Report

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")
WARNING = Severity.WARNING


def night(
    found: list[Finding],
    state: State | None = None,
    now: datetime = NOW,
    upstreams: Mapping[str, tuple[str, ...]] | None = None,
    *,
    links: bool = False,
) -> tuple[Report, State]:
    before = state or State(last_completed_at=NOW - 9 * DAY)
    findings = told_within_upstreams(found, upstreams or {})
    told = changes(before, findings, now, DAY, {each.table for each in findings})
    first = before.is_first_run
    report = build(
        findings=findings, changes=told, now=now, run_id="r", name="prod", first_run=first, links=links
    )
    after = advance(before, findings, told, now, told)
    tables = {each.table: TableRecord() for each in findings}
    return report, complete(after, now=now, run_id="r", name="prod", tables=tables)


def lines(report: Report) -> list[str]:
    return render(report).splitlines()


def many(number: int, prefix: str, days: str, owner: str | None) -> list[Finding]:
    advice = f"look at the run that loads 2026-11-{days.split(maxsplit=1)[0]}"
    return [replace(lacking(f"{prefix}.t{n:02}", days, owner=owner), advice=advice) for n in range(number)]


def test_forty_tables_of_three_causes_fit_on_one_screen() -> None:
    denied = [
        finding(
            f"hr.t{n:02}",
            Status.UNKNOWN,
            because="access to acme-hr is denied.",
            cause="x",
            advice="allow it",
        )
        for n in range(12)
    ]
    found = [*many(15, "sales", "22", "sales"), *many(13, "web", "22 21", "web"), *denied]
    report, state = night(found)
    told = lines(report)
    assert len(told) < 40
    assert "CRITICAL 15 tables (partitions): 2026-11-22 missing" in told
    assert "CRITICAL 13 tables (partitions): 2026-11-21 and 2026-11-22 missing" in told
    assert "UNKNOWN 12 tables for one cause (freshness)" in told
    assert render(report).count("To do:") == 3
    for each in found[:28]:
        assert each.table in render(report)
    again, _ = night(found, state, NOW + DAY)
    old = lines(again)
    assert "CRITICAL 15 tables (partitions), since Mon 23 Nov: 2026-11-22 missing:" in " ".join(old)
    assert "UNKNOWN 12 tables (freshness), since Mon 23 Nov: access to acme-hr is denied:" in " ".join(old)
    assert len(old) < 20
    assert max(map(len, old)) <= WIDTH


@pytest.mark.parametrize(
    ("other", "is_alike"),
    [
        (lacking("b", "22", owner="x"), True),
        (lacking("b", "22", owner="y"), False),
        (lacking("b", "22"), False),
        (lacking("b", "22 21", owner="x"), False),
        (lacking("b", "22", owner="x", state=ItemState.EMPTY), False),
        (replace(lacking("b", "22", owner="x"), severity=WARNING), False),
        (replace(lacking("b", "22", owner="x"), check="volume"), False),
        (lacking("b", "22", owner="x", dimensions=(("region", "eu"),)), False),
        (replace(lacking("b", "22", owner="x"), because="in other words"), True),
    ],
)
def test_alike_are_tables_of_one_owner_that_lack_the_same(other: Finding, *, is_alike: bool) -> None:
    assert (alike(lacking("a", "22", owner="x"), UTC_ZONE) == alike(other, UTC_ZONE)) is is_alike


@pytest.mark.parametrize(
    ("since", "zone", "is_alike"),
    [
        ("2026-11-21 00:00", UTC_ZONE, True),
        ("2026-11-21 23:59", UTC_ZONE, True),
        ("2026-11-22 00:00", UTC_ZONE, False),
        ("2026-11-20 23:59", UTC_ZONE, False),
        ("2026-11-20 23:59", BERLIN, True),
        ("2026-11-21 23:00", BERLIN, False),
    ],
)
def test_silent_tables_are_alike_since_the_same_day(since: str, zone: ZoneInfo, *, is_alike: bool) -> None:
    one, other = silent("a", at("2026-11-21 12:00"), None), silent("b", at(since), None)
    assert (alike(one, zone) == alike(other, zone)) is is_alike
    assert alike(one, zone) != alike(silent("c", None, None), zone)


def test_what_fails_otherwise_or_is_unknown_or_well_is_alike_to_nothing() -> None:
    assert alike(finding("a", Status.FAIL, check="schema"), UTC_ZONE) is None
    assert alike(finding("a", Status.UNKNOWN), UTC_ZONE) is None
    assert alike(finding("a"), UTC_ZONE) is None


@pytest.mark.parametrize(
    ("failing", "told"),
    [
        (lacking("a", "22"), "2026-11-22 missing"),
        (lacking("a", "22 21 20"), "2026-11-20, 2026-11-21 and 2026-11-22 missing"),
        (lacking("a", "22 21 20 18"), "2026-11-18 to 2026-11-22 (4 of them) missing"),
        (silent("a", at("2026-11-21 22:00"), None), "no new data since Sat 21 Nov 23:00"),
        (silent("a", at("2025-11-21 22:00"), None), "no new data since Fri 21 Nov 2025 23:00"),
        (silent("a", at("2026-11-21 22:00"), None, of="events"), "no new events since Sat 21 Nov 23:00"),
        (silent("a", None, None), "never loaded"),
        (finding("a", Status.FAIL, because="Two columns went; one came."), "Two columns went"),
        (
            finding("a", Status.UNKNOWN, because="could not be checked: it is denied; what was seen: 1"),
            "it is denied",
        ),
        (finding("a", Status.FAIL, because="word " * 40), f"{'word ' * 19}word ..."),
        (finding("a", Status.FAIL, because="line\nbreak \u202ehidden"), "line break hidden"),
    ],
)
def test_what_fails_in_a_few_words(failing: Finding, told: str) -> None:
    assert what_fails(failing, NOW, BERLIN) == told


def test_days_have_their_year_where_it_is_another_one() -> None:
    today = NOW.date()
    assert (say_day(today), say_day(today, today)) == ("Mon 23 Nov", "Mon 23 Nov")
    assert say_day(today.replace(year=2025), today) == "Sun 23 Nov 2025"


def test_what_is_old_takes_one_line_with_its_date_and_what_is_new_its_own() -> None:
    advised = replace(
        lacking("a.old", "22", owner="me"), advice="look", usual="on time", runbook="https://w/x"
    )
    _, state = night([advised])
    fresh = replace(lacking("b.new", "21", owner="me"), advice="look")
    report, state = night([advised, fresh], state, NOW + DAY)
    told = lines(report)
    assert told[told.index("STILL FAILING (1 table)") + 2] == (
        "CRITICAL a.old (partitions), since Mon 23 Nov: 2026-11-22 missing"
    )
    assert "  To do: look" in told[: told.index("STILL FAILING (1 table)")]
    assert "https://w/x" not in render(report)
    worse = replace(lacking("a.old", "22 20", owner="me"), advice="look")
    again, _ = night([worse, fresh], state, NOW + 2 * DAY)
    assert "New: 2026-11-20; told before: 2026-11-22" in render(again)


def test_what_is_old_follows_line_by_line() -> None:
    found = [lacking("a.one", "22", owner="x"), lacking("a.two", "21", owner="x")]
    _, state = night(found)
    report, _ = night(found, state, NOW + DAY)
    told = lines(report)
    first = told.index("CRITICAL a.one (partitions), since Mon 23 Nov: 2026-11-22 missing")
    assert told[first + 1] == "CRITICAL a.two (partitions), since Mon 23 Nov: 2026-11-21 missing"


def test_what_is_told_together_names_what_is_held_up_by_any_of_it() -> None:
    found = [lacking("raw.a", "22"), lacking("raw.b", "22"), lacking("mart.c", "22", owner="x")]
    report, _ = night(found, upstreams={"mart.c": ("raw.b",)})
    told = " ".join(render(report).split())
    assert "CRITICAL 2 tables (partitions): 2026-11-22 missing, and 1 table made from them" in told
    assert "Tables: raw.a and raw.b Held up: mart.c." in told


def test_statements_of_tables_that_are_told_together_are_shown_and_counted() -> None:
    found = []
    for number in range(5):
        one = lacking(f"a.t{number}", "22", state=ItemState.UNREGISTERED)
        found.append(replace(one, items=tuple(replace(item, remedy=f"ALTER {number}") for item in one.items)))
    report, _ = night(found)
    assert render(report).count("  Run: ALTER ") == 3
    assert "  And 2 more statements in the JSON report." in lines(report)


def test_the_subject_tells_news_first() -> None:
    well = finding("ok.t")
    one, two = lacking("a.one", "22", owner="x"), replace(lacking("a.two", "21", owner="x"), severity=WARNING)
    report, state = night([one, two, well])
    assert subject(report) == "[S3 tables] 2 new, 1 fresh - prod, Mon 23 Nov"
    three, unread = lacking("a.three", "20", owner="x"), finding("hr.t", Status.UNKNOWN)
    worse = replace(two, severity=Severity.CRITICAL)
    report, state = night([one, worse, three, unread, well], state, NOW + DAY)
    assert (
        subject(report)
        == "[S3 tables] 1 new, 1 escalated, 1 still failing, 1 unknown, 1 fresh - prod, Tue 24 Nov"
    )
    report, _ = night([one, worse, well], state, NOW + DAY + timedelta(hours=1))
    assert subject(report) == "[S3 tables] 2 still failing, 1 fresh - prod, Tue 24 Nov"
    assert subject(news(report)) == subject(report)


def test_in_the_subject_a_chain_is_one_trouble_with_what_it_holds_up() -> None:
    chain = [lacking(f"t{number}", "22") for number in range(30)]
    upstreams = {f"t{number}": (f"t{number - 1}",) for number in range(1, 30)}
    report, state = night([*chain, finding("ok.t")], upstreams=upstreams)
    assert subject(report) == "[S3 tables] 1 new, 29 held up, 1 fresh - prod, Mon 23 Nov"
    report, _ = night([*chain, finding("ok.t")], state, NOW + DAY, upstreams)
    assert subject(report) == "[S3 tables] 1 still failing, 29 held up, 1 fresh - prod, Tue 24 Nov"
    brief = " ".join(render(report).split())
    assert (
        "CRITICAL t0 (partitions), and 29 tables made from it, since Mon 23 Nov: 2026-11-22 missing" in brief
    )


def test_a_table_counts_once_in_the_subject() -> None:
    both = [lacking("a.b", "22"), replace(silent("a.b", NOW - 3 * DAY, None), severity=WARNING)]
    unread = [replace(lacking("c.d", "22"), severity=WARNING), finding("c.d", Status.UNKNOWN)]
    report, _ = night([*both, *unread])
    assert subject(report) == "[S3 tables] 1 new, 1 unknown - prod, Mon 23 Nov"
    silenced = replace(lacking("a.b", "22"), silenced="moved")
    report, _ = night([silenced, finding("c.d")])
    assert subject(report) == "[S3 tables] 1 fresh - prod, Mon 23 Nov"


@pytest.mark.parametrize("links", [False, True])
def test_links_into_the_console_are_shown_where_they_are_asked_for(*, links: bool) -> None:
    one = replace(lacking("a.b", "22"), console_url="https://console.example.com/a.b", runbook="https://w/x")
    report, _ = night([one], links=links)
    assert ("Console: https://console.example.com/a.b" in render(report)) is links
    assert "Runbook: https://w/x" in render(report)


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("one; two", "one"),
        ("one (of 9 days; 8 Sundays needed); two", "one (of 9 days; 8 Sundays needed)"),
        ("one (of (9; 8) days; 7), and so on; two", "one (of (9; 8) days; 7), and so on"),
        ("a) one; two", "a) one"),
        ("one (never closed; two", "one (never closed; two"),
        ("one;two.", "one;two"),
        ("", ""),
    ],
)
def test_a_first_clause_ends_outside_of_parentheses(sentence: str, told: str) -> None:
    assert clause(sentence) == told
