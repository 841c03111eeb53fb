"""The report as JSON, for machines: versioned, with a published schema (`report.schema.json`)."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING

from checks import text as words
from checks.marks import MarkKind
from checks.model import iso, utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checks.marks import Marked
    from checks.model import Change, Finding, Item, JsonValue, Observed
    from checks.report.build import Report
    from checks.rights import Lacks

_MOST_NOTES = 20
_LONGEST_NOTE = 500
_MOST_ALSO = 200


def document(report: Report) -> dict[str, JsonValue]:
    """Return the report as values of strict JSON: instants as ISO 8601 in UTC, sizes in bytes.

    Findings go worst first, changes news first; equal reports give equal documents.
    """
    return _document(report, report.findings, report.changes, cut=False)


def render(report: Report, max_bytes: int | None = None) -> str:
    """Return the document as one line of JSON text.

    With ``max_bytes`` (of UTF-8) findings are left out from the end, so passing ones first, each with
    its changes; ``left_out`` then counts them and ``left_out_changes`` the changes. What was resolved
    or is watched no more goes last of all. The rest of the document is never cut, but for its notes.
    """
    whole = _dumps(document(report))
    if max_bytes is None or _size(whole) <= max_bytes:
        return whole
    report = replace(report, notes=tuple(note[:_LONGEST_NOTE] for note in report.notes[:_MOST_NOTES]))
    room = max_bytes - _size(_dumps(_document(report, (), (), cut=True)))
    ids = {finding.id for finding in report.findings}
    attached: dict[str, int] = defaultdict(int)
    chosen: set[str] = set()
    for change in report.changes:
        size = _size(_dumps(change_document(change))) + 1
        if change.finding_id in ids:
            attached[change.finding_id] += size
        elif size <= room:
            room -= size
            chosen.add(change.finding_id)
        else:
            room = 0
    since = first_reported(report.changes)
    for finding in report.findings:
        size = _size(_dumps(finding_document(finding, since.get(finding.id)))) + 1 + attached[finding.id]
        if size > room:
            break
        room -= size
        chosen.add(finding.id)
    findings = tuple(finding for finding in report.findings if finding.id in chosen)
    changes = tuple(change for change in report.changes if change.finding_id in chosen)
    return _dumps(_document(report, findings, changes, cut=True))


def pretty(report: Report) -> str:
    """Return the whole document as indented JSON text, for a file that people may open."""
    return json.dumps(document(report), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def schema() -> dict[str, JsonValue]:
    """Return the JSON Schema (draft 2020-12) of the document."""
    text = resources.files("checks.report").joinpath("report.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, JsonValue] = json.loads(text)
    return loaded


def finding_document(finding: Finding, since: datetime | None = None) -> dict[str, JsonValue]:
    """Return one finding as values of JSON; ``since`` is when its trouble was first reported."""
    return {
        "table": _text(finding.table),
        "check": finding.check,
        "status": finding.status.value,
        "severity": finding.severity.value if finding.severity else None,
        "observed": _value(finding.observed),
        "expected": _value(finding.expected),
        "limits": {"warning": _value(finding.limits.warning), "critical": _value(finding.limits.critical)},
        "because": _text(finding.because),
        "evidence": _text(finding.evidence),
        "items": [_item(item) for item in finding.items],
        "owner": _text(finding.owner),
        "silenced": _text(finding.silenced),
        "deadline": _value(finding.deadline),
        "usual": _text(finding.usual),
        "advice": _text(finding.to_do),
        "runbook": _text(finding.runbook),
        "console_url": _text(finding.console_url),
        "since": _value(since),
        "stale_since": _value(finding.stale_since),
        "problem": finding.problem.value if finding.problem else None,
        "cause": _text(finding.cause),
        **({"within": _text(finding.within)} if finding.within else {}),
        **({"of_period": _text(finding.of_period)} if finding.of_period else {}),
        **_standstill(finding),
        **({"statement": _text(finding.statement)} if finding.statement else {}),
        **({"lacks": _lacks(finding.lacks)} if finding.lacks is not None else {}),
        **({"marked": [_marked(each) for each in finding.marked]} if finding.marked else {}),
    }


def change_document(change: Change) -> dict[str, JsonValue]:
    """Return one change as values of JSON."""
    return {
        "table": _text(change.table),
        "check": change.check,
        "item": _text(change.item),
        "reason": change.reason.value,
        "status": change.status.value,
        "severity": change.severity.value if change.severity else None,
        "since": _value(change.since),
        "because": _text(change.because),
        "before": _text(change.before),
        "owner": _text(change.owner),
        **({"note": _text(change.note)} if change.note else {}),
        **({"also": _also(change)} if change.also else {}),
    }


def _also(change: Change) -> JsonValue:
    """Return the tables whose trouble was told within one that is over, the first of many."""
    return [{"table": _text(table), "owner": _text(owner)} for table, owner in change.also[:_MOST_ALSO]]


def _standstill(finding: Finding) -> dict[str, JsonValue]:
    """Return since when nothing came, where that is what a finding fails by."""
    found = finding.absence.standstill if finding.absence is not None else None
    if found is None:
        return {}
    told: JsonValue = {"of": found.of, "since": _value(found.since), "overdue_at": _value(found.overdue_at)}
    return {"standstill": told}


def _lacks(lacks: Lacks) -> JsonValue:
    return {
        "role": _text(lacks.role),
        "rights": [
            {"action": right.action, "resource": _text(right.resource), "prefix": _text(right.prefix)}
            for right in lacks.rights
        ],
    }


def _document(
    report: Report, findings: Sequence[Finding], changes: Sequence[Change], *, cut: bool
) -> dict[str, JsonValue]:
    summary = report.summary
    since = first_reported(report.changes)
    result: dict[str, JsonValue] = {
        "version": report.version,
        "run_id": _text(report.run_id),
        "name": _text(report.name),
        "now": iso(report.now),
        "zone": report.zone.key,
        **({"account": _text(report.account)} if report.account else {}),
        **({"region": _text(report.region)} if report.region else {}),
        "first_run": report.first_run,
        "whole": report.whole,
        "summary": {
            "tables": summary.tables,
            "fresh": summary.fresh,
            "warning": summary.warning,
            "critical": summary.critical,
            "unknown": summary.unknown,
        },
        "findings": [finding_document(finding, since.get(finding.id)) for finding in findings],
        "changes": [change_document(change) for change in changes],
        "cost": {
            "requests": report.cost.requests,
            "usd": _value(round(report.cost.usd, 8)),
            "seconds": _value(round(report.cost.seconds, 3)),
            "by_operation": dict(sorted(report.cost.by_operation.items())),
        },
        "notes": [_text(note) for note in report.notes],
    }
    if cut:
        result["left_out"] = len(report.findings) - len(findings)
        result["left_out_changes"] = len(report.changes) - len(changes)
    if report.whole_at:
        result["whole_at"] = _text(report.whole_at)
    if report.page_at:
        result["page_at"] = _text(report.page_at)
    if report.links:
        result["links"] = True
    return result


def first_reported(changes: Sequence[Change]) -> Mapping[str, datetime]:
    """Return when the trouble of each finding (by its id) was first reported, where it was."""
    since: dict[str, datetime] = {}
    for change in changes:
        if change.since is not None:
            since[change.finding_id] = min(since.get(change.finding_id, change.since), change.since)
    return since


def _item(item: Item) -> dict[str, JsonValue]:
    return {
        "period": _text(item.period),
        "dimensions": {str(_text(key)): _text(value) for key, value in item.dimensions},
        "state": item.state.value,
        "due_at": _value(item.due_at),
        "arrived_at": _value(item.arrived_at),
        "detail": _text(item.detail),
        "remedy": _text(item.remedy),
        **({"within": _text(item.within)} if item.within else {}),
        **({"marked": _text(item.marked)} if item.marked else {}),
    }


def _marked(each: Marked) -> dict[str, JsonValue]:
    mark = each.mark
    return {
        "id": _text(mark.id),
        "kind": mark.kind.value,
        "by": _text(mark.by),
        "at": iso(mark.at),
        "until": iso(mark.ends_at) if mark.kind is MarkKind.SILENCE else None,
        "because": _text(mark.because),
        "period": _text(mark.period),
        "items": [_text(key) for key in each.items],
    }


def _value(value: Observed) -> JsonValue:
    """Return a machine value; a number that JSON cannot carry (NaN, infinity) is not known: null."""
    if isinstance(value, datetime):
        return iso(utc(value))
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return _text(value) if isinstance(value, str) else value


def _text(text: str | None) -> str | None:
    """Return the text as it can be encoded: a lone surrogate becomes the replacement character."""
    return None if text is None else words.encodable(text)


def _dumps(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _size(text: str) -> int:
    return len(text.encode())
