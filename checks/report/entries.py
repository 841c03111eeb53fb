"""Entries: one thing to know each, of a few lines; what has one cause is told once. Pure."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from checks import text as words
from checks.marks import MarkKind
from checks.model import Change, Finding, Reason, Severity, Status
from checks.report import old_gaps
from checks.report.alike import (
    alike,
    checks_of,
    clause,
    held_up,
    own_items,
    say_day,
    tables_of,
    told_elsewhere,
    what_fails,
)
from checks.report.build import LONG_DEAD, is_long_dead
from checks.report.old_gaps import is_old_gap, title_of
from checks.report.together import Living, is_silent, joined, silent_together
from checks.rights import Lacks, statements
from checks.schedule.clock import say_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from checks.report.build import Report
    from checks.report.together import Together
    from checks.rules.base import Telling

CONFIG = "CONFIG"
"""The heading of what is told of the config itself."""
_FOLD_FROM = 3
_MOST_FOLDED = 30
_MOST_NAMED = 30
_MOST_BRIEF = 3
_MOST_REMEDIES = 3
_MOST_STATEMENTS = 6
_MOST_RESOURCES = 8
_MOST_SAID = 12
_LONGEST_SENTENCE = 1200
_LOOK_AT_WHAT_IS_SHARED = (
    "look first at what they share: what starts their loads, where these read from, their rights"
)
_OLD = frozenset({Reason.ONGOING, Reason.REMINDER})


class Kind(StrEnum):
    """How a line is to be shown."""

    TEXT = "text"
    SHORT = "short"
    """May share a line with its neighbours."""
    URL = "url"
    CODE = "code"
    """A statement to be copied as it stands."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an entry; ``label`` may be empty."""

    label: str
    text: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to know: ``badge`` is critical, warning, unknown, resolved, expired or unwatched."""

    badge: str
    title: str
    lines: tuple[Line, ...]
    tables: frozenset[str]
    brief: str = ""
    """All of it in one line, where it is old and was told before; empty where it is news."""
    beside: tuple[Line, ...] = ()
    """What people said of it, which is told with that line."""


@dataclass(frozen=True, slots=True)
class Section:
    """Entries under one heading, worst first, and of how many tables they tell."""

    heading: str
    entries: tuple[Entry, ...]

    @property
    def tables(self) -> int:
        """How many tables the entries tell of."""
        return len(frozenset[str]().union(*(entry.tables for entry in self.entries)))

    @property
    def title(self) -> str:
        """The heading with the number of tables: ``NEW (2 tables)``; the config is no table."""
        return (
            self.heading
            if self.heading == CONFIG
            else f"{self.heading} ({words.count(self.tables, 'table')})"
        )


@dataclass(frozen=True, slots=True)
class ToldFinding:
    """A finding with what is news about it."""

    finding: Finding
    changes: tuple[Change, ...]

    @property
    def reasons(self) -> frozenset[Reason]:
        """Why it is told; empty when there is no change of it."""
        return frozenset(change.reason for change in self.changes)

    @property
    def since(self) -> datetime | None:
        """When the first of its troubles was first reported."""
        return min((change.since for change in self.changes if change.since), default=None)


def entries(heading: str, told: Sequence[ToldFinding], report: Report) -> tuple[Entry, ...]:
    """Fold what is long dead, tell in one entry what has one cause, and the rest one by one."""
    dead = _long_dead(told, report)
    foldable = (heading == "NEW" and report.first_run) or heading == "STILL FAILING"
    folding = foldable and len({one.finding.table for one in dead}) >= _FOLD_FROM
    folded = {one.finding.id for one in dead} if folding else set()
    gaps = [one for one in told if is_old_gap(one.finding, report) and one.finding.id not in folded]
    if foldable and len({one.finding.table for one in gaps}) >= _FOLD_FROM:
        told = [one for one in told if one not in gaps]
        older: tuple[Entry, ...] = (_gaps(heading, gaps, report),)
    else:
        older = ()
    groups: dict[str, list[ToldFinding]] = defaultdict(list)
    lacking = _lacking_several(told)
    for one in told:
        if one.finding.id not in folded:
            groups[_shared(one.finding, lacking, report)].append(one)
            continue
        for each in one.finding.told_with:  # what is folded hides nothing that is not
            if is_long_dead(each, report) or _is_nothing(each):
                dead.append(ToldFinding(each, ()))
            elif each.table == one.finding.table:
                groups[f"id {each.id}"].append(ToldFinding(each, ()))
    living = Living.of(report.findings)
    entries = [
        _entry(heading, group, report, living, together)
        for group, together in _silent_together(groups.values())
    ]
    if not folding:
        return (*entries, *older)
    waiting = [_waiting(one.finding, report) for one in told if one.finding.id in folded]
    return (*entries, *(entry for entry in waiting if entry is not None), *older, _folded(dead, report))


def _gaps(heading: str, gaps: Sequence[ToldFinding], report: Report) -> Entry:
    """Tell the tables that go on and have old gaps as one; where that is old, too, in a line."""
    found = [one.finding for one in gaps]
    title, named = title_of(found), old_gaps.named(found)
    return Entry(
        badge=_badge(found),
        title=title,
        lines=(Line("", f"{named}."), Line("To do", old_gaps.to_do(found)), *_owners(gaps)),
        tables=frozenset(finding.table for finding in found),
        brief=f"{title}: {named}" if heading == "STILL FAILING" and not report.first_run else "",
    )


def _silent_together(
    groups: Iterable[list[ToldFinding]],
) -> list[tuple[list[ToldFinding], Together | None]]:
    """Return groups of which those that fell silent together are one, where the first of them stood.

    Those that fail alike stay together: they go with any of them that fell silent with others.
    """
    found = list(groups)
    place = {one.finding.id: number for number, group in enumerate(found) for one in group}
    silent = [n for n, group in enumerate(found) if all(is_silent(one.finding) for one in group)]
    parts = silent_together(one.finding for number in silent for one in found[number])
    first = {number: number for number in range(len(found))}
    of: dict[int, list[Together]] = defaultdict(list)
    for each in parts:
        numbers = {first[place[finding.id]] for finding in each.findings}
        least = min(numbers)
        for number, known in first.items():
            if known in numbers:
                first[number] = least
        of[least] = [each, *(one for number in sorted(numbers) for one in of.pop(number, []))]
    members: dict[int, list[int]] = defaultdict(list)
    for number, least in first.items():
        members[least].append(number)
    return [
        (
            [one for number in numbers for one in found[number]],
            joined(of[least]) if len(numbers) > 1 else None,
        )
        for least, numbers in members.items()
    ]


def _waiting(host: Finding, report: Report) -> Entry | None:
    """Tell the tables that wait for one that is folded, since they are not long dead themselves."""
    dead = frozenset(each.id for each in host.told_with if is_long_dead(each, report) or _is_nothing(each))
    names = held_up([host], dead)
    if not names:
        return None
    told = [
        ToldFinding(each, ()) for each in host.told_with if each.table != host.table and each.id not in dead
    ]
    return Entry(
        badge=_badge([one.finding for one in told]),
        title=f"{words.count(len(names), 'table waits', 'tables wait')} for {words.name(host.table)} ({host.check})",
        lines=(Line("Held up", f"{words.listing(names, _MOST_NAMED)}."), *_owners(told)),
        tables=frozenset(one.finding.table for one in told),
    )


def _lacking_several(told: Sequence[ToldFinding]) -> frozenset[str]:
    """Return the roles that lack several things: whoever changes the role is told all of them at once."""
    causes: dict[str, set[str]] = defaultdict(set)
    for one in told:
        if one.finding.lacks is not None:
            causes[one.finding.lacks.role].add(one.finding.cause)
    return frozenset(role for role, found in causes.items() if len(found) > 1)


def _shared(finding: Finding, lacking: frozenset[str], report: Report) -> str:
    """Return what is equal for findings that are told in one entry: who lacks rights, a cause, what is absent."""
    if finding.lacks is not None and finding.lacks.role in lacking:
        return f"lacks {finding.lacks.role}"
    if finding.cause:
        return f"cause {finding.cause}"
    return alike(finding, report.zone) or f"id {finding.id}"


def _long_dead(told: Sequence[ToldFinding], report: Report) -> list[ToldFinding]:
    """Return what is told of tables to which no data has come for long; old events alone are no such thing."""
    dead = [one for one in told if is_long_dead(one.finding, report) or _is_nothing(one.finding)]
    silent = {one.finding.table for one in dead if telling(one.finding.check).of_silence}
    return [one for one in dead if one.finding.table in silent]


def _is_nothing(finding: Finding) -> bool:
    is_zero = finding.status is Status.FAIL and not finding.observed
    return is_zero and telling(finding.check).zero_is_silence


def telling(check: str) -> Telling:
    """Return how a check is told; of one that is no more, as most are."""
    from checks.rules import CHECKS  # takes longer than all else here: whoever judged anything has it already
    from checks.rules.base import Telling

    config = CHECKS.get(check)
    return config.telling if config is not None else Telling()


def _folded(dead: Sequence[ToldFinding], report: Report) -> Entry:
    zone = report.zone
    since: dict[str, datetime] = {}
    for one in dead:
        if not telling(one.finding.check).of_silence:
            continue
        stale_since = one.finding.stale_since or report.now
        since[one.finding.table] = min(since.get(one.finding.table, stale_since), stale_since)
    latest_first = sorted(since.items(), key=lambda pair: (-pair[1].timestamp(), pair[0]))
    names = [f"{words.name(table)} since {at.astimezone(zone).date()}" for table, at in latest_first]
    days = LONG_DEAD.days
    lines = [
        Line("", f"{words.listing(names, _MOST_FOLDED)}."),
        Line("To do", "exclude or silence what is retired; see what should load the rest."),
    ]
    return Entry(
        badge=_badge([one.finding for one in dead]),
        title=f"{words.count(len(since), 'table has', 'tables have')} had no data for over {days} days",
        lines=tuple(lines + _owners(dead)),
        tables=frozenset(since),
    )


def _entry(
    heading: str, group: Sequence[ToldFinding], report: Report, living: Living, silent: Together | None
) -> Entry:
    findings = [one.finding for one in group]
    tables = sorted({each.table for each in findings})
    checks = words.name(checks_of(findings))
    made = held_up(findings)
    more = (
        f", and {words.count(len(made), 'table')} made from {'it' if len(tables) == 1 else 'them'}"
        if made
        else ""
    )
    if len(tables) == 1:
        title, lines = f"{words.name(tables[0])} ({checks}){more}", _alone(group)
    elif silent is not None:
        title, lines = _silent(group, silent, checks, report)
        title += more
    else:
        title, lines = _together(group, tables, checks, report)
        title += more
    siblings = _siblings(findings, living)
    if made:
        lines.append(Line("Held up", f"{words.listing(made, _MOST_NAMED)}."))
    lines += siblings
    lines += _before(group, alone=len(tables) == 1)
    lacks = _lacks(group)
    if silent is not None:
        lines += _to_do(findings, report, _LOOK_AT_WHAT_IS_SHARED)
    else:
        lines += _to_allow(lacks) if lacks is not None else _more(group, report, alone=len(tables) == 1)
    said = [line for each in findings for line in said_of(each, report)] if len(tables) == 1 else []
    lines += said
    lines += _since(group, report)
    lines += _owners([*group, *(ToldFinding(each, ()) for one in findings for each in one.told_with)])
    if len(tables) == 1:
        lines += _links(findings[0], report)
    return Entry(
        badge=_badge(findings),
        title=title,
        lines=tuple(lines),
        tables=frozenset[str]().union(*(tables_of(each) for each in findings)),
        brief=_brief(heading, group, f"{checks}){more}", report, silent),
        beside=tuple(said),
    )


def _alone(group: Sequence[ToldFinding]) -> list[Line]:
    """Tell what one table fails by."""
    lines = [Line("", whole_sentence(group[0].finding.because))]
    within = [each for one in group for each in one.finding.told_with if each.table == one.finding.table]
    if within:
        lines.append(Line("So also", "; ".join(f"{each.check}: {clause(each.because)}" for each in within)))
    elsewhere = told_elsewhere(group[0].finding)
    if elsewhere:
        lines.append(Line("Told elsewhere", f"{words.listing(elsewhere, 3)}."))
    return lines


def _together(
    group: Sequence[ToldFinding], tables: Sequence[str], checks: str, report: Report
) -> tuple[str, list[Line]]:
    """Return how several tables are told as one: for a role that lacks rights, for one cause, or that fail alike."""
    finding = group[0].finding
    number = words.count(len(tables), "table")
    is_alike = not finding.cause and _lacks(group) is None
    names = [words.name(table) for table in tables]
    lines = [Line("Tables", words.listing(names, _MOST_NAMED) if is_alike else words.listing(names))]
    if _lacks(group) is not None:
        title = f"{number} for rights that the monitor lacks ({checks})"
    elif finding.cause:
        title = f"{number} for one cause ({checks})"
    else:
        title = f"{number} ({checks}): {what_fails(finding, report.now, report.zone)}"
        if own_items(finding):
            return title, lines
    lines.append(Line("For example", whole_sentence(finding.because)))
    return title, lines


def _silent(
    group: Sequence[ToldFinding], silent: Together, checks: str, report: Report
) -> tuple[str, list[Line]]:
    """Return how tables are told that fell silent together: each with what it lacks, and what they have in common."""
    what: dict[str, list[str]] = defaultdict(list)
    for one in group:
        what[one.finding.table].append(what_fails(one.finding, report.now, report.zone))
    names = [
        f"{words.name(table)} ({'; '.join(dict.fromkeys(said))})" for table, said in sorted(what.items())
    ]
    common = words.listing([words.name(each) for each in silent.in_common])
    lines = [Line("Tables", words.listing(names, len(names))), Line("In common", f"{common}.")]
    return f"{words.count(len(names), 'table')} ({checks}): {_missed(silent, report)}", lines


def _missed(silent: Together, report: Report) -> str:
    return f"fell silent together, data first missed {say_instant(silent.missed_at, report.zone)}"


def _siblings(findings: Sequence[Finding], living: Living) -> list[Line]:
    """Tell of silent tables that others of their source live."""
    if not all(each.absence is not None and each.absence.standstill is not None for each in findings):
        return []
    said = living.say_siblings({each.table for each in findings})
    return [Line("Beside", f"{said}.")] if said else []


def _brief(
    heading: str, group: Sequence[ToldFinding], checks: str, report: Report, silent: Together | None
) -> str:
    """Return what is old in one line with its date; empty where it is news."""
    since = min((one.since for one in group if one.since), default=None)
    is_old = (
        heading == "STILL FAILING" or not frozenset[Reason]().union(*(one.reasons for one in group)) - _OLD
    )
    if since is None or since >= report.now or not is_old:
        return ""
    today = report.now.astimezone(report.zone).date()
    when = say_day(since.astimezone(report.zone).date(), today)
    what = _missed(silent, report) if silent else what_fails(group[0].finding, report.now, report.zone)
    names = sorted({words.name(one.finding.table) for one in group})
    if len(names) == 1:
        return f"{names[0]} ({checks}, since {when}: {what}"
    return f"{len(names):,} tables ({checks}, since {when}: {what}: {words.listing(names, _MOST_BRIEF)}"


def _lacks(group: Sequence[ToldFinding]) -> Lacks | None:
    """Return all that one role lacks where that is several things, None where one sentence tells it."""
    if len({one.finding.cause for one in group}) < 2:
        return None
    found = [one.finding.lacks for one in group if one.finding.lacks is not None]
    return Lacks(found[0].role, tuple(right for each in found for right in each.rights)) if found else None


def _to_allow(lacks: Lacks) -> list[Line]:
    """Tell the statements to add to a role, each whole and fit to be copied; what is left out is counted."""
    role = words.name(lacks.role) if lacks.role else "the monitor's role"
    lines = [Line("To do", f"deploy what checks iam prints for this config, or add to the policy of {role}:")]
    found = statements(lacks.rights)
    left = len(found) - _MOST_STATEMENTS
    cut = 0
    for each in found[:_MOST_STATEMENTS]:
        shown, more_places = _cut(each)
        cut += more_places
        lines.append(Line("Allow", words.statement(json.dumps(shown, ensure_ascii=False)), Kind.CODE))
    more = [words.count(cut, "more place")] if cut else []
    more += [words.count(left, "more statement")] if left > 0 else []
    if more:
        lines.append(Line("", f"And {words.listing(more)}, which checks iam prints."))
    return lines


def _cut(statement: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Return a statement of a bounded number of places, and how many were left out; its id may be taken already."""
    shown = {name: value for name, value in statement.items() if name != "Sid"}
    shown["Resource"] = statement["Resource"][:_MOST_RESOURCES]
    left = len(statement["Resource"]) - len(shown["Resource"])
    if "Condition" in statement:
        prefixes = statement["Condition"]["StringLike"]["s3:prefix"]
        shown["Condition"] = {"StringLike": {"s3:prefix": prefixes[:_MOST_RESOURCES]}}
        left += len(prefixes[_MOST_RESOURCES:])
    return shown, left


