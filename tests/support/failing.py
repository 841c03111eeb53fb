"""Findings that fail, of a table or of some of its periods."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from checks.model import Finding, Item, ItemState, Severity, Status

UTC_ZONE = ZoneInfo("UTC")
FAIL, PASS, UNKNOWN = Status.FAIL, Status.PASS, Status.UNKNOWN
MISSING, EMPTY, PRESENT = ItemState.MISSING, ItemState.EMPTY, ItemState.PRESENT


def failing(check: str = "freshness", table: str = "sales.orders", **more: Any) -> Finding:
    fields: dict[str, Any] = {"status": FAIL, "severity": Severity.CRITICAL, "because": f"{check} fails"}
    return Finding(table=table, check=check, **{**fields, **more})


def lacking(items: dict[str, ItemState], **more: Any) -> Finding:
    found = tuple(Item(period=period, state=state) for period, state in items.items())
    bad = [item for item in found if item.state.is_bad]
    judged = {} if bad else {"status": PASS, "severity": None}
    return failing("partitions", items=found, lacking=tuple(i.period for i in bad), **{**judged, **more})
