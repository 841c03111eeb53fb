"""Prefixes that hold tables with logs of their own, looked at as a run does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from deltalake import DeltaTable, write_deltalake

from checks.aws.ledger import Ledger
from checks.lake.observe import observe as observe_table
from checks.lake.s3.table_reader import LakeReader
from checks.model import TableMemory
from checks.rules.asking import Clock
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.lakes import prefix
from tests.support.loads import Load, Loaded, as_iceberg
from tests.support.rule_checks import after, judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    _NoGlue,
    rows,
    set_commit_times,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from checks.model import Finding, Observation

MINUTE = timedelta(minutes=1)
OLD, FRESH = NOW - 3 * DAY, NOW - HOUR
DAYS = ("2026-11-19", "2026-11-20")
AGE: dict[str, Any] = {"freshness": {"max_age": "24h"}}
DAILY: dict[str, Any] = {"partitions": {"every": "1d", "due": "06:00", "lookback": 3}, **AGE}
STATED: dict[str, Any] = {**DAILY, "partitions": {**DAILY["partitions"], "format": "day=%Y-%m-%d/"}}
KEYED: dict[str, Any] = {**DAILY, "partitions": {**DAILY["partitions"], "key": "day", "format": "%Y-%m-%d"}}


def look(
    objects: ObjectsInMemory,
    memory: TableMemory | None = None,
    location: str = LOCATION,
    now: datetime = NOW,
    **blocks: Any,
) -> tuple[dict[str, Finding], Observation, TableMemory]:
    """Return what was found of a prefix, what was seen, and what is remembered of it."""
    memory = memory or TableMemory()
    plan = plan_by_config(memory.typed(prefix(location)), memory, **(blocks or AGE))
    plan = replace(plan, max_age_of_answer=7 * DAY)
    objects.calls.clear()
    seen = observe_table(plan, Clock(now=now), LakeReader(Metered(objects), _NoGlue()))
    assert seen.requests == len(objects.calls)
    return judged(plan, seen, now), seen, after(plan, seen)


def freshness(objects: ObjectsInMemory, **how: Any) -> Finding:
    return look(objects, **how)[0]["freshness"]


@dataclass(slots=True)
class Delta:
    """A table that deltalake writes, with the times that S3 and its commits would tell."""

    folder: Path
    objects: ObjectsInMemory = field(default_factory=ObjectsInMemory)
    times: dict[int, datetime] = field(default_factory=dict)

    def append(self, at: datetime, *days: str, **how: Any) -> None:
        write_deltalake(str(self.folder), rows(*(days or ("2026-11-19",))), mode="append", **how)
        self.written(at)

    def optimize(self, at: datetime) -> None:
        DeltaTable(str(self.folder)).optimize.compact()
        self.written(at)

    def written(self, at: datetime) -> None:
        """Give what was written the time at which it came."""
        before = dict(self.objects.modified)
        self.times[len(self.times)] = at
        set_commit_times(self.folder, self.times)
        self.objects.put_folder(self.folder, at)
        self.objects.modified |= before


def old_hudi(version: int = 6) -> HudiTable:
    table = HudiTable(version=version)
    table.instant(OLD, "commit", hudi_commit())
    table.file("2026-11-19", table.stamp(OLD), at=OLD)
    return table


def in_file_system(folder: Path, loads: Sequence[Load], last: int = 1) -> Loaded:
    """Return a table as a file system keeps it: its metadata files are named by their version."""
    loaded = as_iceberg(folder, loads)
    return renamed(loaded, f"v{last}.metadata.json")


def renamed(loaded: Loaded, *names: str) -> Loaded:
    """Give an Iceberg table's metadata file these names, and no other metadata file."""
    data = loaded.objects.objects[loaded.parameters["metadata_location"].removeprefix("s3://lake/")]
    for key in [key for key in loaded.objects.objects if key.endswith(".metadata.json")]:
        del loaded.objects.objects[key]
    for name in names:
        loaded.objects.put(f"{ROOT}metadata/{name}", data)
    return loaded


OLD_LOADS = (Load(OLD, "2026-11-19", 100),)
UUID = "6f9a2b1c-0000-4000-8000-000000000001"


@dataclass(slots=True)
class Metered:
    """A store whose requests are counted and bounded as those of the lake are."""

    objects: ObjectsInMemory

    def list_page(self, *args: Any, **how: Any) -> Any:
        self._spend("s3:ListObjectsV2")
        return self.objects.list_page(*args, **how)

    def get(self, *args: Any, **how: Any) -> Any:
        self._spend("s3:GetObject")
        return self.objects.get(*args, **how)

    def get_dated(self, *args: Any, **how: Any) -> Any:
        self._spend("s3:GetObject")
        return self.objects.get_dated(*args, **how)

    def _spend(self, operation: str) -> None:
        Ledger().enter(operation)


def below(objects: ObjectsInMemory, *folders: str) -> ObjectsInMemory:
    """Return a copy of what lies at the prefix in folders below it."""
    found = ObjectsInMemory()
    for folder in folders:
        for key, data in objects.objects.items():
            found.put(f"{ROOT}{folder}{key.removeprefix(ROOT)}", data, objects.modified[key])
    return found
