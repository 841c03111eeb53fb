"""Avro object container files, read with bounds: Iceberg's manifests and Hudi's commits are such files.

Apache Avro Specification 1.11, "Object Container Files" and "Binary encoding". Values come back as
plain Python ones (records and maps as dicts, fixed and bytes as bytes), by the schema that they were written
with. Logical types are left as they are stored.
"""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from checks.aws.ledger import take_room
from checks.aws.problems import clean
from checks.lake.codecs.documents import OverBound, malformed, over_bound, unsupported
from checks.lake.codecs.varints import Varints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAGIC = b"Obj\x01"
MOST_BYTES = 64 * 1024 * 1024
"""What all blocks of a file may unpack to."""
MOST_VALUES = 10_000_000
"""Records, array items and map entries in a file: items of no bytes could else be claimed without end."""
MOST_VALUES_OF_RECORD = 1_000_000
MOST_FIELDS_OF_RECORD = 4_000_000
"""Fields of one record with all that it holds: each takes a byte in the file, and 30 and more in memory."""
MOST_SCHEMA_BYTES = 1024 * 1024
"""That of a manifest or commit takes some 10 KB; ``[]`` takes 150 times its bytes once it is compiled."""
MOST_HEADER = 1000
"""Entries of a header: Iceberg writes six."""
MOST_IDLE = 500_000
"""Fields and items of no bytes, such as the partition of an unpartitioned table: a few bytes could claim many."""
_LARGE_BLOCK = 1024 * 1024
"""Writers end a block after some 64 KB, unless one record is longer."""
_PIECE = 256 * 1024
_SYNC = 16


class _WrongError(ValueError):
    """What is wrong with the file, in words."""


class _OtherCodecError(_WrongError):
    """How the file is packed: it may be sound, and is not read."""


@dataclass(slots=True)
class _Cursor(Varints):
    budget: int = MOST_VALUES
    idle: int = MOST_IDLE
    fields: int = MOST_FIELDS_OF_RECORD

    def take(self, size: int) -> bytes:
        start, end = self.pos, self.pos + size
        if size < 0 or end > len(self.data):
            raise _WrongError("it was cut short")
        self.pos = end
        return self.data[start:end]

    def text(self) -> str:
        return self.take(self.long()).decode("utf-8")

    def spend(self, count: int) -> int:
        """Count values; a negative number of items is followed by the block's size in bytes."""
        if count < 0:
            count = -count
            self.long()
        self.budget -= count
        if self.budget < 0:
            raise OverBound(
                f"it holds more than {MOST_VALUES:,} values, {MOST_VALUES_OF_RECORD:,} in one record or "
                f"{MOST_HEADER:,} in its header"
            )
        return count

    def items(self) -> int:
        """Read how many items the next block of an array or map holds, 0 at its end."""
        count = self.spend(self.long())
        self.waste(count - (len(self.data) - self.pos))
        return count

    def spend_fields(self, count: int) -> None:
        """Count the fields of a record that lies in the one that is read."""
        self.fields -= count
        if self.fields < 0:
            raise OverBound(f"it holds a record of more than {MOST_FIELDS_OF_RECORD:,} fields")

    def waste(self, count: int) -> None:
        """Count values that take no bytes."""
        if count > 0:
            self.idle -= count
            if self.idle < 0:
                raise OverBound(f"it holds more than {MOST_IDLE:,} values of no bytes")


_Read: TypeAlias = "Callable[[_Cursor], Any]"


def _read_double(cursor: _Cursor) -> float:
    number: float = struct.unpack("<d", cursor.take(8))[0]
    return number


def _read_float(cursor: _Cursor) -> float:
    number: float = struct.unpack("<f", cursor.take(4))[0]
    return number


_PRIMITIVES: dict[str, _Read] = {
    "null": lambda _: None,
    "boolean": lambda cursor: cursor.take(1) != b"\x00",
    "int": Varints.long,
    "long": Varints.long,
    "float": _read_float,
    "double": _read_double,
    "bytes": lambda cursor: cursor.take(cursor.long()),
    "string": _Cursor.text,
}


