"""What people said by command, as far as it holds in a run; what cannot be read silences nothing, which is told."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.changes import Marks, cover, hold
from checks.history import HistoryError
from checks.history import marks as kept

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.changes import State
    from checks.history.marks import MarksRead
    from checks.model import Finding
    from checks.monitor.kept_state import Memory

_UNREAD = "Marks and silences made by command could not be read, so none of them holds in this run"


@dataclass(frozen=True, slots=True)
class RunMarks:
    """The marks that hold, with what was told before; ``read`` is what was asked for, None where nothing was.

    ``notes`` are for the readers of the report.
    """

    marks: Marks
    state: State
    zone: ZoneInfo
    read: MarksRead | None = None
    notes: tuple[str, ...] = ()

    def cover(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """Return the findings with the marks that cover them; see `checks.changes.marked`."""
        return cover(findings, self.marks, self.state, self.zone)

    def keep(self, memory: Memory) -> None:
        """Keep what was read for later runs, where this run may write; it only spares requests."""
        read, place = self.read, memory.place
        if read is None or place is None or not memory.moves or memory.lost:
            return
        with suppress(HistoryError):
            memory.ask(lambda: kept.keep_read(place, read), memory.time_left.remembering())


def read(memory: Memory, now: datetime, zone: ZoneInfo) -> RunMarks:
    """Ask the history for the marks that hold at ``now``. Never raises for what it answers."""
    place, stop_at = memory.place, memory.time_left.reading()
    if memory.is_unread:
        return RunMarks(Marks(), memory.state, zone, notes=(f"{_UNREAD}.",))
    if place is None or memory.is_foreign:
        return RunMarks(Marks(), memory.state, zone)
    try:
        found = memory.ask(lambda: kept.holding(place, now, stop_at), stop_at)
    except HistoryError as error:
        return RunMarks(Marks(), memory.state, zone, notes=(f"{_UNREAD}: {error}",))
    return RunMarks(hold(found.marks, now), memory.state, zone, found, found.troubles)
