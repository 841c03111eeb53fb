"""What is known of one table, in words: what the config says of it, what is due, what was seen, and why."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from checks.changes.marked import say_mark
from checks.config.merging import DEFAULTS_RANK
from checks.lake import Lake
from checks.lake.glue.catalog import prefix_table
from checks.lake.plain.earlier_answers import say_spared
from checks.layout import layout_from_json
from checks.layout.projection import Unprojectable, is_projected, projection_of
from checks.model import Format, ProblemKind, Unobserved
from checks.monitor import run_marks
from checks.monitor.delivery import may_take
from checks.monitor.learning import learn
from checks.monitor.members import with_members
from checks.monitor.plan import by_marks, learning_of, plan_of, shared
from checks.monitor.run_memory import Memory
from checks.rules.dimensions import say_combination
from checks.schedule.clock import say_instant
from checks.schedule.periods import back_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checks.changes import State
    from checks.config import Config
    from checks.config.resolved import Resolved
    from checks.config.watchlist import Entry
    from checks.marks import Mark
    from checks.model import Finding, Item, Observation, Period, Problem, Table
    from checks.monitor.run_memory import Owner
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan
    from checks.schedule.due import DuePeriod, Schedule

WIDTH = 100
_MOST_PERIODS = 20
_MOST_ITEMS = 3
_MOST_WALKED = 2000
_INDENT = "  "


class NotWatched(Exception):  # noqa: N818 - a sentence for the user
    """Raised when the config does not watch the table, or there is none of that name."""


class NotRead(Exception):  # noqa: N818 - the same
    """Raised when the catalog cannot be asked for the table, so that nothing is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """All that the words are made of."""

    config: Config
    entries: tuple[Entry, ...]
    resolved: Resolved
    plan: TablePlan
    clock: Clock
    seen: Observation
    findings: tuple[Finding, ...]
    requests: Mapping[str, int]
    marks: tuple[Mark, ...] = ()
    unread: tuple[str, ...] = ()
    """Why there may be more marks."""


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
        by_marks([plan], marks.marks, clock.now), config.settings.false_alarms, learning_of(known)
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


def say(known: Explained) -> str:
    """Write all of it, a heading and its lines after the other."""
    lines = [known.plan.table.id]
    for heading, told in _sections(known):
        lines += ["", heading]
        for line in told:
            own = len(line) - len(line.lstrip())
            lines += textwrap.wrap(
                line.strip(),
                WIDTH,
                initial_indent=_INDENT + " " * own,
                subsequent_indent=_INDENT + " " * (own + 4),
                break_on_hyphens=False,
            )
    return "\n".join(lines)


def _sections(known: Explained) -> Iterator[tuple[str, list[str]]]:
    yield "CONFIG", list(_config(known))
    yield "TABLE", list(_table(known))
    yield "TIME", list(_time(known))
    for rule, finding in zip(known.plan.rules, known.findings, strict=True):
        if rule.states is not None:
            yield "PERIODS", list(_periods(known, rule.states.schedule, finding))
    for rule, finding in zip(known.plan.rules, known.findings, strict=True):
        told = list(rule.explain(known.seen, finding, known.clock))
        if told:
            yield rule.check.upper(), told
    if known.marks or known.unread:
        yield (
            "MARKS",
            [*known.unread, *(_mark(known, mark) for mark in known.marks)],
        )
    yield "VERDICT", list(_verdict(known))
    total = sum(known.requests.values())
    each = ", ".join(f"{operation} {count}" for operation, count in sorted(known.requests.items()))
    yield "REQUESTS", [f"{total}: {each}" if total else "none"]


