"""Listing and getting objects: the little of S3 that is needed, for the real one and for others alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from checks.aws.ledger import take_room
from checks.aws.pages import Key, Keys, Page, TornAnswer, own_pages
from checks.aws.problems import asked_s3, clean, problem_of
from checks.aws.session import whole
from checks.aws.uris import split_uri
from checks.model import Problem, ProblemKind, Unobserved, utc

__all__ = ["MOST_KEYS", "Key", "Keys", "ObjectStore", "Page", "S3Store", "split_uri"]

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checks.aws.session import Aws

_IN_URL = {
    "Prefix": "prefix", "MaxKeys": "max-keys", "StartAfter": "start-after", "ContinuationToken": "continuation-token",
    "Delimiter": "delimiter",
}  # fmt: skip
"""How parameters of ListObjectsV2 are written in its URL (API reference)."""
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


def too_large(place: str, max_bytes: int) -> Problem:
    """Return the problem of an object that is larger than what is read of it."""
    return Problem(
        ProblemKind.OVER_BUDGET,
        f"{place} is larger than {max_bytes:,} bytes, which is as much as is read of one",
    )
