"""Tables by how data comes into them, for a fleet with learned limits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from checks.config import load
from tests.support.fleet import (
    Coming,
    by_chance,
    daily,
    hourly,
    monthly,
    prefix_of,
    weekly,
)
from tests.support.times import DAY, at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from checks.config import Config


START = at("2026-08-03")
HABITS: dict[str, tuple[Callable[..., Iterator[Coming]], int]] = {
    "daily": (daily, 0),
    "weekdays": (partial(daily, weekdays=5), 0),
    "hourly": (hourly, 0),
    "half-hourly": (partial(hourly, minutes=30), 0),
    "by-chance": (by_chance, 0),
    "weekly": (weekly, 200),
    "monthly": (monthly, 200),
}
"""What comes how, and so many days longer before the monitor is switched on: slow tables need some periods."""


def config_of(names: Iterable[str], freshness: object = "auto", **settings: Any) -> Config:
    tables = [{"prefix": prefix_of(name)} for name in names]
    return load(
        {"version": 1, "defaults": {"freshness": freshness}, **settings, "tables": tables}, environ={}
    )


def comings(name: str, habit: str, days: int = 100) -> Iterator[Coming]:
    make, longer = HABITS[habit]
    yield from make(name, START - longer * DAY, days + longer)
