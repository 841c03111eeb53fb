"""Apache Hudi: when data last came, from the newest instants of the timeline.

Apache Hudi Technical Specification, "Timeline" and "Table Properties", table versions up to 9.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checks.lake.errors import clean
from checks.lake.formats.asked import asked_of
from checks.lake.formats.hudi_commits import Commit, document_of, parse_commit
from checks.lake.formats.logs import (
    Recency,
    observation_of,
    only_bounded,
    strictest_limit,
    unsupported,
)
from checks.lake.formats.timeline import (
    ZONES,
    Instant,
    Timeline,
    Zone,
    find_zone,
    parse_properties,
    read_timeline,
    wall_of_stamp,
)
from checks.lake.storage import split_uri
from checks.model import Arrival, Format, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from datetime import timedelta

    from checks.lake.formats.timeline import Properties
    from checks.lake.reader import LakeReader
    from checks.lake.storage import Key
    from checks.model import Observation, Table
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

MOST_COMMITS = 50
"""Commits that are read in search of an arrival, newest first, before it is given up."""
MOST_FILES = 500_000
"""Files of its commits that are kept in memory for one table."""
MOST_BYTES = 32 * 1024 * 1024
"""A commit's metadata that is larger is not read: parsed JSON may take 25 times its bytes."""
_MOST_PROPERTIES = 1024 * 1024
_MOST_PAGES = 50
_LESS_OFTEN = "let maintenance and empty commits come less often between two loads"
_ARCHIVE = "keep more instants on the active timeline (hoodie.keep.min.commits)"


@dataclass(slots=True)
class Walk:
    """Goes through the timeline of one table, newest instant first."""

    plan: TablePlan
    clock: Clock
    reader: LakeReader
    bucket: str
    root: str
    keep_files: bool = False
    read: dict[str, Commit] = field(default_factory=dict)
    zone: Zone = field(default_factory=lambda: Zone(None))
    """How the instants of the timeline that was listed become UTC."""
    _archived: bool | None = None
    _kept: int = 0

    @property
    def table(self) -> Table:
        """The table that is read."""
        return self.plan.table

    def properties(self) -> Properties:
        """Return ``hoodie.properties``, by one GET."""
        key = f"{self.root}.hoodie/hoodie.properties"
        try:
            data = self.reader.store.get(self.bucket, key, max_bytes=_MOST_PROPERTIES)
        except Unobserved as error:
            if error.problem.kind is not ProblemKind.NOT_FOUND:
                raise
            try:  # while Hudi writes it anew, what it was stands beside it
                data = self.reader.store.get(self.bucket, f"{key}.backup", max_bytes=_MOST_PROPERTIES)
            except Unobserved:
                raise error from None
        return parse_properties(data, f"s3://{self.bucket}/{key}")

    def timeline(self, properties: Properties) -> Timeline:
        """List the active timeline: Hudi archives what is old, so that it stays a page or two."""
        prefix = f"{self.root}{properties.timeline}"
        keys: list[Key] = []
        token = None
        for _ in range(_MOST_PAGES):
            page = self.reader.store.list_page(self.bucket, prefix, delimiter="/", token=token)
            keys += page.keys
            token = page.token
            if token is None:
                found = read_timeline(keys, prefix)
                self.zone = find_zone(properties, found.witnesses)
                return found
        raise Unobserved(
            Problem(
                ProblemKind.OVER_BUDGET,
                f"s3://{self.bucket}/{prefix} has more than {_MOST_PAGES * 1000:,} files",
                "let Hudi archive its timeline (hoodie.archive.automatic)",
            )
        )

    def at(self, instant: Instant) -> datetime:
        """Return when an instant was made, by its name or else its file, which is never before it."""
        wall = wall_of_stamp(instant.stamp)
        at = self.zone.utc(wall) if wall is not None else None
        return at if at is not None else instant.key.last_modified

    def commit(self, instant: Instant) -> Commit:
        """Return what an instant's file tells, by one GET; by one more where only its plan tells the operation.

        An empty file is an instant that wrote nothing, as Hudi reads it.
        """
        key = instant.key.key
        if not instant.key.size_bytes:
            return Commit()
        if key not in self.read:
            data = self.reader.store.get(self.bucket, key, max_bytes=MOST_BYTES)
            keep = self.keep_files and not self.is_full
            commit = parse_commit(data, f"s3://{self.bucket}/{key}", keep_files=keep)
            if instant.action == "replacecommit" and commit.operation is None and instant.plan is not None:
                commit = replace(commit, operation=self._planned(instant.plan))
            self.read[key] = commit
            self._kept += len(commit.written)
        return self.read[key]

    @property
    def is_full(self) -> bool:
        """Tell whether so many files are kept that those of further commits are not."""
        return self._kept >= MOST_FILES

    def _planned(self, plan: Key) -> str | None:
        """Return the operation that was requested of a replacecommit, by one GET: clustering has a plan."""
        place = f"s3://{self.bucket}/{plan.key}"
        document = document_of(self.reader.store.get(self.bucket, plan.key, max_bytes=MOST_BYTES), place)
        if document.get("clusteringPlan") is not None:
            return "CLUSTER"
        operation = document.get("operationType")
        return operation.upper() if isinstance(operation, str) and operation.upper() != "UNKNOWN" else None

    def newest_arrival(self, properties: Properties, timeline: Timeline, *, deletes: bool) -> Recency:
        """Find the newest completed instant that wrote rows; its time is that of the timeline's own clock."""
        passed: list[str] = []
        read, at = 0, None
        for instant in timeline.instants:
            made_at = self.at(instant)
            if self.clock.ignore_later and made_at > self.clock.now:
                continue
            at = made_at
            if instant.may_be_data:
                if read >= MOST_COMMITS:
                    why = f"{_say_passed(passed)}, and no more than {MOST_COMMITS} are read"
                    problem = replace(
                        only_bounded(self.table.id, at, why, _LESS_OFTEN), kind=ProblemKind.OVER_BUDGET
                    )
                    return Recency(problem=problem, no_later_than=at, bound_by=self._evidence(instant))
                read += 1
                commit = self.commit(instant)
                compacts = properties.is_merge_on_read and instant.action == "commit"
                if commit.is_arrival(deletes=deletes, merge_on_read_commit=compacts):
                    return self._arrival(instant, passed)
                passed.append((commit.operation or instant.action).lower())
            else:
                passed.append("compaction" if instant.action == "commit" else instant.action)
        if self.is_archived(properties):
            why = f"{_say_passed(passed)}, and what was before is archived"
            problem = only_bounded(self.table.id, at, why, _ARCHIVE)
            oldest = timeline.instants[-1:]
            by = self._evidence(oldest[0]) if oldest else "the table's timeline"
            return Recency(problem=problem, no_later_than=at, bound_by=by)
        return Recency()

    def _arrival(self, instant: Instant, passed: list[str]) -> Recency:
        evidence, zone, wall = self._evidence(instant), self.zone, wall_of_stamp(instant.stamp)
        notes = [f"{self.table.id}: {_say_passed(passed)}"] if passed else []
        if wall is None:
            notes.append(f"{evidence} carries no time in its name: the time of its file is taken")
            return Recency(Arrival(instant.key.last_modified, evidence), notes=tuple(notes))
        at = zone.utc(wall)
        if at is not None:
            notes += [f"{self.table.id}: {zone.note}"] if zone.note else []
            problem = self._unsure_by(zone.slack(wall), at, zone)
            if problem is not None:
                return Recency(Arrival(at - zone.slack(wall), evidence), problem, tuple(notes))
            return Recency(Arrival(at, evidence), notes=tuple(notes))
        return self._unsure(instant, wall, evidence, notes)

    def _unsure_by(self, slack: timedelta, at: datetime, zone: Zone) -> Problem | None:
        """Return the problem of a time that may be off by as much as decides, None where it does not decide."""
        limit = strictest_limit(self.plan, self.clock) if slack else None
        if limit is None or not at - slack < limit <= at + slack:
            return None
        return Problem(
            ProblemKind.AMBIGUOUS, f"{self.table.id}: {zone.note}", "set hoodie.table.timeline.timezone=UTC"
        )

    def _unsure(self, instant: Instant, wall: datetime, evidence: str, notes: list[str]) -> Recency:
        """Tell what holds in every zone: as late as it can be it may be too old, as early as can be fresh."""
        latest, earliest = ((wall - offset).replace(tzinfo=UTC) for offset in ZONES)
        latest = max(earliest, min(latest, instant.key.last_modified))
        limit = strictest_limit(self.plan, self.clock)
        message = (
            f"the instants of {self.table.id} are in local time and nothing tells its zone: {instant.stamp} may be "
            f"any time from {earliest:%Y-%m-%d %H:%M} to {latest:%Y-%m-%d %H:%M} UTC"
        )
        if limit is not None and latest < limit:
            return Recency(Arrival(latest, evidence, is_bound=True), notes=(*notes, message))
        problem = Problem(ProblemKind.AMBIGUOUS, message, "set hoodie.table.timeline.timezone=UTC")
        return Recency(Arrival(earliest, evidence), problem, tuple(notes))

    def _evidence(self, instant: Instant) -> str:
        return f"s3://{self.bucket}/{instant.key.key}"

    def is_archived(self, properties: Properties) -> bool:
        """Tell whether instants were archived, by one LIST; Hudi makes the folder before there are any."""
        if self._archived is None:
            prefix = f"{self.root}{properties.timeline}{properties.archive}"
            page = self.reader.store.list_page(self.bucket, prefix)
            self._archived = any(key.size_bytes for key in page.keys)
        return self._archived


