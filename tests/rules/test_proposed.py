"""A schedule that was learned, stated as a config takes it: the same, and never by more than a quarter later."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.rules.base import Binding
from checks.rules.partitions import PartitionsConfig
from checks.rules.partitions_proposed import stated, to_read
from checks.rules.proposing import Extent
from checks.schedule.deadlines import Deadline
from checks.schedule.due import Schedule
from checks.schedule.periods import parse_every, period_of

UTC = ZoneInfo("UTC")
ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Australia/Sydney")]
MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = st.integers(0, 700).map(lambda number: datetime(2026, 1, 1) + timedelta(days=number))


def bound(block: dict[str, str]) -> Schedule:
    return PartitionsConfig.model_validate(block).bind(Binding(zone=ZoneInfo("Asia/Tokyo"))).schedule


def is_stated(schedule: Schedule, wall: datetime) -> None:
    again = bound(stated(schedule, NOW))
    period = period_of(wall, schedule.every, UTC)
    assert period is not None
    due, told = schedule.due_at(period), again.due_at(period)
    assert due is not None
    assert told is not None
    assert timedelta(0) <= told - due < 15 * MINUTE


@given(DAYS, st.sampled_from(ZONES), st.integers(180, 24 * 60 - 1), st.booleans())
def test_a_deadline_by_the_clock(day: datetime, zone: ZoneInfo, minutes: int, from_start: bool) -> None:  # noqa: FBT001 - drawn
    cron = f"{minutes % 60} {minutes // 60} * * *"
    is_stated(
        Schedule(
            every=parse_every("1d"),
            labels=UTC,
            zone=zone,
            deadline=Deadline(cron, zone),
            from_start=from_start,
        ),
        day,
    )


@pytest.mark.parametrize(
    ("minutes", "due"),
    [
        (585, "09:45"),
        (586, "09:46"),
        (600, "10:00"),
        (601, "10:15"),
        (645, "10:45"),
        (646, "10:46"),
        (661, "11:15"),
    ],
)
def test_no_time_is_moved_into_another_day(minutes: int, due: str) -> None:
    sydney = ZONES[2]  # days of UTC begin there at 10:00, in summer at 11:00
    cron = f"{minutes % 60} {minutes // 60} * * *"
    every = parse_every("1d")
    schedule = Schedule(every=every, labels=UTC, zone=sydney, deadline=Deadline(cron, sydney))
    assert stated(schedule, NOW) == {"every": "1d", "due": due, "timezone": "Australia/Sydney"}
    for month in range(1, 13):
        is_stated(schedule, datetime(2026, month, 4))


@given(DAYS, st.integers(1, 5 * 24 * 60 * 60), st.booleans(), st.sampled_from(["1d", "1h"]))
def test_so_long_after(day: datetime, seconds: int, from_start: bool, every: str) -> None:  # noqa: FBT001 - the same
    after = timedelta(seconds=seconds)
    is_stated(
        Schedule(every=parse_every(every), labels=UTC, zone=UTC, after=after, from_start=from_start), day
    )


@pytest.mark.parametrize(
    ("after", "from_start", "block"),
    [
        (timedelta(hours=30, minutes=1), True, {"due": "06:15", "timezone": "UTC"}),
        (timedelta(hours=30), True, {"due": "06:00", "timezone": "UTC"}),
        (timedelta(hours=6), True, {"due": "06:00", "timezone": "UTC", "due_from": "start"}),
        (timedelta(hours=23, minutes=58), True, {"due": "00:00", "timezone": "UTC"}),
        (timedelta(hours=48), True, {"after": "24h"}),
        (timedelta(hours=47, minutes=40), True, {"due": "23:45", "timezone": "UTC"}),
        (timedelta(days=3, minutes=2), False, {"after": "4325m"}),
    ],
)
def test_days(after: timedelta, from_start: bool, block: dict[str, str]) -> None:  # noqa: FBT001 - a parameter
    schedule = Schedule(every=parse_every("1d"), labels=UTC, zone=UTC, after=after, from_start=from_start)
    assert stated(schedule, NOW) == {"every": "1d", **block}


@pytest.mark.parametrize(
    ("minutes", "block"),
    [
        (74, {"after": "15m"}),
        (75, {"after": "15m"}),
        (76, {"after": "20m"}),
        (60, {"after": "1h", "due_from": "start"}),
        (12, {"after": "15m", "due_from": "start"}),
    ],
)
def test_hours(minutes: int, block: dict[str, str]) -> None:
    schedule = Schedule(
        every=parse_every("1h"), labels=UTC, zone=UTC, after=minutes * MINUTE, from_start=True
    )
    assert stated(schedule, NOW) == {"every": "1h", **block}


@pytest.mark.parametrize(
    ("every", "days", "most", "periods"),
    [
        ("1d", 90, None, 90),
        ("1d", 500, None, 224),
        ("1d", 90, 12, 12),
        ("1h", 90, None, 336),
        ("1h", 3, None, 72),
        ("1h", 90, 50, 50),
    ],
)
def test_so_far_back_periods_are_looked_at(every: str, days: int, most: int | None, periods: int) -> None:
    block = to_read(Extent(back=timedelta(days=days), every=parse_every(every), most=most))
    assert block == {"every": every, "auto": True, "lookback": periods}


@pytest.mark.parametrize("every", ["15m", "6h"])
def test_other_periods_are_not_proposed(every: str) -> None:
    assert to_read(Extent(back=timedelta(days=90), every=parse_every(every))) is None


def test_what_a_log_tells_is_tried_as_days() -> None:
    assert to_read(Extent(back=timedelta(days=90), in_log=True)) == {"auto": True, "lookback": 90}
    assert to_read(Extent(back=timedelta(days=90))) is None
