"""The one structure that every rendering for people tells: sections of entries of lines. Pure.

All words in it are clean: what came from AWS has lost its control characters and is bounded.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from checks.model import Change, Finding, Reason, Severity, Status
from checks.report import words
from checks.report.build import Report, subject
from checks.schedule.clock import parse_zone, say_instant
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

LONG_DEAD = timedelta(days=7)
"""A failing table without data for longer than this is folded with others like it."""
_FOLD_FROM = 3
_MOST_FOLDED = 30
_MOST_NOTES = 20
_MOST_REMEDIES = 3
_LONGEST_SENTENCE = 1200
_TROUBLES = ("NEW", "ESCALATED", "STILL FAILING", "COULD NOT CHECK")
_ENDS = (
    ("RESOLVED", (Reason.RESOLVED,)),
    ("NO LONGER ASKED FOR", (Reason.EXPIRED, Reason.NO_LONGER_WATCHED)),
)
_OVER = (Reason.RESOLVED, Reason.EXPIRED, Reason.NO_LONGER_WATCHED)


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
        """The heading with the number of tables: ``NEW (2 tables)``."""
        return f"{self.heading} ({words.count(self.tables, 'table')})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A report as people read it, from the line of totals to the proof that all was looked at."""

    subject: str
    totals: str
    origin: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    closing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """A finding with what is news about it."""

    finding: Finding
    changes: tuple[Change, ...]

    @property
    def reasons(self) -> frozenset[Reason]:
        return frozenset(change.reason for change in self.changes)

    @property
    def since(self) -> datetime | None:
        return min((change.since for change in self.changes if change.since), default=None)


def outline(report: Report) -> Outline:
    """Return what is to be told of the report, in the order in which it is told."""
    by_finding: dict[str, list[Change]] = defaultdict(list)
    for change in report.changes:
        by_finding[change.finding_id].append(change)
    places: dict[str, list[_Told]] = defaultdict(list)
    unsaid: set[str] = set()
    for finding in report.findings:
        if finding.silenced is not None or finding.status is Status.PASS:
            continue
        mine = tuple(change for change in by_finding[finding.id] if change.reason not in _OVER)
        told = _Told(finding, mine)
        if report.whole or told.reasons - {Reason.ONGOING}:
            places[_heading(told, report)].append(told)
        else:
            unsaid.add(finding.table)
    sections = [Section(heading, _entries(heading, places[heading], report)) for heading in _TROUBLES]
    sections += [Section(heading, _ended(report, reasons)) for heading, reasons in _ENDS]
    return Outline(
        subject=subject(report),
        totals=_totals(report),
        origin=_origin(report),
        notes=_notes(report),
        sections=tuple(section for section in sections if section.entries),
        closing=_closing(report, unsaid - {one.finding.table for some in places.values() for one in some}),
    )


def proof(report: Report) -> str:
    """Return the proof that all was looked at: ``412 of 412 tables in 41 s, 903 requests, about $0.0051``."""
    cost = report.cost
    took = "under 1 s" if cost.seconds < 1 else say_duration(timedelta(seconds=cost.seconds))
    tables = f"{report.tables_reached:,} of {words.count(report.tables_in_run, 'table')}"
    return f"{tables} in {took}, {words.count(cost.requests, 'request')}, about ${cost.usd:.4f}"


def _heading(told: _Told, report: Report) -> str:
    if told.finding.status is Status.UNKNOWN:
        return "COULD NOT CHECK"
    if Reason.ESCALATED in told.reasons:
        return "ESCALATED"
    if Reason.NEW in told.reasons or (report.first_run and not told.changes):
        return "NEW"
    return "STILL FAILING"


def _totals(report: Report) -> str:
    summary = report.summary
    tables = words.count(summary.tables, "table")
    if summary.tables == 0:
        return "No tables are watched."
    if summary.fresh == summary.tables:
        return "The one table is fresh." if summary.tables == 1 else f"All {tables} are fresh."
    parts = []
    if summary.failing:
        kinds = ((summary.critical, "critical"), (summary.warning, "warning"))
        worst = ", ".join(f"{number:,} {word}" for number, word in kinds if number)
        parts.append(f"{_are(summary.failing)} failing ({worst})")
    if summary.unknown:
        parts.append(f"{summary.unknown:,} could not be checked")
    if summary.fresh:
        parts.append(f"{_are(summary.fresh)} fresh")
    return f"Of {tables}, {words.listing(parts)}."


