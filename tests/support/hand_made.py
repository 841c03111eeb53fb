"""Hand-made arrivals whose truth is known, and what is told of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from checks.learn import (
    Alert,
    Arrival,
    Watch,
    replay,
)
from checks.learn.keys import DAY

START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
BEGIN = START.timestamp() + 60 * DAY


def draws(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same each time


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def daily(
    days: range, hour: float = 5.0, zone: str = "UTC", *, dated: bool = False, size: int | None = None
) -> list[Arrival]:
    random = draws(7)
    found = []
    for day in days:
        date = START.date() + timedelta(days=day)
        wall = datetime(date.year, date.month, date.day, tzinfo=ZoneInfo(zone)) + timedelta(hours=hour)
        key = f"dt={date - timedelta(days=1)}" if dated else ""
        found.append(Arrival(float(int(wall.timestamp() + random.random() * 900)), key, size))
    return found


def every(seconds: float, count: int, jitter: float = 30.0) -> list[Arrival]:
    random = draws(7)
    return [
        Arrival(float(int(START.timestamp() + i * seconds + random.random() * jitter))) for i in range(count)
    ]


def told(arrivals: list[Arrival], end: float, share: float = 0.2) -> list[Alert]:
    return replay(arrivals, share, BEGIN, end)


def learned(arrivals: list[Arrival]) -> Watch:
    watch = Watch(0.2, BEGIN, dated=bool(arrivals[0].partition))
    for arrival in arrivals:
        watch.add(arrival)
    watch.tick(max(BEGIN, arrivals[-1].at))
    return watch
