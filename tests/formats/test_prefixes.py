"""Prefixes that hold a table with a log of its own: what no commit names makes them no fresher, in any format."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from checks.aws.problems import asked_s3, problem_of
from checks.lake.observe import observe as observe_table
from checks.model import Format, LogsKnown, ProblemKind, Severity, Status, TableMemory, Unobserved
from checks.rules.asking import Clock
from tests.formats.test_agree import asked, some_loads, told
from tests.formats.test_uncommitted import beside_delta, beside_hudi
from tests.support.hudi_tables import hudi_commit
from tests.support.lakes import MemoryLake
from tests.support.loads import Load, Loaded, as_delta, as_hudi, as_iceberg
from tests.support.prefixes import (
    AGE,
    DAYS,
    FRESH,
    MINUTE,
    OLD,
    Delta,
    freshness,
    in_file_system,
    look,
    old_hudi,
    renamed,
)
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    log_key,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path


# What no commit names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["part-00000-dead.parquet", "00-dead.parquet", "day=2026-11-22/dead.parquet"]
)
def test_a_file_that_no_commit_of_delta_names_makes_nothing_fresh(old_delta: Delta, name: str) -> None:
    old_delta.objects.put(f"{ROOT}{name}", b"rows", FRESH)
    found, seen, _ = look(old_delta.objects)
    assert found["freshness"].severity is Severity.CRITICAL
    assert found["freshness"].observed == OLD
    assert seen.table.format is Format.DELTA
    by_catalog = [
        f"LIST {ROOT}_delta_log/",
        f"GET {log_key(1)}",
        f"GET {log_key(0)}",
    ]  # the last for what it asks of readers
    assert old_delta.objects.calls == [f"LIST {ROOT}", *by_catalog]


def test_compaction_alone_makes_a_delta_prefix_no_fresher(old_delta: Delta) -> None:
    old_delta.optimize(FRESH)
    assert freshness(old_delta.objects).observed == OLD


@pytest.mark.parametrize(
    ("came", "status"), [(NOW - DAY, Status.PASS), (NOW - DAY - HOUR / 3600, Status.FAIL)]
)
def test_an_append_counts_from_its_commit(old_delta: Delta, came: datetime, status: Status) -> None:
    old_delta.append(came)
    found = freshness(old_delta.objects)
    assert (found.status, found.observed) == (status, came)


def test_what_no_instant_of_hudi_completed_makes_nothing_fresh() -> None:
    table = old_hudi()
    table.file("2026-11-22", table.stamp(FRESH), at=FRESH)
    table.begin(FRESH, "commit")
    found, seen, _ = look(table.objects)
    assert found["freshness"].severity is Severity.CRITICAL
    assert seen.table.format is Format.HUDI
    assert table.objects.calls[0] == f"LIST {ROOT}"
    assert seen.requests == 4  # what lies there, its properties, its timeline, an instant


def test_clustering_alone_makes_a_hudi_prefix_no_fresher_and_a_commit_does() -> None:
    table = old_hudi()
    table.instant(FRESH, "replacecommit", hudi_commit(operation="CLUSTER"), plan="clustering")
    assert freshness(table.objects).status is Status.FAIL
    table.instant(FRESH + MINUTE, "commit", hudi_commit())
    assert freshness(table.objects).status is Status.PASS


def test_what_no_snapshot_of_iceberg_names_makes_nothing_fresh(tmp_path: Path) -> None:
    loaded = in_file_system(tmp_path, [Load(OLD, "2026-11-19", 100)])
    loaded.objects.put(f"{ROOT}data/day=2026-11-22/dead.parquet", b"rows", FRESH)
    loaded.objects.put(f"{ROOT}metadata/dead-m0.avro", b"Obj", FRESH)
    found, seen, _ = look(loaded.objects)
    assert found["freshness"].severity is Severity.CRITICAL
    assert found["freshness"].observed == OLD
    assert seen.table.format is Format.ICEBERG
    assert seen.requests == 3  # what lies there, its metadata files, the newest


# What stands in the way --------------------------------------------------------------------------------------


@dataclass(slots=True)
class Denying(ObjectsInMemory):
    """A store that refuses to give objects."""

    def get(self, bucket: str, key: str, **_: Any) -> bytes:
        self.calls.append(f"GET {key}")
        answer: Any = {"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}
        raise Unobserved(problem_of(ClientError(answer, "GetObject"), asked_s3("GetObject", bucket, key)))


def test_a_log_that_may_not_be_read_is_unknown_and_names_what_to_allow(old_delta: Delta) -> None:
    store = Denying(old_delta.objects.objects, dict.fromkeys(old_delta.objects.objects, FRESH))
    for memory in (None, TableMemory(logs=LogsKnown(seen_at=NOW - HOUR, format=Format.DELTA))):
        found, seen, kept = look(store, memory)
        assert found["freshness"].status is Status.UNKNOWN
        assert found["freshness"].problem is ProblemKind.DENIED
        assert found["freshness"].lacks is not None
        assert "s3:GetObject" in {right.action for right in found["freshness"].lacks.rights}
        assert kept.logs is not None
        assert kept.logs.format is Format.DELTA
        assert seen.newest is None


@pytest.mark.parametrize("torn", [b'{"commitInfo": {"time', b""])
def test_a_torn_log_is_unknown(old_delta: Delta, torn: bytes) -> None:
    old_delta.objects.put(log_key(2), torn, FRESH)
    found = freshness(old_delta.objects)
    assert (found.status, found.problem) == (Status.UNKNOWN, ProblemKind.MALFORMED)


def test_a_log_without_commits_is_unknown(old_delta: Delta) -> None:
    for version in range(2):
        del old_delta.objects.objects[log_key(version)]
    old_delta.objects.put(f"{ROOT}_delta_log/_last_checkpoint", b"{}", FRESH)
    found = freshness(old_delta.objects)
    assert (found.status, found.problem) == (Status.UNKNOWN, ProblemKind.NOT_FOUND)
    assert "in the catalog" not in found.advice


# What is remembered -----------------------------------------------------------------------------------------


def test_a_later_run_goes_by_the_log_at_once(old_delta: Delta) -> None:
    memory = look(old_delta.objects)[2]
    old_delta.append(FRESH)
    found, _, kept = look(old_delta.objects, memory)
    assert old_delta.objects.calls == [f"LIST {ROOT}_delta_log/", f"GET {log_key(2)}", f"GET {log_key(0)}"]
    assert found["freshness"].status is Status.PASS
    assert kept.logs == LogsKnown(seen_at=NOW, format=Format.DELTA)


def test_where_the_log_is_gone_what_lies_there_now_counts(old_delta: Delta) -> None:
    memory = look(old_delta.objects)[2]
    plain = ObjectsInMemory()
    plain.put(f"{ROOT}2026/a.csv", b"rows", FRESH)
    found, seen, kept = look(plain, memory)
    assert found["freshness"].status is Status.PASS
    assert (seen.table.format, kept.logs) == (Format.FILES, None)
    hudi = old_hudi().objects
    assert look(hudi, memory)[1].table.format is Format.HUDI


@pytest.mark.parametrize("memory", [None, TableMemory(logs=LogsKnown(seen_at=NOW - HOUR))])
def test_a_log_that_begins_is_seen_with_the_listing(old_delta: Delta, memory: TableMemory | None) -> None:
    assert look(old_delta.objects, memory)[1].table.format is Format.DELTA


def test_a_plain_prefix_costs_no_further_request() -> None:
    plain = ObjectsInMemory(page_size=2)
    for number in range(3):
        plain.put(f"{ROOT}part-{number}.csv", b"rows", FRESH)
    found, seen, memory = look(plain)
    assert found["freshness"].status is Status.PASS
    assert (seen.requests, memory.logs) == (2, None)


@pytest.mark.parametrize(
    "name",
    ["_delta_log/", "_delta_log_$folder$", ".hoodie/", "metadata/about.json", "metadata/x.metadata.json"],
)
def test_what_is_only_named_like_a_log_is_none(name: str) -> None:
    plain = ObjectsInMemory()
    plain.put(f"{ROOT}{name}", b"", OLD)
    plain.put(f"{ROOT}a.csv", b"rows", FRESH)
    found, seen, _ = look(plain)
    assert (found["freshness"].status, seen.requests) == (Status.PASS, 1)


# Laws -------------------------------------------------------------------------------------------------------


BESIDE: dict[Any, Callable[[ObjectsInMemory, random.Random], None]] = {
    as_delta: beside_delta,
    as_hudi: beside_hudi,
}


def as_file_system(folder: Path, loads: Sequence[Load]) -> Loaded:
    return renamed(as_iceberg(folder, loads), "v7.metadata.json")


@pytest.mark.parametrize("seed", range(300, 308))
@pytest.mark.parametrize("load_as", [as_delta, as_hudi, as_file_system])
def test_the_same_loads_give_the_same_verdict_by_prefix_and_by_catalog_entry(
    seed: int, load_as: Callable[[Path, Sequence[Load]], Loaded], tmp_path: Path
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a choice, the same each time
    loads = some_loads(chance, 12) or [Load(NOW - DAY, "2026-11-20", 100)]
    blocks = asked(loads, chance)
    loaded = load_as(tmp_path, loads)
    if load_as is as_file_system:
        loaded = replace(loaded, parameters={"metadata_location": f"{LOCATION}metadata/v7.metadata.json"})
    expected, _ = loaded.look(**blocks)
    chosen = chance.choice((DAYS[0], f"{NOW:%Y-%m-%d}", f"{NOW - DAY:%Y-%m-%d}"))
    loaded.objects.put(f"{ROOT}day={chosen}/dead.parquet", b"rows", NOW - timedelta(minutes=5))
    if load_as in BESIDE:
        BESIDE[load_as](loaded.objects, chance)
    found, _, memory = look(loaded.objects, **blocks)
    again, _, _ = look(loaded.objects, memory, **blocks)
    for check in blocks:
        alike = told(expected[check], check)
        for each in (found, again):
            assert _as_catalog(told(each[check], check)) == _as_catalog(alike), (check, load_as.__name__)


def _as_catalog(what: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(each.replace(LOCATION, "sales.orders") if isinstance(each, str) else each for each in what)


def test_a_catalog_table_of_plain_files_over_a_log_is_judged_by_what_its_readers_see(
    old_delta: Delta,
) -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders")
    for key, at in old_delta.objects.modified.items():
        lake.put(f"s3://lake/{key}", at)
    lake.put(f"{LOCATION}part-dead.parquet", FRESH)
    plan = plan_by_config(replace(table, location=LOCATION), **AGE)
    seen = observe_table(plan, Clock(now=NOW), lake.reader(plan))
    assert judged(plan, seen, NOW)["freshness"].observed == FRESH
    assert "holds a log of Delta" in "".join(seen.notes)
