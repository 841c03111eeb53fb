"""The report as plain text: the email, and what a terminal shows."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from checks import text as words
from checks.report.build import counts_of, subject
from checks.report.outline import Outline, outline
from checks.report.pieces import Entry, Kind, Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.report.build import Report

WIDTH = 78
SMS_LONGEST = 140
_BADGES = {
    "critical": "CRITICAL ",
    "warning": "WARNING ",
    "unknown": "UNKNOWN ",
    "resolved": "",
    "expired": "",
    "unwatched": "",
}
_INDENT = "  "

__all__ = ["SMS_LONGEST", "WIDTH", "one_line", "render", "subject"]


def render(report: Report, max_bytes: int | None = None) -> str:
    """Return the report in lines of at most 78 characters, except for addresses and statements.

    With ``max_bytes`` (of UTF-8) the text is cut between items, the last ones first; it then says how many
    are left out and where the whole report is. Totals, notes and the proof are never cut: the text
    is longer than asked for only when these alone are.
    """
    told = outline(report)
    head = _wrapped(told.totals) + _wrapped(told.origin)
    if told.notes:
        head += ["", *(line for note in told.notes for line in _wrapped(f"Note: {note}", later=_INDENT))]
    closing = "\n" + _joined([line for text in told.closing for line in _wrapped(text)])
    start = _joined(head)
    total = sum(len(section.entries) for section in told.sections)
    fixed = _size(start) + _size(closing)
    room = None if max_bytes is None else max_bytes - fixed - _size(_left_out(total, report))
    blocks = list(_fitting(_blocks(told), room))
    left_out = "" if len(blocks) == total else _left_out(total - len(blocks), report)
    return start + "".join(blocks) + left_out + closing


def one_line(report: Report, longest: int = SMS_LONGEST) -> str:
    """Return the report in one line of ASCII: the totals, the name, and the first item if there is room."""
    name = words.shorten(words.ascii_only(report.name), 30)
    line = f"S3 tables{f' of {name}' if name else ''}: {counts_of(report)}."
    sections = outline(report).sections
    if sections and not report.ok:
        first = f" First: {words.shorten(words.ascii_only(sections[0].entries[0].title), 60)}."
        line += first if len(line) + len(first) <= longest else ""
    return line[:longest]


def _blocks(told: Outline) -> Iterator[str]:
    """Yield each entry with the heading above it; what is told in one line follows the line before."""
    for section in told.sections:
        follows = False
        for number, entry in enumerate(section.entries):
            heading = f"\n{section.title}\n" if number == 0 else ""
            space = "" if follows and entry.brief else "\n"
            follows = bool(entry.brief)
            yield f"{heading}{space}{_joined(_entry(entry))}"


def _fitting(blocks: Iterator[str], room: int | None) -> Iterator[str]:
    """Yield blocks for as long as they fit."""
    left = room
    for block in blocks:
        if left is not None:
            left -= _size(block)
            if left < 0:
                return
        yield block


def _left_out(number: int, report: Report) -> str:
    whole = (
        f"The whole report: {report.whole_at}" if report.whole_at else "Run `checks run` to see all of it."
    )
    items = words.count(number, "more item is", "more items are")
    return f"\n{items} left out here, so that this message can be sent.\n{whole}\n"


def _entry(entry: Entry) -> list[str]:
    lines = _wrapped(f"{_BADGES[entry.badge]}{entry.brief or entry.title}", later=_INDENT)
    pending = ""
    for line in entry.beside if entry.brief else entry.lines:
        text = _labelled(line)
        if line.kind is Kind.SHORT and pending and len(_INDENT + pending) + 2 + len(text) <= WIDTH:
            pending += f"  {text}"
            continue
        lines += _short(pending)
        pending = ""
        if line.kind is Kind.SHORT:
            pending = text
        elif line.kind in (Kind.URL, Kind.CODE):
            lines.append(f"{_INDENT}{text}")
        else:
            lines += _wrapped(text, _INDENT, _INDENT * 2 if line.label else _INDENT)
    return lines + _short(pending)


def _short(pending: str) -> list[str]:
    return _wrapped(pending, _INDENT, _INDENT * 2) if pending else []


def _labelled(line: Line) -> str:
    return f"{line.label}: {line.text}" if line.label else line.text


def _wrapped(text: str, first: str = "", later: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False)


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _size(text: str) -> int:
    return len(text.encode())
