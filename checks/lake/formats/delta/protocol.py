"""Delta: finds what a table asks of its readers where the commits that were read do not tell it.

Delta Transaction Log Protocol: "Protocol Evolution", "Version Checksum File", "Checkpoint Schema".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.lake.formats.delta.checkpoint import Read, TooMuchError, protocol_of_parquet, rows_of_parquet
from checks.lake.formats.delta.features import NotReadable
from checks.lake.formats.delta.versions import whole_checkpoint
from checks.model import ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.lake.formats.delta.live_files import LogFiles
    from checks.lake.formats.shared.asked import Asked
    from checks.lake.s3.objects import Key

_MOST_BYTES = 1024 * 1024
"""A smaller file is got whole; of a larger one only what is needed is read."""
_BEGINNING = 64 * 1024
_MOST_PARTS = 3
_MOST_COMMITS = 20
_COLUMNS = ["protocol.minReaderVersion", "protocol.readerFeatures"]
_TELLING_NOTHING = (
    ProblemKind.NOT_FOUND,
    ProblemKind.MALFORMED,
    ProblemKind.OVER_BUDGET,
    ProblemKind.UNSUPPORTED,
)
"""What files are that cannot be read as what they are called."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked of readers at a version, and where that stands."""

    body: Mapping[str, Any]
    version: int
    place: str


def check_asked(files: LogFiles, asked: Asked) -> None:
    """Raise NotReadable where the table asks for a feature or version that is not known.

    One GET, and of a large checkpoint a few: its newest checksum tells it, else its checkpoint, else its first commit.
    What was asked for since the latter two is seen as far as those commits were read for something else.
    What cannot be read (those are no part of what was asked for) tells nothing.
    """
    if files.walk.knows_protocol:
        return
    for find in (_by_checksum, _by_checkpoint, _by_first):
        try:
            found = find(files, asked)
        except TooMuchError:
            continue
        except Unobserved as error:
            if error.problem.kind not in _TELLING_NOTHING:
                raise
            continue
        if found is not None:
            try:
                files.walk.ask(found.body, found.place)
            except NotReadable:
                if not _is_asked_anew(files, found.version):
                    raise
            return


def _is_asked_anew(files: LogFiles, since: int) -> bool:
    """Tell whether a commit after that version asks for something else, that is known: features can be dropped.

    Some commits are read, the newest first, and only where the table would be unknown without them.
    """
    for version in range(files.newest, max(since, files.newest - _MOST_COMMITS), -1):
        key = files.log.commits.get(version)
        if key is not None:
            files.walk.commit(version, key)
        if files.walk.knows_protocol:
            return True
    return False


def _by_checksum(files: LogFiles, _: Asked) -> _Asked | None:
    key = files.log.checksums.get(files.newest)
    if key is None or not 0 < key.size_bytes <= _MOST_BYTES:
        return None
    data = files.walk.reader.store.get(files.walk.bucket, key.key, max_bytes=_MOST_BYTES)
    return _of_lines(data, files.newest, _place(files, key))


def _by_checkpoint(files: LogFiles, asked: Asked) -> _Asked | None:
    """Return what the newest whole checkpoint tells; it is got whole where it will be read in any case."""
    found = [
        (version, whole)
        for version, keys in files.log.checkpoints.items()
        if (whole := whole_checkpoint(keys))
    ]
    version, keys = max(found, default=(-1, ()))
    for key in keys[:_MOST_PARTS]:
        place = _place(files, key)
        if key.key.endswith(".json"):
            return _of_lines(_beginning(files, key, asked), version, place)
        if _is_read_wholly(asked) or key.size_bytes <= _MOST_BYTES:
            rows = (row.get("protocol") for row in rows_of_parquet(files.get(key), place, _COLUMNS))
            body = next((each for each in rows if each and each.get("minReaderVersion") is not None), None)
        else:
            body = protocol_of_parquet(_reading(files, key), key.size_bytes, place)
        if body is not None:
            return _Asked(body, version, place)
    return None


def _by_first(files: LogFiles, asked: Asked) -> _Asked | None:
    """Return what the first commit tells: it has to."""
    key = files.log.commits.get(0)
    return None if key is None else _of_lines(_beginning(files, key, asked), 0, _place(files, key))


def _is_read_wholly(asked: Asked) -> bool:
    """Tell whether the checkpoint, and the commits after it, will be read in any case."""
    return asked.periods or asked.whole or asked.live


def _beginning(files: LogFiles, key: Key, asked: Asked) -> bytes:
    known = (files.walk.raw or {}).get(0) if key == files.log.commits.get(0) else None
    if known is not None:
        return known
    if _is_read_wholly(asked):
        return files.get(key)
    byte_range = (0, _BEGINNING - 1) if key.size_bytes > _BEGINNING else None
    return files.walk.reader.store.get(
        files.walk.bucket, key.key, byte_range=byte_range, max_bytes=_BEGINNING
    )


def _of_lines(data: bytes, version: int, place: str) -> _Asked | None:
    """Return the protocol action in lines of JSON, the last of which may be cut."""
    for line in data.split(b"\n"):
        if b'"protocol"' not in line:
            continue
        try:
            action = json.loads(line)
        except (ValueError, RecursionError):
            continue
        body = action.get("protocol") if isinstance(action, dict) else None
        if isinstance(body, dict):
            return _Asked(body, version, place)
    return None


def _reading(files: LogFiles, key: Key) -> Read:
    """Return how bytes of a file of the log are got; what lies beyond its end is none of them."""

    def read(start: int, end: int) -> bytes:
        end = min(end, key.size_bytes)
        if start >= end:
            return b""
        store = files.walk.reader.store
        return store.get(files.walk.bucket, key.key, byte_range=(start, end - 1), max_bytes=end - start)

    return read


def _place(files: LogFiles, key: Key) -> str:
    return f"s3://{files.walk.bucket}/{key.key}"
