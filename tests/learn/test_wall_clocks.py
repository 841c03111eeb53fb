"""What keeps to the working days and the clock of a place: weeks that move, offices' hours and holidays, sizes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from holidays import country_holidays

from checks.learn import Alert, Arrival, replay
from checks.learn.calendars import explaining, supposed
from checks.learn.clocks import FAMILIES, changes, offset
from checks.learn.keys import DAY, HOUR
from checks.learn.slots import fit_slots
from checks.learn.volume import fit_volume

SHARE = 0.2
BERLIN, SYDNEY = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Sydney")
GERMAN = country_holidays("DE", years=range(2024, 2028))
OFFICE = frozenset({4, 5, 6, 0, 1})  # Monday to Friday, of weeks that begin with a Thursday


def jitter(number: int) -> float:
    return number * 37 % 20 * 30.0


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def at(day: date, hour: int, zone: ZoneInfo = BERLIN) -> float:
    return datetime(day.year, day.month, day.day, hour, tzinfo=zone).timestamp()


def told(arrivals: list[Arrival], since: date, until: date) -> list[Alert]:
    return replay(arrivals, SHARE, at(since, 0), at(until, 0))


class TestWeeksThatMove:
    """A weekly load of a Friday that comes on the working day before, or after, where that is a holiday."""

    def weeks(self, way: int, *, missed: date | None = None) -> list[Arrival]:
        found = []
        for number, friday in enumerate(days(date(2024, 1, 5), date(2026, 6, 1))[::7]):
            day = friday
            while day in GERMAN or day.weekday() > 4:
                day += timedelta(days=way)
            if friday != missed:
                found.append(Arrival(at(day, 8) + jitter(number), f"{friday:%G-W%V}", 1000, 10))
        return found

    @pytest.mark.parametrize("way", [1, -1])
    def test_no_holiday_is_told_once_some_were_missed(self, way: int) -> None:
        assert told(self.weeks(way), date(2025, 6, 1), date(2026, 6, 1)) == []

    @pytest.mark.parametrize("way", [1, -1])
    @pytest.mark.parametrize("missed", [date(2026, 3, 27), date(2026, 4, 3)])
    def test_a_week_that_lacks_is_told_also_that_of_a_holiday(self, way: int, missed: date) -> None:
        found = told(self.weeks(way, missed=missed), date(2025, 6, 1), date(2026, 6, 1))
        assert len(found) == 1
        assert at(missed, 0) - DAY <= found[0].opened <= at(missed + timedelta(days=6), 0)


class TestHolidaysNotSeenYet:
    """The first holiday of a table: what an office of its clock is closed on is not asked for until one is kept."""

    def test_only_working_days_by_the_clocks_of_places_are_an_offices(self) -> None:
        good_friday = at(date(2026, 4, 3), 2, ZoneInfo("UTC")) // DAY * DAY
        assert supposed(["Europe/Berlin"], OFFICE, []) is not None
        assert supposed(["UTC"], OFFICE, []) is None
        assert supposed(["Europe/Berlin", "UTC"], OFFICE, []) is None
        assert supposed(["Europe/Berlin"], OFFICE | {2}, []) is None
        assert (
            supposed(["Australia/Sydney"], OFFICE, [good_friday]) is None
        )  # kept by both countries of that clock

    @pytest.mark.parametrize(("kept", "is_told"), [([], False), ([date(2026, 4, 3), date(2026, 4, 6)], True)])
    def test_none_is_told_until_one_was_kept(self, kept: list[date], *, is_told: bool) -> None:
        off = {date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1)} - set(kept)
        came = [d for d in days(date(2026, 1, 12), date(2026, 5, 8)) if d.weekday() < 5 and d not in off]
        arrivals = [Arrival(at(d, 8) + jitter(i), d.isoformat(), 1000, 10) for i, d in enumerate(came)]
        found = told(arrivals, date(2026, 4, 20), date(2026, 5, 8))
        assert bool(found) is is_told  # May Day
        assert told(arrivals, date(2026, 4, 2), date(2026, 4, 4)) == []

    def test_another_day_that_lacks_is_told(self) -> None:
        came = [
            d
            for d in days(date(2026, 1, 12), date(2026, 4, 17))
            if d.weekday() < 5 and d != date(2026, 4, 16)
        ]
        arrivals = [Arrival(at(d, 8) + jitter(i), d.isoformat(), 1000, 10) for i, d in enumerate(came)]
        assert len(told(arrivals, date(2026, 4, 2), date(2026, 4, 18))) == 1

    @pytest.mark.parametrize("place", ["GB-ENG", "CA-ON", "AU-NSW", "CH-ZH"])
    def test_what_a_countrys_own_list_leaves_out_is_a_holiday_after_a_year(self, place: str) -> None:
        country, _, region = place.partition("-")
        closed = country_holidays(country, subdiv=region, years=(2024, 2025, 2026))
        missed = [d for d in days(date(2024, 6, 3), date(2026, 6, 30)) if d.weekday() < 5 and d in closed]
        came = [d for d in days(date(2024, 6, 3), date(2026, 6, 30)) if d.weekday() < 5 and d not in closed]
        starts = (
            [float((d - date(1970, 1, 1)).days * DAY) for d in missed],
            [float((d - date(1970, 1, 1)).days * DAY) for d in came],
        )
        found = explaining(*starts)
        assert found is not None
        assert place in found[0].split("/")
        arrivals = [Arrival(at(d, 21, ZoneInfo("UTC")) + jitter(i), "", 1000, 10) for i, d in enumerate(came)]
        assert told(arrivals, date(2025, 7, 1), date(2026, 6, 30)) == []
        down = came.index(date(2026, 3, 10))
        assert len(told(arrivals[:down] + arrivals[down + 1 :], date(2025, 7, 1), date(2026, 6, 30))) == 1

    @pytest.mark.parametrize(("outages", "is_explained"), [(1, True), (2, False)])
    def test_an_outage_of_some_days_is_one_miss(self, outages: int, *, is_explained: bool) -> None:
        ascension = at(date(2026, 5, 14), 2, ZoneInfo("UTC")) // DAY * DAY
        down = [ascension - (14 * each + n) * DAY for each in range(1, outages + 1) for n in (1, 2)]
        weekdays = [
            ascension + n * DAY for n in range(-40, 10) if int((ascension + n * DAY) // DAY) % 7 in OFFICE
        ]
        closed = {"2026-04-06", "2026-05-01", "2026-04-03"}
        kept = [
            day
            for day in weekdays
            if day not in (ascension, *down)
            and datetime.fromtimestamp(day, UTC).date().isoformat() not in closed
        ]
        assert (explaining([ascension, *down], kept) is not None) is is_explained


class TestHoursOfAnOffice:
    """Hours that are filled by a wall clock, and named in UTC."""

    def hours(self, zone: ZoneInfo, first: date, last: date, off: set[date]) -> list[Arrival]:
        found = []
        begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
        for number in range((last - first).days * 24):
            start = begin + timedelta(hours=number)
            local = start.astimezone(zone)
            if 7 <= local.hour < 19 and local.weekday() < 5 and local.date() not in off:
                found.append(
                    Arrival(start.timestamp() + HOUR + jitter(number) / 3, f"{start:%Y-%m-%d-%H}", 1000, 10)
                )
        return found

    def test_holidays_of_the_other_side_of_the_world_are_days_of_its_clock(self) -> None:
        closed = set(country_holidays("AU", years=(2025, 2026)))
        arrivals = self.hours(SYDNEY, date(2025, 11, 1), date(2026, 5, 1), closed)
        assert told(arrivals, date(2026, 3, 1), date(2026, 5, 1)) == []

    def test_after_a_change_of_clocks_single_hours_are_asked_for_as_before(self) -> None:
        arrivals = self.hours(BERLIN, date(2026, 1, 12), date(2026, 5, 1), set())
        firsts = [
            (datetime.strptime(a.partition, "%Y-%m-%d-%H").replace(tzinfo=UTC).timestamp(), a.at)
            for a in arrivals
        ]
        slots = fit_slots(firsts, SHARE)
        assert slots is not None
        assert slots.misses == 1

    def test_sizes_move_with_the_clock(self) -> None:
        # The first hour of the day holds a twelfth of the others.
        periods = []
        for number in range(24 * 26):
            start = datetime(2026, 3, 4, tzinfo=UTC) + timedelta(hours=number)
            local = start.astimezone(BERLIN)
            if 7 <= local.hour < 19:
                periods.append(
                    (start.timestamp(), 1e6 * (1 + number % 3 / 50) / (12 if local.hour == 7 else 1), 1, 0.0)
                )
        before = [each for each in periods if each[0] < at(date(2026, 3, 29), 0)]
        learned = fit_volume(before, SHARE, 8766)
        assert learned is not None
        first = at(date(2026, 3, 29), 7)
        assert learned.judge(first, 1e6 / 12) is None  # by the clock of Berlin
        assert learned.judge(first + HOUR, 1e6) is None
        assert learned.judge(first + 5 * HOUR, 1e6 / 12) == "drop"
        after = fit_volume(periods, SHARE, 8766)
        assert after is not None
        assert [zone for zone, _ in after.clocks] == ["Europe/Berlin"]


class TestWeekdays:
    """A day that begins later each week than any other."""

    def daily(self, later: float, since: int = 0) -> list[tuple[float, float]]:
        monday = datetime(2026, 1, 5, tzinfo=UTC).timestamp()
        return [
            (
                monday + d * DAY,
                monday + d * DAY + HOUR + jitter(d) + (later if d % 7 == 0 and d >= since else 0.0),
            )
            for d in range(70)
            if d % 7 < 5
        ]

    def test_is_due_so_much_later_and_no_other_is(self) -> None:
        plain, slots = fit_slots(self.daily(0.0), SHARE), fit_slots(self.daily(10 * HOUR), SHARE)
        assert plain is not None
        assert slots is not None
        monday = datetime(2026, 3, 16, tzinfo=UTC).timestamp()
        assert slots.due_of(monday) - plain.due_of(monday) == pytest.approx(10 * HOUR, abs=HOUR / 2)
        assert slots.due_of(monday + DAY) - plain.due_of(monday + DAY) == pytest.approx(0, abs=HOUR / 2)

    @pytest.mark.parametrize(("later", "is_later"), [(0.9 * HOUR, False), (1.2 * HOUR, True)])
    def test_an_hour_is_the_least(self, later: float, *, is_later: bool) -> None:
        slots = fit_slots(self.daily(later), SHARE)
        assert slots is not None
        assert bool(slots.late_weekdays) is is_later

    def test_one_of_the_last_eight_in_time_is_enough_that_it_is_none(self) -> None:
        slots = fit_slots(self.daily(10 * HOUR, since=21), SHARE)
        assert slots is not None
        assert slots.late_weekdays == ()


class TestChangesWithinDays:
    """Several files for each day's key, which come more seldom, or more often, than before."""

    def files(self, changed: date, old: int, new: int, each: int, last: date) -> list[Arrival]:
        found = []
        for number, day in enumerate(days(date(2026, 1, 5), last)):
            step = old if day < changed else new
            for minute in range(0, 1440, step):
                for file in range(each):
                    when = at(day, 0, ZoneInfo("UTC")) + 60 * minute + 50 * file + (number * 7 + minute) % 11
                    found.append(Arrival(when, day.isoformat(), 1000 * step, 10))
        return found

    @pytest.mark.parametrize(("old", "new", "each"), [(15, 60, 3), (5, 60, 1), (60, 5, 1)])
    def test_the_change_is_told_once_at_most_and_the_new_rhythm_is_learned(
        self, old: int, new: int, each: int
    ) -> None:
        changed, last = date(2026, 3, 10), date(2026, 3, 20)
        arrivals = self.files(changed, old, new, each, last)
        silences = [alert for alert in told(arrivals, date(2026, 3, 7), last) if not alert.by_size]
        assert len(silences) == int(new > old)
        down = at(date(2026, 3, 18), 9, ZoneInfo("UTC"))
        hole = [a for a in arrivals if not down < a.at < down + 6 * HOUR]
        found = [alert for alert in told(hole, date(2026, 3, 17), last) if not alert.by_size]
        assert len(found) == 1
        assert down < found[0].opened < down + 2 * 60 * new + HOUR / 4


@pytest.mark.parametrize("zone", FAMILIES)
@pytest.mark.parametrize("year", [-1, 1, 9999, 10_000, 300_000])
def test_names_of_any_year_have_a_clock(zone: str, year: int) -> None:
    begin = (year - 1970) * 365.2425 * DAY
    assert abs(offset(zone, begin)) < DAY
    assert len(changes(zone, begin, begin + 400 * DAY)) <= 4
    sizes = [(begin + i * HOUR, 1000.0 + (i % 24 > 12) * 500, 1, 0.0) for i in range(24 * 40)]
    assert fit_volume(sizes, SHARE, 8766) is not None
