"""A daily table over many nights, each run with the memory that the one before left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from checks.changes import State
from checks.history.document import from_text, to_text
from checks.lake.observe import observe
from checks.lake.plain.earlier_answers import limit_of
from checks.layout import StatedLayout
from checks.model import (
    Answer,
    ItemState,
    Observation,
    Table,
    TableMemory,
)
from checks.monitor.plan import Planned
from checks.monitor.run_memory import records
from checks.rules.asking import Clock
from checks.rules.base import Binding, Rule, TablePlan
from checks.rules.partitions import PartitionsConfig, PartitionsRule
from tests.support.lakes import MemoryLake, hive_location
from tests.support.times import DAY, HOUR, at
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from checks.model import Item

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

    def items(self, clock: Clock | None = None) -> tuple[Item, ...]:
        seen, _ = self.see(clock)
        return judge(self.plan, seen, clock or Clock(now=self.now))["partitions"].items

    def states(self, clock: Clock | None = None) -> dict[str, ItemState]:
        return {item.period: item.state for item in self.items(clock)}

    def answer(self, day: datetime) -> Answer:
        return self.plan.memory.answers[hive_location(self.table, [name_of(day, self.layout)])]

    def limit(self, day: datetime) -> timedelta:
        place = hive_location(self.table, [name_of(day, self.layout)])
        return limit_of(self.table.id, place, min(self.plan.max_age_of_answer, WEEK))
