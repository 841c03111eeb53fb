"""Delta: the files of a log by their names and versions. Pure.

Delta Transaction Log Protocol: "Delta Log Entries", "Checkpoints", "Version Checksum File".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from checks.lake.codecs.documents import malformed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.lake.s3.objects import Key

_COMMIT = re.compile(r"([0-9]{20})\.json")
_CHECKSUM = re.compile(r"([0-9]{20})\.crc")
_CHECKPOINT = re.compile(
    r"([0-9]{20})\.checkpoint(?:\.([0-9]{10})\.([0-9]{10})\.parquet|\.[0-9A-Za-z-]{1,64}\.(?:json|parquet)|\.parquet)"
)
_PART = re.compile(r"\.checkpoint\.([0-9]{10})\.([0-9]{10})\.parquet$")


@dataclass(frozen=True, slots=True)
class Log:
    """The files of a log, as far as they were listed: commits and checkpoints by version.

    ``start`` is the version that the listing began at.
    """

    start: int
    commits: dict[int, Key]
    checkpoints: dict[int, tuple[Key, ...]]
    staged: tuple[str, ...] = ()
    checksums: dict[int, Key] = field(default_factory=dict)

    def up_to(self, version: int, start: int | None = None) -> Log:
        """Return the log as it was when that version was its newest."""
        return replace(
            self,
            start=self.start if start is None else start,
            commits={each: key for each, key in self.commits.items() if each <= version},
            checkpoints={each: keys for each, keys in self.checkpoints.items() if each <= version},
            checksums={each: key for each, key in self.checksums.items() if each <= version},
        )

    def after(self, earlier: Log) -> Log:
        """Return the log with what an earlier listing shows of the versions before it."""
        before = earlier.up_to(self.start - 1)
        return replace(
            self,
            start=earlier.start,
            commits={**before.commits, **self.commits},
            checkpoints={**before.checkpoints, **self.checkpoints},
        )

    @property
    def newest(self) -> int | None:
        """The newest version that any file tells of, None when there is none."""
        return max([*self.commits, *self.checkpoints], default=None)

    def check_whole(self, place: str) -> None:
        """Raise Unobserved (malformed) when a commit after the newest checkpoint is missing.

        Commits before it may have been cleaned up (protocol, "Log Cleanup").
        """
        newest, base = self.newest, max(self.checkpoints, default=None)
        if newest is None:
            return
        first = base + 1 if base is not None else self.start
        for version in range(first, newest + 1):
            if version not in self.commits:
                before = f"after the checkpoint {base}" if base is not None else "and no checkpoint was seen"
                raise malformed(place, f"commit {version} is missing {before}; the newest one is {newest}")


def sort_log(keys: Iterable[Key], prefix: str, start: int, staged: Iterable[str] = ()) -> Log:
    """Sort the keys of a log's folder; other files (compacted commits) are passed over."""
    commits: dict[int, Key] = {}
    checksums: dict[int, Key] = {}
    parts: dict[int, list[Key]] = {}
    for key in keys:
        name = key.key.removeprefix(prefix)
        if (match := _COMMIT.fullmatch(name)) is not None:
            commits[int(match[1])] = key
        elif (match := _CHECKPOINT.fullmatch(name)) is not None:
            parts.setdefault(int(match[1]), []).append(key)
        elif (match := _CHECKSUM.fullmatch(name)) is not None:
            checksums[int(match[1])] = key
    checkpoints = {version: tuple(found) for version, found in parts.items()}
    return Log(start, commits, checkpoints, tuple(staged), checksums)


def whole_checkpoint(keys: tuple[Key, ...]) -> tuple[Key, ...]:
    """Choose one of the checkpoints of a version: a single file, or all parts of one; none where some are missing."""
    parts: dict[int, dict[int, Key]] = {}
    for key in keys:
        match = _PART.search(key.key)
        if match is None:
            return (key,)
        parts.setdefault(int(match[2]), {})[int(match[1])] = key
    for count, found in parts.items():
        if set(found) == set(range(1, count + 1)):
            return tuple(found.values())
    return ()
