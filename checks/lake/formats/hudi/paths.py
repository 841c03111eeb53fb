"""Hudi: partition values in the paths of partitions, and the paths that values have. Pure.

Apache Hudi documentation, "Key Generation": a field's value may hold slashes, fields may be written ``name=value``, and
a field of kind TIMESTAMP is written in a format of its own, whatever its column's type is.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate
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
_DAYS = re.compile(r"-?\d{1,5}", re.ASCII)
_EPOCH = re.compile(r"\d{10}|\d{13}|\d{16}", re.ASCII)
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
    """True when a value was read that is written as a number: paths cannot be told from values then."""
    _seen: Counter[bool] = field(default_factory=Counter)
    _plain: str = " +"
    """What is written as it is where values are encoded."""

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
        self.is_encoded |= any(unquote(text) != text for text in texts)
        self._plain = self._plain.replace(" ", "") if "%20" in path else self._plain
        pairs = zip([unquote(text) for text in texts], self.keys, strict=False)
        return tuple(self._typed(text, key.type) for text, key in pairs)

    def path_of(self, values: Sequence[str]) -> str:
        """Return the path that values have, in the style of the paths that were read, else of the properties."""
        is_hive = self._seen[True] > self._seen[False] if self._seen else self.is_hive
        texts = [quote(value, safe=self._plain) if self.is_encoded else value for value in values]
        pairs = zip(self.names, texts, strict=True)
        return "/".join(f"{name}={text}" if is_hive else text for name, text in pairs)

    def nulls(self, values: Sequence[str], among: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return values with nulls as all formats write them, of the keys ``among`` these or of all."""
        of = {key.name for key in self.keys} if among is None else set(among)
        pairs = zip(self.keys, values, strict=False)
        return tuple(NULL_PARTITION if key.name in of and value in _NULLS else value for key, value in pairs)

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
        if len(segments) <= len(self.names):
            return list(segments)
        ends = list(accumulate(self._widths(segments)))
        return ["/".join(segments[begin:end]) for begin, end in zip([0, *ends], ends, strict=False)]

    def _widths(self, segments: Sequence[str]) -> list[int]:
        """Return of how many segments the value of each field is.

        By its stated format; what is left goes to the one of kind TIMESTAMP, or that is a time with it, or the last.
        """
        pairs = zip(self.stated.keys, self.stated.formats, strict=False) if self.stated is not None else ()
        slashes = {name: text.count("/") for name, text in pairs}
        widths = [1 + slashes.get(key.name, 0) for key in self.keys]
        if sum(widths) > len(segments):
            widths = [1] * len(self.names)
        left = len(segments) - sum(widths)
        if left:
            begins = [sum(widths[:at]) for at in range(len(widths))]
            takes = [at for at, key in enumerate(self.keys) if key.name not in slashes] or [len(widths) - 1]
            by_kind = [at for at in takes if self.kinds[at] == _TIMESTAMP]
            by_value = [
                at for at in takes if _is_time("/".join(segments[begins[at] : begins[at] + left + 1]))
            ]
            widths[next((found[0] for found in (by_kind, by_value) if len(found) == 1), takes[-1])] += left
        return widths

    def _typed(self, text: str, kind: str) -> str:
        """Return a value as text of its declared type, where it is written as the number that it is in a row."""
        found = _read_number(text, kind)
        self.respelled |= found != text
        return found


def _read_number(text: str, kind: str) -> str:
    """Read days since 1970 as a date, seconds, milli- and microseconds as a timestamp; leave other values alone."""
    if kind == "date" and _DAYS.fullmatch(text):
        return f"{_FIRST_DAY + timedelta(days=int(text)):%Y-%m-%d}"
    if kind == "timestamp" and _EPOCH.fullmatch(text):
        return f"{datetime.fromtimestamp(int(text[:10]), UTC):%Y-%m-%dT%H:%M:%SZ}"
    return text


def _is_time(text: str) -> bool:
    return any(plausible(each, text) for each in _WITH_SLASHES)


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
