"""The picture of what was learned: as many columns whatever came, a deadline, and shade where it was passed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.report.charts import CHART_HEIGHT, Drawing
from checks.report.silence_chart import silence_chart
from checks.rules.retold import Silence
from tests.support.times import DAY, HOUR, at

NOW = at("2026-11-23 12:00")


def silences(*gaps: timedelta, allowed: timedelta = 26 * HOUR) -> list[Silence]:
    """Return silences that last so long, one after the other, the last up to now."""
    begin, found = NOW - sum(gaps, timedelta()), []
    for number, gap in enumerate(gaps, 1):
        found.append(Silence(begin, begin + allowed, begin + gap if number < len(gaps) else None))
        begin += gap
    return found


def drawn(*gaps: timedelta) -> Drawing:
    found = silence_chart(silences(*gaps), NOW)
    assert found is not None
    return found


def paths(drawing: Drawing) -> dict[str, str]:
    return {mark.kind: mark.path for mark in drawing.marks}


def test_a_quiet_table_has_bars_and_a_deadline_and_no_shade() -> None:
    found = drawn(*[DAY] * 10, HOUR)
    assert found.said == "11 arrivals, none later than was learned"
    assert set(paths(found)) == {"fresh", "limit"}
    assert [line.text for line in found.lines] == ["26 h allowed"]
    assert (found.first, found.last) == ("2026-11-13", "2026-11-23")


@pytest.mark.parametrize(("gap", "is_late"), [(26 * HOUR, False), (26 * HOUR + timedelta(seconds=1), True)])
def test_exactly_the_deadline_is_in_time(gap: timedelta, is_late: bool) -> None:  # noqa: FBT001 - a parameter
    assert ("incident" in paths(drawn(*[DAY] * 5, gap, HOUR))) is is_late
    assert ("incident" in paths(drawn(*[DAY] * 5, gap))) is is_late


@pytest.mark.parametrize(
    ("gaps", "said"),
    [
        ((DAY, DAY, 3 * DAY, DAY), "4 arrivals, a silence longer than was learned, 3 days"),
        ((DAY, 2 * DAY, 3 * DAY, DAY), "4 arrivals, 2 silences longer than was learned, up to 3 days"),
        ((DAY, DAY, DAY, 2 * DAY), "4 arrivals, the next one overdue"),
        (
            (DAY, 3 * DAY, DAY, 2 * DAY),
            "4 arrivals, a silence longer than was learned, 3 days, and the next one overdue",
        ),
    ],
)
def test_it_says_in_words_what_it_shows(gaps: tuple[timedelta, ...], said: str) -> None:
    found = drawn(*gaps)
    assert found.said == said
    assert {"incident", "critical"} <= set(paths(found))


def test_too_few_are_not_drawn() -> None:
    assert silence_chart([], NOW) is None
    assert silence_chart(silences(DAY, DAY), NOW) is None
    assert silence_chart(silences(DAY, DAY, HOUR), NOW) is not None


def test_thirty_days_are_shown_and_of_slow_tables_thirty_arrivals() -> None:
    assert drawn(*[HOUR] * 2000).first == "2026-10-24"
    weeks = silence_chart(silences(*[7 * DAY] * 50, allowed=8 * DAY), NOW)
    assert weeks is not None
    assert weeks.first == f"{NOW - 30 * 7 * DAY:%Y-%m-%d}"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 400_000), min_size=3, max_size=60), st.integers(60, 200_000))
def test_whatever_came_it_stays_within_its_frame(seconds: list[int], allowed: int) -> None:
    gaps = [timedelta(seconds=each) for each in seconds]
    found = silence_chart(silences(*gaps, allowed=timedelta(seconds=allowed)), NOW)
    assert found is not None
    bars = paths(found).get("fresh", "") + paths(found).get("critical", "")
    assert bars.count("z") <= 120
    tops = [float(part.partition("V")[2].partition("h")[0]) for part in bars.split("M")[1:]]
    assert all(0 <= top <= CHART_HEIGHT for top in tops)
    late = any(gap > timedelta(seconds=allowed) for gap in gaps[-30:])
    if (
        max(gaps[:-30], default=timedelta()) <= timedelta(seconds=allowed)
        and sum(gaps, timedelta()) <= 30 * DAY
    ):
        assert ("incident" in paths(found)) is late


def test_of_many_deadlines_a_column_shows_the_latest() -> None:
    """A deadline that moves from one arrival to the next would else be hundreds of dots above one another."""
    gap = HOUR
    found = []
    for number in range(720):
        begin = NOW - (720 - number) * gap
        allowed = (3 if number == 300 else 2 if number % 2 else 1.5) * HOUR
        found.append(Silence(begin, begin + allowed, begin + gap))
    chart = silence_chart(found, NOW)
    assert chart is not None
    steps = [part.partition("h")[0] for part in paths(chart)["limit"].split("M")[1:]]
    heights = [round(CHART_HEIGHT * (1 - hours / 3.75), 1) for hours in (2, 3, 2)]
    assert [float(step.split()[1]) for step in steps] == heights
    assert [float(step.split()[0]) for step in steps] == [0, 150, 153]


def test_of_few_deadlines_each_is_a_step() -> None:
    found = []
    for number in range(20):
        begin = NOW - (20 - number) * DAY
        found.append(Silence(begin, begin + (30 if number % 2 else 40) * HOUR, begin + DAY))
    chart = silence_chart(found, NOW)
    assert chart is not None
    assert paths(chart)["limit"].count("M") == 20
