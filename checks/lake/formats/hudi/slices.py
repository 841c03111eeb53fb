"""Hudi: the files that are in a table, how much they hold, and the newest value of a column by their footers.

Apache Hudi Technical Specification, "File Layout Hierarchy" (file groups and slices) and "Timeline".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.aws.uris import uri_of
from checks.lake.codecs.footers import read_footer
from checks.lake.formats.hudi.commits import MAINTENANCE
from checks.lake.formats.hudi.timeline import WRITES
from checks.lake.formats.hudi.walk import MOST_COMMITS
from checks.lake.formats.shared.footer_values import Footers
from checks.lake.formats.shared.newest_value import Newest, no_value
from checks.lake.formats.shared.partition_tally import Held, held_of
from checks.model import FileSeen, FooterSeen, Problem, ProblemKind, Unobserved, WholeSeen

if TYPE_CHECKING:
    from datetime import datetime

    from checks.lake.formats.hudi.commits import Commit, Written
    from checks.lake.formats.hudi.timeline import Instant, Properties, Timeline
    from checks.lake.formats.hudi.walk import Walk
    from checks.lake.formats.shared.asked import Asked
    from checks.model import ValuesSeen
    from checks.rules.asking import Clock, ValueAsk

_OVERLAP = (
    "log files hold changes that wait for their compaction, and rows in them overlap those in base files"
)


@dataclass(slots=True)
class Slices:
    """Finds the newest files of each file group, going through the timeline from its newest instant back."""

    walk: Walk
    clock: Clock
    properties: Properties
    timeline: Timeline
    live: list[tuple[Written, Instant]] = field(default_factory=list)
    problem: Problem | None = None
    """Why there may be more files than ``live``."""
    known_since: datetime | None = None
    """When the oldest instant was made that was read; None where files from then on may not be known either."""
    _settled: dict[str, str] = field(default_factory=dict)
    """When the base file of a group was requested: logs from before are in it, later ones lie on top of it."""
    _replaced: set[str] = field(default_factory=set)
    _read: int = 0

    def instants(self) -> list[Instant]:
        """Return the instants that may have written files, maintenance included, without those later than now."""
        return [each for each in self.timeline.instants if each.action in WRITES and self.walk.is_there(each)]

    def take(self, instant: Instant) -> tuple[Commit, list[Written]]:
        """Return what an instant did, and which of its files are still in the table; raise Unobserved."""
        if self._read >= MOST_COMMITS or self.walk.is_full:
            raise Unobserved(self._beyond(f"no more than {self._read} commits on its timeline are read"))
        self._read += 1
        commit = self.walk.commit(instant)
        found: list[Written] = []
        for written in commit.written:
            base = self._settled.get(written.group)
            if written.group in self._replaced or (base is not None and written.is_base):
                continue
            if written.is_base:
                self._settled[written.group] = instant.requested
            elif base is not None and instant.requested <= base:
                continue
            found.append(written)
        self._replaced |= commit.replaced_groups
        self.live += [(each, instant) for each in found]
        return commit, found

    def end(self) -> Problem | None:
        """Return why files may be in the table that no instant told of, by one LIST; None where there are none."""
        if self.walk.is_archived(self.properties):
            return self._beyond("what was before its timeline is archived")
        return None

    def _beyond(self, what: str) -> Problem:
        return Problem(
            ProblemKind.OVER_BUDGET,
            f"{self.walk.table.id}: {what}, and commits before may have written other files",
            "keep more instants on the active timeline (hoodie.keep.min.commits)",
        )

    def read_all(self) -> None:
        """Read all instants; what stands in the way is the problem."""
        try:
            instants = self.instants()
            for instant, not_after in zip(instants, self.walk.not_after(instants), strict=True):
                self.take(instant)
                self.known_since = not_after if self.timeline.is_in_order else None
            self.problem = self.end()
        except Unobserved as error:
            self.problem = error.problem
        unsized = self._unsized()
        if unsized is not None:
            self.problem, self.known_since = self.problem or unsized, None

    def _unsized(self) -> Problem | None:
        written = next((each for each, _ in self.live if each.size_bytes is None), None)
        return (
            None
            if written is None
            else Problem(
                ProblemKind.UNSUPPORTED,
                f"the commit that wrote {self.uri(written)} does not tell its size (fileSizeInBytes)",
                "turn volume off for this table",
            )
        )

    def uri(self, written: Written) -> str:
        """Return the URI of a file: its path below the table's location, or a whole URI."""
        if "://" in written.path:
            return uri_of(written.path)
        return uri_of(f"s3://{self.walk.bucket}/{self.walk.root}{written.path}")

    def count(self, held: Held, written: Written, instant: Instant) -> None:
        """Count a file: base files hold the rows that were written, those of log files are not told."""
        rows = (
            written.rows if written.rows is not None else f"{written.path} does not tell its rows (numWrites)"
        )
        size = written.size_bytes if written.size_bytes is not None else 1  # it is there
        rows = rows if written.is_base else _OVERLAP
        held.count(size, rows)
        if held.growing is not None:
            came = self.walk.came(instant)
            at = None if came.in_any_zone or self._is_copied(written, instant) else came.earliest
            held.grow(size, at or came.latest, rows, is_dated=at is not None)
        if held.names is not None:
            recorded = self.properties.entries.get("hoodie.table.base.file.format", "parquet").lower()
            held.names.add(self.uri(written), size, recorded if written.is_base else None)

    def _is_copied(self, written: Written, instant: Instant) -> bool:
        """Tell whether a file holds rows that were there before: it follows another one, or maintenance wrote it."""
        return written.follows or instant.by_plan or self.walk.commit(instant).operation in MAINTENANCE


