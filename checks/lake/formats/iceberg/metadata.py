"""Iceberg's metadata file: the snapshots of a table, their counts, and the lineage of the current one.

Apache Iceberg Table Spec, "Table Metadata Fields" and "Snapshots", format versions 1 to 3.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checks.aws.ledger import take_room
from checks.aws.uris import place_near
from checks.lake.codecs.documents import (
    believable,
    gunzip,
    instant_of_ms,
    malformed,
    parse_json,
    unsupported,
    whole_number,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

MOST_BYTES = 32 * 1024 * 1024
"""A larger metadata file is not read: parsed JSON may take 25 times its bytes, and tables are read at once."""
NEWEST_VERSION = 3
_GZIP = b"\x1f\x8b"
_NONE = -1
"""How older writers say that there is no snapshot."""
MOST_DEPTH = 40
MOST_FIELDS = 100_000
OPERATIONS = ("append", "replace", "overwrite", "delete")
"""All that the specification names ("Snapshots"): what another one does is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot as its summary tells it; rows, files and bytes are None where it does not tell them."""

    id: int
    parent_id: int | None
    at: datetime
    operation: str | None
    added_rows: int | None = None
    added_files: int | None = None
    deleted_rows: int | None = None
    deleted_files: int | None = None
    added_delete_files: int | None = None
    total_rows: int | None = None
    total_files: int | None = None
    total_bytes: int | None = None
    total_delete_files: int | None = None
    added_deletes: int | None = None
    manifest_list: str | None = None
    is_encrypted: bool = False

    @property
    def is_named(self) -> bool:
        """False for an operation that the specification does not name."""
        return self.operation is None or self.operation in OPERATIONS

    @property
    def is_doubtful(self) -> bool:
        """True when its manifest list may tell otherwise than its summary that it added rows (or that it did not).

        Iceberg's own libraries always write the totals, and tell delete files from data files; others counted delete
        files as data. A file that is added with no row in it is as odd. Deletes of rows are no files of rows.
        """
        if self.operation in ("replace", "delete") or (not self.added_files and not self.added_rows):
            return False
        if not self.added_rows:
            return True
        if self.added_delete_files is not None:
            return False
        return self.total_delete_files is None or self.total_bytes is None or bool(self.added_deletes)

    @property
    def tells_counts(self) -> bool:
        """True when its summary counts anything: then what it leaves out is zero."""
        return any(getattr(self, name) is not None for name in _COUNTS)

    @property
    def is_arrival(self) -> bool | None:
        """True when it added rows, None when it does not tell (spec, "Snapshots").

        Counts of zero are left out of summaries, so an append without any is an empty one. Summaries without
        any count at all tell nothing: DuckDB and Paimon write such, with rows.
        """
        if not self.is_named:
            return None
        added = self.added_rows if self.added_rows is not None else self.added_files
        if self.operation in ("replace", "delete"):
            return False
        if self.operation is None:
            # An append or an empty commit; what added and removed files may have replaced or overwritten.
            removed = any((self.deleted_rows, self.deleted_files))
            return None if not self.tells_counts or (added and removed) else (added or 0) > 0
        return (added or 0) > 0 if self.tells_counts else None

    @property
    def is_change(self) -> bool | None:
        """True when it added or deleted rows, None when it does not tell; ``replace`` changes no rows."""
        if self.operation == "replace" or self.is_arrival or self.is_arrival is None:
            return self.is_arrival
        if self.operation == "delete" and not self.tells_counts:
            return True
        return any((self.deleted_rows, self.deleted_files, self.added_delete_files))

    @property
    def is_empty(self) -> bool:
        """True when it shows that there was nothing before it to rewrite or delete."""
        return self.operation != "replace" and not self.is_change and not self.total_rows


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry of the snapshot log: which snapshot became the current one, and when."""

    snapshot_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Metadata:
    """A metadata file: its snapshots by id, as they are written, and the current one (of the branch main).

    ``written_at`` is when the file was written (LastModified), None where that is not known.
    """

    place: str
    document: Mapping[str, Any]
    snapshots: Mapping[int, Mapping[str, Any]]
    current_id: int | None
    written_at: datetime | None = None

    def place_of(self, uri: str) -> tuple[str, str] | None:
        """Return bucket and key of a file that it names, None where that is not in S3."""
        return place_near(uri, self.document.get("location"), self.place)

    def snapshot(self, snapshot_id: int) -> Snapshot | None:
        """Return the snapshot, None when it is not in the list (any more); raise Unobserved when malformed."""
        entry = self.snapshots.get(snapshot_id)
        return _snapshot(entry, snapshot_id, self.place) if entry is not None else None

    def current_at(self, now: datetime | None) -> int | None:
        """Return the id of the snapshot that was current at ``now`` (None: the last), None when there was none.

        The snapshot log (spec, ``snapshot-log``) tells it: later rollbacks do not hide what was there. The one
        that was current then may have expired since. A file that was there by then is as it was.
        """
        entries = self.document.get("snapshot-log")
        is_of_then = now is not None and self.written_at is not None and self.written_at <= now
        if now is None or is_of_then or not isinstance(entries, list):
            return self.current_id
        for entry in reversed(entries):
            if not isinstance(entry, dict):
                raise malformed(self.place, "an entry of snapshot-log is no object")
            known = _id(entry.get("snapshot-id"))
            at = instant_of_ms(entry.get("timestamp-ms"), "timestamp-ms of snapshot-log", self.place)
            if known is not None and at <= now:
                return known
        return self.current_id

    @property
    def updated_at(self) -> datetime | None:
        """When the table was last changed, as the file tells it; None where it tells no believable time."""
        return _time(self.document.get("last-updated-ms"))

    def told_at(self, snapshot_id: int) -> datetime | None:
        """Return when a snapshot was made, as it tells itself; None where it tells no believable time."""
        entry = self.snapshots.get(snapshot_id)
        return _time(entry.get("timestamp-ms")) if entry is not None else None

    def list_of(self, snapshot_id: int | None) -> str | None:
        """Return where a snapshot's manifest list lies, None where it has none or is not left."""
        entry = self.snapshots.get(snapshot_id) if snapshot_id is not None else None
        uri = entry.get("manifest-list") if entry is not None else None
        return uri if isinstance(uri, str) else None

    def parent_of(self, snapshot_id: int) -> int | None:
        """Return the id of a snapshot's parent, whether that is left or not; None where it has none."""
        entry = self.snapshots.get(snapshot_id)
        return _id(entry.get("parent-snapshot-id")) if entry is not None else None

    def ancestry(self, from_id: int | None) -> Iterator[int]:
        """Yield the ids of a snapshot and its parents, newest first, as far as they are left."""
        walked: set[int] = set()
        while from_id is not None and from_id in self.snapshots and from_id not in walked:
            walked.add(from_id)
            yield from_id
            from_id = self.parent_of(from_id)

    def log(self) -> tuple[Logged, ...]:
        """Return the snapshot log, oldest entry first; none where it is not as it should be."""
        entries = self.document.get("snapshot-log")
        found: list[Logged] = []
        for entry in entries if isinstance(entries, list) else ():
            at = _time(entry.get("timestamp-ms")) if isinstance(entry, dict) else None
            if at is None:
                return ()
            found.append(Logged(_id(entry.get("snapshot-id")), at))
        return tuple(found)

    def file_written_at(self, at: datetime) -> str | None:
        """Return the earlier metadata file that tells ``at`` as its time (``metadata-log``), None where none does."""
        entries = self.document.get("metadata-log")
        for entry in reversed(entries) if isinstance(entries, list) else ():
            if isinstance(entry, dict) and _time(entry.get("timestamp-ms")) == at:
                uri = entry.get("metadata-file")
                return uri if isinstance(uri, str) else None
        return None

    def lineage(self, from_id: int | None) -> Iterator[Snapshot | None]:
        """Yield the snapshot and its parents, newest first; None at the end when the next one has expired."""
        walked: set[int] = set()
        while from_id is not None:
            if from_id in walked:
                raise malformed(self.place, f"snapshot {from_id} is its own ancestor")
            walked.add(from_id)
            snapshot = self.snapshot(from_id)
            yield snapshot
            from_id = snapshot.parent_id if snapshot is not None else None


