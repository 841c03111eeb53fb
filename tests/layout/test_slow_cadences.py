"""Fortnights, quarters and years, in the ways that partitions and paths of such periods are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.assess import Measured, assess
from checks.lake.observe import observe
from checks.layout import TimeLayout, infer_layout, infer_path, layout_from_json
from checks.layout.projection import java_format
from checks.model import Column, Finding, Observation, Problem
from checks.rules.asking import Clock
from checks.rules.base import Binding, TablePlan
from checks.rules.partitions import PartitionsConfig
from checks.schedule.periods import QUARTERLY, YEARLY, parse_every, period_of
from tests.support.lakes import LakeBuilder, hive_location, prefix
from tests.support.times import DAY, HOUR, UTC_ZONE, at, wall

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Table

NOW = at("2026-11-23 12:00")
QUARTERS = [at("2026-04-01"), at("2026-01-01"), at("2025-10-01"), at("2025-07-01")]
"""The starts of quarters with data; the third of 2026 is due, and has none."""
YEARS = [at("2024-01-01"), at("2023-01-01"), at("2022-01-01"), at("2021-01-01")]
FORTNIGHTS = [at("2026-10-19"), at("2026-10-05"), at("2026-09-21"), at("2026-09-07")]


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return any_lake


def look(
    lake: LakeBuilder, table: Table, now: datetime = NOW, **config: object
) -> tuple[Observation, Finding]:
    block = {"due": "06:00", "lookback": 3, **config}
    rule = PartitionsConfig.model_validate(block).bind(Binding(zone=ZoneInfo("UTC")))
    plan = TablePlan(table=table, rules=(rule,), stated_layout=rule.stated_layout)
    clock = Clock(now=now)
    seen = observe(plan, clock, lake.reader(plan))
    (finding,) = assess([Measured(plan.about, rule, rule.measure(seen, clock, plan.memory))])
    return seen, finding


def said(seen: Observation) -> str:
    layout = layout_from_json(seen.layout, UTC_ZONE) if seen.layout else None
    return layout.say() if layout is not None else "none"


def bad(finding: Finding) -> list[str]:
    return [f"{item.period} {item.state}" for item in finding.items if item.state.is_bad]


def quarter(start: datetime) -> int:
    return start.month // 3 + 1


KEYS = [
    ({"quarter": "string"}, "{0:%Y}-Q{1}", "quarter as %Y-Q%q"),
    ({"quarter": "string"}, "{0:%Y}Q{1}", "quarter as %YQ%q"),
    ({"period": "string"}, "{0:%Y}_Q{1}", "period as %Y_Q%q"),
    ({"dt": "string"}, "{0:%Y}q{1}", "dt as %Yq%q"),
    ({"dt": "string"}, "Q{1}-{0:%Y}", "dt as Q%q-%Y"),
    ({"year": "int", "quarter": "int"}, "{0:%Y} {1}", "year, quarter as %Y, %q"),
    ({"year": "string", "quarter": "string"}, "{0:%Y} Q{1}", "year, quarter as %Y, Q%q"),
    ({"year": "string", "qtr": "string"}, "{0:%Y} 0{1}", "year, qtr as %Y, 0%q"),
    ({"yyyy": "string", "q": "string"}, "{0:%Y} {1}", "yyyy, q as %Y, %q"),
    ({"year": "int", "quarter": "string"}, "{0:%Y} {0:%Y}-Q{1}", "year, quarter as %Y, %Y-Q%q"),
    ({"dt": "date"}, "{0:%Y-%m-%d}", "dt as %Y-%m-%d"),
    ({"dt": "string"}, "{0:%Y%m%d}", "dt as %Y%m%d"),
    ({"month": "string"}, "{0:%Y-%m}", "month as %Y-%m"),
    ({"year": "int", "month": "int"}, "{0.year} {0.month}", "year, month as %Y, %-m"),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "text", "layout"), KEYS)
def test_quarters_of_keys(lake: LakeBuilder, keys: dict[str, Any], text: str, layout: str) -> None:
    table = lake.table("a.b", **keys)
    for start in QUARTERS:
        values = text.format(start, quarter(start)).split()
        lake.put(f"{hive_location(table, values)}a.parquet", start + 95 * DAY)
        lake.register(table, values)
    seen, finding = look(lake, table, every="3mo")
    assert said(seen) == layout
    assert bad(finding) == ["2026-Q3 missing"]
    assert finding.because == (
        "1 of 3 due quarters without usable data: 2026-Q3 missing, due Thu 1 Oct 2026 06:00 UTC"
    )


@pytest.mark.parametrize(("keys", "text", "layout"), KEYS[:12])
def test_a_quarter_that_nobody_registered_is_found(
    lake: LakeBuilder, keys: dict[str, Any], text: str, layout: str
) -> None:
    table = lake.table("a.b", **keys)
    for start in [at("2026-07-01"), *QUARTERS]:
        values = text.format(start, quarter(start)).split()
        lake.put(f"{hive_location(table, values)}a.parquet", start + 95 * DAY)
        if start != at("2026-07-01"):
            lake.register(table, values)
    seen, finding = look(lake, table, every="3mo")
    assert said(seen) == layout
    assert bad(finding) == ["2026-Q3 unregistered"]


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("{0:%Y}/Q{1}/", "the path %Y/Q%q/"),
        ("{0:%Y}-Q{1}/", "the path %Y-Q%q/"),
        ("year={0:%Y}/quarter={1}/", "the path year=%Y/quarter=%q/"),
        ("quarter={0:%Y}Q{1}/", "the path quarter=%YQ%q/"),
        ("dt={0:%Y-%m-%d}/", "the path dt=%Y-%m-%d/"),
        ("{0:%Y/%m/%d}/", "the path %Y/%m/%d/"),
        ("{0:%Y/%m}/", "the path %Y/%m/"),
        ("report_{0:%Y}-Q{1}.csv", "the path report_%Y-Q%q"),
        ("report_{0:%Y}Q{1}_final.csv", "the path report_%YQ%q"),
    ],
)
def test_quarters_of_paths(lake: LakeBuilder, text: str, layout: str) -> None:
    lake.bucket("lake")
    for start in QUARTERS:
        name = text.format(start, quarter(start))
        lake.put(f"s3://lake/raw/{name}{'a.csv' if name.endswith('/') else ''}", start + 95 * DAY)
    seen, finding = look(lake, prefix("s3://lake/raw/"), every="3mo")
    assert said(seen) == layout
    assert bad(finding) == ["2026-Q3 missing"]
    assert lake.counts["s3:ListObjectsV2"] < 20


YEAR_KEYS = [
    ({"year": "int"}, "{0:%Y}", "year as %Y"),
    ({"year": "string", "region": "string"}, "{0:%Y} eu", "year as %Y"),
    ({"yr": "string"}, "{0:%Y}", "yr as %Y"),
    ({"dt": "string"}, "{0:%Y}", "dt as %Y"),
    ({"dt": "date"}, "{0:%Y-%m-%d}", "dt as %Y-%m-%d"),
    ({"month": "string"}, "{0:%Y-%m}", "month as %Y-%m"),
]


@pytest.mark.parametrize(("keys", "text", "layout"), YEAR_KEYS)
def test_years_of_keys(lake: LakeBuilder, keys: dict[str, Any], text: str, layout: str) -> None:
    table = lake.table("a.b", **keys)
    for start in YEARS:
        values = text.format(start).split()
        lake.put(f"{hive_location(table, values)}a.parquet", start + 370 * DAY)
        lake.register(table, values)
    seen, finding = look(lake, table, every="1y")
    assert said(seen) == layout
    assert finding.because == (
        "1 of 3 due years without usable data: 2025 missing, due Thu 1 Jan 2026 06:00 UTC"
    )


@pytest.mark.parametrize("text", ["{0:%Y}/", "year={0:%Y}/", "{0:%Y/%m}/", "{0:%Y/%m/%d}/"])
def test_years_of_paths(lake: LakeBuilder, text: str) -> None:
    lake.bucket("lake")
    for start in YEARS:
        lake.put(f"s3://lake/raw/{text.format(start)}a.csv", start + 370 * DAY)
    _, finding = look(lake, prefix("s3://lake/raw/"), every="1y")
    assert bad(finding) == ["2025 missing"]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"week": "string"}, "{0:%G-W%V}"),
        ({"dt": "string"}, "{0:%Y-%m-%d}"),
        ({"year": "int", "week": "int"}, "{0:%G} {1}"),
        ({"year": "int", "month": "int", "day": "int"}, "{0.year} {0.month} {0.day}"),
    ],
)
@pytest.mark.parametrize("later", [0, 1])
def test_fortnights_of_keys_named_by_either_week(
    lake: LakeBuilder, keys: dict[str, Any], text: str, later: int
) -> None:
    table = lake.table("a.b", **keys)
    for start in FORTNIGHTS:
        day = start + later * 7 * DAY
        values = text.format(day, day.isocalendar().week).split()
        lake.put(f"{hive_location(table, values)}a.parquet", start + 15 * DAY)
        lake.register(table, values)
    _, finding = look(lake, table, every="2w")
    assert finding.because == (
        "1 of 3 due fortnights without usable data: 2026-W45-W46 missing, due Mon 16 Nov 2026 06:00 UTC"
    )


def test_a_year_alone_is_no_time_unless_years_are_stated() -> None:
    keys, rows = (Column("year", "int"), Column("region", "string")), [("2025", "eu"), ("2026", "eu")]
    for every in (None, parse_every("1d"), QUARTERLY):
        assert isinstance(infer_layout(keys, rows, UTC_ZONE, every=every), Problem)
        assert isinstance(infer_path(("2025/", "2026/"), UTC_ZONE, every), Problem)
    found = infer_layout(keys, rows, UTC_ZONE, every=YEARLY)
    assert isinstance(found, TimeLayout)
    assert found.say() == "year as %Y"
    assert found.can_tell(YEARLY)
    assert not found.can_tell(QUARTERLY)


def test_an_id_of_four_digits_is_no_year_beside_dates() -> None:
    keys = (Column("store", "string"), Column("dt", "string"))
    found = infer_layout(keys, [("2025", "2026-11-21"), ("2026", "2026-11-22")], UTC_ZONE)
    assert isinstance(found, TimeLayout)
    assert found.say() == "dt as %Y-%m-%d"


def test_a_quarter_that_its_month_contradicts_is_no_time() -> None:
    keys = tuple(Column(name, "int") for name in ("year", "quarter", "month"))
    found = infer_layout(keys, [("2026", "3", "7"), ("2026", "3", "8")], UTC_ZONE)
    assert isinstance(found, TimeLayout)
    assert found.read({"year": "2026", "quarter": "3", "month": "8"}) == wall("2026-08-01")
    assert found.read({"year": "2026", "quarter": "2", "month": "8"}) is None
    period = period_of(wall("2026-08-15"), parse_every("1mo"), UTC_ZONE)
    assert period is not None
    assert found.write(period) == {"year": "2026", "quarter": "3", "month": "8"}


@pytest.mark.parametrize(
    ("java", "expected"),
    [
        ("yyyy-'Q'Q", "%Y-Q%q"),
        ("yyyy'Q'q", "%YQ%q"),
        ("yyyy-QQ", "%Y-0%q"),
        ("yyyy", "%Y"),
        ("QQQ yyyy", None),
    ],
)
def test_quarters_of_java_patterns(java: str, expected: str | None) -> None:
    assert java_format(java) == expected


DATES = {"type": "date", "interval": "3", "interval.unit": "MONTHS"}
YEAR = {"type": "integer", "range": "2020,2030"}


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ({"dt": {**DATES, "format": "yyyy-'Q'Q", "range": "2020-Q1,NOW"}}, "dt={0:%Y}-Q{1}"),
        ({"dt": {**DATES, "format": "yyyy-MM-dd", "range": "2020-01-01,NOW"}}, "dt={0:%Y-%m-%d}"),
        ({"year": YEAR, "quarter": {"type": "integer", "range": "1,4"}}, "year={0:%Y}/quarter={1}"),
        ({"year": YEAR, "quarter": {"type": "enum", "values": "Q1,Q2,Q3,Q4"}}, "year={0:%Y}/quarter=Q{1}"),
    ],
)
def test_quarters_that_are_projected(
    lake: LakeBuilder, properties: dict[str, dict[str, str]], text: str
) -> None:
    parameters = {"projection.enabled": "true"}
    for name, each in properties.items():
        parameters |= {f"projection.{name}.{key}": value for key, value in each.items()}
    entry: dict[str, Any] = {
        "StorageDescriptor": {"Location": "s3://lake/p/", "Columns": []},
        "Parameters": parameters,
    }
    lake.bucket("lake")
    table = lake.table("a.p", entry, **dict.fromkeys(properties, "string"))
    for start in QUARTERS:
        lake.put(f"s3://lake/p/{text.format(start, quarter(start))}/a.parquet", start + 95 * DAY)
    _, finding = look(lake, table, every="3mo")
    assert bad(finding) == ["2026-Q3 missing"]


def test_a_quarter_of_days_is_asked_for_by_its_months(lake: LakeBuilder) -> None:
    """Not by the names of all of its days."""
    lake.bucket("lake")
    for number in range(330):
        day = at("2026-09-30") - number * DAY
        if day.month != 8:
            lake.put(f"s3://lake/d/dt={day:%Y-%m-%d}/a.csv", day + DAY + HOUR)
    seen, finding = look(lake, prefix("s3://lake/d/"), every="3mo")
    assert finding.because == "each of 3 due quarters has data"
    assert {place.location for place in seen.partitions if place.period.label == "2026-Q3"} == {
        f"s3://lake/d/dt=2026-0{month}-" for month in (7, 8, 9)
    }
