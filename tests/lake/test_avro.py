"""Avro object containers: what two writers of them wrote comes back, and nothing else does harm."""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import read_manifest_list

from checks.lake.codecs import avro
from checks.model import ProblemKind, Unobserved
from tests.support.hudi_tables import COMMIT_SCHEMA
from tests.support.tables_by_engines import (
    LocalS3,
    avro_file,
    avro_long,
    avro_value,
    iceberg_catalog,
    iceberg_objects,
    iceberg_schema,
    rows,
)

STAT = {
    "fileId": "f-0",
    "path": None,
    "numWrites": 2**62,
    "numDeletes": -1,
    "numUpdateWrites": 0,
    "fileSizeInBytes": None,
    "numInserts": 300,
}
RECORD = {
    "partitionToWriteStats": {"day=1": [STAT, STAT], "ü": []},
    "compacted": False,
    "operationType": "UPSERT",
}


def read(data: bytes) -> list[Any]:
    return list(avro.open_container(data, "s3://b/f.avro").records())


UNPACKS = "f.avro: it unpacks to more than 67,108,864 bytes"
DEEPLY = "it is nested more deeply than is read of an Avro file"


def over(data: bytes) -> str:
    with pytest.raises(Unobserved) as caught:
        read(data)
    assert caught.value.problem.kind is ProblemKind.OVER_BUDGET
    assert "malformed" not in caught.value.problem.message
    return caught.value.problem.message


def fails(data: bytes) -> str:
    with pytest.raises(Unobserved) as caught:
        read(data)
    assert caught.value.problem.kind is ProblemKind.MALFORMED
    assert caught.value.problem.message.startswith("s3://b/f.avro is malformed: ")
    return caught.value.problem.message


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_records_come_back_as_they_were_written(codec: str) -> None:
    assert read(avro_file(COMMIT_SCHEMA, RECORD, RECORD, codec=codec)) == [RECORD, RECORD]


@pytest.mark.parametrize("codec", ["gzip", "zstd", "null"])
def test_manifests_of_pyiceberg_come_back_in_each_codec(codec: str, tmp_path: Path) -> None:
    table = iceberg_catalog(tmp_path).create(iceberg_schema(), codec=codec)
    table.append(rows("2026-11-20"))
    table.append(rows("2026-11-21"))
    objects, _ = iceberg_objects(table, tmp_path)
    current = table.current_snapshot()
    assert current is not None
    listed = read(objects.objects[current.manifest_list.removeprefix("s3://lake/")])
    io = LocalS3({"local-folder": str(tmp_path)})
    assert isinstance(io, PyArrowFileIO)
    expected = list(read_manifest_list(io.new_input(current.manifest_list)))
    assert [each["manifest_path"] for each in listed] == [each.manifest_path for each in expected]
    assert [each["added_snapshot_id"] for each in listed] == [each.added_snapshot_id for each in expected]
    for manifest in expected:
        entries = read(objects.objects[manifest.manifest_path.removeprefix("s3://lake/")])
        theirs = manifest.fetch_manifest_entry(io)
        assert [each["data_file"]["file_path"] for each in entries] == [
            each.data_file.file_path for each in theirs
        ]
        assert [each["data_file"]["record_count"] for each in entries] == [3]


def test_types_and_names_of_the_specification() -> None:
    schema = {
        "type": "record",
        "name": "a.b.R",
        "fields": [
            {"name": "f", "type": {"type": "fixed", "name": "Four", "size": 4}},
            {"name": "g", "type": "Four"},
            {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["X", "Y"]}},
            {"name": "d", "type": "double"},
            {"name": "s", "type": "float"},
            {"name": "b", "type": "bytes"},
            {"name": "t", "type": "boolean"},
            {"name": "next", "type": ["null", "a.b.R"]},
        ],
    }
    one = b"abcd" + b"efgh" + avro_long(1) + b"\0" * 6 + b"\xf0\x3f" + b"\0\0\x80\x3f" + b"\x02z" + b"\1"
    head = avro_value({"type": "map", "values": "string"}, {"avro.schema": json.dumps(schema)})
    body = one + avro_long(1) + one + avro_long(0)
    data = avro.MAGIC + head + b"s" * 16 + avro_long(1) + avro_long(len(body)) + body + b"s" * 16
    inner = {"f": b"abcd", "g": b"efgh", "e": "Y", "d": 1.0, "s": 1.0, "b": b"z", "t": True}
    assert read(data) == [{**inner, "next": {**inner, "next": None}}]


