"""Hudi's timeline as names of files tell it, and what its properties say. Pure.

Apache Hudi Technical Specification, "Timeline": layout 1 is ``.hoodie/<instant>.<action>``, layout 2 (tables
of version 8 on) ``.hoodie/timeline/<requested>_<completed>.<action>``.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.lake.codecs.documents import malformed, unsupported, whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checks.lake.s3.objects import Key

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
_SAVEPOINT = "savepoint"
_TAKES_BACK = frozenset({"rollback", "restore"})
_MAINTENANCE_PLANS = frozenset({"compaction", "logcompaction", "clustering"})
_UTC = ("UTC", "GMT")
_YEARS = range(1990, 2200)
"""Others mark no time, such as those of bootstraps."""


@dataclass(frozen=True, slots=True)
class Properties:
    """What ``hoodie.properties`` says: its entries, and the comments at its head."""

    place: str
    entries: Mapping[str, str]
    header: tuple[str, ...]

    @property
    def version(self) -> int:
        """The table's version, 0 where it does not say; raise Unobserved (malformed) for what is none."""
        return self._number("hoodie.table.version", 0)

    @property
    def layout(self) -> int:
        """The timeline's layout; raise Unobserved (malformed, unsupported) for one that is not known."""
        version = self.version
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

    def check(self) -> None:
        """Raise Unobserved (malformed, unsupported) where it says what it cannot, or what is not known."""
        _ = self.layout
        _ = self.stated_zone

    @property
    def stated_zone(self) -> ZoneInfo | None:
        """The zone of the instants that ``hoodie.table.timeline.timezone`` states, None for LOCAL, Hudi's default."""
        stated = self.entries.get("hoodie.table.timeline.timezone", "LOCAL")
        if stated.upper() == "LOCAL":
            return None
        try:
            return ZoneInfo("UTC" if stated.upper() in _UTC else stated)
        except (KeyError, ValueError, OSError):  # no such zone is a KeyError
            raise malformed(self.place, f"hoodie.table.timeline.timezone is {stated!r}") from None

    @property
    def is_torn(self) -> bool:
        """True where what Hudi always writes is not there, or is not what its checksum was taken of."""
        if not {"hoodie.table.name", "hoodie.table.type"} <= self.entries.keys():
            return True
        told = self.entries.get("hoodie.table.checksum")
        named = f"{self.entries.get('hoodie.database.name', '')}.{self.entries['hoodie.table.name']}"
        return told is not None and told != str(zlib.crc32(named.encode()))

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
    begun: Key | None = None
    """Its file that was written when it was requested, or else when it began."""

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
    """The completed instants, newest first by their names, and what is on the way or was taken back."""

    instants: tuple[Instant, ...]
    begun: tuple[tuple[str, Key], ...] = ()
    """Of all instants, completed or not, the request's digits and the file that was written right after it."""
    planned: frozenset[str] = frozenset()
    """Requests of maintenance: later log files may lie on top of a compaction that is still on the way."""
    rollbacks: tuple[Key, ...] = ()
    """What tells which instants were rolled back, the oldest first."""

    @property
    def is_in_order(self) -> bool:
        """True where all that is archived is older than what is not: a savepoint may hold an older instant back."""
        return all(each.action != _SAVEPOINT for each in self.instants)

    @property
    def pending(self) -> frozenset[str]:
        """The requests of what was not completed."""
        return frozenset(stamp for stamp, _ in self.begun) - {each.requested for each in self.instants}

    @property
    def begins_at(self) -> str | None:
        """The request of the oldest completed write: what was requested before it is archived, None without any.

        Savepoints hold back what is older than that (``getFirstNonSavepointCommit``).
        """
        kept = {each.requested for each in self.instants if each.action == _SAVEPOINT}
        writes = {each.requested for each in self.instants if each.action in WRITES}
        return min(writes - kept, default=None)


def read_timeline(keys: Iterable[Key], prefix: str) -> Timeline:
    """Sort a timeline's files; what is no instant is passed over."""
    completed: list[tuple[str, str | None, str, Key]] = []
    plans: set[str] = set()
    requests: dict[str, Key] = {}
    inflight: dict[str, Key] = {}
    rollbacks: dict[str, Key] = {}
    for key in keys:
        match = _INSTANT.fullmatch(key.key.removeprefix(prefix))
        if match is None:
            continue
        requested, action, state = match["requested"], match["action"], match["state"]
        if state is not None and action in _MAINTENANCE_PLANS:
            plans.add(requested)
        if state is None and action != "inflight":  # layout 1 writes a commit in flight as X.inflight
            completed.append((requested, match["completed"], action, key))
        elif action != _SAVEPOINT:  # it has the name of the commit that it saves, not of when it was made
            (requests if state == "requested" else inflight).setdefault(requested, key)
        if action in _TAKES_BACK and key.size_bytes and (state is None or requested not in rollbacks):
            rollbacks[requested] = key
    begun = {**inflight, **requests}
    instants = [
        Instant(*each, each[0] in plans, _filled(requests.get(each[0])), begun.get(each[0]))
        for each in completed
    ]
    return Timeline(
        tuple(sorted(instants, key=lambda each: (each.stamp, each.requested), reverse=True)),
        tuple(sorted(begun.items(), reverse=True)),
        frozenset(plans),
        tuple(rollbacks[stamp] for stamp in sorted(rollbacks)),
    )


def _filled(key: Key | None) -> Key | None:
    return key if key is not None and key.size_bytes else None


@lru_cache(maxsize=4096)
def wall_of_stamp(stamp: str) -> datetime | None:
    """Return the wall time that digits carry; None when they carry none (``00000000000001`` bootstraps)."""
    digits = stamp.ljust(17, "0")
    try:
        wall = datetime.strptime(digits[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007 - a wall time
    except ValueError:
        return None
    return wall + timedelta(milliseconds=int(digits[14:17])) if wall.year in _YEARS else None
