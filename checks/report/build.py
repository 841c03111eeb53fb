"""The report of a run: all findings and changes, what it cost, and when it is sent.

Pure. The renderings (`text`, `html`, `as_json`) tell the same `Report`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

from checks import text as words
from checks.model import (
    CONFIG_CHECK,
    Change,
    Cost,
    Finding,
    ProblemKind,
    Reason,
    Severity,
    Status,
    Summary,
    summarize,
)
from checks.report.alike import say_day

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import date, datetime

    from checks.report.series import Look

VERSION = 1
SUBJECT_LONGEST = 99
"""SNS takes subjects of fewer than 100 ASCII characters (its API reference, `Publish`)."""
Predicate: TypeAlias = "Callable[[Finding | Change], bool]"
"""Chooses by what findings and changes both have: ``table``, ``check`` and ``owner``."""
_UTC = ZoneInfo("UTC")
LONG_DEAD = timedelta(days=7)
"""A failing table without data for longer than this is folded with others like it."""
_REASON_RANK = {reason: rank for rank, reason in enumerate(Reason)}


_KINDS = ("new", "escalated", "still failing", "held up")
"""How failing tables are counted in the subject, the first that holds of each."""
_OVER = frozenset({Reason.RESOLVED, Reason.EXPIRED, Reason.NO_LONGER_WATCHED})


class Mode(StrEnum):
    """When a report is sent."""

    ALWAYS = "always"
    ON_CHANGE = "on_change"
    ON_FAILURE = "on_failure"


class FailOn(StrEnum):
    """From which severity on a run exits with 1."""

    CRITICAL = "critical"
    WARNING = "warning"
    NEVER = "never"


class Send(StrEnum):
    """What is to be sent."""

    WHOLE = "whole"
    NEWS = "news"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Sending:
    """What is to be sent, and the changes that this mode never tells.

    ``settled`` changes count as delivered: a mode that tells failures only must not keep a recovery as
    news for ever, or the next failure of that table would pass for an old one.
    """

    what: Send
    settled: frozenset[Change] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All findings and changes of one run, ready to be rendered.

    ``findings`` go worst first, then by table, one on the config itself before all; ``zone`` is the zone
    that times are told in. ``whole`` is False for a report of news only: it still holds all findings.
    ``whole_at`` says where the whole report is kept, for messages that must be cut. ``tables_in_run`` and
    ``tables_reached`` are of the run, also in a part of its report. ``looks`` holds what was seen of each table
    and remembered of it, for renderings that show its last periods; it may be empty. ``links``: people are shown links
    into the console. ``is_test``: nothing was looked at, it only tries the way. ``checked_again`` are the ids of
    findings that its reader was last told to be unchecked, and that are not. ``account`` and ``region`` say where the
    monitor's own tables are, empty where that is not known. ``page_at`` says where it is kept as a page, if anywhere.
    """

    run_id: str
    name: str
    now: datetime
    zone: ZoneInfo
    summary: Summary
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]
    cost: Cost = field(default_factory=Cost)
    notes: tuple[str, ...] = ()
    first_run: bool = False
    whole: bool = True
    whole_at: str = ""
    is_part: bool = False
    is_test: bool = False
    checked_again: frozenset[str] = frozenset()
    tables_in_run: int = 0
    tables_reached: int = 0
    looks: Mapping[str, Look] = field(default_factory=dict)
    account: str = ""
    region: str = ""
    page_at: str = ""
    links: bool = False
    version: int = VERSION

    @property
    def ok(self) -> bool:
        """True when nothing (that is not silenced) fails, nothing is unknown, and the config could be used."""
        return not self.summary.failing and not self.summary.unknown and not self.is_config_broken

    @property
    def is_config_broken(self) -> bool:
        """True when the run went by another config than the one that it was to go by."""
        return any(finding.check == CONFIG_CHECK for finding in self.findings)


