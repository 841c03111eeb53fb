"""The check `schema`: columns and types are those of the last report, of a pinned list, or of the newest file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from checks.model import Column, Finding, Format, Problem, ProblemKind, Severity
from checks.rules.asking import Clock, Detail, Needs
from checks.rules.base import (
    NOTHING_MORE,
    About,
    Binding,
    CheckConfig,
    Row,
    Rule,
    allowed,
)
from checks.rules.freshness import FreshnessRule
from checks.rules.key_types import SeverityWord
from checks.rules.sentences import count_of
from checks.rules.typetree import LONGEST, MOST_DEPTH, Tree, as_in_files, is_known, parse_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from checks.layout import TimeLayout
    from checks.model import Observation, Table, TableMemory

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_NAMED = 8
_MOST_COLUMNS = 10_000
_UNREADABLE = ("col", "array<string>")
"""What Spark leaves in Glue of a table whose real columns it keeps for itself."""


class Kind(StrEnum):
    """How a column differs from before."""

    ADDED = "added"
    DROPPED = "dropped"
    RETYPED = "retyped"
    REORDERED = "reordered"


def _parse_columns(value: object) -> tuple[Column, ...]:
    if not isinstance(value, dict) or not value:
        message = f"{value!r} is not a list of columns; write names with their types, such as {{id: bigint}}"
        raise ValueError(message)
    columns: list[Column] = []
    for name, kind in value.items():
        tree = parse_type(kind) if isinstance(kind, str) else None
        if tree is None and isinstance(kind, str) and (kind.count("<") > MOST_DEPTH or len(kind) > LONGEST):
            message = (
                f"the type of {name} is longer than is read, or nested more than {MOST_DEPTH} levels deep"
            )
            raise ValueError(message)
        if not isinstance(kind, str) or tree is None or not is_known(tree):
            message = (
                f"{kind!r} is not a type of {name}; write one as Athena does, such as bigint or array<string>"
            )
            raise ValueError(message)
        if str(name).lower() in {column.name.lower() for column in columns}:
            message = f"{name} is written twice: names count in any case"
            raise ValueError(message)
        columns.append(Column(str(name), kind))
    return tuple(columns)


def _parse_kinds(value: object) -> tuple[Kind, ...]:
    words = [str(word) for word in (value if isinstance(value, list | tuple) else [value])]
    for word in words:
        if word not in [kind.value for kind in Kind]:
            message = f"{word!r} is no change of a schema; write of: {', '.join(Kind)}"
            raise ValueError(message)
    return tuple(Kind(word) for word in words)


class SchemaConfig(CheckConfig):
    """Columns and types are those of the last report, of a pinned list, or of the newest file."""

    check: ClassVar[str] = "schema"
    unreplayed: ClassVar[str] = (
        "it compares with the columns of the last report, and only today's are read: nothing here keeps earlier ones"
    )
    expectation: ClassVar[str] = "checks.expectations.ExpectSchemaToHold"
    short_form: ClassVar[str | None] = "on"
    groups: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"columns", "against"}),)

    on: Literal[True] | None = Field(
        None,
        description="Turns the check on as it stands, as the word on in place of the block.",
        examples=[True],
    )
    columns: (
        Annotated[
            tuple[Column, ...],
            BeforeValidator(_parse_columns),
            WithJsonSchema(
                {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1}
            ),
        ]
        | None
    ) = Field(
        None,
        description="The columns that the table has to have, in this order, with their types as Athena writes them.",
        examples=[{"id": "bigint", "tags": "array<string>"}],
    )
    against: Literal["last", "footer"] = Field(
        "last",
        description="What the catalog's columns are compared with: those of the last report, or those in the footer of "
        "the newest Parquet file.",
        examples=["footer"],
    )
    allow: Annotated[
        tuple[Kind, ...],
        BeforeValidator(_parse_kinds),
        WithJsonSchema(
            {
                "anyOf": [
                    {"enum": [kind.value for kind in Kind]},
                    {"type": "array", "items": {"enum": [kind.value for kind in Kind]}},
                ]
            }
        ),
    ] = Field((), description="Changes that are told and do not count.", examples=[["added", "reordered"]])
    severity: SeverityWord = Field(
        "critical", validate_default=True, description="How bad a change is.", examples=["warning"]
    )

    @model_validator(mode="after")
    def _fits_together(self) -> SchemaConfig:
        if self.columns is not None and self.against != "last":
            message = "columns and against exclude each other; write one of them"
            raise ValueError(message)
        return self

    def bind(self, binding: Binding) -> SchemaRule:  # noqa: ARG002 - the interface's
        """Return the rule."""
        return SchemaRule(
            columns=self.columns,
            against_footer=self.against == "footer",
            allow=frozenset(self.allow),
            severity=self.severity,
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference of a column, or of a field within one (``address.zip``)."""

    kind: Kind
    name: str
    before: str = ""
    after: str = ""

    def say(self) -> str:
        """Say it: ``amount retyped from int to bigint``."""
        match self.kind:
            case Kind.ADDED:
                return f"{self.name} added ({self.after})"
            case Kind.DROPPED:
                return f"{self.name} dropped (it was {self.before})"
            case Kind.RETYPED:
                return f"{self.name} retyped from {self.before} to {self.after}"
        return f"{self.name} reordered" if self.name else "columns reordered"


