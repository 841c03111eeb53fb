"""What every kind of history can do, and how it fails."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from checks.changes import State
from checks.history import document
from checks.history.bound import STATE_ROOM, bounded
from checks.model import utc

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from checks.history.bound import Written

OLD_STATE = "state.json"
"""The one document that all configs of a history shared in version 1. It is read, and never written any more."""
DOCUMENT_LONGEST = 64 * 1024 * 1024
"""A larger document (of bytes) is not read. What is written stays below `STATE_ROOM`."""
_PLAIN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9_-])?")
_PLAIN_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,118}[A-Za-z0-9_-])?")
_DATED = re.compile(r"\d{4}-\d\d-\d\d/[^/]+\.json")
_DIGEST = 12
_WITH_DIGEST = re.compile(rf".*-[0-9a-f]{{{_DIGEST}}}")


class HistoryError(Exception):
    """Base of what can go wrong; its message is a sentence with the place and what to do."""


class HistoryConflict(HistoryError):  # noqa: N818 - the word of the design
    """Somebody else wrote since the document was read."""


class HistoryUnavailable(HistoryError):  # noqa: N818 - the same
    """The place cannot be read or written."""


class HistoryTorn(HistoryError):  # noqa: N818 - the same
    """There is a document that cannot be understood; it must not pass for an empty one.

    ``content`` is what is there, ``token`` the token with which `History.save` would replace it, once
    `History.set_aside` has kept a copy. ``is_old``: it is the document of version 1, which is left where it is.
    """

    def __init__(self, place: str, why: str, content: bytes, token: str, *, is_old: bool = False) -> None:
        super().__init__(
            f"{place} cannot be read as the history of this monitor ({why}); "
            "restore it from a backup, or set it aside and start anew."
        )
        self.place, self.why = place, why
        self.content = content
        self.token = token
        self.is_old = is_old


@dataclass(frozen=True, slots=True)
class Kept:
    """A document as it is kept: its token changes with its content.

    ``written_at`` (UTC) is when it was written, None where the answer does not tell.
    """

    content: bytes
    token: str
    written_at: datetime | None = None


class Store(Protocol):
    """A place that keeps small documents by name, such as ``runs/prod/2026-11-23/e-1.json``."""

    @property
    def place(self) -> str:
        """Where it is, as people write it."""
        ...

    def where(self, name: str) -> str:
        """Return where the document of that name is."""
        ...

    def read(self, name: str, most: int) -> Kept | None:
        """Return a document, None when there is none; of a longer one than ``most`` bytes a byte more than these.

        Raises HistoryUnavailable.
        """
        ...

    def write(self, name: str, content: bytes, token: str) -> str:
        """Replace the document that has this token (make it, for an empty one) and return the new token.

        Raises HistoryConflict when it has another token by now, HistoryUnavailable when it cannot be written.
        """
        ...

    def keep(self, name: str, content: bytes) -> str:
        """Write a document, whatever is there, and return where. Raises HistoryUnavailable."""
        ...

    def listed(self, beginning: str, after: str = "") -> Iterator[str]:
        """Yield the names of documents that begin so, sorted; only those that sort after ``after``.

        No more is asked for than is taken. Raises HistoryUnavailable.
        """
        ...

    def remove(self, names: Sequence[str]) -> None:
        """Delete documents, at most 1,000; those that are not there are none. Raises HistoryUnavailable."""
        ...

    def names(self, folder: str, after: str, most: int) -> list[str]:
        """Return the names of the documents in a folder (``marks/prod/``) that sort after ``after``, sorted.

        With their folder; of more than ``most`` one more than these. Raises HistoryUnavailable.
        """
        ...


@dataclass(frozen=True, slots=True)
class History:
    """What a history keeps for the config of one name: the state, and the reports of runs.

    Several configs may share a place: the names of their documents differ.
    """

    store: Store
    name: str

    @property
    def place(self) -> str:
        """Where it is, as people write it."""
        return self.store.place

    @property
    def state_name(self) -> str:
        """The name of the state's document."""
        return f"states/{safe_name(self.name)}.json"

    @property
    def leases_name(self) -> str:
        """The name of the document of leases."""
        return f"leases/{safe_name(self.name)}.json"

    def load(self) -> tuple[State, str]:
        """Return the state and its token; an empty state and an empty token when there is none.

        Where there is only a document of version 1, which was shared, its state comes with an empty token: whether it
        is this config's has to be seen by its name and tables. Raises HistoryTorn and HistoryUnavailable.
        """
        found = self.store.read(self.state_name, DOCUMENT_LONGEST)
        if found is not None:
            return self._read(self.state_name, found, found.token), found.token
        old = self.store.read(OLD_STATE, DOCUMENT_LONGEST)
        return (State() if old is None else self._read(OLD_STATE, old, "")), ""

    def save(self, state: State, token: str) -> str:
        """Replace the state that has this token and return the new token; what is over the bound is left out.

        Raises HistoryConflict when the state has another token by now, HistoryUnavailable when it cannot be written.
        """
        return self.put(bounded(state, STATE_ROOM), token)

    def put(self, written: Written, token: str) -> str:
        """Save a state that was bounded already; see `save`."""
        return self.store.write(self.state_name, written.content, token)

    def set_aside(self, torn: HistoryTorn) -> str:
        """Keep a copy of a torn document beside it, named by its content, and return where.

        That of version 1 is not written any more, and stays where it is. Raises HistoryUnavailable.
        """
        if torn.is_old:
            return torn.place
        digest = hashlib.sha256(torn.content).hexdigest()[:_DIGEST]
        return self.store.keep(f"{self.state_name}.torn-{digest}", torn.content)

    def where(self, run_id: str, now: datetime) -> str:
        """Return where `remember` keeps the report of that run."""
        return self.store.where(run_name(self.name, run_id, now))

    def remember(self, report_json: str, run_id: str, now: datetime) -> str:
        """Keep the JSON report of a run and return where. Raises HistoryUnavailable."""
        return self.store.keep(run_name(self.name, run_id, now), report_json.encode("utf-8", "replace"))

    def report_of(self, run_id: str | None) -> str | None:
        """Return the name of the report of a run, for None of the last one; None where none is kept.

        Raises HistoryUnavailable.
        """
        wanted = None if run_id is None else f"/{run_file(run_id)}"
        found = [
            name
            for name in self.store.listed(runs_folder(self.name))
            if name.endswith(wanted or ".json")
            and _DATED.fullmatch(name.removeprefix(runs_folder(self.name)))
        ]
        if not found:
            return None
        if wanted is not None:
            return found[-1]
        days = {name.split("/")[2] for name in found}
        return max((name for name in found if name.split("/")[2] == max(days)), key=self._written_at)

    def _written_at(self, name: str) -> tuple[float, str]:
        kept = self.store.read(name, 0)
        return (
            kept.written_at.timestamp() if kept is not None and kept.written_at is not None else 0.0
        ), name

    def _read(self, name: str, found: Kept, token: str) -> State:
        why = "it is larger than any history is"
        if len(found.content) <= DOCUMENT_LONGEST:
            try:
                return document.from_text(found.content)
            except ValueError as error:
                why = str(error)
        raise HistoryTorn(self.store.where(name), why, found.content, token, is_old=name == OLD_STATE)


