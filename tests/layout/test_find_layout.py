"""Where time stands in partition values, paths and names of files, found out over both lakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.assess import Measured, assess
from checks.lake.observe import observe
from checks.layout import TimeLayout, infer_layout, infer_names, infer_path, layout_from_json
from checks.model import Column, Finding, Observation, Problem, Status, TableMemory
from checks.rules.asking import Clock
from checks.rules.base import Binding, TablePlan
from checks.rules.partitions import PartitionsConfig
from tests.support.lakes import LakeBuilder, hive_location, prefix
from tests.support.times import DAY, HOUR, UTC_ZONE, at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.model import Table

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return any_lake


def look(
    lake: LakeBuilder, table: Table, memory: TableMemory | None = None, **config: object
) -> tuple[Observation, Finding]:
    block = {"every": "1d", "due": "06:00", "lookback": 3, **config}
    rule = PartitionsConfig.model_validate(block).bind(Binding(zone=ZoneInfo("UTC")))
    plan = TablePlan(
        table=table, rules=(rule,), stated_layout=rule.stated_layout, memory=memory or TableMemory()
    )
    seen = observe(plan, CLOCK, lake.reader(plan))
    (finding,) = assess([Measured(plan.about, rule, rule.measure(seen, CLOCK, plan.memory))])
    return seen, finding


def said(seen: Observation) -> str:
    """Return the layout that was found, in words."""
    layout = layout_from_json(seen.layout, UTC_ZONE) if seen.layout else None
    return layout.say() if layout is not None else "none"


def days(count: int) -> list[datetime]:
    """The midnights before yesterday's end, newest first."""
    return [at("2026-11-22") - number * DAY for number in range(count)]


def epoch(day: datetime, scale: int = 1) -> str:
    return str(int(day.timestamp()) * scale)


VALUES = {
    "%Y-%m-%d": ("string", "{0:%Y-%m-%d}"),
    "%Y%m%d": ("int", "{0:%Y%m%d}"),
    "%Y-%m-%d %H:%M:%S": ("timestamp", "{0:%Y-%m-%d %H:%M:%S}"),
    "%Y-%m-%dT%H:%M:%SZ": ("string", "{0:%Y-%m-%dT%H:%M:%SZ}"),
    "%Y-%j": ("string", "{0:%Y-%j}"),
    "%s": ("bigint", "{1}"),
    "%Q": ("bigint", "{1}000"),
}


@pytest.mark.parametrize("format_", list(VALUES))
def test_one_key_in_every_format(lake: LakeBuilder, format_: str) -> None:
    kind, text = VALUES[format_]
    table = lake.table("a.b", date=kind)
    for day in days(20)[1:]:
        value = text.format(day, epoch(day))
        lake.put(f"{hive_location(table, [value])}a.parquet", day + DAY + HOUR)
        lake.register(table, [value])
    seen, finding = look(lake, table)
    assert said(seen) == f"date as {format_}"
    assert [item.period for item in finding.items if item.state.is_bad] == ["2026-11-22"]
    assert seen.layout is not None
    assert str(seen.layout["evidence"]).startswith("19 sampled partitions such as date=")
    assert lake.counts["glue:GetPartitions"] + lake.counts.get("glue:BatchGetPartition", 0) == 2
    again, _ = look(lake, table, TableMemory(layout=seen.layout, first_period_at=seen.first_period_at))
    assert again.layout == seen.layout
    assert lake.counts["glue:GetPartitions"] + lake.counts.get("glue:BatchGetPartition", 0) == 3


def test_moments_within_the_day_count_for_their_day(lake: LakeBuilder) -> None:
    table = lake.table("a.b", loaded_at="timestamp")
    for number, day in enumerate(days(5)):
        value = f"{day + HOUR * (3 + number):%Y-%m-%d %H:%M:%S}"
        lake.put(f"{hive_location(table, [value])}a.parquet", day + DAY + HOUR)
        lake.register(table, [value])
    _, finding = look(lake, table)
    assert finding.because == "each of 3 due days has data"