def differences(
    before: Sequence[Column], after: Sequence[Column], *, in_files: bool = False
) -> list[Difference]:
    """Return how columns differ, types compared as trees; names count in any case, as in Athena.

    ``in_files``: what Parquet does not tell apart is the same.
    """
    if tuple(before) == tuple(after):
        return []
    return list(_of_fields("", _fields(before, in_files=in_files), _fields(after, in_files=in_files)))


def _fields(columns: Sequence[Column], *, in_files: bool) -> list[tuple[str, Tree]]:
    trees = ((column.name.lower(), parse_type(column.type) or Tree(column.type)) for column in columns)
    return [(name, as_in_files(tree) if in_files else tree) for name, tree in trees]


def _of_fields(
    path: str, before: Sequence[tuple[str, Tree]], after: Sequence[tuple[str, Tree]]
) -> Iterator[Difference]:
    was, now = dict(before), dict(after)
    for name, tree in after:
        if name not in was:
            yield Difference(Kind.ADDED, path + name, after=str(tree))
    for name, tree in before:
        if name not in now:
            yield Difference(Kind.DROPPED, path + name, before=str(tree))
        else:
            yield from _of_types(path + name, tree, now[name])
    common = [name for name, _ in before if name in now]
    if common != [name for name, _ in after if name in was]:
        yield Difference(Kind.REORDERED, path.rstrip("."))


def _of_types(path: str, before: Tree, after: Tree) -> Iterator[Difference]:
    if before == after:
        return
    if before.name == after.name == "struct":
        yield from _of_fields(f"{path}.", before.fields, after.fields)
    elif before.name == after.name and before.fields and len(before.fields) == len(after.fields):
        for (name, one), (_, other) in zip(before.fields, after.fields, strict=True):
            yield from _of_types(f"{path}.{name}", one, other)
    else:
        yield Difference(Kind.RETYPED, path, str(before), str(after))


