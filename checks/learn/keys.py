"""The time that a partition's key names: its unit and its start, on the wall clock of whoever names it."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

HOUR, DAY = 3600.0, 86400.0
_KEY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:"
    r"[^\d]{0,2}[Ww](?:eek=)?(\d\d?)(?!\d)"
    r"|(?:[^\d]{0,7}([01]?\d)(?:[^\d]{0,5}([0-3]?\d)(?:[^\d]{0,6}([0-2]?\d)(?:[^\d]{0,8}([0-5]\d))?)?)?)?)(?!\d)"
)


@dataclass(frozen=True, order=True)
class Key:
    """A partition's own time: seconds since 1970 on its own wall clock, and the seconds of its unit."""

    start: float
    unit: float


@lru_cache(maxsize=65536)
def parse(text: str) -> Key | None:
    """Return the time that a key such as `2026-02-01`, `dt=20260201/hour=03`, `2026-W05` names, else None."""
    found = _KEY.search(text)
    if not found:
        return None
    year, week, month, day, hour, minute = (int(g) if g else None for g in found.groups())
    try:
        if week is not None:
            start = datetime.combine(date.fromisocalendar(year or 0, week, 1), datetime.min.time())
            unit = 7 * DAY
        else:
            start = datetime(year or 0, month or 1, day or 1, hour or 0, minute or 0)  # noqa: DTZ001 # a wall clock
            unit = (
                60.0
                if minute is not None
                else HOUR
                if hour is not None
                else DAY
                if day is not None
                else 30 * DAY
                if month is not None
                else 365 * DAY
            )
    except ValueError:
        return None
    return Key(start.replace(tzinfo=UTC).timestamp(), unit)
