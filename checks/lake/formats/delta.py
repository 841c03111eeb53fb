"""Delta Lake: when data last came, from the newest commits of its log.

Delta Transaction Log Protocol: "Delta Log Entries", "Actions", "In-Commit Timestamps", "Last Checkpoint File".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from checks.lake.errors import clean
from checks.lake.formats.asked import asked_of
from checks.lake.formats.delta_log import Commit, CommitParser, Log, parse_hint, sort_log
from checks.lake.formats.logs import (
    Recency,
    malformed,
    observation_of,
    only_bounded,
    unsupported,
)
from checks.lake.storage import split_uri
from checks.model import Arrival, Format, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from datetime import datetime

    from checks.lake.reader import LakeReader
    from checks.lake.storage import Key
    from checks.model import Observation, Table
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

MOST_COMMITS = 100
"""Commits that are read in search of an arrival, newest first, before it is given up."""
MOST_COMMIT_BYTES = 64 * 1024 * 1024
"""What is read of one commit at most, in parts: the part that holds an arrival ends it."""
MOST_KEPT_BYTES = 16 * 1024 * 1024
"""Bytes of commits that were read for recency and are kept for whoever asks for more; others are got again."""
_PART_BYTES = 4 * 1024 * 1024
_MOST_HINT_BYTES = 4 * 1024 * 1024
_MOST_PAGES = 100
_BACK = 300
"""So many versions before the ones listed are listed next: with their checksums they fill a page at most."""
_SYMLINKS = "/_symlink_format_manifest/"
_PLACEHOLDER = "-__PLACEHOLDER__/"
_STAGED = ("_staged_commits/", "_commits/")
_STAGED_COMMIT = re.compile(r"([0-9]{20})\.[0-9A-Za-z-]{1,64}\.json")
_LESS_OFTEN = "let maintenance commit less often between two loads"
_RETAIN = "keep the log for longer than the time between loads (delta.logRetentionDuration)"


@dataclass(slots=True)
class Walk:
    """Goes through the log of one table, newest commit first."""

    table: Table
    clock: Clock
    reader: LakeReader
    bucket: str
    prefix: str
    read: dict[int, Commit] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    raw: dict[int, bytes] | None = None
    """Where whole commits are kept that will be read again, None where they will not."""

    @property
    def place(self) -> str:
        """The log's folder, for people."""
        return f"s3://{self.bucket}/{self.prefix}"

    def hint(self) -> int | None:
        """Return the version of the last checkpoint, None where no such file is there or it is torn."""
        try:
            data = self.reader.store.get(
                self.bucket, f"{self.prefix}_last_checkpoint", max_bytes=_MOST_HINT_BYTES
            )
        except Unobserved as error:
            if error.problem.kind in (ProblemKind.NOT_FOUND, ProblemKind.MALFORMED):
                return None
            raise
        return parse_hint(data)

    def list_from(self, version: int, *, until: int | None = None) -> Log:
        """List the log from a version on, every page followed, or up to the version ``until``."""
        keys: list[Key] = []
        folders: list[str] = []
        token = None
        for _ in range(_MOST_PAGES):
            page = self.reader.store.list_page(
                self.bucket,
                self.prefix,
                start_after=f"{self.prefix}{version:020d}",
                token=token,
                delimiter="/",
            )
            keys += page.keys
            folders += [name.removeprefix(self.prefix) for name in page.common_prefixes]
            token = page.token
            if token is None or (
                until is not None and keys and keys[-1].key > f"{self.prefix}{until:020d}.json"
            ):
                break
        else:
            raise Unobserved(
                Problem(
                    ProblemKind.OVER_BUDGET,
                    f"{self.place} has more than {_MOST_PAGES * 1000:,} files since version {version}",
                    "let the writer checkpoint, and clean up its log (delta.logRetentionDuration)",
                )
            )
        staged = [name for name in folders if name in _STAGED]
        return sort_log(keys, self.prefix, version, staged)

    def newest_log(self) -> Log:
        """Return the log since its last checkpoint; where the hint leads nowhere, all of it."""
        hint = self.hint()
        log = self.list_from(hint or 0)
        if log.newest is None and hint:
            log = self.list_from(0)
        if log.newest is None:
            raise Unobserved(
                Problem(
                    ProblemKind.NOT_FOUND,
                    f"{self.place} holds no commit and no checkpoint of a Delta log",
                    "mend the table's location in the catalog",
                )
            )
        if hint and log.start == hint and not log.checkpoints:
            log = replace(log, start=hint + 1 if hint not in log.commits else hint)
        log.check_whole(self.place)
        return log

    def staged_beyond(self, log: Log) -> Problem | None:
        """Return the problem of commits that are staged but not published, None where there are none.

        Only the catalog that coordinates them knows which of them count (protocol, "Catalog-managed tables").
        """
        newest = log.newest or 0
        for folder in log.staged:
            page = self.reader.store.list_page(
                self.bucket, f"{self.prefix}{folder}", start_after=f"{self.prefix}{folder}{newest + 1:020d}"
            )
            names = [key.key.removeprefix(f"{self.prefix}{folder}") for key in page.keys]
            versions = [
                int(match[1]) for name in names if (match := _STAGED_COMMIT.fullmatch(name)) is not None
            ]
            if versions:
                return Problem(
                    ProblemKind.UNSUPPORTED,
                    f"{self.place}{folder} holds commits up to version {max(versions)}, and only up to {newest} are "
                    "published; only the catalog that coordinates them knows whether they count",
                    "let the catalog publish its commits more often",
                )
        return None

    def commit(self, version: int, key: Key) -> Commit:
        """Return a commit, by as many GETs as its size needs; one without a time has its file's."""
        known = self.read.get(version)
        if known is not None:
            return known
        place = f"s3://{self.bucket}/{key.key}"
        if key.size_bytes == 0:
            raise malformed(place, "it is empty")
        parser = CommitParser(place, version)
        for start in range(0, key.size_bytes, _PART_BYTES):
            if start >= MOST_COMMIT_BYTES:
                raise malformed(place, f"its first {MOST_COMMIT_BYTES:,} bytes do not tell what it did")
            last = start + _PART_BYTES >= key.size_bytes
            whole = start == 0 and last
            data = self.reader.store.get(
                self.bucket,
                key.key,
                byte_range=None if whole else (start, start + _PART_BYTES - 1),
                max_bytes=_PART_BYTES,
            )
            expected = min(_PART_BYTES, key.size_bytes - start)
            if len(data) != expected:
                raise malformed(place, f"{len(data):,} bytes of it came where {expected:,} were listed")
            if whole and self.raw is not None:
                self._keep(version, data, self.raw)
            parser.feed(data, last=last)
            if parser.has_info and parser.commit.adds:
                break
        commit = self.timed(parser.commit, key)
        self.read[version] = commit
        return commit

    @staticmethod
    def _keep(version: int, data: bytes, kept: dict[int, bytes]) -> None:
        if len(data) + sum(map(len, kept.values())) <= MOST_KEPT_BYTES:
            kept[version] = data

    def timed(self, commit: Commit, key: Key) -> Commit:
        """Return the commit with its file's time where it tells none itself."""
        if commit.at is not None:
            return commit
        note = f"{clean(f's3://{self.bucket}/{key.key}')} does not say when it was made: the time of its file is taken"
        if note not in self.notes:
            self.notes.append(note)
        return replace(commit, at=key.last_modified)

    def newest_arrival(self, log: Log, *, deletes: bool) -> Recency:
        """Find the newest arrival, from the newest commit back."""
        at: datetime | None = None
        version = self.newest_version(log)
        passed: list[Commit] = []
        while version >= 0:
            if version not in log.commits and version < log.start:
                start = max(0, version - _BACK)
                log = self.list_from(start, until=version)
            key = log.commits.get(version)
            if key is None:
                if at is None:  # only a checkpoint is left: its file was written after what it holds
                    at = max((key.last_modified for key in log.checkpoints.get(version, ())), default=None)
                at = self.clock.now if at is None and self.clock.ignore_later else at
                why = f"{_say_passed(passed)}, and the log before version {version + 1} was cleaned up"
                return self._bounded(only_bounded(self.table.id, at, why, _RETAIN), at, version)
            if len(passed) >= MOST_COMMITS:
                why = f"{_say_passed(passed)}, and no more than {MOST_COMMITS} are read"
                problem = replace(
                    only_bounded(self.table.id, at, why, _LESS_OFTEN), kind=ProblemKind.OVER_BUDGET
                )
                return self._bounded(problem, at, version)
            commit = self.commit(version, key)
            if not self._is_later(commit):
                if commit.is_arrival(deletes=deletes) and commit.at is not None:
                    if passed:
                        self.notes.append(f"{self.table.id}: {_say_passed(passed)}")
                    return Recency(
                        Arrival(commit.at, f"s3://{self.bucket}/{key.key}"), notes=tuple(self.notes)
                    )
                passed.append(commit)
                at = commit.at
            version -= 1
        return Recency(notes=tuple(self.notes))

    def _bounded(self, problem: Problem, at: datetime | None, version: int) -> Recency:
        by = f"the log of {self.place} from version {version + 1} on"
        return Recency(problem=problem, notes=tuple(self.notes), no_later_than=at, bound_by=by)

    def newest_version(self, log: Log) -> int:
        """Return the newest version; with later ones to be ignored, the newest that is not later."""
        newest = log.newest or 0
        if not self.clock.ignore_later or newest not in log.commits:
            return newest
        if not self._is_later(self.commit(newest, log.commits[newest])):
            return newest
        if log.start and self._is_later(self.commit(min(log.commits), log.commits[min(log.commits)])):
            log = self.list_from(0)
        versions = sorted(log.commits)
        earlier = bisect_right(
            versions, 0, key=lambda each: int(self._is_later(self.commit(each, log.commits[each])))
        )
        return versions[max(0, earlier - 1)]

    def _is_later(self, commit: Commit) -> bool:
        return self.clock.ignore_later and commit.at is not None and commit.at > self.clock.now


