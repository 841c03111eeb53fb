"""Addresses in S3, as engines and people write them."""

from __future__ import annotations

import posixpath
from typing import Any

from checks.aws.problems import clean

_S3 = ("s3://", "s3a://", "s3n://")


def place_of(uri: str) -> tuple[str, str] | None:
    """Return bucket and key of an S3 URI as engines write it (s3, s3a, s3n); None when it is none."""
    scheme = next((scheme for scheme in _S3 if uri.lower().startswith(scheme)), None)
    if scheme is None:
        return None
    bucket, _, key = uri[len(scheme) :].partition("/")
    return (bucket, key) if bucket and key else None


def place_near(uri: str, location: Any, place: str) -> tuple[str, str] | None:
    """Return bucket and key of what a metadata file at ``place`` names; a relative path is one below its table.

    ``location`` is the table's own as the file tells it, which relative paths may begin with. The table lies where
    the folder ``metadata/`` is. None for what is not in S3.
    """
    root, sign, _ = place.rpartition("/metadata/")
    if "://" in uri or uri.startswith("/") or not sign:
        return place_of(uri)
    path = posixpath.normpath(uri)
    begin = posixpath.normpath(location) + "/" if isinstance(location, str) and location else "/"
    return place_of(f"{root}/{path.removeprefix(begin)}") if not path.startswith("..") else None


def uri_of(uri: str) -> str:
    """Return an S3 URI as it is written elsewhere, ``s3://``, fit to be told; other paths as they are."""
    place = place_of(uri)
    return clean(f"s3://{place[0]}/{place[1]}" if place is not None else uri)


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an ``s3://`` URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
