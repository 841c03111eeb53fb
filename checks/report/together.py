"""Tables that fell silent together, and those that are silent beside others of their source that live. Pure.

Tables are told as one where something was missed first at about one time, and where they have something in common:
their database or bucket, their owner, or a deadline. Statuses stay; only the telling is one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from math import ceil, sqrt
from typing import TYPE_CHECKING

from checks import text as words
from checks.model import ItemState, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from checks.model import Finding

_NEAR = timedelta(minutes=15)
"""Schedulers start their jobs within a quarter of an hour, and whatever is due hourly is due at some minute of one."""
_PART = 8
"""What stops at one time is missed within an eighth of its cadence: the least margin that limits have."""
_FAR = timedelta(hours=3)
"""An eighth of a day: what is slower says no more of when it stopped."""
_CHANCE = 3
"""Two tables of different owners and databases miss one deadline by chance; three of a few do not."""
_ONE = 2
"""Two of one database or owner have a cause in common; where it has many tables, two are silent on a day by chance."""
_SELDOM = 100
"""Days between two outages of a table: real jobs have one in two to four months. So many of N tables fail each day."""
_FEW = 3
"""Fewer siblings that live say little of their source."""


@dataclass(frozen=True, slots=True)
class Together:
    """Findings of tables that fell silent together, by what they have ``in_common`` in words; when the first missed.

    What only some of them share says of how many.
    """

    findings: tuple[Finding, ...]
    in_common: tuple[str, ...]
    missed_at: datetime

    @property
    def tables(self) -> frozenset[str]:
        """The tables that it tells of."""
        return frozenset(each.table for each in self.findings)


def source_of(table: str) -> str:
    """Return what a table lies in: its database (with its account), or the bucket of a prefix."""
    if table.startswith("s3://"):
        return "/".join(table.split("/")[:3]) + "/"
    return table.rpartition(".")[0] or table


def silent_together(
    findings: Iterable[Finding], watched: int = 0, beside: Iterable[Finding] = ()
) -> list[Together]:
    """Return the findings that are told as one: of several tables each; every finding at most once.

    The more tables are ``watched``, the more of them miss one deadline, or lie in one bucket, by chance; so do those of
    one database or owner, of which findings of all tables ``beside`` tell how many there are.
    """
    sizes = _sizes(beside)
    silent = [each for each in findings if _missed_at(each) is not None]
    by_key: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for each in silent:
        for key in _keys(each):
            by_key[key].append(each)
    root: dict[str, str] = {each.id: each.id for each in silent}

    def top(one: str) -> str:
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    common: dict[str, set[str]] = defaultdict(set)
    for (kind, name), members in by_key.items():
        for group in _near(members):
            is_wide = kind in ("bucket", "deadline")
            enough = (
                _more_than_chance(watched, _CHANCE) if is_wide else _more_than_chance(sizes[kind, name], _ONE)
            )
            if len({each.table for each in group}) < enough:
                continue
            for each in group:
                root[top(each.id)] = top(group[0].id)
                common[each.id].add(_say(kind, name))
    groups: dict[str, list[Finding]] = defaultdict(list)
    for each in silent:
        groups[top(each.id)].append(each)
    return [_together(group, common) for group in groups.values() if len({each.table for each in group}) > 1]


def _together(group: Sequence[Finding], common: Mapping[str, set[str]]) -> Together:
    of_each: dict[str, set[str]] = defaultdict(set)
    for each in group:
        of_each[each.table] |= common[each.id]
    shared = set.intersection(*of_each.values()) or set(_of_some(of_each))
    missed = [at for each in group if (at := _missed_at(each)) is not None]
    return Together(tuple(group), tuple(sorted(shared)), min(missed))


def _of_some(of_each: Mapping[str, set[str]]) -> Iterator[str]:
    """Yield what several of the tables share, where nothing is shared by all, with how many do."""
    counts = Counter(one for shared in of_each.values() for one in shared)
    for one, tables in counts.items():
        yield one if tables == len(of_each) else f"{one} ({tables} of them)"


def _more_than_chance(tables: int, least: int) -> int:
    """Return how many of so many tables do not fall silent on one day by chance: two deviations more than do."""
    usual = tables / _SELDOM
    return max(least, 1 + ceil(usual + 2 * sqrt(usual)))


def _sizes(findings: Iterable[Finding]) -> Counter[tuple[str, str]]:
    """Return how many tables each source and each owner has."""
    tables: set[tuple[str, str, str]] = set()
    for each in findings:
        tables.add(("source", source_of(each.table), each.table))
        tables.add(("owner", each.owner or "", each.table))
    return Counter((kind, name) for kind, name, _ in tables)


def joined(parts: Sequence[Together]) -> Together:
    """Return several that are told as one."""
    return Together(
        tuple(each for part in parts for each in part.findings),
        tuple(sorted({each for part in parts for each in part.in_common})),
        min(part.missed_at for part in parts),
    )


def is_silent(finding: Finding) -> bool:
    """Tell whether a finding is that something which came before comes no more, since a time that is known."""
    return _missed_at(finding) is not None


def _say(kind: str, name: str) -> str:
    return {"deadline": "one deadline", "source": f"their place {name}", "bucket": f"their place {name}"}.get(
        kind, f"their owner {name}"
    )


def _keys(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield what a table may have in common with others."""
    yield "source", source_of(finding.table)
    if finding.owner:
        yield "owner", finding.owner
    evidence = finding.evidence or ""
    if evidence.startswith("s3://") and not finding.table.startswith("s3://"):
        yield "bucket", source_of(evidence)
    missed = _missed_at(finding)
    if missed is not None:
        yield "deadline", missed.isoformat(timespec="minutes")


