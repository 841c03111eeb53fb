"""A replay of recorded arrivals in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.backtest.table import Told, say_alert, say_count, say_every, say_runs
from checks.text import name

if TYPE_CHECKING:
    from checks.backtest.replaying import Backtest

_UNSEEN = "not seen: what was overwritten or compacted before it was recorded, for its time is lost"


def say(found: Backtest) -> str:
    """Return the replay as text: what was learned of each table and what it would have told."""
    lines = []
    for table in found.tables:
        lines.append(f"{name(table.table)}: {table.sentence} ({table.sure})")
        lines += [f"  {each.check}: {say_alert(each.opened, each.closed)}" for each in table.alerts]
    return "\n".join([*lines, *summary(found)])


def told(found: Backtest) -> list[Told]:
    """Return all alerts, in the order of table and time."""
    return [
        Told(table.table, each.opened, each.closed, each.check)
        for table in found.tables
        for each in table.alerts
    ]


def summary(found: Backtest) -> list[str]:
    """Return what holds for all tables: the time judged, the budget, what looking now and then would have seen."""
    alerts = told(found)
    lines = [*found.notes]
    if found.begin < found.end:
        lines.append(say_count(len(alerts), len(found.tables), found.begin, found.end))
    lines.append(found.share.say("each table"))
    if alerts:
        lines.append(say_every(alerts, found.every, found.end))
    if alerts and found.runs is not None:
        lines.append(say_runs(alerts, found.runs, found.end))
    return [*lines, _UNSEEN]
