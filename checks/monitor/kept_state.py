"""What a run knows of earlier runs, and the place where that is kept: read, claimed, and written again in time."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from checks.aside import GivenUp, within
from checks.changes import State
from checks.history import (
    EventDone,
    HistoryConflict,
    HistoryError,
    HistoryTorn,
    HistoryUnavailable,
    Lease,
    open_history,
    update,
)
from checks.history import say as say_left_out
from checks.history.datasets import Batch, expire, record
from checks.monitor.owner import OfAnotherConfig
from checks.monitor.time_left import TimeLeft
from checks.report import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from checks.history import History
    from checks.monitor.owner import Owner
    from checks.report.build import Report

_T = TypeVar("_T")
Rows: TypeAlias = "Mapping[str, Sequence[Mapping[str, Any]]]"
"""Rows by data set, each a mapping by column."""
_GIVING_BACK_S = 15.0
"""How long giving back a lease may take, which ends by itself."""


@dataclass(slots=True)
class Memory:
    """The state of earlier runs, and the place where it is kept; without one, the run keeps nothing.

    ``notes`` are for the readers of the report, ``complaints`` for the operator. ``lost`` turns True when
    what was delivered could not be remembered. ``time_left`` bounds each call to the place.
    """

    owner: Owner
    state: State = field(default_factory=State)
    place: History | None = None
    notes: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    lost: bool = False
    moves: bool = False
    time_left: TimeLeft = field(default_factory=lambda: TimeLeft.of(None))
    lease: Lease | None = None
    loaded: tuple[State, str] | None = None
    """What was read at the beginning, with its token."""
    is_unread: bool = False
    """True where the place could not be read at all, so that it is asked for nothing more."""
    is_foreign: bool = False
    """True where what is there is another config's."""

    @classmethod
    def open(cls, where: str, owner: Owner, *, moves: bool, time_left: TimeLeft | None = None) -> Memory:
        """Read what earlier runs left at ``where``; ``moves`` tells whether this run may write there.

        What cannot be read leaves a run without memory, which its notes tell. A document that is torn is
        set aside, so that nothing is lost, before a new one takes its place. Raises OfAnotherConfig where a run that
        may write meets the state of another config; one that may not has no memory, and its notes tell why.
        """
        memory = cls(owner, moves=moves, time_left=time_left or TimeLeft.of(None))
        if not where:
            memory.notes = ("No place to keep history is set (HISTORY), so every run is a first run.",)
            memory.moves = False
            return memory
        try:
            memory._read(open_history(where, owner.name), where)
        except HistoryError as error:
            memory.notes = (f"Nothing is known of earlier runs: {error}",)
            memory.moves, memory.is_unread = False, True
        return memory

    def _read(self, place: History, where: str) -> None:
        stop_at = self.time_left.reading()
        try:
            state, token = _in_time(place.load, stop_at, where)
        except HistoryTorn as torn:
            if self.moves:
                aside = _in_time(partial(_set_aside, place, torn), stop_at, where)
                self.place = place
                said = f"could not be read ({torn.why}), and was set aside as {aside}: a first run."
                self.notes = (f"What was known of earlier runs {said}",)
            else:
                self.place, self.notes = place, (str(torn),)
            return
        is_old = not token
        refused = "" if is_old else self.owner.refuses(state)
        if refused and self.moves:
            raise OfAnotherConfig(refused)
        self.place, self.loaded = place, (state, token)
        if refused:
            self.is_foreign, self.notes = True, (refused,)
        elif not is_old or self.owner.takes_over(state):
            self.state = state
            self.notes = tuple(sentence for sentence in (say_left_out(state.left_out),) if sentence)

    def knows(self, event_id: str | None) -> bool:
        """Tell whether the event was reported, of a run that may write."""
        return self.moves and event_id is not None and event_id in self.state.events

    def claim(self, event_id: str | None, holder: str, clock: Callable[[], datetime]) -> bool:
        """Take the event for this run until `give_back` or `keep`; False when it was reported.

        Raises EventHeld when another invocation has it. Where nobody can be asked the run goes on: a report that
        comes twice is better than none.
        """
        if event_id is None or not self.moves or self.place is None:
            return True
        lease = Lease(self.place, event_id, holder, clock, stop_at=self.time_left.ends_at)
        try:
            _in_time(lease.take, self.time_left.reading(), self.place.place)
        except EventDone:
            return False
        except HistoryError as error:
            lease.end()
            self.notes = (*self.notes, f"This run cannot be remembered: {error}")
            self.moves = False
            return True
        self.lease = lease
        return True

    def ask(self, work: Callable[[], _T], stop_at: float | None) -> _T:
        """Return what asking the place came to; raises HistoryUnavailable also where it did not answer in time."""
        return _in_time(work, stop_at, self.place.place if self.place is not None else "")

    def keep(self, advance: Callable[[State], State]) -> None:
        """Write the state that ``advance`` makes of what is there by now."""
        if not self.moves or self.place is None:
            return
        place = self.place
        try:
            kept = _in_time(
                lambda: update(place, lambda state: advance(self._own(state)), self.loaded),
                self.time_left.remembering(),
                place.place,
            )
        except HistoryError as error:
            self.lost = True
            self._complain(f"What was reported is not remembered, and will be told again: {error}")
        else:
            self._complain(say_left_out(kept.left_out if kept is not None else ()))

    def _own(self, state: State) -> State:
        """Return the state as this config's: one of version 1 may be another's, and by now another may be there."""
        refused = self.owner.refuses(state)
        if refused:
            raise HistoryConflict(refused)
        is_old = not state.config_at and not self.owner.takes_over(state)
        return State() if is_old else state

    def give_back(self, *, done: bool) -> None:
        """End the lease of the event, as reported or so that a retry may have it at once."""
        if self.lease is None or self.place is None:
            return
        lease, self.lease = self.lease, None
        lease.end()
        soon = time.monotonic() + _GIVING_BACK_S
        stop_at = soon if self.time_left.ends_at is None else min(soon, self.time_left.ends_at)
        with suppress(HistoryError):  # it ends by itself, and that it was reported stands in the state
            _in_time(lambda: lease.close(done=done), stop_at, self.place.place)

    def keep_report(self, report: Report) -> None:
        """Keep the whole report as JSON beside the state."""
        if not self.moves or self.place is None:
            return
        place, text = self.place, as_json.pretty(report)
        try:
            _in_time(
                lambda: place.remember(text, report.run_id, report.now),
                self.time_left.remembering(),
                place.place,
            )
        except HistoryError as error:
            self._complain(str(error))

    def record(self, rows: Callable[[], Rows], report: Report, keep: timedelta | None) -> None:
        """Put a run's rows into the data sets; the first run of a day deletes what is older than ``keep``.

        What cannot be done, whatever it is, is told to the operator: the report went out.
        """
        if not self.moves or self.place is None:
            return
        place, stop_at = self.place, self.time_left.remembering()
        try:
            made = _in_time(rows, stop_at, place.place)
            batch = Batch(config=place.name, run_id=report.run_id, now=report.now, rows=made)
            recorded = record(place, batch, stop_at)
            for sentence in recorded.complaints:
                self._complain(sentence)
            if keep is not None and recorded.first_of_day:
                _in_time(lambda: expire(place, keep, report.now), stop_at, place.place)
        except HistoryError as error:
            self._complain(str(error))
        except Exception as error:  # noqa: BLE001 - a fault here must not undo what was sent
            self._complain(
                f"This run is not in the history's data sets: {type(error).__name__}: {error}"[:400]
            )

    def _complain(self, sentence: str) -> None:
        if sentence:
            self.complaints = (*self.complaints, sentence)

    def where(self, run_id: str, now: datetime) -> str:
        """Return where the whole report of the run will be, empty when it is not kept."""
        return self.place.where(run_id, now) if self.moves and self.place is not None else ""


def _set_aside(place: History, torn: HistoryTorn) -> str:
    aside = place.set_aside(torn)
    place.save(State(), torn.token)
    return aside


def _in_time(work: Callable[[], _T], stop_at: float | None, place: str) -> _T:
    """Return what asking the history came to; HistoryUnavailable also where it did not answer in time."""
    try:
        return within(work, stop_at)
    except GivenUp:
        raise HistoryUnavailable(
            f"The history {place} did not answer in time; look at the network, the endpoint and S3's health."
        ) from None
