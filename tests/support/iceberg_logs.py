"""Iceberg tables that pyiceberg wrote, aged as a test wants them, and what their log tells of each check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.typedef import Record
from pyiceberg.types import (
    DateType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)

from checks.lake.formats import iceberg
from checks.model import Format
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    NOW,
    ObjectsInMemory,
    date_snapshots,
    edit_json,
    iceberg_catalog,
    iceberg_objects,
    observe,
    plan_of,
)
from tests.support.times import HOUR

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from checks.model import Finding
    from checks.rules.base import TablePlan

SCHEMA = Schema(
    NestedField(1, "day", StringType()),
    NestedField(2, "seen", TimestamptzType()),
    NestedField(3, "wall", TimestampType()),
    NestedField(4, "date", DateType()),
    NestedField(
        5, "meta", StructType(NestedField(6, "made", TimestamptzType()), NestedField(7, "n", LongType()))
    ),
)
EVENTS = {"column": "seen", "max_age": "24h"}


def rows(newest: datetime, day: str = "2026-11-21") -> pa.Table:
    moments = [newest - HOUR, newest]
    zoned = pa.array(moments, pa.timestamp("us", "UTC"))
    return pa.table(
        {
            "day": [day, day],
            "seen": zoned,
            "wall": pa.array([each.replace(tzinfo=None) for each in moments], pa.timestamp("us")),
            "date": pa.array([each.date() for each in moments]),
            "meta": pa.StructArray.from_arrays([zoned, pa.array([1, 2])], ["made", "n"]),
        }
    )


def aged(table: Any, tmp_path: Path, *moments: datetime) -> tuple[ObjectsInMemory, dict[str, str]]:
    """Return a table's objects, its snapshots made at these moments, by default one an hour up to now."""
    objects, parameters = iceberg_objects(table, tmp_path)

    def age(document: dict[str, Any]) -> None:
        count = len(document["snapshots"])
        date_snapshots(document, *(moments or [NOW - number * HOUR for number in reversed(range(count))]))

    edit_json(objects, parameters["metadata_location"], age)
    return objects, parameters


def plan_with(parameters: dict[str, str], **blocks: Any) -> TablePlan:
    table = plan_of(Format.ICEBERG, parameters=parameters).table
    return plan_by_config(table, **blocks)


def look(
    objects: ObjectsInMemory, parameters: dict[str, str], now: datetime = NOW, **blocks: Any
) -> dict[str, Finding]:
    plan = plan_with(parameters, **blocks)
    return judged(plan, observe(iceberg.READER, plan, objects, now), now)


def written(
    tmp_path: Path,
    *newest: datetime,
    schema: Any = SCHEMA,
    spec: PartitionSpec = UNPARTITIONED_PARTITION_SPEC,
) -> Any:
    table = iceberg_catalog(tmp_path).create(schema, spec)
    for each in newest:
        table.append(rows(each))
    return table


def append_file(table: Any, name: str, **values: Any) -> None:
    """Append a file that only the log knows."""
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as update:
        told = {"record_count": 3, "file_size_in_bytes": 700, "partition": Record(), **values}
        file = DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=f"{table.location()}/{name}",
            file_format=FileFormat.PARQUET,
            **told,
        )
        file.spec_id = 0
        update.append_data_file(file)
