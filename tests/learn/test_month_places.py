"""Month ends: late and large on the same working day each time; and what is named for the working day before."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from checks.learn import Alert, Arrival, Model, Watch, explain, replay
from checks.learn.calendars import ALIKE, explaining, is_holiday
from checks.learn.keys import DAY, HOUR
from checks.learn.month_places import Month
from checks.rules.asking import Share
from checks.rules.learned_days import OwnTime
from checks.rules.learned_periods import learn_schedule
from checks.schedule.calendars import shared_holidays
from checks.schedule.due import Schedule
from checks.schedule.periods import parse_every, period_of

SHARE = 0.1
BEGIN = date(2026, 1, 5)  # a Monday
UTC_ZONE = ZoneInfo("UTC")
GOOD_FRIDAY, MAY_DAY = date(2026, 4, 3), date(2026, 5, 1)


def moment(day: date, hour: float = 0.0) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + hour * HOUR


def working_days(count: int, off: tuple[date, ...] = ()) -> list[date]:
    days = (BEGIN + timedelta(days=i) for i in range(count))
    return [day for day in days if day.weekday() < 5 and day not in off]


def is_first(day: date) -> bool:
    """Tell whether a working day is the first one of its month."""
    return day.day == 1 or (day.day <= 3 and day.weekday() == 0)


def closing(day: date, hour: float) -> float:
    """Return when the run of a working day comes: on the first of a month six hours late."""
    return moment(day, hour + (6 if is_first(day) else 0)) + day.toordinal() * 37 % 20 * 60


def told(arrivals: list[Arrival], begin: date) -> list[Alert]:
    return replay(arrivals, SHARE, moment(begin), arrivals[-1].at)


@pytest.mark.parametrize("dated", [False, True])
class TestLate:
    def test_first_working_days_that_are_late_each_month_are_borne_after_the_first(
        self, *, dated: bool
    ) -> None:
        days = working_days(200)
        arrivals = [Arrival(closing(day, 5), day.isoformat() if dated else "") for day in days]
        assert told(arrivals, date(2026, 3, 1)) == []
        lost = [a for a in arrivals if not 0 <= a.at - moment(date(2026, 6, 1)) < DAY]
        alerts = told(lost, date(2026, 3, 1))
        assert [11 <= (a.opened - moment(date(2026, 6, 1))) / HOUR <= 16 for a in alerts] == [True]
        lost = [a for a in arrivals if not 0 <= a.at - moment(date(2026, 6, 2)) < DAY]
        alerts = told(lost, date(2026, 3, 1))
        assert [8 <= (a.opened - moment(date(2026, 6, 2))) / HOUR <= 10 for a in alerts] == [True]

    def test_a_turn_that_was_in_time_ends_what_one_month_said(self, *, dated: bool) -> None:
        days = working_days(100)
        late = date(2026, 2, 2)
        arrivals = [
            Arrival(
                moment(day, 11 if day == late else 5) + day.toordinal() * 37 % 20 * 60,
                day.isoformat() if dated else "",
            )
            for day in days
        ]
        for month, hours in ((date(2026, 3, 2), 14), (date(2026, 4, 1), 8.5)):
            lost = [a for a in arrivals if not 0 <= a.at - moment(month) < DAY]
            (alert,) = told(lost, date(2026, 2, 15))
            assert (alert.opened - moment(month)) / HOUR == pytest.approx(hours, abs=1.5)


def following(days: list[date], lag: float, steps: int = 1) -> list[Arrival]:
    """Return what is named for each working day and comes on the next one, or so many after it."""
    return [
        Arrival(moment(after, lag) + day.toordinal() * 37 % 20 * 60, day.isoformat())
        for day, after in zip(days, days[steps:], strict=False)
    ]


class TestFollowing:
    def test_fridays_are_due_on_mondays_and_other_days_the_day_after(self) -> None:
        arrivals = following(working_days(120), 5)
        assert told(arrivals, date(2026, 3, 1)) == []
        for missing, due in ((date(2026, 4, 14), date(2026, 4, 15)), (date(2026, 4, 17), date(2026, 4, 20))):
            lost = [a for a in arrivals if a.partition != missing.isoformat()]
            alerts = told(lost, date(2026, 3, 1))
            assert [8 <= (a.opened - moment(due)) / HOUR <= 10 for a in alerts] == [True]

    def test_before_holidays_the_day_after_them_counts(self) -> None:
        off = (date(2026, 1, 19), date(2026, 2, 16), date(2026, 5, 25))  # of the United States
        arrivals = following(working_days(160, off), 5)
        assert told(arrivals, date(2026, 4, 1)) == []

    @pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6, 8])
    def test_so_many_working_days_after_it_is_told_on_the_day(self, steps: int) -> None:
        """What is settled comes days after its own, with weekends and holidays between or not."""
        off = (date(2026, 1, 19), date(2026, 2, 16), date(2026, 5, 25))  # of the United States
        days = working_days(160, off)
        arrivals = following(days, 5, steps)
        assert told(arrivals, date(2026, 3, 15)) == []
        for missing in (date(2026, 4, 14), date(2026, 4, 15), date(2026, 4, 17), date(2026, 5, 21)):
            due = days[days.index(missing) + steps]
            alerts = told([a for a in arrivals if a.partition != missing.isoformat()], date(2026, 3, 15))
            assert [8 <= (a.opened - moment(due)) / HOUR <= 10 for a in alerts] == [True]

    def test_so_many_days_of_the_calendar_after_it_is_no_working_day(self) -> None:
        """What comes three days after its own comes at weekends too, and is due there."""
        days = working_days(160)
        arrivals = [Arrival(moment(day, 77), day.isoformat()) for day in days]
        assert told(arrivals, date(2026, 3, 15)) == []
        alerts = told([a for a in arrivals if a.partition != "2026-04-15"], date(2026, 3, 15))
        assert [8 <= (a.opened - moment(date(2026, 4, 18))) / HOUR <= 10 for a in alerts] == [True]

    def test_it_is_a_schedule_of_partitions_too(self) -> None:
        arrivals = following(working_days(120), 5)
        every = parse_every("1d")
        stated = Schedule(every=every, labels=UTC_ZONE, zone=UTC_ZONE)
        firsts = {a.partition: datetime.fromtimestamp(a.at, UTC) for a in arrivals}
        found = learn_schedule(stated, firsts, Share(a_year=0.1, wanted=0.1))
        assert found.schedule is not None
        assert isinstance(found.schedule.by, OwnTime)
        for day, due in ((date(2026, 5, 12), date(2026, 5, 13)), (date(2026, 5, 15), date(2026, 5, 18))):
            period = period_of(datetime(day.year, day.month, day.day), every, UTC_ZONE)
            assert period is not None
            at = found.schedule.due_at(period)
            assert at is not None
            assert 8 <= (at.timestamp() - moment(due)) / HOUR <= 10
        assert found.schedule.say_deadline().startswith("each at its own time: ")


class TestHolidays:
    def test_countries_that_explain_as_much_are_named_together(self) -> None:
        christmas = [date(2025, 12, 25), date(2025, 12, 26), date(2026, 1, 1)]
        days = [date(2025, 11, 3) + timedelta(days=i) for i in range(100)]
        kept = [
            moment(day)
            for day in days
            if day.weekday() < 5 and day not in christmas and day.day not in {6, 2}
        ]
        found = explaining([moment(day) for day in christmas], kept)
        assert found is not None
        assert ALIKE in found[0]
        assert is_holiday(found, moment(GOOD_FRIDAY))  # in most of them
        assert not is_holiday(found, moment(date(2026, 7, 4)))

    def test_half_of_some_countries(self) -> None:
        assert shared_holidays(["DE", "US"]).name_of(MAY_DAY) is not None
        assert shared_holidays(["DE", "US", "CA"]).name_of(MAY_DAY) is None
        assert shared_holidays(["DE"]).name_of(MAY_DAY) is not None

    def test_a_region_has_days_off_of_its_own(self) -> None:
        easter_monday = date(2026, 4, 6)
        assert shared_holidays(["GB"]).name_of(easter_monday) is None
        assert shared_holidays(["GB-ENG"]).name_of(easter_monday) is not None
        assert shared_holidays(["GB-ENG", "US"]).subdivision == "ENG"


class TestSizes:
    @pytest.mark.parametrize("dated", [False, True])
    def test_month_ends_that_hold_more_each_time_are_no_rise_and_others_are(self, *, dated: bool) -> None:
        days = [BEGIN + timedelta(days=i) for i in range(150)]

        def size(day: date) -> int:
            return int(
                (8e9 if day.day == 1 or day == date(2026, 5, 20) else 1e9)
                * (1 + day.toordinal() * 37 % 20 / 100)
            )

        arrivals = [Arrival(moment(day, 5), day.isoformat() if dated else "", size(day)) for day in days]
        alerts = told(arrivals, date(2026, 3, 15))
        assert [(a.check, a.opened // DAY * DAY) for a in alerts] == [("volume", moment(date(2026, 5, 20)))]

    def test_what_comes_after_a_pause_may_hold_all_of_it(self) -> None:
        days = [BEGIN + timedelta(days=i) for i in range(100)]
        gone = {date(2026, 4, 1) + timedelta(days=i) for i in range(6)}
        arrivals = [
            Arrival(moment(day, 5), "", int(7e9 if day == date(2026, 4, 7) else 1e9))
            for day in days
            if day not in gone
        ]
        assert [a.check for a in told(arrivals, date(2026, 3, 15))] == ["freshness"]
        again = [Arrival(moment(day, 5), "", int(7e9 if day == date(2026, 4, 7) else 1e9)) for day in days]
        assert [a.check for a in told(again, date(2026, 3, 15))] == ["volume"]


def test_a_rest_is_said() -> None:
    days = [date(2023, 9, 1) + timedelta(days=i) for i in range(720)]
    watch = Watch(SHARE, moment(days[-1]), dated=True)
    for day in days:
        if day.month != 8:
            watch.add(Arrival(moment(day, 5), day.isoformat()))
    watch.tick(moment(days[-1], 6))
    assert isinstance(watch.model, Model)
    assert "none from " not in explain(watch.model, watch.history)  # one August only


@pytest.mark.parametrize("day", ["0001-01-01", "9999-01-01", "9999-12-31"])
def test_dates_that_stand_for_no_day_have_no_place(day: str) -> None:
    start = (date.fromisoformat(day) - date(1970, 1, 1)).days * DAY
    assert Month(frozenset(range(7)), ("US", 0), 1).places(start) == ()


def test_the_first_and_the_last_day_of_a_calendar_have_places() -> None:
    for day in (date(2, 1, 1), date(9998, 12, 31)):
        assert Month(frozenset(range(7))).places((day - date(1970, 1, 1)).days * DAY)
