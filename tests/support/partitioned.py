"""What the tests of periods in logs share: rules and plans of days, and tables of days by real writers."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from deltalake import write_deltalake
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.typedef import Record

from checks.model import Format, ItemState, TableMemory
from checks.rules.asking import Clock
from checks.rules.base import Binding
from checks.rules.partitions import PartitionsConfig, PartitionsRule
from tests.support.tables_by_engines import (
    NOW,
    ObjectsInMemory,
    date_snapshots,
    edit_json,
    iceberg_catalog,
    iceberg_objects,
    iceberg_schema,
    plan_of,
    rows,
)
from tests.support.times import HOUR, UTC_ZONE, at

if TYPE_CHECKING:
    from pathlib import Path

    from checks.model import Observation
    from checks.rules.base import TablePlan

EIGHT, NINE, TEN = at("11-21 08:00"), at("11-21 09:00"), at("11-21 10:00")


def partitions_rule(**config: Any) -> PartitionsRule:
    given_ = {"due": "06:00", "lookback": 3, **config}
    return PartitionsConfig(**given_).bind(Binding(zone=UTC_ZONE))


def plan_with(table_format: Format, *rules: Any, **values: Any) -> TablePlan:
    chosen = rules or (partitions_rule(),)
    plan = plan_of(table_format, *chosen, **values)
    stated = next((rule.stated_layout for rule in chosen if isinstance(rule, PartitionsRule)), None)
    return replace(plan, stated_layout=stated)


def states(plan: TablePlan, seen: Observation, now: datetime = NOW) -> dict[str, ItemState]:
    rule = next(rule for rule in plan.rules if isinstance(rule, PartitionsRule))
    row = rule.measure(seen, Clock(now=now), TableMemory())
    assert row.unknown is None, row.unknown
    return {item.period: item.state for item in row.items}


def filled(plan: TablePlan, seen: Observation, now: datetime = NOW) -> dict[str, ItemState]:
    """Return the states with late as present: what was loaded in the tests came when they ran."""
    found = states(plan, seen, now)
    return {period: PRESENT if state is ItemState.LATE else state for period, state in found.items()}


PRESENT, MISSING, UNKNOWN = ItemState.PRESENT, ItemState.MISSING, ItemState.UNKNOWN
A_GAP = {"2026-11-21": PRESENT, "2026-11-20": MISSING, "2026-11-19": PRESENT}


def spec(source: int, transform: Any, name: str) -> PartitionSpec:
    return PartitionSpec(PartitionField(source_id=source, field_id=1000, transform=transform, name=name))


def iceberg_table(tmp_path: Path, partition: PartitionSpec, *days: str, schema: Any = None) -> Any:
    table = iceberg_catalog(tmp_path).create(schema or iceberg_schema(), partition)
    for day in days:
        table.append(rows(day))
    return table


def objects_of(table: Any, tmp_path: Path, *moments: datetime) -> tuple[ObjectsInMemory, dict[str, str]]:
    """Return a table's objects, its snapshots made at these moments: by default one an hour up to now."""
    objects, parameters = iceberg_objects(table, tmp_path)

    def age(document: dict[str, Any]) -> None:
        count = len(document["snapshots"])
        date_snapshots(document, *(moments or [NOW - number * HOUR for number in reversed(range(count))]))

    edit_json(objects, parameters["metadata_location"], age)
    return objects, parameters


def append_files(table: Any, *partitions: tuple[Any, ...]) -> None:
    """Append a file a partition, with its values as transforms give them (pyiceberg computes none by itself)."""
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as update:
        for number, values in enumerate(partitions):
            file = DataFile.from_args(
                content=DataFileContent.DATA,
                file_path=f"{table.location()}/data/{number}-{values}.parquet",
                file_format=FileFormat.PARQUET,
                partition=Record(*values),
                record_count=3,
                file_size_in_bytes=700,
            )
            file.spec_id = table.spec().spec_id
            update.append_data_file(file)


def days_since_1970(day: str) -> int:
    return (date.fromisoformat(day) - date(1970, 1, 1)).days


def delta_table(tmp_path: Path, *days: str) -> None:
    for day in days:
        write_deltalake(str(tmp_path), rows(day), mode="append", partition_by=["day"])


def folder_of(tmp_path: Path) -> ObjectsInMemory:
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    return objects


def metadata_action(*keys: str) -> dict[str, Any]:
    fields = [{"name": key, "type": "integer"} for key in keys]
    return {
        "metaData": {
            "partitionColumns": list(keys),
            "schemaString": json.dumps({"type": "struct", "fields": fields}),
        }
    }
