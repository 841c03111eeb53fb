"""Registered partitions, asked for by one request wherever that is possible, never all of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from checks.aws.problems import asked_glue, clean, problem_of
from checks.aws.session import whole
from checks.lake.glue.catalog import normal_location
from checks.lake.glue.expressions import (
    base_type,
    before,
    can_express,
    expressions,
    is_sorted,
    quoted,
    value_at,
    written,
)
from checks.layout import NULL_PARTITION, TimeLayout
from checks.model import Problem, ProblemKind, Unobserved
from checks.schedule.formats import fields_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from checks.aws.session import Aws
    from checks.model import Period, Table

IAM_ACTIONS = ("glue:BatchGetPartition", "glue:GetPartitions")
MOST_VALUES = 1000
"""Glue's limit on the partitions of one BatchGetPartition (API reference)."""
_SAMPLE = 100
_MOST_OLDER = 20
"""Older partitions that are asked for: a table with more of them is no young one."""
_FIRST_YEAR = 1980
"""Dates of earlier years stand for never, unknown or the beginning of counting: 0001, 1899-12-30, 1900, 1970-01-01."""
_ASKS_OF_BATCH = 5
_REFUSED = ("glue", "InvalidInputException")
"""What Glue says to an expression that its parser does not take: it refuses more names than are known."""
_NOT_COUNTED = frozenset({"minute", "second", "epoch", "epoch_ms"})
"""Parts of time whose values cannot be listed: data may come at any of them."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A partition as Glue tells it; ``location`` ends in a slash, None where it is not in S3."""

    values: tuple[str, ...]
    location: str | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class PartitionsPage:
    """One page of partitions; ``token`` asks for the next one, None at the end."""

    partitions: tuple[Registered, ...]
    token: str | None = None


class PartitionSource(Protocol):
    """The two ways in which Glue gives partitions. Every failure is raised as Unobserved."""

    def page(
        self, table: Table, expression: str | None, *, token: str | None = None, most: int | None = None
    ) -> PartitionsPage:
        """Return one page of the partitions that the expression admits."""

    def by_values(self, table: Table, values: Sequence[tuple[str, ...]]) -> tuple[Registered, ...]:
        """Return those of these partitions (at most 1,000) that exist."""


@dataclass(frozen=True, slots=True)
class GluePartitions:
    """The real Glue of one account."""

    aws: Aws
    account: str | None = None

    def page(
        self, table: Table, expression: str | None, *, token: str | None = None, most: int | None = None
    ) -> PartitionsPage:
        """Return one page; see PartitionSource."""
        given = {"Expression": expression, "NextToken": token, "MaxResults": most}
        answer = self._ask(
            "GetPartitions",
            table,
            DatabaseName=table.database,
            TableName=table.name,
            ExcludeColumnSchema=True,
            **{name: value for name, value in given.items() if value is not None},
        )
        found = tuple(_registered(entry, table) for entry in answer["Partitions"])
        return PartitionsPage(found, answer.get("NextToken") or None)

    def by_values(self, table: Table, values: Sequence[tuple[str, ...]]) -> tuple[Registered, ...]:
        """Return what exists; keys that Glue left unprocessed are asked for again."""
        found: list[Registered] = []
        left = [{"Values": list(each)} for each in values]
        for _ in range(_ASKS_OF_BATCH):
            answer = self._ask(
                "BatchGetPartition",
                table,
                DatabaseName=table.database,
                TableName=table.name,
                PartitionsToGet=left,
            )
            found += [_registered(entry, table) for entry in answer["Partitions"]]
            left = list(answer.get("UnprocessedKeys") or ())
            if not left:
                return tuple(found)
        raise Unobserved(
            Problem(
                ProblemKind.THROTTLED,
                f"Glue BatchGetPartition on {table.id}: {len(left)} partitions stayed unprocessed",
                "run again later, or with less concurrency",
                "throttled glue",
            )
        )

    def _ask(self, operation: str, table: Table, **given: Any) -> Any:
        method = {"GetPartitions": "get_partitions", "BatchGetPartition": "batch_get_partition"}[operation]
        try:
            client = self.aws.client("glue", self.account)
            return whole(lambda: getattr(client, method)(**given))
        except Exception as error:
            asked = asked_glue(operation, table.database or "", table.name or "", self.account)
            raise Unobserved(problem_of(error, asked)) from error


