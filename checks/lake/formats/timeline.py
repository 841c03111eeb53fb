"""Hudi's timeline as names of files tell it, and the zone of its instants. Pure.

Apache Hudi Technical Specification, "Timeline": layout 1 is ``.hoodie/<instant>.<action>``, layout 2 (tables
of version 8 on) ``.hoodie/timeline/<requested>_<completed>.<action>``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.lake.formats.logs import malformed, unsupported, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checks.lake.storage import Key

NEWEST_TABLE = 9
NEWEST_LAYOUT = 2
_TWO_FOLDERS = 8
"""The table version that layout 2 came with."""
_INSTANT = re.compile(
    r"(?P<requested>[0-9]{14}|[0-9]{17})(?:_(?P<completed>[0-9]{14}|[0-9]{17}))?"
    r"\.(?P<action>[a-z]+)(?:\.(?P<state>requested|inflight))?"
)
WRITES = frozenset({"commit", "deltacommit", "replacecommit"})
"""The actions that write files of the table, maintenance included."""
_MAINTENANCE_PLANS = frozenset({"compaction", "logcompaction", "clustering"})
_QUARTER = timedelta(minutes=15)
_PROMPT = timedelta(minutes=3)
"""An instant's own file is written within this of the time that is its name."""
_WHOLE_SECONDS = timedelta(seconds=2)
"""S3 tells the time of an object in whole seconds."""
ZONES = (timedelta(hours=-12), timedelta(hours=14))
_HALVES = (-9.5, -3.5, -2.5, 3.5, 4.5, 5.5, 5.75, 6.5, 8.75, 9.5, 10.5, 12.75, 13.75)
_OFFSETS = frozenset(timedelta(hours=hours) for hours in (*range(-12, 15), *_HALVES))
"""Offsets from UTC that clocks on earth have."""
_TOGETHER = timedelta(minutes=5)
_APART = timedelta(minutes=20)
_ENOUGH = 3
"""So many instants that agree on an offset are believed against the head of ``hoodie.properties``."""
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
_YEARS = range(1990, 2200)
"""Others mark no time, such as those of bootstraps."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Properties:
    """What ``hoodie.properties`` says: its entries, and the comments at its head."""

    place: str
    entries: Mapping[str, str]
    header: tuple[str, ...]

    @property
    def layout(self) -> int:
        """The timeline's layout; raise Unobserved (malformed, unsupported) for one that is not known."""
        version = self._number("hoodie.table.version", 0)
        if version > NEWEST_TABLE:
            raise unsupported(
                self.place,
                f"Hudi table version {version}; up to {NEWEST_TABLE} is read",
                "update the monitor",
            )
        layout = self._number("hoodie.timeline.layout.version", 2 if version >= _TWO_FOLDERS else 1)
        if layout > NEWEST_LAYOUT:
            raise unsupported(
                self.place,
                f"Hudi timeline layout {layout}; up to {NEWEST_LAYOUT} is read",
                "update the monitor",
            )
        return max(layout, 1)

    @property
    def timeline(self) -> str:
        """The folder of the timeline below the table's location, with a slash at its end."""
        if self.layout == 1:
            return ".hoodie/"
        return f".hoodie/{self._folder('hoodie.timeline.path', 'timeline')}/"

    @property
    def archive(self) -> str:
        """The folder of what was archived, below the timeline's own."""
        if self.layout == 1:
            return f"{self._folder('hoodie.archivelog.folder', 'archived')}/"
        return f"{self._folder('hoodie.timeline.history.path', 'history')}/"

    @property
    def is_merge_on_read(self) -> bool:
        """True for tables whose writes are delta commits, so that a plain commit is a compaction."""
        return self.entries.get("hoodie.table.type", "").upper() == "MERGE_ON_READ"

    def _number(self, name: str, default: int) -> int:
        text = self.entries.get(name)
        number = whole_number(text) if text is not None else default
        if number is None:
            raise malformed(self.place, f"{name} is {text!r}")
        return number

    def _folder(self, name: str, default: str) -> str:
        return self.entries.get(name, "").strip("/") or default


def parse_properties(data: bytes, place: str) -> Properties:
    """Read a Java properties file; raise Unobserved (malformed) when it is no such file of Hudi."""
    entries: dict[str, str] = {}
    header: list[str] = []
    for line in data.decode("utf-8", "replace").splitlines():
        text = line.strip()
        if text.startswith(("#", "!")):
            header.append(text[:200])
        elif text:
            name, sign, value = text.partition("=")
            if sign:
                entries[name.strip()] = re.sub(r"\\(.)", r"\1", value.strip())
    if "hoodie.table.name" not in entries and "hoodie.table.type" not in entries:
        raise malformed(place, "it names no Hudi table (neither hoodie.table.name nor hoodie.table.type)")
    return Properties(place, entries, tuple(header[:10]))


@dataclass(frozen=True, slots=True)
class Instant:
    """A completed action on the timeline. Its times are digits as Hudi writes them, without a zone."""

    requested: str
    completed: str | None
    action: str
    key: Key
    by_plan: bool = False
    """True when a plan beside it says that it is maintenance: compaction shows as a commit."""
    plan: Key | None = None
    """What was requested, where that is kept in a file that is not empty."""

    @property
    def stamp(self) -> str:
        """The time that it is ordered by: of its completion where the name tells it, else of its request."""
        return (self.completed or self.requested).ljust(17, "0")

    @property
    def may_be_data(self) -> bool:
        """True when its name does not already tell that it is maintenance."""
        return self.action in WRITES and not self.by_plan


