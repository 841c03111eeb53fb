"""Upper bounds of columns in Iceberg's manifests: read by their type, whatever bytes they are."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg import manifests as iceberg_manifests
from checks.lake.formats.iceberg import totals as iceberg_more
from checks.model import FileSeen, FooterSeen, ProblemKind, Status, Unobserved
from checks.rules.asking import Clock
from checks.schedule.clock import FIRST, LAST
from tests.support.iceberg_logs import EVENTS, aged, look, plan_with, written
from tests.support.rule_checks import judged
from tests.support.tables_by_engines import (
    NOW,
    ObjectsInMemory,
    iceberg_metadata,
    observe,
    put_metadata,
    snapshot,
)
from tests.support.times import HOUR, at

if TYPE_CHECKING:
    from checks.model import Observation


def column(kind: str) -> iceberg_more._Column:
    ask = plan_with({}, events=EVENTS).detail(Clock(now=NOW)).value
    assert ask is not None
    return iceberg_more._Column(2, kind, ask)


def value_of(upper: bytes | None, kind: str = "timestamptz") -> FooterSeen:
    file = iceberg_manifests.File((), 9, None, upper=upper)
    return column(kind).read(file, FileSeen("s3://lake/a.parquet", 9, NOW))


MICROS = int(NOW.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("upper", "kind", "newest"),
    [
        (MICROS.to_bytes(8, "little"), "timestamptz", NOW),
        ((MICROS * 1000).to_bytes(8, "little"), "timestamptz_ns", NOW),
        ((MICROS * 1000 + 999).to_bytes(8, "little"), "timestamp_ns", NOW),
        ((date(2026, 11, 22) - date(1970, 1, 1)).days.to_bytes(4, "little"), "date", at("11-23 00:00")),
        ((date(2026, 11, 22) - date(1970, 1, 1)).days.to_bytes(4, "little"), "timestamp", at("11-22 00:00")),
        (
            (-1).to_bytes(8, "little", signed=True),
            "timestamptz",
            datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
        ),
    ],
)
def test_bounds_are_read_by_their_type(upper: bytes, kind: str, newest: datetime) -> None:
    seen = value_of(upper, kind)
    assert (seen.newest, seen.problem) == (newest, None)


@pytest.mark.parametrize(
    ("upper", "kind"),
    [
        (b"", "timestamptz"),
        (b"\x01", "date"),
        (b"\x01" * 8, "date"),
        (b"\x01" * 16, "timestamp"),
    ],
)
def test_absurd_bounds_are_told_with_the_files_name(upper: bytes, kind: str) -> None:
    seen = value_of(upper, kind)
    assert seen.newest is None
    assert seen.problem is not None
    assert "s3://lake/a.parquet" in seen.problem.message


@pytest.mark.parametrize(
    ("upper", "kind", "newest"),
    [
        ((2**63 - 1).to_bytes(8, "little"), "timestamptz", LAST),
        ((2**31 - 1).to_bytes(4, "little"), "date", LAST),
        ((date(9999, 12, 31) - date(1970, 1, 1)).days.to_bytes(4, "little"), "date", LAST),
        ((-(2**63)).to_bytes(8, "little", signed=True), "timestamp", FIRST),
        ((-(2**31)).to_bytes(4, "little", signed=True), "date", FIRST),
    ],
)
def test_what_lies_beyond_the_years_there_are_counts_as_their_end(
    upper: bytes, kind: str, newest: datetime
) -> None:
    seen = value_of(upper, kind)
    assert (seen.newest, seen.problem) == (newest, None)


@given(
    st.binary(max_size=17),
    st.sampled_from(["date", "timestamp", "timestamptz", "timestamp_ns", "timestamptz_ns"]),
)
def test_any_bound_is_a_value_or_a_problem(upper: bytes, kind: str) -> None:
    seen = value_of(upper, kind)
    assert (seen.newest is None) is (seen.problem is not None)


LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["struct", "date", "timestamptz", "seen"])
)
NAMES = st.sampled_from(["id", "name", "type", "fields", "schema-id"])
FIELDS = LEAF | st.lists(LEAF | st.dictionaries(NAMES, LEAF, max_size=5), max_size=3)
JSON = (
    LEAF
    | st.lists(st.dictionaries(NAMES, FIELDS, max_size=5), max_size=3)
    | st.dictionaries(NAMES, FIELDS, max_size=5)
)


@given(JSON, JSON)
def test_any_schema_gives_a_column_or_a_problem(schemas: Any, schema: Any) -> None:
    document = {
        **iceberg_metadata(snapshot(1, NOW, "append", added_records=1)),
        "schemas": schemas,
        "schema": schema,
    }
    objects, parameters = put_metadata(document)
    findings = look(objects, parameters, events=EVENTS)
    assert findings["events"].status is Status.UNKNOWN
    assert findings["events"].problem is not ProblemKind.INTERNAL


def test_a_schema_without_end_is_bounded() -> None:
    schema: dict[str, Any] = {"type": "struct", "fields": []}
    for number in range(300):
        schema = {"type": "struct", "fields": [{"id": number, "name": "a", "type": schema}]}
    document = {**iceberg_metadata(snapshot(1, NOW, "append", added_records=1)), "schema": schema}
    objects, parameters = put_metadata(document)
    assert look(objects, parameters, events=EVENTS)["events"].problem is ProblemKind.UNSUPPORTED


@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_any_byte_of_a_manifest_may_be_wrong(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if not _KEPT:
        folder = tmp_path_factory.mktemp("ice")
        _KEPT.append(aged(written(folder, NOW - 30 * HOUR), folder))
    objects, parameters = _KEPT[0]
    good = objects.objects.copy()
    key = data.draw(st.sampled_from([key for key in good if key.endswith("-m0.avro")]))
    torn = bytearray(good[key])
    for _ in range(data.draw(st.integers(1, 3))):
        torn[data.draw(st.integers(0, len(torn) - 1))] = data.draw(st.integers(0, 255))
    objects.objects = good | {key: bytes(torn)}
    try:
        plan = plan_with(parameters, events=EVENTS, files="on", volume={"min_rows": 1})
        with suppress(Unobserved):
            seen: Observation = observe(iceberg.READER, plan, objects)
            judged(plan, seen)
    finally:
        objects.objects = good


_KEPT: list[tuple[ObjectsInMemory, dict[str, str]]] = []
