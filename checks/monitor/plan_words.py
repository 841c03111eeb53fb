"""A plan in words: which tables a run looks at, in which way, what that costs, and what is seen late. Pure."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from checks.aws.problems import clean
from checks.lake.estimate import estimate, learning_takes, seen_late
from checks.rules.sentences import count_of
from checks.schedule.runs import DEFAULT_CRON, RunTimes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checks.monitor.plan import Planned
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

_MOST_NAMED = 3
_MOST_ABSENT = 5
_HEAD = ("TABLE", "FORMAT", "CHECKS", "READ BY", "REQUESTS", "USD A RUN")


def say(planned: Planned, clock: Clock, cron: str = DEFAULT_CRON, width: int | None = None) -> str:
    """Say the plan as a table of text, with the total, what cannot be looked at, and deadlines seen late.

    ``cron`` is the EventBridge expression that the monitor runs by. Where the table is wider than ``width`` columns,
    each of its rows is told in two lines. Raises ValueError when the expression is not read.
    """
    rows = [_HEAD]
    requests, usd, many = 0, 0.0, 0
    for each in planned.plans:
        expected = estimate(each, clock)
        requests, usd, many = requests + expected.count, usd + expected.usd, many + expected.at_least
        checks = ", ".join(rule.check for rule in each.rules) or "none"
        bound = "at least" if expected.at_least else "up to" if expected.at_most else "about"
        number = f"{bound} {expected.count}"
        rows.append(
            (each.table.id, each.table.format.value, checks, expected.way, number, f"{expected.usd:.6f}")
        )
    lines = _lines(rows, width)
    number = "1 table" if len(planned.plans) == 1 else f"{len(planned.plans)} tables"
    lines += [
        "",
        f"{number}, about {requests} requests and ${usd:.4f} a run, ${usd * 30:.2f} a month of daily runs",
    ]
    if many:
        lines.append("a request more for each further 1,000 objects of a place that is read whole")
    lines += _upstreams(planned.plans)
    lines += _say_learning(planned, clock)
    runs = RunTimes(cron)
    lines += [f"warning: {late.say(runs)}" for late in seen_late(planned.plans, runs, clock.now)]
    lines += [f"could not be planned: {finding.because}" for finding in planned.findings]
    lines += [f"note: {note}" for note in (*_notes(planned.plans), *planned.notes)]
    return "\n".join(lines if width is None else [part for line in lines for part in _wrapped(line, width)])


def _lines(rows: Sequence[tuple[str, ...]], width: int | None) -> list[str]:
    """Return the rows as a table, or in two lines each where that is too wide."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    if width is None or sum(widths) + 2 * (len(widths) - 1) <= width:
        return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    lines = []
    for table, form, checks, way, requests, usd in rows[1:]:
        number = f"{requests} {'request' if requests.endswith(' 1') else 'requests'}"
        lines += [f"{table} ({form}): {checks}", f"  {way}, {number}, ${usd}"]
    return lines


def _wrapped(line: str, width: int) -> list[str]:
    """Return what is longer than the terminal in several lines, names and statements whole."""
    if len(line) <= width:
        return [line]
    return textwrap.wrap(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _upstreams(plans: Sequence[TablePlan]) -> list[str]:
    """Say how many tables state upstreams, and which of these hide nothing, since they are not looked at."""
    stated = {plan.table.id: plan.entry.upstream for plan in plans if plan.entry.upstream}
    if not stated:
        return []
    looked_at = {plan.table.id for plan in plans}
    named = {upstream for upstreams in stated.values() for upstream in upstreams}
    absent = sorted(named - looked_at)
    number = "1 table states" if len(stated) == 1 else f"{len(stated)} tables state"
    what = "what fails for the periods that one of these fails for is told with it"
    told = f"{number} upstreams ({len(named)} in all): {what}"
    if absent:
        more = f" and {len(absent) - _MOST_ABSENT} more" if len(absent) > _MOST_ABSENT else ""
        told += f"; not looked at, so they hide nothing: {', '.join(map(clean, absent[:_MOST_ABSENT]))}{more}"
    return [told]


def _say_learning(planned: Planned, clock: Clock) -> Iterator[str]:
    """Say what learning takes, once, and what share of the false alarms each table has."""
    learning = [each for each in planned.plans if any(rule.learns for rule in each.rules)]
    if not learning:
        return
    number = count_of(len(learning), "table")
    takes = [count for each in learning if (count := learning_takes(each, clock))]
    once = (
        f"; up to {sum(takes)} requests more, once, tell the habits of {len(takes)} of them" if takes else ""
    )
    yield f"limits of {number} are learned{once}"
    shares = {rule.share for each in learning for rule in each.rules if rule.share is not None}
    yield from sorted(share.say("each") for share in shares)


def _notes(plans: Sequence[TablePlan]) -> list[str]:
    """Return what is said of tables beside how they are read, of those together of which the same is."""
    of: dict[str, list[str]] = {}
    for each in plans:
        chosen = each.entry.chosen
        told = [f"only objects named {chosen} are data"] if chosen is not None else []
        for note in dict.fromkeys([*told, *(note for rule in each.rules for note in rule.notes())]):
            of.setdefault(note, []).append(each.table.id)
    return [
        f"{note}: {', '.join(tables[:_MOST_NAMED])}"
        + (f" and {len(tables) - _MOST_NAMED} more" if len(tables) > _MOST_NAMED else "")
        for note, tables in of.items()
    ]
