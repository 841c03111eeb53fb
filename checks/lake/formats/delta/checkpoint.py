"""Delta: the actions of a checkpoint in Parquet, within bounds.

Delta Transaction Log Protocol: "Checkpoints", "Checkpoint Schema".
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from checks.lake.codecs.documents import OverBound, malformed, unsupported
from checks.lake.codecs.parquet import END, check_nesting, chunks_of, footer_of
from checks.lake.codecs.parquet_pages import Leaf, check_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Read: TypeAlias = "Callable[[int, int], bytes]"
"""Returns the bytes of a file from one place up to another."""
MOST_FILES = 500_000
"""Files that a log may name: each is held in memory until the newest word on it is known."""
_MOST_BYTES = 16 * 1024 * 1024
_TAIL = 64 * 1024
_BATCH = 1000
_HOLE = 8 * 1024
"""What lies between two parts of a file that are read by one request at most: less than a request takes."""
_UPDATE = "update the monitor"
_MAGIC = b"PAR1"
_WITH_FEATURES = 3
"""The minReaderVersion from which on a protocol lists features of readers."""
_WIDTHS = {"BYTE_ARRAY": 0, "INT96": 12}


class TooMuchError(Exception):
    """The log is larger than what is read of it."""


@contextmanager
def _refusing(place: str) -> Iterator[None]:
    """Raise what reading a checkpoint may come to as Unobserved, or TooMuchError where it is over its bounds."""
    import pyarrow as pa  # type: ignore[import-untyped] # 0.2 s, only for tables of which more than recency is asked

    try:
        yield
    except OverBound as error:
        raise TooMuchError(f"its checkpoint is larger than what is read of one: {error}") from error
    except pa.ArrowNotImplementedError as error:
        raise unsupported(
            place, f"a checkpoint of a kind that pyarrow does not read ({error})", _UPDATE
        ) from error
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError) as error:
        raise malformed(place, f"it is no checkpoint in Parquet ({error})") from error


def rows_of_parquet(data: bytes, place: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the actions of a checkpoint in Parquet; raise Unobserved (malformed) for what is none.

    Raises TooMuchError for one that may be sound and is over what is read of one.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    with _refusing(place):
        footer = footer_of(data)
        check_nesting(footer)
        file = pq.ParquetFile(pa.BufferReader(data))
        groups = range(file.metadata.num_row_groups)
        if sum(file.metadata.row_group(each).num_rows for each in groups) > MOST_FILES:
            raise TooMuchError(f"its checkpoint has more than {MOST_FILES:,} rows")
        check_sizes(data, footer, _leaves(file.schema, columns))
        for batch in file.iter_batches(batch_size=_BATCH, columns=columns, use_threads=False):
            yield from batch.to_pylist()


def protocol_of_parquet(read: Read, size_bytes: int, place: str) -> dict[str, Any] | None:
    """Return the protocol action of a checkpoint in Parquet that is read by ranges; None where it holds none.

    ``read`` returns its bytes from one place up to another. The statistics of the version tell most: below 3 there are
    no features. Raises Unobserved (malformed), and TooMuchError where what it would take is too large.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with _refusing(place):
        footer = _footer_by_ranges(read, size_bytes)
        check_nesting(footer)
        metadata = pq.read_metadata(
            pa.BufferReader(_MAGIC + footer + len(footer).to_bytes(4, "little") + _MAGIC)
        )
        paths = [metadata.schema.column(number).path for number in range(len(metadata.schema))]
        told = chunks_of(footer, paths.index("protocol.minReaderVersion"), 4)
        known = [chunk.largest for chunk in told if chunk.nulls is None or chunk.nulls < chunk.values]
        if known and all(each is not None and each < _WITH_FEATURES for each in known):
            return {"minReaderVersion": max(each for each in known if each is not None)}
        wanted = [number for number, path in enumerate(paths) if path.startswith("protocol.")]
        return _protocol_in(read, size_bytes, metadata, wanted)


def _protocol_in(read: Read, size_bytes: int, metadata: Any, columns: Sequence[int]) -> dict[str, Any] | None:
    """Return the protocol action that these columns of a checkpoint tell; None where they hold none."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    groups = [metadata.row_group(each) for each in range(metadata.num_row_groups)]
    chunks = [group.column(number) for group in groups for number in columns]
    spans = _spans(chunks, size_bytes)
    taken = sum(end - start for start, end in spans)
    if max(taken, sum(each.total_uncompressed_size for each in chunks)) > _MOST_BYTES:
        raise TooMuchError("what its checkpoint says of the protocol is too large")
    # A thread of pyarrow may let go of an object of Python so late that the process, ending by then, is aborted.
    ahead = pa.PythonFile(_Ahead(read, size_bytes, spans), mode="r")
    reader = pq.ParquetFile(ahead, metadata=metadata, pre_buffer=False)
    for batch in reader.iter_batches(batch_size=_BATCH, columns=["protocol"], use_threads=False):
        for row in batch.to_pylist():
            body = row.get("protocol")
            if body and body.get("minReaderVersion") is not None:
                return dict(body)
    return None


def _spans(chunks: Iterable[Any], size_bytes: int) -> list[tuple[int, int]]:
    """Return from where up to where chunks of columns lie in a file; those that lie close together are one.

    Raises ValueError where they lie outside of it.
    """
    found: list[tuple[int, int]] = []
    for start, end in sorted(map(_span_of, chunks)):
        if not 0 <= start <= end <= size_bytes:
            raise ValueError("some of its columns lie outside of it")
        if found and start - found[-1][1] <= _HOLE:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _span_of(chunk: Any) -> tuple[int, int]:
    """Return where a chunk lies: with its dictionary, which comes first where there is one."""
    start = min(chunk.dictionary_page_offset or chunk.data_page_offset, chunk.data_page_offset)
    return start, start + chunk.total_compressed_size


class _Ahead(io.RawIOBase):
    """A file of which each of the ``spans`` is read at once, when any of it is asked for first."""

    def __init__(self, read: Read, size_bytes: int, spans: list[tuple[int, int]]) -> None:
        super().__init__()
        self._read, self._size, self._spans, self._at = read, size_bytes, spans, 0
        self._known: dict[tuple[int, int], bytes] = {}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence] + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        at, end = self._at, self._size if size < 0 else min(self._at + size, self._size)
        span = next((each for each in self._spans if each[0] <= at and end <= each[1]), (at, end))
        if span not in self._known:
            self._known[span] = self._read(*span)
        data = self._known[span][at - span[0] : end - span[0]]
        self._at += len(data)
        return data


def _footer_by_ranges(read: Read, size_bytes: int) -> bytes:
    tail = read(max(0, size_bytes - _TAIL), size_bytes)
    length = int.from_bytes(tail[-END:-4], "little")
    if tail[-4:] != _MAGIC or length > size_bytes:
        raise ValueError("it does not end as Parquet files do")
    if length > _MOST_BYTES:
        raise TooMuchError(f"the footer of its checkpoint is more than {_MOST_BYTES:,} bytes")
    if length + END > len(tail):
        return read(size_bytes - END - length, size_bytes - END)
    return tail[-(length + END) : -END]


def _leaves(schema: Any, columns: list[str]) -> dict[int, Leaf]:
    """Return the leaves of a schema that these columns are made of, by their places."""
    begins = tuple(f"{each}." for each in columns)
    leaves = ((number, schema.column(number)) for number in range(len(schema)))
    return {
        number: Leaf(_WIDTHS.get(leaf.physical_type, leaf.length or 8), leaf.max_repetition_level > 0)
        for number, leaf in leaves
        if f"{leaf.path}.".startswith(begins)
    }
