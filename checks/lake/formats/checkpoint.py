"""Delta: the actions of a checkpoint in Parquet, within bounds.

Delta Transaction Log Protocol: "Checkpoints", "Checkpoint Schema".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.lake.formats.logs import malformed
from checks.lake.parquet import check_nesting, footer_of
from checks.lake.parquet_pages import Leaf, check_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_FILES = 500_000
"""Files that a log may name: each is held in memory until the newest word on it is known."""
_BATCH = 1000
_WIDTHS = {"BYTE_ARRAY": 0, "INT96": 12}


class TooMuchError(Exception):
    """The log is larger than what is read of it."""


def rows_of_parquet(data: bytes, place: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the actions of a checkpoint in Parquet; raise Unobserved (malformed) for what is none."""
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
    except (pa.ArrowException, OSError, ValueError, TypeError, LookupError, OverflowError) as error:
        raise malformed(place, f"it is no checkpoint in Parquet ({error})") from error


def _leaves(schema: Any, columns: list[str]) -> dict[int, Leaf]:
    """Return the leaves of a schema that these columns are made of, by their places."""
    begins = tuple(f"{each}." for each in columns)
    leaves = ((number, schema.column(number)) for number in range(len(schema)))
    return {
        number: Leaf(_WIDTHS.get(leaf.physical_type, leaf.length or 8), leaf.max_repetition_level > 0)
        for number, leaf in leaves
        if f"{leaf.path}.".startswith(begins)
    }
