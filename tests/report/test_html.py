"""The page and the notebook's fragment: nothing from AWS is markup, nothing is asked of other hosts."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.model import Item, ItemState, Status
from checks.report.html import fragment, page
from checks.report.outline import outline
from tests.support.report_cases import (
    ALTER,
    CLICKS,
    FRESH,
    HOSTILE,
    ORDERS,
    SESSIONS,
    finding,
    first_day,
    report_of,
    second_day,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.report.build import Report

    Render = Callable[[Report], str]

ALLOWED = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "div",
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "li",
        "b",
        "section",
        "article",
        "span",
        "a",
        "pre",
        "details",
        "summary",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "footer",
    ]
)
VOID = {"meta"}


class Page(HTMLParser):
    """Reads a page: its elements, its addresses, its text, and whether elements close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data.strip())


@pytest.mark.parametrize("render", [page, fragment])
@pytest.mark.parametrize("report", [first_day(), second_day(), report_of(()), report_of(FRESH)])
def test_what_is_rendered_is_whole_and_uses_known_elements(render: Render, report: Report) -> None:
    read = Page(render(report))
    assert read.open == []
    assert read.names <= ALLOWED
    assert not {name for name in read.attributes if name.startswith("on") or name == "style"}
    assert outline(report).totals in read.words


def test_the_page_forbids_scripts_and_outside_hosts() -> None:
    text = page(second_day())
    assert "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'" in text
    assert "<script" not in text
    assert "url(" not in text
    assert "@import" not in text
    assert set(Page(text).links) == {ORDERS.runbook, ORDERS.console_url}


def test_the_page_tells_what_the_email_tells() -> None:
    told = outline(second_day())
    words = " ".join(Page(page(second_day())).words)
    for section in told.sections:
        assert section.title in words
        for entry in section.entries:
            assert entry.title in words
            for line in entry.lines:
                assert line.text in words
    for text in (*told.notes, *told.closing, told.origin):
        assert text in words


def test_the_page_lists_every_finding_with_its_verdict() -> None:
    rows = re.findall(r'<td class="table">(.*?)</td>.*?<span class="badge (\w+)">', page(second_day()))
    assert len(rows) == len(second_day().findings)
    assert rows[0] == ("legacy.t00", "critical")
    assert ("web.old", "silenced") in rows
    assert ("hr.staff", "unknown") in rows
    assert rows[-1] == ("sales.old", "fresh")


def test_a_statement_is_shown_as_it_stands() -> None:
    shown = Page(page(report_of([SESSIONS])))
    assert ALTER in shown.words


@pytest.mark.parametrize("render", [page, fragment])
@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "</style><script>alert(1)</script>",
        '" onmouseover="alert(1)',
        "{{ 7*7 }}{% raw %}",
        "<!--",
        "]]>",
        "&lt;b&gt;",
    ],
)
def test_hostile_text_stays_text(render: Render, text: str) -> None:
    hostile = finding(
        text,
        Status.FAIL,
        check=text,
        because=text,
        advice=text,
        usual=text,
        owner=text,
        runbook=text,
        console_url=f"javascript:{text}",
        items=(Item(period=text, state=ItemState.MISSING, remedy=text),),
    )
    other = replace(hostile, table="silenced", silenced=text)
    shown = Page(render(report_of([hostile, other], name=text, notes=[text])))
    assert shown.open == []
    assert shown.names <= ALLOWED
    assert shown.links == []
    assert not {name for name in shown.attributes if name.startswith("on")}


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_any_name_leaves_a_whole_page(text: str) -> None:
    shown = Page(page(report_of([replace(CLICKS, table=text, because=text)], name=text)))
    assert shown.open == []
    assert shown.names <= ALLOWED


def test_a_fragment_shows_the_worst_hundred() -> None:
    many = [finding(f"t{number:03}") for number in range(150)]
    text = fragment(report_of([*many, ORDERS]))
    assert text.count('<td class="table">') == 100
    assert text.index("sales.orders") < text.index("t000")
    assert "51 more findings are not shown here." in text
