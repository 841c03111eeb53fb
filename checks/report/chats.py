"""What all chats need of a report: texts that mention nobody and link nowhere, and items that fit. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from checks import text as words
from checks.report.pieces import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from checks.report.build import Report
    from checks.report.outline import Outline
    from checks.report.pieces import Entry

_MENTIONS = re.compile(r"@(?=(?:here|channel|everyone|all)\b)", re.IGNORECASE)
_COMMANDS = re.compile(r"<(?=[!@#/a-zA-Z])")
_BADGES = {"critical": "CRITICAL ", "warning": "WARNING ", "unknown": "UNKNOWN "}
_LONGEST_LINE = 1200
_LONGEST_CODE = 2000


def harmless(text: str) -> str:
    """Return a text that calls nobody: ``@here`` and ``<!channel>`` keep their looks, and lose their meaning."""
    return _COMMANDS.sub("\u2039", _MENTIONS.sub("\uff20", text))


def title(entry: Entry) -> str:
    """Return the first line of an item."""
    return harmless(f"{_BADGES.get(entry.badge, '')}{entry.title}")


def lines(entry: Entry) -> Iterator[tuple[str, str, Kind]]:
    """Yield label, text and kind of each line of an item, bounded and harmless."""
    for line in entry.lines:
        longest = _LONGEST_CODE if line.kind is Kind.CODE else _LONGEST_LINE
        text = line.text if line.kind is Kind.URL else harmless(words.shorten(line.text, longest))
        if text:
            yield harmless(line.label), text, line.kind


def items(told: Outline) -> Iterator[tuple[str, Entry]]:
    """Yield each item with the heading before it, empty where it is that of the item before."""
    for section in told.sections:
        for number, entry in enumerate(section.entries):
            yield ("" if number else section.title), entry


def left_out(number: int, report: Report) -> str:
    """Say how many items are left out, and where the whole report is."""
    count = words.count(number, "more item is", "more items are")
    whole = report.whole_at or "run `checks run` to see it"
    return f"{count} left out here. The whole report: {whole}"


def fitting(
    pieces: Sequence[list[object]], fixed: Callable[[int], list[object]], fits: Callable[[list[object]], bool]
) -> list[object]:
    """Return as many of the pieces, one after the other, as fit with what always stands after them.

    ``fixed`` returns that of the number of pieces left out. Nothing is cut within a piece.
    """
    low, high = 0, len(pieces)
    while low < high:
        middle = (low + high + 1) // 2
        if fits([*_joined(pieces[:middle]), *fixed(len(pieces) - middle)]):
            low = middle
        else:
            high = middle - 1
    return [*_joined(pieces[:low]), *fixed(len(pieces) - low)]


def _joined(pieces: Iterable[list[object]]) -> list[object]:
    return [block for piece in pieces for block in piece]
