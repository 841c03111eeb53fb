"""History in a local folder: documents that are replaced in one step, under a lock."""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from checks.history.base import HistoryConflict, HistoryUnavailable, Kept
from checks.local_files import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LOCK_NAME = ".lock"
_LOCK_WAIT_SECONDS = 10.0
_LOCK_STEP_SECONDS = 0.02
_BLOCK = 1 << 20


class LocalStore:
    """A folder that is made when something is first written; a token is the hash of its document."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    @property
    def place(self) -> str:
        """The folder."""
        return str(self._folder)

    def where(self, name: str) -> str:
        """Return the path of a document."""
        return str(self._folder / name)

    def read(self, name: str, most: int) -> Kept | None:
        """Return a document; see `Store.read`."""
        path = self._folder / name
        try:
            with path.open("rb") as stream:
                content = stream.read(most + 1)
                digest = hashlib.sha256(content)
                written_at = datetime.fromtimestamp(os.fstat(stream.fileno()).st_mtime, UTC)
                while block := stream.read(_BLOCK):
                    digest.update(block)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HistoryUnavailable(f"The history {path} cannot be read: {_why(error)}.") from error
        return Kept(content, digest.hexdigest(), written_at)

    def write(self, name: str, content: bytes, token: str) -> str:
        """Replace the document that has this token; see `Store.write`."""
        with self._lock():
            now_there = self.read(name, 0)
            if ("" if now_there is None else now_there.token) != token:
                raise HistoryConflict(f"Another run wrote {self._folder / name} in between; run again.")
            self.keep(name, content)
        return hashlib.sha256(content).hexdigest()

    def keep(self, name: str, content: bytes) -> str:
        """Write a document, whatever is there; see `Store.keep`."""
        path = self._folder / name
        try:
            replace_file(path, content)
        except OSError as error:
            raise self._unwritable(error) from error
        return str(path)

    def listed(self, beginning: str, after: str = "") -> Iterator[str]:
        """Yield names of documents; see `Store.listed`."""
        folder = beginning.rpartition("/")[0]
        try:
            found = sorted(self._below(self._folder / folder, f"{folder}/" if folder else ""))
        except OSError as error:
            raise HistoryUnavailable(f"The history {self._folder} cannot be read: {_why(error)}.") from error
        yield from (name for name in found if name.startswith(beginning) and name > after)

    def remove(self, names: Sequence[str]) -> None:
        """Delete documents, and folders that are empty then; see `Store.remove`."""
        try:
            for name in names:
                (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise HistoryUnavailable(
                f"What is older than `keep` in {self._folder} cannot be deleted: {_why(error)}; allow it."
            ) from error
        for folder in {(self._folder / name).parent for name in names}:
            with suppress(OSError):  # another document is there, or another run took it
                folder.rmdir()

    def _below(self, folder: Path, name: str) -> Iterator[str]:
        """Yield the names below a folder, without files that begin with a dot: locks, and what is being written."""
        try:
            with os.scandir(folder) as entries:
                found = [each for each in entries if not each.name.startswith(".")]
        except FileNotFoundError:  # or deleted meanwhile
            return
        for each in found:
            if each.is_dir():
                yield from self._below(Path(each.path), f"{name}{each.name}/")
            else:
                yield f"{name}{each.name}"

    def names(self, folder: str, after: str, most: int) -> list[str]:
        """Return the names of documents; see `Store.names`."""
        return list(islice(self.listed(folder, f"{folder}{after}"), most + 1))

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


def _why(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
