"""Logs of Delta out of commits, and what is seen of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from checks.lake.formats import delta
from checks.model import Format
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
)
from tests.support.times import at

if TYPE_CHECKING:
    from checks.model import Observation

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
