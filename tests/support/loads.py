"""The same loads as a table of each format: one file and one commit a load, by day and perhaps by region."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import NestedField, StringType

from checks.lake.formats import delta, hudi, iceberg
from checks.model import Format
from tests.support.hudi_tables import HudiTable
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.rule_checks import judged
from tests.support.rule_checks import look as look_at_files
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    date_snapshots,
    delta_commit,
    edit_json,
    iceberg_catalog,
    iceberg_objects,
    iceberg_schema,
    log_key,
    milliseconds,
    observe,
    plan_of,
)
from tests.support.times import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from checks.model import Finding, Observation, TableMemory


@dataclass(frozen=True, slots=True)
class Load:
    """What one run loaded: a file of so many bytes into the partition of a day, and of a region where there are any."""

    at: datetime
    day: str
    size_bytes: int
    region: str = ""

    @property
    def values(self) -> dict[str, str]:
        """The partition's values by their keys."""
        return {"day": self.day, **({"region": self.region} if self.region else {})}

    @property
    def path(self) -> str:
        """The partition's path."""
        return "/".join(f"{key}={value}" for key, value in self.values.items())


@dataclass(frozen=True, slots=True)
class Loaded:
    """A table with a log, and its objects."""

    reader: Any
    kind: Format
    objects: ObjectsInMemory
    parameters: dict[str, str]
    location: str = LOCATION

    def look(
        self, memory: TableMemory | None = None, **blocks: Any
    ) -> tuple[dict[str, Finding], Observation]:
        """Return what was found by these checks, and what was seen."""
        table = plan_of(self.kind, parameters=self.parameters, location=self.location).table
        plan = plan_by_config(table, memory, **blocks)
        seen = observe(self.reader, plan, self.objects)
        return judged(plan, seen, NOW), seen


def as_iceberg(folder: Path, loads: Sequence[Load], *, renamed_at: int | None = None) -> Loaded:
    """Append a file and a manifest a load; before the load ``renamed_at`` the partition fields get other names."""
    keys = {"day": 1, **({"region": 9} if loads[0].region else {})}
    fields = [
        PartitionField(source_id=number, field_id=1000 + number, transform=IdentityTransform(), name=key)
        for key, number in keys.items()
    ]
    more = [NestedField(9, "region", StringType())] if "region" in keys else []
    table = iceberg_catalog(folder).create(iceberg_schema(*more), PartitionSpec(*fields))
    for number, load in enumerate(loads):
        if number == renamed_at:
            with table.update_spec() as change:
                for key in keys:
                    change.rename_field(key, f"{key}_of_old")
        with table.transaction() as transaction, transaction.update_snapshot().fast_append() as update:
            file = DataFile.from_args(
                content=DataFileContent.DATA,
                file_path=f"{table.location()}/data/{number}.parquet",
                file_format=FileFormat.PARQUET,
                partition=Record(*load.values.values()),
                record_count=3,
                file_size_in_bytes=load.size_bytes,
            )
            file.spec_id = table.spec().spec_id
            update.append_data_file(file)
    objects, parameters = iceberg_objects(table, folder)

    def age(document: dict[str, Any]) -> None:
        date_snapshots(document, *(load.at for load in loads))

    edit_json(objects, parameters["metadata_location"], age)
    return Loaded(iceberg.READER, Format.ICEBERG, objects, parameters)


