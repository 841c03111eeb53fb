"""Pure parts of reading: which objects are data, expressions, places, projections."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.lake.glue.catalog import normal_location
from checks.lake.glue.expressions import before, expressions, is_sorted, quoted
from checks.lake.glue.partitions import older
from checks.lake.plain.naming import Naming, cells_of, hive_name
from checks.lake.s3.objects import Key, Keys
from checks.lake.s3.tally import Budget, Tally, list_place
from checks.layout import KeyFormat, TimeLayout
from checks.layout.data_files import Chosen, is_data
from checks.layout.projection import java_format
from checks.model import Format, Period
from checks.rules.asking import Clock
from checks.schedule.periods import DAILY, HOURLY, MONTHLY, WEEKLY, period_of
from tests.support.lakes import MemoryLake
from tests.support.times import BERLIN, UTC_ZONE, at, wall

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

NOW = at("2026-11-23 12:00")


@pytest.mark.parametrize(
    "path",
    [
        "a.parquet",
        "dt=1/a",
        "a b",
        "a//b",
        "/a",
        "a.crc.gz",
        "metadata/a",
        "x_y/part_0",
        "ü.csv",
        "a\nb",
        "$x",
        "SUCCESS",
    ],
)
def test_data(path: str) -> None:
    assert is_data(path)


@pytest.mark.parametrize(
    "path",
    [
        "", "x/", "a/b/", "_SUCCESS", "dt=1/_SUCCESS", "_temporary/0/a", ".spark-staging-1/a", "_spark_metadata/0",
        "x_$folder$", "dt=1_$folder$", "_delta_log/00000000000000000000.json", ".hoodie/1.commit", "a.parquet.crc",
        ".hidden", "a/.b/c", "a/_b/c", "_dt=2026-11-22/a", "dt=1/.a.crc", "..", "./a",
    ],
)  # fmt: skip
def test_no_data(path: str) -> None:
    assert not is_data(path)


def test_metadata_is_data_except_for_iceberg() -> None:
    assert is_data("metadata/v1.json")
    assert not is_data("metadata/v1.json", None, Format.ICEBERG)
    assert is_data("data/metadata/a.parquet", None, Format.ICEBERG)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("*.csv.gz", "a.csv.gz", True),
        ("*.csv.gz", "deep/er/a.csv.gz", True),
        ("*.csv.gz", "a.csv", False),
        ("*.csv", "a.CSV", False),
        ("in/*.csv", "in/a.csv", True),
        ("in/*.csv", "in/b/a.csv", True),
        ("in/*.csv", "out/a.csv", False),
        ("part-[0-9]*", "x/part-7", True),
        ("*", "a\nb", True),
        ("*.csv", "_hidden.csv", False),
    ],
)
def test_patterns(pattern: str, path: str, fits: bool) -> None:  # noqa: FBT001 - a table of cases
    assert is_data(path, Chosen((pattern,))) is fits
    hidden = path.startswith("_")
    assert is_data(path, Chosen(ignore=(pattern,))) is not (fits or hidden)
    assert is_data(path, Chosen(("nothing", pattern))) is fits


@given(st.text(max_size=30), st.sampled_from([".", "_"]), st.text(max_size=10))
def test_whatever_is_below_a_hidden_name_is_hidden(start: str, mark: str, rest: str) -> None:
    assert not is_data(f"{start}/{mark}{rest}")


@given(st.text(max_size=30), st.text(max_size=10))
def test_a_pattern_only_takes_away(path: str, pattern: str) -> None:
    assert is_data(path) or not is_data(path, Chosen((pattern,)) if pattern else None)


SECONDS = st.integers(min_value=0, max_value=10_000_000)
OBJECTS = st.lists(
    st.tuples(st.text("ab/_.", min_size=1, max_size=6), SECONDS, st.integers(0, 3)), max_size=12
)


@given(
    OBJECTS, st.tuples(st.text("ab", min_size=1, max_size=6), SECONDS, st.integers(1, 3)), st.integers(1, 4)
)
@settings(max_examples=60, deadline=None)
def test_another_data_object_never_makes_the_newest_older(
    objects: list[tuple[str, int, int]], added: tuple[str, int, int], page_size: int
) -> None:
    lake = MemoryLake(page_size=page_size)
    lake.bucket("b")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for key, second, size in objects:
        lake.put(f"s3://b/t/{key}", start + timedelta(seconds=second), size)
    clock = Clock(now=NOW)
    first = list_place(lake, "s3://b/t/", pattern=None, clock=clock, budget=Budget())
    lake.put(f"s3://b/t/new-{added[0]}", start + timedelta(seconds=added[1]), added[2])
    then = list_place(lake, "s3://b/t/", pattern=None, clock=clock, budget=Budget())
    assert then.objects == first.objects + 1
    assert then.size_bytes == first.size_bytes + added[2]
    assert first.newest_at is None or (then.newest_at is not None and then.newest_at >= first.newest_at)
    assert first.oldest_at is None or (then.oldest_at is not None and then.oldest_at <= first.oldest_at)


def test_a_listing_ends_at_its_budget_and_says_that_it_is_not_complete() -> None:
    lake = MemoryLake(page_size=2)
    lake.bucket("b")
    for number in range(5):
        lake.put(f"s3://b/t/{number}", NOW)
    listing = list_place(lake, "s3://b/t/", pattern=None, clock=Clock(now=NOW), budget=Budget(pages=2))
    assert (listing.complete, listing.objects) == (False, 4)
    listing = list_place(lake, "s3://b/t/", pattern=None, clock=Clock(now=NOW), budget=Budget(stop_at=0.0))
    assert (listing.complete, listing.objects) == (False, 2)
    listing = list_place(lake, "s3://b/t/", pattern=None, clock=Clock(now=NOW), budget=Budget(pages=3))
    assert (listing.complete, listing.objects) == (True, 5)


@pytest.mark.parametrize(
    ("given_", "location"),
    [
        ("s3://b/x", "s3://b/x/"),
        ("s3a://b/x/", "s3://b/x/"),
        ("S3N://b", "s3://b/"),
        ("s3://b/a//b", "s3://b/a//b/"),
        ("s3://b/a b/ü", "s3://b/a b/ü/"),
        (" s3://b/x ", "s3://b/x/"),
        ("hdfs://n/x", None),
        ("", None),
        ("s3://", None),
        ("s3:///x", None),
        ("s3://b/x\n", None),
        ("s3://b\x00/x", None),
        ("s3://../x", None),
        ("jdbc:mysql://h/d", None),
    ],
)
def test_locations(given_: str, location: str | None) -> None:
    assert normal_location(given_) == location


def layout(*keys: tuple[str, str], known: bool = True, zone: ZoneInfo = UTC_ZONE) -> TimeLayout:
    return TimeLayout(zone=zone, keys=tuple(KeyFormat(*key) for key in keys), padding_known=known)


@pytest.mark.parametrize(
    ("key_format", "kind", "sorted_"),
    [
        ("%Y-%m-%d", "string", True),
        ("%Y-%m-%d", "date", True),
        ("%Y%m%d", "int", True),
        ("%Y%m%d%H", "bigint", True),
        ("%Y-%m-%dT%H:%M:%SZ", "string", True),
        ("%G-W%V", "string", True),
        ("%s", "bigint", True),
        ("%Y-%-m-%-d", "string", False),
        ("%d-%m-%Y", "string", False),
        ("%m%Y", "int", False),
        ("%Y-%m-%d", "double", False),
    ],
)
def test_keys_whose_order_is_times_order(key_format: str, kind: str, sorted_: bool) -> None:  # noqa: FBT001 - a table
    assert is_sorted(layout(("dt", key_format)), {"dt": kind}) is sorted_


def test_values_are_quoted_by_their_type() -> None:
    assert quoted("2026", "int") == "2026"
    assert quoted("09", "int") == "9"
    assert quoted("09", "string") == "'09'"
    assert quoted("o'clock", "string") == "'o''clock'"
    assert quoted("1 or 1=1", "int") == "'1 or 1=1'"


def days(count: int, zone: ZoneInfo = UTC_ZONE) -> tuple[Period, ...]:
    return cells_of(
        layout(("dt", "%Y-%m-%d"), zone=zone),
        DAILY,
        wall("2026-11-22") - (count - 1) * timedelta(days=1),
        NOW - timedelta(days=1),
    )


YMD = (("year", "%Y"), ("month", "%-m"), ("day", "%-d"))
INTS = {"year": "int", "month": "int", "day": "int", "region": "string"}
TEXTS = dict.fromkeys(INTS, "string")


def test_an_expression_of_numbers() -> None:
    assert expressions(layout(*YMD), INTS, days(3)) == ["year = 2026 and month = 11 and day in (22, 21, 20)"]


def test_an_expression_over_a_change_of_months_with_both_paddings() -> None:
    cells = days(26)[-4:]
    assert [cell.label for cell in cells] == ["2026-10-31", "2026-10-30", "2026-10-29", "2026-10-28"]
    assert expressions(layout(*YMD, known=False), TEXTS, cells[:2]) == [
        "year = '2026' and month = '10' and day in ('31', '30')"
    ]
    turn = cells_of(layout(*YMD), DAILY, wall("2026-08-31"), at("2026-09-01 12:00"))
    assert expressions(layout(*YMD, known=False), TEXTS, turn) == [
        (
            "(year = '2026' and month = '9' and day = '1') or (year = '2026' and month = '09' and day = '01')"
            " or (year = '2026' and month = '8' and day = '31') or (year = '2026' and month = '08' and day = '31')"
        )
    ]


def test_an_expression_that_is_too_long_is_made_wider() -> None:
    many = days(900)
    found = expressions(layout(*YMD), INTS, many)
    assert len(found) == 1
    assert found[0].startswith("(year = 2026 and month in (11, 10,")
    assert "day" not in found[0]


def test_values_that_fit_no_single_expression_are_split() -> None:
    found = expressions(layout(("dt", "%d-%m-%Y")), {"dt": "string", "region": "string"}, days(400))
    assert all(len(each) <= 2048 for each in found)
    assert sum(each.count("'") // 2 for each in found) == 400


@pytest.mark.parametrize(
    ("keys", "types", "known", "expression"),
    [
        ((("dt", "%Y-%m-%d"),), {"dt": "string"}, True, "dt < '2026-11-05'"),
        ((("dt", "%Y%m%d"),), {"dt": "int"}, True, "dt < 20261105"),
        (
            YMD,
            INTS,
            True,
            "(year < 2026) or (year = 2026 and month < 11) or (year = 2026 and month = 11 and day < 5)",
        ),
        (YMD, TEXTS, True, "year < '2026'"),
        ((("year", "%Y"), ("month", "%m"), ("day", "%d")), TEXTS, False, "year < '2026'"),
        (
            (("year", "%Y"), ("month", "%m")),
            TEXTS,
            True,
            "(year < '2026') or (year = '2026' and month < '11')",
        ),
        ((("dt", "%d-%m-%Y"),), {"dt": "string"}, True, None),
    ],
)
def test_what_is_older(
    keys: tuple[tuple[str, str], ...],
    types: dict[str, str],
    known: bool,  # noqa: FBT001 - a table of cases
    expression: str | None,
) -> None:
    assert before(layout(*keys, known=known), types, wall("2026-11-05")) == expression


def test_a_key_of_a_name_that_glue_refuses_is_asked_for_by_values() -> None:
    lake = MemoryLake()
    table = lake.table("a.b", key="string")
    assert older(lake, table, layout(("key", "%Y-%m-%d")), wall("2026-11-05")) == ([], False)
    assert lake.expressions == []


def test_names_are_written_as_hive_does() -> None:
    assert hive_name("2026-11-22 05:00:00") == "2026-11-22 05%3A00%3A00"
    assert hive_name("a/b=c%") == "a%2Fb%3Dc%25"


def places(naming: Naming, label: str, every: object = DAILY) -> list[str]:
    period = period_of(wall(label), every, UTC_ZONE)  # type: ignore[arg-type]
    assert period is not None
    return [place.location for place in naming.places_of(period)]


def test_places_of_periods() -> None:
    path = TimeLayout(zone=UTC_ZONE, path="%Y/%m/%d/%H/")
    hours = Naming(path, "s3://b/${}")
    assert places(hours, "2026-11-22T05:00", HOURLY) == ["s3://b/2026/11/22/05/"]
    assert places(hours, "2026-11-22") == ["s3://b/2026/11/22/"]
    assert places(hours, "2026-11-01", MONTHLY) == ["s3://b/2026/11/"]
    daily = Naming(TimeLayout(zone=UTC_ZONE, path="%Y/%m/%d/"), "s3://b/${}")
    assert places(daily, "2026-11-16", WEEKLY) == [f"s3://b/2026/11/{day}/" for day in range(22, 15, -1)]
    flat = Naming(layout(("ts", "%Y-%m-%d-%H")), "s3://b/ts=${ts}/", escaped=True)
    assert places(flat, "2026-11-22") == ["s3://b/ts=2026-11-22-"]
    assert places(flat, "2026-11-01", MONTHLY) == ["s3://b/ts=2026-11-"]
    unpadded = Naming(layout(("ts", "%Y-%-m-%-d-%-H")), "s3://b/ts=${ts}/", escaped=True)
    assert len(places(unpadded, "2026-11-22")) == 24
    assert places(unpadded, "2026-11-01", MONTHLY) == []
    both = Naming(layout(*YMD, known=False), "s3://b/year=${year}/month=${month}/day=${day}/", escaped=True)
    assert places(both, "2026-11-05") == [
        "s3://b/year=2026/month=11/day=5/",
        "s3://b/year=2026/month=11/day=05/",
    ]
    assert places(both, "2026-11-22") == ["s3://b/year=2026/month=11/day=22/"]


@given(st.datetimes(datetime(2001, 1, 1), datetime(2030, 1, 1)))
def test_a_name_reads_back_as_what_it_was_written_from(moment: datetime) -> None:
    period = period_of(moment, HOURLY, UTC_ZONE)
    assert period is not None
    for naming in (
        Naming(TimeLayout(zone=UTC_ZONE, path="%Y/%m/%d/%H/"), "s3://b/${}"),
        Naming(layout(("ts", "%Y-%m-%d %H:%M:%S")), "s3://b/ts=${ts}/", escaped=True),
        Naming(layout(("dt", "%Y-%m-%d"), ("hour", "%-H")), "s3://b/dt=${dt}/hour=${hour}/", escaped=True),
    ):
        place = naming._place(naming.layout, period)
        assert naming.read(f"{place.location}part-0") == period.wall


def test_cells_in_a_zone_with_a_change_of_clocks() -> None:
    hours = layout(("dt", "%Y-%m-%d"), ("hour", "%H"), zone=BERLIN)
    cells = cells_of(hours, DAILY, wall("2026-03-29"), at("2026-03-29 21:59"))
    assert len(cells) == 23
    assert cells[-1].wall == wall("2026-03-29")


@pytest.mark.parametrize(
    ("java", "found"),
    [
        ("yyyy-MM-dd", "%Y-%m-%d"),
        ("yyyy/MM/dd/HH", "%Y/%m/%d/%H"),
        ("yyyyMMdd", "%Y%m%d"),
        ("yyyy-MM-dd'T'HH:mm:ss", "%Y-%m-%dT%H:%M:%S"),
        ("yyyy-M-d", "%Y-%-m-%-d"),
        ("yyyy-MM-dd-EEE", None),
        ("nothing", None),
        ("yyyy'", None),
    ],
)
def test_java_formats(java: str, found: str | None) -> None:
    assert java_format(java) == found


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "",
                    "a",
                    "a/b",
                    "_x",
                    "a/_x",
                    ".x",
                    "a/.x",
                    "a/",
                    "a//b",
                    "x_$folder$",
                    "x.crc",
                    "x\n.y",
                    "x.crc.gz",
                ]
            )
            | st.text(max_size=5),
            st.integers(0, 2),
        ),
        max_size=6,
    ),
    st.sampled_from(["t/", "a/_b/", "", "t"]),
)
def test_a_page_counts_as_its_objects_one_by_one(names: list[tuple[str, int]], root: str) -> None:
    keys = [
        Key(root + name, size, NOW + timedelta(minutes=number)) for number, (name, size) in enumerate(names)
    ]
    together, alone = Tally(root), Tally(root)
    together.add_all(Keys.of(keys))
    for key in keys:
        alone.add_all(Keys.of([key]))
    data = [key for key in keys if is_data(key.key.removeprefix(root))]
    expected = [key for key in data if key.size_bytes]
    for tally in (together, alone):
        assert (tally.objects, tally.empty_objects) == (len(expected), len(data) - len(expected))
        assert tally.ignored_objects == len(keys) - len(data)
        assert tally.newest == (expected[-1] if expected else None)
        assert tally.oldest == (expected[0] if expected else None)
