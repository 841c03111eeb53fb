"""Iceberg: what a snapshot tells beside when data came, where a check asks for it.

Which periods hold rows, how much the whole table holds, what its files are like, the newest value of a column. Apache
Iceberg Table Spec, "Snapshots" (summaries), "Manifests" (column bounds), "Binary single-value serialization".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

from checks.aws.uris import uri_of
from checks.lake.formats.iceberg import snapshot_at
from checks.lake.formats.iceberg.comings import Comings
from checks.lake.formats.iceberg.manifests import SnapshotFiles, parse_manifest
from checks.lake.formats.iceberg.metadata import MOST_DEPTH, MOST_FIELDS, fields_of
from checks.lake.formats.iceberg.periods import DELETES, NO_ROWS, Partitions
from checks.lake.formats.shared.newest_value import Newest, no_column, no_value, not_found, value_seen
from checks.lake.formats.shared.partition_tally import Held, without_partitions
from checks.model import FileSeen, FooterSeen, Growth, Problem, ProblemKind, Unobserved, WholeSeen
from checks.schedule.clock import FIRST, LAST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.lake.formats.iceberg.manifests import File
    from checks.lake.formats.iceberg.metadata import Snapshot
    from checks.lake.formats.iceberg.times import Dates
    from checks.lake.formats.shared.asked import Asked
    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Observation, ValuesSeen
    from checks.rules.asking import Clock, ValueAsk

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall time, until its zone is known
_MICROS = {"timestamp": 1, "timestamptz": 1, "timestamp_ns": 1000, "timestamptz_ns": 1000}
"""How many units of a timestamp a microsecond has."""


def with_more(seen: Observation, asked: Asked, clock: Clock, reader: LakeReader, dates: Dates) -> Observation:
    """Return the observation with all that the table's rules ask of its log; what is not known says why."""
    plan = asked.plan
    files = SnapshotFiles(plan.table.id, reader, dates, snapshot_at(dates, clock))
    if asked.value is not None:
        seen = replace(seen, values=_newest_value(files, asked.value, clock))
    if asked.whole:
        seen = replace(seen, whole=whole_of(files, asked))
    if asked.live:
        seen = replace(seen, live=_live(files, asked))
    if asked.periods:
        try:
            return Partitions(asked, clock, files).add_to(seen)
        except Unobserved as error:
            return without_partitions(seen, plan, clock, error.problem)
    return seen


def whole_of(files: SnapshotFiles, asked: Asked) -> WholeSeen:
    """Return what the whole table holds, as a snapshot sums it up, delete files included in the bytes.

    What the summary leaves out is added up from the manifests: delete files are not in that. Rows are known where
    no delete files take some away.
    """
    snapshot, named = files.snapshot, "its metadata"
    summed: Held | None = None
    if snapshot is not None:
        named = f"snapshot {snapshot.id}"
        summed = _summed(snapshot, is_first_version=files.metadata.document.get("format-version") == 1)
    growth = _growth(files) if asked.detail.growth else ()
    if summed is not None and (summed.rows is not None or not asked.rows or summed.rows_unknown == DELETES):
        return WholeSeen(listing=replace(summed.listing(complete=True), growth=growth))
    held = Held()
    problem = _count_all(files, held)
    if problem is None:
        return WholeSeen(listing=replace(held.listing(complete=True), growth=growth))
    if summed is not None:
        summed.rows_unknown = f"{named} {summed.rows_unknown}, and {problem.message}"
        return WholeSeen(listing=replace(summed.listing(complete=True), growth=growth))
    why = f"how much {files.table} holds is not known: {named} does not sum it up (total-files-size, total-data-files)"
    told = replace(problem, message=f"{why}, and {problem.message}")
    return WholeSeen(listing=held.listing(complete=True) if held.files else None, problem=told)


def _growth(files: SnapshotFiles) -> tuple[Growth, ...]:
    """Return what each snapshot that is left added to the one before it, the oldest one all that it held.

    It ends at one that is not summed up: what was before it is not known.
    """
    dates, start = files.dates, files.snapshot.id if files.snapshot is not None else None
    is_first = files.metadata.document.get("format-version") == 1
    totals: list[tuple[int, Held]] = []
    for number in files.metadata.ancestry(start):
        try:
            snapshot = files.metadata.snapshot(number)
        except Unobserved:
            break
        came = dates.came(number)
        held = _summed(snapshot, is_first_version=is_first) if snapshot is not None else None
        if held is None or came is None:
            break
        totals.append((ceil(came.timestamp()), held))
    found: list[Growth] = []
    before = Held()
    for at, now in reversed(totals):
        rows = now.rows - before.rows if now.rows is not None and before.rows is not None else None
        found.append(Growth(at, now.size_bytes - before.size_bytes, now.files - before.files, rows))
        before = now
    return tuple(found)


def _summed(snapshot: Snapshot, *, is_first_version: bool) -> Held | None:
    """Return what a snapshot sums up, None where it does not; version 1 of the format has no delete files."""
    if snapshot.total_files is None or snapshot.total_bytes is None:
        return None
    held = Held(files=snapshot.total_files, size_bytes=snapshot.total_bytes, rows=snapshot.total_rows)
    if snapshot.total_delete_files:
        held.lose_rows(DELETES)
    elif snapshot.total_rows is None:
        held.lose_rows("does not sum them up (total-records)")
    elif snapshot.total_delete_files is None and not is_first_version:
        held.lose_rows("does not tell its delete files (total-delete-files)")
    return held


