"""Late because an upstream is late: what fails for the periods that an upstream fails for is told within it. Pure.

The rule, for each trouble (an item of a finding, or a finding that is told as one) of a table that states upstreams:

- A *period without data* (missing or empty; of ``volume``: with too little) is explained by a period without data of an
  upstream that shares at least half of the shorter of the two with it, so that an hour explains its day and a day its
  hours, whatever zones they are of; and by an upstream to which nothing came since some time of the period. Where both
  are told apart by the same keys, the values have to be the same.
- A *standstill* (nothing came since) is explained by one of an upstream, where nothing came since the upstream was
  overdue, and the table lacks no more than that: it has had what the upstream has, or was overdue after the upstream.
- What was there and is gone, and what is only not registered, is explained by no upstream.

An upstream hides while it is told itself: what is silenced or expected hides nothing, but passes on what hides it. What
is unknown, passes, is not watched or was not looked at hides nothing, nor do tables of one circle each other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from checks.model import ItemState, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from checks.model import Combination, Finding, Standstill

Trouble: TypeAlias = tuple[str, str]
"""The id of a finding and the key of one of its items, empty where it is told as one."""
Upstreams: TypeAlias = "Mapping[str, tuple[str, ...]]"
"""By the id of each table those of the tables that it is made from."""
_EXPLAINED = (ItemState.MISSING, ItemState.EMPTY)


def told_within_upstreams(findings: Iterable[Finding], upstreams: Upstreams) -> tuple[Finding, ...]:
    """Return the findings in their order, marked where they, or single items, are told within those of an upstream.

    ``findings`` are marked already where they are told within another one of their own table. What is told within a
    chain of tables is told at its root. Verdicts stay as they are.
    """
    found = tuple(findings)
    by_table: dict[str, list[_Failing]] = defaultdict(list)
    for finding in found:
        if finding.status is Status.FAIL and finding.absence is not None:
            by_table[finding.table].append(_Failing(finding))
    if len(by_table) < 2 or not any(table in by_table for table in upstreams):
        return found
    hosts = _Hosts()
    circle_of = circles(upstreams)
    for table in circle_of:  # upstreams first
        failing = by_table.get(table, [])
        sources = [
            source
            for upstream in upstreams.get(table, ())
            if circle_of[upstream] != circle_of[table]
            for source in by_table.get(upstream, [])
        ]
        for each in sorted(failing, key=lambda one: bool(one.finding.within)):
            hosts.find(each, sources)
    return _marked(found, hosts) if hosts.of else found


@dataclass(slots=True)
class _Failing:
    """A failing finding, with its periods in the order in which they can be looked up."""

    finding: Finding
    dimensions: dict[str, Combination] = field(init=False)
    starts: list[tuple[datetime, datetime, str]] = field(init=False)
    exact: dict[tuple[datetime, datetime], str] = field(init=False)
    longest: timedelta | None = field(init=False)
    expected: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        absence = self.finding.absence
        periods = absence.periods if absence is not None else {}
        self.dimensions = {item.key: item.dimensions for item in self.finding.items if item.dimensions}
        self.starts = sorted((start, end, key) for key, (start, end) in periods.items())
        self.exact = {} if self.dimensions else {(start, end): key for start, end, key in self.starts}
        self.expected = frozenset(item.key for item in self.finding.items if item.marked)
        self.longest = max((end - start for start, end, _ in self.starts), default=None)

    @property
    def standstill(self) -> Standstill | None:
        """Since when nothing came."""
        return self.finding.absence.standstill if self.finding.absence is not None else None

    def troubles(self) -> Iterator[tuple[str, tuple[datetime, datetime] | None]]:
        """Yield what an upstream may explain: keys, each with its period; None for a standstill as one."""
        absence = self.finding.absence
        if absence is None:
            return
        states = {item.key: item.state for item in self.finding.items}
        for key, period in absence.periods.items():
            if states.get(key, ItemState.MISSING) in _EXPLAINED:
                yield key, period
        if not absence.periods:
            yield "", None

    def explains(self, other: _Failing, key: str, period: tuple[datetime, datetime] | None) -> str | None:
        """Return which of its own troubles explains one of a table that is made from it; None where none does."""
        mine = self.standstill
        if period is None:
            theirs = other.standstill
            is_explained = mine is not None and theirs is not None and _holds_up(mine, theirs)
            return mine.item if is_explained and mine is not None else None
        if not self.starts:
            is_explained = mine is not None and mine.of == "arrivals"
            is_within = mine is not None and (mine.since is None or mine.since < period[1])
            return mine.item if is_explained and is_within and mine is not None else None
        same = self.exact.get(period)
        if same is not None:  # nearly always
            return same
        dimensions = dict(other.dimensions.get(key, ()))
        return next(
            (own for own in self._sharing(period) if _agree(dimensions, self.dimensions.get(own, ()))), None
        )

    def _sharing(self, period: tuple[datetime, datetime]) -> Iterator[str]:
        """Yield the keys of those of its periods that share at least half of the shorter of both."""
        start, end = period
        first = (
            bisect_left(self.starts, start - self.longest, key=lambda each: each[0]) if self.longest else 0
        )
        for own_start, own_end, key in self.starts[first:]:
            if own_start >= end:
                return
            shared = min(end, own_end) - max(start, own_start)
            if shared * 2 >= min(end - start, own_end - own_start):
                yield key


def _agree(one: Mapping[str, str], other: Combination) -> bool:
    return all(one.get(name, value) == value for name, value in other)


def _holds_up(upstream: Standstill, table: Standstill) -> bool:
    """Tell whether nothing comes to a table as nothing comes to its upstream."""
    if upstream.of != table.of:
        return False
    if upstream.since is None or table.since is None:
        return upstream.since is None
    if upstream.overdue_at is not None and table.since >= upstream.overdue_at:
        return False  # it goes on without
    has_all = table.since >= upstream.since
    came_due_after = (
        table.overdue_at is not None
        and upstream.overdue_at is not None
        and table.overdue_at >= upstream.overdue_at
    )
    return has_all or came_due_after


@dataclass(slots=True)
class _Hosts:
    """By each trouble that is told elsewhere, the id of the finding that tells it."""

    of: dict[Trouble, str] = field(default_factory=dict)
    known: dict[str, Finding] = field(default_factory=dict)

    def find(self, each: _Failing, sources: list[_Failing]) -> None:
        """Find out for each trouble of a finding who tells it; its upstreams' are found out already."""
        finding = each.finding
        self.known[finding.id] = finding
        if finding.within:
            self._beside(finding)
            return
        for key, period in each.troubles():
            candidates = {
                host
                for source in sources
                if (own := source.explains(each, key, period)) is not None
                and (host := self._teller(source, own))
            }
            if candidates:
                self.of[finding.id, key] = min(candidates, key=self._rank)

    def _teller(self, source: _Failing, key: str) -> str:
        """Return the id of the finding that tells a trouble, empty where none does."""
        finding = source.finding
        host = self.of.get((finding.id, key))
        if host is not None:
            return host
        is_hidden = finding.silenced is not None or key in source.expected
        return "" if is_hidden else finding.within or finding.id

    def _beside(self, finding: Finding) -> None:
        """Have a finding that is told within another one of its table follow that one, or the item of its period."""
        beside = self.known[finding.within]
        bad = [item.key for item in beside.items if item.state.is_bad] or [""]
        hosts = [self.of.get((beside.id, key)) for key in bad]
        host = self.of.get((beside.id, finding.of_period))
        host = host or (None if None in hosts else hosts[0])
        if host is not None:
            self.of[finding.id, ""] = host

    def _rank(self, host: str) -> tuple[bool, str]:
        return self.known[host].severity is not Severity.CRITICAL, host


