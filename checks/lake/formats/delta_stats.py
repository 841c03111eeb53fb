"""Delta: what an add says of its file's rows and values, and how a column is called in its files. Pure.

Delta Transaction Log Protocol: "Per-file Statistics", "Column Mapping", "Partition Value Serialization".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from checks.lake.errors import clean
from checks.lake.formats.logs import parse_json, whole_number
from checks.lake.formats.values import no_column

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checks.lake.formats.delta_log import FileAction
    from checks.model import Problem

TIMES = ("timestamp", "timestamp_ntz", "date")
_MOST_STATS = 4 * 1024 * 1024
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)
_PHYSICAL = re.compile(r"col-[0-9a-f]{8}-[0-9a-f-]{27}", re.ASCII)
"""How writers call columns in files once they map them."""
_MOST_DEPTH = 40
_MOST_FIELDS = 100_000


def parse_stats(written: Any) -> Mapping[str, Any] | None:
    """Return the statistics of an add, written as JSON or as a struct of a checkpoint; None where it has none."""
    if isinstance(written, dict):
        return written
    if not isinstance(written, str) or len(written) > _MOST_STATS:
        return None
    try:
        stats = json.loads(written)
    except (ValueError, RecursionError):
        return None
    return stats if isinstance(stats, dict) else None


def rows_of(action: FileAction) -> int | str:
    """Return how many rows of a file are in the table, or why that is not known."""
    path = clean(action.path)[:300]
    count = whole_number((parse_stats(action.stats) or {}).get("numRecords"))
    if count is None or count < 0:
        return f"the statistics of {path} do not tell them (numRecords)"
    gone = whole_number(action.gone)
    if gone is None or not 0 <= gone <= count:
        return f"the deletion vector of {path} does not tell how many it takes away (cardinality)"
    return count - gone


@dataclass(frozen=True, slots=True)
class Mapped:
    """A column as the files of a table name it: its path, its type, and the whole of its name where it is a key."""

    path: tuple[str, ...]
    type: str

    @property
    def dotted(self) -> str:
        """The path with dots between, as Parquet writes it."""
        return ".".join(self.path)


def mapped_column(metadata: Mapping[str, Any], column: str, table: str, place: str) -> Mapped | Problem:
    """Return a column by its name in a metaData action; why its values cannot be told where they cannot.

    Raises Unobserved (malformed) where the schema is no JSON.
    """
    schema = parse_json(str(metadata.get("schemaString")).encode(), f"{place}: schemaString")
    by_case: Mapped | None = None
    for name, found in mapped_fields(schema, metadata.get("configuration")):
        if name == column:
            return _if_time(found, column, table)
        if by_case is None and name.lower() == column.lower():
            by_case = found
    if by_case is None:
        return no_column(table, column, "is not in its schema")
    return _if_time(by_case, column, table)


def mapped_fields(schema: Any, configuration: Any) -> Iterator[tuple[str, Mapped]]:
    """Yield each field of a schema by its name, those of structs with dots between, within bounds.

    ``configuration`` is that of the metaData action: it says whether columns are mapped.
    """
    if isinstance(configuration, list):  # a map in Parquet is a list of pairs
        configuration = dict(each for each in configuration if isinstance(each, tuple) and len(each) == 2)
    mode = configuration.get("delta.columnMapping.mode") if isinstance(configuration, dict) else None
    return islice(_fields(schema, is_mapped=mode in ("name", "id")), _MOST_FIELDS)


def _if_time(found: Mapped, column: str, table: str) -> Mapped | Problem:
    if found.type == "struct":
        return no_column(table, column, "is nested; name one of its fields")
    if found.type not in TIMES:
        return no_column(table, column, f"is {found.type[:80]}, neither a timestamp nor a date")
    return found


def _fields(
    struct: Any, *, is_mapped: bool, name: str = "", path: tuple[str, ...] = ()
) -> Iterator[tuple[str, Mapped]]:
    fields = struct.get("fields") if isinstance(struct, dict) else None
    for each in fields if isinstance(fields, list) and len(path) < _MOST_DEPTH else []:
        if not isinstance(each, dict):
            continue
        kind, metadata = each.get("type"), each.get("metadata")
        physical = metadata.get("delta.columnMapping.physicalName") if isinstance(metadata, dict) else None
        inner = (*path, str(physical) if is_mapped and physical is not None else str(each.get("name")))
        full = f"{name}{each.get('name')}"
        yield full, Mapped(inner, str(kind.get("type")) if isinstance(kind, dict) else str(kind))
        if isinstance(kind, dict) and kind.get("type") == "struct":
            yield from _fields(kind, is_mapped=is_mapped, name=f"{full}.", path=inner)


def looks_mapped(stats: Mapping[str, Any]) -> bool:
    """Tell whether columns are called in the statistics as only mapped ones are."""
    values = stats.get("maxValues")
    return isinstance(values, dict) and any(_PHYSICAL.fullmatch(str(key)) for key in values)


def at_path(tree: Any, path: tuple[str, ...]) -> Any:
    """Return what stands at a path of nested objects, names in any case; None where nothing does."""
    for name in path:
        if not isinstance(tree, dict):
            return None
        if name not in tree:
            name = next((key for key in tree if str(key).lower() == name.lower()), name)  # noqa: PLW2901 - as written
        tree = tree.get(name)
    return tree


@dataclass(frozen=True, slots=True)
class Moment:
    """A value of a time column: a wall time, whether it is a day, whether it is in UTC."""

    wall: datetime
    is_day: bool
    is_utc: bool


def moment_of(value: Any, kind: str | None) -> Moment | None:
    """Read a value as statistics, checkpoints and partitions write it; None where it is no time.

    ``kind`` is the column's type where it is known; else the way that it is written tells it.
    """
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return Moment(value.astimezone(UTC).replace(tzinfo=None), is_day=False, is_utc=True)
        return Moment(value, is_day=False, is_utc=kind == "timestamp")
    if isinstance(value, date):
        return Moment(datetime(value.year, value.month, value.day), is_day=True, is_utc=False)  # noqa: DTZ001 - a day
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        if _DAY.fullmatch(value):
            return Moment(
                datetime.fromisoformat(value), is_day=kind in (None, "date"), is_utc=kind == "timestamp"
            )
        if not _MOMENT.fullmatch(value) or kind == "date":
            return None
        read = datetime.fromisoformat(value)
        return moment_of(read, kind)
    except (ValueError, OverflowError):
        return None
