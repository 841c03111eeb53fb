"""The check `events`, and the reading of Parquet footers that it rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from checks.assess import Measured, assess
from checks.config import ConfigErrors, load
from checks.lake.codecs.footers import TAIL, hive_type
from checks.lake.observe import observe
from checks.model import ProblemKind, Severity, Status
from checks.rules.asking import Clock
from tests.support.events import ASK, EVENTS, finding_of, footer_of, stamps
from tests.support.lakes import hive_location, prefix
from tests.support.rule_checks import NOW, ContentLake, find, judged, look, parquet, plan_of, put
from tests.support.times import BERLIN, DAY, HOUR, SECOND, UTC_ZONE

if TYPE_CHECKING:
    from tests.support.lakes import LakeBuilder


def test_the_newest_value_costs_one_get_a_file(lake: LakeBuilder) -> None:
    lake.bucket("raw")
    for number in range(8):
        data = parquet(event_time=stamps((8 - number) * HOUR, 30 * HOUR))
        put(lake, f"s3://raw/a/{number}.parquet", data, NOW - (8 - number) * HOUR)
    finding = find(lake, plan_of(prefix("s3://raw/a/"), events=EVENTS), "events")
    assert (finding.status, finding.observed, finding.evidence) == (
        Status.PASS,
        NOW - HOUR,
        "s3://raw/a/7.parquet",
    )
    assert finding.because == (
        "the newest event_time in the 5 newest files is 1 h old (Mon 23 Nov 2026 11:00 UTC); expected at most 24 h old"
    )
    assert dict(lake.counts) == {"s3:ListObjectsV2": 1, "s3:GetObject": 5}


def test_a_long_footer_costs_a_second_get(lake: LakeBuilder) -> None:
    lake.bucket("raw")
    wide = {f"a_column_with_a_long_name_{number:04}": pa.array([1]) for number in range(900)}
    data = parquet(event_time=stamps(HOUR), **wide)
    assert int.from_bytes(data[-8:-4], "little") > TAIL
    put(lake, "s3://raw/a/0.parquet", data, NOW - HOUR)
    finding = find(lake, plan_of(prefix("s3://raw/a/"), events=EVENTS), "events")
    assert finding.observed == NOW - HOUR
    assert dict(lake.counts) == {"s3:ListObjectsV2": 1, "s3:GetObject": 2}


def test_old_events_in_new_files_fail(lake: LakeBuilder) -> None:
    table = lake.table("web.clicks", dt="string")
    for number in range(1, 6):
        day = (NOW - number * DAY).date().isoformat()
        lake.register(table, [day])
        place = hive_location(table, [day])
        put(lake, f"{place}a.parquet", parquet(event_time=stamps(30 * HOUR)), NOW - number * HOUR)
    finding = find(lake, plan_of(table, events={**EVENTS, "files": 2}), "events")
    assert finding.severity is Severity.CRITICAL
    assert finding.because == (
        "the newest event_time in the newest file is 30 h old (Sun 22 Nov 2026 06:00 UTC), in a file that came Mon "
        "23 Nov 2026 11:00 UTC; expected at most 24 h old"
    )
    assert finding.stale_since == NOW - 30 * HOUR
    assert finding.advice == (
        "look at the source of the data: files come, and what they hold of event_time is old"
    )
    assert lake.counts["s3:GetObject"] <= 2


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (24 * HOUR, None),
        (24 * HOUR + SECOND, Severity.WARNING),
        (36 * HOUR, Severity.WARNING),
        (36 * HOUR + SECOND, Severity.CRITICAL),
    ],
)
def test_limits_are_exact(age: timedelta, verdict: Severity | None) -> None:
    block = {"warn_after": "24h", "error_after": "36h"}
    lake = ContentLake()
    put(lake, "s3://raw/a/0.parquet", parquet(event_time=stamps(age)), NOW)
    plan = plan_of(prefix("s3://raw/a/"), events={"column": "event_time", **block})
    assert find(lake, plan, "events").severity is verdict


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("tz", ["UTC", "America/New_York"])
def test_units_and_zones_of_instants(unit: str, tz: str) -> None:
    seen = footer_of(parquet(event_time=stamps(3 * HOUR, 5 * HOUR, unit=unit, tz=tz)))
    assert (seen.newest, seen.problem) == (NOW - 3 * HOUR, None)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_timestamps_without_a_zone_are_in_the_stated_one(unit: str) -> None:
    data = parquet(event_time=stamps(HOUR, unit=unit, tz=None))
    assert footer_of(data).newest == NOW - HOUR
    assert footer_of(data, replace(ASK, zone=BERLIN)).newest == NOW - 2 * HOUR


def test_a_date_is_as_new_as_the_end_of_its_day() -> None:
    seen = footer_of(parquet(event_time=pa.array([date(2026, 11, 20), date(2026, 11, 22)])))
    assert (seen.newest, seen.is_day) == (datetime(2026, 11, 23, tzinfo=UTC), True)
    finding = finding_of(parquet(event_time=pa.array([date(2026, 11, 22)])))
    assert finding.because == (
        "the newest event_time in the newest file is the day 2026-11-22, over for 12 h; expected at most 24 h old"
    )
    today = finding_of(parquet(event_time=pa.array([date(2026, 11, 23)])))
    assert (today.status, today.because) == (
        Status.PASS,
        "the newest event_time in the newest file is the day 2026-11-23; expected at most 24 h old",
    )
    assert finding_of(parquet(event_time=pa.array([date(2026, 11, 21)]))).status is Status.FAIL


def test_a_field_of_a_struct_in_any_case() -> None:
    struct = pa.StructArray.from_arrays([stamps(HOUR)], names=["At"])
    seen = footer_of(parquet(Meta=struct), replace(ASK, column="meta.at"))
    assert seen.newest == NOW - HOUR


def test_a_field_of_a_list_has_many_values_a_row() -> None:
    items = pa.array([[{"at": NOW}]], pa.list_(pa.struct([("at", pa.timestamp("us", "UTC"))])))
    seen = footer_of(parquet(items=items), replace(ASK, column="items.list.element.at"))
    assert seen.problem is not None
    assert seen.problem.message == (
        "column items.list.element.at of s3://raw/a.parquet lies in a list or a map, and is no column of its own"
    )


def test_nulls_and_row_groups() -> None:
    nulls = pa.array([None, None], pa.timestamp("us", "UTC"))
    both = pa.concat_arrays([nulls, stamps(2 * HOUR, 5 * HOUR)])
    assert footer_of(parquet(2, event_time=both)).newest == NOW - 2 * HOUR
    assert footer_of(parquet(event_time=nulls)) == replace(
        footer_of(parquet(event_time=nulls)), newest=None, problem=None
    )
    finding = finding_of(parquet(event_time=nulls))
    assert (finding.status, finding.because) == (
        Status.UNKNOWN,
        "could not be checked: the newest file of s3://raw/a/ holds no value of event_time",
    )
    assert footer_of(parquet(event_time=stamps())).newest is None


def test_one_recent_value_proves_recency_whatever_else_is_wrong() -> None:
    recent, old = parquet(event_time=stamps(HOUR)), parquet(event_time=stamps(90 * HOUR))
    assert finding_of(b"no parquet at all", recent).status is Status.PASS
    mixed = finding_of(b"no parquet at all", old)
    assert (mixed.status, mixed.problem) == (Status.UNKNOWN, ProblemKind.MALFORMED)
    assert "what was seen so far: the newest event_time" in mixed.because
    assert finding_of(b"no parquet at all", old, pattern="1.*").status is Status.FAIL


def test_a_value_of_before_a_late_events_arrival_is_not_yet_to_come() -> None:
    lake = ContentLake()
    put(lake, "s3://raw/a/0.parquet", parquet(event_time=stamps(-HOUR / 2)), NOW)
    plan = plan_of(prefix("s3://raw/a/"), events=EVENTS)
    for late, status in ((HOUR / 3 - SECOND, Status.UNKNOWN), (HOUR / 3, Status.PASS)):
        clock = Clock(now=NOW, reading=NOW + late)
        seen = observe(plan, clock, lake.reader(plan))
        (finding,) = assess(
            [Measured(plan.about, plan.rules[0], plan.rules[0].measure(seen, clock, plan.memory))]
        )
        assert finding.status is status


def test_a_value_that_is_yet_to_come_hides_the_newest() -> None:
    sentinel = parquet(event_time=pa.array([datetime(2999, 12, 31, tzinfo=UTC), NOW - 90 * HOUR]))
    finding = finding_of(sentinel)
    assert finding.problem is ProblemKind.FROM_THE_FUTURE
    assert finding.because == (
        "could not be checked: the newest event_time in s3://raw/a/0.parquet is Tue 31 Dec 2999 00:00 UTC, yet to "
        "come, and hides what came before"
    )
    assert finding_of(sentinel, parquet(event_time=stamps(HOUR))).status is Status.PASS
    assert finding_of(parquet(event_time=stamps(-5 * timedelta(minutes=1)))).status is Status.PASS


@pytest.mark.parametrize("zone", [UTC_ZONE, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")])
@pytest.mark.parametrize(
    ("value", "is_ahead"),
    [
        (pa.array([date(9999, 12, 31)]), True),
        (pa.array([2**31 - 1], pa.int32()).cast(pa.date32()), True),
        (pa.array([datetime(9999, 12, 31, 23, 59, 59)], pa.timestamp("us")), True),
        (pa.array([2**63 - 1], pa.int64()).cast(pa.timestamp("ms")), True),
        (pa.array([datetime(1, 1, 1)], pa.timestamp("us")), False),
        (pa.array([-(2**31)], pa.int32()).cast(pa.date32()), False),
    ],
)
def test_sentinels_at_either_end_of_time_do_no_harm(value: Any, zone: ZoneInfo, *, is_ahead: bool) -> None:
    seen = footer_of(parquet(event_time=value), replace(ASK, zone=zone))
    assert seen.problem is None
    assert seen.columns is not None
    assert seen.newest is not None
    assert seen.newest.year == (9999 if is_ahead else 1)
    finding = finding_of(parquet(event_time=value), written_in=zone.key)
    if is_ahead:
        assert finding.problem is ProblemKind.FROM_THE_FUTURE
        assert " is 9999-12-31" in finding.because or " 31 Dec 9999 " in finding.because
    else:
        assert finding.status is Status.FAIL


def test_a_backfill_of_an_older_period_makes_no_events_old(lake: LakeBuilder) -> None:
    table = lake.table("web.clicks", dt="string")
    for number in range(1, 6):
        day = (NOW - number * DAY).date().isoformat()
        lake.register(table, [day], at=NOW - 10 * DAY)
        place = hive_location(table, [day])
        put(
            lake, f"{place}a.parquet", parquet(event_time=stamps(number * DAY)), NOW - number * DAY + 2 * HOUR
        )
        if number == 4:
            again = parquet(event_time=stamps(number * DAY))
            for file in range(6):
                put(lake, f"{place}again-{file}.parquet", again, NOW - HOUR)
    daily = {"every": "1d", "due": "06:00", "lookback": 5}
    finding = find(lake, plan_of(table, partitions=daily, events={**EVENTS, "max_age": "26h"}), "events")
    assert (finding.status, finding.observed) == (Status.PASS, NOW - DAY)


def test_no_file_at_all_is_no_event() -> None:
    lake = ContentLake()
    lake.bucket("raw")
    finding = find(lake, plan_of(prefix("s3://raw/a/"), events=EVENTS), "events")
    assert (finding.severity, finding.because) == (
        Severity.CRITICAL,
        "no event_time at all: no data file was found; expected at most 24 h old",
    )


def test_tables_without_footers_are_not_looked_at() -> None:
    lake = ContentLake()
    table = replace(lake.table("a.b"), file_format="csv")
    finding = find(lake, plan_of(table, events=EVENTS), "events")
    assert finding.status is Status.UNKNOWN
    assert "the files of a.b are csv, and only Parquet files tell" in finding.because
    assert dict(lake.counts) == {}


def test_no_footer_is_read_for_another_check_of_files_that_have_none() -> None:
    lake = ContentLake()
    table = replace(lake.table("a.t"), file_format="json")
    put(lake, f"{table.location}a.json", b"{}" * 100, NOW - HOUR)
    plan = plan_of(table, events=EVENTS, freshness={"max_age": "24h"})
    assert judged(plan, look(lake, plan))["freshness"].status is Status.PASS
    assert dict(lake.counts) == {"s3:ListObjectsV2": 1}


def test_a_listing_that_ended_early_is_a_doubt_about_a_failure() -> None:
    lake = ContentLake()
    put(lake, "s3://raw/a/0.parquet", parquet(event_time=stamps(90 * HOUR)), NOW - 80 * HOUR)
    plan = plan_of(prefix("s3://raw/a/"), events=EVENTS)
    seen = look(lake, plan)
    assert seen.listing is not None
    cut = replace(seen, listing=replace(seen.listing, complete=False))
    assert judged(plan, seen)["events"].status is Status.FAIL
    assert judged(plan, cut)["events"].problem is ProblemKind.OVER_BUDGET


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"max_age": "24h"}, "column is missing"),
        ({"column": "a"}, "no limit; write max_age"),
        ({"column": "a", "max_age": "1h", "error_after": "2h"}, "max_age and error_after say the same"),
        ({"column": "a", "warn_after": "3h", "max_age": "2h"}, "warn_after is not shorter"),
        ({"column": "a", "max_age": "2h", "files": 51}, "51 is too large; write at most 50"),
    ],
)
def test_what_is_wrong_is_told(block: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigErrors, match=told):
        load({"version": 1, "tables": [{"table": "a.b", "events": block}]}, environ={})


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (pa.int32(), "int"),
        (pa.uint32(), "bigint"),
        (pa.decimal128(10, 2), "decimal(10,2)"),
        (pa.list_(pa.string()), "array<string>"),
        (pa.map_(pa.string(), pa.float64()), "map<string,double>"),
        (pa.struct([("a", pa.date32()), ("b", pa.list_(pa.bool_()))]), "struct<a:date,b:array<boolean>>"),
        (pa.dictionary(pa.int8(), pa.string()), "string"),
        (pa.timestamp("ns"), "timestamp"),
        (pa.binary(4), "binary"),
        (pa.json_(), "string"),
        (pa.uuid(), "binary"),
    ],
)
def test_types_are_written_as_hive_does(kind: Any, text: str) -> None:
    assert hive_type(kind) == text
