"""Data that was there and is gone: lost, or deleted by its age."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.changes import State, advance, changes, complete
from checks.history.document import from_text, to_text
from checks.lake.observe import observe
from checks.model import ItemState, Reason, Severity, Status
from checks.monitor.plan import Planned
from checks.monitor.run_memory import records
from checks.report import text
from checks.report.build import build
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.times import DAY, HOUR, UTC_ZONE, at
from tests.support.verdicts import judge, rules_of

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from checks.model import Change, Finding, Table

FIRST = at("2026-09-01 00:00")
DAILY = {"every": "1d", "due": "06:00"}


@dataclass
class Landing:
    """A table whose periods come an hour after their end, and the runs over it, each with the memory before it."""

    blocks: dict[str, dict[str, Any]] = field(default_factory=lambda: {"partitions": DAILY})
    step: timedelta = DAY
    name: str = "{:%Y/%m/%d}/"
    lake: MemoryLake = field(default_factory=MemoryLake)
    state: State = field(default_factory=State)
    table: Table = field(init=False)
    news: tuple[Change, ...] = ()
    mail: str = ""

    def __post_init__(self) -> None:
        self.lake.bucket("raw")
        self.table = prefix("s3://raw/land/")

    def load(self, start: datetime) -> None:
        self.lake.put(f"s3://raw/land/{self.name.format(start)}a.json", start + self.step + HOUR / 4)

    def keep(self, now: datetime, age: timedelta) -> None:
        """Delete what began so long ago or longer."""
        bucket = self.lake.buckets["raw"]
        for key, each in list(bucket.items()):
            if each.last_modified - self.step - HOUR / 4 <= now - age:
                del bucket[key]

    def run(self, now: datetime) -> Finding:
        memory = self.state.tables[self.table.id].memory if self.state.tables else None
        plan = TablePlan(table=self.table, rules=rules_of(self.blocks, UTC_ZONE))
        plan = replace(plan, memory=memory) if memory is not None else plan
        clock = Clock(now=now, last_completed_at=self.state.last_completed_at)
        seen = observe(plan, clock, self.lake.reader(plan))
        finding = judge(plan, seen, clock)["partitions"]
        planned = Planned(plans=(plan,), watched=frozenset({self.table.id}))
        self.news = changes(self.state, (finding,), now, DAY)
        self.mail = text.render(build(findings=(finding,), changes=self.news, now=now, run_id="r"))
        after = advance(self.state, (finding,), self.news, now, self.news)
        kept = records(self.state, planned, {self.table.id: seen}, (finding,))
        self.state = from_text(to_text(complete(after, now=now, run_id="r", name="n", tables=kept)))
        return finding


def nights(landing: Landing, number: int, kept: dict[int, int], days: int = 7) -> list[Finding]:
    """Load a day and run each morning for so many days; ``kept`` says from which night on how many are kept."""
    found = []
    for night in range(number):
        day = FIRST + night * DAY
        landing.load(day)
        days = kept.get(night, days)
        landing.keep(day + DAY, days * DAY + HOUR)
        found.append(landing.run(day + DAY + 8 * HOUR))
    return found


def states(finding: Finding) -> str:
    """Return the first letters of the items' states, the newest first."""
    return "".join(item.state.value[0] for item in finding.items)


def test_a_landing_zone_of_seven_days_is_told_once() -> None:
    landing, said = Landing(), list[tuple[Status, list[Reason]]]()
    for night in range(20):
        day = FIRST + night * DAY
        landing.load(day)
        landing.keep(day + DAY, 7 * DAY + HOUR)
        finding = landing.run(day + DAY + 8 * HOUR)
        news = sorted({change.reason for change in landing.news} - {Reason.ONGOING, Reason.REMINDER})
        said.append((finding.status, news))
    well: tuple[Status, list[Reason]]
    well, alarm = (Status.PASS, []), (Status.FAIL, [Reason.NEW])
    assert said == [*[well] * 7, alarm, alarm, (Status.PASS, [Reason.EXPIRED]), *[well] * 10]
    again = landing.run(FIRST + 20 * DAY + 8 * HOUR)
    assert "write lookback: 7" in again.because
    assert states(again) == "p" * 7


