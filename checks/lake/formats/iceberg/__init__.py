"""Iceberg: when data last came, from the metadata file that the catalog points at.

Apache Iceberg Table Spec, "Table Metadata Fields" and "Snapshots", format versions 1 to 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.aws.problems import clean
from checks.aws.uris import place_of
from checks.lake.codecs.avro import open_container
from checks.lake.codecs.documents import malformed, unsupported, whole_number
from checks.lake.formats.iceberg.earlier_answer import pointer_of, remembered, seen_again, standing
from checks.lake.formats.iceberg.metadata import MOST_BYTES, Metadata, Snapshot, parse_metadata
from checks.lake.formats.iceberg.times import MOST_LOOKS, Dates, Files
from checks.lake.formats.shared.asked import asked_of
from checks.lake.formats.shared.recency import Recency, observation_of, only_bounded, strictest_limit
from checks.model import Arrival, Format, ProblemKind, Unobserved
from checks.rights import GET, Reach

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Observation, Table
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

_PASSING = (
    ProblemKind.OVER_BUDGET,
    ProblemKind.TIMED_OUT,
    ProblemKind.THROTTLED,
    ProblemKind.UNREACHABLE,
)
"""What keeps a file from being read now, and says nothing of the file."""
_COUNT = "let its writer count in its summaries what it adds (added-records, total-records)"
_EXPIRE = "keep snapshots for longer than the time between loads (history.expire.max-snapshot-age-ms)"
_SHORTEN = "expire old snapshots (expire_snapshots), so that the metadata file gets small"


def newest_arrival(
    metadata: Metadata,
    table: str,
    clock: Clock,
    *,
    deletes: bool,
    dates: Dates | None = None,
    limit: datetime | None = None,
) -> Recency:
    """Find the newest snapshot that added rows (with ``deletes``: changed them), from the current one back.

    Only the ancestors of the current snapshot count: what lies on branches or was rolled back is no data. Files are
    looked at for what a summary does not tell, and for when a commit was written where a table would be fresh by it:
    where it came at or after the ``limit``.
    """
    dates = dates if dates is not None else dates_at(metadata, clock)
    later = clock.now if clock.ignore_later else None
    passed: list[Snapshot] = []
    for snapshot in dates.lineage():
        if snapshot is None:
            at = passed[-1].at if passed else clock.now
            why = f"{_say_passed(passed)}, and the snapshots before have expired"
            return Recency(
                problem=only_bounded(table, at, why, _EXPIRE), no_later_than=at, bound_by=_by(passed)
            )
        if later is not None and snapshot.at > later:
            continue
        try:
            snapshot = _known(snapshot, table, dates, limit, deletes=deletes)  # noqa: PLW2901 - the same one, known better
            counts = _counts(snapshot, deletes=deletes)
            at = (dates.settle(snapshot.id, limit) if counts else None) or snapshot.at
        except Unobserved as error:
            return Recency(problem=error.problem, no_later_than=snapshot.at, bound_by=_by([snapshot]))
        if counts is None:
            why = f"snapshot {snapshot.id} does not say what it did ({_missing(snapshot)})"
            return Recency(
                problem=only_bounded(table, snapshot.at, why),
                no_later_than=snapshot.at,
                bound_by=_by([snapshot]),
            )
        if counts:
            notes = (f"{table}: {_say_passed(passed)}",) if passed else ()
            return Recency(newest=Arrival(at, f"snapshot {snapshot.id}"), notes=notes)
        passed.append(snapshot)
    if not all(snapshot.is_empty for snapshot in passed):
        rows = passed[0].total_rows
        holds = f"yet it holds {rows:,} rows" if rows else "yet there was data before them"
        why = f"{_say_passed(passed)}, and {holds}"
        problem = only_bounded(table, passed[-1].at, why, _EXPIRE)
        return Recency(problem=problem, no_later_than=passed[-1].at, bound_by=_by(passed))
    return Recency()


def _counts(snapshot: Snapshot, *, deletes: bool) -> bool | None:
    """Tell whether a snapshot counts as new data, None when that is not known."""
    counts = snapshot.is_change if deletes else snapshot.is_arrival
    # "only data files were added and no files were removed"
    return True if counts is None and snapshot.operation == "append" else counts


def _known(
    snapshot: Snapshot, table: str, dates: Dates, limit: datetime | None, *, deletes: bool
) -> Snapshot:
    """Return a snapshot with what its manifest list counts, where its summary does not tell it.

    Where the summary tells it in a way that leaves doubt, the list is read if the table would be fresh by it.
    """
    files = dates.files
    if files is None or not snapshot.is_named:
        return snapshot
    tells = (snapshot.is_change if deletes else snapshot.is_arrival) is not None
    if tells:
        is_fresh = limit is not None and snapshot.at >= limit
        has_no_deletes = dates.metadata.document.get("format-version") == 1 and snapshot.added_rows
        if not is_fresh or not snapshot.is_doubtful or has_no_deletes or (deletes and snapshot.added_rows):
            return snapshot
    if files.looks >= MOST_LOOKS:
        why = f"no more than {MOST_LOOKS} of its snapshots were looked at that do not tell what they did"
        problem = only_bounded(table, snapshot.at, why, _COUNT)
        raise Unobserved(replace(problem, kind=ProblemKind.OVER_BUDGET))
    return _looked_at(snapshot, files)


def _looked_at(snapshot: Snapshot, files: Files) -> Snapshot:
    if snapshot.is_encrypted:
        return snapshot
    try:
        found = files.manifest_list(snapshot.manifest_list or "")
        return counted(snapshot, *found) if found is not None else snapshot
    except Unobserved as error:
        if error.problem.kind in _PASSING:
            raise
        return snapshot  # then what the metadata file itself tells has to do


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


def dates_at(metadata: Metadata, clock: Clock, files: Files | None = None) -> Dates:
    """Return when the snapshots came that the table held at the clock's time, with later ones ignored."""
    return Dates.of(metadata, metadata.current_at(clock.now if clock.ignore_later else None), files)