def _count_all(files: SnapshotFiles, held: Held) -> Problem | None:
    """Count the data files of all manifests, as far as the bounds allow; return why there may be more."""
    try:
        if len(files.of_data()) < len(files.manifests()):
            held.lose_rows(DELETES)
        for manifest in files.of_data():
            over = files.over(manifest)
            if over:
                return _unread(files, over, "what the others hold is not known")
            for file in parse_manifest(*files.data(manifest), manifest):
                held.count(file.size_bytes, file.rows if file.rows is not None else NO_ROWS.format(file.path))
    except Unobserved as error:
        return error.problem
    return None


def _live(files: SnapshotFiles, asked: Asked) -> WholeSeen:
    """Return what the files of the table are like, the newest manifests first, as far as the bounds allow."""
    held = Held(names=asked.collector())
    problem = None
    try:
        for manifest, _ in Comings.of(files).newest_first():
            over = files.over(manifest)
            if over:
                problem = _unread(files, over, "what the files in the others are like is not known")
                break
            for file in parse_manifest(*files.data(manifest), manifest):
                held.count(file.size_bytes, "")
                if held.names is not None:
                    held.names.add(uri_of(file.path), file.size_bytes, file.format or None)
    except Unobserved as error:
        problem = error.problem
    return WholeSeen(listing=held.listing(complete=True), problem=problem)


def _unread(files: SnapshotFiles, over: str, so: str) -> Problem:
    return Problem(
        ProblemKind.OVER_BUDGET,
        f"the manifests of {files.table} are {over}, and {so}",
        "rewrite its manifests into fewer (rewrite_manifests), or expire old snapshots",
    )


@dataclass(frozen=True, slots=True)
class _Column:
    """The column whose newest value is asked for: its field's number and type, and how bounds of it are read."""

    field_id: int
    type: str
    ask: ValueAsk

    def read(self, file: File, seen: FileSeen) -> FooterSeen:
        """Return what the upper bound of a file tells."""
        if not file.has_values:
            return FooterSeen(file=seen)
        name = self.ask.column
        if file.upper is None:
            why = f"it keeps no bounds of column {name}"
            remedy = (
                f"have its writer keep metrics of that column (write.metadata.metrics.column.{name}: full)"
            )
            return no_value(seen, why, remedy, ProblemKind.UNSUPPORTED)
        # A column that was a date before it became a timestamp has bounds of four bytes in old files.
        is_day = len(file.upper) == 4
        if len(file.upper) not in (4, 8) or (self.type == "date" and not is_day):
            return no_value(
                seen, f"the upper bound of {name} has {len(file.upper)} bytes, as no {self.type} has"
            )
        number = int.from_bytes(file.upper, "little", signed=True)
        try:
            if is_day:
                wall = _EPOCH + timedelta(days=number)
            else:
                wall = _EPOCH + timedelta(microseconds=number // _MICROS[self.type])
        except OverflowError:
            return FooterSeen(file=seen, newest=LAST if number > 0 else FIRST, is_day=self.type == "date")
        is_utc = self.type.startswith("timestamptz")
        return value_seen(seen, wall, self.ask.zone, is_day=self.type == "date", is_utc=is_utc)


def _newest_value(files: SnapshotFiles, ask: ValueAsk, clock: Clock) -> ValuesSeen:
    """Return the newest value of the column, from bounds in the newest manifests back until it is settled."""
    newest = Newest(ask, clock)
    column = _column_of(files, ask)
    if isinstance(column, Problem):
        newest.miss(column)
        return newest.seen()
    try:
        manifests = Comings.of(files).newest_first()
    except Unobserved as error:
        newest.miss(error.problem)
        return newest.seen()
    for manifest, by in manifests:
        if newest.is_settled_by(by):
            continue
        over = files.over(manifest)
        if over:
            newest.miss(_unread(files, over, f"a newer {ask.column} may stand in the others"))
            break
        try:
            for file in parse_manifest(*files.data(manifest), manifest, column.field_id):
                newest.add(column.read(file, _file_seen(files, file, by)))
        except Unobserved as error:
            newest.miss(error.problem)
    return newest.seen()


def _file_seen(files: SnapshotFiles, file: File, came_by_then: datetime | None) -> FileSeen:
    """Return a data file with the time of the snapshot that added it, or one that it cannot be later than."""
    by = files.metadata.snapshot(file.snapshot_id) if file.snapshot_id is not None else None
    if by is not None:
        at = files.dates.came(by.id) or by.at
        return FileSeen(uri_of(file.path), file.size_bytes, at, is_latest=by.operation == "replace")
    latest = came_by_then or (files.snapshot.at if files.snapshot is not None else None)
    return FileSeen(uri_of(file.path), file.size_bytes, latest or _LONG_AGO, is_latest=True)


def _column_of(files: SnapshotFiles, ask: ValueAsk) -> _Column | Problem:
    """Return the column by its name in the current schema; why its values cannot be told where they cannot."""
    wanted = ask.column
    exact: tuple[int, str] | None = None
    kinds: dict[str, str] = {}
    for path, number, kind in fields_of(_current_schema(files.metadata.document)):
        kinds[path.lower()] = kind
        if path == wanted:
            exact = (number, kind)
            break
        if exact is None and path.lower() == wanted.lower():
            exact = (number, kind)
    if exact is None:
        return not_found(files.table, wanted, kinds, most=MOST_FIELDS, deepest=MOST_DEPTH)
    number, kind = exact
    if kind == "struct":
        return no_column(files.table, wanted, "is nested; name one of its fields")
    if kind != "date" and kind not in _MICROS:
        return no_column(files.table, wanted, f"is {kind}, neither a timestamp nor a date")
    return _Column(number, kind, ask)


def _current_schema(document: Mapping[str, Any]) -> Any:
    number, schemas = document.get("current-schema-id"), document.get("schemas")
    for schema in schemas if isinstance(schemas, list) else []:
        if isinstance(schema, dict) and schema.get("schema-id") == number:
            return schema
    return document.get("schema")
