"""The check `catalog`: what is registered in Glue lies in S3, and what lies in S3 is registered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from checks.model import CATALOG_CHECK, Finding, Format, Item, ItemState, Problem, ProblemKind, Severity
from checks.rules.asking import Clock, Depth, Detail, Needs
from checks.rules.base import (
    NOTHING_MORE,
    About,
    Binding,
    CheckConfig,
    Row,
    Rule,
    Telling,
    allowed,
)
from checks.rules.cadence import schedule_of, schedule_seen
from checks.rules.dimensions import say_items
from checks.rules.key_types import SeverityWord
from checks.rules.sentences import (
    MOVE_FIRST,
    add_partition_statement,
    count_of,
    drop_partition_statement,
    drop_table_statement,
    partition_location_statement,
    table_location_statement,
)
from checks.rules.unread import ended_early, no_due_period

if TYPE_CHECKING:
    from checks.layout import TimeLayout
    from checks.model import Combination, Observation, PartitionSeen, Table, TableMemory
    from checks.schedule.due import Schedule

_NEITHER = "neither registered nor any data found"
_MOST_ITEMS = 1000
"""No more partitions than this are told of one by one; those that do not match come first."""


class CatalogConfig(CheckConfig):
    """What is registered in Glue lies in S3, and what lies in S3 is registered."""

    check: ClassVar[str] = CATALOG_CHECK
    unreplayed: ClassVar[str] = (
        "what was registered at an earlier time, and what lay in S3 without being so, is kept nowhere"
    )
    expectation: ClassVar[str] = "checks.expectations.ExpectCatalogToMatchStorage"
    telling: ClassVar[Telling] = Telling(
        unmended="unmended", mended=("matches the catalog now", "match the catalog now")
    )
    short_form: ClassVar[str | None] = "on"

    on: Literal[True] | None = Field(
        None,
        description="Turns the check on as it stands, as the word on in place of the block.",
        examples=[True],
    )
    severity: SeverityWord = Field(
        "critical",
        validate_default=True,
        description="How bad it is when catalog and storage do not match.",
        examples=["warning"],
    )

    def bind(self, binding: Binding) -> CatalogRule:
        """Return the rule."""
        return CatalogRule(severity=self.severity, schedule=binding.schedule)


@dataclass(frozen=True, slots=True)
class Match:
    """What the sentence is made of: the table, what is ``gone`` of it as a whole, the schedule that it was read by."""

    table: Table
    gone: str = ""
    schedule: Schedule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRule(Rule):
    """The bound check. ``schedule`` is that of the table's partitions check, where it has one."""

    check: ClassVar[str] = CATALOG_CHECK
    severity: Severity = Severity.CRITICAL
    schedule: Schedule | None = None

    @property
    def tells_periods(self) -> bool:
        """Its items are periods."""
        return True

    @property
    def tells_values(self) -> bool:
        """Its items are values of other keys too, where these are told apart."""
        return True

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """Nothing that does not match is allowed."""
        return allowed(0, self.severity)

    def detail(self, clock: Clock) -> Detail:  # noqa: ARG002 - the interface's
        """Ask where the data of an empty partition lies instead."""
        return Detail(usual_place=True, by_period=self.schedule is not None)

    def depth(self, target: PartitionSeen, clock: Clock, memory: TableMemory) -> Depth:  # noqa: ARG002 - the interface's
        """Ask for no more than that data is there."""
        return Depth(whole=False)

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:  # noqa: ARG002 - the interface's
        """Ask for the due periods of the lookback; of a table that is one place, whether anything lies there."""
        if layout is None:
            return Needs(exists=True)
        schedule = schedule_of(self.schedule, layout)
        if not layout.can_tell(schedule.every):
            return Needs()
        return Needs(periods=tuple(each.period for each in schedule.due(clock.now)))

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Match]:  # noqa: ARG002 - the interface's
        """Count what does not match; what could not be looked at is a doubt about a pass."""
        facts = Match(seen.table)
        if _is_gone(seen.problem):
            what = seen.table.location or seen.table.id
            if seen.table.format is not Format.FILES:  # data may lie there that no log tells of
                what = f"the {seen.table.format.value.capitalize()} log of {seen.table.id}"
            gone = f"{what} is gone: {_reason(seen.problem)}"
            return self.row(seen, Match(seen.table, gone=gone), observed=1)
        if seen.problem is not None and not seen.partitions:
            return self.row(seen, unknown=seen.problem)
        if seen.table.format is not Format.FILES:
            return self.row(seen, facts, observed=0)
        schedule = schedule_seen(self.schedule, seen)
        if schedule is None:
            return self._place(seen, facts)
        labels = schedule.due_labels(clock.now)
        found: dict[tuple[str, Combination], Item] = {}
        doubt, unknown = seen.problem, ItemState.UNKNOWN
        for partition in seen.partitions:
            label = partition.period.label
            if label not in labels:
                continue
            item = _judge(partition, seen.table)
            if item.detail == _NEITHER and _was_not_sought(partition, seen):
                problem = _no_place(partition, seen.table)
                item, doubt = replace(item, state=unknown, detail=problem.message), doubt or problem
            elif item.state is unknown:
                doubt = doubt or partition.problem or ended_early(partition.location or label)
            key = (label, partition.dimensions)
            before = found.get(key)
            if before is None or not before.state.is_bad:
                found[key] = item
        if labels and not found:
            return self.row(seen, unknown=no_due_period(seen))
        items = [_of_all(item, seen) for item in found.values()]
        bad = [item for item in items if item.state.is_bad]
        kept = [item for item in items if item in bad[:_MOST_ITEMS]] if len(items) > _MOST_ITEMS else items
        return self.row(
            seen,
            Match(seen.table, schedule=schedule),
            observed=len(bad),
            doubt_if_pass=doubt,
            items=tuple(kept),
        )

    def _place(self, seen: Observation, facts: Match) -> Row[Match]:
        listing = seen.listing
        if listing is None:
            if seen.table.partition_keys:
                return self.row(seen, facts, observed=0)
            return self.row(seen, unknown=_not_looked_at(seen))
        anything = listing.objects + listing.empty_objects + listing.ignored_objects
        if anything:
            return self.row(seen, facts, observed=0)
        place = seen.table.location or seen.table.id
        if not listing.complete:
            return self.row(seen, unknown=ended_early(place))
        return self.row(seen, Match(seen.table, gone=f"nothing lies at {place}"), observed=1)

    def finding(self, row: Row[Match], severity: Severity | None, about: About = NOTHING_MORE) -> Finding:
        """Write the finding: which partitions do not match, and the statement that mends the newest of them."""
        bad = [item for item in row.items if item.state.is_bad]
        advice, statement = _advice(row.facts, bad) if severity is not None else ("", "")
        return self.tell(
            row,
            severity,
            _because(row, bad),
            about=about,
            observed=int(row.observed) if isinstance(row.observed, int | float) else None,
            expected=0,
            items=row.items,
            advice=advice,
            statement=statement,
        )


