"""Tables of weeks to years: when they come, and what is learned of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from holidays import country_holidays

from checks.learn import Arrival, Model, Watch, explain
from checks.learn.slow import Cycle

if TYPE_CHECKING:
    from collections.abc import Iterable


SHARE = 0.2
GERMAN = country_holidays("DE", years=range(2018, 2028))
AMERICAN = country_holidays("US", years=range(2018, 2028))
NONE: dict[date, str] = {}


def moment(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def at(day: date, hour: float, zone: str = "UTC") -> float:
    return (datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) + timedelta(hours=hour)).timestamp()


def months(begin: int, count: int) -> list[date]:
    return [date(begin + m // 12, m % 12 + 1, 1) for m in range(count)]


def after(first: date, count: int = 1) -> date:
    month = first.month - 1 + count
    return date(first.year + month // 12, month % 12 + 1, 1)


def working(first: date, number: int, off: object = NONE) -> date:
    days = [first + timedelta(days=i) for i in range(31)]
    open_days = [
        d
        for d in days
        if d.month == first.month and d.weekday() < 5 and d not in off  # type: ignore[operator]
    ]
    return open_days[number - 1] if number > 0 else open_days[number]


def jitter(number: int) -> float:
    """Return some minutes, the same each time and without an order."""
    return float(number * 7919 % 600)


def learned(arrivals: list[Arrival], share: float = SHARE) -> Watch:
    watch = Watch(share, arrivals[0].at, dated=bool(arrivals[0].partition))
    for arrival in arrivals:
        watch.add(arrival)
    return watch


def cycle_of(arrivals: list[Arrival]) -> Cycle:
    model = learned(arrivals).model
    assert isinstance(model, Model)
    assert isinstance(model.slow, Cycle)
    return model.slow


def said(arrivals: list[Arrival]) -> str:
    watch = learned(arrivals)
    assert isinstance(watch.model, Model)
    return explain(watch.model, watch.history)


def due(arrivals: list[Arrival]) -> float:
    watch = learned(arrivals)
    assert watch.history.last is not None
    found = watch.due_after(watch.history.last)
    assert found is not None
    return found[0]


def on(days: Iterable[date], hour: float = 6.0, zone: str = "UTC") -> list[Arrival]:
    return [Arrival(at(day, hour, zone) + jitter(i)) for i, day in enumerate(days)]
