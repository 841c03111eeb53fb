"""What every kind of history can do, and how it fails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from checks.model import utc

if TYPE_CHECKING:
    from datetime import datetime

    from checks.changes import State

STATE_NAME = "state.json"
STATE_LONGEST = 64 * 1024 * 1024
"""A larger document (of bytes) is not read: this project does not write such."""


class HistoryError(Exception):
    """Base of what can go wrong; its message is a sentence with the place and what to do."""


class HistoryConflict(HistoryError):  # noqa: N818 - the word of the design
    """Somebody else wrote since the state was loaded."""


class HistoryUnavailable(HistoryError):  # noqa: N818 - the same
    """The place cannot be read or written."""


class HistoryTorn(HistoryError):  # noqa: N818 - the same
    """There is a document that cannot be understood; it must not pass for an empty one.

    ``content`` is what is there, ``token`` the token with which `History.save` would replace it, once
    `History.set_aside` has kept a copy.
    """

    def __init__(self, place: str, why: str, content: bytes, token: str) -> None:
        super().__init__(
            f"{place} cannot be read as the history of this monitor ({why}); "
            "restore it from a backup, or set it aside and start anew."
        )
        self.content = content
        self.token = token


class History(Protocol):
    """The remembered state, and the reports of runs beside it."""

    @property
    def place(self) -> str:
        """Where it is, as people write it."""
        ...

    def load(self) -> tuple[State, str]:
        """Return the state and its token; an empty state and an empty token when there is none.

        Raises HistoryTorn and HistoryUnavailable.
        """
        ...

    def save(self, state: State, token: str) -> str:
        """Replace the state that has this token and return the new token.

        Raises HistoryConflict when the state has another token by now, HistoryUnavailable when it
        cannot be written.
        """
        ...

    def set_aside(self, torn: HistoryTorn) -> str:
        """Keep a copy of a torn document beside it and return where. Raises HistoryUnavailable."""
        ...

    def where(self, run_id: str, now: datetime) -> str:
        """Return where `remember` keeps the report of that run."""
        ...

    def get(self, name: str, longest: int) -> tuple[bytes, datetime] | None:
        """Return what is kept beside the state under a name, and when it was put there (UTC); None where nothing is.

        No more than ``longest`` bytes are read. Raises HistoryUnavailable.
        """
        ...

    def put(self, name: str, content: bytes) -> str:
        """Keep bytes beside the state under a name, in place of what was there; return where.

        Raises HistoryUnavailable.
        """
        ...

    def remember(self, report_json: str, run_id: str, now: datetime) -> str:
        """Keep the JSON report of a run and return where. Raises HistoryUnavailable."""
        ...


def run_name(run_id: str, now: datetime) -> str:
    """Return the name of a run's report: ``runs/2026-11-23/<run id>.json``, the date in UTC."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", run_id).strip(".-")[:120] or "run"
    return f"runs/{utc(now).date().isoformat()}/{safe}.json"
