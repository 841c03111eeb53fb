"""Wall clocks: how far each is from UTC at an instant, and which of them a job keeps to."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

# One of each rule of changing clocks that much of the world's data follows; inside a family only a constant differs.
FAMILIES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "America/Santiago")


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=200_000)
def _hour_offset(name: str, hour: int) -> float:
    moment = datetime.fromtimestamp(hour * 3600, UTC).astimezone(_zone(name)).utcoffset()
    return moment.total_seconds() if moment else 0.0


def offset(name: str, at: float) -> float:
    """Return the seconds that the clock of a zone is ahead of UTC at an instant (seconds since 1970)."""
    return 0.0 if name == "UTC" else _hour_offset(name, int(at // 3600))


def to_utc(name: str, local: float) -> float:
    """Return the instant that a wall clock shows as `local` (seconds since 1970 on it), the later of two."""
    if name == "UTC":
        return local
    before, after = offset(name, local - 86400), offset(name, local + 86400)
    if before == after:
        return local - before
    # Near a change: the later instant, which asks for data no sooner than either reading.
    candidates = [local - o for o in (before, after) if offset(name, local - o) == o]
    return max(candidates, default=local - min(before, after))


@lru_cache(maxsize=65536)
def _day_changes(name: str, day: int) -> tuple[float, float] | None:
    begin, end = day * 24, day * 24 + 24
    if _hour_offset(name, begin) == _hour_offset(name, end):
        return None
    for hour in range(begin, end):
        delta = _hour_offset(name, hour + 1) - _hour_offset(name, hour)
        if delta:
            return (hour + 1) * 3600.0, delta
    return None


def changes(name: str, begin: float, end: float) -> list[tuple[float, float]]:
    """Return the changes of a zone's clock between two instants: when, and by how many seconds it went ahead."""
    if name == "UTC":
        return []
    found = (_day_changes(name, day) for day in range(int(begin // 86400), int(end // 86400) + 1))
    return [c for c in found if c and begin < c[0] <= end]
