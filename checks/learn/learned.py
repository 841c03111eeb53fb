"""What was learned of a table: when its next data is due by it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.learn.gaps import Slow
from checks.learn.runs import day_of

if TYPE_CHECKING:
    from checks.learn.measures import Measures
    from checks.learn.rota import Rota
    from checks.learn.several import Several
    from checks.learn.silence import Silence
    from checks.learn.slots import Slots
    from checks.learn.slow import Cycle


@dataclass(frozen=True, slots=True)
class Need:
    """Too little to learn from: how many arrivals or periods there are, and how many it takes."""

    seen: int
    needed: int

    def __str__(self) -> str:
        """Say it as reports do."""
        return f"{self.seen} arrival{'s' if self.seen != 1 else ''} seen, {self.needed} needed"


@dataclass(frozen=True, slots=True)
class Model:
    """What was learned of a table at an instant: a schedule of slots, a silence, or a slow rhythm; its volume.

    `cut` is the time of day (seconds, UTC) at which the days of a table without dated keys begin. `files` is what was
    learned of those that come into partitions of weeks, months or years, as if these had no names. `in_runs`: what
    comes within ten minutes of something is of the same run, for runs are half an hour and more apart.
    """

    fitted: float
    dated: bool
    slots: Slots | None = None
    silence: Silence | None = None
    slow: Slow | Cycle | Several | None = None
    volume: Measures | None = None
    loose: bool = False
    cut: float = 0.0
    in_runs: bool = False
    rota: Rota | None = None
    files: Model | None = None

    def due(self, last: float, newest: float | None, late: float = 0.0) -> tuple[float, str] | None:
        """Return the instant (UTC) by which something has to come after the last counted arrival, and the check.

        `newest` is the own start of the newest partition of a table with dated keys; `late` the seconds by which a
        schedule that has just moved is later than it was learned: a silence between arrivals is as long as ever.
        """
        found: tuple[float, str] | None = None
        check = self._check
        if self.slots is not None:
            found = self.slots.due(self._own(last, newest))[1] + late, check
        silence = None if self.rota is not None and self.rota.due_alone(last) else self.silence
        if silences := [part.due(last) for part in (silence, self.rota) if part is not None]:
            silent = min(silences)
            if found is None or self.loose or silent < found[0]:
                found = silent, check if self.slots is None else "freshness"
        if self.slow is not None:
            own = newest if self._names_slow else None
            found = self.slow.due(last if own is None else own) + late, check
        of_files = self.files.due(last, None, 0.0 if self.slow is not None else late) if self.files else None
        return of_files if found is None else found if of_files is None else min(found, of_files)

    @property
    def _check(self) -> str:
        # Of a table with dated keys only newer partitions count, so what is missing is the next of them.
        return "partitions" if self.dated else "freshness"

    def _own(self, at: float, newest: float | None) -> float:
        """Return the start of the period that an arrival was of, where `newest` was the newest partition then."""
        return newest if self.dated and newest is not None else day_of(at, self.cut)

    def unasked(self, last: tuple[float, float | None], following: tuple[float, float | None]) -> str | None:
        """Return the check of a spared day that lacks between two arrivals, where the second one is of such a day.

        Each is an arrival with the newest partition as of then. Without dated keys nothing lacks once data came.
        """
        own = self._own(*following)
        if self.slots is None or not self.dated or own not in self.slots.spared:
            return None
        start, due = replace(self.slots, spared=frozenset()).due(self._own(*last))
        return self._check if start < own and due < following[0] else None

    @property
    def _names_slow(self) -> bool:
        return not isinstance(self.slow, Slow | None) and self.slow.labelled

    def lateness(self, at: float, newest: float | None) -> float:
        """Return how many seconds after its usual time a counted arrival came; 0 where that is as late as may be.

        `newest` is as in `due`.
        """
        if self.slots is not None:
            return self.slots.lateness(self._own(at, newest), at)
        if self.slow is None and self.files is not None:
            return self.files.lateness(at, None)
        if self.slow is None or isinstance(self.slow, Slow):
            return 0.0
        return self.slow.lateness(newest if self._names_slow and newest is not None else at, at)

    @property
    def cadence(self) -> float | None:
        """The mean seconds between what is expected of a table that has a schedule, else None."""
        if self.slots is None and self.slow is None and self.files is not None:
            return self.files.cadence
        part = self.slots or self.slow
        return None if part is None or isinstance(part, Slow) else part.cadence

    @property
    def between(self) -> Silence | None:
        """What silence between arrivals says, of the table's own or of the files of its partitions."""
        return self.silence if self.files is None else self.files.silence

    @property
    def typical(self) -> float | None:
        """The usual seconds between arrivals of a table that is judged by its silence alone, else None."""
        if self.files is not None:
            return self.files.typical
        return (
            self.silence.typical if self.silence is not None and (self.slots is None or self.loose) else None
        )

    @property
    def straggling(self) -> float:
        """The seconds that one gap in 50 of such a table is longer than; 0 of others."""
        if self.files is not None:
            return self.files.straggling
        return self.silence.slow if self.silence is not None and self.typical is not None else 0.0