def _more(group: Sequence[ToldFinding], report: Report, *, alone: bool) -> list[Line]:
    told, zone = group[0], report.zone
    finding = told.finding
    lines = []
    if alone:
        lines += _items(told)
    lines += _to_do([one.finding for one in group], report)
    if finding.usual and alone:
        lines.append(Line("Usually", sentence(finding.usual), Kind.SHORT))
    if finding.deadline is not None and not finding.items:
        due = say_instant(finding.deadline, zone)
        if due not in finding.because:
            lines.append(Line("Due", f"{due} ({words.ago(finding.deadline, report.now)})", Kind.SHORT))
    return lines


def _since(group: Sequence[ToldFinding], report: Report) -> list[Line]:
    """Tell when it was first reported, and when the last of those that have one cause joined them."""
    times = sorted({one.since for one in group if one.since and one.since <= report.now})
    if not times or times[0] >= report.now:
        return []
    zone = report.zone
    said = [f"{say_instant(at, zone)} ({words.ago(at, report.now)})" for at in (times[0], times[-1])]
    return [Line("First reported", ", the last of them ".join(dict.fromkeys(said)), Kind.SHORT)]


def said_of(finding: Finding, report: Report) -> list[Line]:
    """Tell what people said of it: who knows of it, and which items are expected."""
    lines = []
    for each in finding.marked:
        mark = each.mark
        label = "Acknowledged" if mark.kind is MarkKind.ACK else "Expected"
        who = f"by {mark.by}, {say_instant(mark.at, report.zone)}"
        items = words.listing([words.name(key) for key in each.items], _MOST_SAID)
        said = f"{items} ({who})" if items and len(each.items) < _bad(finding) else who
        lines.append(Line(label, sentence(f"{said}: {mark.because}" if mark.because else said)))
    return lines


