"""Marks: what a person said of a table or of an alert, as values. Pure.

A mark is one object in the history, written once and never changed; taking it back is an object of its own. It plays no
part from ``ends_at`` on, and stays in the history, since what was said is what learned limits are taught by.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class MarkKind(StrEnum):
    """What is said; each but the silence speaks of one table."""

    EXPECTED = "expected"
    """What was told, or the stated period, is as it should be: it is told as a failure no more."""
    MISSED = "missed"
    """At ``moment`` something was wrong, and nobody was told."""
    NEW_NORMAL = "new-normal"
    """From ``moment`` on the table behaves in another way, for good."""
    SILENCE = "silence"
    """Nothing is to be told before ``ends_at``."""
    ACK = "ack"
    """Somebody knows of what was told: no reminders until it changes."""


TEACH = (MarkKind.EXPECTED, MarkKind.MISSED, MarkKind.NEW_NORMAL)
"""The marks that limits learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A trouble that a mark was made of, as it was last told then.

    ``item`` is the key of its `Item`, None for a finding that was told as one thing; ``state`` is that of the item, or
    the status of the finding; ``since`` is when it was first reported.
    """

    check: str
    item: str | None
    state: str
    severity: str | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """That a mark holds no more: who said so, when, and why."""

    by: str
    at: datetime
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What ``by`` said at ``at``.

    ``table`` is an id, of a silence also a glob of ids. ``check``: of this check alone, None for all. ``period`` is the
    label of the period (or the key of the item) that is expected, or that was wrong and missed; None where the mark is
    of what was told then, which ``covers`` holds, or of a ``moment``: when something was missed, or from when on there
    is a new normal. All times are UTC.
    """

    id: str
    kind: MarkKind
    table: str
    by: str
    at: datetime
    ends_at: datetime
    because: str = ""
    check: str | None = None
    period: str | None = None
    moment: datetime | None = None
    covers: tuple[Covered, ...] = ()
    taken_back: TakenBack | None = None


@dataclass(frozen=True, slots=True)
class Marked:
    """A mark that covers a finding: all of it, or the items of these keys."""

    mark: Mark
    items: tuple[str, ...] = ()
