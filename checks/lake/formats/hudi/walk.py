"""Going through the timeline of one Hudi table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import TYPE_CHECKING

from checks.aws.problems import clean
from checks.lake.formats.hudi.commits import Commit, document_of, parse_commit, taken_back
from checks.lake.formats.hudi.committed import Committed
from checks.lake.formats.hudi.timeline import (
    WRITES,
    Instant,
    Timeline,
    parse_properties,
    read_timeline,
    wall_of_stamp,
)
from checks.lake.formats.hudi.times import Came, came
from checks.lake.formats.hudi.zone import Zone, Zones, find_zones
from checks.lake.formats.shared.recency import Recency, only_bounded, strictest_limit
from checks.model import Arrival, Problem, ProblemKind, Unobserved, iso

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.lake.formats.hudi.timeline import Properties
    from checks.lake.s3.objects import Key
    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Table
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

MOST_COMMITS = 50
"""Commits that are read in search of an arrival, newest first, before it is given up."""


MOST_ROLLBACKS = 50
"""Rollbacks that are read to tell which files of archived instants were taken back."""


MOST_FILES = 500_000
"""Files of its commits that are kept in memory for one table."""


MOST_BYTES = 32 * 1024 * 1024
"""A commit's metadata that is larger is not read: parsed JSON may take 25 times its bytes."""


_MOST_PROPERTIES = 1024 * 1024


_MOST_PAGES = 50


_LESS_OFTEN = "let maintenance and empty commits come less often between two loads"


_SET_UTC = "set hoodie.table.timeline.timezone=UTC"


