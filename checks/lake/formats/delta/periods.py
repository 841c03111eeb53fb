"""Delta: which partitions hold rows, how much the table holds and of which files, where a check asks for it.

Delta Transaction Log Protocol: "Action Reconciliation", "Add File and Remove File", "Per-file Statistics".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.aws.uris import place_of
from checks.lake.formats.delta.checkpoint import TooMuchError
from checks.lake.formats.delta.features import NotReadable
from checks.lake.formats.delta.live_files import LiveFiles, LogFiles, file_uri
from checks.lake.formats.delta.values import newest_value
from checks.lake.formats.shared.partition_tally import (
    Held,
    held_of,
    layout_of,
    too_much,
    wanted,
    with_partitions,
    without_partitions,
)
from checks.layout import NULL_PARTITION
from checks.model import Column, Problem, ProblemKind, Unobserved, WholeSeen
from checks.rights import GET, Reach, folder_of_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from checks.lake.formats.delta.actions import Commit, FileAction
    from checks.lake.formats.delta.walk import Walk
    from checks.lake.formats.shared.asked import Asked
    from checks.model import Observation
    from checks.rules.asking import Clock


def with_more(
    seen: Observation, asked: Asked, clock: Clock, files: LogFiles, hidden: Problem | None
) -> Observation:
    """Return the observation with all that the table's rules ask of its log; what is not known says why.

    ``hidden`` says why there may be commits that nobody sees.
    """
    plan, walk = asked.plan, files.walk
    if asked.value is not None:
        seen = replace(seen, values=newest_value(files, asked, asked.value, clock, hidden))
    if not (asked.periods or asked.whole or asked.live):
        return seen
    live = LiveFiles(files, clock, rows=asked.rows)
    base_at, problem = clock.now, None
    try:
        base_at = live.read()
    except TooMuchError as error:
        problem = too_much(plan.table.id, str(error), found="periods" if asked.periods else "files")
    except NotReadable:
        raise
    except Unobserved as error:
        if asked.periods:
            return without_partitions(seen, plan, clock, error.problem)
        unread = WholeSeen(problem=error.problem)
        return replace(
            seen, whole=unread if asked.whole else seen.whole, live=unread if asked.live else seen.live
        )
    if asked.periods:
        try:
            return Partitions(asked, clock, walk, live).add_to(seen, base_at, problem)
        except Unobserved as error:
            return without_partitions(seen, plan, clock, error.problem)
    whole = _whole(asked, walk, live, base_at, problem) if hidden is None else WholeSeen(problem=hidden)
    return replace(seen, whole=whole if asked.whole else None, live=whole if asked.live else None)


def elsewhere(walk: Walk, clock: Clock, *, data: bool) -> Iterator[Reach]:
    """Yield the folders outside of the table's own that its log names: sidecars, and with ``data`` the files of rows.

    Raises Unobserved where not all of the log could be read; what came before holds.
    """
    files = LogFiles(walk, walk.newest_log())
    live = LiveFiles(files, clock)
    why = ""
    try:
        live.read()
    except TooMuchError as error:
        why = str(error)
    places = files.kept_elsewhere()
    root = walk.prefix.removesuffix("_delta_log/")
    for action, _ in live.pending if data else ():
        place = place_of(file_uri(walk, action.path))
        if place is not None and (place[0] != walk.bucket or not place[1].startswith(root)):
            places.append(place)
    for bucket, folder in sorted({(bucket, folder_of_all(key)) for bucket, key in places}):
        yield Reach(GET, bucket, folder)
    if why:
        raise Unobserved(too_much(walk.table.id, why))


def _whole(
    asked: Asked, walk: Walk, live: LiveFiles, base_at: datetime, problem: Problem | None
) -> WholeSeen:
    """Return what all files of the table come to, and why that is only a lower bound."""
    held = held_of(asked)
    for action, commit in live.pending:
        held.count(action.size_bytes, action.rows)
        came, at = _arrived(action, commit), commit.at if commit is not None else None
        held.grow(
            action.size_bytes, at or base_at, action.rows, is_dated=came is not None and not came.removes
        )
        _note(held, action, walk)
    return WholeSeen(listing=held.listing(complete=True), problem=problem)


def _note(held: Held, action: FileAction, walk: Walk) -> None:
    if held.names is not None:
        held.names.add(file_uri(walk, action.path), action.size_bytes, "parquet")


@dataclass(frozen=True, slots=True)
class Partitions:
    """Finds out which periods hold rows in a table, from all of its log that counts."""

    asked: Asked
    clock: Clock
    walk: Walk
    live: LiveFiles

    def add_to(self, seen: Observation, base_at: datetime, problem: Problem | None) -> Observation:
        """Return the observation with the periods in it; raise Unobserved when they cannot be told."""
        plan = self.asked.plan
        told = self.live.keys
        if told is None and not plan.table.partition_keys:
            raise Unobserved(problem or _no_keys(plan.table.id))
        told = {key.name: key for key in plan.table.partition_keys} if told is None else told
        if not told:
            raise Unobserved(
                Problem(
                    ProblemKind.UNSUPPORTED,
                    f"{plan.table.id} is not partitioned, so its log does not tell one period from the next",
                    "watch it with freshness",
                )
            )
        held: dict[tuple[str, ...], Held] = defaultdict(lambda: held_of(self.asked))
        for action, commit in self.live.pending:
            found = held[_texts(action, told.items())]
            _count(found, action, commit, base_at)
            _note(found, action, self.walk)
        # As Glue and the config write them.
        keys = tuple(Column(key.name.lower(), key.type) for key in told.values())
        layout = layout_of(plan, keys, held)
        if isinstance(layout, Problem):
            raise Unobserved(layout)
        want = wanted(plan, self.clock, layout)
        return with_partitions(seen, self.asked, want, keys, held, problem=problem)


def _texts(action: FileAction, keys: Iterable[tuple[str, Column]]) -> tuple[str, ...]:
    """Return the partition's values in the order of the keys, by the names that files have for them.

    An empty text is null, as null is (protocol, "Partition Value Serialization").
    """
    return tuple(action.values.get(name) or NULL_PARTITION for name, _ in keys)


def _no_keys(table: str) -> Problem:
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"the log of {table} tells no schema, so by which columns it is partitioned is not known",
        "watch it with freshness",
    )


def _count(held: Held, action: FileAction, commit: Commit | None, base_at: datetime) -> None:
    """Count a file: what a commit rewrote came before it, what the checkpoint holds before the commits after it."""
    came = _arrived(action, commit)
    if came is None or came.at is None:
        at = commit.at if commit is not None else None
        held.add_unknown(action.size_bytes, at or base_at, action.rows)
        return
    evidence, is_new = f"commit {came.version}", not came.removes
    held.add(action.size_bytes, came.at, evidence, is_new=is_new, rows=action.rows)


def _arrived(action: FileAction, commit: Commit | None) -> Commit | None:
    """Return the commit by which the rows of a file came; None where another one before brought them."""
    if commit is None or commit.at is None or not action.changes_data or not commit.is_arrival(deletes=False):
        return None
    return None if action.is_marked and commit.removes else commit
