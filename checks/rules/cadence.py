"""The periods that checks beside `partitions` look at: by its schedule, or by what the layout suggests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.layout import layout_from_json
from checks.schedule.due import Schedule, default_grace
from checks.schedule.periods import DAILY, YEARLY

if TYPE_CHECKING:
    from checks.layout import TimeLayout
    from checks.model import Observation

NEWEST = 7
"""How many due periods are looked at where no partitions check says how far to look back."""


_UTC = ZoneInfo("UTC")


def schedule_of(stated: Schedule | None, layout: TimeLayout) -> Schedule:
    """Return the partitions check's schedule; without one, each period of the layout with the usual grace."""
    if stated is not None:
        return stated
    every = layout.every
    if every is None or every == YEARLY:  # a year says nothing of how often data comes into it
        every = DAILY
    return Schedule(
        every=every, labels=layout.zone, zone=layout.zone, after=default_grace(every), lookback=NEWEST
    )


def schedule_seen(stated: Schedule | None, seen: Observation) -> Schedule | None:
    """Return the schedule that an observation was read by; None where the table was not read by period."""
    if not seen.layout:
        return None
    if stated is not None:
        return stated
    layout = layout_from_json(seen.layout, _UTC)
    return schedule_of(None, layout) if layout is not None else None
