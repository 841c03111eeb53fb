"""Logs whose checkpoint is lost, torn or newer than the stated time: what is asked is found by listing again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from checks.lake.formats import delta
from checks.lake.formats.delta import live_files as delta_live
from checks.model import Format, ItemState, Status
from tests.support.partitioned import delta_table, metadata_action
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    log_key,
    observe,
    plan_of,
    set_commit_times,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from checks.model import Finding

BLOCKS: dict[str, Any] = {
    "partitions": {"due": "06:00", "lookback": 3, "key": "day", "format": "%Y-%m-%d"},
    "volume": {"min_files": 1},
    "files": {"severity": "critical"},
    "freshness": {"max_age": "36h"},
}
FILLED = {"2026-11-21", "2026-11-20", "2026-11-19"}


def commit(version: int, *more: dict[str, Any], moment: datetime) -> bytes:
    day = f"{moment - DAY:%Y-%m-%d}"
    first = [metadata_action("day")] if version == 0 else []
    return delta_commit(*first, *more, delta_add(f"{version}", day=day), at=moment)


LAST = at("11-22 03:00")


def log_of_days(count: int, *, last: datetime = LAST, first: int = 0) -> ObjectsInMemory:
    """Return a log with a commit a day, each with the day before it."""
    objects = ObjectsInMemory()
    for version in range(first, count):
        moment = last - (count - 1 - version) * DAY
        objects.put(log_key(version), commit(version, moment=moment), moment)
    return objects


def hint(objects: ObjectsInMemory, version: int) -> None:
    objects.put(f"{ROOT}_delta_log/_last_checkpoint", json.dumps({"version": version}).encode())


def look(objects: ObjectsInMemory, **clock: Any) -> tuple[dict[str, Finding], set[str]]:
    """Return the findings, and the periods that hold data."""
    plan = plan_by_config(plan_of(Format.DELTA).table, **BLOCKS)
    found = judged(plan, observe(delta.READER, plan, objects, **clock), NOW)
    return found, {item.period for item in found["partitions"].items if item.state is ItemState.PRESENT}


@pytest.mark.parametrize("page_size", [2, 3, 5, 1000])
@pytest.mark.parametrize("pointed_at", [0, 3, 5, 6, 7, 40])
def test_a_hint_that_points_nowhere(pointed_at: int, page_size: int) -> None:
    objects = log_of_days(7)
    hint(objects, pointed_at)
    objects.page_size = page_size
    found, present = look(objects)
    assert present == FILLED
    assert {check: finding.status for check, finding in found.items()} == dict.fromkeys(BLOCKS, Status.PASS)


def test_a_log_of_one_page_is_listed_once_and_its_hint_not_asked() -> None:
    objects = log_of_days(7)
    hint(objects, 4)
    look(objects)
    assert objects.counts == (1, 7)


@pytest.mark.parametrize("page_size", [4, 1000])
def test_a_checkpoint_without_all_its_parts_is_none_where_an_earlier_one_is_whole(
    page_size: int, tmp_path: Path
) -> None:
    delta_table(tmp_path, *(f"2026-11-{day}" for day in (17, 18, 19, 20, 21)))
    DeltaTable(str(tmp_path)).create_checkpoint()
    set_commit_times(tmp_path, {version: at(f"11-{18 + version} 03:00") for version in range(5)})
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    whole = objects.objects.pop(log_key(4, ".checkpoint.parquet"))
    objects.put(log_key(4, ".checkpoint.0000000001.0000000002.parquet"), whole)
    objects.page_size = page_size
    assert look(objects)[1] == FILLED
    for version in (0, 1):  # the log was cleaned up to an earlier checkpoint, made of the first commits
        del objects.objects[log_key(version)]
    found, _ = look(objects)
    assert found["partitions"].status is Status.UNKNOWN
    assert "parts of the checkpoint" in found["partitions"].because
    assert found["freshness"].status is Status.PASS


def test_a_torn_checkpoint_after_a_whole_one(tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-18", "2026-11-19", "2026-11-20")
    DeltaTable(str(tmp_path)).create_checkpoint()
    delta_table(tmp_path, "2026-11-21", "2026-11-21")
    set_commit_times(tmp_path, {version: NOW - (5 - version) * HOUR for version in range(5)})
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    for version in (0, 1):
        del objects.objects[log_key(version)]
    torn = objects.objects[log_key(2, ".checkpoint.parquet")]
    objects.put(log_key(4, ".checkpoint.0000000002.0000000003.parquet"), torn)
    hint(objects, 4)
    for page_size in (1, 1000):
        objects.page_size = page_size
        plan = plan_by_config(plan_of(Format.DELTA).table, partitions=BLOCKS["partitions"])
        seen = observe(delta.READER, plan, objects)
        assert all(each.listing is not None and each.listing.objects for each in seen.partitions)


@pytest.mark.parametrize("page_size", [10, 1000])
@pytest.mark.parametrize("checkpoint", [29, 50, 60])
def test_a_stated_now_before_the_checkpoint(checkpoint: int, page_size: int, tmp_path: Path) -> None:
    delta_table(tmp_path, "2026-11-01")
    DeltaTable(str(tmp_path)).create_checkpoint()
    (file,) = tmp_path.glob("_delta_log/*.checkpoint.parquet")
    objects = log_of_days(61, last=at("12-20 03:00"))
    objects.put(log_key(checkpoint, ".checkpoint.parquet"), file.read_bytes(), at("12-20 04:00"))
    hint(objects, checkpoint)
    objects.page_size = page_size
    found, present = look(objects, ignore_later=True)
    assert present == FILLED
    assert found["freshness"].observed == at("11-22 03:00")
    assert found["volume"].status is Status.PASS


def test_a_stated_now_before_all_that_is_left_of_a_log_is_unknown() -> None:
    objects = log_of_days(61, last=at("12-20 03:00"), first=40)
    objects.put(log_key(40, ".checkpoint.parquet"), b"PAR1", at("12-20 04:00"))
    found, _ = look(objects, ignore_later=True)
    assert {finding.status for check, finding in found.items() if check != "files"} == {Status.UNKNOWN}
    assert "is not partitioned" not in found["partitions"].because


@pytest.mark.parametrize(
    ("first", "says"),
    [
        (3, "its log before version 3 is gone, and no checkpoint tells what was there"),
        (0, "more than 2 commits came after its last checkpoint that could be read"),
    ],
)
def test_a_log_that_cannot_be_read_so_far_is_not_called_unpartitioned(
    first: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta_live, "MOST_COMMITS", 2)
    objects = log_of_days(5, first=first)
    if first:
        objects.put(log_key(first - 1, ".checkpoint.0000000001.0000000002.parquet"), b"PAR1")
        del objects.objects[log_key(first)]
        objects.put(log_key(first), commit(1, moment=NOW - 2 * DAY))
    finding = look_at_partitions(objects)
    assert finding.status is Status.UNKNOWN
    assert "is not partitioned" not in finding.because
    if not first:
        assert says in finding.because


def look_at_partitions(objects: ObjectsInMemory) -> Finding:
    plan = plan_by_config(plan_of(Format.DELTA).table, partitions={"due": "06:00", "lookback": 3})
    return judged(plan, observe(delta.READER, plan, objects), NOW)["partitions"]


def test_a_table_without_partitions_is_called_so() -> None:
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit(metadata_action(), delta_add(), at=NOW - HOUR))
    assert "sales.orders is not partitioned, so its log" in look_at_partitions(objects).because
    objects.put(log_key(0), delta_commit(delta_add(), at=NOW - HOUR))
    assert (
        "tells no schema, so by which columns it is partitioned is not known"
        in look_at_partitions(objects).because
    )


def test_a_log_that_never_held_data_is_without_each_period() -> None:
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit(metadata_action("day"), at=NOW - DAY, operation="CREATE TABLE"))
    finding = look_at_partitions(objects)
    assert (finding.status, finding.because.split(";")[0]) == (
        Status.FAIL,
        "never loaded: no day of it holds data",
    )


def test_listing_back_ends_where_no_more_commits_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_live, "MOST_COMMITS", 20)
    objects = ObjectsInMemory(page_size=30)
    for version in range(1000):
        objects.put(log_key(version), commit(version, moment=NOW - timedelta(minutes=1000 - version)))
    hint(objects, 990)
    finding = look_at_partitions(objects)
    assert finding.status is Status.UNKNOWN
    assert "more than 20 commits came after its last checkpoint" in finding.because
    assert objects.counts[0] < 20
