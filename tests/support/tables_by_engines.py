"""Tables that real engines write (deltalake, pyiceberg), and the files of their logs.

All come as objects of an `ObjectsInMemory`, which counts what it is asked for.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
from fsspec.implementations.dirfs import DirFileSystem  # type: ignore[import-untyped]
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]
from pyarrow.fs import FSSpecHandler, PyFileSystem  # type: ignore[import-untyped]
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import CommitTableResponse
from pyiceberg.table import Table as IcebergTable
from pyiceberg.table.metadata import new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER
from pyiceberg.table.update import update_table_metadata
from pyiceberg.types import LongType, NestedField, StringType

from checks.lake.s3.objects import Key, Keys, Page
from checks.lake.s3.table_reader import LakeReader
from checks.model import Format, Observation, Problem, ProblemKind, Table, Unobserved
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from checks.rules.freshness import FreshnessRule

if TYPE_CHECKING:
    from pathlib import Path

    from checks.rules.base import Rule

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
BUCKET = "lake"
ROOT = "sales/orders/"
LOCATION = f"s3://{BUCKET}/{ROOT}"


@dataclass(slots=True)
class ObjectsInMemory:
    """An object store of bytes. ``calls`` tells what was asked for, in order; ``page_size`` cuts pages."""

    objects: dict[str, bytes] = field(default_factory=dict)
    modified: dict[str, datetime] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    page_size: int = 1000

    def put(self, key: str, data: bytes, at: datetime = NOW) -> None:
        self.objects[key] = data
        self.modified[key] = at

    def put_folder(self, folder: Path, at: datetime = NOW, root: str = ROOT) -> None:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self.put(f"{root}{file.relative_to(folder).as_posix()}", file.read_bytes(), at)

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
        assert bucket == BUCKET
        self.calls.append(f"LIST {prefix}")
        after = token or start_after or ""
        keys: list[Key] = []
        folders: list[str] = []
        for key in sorted(self.objects):
            if not key.startswith(prefix) or key <= after or (token is not None and key.startswith(token)):
                continue
            head, sign, _ = key[len(prefix) :].partition(delimiter or "\0")
            if sign:
                folder = f"{prefix}{head}{sign}"
                if folder not in folders:
                    folders.append(folder)
            else:
                keys.append(Key(key, len(self.objects[key]), self.modified[key]))
            if len(keys) + len(folders) == min(max_keys, self.page_size):
                return Page(Keys.of(keys), tuple(folders), max(keys[-1].key if keys else "", *folders, ""))
        return Page(Keys.of(keys), tuple(folders), None)

    def get(
        self, bucket: str, key: str, *, byte_range: tuple[int, int] | None = None, max_bytes: int
    ) -> bytes:
        assert bucket == BUCKET
        self.calls.append(f"GET {key}")
        if key not in self.objects:
            raise Unobserved(Problem(ProblemKind.NOT_FOUND, f"s3://{bucket}/{key} does not exist"))
        data = self.objects[key]
        if byte_range is not None:
            data = data[byte_range[0] : byte_range[1] + 1]
        if len(data) > max_bytes:
            raise Unobserved(Problem(ProblemKind.OVER_BUDGET, f"s3://{bucket}/{key} is too large"))
        return data

    def get_dated(self, bucket: str, key: str, **how: Any) -> tuple[bytes, datetime | None]:
        return self.get(bucket, key, **how), self.modified.get(key)

    @property
    def counts(self) -> tuple[int, int]:
        """How many LISTs and GETs there were."""
        lists = sum(call.startswith("LIST") for call in self.calls)
        return lists, len(self.calls) - lists


def freshness(hours: float = 24, **values: Any) -> FreshnessRule:
    return FreshnessRule(error_after=timedelta(hours=hours), **values)


def plan_of(
    table_format: Format,
    *rules: Rule,
    parameters: dict[str, str] | None = None,
    location: str | None = LOCATION,
) -> TablePlan:
    table = Table(
        id="sales.orders",
        database="sales",
        name="orders",
        location=location,
        format=table_format,
        parameters=parameters or {},
    )
    return TablePlan(table=table, rules=rules or (freshness(),))


def observe(
    reader: Any, plan: TablePlan, objects: ObjectsInMemory, now: datetime = NOW, **clock: Any
) -> Observation:
    """Observe as the lake does: what is raised as Unobserved is the observation's problem."""
    objects.calls.clear()
    try:
        seen: Observation = reader.observe(plan, Clock(now=now, **clock), LakeReader(objects, _NoGlue()))
    except Unobserved as error:
        return Observation(table=plan.table, now=now, problem=error.problem)
    return seen


