"""Iceberg: when data last came, from the metadata file that the catalog points at.

Apache Iceberg Table Spec, "Table Metadata Fields" and "Snapshots", format versions 1 to 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from checks.lake.errors import clean
from checks.lake.formats.avro import open_container
from checks.lake.formats.logs import (
    Recency,
    counts_deletes,
    gunzip,
    instant_of_ms,
    malformed,
    observation_of,
    only_bounded,
    parse_json,
    place_near,
    place_of,
    unsupported,
    whole_number,
)
from checks.model import Arrival, Format, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from checks.lake.reader import LakeReader
    from checks.model import Observation, Table
    from checks.rules.base import Clock, TablePlan

MOST_BYTES = 32 * 1024 * 1024
"""A larger metadata file is not read: parsed JSON may take 25 times its bytes, and tables are read at once."""
NEWEST_VERSION = 3
MOST_LISTS = 10
"""Manifest lists that are read of one table, for snapshots whose summaries tell no counts."""
_PASSING = (
    ProblemKind.OVER_BUDGET,
    ProblemKind.TIMED_OUT,
    ProblemKind.THROTTLED,
    ProblemKind.UNREACHABLE,
)
"""What keeps a file from being read now, and says nothing of the file."""
_GZIP = b"\x1f\x8b"
_NONE = -1
"""How older writers say that there is no snapshot."""
_OPERATIONS = ("append", "replace", "overwrite", "delete")
_COUNT = "let its writer count in its summaries what it adds (added-records, total-records)"
_EXPIRE = "keep snapshots for longer than the time between loads (history.expire.max-snapshot-age-ms)"


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
    manifest_list: str | None = None

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
class Metadata:
    """A metadata file: its snapshots by id, as they are written, and the current one (of the branch main)."""

    place: str
    document: Mapping[str, Any]
    snapshots: Mapping[int, Mapping[str, Any]]
    current_id: int | None

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
        that was current then may have expired since.
        """
        entries = self.document.get("snapshot-log")
        if now is None or not isinstance(entries, list):
            return self.current_id
        for entry in reversed(entries):
            if not isinstance(entry, dict):
                raise malformed(self.place, "an entry of snapshot-log is no object")
            known = _id(entry.get("snapshot-id"))
            at = instant_of_ms(entry.get("timestamp-ms"), "timestamp-ms of snapshot-log", self.place)
            if known is not None and at <= now:
                return known
        return self.current_id

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


def parse_metadata(data: bytes, place: str) -> Metadata:
    """Read a metadata file, gzip or not; raise Unobserved (malformed, unsupported) naming the place."""
    if data.startswith(_GZIP):
        data = gunzip(data, place, MOST_BYTES)
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
    return Metadata(place, document, snapshots, current_id)


