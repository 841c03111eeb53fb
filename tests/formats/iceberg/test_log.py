"""What Iceberg's log tells beside when data came: newest values, sizes, rows and files, by how many requests."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.typedef import Record
from pyiceberg.types import (
    DateType,
    LongType,
    NestedField,
    StringType,
    StructType,
    TimestampType,
    TimestamptzType,
)

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg import manifests as iceberg_manifests
from checks.lake.formats.iceberg import totals as iceberg_more
from checks.lake.formats.shared.newest_value import Newest
from checks.model import FileSeen, FooterSeen, Format, ProblemKind, Severity, Status, Unobserved
from checks.rules.asking import Clock
from checks.schedule.clock import FIRST, LAST
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    ObjectsInMemory,
    date_snapshots,
    edit_json,
    iceberg_catalog,
    iceberg_metadata,
    iceberg_objects,
    milliseconds,
    observe,
    plan_of,
    put_metadata,
    snapshot,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from pathlib import Path

    from checks.model import Finding, Observation
    from checks.rules.base import TablePlan

SCHEMA = Schema(
    NestedField(1, "day", StringType()),
    NestedField(2, "seen", TimestamptzType()),
    NestedField(3, "wall", TimestampType()),
    NestedField(4, "date", DateType()),
    NestedField(
        5, "meta", StructType(NestedField(6, "made", TimestamptzType()), NestedField(7, "n", LongType()))
    ),
)
EVENTS = {"column": "seen", "max_age": "24h"}


def rows(newest: datetime, day: str = "2026-11-21") -> pa.Table:
    moments = [newest - HOUR, newest]
    zoned = pa.array(moments, pa.timestamp("us", "UTC"))
    return pa.table(
        {
            "day": [day, day],
            "seen": zoned,
            "wall": pa.array([each.replace(tzinfo=None) for each in moments], pa.timestamp("us")),
            "date": pa.array([each.date() for each in moments]),
            "meta": pa.StructArray.from_arrays([zoned, pa.array([1, 2])], ["made", "n"]),
        }
    )


def aged(table: Any, tmp_path: Path, *moments: datetime) -> tuple[ObjectsInMemory, dict[str, str]]:
    """Return a table's objects, its snapshots made at these moments, by default one an hour up to now."""
    objects, parameters = iceberg_objects(table, tmp_path)

    def age(document: dict[str, Any]) -> None:
        count = len(document["snapshots"])
        date_snapshots(document, *(moments or [NOW - number * HOUR for number in reversed(range(count))]))

    edit_json(objects, parameters["metadata_location"], age)
    return objects, parameters


def plan_with(parameters: dict[str, str], **blocks: Any) -> TablePlan:
    table = plan_of(Format.ICEBERG, parameters=parameters).table
    return plan_by_config(table, **blocks)


def look(
    objects: ObjectsInMemory, parameters: dict[str, str], now: datetime = NOW, **blocks: Any
) -> dict[str, Finding]:
    plan = plan_with(parameters, **blocks)
    return judged(plan, observe(iceberg.READER, plan, objects, now), now)


def written(
    tmp_path: Path,
    *newest: datetime,
    schema: Any = SCHEMA,
    spec: PartitionSpec = UNPARTITIONED_PARTITION_SPEC,
) -> Any:
    table = iceberg_catalog(tmp_path).create(schema, spec)
    for each in newest:
        table.append(rows(each))
    return table


def test_recency_alone_is_one_get(tmp_path: Path) -> None:
    objects, parameters = aged(written(tmp_path, NOW - HOUR), tmp_path)
    assert look(objects, parameters, freshness={"max_age": "24h"})["freshness"].status is Status.PASS
    assert objects.counts == (0, 1)


def test_the_newest_value_is_in_the_newest_manifest_by_three_gets(tmp_path: Path) -> None:
    table = written(tmp_path, NOW - 3 * HOUR, NOW - 2 * HOUR, NOW - HOUR)
    objects, parameters = aged(table, tmp_path)
    finding = look(objects, parameters, events=EVENTS)["events"]
    assert (finding.status, finding.observed) == (Status.PASS, NOW - HOUR)
    assert finding.because == (
        "the newest seen in the newest file is 1 h old (Sun 22 Nov 2026 05:00 UTC); expected at most 24 h old"
    )
    assert objects.counts == (0, 3)


