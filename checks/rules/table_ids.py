"""Ids of tables as a config writes them: exact, as reports tell them, with what to write in place of others. Pure."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from checks.rules.key_types import parse_text, show

_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}", re.ASCII)
_S3 = re.compile(r"s3[an]?://", re.ASCII)
_GLUE_ARN = re.compile(r"arn:aws[a-z-]*:glue:[^:]*:\d*:table/([^/]+)/([^/]+)", re.ASCII)
_OF_DBT = re.compile(r"(?:ref|source)\s*\(", re.ASCII)
_CATALOG = re.compile(r"awsdatacatalog\.(?=[^.]+\.)", re.ASCII | re.IGNORECASE)
_QUOTES = re.compile(r"[`\"']")
_MOST = 200


def parse_bucket(text: str) -> str:
    """Return an s3:// URI with a slash at its end; raise ValueError with what to write."""
    bucket, _, key = text.removeprefix("s3://").partition("/")
    if not _BUCKET.fullmatch(bucket):
        message = (
            f"{bucket!r} is not a bucket's name; write s3://bucket/prefix/, such as s3://acme-raw/partner-a/"
        )
        raise ValueError(message)
    return f"s3://{bucket}/{key}" if not key or key.endswith("/") else f"s3://{bucket}/{key}/"


def parse_table_id(value: object) -> str:
    """Read the id of one table, names in lower case; raise ValueError with what to write."""
    text = parse_text(value)
    if "*" in text or "?" in text:
        raise ValueError(
            f"{show(text)} is a glob, and each table has upstreams of its own; write their ids, one by one"
        )
    if _S3.match(text):
        return parse_bucket(re.sub(_S3, "s3://", text))
    arn = _GLUE_ARN.fullmatch(text)
    if arn is not None:
        raise ValueError(f"{show(text)} is an ARN; write the table's id: {arn[1]}.{arn[2]}")
    if _OF_DBT.search(text):
        raise ValueError(
            f"{show(text)} is dbt's way to name a model; write the table that it makes: database.table"
        )
    bare = _CATALOG.sub("", _QUOTES.sub("", text))
    if bare != text:
        raise ValueError(f"{show(text)} is as a query names it; write {bare}")
    if "," in text or " " in text:
        listed = ", ".join(part for part in re.split(r"[,\s]+", text) if part)
        raise ValueError(f"{show(text)} is more than one id; write a list: [{listed}]")
    account, slash, rest = text.rpartition("/")
    database, _, name = rest.partition(".")
    if not (database and name) or (slash and not account) or "/" in account:
        raise ValueError(
            f"{show(text)} is not the id of a table; write database.table, account/database.table or s3://bucket/prefix/"
        )
    return f"{account}{slash}{rest.lower()}"


def parse_table_ids(value: object) -> tuple[str, ...]:
    """Read an id or a list of them, which may be empty; raise ValueError with what to write."""
    if isinstance(value, dict) or value is None:
        raise ValueError(f"{show(value)} is no list of tables; write such as [raw.orders]")
    listed = value if isinstance(value, list | tuple) else [value]
    if len(listed) > _MOST:
        raise ValueError(
            f"holds {len(listed)} tables, and {_MOST} are the most; write those that it is read from directly"
        )
    return tuple(dict.fromkeys(parse_table_id(each) for each in listed))


TableIds = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_table_ids),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "maxItems": _MOST, "items": {"type": "string", "minLength": 1}},
            ]
        }
    ),
]
"""A config value such as ``raw.orders``, or a list of such ids."""