def safe_name(name: str) -> str:
    """Return the name as a part of the names of files and objects: one of its own for each name.

    A short name of small letters, digits, ``.``, ``_`` and ``-`` is itself. Any other is written so, with 12 digits
    of its SHA-256: names that differ only in case, or only in what is replaced, stay apart everywhere.
    """
    if _PLAIN.fullmatch(name) and not _WITH_DIGEST.fullmatch(name):
        return name
    return _with_digest(name.lower(), name, 40)


def run_name(name: str, run_id: str, now: datetime) -> str:
    """Return the name of a run's report: ``runs/<name>/2026-11-23/<run id>.json``, the date in UTC."""
    return f"{runs_folder(name)}{utc(now).date().isoformat()}/{run_file(run_id)}"


def runs_folder(name: str) -> str:
    """Return where the reports of a config's runs are: ``runs/<name>/``."""
    return f"runs/{safe_name(name)}/"


def run_file(run_id: str) -> str:
    """Return the last part of the name of a run's report."""
    plain = _PLAIN_ID.fullmatch(run_id) and not _WITH_DIGEST.fullmatch(run_id)
    safe = run_id if plain or _is_uuid(run_id) else _with_digest(run_id, run_id, 100)
    return f"{safe}.json"


def _is_uuid(text: str) -> bool:
    """Return True for an event's usual id, which ends in 12 digits, too, and which nothing can be mistaken for."""
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text) is not None


def _with_digest(text: str, whole: str, longest: int) -> str:
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:longest].strip("._-")
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    return f"{readable}-{digest}" if readable else digest
