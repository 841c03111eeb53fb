"""What a run leaves for later ones: what was told to whom, and what is remembered of each table. Pure."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from checks import changes
from checks.changes import RouteTold, State, TableRecord, differing
from checks.model import Answer, Listing, TableMemory, item_key
from checks.monitor.first_seen import came_at_latest, seen_before
from checks.monitor.invocation import MOST_AHEAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from checks.model import Finding, Observation, PartitionSeen
    from checks.monitor.delivery import Sent
    from checks.monitor.owner import Owner
    from checks.monitor.plan import Planned
    from checks.report.build import Report
    from checks.rules.base import TablePlan

_MOST_FIRST_SEEN = 5000
"""How many times of first data are remembered of one table, the newest periods before older ones."""
_MOST_ANSWERS = 1000
"""How many answers are remembered of one table, the newest periods before older ones."""
_MOST_ANSWERS_OF_ALL = 50_000
"""How many answers are remembered of all tables; those beyond are looked at in each run."""
_LONGEST_NAMES = 500
"""Answers with longer names are not remembered, so that the state stays below what is read of one."""


def after(
    state: State,
    *,
    owner: Owner,
    report: Report,
    sent: Sent,
    planned: Planned,
    observations: Mapping[str, Observation],
    event_id: str | None,
    at: datetime,
) -> State:
    """Return the state after a run: what was delivered counts as told, the rest stays news.

    ``at`` is the time of the clock at which its event counts as reported.
    """
    if state.last_completed_at is not None and state.last_completed_at > at + MOST_AHEAD:
        state = replace(state, last_completed_at=None)  # of a clock, or an event, that was far ahead
    following = changes.advance(state, report.findings, report.changes, report.now, sent.arrived)
    full_report_on = sent.full_report_on or following.last_full_report_on
    following = replace(
        following,
        last_full_report_on=full_report_on,
        routes=_routes(state, replace(following, last_full_report_on=full_report_on), report, sent),
    )
    if sent.completed:
        following = changes.complete(
            following,
            now=report.now,
            run_id=report.run_id,
            name=owner.name,
            config_at=owner.at,
            tables=records(state, planned, observations, report.findings),
            full_report_on=sent.full_report_on,
        )
        # Without all having got their part the event stays undone, so that a retry of it can tell the rest.
        return changes.finish(following, event_id, at) if event_id is not None and sent.whole else following
    return replace(following, name=owner.name, config_at=owner.at)


def _routes(state: State, whole: State, report: Report, sent: Sent) -> dict[str, RouteTold]:
    """Return what is remembered of routes: of those that were told otherwise than the whole report."""
    found: dict[str, RouteTold] = {}
    for key, came in sent.routes.items():
        is_alike = came.arrived == sent.arrived and came.full_report_on == sent.full_report_on
        if is_alike and key not in state.routes:
            continue
        before = state.routes.get(key, RouteTold())
        own = state.as_told_to(key)
        only = {*before.told, *came.concerned}  # no more is remembered of a route
        own = changes.advance(own, report.findings, came.changes, report.now, came.arrived, only)
        own = replace(own, last_full_report_on=came.full_report_on or own.last_full_report_on)
        differs = differing(before, whole, own, came.concerned)
        if not differs.is_like_the_whole:
            found[key] = differs
    return found


def records(
    state: State,
    planned: Planned,
    observations: Mapping[str, Observation],
    findings: Iterable[Finding] = (),
) -> dict[str, TableRecord]:
    """Return what is remembered of each watched table; of one that could not be planned, what was before."""
    kept = {table: record for table, record in state.tables.items() if table in planned.watched}
    found = {finding.id: finding for finding in findings}
    planned_now = {plan.table.id for plan in planned.plans}
    room = _MOST_ANSWERS_OF_ALL - sum(
        len(record.memory.answers) for table, record in kept.items() if table not in planned_now
    )
    for plan in planned.plans:
        seen = observations[plan.table.id]
        memory = _remembered(plan, seen)
        for rule in plan.rules:
            finding = found.get(f"{plan.table.id}|{rule.check}")
            if finding is not None:
                memory = replace(memory, **rule.remember_told(finding, plan.memory))
        memory = replace(memory, answers=dict(islice(memory.answers.items(), max(0, room))))
        room -= len(memory.answers)
        kept[plan.table.id] = TableRecord(matched_by=plan.matched_by, by_glob=plan.by_glob, memory=memory)
    return kept


def _remembered(plan: TablePlan, seen: Observation) -> TableMemory:
    """Return what one observation adds: the first period with data, when recent periods first held data."""
    before = plan.memory
    each = plan.each
    first_at = [at for at in (before.first_period_at, seen.first_period_at) if at is not None]
    first_seen: dict[str, datetime] = {}
    for partition in seen.partitions:
        if partition.listing is not None and partition.listing.objects:
            keys = [partition.period.label]
            combination = each.of(partition.dimensions) if each is not None else None
            if combination is not None and len(first_seen) < _MOST_FIRST_SEEN:
                keys.append(item_key(partition.period.label, combination))
            came_at = came_at_latest(partition, seen.now)
            for key in keys:
                # A table that is rebuilt has new objects each time: what its first ones said counts.
                first_seen[key] = before.first_seen.get(key) or min(first_seen.get(key, came_at), came_at)
            first_at.append(partition.period.start)
    if seen.first_period_problem is not None:  # there may be an earlier one: the next run looks for it again
        first_at = [before.first_period_at] if before.first_period_at is not None else []
    memory = TableMemory(
        first_period_at=min(first_at, default=None),
        first_seen={**seen_before(plan, seen, _MOST_FIRST_SEEN), **first_seen}
        if first_seen
        else before.first_seen,
        layout=seen.layout or before.layout,
        past_periods=before.past_periods,
        answers=dict(islice(_answers(plan, seen), _MOST_ANSWERS)),
        log_answer=seen.log_answer or (before.log_answer if seen.problem is not None else None),
        ages=before.ages,
        logs=seen.logs or (before.logs if seen.problem is not None else None),
    )
    for rule in plan.rules:
        memory = replace(memory, **rule.remember(seen, before))
    return memory


def _answers(plan: TablePlan, seen: Observation) -> Iterator[tuple[str, Answer]]:
    """Yield what later runs may take in place of a look, by its place, the newest periods first.

    What stood in place of a look keeps the time of the look that it comes of. What could not be looked at keeps
    what was known of it; so does a table that could not be read at all.
    """
    if not plan.max_age_of_answer:
        return
    if not seen.partitions and seen.problem is not None:
        yield from plan.memory.answers.items()
    for partition in seen.partitions:
        place = partition.location or ""
        if partition.lasting and partition.listing is not None:
            names = (*partition.values, partition.listing.newest_key or place, plan.entry.said_of_names or "")
            if sum(len(ascii(name)) for name in names) <= _LONGEST_NAMES:
                yield place, _answer_of(plan, seen, partition)
        elif (partition.seen_at or partition.problem) and place in plan.memory.answers:
            yield place, plan.memory.answers[place]


def _answer_of(plan: TablePlan, seen: Observation, partition: PartitionSeen) -> Answer:
    return Answer(
        period=partition.period.label,
        seen_at=seen.now,
        listing=partition.listing or Listing(),
        values=partition.values,
        registered=partition.registered,
        created_at=partition.created_at,
        pattern=plan.entry.said_of_names,
    )
