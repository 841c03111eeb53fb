"""Every place that reading a table lists or opens is one that its policy allows, whatever the table is like."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.iam import allows
from checks.lake.glue.partitions import Registered
from checks.lake.observe import observe
from checks.lake.reach import MOST_PAGES, reach_of
from checks.lake.s3.split import Helpers
from checks.lake.s3.table_reader import LakeReader
from checks.model import Format, ProblemKind
from checks.rights import GET, LIST, Reach, Right, literal
from checks.rules.asking import (
    Clock,
)
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.lakes import MemoryLake, prefix
from tests.support.rule_checks import NOW, parquet, plan_of
from tests.support.tables_by_engines import (
    LOCATION,
    ROOT,
    ObjectsInMemory,
    delta_add,
    edit_json,
    freshness,
    iceberg_catalog,
    iceberg_objects,
    iceberg_schema,
    rows,
)
from tests.support.tables_by_engines import plan_of as plan_of_log
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from checks.lake.s3.objects import ObjectStore
    from checks.rules.base import (
        TablePlan,
    )

KEYS = {
    "dt=%Y-%m-%d": {"dt": "string"},
    "year=%Y/month=%m/day=%d": {"year": "int", "month": "int", "day": "int"},
    "dt=%Y%m%d/hour=%H": {"dt": "string", "hour": "string"},
    "region=eu/dt=%Y-%m-%d": {"region": "string", "dt": "date"},
}
CHECKS: list[dict[str, Any]] = [
    {"freshness": {"max_age": "24h"}},
    {"partitions": {"every": "1d", "due": "06:00", "lookback": 4}},
    {"partitions": {"every": "1w", "due": "06:00", "lookback": 2}, "catalog": "on"},
    {"partitions": {"every": "1h", "after": "1h", "lookback": 5}, "files": "on"},
    {"freshness": {"max_age": "24h"}, "schema": {"against": "footer"}},
    {"freshness": {"max_age": "24h"}, "volume": {"min_bytes": "1B"}, "catalog": "on"},
]


@dataclass
class Watched:
    """A store that notes what is asked of it as the rights that it takes."""

    store: ObjectStore
    asked: set[Right] = field(default_factory=set)

    def list_page(self, bucket: str, prefix: str, **options: Any) -> Any:
        self.asked.add(Right(LIST, f"arn:aws:s3:::{bucket}", literal(prefix)))
        return self.store.list_page(bucket, prefix, **options)

    def get(self, bucket: str, key: str, **options: Any) -> bytes:
        self.asked.add(Right(GET, f"arn:aws:s3:::{bucket}/{literal(key)}"))
        return self.store.get(bucket, key, **options)

    def get_dated(self, bucket: str, key: str, **options: Any) -> tuple[bytes, datetime | None]:
        self.asked.add(Right(GET, f"arn:aws:s3:::{bucket}/{literal(key)}"))
        return self.store.get_dated(bucket, key, **options)


def lacking(plan: TablePlan, reader: LakeReader, now: Any = NOW) -> tuple[set[Right], set[Right]]:
    """Look at a table; return what was asked for, and what of it the policy would not allow."""
    watched = Watched(reader.store)
    observe(plan, Clock(now=now), replace(reader, store=watched))
    reached = reach_of(plan, Clock(now=now), reader)
    given_ = [each.right("aws") for each in reached.reaches]
    return watched.asked, {each for each in watched.asked if not allows(given_, each)}


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(KEYS)),
    st.sampled_from(CHECKS),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 23), st.booleans(), st.booleans()), max_size=12),
    st.sampled_from(("s3://lake/web/clicks", "s3://lake", "s3://lake/a*b/${x}", "s3://lake/web/clicks//x")),
    st.integers(1, 5),
)
def test_files_by_period_or_whole_are_within_their_policy(
    template: str,
    blocks: dict[str, Any],
    parts: list[tuple[int, int, bool, bool]],
    location: str,
    page_size: int,
) -> None:
    lake = MemoryLake(page_size=page_size)
    table = lake.table("web.clicks", {"StorageDescriptor": {"Location": location}}, **KEYS[template])
    for back, hour, elsewhere, has_data in parts:
        at = NOW.replace(hour=hour) - back * DAY
        folder = at.strftime(template)
        place = f"s3://cold/old/{folder}/" if elsewhere else f"{table.location}{folder}/"
        values = tuple(part.partition("=")[2] for part in folder.split("/"))
        lake.partitions[table.id].append(Registered(values, place, at))
        lake.bucket("cold")
        if has_data:
            lake.put(f"{place}a.parquet", at + HOUR)
    reader = replace(lake.reader(plan_of(table)), helpers=Helpers(4))
    _, refused = lacking(plan_of(table, **blocks), reader)
    assert refused == set()


@pytest.mark.parametrize("blocks", [*CHECKS[:3], *CHECKS[4:]])  # days have no hours
@pytest.mark.parametrize("template", ["s3://logs/app/${dt}/", "s3://logs/${dt}", None])
def test_projected_tables_are_within_their_policy(template: str | None, blocks: dict[str, Any]) -> None:
    lake = MemoryLake()
    lake.bucket("logs")
    parameters = {
        "projection.enabled": "true",
        "projection.dt.type": "date",
        "projection.dt.format": "yyyy-MM-dd",
        "projection.dt.range": "2026-01-01,NOW",
        **({"storage.location.template": template} if template else {}),
    }
    table = lake.table("web.logs", {"Parameters": parameters}, dt="string")
    asked, refused = lacking(plan_of(table, **blocks), lake.reader(plan_of(table)))
    assert asked
    assert refused == set()


@pytest.mark.parametrize("names", ["%Y/%m/%d/a.csv", "%Y-%m-%d.csv", "x/%Y%m%d-%H%M.csv", "a.csv"])
@pytest.mark.parametrize("blocks", CHECKS[:2])
def test_prefixes_are_within_their_policy(names: str, blocks: dict[str, Any]) -> None:
    lake = MemoryLake()
    for back in range(5):
        lake.put(f"s3://raw/in/{(NOW - back * DAY).strftime(names)}", NOW - back * DAY)
    table = prefix("s3://raw/in/")
    asked, refused = lacking(plan_of(table, **blocks), lake.reader(plan_of(table)))
    assert asked
    assert refused == set()


def test_footers_alone_are_opened() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", {"Parameters": {"classification": "parquet"}})
    lake.put(f"{table.location}a.parquet", NOW - HOUR, len(parquet(id=[1])))
    plain, by_footer = plan_of(table, **CHECKS[0]), plan_of(table, **CHECKS[4])
    assert {each.action for each in reach_of(plain, Clock(now=NOW), lake.reader(plain)).reaches} == {LIST}
    asked, refused = lacking(by_footer, lake.reader(by_footer))
    assert GET in {each.action for each in asked}
    assert refused == set()


def test_what_has_no_data_takes_nothing() -> None:
    lake = MemoryLake()
    view = lake.table("sales.v", {"TableType": "VIRTUAL_VIEW"})
    plan = plan_of(view, **CHECKS[0])
    assert reach_of(plan, Clock(now=NOW), lake.reader(plan)).reaches == ()


def test_more_partitions_than_are_looked_through_are_told() -> None:
    lake = MemoryLake(partition_page=1)
    table = lake.table("web.clicks", dt="string")
    for number in range(MOST_PAGES + 1):
        lake.register(table, [f"x{number}"])
    plan = plan_of(table, **CHECKS[0])
    reached = reach_of(plan, Clock(now=NOW), lake.reader(plan))
    assert reached.problem is not None
    assert reached.problem.kind is ProblemKind.OVER_BUDGET
    assert reached.reaches == (Reach(LIST, "lake", "web/clicks/"),)
    lake.partitions[table.id].pop()
    assert reach_of(plan, Clock(now=NOW), lake.reader(plan)).problem is None


# Tables with a log ------------------------------------------------------------------------------------------


class InBuckets(ObjectsInMemory):
    """Objects of several buckets: what lies in another than ``lake`` has the bucket's name before its key."""

    def get(self, bucket: str, key: str, **options: Any) -> bytes:
        return super().get("lake", key if bucket == "lake" else f"{bucket}:{key}", **options)


