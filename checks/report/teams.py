"""The report as an Adaptive Card in the message that a workflow of Microsoft Teams takes. Pure.

Only runs of text, in which Teams reads no marks, mentions or HTML. At most 28 KB (Teams, "Rate limits and size").
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from checks.report import chats
from checks.report.outline import outline
from checks.report.pieces import Kind

if TYPE_CHECKING:
    from checks.report.build import Report
    from checks.report.pieces import Entry

LONGEST = 28 * 1024
_MOST_NOTES = 5
_COLORS = {"critical": "Attention", "warning": "Warning", "unknown": "Warning", "resolved": "Good"}


def message(report: Report) -> dict[str, Any]:
    """Return the message, cut between items with the number left out."""
    told = outline(report)
    head: list[object] = [
        _line(told.subject, size="Large", weight="Bolder"),
        _line(f"{told.totals} {told.origin}"),
        *(_line(f"Note: {note}", near=True) for note in told.notes[:_MOST_NOTES]),
    ]
    pieces = [_piece(heading, entry) for heading, entry in chats.items(told)]

    def last(left: int) -> list[object]:
        said = [chats.left_out(left, report)] if left else []
        return [_line(line, isSubtle=True) for line in (*said, *told.closing)]

    body = chats.fitting(pieces, last, lambda some: len(encoded(_message([*head, *some]))) <= LONGEST)
    return _message([*head, *body])


def encoded(message: dict[str, Any]) -> bytes:
    """Return a message as it is sent."""
    return json.dumps(message, ensure_ascii=False).encode()


def _message(body: list[object]) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _piece(heading: str, entry: Entry) -> list[object]:
    found: list[object] = [_line(heading, weight="Bolder")] if heading else []
    color: dict[str, Any] = {"color": _COLORS[entry.badge]} if entry.badge in _COLORS else {}
    found.append(_line(chats.title(entry), weight="Bolder", **color))
    for label, text, kind in chats.lines(entry):
        start = f"{label}: " if label else ""
        if kind is Kind.URL:
            link = {"type": "TextRun", "text": text, "selectAction": {"type": "Action.OpenUrl", "url": text}}
            found.append(_runs([*([_run(start)] if start else []), link], near=True))
        elif kind is Kind.CODE:
            found.append(_line(f"{start}{text}", near=True, fontType="Monospace"))
        else:
            found.append(_line(f"{start}{text}", near=True))
    return found


def _line(text: str, *, near: bool = False, **style: Any) -> dict[str, Any]:
    return _runs([_run(text, **style)], near=near)


def _run(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": chats.harmless(text), **style}


def _runs(runs: list[dict[str, Any]], *, near: bool) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": runs, **({"spacing": "None"} if near else {})}