@pytest.mark.parametrize(("kind", "padded"), [("int", False), ("string", False), ("string", True)])
def test_parts_of_a_date_padded_or_not(lake: LakeBuilder, kind: str, padded: bool) -> None:  # noqa: FBT001 - a table
    table = lake.table("a.b", year=kind, month=kind, day=kind)
    text = "{0.year} {0.month:02} {0.day:02}" if padded else "{0.year} {0.month} {0.day}"
    for day in days(20):
        values = text.format(day).split()
        lake.put(f"{hive_location(table, values)}a.parquet", day + DAY + HOUR)
        lake.register(table, values)
    seen, finding = look(lake, table)
    style = "" if padded else "-"
    assert said(seen) == f"year, month, day as %Y, %{style}m, %{style}d"
    assert finding.because == "each of 3 due days has data"


def test_the_31st_of_june_is_told(lake: LakeBuilder) -> None:
    table = lake.table("a.b", year="int", month="int", day="int")
    for day in days(5):
        values = [str(day.year), str(day.month), str(day.day)]
        lake.put(f"{hive_location(table, values)}a.parquet", day + DAY + HOUR)
        lake.register(table, values)
    key_only: dict[str, Any] = {"key": ["year", "month", "day"], "format": ["%Y", "%-m", "%-d"]}
    june = lake.table("a.june", year="int", month="int", day="int")
    for values in (["2026", "6", "29"], ["2026", "6", "31"]):
        lake.put(f"{hive_location(june, values)}a.parquet", at("07-01"))
        lake.register(june, values)
    layout = infer_layout(june.partition_keys, [("2026", "6", "31")], UTC_ZONE)
    assert isinstance(layout, TimeLayout)
    assert layout.read({"year": "2026", "month": "6", "day": "31"}) is None
    _, finding = look(lake, table, **key_only)
    assert finding.because == "each of 3 due days has data"


def test_the_day_of_the_year_and_hours_below_a_prefix(lake: LakeBuilder) -> None:
    lake.bucket("lake")
    for day in days(4):
        lake.put(f"s3://lake/goes/{day:%Y/%j}/05/a.nc", day + DAY)
    seen, finding = look(lake, prefix("s3://lake/goes/"))
    assert said(seen) == "the path %Y/%j/%H/"
    assert finding.because == "each of 3 due days has data"


def test_firehose_prefixes_of_a_table_without_keys(lake: LakeBuilder) -> None:
    table = lake.table("web.events")
    for day in days(5)[1:]:
        for hour in range(24):
            lake.put(f"{table.location}{day + hour * HOUR:%Y/%m/%d/%H}/a.gz", day + (hour + 1) * HOUR)
    seen, finding = look(lake, table)
    assert said(seen) == "the path %Y/%m/%d/%H/"
    assert finding.because == (
        "1 of 3 due days without usable data: 2026-11-22 missing, due Mon 23 Nov 2026 06:00 UTC"
    )
    assert not any(name.startswith("glue:") for name in lake.counts)
    hourly, finding = look(lake, table, every="1h", due=None, after="1h", lookback=26)
    assert said(hourly) == "the path %Y/%m/%d/%H/"
    assert sum(item.state.is_bad for item in finding.items) == 26


def test_a_table_without_keys_and_dates_says_what_was_seen(lake: LakeBuilder) -> None:
    table = lake.table("a.b")
    lake.put(f"{table.location}part-0.parquet", NOW)
    seen, finding = look(lake, table)
    assert seen.listing is not None
    assert finding.because == (
        "could not be checked: a.b has no partitions that carry time, so no day can be told from the next"
    )
    assert finding.advice == (
        'no folders or file names were seen to carry time; state it: partitions: {format: "%Y/%m/%d/"}'
    )


