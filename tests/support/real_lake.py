"""Ten tables that real engines wrote, for all seven checks: some sound, some in each kind of trouble."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from deltalake import write_deltalake

from tests.support.tables_by_engines import (
    iceberg_catalog,
    iceberg_schema,
    milliseconds,
    rows,
    set_commit_times,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lakes import HttpLake

DAYS = 9
BUCKET = "lake"
TABLES = 10
EXPECTED = {
    "catalog": {"pass", "fail"},
    "events": {"pass", "fail"},
    "files": {"pass", "fail"},
    "freshness": {"pass", "fail"},
    "partitions": {"pass", "fail"},
    "schema": {"pass", "fail"},
    "volume": {"pass", "fail"},
}
"""What each check says of these tables: everything is seen, and some of it is bad."""
_DAILY = {"every": "1d", "after": "1h", "lookback": 5}
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"


def clock() -> datetime:
    """Return what the clock shows: engines write it into their logs, and the Lambda holds events against it."""
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the edge of a test that starts real processes


class RealLake:
    """Builds the tables; ``now`` is the time that they are seen at, soon after they were written."""

    def __init__(self, lake: HttpLake, folder: Path, now: datetime) -> None:
        self.lake, self.folder, self.now = lake, folder, now
        self.days = [(now - number * DAY).date() for number in reversed(range(1, DAYS + 1))]
        for bucket in (BUCKET, "ops"):
            lake.bucket(bucket)

    def build(self) -> dict[str, Any]:
        """Write all tables, and return the config that watches them."""
        daily = {"partitions": _DAILY, "freshness": {"max_age": "60h"}, "catalog": "on", "files": "on"}
        recent = {"column": "at", "max_age": "60h"}
        self._daily("web.clicks")
        self._daily("web.gaps", without=3)
        self._daily("web.thin", thin=(1, 2))
        self._unregistered("web.dropped")
        self._flat("web.drifted", self.now - HOUR, declared=[("at", "timestamp"), ("amount", "string")])
        self._flat("web.old", self.now - 4 * DAY)
        self._delta("sales.fresh", HOUR)
        self._delta("sales.stale", 5 * DAY)
        iceberg = self._iceberg()
        self._drops("partner-a/")
        footers = {"schema": {"against": "footer"}, "events": recent}
        return {
            "version": 1,
            "name": "real",
            "tables": [
                {"table": "web.clicks", **daily, **footers,
                 "volume": {"min_bytes": "100B", "drop": "90%", "history": 3}},
                {"table": "web.gaps", **daily},
                {"table": "web.thin", **daily, "volume": {"min_files": 2}},
                {"table": "web.dropped", **daily},
                {"table": "web.drifted", "freshness": {"max_age": "6h"}, **footers},
                {"table": "web.old", "freshness": {"max_age": "24h"}, **footers},
                {"table": "sales.fresh", "freshness": {"max_age": "24h"}, "volume": {"min_rows": 5}, "files": "on",
                 "schema": "on", "events": recent},
                {"table": "sales.stale", "freshness": {"max_age": "24h"}, "volume": {"min_rows": 50}},
                {"table": iceberg, "freshness": {"max_age": "24h"}, "volume": {"min_rows": 5}, "files": "on"},
                {"prefix": f"s3://{BUCKET}/partner-a/", "pattern": "*.csv.gz", "freshness": {"max_age": "24h"},
                 "files": {"only": True}},
            ],
        }  # fmt: skip

    def put(self, key: str, data: bytes, at: datetime) -> None:
        """Put an object with the time that S3 tells of it."""
        stored = self.lake.s3.put_object(BUCKET, key, data)
        stored.last_modified = at.astimezone(UTC).replace(tzinfo=None)

    def _daily(self, name: str, without: int = 0, thin: tuple[int, ...] = ()) -> None:
        """A partition a day of two Parquet files, that came 30 minutes after its day; days may lack both, or one."""
        table = self.lake.table(name, {"StorageDescriptor": _described(name)}, dt="date")
        for back, day in enumerate(reversed(self.days), 1):
            if back == without:
                continue
            came = datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY + timedelta(minutes=30)
            came = min(came, self.now)
            for number in range(1 if back in thin else 2):
                self.put(f"{_key(name)}dt={day}/part-{number}.parquet", _parquet(came - HOUR), came)
            self.lake.register(table, [str(day)], at=came)

    def _unregistered(self, name: str) -> None:
        """The same, where somebody emptied a partition that is registered, and left a file of no bytes."""
        self._daily(name)
        day = self.days[-2]
        for number in range(2):
            self.lake.s3.delete_object(BUCKET, f"{_key(name)}dt={day}/part-{number}.parquet")
        self.put(f"{_key(name)}dt={self.days[-3]}/part-9.parquet", b"", self.now - HOUR)

    def _flat(self, name: str, came: datetime, declared: list[tuple[str, str]] | None = None) -> None:
        self.lake.table(name, {"StorageDescriptor": _described(name, declared)})
        self.put(f"{_key(name)}part-0.parquet", _parquet(came), came)

    def _delta(self, name: str, ago: timedelta) -> None:
        folder = self.folder / name
        came = self.now - ago
        write_deltalake(str(folder), _table(came - DAY), mode="append")
        write_deltalake(str(folder), _table(came), mode="append")
        set_commit_times(folder, {0: came - DAY, 1: came})
        self.lake.table(
            name,
            {"StorageDescriptor": _described(name), "Parameters": {"spark.sql.sources.provider": "delta"}},
        )
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self.put(f"{_key(name)}{file.relative_to(folder).as_posix()}", file.read_bytes(), came)

    def _iceberg(self) -> str:
        table = iceberg_catalog(self.folder).create(iceberg_schema())
        table.append(rows(*map(str, self.days[-2:])))
        for file in sorted((self.folder / BUCKET).rglob("*")):
            if file.is_file():
                self.put(file.relative_to(self.folder / BUCKET).as_posix(), file.read_bytes(), self.now)
        parameters = {"table_type": "ICEBERG", "metadata_location": table.metadata_location}
        self.lake.table("sales.orders", {"Parameters": parameters})
        return "sales.orders"

    def _drops(self, prefix: str) -> None:
        self.put(f"{prefix}a.csv.gz", gzip.compress(b"1,2\n", mtime=0), self.now - HOUR)
        self.put(f"{prefix}notes.docx", b"no data", self.now - HOUR)


def _key(name: str) -> str:
    return name.replace(".", "/") + "/"


def _described(name: str, columns: list[tuple[str, str]] | None = None) -> dict[str, Any]:
    return {
        "Location": f"s3://{BUCKET}/{_key(name)}",
        "InputFormat": _PARQUET,
        "Columns": [
            {"Name": column, "Type": kind}
            for column, kind in columns or [("at", "timestamp"), ("amount", "bigint")]
        ],
    }


def _table(newest: datetime, count: int = 40) -> pa.Table:
    times = [milliseconds(newest - timedelta(minutes=number)) for number in range(count)]
    return pa.table(
        {
            "at": pa.array(times, pa.timestamp("ms", "UTC")).cast(pa.timestamp("us", "UTC")),
            "amount": list(range(count)),
        }
    )


def _parquet(newest: datetime) -> bytes:
    out = io.BytesIO()
    pq.write_table(_table(newest), out)
    return out.getvalue()
