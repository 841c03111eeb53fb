"""Servers for the measurements: Glue and S3 as far as these ask, on 127.0.0.1, ended with whoever started them.

Each runs in a process of its own, so that what it costs is not counted, and answers every request after a
fixed time, as a distant service does.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from bisect import bisect_right
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TABLES, PARTITIONS, FILES = 500, 400, 20
LAST_DAY = datetime(2026, 11, 23, tzinfo=UTC)
"""The newest partition of the fleet's tables is of this day; the ones before it are of the days before."""
KEYS = 1_000_000
_PAGE = 1000
_DAYS = [(LAST_DAY - timedelta(days=number)).date().isoformat() for number in reversed(range(PARTITIONS))]
_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Name>lake</Name><Prefix></Prefix><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>"
)


@contextmanager
def serving(what: str, latency_ms: float = 0.0) -> Iterator[str]:
    """Start a server (``fleet`` or ``listing``) in a process of its own, yield its URL, and end it."""
    command = [sys.executable, __file__, what, str(latency_ms)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603 - this file itself
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline() if process.stdout else 0)}"
        finally:
            process.kill()


def child(script: str, *arguments: str, url: str = "") -> tuple[float, str]:
    """Run a script in a process of its own; return its seconds from start to end, and what it printed."""
    started = time.monotonic()
    done = subprocess.run(  # noqa: S603 - the measurements' own scripts
        [sys.executable, "-c", script, *arguments],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
        env={**os.environ, **environment(url)},
    )
    return time.monotonic() - started, done.stdout


def environment(url: str) -> dict[str, str]:
    """Return what lets boto3 in a child ask the server, with credentials that mean nothing."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _entry(key: str, at: str) -> str:
    name = quote(key, safe="/*-._@")
    return (
        f"<Contents><Key>{name}</Key><LastModified>{at}</LastModified>"
        "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>104857600</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
    )


@cache
def _fleet_entries() -> tuple[list[str], list[str]]:
    """Return the keys of one table below its location, and what is written of each."""
    keys, entries = [], []
    for day in _DAYS:
        at = (datetime.fromisoformat(day) + timedelta(days=1, hours=2)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        for number in range(FILES):
            key = f"dt={day}/part-{number:05d}-c000.snappy.parquet"
            keys.append(key)
            entries.append(_entry(f"@@/{key}", at))
    return keys, entries


@cache
def _fleet_page(below: str, after: str) -> str:
    """Return a page of a table's keys that begin with ``below``, after a key; ``@@`` stands for the location."""
    keys, entries = _fleet_entries()
    fitting = [
        (key, entry)
        for key, entry in zip(keys, entries, strict=True)
        if key.startswith(below) and key > after
    ]
    page = fitting[:_PAGE]
    more = len(fitting) > _PAGE
    token = f"<NextContinuationToken>{page[-1][0]}</NextContinuationToken>" if more else ""
    return (
        f"{_HEAD}<KeyCount>{len(page)}</KeyCount><IsTruncated>{str(more).lower()}</IsTruncated>{token}"
        f"{''.join(entry for _, entry in page)}</ListBucketResult>"
    )


def _fleet_s3(query: dict[str, list[str]]) -> bytes:
    prefix = query.get("prefix", [""])[0]
    database, table, below = prefix.split("/", 2)
    location = f"{database}/{table}"
    start = query.get("start-after", [""])[0].removeprefix(f"{location}/")
    after = query.get("continuation-token", [start])[0]
    return _fleet_page(below, after).replace("@@", location).encode()


def _fleet_glue(operation: str, asked: dict[str, Any]) -> bytes:
    if operation == "GetTables":
        first = int(asked.get("NextToken") or 0)
        names = [f"t{number:04d}" for number in range(first, min(first + 100, TABLES))]
        more = {"NextToken": str(first + 100)} if first + 100 < TABLES else {}
        return json.dumps({"TableList": [_table(name) for name in names], **more}).encode()
    if operation == "GetTable":
        return json.dumps({"Table": _table(asked["Name"])}).encode()
    low = asked.get("Expression", "''").partition("'")[2].rstrip("'")
    days = [day for day in _DAYS if day >= low][: asked.get("MaxResults") or _PAGE]
    return json.dumps({"Partitions": [_partition(asked["TableName"], day) for day in days]}).encode()


def _table(name: str) -> dict[str, Any]:
    columns = [{"Name": f"column_{number}", "Type": "string"} for number in range(20)]
    storage = {"Location": f"s3://lake/sales/{name}", "Columns": columns}
    keys = [{"Name": "dt", "Type": "string"}]
    about = {"Name": name, "DatabaseName": "sales", "TableType": "EXTERNAL_TABLE"}
    return {**about, "StorageDescriptor": storage, "PartitionKeys": keys}


def _partition(table: str, day: str) -> dict[str, Any]:
    created = (datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1, hours=2)).timestamp()
    location = f"s3://lake/sales/{table}/dt={day}"
    return {"Values": [day], "CreationTime": created, "StorageDescriptor": {"Location": location}}


def _listing_key(number: int) -> str:
    return f"raw/in/part-{number:08d}-c000.snappy.parquet"


@cache
def _listing_page(first: int) -> bytes:
    last = min(first + _PAGE, KEYS)
    entries = (
        _entry(_listing_key(key), f"2026-11-22T03:{key % 60:02d}:00.000Z") for key in range(first, last)
    )
    more = last < KEYS
    token = f"<NextContinuationToken>{last}</NextContinuationToken>" if more else ""
    return (
        f"{_HEAD}<KeyCount>{last - first}</KeyCount><IsTruncated>{str(more).lower()}</IsTruncated>{token}"
        f"{''.join(entries)}</ListBucketResult>"
    ).encode()


def _listing_s3(query: dict[str, list[str]]) -> bytes:
    token = query.get("continuation-token")
    if token is not None:
        return _listing_page(int(token[0]))
    return _listing_page(bisect_right(range(KEYS), query.get("start-after", [""])[0], key=_listing_key))


class _Http(asyncio.Protocol):
    """HTTP with kept connections: one request after another, each answered after the latency."""

    def __init__(self, s3: Callable[[dict[str, list[str]]], bytes], latency_s: float) -> None:
        self.s3, self.latency_s, self.data = s3, latency_s, b""
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.data += data
        while b"\r\n\r\n" in self.data:
            head, _, rest = self.data.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
            }
            length = int(headers.get("content-length", "0"))
            if len(rest) < length:
                return
            self.data = rest[length:]
            body = self._answer(lines[0].split(" ")[1], headers, rest[:length])
            kind = "application/x-amz-json-1.1" if "x-amz-target" in headers else "application/xml"
            answer = (
                f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            asyncio.get_running_loop().call_later(self.latency_s, self.transport.write, answer)

    def _answer(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        target = headers.get("x-amz-target")
        if target is not None:
            return _fleet_glue(target.partition(".")[2], json.loads(body))
        return self.s3(parse_qs(path.partition("?")[2]))


async def _serve(what: str, latency_s: float) -> None:
    s3 = {"fleet": _fleet_s3, "listing": _listing_s3}[what]
    if what == "listing":
        for first in range(0, KEYS, _PAGE):
            _listing_page(first)
    else:
        _fleet_entries()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Http(s3, latency_s), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # its end is that of whoever started it
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], float(sys.argv[2]) / 1000))
