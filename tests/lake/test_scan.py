"""Skip-scan: what it sees is what listing each place by itself sees, by fewer requests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.lake.observe import observe
from checks.lake.s3.scan import PAGES_FOR_LATENESS, can_scan
from checks.layout import StatedLayout
from checks.model import ItemState, Observation, Problem, ProblemKind, Table, TableMemory, Unobserved
from checks.rules.asking import Clock
from checks.rules.base import Binding, Rule, TablePlan
from checks.rules.freshness import FreshnessConfig
from checks.rules.partitions import PartitionsConfig, PartitionsRule
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from checks.aws.pages import Page
    from checks.lake.s3.table_reader import LakeReader

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)
BINDING = Binding(zone=ZoneInfo("UTC"))
STATED = StatedLayout(("dt",), ("%Y-%m-%d",))


def partitions(**config: object) -> PartitionsRule:
    rule = PartitionsConfig.model_validate({"every": "1d", "due": "06:00", **config}).bind(BINDING)
    assert isinstance(rule, PartitionsRule)
    return rule


def freshness(rule: PartitionsRule | None = None) -> Rule:
    binding = replace(BINDING, schedule=rule.schedule) if rule is not None else BINDING
    return FreshnessConfig.model_validate({"max_age": "24h"}).bind(binding)


def day(number: int) -> str:
    """The name of the day that ended so many days ago."""
    return (NOW - (number + 1) * DAY).date().isoformat()


def plainly(reader: LakeReader) -> LakeReader:
    """Read each place by itself."""
    return replace(reader, most_pages=1 << 30)


def see(lake: MemoryLake, plan: TablePlan, clock: Clock = CLOCK, *, plain: bool = False) -> Observation:
    lake.ledger.counts.clear()
    reader = lake.reader(plan)
    return observe(plan, clock, plainly(reader) if plain else reader)


def listings(lake: MemoryLake) -> int:
    return lake.counts["s3:ListObjectsV2"]


def fleet(
    lake: MemoryLake, files: int, count: int = 14, *, late: timedelta = timedelta(0), **more: Any
) -> Table:
    """A daily table with so many files a partition, each in time, or late by so much."""
    table = lake.table("sales.orders", dt="string")
    for number in range(count):
        came = NOW - number * DAY - 8 * HOUR + late
        for file in range(files):
            lake.put(f"{hive_location(table, [day(number)])}part-{file:06d}.parquet", came)
        lake.register(table, [day(number)], **more)
    return table


@pytest.mark.parametrize(("files", "most"), [(1, 1), (10, 1), (70, 1), (100, 14), (250, 14), (1000, 14)])
def test_the_law_of_growth(files: int, most: int) -> None:
    lake = MemoryLake(page_size=100)
    table = fleet(lake, files // 10 or 1, 14)
    plan = TablePlan(table=table, rules=(partitions(),), stated_layout=STATED)
    seen = see(lake, plan)
    assert listings(lake) <= max(most, -(-14 * (files // 10 or 1) // 100))
    assert [bool(each.listing and each.listing.objects) for each in seen.partitions] == [True] * 14


def test_fourteen_days_of_ten_files_are_one_listing_and_of_many_one_a_day() -> None:
    for files, expected in ((10, 1), (5000, 14)):
        lake = MemoryLake()
        plan = TablePlan(table=fleet(lake, files), rules=(partitions(),), stated_layout=STATED)
        see(lake, plan)
        assert listings(lake) == expected


def test_older_partitions_cost_nothing() -> None:
    lake = MemoryLake()
    plan = TablePlan(table=fleet(lake, 20, 400), rules=(partitions(),), stated_layout=STATED)
    see(lake, plan)
    assert dict(lake.counts) == {"glue:GetPartitions": 1, "s3:ListObjectsV2": 1}


def test_lateness_is_looked_for_in_a_few_pages_only() -> None:
    lake = MemoryLake(page_size=10)
    table = fleet(lake, 100, 2, late=12 * HOUR)
    plan = TablePlan(table=table, rules=(partitions(lookback=2),), stated_layout=STATED)
    seen = see(lake, plan)
    assert listings(lake) == 2 * PAGES_FOR_LATENESS
    assert [each.listing.complete for each in seen.partitions if each.listing] == [False, False]
    small = MemoryLake(page_size=10)
    seen = see(small, replace(plan, table=fleet(small, 30, 2, late=12 * HOUR)))
    row = plan.rules[0].measure(seen, CLOCK, TableMemory())
    assert [item.state for item in row.items] == [ItemState.LATE, ItemState.LATE]


def test_what_the_catalog_or_an_earlier_run_knows_to_be_in_time_is_not_looked_for() -> None:
    for memory, created in (
        (TableMemory(first_seen={day(0): NOW - 8 * HOUR, day(1): NOW - 32 * HOUR}), None),
        (TableMemory(), NOW - 33 * HOUR),
    ):
        lake = MemoryLake(page_size=10)
        table = fleet(lake, 100, 2, late=12 * HOUR, at=created)
        plan = TablePlan(table=table, rules=(partitions(lookback=2),), stated_layout=STATED, memory=memory)
        see(lake, plan)
        assert listings(lake) == 2


def test_freshness_beside_it_gets_the_newest_due_period_whole_and_pays_for_it() -> None:
    lake = MemoryLake(page_size=10)
    table = fleet(lake, 100, 5)
    rule = partitions(lookback=5)
    lake.put(f"{hive_location(table, [day(0)])}part-999999.parquet", NOW - HOUR)
    seen = see(lake, TablePlan(table=table, rules=(rule, freshness(rule)), stated_layout=STATED))
    assert [each.listing.complete for each in seen.partitions if each.listing] == [True] + [False] * 4
    assert seen.partitions[0].listing is not None
    assert seen.partitions[0].listing.newest_at == NOW - HOUR
    assert listings(lake) == 4 + 11


def test_where_the_newest_due_period_is_empty_the_one_before_is_read_whole() -> None:
    lake = MemoryLake(page_size=10)
    table = fleet(lake, 100, 5)
    for key in [key for key in lake.buckets["lake"] if day(0) in key]:
        del lake.buckets["lake"][key]
    lake.put(f"{hive_location(table, [day(1)])}part-999999.parquet", NOW - HOUR)
    rule = partitions(lookback=5)
    plan = TablePlan(table=table, rules=(rule, freshness(rule)), stated_layout=STATED)
    seen, plain = see(lake, plan), see(lake, plan, plain=True)
    assert judged(seen, plan) == judged(plain, plan)
    assert seen.partitions[1].listing == plain.partitions[1].listing


def test_a_stale_table_is_not_listed_partition_by_partition() -> None:
    lake = MemoryLake()
    table = lake.table("web.clicks", dt="string")
    for number in range(2, 14):
        lake.put(f"{hive_location(table, [day(number)])}a.parquet", NOW - 2 * DAY)
        lake.register(table, [day(number)])
    plan = TablePlan(table=table, rules=(freshness(),), stated_layout=STATED)
    seen = see(lake, plan)
    assert listings(lake) == 4 + 2  # and the two that are older than two weeks: with them its newest 14
    assert seen.partitions == see(lake, plan, plain=True).partitions


def test_many_siblings_beside_a_place_do_not_stop_it() -> None:
    lake = MemoryLake(page_size=5)
    table = fleet(lake, 3, 3)
    for number in range(40):
        lake.put(f"{table.location}dt={day(1)}-old/part-{number:02d}", NOW)
        lake.put(f"{table.location}dt={day(2)}!/part-{number:02d}", NOW)
    plan = TablePlan(table=table, rules=(partitions(lookback=3),), stated_layout=STATED)
    seen = see(lake, plan)
    assert listings(lake) <= 3 + 2
    assert judged(seen, plan) == judged(see(lake, plan, plain=True), plan)


def test_unpadded_and_entity_first_layouts_are_listed_place_by_place() -> None:
    root = "s3://lake/t/"
    assert can_scan(root, [f"{root}dt=2026-11-09/", f"{root}dt=2026-11-10/"])
    assert can_scan(root, [f"{root}2026-10.csv", f"{root}2026-11.csv"])
    for places in (
        [f"{root}day=9/", f"{root}day=10/"],
        [f"{root}r=eu/dt=1/", f"{root}r=us/dt=1/", f"{root}r=eu/dt=2/"],
        [f"{root}dt=1/"],
        [f"{root}dt=1/", f"{root}dt=1/hour=1/"],
        [f"{root}dt=1/", "s3://lake/elsewhere/dt=2/"],
        [root, f"{root}dt=2/"],
    ):
        assert not can_scan(root, places)
    assert not can_scan("s3://fast--use1-az4--x-s3/t/", [f"s3://fast--use1-az4--x-s3/t/{n}/" for n in "12"])
    assert not can_scan(None, [f"{root}dt=1/", f"{root}dt=2/"])


@dataclass
class Odd(MemoryLake):
    """A store whose listings are not like S3's: in another order, or from the beginning each time."""

    oddity: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)

    def list_page(self, bucket: str, prefix: str, **given: Any) -> Page:
        self.asked.append((prefix, given.get("start_after")))
        if self.oddity == "no start-after":
            given.pop("start_after", None)
        page = super().list_page(bucket, prefix, **given)
        if self.oddity == "reversed":
            return replace(page, keys=page.keys[::-1])
        if self.oddity == "broken" and not prefix.endswith("/"):
            raise Unobserved(Problem(ProblemKind.MALFORMED, "torn"))
        if self.oddity == "denied":
            raise Unobserved(Problem(ProblemKind.DENIED, "denied"))
        return page


