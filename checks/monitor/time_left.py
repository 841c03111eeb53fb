"""How the time of a run is shared out, so that its report goes out, or it fails loudly, before its time is up."""

from __future__ import annotations

import time
from dataclasses import dataclass

_TO_TELL_S = 45.0
"""What judging, rendering, sending and remembering may take at the end of a run."""
_TO_REMEMBER_S = 10.0
"""What of that is left for remembering what was sent."""
_SPARE_S = 3.0
"""Kept to the end, to fail by an exception and not by being killed."""
_HISTORY_S = 45.0
_PLANNING_S = 600.0
_SENDING_S = 180.0
"""Where a run has no end, in a terminal: what planning and sending may take all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLeft:
    """A run's time, in monotonic seconds: from ``started`` to ``ends_at``, None where nothing ends it.

    Each part gives the instant at which it has to be through, None where nothing ends it.
    """

    started: float
    ends_at: float | None = None

    @classmethod
    def of(cls, seconds: float | None) -> TimeLeft:
        """Return the time of a run that begins now, and that is killed after so many seconds (None: never)."""
        now = time.monotonic()
        if seconds is None:
            return cls(started=now)
        seconds = max(0.0, seconds)
        return cls(started=now, ends_at=now + seconds - min(_SPARE_S, seconds / 10))

    @property
    def _all_s(self) -> float | None:
        return None if self.ends_at is None else self.ends_at - self.started

    def reading(self) -> float | None:
        """Return when the config, or the history, has to be read: within a fifth of the time, 45 s at most."""
        share = self._all_s
        return None if share is None else time.monotonic() + min(_HISTORY_S, share / 5)

    def looking(self) -> float | None:
        """Return when looking at tables ends: 45 s before the end, half of the time where that is shorter."""
        if self.ends_at is None or self._all_s is None:
            return None
        return self.ends_at - min(_TO_TELL_S, self._all_s / 2)

    def learning(self) -> float | None:
        """Return when learning ends: with looking, or in the first third of what is left to tell then."""
        looking = self.looking()
        if looking is None or self.ends_at is None:
            return None
        return looking + (self.ends_at - looking) / 3

    def planning(self) -> float:
        """Return when reading the catalog ends: at half of what is left for looking, so that tables are looked at."""
        now, looking = time.monotonic(), self.looking()
        return now + (_PLANNING_S if looking is None else max(0.0, looking - now) / 2)

    def sending(self) -> float:
        """Return when each target has to have answered."""
        if self.ends_at is None or self._all_s is None:
            return time.monotonic() + _SENDING_S
        return self.ends_at - min(_TO_REMEMBER_S, self._all_s / 8)

    def remembering(self) -> float | None:
        """Return when what was sent has to be remembered."""
        return self.ends_at
