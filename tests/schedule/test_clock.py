"""Wall-clock times, deadlines and calendars at the moments when clocks change and days close."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.schedule.calendars import Calendar, public_holidays
from checks.schedule.clock import first_instant, last_instant, parse_zone, say_instant, wall_of
from checks.schedule.deadlines import Deadline, parse_times
from checks.schedule.durations import parse_duration, parse_size, say_duration, say_size, write_duration
from checks.schedule.open_time import open_time_ago
from tests.support.times import BERLIN, DAY, HOUR, LORD_HOWE, NEW_YORK, SECOND, UTC_ZONE, at, wall

WEEKDAYS = Calendar("weekdays", frozenset({5, 6}))


@pytest.mark.parametrize(
    ("zone", "local", "first", "last"),
    [
        (BERLIN, "2026-11-22T06:00", "2026-11-22 05:00", "2026-11-22 05:00"),
        # Berlin skips 02:00 to 03:00 on 29 March, and lives 02:00 to 03:00 twice on 25 October.
        (BERLIN, "2026-03-29T01:59:59", "2026-03-29 00:59:59", "2026-03-29 00:59:59"),
        (BERLIN, "2026-03-29T02:00", "2026-03-29 01:00", "2026-03-29 01:00"),
        (BERLIN, "2026-03-29T02:30", "2026-03-29 01:00", "2026-03-29 01:00"),
        (BERLIN, "2026-03-29T03:00", "2026-03-29 01:00", "2026-03-29 01:00"),
        (BERLIN, "2026-03-29T03:00:01", "2026-03-29 01:00:01", "2026-03-29 01:00:01"),
        (BERLIN, "2026-10-25T01:59:59", "2026-10-24 23:59:59", "2026-10-24 23:59:59"),
        (BERLIN, "2026-10-25T02:00", "2026-10-25 00:00", "2026-10-25 01:00"),
        (BERLIN, "2026-10-25T02:59:59", "2026-10-25 00:59:59", "2026-10-25 01:59:59"),
        (BERLIN, "2026-10-25T03:00", "2026-10-25 02:00", "2026-10-25 02:00"),
        # Half an hour on Lord Howe Island; a midnight that does not exist in São Paulo; a day that does not in Apia.
        (LORD_HOWE, "2026-10-04T02:15", "2026-10-03 15:30", "2026-10-03 15:30"),
        (LORD_HOWE, "2026-04-05T01:45", "2026-04-04 14:45", "2026-04-04 15:15"),
        (ZoneInfo("America/Sao_Paulo"), "2018-11-04T00:00", "2018-11-04 03:00", "2018-11-04 03:00"),
        (ZoneInfo("Pacific/Apia"), "2011-12-30T12:00", "2011-12-30 10:00", "2011-12-30 10:00"),
    ],
)
def test_a_skipped_time_is_the_first_instant_after_it_and_a_repeated_one_has_two(
    zone: ZoneInfo, local: str, first: str, last: str
) -> None:
    assert (first_instant(wall(local), zone), last_instant(wall(local), zone)) == (at(first), at(last))


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31)), st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE])
)
def test_a_wall_time_that_exists_comes_back_from_its_instants(local: datetime, zone: ZoneInfo) -> None:
    local = local.replace(microsecond=0)
    first, last = first_instant(local, zone), last_instant(local, zone)
    assert first <= last
    if wall_of(first, zone) == local:
        assert wall_of(last, zone) == local
    else:  # it was skipped: the first instant after it, whose second before shows an earlier time
        assert first == last
        assert wall_of(first, zone) > local > wall_of(first - SECOND, zone)


@pytest.mark.parametrize(
    ("deadline", "now", "expected"),
    [
        ("06:00", "2026-11-22 04:59:59", "2026-11-21 05:00"),
        ("06:00", "2026-11-22 05:00:00", "2026-11-22 05:00"),
        ("06:00", "2026-11-22 05:00:01", "2026-11-22 05:00"),
        # Summer time: 06:00 in Berlin is 04:00 UTC, on the day of the change too.
        ("06:00", "2026-03-29 03:59:59", "2026-03-28 05:00"),
        ("06:00", "2026-03-29 04:00:00", "2026-03-29 04:00"),
        # 02:30 is skipped on 29 March, and comes twice on 25 October: the later counts.
        ("02:30", "2026-03-29 00:59:59", "2026-03-28 01:30"),
        ("02:30", "2026-03-29 01:00:00", "2026-03-29 01:00"),
        ("02:30", "2026-10-25 01:29:59", "2026-10-24 00:30"),
        ("02:30", "2026-10-25 01:30:00", "2026-10-25 01:30"),
        ("30 6 * * 1-5", "2026-11-22 12:00", "2026-11-20 05:30"),
        ("0 12 1 * *", "2026-03-01 10:59:59", "2026-02-01 11:00"),
        ("0 12 L * *", "2028-02-29 11:00", "2028-02-29 11:00"),
        ("0 0 29 2 *", "2027-12-01 00:00", "2024-02-28 23:00"),
    ],
)
def test_the_last_deadline_is_at_or_before_now(deadline: str, now: str, expected: str) -> None:
    assert Deadline(parse_times(deadline), BERLIN).last_at_or_before(at(now)) == at(expected)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("2026-11-22 04:59:59", "2026-11-22 05:00"),
        ("2026-11-22 05:00:00", "2026-11-22 05:00"),
        ("2026-11-22 05:00:01", "2026-11-23 05:00"),
    ],
)
def test_the_first_deadline_is_at_or_after_a_periods_end(since: str, expected: str) -> None:
    assert Deadline(parse_times("06:00"), BERLIN).first_at_or_after(at(since)) == at(expected)


@given(
    st.sampled_from(["0 6 * * *", "30 2 * * *", "*/20 * * * *", "30 6 * * 1-5", "0 3 1 * *"]),
    st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, UTC_ZONE]),
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 31)),
)
def test_no_deadline_lies_between_the_last_and_the_next(cron: str, zone: ZoneInfo, moment: datetime) -> None:
    now = moment.replace(tzinfo=UTC_ZONE, microsecond=0)
    deadline = Deadline(cron, zone)
    last, following = deadline.last_at_or_before(now), deadline.first_at_or_after(now + SECOND)
    assert last is not None
    assert following is not None
    assert last <= now < following
    assert deadline.first_at_or_after(last + SECOND) == following
    assert deadline.last_at_or_before(following - SECOND) == last


def test_the_nth_business_day_of_a_month_skips_weekends_and_the_calendars_days() -> None:
    third = Deadline(parse_times("09:00"), UTC_ZONE, None, 3)
    assert third.first_at_or_after(at("2026-08-01 00:00")) == at("2026-08-05 09:00")  # 1 August is a Saturday
    closed = Calendar("own", frozenset({5, 6}), frozenset({date(2026, 8, 3)}))
    assert Deadline(parse_times("09:00"), UTC_ZONE, closed, 3).first_at_or_after(
        at("2026-08-01 00:00")
    ) == at("2026-08-06 09:00")


def test_a_deadline_with_a_calendar_has_none_on_closed_days() -> None:
    deadline = Deadline(parse_times("06:00"), UTC_ZONE, WEEKDAYS)
    assert deadline.last_at_or_before(at("2026-11-22 12:00")) == at("2026-11-20 06:00")
    assert deadline.gap_before(at("2026-11-23 06:00")) == 3 * DAY


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 6 * * * *",
         "'0 6 * * * *' is not a deadline (this has 6 fields); write HH:MM, such as 06:00, or a cron of five fields"),
        ("6", "'6' is not a deadline; write HH:MM, such as 06:00, or a cron of five fields"),
        ("24:00", "'24:00' is not a deadline; write HH:MM, such as 06:00, or a cron of five fields"),
        (600, "600 is not a deadline; write HH:MM, such as 06:00, or a cron of five fields"),
        ("61 6 * * *", "'61 6 * * *' is not a cron: Bad minute; write five fields, such as '30 6 * * 1-5'"),
        ("0 6 30 2 *", "'0 6 30 2 *' is not a cron: Bad day-of-month; write five fields, such as '30 6 * * 1-5'"),
    ],
)  # fmt: skip
def test_a_deadline_that_is_none_is_told_with_what_to_write(text: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_times(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("now", "span", "expected"),
    [
        # Saturday and Sunday do not count. Monday 23 November 2026, 12:00: Friday noon is 24 open hours ago.
        ("2026-11-23 12:00", 24 * HOUR, "2026-11-20 12:00"),
        ("2026-11-22 12:00", 24 * HOUR, "2026-11-20 00:00"),
        # At midnight after one open day the whole weekend before it is as old as Monday's start.
        ("2026-11-24 00:00", 24 * HOUR, "2026-11-21 00:00"),
        ("2026-11-24 00:00", 24 * HOUR - SECOND, "2026-11-23 00:00:01"),
        ("2026-11-24 00:00", 24 * HOUR + SECOND, "2026-11-20 23:59:59"),
    ],
)
def test_closed_days_do_not_count_as_age(now: str, span: timedelta, expected: str) -> None:
    assert open_time_ago(at(now), span, UTC_ZONE, WEEKDAYS) == at(expected)


def test_without_a_calendar_all_time_counts() -> None:
    assert open_time_ago(at("2026-11-23 12:00"), 24 * HOUR, UTC_ZONE, None) == at("2026-11-22 12:00")


def test_a_calendar_that_never_opens_ends_the_search() -> None:
    never = Calendar("never", frozenset(range(7)))
    assert open_time_ago(at("2026-11-23 12:00"), HOUR, UTC_ZONE, never) < at("2021-12-01 00:00")


@given(st.integers(0, 10**7), st.integers(1, 10**6))
def test_a_longer_span_never_reaches_less_far_back(offset: int, span: int) -> None:
    now = at("2026-01-01 00:00") + offset * SECOND
    shorter = open_time_ago(now, span * SECOND, BERLIN, WEEKDAYS)
    longer = open_time_ago(now, (span + 3600) * SECOND, BERLIN, WEEKDAYS)
    assert longer <= shorter <= now - span * SECOND


def test_a_calendar_says_why_a_day_is_closed() -> None:
    germany = Calendar(
        "de", frozenset({5, 6}), frozenset({date(2026, 12, 24)}), holidays=public_holidays("DE", "BE")
    )
    assert germany.closed_because(date(2026, 12, 24)) == "closed in calendar de"
    assert germany.closed_because(date(2026, 12, 25)) == "Christmas Day"
    assert germany.closed_because(date(2026, 11, 21)) == "Saturday"
    assert (
        germany.closed_because(date(2026, 3, 9)) is None
    )  # International Women's Day 2026 is a Sunday in Berlin
    assert germany.is_open(date(2026, 11, 23))
    assert Calendar("own", frozenset({5}), open_dates=frozenset({date(2026, 11, 21)})).is_open(
        date(2026, 11, 21)
    )


@pytest.mark.parametrize(("country", "subdivision"), [("XX", None), ("DE", "XX")])
def test_a_place_without_holidays_is_told(country: str, subdivision: str | None) -> None:
    with pytest.raises(ValueError, match="'XX' is not a "):
        public_holidays(country, subdivision)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("15m", 900), ("1.5h", 5400), ("26h", 93600), ("2d", 172800), ("1w", 604800)],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)
    assert parse_duration(write_duration(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["soon", "", "h", "-1h", "1y", "1h30m", 24, None, True, "0h", "9999w"])
def test_what_is_no_duration_is_told(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"), [("50MB", 50_000_000), ("1KiB", 1024), ("0B", 0), ("1.5 GB", 1_500_000_000), (7, 7)]
)
def test_sizes_are_read(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["50", "MB", "-1B", "1 XB", None, True])
def test_what_is_no_size_is_told(text: object) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (5400, "1 h 30 min"), (86400, "24 h"),
     (2 * 86400 - 1, "47 h 59 min"), (2 * 86400, "2 days"), (2 * 86400 + 4 * 3600, "2 days 4 h"),
     (60 * 86400, "60 days")],
)  # fmt: skip
def test_durations_are_said(seconds: int, said: str) -> None:
    assert say_duration(timedelta(seconds=seconds)) == said


def test_sizes_are_said() -> None:
    assert [say_size(n) for n in (0, 999, 1000, 1_520_000, 2.5e9, 3e12)] == [
        "0 B", "999 B", "1 kB", "1.52 MB", "2.5 GB", "3 TB",
    ]  # fmt: skip
    assert [say_size(n) for n in (999.6, 999_499, 999_500, 999_999_999, 999.7e12, 12_345.6e12)] == [
        "1 kB", "999 kB", "1 MB", "1 GB", "1,000 TB", "12,346 TB",
    ]  # fmt: skip


def test_instants_are_said_in_a_zone() -> None:
    assert say_instant(at("2026-11-22 05:00"), BERLIN) == "Sun 22 Nov 2026 06:00 CET"
    assert (
        say_instant(at("2026-11-22 05:00"), ZoneInfo("America/Sao_Paulo"))
        == "Sun 22 Nov 2026 02:00 UTC-03:00"
    )


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "/etc/passwd", "../UTC", 5, None])
def test_a_zone_that_does_not_exist_is_told(name: object) -> None:
    with pytest.raises(ValueError, match="is not a time zone; write an IANA name"):
        parse_zone(name)


def test_calendars_of_one_name_and_other_holidays_are_told_apart() -> None:
    """Answers are kept by calendar: a config that is mended and read again gets no answers of before."""
    germany, italy = (Calendar("office", holidays=public_holidays(country)) for country in ("DE", "IT"))
    assert germany != italy
    assert germany == Calendar("office", holidays=public_holidays("DE"))
    assert hash(germany) == hash(Calendar("office", holidays=public_holidays("DE")))
    now = at("2026-04-25 12:00")  # Liberation Day in Italy
    assert open_time_ago(now, 24 * HOUR, UTC_ZONE, germany) == at("2026-04-24 12:00")
    assert open_time_ago(now, 24 * HOUR, UTC_ZONE, italy) == at("2026-04-24 00:00")