@pytest.mark.parametrize(
    ("column", "written_in", "expected"),
    [
        ("seen", "Europe/Berlin", at("11-22 05:00")),
        ("SEEN", "UTC", at("11-22 05:00")),
        ("wall", "UTC", at("11-22 05:00")),
        ("wall", "Europe/Berlin", at("11-22 04:00")),
        ("date", "UTC", at("11-23 00:00")),
        ("date", "Europe/Berlin", at("11-22 23:00")),
    ],
)
def test_types_and_zones_are_those_of_the_schema(
    tmp_path: Path, column: str, written_in: str, expected: datetime
) -> None:
    objects, parameters = aged(written(tmp_path, NOW - HOUR), tmp_path)
    block = {"column": column, "max_age": "24h", "written_in": written_in}
    assert look(objects, parameters, events=block)["events"].observed == expected


def test_a_renamed_column_is_found_by_its_field(tmp_path: Path) -> None:
    table = written(tmp_path, NOW - HOUR)
    with table.update_schema() as update:
        update.rename_column("seen", "happened_at")
    objects, parameters = aged(table, tmp_path)
    finding = look(objects, parameters, events={"column": "happened_at", "max_age": "24h"})["events"]
    assert finding.observed == NOW - HOUR
    finding = look(objects, parameters, events=EVENTS)["events"]
    assert finding.because == "could not be checked: column seen of sales.orders is not in its schema"
    assert objects.counts == (0, 1)


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("day", "column day of sales.orders is string, neither a timestamp nor a date"),
        ("meta", "column meta of sales.orders is nested; name one of its fields"),
        ("gone", "column gone of sales.orders is not in its schema"),
    ],
)
def test_what_is_no_time_is_unknown(tmp_path: Path, column: str, why: str) -> None:
    objects, parameters = aged(written(tmp_path, NOW - HOUR), tmp_path)
    finding = look(objects, parameters, events={"column": column, "max_age": "24h"})["events"]
    assert (finding.status, finding.because) == (Status.UNKNOWN, f"could not be checked: {why}")


def test_old_events_in_new_files_fail_and_manifests_that_came_before_the_limit_are_not_read(
    tmp_path: Path,
) -> None:
    table = written(tmp_path, *[NOW - 9 * DAY] * 4, NOW - 3 * DAY)
    moments = (NOW - 4 * DAY, NOW - 3 * DAY, NOW - 2 * DAY, NOW - 20 * HOUR, NOW - HOUR)
    objects, parameters = aged(table, tmp_path, *moments)
    finding = look(objects, parameters, events=EVENTS)["events"]
    assert finding.severity is Severity.CRITICAL
    assert finding.because == (
        "the newest seen in the 2 newest files is 3 days old (Thu 19 Nov 2026 06:00 UTC), in a file that came Sun 22 "
        "Nov 2026 05:00 UTC; expected at most 24 h old"
    )
    assert objects.counts == (0, 4)  # the metadata, the list, the manifests of two days


def test_files_that_were_deleted_hold_no_value(tmp_path: Path) -> None:
    table = written(tmp_path, NOW - 30 * HOUR)
    table.append(rows(NOW - HOUR, day="2026-11-22"))
    table.delete("day = '2026-11-22'")
    objects, parameters = aged(table, tmp_path)
    finding = look(objects, parameters, events=EVENTS)["events"]
    assert (finding.severity, finding.observed) == (Severity.CRITICAL, NOW - 30 * HOUR)


def test_what_an_expired_snapshot_added_came_before_those_that_are_left(tmp_path: Path) -> None:
    table = written(tmp_path, NOW - 9 * DAY, NOW - 8 * DAY, NOW - 3 * DAY)
    objects, parameters = aged(table, tmp_path, NOW - 4 * DAY, NOW - 2 * DAY, NOW - HOUR)

    def expire(document: dict[str, Any]) -> None:
        del document["snapshots"][0]

    edit_json(objects, parameters["metadata_location"], expire)
    assert look(objects, parameters, events=EVENTS)["events"].status is Status.FAIL
    assert objects.counts == (0, 3)


