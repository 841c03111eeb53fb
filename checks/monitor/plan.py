"""Which tables a run looks at, by which checks, in which way: config and catalog brought together."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.aws.problems import clean
from checks.config.selectors import matches_name
from checks.lake.estimate import estimate, learning_takes, seen_late
from checks.lake.glue.catalog import prefix_table
from checks.model import CATALOG_CHECK, CONFIG_CHECK, Finding, Problem, ProblemKind, Status, TableMemory
from checks.monitor.catalogued import is_pattern, not_in_catalog, read_catalog
from checks.monitor.members import with_members
from checks.rules.asking import Share
from checks.rules.base import TablePlan, by_memory
from checks.rules.sentences import count_of
from checks.schedule.runs import DEFAULT_CRON, RunTimes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from checks.changes import Marks, TableRecord
    from checks.config.resolved import Config, Resolved
    from checks.config.selectors import Selector
    from checks.lake import Catalog
    from checks.model import Table
    from checks.monitor.catalogued import Catalogued
    from checks.rules.asking import Clock
    from checks.rules.base import Rule

_VIEW = "VIRTUAL_VIEW"
_MOST_NAMED = 3
_MOST_ABSENT = 5
_HEAD = ("TABLE", "FORMAT", "CHECKS", "READ BY", "REQUESTS", "USD A RUN")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The tables to look at, and what was found out about those that cannot be.

    ``watched`` holds the ids of all tables that the config watches, whatever became of them.
    """

    plans: tuple[TablePlan, ...] = ()
    findings: tuple[Finding, ...] = ()
    watched: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def home(self) -> tuple[str, str]:
        """Return the monitor's own account and region, as its tables tell them; empty where none does."""
        own = [plan.table for plan in self.plans if plan.table.account is None]
        account = next((table.catalog_id for table in own if table.catalog_id), "")
        return account, next((table.region for table in own if table.region), "")

    def only(self, matches: Callable[[str], bool]) -> Planned:
        """Return the plan of the tables whose ids match."""
        return Planned(
            plans=tuple(plan for plan in self.plans if matches(plan.table.id)),
            findings=tuple(finding for finding in self.findings if matches(finding.table)),
            watched=self.watched,
            notes=self.notes,
        )


def plan_of(
    table: Table,
    resolved: Resolved,
    config: Config,
    remembered: Mapping[str, TableRecord],
    now: datetime,
    *,
    matched_by: str,
) -> TablePlan:
    """Return how a table is looked at, by what the config says of it and what earlier runs remember of it."""
    record = remembered.get(table.id)
    reasons = {rule.check: resolved.silenced(now, rule.check) for rule in resolved.rules}
    memory = record.memory if record is not None else TableMemory()
    return TablePlan(
        table=memory.typed(table),
        rules=resolved.rules,
        entry=resolved.entry,
        matched_by=matched_by,
        by_glob=resolved.by_glob,
        silences={check: reason for check, reason in reasons.items() if reason is not None},
        memory=memory,
        max_age_of_answer=config.settings.max_age_of_answer,
    )


def plan(
    config: Config,
    catalog: Catalog,
    remembered: Mapping[str, TableRecord],
    now: datetime,
    *,
    only: Callable[[Selector], bool] | None = None,
    stop_at: float | None = None,
    marks: Marks | None = None,
) -> Planned:
    """Return what a run at ``now`` looks at; with ``only`` what those entries speak of.

    What is learned is taught by ``marks``.

    ``remembered`` holds the tables of earlier runs: those that a glob matched and that the catalog has no
    more are told as gone, not dropped. Databases are read side by side until ``stop_at`` (monotonic seconds): what was
    not reached then is unknown. Never raises for what AWS answers: that is a finding.
    """
    selectors = tuple(each for each in config.selectors() if only is None or only(each))
    read = read_catalog(catalog, config, selectors, stop_at)
    draft = _Draft(config, remembered, now)
    if config.problem is not None and only is None:
        draft.add_config(config.source, config.problem)
    for selector in selectors:
        if selector.is_prefix:
            draft.add_prefix(selector)
    for selector in selectors:
        if selector.is_glob:
            _match_glob(selector, read, draft)
    for selector in selectors:
        if selector.is_prefix or selector.is_glob:
            continue
        found = read.table(selector.account, selector.database or "", selector.name or "")
        if isinstance(found, Problem):
            draft.add_unread(selector.id, found, selector)
        else:
            draft.add(found, selector)
    draft.add_gone(read)
    planned = draft.planned()
    taught = by_marks(planned.plans, marks, now) if marks is not None else planned.plans
    plans = shared(taught, config.settings.false_alarms, learning_of(remembered) if only else 0)
    plans = with_members(plans, config, catalog, remembered, read=read, stop_at=stop_at)
    return replace(planned, plans=plans)


