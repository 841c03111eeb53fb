"""The report as a message of Slack, for an incoming webhook. Pure.

Rich text, in which Slack reads no marks, links or mentions out of a text. At most 50 blocks, 150 characters in a header
(Slack, "Block Kit"), 3,000 in a text, and some 13,000 in all blocks, from which on Slack says ``msg_blocks_too_long``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from checks import text as words
from checks.report import chats
from checks.report.outline import outline
from checks.report.pieces import Kind

if TYPE_CHECKING:
    from checks.report.build import Report
    from checks.report.pieces import Entry

MOST_BLOCKS = 50
HEADER_LONGEST = 150
TEXT_LONGEST = 3000
BLOCKS_LONGEST = 12_000
_MOST_NOTES = 5


def message(report: Report) -> dict[str, Any]:
    """Return the message, cut between items with the number left out."""
    told = outline(report)
    subject = words.shorten(chats.harmless(told.subject), HEADER_LONGEST)
    head: list[object] = [
        {"type": "header", "text": {"type": "plain_text", "text": subject, "emoji": False}},
        _lines([f"{told.totals} {told.origin}", *(f"Note: {note}" for note in told.notes[:_MOST_NOTES])]),
    ]
    pieces = [_piece(heading, entry) for heading, entry in chats.items(told)]

    def last(left: int) -> list[object]:
        said = [chats.left_out(left, report)] if left else []
        return [_lines([*said, *told.closing])]

    blocks = chats.fitting(pieces, last, lambda some: _fits([*head, *some]))
    return {
        "text": _escaped(subject),
        "blocks": [*head, *blocks],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _fits(blocks: list[object]) -> bool:
    return len(blocks) <= MOST_BLOCKS and len(json.dumps(blocks, ensure_ascii=False)) <= BLOCKS_LONGEST


def _piece(heading: str, entry: Entry) -> list[object]:
    """Return an item as one block: lines of one section, statements as code between them."""
    parts: list[dict[str, Any]] = []
    inline = [_text(f"{heading}\n", bold=True)] if heading else []
    inline.append(_text(chats.title(entry), bold=True))
    for label, text, kind in chats.lines(entry):
        start = f"{label}: " if label else ""
        if kind is Kind.CODE:
            parts += [_section(inline)] if inline else []
            parts.append({"type": "rich_text_preformatted", "elements": [_text(f"{start}{text}")]})
            inline = []
            continue
        line = "\n" if inline else ""
        if kind is Kind.URL:
            inline += [*([_text(f"{line}{start}")] if line or start else []), {"type": "link", "url": text}]
        else:
            inline.append(_text(f"{line}{start}{text}"))
    parts += [_section(inline)] if inline else []
    return [_block(parts)]


def _lines(lines: list[str]) -> dict[str, Any]:
    """Return lines of text as one block."""
    return _block([_section([_text("\n".join(chats.harmless(line) for line in lines))])])


def _block(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": parts}


def _section(inline: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": inline}


def _text(text: str, *, bold: bool = False) -> dict[str, Any]:
    style = {"style": {"bold": True}} if bold else {}
    return {"type": "text", "text": words.shorten(text, TEXT_LONGEST), **style}


def _escaped(text: str) -> str:
    """Return a text as Slack asks for it where it reads marks: its three signs written out."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
