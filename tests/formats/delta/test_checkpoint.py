"""Checkpoints of Delta in Parquet: what writers write is read, and what would take all memory is refused unread."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet as pq

from checks.lake.codecs import parquet_pages
from checks.lake.formats.delta import checkpoint
from checks.lake.formats.delta.checkpoint import TooMuchError, protocol_of_parquet, rows_of_parquet
from checks.model import ProblemKind, Unobserved
from tests.lake.test_parquet import as_file, nested

if TYPE_CHECKING:
    from collections.abc import Callable

PLACE = "s3://lake/sales/orders/_delta_log/00000000000000000010.checkpoint.parquet"
COLUMNS = ["add.path", "add.partitionValues", "add.size", "add.stats"]
LONG = "x" * 100_000


def written(paths: Any, **options: Any) -> bytes:
    values = pa.array([[("day", "2026-11-22")]] * len(paths), pa.map_(pa.string(), pa.string()))
    parts = {"path": paths, "partitionValues": values, "size": pa.array(range(len(paths)))}
    file = io.BytesIO()
    adds = pa.StructArray.from_arrays(list(parts.values()), names=list(parts))
    pq.write_table(pa.table({"add": adds}), file, **{"write_statistics": False, **options})
    return file.getvalue()


def one_value(value: str, rows: int) -> bytes:
    """Write one value into each row, which takes its bytes but once."""
    paths = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([value]))
    return written(paths, compression="zstd", dictionary_pagesize_limit=1 << 30)


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "brotli", "zstd", "lz4"])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_what_writers_write_is_read(codec: str, version: str) -> None:
    paths = pa.array([f"part-{number:05d}.parquet" for number in range(5_000)])
    data = written(paths, compression=codec, data_page_version=version, row_group_size=2_000)
    found = list(rows_of_parquet(data, PLACE, COLUMNS))
    assert [row["add"]["path"] for row in found] == paths.to_pylist()
    assert found[4_999]["add"]["size"] == 4_999
    assert found[4_999]["add"]["partitionValues"] == [("day", "2026-11-22")]


def test_a_long_value_that_a_few_rows_share_is_read() -> None:
    assert len(list(rows_of_parquet(one_value(LONG, 100), PLACE, COLUMNS))) == 100


def delta_bytes() -> bytes:
    return written(
        pa.array([LONG] * 300),
        use_dictionary=False,
        column_encoding={"add.path": "DELTA_BYTE_ARRAY"},
        data_page_size=1 << 30,
    )


def many_in_one_row() -> bytes:
    pairs = pa.array([[("a", "b")] * 300_000], pa.map_(pa.string(), pa.string()))
    file = io.BytesIO()
    pq.write_table(pa.table({"add": pa.StructArray.from_arrays([pairs], names=["partitionValues"])}), file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("make", "wrong"),
    [
        (lambda: one_value(LONG, 200_000), "it unpacks to more than 268,435,456 bytes"),
        (lambda: one_value("x" * 17_000_000, 20), "it has a dictionary of 17,000,004 bytes"),
        (
            lambda: written(pa.array(["x" * 70_000_000]), compression="zstd", use_dictionary=False),
            "it has a page of 70,000,0",
        ),
        (lambda: as_file(nested(20_000)), "its schema is nested more than 200 levels deep"),
    ],
    ids=["a value for all rows", "dictionary", "page", "nested"],
)
def test_a_small_file_that_would_take_all_memory_is_refused_unread(
    make: Callable[[], bytes], wrong: str
) -> None:
    refused(make(), wrong)


@pytest.mark.parametrize("make", [delta_bytes, many_in_one_row], ids=["prefixes", "map"])
def test_what_is_short_by_its_encoding_counts_as_long_as_it_is(
    make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_pages, "MOST_BYTES", 16_000_000)
    refused(make(), "it unpacks to more than 16,000,000 bytes")


def refused(data: bytes, wrong: str) -> None:
    assert len(data) < 1_000_000
    before = pa.total_allocated_bytes()
    with pytest.raises(TooMuchError) as error:  # it may well be sound
        list(rows_of_parquet(b"PAR1" + data if data[:4] != b"PAR1" else data, PLACE, COLUMNS))
    assert "its checkpoint is larger than what is read of one: " in str(error.value)
    assert wrong in str(error.value)
    assert pa.total_allocated_bytes() - before < 20_000_000


def test_a_footer_that_is_too_large_is_told_as_that_and_one_beyond_the_file_as_torn() -> None:
    def asked(length: int, size_bytes: int) -> None:
        tail = b"PAR1" + b"\0" * 64 + length.to_bytes(4, "little") + b"PAR1"
        protocol_of_parquet(lambda *_: tail, size_bytes, "s3://lake/t/_delta_log/1.checkpoint.parquet")

    with pytest.raises(TooMuchError, match=r"footer of its checkpoint is more than 16,777,216 bytes"):
        asked(16 * 1024 * 1024 + 1, 32 * 1024 * 1024)
    with pytest.raises(Unobserved) as torn:
        asked(16 * 1024 * 1024 + 1, 16 * 1024 * 1024)
    assert torn.value.problem.kind is ProblemKind.MALFORMED


def with_protocol(rows: int, **options: Any) -> bytes:
    """Write a checkpoint whose last row is the protocol, the files' paths before it."""
    features = pa.list_(pa.string())
    kind = pa.struct([("minReaderVersion", pa.int32()), ("readerFeatures", features)])
    asked = [None] * (rows - 1) + [{"minReaderVersion": 3, "readerFeatures": ["deletionVectors"]}]
    paths = pa.array([{"path": f"{number * 7919:032d}"} for number in range(rows)])
    file = io.BytesIO()
    pq.write_table(pa.table({"add": paths, "protocol": pa.array(asked, kind)}), file, **options)
    return file.getvalue()


