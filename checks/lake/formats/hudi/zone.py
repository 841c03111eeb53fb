"""Hudi: the zone of the digits in the names of instants, which are wall times. Pure.

It is what the properties state and what the instants' own files agree on: where these differ, the files count.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from checks.lake.formats.hudi.timeline import wall_of_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from checks.lake.formats.hudi.timeline import Properties, Timeline
    from checks.lake.s3.objects import Key

_QUARTER = timedelta(minutes=15)
PROMPT = timedelta(minutes=3)
"""An instant's own file is written within this of the time that is its name."""
WHOLE_SECONDS = timedelta(seconds=2)
"""S3 tells the time of an object in whole seconds."""
ZONES = (timedelta(hours=-12), timedelta(hours=14))
_HALVES = (-9.5, -3.5, -2.5, 3.5, 4.5, 5.5, 5.75, 6.5, 8.75, 9.5, 10.5, 12.75, 13.75)
_OFFSETS = frozenset(timedelta(hours=hours) for hours in (*range(-12, 15), *_HALVES))
"""Offsets from UTC that clocks on earth have."""
_TOGETHER = timedelta(minutes=5)
_APART = timedelta(minutes=20)
_ENOUGH = 3
"""So many instants that agree on an offset are believed against what is written in ``hoodie.properties``."""
_SUMMER = timedelta(hours=1)
_SUNDAY = 6
_CHANGES = (3, 4, 9, 10, 11)
_WITNESSES = 200
_UTC = ("UTC", "Z")
"""Names that tell a zone without summer time; Java writes GMT also for London in winter."""
_NEAR = timedelta(days=1)
"""Clocks are not changed within it, or hardly ever."""
_HEADER_UTC = re.compile(r"#.*?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z", re.ASCII)
_HEADER_WALL = re.compile(r"#\w{3} (\w{3}) (\d\d) (\d\d):(\d\d):(\d\d) (\S{1,40}) (\d{4})", re.ASCII)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Zone:
    """How instants become UTC. ``offset`` is that of their wall time from UTC, None when nothing tells it.

    ``seen`` are wall times whose offset their own files told: the nearest one's is taken, as clocks change.
    ``note`` says where it is not what is stated, or not sure: ``known_at`` is when it held, and clocks may have
    changed since.
    """

    offset: timedelta | None
    name: ZoneInfo | None = None
    seen: tuple[tuple[datetime, timedelta], ...] = ()
    note: str = ""
    known_at: datetime | None = None
    late_by: timedelta = _NOTHING
    """By how much an instant may really be earlier, where the files do not confirm the stated zone."""

    def slack(self, wall: datetime) -> timedelta:
        """Return by how much the instant of a wall time may be off."""
        is_near = self.known_at is None or abs(wall - self.known_at) < _NEAR
        return timedelta(0) if is_near else _SUMMER

    def utc(self, wall: datetime) -> datetime | None:
        """Return the instant of a wall time."""
        if self.name is not None:
            return wall.replace(tzinfo=self.name).astimezone(UTC)
        if self.seen:
            return (wall - min(self.seen, key=lambda pair: abs(pair[0] - wall))[1]).replace(tzinfo=UTC)
        return (wall - self.offset).replace(tzinfo=UTC) if self.offset is not None else None


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones of a timeline's names, and which of its files are copies.

    Requests and completions have one each: Hudi 1.0.0 and 1.0.1 write the former as it is stated, and the latter
    in the writer's local time.
    """

    requests: Zone
    completions: Zone
    originals: frozenset[str] = frozenset()
    """Requests whose own file was written right after them: the files of these instants are no copies."""
    copied_at: tuple[datetime, ...] = ()
    """When files of instants far apart were written together, as copies are."""
    oldest_at: datetime | None = None
    """When the oldest file of the timeline was written: it was not copied as a whole since."""

    def is_copy(self, at: datetime) -> bool:
        """Tell whether what was written then was written by a copy of the timeline."""
        return any(abs(other - at) <= _TOGETHER for other in self.copied_at)


def find_zones(properties: Properties, timeline: Timeline) -> Zones:
    """Find out the zones of a timeline."""
    requests = _newest(timeline.begun)
    completions = _newest((each.completed, each.key) for each in timeline.instants if each.completed)
    name = properties.stated_zone
    if name is None:
        first = second = _found(properties, _newest([*requests, *completions]))
    else:
        stated = Zone(None, name)
        first, _ = _corrected(stated, requests, "requests")
        second, is_proved = _corrected(stated, completions, "completions")
        if not is_proved:
            second = replace(second, late_by=_most_shifted(timeline, first, second))
    alone = [(each.requested, each.key) for each in timeline.instants if each.begun is None]
    written = [key.last_modified for _, key in (*timeline.begun, *alone, *completions)]
    return Zones(
        first,
        second,
        _originals(requests, first),
        _copied_at(_newest([*requests, *alone])),
        min(written, default=None),
    )


def _newest(witnesses: Iterable[tuple[str, Key]]) -> list[tuple[str, Key]]:
    """Return the files that were written last, in that order: a name may be of any time."""
    return sorted(witnesses, key=lambda pair: (pair[1].last_modified, pair[0]), reverse=True)[:_WITNESSES]


def _originals(requests: Sequence[tuple[str, Key]], zone: Zone) -> frozenset[str]:
    return frozenset(
        stamp
        for (stamp, _), pair in zip(requests, _told_offsets(requests), strict=True)
        if pair is not None and zone.utc(pair[0]) == (pair[0] - pair[1]).replace(tzinfo=UTC)
    )


def _copied_at(witnesses: Sequence[tuple[str, Key]]) -> tuple[datetime, ...]:
    together = _Together.of(witnesses)
    pairs = zip(together.walls, together.written, strict=True)
    return tuple(sorted({at for wall, at in pairs if together.is_copy(wall, at)}))


def _most_shifted(timeline: Timeline, requests: Zone, completions: Zone) -> timedelta:
    """Return the largest offset by which all completions may be late: none comes before its own request."""
    gaps: list[timedelta] = []
    for each in timeline.instants:
        begun, ended = wall_of_stamp(each.requested), wall_of_stamp(each.completed or "")
        since = requests.utc(begun) if begun is not None else None
        until = completions.utc(ended) if ended is not None else None
        if since is not None and until is not None:
            gaps.append(until - since)
    least = min(gaps, default=_NOTHING)
    return max((offset for offset in _OFFSETS if _NOTHING < offset <= least), default=_NOTHING)


def _corrected(stated: Zone, witnesses: Sequence[tuple[str, Key]], what: str) -> tuple[Zone, bool]:
    """Return the zone that the files of several instants agree on, else the stated one; and whether they do agree."""
    told = _told_offsets(witnesses)
    for agreed in (_agreed(told), _agreed(list(takewhile(lambda pair: pair is not None, told)))):
        other = [pair for pair in agreed if stated.utc(pair[0]) != (pair[0] - pair[1]).replace(tzinfo=UTC)]
        if _is_often(other):
            note = (
                f"hoodie.table.timeline.timezone says {stated.name}, and the files of its instants say that the "
                f"{what} in their names are at UTC{say_offset(other[0][1])}: the files count"
            )
            return Zone(other[0][1], seen=agreed, note=note), True
        if _is_often(agreed):
            return stated, True
    return stated, False


def _found(properties: Properties, witnesses: Sequence[tuple[str, Key]]) -> Zone:
    """Find out the offset of wall times in local time.

    In turn: the times of the instants' own files, where most of them agree with their names (and were not copied);
    the two times at the head of ``hoodie.properties``, of which one is in UTC. The last may be off by an hour where
    clocks change.
    """
    header = _offset_by_header(properties.header)
    told = _told_offsets(witnesses)
    agreed = _agreed(told)
    if agreed and (header is None or _is_often(agreed) or _agrees(header, agreed[0])):
        return Zone(agreed[0][1], seen=agreed)
    newest = _agreed(list(takewhile(lambda pair: pair is not None, told)))
    if _is_often(newest):  # what is older may have been copied when the table was moved
        return Zone(newest[0][1], seen=newest)
    if header is None:
        return Zone(None)
    offset, name, wall = header
    if name in _UTC:
        return Zone(offset)
    return Zone(
        offset,
        note=f"its instants are in local time: taken as {name} (UTC{say_offset(offset)}) as the head of "
        "hoodie.properties says; they may be an hour off where clocks change",
        known_at=wall,
    )


def _is_change_of_clocks(wall: datetime, gap: timedelta) -> bool:
    """Tell whether clocks may have been changed by that then: nearly everywhere on a Sunday of these months."""
    return abs(abs(gap) - _SUMMER) <= PROMPT and wall.weekday() == _SUNDAY and wall.month in _CHANGES


def _agreed(told: Sequence[tuple[datetime, timedelta] | None]) -> tuple[tuple[datetime, timedelta], ...]:
    """Return what most of them agree on but for summer time, newest first; nothing where they do not."""
    known = [pair for pair in told if pair is not None]
    agreed = tuple(pair for pair in known if abs(pair[1] - known[0][1]) <= _SUMMER)
    return agreed if 2 * len(agreed) >= len(told) else ()


def _is_often(agreed: Sequence[tuple[datetime, timedelta]]) -> bool:
    """Tell whether instants agree that lie apart: copied soon after, one or two may fit by chance."""
    apart = 0
    last: datetime | None = None
    for wall, _ in agreed:
        if last is None or abs(wall - last) > _APART:
            apart, last = apart + 1, wall
    return apart >= _ENOUGH


def _agrees(header: tuple[timedelta, str, datetime], told: tuple[datetime, timedelta]) -> bool:
    """Tell whether an offset is that of the header, or another one of its zone at another time of the year."""
    offset, name, wall = header
    is_fixed = name in _UTC or abs(told[0] - wall) < _NEAR
    return abs(offset - told[1]) <= (timedelta(0) if is_fixed else _SUMMER)


def _told_offsets(witnesses: Sequence[tuple[str, Key]]) -> list[tuple[datetime, timedelta] | None]:
    """Return the offset that each file tells, None where it tells none.

    Files of instants far apart that were written together are copies: their times tell nothing, even where
    one of them happens to fit.
    """
    together = _Together.of(witnesses)
    return [
        None
        if wall is None or together.is_copy(wall, key.last_modified)
        else _with_offset(wall, key.last_modified)
        for stamp, key in witnesses
        for wall in (wall_of_stamp(stamp),)
    ]


@dataclass(frozen=True, slots=True)
class _Together:
    """The wall times in names, and when their files were written, the oldest first."""

    walls: tuple[datetime, ...]
    written: tuple[datetime, ...]

    @classmethod
    def of(cls, witnesses: Iterable[tuple[str, Key]]) -> _Together:
        """Take those of witnesses, without names that are ahead of their file in every zone."""
        pairs = sorted(
            (key.last_modified, wall)
            for stamp, key in witnesses
            if (wall := wall_of_stamp(stamp)) is not None
            and wall - ZONES[1] <= _naive(key.last_modified) + PROMPT
        )
        return cls(tuple(wall for _, wall in pairs), tuple(at for at, _ in pairs))

    def is_copy(self, wall: datetime, at: datetime) -> bool:
        """Tell whether a file was written together with those of instants that are far from its own."""
        begin = bisect_left(self.written, at - _TOGETHER)
        end = bisect_right(self.written, at + _TOGETHER)
        gaps = ((self.walls[n] - wall) - (self.written[n] - at) for n in range(begin, end))
        return any(abs(gap) > _APART and not _is_change_of_clocks(wall, gap) for gap in gaps)


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def _with_offset(wall: datetime, at: datetime) -> tuple[datetime, timedelta] | None:
    """Return a wall time, and the offset at which its file was written right after it."""
    offset = _offset_of(_naive(at) - wall)
    return (wall, offset) if offset is not None else None


def _offset_of(behind: timedelta) -> timedelta | None:
    """Return the offset of a wall time whose file was written so much later, None where it is none on earth."""
    quarters = (behind + WHOLE_SECONDS) // _QUARTER
    delay = behind + WHOLE_SECONDS - quarters * _QUARTER
    offset = -quarters * _QUARTER
    return offset if delay <= PROMPT and offset in _OFFSETS else None


def is_offset(behind: timedelta) -> bool:
    """Tell whether a file that was written so much later than its name says is explained by another zone."""
    return _offset_of(behind) not in {None, _NOTHING}


def _offset_by_header(header: Iterable[str]) -> tuple[timedelta, str, datetime] | None:
    instant = wall = name = None
    for line in header:
        try:
            if (match := _HEADER_UTC.match(line)) is not None:
                instant = datetime.fromisoformat(match[1])
            elif (match := _HEADER_WALL.fullmatch(line)) is not None and match[1] in _MONTHS:
                month, name = _MONTHS.index(match[1]) + 1, match[6]
                day, hour, minute, second = (int(match[n]) for n in (2, 3, 4, 5))
                wall = datetime(int(match[7]), month, day, hour, minute, second)  # noqa: DTZ001 - a wall time
        except ValueError:
            return None
    if wall is None or name is None:
        return None
    if name in _UTC:
        return timedelta(0), name, wall
    if instant is None:
        return None
    offset = round((wall - instant) / _QUARTER) * _QUARTER
    return (offset, name, wall) if offset in _OFFSETS else None


def say_offset(offset: timedelta) -> str:
    """Write an offset from UTC: ``+05:30``, ``-05:00``."""
    minutes = int(abs(offset).total_seconds()) // 60
    return f"{'-' if offset < timedelta(0) else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
