"""How large a document of state may be, and what is left out of one that would be larger.

What costs least to lose goes first: what only spares requests, then what makes sentences richer, then what checks
compare with, and last what was told, which would be told again as new.
"""

from __future__ import annotations

import json
from collections.abc import Sized
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.history import document, memory_document, told_document
from checks.model import ArrivalsKept, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from checks.changes import State, Told
    from checks.model import TableMemory

STATE_ROOM = 48 * 1024 * 1024
"""A document of state is at most so large (of bytes) when it is written; one of up to 64 MiB is read."""
_SENTENCES = 4096
"""What the sentences on what was left out may take."""


@dataclass(frozen=True, slots=True)
class Written:
    """A state that fits, and its document; ``state.left_out`` says what had to go."""

    state: State
    content: bytes


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a table's memory: what it is called in the document and in a sentence, and a memory without it."""

    name: str
    said: str
    without: Callable[[TableMemory], TableMemory]


_PARTS = (
    _Part("answers", "what was seen of single partitions (they are listed again)", lambda m: replace(m, answers={})),
    _Part("log_answer", "what was read of logs (they are read again)", lambda m: replace(m, log_answer=None)),
    _Part("logs", "which prefixes hold logs (they are looked for again)", lambda m: replace(m, logs=None)),
    _Part("first_seen", "when data first came into older periods", lambda m: replace(m, first_seen=_newer(m))),
    _Part("past_periods", "how often periods came on time", lambda m: replace(m, past_periods={})),
    _Part("arrivals", "when data came earlier (limits are learned anew)", lambda m: replace(m, arrivals=None)),
    _Part("firsts", "when periods came (schedules are learned anew)", lambda m: replace(m, firsts={})),
    _Part("sizes", "the sizes of earlier periods (volume needs its history anew)", lambda m: replace(m, sizes={})),
    _Part("first_seen", "when data first came into any period", lambda m: replace(m, first_seen={})),
    _Part("layout", "how partition values carry time (it is found out again)", lambda m: replace(m, layout=None)),
    _Part("schema", "their columns (a change since the last run goes unnoticed)", lambda m: replace(m, schema=None)),
    _Part("combinations", "which values of dimensions were ever seen", lambda m: replace(m, combinations={})),
)  # fmt: skip


def bounded(state: State, room: int) -> Written:
    """Return the state without what is over ``room`` (of bytes), by rank, and its document."""
    state = replace(state, left_out=())
    written = Written(state, document.to_text(state).encode())
    if len(written.content) <= room:
        return written
    cut = _Cut(state, over=len(written.content) - room + _SENTENCES)
    for part in _PARTS:
        cut.part(part)
    cut.tables()
    cut.routes()
    cut.told()
    kept = replace(cut.state, left_out=tuple(cut.said))
    return Written(kept, document.to_text(kept).encode())


def say(left_out: Iterable[str]) -> str:
    """Say what was left out, as one sentence; empty when nothing was."""
    said = "; ".join(left_out)
    if not said:
        return ""
    return (
        f"The history's document was over its bound of {STATE_ROOM >> 20} MiB, so that was left out: {said}. "
        "Watch fewer tables, dimensions or periods in one config."
    )


@dataclass(slots=True)
class _Cut:
    """A state that is being made smaller, until nothing is ``over`` any more (of bytes)."""

    state: State
    over: int
    said: list[str]

    def __init__(self, state: State, over: int) -> None:
        self.state, self.over, self.said = state, over, []

    def part(self, part: _Part) -> None:
        """Take a part out of tables, the largest first."""
        tables = dict(self.state.tables)
        entries = {table: _length(getattr(record.memory, part.name)) for table, record in tables.items()}
        count = 0
        for table in sorted(entries, key=lambda table: (-entries[table], table)):
            if self.over <= 0 or not entries[table]:
                break
            before, after = tables[table].memory, part.without(tables[table].memory)
            self.over -= _size(memory_document.written_part(before, part.name))
            self.over += _size(memory_document.written_part(after, part.name))
            tables[table] = replace(tables[table], memory=after)
            count += 1
        self._left_out(count, "table", part.said)
        self.state = replace(self.state, tables=tables)

    def tables(self) -> None:
        """Take whole tables out, the largest first: one that goes from the catalog now would go unnoticed."""
        costs = {
            table: _size({table: memory_document.written_record(record)})
            for table, record in self.state.tables.items()
        }
        gone = self._dropped(costs, sorted(costs, key=lambda table: (-costs[table], table)))
        self._left_out(len(gone), "table", "all that is remembered of them but what was told")
        self.state = replace(
            self.state, tables={key: one for key, one in self.state.tables.items() if key not in gone}
        )

    def routes(self) -> None:
        """Take out what single routes were told otherwise: each counts as told like the whole report."""
        costs = {
            route: _size({route: told_document.written_route(own)})
            for route, own in self.state.routes.items()
        }
        gone = self._dropped(costs, sorted(costs, key=lambda route: (-costs[route], route)))
        self._left_out(len(gone), "route", "what they still have to be told")
        self.state = replace(
            self.state, routes={key: one for key, one in self.state.routes.items() if key not in gone}
        )

    def told(self) -> None:
        """Take out what was told, the least severe and the oldest first: it is told again as new."""
        told: Mapping[str, Told] = self.state.told
        costs = {key: _size(told_document.written_told(one)) for key, one in told.items()}
        gone = self._dropped(costs, sorted(told, key=lambda key: _rank(told[key])))
        self._left_out(len(gone), "finding", "that they were told (they are told again)")
        self.state = replace(self.state, told={key: one for key, one in told.items() if key not in gone})

    def _dropped(self, costs: Mapping[str, int], order: Iterable[str]) -> set[str]:
        gone = set()
        for key in order:
            if self.over <= 0:
                break
            gone.add(key)
            self.over -= costs[key]
        return gone

    def _left_out(self, count: int, noun: str, said: str) -> None:
        if count:
            self.said.append(f"of {count} {noun if count == 1 else noun + 's'}, {said}")


def _newer(memory: TableMemory) -> dict[str, datetime]:
    """Return the newer half of the periods with the times of their first data."""
    labels = sorted(memory.first_seen, reverse=True)
    return {label: memory.first_seen[label] for label in labels[: len(labels) // 2]}


def _length(part: object) -> int:
    """Return how much there is of a part: its entries, of arrivals what they are written as, of one answer one."""
    if isinstance(part, ArrivalsKept):
        return len(part.times) + 1
    return len(part) if isinstance(part, Sized) else int(part is not None)


def _rank(told: Told) -> tuple[bool, int, object, str]:
    severity = {None: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}[told.severity]
    return not told.silenced, severity if told.status is Status.FAIL else 0, told.told_at, told.id


def _size(value: object) -> int:
    """Return the bytes that a part takes; nothing where it is empty."""
    return len(json.dumps(value)) if value else 0
