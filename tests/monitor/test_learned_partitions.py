"""Learned limits of partitioned tables: what a first day costs, what later ones do, and tables that die."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.changes import State
from checks.history.document import from_text, to_text
from checks.lake.observe import observe
from checks.lake.plain.past import MOST_REQUESTS
from checks.model import Finding, Status
from checks.monitor.learning import learn
from checks.monitor.plan import Planned
from checks.monitor.run_memory import records
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.habits import START
from tests.support.lakes import MemoryLake, hive_location
from tests.support.times import DAY, HOUR
from tests.support.verdicts import judge, rules_of

if TYPE_CHECKING:
    from datetime import datetime


class Partitioned:
    """A table with partitions of days or hours, and the runs over it."""

    def __init__(self, freshness: dict[str, Any], *, hours: bool = False, page: int = 1000) -> None:
        self.lake = MemoryLake(page_size=page)
        if hours:
            self.table = self.lake.table("sales.orders", dt="string", hour="string")
        else:
            self.table = self.lake.table("sales.orders", dt="string")
        self.hours = hours
        rules = rules_of({"freshness": freshness}, ZoneInfo("UTC"))
        self.plan = TablePlan(table=self.table, rules=rules)
        self.came = START

    def until(self, now: datetime, files: int = 1) -> None:
        """Let all come that comes by then: of a day at three the next morning, of an hour ten minutes after it."""
        step, late = (HOUR, HOUR / 6) if self.hours else (DAY, 3 * HOUR)
        while self.came + step + late <= now:
            values = [f"{self.came:%Y-%m-%d}", *([f"{self.came:%H}"] if self.hours else [])]
            at_ = self.came + step + late
            for number in range(files):
                self.lake.put(f"{hive_location(self.table, values)}{number}.parquet", at_)
            self.lake.register(self.table, values, None, at_)
            self.came += step

    def run(self, now: datetime) -> tuple[Finding, dict[str, int]]:
        """Check and remember; return the finding and the requests that it took."""
        before = dict(self.lake.counts)
        clock = Clock(now=now)
        seen = observe(self.plan, clock, self.lake.reader(self.plan))
        asked = {key: count - before.get(key, 0) for key, count in self.lake.counts.items()}
        (learned,) = learn((self.plan,), {self.table.id: seen}, clock, None)
        finding = judge(learned, seen, clock)["freshness"]
        planned = Planned(plans=(learned,), watched=frozenset({self.table.id}))
        kept = from_text(to_text(State(tables=records(State(), planned, {self.table.id: seen}))))
        self.plan = replace(self.plan, memory=kept.tables[self.table.id].memory)
        return finding, {key: count for key, count in asked.items() if count}


AUTO: dict[str, Any] = {"auto": True}
AGE: dict[str, Any] = {"max_age": "36h"}


@pytest.mark.parametrize(
    ("hours", "first", "later"),
    [
        # the usual look, and once: the older partitions, two scans of them
        (
            False,
            {"glue:GetPartitions": 3, "s3:ListObjectsV2": 3},
            {"glue:GetPartitions": 1, "s3:ListObjectsV2": 1},
        ),
        # 336 hours by their values, in seven scans of 48
        (
            True,
            {"glue:GetPartitions": 1, "glue:BatchGetPartition": 2, "s3:ListObjectsV2": 8},
            {"glue:BatchGetPartition": 1, "s3:ListObjectsV2": 1},
        ),
    ],
    ids=["days", "hours"],
)
def test_what_the_first_day_of_a_partitioned_table_costs_and_that_later_ones_cost_no_more_than_without(
    *, hours: bool, first: dict[str, int], later: dict[str, int]
) -> None:
    now = START + 61 * DAY + 6 * HOUR
    learning, plain = Partitioned(AUTO, hours=hours), Partitioned(AGE, hours=hours)
    for each in (learning, plain):
        each.until(now)
    finding, asked = learning.run(now)
    assert finding.status is Status.PASS
    assert "as was learned" in finding.because
    assert asked == first
    plain.run(now)
    for night in range(1, 15):
        for each in (learning, plain):
            each.until(now + night * DAY)
        finding, asked = learning.run(now + night * DAY)
        assert finding.status is Status.PASS
        assert asked == later == plain.run(now + night * DAY)[1]


def test_learning_takes_a_bounded_number_of_requests_whatever_the_table_holds() -> None:
    now = START + 61 * DAY + 6 * HOUR
    learning, plain = Partitioned(AUTO, hours=True, page=3), Partitioned(AGE, hours=True, page=3)
    for each in (learning, plain):
        each.until(now, files=3)
    finding, asked = learning.run(now)
    _, without = plain.run(now)
    assert finding.status in (Status.PASS, Status.UNKNOWN)
    assert asked["s3:ListObjectsV2"] - without["s3:ListObjectsV2"] <= MOST_REQUESTS


def test_a_partitioned_table_that_dies_is_told_and_one_that_is_looked_at_in_part_is_not() -> None:
    now = START + 61 * DAY + 6 * HOUR
    for hours, deadline in ((False, "Mon 5 Oct 2026"), (True, "Sun 4 Oct 2026")):
        table = Partitioned(AUTO, hours=hours)
        for night in range(3):
            table.until(now + (night - 1) * DAY)
            assert table.run(now + (night - 1) * DAY)[0].status is Status.PASS
        table.run(now + DAY)
        dead, _ = table.run(now + 2 * DAY + 6 * HOUR)
        assert dead.status is Status.FAIL
        assert deadline in dead.because


def test_hours_that_are_looked_at_once_a_day_are_learned_anew_after_four_weeks() -> None:
    now = START + 61 * DAY + 6 * HOUR
    table = Partitioned(AUTO, hours=True)
    asked = []
    for night in range(32):
        table.until(now + night * DAY)
        finding, requests = table.run(now + night * DAY)
        assert finding.status is Status.PASS
        asked.append(requests["s3:ListObjectsV2"])
    assert asked == [8, *[1] * 29, 8, 1]