@dataclass(slots=True)
class _Compiler:
    """Turns a schema into functions that read; named types may be used before they end (recursion)."""

    names: dict[str, _Read] = field(default_factory=dict)

    def compile(self, schema: Any, namespace: str = "") -> _Read:
        if isinstance(schema, str):
            return self._named(schema, namespace)
        if isinstance(schema, list):
            return self._union([self.compile(branch, namespace) for branch in schema])
        if not isinstance(schema, dict):
            raise _WrongError(f"its schema has a type {schema!r:.40}")
        kind = schema.get("type")
        if kind == "array":
            return self._array(self.compile(schema.get("items"), namespace))
        if kind == "map":
            return self._map(self.compile(schema.get("values"), namespace))
        if kind in ("record", "error", "fixed", "enum"):
            return self._define(kind, schema, namespace)
        return self.compile(kind, namespace)

    def _named(self, name: str, namespace: str) -> _Read:
        if name in _PRIMITIVES:
            return _PRIMITIVES[name]
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        if full not in self.names:
            raise _WrongError(f"its schema names an unknown type {name!r:.40}")

        def read(cursor: _Cursor) -> Any:
            return self.names[full](cursor)  # looked up late: a record may hold records of its own type

        return read

    def _define(self, kind: str, schema: dict[str, Any], namespace: str) -> _Read:
        name = schema.get("name")
        if not isinstance(name, str):
            raise _WrongError(f"a {kind} of its schema has no name")
        inner = schema.get("namespace") or namespace
        inner = name.rpartition(".")[0] if "." in name else str(inner)
        full = name if "." in name or not inner else f"{inner}.{name}"
        read: _Read
        if kind == "fixed":
            size = schema.get("size")
            if not isinstance(size, int) or size < 0:
                raise _WrongError(f"a fixed type of its schema has the size {size!r:.40}")
            read = _fixed(size)
        elif kind == "enum":
            symbols = schema.get("symbols")
            if not isinstance(symbols, list):
                raise _WrongError("an enum of its schema has no symbols")
            read = _enum(symbols)
        else:
            pairs: list[tuple[str, _Read]] = []
            read = _record(pairs)
            self.names[full] = read
            fields = schema.get("fields")
            if not isinstance(fields, list):
                raise _WrongError("a record of its schema has no fields")
            pairs.extend((str(each["name"]), self.compile(each["type"], inner)) for each in fields)
        self.names[full] = read
        return read

    @staticmethod
    def _union(branches: list[_Read]) -> _Read:
        def read(cursor: _Cursor) -> Any:
            index = cursor.long()
            if not 0 <= index < len(branches):
                raise _WrongError(f"branch {index} of a union of {len(branches)}")
            return branches[index](cursor)

        return read

    @staticmethod
    def _array(item: _Read) -> _Read:
        def read(cursor: _Cursor) -> list[Any]:
            found: list[Any] = []
            while count := cursor.items():
                found.extend(item(cursor) for _ in range(count))
            return found

        return read

    @staticmethod
    def _map(value: _Read) -> _Read:
        def read(cursor: _Cursor) -> dict[str, Any]:
            found: dict[str, Any] = {}
            while count := cursor.items():
                for _ in range(count):
                    key = cursor.text()
                    found[key] = value(cursor)
            return found

        return read


def _fixed(size: int) -> _Read:
    return lambda cursor: cursor.take(size)


def _enum(symbols: list[Any]) -> _Read:
    def read(cursor: _Cursor) -> Any:
        index = cursor.long()
        if not 0 <= index < len(symbols):
            raise _WrongError(f"symbol {index} of an enum of {len(symbols)}")
        return symbols[index]

    return read


def _record(pairs: list[tuple[str, _Read]]) -> _Read:
    def read_all(cursor: _Cursor) -> dict[str, Any]:
        start = cursor.pos
        cursor.spend_fields(len(pairs))
        found = {name: read(cursor) for name, read in pairs}
        cursor.waste((len(pairs) or 1) - (cursor.pos - start))
        return found

    return read_all