@pytest.mark.parametrize("oddity", ["reversed", "no start-after"])
def test_a_store_with_an_order_of_its_own_is_read_plainly(oddity: str) -> None:
    lake = Odd(oddity=oddity)
    plan = TablePlan(table=fleet(lake, 2, 20), rules=(partitions(),), stated_layout=STATED)
    seen = see(lake, plan)
    assert listings(lake) == 15
    assert seen.partitions == see(lake, plan, plain=True).partitions


def test_what_is_refused_is_asked_for_once() -> None:
    lake = Odd(oddity="denied")
    seen = see(lake, TablePlan(table=fleet(lake, 2), rules=(partitions(),), stated_layout=STATED))
    assert listings(lake) == 1
    assert {each.problem.kind for each in seen.partitions if each.problem} == {ProblemKind.DENIED}
    assert len(seen.partitions) == 14


def test_a_torn_page_leaves_the_places_after_it() -> None:
    lake = Odd(oddity="broken")
    seen = see(
        lake, TablePlan(table=fleet(lake, 2, 3), rules=(partitions(lookback=3),), stated_layout=STATED)
    )
    assert [each.problem.kind if each.problem else None for each in seen.partitions] == [
        None,
        ProblemKind.MALFORMED,
        ProblemKind.MALFORMED,
    ]


