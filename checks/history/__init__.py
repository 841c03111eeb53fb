"""What was seen and said before: small documents in a local folder or in S3, written conditionally.

`History.load` gives the state with a token; `History.save` takes that token and refuses when somebody else wrote in
between, so that two runs at once cannot lose each other's news. Each config has documents of its own, by its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.history.base import (
    DOCUMENT_LONGEST,
    History,
    HistoryConflict,
    HistoryError,
    HistoryTorn,
    HistoryUnavailable,
    Store,
)
from checks.history.bound import STATE_ROOM, bounded, say
from checks.history.leases import EventDone, EventHeld, Lease

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from checks.changes import State

__all__ = [
    "DEFAULT_FOLDER",
    "EventDone",
    "EventHeld",
    "History",
    "HistoryConflict",
    "HistoryError",
    "HistoryTorn",
    "HistoryUnavailable",
    "Lease",
    "Store",
    "kept_report",
    "open_history",
    "open_store",
    "say",
    "update",
]

DEFAULT_FOLDER = ".checks"
_ATTEMPTS = 5


def open_store(place: str = DEFAULT_FOLDER, client: S3Client | None = None) -> Store:
    """Return what keeps documents in a local folder or below an ``s3://bucket/prefix/``.

    Nothing is read or written yet. Raises HistoryUnavailable when the address names no bucket.
    """
    if place.startswith("s3://"):
        from checks.history.s3 import S3Store

        return S3Store(place, client)
    from checks.history.local import LocalStore

    return LocalStore(place)


def open_history(place: str, name: str, client: S3Client | None = None) -> History:
    """Return what is kept there for the config of that name; see `open_store`."""
    return History(open_store(place, client), name)


def kept_report(history: History, run_id: str | None) -> tuple[str, bytes] | None:
    """Return where the report of a run (of the last one, for None) is kept, and it; None where it is not.

    Raises HistoryUnavailable.
    """
    name = history.report_of(run_id)
    found = history.store.read(name, DOCUMENT_LONGEST) if name is not None else None
    return None if name is None or found is None else (history.store.where(name), found.content)


def update(
    history: History, step: Callable[[State], State | None], known: tuple[State, str] | None = None
) -> State | None:
    """Apply a pure step to the newest state and save it; None, and nothing saved, when the step gives None.

    ``known`` is what `History.load` gave before: where nobody wrote since, it needs not be read again. Return the state
    as it was saved, without what had to be left out. When somebody else writes in between, the step is applied to what
    they wrote. Raises HistoryConflict when that happens five times, HistoryTorn and
    HistoryUnavailable as `History` does.
    """
    for attempt in range(_ATTEMPTS):
        state, token = known if known is not None and attempt == 0 else history.load()
        after = step(state)
        if after is None:
            return None
        written = bounded(after, STATE_ROOM)
        try:
            history.put(written, token)
        except HistoryConflict:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return written.state
    raise AssertionError  # the loop returns or raises
