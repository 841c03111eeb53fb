"""Logs of Delta out of commits, by hand and by deltalake, and what is seen and judged of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
from deltalake import write_deltalake

from checks.lake.formats import delta
from checks.model import Format
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    log_key,
    observe,
    plan_of,
    set_commit_times,
)
from tests.support.times import HOUR, at

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from pathlib import Path

    from checks.model import Column, Finding, Observation

READER = delta.READER
EIGHT, NINE, TEN = at("11-21 08:00"), at("11-21 09:00"), at("11-21 10:00")


def log_of(*commits: bytes, hint: int | None = None, first: int = 0) -> ObjectsInMemory:
    """Return a log whose commits were written at NOW; where there is a hint, its checkpoint tells nothing."""
    objects = ObjectsInMemory()
    for version, data in enumerate(commits, first):
        objects.put(log_key(version), data)
    if hint is not None:
        objects.put(f"{ROOT}_delta_log/_last_checkpoint", json.dumps({"version": hint, "size": 3}).encode())
        objects.put(log_key(hint, ".checkpoint.parquet"), b"PAR1", EIGHT)
    return objects


def see(objects: ObjectsInMemory, now: Any = NOW, **clock: Any) -> Observation:
    return observe(READER, plan_of(Format.DELTA), objects, now, **clock)


def commit_uri(version: int) -> str:
    return f"{LOCATION}_delta_log/{version:020d}.json"


def append(at_: Any) -> bytes:
    return delta_commit(delta_add(), at=at_)


OPTIMIZE = delta_commit(
    delta_add(data_change=False), delta_remove(data_change=False), at=TEN, operation="OPTIMIZE"
)


EVENTS = {"column": "seen", "max_age": "24h"}


def rows(newest: datetime) -> pa.Table:
    moments = [newest - HOUR, newest]
    zoned = pa.array(moments, pa.timestamp("us", "UTC"))
    return pa.table(
        {
            "day": ["2026-11-21", "2026-11-21"],
            "seen": zoned,
            "wall": pa.array([each.replace(tzinfo=None) for each in moments], pa.timestamp("us")),
            "date": pa.array([each.date() for each in moments]),
            "meta": pa.StructArray.from_arrays([zoned, pa.array([1, 2])], ["made", "n"]),
        }
    )


def written(folder: Path, *newest: datetime, **options: Any) -> None:
    for each in newest:
        write_deltalake(str(folder), rows(each), mode="append", **options)


def of_folder(folder: Path, *, commits: int, age: timedelta = HOUR) -> ObjectsInMemory:
    """Return a table's objects, its commits made one each ``age`` up to now."""
    times = {version: NOW - (commits - 1 - version) * age for version in range(commits)}
    present = {v: t for v, t in times.items() if (folder / "_delta_log" / f"{v:020d}.json").exists()}
    set_commit_times(folder, present)
    objects = ObjectsInMemory()
    objects.put_folder(folder)
    for version, moment in present.items():
        objects.modified[log_key(version)] = moment
    return objects


def look(objects: ObjectsInMemory, *columns: Column, **blocks: Any) -> dict[str, Finding]:
    plan = plan_by_config(replace(plan_of(Format.DELTA).table, columns=columns), **blocks)
    return judged(plan, observe(delta.READER, plan, objects), NOW)


SCHEMA = {
    "type": "struct",
    "fields": [{"name": "seen", "type": "timestamp", "nullable": True, "metadata": {}}],
}
METADATA: dict[str, Any] = {
    "metaData": {"id": "x", "schemaString": json.dumps(SCHEMA), "partitionColumns": [], "configuration": {}}
}


def add_with(
    newest: datetime | None, path: str = "part-0.parquet", *, stats: Any = None, **more: Any
) -> dict[str, Any]:
    action = delta_add(path)
    text = newest.isoformat() if newest is not None else None
    told = {"numRecords": 2, "maxValues": {"seen": text} if text else {}, "nullCount": {"seen": 0}}
    action["add"]["stats"] = stats if stats is not None else json.dumps(told)
    action["add"].update(more)
    return action


def one_commit(*actions: dict[str, Any], metadata: dict[str, Any] = METADATA) -> ObjectsInMemory:
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit(metadata, *actions, at=NOW - HOUR))
    return objects
