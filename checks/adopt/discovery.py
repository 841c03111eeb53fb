"""What was found out of tables of which nothing is stated, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, timedelta

    from checks.adopt.replaying import Replayed
    from checks.rules.proposing import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What is asked for: tables by ``globs`` (``sales.*``), and how far back a replay goes.

    ``false_alarms`` are so many a month of all tables together, in ``written`` as they stand in the config. No table
    may take more than ``max_requests``.
    """

    globs: tuple[str, ...]
    back: timedelta
    false_alarms: float
    written: str
    max_requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A table with what is proposed for it, and what a replay says of that."""

    table: str
    proposal: Proposal
    replayed: Replayed


@dataclass(frozen=True, slots=True)
class TooLittleKnown:
    """A table of which nothing can be learned yet, and why."""

    table: str
    why: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A table, or a glob of them, that could not be read, and why."""

    table: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """All that was found out, each in the order of the tables' ids.

    ``notes`` tell what was left out; ``watched`` counts the tables that the config watches already. ``on`` is the day
    (UTC) on which it was looked.
    """

    want: Want
    on: date
    adopted: tuple[Adopted, ...] = ()
    too_little: tuple[TooLittleKnown, ...] = ()
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()
    watched: int = 0
    requests: int = field(default=0, compare=False)
    usd: float = field(default=0.0, compare=False)
