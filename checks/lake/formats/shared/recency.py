"""What the readers of table logs share: bounds, words and the observation that they return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from checks.model import Arrival, Listing, Observation, Problem, ProblemKind, iso

if TYPE_CHECKING:
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

AHEAD = timedelta(minutes=10)
"""A log time that is further ahead of now than this is not believed."""


@dataclass(frozen=True, slots=True)
class Recency:
    """What a log told of the newest arrival.

    ``problem`` says why it is not known, or what may hide a newer one; ``no_later_than`` bounds when what is
    not known came, by the evidence ``bound_by``. With none of them, the whole history was read and no data ever came.
    """

    newest: Arrival | None = None
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    no_later_than: datetime | None = None
    bound_by: str = "the table's log"


def observation_of(plan: TablePlan, clock: Clock, recency: Recency) -> Observation:
    """Return the observation of a table whose log was read; a time ahead of the clock is a problem.

    A table whose whole log adds no data is told as a complete listing of nothing: never loaded. One whose
    newest data is only known to be older than its limits allow is proved stale by that.
    """
    newest, problem, notes = recency.newest, recency.problem, recency.notes
    if newest is None and problem is not None and _is_too_old(recency.no_later_than, plan, clock):
        notes, problem = (*notes, problem.message), None
        newest = Arrival(recency.no_later_than or clock.now, recency.bound_by, is_bound=True)
    if newest is not None and newest.at > clock.latest + AHEAD:
        problem = from_the_future(plan.table.id, newest)
        newest = None
    never = newest is None and problem is None
    return Observation(
        table=plan.table,
        now=clock.now,
        listing=Listing(complete=True) if never else None,
        newest=newest,
        newest_complete=problem is None,
        problem=problem,
        notes=notes,
    )


def _is_too_old(at: datetime | None, plan: TablePlan, clock: Clock) -> bool:
    limit = strictest_limit(plan, clock) if at is not None else None
    return at is not None and limit is not None and at < limit


def from_the_future(table: str, arrival: Arrival) -> Problem:
    """Return the problem of a log time that is ahead of the clock."""
    return Problem(
        ProblemKind.FROM_THE_FUTURE,
        f"the log of {table} says that its newest data came at {iso(arrival.at)} ({arrival.evidence}), "
        "which is yet to come",
        "look at the clock of the machine that writes it",
    )


def only_bounded(table: str, at: datetime | None, why: str, remedy: str = "") -> Problem:
    """Return the problem of a log that tells of the newest data only that it came at or before an instant."""
    when = f"came at or before {iso(at)}" if at is not None else "came at a time that is not known"
    return Problem(ProblemKind.TOO_LITTLE_HISTORY, f"{table}: its newest data {when}: {why}", remedy)


def strictest_limit(plan: TablePlan, clock: Clock) -> datetime | None:
    """Return the latest watermark of the table's rules, None when there is none."""
    needs = (rule.needs(plan.table, None, clock, plan.memory) for rule in plan.rules)
    return max((each.watermark for each in needs if each.watermark is not None), default=None)
