"""The check `files`: zero bytes, another format, strays, small files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.config import ConfigErrors, load
from checks.lake.s3.file_census import suffix_of
from checks.model import (
    Finding,
    Format,
    Listing,
    Observation,
    Problem,
    ProblemKind,
    Severity,
    Status,
    WholeSeen,
)
from checks.rules.files import contradicts
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.rule_checks import NOW, ContentLake, find, judged, look, parquet, plan_of, put
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from tests.support.lakes import LakeBuilder

DAILY: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 2, "key": "dt", "format": "%Y-%m-%d"}
PARQUET = {
    "Location": "s3://lake/sales/orders",
    "Columns": [],
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return any_lake


def of_prefix(names: dict[str, int], block: Any = "on", **more: Any) -> Finding:
    lake = MemoryLake(page_size=3)
    for name, size in names.items():
        lake.put(f"s3://raw/a/{name}", NOW - DAY, size)
    return find(lake, plan_of(prefix("s3://raw/a/"), files=block, **more), "files")


def test_unsound_files_of_due_partitions(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", {"StorageDescriptor": PARQUET}, dt="string")
    assert table.file_format == "parquet"
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        place = hive_location(table, [day])
        lake.register(table, [day])
        lake.put(f"{place}a.snappy.parquet", NOW - DAY)
        lake.put(f"{place}b.csv.gz", NOW - DAY)
        lake.put(f"{place}c.parquet", NOW - DAY, 0)
        lake.put(f"{place}_SUCCESS", NOW - DAY, 0)
    finding = find(lake, plan_of(table, partitions=DAILY, files="on"), "files")
    assert finding.severity is Severity.WARNING
    assert finding.because == (
        "4 of 6 files in 2 due days not sound: 2 of zero bytes, such as "
        "s3://lake/sales/orders/dt=2026-11-22/c.parquet; 2 .csv.gz in a table of parquet, such as "
        "s3://lake/sales/orders/dt=2026-11-22/b.csv.gz"
    )
    assert (finding.observed, finding.expected, finding.limits.warning) == (4, 0, 0)
    assert finding.advice.startswith("move them out of the table's location")
    assert dict(lake.counts) == {"glue:GetPartitions": 1, "s3:ListObjectsV2": 1}


def test_sound_files() -> None:
    finding = of_prefix({"a.csv": 5, "b.csv.gz": 5, "_tmp": 0})
    assert (finding.status, finding.because) == (
        Status.PASS,
        "2 data files in s3://raw/a/, none of them unsound",
    )


def test_severity_is_as_stated() -> None:
    assert of_prefix({"a.csv": 0}, {"severity": "critical"}).severity is Severity.CRITICAL


def test_an_archive_is_read_by_no_serde() -> None:
    finding = of_prefix({"a.csv": 5, "b.zip": 5})
    assert finding.because == (
        "1 of 2 files in s3://raw/a/ not sound: 1 .zip, which no SerDe reads, such as s3://raw/a/b.zip"
    )


def test_names_outside_of_the_pattern_count_only_where_that_is_stated() -> None:
    names = {"a.csv": 5, "readme.md": 5, "_SUCCESS": 0}
    assert of_prefix(names, pattern="*.csv").status is Status.PASS
    finding = of_prefix(names, {"only": True}, pattern="*.csv")
    assert finding.because == (
        "1 of 2 files in s3://raw/a/ not sound: 1 with names outside of the pattern, such as s3://raw/a/readme.md"
    )


@pytest.mark.parametrize(
    ("small", "large", "status"),
    [
        (5, 5, Status.PASS),
        (6, 5, Status.FAIL),
        (6, 0, Status.PASS),
        (10, 0, Status.FAIL),
        (0, 12, Status.PASS),
    ],
)
def test_many_small_files(small: int, large: int, status: Status) -> None:
    names = {f"s{number}": 99 for number in range(small)} | {f"l{number}": 100 for number in range(large)}
    finding = of_prefix(names, {"small": "100B"})
    assert finding.status is status
    if (small, large) == (6, 5):
        assert finding.because == (
            "6 of 11 files in s3://raw/a/ not sound: 6 smaller than 100 B (54.5 %; at most 50 % may be)"
        )


def test_exactly_the_share_that_may_be_small_passes() -> None:
    names = {f"s{number}": 99 for number in range(29)} | {f"l{number}": 100 for number in range(71)}
    assert (
        of_prefix(names, {"small": "100B", "most_small": "29%"}).status is Status.PASS
    )  # 0.29 * 100 is below 29
    assert of_prefix({**names, "l0": 99}, {"small": "100B", "most_small": "29%"}).status is Status.FAIL


def test_what_was_not_read_to_its_end_is_unknown_unless_it_fails() -> None:
    lake = MemoryLake()
    lake.put("s3://raw/a/a.csv", NOW - DAY)
    plan = plan_of(prefix("s3://raw/a/"), files={"small": "1kB"})
    seen = look(lake, plan)
    assert seen.listing is not None
    cut = replace(seen, listing=replace(seen.listing, complete=False))
    assert judged(plan, cut)["files"].problem is ProblemKind.OVER_BUDGET
    bad = replace(seen, listing=replace(seen.listing, complete=False, empty_objects=1))
    assert judged(plan, bad)["files"].status is Status.FAIL
    denied = replace(seen, listing=None, problem=Problem(ProblemKind.DENIED, "no"))
    assert judged(plan, denied)["files"].problem is ProblemKind.DENIED


def test_a_log_that_tells_no_files_is_a_doubt() -> None:
    table = replace(MemoryLake().table("ice.t"), format=Format.ICEBERG)
    plan = plan_of(table, files="on")
    live = WholeSeen(listing=Listing(objects=3, size_bytes=9))
    finding = judged(plan, Observation(table=table, now=NOW, live=live))["files"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.UNSUPPORTED)
    assert "its log tells no more than how much there is" in finding.because
    finding = judged(plan, Observation(table=table, now=NOW))["files"]
    assert finding.because == "could not be checked: the files of ice.t were not listed"


@pytest.mark.parametrize(
    ("suffix", "table_format", "expected"),
    [
        (".parquet", "parquet", False),
        (".parquet", "orc", True),
        (".parquet", "csv", True),
        (".parquet", None, False),
        (".csv.gz", "csv", False),
        (".csv", "json", True),
        (".json", "csv", True),
        (".tsv", "csv", False),
        (".txt", "json", False),
        (".json", "text", False),
        (".json", "parquet", True),
        (".gz", "parquet", False),
        ("", "parquet", False),
        (".c000", "parquet", False),
        (".zip", None, True),
        (".xlsx", "csv", True),
    ],
)
def test_contradictions(suffix: str, table_format: str | None, *, expected: bool) -> None:
    assert contradicts(suffix, table_format) is expected


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a/b/part-0.c000.snappy.parquet", ".parquet"),
        ("a/b.CSV.GZ", ".csv.gz"),
        ("a.d/b", ""),
        ("2026.11.22", ""),
        ("x.2026.gz", ".gz"),
        ("x.7z", ".7z"),
        ("x.", ""),
        ("", ""),
    ],
)
def test_suffixes(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix


@given(st.text(max_size=60))
def test_any_name_has_a_short_suffix(name: str) -> None:
    suffix = suffix_of(name)
    assert len(suffix) < 30
    assert contradicts(suffix, "parquet") in (True, False)


def test_suffixes_are_bounded() -> None:
    finding = of_prefix({f"a.x{chr(97 + n // 26)}{chr(97 + n % 26)}": 5 for n in range(200)})
    assert finding.status is Status.PASS


@pytest.mark.parametrize(
    ("library", "held"),
    [
        ("org.apache.hadoop.hive.ql.io.orc.OrcSerde", "orc"),
        ("org.apache.hadoop.hive.serde2.avro.AvroSerDe", "avro"),
        ("org.openx.data.jsonserde.JsonSerDe", "json"),
        ("org.apache.hadoop.hive.serde2.OpenCSVSerde", "csv"),
        ("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", "text"),
        ("com.example.Other", None),
    ],
)
def test_the_format_is_what_athena_reads_it_with(library: str, held: str | None) -> None:
    storage = {"Location": "s3://lake/a", "SerdeInfo": {"SerializationLibrary": library}}
    assert MemoryLake().table("a.b", {"StorageDescriptor": storage}).file_format == held
    storage = {"Location": "s3://lake/a"}
    told = MemoryLake().table("a.b", {"StorageDescriptor": storage, "Parameters": {"classification": "JSON"}})
    assert told.file_format == "json"


@pytest.mark.parametrize(
    "block", [{"most_small": "100%"}, {"most_small": "0%"}, {"small": "tiny"}, {"only": "yes"}, True]
)
def test_what_is_wrong_is_told(block: Any) -> None:
    with pytest.raises(ConfigErrors):
        load({"version": 1, "tables": [{"table": "a.b", "files": block}]}, environ={})


def test_a_small_file_of_another_format_counts_once() -> None:
    finding = of_prefix({f"{number}.zip": 5 for number in range(12)}, {"small": "1kB"})
    assert finding.observed == 12
    assert finding.because.startswith(
        "12 of 12 files in s3://raw/a/ not sound: 12 .zip, which no SerDe reads"
    )
    assert finding.because.endswith("; 12 smaller than 1 kB (100 %; at most 50 % may be)")


def test_a_share_of_small_files_needs_what_is_small() -> None:
    defaults: dict[str, Any] = {"files": {"small": "1MB"}}
    entry: dict[str, Any] = {"table": "a.b", "files": {"most_small": "30%"}}
    load({"version": 1, "defaults": defaults, "tables": [entry]}, environ={})
    for block in ({"most_small": "30%"}, {"small": 0}, {"small": "0B", "most_small": "30%"}):
        with pytest.raises(
            ConfigErrors, match="nothing is small: write from how many bytes on a file is not"
        ):
            load({"version": 1, "tables": [{"table": "a.b", "files": block}]}, environ={})


def test_only_needs_a_pattern_to_hold_names_against() -> None:
    entry: dict[str, Any] = {"table": "a.b", "files": {"only": True}}
    with pytest.raises(ConfigErrors, match="holds names against a pattern, and there is none; write one"):
        load({"version": 1, "tables": [entry]}, environ={})
    load({"version": 1, "tables": [{**entry, "pattern": "*.csv"}]}, environ={})
    load({"version": 1, "tables": [{"table": "a.*", "pattern": "*.csv"}, entry]}, environ={})


def test_files_without_a_row_are_told_where_their_footers_are_read() -> None:
    lake = ContentLake()
    some, none = parquet(at=pa.array([NOW])), parquet(at=pa.array([], pa.timestamp("us", "UTC")))
    for number, data in enumerate((some, none, none)):
        put(lake, f"s3://raw/a/{number}.parquet", data, NOW - (3 - number) * HOUR)
    events = {"column": "at", "max_age": "24h"}
    finding = find(lake, plan_of(prefix("s3://raw/a/"), files="on", events=events), "files")
    assert (finding.status, finding.observed) == (Status.FAIL, 2)
    assert finding.because == (
        "2 of 3 files in s3://raw/a/ not sound: 2 without a row, as the footer tells, such as s3://raw/a/2.parquet"
    )
    assert finding.advice == "look at the run that wrote them: it was cut off, or had nothing to write"
    unread = find(lake, plan_of(prefix("s3://raw/a/"), files="on"), "files")
    assert unread.status is Status.PASS, "no footer is opened for it"


def test_files_without_a_row_outside_of_the_due_periods_are_not_counted() -> None:
    lake = ContentLake()
    table = lake.table("sales.orders", dt="string")
    none = parquet(at=pa.array([], pa.timestamp("us", "UTC")))
    days = {"2026-11-19": none, "2026-11-21": parquet(at=pa.array([NOW])), "2026-11-22": none}
    for day, data in days.items():
        lake.register(table, [day])
        put(lake, f"{hive_location(table, [day])}a.parquet", data, NOW - DAY)
    events = {"column": "at", "max_age": "24h"}
    finding = find(lake, plan_of(table, files="on", events=events, partitions=DAILY), "files")
    assert finding.observed == 1
    assert "such as s3://lake/sales/orders/dt=2026-11-22/a.parquet" in finding.because
