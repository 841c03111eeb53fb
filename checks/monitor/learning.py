"""Learning within a run: each table's rules learn of what was seen and kept, while there is time.

It comes between looking and judging, so that a run that is short of time still judges all of its tables: those that
were not reached are held against the limits that stand beside what is learned, and say so.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.rules.base import on_one_schedule

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checks.model import Observation
    from checks.rules.asking import Clock
    from checks.rules.base import Rule, TablePlan


def learn(
    plans: Sequence[TablePlan],
    observations: Mapping[str, Observation],
    clock: Clock,
    stop_at: float | None,
) -> tuple[TablePlan, ...]:
    """Return the plans with rules that have learned; ``stop_at`` (monotonic seconds) ends it. None: nothing does."""

    def of_plan(plan: TablePlan) -> TablePlan:
        if not any(rule.learns for rule in plan.rules):
            return plan
        in_time = stop_at is None or time.monotonic() < stop_at
        seen = observations[plan.table.id]

        def of_rule(rule: Rule) -> Rule:
            return rule.learned(seen, clock, plan.memory) if in_time else rule.without_time()

        return replace(plan, rules=on_one_schedule(tuple(of_rule(rule) for rule in plan.rules)))

    return tuple(of_plan(plan) for plan in plans)
