"""Findings of one table, and the news that they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from checks.changes import (
    State,
    advance,
    changes,
)
from checks.model import Finding, Item, ItemState, Reason, Severity, Status

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
PASS, FAIL, UNKNOWN = Status.PASS, Status.FAIL, Status.UNKNOWN
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL


def one(
    status: Status,
    severity: Severity | None = None,
    items: dict[str, ItemState] | None = None,
    table: str = "sales.orders",
    silenced: str | None = None,
    check: str = "freshness",
    *,
    whole_table: bool = False,
) -> Finding:
    worst = severity or (CRITICAL if status is FAIL else None)
    return Finding(
        table=table,
        check=check,
        status=status,
        severity=worst,
        because=f"{status} {worst}",
        silenced=silenced,
        whole_table=whole_table,
        items=tuple(Item(period=key, state=state) for key, state in (items or {}).items()),
    )


def told_of(*runs: tuple[Finding, ...]) -> State:
    """Return the state after runs a day apart, the last one a day before NOW, all of them delivered."""
    state = State()
    for age, findings in zip(range(len(runs), 0, -1), runs, strict=True):
        now = NOW - age * DAY
        news = changes(state, findings, now, DAY, {finding.table for finding in findings})
        state = advance(state, findings, news, now, news)
    return state


def news_of(
    state: State, *findings: Finding, remind_every: timedelta = 2 * DAY
) -> list[tuple[str | None, Reason]]:
    found = changes(state, findings, NOW, remind_every, {finding.table for finding in findings})
    return [(change.item, change.reason) for change in found]