def by_marks(plans: Sequence[TablePlan], marks: Marks, now: datetime) -> tuple[TablePlan, ...]:
    """Return plans whose rules that learn are taught by what was said of their tables by ``now``."""
    if not marks.holding:
        return tuple(plans)
    return tuple(
        replace(plan, rules=tuple(rule.taught(said, now) for rule in plan.rules))
        if any(rule.learns for rule in plan.rules) and (said := marks.of(plan.table.id))
        else plan
        for plan in plans
    )


def shared(plans: Sequence[TablePlan], false_alarms: float, tables: int = 0) -> tuple[TablePlan, ...]:
    """Return plans whose rules that learn have their share of so many false alarms a month.

    Those of the plans that learn share them, or ``tables``, where these are more: a look at single ones judges them as
    the run over all of them does.
    """
    learning = sum(any(rule.learns for rule in plan.rules) for plan in plans)
    if not learning:
        return tuple(plans)
    share = Share.of(false_alarms, max(tables, learning))
    return tuple(replace(plan, rules=by_memory(_sharing(plan.rules, share), plan.memory)) for plan in plans)


def _sharing(rules: tuple[Rule, ...], of_table: Share) -> tuple[Rule, ...]:
    """Return the rules of a table; those that learn have equal parts of its share, so that it is kept by the table."""
    share = of_table.among(sum(rule.learns for rule in rules))
    return tuple(rule.sharing(share) for rule in rules)


def learning_of(remembered: Mapping[str, TableRecord]) -> int:
    """Return how many tables earlier runs learned of."""
    memories = [record.memory for record in remembered.values()]
    return sum(memory.arrivals is not None or bool(memory.firsts) for memory in memories)


def _match_glob(selector: Selector, read: Catalogued, draft: _Draft) -> None:
    """Add all tables that a glob matches; one finding when the catalog cannot be read or none match."""
    database = selector.database or ""
    names = read.names[selector.account] if is_pattern(database) else (database,)
    if isinstance(names, Problem):
        draft.add_unread(selector.id, names, selector)
        return
    matched = 0
    for name in names:
        if not matches_name(database, name):
            continue
        tables = read.databases[selector.account, name]
        if isinstance(tables, Problem):
            draft.add_unread(
                f"{selector.account}/{name}.*" if selector.account else f"{name}.*", tables, selector
            )
            matched += 1
            continue
        for table in tables.values():
            if selector.matches(selector.account, name, table.name or ""):
                matched += 1
                draft.add(table, selector)
    for broken_id, problem in read.broken.items():
        account, _, rest = broken_id.rpartition("/")
        of, _, name = rest.partition(".")
        if (account or None) == selector.account and selector.matches(selector.account, of, name):
            matched += 1
            draft.add_unread(broken_id, problem, selector)
    if not matched:
        draft.add_unread(selector.id, not_in_catalog(selector.id), selector)


