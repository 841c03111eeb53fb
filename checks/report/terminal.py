"""The report in a terminal: a table of the tables first, worst on top, then what the email tells."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from checks import text as words
from checks.report import text
from checks.report.brief import briefs

if TYPE_CHECKING:
    from rich.table import Table

    from checks.report.brief import Brief
    from checks.report.build import Report

_STYLES = {
    "critical": "bold red",
    "warning": "yellow",
    "unknown": "magenta",
    "silenced": "dim",
    "fresh": "green",
}
_MOST_ILL = 60
_MOST_FRESH = 20
_NARROW = 60
"""Below so many columns a table shows verdict, name and what was seen alone."""
_HEADINGS = re.compile(
    r"^(CONFIG|NEW|ESCALATED|STILL FAILING|COULD NOT CHECK|RESOLVED|NO LONGER ASKED FOR)\b.*$", re.MULTILINE
)
_HEADING_COLOURS = {"RESOLVED": 32, "NO LONGER ASKED FOR": 36, "COULD NOT CHECK": 35, "STILL FAILING": 33}
_BADGES = re.compile(r"^(CRITICAL|WARNING|UNKNOWN)(?= )", re.MULTILINE)
_BADGE_COLOURS = {"CRITICAL": 31, "WARNING": 33, "UNKNOWN": 35}


def render(report: Report, *, width: int, colour: bool) -> str:
    """Return the report for a terminal of that many columns, with ANSI colours where ``colour`` is set."""
    told = text.render(report)
    if colour:
        told = _HEADINGS.sub(lambda found: _coloured(found[0], _HEADING_COLOURS.get(found[1], 31)), told)
        told = _BADGES.sub(lambda found: _coloured(found[0], _BADGE_COLOURS[found[1]]), told)
    table = summary(report, width=width, colour=colour)
    return f"{table}\n{told}" if table else told


def summary(report: Report, *, width: int, colour: bool) -> str:
    """Return the table of tables; empty without any. Many that are fresh are one line."""
    rows = briefs(report)
    if not rows:
        return ""
    ill = [row for row in rows if row.kind != "fresh"]
    fresh = rows[len(ill) :]
    shown = ill[:_MOST_ILL] + (fresh if len(fresh) <= _MOST_FRESH else [])
    lines = _drawn(_table(shown, width), width, colour=colour) if shown else ""
    if len(ill) > _MOST_ILL:
        lines += f"... {words.count(len(ill) - _MOST_ILL, 'more table is', 'more tables are')} not well\n"
    if len(fresh) > _MOST_FRESH:
        said = f"{words.count(len(fresh), 'table is', 'tables are')} fresh"
        lines += f"{_coloured(said, 32) if colour else said}\n"
    return lines


def _table(rows: list[Brief], width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    is_narrow = width < _NARROW
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="bold")
    table.add_column("VERDICT", no_wrap=True)
    table.add_column("TABLE", overflow="fold", min_width=14)
    if not is_narrow:
        table.add_column("CHECKS", overflow="fold")
    table.add_column("SEEN", overflow="fold")
    if not is_narrow and any(row.owner for row in rows):
        table.add_column("OWNER", overflow="fold")
    for row in rows:
        style = _STYLES[row.kind]
        cells = [Text(row.kind, style=style), Text(row.table, style="bold" if row.kind == "critical" else "")]
        cells += [] if is_narrow else [Text(row.checks)]
        cells.append(Text(row.seen))
        cells += [] if is_narrow or len(table.columns) == len(cells) else [Text(row.owner)]
        table.add_row(*cells)
    return table


def _drawn(table: Table, width: int, *, colour: bool) -> str:
    from rich.console import Console

    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        no_color=not colour,
        legacy_windows=False,
        _environ={},  # the width and the colours are decided by the caller alone
    )
    console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _coloured(told: str, colour: int) -> str:
    return f"\033[1;{colour}m{told}\033[0m"
