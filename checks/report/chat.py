"""The report as a custom notification of Amazon Q Developer in chat applications, which Slack and Teams show. Pure.

The schema is its version 1.0 (AWS, "Custom notifications using Amazon Q Developer in chat applications"): each chat
reads its own marks out of the description, so what could be one in either of them is replaced by what looks alike.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from checks import text as words
from checks.model import Status
from checks.report import chats
from checks.report.build import local_date
from checks.report.outline import outline
from checks.report.pieces import Kind
from checks.report.text import one_line

if TYPE_CHECKING:
    from checks.report.build import Report
    from checks.report.pieces import Entry

DESCRIPTION_LONGEST = 3000
"""AWS names no limit; Slack shows at most so many characters in one text."""
_MOST_RESOURCES = 10
_LOOKS_ALIKE = str.maketrans({"<": "\u2039", ">": "\u203a", "`": "'", "[": "(", "]": ")"})


def notification(report: Report) -> dict[str, Any]:
    """Return the notification, cut between items with the number left out.

    All of one day, of one config, make one thread, where the channel's preferences allow threads.
    """
    told = outline(report)
    head = [plain(f"{told.totals} {told.origin}"), *(plain(f"Note: {note}") for note in told.notes[:3])]
    pieces: list[list[object]] = [["", *_piece(heading, entry)] for heading, entry in chats.items(told)]

    def last(left: int) -> list[object]:
        said = [chats.left_out(left, report)] if left else []
        return ["", *(plain(line) for line in (*said, *told.closing))]

    fitting = chats.fitting(pieces, last, lambda some: len(_text([*head, *some])) <= DESCRIPTION_LONGEST)
    bad = [one for one in report.findings if one.status is not Status.PASS and one.silenced is None]
    tables = list(dict.fromkeys(plain(words.name(one.table)) for one in bad))
    name = words.shorten(words.ascii_only(report.name), 40)
    return {
        "version": "1.0",
        "source": "custom",
        "id": plain(words.shorten(words.ascii_only(report.run_id), 100)),
        "content": {
            "textType": "client-markdown",
            "title": plain(told.subject),
            "description": _text([*head, *fitting]),
        },
        "metadata": {
            "threadId": plain(f"s3-table-monitor/{name}/{local_date(report).isoformat()}"),
            "summary": plain(one_line(report)),
            "eventType": "S3TableReport",
            "relatedResources": tables[:_MOST_RESOURCES],
            "additionalContext": {
                "critical": str(report.summary.critical),
                "warning": str(report.summary.warning),
                "unknown": str(report.summary.unknown),
                "fresh": str(report.summary.fresh),
            },
        },
    }


def encoded(report: Report) -> str:
    """Return the notification as the message of a topic."""
    return json.dumps(notification(report), ensure_ascii=False)


def plain(text: str) -> str:
    """Return a text in which neither Slack nor Teams reads a link, a mention, a tag or code."""
    return chats.harmless(text).translate(_LOOKS_ALIKE)


def _text(some: list[Any]) -> str:
    return "\n".join(some).strip()


def _piece(heading: str, entry: Entry) -> list[object]:
    found: list[object] = [f"*{plain(heading)}*", ""] if heading else []
    found.append(f"*{plain(chats.title(entry)).replace('*', ' ')}*")
    for label, text, kind in chats.lines(entry):
        start = f"{plain(label)}: " if label else ""
        if kind is Kind.CODE:
            found.append(f"```{start}{text.replace('```', chr(39) * 3)}```")
        else:
            found.append(f"{start}{plain(text)}")
    return found
