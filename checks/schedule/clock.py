"""Wall-clock time in a zone, and the instants it means when clocks change.

The rule everywhere: a wall-clock time that a change of clocks skips is the first valid instant after
it; one that comes twice is the later for deadlines, the earlier where a period starts.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from checks.schedule.translations import FIXED, zone_for

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
"""What stands for instants before the first and after the last year there is, as of sentinels such as 9999-12-31."""
_SECOND = timedelta(seconds=1)
_LONGEST_ZONE = 64
_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def parse_zone(name: object) -> ZoneInfo:
    """Return the IANA zone of that name; raise ValueError with what to write."""
    if isinstance(name, ZoneInfo):
        return name
    if isinstance(name, str) and name.upper() in FIXED:
        message = f"{name!r} is no place's clock: old rules, or no summer time; write {zone_for(name)}"
        raise ValueError(message)
    if isinstance(name, str) and not name.startswith(("/", ".")):
        with suppress(ZoneInfoNotFoundError, ValueError, OSError):
            return ZoneInfo(name)
    near = zone_for(name) if isinstance(name, str) and len(name) < _LONGEST_ZONE else None
    instead = near or "an IANA name, such as Europe/Berlin or UTC"
    raise ValueError(f"{name!r} is not a time zone; write {instead}")


def read_instant(text: str, zone: tzinfo) -> datetime:
    """Return the instant (UTC) of a time in ISO 8601; one without an offset is in ``zone``.

    Raises ValueError that says what it is instead, and what to write: ``not a time; write ISO 8601, such as ...``.
    """
    try:
        instant = datetime.fromisoformat(text.strip())
        return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)
    except ValueError:
        message = "not a time; write ISO 8601, such as 2026-11-22T06:00+01:00"
        raise ValueError(message) from None
    except OverflowError:
        message = "beyond the years 1 to 9999 in UTC; write ISO 8601, such as 2026-11-22T06:00+01:00"
        raise ValueError(message) from None


def wall_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what clocks in the zone show at the instant, without a zone."""
    return instant.astimezone(zone).replace(tzinfo=None)


def say_instant(instant: datetime, zone: ZoneInfo) -> str:
    """Say an instant for people in the zone: ``Sun 22 Nov 2026 06:00 CET``.

    English whatever the locale. A zone without a name of letters is told by its offset: ``UTC+03:00``.
    """
    return _said(instant.astimezone(UTC), zone)


def say_day(instant: datetime, zone: ZoneInfo) -> str:
    """Say the day of an instant for people in the zone: ``23 Nov``; English whatever the locale."""
    local = instant.astimezone(zone)
    return f"{local.day} {_MONTH_NAMES[local.month - 1]}"


@lru_cache(maxsize=4096)
def _said(instant: datetime, zone: ZoneInfo) -> str:
    """Say an instant in UTC: others are equal to one another where a wall time comes twice."""
    local = instant.astimezone(zone)
    name = local.tzname() or ""
    if not name.isalpha():
        offset = local.strftime("%z")
        name = f"UTC{offset[:3]}:{offset[3:5]}"
    day = f"{_DAY_NAMES[local.weekday()]} {local.day} {_MONTH_NAMES[local.month - 1]} {local.year}"
    return f"{day} {local.hour:02d}:{local.minute:02d} {name}"


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the first instant (UTC) at which clocks in the zone show ``wall``, or first pass it."""
    return _instants(wall, zone)[0]


def last_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the last instant (UTC) at which clocks in the zone show ``wall``, or first pass it."""
    return _instants(wall, zone)[1]


def _instants(wall: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    late = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if early == late:
        return early, late
    if early < late:  # the wall time comes twice (PEP 495: fold 0 is the earlier)
        return early, late
    after_gap = first_change(late, early, zone) or early
    return after_gap, after_gap


def first_change(after: datetime, until: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the first instant in ``(after, until]`` with another UTC offset than ``after``, to the second.

    The span must hold at most one change, as any span of a day does in practice; None when it holds none.
    """
    before = after.astimezone(zone).utcoffset()
    if until.astimezone(zone).utcoffset() == before:
        return None
    low, high = after, until
    while high - low > _SECOND:
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
