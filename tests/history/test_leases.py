"""Leases of events: who has one, until when, and what a slow or hanging history makes of it."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checks.history import (
    EventDone,
    EventHeld,
    HistoryUnavailable,
    Lease,
    open_history,
)
from checks.history.base import History, Kept
from tests.support.times import DAY, SECOND, at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from checks.history import Store

NOW = at("2026-11-23 00:00")
HELD_S = 45


@dataclass
class Machine:
    """A clock that the test moves."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Watched:
    """A store that tells of each write, and can do something before it."""

    store: Store
    before_write: Callable[[], None] = lambda: None
    writes: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        return self.store.place

    def where(self, name: str) -> str:
        return self.store.where(name)

    def read(self, name: str, most: int) -> Kept | None:
        return self.store.read(name, most)

    def write(self, name: str, content: bytes, token: str) -> str:
        self.before_write()
        made = self.store.write(name, content, token)
        self.writes.append(name)
        return made

    def keep(self, name: str, content: bytes) -> str:
        return self.store.keep(name, content)

    def names(self, folder: str, after: str, most: int) -> list[str]:
        return self.store.names(folder, after, most)

    def listed(self, beginning: str, after: str = "") -> Iterator[str]:
        return self.store.listed(beginning, after)

    def remove(self, names: Sequence[str]) -> None:
        self.store.remove(names)


@pytest.fixture
def history(tmp_path: Path) -> History:
    return open_history(str(tmp_path), "prod")


def lease(history: History, holder: str, clock: Machine | None = None, **more: Any) -> Lease:
    return Lease(history, "e-1", holder, clock or Machine(), **{"renew_after_s": 60.0, **more})


def events(history: History) -> dict[str, Any]:
    found = history.store.read(history.leases_name, 1 << 20)
    kept: dict[str, Any] = json.loads(found.content)["events"] if found else {}
    return kept


