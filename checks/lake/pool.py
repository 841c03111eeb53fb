"""Many tables at once, bounded in number and in time, whatever a single answer does."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.lake.observe import internal_problem
from checks.model import Observation, Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

_MOST_STUCK = 4
"""How many times the concurrency of threads may be, when hanging ones are left behind."""


@dataclass(slots=True)
class _Job:
    number: int
    plan: TablePlan
    started: float = 0.0
    done: Observation | None = None


@dataclass(slots=True)
class _Pool:
    clock: Clock
    observe_one: Callable[[TablePlan, Clock], Observation]
    waiting: deque[_Job]
    running: dict[int, _Job] = field(default_factory=dict)
    finished: deque[_Job] = field(default_factory=deque)
    stopped: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def work(self) -> None:
        """Observe one table after another; what comes back after its time was up counts no more."""
        while True:
            with self.changed:
                if self.stopped or not self.waiting:
                    return
                job = self.waiting.popleft()
                job.started = time.monotonic()
                self.running[job.number] = job
            try:
                seen = self.observe_one(job.plan, self.clock)
            except Exception as error:  # noqa: BLE001 - a fault of one reader never costs the run
                problem = internal_problem(job.plan.table, error)
                seen = Observation(table=job.plan.table, now=self.clock.now, problem=problem)
            with self.changed:
                if self.running.pop(job.number, None) is None:
                    return  # given up on meanwhile, and replaced by another thread
                job.done = seen
                self.finished.append(job)
                self.changed.notify_all()


def observe_all(
    plans: Sequence[TablePlan],
    clock: Clock,
    observe_one: Callable[[TablePlan, Clock], Observation],
    *,
    concurrency: int,
    table_timeout_s: float,
    stop_at: float | None = None,
    on_done: Callable[[Observation], None] | None = None,
) -> dict[str, Observation]:
    """Return the observation of each table by its id, in the order of the plans.

    A table that takes longer than ``table_timeout_s`` is `timed out`; what is left at ``stop_at`` (monotonic
    seconds) is `not reached`. Threads are daemons: one that hangs holds up neither the run nor its end.
    ``on_done`` is called in the caller's thread, as each table is through.
    """
    jobs = [_Job(number, plan) for number, plan in enumerate(plans)]
    pool = _Pool(clock, observe_one, deque(jobs))
    late = stop_at is not None and time.monotonic() >= stop_at
    threads = 0 if late else min(concurrency, len(jobs))
    for _ in range(threads):
        _start(pool)
    most = max(1, concurrency) * _MOST_STUCK
    left = len(jobs)
    while left:
        with pool.changed:
            if not pool.finished:
                pool.changed.wait(_wait_s(pool, table_timeout_s, stop_at))
            now = time.monotonic()
            for job in [job for job in pool.running.values() if now >= job.started + table_timeout_s]:
                job.done = _unseen(job, clock, _timed_out(job.plan, table_timeout_s))
                del pool.running[job.number]
                pool.finished.append(job)
                if threads < most:
                    threads += 1
                    _start(pool)
            over = stop_at is not None and now >= stop_at
            if over or (not pool.running and not pool.finished):
                pool.stopped = True
                for job in [*pool.running.values(), *pool.waiting]:
                    job.done = _unseen(job, clock, _not_reached(job.plan, hanging=not over))
                    pool.finished.append(job)
                pool.running.clear()
                pool.waiting.clear()
            through = list(pool.finished)
            pool.finished.clear()
        left -= len(through)
        for job in through:
            if on_done is not None and job.done is not None:
                on_done(job.done)
    return {job.plan.table.id: job.done for job in jobs if job.done is not None}


def _start(pool: _Pool) -> None:
    threading.Thread(target=pool.work, name="lake-reader", daemon=True).start()


def _wait_s(pool: _Pool, table_timeout_s: float, stop_at: float | None) -> float | None:
    """Return how long nothing needs to be done unless a table is through."""
    ends = [job.started + table_timeout_s for job in pool.running.values()]
    if pool.waiting and not ends:
        ends.append(time.monotonic() + 0.05)  # threads are just starting
    if stop_at is not None:
        ends.append(stop_at)
    return max(0.0, min(ends) - time.monotonic()) if ends else None


def _unseen(job: _Job, clock: Clock, problem: Problem) -> Observation:
    return Observation(table=job.plan.table, now=clock.now, problem=problem)


def _timed_out(plan: TablePlan, seconds: float) -> Problem:
    return Problem(
        ProblemKind.TIMED_OUT,
        f"{plan.table.id} was not read within {seconds:g} s",
        "raise the time a table may take, or watch less of it",
        f"timed out after {seconds:g} s",
    )


def _not_reached(plan: TablePlan, *, hanging: bool) -> Problem:
    if hanging:
        return Problem(
            ProblemKind.NOT_REACHED,
            f"{plan.table.id} was not reached: the readers of other tables hang",
            "look at the tables that timed out",
            "not reached, others hang",
        )
    return Problem(
        ProblemKind.NOT_REACHED,
        f"{plan.table.id} was not reached before the run's time was up",
        "give the run more time or concurrency, or watch fewer tables in one run",
        "not reached in time",
    )
