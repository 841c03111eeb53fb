"""What lies in a place, added up page by page: which objects are data, how much there is, the newest and the oldest."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from checks.aws.pages import Key, Keys
from checks.aws.uris import split_uri
from checks.lake.s3.growth import MOST_MINUTES, Growing
from checks.layout import table_logs
from checks.layout.data_files import NO_KEYS, is_data, own_keys
from checks.layout.rewrites import is_compacted, may_tell, tells_deletes
from checks.model import Format, Listing, LogSeen, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from checks.lake.s3.file_census import Closer
    from checks.lake.s3.objects import ObjectStore
    from checks.layout.data_files import Chosen, OwnKeys
    from checks.model import Table
    from checks.rules.asking import Clock, Detail

_AT = itemgetter(2)
_MAY_BE_NO_DATA = re.compile(r"/[._\n]|\$folder\$\n|\.crc\n|\n[._]|\n\n")
"""Finds in names between line breaks whatever `is_data` might refuse; now and then also what it would not."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Where a listing ends before its last page: after ``pages``, or at ``stop_at`` (monotonic seconds)."""

    pages: int | None = None
    stop_at: float | None = None

    def is_spent(self, pages: int) -> bool:
        """Tell whether no further page may be asked for."""
        late = self.stop_at is not None and time.monotonic() >= self.stop_at
        return late or (self.pages is not None and pages >= self.pages)


