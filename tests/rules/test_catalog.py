"""The check `catalog`: what differs between Glue and S3, and the statement that mends it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from checks.aws.problems import Asked, problem_of
from checks.model import Column, Finding, Format, Item, ItemState, Observation, Problem, ProblemKind, Status
from checks.rules.sentences import quote_name
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.rule_checks import NOW, find, judged, look, plan_of
from tests.support.times import DAY

if TYPE_CHECKING:
    from checks.model import Table
    from tests.support.lakes import LakeBuilder

DAILY: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 3, "key": "dt", "format": "%Y-%m-%d"}


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return any_lake


def load(lake: LakeBuilder, table: Table, *days: str) -> None:
    for day in days:
        lake.put(f"{hive_location(table, [day])}a.parquet", NOW - DAY)


def items(finding: Finding) -> dict[str, tuple[str, str]]:
    """State and remedy by the key of each item that does not match."""
    return {item.key: (item.state.value, item.remedy) for item in finding.items if item.state.is_bad}


def test_a_matching_catalog_costs_what_the_partitions_check_costs(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="string")
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        load(lake, table, day)
        lake.register(table, [day])
    finding = find(lake, plan_of(table, partitions=DAILY, catalog="on"), "catalog")
    assert (finding.status, finding.because) == (Status.PASS, "catalog and storage match in 3 due days")
    assert dict(lake.counts) == {"glue:GetPartitions": 1, "s3:ListObjectsV2": 1}


def test_each_difference_has_the_statement_that_mends_it(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="string")
    load(lake, table, "2026-11-20", "2026-11-22")
    lake.register(table, ["2026-11-21"])
    lake.register(table, ["2026-11-20"], "s3://lake/old/dt=2026-11-20/")
    finding = find(lake, plan_of(table, partitions=DAILY, catalog="on"), "catalog")
    assert items(finding) == {
        "2026-11-22": (
            "unregistered",
            (
                "ALTER TABLE sales.orders ADD IF NOT EXISTS PARTITION (dt = '2026-11-22') "
                "LOCATION 's3://lake/sales/orders/dt=2026-11-22/'"
            ),
        ),
        "2026-11-21": ("empty", "ALTER TABLE sales.orders DROP IF EXISTS PARTITION (dt = '2026-11-21')"),
        "2026-11-20": (
            "empty",
            (
                "ALTER TABLE sales.orders PARTITION (dt = '2026-11-20') SET LOCATION "
                "'s3://lake/sales/orders/dt=2026-11-20/'"
            ),
        ),
    }
    assert finding.because == (
        "1 partition not registered in Glue though data lies in S3 (2026-11-22); 2 partitions registered in Glue "
        "though no data lies there (2026-11-20 to 2026-11-21)"
    )
    assert finding.observed == 3
    assert finding.to_do.startswith(
        "run what mends it (and 2 more statements, in the JSON report): ALTER TABLE"
    )


def test_names_are_quoted_for_athena() -> None:
    lake = MemoryLake()
    table = lake.table("my-db.2026_orders", date="string", n="int")
    lake.register(table, ["2026-11-22", "7"])
    daily = {**DAILY, "key": "date"}
    finding = find(lake, plan_of(table, partitions=daily, catalog="on"), "catalog")
    assert [remedy for _, remedy in items(finding).values()] == [
        "ALTER TABLE `my-db`.`2026_orders` DROP IF EXISTS PARTITION (`date` = '2026-11-22', n = 7)"
    ]


@pytest.mark.parametrize(
    ("name", "quoted"),
    [("orders", "orders"), ("Order", "`Order`"), ("_a", "`_a`"), ("a-b", "`a-b`"), ("a`b", "`a``b`")],
)
def test_quoting(name: str, quoted: str) -> None:
    assert quote_name(name) == quoted


def test_texts_are_quoted_as_hives_grammar_reads_them() -> None:
    lake = MemoryLake()
    glue = {"StorageDescriptor": {"Location": "s3://lake/it's here/"}}
    table = lake.table("sales.orders", glue, dt="string", city="string")
    lake.put("s3://lake/it's here/dt=2026-11-22/city=L%27Aquila/a.parquet", NOW - DAY)
    lake.register(table, ["2026-11-21", "a\\b"])
    finding = find(lake, plan_of(table, partitions=DAILY, catalog="on"), "catalog")
    assert [remedy for _, remedy in items(finding).values()] == [
        (
            r"ALTER TABLE sales.orders ADD IF NOT EXISTS PARTITION (dt = '2026-11-22', city = 'L\'Aquila') LOCATION "
            r"'s3://lake/it\'s here/dt=2026-11-22/city=L%27Aquila/'"
        ),
        r"ALTER TABLE sales.orders DROP IF EXISTS PARTITION (dt = '2026-11-21', city = 'a\\b')",
    ]


def test_data_in_folders_that_name_not_every_key_has_to_be_moved() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string", region="string")
    lake.put("s3://lake/sales/orders/dt=2026-11-22/loose.parquet", NOW - DAY)
    lake.put("s3://lake/sales/orders/dt=2026-11-21/region=eu/a.parquet", NOW - DAY)
    for finding in findings(lake, table, 3):
        assert items(finding) == {
            "2026-11-22": ("unregistered", ""),
            "2026-11-21": (
                "unregistered",
                (
                    "ALTER TABLE sales.orders ADD IF NOT EXISTS PARTITION (dt = '2026-11-21', region = 'eu') LOCATION "
                    "'s3://lake/sales/orders/dt=2026-11-21/region=eu/'"
                ),
            ),
        }

    for finding in findings(lake, table, 1):
        assert items(finding) == {"2026-11-22": ("unregistered", "")}
        assert finding.advice.startswith("move its files into folders that name all keys")


def test_partitions_of_one_day_are_told_apart_by_their_other_keys() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string", region="string")
    for day, regions in (("2026-11-22", "eu us"), ("2026-11-21", "eu"), ("2026-11-20", "eu us")):
        for region in regions.split():
            lake.register(table, (day, region), at=NOW - DAY)
    finding = find(lake, plan_of(table, partitions=DAILY, catalog="on"), "catalog")
    assert finding.because == (
        "5 partitions registered in Glue though no data lies there (region=us: 2026-11-22, 2026-11-20; region=eu: "
        "2026-11-20 to 2026-11-22)"
    )


def findings(lake: LakeBuilder, table: Table, lookback: int) -> list[Finding]:
    plan = plan_of(table, partitions={**DAILY, "lookback": lookback}, catalog="on")
    return list(judged(plan, look(lake, plan)).values())


def test_a_period_that_is_nowhere_is_told() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    load(lake, table, "2026-11-20")
    lake.register(table, ["2026-11-20"])
    finding = find(lake, plan_of(table, partitions=DAILY, catalog="on"), "catalog")
    assert (finding.status, finding.because) == (
        Status.PASS,
        "catalog and storage match in 3 due days; 2 of them were found in neither",
    )
    assert [(item.period, item.detail) for item in finding.items] == [
        ("2026-11-22", "neither registered nor any data found"),
        ("2026-11-21", "neither registered nor any data found"),
        ("2026-11-20", ""),
    ]


def test_a_period_is_sought_at_the_places_of_the_values_that_are_known() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", region="string", dt="string")
    for day in ("2026-11-21", "2026-11-22"):
        lake.put(f"s3://lake/sales/orders/region=eu/dt={day}/a.parquet", NOW - DAY)
    lake.register(table, ["eu", "2026-11-21"])
    plan = plan_of(table, partitions=DAILY, catalog="on")
    finding = find(lake, plan, "catalog")
    assert (finding.status, finding.because) == (
        Status.FAIL,
        "1 partition not registered in Glue though data lies in S3 (2026-11-22)",
    )
    stated = plan_of(table, partitions={**DAILY, "each": {"region": ["eu"]}}, catalog="on")
    assert find(lake, stated, "catalog").status is Status.FAIL
    lake.register(table, ["eu", "2026-11-22"])
    assert find(lake, plan, "catalog").status is Status.PASS, "2026-11-20 is before its first day"


def test_markers_are_no_data() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    lake.register(table, ["2026-11-22"])
    lake.put("s3://lake/sales/orders/dt=2026-11-22/_SUCCESS", NOW - DAY, 0)
    finding = find(lake, plan_of(table, catalog="on"), "catalog")
    assert [item.detail for item in finding.items if item.state.is_bad] == [
        "registered at s3://lake/sales/orders/dt=2026-11-22/, where no data lies"
    ]


@pytest.mark.parametrize(
    "choice", [{"pattern": "*.csv"}, {"ignore": ["*.parquet"]}], ids=["pattern", "ignore"]
)
def test_a_partition_is_not_to_be_dropped_for_what_the_entry_leaves_out(choice: dict[str, Any]) -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    load(lake, table, "2026-11-21", "2026-11-22")
    for day in ("2026-11-21", "2026-11-22"):
        lake.register(table, [day])
    finding = find(lake, plan_of(table, catalog="on", partitions=DAILY, **choice), "catalog")
    assert not items(finding), finding.because


def test_without_a_partitions_check_the_last_seven_periods_are_looked_at() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    for number in range(1, 20):
        lake.register(table, [(NOW - number * DAY).date().isoformat()])
    finding = find(lake, plan_of(table, catalog="on"), "catalog")
    assert len(items(finding)) == 7


def test_one_page_tells_whether_a_location_is_there(lake: LakeBuilder) -> None:
    table = lake.table("crm.contacts")
    for number in range(1500):
        lake.put(f"{table.location}{number}.csv", NOW - DAY)
    finding = find(lake, plan_of(table, catalog="on"), "catalog")
    assert (finding.status, finding.because) == (
        Status.PASS,
        "s3://lake/crm/contacts/ is there, as the catalog says",
    )
    assert dict(lake.counts) == {"s3:ListObjectsV2": 1}


def test_a_location_that_is_gone(lake: LakeBuilder) -> None:
    table = lake.table("crm.contacts")
    finding = find(lake, plan_of(table, catalog="on"), "catalog")
    assert finding.because == (
        "nothing lies at s3://lake/crm/contacts/; expected the data of crm.contacts there, as Glue says"
    )
    assert finding.advice == (
        "look at who removed it; if the data moved, run ALTER TABLE crm.contacts SET LOCATION 's3://bucket/prefix/' "
        "with its new place, and if the table is retired, DROP TABLE crm.contacts"
    )


def test_a_bucket_that_is_gone(lake: LakeBuilder) -> None:
    table = lake.table("crm.contacts", {"StorageDescriptor": {"Location": "s3://no-such-bucket/x"}})
    finding = find(lake, plan_of(table, catalog={"severity": "warning"}), "catalog")
    assert (finding.status, finding.severity) == (Status.FAIL, "warning")
    assert finding.because.startswith("s3://no-such-bucket/x/ is gone: ")


def test_a_partition_in_a_bucket_that_is_gone_is_dropped(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="string")
    lake.register(table, ["2026-11-22"], "s3://no-such-bucket/dt=2026-11-22/")
    finding = find(lake, plan_of(table, partitions={**DAILY, "lookback": 1}, catalog="on"), "catalog")
    assert items(finding) == {
        "2026-11-22": ("empty", "ALTER TABLE sales.orders DROP IF EXISTS PARTITION (dt = '2026-11-22')")
    }


def test_what_cannot_be_looked_at_is_unknown() -> None:
    lake = MemoryLake(denied={"lake"})
    table = lake.table("sales.orders", dt="string")
    lake.register(table, ["2026-11-22"])
    plan = plan_of(table, partitions=DAILY, catalog="on")
    finding = find(lake, plan, "catalog")
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.DENIED)
    whole = Problem(ProblemKind.DENIED, "no", cause="denied")
    seen = Observation(table=table, now=NOW, problem=whole)
    assert judged(plan, seen)["catalog"].problem is ProblemKind.DENIED
    place = lake.table("crm.contacts")
    assert find(lake, plan_of(place, catalog="on"), "catalog").problem is ProblemKind.DENIED


def test_a_dropped_table_of_glue_is_not_a_location_that_is_gone() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    plan = plan_of(table, catalog="on")
    of_glue = refused("glue", "EntityNotFoundException")
    finding = judged(plan, Observation(table=table, now=NOW, problem=of_glue))["catalog"]
    assert finding.status is Status.UNKNOWN


@pytest.mark.parametrize("code", ["NoSuchBucket", "NoSuchKey", "404"])
@pytest.mark.parametrize("bucket", ["lake", "glue", "not found glue sales"])
def test_whose_answer_it_is_is_told_by_the_service_and_by_no_name(code: str, bucket: str) -> None:
    plan = plan_of(MemoryLake().table("sales.orders"), catalog="on")
    gone = refused("s3", code, bucket)
    finding = judged(plan, Observation(table=plan.table, now=NOW, problem=gone))["catalog"]
    assert finding.status is Status.FAIL
    other = replace(refused("glue", code), cause="not found s3 lake")
    finding = judged(plan, Observation(table=plan.table, now=NOW, problem=other))["catalog"]
    assert finding.status is Status.UNKNOWN


def refused(service: str, code: str, owner: str = "sales") -> Problem:
    error = ClientError({"Error": {"Code": code, "Message": "Table orders not found."}}, "GetTable")
    return problem_of(error, Asked(service, "GetTable", f"{owner}.orders", owner=owner))


def test_a_table_with_a_log_matches_when_its_log_is_there() -> None:
    lake = MemoryLake()
    table = replace(lake.table("ice.t"), format=Format.ICEBERG)
    plan = plan_of(table, catalog="on")
    well = judged(plan, Observation(table=table, now=NOW))["catalog"]
    assert (well.status, well.because) == (
        Status.PASS,
        "the Iceberg log of ice.t is where the catalog says",
    )
    gone = Problem(ProblemKind.NOT_FOUND, "no metadata file", cause="not found s3 lake")
    finding = judged(plan, Observation(table=table, now=NOW, problem=gone))["catalog"]
    assert finding.status is Status.FAIL
    assert finding.because == "the Iceberg log of ice.t is gone: no metadata file; expected it, as Glue says"
    assert finding.advice == "restore it, or drop the table if it is retired: DROP TABLE ice.t"


def test_projection_and_prefixes_register_nothing() -> None:
    lake = MemoryLake()
    gone = find(lake, plan_of(prefix("s3://raw/a/"), catalog="on"), "catalog")
    assert gone.because.endswith("expected its data there, as the config says")
    lake.put("s3://raw/a/1.csv", NOW - DAY)
    found = find(lake, plan_of(prefix("s3://raw/a/"), catalog="on"), "catalog")
    assert (found.status, found.because) == (
        Status.PASS,
        "s3://raw/a/ has no catalog entry that could differ from what lies there",
    )
    parameters = {
        "projection.enabled": "true",
        "projection.dt.type": "date",
        "projection.dt.format": "yyyy-MM-dd",
        "projection.dt.range": "2020-01-01,NOW",
    }
    table = lake.table("sales.orders", {"Parameters": parameters}, dt="string")
    finding = find(lake, plan_of(table, partitions=DAILY, catalog="on"), "catalog")
    assert finding.status is Status.PASS


def test_an_item_of_a_partition_that_matches_again_is_there_as_present() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    load(lake, table, "2026-11-22")
    lake.register(table, ["2026-11-22"])
    plan = plan_of(table, partitions={**DAILY, "lookback": 1}, catalog="on")
    assert judged(plan, look(lake, plan))["catalog"].items == (
        Item(period="2026-11-22", state=ItemState.PRESENT),
    )
    assert table.partition_keys == (Column("dt", "string"),)
