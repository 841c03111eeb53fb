"""Answers of earlier runs: what they spare, and that nothing hides behind them for longer than they may stand."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import memory
from checks.changes import State, TableRecord
from checks.history.document import from_text, to_text
from checks.lake import skipscan
from checks.lake.answers import Answers, limit_of
from checks.lake.observe import observe
from checks.lake.session import Ledger
from checks.layout import StatedLayout
from checks.memory import records
from checks.model import (
    Answer,
    ItemState,
    Listing,
    Observation,
    PartitionSeen,
    Period,
    ProblemKind,
    Status,
    Table,
    TableMemory,
)
from checks.plan import Planned
from checks.rules.base import Binding, Clock, Rule, TablePlan
from checks.rules.catalog import CatalogConfig
from checks.rules.files import FilesConfig
from checks.rules.freshness import FreshnessConfig
from checks.rules.partitions import PartitionsConfig, PartitionsRule
from checks.rules.volume import VolumeConfig
from tests.lakes import HttpLake, MemoryLake, hive_location, point_at, reset, serving
from tests.times import DAY, HOUR, SECOND, at
from tests.verdicts import judge

NOW = at("2026-11-23 12:00")
BINDING = Binding(zone=ZoneInfo("UTC"))
STATED = StatedLayout(("dt",), ("%Y-%m-%d",))
UNPADDED = StatedLayout(("dt",), ("%Y-%-m-%-d",))
WEEK = 7 * DAY
FIRST = at("2020-01-01")


def partitions(**config: object) -> PartitionsRule:
    rule = PartitionsConfig.model_validate({"every": "1d", "due": "06:00", **config}).bind(BINDING)
    assert isinstance(rule, PartitionsRule)
    return rule


def beside(rule: PartitionsRule, config: type[Any], **block: object) -> Rule:
    bound = config.model_validate(block).bind(replace(BINDING, schedule=rule.schedule))
    assert isinstance(bound, Rule)
    return bound


def name_of(day: datetime, layout: StatedLayout = STATED) -> str:
    return f"{day:%Y}-{day.month}-{day.day}" if layout is UNPADDED else f"{day:%Y-%m-%d}"


class Nights:
    """A daily table and the runs over it, each with the memory that the one before left.

    ``plain``: each place is listed by itself, whatever the order of keys.
    """

    def __init__(
        self,
        lake: Any = None,
        *rules: Rule,
        layout: StatedLayout = STATED,
        files: int = 1,
        age: timedelta = WEEK,
        plain: bool = False,
    ) -> None:
        self.lake = lake or MemoryLake()
        self.table: Table = self.lake.table("sales.orders", dt="string")
        self.layout, self.files, self.plain = layout, files, plain
        self.plan = TablePlan(
            table=self.table,
            rules=rules or (partitions(),),
            stated_layout=layout,
            memory=TableMemory(first_period_at=FIRST),
            max_age_of_answer=age,
        )
        self.now = NOW

    def load(self, day: datetime, files: int | None = None) -> None:
        """Bring a day's data, three hours after its end, and register it."""
        came = day.replace(hour=0, minute=0) + DAY + 3 * HOUR
        values = [name_of(day, self.layout)]
        for number in range(self.files if files is None else files):
            self.lake.put(f"{hive_location(self.table, values)}part-{number:05d}.parquet", came)
        self.lake.register(self.table, values, None, came)

    def load_all(self, days: int = 14) -> None:
        for number in range(days, 0, -1):
            self.load(self.now - number * DAY)

    def delete(self, day: datetime) -> None:
        """Delete a day's objects, and leave it registered."""
        place = hive_location(self.table, [name_of(day, self.layout)])
        for key in [key for key in self.lake.buckets["lake"] if f"s3://lake/{key}".startswith(place)]:
            del self.lake.buckets["lake"][key]

    def see(self, clock: Clock | None = None) -> tuple[Observation, int]:
        """Look, with what is remembered; return what was seen and the listings it took."""
        before = self.lake.counts.get("s3:ListObjectsV2", 0)
        reader = self.lake.reader(self.plan)
        if self.plain:
            reader = replace(reader, most_pages=1 << 30)
        seen = observe(self.plan, clock or Clock(now=self.now), reader)
        return seen, self.lake.counts.get("s3:ListObjectsV2", 0) - before

    def keep(self, seen: Observation) -> None:
        planned = Planned(plans=(self.plan,), watched=frozenset({self.table.id}))
        kept = records(State(), planned, {self.table.id: seen})
        self.plan = replace(
            self.plan, memory=from_text(to_text(State(tables=kept))).tables[self.table.id].memory
        )

    def night(self) -> int:
        """Look, remember, and return the listings it took."""
        seen, asked = self.see()
        self.keep(seen)
        return asked

    def states(self, clock: Clock | None = None) -> dict[str, ItemState]:
        seen, _ = self.see(clock)
        found = judge(self.plan, seen, clock or Clock(now=self.now))["partitions"]
        return {item.period: item.state for item in found.items}

    def answer(self, day: datetime) -> Answer:
        return self.plan.memory.answers[hive_location(self.table, [name_of(day, self.layout)])]

    def limit(self, day: datetime) -> timedelta:
        place = hive_location(self.table, [name_of(day, self.layout)])
        return limit_of(self.table.id, place, min(self.plan.max_age_of_answer, WEEK))


