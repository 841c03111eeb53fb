"""What rests at the same time of each year: single months, school holidays, August; and what is no rest."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from checks.learn import Arrival, replay
from checks.learn.keys import DAY, HOUR
from checks.learn.slow import Cycle, fit_cycle
from checks.learn.yearly import Rest, rests_of

if TYPE_CHECKING:
    from collections.abc import Callable

SHARE = 0.2
EPOCH = date(1970, 1, 1)


def moment(day: date, hour: float = 6.0) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + hour * HOUR


def days_of(begin: date, end: date, comes: Callable[[date], bool]) -> list[date]:
    return [day for i in range((end - begin).days) if comes(day := begin + timedelta(days=i))]


def numbers(days: list[date]) -> list[int]:
    return [(day - EPOCH).days for day in days]


def arrivals(days: list[date], *, dated: bool) -> list[Arrival]:
    """Return an arrival a day, some minutes apart and without an order."""
    return [
        Arrival(moment(day) + day.toordinal() * 37 % 40 * 60, day.isoformat() if dated else "")
        for day in days
    ]


def in_term(day: date) -> bool:
    return (
        day.month not in {7, 8}
        and not (day.month, day.day) >= (12, 21)
        and not (day.month, day.day) <= (1, 4)
    )


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and in_term(day)


def is_thursday(day: date) -> bool:
    return day.weekday() == 3 and in_term(day)


def not_august(day: date) -> bool:
    return day.month != 8


def is_month(day: date) -> bool:
    return day.day == 5 and day.month not in {7, 8}


YEARS = (date(2023, 1, 1), date(2025, 6, 28))


class TestRests:
    def test_what_rests_in_two_years_rests_in_the_third(self) -> None:
        days = days_of(*YEARS, not_august)
        assert rests_of(numbers(days), 5) == (Rest((8, 1), (8, 31)),)

    def test_over_the_turn_of_the_year(self) -> None:
        found = rests_of(numbers(days_of(date(2022, 6, 1), date(2025, 6, 28), in_term)), 5)
        assert found == (Rest((7, 1), (8, 31)), Rest((12, 21), (1, 4)))
        turn = found[1]
        held = [
            turn.holds(day)
            for day in numbers([date(2025, 12, 20), date(2025, 12, 21), date(2026, 1, 4), date(2026, 1, 5)])
        ]
        assert held == [False, True, True, False]

    def test_what_lay_in_the_gap_of_each_year_rests(self) -> None:
        def comes(day: date) -> bool:
            ends = {2023: date(2023, 9, 4), 2024: date(2024, 9, 2)}
            return (
                not date(day.year, 7, 10 if day.year == 2023 else 8)
                <= day
                < ends.get(day.year, date(2025, 9, 1))
            )

        assert rests_of(numbers(days_of(*YEARS, comes)), 5) == (Rest((7, 10), (9, 1)),)

    @pytest.mark.parametrize(
        "comes",
        [
            lambda day: not date(2024, 8, 1) <= day <= date(2024, 8, 31),  # once: an outage as likely
            lambda day: (
                not (day.month == 8 and day.year == 2023) and not (day.month == 10 and day.year == 2024)
            ),
            lambda day: not (day.month == 8 and day.day > 27),  # as long as offices close
            lambda day: day.month in {1, 2, 3, 4},  # two thirds of a year are no pause
            lambda day: day.day == 5,  # a rhythm of months
        ],
    )
    def test_what_is_no_rest(self, comes: Callable[[date], bool]) -> None:
        assert rests_of(numbers(days_of(*YEARS, comes)), 5) == ()

    def test_of_a_leap_day_the_day_before_counts(self) -> None:
        days = days_of(date(2022, 9, 1), date(2024, 5, 1), lambda day: day.month != 2)
        assert rests_of(numbers(days), 5)[0].begin == (2, 1)


@pytest.mark.parametrize("dated", [False, True])
@pytest.mark.parametrize("comes", [is_working_day, is_thursday, not_august, is_month])
class TestTables:
    def test_a_third_pause_is_not_told_and_an_outage_after_it_is(
        self, comes: Callable[[date], bool], *, dated: bool
    ) -> None:
        days = days_of(date(2023, 2, 1), date(2025, 11, 20), comes)
        known = arrivals(days, dated=dated)
        begin = moment(date(2025, 5, 1))
        assert replay(known, SHARE, begin, known[-1].at) == []
        before = [a for a in known if a.at < moment(date(2025, 10, 1))]
        told = replay(before, SHARE, begin, moment(date(2025, 10, 25)))
        assert [alert.closed for alert in told] == [None]

    def test_an_end_of_a_pause_that_does_not_come_is_told(
        self, comes: Callable[[date], bool], *, dated: bool
    ) -> None:
        known = arrivals(days_of(date(2023, 2, 1), date(2025, 8, 1), comes), dated=dated)
        told = replay(known, SHARE, moment(date(2025, 5, 1)), moment(date(2025, 9, 20)))
        assert len(told) == 1
        assert moment(date(2025, 9, 1)) < told[0].opened < moment(date(2025, 9, 13))


class TestMonths:
    def test_a_pause_of_one_year_is_told(self) -> None:
        known = arrivals(days_of(date(2024, 1, 1), date(2025, 12, 1), is_month), dated=False)
        told = replay(known, SHARE, moment(date(2025, 1, 1)), known[-1].at)
        assert [alert.opened > moment(date(2025, 7, 5)) for alert in told] == [True]

    def test_the_months_that_are_left_out_are_those_of_two_years(self) -> None:
        runs = [(moment(day), moment(day)) for day in days_of(date(2022, 9, 1), date(2025, 6, 28), is_month)]
        cycle = fit_cycle(runs, SHARE, labelled=False)
        assert isinstance(cycle, Cycle)
        assert cycle.skipped == {6, 7}
        june = moment(date(2025, 6, 5))
        assert cycle.due(june) == pytest.approx(moment(date(2025, 9, 5)) + cycle.margin, abs=HOUR)
        assert (cycle.on_time, cycle.wanted) == (10, 10)

    def test_a_year_of_silence_says_nothing_of_its_months(self) -> None:
        days = days_of(
            date(2021, 1, 1),
            date(2025, 6, 28),
            lambda day: day.day == 5 and day.year not in {2023, 2024},
        )
        cycle = fit_cycle([(moment(day), moment(day)) for day in days], SHARE, labelled=False)
        assert cycle is None or cycle.skipped == frozenset()


def test_two_days_that_lack_are_told_until_the_next_one() -> None:
    known = arrivals(days_of(date(2023, 2, 1), date(2025, 9, 2), not_august), dated=True)
    gone = [a for a in known if not moment(date(2025, 6, 10), 0) <= a.at < moment(date(2025, 6, 12), 0)]
    told = replay(gone, SHARE, moment(date(2025, 5, 1)), known[-1].at)
    assert [(alert.closed or 0.0) - alert.opened < 2 * DAY for alert in told] == [True]
