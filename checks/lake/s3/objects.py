"""Listing and getting objects: the little of S3 that is needed, for the real one and for others alike."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol, cast

from checks.aws.ledger import take_room
from checks.aws.pages import Key, Keys, Page, TornAnswer, own_pages
from checks.aws.problems import asked_s3, clean, problem_of
from checks.aws.session import whole
from checks.aws.uris import split_uri
from checks.layout import table_logs
from checks.layout.data_files import NO_KEYS, is_data, own_keys
from checks.layout.rewrites import is_compacted, may_tell, tells_deletes
from checks.model import Format, Listing, LogSeen, Problem, ProblemKind, Unobserved, utc

__all__ = [
    "MOST_KEYS",
    "Budget",
    "Key",
    "Keys",
    "ObjectStore",
    "Page",
    "S3Store",
    "Tally",
    "list_place",
    "split_uri",
]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from checks.aws.session import Aws
    from checks.lake.s3.file_census import Closer
    from checks.layout.data_files import Chosen, OwnKeys
    from checks.model import Table
    from checks.rules.asking import Clock, Detail

_AT = itemgetter(2)
_IN_URL = {
    "Prefix": "prefix", "MaxKeys": "max-keys", "StartAfter": "start-after", "ContinuationToken": "continuation-token",
    "Delimiter": "delimiter",
}  # fmt: skip
"""How parameters of ListObjectsV2 are written in its URL (API reference)."""
_MAY_BE_NO_DATA = re.compile(r"/[._\n]|\$folder\$\n|\.crc\n|\n[._]|\n\n")
"""Finds in names between line breaks whatever `is_data` might refuse; now and then also what it would not."""
_MOST_TIMES = 60_000
"""Minutes in which data came that are kept of one place: six weeks of all of them."""
MOST_KEYS = 1000
"""S3 gives at most this many keys a page (API reference of ListObjectsV2)."""


class ObjectStore(Protocol):
    """Where objects lie. Every failure is raised as Unobserved."""

    def list_page(
        self,
        bucket: str,
        prefix: str,
        *,
        start_after: str | None = None,
        token: str | None = None,
        delimiter: str | None = None,
        max_keys: int = MOST_KEYS,
    ) -> Page:
        """Return one page of the keys that begin with the prefix, after ``start_after`` where it is given."""

    def get(
        self, bucket: str, key: str, *, byte_range: tuple[int, int] | None = None, max_bytes: int
    ) -> bytes:
        """Return an object's bytes, or those from ``byte_range[0]`` up to and with ``byte_range[1]``.

        Never more than ``max_bytes``: what is larger is raised as Unobserved (over budget), not cut.
        """

    def get_dated(
        self, bucket: str, key: str, *, byte_range: tuple[int, int] | None = None, max_bytes: int
    ) -> tuple[bytes, datetime | None]:
        """Return the same, and when the object was written (LastModified, UTC); None where that is not told."""


@dataclass(slots=True)
class S3Store:
    """The real S3 of one account. Buckets in other regions are followed there by boto3."""

    aws: Aws
    account: str | None = None
    region: str | None = None

    def list_page(
        self,
        bucket: str,
        prefix: str,
        *,
        start_after: str | None = None,
        token: str | None = None,
        delimiter: str | None = None,
        max_keys: int = MOST_KEYS,
    ) -> Page:
        """Return one page; see ObjectStore."""
        given = {"StartAfter": start_after, "ContinuationToken": token, "Delimiter": delimiter}
        ask: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        ask |= {"Prefix": prefix, "MaxKeys": max_keys}
        try:
            return whole(lambda: self._page(bucket, ask))
        except Exception as error:
            raise Unobserved(problem_of(error, asked_s3("ListObjectsV2", bucket, prefix))) from error

    def _page(self, bucket: str, ask: Mapping[str, Any]) -> Page:
        """Return a page, asked for the short way where that is known, else (or where that fails) by boto3."""
        client = self.aws.client("s3", self.account, self.region)
        query = {_IN_URL[name]: str(value) for name, value in ask.items()}
        page = self.aws.express.page(client, bucket, query | {"list-type": "2", "encoding-type": "url"})
        if page is None:
            with own_pages():
                page = cast("Page", client.list_objects_v2(Bucket=bucket, **ask)["Page"])
            self.aws.express.learn(client, bucket)
        return page

    def get(
        self, bucket: str, key: str, *, byte_range: tuple[int, int] | None = None, max_bytes: int
    ) -> bytes:
        """Return an object's bytes; see ObjectStore."""
        return self.get_dated(bucket, key, byte_range=byte_range, max_bytes=max_bytes)[0]

    def get_dated(
        self, bucket: str, key: str, *, byte_range: tuple[int, int] | None = None, max_bytes: int
    ) -> tuple[bytes, datetime | None]:
        """Return an object's bytes, and when it was written; see ObjectStore."""
        asked = asked_s3("GetObject", bucket, key)
        ask = {"Range": f"bytes={byte_range[0]}-{byte_range[1]}"} if byte_range else {}

        def answer() -> tuple[bytes | None, datetime | None]:
            told = client.get_object(Bucket=bucket, Key=key, **ask)
            at = told.get("LastModified")
            return _body_of(told, max_bytes), utc(at) if at is not None else None

        try:
            client = self.aws.client("s3", self.account, self.region)
            data, written_at = whole(answer)
        except Exception as error:
            raise Unobserved(problem_of(error, asked)) from error
        if data is None:
            raise Unobserved(too_large(asked.place, max_bytes))
        return data, written_at


def _body_of(answer: Mapping[str, Any], most: int) -> bytes | None:
    """Return an object's bytes, None where there are more than so many; raise TornAnswer when not all of them came.

    boto3 checks that only where a body is read without a limit.
    """
    from botocore.exceptions import HTTPClientError, IncompleteReadError, ReadTimeoutError

    body, length = answer["Body"], answer.get("ContentLength")
    try:
        if isinstance(length, int) and length > most:
            return None
        take_room(length if isinstance(length, int) else most)
        data: bytes = body.read(most + 1)
    except ReadTimeoutError:
        raise
    except (HTTPClientError, IncompleteReadError) as error:
        raise TornAnswer("GetObject", f"its body broke off ({clean(error)})") from error
    finally:
        body.close()
    if isinstance(length, int) and len(data) < length:
        raise TornAnswer("GetObject", f"its body ends after {len(data):,} of {length:,} bytes")
    return data if len(data) <= most else None


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
        if len(times) > 2 * _MOST_TIMES:
            for minute in sorted(times)[:-_MOST_TIMES]:
                del times[minute]

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


def too_large(place: str, max_bytes: int) -> Problem:
    """Return the problem of an object that is larger than what is read of it."""
    return Problem(
        ProblemKind.OVER_BUDGET,
        f"{place} is larger than {max_bytes:,} bytes, which is as much as is read of one",
    )
