"""Values of partition keys that are typed as dates or timestamps: read by their type, however they are spelled. Pure.

Hive writes a timestamp with ``.0`` at its end, Spark and Trino with a space or a ``T``, Delta's log with a space or as
ISO 8601 in UTC (protocol, "Partition Value Serialization"), pandas a date with a time: all of them are values of the
type, of whatever year, and several spellings may stand in one table.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from checks.schedule.clock import wall_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

DATE, TIMESTAMP = "date", "timestamp"
OWN_FORMATS = {DATE: "%Y-%m-%d", TIMESTAMP: "%Y-%m-%d %H:%M:%S"}
"""How Hive and Glue write values of these types themselves."""
MOST_SPELLINGS = 4
"""Formats of one key that are asked for: what is written in further ways is read, where it is met."""
_FRACTION = re.compile(r"\.\d+$", re.ASCII)
_VALUE = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"(?:(?P<sep>[T ])(?P<hour>\d\d):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?P<fraction>\.\d{1,9})?)?(?P<zone>Z| ?UTC|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)
_UTC_ZONES = frozenset({"UTC", "Etc/UTC", "GMT", "Etc/GMT"})


def kind_of(declared: str) -> str:
    """Return ``date`` or ``timestamp`` for a type that the catalog or a log declares so, else an empty text."""
    text = declared.strip().lower()
    if text == DATE:
        return DATE
    return TIMESTAMP if text.startswith(TIMESTAMP) else ""


def read_typed(kind: str, value: str, zone: ZoneInfo) -> dict[str, int] | None:
    """Read a value as its type says; None when it is none of that type.

    Of a timestamp that names its own offset it is the wall time in ``zone``, the one that values are read in. A date
    has no time of day, whatever is written behind it.
    """
    match = _VALUE.fullmatch(value)
    if match is None:
        return None
    try:
        wall = datetime.fromisoformat(match["date"])
        if match["sep"] is not None:
            wall += _of_day(match)
            if kind != DATE and match["zone"]:
                wall = wall_of(wall.replace(tzinfo=_offset(match["zone"])), zone)
    except (ValueError, OverflowError):
        return None
    fields = {"year": wall.year, "month": wall.month, "day": wall.day}
    if kind == DATE:
        return fields
    return {**fields, "hour": wall.hour, "minute": wall.minute, "second": wall.second}


def _of_day(match: re.Match[str]) -> timedelta:
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(match[0])
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _offset(text: str) -> timezone:
    if text.strip() in ("Z", "UTC"):
        return UTC
    hours, minutes = int(text[1:3]), int(text[-2:])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text.startswith("-") else offset)


def is_own(kind: str, text: str) -> bool:
    """Tell whether Glue compares values of the type that are written in this format: a fraction may end a timestamp."""
    bare = _FRACTION.sub("", text) if kind == TIMESTAMP else text
    return bare == OWN_FORMATS.get(kind)


def spellings_of(kind: str, values: Iterable[str], zone: ZoneInfo) -> tuple[str, ...]:
    """Return the formats that values of the type are written in, the likeliest first; none where none is of it.

    Where one is not the type's own, Glue compares no values, and they can only be asked for by name. So what is zero in
    all of them (the time of day of days) is then taken to be zero in others, too.
    """
    matches = [
        match
        for value in values
        if (match := _VALUE.fullmatch(value)) and read_typed(kind, value, zone) is not None
    ]
    whole = Counter(_format(kind, match, 0) for match in matches)
    if all(is_own(kind, text) for text in whole):
        return tuple(sorted(whole, key=len))[:MOST_SPELLINGS]  # the shortest is the lowest, also as text
    exact = _zeros(matches)
    if zone.key not in _UTC_ZONES and any(match["zone"] for match in matches):
        exact = 0  # what is midnight there is not the same hour in UTC all year
    counts = Counter(_format(kind, match, exact) for match in matches)
    return tuple(text for text, _ in counts.most_common(MOST_SPELLINGS))


def _zeros(matches: Sequence[re.Match[str]]) -> int:
    """Return how many parts of the time of day, from the finest, are zero in all values: 3 of midnights, 2 of hours."""
    zeros = 0
    for part in ("second", "minute", "hour"):
        if any(int(match[part] or 0) for match in matches):
            break
        zeros += 1
    return zeros


def _format(kind: str, match: re.Match[str], zeros: int) -> str:
    text = OWN_FORMATS[DATE]
    if match["sep"] is None:
        return text
    if kind == DATE:  # the time behind a date tells nothing
        return text + match[0].removeprefix(match["date"])
    parts = ["%H", "%M", "%S"]
    parts[3 - zeros :] = ["00"] * zeros
    if match["second"] is None:
        parts.pop()
    fraction = match["fraction"] or ""
    return f"{text}{match['sep']}{':'.join(parts)}{fraction if not int(fraction[1:] or 0) else ''}{match['zone'] or ''}"
