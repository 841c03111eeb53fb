"""One object of a data set: its name, and its rows as Parquet."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

from checks.history.base import safe_name
from checks.history.datasets.columns import DATASETS, PARTITION, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checks.history.datasets.columns import Dataset

Table: TypeAlias = Any
"""A table of Arrow, which has no types."""
FOLDER = "datasets"
MOST_BYTES = 64 * 1024 * 1024
"""No larger object (of bytes) is read. What is written ends below it: an object is full far earlier."""
_METADATA = b"s3-table-monitor"
_PARQUET = (b"PAR1", b"PAR1")
_SUFFIX = ".parquet"
_NAME = re.compile(
    rf"{FOLDER}/([a-z_]+)/{PARTITION}=(\d{{4}}-\d\d-\d\d)/([^/~]+)~(\d{{3,6}}){re.escape(_SUFFIX)}"
)


class NotOurs(Exception):  # noqa: N818 - what was found
    """Raised for an object that cannot be read as one of a data set; says why."""


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The name of an object: of a data set, a day, a config (by its safe name), and a number, as a rule 0."""

    dataset: str
    day: date
    config: str
    number: int = 0

    @classmethod
    def parse(cls, text: str) -> Name | None:
        """Read a document's name; None for one that no run writes."""
        found = _NAME.fullmatch(text)
        if found is None or found[1] not in DATASETS:
            return None
        try:
            return cls(found[1], date.fromisoformat(found[2]), found[3], int(found[4]))
        except ValueError:
            return None

    def __str__(self) -> str:
        """Return the document's name. What stands before ``~`` holds none, so that no two configs meet."""
        return f"{folder_of(self.dataset, self.day)}{self.config}~{self.number:03d}{_SUFFIX}"


def folder_of(dataset: str, day: date | None = None) -> str:
    """Return where the objects of a data set are, or those of a day."""
    return f"{FOLDER}/{dataset}/" + (f"{PARTITION}={day.isoformat()}/" if day is not None else "")


def first_name(dataset: str, day: date, config: str) -> Name:
    """Return the name of the first object of a config (by its name) and day."""
    return Name(dataset, day, safe_name(config))


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an object. ``earlier`` are the runs that the objects before it, of the same day, hold.

    ``followed``: it was full before rows of it were replaced, so that others may follow it though it is small.
    """

    table: Table
    earlier: tuple[str, ...] = ()
    followed: bool = False


def of_rows(dataset: Dataset, rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return rows as a table; a column that a row lacks is null."""
    import pyarrow as pa  # type: ignore[import-untyped]

    columns = []
    for field in dataset.schema:
        values = [row.get(field.name) for row in rows]
        is_text = pa.types.is_dictionary(field.type)
        made = pa.array(values, type=field.type.value_type if is_text else field.type)
        columns.append(made.dictionary_encode() if is_text else made)
    return pa.Table.from_arrays(columns, schema=dataset.schema)


def encode(dataset: Dataset, rows: Rows) -> bytes:
    """Return the object."""
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    told = {
        "dataset": dataset.name,
        "version": VERSION,
        "earlier": list(rows.earlier),
        "followed": rows.followed,
    }
    table = rows.table.unify_dictionaries()
    table = table.replace_schema_metadata({_METADATA: json.dumps(told).encode()})
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


def decode(
    dataset: Dataset,
    content: bytes,
    *,
    columns: Sequence[str] = (),
    only: Sequence[tuple[str, str, Any]] = (),
    newer: bool = True,
) -> Rows:
    """Return the rows of an object, with the columns of this version: those that it lacks are null.

    ``only`` are conditions that all have to hold. An object of a later version is read for what is known of it, or
    refused where ``newer`` is off. Raises NotOurs.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if len(content) > MOST_BYTES:
        raise NotOurs("it is larger than any run writes")
    try:
        # A thread of pyarrow may let go of an object of Python so late that the process, ending by then, is aborted.
        file = pq.ParquetFile(pa.BufferReader(content))
        told = _told(file.schema_arrow.metadata or {})
        known = [name for name in (columns or dataset.columns) if name in file.schema_arrow.names]
        if told["version"] > VERSION and not newer:
            raise NotOurs(f"a later version wrote it ({told['version']}, and {VERSION} is known here)")
        lacks = [name for name, _, _ in only if name not in file.schema_arrow.names]
        table = pq.read_table(
            pa.BufferReader(content),
            columns=known,
            filters=None if lacks or not only else list(only),
            use_threads=False,
        )
        wanted = columns or dataset.columns
        schema = pa.schema([dataset.schema.field(name) for name in wanted])
        whole = [
            table[field.name].cast(field.type) if field.name in known else pa.nulls(len(table), field.type)
            for field in schema
        ]
        if lacks:
            whole = [each.slice(0, 0) for each in whole]
        return Rows(pa.Table.from_arrays(whole, schema=schema), tuple(told["earlier"]), told["followed"])
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise NotOurs(f"it is no Parquet of a data set: {str(error)[:200]}") from error


def _told(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    told = json.loads(metadata.get(_METADATA, b"{}"))
    version, earlier = told["version"], told.get("earlier", [])
    if not isinstance(version, int) or not all(isinstance(each, str) for each in earlier):
        raise NotOurs("it does not say of which version it is")
    return {"version": version, "earlier": earlier, "followed": told.get("followed") is True}
