"""How often periods came on time: the last 30 of them, whatever the lookback is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import ItemState, PastPeriod

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from checks.model import Item

MOST_PERIODS = 30
"""How many periods count, the newest ones: the same for an hourly and a monthly table."""
_MOST_KEPT = 1500
"""How many arrivals are remembered of one table: 50 combinations of dimensions of the last 30 periods."""


def past_periods(items: Iterable[Item], before: Mapping[str, PastPeriod]) -> Mapping[str, PastPeriod]:
    """Return what is known of the newest 30 periods, by item key: of these items, else of earlier runs.

    A period that is missing is not on time; it stays so when it leaves the lookback. One that is gone counts as it
    came. What cannot be told
    (unknown, or data of which only part was looked at) leaves what was known before. Periods of another
    cadence, from before the config was changed, do not count.
    """
    now = {item.key: item for item in items}
    length = {len(item.period) for item in now.values()}
    known = {key: one for key, one in before.items() if not length or len(key.partition("/")[0]) in length}
    for key, item in now.items():
        if item.state is ItemState.GONE and key in known:  # that it is deleted does not change when it came
            continue
        if item.due_at is not None and (item.state.is_bad or item.arrived_at is not None):
            came = item.state is ItemState.PRESENT or _came_in_time(item)
            known[key] = PastPeriod(item.due_at, on_time=came)
    return _newest(known)


def _came_in_time(item: Item) -> bool:
    """Tell of a period that is gone whether data was seen in it by its deadline; a later look does not tell."""
    seen_at, due_at = item.arrived_at, item.due_at
    return item.state is ItemState.GONE and seen_at is not None and due_at is not None and seen_at <= due_at


def _newest(known: Mapping[str, PastPeriod]) -> dict[str, PastPeriod]:
    """Keep those of the newest 30 deadlines, the newest first, and no more than fit into a table's memory."""
    deadlines: set[datetime] = set()
    kept: dict[str, PastPeriod] = {}
    for key, one in sorted(known.items(), key=lambda pair: (pair[1].due_at, pair[0]), reverse=True):
        deadlines.add(one.due_at)
        if len(deadlines) > MOST_PERIODS or len(kept) == _MOST_KEPT:
            break
        kept[key] = one
    return kept


def usual(items: Sequence[Item], before: Mapping[str, PastPeriod]) -> str:
    """Say how often it is on time, where it is not always, and where it ever comes; else nothing."""
    present = ItemState.PRESENT
    if not [item for item in items if item.state is not present] and all(
        one.on_time for one in before.values()
    ):
        return ""
    known = past_periods(items, before)
    always = all(one.on_time for one in known.values())
    comes = any(item.state in {ItemState.PRESENT, ItemState.LATE} for item in items)
    comes = comes or any(one.on_time for one in known.values())
    is_gone = any(item.state is ItemState.GONE for item in items)
    return _say(known) if comes and (is_gone or not always) else ""


def on_time_share(items: Iterable[Item], before: Mapping[str, PastPeriod]) -> str:
    """Say how many of the last periods came on time, of those whose arrival (or absence) is known."""
    return _say(past_periods(items, before))


def _say(known: Mapping[str, PastPeriod]) -> str:
    on_time = sum(one.on_time for one in known.values())
    return f"on time {on_time} of the last {len(known)}" if known else ""
