"""How far back a table may be looked at: by how its partitions carry time, and what looking takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checks.aws.ledger import Meter, metered
from checks.lake.estimate import in_key_order
from checks.lake.plain.find_layout import layout_of
from checks.layout import TimeLayout
from checks.model import Format, Problem, ProblemKind, TableMemory, Unobserved
from checks.rules.proposing import Extent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta

    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Observation
    from checks.rules.asking import Clock
    from checks.rules.base import Rule, TablePlan

FIRST_LOOK = 0.6
"""Parts of a table's requests that a look may take after which there may be another."""
KEPT_BACK = 4
"""Requests that are left for the catalog, and for finding a table's first period, where each period takes one."""
_FEWEST = 8
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a table's first period: nothing rests on it here, so no request is made for it."""


def extent_of(
    each: TablePlan,
    clock: Clock,
    reader: LakeReader,
    back: timedelta,
    most: int,
    looks: Callable[[Extent], Iterable[tuple[Rule, ...]]],
) -> tuple[TablePlan, Extent, int]:
    """Return the plan with how its partitions carry time, how far back it may be looked at, and what that took.

    ``looks`` are the rules that look at it, one after the other, where it is looked at so far; ``most`` the requests
    that it may take.
    """
    each = replace(each, memory=TableMemory(first_period_at=_LONG_AGO))
    if each.table.format is not Format.FILES:
        return each, Extent(back=back, in_log=True), 0
    if not each.table.partition_keys and not (each.table.is_prefix and each.schedule is not None):
        return each, Extent(back=back), 0
    with metered(Meter(reader.stop_at, most)) as meter:
        try:
            layout = layout_of(each, reader)
        except Unobserved:  # the look itself tells why
            layout = None
    if not isinstance(layout, TimeLayout):
        return each, Extent(back=back), meter.requests
    each = replace(each, memory=replace(each.memory, layout=layout.to_json()))
    extent = Extent(back=back, every=layout.every)
    for rules in looks(extent):
        periods = replace(each, rules=rules)
        by_layout = (rule.periods_seen(each.memory) for rule in rules)
        schedule = periods.schedule or next((one.schedule for one in by_layout if one is not None), None)
        if schedule is None:
            continue
        if periods.schedule is None:  # nothing states how far back it is looked at
            schedule = replace(schedule, lookback=max(1, back // schedule.every.nominal))
        due = [one.period for one in schedule.due_of_any(clock.now)]
        if not in_key_order(periods, layout, due):
            left = int((most - meter.requests) * FIRST_LOOK) - KEPT_BACK
            extent = replace(extent, most=max(_FEWEST, left))
    return each, extent, meter.requests


def cut_short(seen: Observation) -> Problem | None:
    """Return the problem of a look that saw a part of what came: what it did not see would pass for a silence."""
    listing = seen.listing
    unread = [each.problem for each in seen.partitions if each.problem is not None]
    if len(unread) * 2 > len(seen.partitions):
        return unread[0]
    if listing is None or listing.complete:
        return None
    return Problem(
        ProblemKind.OVER_BUDGET,
        f"the listing of {seen.table.location or seen.table.id} was ended before its last page",
    )
