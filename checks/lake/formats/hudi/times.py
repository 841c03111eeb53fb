"""Hudi: when the instants of a timeline took effect, by their names and by when their files were written. Pure.

Apache Hudi Technical Specification, "Timeline": an instant takes effect when it completes. Layout 2 has that time in
the name; layout 1 keeps it only as the time of the completed file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checks.lake.formats.hudi.timeline import wall_of_stamp
from checks.lake.formats.hudi.zone import PROMPT, WHOLE_SECONDS, ZONES, is_offset
from checks.lake.formats.shared.recency import AHEAD
from checks.lake.formats.shared.times import Stamp

if TYPE_CHECKING:
    from checks.lake.formats.hudi.timeline import Instant
    from checks.lake.formats.hudi.zone import Zones


@dataclass(frozen=True, slots=True)
class Came:
    """When an instant took effect, in UTC: ``at`` by all that is known, from ``earliest`` to ``latest``.

    ``earliest`` is None where nothing tells it: of a name ahead of its own file, and that file a copy.
    """

    at: datetime
    earliest: datetime | None
    latest: datetime
    note: str = ""
    """What is to be said of how it was found out."""
    in_any_zone: bool = False
    """True where nothing tells the zone of its name."""


def came(instant: Instant, zones: Zones) -> Came:
    """Return when an instant took effect.

    A name is never believed beyond its file, and a copy is younger than what it copies: the earlier of both counts.
    But a file of layout 1 that is no copy was written when the instant completed, of which the name tells nothing.
    """
    written = instant.key.last_modified
    zone = zones.requests if instant.completed is None else zones.completions
    wall = wall_of_stamp(instant.completed or instant.requested)
    if wall is None:
        return Came(written, None if zones.is_copy(written) else written, written)
    told = zone.utc(wall)
    if told is None:
        return _in_any_zone(wall, written)
    if instant.completed is None and _is_original(instant, zones, told):
        took = written - instant.begun.last_modified if instant.begun is not None else written - told
        at = min(told + took, written)
        return Came(at, at, at, zone.note)
    slack, note = zone.slack(wall), zone.note
    if told > written + AHEAD:
        note = f"the time {instant.stamp} in a name is ahead of its own file, which counts"
    if told - slack > written + WHOLE_SECONDS and zones.is_copy(written):
        return Came(written, None, written, note)
    at = Stamp(told, written).bounded or written
    earliest, latest = min(told - max(slack, zone.late_by), written), min(told + slack, written)
    if instant.requested in zones.originals:
        if told - WHOLE_SECONDS <= written <= told + PROMPT:
            earliest = latest = at
        elif is_offset(written - told):  # so are completions in another zone than the stated one
            latest = written
    since = _requested_at(instant, zones)
    if since is not None:
        at, earliest, latest = max(at, since), max(earliest, since), max(latest, since)
    return Came(at, earliest, latest, note)


def _is_original(instant: Instant, zones: Zones, requested_at: datetime) -> bool:
    """Tell whether its files are no copies.

    So they are not where that of its request was written right after it: a copy dates that anew, too. Nor where any
    file of the timeline was written before it was requested: a copy of them all since then would have dated that anew.
    """
    if instant.requested in zones.originals:
        return True
    written, oldest = instant.key.last_modified, zones.oldest_at
    return oldest is not None and oldest < requested_at <= written and not zones.is_copy(written)


def _requested_at(instant: Instant, zones: Zones) -> datetime | None:
    """Return when an instant of layout 2 was requested, which it cannot come before; None where that is not sure."""
    wall = wall_of_stamp(instant.requested) if instant.completed is not None else None
    at = zones.requests.utc(wall) if wall is not None else None
    if wall is None or at is None or at > instant.key.last_modified:
        return None
    return at - zones.requests.slack(wall)


def _in_any_zone(wall: datetime, written: datetime) -> Came:
    latest, earliest = ((wall - offset).replace(tzinfo=UTC) for offset in ZONES)
    return Came(earliest, earliest, max(earliest, min(latest, written)), in_any_zone=True)
