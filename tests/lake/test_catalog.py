"""Tables as the catalog tells them, and the shapes of its answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from checks.aws import session
from checks.aws.ledger import price_of
from checks.aws.session import Aws
from checks.lake.glue.catalog import RESOURCE_LINK, Catalog, prefix_table, table_of
from checks.model import Column, Format, ProblemKind, Table, Unobserved
from tests.support.lakes import REGION, HttpLake, entry_of, point_at, reset
from tests.support.stub_http import Answer, Asked, Stub, as_json, refusal_json, stub

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    with stub(lambda _asked: Answer()) as running:
        point_at(monkeypatch, running.url)
        yield running


def convert(entry: Any) -> Table:
    return table_of(entry, account=None, region=REGION)


def refused(entry: Any) -> str:
    with pytest.raises(Unobserved) as caught:
        table_of(entry, account=None, region=REGION, database="a")
    assert caught.value.problem.kind is ProblemKind.MALFORMED
    return caught.value.problem.message


def test_a_table_as_glue_tells_it() -> None:
    entry = entry_of("sales.orders", {"Parameters": {"classification": "parquet"}}, {"dt": "STRING"})
    assert convert(entry) == Table(
        id="sales.orders",
        database="sales",
        name="orders",
        location="s3://lake/sales/orders/",
        columns=(Column("id", "bigint"),),
        partition_keys=(Column("dt", "string"),),
        parameters={"classification": "parquet"},
        kind="EXTERNAL_TABLE",
        file_format="parquet",
        region=REGION,
    )
    assert table_of(entry, account="partner", region=None).id == "partner/sales.orders"


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"Parameters": {"table_type": "ICEBERG"}}, Format.ICEBERG),
        ({"Parameters": {"table_type": "iceberg", "metadata_location": "s3://b/m.json"}}, Format.ICEBERG),
        ({"Parameters": {"spark.sql.sources.provider": "delta"}}, Format.DELTA),
        ({"Parameters": {"table_type": "DELTA"}}, Format.DELTA),
        ({"Parameters": {"classification": "delta"}}, Format.DELTA),
        ({"Parameters": {"storage_handler": "io.delta.hive.DeltaStorageHandler"}}, Format.DELTA),
        ({"Parameters": {"Metadata_Location": "s3a://b/m.json"}}, Format.ICEBERG),
        ({"Parameters": {"spark.sql.sources.provider": "hudi"}}, Format.HUDI),
        ({"Parameters": {"spark.sql.sources.provider": "org.apache.hudi"}}, Format.HUDI),
        ({"Parameters": {"table_type": "HUDI"}}, Format.HUDI),
        (
            {"StorageDescriptor": {"InputFormat": "org.apache.hudi.hadoop.HoodieParquetInputFormat"}},
            Format.HUDI,
        ),
        ({"Parameters": {"spark.sql.sources.provider": "parquet"}}, Format.FILES),
        ({}, Format.FILES),
    ],
)
def test_formats(entry: dict[str, Any], found: Format) -> None:
    assert convert(entry_of("a.b", entry, {})).format is found


@pytest.mark.parametrize(
    ("serde", "location"),
    [
        ({"Parameters": {"path": "s3a://lake/sales/orders"}}, "s3://lake/sales/orders/"),
        ({"Parameters": {}}, "s3://lake/default/orders-__PLACEHOLDER__/"),
        ({"Parameters": None}, "s3://lake/default/orders-__PLACEHOLDER__/"),
        ("torn", "s3://lake/default/orders-__PLACEHOLDER__/"),
        (None, "s3://lake/default/orders-__PLACEHOLDER__/"),
    ],
)
def test_the_true_path_of_a_delta_table_stands_in_its_serde(serde: object, location: str) -> None:
    """As Spark registers it: a placeholder for the location, the path among the SerDe's parameters."""
    storage = {"Location": "s3://lake/default/orders-__PLACEHOLDER__", "SerdeInfo": serde}
    entry = {
        "Name": "orders",
        "DatabaseName": "sales",
        "StorageDescriptor": storage,
        "Parameters": {"spark.sql.sources.provider": "delta"},
    }
    table = table_of(entry, account=None, region=REGION)
    assert (table.format, table.location) == (Format.DELTA, location)