# What it spares.


def test_large_partitions_cost_one_listing_each_and_then_only_the_new_ones() -> None:
    nights = Nights(MemoryLake(page_size=10), files=100)
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
    assert nights.states()["2026-11-21"] is ItemState.EMPTY


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
    [(-SECOND, ItemState.PRESENT), (timedelta(0), ItemState.EMPTY), (SECOND, ItemState.EMPTY)],
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
    assert nights.states()["2026-11-21"] is ItemState.EMPTY
    nights.night()
    assert "s3://lake/sales/orders/dt=2026-11-21/" not in nights.plan.memory.answers


def test_the_newest_due_period_is_always_looked_at() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    nights.delete(NOW - DAY)
    nights.now += SECOND
    assert nights.states()["2026-11-22"] is ItemState.EMPTY


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
        (change_place, ItemState.EMPTY),
        (register_again, ItemState.EMPTY),
        (unregister, ItemState.MISSING),
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
    assert nights.states()["2026-11-23"] is ItemState.EMPTY
    assert "s3://lake/sales/orders/dt=2026-11-23/" not in nights.plan.memory.answers


def test_another_pattern_is_another_question() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    nights.plan = replace(nights.plan, pattern="*.csv")
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


def test_long_names_are_not_remembered() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.lake.put(f"{hive_location(nights.table, ['2026-11-20'])}{'x' * 500}.parquet", NOW)
    nights.night()
    assert len(nights.plan.memory.answers) == 13


# Laws.

ANSWERS = st.builds(
    Answer,
    period=st.just("2026-11-20"),
    seen_at=st.integers(-20 * 86400, 86400).map(lambda s: NOW + s * SECOND),
    listing=st.builds(
        Listing,
        objects=st.integers(0, 5),
        size_bytes=st.integers(0, 10**15),
        empty_objects=st.integers(0, 3),
        newest_at=st.none() | st.integers(0, 10**6).map(lambda s: NOW - s * SECOND),
        newest_key=st.none() | st.sampled_from(["s3://lake/t/d=1/a", "s3://other/x", "s3://lake/t/d=1/ü\n"]),
        oldest_at=st.none() | st.just(NOW - WEEK),
        complete=st.booleans(),
        ignored_objects=st.integers(0, 2),
    ),
    values=st.lists(st.text(max_size=5), max_size=2).map(tuple),
    registered=st.sampled_from([True, None]),
    created_at=st.none() | st.just(NOW - WEEK),
    pattern=st.none() | st.just("*.csv"),
)


@given(st.dictionaries(st.sampled_from(["s3://lake/t/d=1/", "s3://b/ü/"]), ANSWERS))
def test_the_document_gives_back_what_was_written(answers: dict[str, Answer]) -> None:
    state = State(
        tables={"a.b": TableRecord(matched_by="a.*", by_glob=True, memory=TableMemory(answers=answers))}
    )
    assert from_text(to_text(state)) == state


def test_documents_of_before_have_no_answers_and_torn_ones_are_refused() -> None:
    nights = Nights(plain=True)
    nights.load_all()
    nights.night()
    record = TableRecord(matched_by="a.*", by_glob=True, memory=nights.plan.memory)
    document = json.loads(to_text(State(tables={"a.b": record})))
    kept = document["tables"]["a.b"].pop("answers")
    assert not from_text(json.dumps(document)).tables["a.b"].memory.answers
    (place, good), *_ = kept.items()
    for wrong in (
        {"objects": "1"}, {"objects": -1}, {"objects": True}, {"complete": 1}, {"seen_at": "2026-11-23"},
        {"values": "x"}, {"values": [1]}, {"registered": "yes"}, {"period": None}, {"newest_key": 7},
    ):  # fmt: skip
        document["tables"]["a.b"]["answers"] = {place: good | wrong}
        with pytest.raises(ValueError, match="a field is absent or wrong"):
            from_text(json.dumps(document))


def period(days_ago: int) -> Period:
    start = NOW.replace(hour=0) - days_ago * DAY
    return Period(start, start + DAY, start.replace(tzinfo=None), f"{start:%Y-%m-%d}")