def container(
    schema: Any, body: bytes, count: int = 1, codec: str = "null", sync: bytes = b"s" * 16
) -> bytes:
    meta = {"avro.schema": json.dumps(schema), "avro.codec": codec}
    head = avro_value({"type": "map", "values": "string"}, meta)
    return avro.MAGIC + head + b"s" * 16 + avro_long(count) + avro_long(len(body)) + body + sync


def test_snappy_is_unpacked_too() -> None:
    body = pa.compress(avro_value("string", "many " * 50), codec="snappy", asbytes=True)
    assert read(container("string", body + b"crc!", codec="snappy")) == ["many " * 50]


def deflated(data: bytes) -> bytes:
    squeeze = zlib.compressobj(9, wbits=-15)
    return squeeze.compress(data) + squeeze.flush()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"PAR1", "it is no Avro file"),
        (b"", "it is no Avro file"),
        (avro.MAGIC, "cut short"),
        (container("long", b"\x02", sync=b"t" * 16), "does not end in the file's marker"),
        (container("long", b"\x02\x02"), "holds more than its records"),
        (container("long", b"\xff" * 11), "more than 64 bits"),
        (container("string", avro_long(100) + b"x"), "cut short"),
        (container("string", avro_long(-5)), "cut short"),
        (container("string", avro_long(1) + b"\xff"), "can't decode"),
        (container(["null"], avro_long(3)), "branch 3 of a union of 1"),
        (container({"type": "enum", "name": "E", "symbols": []}, avro_long(0)), "symbol 0 of an enum of 0"),
        (container("nothing", b""), "unknown type 'nothing'"),
        (container(7, b""), "has a type 7"),
        (container({"type": "record"}, b""), "has no name"),
        (container({"type": "record", "name": "R"}, b""), "has no fields"),
        (container({"type": "fixed", "name": "F", "size": -1}, b""), "has the size -1"),
        (container({"type": "enum", "name": "F"}, b""), "has no symbols"),
        (container("long", b"\x07\x07", codec="deflate"), "invalid"),
        (container("long", deflated(b"x" * 100)[:-4], codec="deflate"), "cut short"),
        (container("long", b"\x05xxxxxxxxxxx", codec="snappy"), "as an Avro file"),
        (container("long", b"no zstd", codec="zstandard"), "as an Avro file"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(data: bytes, says: str) -> None:
    assert says in fails(data)


DEEP = {"type": "record", "name": "R", "fields": [{"name": "next", "type": ["null", "R"]}]}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (container("bytes", deflated(b"\0" * (avro.MOST_BYTES + 9)), codec="deflate"), UNPACKS),
        (container("long", b"\xff\xff\xff\xff\x0f" + b"x" * 9, codec="snappy"), UNPACKS),
        (container("null", b"", count=2**60), "more than 10,000,000 values"),
        (container({"type": "array", "items": "null"}, avro_long(2**60)), "more than 10,000,000 values"),
        (container({"type": "record", "name": "R", "fields": [{"name": "r", "type": "R"}]}, b""), DEEPLY),
        (container(DEEP, avro_long(1) * 5_000 + avro_long(0)), DEEPLY),
        (
            container({"type": "array", "items": "null"}, avro_long(600_000) + b"\0"),
            "500,000 values of no bytes",
        ),
    ],
)
def test_a_file_that_is_over_a_bound_is_told_as_that(data: bytes, says: str) -> None:
    assert says in over(data)


def test_a_codec_that_is_not_read_is_told_as_that() -> None:
    with pytest.raises(Unobserved) as caught:
        read(container("long", b"\x02", codec="lz4"))
    assert caught.value.problem.kind is ProblemKind.UNSUPPORTED
    assert "f.avro: it is packed with lz4, which is not read" in caught.value.problem.message


EMPTY: dict[str, Any] = {"type": "record", "name": "Empty", "fields": []}


def doubling(depth: int) -> dict[str, Any]:
    """Return a schema of records of no bytes, each of which holds the one before it twice."""
    fields: list[dict[str, Any]] = [{"name": "r0", "type": {**EMPTY, "name": "R0"}}]
    for level in range(1, depth):
        twice = [{"name": name, "type": f"R{level - 1}"} for name in "ab"]
        fields.append({"name": f"r{level}", "type": {"type": "record", "name": f"R{level}", "fields": twice}})
    return {"type": "record", "name": "Top", "fields": fields}