def _notes(report: Report) -> tuple[str, ...]:
    notes = [_sentence(note) for note in report.notes[:_MOST_NOTES]]
    left = len(report.notes) - len(notes)
    return (
        (*notes, f"{words.count(left, 'more note is', 'more notes are')} in the JSON report.")
        if left
        else tuple(notes)
    )


def _are(number: int) -> str:
    return f"{number:,} {'is' if number == 1 else 'are'}"


def _origin(report: Report) -> str:
    when = say_instant(report.now, parse_zone(report.zone))
    who = f"{words.name(report.name)}, {when}" if words.clean(report.name) else when
    first = ", the first report" if report.first_run else ""
    kind = first if report.whole else ", only what is new since the last report"
    return f"{who}{kind}."


def _closing(report: Report, unsaid: set[str]) -> tuple[str, ...]:
    lines = []
    if unsaid:
        lines.append(f"{words.count(len(unsaid), 'more table is', 'more tables are')} as bad as last told.")
    silenced: dict[str, set[str]] = defaultdict(set)
    for finding in report.findings:
        if finding.silenced is not None and finding.status is not Status.PASS:
            silenced[words.shorten(words.clean(finding.silenced), 200)].add(finding.table)
    lines += [f"{len(tables):,} silenced: {why}" for why, tables in sorted(silenced.items())]
    if report.is_part:
        tables = words.count(report.summary.tables, "table")
        return (*lines, f"This part tells of {tables}; the whole run: {proof(report)}")
    return (*lines, proof(report))


def _entries(heading: str, told: Sequence[_Told], report: Report) -> tuple[Entry, ...]:
    """Fold what is long dead, tell in one entry what has one cause, and the rest one by one."""
    dead = [one for one in told if _is_long_dead(one.finding, report)]
    foldable = (heading == "NEW" and report.first_run) or heading == "STILL FAILING"
    folding = foldable and len({one.finding.table for one in dead}) >= _FOLD_FROM
    folded = {one.finding.id for one in dead} if folding else set()
    groups: dict[str, list[_Told]] = defaultdict(list)
    for one in told:
        if one.finding.id not in folded:
            groups[f"cause {one.finding.cause}" if one.finding.cause else f"id {one.finding.id}"].append(one)
    entries = [_entry(group, report) for group in groups.values()]
    return (*entries, _folded(dead, report)) if folding else tuple(entries)


def _is_long_dead(finding: Finding, report: Report) -> bool:
    return (
        finding.status is Status.FAIL
        and finding.stale_since is not None
        and report.now - finding.stale_since > LONG_DEAD
    )


def _folded(dead: Sequence[_Told], report: Report) -> Entry:
    zone = parse_zone(report.zone)
    since: dict[str, datetime] = {}
    for one in dead:
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


def _entry(group: Sequence[_Told], report: Report) -> Entry:
    first = group[0]
    finding = first.finding
    tables = sorted({one.finding.table for one in group})
    checks = ", ".join(sorted({one.finding.check for one in group}))
    lines = []
    if len(tables) == 1:
        title = f"{words.name(finding.table)} ({words.name(checks)})"
        lines.append(Line("", _whole_sentence(finding.because)))
    else:
        title = f"{words.count(len(tables), 'table')} for one cause ({words.name(checks)})"
        lines.append(Line("Tables", words.listing([words.name(table) for table in tables])))
        lines.append(Line("For example", _whole_sentence(finding.because)))
    lines += _before(group, alone=len(tables) == 1)
    lines += _more(first, report, alone=len(tables) == 1)
    lines += _owners(group)
    if len(tables) == 1:
        lines += _links(finding)
    return Entry(
        badge=_badge([one.finding for one in group]),
        title=title,
        lines=tuple(lines),
        tables=frozenset(tables),
    )


def _more(told: _Told, report: Report, *, alone: bool) -> list[Line]:
    finding, zone = told.finding, parse_zone(report.zone)
    lines = []
    if alone:
        lines += _items(told)
    if finding.usual:
        lines.append(Line("Usually", _sentence(finding.usual)))
    lines += _to_do(finding, report)
    if finding.deadline is not None and not finding.items:
        due = say_instant(finding.deadline, zone)
        if due not in finding.because:
            lines.append(Line("Due", f"{due} ({words.ago(finding.deadline, report.now)})", Kind.SHORT))
    if told.since is not None and told.since < report.now:
        when = f"{say_instant(told.since, zone)} ({words.ago(told.since, report.now)})"
        lines.append(Line("First reported", when, Kind.SHORT))
    return lines


