"""Days of the month that tables keep to beside the nth one: two of each month, the second Tuesday, the last Friday."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from checks.learn import Arrival, Model, Watch, explain, replay
from checks.learn.keys import DAY, HOUR
from checks.learn.several import Several, fit_slow
from checks.learn.slow import Cycle, fit_cycle
from checks.learn.spots import Kind, Spot

SHARE = 0.2


def moment(day: date, hour: float = 6.0) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + hour * HOUR


def months(begin: int, count: int) -> list[date]:
    return [date(begin + m // 12, m % 12 + 1, 1) for m in range(count)]


def end_of(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def on(days: list[date], *, dated: bool = False) -> list[Arrival]:
    return [
        Arrival(moment(day) + day.toordinal() * 37 % 50 * 60, day.isoformat() if dated else "")
        for day in days
    ]


def of_month(*numbers: int, begin: int = 2023, count: int = 30) -> list[date]:
    """Return these days of each month, 31 for the last."""
    return [
        end_of(month) if number == 31 else month.replace(day=number)
        for month in months(begin, count)
        for number in numbers
    ]


def watched(arrivals: list[Arrival], *, dated: bool) -> Watch:
    watch = Watch(SHARE, arrivals[-1].at, dated)
    for arrival in arrivals:
        watch.add(arrival)
    return watch


class TestSeveralDays:
    @pytest.mark.parametrize("dated", [False, True])
    @pytest.mark.parametrize(("one", "other"), [(1, 15), (1, 16), (5, 20), (10, 25), (15, 31)])
    def test_each_day_is_due_by_itself(self, one: int, other: int, *, dated: bool) -> None:
        arrivals = on(of_month(one, other), dated=dated)
        for newest, following in (
            (-1, date(2025, 7, one)),
            (-2, end_of(date(2025, 6, 1)) if other == 31 else date(2025, 6, other)),
        ):
            watch = watched(arrivals[: newest + 1] if newest < -1 else arrivals, dated=dated)
            assert isinstance(watch.model, Model)
            assert isinstance(watch.model.slow, Several)
            due = watch.model.due(watch.history.last or 0.0, watch.history.newest)
            assert due is not None
            # Of a month 30 hours at the least, as of any that has only one day.
            assert moment(following) + 29 * HOUR < due[0] < moment(following) + 33 * HOUR

    def test_a_missing_one_is_told_once_and_a_late_one_is_not_taken_for_the_next(self) -> None:
        days = of_month(1, 15)
        missing = [day for day in days if day != date(2025, 4, 15)]
        told = replay(on(missing), SHARE, moment(date(2025, 1, 1)), moment(date(2025, 5, 20)))
        assert [(a.opened > moment(date(2025, 4, 16)), a.closed is not None) for a in told] == [(True, True)]
        late = sorted([*on(missing), Arrival(moment(date(2025, 4, 25)))])
        gone = [a for a in late if not moment(date(2025, 4, 30)) < a.at < moment(date(2025, 5, 5))]
        told = replay(gone, SHARE, moment(date(2025, 1, 1)), moment(date(2025, 5, 16), 0))
        assert [int(a.opened // DAY * DAY) for a in told] == [
            moment(date(2025, 4, 16), 0),
            moment(date(2025, 5, 12), 0),
        ]

    def test_it_is_said(self) -> None:
        watch = watched(on(of_month(1, 15)), dated=False)
        assert watch.model is not None
        said = explain(watch.model, watch.history)
        assert "months on day 1 " in said
        assert "months on day 15 " in said
        assert said.count("; due 2025-07-02") == 1

    @pytest.mark.parametrize("step", [7, 14])
    def test_weeks_stay_weeks(self, step: int) -> None:
        days = [date(2023, 1, 2) + timedelta(days=step * i) for i in range(60)]
        found = fit_slow([(moment(day), moment(day)) for day in days], SHARE, labelled=False)
        assert isinstance(found, Cycle)
        assert found.weeks

    def test_what_comes_by_chance_has_no_days(self) -> None:
        days = [date(2023, 1, 2) + timedelta(days=15 * i + i * i * 7 % 11) for i in range(40)]
        assert not isinstance(
            fit_slow([(moment(d), moment(d)) for d in days], SHARE, labelled=False), Several
        )


def nth(month: date, weekday: int, number: int) -> date:
    """Return the nth (from 1), or nth last (from -1), such weekday of a month."""
    days = [month + timedelta(days=i) for i in range(31)]
    found = [d for d in days if d.month == month.month and d.weekday() == weekday]
    return found[number - 1] if number > 0 else found[number]


class TestWeekdaysOfMonths:
    @pytest.mark.parametrize("number", [1, 2, 3, 4, -1, -2])
    @pytest.mark.parametrize("weekday", [0, 1, 4, 6])
    @pytest.mark.parametrize("hour", [2.0, 22.0])
    def test_the_nth_weekday_is_learned(self, weekday: int, number: int, hour: float) -> None:
        days = [nth(month, weekday, number) for month in months(2023, 30)]
        cycle = fit_cycle([(moment(d, hour), moment(d, hour)) for d in days[:-1]], SHARE, labelled=False)
        assert isinstance(cycle, Cycle)
        due = cycle.due(moment(days[-2], hour))
        assert due == pytest.approx(moment(days[-1], hour) + cycle.margin, abs=1)

    def test_the_days_of_a_spot(self) -> None:
        march = (2026 * 12) + 2
        for kind, number, day in (
            (Kind.WEEKDAY, 0, date(2026, 3, 2)),
            (Kind.WEEKDAY, 6, date(2026, 3, 1)),
            (Kind.WEEKDAY, 7 + 1, date(2026, 3, 10)),
            (Kind.WEEKDAY_END, 0, date(2026, 3, 30)),
            (Kind.WEEKDAY_END, 7 + 4, date(2026, 3, 20)),
        ):
            assert Spot(weeks=False, kind=kind, number=number).day(march) == (day - date(1970, 1, 1)).days
