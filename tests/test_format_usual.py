"""What is usual of a table with a log: known on the first day, from periods that only the volume check looks at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record

from checks.lake.formats import delta, hudi, iceberg, iceberg_manifests
from checks.model import Format, Status, TableMemory
from tests.rule_checks import judged
from tests.rule_checks import plan_of as plan_by_config
from tests.tables_by_engines import (
    NOW,
    ROOT,
    HudiTable,
    ObjectsInMemory,
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
from tests.times import DAY, at

if TYPE_CHECKING:
    from pathlib import Path

    from checks.model import Finding, Observation

NEWEST = at("11-21 00:00")
BLOCKS: dict[str, Any] = {
    "partitions": {"due": "06:00", "lookback": 2, "key": "day", "format": "%Y-%m-%d"},
    "volume": {"drop": "60%", "history": 4},
}
USUAL = "the usual is 1 kB (median of the last 4 Saturdays)"
SATURDAYS = ["2026-11-14", "2026-11-07", "2026-10-31", "2026-10-24"]
LATEST = ["2026-11-21", "2026-11-20", "2026-11-19", "2026-11-18", "2026-11-17"]


def days(*sizes: int) -> list[tuple[str, int]]:
    """Return the days up to the newest that hold something with their sizes in bytes, oldest first."""
    told = [(f"{NEWEST - back * DAY:%Y-%m-%d}", size) for back, size in enumerate(sizes) if size]
    return told[::-1]


class IcebergDays:
    """A table of one append a day, so of one manifest a day."""

    reader = iceberg.READER
    kind = Format.ICEBERG

    def __init__(self, folder: Path, *sizes: int) -> None:
        spec = PartitionSpec(
            PartitionField(source_id=1, field_id=1000, transform=IdentityTransform(), name="day")
        )
        table = iceberg_catalog(folder).create(iceberg_schema(), spec)
        for day, size in days(*sizes):
            with table.transaction() as transaction, transaction.update_snapshot().fast_append() as update:
                file = DataFile.from_args(
                    content=DataFileContent.DATA,
                    file_path=f"{table.location()}/data/{day}.parquet",
                    file_format=FileFormat.PARQUET,
                    partition=Record(day),
                    record_count=3,
                    file_size_in_bytes=size,
                )
                file.spec_id = table.spec().spec_id
                update.append_data_file(file)
        self.objects, self.parameters = iceberg_objects(table, folder)

        def age(document: dict[str, Any]) -> None:
            for entry, (day, _) in zip(document["snapshots"], days(*sizes), strict=True):
                entry["timestamp-ms"] = milliseconds(at(f"{day} 03:00") + DAY)

        edit_json(self.objects, self.parameters["metadata_location"], age)


class DeltaDays:
    """A table of one commit a day."""

    reader = delta.READER
    kind = Format.DELTA

    def __init__(self, _: Path, *sizes: int) -> None:
        self.objects, self.parameters = ObjectsInMemory(), dict[str, str]()
        schema: dict[str, Any] = {"metaData": {"id": "1", "partitionColumns": ["day"], "schemaString": "{}"}}
        for number, (day, size) in enumerate(days(*sizes)):
            add = {
                "path": f"{day}.parquet",
                "partitionValues": {"day": day},
                "size": size,
                "dataChange": True,
            }
            actions: list[dict[str, Any]] = [{"add": add}, *([schema] if number == 0 else [])]
            self.objects.put(log_key(number), delta_commit(*actions, at=at(f"{day} 03:00") + DAY))


class HudiDays:
    """A table of one commit a day."""

    reader = hudi.READER
    kind = Format.HUDI

    def __init__(self, _: Path, *sizes: int) -> None:
        self.table = HudiTable()
        for day, size in days(*sizes):
            stat = {"fileId": day, "path": f"day={day}/{day}_0-1-2_1.parquet", "fileSizeInBytes": size}
            told = {"partitionToWriteStats": {f"day={day}": [stat | {"numWrites": 3, "numInserts": 3}]}}
            document = json.dumps({**told, "operationType": "UPSERT"}).encode()
            self.table.instant(at(f"{day} 03:00") + DAY, "commit", document)
        self.objects, self.parameters = self.table.objects, dict[str, str]()


ALL = pytest.mark.parametrize("kind", [IcebergDays, DeltaDays, HudiDays])


def look(
    table: Any, memory: TableMemory | None = None, **blocks: Any
) -> tuple[dict[str, Finding], Observation]:
    of_format = plan_of(table.kind, parameters=table.parameters).table
    plan = plan_by_config(of_format, memory, **{**BLOCKS, **blocks})
    seen = observe(table.reader, plan, table.objects)
    return judged(plan, seen, NOW), seen


def labels(seen: Observation) -> list[str]:
    return [each.period.label for each in seen.partitions]


@ALL
def test_what_is_usual_is_known_on_the_first_day(kind: Any, tmp_path: Path) -> None:
    findings, seen = look(kind(tmp_path, 300, *[1000] * 29))
    assert USUAL in findings["volume"].because
    assert findings["volume"].status is Status.FAIL
    assert findings["partitions"].status is Status.PASS
    assert labels(seen) == LATEST + SATURDAYS


@ALL
def test_a_day_that_holds_nothing_counts_as_nothing_from_the_first_day_with_data_on(
    kind: Any, tmp_path: Path
) -> None:
    findings, _ = look(kind(tmp_path / "gaps", 1000, 1000, 0, 0, 1000))
    assert findings["volume"].status is Status.PASS
    findings, _ = look(kind(tmp_path / "young", 1000, 1000, 1000))
    assert "what is usual is not known: 2 days seen, 4 needed" in findings["volume"].because
    assert findings["partitions"].status is Status.PASS


@ALL
def test_sizes_that_are_remembered_are_not_looked_at_again(kind: Any, tmp_path: Path) -> None:
    table = kind(tmp_path, *[1000] * 30)
    _, seen = look(table)
    (volume,) = (rule for rule in plan_by_config(seen.table, **BLOCKS).rules if rule.check == "volume")
    first, memory = table.objects.counts, TableMemory(**volume.remember(seen, TableMemory()))
    findings, seen = look(table, memory)
    assert findings["volume"].status is Status.PASS
    assert USUAL in findings["volume"].because
    assert labels(seen) == LATEST[:2]
    assert table.objects.counts <= first


@ALL
def test_freshness_is_not_told_by_days_that_others_are_compared_with(kind: Any, tmp_path: Path) -> None:
    table = kind(tmp_path, *[0] * 10, *[1000] * 20)
    for volume in (BLOCKS["volume"], "off"):
        findings, _ = look(table, volume=volume, freshness={"max_age": "24h"})
        assert findings["freshness"].status is Status.FAIL
        assert findings["freshness"].observed == at("11-12 03:00")


def test_days_that_others_are_compared_with_cost_what_is_due_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = IcebergDays(tmp_path, *[1000] * 30)
    monkeypatch.setattr(iceberg_manifests, "MOST_MANIFESTS", 3)
    findings, seen = look(table)
    assert findings["partitions"].status is Status.PASS
    assert findings["volume"].status is Status.UNKNOWN
    assert "what is usual is not known" in findings["volume"].because
    assert labels(seen) == LATEST[:2]


def test_a_bad_manifest_of_an_earlier_day_costs_what_is_due_nothing(tmp_path: Path) -> None:
    table = IcebergDays(tmp_path, *[1000] * 30)
    look(table)
    metadata, *_, oldest = (call.removeprefix("GET ") for call in table.objects.calls)
    table.objects.objects[oldest] = table.objects.objects[metadata]
    findings, seen = look(table)
    assert findings["partitions"].status is Status.PASS
    assert findings["volume"].status is Status.UNKNOWN
    assert labels(seen) == LATEST[:2]


def test_no_partition_of_hudi_is_listed_only_to_be_compared_with(tmp_path: Path) -> None:
    table = HudiDays(tmp_path, *[1000] * 6)
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    findings, seen = look(table)
    assert findings["partitions"].status is Status.PASS
    assert "3 days seen, 4 needed" in findings["volume"].because  # those that began after the oldest commit
    assert labels(seen) == LATEST
    assert table.objects.counts == (2, 7)  # the timeline, the archive; the properties, six commits
