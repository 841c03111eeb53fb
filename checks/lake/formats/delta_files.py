"""Delta: which partitions hold rows, from the newest checkpoint and the commits after it.

Delta Transaction Log Protocol: "Action Reconciliation", "Checkpoints", "V2 Spec", "Sidecar Files".
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from checks.lake.formats.delta_log import (
    CommitParser,
    FileAction,
    check_protocol,
    file_action,
    partition_keys_of,
)
from checks.lake.formats.held import Held, layout_of, too_much, wanted, with_partitions
from checks.lake.formats.logs import malformed, place_of
from checks.layout import NULL_PARTITION
from checks.model import Column, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from checks.lake.formats.delta import Walk
    from checks.lake.formats.delta_log import Commit, Log
    from checks.lake.storage import Key
    from checks.model import Observation
    from checks.rules.base import Clock, TablePlan

MOST_COMMITS = 200
"""Commits after the checkpoint that are read for one table, newest first."""
MOST_BYTES = 64 * 1024 * 1024
"""Bytes of commits and checkpoints that are read for one table."""
MOST_FILES = 500_000
"""Files that a log may name: each is held in memory until the newest word on it is known."""
_MOST_FILES_OF_CHECKPOINT = 200
_PART = re.compile(r"\.checkpoint\.([0-9]{10})\.([0-9]{10})\.parquet$")
_COLUMNS = [
    "add.path",
    "add.partitionValues",
    "add.size",
    "add.deletionVector",
    "metaData.partitionColumns",
    "metaData.schemaString",
    "protocol.minReaderVersion",
    "sidecar.path",
]


class _TooMuchError(Exception):
    """The log is larger than what is read of it."""


@dataclass(slots=True)
class Partitions:
    """Finds out which periods hold rows in a table, from all of its log that counts."""

    plan: TablePlan
    clock: Clock
    walk: Walk
    log: Log
    keys: tuple[Column, ...] | None = None
    files: int = 0
    size_bytes: int = 0
    _settled: set[tuple[str, str]] = field(default_factory=set)
    """Files whose newest action was read: an older one of the same file does not count."""
    _pending: list[tuple[FileAction, Commit | None]] = field(default_factory=list)

    def add_to(self, seen: Observation) -> Observation:
        """Return the observation with the periods in it; raise Unobserved when they cannot be told."""
        problem = None
        try:
            base_at = self._read()
        except _TooMuchError as error:
            problem, base_at = too_much(self.plan.table.id, str(error)), self.clock.now
        keys = self.keys if self.keys is not None else self.plan.table.partition_keys
        if not keys:
            raise Unobserved(
                Problem(
                    ProblemKind.UNSUPPORTED,
                    f"{self.plan.table.id} is not partitioned, so its log does not tell one period from the next",
                    "watch it with freshness",
                )
            )
        held: dict[tuple[str, ...], Held] = defaultdict(Held)
        for action, commit in self._pending:
            _count(held[_texts(action, keys)], action, commit, base_at)
        keys = tuple(Column(key.name.lower(), key.type) for key in keys)  # as Glue and the config write them
        layout = layout_of(self.plan, keys, held)
        if isinstance(layout, Problem):
            raise Unobserved(layout)
        want = wanted(self.plan, self.clock, layout)
        return with_partitions(seen, self.plan, want, keys, held, problem=problem)

    def _read(self) -> datetime:
        """Read commits newest first, then the checkpoint; return the instant that its files came by."""
        newest = self.walk.newest_version(self.log)
        checkpoints = {number: keys for number, keys in self.log.checkpoints.items() if number <= newest}
        base = max(checkpoints, default=-1)
        at = self.clock.now
        for read, version in enumerate(range(newest, base, -1)):
            key = self.log.commits.get(version)
            if read >= MOST_COMMITS or key is None:
                raise _TooMuchError(
                    f"more than {read} commits came after its last checkpoint that could be read"
                )
            commit = self._commit(version, key)
            at = commit.at or at
        if base >= 0:
            self._checkpoint(checkpoints[base])
        return at

    def _commit(self, version: int, key: Key) -> Commit:
        parser = CommitParser(f"s3://{self.walk.bucket}/{key.key}", version, files=[])
        known = (self.walk.raw or {}).get(version)
        parser.feed(known if known is not None else self._get(key), last=True)
        commit = self.walk.timed(parser.commit, key)
        self._take(parser, commit)
        return commit

    def _take(self, parser: CommitParser, commit: Commit | None) -> None:
        for action in parser.files or ():
            self._settle(action, commit)
        if self.keys is None and parser.partition_keys is not None:
            self.keys = parser.partition_keys

    def _settle(self, action: FileAction, commit: Commit | None) -> None:
        self.files += 1
        if self.files > MOST_FILES:
            raise _TooMuchError(f"its log names more than {MOST_FILES:,} files")
        if action.key in self._settled:
            return
        if commit is not None:
            self._settled.add(action.key)
        if action.adds:
            self._pending.append((action, commit))

    def _checkpoint(self, keys: tuple[Key, ...]) -> None:
        """Read a whole checkpoint: one file, all its parts, or one with sidecars."""
        for key in _whole_checkpoint(keys, self.walk.place):
            sidecars = self._checkpoint_file(key.key, self._get(key))
            if len(sidecars) > _MOST_FILES_OF_CHECKPOINT:
                raise _TooMuchError(f"its checkpoint has more than {_MOST_FILES_OF_CHECKPOINT} sidecar files")
            for path in sidecars:
                place = place_of(path) or (self.walk.bucket, f"{self.walk.prefix}_sidecars/{unquote(path)}")
                self._checkpoint_file(place[1], self._bytes(*place))

    def _checkpoint_file(self, name: str, data: bytes) -> list[str]:
        """Take the files that a part of a checkpoint names; return the sidecars that it names."""
        place = f"s3://{self.walk.bucket}/{name}"
        if name.endswith(".json"):
            parser = CommitParser(place, 0, files=[])
            parser.feed(data, last=True)
            self._take(parser, None)
            return parser.sidecars
        sidecars: list[str] = []
        for row in _rows(data, place):
            add, metadata, protocol, sidecar = (
                row.get(name) for name in ("add", "metaData", "protocol", "sidecar")
            )
            if add and add.get("path") is not None:
                self._settle(file_action("add", add, place), None)
            if self.keys is None and metadata and metadata.get("schemaString") is not None:
                self.keys = partition_keys_of(metadata, place)
            if protocol and protocol.get("minReaderVersion") is not None:
                check_protocol(protocol, place)
            if sidecar and sidecar.get("path") is not None:
                sidecars.append(str(sidecar["path"]))
        return sidecars

    def _get(self, key: Key) -> bytes:
        self._spend(key.size_bytes)
        return self.walk.reader.store.get(self.walk.bucket, key.key, max_bytes=MOST_BYTES)

    def _bytes(self, bucket: str, key: str) -> bytes:
        data = self.walk.reader.store.get(bucket, key, max_bytes=MOST_BYTES)
        self._spend(len(data))
        return data

    def _spend(self, size: int) -> None:
        self.size_bytes += size
        if self.size_bytes > MOST_BYTES:
            raise _TooMuchError(f"its checkpoint and the commits after it are more than {MOST_BYTES:,} bytes")


def _rows(data: bytes, place: str) -> Iterator[dict[str, Any]]:
    """Yield the actions of a checkpoint in Parquet; raise Unobserved (malformed) for what is none."""
    import pyarrow as pa  # type: ignore[import-untyped] # 0.2 s, only for tables with a partitions check
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        if file.metadata.num_rows > MOST_FILES:
            raise _TooMuchError(f"its checkpoint has more than {MOST_FILES:,} rows")
        batches = file.iter_batches(batch_size=10_000, columns=_COLUMNS)
        for batch in batches:
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise malformed(place, f"it is no checkpoint in Parquet ({error})") from error


def _whole_checkpoint(keys: tuple[Key, ...], place: str) -> tuple[Key, ...]:
    """Choose one of the checkpoints of a version: a single file, or all parts of one."""
    parts: dict[int, dict[int, Key]] = {}
    for key in keys:
        match = _PART.search(key.key)
        if match is None:
            return (key,)
        parts.setdefault(int(match[2]), {})[int(match[1])] = key
    for count, found in parts.items():
        if set(found) == set(range(1, count + 1)):
            return tuple(found.values())
    raise malformed(place, f"parts of the checkpoint {keys[0].key.rpartition('/')[2]} are missing")


def _texts(action: FileAction, keys: tuple[Column, ...]) -> tuple[str, ...]:
    """Return the partition's values in the order of the keys."""
    values = (action.values.get(key.name) for key in keys)
    return tuple(NULL_PARTITION if value is None else value for value in values)


def _count(held: Held, action: FileAction, commit: Commit | None, base_at: datetime) -> None:
    """Count a file: what a commit rewrote came before it, what the checkpoint holds before the commits after it."""
    if commit is None or commit.at is None:
        held.add_unknown(action.size_bytes, base_at)
    elif not action.changes_data or not commit.adds_rows or commit.operation == "DELETE":
        held.add_unknown(action.size_bytes, commit.at)
    else:
        held.add(action.size_bytes, commit.at, f"commit {commit.version}", is_new=not commit.removes)
