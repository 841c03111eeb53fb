"""Marks in every rendering: who knows, who expects, who silenced, and nothing of theirs breaks the page."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import jsonschema
import pytest

from checks.changes import State, cover, hold
from checks.report import as_json, html, text
from checks.report.brief import seen_in_brief
from tests.support.marks import mark
from tests.support.report_cases import CLICKS, HOSTILE, NOW, ORDERS, SESSIONS, report_of, state_after
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from checks.marks import Mark
    from checks.model import Finding

FOUND = (ORDERS, CLICKS)
BEFORE = state_after(FOUND, now=NOW - HOUR)


def covered_by(
    *marks: Mark, findings: tuple[Finding, ...] = FOUND, state: State = BEFORE
) -> tuple[Finding, ...]:
    return cover(findings, hold(marks, NOW), state, ZoneInfo("Europe/Berlin"))


def one_line(rendered: str) -> str:
    return " ".join(rendered.split())


SILENCE = mark(table="web.clicks", at=NOW, ends_at=NOW + DAY, because=HOSTILE, by=HOSTILE)
EXPECTED = mark("expected", period="2026-11-21", at=NOW - HOUR, because="the shop was closed")


def plain(page: str) -> str:
    """Return a page with its dates as they read, out of the elements that keep them on one line."""
    return re.sub(r'<span class="date">(.*?)</span>', r"\1", page)


def test_text_and_page_name_who_silenced_until_when() -> None:
    report = report_of(covered_by(SILENCE), BEFORE)
    said = one_line(text.render(report))
    assert (
        "1 silenced, not well: web.clicks: <script>alert('x')</script> BCC: all@example.comgnp.exe, until Tue 24"
        in said
    )
    page = plain(html.page(report))
    assert "<script>alert(" not in page
    assert "until Tue 24 Nov 2026 07:30 CET" in page


def test_of_a_part_that_is_expected_the_rest_is_told_with_who_expects_it() -> None:
    report = report_of(covered_by(EXPECTED), BEFORE)
    line = "Expected: 2026-11-21 (by ann@desk, Mon 23 Nov 2026 06:30 CET): the shop was closed"
    assert line in one_line(text.render(report))
    assert "(by ann@desk, Mon 23 Nov 2026 06:30 CET): the shop was closed" in plain(html.page(report))
    (orders,) = (each for each in report.findings if each.table == "sales.orders")
    assert seen_in_brief(orders, NOW) == "1 of 3 missing: 2026-11-22"
    document: Any = as_json.finding_document(orders)
    assert document["silenced"] is None
    assert [item.get("marked") for item in document["items"]] == ["0a1b2c3d4e", None, None]


def test_what_mends_a_period_that_is_expected_is_not_to_be_run() -> None:
    sessions = replace(
        SESSIONS, items=(*SESSIONS.items, replace(SESSIONS.items[0], period="2026-11-20", remedy=""))
    )
    before = text.render(report_of((sessions,)))
    assert "ALTER TABLE" in before
    expected = mark("expected", "web.sessions", period="2026-11-22", at=NOW)
    after = report_of(covered_by(expected, findings=(sessions,), state=State()))
    assert "ALTER TABLE" not in text.render(after)
    assert "ALTER TABLE" not in html.page(after)


@pytest.mark.parametrize("marks", [(), (SILENCE,), (EXPECTED,), (SILENCE, EXPECTED)])
def test_the_document_is_by_the_schema(marks: tuple[Mark, ...]) -> None:
    document: Any = as_json.document(report_of(covered_by(*marks), BEFORE))
    jsonschema.validate(document, as_json.schema())
    marked = [each.get("marked") for each in document["findings"]]
    assert len([each for each in marked if each]) == len(marks)
