"""What every rendering for people is made of: lines, entries of lines, sections of entries. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from checks import text as words

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Change, Finding, Reason

CONFIG = "CONFIG"
"""The heading of what is told of the config itself."""
_LONGEST_SENTENCE = 1200


class Kind(StrEnum):
    """How a line is to be shown."""

    TEXT = "text"
    SHORT = "short"
    """May share a line with its neighbours."""
    URL = "url"
    CODE = "code"
    """A statement to be copied as it stands."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an entry; ``label`` may be empty."""

    label: str
    text: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to know: ``badge`` is critical, warning, unknown, resolved, expired or unwatched."""

    badge: str
    title: str
    lines: tuple[Line, ...]
    tables: frozenset[str]
    brief: str = ""
    """All of it in one line, where it is old and was told before; empty where it is news."""
    beside: tuple[Line, ...] = ()
    """What people said of it, which is told with that line."""


@dataclass(frozen=True, slots=True)
class Section:
    """Entries under one heading, worst first, and of how many tables they tell."""

    heading: str
    entries: tuple[Entry, ...]

    @property
    def tables(self) -> int:
        """How many tables the entries tell of."""
        return len(frozenset[str]().union(*(entry.tables for entry in self.entries)))

    @property
    def title(self) -> str:
        """The heading with the number of tables: ``NEW (2 tables)``; the config is no table."""
        return (
            self.heading
            if self.heading == CONFIG
            else f"{self.heading} ({words.count(self.tables, 'table')})"
        )


@dataclass(frozen=True, slots=True)
class ToldFinding:
    """A finding with what is news about it."""

    finding: Finding
    changes: tuple[Change, ...]

    @property
    def reasons(self) -> frozenset[Reason]:
        """Why it is told; empty when there is no change of it."""
        return frozenset(change.reason for change in self.changes)

    @property
    def since(self) -> datetime | None:
        """When the first of its troubles was first reported."""
        return min((change.since for change in self.changes if change.since), default=None)


def sentence(text: str) -> str:
    """Return a sentence from a finding as people may see it: clean and bounded."""
    return words.shorten(words.clean(text), _LONGEST_SENTENCE)


def whole_sentence(text: str) -> str:
    """Return the text with a capital and a full stop, except where a name or an address would suffer."""
    told = sentence(text)
    first, last = told.split(" ")[0], told.split(" ")[-1]
    if first.isalpha():
        told = told[0].upper() + told[1:]
    has_end = not last or "://" in last or told.endswith((".", "!", "?"))
    return told if has_end else f"{told}."