def test_a_table_without_keys_that_holds_nothing_yet_is_not_said_to_carry_no_time(lake: LakeBuilder) -> None:
    seen, finding = look(lake, lake.table("a.b"))
    assert seen.listing is not None
    assert finding.status is Status.UNKNOWN
    assert finding.because == (
        "could not be checked: s3://lake/a/b/ holds no data yet, so it is not known how a.b tells one day from the next"
    )


def test_dated_names_of_files(lake: LakeBuilder) -> None:
    lake.bucket("lake")
    for month in ("08", "09", "10"):
        lake.put(f"s3://lake/trips/trips_2026-{month}.parquet", at(f"{month}-28"))
    seen, finding = look(lake, prefix("s3://lake/trips/"), every="1mo", due=None, after="20d", lookback=3)
    assert said(seen) == "the path trips_%Y-%m"
    assert finding.because == "each of 3 due months has data"
    assert lake.counts["s3:ListObjectsV2"] <= 5


def test_dated_names_of_several_kinds_are_told_with_what_to_write(lake: LakeBuilder) -> None:
    lake.bucket("lake")
    for month in ("08", "09", "10"):
        lake.put(f"s3://lake/trips/green_tripdata_2026-{month}.parquet", at(f"{month}-28"))
        if month != "08":
            lake.put(f"s3://lake/trips/yellow_tripdata_2026-{month}.parquet", at(f"{month}-28"))
    _, finding = look(lake, prefix("s3://lake/trips/"), every="1mo", due=None, after="20d")
    assert (finding.because, finding.advice) == (
        (
            "could not be checked: names of files carry time in 2 ways: green_tripdata_%Y-%m (3), "
            "yellow_tripdata_%Y-%m (2)"
        ),
        'state the one that counts: partitions: {format: "green_tripdata_%Y-%m"}',
    )
    _, finding = look(
        lake, prefix("s3://lake/trips/"), every="1mo", due=None, after="20d", format="green_tripdata_%Y-%m"
    )
    assert finding.because == "each of 3 due months has data"


@pytest.mark.parametrize("colon", [":", "%3A"])
def test_iso_timestamps_with_and_without_escapes(lake: LakeBuilder, colon: str) -> None:
    lake.bucket("lake")
    for day in days(4)[1:]:
        lake.put(f"s3://lake/iso/ts={day:%Y-%m-%d}T05{colon}30{colon}00/a.json", day + DAY)
    seen, finding = look(lake, prefix("s3://lake/iso/"))
    sign = ":" if colon == ":" else "%%3A"
    assert said(seen) == f"the path ts=%Y-%m-%dT%H{sign}%M{sign}%S/"
    assert [item.period for item in finding.items if item.state.is_bad] == ["2026-11-22"]


def test_inventories_are_named_by_the_minute(lake: LakeBuilder) -> None:
    lake.bucket("lake")
    for day in days(4):
        lake.put(f"s3://lake/inventory/{day:%Y-%m-%d}T01-00Z/manifest.json", day + 2 * HOUR)
    seen, finding = look(lake, prefix("s3://lake/inventory/"))
    assert said(seen) == "the path %Y-%m-%dT%H-%MZ/"
    assert finding.because == "each of 3 due days has data"


def test_unregistered_folders_are_found_whether_their_names_are_escaped_or_not(lake: LakeBuilder) -> None:
    table = lake.table("a.b", ts="string")
    hours = [at("11-23 11:00") - number * HOUR for number in range(1, 6)]
    for number, hour in enumerate(hours):
        value = f"{hour:%Y-%m-%dT%H:%M:%S}"
        written = value if number % 2 else value.replace(":", "%3A")
        lake.put(f"{table.location}ts={written}/a.parquet", hour + HOUR)
        if number > 1:
            lake.register(table, [value], f"{table.location}ts={written}/")
    _, finding = look(lake, table, every="1h", due=None, after="15m", lookback=5)
    assert [item.state.value for item in finding.items] == ["unregistered", "unregistered", *["present"] * 3]


