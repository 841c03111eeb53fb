"""The report as HTML: one page that needs nothing else, and a fragment for a notebook.

No outside hosts; every string is escaped by Jinja's autoescape, and addresses become links only when they are http(s).
The page's one script finds and orders rows; its policy lets that script run, and no other, by its hash. Without
scripts the page shows all the same.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from checks import text as words
from checks.report.outline import outline
from checks.report.page_rows import kind_of, table_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2 import Environment
    from markupsafe import Markup

    from checks.report.build import Report

_TEMPLATES = Path(__file__).parent / "templates"
_FRAGMENT_ROWS = 100
_MOST_DRAWN = 50
_LONGEST_CELL = 600
_DATE = re.compile(r"(\d{4}-(?:\d\d|W\d\d|Q\d)(?:-\d\d)?|[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2}(?: \d{4})?)")
_BREAKABLE = re.compile(r"(?<=[._/=\-])(?=\w)")
"""Where a name may go on in the next line: after what parts its words."""


def page(report: Report) -> str:
    """Return a whole HTML document: totals, the fleet, news, and a row a table."""
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            told=outline(report),
            report=report,
            rows=table_rows(report),
            style=_asset("page.css"),
            script=_asset("page.js"),
            style_hash=_hash("page.css"),
            script_hash=_hash("page.js"),
        )
    )


def fragment(report: Report) -> str:
    """Return an element for a notebook's output cell: totals and the worst 100 findings as a table."""
    rows = list(_rows(report))
    return (
        _environment()
        .get_template("fragment.html.j2")
        .render(told=outline(report), report=report, rows=rows, left_out=len(report.findings) - len(rows))
    )


def picture(report: Report) -> str:
    """Return an element that draws the worst 50 tables: their last periods, arrivals against deadlines, volume."""
    return _drawn(report, "picture.html.j2")


def picture_page(report: Report) -> str:
    """Return the same as a whole HTML document."""
    return _drawn(report, "picture_page.html.j2")


def _drawn(report: Report, template: str) -> str:
    rows = table_rows(report)
    return (
        _environment()
        .get_template(template)
        .render(told=outline(report), rows=rows[:_MOST_DRAWN], left_out=max(0, len(rows) - _MOST_DRAWN))
    )


def _rows(report: Report) -> Iterator[dict[str, str]]:
    for finding in report.findings[:_FRAGMENT_ROWS]:
        yield {
            "badge": kind_of(finding),
            "table": words.name(finding.table),
            "check": words.name(finding.check),
            "because": words.shorten(words.clean(finding.because), _LONGEST_CELL),
            "owner": words.name(finding.owner) if finding.owner else "",
        }


@cache
def _asset(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@cache
def _hash(name: str) -> str:
    """Return the source of a policy that allows exactly this text (CSP Level 3, section 2.3.1, hash-source)."""
    digest = hashlib.sha256(_asset(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def breakable(text: str) -> Markup:
    """Return a name that breaks after its dots, slashes and underscores, and not within a word."""
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(part) for part in _BREAKABLE.split(text))


def prose(text: str) -> Markup:
    """Return a sentence whose dates stay on one line."""
    from markupsafe import Markup, escape

    parts = _DATE.split(text)
    return Markup("").join(
        Markup('<span class="date">{}</span>').format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


@cache
def _environment() -> Environment:
    # Imported here: `--help` and `validate` never render HTML.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"breakable": breakable, "prose": prose}
    return environment
