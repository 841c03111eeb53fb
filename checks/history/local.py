"""History in a local folder: ``state.json``, replaced in one step under a lock."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from checks.changes import State
from checks.channels.file import replace_file
from checks.history import document
from checks.history.base import (
    STATE_LONGEST,
    STATE_NAME,
    HistoryConflict,
    HistoryTorn,
    HistoryUnavailable,
    run_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCK_NAME = ".lock"
_LOCK_WAIT_SECONDS = 10.0
_LOCK_STEP_SECONDS = 0.02


class LocalHistory:
    """A folder that is made when something is first written; the token is the hash of the document."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._folder)

    def load(self) -> tuple[State, str]:
        """Return the state and its token; see `History.load`."""
        content = self._content()
        if content is None:
            return State(), ""
        try:
            return document.from_text(content), _token(content)
        except ValueError as error:
            place = str(self._folder / STATE_NAME)
            raise HistoryTorn(place, str(error), content, _token(content)) from error

    def save(self, state: State, token: str) -> str:
        """Replace the state that has this token; see `History.save`."""
        content = document.to_text(state).encode()
        with self._lock():
            now_there = self._content()
            if ("" if now_there is None else _token(now_there)) != token:
                raise HistoryConflict(f"Another run wrote {self._folder / STATE_NAME} in between; run again.")
            self._write(STATE_NAME, content)
        return _token(content)

    def set_aside(self, torn: HistoryTorn) -> str:
        """Keep a copy beside it, named by its content; see `History.set_aside`."""
        return self._write(f"{STATE_NAME}.torn-{_token(torn.content)[:12]}", torn.content)

    def where(self, run_id: str, now: datetime) -> str:
        """Return the path of that run's report."""
        return str(self._folder / run_name(run_id, now))

    def remember(self, report_json: str, run_id: str, now: datetime) -> str:
        """Keep the report of a run; see `History.remember`."""
        return self._write(run_name(run_id, now), report_json.encode("utf-8", "replace"))

    def get(self, name: str, longest: int) -> tuple[bytes, datetime] | None:
        """Return what is kept under a name; see `History.get`."""
        path = self._folder / name
        try:
            with path.open("rb") as stream:
                return stream.read(longest), datetime.fromtimestamp(os.fstat(stream.fileno()).st_mtime, UTC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HistoryUnavailable(f"{path} cannot be read: {_why(error)}.") from error

    def put(self, name: str, content: bytes) -> str:
        """Keep bytes under a name; see `History.put`."""
        return self._write(name, content)

    def _content(self) -> bytes | None:
        path = self._folder / STATE_NAME
        try:
            with path.open("rb") as stream:
                content = stream.read(STATE_LONGEST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HistoryUnavailable(f"The history {path} cannot be read: {_why(error)}.") from error
        if len(content) > STATE_LONGEST:
            raise HistoryTorn(str(path), "it is larger than any history is", content, _token(content))
        return content

    def _write(self, name: str, content: bytes) -> str:
        path = self._folder / name
        try:
            replace_file(path, content)
        except OSError as error:
            raise self._unwritable(error) from error
        return str(path)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        path = self._folder / _LOCK_NAME
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            stream = path.open("ab")
        except OSError as error:
            raise self._unwritable(error) from error
        with stream:
            deadline = time.monotonic() + _LOCK_WAIT_SECONDS
            while True:
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() >= deadline:
                        message = f"Another run holds {path} for over {_LOCK_WAIT_SECONDS:.0f} s."
                        raise HistoryUnavailable(message) from error
                    time.sleep(_LOCK_STEP_SECONDS)
                except OSError as error:
                    raise self._unwritable(error) from error
            yield  # closing the file gives the lock back

    def _unwritable(self, error: OSError) -> HistoryUnavailable:
        return HistoryUnavailable(
            f"The history in {self._folder} cannot be written: {_why(error)}; "
            "allow it, or set `history` to a place that can be written."
        )


def _token(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
