"""Which findings and changes of a report are each route's, by an index: a part costs what it holds, not the whole."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from checks.changes import OVER
from checks.config.routes import WORDS, database_of, word_of
from checks.model import Change
from checks.report import build

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from checks.config.routes import Route
    from checks.model import Finding
    from checks.report.build import Report


class _Kind(NamedTuple):
    """All that routes ask of a finding or change beside its table; one of the ``words`` has to be theirs."""

    owner: str | None
    database: str
    words: frozenset[str | None]


class Index:
    """Findings, or changes, by what routes ask of them."""

    def __init__(self, found: Sequence[Finding | Change]) -> None:
        self._kinds: dict[_Kind, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for number, each in enumerate(found):
            for table, owner in _of(each):
                self._kinds[_Kind(owner, database_of(table), _words(each))][table].append(number)

    def of(self, route: Route) -> frozenset[int]:
        """Return the positions of those that a route takes."""
        return frozenset(self._taken(route))

    def _taken(self, route: Route) -> Iterator[int]:
        for kind, tables in self._kinds.items():
            if route.takes_kind(*kind):
                for table, numbers in tables.items():
                    if route.takes_table(table):
                        yield from numbers


class Parts:
    """The parts of reports that are made of the same findings, for route after route."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._findings = Index(findings)
        self._changes: dict[int, tuple[Sequence[Change], Index]] = {}

    def of(self, route: Route, report: Report) -> Report:
        """Return what a route takes of a report with these findings; most routes were told the same before."""
        known = self._changes.get(id(report.changes))
        if known is None:  # what it is of is kept beside it, so that no other has its id
            known = self._changes[id(report.changes)] = (report.changes, Index(report.changes))
        return build.part_of(report, self._findings.of(route), known[1].of(route))


def _of(each: Finding | Change) -> Iterable[tuple[str, str | None]]:
    """Return the table with its owner; the end of a trouble is that of each table, too, that was told within it."""
    own = (each.table, each.owner)
    return (own, *each.also) if isinstance(each, Change) else (own,)


def _words(each: Finding | Change) -> frozenset[str | None]:
    """Return how bad it is, in a route's words; who was told of a trouble is told of its end too."""
    if isinstance(each, Change) and each.reason in OVER:
        return WORDS
    return frozenset({word_of(each.status, each.severity)})
