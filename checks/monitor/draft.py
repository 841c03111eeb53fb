"""The plan of a run while it is being made: each table once, whichever entries of the config speak of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.aws.problems import clean
from checks.config.selectors import matches_name
from checks.lake.glue.catalog import prefix_table
from checks.model import CATALOG_CHECK, CONFIG_CHECK, Finding, Problem, ProblemKind, Status, TableMemory
from checks.monitor.catalogued import is_pattern, not_in_catalog
from checks.rules.base import TablePlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from checks.changes import TableRecord
    from checks.config.resolved import Config, Resolved
    from checks.config.selectors import Selector
    from checks.model import Table
    from checks.monitor.catalogued import Catalogued

_VIEW = "VIRTUAL_VIEW"
"""How Glue calls the kind of table that is a view."""


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


class Draft:
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

    def add_matching(self, selector: Selector, read: Catalogued) -> None:
        """Add all tables that a glob matches; one finding when the catalog cannot be read or none match."""
        database = selector.database or ""
        names = read.names[selector.account] if is_pattern(database) else (database,)
        if isinstance(names, Problem):
            self.add_unread(selector.id, names, selector)
            return
        matched = 0
        for name in names:
            if not matches_name(database, name):
                continue
            tables = read.databases[selector.account, name]
            if isinstance(tables, Problem):
                self.add_unread(
                    f"{selector.account}/{name}.*" if selector.account else f"{name}.*", tables, selector
                )
                matched += 1
                continue
            for table in tables.values():
                if selector.matches(selector.account, name, table.name or ""):
                    matched += 1
                    self.add(table, selector)
        for broken_id, problem in read.broken.items():
            account, _, rest = broken_id.rpartition("/")
            of, _, name = rest.partition(".")
            if (account or None) == selector.account and selector.matches(selector.account, of, name):
                matched += 1
                self.add_unread(broken_id, problem, selector)
        if not matched:
            self.add_unread(selector.id, not_in_catalog(selector.id), selector)

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

    @property
    def plans(self) -> tuple[TablePlan, ...]:
        """The tables to look at, in the order of their ids."""
        return tuple(self._plans[key] for key in sorted(self._plans))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found out about tables that cannot be looked at, in the order of their ids."""
        return tuple(self._findings[key] for key in sorted(self._findings))

    @property
    def watched(self) -> frozenset[str]:
        """The ids of all tables that the config watches."""
        return frozenset(self._watched)

    def notes(self) -> Iterator[str]:
        """Yield how many tables that globs match are left out, and why."""
        if self._views:
            number = "1 view was" if len(self._views) == 1 else f"{len(self._views)} views were"
            yield f"{number} left out: views hold no data of their own in S3"
        if self._elsewhere:
            count = len(self._elsewhere)
            number, whose = ("1 table was", "its") if count == 1 else (f"{count} tables were", "their")
            stores = ", ".join(sorted(set(self._elsewhere.values())))
            yield f"{number} left out: {whose} data is not in S3 ({clean(stores)})"