def _bad(finding: Finding) -> int:
    return sum(item.state.is_bad for item in finding.items)


def _before(group: Sequence[ToldFinding], *, alone: bool) -> list[Line]:
    """Tell what failed before it could no longer be checked: unknown resolves nothing."""
    failed = {
        words.name(one.finding.table): change.before
        for one in group
        for change in one.changes
        if change.before and change.item is None
    }
    if not failed:
        return []
    if alone:
        return [Line("When last read", whole_sentence(next(iter(failed.values()))))]
    return [Line("Failing when last read", words.listing(sorted(failed)))]


def _items(told: ToldFinding) -> list[Line]:
    """Tell which items are new where others are not."""
    fresh = [change.item for change in told.changes if change.item and change.reason is Reason.NEW]
    old = [change.item for change in told.changes if change.item and change.reason is not Reason.NEW]
    lines = []
    if fresh and old:
        text = f"{words.listing([words.name(key) for key in fresh])}; told before: "
        lines.append(Line("New", text + words.listing([words.name(key) for key in old])))
    return lines


def _to_do(findings: Sequence[Finding], report: Report, instead: str = "") -> list[Line]:
    """Tell what to do; statements stand on lines of their own, so that they can be copied."""
    advice = instead or findings[0].advice
    lines = [Line("To do", sentence(advice))] if advice else []
    remedies: list[str] = []
    for finding in findings:
        told = [item for item in finding.items if item.state.is_bad and not item.marked]
        remedies += (
            [finding.statement] if finding.statement else [item.remedy for item in told if item.remedy]
        )
    shown = remedies[:_MOST_REMEDIES]
    lines += [Line("Run", words.statement(remedy), Kind.CODE) for remedy in shown]
    if len(remedies) > len(shown):
        left = words.count(len(remedies) - len(shown), "more statement")
        lines.append(
            Line("", f"And {left} {f'in {report.whole_at}' if report.whole_at else 'in the JSON report'}.")
        )
    return lines