@dataclass(frozen=True, slots=True)
class Container:
    """An open file: what its header tells, and its records one by one."""

    place: str
    meta: dict[str, bytes]
    _cursor: _Cursor
    _read: _Read
    _sync: bytes

    def records(self) -> Iterator[Any]:
        """Yield each record; raise Unobserved where the file is not as it should be, or too large."""
        cursor = self._cursor
        unpacked = 0
        while cursor.pos < len(cursor.data):
            try:
                count = cursor.spend(cursor.long())
                block = _unpack(
                    cursor.take(cursor.long()), self.meta.get("avro.codec", b"null"), MOST_BYTES - unpacked
                )
                if cursor.take(_SYNC) != self._sync:
                    raise _WrongError("a block does not end in the file's marker")
            except _ERRORS as error:
                raise _told(error, self.place) from error
            unpacked += len(block)
            if len(block) > _LARGE_BLOCK:
                take_room(len(block))
            inner = _Cursor(block, 0, 0, cursor.idle)
            for number in range(count):
                inner.budget = allowed = min(cursor.budget, MOST_VALUES_OF_RECORD)
                inner.fields = MOST_FIELDS_OF_RECORD
                try:
                    if number == 0:
                        inner.waste(count - len(block))
                    record = self._read(inner)
                except _ERRORS as error:
                    raise _told(error, self.place) from error
                cursor.budget -= allowed - inner.budget
                yield record
            if inner.pos != len(block):
                raise malformed(self.place, "a block holds more than its records")
            cursor.idle = inner.idle


_ERRORS = (ValueError, IndexError, KeyError, TypeError, RecursionError, OverflowError, zlib.error, OSError)


def _told(error: Exception, place: str) -> Exception:
    what = str(error)
    if isinstance(error, OverBound):
        return over_bound(place, f"{what}, which is as much as is read of an Avro file")
    if isinstance(error, RecursionError):
        return over_bound(place, "it is nested more deeply than is read of an Avro file")
    if isinstance(error, _OtherCodecError):
        return unsupported(place, what, "have its writer pack Avro with deflate, snappy or zstandard")
    if isinstance(error, IndexError):
        what = "it was cut short"
    return malformed(place, f"{what} (as an Avro file)")


def open_container(data: bytes, place: str) -> Container:
    """Read the header of a container file; raise Unobserved (malformed) naming the place."""
    if not data.startswith(MAGIC):
        raise malformed(place, "it is no Avro file")
    head = _Cursor(data, len(MAGIC), MOST_HEADER)
    try:
        meta: dict[str, bytes] = _Compiler._map(_PRIMITIVES["bytes"])(head)  # noqa: SLF001 - its own module
        sync = head.take(_SYNC)
        if len(meta["avro.schema"]) > MOST_SCHEMA_BYTES:
            raise OverBound(f"its schema has more than {MOST_SCHEMA_BYTES:,} bytes")
        schema = json.loads(meta["avro.schema"])
        return Container(place, meta, _Cursor(data, head.pos), _Compiler().compile(schema), sync)
    except _ERRORS as error:
        raise _told(error, place) from error


def _unpack(block: bytes, codec: bytes, room: int) -> bytes:
    """Unpack a block into at most ``room`` bytes."""
    too_large = f"it unpacks to more than {MOST_BYTES:,} bytes"
    if codec in (b"null", b""):
        plain = block
    elif codec == b"deflate":
        inflate = zlib.decompressobj(wbits=-15)
        plain = inflate.decompress(block, room + 1)
        if not inflate.eof and len(plain) <= room:
            raise _WrongError("a packed block was cut short")
    elif codec in (b"zstandard", b"snappy"):
        plain = _unpack_by_arrow(block, codec, room, too_large)
    else:
        raise _OtherCodecError(
            f"it is packed with {clean(codec[:20].decode('utf-8', 'replace'))}, which is not read"
        )
    if len(plain) > room:
        raise OverBound(too_large)
    return plain


def _unpack_by_arrow(block: bytes, codec: bytes, room: int, too_large: str) -> bytes:
    import pyarrow as pa  # type: ignore[import-untyped] # 0.2 s, only for these codecs

    if codec == b"zstandard":
        plain = bytearray()
        with pa.CompressedInputStream(pa.BufferReader(block), "zstd") as stream:
            # Piece by piece: pyarrow (25.0) never frees what it was to read into when a frame turns out damaged.
            while len(plain) <= room and (piece := stream.read(_PIECE)):
                plain += piece
        return bytes(plain)
    size, shift = 0, 0
    for byte in block[:5]:  # snappy begins with the size that it unpacks to
        size |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            break
    if size > room:
        raise OverBound(too_large)
    return bytes(pa.decompress(block[:-4], decompressed_size=size, codec="snappy", asbytes=True))