def test_views_and_links_have_no_location() -> None:
    assert convert(entry_of("a.b", {"TableType": "VIRTUAL_VIEW"}, {})).location is None
    target = {"CatalogId": "111122223333", "DatabaseName": "theirs", "Name": "t"}
    link = convert({"Name": "b", "DatabaseName": "a", "TargetTable": target})
    assert (link.kind, link.parameters["target"], link.location) == (
        RESOURCE_LINK,
        "111122223333/theirs.t",
        None,
    )


def test_malformed_entries_say_what_is_wrong() -> None:
    assert refused({}) == "the catalog's description of a is malformed: it has no name"
    assert refused([]) == "the catalog's description of a is malformed: the entry is no object"
    assert refused({"Name": "b", "PartitionKeys": [{"Type": "int"}]}) == (
        "the catalog's description of a.b is malformed: an entry of PartitionKeys has no name"
    )
    assert refused({"Name": "b", "StorageDescriptor": "x"}).endswith("StorageDescriptor is no object")
    assert refused({"Name": "b", "Parameters": [1]}).endswith("Parameters is no object")
    assert refused({"Name": "b", "StorageDescriptor": {"Columns": "x"}}).endswith("Columns is no list")


def test_a_prefix_is_a_folder() -> None:
    assert prefix_table("s3://b/x").id == "s3://b/x/"
    with pytest.raises(
        ValueError, match="'b/x' is not an S3 location; write one such as s3://bucket/prefix/"
    ):
        prefix_table("b/x")


