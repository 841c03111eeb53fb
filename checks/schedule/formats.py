"""Time as it is written in partition values and paths: formats, and reading them back strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from checks.schedule.clock import first_instant, wall_of
from checks.schedule.periods import DAILY, HOURLY, MONTHLY, QUARTERLY, WEEKLY, YEARLY, Every, Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo


class _Token(NamedTuple):
    field: str
    regex: str
    width: int
    names: tuple[str, ...] = ()
    """What is written of 1, 2 and so on where that is no number."""


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


_MONTH_OF = {name[:3].lower(): number for number, name in enumerate(_MONTHS, 1)}


def _month_names(write: Callable[[str], str]) -> _Token:
    names = tuple(write(name) for name in _MONTHS)
    return _Token("month", "|".join(sorted(names, key=len, reverse=True)), 1, names)


_TOKENS: dict[str, _Token] = {
    "%Y": _Token("year", r"\d{4}", 4),
    "%m": _Token("month", r"0[1-9]|1[0-2]", 2),
    "%-m": _Token("month", r"1[0-2]|[1-9]", 1),
    "%b": _month_names(lambda name: name[:3]),
    "%B": _month_names(str),
    "%^b": _month_names(lambda name: name[:3].upper()),
    "%^B": _month_names(str.upper),
    "%,b": _month_names(lambda name: name[:3].lower()),
    "%,B": _month_names(str.lower),
    "%q": _Token("quarter", r"[1-4]", 1),
    "%d": _Token("day", r"0[1-9]|[12]\d|3[01]", 2),
    "%-d": _Token("day", r"[12]\d|3[01]|[1-9]", 1),
    "%H": _Token("hour", r"[01]\d|2[0-3]", 2),
    "%-H": _Token("hour", r"1\d|2[0-3]|\d", 1),
    "%M": _Token("minute", r"[0-5]\d", 2),
    "%-M": _Token("minute", r"[1-5]\d|\d", 1),
    "%S": _Token("second", r"[0-5]\d", 2),
    "%j": _Token("yearday", r"00[1-9]|0[1-9]\d|[12]\d\d|3[0-5]\d|36[0-6]", 3),
    "%-j": _Token("yearday", r"[12]\d\d|3[0-5]\d|36[0-6]|[1-9]\d|[1-9]", 1),
    "%G": _Token("isoyear", r"[12]\d{3}", 4),
    "%V": _Token("isoweek", r"0[1-9]|[1-4]\d|5[0-3]", 2),
    "%-V": _Token("isoweek", r"[1-4]\d|5[0-3]|[1-9]", 1),
    "%s": _Token("epoch", r"\d{9,10}", 1),
    "%Q": _Token("epoch_ms", r"\d{12,13}", 1),
}
_SPLIT = re.compile(r"%[-^,]?[A-Za-z%]")
MONTH_NAMES = tuple(text for text, token in _TOKENS.items() if token.names)
"""The tokens of months by name, whatever the locale: Nov, November, NOV, NOVEMBER, nov, november."""
_NO_ORDER = re.compile(r"%-|%[\^,]?[bB]")
_FINEST = (
    (("epoch", "epoch_ms", "second", "minute"), None),
    (("hour",), HOURLY),
    (("day", "yearday"), DAILY),
    (("isoweek",), WEEKLY),
    (("month",), MONTHLY),
    (("quarter",), QUARTERLY),
    (("year",), YEARLY),
)


@dataclass(frozen=True, slots=True)
class _Compiled:
    regex: re.Pattern[str]
    fields: tuple[str, ...]
    pieces: tuple[str | _Token, ...]


@lru_cache(maxsize=512)
def compile_format(text: str) -> _Compiled:
    """Return the compiled format; raise ValueError with what to write when it is not one."""
    pieces: list[str | _Token] = []
    regex, fields, end = "", [], 0
    for match in _SPLIT.finditer(text):
        literal = text[end : match.start()]
        if literal:
            pieces.append(literal)
            regex += re.escape(literal)
        end = match.end()
        if match[0] == "%%":
            pieces.append("%")
            regex += "%"
            continue
        token = _TOKENS.get(match[0])
        if token is None:
            known = " ".join(_TOKENS)
            message = f"{match[0]} in {text!r} is not known; write with {known}"
            raise ValueError(message)
        if token.field in fields:
            message = f"{text!r} has two tokens for the {token.field}"
            raise ValueError(message)
        fields.append(token.field)
        pieces.append(token)
        regex += f"(?P<{token.field}>{token.regex})"
    if text[end:]:
        pieces.append(text[end:])
        regex += re.escape(text[end:])
    if not fields:
        message = f"{text!r} carries no time; write it with tokens such as %Y-%m-%d"
        raise ValueError(message)
    return _Compiled(re.compile(regex), tuple(fields), tuple(pieces))


def fields_of(text: str) -> tuple[str, ...]:
    """Return which parts of time a format carries, such as ``("year", "month")``."""
    return compile_format(text).fields


def write_time(text: str, wall: datetime, zone: ZoneInfo) -> str:
    """Write a wall-clock time of the zone in the format."""
    return "".join(
        piece if isinstance(piece, str) else _written(piece, _number(piece.field, wall, zone))
        for piece in compile_format(text).pieces
    )


def read_fields(text: str, value: str) -> dict[str, int] | None:
    """Read a value in the format, strictly; None when it does not fit."""
    match = compile_format(text).regex.fullmatch(value)
    if match is None:
        return None
    return {
        name: _MONTH_OF[found[:3].lower()] if found.isalpha() else int(found)
        for name, found in match.groupdict().items()
    }


def sorts_as_time(text: str) -> bool:
    """Tell whether numbers in a format are padded, and no month is a name: then texts can compare as times do."""
    return _NO_ORDER.search(text) is None


def _written(token: _Token, number: int) -> str:
    return token.names[number - 1] if token.names else str(number).zfill(token.width)


def wall_from(fields: Mapping[str, int], zone: ZoneInfo) -> datetime | None:
    """Put parts of time together to a wall-clock time of the zone; None when there is no such time.

    Parts that are absent count as their first value. June 31 is no such time, and June of a third quarter neither.
    """
    if "epoch" in fields or "epoch_ms" in fields:
        seconds = fields["epoch"] if "epoch" in fields else fields["epoch_ms"] / 1000
        return wall_of(datetime.fromtimestamp(seconds, UTC), zone)
    try:
        if "isoweek" in fields:
            day = date.fromisocalendar(fields.get("isoyear", fields.get("year", 0)), fields["isoweek"], 1)
        elif "yearday" in fields:
            day = date(fields["year"], 1, 1) + timedelta(days=fields["yearday"] - 1)
            if day.year != fields["year"]:
                return None
        else:
            quarter = fields.get("quarter")
            month = fields.get("month", 1 if quarter is None else quarter * 3 - 2)
            day = date(fields["year"], month, fields.get("day", 1))
            if quarter not in (None, _quarter(day)):
                return None
        clock = time(fields.get("hour", 0), fields.get("minute", 0), fields.get("second", 0))
        return datetime.combine(day, clock)
    except (ValueError, KeyError):
        return None


def finest_every(fields: set[str]) -> Every | None:
    """Return the cadence that the parts of time suggest; None when they tell none (epochs)."""
    for names, every in _FINEST:
        if fields.intersection(names):
            return every
    return None


def can_tell(fields: set[str], every: Every) -> bool:
    """Tell whether these parts of time tell each period of the cadence from the next."""
    if fields & {"epoch", "epoch_ms"}:
        return True
    if not fields & {"year", "isoyear"}:
        return False
    has_day = "yearday" in fields or {"month", "day"} <= fields
    match every.unit:
        case Unit.MONTH if every.count == 12:
            return "year" in fields
        case Unit.MONTH:
            return "month" in fields or has_day or (every.count == 3 and "quarter" in fields)
        case Unit.WEEK:
            return "isoweek" in fields or has_day
        case Unit.DAY:
            return has_day
        case Unit.MINUTE:
            has_hour = has_day and "hour" in fields
            return has_hour and (every.minutes % 60 == 0 or "minute" in fields)


def _quarter(day: date) -> int:
    return (day.month - 1) // 3 + 1


def _number(field: str, wall: datetime, zone: ZoneInfo) -> int:
    match field:
        case "yearday":
            return wall.timetuple().tm_yday
        case "quarter":
            return _quarter(wall)
        case "isoyear":
            return wall.isocalendar().year
        case "isoweek":
            return wall.isocalendar().week
        case "epoch":
            return int(first_instant(wall, zone).timestamp())
        case "epoch_ms":
            return int(first_instant(wall, zone).timestamp()) * 1000
        case _:
            number = getattr(wall, field)
            assert isinstance(number, int)  # noqa: S101 - a datetime's own field
            return number
