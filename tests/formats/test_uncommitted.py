"""What was not committed tells nothing, in no format: with it or without it, the same is seen."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from tests.formats.test_agree import some_loads
from tests.support.loads import Load, as_delta, as_hudi, as_iceberg
from tests.support.tables_by_engines import NOW, ROOT, delta_add, delta_commit, log_key
from tests.support.times import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from checks.model import Observation
    from tests.support.loads import Loaded
    from tests.support.tables_by_engines import ObjectsInMemory

BLOCKS: dict[str, Any] = {
    "partitions": {"due": "06:00", "lookback": 7, "key": "day", "format": "%Y-%m-%d"},
    "freshness": {"max_age": "36h"},
    "volume": {"min_bytes": "1kB"},
}
DAYS = tuple(f"{NOW - number * DAY:%Y-%m-%d}" for number in range(8))
"""Days of the lookback: what is not committed would fill them."""


def a_commit(day: str) -> bytes:
    return delta_commit(delta_add("new.parquet", day=day), at=NOW)


def beside_delta(objects: ObjectsInMemory, chance: random.Random) -> None:
    """Leave what writers leave that died, and what only looks like a part of the log."""
    newest, day = sum(key.startswith(f"{ROOT}_delta_log/") for key in objects.objects), chance.choice(DAYS)
    leftovers = {
        f"{ROOT}day={day}/part-00000-dead.snappy.parquet": b"rows",
        f"{ROOT}_delta_log/{newest:020d}.json.tmp": a_commit(day),
        f"{ROOT}_delta_log/_commit_{newest}.json.tmp": a_commit(day),
        f"{ROOT}_delta_log/.{newest:020d}.json.crc": b"crc",
        f"{ROOT}_delta_log/{newest}.json": a_commit(day),
        f"{ROOT}_delta_log/{newest - 1:020d}.checkpoint.0000000001.0000000002.parquet": b"PAR1 and no second part",
        f"{ROOT}_delta_log/{newest - 1:020d}.{newest:020d}.compacted.json": a_commit(day),
        f"{ROOT}_delta_log/_tmp/{newest:020d}.json": a_commit(day),
        f"{ROOT}_temporary/0/{log_key(newest).rpartition('/')[2]}": a_commit(day),
    }
    for key, data in leftovers.items():
        if chance.random() < 0.5:
            objects.put(key, data)


def beside_iceberg(objects: ObjectsInMemory, chance: random.Random) -> None:
    """Leave a newer metadata file that the catalog does not name, and files that no snapshot names."""
    pointed = max(key for key in objects.objects if key.endswith(".metadata.json"))
    document = json.loads(objects.objects[pointed])
    newest = {
        **document["snapshots"][-1],
        "snapshot-id": 99,
        "timestamp-ms": document["last-updated-ms"] + 10**9,
    }
    document |= {"snapshots": [*document["snapshots"], newest], "current-snapshot-id": 99}
    leftovers = {
        f"{ROOT}metadata/99999-decoy.metadata.json": json.dumps(document).encode(),
        f"{ROOT}metadata/version-hint.text": b"99999",
        f"{ROOT}metadata/snap-99-1-dead.avro": b"Obj\x01 and no more",
        f"{ROOT}metadata/dead-m0.avro": b"Obj\x01 and no more",
        f"{ROOT}data/day={chance.choice(DAYS)}/dead.parquet": b"rows",
    }
    for key, data in leftovers.items():
        if chance.random() < 0.5:
            objects.put(key, data)


def beside_hudi(objects: ObjectsInMemory, chance: random.Random) -> None:
    """Leave instants that never completed, with the files that they wrote into partitions."""
    for _ in range(chance.randint(1, 4)):
        at, day = NOW - timedelta(minutes=chance.randint(1, 20_000)), chance.choice(DAYS)
        stamp = at.strftime("%Y%m%d%H%M%S%f")[:17]
        for state in chance.choice((["requested"], ["requested", "inflight"], ["inflight"])):
            action = "" if state == "inflight" and chance.random() < 0.5 else "commit."
            objects.put(f"{ROOT}.hoodie/{stamp}.{action}{state}", b"", at.replace(microsecond=0))
        group = f"{chance.randrange(10**8):08d}-6f0e-4a53-9d1c-1c3d2f0f6a11-0"
        objects.put(f"{ROOT}day={day}/{group}_0-22-31_{stamp}.parquet", b"rows", at)
        objects.put(
            f"{ROOT}.hoodie/.temp/{stamp}/day={day}/{group}_0-22-31_{stamp}.parquet.marker.CREATE", b""
        )


Ways: TypeAlias = "dict[str, tuple[Callable[[Path, Sequence[Load]], Loaded], Leave]]"
Leave: TypeAlias = "Callable[[ObjectsInMemory, random.Random], None]"
WAYS: Ways = {
    "delta": (as_delta, beside_delta),
    "iceberg": (as_iceberg, beside_iceberg),
    "hudi": (as_hudi, beside_hudi),
}


def seen_of(loaded: Loaded) -> tuple[dict[str, Any], Observation]:
    found, seen = loaded.look(**BLOCKS)
    told = {check: (each.status, each.severity, each.because, each.items) for check, each in found.items()}
    return told, replace(seen, requests=0)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("kind", WAYS)
def test_what_was_not_committed_changes_nothing(kind: str, seed: int, tmp_path: Path) -> None:
    load_as, leave = WAYS[kind]
    chance = random.Random(seed)  # noqa: S311 - a choice, the same each time
    loads = some_loads(chance, chance.choice((2, 5, 9))) or [Load(NOW - DAY, "2026-11-20", 100)]
    loaded = load_as(tmp_path, loads)
    before = seen_of(loaded)
    leave(loaded.objects, chance)
    assert seen_of(loaded) == before
