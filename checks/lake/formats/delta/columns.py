"""Delta: the columns of a table's schema, and the names that its files have for them (protocol, "Column Mapping")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from checks.lake.codecs.documents import parse_json
from checks.lake.formats.shared.newest_value import no_column, not_found

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checks.model import Problem


TIMES = ("timestamp", "timestamp_ntz", "date")


_PHYSICAL = re.compile(r"col-[0-9a-f]{8}-[0-9a-f-]{27}", re.ASCII)
"""How writers call columns in files once they map them."""


MOST_DEPTH = 40


MOST_FIELDS = 100_000


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
    kinds: dict[str, str] = {}
    for name, found in mapped_fields(schema, metadata.get("configuration")):
        kinds[name.lower()] = found.type
        if name == column:
            return _if_time(found, column, table)
        if by_case is None and name.lower() == column.lower():
            by_case = found
    if by_case is None:
        return not_found(table, column, kinds, most=MOST_FIELDS, deepest=MOST_DEPTH)
    return _if_time(by_case, column, table)


def mapped_fields(schema: Any, configuration: Any) -> Iterator[tuple[str, Mapped]]:
    """Yield each field of a schema by its name, those of structs with dots between, within bounds.

    ``configuration`` is that of the metaData action: it says whether columns are mapped.
    """
    if isinstance(configuration, list):  # a map in Parquet is a list of pairs
        configuration = dict(each for each in configuration if isinstance(each, tuple) and len(each) == 2)
    mode = configuration.get("delta.columnMapping.mode") if isinstance(configuration, dict) else None
    return islice(_fields(schema, is_mapped=mode in ("name", "id")), MOST_FIELDS)


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
    for each in fields if isinstance(fields, list) and len(path) < MOST_DEPTH else []:
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
