"""Periods tile time, and each is due exactly once."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.model import Period
from checks.schedule.calendars import Calendar
from checks.schedule.deadlines import Deadline, parse_times
from checks.schedule.due import MOST_PERIODS, Schedule, default_grace
from checks.schedule.periods import (
    DAILY,
    FORTNIGHTLY,
    HOURLY,
    MONTHLY,
    QUARTERLY,
    WEEKLY,
    YEARLY,
    Every,
    back_from,
    parse_every,
    period_at,
    period_of,
)
from tests.support.times import BERLIN, DAY, HOUR, NEW_YORK, SECOND, UTC_ZONE, at

EVERIES = [parse_every(text) for text in ("15m", "1h", "6h", "1d", "1w", "2w", "1mo", "3mo", "1y")]
EVERIES.append(FORTNIGHTLY.anchored(date(2026, 1, 5)))
WEEKDAYS = Calendar("weekdays", frozenset({5, 6}))
ZONES = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})


def labels(now: str, every: Every, zone: ZoneInfo, count: int) -> list[str]:
    return [period.label for period in islice(back_from(at(now), every, zone), count)]


@pytest.mark.parametrize("every", EVERIES, ids=str)
@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    moment=st.datetimes(datetime(1975, 1, 1), datetime(2037, 12, 31)),
)
def test_periods_tile_time_without_gap_or_overlap(every: Every, zone: str, moment: datetime) -> None:
    now = moment.replace(tzinfo=UTC)
    periods = list(islice(back_from(now, every, ZoneInfo(zone)), 40))
    assert periods[0].start <= now < periods[0].end
    assert all(period.start < period.end for period in periods)
    assert all(later.start == earlier.end for later, earlier in pairwise(periods))


@pytest.mark.parametrize("year", [1993, 2011, 2018, 2024, 2026])
@pytest.mark.parametrize("zone", [
    "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kwajalein",
    "America/Sao_Paulo", "America/Havana", "Africa/Casablanca", "Antarctica/Troll",
])  # fmt: skip
def test_a_whole_year_of_hours_tiles_in_zones_with_odd_changes(zone: str, year: int) -> None:
    start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    later: Period | None = None
    for period in back_from(end, HOURLY, ZoneInfo(zone)):
        assert later is None or period.end == later.start
        if period.start < start:
            break
        later = period


def test_an_hour_that_comes_twice_is_one_period_of_two_hours_and_a_skipped_one_is_none() -> None:
    assert period_at(at("2026-10-25 01:30"), HOURLY, BERLIN) == Period(
        at("2026-10-25 00:00"),
        at("2026-10-25 02:00"),
        datetime(2026, 10, 25, 2),
        "2026-10-25T02:00",
    )
    assert labels("2026-03-29 01:30", HOURLY, BERLIN, 3) == [
        "2026-03-29T03:00",
        "2026-03-29T01:00",
        "2026-03-29T00:00",
    ]
    assert period_of(datetime(2026, 3, 29, 2), HOURLY, BERLIN) is None


def test_a_local_day_has_23_24_or_25_hours() -> None:
    lengths = {
        day: period_at(at(f"{day} 12:00"), DAILY, BERLIN)
        for day in ("2026-03-29", "2026-06-01", "2026-10-25")
    }
    assert [(p.end - p.start) // HOUR for p in lengths.values()] == [23, 24, 25]


@pytest.mark.parametrize(
    ("now", "every", "expected"),
    [
        ("2028-03-01 00:00", DAILY, ["2028-03-01", "2028-02-29", "2028-02-28"]),
        ("2026-03-01 00:00", DAILY, ["2026-03-01", "2026-02-28", "2026-02-27"]),
        ("2027-01-04 00:00", WEEKLY, ["2027-W01", "2026-W53", "2026-W52"]),
        ("2026-01-04 23:59", WEEKLY, ["2026-W01", "2025-W52", "2025-W51"]),
        ("2026-11-22 00:00", FORTNIGHTLY, ["2026-W47-W48", "2026-W45-W46", "2026-W43-W44"]),
        ("2026-11-15 23:59:59", FORTNIGHTLY, ["2026-W45-W46", "2026-W43-W44", "2026-W41-W42"]),
        ("2026-11-16 00:00", FORTNIGHTLY, ["2026-W47-W48", "2026-W45-W46", "2026-W43-W44"]),
        ("2027-01-10 00:00", FORTNIGHTLY, ["2026-W53-W01", "2026-W51-W52", "2026-W49-W50"]),
        ("2027-01-11 00:00", FORTNIGHTLY, ["2027-W02-W03", "2026-W53-W01", "2026-W51-W52"]),
        ("2026-09-30 23:59:59", QUARTERLY, ["2026-Q3", "2026-Q2", "2026-Q1"]),
        ("2026-10-01 00:00", QUARTERLY, ["2026-Q4", "2026-Q3", "2026-Q2"]),
        ("2026-01-01 00:00", QUARTERLY, ["2026-Q1", "2025-Q4", "2025-Q3"]),
        ("2025-12-31 23:59:59", YEARLY, ["2025", "2024", "2023"]),
        ("2026-01-01 00:00", YEARLY, ["2026", "2025", "2024"]),
        ("2026-01-31 23:59:59", MONTHLY, ["2026-01", "2025-12", "2025-11"]),
        ("2026-01-01 00:00", MONTHLY, ["2026-01", "2025-12", "2025-11"]),
        (
            "2026-01-01 00:07",
            parse_every("15m"),
            ["2026-01-01T00:00", "2025-12-31T23:45", "2025-12-31T23:30"],
        ),
    ],
)
def test_leap_days_month_ends_and_year_ends(now: str, every: Every, expected: list[str]) -> None:
    assert labels(now, every, UTC_ZONE, 3) == expected


@pytest.mark.parametrize(
    "text", ["7h", "2d", "0m", "25h", "2y", "d", "", 5, None, "2mo", "1441m", "6mo", "3w", "0y", "13mo"]
)
def test_a_cadence_that_does_not_divide_time_is_told(text: object) -> None:
    with pytest.raises(
        ValueError, match="write one of 15m, 1h, 6h and other divisors of a day, 1d, 1w, 2w, 1mo, 3mo and 1y"
    ):
        parse_every(text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("24h", "1d"),
        ("60m", "1h"),
        ("1d", "1d"),
        ("90m", "90m"),
        ("1mo", "1mo"),
        ("2w", "2w"),
        ("3mo", "3mo"),
        ("1y", "1y"),
        (" 3 mo ", "3mo"),
    ],
)
def test_cadences_are_read_and_written(text: str, written: str) -> None:
    assert str(parse_every(text)) == written


@pytest.mark.parametrize(("text", "instead"), [
    ("14d", "2w"), ("2 weeks", "2w"), ("biweekly", "2w"), ("P2W", "2w"), ("fortnight", "2w"),
    ("quarterly", "3mo"), ("@quarterly", "3mo"), ("P3M", "3mo"), ("1q", "3mo"), ("quarter", "3mo"), ("3M", "3mo"),
    ("yearly", "1y"), ("annually", "1y"), ("12mo", "1y"), ("365d", "1y"), ("P1Y", "1y"), ("year", "1y"),
])  # fmt: skip
def test_other_ways_of_writing_slow_cadences_are_told_with_what_to_write(text: str, instead: str) -> None:
    with pytest.raises(ValueError, match=f"write {instead}$"):
        parse_every(text)


@pytest.mark.parametrize(("day", "label"), [
    ("2026-11-16", "2026-W47-W48"), ("2026-11-22", "2026-W47-W48"), ("2026-11-23", "2026-W46-W47"),
    ("2026-11-29", "2026-W46-W47"), ("2024-01-01", "2026-W47-W48"), ("2024-01-08", "2026-W46-W47"),
    ("1999-12-27", "2026-W46-W47"), ("2031-01-06", "2026-W47-W48"), ("2031-01-13", "2026-W46-W47"),
])  # fmt: skip
def test_an_anchor_says_which_week_begins_a_pair(day: str, label: str) -> None:
    every = FORTNIGHTLY.anchored(date.fromisoformat(day))
    assert labels("2026-11-18 12:00", every, UTC_ZONE, 1) == [label]
    assert str(every) == "2w"


@pytest.mark.parametrize("every", EVERIES, ids=str)
@given(moment=st.datetimes(datetime(1975, 1, 1), datetime(2037, 12, 31)))
def test_a_label_is_read_back_as_the_start_of_its_cell(every: Every, moment: datetime) -> None:
    start = every.floor(moment)
    assert every.start_of(every.label(start)) == start
    assert every.floor(start) == start <= moment < every.step(start)
    assert every.step(every.step(start), -1) == start
    assert every.start_of("now") is None


def test_a_label_of_another_cadence_is_none() -> None:
    assert QUARTERLY.start_of("2026-11") is None
    assert QUARTERLY.start_of("2026-Q5") is None
    assert YEARLY.start_of("2026-Q1") is None
    assert FORTNIGHTLY.start_of("2026-W47") is None
    assert FORTNIGHTLY.start_of("2026-W46-W47") is None
    assert WEEKLY.start_of("2026-W54") is None


@pytest.mark.parametrize("every", EVERIES[4:], ids=str)
@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Pacific/Apia", "Pacific/Kwajalein", "America/Havana", "Asia/Gaza"]
)
def test_slow_periods_tile_the_years_between_1980_and_2037(every: Every, zone: str) -> None:
    later: Period | None = None
    for period in back_from(datetime(2037, 12, 31, tzinfo=UTC), every, ZoneInfo(zone)):
        assert later is None or period.end == later.start
        assert period == period_of(period.wall, every, ZoneInfo(zone))
        if period.start.year < 1980:
            break
        later = period


def test_long_periods_end_with_the_first_year_there_is() -> None:
    years = list(back_from(at("2026-11-22 12:00"), YEARLY, UTC_ZONE))
    assert [years[0].label, len(years) > 2000] == ["2026", True]
    assert period_of(datetime(9999, 12, 31), YEARLY, UTC_ZONE) is None
    assert period_of(datetime(1, 1, 1), FORTNIGHTLY.anchored(date(2024, 1, 8)), BERLIN) is None


def daily(**values: object) -> Schedule:
    deadline = Deadline(parse_times(str(values.pop("due", "06:00"))), BERLIN)
    return Schedule(**{"every": DAILY, "labels": UTC_ZONE, "zone": BERLIN, "deadline": deadline, **values})  # type: ignore[arg-type]


def newest(schedule: Schedule, now: str) -> str:
    return schedule.due(at(now))[0].period.label


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-22 04:59:59", "2026-11-20"),
        ("2026-11-22 05:00:00", "2026-11-21"),
        ("2026-11-22 05:00:01", "2026-11-21"),
        # In summer 06:00 in Berlin is 04:00 UTC.
        ("2026-06-22 03:59:59", "2026-06-20"),
        ("2026-06-22 04:00:00", "2026-06-21"),
    ],
)
def test_a_day_is_due_at_the_first_deadline_after_its_end(now: str, expected: str) -> None:
    assert newest(daily(), now) == expected


def test_a_period_that_ends_at_its_deadline_is_due_then() -> None:
    schedule = daily(due="01:00")  # midnight UTC is 01:00 in Berlin in winter
    assert newest(schedule, "2026-11-22 00:00") == "2026-11-21"
    assert newest(schedule, "2026-11-21 23:59:59") == "2026-11-20"


def test_due_from_start_counts_from_the_periods_start() -> None:
    assert newest(daily(from_start=True), "2026-11-22 05:00") == "2026-11-22"
    assert newest(daily(from_start=True), "2026-11-22 04:59:59") == "2026-11-21"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-22 02:59:59", "2026-11-20"),
        ("2026-11-22 03:00", "2026-11-21"),
        ("2026-11-22 03:00:01", "2026-11-21"),
    ],
)
def test_after_counts_from_the_periods_end(now: str, expected: str) -> None:
    assert newest(daily(deadline=None, after=3 * HOUR), now) == expected


def test_labels_in_a_zone_move_the_periods_end() -> None:
    schedule = daily(labels=NEW_YORK, deadline=None, after=timedelta(0))
    assert newest(schedule, "2026-11-22 04:59:59") == "2026-11-20"
    assert newest(schedule, "2026-11-22 05:00:00") == "2026-11-21"


def test_a_calendar_exempts_closed_periods_or_with_of_run_closed_deadlines() -> None:
    by_period = [due.period.label for due in daily(calendar=WEEKDAYS, lookback=3).due(at("2026-11-23 12:00"))]
    assert by_period == ["2026-11-20", "2026-11-19", "2026-11-18"]
    by_run = daily(calendar=WEEKDAYS, calendar_of_run=True, lookback=3)
    assert [due.period.label for due in by_run.due(at("2026-11-23 12:00"))] == [
        "2026-11-22",
        "2026-11-19",
        "2026-11-18",
    ]


def test_a_week_is_exempt_only_when_each_of_its_days_is_closed() -> None:
    holiday_monday = Calendar("own", closed_dates=frozenset({date(2026, 11, 16)}))
    whole_week = Calendar("own", closed_dates=frozenset(date(2026, 11, 16 + n) for n in range(7)))
    values = {"every": WEEKLY, "deadline": None, "after": HOUR, "lookback": 1}
    assert newest(daily(calendar=holiday_monday, **values), "2026-11-23 12:00") == "2026-W47"
    assert newest(daily(calendar=whole_week, **values), "2026-11-23 12:00") == "2026-W46"


def test_the_lookback_counts_due_periods_or_is_a_duration() -> None:
    assert len(daily(lookback=14).due(at("2026-11-22 05:00"))) == 14
    by_time = [due.period.label for due in daily(lookback=3 * DAY).due(at("2026-11-22 05:00"))]
    assert by_time == ["2026-11-21", "2026-11-20", "2026-11-19"]
    assert len(daily(lookback=HOUR).due(at("2026-11-22 23:00"))) == 1


def test_the_lookback_reaches_back_to_the_last_completed_run_and_not_before_since() -> None:
    hourly = daily(every=HOURLY, deadline=None, after=HOUR, lookback=3)
    now = at("2026-11-22 12:00")
    assert len(hourly.due(now)) == 3
    assert len(hourly.due(now, reach_back_to=now - DAY)) == 24
    assert len(hourly.due(now, reach_back_to=now - 400 * DAY)) == MOST_PERIODS
    recent = daily(since=date(2026, 11, 20))
    assert [due.period.label for due in recent.due(now)] == ["2026-11-21", "2026-11-20"]
    assert daily(since=date(2027, 1, 1)).due(now) == ()


def test_a_calendar_that_never_opens_leaves_nothing_due() -> None:
    assert daily(calendar=Calendar("never", frozenset(range(7)))).due(at("2026-11-22 12:00")) == ()


@settings(max_examples=40, deadline=None)
@given(
    every=st.sampled_from([HOURLY, DAILY, WEEKLY, parse_every("6h"), *EVERIES[5:]]),
    zone=st.sampled_from([BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), UTC_ZONE]),
    cron=st.sampled_from([None, "0 6 * * *", "30 2 * * *"]),
    moment=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
)
def test_every_period_is_due_exactly_once(
    every: Every, zone: ZoneInfo, cron: str | None, moment: datetime
) -> None:
    now = moment.replace(tzinfo=UTC, microsecond=0)
    deadline = Deadline(cron, zone) if cron else None
    schedule = Schedule(every=every, labels=zone, zone=zone, deadline=deadline, after=HOUR, lookback=30)
    due = schedule.due(now)
    assert len({each.period.label for each in due}) == len(due) == 30
    assert all(later.period.start == earlier.period.end for later, earlier in pairwise(due))
    assert all(later.due_at >= earlier.due_at for later, earlier in pairwise(due))
    assert all(each.period.end <= each.due_at <= now for each in due)
    coming = schedule.next_due(now)
    assert coming is not None
    assert coming.due_at > now
    assert coming.period.start == due[0].period.end


@given(st.integers(0, 60 * 86400), st.integers(0, 86400))
def test_what_is_due_stays_due(first: int, more: int) -> None:
    schedule = daily(lookback=60)
    start = at("2026-03-01 00:00") + first * SECOND
    before = {due.period.label for due in schedule.due(start)}
    after = {due.period.label for due in schedule.due(start + more * SECOND, reach_back_to=start - 90 * DAY)}
    assert before <= after


def test_the_grace_is_a_quarter_of_the_period_and_at_most_a_day() -> None:
    assert [default_grace(each) for each in EVERIES] == [
        225 * SECOND,
        HOUR / 4,
        HOUR * 1.5,
        6 * HOUR,
        *[DAY] * 6,
    ]