def reader_of(objects: ObjectsInMemory) -> LakeReader:
    return LakeReader(store=objects, partitions=MemoryLake())


def rules(**blocks: Any) -> Any:
    return plan_of(MemoryLake().table("sales.orders"), **blocks).rules


def test_iceberg_reads_what_its_metadata_names_wherever_it_lies(tmp_path: Path) -> None:
    table: Any = iceberg_catalog(tmp_path).create(iceberg_schema())
    table.append(rows("2026-11-20"))
    found, parameters = iceberg_objects(table, tmp_path)
    objects = InBuckets(dict(found.objects), dict(found.modified))
    manifest_list = table.current_snapshot().manifest_list.removeprefix("s3://lake/")
    moved = f"kept/elsewhere/{manifest_list.rpartition('/')[2]}"
    objects.put(f"cold:{moved}", objects.objects.pop(manifest_list))

    def move(document: dict[str, Any]) -> None:
        document["snapshots"][0]["manifest-list"] = f"s3a://cold/{moved}"
        document["properties"]["write.metadata.path"] = "s3://later/metadata"

    edit_json(objects, parameters["metadata_location"], move)
    now = NOW + timedelta(days=3650)
    plan = plan_of_log(Format.ICEBERG, freshness(), *rules(files="on"), parameters=parameters)
    asked, refused = lacking(plan, reader_of(objects), now)
    assert refused == set()
    assert {each.resource.split("/")[0] for each in asked} == {"arn:aws:s3:::lake", "arn:aws:s3:::cold"}
    reached = reach_of(plan, Clock(now=now), reader_of(objects))
    assert set(reached.reaches) == {
        Reach(GET, "lake", f"{ROOT}metadata/"),
        Reach(GET, "cold", "kept/elsewhere/"),
        Reach(GET, "later", "metadata/"),
    }


