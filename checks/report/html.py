"""The report as HTML: one file that needs nothing else, and a fragment for a notebook.

No scripts and no outside hosts; every string is escaped by Jinja's autoescape, and addresses become
links only when they are http(s).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from checks import text as words
from checks.model import Status
from checks.report.outline import outline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment

    from checks.model import Finding
    from checks.report.build import Report

_TEMPLATES = Path(__file__).parent / "templates"
_FRAGMENT_ROWS = 100
_LONGEST_CELL = 600


@dataclass(frozen=True, slots=True)
class _Row:
    """A finding as a row of the table of all findings."""

    badge: str
    table: str
    check: str
    because: str
    owner: str


def page(report: Report) -> str:
    """Return a whole HTML document: totals, news, and a table of all findings."""
    return _render("page.html.j2", report, len(report.findings))


def fragment(report: Report) -> str:
    """Return an element for a notebook's output cell: totals and the worst 100 findings as a table."""
    return _render("fragment.html.j2", report, _FRAGMENT_ROWS)


def _render(template: str, report: Report, most: int) -> str:
    rows = list(_rows(report, most))
    return (
        _environment()
        .get_template(template)
        .render(told=outline(report), report=report, rows=rows, left_out=len(report.findings) - len(rows))
    )


def _rows(report: Report, most: int) -> Iterator[_Row]:
    for finding in report.findings[:most]:
        because = words.shorten(words.clean(finding.because), _LONGEST_CELL)
        yield _Row(
            badge=_badge(finding),
            table=words.name(finding.table),
            check=words.name(finding.check),
            because=because,
            owner=words.name(finding.owner) if finding.owner else "",
        )


def _badge(finding: Finding) -> str:
    if finding.silenced is not None and finding.status is not Status.PASS:
        return "silenced"
    if finding.severity is not None:
        return finding.severity.value
    return "fresh" if finding.status is Status.PASS else "unknown"


@cache
def _environment() -> Environment:
    # Imported here: `--help` and `validate` never render HTML.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
