"""Delta: the actions of a checkpoint in Parquet, within bounds.

Delta Transaction Log Protocol: "Checkpoints", "Checkpoint Schema".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.lake.codecs.documents import OverBound, malformed, unsupported
from checks.lake.codecs.parquet import END, check_nesting, chunks_of, footer_of
from checks.lake.codecs.parquet_pages import Leaf, check_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FILES = 500_000
"""Files that a log may name: each is held in memory until the newest word on it is known."""
_MOST_BYTES = 16 * 1024 * 1024
_TAIL = 64 * 1024
_BATCH = 1000
_UPDATE = "update the monitor"
_MAGIC = b"PAR1"
_WITH_FEATURES = 3
"""The minReaderVersion from which on a protocol lists features of readers."""
_WIDTHS = {"BYTE_ARRAY": 0, "INT96": 12}


class TooMuchError(Exception):
    """The log is larger than what is read of it."""


def rows_of_parquet(data: bytes, place: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the actions of a checkpoint in Parquet; raise Unobserved (malformed) for what is none.

    Raises TooMuchError for one that may be sound and is over what is read of one.
    """
    import pyarrow as pa  # type: ignore[import-untyped] # 0.2 s, only for tables of which more than recency is asked
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    try:
        footer = footer_of(data)
        check_nesting(footer)
        file = pq.ParquetFile(pa.BufferReader(data))
        groups = range(file.metadata.num_row_groups)
        if sum(file.metadata.row_group(each).num_rows for each in groups) > MOST_FILES:
            raise TooMuchError(f"its checkpoint has more than {MOST_FILES:,} rows")
        check_sizes(data, footer, _leaves(file.schema, columns))
        for batch in file.iter_batches(batch_size=_BATCH, columns=columns):
            yield from batch.to_pylist()
    except OverBound as error:
        raise TooMuchError(f"its checkpoint is larger than what is read of one: {error}") from error
    except pa.ArrowNotImplementedError as error:
        raise unsupported(
            place, f"a checkpoint of a kind that pyarrow does not read ({error})", _UPDATE
        ) from error
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError) as error:
        raise malformed(place, f"it is no checkpoint in Parquet ({error})") from error


def protocol_of_parquet(file: Any, size_bytes: int, place: str) -> dict[str, Any] | None:
    """Return the protocol action of a checkpoint in Parquet that is read by ranges; None where it holds none.

    ``file`` seeks and reads. The statistics of the version tell most: below 3 there are no features. Raises Unobserved
    (malformed), and TooMuchError where what it would take is too large.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        footer = _footer_by_ranges(file, size_bytes)
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
        groups = [metadata.row_group(each) for each in range(metadata.num_row_groups)]
        if (
            sum(each.column(number).total_uncompressed_size for each in groups for number in wanted)
            > _MOST_BYTES
        ):
            raise TooMuchError("what its checkpoint says of the protocol is too large")
        reader = pq.ParquetFile(pa.PythonFile(file, mode="r"), metadata=metadata, pre_buffer=True)
        for batch in reader.iter_batches(batch_size=_BATCH, columns=["protocol"]):
            for row in batch.to_pylist():
                body = row.get("protocol")
                if body and body.get("minReaderVersion") is not None:
                    return dict(body)
    except OverBound as error:
        raise TooMuchError(f"its checkpoint is larger than what is read of one: {error}") from error
    except pa.ArrowNotImplementedError as error:
        raise unsupported(
            place, f"a checkpoint of a kind that pyarrow does not read ({error})", _UPDATE
        ) from error
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError) as error:
        raise malformed(place, f"it is no checkpoint in Parquet ({error})") from error
    return None


def _footer_by_ranges(file: Any, size_bytes: int) -> bytes:
    file.seek(max(0, size_bytes - _TAIL))
    tail: bytes = file.read(_TAIL)
    length = int.from_bytes(tail[-END:-4], "little")
    if tail[-4:] != _MAGIC or length > size_bytes:
        raise ValueError("it does not end as Parquet files do")
    if length > _MOST_BYTES:
        raise TooMuchError(f"the footer of its checkpoint is more than {_MOST_BYTES:,} bytes")
    if length + END > len(tail):
        file.seek(size_bytes - END - length)
        return bytes(file.read(length))
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
