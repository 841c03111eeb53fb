"""What Iceberg's log tells beside when data came: newest values, sizes, rows and files, by how many requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.transforms import IdentityTransform

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg import manifests as iceberg_manifests
from checks.lake.formats.iceberg import totals as iceberg_more
from checks.lake.formats.shared.newest_value import Newest
from checks.model import FileSeen, FooterSeen, ProblemKind, Severity, Status
from checks.rules.asking import Clock
from tests.support.iceberg_logs import EVENTS, aged, append_file, look, plan_with, rows, written
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    edit_json,
    milliseconds,
    observe,
    put_metadata,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from pathlib import Path


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


# Files ------------------------------------------------------------------------------------------------------


# Bad input --------------------------------------------------------------------------------------------------


def column(kind: str) -> iceberg_more._Column:
    ask = plan_with({}, events=EVENTS).detail(Clock(now=NOW)).value
    assert ask is not None
    return iceberg_more._Column(2, kind, ask)


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