def _marked(found: tuple[Finding, ...], hosts: _Hosts) -> tuple[Finding, ...]:
    by_finding: dict[str, dict[str, str]] = defaultdict(dict)
    for (of, key), host in hosts.of.items():
        by_finding[of][key] = host
    marked = {
        each.id: _hidden(each, by_finding[each.id])
        for each in found
        if each.id in by_finding and each.silenced is None
    }
    guests: dict[str, list[Finding]] = defaultdict(list)
    for each in found:
        for host in sorted(marked[each.id].hidden_in) if each.id in marked else ():
            guests[host].append(replace(marked[each.id], told_with=()))
    result = []
    for each in found:
        one = marked.get(each.id, each)
        beside = tuple(guest for guest in one.told_with if guest.id not in marked)
        told_with = () if one.within else (*beside, *guests.get(one.id, ()))
        result.append(one if one.told_with == told_with else replace(one, told_with=told_with))
    return tuple(result)


def _hidden(finding: Finding, hosts: Mapping[str, str]) -> Finding:
    """Return a finding with the hosts of its troubles; where all of it is told elsewhere, with one of its own."""
    if "" in hosts:
        return replace(finding, within=hosts[""])
    items = tuple(
        replace(item, within=hosts[item.key]) if item.key in hosts and not item.marked else item
        for item in finding.items
    )
    told = [item for item in items if item.state.is_bad and not item.marked]
    within = told[0].within if told and all(item.within for item in told) else ""
    return replace(finding, items=items, within=within)


def circles(upstreams: Upstreams) -> dict[str, int]:
    """Return the number of its circle for each table and each of its upstreams, upstreams first.

    Tables that are made from each other, however indirectly, have one number; a table in no circle has one of its own.
    """
    order = list(_upstreams_first(upstreams, sorted(upstreams), set()))
    made_from: dict[str, list[str]] = defaultdict(list)
    for table, named in upstreams.items():
        for upstream in named:
            made_from[upstream].append(table)
    circle_of: dict[str, int] = {}
    seen: set[str] = set()
    for table in reversed(
        order
    ):  # what it is made of, and what is made of it without going through those before
        number = len(seen)
        circle_of |= dict.fromkeys(_upstreams_first(made_from, [table], seen), number)
    return {table: circle_of[table] for table in order}


def _upstreams_first(
    edges: Mapping[str, Sequence[str]], roots: Iterable[str], seen: set[str]
) -> Iterator[str]:
    """Yield what is reached from the roots and was not seen, each after what it leads to; chains may be long."""
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        walk = [(root, iter(edges.get(root, ())))]
        while walk:
            table, following = walk[-1]
            after = next((each for each in following if each not in seen), None)
            if after is None:
                walk.pop()
                yield table
            else:
                seen.add(after)
                walk.append((after, iter(edges.get(after, ()))))
