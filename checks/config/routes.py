"""Who else is told, each of their part of the report: what a route takes, and what it is remembered by."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from checks.config.key_types import NameGlobs, one_or_more
from checks.config.selectors import matches_name
from checks.config.targets import Targets
from checks.model import Severity, Status
from checks.rules.key_types import ConfigBlock

if TYPE_CHECKING:
    from collections.abc import Iterable


class Match(ConfigBlock):
    """Which findings a route takes: all of the keys must match; in a list, any item."""

    owner: NameGlobs | None = Field(None, description="Owners, or globs of them.", examples=["finance-data"])
    database: NameGlobs | None = Field(
        None, description="Databases, or globs of them.", examples=["sales", "web_*"]
    )
    table: NameGlobs | None = Field(
        None,
        description="Tables by their id (database.table or prefix), or globs of it.",
        examples=["sales.*"],
    )
    severity: (
        Annotated[
            tuple[Literal["warning", "critical", "unknown"], ...],
            BeforeValidator(one_or_more),
            WithJsonSchema(
                {
                    "anyOf": [
                        {"enum": ["warning", "critical", "unknown"]},
                        {"type": "array", "items": {"enum": ["warning", "critical", "unknown"]}},
                    ]
                }
            ),
        ]
        | None
    ) = Field(
        None,
        description="How bad: warning, critical, or unknown for what could not be checked.",
        examples=["critical", ["critical", "unknown"]],
    )


class Route(Targets):
    """Somebody who gets a part of the report: match says which, and one key more says where."""

    match: Match = Field(description="Which findings it gets.", examples=[{"owner": "finance-data"}])

    @property
    def takes_all(self) -> bool:
        """Whether its part is the whole report: it matches tables by ``*``, and asks for nothing else."""
        match = self.match
        return match.table == ("*",) and match.owner is match.database is match.severity is None

    def takes(self, table: str, owner: str | None, status: Status, severity: Severity | None) -> bool:
        """Tell whether the route takes a finding (or change) on the table of that id."""
        words = frozenset({word_of(status, severity)})
        return self.takes_kind(owner, database_of(table), words) and self.takes_table(table)

    def takes_kind(self, owner: str | None, database: str, words: frozenset[str | None]) -> bool:
        """Tell whether the route takes what is of that owner and database, and as bad as one of the words says."""
        match = self.match
        return (
            (match.severity is None or not words.isdisjoint(match.severity))
            and (match.owner is None or any(matches_name(glob, owner or "") for glob in match.owner))
            and (match.database is None or any(matches_name(g.lower(), database) for g in match.database))
        )

    def takes_table(self, table: str) -> bool:
        """Tell whether the route takes what is of the table of that id, as far as its name says."""
        return self.match.table is None or any(matches_id(glob, table) for glob in self.match.table)


WORDS = frozenset[str | None]({"warning", "critical", "unknown"})
"""How bad what a route takes may be, in its own words."""


def word_of(status: Status, severity: Severity | None) -> str | None:
    """Return how bad a finding is in the words of routes, None where it is well."""
    return "unknown" if status is Status.UNKNOWN else severity.value if severity else None


def routes_by_key(routes: Iterable[Route]) -> dict[str, Route]:
    """Return the routes by what each is remembered by: its kind, what it takes, and a number where several are alike.

    An address that is corrected is the same route still: it gets what could not be delivered to the wrong one.
    """
    found: dict[str, Route] = {}
    for route in routes:
        taken = json.dumps(route.match.model_dump(exclude_none=True), sort_keys=True)
        key = alike = f"{route.target.kind} {taken}"
        number = 1
        while key in found:
            number += 1
            key = f"{alike} #{number}"
        found[key] = route
    return found


def database_of(table: str) -> str:
    """Return the database in a table's id; empty for a prefix."""
    return "" if table.startswith("s3://") else table.rpartition("/")[2].split(".", 1)[0]


def matches_id(glob: str, table: str) -> bool:
    """Tell whether a glob matches a table's id; names in any case, the account may be left out.

    ``web.*`` matches ``web.clicks`` and ``partner/web.clicks``; ``*`` matches everything.
    """
    if table.startswith("s3://") or glob.startswith("s3://"):
        return matches_name(glob, table) or matches_name(glob, table.rstrip("/"))
    lowered = glob.lower()
    account, _, name = table.rpartition("/")
    return matches_name(lowered, name) or (bool(account) and matches_name(lowered, table.lower()))
