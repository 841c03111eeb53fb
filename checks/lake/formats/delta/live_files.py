"""Delta: the files that are in a table, from the newest checkpoint and the commits after it, within bounds.

Delta Transaction Log Protocol: "Action Reconciliation", "Checkpoints", "V2 Spec", "Sidecar Files".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from checks.aws.uris import place_of, uri_of
from checks.lake.codecs.documents import malformed
from checks.lake.formats.delta.actions import CommitParser, FileAction, file_action, partition_keys_of
from checks.lake.formats.delta.checkpoint import MOST_FILES, TooMuchError, rows_of_parquet
from checks.lake.formats.delta.stats import rows_of
from checks.lake.formats.delta.versions import whole_checkpoint
from checks.lake.formats.shared.times import Stamp, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from checks.lake.formats.delta.actions import Commit
    from checks.lake.formats.delta.versions import Log
    from checks.lake.formats.delta.walk import Walk
    from checks.lake.s3.objects import Key
    from checks.model import Column
    from checks.rules.asking import Clock

MOST_COMMITS = 200
"""Commits after the checkpoint that are read for one table, newest first."""
MOST_BYTES = 64 * 1024 * 1024
"""Bytes of commits and checkpoints that are read for one table."""
MOST_TEXT = 256 * 1024 * 1024
"""Letters of what is kept of these files."""
_MOST_FILES_OF_CHECKPOINT = 200
_METADATA = ["metaData.partitionColumns", "metaData.schemaString", "metaData.configuration"]
_COLUMNS = [
    "add.path",
    "add.partitionValues",
    "add.size",
    "add.deletionVector",
    "protocol.minReaderVersion",
    "protocol.readerFeatures",
    "sidecar.path",
    *_METADATA,
]


@dataclass(slots=True)
class LogFiles:
    """Reads the files of a log for all who ask, each by one GET, within bounds."""

    walk: Walk
    log: Log
    size_bytes: int = 0
    _kept: dict[str, bytes] = field(default_factory=dict)
    _parsed: dict[int, tuple[CommitParser, Commit]] = field(default_factory=dict)

    @property
    def newest(self) -> int:
        """The newest version that counts, -1 where there is none."""
        newest = self.log.newest
        return -1 if newest is None else newest

    @property
    def base(self) -> int:
        """The version of the newest checkpoint that counts, -1 where there is none.

        One of which parts are missing is none (protocol, "Multi-part checkpoints"), unless nothing else is left. Where
        the part of the log that was listed shows none (a hint may name one that is gone), more of it is listed.
        """
        self._reach_back()
        found = self.log.checkpoints
        torn = -1 if 0 in self.log.commits else max(found, default=-1)
        return max((number for number, keys in found.items() if whole_checkpoint(keys)), default=torn)

    def _reach_back(self) -> None:
        """List back to a checkpoint that is whole, or to where the log begins; no further than commits are read."""
        while (
            self.log.start > 0
            and self.newest - self.log.start < MOST_COMMITS
            and not any(map(whole_checkpoint, self.log.checkpoints.values()))
        ):
            self.log = self.walk.listed_back(self.log)

    def versions(self) -> Iterator[int]:
        """Yield the versions of the commits after the checkpoint, newest first; raise TooMuchError for too many."""
        base = self.base
        if self.newest < 0 < self.log.start:
            raise TooMuchError(_gone(self.log.start))
        for read, version in enumerate(range(self.newest, base, -1)):
            if read >= MOST_COMMITS:
                raise TooMuchError(
                    f"more than {read} commits came after its last checkpoint that could be read"
                )
            if version not in self.log.commits:
                raise TooMuchError(_gone(version + 1))
            yield version

    def commit(self, version: int) -> tuple[CommitParser, Commit]:
        """Return a commit with its file actions; raise Unobserved, TooMuchError."""
        if version not in self._parsed:
            key = self.log.commits[version]
            parser = CommitParser(f"s3://{self.walk.bucket}/{key.key}", version, files=[])
            known = (self.walk.raw or {}).get(version)
            parser.feed(known if known is not None else self.get(key), last=True)
            self._parsed[version] = parser, self.walk.timed(parser, key)
        return self._parsed[version]

    def checkpoint(self) -> tuple[Key, ...]:
        """Return the files of the newest checkpoint that counts; raise Unobserved where parts are missing."""
        base = self.base
        if base < 0:
            return ()
        keys = self.log.checkpoints[base]
        found = whole_checkpoint(keys)
        if not found:
            name = keys[0].key.rpartition("/")[2]
            raise malformed(self.walk.place, f"parts of the checkpoint {name} are missing")
        return found

    def get(self, key: Key) -> bytes:
        """Return a file of the log; raise Unobserved, TooMuchError."""
        if key.key not in self._kept:
            self._spend(key.size_bytes)
            data = self.walk.reader.store.get(self.walk.bucket, key.key, max_bytes=MOST_BYTES)
            self._kept[key.key] = data
        return self._kept[key.key]

    def sidecar(self, path: str) -> tuple[bytes, str]:
        """Return a file that a checkpoint names, with its key; raise Unobserved, TooMuchError."""
        bucket, key = place_of(path) or (
            self.walk.bucket,
            f"{self.walk.prefix}_sidecars/{unquote(path)}",
        )
        uri = f"s3://{bucket}/{key}"
        if uri not in self._kept:
            data = self.walk.reader.store.get(bucket, key, max_bytes=MOST_BYTES)
            self._spend(len(data))
            self._kept[uri] = data
        return self._kept[uri], key

    def kept_elsewhere(self) -> list[tuple[str, str]]:
        """Return bucket and key of the sidecars that were read outside of the log's folder."""
        places = [place for uri in self._kept if (place := place_of(uri)) is not None]
        walk = self.walk
        return [(b, key) for b, key in places if b != walk.bucket or not key.startswith(walk.prefix)]

    def _spend(self, size: int) -> None:
        self.size_bytes += size
        if self.size_bytes > MOST_BYTES:
            raise TooMuchError(f"its checkpoint and the commits after it are more than {MOST_BYTES:,} bytes")

    def metadata(self) -> tuple[dict[str, Any], str] | None:
        """Return the newest metaData action with its place; None where no file has any. Raises as the others."""
        for version in self.versions():
            parser, _ = self.commit(version)
            if parser.metadata is not None:
                return parser.metadata, parser.place
        for key in self.checkpoint():
            place = f"s3://{self.walk.bucket}/{key.key}"
            if key.key.endswith(".json"):
                parser = CommitParser(place, 0, files=[])
                parser.feed(self.get(key), last=True)
                if parser.metadata is not None:
                    return parser.metadata, place
                continue
            for row in rows_of_parquet(self.get(key), place, _METADATA):
                found = row.get("metaData")
                if found and found.get("schemaString") is not None:
                    return found, place
        return None


