"""What a terminal shows of a report: the tables first, worst on top, in its width, with colours or without."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.model import Status
from checks.report import text
from checks.report.brief import briefs, seen_in_brief
from checks.report.terminal import render, summary
from tests.support.report_cases import (
    CLICKS,
    DENIED,
    FRESH,
    HOSTILE,
    NOW,
    ORDERS,
    finding,
    report_of,
    second_day,
)

ANSI = re.compile(r"\033\[[0-9;]*m")


def test_the_worst_tables_come_first_and_each_once() -> None:
    rows = briefs(second_day())
    assert [row.kind for row in rows][:9] == ["critical"] * 7 + ["unknown"] * 2
    assert len({row.table for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("found", "seen"),
    [
        (ORDERS, "2 of 3 missing: 2026-11-21, 2026-11-22"),
        (CLICKS, "31 h ago"),
        (finding(observed=NOW + timedelta(days=4)), "after this run"),
        (DENIED[0], "denied"),
        (finding(because="It is well."), ""),
        (finding(status=Status.FAIL, because="2 columns are gone."), "2 columns are gone."),
    ],
)
def test_what_was_seen_is_told_in_few_words(found: object, seen: str) -> None:
    assert seen_in_brief(found, NOW) == seen  # type: ignore[arg-type] # each of the cases is a finding


@pytest.mark.parametrize("width", [40, 60, 80, 140])
@pytest.mark.parametrize("colour", [True, False])
def test_the_table_is_no_wider_than_the_terminal(width: int, colour: bool) -> None:  # noqa: FBT001 - a case
    long = replace(ORDERS, table="warehouse_of_everything." + "a_long_name_" * 5)
    told = summary(report_of([long, *second_day().findings]), width=width, colour=colour)
    assert max(len(ANSI.sub("", line)) for line in told.splitlines()) <= width
    assert ("\033[" in told) is colour


def test_colours_change_no_word() -> None:
    plain = render(second_day(), width=100, colour=False)
    coloured = render(second_day(), width=100, colour=True)
    assert [line.rstrip() for line in ANSI.sub("", coloured).splitlines()] == plain.splitlines()
    assert "\033[1;31mNEW (" in coloured


def test_below_the_table_stands_what_the_email_tells() -> None:
    assert render(second_day(), width=100, colour=False).endswith(text.render(second_day()))


def test_many_that_are_fresh_are_one_line_and_few_are_rows() -> None:
    assert "20 tables are fresh" not in summary(report_of(FRESH), width=80, colour=False)
    more = [*FRESH, finding("ops.one_more")]
    assert summary(report_of(more), width=80, colour=False) == "21 tables are fresh\n"


def test_very_many_that_are_not_well_are_counted() -> None:
    found = [finding(f"t.t{number:03}", Status.FAIL) for number in range(100)]
    told = summary(report_of(found), width=80, colour=False)
    assert told.count("critical") == 60
    assert told.endswith("... 40 more tables are not well\n")


def test_without_tables_there_is_no_table() -> None:
    assert summary(report_of(()), width=80, colour=False) == ""


def test_hostile_names_are_words() -> None:
    hostile = replace(ORDERS, table=HOSTILE + "[bold red]x[/]\033[31m", owner=HOSTILE)
    told = summary(report_of([hostile]), width=200, colour=False)
    assert "\033" not in told
    assert "[bold red]x[/]" in told
    assert len(told.splitlines()) == 2


@settings(max_examples=25)
@given(st.text(max_size=80), st.integers(40, 200))
def test_any_name_leaves_the_width(name: str, width: int) -> None:
    told = summary(report_of([replace(CLICKS, table=name, because=name)]), width=width, colour=False)
    assert all(char.isprintable() or char == "\n" for char in told)
