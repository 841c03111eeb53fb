"""The tables that the Glue catalog knows, of the own account and of others."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checks.aws.problems import Asked, asked_glue, clean, problem_of
from checks.aws.session import whole
from checks.lake.glue.stores import kept_in
from checks.model import LISTS, Column, Format, Problem, ProblemKind, Table, Unobserved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.aws.session import Aws

ONE_TABLE = ("glue:GetTable",)
ALL_TABLES = ("glue:GetDatabase", "glue:GetTables")
"""Of a database; that it is there at all is asked where no table comes back."""
ALL_DATABASES = ("glue:GetDatabases",)
IAM_ACTIONS = (*ONE_TABLE, *ALL_TABLES, *ALL_DATABASES)
RESOURCE_LINK = "RESOURCE_LINK"
"""The ``kind`` of a table that only points at one in another account; ``parameters["target"]`` names that."""
_S3 = re.compile(r"s3[an]?://([^/\s]+)(/.*)?", re.IGNORECASE | re.DOTALL)
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}|arn:aws[\w-]*:s3:[\w:/.-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Found:
    """The tables of one database by their names, and what is wrong with entries, by table id."""

    tables: tuple[Table, ...] = ()
    problems: Mapping[str, Problem] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Reads databases and tables; each failure is raised as Unobserved."""

    aws: Aws

    def databases(self, account: str | None = None) -> tuple[str, ...]:
        """Return the names of all databases, every page followed."""
        import awswrangler as wr

        def ask() -> list[dict[str, Any]]:
            return list(wr.catalog.get_databases(boto3_session=self.aws.session(account)))

        entries = _ask(ask, asked_glue("GetDatabases", account=account))
        return tuple(sorted(str(entry.get("Name", "")) for entry in entries if entry.get("Name")))

    def tables(self, database: str, account: str | None = None) -> Found:
        """Return all tables of a database, every page followed; raise Unobserved when it is gone."""
        import awswrangler as wr

        def ask() -> list[dict[str, Any]]:
            return list(wr.catalog.get_tables(database=database, boto3_session=self.aws.session(account)))

        entries = _ask(ask, asked_glue("GetTables", database, account=account))
        if not entries:  # awswrangler gives no table where the database does not exist
            _ask(
                lambda: self.aws.client("glue", account).get_database(Name=database),
                asked_glue("GetDatabase", database, account=account),
            )
        region = self.aws.region(account)
        tables: list[Table] = []
        problems: dict[str, Problem] = {}
        for number, entry in enumerate(entries):
            try:
                tables.append(table_of(entry, account=account, region=region, database=database))
            except Unobserved as error:
                name = entry.get("Name") if isinstance(entry, dict) else None
                problems[table_id(database, str(name or f"entry {number + 1}"), account)] = error.problem
        return Found(tuple(sorted(tables, key=lambda table: table.id)), problems)

    def table(self, database: str, name: str, account: str | None = None) -> Table:
        """Return one table by its exact name; raise Unobserved (not found) when it is gone."""
        answer = _ask(
            lambda: self.aws.client("glue", account).get_table(DatabaseName=database, Name=name),
            asked_glue("GetTable", database, name, account),
        )
        return table_of(answer["Table"], account=account, region=self.aws.region(account), database=database)


def _ask(ask: Any, asked: Asked) -> Any:
    try:
        return whole(ask)
    except Exception as error:
        raise Unobserved(problem_of(error, asked)) from error


def table_id(database: str, name: str, account: str | None = None) -> str:
    """Return ``database.table``, or ``account/database.table`` for another account."""
    return f"{account}/{database}.{name}" if account else f"{database}.{name}"


def prefix_table(prefix: str, account: str | None = None, region: str | None = None) -> Table:
    """Return the table that a bare prefix is; raise ValueError when it is no S3 URI."""
    location = normal_location(prefix)
    if location is None:
        message = f"{clean(prefix)!r} is not an S3 location; write one such as s3://bucket/prefix/"
        raise ValueError(message)
    return Table(id=location, account=account, location=location, region=region)


def _account_id(value: object) -> str | None:
    """Return a catalog's id where it is an account's (of others, such as federated ones, it is a name)."""
    return value if isinstance(value, str) and re.fullmatch(r"\d{12}", value) else None


def table_of(entry: Any, *, account: str | None, region: str | None, database: str | None = None) -> Table:
    """Return the table that Glue's own description of it tells.

    Raises Unobserved (malformed), naming what is wrong with it.
    """
    entry = _mapping(entry, "the entry", database or "the catalog")
    name, of = entry.get("Name"), entry.get("DatabaseName") or database
    if not isinstance(name, str) or not name or not isinstance(of, str):
        raise _malformed(str(database), "it has no name")
    place = table_id(of, name, account)
    target = entry.get("TargetTable")
    storage = _mapping(entry.get("StorageDescriptor") or {}, "StorageDescriptor", place)
    given = _mapping(entry.get("Parameters") or {}, "Parameters", place)
    parameters = {str(key): str(value) for key, value in given.items()}
    kind = entry.get("TableType")
    if isinstance(target, dict):
        kind = RESOURCE_LINK
        parameters["target"] = (
            f"{target.get('CatalogId', '')}/{target.get('DatabaseName')}.{target.get('Name')}"
        )
    told = _true_location(storage)
    is_view = kind in ("VIRTUAL_VIEW", RESOURCE_LINK)
    location = normal_location(told) if isinstance(told, str) and kind != "VIRTUAL_VIEW" else None
    elsewhere = told if isinstance(told, str) and told.strip() and location is None and not is_view else None
    return Table(
        id=place,
        account=account,
        database=of,
        name=name,
        location=location,
        columns=_columns(storage.get("Columns"), "Columns", place),
        partition_keys=_columns(entry.get("PartitionKeys"), "PartitionKeys", place),
        parameters=parameters,
        kind=str(kind) if kind else None,
        format=_format(parameters, storage),
        region=region,
        catalog_id=_account_id(entry.get("CatalogId")),
        file_format=_file_format(parameters, storage),
        told_location=elsewhere,
        kept_in=kept_in(elsewhere, parameters, _classification(storage))
        if location is None and not is_view
        else None,
    )


