"""News as events of PagerDuty's Events API v2: one alert an item, which its own end resolves. Pure.

An event is at most 512 KB, its summary 1,024 characters, its ``dedup_key`` 255 (PagerDuty, "Events API v2").
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks import text as words
from checks.changes import OVER
from checks.model import Change, Reason, Severity, Status, iso
from checks.report.build import subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.model import Finding
    from checks.report.build import Report

SUMMARY_LONGEST = 1024
_SHORT, _LONG = 255, 1024
_CLIENT = "s3-table-monitor"


@dataclass(frozen=True, slots=True)
class Alert:
    """An event without its routing key, and the change that it tells; None where it tells none."""

    event: dict[str, Any]
    change: Change | None = None


def alerts(report: Report) -> tuple[Alert, ...]:
    """Return the events: a trigger for what is new, worse or reminded of, a resolve for what is over.

    What could not be checked is an alert of its own, which is resolved as soon as its table is checked again. What
    only goes on is none: PagerDuty knows it. A test triggers and resolves one.
    """
    if report.is_test:
        return _test(report)
    findings = {finding.id: finding for finding in report.findings}
    found: list[Alert] = []
    for change in report.changes:
        if change.reason in OVER:
            keys = (change.item, *change.over)
            found += [Alert(_resolve(report, change.table, change.check, key), change) for key in keys]
        elif change.reason is not Reason.ONGOING:
            found.append(Alert(_trigger(report, change, findings.get(change.finding_id)), change))
    return (*found, *_checked_again(report))


def dedup_key(name: str, table: str, check: str, item: str | None) -> str:
    """Return what tells the alert of an item from all others, the same in every run."""
    whole = "\n".join([name, table, check, item or ""])
    digest = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    readable = "/".join(words.ascii_only(part) for part in (table, check, item) if part)
    return f"{words.shorten(readable, 200)}/{digest}"


def _checked_again(report: Report) -> Iterator[Alert]:
    """Yield the end of alerts that a finding as a whole could not be checked, where its items are told instead."""
    for finding in report.findings:
        if finding.id not in report.checked_again or finding.status is Status.UNKNOWN:
            continue
        if any(item.state.is_bad for item in finding.items):
            yield Alert(_resolve(report, finding.table, finding.check, None))


def _trigger(report: Report, change: Change, finding: Finding | None) -> dict[str, Any]:
    item = f" {words.name(change.item)}" if change.item else ""
    because = words.clean(change.because)
    told = f"{words.name(change.table)} ({words.name(change.check)}){item}: {because}"
    severity = {Severity.CRITICAL: "critical", Severity.WARNING: "warning"}.get(
        change.severity or Severity.WARNING, "warning"
    )
    return {
        "event_action": "trigger",
        "dedup_key": dedup_key(report.name, change.table, change.check, change.item),
        "client": _CLIENT,
        "payload": {
            "summary": words.shorten(told, SUMMARY_LONGEST),
            "source": words.name(change.table),
            "severity": "error" if change.status is Status.UNKNOWN else severity,
            "timestamp": iso(report.now),
            "component": words.name(change.check),
            "group": words.name(report.name) if report.name else _CLIENT,
            "class": change.reason.value,
            "custom_details": dict(_details(report, change, finding)),
        },
        **_links(finding),
    }


def _details(report: Report, change: Change, finding: Finding | None) -> Iterator[tuple[str, str]]:
    told = {
        "status": change.status.value,
        "because": change.because,
        "since": iso(change.since) if change.since else "",
        "owner": change.owner or "",
        "run": report.run_id,
        "whole report": report.whole_at,
    }
    if finding is not None:
        told |= {
            "to do": finding.to_do,
            "usual": finding.usual,
            "evidence": finding.evidence or "",
            "deadline": iso(finding.deadline) if finding.deadline else "",
        }
    for key, text in told.items():
        cleaned = words.shorten(words.clean(text), _LONG)
        if cleaned:
            yield key, cleaned


def _links(finding: Finding | None) -> dict[str, Any]:
    if finding is None:
        return {}
    named = (("Runbook", finding.runbook), ("Console", finding.console_url))
    safe = [{"href": url, "text": label} for label, text in named if (url := words.url(text))]
    return {"links": safe} if safe else {}


def _resolve(report: Report, table: str, check: str, item: str | None) -> dict[str, Any]:
    return {"event_action": "resolve", "dedup_key": dedup_key(report.name, table, check, item)}


def _test(report: Report) -> tuple[Alert, ...]:
    key = dedup_key(report.name, "test", "test", report.run_id)
    payload = {
        "summary": words.shorten(f"{subject(report)}: this is a test", SUMMARY_LONGEST),
        "source": _CLIENT,
        "severity": "info",
        "timestamp": iso(report.now),
    }
    trigger = {"event_action": "trigger", "dedup_key": key, "client": _CLIENT, "payload": payload}
    return Alert(trigger), Alert({"event_action": "resolve", "dedup_key": key})
