"""The registered partitions that data may have come to, whatever the clock says: the newest by value, and new ones."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from checks.lake.glue.partitions import all_registered
from checks.lake.plain.targets import of_registered
from checks.model import Period
from checks.schedule.periods import period_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.lake.glue.partitions import Registered
    from checks.lake.s3.table_reader import LakeReader
    from checks.layout import TimeLayout
    from checks.model import PartitionSeen
    from checks.rules.asking import Clock, Further
    from checks.rules.base import TablePlan
    from checks.schedule.periods import Every


def newest_registered(
    plan: TablePlan,
    clock: Clock,
    reader: LakeReader,
    layout: TimeLayout,
    every: Every,
    asked: Sequence[Further],
) -> list[PartitionSeen]:
    """Return the registered partitions of the newest values of time, and those that were registered lately.

    No expression asks Glue for either, so it tells of all of the table's: a request for each 1,000. Raises Unobserved.
    """
    number = max(each.newest for each in asked)
    if not number:
        return []
    since = min((each.since for each in asked if each.since is not None), default=None)
    found = all_registered(reader.partitions, plan.table, layout)
    found = [each for each in found if not is_later(each.partition, clock)]
    newest = frozenset(sorted({each.wall for each in found}, reverse=True)[:number])
    chosen = []
    for each in found:
        created_at = each.partition.created_at
        is_new = since is not None and created_at is not None and created_at >= since
        if each.wall in newest or is_new:
            period = period_of(each.wall, every, layout.zone) or _at_the_end(each.wall, every)
            chosen.append(of_registered(each, period, plan.table, layout))
    return chosen


def is_later(partition: Registered, clock: Clock) -> bool:
    """Tell whether a partition was registered after the time that the run is for."""
    at = partition.created_at
    return clock.ignore_later and at is not None and at > clock.now


def _at_the_end(wall: datetime, every: Every) -> Period:
    """Return the period of a value that no clock showed or that has no end (9999-12-31): it ends where it begins."""
    start = every.floor(wall)
    at = start.replace(tzinfo=UTC)
    return Period(at, at, start, every.label(start))
