"""What rules would have told of the past: what a run at each instant says; looser and tighter limits."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.lake.observe import observe
from checks.model import Status, Table, TableMemory
from checks.rules import CHECKS
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from checks.rules.proposing import Extent
from checks.rules.retold import Came, Lack, Retold, Span, Stretch, by_limits, by_the_hour, together
from tests.support.lakes import MemoryLake
from tests.support.times import BERLIN, DAY, HOUR, at
from tests.support.verdicts import judge, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checks.model import PartitionSeen
    from checks.rules.base import Rule

NOW = at("2026-11-23 12:00")
START = NOW.replace(hour=0) - 40 * DAY
SPAN = Span(NOW - 30 * DAY, NOW)
Load = tuple[datetime, datetime, str]
"""A day, when its file came, and in which region."""


def loads(regions: Sequence[str] = ("eu",), weekdays: int = 7) -> list[Load]:
    """Return days that come in the morning after; single ones are late, missing, or come days later."""
    chance = random.Random(7)  # noqa: S311 - a simulation, the same each time
    found = []
    for number in range(40):
        day = START + number * DAY
        for region in regions:
            late = {15: 9 * HOUR, 20: 4 * DAY, 30: 90 * HOUR / 60}.get(number, 0 * HOUR)
            if day.weekday() < weekdays and (number, region) not in {
                (25, "eu"),
                (26, "eu"),
                (33, "us"),
                (38, "eu"),
            }:
                came = day + DAY + 5 * HOUR + chance.randrange(40) * HOUR / 60 + late
                found.append((day, came, region))
    return found


def lake_of(came: Iterable[Load], until: datetime, *, by_region: bool = False) -> tuple[MemoryLake, Table]:
    """Build the lake as it was at an instant."""
    lake = MemoryLake()
    keys = {"dt": "string", "region": "string"} if by_region else {"dt": "string"}
    table = lake.table("sales.orders", None, **keys)
    for day, when, region in came:
        if when <= until:
            values = [f"{day:%Y-%m-%d}", *([region] if by_region else [])]
            where = "/".join(f"{key}={value}" for key, value in zip(keys, values, strict=True))
            lake.register(table, values, at=when)
            lake.put(f"{table.location}{where}/a.parquet", when)
    return lake, table


def retold(rule: Rule, table: Table, lake: MemoryLake, rules: tuple[Rule, ...], back: int = 40) -> Retold:
    """Look back with the rules of a table, and return what one of them would have told."""
    how = CHECKS[rule.check].retelling
    assert how is not None
    extent = Extent(back=back * DAY)
    far: list[Rule] = []
    for each in rules:
        looking = CHECKS[each.check].retelling
        assert looking is not None
        changed = looking.looking_back(each, extent)
        assert not isinstance(changed, str)
        far.append(changed)
    plan = TablePlan(table=table, rules=tuple(far), memory=TableMemory(first_period_at=at("1970-01-01")))
    seen = observe(plan, Clock(now=NOW, ignore_later=True), lake.reader(plan))
    assert seen.problem is None
    mine = next(each for each in far if each.check == rule.check)
    return how.retold(rule, how.came(mine, seen), SPAN)


def is_told(found: Retold, when: datetime) -> bool:
    return any(each.opened <= when and (each.closed is None or when < each.closed) for each in found.alerts)


CASES: list[tuple[str, dict[str, Mapping[str, Any]], dict[str, Any]]] = [
    ("an age", {"freshness": {"max_age": "26h"}}, {}),
    ("two ages", {"freshness": {"warn_after": "25h", "error_after": "2d"}}, {}),
    ("an age of open days", {"freshness": {"max_age": "26h", "calendar": "office"}}, {"weekdays": 5}),
    ("a time of day", {"freshness": {"by": "07:30", "within": "6h"}}, {}),
    ("a time with grace", {"freshness": {"by": "06:00", "within": "6h", "grace": "2h"}}, {}),
    ("days", {"partitions": {"every": "1d", "due": "08:00"}}, {}),
    ("a short lookback", {"partitions": {"every": "1d", "due": "08:00", "lookback": 3}}, {}),
    ("a lookback of time", {"partitions": {"every": "1d", "after": "8h", "lookback": "4d"}}, {}),
    ("several at once", {"partitions": {"every": "1d", "due": "08:00", "error_when": 2, "lookback": 5}}, {}),
    ("grace", {"partitions": {"every": "1d", "due": "06:00", "grace": "2h", "lookback": 5}}, {}),
    ("working days", {"partitions": {"every": "1d", "due": "08:00", "calendar": "office"}}, {"weekdays": 5}),
    (
        "each region",
        {"partitions": {"every": "1d", "due": "08:00", "each": "region", "lookback": 4}},
        {"regions": ("eu", "us")},
    ),
    (
        "regions at times of their own",
        {"partitions": {"every": "1d", "each": {"region": {"eu": {"due": "06:00"}, "us": {"due": "14:00"}}}}},
        {"regions": ("eu", "us")},
    ),
]


@pytest.mark.parametrize(("blocks", "made"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_replay_says_at_each_instant_what_a_run_then_said(
    blocks: dict[str, Mapping[str, Any]], made: dict[str, Any]
) -> None:
    came = loads(**made)
    by_region = "regions" in made
    rules = rules_of(blocks, BERLIN)
    lake, table = lake_of(came, NOW, by_region=by_region)
    found = retold(rules[-1], table, lake, rules)
    assert found.since is not None
    assert found.since <= SPAN.begin + DAY
    memory = TableMemory(
        first_period_at=START, combinations={(("region", one),): START for one in made.get("regions", ())}
    )
    said: dict[datetime, tuple[bool, bool]] = {}
    when = found.since
    while when < NOW:
        then, table = lake_of(came, when, by_region=by_region)
        plan = TablePlan(table=table, rules=rules, memory=memory)
        clock = Clock(now=when, ignore_later=True)
        finding = judge(plan, observe(plan, clock, then.reader(plan)), clock)[rules[-1].check]
        assert finding.status is not Status.UNKNOWN, (when, finding.because)
        said[when] = finding.status is Status.FAIL, is_told(found, when)
        when += 5 * HOUR + 7 * HOUR / 60
    assert {at_: run for at_, (run, _) in said.items()} == {at_: told for at_, (_, told) in said.items()}
    assert any(run for run, _ in said.values())


def test_boundaries_are_those_of_limits() -> None:
    last = at("2026-11-01 06:00")
    rule = rules_of({"freshness": {"max_age": "26h"}}, BERLIN)[0]
    how = CHECKS["freshness"].retelling
    assert how is not None
    on_time = how.retold(rule, Came(times=(last, last + 26 * HOUR)), Span(last, last + 26 * HOUR))
    assert on_time.alerts == ()
    assert (
        how.retold(rule, Came(times=(last,)), Span(last, last + 26 * HOUR)).alerts == ()
    )  # exactly the limit
    gap = 26 * HOUR + timedelta(seconds=1)
    found = how.retold(rule, Came(times=(last, last + gap)), Span(last, last + gap + HOUR))
    assert found.alerts == (Stretch(opened=last + 26 * HOUR, closed=last + gap),)
    still = how.retold(rule, Came(times=(last,)), Span(last, last + 27 * HOUR))
    assert still.alerts == (Stretch(opened=last + 26 * HOUR, closed=None),)


def test_what_failed_before_the_time_that_is_judged_is_told_from_its_begin_on() -> None:
    last, begin = at("2026-11-01 06:00"), at("2026-11-05")
    rule = rules_of({"freshness": {"max_age": "26h"}}, BERLIN)[0]
    how = CHECKS["freshness"].retelling
    assert how is not None
    found = how.retold(rule, Came(times=(last, begin + HOUR)), Span(begin, begin + 2 * HOUR))
    assert found.alerts == (Stretch(opened=begin, closed=begin + HOUR),)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 40 * 24 * 60), min_size=1, max_size=30), st.integers(1, 72), st.integers(1, 72)
)
def test_a_tighter_age_tells_all_that_a_looser_one_does(minutes: list[int], hours: int, more: int) -> None:
    times = tuple(sorted({START + timedelta(minutes=each) for each in minutes}))
    span = Span(times[0], NOW)

    def alerts(age: timedelta) -> list[Stretch]:
        return list(by_limits(times, span, lambda _: None, lambda now: now - age))

    tight, loose = alerts(hours * HOUR), alerts((hours + more) * HOUR)
    for each in loose:
        around = next(one for one in tight if one.opened <= each.opened and one.closed == each.closed)
        assert each.opened - around.opened == more * HOUR or around.opened == span.begin
    assert all(one.opened <= two.opened for one, two in pairwise(tight))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(1, 200)), max_size=12),
    st.integers(1, 3),
    st.integers(0, 700),
)
def test_stretches_cover_what_lacks_and_nothing_else(
    spans: list[tuple[int, int]], error_when: int, hour: int
) -> None:
    lacks = [
        Lack(
            period=str(number),
            since=START + begin * HOUR,
            critical_from=START + begin * HOUR,
            until=START + (begin + length) * HOUR,
        )
        for number, (begin, length) in enumerate(spans)
    ]
    found = list(together(lacks, Span(START, START + 1000 * HOUR), error_when))
    when = START + hour * HOUR
    lacking = any(each.since <= when and each.until is not None and when < each.until for each in lacks)
    assert is_told(Retold(alerts=tuple(found)), when) is lacking
    assert sum(len(each.periods) for each in found) == len(lacks)
    if error_when == 1:
        assert all(each.critical for each in found)


def test_what_is_learned_tells_a_gap_and_holds_the_stated_age_until_then() -> None:
    times = tuple(START + number * DAY + 5 * HOUR for number in range(41) if number not in (1, 2, 30))
    stated = rules_of({"freshness": {"auto": True, "max_age": "36h"}}, BERLIN)[0]
    how = CHECKS["freshness"].retelling
    assert how is not None
    found = how.retold(stated, Came(times=times), Span(START, NOW))
    assert found.since == START + 5 * HOUR
    assert found.alerts[0] == Stretch(opened=START + 41 * HOUR, closed=START + 3 * DAY + 5 * HOUR)
    assert [each.opened for each in found.alerts[1:]] == [START + 30 * DAY + 8 * HOUR]
    bare = rules_of({"freshness": {"auto": True}}, BERLIN)[0]
    found = how.retold(bare, Came(times=times), Span(START, NOW))
    assert found.since is not None
    assert found.since > START + 3 * DAY
    assert len(found.alerts) == 1
    few = how.retold(bare, Came(times=times[:2]), Span(START, NOW))
    assert few == Retold(lacks="2 arrivals seen, 4 needed")


def test_closed_days_put_what_is_learned_off() -> None:
    lost = 31
    assert (START + lost * DAY).weekday() == 5
    times = tuple(START + n * DAY + 5 * HOUR for n in range(41) if n != lost)
    how = CHECKS["freshness"].retelling
    assert how is not None
    blocks: list[dict[str, Any]] = [{"auto": True}, {"auto": True, "calendar": "office"}]
    plain, closed = (
        how.retold(rules_of({"freshness": block}, BERLIN)[0], Came(times=times), Span(START, NOW))
        for block in blocks
    )
    assert [f"{each.opened:%a %H:%M}" for each in plain.alerts] == ["Sat 08:00"]
    assert closed.alerts == ()


def test_a_learned_schedule_is_that_of_each_day() -> None:
    came = loads()
    lake, table = lake_of(came, NOW)
    rules = rules_of({"partitions": {"every": "1d", "auto": True}}, BERLIN)
    found = retold(rules[0], table, lake, rules)
    assert found.since is not None
    told = [period for each in found.alerts for period in each.periods]
    assert f"{START + 25 * DAY:%Y-%m-%d}" in told
    assert f"{START + 26 * DAY:%Y-%m-%d}" in told
    assert found.alerts[-1].closed is None  # the day that is missing now


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"max_age": "24h"}, ["error_after: 24h", "error_after: 36h", "error_after: 16h", "auto"]),
        (
            {"warn_after": "90m", "error_after": "3h"},
            [
                "warn_after: 90m, error_after: 3h",
                "warn_after: 2h, error_after: 4h",
                "warn_after: 1h, error_after: 2h",
                "auto",
            ],
        ),
        (
            {"by": "07:30"},
            ["by 07:30 Europe/Berlin", "by 08:30 Europe/Berlin", "by 06:30 Europe/Berlin", "auto"],
        ),
        ({"by": "23:30"}, ["by 23:30 Europe/Berlin", "by 22:30 Europe/Berlin", "auto"]),
        ({"auto": True}, ["auto", "auto for 0.25 false alarms a year", "auto for 4 false alarms a year"]),
        (
            {"auto": True, "max_age": "24h"},
            [
                "auto",
                "auto for 0.25 false alarms a year",
                "auto for 4 false alarms a year",
                "error_after: 24h, without auto",
            ],
        ),
    ],
)
def test_candidates_are_named_as_a_config_states_them(block: dict[str, Any], said: list[str]) -> None:
    rule = rules_of({"freshness": block}, ZoneInfo("Europe/Berlin"))[0]
    how = CHECKS["freshness"].retelling
    assert how is not None
    assert [each.name for each in how.candidates(rule)] == said
    assert next(how.candidates(rule)).rule is rule


@pytest.mark.parametrize(
    ("block", "names"),
    [
        (
            {"every": "1d", "due": "08:00"},
            [
                "08:00 Europe/Berlin at or after its end",
                "09:00 Europe/Berlin at or",
                "07:00 Europe/Berlin at or",
                "auto",
            ],
        ),
        ({"every": "1w", "after": "6h"}, ["6 h past", "16 h 30 min past", "auto"]),
        ({"every": "15m", "after": "5m"}, ["5 min past", "5 min past", "4 min past"]),
        ({"every": "1h", "after": "15m"}, ["15 min past", "18 min past", "11 min past", "auto"]),
        ({"every": "1d", "due": "0 6,8 * * *"}, ["cron", "auto"]),
        ({"every": "1d", "auto": True}, ["auto", "auto for 0.25", "auto for 4"]),
    ],
)
def test_candidates_of_periods(block: dict[str, Any], names: list[str]) -> None:
    rule = rules_of({"partitions": block}, ZoneInfo("Europe/Berlin"))[0]
    how = CHECKS["partitions"].retelling
    assert how is not None
    found = [each.name for each in how.candidates(rule)]
    assert len(found) == len(names)
    if names[0] != "cron":
        assert all(name in told for name, told in zip(names, found, strict=True)), found


@pytest.mark.parametrize(
    ("cron", "hours", "moved"),
    [
        ("30 7 * * *", 1, "30 8 * * *"),
        ("30 0 * * 1-5", -1, None),
        ("30 0 * * 1-5", 1, "30 1 * * 1-5"),
        ("0 23 * * *", 1, None),
        ("0 22 * * *", 1, "0 23 * * *"),
        ("0 6,8 * * *", 1, None),
        ("*/5 * * * *", 1, None),
    ],
)
def test_a_time_of_day_moves_within_its_day(cron: str, hours: int, moved: str | None) -> None:
    assert by_the_hour(cron, hours) == moved


def test_nothing_known_is_said() -> None:
    fresh, days = CHECKS["freshness"].retelling, CHECKS["partitions"].retelling
    assert fresh is not None
    assert days is not None
    rule = rules_of({"freshness": {"max_age": "24h"}}, BERLIN)[0]
    assert fresh.retold(rule, Came(), SPAN).lacks == "no time at which data came is known"
    rule = rules_of({"partitions": {"every": "1d"}}, BERLIN)[0]
    assert days.retold(rule, Came(), SPAN).lacks == "no period of it held data"
    also = rules_of({"freshness": {"max_age": "24h", "also_in": ["a.b"]}}, BERLIN)[0]
    assert fresh.looking_back(also, Extent(back=DAY)) == "it is judged together with other tables"
    assert CHECKS["files"].retelling is None


@pytest.mark.parametrize("block", [{"every": "1d", "due": "08:00"}, {"auto": True, "every": "1d"}])
@pytest.mark.parametrize("whole", [True, False])
def test_what_is_there_since_nobody_knows_when_is_neither_late_nor_missing(
    block: dict[str, Any],
    whole: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """So it is where a log was archived, its snapshots expired, or its files were rewritten, all or some of them."""
    lake, table = lake_of(loads(), NOW)
    (rule,) = rules_of({"partitions": block}, BERLIN)
    how = CHECKS["partitions"].retelling
    assert how is not None
    far = how.looking_back(rule, Extent(back=40 * DAY))
    assert not isinstance(far, str)
    plan = TablePlan(table=table, rules=(far,), memory=TableMemory(first_period_at=at("1970-01-01")))
    seen = observe(plan, Clock(now=NOW, ignore_later=True), lake.reader(plan))
    lost = [(START + number * DAY).strftime("%Y-%m-%d") for number in range(21)]  # two of them were late

    def without_a_time(each: PartitionSeen) -> tuple[PartitionSeen, ...]:
        if each.period.label not in lost or each.listing is None or not each.listing.objects:
            return (each,)
        stripped = replace(each, listing=replace(each.listing, oldest_at=None), created_at=None)
        return (stripped,) if whole else (each, stripped)

    short = replace(seen, partitions=tuple(one for each in seen.partitions for one in without_a_time(each)))
    before, after = (how.retold(rule, how.came(far, one), SPAN).alerts for one in (seen, short))
    told = [each.periods for each in before if not set(each.periods) & set(lost)]
    assert [each.periods for each in after] == told
    assert 0 < len(told) < len(before)


def test_severities_are_those_of_the_limits() -> None:
    times = (START, START + 3 * DAY)
    rule = rules_of({"freshness": {"warn_after": "1d", "error_after": "2d"}}, BERLIN)[0]
    how = CHECKS["freshness"].retelling
    assert how is not None
    (both,) = how.retold(rule, Came(times=times), Span(START, times[-1])).alerts
    assert both == Stretch(opened=START + DAY, closed=START + 3 * DAY, critical=True)
    (soft,) = how.retold(rule, Came(times=(START, START + 2 * DAY)), Span(START, START + 2 * DAY)).alerts
    assert soft.critical is False
