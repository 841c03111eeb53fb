"""Tables that are read through lists of files: what their readers see counts, not what a log tells or a list weighs."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.estimate import estimate
from checks.lake.observe import observe
from checks.model import LISTS, Format, ItemState, ProblemKind, Severity, Status
from checks.rules.asking import Clock
from tests.support.rule_checks import NOW, ContentLake, after, judged, look, plan_of, put
from tests.support.tables_by_engines import delta_add, delta_commit, delta_remove
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checks.model import Finding, Observation, Table

ROOT = "s3://lake/sales/orders/"
MANIFESTS = f"{ROOT}_symlink_format_manifest/"
SYMLINKS = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    "Columns": [{"Name": "id", "Type": "bigint"}],
}
DAILY = {"due": "06:00", "lookback": 3}


def table_at(lake: ContentLake, location: str, **keys: str) -> Table:
    return lake.table("sales.orders", {"StorageDescriptor": {**SYMLINKS, "Location": location}}, **keys)


def found(lake: ContentLake, table: Table, **blocks: Any) -> tuple[dict[str, Finding], Observation]:
    plan = plan_of(table, **blocks)
    seen = look(lake, plan)
    return judged(plan, seen), seen


# Lists of any kind ------------------------------------------------------------------------------------------


def inventory(days: int = 8, **more: Any) -> tuple[ContentLake, Table]:
    """Return a table as S3 Inventory keeps it: a list a day, of a file that lies elsewhere."""
    lake = ContentLake()
    table = table_at(lake, "s3://lake/inventory/hive/", dt="string", **more)
    for number in range(days):
        day = NOW.replace(hour=0) - (number + 1) * DAY
        location = f"s3://lake/inventory/hive/dt={day:%Y-%m-%d}/"
        put(lake, f"{location}symlink.txt", b"s3://lake/inventory/data/a.parquet\n", day + DAY + HOUR)
        lake.register(table, (f"{day:%Y-%m-%d}",), location)
    return lake, table


def test_lists_are_what_the_catalog_says_they_are() -> None:
    lake = ContentLake()
    assert table_at(lake, "s3://lake/inventory/hive").file_format == LISTS
    assert table_at(lake, "s3://lake/inventory/hive").format is Format.FILES
    assert table_at(lake, MANIFESTS.rstrip("/")).format is Format.DELTA


def test_lists_are_periods_and_arrivals_and_neither_sizes_nor_files_nor_footers() -> None:
    lake, table = inventory()
    findings, seen = found(
        lake,
        table,
        partitions=DAILY,
        freshness={"max_age": "24h"},
        volume={"min_bytes": "10kB", "drop": "60%"},
        files="on",
        events={"column": "id", "max_age": "24h"},
        schema={"against": "footer"},
    )
    assert {findings[check].status for check in ("partitions", "freshness")} == {Status.PASS}
    for check in ("volume", "files", "events", "schema"):
        assert (findings[check].status, findings[check].problem) == (Status.UNKNOWN, ProblemKind.UNSUPPORTED)
        assert "lists of" in findings[check].because
        assert "Parquet file:" not in findings[check].because
    assert lake.counts.get("s3:GetObject", 0) == 0
    plan = plan_of(table, volume={"drop": "60%"}, partitions=DAILY)
    assert after(plan, seen).sizes == {}


def test_a_day_without_a_list_is_missing() -> None:
    lake, table = inventory()
    del lake.partitions[table.id][1]
    del lake.buckets["lake"]["inventory/hive/dt=2026-11-21/symlink.txt"]
    finding = found(lake, table, partitions=DAILY)[0]["partitions"]
    assert [item.period for item in finding.items if item.state.is_bad] == ["2026-11-21"]


def test_files_alone_asks_for_nothing() -> None:
    lake, table = inventory()
    findings, _ = found(lake, table, files="on", volume={"min_bytes": "10kB"})
    assert {finding.status for finding in findings.values()} == {Status.UNKNOWN}
    assert sum(lake.counts.values()) == 0


# Manifests of Delta -----------------------------------------------------------------------------------------


def metadata(*keys: str) -> dict[str, Any]:
    fields = [{"name": key, "type": "string", "nullable": True, "metadata": {}} for key in keys]
    schema = json.dumps({"type": "struct", "fields": fields})
    return {"metaData": {"id": "x", "partitionColumns": list(keys), "schemaString": schema}}


def delta(
    commits: Mapping[datetime, str],
    manifest: datetime | None,
    *,
    operations: Mapping[datetime, str] | None = None,
) -> tuple[ContentLake, Table]:
    """Return a table of Delta that is read by a manifest, with a file a commit."""
    lake = ContentLake()
    for version, (moment, path) in enumerate(sorted(commits.items())):
        operation = (operations or {}).get(moment, "WRITE")
        keeps = operation == "WRITE"
        actions = [
            delta_add(path, data_change=keeps),
            *([] if keeps else [delta_remove("x", data_change=False)]),
        ]
        first = [{"protocol": {"minReaderVersion": 1}}, metadata()] if not version else []
        data = delta_commit(*first, *actions, at=moment, operation=operation)
        put(lake, f"{ROOT}_delta_log/{version:020d}.json", data, moment)
    if manifest is not None:
        put(lake, f"{MANIFESTS}manifest", b"s3://lake/sales/orders/a.parquet\n", manifest)
    return lake, table_at(lake, MANIFESTS)


OLD, NEW = NOW - 50 * HOUR, NOW - 3 * HOUR


def test_a_manifest_that_is_newer_than_the_log_is_judged_by_the_log() -> None:
    lake, table = delta({OLD: "a", NEW: "b"}, NEW)
    finding = found(lake, table, freshness={"max_age": "24h"})[0]["freshness"]
    assert (finding.status, finding.observed) == (Status.PASS, NEW)
    assert dict(lake.counts) == {"s3:ListObjectsV2": 2, "s3:GetObject": 2}
    assert estimate(plan_of(table, freshness={"max_age": "24h"}), Clock(now=NOW)).requests == dict(
        lake.counts
    )


def test_a_manifest_that_has_stopped_while_the_log_goes_on_fails() -> None:
    lake, table = delta({OLD: "a", NEW - HOUR: "b", NEW: "c"}, OLD + timedelta(minutes=5))
    finding = found(lake, table, freshness={"max_age": "24h"})[0]["freshness"]
    assert (finding.severity, finding.observed) == (Severity.CRITICAL, OLD)
    assert finding.because == (
        "no new data for 2 days 2 h: the newest came Sat 21 Nov 2026 10:00 UTC; expected at most 24 h old; what "
        "sales.orders reads is its manifest, last written 2026-11-21T10:05:00Z (s3://lake/sales/orders/"
        "_symlink_format_manifest/manifest), and data that came since, at 2026-11-23T09:00:00Z (s3://lake/sales/orders/"
        "_delta_log/00000000000000000002.json), is not in it"
    )
    assert finding.advice.startswith(
        "generate the manifest again: GENERATE symlink_format_manifest FOR TABLE delta.`s3://lake/sales/orders/`"
    )
    assert "delta.compatibility.symlinkFormatManifest.enabled" in finding.advice


def test_what_a_manifest_that_is_behind_shows_may_be_new_enough() -> None:
    lake, table = delta({OLD: "a", NOW - 20 * HOUR: "b", NEW: "c"}, NOW - 19 * HOUR)
    finding = found(lake, table, freshness={"max_age": "24h"})[0]["freshness"]
    assert (finding.status, finding.observed) == (Status.PASS, NOW - 20 * HOUR)
    finding = found(lake, table, freshness={"max_age": "12h"})[0]["freshness"]
    assert (finding.status, finding.observed) == (Status.FAIL, NOW - 20 * HOUR)
    assert "is not in it" in finding.because


def test_a_manifest_that_is_written_each_night_keeps_no_dead_table_fresh() -> None:
    lake, table = delta({OLD: "a"}, NOW - HOUR)
    finding = found(lake, table, freshness={"max_age": "24h"})[0]["freshness"]
    assert (finding.severity, finding.observed) == (Severity.CRITICAL, OLD)
    assert "manifest" not in finding.because


def test_maintenance_after_the_manifest_is_no_news() -> None:
    lake, table = delta({NOW - 5 * HOUR: "a", NEW: "b"}, NOW - 4 * HOUR, operations={NEW: "OPTIMIZE"})
    finding = found(lake, table, freshness={"max_age": "24h"})[0]["freshness"]
    assert (finding.status, finding.observed) == (Status.PASS, NOW - 5 * HOUR)
    dead, table = delta({OLD: "a", NEW: "b"}, OLD + HOUR, operations={NEW: "OPTIMIZE"})
    finding = found(dead, table, freshness={"max_age": "24h"})[0]["freshness"]
    assert finding.severity is Severity.CRITICAL
    assert "is not in it" not in finding.because


def test_without_a_manifest_readers_find_nothing() -> None:
    lake, table = delta({OLD: "a", NEW: "b"}, None)
    lake.put(f"{MANIFESTS}.part.crc", NOW)
    findings, _ = found(lake, table, freshness={"max_age": "24h"})
    assert findings["freshness"].severity is Severity.CRITICAL
    assert findings["freshness"].because.startswith(
        f"never loaded: {MANIFESTS} holds no manifest, so whoever reads sales.orders finds nothing"
    )
    assert findings["freshness"].advice.startswith("generate the manifest again")


def test_sizes_and_files_are_those_that_the_manifest_was_made_of() -> None:
    lake, table = delta({OLD: "a", NEW - HOUR: "b", NEW: "c"}, OLD + HOUR)
    blocks: dict[str, Any] = {"volume": {"min_files": 2}, "files": "on", "freshness": {"max_age": "100h"}}
    findings, _ = found(lake, table, **blocks)
    assert findings["volume"].severity is Severity.CRITICAL
    assert "in 1 file" in findings["volume"].because
    assert findings["files"].status is Status.PASS
    lake, table = delta({OLD: "a", NEW: "b"}, NEW)
    findings, _ = found(lake, table, **blocks)
    assert {finding.status for finding in findings.values()} == {Status.PASS}


def test_with_a_stated_now_a_later_manifest_tells_nothing() -> None:
    lake, table = delta({OLD: "a", NEW: "b"}, NOW)
    plan = plan_of(table, freshness={"max_age": "24h"})
    seen = observe(plan, Clock(now=NEW + HOUR, ignore_later=True), lake.reader(plan))
    assert seen.newest is not None
    assert seen.newest.at == NEW


@pytest.mark.parametrize("behind", range(-2, 3))
def test_at_the_very_second(behind: int) -> None:
    lake, table = delta({OLD: "a", NEW: "b"}, NEW - timedelta(seconds=behind))
    finding = found(lake, table, freshness={"max_age": "24h"})[0]["freshness"]
    assert finding.status is (Status.FAIL if behind > 0 else Status.PASS)


# Partitioned manifests --------------------------------------------------------------------------------------

DAYS = ("2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22")


def partitioned(
    *, manifests: Mapping[str, datetime], registered: tuple[str, ...] = DAYS, kind: str = "string"
) -> tuple[ContentLake, Table]:
    """Return a table of Delta with a commit a day, that is read by a manifest a day, as far as they are there."""
    lake = ContentLake()
    for version, day in enumerate(DAYS):
        moment = at(f"{day} 00:00") + DAY + HOUR
        first = [{"protocol": {"minReaderVersion": 1}}, metadata("dt")] if not version else []
        data = delta_commit(*first, delta_add(f"dt={day}/a.parquet", dt=day), at=moment)
        put(lake, f"{ROOT}_delta_log/{version:020d}.json", data, moment)
    table = table_at(lake, MANIFESTS, dt=kind)
    for day, moment in manifests.items():
        put(lake, f"{MANIFESTS}dt={day}/manifest", b"s3://lake/sales/orders/a.parquet\n", moment)
    for day in registered:
        lake.register(table, (day,), f"{MANIFESTS}dt={day}/")
    return lake, table


def states(lake: ContentLake, table: Table, **blocks: Any) -> dict[str, ItemState]:
    finding = found(lake, table, partitions=DAILY, **blocks)[0]["partitions"]
    return {item.period: item.state for item in finding.items}


ALL = dict.fromkeys(DAYS, NOW - 9 * HOUR)


@pytest.mark.parametrize("kind", ["string", "date"])
def test_days_with_a_manifest_that_is_registered_are_present(kind: str) -> None:
    lake, table = partitioned(manifests=ALL, kind=kind)
    assert states(lake, table) == dict.fromkeys(DAYS[1:], ItemState.PRESENT)
    findings, _ = found(
        lake, table, partitions=DAILY, freshness={"max_age": "36h"}, volume={"min_bytes": "700B"}
    )
    assert {finding.status for finding in findings.values()} == {Status.PASS}
    assert findings["freshness"].observed == at("2026-11-23 01:00")


def test_a_day_whose_manifest_was_not_made_is_missing_whatever_the_log_tells() -> None:
    lake, table = partitioned(manifests={day: ALL[day] for day in DAYS[:-1]}, registered=DAYS[:-1])
    assert states(lake, table)["2026-11-22"] is ItemState.MISSING
    assert states(lake, table)["2026-11-21"] is ItemState.PRESENT


def test_a_day_whose_manifest_is_not_registered_is_told_so() -> None:
    lake, table = partitioned(manifests=ALL, registered=DAYS[:-1])
    finding = found(lake, table, partitions=DAILY)[0]["partitions"]
    newest = next(item for item in finding.items if item.period == "2026-11-22")
    assert newest.state is ItemState.UNREGISTERED
    assert f"{MANIFESTS}dt=2026-11-22/" in newest.remedy


def test_days_since_the_manifests_stopped_are_missing_with_what_to_do() -> None:
    lake, table = partitioned(manifests=dict.fromkeys(DAYS[:2], at("2026-11-21 02:00")), registered=DAYS[:2])
    findings, _ = found(lake, table, partitions=DAILY, freshness={"max_age": "36h"})
    bad = [item.period for item in findings["partitions"].items if item.state is ItemState.MISSING]
    assert bad == ["2026-11-22", "2026-11-21"]
    assert "is not in it" in findings["partitions"].because
    assert findings["freshness"].severity is Severity.CRITICAL
    assert findings["freshness"].advice.startswith("generate the manifest again")
