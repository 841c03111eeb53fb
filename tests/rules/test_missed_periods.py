"""`partitions: auto` over tables that miss single periods now and then: a run of missed ones is one trouble."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from checks.changes import State, advance, changes
from checks.explain.periods import PeriodsTold
from checks.lake.observe import observe
from checks.model import Change, Finding, Item, ItemState, Reason, Status
from checks.rules.asking import Clock
from checks.rules.missed import NOTHING_MISSED, Missed, missed
from checks.rules.partitions_retold import PartitionsRetold
from checks.rules.retold import Came, Span
from checks.schedule.periods import DAILY
from tests.rules.test_learned_periods import START, Table, nightly
from tests.support.times import DAY, HOUR, at

BEFORE = 70
"""Nights before the first that is looked at: two months of days tell how often one is missed."""


def every_sixth(day: datetime) -> datetime | None:
    return None if (day - START).days % 6 == 3 else nightly(day)


def table(*lost: int, block: Any = "auto", days: int = 130, **more: Any) -> Table:
    """Return a table that misses each sixth day, and these nights' days beside."""
    return Table(
        lambda day: None if (day - START).days in lost else every_sixth(day), block=block, days=days, **more
    )


def known(found: Table) -> Table:
    """Return the table after a first look at all that came before, and one run."""
    first = Table(found.comes, {"auto": True, "lookback": BEFORE}, found.hours, found.more, found.days)
    first.run(START + BEFORE * DAY + 8 * HOUR)
    found.lake, found.table, found.waiting = first.lake, first.table, first.waiting
    found.memory, found.last = first.memory, first.last
    return found


def nights(found: Table, *numbers: int) -> dict[int, tuple[Finding, list[Change]]]:
    """Run each night; return what was found of its periods, and what was told of them."""
    told, state = {}, State()
    for night in numbers:
        now = START + night * DAY + 8 * HOUR
        findings = list(found.run(now)[0].values())
        news = changes(state, findings, now, timedelta(days=2))
        state = advance(state, findings, news, now, news)
        (finding,) = (each for each in findings if each.check == "partitions")
        told[night] = finding, [each for each in news if each.check == "partitions"]
    return told


def needed(found: Table) -> int:
    return found.rule.schedule.misses


def test_single_ones_are_not_told_and_each_sentence_says_so() -> None:
    found = known(table())
    for night, (finding, news) in nights(found, *range(BEFORE + 1, 120)).items():
        assert finding.status is Status.PASS, f"{night}: {finding.because}"
        assert not news
        assert f"from {needed(found)} in a row on and until newer data comes" in finding.because
        assert "each of 14" not in finding.because, "those are not the ones that have data"
        assert all(item.state is not ItemState.MISSING for item in finding.items)
        assert len(finding.items) in (11, 12)
    assert needed(found) > 1


def test_the_first_look_goes_by_what_it_learns_of_all_that_it_sees() -> None:
    """What was missed before anybody looked on is no news, though none of it was a habit when it began."""
    first = table(block={"auto": True, "lookback": BEFORE})
    finding = first.run(START + BEFORE * DAY + 8 * HOUR)[0]["partitions"]
    assert finding.status is Status.PASS
    assert needed(first) > 1
    assert "which is told from" in finding.because


def test_a_run_of_them_is_one_trouble_from_its_last_needed_one_on_and_over_with_the_next_data() -> None:
    number = needed(_learned())
    begin = 6 * 14 + 4  # the day after a missed one that is alone
    lost = range(begin, begin + number + 2)
    assert not any(day % 6 == 3 for day in (*lost, lost[-1] + 1)[:5])
    found = known(table(*lost))
    told = nights(found, *range(BEFORE + 1, begin + number + 8))
    first = begin + number  # the night by which so many are overdue
    missed_before = 1  # the one that is alone, the day before
    first -= missed_before
    assert told[first - 1][0].status is Status.PASS
    finding, news = told[first]
    assert finding.status is Status.FAIL
    assert [(each.reason, each.item) for each in news] == [(Reason.NEW, None)]
    assert f"{number} of" in finding.because
    assert "they are told as one trouble" in finding.because
    assert "calendar" not in finding.advice
    assert all(item.state is not ItemState.MISSING for item in finding.items)
    assert finding.deadline is not None
    assert finding.lacking
    over = next(night for night in range(first, first + 9) if told[night][0].status is Status.PASS)
    between = [each.reason for night in range(first + 1, over) for each in told[night][1]]
    assert Reason.NEW not in between
    assert [(each.reason, each.item) for each in told[over][1]] == [(Reason.RESOLVED, None)]
    assert not any(news for night, (_, news) in told.items() if night > over)
    assert found.comes(START + (over - 1) * DAY) is not None


