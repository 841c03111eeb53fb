"""What `plan` expects of each table, and whether the monitor runs when it should."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.changes import State
from checks.lake.estimate import estimate, seen_late
from checks.lake.observe import observe
from checks.layout import StatedLayout
from checks.model import Column, Format, Table, TableMemory
from checks.monitor.plan import Planned
from checks.monitor.run_memory import records
from checks.rules.asking import Clock
from checks.rules.base import Binding, Rule, TablePlan
from checks.rules.events import EventsConfig
from checks.rules.freshness import FreshnessConfig
from checks.rules.partitions import PartitionsConfig
from checks.rules.volume import VolumeConfig
from checks.schedule.runs import DEFAULT_CRON, RunTimes
from checks.schedule.windows import Window
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.nights import Nights
from tests.support.times import BERLIN, DAY, HOUR, UTC_ZONE, at

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)


NIGHTLY = {"nightly": (Window(5 * HOUR, 9 * HOUR, zone=BERLIN),)}


def partitions(zone: ZoneInfo = BERLIN, **config: object) -> Rule:
    binding = Binding(zone=zone, windows=NIGHTLY)
    return PartitionsConfig.model_validate({"every": "1d", "due": "06:00", **config}).bind(binding)


def fresh(**config: object) -> Rule:
    binding = Binding(zone=BERLIN, windows=NIGHTLY)
    return FreshnessConfig.model_validate(config or {"max_age": "24h"}).bind(binding)


def table(*keys: str, kind: str = "string", table_format: Format = Format.FILES) -> Table:
    columns = tuple(Column(key, kind) for key in keys)
    return Table(
        id="a.t",
        database="a",
        name="t",
        location="s3://lake/a/t/",
        partition_keys=columns,
        format=table_format,
    )


def volume() -> Rule:
    return VolumeConfig(min_rows=1).bind(Binding(zone=UTC_ZONE))


def way(watched: Table, rule: Rule, stated: StatedLayout | None = None) -> tuple[str, int]:
    found = estimate(TablePlan(table=watched, rules=(rule,), stated_layout=stated), CLOCK)
    return found.way, found.count


def test_the_way_of_each_kind_of_table() -> None:
    ymd = ("year", "month", "day")
    assert way(table("dt", kind="date"), partitions()) == ("14 due days, one scan", 2)
    assert way(table("dt"), partitions()) == ("14 due days, time key not known yet", 3)
    assert way(table("dt"), partitions(), StatedLayout(("dt",), ("%Y%m%d",))) == ("14 due days, one scan", 2)
    unpadded = StatedLayout(ymd, ("%Y", "%-m", "%-d"))
    assert way(table(*ymd), partitions(lookback=30), unpadded) == ("30 due days, each by itself", 31)
    padded = StatedLayout(ymd, ("%Y", "%m", "%d"))
    assert way(table(*ymd), partitions(lookback=30), padded) == ("30 due days, one scan", 2)
    entity = StatedLayout(("dt",), ("%Y-%m-%d",))
    assert way(table("region", "dt"), partitions(), entity) == ("14 due days, each by itself", 15)
    assert way(table("dt"), fresh()) == ("newest partitions back", 3)
    assert way(prefix("s3://lake/x/"), fresh()) == ("whole prefix", 1)
    path = StatedLayout((), ("%Y/%m/%d/",))
    assert way(prefix("s3://lake/x/"), partitions(), path) == ("14 due days, one scan, a look for a log", 2)
    assert way(replace(prefix("s3://lake/x/"), format=Format.DELTA), fresh()) == ("Delta log", 3)
    assert way(replace(prefix("s3://lake/x/"), format=Format.HUDI), fresh()) == ("Hudi timeline", 3)
    assert way(replace(prefix("s3://lake/x/"), format=Format.ICEBERG), fresh()) == ("Iceberg log", 2)
    assert way(table(table_format=Format.DELTA), fresh()) == ("Delta log", 3)
    assert way(table(table_format=Format.DELTA), volume()) == ("Delta log", 4)
    assert way(table(table_format=Format.ICEBERG), fresh()) == ("Iceberg log", 1)
    assert way(table(table_format=Format.ICEBERG), volume()) == ("Iceberg log", 1)
    assert way(table(table_format=Format.ICEBERG), partitions()) == ("Iceberg log", 3)
    assert way(table(table_format=Format.HUDI), volume()) == ("Hudi timeline", 4)


def test_the_estimate_is_what_a_run_takes() -> None:
    lake = MemoryLake()
    watched = lake.table("a.t", dt="string")
    for day in range(1, 23):
        values = [f"2026-11-{day:02d}"]
        lake.put(f"{hive_location(watched, values)}part-0", at(f"2026-11-{day:02d} 20:00"))
        lake.register(watched, values)
    plan = TablePlan(table=watched, rules=(partitions(),))
    seen = observe(plan, CLOCK, lake.reader(plan))
    assert estimate(plan, CLOCK).count == sum(lake.counts.values())
    lake.ledger.counts.clear()
    again = TablePlan(table=watched, rules=(partitions(),), memory=TableMemory(layout=seen.layout))
    observe(again, CLOCK, lake.reader(again))
    assert estimate(again, CLOCK).count == sum(lake.counts.values())


def test_footers_are_counted_of_the_tables_that_have_some() -> None:
    events = EventsConfig.model_validate({"column": "ts", "max_age": "24h"}).bind(Binding(zone=UTC_ZONE))
    days = table("dt", kind="date")
    both = TablePlan(table=days, rules=(partitions(), events))
    assert estimate(both, CLOCK).requests["s3:GetObject"] == 5
    one = estimate(TablePlan(table=prefix("s3://lake/x/"), rules=(events,)), CLOCK)
    assert (one.count, one.at_least) == (2, True)
    text = TablePlan(table=replace(days, file_format="json"), rules=(partitions(), events))
    assert "s3:GetObject" not in estimate(text, CLOCK).requests


def test_partitions_that_were_seen_before_are_told_and_not_counted() -> None:
    lake = MemoryLake()
    watched = lake.table("a.t", dt="string")
    for day in range(1, 23):
        values = [f"2026-11-{day}"]
        lake.put(f"{hive_location(watched, values)}part-0", at(f"2026-11-{day:02d} 20:00"))
        lake.register(watched, values)
    stated = StatedLayout(("dt",), ("%Y-%-m-%-d",))
    first = at("2020-01-01")
    plan = TablePlan(
        table=watched,
        rules=(partitions(),),
        stated_layout=stated,
        memory=TableMemory(first_period_at=first),
        max_age_of_answer=7 * DAY,
    )
    assert estimate(plan, CLOCK).way == "14 due days, each by itself"
    seen = observe(plan, CLOCK, lake.reader(plan))
    assert estimate(plan, CLOCK).count == sum(lake.counts.values())
    kept = records(State(), Planned(plans=(plan,), watched=frozenset({"a.t"})), {"a.t": seen})
    again = replace(plan, memory=replace(kept["a.t"].memory, first_period_at=first))
    told = estimate(again, CLOCK)
    assert told.way == "14 due days, 13 seen before, the others by themselves"
    lake.ledger.counts.clear()
    observe(again, CLOCK, lake.reader(again))
    assert told.count == sum(lake.counts.values()) == 2
    off = replace(again, max_age_of_answer=0 * DAY)
    assert estimate(off, CLOCK).way == "14 due days, each by itself"


def test_a_scan_of_large_partitions_is_told_once_they_were_seen() -> None:
    nights = Nights(MemoryLake(page_size=10), files=20)
    nights.load_all()
    nights.night()
    nights.now += DAY
    nights.load(nights.now - DAY)
    told = estimate(nights.plan, Clock(now=nights.now))
    assert (told.way, told.count) == ("14 due days, 13 seen before, one scan", 2)
    assert nights.night() == 1


def told(rule: Rule, expression: str = DEFAULT_CRON, now: datetime = NOW) -> list[str]:
    plan = TablePlan(table=table("dt"), rules=(rule,))
    runs = RunTimes(expression)
    return [late.say(runs) for late in seen_late([plan], runs, now)]


def test_a_deadline_that_is_seen_late_is_told_with_what_fits_better() -> None:
    assert told(partitions()) == [
        "a run at cron(0 0 * * ? *) sees deadlines of a.t up to 20 h late; cron(10 5 * * ? *) fits better"
    ]
    assert told(fresh(by="07:30", within="6h")) == [
        "a run at cron(0 0 * * ? *) sees deadlines of a.t up to 18 h 30 min late; cron(40 6 * * ? *) fits better"
    ]
    hourly = partitions(every="1h", due=None, after="15m")
    assert told(hourly)[0].endswith("; cron(25 * * * ? *) fits better")


def test_the_end_of_grace_and_of_windows_are_deadlines_too() -> None:
    """A run right after the deadline sees a warning; when it has become critical no run looks for a day."""
    assert told(partitions(), "cron(10 5 * * ? *)") == []
    assert told(partitions(grace="4h"), "cron(10 5 * * ? *)") == [
        "a run at cron(10 5 * * ? *) sees deadlines of a.t up to 21 h 10 min late; cron(10 4,5,8,9 * * ? *) fits better"
    ]
    assert told(fresh(by="06:00", grace="4h"), "cron(10 5 * * ? *)")[0].startswith(
        "a run at cron(10 5 * * ? *) sees deadlines of a.t up to 21 h 10 min late"
    )
    for rule in (partitions(windows="nightly"), fresh(by="06:00", windows="nightly")):
        assert told(rule, "cron(10 5 * * ? *)") == [
            "a run at cron(10 5 * * ? *) sees deadlines of a.t up to 22 h 10 min late; cron(10 8 * * ? *) fits better"
        ]
        assert told(rule, "cron(10 8 * * ? *)") == []


def test_what_is_suggested_is_not_warned_of() -> None:
    for rule in (partitions(), fresh(by="07:30", within="6h"), partitions(every="1h", due=None, after="15m")):
        fitting = told(rule)[0].split("; ")[1].removesuffix(" fits better")
        assert told(rule, fitting) == []
    assert told(partitions(), "rate(1 hour)") == []
    assert told(fresh()) == []


def test_tables_with_one_deadline_are_told_together() -> None:
    plans = [TablePlan(table=prefix(f"s3://lake/{name}/"), rules=(partitions(),)) for name in "abc"]
    (late,) = seen_late(plans, RunTimes(DEFAULT_CRON), NOW)
    assert late.tables == ("s3://lake/a/", "s3://lake/b/", "s3://lake/c/")
    assert late.by > 18 * HOUR
    assert "s3://lake/a/ and 2 more" in late.say(RunTimes(DEFAULT_CRON))
