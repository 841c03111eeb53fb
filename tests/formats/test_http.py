"""Tables with a log over real HTTP: from the entry in Glue to the verdict, by the requests that it may take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable, write_deltalake

from checks.lake.observe import observe
from checks.model import Format, ProblemKind, TableMemory
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    ObjectsInMemory,
    freshness,
    iceberg_metadata,
    put_metadata,
    rows,
    set_commit_times,
    snapshot,
)
from tests.support.times import HOUR

if TYPE_CHECKING:
    from pathlib import Path

    from checks.model import Observation, Table
    from tests.support.lakes import HttpLake


def put_all(lake: HttpLake, objects: ObjectsInMemory) -> None:
    lake.bucket("lake")
    for key, data in objects.objects.items():
        modified = objects.modified[key].replace(tzinfo=None)
        lake.s3.put_object("lake", key, data).last_modified = modified


def see(lake: HttpLake, table: Table) -> Observation:
    plan = TablePlan(table=table, rules=(freshness(),))
    lake.aws.ledger.counts.clear()
    seen = observe(plan, Clock(now=NOW), lake.reader(plan))
    assert seen.requests == sum(lake.counts.values())
    return seen


def test_iceberg_from_its_entry_in_glue(lake: HttpLake) -> None:
    objects, parameters = put_metadata(
        iceberg_metadata(
            snapshot(1, NOW - 3 * HOUR, "append", added_records=4),
            snapshot(2, NOW - HOUR, "replace", parent=1, added_records=4),
        )
    )
    put_all(lake, objects)
    seen = see(lake, lake.table("sales.orders", {"Parameters": parameters}))
    assert seen.newest is not None
    assert seen.newest.at == NOW - 3 * HOUR
    assert dict(lake.counts) == {
        "s3:GetObject": 2
    }  # a pass rests on when the append's manifest list was written


def test_a_clock_that_ran_ahead_is_bounded_by_when_s3_got_the_files(lake: HttpLake) -> None:
    objects, parameters = put_metadata(
        iceberg_metadata(
            snapshot(1, NOW - HOUR, "append", added_records=4),
            snapshot(2, NOW - HOUR, "replace", parent=1, added_records=4),
        )
    )
    objects.put(f"{ROOT}metadata/snap-1.avro", b"Obj", NOW - 30 * HOUR)
    put_all(lake, objects)
    seen = see(lake, lake.table("sales.orders", {"Parameters": parameters}))
    assert seen.newest is not None
    assert seen.newest.at == NOW - 30 * HOUR
    assert dict(lake.counts) == {"s3:GetObject": 2}


@pytest.mark.parametrize(
    "parameters",
    [{"spark.sql.sources.provider": "delta"}, {"table_type": "DELTA"}, {"classification": "delta"}],
)
def test_delta_from_its_entry_in_glue(lake: HttpLake, tmp_path: Path, parameters: dict[str, str]) -> None:
    write_deltalake(str(tmp_path), rows("2026-11-20"), mode="append")
    write_deltalake(str(tmp_path), rows("2026-11-21"), mode="append")
    DeltaTable(str(tmp_path)).optimize.compact()
    set_commit_times(tmp_path, {1: NOW - 3 * HOUR, 2: NOW - HOUR})
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    put_all(lake, objects)
    seen = see(lake, lake.table("sales.orders", {"Parameters": parameters}))
    assert seen.newest is not None
    assert seen.newest.at == NOW - 3 * HOUR
    assert dict(lake.counts) == {
        "s3:GetObject": 3,
        "s3:ListObjectsV2": 1,
    }  # two commits, and the first one's protocol


def test_delta_behind_symlink_manifests(lake: HttpLake, tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), rows("2026-11-20"))
    set_commit_times(tmp_path, {0: NOW - HOUR})
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    objects.put(f"{ROOT}_symlink_format_manifest/manifest", b"s3://lake/sales/orders/a.parquet\n")
    put_all(lake, objects)
    storage = {
        "Location": f"s3://lake/{ROOT}_symlink_format_manifest",
        "InputFormat": "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat",
    }
    seen = see(lake, lake.table("sales.orders", {"StorageDescriptor": storage}))
    assert seen.newest is not None
    assert seen.newest.at == NOW - HOUR


def test_hudi_from_its_entry_in_glue(lake: HttpLake) -> None:
    table = HudiTable(version=8, table_type="MERGE_ON_READ", offset=2 * HOUR)
    table.instant(NOW - 3 * HOUR, "deltacommit", hudi_commit(avro=True), took=HOUR)
    table.instant(NOW - HOUR, "commit", hudi_commit("COMPACT", avro=True), plan="compaction")
    put_all(lake, table.objects)
    seen = see(lake, lake.table("sales.orders", {"Parameters": {"spark.sql.sources.provider": "hudi"}}))
    assert seen.newest is not None
    assert seen.newest.at == NOW - 2 * HOUR
    assert dict(lake.counts) == {"s3:GetObject": 2, "s3:ListObjectsV2": 1}


@pytest.mark.parametrize("table_format", [Format.ICEBERG, Format.DELTA, Format.HUDI])
def test_what_is_not_there_is_unknown_and_never_stale(lake: HttpLake, table_format: Format) -> None:
    parameters = {"metadata_location": f"s3://lake/{ROOT}metadata/v1.metadata.json"}
    chosen: dict[str, Any] = {"Parameters": parameters if table_format is Format.ICEBERG else {}}
    table = replace(lake.table("sales.orders", chosen), format=table_format)
    seen = see(lake, table)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.NOT_FOUND
    row = freshness().measure(seen, Clock(now=NOW), TableMemory())
    assert row.unknown is seen.problem
