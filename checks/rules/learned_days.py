"""When periods of days are due that come at no time common to all: month ends, the working day after, rests. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from math import ceil
from typing import TYPE_CHECKING

from checks.learn.keys import DAY
from checks.learn.yearly import is_rest

if TYPE_CHECKING:
    from datetime import datetime

    from checks.learn.slots import Slots
    from checks.model import Period

_MINUTE = 60


@dataclass(frozen=True, slots=True)
class OwnTime:
    """Each day is due at a time of its own: later at month ends, on the working day after it, never in August.

    ``slots`` are what was learned, on the clock of the labels: a deadline is as long after its period's start as there.
    """

    slots: Slots
    said: str
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Hash it once: each period of each run asks for it."""
        object.__setattr__(self, "_hash", hash((self.slots, self.said)))

    def __hash__(self) -> int:
        """Return the hash of what was learned."""
        return self._hash

    def due_at(self, period: Period) -> datetime | None:
        """Return when the period is due (UTC), up to the next full minute; None where it lies in a rest."""
        own = period.wall.replace(tzinfo=UTC).timestamp()
        if is_rest(self.slots.rests, int(own // DAY)):
            return None
        return period.start + timedelta(seconds=ceil((self.slots.due_of(own) - own) / _MINUTE) * _MINUTE)

    def say(self) -> str:
        """Say it for people: ``each at its own time: 61 of the last 63 weekdays ...``."""
        return f"each at its own time: {self.said}"


def has_own_times(slots: Slots) -> bool:
    """Tell whether no time common to all says when the days of these slots are due."""
    return slots.unit == DAY and bool(slots.follows or slots.late_days or slots.rests)