@dataclass(slots=True)
class Tally:
    """Adds objects up to a Listing, page by page, in constant memory."""

    root: str
    """The beginning of keys that hidden names and patterns are not looked for in: that of the table."""
    pattern: Chosen | None = None
    format: Format = Format.FILES
    ignore_after: datetime | None = None
    objects: int = 0
    size_bytes: int = 0
    empty_objects: int = 0
    ignored_objects: int = 0
    left_out: int = 0
    left_out_key: str | None = None
    newest: Key | None = None
    oldest: Key | None = None
    closer: Closer | None = None
    keys: OwnKeys = NO_KEYS
    """The keys whose own folders are not hidden."""
    place: str = ""
    """The folder below the root that is read as a partition, with a slash at its end: hidden names count from there."""
    only: Callable[[str], bool] | None = None
    """Tells of a key whether it counts; None: all do."""
    times: dict[int, int] | None = None
    """When data came, by the minute, in whole seconds since 1970; None where nobody asks for it."""
    growing: Growing | None = None
    """How much came when; None where nobody asks for it."""
    deletes_count: bool = False
    rewritten: Key | None = None
    """The newest object that a compaction wrote: it is data, and no arrival."""
    logs: dict[str, Format] | None = None
    """The tables in the place whose own logs were seen, by their folders below it; None where nobody asks for them."""

    def add_all(self, keys: Keys) -> None:
        """Count objects."""
        if not keys:
            return
        if self.logs is not None and table_logs.may_tell("\n".join(keys.names)):
            begin, until = self.root + self.place, self.ignore_after
            there = (key.key for key in keys if until is None or key.last_modified <= until)
            table_logs.note(self.logs, (key.removeprefix(begin) for key in there), self.pattern, self.place)
        if self.closer is not None:
            self.closer.add_all(keys)
        if not self._all_count(keys):
            keys = Keys.of(self._counting(keys))
            if not keys:
                return
        self.objects += len(keys)
        self.size_bytes += sum(keys.sizes)
        if self.growing is not None:
            self._grow(self.growing, keys)
        keys = self._loaded(keys)
        if not keys:
            return
        newest_at, oldest_at = max(keys.times), min(keys.times)
        if self.newest is None or newest_at > self.newest.last_modified:
            self.newest = keys[keys.times.index(newest_at)]
        if self.oldest is None or oldest_at < self.oldest.last_modified:
            self.oldest = keys[keys.times.index(oldest_at)]
        if self.times is not None:
            self._note(self.times, (int(at.timestamp()) for at in keys.times))

    @staticmethod
    def _note(times: dict[int, int], seconds: Iterable[int]) -> None:
        """Note when data came, the earliest of each minute; the oldest go where there are many."""
        for at in seconds:
            minute = at // 60
            if at < times.get(minute, at + 1):
                times[minute] = at
        if len(times) > 2 * MOST_MINUTES:
            for minute in sorted(times)[:-MOST_MINUTES]:
                del times[minute]

    @staticmethod
    def _grow(growing: Growing, keys: Keys) -> None:
        """Note what came when; what a compaction wrote had come before, nobody knows when."""
        for key in keys:
            dated = not is_compacted(key.key)
            growing.add(key.last_modified.timestamp(), key.size_bytes, is_dated=dated)

    def _loaded(self, keys: Keys) -> Keys:
        """Return those that a load wrote, as far as the layout tells; take note of the newest other one."""
        if not may_tell("\n".join(keys.names)):
            return keys
        loaded = []
        for key in keys:
            if not is_compacted(key.key):
                loaded.append(key)
            elif self.rewritten is None or key.last_modified > self.rewritten.last_modified:
                self.rewritten = key
        return Keys.of(loaded)

    def _all_count(self, keys: Keys) -> bool:
        """Tell at a glance whether all are data with bytes in it, as on most pages; False where one may not be."""
        if self.ignore_after is not None or self.pattern is not None or self.format is not Format.FILES:
            return False
        if self.only is not None:
            return False
        if not self.root.endswith("/") or not min(keys.sizes):
            return False
        names = "\n".join(keys.names) + "\n"
        return "/delete_delta_" not in names and (
            _MAY_BE_NO_DATA.search(names, len(self.root + self.place) - 1) is None
        )

    def _counting(self, keys: Iterable[Key]) -> list[Key]:
        """Return those that are data with bytes in it, and count the others."""
        counting = []
        for key in keys:
            if self.ignore_after is not None and key.last_modified > self.ignore_after:
                continue
            counts = self.only is None or self.only(key.key)
            path = key.key.removeprefix(self.root)
            if not counts or not is_data(path, self.pattern, self.format, self.keys, self.place):
                self.ignored_objects += 1
                if (
                    counts
                    and self.pattern is not None
                    and is_data(path, None, self.format, self.keys, self.place)
                ):
                    self.left_out += 1
                    self.left_out_key = self.left_out_key or key.key
            elif not self.deletes_count and tells_deletes(key.key):
                self.ignored_objects += 1
            elif key.size_bytes == 0:
                self.empty_objects += 1
            else:
                counting.append(key)
        return counting

    def merge(self, other: Tally) -> None:
        """Add what another tally of the same place counted; of equal times the first name stands, as in one chain."""
        self.objects += other.objects
        self.size_bytes += other.size_bytes
        self.empty_objects += other.empty_objects
        self.ignored_objects += other.ignored_objects
        self.left_out += other.left_out
        self.left_out_key = min(filter(None, (self.left_out_key, other.left_out_key)), default=None)
        newest = [key for key in (self.newest, other.newest) if key is not None]
        oldest = [key for key in (self.oldest, other.oldest) if key is not None]
        rewritten = [key for key in (self.rewritten, other.rewritten) if key is not None]
        self.rewritten = max(sorted(rewritten), key=_AT, default=None)
        self.newest = max(sorted(newest), key=_AT, default=None)
        self.oldest = min(sorted(oldest), key=_AT, default=None)
        if self.times is not None and other.times is not None:
            self._note(self.times, other.times.values())
        if self.growing is not None and other.growing is not None:
            self.growing.merge(other.growing)
        if self.logs is not None and other.logs is not None:
            for folder, table_format in other.logs.items():
                self.logs[folder] = table_logs.first(self.logs.get(folder), table_format)

    def listing(self, bucket: str, *, complete: bool) -> Listing:
        """Return what it came to."""
        return Listing(
            objects=self.objects,
            size_bytes=self.size_bytes,
            empty_objects=self.empty_objects,
            newest_at=self.newest.last_modified if self.newest else None,
            newest_key=f"s3://{bucket}/{self.newest.key}" if self.newest else None,
            oldest_at=self.oldest.last_modified if self.oldest else None,
            complete=complete,
            rewritten_at=self.rewritten.last_modified if self.rewritten else None,
            rewritten_key=f"s3://{bucket}/{self.rewritten.key}" if self.rewritten else None,
            ignored_objects=self.ignored_objects,
            left_out=self.left_out,
            left_out_key=f"s3://{bucket}/{self.left_out_key}" if self.left_out_key else None,
            newest_files=self.closer.files(bucket) if self.closer else (),
            names=self.closer.names(bucket) if self.closer else None,
            times=frozenset(self.times.values()) if self.times else frozenset(),
            growth=self.growing.steps() if self.growing else (),
            logs=tuple(
                LogSeen(f"s3://{bucket}/{self.root}{self.place}{folder}", table_format)
                for folder, table_format in table_logs.outermost(self.logs or {}).items()
            ),
        )