def append_file(table: Any, name: str, **values: Any) -> None:
    """Append a file that only the log knows."""
    with table.transaction() as transaction, transaction.update_snapshot().fast_append() as update:
        told = {"record_count": 3, "file_size_in_bytes": 700, "partition": Record(), **values}
        file = DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=f"{table.location()}/{name}",
            file_format=FileFormat.PARQUET,
            **told,
        )
        file.spec_id = 0
        update.append_data_file(file)


def test_a_field_of_a_struct_is_found_by_its_number(tmp_path: Path) -> None:
    table = written(tmp_path)
    bound = (milliseconds(NOW - HOUR) * 1000).to_bytes(8, "little")
    append_file(table, "data/nested.parquet", upper_bounds={6: bound})
    append_file(table, "data/null.parquet", null_value_counts={6: 3}, value_counts={6: 3})
    objects, parameters = aged(table, tmp_path)
    finding = look(objects, parameters, events={"column": "meta.made", "max_age": "24h"})["events"]
    assert (finding.status, finding.observed) == (Status.PASS, NOW - HOUR)


def test_files_of_nulls_alone_hold_no_value(tmp_path: Path) -> None:
    table = written(tmp_path)
    append_file(table, "data/null.parquet", null_value_counts={2: 3})
    objects, parameters = aged(table, tmp_path)
    finding = look(objects, parameters, events=EVENTS)["events"]
    assert finding.because == "could not be checked: the newest file of sales.orders holds no value of seen"


def test_bounds_that_are_not_kept_leave_it_unknown_unless_another_file_proves_it(tmp_path: Path) -> None:
    table = written(tmp_path, NOW - 30 * HOUR)
    append_file(table, "data/no-bounds.parquet")
    objects, parameters = aged(table, tmp_path)
    finding = look(objects, parameters, events=EVENTS)["events"]
    assert finding.status is Status.UNKNOWN
    assert "data/no-bounds.parquet: it keeps no bounds of column seen" in finding.because
    assert "write.metadata.metrics.column.seen" in finding.advice
    table.append(rows(NOW - HOUR))
    objects, parameters = aged(table, tmp_path)
    assert look(objects, parameters, events=EVENTS)["events"].status is Status.PASS


def test_a_value_ahead_of_now_is_unknown(tmp_path: Path) -> None:
    objects, parameters = aged(written(tmp_path, NOW - 30 * HOUR, NOW + HOUR), tmp_path)
    finding = look(objects, parameters, events=EVENTS)["events"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.FROM_THE_FUTURE)
    objects, parameters = aged(written(tmp_path / "near", NOW + timedelta(minutes=10)), tmp_path / "near")
    assert look(objects, parameters, events=EVENTS)["events"].status is Status.PASS


def test_more_manifests_than_are_read_leave_it_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iceberg_manifests, "MOST_MANIFESTS", 2)
    objects, parameters = aged(written(tmp_path, *[NOW - 30 * HOUR] * 3), tmp_path)
    finding = look(objects, parameters, events=EVENTS)["events"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.OVER_BUDGET)
    assert objects.counts == (0, 4)
    objects, parameters = aged(written(tmp_path / "recent", NOW - 30 * HOUR, NOW - HOUR), tmp_path / "recent")
    assert look(objects, parameters, events=EVENTS)["events"].status is Status.PASS


def test_a_bad_manifest_is_a_doubt_and_never_an_error(tmp_path: Path) -> None:
    table = written(tmp_path, NOW - 31 * HOUR, NOW - 30 * HOUR)
    objects, parameters = aged(table, tmp_path)
    good = objects.objects.copy()
    for key in [key for key in good if key.endswith(".avro")]:
        for bad in (b"", b"PAR1", good[key][:-30]):
            objects.objects = good | {key: bad}
            findings = look(objects, parameters, events=EVENTS, freshness={"max_age": "24h"})
            assert findings["freshness"].status is Status.PASS
            is_read = "snap-" not in key or good[key] == bad
            if is_read or f"snap-{table.current_snapshot().snapshot_id}" in key:
                assert findings["events"].status is Status.UNKNOWN
                assert key in findings["events"].because


