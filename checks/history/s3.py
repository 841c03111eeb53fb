"""History below an S3 prefix: documents that are written with conditional puts.

S3 compares the ETag of ``If-Match`` and refuses ``If-None-Match: *`` where there is an object (Amazon S3
User Guide, conditional writes).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from checks.aws import clients, refusals
from checks.aws.uris import split_uri
from checks.history.base import HistoryConflict, HistoryUnavailable, Kept
from checks.lake.s3.scan import DIRECTORY_BUCKET
from checks.rights import DELETE, GET, LIST, PUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_s3 import S3Client

IAM_ACTIONS = (GET, LIST, PUT)
_PARQUET = "application/vnd.apache.parquet"
_ABSENT = "create the bucket, or correct `history`"


class S3Store:
    """A prefix in a bucket; a token is the ETag of its document."""

    def __init__(self, uri: str, client: S3Client | None = None) -> None:
        bucket, prefix = split_uri(uri)
        if not bucket:
            raise HistoryUnavailable(f"{uri} names no bucket; write s3://bucket/prefix/.")
        self._bucket = bucket
        self._prefix = prefix if prefix == "" or prefix.endswith("/") else f"{prefix}/"
        self._client_or_none = client

    @property
    def place(self) -> str:
        """The prefix as an ``s3://`` URI with a slash at its end."""
        return f"s3://{self._bucket}/{self._prefix}"

    def where(self, name: str) -> str:
        """Return the URI of a document."""
        return f"{self.place}{name}"

    def read(self, name: str, most: int) -> Kept | None:
        """Return a document; see `Store.read`."""

        def get() -> Kept:
            answer = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{name}")
            written_at: datetime | None = answer.get("LastModified")  # a torn answer may not tell
            return Kept(
                answer["Body"].read(most + 1),
                answer["ETag"],
                None if written_at is None else written_at.astimezone(UTC),
            )

        found, error = refusals.attempt(get)
        if error is None:
            return found  # type: ignore[no-any-return] # what `get` returned
        if refusals.is_missing(error) or (refusals.is_denied(error) and self._is_absent(name)):
            return None
        permission = f"{GET}, and {LIST} (without which a first run looks denied),"
        what = f"the history {self.place}"
        raise HistoryUnavailable(refusals.sentence(error, what, permission, _ABSENT)) from error

    def write(self, name: str, content: bytes, token: str) -> str:
        """Replace the document that has this token; see `Store.write`."""
        condition = {"IfMatch": token} if token else {"IfNoneMatch": "*"}
        answer, error = self._put(name, content, **condition)
        if error is None:
            return str(answer["ETag"])
        if refusals.is_conflict(error) or (token and refusals.is_missing(error)):
            # A put whose answer was lost is sent again by the SDK and then finds its own object there.
            found = self.read(name, len(content))
            if found is not None and found.content == content:
                return found.token
            message = f"Another run wrote {self.where(name)} in between; run again."
            raise HistoryConflict(message) from error
        raise self._unwritable(error) from error

    def keep(self, name: str, content: bytes) -> str:
        """Write a document, whatever is there; see `Store.keep`."""
        _, error = self._put(name, content)
        if error is not None:
            raise self._unwritable(error) from error
        return self.where(name)

    def listed(self, beginning: str, after: str = "") -> Iterator[str]:
        """Yield names of documents, page by page; see `Store.listed`.

        S3 Express One Zone lists folders alone and in no order, so that there all of a folder is listed and sorted.
        """
        in_order = not self._bucket.endswith(DIRECTORY_BUCKET)
        prefix = beginning if in_order else f"{beginning.rpartition('/')[0]}/".lstrip("/")
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": f"{self._prefix}{prefix}"}
        if after and in_order:
            request["StartAfter"] = f"{self._prefix}{after}"
        found = (name for name in self._pages(request) if name.startswith(beginning) and name > after)
        yield from found if in_order else sorted(found)

    def _pages(self, request: dict[str, Any]) -> Iterator[str]:
        while True:
            answer, error = refusals.attempt(partial(self._client.list_objects_v2, **request))
            if error is not None:
                what = f"the history {self.place}"
                raise HistoryUnavailable(refusals.sentence(error, what, LIST, _ABSENT)) from error
            yield from (found["Key"].removeprefix(self._prefix) for found in answer.get("Contents", ()))
            if not answer.get("IsTruncated") or not answer.get("NextContinuationToken"):
                return
            request = {**request, "ContinuationToken": answer["NextContinuationToken"]}

    def remove(self, names: Sequence[str]) -> None:
        """Delete documents in one request; see `Store.remove`."""
        keys: list[Any] = [{"Key": f"{self._prefix}{name}"} for name in names]
        answer, error = refusals.attempt(
            lambda: self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": keys, "Quiet": True})
        )
        what = f"what is older than `keep` in the history {self.place}"
        if error is not None:
            raise HistoryUnavailable(refusals.sentence(error, what, DELETE, _ABSENT)) from error
        for refused in answer.get("Errors", ())[:1]:
            code = refused.get("Code", "")
            raise HistoryUnavailable(
                f"AWS refused to delete {what} ({code}); allow {DELETE} on it for the monitor's role, or set no `keep`."
            )

    def names(self, folder: str, after: str, most: int) -> list[str]:
        """Return the names of documents; see `Store.names`."""
        return list(islice(self.listed(folder, f"{folder}{after}"), most + 1))

    @property
    def _client(self) -> S3Client:
        if self._client_or_none is None:
            self._client_or_none = clients.s3()
        return self._client_or_none

    def _is_absent(self, name: str) -> bool:
        """Tell whether a listing shows that there is no such object, False where that is not known.

        S3 refuses to get what is not there from who may not list the bucket; one who may list this prefix may ask.
        """
        key = f"{self._prefix}{name}"
        answer, error = refusals.attempt(
            lambda: self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1)
        )
        if error is not None or answer.get("KeyCount") is None:
            return False
        return all(found["Key"] != key for found in answer.get("Contents", ()))

    def _put(self, name: str, content: bytes, **condition: str) -> tuple[Any, Exception | None]:
        request: dict[str, Any] = {
            "Bucket": self._bucket,
            "Key": f"{self._prefix}{name}",
            "Body": content,
            "ContentType": _PARQUET if name.endswith(".parquet") else "application/json",
            **condition,
        }
        return refusals.attempt(lambda: self._client.put_object(**request))

    def _unwritable(self, error: Exception) -> HistoryUnavailable:
        return HistoryUnavailable(refusals.sentence(error, f"the history {self.place}", PUT, _ABSENT))