_CLOCK = "look at the clock of the machine that writes it"


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
    zones: Zones = field(default_factory=lambda: Zones(Zone(None), Zone(None)))
    """How the names of the timeline that was listed become UTC."""
    _came: dict[str, Came] = field(default_factory=dict)
    _archived: bool | None = None
    _rolled_back: frozenset[str] | None = None
    _kept: int = 0

    @property
    def table(self) -> Table:
        """The table that is read."""
        return self.plan.table

    def properties(self) -> Properties:
        """Return ``hoodie.properties``, by one GET."""
        key = f"{self.root}.hoodie/hoodie.properties"
        try:
            properties = self._properties_in(key)
        except Unobserved as error:  # while Hudi writes it anew, what it was stands beside it
            # S3 may refuse what is not there to who may list some prefixes only.
            kinds = {ProblemKind.NOT_FOUND, ProblemKind.MALFORMED}
            if error.problem.kind not in kinds and error.problem.lacks is None:
                raise
            backup = self._backup_of(key)
            if backup is None:
                raise
            return backup
        return (self._backup_of(key) or properties) if properties.is_torn else properties

    def _backup_of(self, key: str) -> Properties | None:
        """Return what the properties were before they were written anew, by one GET; None without a sound backup."""
        try:
            properties = self._properties_in(f"{key}.backup")
        except Unobserved as error:
            if error.problem.kind is ProblemKind.UNSUPPORTED:
                raise
            return None
        return None if properties.is_torn else properties

    def _properties_in(self, key: str) -> Properties:
        data = self.reader.store.get(self.bucket, key, max_bytes=_MOST_PROPERTIES)
        properties = parse_properties(data, f"s3://{self.bucket}/{key}")
        properties.check()
        return properties

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
                self.zones = find_zones(properties, found)
                # Names may be of any time: what came last is found by when it came.
                newest = sorted(found.instants, key=lambda each: self.came(each).at, reverse=True)
                return replace(found, instants=tuple(newest))
        raise Unobserved(
            Problem(
                ProblemKind.OVER_BUDGET,
                f"s3://{self.bucket}/{prefix} has more than {_MOST_PAGES * 1000:,} files",
                "let Hudi archive its timeline (hoodie.archive.automatic)",
            )
        )

    def came(self, instant: Instant) -> Came:
        """Return when an instant took effect, as far as its names and files tell."""
        key = instant.key.key
        if key not in self._came:
            self._came[key] = came(instant, self.zones)
        return self._came[key]

    def not_after(self, instants: Sequence[Instant]) -> list[datetime]:
        """Return of each of these by when it came, and all that follow it in the list."""
        return list(accumulate((self.came(each).latest for each in reversed(instants)), max))[::-1]

    def is_there(self, instant: Instant) -> bool:
        """Tell whether an instant had completed by now: with a stated ``now`` later ones do not exist."""
        return not (self.clock.ignore_later and self.came(instant).at > self.clock.now)

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
        doubt: Recency | None = None
        for instant in timeline.instants:
            if not self.is_there(instant):
                continue
            at = self.came(instant).latest
            if not instant.may_be_data:
                passed.append("compaction" if instant.action == "commit" else instant.action)
                continue
            if read >= MOST_COMMITS:
                why = f"{_say_passed(passed, timeline)}, and no more than {MOST_COMMITS} are read"
                problem = replace(
                    only_bounded(self.table.id, at, why, _LESS_OFTEN), kind=ProblemKind.OVER_BUDGET
                )
                return doubt or Recency(problem=problem, no_later_than=at, bound_by=self._evidence(instant))
            read += 1
            commit = self.commit(instant)
            compacts = properties.is_merge_on_read and instant.action == "commit"
            if not commit.is_arrival(deletes=deletes, merge_on_read_commit=compacts):
                passed.append((commit.operation or instant.action).lower())
                continue
            recency = self._arrival(instant, passed, timeline)
            if recency.newest is not None:
                return recency if doubt is None else self._beside(recency, doubt)
            doubt = doubt or recency
        if doubt is not None:
            return doubt
        if self.is_archived(properties):
            why = f"{_say_passed(passed, timeline)}, and what was before is archived"
            problem = only_bounded(self.table.id, at, why, _ARCHIVE)
            oldest = timeline.instants[-1:]
            by = self._evidence(oldest[0]) if oldest else "the table's timeline"
            return Recency(problem=problem, no_later_than=at, bound_by=by)
        return Recency()

    def times(self, properties: Properties, timeline: Timeline) -> frozenset[int]:
        """Return when instants came that may have written rows, in whole seconds since 1970, by their names alone.

        Those that were read are known; of a table that merges on read a commit is a compaction, and of others a
        replacement is as a rule a clustering.
        """
        found = set()
        for instant in timeline.instants:
            when = self.came(instant)
            if (
                not instant.may_be_data
                or not self.is_there(instant)
                or when.in_any_zone
                or when.earliest is None
            ):
                continue
            compacts = properties.is_merge_on_read and instant.action == "commit"
            known = self.read.get(instant.key.key)
            counts = (
                known.is_arrival(deletes=False, merge_on_read_commit=compacts)
                if known is not None
                else not compacts and instant.action != "replacecommit"
            )
            if counts:
                found.add(int(when.at.timestamp()))
        return frozenset(found)

    def _arrival(self, instant: Instant, passed: list[str], timeline: Timeline) -> Recency:
        """Return when an instant's rows came: as early as can be they may be fresh, as late they may be too old."""
        evidence, when = self._evidence(instant), self.came(instant)
        notes = [f"{self.table.id}: {_say_passed(passed, timeline)}"] if passed else []
        if when.earliest is None:
            why = f"the name of {evidence} is ahead of its file, and that is a copy, which does not tell it either"
            problem = only_bounded(self.table.id, when.latest, why, _CLOCK)
            return Recency(problem=problem, notes=tuple(notes), no_later_than=when.latest, bound_by=evidence)
        if wall_of_stamp(instant.stamp) is None:
            notes.append(f"{evidence} carries no time in its name: the time of its file is taken")
        limit = strictest_limit(self.plan, self.clock)
        if when.in_any_zone:
            return self._in_any_zone(instant, when, limit, notes)
        notes += [f"{self.table.id}: {when.note}"] if when.note else []
        if limit is not None and when.earliest < limit <= when.latest:
            problem = Problem(ProblemKind.AMBIGUOUS, self._say_unsure(instant, when), _SET_UTC)
            return Recency(Arrival(when.earliest, evidence), problem, tuple(notes))
        return Recency(Arrival(when.at, evidence), notes=tuple(notes))

    def _beside(self, recency: Recency, doubt: Recency) -> Recency:
        """Return an arrival beside one that may be newer, unless that one is too old in any case."""
        limit, at = strictest_limit(self.plan, self.clock), doubt.no_later_than
        return (
            doubt
            if limit is not None and at is not None and at < limit
            else replace(recency, problem=doubt.problem)
        )

    def _say_unsure(self, instant: Instant, when: Came) -> str:
        if when.note:
            return f"{self.table.id}: {when.note}"
        return (
            f"the completion of {self._evidence(instant)} may be written in another zone than "
            f"hoodie.table.timeline.timezone says: it came any time from {iso(when.earliest or when.at)} to "
            f"{iso(when.latest)}"
        )

    def _in_any_zone(self, instant: Instant, when: Came, limit: datetime | None, notes: list[str]) -> Recency:
        """Tell what holds in every zone."""
        evidence = self._evidence(instant)
        message = (
            f"the instants of {self.table.id} are in local time and nothing tells its zone: {instant.stamp} may be "
            f"any time from {when.at:%Y-%m-%d %H:%M} to {when.latest:%Y-%m-%d %H:%M} UTC"
        )
        if limit is not None and when.latest < limit:
            return Recency(Arrival(when.latest, evidence, is_bound=True), notes=(*notes, message))
        problem = Problem(ProblemKind.AMBIGUOUS, message, _SET_UTC)
        return Recency(Arrival(when.at, evidence), problem, tuple(notes))

    def _evidence(self, instant: Instant) -> str:
        return f"s3://{self.bucket}/{instant.key.key}"

    def is_archived(self, properties: Properties) -> bool:
        """Tell whether instants were archived, by one LIST; Hudi makes the folder before there are any."""
        if self._archived is None:
            prefix = f"{self.root}{properties.timeline}{properties.archive}"
            page = self.reader.store.list_page(self.bucket, prefix)
            self._archived = any(key.size_bytes for key in page.keys)
        return self._archived

    def committed(self, timeline: Timeline) -> Committed:
        """Return which instants' files are data."""
        done = (each for each in timeline.instants if each.action in WRITES and self.is_there(each))
        return Committed(
            completed=frozenset(each.requested for each in done),
            pending=timeline.pending,
            planned=timeline.planned,
            begins_at=timeline.begins_at,
        )

    def rolled_back(self, timeline: Timeline) -> frozenset[str]:
        """Return the instants that the timeline says were rolled back, by one GET each rollback; raise Unobserved."""
        if self._rolled_back is None:
            if len(timeline.rollbacks) > MOST_ROLLBACKS:
                raise Unobserved(
                    Problem(
                        ProblemKind.OVER_BUDGET,
                        f"{self.table.id}: {len(timeline.rollbacks)} rollbacks are on its timeline, and no more than "
                        f"{MOST_ROLLBACKS} are read, so which of its files are data is not known",
                        "look at why its commits fail",
                    )
                )
            self._rolled_back = frozenset().union(*map(self._taken_back_by, timeline.rollbacks))
        return self._rolled_back

    def _taken_back_by(self, rollback: Key) -> frozenset[str]:
        data = self.reader.store.get(self.bucket, rollback.key, max_bytes=MOST_BYTES)
        return taken_back(document_of(data, f"s3://{self.bucket}/{rollback.key}"))


def _say_passed(passed: list[str], timeline: Timeline) -> str:
    if not passed:
        return "none of its instants was there yet" if timeline.instants else "no instant is on its timeline"
    kinds = ", ".join(sorted({clean(kind)[:40] for kind in passed})[:6])
    if len(passed) == 1:
        return f"its newest instant added no data ({kinds})"
    return f"its newest {len(passed)} instants added no data ({kinds})"
