"""Which periods hold rows, as the log of a Delta table tells it, within bounded requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable, write_deltalake

from checks.lake.formats import delta
from checks.lake.formats.delta import live_files as delta_live
from checks.model import Format
from tests.support.partitioned import (
    A_GAP,
    EIGHT,
    NINE,
    PRESENT,
    TEN,
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
    ROOT,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    freshness,
    log_key,
    observe,
    rows,
    set_commit_times,
)
from tests.support.times import DAY, at

if TYPE_CHECKING:
    from pathlib import Path


def test_days_are_found_in_the_commits_of_deltalake(tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-01", "2026-11-19", "2026-11-21")
    set_commit_times(tmp_path, {0: EIGHT - 20 * DAY, 1: EIGHT - DAY, 2: EIGHT})
    objects = folder_of(tmp_path)
    plan = plan_with(Format.DELTA)
    seen = observe(delta.READER, plan, objects)
    assert filled(plan, seen) == A_GAP
    assert seen.first_period_at == at("11-01 00:00")
    assert objects.counts == (1, 3)
    newest = next(each for each in seen.partitions if each.period.label == "2026-11-21")
    assert newest.listing is not None
    assert (newest.listing.oldest_at, newest.listing.newest_at) == (EIGHT, EIGHT)


def test_days_are_found_in_a_checkpoint_of_deltalake(tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-18", "2026-11-19", "2026-11-20")
    DeltaTable(str(tmp_path)).delete("day = '2026-11-20'")
    DeltaTable(str(tmp_path)).create_checkpoint()
    delta_table(tmp_path, "2026-11-21")
    set_commit_times(tmp_path, {3: NINE, 4: TEN})
    objects = folder_of(tmp_path)
    plan = plan_with(Format.DELTA)
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP
    assert objects.counts == (1, 2)  # the newest commit and the checkpoint


def test_a_delete_and_a_compaction_after_the_checkpoint_count(tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-21")
    DeltaTable(str(tmp_path)).create_checkpoint()
    DeltaTable(str(tmp_path)).delete("day = '2026-11-20'")
    DeltaTable(str(tmp_path)).optimize.compact()
    objects = folder_of(tmp_path)
    plan = plan_with(Format.DELTA)
    seen = observe(delta.READER, plan, objects)
    assert filled(plan, seen) == A_GAP
    newest = next(each for each in seen.partitions if each.period.label == "2026-11-21")
    assert newest.listing is not None
    assert newest.listing.objects == 1
    assert newest.listing.newest_at is None  # the one file that is left was rewritten


def test_year_month_and_day_and_a_dimension_are_read() -> None:
    adds = [
        delta_add(f"{day}-{region}", year="2026", month="11", day=str(day), region=region)
        for day in (19, 21)
        for region in ("eu", "us")
    ]
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit(metadata_action("year", "month", "day", "region"), *adds, at=EIGHT))
    plan = plan_with(Format.DELTA)
    seen = observe(delta.READER, plan, objects)
    assert filled(plan, seen) == A_GAP
    assert (("region", "us"),) in {each.dimensions for each in seen.partitions}


@pytest.mark.parametrize("sidecars", [False, True])
def test_a_v2_checkpoint_in_json_is_read_with_its_sidecars(*, sidecars: bool, tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-19", "2026-11-21")
    DeltaTable(str(tmp_path)).create_checkpoint()
    (checkpoint,) = tmp_path.glob("_delta_log/*.checkpoint.parquet")
    objects = ObjectsInMemory()
    actions: list[dict[str, Any]] = [{"checkpointMetadata": {"version": 5}}, metadata_action("day")]
    actions[1]["metaData"]["schemaString"] = (
        '{"type": "struct", "fields": [{"name": "day", "type": "string"}]}'
    )
    if sidecars:
        actions.append({"sidecar": {"path": "s-1.parquet", "sizeInBytes": 9}})
        objects.put(f"{ROOT}_delta_log/_sidecars/s-1.parquet", checkpoint.read_bytes())
    else:
        actions += [delta_add(day, day=day, data_change=False) for day in ("2026-11-19", "2026-11-21")]
    text = "\n".join(json.dumps(action) for action in actions)
    objects.put(log_key(5, ".checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"), text.encode())
    objects.put(log_key(6), delta_commit(delta_add(day="2026-11-18"), at=EIGHT))
    plan = plan_with(Format.DELTA)
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP


def test_a_checkpoint_in_parts_has_to_be_whole(tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-19", "2026-11-21")
    DeltaTable(str(tmp_path)).create_checkpoint()
    (checkpoint,) = tmp_path.glob("_delta_log/*.checkpoint.parquet")
    objects = ObjectsInMemory()
    objects.put(log_key(6), delta_commit(delta_add(day="2026-11-18"), at=EIGHT))
    objects.put(log_key(5, ".checkpoint.0000000001.0000000002.parquet"), checkpoint.read_bytes())
    plan = plan_with(Format.DELTA)
    seen = observe(delta.READER, plan, objects)
    assert "parts of the checkpoint" in seen.notes[-1]
    assert seen.newest is not None
    objects.put(log_key(5, ".checkpoint.0000000002.0000000002.parquet"), checkpoint.read_bytes())
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP


def test_names_of_keys_may_be_written_in_any_case(tmp_path: Path) -> None:
    table = rows("2026-11-19", "2026-11-21").rename_columns(["Day", "amount"])
    write_deltalake(str(tmp_path), table, partition_by=["Day"])
    set_commit_times(tmp_path, {0: EIGHT})
    plan = plan_with(Format.DELTA, partitions_rule(key="Day"))
    assert filled(plan, observe(delta.READER, plan, folder_of(tmp_path))) == A_GAP


def test_removed_files_and_nulls_do_not_fill_a_day() -> None:
    objects = ObjectsInMemory()
    null = delta_add("c")
    null["add"]["partitionValues"]["day"] = None
    adds = [delta_add("a", day="2026-11-20"), delta_add("b", day="2026-11-21"), null]
    first = metadata_action("day")
    first["metaData"]["schemaString"] = '{"fields": [{"name": "day", "type": "date"}]}'
    objects.put(log_key(0), delta_commit(first, *adds, at=EIGHT))
    objects.put(log_key(1), delta_commit(delta_remove("a"), delta_add("d", day="2026-11-19"), at=NINE))
    plan = plan_with(Format.DELTA)
    assert filled(plan, observe(delta.READER, plan, objects)) == A_GAP


def test_too_large_a_log_leaves_what_was_not_found_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_live, "MOST_COMMITS", 2)
    objects = ObjectsInMemory()
    for version, day in enumerate(("2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21")):
        objects.put(log_key(version), delta_commit(metadata_action("day"), delta_add(day, day=day), at=EIGHT))
    plan = plan_with(Format.DELTA, partitions_rule(key="day", format="%Y-%m-%d"))
    found = states(plan, observe(delta.READER, plan, objects))
    assert found == {"2026-11-21": PRESENT, "2026-11-20": PRESENT, "2026-11-19": UNKNOWN}


@pytest.mark.parametrize("bad", [b"", b"PAR1", b"no parquet"])
def test_a_bad_checkpoint_leaves_recency_as_it_is(bad: bytes) -> None:
    objects = ObjectsInMemory()
    objects.put(log_key(5, ".checkpoint.parquet"), bad)
    objects.put(log_key(6), delta_commit(delta_add(day="2026-11-21"), at=EIGHT))
    plan = plan_with(Format.DELTA, partitions_rule(), freshness())
    seen = observe(delta.READER, plan, objects)
    assert seen.newest is not None
    assert seen.newest.at == EIGHT
    assert "it is no checkpoint in Parquet" in seen.notes[-1]
