"""Which periods hold rows, as the manifests of an Iceberg table tell it, within bounded requests."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    YearTransform,
)
from pyiceberg.types import NestedField, TimestampType

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg import manifests as iceberg_manifests
from checks.model import Format, ItemState, Severity, TableMemory, Unobserved
from checks.rules.asking import Clock
from checks.rules.base import Binding
from checks.rules.volume import VolumeConfig
from tests.support.partitioned import (
    A_GAP,
    MISSING,
    PRESENT,
    UNKNOWN,
    append_files,
    days_since_1970,
    filled,
    iceberg_table,
    objects_of,
    partitions_rule,
    plan_with,
    spec,
    states,
)
from tests.support.tables_by_engines import (
    NOW,
    edit_json,
    freshness,
    iceberg_catalog,
    iceberg_schema,
    observe,
)
from tests.support.times import DAY, HOUR, UTC_ZONE, at

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


def test_days_of_an_identity_partition_are_found_in_the_manifests(tmp_path: Path) -> None:
    table = iceberg_table(
        tmp_path, spec(1, IdentityTransform(), "day"), "2026-11-01", "2026-11-19", "2026-11-21"
    )
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert filled(plan, seen) == A_GAP
    assert seen.first_period_at == at("11-01 00:00")
    assert objects.counts == (0, 4)  # the metadata, the list, and a manifest for each of two days looked at
    newest = next(each for each in seen.partitions if each.period.label == "2026-11-21")
    assert newest.listing is not None
    assert newest.listing.objects == 1
    assert newest.listing.newest_key == f"snapshot {table.current_snapshot().snapshot_id}"


@pytest.mark.parametrize(
    "keys", [{}, {"key": "ts"}, {"key": "ts_day"}, {"key": "ts_day", "format": "%Y-%m-%d"}]
)
def test_hidden_days_of_a_timestamp_are_found(tmp_path: Path, keys: dict[str, str]) -> None:
    schema = iceberg_schema(NestedField(3, "ts", TimestampType()))
    table = iceberg_catalog(tmp_path).create(schema, spec(3, DayTransform(), "ts_day"))
    append_files(table, *[(days_since_1970(day),) for day in ("2026-11-19", "2026-11-21")])
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, partitions_rule(**keys), parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert filled(plan, seen) == A_GAP


@pytest.mark.parametrize(
    ("transform", "every", "values", "now", "expected"),
    [
        (
            HourTransform(),
            "1h",
            [24 * days_since_1970("2026-11-21") + hour for hour in (12, 13)],
            at("11-21 15:30"),
            {"2026-11-21T14:00": MISSING, "2026-11-21T13:00": PRESENT, "2026-11-21T12:00": PRESENT},
        ),
        (MonthTransform(), "1mo", [12 * 56 + 10], at("12-15 00:00"), {"2026-11": PRESENT}),
        (
            MonthTransform(),
            "3mo",
            [12 * 56 + 5, 12 * 56 + 10],
            at("2027-01-02"),
            {"2026-Q4": PRESENT, "2026-Q3": MISSING, "2026-Q2": PRESENT},
        ),
        (
            YearTransform(),
            "1y",
            [54, 56],
            at("2027-01-02"),
            {"2026": PRESENT, "2025": MISSING, "2024": PRESENT},
        ),
        (
            DayTransform(),
            "2w",
            [days_since_1970("2026-11-01"), days_since_1970("2026-11-29")],
            at("12-01 00:00"),
            {"2026-W47-W48": PRESENT, "2026-W45-W46": MISSING, "2026-W43-W44": PRESENT},
        ),
    ],
)
def test_hidden_hours_and_months_are_found(
    tmp_path: Path,
    transform: Any,
    every: str,
    values: list[int],
    now: datetime,
    expected: dict[str, ItemState],
) -> None:
    schema = iceberg_schema(NestedField(3, "ts", TimestampType()))
    table = iceberg_catalog(tmp_path).create(schema, spec(3, transform, "ts_part"))
    append_files(table, *[(value,) for value in values])
    objects, parameters = objects_of(table, tmp_path)
    rule = partitions_rule(every=every, due=None, after="10m")
    plan = plan_with(Format.ICEBERG, rule, parameters=parameters)
    found = filled(plan, observe(iceberg.READER, plan, objects, now), now)
    assert {label: found[label] for label in expected} == expected


def test_buckets_are_no_dimension(tmp_path: Path) -> None:
    partition = PartitionSpec(
        PartitionField(1, 1000, BucketTransform(4), "b"), PartitionField(1, 1001, IdentityTransform(), "day")
    )
    table = iceberg_catalog(tmp_path).create(iceberg_schema(), partition)
    append_files(table, *[(bucket, day) for bucket in range(4) for day in ("2026-11-19", "2026-11-21")])
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert filled(plan, seen) == A_GAP
    assert {each.dimensions for each in seen.partitions} == {()}


def test_rows_of_a_day_are_those_of_its_files_unless_delete_files_take_some_away(tmp_path: Path) -> None:
    table = iceberg_catalog(tmp_path).create(iceberg_schema(), spec(1, IdentityTransform(), "day"))
    append_files(table, ("2026-11-19",), ("2026-11-21",), ("2026-11-21",))
    objects, parameters = objects_of(table, tmp_path)
    volume = VolumeConfig(min_rows=7).bind(
        Binding(zone=UTC_ZONE, calendars={}, schedule=partitions_rule().schedule)
    )
    plan = plan_with(Format.ICEBERG, partitions_rule(), volume, parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert {
        each.period.label: each.listing.rows
        for each in seen.partitions
        if each.listing and each.listing.objects
    } == {
        "2026-11-19": 3,
        "2026-11-21": 6,
    }
    row = volume.measure(seen, Clock(now=NOW), TableMemory())
    assert row.unknown is None
    found = volume.finding(row, Severity.CRITICAL)
    assert "in 2 files with 6 rows: less than 7 rows, the limit" in found.because
    listed = iceberg_manifests.parse_manifest_list

    def with_deletes(data: bytes, place: str) -> list[iceberg_manifests.Manifest]:
        manifests = listed(data, place)
        return [*manifests, replace(manifests[0], is_deletes=True)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(iceberg_manifests, "parse_manifest_list", with_deletes)
        seen = observe(iceberg.READER, plan, objects)
    assert {each.listing.rows for each in seen.partitions if each.listing and each.listing.objects} == {None}
    row = volume.measure(seen, Clock(now=NOW), TableMemory())
    assert row.doubt_if_pass is not None
    assert "delete files take some of them away" in row.doubt_if_pass.message


def test_deleted_files_fill_no_day(tmp_path: Path) -> None:
    days = ("2026-11-19", "2026-11-20", "2026-11-21")
    table = iceberg_table(tmp_path, spec(1, IdentityTransform(), "day"), *days)
    table.delete("day = '2026-11-20'")
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    assert filled(plan, observe(iceberg.READER, plan, objects)) == A_GAP


def test_freshness_beside_partitions_rests_on_the_newest_period_where_the_log_tells_it(
    tmp_path: Path,
) -> None:
    table = iceberg_table(
        tmp_path, spec(1, IdentityTransform(), "day"), "2026-11-20", "2026-11-21", "2026-11-19"
    )
    moments = (NOW - 2 * DAY, NOW - DAY, NOW - HOUR)  # the last one fills an old day
    objects, parameters = objects_of(table, tmp_path, *moments)
    rule = partitions_rule()
    plan = plan_with(Format.ICEBERG, rule, freshness(schedule=rule.schedule), parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    row = freshness(schedule=rule.schedule).measure(seen, Clock(now=NOW), TableMemory())
    assert row.observed == NOW - DAY

    def compact(document: dict[str, Any]) -> None:
        document["snapshots"][1]["summary"]["operation"] = "replace"

    edit_json(objects, parameters["metadata_location"], compact)
    seen = observe(iceberg.READER, plan, objects)
    assert seen.newest is not None
    assert seen.newest.at == NOW - HOUR
    assert filled(plan, seen)["2026-11-21"] is PRESENT


def test_late_is_told_where_each_file_of_a_day_was_appended(tmp_path: Path) -> None:
    table = iceberg_table(
        tmp_path, spec(1, IdentityTransform(), "day"), "2026-11-19", "2026-11-20", "2026-11-21"
    )
    moments = (at("11-20 05:00"), at("11-21 07:00"), at("11-22 05:00"))
    objects, parameters = objects_of(table, tmp_path, *moments)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    found = states(plan, observe(iceberg.READER, plan, objects))
    assert found == {"2026-11-21": PRESENT, "2026-11-20": ItemState.LATE, "2026-11-19": PRESENT}


def test_too_many_manifests_leave_what_was_not_found_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iceberg_manifests, "MOST_MANIFESTS", 1)
    table = iceberg_table(
        tmp_path, spec(1, IdentityTransform(), "day"), "2026-11-19", "2026-11-20", "2026-11-21"
    )
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    found = states(plan, observe(iceberg.READER, plan, objects))
    assert found == {"2026-11-21": PRESENT, "2026-11-20": UNKNOWN, "2026-11-19": UNKNOWN}


def test_a_bad_manifest_leaves_recency_as_it_is(tmp_path: Path) -> None:
    table = iceberg_table(tmp_path, spec(1, IdentityTransform(), "day"), "2026-11-21")
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, partitions_rule(), freshness(), parameters=parameters)
    good = objects.objects.copy()
    for key in [key for key in good if key.endswith(".avro")]:
        for bad in (b"", b"PAR1", good[key][:-30], None):
            objects.objects = good | {key: bad or b""}
            if bad is None:
                del objects.objects[key]
            seen = observe(iceberg.READER, plan, objects)
            assert seen.newest is not None
            assert seen.problem is None
            assert key in seen.notes[-1]
            row = partitions_rule().measure(seen, Clock(now=NOW), TableMemory())
            assert row.unknown is not None or row.doubt_if_pass is not None


def test_a_table_that_was_never_loaded_owes_its_days_and_is_not_called_unpartitioned(tmp_path: Path) -> None:
    table = iceberg_table(tmp_path, spec(1, IdentityTransform(), "day"))
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    rule = partitions_rule()
    row = rule.measure(observe(iceberg.READER, plan, objects), Clock(now=NOW), TableMemory())
    assert row.unknown is None
    assert "never loaded: no day of it holds data" in rule.finding(row, Severity.CRITICAL).because
    assert objects.counts == (0, 1)


def test_an_unpartitioned_table_says_so(tmp_path: Path) -> None:
    table = iceberg_table(tmp_path, PartitionSpec(), "2026-11-21")
    objects, parameters = objects_of(table, tmp_path)
    plan = plan_with(Format.ICEBERG, parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert seen.newest is not None
    assert "is not partitioned" in seen.notes[-1]


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_any_manifest_list_and_manifest_leave_an_observation(listed: bytes, manifest: bytes) -> None:
    with suppress(Unobserved):
        iceberg_manifests.parse_manifest_list(b"Obj\x01" + listed, "m")
    with suppress(Unobserved):
        found = iceberg_manifests.Manifest("m", 1, 0, None, ())
        list(iceberg_manifests.parse_manifest(b"Obj\x01" + manifest, "m", found))


@given(
    st.sampled_from(["day", "hour", "month", "year", "identity", "truncate[4]"]),
    st.sampled_from(["date", "timestamptz", "string", "int", ""]),
    st.none() | st.integers() | st.text(max_size=5) | st.binary(max_size=9) | st.floats() | st.booleans(),
)
def test_any_partition_value_is_text_or_refused(transform: str, kind: str, value: Any) -> None:
    field = iceberg_manifests.Field("f", "c", transform, kind)
    with suppress(ValueError, TypeError, OverflowError):
        assert isinstance(field.text(value), str)
    bound = field.bound(value)
    assert bound is None or isinstance(bound, str)
