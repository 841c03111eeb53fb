"""When the monitor itself runs: the expressions of an EventBridge rule, ``cron(...)`` and ``rate(...)``, in UTC. Pure.

What may stand in each field is that of EventBridge's cron expressions reference; what it does not document is
refused here, since a rule that AWS refuses is found out only when half of a deployment is done.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_CRON = "cron(0 0 * * ? *)"
"""When the deployed function runs where nobody says otherwise: at midnight UTC."""
_LAST_YEAR = 2199
_DAY = timedelta(days=1)
_EXPRESSION = re.compile(r"(cron|rate)\((.*)\)")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": _DAY}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

DaysOf = Callable[[int, int], frozenset[int]]
"""From a year and a month to the days of it on which the schedule runs."""


@dataclass(frozen=True, slots=True)
class RunTimes:
    """When the monitor runs: an EventBridge expression in UTC; five plain fields of cron are read as well."""

    expression: str

    def first_at_or_after(self, instant: datetime) -> datetime | None:
        """Return the first run then, UTC; None where there is none. A rate is counted from midnight UTC.

        Raises ValueError for an expression that is not read.
        """
        text = self.expression.strip()
        if _EXPRESSION.fullmatch(text) is None and len(text.split()) == 5:
            return _next_of_plain(text, instant)
        return parse(text if text.startswith(("cron(", "rate(")) else f"cron({text})").next(instant)


def _next_of_plain(text: str, instant: datetime) -> datetime | None:
    from cronsim import CronSim, CronSimError

    try:
        following = next(
            CronSim(text, instant.astimezone(UTC).replace(tzinfo=None) - timedelta(seconds=1)), None
        )
    except CronSimError as error:
        raise ValueError(f"{text!r} is not read: {error}") from error
    return following.replace(tzinfo=UTC) if following is not None else None


@dataclass(frozen=True, slots=True)
class Rate:
    """``rate(6 hours)``: always after the same while."""

    every: timedelta

    def next(self, instant: datetime) -> datetime:
        """Return the first run at or after the instant, as if they were counted from midnight UTC."""
        midnight = instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + -(-(instant - midnight) // self.every) * self.every

    def longest_gap(self, _start: datetime) -> timedelta:
        """Return the longest while between two runs."""
        return self.every

    def shortest_gap(self, _start: datetime) -> timedelta:
        """Return the shortest while between two runs."""
        return self.every


@dataclass(frozen=True, slots=True)
class Cron:
    """``cron(...)``: times of day, as minutes since midnight, on days of months of years."""

    times: tuple[int, ...]
    days: DaysOf
    months: frozenset[int]
    years: frozenset[int]

    def next(self, instant: datetime) -> datetime | None:
        """Return the first run at or after the instant, UTC; None where there is none any more."""
        start = instant.astimezone(UTC)
        for day in self._days_from(start.date()):
            for minutes in self.times:
                at = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=UTC)
                if at >= start:
                    return at
        return None

    def longest_gap(self, start: datetime) -> timedelta | None:
        """Return the longest while between two runs from now on; None where fewer than two are left."""
        return max(self._gaps(start), default=None)

    def shortest_gap(self, start: datetime) -> timedelta | None:
        """Return the shortest while between two runs from now on; None where fewer than two are left."""
        return min(self._gaps(start), default=None)

    def _gaps(self, start: datetime) -> set[timedelta]:
        """Return the whiles that lie between runs: those within a day, and those from day to day."""
        days = list(self._days_from(start.astimezone(UTC).date()))
        within = (
            {timedelta(minutes=after - before) for before, after in pairwise(self.times)} if days else set()
        )
        over_night = timedelta(minutes=self.times[0] - self.times[-1])
        return within | {after - before + over_night for before, after in pairwise(days)}

    def _days_from(self, first: date) -> Iterator[date]:
        for year in sorted(each for each in self.years if each >= first.year):
            for month in sorted(self.months):
                if (year, month) < (first.year, first.month):
                    continue
                for day in sorted(self.days(year, month)):
                    if (found := date(year, month, day)) >= first:
                        yield found


Schedule = Rate | Cron


@lru_cache(maxsize=64)
def parse(expression: str) -> Schedule:
    """Read an expression as EventBridge does; raise ValueError that says what to write."""
    found = _EXPRESSION.fullmatch(expression.strip())
    if found is None:
        raise ValueError(
            f"{expression!r} is no schedule of an EventBridge rule; write one such as {DEFAULT_CRON} or rate(1 hour)"
        )
    try:
        return _rate(found[2]) if found[1] == "rate" else _cron(found[2].split())
    except ValueError as error:
        raise ValueError(f"{expression!r} is not read: {error}") from None


def _rate(text: str) -> Rate:
    number, _, unit = text.strip().partition(" ")
    unit = unit.strip()
    if not re.fullmatch(r"[0-9]{1,9}", number) or int(number) == 0 or unit.removesuffix("s") not in _UNITS:
        raise ValueError(
            "a rate is a whole number from 1 and minutes, hours or days; write one such as rate(6 hours)"
        )
    fitting = unit.removesuffix("s") if int(number) == 1 else f"{unit.removesuffix('s')}s"
    if unit != fitting:
        raise ValueError(
            f"EventBridge wants 1 in the singular and more in the plural; write rate({int(number)} {fitting})"
        )
    return Rate(int(number) * _UNITS[unit.removesuffix("s")])


def _cron(fields: list[str]) -> Cron:
    if len(fields) != 6:
        raise ValueError(
            f"it has {len(fields)} fields and needs six: minutes, hours, day of month, month, day of week, year; "
            f"write one such as {DEFAULT_CRON}"
        )
    minute, hour, day, month, weekday, year = (field.upper() for field in fields)
    if (day == "?") == (weekday == "?"):
        raise ValueError("one of day of month and day of week says when, and the other is ?")
    minutes, hours = _values("minutes", minute, 0, 59), _values("hours", hour, 0, 23)
    return Cron(
        times=tuple(sorted(60 * each + minute_of for each in hours for minute_of in minutes)),
        days=_weekdays(weekday) if day == "?" else _month_days(day),
        months=_values("month", month, 1, 12, dict(zip(_MONTHS, range(1, 13), strict=True))),
        years=_values("year", year, 1970, _LAST_YEAR),
    )


def _values(
    what: str, field: str, lowest: int, highest: int, names: Mapping[str, int] | None = None
) -> frozenset[int]:
    """Return the numbers that a field of lists, ranges and steps names."""
    numbers: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            start, end = lowest, highest
        else:
            start = _number(what, first, lowest, highest, names)
            end = _number(what, last, lowest, highest, names) if dash else (highest if slash else start)
        if start > end:
            raise ValueError(f"{what}: {span} runs backwards; write two ranges with a comma between")
        if slash and not (re.fullmatch(r"[0-9]{1,4}", step) and int(step)):
            raise ValueError(f"{what}: what stands behind / is a whole number from 1, not {step!r}")
        numbers.update(range(start, end + 1, int(step) if slash else 1))
    return frozenset(numbers)


def _number(what: str, text: str, lowest: int, highest: int, names: Mapping[str, int] | None) -> int:
    if names and text in names:
        return names[text]
    if not re.fullmatch(r"[0-9]{1,4}", text) or not lowest <= int(text) <= highest:
        called = f", or {next(iter(names))} to {list(names)[-1]}" if names else ""
        raise ValueError(f"{what}: {text!r} is not {lowest} to {highest}{called}")
    return int(text)


def _month_days(field: str) -> DaysOf:
    """Read the field of days of a month: numbers, ``L`` for the last one, ``3W`` for the weekday nearest to the 3rd."""
    plain, nearest, last = [], [], False
    for part in field.split(","):
        if part == "L":
            last = True
        elif part.endswith("W"):
            nearest.append(_number("day of month", part[:-1], 1, 31, None))
        else:
            plain.append(part)
    numbers = _values("day of month", ",".join(plain), 1, 31) if plain else frozenset()

    def days(year: int, month: int) -> frozenset[int]:
        length = monthrange(year, month)[1]
        found = {day for day in numbers if day <= length}
        found.update(_nearest_weekday(year, month, day) for day in nearest if day <= length)
        return frozenset(found | ({length} if last else set()))

    return days


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """Return the day from Monday to Friday that is nearest to that one, within the month."""
    weekday = date(year, month, day).weekday()
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < monthrange(year, month)[1] else day - 2
    return day


def _weekdays(field: str) -> DaysOf:
    """Read the field of days of a week, 1 is Sunday: also ``6L``, the month's last Friday, and ``3#2``."""
    names = dict(zip(_WEEKDAYS, range(1, 8), strict=True))
    if "#" in field:
        which, _, nth = field.partition("#")
        weekday = _number("day of week", which, 1, 7, names)
        if nth not in {"1", "2", "3", "4", "5"}:
            raise ValueError(
                f"day of week: {field} is not read; write one day only, such as 3#2 for the second Tuesday"
            )
        return lambda year, month: frozenset(_all_of(year, month, weekday)[int(nth) - 1 : int(nth)])
    plain = [part for part in field.split(",") if not re.fullmatch(r".+L", part)]
    ending = [
        _number("day of week", part[:-1], 1, 7, names) for part in field.split(",") if part not in plain
    ]
    if any("/" in part for part in plain):
        raise ValueError("day of week: it takes no steps; write the days with commas between")
    # A lone L is the last day of the week.
    numbers = (
        _values("day of week", ",".join("7" if part == "L" else part for part in plain), 1, 7, names)
        if plain
        else ()
    )

    def days(year: int, month: int) -> frozenset[int]:
        found = {day for weekday in numbers for day in _all_of(year, month, weekday)}
        return frozenset(found | {_all_of(year, month, weekday)[-1] for weekday in ending})

    return days


def _all_of(year: int, month: int, weekday: int) -> tuple[int, ...]:
    """Return the days of the month that are that day of the week, 1 is Sunday."""
    first, length = monthrange(year, month)
    start = 1 + (weekday - 2 - first) % 7
    return tuple(range(start, length + 1, 7))
