"""Huge places, listed by several threads: their key space is split where idle threads can help.

A listing is a chain of pages, each of which names the next. Where one gets long and the run has threads to
spare, what is left of it is cut at names that may or may not exist: ranges of keys, each a chain of its own. No
cut can lose a key: every range begins where the one before it ends. A cut where no keys are costs one request.
"""

from __future__ import annotations

import math
import operator
import threading
import time
from bisect import bisect_right
from collections import deque
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.lake.s3.scan import OutOfOrder
from checks.model import ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from checks.aws.pages import Page
    from checks.lake.s3.objects import ObjectStore
    from checks.lake.s3.tally import Budget, Tally

SPLIT_AFTER = 16
"""So many pages of one range are listed before it is thought worth splitting."""
_LADDER = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MOST_STEPS, _MOST_LEVELS = 10, 6
_GLANCE_S = 0.5
_TICK_S = 0.001
"""A shorter time of work than this is not told well by a clock."""


class Helpers:
    """Who works in a run: never more than ``concurrency`` threads at once, but for a page that is being read.

    Tables come first. A thread that helps with a listing leaves as soon as a table wants its place.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._working = 0
        self._lock = threading.Lock()

    @contextmanager
    def table(self) -> Iterator[None]:
        """Take a place for a table, whoever helps at the moment."""
        with self._lock:
            self._working += 1
        try:
            yield
        finally:
            self.leave()

    def join(self) -> bool:
        """Take a place to help, where one is free."""
        with self._lock:
            free = self._working < self._concurrency
            self._working += free
            return free

    def leave(self) -> None:
        """Give a place back."""
        with self._lock:
            self._working -= 1

    @property
    def is_crowded(self) -> bool:
        """Tell whether a table wants a place that a helper has."""
        with self._lock:
            return self._working > self._concurrency


@dataclass(slots=True)
class _Range:
    """Keys after ``after`` up to and with ``until`` (None: to the end); ``token`` goes on with a chain."""

    after: str | None = None
    until: str | None = None
    token: str | None = None
    first: str = ""
    last: str = ""
    pages: int = 0


@dataclass(slots=True)
class _Split:
    store: ObjectStore
    bucket: str
    prefix: str
    budget: Budget
    helpers: Helpers
    new_tally: Callable[[], Tally]
    first: str = ""
    waiting: deque[_Range] = field(default_factory=deque)
    tallies: list[Tally] = field(default_factory=list)
    working: int = 0
    pages: int = 0
    complete: bool = True
    error: Exception | None = None
    useful: int | None = None
    """So many threads keep a processor busy with this place; more would only wait for each other."""
    changed: threading.Condition = field(default_factory=threading.Condition)

    def run(self) -> None:
        """List everything, with whoever can help; raise what went wrong first."""
        self.waiting.append(_Range())
        with self.changed:
            self.working += 1
        self._work(is_helper=False)
        while True:
            with self.changed:
                if self.error is not None or not self.complete or (not self.working and not self.waiting):
                    break
                if not self.waiting:
                    self.changed.wait(_GLANCE_S)
                    if self.budget.stop_at is not None and time.monotonic() >= self.budget.stop_at:
                        self.complete = False
                        break
                    continue
                self.working += 1
            self._work(is_helper=False)
        if self.error is not None:
            raise self.error

    def _help(self) -> None:
        try:
            self._work(is_helper=True)
        finally:
            self.helpers.leave()

    def _work(self, *, is_helper: bool) -> None:
        """Take one range after another until none is left, or a table wants this helper's place."""
        tally = self.new_tally()
        with self.changed:
            self.tallies.append(tally)
        try:
            while (part := self._take()) is not None:
                self._list(part, tally, is_helper=is_helper)
                if is_helper and self.helpers.is_crowded:
                    break
        except Exception as error:  # noqa: BLE001 - it is raised again in the table's own thread
            refused = isinstance(error, Unobserved) and (
                error.problem.kind is ProblemKind.OVER_BUDGET
                or (self.budget.stop_at is not None and time.monotonic() >= self.budget.stop_at)
            )
            with self.changed:
                if refused and self.first:  # for its time, or the run's requests: what was seen holds
                    self.complete = False
                else:
                    self.error = self.error or error
        finally:
            with self.changed:
                self.working -= 1
                self.changed.notify_all()

    def _take(self) -> _Range | None:
        with self.changed:
            ended = self.error is not None or not self.complete
            return self.waiting.popleft() if self.waiting and not ended else None

    def _list(self, part: _Range, tally: Tally, *, is_helper: bool) -> None:
        begun, worked = time.monotonic(), time.thread_time()
        while True:
            with self.changed:
                if self.error is not None:
                    return
                if self.pages and self.budget.is_spent(self.pages):
                    self.complete = False
                    return
                self.pages += 1
            page = self.store.list_page(
                self.bucket,
                self.prefix,
                start_after=part.after if part.token is None else None,
                token=part.token,
            )
            if self._count(part, page, tally):
                return
            part.token = page.token
            part.pages += 1
            if part.pages >= SPLIT_AFTER:
                self._learn(time.monotonic() - begun, time.thread_time() - worked)
                self._share(part)
            if is_helper and self.helpers.is_crowded:
                with self.changed:
                    self.waiting.append(_Range(part.last or part.after, part.until))
                    self.changed.notify_all()
                return

    def _count(self, part: _Range, page: Page, tally: Tally) -> bool:
        """Count the page's keys of this range; tell whether it was the last page of it."""
        names = page.keys.names
        if names:
            before = part.last or part.after or ""
            if names[0] <= before or not all(map(operator.lt, names, names[1:])):
                raise OutOfOrder
            part.first, part.last = part.first or names[0], names[-1]
            self.first = self.first or names[0]
        end = len(names) if part.until is None else bisect_right(names, part.until)
        tally.add_all(page.keys[:end])
        return end < len(names) or page.token is None

    def _learn(self, passed_s: float, worked_s: float) -> None:
        """Take note of how much of its time a thread works; the rest it waits, for the store or for other threads.

        Only the least wait counts: what is waited for others tells nothing of the store.
        """
        useful = math.ceil(passed_s / max(worked_s, _TICK_S))
        self.useful = useful if self.useful is None else min(self.useful, useful)

    def _share(self, part: _Range) -> None:
        """Call helpers where places are free; leave them what is after the next cut, where nothing waits."""
        most = (self.useful or 1) - self.working
        if most < 1 or not self.helpers.join():
            return
        joined = 1
        with self.changed:
            if not self.waiting and self.error is None:
                self._cut(part)
            while joined < min(most, len(self.waiting)) and self.helpers.join():
                joined += 1
            if not self.waiting:
                joined = 0
            self.working += joined
        if not joined:
            self.helpers.leave()
        for _ in range(joined):
            context = copy_context()  # with the meter of the table
            threading.Thread(target=context.run, args=(self._help,), name="lake-helper", daemon=True).start()

    def _cut(self, part: _Range) -> None:
        for first in (self.first, part.first):
            cuts = [
                cut
                for cut in cuts_between(first, part.last, len(self.prefix))
                if cut > part.last and (part.until is None or cut < part.until)
            ]
            if cuts:
                ends = [*cuts[1:], part.until]
                self.waiting.extend(_Range(cut, end) for cut, end in zip(cuts, ends, strict=True))
                part.until, part.pages = cuts[0], 0
                return