def _learned() -> Table:
    found = known(table())
    nights(found, BEFORE + 1)
    return found


def test_a_table_that_stops_for_good_is_told_once_for_good() -> None:
    found = known(table(*range(90, 130)))
    told = nights(found, *range(BEFORE + 1, 125))
    news = [(night, each.reason) for night, (_, changed) in told.items() for each in changed]
    assert [reason for _, reason in news].count(Reason.NEW) == 1
    assert Reason.RESOLVED not in {reason for _, reason in news}
    assert told[124][0].status is Status.FAIL
    assert told[124][0].stale_since is not None


@pytest.mark.slow
def test_what_was_told_by_itself_before_the_habit_was_known_stays_so() -> None:
    """A table that never missed one is told of the first; later ones are a habit only once it is one."""
    gaps = {40, *range(65, 210, 6)}
    found = Table(lambda day: None if (day - START).days in gaps else nightly(day), days=220)
    told = nights(found, *range(20, 210))
    by_item = {
        each.item: night for night, (_, news) in told.items() for each in news if each.reason is Reason.NEW
    }
    assert by_item["2026-10-17"] == 41
    assert needed(found) > 1
    assert len(by_item) < len(gaps)
    for item, night in by_item.items():
        if item is None:
            continue
        for later in range(night, min(night + 14, 210)):
            states = {one.period: one.state for one in told[later][0].items}
            assert states.get(item) in (ItemState.MISSING, None)
            assert later > night + 12 or item in states, "it leaves with the lookback, not with a habit"


@pytest.mark.parametrize("lookback", [1, 2, "2d"])
def test_so_many_in_a_row_lie_within_any_lookback(lookback: int | str) -> None:
    found = known(table(*range(90, 130), block={"auto": True, "lookback": lookback}))
    told = nights(found, *range(BEFORE + 1, 100))
    reasons = [each.reason for _, news in told.values() for each in news]
    assert reasons[0] is Reason.NEW
    assert set(reasons[1:]) <= {Reason.ONGOING, Reason.REMINDER}
    assert told[99][0].status is Status.FAIL
    assert told[85][0].status is Status.PASS


def test_volume_beside_it_judges_the_newest_period_with_data() -> None:
    found = known(table(more={"volume": {"min_bytes": "1B"}}))
    single = [night for night in range(BEFORE + 1, 100) if every_sixth(START + (night - 1) * DAY) is None]
    assert len(single) > 3
    for night in range(BEFORE + 1, 100):
        findings, _ = found.run(START + night * DAY + 8 * HOUR)
        assert findings["volume"].status is Status.PASS, findings["volume"].because
        last = START + (night - (2 if night in single else 1)) * DAY
        assert f"{last:%Y-%m-%d} came to" in findings["volume"].because


def test_of_a_table_that_stopped_volume_is_told_within() -> None:
    found = known(table(*range(90, 130), more={"volume": {"min_bytes": "1B"}}))
    findings: dict[str, Finding] = {}
    for night in range(BEFORE + 1, 98):
        findings, _ = found.run(START + night * DAY + 8 * HOUR)
    assert findings["partitions"].status is findings["volume"].status is Status.FAIL
    assert findings["volume"].of_period in findings["partitions"].lacking


def test_it_asks_for_no_more_than_a_stated_schedule() -> None:
    learning, stated = known(table()), known(table(block={"every": "1d", "due": "09:00"}))
    for night in range(BEFORE + 1, 90):
        now = START + night * DAY + 10 * HOUR
        assert learning.run(now)[1] == stated.run(now)[1]


def test_where_each_value_is_due_by_itself_nothing_is_learned_and_it_is_said() -> None:
    found = known(table(block={"auto": True, "each": "region"}))
    rule = found.rules[0]
    learned: Any = rule.remembering(found.memory)
    assert learned.known.schedule is None
    assert "each value is due by itself" in learned.known.lacks


def item(day: int, state: ItemState) -> Item:
    start = at("2026-11-01") + day * DAY
    return Item(period=f"{start:%Y-%m-%d}", state=state, due_at=start + DAY + 6 * HOUR)