def tally_of(
    root: str,
    pattern: Chosen | None,
    clock: Clock,
    table_format: Format,
    detail: Detail | None = None,
    *,
    location: str | None = None,
    keys: OwnKeys = NO_KEYS,
    counting: Callable[[str], bool] | None = None,
) -> Tally:
    """Return a tally of objects below the root, an ``s3://`` URI that patterns count from.

    ``location`` is the place below it that is read: hidden names count from its folder. Folders of the ``keys`` are
    not hidden. ``counting`` tells of a URI whether the object counts at all.
    """
    bucket = split_uri(root)[0]
    only = None if counting is None else lambda key: counting(f"s3://{bucket}/{key}")
    ignore_after = clock.now if clock.ignore_later else None
    folder = (location or root)[: (location or root).rfind("/") + 1]
    place = folder.removeprefix(root) if folder.startswith(root) else ""
    tally = Tally(split_uri(root)[1], pattern, table_format, ignore_after, keys=keys, place=place, only=only)
    if detail is not None and detail.times:
        tally.times = {}
    if detail is not None and detail.growth:
        tally.growing = Growing()
    if table_format is Format.FILES:
        tally.logs = {}
    tally.deletes_count = detail is not None and detail.deletes_count
    if detail is not None and (detail.names or detail.files_kept):
        from checks.lake.s3.file_census import Closer

        tally.closer = Closer(detail, tally.root, pattern, table_format, ignore_after, keys, place, only)
    return tally


def list_place(
    store: ObjectStore,
    location: str,
    *,
    pattern: Chosen | None,
    clock: Clock,
    budget: Budget,
    table: Table | None = None,
    detail: Detail | None = None,
    counting: Callable[[str], bool] | None = None,
) -> Listing:
    """Return what lies below a place, every page followed.

    ``location`` is an ``s3://`` URI that counts as it is written: a folder ends in a slash, else it is the
    beginning of file names. Where it lies below the ``table``'s location, patterns match from that on; names are
    hidden below the place itself. Ends early only where the budget, or that of the run, is spent; then it is not
    complete.
    With ``clock.ignore_later`` objects later than now are as if they were not there. Raises Unobserved.
    """
    bucket, prefix = split_uri(location)
    root = table.location if table is not None else None
    below = root if root is not None and location.startswith(root) else location
    table_format, keys = (table.format, own_keys(table)) if table is not None else (Format.FILES, NO_KEYS)
    tally = tally_of(
        below, pattern, clock, table_format, detail, location=location, keys=keys, counting=counting
    )
    token, pages = None, 0
    while True:
        if pages and budget.is_spent(pages):
            return tally.listing(bucket, complete=False)
        try:
            page = store.list_page(bucket, prefix, token=token)
        except Unobserved as error:
            if pages and error.problem.kind is ProblemKind.OVER_BUDGET:
                return tally.listing(bucket, complete=False)
            raise
        pages += 1
        tally.add_all(page.keys)
        token = page.token
        if token is None:
            return tally.listing(bucket, complete=True)
