"""What `volume` would have told of the past: what a run at each instant says, without a look ahead."""

from __future__ import annotations

import random
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.lake.observe import observe
from checks.model import Growth, Status, Table, TableMemory
from checks.rules import CHECKS
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from checks.rules.proposing import Extent
from checks.rules.retold import Came, Retold, Span, Stretch
from tests.support.lakes import MemoryLake
from tests.support.times import BERLIN, DAY, HOUR, at
from tests.support.verdicts import judge, rules_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from checks.rules.base import Rule

UTC = ZoneInfo("UTC")
NOW = at("2026-11-23 12:00")
DAYS = 60
START = NOW.replace(hour=0) - DAYS * DAY
SPAN = Span(NOW - 30 * DAY, NOW)
DAILY = {"every": "1d", "due": "06:00"}
File = tuple[datetime, int, datetime, int]
"""A day, the number of the file, when it came, and its bytes."""
SMALL, HALF, LATE, LARGE, NONE = 40, 43, 46, 50, 53


def files(weekend: float = 1.0) -> list[File]:
    """Return two files a day that come the night after; single days are small, half there, late, large or missing."""
    chance = random.Random(3)  # noqa: S311 - a simulation, the same each time
    found = []
    for number in range(DAYS):
        day = START + number * DAY
        usual = 1000 * (weekend if day.weekday() > 4 else 1)
        size = round(usual * chance.uniform(0.9, 1.1) * {SMALL: 0.1, LARGE: 9}.get(number, 1))
        first = day + DAY + 4 * HOUR + chance.randrange(60) * HOUR / 60
        second = first + {HALF: 7 * HOUR, LATE: 9 * HOUR}.get(number, HOUR / 4)
        first += {LATE: 5 * HOUR}.get(number, 0 * HOUR)
        if number != NONE:
            found += [(day, 0, first, size // 5), (day, 1, second, size - size // 5)]
    return found


def lake_of(came: Iterable[File], until: datetime, *, parted: bool = True) -> tuple[MemoryLake, Table]:
    """Build the lake as it was at an instant."""
    lake = MemoryLake()
    table = lake.table("sales.orders", None, **({"dt": "string"} if parted else {}))
    for day, number, when, size in came:
        if when <= until:
            if parted:
                lake.register(table, [f"{day:%Y-%m-%d}"], at=when)
            where = f"dt={day:%Y-%m-%d}/" if parted else f"{day:%Y-%m-%d}-"
            lake.put(f"{table.location}{where}{number}.parquet", when, size)
    return lake, table


def came_of(
    rules: tuple[Rule, ...], came: Iterable[File], until: datetime = NOW, *, parted: bool = True
) -> Came:
    """Look back, and return what came to the check that is judged."""
    lake, table = lake_of(came, until, parted=parted)
    far: list[Rule] = []
    for each in rules:
        how = CHECKS[each.check].retelling
        assert how is not None
        changed = how.looking_back(each, Extent(back=40 * DAY))
        assert not isinstance(changed, str)
        far.append(changed)
    plan = TablePlan(table=table, rules=tuple(far), memory=TableMemory(first_period_at=at("1970-01-01")))
    seen = observe(plan, Clock(now=until, ignore_later=True), lake.reader(plan))
    assert seen.problem is None
    how = CHECKS["volume"].retelling
    assert how is not None
    return how.came(far[-1], seen)


def retold(rules: tuple[Rule, ...], came: Came, span: Span = SPAN) -> Retold:
    how = CHECKS["volume"].retelling
    assert how is not None
    return how.retold(rules[-1], came, span)


def is_told(found: Retold, when: datetime) -> bool:
    return any(each.opened <= when and (each.closed is None or when < each.closed) for each in found.alerts)


def day(number: int) -> str:
    return f"{START + number * DAY:%Y-%m-%d}"


CASES: list[tuple[str, dict[str, Mapping[str, Any]], dict[str, Any]]] = [
    ("a stated size", {"partitions": DAILY, "volume": {"min_bytes": 500}}, {}),
    ("stated both ways", {"partitions": DAILY, "volume": {"min_bytes": 500, "max_bytes": 2000}}, {}),
    ("files", {"partitions": DAILY, "volume": {"min_files": 2}}, {}),
    ("drop and rise", {"partitions": DAILY, "volume": {"drop": "60%", "rise": "300%"}}, {}),
    ("a quiet weekend", {"partitions": DAILY, "volume": {"drop": "50%"}}, {"weekend": 0.3}),
    ("few periods", {"partitions": DAILY, "volume": {"drop": "60%", "history": 3}}, {}),
    ("no partitions beside", {"volume": {"min_bytes": 500}}, {}),
    ("a warning", {"partitions": DAILY, "volume": {"drop": "60%", "severity": "warning"}}, {}),
]


@pytest.mark.parametrize(("blocks", "made"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_replay_says_at_each_instant_what_a_run_then_said(
    blocks: dict[str, Mapping[str, Any]], made: dict[str, Any]
) -> None:
    came, rules = files(**made), rules_of(blocks, UTC)
    found = retold(rules, came_of(rules, came))
    assert found.since == SPAN.begin
    said: dict[datetime, tuple[bool, bool]] = {}
    when = SPAN.begin
    while when < NOW:
        then, table = lake_of(came, when)
        plan = TablePlan(table=table, rules=rules, memory=TableMemory(first_period_at=START))
        clock = Clock(now=when, ignore_later=True)
        findings = judge(plan, observe(plan, clock, then.reader(plan)), clock)
        finding = findings["volume"]
        assert finding.status is not Status.UNKNOWN, (when, finding.because)
        # A period without any data is told by the check of periods.
        is_alone = "partitions" not in findings or "in 0 files" not in finding.because
        said[when] = finding.status is Status.FAIL and is_alone, is_told(found, when)
        when += 7 * HOUR + 7 * HOUR / 60
    assert {at_: run for at_, (run, _) in said.items()} == {at_: told for at_, (_, told) in said.items()}
    assert any(run for run, _ in said.values())


AUTO: list[dict[str, Mapping[str, Any]]] = [
    {"partitions": DAILY, "volume": {"auto": True}},
    {"partitions": DAILY, "volume": {"drop": "60%", "rise": "300%"}},
    {"partitions": {"auto": True, "every": "1d"}, "volume": {"auto": True, "min_bytes": 10}},
    {"volume": {"auto": True}},
]


@pytest.mark.parametrize("blocks", AUTO)
def test_what_comes_after_an_instant_changes_no_alert_before_it(blocks: dict[str, Mapping[str, Any]]) -> None:
    came, rules = files(), rules_of(blocks, UTC)
    came += [(START + 45 * DAY, 7, START + 51 * DAY, 90_000), (START + 20 * DAY, 7, START + 52 * DAY, 90_000)]
    whole = retold(rules, came_of(rules, came))
    assert len(whole.alerts) > 1
    for hours in range(0, 29 * 24, 41):
        cut = SPAN.begin + hours * HOUR
        # The end stays: what is not there after the cut never came.
        left = retold(rules, came_of(rules, [each for each in came if each[2] <= cut], NOW))
        before = [
            (each.opened, each.closed if each.closed and each.closed <= cut else None)
            for each in whole.alerts
        ]
        after = [
            (each.opened, each.closed if each.closed and each.closed <= cut else None) for each in left.alerts
        ]
        assert [each for each in before if each[0] <= cut] == [each for each in after if each[0] <= cut], cut


def test_each_check_is_replayed_or_says_why_not() -> None:
    assert {check for check, each in CHECKS.items() if each.retelling is None} == {
        "files",
        "schema",
        "catalog",
        "events",
    }
    assert all(bool(each.unreplayed) is (each.retelling is None) for each in CHECKS.values())


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"min_bytes": "50MB"}, ["min_bytes: 50MB", "min_bytes: 33.3MB", "min_bytes: 75MB", "auto"]),
        ({"max_files": 9}, ["max_files: 9", "max_files: 14", "max_files: 6", "auto"]),
        ({"drop": "20%"}, ["drop: 20%", "drop: 46.7%", "drop: 10%", "auto"]),
        ({"rise": "10%"}, ["rise: 10%", "rise: 65%", "rise: 5%", "auto"]),
        (
            {"min_files": 0, "drop": "60%"},
            ["min_files: 0, drop: 60%", "min_files: 0, drop: 73.3%", "min_files: 0, drop: 40%", "auto"],
        ),
        ({"auto": True}, ["auto", "auto for 0.25 false alarms a year", "auto for 4 false alarms a year"]),
        (
            {"auto": True, "drop": "60%"},
            [
                "auto, drop: 60%",
                "auto for 0.25 false alarms a year",
                "auto for 4 false alarms a year",
                "drop: 60%, without auto",
            ],
        ),
    ],
)
def test_candidates_are_named_as_a_config_states_them(block: dict[str, Any], said: list[str]) -> None:
    rule = rules_of({"volume": block}, BERLIN)[0]
    how = CHECKS["volume"].retelling
    assert how is not None
    assert [each.name for each in how.candidates(rule)] == said
    assert next(how.candidates(rule)).rule is rule


