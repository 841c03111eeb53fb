"""Metadata files of Iceberg that are torn, packed, hostile or enormous: an observation or unknown, never an error."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg.metadata import MOST_BYTES, Metadata, parse_metadata
from checks.model import (
    Arrival,
    Format,
    ProblemKind,
    Unobserved,
)
from checks.rules.asking import Clock
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    iceberg_metadata,
    observe,
    plan_of,
    put_metadata,
    snapshot,
)
from tests.support.times import at

READER = iceberg.READER
EIGHT, NINE, TEN = at("11-21 08:00"), at("11-21 09:00"), at("11-21 10:00")
APPEND = snapshot(1, EIGHT, "append", added_records=10, added_data_files=1, total_records=10)
REPLACE = snapshot(
    2, NINE, "replace", parent=1, added_records=10, deleted_records=10, added_data_files=1, total_records=10
)
DELETE = snapshot(3, TEN, "delete", parent=2, deleted_records=4, deleted_data_files=1, total_records=6)


def edited(**changes: Any) -> bytes:
    return json.dumps({**iceberg_metadata(APPEND), **changes}).encode()


@pytest.mark.parametrize(
    ("data", "kind", "says"),
    [
        (b"", ProblemKind.MALFORMED, "it is empty"),
        (edited()[:-40], ProblemKind.MALFORMED, "it is no JSON"),
        (b"[]", ProblemKind.MALFORMED, "it is no JSON object"),
        (b"[" * 100_000, ProblemKind.OVER_BUDGET, "nested more deeply than is read"),
        (
            edited()[:-1] + b', "digits": ' + b"9" * 5_000 + b"}",
            ProblemKind.OVER_BUDGET,
            "more digits than are read",
        ),
        (gzip.compress(edited()) + b"more", ProblemKind.MALFORMED, "no whole gzip file"),
        (b'{"a": [' + b"[]," * 1_100_000 + b"0]}", ProblemKind.OVER_BUDGET, "more than 2,000,000 values"),
        (b"\xff\xfe\x00", ProblemKind.MALFORMED, "it is no JSON"),
        (b"PAR1....", ProblemKind.MALFORMED, "it is no JSON"),
        (gzip.compress(edited())[:-10], ProblemKind.MALFORMED, "cut short"),
        (b"\x1f\x8bnot gzip at all", ProblemKind.MALFORMED, "no whole gzip"),
        (
            gzip.compress(b" " * (MOST_BYTES + 1)),
            ProblemKind.OVER_BUDGET,
            "unpacks to more than 33,554,432",
        ),
        (
            edited(**{"format-version": 4}),
            ProblemKind.UNSUPPORTED,
            "Iceberg format version 4; up to 3 is read",
        ),
        (edited(**{"format-version": "2"}), ProblemKind.MALFORMED, "format-version is '2'"),
        (
            edited(**{"current-snapshot-id": 7}),
            ProblemKind.MALFORMED,
            "current snapshot 7 is not in its list of 1",
        ),
        (edited(**{"current-snapshot-id": "1"}), ProblemKind.MALFORMED, "current-snapshot-id is '1'"),
        (edited(snapshots={}), ProblemKind.MALFORMED, "snapshots is no list"),
        (edited(snapshots=[1]), ProblemKind.MALFORMED, "snapshots is no list of objects"),
        (
            edited(snapshots=[{**APPEND, "summary": 1}]),
            ProblemKind.MALFORMED,
            "summary of snapshot 1 is no object",
        ),
        (
            edited(snapshots=[{**APPEND, "timestamp-ms": "soon"}]),
            ProblemKind.MALFORMED,
            "no time in milliseconds",
        ),
        (
            edited(snapshots=[{**APPEND, "timestamp-ms": 10**30}]),
            ProblemKind.MALFORMED,
            "no time in milliseconds",
        ),
        (
            edited(snapshots=[{**APPEND, "timestamp-ms": -5}]),
            ProblemKind.MALFORMED,
            "no time in milliseconds",
        ),
        (
            edited(snapshots=[{**APPEND, "parent-snapshot-id": 1, "summary": {"operation": "replace"}}]),
            ProblemKind.MALFORMED,
            "snapshot 1 is its own ancestor",
        ),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(data: bytes, kind: ProblemKind, says: str) -> None:
    objects, parameters = put_metadata(data)
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.problem is not None
    assert seen.problem.kind is kind
    assert says in seen.problem.message
    assert f"{LOCATION}metadata/v1.metadata.json" in seen.problem.message


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(edited()),
        gzip.compress(edited()[:50]) + gzip.compress(edited()[50:]),
        gzip.compress(edited()) + gzip.compress(b""),
        gzip.compress(edited()) + b"\0" * 512,
    ],
    ids=["one member", "two members", "an empty member", "padding"],
)
def test_whatever_gzip_allows_is_no_torn_file(data: bytes) -> None:
    objects, parameters = put_metadata(data)
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.problem is None
    assert seen.newest is not None


def test_a_missing_or_enormous_file_and_a_pointer_elsewhere_are_told() -> None:
    objects, parameters = put_metadata(iceberg_metadata(APPEND))
    objects.put(f"{ROOT}metadata/v1.metadata.json", b" " * (100 * 1024 * 1024))
    plan = plan_of(Format.ICEBERG, parameters=parameters)
    large = observe(READER, plan, objects)
    assert large.problem is not None
    assert large.problem.kind is ProblemKind.OVER_BUDGET
    assert "expire old snapshots" in large.problem.remedy
    missing = observe(READER, plan, ObjectsInMemory())
    assert missing.problem is not None
    assert missing.problem.kind is ProblemKind.NOT_FOUND
    for parameters in ({}, {"metadata_location": "hdfs://nn/t/v1.metadata.json"}):
        elsewhere = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
        assert elsewhere.problem is not None
        assert elsewhere.problem.kind is ProblemKind.UNSUPPORTED
        assert objects.counts == (0, 0)


def arrivals_of(metadata: Metadata) -> tuple[Arrival, ...]:
    clock = Clock(now=NOW)
    return iceberg.arrivals(iceberg.dates_at(metadata, clock), clock, deletes=False)


def test_ten_megabytes_take_bounded_memory_and_time() -> None:
    entry = {**APPEND, "padding": "x" * 700}
    entries = [
        {
            **entry,
            "snapshot-id": number,
            "parent-snapshot-id": number - 1,
            "summary": {"operation": "replace"},
        }
        for number in range(2, 12_000)
    ]
    data = json.dumps(iceberg_metadata(entry, *entries)).encode()
    assert len(data) > 10_000_000
    tracemalloc.start()
    started = time.process_time()
    metadata = parse_metadata(data, "m")
    recency = iceberg.newest_arrival(metadata, "t", Clock(now=NOW), deletes=False)
    seconds, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert recency.newest == Arrival(EIGHT, "snapshot 1")
    assert peak < 10 * len(data)
    assert seconds < 10


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def parse(data: bytes) -> None:
    with suppress(Unobserved):
        metadata = parse_metadata(data, "m")
        for ignore_later in (True, False):
            iceberg.newest_arrival(metadata, "t", Clock(now=NOW, ignore_later=ignore_later), deletes=False)
        arrivals_of(metadata)


@given(JSON_VALUES)
def test_any_json_is_an_observation_or_unknown(value: Any) -> None:
    parse(json.dumps(value).encode())


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_an_observation_or_unknown(data: bytes, packed: bool) -> None:  # noqa: FBT001 - drawn
    parse(gzip.compress(data) if packed else data)


@given(st.data())
def test_a_mutated_file_is_an_observation_or_unknown(data: st.DataObject) -> None:
    document: Any = json.loads(json.dumps(iceberg_metadata(APPEND, REPLACE, DELETE)))
    document["snapshot-log"] = [{"snapshot-id": 1, "timestamp-ms": 1}]
    holder: Any = document
    while True:
        keys = sorted(holder) if isinstance(holder, dict) else range(len(holder))
        key = data.draw(st.sampled_from(list(keys)))
        if isinstance(holder[key], dict | list) and holder[key] and data.draw(st.booleans()):
            holder = holder[key]
            continue
        holder[key] = data.draw(JSON_VALUES)
        break
    parse(json.dumps(document).encode())