def test_iceberg_whose_metadata_cannot_be_read_is_told_and_its_folder_allowed() -> None:
    parameters = {"metadata_location": f"{LOCATION}metadata/v1.metadata.json"}
    plan = plan_of_log(Format.ICEBERG, parameters=parameters)
    reached = reach_of(plan, Clock(now=NOW), reader_of(ObjectsInMemory()))
    assert reached.problem is not None
    assert reached.reaches == (Reach(GET, "lake", f"{ROOT}metadata/"),)


@pytest.mark.parametrize("blocks", [{}, {"volume": {"min_bytes": "1B"}}, {"files": "on"}])
def test_delta_reads_its_log_alone(tmp_path: Path, blocks: dict[str, Any]) -> None:
    write_deltalake(str(tmp_path), rows("2026-11-20"))
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    plan = plan_of_log(Format.DELTA, freshness(), *(rules(**blocks) if blocks else ()))
    now = NOW + timedelta(days=3650)
    asked, refused = lacking(plan, reader_of(objects), now)
    assert asked
    assert refused == set()
    reached = reach_of(plan, Clock(now=now), reader_of(objects))
    assert set(reached.reaches) == {
        Reach(LIST, "lake", f"{ROOT}_delta_log/"),
        Reach(GET, "lake", f"{ROOT}_delta_log/"),
    }


