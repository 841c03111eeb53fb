"""How far each partition has to be read for the rules that look at it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.lake.skipscan import Spot
from checks.model import item_key
from checks.rules.catalog import CatalogRule
from checks.rules.freshness import FreshnessRule
from checks.rules.partitions import PartitionsRule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.model import PartitionSeen, TableMemory
    from checks.rules.asking import Clock
    from checks.rules.base import Rule
    from checks.schedule.due import Schedule


def spot_of(target: PartitionSeen, rules: Sequence[Rule], clock: Clock, memory: TableMemory) -> Spot:
    """Return the place of a target with how far it has to be read for these rules.

    `partitions` asks for data with bytes in it, and whether the first of it came in time; where the catalog or
    an earlier run tells that already, for no more. `freshness` beside it asks for the newest arrival from the
    newest due period on. All else is read whole, and so is what is not registered: that it holds data is told
    with when that came.
    """
    whole, in_time_by = target.registered is False, None
    for rule in rules:
        if isinstance(rule, PartitionsRule):
            in_time_by = _asked_in_time_by(target, rule, clock, memory)
        elif isinstance(rule, FreshnessRule) and rule.schedule is not None:
            start = _newest_due(rule.schedule, clock)
            whole = whole or start is None or target.period.start >= start
        elif not isinstance(rule, CatalogRule):
            whole = True
    return Spot(target.location or "", whole, in_time_by)


def read_short(seen: Sequence[PartitionSeen], rules: Sequence[Rule], clock: Clock) -> list[PartitionSeen]:
    """Return those that were not read to their end, or not in this run, though a rule judges their newest arrival.

    That is so where the newest due period turned out to hold no data: then an older one takes its place.
    """
    schedules = [
        rule.schedule for rule in rules if isinstance(rule, FreshnessRule) and rule.schedule is not None
    ]
    short: list[PartitionSeen] = []
    for schedule in schedules[:1]:
        due = {each.period.start for each in schedule.due(clock.now, reach_back_to=clock.last_completed_at)}
        filled = [p.period.start for p in seen if p.period.start in due and p.listing and p.listing.objects]
        start = max(filled, default=None)
        short += [
            p
            for p in seen
            if (start is None or p.period.start >= start)
            and p.problem is None
            and p.listing is not None
            and (p.seen_at is not None or not p.listing.complete)
        ]
    return short


def _asked_in_time_by(
    target: PartitionSeen, rule: PartitionsRule, clock: Clock, memory: TableMemory
) -> datetime | None:
    """Return by when an arrival has to be looked for, None where it is known or nobody asks."""
    due_at = rule.schedule.due_at(target.period)
    if due_at is None or due_at > clock.now:
        return None
    combination = rule.each.of(target.dimensions) if rule.each is not None else None
    key = item_key(target.period.label, combination or ())
    known = [target.created_at, memory.first_seen.get(key)]
    return None if any(at is not None and at <= due_at for at in known) else due_at


def _newest_due(schedule: Schedule, clock: Clock) -> datetime | None:
    due = schedule.due(clock.now, reach_back_to=clock.last_completed_at)
    return due[0].period.start if due else None
