"""Iceberg: when data last came, from the metadata file that the catalog points at.

Apache Iceberg Table Spec, "Table Metadata Fields" and "Snapshots", format versions 1 to 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.lake.errors import clean
from checks.lake.formats.held import rule_of_periods, without_partitions
from checks.lake.formats.logs import (
    Recency,
    counts_deletes,
    gunzip,
    instant_of_ms,
    malformed,
    observation_of,
    only_bounded,
    parse_json,
    place_of,
    unsupported,
    whole_number,
)
from checks.model import Arrival, Format, Unobserved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from checks.lake.reader import LakeReader
    from checks.model import Observation, Table
    from checks.rules.base import Clock, TablePlan

MOST_BYTES = 32 * 1024 * 1024
"""A larger metadata file is not read: parsed JSON may take 25 times its bytes, and tables are read at once."""
NEWEST_VERSION = 3
_GZIP = b"\x1f\x8b"
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
    manifest_list: str | None = None

    @property
    def is_arrival(self) -> bool:
        """True when it added rows (spec, "Snapshots": ``append`` and ``overwrite`` add data files).

        Counts of zero are left out of summaries, so an append without any is an empty one.
        """
        added = self.added_rows if self.added_rows is not None else self.added_files
        return self.operation in ("append", "overwrite") and (added or 0) > 0

    @property
    def is_change(self) -> bool:
        """True when it added or deleted rows; ``replace`` never changes what a table holds."""
        counts = (self.deleted_rows, self.deleted_files, self.added_delete_files)
        return self.is_arrival or (self.operation in ("overwrite", "delete") and any(counts))


@dataclass(frozen=True, slots=True)
class Metadata:
    """A metadata file: its snapshots by id, as they are written, and the current one (of the branch main)."""

    place: str
    document: Mapping[str, Any]
    snapshots: Mapping[int, Mapping[str, Any]]
    current_id: int | None

    def snapshot(self, snapshot_id: int) -> Snapshot | None:
        """Return the snapshot, None when it is not in the list (any more); raise Unobserved when malformed."""
        entry = self.snapshots.get(snapshot_id)
        return _snapshot(entry, snapshot_id, self.place) if entry is not None else None

    def current_at(self, now: datetime | None) -> int | None:
        """Return the id of the snapshot that was current at ``now`` (None: the last), None when there was none.

        The snapshot log (spec, ``snapshot-log``) tells it: later rollbacks do not hide what was there.
        """
        entries = self.document.get("snapshot-log")
        if now is None or not isinstance(entries, list):
            return self.current_id
        for entry in reversed(entries):
            if not isinstance(entry, dict):
                raise malformed(self.place, "an entry of snapshot-log is no object")
            known = _id(entry.get("snapshot-id"))
            at = instant_of_ms(entry.get("timestamp-ms"), "timestamp-ms of snapshot-log", self.place)
            if known in self.snapshots and at <= now:
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
    entries = document.get("snapshots", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise malformed(place, "snapshots is no list of objects")
    snapshots = {number: entry for entry in entries if (number := _id(entry.get("snapshot-id"))) is not None}
    current = document.get("current-snapshot-id")
    current_id = _id(current)
    if current is not None and current_id is None and current != -1:  # -1: none, as older writers say it
        raise malformed(place, f"current-snapshot-id is {current!r}")
    if current_id is not None and current_id not in snapshots:
        raise malformed(place, f"its current snapshot {current_id} is not in its list of {len(snapshots)}")
    return Metadata(place, document, snapshots, current_id)


def newest_arrival(metadata: Metadata, table: str, clock: Clock, *, deletes: bool) -> Recency:
    """Find the newest snapshot that added rows (with ``deletes``: changed them), from the current one back.

    Only the ancestors of the current snapshot count: what lies on branches or was rolled back is no data.
    """
    later = clock.now if clock.ignore_later else None
    passed: list[Snapshot] = []
    for snapshot in metadata.lineage(metadata.current_at(later)):
        if snapshot is None:
            at = passed[-1].at if passed else clock.now
            why = f"{_say_passed(passed)}, and the snapshots before have expired"
            return Recency(problem=only_bounded(table, at, why, _EXPIRE))
        if later is not None and snapshot.at > later:
            continue
        if snapshot.operation is None:
            why = f"snapshot {snapshot.id} does not say what it did (no operation in its summary)"
            return Recency(problem=only_bounded(table, snapshot.at, why))
        if snapshot.is_change if deletes else snapshot.is_arrival:
            notes = (f"{table}: {_say_passed(passed)}",) if passed else ()
            return Recency(newest=Arrival(snapshot.at, f"snapshot {snapshot.id}"), notes=notes)
        passed.append(snapshot)
    if passed and passed[0].total_rows:
        why = f"{_say_passed(passed)}, and yet it holds {passed[0].total_rows:,} rows"
        return Recency(problem=only_bounded(table, passed[-1].at, why, _EXPIRE))
    return Recency()


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
        if each is not None and each.is_arrival
    )


def _say_passed(passed: list[Snapshot]) -> str:
    if not passed:
        return "no snapshot was there yet"
    kinds = ", ".join(sorted({clean(snapshot.operation or "") for snapshot in passed}))
    if len(passed) == 1:
        return f"its newest snapshot added no data ({kinds})"
    return f"its newest {len(passed)} snapshots added no data ({kinds})"


def _snapshot(entry: Mapping[str, Any], snapshot_id: int, place: str) -> Snapshot:
    summary = entry.get("summary") or {}
    if not isinstance(summary, dict):
        raise malformed(place, f"the summary of snapshot {snapshot_id} is no object")
    operation = summary.get("operation")
    parent = entry.get("parent-snapshot-id")
    if parent is not None and _id(parent) is None and parent != -1:
        raise malformed(place, f"the parent of snapshot {snapshot_id} is {parent!r}")
    manifest_list = entry.get("manifest-list")
    counts = {
        name: whole_number(summary.get(key)) for name, key in _COUNTS.items() if summary.get(key) is not None
    }
    return Snapshot(
        id=snapshot_id,
        parent_id=_id(parent),
        at=instant_of_ms(entry.get("timestamp-ms"), f"timestamp-ms of snapshot {snapshot_id}", place),
        operation=operation if isinstance(operation, str) else None,
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
}


def _id(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


@dataclass(frozen=True, slots=True)
class IcebergReader:
    """Reads Iceberg tables: one GET tells when data last came."""

    iam_actions: tuple[str, ...] = ("s3:GetObject",)

    def claims(self, table: Table) -> bool:
        """Tell whether the catalog marks the table as Iceberg (``table_type``, ``metadata_location``)."""
        return table.format is Format.ICEBERG

    def observe(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
        """Return what the table's metadata file tells; raise Unobserved when it cannot be read."""
        metadata = self.metadata(plan.table, reader)
        recency = newest_arrival(metadata, plan.table.id, clock, deletes=counts_deletes(plan))
        seen = observation_of(plan, clock, recency)
        if rule_of_periods(plan) is None or seen.listing is not None:  # or it was never loaded
            return seen
        from checks.lake.formats.iceberg_manifests import Partitions  # it needs what is defined here

        try:
            return Partitions(plan, clock, reader, metadata).add_to(seen, snapshot_at(metadata, clock))
        except Unobserved as error:
            return without_partitions(seen, plan, clock, error.problem)

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