@dataclass(slots=True)
class LiveFiles:
    """Finds out which files are in a table: the newest word on each counts.

    ``rows`` counts their rows. ``keeps_stats`` keeps their statistics, of a checkpoint those in the columns ``stats``.
    """

    files: LogFiles
    clock: Clock
    rows: bool = False
    keeps_stats: bool = False
    stats: Sequence[str] = ()
    keys: dict[str, Column] | None = None
    """The partition columns by how the values of files name them; None where the log does not tell them."""
    pending: list[tuple[FileAction, Commit | None]] = field(default_factory=list)
    """The files that are in the table, the newest first; the commit is None where a checkpoint names it."""
    _count: int = 0
    _text: int = 0
    _settled: set[tuple[str, str]] = field(default_factory=set)
    """Files whose newest action was read: an older one of the same file does not count."""

    def read(self) -> datetime:
        """Read commits newest first, then the checkpoint; return the instant that its files came by.

        Raises Unobserved, and TooMuchError beyond the bounds: then ``pending`` holds what was found.
        """
        at = self.clock.now
        commits: list[Commit] = []
        try:
            for version in self.files.versions():
                commits.append(self.take(version))
                at = commits[-1].at or at
            self.read_checkpoint()
        finally:
            self._order(commits)
        return at

    def _order(self, commits: list[Commit]) -> None:
        """Lift the times of commits to those of the commits before them: none came before what it follows."""
        oldest_first = commits[::-1]
        stamps = (Stamp(commit.at if commit.is_dated else None) for commit in oldest_first)
        times = {
            commit.version: at
            for commit, at in zip(oldest_first, in_order(stamps), strict=True)
            if at is not None
        }
        for number, (action, commit) in enumerate(self.pending):
            if commit is not None and commit.at is not None:
                at = max(commit.at, times.get(commit.version, commit.at))
                self.pending[number] = action, replace(commit, at=at)

    def take(self, version: int) -> Commit:
        """Take the files of one commit."""
        parser, commit = self.files.commit(version)
        self._take(parser, commit)
        return commit

    def read_checkpoint(self) -> None:
        """Read a whole checkpoint: one file, all its parts, or one with sidecars."""
        for key in self.files.checkpoint():
            sidecars = self._checkpoint_file(key.key, self.files.get(key))
            if len(sidecars) > _MOST_FILES_OF_CHECKPOINT:
                raise TooMuchError(f"its checkpoint has more than {_MOST_FILES_OF_CHECKPOINT} sidecar files")
            for path in sidecars:
                data, name = self.files.sidecar(path)
                self._checkpoint_file(name, data)

    def _take(self, parser: CommitParser, commit: Commit | None) -> None:
        for action in parser.files or ():
            self._settle(action, commit)
        if self.keys is None and parser.partition_keys is not None:
            self.keys = parser.partition_keys

    def _settle(self, action: FileAction, commit: Commit | None) -> None:
        self._count += 1
        if self._count > MOST_FILES:
            raise TooMuchError(f"its log names more than {MOST_FILES:,} files")
        if action.key in self._settled:
            return
        if commit is not None:
            self._settled.add(action.key)
        if action.adds:
            kept = action.stats if self.keeps_stats else None
            self._text += len(action.path) + sum(len(each or "") for each in action.values.values())
            self._text += len(kept) if isinstance(kept, str) else 0
            if self._text > MOST_TEXT:
                raise TooMuchError(f"what its log says of files is more than {MOST_TEXT:,} letters")
            self.pending.append(
                (replace(action, rows=rows_of(action) if self.rows else "", stats=kept), commit)
            )

    def _checkpoint_file(self, name: str, data: bytes) -> list[str]:
        """Take the files that a part of a checkpoint names; return the sidecars that it names."""
        place = f"s3://{self.files.walk.bucket}/{name}"
        if name.endswith(".json"):
            parser = CommitParser(place, 0, files=[])
            parser.feed(data, last=True)
            self.files.walk.ask(parser.protocol, place)
            self._take(parser, None)
            return parser.sidecars
        sidecars: list[str] = []
        columns = [
            *_COLUMNS,
            *(["add.stats", "add.stats_parsed.numRecords"] if self.rows else []),
            *self.stats,
        ]
        for row in rows_of_parquet(data, place, columns):
            add, metadata, protocol, sidecar = (
                row.get(name) for name in ("add", "metaData", "protocol", "sidecar")
            )
            if add and add.get("path") is not None:
                self._settle(file_action("add", add, place), None)
            if self.keys is None and metadata and metadata.get("schemaString") is not None:
                self.keys = partition_keys_of(metadata, place)
            if protocol and protocol.get("minReaderVersion") is not None:
                self.files.walk.ask(protocol, place)
            if sidecar and sidecar.get("path") is not None:
                sidecars.append(str(sidecar["path"]))
        return sidecars


def _gone(version: int) -> str:
    return f"its log before version {version} is gone, and no checkpoint tells what was there"


def file_uri(walk: Walk, path: str) -> str:
    """Return the URI of a data file: its path is percent-encoded, below the table's location or a whole URI."""
    plain = unquote(path)
    if "://" in plain:
        return uri_of(plain)
    return f"s3://{walk.bucket}/{walk.prefix.removesuffix('_delta_log/')}{plain}"
