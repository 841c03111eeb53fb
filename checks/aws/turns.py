"""How much of the lake's logs is in memory at once: tables that read much of them take turns.

Parsed JSON takes 5 to 25 times its bytes and tables are read at once, so that what bounds one of them bounds no run.
Small files pass freely, however many: most are gone before the next one comes.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from checks.model import Problem, ProblemKind, Unobserved

_SMALL = 256 * 1024
"""Files of fewer bytes do not count: a timeline of Hudi has fifty of them, which are read one after the other."""
_CHANGED = threading.Condition()


@dataclass(slots=True, eq=False)
class Reading:
    """What one table has read so far; after ``stop_at`` (monotonic seconds) nobody waits for it, nor it for others."""

    stop_at: float | None = None
    size_bytes: int = 0

    def take(self, size_bytes: int) -> None:
        """Count bytes that will be kept, and wait for its turn where these are many; raise Unobserved (timed out)."""
        if size_bytes < _SMALL:
            return
        self.size_bytes += size_bytes
        for gate in _GATES:
            if self.size_bytes > gate.more_than:
                gate.enter(self)

    def end(self) -> None:
        """Make room for others."""
        with _CHANGED:
            for gate in _GATES:
                gate.inside = [each for each in gate.inside if each is not self]
            _CHANGED.notify_all()

    def is_late(self) -> bool:
        """Tell whether its time is up: a body that drips must not keep others waiting."""
        return self.stop_at is not None and time.monotonic() >= self.stop_at


@dataclass(slots=True)
class _Gate:
    """Lets so many tables in that read more than so many bytes, in the order in which they came."""

    more_than: int
    places: int
    inside: list[Reading] = field(default_factory=list)
    waiting: deque[Reading] = field(default_factory=deque)

    def enter(self, reading: Reading) -> None:
        with _CHANGED:
            if any(each is reading for each in self.inside):
                return
            self.waiting.append(reading)
            try:
                while self.waiting[0] is not reading or not self._has_room():
                    if reading.is_late():
                        raise Unobserved(_WAITED)
                    _CHANGED.wait(0.5)
            finally:
                self.waiting.remove(reading)
                _CHANGED.notify_all()
            self.inside.append(reading)

    def _has_room(self) -> bool:
        return sum(not each.is_late() for each in self.inside) < self.places


# Who waits at a later one holds a place at each one before it, never the other way round: so nobody waits in a ring.
_GATES = (_Gate(1024 * 1024, 4), _Gate(8 * 1024 * 1024, 1))
_WAITED = Problem(
    ProblemKind.TIMED_OUT,
    "its time was up while other tables with large logs were read",
    "raise the time a table may take, or let writers clean up their logs (expire snapshots, checkpoint, archive)",
)
