"""Answers of earlier runs: what they spare, and that nothing hides behind them for longer than they may stand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from checks.lake.plain.earlier_answers import Answers, limit_of
from checks.layout import StatedLayout
from checks.model import ItemState, Status, TableMemory
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from checks.rules.catalog import CatalogConfig
from checks.rules.entry import EntryKeys
from checks.rules.files import FilesConfig
from checks.rules.freshness import FreshnessConfig
from checks.rules.volume import VolumeConfig
from tests.support.lakes import HttpLake, MemoryLake, hive_location, point_at, prefix, reset, serving
from tests.support.nights import FIRST, NOW, UNPADDED, WEEK, Nights, beside, name_of, partitions
from tests.support.times import DAY, HOUR, SECOND, at
from tests.support.verdicts import judge

# What it spares.


def test_large_partitions_cost_one_listing_each_and_then_only_the_new_ones() -> None:
    nights = Nights(files=5000)
    nights.load_all()
    assert nights.night() == 14
    assert nights.night() == 1
    nights.now += DAY
    nights.load(nights.now - DAY)
    seen, asked = nights.see()
    assert asked == 1
    assert [each.seen_at for each in seen.partitions] == [None] + [NOW] * 13
    assert set(nights.states().values()) == {ItemState.PRESENT}


def test_the_plain_way_lists_the_new_ones_only() -> None:
    for nights in (Nights(layout=UNPADDED), Nights(plain=True)):
        nights.load_all()
        assert nights.night() == 14
        assert nights.night() == 1
        nights.now += DAY
        nights.load(nights.now - DAY)
        assert nights.night() == 1


def test_places_that_nothing_is_registered_for_are_remembered_too() -> None:
    nights = Nights(MemoryLake(page_size=2))
    table = prefix("s3://lake/raw/")
    plan = TablePlan(
        table=table,
        rules=(partitions(lookback=4),),
        stated_layout=StatedLayout((), ("%Y/%m/%d/",)),
        memory=TableMemory(first_period_at=FIRST),
        max_age_of_answer=WEEK,
    )
    nights.table, nights.plan = table, plan
    for day in range(19, 24):
        for number in range(5):
            nights.lake.put(f"s3://lake/raw/2026/11/{day}/{number}.csv", at(f"2026-11-{day + 1} 01:00"))
    assert nights.night() == 4 + 1  # and a look for a log beside the folders
    nights.now += DAY
    assert nights.night() == 1
    assert set(nights.states().values()) == {ItemState.PRESENT}


def test_each_partition_of_a_period_has_an_answer_of_its_own() -> None:
    lake = MemoryLake()
    table = lake.table("sales.regions", region="string", dt="string")
    for day in range(19, 24):
        for region in ("eu", "us"):
            lake.put(f"{hive_location(table, [region, f'2026-11-{day}'])}a", at(f"2026-11-{day + 1} 01:00"))
            lake.register(table, [region, f"2026-11-{day}"], None, NOW - WEEK)
    nights = Nights(lake, partitions(lookback=4, each="region"))
    nights.table = table
    nights.plan = replace(nights.plan, table=table)
    assert nights.night() == 10  # that of today is there already
    assert nights.night() == 4
    nights.now += DAY
    assert nights.night() == 2
    del lake.buckets["lake"]["sales/regions/region=us/dt=2026-11-23/a"]
    assert {(item.period, item.state) for item in nights.items() if item.state is not ItemState.PRESENT} == {
        ("2026-11-23", ItemState.GONE)
    }


def test_without_it_each_is_listed_in_each_run() -> None:
    nights = Nights(plain=True, age=timedelta(0))
    nights.load_all()
    assert [nights.night(), nights.night()] == [14, 14]
    assert not nights.plan.memory.answers


def test_small_partitions_are_one_page_in_any_case_and_need_not_be_remembered() -> None:
    nights = Nights(files=10)
    nights.load_all()
    assert [nights.night(), nights.night()] == [1, 1]
    assert not nights.plan.memory.answers


def test_what_lies_on_a_page_that_is_asked_for_anyway_is_looked_at() -> None:
    nights = Nights(files=240)
    nights.load_all()
    assert nights.night() > 2
    nights.now += DAY
    nights.load(nights.now - DAY)
    nights.delete(nights.now - 3 * DAY)
    seen, asked = nights.see()
    assert asked == 1
    fresh = [each.period.label for each in seen.partitions if each.seen_at is None]
    assert fresh == ["2026-11-23", "2026-11-22", "2026-11-21", "2026-11-20", "2026-11-19"]
    assert nights.states()["2026-11-21"] is ItemState.GONE


@pytest.mark.parametrize("plain", [False, True])
def test_a_month_of_nights(plain: bool) -> None:  # noqa: FBT001 - both ways
    asked: dict[timedelta, list[int]] = {}
    for age in (timedelta(0), WEEK):
        nights = Nights(MemoryLake(page_size=10), plain=plain, files=10 if plain else 100, age=age)
        nights.load_all()
        asked[age] = []
        for _ in range(30):
            asked[age].append(nights.night())
            assert set(nights.states().values()) == {ItemState.PRESENT}
            nights.now += DAY
            nights.load(nights.now - DAY)
    assert asked[timedelta(0)] == [14] * 30
    assert asked[WEEK][:4] == [14, 1, 1, 1]
    assert max(asked[WEEK][1:]) <= 7  # the first night's are not all looked at again in one
    assert sum(asked[WEEK]) <= 120


def test_a_fleet_is_not_looked_at_again_in_one_night() -> None:
    limits = [limit_of(f"sales.t{n}", f"s3://lake/t{n}/dt=2026-11-22/", WEEK) for n in range(2000)]
    assert all(WEEK / 2 < limit <= WEEK for limit in limits)
    nights = Counter(-(-limit // DAY) for limit in limits)  # the first nightly run that looks again
    assert sorted(nights) == [4, 5, 6, 7]
    assert max(nights.values()) < 2000 * 0.35


def test_hours_are_looked_at_again_within_half_of_their_lookback() -> None:
    rule = partitions(every="1h", due=None, after="15m", lookback=24)
    answers = Answers.of(
        TablePlan(table=Nights().table, rules=(rule,), max_age_of_answer=WEEK),
        Clock(now=NOW),
        [each.period for each in rule.schedule.due(NOW)],
    )
    assert answers.longest == 12 * HOUR


# For how long.


@pytest.mark.parametrize(
    ("beyond", "state"),
    [(-SECOND, ItemState.PRESENT), (timedelta(0), ItemState.GONE), (SECOND, ItemState.GONE)],
)
def test_what_was_deleted_is_noticed_when_the_answer_is_too_old(beyond: timedelta, state: ItemState) -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    gone = NOW - 2 * DAY
    nights.delete(gone)
    nights.now = NOW + nights.limit(gone) + beyond
    assert nights.states()["2026-11-21"] is state


def test_an_answer_that_stood_in_keeps_its_age() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    gone = NOW - 2 * DAY
    nights.delete(gone)
    while nights.now < NOW + nights.limit(gone):
        assert nights.states()["2026-11-21"] is ItemState.PRESENT
        nights.night()
        assert nights.answer(gone).seen_at == NOW
        nights.now += 6 * HOUR
    assert nights.states()["2026-11-21"] is ItemState.GONE
    nights.night()
    assert "s3://lake/sales/orders/dt=2026-11-21/" not in nights.plan.memory.answers


def test_the_newest_due_period_is_always_looked_at() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    nights.delete(NOW - DAY)
    nights.now += SECOND
    assert nights.states()["2026-11-22"] is ItemState.GONE


def test_a_run_for_an_earlier_time_takes_no_later_answer() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    for now in (NOW - SECOND, NOW - DAY):
        seen, _ = nights.see(Clock(now=now, ignore_later=True))
        assert not any(each.seen_at for each in seen.partitions)
    seen, asked = nights.see(Clock(now=NOW, ignore_later=True))
    assert asked == 1
    assert sum(each.seen_at is not None for each in seen.partitions) == 13


# What speaks against it.


def change_place(nights: Nights, day: datetime) -> None:
    (mine,) = [
        p for p in nights.lake.partitions[nights.table.id] if p.values == (name_of(day, nights.layout),)
    ]
    nights.lake.partitions[nights.table.id].remove(mine)
    nights.lake.register(nights.table, mine.values, f"{mine.location}moved/", mine.created_at)


def register_again(nights: Nights, day: datetime) -> None:
    (mine,) = [
        p for p in nights.lake.partitions[nights.table.id] if p.values == (name_of(day, nights.layout),)
    ]
    nights.lake.partitions[nights.table.id].remove(mine)
    nights.lake.register(nights.table, mine.values, mine.location, NOW)


def unregister(nights: Nights, day: datetime) -> None:
    registered = nights.lake.partitions[nights.table.id]
    registered[:] = [each for each in registered if each.values != (name_of(day, nights.layout),)]


@pytest.mark.parametrize(
    ("happens", "state"),
    [
        (change_place, ItemState.GONE),
        (register_again, ItemState.GONE),
        (unregister, ItemState.GONE),
    ],
)
def test_a_changed_entry_of_the_catalog_is_looked_at(happens: Any, state: ItemState) -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    day = NOW - 5 * DAY
    nights.delete(day)
    assert nights.states()["2026-11-18"] is ItemState.PRESENT
    happens(nights, day)
    assert nights.states()["2026-11-18"] is state


def test_a_backfill_of_a_missing_day_is_noticed_at_once() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.delete(NOW - 5 * DAY)
    unregister(nights, NOW - 5 * DAY)
    nights.night()
    assert nights.states()["2026-11-18"] is ItemState.MISSING
    nights.load(NOW - 5 * DAY)
    assert nights.states()["2026-11-18"] is ItemState.PRESENT


def test_what_was_seen_before_it_was_due_is_looked_at_when_it_is() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.load(NOW)  # of today, and there already
    nights.night()
    nights.delete(NOW)
    nights.now = NOW + 2 * DAY
    assert nights.states()["2026-11-23"] is ItemState.GONE
    assert "s3://lake/sales/orders/dt=2026-11-23/" not in nights.plan.memory.answers


def test_another_pattern_is_another_question() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    nights.plan = replace(nights.plan, entry=EntryKeys(pattern=("*.csv",)))
    assert set(nights.states().values()) == {ItemState.EMPTY}


@pytest.mark.parametrize(
    ("config", "block", "asked"),
    [(CatalogConfig, {"on": True}, 14), (FilesConfig, {"on": True}, 14), (VolumeConfig, {"min_files": 1}, 1)],
)
def test_a_check_that_asks_for_a_period_gets_it(config: type[Any], block: dict[str, Any], asked: int) -> None:
    rule = partitions()
    nights = Nights(None, rule, beside(rule, config, **block), plain=True)
    nights.load_all()
    assert nights.night() == 14
    assert nights.night() == asked


def test_freshness_looks_at_the_newest_period_with_data_whatever_is_remembered() -> None:
    rule = partitions()
    nights = Nights(None, rule, beside(rule, FreshnessConfig, max_age="48h"), plain=True)
    nights.load_all()
    nights.night()
    nights.now += DAY  # nothing came for the newest day, and what was there of the two before is gone
    nights.delete(NOW - DAY)
    nights.delete(NOW - 2 * DAY)
    seen, _ = nights.see()
    labels = {each.period.label: each.seen_at for each in seen.partitions}
    assert {label for label, when in labels.items() if when is None} == {
        "2026-11-23", "2026-11-22", "2026-11-21", "2026-11-20",
    }  # fmt: skip
    found = judge(nights.plan, seen, Clock(now=nights.now))["freshness"]
    assert found.status is Status.FAIL
    assert found.observed == at("2026-11-21 03:00")


def test_late_stays_late_with_its_record() -> None:
    for plain in (False, True):
        nights = Nights(MemoryLake(page_size=4), plain=plain, files=8)
        nights.load_all()
        values = [name_of(NOW - 4 * DAY)]
        unregister(nights, NOW - 4 * DAY)
        nights.delete(NOW - 4 * DAY)
        for number in range(8):
            nights.lake.put(f"{hive_location(nights.table, values)}{number}.parquet", NOW - 2 * DAY)
        nights.lake.register(nights.table, values, None, NOW - 2 * DAY)
        seen, _ = nights.see()
        before = judge(nights.plan, seen, Clock(now=NOW))["partitions"]
        nights.keep(seen)
        again, _ = nights.see()
        assert again.partitions[3].seen_at == NOW
        assert judge(nights.plan, again, Clock(now=NOW))["partitions"] == before
        assert before.items[3].state is ItemState.LATE


# Over HTTP.


def test_over_http_a_second_run_lists_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as endpoint:
        point_at(monkeypatch, endpoint)
        reset()
        nights = Nights(HttpLake(endpoint), plain=True)
        nights.load_all(5)
        assert nights.night() == 14  # nine of them are not there
        assert nights.night() == 10
        nights.now += DAY
        nights.load(nights.now - DAY)
        assert nights.night() == 9