@settings(max_examples=300)
@given(
    ANSWERS,
    st.integers(-1, 16),
    st.sampled_from([True, None, False]),
    st.none() | st.just(NOW - WEEK) | st.just(NOW - 2 * DAY),
    st.sampled_from([(), ("x",)]),
    st.sampled_from([timedelta(0), HOUR, WEEK, 30 * DAY]),
    st.booleans(),
)
def test_when_an_answer_may_stand(
    answer: Answer,
    days_ago: int,
    registered: bool | None,  # noqa: FBT001 - drawn
    created_at: datetime | None,
    values: tuple[str, ...],
    age: timedelta,
    ignore_later: bool,  # noqa: FBT001 - drawn
) -> None:
    rule, place = partitions(), "s3://lake/t/d=1/"
    plan = TablePlan(
        table=Nights().table,
        rules=(rule,),
        max_age_of_answer=age,
        memory=TableMemory(answers={place: answer}),
    )
    clock = Clock(now=NOW, ignore_later=ignore_later)
    answers = Answers.of(plan, clock, [each.period for each in rule.schedule.due(NOW)])
    target = PartitionSeen(
        period=period(days_ago), values=values, location=place, registered=registered, created_at=created_at
    )
    found = answers.in_place_of(target, plan.rules)
    if found is None:
        return
    assert found is answer
    assert answer.listing.objects
    assert timedelta(0) <= NOW - answer.seen_at < min(age, WEEK)
    assert (answer.values, answer.registered, answer.created_at) == (values, registered, created_at)
    assert answer.pattern is None
    assert 2 <= days_ago <= 14
    assert answer.seen_at >= period(days_ago).end + 6 * HOUR


HELD = st.dictionaries(st.integers(1, 9), st.integers(0, 12), max_size=9)
"""How many files the days hold, by how long ago they are."""


def fill(nights: Nights, held: dict[int, int], aside: dict[int, int]) -> None:
    """Let the days hold so many files, and lie so many beside them."""
    nights.lake.buckets["lake"].clear()
    nights.lake.partitions[nights.table.id].clear()
    for number, files in held.items():
        nights.load(NOW - number * DAY, files)
    for number, files in aside.items():
        for file in range(files):
            nights.lake.put(f"{nights.table.location}dt={NOW - number * DAY:%Y-%m-%d}-old/{file}", NOW)


@settings(max_examples=100, deadline=None)
@given(
    HELD,
    HELD,
    HELD | st.just({}),
    st.integers(1, 6),
    st.integers(0, 5) | st.sampled_from([24, 60, 100]),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_no_more_is_asked_and_nothing_is_better_than_it_was_seen(
    before: dict[int, int],
    after: dict[int, int],
    aside: dict[int, int],
    page_size: int,
    later: int,
    plain: bool,  # noqa: FBT001 - drawn
    with_freshness: bool,  # noqa: FBT001 - drawn
    knows_pages: bool,  # noqa: FBT001 - drawn
) -> None:
    rule = partitions(lookback=8)
    rules = (rule, beside(rule, FreshnessConfig, max_age="36h")) if with_freshness else (rule,)
    nights = Nights(MemoryLake(page_size=page_size), *rules, plain=plain)
    with pytest.MonkeyPatch.context() as patched:
        if knows_pages:
            patched.setattr(skipscan, "MOST_KEYS", page_size)
        fill(nights, before, aside)
        nights.night()
        first = nights.states()
        compare_with_a_new_look(nights, first)
        assert nights.states() == first
        fill(nights, after, aside)
        nights.now = NOW + later * HOUR
        compare_with_a_new_look(nights, first)


def compare_with_a_new_look(nights: Nights, first: dict[str, ItemState]) -> None:
    """Look with what is remembered and without; what was not looked at is as it was ``first`` seen."""
    clock = Clock(now=nights.now)
    forgetful = replace(nights.plan, max_age_of_answer=timedelta(0))
    seen, asked = nights.see()
    with_memory, nights.plan = nights.plan, forgetful
    anew, most = nights.see()
    nights.plan = with_memory
    told, expected = (judge(forgetful, each, clock) for each in (seen, anew))
    # Freshness looks for the newest period with data one by one, where the newest ones are without.
    newest = [item.state.is_bad for item in expected["partitions"].items]
    more = [*newest, False].index(False) if "freshness" in told else 0
    assert asked <= most + more
    spared = {each.period.label for each in seen.partitions if each.seen_at is not None}
    states = {item.period: item.state for item in expected["partitions"].items}
    assert [item.period for item in told["partitions"].items] == list(states)
    for item in told["partitions"].items:
        if item.period in spared:
            assert item.state is first[item.period]
        else:  # how many pages of it were read may tell late from present
            assert item.state is states[item.period] or {item.state, states[item.period]} == {
                ItemState.PRESENT,
                ItemState.LATE,
            }
    if "freshness" in told and told["freshness"].status is Status.PASS:
        assert expected["freshness"].status is Status.PASS


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
