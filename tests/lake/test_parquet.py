"""The statistics of a column out of Parquet footers: equal to pyarrow's, and damage is told and ends nothing."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet as pq

from checks.lake.codecs import footers
from checks.lake.codecs.footers import parse_footer
from checks.lake.codecs.parquet import Chunk, chunks_of
from checks.model import FileSeen, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Sequence

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def footer_of(table: pa.Table, **options: Any) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    data = file.getvalue()
    length = int.from_bytes(data[-8:-4], "little")
    return data[-8 - length : -8]


def by_pyarrow(footer: bytes, number: int) -> list[Chunk]:
    tail = len(footer).to_bytes(4, "little") + b"PAR1"
    metadata = pq.read_metadata(pa.BufferReader(b"PAR1" + footer + tail))
    groups = (metadata.row_group(group) for group in range(metadata.num_row_groups))
    columns = [group.column(number) for group in groups if group.num_rows]
    told = [(each, each.statistics) for each in columns]
    return [
        Chunk(
            values=each.num_values,
            nulls=statistics.null_count if statistics is not None and statistics.has_null_count else None,
            largest=statistics.max_raw if statistics is not None and statistics.has_min_max else None,
        )
        for each, statistics in told
    ]


MOMENTS = st.none() | st.integers(-(10**15), 9 * 10**15).map(
    lambda micros: EPOCH + timedelta(microseconds=micros)
)


@settings(max_examples=100, deadline=None)
@given(
    values=st.lists(MOMENTS, max_size=30),
    rows=st.integers(1, 12),
    kind=st.sampled_from([pa.timestamp("us", "UTC"), pa.timestamp("ms"), pa.timestamp("ns"), pa.date32()]),
    statistics=st.booleans(),
    version=st.sampled_from(["1.0", "2.6"]),
)
def test_statistics_are_those_that_pyarrow_tells(
    values: list[datetime | None], rows: int, kind: Any, *, statistics: bool, version: str
) -> None:
    column = pa.array(values, pa.timestamp("us", "UTC")).cast(kind, safe=False)
    table = pa.table({"a": [["x"]] * len(values), "t": column, "s": [{"b": "y"}] * len(values)})
    footer = footer_of(table, row_group_size=rows, write_statistics=statistics, version=version)
    width = 4 if kind == pa.date32() else 8
    assert list(chunks_of(footer, 1, width)) == by_pyarrow(footer, 1)


SOUND = footer_of(pa.table({"name": ["x"], "t": pa.array([1], pa.timestamp("us", "UTC"))}))


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=8), st.integers(0))
def test_any_damage_is_told(damage: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(SOUND)
    for at, byte in damage:
        data[at] = byte
    for each in (bytes(data), bytes(data[: cut % len(data)])):
        with suppress(ValueError):
            assert all(isinstance(chunk, Chunk) for chunk in chunks_of(each, 1, 8))


def number(value: int) -> bytes:
    value = value << 1 if value >= 0 else (-value << 1) - 1
    return varint(value)


def varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def struct(**fields: tuple[int, bytes]) -> bytes:
    """Write a structure of fields such as ``f3=(6, number(1))``: kind and value by the field's number."""
    written, last = b"", 0
    for name, (kind, value) in fields.items():
        place = int(name[1:])
        written += bytes([(place - last) << 4 | kind]) + value
        last = place
    return written + b"\0"


def listed(items: Sequence[bytes], kind: int = 12) -> bytes:
    head = bytes([len(items) << 4 | kind]) if len(items) < 15 else bytes([0xF0 | kind]) + varint(len(items))
    return head + b"".join(items)


def text(value: bytes) -> tuple[int, bytes]:
    return 8, varint(len(value)) + value


def footer(*, orders: int = 1, columns: int = 1, rows: int = 5, **statistics: tuple[int, bytes]) -> bytes:
    told = struct(f1=(5, number(2)), f5=(6, number(5)), f12=(12, struct(**statistics)))
    group = struct(f1=(9, listed([struct(f3=(12, told))] * columns)), f3=(6, number(rows)))
    order = struct(f1=(12, b"\0"))
    return struct(f1=(5, number(1)), f4=(9, listed([group])), f7=(9, listed([order] * orders)))


NINE, TEN = ((value).to_bytes(8, "little") for value in (9, 10))


def test_the_largest_value_counts_where_columns_have_an_order_and_the_old_one_where_there_is_no_other() -> (
    None
):
    assert chunks_of(footer(f1=text(NINE), f5=text(TEN)), 0, 8) == (Chunk(5, None, 10),)
    assert chunks_of(footer(f1=text(NINE), f5=text(TEN), orders=0), 0, 8) == (Chunk(5, None, 9),)
    assert chunks_of(footer(f5=text(TEN), orders=0), 0, 8) == (Chunk(5, None, None),)
    assert chunks_of(footer(f1=text(NINE)), 0, 8) == (Chunk(5, None, 9),)
    assert chunks_of(footer(f3=(6, number(4))), 0, 8) == (Chunk(5, 4, None),)


def test_row_groups_without_rows_and_other_columns_are_passed_over() -> None:
    assert chunks_of(footer(rows=0), 0, 8) == ()
    assert chunks_of(footer(f1=text(NINE), columns=20, orders=20), 19, 8) == (Chunk(5, None, 9),)


