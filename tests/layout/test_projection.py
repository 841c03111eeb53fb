"""Partition projection: what is read of a table's properties, and what is looked at and told over both lakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.assess import Measured, assess
from checks.lake.observe import observe
from checks.layout import TimeLayout, infer_layout
from checks.layout.projection import Projection, Unprojectable, java_format, projection_of
from checks.model import Column, Finding, ItemState, Table
from checks.rules.asking import Clock
from checks.rules.base import Binding, TablePlan
from checks.rules.freshness import FreshnessConfig
from checks.rules.partitions import PartitionsConfig
from checks.schedule.periods import DAILY, HOURLY, WEEKLY, Every, period_of
from tests.support.times import UTC_ZONE, at, wall

if TYPE_CHECKING:
    from tests.support.lakes import LakeBuilder

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return any_lake


def entry(template: str | None = None, **keys: dict[str, str]) -> dict[str, Any]:
    """Return the part of a Glue table that projects these keys."""
    parameters = {"projection.enabled": "true"}
    for key, properties in keys.items():
        parameters |= {
            f"projection.{key}.{name.replace('_', '.')}": text for name, text in properties.items()
        }
    if template is not None:
        parameters["storage.location.template"] = template
    return {"Parameters": parameters}


def table_of(**keys: dict[str, str]) -> Table:
    return Table(
        id="a.b",
        database="a",
        name="b",
        location="s3://lake/a/b/",
        partition_keys=tuple(Column(key, "string") for key in keys),
        parameters=entry(None, **keys)["Parameters"],
    )


def judged(lake: LakeBuilder, table: Table, **config: object) -> Finding:
    block = {"every": "1d", "due": "06:00", "lookback": 3, **config}
    rule = PartitionsConfig.model_validate(block).bind(Binding(zone=ZoneInfo("UTC")))
    plan = TablePlan(table=table, rules=(rule,), stated_layout=rule.stated_layout)
    seen = observe(plan, CLOCK, lake.reader(plan))
    (finding,) = assess([Measured(plan.about, rule, rule.measure(seen, CLOCK, plan.memory))])
    return finding


DAY = {"type": "date", "format": "yyyy-MM-dd", "range": "2020-01-01,NOW"}


def admitted(label: str, every: Every = DAILY, now: str = "2026-11-23 12:00", **key: str) -> bool:
    """Tell whether a period is projected by one date key."""
    projection = projection_of(table_of(dt=key))
    layout = infer_layout((Column("dt", "string"),), (), UTC_ZONE, projection.stated_layout)
    assert isinstance(layout, TimeLayout)
    period = period_of(wall(label), every, UTC_ZONE)
    assert period is not None
    return projection.admits(period, layout, at(now))


@pytest.mark.parametrize(
    ("range_", "label", "is_in"),
    [
        ("2026-11-20,NOW", "2026-11-19", False),
        ("2026-11-20,NOW", "2026-11-20", True),
        ("2026-11-20,NOW", "2026-11-23", True),
        ("2026-11-20,NOW", "2026-11-24", False),
        ("NOW-3DAYS,NOW", "2026-11-19", False),
        ("NOW-3DAYS,NOW", "2026-11-20", True),
        ("NOW - 3 DAYS , NOW + 1 DAY", "2026-11-24", True),
        ("NOW-3YEARS,NOW", "2023-11-22", False),
        ("NOW-3YEARS,NOW", "2023-11-23", True),
        ("now-1month,now", "2026-10-22", False),
        ("now-1month,now", "2026-10-23", True),
        ("NOW-1WEEKS,NOW-36HOURS", "2026-11-16", True),
        ("NOW-1WEEKS,NOW-36HOURS", "2026-11-22", True),
        ("NOW-1WEEKS,NOW-37HOURS", "2026-11-22", False),
        ("NOW-9000YEARS,NOW", "2020-01-01", True),
    ],
)
def test_ranges_of_dates(range_: str, label: str, *, is_in: bool) -> None:
    assert admitted(label, type="date", format="yyyy-MM-dd", range=range_) is is_in


def test_a_month_back_from_its_last_day_is_the_last_day_there_is() -> None:
    key: dict[str, Any] = {"type": "date", "format": "yyyy-MM-dd", "range": "NOW-1MONTHS,NOW"}
    assert admitted("2026-02-28", now="2026-03-31 12:00", **key)
    assert not admitted("2026-02-27", now="2026-03-31 12:00", **key)


def test_values_come_in_steps() -> None:
    key: dict[str, Any] = {
        "type": "date",
        "format": "yyyy-MM-dd-HH",
        "range": "2026-11-01-00,NOW",
        "interval": "6",
    }
    key["interval_unit"] = "HOURS"
    projection = projection_of(table_of(dt=key))
    assert projection.admits_cell(wall("2026-11-20 06:00"), NOW, UTC_ZONE)
    assert not projection.admits_cell(wall("2026-11-20 07:00"), NOW, UTC_ZONE)
    assert not admitted("2026-11-20T07:00", HOURLY, **{k.replace("_", "."): v for k, v in key.items()})
    assert admitted("2026-11-20", **{k.replace("_", "."): v for k, v in key.items()})
    weekly: dict[str, Any] = {
        "type": "date",
        "format": "yyyy-MM-dd",
        "range": "2026-11-04,NOW",
        "interval": "7",
        "interval.unit": "DAYS",
    }
    assert admitted("2026-11-09", WEEKLY, **weekly)
    assert not admitted("2026-11-10", **weekly)
    assert admitted("2026-11-11", **weekly)
    monthly: dict[str, Any] = {
        "type": "date",
        "format": "yyyy-MM",
        "range": "2026-01,NOW",
        "interval": "3",
        "interval.unit": "MONTHS",
    }
    assert admitted("2026-10-01", **monthly)
    assert not admitted("2026-11-01", **monthly)


def test_integers_that_carry_time() -> None:
    keys: dict[str, Any] = {
        "year": {"type": "integer", "range": "2026,2027"},
        "month": {"type": "integer", "range": "1,12", "digits": "2"},
        "hour": {"type": "integer", "range": "0,23", "interval": "6"},
    }
    projection = projection_of(table_of(**keys))
    assert [(key.name, key.format) for key in projection.times] == [
        ("year", "%Y"),
        ("month", "%m"),
        ("hour", "%-H"),
    ]
    assert projection.admits_cell(wall("2026-11-20 12:00"), NOW, UTC_ZONE)
    assert not projection.admits_cell(wall("2026-11-20 13:00"), NOW, UTC_ZONE)
    assert not projection.admits_cell(wall("2025-11-20 12:00"), NOW, UTC_ZONE)
    whole = projection_of(
        table_of(
            day={"type": "integer", "range": "1,31"}, dt={"type": "integer", "range": "20200101,20301231"}
        )
    )
    assert whole.times[1].format == "%Y%m%d"


def test_values_of_other_keys() -> None:
    projection = projection_of(
        table_of(
            dt=DAY,
            region={"type": "enum", "values": "eu, us,eu"},
            shard={"type": "integer", "range": "0,4", "interval": "2", "digits": "2"},
            device={"type": "injected"},
        )
    )
    assert projection.others == (("region", ("eu", "us")), ("shard", ("00", "02", "04")), ("device", None))
    with pytest.raises(Unprojectable, match=r"leaves the values of 'device' \(injected\) to each query"):
        projection.combinations({})
    found = projection.combinations({"device": ("7",), "region": ("eu",)})
    assert found == [(("region", "eu"), ("shard", shard), ("device", "7")) for shard in ("00", "02", "04")]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ({"type": "date", "range": "NOW"}, "its property projection.dt.range = 'NOW' has not two ends"),
        ({"type": "date", "range": "yesterday,NOW"}, ("its property projection.dt.range = 'yesterday,NOW' has an end "
         "that is neither NOW nor written as yyyy-MM-dd")),
        ({"type": "date", "range": "NOW-3MOONS,NOW"}, ("its property projection.dt.range = 'NOW-3MOONS,NOW' has an end "
         "that is neither NOW nor written as yyyy-MM-dd")),
        ({"type": "date", "format": "EEE"}, "its property projection.dt.format = 'EEE' cannot be read"),
        ({"type": "date", "interval": "0"}, "its property projection.dt.interval = '0' is no whole number above zero"),
        ({"type": "date", "interval.unit": "MOONS"}, ("its property projection.dt.interval.unit = 'MOONS' is no unit "
         "of time")),
        ({"type": "enum"}, "its property projection.dt.values = '' names no value"),
        ({"type": "integer", "range": "a,b"}, ("its property projection.dt.range = 'a,b' has an end that is no whole "
         "number")),
        ({"type": "hash"}, "its projection of 'dt' (hash) is none that Athena knows"),
        ({}, "its projection of 'dt' (no type) is none that Athena knows"),
    ],
)  # fmt: skip
def test_properties_that_cannot_be_read_say_so(key: dict[str, str], said: str) -> None:
    with pytest.raises(Unprojectable) as refused:
        projection_of(table_of(dt=key))
    assert refused.value.message == said


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("s3://b/${day}/", "its storage.location.template names day, which is no key of it"),
        ("/data/${dt}", "its storage.location.template is no s3:// URI"),
    ],
)
def test_a_template_that_cannot_be_followed_says_so(template: str, said: str) -> None:
    table = table_of(dt=DAY)
    table = Table(
        id=table.id, partition_keys=table.partition_keys,
        parameters={**table.parameters, "storage.location.template": template},
    )  # fmt: skip
    with pytest.raises(Unprojectable) as refused:
        projection_of(table)
    assert refused.value.message == said


def test_a_projection_without_a_range_has_no_end() -> None:
    assert admitted("1999-01-01", type="date")
    assert isinstance(projection_of(table_of(dt={"type": "date"})), Projection)


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


def test_due_days_by_a_template_cost_no_request_to_glue(lake: LakeBuilder) -> None:
    table = lake.table(
        "ops.logs",
        entry("s3://lake/logs/${day}", day={**DAY, "format": "yyyy/MM/dd", "range": "2020/01/01,NOW"}),
        day="string",
    )
    for day in ("20", "21"):
        lake.put(f"s3://lake/logs/2026/11/{day}/a.gz", at(f"11-{day} 23:00"))
    finding = judged(lake, table)
    assert finding.because == (
        "1 of 3 due days without usable data: 2026-11-22 missing, due Mon 23 Nov 2026 06:00 UTC"
    )
    assert not any(name.startswith("glue:") for name in lake.counts)
    assert lake.counts["s3:ListObjectsV2"] <= 3


def test_days_outside_of_the_range_are_not_due_and_are_told(lake: LakeBuilder) -> None:
    table = lake.table("ops.logs", entry(dt={**DAY, "range": "NOW-2DAYS,NOW"}), dt="string")
    lake.put(f"{table.location}dt=2026-11-21/a.gz", at("11-21 23:00"))
    lake.put(f"{table.location}dt=2026-11-22/a.gz", at("11-22 23:00"))
    finding = judged(lake, table, lookback=5)
    assert finding.because == (
        "each of 2 due days has data; 3 due days lie outside the range that is projected (dt NOW-2DAYS,NOW) and "
        "count nowhere"
    )


def test_a_range_that_has_ended_leaves_nothing_to_judge(lake: LakeBuilder) -> None:
    table = lake.table("ops.logs", entry(dt={**DAY, "range": "2020-01-01,2025-12-31"}), dt="string")
    finding = judged(lake, table)
    assert (finding.status, finding.because, finding.advice) == (
        "unknown",
        (
            "could not be checked: 3 due days from 2026-11-20 to 2026-11-22, and none lies in the range that is "
            "projected (dt 2020-01-01,2025-12-31)"
        ),
        "widen the range in the table's properties, or exclude the table",
    )


def test_enum_values_are_each_looked_at(lake: LakeBuilder) -> None:
    keys: dict[str, Any] = {"region": {"type": "enum", "values": "eu,us"}, "dt": DAY}
    table = lake.table(
        "ops.logs", entry("s3://lake/${region}/logs/${dt}/", **keys), region="string", dt="string"
    )
    for region, day in (("eu", "20"), ("eu", "21"), ("us", "21"), ("eu", "22")):
        lake.put(f"s3://lake/{region}/logs/2026-11-{day}/a.gz", at(f"11-{day} 23:00"))
    before = lake.counts["s3:ListObjectsV2"]
    assert judged(lake, table).because == "each of 3 due days has data"
    assert lake.counts["s3:ListObjectsV2"] - before <= 6
    assert not any(name.startswith("glue:") for name in lake.counts)
    finding = judged(lake, table, each="region")
    assert finding.because == (
        "1 of 5 due days by region without usable data: region=us: 2026-11-22 missing, due Mon 23 Nov 2026 06:00 UTC"
    )
    stated = judged(lake, table, each={"region": ["eu"]})
    assert stated.because == "each of 3 due days by region has data"


def test_injected_values_have_to_be_stated(lake: LakeBuilder) -> None:
    table = lake.table("ops.logs", entry(dt=DAY, device={"type": "injected"}), dt="string", device="string")
    for day in ("20", "21", "22"):
        lake.put(f"{table.location}dt=2026-11-{day}/device=7/a.gz", at(f"11-{day} 23:00"))
    finding = judged(lake, table)
    assert (finding.because, finding.advice) == (
        (
            "could not be checked: ops.logs: its projection leaves the values of 'device' (injected) to each query, so "
            "its places are not known"
        ),
        (
            'state the values that count, as in partitions: {every: 1d, due: "06:00", each: {device: [...]}}, or watch '
            "the folders that count by entries of their own (prefix: ...)"
        ),
    )
    assert not lake.counts
    finding = judged(lake, table, each={"device": [7, 8]})
    assert finding.because.startswith(
        "3 of 6 due days by device without usable data: device=8: 2026-11-20 to 2026-11-22 missing"
    )


def test_more_values_than_are_looked_at_have_to_be_stated(lake: LakeBuilder) -> None:
    table = lake.table(
        "ops.logs", entry(dt=DAY, shard={"type": "integer", "range": "0,99999"}), dt="string", shard="int"
    )
    finding = judged(lake, table)
    assert finding.because.startswith(
        "could not be checked: ops.logs: its projection has more than 1,000 combinations of shard for "
    )
    assert finding.advice.startswith(
        'state the values that count, as in partitions: {every: 1d, due: "06:00", each: {shard: [...]}}, or watch'
    )


def test_integers_of_year_month_and_day(lake: LakeBuilder) -> None:
    keys: dict[str, Any] = {
        "year": {"type": "integer", "range": "2020,2030"},
        "month": {"type": "integer", "range": "1,12", "digits": "2"},
        "day": {"type": "integer", "range": "1,31"},
    }
    table = lake.table("ops.logs", entry(**keys), year="int", month="string", day="string")
    lake.put(f"{table.location}year=2026/month=11/day=22/a.gz", at("11-22 23:00"))
    lake.put(f"{table.location}year=2026/month=11/day=3/a.gz", at("11-03 23:00"))
    finding = judged(lake, table, lookback=20)
    bad = [item.period for item in finding.items if item.state is ItemState.MISSING]
    assert (len(finding.items), len(bad)) == (20, 18)
    assert "2026-11-03" not in bad


def test_freshness_of_projected_tables_reads_no_catalog(lake: LakeBuilder) -> None:
    table = lake.table(
        "ops.logs", entry(dt=DAY, region={"type": "enum", "values": "eu,us"}), dt="string", region="string"
    )
    lake.put(f"{table.location}dt=2026-11-23/region=us/a.gz", at("11-23 11:00"))
    rule = FreshnessConfig.model_validate({"max_age": "2h"}).bind(Binding(zone=ZoneInfo("UTC")))
    plan = TablePlan(table=table, rules=(rule,))
    seen = observe(plan, CLOCK, lake.reader(plan))
    (finding,) = assess([Measured(plan.about, rule, rule.measure(seen, CLOCK, plan.memory))])
    assert (finding.status, finding.observed) == ("pass", at("11-23 11:00"))
    assert lake.counts["s3:ListObjectsV2"] <= 4
