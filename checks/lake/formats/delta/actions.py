"""Delta's log as values: commits, the files that they add and remove, the hint. Pure.

Delta Transaction Log Protocol: "Delta Log Entries", "Actions", "In-Commit Timestamps".
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from sys import intern
from typing import TYPE_CHECKING, Any

from checks.aws.problems import clean
from checks.lake.codecs.documents import instant_of_ms, malformed, parse_json, whole_number
from checks.lake.formats.delta.columns import mapped_fields
from checks.lake.formats.shared.recency import AHEAD
from checks.lake.formats.shared.times import Stamp
from checks.model import Column, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MOST_ACTIONS = 500_000
"""Actions of one commit that are read in search of what it did."""
_END_OF_VERSIONS = 10**20
_BRING_BACK = frozenset({"RESTORE", "CLONE", "CONVERT"})
_NO_RECORDS = re.compile(r'"numRecords"\s*:\s*0\b')
_RECORDS = re.compile(r'"numRecords"\s*:\s*[1-9]')
_COUNTED = ("numOutputRows", "num_added_rows")
"""Metrics of the rows that an append or overwrite wrote, as Spark and delta-rs name them."""
_WRITTEN = {
    "MERGE": (
        "numTargetRowsInserted", "numTargetRowsUpdated", "num_target_rows_inserted", "num_target_rows_updated",
    ),
    "UPDATE": ("numUpdatedRows", "num_updated_rows"),
}  # fmt: skip
"""Metrics of rows that were written, as Spark and delta-rs name them."""
_TYPES = {"integer": "int", "long": "bigint", "short": "smallint", "byte": "tinyint"}
"""Delta's names of types as the catalog writes them."""
_ACTIONS = (
    "add",
    "remove",
    "commitInfo",
    "protocol",
    "metaData",
    "txn",
    "cdc",
    "domainMetadata",
    "sidecar",
    "checkpointMetadata",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What a commit did to the table's data.

    ``adds`` and ``removes`` count file actions with ``dataChange`` (and with rows): what a commit calls itself is
    not believed, except DELETE, whose adds are rewritten remainders. So are those of a MERGE or UPDATE that says
    that it wrote no row (``adds_rows`` False). ``marked`` counts adds with a deletion vector: in place of a file that
    is removed they only take rows away, unless files were brought back. ``filled`` counts adds that tell of rows: where
    none does, an append whose own metrics count no row that was written (``wrote_none``) added none.

    ``told_at`` (UTC) is its in-commit timestamp, else the time in its commitInfo; None when it tells neither.
    ``files_at`` is when the newest file that it adds was made, where it tells that. ``at`` is when it came, as far as
    that is known beside its own file (`timed`).
    """

    version: int
    at: datetime | None = None
    told_at: datetime | None = None
    files_at: datetime | None = None
    in_order: bool = False
    """True where its time is an in-commit timestamp: those grow from commit to commit (protocol)."""
    operation: str | None = None
    adds: int = 0
    filled: int = 0
    marked: int = 0
    removes: int = 0
    adds_rows: bool = True
    wrote_none: bool = False

    @property
    def brings(self) -> bool:
        """True where it added files with rows in them."""
        return bool(self.adds) and not (self.wrote_none and not self.filled)

    def is_arrival(self, *, deletes: bool) -> bool:
        """Tell whether it added rows, or with ``deletes`` whether it changed them."""
        if deletes:
            return bool(self.brings or self.marked or self.removes)
        is_new = self.brings or (self.marked and (self.operation in _BRING_BACK or not self.removes))
        return bool(is_new) and self.adds_rows and self.operation != "DELETE"

    def timed(self, written_at: datetime) -> Commit:
        """Return the commit with when it came, its own file being written at that time.

        No commit came after its file was written; a copy of that is younger. A commit that tells no time, or one that
        its file shows to be wrong, came no later than the newest of the files that it adds was made, either.
        """
        told_at = self.told_at
        if told_at is None or told_at > written_at + AHEAD:
            made_at = None if self.operation in _BRING_BACK else self.files_at
            told_at = Stamp(told_at, made_at).bounded
        return replace(self, at=Stamp(told_at, written_at).bounded)

    @property
    def is_dated(self) -> bool:
        """True where it tells itself when it came, or when its files were made."""
        return self.told_at is not None or (self.files_at is not None and self.operation not in _BRING_BACK)


@dataclass(frozen=True, slots=True)
class FileAction:
    """An add or remove of a file; ``key`` tells it from all others: its path, and its deletion vector's.

    ``stats`` are its statistics as they are written, ``gone`` the rows that its deletion vector takes away, ``rows``
    those that are left, or why they are not known.
    """

    adds: bool
    key: tuple[str, str]
    values: Mapping[str, str | None]
    size_bytes: int
    changes_data: bool
    stats: Any = None
    gone: Any = 0
    rows: int | str = ""

    @property
    def path(self) -> str:
        """The file's path as the log writes it: below the table's location or a whole URI, percent-encoded."""
        return self.key[0]

    @property
    def is_marked(self) -> bool:
        """True where a deletion vector takes rows away: the file was there before."""
        return bool(self.key[1])


def file_action(name: str, body: Mapping[str, Any], place: str) -> FileAction:
    """Read an add or remove (protocol, "Add File and Remove File"); raise Unobserved (malformed)."""
    path, values, vector = (
        body.get("path"),
        body.get("partitionValues") or {},
        body.get("deletionVector") or {},
    )
    if isinstance(values, list) and all(isinstance(each, tuple) and len(each) == 2 for each in values):
        values = dict(values)  # a map in Parquet is a list of pairs
    if not isinstance(path, str) or not isinstance(values, dict) or not isinstance(vector, dict):
        raise malformed(place, f"the {name} has no path, or its partitionValues are no object")
    # An offset that is absent in JSON is null in Parquet.
    unique = "".join(str(vector.get(part) or "") for part in ("storageType", "pathOrInlineDv", "offset"))
    # Names stand in each action, and are kept once.
    texts = {intern(str(key)): None if value is None else str(value) for key, value in values.items()}
    size = whole_number(body.get("size"))
    if name == "add" and (size is None or size < 0):
        raise malformed(place, f"the size of {path:.300} is {body.get('size')!r:.40}")
    parsed = body.get("stats_parsed")
    return FileAction(
        adds=name == "add",
        key=(path, unique),
        values=texts,
        size_bytes=size or 0,
        changes_data=body.get("dataChange") is True,
        stats=parsed if isinstance(parsed, dict) else body.get("stats"),
        gone=vector.get("cardinality") if any(vector.values()) else 0,
    )


def partition_keys_of(body: Mapping[str, Any], place: str) -> dict[str, Column]:
    """Return the partition columns that a metaData action names, by how the values of files name them.

    Those are called by their physical names once columns are mapped (protocol, "Column Mapping").
    """
    names = body.get("partitionColumns") or []
    if not isinstance(names, list):
        raise malformed(place, "partitionColumns is no list")
    told: dict[str, tuple[str, str]] = {}
    if names:
        schema = parse_json(str(body.get("schemaString")).encode(), f"{place}: schemaString")
        told = {
            name: (field.path[0], _TYPES.get(field.type, field.type))
            for name, field in mapped_fields(schema, body.get("configuration"))
            if len(field.path) == 1
        }
    keys = [(str(name), *told.get(str(name), (str(name), "string"))) for name in names]
    return {written: Column(name, kind) for name, written, kind in keys}


@dataclass(slots=True)
class CommitParser:
    """Reads a commit line by line, as its bytes come; raises Unobserved (malformed) naming file and line."""

    place: str
    version: int
    commit: Commit = field(init=False)
    files: list[FileAction] | None = None
    """Where file actions are kept, and other actions that tell the table's partitions; None keeps none."""
    partition_keys: dict[str, Column] | None = None
    metadata: dict[str, Any] | None = None
    sidecars: list[str] = field(default_factory=list)
    line: int = 0
    has_info: bool = False
    protocol: dict[str, Any] | None = None
    """What the commit asks of readers from now on; whether that is known depends on what later ones ask."""
    _knows: bool = False
    _rest: bytes = b""

    def __post_init__(self) -> None:
        self.commit = Commit(version=self.version)

    def feed(self, data: bytes, *, last: bool) -> None:
        """Take the next bytes; ``last`` says that no more follow."""
        lines = (self._rest + data).split(b"\n")
        self._rest = b"" if last else lines.pop()
        for line in lines:
            self.line += 1
            if self.line > MOST_ACTIONS:
                raise over_bound(self.place, f"{MOST_ACTIONS:,} actions")
            if line.strip():
                self._action(parse_json(line, f"{self.place} line {self.line}"))
        if last and not self._knows:
            raise malformed(self.place, "it holds no action of a Delta log")

    def _action(self, action: dict[str, Any]) -> None:
        for name in _ACTIONS:
            body = action.get(name)
            if body is None:
                continue
            if not isinstance(body, dict):
                raise malformed(self.place, f"{name} in line {self.line} is no object")
            self._knows = True
            if name in ("add", "remove"):
                self._file(name, body)
            elif name == "commitInfo":
                self._info(body)
            elif name == "protocol":
                self.protocol = body
            elif name == "metaData" and self.files is not None:
                self.metadata, self.partition_keys = body, partition_keys_of(body, self.place)
            elif name == "sidecar":
                self.sidecars.append(str(body.get("path")))

    def _file(self, name: str, body: dict[str, Any]) -> None:
        if self.files is not None:
            self.files.append(file_action(name, body, f"{self.place} line {self.line}"))
        changes = body.get("dataChange")
        if changes is None and name == "remove":
            changes = True  # as Spark reads one that leaves it out
        if not isinstance(changes, bool):
            raise malformed(self.place, f"dataChange of {name} in line {self.line} is {changes!r}")
        if changes and name == "add" and body.get("deletionVector"):
            self.commit = replace(self.commit, marked=self.commit.marked + 1)
        elif changes and name == "add" and not _is_empty(body.get("stats")):
            filled = self.commit.filled + _tells_rows(body.get("stats"))
            made_at = _made_at(body.get("modificationTime"))
            if made_at is None or (self.commit.files_at is not None and self.commit.files_at >= made_at):
                made_at = self.commit.files_at
            self.commit = replace(self.commit, adds=self.commit.adds + 1, filled=filled, files_at=made_at)
        elif changes and name == "remove":
            self.commit = replace(self.commit, removes=self.commit.removes + 1)

    def _info(self, body: dict[str, Any]) -> None:
        """Take the time: with in-commit timestamps enabled each commit has one, and it is the commit's time.

        The other one may be anything: writers put into commitInfo what they like (protocol, "Commit Provenance
        Information").
        """
        at = None
        if body.get("inCommitTimestamp") is not None:
            at = instant_of_ms(body["inCommitTimestamp"], "commitInfo.inCommitTimestamp", self.place)
        else:
            with suppress(Unobserved):
                at = instant_of_ms(body.get("timestamp"), "commitInfo.timestamp", self.place)
        operation = body.get("operation")
        self.has_info = True
        called = operation.upper() if isinstance(operation, str) else None
        metrics = body.get("operationMetrics")
        self.commit = replace(
            self.commit,
            told_at=at,
            in_order=body.get("inCommitTimestamp") is not None,
            operation=called,
            adds_rows=_adds_rows(called, metrics),
            wrote_none=_wrote_none(called, metrics),
        )


def _is_empty(stats: Any) -> bool:
    """Tell whether the statistics of a file say that it holds no rows."""
    if not isinstance(stats, str) or _NO_RECORDS.search(stats) is None:
        return False
    try:
        told = json.loads(stats)
    except (ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("numRecords") == 0 and told.get("numRecords") is not False


def _tells_rows(stats: Any) -> bool:
    """Tell whether the statistics of a file say that it holds rows."""
    return isinstance(stats, str) and _RECORDS.search(stats) is not None


def _made_at(milliseconds: Any) -> datetime | None:
    """Return when a file was made (UTC); None where an add does not tell it, or tells what is no time."""
    with suppress(Unobserved):
        return instant_of_ms(milliseconds, "modificationTime", "")
    return None


def _wrote_none(operation: str | None, metrics: Any) -> bool:
    """Tell whether the metrics of what is no rewrite count that it wrote no row at all."""
    if not isinstance(metrics, dict) or operation in _WRITTEN or operation in _BRING_BACK:
        return False
    told = [whole_number(metrics[name]) for name in _COUNTED if name in metrics]
    return bool(told) and all(number == 0 for number in told)


def _adds_rows(operation: str | None, metrics: Any) -> bool:
    """Return False where an operation that rewrites files counts that it wrote no row, new or changed."""
    if not isinstance(metrics, dict):
        return True
    told = [whole_number(metrics[name]) for name in _WRITTEN.get(operation or "", ()) if name in metrics]
    return not told or any(number != 0 for number in told)


def parse_commit(data: bytes, place: str, version: int) -> Commit:
    """Read a whole commit file; raise Unobserved (malformed, unsupported) naming the place."""
    parser = CommitParser(place, version)
    parser.feed(data, last=True)
    return parser.commit


def over_bound(place: str, read: str) -> Unobserved:
    """Return the error of a commit that is larger than what is read of one, and did not tell so far what it did."""
    return Unobserved(
        Problem(
            ProblemKind.OVER_BUDGET,
            f"the first {read} of {clean(place)} do not tell what it did, and no more are read",
            "have its writer make smaller commits",
        )
    )


def parse_hint(data: bytes) -> int | None:
    """Return the version that ``_last_checkpoint`` names, None when it names none: it is no more than a hint."""
    try:
        version = whole_number(parse_json(data, "_last_checkpoint").get("version"))
    except Unobserved:
        return None
    return version if version is not None and 0 <= version < _END_OF_VERSIONS else None
