"""Computing of many things side by side, in as many processes as the machine has processors.

One interpreter computes one thing at a time, however many threads it has.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from multiprocessing import get_context, resource_tracker
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

_I = TypeVar("_I")
_R = TypeVar("_R")


class Spread(Protocol):
    """Do a work for each of some items, and return what came of them in their order."""

    def __call__(self, work: Callable[[_I], _R], items: Sequence[_I]) -> list[_R]:
        """Return the results; raise what a work raises."""


def in_turn(work: Callable[[_I], _R], items: Sequence[_I]) -> list[_R]:
    """Return the results of one after the other, in this process."""
    return [work(item) for item in items]


def side_by_side(work: Callable[[_I], _R], items: Sequence[_I]) -> list[_R]:
    """Return the results in the order of the items, computed in this process and in others; raise what a work raises.

    Items are dealt like cards, so let the longest come first. A work is a function of a module, and like items and
    results it can be pickled. What another process does not bring, as it could not be started or was ended from outside
    (no memory left), this one computes. Only for a program whose main module is guarded, as that is imported again.
    """
    hands = min(processors(), len(items))
    if hands < 2:
        return in_turn(work, items)
    results: dict[int, list[_R]] = {}
    others: dict[int, tuple[SpawnProcess, Connection]] = {}
    try:
        with _interrupts_held():
            for hand in range(1, hands):
                _start(others, hand, work, items[hand::hands])
        results[0] = in_turn(work, items[::hands])
        for hand in range(1, hands):
            brought: list[_R] | None = _brought(others[hand][1]) if hand in others else None
            results[hand] = in_turn(work, items[hand::hands]) if brought is None else brought
    finally:
        for process, _ in others.values():
            process.terminate()
            process.join()
    return [results[place % hands][place // hands] for place in range(len(items))]


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start(
    others: dict[int, tuple[SpawnProcess, Connection]],
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
        others[hand] = process, receiver
    sender.close()


def _compute(work: Callable[[_I], _R], items: Sequence[_I], sender: Connection) -> None:
    """Compute a hand in a process of its own, and send its results; nothing where a work raises, as it will again."""
    with suppress(Exception):
        sender.send(in_turn(work, items))


def _brought(receiver: Connection) -> list[_R] | None:
    """Return what a process computed, None where it brings nothing."""
    try:
        results: list[_R] = receiver.recv()
    except (EOFError, OSError):
        return None
    return results


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
