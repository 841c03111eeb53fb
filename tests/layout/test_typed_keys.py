"""Time keys that are typed: their values are read by the type, however they are spelled; only strings are guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import delta
from checks.layout import NULL_PARTITION, TimeLayout, infer_layout, layout_from_json
from checks.layout.typed import is_own, kind_of, read_typed, spellings_of
from checks.model import Column, Format, ItemState, Problem, ProblemKind, Status, TableMemory
from checks.schedule.formats import wall_from
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.rule_checks import NOW, find, judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    ObjectsInMemory,
    delta_add,
    delta_commit,
    log_key,
    observe,
    plan_of,
)
from tests.support.times import DAY, UTC_ZONE, at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.model import Finding, JsonValue

BERLIN = ZoneInfo("Europe/Berlin")
DAILY = {"due": "06:00", "lookback": 4}
TODAY = NOW.replace(hour=0)


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("date", "date"),
        ("DATE", "date"),
        ("timestamp", "timestamp"),
        ("timestamp(3)", "timestamp"),
        ("timestamp_ntz", "timestamp"),
        ("timestamp with time zone", "timestamp"),
        ("string", ""),
        ("int", ""),
        ("datetime2", ""),
    ],
)
def test_kinds(declared: str, kind: str) -> None:
    assert kind_of(declared) == kind


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("date", "2026-11-22", (2026, 11, 22)),
        ("date", "1899-12-30", (1899, 12, 30)),
        ("date", "0001-01-01", (1, 1, 1)),
        ("date", "9999-12-31", (9999, 12, 31)),
        ("date", "2026-11-22 00:00:00", (2026, 11, 22)),
        ("date", "2026-11-22T00:00:00.000Z", (2026, 11, 22)),
        ("date", "2026-11-22 23:00:00", (2026, 11, 22)),
        ("timestamp", "2026-11-22 05:06:07", (2026, 11, 22, 5, 6, 7)),
        ("timestamp", "2026-11-22 05:06:07.0", (2026, 11, 22, 5, 6, 7)),
        ("timestamp", "2026-11-22 05:06:07.123456", (2026, 11, 22, 5, 6, 7)),
        ("timestamp", "2026-11-22T05:06:07", (2026, 11, 22, 5, 6, 7)),
        ("timestamp", "2026-11-22T05:06:07.000000Z", (2026, 11, 22, 5, 6, 7)),
        ("timestamp", "2026-11-22T05:06:07+01:00", (2026, 11, 22, 4, 6, 7)),
        ("timestamp", "2026-11-22 05:06:07-0330", (2026, 11, 22, 8, 36, 7)),
        ("timestamp", "2026-11-22 05:06:07 UTC", (2026, 11, 22, 5, 6, 7)),
        ("timestamp", "2026-11-22 05:06", (2026, 11, 22, 5, 6, 0)),
        ("timestamp", "2026-11-22", (2026, 11, 22, 0, 0, 0)),
        ("date", "2026-02-30", None),
        ("date", "20261122", None),
        ("date", "2026-11-22 ", None),
        ("date", "default", None),
        ("timestamp", "2026-11-22 24:00:00", None),
        ("timestamp", "2026-11-22 05:60:00", None),
        ("timestamp", "2026-11-22 05:06:60", None),
        ("timestamp", "0001-01-01T00:00:00+05:00", None),
        ("timestamp", "\uff12026-11-22", None),
    ],
)
def test_values_are_read_by_their_type(kind: str, value: str, expected: tuple[int, ...] | None) -> None:
    found = read_typed(kind, value, UTC_ZONE)
    assert (tuple(found.values()) if found is not None else None) == expected


def test_an_offset_that_is_named_leads_into_the_zone_of_labels() -> None:
    assert read_typed("timestamp", "2026-11-21T23:00:00Z", BERLIN) == read_typed(
        "timestamp", "2026-11-22 00:00:00", BERLIN
    )
    assert read_typed("date", "2026-11-21T23:00:00Z", BERLIN) == {"year": 2026, "month": 11, "day": 21}


@given(
    st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1)), st.sampled_from(["", ".0", ".000", ".123456"])
)
def test_all_spellings_of_an_instant_are_the_same(wall: datetime, fraction: str) -> None:
    wall = wall.replace(microsecond=0)
    plain = read_typed("timestamp", f"{wall}", UTC_ZONE)
    assert plain is not None
    east = (wall + timedelta(hours=2)).isoformat() + "+02:00"
    for text in (
        f"{wall}{fraction}",
        f"{wall.isoformat()}{fraction}",
        f"{wall.isoformat()}{fraction}Z",
        east,
    ):
        assert read_typed("timestamp", text, UTC_ZONE) == plain


@given(st.text(max_size=30), st.sampled_from(["date", "timestamp"]))
def test_any_text_is_a_time_or_none(text: str, kind: str) -> None:
    found = read_typed(kind, text, BERLIN)
    assert found is None or wall_from(found, UTC_ZONE) is not None
    assert bool(spellings_of(kind, [text], BERLIN)) is (found is not None)


@pytest.mark.parametrize(
    ("kind", "values", "formats"),
    [
        ("date", ["2026-11-22"], ("%Y-%m-%d",)),
        ("date", ["2026-11-22 00:00:00"], ("%Y-%m-%d 00:00:00",)),
        ("timestamp", ["2026-11-22 05:00:00"], ("%Y-%m-%d %H:%M:%S",)),
        ("timestamp", ["2026-11-22 00:00:00.0", "2026-11-23 05:00:00.0"], ("%Y-%m-%d %H:%M:%S.0",)),
        ("timestamp", ["2026-11-22 00:00:00.25"], ("%Y-%m-%d %H:%M:%S",)),
        ("timestamp", ["2026-11-22T00:00:00"], ("%Y-%m-%dT00:00:00",)),
        ("timestamp", ["2026-11-22T00:00:00", "2026-11-22T05:00:00"], ("%Y-%m-%dT%H:00:00",)),
        ("timestamp", ["2026-11-22T00:15:00Z"], ("%Y-%m-%dT%H:%M:00Z",)),
        ("timestamp", ["2026-11-22T00:15:07Z"], ("%Y-%m-%dT%H:%M:%SZ",)),
        ("timestamp", ["2026-11-22"], ("%Y-%m-%d",)),
        (
            "timestamp",
            ["2026-11-22T00:00:00Z", "2026-11-21 00:00:00", "2026-11-23T00:00:00Z"],
            ("%Y-%m-%dT00:00:00Z", "%Y-%m-%d 00:00:00"),
        ),
        ("timestamp", ["default"], ()),
    ],
)
def test_spellings(kind: str, values: list[str], formats: tuple[str, ...]) -> None:
    assert spellings_of(kind, values, UTC_ZONE) == formats


@pytest.mark.parametrize(
    ("kind", "text", "own"),
    [
        ("date", "%Y-%m-%d", True),
        ("date", "%Y-%m-%d 00:00:00", False),
        ("timestamp", "%Y-%m-%d %H:%M:%S", True),
        ("timestamp", "%Y-%m-%d %H:%M:%S.000", True),
        ("timestamp", "%Y-%m-%dT%H:%M:%S", False),
        ("timestamp", "%Y-%m-%d", False),
    ],
)
def test_what_glue_compares(kind: str, text: str, *, own: bool) -> None:
    assert is_own(kind, text) is own


def layout_of(kind: str, *values: str) -> TimeLayout:
    found = infer_layout((Column("dt", kind),), [(value,) for value in values], UTC_ZONE)
    assert isinstance(found, TimeLayout), found
    return found


def test_one_odd_value_of_a_typed_key_makes_nothing_ambiguous() -> None:
    found = layout_of(
        "date", "2026-11-20", "1899-12-30", NULL_PARTITION, "default", "1753-01-01", "2262-04-11"
    )
    assert found.say() == "dt as %Y-%m-%d"
    assert found.read({"dt": "1899-12-30"}) == datetime(1899, 12, 30)
    assert found.read({"dt": "default"}) is None


def test_what_is_written_as_a_time_that_is_not_the_types_is_told() -> None:
    found = infer_layout((Column("dt", "date"),), [("20261120",), ("2026-11-21",)], UTC_ZONE)
    assert isinstance(found, Problem)
    assert layout_of("date", "20261120", "20261121").say() == "dt as %Y%m%d"


def test_strings_are_guessed_from_samples_as_before() -> None:
    found = infer_layout((Column("dt", "string"),), [("2026-11-20",), ("1899-12-30",)], UTC_ZONE)
    assert isinstance(found, Problem)


def test_without_a_value_the_type_tells_the_format() -> None:
    assert layout_of("date").say() == "dt as %Y-%m-%d"
    assert layout_of("timestamp").say() == "dt as %Y-%m-%d %H:%M:%S"
    day = infer_layout((Column("day", "date"),), (), UTC_ZONE)  # by its name it would be a number
    assert isinstance(day, TimeLayout)
    assert day.say() == "day as %Y-%m-%d"


def test_what_history_keeps_is_read_back() -> None:
    for values in (("2026-11-20 00:00:00.0", "2026-11-21T00:00:00"), ("2026-11-20",)):
        found = layout_of("timestamp", *values)
        document = json.loads(json.dumps(found.to_json()))
        assert layout_from_json(document, UTC_ZONE) == found
    before: dict[str, JsonValue] = {"keys": [["dt", "%Y-%m-%d"]], "path": None, "padding_known": True}
    old = layout_from_json(before, UTC_ZONE)
    assert old is not None
    assert old.keys[0].kind == ""


# Glue -------------------------------------------------------------------------------------------------------


def registered(kind: str, texts: Sequence[str], keys: dict[str, str] | None = None) -> tuple[MemoryLake, Any]:
    """Return a lake with a table of many days, written in these ways in turn, up to the newest due day."""
    lake = MemoryLake()
    table = lake.table("a.b", None, dt=kind, **(keys or {}))
    for number in range(400):
        day = TODAY - (number + 1) * DAY
        values = (day.strftime(texts[number % len(texts)]), *("eu" for _ in keys or {}))
        lake.put(f"{hive_location(table, values)}a.parquet", day + DAY + timedelta(hours=1))
        lake.register(table, values, at=day + DAY + timedelta(hours=2))
    return lake, table


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("timestamp", ["%Y-%m-%d 00:00:00.0"]),
        ("timestamp", ["%Y-%m-%d 00:00:00"]),
        ("timestamp", ["%Y-%m-%dT00:00:00"]),
        ("timestamp", ["%Y-%m-%dT00:00:00Z"]),
        ("timestamp", ["%Y-%m-%d 00:00:00", "%Y-%m-%dT00:00:00.000Z"]),
        ("timestamp", ["%Y-%m-%d 00:00:00.0", "%Y-%m-%d 00:00:00"]),
        ("timestamp", ["%Y-%m-%d"]),
        ("timestamp(3)", ["%Y-%m-%d 00:00:00.000"]),
        ("date", ["%Y-%m-%d 00:00:00"]),
        ("date", ["%Y-%m-%d", "%Y-%m-%d 00:00:00"]),
    ],
)
def test_registered_days_are_found_however_they_are_written(kind: str, texts: list[str]) -> None:
    lake, table = registered(kind, texts)
    plan = plan_by_config(table, partitions=DAILY)
    finding = find(lake, plan, "partitions")
    assert finding.status is Status.PASS, finding.because
    assert lake.counts["glue:GetPartitions"] + lake.counts.get("glue:BatchGetPartition", 0) == 2
    assert find(lake, plan_by_config(table, freshness={"max_age": "24h"}), "freshness").status is Status.PASS


def test_a_day_that_is_not_there_is_missing_however_the_others_are_written() -> None:
    lake, table = registered("timestamp", ["%Y-%m-%dT00:00:00"])
    del lake.partitions[table.id][1]
    for key in [key for key in lake.buckets["lake"] if "2026-11-21" in key]:
        del lake.buckets["lake"][key]
    finding = find(lake, plan_by_config(table, partitions=DAILY), "partitions")
    assert [item.period for item in finding.items if item.state is ItemState.MISSING] == ["2026-11-21"]


def test_where_glue_cannot_be_asked_no_remedy_breaks_the_table() -> None:
    lake, table = registered("timestamp", ["%Y-%m-%dT05:06:07"], {"region": "string"})
    finding = find(lake, plan_by_config(table, partitions=DAILY), "partitions")
    assert finding.status is Status.UNKNOWN
    assert finding.advice == "watch its location without the catalog, by an entry of its own (prefix: ...)"
    followed = plan_by_config(prefix(table.location or ""), partitions=DAILY)
    assert find(lake, followed, "partitions").status is Status.PASS


def test_a_layout_that_was_guessed_before_is_found_anew() -> None:
    lake, table = registered("date", ["%Y-%m-%d 00:00:00"])
    memory = TableMemory(layout={"keys": [["dt", "%Y-%m-%d %H:%M:%S"]], "path": None, "padding_known": True})
    assert find(lake, plan_by_config(table, memory, partitions=DAILY), "partitions").status is Status.PASS


# Delta ------------------------------------------------------------------------------------------------------


def delta_finding(kind: str, values: Sequence[str | None], labels: str = "UTC", **stated: str) -> Finding:
    """Return what is found of a Delta table with a file in each of these partitions."""
    fields = [{"name": "day", "type": kind, "nullable": True, "metadata": {}}]
    metadata = {"partitionColumns": ["day"], "schemaString": json.dumps({"type": "struct", "fields": fields})}
    adds = [delta_add(str(number)) for number, _ in enumerate(values)]
    for add, value in zip(adds, values, strict=True):
        add["add"]["partitionValues"] = {"day": value}
    objects = ObjectsInMemory()
    objects.put(log_key(0), delta_commit({"metaData": metadata}, *adds, at=at("11-19 03:00")))
    plan = plan_by_config(plan_of(Format.DELTA).table, partitions={**DAILY, "labels": labels, **stated})
    return judged(plan, observe(delta.READER, plan, objects, NOW), NOW)["partitions"]


DAYS = ("2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("date", (*DAYS, "1899-12-30")),
        ("date", (*DAYS, "0001-01-01", "9999-12-31", "2199-12-31", "1753-01-01")),
        ("date", (*DAYS, None)),
        ("date", (*DAYS, "")),
        ("timestamp", tuple(f"{day} 00:00:00" for day in DAYS)),
        ("timestamp", (f"{DAYS[0]} 00:00:00", *(f"{day}T00:00:00.000000Z" for day in DAYS[1:]))),
        ("timestamp", (*(f"{day} 00:00:00.123456" for day in DAYS), "1969-12-31 16:00:00", None)),
        ("timestamp_ntz", tuple(f"{day} 13:05:00" for day in DAYS)),
    ],
)
def test_delta_tells_the_type_and_its_spellings(kind: str, values: Sequence[str | None]) -> None:
    finding = delta_finding(kind, values)
    assert finding.status is Status.PASS, finding.because
    assert {item.state for item in finding.items} <= {ItemState.PRESENT, ItemState.LATE}
    assert len(finding.items) == 4


@pytest.mark.parametrize("stated", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.000000Z"])
def test_a_stated_spelling_does_not_hide_the_other_one(stated: str) -> None:
    values = (f"{DAYS[0]} 00:00:00", *(f"{day}T00:00:00.000000Z" for day in DAYS[1:]))
    assert delta_finding("timestamp", values, key="day", format=stated).status is Status.PASS


def test_utc_in_the_log_is_read_in_the_zone_of_labels() -> None:
    midnights = [datetime(2026, 11, day, tzinfo=BERLIN).astimezone(UTC) for day in (19, 20, 21, 22)]
    values = [f"{each:%Y-%m-%dT%H:%M:%S.000000Z}" for each in midnights]
    assert delta_finding("timestamp", values, labels="Europe/Berlin").status is Status.PASS
    assert delta_finding("timestamp", values[:-1], labels="Europe/Berlin").status is Status.FAIL


def test_dates_of_long_ago_are_none_that_a_table_began_with() -> None:
    finding = delta_finding("date", ("1899-12-30", "2026-11-21", "2026-11-22"))
    assert finding.status is Status.PASS
    assert len(finding.items) == 2


@pytest.mark.parametrize("labels", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("every", ["1h", "1d", "1w", "1mo"])
def test_dates_at_either_end_of_time_are_read_and_count_nowhere(every: str, labels: str) -> None:
    finding = delta_finding("date", (*DAYS, "0001-01-01", "9999-12-31"), labels, every=every)
    assert finding.problem is not ProblemKind.INTERNAL
    assert "do not fit" not in finding.because


def test_a_gap_between_spellings_is_missing() -> None:
    values = ("2026-11-19 00:00:00", "2026-11-20T00:00:00Z", "2026-11-22 00:00:00")
    finding = delta_finding("timestamp", values)
    assert [item.period for item in finding.items if item.state is ItemState.MISSING] == ["2026-11-21"]


def test_of_strings_two_spellings_stay_ambiguous() -> None:
    finding = delta_finding("string", ("2026-11-19", "20261120", "2026-11-21", "20261122"))
    assert finding.status is Status.UNKNOWN
