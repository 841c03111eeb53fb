"""Delta tables that are written in less usual ways, and yet rightly: what their logs tell of their periods."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from deltalake import DeltaTable, write_deltalake

from checks.lake.formats import delta
from checks.lake.formats.delta import live_files as delta_live
from checks.model import Column, Format, TableMemory
from checks.rules.asking import Clock
from tests.support.partitioned import (
    A_GAP,
    EIGHT,
    MISSING,
    NINE,
    PRESENT,
    UNKNOWN,
    delta_table,
    filled,
    folder_of,
    metadata_action,
    partitions_rule,
    plan_with,
    states,
)
from tests.support.tables_by_engines import (
    NOW,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    log_key,
    observe,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_timestamps_of_deltalake_carry_fractions_of_a_second(tmp_path: Path, zone: str | None) -> None:
    moments = pa.array([datetime(2026, 11, day) for day in (19, 21)], pa.timestamp("us", zone))
    write_deltalake(str(tmp_path), pa.table({"day": moments, "amount": [1, 2]}), partition_by=["day"])
    plan = plan_with(Format.DELTA)
    assert filled(plan, observe(delta.READER, plan, folder_of(tmp_path))) == A_GAP


@pytest.mark.parametrize("checkpoint", [False, True])
def test_values_of_a_mapped_column_stand_under_its_physical_name(*, checkpoint: bool) -> None:
    physical = "col-5f422f40-de70-45b2-88ab-1d5c90e94db1"
    field = {"name": "day", "type": "date", "metadata": {"delta.columnMapping.physicalName": physical}}
    first = metadata_action("day")
    first["metaData"]["schemaString"] = json.dumps({"type": "struct", "fields": [field]})
    first["metaData"]["configuration"] = {"delta.columnMapping.mode": "name"}
    adds = [delta_add(day) for day in ("2026-11-19", "2026-11-21")]
    for each in adds:
        each["add"]["partitionValues"] = {physical: each["add"]["path"]}
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit(first, *adds, at=EIGHT))
    if checkpoint:
        text = "\n".join(json.dumps(action) for action in (first, *adds))
        objects.put(log_key(0, ".checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"), text.encode())
    plan = plan_with(Format.DELTA, partitions_rule(key="day", format="%Y-%m-%d"))
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP


def test_days_of_a_table_that_was_emptied_are_missing() -> None:
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit(metadata_action("dt"), delta_add("a", dt="20261119"), at=EIGHT))
    plan = plan_with(Format.DELTA)
    seen = observe(delta.READER, plan, objects)
    assert filled(plan, seen)["2026-11-19"] is PRESENT
    objects.put(log_key(1), delta_commit(delta_remove("a"), at=NINE, operation="DELETE"))
    memory = TableMemory(layout=seen.layout, first_period_at=seen.first_period_at)
    seen = observe(delta.READER, replace(plan, memory=memory), objects)
    assert set(states(plan, seen).values()) == {MISSING}


def test_a_checkpoint_that_was_never_finished_is_passed_over(tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-19", "2026-11-21")
    DeltaTable(str(tmp_path)).create_checkpoint()
    objects = folder_of(tmp_path)
    objects.put(log_key(2), delta_commit(delta_add("c", day="2026-11-18"), at=EIGHT))
    objects.put(log_key(2, ".checkpoint.0000000001.0000000002.parquet"), b"PAR1")
    plan = plan_with(Format.DELTA)
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP
    for name in [name for name in objects.objects if "last_checkpoint" in name or "1.checkpoint.p" in name]:
        del objects.objects[name]
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP


def test_too_large_a_log_leaves_values_that_were_not_found_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_live, "MOST_COMMITS", 3)
    objects = ObjectsInMemory()
    loads = [(day, region) for day in ("2026-11-19", "2026-11-20", "2026-11-21") for region in ("us", "eu")]
    for version, (day, region) in enumerate(loads):
        add = delta_add(f"{version}", day=day, region=region)
        objects.put(log_key(version), delta_commit(metadata_action("day", "region"), add, at=EIGHT))
    rule = partitions_rule(key="day", format="%Y-%m-%d", each={"region": ["eu", "us"]})
    plan = plan_with(Format.DELTA, rule)
    keys = (Column("day", "string"), Column("region", "string"))
    plan = replace(plan, table=replace(plan.table, partition_keys=keys))
    row = rule.measure(observe(delta.READER, plan, objects), Clock(now=NOW), TableMemory())
    assert {(item.period[-2:], item.dimensions[0][1]): item.state for item in row.items} == {
        ("21", "eu"): PRESENT,
        ("21", "us"): PRESENT,
        ("20", "eu"): PRESENT,
        ("20", "us"): UNKNOWN,
        ("19", "eu"): UNKNOWN,
        ("19", "us"): UNKNOWN,
    }