def test_what_was_seen_before_the_time_was_up_is_told() -> None:
    lake = MemoryLake()
    plan = TablePlan(table=fleet(lake, 2, 3), rules=(partitions(lookback=3),), stated_layout=STATED)
    seen = observe(plan, CLOCK, replace(lake.reader(plan), stop_at=0.0))
    assert {each.problem.kind for each in seen.partitions if each.problem} <= {ProblemKind.TIMED_OUT}


def listed(seen: Observation) -> list[Any]:
    """Return the listings; a jump may pass by a folder's own marker, which is no data."""
    return [
        (replace(each.listing, ignored_objects=0) if each.listing else None, each.location)
        for each in seen.partitions
    ]


def judged(seen: Observation, plan: TablePlan) -> list[Any]:
    """Return what the rules make of it, without arrivals, which a place that was not read whole does not tell."""
    rows = [rule.measure(seen, CLOCK, plan.memory) for rule in plan.rules]
    return [
        (
            row.observed,
            row.unknown,
            row.doubt_if_pass,
            row.doubt_if_fail,
            [(item.period, item.state) for item in row.items],
        )
        for row in rows
    ]


FILES = st.lists(
    st.tuples(
        st.sampled_from(["part-0", "part-1", "z", "a//b", "_SUCCESS", ".x", "sub/part", "", "😀"]),
        st.sampled_from([0, 0, 7]),
        st.integers(0, 200),
    ),
    max_size=9,
)
DAYS = st.dictionaries(
    st.integers(0, 9), st.tuples(FILES, st.booleans(), st.none() | st.integers(0, 200)), max_size=9
)
BESIDE = st.sampled_from(["-old/x", "!/x", "/", "0", "", "x"])


@settings(max_examples=150, deadline=None)
@given(
    DAYS,
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 9), BESIDE), max_size=5),
    st.sampled_from(["partitions", "both", "freshness"]),
    st.sampled_from(["%Y-%m-%d", "%d-%m-%Y", "%Y/%m/%d/"]),
)
def test_it_sees_what_the_plain_way_sees(
    days: dict[int, tuple[list[tuple[str, int, int]], bool, int | None]],
    page_size: int,
    beside: list[tuple[int, str]],
    which: str,
    layout: str,
) -> None:
    lake = MemoryLake(page_size=page_size)
    is_path = layout.endswith("/")
    table = prefix("s3://lake/t/") if is_path else lake.table("a.t", dt="string")
    lake.bucket("lake")

    def folder(number: int) -> str:
        value = datetime.fromisoformat(day(number)).strftime(layout)
        return f"{table.location}{value}" if is_path else hive_location(table, [value])

    for number, (files, registered, created) in days.items():
        for name, size, hours in files:
            lake.put(f"{folder(number)}{name}", NOW - hours * HOUR, size)
        if registered and not is_path:
            value = datetime.fromisoformat(day(number)).strftime(layout)
            lake.register(table, [value], at=NOW - created * HOUR if created is not None else None)
    for number, name in beside:
        lake.put(f"{folder(number).removesuffix('/')}{name}", NOW)
    rule = partitions(lookback=7)
    rules: tuple[Rule, ...] = {
        "partitions": (rule,), "both": (rule, freshness(rule)), "freshness": (freshness(),)
    }[which]  # fmt: skip
    stated = StatedLayout((), (layout,)) if is_path else StatedLayout(("dt",), (layout,))
    plan = TablePlan(table=table, rules=rules, stated_layout=stated)
    plain = see(lake, plan, plain=True)
    asked = listings(lake)
    seen = see(lake, plan)
    if which != "freshness":
        # a day that was read short, and then turns out to be needed whole, is read once more
        assert listings(lake) <= asked + len(beside) + len(days)
    assert seen.first_period_at == plain.first_period_at
    assert [(each.period, each.registered) for each in seen.partitions] == [
        (each.period, each.registered) for each in plain.partitions
    ]
    whole = all(each.listing is None or each.listing.complete for each in seen.partitions)
    if whole:
        assert judged(seen, plan) == judged(plain, plan)
        assert listed(seen) == listed(plain)
        return
    for told, expected in zip(judged(seen, plan), judged(plain, plan), strict=True):
        assert told[:4] == expected[:4]
        for (_, state), (_, known) in zip(told[4], expected[4], strict=True):
            assert state is known or (state, known) == (ItemState.PRESENT, ItemState.LATE)
