"""Leases of events: who is carrying one out, until when, and that it was reported.

They are a small document of their own beside the state, since a lease is renewed while the run goes on. Its clock is
the machine's. A lease that could not be renewed ends, and the event may be carried out again: a duplicate is possible,
a loss is not.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from checks.history.base import HistoryConflict, HistoryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.history.base import History

LEASE = timedelta(seconds=45)
"""Shorter than the minute after which Lambda tries an event again (Lambda Developer Guide, asynchronous invocation)."""
_RENEW_AFTER_S = 15.0
_ATTEMPTS = 5
_LONGEST = 1024 * 1024
_KEPT = timedelta(days=2)
_MOST = 1000
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
FORMAT = "s3-table-monitor/leases"


class EventHeld(Exception):  # noqa: N818 - a sentence for the operator
    """Raised when another invocation is carrying the event out, so that this one fails and is tried again."""


class EventDone(Exception):  # noqa: N818 - what was found, not what went wrong
    """Raised when the event was reported."""


@dataclass(frozen=True, slots=True)
class Held:
    """Who carries an event out, until when; ``done``: it was reported."""

    holder: str
    until: datetime
    done: bool = False


@dataclass(slots=True)
class Lease:
    """The lease of one event for one run: taken, renewed in a thread while the run goes on, then given back.

    ``clock`` tells the time of the machine. A lease of the same ``holder`` is taken over at once: that is Lambda's
    retry of an invocation that is over. The thread ends with `close`, and by itself at ``stop_at`` (monotonic
    seconds). It writes only what it read right before, under the condition that nobody wrote in between.
    """

    history: History
    event_id: str
    holder: str
    clock: Callable[[], datetime]
    stop_at: float | None = None
    length: timedelta = LEASE
    renew_after_s: float = _RENEW_AFTER_S
    _over: threading.Event = field(default_factory=threading.Event)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> None:
        """Take the event, and keep it until `close`.

        Raises EventHeld when another holder has it (or others write at each of five tries), EventDone when it was
        reported, HistoryUnavailable when it cannot be written.
        """
        try:
            self._update(self._taken)
        except HistoryConflict as error:
            raise EventHeld(
                f"Event {self.event_id} could not be taken, since other invocations write to "
                f"{self.history.place} all the time; this one fails, so that it is tried again."
            ) from error
        threading.Thread(target=self._renew, name="lease", daemon=True).start()

    def close(self, *, done: bool) -> None:
        """End it: as reported, or given back so that whoever comes next may have it. Raises HistoryError."""
        self._over.set()
        with self._writing:
            until = self.clock() if done else _LONG_AGO  # what is given back is free by every machine's clock
            self._update(lambda held: Held(self.holder, until, done) if self._has(held) else None)

    def end(self) -> None:
        """Renew it no more; what is held ends by itself."""
        self._over.set()

    def _taken(self, held: Held | None) -> Held:
        now = self.clock()
        if held is not None and held.done:
            raise EventDone(self.event_id)
        if held is not None and held.holder != self.holder and now < held.until:
            raise EventHeld(
                f"Another invocation is carrying out event {self.event_id} (until {held.until:%H:%M:%S} UTC, and "
                "longer while it goes on); this one fails, so that it is tried again."
            )
        return Held(self.holder, now + self.length)

    def _has(self, held: Held | None) -> bool:
        return held is None or held.holder == self.holder

    def _renew(self) -> None:
        while not self._over.wait(self.renew_after_s):
            if self.stop_at is not None and time.monotonic() >= self.stop_at:
                return
            with (
                suppress(HistoryError),
                self._writing,
            ):  # one that cannot be renewed ends, and the next try may do
                self._update(self._renewed)

    def _renewed(self, held: Held | None) -> Held | None:
        if self._over.is_set() or not self._has(held):
            return None
        return Held(self.holder, self.clock() + self.length)

    def _update(self, step: Callable[[Held | None], Held | None]) -> None:
        """Apply a step to what is held by now; None writes nothing. Raises HistoryConflict after five tries."""
        store, name = self.history.store, self.history.leases_name
        for attempt in range(_ATTEMPTS):
            found = store.read(name, _LONGEST)
            held = _read(found.content) if found is not None else {}
            after = step(held.get(self.event_id))
            if after is None:
                return
            content = _text({**held, self.event_id: after}, self.clock()).encode()
            try:
                store.write(name, content, found.token if found is not None else "")
            except HistoryConflict:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return


def _text(held: dict[str, Held], now: datetime) -> str:
    recent = {event: one for event, one in held.items() if now - one.until <= _KEPT}
    newest = sorted(recent, key=lambda event: recent[event].until)[-_MOST:]
    events = {
        event: {
            "holder": recent[event].holder,
            "until": recent[event].until.isoformat(),
            "done": recent[event].done,
        }
        for event in newest
    }
    return json.dumps({"format": FORMAT, "version": 1, "events": events}, indent=1) + "\n"


def _read(content: bytes) -> dict[str, Held]:
    """Return what is held. Of a document that cannot be read that is nothing: a duplicate is better than a loss."""
    try:
        document: Any = json.loads(content)
        return {
            str(event): Held(
                str(one["holder"]),
                datetime.fromisoformat(one["until"]).astimezone(UTC),
                done=one["done"] is True,
            )
            for event, one in document["events"].items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
