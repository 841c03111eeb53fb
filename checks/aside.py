"""Work that may hang, done in threads of its own and given up on in time.

A thread that hangs cannot be ended from outside. So all threads are daemons, which hold up neither the caller
nor the end of the process, and what one of them brings back too late counts no more.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

_K = TypeVar("_K", bound="Hashable")
_T = TypeVar("_T")
_MOST_STUCK = 4
"""How many times the bound of a crew its threads may be, when hanging ones are left behind."""


class Why(Enum):
    """Why work was given up on."""

    SLOW = auto()
    """It took longer than one piece of work may take."""
    OVER = auto()
    """The time of all was up."""
    OTHERS_HANG = auto()
    """It was never begun: all threads hang in other work."""


class GivenUp(Exception):  # noqa: N818 - what was done, not what went wrong
    """Raised, or handed back, in place of what work that did not end in time would have brought."""

    def __init__(self, why: Why = Why.OVER) -> None:
        super().__init__(why.name.lower())
        self.why = why


@dataclass(frozen=True, slots=True)
class Done(Generic[_K, _T]):
    """What one piece of work came to: its value, or the exception that it ended with."""

    key: _K
    value: _T | None = None
    error: BaseException | None = None

    def result(self) -> _T:
        """Return the value, or raise the exception."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value] # without an error there is a value, which may be None


def within(work: Callable[[], _T], stop_at: float | None) -> _T:
    """Return what ``work`` returns, or raise what it raises; raise GivenUp at ``stop_at`` (monotonic seconds).

    Without ``stop_at`` it is simply done, in this thread. Nothing is begun when the time is up already.
    """
    if stop_at is None:
        return work()
    crew: Crew[str, _T] = Crew(1, stop_at=stop_at)
    crew.submit("", work)
    return next(crew.outcomes()).result()


@dataclass(slots=True)
class _Job(Generic[_K, _T]):
    key: _K
    work: Callable[[], _T]
    started: float = 0.0


class Crew(Generic[_K, _T]):
    """Threads that do what is submitted, at most ``most`` at once, until ``stop_at`` (monotonic seconds).

    Work that takes longer than ``timeout_s`` is given up on, and another thread takes the place of its own, as
    long as no more than four times ``most`` hang.
    """

    def __init__(self, most: int, *, timeout_s: float | None = None, stop_at: float | None = None) -> None:
        self._most = max(1, most)
        self._timeout_s, self._stop_at = timeout_s, stop_at
        self._waiting: deque[_Job[_K, _T]] = deque()
        self._running: dict[_K, _Job[_K, _T]] = {}
        self._finished: deque[Done[_K, _T]] = deque()
        self._threads = 0  # all, with those that hang
        self._ready = 0  # those that take work, or are about to
        self._changed = threading.Condition()

    def submit(self, key: _K, work: Callable[[], _T]) -> None:
        """Let the work be done; the key tells it from all other work of this crew."""
        with self._changed:
            self._waiting.append(_Job(key, work))
            if self._ready < self._most and not self._is_over():
                self._start()

    def outcomes(self) -> Iterator[Done[_K, _T]]:
        """Yield what each piece of work came to, as it ends; more may be submitted meanwhile.

        What is left when the time is up, or can never be begun, is handed back with GivenUp as its error.
        """
        while True:
            with self._changed:
                if not (self._finished or self._running or self._waiting):
                    return
                self._give_up_in_time()
                if not self._finished:
                    self._changed.wait(self._wait_s())
                    self._give_up_in_time()
                through = list(self._finished)
                self._finished.clear()
            yield from through

    def _give_up_in_time(self) -> None:
        now = time.monotonic()
        if self._timeout_s is not None:
            for job in [job for job in self._running.values() if now >= job.started + self._timeout_s]:
                self._give_up(job, Why.SLOW)
                if self._threads < self._most * _MOST_STUCK and not self._is_over():
                    self._start()
        if self._is_over():
            for job in list(self._running.values()):
                self._give_up(job, Why.OVER)
            self._never_begin(Why.OVER)
        elif not self._ready:
            self._never_begin(Why.OTHERS_HANG)

    def _give_up(self, job: _Job[_K, _T], why: Why) -> None:
        del self._running[job.key]
        self._ready -= 1
        self._finished.append(Done(job.key, error=GivenUp(why)))

    def _never_begin(self, why: Why) -> None:
        self._finished.extend(Done(job.key, error=GivenUp(why)) for job in self._waiting)
        self._waiting.clear()

    def _is_over(self) -> bool:
        return self._stop_at is not None and time.monotonic() >= self._stop_at

    def _wait_s(self) -> float | None:
        """Return how long nothing needs to be done unless some work ends."""
        ends = [] if self._stop_at is None else [self._stop_at]
        if self._timeout_s is not None:
            ends += [job.started + self._timeout_s for job in self._running.values()]
            if self._waiting:  # a thread may be about to begin, and then it can be late
                ends.append(time.monotonic() + self._timeout_s)
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _start(self) -> None:
        self._threads += 1
        self._ready += 1
        threading.Thread(target=self._work, name="checks-aside", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._waiting:
                    self._threads -= 1
                    self._ready -= 1
                    return
                job = self._waiting.popleft()
                job.started = time.monotonic()
                self._running[job.key] = job
            try:
                done = Done(job.key, job.work())
            except BaseException as error:  # noqa: BLE001 - handed to who asked for the work, who waits for it
                done = Done(job.key, error=error)
            with self._changed:
                if self._running.get(job.key) is not job:  # given up on, and another thread has its place
                    self._threads -= 1
                    return
                del self._running[job.key]
                self._finished.append(done)
                self._changed.notify_all()
