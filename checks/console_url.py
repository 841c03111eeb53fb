"""Where a table is looked at in the AWS console. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from checks.model import Table

_HOSTS = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}


def console_url(table: Table) -> str | None:
    """Return the page of a table in the Glue console, or of a prefix in the S3 console.

    None for a table of the catalog whose region is not known. Every name is escaped.
    """
    if table.database is not None and table.name is not None:
        return _glue_url(table.database, table.name, table.region)
    return _s3_url(table.location or "", table.region)


@lru_cache(maxsize=1024)
def _glue_url(database: str, name: str, region: str | None) -> str | None:
    """Return a table's page; each of its checks asks for it."""
    if region is None:
        return None
    path = f"tables/view/{quote(name, safe='')}?database={quote(database, safe='')}"
    return f"https://{region}.{_host(region)}/glue/home?region={quote(region)}#/v2/data-catalog/{path}"


@lru_cache(maxsize=1024)
def _s3_url(location: str, region: str | None) -> str | None:
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    if not bucket:
        return None
    host = f"{region}.{_host(region)}" if region else "console.aws.amazon.com"
    return f"https://{host}/s3/buckets/{quote(bucket, safe='')}?prefix={quote(prefix, safe='')}"


def _host(region: str) -> str:
    return next(
        (host for start, host in _HOSTS.items() if region.startswith(start)), "console.aws.amazon.com"
    )