class _Draft:
    """The plan while it is being made: each table once, whichever entries speak of it."""

    def __init__(self, config: Config, remembered: Mapping[str, TableRecord], now: datetime) -> None:
        self._config, self._remembered, self._now = config, remembered, now
        self._plans: dict[str, TablePlan] = {}
        self._findings: dict[str, Finding] = {}
        self._watched: set[str] = set()
        self._views: set[str] = set()
        self._elsewhere: dict[str, str] = {}

    def add_config(self, source: str, problem: Problem) -> None:
        """Add the config itself, which cannot be used as it is."""
        self._watched.add(source)
        self._findings[source] = Finding(
            table=source,
            check=CONFIG_CHECK,
            status=Status.UNKNOWN,
            because=problem.message,
            advice=problem.remedy,
            problem=problem.kind,
            whole_table=True,
        )

    def add_prefix(self, selector: Selector) -> None:
        """Add a location that is watched without a catalog entry."""
        table = prefix_table(selector.text, selector.account, selector.region)
        self._add(table, self._config.resolve_prefix(selector.text), selector)

    def add(self, table: Table, selector: Selector) -> None:
        """Add a table of the catalog; what only a glob matches and has no data of its own in S3 is left out."""
        resolved = self._config.resolve(selector.account, table.database or "", table.name or "")
        if resolved is None:
            return
        if table.kind == _VIEW and resolved.by_glob:
            self._views.add(table.id)
            return
        if table.kept_in is not None and resolved.by_glob:
            self._elsewhere[table.id] = table.kept_in
            return
        self._add(table, resolved, selector)

    def _add(self, table: Table, resolved: Resolved | None, selector: Selector) -> None:
        if resolved is None:
            return
        self._watched.add(table.id)
        if resolved.problem is not None:
            self._unknown(table.id, resolved.problem)
            return
        self._plans[table.id] = plan_of(
            table, resolved, self._config, self._remembered, self._now, matched_by=selector.id
        )

    def add_unread(self, table: str, problem: Problem, selector: Selector) -> None:
        """Add a table (or a glob of them) that could not be found out about, as one unknown finding.

        All tables that the same entry matched before are unknown with it.
        """
        self._watched.add(table)
        self._unknown(table, problem)
        for known, record in self._remembered.items():
            if selector.is_glob and record.matched_by == selector.id and known not in self._plans:
                self._watched.add(known)
                if problem.kind not in (ProblemKind.NOT_IN_CATALOG, ProblemKind.NOT_FOUND):
                    self._unknown(known, problem)

    def add_gone(self, read: Catalogued) -> None:
        """Add the tables that a glob matched in an earlier run, and that the catalog has no more."""
        for table, record in self._remembered.items():
            if (
                not record.by_glob
                or table in self._plans
                or table in self._findings
                or table in self._views
                or table in self._elsewhere
                or table.startswith("s3://")
            ):
                continue
            account, _, rest = table.rpartition("/")
            database, _, name = rest.partition(".")
            if self._config.resolve(account or None, database, name) is None:
                continue
            if isinstance(read.databases.get((account or None, database)), Problem):
                continue
            self._watched.add(table)
            self._unknown(
                table,
                Problem(
                    ProblemKind.GONE_FROM_CATALOG,
                    f"{table} was matched by {record.matched_by} in the last report and is gone from the catalog",
                    "if it was dropped on purpose, write it under exclude; if not, look at who dropped it, and at the "
                    "monitor's permissions in Glue and Lake Formation",
                ),
            )

    def _unknown(self, table: str, problem: Problem) -> None:
        account, _, rest = table.rpartition("/") if not table.startswith("s3://") else ("", "", "")
        database, _, name = rest.partition(".")
        is_one = rest and not set("*?") & set(rest)
        resolved = self._config.resolve(account or None, database, name) if is_one else None
        kind = ProblemKind.NOT_IN_CATALOG if problem.kind is ProblemKind.NOT_FOUND else problem.kind
        if problem.kind is ProblemKind.NOT_FOUND:
            problem = not_in_catalog(table, problem.message)
        silenced = resolved.silenced(self._now, CATALOG_CHECK) if resolved else None
        self._findings[table] = Finding(
            table=table,
            check=CATALOG_CHECK,
            status=Status.UNKNOWN,
            because=problem.message,
            advice=problem.remedy,
            problem=kind,
            cause=problem.cause,
            lacks=problem.lacks,
            owner=resolved.entry.owner if resolved else None,
            runbook=resolved.entry.runbook if resolved else None,
            silenced=silenced,
            whole_table=True,
        )

    def planned(self) -> Planned:
        """Return the plan, in the order of the tables' ids."""
        notes = []
        if self._views:
            number = "1 view was" if len(self._views) == 1 else f"{len(self._views)} views were"
            notes.append(f"{number} left out: views hold no data of their own in S3")
        if self._elsewhere:
            count = len(self._elsewhere)
            number, whose = ("1 table was", "its") if count == 1 else (f"{count} tables were", "their")
            stores = ", ".join(sorted(set(self._elsewhere.values())))
            notes.append(f"{number} left out: {whose} data is not in S3 ({clean(stores)})")
        return Planned(
            plans=tuple(self._plans[key] for key in sorted(self._plans)),
            findings=tuple(self._findings[key] for key in sorted(self._findings)),
            watched=frozenset(self._watched),
            notes=tuple(notes),
        )


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
