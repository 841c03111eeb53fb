"""Marks as they are kept: an object each in ``marks/<config>/``, written once; taking one back is an object beside it.

Names begin with when the mark ends, so that one listing that starts now names those that still hold, however many
there were before. Few of them are read each by itself; what was read of more is kept in a document of its own, from
which later runs take it: a run asks for a listing, that document, and what is new. It spares requests and nothing else:
a mark is what its own object says, and objects never change.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from checks.aside import Crew
from checks.history import mark_document as document
from checks.history.base import HistoryConflict, HistoryUnavailable, safe_name
from checks.marks import TakenBack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checks.history.base import History, Kept
    from checks.marks import Mark

MOST = 20_000
"""More marks than these are not looked through."""
FEW = 4
"""So many are read each by itself."""
MARK_LONGEST = 1024 * 1024
_READ_LONGEST = 64 * 1024 * 1024
_READ_FORMAT = "s3-table-monitor/marks-read"
_AT_ONCE = 8
_STAMP = "%Y%m%dT%H%M%SZ"
_UNSAID = TakenBack(by="(unknown)", at=datetime(1970, 1, 1, tzinfo=UTC))
"""Of one that cannot be read: it is taken back all the same."""
_NAME = re.compile(r"(\d{8}T\d{6}Z)-\d{8}T\d{6}Z-([0-9a-f]+)(\.back)?\.json")


class NoSuchMark(Exception):  # noqa: N818 - a sentence for the user
    """Raised for an id that is none, or the beginning of several."""


class TakenBackAlready(Exception):  # noqa: N818 - the same
    """Raised when somebody took the mark back before; ``taken`` says who, None where that cannot be read."""

    def __init__(self, mark_id: str, taken: TakenBack | None) -> None:
        who = f" by {taken.by}" if taken is not None else ""
        super().__init__(f"mark {mark_id} was taken back already{who}")
        self.taken = taken


@dataclass(frozen=True, slots=True)
class MarksRead:
    """What was read of marks. ``troubles`` are sentences on those that cannot be understood.

    ``to_keep`` is what `keep_read` writes, None where it holds nothing new.
    """

    marks: tuple[Mark, ...] = ()
    troubles: tuple[str, ...] = ()
    to_keep: Mapping[str, Mark] | None = None


def folder_of(history: History) -> str:
    """Return the folder of a config's marks."""
    return f"marks/{safe_name(history.name)}/"


def add(history: History, mark: Mark) -> str:
    """Write a mark and return where. Raises HistoryConflict where its name is taken, HistoryUnavailable."""
    name = f"{folder_of(history)}{mark.ends_at:{_STAMP}}-{mark.at:{_STAMP}}-{mark.id}.json"
    content = document.to_text(mark).encode()
    if len(content) > MARK_LONGEST:
        raise HistoryUnavailable(
            f"The mark would cover {len(mark.covers):,} items, more than one object takes; "
            "name a check or a period."
        )
    history.store.write(name, content, "")
    return history.store.where(name)


def take_back(history: History, mark_id: str, taken: TakenBack) -> Mark:
    """Take back the mark whose id begins so, and return it as it is then.

    Raises NoSuchMark, TakenBackAlready, HistoryUnavailable.
    """
    names = _names(history, "")
    found = [name for name in names if not name.endswith(".back.json") and _id_of(name).startswith(mark_id)]
    if len(found) != 1 or not mark_id:
        known = "begins several marks; write it whole" if len(found) > 1 else "is no mark; list them with"
        raise NoSuchMark(f"{mark_id!r} {known}{': checks marks --all' if len(found) <= 1 else ''}")
    (name,) = found
    mark = _read(history, name)
    if isinstance(mark, str):
        raise HistoryUnavailable(mark)
    back = _back(name)
    try:
        history.store.write(back, document.back_to_text(taken).encode(), "")
    except HistoryConflict:
        raise TakenBackAlready(mark.id, _taken(history, back)) from None
    return replace(mark, taken_back=taken)


def holding(history: History, now: datetime, stop_at: float | None = None) -> MarksRead:
    """Return the marks that may hold at ``now``; those that were taken back are none of them.

    Reads that do not end until ``stop_at`` (monotonic seconds) are given up. Raises HistoryUnavailable.
    """
    names = _names(
        history, f"{now:{_STAMP}}~"
    )  # what ends in this second is over: it ends as the second begins
    backs = {name for name in names if name.endswith(".back.json")}
    asked = [name for name in names if name not in backs and _back(name) not in backs]
    kept = _kept(history) if len(asked) > FEW else {}
    new = [name for name in asked if name not in kept]
    read = _read_all(history, new, stop_at)
    marks = {name: mark for name in asked if (mark := read.marks.get(name) or kept.get(name)) is not None}
    changed = len(asked) > FEW and bool(read.marks)
    return MarksRead(tuple(marks.values()), tuple(read.troubles), marks if changed else None)