def _owners(group: Iterable[ToldFinding]) -> list[Line]:
    owners = sorted({words.name(one.finding.owner) for one in group if one.finding.owner})
    if not owners:
        return []
    return [Line("Owner" if len(owners) == 1 else "Owners", words.listing(owners), Kind.SHORT)]


def _links(finding: Finding, report: Report) -> list[Line]:
    lines = []
    console = finding.console_url if report.links else None
    for label, address in (("Runbook", finding.runbook), ("Console", console)):
        if not address:
            continue
        safe = words.url(address)
        lines.append(Line(label, safe or sentence(address), Kind.URL if safe else Kind.TEXT))
    return lines


def _badge(findings: Sequence[Finding]) -> str:
    if any(finding.told_severity is Severity.CRITICAL for finding in findings):
        return "critical"
    return "unknown" if any(finding.status is Status.UNKNOWN for finding in findings) else "warning"


def sentence(text: str) -> str:
    """Return a sentence from a finding as people may see it: clean and bounded."""
    return words.shorten(words.clean(text), _LONGEST_SENTENCE)


def whole_sentence(text: str) -> str:
    """Return the text with a capital and a full stop, except where a name or an address would suffer."""
    told = sentence(text)
    first, last = told.split(" ")[0], told.split(" ")[-1]
    if first.isalpha():
        told = told[0].upper() + told[1:]
    has_end = not last or "://" in last or told.endswith((".", "!", "?"))
    return told if has_end else f"{told}."
