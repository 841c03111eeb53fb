"""Rhythms that change for good, hours out of their order, weekends that are new: each learned within a few periods."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from checks.learn import Alert, Arrival, replay
from checks.learn.calendars import explaining, working_days
from checks.learn.existing_slots import expected_slots
from checks.learn.history import History, Period
from checks.learn.keys import DAY, HOUR
from checks.learn.measures import fit_measures
from checks.learn.out_of_order import late_in_a_row
from checks.learn.rhythm import since_slower
from checks.learn.volume import fit_volume
from tests.support.hand_made import draws

SHARE = 0.2
FIRST = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
BEGIN = FIRST.timestamp()
MINUTE = 60.0
SIZE = 1_000_000


def every(step: float, first: float, last: float, name: str = "", late: float = 60.0) -> list[Arrival]:
    """Return an arrival each so many seconds of these days, named for the time at which its period begins."""
    random = draws(3)
    found = []
    for number in range(round(first * DAY / step), round(last * DAY / step)):
        key = f"{FIRST + timedelta(seconds=number * step):{name}}" if name else ""
        at = BEGIN + (number + 1) * step + 20 + random.random() * late
        found.append(Arrival(at, key, int(SIZE * random.uniform(0.9, 1.1))))
    return found


def silences(arrivals: list[Arrival], since: float) -> list[Alert]:
    told = replay(arrivals, SHARE, BEGIN + since * DAY, arrivals[-1].at)
    return [each for each in told if not each.by_size]


def day_of(at: float | None) -> float:
    return math.inf if at is None else (at - BEGIN) / DAY


MINUTES = "%Y-%m-%d-%H-%M"


class TestSlower:
    @pytest.mark.parametrize("name", ["", MINUTES])
    @pytest.mark.parametrize(("old", "new"), [(5, 15), (15, 60), (10, 60)])
    def test_it_is_told_once_and_known_within_fifteen_of_its_periods(
        self, old: int, new: int, name: str
    ) -> None:
        before = every(old * MINUTE, 0, 30, name)
        told = silences([*before, *every(new * MINUTE, 30, 36, name)], 25)
        assert len(told) == 1
        assert day_of(told[0].closed) < 30 + 15 * new * MINUTE / DAY

    @pytest.mark.parametrize("name", ["", MINUTES])
    @pytest.mark.parametrize("days", [1, 25])
    def test_a_run_that_lacks_then_is_told_by_the_new_rhythm(self, days: int, name: str) -> None:
        """Also when more has come since the change than is looked at of other tables."""
        after = every(15 * MINUTE, 30, 31 + days, name)
        lost = [each for each in after if not 30.5 + days < day_of(each.at) < 30.6 + days]
        told = silences([*every(5 * MINUTE, 0, 30, name), *lost], 25)
        assert len(told) == 2
        last = max(each.at for each in lost if day_of(each.at) <= 30.5 + days)
        assert told[1].opened - last < 1.5 * 15 * MINUTE

    @pytest.mark.parametrize(("gaps", "is_known"), [(7, False), (8, True), (9, True)])
    def test_eight_gaps_of_a_clock_are_a_rhythm_at_once(self, gaps: int, *, is_known: bool) -> None:
        old = [number * HOUR for number in range(30 * 24)]
        new = [old[-1] + (number + 1) * 4 * HOUR for number in range(gaps + 1)]
        assert (since_slower(old + new) > -math.inf) is is_known

    @pytest.mark.parametrize(("late", "is_known"), [(0.2, True), (0.24, True), (0.27, False)])
    def test_gaps_that_differ_by_more_than_a_quarter_are_no_clock(
        self, late: float, *, is_known: bool
    ) -> None:
        old = [number * HOUR for number in range(30 * 24)]
        gaps = [4 * HOUR * (1 + late * (i % 2)) for i in range(9)]
        new = [old[-1] + sum(gaps[: n + 1]) for n in range(9)]
        assert (since_slower(old + new) > -math.inf) is is_known


class TestHours:
    @pytest.mark.parametrize("step", [3, 6, 8])
    def test_a_run_that_lacks_three_days_after_hours_became_fewer_is_told(self, step: int) -> None:
        name = "%Y-%m-%d-%H"
        after = [each for each in every(step * HOUR, 30, 40, name) if not 33.0 < day_of(each.at) < 33.7]
        told = silences([*every(HOUR, 0, 30, name), *after], 25)
        assert [int(day_of(each.opened)) for each in told] == [30, 33]

    @pytest.mark.parametrize(("lost", "found"), [(30.4, False), (32.4, True), (33.4, True)])
    def test_one_that_lacks_after_days_became_hours_is_told_from_the_third_day_on(
        self, lost: float, *, found: bool
    ) -> None:
        after = [
            each for each in every(HOUR, 30, 40, "%Y-%m-%d-%H") if not lost < day_of(each.at) < lost + 0.4
        ]
        told = silences([*every(DAY, 0, 30, "%Y-%m-%d"), *after], 25)
        assert [int(day_of(each.opened)) for each in told] == ([int(lost)] if found else [])

    def test_a_schedule_that_is_not_even_takes_three_days(self) -> None:
        old = [number * HOUR for number in range(30 * 24)]
        even = [30 * DAY + number * 6 * HOUR for number in range(7)]
        uneven = [30 * DAY + number * 6 * HOUR + HOUR * (number % 2) for number in range(7)]
        assert len(expected_slots(old + even, HOUR)) == 28
        assert len(expected_slots(old + uneven, HOUR)) == 168


class TestOutOfOrder:
    @staticmethod
    def hours(late: float, lost: tuple[float, float] = (0.0, 0.0)) -> list[Arrival]:
        """Return hours of which a part comes half an hour to two and a half later, behind newer ones."""
        random = draws(5)
        found = []
        for each in every(HOUR, 0, 60, "%Y-%m-%d-%H"):
            more = random.uniform(0.5, 2.5) * HOUR if random.random() < late else 0.0
            if not lost[0] < day_of(each.at) < lost[1]:
                found.append(Arrival(each.at + more, each.partition, each.size))
        return sorted(found)

    @pytest.mark.parametrize("late", [0.03, 0.05, 0.1, 0.15])
    def test_half_a_day_without_any_is_told_and_nothing_else(self, late: float) -> None:
        told = silences(self.hours(late, (50.0, 50.5)), 35)
        assert [day_of(each.opened) for each in told] == [pytest.approx(50.25, abs=0.16)]

    @pytest.mark.parametrize(("a_week", "found"), [(2, True), (3, False)])
    def test_up_to_two_a_week_are_incidents_each(self, a_week: int, *, found: bool) -> None:
        hours = every(HOUR, 0, 61, "%Y-%m-%d-%H")
        late = {week * 168 + (11 + 43 * i + 5 * week) % 168 for week in range(9) for i in range(a_week)}
        moved = [
            Arrival(a.at + 1.5 * HOUR if i in late else a.at, a.partition, a.size)
            for i, a in enumerate(hours)
        ]
        assert bool(silences(sorted(moved), 53)) is found

    def test_what_an_outage_kept_back_and_came_in_any_order_is_no_habit(self) -> None:
        hours, random = every(HOUR, 0, 61, "%Y-%m-%d-%H"), draws(6)
        arrivals = []
        for each in hours:
            at = each.at
            for begin in (45.0, 52.0):
                if begin < day_of(at) < begin + 0.5:
                    at = BEGIN + (begin + 0.5) * DAY + random.random() * 600
            if not 58.0 < day_of(at) < 58.1:
                arrivals.append(Arrival(at, each.partition, each.size))
        told = silences(sorted(arrivals), 53)
        assert [day_of(each.opened) for each in told] == [pytest.approx(58.01, abs=0.01)]

    def test_rows_that_chance_makes_are_as_long_as_the_budget_says(self) -> None:
        random = draws(1)
        late = [random.random() < 0.1 for _ in range(1440)]
        assert late_in_a_row(late, 1e-3) < late_in_a_row(late, 1e-5) <= 7
        assert late_in_a_row([False] * 100, 1e-5) == 1

    def test_an_outage_counts_once(self) -> None:
        random = draws(1)
        late = [random.random() < 0.1 for _ in range(1440)]
        outage = [*late[:700], *[True] * 30, *late[730:]]
        assert late_in_a_row(outage, 1e-5) <= late_in_a_row(late, 1e-5) + 1

    def test_where_one_late_hour_brings_the_next_no_row_is_short(self) -> None:
        late = [number % 20 < 3 for number in range(1440)]
        assert late_in_a_row(late, 1e-5) > 20


class TestWorkingWeeks:
    @pytest.mark.parametrize("first", range(7))
    @pytest.mark.parametrize("holidays", [(), (14,), (14, 42)])
    def test_two_holidays_on_one_weekday_take_no_day_of_five_away(
        self, first: int, holidays: tuple[int, ...]
    ) -> None:
        week = {(first + day) % 7 for day in range(5)}
        open_days = [day for day in range(63) if day % 7 in week]
        lost = {open_days[0] + day for day in holidays}
        starts = [BEGIN + day * DAY for day in open_days if day not in lost]
        assert len(expected_slots(starts, DAY)) == 5

    def test_a_day_that_is_left_out_more_often_than_not_is_none(self) -> None:
        starts = [BEGIN + day * DAY for day in range(63) if day % 7 < 4 or day % 21 == 4]
        assert len(expected_slots(starts, DAY)) == 4

    def test_days_that_are_no_working_week_are_those_that_are_kept(self) -> None:
        lost = {day for day in range(63) if day % 7 == 5 and day // 7 in {3, 5, 8}}
        starts = [BEGIN + day * DAY for day in range(63) if day % 7 in {0, 1, 3, 5} and day not in lost]
        assert len(expected_slots(starts, DAY)) == 3


class TestCarnival:
    CARNIVAL = (datetime(2026, 2, 16, tzinfo=UTC).timestamp(), datetime(2026, 2, 17, tzinfo=UTC).timestamp())

    def test_who_closed_at_carnival_is_in_brazil(self) -> None:
        kept = [BEGIN + day * DAY for day in range(80) if day % 7 < 5]
        kept = [day for day in kept if day not in self.CARNIVAL]
        found = explaining(self.CARNIVAL, kept)
        assert found is not None
        assert "BR" in found[0].split("/")
        assert found[1] == 0

    def test_ash_wednesday_and_the_last_day_of_the_year_are_working_days_there(self) -> None:
        begin = datetime(1970, 1, 1, tzinfo=UTC)
        february = {(begin + timedelta(days=day)).day for day in working_days("BR", 2026 * 12 + 1)}
        assert february & {16, 17, 18} == {18}
        december = {(begin + timedelta(days=day)).day for day in working_days("BR", 2026 * 12 + 11)}
        assert december & {24, 25, 31} == {24, 31}


def of_days(days: list[int], weekend: float) -> list[tuple[float, float, int, float]]:
    random = draws(2)
    return [
        (BEGIN + day * DAY, SIZE * random.uniform(0.9, 1.1) * (weekend if day % 7 > 4 else 1.0), 1, 0.0)
        for day in days
    ]


class TestSizes:
    def test_weekends_that_are_new_and_hold_less_are_told_twice_at_the_most(self) -> None:
        random = draws(2)
        wanted = [day for day in range(120) if day % 7 < 5 or day >= 70]
        arrivals = []
        for day in wanted:
            size = SIZE * random.uniform(0.95, 1.05) * (0.25 if day % 7 > 4 else 1.0)
            key = (FIRST + timedelta(days=day)).date().isoformat()
            arrivals.append(Arrival(BEGIN + (day + 1.2) * DAY + random.random() * 600, key, int(size)))
        told = [each for each in replay(arrivals, SHARE, BEGIN + 60 * DAY, arrivals[-1].at) if each.by_size]
        assert 1 <= len(told) <= 2
        assert all(day_of(each.opened) < 70 + 2 * 7 for each in told)

    @pytest.mark.parametrize("count", [1, 2])
    def test_two_of_a_new_weekday_are_its_habit(self, count: int) -> None:
        days = of_days([day for day in range(56) if day % 7 < 5], 1.0)
        odd = [(BEGIN + (54 - 7 * week) * DAY, SIZE / 4, 1, 0.0) for week in reversed(range(count))]
        found = fit_volume(days, SHARE, 365, odd=odd)
        assert found is not None
        following = BEGIN + 61 * DAY
        assert (found.judge(following, SIZE / 4) is None) is (count == 2)
        assert found.judge(following, SIZE / 40) == "drop"
        assert found.judge(following + 2 * DAY, SIZE / 4) == "drop"

    def test_two_short_ones_of_a_weekday_that_was_usual_before_are_none(self) -> None:
        days = of_days([*range(56)], 1.0)
        odd = [(start, size / 4, count, took) for start, size, count, took in days[-15::7]]
        usual = [each for each in days if each[0] not in {one[0] for one in odd}]
        found = fit_volume(usual, SHARE, 365, odd=odd)
        assert found is not None
        assert found.judge(odd[-1][0] + 7 * DAY, SIZE / 4) == "drop"

    def test_five_minutes_know_what_weekends_hold(self) -> None:
        random = draws(4)
        periods = [
            (BEGIN + n * 300.0, SIZE * random.uniform(0.8, 1.2) * (0.3 if n // 288 % 7 > 4 else 1.0), 1, 0.0)
            for n in range(26 * 288)
        ]
        found = fit_volume(periods, SHARE, 365 * 288)
        assert found is not None
        saturday, monday = BEGIN + 26 * DAY, BEGIN + 28 * DAY
        assert found.judge(saturday, 0.3 * SIZE) is None
        assert found.judge(saturday, 0.03 * SIZE) == "drop"
        assert found.judge(monday, 0.25 * SIZE) == "drop"
        assert found.soonest == found.latest == 300

    @pytest.mark.parametrize("begin", range(7))
    def test_a_rhythm_that_is_new_on_any_day_is_compared_with_that_day(self, begin: int) -> None:
        random = draws(6)
        hours = [
            (BEGIN + n * HOUR, SIZE * random.uniform(0.9, 1.1) * (0.3 if n // 24 % 7 > 4 else 1.0), 1, 0.0)
            for n in range((28 + begin) * 24 + 12)
        ]
        last = hours[-1][0]
        new = [(last + (n + 1) * 6 * HOUR, 1.0, 1, 0.0) for n in range(28)]
        new = [(start, SIZE * (0.3 if (start - BEGIN) // DAY % 7 > 4 else 1.0), 1, 0.0) for start, *_ in new]
        for count in range(4, 28):
            found = fit_volume([*hours, *new[:count]], SHARE, 1461)
            assert found is not None
            assert found.judge(*new[count][:2]) is None, count

    @pytest.mark.parametrize(("minute", "is_usual"), [(5, True), (55, True), (65, False)])
    def test_the_first_run_of_a_day_holds_the_end_of_the_day_before(
        self, minute: int, *, is_usual: bool
    ) -> None:
        """What nothing names is of the time since the run before: that of Sunday comes on Monday after midnight."""
        history = History(dated=False)
        random = draws(8)
        for number in range(56 * 24):
            begin = BEGIN + number * HOUR
            size = SIZE * random.uniform(0.9, 1.1) * (0.3 if number // 24 % 7 > 4 else 1.0)
            history.settle(Period(begin + 3900, begin + 3900, begin + 3900, size, files=1))
        found = fit_measures(history, SHARE, 8766)
        assert found is not None
        at = BEGIN + 56 * DAY + minute * MINUTE
        assert (found.judge(Period(at, at, at, 0.28 * SIZE, files=1), HOUR) is None) is is_usual


def test_an_office_that_writes_when_there_is_news_is_asked_for_its_days() -> None:
    """Of its gaps, nights and weekends among them, none would tell a week without anything."""
    random = draws(9)
    arrivals = [
        Arrival(BEGIN + day * DAY + hour * HOUR + random.random() * 60, "", SIZE)
        for day in range(100)
        for hour in range(8, 18)
        if random.random() < 0.4 and day % 7 < 5 and not 80 <= day < 94
    ]
    told = silences(arrivals, 60)
    assert [int(day_of(each.opened)) for each in told] in ([80], [81])


class TestRests:
    """A table of each hour from 08:00 to 18:00, without names."""

    @staticmethod
    def hours(days: int, lost: tuple[float, float], more: tuple[float, ...] = ()) -> list[Arrival]:
        random = draws(4)
        times = [
            BEGIN + day * DAY + hour * HOUR + random.random() * 300
            for day in range(days)
            for hour in range(8, 19)
            if not lost[0] <= day + hour / 24 < lost[1]
        ]
        return [Arrival(at, "", SIZE) for at in sorted([*times, *(BEGIN + each * DAY for each in more)])]

    @pytest.mark.parametrize(("last", "closed_by"), [(15, 16.1 / 24), (17, 18.1 / 24), (18, 18.1 / 24)])
    def test_what_ends_with_the_last_run_of_a_day_is_over_then(self, last: int, closed_by: float) -> None:
        told = silences(self.hours(70, (65 + 10 / 24, 65 + last / 24)), 60)
        assert len(told) == 1
        assert day_of(told[0].closed) == pytest.approx(65 + closed_by, abs=0.01)

    def test_what_is_caught_up_with_at_night_ends_it_and_opens_no_night(self) -> None:
        caught_up = (65 + 3.2 / 24,)
        told = silences(self.hours(80, (64 + 10 / 24, 65), caught_up), 60)
        assert len(told) == 1
        assert day_of(told[0].closed) == pytest.approx(caught_up[0], abs=0.01)