def test_what_is_told_of_it() -> None:
    landing = Landing()
    alarm = nights(landing, 8, {})[-1]
    assert alarm.severity is Severity.CRITICAL
    assert states(alarm) == "pppppppg"
    assert (
        "2026-09-01 gone (it held data (known since Wed 2 Sep 2026 00:15 UTC), and holds none any more)"
        in alarm.because
    )
    assert "where data is deleted by its age, write lookback: 7" in alarm.advice
    assert alarm.usual == "on time 8 of the last 8"
    for night in (8, 9):
        landing.load(FIRST + night * DAY)
        landing.keep(FIRST + night * DAY + DAY, 7 * DAY + HOUR)
        landing.run(FIRST + night * DAY + DAY + 8 * HOUR)
    told = " ".join(landing.mail.split())
    assert "2026-09-01 to 2026-09-03 held data and hold none any more" in told
    assert "what is older than 7 days is deleted by its age; write lookback: 7" in told
    assert "has data now" not in told


def test_a_boundary_that_comes_nearer_is_news() -> None:
    landing = Landing()
    found = nights(landing, 22, {15: 4})
    assert [finding.status for finding in found[10:15]] == [Status.PASS] * 5
    assert [finding.status for finding in found[15:]] == [Status.FAIL] * 2 + [Status.PASS] * 5
    assert states(found[15]) == "p" * 4 + "g" * 10


def test_a_boundary_that_moves_away_is_none() -> None:
    found = nights(Landing(), 22, {15: 9})
    assert [finding.status for finding in found[10:]] == [Status.PASS] * 12


def test_a_loss_on_one_day_stays_bad() -> None:
    landing = Landing()
    found = nights(landing, 20, {12: 5, 13: 99}, days=99)
    assert [finding.status for finding in found[:12]] == [Status.PASS] * 12
    assert {finding.severity for finding in found[12:]} == {Severity.CRITICAL}


def test_a_hole_in_what_is_kept_is_no_retention() -> None:
    landing = Landing()
    nights(landing, 12, {})
    del landing.lake.buckets["raw"]["land/2026/09/09/a.json"]
    found = landing.run(FIRST + 12 * DAY + 8 * HOUR)
    assert [item.period for item in found.items if item.state.is_bad] == ["2026-09-09"]
    assert found.severity is Severity.CRITICAL
    assert "was there: find out what deleted it" in found.advice


def test_where_the_newest_due_period_is_gone_too_it_is_a_loss() -> None:
    landing = Landing()
    nights(landing, 12, {})
    landing.lake.buckets["raw"].clear()
    finding = landing.run(FIRST + 12 * DAY + 9 * HOUR)
    assert set(states(finding)) == {"g"}
    assert finding.severity is Severity.CRITICAL


def test_a_day_that_never_came_stays_missing_and_breaks_no_rule() -> None:
    landing, found = Landing(), []
    for night in range(18):
        day = FIRST + night * DAY
        if night != 9:
            landing.load(day)
        landing.keep(day + DAY, 7 * DAY + HOUR)
        found.append(landing.run(day + DAY + 8 * HOUR))
    assert states(found[9])[0] == "m"
    assert [states(each).count("m") for each in found[10:]] == [1] * 8
    assert [states(each).count("g") for each in found[10:]] == [0] * 8
    assert found[-1].usual == "on time 17 of the last 18"