def whole_of(slices: Slices, asked: Asked) -> WholeSeen:
    """Return what the files that are in the table come to, and why that is only a lower bound."""
    held = held_of(asked)
    for written, instant in slices.live:
        slices.count(held, written, instant)
    return WholeSeen(listing=held.listing(complete=True), problem=slices.problem)


def newest_value_in(slices: Slices, ask: ValueAsk, table: str) -> ValuesSeen:
    """Return the newest value of the column, by footers from the newest instant back until it is settled."""
    newest = Newest(ask, slices.clock)
    store = slices.walk.reader.store
    footers = Footers(slices.walk.reader, ask, newest, table, lambda file: read_footer(store, file, ask))
    try:
        for instant in slices.instants():
            if newest.is_settled_by(instant.key.last_modified):  # never before what it wrote
                return newest.seen()
            commit, found = slices.take(instant)
            _add(slices, instant, commit, found, newest, footers)
        problem = None if newest.is_recent else slices.end()
        if problem is not None:
            newest.miss(problem)
    except Unobserved as error:
        newest.miss(error.problem)
    return newest.seen()


def _add(
    slices: Slices,
    instant: Instant,
    commit: Commit,
    found: list[Written],
    newest: Newest,
    footers: Footers,
) -> None:
    """Take note of the files of an instant: base files by their footers, log files have none."""
    at = slices.walk.came(instant).latest
    is_latest = instant.by_plan or commit.operation in MAINTENANCE
    bases: list[FileSeen] = []
    others: list[FooterSeen] = []
    for written in found:
        file = FileSeen(slices.uri(written), written.size_bytes or 0, at, is_latest)
        if written.is_base and written.rows == 0:
            continue
        if not written.is_base:
            why = "it is a log file, which has no footer that tells values"
            others.append(no_value(file, why, "let compaction run more often", ProblemKind.UNSUPPORTED))
        elif not written.path.endswith(".parquet"):
            why = "it is no Parquet file, and others have no footer that tells values"
            others.append(no_value(file, why, "turn events off for this table", ProblemKind.UNSUPPORTED))
        else:
            bases.append(file)
    if bases:
        footers.read(bases)
    for each in others[:1]:  # one of them is enough to doubt
        newest.add(each)
