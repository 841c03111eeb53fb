"""A lake whose endpoint answers as a test says, and two tables to ask it for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from checks.aws.session import Aws
from checks.lake import Lake
from checks.layout import StatedLayout
from checks.model import Column, Observation, Problem, Table
from checks.rules.asking import Clock
from checks.rules.base import Binding, TablePlan
from checks.rules.freshness import FreshnessConfig
from checks.rules.partitions import PartitionsConfig
from tests.support.lakes import prefix
from tests.support.times import at

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.stub_http import Answer, Asked, Stub


NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)
BINDING = Binding(zone=ZoneInfo("UTC"))
GOOD = [("raw/a.csv", 7, "2026-11-23T11:00:00.000Z")]
BARE = TablePlan(
    table=prefix("s3://lake/raw/"), rules=(FreshnessConfig.model_validate({"max_age": "24h"}).bind(BINDING),)
)
ORDERS = TablePlan(
    table=Table(
        id="sales.orders",
        database="sales",
        name="orders",
        location="s3://lake/sales/orders/",
        partition_keys=(Column("dt", "string"),),
    ),
    rules=(PartitionsConfig.model_validate({"every": "1d", "lookback": 1}).bind(BINDING),),
    stated_layout=StatedLayout(("dt",), ("%Y-%m-%d",)),
)


def ask(
    running: Stub, plan: TablePlan, answer: Callable[[Asked], Answer] | Answer, **settings: Any
) -> Observation:
    running.answer = answer if callable(answer) else lambda _asked: answer
    lake = Lake(aws=Aws(**{"attempts": 2, "read_timeout_s": 0.3, **settings}), table_timeout_s=20)
    return lake.observe_all([plan], CLOCK)[plan.table.id]


def problem(seen: Observation) -> Problem:
    assert seen.problem is not None
    assert seen.listing is None
    assert seen.partitions == ()
    return seen.problem
