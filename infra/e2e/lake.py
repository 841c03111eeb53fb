"""The tables that are watched: plain files, Iceberg, Delta, Parquet with a column of times, and one that is stale.

The emulator dates objects by its clock, so what is stale is so by its log: an old commit of Delta.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.tables_by_engines import iceberg_catalog, iceberg_schema, rows, set_commit_times

LAKE = "lake"
RAW = "e2e-raw"
"""The bucket that breaks."""
STALE, BREAKS = "sales.stale", f"s3://{RAW}/partner/"
FRESH = ("sales.orders", "sales.clicks", "sales.payments")
CONFIG = f"""\
version: 1
name: e2e
timezone: {{zone}}
topic: "${{{{TOPIC_ARN}}}}"
defaults:
  freshness: {{{{max_age: 24h}}}}
tables:
  - table: sales.orders
  - table: sales.clicks
  - table: sales.payments
    events: {{{{column: paid_at, max_age: 24h}}}}
  - table: sales.stale
    owner: finance-data
  - prefix: {BREAKS}
"""


def put(s3: Any, glue: Any, now: datetime) -> None:
    """Make the buckets, the tables and their entries in the catalog."""
    from deltalake import write_deltalake

    place: Any = {"CreateBucketConfiguration": {"LocationConstraint": s3.meta.region_name}}
    for bucket in (LAKE, RAW):
        s3.create_bucket(Bucket=bucket, **place)
    s3.put_object(Bucket=RAW, Key="partner/2026.csv.gz", Body=b"a,b")
    glue.create_database(DatabaseInput={"Name": "sales"})
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        table = iceberg_catalog(folder).create(iceberg_schema())
        table.append(rows("2026-11-22"))
        _upload(s3, folder / LAKE, "")
        _entry(
            glue,
            "orders",
            "sales/orders/",
            {"table_type": "ICEBERG", "metadata_location": table.metadata_location},
        )
        for name, age in (("clicks", timedelta(hours=1)), ("stale", timedelta(days=3))):
            delta = folder / name
            write_deltalake(delta, rows("2026-11-22"))
            set_commit_times(delta, {0: now - age})
            _upload(s3, delta, f"sales/{name}/")
            _entry(
                glue, name, f"sales/{name}/", {"table_type": "DELTA", "spark.sql.sources.provider": "delta"}
            )
        payments = folder / "payments"
        payments.mkdir()
        _payments(payments / "part-0.parquet", now - timedelta(hours=2))
        _upload(s3, payments, "sales/payments/")
        _entry(glue, "payments", "sales/payments/", {"classification": "parquet"}, paid_at="timestamp")


def break_a_bucket(s3: Any) -> None:
    """Delete the bucket of the prefix, with what is in it."""
    for each in s3.list_objects_v2(Bucket=RAW)["Contents"]:
        s3.delete_object(Bucket=RAW, Key=each["Key"])
    s3.delete_bucket(Bucket=RAW)


def config(now: datetime) -> str:
    """Return the config, in a zone where it is about noon: a whole report comes at the first run of a local day."""
    ahead = 12 - now.astimezone(UTC).hour
    return CONFIG.format(zone=f"Etc/GMT{-ahead:+d}" if ahead else "UTC")


def _payments(file: Path, newest: datetime) -> None:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    times = pa.array([newest - timedelta(hours=hours) for hours in range(3)], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"paid_at": times, "amount": [1, 2, 3]}), file)


def _upload(s3: Any, folder: Path, prefix: str) -> None:
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            s3.put_object(
                Bucket=LAKE, Key=f"{prefix}{file.relative_to(folder).as_posix()}", Body=file.read_bytes()
            )


def _entry(glue: Any, name: str, path: str, parameters: dict[str, str], **columns: str) -> None:
    described = columns or {"day": "string", "amount": "bigint"}
    glue.create_table(
        DatabaseName="sales",
        TableInput={
            "Name": name,
            "TableType": "EXTERNAL_TABLE",
            "Parameters": parameters,
            "StorageDescriptor": {
                "Location": f"s3://{LAKE}/{path}",
                "Columns": [{"Name": column, "Type": kind} for column, kind in described.items()],
                "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                },
            },
        },
    )
