"""The page and the notebook's fragment: nothing from AWS is markup, nothing is asked of other hosts."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.model import Item, ItemState, Status
from checks.report.html import breakable, fragment, page, prose
from checks.report.outline import outline
from checks.report.page_rows import RANKS
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
        "script",
        "body",
        "main",
        "header",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "p",
        "ul",
        "li",
        "b",
        "small",
        "section",
        "article",
        "span",
        "a",
        "pre",
        "wbr",
        "details",
        "summary",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "form",
        "label",
        "input",
        "select",
        "option",
        "output",
        "figure",
        "figcaption",
        "svg",
        "path",
        "text",
        "footer",
    ]
)
VOID = {"meta", "input", "wbr"}


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
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        """All text as it reads, on one line."""
        return " ".join("".join(self.words).split())


@pytest.mark.parametrize("render", [page, fragment])
@pytest.mark.parametrize("report", [first_day(), second_day(), report_of(()), report_of(FRESH)])
def test_what_is_rendered_is_whole_and_uses_known_elements(render: Render, report: Report) -> None:
    read = Page(render(report))
    assert read.open == []
    assert read.names <= ALLOWED
    assert not {name for name in read.attributes if name.startswith("on") or name == "style"}
    assert outline(report).totals in read.text


def test_the_page_allows_its_own_script_and_style_by_hash_and_asks_nobody() -> None:
    text = page(replace(second_day(), links=True))
    found = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert found is not None
    allowed = found[1]
    assert "unsafe" not in allowed
    for name, kind in (("style", "style-src"), ("script", "script-src")):
        parts = re.findall(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
        assert len(parts) == 1
        digest = base64.b64encode(hashlib.sha256(parts[0].encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in allowed
    assert allowed.startswith("default-src 'none'; ")
    assert allowed.endswith("base-uri 'none'; form-action 'none'")
    assert "url(" not in text
    assert "@import" not in text
    links = {link for link in Page(text).links if not link.startswith("#")}
    assert links == {ORDERS.runbook, ORDERS.console_url}


def test_every_place_that_the_page_links_to_is_there() -> None:
    text = page(second_day())
    named = set(re.findall(r' id="([^"]+)"', text))
    assert {link[1:] for link in Page(text).links if link.startswith("#")} <= named


def test_the_page_tells_what_the_email_tells() -> None:
    told = outline(second_day())
    read = Page(page(second_day()))
    for section in told.sections:
        assert section.title in read.text
        for entry in section.entries:
            assert entry.title in read.text
            for line in entry.lines:
                assert line.text in read.links if line.kind == "url" else line.text in read.text
    for text in (*told.notes, *told.closing, told.origin):
        assert text in read.text


def test_the_page_has_a_row_a_table_the_worst_first() -> None:
    rows = re.findall(
        r'<details class="row (\w+)".*?<span class="name">(.*?)</span>', page(second_day()), re.DOTALL
    )
    shown = [(kind, name.replace("<wbr>", "")) for kind, name in rows]
    assert len(shown) == len({one.table for one in second_day().findings})
    assert shown[0] == ("critical", "legacy.t00")
    assert ("silenced", "web.old") in shown
    assert ("unknown", "hr.staff") in shown
    assert shown[-1] == ("fresh", "sales.old")
    kinds = [kind for kind, _ in shown]
    assert kinds == sorted(kinds, key=RANKS.index)


def test_the_fleet_has_a_square_a_table_that_leads_to_its_row() -> None:
    text = page(second_day())
    squares = re.findall(r'<a class="(\w+)" href="#(t\d+)" tabindex="-1" title="([^"]+)">', text)
    rows = re.findall(r'<details class="row (\w+)" id="(t\d+)"', text)
    assert [(kind, place) for kind, place, _ in squares] == rows


def test_one_table_has_no_fleet() -> None:
    assert 'class="fleet"' not in page(report_of([ORDERS]))


def test_names_break_between_their_words_alone() -> None:
    assert breakable("sales_eu.orders-v2/x") == "sales_<wbr>eu.<wbr>orders-<wbr>v2/<wbr>x"
    assert breakable("<b>.x") == "&lt;b&gt;.<wbr>x"
    assert breakable("") == ""


def test_dates_stay_on_one_line() -> None:
    assert prose("of 2026-11-22, <2026-W47>") == (
        'of <span class="date">2026-11-22</span>, &lt;<span class="date">2026-W47</span>&gt;'
    )
    assert prose("since Sat 28 Nov 2026 06:00") == 'since <span class="date">Sat 28 Nov 2026</span> 06:00'


def test_a_statement_is_shown_as_it_stands() -> None:
    shown = Page(page(report_of([SESSIONS])))
    assert shown.text.count(ALTER) == 2


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
    assert [link for link in shown.links if not link.startswith("#")] == []
    assert not {name for name in shown.attributes if name.startswith("on")}


@settings(max_examples=30)
@given(st.text(max_size=60))
def test_any_name_leaves_a_whole_page(text: str) -> None:
    shown = Page(page(report_of([replace(CLICKS, table=text, because=text)], name=text)))
    assert shown.open == []
    assert shown.names <= ALLOWED


def test_a_fragment_shows_the_worst_hundred() -> None:
    many = [finding(f"t{number:03}") for number in range(150)]
    text = fragment(report_of([*many, ORDERS])).replace("<wbr>", "")
    assert text.count('<td class="table">') == 100
    assert text.index("sales.orders") < text.index("t000")
    assert "51 more findings are not shown here." in text