def test_one_manifest_is_read_once_for_all_who_ask(tmp_path: Path) -> None:
    spec = PartitionSpec(
        PartitionField(source_id=1, field_id=1000, transform=IdentityTransform(), name="day")
    )
    table = written(tmp_path, NOW - 3 * HOUR, NOW - 2 * HOUR, spec=spec)
    objects, parameters = aged(table, tmp_path)
    findings = look(
        objects,
        parameters,
        partitions={"due": "06:00", "lookback": 1},
        volume={"min_rows": 5},
        files="on",
        events=EVENTS,
    )
    assert objects.counts == (0, 4)
    assert findings["events"].status is Status.PASS
    assert findings["files"].because == "2 data files in 1 due day, none of them unsound"
    assert "with 4 rows: less than 5 rows, the limit" in findings["volume"].because


# The whole table --------------------------------------------------------------------------------------------


def test_the_whole_table_is_summed_up_in_its_snapshot(tmp_path: Path) -> None:
    objects, parameters = aged(written(tmp_path, NOW - 3 * HOUR, NOW - 2 * HOUR), tmp_path)
    finding = look(objects, parameters, volume={"min_rows": 5, "max_files": 2})["volume"]
    assert objects.counts == (0, 1)
    assert finding.severity is Severity.CRITICAL
    assert finding.because.startswith("s3://lake/sales/orders/ came to ")
    assert finding.because.endswith(" in 2 files with 4 rows: less than 5 rows, the limit")
    assert look(objects, parameters, volume={"min_rows": 4})["volume"].status is Status.PASS


def see_whole(gets: int = 1, **counts: int) -> dict[str, Finding]:
    objects, parameters = put_metadata(
        iceberg_metadata(snapshot(1, NOW - HOUR, "append", added_records=1, **counts))
    )
    findings = look(objects, parameters, volume={"min_rows": 1, "min_bytes": "10B"})
    assert objects.counts == (0, gets)
    return findings


def test_delete_files_take_rows_away_that_nobody_counts() -> None:
    totals = {"total_records": 5, "total_data_files": 1, "total_files_size": 10}
    assert see_whole(**totals, total_delete_files=0)["volume"].status is Status.PASS
    finding = see_whole(**totals, total_delete_files=1)["volume"]
    assert finding.because == (
        "could not be checked: rows of sales.orders are not known: delete files take some of them away, and its log "
        "does not tell how many"
    )
    assert (
        see_whole(**{**totals, "total_files_size": 9}, total_delete_files=1)["volume"].status is Status.FAIL
    )


def test_totals_that_neither_summary_nor_manifests_tell_are_unknown() -> None:
    """The manifest list does not exist."""
    finding = see_whole(2, total_records=5)["volume"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.NOT_FOUND)
    assert "snapshot 1 does not sum it up" in finding.because
    assert "snap-1.avro does not exist" in finding.because
    finding = see_whole(2, total_data_files=1, total_files_size=10)["volume"]
    assert "snapshot 1 does not sum them up (total-records), and s3://" in finding.because
    finding = see_whole(2, total_data_files=1, total_files_size=10, total_records=5)["volume"]
    assert "snapshot 1 does not tell its delete files (total-delete-files), and s3://" in finding.because


@pytest.mark.parametrize(
    "lost",
    [
        ("total-data-files", "total-files-size", "total-records", "total-delete-files"),
        ("total-files-size",),
        ("total-data-files",),
        ("total-records",),
        ("total-delete-files",),
        (),
    ],
)
def test_totals_that_a_summary_leaves_out_are_added_up_from_the_manifests(
    tmp_path: Path, lost: tuple[str, ...]
) -> None:
    objects, parameters = aged(written(tmp_path, NOW - 3 * HOUR, NOW - 2 * HOUR), tmp_path)

    def lose(document: dict[str, Any]) -> None:
        for entry in document["snapshots"]:
            for name in lost:
                del entry["summary"][name]

    told = look(objects, parameters, volume={"min_rows": 5, "max_files": 1})["volume"]
    edit_json(objects, parameters["metadata_location"], lose)
    found = look(objects, parameters, volume={"min_rows": 5, "max_files": 1})["volume"]
    assert (found.status, found.severity, found.because) == (told.status, told.severity, told.because)
    assert objects.counts == (0, 4 if lost else 1)