def _missed_at(finding: Finding) -> datetime | None:
    """Return when the first thing was missed of a table to which nothing comes any more; None of all others."""
    absence = finding.absence
    is_own = bool(finding.cause or finding.marked)  # what people know of is told with who knows
    if finding.status is not Status.FAIL or is_own or absence is None or absence.standstill is None:
        return None
    if any(item.state.is_bad and item.state is not ItemState.MISSING for item in finding.items):
        return None  # something came: it is empty, not registered, or was deleted
    return absence.standstill.overdue_at if absence.standstill.since is not None else None


def _near(members: Sequence[Finding]) -> Iterator[list[Finding]]:
    """Yield those that missed something first at about one time, each counted from the first of them."""
    group: list[Finding] = []
    for each in sorted(members, key=lambda one: (str(_missed_at(one)), one.id)):
        if group and not _is_near(group[0], each):
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _is_near(one: Finding, other: Finding) -> bool:
    first, second = _missed_at(one), _missed_at(other)
    if first is None or second is None:
        return False
    shorter = min(_silence(one, first), _silence(other, second))
    return abs(second - first) <= max(_NEAR, min(shorter / _PART, _FAR))


def _silence(finding: Finding, missed: datetime) -> timedelta:
    """Return how long after its last data something was missed."""
    standstill = finding.absence.standstill if finding.absence is not None else None
    since = standstill.since if standstill is not None else None
    return missed - since if since is not None else timedelta(0)


@dataclass(frozen=True, slots=True)
class Living:
    """By each source the tables that it has, and those of them to which data comes."""

    tables: Mapping[str, frozenset[str]]
    alive: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Living:
        """Return what findings tell of the sources of their tables."""
        tables: dict[str, set[str]] = defaultdict(set)
        well: dict[str, set[str]] = defaultdict(set)
        ill: set[str] = set()
        for each in findings:
            source = source_of(each.table)
            tables[source].add(each.table)
            if each.status is not Status.PASS:
                ill.add(each.table)
            elif _tells_of_silence(each.check):
                well[source].add(each.table)
        return cls(
            {source: frozenset(names) for source, names in tables.items()},
            {source: frozenset(names - ill) for source, names in well.items()},
        )

    def say_siblings(self, tables: Iterable[str]) -> str:
        """Return that others of the source of silent tables live: ``its 11 siblings below s3://raw/ live``.

        Empty where they have no one source, where few others are known, or where fewer than half of them live.
        """
        silent = frozenset(tables)
        sources = {source_of(table) for table in silent}
        if len(sources) != 1:
            return ""
        (source,) = sources
        alive = self.alive.get(source, frozenset()) - silent
        others = self.tables.get(source, frozenset()) - silent
        if len(alive) < _FEW or 2 * len(alive) < len(others):
            return ""
        whose = "its" if len(silent) == 1 else "their"
        where = f"{'below' if source.startswith('s3://') else 'in'} {words.name(source)}"
        if len(alive) == len(others):
            return f"{whose} {len(alive):,} siblings {where} live"
        return f"{len(alive):,} of {whose} {len(others):,} siblings {where} live"


def _tells_of_silence(check: str) -> bool:
    from checks.rules import CHECKS  # takes longer than all else here: whoever judged anything has it already

    config = CHECKS.get(check)
    return config is not None and config.telling.of_silence