SAMPLES: list[tuple[str, str, Sequence[str], str]] = [
    ("dt", "string", [*(f"2026-11-2{n}" for n in range(6)), *(f"2026112{n}" for n in range(4))],
     "of 10 sampled values of dt, 6 as %Y-%m-%d and 4 as %Y%m%d are written"),
    ("dt", "string", ["2026-11-20", "2026-11-21", "total", "all"],
     "of 4 sampled values of dt, 2 as %Y-%m-%d and 2 in other ways, such as 'total' are written"),
    ("dt", "string", ["2026-11-20", "20261121", "2026-11", "x"],
     "no partition key was seen to carry time: dt=2026-11-20"),
    ("dt", "date", ["20261120", "2026-11-21"], "of 2 sampled values of dt, 1 as %Y-%m-%d and 1 as %Y%m%d are written"),
    ("dt", "string", ["11-12-2026", "05-06-2026"],
     "values of dt such as '11-12-2026' can be read as %d-%m-%Y and as %m-%d-%Y"),
    ("region", "string", ["eu", "us"], "no partition key was seen to carry time: region=eu"),
    ("region", "string", [], "no partition was seen whose values could tell how its keys carry time: region"),
    ("dt", "string", [], "no partition was seen whose values could tell how its keys carry time: dt"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "values", "message"), SAMPLES)
def test_what_is_ambiguous_is_told_with_candidates(
    name: str, kind: str, values: Sequence[str], message: str
) -> None:
    found = infer_layout((Column(name, kind),), [(value,) for value in values], UTC_ZONE)
    assert isinstance(found, Problem)
    assert found.message == message
    assert found.remedy.startswith("state ")


@pytest.mark.parametrize(
    ("keys", "rows", "found"),
    [
        ((("dt", "string"),), [("2026-11-20",), ("9999-12-31",)], "dt as %Y-%m-%d"),
        ((("dt", "date"),), [("2026-11-20",), ("2999-12-31",)], "dt as %Y-%m-%d"),
        ((("week", "string"),), [("2026-11",), ("2026-12",)], "week as %G-%V"),
        ((("month", "string"),), [("2026-11",), ("2026-12",)], "month as %Y-%m"),
        ((("week", "string"),), [("2026-W47",)], "week as %G-W%V"),
        ((("dt", "string"), ("customer", "string")), [("2026-11-20", "1234567890")], "dt as %Y-%m-%d"),
        ((("dt", "string"), ("batch", "string")), [("2026-11-20", "2026-11-20")], "dt, batch as %Y-%m-%d, %Y-%m-%d"),
        ((("dt", "string"), ("name", "string")), [("2026-11-20", "20261120"), ("2026-11-21", "x"), ("2026-11-22", "y")],
         "dt as %Y-%m-%d"),
        ((("year", "int"), ("doy", "int")), [("2026", "7")], "year, doy as %Y, %-j"),
        ((("year", "string"), ("week", "string")), [("2026", "07")], "year, week as %G, %V"),
    ],
)  # fmt: skip
def test_what_is_not_ambiguous(
    keys: Sequence[tuple[str, str]], rows: Sequence[tuple[str, ...]], found: str
) -> None:
    layout = infer_layout([Column(*key) for key in keys], rows, UTC_ZONE)
    assert isinstance(layout, TimeLayout), layout
    assert layout.say() == found


def test_two_keys_that_tell_different_days_are_told() -> None:
    keys = (Column("event_date", "string"), Column("load_date", "string"))
    found = infer_layout(keys, [("2026-11-20", "2026-11-21")], UTC_ZONE)
    assert isinstance(found, Problem)
    assert found.message == (
        "event_date and load_date both carry time, and not the same: event_date=2026-11-20/load_date=2026-11-21"
    )
    assert found.remedy == "state which one says when data was due: partitions: {key: event_date}"


