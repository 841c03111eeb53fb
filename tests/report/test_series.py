"""The last periods of a table as a page shows them: out of its findings, its memory and what was seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.model import (
    Finding,
    Item,
    ItemState,
    Listing,
    Observation,
    PartitionSeen,
    PastPeriod,
    Period,
    Severity,
    Size,
    Status,
    Table,
    TableMemory,
)
from checks.report.series import MOST_PERIODS, Came, Look, of_items, series

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
DAY = timedelta(days=1)
TABLE = Table(id="sales.orders")


def label(days: int) -> str:
    """Return the label of the day that many days ago."""
    return (NOW - days * DAY).date().isoformat()


def found(*items: Item) -> Finding:
    """Return what a check of periods found."""
    return Finding(
        table="sales.orders",
        check="partitions",
        status=Status.FAIL,
        severity=Severity.CRITICAL,
        because=".",
        items=items,
    )


def partition(days: int, size_bytes: int | None, *, complete: bool = True) -> PartitionSeen:
    """Return a day that was looked at; None: it could not be listed."""
    start = datetime(2026, 11, 23, tzinfo=UTC) - days * DAY
    period = Period(start, start + DAY, start.replace(tzinfo=None), label(days))
    listing = (
        None
        if size_bytes is None
        else Listing(objects=int(size_bytes > 0), size_bytes=size_bytes, complete=complete)
    )
    return PartitionSeen(period=period, listing=listing)


def look(*partitions: PartitionSeen, **memory: Any) -> Look:
    """Return what was seen of the table and remembered of it."""
    return Look(
        Observation(table=TABLE, now=NOW, partitions=partitions),
        TableMemory(**memory),
    )


def test_periods_go_from_the_oldest_on_with_what_became_of_each() -> None:
    states = [ItemState.MISSING, ItemState.LATE, ItemState.PRESENT, ItemState.UNKNOWN, ItemState.GONE]
    items = [Item(period=label(days), state=state, due_at=NOW) for days, state in enumerate(states, 1)]
    shown = series([found(*items)], look()).periods
    assert [one.label for one in shown] == [label(days) for days in (5, 4, 3, 2, 1)]
    assert [one.came for one in shown] == [Came.BAD, Came.UNKNOWN, Came.ON_TIME, Came.LATE, Came.BAD]


def test_what_left_the_lookback_is_shown_as_it_is_remembered() -> None:
    past = {label(2): PastPeriod(NOW - DAY, on_time=False), label(3): PastPeriod(NOW - 2 * DAY, on_time=True)}
    first = {label(3): NOW - 3 * DAY}
    item = Item(period=label(1), state=ItemState.PRESENT, due_at=NOW)
    shown = series([found(item)], look(past_periods=past, first_seen=first)).periods
    assert [(one.label, one.came, one.came_at) for one in shown] == [
        (label(3), Came.ON_TIME, NOW - 3 * DAY),
        (label(2), Came.LATE, None),
        (label(1), Came.ON_TIME, None),
    ]


def test_periods_of_another_cadence_are_not_shown() -> None:
    past = {"2026-11-20T05:00": PastPeriod(NOW - DAY, on_time=False)}
    item = Item(period=label(1), state=ItemState.PRESENT)
    assert len(series([found(item)], look(past_periods=past)).periods) == 1


def test_of_several_combinations_the_worst_is_shown() -> None:
    items = [
        Item(period=label(1), state=state, dimensions=(("region", region),))
        for region, state in (("ap", ItemState.PRESENT), ("eu", ItemState.MISSING), ("us", ItemState.LATE))
    ]
    assert [one.came for one in series([found(*items)], look()).periods] == [Came.BAD]


def test_sizes_are_those_of_now_else_as_remembered() -> None:
    remembered = {label(3): Size(30, 1), label(2): Size(20, 1), label(1): Size(10, 1)}
    shown = series(
        [], look(partition(1, 11), partition(1, 4), partition(2, None), partition(4, 40), sizes=remembered)
    )
    assert [(one.label, one.size_bytes) for one in shown.volumes] == [
        (label(4), 40),
        (label(3), 30),
        (label(2), 20),
        (label(1), 15),
    ]


@pytest.mark.parametrize(
    ("newest_due", "shown"),
    [(None, [3, 2, 1]), (3, [3]), (2, [3, 2]), (1, [3, 2, 1])],
)
def test_what_holds_nothing_and_is_not_due_has_no_size(newest_due: int | None, shown: list[int]) -> None:
    items = [Item(period=label(newest_due), state=ItemState.PRESENT)] if newest_due else []
    seen = look(partition(3, 30), *(partition(days, 0) for days in (2, 1, 0)))
    assert [one.label for one in series([found(*items)], seen).volumes] == [label(days) for days in shown]
    came = look(partition(3, 30), partition(0, 7))
    assert [one.size_bytes for one in series([found(*items)], came).volumes] == [30, 7]


def test_a_listing_that_was_ended_early_is_no_size() -> None:
    assert series([], look(partition(1, 11, complete=False))).volumes == ()


def test_a_kept_report_shows_its_items() -> None:
    item = Item(period=label(1), state=ItemState.LATE, due_at=NOW - DAY, arrived_at=NOW)
    (shown,) = of_items([found(item)]).periods
    assert (shown.came, shown.due_at, shown.came_at) == (Came.LATE, NOW - DAY, NOW)
    assert of_items([]).periods == ()


@given(st.lists(st.tuples(st.integers(1, 60), st.sampled_from(ItemState)), max_size=80))
def test_no_more_than_thirty_periods_each_once_and_in_order(given: list[tuple[int, ItemState]]) -> None:
    items = [Item(period=label(days), state=state) for days, state in given]
    labels = [one.label for one in series([found(*items)], look()).periods]
    assert labels == sorted({item.period for item in items})[-MOST_PERIODS:]
