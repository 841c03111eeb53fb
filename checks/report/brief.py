"""A table's verdict in one row: what a terminal shows before the sentences. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from checks import text as words
from checks.model import CONFIG_CHECK, Finding, ItemState, Status
from checks.report.page_rows import RANKS, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.report.build import Report

_MOST_PERIODS = 2
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Brief:
    """One table: its worst verdict, the checks that say so, what was seen in few words, and whose it is."""

    kind: str
    table: str
    checks: str
    seen: str
    owner: str


def briefs(report: Report) -> list[Brief]:
    """Return a row a table, worst first, then by name; the config itself is no table."""
    by_table: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        if finding.check != CONFIG_CHECK:
            by_table[finding.table].append(finding)
    rows = [_brief(table, found, report.now) for table, found in by_table.items()]
    return sorted(rows, key=lambda row: (RANKS.index(row.kind), row.table))


def _brief(table: str, findings: Sequence[Finding], now: datetime) -> Brief:
    kinds = [kind_of(finding) for finding in findings]
    worst = min(kinds, key=RANKS.index)
    first = findings[kinds.index(worst)]
    ill = [finding.check for finding, kind in zip(findings, kinds, strict=True) if kind != "fresh"]
    return Brief(
        kind=worst,
        table=words.name(table),
        checks=", ".join(words.name(check) for check in ill or [finding.check for finding in findings]),
        seen=seen_in_brief(first, now),
        owner=words.name(first.owner) if first.owner else "",
    )


def seen_in_brief(finding: Finding, now: datetime) -> str:
    """Return what was seen in few words: ``2 of 14 missing: 2026-11-21, 2026-11-22``, ``31 h ago``, ``denied``."""
    if finding.status is Status.UNKNOWN and finding.problem is not None:
        return finding.problem.value
    all_bad = [item for item in finding.items if item.state.is_bad]
    bad = [
        item for item in all_bad if not item.marked
    ] or all_bad  # what is expected is told where nothing else is
    if bad:
        states = {item.state for item in bad}
        word = next(iter(states)).value if len(states) == 1 else "not well"
        named = ", ".join(dict.fromkeys(words.clean(item.period) for item in bad[-_MOST_PERIODS:]))
        more = "..., " if len(bad) > _MOST_PERIODS else ""
        return words.shorten(f"{len(bad)} of {len(finding.items)} {word}: {more}{named}", _LONGEST)
    if isinstance(finding.observed, datetime):
        return words.age(finding.observed, now)
    if finding.items and finding.status is Status.PASS:
        late = sum(item.state is ItemState.LATE for item in finding.items)
        came = words.count(len(finding.items), "period")
        return f"all {came}" + (f", {late} late" if late else "")
    return words.shorten(words.clean(finding.because), _LONGEST) if finding.status is not Status.PASS else ""
