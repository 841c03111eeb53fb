"""What is known of one table, in words: what the config says of it, what is due, what was seen, and why."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from checks.explain.words import Explained, say
from checks.lake import Lake
from checks.lake.glue.catalog import prefix_table
from checks.model import ProblemKind, Unobserved
from checks.monitor import run_marks
from checks.monitor.draft import plan_of
from checks.monitor.kept_state import Memory
from checks.monitor.learning import learn
from checks.monitor.members import with_members
from checks.monitor.plan import by_marks, learn_in_all, shared

if TYPE_CHECKING:
    from checks.changes import State
    from checks.config import Config
    from checks.config.resolved import Resolved
    from checks.config.watchlist import Entry
    from checks.model import Problem, Table
    from checks.monitor.owner import Owner
    from checks.rules.asking import Clock

__all__ = ["NotRead", "NotWatched", "explain"]


class NotWatched(Exception):  # noqa: N818 - a sentence for the user
    """Raised when the config does not watch the table, or there is none of that name."""


class NotRead(Exception):  # noqa: N818 - the same
    """Raised when the catalog cannot be asked for the table, so that nothing is known of it."""


def explain(config: Config, table: str, clock: Clock, history: str, owner: Owner) -> str:
    """Return what is known of a table, as lines of at most 100 characters; nothing is remembered of it.

    ``table`` is an id: ``database.table``, ``account/database.table`` or ``s3://bucket/prefix/``; ``history``
    is where the state of runs is kept, ``owner`` whose state it is. Raises NotWatched, with names that are near,
    and NotRead.
    """
    from checks.assess import findings_of

    lake = Lake(
        accounts=config.accounts,
        concurrency=1,
        table_timeout_s=config.settings.timeout.total_seconds(),
        max_requests=config.settings.max_requests,
    )
    memory = Memory.open(history, owner, moves=False)
    last = memory.state.last_completed_at
    if last is not None and last <= clock.now:
        clock = replace(clock, last_completed_at=last)
    entries, resolved, found = _find(config, table, lake, memory.state)
    if resolved.problem is not None:
        raise NotWatched(f"{resolved.problem.message}; {resolved.problem.remedy}")
    known = memory.state.tables
    plan = plan_of(found, resolved, config, known, clock.now, matched_by=resolved.matched_by)
    marks = run_marks.read(memory, clock.now, config.settings.timezone)
    (plan,) = shared(
        by_marks([plan], marks.marks, clock.now), config.settings.false_alarms, learn_in_all(config, known)
    )
    (plan,) = with_members((plan,), config, lake.catalog, known)
    seen = lake.observe_all([plan], clock)[found.id]
    (plan,) = learn([plan], {found.id: seen}, clock, None)
    return say(
        Explained(
            config=config,
            entries=entries,
            resolved=resolved,
            plan=plan,
            clock=clock,
            seen=seen,
            findings=findings_of([plan], {found.id: seen}, clock, marks.cover),
            requests=lake.cost().by_operation,
            marks=marks.marks.of(found.id),
            unread=marks.notes,
        )
    )


def _find(config: Config, table: str, lake: Lake, state: State) -> tuple[tuple[Entry, ...], Resolved, Table]:
    """Return the entries that speak of the table, what they come to, and the table as the catalog has it."""
    if table.startswith("s3://"):
        try:
            resolved = config.resolve_prefix(table)
        except ValueError as error:
            raise NotWatched(str(error)) from None
        if resolved is None:
            raise NotWatched(_not_watched(config, table, state))
        prefix = resolved.table
        return (
            config.watchlist.of_prefix(prefix),
            resolved,
            prefix_table(prefix, resolved.account, resolved.region),
        )
    account, _, rest = table.rpartition("/")
    database, dot, name = rest.lower().partition(".")
    resolved = config.resolve(account or None, database, name) if dot else None
    if resolved is None:
        raise NotWatched(_not_watched(config, table, state))
    try:
        found = lake.catalog.table(database, name, account or None)
    except Unobserved as error:
        if error.problem.kind is not ProblemKind.NOT_FOUND:
            raise NotRead(f"{table}: {error.problem.message}; {error.problem.remedy}") from None
        raise NotWatched(_not_found(table, error.problem, account or None, database, lake)) from None
    return config.watchlist.matching(account or None, database, name), resolved, found


def _not_watched(config: Config, table: str, state: State) -> str:
    known = {selector.id for selector in config.selectors()} | set(state.tables)
    near = get_close_matches(table.lower(), sorted(known), n=3, cutoff=0.5)
    hint = f"; near are: {', '.join(near)}" if near else f"; it watches: {', '.join(sorted(known)[:5])}"
    return f"{table} is not watched by {config.source}{hint}"


def _not_found(table: str, problem: Problem, account: str | None, database: str, lake: Lake) -> str:
    near: list[str] = []
    try:
        names = [each.id for each in lake.catalog.tables(database, account).tables]
        near = get_close_matches(table.lower(), names, n=3, cutoff=0.5)
    except Unobserved:
        pass  # the first problem is told
    hint = f"; near are: {', '.join(near)}" if near else ""
    return f"{table}: {problem.message}{hint}"
