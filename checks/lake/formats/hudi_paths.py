"""Hudi: partition values in the paths of partitions, and the paths that values have. Pure.

Apache Hudi documentation, "Key Generation": a field's value may hold slashes, fields may be written ``name=value``, and
a field of kind TIMESTAMP is written in a format of its own, whatever its column's type is.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from checks.layout import NULL_PARTITION, StatedLayout
from checks.layout.keys import WHOLE_FORMATS, plausible
from checks.model import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NULLS = frozenset({NULL_PARTITION, "default"})
"""How rows without a value are written: ``default`` before table version 5, and never migrated in many."""
_WITH_SLASHES = tuple(text for text in WHOLE_FORMATS if "/" in text)
_TIMESTAMP = "TIMESTAMP"
_TYPED = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?P<between>[ T])(?P<clock>\d\d:\d\d:\d\d)(?P<rest>\.\d+)?Z?", re.ASCII
)
_DAYS = re.compile(r"-?\d{1,6}", re.ASCII)
_EPOCH = re.compile(r"\d{10}|\d{13}|\d{16}", re.ASCII)
_MIDNIGHT = "00:00:00"
_FORMATS = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%d %H:%M:%S"}
_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class PartitionPaths:
    """The partition fields of a table, as its properties name them, and how their values stand in paths.

    ``stated`` says how many slashes a value holds where the config states its format.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    types: Mapping[str, str]
    stated: StatedLayout | None = None
    is_hive: bool = False
    is_encoded: bool = False
    respelled: bool = False
    """True when a value was read that its type writes in another way: paths cannot be told from values then."""
    _seen: Counter[bool] = field(default_factory=Counter)

    @property
    def keys(self) -> tuple[Column, ...]:
        """The keys; what a field of kind TIMESTAMP writes is text, whatever is in its column."""
        pairs = zip(self.names, self.kinds, strict=True)
        return tuple(
            Column(name.lower(), "string" if kind == _TIMESTAMP else self.types.get(name.lower(), "string"))
            for name, kind in pairs
        )

    def values_of(self, path: str) -> tuple[str, ...]:
        """Return the values that a path carries: ``day=2026-11-22``, ``eu/2026/11/22``, ``day=2026/11/22``."""
        segments = path.strip("/").split("/")
        named = self._by_name(segments)
        self._seen[named is not None] += 1
        texts = named if named is not None else self._by_width(segments)
        pairs = zip([unquote(text) for text in texts], self.keys, strict=False)
        return tuple(self._typed(text, key.type) for text, key in pairs)

    def path_of(self, values: Sequence[str]) -> str:
        """Return the path that values have, in the style of the paths that were read, else of the properties."""
        is_hive = self._seen[True] > self._seen[False] if self._seen else self.is_hive
        texts = [quote(value, safe=" +") if self.is_encoded else value for value in values]
        pairs = zip(self.names, texts, strict=True)
        return "/".join(f"{name}={text}" if is_hive else text for name, text in pairs)

    def nulls(self, values: Sequence[str], among: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return values with nulls as all formats write them, of the keys ``among`` these or of all."""
        of = {key.name for key in self.keys} if among is None else set(among)
        pairs = zip(self.keys, values, strict=False)
        return tuple(NULL_PARTITION if key.name in of and value in _NULLS else value for key, value in pairs)

    def told(self, rows: Sequence[Sequence[str]]) -> StatedLayout | None:
        """Return how the one key writes time whose type fixes it, None where there is none or most do not fit."""
        typed = [
            (at, key.name, _FORMATS[key.type]) for at, key in enumerate(self.keys) if key.type in _FORMATS
        ]
        if len(typed) != 1:
            return None
        at, name, text = typed[0]
        values = [row[at] for row in rows if len(row) > at and row[at] not in _NULLS]
        fitting = sum(_fits(value, text) for value in values)
        return StatedLayout((name,), (text,)) if fitting and 2 * fitting > len(values) else None

    def _by_name(self, segments: Sequence[str]) -> list[str] | None:
        """Return the values of fields that are written with their names; a segment without one goes on with a value."""
        values: list[str] = []
        for segment in segments:
            name, sign, value = segment.partition("=")
            if len(values) < len(self.names) and sign and name.lower() == self.names[len(values)].lower():
                values.append(value)
            elif values:
                values[-1] += f"/{segment}"
            else:
                return None
        return values if len(values) == len(self.names) else None

    def _by_width(self, segments: Sequence[str]) -> list[str]:
        """Share out segments without names: one a field, and those that are left to the field that takes them."""
        left = len(segments) - len(self.names)
        if left <= 0:
            return list(segments)
        takes = self._takes_more(segments, left)
        return [
            *segments[:takes],
            "/".join(segments[takes : takes + left + 1]),
            *segments[takes + left + 1 :],
        ]

    def _takes_more(self, segments: Sequence[str], left: int) -> int:
        """Return the field whose value holds the slashes: by its stated format, its kind, or as it is a time then."""
        fields = range(len(self.names))
        stated = dict(zip(self.stated.keys, self.stated.formats, strict=False)) if self.stated else {}
        by_format = [at for at in fields if stated.get(self.keys[at].name, "").count("/") == left]
        by_kind = [at for at in fields if self.kinds[at] == _TIMESTAMP]
        by_value = [at for at in fields if _is_time("/".join(segments[at : at + left + 1]))]
        found = (each[0] for each in (by_format, by_kind, by_value) if len(each) == 1)
        return next(found, fields[-1])

    def _typed(self, text: str, kind: str) -> str:
        """Return a value as its declared type writes it: engines write a day with a time, or as a number."""
        found = _read_typed(text, kind)
        self.respelled |= found != text
        return found


def _read_typed(text: str, kind: str) -> str:
    match = _TYPED.fullmatch(text)
    if kind == "timestamp" and match is not None:
        return f"{match['day']} {match['clock']}"
    if kind == "timestamp" and _EPOCH.fullmatch(text):
        return text[:13]  # of microseconds what milliseconds tell
    if kind == "date" and match is not None and match["clock"] == _MIDNIGHT:
        return match["day"]
    if kind == "date" and _DAYS.fullmatch(text):
        return f"{_FIRST_DAY + timedelta(days=int(text)):%Y-%m-%d}" if abs(int(text)) < 700_000 else text
    return text


def _is_time(text: str) -> bool:
    return any(plausible(each, text) for each in _WITH_SLASHES)


def _fits(value: str, text: str) -> bool:
    from checks.schedule.formats import read_fields

    return read_fields(text, value) is not None


def paths_of(
    entries: Mapping[str, str],
    keys: Sequence[Column],
    columns: Sequence[Column],
    seen: Iterable[str],
    stated: StatedLayout | None,
) -> PartitionPaths | None:
    """Return how the partitions of a table are written; None where nothing names their fields.

    Their names are in the properties; tables from before version 2 leave them out, theirs are in the catalog, or
    in the paths that were ``seen``.
    """
    text = entries.get("hoodie.table.partition.fields", "")
    fields = [part.strip().partition(":") for part in text.split(",") if part.strip()]
    names = [name for name, _, _ in fields] or [key.name for key in keys] or _names_in(seen)
    if not names:
        return None
    kinds = [kind.upper() for _, _, kind in fields] or [""] * len(names)
    types = {column.name.lower(): column.type.lower() for column in (*columns, *keys)}
    return PartitionPaths(
        tuple(names),
        tuple(kinds),
        types,
        stated,
        is_hive=_is_set(entries, "hive_style_partitioning"),
        is_encoded=_is_set(entries, "partitionpath.urlencode"),
    )


def _names_in(paths: Iterable[str]) -> list[str]:
    path = next((path for path in paths if path.strip("/")), "")
    pairs = [segment.partition("=") for segment in path.strip("/").split("/")]
    return [name for name, _, _ in pairs] if all(name and sign for name, sign, _ in pairs) else []


def _is_set(entries: Mapping[str, str], name: str) -> bool:
    return entries.get(f"hoodie.datasource.write.{name}", "").lower() == "true"
