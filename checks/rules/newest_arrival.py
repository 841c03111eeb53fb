"""Which arrival is the newest that counts, by what was seen of a table, and what may hide a newer one. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.model import Arrival, Problem, ProblemKind
from checks.rules.owed import first_period_at
from checks.rules.unread import ended_early

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Listing, Observation, TableMemory
    from checks.rules.asking import Clock
    from checks.schedule.due import Schedule


def counts_from(seen: Observation, schedule: Schedule | None, clock: Clock) -> datetime | None:
    """Return the start of the newest due period that holds data; None where all that came counts.

    A backfill of an older period never makes a table fresh. Periods newer than it that could not be
    looked at stay in: they may hold data.
    """
    if schedule is None or not seen.partitions:
        return None
    labels = schedule.due_labels(clock.now, reach_back_to=clock.last_completed_at)
    filled = [
        p.period.start
        for p in seen.partitions
        if p.listing is not None and p.listing.objects and p.period.label in labels
    ]
    return max(filled, default=None)


def silent(
    seen: Observation, schedule: Schedule | None, clock: Clock, memory: TableMemory
) -> Observation | None:
    """Return what was seen from the lookback's first period on, of a table that had data before it; else None.

    What came into earlier periods was not looked for, whatever other checks asked for there.
    """
    if schedule is None or seen.newest is not None or not seen.newest_complete or seen.listing is not None:
        return None
    due = schedule.due(clock.now, reach_back_to=clock.last_completed_at)
    first_at = first_period_at(seen, memory)
    if not due or first_at is None or first_at >= due[-1].period.start:
        return None
    since = tuple(p for p in seen.partitions if p.period.start >= due[-1].period.start)
    return replace(seen, partitions=since, first_period_at=first_at) if since else None


def newest_arrival(seen: Observation, since: datetime | None) -> tuple[Arrival | None, Problem | None]:
    """Return the newest arrival in periods from ``since`` on (None: in all), and the problem that may hide a newer."""
    problem, place = seen.problem or seen.further_problem, seen.table.location or seen.table.id
    if seen.newest is not None or not seen.newest_complete:
        unsure = None if seen.newest_complete else ended_early(place)
        return seen.newest, problem or unsure
    if seen.listing is not None:
        unsure = None if seen.listing.complete else ended_early(place)
        return _arrival_of(seen.listing, seen), problem or unsure
    newest: Listing | None = None
    newest_at: datetime | None = None
    for partition in seen.partitions:
        if since is not None and partition.period.start < since:
            continue
        problem = problem or partition.problem
        listing = partition.listing
        if listing is None:
            continue
        if problem is None and not listing.complete:
            problem = ended_early(place)
        if listing.newest_at is not None and (newest_at is None or listing.newest_at > newest_at):
            newest, newest_at = listing, listing.newest_at
    return (_arrival_of(newest, seen) if newest is not None else None), problem


def _arrival_of(listing: Listing, seen: Observation) -> Arrival | None:
    if listing.newest_at is None:
        return None
    return Arrival(listing.newest_at, listing.newest_key or seen.table.location or seen.table.id)


def backfill(seen: Observation, counts_from: datetime | None, newest: Arrival) -> tuple[str, datetime] | None:
    """Return the period and time of a newer arrival that does not count, as its period is an old one."""
    if counts_from is None:
        return None
    older = [
        (p.listing.newest_at, p.period.label)
        for p in seen.partitions
        if p.period.start < counts_from and p.listing is not None and p.listing.newest_at is not None
    ]
    at, label = max(older, default=(newest.at, ""))
    return (label, at) if at > newest.at else None


def looked_at(seen: Observation) -> str:
    """Say which registered partitions were looked at, where there were several; empty where there was one or none."""
    looked = sorted(
        (p.period, p.period.label) for p in seen.partitions if p.registered and p.listing is not None
    )
    if len(looked) < 2:
        return ""
    return f"looked at were {len(looked)} registered partitions, {looked[0][1]} to {looked[-1][1]}"


def start_of(seen: Observation) -> datetime:
    """Return the start of the first period that was looked at; raises ValueError where none was."""
    return min(p.period.start for p in seen.partitions)


def not_sought(seen: Observation) -> Problem:
    """Return the problem of a limit that lies before the first period that was looked at."""
    first = min(p.period.label for p in seen.partitions)
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"no data in any partition from {first} on; what came into earlier ones was not looked for",
        "write a longer lookback into the partitions check, one that reaches back as far as this limit",
    )