def build(  # noqa: PLR0913 - the parts of a report, all named
    *,
    findings: Iterable[Finding],
    changes: Iterable[Change] = (),
    now: datetime,
    run_id: str,
    name: str = "",
    zone: ZoneInfo = _UTC,
    cost: Cost | None = None,
    notes: Iterable[str] = (),
    first_run: bool = False,
    whole_at: str = "",
    links: bool = False,
) -> Report:
    """Return the whole report of a run; ``now`` is aware, ``zone`` that of its dates."""
    ordered = tuple(sorted(findings, key=_worst_first))
    summary = summarize(ordered)
    not_reached = {finding.table for finding in ordered if finding.problem is ProblemKind.NOT_REACHED}
    return Report(
        run_id=run_id,
        name=name,
        now=now,
        zone=zone,
        summary=summary,
        findings=ordered,
        changes=tuple(sorted(changes, key=_news_first)),
        cost=cost or Cost(),
        notes=tuple(notes),
        first_run=first_run,
        whole_at=whole_at,
        links=links,
        tables_in_run=summary.tables,
        tables_reached=summary.tables - len(not_reached),
    )


def part(report: Report, predicate: Predicate) -> Report:
    """Return the report of what the predicate chooses, such as the tables of one owner.

    Costs and notes stay those of the run.
    """
    return part_of(
        report,
        {number for number, each in enumerate(report.findings) if predicate(each)},
        {
            number
            for number, change in enumerate(report.changes)
            if predicate(change) or any(map(predicate, _of_all(change)))
        },
    )


def part_of(report: Report, findings: AbstractSet[int], changes: AbstractSet[int]) -> Report:
    """Return the report of the findings and changes at these positions, and of what findings are told within.

    Costs and notes stay those of the run.
    """
    # Who asks for what is told within another finding gets that one.
    hosts = frozenset[str]().union(*(report.findings[number].hidden_in for number in findings))
    if hosts:
        findings = findings | {n for n, each in enumerate(report.findings) if each.id in hosts}
        changes = changes | {n for n, each in enumerate(report.changes) if each.finding_id in hosts}
    chosen = tuple(report.findings[number] for number in sorted(findings))
    return replace(
        report,
        findings=chosen,
        changes=tuple(report.changes[number] for number in sorted(changes)),
        summary=summarize(chosen),
        is_part=True,
    )


def _of_all(change: Change) -> Iterator[Change]:
    """Yield the end of a trouble as that of each table that was told within it."""
    for table, owner in change.also:
        yield replace(change, table=table, owner=owner, also=())


def news(report: Report) -> Report:
    """Return the report that tells only what changed (and reminds of what goes on)."""
    return replace(report, whole=False)


def told(report: Report) -> tuple[Change, ...]:
    """Return the changes that a reader of this report is told of: all, or without the ongoing ones."""
    if report.whole:
        return report.changes
    return tuple(change for change in report.changes if change.reason is not Reason.ONGOING)


def sending(mode: Mode, report: Report, last_full_report_on: date | None) -> Sending:
    """Say what is to be sent of a whole report.

    ``always``: all of it at the first run of a local day, only news in further runs of that day.
    ``on_change``: news whenever there are any. ``on_failure``: as ``always``, but only while something
    fails or could not be checked; recoveries alone are not told.
    ``last_full_report_on`` is the local date of the last whole report that was delivered.
    """
    fresh_news = any(change.reason is not Reason.ONGOING for change in report.changes)
    today = local_date(report)
    if mode is Mode.ON_CHANGE:
        return Sending(Send.NEWS if fresh_news else Send.NOTHING)
    if mode is Mode.ON_FAILURE:
        if report.ok:
            return Sending(Send.NOTHING, frozenset(report.changes))
        good = frozenset(change for change in report.changes if change.reason in _OVER)
        if last_full_report_on == today and not set(told(news(report))) - good:
            return Sending(Send.NOTHING, good)
    if last_full_report_on != today:
        return Sending(Send.WHOLE)
    return Sending(Send.NEWS if fresh_news else Send.NOTHING)


def local_date(report: Report) -> date:
    """Return the date of the run in the report's zone."""
    return report.now.astimezone(report.zone).date()


def exit_code(report: Report, fail_on: FailOn = FailOn.CRITICAL, *, delivered: bool = True) -> int:
    """Return 3 when the report was not delivered, else 1 for findings at or over ``fail_on``, else 3 when
    something could not be checked, else 0. Silenced findings do not count.
    """  # noqa: D205 - the order of the codes is one sentence
    if not delivered:
        return 3
    counted = [finding for finding in report.findings if finding.silenced is None]
    failing = {
        FailOn.NEVER: frozenset[Severity](),
        FailOn.CRITICAL: frozenset({Severity.CRITICAL}),
        FailOn.WARNING: frozenset(Severity),
    }[fail_on]
    if any(finding.severity in failing for finding in counted):
        return 1
    return 3 if any(finding.status is Status.UNKNOWN for finding in counted) else 0