def snapshot_at(dates: Dates, clock: Clock) -> Snapshot | None:
    """Return the snapshot that the table is at, None when it has none (yet, with later ones ignored)."""
    later = clock.now if clock.ignore_later else None
    return next((each for each in dates.lineage() if each is None or later is None or each.at <= later), None)


def arrivals(dates: Dates, clock: Clock, *, deletes: bool) -> tuple[Arrival, ...]:
    """Return all arrivals that the lineage still tells without another file, newest first."""
    later = clock.now if clock.ignore_later else None
    return tuple(
        Arrival(each.at, f"snapshot {each.id}")
        for each in dates.lineage()
        if each is not None and (later is None or each.at <= later) and _counts(each, deletes=deletes)
    )


def with_times(
    seen: Observation, plan: TablePlan, dates: Dates, clock: Clock, *, deletes: bool
) -> Observation:
    """Return what was seen with all times at which data came that the log still tells; none where it is malformed."""
    try:
        lineage = list(dates.lineage())
        times = frozenset(int(each.at.timestamp()) for each in arrivals(dates, clock, deletes=deletes))
    except Unobserved:
        return replace(seen, arrivals_whole=False)
    oldest = lineage[-2] if len(lineage) > 1 and lineage[-1] is None else None
    whole = plan.memory.knows_until(oldest.at if oldest is not None else None)
    return replace(seen, arrivals=times, arrivals_whole=whole)


def _by(passed: list[Snapshot]) -> str:
    return f"snapshot {passed[-1].id}" if passed else "the snapshots that it still has"


def _missing(snapshot: Snapshot) -> str:
    if snapshot.operation is None:
        return "no operation in its summary"
    if not snapshot.is_named:
        return f"its operation, {clean(snapshot.operation)[:40]}, is none that the specification names"
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
    """Reads Iceberg tables: one GET tells when data last came, a further one what a pass would rest on."""

    iam_actions: tuple[str, ...] = (GET,)

    def claims(self, table: Table) -> bool:
        """Tell whether the catalog marks the table as Iceberg (``table_type``, ``metadata_location``)."""
        return table.format is Format.ICEBERG

    def observe(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
        """Return what the table's metadata file tells; raise Unobserved when it cannot be read.

        What an earlier run read of the same file may stand in place of a look.
        """
        answer = standing(plan, clock)
        if answer is not None:
            return seen_again(answer, plan, clock)
        return remembered(self._look(plan, clock, reader), plan, clock)

    def _look(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
        metadata, asked = self.metadata(plan.table, reader), asked_of(plan, clock)
        dates = dates_at(metadata, clock, Files(metadata, reader))
        recency = newest_arrival(
            metadata,
            plan.table.id,
            clock,
            deletes=asked.detail.deletes_count,
            dates=dates,
            limit=strictest_limit(plan, clock),
        )
        seen = observation_of(plan, clock, recency)
        if asked.detail.times:
            seen = with_times(seen, plan, dates, clock, deletes=asked.detail.deletes_count)
        if seen.listing is not None:  # it was never loaded
            return seen
        from checks.lake.formats.iceberg.totals import with_more  # it needs what is defined here

        return with_more(seen, asked, clock, reader, dates)

    def reach(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Iterator[Reach]:
        """Yield the folders of the metadata file and of all that it names but data, which is never opened.

        Manifests may lie elsewhere than the metadata file: where the table was moved, or ``write.metadata.path`` set.
        """
        from checks.lake.formats.iceberg.manifests import SnapshotFiles

        yield from _reaching(place_of(pointer_of(plan.table) or ""))
        metadata = self.metadata(plan.table, reader)
        named = [_metadata_path(metadata)]
        named += [str(entry.get("manifest-list") or "") for entry in metadata.snapshots.values()]
        for uri in named:
            yield from _reaching(metadata.place_of(uri) if uri else None)
        dates = dates_at(metadata, clock, Files(metadata, reader))
        snapshot = snapshot_at(dates, clock)
        if snapshot is not None and snapshot.manifest_list is not None:
            for manifest in SnapshotFiles(plan.table.id, reader, dates, snapshot).manifests():
                yield from _reaching(metadata.place_of(manifest.path))

    def metadata(self, table: Table, reader: LakeReader) -> Metadata:
        """Return the metadata file that the catalog points at, by one GET."""
        pointer = pointer_of(table)
        if not pointer:
            raise unsupported(
                table.id,
                "the catalog does not say which metadata file is the current one (metadata_location)",
                "register the table in Glue through Iceberg's Glue catalog, or exclude it",
            )
        place = place_of(pointer)
        if place is None:
            raise unsupported(table.id, f"its metadata_location {pointer} is not in S3", "exclude it")
        try:
            data, written_at = reader.store.get_dated(*place, max_bytes=MOST_BYTES)
            return parse_metadata(data, f"s3://{place[0]}/{place[1]}", written_at)
        except Unobserved as error:
            problem = error.problem
            if problem.kind is not ProblemKind.OVER_BUDGET or problem.remedy:
                raise
            raise Unobserved(replace(problem, remedy=_SHORTEN)) from error


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
