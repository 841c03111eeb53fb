"""Iceberg: what summaries say that commits did, held against manifest lists where a pass would rest on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg.manifests import Manifest, parse_manifest, parse_manifest_list
from checks.model import Arrival, Format, ProblemKind, Severity, Status, Unobserved
from tests.support.partitioned import append_files, objects_of
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    avro_file,
    edit_json,
    freshness,
    iceberg_catalog,
    iceberg_metadata,
    iceberg_schema,
    observe,
    plan_of,
    put_metadata,
    snapshot,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from pathlib import Path

    from checks.model import Observation

OLD = NOW - 3 * DAY
FULL = {"total_files_size": 9, "total_delete_files": 0, "total_data_files": 1, "total_records": 40}
LIST = {
    "type": "record",
    "name": "manifest_file",
    "fields": [
        {"name": "manifest_path", "type": "string"},
        {"name": "manifest_length", "type": "long"},
        {"name": "partition_spec_id", "type": "int"},
        {"name": "content", "type": "int"},
        {"name": "added_snapshot_id", "type": "long"},
        {"name": "added_files_count", "type": ["null", "int"]},
        {"name": "deleted_files_count", "type": ["null", "int"]},
        {"name": "added_rows_count", "type": ["null", "long"]},
    ],
}


def manifest(by: int, content: int, rows: int | None, files: int = 1, deleted: int = 0) -> dict[str, Any]:
    return {
        "manifest_path": f"{LOCATION}metadata/m{by}-{content}.avro",
        "manifest_length": 9,
        "partition_spec_id": 0,
        "content": content,
        "added_snapshot_id": by,
        "added_files_count": files,
        "deleted_files_count": deleted,
        "added_rows_count": rows,
    }


def see(
    operation: str,
    *manifests: dict[str, Any],
    hours: float = 24,
    version: int = 2,
    count: Any = "arrivals",
    **counts: int,
) -> tuple[Observation, int]:
    """Return what is seen of a table whose old append a commit of four hours ago follows, and by how many GETs."""
    first = snapshot(1, OLD, "append", added_records=100, added_data_files=1, **FULL)
    second = snapshot(2, NOW - 4 * HOUR, operation, parent=1, **counts)
    objects, parameters = put_metadata(iceberg_metadata(first, second, version=version))
    if manifests:
        objects.put(
            f"{ROOT}metadata/snap-2.avro", avro_file(LIST, manifest(1, 0, 100), *manifests), NOW - 4 * HOUR
        )
    plan = plan_of(Format.ICEBERG, freshness(hours, count=count), parameters=parameters)
    return observe(iceberg.READER, plan, objects), objects.counts[1]


ROWS = {"added_records": 40, "added_data_files": 1}
DELETES_ONLY = manifest(2, 1, 40)


@pytest.mark.parametrize("operation", ["append", "overwrite", ""])
@pytest.mark.parametrize(
    "counts",
    [
        {**ROWS, "total_data_files": 2, "total_records": 140},
        {**ROWS, "total_files_size": 9},
        {**ROWS, "total_delete_files": 0},
        {**ROWS, **FULL, "added_position_deletes": 40},
        {**ROWS, **FULL, "added_equality_deletes": 1},
        ROWS,
        {"added_records": 40},
        {"added_data_files": 1},
    ],
)
def test_delete_files_that_a_summary_counts_as_data_are_no_arrival(
    operation: str, counts: dict[str, int]
) -> None:
    seen, gets = see(operation, DELETES_ONLY, **counts)
    assert seen.newest == Arrival(OLD, "snapshot 1")
    assert gets == 2
    seen, _ = see(operation, DELETES_ONLY, count="changes", **counts)
    assert seen.newest == Arrival(NOW - 4 * HOUR, "snapshot 2")


@pytest.mark.parametrize("operation", ["append", "overwrite"])
@pytest.mark.parametrize("others", [(), (DELETES_ONLY,)])
def test_data_files_that_the_list_tells_are_an_arrival(
    operation: str, others: tuple[dict[str, Any], ...]
) -> None:
    seen, gets = see(operation, manifest(2, 0, 40), *others, **ROWS)
    assert seen.newest == Arrival(NOW - 4 * HOUR, "snapshot 2")
    assert gets == 2


@pytest.mark.parametrize("operation", ["append", "overwrite"])
@pytest.mark.parametrize("counts", [{**ROWS, **FULL}, {**ROWS, "added_delete_files": 1}])
def test_a_summary_that_tells_delete_files_apart_is_believed_at_no_request_more(
    operation: str, counts: dict[str, int]
) -> None:
    seen, gets = see(operation, DELETES_ONLY, **counts)
    assert seen.newest == Arrival(NOW - 4 * HOUR, "snapshot 2")
    assert gets == 1


def test_a_list_is_looked_at_only_where_a_pass_would_rest_on_it() -> None:
    assert see("overwrite", DELETES_ONLY, hours=3.9, **ROWS)[1] == 1
    assert see("overwrite", DELETES_ONLY, hours=4, **ROWS)[1] == 2


def test_a_list_that_is_gone_leaves_what_the_summary_says() -> None:
    seen, gets = see("overwrite", **ROWS)
    assert seen.newest == Arrival(NOW - 4 * HOUR, "snapshot 2")
    assert gets == 2


def test_version_1_has_no_delete_files() -> None:
    assert see("overwrite", DELETES_ONLY, version=1, **ROWS)[1] == 1


@pytest.mark.parametrize(
    ("counts", "rows", "came"),
    [
        ({"added_data_files": 1, "added_records": 0}, 0, OLD),
        ({"added_data_files": 1, "added_records": 0}, None, OLD),
        ({"added_data_files": 1, "added_records": 0}, 7, NOW - 4 * HOUR),  # something else tells
        ({"added_data_files": 1}, 0, OLD),
        ({"added_data_files": 1}, 7, NOW - 4 * HOUR),
    ],
)
def test_an_append_of_files_without_a_row_is_no_arrival(
    counts: dict[str, int], rows: int | None, came: Any
) -> None:
    seen, gets = see("append", manifest(2, 0, rows), **counts, **FULL)
    # A list that does not count rows leaves the files that it counts.
    assert seen.newest is not None
    assert seen.newest.at == (NOW - 4 * HOUR if rows is None else came)
    assert gets == 2


@pytest.mark.parametrize("operation", ["rewrite", "UPSERT", "x" * 90])
def test_an_operation_that_is_not_known_is_named(operation: str) -> None:
    seen, gets = see(operation, manifest(2, 0, 40), added_records=40, **FULL)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.TOO_LITTLE_HISTORY
    assert (
        f"snapshot 2 does not say what it did (its operation, {operation.lower()[:40]}, is none that the specification "
        "names)" in seen.problem.message
    )
    assert gets == 1
    seen, _ = see(operation, manifest(2, 0, 40), hours=3, added_records=40)
    assert seen.newest == Arrival(NOW - 4 * HOUR, "snapshot 2", is_bound=True)


@pytest.mark.parametrize("operation", [5, True, ["append"]])
def test_an_operation_that_is_no_text_is_there_and_not_known(operation: Any) -> None:
    document = iceberg_metadata(snapshot(1, NOW - HOUR, "append", added_records=1))
    document["snapshots"][0]["summary"]["operation"] = operation
    objects, parameters = put_metadata(document)
    seen = observe(iceberg.READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.problem is not None
    assert "no operation in its summary" not in seen.problem.message
    assert (
        f"its operation, {str(operation).lower()}, is none that the specification names"
        in seen.problem.message
    )


def test_encrypted_manifests_are_not_called_broken() -> None:
    first = {**snapshot(1, NOW - HOUR, "append", added_records=1), "key-id": "k1"}
    objects, parameters = put_metadata(iceberg_metadata(first, version=3))
    objects.put(f"{ROOT}metadata/snap-1.avro", b"AGS1 and what only a key reads")
    table = plan_of(Format.ICEBERG, parameters=parameters).table
    plan = plan_by_config(table, freshness={"max_age": "24h"}, files="on")
    found = judged(plan, observe(iceberg.READER, plan, objects), NOW)
    assert found["freshness"].status is Status.PASS
    assert found["files"].status is Status.UNKNOWN
    assert "the manifests of snapshot 1 are encrypted" in found["files"].because


ENTRY = {
    "type": "record",
    "name": "manifest_entry",
    "fields": [
        {"name": "status", "type": "int"},
        {"name": "snapshot_id", "type": ["null", "long"]},
        {
            "name": "data_file",
            "type": {
                "type": "record",
                "name": "r2",
                "fields": [
                    {"name": "content", "type": "int"},
                    {"name": "partition", "type": {"type": "record", "name": "r102", "fields": []}},
                    {"name": "record_count", "type": "long"},
                    {"name": "file_size_in_bytes", "type": "long"},
                ],
            },
        },
    ],
}


def entry(status: int = 1, content: int = 0) -> dict[str, Any]:
    file = {"content": content, "partition": {}, "record_count": 3, "file_size_in_bytes": 9}
    return {"status": status, "snapshot_id": 1, "data_file": file}


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (entry(status=3), "status 3"),
        (entry(content=3), "content 3"),
        (entry(status=7, content=9), "status 7"),
    ],
)
def test_codes_that_are_not_known_are_told(bad: dict[str, Any], what: str) -> None:
    listed = Manifest("m", 9, 0, 1, ())
    assert len(list(parse_manifest(avro_file(ENTRY, entry(0), entry(1), entry(2)), "s3://b/m", listed))) == 2
    assert (
        list(parse_manifest(avro_file(ENTRY, entry(content=1), entry(content=2)), "s3://b/m", listed)) == []
    )
    with pytest.raises(Unobserved) as caught:
        list(parse_manifest(avro_file(ENTRY, entry(), bad), "s3://b/m", listed))
    assert caught.value.problem.kind is ProblemKind.UNSUPPORTED
    assert f"s3://b/m: {what} of an entry is not known" in caught.value.problem.message


def test_a_list_of_what_is_neither_data_nor_deletes_is_told() -> None:
    assert len(parse_manifest_list(avro_file(LIST, manifest(1, 0, 1), manifest(1, 1, 1)), "s3://b/l")) == 2
    with pytest.raises(Unobserved) as caught:
        parse_manifest_list(avro_file(LIST, manifest(1, 2, 1)), "s3://b/l")
    assert caught.value.problem.kind is ProblemKind.UNSUPPORTED


def test_a_delete_file_in_a_real_table_is_no_load(tmp_path: Path) -> None:
    """Pyiceberg writes no delete files: what it wrote is told as such in the list, and as data in the summary."""
    table = iceberg_catalog(tmp_path).create(iceberg_schema())
    append_files(table, ())
    append_files(table, ())
    objects, parameters = objects_of(table, tmp_path, OLD, NOW - 4 * HOUR)
    newest = table.snapshots()[-1].snapshot_id

    def as_duckdb(document: dict[str, Any]) -> None:
        for each in document["snapshots"]:
            for name in ("total-delete-files", "total-files-size"):
                del each["summary"][name]
        document["snapshots"][-1]["summary"]["operation"] = "overwrite"

    edit_json(objects, parameters["metadata_location"], as_duckdb)
    rule = freshness()
    plan = plan_of(Format.ICEBERG, rule, parameters=parameters)
    key = next(name for name in objects.objects if f"snap-{newest}" in name)
    assert observe(iceberg.READER, plan, objects).newest == Arrival(NOW - 4 * HOUR, f"snapshot {newest}")
    objects.put(key, avro_file(LIST, manifest(newest, 1, 3)), NOW - 4 * HOUR)
    found = plan_by_config(plan.table, freshness={"max_age": "24h"})
    assert (
        judged(found, observe(iceberg.READER, found, objects), NOW)["freshness"].severity is Severity.CRITICAL
    )