def test_values_that_a_stated_format_does_not_fit_are_counted_in_the_sentence(lake: LakeBuilder) -> None:
    table = lake.table("a.b", dt="string")
    for number, day in enumerate(days(6)):
        value = f"{day:%Y-%m-%d}" if number % 2 else f"{day:%Y-%m-%d} late"
        lake.put(f"{hive_location(table, [value])}a.parquet", day + DAY)
        lake.register(table, [value])
    _, finding = look(lake, table, key="dt", format="%Y-%m-%d")
    assert finding.because.endswith(
        "; 2 partitions have values that do not fit dt as %Y-%m-%d and count nowhere, such as dt=2026-11-22 late"
    )
    _, finding = look(lake, table)
    assert finding.status == "unknown"
    assert finding.because == (
        "could not be checked: of 6 sampled values of dt, 3 as %Y-%m-%d and 3 in other ways, such as '2026-11-22 late' "
        "are written"
    )


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["2026/", "2025/"], "folders such as '2026/' were not seen to carry time"),
        (["dt=2026-11-21T05:00:00/", "dt=2026-11-21T06%3A00%3A00/"],
         "some folders are written with : and some with %3A"),
        (["year=2026/month=2026-11/"], "folders such as 'year=2026/month=2026-11' tell a part of the time twice"),
        (["dt=2026-11-22/hour=2026-11-22-05/"],
         "folders such as 'dt=2026-11-22/hour=2026-11-22-05' tell a part of the time twice"),
        (["region=eu/dt=2026-11-21/"], "time is not the first folder in 'region=eu/dt=2026-11-21'"),
        ([], "no folders were seen below the location"),
    ],
)  # fmt: skip
def test_paths_that_do_not_tell_say_so(names: Sequence[str], found: str) -> None:
    problem = infer_path(names, UTC_ZONE)
    assert isinstance(problem, Problem)
    assert problem.message == found


@pytest.mark.parametrize(
    ("names", "path", "known"),
    [
        (["2026/11/02/", "2026/11/12/"], "%Y/%m/%d/", True),
        (["2026/11/2/", "2026/11/12/"], "%Y/%-m/%-d/", True),
        (["2026/11/22/", "2026/11/12/"], "%Y/%m/%d/", False),
        (["2026/11/9/5/"], "%Y/%-m/%-d/%-H/", True),
        (["2026-W47/"], "%G-W%V/", True),
        (["dt=2026-11-22/loaded=2026-11-22/"], "dt=%Y-%m-%d/", True),
        (["year=2026/month=11/day=22/dt=2026-11-22/"], "year=%Y/month=%m/day=%d/", False),
        (["100%/"], None, True),
    ],
)
def test_paths_and_their_padding(names: Sequence[str], path: str | None, known: bool) -> None:  # noqa: FBT001 - a table
    found = infer_path(names, UTC_ZONE)
    if path is None:
        assert isinstance(found, Problem)
        return
    assert isinstance(found, TimeLayout)
    assert (found.path, found.padding_known) == (path, known)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("trips_2026-11.parquet", "trips_%Y-%m"),
        ("v2/trips_2026-11.parquet", "v2/trips_%Y-%m"),
        ("20261122-export.csv", "%Y%m%d"),
        ("a.2026-11-22.gz", "a.%Y-%m-%d"),
        ("a_2026_11_22.gz", "a_%Y_%m_%d"),
        ("a-2026-11-22-05.gz", "a-%Y-%m-%d-%H"),
        ("a_202611220530.gz", "a_%Y%m%d%H%M"),
        ("100%_2026-W47.csv", "100%%_%G-W%V"),
        ("v2_part-0001.csv", None),
        ("year=2026/month=2026-11/a.csv", None),
        ("12345678901.csv", None),
    ],
)
def test_dates_in_names(name: str, path: str | None) -> None:
    found = infer_names([name], UTC_ZONE)
    assert (found.path if isinstance(found, TimeLayout) else None) == path


def test_a_layout_of_an_older_document_has_no_evidence() -> None:
    layout = layout_from_json({"keys": [["dt", "%Y-%m-%d"]], "path": None, "padding_known": True}, UTC_ZONE)
    assert layout is not None
    assert layout.evidence == ""
