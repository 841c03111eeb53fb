"""Expressions that Glue filters partitions by, written from a layout and the periods that are wanted. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from checks.layout.typed import OWN_FORMATS, is_own
from checks.schedule.formats import fields_of, sorts_as_time, write_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from checks.layout import TimeLayout
    from checks.model import Period

LONGEST_EXPRESSION = 2048
"""Glue's limit on the length of an Expression (API reference of GetPartitions)."""
_KEY_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REFUSED_NAMES = frozenset({"key"})
"""Glue refuses expressions on a column of this name (trinodb/trino pull request 11512)."""
_NUMBERS = ("tinyint", "smallint", "int", "integer", "bigint", "long")
_TEXTS = ("string", "varchar", "char")
_ORDERS = (
    ("year", "month", "day", "hour", "minute", "second"),
    ("year", "yearday", "hour", "minute"),
    ("year", "quarter", "month", "day", "hour", "minute", "second"),
    ("isoyear", "isoweek"),
    ("epoch",),
    ("epoch_ms",),
)
_ALL_DIGITS = re.compile(r"(?:%[A-Za-z])+")


def base_type(text: str) -> str:
    """Return the type without its length: ``varchar`` of ``varchar(10)``."""
    return text.split("(", 1)[0].strip().lower()


def is_sorted(layout: TimeLayout, types: dict[str, str]) -> bool:
    """Tell whether one key carries all time, and its values compare in Glue as time does."""
    if len(layout.keys) != 1 or not layout.padding_known:
        return False
    key = layout.keys[0]
    texts = (key.format, *key.also)
    return all(_in_order(text) and _compares(types.get(key.name), text) for text in texts)


def _compares(kind: str | None, text: str) -> bool:
    """Tell whether Glue compares values of the type that are written so: numbers by their digits, text as text.

    Dates and timestamps only where they are written in the type's own way.
    """
    if kind in OWN_FORMATS:
        return is_own(kind, text)
    return kind in _TEXTS or (kind in _NUMBERS and _ALL_DIGITS.fullmatch(text) is not None)


def _in_order(text: str) -> bool:
    fields = fields_of(text)
    return sorts_as_time(text) and any(fields == order[: len(fields)] for order in _ORDERS)


def can_express(layout: TimeLayout, types: dict[str, str]) -> bool:
    """Tell whether Glue takes expressions on the keys of a layout, by their names and how values are written."""
    return all(
        _KEY_NAME.fullmatch(key.name)
        and key.name.lower() not in _REFUSED_NAMES
        and not (key.kind and any(_is_odd(types.get(key.name), text) for text in (key.format, *key.also)))
        for key in layout.keys
    )


def _is_odd(kind: str | None, text: str) -> bool:
    """Tell whether values of a date or timestamp are written in a way that Glue may not take for one."""
    return kind in OWN_FORMATS and not _compares(kind, text)


def quoted(value: str, kind: str) -> str:
    """Write a value into an expression: numbers as they are, text between quotes, quotes in it doubled."""
    return str(int(value)) if kind in _NUMBERS and value.isdigit() else "'" + value.replace("'", "''") + "'"


def value_at(layout: TimeLayout, wall: datetime) -> str:
    """Return the value of a layout's first key at a wall time."""
    return write_time(layout.keys[0].format, wall, layout.zone)


def written(layout: TimeLayout, cells: Iterable[Period]) -> Iterator[dict[str, str]]:
    """Yield the values of the keys that cells may be written as."""
    for cell in cells:
        for variant in layout.variants():
            yield variant.write(cell)


def expressions(layout: TimeLayout, types: dict[str, str], cells: Sequence[Period]) -> list[str]:
    """Return expressions that admit every partition of the cells, each within Glue's limit.

    Terms such as ``(year = 2026 and month = 11 and day in (1, 2))``. Where they are too long for one, the
    last key is left out, and so on; where even the first key's values are, several are returned.
    """
    rows = list(written(layout, cells))
    for count in range(len(layout.keys), 0, -1):
        names = [key.name for key in layout.keys[:count]]
        terms = _terms(names, types, rows)
        whole_expression = " or ".join(terms)
        if len(whole_expression) <= LONGEST_EXPRESSION:
            return [whole_expression]
    name = layout.keys[0].name
    texts = list(dict.fromkeys(quoted(row[name], types[name]) for row in rows))
    room = (LONGEST_EXPRESSION - len(name) - 6) // (max(map(len, texts)) + 2)
    return [f"{name} in ({', '.join(texts[start : start + room])})" for start in range(0, len(texts), room)]


def _terms(names: list[str], types: dict[str, str], rows: list[dict[str, str]]) -> list[str]:
    groups: dict[tuple[str, ...], dict[str, None]] = {}
    for row in rows:
        texts = [quoted(row[name], types[name]) for name in names]
        groups.setdefault(tuple(texts[:-1]), {})[texts[-1]] = None
    terms = []
    for coarse, last in groups.items():
        parts = [f"{name} = {text}" for name, text in zip(names, coarse, strict=False)]
        parts.append(
            f"{names[-1]} in ({', '.join(last)})" if len(last) > 1 else f"{names[-1]} = {next(iter(last))}"
        )
        terms.append(" and ".join(parts))
    return terms if len(terms) == 1 else [f"({term})" for term in terms]


def before(layout: TimeLayout, types: dict[str, str], first: datetime) -> str | None:
    """Return an expression for partitions before the wall time; None where key order tells no time order.

    It goes as far down the keys as they compare as time does: numbers always, text where it is padded.
    """
    terms: list[str] = []
    equal: list[str] = []
    carried: tuple[str, ...] = ()
    for key in layout.keys:
        kind = types[key.name]
        text = write_time(key.format, first, layout.zone)
        fields = fields_of(key.format)
        alone = len(fields) == 1 and kind in _NUMBERS
        carried += fields
        compares = alone or (
            _in_order_within(key.format)
            and layout.padding_known
            and all(_compares(kind, each) for each in (key.format, *key.also))
        )
        compares = compares or (fields == ("year",) and kind in (*_TEXTS, *_NUMBERS))
        if not compares or not any(carried == order[: len(carried)] for order in _ORDERS):
            break
        value = quoted(text, kind)
        terms.append(" and ".join([*equal, f"{key.name} < {value}"]))
        equal.append(f"{key.name} = {value}")
    if not terms:
        return None
    return terms[0] if len(terms) == 1 else " or ".join(f"({term})" for term in terms)


def _in_order_within(text: str) -> bool:
    fields = fields_of(text)
    return sorts_as_time(text) and any(
        fields == order[start : start + len(fields)] for order in _ORDERS for start in range(len(order))
    )
