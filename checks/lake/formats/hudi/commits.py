"""Hudi: what a completed instant tells of its commit: the rows and files that it wrote, what it replaced. Pure.

Apache Hudi Technical Specification, "Timeline" (commit metadata), JSON before table version 8 and Avro since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checks.lake.codecs.avro import MAGIC, open_container
from checks.lake.codecs.documents import malformed, parse_json, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

_DELETES = frozenset({"DELETE", "DELETE_PREPPED", "DELETE_PARTITION"})
MAINTENANCE = frozenset({"COMPACT", "LOG_COMPACT", "CLUSTER", "INDEX", "ALTER_SCHEMA", "BUCKET_RESCALE"})
"""Operations that write no rows anew: what they replace they hold themselves."""
_NO_COMMIT = (None, "", "null")
"""How Hudi writes that no version of a file was there before."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that a commit wrote: its file group, its partition's path, its own, its bytes, the rows it holds.

    Bytes and rows are None where the commit does not tell them. Of a log file no rows are told: they overlap. One that
    ``follows`` another of its group holds what was in that one, too.
    """

    group: str
    partition: str
    path: str
    size_bytes: int | None
    rows: int | None
    follows: bool = False

    @property
    def is_base(self) -> bool:
        """True for files that hold rows as they are; log files hold changes to them."""
        name = self.path.rpartition("/")[2]
        return not name.startswith(".") and ".log." not in name


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What a commit did: rows that it wrote new or changed, rows that it deleted, and in which partitions."""

    operation: str | None = None
    rows: int = 0
    deletes: int = 0
    files: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    """By partition path: files written with rows, their bytes, the rows."""
    replaced: frozenset[str] = frozenset()
    """Partition paths whose files from before do not count any more."""
    empty: frozenset[str] = frozenset()
    """Names of files that it wrote without a row in them."""
    written: tuple[Written, ...] = ()
    """All files that it wrote, where they are asked for, those of maintenance too."""
    replaced_groups: frozenset[str] = frozenset()
    """File groups that do not count any more."""

    def is_arrival(self, *, deletes: bool, merge_on_read_commit: bool) -> bool:
        """Tell whether it added or changed rows; with ``deletes``, whether it changed what the table holds.

        A commit that does not say its operation, on a table whose writes are delta commits, is a compaction.
        """
        if self.operation in MAINTENANCE or (merge_on_read_commit and self.operation is None):
            return False
        if deletes and (self.deletes or self.replaced or self.operation in _DELETES):
            return True
        return self.rows > 0 and self.operation not in _DELETES


def parse_commit(data: bytes, place: str, *, keep_files: bool = False) -> Commit:
    """Read a completed commit, JSON or Avro; raise Unobserved (malformed) naming the place.

    ``keep_files`` keeps each file that it wrote. Rows are inserts and updates; ``numWrites`` also counts the rows that
    were only copied, and is taken where a writer tells neither of them. Not of a base file that follows another one
    (``prevCommit``): there all rows that came were dropped, as older than those that were there.
    """
    document = document_of(data, place)
    by_partition = document.get("partitionToWriteStats") or {}
    if not isinstance(by_partition, dict):
        raise malformed(place, "partitionToWriteStats is no object")
    rows = deletes = 0
    files: dict[str, tuple[int, int, int]] = {}
    kept: list[Written] = []
    empty: set[str] = set()
    for partition, stats in by_partition.items():
        if not isinstance(stats, list) or not all(isinstance(each, dict) for each in stats):
            raise malformed(place, f"the write stats of partition {partition!r:.80} are no list of objects")
        count = size = written = 0
        if keep_files:
            kept.extend(_written(each, partition) for each in stats)
        for each in stats:
            if whole_number(each.get("numWrites")) == 0:
                empty.add(str(each.get("path")).rpartition("/")[2])
            new = _number(each, "numInserts", place) + _number(each, "numUpdateWrites", place)
            gone = _number(each, "numDeletes", place)
            if not new and not gone and not _follows(each):
                new = _number(each, "numWrites", place)
            written, deletes = written + new, deletes + gone
            if new:
                count, size = count + 1, size + _number(each, "fileSizeInBytes", place)
        rows += written
        if count:
            files[partition] = (count, size, written)
    replaced = document.get("partitionToReplaceFileIds") or {}
    if not isinstance(replaced, dict):
        raise malformed(place, "partitionToReplaceFileIds is no object")
    operation = document.get("operationType")
    known = isinstance(operation, str) and operation.upper() != "UNKNOWN"
    if document.get("compacted") is True and not known:
        operation, known = "COMPACT", True
    return Commit(
        operation=str(operation).upper() if known else None,
        rows=rows,
        deletes=deletes,
        files=files,
        replaced=frozenset(replaced),
        empty=frozenset(empty),
        written=tuple(kept),
        replaced_groups=frozenset(
            str(group) for groups in replaced.values() if isinstance(groups, list) for group in groups
        ),
    )


def _written(stats: Mapping[str, Any], partition: str) -> Written:
    told = next(
        (stats[name] for name in ("fileSizeInBytes", "totalWriteBytes") if stats.get(name) is not None), None
    )
    size = whole_number(told)
    rows = whole_number(stats.get("numWrites"))
    return Written(
        str(stats.get("fileId")),
        partition,
        str(stats.get("path")),
        size if size is not None and size >= 0 else None,
        rows if rows is not None and rows >= 0 else None,
        follows=_follows(stats),
    )


def _follows(stats: Mapping[str, Any]) -> bool:
    """Tell whether a base file took the place of another one."""
    return stats.get("prevCommit") not in _NO_COMMIT and ".log." not in str(stats.get("path"))


def document_of(data: bytes, place: str) -> dict[str, Any]:
    """Return what an instant's file holds, JSON or Avro; raise Unobserved (malformed) naming the place."""
    if not data.startswith(MAGIC):
        return parse_json(data, place)
    document = next(open_container(data, place).records(), None)
    if not isinstance(document, dict):
        raise malformed(place, "it holds no record")
    return document


def taken_back(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the requests of the instants that a rollback or restore took back, or its plan is to."""
    found: set[str] = set()
    for name in ("commitsRollback", "instantsRollback", "instantsToRollback", "restoreInstantInfo"):
        listed = document.get(name)
        found |= (
            {text for each in listed if (text := _request_of(each))} if isinstance(listed, list) else set()
        )
    return frozenset(found | {_request_of(document.get("instantToRollback"))} - {""})


def _request_of(told: Any) -> str:
    """Return an instant's digits, told alone or as an object of its own; empty where there are none."""
    text = told.get("commitTime") if isinstance(told, dict) else told
    return text if isinstance(text, str) else ""


def _number(stats: Mapping[str, Any], name: str, place: str) -> int:
    value = stats.get(name)
    if value is None:
        return 0
    number = whole_number(value)
    if number is None:
        raise malformed(place, f"{name} is {value!r:.40}")
    return max(number, 0)
