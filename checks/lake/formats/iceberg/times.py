"""Iceberg: when readers could see the rows of a snapshot, held against when its files were written.

Apache Iceberg Table Spec, "Snapshots" and "Table Metadata Fields" (``snapshot-log``, ``metadata-log``,
``last-updated-ms``). A writer's clock tells the times in a metadata file, and clocks are wrong now and then.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from checks.lake.formats.iceberg.metadata import MOST_BYTES
from checks.lake.formats.shared.recency import AHEAD
from checks.lake.formats.shared.times import Stamp, in_order
from checks.model import Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from checks.lake.formats.iceberg.metadata import Logged, Metadata, Snapshot
    from checks.lake.s3.table_reader import LakeReader

MOST_LOOKS = 10
"""Files of one table that are looked at for when they were written, or for what a summary does not tell."""
_FIRST_BYTE = (0, 0)
_CLOCKS = "look at the clocks of the machines that write it"


@dataclass(slots=True)
class Files:
    """The files that a metadata file names, other than manifests.

    Of each it is asked once at the most when it was written; the current snapshot's manifest list is read once, and
    kept. ``looks`` counts the requests.
    """

    metadata: Metadata
    reader: LakeReader
    looks: int = 0
    _written: dict[str, datetime | None] = field(default_factory=dict)
    _kept: dict[str, bytes | Unobserved] = field(default_factory=dict)

    def manifest_list(self, uri: str) -> tuple[bytes, str] | None:
        """Return a manifest list and its place, None where it is not in S3; raise Unobserved."""
        place = self.metadata.place_of(uri)
        if place is None:
            return None
        kept = self._kept.get(uri)
        if kept is None:
            self.looks += 1
            try:
                kept, self._written[uri] = self.reader.store.get_dated(*place, max_bytes=MOST_BYTES)
            except Unobserved as error:
                self._kept[uri] = kept = error
            if uri == self.metadata.list_of(self.metadata.current_id):
                self._kept[uri] = kept
        if isinstance(kept, Unobserved):
            raise Unobserved(kept.problem) from kept
        return kept, f"s3://{place[0]}/{place[1]}"

    def written_at(self, uri: str) -> datetime | None:
        """Return when a file was written, None where it is not there (any more) or not in S3; raise Unobserved."""
        place = self.metadata.place_of(uri)
        if place is None:
            return None
        if uri not in self._written:
            kept = self._kept.get(uri)
            if isinstance(kept, Unobserved) and kept.problem.kind is ProblemKind.NOT_FOUND:
                return None
            self.looks += 1
            self._written[uri] = None
            try:
                _, self._written[uri] = self.reader.store.get_dated(
                    *place, byte_range=_FIRST_BYTE, max_bytes=1
                )
            except Unobserved as error:
                if error.problem.kind is not ProblemKind.NOT_FOUND:
                    del self._written[uri]
                    raise
        return self._written[uri]


@dataclass(slots=True)
class Dates:
    """When the snapshots of a table came: the current one and its parents, ``chain``, the oldest first.

    ``told`` is what the log tells of each: its own time, or that of its publication. ``bounded`` is never later than
    what was written with it, as far as that is known: all that a metadata file tells is older than the file.
    ``is_settled`` where no further file would tell more.
    """

    metadata: Metadata
    start: int | None = None
    chain: tuple[int, ...] = ()
    files: Files | None = None
    told: list[datetime | None] = field(default_factory=list)
    bounded: list[datetime | None] = field(default_factory=list)
    is_settled: list[bool] = field(default_factory=list)
    _published: Mapping[int, int] = field(default_factory=dict)
    """By position the entry of the snapshot log by which it was published, where that is later than its own time."""
    _log: tuple[Logged, ...] = ()
    _place: Mapping[int, int] = field(default_factory=dict)
    _came: list[datetime | None] | None = None

    @classmethod
    def of(cls, metadata: Metadata, start: int | None, files: Files | None = None) -> Dates:
        """Look through the snapshots from ``start`` back along its parents."""
        chain = tuple(reversed(list(metadata.ancestry(start))))
        told = [metadata.told_at(number) for number in chain]
        log = metadata.log()
        published = dict(_published(metadata, chain, told, log))
        for position, entry in published.items():
            told[position] = log[entry].at
        found = cls(
            metadata,
            start,
            chain,
            files,
            told,
            [Stamp(at, metadata.written_at).bounded if at is not None else None for at in told],
            [files is None] * len(chain),
            published,
            log,
            {number: position for position, number in enumerate(chain)},
        )
        if chain and chain[-1] == metadata.current_id:
            found.is_settled[-1] |= _is_written_with(metadata, told[-1])
        return found

    def came(self, snapshot_id: int) -> datetime | None:
        """Return when a snapshot came by all that is known so far: bounded, never before one that precedes it.

        None where no snapshot tells it.
        """
        position = self._place.get(snapshot_id)
        if position is None:
            told = self.metadata.told_at(snapshot_id)
            return Stamp(told, self.metadata.written_at).bounded if told is not None else None
        if self._came is None:
            self._came = list(in_order(Stamp(at) for at in self.bounded))
        return self._came[position]

    def lineage(self) -> Iterator[Snapshot | None]:
        """Yield the snapshots with the times that they came at, newest first; None at the end for one that has expired.

        Raises Unobserved where one of them is malformed.
        """
        for snapshot in self.metadata.lineage(self.start):
            at = self.came(snapshot.id) if snapshot is not None else None
            yield replace(snapshot, at=at) if snapshot is not None and at is not None else snapshot

    def settle(self, snapshot_id: int, limit: datetime | None) -> datetime | None:
        """Return when a snapshot came; where that is at or after the limit, it is as sure as files make it.

        Raises Unobserved where a file that would tell it cannot be read, or too many would have to be looked at.
        """
        position = self._place.get(snapshot_id)
        while position is not None and limit is not None:
            came = self.came(snapshot_id)
            proved = self._proved(position)
            if proved is not None and proved >= limit:
                return proved
            if came is None or came < limit:
                return came
            own = self.bounded[position]
            is_own = own is not None and own >= limit and not self.is_settled[position]
            self._look(position if is_own else self._latest(position))
        return self.came(snapshot_id)

    def _proved(self, position: int) -> datetime | None:
        """Return the latest settled time of a snapshot and those before it."""
        pairs = zip(self.bounded[: position + 1], self.is_settled, strict=False)
        return max((at for at, is_settled in pairs if is_settled and at is not None), default=None)

    def _latest(self, position: int) -> int:
        """Return which of a snapshot and those before it makes it as late as it seems."""
        open_ones = [
            (at, place)
            for place, at in enumerate(self.bounded[: position + 1])
            if at is not None and not self.is_settled[place]
        ]
        return max(open_ones)[1]

    def _look(self, position: int) -> None:
        """Look when the files of a commit were written, the likeliest first, until one is there."""
        self.is_settled[position] = True
        self._came = None
        for uri in self._written_with(position):
            if self.files is None:
                return
            if self.files.looks >= MOST_LOOKS:
                self.is_settled[position] = False
                raise Unobserved(
                    Problem(
                        ProblemKind.OVER_BUDGET,
                        f"more than {MOST_LOOKS} files that {self.metadata.place} names would have to be looked at "
                        "to know when its newest data came",
                        _CLOCKS,
                    )
                )
            try:
                written_at = self.files.written_at(uri)
            except Unobserved:
                self.is_settled[position] = False
                raise
            if written_at is not None:
                self.bounded[position] = Stamp(self.bounded[position], written_at).bounded
                return
        told, latest = self.told[position], self.metadata.written_at
        if told is not None and latest is not None and told > latest and position + 1 < len(self.chain):
            # No file tells more of a time that is wrong for sure: it came before what followed it.
            self.bounded[position] = Stamp(self.bounded[position], self.bounded[position + 1]).bounded

    def _written_with(self, position: int) -> Iterator[str]:
        """Yield the files that were written with a commit: of a publication the metadata file, else its manifest list.

        Where the metadata file of a publication is not known, what the next commit wrote is not older.
        """
        entry = self._published.get(position)
        file = (
            self.metadata.list_of(self.chain[position])
            if entry is None
            else self.metadata.file_written_at(self._log[entry].at)
        )
        if file is not None:
            yield file
        if entry is None or entry + 1 == len(self._log):
            return
        following = self._log[entry + 1].snapshot_id
        after = self.metadata.list_of(following)
        if after is not None and following not in self.chain[: position + 1]:
            yield after


def _is_written_with(metadata: Metadata, told: datetime | None) -> bool:
    """Tell whether the metadata file is that of its newest commit, and not of one that only changed properties.

    What it says of its last change is believed where it is not later than the file itself.
    """
    updated, written_at = metadata.updated_at, metadata.written_at
    if told is None or updated is None or written_at is None:
        return True
    if told > written_at:
        return abs(updated - told) <= AHEAD
    return not told + AHEAD < updated <= written_at


def _published(
    metadata: Metadata,
    chain: Sequence[int],
    told: Sequence[datetime | None],
    log: Sequence[Logged],
) -> Iterator[tuple[int, int]]:
    """Yield the positions of snapshots that were published later than written, with the entry of the log that did it.

    That is the first entry that is the snapshot or a descendant of it, if an earlier one remains that is neither; a
    rollback is an entry, too. Of entries whose snapshot is gone this is known where they are older than the snapshot.
    """
    reach = _Reach(metadata, {number: position for position, number in enumerate(chain)})
    highest, others = -1, 0
    gone: datetime | None = None
    for number, entry in enumerate(log):
        position = reach.of(entry.snapshot_id)
        if position is None:
            gone = min(gone or entry.at, entry.at)
            continue
        for place in range(highest + 1, position + 1):
            own = told[place]
            if own is None or not (others or (gone is not None and gone < own)):
                continue
            # Of two times of which the file disproves one, the other one is right.
            is_wrong = metadata.written_at is not None and entry.at <= metadata.written_at < own
            if entry.at > own or is_wrong:
                yield place, number
        highest = max(highest, position)
        others += 1


@dataclass(slots=True)
class _Reach:
    """Finds the last snapshot of a chain that another one descends from: its position, -1 for none, None: not known."""

    metadata: Metadata
    place: Mapping[int, int]
    known: dict[int, int | None] = field(default_factory=dict)

    def of(self, snapshot_id: int | None) -> int | None:
        walked: list[int] = []
        found: int | None = None
        while snapshot_id is not None:
            if snapshot_id in self.place:
                found = self.place[snapshot_id]
                break
            if snapshot_id in self.known:
                found = self.known[snapshot_id]
                break
            if snapshot_id not in self.metadata.snapshots:
                break
            walked.append(snapshot_id)
            self.known[snapshot_id] = None  # should it be its own ancestor
            snapshot_id = self.metadata.parent_of(snapshot_id)
            if snapshot_id is None:
                found = -1
        self.known.update(dict.fromkeys(walked, found))
        return found