def is_long_dead(finding: Finding, report: Report) -> bool:
    """Tell whether what fails has been silent for so long that one more day of it is no news."""
    return (
        finding.status is Status.FAIL
        and finding.stale_since is not None
        and report.now - finding.stale_since > LONG_DEAD
    )


def is_new(finding: Finding, changes: Collection[Change], report: Report) -> bool:
    """Tell whether a failure is news, by its changes that end nothing; one more day of what is long dead is none."""
    since = min((change.since for change in changes if change.since), default=None)
    if is_long_dead(finding, report) and since is not None and since < report.now:
        return False
    return any(change.reason is Reason.NEW for change in changes) or (report.first_run and not changes)


def subject(report: Report) -> str:
    """Return the subject of the email: ASCII, one line, fewer than 100 characters, news first.

    ``[S3 tables] 1 new, 3 still failing, 1 unknown, 409 fresh - prod, Mon 23 Nov``, the date in the report's zone; a
    test, which counts nothing, begins with ``[S3 tables] TEST``.
    """
    date_words = say_day(local_date(report))
    config = "config broken, " if report.is_config_broken else ""
    start = "[S3 tables] " if report.is_test else f"[S3 tables] {config}{counts_of(report)} - "
    end = f", {date_words}" if words.clean(report.name) else date_words
    room = SUBJECT_LONGEST - len(start) - len(end)
    return f"{start}{words.shorten(words.ascii_only(report.name), room)}{end}"


def counts_of(report: Report) -> str:
    """Return how many tables there are of each kind, news first, without what there is none of; ``all 412 fresh``.

    What is told within another table's trouble alone is ``held up``, since that trouble counts once.
    """
    summary = report.summary
    if not summary.failing:
        return counts(summary)
    kinds = Counter(_kinds(report).values())
    told = [f"{kinds[word]} {word}" for word in _KINDS if kinds[word]]
    told += [
        f"{number} {word}"
        for number, word in ((summary.unknown, "unknown"), (summary.fresh, "fresh"))
        if number
    ]
    return ", ".join(told)


def _kinds(report: Report) -> dict[str, str]:
    """Return for each table that counts as failing which of the words of the subject it is."""
    by_finding: dict[str, list[Change]] = defaultdict(list)
    for change in report.changes:
        if change.reason not in _OVER:
            by_finding[change.finding_id].append(change)
    kinds: dict[str, str] = {}
    unknown = set()
    for finding in report.findings:
        if finding.silenced is not None or finding.status is Status.PASS:
            continue
        if finding.status is Status.UNKNOWN:
            unknown.add(finding.table)
        kind = _kind(finding, by_finding[finding.id], report)
        known = kinds.get(finding.table, kind)
        kinds[finding.table] = min(kind, known, key=_KINDS.index)
    critical = {
        each.table for each in report.findings if each.severity is Severity.CRITICAL and each.silenced is None
    }
    return {table: kind for table, kind in kinds.items() if table not in unknown or table in critical}


def _kind(finding: Finding, changes: Collection[Change], report: Report) -> str:
    if finding.within:
        return "held up"
    if is_new(finding, changes, report):
        return "new"
    return "escalated" if any(change.reason is Reason.ESCALATED for change in changes) else "still failing"


def counts(summary: Summary) -> str:
    """Return ``2 failing, 1 unknown, 409 fresh``, without what there is none of; ``all 412 fresh``."""
    if summary.tables == 0:
        return "no tables watched"
    if summary.fresh == summary.tables:
        return f"all {summary.tables} fresh"
    parts = ((summary.failing, "failing"), (summary.unknown, "unknown"), (summary.fresh, "fresh"))
    return ", ".join(f"{number} {word}" for number, word in parts if number) or "none failing"


def _worst_first(finding: Finding) -> tuple[bool, int, int, str, str]:
    counted = finding.rank if finding.silenced is None else 0
    return finding.check != CONFIG_CHECK, -counted, -finding.rank, finding.table, finding.check


def _news_first(change: Change) -> tuple[int, str, str, str]:
    return _REASON_RANK[change.reason], change.table, change.check, change.item or ""
