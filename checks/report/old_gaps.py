"""Tables that go on, and lack only what was due long ago: told together, and asked about once. Pure.

A new watch finds the gaps of weeks at once. One by one they would bury what failed this night; so they are one item,
which asks whether they are to be filled, or are as they should be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks import text as words
from checks.model import Status
from checks.report.build import LONG_DEAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.model import Finding
    from checks.report.build import Report

_MOST_NAMED = 12


def is_old_gap(finding: Finding, report: Report) -> bool:
    """Tell whether all that a finding lacks was due more than 7 days ago, and nothing else is told with it."""
    bad = [item for item in finding.items if item.state.is_bad and not item.marked]
    due = [item.due_at for item in bad if item.due_at is not None]
    return (
        finding.status is Status.FAIL
        and bool(bad)
        and len(due) == len(bad)
        and report.now - max(due) > LONG_DEAD
        and not finding.told_with
    )


def title_of(findings: Sequence[Finding]) -> str:
    """Return how many tables lack what was due long ago."""
    tables = len({finding.table for finding in findings})
    return f"{words.count(tables, 'table lacks', 'tables lack')} only what was due over {LONG_DEAD.days} days ago"


def named(findings: Sequence[Finding]) -> str:
    """Return the tables, each with what it lacks: ``sales.orders 2026-11-10, web.clicks 2026-11-09 and 3 more``."""
    said = []
    for finding in sorted(findings, key=lambda each: each.table):
        keys = [item.key for item in finding.items if item.state.is_bad and not item.marked]
        more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
        said.append(f"{words.name(finding.table)} {words.name(keys[-1])}{more}")
    return words.listing(said, _MOST_NAMED)


def to_do(findings: Sequence[Finding]) -> str:
    """Return what to do, with a command that can be copied."""
    first = min(findings, key=lambda each: each.table)
    key = next(item.key for item in reversed(first.items) if item.state.is_bad and not item.marked)
    example = f"checks expected {words.name(first.table)} --period {words.name(key)}"
    return f"load it, or say what is as it should be, such as {example}; from now on this is one line"
