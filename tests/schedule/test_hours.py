"""Times of the week at which periods hold data: no other is due, whatever clocks do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checks.schedule.calendars import Calendar
from checks.schedule.due import Schedule
from checks.schedule.hours import Hours
from checks.schedule.periods import HOURLY, period_of
from tests.support.times import BERLIN, HOUR, at
from tests.support.times import UTC_ZONE as UTC

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

A_DAY = 24 * 60


def minutes(days: range, hours: range | list[int]) -> frozenset[int]:
    return frozenset(day * A_DAY + hour * 60 for day in days for hour in hours)


def hourly(*clocks: tuple[ZoneInfo, frozenset[int]], labels: ZoneInfo = UTC, **more: Any) -> Schedule:
    stated = Schedule(every=HOURLY, labels=labels, zone=UTC, after=timedelta(minutes=15))
    return replace(stated, hours=Hours(timedelta(hours=1), clocks), **more)


DAYTIME = (UTC, minutes(range(7), range(6, 22)))
OFFICE = (BERLIN, minutes(range(5), range(8, 18)))


def labels_due(schedule: Schedule, now: str, count: int) -> list[str]:
    return [each.period.label for each in schedule.due(at(now))][:count]


@pytest.mark.parametrize(
    ("now", "newest"),
    [
        ("2026-11-25 07:14", "2026-11-24T21:00"),
        ("2026-11-25 07:15", "2026-11-25T06:00"),
        ("2026-11-25 22:14", "2026-11-25T20:00"),
        ("2026-11-25 22:15", "2026-11-25T21:00"),
        ("2026-11-25 23:59", "2026-11-25T21:00"),
    ],
)
def test_the_first_and_the_last_hour_of_the_day_are_due_and_none_around_them(now: str, newest: str) -> None:
    assert labels_due(hourly(DAYTIME), now, 1) == [newest]


def test_the_lookback_counts_hours_that_hold_data() -> None:
    due = labels_due(hourly(DAYTIME, lookback=18), "2026-11-25 08:15", 18)
    assert due[:2] == ["2026-11-25T07:00", "2026-11-25T06:00"]
    assert due[2] == "2026-11-24T21:00"
    assert due[-1] == "2026-11-24T06:00"
    assert len(due) == 18


def test_what_is_due_next_lies_beyond_the_night_and_the_weekend() -> None:
    following = hourly(OFFICE).next_due(at("2026-11-27 17:16"))  # a Friday
    assert following is not None
    assert following.period.label == "2026-11-30T07:00"
    assert following.due_at == at("2026-11-30 08:15")


@pytest.mark.parametrize(
    ("label", "is_due"),
    [
        ("2026-10-23T05:00", False),  # summer: 08:00 in Berlin is 06:00 UTC
        ("2026-10-23T06:00", True),
        ("2026-10-23T15:00", True),
        ("2026-10-23T16:00", False),
        ("2026-10-26T06:00", False),  # winter: it is 07:00 UTC
        ("2026-10-26T07:00", True),
        ("2026-10-26T16:00", True),
        ("2026-10-26T17:00", False),
    ],
)
def test_hours_of_a_clock_keep_to_it_over_a_change(label: str, is_due: bool) -> None:  # noqa: FBT001 - a parameter
    schedule = hourly(OFFICE)
    period = period_of(datetime.fromisoformat(label), schedule.every, UTC)
    assert period is not None
    assert (schedule.due_at(period) == period.end + HOUR / 4) is is_due
    assert (schedule.never_due_because(period) is None) is is_due


def test_where_two_clocks_explain_the_same_both_have_to_show_such_a_time() -> None:
    summer = (UTC, minutes(range(5), range(6, 16)))
    both = hourly(OFFICE, summer)
    walls = [datetime(2026, 10, 26, hour) for hour in range(24)]
    found = [period_of(wall, both.every, UTC) for wall in walls]
    due = [each.wall.hour for each in found if each is not None and both.due_at(each) is not None]
    assert due == list(range(7, 16))


def test_the_hour_that_comes_twice_in_its_zone_is_one_period_and_one_that_is_skipped_none() -> None:
    night = (BERLIN, minutes(range(7), range(5)))
    schedule = hourly(night, labels=BERLIN, lookback=10)
    due = labels_due(schedule, "2026-10-25 12:00", 5)
    assert due == [f"2026-10-25T0{hour}:00" for hour in (4, 3, 2, 1, 0)]
    due = labels_due(schedule, "2027-03-28 12:00", 4)
    assert due == [f"2027-03-28T0{hour}:00" for hour in (4, 3, 1, 0)]


def test_a_calendar_beside_it_closes_days() -> None:
    schedule = hourly(DAYTIME, calendar=Calendar("rest", frozenset({2})))
    assert labels_due(schedule, "2026-11-25 12:00", 1) == ["2026-11-24T21:00"]  # that day is a Wednesday
    wednesday = period_of(datetime(2026, 11, 25, 8), schedule.every, UTC)
    night = period_of(datetime(2026, 11, 25, 3), schedule.every, UTC)
    assert wednesday is not None
    assert night is not None
    assert schedule.never_due_because(wednesday) == "Wednesday"
    assert schedule.never_due_because(night) == "data comes 06:00 to 22:00 UTC only"


def test_single_periods_may_be_closed() -> None:
    wall = datetime(2026, 11, 25, 8)
    schedule = hourly(DAYTIME)
    assert schedule.hours is not None
    closed = replace(schedule, hours=replace(schedule.hours, closed=frozenset({wall})))
    period = period_of(wall, schedule.every, UTC)
    assert period is not None
    assert schedule.due_at(period) is not None
    assert closed.due_at(period) is None
    assert "expected" in (closed.never_due_because(period) or "")


@pytest.mark.parametrize(
    ("clock", "words"),
    [
        (DAYTIME, "06:00 to 22:00 UTC"),
        (OFFICE, "Mon to Fri 08:00 to 18:00 Europe/Berlin"),
        ((UTC, minutes(range(7), [6, 12, 18])), "06:00 to 07:00 and 12:00 to 13:00 and 18:00 to 19:00 UTC"),
        ((UTC, minutes(range(7), [0, 6, 12, 18])), "4 times from 00:00 to 19:00 UTC"),
        (
            (UTC, minutes(range(5), range(6, 22)) | minutes(range(5, 6), range(8, 12))),
            "Mon to Fri 06:00 to 22:00; Sat 08:00 to 12:00 UTC",
        ),
        ((UTC, minutes(range(5, 7), range(24))), "Sat and Sun 00:00 to 24:00 UTC"),
        (
            (UTC, minutes(range(3), [9]) | minutes(range(6, 7), [9])),
            "Mon to Wed and Sun 09:00 to 10:00 UTC",
        ),
    ],
)
def test_it_is_said_for_people(clock: tuple[ZoneInfo, frozenset[int]], words: str) -> None:
    schedule = hourly(clock)
    assert schedule.hours is not None
    assert schedule.hours.say() == words
    assert f"data comes {words} only" in schedule.say()


def test_without_hours_nothing_is_said_and_all_is_due() -> None:
    schedule = hourly()
    assert "only" not in schedule.say()
    assert labels_due(schedule, "2026-11-25 04:15", 1) == ["2026-11-25T03:00"]