def newest_arrival(
    metadata: Metadata,
    table: str,
    clock: Clock,
    *,
    deletes: bool,
    look: Callable[[Snapshot], Snapshot] | None = None,
) -> Recency:
    """Find the newest snapshot that added rows (with ``deletes``: changed them), from the current one back.

    Only the ancestors of the current snapshot count: what lies on branches or was rolled back is no data.
    ``look`` finds out what a snapshot counted whose summary does not tell it.
    """
    later = clock.now if clock.ignore_later else None
    passed: list[Snapshot] = []
    looked = 0
    for snapshot in metadata.lineage(metadata.current_at(later)):
        if snapshot is None:
            at = passed[-1].at if passed else clock.now
            why = f"{_say_passed(passed)}, and the snapshots before have expired"
            return Recency(
                problem=only_bounded(table, at, why, _EXPIRE), no_later_than=at, bound_by=_by(passed)
            )
        if later is not None and snapshot.at > later:
            continue
        counts = snapshot.is_change if deletes else snapshot.is_arrival
        if counts is None and look is not None:
            looked += 1
            if looked > MOST_LISTS:
                why = f"no more than {MOST_LISTS} of its snapshots were looked at that do not tell what they did"
                problem = only_bounded(table, snapshot.at, why, _COUNT)
                problem = replace(problem, kind=ProblemKind.OVER_BUDGET)
                return Recency(problem=problem, no_later_than=snapshot.at, bound_by=_by([snapshot]))
            snapshot = look(snapshot)  # noqa: PLW2901 - the same one, known better
            counts = snapshot.is_change if deletes else snapshot.is_arrival
        if counts is None and snapshot.operation == "append":
            counts = True  # "only data files were added and no files were removed"
        if counts is None:
            why = f"snapshot {snapshot.id} does not say what it did ({_missing(snapshot)})"
            return Recency(
                problem=only_bounded(table, snapshot.at, why),
                no_later_than=snapshot.at,
                bound_by=_by([snapshot]),
            )
        if counts:
            notes = (f"{table}: {_say_passed(passed)}",) if passed else ()
            return Recency(newest=Arrival(snapshot.at, f"snapshot {snapshot.id}"), notes=notes)
        passed.append(snapshot)
    if not all(snapshot.is_empty for snapshot in passed):
        rows = passed[0].total_rows
        holds = f"yet it holds {rows:,} rows" if rows else "yet there was data before them"
        why = f"{_say_passed(passed)}, and {holds}"
        problem = only_bounded(table, passed[-1].at, why, _EXPIRE)
        return Recency(problem=problem, no_later_than=passed[-1].at, bound_by=_by(passed))
    return Recency()


def counted(snapshot: Snapshot, data: bytes, place: str) -> Snapshot:
    """Return the snapshot with the counts that its manifest list tells (spec, "Manifest Lists").

    Where a list does not tell them (version 1 may leave them out) the snapshot comes back as it is.
    """
    rows: int | None = 0
    added = deleted = delete_files = 0
    for entry in open_container(data, place).records():
        if not isinstance(entry, dict):
            raise malformed(place, "an entry of it is no record")
        if entry.get("added_snapshot_id") != snapshot.id:
            continue
        more, fewer = (
            whole_number(entry.get(f"{what}_files_count", entry.get(f"{what}_data_files_count")))
            for what in ("added", "deleted")
        )
        if more is None or fewer is None:
            return snapshot
        if entry.get("content") == 1:
            delete_files += more
            continue
        added, deleted = added + more, deleted + fewer
        counted_rows = whole_number(entry.get("added_rows_count"))
        rows = None if rows is None or counted_rows is None else rows + counted_rows
    return replace(
        snapshot, added_rows=rows, added_files=added, deleted_files=deleted, added_delete_files=delete_files
    )


def snapshot_at(metadata: Metadata, clock: Clock) -> Snapshot | None:
    """Return the snapshot that the table is at, None when it has none (yet, with later ones ignored)."""
    later = clock.now if clock.ignore_later else None
    lineage = metadata.lineage(metadata.current_at(later))
    return next((each for each in lineage if each is None or later is None or each.at <= later), None)


def arrivals(metadata: Metadata) -> tuple[Arrival, ...]:
    """Return all arrivals that the current snapshot's lineage still tells, newest first."""
    return tuple(
        Arrival(each.at, f"snapshot {each.id}")
        for each in metadata.lineage(metadata.current_id)
        if each is not None and (each.is_arrival or (each.is_arrival is None and each.operation == "append"))
    )


def _by(passed: list[Snapshot]) -> str:
    return f"snapshot {passed[-1].id}" if passed else "the snapshots that it still has"


def _missing(snapshot: Snapshot) -> str:
    if snapshot.operation is None:
        return "no operation in its summary"
    return f"its summary says {snapshot.operation} and counts nothing"


