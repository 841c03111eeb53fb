"""Runs with learned limits: a fleet over forty nights, and what holds while too little is known."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from checks.model import Finding, ProblemKind, Severity, Status
from tests.support.fleet import (
    Coming,
    Fleet,
    lost,
    nights,
    prefix_of,
)
from tests.support.habits import HABITS, START, comings, config_of
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


SWITCHED_ON = START + 60 * DAY
DIED = START + 75 * DAY
FOUND_AFTER = {"weekdays": 18, "weekly": 19, "monthly": 34}
"""The night on which a table that died is told, where that is not the first night after: 16."""


@pytest.mark.slow
def test_forty_nights_with_auto_alone_healthy_tables_raise_nothing_and_dead_ones_are_told_once() -> None:
    well = {f"{habit}-well": habit for habit in HABITS}
    dead = {f"{habit}-dead": habit for habit in HABITS}
    all_that_comes = [each for name, habit in well.items() for each in comings(name, habit)]
    for name, habit in dead.items():
        all_that_comes += lost(comings(name, habit), lambda each: each.at >= DIED)
    fleet = Fleet(config_of([*well, *dead]), all_that_comes)
    failing: dict[str, list[int]] = {}
    asked = []
    for night, now in enumerate(nights(SWITCHED_ON, 40)):
        for table, finding in fleet.run(now).items():
            if finding.status is not Status.PASS:
                assert finding.severity is Severity.CRITICAL, finding.because
                failing.setdefault(table, []).append(night)
        asked.append(fleet.asked)
    told = {prefix_of(name): FOUND_AFTER.get(habit, 16) for name, habit in dead.items()}
    assert {table: first[0] for table, first in failing.items()} == told
    for table, found in failing.items():  # it is one trouble that goes on, and comes back never
        assert found == list(range(told[table], 40)), table
    # A place is listed as it was without learning: a page for each 1,000 objects.
    assert asked == [_pages(all_that_comes, now) for now in nights(SWITCHED_ON, 40)]


def _pages(comings: Iterable[Coming], now: datetime) -> int:
    objects = Counter(each.place for each in comings if each.at <= now)
    return sum(-(-count // 1000) for count in objects.values())


GONE_AND_BACK = {64: {"daily", "hourly"}, 65: {"daily", "hourly", "weekdays"}}
"""Which tables fail at 09:00 on which days after the start; data of days 64 and 65 is lost."""


@pytest.mark.slow
def test_nothing_that_comes_later_changes_what_a_run_tells() -> None:
    names = {habit: habit for habit in ("daily", "hourly", "weekdays")}
    everything = [each for name in names for each in comings(name, name, 75)]
    gone = lost(everything, lambda each: START + 64 * DAY <= each.at < START + 66 * DAY)
    whole, config = Fleet(config_of(names), gone), config_of(names)
    for coming in gone:  # all of it is there from the beginning, and every run is for an earlier time
        whole.lake.put(coming.place + coming.name, coming.at)
    whole.waiting = []
    alarms: dict[int, set[str]] = {}
    for number in range(60, 74):
        now = START + number * DAY + 9 * HOUR
        cut = Fleet(config, [each for each in gone if each.at <= now])
        cut.state = whole.state
        seen = {table: _told(finding) for table, finding in cut.run(now, keep=False).items()}
        found = whole.look(now, ignore_later=True)
        assert {table: _told(finding) for table, finding in found.items()} == seen, number
        alarms[number] = {
            table.split("/")[3] for table, each in found.items() if each.status is not Status.PASS
        }
    assert {number: tables for number, tables in alarms.items() if tables} == GONE_AND_BACK


def _told(finding: Finding) -> tuple[object, ...]:
    return finding.status, finding.severity, finding.because, finding.limits, finding.usual


def test_runs_that_kept_what_came_later_do_not_look_ahead_either() -> None:
    fleet = Fleet(config_of(["daily"]), list(comings("daily", "daily", 90)))
    now = SWITCHED_ON + 9 * HOUR
    before = _told(fleet.run(now, keep=False)[prefix_of("daily")])
    fleet.run(START + 88 * DAY)  # remembers all until then
    assert _told(fleet.look(now, keep=False, ignore_later=True)[prefix_of("daily")]) == before


YOUNG = [Coming(START + number * DAY + 5 * HOUR, prefix_of("young"), f"{number}.csv") for number in range(3)]
TOO_LITTLE = "expected at most 36 h old; too little is known to learn: 3 arrivals seen, 4 needed"
BESIDE: dict[str, Any] = {"auto": True, "max_age": "36h"}


@pytest.mark.parametrize(
    ("freshness", "age", "status", "words"),
    [
        ("auto", 2 * HOUR, Status.UNKNOWN, "is not known yet: 3 arrivals seen, 4 needed"),
        (BESIDE, 36 * HOUR, Status.PASS, TOO_LITTLE),
        (BESIDE, 37 * HOUR, Status.FAIL, f"the newest came Wed 5 Aug 2026 05:00 UTC; {TOO_LITTLE}"),
        (
            {"auto": True, "by": "06:00"},
            3 * HOUR,
            Status.PASS,
            "expected by Wed 5 Aug 2026 06:00 UTC (data since",
        ),
    ],
)
def test_with_too_little_to_go_by_the_limits_beside_it_hold(
    freshness: object, age: Any, status: Status, words: str
) -> None:
    fleet = Fleet(config_of(["young"], freshness), YOUNG)
    finding = fleet.run(YOUNG[-1].at + age)[prefix_of("young")]
    assert finding.status is status
    assert words in finding.because
    if status is Status.UNKNOWN:
        assert finding.problem is ProblemKind.TOO_LITTLE_HISTORY
        assert "max_age beside auto" in finding.advice


def test_what_is_empty_is_critical_whatever_is_learned() -> None:
    fleet = Fleet(config_of(["empty"]), [])
    finding = fleet.run(START)[prefix_of("empty")]
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.CRITICAL)
    assert finding.because == "never loaded: s3://lake/empty/ was listed completely and holds nothing"


ODD = {
    "two arrivals": [START, START + DAY],
    "one instant": [START + DAY] * 30,
    "a year of gaps": [START - 365 * DAY, START - 364 * DAY, START + DAY],
    "duplicates": [START + number // 3 * DAY for number in range(9)],
}


@pytest.mark.parametrize("name", ODD)
def test_odd_arrivals_are_too_few_and_said_so(name: str) -> None:
    odd = [Coming(when, prefix_of("odd"), f"{number}.csv") for number, when in enumerate(ODD[name])]
    fleet = Fleet(config_of(["odd"]), odd)
    for hours in range(0, 72, 24):
        finding = fleet.run(START + 3 * DAY + hours * HOUR)[prefix_of("odd")]
        assert finding.status is Status.UNKNOWN
        assert "seen, " in finding.because


def test_zero_bytes_teach_nothing() -> None:
    fleet = Fleet(config_of(["odd"]), comings("odd", "daily", 60))
    first = fleet.run(START + 60 * DAY)[prefix_of("odd")]
    for number in range(40):  # empty files that would say that something comes each hour
        fleet.lake.put(prefix_of("odd") + f"empty-{number}", START + 58 * DAY + number * HOUR, size=0)
    assert _told(fleet.look(START + 60 * DAY, keep=False)[prefix_of("odd")]) == _told(first)


def test_times_ahead_of_the_run_teach_nothing_and_hide_nothing() -> None:
    fleet = Fleet(config_of(["odd"]), comings("odd", "daily", 60))
    now = START + 62 * DAY
    first = fleet.run(now, ignore_later=True)[prefix_of("odd")]
    assert first.status is Status.FAIL
    fleet.lake.put(prefix_of("odd") + "ahead.csv", now + 30 * DAY)
    assert _told(fleet.look(now, ignore_later=True)[prefix_of("odd")]) == _told(first)


def test_a_run_without_time_to_learn_judges_by_the_limits_beside_it_and_forgets_nothing() -> None:
    fleet = Fleet(config_of(["daily"], {"auto": True, "max_age": "36h"}), comings("daily", "daily", 90))
    fleet.run(SWITCHED_ON)
    kept = fleet.state.tables[prefix_of("daily")].memory.arrivals
    fleet.stop_at = time.monotonic() - 1
    finding = fleet.run(SWITCHED_ON + DAY)[prefix_of("daily")]
    assert finding.status is Status.PASS
    assert finding.because.endswith("expected at most 36 h old; there was no time to learn in this run")
    assert fleet.state.tables[prefix_of("daily")].memory.arrivals == kept
    fleet.stop_at = None
    finding = fleet.run(SWITCHED_ON + 2 * DAY)[prefix_of("daily")]
    assert "as was learned" in finding.because


def test_without_time_and_without_a_limit_it_is_unknown() -> None:
    fleet = Fleet(config_of(["daily"]), comings("daily", "daily", 90), stop_at=time.monotonic() - 1)
    finding = fleet.run(SWITCHED_ON)[prefix_of("daily")]
    assert finding.status is Status.UNKNOWN
    assert "there was no time to learn in this run" in finding.because


@pytest.mark.parametrize(
    ("bounds", "hours"), [({"floor": "40h"}, 40), ({"cap": "10h"}, 10), ({"floor": "1h", "cap": "5d"}, None)]
)
def test_floor_and_cap_hold_to_the_second(bounds: dict[str, str], hours: int | None) -> None:
    given = list(comings("daily", "daily", 60))
    fleet = Fleet(config_of(["daily"], {"auto": True, **bounds}), given)
    last = given[-1].at
    free = Fleet(config_of(["daily"]), given).run(last)[prefix_of("daily")].deadline
    assert free is not None
    due = free if hours is None else last + hours * HOUR
    fleet.run(last)
    for seconds, status in ((-1, Status.PASS), (0, Status.PASS), (1, Status.FAIL)):
        finding = fleet.look(due + seconds * (HOUR / 3600), keep=False)[prefix_of("daily")]
        assert (finding.deadline, finding.status) == (due, status)
        said = {
            40: ", as was learned, held to its floor of 40 h",
            10: ", as was learned, held to its cap of 10 h",
        }
        assert said.get(hours or 0, ", as was learned") in finding.because
        assert ("held to" in finding.because) is (hours is not None)


def test_nothing_is_due_on_days_that_a_calendar_closes() -> None:
    given = list(comings("daily", "daily", 60))  # the last comes on a Thursday
    block = {"auto": True, "calendar": "rest"}
    closed = {"rest": {"closed": ["fri", "sat"], "also_closed": ["2026-10-04"]}}
    fleet = Fleet(config_of(["daily"], block, calendars=closed), given)
    due = fleet.run(given[-1].at)[prefix_of("daily")].deadline
    free = Fleet(config_of(["daily"]), given).run(given[-1].at)[prefix_of("daily")].deadline
    assert due is not None
    assert free is not None
    assert due == free + 3 * DAY  # Friday, Saturday and Sunday 4 October are closed
    assert fleet.look(due, keep=False)[prefix_of("daily")].status is Status.PASS
    assert fleet.look(due + HOUR / 3600, keep=False)[prefix_of("daily")].status is Status.FAIL


def test_a_budget_is_shared_and_a_larger_one_gives_a_shorter_margin() -> None:
    given = list(comings("by-chance", "by-chance", 60))
    due = {}
    for budget in ("1/year", "4/year"):
        fleet = Fleet(config_of(["by-chance"], false_alarms=budget), given)
        due[budget] = fleet.run(given[-1].at)[prefix_of("by-chance")].deadline
    alone, among = due["4/year"], due["1/year"]
    assert alone is not None
    assert among is not None
    assert alone < among
    names = ["by-chance", *(f"other-{number}" for number in range(3))]
    shared = Fleet(config_of(names, false_alarms="4/year"), given)
    assert shared.run(given[-1].at)[prefix_of("by-chance")].deadline == among


def test_a_table_that_is_no_longer_learned_keeps_nothing() -> None:
    fleet = Fleet(config_of(["daily"]), comings("daily", "daily", 90))
    fleet.run(SWITCHED_ON)
    assert fleet.state.tables[prefix_of("daily")].memory.arrivals is not None
    fleet.config = config_of(["daily"], {"max_age": "36h"})
    fleet.run(SWITCHED_ON + DAY)
    assert fleet.state.tables[prefix_of("daily")].memory.arrivals is None
