"""Catalog entries that keep nothing in S3 by design, and those whose location is only wrong."""

from __future__ import annotations

from typing import Any

import pytest

from checks.lake.glue.catalog import table_of
from checks.lake.glue.stores import kept_in
from tests.support.lakes import entry_of


@pytest.mark.parametrize(
    ("location", "parameters", "store"),
    [
        ("shop.public.orders", {"classification": "postgresql", "connectionName": "pg"}, "postgresql"),
        ("shop.public.orders", {"classification": "SQLServer"}, "sqlserver"),
        ("shop.orders", {"connectionName": "own"}, "a connection"),
        (None, {"classification": "dynamodb"}, "dynamodb"),
        ("arn:aws:dynamodb:eu-west-1:123456789012:table/x", {}, "dynamodb"),
        ("arn:aws-cn:kinesis:cn-north-1:123456789012:stream/x", {}, "kinesis"),
        ("events", {"classification": "json", "streamName": "events", "typeOfData": "kinesis"}, "kinesis"),
        ("topic", {"typeOfData": "kafka"}, "kafka"),
        ("hdfs://ip-10-0-0-1:8020/warehouse/old", {}, "hdfs"),
        ("HDFS://n/x", {}, "hdfs"),
        ("gs://bucket/x", {}, "gs"),
        ("abfss://c@a.dfs.core.windows.net/x", {}, "abfss"),
        ("jdbc:mysql://h/db", {}, "mysql"),
        (None, {"storage_handler": "org.apache.hadoop.hive.dynamodb.DynamoDBStorageHandler"}, "dynamodb"),
        ("s3://b/x/", {"classification": "postgresql", "connectionName": "pg"}, None),
        ("s3a://b/x/", {"typeOfData": "kinesis"}, None),
        ("S3://b/x", {"classification": "dynamodb"}, None),
        ("hdfs://n/x", {"metadata_location": "s3://b/m.json"}, None),
        ("lake/x", {}, None),
        ("s4://lake/x", {}, None),
        ("https://s3.amazonaws.com/lake/x", {}, None),
        ("file:/user/hive/x", {}, None),
        ("arn:aws:s3:::lake/x", {}, None),
        ("", {"classification": "parquet"}, None),
        (None, {}, None),
    ],
)
def test_what_keeps_an_entrys_data(
    location: str | None, parameters: dict[str, str], store: str | None
) -> None:
    assert kept_in(location, parameters) == store


def table(**entry: Any) -> Any:
    return table_of(entry_of("a.b", entry, {}), account=None, region=None)


def test_the_catalogs_own_location_is_told_where_it_is_none_in_s3() -> None:
    held = table(StorageDescriptor={"Location": "shop.orders", "Parameters": {"classification": "mysql"}})
    assert (held.location, held.told_location, held.kept_in) == (None, "shop.orders", "mysql")
    wrong = table(StorageDescriptor={"Location": "lake/x"})
    assert (wrong.location, wrong.told_location, wrong.kept_in) == (None, "lake/x", None)
    right = table(Parameters={"classification": "mysql"})
    assert (right.location, right.told_location, right.kept_in) == ("s3://lake/a/b/", None, None)
    view = table(TableType="VIRTUAL_VIEW", Parameters={"connectionName": "x"}, StorageDescriptor={})
    assert (view.told_location, view.kept_in) == (None, None)