def _classification(storage: Mapping[str, Any]) -> str:
    """Return the classification that a crawler left with the storage; the entry's own parameters come before it."""
    given = storage.get("Parameters")
    return str(given.get("classification") or "") if isinstance(given, dict) else ""


def _true_location(storage: Mapping[str, Any]) -> Any:
    """Return the location; Spark writes that of a Delta table into the SerDe's ``path``, and a placeholder here."""
    location = storage.get("Location")
    if isinstance(location, str) and "__PLACEHOLDER__" in location:
        serde = storage.get("SerdeInfo") or {}
        given = serde.get("Parameters") if isinstance(serde, dict) else None
        path = given.get("path") if isinstance(given, dict) else None
        return path or location
    return location


def normal_location(location: str) -> str | None:
    """Return an S3 location with the scheme ``s3://`` and a slash at its end; None when it is none.

    Hadoop's ``s3a`` and ``s3n`` mean the same objects. Slashes within it count: ``a//b`` is not ``a/b``.
    """
    match = _S3.fullmatch(location.strip(" "))
    if match is None or not _BUCKET.fullmatch(match[1]) or _CONTROL.search(location):
        return None
    path = match[2] or "/"
    return f"s3://{match[1]}{path if path.endswith('/') else path + '/'}"


def _format(parameters: Mapping[str, str], storage: Mapping[str, Any]) -> Format:
    """Tell the format from the marks that Athena, Spark and Trino leave in the catalog."""
    lower = {key.lower(): value.lower() for key, value in parameters.items()}
    provider = lower.get("spark.sql.sources.provider", "")
    table_type = lower.get("table_type", "")
    if table_type == "iceberg" or provider == "iceberg" or "metadata_location" in lower:
        return Format.ICEBERG
    marks = (table_type, provider, lower.get("classification", ""))
    if "delta" in marks or "io.delta." in lower.get("storage_handler", ""):
        return Format.DELTA
    input_format = str(storage.get("InputFormat", "")).lower()
    location = str(storage.get("Location") or "").rstrip("/")
    if _SYMLINKS in input_format and location.endswith(_DELTA_MANIFESTS):
        return Format.DELTA
    if any("hudi" in mark for mark in (*marks, input_format)) or "hoodie" in input_format:
        return Format.HUDI
    return Format.FILES


_SYMLINKS = "symlinktextinputformat"
_DELTA_MANIFESTS = "/_symlink_format_manifest"
_SERDES = (
    ("parquet", "parquet"), ("orc", "orc"), ("avro", "avro"), ("json", "json"), ("opencsv", "csv"),
    ("lazysimple", "text"), ("regex", "text"), ("grok", "text"), ("textinputformat", "text"),
)  # fmt: skip
_IS_CURRENT = "iceberg.field.current"
"""Iceberg's writers leave the columns that were dropped in Glue, and mark them by this (IcebergToGlueConverter)."""
_CLASSIFICATIONS = frozenset({"parquet", "orc", "avro", "json", "csv"})


def _file_format(parameters: Mapping[str, str], storage: Mapping[str, Any]) -> str | None:
    """Tell what the files hold, by what Athena reads them with; by the classification where that says nothing."""
    if _SYMLINKS in str(storage.get("InputFormat") or "").lower():
        return LISTS
    serde = storage.get("SerdeInfo")
    library = str(serde.get("SerializationLibrary") or "") if isinstance(serde, dict) else ""
    for text in (library.rpartition(".")[2].lower(), str(storage.get("InputFormat") or "").lower()):
        for mark, held in _SERDES:
            if mark in text:
                return held
    classification = parameters.get("classification", "").lower()
    return classification if classification in _CLASSIFICATIONS else None


def _columns(value: Any, what: str, place: str) -> tuple[Column, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _malformed(place, f"{what} is no list")
    columns = []
    for entry in value:
        name = _mapping(entry, f"an entry of {what}", place).get("Name")
        if not isinstance(name, str) or not name:
            raise _malformed(place, f"an entry of {what} has no name")
        marks = entry.get("Parameters")
        if isinstance(marks, dict) and marks.get(_IS_CURRENT) == "false":
            continue
        columns.append(Column(name, str(entry.get("Type") or "").lower()))
    return tuple(columns)


def _mapping(value: Any, what: str, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _malformed(place, f"{what} is no object")
    return value


def _malformed(place: str, wrong: str) -> Unobserved:
    return Unobserved(
        Problem(
            ProblemKind.MALFORMED,
            f"the catalog's description of {clean(place)} is malformed: {wrong}",
            "mend the table's entry in Glue",
        )
    )
