"""Prefixes that hold a table with a log of its own: what no commit names makes them no fresher, in any format."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from deltalake import DeltaTable, write_deltalake

from checks.aws.ledger import Ledger
from checks.aws.problems import asked_s3, problem_of
from checks.lake.observe import observe as observe_table
from checks.lake.s3.split import Helpers
from checks.lake.s3.table_reader import LakeReader
from checks.model import Format, LogSeen, LogsKnown, ProblemKind, Severity, Status, TableMemory, Unobserved
from checks.rules.asking import Clock
from tests.formats.test_agree import asked, some_loads, told
from tests.formats.test_uncommitted import beside_delta, beside_hudi
from tests.support.lakes import MemoryLake, prefix
from tests.support.loads import Load, Loaded, as_delta, as_hudi, as_iceberg
from tests.support.rule_checks import after, judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    HudiTable,
    ObjectsInMemory,
    _NoGlue,
    hudi_commit,
    log_key,
    rows,
    set_commit_times,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from checks.model import Finding, Observation

MINUTE = timedelta(minutes=1)
OLD, FRESH = NOW - 3 * DAY, NOW - HOUR
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


@pytest.fixture
def old_delta(tmp_path: Path) -> Delta:
    table = Delta(tmp_path / "table")
    table.append(OLD - HOUR)
    table.append(OLD)
    return table


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


# Iceberg's current metadata ---------------------------------------------------------------------------------

OLD_LOADS = (Load(OLD, "2026-11-19", 100),)
UUID = "6f9a2b1c-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("names", "hint", "current"),
    [
        (("v1.metadata.json",), None, "v1.metadata.json"),
        (("v9.metadata.json", "v10.metadata.json"), None, "v10.metadata.json"),
        (("v9.metadata.json", "v10.gz.metadata.json"), b"9", "v10.gz.metadata.json"),  # hints may be late
        (("v1.metadata.json", "v3.metadata.json"), b"1", "v1.metadata.json"),  # as its readers walk
        (("v1.metadata.json", "v3.metadata.json", "v4.metadata.json"), b"3\n", "v4.metadata.json"),
        (("v1.metadata.json", "v3.metadata.json"), None, None),
        (("v1.metadata.json", "v3.metadata.json"), b"2", None),
        (("v3.metadata.json", "v3.gz.metadata.json"), None, None),
        ((f"00003-{UUID}.metadata.json",), None, None),
        ((f"00003-{UUID}.metadata.json",), f"00003-{UUID}".encode(), f"00003-{UUID}.metadata.json"),
        (
            (f"00003-{UUID}.metadata.json",),
            f"00003-{UUID}.metadata.json".encode(),
            f"00003-{UUID}.metadata.json",
        ),
        ((f"00003-{UUID}.metadata.json", f"00004-{UUID}.metadata.json"), f"00003-{UUID}".encode(), None),
        ((f"00003-{UUID}.metadata.json", "00003-other.metadata.json"), f"00003-{UUID}".encode(), None),
        ((f"00003-{UUID}.metadata.json",), b"3", None),
        (("v5.metadata.json", f"00000-{UUID}.metadata.json"), None, None),  # it went over to a catalog
        (("v5.metadata.json", f"00000-{UUID}.metadata.json"), b"5", None),
        (("v5.metadata.json", "6.metadata.json"), b"5", None),
        (("v1.metadata.json", "v3.metadata.json"), b"9" * 400, None),
        (("v1.metadata.json", "v3.metadata.json"), b"\xff", None),
    ],
)
def test_the_current_metadata_file_is_found_or_unknown(
    tmp_path: Path, names: tuple[str, ...], hint: bytes | None, current: str | None
) -> None:
    loaded = renamed(as_iceberg(tmp_path, OLD_LOADS), *names)
    if hint is not None:
        loaded.objects.put(f"{ROOT}metadata/version-hint.text", hint)
    loaded.objects.put(f"{ROOT}data/day=2026-11-22/dead.parquet", b"rows", FRESH)
    found, seen, memory = look(loaded.objects)
    assert memory.logs is not None
    assert memory.logs.format is Format.ICEBERG
    if current is None:
        assert found["freshness"].status is Status.UNKNOWN
        assert found["freshness"].problem is ProblemKind.UNSUPPORTED
        assert "by its catalog entry" in found["freshness"].advice
    else:
        assert found["freshness"].status is Status.FAIL
        assert seen.table.parameters["metadata_location"] == f"{LOCATION}metadata/{current}"


def test_many_manifests_hide_no_version(tmp_path: Path) -> None:
    loaded = renamed(as_iceberg(tmp_path, OLD_LOADS), "v1.metadata.json", "v2.metadata.json")
    loaded.objects.page_size = 3
    for number in range(40):
        loaded.objects.put(f"{ROOT}metadata/m-{number:03d}.avro", b"Obj", OLD)
    memory = TableMemory(logs=LogsKnown(seen_at=NOW, format=Format.ICEBERG))
    _, seen, _ = look(loaded.objects, memory)
    assert seen.table.parameters["metadata_location"].endswith("/v2.metadata.json")
    assert seen.requests == 5 + 1 + 1  # pages of all names, the versions, the newest of them


def test_an_iceberg_table_that_did_not_change_is_listed_alone(tmp_path: Path) -> None:
    loaded = in_file_system(tmp_path, OLD_LOADS)
    memory = look(loaded.objects)[2]
    found, _, memory = look(loaded.objects, memory)
    assert loaded.objects.calls == [f"LIST {ROOT}metadata/"]
    assert found["freshness"].observed == OLD
    newer = in_file_system(tmp_path / "newer", [*OLD_LOADS, Load(FRESH, "2026-11-22", 100)], last=2)
    loaded.objects.objects |= newer.objects.objects
    loaded.objects.modified |= newer.objects.modified
    assert look(loaded.objects, memory)[0]["freshness"].status is Status.PASS


def test_where_logs_lie_side_by_side_that_of_delta_counts(old_delta: Delta) -> None:
    old_delta.objects.put(f"{ROOT}metadata/00001-{UUID}.metadata.json", b"{}", FRESH)
    for blocks in (AGE, STATED):
        assert look(old_delta.objects, **blocks)[1].table.format is Format.DELTA


@pytest.mark.parametrize("helpers", [1, 4])
def test_whoever_helps_to_list_sees_logs_too(old_delta: Delta, helpers: int) -> None:
    objects = below(old_delta.objects, "a/", "m/", "z/")
    objects.page_size = 2
    for number in range(60):
        objects.put(f"{ROOT}m/part-{number:03d}.parquet", b"rows", FRESH)
    plan = plan_by_config(prefix(LOCATION), **AGE)
    seen = observe_table(
        plan, Clock(now=NOW), LakeReader(Metered(objects), _NoGlue(), helpers=Helpers(helpers))
    )
    assert seen.logs is not None
    assert [each.place for each in seen.logs.below] == [f"{LOCATION}{name}/" for name in "amz"]
    assert judged(plan, seen, NOW)["freshness"].status is Status.UNKNOWN


def test_what_is_there_is_told_of_the_log(old_delta: Delta) -> None:
    memory = look(old_delta.objects)[2]
    found, _, _ = look(old_delta.objects, memory, catalog="on", schema="on")
    assert found["catalog"].because == f"the Delta log of {LOCATION} is there, as the config says"
    assert found["schema"].status is Status.UNKNOWN
    gone = ObjectsInMemory()
    gone.put(f"{ROOT}_delta_log/_last_checkpoint", b"{}", OLD)
    assert look(gone, memory, catalog="on")[0]["catalog"].severity is Severity.CRITICAL


def test_size_and_files_are_those_that_the_log_names(old_delta: Delta) -> None:
    committed = [each for each in old_delta.objects.objects if each.endswith(".parquet")]
    old_delta.objects.put(f"{ROOT}part-dead.parquet", b"rows", FRESH)
    old_delta.objects.put(f"{ROOT}part-empty.parquet", b"", FRESH)
    found, seen, _ = look(old_delta.objects, volume={"max_files": len(committed)}, files="on")
    assert seen.whole is not None
    assert seen.whole.listing is not None
    assert seen.whole.listing.objects == len(committed)
    assert found["volume"].status is found["files"].status is Status.PASS


# Several tables ---------------------------------------------------------------------------------------------


def below(objects: ObjectsInMemory, *folders: str) -> ObjectsInMemory:
    """Return a copy of what lies at the prefix in folders below it."""
    found = ObjectsInMemory()
    for folder in folders:
        for key, data in objects.objects.items():
            found.put(f"{ROOT}{folder}{key.removeprefix(ROOT)}", data, objects.modified[key])
    return found


def test_several_tables_below_a_prefix_are_unknown_by_name(old_delta: Delta) -> None:
    objects = below(old_delta.objects, "a/", "deep/b/")
    objects.put(f"{ROOT}a/part-dead.parquet", b"rows", FRESH)
    found, _, memory = look(objects)
    said = found["freshness"]
    assert said.status is Status.UNKNOWN
    assert f"{LOCATION}a/ (Delta), {LOCATION}deep/b/ (Delta)" in said.because
    assert f"prefix: {LOCATION}a/" in said.advice
    assert len(objects.calls) == 2  # listed, and again without the files of these tables
    assert memory.logs == LogsKnown(
        seen_at=NOW,
        below=(LogSeen(f"{LOCATION}a/", Format.DELTA), LogSeen(f"{LOCATION}deep/b/", Format.DELTA)),
    )
    assert look(objects, memory)[0]["freshness"].status is Status.UNKNOWN
    assert len(objects.calls) == 1


@pytest.mark.parametrize("beside", ["drop.csv", "in/2026/drop.csv", "a.csv", "a-new/x.csv"])
def test_other_files_beside_tables_prove_a_prefix_fresh(old_delta: Delta, beside: str) -> None:
    objects = below(old_delta.objects, "a/")
    objects.put(f"{ROOT}a/part-dead.parquet", b"rows", NOW - MINUTE)
    objects.put(f"{ROOT}{beside}", b"rows", FRESH)
    found, _, memory = look(objects)
    assert (found["freshness"].status, found["freshness"].observed) == (Status.PASS, FRESH)
    objects.modified[f"{ROOT}{beside}"] = OLD
    assert look(objects)[0]["freshness"].status is Status.UNKNOWN
    for key in [key for key in objects.objects if "_delta_log" in key]:
        del objects.objects[key]
    again, _, kept = look(objects, memory)  # no table any more: plain files
    assert (again["freshness"].observed, kept.logs) == (NOW - MINUTE, None)


def test_the_size_of_a_prefix_with_tables_is_unknown(old_delta: Delta) -> None:
    objects = below(old_delta.objects, "a/")
    objects.put(f"{ROOT}drop.csv", b"rows", FRESH)
    found = look(objects, volume={"min_bytes": "1B"}, files="on", catalog="on")[0]
    assert found["volume"].status is Status.UNKNOWN


def test_more_tables_than_are_told_apart_are_unknown() -> None:
    objects = ObjectsInMemory()
    for number in range(201):
        objects.put(f"{ROOT}t{number:03d}/_delta_log/{0:020d}.json", b"{}", OLD)
    objects.put(f"{ROOT}zz.csv", b"rows", FRESH)
    found = freshness(objects)
    assert found.status is Status.UNKNOWN
    assert "and over 197 more" in found.because


@pytest.mark.parametrize("ignored", ["a/*", "a/_delta_log/*", "*/_delta_log/*"])
def test_a_table_that_the_entry_ignores_stands_in_nobodys_way(old_delta: Delta, ignored: str) -> None:
    objects = below(old_delta.objects, "a/")
    objects.put(f"{ROOT}drop.csv", b"rows", OLD)
    found, seen, _ = look(objects, ignore=[ignored], **AGE)
    assert found["freshness"].status is Status.FAIL
    assert seen.requests == 1


def test_a_log_that_the_entry_ignores_leaves_the_files(old_delta: Delta) -> None:
    memory = look(old_delta.objects)[2]
    old_delta.objects.put(f"{ROOT}drop.csv", b"rows", FRESH)
    for known in (None, memory):
        found, seen, kept = look(old_delta.objects, known, ignore=["_delta_log/*"], **AGE)
        assert (found["freshness"].status, seen.table.format) == (Status.PASS, Format.FILES)
        assert (seen.requests, kept.logs) == (1, None)
    blocks = {"partitions": STATED["partitions"]}
    assert look(old_delta.objects, ignore=["_delta_log/*"], **blocks)[1].table.format is Format.FILES


@pytest.mark.parametrize("chosen", [{"ignore": ["*.json"]}, {"pattern": "*.parquet"}])
def test_what_is_said_of_names_hides_no_log(old_delta: Delta, chosen: dict[str, Any]) -> None:
    old_delta.objects.put(f"{ROOT}part-dead.parquet", b"rows", FRESH)
    assert look(old_delta.objects, **chosen, **AGE)[0]["freshness"].status is Status.FAIL


# By period --------------------------------------------------------------------------------------------------

DAYS = ("2026-11-19", "2026-11-20")


@pytest.fixture
def dated_delta(tmp_path: Path) -> Delta:
    table = Delta(tmp_path / "dated")
    table.append(OLD, *DAYS, partition_by=["day"])
    return table


@pytest.mark.parametrize("blocks", [DAILY, STATED, KEYED])
def test_days_count_as_the_log_tells_them(dated_delta: Delta, blocks: dict[str, Any]) -> None:
    dated_delta.objects.put(f"{ROOT}day=2026-11-21/part-dead.parquet", b"rows", FRESH)
    found, seen, memory = look(dated_delta.objects, **blocks)
    bad = [item.period for item in found["partitions"].items if item.state.is_bad]
    assert bad == ["2026-11-21"]
    assert found["freshness"].status is Status.FAIL
    assert dated_delta.objects.calls[0] == f"LIST {ROOT}"
    first = seen.requests
    dated_delta.append(FRESH, "2026-11-21", partition_by=["day"])
    again, more, _ = look(dated_delta.objects, memory, **blocks)
    assert again["partitions"].status is again["freshness"].status is Status.PASS
    assert more.requests <= first


def test_days_of_plain_files_cost_one_look_in_a_while() -> None:
    plain = ObjectsInMemory()
    for day in ("2026-11-19", "2026-11-20", "2026-11-21"):
        plain.put(f"{ROOT}day={day}/a.csv", b"rows", FRESH)
    blocks = {"partitions": STATED["partitions"]}
    counts = []
    memory = TableMemory(first_period_at=NOW - 30 * DAY)
    for now in (NOW, NOW + HOUR, NOW + 8 * DAY):
        _, seen, memory = look(plain, memory, now=now, **blocks)
        counts.append(seen.requests)
    assert counts == [2, 1, 2]


@pytest.mark.parametrize("inner", ["", "orders/"])
def test_a_dated_folder_that_holds_a_table_is_unknown(old_delta: Delta, inner: str) -> None:
    objects = below(old_delta.objects, *(f"day=2026-11-{day}/{inner}" for day in (19, 20, 21)))
    for blocks in (DAILY, STATED):
        found, seen, memory = look(objects, **blocks)
        assert found["partitions"].status is Status.UNKNOWN
        if "format" in blocks["partitions"]:
            said_so = look(objects, ignore=["*_delta_log/*"], **blocks)[0]["partitions"]
            assert '(ignore: ["*_delta_log/*"])' in found["partitions"].advice
            assert said_so.status is Status.PASS
        said = [seen.problem, *(each.problem for each in seen.partitions)]
        assert any("has a log of its own" in each.message for each in said if each is not None)
        assert look(objects, memory, **blocks)[0]["partitions"].status is Status.UNKNOWN


def test_a_place_that_is_not_read_to_its_end_hides_no_log(tmp_path: Path) -> None:
    loaded = renamed(as_iceberg(tmp_path, OLD_LOADS), "v1.metadata.json")
    objects = below(loaded.objects, *(f"day=2026-11-{day}/" for day in (19, 20, 21)))
    objects.page_size = 2
    for day in (19, 20, 21):
        for number in range(9):
            objects.put(f"{ROOT}day=2026-11-{day}/data/{number}.parquet", b"rows", FRESH)
    found, _, _ = look(objects, partitions=STATED["partitions"])
    assert found["partitions"].status is Status.UNKNOWN


@pytest.mark.parametrize("name", ["0{}.parquet", "day=2026-11-19/0{}.parquet"])
def test_a_listing_that_the_budget_ends_hides_no_log(old_delta: Delta, name: str) -> None:
    objects = ObjectsInMemory(dict(old_delta.objects.objects), dict(old_delta.objects.modified), page_size=2)
    for number in range(9):
        objects.put(f"{ROOT}{name.format(number)}", b"rows", FRESH)
    statuses = []
    for most in range(1, 13):
        plan = plan_by_config(prefix(LOCATION), **AGE)
        plan = replace(plan, entry=plan.entry.model_copy(update={"max_requests": most}))
        seen = observe_table(plan, Clock(now=NOW), LakeReader(Metered(objects), _NoGlue()))
        statuses.append(judged(plan, seen, NOW)["freshness"].status)
    assert Status.PASS not in statuses
    assert statuses[-1] is Status.FAIL


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