def _say_passed(passed: list[Snapshot]) -> str:
    if not passed:
        return "none of the snapshots that it still has was there yet"
    kinds = ", ".join(sorted({clean(snapshot.operation or "unnamed") for snapshot in passed}))
    if len(passed) == 1:
        return f"its newest snapshot added no data ({kinds})"
    return f"its newest {len(passed)} snapshots added no data ({kinds})"


def _snapshot(entry: Mapping[str, Any], snapshot_id: int, place: str) -> Snapshot:
    summary = entry.get("summary") or {}
    if not isinstance(summary, dict):
        raise malformed(place, f"the summary of snapshot {snapshot_id} is no object")
    operation = summary.get("operation")
    operation = operation.lower() if isinstance(operation, str) else None
    parent = entry.get("parent-snapshot-id")
    if parent is not None and _id(parent) is None and parent != _NONE:
        raise malformed(place, f"the parent of snapshot {snapshot_id} is {parent!r}")
    manifest_list = entry.get("manifest-list")
    counts = {
        name: whole_number(summary.get(key)) for name, key in _COUNTS.items() if summary.get(key) is not None
    }
    if "added_rows" not in counts and operation == "append":  # version 3 tells it beside the summary
        counts["added_rows"] = whole_number(entry.get("added-rows"))
    return Snapshot(
        id=snapshot_id,
        parent_id=_id(parent),
        at=instant_of_ms(entry.get("timestamp-ms"), f"timestamp-ms of snapshot {snapshot_id}", place),
        operation=operation if operation in _OPERATIONS else None,
        manifest_list=manifest_list if isinstance(manifest_list, str) else None,
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


def _id(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value != _NONE else None


@dataclass(frozen=True, slots=True)
class IcebergReader:
    """Reads Iceberg tables: one GET tells when data last came, one more where summaries count nothing."""

    iam_actions: tuple[str, ...] = ("s3:GetObject",)

    def claims(self, table: Table) -> bool:
        """Tell whether the catalog marks the table as Iceberg (``table_type``, ``metadata_location``)."""
        return table.format is Format.ICEBERG

    def observe(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
        """Return what the table's metadata file tells; raise Unobserved when it cannot be read."""
        metadata = self.metadata(plan.table, reader)
        recency = newest_arrival(
            metadata,
            plan.table.id,
            clock,
            deletes=counts_deletes(plan),
            look=lambda snapshot: self._looked_at(snapshot, metadata, reader),
        )
        seen = observation_of(plan, clock, recency)
        if seen.listing is not None:  # it was never loaded
            return seen
        from checks.lake.formats.iceberg_more import with_more  # it needs what is defined here

        return with_more(seen, plan, clock, reader, metadata)

    @staticmethod
    def _looked_at(snapshot: Snapshot, metadata: Metadata, reader: LakeReader) -> Snapshot:
        place = metadata.place_of(snapshot.manifest_list or "")
        if place is None:
            return snapshot
        try:
            data = reader.store.get(*place, max_bytes=MOST_BYTES)
            return counted(snapshot, data, f"s3://{place[0]}/{place[1]}")
        except Unobserved as error:
            if error.problem.kind in _PASSING:
                raise
            return snapshot  # then what the metadata file itself tells has to do

    def metadata(self, table: Table, reader: LakeReader) -> Metadata:
        """Return the metadata file that the catalog points at, by one GET."""
        parameters = {key.lower(): text for key, text in table.parameters.items()}
        pointer = parameters.get("metadata_location")
        if not pointer:
            raise unsupported(
                table.id,
                "the catalog does not say which metadata file is the current one (metadata_location)",
                "register the table in Glue through Iceberg's Glue catalog, or exclude it",
            )
        place = place_of(pointer)
        if place is None:
            raise unsupported(table.id, f"its metadata_location {pointer} is not in S3", "exclude it")
        data = reader.store.get(*place, max_bytes=MOST_BYTES)
        return parse_metadata(data, f"s3://{place[0]}/{place[1]}")


READER = IcebergReader()