def test_databases_and_tables_over_http(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    point_at(monkeypatch, endpoint)
    lake = HttpLake(endpoint)
    lake.table("sales.orders", dt="string")
    lake.table("sales.customers")
    lake.table("web.clicks")
    catalog = Catalog(lake.aws)
    assert catalog.databases() == ("sales", "web")
    assert [table.id for table in catalog.tables("sales").tables] == ["sales.customers", "sales.orders"]
    assert catalog.table("sales", "orders").partition_keys == (Column("dt", "string"),)
    assert dict(lake.counts) == {"glue:GetDatabases": 1, "glue:GetTables": 1, "glue:GetTable": 1}
    lake.glue.create_database("empty", {"Name": "empty"})
    assert catalog.tables("empty").tables == ()
    with pytest.raises(Unobserved, match="the database gone does not exist") as caught:
        catalog.tables("gone")
    assert caught.value.problem.kind is ProblemKind.NOT_FOUND
    with pytest.raises(Unobserved, match=r"the table sales\.gone does not exist"):
        catalog.table("sales", "gone")
    reset()


def test_all_pages_of_tables_are_followed_and_a_broken_entry_costs_only_itself(served: Stub) -> None:
    def answer(asked: Asked) -> Answer:
        first = b'"NextToken"' not in asked.body
        numbers = range(100) if first else range(100, 150)
        entries: list[dict[str, Any]] = [
            {"Name": f"t{number:03d}", "DatabaseName": "big"} for number in numbers
        ]
        if not first:
            entries.append({"Name": "broken", "PartitionKeys": [{"Type": "int"}]})
        return as_json({"TableList": entries, **({"NextToken": "more"} if first else {})})

    served.answer = answer
    aws = Aws(attempts=1)
    found = Catalog(aws).tables("big")
    assert len(found.tables) == 150
    assert list(found.problems) == ["big.broken"]
    assert aws.ledger.counts == {"glue:GetTables": 2}


def test_a_torn_page_of_tables_is_no_empty_database(served: Stub) -> None:
    for body in (b"", b"{}", b'{"TableList": [{"Na'):
        served.answer = lambda _asked, body=body: Answer(body)  # type: ignore[misc]
        with pytest.raises(Unobserved) as caught:
            Catalog(Aws(attempts=1)).tables("sales")
        assert caught.value.problem.kind is ProblemKind.MALFORMED


def test_a_denied_catalog_names_what_is_needed(served: Stub) -> None:
    served.answer = lambda _asked: refusal_json("AccessDeniedException", "not authorized")
    with pytest.raises(Unobserved) as caught:
        Catalog(Aws(attempts=1)).tables("sales")
    assert caught.value.problem.remedy == (
        "allow glue:GetTables on arn:aws:glue:*:*:catalog, arn:aws:glue:*:*:database/sales"
    )


def test_another_account_is_reached_by_its_role(served: Stub) -> None:
    def answer(asked: Asked) -> Answer:
        if b"AssumeRole" in asked.body:
            assert b"ExternalId=shared" in asked.body
            return Answer(
                b'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>'
                b"<AccessKeyId>THEIRS</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
                b"<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
            )
        assert "THEIRS" in asked.headers["authorization"]
        assert "us-east-1/glue" in asked.headers["authorization"]
        return as_json({"TableList": [{"Name": "spend", "DatabaseName": "ads"}]})

    served.answer = answer
    account = SimpleNamespace(
        role_arn="arn:aws:iam::111122223333:role/monitor", region="us-east-1", external_id="shared"
    )
    aws = Aws({"partner": account}, attempts=1)
    (table,) = Catalog(aws).tables("ads", "partner").tables
    assert (table.id, table.account, table.region) == ("partner/ads.spend", "partner", "us-east-1")
    Catalog(aws).tables("ads", "partner")
    assert aws.ledger.counts == {"sts:AssumeRole": 1, "glue:GetTables": 2}


def test_a_role_that_may_not_be_assumed_is_told(served: Stub) -> None:
    served.answer = lambda _asked: Answer(
        b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::123456789012:user/me is not "
        b"authorized to perform: sts:AssumeRole</Message></Error></ErrorResponse>",
        403,
    )
    account = SimpleNamespace(
        role_arn="arn:aws:iam::111122223333:role/monitor", region=None, external_id=None
    )
    with pytest.raises(Unobserved, match="its account's role could not be assumed") as caught:
        Catalog(Aws({"partner": account}, attempts=1)).tables("ads", "partner")
    assert caught.value.problem.cause == "denied sts:AssumeRole arn:aws:iam::123456789012:user/me"


def test_a_role_that_cannot_be_assumed_is_asked_for_once_for_all_databases(
    served: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.answer = lambda _asked: Answer(hang_s=60)
    account = SimpleNamespace(
        role_arn="arn:aws:iam::111122223333:role/monitor", region=None, external_id=None
    )
    aws = Aws({"partner": account}, attempts=2, read_timeout_s=0.2)
    for _ in range(3):
        with pytest.raises(Unobserved, match="no answer") as caught:
            Catalog(aws).tables("ads", "partner")
        assert caught.value.problem.kind is ProblemKind.TIMED_OUT
    assert aws.ledger.counts == {"sts:AssumeRole": 2}
    monkeypatch.setattr(session, "_ROLE_FAILED_FOR_S", 0.0)
    with pytest.raises(Unobserved):
        Catalog(aws).tables("ads", "partner")
    assert aws.ledger.counts == {"sts:AssumeRole": 4}


def test_the_members_that_are_relied_on_are_in_botocores_models() -> None:
    session = botocore.session.get_session()
    glue: Any = session.get_service_model("glue")
    s3: Any = session.get_service_model("s3")
    for operation, members in {
        "GetPartitions": {"Partitions", "NextToken"},
        "BatchGetPartition": {"Partitions", "UnprocessedKeys"},
        "GetTables": {"TableList", "NextToken"},
        "GetTable": {"Table"},
        "GetDatabases": {"DatabaseList"},
        "GetDatabase": {"Database"},
    }.items():
        assert members <= set(glue.operation_model(operation).output_shape.members)
    asked = set(glue.operation_model("GetPartitions").input_shape.members)
    assert {"Expression", "ExcludeColumnSchema", "MaxResults", "NextToken"} <= asked
    told = set(s3.operation_model("ListObjectsV2").output_shape.members)
    assert {"KeyCount", "IsTruncated", "NextContinuationToken", "Contents", "CommonPrefixes"} <= told


def test_prices() -> None:
    assert price_of("s3:ListObjectsV2") == pytest.approx(5e-6)
    assert price_of("s3:GetObject") == pytest.approx(4e-7)
    assert price_of("glue:GetPartitions") == pytest.approx(1e-6)
    assert price_of("sts:AssumeRole") == 0.0