STATES = {
    "p": ItemState.PRESENT,
    "l": ItemState.LATE,
    "m": ItemState.MISSING,
    "e": ItemState.EMPTY,
    "u": ItemState.UNKNOWN,
    "g": ItemState.GONE,
    "r": ItemState.UNREGISTERED,
}


@pytest.mark.parametrize(
    ("states", "run", "single"),
    [
        ("ppp", "", ""),
        ("mpp", "", "0"),
        ("mmp", "01", ""),
        ("mep", "01", ""),
        ("mmmpmmpm", "012", "457"),
        ("pmmp", "", "12"),
        ("ump", "", "1"),
        ("ummp", "", "12"),
        ("mump", "", "02"),
        ("lmmp", "", "12"),
        ("gmmp", "", "12"),
        ("rmmp", "", "12"),
        ("mm", "01", ""),
        ("", "", ""),
    ],
)
def test_only_a_run_that_reaches_to_the_newest_is_told(states: str, run: str, single: str) -> None:
    """What is not known, is gone or is not registered is no part of it: it is told by itself."""
    items = [item(20 - place, STATES[state]) for place, state in enumerate(states)]
    found = missed(items, lambda _stretch: 2)
    assert found.run == tuple(items[int(place)] for place in run)
    assert found.single == tuple(items[int(place)] for place in single)


@pytest.mark.parametrize(("count", "is_told"), [(2, False), (3, True), (4, True)])
def test_one_fewer_than_needed_is_not_told(count: int, *, is_told: bool) -> None:
    items = [
        item(20 - place, ItemState.MISSING if place < count else ItemState.PRESENT) for place in range(9)
    ]
    found = missed(items, lambda _stretch: 3)
    assert bool(found.run) is is_told
    assert len(found.run or found.single) == count


def test_where_each_is_told_none_is_held_back() -> None:
    items = [item(20 - place, ItemState.MISSING) for place in range(4)]
    assert missed(items, lambda _stretch: 1) == NOTHING_MISSED
    assert not list(NOTHING_MISSED.notes(DAILY))


def test_it_is_said_what_is_not_told() -> None:
    found = Missed(2, (), (item(9, ItemState.MISSING), item(4, ItemState.MISSING)))
    run = tuple(item(day, ItemState.MISSING) for day in (12, 11))
    why = "from 2 in a row on and until newer data comes, for single ones are missed now and then"
    assert list(replace(found, run=run).notes(DAILY)) == [
        f"they are told as one trouble {why}",
        "earlier ones without data, after which newer data came: 2026-11-10, 2026-11-05",
    ]
    (told,) = found.notes(DAILY)
    assert told == (
        "no data came for 2026-11-10, 2026-11-05, which is told from 2 in a row on and until newer data comes, for "
        "single ones are missed now and then"
    )


def test_an_explanation_tells_of_each_that_was_missed() -> None:
    found = known(table())
    (finding, _) = nights(found, 90, 92)[92]
    clock = Clock(now=START + 92 * DAY + 8 * HOUR, last_completed_at=START + 90 * DAY + 8 * HOUR)
    schedule = found.rule.schedule
    seen = observe(found.plan, clock, found.lake.reader(found.plan))
    told = "\n".join(PeriodsTold(schedule=schedule, plan=found.plan, clock=clock, seen=seen).say(finding))
    missing = f": without data, which is told from {schedule.misses} in a row on"
    assert told.count(missing) == 2
    assert told.count(": present") == len(finding.items) == 12


@pytest.mark.parametrize(("lost", "count"), [(range(0), 0), (range(101, 105), 1)])
def test_what_would_have_been_told_is_the_runs_alone(lost: range, count: int) -> None:
    rule = table(*lost).rules[0]
    days = [START + number * DAY for number in range(125)]
    came = {
        f"{day:%Y-%m-%d}": at_
        for day in days
        if (day - START).days not in lost and (at_ := every_sixth(day)) is not None
    }
    past = Came(
        firsts=came,
        looked_at=frozenset(f"{day:%Y-%m-%d}" for day in days),
        combinations={},
        first_period_at=START,
        layout=None,
    )
    told = PartitionsRetold().retold(rule, past, Span(START + 80 * DAY, START + 124 * DAY))  # type: ignore[arg-type]
    assert len(told.alerts) == count
    for each in told.alerts:
        assert START + 102 * DAY < each.opened < START + 105 * DAY
        assert each.closed == came[f"{START + 106 * DAY:%Y-%m-%d}"]
        assert each.critical