class _NoGlue:
    def page(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("formats with a log do not ask Glue for partitions")

    by_values = page


def rows(*days: str, count: int = 3) -> pa.Table:
    """Return some rows of each day."""
    return pa.table(
        {"day": [day for day in days for _ in range(count)], "amount": list(range(count * len(days)))}
    )


# Delta ------------------------------------------------------------------------------------------------------


def set_commit_times(folder: Path, times: dict[int, datetime]) -> None:
    """Set the times that commits tell of themselves: an engine writes the ones of the test's run."""
    for version, at in times.items():
        file = folder / "_delta_log" / f"{version:020d}.json"
        text = re.sub(r'"timestamp":\d+', f'"timestamp":{milliseconds(at)}', file.read_text())
        file.write_text(text)


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def delta_commit(*actions: dict[str, Any], at: datetime | None = None, operation: str = "WRITE") -> bytes:
    """Write a commit by hand, as Spark does, with its commitInfo first."""
    info = {
        "operation": operation,
        "operationParameters": {},
        **({"timestamp": milliseconds(at)} if at else {}),
    }
    return "\n".join(json.dumps(action) for action in ({"commitInfo": info}, *actions)).encode()


def delta_add(path: str = "part-0.parquet", *, data_change: bool = True, **partition: str) -> dict[str, Any]:
    return {
        "add": {
            "path": path,
            "partitionValues": partition,
            "size": 700,
            "modificationTime": 0,
            "dataChange": data_change,
        }
    }


def delta_remove(path: str = "part-0.parquet", *, data_change: bool = True) -> dict[str, Any]:
    return {"remove": {"path": path, "deletionTimestamp": 0, "dataChange": data_change}}


def log_key(version: int, suffix: str = ".json") -> str:
    return f"{ROOT}_delta_log/{version:020d}{suffix}"


# Iceberg ----------------------------------------------------------------------------------------------------


class LocalS3(PyArrowFileIO):
    """Writes what goes to ``s3://`` below a local folder, so that all paths in a table's files are S3's."""

    def _initialize_fs(self, scheme: str, netloc: str | None = None) -> Any:
        assert (scheme, netloc) == ("s3", BUCKET)
        local = DirFileSystem(self.properties["local-folder"], LocalFileSystem(auto_mkdir=True))
        return PyFileSystem(FSSpecHandler(local))


class FolderCatalog(NoopCatalog):
    """Keeps what pyiceberg commits as numbered metadata files: all of a catalog that a table needs."""

    def create(
        self, schema: Any, spec: PartitionSpec = UNPARTITIONED_PARTITION_SPEC, codec: str = "gzip"
    ) -> IcebergTable:
        properties = {"write.avro.compression-codec": codec}
        location = LOCATION.rstrip("/")
        return self._write(new_table_metadata(schema, spec, UNSORTED_SORT_ORDER, location, properties), 0)

    def commit_table(self, table: IcebergTable, requirements: Any, updates: Any) -> CommitTableResponse:
        for requirement in requirements:
            requirement.validate(table.metadata)
        metadata = update_table_metadata(table.metadata, updates)
        number = int(table.metadata_location.rpartition("/")[2][:5]) + 1
        written = self._write(metadata, number)
        return CommitTableResponse(metadata=metadata, metadata_location=written.metadata_location)

    def _write(self, metadata: Any, number: int) -> IcebergTable:
        place = f"{LOCATION}metadata/{number:05d}.metadata.json"
        files = LocalS3(self.properties)
        with files.new_output(place).create() as stream:
            stream.write(metadata.model_dump_json().encode())
        return IcebergTable(("sales", "orders"), metadata, place, files, self)


def iceberg_schema(*more: NestedField) -> Schema:
    return Schema(NestedField(1, "day", StringType()), NestedField(2, "amount", LongType()), *more)


def iceberg_catalog(folder: Path) -> FolderCatalog:
    return FolderCatalog("test", **{"local-folder": str(folder)})


def iceberg_objects(table: Any, folder: Path) -> tuple[ObjectsInMemory, dict[str, str]]:
    """Return a table's files, and the parameters of its Glue entry."""
    objects = ObjectsInMemory()
    objects.put_folder(folder / BUCKET / ROOT)
    return objects, {"table_type": "ICEBERG", "metadata_location": table.metadata_location}


def edit_json(objects: ObjectsInMemory, uri: str, edit: Any) -> None:
    """Change a JSON file in place."""
    key = uri.removeprefix(f"s3://{BUCKET}/")
    document = json.loads(objects.objects[key])
    edit(document)
    objects.objects[key] = json.dumps(document).encode()


def date_snapshots(document: dict[str, Any], *moments: datetime) -> None:
    """Let the commits of a metadata file have been made at these moments: an engine writes those of the test's run."""
    made = {}
    for entry, moment in zip(document["snapshots"], moments, strict=True):
        made[entry["timestamp-ms"]] = entry["timestamp-ms"] = milliseconds(moment)
    for entry in (*document.get("snapshot-log", ()), *document.get("metadata-log", ())):
        entry["timestamp-ms"] = made.get(entry["timestamp-ms"], milliseconds(min(moments, default=NOW)))
    document["last-updated-ms"] = milliseconds(moments[-1]) if moments else 0


def iceberg_metadata(
    *snapshots: dict[str, Any], current: int | None = None, version: int = 2
) -> dict[str, Any]:
    """Write a metadata file by hand; the last snapshot is the current one."""
    newest = snapshots[-1]["snapshot-id"] if snapshots else -1
    return {
        "format-version": version,
        "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1",
        "location": LOCATION.rstrip("/"),
        "last-updated-ms": 0,
        "current-snapshot-id": current if current is not None else newest,
        "snapshots": list(snapshots),
        "partition-specs": [{"spec-id": 0, "fields": []}],
        "default-spec-id": 0,
    }


def snapshot(
    number: int, at: datetime, operation: str, parent: int | None = None, **counts: int
) -> dict[str, Any]:
    summary = {name.replace("_", "-"): str(count) for name, count in counts.items()}
    entry: dict[str, Any] = {
        "snapshot-id": number,
        "timestamp-ms": milliseconds(at),
        "summary": {"operation": operation, **summary},
        "manifest-list": f"{LOCATION}metadata/snap-{number}.avro",
    }
    return entry if parent is None else {**entry, "parent-snapshot-id": parent}


def put_metadata(
    document: dict[str, Any] | bytes, name: str = "v1.metadata.json"
) -> tuple[ObjectsInMemory, dict[str, str]]:
    objects = ObjectsInMemory()
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    objects.put(f"{ROOT}metadata/{name}", data)
    return objects, {"table_type": "ICEBERG", "metadata_location": f"{LOCATION}metadata/{name}"}


# Hudi -------------------------------------------------------------------------------------------------------


def avro_file(schema: dict[str, Any], *records: dict[str, Any], codec: str = "null") -> bytes:
    """Write an Avro object container of one block."""
    body = b"".join(avro_value(schema, record) for record in records)
    if codec == "deflate":
        squeeze = zlib.compressobj(wbits=-15)
        body = squeeze.compress(body) + squeeze.flush()
    sync = bytes(range(16))
    meta = {"avro.schema": json.dumps(schema), "avro.codec": codec}
    header = avro_value({"type": "map", "values": "string"}, meta)
    return b"Obj\x01" + header + sync + avro_long(len(records)) + avro_long(len(body)) + body + sync


def avro_long(number: int) -> bytes:
    rest, out = (number << 1) ^ (number >> 63), bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])


def avro_value(schema: Any, value: Any) -> bytes:
    """Write a value; in a union the first branch is null, and the other one the value's."""
    if isinstance(schema, list):
        return avro_long(0) if value is None else avro_long(1) + avro_value(schema[1], value)
    kind = schema["type"] if isinstance(schema, dict) else schema
    match kind:
        case "record":
            return b"".join(avro_value(each["type"], value[each["name"]]) for each in schema["fields"])
        case "array":
            items = b"".join(avro_value(schema["items"], item) for item in value)
            return (avro_long(len(value)) + items if value else b"") + avro_long(0)
        case "map":
            pairs = b"".join(
                avro_value("string", key) + avro_value(schema["values"], item) for key, item in value.items()
            )
            return (avro_long(len(value)) + pairs if value else b"") + avro_long(0)
        case "string":
            text = str(value).encode()
            return avro_long(len(text)) + text
        case "boolean":
            return bytes([value])
        case _:
            return avro_long(value)
