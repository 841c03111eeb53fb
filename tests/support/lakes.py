"""Lakes to test with: one in memory, one behind a real HTTP server, built and read in the same way."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from moto.server import ThreadedMotoServer

from checks.aws.ledger import Ledger
from checks.aws.session import Aws
from checks.lake import Lake
from checks.lake.glue.catalog import prefix_table, table_of
from checks.lake.glue.partitions import PartitionsPage, Registered
from checks.lake.s3.objects import Key, Keys, Page
from checks.lake.s3.table_reader import LakeReader
from checks.model import Problem, ProblemKind, Table, Unobserved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pytest

    from checks.rules.base import TablePlan

ACCOUNT_ID = "123456789012"
REGION = "eu-west-1"


class LakeBuilder(Protocol):
    """What a test builds a lake with, and reads it by."""

    @property
    def counts(self) -> Mapping[str, int]: ...

    def bucket(self, name: str) -> None: ...

    def put(self, uri: str, at: datetime, size: int = 10) -> None: ...

    def table(self, name: str, entry: Mapping[str, Any] | None = None, **keys: str) -> Table: ...

    def register(
        self, table: Table, values: Sequence[str], location: str | None = None, at: datetime | None = None
    ) -> None: ...

    def reader(self, plan: TablePlan) -> LakeReader: ...


def prefix(uri: str) -> Table:
    """Return a bare prefix as a table."""
    return prefix_table(uri)


def entry_of(name: str, entry: Mapping[str, Any] | None, keys: Mapping[str, str]) -> dict[str, Any]:
    """Return Glue's description of a table ``database.name`` at ``s3://lake/database/name/``."""
    database, table = name.split(".")
    return {
        "Name": table,
        "DatabaseName": database,
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Location": f"s3://lake/{database}/{table}",
            "Columns": [{"Name": "id", "Type": "bigint"}],
        },
        "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in keys.items()],
        "Parameters": {},
        **(entry or {}),
    }


def hive_location(table: Table, values: Sequence[str]) -> str:
    """Return where a partition lies by default."""
    pairs = zip(table.partition_keys, values, strict=True)
    return (table.location or "") + "".join(f"{key.name}={value}/" for key, value in pairs)


@dataclass
class MemoryLake:
    """A lake in memory. Listings have pages of ``page_size`` keys, partitions pages of ``partition_page``."""

    page_size: int = 1000
    partition_page: int = 1000
    ledger: Ledger = field(default_factory=Ledger)
    buckets: dict[str, dict[str, Key]] = field(default_factory=dict)
    partitions: dict[str, list[Registered]] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    expressions: list[str | None] = field(default_factory=list)

    @property
    def counts(self) -> Mapping[str, int]:
        return self.ledger.counts

    def bucket(self, name: str) -> None:
        self.buckets.setdefault(name, {})

    def put(self, uri: str, at: datetime, size: int = 10) -> None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.buckets.setdefault(bucket, {})[key] = Key(key, size, at)

    def table(self, name: str, entry: Mapping[str, Any] | None = None, **keys: str) -> Table:
        self.bucket("lake")
        table = table_of(entry_of(name, entry, keys), account=None, region=REGION)
        self.partitions[table.id] = []
        return table

    def register(
        self, table: Table, values: Sequence[str], location: str | None = None, at: datetime | None = None
    ) -> None:
        where = location or hive_location(table, values)
        self.partitions[table.id].append(Registered(tuple(values), where, at))

    def reader(self, plan: TablePlan) -> LakeReader:
        return LakeReader(store=self, partitions=self)

    def list_page(
        self,
        bucket: str,
        prefix: str,
        *,
        start_after: str | None = None,
        token: str | None = None,
        delimiter: str | None = None,
        max_keys: int = 1000,
    ) -> Page:
        self.ledger.enter("s3:ListObjectsV2")
        if bucket in self.denied:
            raise Unobserved(
                Problem(ProblemKind.DENIED, f"S3 ListObjectsV2 on s3://{bucket}/{prefix}: denied")
            )
        if bucket not in self.buckets:
            raise Unobserved(
                Problem(ProblemKind.NOT_FOUND, f"S3 ListObjectsV2 on s3://{bucket}/{prefix}: gone")
            )
        after = (token or start_after or "").encode()
        room, last = min(max_keys, self.page_size), ""
        keys: list[Key] = []
        prefixes: list[str] = []
        below = [name for name in self.buckets[bucket] if name.startswith(prefix)]
        for name in sorted(below, key=str.encode):
            if name.encode() <= after:
                continue
            rest = name[len(prefix) :]
            folder = prefix + rest[: rest.index(delimiter) + 1] if delimiter and delimiter in rest else None
            if folder is not None and (folder in prefixes or (token and token.startswith(folder))):
                last = name
                continue
            if len(keys) + len(prefixes) == room:
                return Page(Keys.of(keys), tuple(prefixes), last)
            last = name
            if folder is not None:
                prefixes.append(folder)
            else:
                keys.append(self.buckets[bucket][name])
        return Page(Keys.of(keys), tuple(prefixes))

    def get(
        self, bucket: str, key: str, *, byte_range: tuple[int, int] | None = None, max_bytes: int
    ) -> bytes:
        self.ledger.enter("s3:GetObject")
        size = self.buckets[bucket][key].size_bytes
        start, end = byte_range or (0, size - 1)
        return b"x" * min(end - start + 1, max_bytes)

    def get_dated(self, bucket: str, key: str, **how: Any) -> tuple[bytes, datetime | None]:
        return self.get(bucket, key, **how), self.buckets[bucket][key].last_modified

    def page(
        self, table: Table, expression: str | None, *, token: str | None = None, most: int | None = None
    ) -> PartitionsPage:
        self.ledger.enter("glue:GetPartitions")
        self.expressions.append(expression)
        assert expression is None or len(expression) <= 2048
        known = self.partitions[table.id]
        found = known if expression is None else _admitted(table, known, expression)
        start, room = int(token or 0), min(most or 1000, self.partition_page)
        more = start + room < len(found)
        return PartitionsPage(tuple(found[start : start + room]), str(start + room) if more else None)

    def by_values(self, table: Table, values: Sequence[tuple[str, ...]]) -> tuple[Registered, ...]:
        self.ledger.enter("glue:BatchGetPartition")
        assert len(values) <= 1000
        return tuple(each for each in self.partitions[table.id] if each.values in set(values))