def wait_for(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize(("seconds", "is_held"), [(HELD_S - 1, True), (HELD_S, False), (HELD_S + 1, False)])
def test_another_meets_a_live_lease_for_45_seconds(history: History, seconds: int, *, is_held: bool) -> None:
    first = lease(history, "r-1")
    first.take()
    other = lease(history, "r-2", Machine(NOW + seconds * SECOND))
    if is_held:
        with pytest.raises(EventHeld, match=r"carrying out event e-1 \(until 00:00:45 UTC.*tried again"):
            other.take()
    else:
        other.take()
    first.end()
    other.end()


def test_the_same_request_takes_over_at_once(history: History) -> None:
    killed = lease(history, "r-1")
    killed.take()
    killed.end()
    retry = lease(history, "r-1", Machine(NOW + SECOND))
    retry.take()
    assert events(history)["e-1"]["until"] == "2026-11-23T00:00:46+00:00"
    retry.end()


def test_what_was_reported_is_done_for_everybody(history: History) -> None:
    first = lease(history, "r-1")
    first.take()
    first.close(done=True)
    for holder in ("r-1", "r-2"):
        with pytest.raises(EventDone):
            lease(history, holder, Machine(NOW + DAY)).take()


def test_what_is_given_back_is_free_whatever_another_machine_shows(history: History) -> None:
    first = lease(history, "r-1")
    first.take()
    first.close(done=False)
    other = lease(history, "r-2", Machine(NOW - 30 * SECOND))
    other.take()
    other.end()


def test_events_have_leases_of_their_own_and_old_ones_are_forgotten(history: History) -> None:
    clock = Machine()
    for number, event in enumerate(("a", "b", "c")):
        clock.now = NOW + number * DAY
        one = Lease(history, event, "r", clock)
        one.take()
        one.close(done=True)
    assert sorted(events(history)) == ["a", "b", "c"]
    clock.now = NOW + 2 * DAY + SECOND
    last = Lease(history, "d", "r", clock)
    last.take()
    last.end()
    assert sorted(events(history)) == ["b", "c", "d"]


def test_while_the_run_goes_on_it_is_renewed_and_then_no_more(history: History) -> None:
    clock = Machine()
    store = Watched(history.store)
    running = lease(History(store, "prod"), "r-1", clock, renew_after_s=0.02)
    running.take()
    for minutes in range(1, 4):
        clock.now = NOW + timedelta(minutes=minutes)
        until = (clock.now + HELD_S * SECOND).isoformat()
        wait_for(lambda until=until: events(history)["e-1"]["until"] == until)  # type: ignore[misc]
    with pytest.raises(EventHeld):
        lease(history, "r-2", clock).take()
    running.close(done=True)
    written = len(store.writes)
    assert events(history)["e-1"]["done"] is True
    time.sleep(0.2)
    assert len(store.writes) == written
    assert set(store.writes) == {"leases/prod.json"}  # never the state


def test_it_is_not_renewed_beyond_the_end_of_the_run(history: History) -> None:
    store = Watched(history.store)
    running = lease(History(store, "prod"), "r-1", renew_after_s=0.02, stop_at=time.monotonic() + 0.1)
    running.take()
    time.sleep(0.5)
    written = len(store.writes)
    time.sleep(0.2)
    assert len(store.writes) == written  # though nobody ended it


def test_a_renewal_that_comes_late_changes_nothing_that_was_done(history: History) -> None:
    """A renewal hangs before its write; meanwhile the lease ends, another takes it and reports; then it goes on."""
    reached, go_on = threading.Event(), threading.Event()
    store = Watched(history.store)
    clock = Machine()
    running = lease(History(store, "prod"), "r-1", clock, renew_after_s=0.02)
    running.take()
    wait_for(lambda: len(store.writes) > 1)

    def hang() -> None:
        reached.set()
        go_on.wait(20)

    store.before_write = hang
    assert reached.wait(20)
    clock.now += timedelta(minutes=2)
    other = lease(history, "r-2", clock)
    other.take()
    other.close(done=True)
    done = events(history)
    store.before_write = lambda: None
    go_on.set()
    time.sleep(0.2)
    assert events(history) == done
    running.end()


def test_a_history_that_fails_does_not_end_the_renewals(history: History) -> None:
    store = Watched(history.store)
    fails = threading.Event()
    fails.set()

    def refuse() -> None:
        if fails.is_set():
            raise HistoryUnavailable("It cannot be written.")

    running = lease(History(store, "prod"), "r-1", renew_after_s=0.02)
    store.before_write = refuse
    with pytest.raises(HistoryUnavailable):
        running.take()
    store.before_write = lambda: None
    running.take()
    store.before_write = refuse
    written = len(store.writes)
    time.sleep(0.1)
    fails.clear()
    wait_for(lambda: len(store.writes) > written)
    running.close(done=True)


def test_of_many_at_once_one_gets_it(history: History) -> None:
    got: list[str] = []
    refused: list[str] = []
    start = threading.Barrier(8)

    def attempt(holder: str) -> None:
        one = lease(history, holder)
        start.wait()
        try:
            one.take()
        except EventHeld:
            refused.append(holder)
        else:
            got.append(holder)
        one.end()

    threads = [threading.Thread(target=attempt, args=(f"r-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 7)
    assert events(history)["e-1"]["holder"] == got[0]


def test_where_others_always_write_in_between_it_is_tried_again_later(history: History) -> None:
    def write_in_between() -> None:
        name = f"other-{time.monotonic_ns()}"
        one = Lease(history, name, "r-2", Machine(), renew_after_s=60.0)
        one.take()
        one.end()

    one = lease(History(Watched(history.store, write_in_between), "prod"), "r-1")
    with pytest.raises(EventHeld, match=r"other invocations write to .* all the time; this one fails"):
        one.take()
    assert "e-1" not in events(history)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"events": []}', b'{"events": {"e-1": {}}}', b'{"events": {"e-1": {"holder": 1}}}']
)  # fmt: skip
def test_a_torn_document_of_leases_is_written_anew(history: History, content: bytes) -> None:
    history.store.keep(history.leases_name, content)
    one = lease(history, "r-1")
    one.take()
    one.end()
    assert events(history)["e-1"]["holder"] == "r-1"
