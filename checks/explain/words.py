"""What is known of one table, as headings with their lines. Pure."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.changes.marked import say_mark
from checks.config.merging import DEFAULTS_RANK
from checks.explain.periods import PeriodsTold
from checks.layout import layout_from_json
from checks.layout.projection import Unprojectable, is_projected, projection_of
from checks.marks import TEACH
from checks.model import Format, Status
from checks.monitor.delivery import may_take
from checks.text import listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checks.config import Config
    from checks.config.resolved import Resolved
    from checks.config.watchlist import Entry
    from checks.marks import Mark
    from checks.model import Finding, Observation, Table
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

WIDTH = 100
_INDENT = "  "


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
            told_of = PeriodsTold(
                schedule=rule.states.schedule, plan=known.plan, clock=known.clock, seen=known.seen
            )
            yield "PERIODS", list(told_of.say(finding))
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


def _mark(known: Explained, mark: Mark) -> str:
    """Return a mark as one line, with the checks that learned with it, and that none did where one could."""
    taught = [rule.check for rule in known.plan.rules if mark.id in rule.taught_by]
    said = say_mark(mark, known.config.settings.timezone)
    if taught:
        return f"{said}; taught {listing(taught)}"
    learns = any(
        rule.share is not None and mark.check in (None, rule.check)
        for rule in known.plan.rules
        if mark.kind in TEACH
    )
    return f"{said}; taught nothing so far" if learns else said


def _verdict(known: Explained) -> Iterator[str]:
    for finding in known.findings:
        status = finding.severity.value if finding.severity is not None else finding.status.value
        yield f"{finding.check}: {status} - {finding.because}"
        if finding.to_do:
            yield f"  to do: {finding.to_do}"
        if finding.silenced and finding.status is not Status.PASS:
            yield f"  not told as a failure: {finding.silenced}"
    yield from (f"note: {note}" for note in known.seen.notes)
