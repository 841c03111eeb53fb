"""Computing of many things side by side, in as many processes as the machine has processors.

One interpreter computes one thing at a time, however many threads it has.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    Tell = Callable[[int, int, str], None]
    """Is told how many are done, of how many, and the name of the last one."""

_I = TypeVar("_I")
_R = TypeVar("_R")


class Spread(Protocol):
    """Do a work for each of some items, and return what came of them in their order."""

    def __call__(
        self, work: Callable[[_I], _R], items: Sequence[_I], on_done: Callable[[_I], None] | None = None
    ) -> list[_R]:
        """Return the results, and tell of each item when it is done; raise what a work raises."""


def in_turn(
    work: Callable[[_I], _R], items: Sequence[_I], on_done: Callable[[_I], None] | None = None
) -> list[_R]:
    """Return the results of one after the other, in this process."""
    results = []
    for item in items:
        results.append(work(item))
        if on_done is not None:
            on_done(item)
    return results


def counted(tell: Tell | None, total: int) -> Callable[[str], None]:
    """Return what tells, of each name that is done, how many of the total are; at first that none is of some."""
    done = 0
    if tell is not None and total:
        tell(done, total, "")

    def one_more(name: str) -> None:
        nonlocal done
        done += 1
        if tell is not None:
            tell(done, total, name)

    return one_more


def side_by_side(
    work: Callable[[_I], _R], items: Sequence[_I], on_done: Callable[[_I], None] | None = None
) -> list[_R]:
    """Return the results in the order of the items, computed in this process and in others; raise what a work raises.

    Items are dealt like cards, so let the longest come first. A work is a function of a module, and like items and
    results it can be pickled. What another process does not bring, as it could not be started or was ended from outside
    (no memory left), this one computes. Each item is told as done once, here, and at the latest with the next one that
    this process does. Only for a program whose main module is guarded, as that is imported again.
    """
    hands = min(processors(), len(items))
    if hands < 2:
        return in_turn(work, items, on_done)

    def tell(item: _I) -> None:
        if on_done is not None:
            on_done(item)

    def tell_all(item: _I) -> None:
        tell(item)
        for each in others.values():
            each.hear(tell)

    results: dict[int, list[_R]] = {}
    others: dict[int, _Other[_I, _R]] = {}
    try:
        with _interrupts_held():
            for hand in range(1, hands):
                _start(others, hand, work, items[hand::hands])
        results[0] = in_turn(work, items[::hands], tell_all)
        _hear_out(others.values(), tell)
        for hand in range(1, hands):
            other = others.get(hand)
            if other is not None and other.results is not None:
                results[hand] = other.results
            else:
                known = other.done if other is not None else 0
                results[hand] = _again(work, items[hand::hands], known, tell)
    finally:
        for each in others.values():
            each.process.terminate()
            each.process.join()
    return [results[place % hands][place // hands] for place in range(len(items))]


@dataclass(slots=True)
class _Other(Generic[_I, _R]):
    """Another process that computes a hand: how many of its items are done, and its results once it brought them."""

    process: SpawnProcess
    receiver: Connection
    items: Sequence[_I]
    done: int = 0
    results: list[_R] | None = None
    is_over: bool = False

    def hear(self, tell: Callable[[_I], None]) -> None:
        """Take in what it has sent by now: None for each item that is done, the results at the end."""
        try:
            while not self.is_over and self.receiver.poll():
                said: list[_R] | None = self.receiver.recv()
                if said is None:
                    self.done += 1
                    tell(self.items[self.done - 1])
                else:
                    self.results, self.is_over = said, True
        except (EOFError, OSError):
            self.is_over = True


def _hear_out(others: Collection[_Other[_I, _R]], tell: Callable[[_I], None]) -> None:
    """Take in what the others send until each has brought its results, or has ended."""
    while left := [each for each in others if not each.is_over]:
        wait([each.receiver for each in left])
        for each in left:
            each.hear(tell)


def _again(work: Callable[[_I], _R], items: Sequence[_I], known: int, tell: Callable[[_I], None]) -> list[_R]:
    """Compute a hand of which another process brought nothing, and tell of those items that were not told as done."""
    return in_turn(work, items[:known]) + in_turn(work, items[known:], tell)


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start(
    others: dict[int, _Other[_I, _R]],
    hand: int,
    work: Callable[[_I], _R],
    items: Sequence[_I],
) -> None:
    """Start a process that computes a hand, and keep it; where none can be started keep nothing."""
    context = get_context("spawn")  # not forked: what has threads may not be, and not every system can
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_compute, args=(work, items, sender), daemon=True)
    try:
        process.start()
    except OSError:  # no more processes, or it ended before it had read its items
        receiver.close()
    else:
        others[hand] = _Other(process, receiver, items)
    sender.close()


def _compute(work: Callable[[_I], _R], items: Sequence[_I], sender: Connection) -> None:
    """Compute a hand in a process of its own, and send its results; nothing where a work raises, as it will again.

    Each item that is done is told by a None: some bytes, which find room in the pipe while nobody reads it.
    """
    with suppress(Exception):
        sender.send(in_turn(work, items, lambda _: sender.send(None)))


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold an interrupt of this process back while others are started: to those, which inherit that, it never comes.

    The terminal sends it to all. This one says it, and ends the others.
    """
    with suppress(OSError):  # started with the first process else, it would let interrupts through again
        resource_tracker.ensure_running()
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
