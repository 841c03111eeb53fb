"""How engines are told of the data sets: tables in Glue, which Athena reads, and statements to copy.

Days are worked out by partition projection, so that nothing has to be registered again: neither a crawler nor a run.
No run does this: it would need rights that no other part of the monitor needs. Whoever may change the catalog asks for
it once.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from checks.aws import clients, refusals
from checks.history.base import HistoryError
from checks.history.datasets.columns import DATASETS, PARTITION, VERSION, Kind
from checks.history.datasets.files import folder_of

if TYPE_CHECKING:
    from collections.abc import Container
    from datetime import timedelta

    from mypy_boto3_glue import GlueClient

    from checks.history.datasets.columns import Dataset

CREATE_DATABASE, CREATE_TABLE = "glue:CreateDatabase", "glue:CreateTable"
GET_TABLE, UPDATE_TABLE = "glue:GetTable", "glue:UpdateTable"
SETUP_ACTIONS = (CREATE_DATABASE, CREATE_TABLE, GET_TABLE, UPDATE_TABLE)
"""What whoever registers the data sets needs, on that database and its tables alone; a run needs none of it."""
_OURS = "s3-table-monitor.version"
_FIRST_DAY = "2026-01-01"
"""No run is older than the program."""
_DATABASE = re.compile(r"[a-z0-9_]{1,200}")
_GLOBBED = re.compile(r"[*?\[]")
_OF_DUCKDB = {Kind.TEXT: "VARCHAR", Kind.INSTANT: "TIMESTAMP_MS"}
_INPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
_OUTPUT = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


class NotRegistered(HistoryError):  # noqa: N818 - what was not done
    """The data sets could not be registered; says why and what to do."""


def check_database(name: str) -> str:
    """Return a name of a database that Athena takes without quotes; raise ValueError with what to write."""
    if _DATABASE.fullmatch(name) is None:
        message = (
            f"{name!r} is no name for a database; write small letters, digits and _, such as s3_table_monitor"
        )
        raise ValueError(message)
    return name


def statements(
    place: str, database: str, keep: timedelta | None = None, filled: Container[str] = DATASETS
) -> str:
    """Return what makes the data sets known: for Athena those of a history in S3, for DuckDB those of a folder.

    ``filled`` are the data sets of a folder that hold anything: DuckDB takes no view of files that are not there.
    Raises NotRegistered for a place that cannot be written into a statement.
    """
    if not place.startswith("s3://"):
        return "\n".join(
            _view(each, place) if each.name in filled else _empty(each) for each in DATASETS.values()
        )
    _check_place(place)
    made = [f"CREATE DATABASE IF NOT EXISTS {database};"]
    return "\n\n".join([*made, *(_create(each, place, database, keep) for each in DATASETS.values())])


def _view(dataset: Dataset, place: str) -> str:
    folder = _GLOBBED.sub(r"[\g<0>]", place.rstrip("/")).replace("'", "''")
    how = f"hive_partitioning = true, hive_types = {{'{PARTITION}': VARCHAR}}, union_by_name = true"
    files = f"read_parquet('{folder}/{folder_of(dataset.name)}*/*.parquet', {how})"
    return f"CREATE OR REPLACE VIEW {dataset.name} AS SELECT * FROM {files};"  # noqa: S608 - is printed, quoted


def _empty(dataset: Dataset) -> str:
    kinds = {name: _OF_DUCKDB.get(kind, kind.value) for name, (kind, _) in dataset.columns.items()}
    columns = ", ".join(f"NULL::{kind} AS {name}" for name, kind in {**kinds, PARTITION: "VARCHAR"}.items())
    return f"CREATE OR REPLACE VIEW {dataset.name} AS SELECT {columns} WHERE false;"


def _create(dataset: Dataset, place: str, database: str, keep: timedelta | None) -> str:
    columns = ",\n".join(
        f"  `{name}` {kind.value} COMMENT {_quoted(meaning)}"
        for name, (kind, meaning) in dataset.columns.items()
    )
    properties = ",\n".join(
        f"  {_quoted(key)} = {_quoted(value)}" for key, value in _parameters(dataset, place, keep).items()
    )
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {database}.{dataset.name} (\n{columns}\n)\n"
        f"COMMENT {_quoted(dataset.about)}\nPARTITIONED BY (`{PARTITION}` string)\nSTORED AS PARQUET\n"
        f"LOCATION {_quoted(place + folder_of(dataset.name))}\nTBLPROPERTIES (\n{properties}\n);"
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _parameters(dataset: Dataset, place: str, keep: timedelta | None) -> dict[str, str]:
    begins = f"NOW-{keep.days + 1}DAYS" if keep is not None else _FIRST_DAY
    return {
        "classification": "parquet",
        "projection.enabled": "true",
        f"projection.{PARTITION}.type": "date",
        f"projection.{PARTITION}.format": "yyyy-MM-dd",
        f"projection.{PARTITION}.range": f"{begins},NOW+1DAYS",
        f"projection.{PARTITION}.interval": "1",
        f"projection.{PARTITION}.interval.unit": "DAYS",
        "storage.location.template": f"{place}{folder_of(dataset.name)}{PARTITION}=${{{PARTITION}}}/",
        _OURS: str(VERSION),
    }


def table_input(dataset: Dataset, place: str, keep: timedelta | None = None) -> dict[str, Any]:
    """Return the table as Glue's API takes it (Glue API Reference, `TableInput`)."""
    return {
        "Name": dataset.name,
        "Description": dataset.about,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **_parameters(dataset, place, keep)},
        "PartitionKeys": [{"Name": PARTITION, "Type": "string", "Comment": "the date of the run, in UTC"}],
        "StorageDescriptor": {
            "Columns": [
                {"Name": name, "Type": kind.value, "Comment": meaning}
                for name, (kind, meaning) in dataset.columns.items()
            ],
            "Location": f"{place}{folder_of(dataset.name)}",
            "InputFormat": _INPUT,
            "OutputFormat": _OUTPUT,
            "SerdeInfo": {"SerializationLibrary": _SERDE, "Parameters": {"serialization.format": "1"}},
        },
    }


