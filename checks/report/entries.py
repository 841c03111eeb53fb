"""Entries: one thing to know each, of a few lines; what has one cause is told once. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from checks import text as words
from checks.model import Finding, Reason, Status
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
from checks.report.entry_lines import (
    badge_of,
    before_unread,
    first_reported,
    lacks_of,
    links_of,
    more_of,
    owners_of,
    said_of,
    to_allow,
    to_do_of,
)
from checks.report.old_gaps import is_old_gap, title_of
from checks.report.pieces import Entry, Line, ToldFinding, whole_sentence
from checks.report.together import Living, is_silent, joined, silent_together
from checks.schedule.clock import say_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from checks.report.build import Report
    from checks.report.together import Together
    from checks.rules.base import Telling

_FOLD_FROM = 3
_MOST_FOLDED = 30
_MOST_NAMED = 30
_MOST_BRIEF = 3
_LOOK_AT_WHAT_IS_SHARED = (
    "look first at what they share: what starts their loads, where these read from, their rights"
)
_OLD = frozenset({Reason.ONGOING, Reason.REMINDER})


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
        for group, together in _silent_together(groups.values(), report)
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
        badge=badge_of(found),
        title=title,
        lines=(Line("", f"{named}."), Line("To do", old_gaps.to_do(found)), *owners_of(gaps)),
        tables=frozenset(finding.table for finding in found),
        brief=f"{title}: {named}" if heading == "STILL FAILING" and not report.first_run else "",
    )


def _silent_together(
    groups: Iterable[list[ToldFinding]], report: Report
) -> list[tuple[list[ToldFinding], Together | None]]:
    """Return groups of which those that fell silent together are one, where the first of them stood.

    Those that fail alike stay together: they go with any of them that fell silent with others.
    """
    found = list(groups)
    place = {one.finding.id: number for number, group in enumerate(found) for one in group}
    silent = [n for n, group in enumerate(found) if all(is_silent(one.finding) for one in group)]
    alone = (one.finding for number in silent for one in found[number])
    parts = silent_together(alone, report.summary.tables, report.findings)
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
        badge=badge_of([one.finding for one in told]),
        title=f"{words.count(len(names), 'table waits', 'tables wait')} for {words.name(host.table)} ({host.check})",
        lines=(Line("Held up", f"{words.listing(names, _MOST_NAMED)}."), *owners_of(told)),
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
        badge=badge_of([one.finding for one in dead]),
        title=f"{words.count(len(since), 'table has', 'tables have')} had no data for over {days} days",
        lines=tuple(lines + owners_of(dead)),
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
    lines += before_unread(group, alone=len(tables) == 1)
    lacks = lacks_of(group)
    if silent is not None:
        lines += to_do_of(findings, report, _LOOK_AT_WHAT_IS_SHARED)
    else:
        lines += to_allow(lacks) if lacks is not None else more_of(group, report, alone=len(tables) == 1)
    said = [line for each in findings for line in said_of(each, report)] if len(tables) == 1 else []
    lines += said
    lines += first_reported(group, report)
    lines += owners_of([*group, *(ToldFinding(each, ()) for one in findings for each in one.told_with)])
    if len(tables) == 1:
        lines += links_of(findings[0], report)
    return Entry(
        badge=badge_of(findings),
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
    is_alike = not finding.cause and lacks_of(group) is None
    names = [words.name(table) for table in tables]
    lines = [Line("Tables", words.listing(names, _MOST_NAMED) if is_alike else words.listing(names))]
    if lacks_of(group) is not None:
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