def test_of_more_manifests_than_are_read_the_sum_is_a_lower_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects, parameters = aged(written(tmp_path, *[NOW - 2 * HOUR] * 3), tmp_path)

    def lose(document: dict[str, Any]) -> None:
        for entry in document["snapshots"]:
            entry["summary"] = {"operation": "append"}

    edit_json(objects, parameters["metadata_location"], lose)
    monkeypatch.setattr(iceberg_manifests, "MOST_MANIFESTS", 2)
    assert look(objects, parameters, volume={"max_files": 1})["volume"].status is Status.FAIL
    finding = look(objects, parameters, volume={"max_files": 2})["volume"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.OVER_BUDGET)
    assert "does not sum it up" in finding.because


# Files ------------------------------------------------------------------------------------------------------


def with_files(tmp_path: Path, *files: tuple[str, int]) -> tuple[ObjectsInMemory, dict[str, str]]:
    table = iceberg_catalog(tmp_path).create(SCHEMA)
    for name, size in files:
        append_file(table, name, file_size_in_bytes=size)
    return aged(table, tmp_path)


def test_files_are_judged_by_what_the_manifests_say(tmp_path: Path) -> None:
    names = [(f"data/{number}.parquet", 9) for number in range(9)]
    objects, parameters = with_files(tmp_path, *names, ("data/a.csv.gz", 900), ("data/b.parquet", 0))
    finding = look(objects, parameters, files={"small": "10B"})["files"]
    assert objects.counts == (0, 13)
    assert (finding.severity, finding.observed) == (Severity.WARNING, 11)
    assert finding.because == (
        "11 of 11 files in s3://lake/sales/orders/ not sound: 1 of zero bytes, such as s3://lake/sales/orders/data/b."
        "parquet; 1 .csv.gz that the log records as parquet, such as s3://lake/sales/orders/data/a.csv.gz; 9 smaller "
        "than 10 B (90 %; at most 50 % may be)"
    )
    assert finding.advice.startswith("look at the run that added them to the table's log")
    assert look(objects, parameters, files="on", pattern="*.parquet")["files"].observed == 2
    assert look(objects, parameters, files={"only": True}, pattern="*.parquet")["files"].observed == 3


def test_sound_files_of_a_part_are_no_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = written(tmp_path, NOW - 3 * HOUR, NOW - 2 * HOUR)
    objects, parameters = aged(table, tmp_path)
    finding = look(objects, parameters, files="on")["files"]
    assert finding.because == "2 data files in s3://lake/sales/orders/, none of them unsound"
    assert objects.counts == (0, 4)
    monkeypatch.setattr(iceberg_manifests, "MOST_MANIFESTS", 1)
    finding = look(objects, parameters, files="on")["files"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.OVER_BUDGET)


# Bad input --------------------------------------------------------------------------------------------------


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


def test_a_value_that_was_seen_ends_the_look_only_where_nothing_can_be_newer() -> None:
    plan = plan_with({}, events={"column": "seen", "warn_after": "24h", "error_after": "48h"})
    ask = plan.detail(Clock(now=NOW)).value
    assert ask is not None
    newest = Newest(ask, Clock(now=NOW))
    file = FileSeen("s3://lake/a.parquet", 9, NOW)
    assert not newest.is_settled_by(NOW - 90 * DAY)
    newest.add(FooterSeen(file=file, newest=NOW - 30 * HOUR))
    assert not newest.is_settled_by(NOW - 47 * HOUR)
    assert not newest.is_settled_by(None)
    assert newest.is_settled_by(NOW - 49 * HOUR)
    newest.add(replace(FooterSeen(file=file), newest=NOW - HOUR))
    assert newest.is_settled_by(None)


