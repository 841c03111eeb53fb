"""Troubles that ended: one short entry a finding. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from checks import text as words
from checks.model import Change, Reason, Status
from checks.report.build import is_long_dead
from checks.report.entries import telling
from checks.report.pieces import Entry, Line, whole_sentence
from checks.schedule.clock import say_instant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.report.build import Report


def ended(report: Report, reasons: tuple[Reason, ...]) -> tuple[Entry, ...]:
    """Tell the troubles that ended for one of the reasons, one short entry a finding.

    That one more day of what is long dead left the lookback is left out of a report that tells of that table.
    """
    groups: dict[tuple[str, Reason], list[Change]] = defaultdict(list)
    dead = {one.id for one in report.findings if report.whole and is_long_dead(one, report)}
    for change in report.changes:
        is_known = change.reason is Reason.EXPIRED and change.finding_id in dead
        if change.reason in reasons and not is_known:
            groups[change.finding_id, change.reason].append(change)
    return tuple(_end(group, report) for group in groups.values())


def _end(group: Sequence[Change], report: Report) -> Entry:
    change = group[0]
    since = min((one.since for one in group if one.since and one.since <= report.now), default=None)
    zone = report.zone
    reported = (
        f" First reported {say_instant(since, zone)} ({words.ago(since, report.now)})." if since else ""
    )
    items = words.listing([words.name(one.item) for one in group if one.item])
    said = telling(change.check)
    if change.reason is Reason.EXPIRED:
        text = f"{items} left the lookback {said.unmended}; nobody will be told of it again."
        note = next((one.note for one in group if one.note), "")
        text = whole_sentence(note[0].upper() + note[1:]) if note else text
    elif change.reason is Reason.NO_LONGER_WATCHED:
        text = (
            f"The configuration does not ask for this any more. Last told: {whole_sentence(change.because)}"
        )
    elif items:
        text = f"{items} {said.mended[len(group) > 1]}."
    else:
        text = whole_sentence(change.because)
    reported += _with_it(group, report)
    title = f"{words.name(change.table)} ({words.name(change.check)})"
    badge = "unwatched" if change.reason is Reason.NO_LONGER_WATCHED else change.reason.value
    return Entry(badge, title, (Line("", text + reported),), frozenset({change.table}))


def _with_it(group: Sequence[Change], report: Report) -> str:
    """Tell which of the tables that were told within a trouble are over it too; what outlives it is told itself."""
    bad = {finding.table for finding in report.findings if finding.status is not Status.PASS}
    tables = {table for change in group for table, _ in change.also} - bad - {group[0].table}
    if not tables:
        return ""
    names = words.listing([words.name(table) for table in sorted(tables)])
    return f" Over with it: {words.count(len(tables), 'table')} made from it ({names})."
