"""What came of a run as typed DataFrames: instants are UTC timestamps, and what is not known is missing, never zero."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from checks.model import Change, Finding, Observation
    from checks.past.facts import Episode

_INSTANT = "datetime64[ns, UTC]"
_ITEM_COLUMNS = ("state", "due_at", "arrived_at", "detail", "remedy")


def findings(found: Sequence[Finding]) -> pd.DataFrame:
    """Return a row a finding: text columns, categories, and instants as UTC timestamps.

    ``observed_at`` and ``expected_at`` hold instants, ``observed_number`` counts and bytes: what a check observes is
    one or the other.
    """
    rows = [
        {
            "table": finding.table,
            "check": finding.check,
            "status": finding.status.value,
            "severity": finding.severity.value if finding.severity else None,
            "because": finding.because,
            "observed_at": _instant(finding.observed),
            "observed_number": _number(finding.observed),
            "expected_at": _instant(finding.expected),
            "deadline": finding.deadline,
            "bad_items": sum(item.state.is_bad for item in finding.items),
            "evidence": finding.evidence,
            "advice": finding.to_do,
            "owner": finding.owner,
            "silenced": finding.silenced,
            "within": finding.within or None,
        }
        for finding in found
    ]
    frame = pd.DataFrame(rows, columns=list(_FINDING_TYPES))
    return frame.astype(_FINDING_TYPES)


_FINDING_TYPES: dict[str, Any] = {
    "table": "string",
    "check": "category",
    "status": pd.CategoricalDtype(["pass", "unknown", "fail"], ordered=True),
    "severity": pd.CategoricalDtype(["warning", "critical"], ordered=True),
    "because": "string",
    "observed_at": _INSTANT,
    "observed_number": "Float64",
    "expected_at": _INSTANT,
    "deadline": _INSTANT,
    "bad_items": "int64",
    "evidence": "string",
    "advice": "string",
    "owner": "string",
    "silenced": "string",
    "within": "string",
}


def _instant(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


_OBSERVED_TYPES = {
    "table": "string",
    "period": "string",
    "location": "string",
    "registered": "boolean",
    "objects": "Int64",
    "size_bytes": "Int64",
    "newest_data_at": _INSTANT,
    "evidence": "string",
    "complete": "boolean",
    "problem": "string",
}


def _rows(seen: Observation) -> list[dict[str, Any]]:
    problem = seen.problem.message if seen.problem else None
    rows = [
        {
            "table": seen.table.id,
            "period": part.period.label,
            "location": part.location,
            "registered": part.registered,
            **_measured(part.listing),
            "problem": part.problem.message if part.problem else None,
        }
        for part in seen.partitions
    ]
    if not rows or problem is not None or seen.newest is not None:
        whole = {
            "table": seen.table.id,
            "location": seen.table.location,
            **_measured(seen.listing),
            "problem": problem,
        }
        if seen.newest is not None:
            whole |= {"newest_data_at": seen.newest.at, "evidence": seen.newest.evidence}
            whole["complete"] = seen.newest_complete
        rows.insert(0, whole)
    return rows


def _measured(listing: Any) -> dict[str, Any]:
    if listing is None:
        return {}
    return {
        "objects": listing.objects,
        "size_bytes": listing.size_bytes,
        "newest_data_at": listing.newest_at,
        "evidence": listing.newest_key,
        "complete": listing.complete,
    }


def observations(seen: Iterable[Observation]) -> pd.DataFrame:
    """Return a row a place looked at: the partition of a period, or the table as a whole. Sizes are in bytes."""
    rows = [row for each in seen for row in _rows(each)]
    return pd.DataFrame(rows, columns=list(_OBSERVED_TYPES)).astype(_OBSERVED_TYPES)


def items(found: Iterable[Finding]) -> pd.DataFrame:
    """Return a row a period of a finding: table, check, period, state, due_at, arrived_at, detail, remedy."""
    rows = [
        {
            "table": finding.table,
            "check": finding.check,
            "period": item.period,
            **{name: item.state.value if name == "state" else getattr(item, name) for name in _ITEM_COLUMNS},
        }
        for finding in found
        for item in finding.items
    ]
    frame = pd.DataFrame(rows, columns=["table", "check", "period", *_ITEM_COLUMNS])
    return frame.astype({"state": "category", "due_at": _INSTANT, "arrived_at": _INSTANT})


def changes(found: Iterable[Change]) -> pd.DataFrame:
    """Return a row a change against what was last delivered: table, check, item, reason, since, because."""
    columns = ["table", "check", "item", "reason", "status", "severity", "since", "because", "owner"]
    rows = [
        {**{name: getattr(change, name) for name in columns}, "reason": change.reason.value}
        for change in found
    ]
    return pd.DataFrame(rows, columns=columns).astype({"since": _INSTANT})


_EPISODE_TYPES: dict[str, Any] = {
    "table": "string",
    "check": "category",
    "since": _INSTANT,
    "until": _INSTANT,
    "last_at": _INSTANT,
    "severity": "category",
    "runs": "int64",
    "because": "string",
    "silenced": "string",
    "unknown": "boolean",
}


def episodes(found: Iterable[tuple[str, Episode]]) -> pd.DataFrame:
    """Return a row a trouble of a table, the newest first: since, until (missing while it lasts), how bad, why."""
    columns = list(_EPISODE_TYPES)[1:]
    ordered = sorted(found, key=lambda pair: (pair[1].since, pair[0], pair[1].check), reverse=True)
    rows = [{"table": table, **{name: getattr(one, name) for name in columns}} for table, one in ordered]
    return pd.DataFrame(rows, columns=list(_EPISODE_TYPES)).astype(_EPISODE_TYPES)
