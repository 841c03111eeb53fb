"""Marks for tests: a few words each."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from checks.marks import Covered, Mark, MarkKind
from tests.support.times import at

if TYPE_CHECKING:
    from datetime import datetime

MADE = at("2026-11-23 05:00")


def mark(kind: str = "silence", table: str = "sales.orders", **more: Any) -> Mark:
    """Return a mark by ann, a silence of two days unless told otherwise."""
    fields: dict[str, Any] = {
        "id": "0a1b2c3d4e",
        "by": "ann@desk",
        "at": MADE,
        "ends_at": MADE + timedelta(days=2 if kind == "silence" else 400),
        "because": "migration" if kind == "silence" else "",
    }
    return Mark(kind=MarkKind(kind), table=table, **{**fields, **more})


def covered(
    item: str | None = None,
    state: str = "missing",
    severity: str | None = "critical",
    since: datetime = MADE,
    check: str = "partitions",
) -> Covered:
    """Return a trouble that a mark is of: a missing item, or a failing finding without one."""
    return Covered(check=check, item=item, state=state if item else "fail", severity=severity, since=since)
