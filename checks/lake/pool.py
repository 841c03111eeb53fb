"""Many tables at once, bounded in number and in time, whatever a single answer does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from checks.aside import Crew, GivenUp, Why
from checks.lake.observe import internal_problem
from checks.model import Observation, Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan


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
    seconds) is `not reached`. A thread that hangs holds up neither the run nor its end. ``on_done`` is called
    in the caller's thread, as each table is through. Raises `BrokenInstallation` as soon as a reader does: the others
    are left behind.
    """
    crew: Crew[int, Observation] = Crew(concurrency, timeout_s=table_timeout_s, stop_at=stop_at)
    for number, plan in enumerate(plans):
        crew.submit(number, partial(observe_one, plan, clock))
    found: dict[int, Observation] = {}
    for done in crew.outcomes():
        number, seen = done.key, done.value
        if done.error is not None or seen is None:
            plan = plans[number]
            problem = _problem(plan, done.error, table_timeout_s)
            seen = Observation(table=plan.table, now=clock.now, problem=problem)
        found[number] = seen
        if on_done is not None:
            on_done(seen)
    return {plan.table.id: found[number] for number, plan in enumerate(plans)}


def _problem(plan: TablePlan, error: BaseException | None, seconds: float) -> Problem:
    if not isinstance(error, GivenUp):  # a fault of one reader never costs the run
        return internal_problem(plan.table, error or TypeError("nothing was observed"))
    if error.why is Why.SLOW:
        return Problem(
            ProblemKind.TIMED_OUT,
            f"{plan.table.id} was not read within {seconds:g} s",
            "raise the time a table may take, or watch less of it",
            f"timed out after {seconds:g} s",
        )
    if error.why is Why.OTHERS_HANG:
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
