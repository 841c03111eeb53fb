"""What was seen and said before: a small document in a local folder or in S3, written conditionally.

`load` gives the state with a token; `save` takes that token and refuses when somebody else wrote in
between, so that two runs at once cannot lose each other's news.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks import changes
from checks.history.base import History, HistoryConflict, HistoryError, HistoryTorn, HistoryUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from mypy_boto3_s3 import S3Client

    from checks.changes import State

__all__ = [
    "DEFAULT_FOLDER",
    "History",
    "HistoryConflict",
    "HistoryError",
    "HistoryTorn",
    "HistoryUnavailable",
    "claim_event",
    "open_history",
    "update",
]

DEFAULT_FOLDER = ".checks"
_ATTEMPTS = 5


def open_history(place: str = DEFAULT_FOLDER, client: S3Client | None = None) -> History:
    """Return the history kept in a local folder or below an ``s3://bucket/prefix/``.

    Nothing is read or written yet. Raises HistoryUnavailable when the address names no bucket.
    """
    if place.startswith("s3://"):
        from checks.history.s3 import S3History

        return S3History(place, client)
    from checks.history.local import LocalHistory

    return LocalHistory(place)


def update(history: History, step: Callable[[State], State | None]) -> State | None:
    """Apply a pure step to the newest state and save it; None, and nothing saved, when the step gives None.

    When somebody else writes in between, the step is applied to what they wrote. Raises HistoryConflict
    when that happens five times, HistoryTorn and HistoryUnavailable as `History` does.
    """
    for attempt in range(_ATTEMPTS):
        state, token = history.load()
        after = step(state)
        if after is None:
            return None
        try:
            history.save(after, token)
        except HistoryConflict:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return after
    raise AssertionError  # the loop returns or raises


def claim_event(history: History, event_id: str, now: datetime, lease: timedelta) -> State | None:
    """Take an event for ``lease``; return the state, or None when another run has it or has reported it.

    Mark it with `changes.finish` after publishing. A run that dies in between leaves a lease that
    ends: the event may then be run again, so a duplicate is possible and a loss is not.
    """
    return update(history, lambda state: changes.claim(state, event_id, now, lease))
