"""Layouts that crawlers and jobs make: keys without names, months by name, seconds in names, listed values."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.glue.expressions import before, is_sorted
from checks.layout import TimeLayout, infer_layout, infer_path
from checks.model import Column, Problem, Status
from checks.schedule.formats import MONTH_NAMES, read_fields, sorts_as_time, write_time
from tests.layout.test_projection import entry
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.rule_checks import NOW, find, plan_of
from tests.support.times import UTC_ZONE, wall

if TYPE_CHECKING:
    from checks.model import Table

BLOCK: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 5}
DAYS = [date(2026, 11, 22) - number * timedelta(days=1) for number in range(60)][::-1]


def inferred(rows: list[list[str]], *names: str, stated: tuple[str, ...] = ()) -> str:
    from checks.layout import StatedLayout

    columns = [Column(name, "string") for name in names or [f"partition_{n}" for n in range(len(rows[0]))]]
    found = infer_layout(columns, rows, UTC_ZONE, StatedLayout(stated) if stated else None)
    return found.say() if isinstance(found, TimeLayout) else found.message


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["2026", "11", "03"], ["2026", "11", "22"]], "partition_0, partition_1, partition_2 as %Y, %m, %d"),
        ([["2026", "9", "3"], ["2026", "11", "22"]], "partition_0, partition_1, partition_2 as %Y, %-m, %-d"),
        ([["2026", "11"], ["2025", "02"]], "partition_0, partition_1 as %Y, %m"),
        ([["eu", "2026", "11", "03"]], "partition_1, partition_2, partition_3 as %Y, %m, %d"),
        (
            [["2026", "11", "03", "05"]],
            "partition_0, partition_1, partition_2, partition_3 as %Y, %m, %d, %H",
        ),
        ([["2026", "11", "03", "eu"]], "partition_0, partition_1, partition_2 as %Y, %m, %d"),
        (
            [["2026", "Nov", "03"], ["2026", "Dec", "22"]],
            "partition_0, partition_1, partition_2 as %Y, %b, %d",
        ),
        ([["2026", "11", "03"], ["2026", "11", "44"]], "partition_0, partition_1 as %Y, %m"),
        ([["eu", "2026-11-22"]], "partition_1 as %Y-%m-%d"),
    ],
)
def test_keys_without_names_carry_time_one_after_another(rows: list[list[str]], said: str) -> None:
    assert inferred(rows) == said


@pytest.mark.parametrize(
    "rows",
    [
        [["11", "03"]],
        [["2026", "44"]],
        [["eu", "us"]],
        [["0007", "11", "03"]],
        [["2026"]],
        [["2026", "eu", "11"]],
    ],
)
def test_numbers_that_are_no_dates_tell_none(rows: list[list[str]]) -> None:
    assert inferred(rows).startswith("no partition key was seen to carry time")


def test_other_names_are_read_so_only_where_they_are_stated() -> None:
    rows = [["2026", "11", "03"]]
    assert inferred(rows, "a", "b", "c").startswith("no partition key")
    assert inferred(rows, "a", "b", "c", stated=("a", "b", "c")) == "a, b, c as %Y, %m, %d"


def crawled(lake: MemoryLake, folder: str, *formats: str, **keys: Any) -> Table:
    """Return a table of days whose values are written so, registered at folders below its location."""
    table = lake.table("web.hits", **keys)
    for day in DAYS:
        values = [day.strftime(text) for text in formats]
        place = f"{table.location}{day.strftime(folder)}/" if folder else hive_location(table, values)
        lake.put(f"{place}a.json", NOW - timedelta(hours=9))
        lake.register(table, values, place)
    return table


@pytest.mark.parametrize(
    ("folder", "keys", "formats"),
    [
        ("%Y/%m/%d", ("partition_0", "partition_1", "partition_2"), ("%Y", "%m", "%d")),
        ("%Y/%-m/%-d", ("partition_0", "partition_1", "partition_2"), ("%Y", "%-m", "%-d")),
        ("", ("year", "month", "day"), ("%Y", "%b", "%-d")),
        ("", ("year", "month", "day"), ("%Y", "%B", "%d")),
        ("", ("year", "month", "day"), ("%Y", "%^b", "%d")),
        ("", ("yyyy", "mon", "dd"), ("%Y", "%b", "%d")),
        ("", ("run",), ("%Y-%m-%d-05-17-33",)),
        ("", ("run",), ("%Y-%m-%dT05-17-33Z",)),
        ("", ("run",), ("%Y%m%d-051733",)),
        ("", ("snapshot",), ("%Y-%b-%d",)),
    ],
)
def test_days_of_such_layouts_are_found(folder: str, keys: tuple[str, ...], formats: tuple[str, ...]) -> None:
    lake = MemoryLake()
    columns: dict[str, Any] = dict.fromkeys(keys, "string")
    table = crawled(lake, folder, *formats, **columns)
    plan = plan_of(table, partitions=BLOCK, catalog="on", freshness={"max_age": "24h"})
    for check in ("partitions", "catalog", "freshness"):
        finding = find(lake, plan, check)
        assert finding.status is Status.PASS, finding.because


@pytest.mark.parametrize(
    "text", ["2026/Nov/22", "2026/November/22", "2026-11-22-05-17-33", "run=2026-11-22-05-17-33"]
)
def test_paths_below_bare_prefixes_are_written_so_too(text: str) -> None:
    lake = MemoryLake()
    for day in DAYS[-30:]:
        folder = (
            text.replace("2026-11-22", f"{day}").replace("November", f"{day:%B}").replace("Nov", f"{day:%b}")
        )
        if "/" in text:
            folder = folder.rpartition("/")[0] + f"/{day:%d}"
        lake.put(f"s3://lake/x/{folder}/a", NOW - timedelta(hours=9))
    finding = find(lake, plan_of(prefix("s3://lake/x/"), partitions=BLOCK), "partitions")
    assert finding.status is Status.PASS, finding.because


def test_months_by_name_are_written_and_read_strictly() -> None:
    at = wall("2026-11-05")
    texts = {text: write_time(text, at, UTC_ZONE) for text in MONTH_NAMES}
    assert texts == {
        "%b": "Nov", "%B": "November", "%^b": "NOV", "%^B": "NOVEMBER", "%,b": "nov", "%,B": "november",
    }  # fmt: skip
    for text, value in texts.items():
        assert read_fields(text, value) == {"month": 11}
        assert not sorts_as_time(text)
        assert [other for other in MONTH_NAMES if read_fields(other, value)] == [text]
    assert read_fields("%b", "Nox") is None
    assert sorts_as_time("%Y-%m-%d")


def test_months_by_name_are_no_order_of_time() -> None:
    found = infer_layout([Column("month", "string")], [["2026-Nov"], ["2026-Dec"]], UTC_ZONE)
    assert isinstance(found, TimeLayout)
    assert found.say() == "month as %Y-%b"
    assert not is_sorted(found, {"month": "string"})
    assert before(found, {"month": "string"}, wall("2026-11-01")) is None


def test_paths_of_names_that_are_no_months_tell_none() -> None:
    assert isinstance(infer_path(["2026/Nov/22/", "2026/Dez/01/"], UTC_ZONE), Problem)


def listed(*texts: str) -> dict[str, str]:
    return {"type": "enum", "values": ",".join(texts)}


@pytest.mark.parametrize(
    ("months", "days", "folder"),
    [
        ([f"{n:02d}" for n in range(1, 13)], [f"{n:02d}" for n in range(1, 32)], "year=%Y/month=%m/day=%d"),
        ([str(n) for n in range(1, 13)], [str(n) for n in range(1, 32)], "year=%Y/month=%-m/day=%-d"),
        (["Oct", "Nov", "Dec"], [f"{n:02d}" for n in range(1, 32)], "year=%Y/month=%b/day=%d"),
    ],
)
def test_listed_values_of_a_projection_carry_time(months: list[str], days: list[str], folder: str) -> None:
    lake = MemoryLake()
    keys: dict[str, Any] = {"year": listed("2025", "2026"), "month": listed(*months), "day": listed(*days)}
    table = lake.table("web.hits", entry(None, **keys), year="string", month="string", day="string")
    for day in DAYS[-6:]:
        lake.put(f"{table.location}{day.strftime(folder)}/a", NOW - timedelta(hours=9))
    finding = find(lake, plan_of(table, partitions=BLOCK), "partitions")
    assert finding.status is Status.PASS, finding.because


def test_days_whose_values_are_not_listed_are_not_due() -> None:
    lake = MemoryLake()
    keys: dict[str, Any] = {
        "year": listed("2026"),
        "month": {"type": "integer", "range": "1,12", "digits": "2"},
        "day": listed("18", "19"),
    }
    table = lake.table("web.hits", entry(None, **keys), year="string", month="string", day="string")
    for day in ("18", "19"):
        lake.put(f"{table.location}year=2026/month=11/day={day}/a", NOW - timedelta(hours=9))
    finding = find(lake, plan_of(table, partitions=BLOCK), "partitions")
    assert finding.because.startswith("each of 2 due days has data")


def test_a_listed_key_that_tells_no_time_by_itself_stays_a_value() -> None:
    from checks.layout.projection import projection_of

    lake = MemoryLake()
    keys: dict[str, Any] = {"month": listed("1", "2", "3")}
    table = lake.table("web.hits", entry(None, **keys), month="string")
    assert projection_of(table).others == (("month", ("1", "2", "3")),)


@pytest.mark.parametrize("kind", ["registered", "injected"])
@pytest.mark.parametrize("names", [("a", "b", "c"), ("part",)])
def test_the_remedy_that_is_told_works_when_it_is_followed(kind: str, names: tuple[str, ...]) -> None:
    """Of keys that nothing tells of; a projection that queries fill in is told nothing else."""
    lake = MemoryLake()
    columns: dict[str, Any] = dict.fromkeys(names, "string")
    written = ("%Y", "%m", "%d") if len(names) == 3 else ("%Y%m%d",)
    values = {name: [day.strftime(text) for day in DAYS] for name, text in zip(names, written, strict=True)}
    if kind == "injected":
        table = lake.table("web.hits", entry(None, **{name: {"type": kind} for name in names}), **columns)
        for number in range(len(DAYS)):
            place = "".join(f"{name}={values[name][number]}/" for name in names)
            lake.put(f"{table.location}{place}a", NOW - timedelta(hours=9))
    else:
        table = lake.table("web.hits", **columns)
        lake.register(table, ["eu"] * len(names))
        lake.put(f"{hive_location(table, ['eu'] * len(names))}a", NOW - timedelta(hours=9))
    told = find(lake, plan_of(table, partitions=BLOCK), "partitions")
    assert told.status is Status.UNKNOWN
    if len(names) > 1:
        match = re.search(r"\{key: \[(.*)\], format: \[(.*)\]\}", told.advice)
        assert match is not None
        stated = {"key": match[1].split(", "), "format": match[2].replace('"', "").split(", ")}
    else:
        match = re.search(r'\{key: (\w+), format: "(.*?)"\}', told.advice)
        assert match is not None
        stated = {"key": match[1], "format": match[2]}
    if kind == "injected":
        finding = find(lake, plan_of(table, partitions={**BLOCK, **stated}), "partitions")
        assert finding.status is Status.PASS, finding.because
