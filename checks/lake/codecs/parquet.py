"""What pyarrow must not be asked of a Parquet footer, read from its Thrift structures: nesting, statistics of a column.

pyarrow reads schemas and data, and refuses what is damaged; but where it gives out a column's statistics it does not
catch its own exceptions (25.0), and it follows a schema down without end, on the stack: so that one damaged file would
end the process, and with it the run.

Apache Parquet format, parquet.thrift; Apache Thrift, "Thrift Compact protocol encoding".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.lake.codecs.documents import OverBound
from checks.lake.codecs.varints import Varints

if TYPE_CHECKING:
    from collections.abc import Iterator

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
END = 8
"""What follows a footer: its length (four bytes, little-endian) and the magic number."""
_MOST_DEPTH = 32
_MOST_LEVELS = 200
"""Of a schema: lists and maps take two more each. pyarrow was seen to end the process at 20,000."""
_MOST_VALUES = 1_000_000
"""Fields and elements that are kept of one structure: a byte of them may take 60 in memory."""


def footer_of(data: bytes) -> bytes:
    """Return the footer of a file that ends in it, without its length and magic number; it may be cut short."""
    return data[-END - int.from_bytes(data[-END:-4], "little") : -END]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A column in one row group: its values, how many of them are null, and the largest; None: not told."""

    values: int
    nulls: int | None
    largest: int | None


def chunks_of(footer: bytes, number: int, width: int) -> tuple[Chunk, ...]:
    """Return a column of integers in each row group that has rows; raise ValueError where the footer is damaged.

    ``footer`` is without its length and magic number, ``number`` the column's place among the leaves of the schema, and
    ``width`` how many bytes its values have: 4 of INT32, 8 of INT64.
    """
    compact = Compact(footer)
    found: list[dict[int, Any]] = []
    is_ordered = False
    try:
        for field, kind in compact.fields():
            if (field, kind) == (4, _LIST):
                found = list(_of_groups(compact, number))
            elif (field, kind) == (
                7,
                _LIST,
            ):  # without an order of its own a column's max_value means nothing
                is_ordered = len(compact.read(kind)) > number
            else:
                compact.skip(kind)
        return tuple(_chunk(column, width, is_ordered=is_ordered) for column in found)
    except (IndexError, TypeError, AttributeError) as error:
        raise ValueError("it was cut short, or is of other fields than a footer's") from error


def check_nesting(footer: bytes) -> None:
    """Raise OverBound where a footer's schema is nested too deeply for pyarrow, ValueError where it is damaged."""
    compact = Compact(footer)
    try:
        for field, kind in compact.fields():
            if (field, kind) == (2, _LIST):  # each of them: of fields that come twice pyarrow takes the last
                _check_levels(compact)
            else:
                compact.skip(kind)
    except IndexError as error:
        raise ValueError("it was cut short") from error


def _check_levels(compact: Compact) -> None:
    """Go through the elements of a schema, which are written depth first with the number of their children."""
    lacking: list[int] = []
    for _ in range(compact.structs("columns")):
        children = compact.read_struct().get(5)
        while lacking and not lacking[-1]:
            lacking.pop()
        if lacking:
            lacking[-1] -= 1
        if isinstance(children, int) and children > 0:
            lacking.append(children)
        if len(lacking) > _MOST_LEVELS:
            raise OverBound(f"its schema is nested more than {_MOST_LEVELS} levels deep")


def column_chunks(footer: bytes) -> Iterator[tuple[int, dict[int, Any]]]:
    """Yield the ColumnMetaData of each column of each row group, with the column's place; raise ValueError."""
    compact = Compact(footer)
    try:
        for field, kind in compact.fields():
            if (field, kind) != (4, _LIST):
                compact.skip(kind)
                continue
            for _ in range(compact.structs("row groups")):
                for part, inner in compact.fields():
                    if (part, inner) != (1, _LIST):
                        compact.skip(inner)
                        continue
                    for number in range(compact.structs("columns")):
                        yield number, compact.read_struct().get(3, {})
    except (IndexError, TypeError, AttributeError) as error:
        raise ValueError("it was cut short, or is of other fields than a footer's") from error


