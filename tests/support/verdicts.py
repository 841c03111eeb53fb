"""Findings without Great Expectations, by the plain comparison that it is held to, for tests of many runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.assess import Measured, _finding, _plainly_failing
from checks.lake.observe import observe
from checks.model import Finding, Severity
from checks.rules import CHECKS
from checks.rules.base import Binding
from checks.schedule.calendars import Calendar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Observation, TableMemory
    from checks.rules.asking import Clock
    from checks.rules.base import Rule, TablePlan
    from tests.support.lakes import LakeBuilder

WEEKENDS = Calendar("office", frozenset({5, 6}))


def judge(
    plan: TablePlan, seen: Observation, clock: Clock, memory: TableMemory | None = None
) -> dict[str, Finding]:
    """Return the finding of each check."""
    memory = memory or plan.memory
    found = {}
    for rule in plan.rules:
        row = rule.measure(seen, clock, memory)
        severity = None
        if row.unknown is None:
            for worse in (Severity.WARNING, Severity.CRITICAL):
                severity = worse if _plainly_failing([row], worse) else severity
        found[rule.check] = _finding(Measured(plan.about, rule, row), severity, None)
    return found


def look(
    lake: LakeBuilder, plan: TablePlan, clock: Clock, reader: LakeReader | None = None
) -> dict[str, Finding]:
    """Read the table and return the finding of each check."""
    return judge(plan, observe(plan, clock, reader or lake.reader(plan)), clock)


def rules_of(blocks: Mapping[str, Mapping[str, Any]], zone: ZoneInfo) -> tuple[Rule, ...]:
    """Return the rules of a table's blocks, bound as a config binds them; the calendar ``office`` is known."""
    calendars = {WEEKENDS.name: WEEKENDS}
    found: list[Rule] = []
    schedule = None
    for check in CHECKS:
        if check in blocks:
            rule = (
                CHECKS[check]
                .model_validate(blocks[check])
                .bind(Binding(zone=zone, calendars=calendars, schedule=schedule))
            )
            schedule = rule.states.schedule if rule.states is not None else schedule
            found.append(rule)
    return tuple(found)