def test_an_encrypted_column_tells_nothing() -> None:
    group = struct(f1=(9, listed([struct(f9=text(b"secret"))])), f3=(6, number(1)))
    assert chunks_of(struct(f4=(9, listed([group]))), 0, 8) == (Chunk(0, None, None),)


def deep(levels: int) -> bytes:
    written = b"\0"
    for _ in range(levels):
        written = struct(f1=(12, written))
    return written


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cut short"),
        (SOUND[:-1], "cut short"),
        (footer(f1=text(b"1234")), "the largest value of a column has 4 bytes"),
        (footer(columns=0), "a row group has no column 0"),
        (struct(f4=(9, listed([b"\1"], kind=3))), "its row groups are no structures"),
        (struct(f4=(9, b"\xfc" + varint(10**6))), "a list of 1,000,000 elements is longer than it"),
        (
            struct(f4=(9, listed([struct(f1=(9, listed([number(1)], kind=5)))]))),
            "a row group has no column 0",
        ),
        (b"\x15" + b"\xff" * 11, "a number of more than 64 bits"),
        (b"\x1b\0\0", "a field of kind 11"),
        (deep(40), "nested more than 32 levels deep"),
        (struct(f1=(8, varint(1 << 40))), "cut short"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        chunks_of(data, 0, 8)


def test_fields_of_any_kind_are_passed_over() -> None:
    others = struct(
        f1=(1, b""),
        f2=(2, b""),
        f3=(3, b"\7"),
        f4=(4, number(-3)),
        f5=(7, b"12345678"),
        f6=(10, listed([b"\1"], 2)),
    )
    assert chunks_of(struct(f1=(12, others), f9=text(b"x")), 0, 8) == ()


def nested(levels: int) -> bytes:
    """Write the footer of one column that lies so many levels deep."""
    group = struct(f3=(5, number(0)), f4=text(b"a"), f5=(5, number(1)))
    leaf = struct(f1=(5, number(2)), f3=(5, number(0)), f4=text(b"l"))
    schema = listed([*[group] * levels, leaf])
    return struct(f1=(5, number(1)), f2=(9, schema), f3=(6, number(0)), f4=(9, listed([])))


def as_file(footer: bytes) -> bytes:
    return footer + len(footer).to_bytes(4, "little") + b"PAR1"


FILE = FileSeen("s3://lake/a.parquet", 1_000_000, EPOCH)


@pytest.mark.parametrize("levels", [201, 20_000, 500_000])
def test_a_schema_that_pyarrow_would_follow_down_to_the_end_of_the_process_is_told(levels: int) -> None:
    with pytest.raises(Unobserved) as error:
        parse_footer(as_file(nested(levels)), FILE)
    assert error.value.problem.kind is ProblemKind.OVER_BUDGET
    assert error.value.problem.message == (
        "s3://lake/a.parquet: its schema is nested more than 200 levels deep, which is more than is read of a footer"
    )


def test_types_that_are_nested_more_deeply_than_is_read_make_no_torn_file() -> None:
    kind = pa.int64()
    for _ in range(41):
        kind = pa.struct([("x", kind)])
    with pytest.raises(Unobserved) as error:
        parse_footer(as_file(footer_of(pa.table({"deep": pa.array([], kind)}))), FILE)
    assert error.value.problem.kind is ProblemKind.OVER_BUDGET
    assert "its types are nested more than 40 levels deep" in error.value.problem.message
    assert "no whole" not in error.value.problem.message


@pytest.mark.parametrize("over", [0, 1], ids=["at the bound", "over it"])
def test_a_footer_over_the_bound_is_told_as_large_and_not_as_torn(
    over: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    footer = footer_of(pa.table({"a": [1]}))
    monkeypatch.setattr(footers, "MOST_BYTES", len(footer) - over)
    data = b"PAR1" + as_file(footer)

    class Store:
        def get(self, *_: Any, byte_range: tuple[int, int], max_bytes: int) -> bytes:
            return data[byte_range[0] : byte_range[1] + 1][:max_bytes]

    seen = footers.read_footer(Store(), FileSeen(FILE.uri, len(data), EPOCH))  # type: ignore[arg-type] # gets only
    if not over:
        assert (seen.problem, [column.name for column in seen.columns]) == (None, ["a"])
        return
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.OVER_BUDGET
    said = f"its footer has {len(footer)} bytes, and at most {len(footer) - 1} are read"
    assert seen.problem.message == f"s3://lake/a.parquet: {said}"


def test_a_schema_of_many_groups_beside_each_other_is_not_deep() -> None:
    table = pa.table({f"c{number}": [{"a": [{"b": {"x": 1}}]}] for number in range(300)})
    seen = parse_footer(as_file(footer_of(table)), FILE)
    assert len(seen.columns) == 300
    assert seen.columns[0].type == "struct<a:array<struct<b:struct<x:bigint>>>>"


def test_a_structure_of_many_values_is_not_kept() -> None:
    orders = struct(f7=(9, listed([b"\0"] * 1_000_001)))  # 1 MB here, 70 in memory
    with pytest.raises(ValueError, match="a structure holds more than 1,000,000 values"):
        chunks_of(orders, 0, 8)
