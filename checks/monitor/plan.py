"""Which tables a run looks at, by which checks, in which way: config and catalog brought together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from checks.model import Finding, Problem
from checks.monitor.catalogued import read_catalog
from checks.monitor.draft import Draft
from checks.monitor.members import with_members
from checks.rules.asking import Share
from checks.rules.base import TablePlan, by_memory
from checks.text import count

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from checks.changes import Marks, TableRecord
    from checks.config.resolved import Config, Resolved
    from checks.config.selectors import Selector
    from checks.lake import Catalog
    from checks.rules.base import Rule


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


def none_of(asked: Sequence[str], watched: Collection[str], total: int) -> str:
    """Say that no table of the total matches what was asked for, with the watched names that are near to it."""
    said = f"{', '.join(asked)} matches none of the {count(total, 'table')} that the config watches"
    known = {name.lower(): name for name in sorted(watched)}
    near = [known[name] for each in asked for name in get_close_matches(each.lower(), known, n=3)]
    return f"{said}; did you mean {' or '.join(dict.fromkeys(near))}?" if near else said


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
    draft = Draft(config, remembered, now)
    if config.problem is not None and only is None:
        draft.add_config(config.source, config.problem)
    for selector in selectors:
        if selector.is_prefix:
            draft.add_prefix(selector)
    for selector in selectors:
        if selector.is_glob:
            draft.add_matching(selector, read)
    for selector in selectors:
        if selector.is_prefix or selector.is_glob:
            continue
        found = read.table(selector.account, selector.database or "", selector.name or "")
        if isinstance(found, Problem):
            draft.add_unread(selector.id, found, selector)
        else:
            draft.add(found, selector)
    draft.add_gone(read)
    taught = by_marks(draft.plans, marks, now) if marks is not None else draft.plans
    plans = shared(taught, config.settings.false_alarms, learn_in_all(config, remembered) if only else 0)
    plans = with_members(plans, config, catalog, remembered, read=read, stop_at=stop_at)
    return Planned(plans=plans, findings=draft.findings, watched=draft.watched, notes=tuple(draft.notes()))


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


def learn_in_all(config: Config, remembered: Mapping[str, TableRecord]) -> int:
    """Return of how many tables limits are learned, as far as earlier runs or the config tell it by themselves."""
    return max(learning_of(remembered), stated_to_learn(config))


def stated_to_learn(config: Config) -> int:
    """Return of how many tables the config says that limits are learned, before any run; a glob counts as one."""
    found = {
        resolved.table
        for each in config.selectors()
        if (resolved := _resolved(config, each)) is not None and any(rule.learns for rule in resolved.rules)
    }
    return len(found)


def _resolved(config: Config, selector: Selector) -> Resolved | None:
    if selector.is_prefix:
        return config.resolve_prefix(selector.id)
    return config.resolve(selector.account, selector.database or "", selector.name or "")


def learning_of(remembered: Mapping[str, TableRecord]) -> int:
    """Return how many tables earlier runs learned of."""
    memories = [record.memory for record in remembered.values()]
    return sum(memory.arrivals is not None or bool(memory.firsts) for memory in memories)