WIDE = {"type": "record", "name": "W", "fields": [{"name": f"f{n}", "type": "null"} for n in range(200)]}


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("schema", "body"),
    [
        ({"type": "array", "items": EMPTY}, avro_long(900_000) + avro_long(0)),
        ({"type": "array", "items": WIDE}, avro_long(900_000) + avro_long(0)),
        ({"type": "array", "items": "null"}, (avro_long(400_000)) * 9 + avro_long(0)),
        (doubling(40), b""),
        (
            {"type": "array", "items": {"type": "array", "items": "null"}},
            avro_long(2_000_000) + b"\0" * 2_000_001,
        ),
    ],
    ids=["empty records", "wide records", "nulls", "doubling", "empty arrays"],
)
def test_a_few_bytes_do_not_take_all_memory(schema: Any, body: bytes) -> None:
    started = time.process_time()
    tracemalloc.start()
    try:
        assert "holds more than" in over(container(schema, body))
        assert tracemalloc.get_traced_memory()[1] < 250_000_000
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 15  # some 1 s, without tracing


def test_what_a_record_holds_is_counted_with_its_fields() -> None:
    fields = [{"name": f"f{number}", "type": "long"} for number in range(60)]
    schema = {"type": "array", "items": {"type": "record", "name": "Wide", "fields": fields}}
    body = (
        avro_long(70_000) + b"\x02" * (60 * 70_000) + b"\x00"
    )  # some KB once it is packed, 100 MB in memory
    assert "a record of more than 4,000,000 fields" in over(container(schema, body))


@pytest.mark.parametrize(
    ("entries", "wrong"),
    [
        ({"avro.schema": b"[" + b"[]," * 400_000 + b"[]]"}, "its schema has more than 1,048,576 bytes"),
        ({f"k{number}": b"" for number in range(2_000)} | {"avro.schema": b'"long"'}, "1,000 in its header"),
    ],
    ids=["schema", "entries"],
)
def test_a_header_is_bounded(entries: dict[str, bytes], wrong: str) -> None:
    pairs = [part for name, value in entries.items() for part in (name.encode(), value)]
    head = b"".join(avro_long(len(part)) + part for part in pairs)
    assert wrong in over(avro.MAGIC + avro_long(len(entries)) + head + b"\x00" + bytes(16))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is told by Linux")
def test_damaged_frames_leave_no_memory_behind() -> None:
    packed = pa.compress(bytes(30_000_000), codec="zstd", asbytes=True)
    data = container("bytes", packed[:-8] + b"\xff" * 8, codec="zstandard")

    def resident() -> int:
        gc.collect()  # errors hold their frames
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    assert "ZSTD decompress failed" in fails(data)
    before = resident()
    for _ in range(5):
        with suppress(Unobserved):
            read(data)
    assert resident() - before < 40_000_000


def test_records_of_no_bytes_may_be_many_where_others_take_some() -> None:
    schema = {"type": "record", "name": "Entry", "fields": [
        {"name": "status", "type": "int"}, {"name": "partition", "type": EMPTY},
    ]}  # fmt: skip
    assert len(read(container(schema, b"\x02" * 100_000, count=100_000))) == 100_000


@given(st.binary(max_size=200))
def test_any_bytes_after_the_magic_are_records_or_unknown(data: bytes) -> None:
    with suppress(Unobserved):
        read(avro.MAGIC + data)


SCHEMAS = st.recursive(
    st.sampled_from(["null", "long", "string", "bytes", "double", "boolean", "R", 3, None]),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(lambda values: {"type": "map", "values": values}, inner),
        st.lists(inner, max_size=3),
        st.builds(
            lambda kind: {"type": "record", "name": "R", "fields": [{"name": "f", "type": kind}]}, inner
        ),
    ),
    max_leaves=6,
)


@given(SCHEMAS, st.binary(max_size=60), st.integers(-3, 2**40))
def test_any_schema_over_any_bytes_gives_records_or_unknown(schema: Any, body: bytes, count: int) -> None:
    with suppress(Unobserved):
        read(container(schema, body, count))
