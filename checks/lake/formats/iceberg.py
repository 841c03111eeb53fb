"""Iceberg: when data last came, from the metadata file that the catalog points at.

Apache Iceberg Table Spec, "Table Metadata Fields" and "Snapshots", format versions 1 to 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.lake.errors import clean
from checks.lake.formats.asked import asked_of
from checks.lake.formats.avro import open_container
from checks.lake.formats.iceberg_metadata import MOST_BYTES, Metadata, Snapshot, parse_metadata
from checks.lake.formats.logs import (
    Recency,
    malformed,
    observation_of,
    only_bounded,
    place_of,
    unsupported,
    whole_number,
)
from checks.model import Arrival, Format, ProblemKind, Unobserved
from checks.rights import GET, Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from checks.lake.reader import LakeReader
    from checks.model import Observation, Table
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

MOST_LISTS = 10
"""Manifest lists that are read of one table, for snapshots whose summaries tell no counts."""
_PASSING = (
    ProblemKind.OVER_BUDGET,
    ProblemKind.TIMED_OUT,
    ProblemKind.THROTTLED,
    ProblemKind.UNREACHABLE,
)
"""What keeps a file from being read now, and says nothing of the file."""
_COUNT = "let its writer count in its summaries what it adds (added-records, total-records)"
_EXPIRE = "keep snapshots for longer than the time between loads (history.expire.max-snapshot-age-ms)"


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


@dataclass(frozen=True, slots=True)
class IcebergReader:
    """Reads Iceberg tables: one GET tells when data last came, one more where summaries count nothing."""

    iam_actions: tuple[str, ...] = (GET,)

    def claims(self, table: Table) -> bool:
        """Tell whether the catalog marks the table as Iceberg (``table_type``, ``metadata_location``)."""
        return table.format is Format.ICEBERG

    def observe(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
        """Return what the table's metadata file tells; raise Unobserved when it cannot be read."""
        metadata, asked = self.metadata(plan.table, reader), asked_of(plan, clock)
        recency = newest_arrival(
            metadata,
            plan.table.id,
            clock,
            deletes=asked.detail.deletes_count,
            look=lambda snapshot: self._looked_at(snapshot, metadata, reader),
        )
        seen = observation_of(plan, clock, recency)
        if seen.listing is not None:  # it was never loaded
            return seen
        from checks.lake.formats.iceberg_more import with_more  # it needs what is defined here

        return with_more(seen, asked, clock, reader, metadata)

    def reach(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Iterator[Reach]:
        """Yield the folders of the metadata file and of all that it names but data, which is never opened.

        Manifests may lie elsewhere than the metadata file: where the table was moved, or ``write.metadata.path`` set.
        """
        from checks.lake.formats.iceberg_manifests import SnapshotFiles

        yield from _reaching(place_of(_pointer(plan.table)))
        metadata = self.metadata(plan.table, reader)
        named = [_metadata_path(metadata)]
        named += [str(entry.get("manifest-list") or "") for entry in metadata.snapshots.values()]
        for uri in named:
            yield from _reaching(metadata.place_of(uri) if uri else None)
        snapshot = snapshot_at(metadata, clock)
        if snapshot is not None and snapshot.manifest_list is not None:
            for manifest in SnapshotFiles(plan.table.id, reader, metadata, snapshot).manifests():
                yield from _reaching(metadata.place_of(manifest.path))

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
        pointer = _pointer(table)
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


def _pointer(table: Table) -> str:
    parameters = {key.lower(): text for key, text in table.parameters.items()}
    return parameters.get("metadata_location", "")


def _metadata_path(metadata: Metadata) -> str:
    """Return a name below the folder that the table states for its metadata, empty where it states none."""
    properties = metadata.document.get("properties")
    stated = properties.get("write.metadata.path") if isinstance(properties, dict) else None
    return f"{stated.rstrip('/')}/" if isinstance(stated, str) and stated else ""


def _reaching(place: tuple[str, str] | None) -> Iterator[Reach]:
    """Yield what reading files beside this one takes; nothing for what is not in S3."""
    if place is not None:
        bucket, key = place
        yield Reach(GET, bucket, key[: key.rfind("/") + 1])


READER = IcebergReader()
