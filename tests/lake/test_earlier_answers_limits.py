"""Answers of earlier runs where a budget ends a run, and how many of them are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from checks.aws.ledger import Ledger
from checks.changes import State, TableRecord
from checks.model import ItemState, ProblemKind, Status
from checks.monitor import run_memory as memory
from checks.monitor.plan import Planned
from checks.monitor.run_memory import records
from checks.rules.asking import Clock
from checks.rules.entry import EntryKeys
from checks.rules.volume import VolumeConfig
from tests.support.lakes import MemoryLake, hive_location
from tests.support.nights import NOW, WEEK, Nights, beside, partitions
from tests.support.times import DAY
from tests.support.verdicts import judge

# Budgets.


def test_over_budget_and_too_old_is_unknown_with_what_was_seen() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    day = NOW - 3 * DAY
    nights.now = NOW + nights.limit(day)
    for number in range(int(nights.limit(day) // DAY) + 1):
        nights.load(NOW + number * DAY)
    nights.lake.ledger = Ledger(max_requests=1)
    seen, _ = nights.see()
    finding = judge(nights.plan, seen, Clock(now=nights.now))["partitions"]
    assert finding.status is Status.UNKNOWN
    (item,) = [item for item in finding.items if item.period == "2026-11-20"]
    assert item.state is ItemState.UNKNOWN
    assert item.detail == (
        "the run's budget of 1 requests is spent; 2026-11-20 was last seen whole on Mon 23 Nov 2026 12:00 UTC, "
        "which is longer ago than an answer may stand (max_age_of_answer)"
    )
    young = [each for each in seen.partitions if each.seen_at is not None]
    assert young
    assert all(nights.now - each.seen_at < WEEK for each in young if each.seen_at is not None)
    nights.keep(seen)
    assert nights.answer(day).seen_at == NOW


@pytest.mark.parametrize("plain", [False, True])
def test_a_budget_that_ends_within_a_place_keeps_what_was_seen_of_it(plain: bool) -> None:  # noqa: FBT001 - both
    rule = partitions(lookback=2)
    nights = Nights(
        MemoryLake(page_size=10), rule, beside(rule, VolumeConfig, max_files=5), plain=plain, files=50
    )
    nights.load_all(2)
    nights.lake.ledger = Ledger(max_requests=3)
    seen, _ = nights.see()
    found = judge(nights.plan, seen, Clock(now=NOW))
    assert {check: finding.status for check, finding in found.items()} == {
        "partitions": Status.UNKNOWN if plain else Status.PASS,  # of the older one nothing was seen
        "volume": Status.FAIL,  # what was seen is too much already
    }
    assert found["partitions"].problem is (ProblemKind.OVER_BUDGET if plain else None)


# How much is remembered.


def test_no_more_is_remembered_than_a_state_may_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_MOST_ANSWERS", 5)
    monkeypatch.setattr(memory, "_MOST_ANSWERS_OF_ALL", 8)
    nights = Nights(plain=True)
    nights.load_all()
    seen, _ = nights.see()
    other = replace(nights.plan, table=replace(nights.table, id="sales.others"))
    planned = Planned(plans=(nights.plan, other), watched=frozenset({"sales.orders", "sales.others"}))
    kept = records(State(), planned, {plan.table.id: seen for plan in planned.plans})
    assert [len(record.memory.answers) for record in kept.values()] == [5, 3]
    assert [each.period for each in kept["sales.orders"].memory.answers.values()] == [
        f"2026-11-{day}" for day in (22, 21, 20, 19, 18)
    ]


def test_what_is_kept_of_tables_that_could_not_be_planned_takes_room_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    unplanned = TableRecord(matched_by="sales.*", by_glob=True, memory=nights.plan.memory)
    monkeypatch.setattr(memory, "_MOST_ANSWERS_OF_ALL", 15)
    seen, _ = nights.see()
    planned = Planned(plans=(nights.plan,), watched=frozenset({"sales.orders", "sales.others"}))
    kept = records(State(tables={"sales.others": unplanned}), planned, {"sales.orders": seen})
    assert {name: len(record.memory.answers) for name, record in kept.items()} == {
        "sales.others": 14,
        "sales.orders": 1,
    }


def test_a_table_that_could_not_be_read_keeps_what_was_known_of_it() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    before = nights.plan.memory.answers
    nights.lake.ledger = Ledger(max_requests=0)
    seen, _ = nights.see()
    assert seen.problem is not None
    nights.keep(seen)
    assert nights.plan.memory.answers == before
    nights.plan = replace(nights.plan, max_age_of_answer=timedelta(0))
    nights.keep(seen)
    assert not nights.plan.memory.answers


def test_long_patterns_are_not_remembered() -> None:
    nights = Nights(plain=True)
    nights.plan = replace(nights.plan, entry=EntryKeys(pattern=(f"[{'p' * 500}]*",)))
    nights.load_all()
    nights.night()
    assert not nights.plan.memory.answers


def test_long_names_are_not_remembered() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.lake.put(f"{hive_location(nights.table, ['2026-11-20'])}{'x' * 500}.parquet", NOW)
    nights.night()
    assert len(nights.plan.memory.answers) == 13
