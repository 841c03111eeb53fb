"""History below an S3 prefix: ``state.json``, written with conditional puts.

S3 compares the ETag of ``If-Match`` and refuses ``If-None-Match: *`` where there is an object (Amazon S3
User Guide, conditional writes).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from checks.changes import State
from checks.channels import refusals
from checks.channels.file import s3_client, split_uri
from checks.history import document
from checks.history.base import (
    STATE_LONGEST,
    STATE_NAME,
    HistoryConflict,
    HistoryTorn,
    HistoryUnavailable,
    run_name,
)
from checks.rights import GET, LIST, PUT

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

IAM_ACTIONS = (GET, LIST, PUT)
_ABSENT = "create the bucket, or correct `history`"


class S3History:
    """A prefix in a bucket; the token is the ETag of the document."""

    def __init__(self, uri: str, client: S3Client | None = None) -> None:
        bucket, prefix = split_uri(uri)
        if not bucket:
            raise HistoryUnavailable(f"{uri} names no bucket; write s3://bucket/prefix/.")
        self._bucket = bucket
        self._prefix = prefix if prefix == "" or prefix.endswith("/") else f"{prefix}/"
        self._given_client = client
        self._made_client: S3Client | None = None

    @property
    def place(self) -> str:
        """The prefix as an ``s3://`` URI with a slash at its end."""
        return f"s3://{self._bucket}/{self._prefix}"

    def load(self) -> tuple[State, str]:
        """Return the state and its token; see `History.load`."""
        found = self._read()
        if found is None:
            return State(), ""
        content, token = found
        try:
            return document.from_text(content), token
        except ValueError as error:
            raise HistoryTorn(f"{self.place}{STATE_NAME}", str(error), content, token) from error

    def save(self, state: State, token: str) -> str:
        """Replace the state that has this token; see `History.save`."""
        content = document.to_text(state).encode()
        condition = {"IfMatch": token} if token else {"IfNoneMatch": "*"}
        answer, error = self._put(STATE_NAME, content, **condition)
        if error is None:
            return str(answer["ETag"])
        if refusals.is_conflict(error) or (token and refusals.is_missing(error)):
            # A put whose answer was lost is sent again by the SDK and then finds its own object there.
            found = self._read()
            if found is not None and found[0] == content:
                return found[1]
            message = f"Another run wrote {self.place}{STATE_NAME} in between; run again."
            raise HistoryConflict(message) from error
        raise self._unwritable(error) from error

    def set_aside(self, torn: HistoryTorn) -> str:
        """Keep a copy beside it, named by its content; see `History.set_aside`."""
        digest = hashlib.sha256(torn.content).hexdigest()[:12]
        return self._keep(f"{STATE_NAME}.torn-{digest}", torn.content)

    def where(self, run_id: str, now: datetime) -> str:
        """Return the URI of that run's report."""
        return f"{self.place}{run_name(run_id, now)}"

    def remember(self, report_json: str, run_id: str, now: datetime) -> str:
        """Keep the report of a run; see `History.remember`."""
        return self._keep(run_name(run_id, now), report_json.encode("utf-8", "replace"))

    def get(self, name: str, longest: int) -> tuple[bytes, datetime] | None:
        """Return what is kept under a name; see `History.get`."""

        def ask() -> tuple[bytes, datetime]:
            answer = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{name}")
            return answer["Body"].read(longest), answer["LastModified"].astimezone(UTC)

        found, error = refusals.attempt(ask)
        if error is None:
            kept: tuple[bytes, datetime] = found
            return kept
        if refusals.is_missing(error):
            return None
        raise self._unreadable(error) from error

    def put(self, name: str, content: bytes) -> str:
        """Keep bytes under a name; see `History.put`."""
        return self._keep(name, content)

    @property
    def _client(self) -> S3Client:
        if self._made_client is None:
            self._made_client = s3_client(self._given_client)
        return self._made_client

    def _read(self) -> tuple[bytes, str] | None:
        def get() -> tuple[bytes, str]:
            answer = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{STATE_NAME}")
            return answer["Body"].read(STATE_LONGEST + 1), answer["ETag"]

        found, error = refusals.attempt(get)
        if error is not None:
            if refusals.is_missing(error) or (refusals.is_denied(error) and self._is_absent(STATE_NAME)):
                return None
            raise self._unreadable(error) from error
        content, token = found
        if len(content) > STATE_LONGEST:
            place = f"{self.place}{STATE_NAME}"
            raise HistoryTorn(place, "it is larger than any history is", content, token)
        return content, token

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
            "ContentType": "application/json",
            **condition,
        }
        return refusals.attempt(lambda: self._client.put_object(**request))

    def _keep(self, name: str, content: bytes) -> str:
        _, error = self._put(name, content)
        if error is not None:
            raise self._unwritable(error) from error
        return f"{self.place}{name}"

    def _unreadable(self, error: Exception) -> HistoryUnavailable:
        permission = f"{GET}, and {LIST} (without which a first run looks denied),"
        return HistoryUnavailable(refusals.sentence(error, f"the history {self.place}", permission, _ABSENT))

    def _unwritable(self, error: Exception) -> HistoryUnavailable:
        return HistoryUnavailable(refusals.sentence(error, f"the history {self.place}", PUT, _ABSENT))