def as_iceberg_renamed(folder: Path, loads: Sequence[Load]) -> Loaded:
    """Rename the partition fields halfway."""
    return as_iceberg(folder, loads, renamed_at=len(loads) // 2)


def as_iceberg_audited(folder: Path, loads: Sequence[Load]) -> Loaded:
    """Write each load to a branch three hours before it is published: readers see it when the others do."""
    loaded = as_iceberg(folder, loads)

    def audit(document: dict[str, Any]) -> None:
        for entry in document["snapshots"]:
            entry["timestamp-ms"] -= milliseconds(NOW) - milliseconds(NOW - 3 * HOUR)
        before = {"snapshot-id": 1, "timestamp-ms": document["snapshots"][0]["timestamp-ms"] - 1}
        document["snapshot-log"].insert(0, before)

    edit_json(loaded.objects, loaded.parameters["metadata_location"], audit)
    return loaded


def as_iceberg_compacted(folder: Path, loads: Sequence[Load]) -> Loaded:
    """Rewrite the manifests after the last load, and then change a property of the table."""
    loaded = as_iceberg(folder, loads)

    def compact(document: dict[str, Any]) -> None:
        last = document["snapshots"][-1]
        summary = {**last["summary"], "operation": "replace"}
        made = milliseconds(NOW - timedelta(minutes=30))
        newer = {"snapshot-id": 1, "parent-snapshot-id": last["snapshot-id"], "timestamp-ms": made}
        document["snapshots"].append({**last, **newer, "summary": summary})
        document["snapshot-log"].append({"snapshot-id": 1, "timestamp-ms": made})
        document |= {"current-snapshot-id": 1, "last-updated-ms": milliseconds(NOW)}

    edit_json(loaded.objects, loaded.parameters["metadata_location"], compact)
    return loaded


def as_delta(_: Path, loads: Sequence[Load]) -> Loaded:
    """Commit a file a load."""
    objects = ObjectsInMemory()
    keys = {"id": "1", "partitionColumns": list(loads[0].values), "schemaString": "{}"}
    for number, load in enumerate(loads):
        add = {"path": f"{number}.parquet", "partitionValues": load.values, "size": load.size_bytes}
        stats = json.dumps({"numRecords": 3})
        actions: list[dict[str, Any]] = [{"add": {**add, "dataChange": True, "stats": stats}}]
        actions += [{"metaData": keys}] if number == 0 else []
        objects.put(log_key(number), delta_commit(*actions, at=load.at))
    return Loaded(delta.READER, Format.DELTA, objects, {})


def as_copied_delta(_: Path, loads: Sequence[Load]) -> Loaded:
    """Commit a file a load, without a time, keys typed; the log was copied when it is looked at, in one piece."""
    objects = ObjectsInMemory()
    kinds = {"day": "date", "region": "string"}
    fields = [{"name": key, "type": kinds[key], "nullable": True, "metadata": {}} for key in loads[0].values]
    schema = json.dumps({"type": "struct", "fields": fields})
    keys = {"id": "1", "partitionColumns": list(loads[0].values), "schemaString": schema}
    for number, load in enumerate(loads):
        add = {"path": f"{number}.parquet", "partitionValues": load.values, "size": load.size_bytes}
        add |= {"modificationTime": milliseconds(load.at), "dataChange": True}
        actions: list[dict[str, Any]] = [{"add": {**add, "stats": json.dumps({"numRecords": 3})}}]
        actions += [{"metaData": keys}] if number == 0 else []
        objects.put(log_key(number), "\n".join(map(json.dumps, actions)).encode())
    return Loaded(delta.READER, Format.DELTA, objects, {})


def as_delta_by_manifests(folder: Path, loads: Sequence[Load]) -> Loaded:
    """Commit a file a load, and write the manifest that readers go by."""
    loaded = as_delta(folder, loads)
    manifest = f"{ROOT}_symlink_format_manifest/manifest"
    loaded.objects.put(manifest, b"s3://lake/sales/orders/0.parquet\n")
    return replace(loaded, location=f"{LOCATION}_symlink_format_manifest/")


def as_hudi(_: Path, loads: Sequence[Load]) -> Loaded:
    """Complete an instant a load."""
    table = HudiTable(more={"hoodie.table.partition.fields": ",".join(loads[0].values)})
    for number, load in enumerate(loads):
        stat = {"fileId": f"f{number}", "path": f"{load.path}/f{number}_0-1-2_1.parquet"}
        stat |= {"fileSizeInBytes": load.size_bytes, "numWrites": 3, "numInserts": 3}  # type: ignore[dict-item]
        document = {"partitionToWriteStats": {load.path: [stat]}, "operationType": "UPSERT"}
        table.instant(load.at, "commit", json.dumps(document).encode())
    return Loaded(hudi.READER, Format.HUDI, table.objects, {})


def judged_as_projected(loads: Sequence[Load], **blocks: Any) -> dict[str, Finding]:
    """Return what these checks find of plain files in projected partitions, of which none is registered."""
    parameters = {
        "projection.enabled": "true",
        "projection.day.type": "date",
        "projection.day.format": "yyyy-MM-dd",
        "projection.day.range": "2020-01-01,NOW",
        "projection.region.type": "enum",
        "projection.region.values": "ap,eu,us",
    }
    lake = MemoryLake()
    keys = dict.fromkeys(loads[0].values, "string")
    table = lake.table("sales.orders", {"Parameters": parameters}, **keys)
    for number, load in enumerate(loads):
        place = hive_location(table, tuple(load.values.values()))
        lake.put(f"{place}{number}.parquet", load.at, size=load.size_bytes)
    plan = plan_by_config(table, **blocks)
    return judged(plan, look_at_files(lake, plan, NOW), NOW)


def judged_as_prefix(loads: Sequence[Load], **blocks: Any) -> dict[str, Finding]:
    """Return what these checks find of the same files below a prefix that no catalog knows."""
    lake = MemoryLake()
    lake.bucket("lake")
    table = prefix("s3://lake/sales/orders/")
    for number, load in enumerate(loads):
        lake.put(f"{table.location}{load.path}/{number}.parquet", load.at, size=load.size_bytes)
    blocks["partitions"] = {**blocks["partitions"], "format": "day=%Y-%m-%d/"}
    blocks["partitions"].pop("key", None)
    plan = plan_by_config(table, **blocks)
    return judged(plan, look_at_files(lake, plan, NOW), NOW)


def judged_as_files(loads: Sequence[Load], **blocks: Any) -> dict[str, Finding]:
    """Return what these checks find of plain files in registered partitions."""
    lake = MemoryLake()
    table = lake.table("sales.orders", None, **dict.fromkeys(loads[0].values, "string"))
    for number, load in enumerate(loads):
        values = tuple(load.values.values())
        lake.put(f"{hive_location(table, values)}{number}.parquet", load.at, size=load.size_bytes)
        lake.register(table, values, at=load.at)
    plan = plan_by_config(table, **blocks)
    return judged(plan, look_at_files(lake, plan, NOW), NOW)