def _admitted(table: Table, partitions: Sequence[Registered], expression: str) -> list[Registered]:
    """Return those for which an expression holds, evaluated as SQL, on keys of their own types."""
    with closing(sqlite3.connect(":memory:")) as database:
        numbers = ("tinyint", "smallint", "int", "bigint")
        types = ["INTEGER" if key.type in numbers else "TEXT" for key in table.partition_keys]
        columns = ", ".join(
            f"{key.name} {kind}" for key, kind in zip(table.partition_keys, types, strict=True)
        )
        database.execute(f"CREATE TABLE t ({columns})")
        holes = ", ".join("?" * len(types))
        database.executemany(f"INSERT INTO t VALUES ({holes})", [each.values for each in partitions])  # noqa: S608 - only question marks
        found = database.execute(f"SELECT _rowid_ FROM t WHERE {expression}").fetchall()  # noqa: S608 - the test's
    admitted = {number for (number,) in found}
    return [each for number, each in enumerate(partitions, 1) if number in admitted]


@dataclass
class HttpLake:
    """A lake behind the moto server of this process; build it inside `serving`.

    It is built in the server's own memory, which is quick and lets times be set, and read over HTTP.
    """

    endpoint: str
    aws: Aws = field(default_factory=lambda: Aws(region=REGION))

    def __post_init__(self) -> None:
        from moto.glue.models import glue_backends
        from moto.s3.models import s3_backends

        self.s3: Any = s3_backends[ACCOUNT_ID]["aws"]
        self.glue: Any = glue_backends[ACCOUNT_ID][REGION]

    @property
    def counts(self) -> Mapping[str, int]:
        return self.aws.ledger.counts

    def bucket(self, name: str) -> None:
        if name not in self.s3.buckets:
            self.s3.create_bucket(name, REGION)

    def put(self, uri: str, at: datetime, size: int = 10) -> None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.bucket(bucket)
        self.s3.put_object(bucket, key, b"x" * size).last_modified = at.astimezone(UTC).replace(tzinfo=None)

    def table(self, name: str, entry: Mapping[str, Any] | None = None, **keys: str) -> Table:
        self.bucket("lake")
        told = entry_of(name, entry, keys)
        database = told.pop("DatabaseName")
        if database not in self.glue.databases:
            self.glue.create_database(database, {"Name": database})
        self.glue.create_table(database, told["Name"], told)
        return table_of(told, account=None, region=REGION, database=database)

    def register(
        self, table: Table, values: Sequence[str], location: str | None = None, at: datetime | None = None
    ) -> None:
        where = location or hive_location(table, values)
        told = {"Values": list(values), "StorageDescriptor": {"Location": where}}
        self.glue.create_partition(table.database, table.name, told)
        if at is not None:
            stored = self.glue.databases[table.database].tables[table.name].partitions[str(list(values))]
            stored.creation_time = at.astimezone(UTC).replace(tzinfo=None)

    def reader(self, plan: TablePlan) -> LakeReader:
        return Lake(aws=self.aws).reader(plan)


class _Uncounted(ThreadedMotoServer):
    """A moto server in whose threads no lines are counted: none is ours, and counting makes it half as quick."""

    def _server_entry(self) -> None:
        sys.settrace(None)
        super()._server_entry()

    def start(self) -> None:
        super().start()
        server: Any = self._server
        answer = server.process_request_thread

        def uncounted(*request: Any) -> None:
            sys.settrace(None)
            answer(*request)

        server.process_request_thread = uncounted


@contextmanager
def serving() -> Iterator[str]:
    """Start a moto server on a free port of 127.0.0.1, yield its URL, and end it."""
    server = _Uncounted(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def point_at(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Let boto3 in this process and its children ask the endpoint, with credentials that mean nothing."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_GLUE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


def reset() -> None:
    """Forget everything that the moto server of this process holds."""
    from moto.moto_api._internal import moto_api_backend

    moto_api_backend.reset()