def parse_metadata(data: bytes, place: str, written_at: datetime | None = None) -> Metadata:
    """Read a metadata file, gzip or not; raise Unobserved (malformed, unsupported, over budget) naming the place."""
    if data.startswith(_GZIP):
        data = gunzip(data, place, MOST_BYTES)
        take_room(len(data))
    document = parse_json(data, place)
    version = document.get("format-version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise malformed(place, f"format-version is {version!r}")
    if version > NEWEST_VERSION:
        raise unsupported(
            place, f"Iceberg format version {version}; up to {NEWEST_VERSION} is read", "update the monitor"
        )
    entries = document.get("snapshots")
    entries = [] if entries is None else entries
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise malformed(place, "snapshots is no list of objects")
    snapshots = {number: entry for entry in entries if (number := _id(entry.get("snapshot-id"))) is not None}
    current = document.get("current-snapshot-id")
    current_id = _id(current)
    if current is not None and current_id is None and current != _NONE:
        raise malformed(place, f"current-snapshot-id is {current!r}")
    if current_id is None:  # "must be the same as the current snapshot of the main branch"
        refs = document.get("refs")
        main = refs.get("main") if isinstance(refs, dict) else None
        current_id = _id(main.get("snapshot-id")) if isinstance(main, dict) else None
    if current_id is not None and current_id not in snapshots:
        raise malformed(place, f"its current snapshot {current_id} is not in its list of {len(snapshots)}")
    return Metadata(place, document, snapshots, current_id, written_at)


def _snapshot(entry: Mapping[str, Any], snapshot_id: int, place: str) -> Snapshot:
    summary = entry.get("summary") or {}
    if not isinstance(summary, dict):
        raise malformed(place, f"the summary of snapshot {snapshot_id} is no object")
    operation = summary.get("operation")
    operation = str(operation).lower() if operation not in (None, "") else None
    parent = entry.get("parent-snapshot-id")
    if parent is not None and _id(parent) is None and parent != _NONE:
        raise malformed(place, f"the parent of snapshot {snapshot_id} is {parent!r}")
    manifest_list = entry.get("manifest-list")
    counts = {
        name: whole_number(summary.get(key)) for name, key in _COUNTS.items() if summary.get(key) is not None
    }
    deletes = [
        count for key in _DELETES if (count := whole_number(summary.get(key))) is not None and count > 0
    ]
    if "added_rows" not in counts and operation == "append":  # version 3 tells it beside the summary
        counts["added_rows"] = whole_number(entry.get("added-rows"))
    return Snapshot(
        id=snapshot_id,
        parent_id=_id(parent),
        at=instant_of_ms(entry.get("timestamp-ms"), f"timestamp-ms of snapshot {snapshot_id}", place),
        operation=operation,
        manifest_list=manifest_list if isinstance(manifest_list, str) else None,
        is_encrypted=entry.get("key-id") is not None,
        added_deletes=sum(deletes) if deletes else None,
        **counts,
    )


_COUNTS = {
    "added_rows": "added-records",
    "added_files": "added-data-files",
    "deleted_rows": "deleted-records",
    "deleted_files": "deleted-data-files",
    "added_delete_files": "added-delete-files",
    "total_rows": "total-records",
    "total_files": "total-data-files",
    "total_bytes": "total-files-size",
    "total_delete_files": "total-delete-files",
}


_DELETES = ("added-position-deletes", "added-equality-deletes")


def _time(value: Any) -> datetime | None:
    """Return the instant of milliseconds since 1970, None where they are no believable time."""
    number = whole_number(value)
    return believable(number) if number is not None else None


def _id(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value != _NONE else None


@dataclass(slots=True)
class _Budget:
    left: int = field(default=MOST_FIELDS)


def fields_of(
    struct: Any, prefix: str = "", depth: int = 0, budget: _Budget | None = None
) -> Iterator[tuple[str, int, str]]:
    """Yield path, number and type of each field of a schema, those of structs with dots between."""
    budget = budget or _Budget()
    fields = struct.get("fields") if isinstance(struct, dict) else None
    for each in fields if isinstance(fields, list) and depth < MOST_DEPTH else []:
        budget.left -= 1
        number = each.get("id") if isinstance(each, dict) else None
        if budget.left < 0 or not isinstance(number, int):
            continue
        kind = each.get("type")
        path = f"{prefix}{each.get('name')}"
        yield path, number, str(kind.get("type")) if isinstance(kind, dict) else str(kind)
        if isinstance(kind, dict) and kind.get("type") == "struct":
            yield from fields_of(kind, f"{path}.", depth + 1, budget)
