"""The one structure that every rendering for people tells: sections of entries of lines. Pure.

All words in it are clean: what came from AWS has lost its control characters and is bounded.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from checks import text as words
from checks.model import CONFIG_CHECK, Change, Reason, Status
from checks.report.alike import tables_of
from checks.report.build import Report, is_new, subject
from checks.report.ends import ended
from checks.report.entries import entries
from checks.report.pieces import CONFIG, Section, ToldFinding, sentence
from checks.schedule.clock import say_instant
from checks.schedule.durations import say_duration

_MOST_NOTES = 20
_SILENCED_NAMED = 5
_TROUBLES = (CONFIG, "NEW", "ESCALATED", "STILL FAILING", "COULD NOT CHECK")
_ENDS = (
    ("RESOLVED", (Reason.RESOLVED,)),
    ("NO LONGER ASKED FOR", (Reason.EXPIRED, Reason.NO_LONGER_WATCHED)),
)
_OVER = (Reason.RESOLVED, Reason.EXPIRED, Reason.NO_LONGER_WATCHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A report as people read it, from the line of totals to the proof that all was looked at."""

    subject: str
    totals: str
    origin: str
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
    closing: tuple[str, ...]


def outline(report: Report) -> Outline:
    """Return what is to be told of the report, in the order in which it is told."""
    by_finding: dict[str, list[Change]] = defaultdict(list)
    for change in report.changes:
        by_finding[change.finding_id].append(change)
    places: dict[str, list[ToldFinding]] = defaultdict(list)
    unsaid: set[str] = set()
    for finding in report.findings:
        if finding.silenced is not None or finding.status is Status.PASS or finding.within:
            continue
        mine = tuple(change for change in by_finding[finding.id] if change.reason not in _OVER)
        told = ToldFinding(finding, mine)
        if report.whole or told.reasons - {Reason.ONGOING}:
            places[_heading(told, report)].append(told)
        else:
            unsaid |= tables_of(finding)
    said = frozenset[str]().union(*(tables_of(one.finding) for some in places.values() for one in some))
    sections = [Section(heading, entries(heading, places[heading], report)) for heading in _TROUBLES]
    sections += [Section(heading, ended(report, reasons)) for heading, reasons in _ENDS]
    return Outline(
        subject=subject(report),
        totals=_totals(report),
        origin=_origin(report),
        notes=_notes(report),
        sections=tuple(section for section in sections if section.entries),
        closing=_closing(report, unsaid - said),
    )


def proof(report: Report) -> str:
    """Return the proof that all was looked at: ``412 of 412 tables in 41 s, 903 requests, about $0.0051``."""
    cost = report.cost
    took = "under 1 s" if cost.seconds < 1 else say_duration(timedelta(seconds=cost.seconds))
    tables = f"{report.tables_reached:,} of {words.count(report.tables_in_run, 'table')}"
    return f"{tables} in {took}, {words.count(cost.requests, 'request')}, about ${cost.usd:.4f}"


def _heading(told: ToldFinding, report: Report) -> str:
    if told.finding.check == CONFIG_CHECK:
        return CONFIG
    if told.finding.status is Status.UNKNOWN:
        return "COULD NOT CHECK"
    if Reason.ESCALATED in told.reasons:
        return "ESCALATED"
    return "NEW" if is_new(told.finding, told.changes, report) else "STILL FAILING"


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
    if not parts:  # beside others the lines below tell what is silenced
        parts.append(f"{_are(summary.tables)} silenced")
    return f"Of {tables}, {words.listing(parts)}."


def _notes(report: Report) -> tuple[str, ...]:
    notes = [sentence(note) for note in report.notes[:_MOST_NOTES]]
    left = len(report.notes) - len(notes)
    return (
        (*notes, f"{words.count(left, 'more note is', 'more notes are')} in the JSON report.")
        if left
        else tuple(notes)
    )


def _are(number: int) -> str:
    return f"{number:,} {'is' if number == 1 else 'are'}"


def _origin(report: Report) -> str:
    when = say_instant(report.now, report.zone)
    who = f"{words.name(report.name)}, {when}" if words.clean(report.name) else when
    news = "" if report.whole else ", only what is new since the last report"
    kind = ", the first report" if report.first_run else news
    where = " in ".join(
        part for part in (report.account and f"account {report.account}", report.region) if part
    )
    return f"{who}{f', {words.name(where)}' if where else ''}{kind}."


def _say_silenced(why: str, tables: list[str]) -> str:
    named = ", ".join(words.name(table) for table in tables[:_SILENCED_NAMED])
    more = f" and {len(tables) - _SILENCED_NAMED:,} more" if len(tables) > _SILENCED_NAMED else ""
    return f"{len(tables):,} silenced, not well: {named}{more}: {why}"


def _closing(report: Report, unsaid: set[str]) -> tuple[str, ...]:
    lines = []
    if unsaid:
        lines.append(f"{words.count(len(unsaid), 'more table is', 'more tables are')} as bad as last told.")
    silenced: dict[str, set[str]] = defaultdict(set)
    for finding in report.findings:
        if finding.silenced is not None and finding.status is not Status.PASS:
            silenced[words.shorten(words.clean(finding.silenced), 200)].add(finding.table)
    lines += [_say_silenced(why, sorted(tables)) for why, tables in sorted(silenced.items())]
    if report.page_at:
        lines.append(f"As a page: {words.name(report.page_at)}")
    if report.is_part:
        tables = words.count(report.summary.tables, "table")
        return (*lines, f"This part tells of {tables}; the whole run: {proof(report)}")
    return (*lines, proof(report))