def test_nothing_else_is_asked_for(tmp_path: Path) -> None:
    objects, parameters = aged(written(tmp_path, NOW - HOUR), tmp_path)
    plan = plan_with(parameters, freshness={"max_age": "24h"})
    seen = observe(iceberg.READER, plan, objects)
    assert (seen.whole, seen.live, seen.values) == (None, None, None)
    assert all(call == f"GET {ROOT}metadata/00001.metadata.json" for call in objects.calls)


@pytest.mark.parametrize(
    ("blocks", "gets"),
    [
        ({"freshness": {"max_age": "24h"}}, 1),
        ({"volume": {"min_rows": 1}}, 1),
        ({"schema": "on"}, 1),
        ({"events": EVENTS}, 3),
        ({"files": "on"}, 5),
        ({"events": EVENTS, "files": "on", "volume": {"min_rows": 1}}, 5),
    ],
)
def test_each_check_asks_for_no_more_than_it_needs(tmp_path: Path, blocks: dict[str, Any], gets: int) -> None:
    objects, parameters = aged(written(tmp_path, *[NOW - HOUR] * 3), tmp_path)
    look(objects, parameters, **blocks)
    assert objects.counts == (0, gets)


def test_a_stricter_limit_of_events_makes_no_table_fresh_whose_newest_data_is_only_bounded(
    tmp_path: Path,
) -> None:
    objects, parameters = aged(written(tmp_path, NOW - 30 * HOUR), tmp_path, NOW - 10 * HOUR)

    def compact(document: dict[str, Any]) -> None:
        document["snapshots"][-1] |= {"parent-snapshot-id": 7}
        document["snapshots"][-1]["summary"]["operation"] = "replace"

    edit_json(objects, parameters["metadata_location"], compact)
    blocks: dict[str, Any] = {"freshness": {"max_age": "48h"}}
    alone = look(objects, parameters, **blocks)["freshness"]
    beside = look(objects, parameters, **blocks, events={"column": "seen", "max_age": "6h"})["freshness"]
    assert alone.status is beside.status is Status.UNKNOWN


def test_a_period_of_which_a_part_of_the_log_was_read_says_that_its_log_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = PartitionSpec(
        PartitionField(source_id=1, field_id=1000, transform=IdentityTransform(), name="day")
    )
    objects, parameters = aged(written(tmp_path, NOW - HOUR, NOW - HOUR, spec=spec), tmp_path)
    monkeypatch.setattr(iceberg_manifests, "MOST_MANIFESTS", 1)
    partitions = {"every": "1d", "due": "06:00", "lookback": 1}
    found = look(objects, parameters, partitions=partitions, volume={"min_bytes": "1B"}, files={})
    assert found["partitions"].status is Status.PASS
    for check in ("volume", "files"):
        assert found[check].status is Status.UNKNOWN
        assert "the manifests of the periods looked at are more than 1 or" in found[check].because


def test_one_broken_file_is_one_cause_for_all_checks_of_its_table() -> None:
    objects, parameters = put_metadata(b"{")
    findings = look(objects, parameters, freshness={"max_age": "24h"}, volume={"min_rows": 1}, events=EVENTS)
    assert {finding.status for finding in findings.values()} == {Status.UNKNOWN}
    assert {finding.cause for finding in findings.values()} == {
        f"malformed {parameters['metadata_location']}"
    }


def test_who_asks_again_for_a_manifest_that_could_not_be_read_hears_why(tmp_path: Path) -> None:
    spec = PartitionSpec(
        PartitionField(source_id=1, field_id=1000, transform=IdentityTransform(), name="day")
    )
    objects, parameters = aged(written(tmp_path, NOW - HOUR, spec=spec), tmp_path)
    manifest = next(key for key in objects.objects if key.endswith("-m0.avro"))
    del objects.objects[manifest]
    blocks: dict[str, Any] = {"partitions": {"every": "1d", "due": "06:00", "lookback": 1}, "events": EVENTS}
    found = look(objects, parameters, **blocks)
    assert {name: f.because for name, f in found.items() if "does not exist" not in f.because} == {}
