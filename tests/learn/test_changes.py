"""A cadence that changes for good: told once, learned within some three of its periods, sizes with it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from checks.learn import Alert, Arrival, replay
from checks.learn.calendars import explaining
from checks.learn.keys import DAY, HOUR
from checks.learn.rhythm import since_rhythm, since_slower
from tests.support.hand_made import draws

SHARE = 0.2
FIRST = datetime(2025, 1, 6, tzinfo=UTC)  # a Monday
BEGIN = FIRST.timestamp()
SIZE = 1_000_000


def jitter(number: int) -> float:
    return number * 37 % 20 * 30.0


def at(days: float, key: str, number: int, size: int = SIZE) -> Arrival:
    return Arrival(BEGIN + days * DAY + jitter(number), key, size, size // 100)


def day_key(day: int, *, dated: bool) -> str:
    return (FIRST + timedelta(days=day)).date().isoformat() if dated else ""


def days(wanted: list[int], *, dated: bool, size: int = SIZE) -> list[Arrival]:
    """Return one arrival on each of these days, at 06:00."""
    return [at(day + 0.25, day_key(day, dated=dated), day, size) for day in wanted]


def hours(first: int, last: int, step: int, *, dated: bool, size: int = SIZE) -> list[Arrival]:
    """Return an arrival each so many hours of these days, named for the hour at which it begins."""
    found = []
    for number in range(first * 24, last * 24, step):
        key = f"{FIRST + timedelta(hours=number - step):%Y-%m-%d-%H}" if dated else ""
        found.append(at(number / 24 + 0.005, key, number, size))
    return found


def told(arrivals: list[Arrival], since: int) -> list[Alert]:
    """Return what is told from a day on until the last arrival."""
    return replay(arrivals, SHARE, BEGIN + since * DAY, arrivals[-1].at)


def silences(arrivals: list[Arrival], since: int) -> list[float]:
    """Return on which day each silence was told."""
    return [round((each.opened - BEGIN) / DAY, 1) for each in told(arrivals, since) if not each.by_size]


@pytest.mark.parametrize("dated", [False, True])
class TestSlower:
    @pytest.mark.parametrize("weekday", range(7))
    def test_days_that_become_weeks_are_told_once_or_twice_if_one_day_is_missed(
        self, weekday: int, *, dated: bool
    ) -> None:
        weekly = [day for day in range(70, 140) if day % 7 == weekday]
        # A single day that is missed is told as that, and the week after it as the change.
        most = 2 if weekday == 1 else 1
        assert len(silences(days([*range(70), *weekly], dated=dated), 60)) == most

    def test_a_week_that_lacks_after_the_change_is_told(self, *, dated: bool) -> None:
        weekly = [day for day in range(70, 140) if day % 7 == 4 and day != 130]
        assert silences(days([*range(70), *weekly], dated=dated), 60)[1:] == [pytest.approx(131, abs=0.5)]

    def test_days_that_become_working_days_are_told_once(self, *, dated: bool) -> None:
        working = [day for day in range(70, 112) if day % 7 < 5]
        found = silences(days([*range(70), *working], dated=dated), 60)
        assert found == [pytest.approx(75.5, abs=0.5)]

    def test_a_monday_after_such_a_weekend_is_asked_for(self, *, dated: bool) -> None:
        working = [day for day in range(70, 112) if day % 7 < 5 and day != 84]
        found = silences(days([*range(70), *working], dated=dated), 60)
        assert found[1:] == [pytest.approx(84.5, abs=0.5)]

    @pytest.mark.parametrize("lost", [(76, 77), (77, 78), (73, 74)])
    def test_two_days_without_data_that_are_no_weekend_spare_none(
        self, lost: tuple[int, int], *, dated: bool
    ) -> None:
        wanted = [day for day in range(112) if day not in {*lost, lost[0] + 8}]
        found = silences(days(wanted, dated=dated), 60)
        assert [int(at) for at in found] == [lost[0], lost[0] + 8]

    @pytest.mark.parametrize(("lost", "told_on"), [(82, 83), (83, 83), (89, 89), (90, 90)])
    def test_a_day_of_the_next_weekends_that_lacks_alone_is_told_then_or_when_the_other_comes(
        self, lost: int, told_on: int, *, dated: bool
    ) -> None:
        """After a Saturday and Sunday without data the next ones are not asked for until one of the two comes.

        Once it did, a day that has no name is no longer lacking.
        """
        wanted = [day for day in range(112) if day not in {75, 76, lost}]
        found = silences(days(wanted, dated=dated), 60)
        assert [int(at) for at in found] == [75, *([told_on] if dated or lost == told_on else [])]

    def test_what_comes_late_on_a_spared_day_is_not_told_when_it_comes(self, *, dated: bool) -> None:
        late = [*days([day for day in range(82) if day not in {75, 76}], dated=dated)]
        late.append(at(82.6, day_key(82, dated=dated), 82))
        late += days(list(range(83, 112)), dated=dated)
        assert [int(each) for each in silences(late, 60)] == [75]

    @pytest.mark.parametrize("step", [6, 24])
    def test_hours_that_become_more_are_told_once_and_one_that_lacks_then(
        self, step: int, *, dated: bool
    ) -> None:
        before, after = hours(0, 40, 1, dated=dated), hours(40, 70, step, dated=dated, size=step * SIZE)
        assert [round(day) for day in silences(before + after, 35)] == [40]
        lacking = [each for each in after if not 60.4 < (each.at - BEGIN) / DAY < 61.1]
        assert len(silences(before + lacking, 35)) == 2

    def test_their_sizes_are_learned_with_them(self, *, dated: bool) -> None:
        before, after = hours(0, 40, 1, dated=dated), hours(40, 70, 24, dated=dated, size=24 * SIZE)
        by_size = [each for each in told(before + after, 35) if each.by_size]
        assert all(each.opened < BEGIN + 43 * DAY for each in by_size)
        short = [
            Arrival(a.at, a.partition, a.size // 10) if i == 20 and a.size else a for i, a in enumerate(after)
        ]
        by_size = [each for each in told(before + short, 35) if each.by_size]
        assert by_size[-1].opened > BEGIN + 60 * DAY


@pytest.mark.parametrize("dated", [False, True])
class TestQuicker:
    def test_days_that_become_hours_are_told_of_nothing(self, *, dated: bool) -> None:
        before, after = days([*range(60)], dated=dated, size=24 * SIZE), hours(60, 70, 1, dated=dated)
        assert silences(before + after, 50) == []

    def test_a_weekend_day_that_is_new_missed_nothing_before(self, *, dated: bool) -> None:
        wanted = [day for day in range(110) if (day % 7 < 5 or day >= 70) and day != 99]
        found = silences(days(wanted, dated=dated), 60)
        assert found == [pytest.approx(99.5, abs=0.5)]


class TestRhythm:
    @pytest.mark.parametrize(("new", "is_other"), [(DAY, True), (2.4 * HOUR, False), (2.6 * HOUR, True)])
    def test_it_is_new_from_three_gaps_on(self, new: float, *, is_other: bool) -> None:
        old = [number * HOUR for number in range(50)]
        for count in (2, 3, 9, 40):
            starts = [*old, *(old[-1] + (i + 1) * new for i in range(count))]
            assert since_rhythm(starts) == (old[-1] + new if is_other and count > 2 else -math.inf)

    def test_single_gaps_nights_and_what_comes_by_chance_make_none(self) -> None:
        night = [day * DAY + hour * HOUR for day in range(20) for hour in range(8, 18)]
        assert since_rhythm(night) == -math.inf
        outage = [number * HOUR for number in range(200) if not 60 <= number < 90]
        assert since_rhythm(outage) == -math.inf

    @pytest.mark.parametrize(("step", "is_slower"), [(2, False), (3, True), (6, True), (24, True)])
    def test_it_is_slower_from_three_times_on(self, step: int, *, is_slower: bool) -> None:
        old = [number * HOUR for number in range(30 * 24)]
        new = [30 * DAY + number * step * HOUR for number in range(5 * 24 // step)]
        assert (since_slower(old + new) > -math.inf) is is_slower

    def test_one_that_is_half_down_is_not(self) -> None:
        old = [number * HOUR for number in range(30 * 24)]
        new = [30 * DAY + number * HOUR for number in range(96) if number % 9 in {0, 3}]
        assert since_slower(old + new) == -math.inf


class TestHolidaysSeenOnce:
    ASCENSION = datetime(2025, 5, 29, tzinfo=UTC).timestamp()

    def kept(self, weekdays: int) -> list[float]:
        begin = self.ASCENSION - 60 * DAY
        every = [begin + number * DAY for number in range(57)]
        holidays = {datetime(2025, *each, tzinfo=UTC).timestamp() for each in ((4, 18), (4, 21), (5, 1))}
        return [
            day
            for day in every
            if datetime.fromtimestamp(day, UTC).weekday() < weekdays and day not in holidays
        ]

    def test_one_is_enough_where_weekends_are_closed(self) -> None:
        found = explaining([self.ASCENSION], self.kept(5))
        assert found is not None
        assert "DE" in found[0]

    def test_it_is_not_for_tables_of_all_days_nor_where_one_was_kept(self) -> None:
        assert explaining([self.ASCENSION], self.kept(7)) is None
        easter = datetime(2025, 4, 21, tzinfo=UTC).timestamp()
        found = explaining([self.ASCENSION], [*self.kept(5), easter])
        assert found is None or "DE" not in found[0]

    @pytest.mark.parametrize("shift", [-1, 0, 1])
    @pytest.mark.parametrize(
        ("closed", "of_weekend"), [((5, 6), 0), ((6,), 0), ((4, 5), -1), ((5,), -1), ((6, 0), 1), ((0,), 1)]
    )
    def test_one_alone_lies_as_far_from_the_holiday_as_the_weekend_does(
        self, closed: tuple[int, ...], of_weekend: int, shift: int
    ) -> None:
        """Names of the day before a run move both; an outage on the day after a holiday is none of those."""
        holidays = [
            datetime(2025, *day, tzinfo=UTC).timestamp() for day in ((4, 18), (4, 21), (5, 1), (5, 29))
        ]
        every = [self.ASCENSION + number * DAY for number in range(-60, 10)]
        moved = {day + shift * DAY for day in holidays}
        kept = [
            day
            for day in every
            if datetime.fromtimestamp(day, UTC).weekday() not in closed and day not in moved
        ]
        found = explaining([self.ASCENSION + shift * DAY], kept)
        assert (found is not None) is (shift == of_weekend)
        assert found is None or found[1] == shift

    @pytest.mark.parametrize("missed", [2, 3])
    def test_half_of_what_was_missed_has_to_be_one(self, missed: int) -> None:
        others = [self.ASCENSION - (8 + number) * DAY for number in range(1, missed)]
        assert (explaining([self.ASCENSION, *others], self.kept(5)) is not None) is (missed == 2)


def test_hours_that_an_outage_hid_after_a_change_are_not_those_of_before() -> None:
    """Eleven days after hours have become six a day the weeks still say what came on the weekday of the outage."""
    new = [each for each in hours(40, 70, 6, dated=True) if not 46.7 < (each.at - BEGIN) / DAY < 47.6]
    found = silences(hours(0, 40, 1, dated=True) + new, 35)
    assert [int(each) for each in found] == [40, 46]


@pytest.mark.parametrize("seed", range(12))
def test_quarters_of_hours_that_become_hours_are_told_once_or_twice(seed: int) -> None:
    """Each hour is hardly longer than what a silence of quarters may last, as late as these were."""
    drawn = draws(seed)

    def quarter(number: int) -> Arrival:
        late = abs(drawn.gauss(0, 400))
        return Arrival(BEGIN + number * 900 + late, day_key(number // 96, dated=True), SIZE, 100)

    slower = [*range(30 * 96), *range(30 * 96, 50 * 96, 4)]
    arrivals = sorted(map(quarter, slower))
    assert 1 <= len(silences(arrivals, 25)) <= 2
