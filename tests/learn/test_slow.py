"""What is learned of tables of weeks to years: their labels, the boundaries of their days, and laws."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.learn import Alert, Arrival, replay
from checks.learn.cadence import loads_of
from checks.learn.calendars import FRIDAYS, MOST_DAYS, month_start, working_days
from checks.learn.keys import DAY, HOUR, parse
from checks.learn.sentences import cycle_in_words, label_of
from checks.learn.several import fit_slow
from checks.learn.slow import Cycle, fit_cycle
from checks.learn.spots import Kind, Spot, place_of
from tests.support.slow_tables import (
    GERMAN,
    SHARE,
    after,
    at,
    cycle_of,
    due,
    jitter,
    moment,
    months,
    on,
    said,
    working,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def labels(keys: Callable[[date], str], firsts: Iterable[date], lag: int, hour: float = 6) -> list[Arrival]:
    return [Arrival(at(d + timedelta(days=lag), hour) + jitter(i), keys(d)) for i, d in enumerate(firsts)]


def quarter(day: date) -> str:
    return f"{day.year}Q{day.month // 3 + 1}"


MONDAYS = [date(2025, 1, 6) + timedelta(weeks=i) for i in range(40)]
LABELLED = [
    ("{:%G-W%V}".format, MONDAYS, 8, "2025-W42"),
    ("{:%G-W%V}".format, MONDAYS[::2], 9, "2025-W42"),
    ("month={:%Y-%m}".format, months(2024, 20), 33, "2025-09"),
    ("year={0.year}/month={0.month}".format, months(2024, 20), 2, "2025-09"),
    (quarter, months(2022, 36)[::3], 99, "2025-Q1"),
    ("{:%Y}".format, [date(y, 1, 1) for y in range(2016, 2025)], 400, "2025"),
]


class TestLabels:
    @pytest.mark.parametrize(("keys", "firsts", "lag", "label"), LABELLED)
    def test_the_next_label_is_due_after_its_own_time(
        self, keys: Callable[[date], str], firsts: list[date], lag: int, label: str
    ) -> None:
        arrivals = labels(keys, firsts, lag)
        assert all(parse(a.partition) for a in arrivals)
        runs = [(key.start, a.at) for a in arrivals if (key := parse(a.partition)) is not None]
        cycle = fit_cycle(loads_of(runs, labelled=True), SHARE, labelled=True)
        assert cycle is not None
        following = cycle.number_of(runs[-1][0]) + 1
        assert label_of(cycle, following) == label
        assert f" for {label}" in cycle_in_words(cycle, runs[-1][0])
        start = parse(label)
        assert start is not None
        late = cycle.due_of(following) - (start.start + lag * DAY + 6 * HOUR)
        # From the end of a month to a day of the next a lag of days moves by the length of the month.
        assert -2 * DAY < late - cycle.margin < 4 * DAY

    def test_backfills_and_rewrites_say_nothing(self) -> None:
        arrivals = labels("month={:%Y-%m}".format, months(2023, 30), 35)
        old = [Arrival(arrivals[k].at + 10 * DAY, arrivals[k - 9].partition) for k in range(10, 30, 2)]
        assert due(sorted([*arrivals, *old])) == due(arrivals)
        hidden = replay([*arrivals[:-1], *old], SHARE, arrivals[14].at, arrivals[-1].at + 20 * DAY)
        assert [(a.check, a.opened < arrivals[-1].at + 2 * DAY) for a in hidden] == [("partitions", True)]

    def test_several_labels_at_one_load_are_one_period(self) -> None:
        arrivals = [
            Arrival(at(after(m), 6, "UTC") + 3 * DAY + k, f"{after(m, k - 2):%Y-%m}")
            for m in months(2022, 40)
            if m.month % 3 == 0
            for k in range(3)
        ]
        cycle = cycle_of(arrivals)
        assert (cycle.step, label_of(cycle, cycle.number_of(parse("2025-03").start) + 1)) == (3, "2025-06")  # type: ignore[union-attr]
        assert replay(arrivals, SHARE, arrivals[24].at, arrivals[-1].at) == []

    def test_a_week_of_days_at_one_load_is_a_week(self) -> None:
        arrivals = [
            Arrival(at(monday + timedelta(days=8), 6) + 20 * k, f"dt={monday + timedelta(days=k)}")
            for monday in MONDAYS
            for k in range(7)
        ]
        assert "weeks on Tue, 1 week after its own at 06:02 UTC; due " in said(arrivals)

    @pytest.mark.slow
    def test_months_that_are_written_daily_are_asked_for_their_days_too(self) -> None:
        days = [date(2025, 1, 1) + timedelta(days=i) for i in range(400)]
        arrivals = [Arrival(at(d, 6) + jitter(d.day), f"month={d:%Y-%m}") for d in days]
        assert "; files on 63 of the last 63 days between 06:0" in said(arrivals)
        lost = [a for a in arrivals if not moment("2026-01-14") < a.at < moment("2026-01-16")]
        alerts = replay(lost, SHARE, arrivals[200].at, arrivals[-1].at)
        assert [(a.check, a.closed) for a in alerts] == [
            ("freshness", moment("2026-01-16 06:00") + jitter(16))
        ]
        # What goes on into the old month does not hide that the new one is missing.
        stuck = [Arrival(a.at, "month=2025-12") if a.at > moment("2026-01-01") else a for a in arrivals]
        alerts = replay(stuck, SHARE, arrivals[200].at, arrivals[-1].at)
        assert [(a.check, a.closed) for a in alerts] == [("partitions", None)]
        assert alerts[0].opened < moment("2026-01-03")


class TestBoundaries:
    @pytest.mark.parametrize(
        ("last", "following"),
        [
            ("2025-12-03", "2026-01-03"),
            ("2026-01-03", "2026-02-03"),
            ("2024-02-03", "2024-03-03"),
            ("2026-02-03", "2026-03-03"),
        ],
    )
    def test_a_month_is_told_just_after_its_deadline(self, last: str, following: str) -> None:
        end = date.fromisoformat(last)
        begin = date(end.year - 2, end.month, 3)
        days = [after(begin.replace(day=1), i) + timedelta(days=2) for i in range(25)]
        arrivals = [Arrival(at(d, 9)) for d in days]
        assert days[-1] == end
        deadline = moment(f"{following} 09:00") + cycle_of(arrivals).margin
        assert due(arrivals) == pytest.approx(deadline, abs=1)
        begun = arrivals[15].at
        for seconds, expected in ((-1, []), (0, []), (1, [Alert(due(arrivals), None, "freshness")])):
            assert replay(arrivals, SHARE, begun, due(arrivals) + seconds) == expected

    def test_the_29th_of_february(self) -> None:
        arrivals = on([after(m) - timedelta(days=1) for m in months(2022, 25)])  # to January 2024
        leap = due(arrivals)
        assert moment("2024-03-01 06:00") < leap < moment("2024-03-01 18:00")

    def test_a_change_of_clocks_moves_the_deadline_with_the_wall(self) -> None:
        arrivals = on([m + timedelta(days=14) for m in months(2023, 27)], 6, "Europe/Berlin")  # to March 2025
        winter = due(arrivals[:26])
        summer = due(arrivals[:27])
        assert (summer - winter) == pytest.approx(31 * DAY - HOUR, abs=900)

    def test_spots_at_the_ends_of_months(self) -> None:
        february = 2024 * 12 + 1
        assert Spot(weeks=False, kind=Kind.END, number=-1).day(february) == month_start(february + 1) - 1
        assert Spot(weeks=False, kind=Kind.START, number=28).day(february) == month_start(february) + 28
        assert (
            Spot(weeks=False, kind=Kind.OPEN, number=1, place="DE").day(2026 * 12)
            == (date(2026, 1, 2) - date(1970, 1, 1)).days
        )
        assert (
            Spot(weeks=False, kind=Kind.OPEN_END, number=-1).day(2026 * 12 + 4)
            == (date(2026, 5, 29) - date(1970, 1, 1)).days
        )
        saturday = Spot(weeks=False, kind=Kind.NEXT, number=2)  # 3 January 2026
        assert saturday.day(2026 * 12) == (date(2026, 1, 5) - date(1970, 1, 1)).days
        assert (
            Spot(weeks=False, kind=Kind.PREVIOUS, number=2).day(2026 * 12)
            == (date(2026, 1, 2) - date(1970, 1, 1)).days
        )

    @given(st.integers(2000 * 12, 2100 * 12), st.sampled_from([MOST_DAYS, FRIDAYS, "DE", "US", "SA"]))
    @settings(max_examples=50, deadline=None)
    def test_working_days_lie_in_their_month_and_are_never_too_few(self, month: int, place: str) -> None:
        days = working_days(place, month)
        assert days == tuple(sorted(set(days)))
        assert month_start(month) <= days[0]
        assert days[-1] < month_start(month + 1)
        assert len(days) >= 12


@st.composite
def slow_tables(draw: st.DrawFn) -> list[float]:
    """Draw arrivals of some years: of weeks, months or quarters, by the day or working day, late now and then, lost."""
    step = draw(st.sampled_from([1, 1, 3]))
    number = draw(st.sampled_from([1, 3, -1]))
    by_day = draw(st.integers(0, 27))
    is_working = draw(st.booleans())
    weeks = draw(st.sampled_from([0, 0, 1, 2]))
    hours = draw(st.lists(st.floats(0, 30), min_size=30, max_size=30))
    lost = draw(st.sets(st.integers(5, 29), max_size=4))
    found = []
    for i in range(30):
        first = after(date(2019, 1, 1), step * i)
        day = working(first, number, GERMAN) if is_working else first + timedelta(days=by_day)
        if weeks:
            day = date(2023, 1, 2) + timedelta(days=by_day % 7 + 7 * weeks * i)
        if i not in lost:
            found.append(float(int(at(day, 6 + hours[i]))))
    return found


class TestLaws:
    @pytest.mark.slow
    @settings(max_examples=25, deadline=None)
    @given(slow_tables(), st.integers(10, 25), st.floats(0, 1))
    def test_nothing_looks_ahead(self, times: list[float], place: int, part: float) -> None:
        arrivals = [Arrival(t) for t in times]
        instant = (
            times[place] + part * (times[place + 1] - times[place]) if place + 1 < len(times) else times[-1]
        )
        begin = times[8]
        whole = replay(arrivals, SHARE, begin, times[-1])
        cut = replay([a for a in arrivals if a.at <= instant], SHARE, begin, instant)
        assert [a.opened for a in cut if a.opened < instant] == [
            a.opened for a in whole if a.opened < instant
        ]
        closed = [a.closed for a in whole if a.closed is not None and a.closed <= instant]
        assert [a.closed for a in cut if a.closed is not None] == closed

    @settings(max_examples=25, deadline=None)
    @given(slow_tables())
    def test_what_is_older_is_never_due_later(self, times: list[float]) -> None:
        model = fit_slow([(t, t) for t in times], SHARE, labelled=False)
        assert model is not None
        instants = [times[0] + (times[-1] - times[0]) * i / 200 for i in range(201)]
        for earlier, later in pairwise(instants):
            assert model.due(earlier) <= model.due(later)
            assert model.due(later) > later

    @settings(max_examples=25, deadline=None)
    @given(slow_tables())
    def test_an_arrival_on_schedule_moves_the_deadline_on(self, times: list[float]) -> None:
        known = [(t, t) for t in times]
        model = fit_slow(known, SHARE, labelled=False)
        if not isinstance(model, Cycle):
            return
        following = model.due(times[-1]) - model.margin
        moved = fit_slow([*known, (following, following)], SHARE, labelled=False)
        assert moved is not None
        assert moved.due(following) > model.due(times[-1])

    @settings(max_examples=20, deadline=None)
    @given(st.sampled_from([1, 2, 4]), st.integers(0, 6), st.floats(0, 23), st.integers(1, 100))
    def test_shifting_all_by_whole_weeks_shifts_the_deadline(
        self, weeks: int, weekday: int, hour: float, by: int
    ) -> None:
        times = [at(date(2024, 1, 1) + timedelta(days=weekday + 7 * weeks * i), hour) for i in range(20)]
        moved = [t + 7 * DAY * by for t in times]
        one, other = (fit_slow([(t, t) for t in each], SHARE, labelled=False) for each in (times, moved))
        assert one is not None
        assert other is not None
        # Clocks that did not change in these weeks explain them as well as UTC does, and the latest deadline counts.
        assert other.due(moved[-1]) == pytest.approx(one.due(times[-1]) + 7 * DAY * by, abs=HOUR + 1)

    @settings(max_examples=20, deadline=None)
    @given(day=st.integers(0, 27), hour=st.floats(0, 23), by=st.integers(1, 40), dated=st.booleans())
    def test_shifting_all_by_whole_months_shifts_the_deadline_by_them(
        self, day: int, hour: float, by: int, *, dated: bool
    ) -> None:
        def deadline(begin: date) -> tuple[float, date]:
            firsts = [after(begin, i) for i in range(24)]
            runs = [(at(f, 0), at(f + timedelta(days=day), hour)) for f in firsts]
            model = fit_slow(runs if dated else [(t, t) for _, t in runs], SHARE, labelled=dated)
            assert model is not None
            return model.due(runs[-1][0] if dated else runs[-1][1]), after(firsts[-1]) + timedelta(days=day)

        one, expected = deadline(date(2020, 1, 1))
        other, later = deadline(after(date(2020, 1, 1), by))
        assert other - at(later, hour) == pytest.approx(one - at(expected, hour), abs=1)

    @given(one=st.floats(0, 4e9), other=st.floats(0, 4e9), weeks=st.booleans())
    def test_places_keep_the_order_of_time(self, one: float, other: float, *, weeks: bool) -> None:
        first, second = sorted((one, other))
        assert place_of(first, weeks=weeks) <= place_of(second, weeks=weeks)
