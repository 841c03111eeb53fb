"""What the page shows of each table: its worst verdict, its findings, its pictures. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from checks import text as words
from checks.model import CONFIG_CHECK, Finding, Status
from checks.report import charts
from checks.report.entry_lines import said_of
from checks.report.series import of_items, series, silences
from checks.report.silence_chart import silence_chart
from checks.report.together import source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from checks.report.build import Report
    from checks.report.charts import Drawing
    from checks.report.pieces import Line
    from checks.report.series import Look, PeriodShown

RANKS = ("critical", "unknown", "warning", "silenced", "fresh")
"""The verdicts on a table, worst first, as the fleet is shown."""
_LONGEST_CELL = 600
_MOST_LEARNED = 100
"""Further tables have no picture of what was learned, which takes some milliseconds each."""
_MOST_STATEMENTS = 3
_MOST_DRAWN = 500
"""Further tables that are fresh have no charts, so that a page of thousands opens as fast as one of hundreds."""


@dataclass(frozen=True, slots=True)
class Link:
    """An address with a short word for it."""

    text: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """The verdict of one check as people read it."""

    kind: str
    check: str
    because: str
    usual: str
    advice: str
    statements: tuple[str, ...]
    more: int
    since: str
    silenced: str
    said: tuple[Line, ...]
    age: Drawing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One table: ``kind`` is its worst verdict, ``checks`` names those that are not well (or all of a fresh one)."""

    number: int
    kind: str
    table: str
    group: str
    owner: str
    checks: str
    findings: tuple[FindingRow, ...]
    links: tuple[Link, ...]
    strip: Drawing | None
    age: Drawing | None
    arrivals: Drawing | None
    volumes: Drawing | None


def kind_of(finding: Finding) -> str:
    """Return the verdict in one word: critical, warning, unknown, silenced or fresh."""
    if finding.silenced is not None and finding.status is not Status.PASS:
        return "silenced"
    if finding.severity is not None:
        return finding.severity.value
    return "fresh" if finding.status is Status.PASS else "unknown"


def table_rows(report: Report) -> list[TableRow]:
    """Return a row a table, worst first, then by name."""
    by_table: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        if finding.check != CONFIG_CHECK:
            by_table[finding.table].append(finding)
    since = _since(report)
    ordered = sorted(by_table.items(), key=lambda pair: (RANKS.index(_worst(pair[1])), pair[0]))
    return [_row(number, table, found, report, since) for number, (table, found) in enumerate(ordered)]


def _worst(findings: Iterable[Finding]) -> str:
    return min((kind_of(finding) for finding in findings), key=RANKS.index)


def _since(report: Report) -> dict[str, datetime]:
    since: dict[str, datetime] = {}
    for change in report.changes:
        if change.since is not None and change.since < report.now:
            since[change.finding_id] = min(since.get(change.finding_id, change.since), change.since)
    return since


def _row(
    number: int, table: str, findings: Sequence[Finding], report: Report, since: dict[str, datetime]
) -> TableRow:
    kind = _worst(findings)
    look = report.looks.get(table)
    shown = series(findings, look) if look is not None else of_items(findings)
    is_drawn = kind != "fresh" or number < _MOST_DRAWN
    ill = [finding.check for finding in findings if kind_of(finding) != "fresh"]
    first = findings[0]
    rows = tuple(_finding_row(each, report, since.get(each.id)) for each in findings)
    return TableRow(
        number=number,
        kind=kind,
        table=words.name(table),
        group=words.name(source_of(table)),
        owner=words.name(first.owner) if first.owner else "",
        checks=", ".join(words.name(check) for check in (ill or [finding.check for finding in findings])),
        findings=rows,
        links=tuple(_links(first, report)),
        strip=charts.strip(shown.periods),
        age=next((each.age for each in rows if each.age is not None), None),
        arrivals=_arrivals(shown.periods, look, number) if is_drawn else None,
        volumes=charts.volumes(shown.volumes) if is_drawn else None,
    )


def _arrivals(periods: Sequence[PeriodShown], look: Look | None, number: int) -> Drawing | None:
    """Return when periods came against their deadlines; of others, how long nothing came against what was learned."""
    drawn = charts.arrivals(periods)
    if drawn is not None or look is None or number >= _MOST_LEARNED:
        return drawn
    return silence_chart(silences(look), look.seen.now)


def _finding_row(finding: Finding, report: Report, since: datetime | None) -> FindingRow:
    remedies = [
        item.remedy for item in finding.items if item.remedy and item.state.is_bad and not item.marked
    ]
    statements = [finding.statement] if finding.statement else remedies
    return FindingRow(
        kind=kind_of(finding),
        check=words.name(finding.check),
        because=_bounded(finding.because),
        usual=_bounded(finding.usual),
        advice=_bounded(finding.advice),
        statements=tuple(words.statement(each) for each in statements[:_MOST_STATEMENTS]),
        more=max(0, len(statements) - _MOST_STATEMENTS),
        since=words.ago(since, report.now) if since else "",
        silenced=_bounded(finding.silenced or ""),
        said=() if finding.silenced is not None else tuple(said_of(finding, report)),
        age=_age(finding, report.now),
    )


def _bounded(text: str) -> str:
    return words.shorten(words.clean(text), _LONGEST_CELL)


def _age(finding: Finding, now: datetime) -> Drawing | None:
    """Return the age of the newest data against its limits, of findings that observed an instant."""
    if not isinstance(finding.observed, datetime):
        return None
    limits = [
        at if isinstance(at, datetime) else None for at in (finding.limits.warning, finding.limits.critical)
    ]
    return charts.age(finding.observed, now, *limits)


def _links(finding: Finding, report: Report) -> Iterator[Link]:
    console = finding.console_url if report.links else None
    for text, address in (("Runbook", finding.runbook), ("Console", console)):
        safe = words.url(address)
        if safe:
            yield Link(text, safe)
