"""How much an Iceberg table holds: rows, sizes and files, by its snapshot's summary or its manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.formats.iceberg import manifests as iceberg_manifests
from checks.model import ProblemKind, Severity, Status
from tests.support.iceberg_logs import SCHEMA, aged, append_file, look, written
from tests.support.tables_by_engines import (
    NOW,
    ObjectsInMemory,
    edit_json,
    iceberg_catalog,
    iceberg_metadata,
    put_metadata,
    snapshot,
)
from tests.support.times import HOUR

if TYPE_CHECKING:
    from pathlib import Path

    from checks.model import Finding


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