def cuts_between(first: str, last: str, fixed: int) -> list[str]:
    """Return names after ``last`` at which to cut, sorted: guesses from how names went from ``first`` to it.

    Where the two first differ, each following letter or digit; before that, one step at each place (the next
    month, the next year). ``fixed`` is how long the beginning is that all names share.
    """
    differ = next(
        (n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    if differ >= len(last):
        return []
    following = [char for char in _LADDER if char > last[differ]]
    digits = [char for char in following if char.isdigit()]
    steps = digits or following[:: max(1, -(-len(following) // _MOST_STEPS))]
    found = {last[:differ] + char for char in steps}
    for place in range(differ, max(fixed, differ - _MOST_LEVELS) - 1, -1):
        after = _LADDER.find(last[place]) + 1
        if 0 < after < len(_LADDER):
            found.add(last[:place] + _LADDER[after])
    return sorted(found)


def list_split(
    store: ObjectStore,
    bucket: str,
    prefix: str,
    *,
    new_tally: Callable[[], Tally],
    budget: Budget,
    helpers: Helpers,
) -> tuple[Tally, bool]:
    """Return what lies below a prefix, and whether all of it was seen. Raises Unobserved.

    Raises OutOfOrder where the store lists in an order of its own: then it has to be listed as one chain.
    """
    running = _Split(store, bucket, prefix, budget, helpers, new_tally)
    running.run()
    with running.changed:
        tallies = list(running.tallies)
    total = tallies[0]
    for tally in tallies[1:]:
        total.merge(tally)
    return total, running.complete