def _config(known: Explained) -> Iterator[str]:
    config = known.config
    for entry in reversed(known.entries):
        line = f", line {entry.selector.line}" if entry.selector.line is not None else ""
        role = "matched by" if entry is known.entries[-1] else "over"
        yield f"{role} {entry.selector.id} ({config.source}{line})"
    merged = config.watchlist.bound(known.entries).merged
    stated_anywhere = {check for entry in known.entries for check in entry.stated.blocks}
    stated_anywhere |= set(config.watchlist.defaults.blocks)
    for check, block in merged.blocks.items():
        by_source: dict[str, list[str]] = {}
        for key, sourced in block.items():
            source = _source_of(known, sourced.path) if check in stated_anywhere else "nothing is stated"
            by_source.setdefault(source, []).append(f"{key}: {_written(sourced.value)}")
        for source, keys in by_source.items():
            yield (
                f"{check}: {', '.join(keys)} (of {source})"
                if check in stated_anywhere
                else (f"{check}: {', '.join(keys)} (no check is stated, so this one holds)")
            )
    for key, sourced in merged.values.items():
        yield f"{key}: {_written(sourced.value)}"
    for upstream in known.plan.entry.upstream or ():
        if not config.watches(upstream):
            yield f"upstream {upstream} is not watched, so it hides nothing"
    for check, reason in known.plan.silences.items():
        yield f"{check} is silenced: {reason}"
    for route in config.routes:
        if may_take(route, known.plan.table.id, known.plan.entry.owner):
            severity = route.match.severity
            only = f", of what is {' or '.join(severity)}" if severity is not None else ""
            yield f"a route tells {config.target_of(route)}{only}"


def _source_of(known: Explained, path: tuple[str | int, ...]) -> str:
    for entry in known.entries:
        if path[: len(entry.stated.path)] == entry.stated.path and entry.stated.rank != DEFAULTS_RANK:
            return entry.selector.id
    return "defaults"


def _written(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_written(each) for each in value) + "]"
    return str(getattr(value, "key", value))


def _table(known: Explained) -> Iterator[str]:
    table = known.seen.table  # of a prefix its own log tells the format
    kind = "a prefix without a catalog entry" if table.is_prefix else "a table of the catalog"
    yield f"{kind}, {table.format.value}, at {table.location or 'no location in S3'}"
    if table.partition_keys:
        keys = ", ".join(f"{key.name} ({key.type})" for key in table.partition_keys)
        yield f"partitioned by {keys}"
        if is_projected(table):
            yield from _projection(table)
    elif not table.is_prefix:
        yield "no partition keys" + ("" if table.format is Format.FILES else " in the catalog")
    if known.plan.entry.chosen is not None:
        yield f"only objects named {known.plan.entry.chosen} are data"


def _projection(table: Table) -> Iterator[str]:
    try:
        projection = projection_of(table)
    except Unprojectable as error:
        yield f"partition projection that cannot be read: {error.message}"
        return
    ranges = projection.say_range()
    yield f"partitions are projected, none is registered{': ' + ranges if ranges else ''}"
    for name, values in projection.others:
        if values is None:
            yield f"{name} is given by each query"
        else:
            more = f" and {len(values) - 5} more" if len(values) > 5 else ""
            yield f"{name} is one of {', '.join(values[:5])}{more}"


def _as_one(plan: TablePlan, table: Table) -> str:
    """Say that nothing was read by period, and why as far as that is known."""
    if table.format is not Format.FILES:
        return "read by its log, as a whole"
    if plan.schedule is None and not plan.table.partition_keys:
        return "read as one place: no check asks for its periods"
    return "read as one place: no key and no path was seen to carry time"


def _time(known: Explained) -> Iterator[str]:
    seen, plan = known.seen, known.plan
    layout = layout_from_json(seen.layout, known.resolved.zone) if seen.layout else None
    if layout is None:
        if seen.problem is not None:
            yield seen.problem.message
            if seen.problem.remedy:
                yield seen.problem.remedy
        else:
            yield _as_one(plan, seen.table)
        return
    yield f"{layout.say()}: {_evidence(known, layout.evidence)}"
    if not layout.padding_known:
        yield "no value tells whether its numbers are padded with zeros, so both ways are looked for"
    if plan.each is not None:
        how = "as they are stated" if plan.each.values else "from the first period each was seen in"
        yield f"each value of {plan.each.say()} is due, {how}"


def _evidence(known: Explained, evidence: str) -> str:
    plan = known.plan
    if plan.stated_layout is not None and plan.stated_layout.formats:
        return "stated in the config"
    if is_projected(plan.table):
        return "as the table's partition projection states it"
    if plan.memory.layout is not None and plan.memory.layout == known.seen.layout:
        return f"remembered from an earlier run{f', which inferred it from {evidence}' if evidence else ''}"
    return f"inferred from {evidence}" if evidence else "inferred"


