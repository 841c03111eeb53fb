"""Failing findings that lack periods, or to whose tables nothing comes, for tests of upstreams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import Absence, Finding, Item, ItemState, Severity, Standstill, Status
from tests.support.times import DAY, at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checks.model import Combination


def lacking(
    table: str,
    days: str = "",
    *,
    state: ItemState = ItemState.MISSING,
    dimensions: Combination = (),
    periods: Mapping[str, tuple[datetime, datetime]] | None = None,
    owner: str | None = None,
) -> Finding:
    """Return a finding that lacks days of November 2026, such as ``22 21``, or the stated periods."""
    if periods is None:
        periods = {
            f"2026-11-{day}": (at(f"2026-11-{day} 00:00"), at(f"2026-11-{day} 00:00") + DAY)
            for day in days.split()
        }
    items = tuple(Item(period=label, state=state, dimensions=dimensions) for label in periods)
    return Finding(
        table=table,
        check="partitions",
        status=Status.FAIL,
        severity=Severity.CRITICAL,
        because=f"{table} lacks {', '.join(periods)}",
        items=items,
        absence=Absence(periods={item.key: periods[item.period] for item in items}),
        owner=owner,
    )


def silent(
    table: str,
    since: datetime | None,
    overdue_at: datetime | None,
    *,
    of: str = "arrivals",
    owner: str | None = None,
) -> Finding:
    """Return a finding that nothing came since then."""
    return Finding(
        table=table,
        check="freshness",
        status=Status.FAIL,
        severity=Severity.CRITICAL,
        because=f"{table} is silent",
        absence=Absence(standstill=Standstill(since=since, overdue_at=overdue_at, of=of)),
        owner=owner,
    )