TABLE = Table(id="a.b", location="s3://lake/a/b/")


def grown(*steps: tuple[datetime, int]) -> tuple[Growth, ...]:
    return tuple(Growth(int(when.timestamp()), size, 1) for when, size in steps)


def days_of(came: Mapping[int, tuple[Growth, ...]]) -> Came:
    rules = rules_of({"partitions": DAILY, "volume": {"min_bytes": 100}}, UTC)
    _, table = lake_of(files(), NOW)
    layout = came_of(rules, files()[:4]).layout
    return Came(
        table=table, grown={day(n): steps for n, steps in came.items()}, first_period_at=START, layout=layout
    )


def test_boundaries_are_those_of_the_limit_and_of_the_deadline() -> None:
    rules = rules_of({"partitions": DAILY, "volume": {"min_bytes": 100}}, UTC)
    due = START + 51 * DAY + 6 * HOUR
    span = Span(due - HOUR, due + 30 * HOUR)
    minute = HOUR / 60
    whole, after = grown((due - HOUR, 100)), grown((due + 20 * HOUR, 100))
    cases = {
        (due - HOUR, 100): [],
        (due, 100): [],
        (due + minute, 100): [],  # until then it held nothing, which is told by the check of periods
        (due - HOUR, 99): [(due, due + DAY)],
    }
    for (when, size), expected in cases.items():
        found = retold(rules, days_of({49: whole, 50: grown((when, size)), 51: after}), span)
        assert [(each.opened, each.closed) for each in found.alerts] == expected, (when, size)
    parts = grown((due - HOUR, 99), (due + 2 * HOUR, 1))
    found = retold(rules, days_of({49: whole, 50: parts, 51: after}), span)
    assert found.alerts == (Stretch(opened=due, closed=due + 2 * HOUR, periods=(day(50),)),)


