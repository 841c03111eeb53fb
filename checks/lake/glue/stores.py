"""Where the data of catalog entries is that keep none in S3 by design: databases, streams, other file systems. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_S3 = re.compile(r"s3[an]?:", re.IGNORECASE)
_SCHEME = re.compile(r"(?:jdbc:)?(?P<scheme>[a-z][a-z0-9+.-]*):.+", re.IGNORECASE | re.DOTALL)
_FILE_SYSTEMS = frozenset(
    {"abfs", "abfss", "adl", "gs", "hdfs", "maprfs", "oss", "viewfs", "wasb", "wasbs", "webhdfs"}
)
"""Schemes of Hadoop's file systems that are not S3's. Others are rather mistyped than other stores."""
_ARN = re.compile(r"arn:aws[\w-]*:(?P<service>[a-z0-9-]+):.*", re.DOTALL)
_STORES = frozenset({
    "aurora", "azurecosmos", "azuresql", "bigquery", "cassandra", "clickhouse", "cloudwatch", "db2", "docdb",
    "documentdb", "dynamodb", "elasticsearch", "hbase", "jdbc", "kafka", "kinesis", "mariadb", "mongodb", "msk",
    "mysql", "neptune", "opensearch", "oracle", "postgres", "postgresql", "rds", "redis", "redshift", "saphana",
    "snowflake", "sqlserver", "synapse", "teradata", "timestream", "vertica",
})  # fmt: skip
"""What Glue's crawlers, connections and Athena's federated catalogs write as an entry's classification."""
_HANDLERS = (
    "dynamodb",
    "hbase",
    "jdbc",
    "kafka",
    "kinesis",
    "cassandra",
    "mongo",
    "elasticsearch",
    "druid",
    "kudu",
)
_CONNECTION = ("connectionname", "glue.connectionname")


def kept_in(location: str | None, parameters: Mapping[str, str], classification: str = "") -> str | None:
    """Return what keeps an entry's data instead of S3, such as ``postgresql`` or ``hdfs``; None where nothing says so.

    An entry whose location is in S3 is never one of these, nor is one whose location is only wrong.
    """
    if location is not None and _S3.match(location.strip()):
        return None
    lower = {key.lower(): value.strip().lower() for key, value in parameters.items()}
    if _S3.match(lower.get("metadata_location", "")):
        return None
    kind = lower.get("classification", classification.lower())
    streams = lower.get("typeofdata", "")
    handler = lower.get("storage_handler", "")
    if streams in _STORES:
        return streams
    if kind in _STORES:
        return kind
    match = _SCHEME.fullmatch(location.strip()) if location is not None else None
    if match is not None and match["scheme"].lower() in _FILE_SYSTEMS | _STORES:
        return match["scheme"].lower()
    arn = _ARN.fullmatch(location.strip()) if location is not None else None
    if arn is not None and arn["service"] in _STORES:
        return arn["service"]
    by_handler = next((name for name in _HANDLERS if name in handler), None)
    if by_handler is not None:
        return by_handler
    if any(lower.get(name) for name in _CONNECTION):
        return kind or "a connection"
    return None