def _periods(known: Explained, schedule: Schedule, finding: Finding) -> Iterator[str]:
    now, zone = known.clock.now, schedule.zone
    last = known.clock.last_completed_at
    due = {each.period.start: each for each in schedule.due_of_any(now, reach_back_to=last)}
    items: dict[str, list[Item]] = {}
    for item in finding.items:
        items.setdefault(item.period, []).append(item)
    yield schedule.say()
    if not due:
        yield "none is due yet"
    oldest = min(due, default=None)
    shown = 0
    walk = islice(back_from(now, schedule.every, schedule.labels), _MOST_WALKED)
    for period in walk if oldest is not None else ():
        if oldest is None or period.start < oldest:
            break
        told = list(_period(schedule, period, due.get(period.start), items.get(period.label, []), known))
        if not told:
            continue
        if shown == _MOST_PERIODS:
            left = sum(start <= period.start for start in due)
            yield f"and {left} older due, down to {due[oldest].period.label}"
            break
        shown += 1
        yield from told
    following = schedule.next_due(now)
    if following is None:
        yield "next: none in sight"
    else:
        yield f"next: {following.period.label} is due {say_instant(following.due_at, zone)}"


def _period(
    schedule: Schedule, period: Period, due: DuePeriod | None, items: list[Item], known: Explained
) -> Iterator[str]:
    """Tell one period: when it was due and what became of it, or why it was not due. Nothing where it is yet to be."""
    if due is None:
        reason = schedule.never_due_because(period)
        if reason is not None:
            yield f"{period.label}  not due: {reason}"
        return
    since = " and later" if schedule.parts else ""
    when = f"{period.label}  due {say_instant(due.due_at, schedule.zone)}{since}"
    stated_at = None if schedule.parts else schedule.stated_at(period)
    if stated_at is not None and stated_at != due.due_at:
        when += f" (put off from {say_instant(stated_at, schedule.zone)})"
    grace_end = schedule.grace_end(due.due_at)
    if schedule.grace and not schedule.parts and grace_end > known.clock.now:
        when += f", grace until {say_instant(grace_end, schedule.zone)}"
    if not items:
        yield f"{when}: {_why_not_judged(period, known)}"
        return
    of_it = [each for each in known.seen.partitions if each.period.label == period.label]
    spared = say_spared(of_it, schedule.zone)
    if len(items) == 1 and not items[0].dimensions:
        yield f"{when}: {_state(items[0], schedule)}{spared}"
        return
    yield f"{when}:"
    odd = [item for item in items if item.state.value != "present"]
    for item in odd[:_MOST_ITEMS]:
        yield f"  {say_combination(item.dimensions)}: {_state(item, schedule)}"
    if len(odd) > _MOST_ITEMS:
        yield f"  and {len(odd) - _MOST_ITEMS} more that are not present"
    if present := len(items) - len(odd):
        yield f"  {present} of {len(items)} present{spared}"


def _why_not_judged(period: Period, known: Explained) -> str:
    table = known.plan.table
    first = [at for at in (known.seen.first_period_at, known.plan.memory.first_period_at) if at is not None]
    if first and period.start < min(first):
        return "before the first period with data"
    if is_projected(table):
        return "not judged: outside the range that is projected, or before the first period with data"
    return "not judged"


def _state(item: Item, schedule: Schedule) -> str:
    arrived = f", first data {say_instant(item.arrived_at, schedule.zone)}" if item.arrived_at else ""
    detail = f" ({item.detail})" if item.detail else ""
    return f"{item.state.value}{detail}{arrived}"


def _mark(known: Explained, mark: Mark) -> str:
    """Return a mark as one line, with the checks that learned with it."""
    taught = [rule.check for rule in known.plan.rules if mark.id in rule.taught_by]
    said = say_mark(mark, known.config.settings.timezone)
    return f"{said}; taught {' and '.join(taught)}" if taught else said


def _verdict(known: Explained) -> Iterator[str]:
    for finding in known.findings:
        status = finding.severity.value if finding.severity is not None else finding.status.value
        yield f"{finding.check}: {status} - {finding.because}"
        if finding.to_do:
            yield f"  to do: {finding.to_do}"
    yield from (f"note: {note}" for note in known.seen.notes)
