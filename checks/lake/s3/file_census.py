"""A closer look at the objects of a listing, where a check asks for it: names, small files, the newest ones."""

from __future__ import annotations

import heapq
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.layout.data_files import NO_KEYS, Chosen, is_data
from checks.layout.suffixes import COMPRESSIONS, FORMATS
from checks.model import FileSeen, Format, Names, Suffix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from checks.aws.pages import Key
    from checks.layout.data_files import OwnKeys
    from checks.rules.asking import Detail

_MOST_SUFFIXES = 64
_SUFFIX = re.compile(r"[a-z][a-z0-9]{0,11}|7z", re.IGNORECASE | re.ASCII)


@dataclass(slots=True)
class Closer:
    """Adds up what names and sizes tell, in constant memory; ``root`` to ``place`` as those of a tally."""

    detail: Detail
    root: str
    pattern: Chosen | None
    format: Format
    ignore_after: datetime | None
    keys: OwnKeys = NO_KEYS
    place: str = ""
    only: Callable[[str], bool] | None = None
    suffixes: dict[str, tuple[int, str]] = field(default_factory=dict)
    small: int = 0
    outside: int = 0
    outside_example: str | None = None
    empty_example: str | None = None
    newest: list[tuple[datetime, str, int]] = field(default_factory=list)

    def add_all(self, keys: Iterable[Key]) -> None:
        """Look at objects."""
        for name, size_bytes, at in keys:
            if self.ignore_after is not None and at > self.ignore_after:
                continue
            if self.only is not None and not self.only(name):
                continue
            path = name.removeprefix(self.root)
            if is_data(path, self.pattern, self.format, self.keys, self.place):
                self._add_data(name, size_bytes, at)
            elif self.detail.names and is_data(path, self._but_for_names, self.format, self.keys, self.place):
                self.outside += 1
                self.outside_example = self.outside_example or name

    @property
    def _but_for_names(self) -> Chosen | None:
        """What is data whatever ``pattern`` says of its name: what is ignored is none."""
        return Chosen(ignore=self.pattern.ignore) if self.pattern is not None else None

    def _add_data(self, name: str, size_bytes: int, at: datetime) -> None:
        if size_bytes and self.detail.files_kept:
            entry = (at, name, size_bytes)
            if len(self.newest) < self.detail.files_kept:
                heapq.heappush(self.newest, entry)
            else:
                heapq.heappushpop(self.newest, entry)
        if not self.detail.names:
            return
        if not size_bytes:
            self.empty_example = self.empty_example or name
        elif size_bytes < self.detail.small_below:
            self.small += 1
        suffix = suffix_of(name)
        known = self.suffixes.get(suffix)
        if known is not None:
            self.suffixes[suffix] = (known[0] + 1, known[1])
        elif len(self.suffixes) < _MOST_SUFFIXES:
            self.suffixes[suffix] = (1, name)

    def names(self, bucket: str) -> Names | None:
        """Return what names and sizes tell, None where nobody asks for it."""
        if not self.detail.names:
            return None
        return Names(
            suffixes=tuple(
                Suffix(text, count, f"s3://{bucket}/{name}")
                for text, (count, name) in sorted(self.suffixes.items())
            ),
            small=self.small,
            outside=self.outside,
            outside_example=self._uri(bucket, self.outside_example),
            empty_example=self._uri(bucket, self.empty_example),
        )

    def files(self, bucket: str) -> tuple[FileSeen, ...]:
        """Return the newest files, the newest first."""
        return tuple(
            FileSeen(f"s3://{bucket}/{name}", size_bytes, at)
            for at, name, size_bytes in sorted(self.newest, reverse=True)
        )

    @staticmethod
    def _uri(bucket: str, name: str | None) -> str | None:
        return None if name is None else f"s3://{bucket}/{name}"


def suffix_of(name: str) -> str:
    """Return the end of a file's name that tells what it holds: ``.parquet``, ``.csv.gz``; empty for none."""
    parts = name.rpartition("/")[2].lower().split(".")[1:]
    if not parts or not _SUFFIX.fullmatch(parts[-1]):
        return ""
    if parts[-1] in COMPRESSIONS and len(parts) > 1 and parts[-2] in FORMATS:
        return f".{parts[-2]}.{parts[-1]}"
    return f".{parts[-1]}"