@dataclass(frozen=True, slots=True)
class Compared:
    """What the sentence is made of: how many ``columns`` there are, and how they differ from others.

    ``found`` is None where there is nothing to compare them with yet; ``counting`` are those that are not allowed.
    """

    columns: int
    found: Sequence[Difference] | None = None
    counting: Sequence[Difference] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaRule(Rule):
    """The bound check. ``columns`` are pinned ones; without them those of the last report or footer count."""

    check: ClassVar[str] = "schema"
    columns: tuple[Column, ...] | None = None
    against_footer: bool = False
    allow: frozenset[Kind] = frozenset()
    severity: Severity = Severity.CRITICAL

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """No difference that counts is allowed."""
        return allowed(0, self.severity)

    def detail(self, clock: Clock) -> Detail:  # noqa: ARG002 - the interface's
        """Ask for the footer of the newest file, where the catalog is compared with it."""
        return Detail(footers=1) if self.against_footer else Detail()

    def looks(self, table: Table) -> bool:
        """Tell that only a comparison with a footer has to look beyond the catalog."""
        return self.against_footer and table.format is Format.FILES and table.file_format in (None, "parquet")

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:
        """Ask for the newest period that holds data, where a footer is needed."""
        if not self.looks(table):
            return Needs()
        newest = FreshnessRule(error_after=timedelta(seconds=1)).needs(table, layout, clock, memory)
        return replace(newest, enough_at=_LONG_AGO, watermark=None)  # any arrival is enough

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Compared]:  # noqa: ARG002 - the interface's
        """Count the differences that are not allowed."""
        problem = _unreadable(seen.table)
        if problem is not None:
            return self.row(seen, unknown=problem, evidence=None)
        expected = self._expected(seen, memory)
        if isinstance(expected, Problem):
            return self.row(seen, unknown=expected, evidence=None)
        if expected is None:
            return self.row(seen, Compared(_width(seen.table)), observed=0, evidence=None)
        found = self._compare(expected, seen.table)
        counting = [each for each in found if each.kind not in self.allow]
        evidence = seen.footers[0].file.uri if self.against_footer else seen.table.id
        facts = Compared(_width(seen.table), found, counting)
        return self.row(seen, facts, observed=len(counting), evidence=evidence)

    def _compare(self, expected: tuple[Column, ...], table: Table) -> list[Difference]:
        if self.against_footer:  # partition values stand in folders' names, not in files
            keys = {key.name.lower() for key in table.partition_keys}
            held = [column for column in expected if column.name.lower() not in keys]
            found = differences(table.columns, held, in_files=True)
            return [each for each in found if each.kind is not Kind.REORDERED]
        if self.columns is None:
            now = schema_of(table)
        else:
            stated = {column.name.lower() for column in self.columns}
            now = (*table.columns, *(key for key in table.partition_keys if key.name.lower() in stated))
        return differences(expected, now)

    def _expected(self, seen: Observation, memory: TableMemory) -> tuple[Column, ...] | Problem | None:
        """Return what the columns are compared with; None where nothing is remembered yet."""
        if self.columns is not None:
            return self.columns
        if not self.against_footer:
            return memory.schema
        if not self.looks(seen.table):
            return _no_footer(seen.table)
        if not seen.footers:
            return seen.problem or Problem(
                ProblemKind.NOT_FOUND,
                f"{seen.table.id} has no data file whose footer could be compared",
                "wait for its first data, or compare with the last report (against: last)",
            )
        newest = seen.footers[0]
        return newest.columns or newest.problem or _no_footer(seen.table)

    def remember(self, seen: Observation, before: TableMemory) -> dict[str, Any]:
        """Return the schema that the next run compares with."""
        if self.columns is not None or self.against_footer:
            return {}
        now = schema_of(seen.table)
        return {"schema": before.schema if _unreadable(seen.table) else now}

    def finding(self, row: Row[Compared], severity: Severity | None, about: About = NOTHING_MORE) -> Finding:
        """Write the finding: what was added, dropped, retyped and reordered, against what."""
        return self.tell(
            row,
            severity,
            self._because(row.facts),
            about=about,
            observed=int(row.observed) if isinstance(row.observed, int | float) else None,
            expected=0,
            advice=self._advice() if severity is not None else "",
        )

    def _because(self, facts: Compared) -> str:
        columns, found, counting = count_of(facts.columns, "column"), facts.found, facts.counting
        if found is None:
            return f"{columns} seen for the first time: there is nothing to compare them with yet"
        if not found:
            return f"{columns}, as in {self._other()}"
        if not counting:
            return f"{columns}, as in {self._other()} but for what is allowed: {_say(found)}"
        number = count_of(len(counting), "difference")
        if self.against_footer:  # what is compared with what, so that nobody takes added for dropped
            return f"{number} of {self._other()} from the catalog: {_say(counting)}"
        return f"{number} from {self._other()}: {_say(counting)}"

    def _other(self) -> str:
        if self.columns is not None:
            return "the pinned list of columns"
        return "the newest file" if self.against_footer else "the last report"

    def _advice(self) -> str:
        if self.against_footer:
            return "bring catalog and files together: alter the table, or mend the writer"
        if self.columns is not None:
            return "mend the table, or the list of columns in the config"
        return "see who changed the table, and whether its readers can live with it; the next report takes it as it is"


def _say(found: Iterable[Difference]) -> str:
    told = [each.say() for each in found]
    left = len(told) - _MOST_NAMED
    return "; ".join(told[:_MOST_NAMED]) + (f"; and {left} more" if left > 0 else "")


def schema_of(table: Table) -> tuple[Column, ...]:
    """Return the columns and then the partition keys, a bounded number of them."""
    return (*table.columns, *table.partition_keys)[:_MOST_COLUMNS]


def _width(table: Table) -> int:
    return min(len(table.columns) + len(table.partition_keys), _MOST_COLUMNS)


def _unreadable(table: Table) -> Problem | None:
    """Return why the catalog tells nothing about the table's columns, None when it does."""
    if table.is_prefix:
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table.id} has no catalog entry, so nothing says which columns it should have",
            "register it in Glue, or turn schema off for it",
        )
    if all((column.name, column.type) == _UNREADABLE for column in table.columns):
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"the catalog tells no columns of {table.id}: whoever registered it keeps them elsewhere",
            "register it with its columns, or turn schema off for it",
        )
    return None


def _no_footer(table: Table) -> Problem:
    held = table.file_format or table.format.value.capitalize()
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"the files of {table.id} are {held}, and only plain Parquet files tell their columns in a footer",
        "compare with the last report (against: last)",
    )
