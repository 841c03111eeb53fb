"""Snapshots whose summary counts nothing: what the manifest list of each tells of arrivals."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg import times as iceberg_times
from checks.model import (
    Format,
    Problem,
    ProblemKind,
    Unobserved,
)
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    avro_file,
    iceberg_metadata,
    observe,
    plan_of,
    put_metadata,
    snapshot,
)
from tests.support.times import at

if TYPE_CHECKING:
    from checks.model import Observation

READER = iceberg.READER
EIGHT, NINE, TEN = at("11-21 08:00"), at("11-21 09:00"), at("11-21 10:00")
APPEND = snapshot(1, EIGHT, "append", added_records=10, added_data_files=1, total_records=10)


def see(*snapshots: dict[str, Any], plan: Any = None, **clock: Any) -> Observation:
    objects, parameters = put_metadata(iceberg_metadata(*snapshots))
    return observe(
        READER,
        plan or plan_of(Format.ICEBERG, parameters=parameters),
        objects,
        clock.pop("now", NOW),
        **clock,
    )


MANIFESTS = {
    "type": "record",
    "name": "manifest_file",
    "fields": [
        {"name": "manifest_path", "type": "string"},
        {"name": "content", "type": "int"},
        {"name": "added_snapshot_id", "type": "long"},
        {"name": "added_files_count", "type": ["null", "int"]},
        {"name": "deleted_files_count", "type": ["null", "int"]},
        {"name": "added_rows_count", "type": ["null", "long"]},
    ],
}


def manifest(
    by: int, added: int | None, rows: int | None, deleted: int | None = 0, content: int = 0
) -> dict[str, Any]:
    return {
        "manifest_path": f"{LOCATION}metadata/m{by}.avro",
        "content": content,
        "added_snapshot_id": by,
        "added_files_count": added,
        "deleted_files_count": deleted,
        "added_rows_count": rows,
    }


@pytest.mark.parametrize(
    ("operation", "manifests", "at_", "gets"),
    [
        ("append", [manifest(1, 1, 10), manifest(2, 1, 3)], NINE, 2),
        ("append", [manifest(1, 1, 10)], EIGHT, 3),
        ("append", [manifest(2, None, None)], NINE, 2),  # by the specification it added files
        ("append", None, NINE, 2),
        ("overwrite", [manifest(2, 2, 8, deleted=1)], NINE, 2),
        ("overwrite", [manifest(1, 1, 10), manifest(2, 0, 0, deleted=1)], EIGHT, 3),
        ("overwrite", [manifest(1, 1, 10), manifest(2, 1, 3, content=1)], EIGHT, 3),
        ("overwrite", [manifest(2, None, None)], None, 2),
        ("overwrite", None, None, 2),
        ("delete", None, EIGHT, 2),
        ("replace", None, EIGHT, 2),
        (None, [manifest(2, 1, 3)], NINE, 2),
        (None, [manifest(1, 1, 10)], EIGHT, 3),
        (None, [manifest(2, 1, 3, deleted=1)], None, 2),  # a compaction, or an overwrite
        ("UPSERT", [manifest(2, 1, 3, deleted=1)], None, 1),
    ],
)
def test_where_a_summary_counts_nothing_the_manifest_list_does(
    operation: str | None, manifests: list[dict[str, Any]] | None, at_: Any, gets: int
) -> None:
    """DuckDB, Paimon and others write summaries that hold an operation alone; version 1 needs none.

    One more is the manifest list of the append before, on which a pass rests.
    """
    entry = snapshot(2, NINE, operation or "", parent=1)
    entry["summary"] = {"operation": operation} if operation else None
    objects, parameters = put_metadata(iceberg_metadata(APPEND, entry))
    if manifests is not None:
        objects.put(f"{ROOT}metadata/snap-2.avro", avro_file(MANIFESTS, *manifests))
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert (seen.newest.at if seen.newest is not None else None) == at_
    assert objects.counts == (0, gets)
    if at_ is None:
        assert seen.problem is not None
        assert (
            "at or before 2026-11-21T09:00:00Z: snapshot 2 does not say what it did" in seen.problem.message
        )


class WithoutTime(ObjectsInMemory):
    def get(self, bucket: str, key: str, **how: Any) -> bytes:
        if key.endswith(".avro"):
            raise Unobserved(Problem(ProblemKind.OVER_BUDGET, "the budget is spent"))
        return super().get(bucket, key, **how)


def test_a_budget_that_ends_before_the_manifest_list_proves_no_append() -> None:
    objects, parameters = put_metadata(iceberg_metadata(APPEND, snapshot(2, NINE, "append", parent=1)))
    spent = WithoutTime(objects.objects, objects.modified)
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), spent)
    assert seen.newest is None
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.OVER_BUDGET


def test_version_3_tells_the_rows_of_an_append_beside_its_summary() -> None:
    for rows_, at_ in ((5, NINE), (0, EIGHT)):
        entry = {**snapshot(2, NINE, "append", parent=1), "first-row-id": 10, "added-rows": rows_}
        seen = see(APPEND, entry)
        assert seen.newest is not None
        assert seen.newest.at == at_


def test_only_so_many_snapshots_that_count_nothing_are_looked_at() -> None:
    entries = [snapshot(n, NINE + n * timedelta(minutes=1), "overwrite", parent=n - 1) for n in range(2, 40)]
    objects, parameters = put_metadata(iceberg_metadata(APPEND, *entries))
    for number in range(2, 40):
        objects.put(f"{ROOT}metadata/snap-{number}.avro", avro_file(MANIFESTS, manifest(1, 1, 10)))
    seen = observe(READER, plan_of(Format.ICEBERG, parameters=parameters), objects)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.OVER_BUDGET
    assert objects.counts == (0, 1 + iceberg_times.MOST_LOOKS)
