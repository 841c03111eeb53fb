"""Tables that go on and lack only what was due long ago are one item, which is asked about once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from checks.model import Finding, Item, ItemState, Status
from checks.report import text
from checks.report.build import LONG_DEAD
from checks.report.old_gaps import is_old_gap
from tests.support.report_cases import DAY, NOW, ORDERS, finding, report_of, state_after


def gap(table: str, *ages: timedelta, **more: object) -> Finding:
    """Return a failing finding that lacks periods that were due so long ago, and has the newest."""
    items = [
        Item(period=(NOW - age - DAY).date().isoformat(), state=ItemState.MISSING, due_at=NOW - age)
        for age in ages
    ]
    there = Item(period="2026-11-22", state=ItemState.PRESENT, due_at=NOW)
    return finding(table, Status.FAIL, check="partitions", items=(*items, there), **more)


GAPS = tuple(gap(f"old.t{number}", 9 * DAY, (8 + number) * DAY, owner="data") for number in range(4))


@pytest.mark.parametrize(
    ("age", "is_old"),
    [
        (LONG_DEAD - timedelta(seconds=1), False),
        (LONG_DEAD, False),
        (LONG_DEAD + timedelta(seconds=1), True),
    ],
)
def test_a_gap_is_old_once_the_newest_of_it_was_due_over_a_week_ago(age: timedelta, is_old: bool) -> None:  # noqa: FBT001 - a case
    assert is_old_gap(gap("a.b", 12 * DAY, age), report_of(())) is is_old


def test_what_is_expected_is_no_gap_and_what_has_no_deadline_is_not_old() -> None:
    known = gap("a.b", 9 * DAY, DAY)
    items = (known.items[0], replace(known.items[1], marked="0a1b"), known.items[2])
    assert is_old_gap(replace(known, items=items), report_of(()))
    assert not is_old_gap(replace(known, items=(replace(known.items[0], due_at=None),)), report_of(()))


def test_on_the_first_run_they_are_one_item_that_asks() -> None:
    told = text.render(report_of([*GAPS, ORDERS]))
    assert told.count("old.t0") == 2  # named, and in the example
    assert "CRITICAL 4 tables lack only what was due over 7 days ago" in told
    assert "checks expected old.t0 --period 2026-11-14" in " ".join(told.split())
    assert told.index("sales.orders") < told.index("4 tables lack only")


def test_from_then_on_they_are_one_line() -> None:
    found = [*GAPS, ORDERS]
    told = text.render(report_of(found, state_after(found, now=NOW - DAY)))
    assert "4 tables lack only what was due over 7 days ago: old.t0" in told
    assert "checks expected" not in told


def test_one_of_them_that_fails_anew_is_told_by_itself() -> None:
    anew = gap("old.t0", 9 * DAY, DAY)
    told = text.render(report_of([anew, *GAPS[1:]]))
    assert "3 tables lack only" in told
    assert "old.t0 (partitions)" in told


def test_two_are_told_one_by_one() -> None:
    assert "lack only" not in text.render(report_of(GAPS[:2]))
