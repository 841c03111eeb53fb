"""Timelines of Hudi in the shapes that Hudi writes, as objects of an `ObjectsInMemory`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    ObjectsInMemory,
    avro_file,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT: list[Any] = ["null", {"type": "string", "avro.java.string": "String"}]
_LONG: list[Any] = ["null", "long"]
_STAT = {
    "type": "record",
    "name": "HoodieWriteStat",
    "fields": [
        {"name": "fileId", "type": _TEXT, "default": None},
        {"name": "path", "type": _TEXT, "default": None},
        {"name": "numWrites", "type": _LONG, "default": None},
        {"name": "numDeletes", "type": _LONG, "default": None},
        {"name": "numUpdateWrites", "type": _LONG, "default": None},
        {"name": "fileSizeInBytes", "type": _LONG, "default": None},
        {"name": "numInserts", "type": _LONG, "default": None},
    ],
}
COMMIT_SCHEMA = {
    "type": "record",
    "name": "HoodieCommitMetadata",
    "namespace": "org.apache.hudi.avro.model",
    "fields": [
        {
            "name": "partitionToWriteStats",
            "type": ["null", {"type": "map", "values": {"type": "array", "items": _STAT}}],
            "default": None,
        },
        {"name": "compacted", "type": ["null", "boolean"], "default": None},
        {"name": "operationType", "type": _TEXT, "default": None},
    ],
}


def hudi_commit(
    operation: str | None = "UPSERT",
    *,
    inserts: int = 2,
    updates: int = 0,
    deletes: int = 0,
    copied: int = 0,
    partition: str = "day=2026-11-21",
    avro: bool = False,
    replaced: tuple[str, ...] = (),
) -> bytes:
    """Write the metadata of a completed commit, as JSON (layout 1) or Avro (layout 2)."""
    stat = {
        "fileId": "f-0",
        "path": f"{partition}/f-0_0-1-2_20261121.parquet",
        "numWrites": inserts + updates + copied,
        "numDeletes": deletes,
        "numUpdateWrites": updates,
        "numInserts": inserts,
        "fileSizeInBytes": 441_367,
    }
    document = {
        "partitionToWriteStats": {partition: [stat]} if inserts + updates + deletes + copied else {},
        "compacted": False,
        "operationType": operation,
    }
    if not avro:
        replaces = {"partitionToReplaceFileIds": {path: ["f-0"] for path in replaced}} if replaced else {}
        return json.dumps({**document, **replaces, "extraMetadata": {}}, indent=2).encode()
    return avro_file(COMMIT_SCHEMA, document)


def hudi_properties(
    version: int = 6,
    table_type: str = "COPY_ON_WRITE",
    head: tuple[str, ...] = (),
    more: Mapping[str, str] | None = None,
) -> bytes:
    layout = 2 if version >= 8 else 1
    entries = {
        "hoodie.table.name": "orders",
        "hoodie.table.type": table_type,
        "hoodie.table.version": str(version),
        "hoodie.timeline.layout.version": str(layout),
        "hoodie.table.partition.fields": "day",
        "hoodie.datasource.write.hive_style_partitioning": "true",
        **(more or {}),
    }
    return "\n".join([*head, *(f"{name}={value}" for name, value in entries.items())]).encode()


_TAKEN_BACK = {
    "type": "record",
    "name": "HoodieRollbackMetadata",
    "fields": [
        {"name": "startRollbackTime", "type": "string"},
        {"name": "timeTakenInMillis", "type": "long"},
        {"name": "commitsRollback", "type": {"type": "array", "items": "string"}},
    ],
}
_RESTORED = {
    "type": "record",
    "name": "HoodieRestoreMetadata",
    "fields": [
        {"name": "startRestoreTime", "type": "string"},
        {"name": "instantsToRollback", "type": {"type": "array", "items": "string"}},
    ],
}
_INFO = {
    "type": "record",
    "name": "HoodieInstantInfo",
    "fields": [{"name": "commitTime", "type": "string"}, {"name": "action", "type": "string"}],
}
_PLANNED = {
    "type": "record",
    "name": "HoodieRollbackPlan",
    "fields": [{"name": "instantToRollback", "type": ["null", _INFO]}],
}


def hudi_rollback(*instants: str) -> bytes:
    """Write what a completed rollback tells."""
    told = {"startRollbackTime": "20261121100000000", "timeTakenInMillis": 7, "commitsRollback": instants}
    return avro_file(_TAKEN_BACK, told)


def hudi_restore(*instants: str) -> bytes:
    """Write what a completed restore tells."""
    return avro_file(_RESTORED, {"startRestoreTime": "20261121100000000", "instantsToRollback": instants})


def hudi_rollback_plan(instant: str) -> bytes:
    """Write what a requested rollback tells."""
    return avro_file(_PLANNED, {"instantToRollback": {"commitTime": instant, "action": "commit"}})


@dataclass(slots=True)
class HudiTable:
    """A timeline that grows by instants whose files get the times that S3 would give them."""

    version: int = 6
    table_type: str = "COPY_ON_WRITE"
    offset: timedelta = timedelta(0)
    completed_offset: timedelta | None = None
    """That of completions, where it is not the same: Hudi 1.0.0 and 1.0.1 write them in local time."""
    head: tuple[str, ...] = ()
    more: dict[str, str] = field(default_factory=dict)
    objects: ObjectsInMemory = field(default_factory=ObjectsInMemory)

    def __post_init__(self) -> None:
        properties = hudi_properties(self.version, self.table_type, self.head, self.more)
        self.objects.put(f"{ROOT}.hoodie/hoodie.properties", properties)

    @property
    def folder(self) -> str:
        return f"{ROOT}.hoodie/timeline/" if self.version >= 8 else f"{ROOT}.hoodie/"

    def instant(
        self,
        at: datetime,
        action: str,
        data: bytes = b"",
        *,
        plan: str | None = None,
        took: timedelta = timedelta(0),
    ) -> None:
        """Add a completed action that was requested at an instant (UTC) and took a while."""
        done = at + took
        requested = self.begin(at, action, plan=plan)
        completed = f"_{self.stamp(done, self.completed_offset)}" if self.version >= 8 else ""
        self.objects.put(f"{self.folder}{requested}{completed}.{action}", data, _whole(done))

    def begin(self, at: datetime, action: str, *, plan: str | None = None) -> str:
        """Add an action that was requested at an instant (UTC) and is on its way; return its digits."""
        requested = self.stamp(at)
        self.objects.put(f"{self.folder}{requested}.{plan or action}.requested", b"", _whole(at))
        is_short = action == "commit" and not plan and self.version < 8
        inflight = f"{requested}.inflight" if is_short else f"{requested}.{plan or action}.inflight"
        self.objects.put(f"{self.folder}{inflight}", b"", _whole(at))
        return requested

    def archive(self) -> None:
        """Say that older instants were archived."""
        name = "history/manifest_1" if self.version >= 8 else "archived/.commits_.archive.1_1-0-1"
        self.objects.put(f"{self.folder}{name}", b"...")

    def file(self, partition: str, instant: str, *, log: bool = False, at: datetime = NOW) -> str:
        """Put a file of an instant into a partition, named as Hudi does, and return its name."""
        group = "0b5a6a5c-6f0e-4a53-9d1c-1c3d2f0f6a11-0"
        name = f".{group}_{instant}.log.1_0-22-31" if log else f"{group}_0-22-31_{instant}.parquet"
        self.objects.put(f"{ROOT}{partition}/{name}", b"rows", at)
        return name

    def stamp(self, at: datetime, offset: timedelta | None = None) -> str:
        return (at + (self.offset if offset is None else offset)).strftime("%Y%m%d%H%M%S%f")[:17]

    def copied(self, at: datetime) -> None:
        """Give all objects one new time, as a copy does."""
        self.objects.modified = dict.fromkeys(self.objects.objects, at)


def _whole(at: datetime) -> datetime:
    return at.replace(microsecond=0)
