"""What rules ask, brought together, and what a plan takes from them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from checks.layout import StatedLayout
from checks.model import Problem, ProblemKind, Severity, Status, Table
from checks.rules.asking import Clock, Depth, Detail, ValueAsk
from checks.rules.base import About, Binding, Direction, Row, TablePlan
from checks.rules.catalog import CatalogRule
from checks.rules.entry import EntryKeys
from checks.rules.events import EventsRule
from checks.rules.freshness import FreshnessRule
from checks.rules.partitions import PartitionsConfig
from tests.support.times import HOUR, at

NOW = at("2026-11-23 12:00")
BERLIN = ZoneInfo("Europe/Berlin")
TABLE = Table(id="sales.orders", database="sales", name="orders")
DAY = {"every": "1d", "labels": "Europe/Berlin", "each": "region", "key": "dt", "format": "%Y%m%d"}


def test_a_plan_takes_its_periods_from_the_rule_that_states_them_wherever_it_stands() -> None:
    rule = PartitionsConfig.model_validate(DAY).bind(Binding(zone=ZoneInfo("UTC")))
    plan = TablePlan(table=TABLE, rules=(FreshnessRule(error_after=HOUR), rule))
    assert (plan.schedule, plan.each, plan.labels) == (rule.schedule, rule.each, BERLIN)
    assert plan.stated_layout == StatedLayout(("dt",), ("%Y%m%d",))


def test_a_plan_of_rules_that_state_none_has_none() -> None:
    plan = TablePlan(table=TABLE, rules=(FreshnessRule(error_after=HOUR),))
    assert (plan.schedule, plan.each, plan.stated_layout, plan.labels) == (None, None, None, ZoneInfo("UTC"))


def test_what_several_rules_ask_is_asked_together() -> None:
    events = EventsRule(column="at", files=3, ages=FreshnessRule(warn_after=HOUR, error_after=2 * HOUR))
    plan = TablePlan(
        table=TABLE, rules=(FreshnessRule(error_after=HOUR, count="changes"), events, CatalogRule())
    )
    value = ValueAsk(column="at", files=3, limits=(NOW - HOUR, NOW - 2 * HOUR))
    assert plan.detail(Clock(now=NOW)) == Detail(
        footers=3, value=value, usual_place=True, arrivals=True, deletes_count=True
    )


def test_what_one_rule_reads_whole_is_read_whole() -> None:
    in_time = Depth(whole=False, in_time_by=NOW)
    assert in_time | Depth(whole=False) == in_time
    assert Depth(whole=False) | in_time == in_time
    assert in_time | Depth() == Depth(whole=True, in_time_by=NOW)


def test_the_watermark_is_that_of_freshness_alone() -> None:
    ages = FreshnessRule(warn_after=HOUR, error_after=2 * HOUR)
    clock = Clock(now=NOW)
    plan = TablePlan(table=TABLE, rules=(ages, EventsRule(column="at", ages=ages)))
    needs = [rule.needs(TABLE, None, clock, plan.memory) for rule in plan.rules]
    assert [each.enough_at for each in needs] == [NOW - HOUR, NOW - HOUR]
    assert [each.watermark for each in needs] == [NOW - HOUR, None]


def test_a_row_that_measured_nothing_has_no_facts() -> None:
    row: Row[Any] = Row(table="a.b", check="freshness", direction=Direction.AT_LEAST)
    with pytest.raises(ValueError, match=r"nothing was measured for a\.b\|freshness"):
        _ = row.facts


@pytest.mark.parametrize("severity", [None, Severity.CRITICAL])
def test_what_is_about_the_table_is_told_with_each_finding(severity: Severity | None) -> None:
    plan = TablePlan(
        table=TABLE,
        rules=(FreshnessRule(error_after=timedelta(days=1)),),
        entry=EntryKeys(owner="finance", runbook="https://wiki.example.com/orders"),
        silences={"freshness": "migration"},
    )
    (rule,) = plan.rules
    row: Row[Any] = Row(table=TABLE.id, check="freshness", direction=Direction.AT_LEAST)
    problem = Problem(ProblemKind.DENIED, "access denied", "allow it", "denied bucket")
    told = rule.tell(row, severity, "told", about=plan.about)
    unknown = rule.tell_unknown(row, problem, about=plan.about, seen="what was there")
    for finding in (told, unknown):
        assert (finding.owner, finding.runbook) == ("finance", "https://wiki.example.com/orders")
        assert finding.silenced == "migration"
    assert told.status is (Status.PASS if severity is None else Status.FAIL)
    assert unknown.because == "could not be checked: access denied; what was seen so far: what was there"
    assert rule.tell(row, severity, "told", about=About()).silenced is None
