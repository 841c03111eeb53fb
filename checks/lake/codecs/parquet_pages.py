"""What columns of a Parquet file come to once they are read, by the headers of their pages.

pyarrow takes as much memory as a file asks for: a page is packed, and a value that stands once in a dictionary may be
that of each row, so that a file of 1 KB may take more than there is.

Apache Parquet format, parquet.thrift, "Encodings" and "Data Pages".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.lake.codecs.documents import OverBound
from checks.lake.codecs.parquet import Compact, column_chunks

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 256 * 1024 * 1024
"""What lists, and flat columns of long values, may come to."""
MOST_BYTES_OF_PAGE = 64 * 1024 * 1024
MOST_BYTES_OF_DICTIONARY = 16 * 1024 * 1024
"""Writers fall back to plain pages at 1 MiB."""
MOST_PAGES = 200_000
_LONG = 16 * 1024
"""Flat values that are shorter on average are read batch by batch, whatever all come to."""
_IN_LIST = 32
"""What a value of a list takes beside its bytes."""
_DICTIONARY_PAGE = 2
_HEADERS = {0: (5, 2), 3: (8, 4)}
"""By the type of a data page (version 1, 2): where its header is, and where the encoding is in that."""
_BY_DICTIONARY, _DELTA_BYTE_ARRAY = (2, 8), 7
_CODECS = {1: "snappy", 2: "gzip", 4: "brotli", 6: "zstd", 7: "lz4_raw"}


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column to be read: how many bytes each value has (0: as many as it likes), whether it lies in a list or map."""

    width: int
    in_list: bool


def check_sizes(data: bytes, footer: bytes, leaves: Mapping[int, Leaf]) -> None:
    """Raise OverBound where reading these columns, by their places among the leaves, would take too much memory.

    Raises ValueError where the file is damaged.
    """
    total = pages = 0
    for number, column in column_chunks(footer):
        if number in leaves:
            for size in _costs(data, column, leaves[number]):
                total, pages = total + size, pages + 1
                if total > MOST_BYTES:
                    raise OverBound(f"it unpacks to more than {MOST_BYTES:,} bytes")
                if pages > MOST_PAGES:
                    raise OverBound(f"it has more than {MOST_PAGES:,} pages")


def _costs(data: bytes, column: Mapping[int, Any], leaf: Leaf) -> list[int]:
    """Return what each page of a column chunk (a ColumnMetaData) takes; 0 where it is one of many small values."""
    first, begin = column.get(9, 0), column.get(11) or 0
    at = begin if 0 < begin < first else first
    end, left, longest = at + column.get(7, 0), column.get(5, 0), leaf.width
    costs: list[int] = []
    while left > 0 and 0 <= at < end and len(costs) <= MOST_PAGES:
        compact = Compact(data, at)
        page = compact.read_struct()
        kind, size, packed = page.get(1), page.get(2, 0), page.get(3, 0)
        if packed < 0 or size < 0:
            raise ValueError(f"it has a page of {size:,} bytes")
        if size > MOST_BYTES_OF_PAGE:
            raise OverBound(f"it has a page of {size:,} bytes, and at most {MOST_BYTES_OF_PAGE:,} are read")
        at = compact.pos + packed
        if kind == _DICTIONARY_PAGE:
            costs.append(size)
            if not leaf.width:
                longest = _longest(_unpacked(data[compact.pos : at], column.get(4, 0), size))
        elif kind in _HEADERS:
            place, encoded_at = _HEADERS[kind]
            count, encoding = page[place][1], page[place][encoded_at]
            each = longest if encoding in _BY_DICTIONARY else size if encoding == _DELTA_BYTE_ARRAY else 0
            held = max(size, count * each)
            if leaf.in_list:
                costs.append(held + count * _IN_LIST)
            else:
                costs.append(held if held > count * _LONG else 0)
            left -= count
    return costs


def _unpacked(page: bytes, codec: int, size: int) -> bytes:
    """Unpack a dictionary; what is packed in a way that is not known may be one value."""
    import pyarrow as pa  # type: ignore[import-untyped]

    if size > MOST_BYTES_OF_DICTIONARY:
        raise OverBound(
            f"it has a dictionary of {size:,} bytes, and at most {MOST_BYTES_OF_DICTIONARY:,} are read"
        )
    if codec not in _CODECS:
        return page if codec == 0 else size.to_bytes(4, "little") + bytes(size)
    return bytes(pa.decompress(page, decompressed_size=size, codec=_CODECS[codec], asbytes=True))


def _longest(page: bytes) -> int:
    """Return the length of the longest value of a dictionary: each is written after its length."""
    at = longest = 0
    while at + 4 <= len(page):
        size = int.from_bytes(page[at : at + 4], "little")
        longest = max(longest, size)
        at += 4 + size
    return longest