def _registered(entry: Any, table: Table) -> Registered:
    values = entry.get("Values")
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise Unobserved(
            Problem(
                ProblemKind.MALFORMED,
                f"Glue tells a partition of {table.id} without values",
                "mend or drop it in Glue",
            )
        )
    location = (entry.get("StorageDescriptor") or {}).get("Location")
    return Registered(
        tuple(values),
        normal_location(location) if isinstance(location, str) else None,
        entry.get("CreationTime"),
    )


@dataclass(frozen=True, slots=True)
class InTime:
    """A registered partition and the wall time (in the layout's zone) that its values carry."""

    partition: Registered
    wall: datetime


@dataclass(frozen=True, slots=True)
class Range:
    """The partitions that are wanted: from the wall time on, and by their cells at the layout's own cadence.

    ``cells`` are all cells from ``first`` up to now, newest first.
    """

    first: datetime
    cells: tuple[Period, ...]


def sample(source: PartitionSource, table: Table) -> tuple[tuple[str, ...], ...]:
    """Return the values of some partitions, by one request."""
    return tuple(partition.values for partition in sampled(source, table))


def sampled(source: PartitionSource, table: Table) -> tuple[Registered, ...]:
    """Return some partitions, by one request."""
    return source.page(table, None, most=_SAMPLE).partitions[:_SAMPLE]


def registered(
    source: PartitionSource, table: Table, layout: TimeLayout, wanted: Range
) -> tuple[list[InTime], list[str]]:
    """Return the registered partitions from ``wanted.first`` on, newest first, and notes on odd values.

    One request where the key's order is time's order or all values are known; else an expression of the
    periods (of their days and hours, where keys tell minutes) within 2,048 characters, wider where they do not
    fit. What comes back is read and filtered here again: null time keys and values that do not fit the layout are
    counted in a note.
    """
    names = [key.name for key in table.partition_keys]
    timed = {key.name for key in layout.keys}
    found: dict[tuple[str, ...], InTime] = {}
    odd: list[tuple[str, ...]] = []
    null: dict[str, set[tuple[str, ...]]] = {}
    for partition in _ask(source, table, layout, wanted):
        if partition.values in found:
            continue
        row = dict(zip(names, partition.values, strict=False))
        for name in (name for name, value in row.items() if value == NULL_PARTITION):
            null.setdefault(name, set()).add(partition.values)
        if any(row.get(name) == NULL_PARTITION for name in timed):
            continue
        wall = layout.read(row)
        if wall is None:
            odd.append(partition.values)
        elif wall >= wanted.first:
            found[partition.values] = InTime(partition, wall)
    ordered = sorted(found.values(), key=lambda each: (each.wall, each.partition.values), reverse=True)
    return ordered, [*_notes(odd, layout, names), *_null_notes(null, timed)]


def _null_notes(null: dict[str, set[tuple[str, ...]]], timed: set[str]) -> list[str]:
    """Tell of partitions that hold rows without a value for a key: in which period they fall is not guessed."""
    notes = []
    for name, values in sorted(null.items()):
        noun = "partition has" if len(values) == 1 else "partitions have"
        counts = "and count" if len(values) > 1 else "and counts"
        ends = f", {counts} nowhere" if name in timed else f", {counts} for no value of it"
        notes.append(f"{len(values)} {noun} no value for {clean(name)} ({NULL_PARTITION}){ends}")
    return notes


def _notes(odd: list[tuple[str, ...]], layout: TimeLayout, names: list[str]) -> list[str]:
    if not odd:
        return []
    shown = "/".join(f"{name}={clean(value)}" for name, value in zip(names, odd[0], strict=False))
    noun = "partition has values that do" if len(odd) == 1 else "partitions have values that do"
    return [f"{len(odd)} {noun} not fit {layout.say()} and count nowhere, such as {shown}"]