def test_a_shallow_clone_of_delta_reads_files_of_its_source() -> None:
    objects = InBuckets()
    file = parquet(seen=[(NOW - HOUR).replace(tzinfo=None)])
    schema = {
        "type": "struct",
        "fields": [{"name": "seen", "type": "timestamp", "nullable": True, "metadata": {}}],
    }
    added: dict[str, Any] = delta_add("s3://source/t/dt=2026-11-22/part-0.parquet")
    added["add"]["size"] = len(file)
    actions = [
        {"commitInfo": {"timestamp": 0, "operation": "CLONE"}},
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {
            "metaData": {
                "id": "x",
                "schemaString": json.dumps(schema),
                "partitionColumns": [],
                "configuration": {},
            }
        },
        added,
    ]
    objects.put(f"{ROOT}_delta_log/{0:020d}.json", "\n".join(map(json.dumps, actions)).encode(), NOW - HOUR)
    objects.put("source:t/dt=2026-11-22/part-0.parquet", file, NOW - HOUR)
    plan = plan_of_log(Format.DELTA, freshness(), *rules(events={"column": "seen", "max_age": "24h"}))
    asked, refused = lacking(plan, reader_of(objects))
    assert any(each.resource.startswith("arn:aws:s3:::source/") for each in asked)
    assert refused == set()
    reached = reach_of(plan, Clock(now=NOW), reader_of(objects))
    assert Reach(GET, "source", "t/") in reached.reaches


@pytest.mark.parametrize("version", [6, 8])
def test_hudi_reads_its_timeline(version: int) -> None:
    table = HudiTable(version=version)
    table.instant(NOW - 3 * HOUR, "commit", hudi_commit(avro=version >= 8))
    for blocks in ({"freshness": {"max_age": "24h"}}, {"volume": {"min_bytes": "1B"}}):
        plan = plan_of_log(Format.HUDI, *rules(**blocks))
        asked, refused = lacking(plan, reader_of(table.objects))
        assert asked
        assert refused == set()


# Prefixes that hold a table with a log ----------------------------------------------------------------------


@pytest.mark.parametrize("blocks", CHECKS)
@pytest.mark.parametrize("kind", ["delta", "hudi", "iceberg"])
def test_a_prefix_takes_the_log_of_the_table_in_it(kind: str, blocks: dict[str, Any], tmp_path: Path) -> None:
    if kind == "delta":
        write_deltalake(str(tmp_path), rows("2026-11-21"), partition_by=["day"])
        objects = ObjectsInMemory()
        objects.put_folder(tmp_path)
    elif kind == "hudi":
        table = HudiTable(version=6)
        table.instant(NOW - HOUR, "commit", hudi_commit())
        objects = table.objects
    else:
        iceberg = iceberg_catalog(tmp_path).create(iceberg_schema())
        iceberg.append(rows("2026-11-21"))
        objects, parameters = iceberg_objects(iceberg, tmp_path)
        newest = parameters["metadata_location"].removeprefix("s3://lake/")
        objects.put(f"{ROOT}metadata/v1.metadata.json", objects.objects[newest])
        for key in [key for key in objects.objects if "/metadata/0" in key]:
            del objects.objects[key]
    plan = plan_of(prefix(f"s3://lake/{ROOT}"), **blocks)
    asked, refused = lacking(plan, reader_of(objects))
    assert GET in {each.action for each in asked} or "schema" in blocks
    assert refused == set()
    assert reach_of(plan, Clock(now=NOW), reader_of(objects)).problem is None


def test_a_prefix_whose_catalog_alone_knows_its_metadata_is_told(tmp_path: Path) -> None:
    iceberg = iceberg_catalog(tmp_path).create(iceberg_schema())
    objects, _ = iceberg_objects(iceberg, tmp_path)
    plan = plan_of(prefix(f"s3://lake/{ROOT}"), **CHECKS[0])
    reached = reach_of(plan, Clock(now=NOW), reader_of(objects))
    assert reached.problem is not None
    assert reached.problem.kind is ProblemKind.UNSUPPORTED
    assert reached.reaches == (Reach(LIST, "lake", ROOT),)