def _before(group: Sequence[_Told], *, alone: bool) -> list[Line]:
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
        return [Line("When last read", _whole_sentence(next(iter(failed.values()))))]
    return [Line("Failing when last read", words.listing(sorted(failed)))]


def _items(told: _Told) -> list[Line]:
    """Tell which items are new where others are not."""
    fresh = [change.item for change in told.changes if change.item and change.reason is Reason.NEW]
    old = [change.item for change in told.changes if change.item and change.reason is not Reason.NEW]
    lines = []
    if fresh and old:
        text = f"{words.listing([words.name(key) for key in fresh])}; told before: "
        lines.append(Line("New", text + words.listing([words.name(key) for key in old])))
    return lines


def _to_do(finding: Finding, report: Report) -> list[Line]:
    """Tell what to do; statements stand on lines of their own, so that they can be copied."""
    remedies = [item.remedy for item in finding.items if item.remedy and item.state.is_bad]
    named = [remedy for remedy in remedies if remedy in finding.advice]
    advice = finding.advice
    for remedy in named:
        advice = advice.replace(remedy, "")
    lines = [Line("To do", _sentence(advice).rstrip(": "))] if advice.strip(": ") else []
    shown = named or remedies[:_MOST_REMEDIES]
    lines += [Line("Run", words.statement(remedy), Kind.CODE) for remedy in shown]
    if not named and len(remedies) > len(shown):
        left = words.count(len(remedies) - len(shown), "more statement")
        lines.append(
            Line("", f"And {left} {f'in {report.whole_at}' if report.whole_at else 'in the JSON report'}.")
        )
    return lines


def _owners(group: Iterable[_Told]) -> list[Line]:
    owners = sorted({words.name(one.finding.owner) for one in group if one.finding.owner})
    if not owners:
        return []
    return [Line("Owner" if len(owners) == 1 else "Owners", words.listing(owners), Kind.SHORT)]


def _links(finding: Finding) -> list[Line]:
    lines = []
    for label, address in (("Runbook", finding.runbook), ("Console", finding.console_url)):
        if not address:
            continue
        safe = words.url(address)
        lines.append(Line(label, safe or _sentence(address), Kind.URL if safe else Kind.TEXT))
    return lines


def _ended(report: Report, reasons: tuple[Reason, ...]) -> tuple[Entry, ...]:
    groups: dict[tuple[str, Reason], list[Change]] = defaultdict(list)
    for change in report.changes:
        if change.reason in reasons:
            groups[change.finding_id, change.reason].append(change)
    return tuple(_end(group, report) for group in groups.values())


def _end(group: Sequence[Change], report: Report) -> Entry:
    change = group[0]
    since = min((one.since for one in group if one.since), default=None)
    zone = parse_zone(report.zone)
    reported = (
        f" First reported {say_instant(since, zone)} ({words.ago(since, report.now)})." if since else ""
    )
    items = words.listing([words.name(one.item) for one in group if one.item])
    if change.reason is Reason.EXPIRED:
        text = f"{items} left the lookback without data; nobody will be told of it again."
    elif change.reason is Reason.NO_LONGER_WATCHED:
        text = (
            f"The configuration does not ask for this any more. Last told: {_whole_sentence(change.because)}"
        )
    elif items:
        text = f"{items} {'has' if len(group) == 1 else 'have'} data now."
    else:
        text = _whole_sentence(change.because)
    title = f"{words.name(change.table)} ({words.name(change.check)})"
    badge = "unwatched" if change.reason is Reason.NO_LONGER_WATCHED else change.reason.value
    return Entry(badge, title, (Line("", text + reported),), frozenset({change.table}))


def _badge(findings: Sequence[Finding]) -> str:
    if any(finding.severity is Severity.CRITICAL for finding in findings):
        return "critical"
    return "unknown" if any(finding.status is Status.UNKNOWN for finding in findings) else "warning"


def _sentence(text: str) -> str:
    return words.shorten(words.clean(text), _LONGEST_SENTENCE)


def _whole_sentence(text: str) -> str:
    """Return the text with a capital and a full stop, except where a name or an address would suffer."""
    sentence = _sentence(text)
    first, last = sentence.split(" ")[0], sentence.split(" ")[-1]
    if first.isalpha():
        sentence = sentence[0].upper() + sentence[1:]
    ended = not last or "://" in last or sentence.endswith((".", "!", "?"))
    return sentence if ended else f"{sentence}."