def _judge(partition: PartitionSeen, table: Table) -> Item:
    """Say whether one partition (or the place of one) matches, and what mends it."""
    listing = partition.listing
    if partition.registered and listing is not None and listing.objects and partition.problem is None:
        return _matching(partition.period.label, partition.dimensions)
    state, detail, remedy = _state(partition, table)
    if state is ItemState.PRESENT:
        return _matching(partition.period.label, partition.dimensions, detail)
    return Item(
        period=partition.period.label,
        dimensions=partition.dimensions,
        state=state,
        detail=detail,
        remedy=remedy,
    )


def _of_all(item: Item, seen: Observation) -> Item:
    """Return the item with what mends all partitions of its period that are not registered, by one statement."""
    if item.state is not ItemState.UNREGISTERED:
        return item
    key = (item.period, item.dimensions)
    of_key = (each for each in seen.partitions if (each.period.label, each.dimensions) == key)
    unregistered = [
        each
        for each in of_key
        if each.registered is False
        and each.problem is None
        and each.listing is not None
        and each.listing.objects
    ]
    if len(unregistered) < 2:
        return item
    more = f"{item.detail} and at {count_of(len(unregistered) - 1, 'more place')}"
    return replace(item, detail=more, remedy=add_partition_statement(seen.table, *unregistered))


def _was_not_sought(partition: PartitionSeen, seen: Observation) -> bool:
    """Tell whether data may lie in S3 though nothing is registered: its place is not known, and the table was born."""
    first = seen.first_period_at
    return partition.location is None and (first is None or partition.period.start > first)


def _no_place(partition: PartitionSeen, table: Table) -> Problem:
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"no partition of {table.id} is registered for {partition.period.label}, and where its data would lie is not "
        "known: neither the keys nor the places of other partitions tell it",
        "register it, or state the values of the keys beside time, as each of a partitions check",
    )


@lru_cache(maxsize=1024)
def _matching(label: str, dimensions: Combination, detail: str = "") -> Item:
    """Return the item of a partition that matches: thousands of tables have the same."""
    return Item(period=label, dimensions=dimensions, state=ItemState.PRESENT, detail=detail)


