"""What a check proposes for a table of which nothing is stated: a block of the config, and what it rests on. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from checks.learn import Arrival
    from checks.model import Observation
    from checks.rules.asking import Clock, Share
    from checks.schedule.calendars import Calendar
    from checks.schedule.periods import Every


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How far back a check may look at a table to propose something.

    ``every`` is how long its periods are by their names, None where it is not read by period. With ``in_log`` its log
    tells its periods, and is not read yet. ``back`` is how far back, ``most`` how many periods at the most, None where
    they are read together.
    """

    back: timedelta
    every: Every | None = None
    in_log: bool = False
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a check proposes from: what was ``seen`` of the table, by when, for how many false alarms a year."""

    seen: Observation
    clock: Clock
    share: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a check proposes to state of a table.

    ``block`` is the check's block as a config takes it, a bare word or keys; ``calendar`` the days on which nothing is
    due, which the block names by a key of its own. ``sentence`` says what was learned, ``sure`` how sure that is.
    ``arrivals`` are those it rests on, in order; where they are ``dated`` each is the first of a period. ``kind`` says
    in a few words what tables have in common that are stated alike. ``else_stated`` are keys that have to be stated
    where the table would inherit others; ``off`` names checks that it would inherit, and has to do without. ``instead``
    is why a check that would tell more proposes nothing; empty where there is none.
    """

    check: str
    block: str | Mapping[str, str]
    kind: str
    sentence: str
    sure: str
    arrivals: tuple[Arrival, ...] = field(repr=False, default=())
    dated: bool = False
    calendar: Calendar | None = None
    else_stated: Mapping[str, str] = field(default_factory=dict)
    off: tuple[str, ...] = ()
    instead: str = ""


@dataclass(frozen=True, slots=True)
class TooLittle:
    """Why a check proposes nothing; ``seen`` is how many arrivals or periods there were."""

    why: str
    seen: int = 0