def _say_passed(passed: list[str]) -> str:
    if not passed:
        return "no instant is on its timeline"
    kinds = ", ".join(sorted({clean(kind)[:40] for kind in passed})[:6])
    if len(passed) == 1:
        return f"its newest instant added no data ({kinds})"
    return f"its newest {len(passed)} instants added no data ({kinds})"


@dataclass(frozen=True, slots=True)
class HudiReader:
    """Reads Hudi tables: a GET of its properties (layout, zone), one LIST and a GET tell when data last came."""

    iam_actions: tuple[str, ...] = ("s3:ListBucket", "s3:GetObject")

    def claims(self, table: Table) -> bool:
        """Tell whether the catalog marks the table as Hudi (``spark.sql.sources.provider``, input format)."""
        return table.format is Format.HUDI

    def observe(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
        """Return what the table's timeline tells; raise Unobserved when it cannot be read."""
        if plan.table.location is None:
            raise unsupported(
                plan.table.id, "it has no location in S3 in the catalog", "mend it, or exclude it"
            )
        bucket, root = split_uri(plan.table.location)
        asked = asked_of(plan, clock)
        keep_files = asked.files or asked.value is not None
        walk = Walk(plan, clock, reader, bucket, root, keep_files)
        properties = walk.properties()
        timeline = walk.timeline(properties)
        recency = walk.newest_arrival(properties, timeline, deletes=asked.detail.deletes_count)
        seen = observation_of(plan, clock, recency)
        if seen.listing is not None:  # it was never loaded
            return seen
        from checks.lake.formats.hudi_files import with_more  # it needs what is defined here

        return with_more(seen, asked, clock, walk, properties, timeline)


READER = HudiReader()
