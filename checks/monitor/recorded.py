"""What a run leaves in the history's data sets: its rows, made of the report and of what was observed. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from checks.history.datasets import plain, rows_of_marks
from checks.model import ItemState, Observed, Status, iso
from checks.report.as_json import first_reported
from checks.report.entries import telling
from checks.text import encodable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from checks.marks import Mark
    from checks.model import Change, Finding, Item, Listing, Observation
    from checks.monitor.delivery import Sent
    from checks.report.build import Report

_LONGEST = 4000
"""How long a text may be in a row; what is over is cut."""
_ARRIVED = frozenset({ItemState.PRESENT, ItemState.LATE})

Row = dict[str, Any]


def rows_of(
    name: str,
    report: Report,
    observations: Mapping[str, Observation],
    sent: Sent,
    marks: Iterable[Mark] = (),
) -> dict[str, list[Row]]:
    """Return the rows of a run by data set; ``name`` is the one that the config is known by.

    ``marks`` are those that hold in it.
    """
    run: Row = {"config": _text(name), "run_id": _text(report.run_id), "run_at": plain(report.now)}
    since = first_reported(report.changes)
    return {
        "runs": [run | _run(report, sent)],
        "observations": [run | _observation(seen) for seen in observations.values()],
        "findings": [run | _finding(each, since.get(each.id)) for each in report.findings],
        "periods": list(_periods(report, run)),
        "changes": [run | _change(each, delivered=each in sent.arrived) for each in report.changes],
        "marks": rows_of_marks(name, marks, report.now),
    }


def _run(report: Report, sent: Sent) -> Row:
    summary, cost = report.summary, report.cost
    return {
        "zone": report.zone.key,
        "first_run": report.first_run,
        "delivered": sent.whole,
        "tables": summary.tables,
        "fresh": summary.fresh,
        "warning": summary.warning,
        "critical": summary.critical,
        "unknown": summary.unknown,
        "reached": report.tables_reached,
        "requests": cost.requests,
        "usd": cost.usd,
        "seconds": cost.seconds,
    }


def _observation(seen: Observation) -> Row:
    table = seen.table
    listings = [each.listing for each in seen.partitions if each.listing is not None]
    listings = [seen.listing] if seen.listing is not None else listings
    if not listings and seen.whole is not None and seen.whole.listing is not None:
        listings = [seen.whole.listing]
    newest = _newest(seen, listings)
    row_counts = [each.rows for each in listings if each.rows is not None]
    return {
        "table_id": _text(table.id),
        "account": _text(table.account),
        "database_name": _text(table.database),
        "table_format": table.format.value,
        "location": _text(table.location),
        "newest_at": plain(newest[0]),
        "evidence": _text(newest[1]),
        "files": sum(each.objects for each in listings) if listings else None,
        "size_bytes": sum(each.size_bytes for each in listings) if listings else None,
        "row_count": sum(row_counts) if row_counts and len(row_counts) == len(listings) else None,
        "is_complete": all(each.complete for each in listings) if listings else None,
        "periods_seen": len(seen.partitions),
        "requests": seen.requests,
        "problem": seen.problem.kind.value if seen.problem is not None else None,
        "problem_told": _text(seen.problem.message) if seen.problem is not None else None,
    }


def _newest(seen: Observation, listings: Iterable[Listing]) -> tuple[datetime | None, str | None]:
    """Return when the newest data came, and what says so: the log, where there is one, else the newest object."""
    if seen.newest is not None:
        return seen.newest.at, seen.newest.evidence
    found = [(each.newest_at, each.newest_key) for each in listings if each.newest_at is not None]
    return max(found, key=lambda each: each[0], default=(None, None))


def _finding(finding: Finding, since: datetime | None) -> Row:
    return {
        "table_id": _text(finding.table),
        "check_name": finding.check,
        "status": finding.status.value,
        "severity": finding.severity.value if finding.severity is not None else None,
        "observed": _value(finding.observed),
        "expected": _value(finding.expected),
        "limit_warning": _value(finding.limits.warning),
        "limit_critical": _value(finding.limits.critical),
        "because": _text(finding.because),
        "advice": _text(finding.to_do) or None,
        "evidence": _text(finding.evidence),
        "deadline": plain(finding.deadline),
        "since": plain(since),
        "stale_since": plain(finding.stale_since),
        "bad_periods": sum(item.state.is_bad for item in finding.items),
        "problem": finding.problem.value if finding.problem is not None else None,
        "cause": _text(finding.cause) or None,
        "told_within": _text(finding.within) or None,
        "owner": _text(finding.owner),
        "silenced": _text(finding.silenced),
    }


def _change(change: Change, *, delivered: bool) -> Row:
    return {
        "table_id": _text(change.table),
        "check_name": change.check,
        "item": _text(change.item),
        "reason": change.reason.value,
        "status": change.status.value,
        "severity": change.severity.value if change.severity is not None else None,
        "since": plain(change.since),
        "because": _text(change.because),
        "told_before": _text(change.before) or None,
        "delivered": delivered,
        "owner": _text(change.owner),
    }


def _periods(report: Report, run: Row) -> Iterator[Row]:
    """Yield what became of periods, of each check that tells when no data came; of one without any, of its day."""
    deadlines = _Deadlines(report.zone)
    day = report.now.astimezone(report.zone).date().isoformat()
    seen = {"config": run["config"], "seen_from": run["run_at"], "seen_until": run["run_at"]}
    for finding in report.findings:
        if not telling(finding.check).of_silence or finding.whole_table:
            continue
        about = {**seen, "table_id": _text(finding.table), "check_name": finding.check}
        for item in finding.items:
            due_at, month = deadlines.of(item.due_at)
            yield {
                **about,
                "period": _text(item.period),
                "dimensions": _dimensions(item) if item.dimensions else None,
                "state": item.state.value,
                "due_at": due_at,
                "month": month,
                "arrived_at": plain(item.arrived_at),
                "on_time": _on_time(item),
            }
        if not finding.items:
            state, on_time = _DAYS[finding.status]
            yield {**about, "period": day, "state": state, "month": day[:7], "on_time": on_time}


@dataclass(slots=True)
class _Deadlines:
    """Deadlines as the data sets have them, with the month of each in the zone: tables share most of them."""

    zone: ZoneInfo
    known: dict[datetime, tuple[datetime | None, str]] = field(default_factory=dict)

    def of(self, due_at: datetime | None) -> tuple[datetime | None, str | None]:
        """Return the deadline and its month."""
        if due_at is None:
            return None, None
        found = self.known.get(due_at)
        if found is None:
            month = due_at.astimezone(self.zone).date().isoformat()[:7]
            found = self.known[due_at] = (plain(due_at), month)
        return found


_DAYS: Mapping[Status, tuple[str, bool | None]] = {
    Status.PASS: ("fresh", True),
    Status.FAIL: ("stale", False),
    Status.UNKNOWN: ("unknown", None),
}


def _dimensions(item: Item) -> str:
    dimensions = {encodable(key): encodable(value) for key, value in item.dimensions}
    return json.dumps(dimensions, ensure_ascii=False)[:_LONGEST]


def _on_time(item: Item) -> bool | None:
    """Tell whether a period came in time, None where that is not known: what is gone counts when it came."""
    if item.state in _ARRIVED:
        return item.state is ItemState.PRESENT if item.arrived_at is not None else None
    if item.state is ItemState.GONE:
        came_in_time = None not in (item.arrived_at, item.due_at) and item.arrived_at <= item.due_at  # type: ignore[operator] # neither is None
        return True if came_in_time else None
    return False if item.state.is_bad else None


def _value(value: Observed) -> str | None:
    if isinstance(value, datetime):
        return iso(value)
    return _text(value) if isinstance(value, str | None) else str(value)


def _text(text: str | None) -> str | None:
    return None if text is None else encodable(text)[:_LONGEST]
