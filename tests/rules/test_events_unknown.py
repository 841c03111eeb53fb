"""Newest values that cannot be known: footers that lack them, are damaged, or are of something else."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.lake.codecs.footers import MOST_BYTES, TAIL, parse_footer, read_footer
from checks.model import FileSeen, FooterSeen, ProblemKind, Status, Unobserved
from tests.support.events import ASK, EVENTS, finding_of, footer_of, stamps
from tests.support.lakes import prefix
from tests.support.rule_checks import NOW, ContentLake, find, parquet, plan_of, put
from tests.support.times import HOUR

if TYPE_CHECKING:
    from tests.support.lakes import LakeBuilder


UNKNOWN = [
    (
        parquet(options={"write_statistics": False}, event_time=stamps(HOUR)),
        "s3://raw/a/0.parquet has no statistics of column event_time (1 row group)",
    ),
    (parquet(other=stamps(HOUR)), "column event_time is not in s3://raw/a/0.parquet"),
    (
        parquet(event_time=pa.array(["2026-11-23"])),
        "column event_time of s3://raw/a/0.parquet is String, neither a timestamp nor a date",
    ),
    (
        parquet(event_time=pa.array([1])),
        "column event_time of s3://raw/a/0.parquet is INT64, neither a timestamp nor a date",
    ),
    (
        parquet(event_time=pa.array([{"at": 1}])),
        "column event_time of s3://raw/a/0.parquet is nested; name one of its fields",
    ),
    (
        parquet(event_time=pa.array([[NOW]], pa.list_(pa.timestamp("us", "UTC")))),
        "column event_time of s3://raw/a/0.parquet is nested; name one of its fields",
    ),
    (
        parquet(options={"use_deprecated_int96_timestamps": True}, event_time=stamps(HOUR)),
        "column event_time of s3://raw/a/0.parquet is INT96, whose statistics mean nothing",
    ),
    (
        b"id,event_time\n1,2\n",
        "s3://raw/a/0.parquet is no whole Parquet file: it does not end as Parquet files do",
    ),
    (b"PAR1", "s3://raw/a/0.parquet is no whole Parquet file: it has 4 bytes, which is too short for one"),
    (b"PAR1" + b"x" * 20 + b"\x04\0\0\0PARE", "the footer of s3://raw/a/0.parquet is encrypted"),
    (
        b"PAR1" + b"x" * 20 + b"\xff\0\0\0PAR1",
        "s3://raw/a/0.parquet is no whole Parquet file: its footer of 255 bytes would be longer than the file",
    ),
]


@pytest.mark.parametrize(("data", "told"), UNKNOWN)
def test_what_is_not_known_is_told_with_the_file(data: bytes, told: str) -> None:
    finding = finding_of(data)
    assert (finding.status, finding.because) == (Status.UNKNOWN, f"could not be checked: {told}")


def test_a_footer_that_is_garbage_is_told() -> None:
    finding = finding_of(b"PAR1" + b"x" * 20 + b"\x14\0\0\0PAR1")
    assert finding.because.startswith(
        "could not be checked: s3://raw/a/0.parquet is no whole Parquet file: its footer cannot be read: "
    )


def test_a_footer_of_gigabytes_is_not_read() -> None:
    class Huge(ContentLake):
        def get(
            self, bucket: str, key: str, *, byte_range: tuple[int, int] | None = None, max_bytes: int
        ) -> bytes:
            self.ledger.enter("s3:GetObject")
            return b"\0" * (TAIL - 8) + (MOST_BYTES + 1).to_bytes(4, "little") + b"PAR1"

    lake = Huge()
    seen = read_footer(lake, FileSeen("s3://raw/a.parquet", 1 << 40, NOW), ASK)
    assert seen.problem is not None
    assert "and at most 16,777,216 are read" in seen.problem.message
    assert dict(lake.counts) == {"s3:GetObject": 1}


def test_a_file_that_was_replaced_meanwhile_is_told() -> None:
    lake = ContentLake()
    data = parquet(event_time=stamps(HOUR))
    put(lake, "s3://raw/a.parquet", data, NOW)
    seen = read_footer(lake, FileSeen("s3://raw/a.parquet", len(data) + 5, NOW), ASK)
    assert seen.problem is not None
    assert seen.problem.message.endswith("it changed while it was read")


def test_an_object_of_other_bytes_is_unknown(lake: LakeBuilder) -> None:
    lake.bucket("raw")
    put(lake, "s3://raw/a/0.parquet", b"x" * 100, NOW)
    finding = find(lake, plan_of(prefix("s3://raw/a/"), events=EVENTS), "events")
    assert finding.problem is ProblemKind.MALFORMED


SOUND = parquet(event_time=stamps(HOUR), name=pa.array(["x"]), tags=pa.array([["a"]]))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_any_damage_to_a_file_is_told(damage: list[tuple[int, int]]) -> None:
    data = bytearray(SOUND)
    for at, byte in damage:
        data[at] = byte
    seen = footer_of(bytes(data))
    assert isinstance(seen, FooterSeen)


@pytest.mark.parametrize("byte", [0, 1, 0x26, 0xFF])
def test_no_damage_to_a_footer_ends_the_process(byte: int) -> None:
    """An exception that a library lets out of its native code would."""
    for at in range(len(SOUND)):
        assert isinstance(footer_of(SOUND[:at] + bytes([byte]) + SOUND[at + 1 :]), FooterSeen)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 500))
def test_any_bytes_are_no_footer(data: bytes, cut: int) -> None:
    file = FileSeen("s3://raw/a.parquet", 1000, NOW)
    for each in (data, SOUND[cut:], data + SOUND[-cut:]):
        footer_of(each)
        with suppress(Unobserved):
            assert parse_footer(each, file, ASK).file == file
