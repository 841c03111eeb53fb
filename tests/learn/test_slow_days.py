"""What is learned of tables of weeks to years: their day by the calendar, outages, and changes of cadence."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from checks.learn import Arrival, replay
from checks.learn.cadence import loads_of, runs_of, since_change
from checks.learn.calendars import FRIDAYS, MOST_DAYS
from checks.learn.keys import DAY, HOUR
from checks.learn.spots import Kind
from tests.support.slow_tables import (
    AMERICAN,
    GERMAN,
    NONE,
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
    from collections.abc import Callable


class TestDays:
    @pytest.mark.parametrize(
        ("off", "number", "words"),
        [
            (NONE, 1, "on the 1st working day between 06:0"),
            (NONE, 3, "on the 3rd working day between 06:0"),
            (NONE, 8, "on the 8th working day between 06:0"),
            (NONE, -1, "on the last working day between 06:0"),
            (NONE, -3, "on the 3rd last working day between 06:0"),
            (GERMAN, 3, "on the 3rd working day (holidays of DE left out) between 06:0"),
            (AMERICAN, 3, "on the 3rd working day (holidays of US left out) between 06:0"),
        ],
    )
    def test_a_working_day_of_the_month_is_told_from_the_day_of_it(
        self, off: object, number: int, words: str
    ) -> None:
        all_months = months(2023, 30)
        arrivals = on([working(m, number, off) for m in all_months], 6, "Europe/Berlin")
        assert said(arrivals).startswith(f"12 of the last 12 months {words}")
        following = working(after(all_months[-1]), number, off)
        soonest = at(following, 6, "Europe/Berlin")
        assert soonest + DAY <= due(arrivals) <= soonest + 1.5 * DAY

    @pytest.mark.parametrize(
        ("day", "hour", "zone", "words"),
        [
            (1, 6, "UTC", "on day 1 between 06:0"),
            (28, 6, "UTC", "on day 28 between 06:0"),
            (15, 6, "Europe/Berlin", "on day 15 between 06:0"),
            (1, 0.5, "Europe/Berlin", "on day 1 between 00:3"),
            (15, 6, "Australia/Sydney", "on day 15 between 06:0"),
        ],
    )
    def test_a_day_of_the_month_keeps_its_wall_clock(
        self, day: int, hour: float, zone: str, words: str
    ) -> None:
        arrivals = on([m.replace(day=day) for m in months(2024, 30)], hour, zone)
        assert said(arrivals).startswith(f"12 of the last 12 months {words}")
        assert f"{zone}; due 2026-07" in said(arrivals)

    def test_the_last_day_of_the_month_is_its_last_in_each_month(self) -> None:
        arrivals = on([after(m) - timedelta(days=1) for m in months(2024, 26)], 20)
        assert "months on the last day between 20:0" in said(arrivals)
        assert moment("2026-04-01 20:00") <= due(arrivals) <= moment("2026-04-02 12:00")
        # And in February, of a leap year too.
        assert due(arrivals[:25]) <= moment("2026-03-02 12:00")

    def test_a_weekend_of_friday_and_saturday_is_found(self) -> None:
        weeks = [[first + timedelta(days=i) for i in range(9)] for first in months(2024, 30)]
        days = [[d for d in week if d.weekday() not in {4, 5}][2] for week in weeks]
        cycle = cycle_of(on(days))
        assert (cycle.spots[0].kind, cycle.spots[0].number, cycle.spots[0].place) == (Kind.OPEN, 3, FRIDAYS)

    def test_four_periods_claim_no_country_and_allow_a_quarter_of_a_period(self) -> None:
        arrivals = on([working(m, 3, GERMAN) for m in months(2025, 4)])
        cycle = cycle_of(arrivals)
        assert [spot.place for spot in cycle.spots] == [MOST_DAYS]
        assert 7 * DAY < cycle.margin < 8 * DAY
        assert said(arrivals).endswith("; few periods, so the margin is wide")

    @pytest.mark.parametrize(("count", "days"), [(4, 7.7), (7, 2), (8, 1.3), (30, 1.3)])
    def test_the_margin_of_an_exact_job_shrinks_with_the_periods_seen(self, count: int, days: float) -> None:
        assert days - 0.15 < cycle_of(on(months(2024, count))).margin / DAY <= days

    def test_every_other_week_and_every_fourth_keep_their_weekday(self) -> None:
        for weeks in (2, 4):
            arrivals = on(
                [date(2025, 1, 8) + timedelta(weeks=weeks * i) for i in range(30)], 6, "Europe/Berlin"
            )
            assert f"times of every {weeks} weeks on Wed between 06:0" in said(arrivals)
            assert "Europe/Berlin; due " in said(arrivals)

    def test_a_month_written_over_some_days_is_one_period(self) -> None:
        days = [m + timedelta(days=3 + i) for m in months(2024, 26) for i in range(3)]
        assert said(on(days)).startswith("12 of the last 12 months on day 4 between 06:0")

    def test_runs_of_weeks_in_many_files_are_weeks(self) -> None:
        arrivals = [
            Arrival(at(date(2025, 1, 7) + timedelta(weeks=i), 6) + 1200 * k)
            for i in range(12)
            for k in range(4)
        ]
        assert said(arrivals).startswith("12 of the last 12 weeks on Tue at 06:00 UTC; due ")


class TestOutages:
    def test_late_months_neither_widen_a_limit_nor_move_it(self) -> None:
        days = [m + timedelta(days=2) for m in months(2023, 30)]
        healthy = due(on(days))
        for late in ([20], [10, 16, 22, 27], [5, 6, 15, 25, 26]):
            moved = [d + timedelta(days=9 if i in late else 0) for i, d in enumerate(days)]
            assert abs(due(on(moved)) - healthy) < DAY / 2
            assert abs(due(on([d for i, d in enumerate(days) if i not in late])) - healthy) < DAY / 2

    def test_a_month_that_never_came_is_told_once_and_the_next_one_too(self) -> None:
        arrivals = on([m + timedelta(days=2) for m in months(2023, 36)])
        lost = [a for i, a in enumerate(arrivals) if i not in {28, 31}]
        alerts = replay(lost, SHARE, arrivals[14].at, arrivals[-1].at)
        assert [a.closed for a in alerts] == [arrivals[29].at, arrivals[32].at]
        for alert, number in zip(alerts, (28, 31), strict=True):
            assert arrivals[number].at + DAY < alert.opened < arrivals[number].at + 1.5 * DAY

    def test_a_long_silence_is_one_alert_and_leaves_the_habit(self) -> None:
        arrivals = on([m + timedelta(days=2) for m in months(2022, 48)])
        alerts = replay([*arrivals[:20], *arrivals[34:]], SHARE, arrivals[14].at, arrivals[-1].at)
        assert [(a.opened < arrivals[20].at + 1.5 * DAY, a.closed) for a in alerts] == [
            (True, arrivals[34].at)
        ]
        assert abs(due([*arrivals[:20], *arrivals[34:]]) - due(arrivals)) < DAY / 2

    @pytest.mark.parametrize("day", [9, 17, 24])
    def test_a_repair_in_the_middle_of_a_month_is_no_period(self, day: int) -> None:
        arrivals = on([m + timedelta(days=2) for m in months(2023, 30)])
        repairs = [Arrival(moment(f"2025-0{month}-{day:02d} 11:00")) for month in (2, 4, 6)]
        assert due(sorted([*arrivals, *repairs])) == pytest.approx(due(arrivals), abs=DAY / 4)
        assert replay([*arrivals, *repairs], SHARE, arrivals[14].at, arrivals[-1].at) == []
        # Before a month that never comes it hides nothing.
        alerts = replay([*arrivals[:-1], *repairs], SHARE, arrivals[14].at, arrivals[-1].at + 5 * DAY)
        assert [a.opened < arrivals[-1].at + 1.5 * DAY for a in alerts] == [True]

    def test_a_drift_of_hours_a_month_is_followed(self) -> None:
        arrivals = [Arrival(at(m, 6 + 3 * i)) for i, m in enumerate(months(2023, 36))]
        assert replay(arrivals, SHARE, arrivals[14].at, arrivals[-1].at) == []


RHYTHMS: dict[str, Callable[[date], bool]] = {
    "daily": lambda _: True,
    "weekly": lambda d: d.weekday() == 2,
    "fortnightly": lambda d: d.weekday() == 2 and d.isocalendar()[1] % 2 == 0,
    "monthly": lambda d: d.day == 3,
    "quarterly": lambda d: d.day == 3 and d.month % 3 == 1,
}
CHANGES = [
    ("monthly", "daily"),
    ("monthly", "weekly"),
    ("weekly", "monthly"),
    ("weekly", "fortnightly"),
    ("daily", "monthly"),
    ("quarterly", "monthly"),
    ("quarterly", "daily"),
    ("fortnightly", "weekly"),
]


def changed(before: str, then: str, *, dated: bool) -> tuple[list[Arrival], float]:
    begin = date(2021, 1, 1) if before == "quarterly" else date(2023, 6, 1)
    change = date(2025, 2, 10)
    found = []
    for number in range((date(2025, 12, 20) - begin).days):
        day = begin + timedelta(days=number)
        if RHYTHMS[then if day >= change else before](day):
            found.append(Arrival(at(day, 6) + jitter(number), day.isoformat() if dated else ""))
    return found, at(change, 0)


class TestChanges:
    @pytest.mark.slow
    @pytest.mark.parametrize("dated", [False, True])
    @pytest.mark.parametrize(("before", "then"), CHANGES)
    def test_a_cadence_that_changes_is_told_once_at_most_and_learned_anew(
        self, before: str, then: str, *, dated: bool
    ) -> None:
        arrivals, change = changed(before, then, dated=dated)
        alerts = replay(arrivals, SHARE, moment("2025-01-01"), arrivals[-1].at)
        assert len(alerts) <= 1
        # With the fourth of the new ones an outage of two more is told; of days a weekend more is borne.
        new = next(i for i, a in enumerate(arrivals) if a.at >= change)
        known = [*arrivals[: new + 4]]
        period = arrivals[new + 5].at - arrivals[new + 4].at
        end = known[-1].at + max(2.2 * period, 4.5 * DAY if then == "daily" else 0)
        told = replay(known, SHARE, moment("2025-01-01"), end)
        assert told[-1].closed is None
        assert told[-1].opened > known[-1].at

    def test_a_repair_of_some_days_is_no_change(self) -> None:
        arrivals = on([m + timedelta(days=2) for m in months(2023, 30)])
        repair = on([date(2025, 3, 10) + timedelta(days=i) for i in range(5)], 11)
        alerts = replay([*arrivals, *repair], SHARE, arrivals[14].at, arrivals[-1].at)
        # It looks like a table that became daily, which is told once when it ends.
        assert len(alerts) <= 1
        assert due(sorted([*arrivals, *repair])) == pytest.approx(due(arrivals), abs=DAY / 2)

    def test_three_gaps_alike_are_a_change_and_two_are_none(self) -> None:
        times = [31.0 * DAY * i for i in range(8)]
        for count, place in ((2, 0), (3, 7), (4, 7)):
            weekly = [times[-1] + 7 * DAY * (i + 1) for i in range(count)]
            assert since_change([*times, *weekly]) == place

    def test_loads_and_runs(self) -> None:
        times = [(t, t) for t in (0.0, HOUR, 20 * DAY, 20 * DAY + 11 * HOUR, 21 * DAY, 50 * DAY)]
        assert [own for own, _ in loads_of(times, labelled=False)] == [0.0, 20 * DAY, 21 * DAY, 50 * DAY]
        newest = loads_of([(5.0, 0.0), (6.0, HOUR), (7.0, 2 * DAY)], labelled=True)
        assert newest == [(6.0, HOUR), (7.0, 2 * DAY)]
        assert [own for own, _ in runs_of(loads_of(times, labelled=False))] == [0.0, 20 * DAY, 50 * DAY]
