"""Reports to a file: a local path, replaced in one step, or an object in S3."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from checks.aws import clients, refusals
from checks.aws.uris import split_uri
from checks.channels.base import Delivery
from checks.local_files import replace_file
from checks.report import as_json, as_junit, html, text
from checks.rights import PUT, Reach

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from checks.report.build import Report
    from checks.rights import Home, Right

IAM_ACTIONS = (PUT,)
"""What a report to ``s3://`` takes; the history declares its own."""
_RENDER = {"text": text.render, "html": html.page, "json": as_json.pretty, "junit": as_junit.render}
_TYPES = {
    "text": "text/plain",
    "html": "text/html",
    "json": "application/json",
    "junit": "application/xml",
}
_SUFFIXES = {".html": "html", ".htm": "html", ".json": "json", ".xml": "junit"}


def format_of(target: str) -> str:
    """Return the format that the name asks for: ``html``, ``json``, ``junit`` (``.xml``), else ``text``."""
    return _SUFFIXES.get(Path(target).suffix.lower(), "text")


def render(report: Report, form: str) -> str:
    """Return the report as ``text``, ``html``, ``json`` or ``junit`` (XML)."""
    return _RENDER[form](report)


def write(report: Report, target: str, form: str | None = None, client: S3Client | None = None) -> Delivery:
    """Write the report to a path or an ``s3://`` URI as ``text``, ``html``, ``json`` or ``junit``.

    A local file is replaced in one step, and folders that are not there are made. What goes wrong is
    told in the `Delivery`.
    """
    chosen = form or format_of(target)
    content = render(report, chosen).encode("utf-8", "replace")
    if target.startswith("s3://"):
        return _to_s3(content, target, f"{_TYPES[chosen]}; charset=utf-8", client)
    try:
        replace_file(Path(target), content)
    except OSError as error:
        return Delivery(
            target, ok=False, problem=f"{target} could not be written: {error.strerror or error}."
        )
    return Delivery(target, ok=True)


@dataclass(frozen=True, slots=True)
class File:
    """The channel to a file or an object, in the format that its name asks for."""

    target: str
    news_only: bool = False

    def deliver(self, report: Report, stop_at: float | None = None) -> Delivery:  # noqa: ARG002 - one call
        """Write the report; see `write`."""
        return write(report, self.target)

    def needs(self, home: Home) -> tuple[Right, ...]:
        """Return the right to write the object; a local file takes none."""
        if not self.target.startswith("s3://"):
            return ()
        bucket, key = split_uri(self.target)
        return (Reach(PUT, bucket, key, exact=True).right(home.partition),)

    def unheard(self) -> str:
        """Return nothing: whoever may read the file gets it."""
        return ""

    def unanswered(self) -> Delivery:
        """Say that the report may or may not be there."""
        problem = f"{self.target} did not answer in time, so whether the report is there is not known."
        return Delivery(self.target, ok=False, problem=problem)


channel = File
"""What `checks.channels.channel_of` makes of a target."""


def _to_s3(content: bytes, target: str, content_type: str, client: S3Client | None) -> Delivery:
    bucket, key = split_uri(target)
    if not bucket or not key or key.endswith("/"):
        return Delivery(target, ok=False, problem=f"{target} names no object; write s3://bucket/name.html.")

    def put() -> None:
        (client or clients.s3()).put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)

    _, error = refusals.attempt(put)
    if error is None:
        return Delivery(target, ok=True)
    said = refusals.sentence(error, f"the object {target}", PUT, "create the bucket, or correct the address")
    return Delivery(target, ok=False, problem=said)