@dataclass(frozen=True, slots=True)
class Timeline:
    """The completed instants, newest first, and the files whose names carry the time of their making."""

    instants: tuple[Instant, ...]
    witnesses: tuple[tuple[str, Key], ...]

    @property
    def is_in_order(self) -> bool:
        """True where all that is archived is older than what is not: a savepoint may hold an older instant back."""
        return all(each.action != "savepoint" for each in self.instants)


def read_timeline(keys: Iterable[Key], prefix: str) -> Timeline:
    """Sort a timeline's files; what is pending or no instant is passed over."""
    completed: list[tuple[str, str | None, str, Key]] = []
    plans: set[str] = set()
    requests: dict[str, Key] = {}
    witnesses: list[tuple[str, Key]] = []
    for key in keys:
        match = _INSTANT.fullmatch(key.key.removeprefix(prefix))
        if match is None:
            continue
        requested, action, state = match["requested"], match["action"], match["state"]
        if state is not None and action in _MAINTENANCE_PLANS:
            plans.add(requested)
        if state == "requested":
            witnesses.append((requested, key))
            if key.size_bytes:
                requests[requested] = key
        elif state is None and action != "inflight":  # layout 1 writes a commit in flight as X.inflight
            completed.append((requested, match["completed"], action, key))
            if match["completed"] is not None:
                witnesses.append((match["completed"], key))
    instants = [Instant(*each, each[0] in plans, requests.get(each[0])) for each in completed]
    return Timeline(
        tuple(sorted(instants, key=lambda each: (each.stamp, each.requested), reverse=True)),
        tuple(sorted(witnesses, key=lambda pair: pair[0], reverse=True)),
    )


def wall_of_stamp(stamp: str) -> datetime | None:
    """Return the wall time that digits carry; None when they carry none (``00000000000001`` bootstraps)."""
    digits = stamp.ljust(17, "0")
    try:
        wall = datetime.strptime(digits[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007 - a wall time
    except ValueError:
        return None
    return wall + timedelta(milliseconds=int(digits[14:17])) if wall.year in _YEARS else None


@dataclass(frozen=True, slots=True)
class Zone:
    """How instants become UTC. ``offset`` is that of their wall time from UTC, None when nothing tells it.

    ``seen`` are wall times whose offset their own files told: the nearest one's is taken, as clocks change.
    ``note`` is set when the offset is not sure: ``known_at`` is when it held, and clocks may have changed since.
    """

    offset: timedelta | None
    name: ZoneInfo | None = None
    seen: tuple[tuple[datetime, timedelta], ...] = ()
    note: str = ""
    known_at: datetime | None = None

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


def find_zone(properties: Properties, witnesses: Sequence[tuple[str, Key]]) -> Zone:
    """Find out the offset of the timeline's wall times.

    In turn: what ``hoodie.table.timeline.timezone`` says (UTC, or LOCAL as Hudi's default); the times of the
    instants' own files, where most of them agree with their names (and were not copied); the two times at the head of
    ``hoodie.properties``, of which one is in UTC. The last may be off by an hour where clocks change.
    """
    stated = properties.entries.get("hoodie.table.timeline.timezone", "LOCAL")
    if stated.upper() in ("UTC", "GMT"):
        return Zone(timedelta(0))
    if stated.upper() != "LOCAL":
        try:
            return Zone(None, ZoneInfo(stated))
        except (KeyError, ValueError, OSError):  # no such zone is a KeyError
            raise malformed(properties.place, f"hoodie.table.timeline.timezone is {stated!r}") from None
    header = _offset_by_header(properties.header)
    told = _told_offsets(witnesses[:_WITNESSES])
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
    return abs(abs(gap) - _SUMMER) <= _PROMPT and wall.weekday() == _SUNDAY and wall.month in _CHANGES


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
    walls = [(wall_of_stamp(stamp), key.last_modified) for stamp, key in witnesses]
    known = [(wall, at) for wall, at in walls if wall is not None]

    def is_copy(wall: datetime, at: datetime) -> bool:
        beside = (
            (other - wall) - (other_at - at) for other, other_at in known if abs(other_at - at) <= _TOGETHER
        )
        return any(abs(gap) > _APART and not _is_change_of_clocks(wall, gap) for gap in beside)

    return [
        None if wall is None or is_copy(wall, at) else _offset_by(stamp, key)
        for (wall, at), (stamp, key) in zip(walls, witnesses, strict=True)
    ]


def _offset_by(stamp: str, key: Key) -> tuple[datetime, timedelta] | None:
    """Return the wall time in a name, and the offset at which its file was written right after it."""
    wall = wall_of_stamp(stamp)
    if wall is None:
        return None
    behind = key.last_modified.astimezone(UTC).replace(tzinfo=None) - wall + _WHOLE_SECONDS
    quarters = behind // _QUARTER
    delay = behind - quarters * _QUARTER
    offset = -quarters * _QUARTER
    return (wall, offset) if delay <= _PROMPT and offset in _OFFSETS else None


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