def _of_groups(compact: Compact, number: int) -> Iterator[dict[int, Any]]:
    """Yield the ColumnMetaData of a column in each row group with rows; an encrypted one is empty."""
    for _ in range(compact.structs("row groups")):
        column: dict[int, Any] | None = None
        rows = 0
        for field, inner in compact.fields():
            if (field, inner) == (1, _LIST):
                column = _nth(compact, number)
            elif (field, inner) == (3, _I64):
                rows = compact.long()
            else:
                compact.skip(inner)
        if column is None:
            raise ValueError(f"a row group has no column {number}")
        if rows:
            yield column.get(3, {})


def _nth(compact: Compact, number: int) -> dict[int, Any] | None:
    size, kind = compact.size()
    found: dict[int, Any] | None = None
    for place in range(size):
        if place == number and kind == _STRUCT:
            found = compact.read_struct()
        else:
            compact.skip(kind)
    return found


def _chunk(column: dict[int, Any], width: int, *, is_ordered: bool) -> Chunk:
    """Return what a ColumnMetaData tells; the deprecated ``max`` is right for integers (Statistics)."""
    statistics = column.get(12, {})
    raw = statistics.get(5) if is_ordered else None
    raw = statistics.get(1) if raw is None else raw
    if raw is not None and len(raw) != width:
        raise ValueError(f"the largest value of a column has {len(raw)} bytes")
    largest = int.from_bytes(raw, "little", signed=True) if raw is not None else None
    return Chunk(int(column.get(5, 0)), statistics.get(3), largest)


@dataclass(slots=True)
class Compact(Varints):
    """Reads Thrift's compact protocol: structures as dicts by field number."""

    left: int = _MOST_VALUES

    def _move(self, size: int) -> None:
        self.pos += size
        if self.pos > len(self.data):
            raise IndexError

    def fields(self) -> Iterator[tuple[int, int]]:
        """Yield the number and kind of each field of a structure; each has to be read or skipped then."""
        field = 0
        while True:
            byte = self.data[self.pos]
            self.pos += 1
            if byte == 0:
                return
            step = byte >> 4
            field = field + step if step else self.long()
            yield field, byte & 0x0F

    def size(self) -> tuple[int, int]:
        """Return the length of a list or set and the kind of its elements, each of a byte at least."""
        byte = self.data[self.pos]
        self.pos += 1
        size = byte >> 4
        if size == 0x0F:
            size = self.varint()
        if size > len(self.data) - self.pos:
            raise ValueError(f"a list of {size:,} elements is longer than it")
        return size, byte & 0x0F

    def structs(self, what: str) -> int:
        """Return the length of a list of structures."""
        size, kind = self.size()
        if kind != _STRUCT:
            raise ValueError(f"its {what} are no structures")
        return size

    def read_struct(self) -> dict[int, Any]:
        """Return a structure, within bounds."""
        self.left = _MOST_VALUES
        found: dict[int, Any] = self.read(_STRUCT)
        return found

    def read(self, kind: int, depth: int = 0) -> Any:
        """Return a value of a kind."""
        if depth > _MOST_DEPTH:
            raise OverBound(f"its structures are nested more than {_MOST_DEPTH} levels deep")
        self.left -= 1
        if self.left < 0:
            raise OverBound(f"a structure holds more than {_MOST_VALUES:,} values")
        if kind in (_I16, _I32, _I64):
            return self.long()
        if kind == _BINARY:
            size = self.varint()
            self._move(size)
            return self.data[self.pos - size : self.pos]
        if kind in (_LIST, _SET):
            count, inner = self.size()
            if inner in (_TRUE, _FALSE):
                inner = _BYTE
            return [self.read(inner, depth + 1) for _ in range(count)]
        if kind == _STRUCT:
            return {field: self.read(inner, depth + 1) for field, inner in self.fields()}
        self.skip(kind, depth)
        return None

    def skip(self, kind: int, depth: int = 0) -> None:
        """Pass over a value of a kind."""
        if depth > _MOST_DEPTH:
            raise OverBound(f"its structures are nested more than {_MOST_DEPTH} levels deep")
        if kind in (_I16, _I32, _I64):
            self.varint()
        elif kind == _BINARY:
            self._move(self.varint())
        elif kind == _STRUCT:
            for _, inner in self.fields():
                self.skip(inner, depth + 1)
        elif kind in (_LIST, _SET):
            count, inner = self.size()
            for _ in range(count):
                self.skip(_BYTE if inner in (_TRUE, _FALSE) else inner, depth + 1)
        elif kind in (_BYTE, _DOUBLE):
            self._move(1 if kind == _BYTE else 8)
        elif kind not in (_TRUE, _FALSE):
            raise ValueError(f"it has a field of kind {kind}")
