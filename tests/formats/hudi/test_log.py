"""What Hudi's timeline tells beside when data came: newest values by footers, sizes, rows and files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import hudi
from checks.lake.formats.hudi import slices as hudi_files
from checks.lake.formats.hudi import walk
from checks.model import Format, ProblemKind, Severity, Status
from tests.support.hudi_tables import HudiTable
from tests.support.rule_checks import judged, parquet
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    observe,
    plan_of,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Finding

EVENTS = {"column": "seen", "max_age": "24h"}
DAILY = {"due": "06:00", "lookback": 1, "key": "day", "format": "%Y-%m-%d"}


def stat(
    name: str, *, day: str = "2026-11-21", rows: int = 3, size: int = 700, **more: Any
) -> dict[str, Any]:
    group = name.lstrip(".").partition("_")[0]
    told = {
        "fileId": group,
        "path": f"day={day}/{name}",
        "numWrites": rows,
        "numInserts": rows,
        "fileSizeInBytes": size,
    }
    return {**told, **more}


def commit(*stats: dict[str, Any], operation: str | None = "UPSERT", replaced: tuple[str, ...] = ()) -> bytes:
    by_partition: dict[str, list[dict[str, Any]]] = {}
    for each in stats:
        by_partition.setdefault(str(each["path"]).partition("/")[0], []).append(each)
    document: dict[str, Any] = {"partitionToWriteStats": by_partition, "operationType": operation}
    if replaced:
        document["partitionToReplaceFileIds"] = {"day=2026-11-21": list(replaced)}
    return json.dumps(document).encode()


def put_base(table: HudiTable, name: str, newest: datetime, **values: Any) -> dict[str, Any]:
    """Put a base file, and return how a commit tells of it."""
    data = parquet(seen=pa.array([newest - HOUR, newest], pa.timestamp("us", "UTC")))
    written = stat(name, size=len(data), **values)
    table.objects.put(f"{ROOT}{written['path']}", data)
    return written


def look(table: HudiTable, **blocks: Any) -> dict[str, Finding]:
    plan = plan_by_config(plan_of(Format.HUDI).table, **blocks)
    return judged(plan, observe(hudi.READER, plan, table.objects), NOW)


def test_recency_is_a_get_of_the_properties_one_list_and_one_get() -> None:
    table = HudiTable()
    for hours in (3, 2, 1):
        table.instant(NOW - hours * HOUR, "commit", commit(stat(f"f{hours}_0-1-2_1.parquet")))
    assert look(table, freshness={"max_age": "24h"})["freshness"].status is Status.PASS
    assert table.objects.counts == (1, 2)


def test_the_newest_value_is_in_the_footer_of_the_newest_base_file() -> None:
    table = HudiTable()
    for hours in (3, 2):
        table.instant(
            NOW - hours * HOUR, "commit", commit(put_base(table, f"f{hours}_1.parquet", NOW - hours * HOUR))
        )
    finding = look(table, events=EVENTS)["events"]
    assert (finding.status, finding.observed) == (Status.PASS, NOW - 2 * HOUR)
    assert finding.evidence == "s3://lake/sales/orders/day=2026-11-21/f2_1.parquet"
    assert table.objects.counts == (1, 3)


def test_old_events_in_new_base_files_fail() -> None:
    table = HudiTable()
    for hours in (50, 2, 1):
        table.instant(
            NOW - hours * HOUR, "commit", commit(put_base(table, f"f{hours}_1.parquet", NOW - 3 * DAY))
        )
    finding = look(table, events=EVENTS)["events"]
    assert (finding.severity, finding.observed) == (Severity.CRITICAL, NOW - 3 * DAY)
    assert table.objects.counts == (1, 5)  # properties, the commits of the last day, a footer each
    finding = look(table, events={**EVENTS, "files": 1})["events"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.OVER_BUDGET)


def test_a_log_file_is_a_doubt_unless_a_base_file_proves_it_or_compaction_took_it_in() -> None:
    table = HudiTable(version=8, table_type="MERGE_ON_READ")
    base = put_base(table, "f_1.parquet", NOW - 30 * HOUR)
    table.instant(NOW - 4 * HOUR, "deltacommit", commit(base))
    log = stat(".f_2.log.1_0-1-2", rows=1)
    table.instant(NOW - 3 * HOUR, "deltacommit", commit(log))
    finding = look(table, events=EVENTS)["events"]
    assert finding.status is Status.UNKNOWN
    assert "day=2026-11-21/.f_2.log.1_0-1-2: it is a log file" in finding.because
    compacted = put_base(table, "f_3.parquet", NOW - 29 * HOUR)
    table.instant(NOW - 2 * HOUR, "commit", commit(compacted, operation="COMPACT"), plan="compaction")
    finding = look(table, events=EVENTS)["events"]
    assert (finding.severity, finding.observed) == (Severity.CRITICAL, NOW - 29 * HOUR)
    later = put_base(table, "g_4.parquet", NOW - HOUR)
    table.instant(NOW - HOUR, "deltacommit", commit(stat(".f_5.log.1_0-1-2"), later))
    assert look(table, events=EVENTS)["events"].status is Status.PASS


def test_what_was_replaced_holds_nothing_new() -> None:
    table = HudiTable()
    table.instant(NOW - 3 * HOUR, "commit", commit(put_base(table, "f_1.parquet", NOW - HOUR)))
    over = commit(
        put_base(table, "g_2.parquet", NOW - 30 * HOUR), operation="INSERT_OVERWRITE", replaced=("f",)
    )
    table.instant(NOW - 2 * HOUR, "replacecommit", over)
    finding = look(table, events=EVENTS, volume={"max_files": 1})
    assert finding["events"].observed == NOW - 30 * HOUR
    assert finding["volume"].status is Status.PASS


@pytest.mark.parametrize("name", ["f_1.orc", "f_1.parquet"])
def test_other_files_and_missing_ones_are_unknown(name: str) -> None:
    table = HudiTable()
    table.instant(NOW - HOUR, "commit", commit(stat(name)))
    finding = look(table, events=EVENTS)["events"]
    assert finding.status is Status.UNKNOWN
    assert name in finding.because


def test_an_archived_timeline_leaves_what_came_before_unknown() -> None:
    table = HudiTable()
    table.instant(NOW - HOUR, "commit", commit(put_base(table, "f_1.parquet", NOW - 30 * HOUR)))
    assert look(table, events=EVENTS)["events"].status is Status.FAIL
    assert look(table, volume={"min_files": 2})["volume"].status is Status.FAIL
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    finding = look(table, events=EVENTS, volume={"min_files": 2}, files="on")
    assert table.objects.counts == (2, 3)
    for check in ("events", "volume", "files"):
        assert (finding[check].status, finding[check].problem) == (Status.UNKNOWN, ProblemKind.OVER_BUDGET)
    assert look(table, volume={"max_files": 0})["volume"].status is Status.FAIL


def archived(table: HudiTable) -> HudiTable:
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    return table


def test_a_file_that_was_rewritten_counts_once_in_its_period_though_older_commits_are_archived() -> None:
    table = archived(HudiTable())
    for hours in (9, 8, 7):
        table.instant(NOW - hours * HOUR, "commit", commit(stat(f"f_{9 - hours}.parquet")))
    finding = look(table, partitions=DAILY, volume={"min_bytes": "1kB"})
    assert finding["partitions"].status is Status.PASS
    assert finding["volume"].status is Status.UNKNOWN
    assert "what was before its timeline is archived" in finding["volume"].because
    assert look(table, partitions=DAILY, volume={"max_bytes": "1kB"})["volume"].status is Status.UNKNOWN
    assert look(table, partitions=DAILY, volume={"max_bytes": "500B"})["volume"].status is Status.FAIL


def test_a_period_that_began_after_the_oldest_commit_on_the_timeline_is_known_whole() -> None:
    table = archived(HudiTable())
    table.instant(NOW - 40 * HOUR, "commit", commit(stat("e_1.parquet", day="2026-11-20")))
    for hours in (9, 8, 7):
        table.instant(NOW - hours * HOUR, "commit", commit(stat(f"f_{9 - hours}.parquet")))
    found = look(table, partitions=DAILY, volume={"min_bytes": "1kB"}, files="on")
    assert found["volume"].because == (
        "2026-11-21 came to 700 B in 1 file with 3 rows: less than 1 kB, the limit"
    )
    assert found["files"].because == "1 data file in 1 due day, none of them unsound"
    table.instant(NOW - HOUR, "savepoint")  # newer instants than the one of 40 hours ago may be archived
    found = look(table, partitions=DAILY, volume={"min_bytes": "1kB"})
    assert found["volume"].status is Status.UNKNOWN


def test_all_partitions_of_a_period_count_whichever_commit_wrote_them() -> None:
    table = HudiTable(more={"hoodie.table.partition.fields": "day,region"})
    loads = (("20", "us"), ("20", "eu"), ("21", "us"), ("21", "eu"))
    for hours, (day, region) in zip((9, 8, 7, 6), loads, strict=True):
        path = f"day=2026-11-{day}/region={region}"
        told = {
            "fileId": path,
            "path": f"{path}/{region}_0-1-2_1.parquet",
            "fileSizeInBytes": 700,
            "numWrites": 3,
        }
        document = {"partitionToWriteStats": {path: [told]}, "operationType": "INSERT"}
        table.instant(NOW - hours * HOUR, "commit", json.dumps(document).encode())
    found = look(table, partitions={**DAILY, "lookback": 2}, volume={"min_bytes": "1kB"}, files="on")
    assert found["volume"].because.startswith("2026-11-21 came to 1.4 kB in 2 files")
    assert found["files"].because == "4 data files in 2 due days, none of them unsound"
    assert table.objects.counts == (2, 5)  # the timeline, the archive; the properties, four commits


def test_a_period_that_was_found_by_its_path_is_there_and_its_size_unknown() -> None:
    table = archived(HudiTable(more={"hoodie.datasource.write.hive_style_partitioning": "true"}))
    table.objects.put(f"{ROOT}day=2026-11-21/f_0-1-2_20261121060000000.parquet", b"x" * 700)
    table.instant(NOW - HOUR, "commit", commit(stat("e_1.parquet", day="2026-11-22")))
    for block in ({"min_bytes": "1kB"}, {"max_bytes": "500B"}):
        found = look(table, partitions=DAILY, volume=block)
        assert (found["partitions"].status, found["volume"].status) == (Status.PASS, Status.UNKNOWN)


def test_only_so_many_files_are_kept_and_the_rest_of_the_timeline_is_a_doubt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = HudiTable()
    for hours in (3, 2, 1):
        table.instant(NOW - hours * HOUR, "commit", commit(stat(f"f{hours}_0-1-2_1.parquet")))
    monkeypatch.setattr(walk, "MOST_FILES", 2)
    found = look(table, freshness={"max_age": "24h"}, volume={"min_files": 3}, files="on")
    assert found["freshness"].status is Status.PASS
    assert (found["volume"].status, found["volume"].problem) == (Status.UNKNOWN, ProblemKind.OVER_BUDGET)
    assert found["files"].status is Status.UNKNOWN
    monkeypatch.setattr(walk, "MOST_FILES", 3)
    assert look(table, volume={"min_files": 3})["volume"].status is Status.PASS


def test_a_base_file_holds_the_rows_that_were_written_into_its_newest_version() -> None:
    table = HudiTable()
    table.instant(NOW - 3 * HOUR, "commit", commit(stat("f_1.parquet", rows=3), stat("g_1.parquet", rows=5)))
    table.instant(NOW - 2 * HOUR, "commit", commit(stat("f_2.parquet", rows=4, numInserts=1)))
    finding = look(table, volume={"min_rows": 10})["volume"]
    assert finding.because == (
        "s3://lake/sales/orders/ came to 1.4 kB in 2 files with 9 rows: less than 10 rows, the limit"
    )
    assert table.objects.counts == (2, 3)
    findings = look(table, partitions=DAILY, volume={"min_rows": 10}, files={"small": "1kB"})
    assert findings["volume"].because == (
        "2026-11-21 came to 1.4 kB in 2 files with 9 rows: less than 10 rows, the limit"
    )
    assert findings["files"].because == "2 data files in 1 due day, none of them unsound"


def test_rows_of_log_files_overlap() -> None:
    table = HudiTable(table_type="MERGE_ON_READ")
    table.instant(NOW - 3 * HOUR, "deltacommit", commit(stat("f_1.parquet")))
    assert look(table, volume={"min_rows": 3})["volume"].status is Status.PASS
    table.instant(NOW - 2 * HOUR, "deltacommit", commit(stat(".f_2.log.1_0-1-2")))
    for blocks in ({}, {"partitions": DAILY}):
        finding = look(table, volume={"min_rows": 1}, **blocks)["volume"]
        assert finding.status is Status.UNKNOWN
        assert "rows in them overlap those in base files" in finding.because
    assert look(table, volume={"min_files": 2})["volume"].status is Status.PASS


def test_sizes_and_rows_that_a_commit_does_not_tell_are_unknown() -> None:
    table = HudiTable()
    written = stat("f_1.parquet")
    del written["fileSizeInBytes"]
    table.instant(NOW - HOUR, "commit", commit(written))
    finding = look(table, volume={"min_bytes": "1B"})["volume"]
    assert "f_1.parquet does not tell its size (fileSizeInBytes)" in finding.because
    table.instant(NOW - HOUR, "commit", commit({**stat("f_1.parquet"), "numWrites": None}))
    finding = look(table, volume={"min_rows": 1})["volume"]
    assert "f_1.parquet does not tell its rows (numWrites)" in finding.because


def test_files_are_judged_by_what_the_commits_say(monkeypatch: pytest.MonkeyPatch) -> None:
    table = HudiTable()
    table.instant(
        NOW - HOUR, "commit", commit(stat("f_1.parquet"), stat("g_1.csv"), stat("h_1.parquet", size=0))
    )
    finding = look(table, files="on")["files"]
    assert finding.because == (
        "2 of 3 files in s3://lake/sales/orders/ not sound: 1 of zero bytes, such as s3://lake/sales/orders/"
        "day=2026-11-21/h_1.parquet; 1 .csv that the log records as parquet, such as s3://lake/sales/orders/"
        "day=2026-11-21/g_1.csv"
    )
    monkeypatch.setattr(hudi_files, "MOST_COMMITS", 0)
    assert look(table, files="on")["files"].problem is ProblemKind.OVER_BUDGET


ANY = st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.lists(st.integers(), max_size=2)


@given(
    st.dictionaries(
        st.sampled_from(["fileId", "path", "numWrites", "numInserts", "fileSizeInBytes", "totalWriteBytes"]),
        ANY,
    ),
    st.dictionaries(st.text(max_size=5), ANY, max_size=2),
)
def test_any_write_stats_give_a_finding(told: dict[str, Any], replaced: dict[str, Any]) -> None:
    table = HudiTable()
    document = {"partitionToWriteStats": {"day=2026-11-21": [told]}, "partitionToReplaceFileIds": replaced}
    table.instant(NOW - HOUR, "commit", json.dumps(document).encode())
    findings = look(table, events=EVENTS, volume={"min_rows": 1}, files="on")
    assert all(finding.problem is not ProblemKind.INTERNAL for finding in findings.values())
