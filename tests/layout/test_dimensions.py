"""Dimensions with `each`, over a lake in memory and one behind HTTP: what is due, what is asked, what is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from checks.assess import Measured, assess
from checks.changes import State, TableRecord
from checks.history.document import from_text, to_text
from checks.lake.observe import observe
from checks.layout.dimensions import MOST_COMBINATIONS, Dimensions, parse_each
from checks.model import Finding, ItemState, TableMemory
from checks.monitor.plan import Planned
from checks.monitor.run_memory import _remembered, records
from checks.rules.asking import Clock
from checks.rules.base import Binding, TablePlan
from checks.rules.dimensions import say_groups
from checks.rules.partitions import PartitionsConfig, PartitionsRule
from checks.rules.volume import VolumeConfig
from tests.support.lakes import LakeBuilder, MemoryLake, hive_location
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from checks.model import Combination, Observation, Table

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return any_lake


def rule_of(**config: object) -> PartitionsRule:
    block = {"every": "1d", "due": "06:00", "lookback": 3, "key": "dt", "format": "%Y-%m-%d", **config}
    return PartitionsConfig.model_validate(block).bind(Binding(zone=ZoneInfo("UTC")))


def plan_of(table: Table, memory: TableMemory | None = None, **config: object) -> TablePlan:
    rule = rule_of(**config)
    return TablePlan(
        table=table, rules=(rule,), stated_layout=rule.stated_layout, memory=memory or TableMemory()
    )


def look(lake: LakeBuilder, plan: TablePlan) -> tuple[Observation, Finding]:
    """Look at a table, judge it, and return what was seen and the finding."""
    seen = observe(plan, CLOCK, lake.reader(plan))
    rule = plan.rules[0]
    (finding,) = assess([Measured(plan.about, rule, rule.measure(seen, CLOCK, plan.memory))])
    return seen, finding


def load(lake: LakeBuilder, table: Table, *values: str, register: bool = True) -> None:
    arrived = at(values[0]) + DAY + HOUR
    lake.put(f"{hive_location(table, values)}part-0.parquet", arrived)
    if register:
        lake.register(table, values, at=arrived)


def spend(lake: LakeBuilder, *present: str) -> Table:
    """Return a table by day and region, with data for each ``day/region``."""
    table = lake.table("ads.spend", dt="string", region="string")
    for each in present:
        load(lake, table, *each.split("/"))
    return table


DAYS = ("2026-11-20", "2026-11-21", "2026-11-22")
EU = tuple(f"{day}/eu" for day in DAYS)


def states(finding: Finding) -> dict[str, ItemState]:
    return {item.key: item.state for item in finding.items}


def test_every_value_that_was_seen_is_due_and_one_that_stays_silent_fails(lake: LakeBuilder) -> None:
    table = spend(lake, *EU, "2026-11-20/us", "2026-11-21/us")
    seen, finding = look(lake, plan_of(table, each="region"))
    assert finding.because == (
        "1 of 6 due days by region without usable data: region=us: 2026-11-22 missing, due Mon 23 Nov 2026 06:00 UTC"
    )
    assert states(finding) == {
        "2026-11-22/region=eu": ItemState.PRESENT,
        "2026-11-22/region=us": ItemState.MISSING,
        "2026-11-21/region=eu": ItemState.PRESENT,
        "2026-11-21/region=us": ItemState.PRESENT,
        "2026-11-20/region=eu": ItemState.PRESENT,
        "2026-11-20/region=us": ItemState.PRESENT,
    }
    assert finding.items[1].dimensions == (("region", "us"),)
    assert lake.counts["glue:GetPartitions"] == 1
    assert lake.counts["s3:ListObjectsV2"] <= 6
    assert seen.notes == ()


def test_a_value_is_due_from_the_first_period_it_was_seen_in(lake: LakeBuilder) -> None:
    _, finding = look(lake, plan_of(spend(lake, *EU, "2026-11-22/us"), each="region"))
    assert finding.because == "each of 4 due days by region has data"
    assert [item.key for item in finding.items if item.dimensions == (("region", "us"),)] == [
        "2026-11-22/region=us"
    ]


def test_a_value_that_an_earlier_run_remembers_is_due_though_nothing_of_it_is_in_the_lookback(
    lake: LakeBuilder,
) -> None:
    memory = TableMemory(first_period_at=at("10-01"), combinations={(("region", "us"),): at("10-01")})
    _, finding = look(lake, plan_of(spend(lake, *EU), memory, each="region"))
    assert finding.because.startswith(
        "3 of 6 due days by region without usable data: region=us: 2026-11-20 to 2026-11-22 missing. The newest"
    )
    assert finding.advice == (
        "look at the run that loads 2026-11-22 of region=us; if region=us will never come again, state the values that "
        "will, without it, under each"
    )


def test_a_value_is_taken_off_by_stating_the_others(lake: LakeBuilder) -> None:
    memory = TableMemory(first_period_at=at("10-01"), combinations={(("region", "us"),): at("10-01")})
    plan = plan_of(spend(lake, *EU), memory, each={"region": ["eu"]})
    seen, finding = look(lake, plan)
    assert finding.because == "each of 3 due days by region has data"
    kept = records(State(), Planned(plans=(plan,)), {plan.table.id: seen})[plan.table.id]
    assert kept.memory.combinations == {(("region", "eu"),): at("2026-11-20")}


def test_stated_values_are_due_from_the_tables_first_period(lake: LakeBuilder) -> None:
    _, finding = look(lake, plan_of(spend(lake, *EU), each={"region": ["eu", "us", 7]}))
    assert finding.because.startswith(
        "6 of 9 due days by region without usable data: region=7, region=us: 2026-11-20 to 2026-11-22 missing. The"
    )


def test_error_when_counts_items(lake: LakeBuilder) -> None:
    table = spend(lake, *EU, "2026-11-20/us", "2026-11-20/ap")
    _, finding = look(lake, plan_of(table, each="region", error_when=5))
    assert (finding.severity, finding.observed, finding.limits.critical) == ("warning", 4, 4)
    _, finding = look(lake, plan_of(table, each="region", error_when=4))
    assert finding.severity == "critical"


def test_data_that_is_not_registered_is_found_where_all_keys_are_known(lake: LakeBuilder) -> None:
    table = spend(lake, *EU, "2026-11-20/us", "2026-11-21/us")
    load(lake, table, "2026-11-22", "us", register=False)
    _, finding = look(lake, plan_of(table, each="region"))
    assert states(finding)["2026-11-22/region=us"] is ItemState.UNREGISTERED
    assert finding.items[1].remedy == (
        "ALTER TABLE ads.spend ADD IF NOT EXISTS PARTITION (dt = '2026-11-22', region = 'us') "
        "LOCATION 's3://lake/ads/spend/dt=2026-11-22/region=us/'"
    )


def test_data_that_is_not_registered_is_found_below_a_dimension_that_comes_first(lake: LakeBuilder) -> None:
    table = lake.table("ads.spend", region="string", dt="string")
    for day in DAYS:
        for region in ("eu", "us"):
            lake.put(f"{hive_location(table, [region, day])}a.parquet", at(day) + DAY)
            if (day, region) != ("2026-11-22", "us"):
                lake.register(table, [region, day])
    _, finding = look(lake, plan_of(table, each="region"))
    assert [key for key, state in states(finding).items() if state.is_bad] == ["2026-11-22/region=us"]
    assert states(finding)["2026-11-22/region=us"] is ItemState.UNREGISTERED


def test_two_dimensions_go_by_the_combinations_that_were_seen(lake: LakeBuilder) -> None:
    table = lake.table("ads.spend", dt="string", region="string", product="string")
    for day in DAYS:
        load(lake, table, day, "eu", "a")
        if day != "2026-11-22":
            load(lake, table, day, "us", "b")
    _, finding = look(lake, plan_of(table, each=["region", "product"]))
    assert finding.because == (
        "1 of 6 due days by region and product without usable data: region=us/product=b: 2026-11-22 missing, "
        "due Mon 23 Nov 2026 06:00 UTC"
    )


def test_of_two_keys_one_may_be_told_apart(lake: LakeBuilder) -> None:
    table = lake.table("ads.spend", dt="string", region="string", product="string")
    for day in DAYS:
        load(lake, table, day, "eu", "a" if day == "2026-11-20" else "b")
    _, finding = look(lake, plan_of(table, each="region"))
    assert finding.because == "each of 3 due days by region has data"


def test_what_other_checks_look_farther_back_for_makes_no_value_due(lake: LakeBuilder) -> None:
    table = spend(lake, *EU, "2026-11-06/us", "2026-11-13/us", "2026-11-15/us")
    plan = plan_of(table, each="region")
    volume = VolumeConfig.model_validate({"auto": True})
    bound = volume.bind(Binding(zone=ZoneInfo("UTC"), schedule=rule_of().schedule))
    plan = replace(plan, rules=(*plan.rules, bound))
    seen, finding = look(lake, plan)
    assert {each.period.label for each in seen.partitions} >= {"2026-11-15", "2026-11-22"}
    assert finding.because == "each of 3 due days by region has data"
    assert list(_remembered(plan, seen).combinations) == [(("region", "eu"),)]


def test_a_day_on_which_all_regions_are_silent_is_an_item_each(lake: LakeBuilder) -> None:
    present = [f"{day}/{region}" for day in DAYS[:2] for region in ("ap", "br", "eu", "jp", "us", "za")]
    _, finding = look(lake, plan_of(spend(lake, *present), each="region"))
    assert finding.because.startswith(
        "6 of 18 due days by region without usable data: region=ap, region=br, region=eu, region=jp and 2 more: "
        "2026-11-22 missing. The newest"
    )


def test_a_null_value_is_no_value_and_is_told(lake: LakeBuilder) -> None:
    table = spend(lake, *EU, "2026-11-22/__HIVE_DEFAULT_PARTITION__")
    _, finding = look(lake, plan_of(table, each="region"))
    assert finding.because == (
        "each of 3 due days by region has data; 1 partition has no value for region (__HIVE_DEFAULT_PARTITION__), "
        "and counts for no value of it"
    )


def test_a_null_time_key_is_told_and_counts_nowhere(lake: LakeBuilder) -> None:
    table = spend(lake, *EU)
    lake.put(f"{table.location}dt=__HIVE_DEFAULT_PARTITION__/region=eu/a.parquet", NOW)
    lake.register(table, ["__HIVE_DEFAULT_PARTITION__", "eu"])
    _, finding = look(lake, plan_of(table))
    assert finding.because == (
        "each of 3 due days has data; 1 partition has no value for dt (__HIVE_DEFAULT_PARTITION__), and counts nowhere"
    )


def test_a_table_that_was_never_loaded_fails_as_a_whole(lake: LakeBuilder) -> None:
    _, finding = look(lake, plan_of(spend(lake), each={"region": ["eu", "us"]}))
    assert finding.because == (
        "never loaded: no day of it holds data; 2026-11-22 was due Mon 23 Nov 2026 06:00 UTC"
    )
    assert finding.severity == "critical"


def test_a_table_that_went_silent_before_any_value_was_seen_fails_by_its_periods(lake: LakeBuilder) -> None:
    memory = TableMemory(first_period_at=at("10-01"))
    _, finding = look(lake, plan_of(spend(lake), memory, each="region"))
    assert finding.because.startswith("3 of 3 due days without usable data: 2026-11-20 to 2026-11-22 missing")


@pytest.mark.parametrize(
    ("each", "said"),
    [
        ("country", ("could not be checked: each names country, which is no partition key of ads.spend; its keys "
         "beside time are: region")),
        ("dt", ("could not be checked: each names dt, which carries time; the keys of ads.spend beside time are: "
         "region")),
    ],
)  # fmt: skip
def test_a_key_that_does_not_fit_is_unknown(lake: LakeBuilder, each: str, said: str) -> None:
    plan = plan_of(spend(lake, *EU))
    rule = replace(rule_of(), each=Dimensions((each,)))
    _, finding = look(lake, replace(plan, rules=(rule,)))
    assert (finding.status, finding.because) == ("unknown", said)
    assert finding.advice == "name one of them as partitions: {each: ...}, or take it out"


def test_partitions_in_other_buckets_and_moved_ones_count_where_they_are_registered(
    lake: LakeBuilder,
) -> None:
    table = spend(lake, "2026-11-20/eu", "2026-11-21/eu")
    lake.bucket("elsewhere")
    lake.put("s3://elsewhere/moved/22/a.parquet", at("11-23 01:00"))
    lake.put(f"{hive_location(table, ['2026-11-22', 'us'])}stale.parquet", at("11-23 01:00"))
    lake.register(table, ["2026-11-22", "eu"], "s3://elsewhere/moved/22/")
    lake.register(table, ["2026-11-22", "us"], "s3://elsewhere/moved/none/")
    seen, finding = look(lake, plan_of(table, each="region"))
    assert states(finding)["2026-11-22/region=eu"] is ItemState.PRESENT
    assert states(finding)["2026-11-22/region=us"] is ItemState.EMPTY
    newest = next(p for p in seen.partitions if p.dimensions == (("region", "eu"),))
    assert newest.listing is not None
    assert newest.listing.newest_key == "s3://elsewhere/moved/22/a.parquet"


def test_more_values_than_are_judged_are_told() -> None:
    lake = MemoryLake()
    table = spend(lake)
    for number in range(MOST_COMBINATIONS + 3):
        load(lake, table, "2026-11-22", f"r{number:04d}")
    plan = plan_of(table, each="region", lookback=1)
    seen, finding = look(lake, plan)
    assert finding.because == (
        "each of 1000 due days by region has data; 3 more combinations of values are not judged: 1,000 are the most"
    )
    kept = records(State(), Planned(plans=(plan,)), {table.id: seen})[table.id]
    assert len(kept.memory.combinations) == MOST_COMBINATIONS


def test_what_is_remembered_outlives_the_lookback_and_the_document() -> None:
    lake = MemoryLake()
    plan = plan_of(spend(lake, *EU, "2026-11-20/us"), each="region")
    seen, _ = look(lake, plan)
    record = records(State(), Planned(plans=(plan,)), {plan.table.id: seen})[plan.table.id]
    assert record.memory.combinations == {
        (("region", "eu"),): at("2026-11-20"),
        (("region", "us"),): at("2026-11-20"),
    }
    assert record.memory.first_seen["2026-11-20/region=us"] == at("2026-11-21 01:00")
    state = State(tables={plan.table.id: record})
    assert from_text(to_text(state)) == state
    without = to_text(state).replace('"combinations"', '"of_another_version"')
    assert from_text(without).tables[plan.table.id] == TableRecord(
        memory=replace(record.memory, combinations={})
    )


def test_say_groups_is_bounded() -> None:
    told: dict[Combination, str] = {
        (("region", f"r{number}"),): f"2026-11-{number:02d} missing" for number in range(10, 20)
    }
    assert say_groups(told).endswith("; and 6 more combinations of values")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Region", Dimensions(("region",))),
        (["region", "product"], Dimensions(("region", "product"))),
        ({"region": ["eu", "us"], "shard": 7}, Dimensions(("region", "shard"), (("eu", "us"), ("7",)))),
        (None, None),
    ],
)
def test_each_is_read(written: object, read: Dimensions | None) -> None:
    assert parse_each(written) == read


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ([], ("[] names no key; write a partition key such as region, a list of keys, or their values: "
         "{region: [eu, us]}")),
        (["a", "A"], ("['a', 'A'] names a key twice; write a partition key such as region, a list of keys, or their "
         "values: {region: [eu, us]}")),
        (7, ("7 is not a key; write a partition key such as region, a list of keys, or their values: "
         "{region: [eu, us]}")),
        ({"region": []}, "[] are no values of region; write a list of them, such as [eu, us]"),
        ({"region": [True]}, "[True] are no values of region; write a list of them, such as [eu, us]"),
        ({"a": list(range(50)), "b": list(range(50))}, "each states 2,500 combinations of values; state at most 1,000"),
    ],
)  # fmt: skip
def test_each_that_cannot_be_read_says_what_to_write(written: object, said: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_each(written)
    assert str(refused.value) == said


def test_a_key_cannot_carry_time_and_be_told_apart() -> None:
    with pytest.raises(
        ValueError, match="dt stands under key, so it carries time; name other keys under each"
    ):
        rule_of(each="dt")


def test_a_number_in_quotes_is_a_number_of_periods() -> None:
    assert rule_of(lookback="7").schedule.lookback == 7
    with pytest.raises(ValueError, match="0 is not a lookback"):
        rule_of(lookback="0")