def register(
    place: str, database: str, keep: timedelta | None = None, client: GlueClient | None = None
) -> list[str]:
    """Make the tables of the data sets, and the database where there is none, or bring them up to date.

    Return a sentence a table. A table of that name that is not the monitor's is never touched. Raises NotRegistered.
    """
    if not place.startswith("s3://"):
        raise NotRegistered(
            f"{place} is a local folder, which Athena cannot read; set `history` to an s3:// URI, or read it with "
            "DuckDB: checks history --ddl prints its views."
        )
    _check_place(place)
    glue: Any = client or clients.glue()
    return [_made(glue, database, table_input(each, place, keep)) for each in DATASETS.values()]


def _check_place(place: str) -> None:
    if "${" in place or not place.isprintable():
        raise NotRegistered(f"{place} cannot be written into a table's location; choose another `history`.")


def _made(glue: Any, database: str, table: dict[str, Any]) -> str:
    """Make one table, or bring it up to date."""
    name = f"{database}.{table['Name']}"
    make = partial(glue.create_table, DatabaseName=database, TableInput=table)
    _, error = refusals.attempt(make)
    if error is not None and refusals.code_of(error) == "EntityNotFoundException":
        about = {"Name": database, "Description": "What s3-table-monitor saw, found and told"}
        _, failed = refusals.attempt(partial(glue.create_database, DatabaseInput=about))
        if failed is not None and refusals.code_of(failed) != "AlreadyExistsException":
            raise _refused(failed, f"the database {database}", CREATE_DATABASE) from failed
        _, error = refusals.attempt(make)
    if error is None:
        return f"made {name}"
    if refusals.code_of(error) != "AlreadyExistsException":
        raise _refused(error, f"the table {name}", CREATE_TABLE) from error
    answer, error = refusals.attempt(partial(glue.get_table, DatabaseName=database, Name=table["Name"]))
    if error is not None:
        raise _refused(error, f"the table {name}", GET_TABLE) from error
    there = answer["Table"]
    location = there.get("StorageDescriptor", {}).get("Location", "")
    if _OURS not in there.get("Parameters", {}) or location != table["StorageDescriptor"]["Location"]:
        raise NotRegistered(
            f"There is a table {name} already that is not of this history ({location or 'no location'}); name another "
            "database, or drop it."
        )
    _, error = refusals.attempt(partial(glue.update_table, DatabaseName=database, TableInput=table))
    if error is not None:
        raise _refused(error, f"the table {name}", UPDATE_TABLE) from error
    return f"brought {name} up to date"


def _refused(error: Exception, what: str, action: str) -> NotRegistered:
    said = refusals.sentence(error, what, action, "name another database")
    return NotRegistered(said.replace("for the monitor's role", "for whoever registers the data sets"))
