"""Ages, links, sentences and names as a report writes them."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import text as words
from checks.model import Item, ItemState, Status
from checks.report.text import one_line, render
from tests.support.emails import lines_of
from tests.support.report_cases import (
    CLICKS,
    FRESH,
    HOSTILE,
    NOW,
    ORDERS,
    finding,
    first_day,
    report_of,
)


@pytest.mark.parametrize("text", [HOSTILE, "x" * 300, "🙂" * 300, "a\u2028b\u2029c\ud800", "\x1b[31mred"])
def test_hostile_names_cannot_break_lines_or_hide_letters(text: str) -> None:
    hostile = finding(
        text,
        Status.FAIL,
        check=text,
        because=text,
        advice=text,
        usual=text,
        owner=text,
        runbook=text,
        items=(Item(period=text, state=ItemState.MISSING, remedy=text),),
    )
    shown = render(report_of([hostile], name=text, notes=[text]))
    assert {unicodedata.category(char) for char in shown.replace("\n", "")}.isdisjoint(
        {"Cc", "Cf", "Cs", "Zl", "Zp"}
    )
    assert not [line for line in shown.splitlines() if line.startswith(("BCC", "Subject"))]
    assert len(shown) < 4000


def test_one_line_for_telephones() -> None:
    assert one_line(first_day()) == (
        "S3 tables of prod: 8 new, 3 unknown, 20 fresh. First: sales.orders (partitions)."
    )
    assert one_line(report_of(FRESH)) == "S3 tables of prod: all 20 fresh."


@given(st.text(max_size=300), st.text(max_size=300))
def test_the_one_line_is_short_and_plain(name: str, table: str) -> None:
    shown = one_line(report_of([replace(ORDERS, table=table)], name=name))
    assert len(shown) <= 140
    assert shown.isascii()
    assert shown.isprintable()


@given(st.text())
def test_clean_text_has_nothing_hidden(text: str) -> None:
    shown = words.clean(text)
    assert words.clean(shown) == shown
    assert "\n" not in shown


@pytest.mark.parametrize(("longest", "expected"), [(9, "abc...hij"), (10, "abcdefghij"), (11, "abcdefghij")])
def test_names_are_cut_in_their_middle(longest: int, expected: str) -> None:
    assert words.shorten("abcdefghij", longest) == expected


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 min ago"),
        (timedelta(hours=31), "31 h ago"),
        (timedelta(days=2, hours=4), "2 days 4 h ago"),
        (-timedelta(hours=5), "in 5 h"),
    ],
)
def test_ages_are_for_people(span: timedelta, expected: str) -> None:
    assert words.ago(NOW - span, NOW) == expected
    assert words.age(NOW - span, NOW) == ("after this run" if span < timedelta() else expected)


@pytest.mark.parametrize(("seconds", "expected"), [(59, "just now"), (60, "after this run")])
def test_what_is_yet_to_come_has_no_age(seconds: int, expected: str) -> None:
    assert words.age(NOW + timedelta(seconds=seconds), NOW) == expected


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://wiki.example.com/a?b=c", True),
        ("http://wiki", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("https://a b", False),
        ("https://a\nb", False),
        ("https://[", False),
        ("//host/path", False),
        ("", False),
        (f"https://a/{'x' * 2000}", False),
    ],
)
def test_only_web_addresses_become_links(address: str, *, safe: bool) -> None:
    assert (words.url(address) == address) is safe


@pytest.mark.parametrize(
    ("because", "expected"),
    [
        ("no new data for 41 h", "  No new data for 41 h."),
        ("sales.orders holds nothing", "  sales.orders holds nothing."),
        ("what lies at s3://acme/a/", "  What lies at s3://acme/a/"),
        ("Never loaded.", "  Never loaded."),
        ("is it loaded?", "  Is it loaded?"),
        ("2 of 14 days have no data", "  2 of 14 days have no data."),
    ],
)
def test_a_sentence_gets_its_capital_and_full_stop_but_no_name_is_touched(
    because: str, expected: str
) -> None:
    assert lines_of(replace(CLICKS, because=because))[6] == expected


def test_an_empty_sentence_stays_empty() -> None:
    assert lines_of(replace(CLICKS, because=""))[5] == "WARNING web.clicks (freshness)"