def _state(partition: PartitionSeen, table: Table) -> tuple[ItemState, str, str]:
    listing, place = partition.listing, partition.location or ""
    if partition.registered and _is_gone(partition.problem):
        gone = f"registered at {place}: {_reason(partition.problem)}"
        return ItemState.EMPTY, gone, drop_partition_statement(table, partition)
    if partition.problem is not None:
        return ItemState.UNKNOWN, partition.problem.message, ""
    if not partition.registered and (listing is None or not listing.objects + listing.empty_objects):
        return ItemState.PRESENT, _NEITHER, ""
    if listing is None:
        return ItemState.PRESENT, "", ""
    if partition.registered is False and listing.objects:
        return ItemState.UNREGISTERED, f"data lies at {place}", add_partition_statement(table, partition)
    if not partition.registered or listing.objects or listing.empty_objects:
        return ItemState.PRESENT, "", ""
    if partition.usual_location is not None:
        remedy = partition_location_statement(table, partition, partition.usual_location)
        return (
            ItemState.EMPTY,
            f"registered at {place}, but its data lies at {partition.usual_location}",
            remedy,
        )
    if not listing.complete:
        return ItemState.UNKNOWN, "", ""
    if (
        listing.left_out
    ):  # objects lie there, and whether they are data is a matter of the entry, not of the catalog
        return ItemState.PRESENT, f"what lies at {place} is left out by the entry's pattern and ignore", ""
    nothing = "no data" if listing.ignored_objects else "nothing"
    return (
        ItemState.EMPTY,
        f"registered at {place}, where {nothing} lies",
        drop_partition_statement(table, partition),
    )


def _is_gone(problem: Problem | None) -> bool:
    """Tell whether the problem is that what the catalog points at does not exist in S3."""
    if problem is None or problem.kind is not ProblemKind.NOT_FOUND:
        return False
    return problem.refused_by is None or problem.refused_by[0] != "glue"


def _reason(problem: Problem | None) -> str:
    return problem.message if problem is not None else ""


def _because(row: Row[Match], bad: list[Item]) -> str:
    table, gone, schedule = row.facts.table, row.facts.gone, row.facts.schedule
    if gone:
        if table.is_prefix:
            return f"{gone}; expected its data there, as the config says"
        what = f"the data of {table.id} there" if table.format is Format.FILES else "it"
        return f"{gone}; expected {what}, as Glue says"
    if table.format is not Format.FILES:
        says = "there, as the config says" if table.is_prefix else "where the catalog says"
        return f"the {table.format.value.capitalize()} log of {table.id} is {says}"
    if table.is_prefix:
        return f"{table.id} has no catalog entry that could differ from what lies there"
    if schedule is None:
        return f"{table.location or table.id} is there, as the catalog says"
    every = schedule.every
    if not bad:
        labels = {item.period for item in row.items}
        nothing = len(labels - {item.period for item in row.items if item.detail != _NEITHER})
        but = f"; {nothing} of them {'was' if nothing == 1 else 'were'} found in neither" if nothing else ""
        return f"catalog and storage match in {count_of(len(labels), f'due {every.noun}')}{but}"
    parts = []
    for state, text in (
        (ItemState.UNREGISTERED, "not registered in Glue though data lies in S3"),
        (ItemState.EMPTY, "registered in Glue though no data lies there"),
    ):
        of_state = [item for item in bad if item.state is state]
        if of_state:
            named = say_items(of_state, every)
            number = count_of(len(of_state), "partition")
            parts.append(f"{number} {text} ({named})")
    return "; ".join(parts)


def _advice(facts: Match, bad: list[Item]) -> tuple[str, str]:
    """Say what to do, and the statement to run for it where one of the items has one."""
    table = facts.table
    if facts.gone:
        if table.is_prefix:
            return "mend the prefix in the config, or look at who removed its objects", ""
        if table.format is not Format.FILES:
            return f"restore it, or drop the table if it is retired: {drop_table_statement(table)}", ""
        told = (
            "look at who removed it; if the data moved, run "
            f"{table_location_statement(table, 's3://bucket/prefix/')} with its new place, and if the table is "
            f"retired, {drop_table_statement(table)}"
        )
        return told, ""
    remedies = [item.remedy for item in bad if item.remedy]
    if not remedies:
        if any(item.state is ItemState.UNREGISTERED for item in bad):
            return MOVE_FIRST, ""
        return "look at who removed the objects", ""
    left = len(remedies) - 1  # not all alike: some add, some drop
    more = f" (and {count_of(left, 'more statement')}, in the JSON report)" if left else ""
    return f"run what mends it{more}", remedies[0]


def _not_looked_at(seen: Observation) -> Problem:
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"the place of {seen.table.id} was not looked at",
        "exclude it, or turn catalog off",
    )
