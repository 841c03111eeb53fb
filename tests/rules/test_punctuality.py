"""How often a table was on time: told over its last 30 periods, however few of them a run looks at."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import State
from checks.config import load
from checks.history.document import from_text, to_text
from checks.lake.observe import observe
from checks.model import Item, ItemState, PastPeriod
from checks.monitor.plan import plan
from checks.monitor.run_memory import records
from checks.rules.asking import Clock
from checks.rules.punctuality import MOST_PERIODS, on_time_share, past_periods, usual
from tests.monitor.test_healthy_month import FakeCatalog
from tests.support.lakes import MemoryLake
from tests.support.times import DAY, HOUR
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.lake.glue.catalog import Catalog
    from checks.model import Finding

FIRST = date(2026, 9, 1)
BAD = [ItemState.MISSING, ItemState.EMPTY, ItemState.UNREGISTERED]


def nights(lookback: int, hours: Mapping[int, float | None], number: int = 40) -> Finding:
    """Run at noon for so many days, and return the last finding of a table whose days come 5 h after their end.

    ``hours`` says of single days (by their number) after how many hours they come instead, None for never.
    What is remembered goes through the document of the history each time.
    """
    lake = MemoryLake()
    lake.bucket("acme-raw")
    table = lake.table("sales.orders", dt="string")
    block = {"every": "1d", "due": "06:00", "lookback": lookback}
    config = load(
        {"version": 1, "name": "n", "tables": [{"table": "sales.orders", "partitions": block}]}, environ={}
    )
    state, found = State(), []
    for day in range(number):
        label = (FIRST + day * DAY).isoformat()
        midnight = datetime.fromisoformat(label).replace(tzinfo=UTC) + DAY
        after = hours.get(day, 5)
        if after is not None:
            came = midnight + after * HOUR
            lake.put(f"{table.location}dt={label}/part-0.parquet", came)
            lake.register(table, (label,), None, came)
        now = midnight + 12 * HOUR
        planned = plan(config, cast("Catalog", FakeCatalog({table.id: table})), state.tables, now)
        (watched,) = planned.plans
        clock = Clock(now=now, last_completed_at=state.last_completed_at)
        seen = observe(watched, clock, lake.reader(watched))
        found = list(judge(watched, seen, clock).values())
        kept = records(state, planned, {table.id: seen}, found)
        state = from_text(to_text(State(last_completed_at=now, tables=kept)))
    (finding,) = found
    return finding


def test_a_run_that_looks_at_a_week_tells_of_a_month() -> None:
    finding = nights(7, {39: 7})
    assert finding.because == (
        "each of 7 due days has data; on time 29 of the last 30 (2026-10-10 came 1 h after its deadline)"
    )


def test_periods_late_or_missing_long_ago_stay_so() -> None:
    late_and_missing = {39: None, 20: 7, 12: None}
    assert nights(7, late_and_missing).usual == "on time 27 of the last 30"


@pytest.mark.parametrize(("day", "told"), [(9, 29), (10, 28), (11, 28)])
def test_the_thirty_first_counts_no_more(day: int, told: int) -> None:
    assert nights(7, {39: None, day: 9}).usual == f"on time {told} of the last 30"


def test_a_period_that_was_missing_and_came_is_late_not_missing_and_counts_once() -> None:
    assert nights(7, {38: 30, 39: 7}).because.startswith(
        "each of 7 due days has data; on time 28 of the last 30"
    )


def test_a_first_run_tells_of_what_it_looked_at() -> None:
    assert nights(7, {3: None}, number=4).usual == "on time 3 of the last 4"


def test_a_table_that_is_always_on_time_has_nothing_to_tell() -> None:
    assert nights(7, {}).usual == ""


def test_another_cadence_does_not_count() -> None:
    hours = {f"2026-11-22 {hour:02d}:00": PastPeriod(at(hour), on_time=False) for hour in range(24)}
    assert on_time_share([item("2026-11-22", 30)], hours) == "on time 1 of the last 1"


def test_what_cannot_be_told_leaves_what_was_known() -> None:
    before = {"2026-11-21": PastPeriod(at(6), on_time=True)}
    unknown = item("2026-11-21", 6, ItemState.UNKNOWN)
    assert past_periods([unknown], before) == before
    in_part = Item(period="2026-11-21", state=ItemState.PRESENT, due_at=at(6))
    assert past_periods([in_part], {}) == {}


def test_each_value_of_a_dimension_counts_and_the_last_thirty_deadlines_of_all() -> None:
    items = [
        Item(
            period=f"d{day:03d}",
            state=ItemState.PRESENT,
            dimensions=(("region", region),),
            due_at=at(24 * day),
            arrived_at=at(24 * day),
        )
        for day in range(40)
        for region in ("eu", "us")
    ]
    assert on_time_share(items, {}) == "on time 60 of the last 60"


STATES = st.sampled_from([ItemState.PRESENT, ItemState.LATE, ItemState.UNKNOWN, *BAD])


@given(st.dictionaries(st.integers(0, 90), STATES), st.dictionaries(st.integers(0, 90), st.booleans()))
def test_it_is_bounded_stable_and_never_praises_what_it_does_not_know(
    now: dict[int, ItemState], before: dict[int, bool]
) -> None:
    items = [item(f"d{day:03d}", 24 * day, state) for day, state in now.items()]
    kept = past_periods(
        items, {f"d{day:03d}": PastPeriod(at(24 * day), on_time=on) for day, on in before.items()}
    )
    assert len(kept) <= MOST_PERIODS
    assert past_periods(items, kept) == kept
    known = set(before) | {day for day, state in now.items() if state is not ItemState.UNKNOWN}
    assert {int(key[1:]) for key in kept} == set(sorted(known)[-MOST_PERIODS:])
    for day, state in now.items():
        if f"d{day:03d}" in kept and state is not ItemState.UNKNOWN:
            assert kept[f"d{day:03d}"].on_time is (state is ItemState.PRESENT)
    if not any(one.on_time for one in kept.values()) and ItemState.LATE not in now.values():
        assert usual(items, kept) == ""


def at(hour: int) -> datetime:
    return datetime(2026, 9, 1, tzinfo=UTC) + timedelta(hours=hour)


def item(period: str, hour: int, state: ItemState = ItemState.PRESENT) -> Item:
    arrived = at(hour) if state in {ItemState.PRESENT, ItemState.LATE} else None
    return Item(period=period, state=state, due_at=at(hour), arrived_at=arrived)
