"""The drawings of a page: every mark within its picture, and the same told in words."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.report import charts
from checks.report.series import Came, PeriodShown, Volume

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def period(came: Came, lag: timedelta | None = None, label: str = "2026-11-22") -> PeriodShown:
    """Return a period that was due now and came that much later."""
    return PeriodShown(label, came, NOW, None if lag is None else NOW + lag)


def test_a_strip_has_a_square_a_period_and_says_them_in_words() -> None:
    drawn = charts.strip([period(Came.ON_TIME), period(Came.BAD), period(Came.ON_TIME), period(Came.LATE)])
    assert drawn is not None
    assert {mark.kind: mark.path.count("M") for mark in drawn.marks} == {
        "critical": 1,
        "fresh": 2,
        "warning": 1,
    }
    assert drawn.said == "4 periods to 2026-11-22: 2 on time, 1 late, 1 without data"
    assert charts.strip([]) is None


def test_what_came_before_its_deadline_stands_above_the_line_and_what_came_after_below() -> None:
    drawn = charts.arrivals([period(Came.ON_TIME, -2 * HOUR), period(Came.LATE, HOUR), period(Came.BAD)])
    assert drawn is not None
    (due,) = [line for line in drawn.lines if line.kind == "due"]
    heights = {
        mark.kind: float(mark.path.split()[1].partition("a")[0]) for mark in drawn.marks if "a" in mark.path
    }
    assert heights["fresh"] < due.y < heights["warning"]
    assert [line.text for line in drawn.lines] == ["deadline", "2 h before", "1 h after"]
    assert "critical" in {mark.kind for mark in drawn.marks}
    assert drawn.said == "2 periods, 1 after the deadline; usually 1 h after it"


@pytest.mark.parametrize(("lag", "kind"), [(-1, "fresh"), (0, "fresh"), (1, "warning")])
def test_exactly_at_the_deadline_is_in_time(lag: int, kind: str) -> None:
    drawn = charts.arrivals([period(Came.ON_TIME, timedelta(microseconds=lag))] * 2)
    assert drawn is not None
    assert {mark.kind for mark in drawn.marks} == {kind}


def test_one_arrival_is_no_chart() -> None:
    assert charts.arrivals([period(Came.ON_TIME, HOUR), period(Came.BAD)]) is None


def test_bars_are_as_high_as_there_is_data() -> None:
    drawn = charts.volumes([Volume("a", 50), Volume("b", 100), Volume("c", 0)])
    assert drawn is not None
    heights = [float(found) for found in re.findall(r"h8v([\d.]+)", drawn.marks[0].path)]
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.01)
    assert heights[2] == 0
    assert drawn.said == "3 periods, the largest of 100 B, the last of 0 B"
    assert charts.volumes([Volume("a", 5)]) is None
    assert charts.volumes([Volume("a", 0), Volume("b", 0)]) is None


@pytest.mark.parametrize(
    ("hours", "kind"), [(23, "fresh"), (24, "fresh"), (25, "warning"), (36, "warning"), (37, "critical")]
)
def test_an_age_has_the_colour_of_the_limit_that_it_is_over(hours: int, kind: str) -> None:
    drawn = charts.age(NOW - hours * HOUR, NOW, NOW - 24 * HOUR, NOW - 36 * HOUR)
    assert drawn is not None
    assert drawn.marks[0].kind == kind
    assert drawn.said.endswith("warning after 24 h, critical after 36 h")


def test_an_age_ahead_of_the_clock_or_without_limits_is_not_drawn() -> None:
    assert charts.age(NOW + HOUR, NOW, None, NOW - HOUR) is None
    assert charts.age(NOW - HOUR, NOW, None, None) is None


@given(st.lists(st.tuples(st.sampled_from(Came), st.integers(-(10**7), 10**7)), min_size=1, max_size=30))
def test_every_mark_stands_within_its_picture(given: list[tuple[Came, int]]) -> None:
    periods = [period(came, timedelta(seconds=lag) if came < Came.UNKNOWN else None) for came, lag in given]
    sizes = [Volume(str(lag), abs(lag)) for _, lag in given]
    for drawn in (charts.strip(periods), charts.arrivals(periods), charts.volumes(sizes)):
        if drawn is None:
            continue
        for mark in drawn.marks:
            for x, y in re.findall(r"M(-?[\d.]+) (-?[\d.]+)", mark.path):
                assert 0 <= float(x) <= drawn.width
                assert 0 <= float(y) <= drawn.height
