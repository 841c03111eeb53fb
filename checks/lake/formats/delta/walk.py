"""Delta: when data last came, from the newest commits of a log back.

Delta Transaction Log Protocol: "Delta Log Entries", "Actions", "In-Commit Timestamps", "Last Checkpoint File".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from checks.aws.problems import clean
from checks.lake.codecs.documents import malformed
from checks.lake.formats.delta.actions import Commit, CommitParser, over_bound, parse_hint
from checks.lake.formats.delta.features import check_protocol
from checks.lake.formats.delta.versions import Log, sort_log
from checks.lake.formats.shared.recency import Recency, only_bounded
from checks.model import Arrival, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checks.lake.s3.objects import Key, Page
    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Table, TableMemory
    from checks.rules.asking import (
        Clock,
    )

MOST_COMMITS = 100
"""Commits that are read in search of an arrival, newest first, before it is given up."""
MOST_COMMIT_BYTES = 64 * 1024 * 1024
"""What is read of one commit at most, in parts: the part that holds an arrival ends it."""
MOST_KEPT_BYTES = 16 * 1024 * 1024
"""Bytes of commits that were read for recency and are kept for whoever asks for more; others are got again."""
MOST_TO_LEARN = 40
"""Commits that are read of one table, once, to learn when data comes: a month of days and their maintenance."""
_PART_BYTES = 4 * 1024 * 1024
_MOST_HINT_BYTES = 4 * 1024 * 1024
_MOST_PAGES = 100
_BACK = 300
"""So many versions before the ones listed are listed next: with their checksums they fill a page at most."""
_STAGED = ("_staged_commits/", "_commits/")
_STAGED_COMMIT = re.compile(r"([0-9]{20})\.[0-9A-Za-z-]{1,64}\.json")
_MOST_BEFORE = 10
"""Commits before an arrival that are read for a later time than its own: as many as lie between two checkpoints."""
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
    until: datetime | None = None
    """What came later does not count: it was not there yet at a stated time, or no reader sees it."""
    knows_protocol: bool = False
    """True once a file of the log told what it asks of its readers, and that is known here."""

    @property
    def place(self) -> str:
        """The log's folder, for people."""
        return f"s3://{self.bucket}/{self.prefix}"

    def hint(self) -> int | None:
        """Return the version of the last checkpoint, None where no such file is there or it is torn.

        S3 may refuse what is not there to who may list some prefixes only; a refusal that means more comes again.
        """
        try:
            data = self.reader.store.get(
                self.bucket, f"{self.prefix}_last_checkpoint", max_bytes=_MOST_HINT_BYTES
            )
        except Unobserved as error:
            kinds = (ProblemKind.NOT_FOUND, ProblemKind.MALFORMED, ProblemKind.OVER_BUDGET)
            if error.problem.kind in kinds or error.problem.lacks:
                return None
            raise
        return parse_hint(data)

    def list_from(self, version: int, *, until: int | None = None, first: Page | None = None) -> Log:
        """List the log from a version on, every page followed, or up to the version ``until``.

        ``first`` is its first page where that is there already.
        """
        keys: list[Key] = []
        folders: list[str] = []
        token = None
        for _ in range(_MOST_PAGES):
            page = first or self._page(version, token)
            first = None
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

    def _page(self, version: int, token: str | None = None) -> Page:
        return self.reader.store.list_page(
            self.bucket, self.prefix, start_after=f"{self.prefix}{version:020d}", token=token, delimiter="/"
        )

    def listed_back(self, log: Log) -> Log:
        """Return a log with some of the versions before those that were listed."""
        return log.after(self.list_from(max(0, log.start - _BACK), until=log.start))

    def newest_log(self) -> Log:
        """Return the log: all of it where one page shows that, else since its last checkpoint.

        Where the hint leads nowhere it is listed from its first version on.
        """
        first = self._page(0)
        hint = self.hint() if first.token is not None else None
        listed = sort_log(first.keys, self.prefix, 0).newest
        if hint is None or (listed is not None and hint <= listed):
            hint = None
        log = self.list_from(hint) if hint is not None else self.list_from(0, first=first)
        if log.newest is None and hint is not None:
            log = self.list_from(0, first=first)
        if log.newest is None:
            raise Unobserved(
                Problem(
                    ProblemKind.NOT_FOUND,
                    f"{self.place} holds no commit and no checkpoint of a Delta log",
                    "mend the table's location in the catalog",
                )
            )
        if hint is not None and log.start == hint and not log.checkpoints:
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
                raise over_bound(place, f"{MOST_COMMIT_BYTES:,} bytes")
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
            if parser.has_info and parser.commit.told_at is not None and parser.commit.brings:
                break
        commit = self.timed(parser, key)
        self.read[version] = commit
        return commit

    @staticmethod
    def _keep(version: int, data: bytes, kept: dict[int, bytes]) -> None:
        if len(data) + sum(map(len, kept.values())) <= MOST_KEPT_BYTES:
            kept[version] = data

    def ask(self, protocol: Mapping[str, Any] | None, place: str) -> None:
        """Take note of what the log asks of its readers, the newest first: what it asked before counts no more.

        Raises NotReadable where that is not known.
        """
        if protocol is not None and not self.knows_protocol:
            check_protocol(protocol, place)
            self.knows_protocol = True

    def timed(self, parser: CommitParser, key: Key) -> Commit:
        """Return the commit with when it came, by what it tells and by when its file was written."""
        self.ask(parser.protocol, parser.place)
        commit = parser.commit.timed(key.last_modified)
        if commit.told_at is None:
            taken = "its file" if commit.at == key.last_modified else "the newest file that it adds"
            place = clean(f"s3://{self.bucket}/{key.key}")
            why = f" does not say when it was made: the time of {taken} is taken"
            if not any(
                note.endswith(why) for note in self.notes
            ):  # one stands for all: a copied log has many
                self.notes.append(place + why)
        return commit

    def newest_arrival(self, log: Log, *, deletes: bool, enough_at: datetime | None = None) -> Recency:
        """Find the newest arrival, from the newest commit back.

        One that came at ``enough_at`` or later passes; of an older one the commits before it may tell that it did.
        """
        at: datetime | None = None
        newest = log.newest
        version = log.start - 1 if newest is None else newest
        passed: list[Commit] = []
        while version >= 0:
            if version not in log.commits and version < log.start:
                log = self.listed_back(log)
            key = log.commits.get(version)
            if key is None:
                if at is None:  # only a checkpoint is left: its file was written after what it holds
                    at = max((key.last_modified for key in log.checkpoints.get(version, ())), default=None)
                at = self.until if at is None else at
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
                    at = self._not_before_others(log, commit, enough_at)
                    return Recency(Arrival(at, f"s3://{self.bucket}/{key.key}"), notes=tuple(self.notes))
                passed.append(commit)
                at = commit.at
            version -= 1
        return Recency(notes=tuple(self.notes))

    def times(self, log: Log, memory: TableMemory, *, deletes: bool) -> tuple[frozenset[int], bool]:
        """Return when listed commits came that brought data, in whole seconds since 1970, and whether those are all.

        Those that were read are known. Where a habit has to be learned, the newest of the others are read, each by a
        request. Of many more since an earlier run the time of their files is taken, whatever they did: maintenance is
        a small part of so many. Of few it might not be, and they are left out.
        """
        unread = [each for each in sorted(log.commits, reverse=True) if each not in self.read]
        if memory.has_to_learn:
            for version in unread if len(unread) <= MOST_TO_LEARN else ():
                try:
                    self.commit(version, log.commits[version])
                except Unobserved:
                    break  # what is learned rests on less
        times = {
            int(commit.at.timestamp())
            for commit in self.read.values()
            if commit.at is not None and commit.is_arrival(deletes=deletes) and not self._is_later(commit)
        }
        files = [log.commits[version].last_modified for version in unread if version not in self.read]
        if not memory.has_to_learn:
            files = [at for at in files if not memory.knows_until(at)]
        if len(files) > MOST_TO_LEARN:
            times |= {int(at.timestamp()) for at in files if self.until is None or at <= self.until}
        return frozenset(times), not files or len(files) > MOST_TO_LEARN

    def _not_before_others(self, log: Log, commit: Commit, enough_at: datetime | None) -> datetime:
        """Return when a commit came, or the latest time of those before it: clocks may run behind.

        These are read only where a pass would rest on it, and where their files were written later than the commit
        says that it came; a few of them, since a copied log has many.
        """
        at = found = commit.at or self.clock.now
        version = commit.version - 1
        for _ in range(_MOST_BEFORE):
            key = log.commits.get(version)
            if commit.in_order or enough_at is None or found >= enough_at or key is None:
                break
            if key.last_modified > found:
                before = self.commit(version, key)
                if before.is_dated and before.at is not None and not self._is_later(before):
                    found = max(found, before.at)
                if before.in_order:
                    break
            version -= 1
        if found > at:
            self.notes.append(
                f"{self.table.id}: commit {commit.version} says that it was made before one that it follows: it came "
                f"then or later"
            )
        return found

    def _bounded(self, problem: Problem, at: datetime | None, version: int) -> Recency:
        by = f"the log of {self.place} from version {version + 1} on"
        return Recency(problem=problem, notes=tuple(self.notes), no_later_than=at, bound_by=by)

    def as_of(self, log: Log) -> Log:
        """Return the log without the commits that do not count yet; without any where all are later."""
        newest = log.newest
        if self.until is None or newest is None or not self._is_later_in(log, newest):
            return log
        if log.start and self._is_later_in(log, min(log.commits)):
            log = self.list_from(0, until=newest).up_to(newest)
        versions = sorted(log.commits)
        earlier = bisect_right(versions, 0, key=lambda each: int(self._is_later_in(log, each)))
        if not earlier:
            return log.up_to(versions[0] - 1, start=versions[0])
        return log.up_to(versions[earlier - 1])

    def _is_later_in(self, log: Log, version: int) -> bool:
        """Tell whether a commit does not count yet; one whose file was written by then does, unread."""
        key = log.commits.get(version)
        if key is None or self.until is None or key.last_modified <= self.until:
            return False
        return self._is_later(self.commit(version, key))

    def _is_later(self, commit: Commit) -> bool:
        return self.until is not None and commit.at is not None and commit.at > self.until


def _say_passed(passed: list[Commit]) -> str:
    if not passed:
        return "it has no commit that tells"
    kinds = ", ".join(sorted({clean(commit.operation or "unnamed")[:40] for commit in passed})[:5])
    if len(passed) == 1:
        return f"its newest commit added no data ({kinds})"
    return f"its newest {len(passed)} commits added no data ({kinds})"