def every(history: History, stop_at: float | None = None) -> MarksRead:
    """Return all marks, those that ended or were taken back too, with who took them back. Raises HistoryUnavailable."""
    names = _names(history, "")
    backs = {name for name in names if name.endswith(".back.json")}
    read = _read_all(history, [name for name in names if name not in backs], stop_at)
    taken = _taken_all(history, [name for name in read.marks if _back(name) in backs], stop_at)
    marks = [
        replace(mark, taken_back=taken[name]) if name in taken else mark for name, mark in read.marks.items()
    ]
    return MarksRead(tuple(marks), tuple(read.troubles))


def keep_read(history: History, read: MarksRead) -> None:
    """Keep what was read, where there is anything new in it. Raises HistoryUnavailable."""
    if read.to_keep is None:
        return
    marks = {name: document.written(mark) for name, mark in read.to_keep.items()}
    text = json.dumps({"format": _READ_FORMAT, "version": document.VERSION, "marks": marks})
    history.store.keep(_read_name(history), text.encode())


def _read_name(history: History) -> str:
    return f"marks_read/{safe_name(history.name)}.json"


def _kept(history: History) -> dict[str, Mark]:
    """Return what earlier runs kept of marks, by their names; of what cannot be understood that is nothing."""
    found = history.store.read(_read_name(history), _READ_LONGEST)
    if found is None or len(found.content) > _READ_LONGEST:
        return {}
    try:
        one: Any = json.loads(found.content)
        if one["format"] != _READ_FORMAT or one["version"] != document.VERSION:
            return {}
        return {name: document.mark_of(each) for name, each in one["marks"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _names(history: History, after: str) -> list[str]:
    folder = folder_of(history)
    names = history.store.names(folder, after, MOST)
    if len(names) > MOST:
        raise HistoryUnavailable(
            f"{history.store.where(folder)} holds more than {MOST:,} marks; take old ones away, or mark less."
        )
    return [name for name in names if _NAME.fullmatch(name.removeprefix(folder))]


def _id_of(name: str) -> str:
    found = _NAME.fullmatch(name.rpartition("/")[2])
    return found[2] if found is not None else ""


def _back(name: str) -> str:
    return f"{name.removesuffix('.json')}.back.json"


@dataclass(slots=True)
class _Read:
    marks: dict[str, Mark] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)


def _read_all(history: History, names: Sequence[str], stop_at: float | None) -> _Read:
    """Read several side by side; raises HistoryUnavailable, or GivenUp at ``stop_at``."""
    crew: Crew[str, Mark | str] = Crew(_AT_ONCE, stop_at=stop_at)
    for name in names:
        crew.submit(name, partial(_read, history, name))
    found = {done.key: done.result() for done in crew.outcomes()}
    read = _Read()
    for name in names:
        one = found[name]
        if isinstance(one, str):
            read.troubles.append(one)
        else:
            read.marks[name] = one
    return read


def _read(history: History, name: str) -> Mark | str:
    """Return a mark, or a sentence on why it is none."""
    where = history.store.where(name)
    kept = history.store.read(name, MARK_LONGEST)
    try:
        return document.read(_content(kept))
    except ValueError as error:
        return f"The mark {where} cannot be read ({error}), so it does not hold."


def _taken_all(history: History, names: Sequence[str], stop_at: float | None) -> dict[str, TakenBack]:
    crew: Crew[str, TakenBack | None] = Crew(_AT_ONCE, stop_at=stop_at)
    for name in names:
        crew.submit(name, partial(_taken, history, _back(name)))
    found = {done.key: done.result() for done in crew.outcomes()}
    return {name: taken if taken is not None else _UNSAID for name, taken in found.items()}


def _taken(history: History, back: str) -> TakenBack | None:
    kept = history.store.read(back, MARK_LONGEST)
    try:
        return document.read_back(_content(kept))
    except ValueError:
        return None


def _content(kept: Kept | None) -> bytes:
    if kept is None:
        raise ValueError("it is gone")
    if len(kept.content) > MARK_LONGEST:
        raise ValueError("it is larger than any mark is")
    return kept.content