def _say_passed(passed: list[Commit]) -> str:
    if not passed:
        return "it has no commit that tells"
    kinds = ", ".join(sorted({clean(commit.operation or "unnamed")[:40] for commit in passed})[:5])
    if len(passed) == 1:
        return f"its newest commit added no data ({kinds})"
    return f"its newest {len(passed)} commits added no data ({kinds})"


@dataclass(frozen=True, slots=True)
class DeltaReader:
    """Reads Delta tables: one LIST and a GET or two tell when data last came."""

    iam_actions: tuple[str, ...] = ("s3:ListBucket", "s3:GetObject")

    def claims(self, table: Table) -> bool:
        """Tell whether the catalog marks the table as Delta, or it is read through symlink manifests."""
        return table.format is Format.DELTA or (table.location or "").endswith(_SYMLINKS)

    def observe(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
        """Return what the table's log tells; raise Unobserved when it cannot be read."""
        bucket, root = self._root(plan.table)
        walk = Walk(plan.table, clock, reader, bucket, f"{root}_delta_log/")
        asked = asked_of(plan, clock)
        if asked.more:
            walk.raw = {}
        log = walk.newest_log()
        recency = walk.newest_arrival(log, deletes=asked.detail.deletes_count)
        staged = walk.staged_beyond(log)
        if staged is not None and recency.problem is None:
            recency = replace(recency, problem=staged)
        seen = observation_of(plan, clock, recency)
        if seen.listing is not None:  # it was never loaded
            return seen
        from checks.lake.formats.delta_files import with_more  # it needs what is defined here

        return with_more(seen, asked, clock, walk, log, staged)

    def _root(self, table: Table) -> tuple[str, str]:
        if table.location is None:
            raise unsupported(
                table.id, "it has no location in S3 in the catalog", "mend it, or exclude the table"
            )
        if table.location.endswith(_PLACEHOLDER):
            raise unsupported(
                table.id,
                f"the catalog names {table.location} in place of its location, as Spark does",
                "set the table's location in Glue to its path",
            )
        location = table.location
        if location.endswith(_SYMLINKS):
            location = location[: -len(_SYMLINKS) + 1]
        return split_uri(location)


READER = DeltaReader()
