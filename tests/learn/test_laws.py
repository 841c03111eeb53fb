"""Laws of learning, whatever the arrivals are: nothing looks ahead, order and duplicates say nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.learn import Alert, Arrival, replay
from checks.learn.keys import DAY, HOUR

pytestmark = pytest.mark.slow
START = 1_769_904_000.0  # 2026-02-01T00:00:00Z
BEGIN = START + 30 * DAY
END = START + 60 * DAY


def draws(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same each time


@st.composite
def tables(draw: st.DrawFn) -> list[Arrival]:
    """Draw arrivals of 60 days: of a cadence, with jitter, lost runs, keys or none, rewrites, odd sizes."""
    step = draw(st.sampled_from([HOUR / 2, HOUR, 6 * HOUR, 8 * HOUR, DAY, 7 * DAY]))
    dated = draw(st.booleans())
    every = draw(st.integers(3, 40))
    jitter = draw(st.sampled_from([10.0, 600.0, 7200.0]))
    random = draws(draw(st.integers(0, 2**32)))
    lost = draw(st.tuples(st.integers(0, 59), st.integers(0, 9)))
    found = []
    at = START
    while at < END:
        day = int((at - START) // DAY)
        if not lost[0] <= day < lost[0] + lost[1]:
            when = float(int(at + 3 * HOUR + random.random() * jitter))
            key = _key(at, step) if dated else ""
            size = 0 if random.randrange(every * 8) == 0 else random.randrange(900, 1100)
            found.append(Arrival(when, key, size, 1))
            if random.randrange(every) == 0:
                found.append(Arrival(when + 60, _key(at - 5 * step, step) if dated else "", size, 1))
            if random.randrange(every * 4) == 0:
                found.append(Arrival(when, "no date" if dated else "eu", None))
        at += step
    return found


def _key(at: float, step: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).strftime("dt=%Y-%m-%d/hour=%H" if step < DAY else "dt=%Y-%m-%d")


def told(arrivals: list[Arrival], end: float = END, every: float = 0.0) -> list[Alert]:
    return replay(arrivals, 0.6, BEGIN, end, every)


@settings(max_examples=25, deadline=None)
@given(tables(), st.floats(BEGIN, END), st.sampled_from([0.0, 900.0]))
def test_cutting_the_arrivals_after_an_instant_changes_no_alert_before_it(
    arrivals: list[Arrival], instant: float, every: float
) -> None:
    whole = told(arrivals, END, every)
    cut = told([a for a in arrivals if a.at <= instant], instant, every)
    known = [
        a if a.closed is not None and a.closed <= instant else replace(a, closed=None)
        for a in whole
        if a.opened <= instant
    ]
    # An alert that opens at the very instant is known only to a look after it.
    assert [a for a in cut if a.opened < instant] == [a for a in known if a.opened < instant]


@settings(max_examples=25, deadline=None)
@given(tables(), st.integers(0, 2**32))
def test_order_and_duplicates_of_rows_change_nothing(arrivals: list[Arrival], seed: int) -> None:
    shuffled = arrivals + arrivals[::3]
    draws(seed).shuffle(shuffled)
    assert told(shuffled) == told(arrivals)


@settings(max_examples=25, deadline=None)
@given(tables())
def test_alerts_of_a_check_come_in_order_and_do_not_overlap(arrivals: list[Arrival]) -> None:
    alerts = told(arrivals)
    for check in ("freshness", "partitions", "volume"):
        mine = [a for a in alerts if a.check == check]
        for one, next_one in pairwise(mine):
            assert one.closed is not None
            assert one.opened <= one.closed <= next_one.opened


@settings(max_examples=15, deadline=None)
@given(tables(), st.integers(0, 5))
def test_arrivals_after_the_end_say_nothing(arrivals: list[Arrival], later: int) -> None:
    future = [Arrival(END + 400 * DAY + i, "dt=2099-01-01", 1) for i in range(later)]
    assert told(arrivals + future) == told(arrivals)