@pytest.mark.parametrize("hour", [0, 3, 11, 23])
def test_hours_are_deleted_by_days(hour: int) -> None:
    """Objects expire at midnight: how far the boundary lies varies by the hour of the run."""
    landing = Landing(
        {"partitions": {"every": "1h", "after": "30m", "lookback": 96}}, HOUR, "{:%Y/%m/%d/%H}/"
    )
    found = []
    for day in range(8):
        start = FIRST + day * DAY
        for each in range(24):
            landing.load(start + each * HOUR)
        landing.keep(start + DAY, 2 * DAY)
        now = start + DAY + (hour if day % 2 else 1) * HOUR + HOUR
        for each in range(24, 24 + (hour if day % 2 else 1) + 1):
            landing.load(start + each * HOUR)
        found.append(landing.run(now))
    assert [each.status for each in found[-3:]] == [Status.PASS] * 3
    remedy = re.search(r"write lookback: (\w+)$", found[-1].because)
    assert remedy is not None
    landing.blocks["partitions"]["lookback"] = remedy[1]
    followed = landing.run(landing.state.last_completed_at or FIRST)
    assert set(states(followed)) == {"p"}
    assert "gone" not in followed.because
    assert len(followed.items) >= 24


def test_a_registered_partition_without_its_data_is_gone() -> None:
    lake = MemoryLake()
    table = lake.table("d.t", dt="string")
    landing = Landing(lake=lake)
    landing.table = table
    for number in range(5):
        day = FIRST + number * DAY
        lake.put(f"{hive_location(table, [f'{day:%Y-%m-%d}'])}a.parquet", day + DAY + HOUR)
        lake.register(table, [f"{day:%Y-%m-%d}"], at=day + DAY + HOUR)
    assert states(landing.run(FIRST + 5 * DAY + 8 * HOUR)) == "ppppp"
    del lake.buckets["lake"]["d/t/dt=2026-09-03/a.parquet"]
    lake.put("s3://lake/d/t/dt=2026-09-02/a.parquet", FIRST + 3 * DAY, 0)
    for hour in (9, 10):
        assert states(landing.run(FIRST + 5 * DAY + hour * HOUR)) == "ppggp"
    lake.put("s3://lake/d/t/dt=2026-09-03/b.parquet", FIRST + 5 * DAY)
    back = landing.run(FIRST + 5 * DAY + 11 * HOUR)
    assert back.items[2].state is ItemState.PRESENT  # a run saw it when it first came
    assert {change.reason for change in landing.news if change.item == "2026-09-03"} == {Reason.RESOLVED}


@pytest.mark.parametrize("hour", [2, 8])
def test_a_table_that_is_rebuilt_each_night_is_told_by_its_first_appearance(hour: int) -> None:
    """All objects and partitions are new each night: when they first came decides what is late."""
    lake = MemoryLake()
    landing = Landing(lake=lake)
    landing.table = table = lake.table("d.t", dt="string")
    late = FIRST + 4 * DAY
    for night in range(9):
        built_at = FIRST + (night + 1) * DAY + HOUR
        lake.partitions[table.id].clear()
        for number in range(night + 1):
            day = FIRST + number * DAY
            is_late = day == late == FIRST + night * DAY
            values = [f"{day:%Y-%m-%d}"]
            lake.put(
                f"{hive_location(table, values)}a.parquet", built_at + (6 * HOUR if is_late else HOUR / 2)
            )
            lake.register(table, values, at=built_at + (6 * HOUR if is_late else HOUR / 2))
        # The day that comes at 07:00 is not there at 02:00.
        there = night != 4 or hour == 8
        if not there:
            del lake.buckets["lake"]["d/t/dt=2026-09-05/a.parquet"]
            lake.partitions[table.id].pop()
        landing.run(FIRST + (night + 1) * DAY + hour * HOUR)
    found = landing.run(FIRST + 9 * DAY + hour * HOUR + HOUR / 2)
    told = {item.period: item.state.value for item in found.items}
    assert {period for period, state in told.items() if state == "late"} == {"2026-09-05"}
    assert set(told.values()) == {"present", "late"}