def _ask(source: PartitionSource, table: Table, layout: TimeLayout, wanted: Range) -> Iterator[Registered]:
    types = {key.name: base_type(key.type) for key in table.partition_keys}
    all_known = {key.name for key in layout.keys} == set(types) and not layout.fields & _NOT_COUNTED
    coarse = replace(
        layout, keys=tuple(key for key in layout.keys if not _NOT_COUNTED & set(fields_of(key.format)))
    )
    if is_sorted(layout, types) and can_express(layout, types):
        name, text = layout.keys[0].name, value_at(layout, wanted.first)
        try:
            yield from _pages(source, table, f"{name} >= {quoted(text, types[name])}")
        except Unobserved as error:
            if not (all_known and error.problem.refused_by == _REFUSED):
                raise
        else:
            return
    if all_known:
        rows = written(layout, wanted.cells)
        values = list(dict.fromkeys(tuple(row[key.name] for key in table.partition_keys) for row in rows))
        for start in range(0, len(values), MOST_VALUES):
            yield from source.by_values(table, values[start : start + MOST_VALUES])
    elif coarse.keys and can_express(coarse, types):
        for expression in expressions(coarse, types, wanted.cells):
            yield from _pages(source, table, expression)
    else:
        raise Unobserved(
            Problem(
                ProblemKind.UNSUPPORTED,
                f"{table.id}: Glue cannot filter by its key {clean(', '.join(key.name for key in layout.keys))!r}, "
                "and not all values of its keys are known, so only all of its partitions could tell",
                "watch its location without the catalog, by an entry of its own (prefix: ...)",
            )
        )


def _pages(source: PartitionSource, table: Table, expression: str | None) -> Iterator[Registered]:
    token: str | None = None
    while True:
        page = source.page(table, expression, token=token)
        yield from page.partitions
        token = page.token
        if token is None:
            return


def older(
    source: PartitionSource, table: Table, layout: TimeLayout, first: datetime
) -> tuple[list[InTime], bool]:
    """Return registered partitions before ``first``, newest first, and whether there are more than those.

    One request for some of them, where key order tells time order at least in part (a padded or numeric
    year first); none where it does not. Dates that stand for never are left out.
    """
    types = {key.name: base_type(key.type) for key in table.partition_keys}
    expression = before(layout, types, first) if can_express(layout, types) else None
    if expression is None:
        return [], False
    names = [key.name for key in table.partition_keys]
    page = source.page(table, expression, most=_MOST_OLDER)
    found = []
    for partition in page.partitions:
        wall = layout.read(dict(zip(names, partition.values, strict=False)))
        if wall is not None and wall < first and NULL_PARTITION not in partition.values:
            found.append(InTime(partition, wall))
    found = [each for each in found if not is_sentinel(each.wall)]
    more = page.token is not None or len(page.partitions) > _MOST_OLDER  # a page may be larger than asked for
    return sorted(found, key=lambda each: each.wall, reverse=True), more


def all_registered(source: PartitionSource, table: Table, layout: TimeLayout) -> list[InTime]:
    """Return every registered partition whose values carry time, newest first: a request for each 1,000 of them.

    For what no expression can ask for: the newest values, whatever they are, and what was registered lately.
    """
    names = [key.name for key in table.partition_keys]
    timed = {key.name for key in layout.keys}
    found: dict[tuple[str, ...], InTime] = {}
    for partition in _pages(source, table, None):
        row = dict(zip(names, partition.values, strict=False))
        wall = layout.read(row) if all(row.get(name) != NULL_PARTITION for name in timed) else None
        if wall is not None:
            found[partition.values] = InTime(partition, wall)
    return sorted(found.values(), key=lambda each: (each.wall, each.partition.values), reverse=True)


def is_sentinel(wall: datetime) -> bool:
    """Tell whether a date is none that a table began with: it stands for never, or is of a few rows that are wrong."""
    return wall.year < _FIRST_YEAR
