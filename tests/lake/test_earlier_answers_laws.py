"""Laws of answers of earlier runs, and of how they are written down: by many drawn lakes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.changes import State, TableRecord
from checks.history.document import from_text, to_text
from checks.lake.plain.earlier_answers import Answers
from checks.lake.s3 import scan as skipscan
from checks.model import (
    Answer,
    ItemState,
    Listing,
    PartitionSeen,
    Period,
    Status,
    TableMemory,
)
from checks.rules.asking import Clock, Needs
from checks.rules.base import TablePlan
from checks.rules.freshness import FreshnessConfig
from tests.support.lakes import MemoryLake
from tests.support.nights import NOW, WEEK, Nights, beside, partitions
from tests.support.times import DAY, HOUR, SECOND
from tests.support.verdicts import judge

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
    found = answers.in_place_of(target, [Needs(data_is_enough=True)])
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
