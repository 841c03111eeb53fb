"""The tables that others are judged together with: found in the catalog, each with how it is looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.config.selectors import Selector, matches_name, parse_selector
from checks.lake.glue.catalog import prefix_table, table_id
from checks.model import Problem, ProblemKind, TableMemory
from checks.monitor.catalogued import Catalogued, is_pattern, not_in_catalog, read_catalog
from checks.rules.base import Member, TablePlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checks.changes import TableRecord
    from checks.config.resolved import Config, Resolved
    from checks.lake import Catalog
    from checks.model import Table

MOST_MEMBERS = 50
"""No table is judged together with more others than this."""
_VIEW = "VIRTUAL_VIEW"


def member_selectors(plan: TablePlan) -> tuple[Selector, ...]:
    """Return what the rules of a table name of others that it is judged together with, each of its own account."""
    texts = dict.fromkeys(text for rule in plan.rules for text in rule.together)
    account, region = plan.table.account, plan.table.region
    return tuple(
        Selector(text=text, account=account, region=region)
        if text.startswith("s3://")
        else parse_selector(text, account=account, region=region)
        for text in texts
    )


def with_members(
    plans: Sequence[TablePlan],
    config: Config,
    catalog: Catalog,
    remembered: Mapping[str, TableRecord],
    *,
    read: Catalogued | None = None,
    stop_at: float | None = None,
) -> tuple[TablePlan, ...]:
    """Return the plans with the tables that they are judged together with; what cannot be found is a problem.

    ``read`` is what was read of the catalog before: only what is not among it is asked for, until ``stop_at``
    (monotonic seconds). Never raises for what AWS answers.
    """
    wanted = {plan.table.id: member_selectors(plan) for plan in plans}
    before = read or Catalogued()
    named = dict.fromkeys(each for selectors in wanted.values() for each in selectors if not each.is_prefix)
    missing = [each for each in named if not _is_known(before, each)]
    more = read_catalog(catalog, config, missing, stop_at) if missing else before
    lacking = set(missing)

    def members_of(plan: TablePlan) -> tuple[Member, ...]:
        found: dict[str, Member] = {}
        for selector in wanted[plan.table.id]:
            for name, table in _tables(selector, more if selector in lacking else before):
                if name != plan.table.id and name not in found:
                    found[name] = _member(name, table, plan, config, remembered)
        chosen = tuple(found.values())
        if len(chosen) <= MOST_MEMBERS:
            return chosen
        why = f"{plan.table.id} is judged together with {len(chosen):,} other tables, and {MOST_MEMBERS} are the most"
        problem = Problem(ProblemKind.OVER_BUDGET, why, "name fewer of them")
        return (*chosen[:MOST_MEMBERS], Member(f"{len(chosen) - MOST_MEMBERS:,} more", problem=problem))

    return tuple(replace(plan, members=members_of(plan)) if wanted[plan.table.id] else plan for plan in plans)


def _is_known(read: Catalogued, selector: Selector) -> bool:
    """Tell whether what was read before tells of all that a selector names."""
    database, name = selector.database or "", selector.name or ""
    if selector.is_glob:
        return not is_pattern(database) and (selector.account, database) in read.databases
    of_database = read.databases.get((selector.account, database))
    return (selector.account, database, name) in read.singles or (
        isinstance(of_database, dict) and name in of_database
    )


def _tables(selector: Selector, read: Catalogued) -> Iterator[tuple[str, Table | Problem]]:
    """Yield the tables that a selector names, by their ids, or why they are not known."""
    if selector.is_prefix:
        table = prefix_table(selector.text, selector.account, selector.region)
        yield table.id, table
        return
    account, database = selector.account, selector.database or ""
    if not selector.is_glob:
        found = read.table(account, database, selector.name or "")
        if isinstance(found, Problem) and found.kind is ProblemKind.NOT_FOUND:
            found = not_in_catalog(selector.id, found.message)
        yield selector.id, found
        return
    matched = list(_of_glob(selector, read))
    yield from matched or [(selector.id, not_in_catalog(selector.id))]


def _of_glob(selector: Selector, read: Catalogued) -> Iterator[tuple[str, Table | Problem]]:
    """Yield the tables that a glob matches, views left out, and what stands in the way of knowing them."""
    account, database = selector.account, selector.database or ""
    names = read.names[account] if is_pattern(database) else (database,)
    if isinstance(names, Problem):
        yield selector.id, names
        return
    for name in names:
        if not matches_name(database, name):
            continue
        tables = read.databases[account, name]
        if isinstance(tables, Problem):
            yield f"{account}/{name}.*" if account else f"{name}.*", tables
            continue
        for table in tables.values():
            if selector.matches(account, name, table.name or "") and table.kind != _VIEW:
                yield table_id(name, table.name or "", account), table
    for broken, problem in read.broken.items():
        of_account, _, rest = broken.rpartition("/")
        of, _, name = rest.partition(".")
        if (of_account or None) == account and selector.matches(account, of, name):
            yield broken, problem


def _member(
    name: str, table: Table | Problem, plan: TablePlan, config: Config, remembered: Mapping[str, TableRecord]
) -> Member:
    if isinstance(table, Problem):
        return Member(name, problem=table)
    record, watched = remembered.get(table.id), _watched(table, config)
    known = record.memory if record is not None else TableMemory()
    memory = TableMemory(layout=known.layout, logs=known.logs)
    return Member(
        name,
        TablePlan(
            table=memory.typed(table),
            rules=tuple(rule.alone() for rule in plan.rules if rule.together),
            entry=watched.entry if watched is not None else plan.entry,
            matched_by=plan.matched_by,
            memory=memory,
        ),
    )


def _watched(table: Table, config: Config) -> Resolved | None:
    """Return what the config says of a table that it watches too; None where it does not, or contradicts itself."""
    if table.is_prefix:
        resolved = config.resolve_prefix(table.id)
    else:
        resolved = config.resolve(table.account, table.database or "", table.name or "")
    return resolved if resolved is not None and resolved.problem is None else None
