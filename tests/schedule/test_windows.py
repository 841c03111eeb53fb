"""Windows in which nothing is due: bounds to the second, across midnight and changes of clocks, and their laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.schedule.calendars import Calendar
from checks.schedule.deadlines import Deadline, parse_times
from checks.schedule.due import Schedule
from checks.schedule.open_time import open_time, open_time_ago
from checks.schedule.periods import DAILY, HOURLY, QUARTERLY, WEEKLY
from checks.schedule.windows import Window, Windows, parse_time_of_day
from tests.support.times import BERLIN, DAY, HOUR, LORD_HOWE, NEW_YORK, SECOND, UTC_ZONE, at

SUNDAY, SATURDAY = 6, 5


def window(
    start: str, end: str, *days: int, dates: tuple[date, ...] = (), zone: ZoneInfo | None = None
) -> Window:
    return Window(parse_time_of_day(start), parse_time_of_day(end), frozenset(days), frozenset(dates), zone)


def windows(*several: Window, zone: ZoneInfo = UTC_ZONE) -> Windows:
    return Windows("maintenance", several, zone)


def put_off(found: Windows, instant: str) -> str:
    return f"{found.end_after(at(instant)):%m-%d %H:%M:%S}"


MAINTENANCE = windows(window("02:00", "04:00", SUNDAY))


@pytest.mark.parametrize(
    ("instant", "due"),
    [
        ("11-22 01:59:59", "11-22 01:59:59"),
        ("11-22 02:00:00", "11-22 04:00:00"),
        ("11-22 02:00:01", "11-22 04:00:00"),
        ("11-22 03:59:59", "11-22 04:00:00"),
        ("11-22 04:00:00", "11-22 04:00:00"),
        ("11-22 04:00:01", "11-22 04:00:01"),
        ("11-21 03:00:00", "11-21 03:00:00"),
        ("11-23 03:00:00", "11-23 03:00:00"),
    ],
)
def test_the_start_belongs_to_a_window_and_the_end_does_not(instant: str, due: str) -> None:
    assert put_off(MAINTENANCE, instant) == due


@pytest.mark.parametrize(
    ("found", "instant", "due"),
    [
        # Across midnight: it begins on Saturdays.
        (windows(window("22:00", "02:00", SATURDAY)), "11-21 21:59:59", "11-21 21:59:59"),
        (windows(window("22:00", "02:00", SATURDAY)), "11-21 22:00:00", "11-22 02:00:00"),
        (windows(window("22:00", "02:00", SATURDAY)), "11-22 01:59:59", "11-22 02:00:00"),
        (windows(window("22:00", "02:00", SATURDAY)), "11-22 02:00:00", "11-22 02:00:00"),
        (windows(window("22:00", "02:00", SATURDAY)), "11-22 23:00:00", "11-22 23:00:00"),
        # Windows that touch or overlap are one, in whatever order they stand.
        (windows(window("04:00", "06:00"), window("02:00", "04:00")), "11-22 02:00", "11-22 06:00:00"),
        (windows(window("02:00", "05:00"), window("04:00", "06:00")), "11-22 03:00", "11-22 06:00:00"),
        (windows(window("02:00", "06:00"), window("03:00", "04:00")), "11-22 03:30", "11-22 06:00:00"),
        (windows(window("22:00", "24:00", SATURDAY), window("0:00", "1:00", SUNDAY)), "11-21 23:00", "11-22 01:00:00"),
        (windows(window("02:00", "04:00"), window("04:01", "06:00")), "11-22 03:00", "11-22 04:00:00"),
        # A whole day, several days, dates.
        (windows(window("00:00", "24:00", SUNDAY)), "11-22 00:00", "11-23 00:00:00"),
        (windows(window("00:00", "24:00", SATURDAY, SUNDAY)), "11-21 12:00", "11-23 00:00:00"),
        (windows(window("18:00", "06:00", dates=(date(2026, 12, 24),))), "12-24 18:00", "12-25 06:00:00"),
        (windows(window("18:00", "06:00", dates=(date(2026, 12, 24),))), "12-25 18:00", "12-25 18:00:00"),
        (windows(window("02:00", "04:00", SUNDAY, dates=(date(2026, 11, 24),))), "11-24 03:00", "11-24 04:00:00"),
        # A zone of its own: 02:00 in New York is 07:00 UTC in winter, 06:00 in summer.
        (windows(window("02:00", "04:00", SUNDAY, zone=NEW_YORK)), "11-22 07:30", "11-22 09:00:00"),
        (windows(window("02:00", "04:00", SUNDAY, zone=NEW_YORK)), "06-21 06:00", "06-21 08:00:00"),
        (windows(window("02:00", "04:00", SUNDAY, zone=NEW_YORK)), "11-22 03:00", "11-22 03:00:00"),
        # 02:00 to 03:00 comes twice in Berlin on 25 October: from 00:00 to 02:00 UTC.
        (windows(window("02:00", "03:00"), zone=BERLIN), "10-24 23:59:59", "10-24 23:59:59"),
        (windows(window("02:00", "03:00"), zone=BERLIN), "10-25 00:00:00", "10-25 02:00:00"),
        (windows(window("02:00", "03:00"), zone=BERLIN), "10-25 01:59:59", "10-25 02:00:00"),
        (windows(window("02:30", "02:45"), zone=BERLIN), "10-25 00:30:00", "10-25 01:45:00"),
        # It is skipped on 29 March: a window within it is none, one around it is an hour shorter.
        (windows(window("02:00", "03:00"), zone=BERLIN), "03-29 01:00:00", "03-29 01:00:00"),
        (windows(window("01:30", "03:30"), zone=BERLIN), "03-29 00:30:00", "03-29 01:30:00"),
        (windows(window("02:30", "04:00"), zone=BERLIN), "03-29 00:59:59", "03-29 00:59:59"),
        (windows(window("02:30", "04:00"), zone=BERLIN), "03-29 01:00:00", "03-29 02:00:00"),
    ],
)  # fmt: skip
def test_where_a_deadline_moves_to(found: Windows, instant: str, due: str) -> None:
    assert put_off(found, instant) == due


COVERING = [
    [window("00:00", "24:00")],
    [window("00:00", "12:00"), window("12:00", "24:00")],
    [window("00:00", "12:00"), window("12:00", "00:00")],
    [window("18:00", "17:00"), window("17:00", "18:00")],
    [window("00:00", "24:00", *range(5)), window("00:00", "24:00", SATURDAY, SUNDAY)],
    [window("20:00", "12:00", *range(7)), window("11:00", "21:00"), window("2:00", "3:00", dates=(date(2026, 1, 1),))],
    [window("00:00", "12:00", zone=UTC_ZONE), window("11:00", "02:00", zone=BERLIN)],
]  # fmt: skip
OPEN = [
    [window("00:01", "24:00")],
    [window("00:00", "12:00"), window("12:01", "24:00")],
    [window("00:00", "24:00", *range(6))],
    [window("00:00", "24:00", dates=tuple(date(2026, 1, 1) + number * DAY for number in range(365)))],
    [window("00:00", "12:00", zone=UTC_ZONE), window("12:00", "00:00", zone=BERLIN)],
    [],
]  # fmt: skip


@pytest.mark.parametrize("several", COVERING)
@pytest.mark.parametrize("zone", [UTC_ZONE, BERLIN, LORD_HOWE])
def test_windows_that_cover_all_time_never_open(several: list[Window], zone: ZoneInfo) -> None:
    assert windows(*several, zone=zone).never_open()


@pytest.mark.parametrize("several", OPEN)
@pytest.mark.parametrize("zone", [UTC_ZONE, BERLIN, LORD_HOWE])
def test_windows_that_leave_a_minute_open_do(several: list[Window], zone: ZoneInfo) -> None:
    assert not windows(*several, zone=zone).never_open()


@pytest.mark.parametrize(
    ("text", "hours"), [("02:00", 2), ("2:00", 2), ("00:00", 0), ("24:00", 24), (" 23:00 ", 23)]
)
def test_times_of_day_are_read(text: str, hours: int) -> None:
    assert parse_time_of_day(text) == hours * HOUR


@pytest.mark.parametrize("text", ["24:01", "25:00", "2", "02:60", "2 pm", "", 2, None, "02:00:00"])
def test_what_is_no_time_of_day_is_told(text: object) -> None:
    with pytest.raises(ValueError, match='is not a time of day; write HH:MM, such as "02:00"'):
        parse_time_of_day(text)


def test_windows_are_said() -> None:
    many = tuple(date(2026, 12, 24) + number * DAY for number in range(5))
    found = windows(
        window("02:00", "04:00", SUNDAY), window("22:00", "24:00", SATURDAY, SUNDAY, zone=NEW_YORK),
        window("1:05", "1:10"), window("00:00", "24:00", dates=many), zone=BERLIN,
    )  # fmt: skip
    assert found.say() == (
        "maintenance (Sundays 02:00 to 04:00 Europe/Berlin; Saturdays and Sundays 22:00 to 24:00 America/New_York; "
        "every day 01:05 to 01:10 Europe/Berlin; 2026-12-24, 2026-12-25, 2026-12-26 and 2 more dates 00:00 to 24:00 "
        "Europe/Berlin)"
    )


# Laws, over windows of all kinds in zones with odd changes of clocks.

TIMES = st.integers(0, 95).map(lambda quarter: quarter * timedelta(minutes=15))
ZONES = st.sampled_from(
    [UTC_ZONE, BERLIN, NEW_YORK, LORD_HOWE, ZoneInfo("America/Havana"), ZoneInfo("Pacific/Apia")]
)
DATES = st.dates(date(2026, 1, 1), date(2026, 12, 31))
WINDOW = st.builds(
    Window, TIMES, st.integers(1, 96).map(lambda quarter: quarter * timedelta(minutes=15)),
    st.frozensets(st.integers(0, 6), max_size=3), st.frozensets(DATES, max_size=3), st.none() | ZONES,
).filter(lambda each: each.start != each.end)  # fmt: skip
SOME = st.builds(Windows, st.just("some"), st.lists(WINDOW, min_size=1, max_size=4).map(tuple), ZONES).filter(
    lambda found: not found.never_open()
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)


@settings(max_examples=150, deadline=None)
@given(found=SOME, moment=MOMENTS, later=st.integers(0, 3 * 86400))
def test_putting_off_keeps_order_ends_in_open_time_and_is_done_once(
    found: Windows, moment: datetime, later: int
) -> None:
    due = found.end_after(moment)
    assert due >= moment
    assert found.end_after(due) == due
    assert found.end_after(moment + later * SECOND) >= due
    assert found.within(due, due + SECOND) == []
    if due > moment:  # all of it is within windows that are one
        assert found.within(moment, due) == [(moment, due)]


@settings(max_examples=150, deadline=None)
@given(found=SOME, moment=MOMENTS, hours=st.integers(1, 72))
def test_what_clocks_show_within_a_window_is_within_it(found: Windows, moment: datetime, hours: int) -> None:
    end = moment + hours * HOUR
    covered = found.within(moment, end)
    assert all(moment <= since < until <= end for since, until in covered)
    assert all(first[1] < second[0] for first, second in pairwise(covered))
    for number in range(0, hours * 60, 7):
        instant = moment + timedelta(minutes=number)
        is_within = any(since <= instant < until for since, until in covered)
        assert is_within == (found.end_after(instant) > instant)


@settings(max_examples=100, deadline=None)
@given(
    found=SOME,
    now=MOMENTS,
    minutes=st.integers(1, 4000),
    closed=st.none() | st.frozensets(st.integers(0, 6), max_size=3),
)
def test_open_time_is_counted_back_as_it_is_counted(
    found: Windows, now: datetime, minutes: int, closed: frozenset[int] | None
) -> None:
    calendar = Calendar("own", closed) if closed is not None else None
    span = timedelta(minutes=minutes)
    since = open_time_ago(now, span, BERLIN, calendar, found)
    assert since <= now - span
    assert open_time(since, now, BERLIN, calendar, found) == span
    assert open_time(since - SECOND, now, BERLIN, calendar, found) > span
    assert since <= open_time_ago(now, span, BERLIN, calendar)


@settings(max_examples=80, deadline=None)
@given(
    found=SOME,
    every=st.sampled_from([HOURLY, DAILY, WEEKLY, QUARTERLY]),
    cron=st.sampled_from([None, "06:00", "30 2 * * *", "0 */4 * * *"]),
    grace=st.sampled_from([timedelta(0), HOUR, 30 * HOUR]),
    now=MOMENTS,
)
def test_windows_only_put_off_what_is_due_and_each_period_stays_due_once(
    found: Windows, every: object, cron: str | None, grace: timedelta, now: datetime
) -> None:
    deadline = Deadline(parse_times(cron), BERLIN) if cron else None
    plain = Schedule(every=every, labels=BERLIN, zone=BERLIN, deadline=deadline, after=HOUR, lookback=12)  # type: ignore[arg-type]
    schedule = replace(plain, windows=found, grace=grace)
    due = schedule.due(now)
    assert len({each.period.label for each in due}) == len(due) == 12
    assert [each.period for each in due] == sorted((each.period for each in due), reverse=True)
    for each in due:
        stated = plain.due_at(each.period)
        assert stated is not None
        assert each.due_at == found.end_after(stated) <= now
        assert schedule.grace_end(each.due_at) >= each.due_at + grace
        assert found.end_after(schedule.grace_end(each.due_at)) == schedule.grace_end(each.due_at)
    without = {each.period.label for each in plain.due(now, reach_back_to=now - 800 * DAY)}
    assert {each.period.label for each in due} <= without


@pytest.mark.parametrize("closed", [SUNDAY, 0])
def test_the_calendar_is_asked_for_the_day_of_the_stated_deadline(closed: int) -> None:
    """One of Sunday 23:00 that is put off to Monday 01:00 is closed with Sundays, and open with Mondays."""
    schedule = Schedule(
        every=DAILY, labels=UTC_ZONE, zone=UTC_ZONE, deadline=Deadline(parse_times("23:00"), UTC_ZONE),
        calendar=Calendar("own", frozenset({closed})), calendar_of_run=True,
        windows=windows(window("22:00", "01:00", SUNDAY)),
    )  # fmt: skip
    saturday = next(each.period for each in replace(schedule, calendar=None).due(at("11-23 02:00")))
    assert saturday.label == "2026-11-21"
    assert (schedule.due_at(saturday) == at("11-23 01:00")) == (closed != SUNDAY)