class Asked:
    """A checkpoint that notes by which threads it is read, and how often."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.threads: list[int] = []

    def __call__(self, start: int, end: int) -> bytes:
        self.threads.append(threading.get_ident())
        return self.data[start:end]


@pytest.mark.parametrize(("groups", "parts"), [(1, 1), (4, 4)])
def test_ranges_are_read_by_no_thread_of_pyarrow_and_each_part_of_the_protocol_at_once(
    groups: int, parts: int
) -> None:
    data = with_protocol(4_000, row_group_size=4_000 // groups, compression="none", use_dictionary=False)
    file = Asked(data)
    found = protocol_of_parquet(file, len(data), PLACE)
    assert found == {"minReaderVersion": 3, "readerFeatures": ["deletionVectors"]}
    assert set(file.threads) == {threading.get_ident()}  # else the process may abort where it ends
    assert len(file.threads) == 1 + parts


def test_parts_that_lie_close_together_are_read_at_once() -> None:
    data = with_protocol(40, row_group_size=10)
    file = Asked(data)
    assert protocol_of_parquet(file, len(data), PLACE) is not None
    assert len(file.threads) == 2


def test_what_a_checkpoint_claims_of_the_protocol_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = with_protocol(4_000, row_group_size=1_000, compression="none", use_dictionary=False)
    monkeypatch.setattr(checkpoint, "_HOLE", len(data))  # so that all between the parts is read with them
    monkeypatch.setattr(checkpoint, "_MOST_BYTES", 100_000)
    with pytest.raises(TooMuchError, match="says of the protocol is too large"):
        protocol_of_parquet(Asked(data), len(data), PLACE)


def test_a_whole_checkpoint_is_read_by_no_thread_of_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    before = pq.ParquetFile.iter_batches

    def reading(file: Any, **options: Any) -> Any:
        asked.append(options["use_threads"])
        return before(file, **options)

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", reading)
    assert len(list(rows_of_parquet(written(pa.array(["a", "b"])), PLACE, COLUMNS))) == 2
    assert asked == [False]


@pytest.mark.parametrize(("start", "length"), [(-1, 10), (95, 6), (50, -1)])
def test_columns_that_lie_outside_of_a_checkpoint_are_refused(start: int, length: int) -> None:
    class Chunk:
        dictionary_page_offset = None
        data_page_offset = start
        total_compressed_size = length

    with pytest.raises(ValueError, match="outside of it"):
        checkpoint._spans([Chunk()], 100)