def test_nothing_known_is_said() -> None:
    rules = rules_of({"volume": {"min_bytes": 100}}, UTC)
    assert retold(rules, Came()).lacks == "it was not read"
    assert retold(rules, Came(table=TABLE)).lacks == "how much it held is not known"
    assert retold(rules, Came(table=TABLE, unknown="its log is gone")).lacks == "its log is gone"
    learned = rules_of({"volume": {"auto": True}}, UTC)
    few = Came(table=TABLE, whole=grown((NOW - 3 * DAY, 100)))
    assert retold(learned, few).since is None
    assert "3 earlier days seen, 8 needed" in retold(learned, few).lacks


def test_a_table_that_lost_data_is_judged_as_it_was() -> None:
    rules = rules_of({"volume": {"min_bytes": 100}}, UTC)
    begin = SPAN.begin.replace(hour=0) + DAY
    steps = grown((begin, 150), (begin + DAY, -100), (begin + DAY + 5 * HOUR, 80))
    found = retold(rules, Came(table=TABLE, whole=steps))
    assert found.since == begin
    assert found.alerts == (Stretch(opened=begin + DAY, closed=begin + DAY + 5 * HOUR),)


def test_what_has_no_time_is_there_from_the_first_on_and_keeps_a_whole_table_from_being_judged_before() -> (
    None
):
    rules = rules_of({"partitions": DAILY, "volume": {"min_bytes": 100}}, UTC)
    undated = (Growth(int((NOW - DAY).timestamp()), 50, 1, is_dated=False),)
    came = days_of(dict.fromkeys(range(30, 60), undated))
    found = retold(rules, came)
    assert found.alerts == (
        Stretch(
            opened=START + 31 * DAY + 6 * HOUR, closed=None, periods=tuple(day(n) for n in range(30, 60))
        ),
    )
    whole = retold(
        rules_of({"volume": {"min_bytes": 10}}, UTC), Came(table=TABLE, whole=(*undated, *grown((START, 5))))
    )
    assert whole.since == NOW - DAY
