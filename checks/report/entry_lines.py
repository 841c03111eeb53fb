"""The lines of an entry below its first sentences: what to do, since when, whose it is, who knows of it. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from checks import text as words
from checks.marks import MarkKind
from checks.model import Finding, Reason, Severity, Status
from checks.report.pieces import Kind, Line, ToldFinding, sentence, whole_sentence
from checks.rights import Lacks, statements
from checks.schedule.clock import say_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from checks.report.build import Report

_MOST_REMEDIES = 3
_MOST_STATEMENTS = 6
_MOST_RESOURCES = 8
_MOST_SAID = 12
_MOST_NAMED = 30


def lacks_of(group: Sequence[ToldFinding]) -> Lacks | None:
    """Return all that one role lacks where that is several things, None where one sentence tells it."""
    if len({one.finding.cause for one in group}) < 2:
        return None
    found = [one.finding.lacks for one in group if one.finding.lacks is not None]
    return Lacks(found[0].role, tuple(right for each in found for right in each.rights)) if found else None


def to_allow(lacks: Lacks) -> list[Line]:
    """Tell the statements to add to a role, each whole and fit to be copied; what is left out is counted."""
    role = words.name(lacks.role) if lacks.role else "the monitor's role"
    lines = [Line("To do", f"deploy what checks iam prints for this config, or add to the policy of {role}:")]
    found = statements(lacks.rights)
    left = len(found) - _MOST_STATEMENTS
    cut = 0
    for each in found[:_MOST_STATEMENTS]:
        shown, more_places = _cut(each)
        cut += more_places
        lines.append(Line("Allow", words.statement(json.dumps(shown, ensure_ascii=False)), Kind.CODE))
    more = [words.count(cut, "more place")] if cut else []
    more += [words.count(left, "more statement")] if left > 0 else []
    if more:
        lines.append(Line("", f"And {words.listing(more)}, which checks iam prints."))
    return lines


def _cut(statement: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Return a statement of a bounded number of places, and how many were left out; its id may be taken already."""
    shown = {name: value for name, value in statement.items() if name != "Sid"}
    shown["Resource"] = statement["Resource"][:_MOST_RESOURCES]
    left = len(statement["Resource"]) - len(shown["Resource"])
    if "Condition" in statement:
        prefixes = statement["Condition"]["StringLike"]["s3:prefix"]
        shown["Condition"] = {"StringLike": {"s3:prefix": prefixes[:_MOST_RESOURCES]}}
        left += len(prefixes[_MOST_RESOURCES:])
    return shown, left


def more_of(group: Sequence[ToldFinding], report: Report, *, alone: bool) -> list[Line]:
    """Tell what else is known: which items are news, what is usual, what to do, when it was due."""
    told, zone = group[0], report.zone
    finding = told.finding
    lines = []
    if alone:
        lines += _items(told)
    lines += to_do_of([one.finding for one in group], report)
    if finding.usual and alone:
        lines.append(Line("Usually", sentence(finding.usual), Kind.SHORT))
    if finding.deadline is not None and not finding.items:
        due = say_instant(finding.deadline, zone)
        if due not in finding.because:
            lines.append(Line("Due", f"{due} ({words.ago(finding.deadline, report.now)})", Kind.SHORT))
    return lines


def first_reported(group: Sequence[ToldFinding], report: Report) -> list[Line]:
    """Tell when it was first reported, and when the last of those that have one cause joined them."""
    times = sorted({one.since for one in group if one.since and one.since <= report.now})
    if not times or times[0] >= report.now:
        return []
    zone = report.zone
    said = [f"{say_instant(at, zone)} ({words.ago(at, report.now)})" for at in (times[0], times[-1])]
    return [Line("First reported", ", the last of them ".join(dict.fromkeys(said)), Kind.SHORT)]


def said_of(finding: Finding, report: Report) -> list[Line]:
    """Tell what people said of it: who knows of it, and which items are expected."""
    lines = []
    for each in finding.marked:
        mark = each.mark
        label = "Acknowledged" if mark.kind is MarkKind.ACK else "Expected"
        who = f"by {mark.by}, {say_instant(mark.at, report.zone)}"
        items = words.listing([words.name(key) for key in each.items], _MOST_SAID)
        said = f"{items} ({who})" if items and len(each.items) < _bad(finding) else who
        lines.append(Line(label, sentence(f"{said}: {mark.because}" if mark.because else said)))
    return lines


def _bad(finding: Finding) -> int:
    return sum(item.state.is_bad for item in finding.items)


def before_unread(group: Sequence[ToldFinding], *, alone: bool) -> list[Line]:
    """Tell what failed before it could no longer be checked: unknown resolves nothing."""
    failed = {
        words.name(one.finding.table): change.before
        for one in group
        for change in one.changes
        if change.before and change.item is None
    }
    if not failed:
        return []
    if alone:
        return [Line("When last read", whole_sentence(next(iter(failed.values()))))]
    return [Line("Failing when last read", words.listing(sorted(failed)))]


def _items(told: ToldFinding) -> list[Line]:
    """Tell which items are new where others are not."""
    fresh = [change.item for change in told.changes if change.item and change.reason is Reason.NEW]
    old = [change.item for change in told.changes if change.item and change.reason is not Reason.NEW]
    lines = []
    if fresh and old:
        text = f"{words.listing([words.name(key) for key in fresh])}; told before: "
        lines.append(Line("New", text + words.listing([words.name(key) for key in old])))
    return lines


def to_do_of(findings: Sequence[Finding], report: Report, instead: str = "") -> list[Line]:
    """Tell what to do; statements stand on lines of their own, so that they can be copied."""
    advice = instead or findings[0].advice
    lines = [Line("To do", sentence(advice))] if advice else []
    remedies: list[str] = []
    for finding in findings:
        told = [item for item in finding.items if item.state.is_bad and not item.marked]
        remedies += (
            [finding.statement] if finding.statement else [item.remedy for item in told if item.remedy]
        )
    shown = remedies[:_MOST_REMEDIES]
    lines += [Line("Run", words.statement(remedy), Kind.CODE) for remedy in shown]
    if len(remedies) > len(shown):
        left = words.count(len(remedies) - len(shown), "more statement")
        lines.append(
            Line("", f"And {left} {f'in {report.whole_at}' if report.whole_at else 'in the JSON report'}.")
        )
    return lines


def owners_of(group: Iterable[ToldFinding]) -> list[Line]:
    """Tell whose the tables are."""
    owners = sorted({words.name(one.finding.owner) for one in group if one.finding.owner})
    if not owners:
        return []
    return [Line("Owner" if len(owners) == 1 else "Owners", words.listing(owners), Kind.SHORT)]


def links_of(finding: Finding, report: Report) -> list[Line]:
    """Tell where to read on: the runbook, and the console where that is asked for."""
    lines = []
    console = finding.console_url if report.links else None
    for label, address in (("Runbook", finding.runbook), ("Console", console)):
        if not address:
            continue
        safe = words.url(address)
        lines.append(Line(label, safe or sentence(address), Kind.URL if safe else Kind.TEXT))
    return lines


def badge_of(findings: Sequence[Finding]) -> str:
    """Return the worst of the verdicts as a badge."""
    if any(finding.told_severity is Severity.CRITICAL for finding in findings):
        return "critical"
    return "unknown" if any(finding.status is Status.UNKNOWN for finding in findings) else "warning"
