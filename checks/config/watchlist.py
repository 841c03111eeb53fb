"""The entries of a config at work: which of them speak of a table, and the rules that come of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from checks.config.merging import (
    DEFAULTS_RANK,
    Merged,
    Sourced,
    Stated,
    disagreements,
    exclusive_of_checks,
    merge,
)
from checks.config.selectors import Effort, Selector, find_name, may_overlap
from checks.config.validation_sentences import of_mistakes, sentences
from checks.rules.base import Binding, Rule
from checks.rules.entry import NOTHING_SAID, EntryKeys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from checks.config.merging import Disagreement
    from checks.config.mistakes import Path
    from checks.rules.base import CheckConfig
    from checks.schedule.calendars import Calendar
    from checks.schedule.windows import Window

_MOST_AMBIGUOUS = 50
"""So many pairs of entries that contradict each other are told: mending these shows whether there are more."""
_MOST_EFFORT = 200_000
"""Steps that are gone through for the shortest names of tables of two entries; then the next best names are told."""
_NOTHING_STATED = {"freshness": {"max_age": "24h"}}
"""What holds for a table of which no check is stated anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry under ``tables``: what it speaks of, and what it states. ``position`` orders by the file."""

    selector: Selector
    stated: Stated
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What several entries come to together; ``mistakes`` are paths and sentences, empty when all is well."""

    rules: tuple[Rule, ...]
    merged: Merged
    zone: ZoneInfo
    entry: EntryKeys = NOTHING_SAID
    mistakes: tuple[tuple[Path, str], ...] = ()


@dataclass(slots=True)
class Watchlist:
    """All entries, by what they speak of. Combinations of entries are bound once."""

    entries: tuple[Entry, ...]
    defaults: Stated
    checks: Mapping[str, type[CheckConfig]]
    calendars: Mapping[str, Calendar]
    zone: ZoneInfo
    windows: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    _exact: dict[str, list[Entry]] = field(init=False, default_factory=dict)
    _by_database: dict[str, list[Entry]] = field(init=False, default_factory=dict)
    _other_globs: list[Entry] = field(init=False, default_factory=list)
    _globs: list[Entry] = field(init=False, default_factory=list)
    _effort: Effort = field(init=False, default_factory=lambda: Effort(_MOST_EFFORT))
    _bound: dict[tuple[int, ...], Bound] = field(init=False, default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._globs = [entry for entry in self.entries if entry.selector.is_glob]
        for entry in self.entries:
            selector = entry.selector
            if not selector.is_glob:
                self._exact.setdefault(selector.id, []).append(entry)
            elif selector.database is not None and not set("*?") & set(selector.database):
                self._by_database.setdefault(selector.database, []).append(entry)
            else:
                self._other_globs.append(entry)

    def matching(self, account: str | None, database: str, name: str) -> tuple[Entry, ...]:
        """Return the entries that speak of a table of the catalog, the least specific first."""
        text = f"{database}.{name}".lower()
        candidates = [
            *self._exact.get(text if account is None else f"{account}/{text}", ()),
            *self._by_database.get(database.lower(), ()),
            *self._other_globs,
        ]
        found = [entry for entry in candidates if entry.selector.matches(account, database, name)]
        return tuple(sorted(found, key=_order))

    def of_prefix(self, prefix: str) -> tuple[Entry, ...]:
        """Return the entry of a prefix, as a tuple of one or none."""
        return tuple(entry for entry in self._exact.get(prefix, ()) if entry.selector.is_prefix)

    def watches(self, table: str) -> bool:
        """Tell whether an entry speaks of a table, by its id."""
        if table.startswith("s3://"):
            return bool(self.of_prefix(table))
        account, _, rest = table.rpartition("/")
        database, _, name = rest.partition(".")
        return bool(self.matching(account or None, database, name))

    def bound(self, entries: Sequence[Entry]) -> Bound:
        """Return what the entries (the least specific first) and the defaults come to."""
        key = tuple(entry.position for entry in entries)
        if key not in self._bound:
            self._bound[key] = self._bind([self.defaults, *(entry.stated for entry in entries)])
        return self._bound[key]

    def _bind(self, stated: list[Stated]) -> Bound:
        goes_with = {name: check.goes_with for name, check in self.checks.items()}
        merged = merge(stated, exclusive_of_checks(self.checks), goes_with)
        if not merged.has_checks:
            stated[-1:] = [_with_checks(stated[-1], self.checks)]
            merged = merge(stated, exclusive_of_checks(self.checks), goes_with)
        entry = EntryKeys.model_construct(**{key: sourced.value for key, sourced in merged.values.items()})
        zone = entry.timezone or self.zone
        rules: list[Rule] = []
        mistakes: list[tuple[Path, str]] = []
        schedule = None
        for check, config in self.checks.items():
            block = merged.blocks.get(check)
            if block is None:
                continue
            binding = Binding(
                zone=zone,
                calendars=self.calendars,
                windows=self.windows,
                schedule=schedule,
                pattern=entry.pattern,
            )
            outcome = _rule(config, block, merged.home[check], binding)
            if isinstance(outcome, Rule):
                rules.append(outcome)
                schedule = outcome.states.schedule if outcome.states is not None else schedule
            else:
                mistakes += outcome
        if not merged.blocks:
            advice = "take it out, or exclude its tables from the glob"
            mistakes.append(
                (stated[-1].path, f"every check of it is off, so nothing would be looked at; {advice}")
            )
        return Bound(rules=tuple(rules), merged=merged, zone=zone, entry=entry, mistakes=tuple(mistakes))

    def ambiguity(self, entries: Sequence[Entry]) -> Disagreement | None:
        """Return a key that two equally specific entries state differently, and no other settles."""
        groups = exclusive_of_checks(self.checks)
        for one, other in combinations(entries, 2):
            if one.selector.rank == other.selector.rank:
                more = [entry for entry in entries if entry.selector.rank > one.selector.rank]
                for each in disagreements(one.stated, other.stated, groups):
                    if not any(each.settled_by(entry.stated) for entry in more):
                        return each
        return None

    def mistakes(self) -> Iterator[tuple[Path, str]]:
        """Yield everything about the entries together that is known to be wrong before any table is."""
        yield from self._repeated()
        for entry in self.entries:
            yield from self.bound(self.certain(entry)).mistakes
        yield from self._ambiguous()

    def certain(self, entry: Entry) -> Sequence[Entry]:
        """Return the entries that hold for every table of this one, the least specific first."""
        selector = entry.selector
        if selector.is_prefix:
            return (entry,)
        if not selector.is_glob and selector.name is not None:
            found = self.matching(selector.account, selector.database or "", selector.name)
            return (*(each for each in found if each.selector.is_glob), entry)
        wider = [
            each
            for each in self._globs
            if each is entry
            or (_order(each) < _order(entry) and _contains(each.selector, selector, self._effort))
        ]
        return sorted(wider, key=_order)

    def _repeated(self) -> Iterator[tuple[Path, str]]:
        for entries in self._exact.values():
            first, *others = entries
            for other in others:
                key = "prefix" if other.selector.is_prefix else "table"
                line = f", first on line {first.selector.line}" if first.selector.line else ""
                message = f"{other.selector.id} has two entries{line}; bring them together in one"
                yield (*other.stated.path, key), message

    def _ambiguous(self) -> Iterator[tuple[Path, str]]:
        groups = exclusive_of_checks(self.checks)
        by_rank: dict[tuple[str | None, tuple[int, int]], list[Entry]] = {}
        for entry in self.entries:
            if entry.selector.is_glob:
                by_rank.setdefault((entry.selector.account, entry.selector.rank), []).append(entry)
        effort, told = Effort(_MOST_EFFORT), 0
        for (_, rank), entries in by_rank.items():
            for one, other in combinations(entries, 2):
                if told >= _MOST_AMBIGUOUS:
                    return
                if not may_overlap(one.selector, other.selector):
                    continue
                found = list(disagreements(one.stated, other.stated, groups))
                settling = self._settling(one.selector, other.selector, rank) if found else []
                for each in found:
                    name = _unsettled(one, other, [s for s in settling if each.settled_by(s.stated)], effort)
                    if name is not None:
                        told += 1
                        yield each.second, _say_ambiguous(one, name)

    def _settling(self, one: Selector, other: Selector, rank: tuple[int, int]) -> list[Entry]:
        """Return the more specific entries that may speak of tables of both."""
        return [
            entry
            for entry in self.entries
            if not entry.selector.is_prefix
            and entry.selector.account == one.account
            and entry.selector.rank > rank
            and may_overlap(entry.selector, one)
            and may_overlap(entry.selector, other)
        ]


def _order(entry: Entry) -> tuple[tuple[int, int], int]:
    return entry.selector.rank, entry.position


def _with_checks(stated: Stated, checks: Mapping[str, type[CheckConfig]]) -> Stated:
    blocks = {check: block for check, block in _NOTHING_STATED.items() if check in checks}
    return Stated(path=stated.path, rank=stated.rank, values=stated.values, blocks=blocks)


def _rule(
    config: type[CheckConfig], block: Mapping[str, Sourced], home: Path, binding: Binding
) -> Rule | list[tuple[Path, str]]:
    """Return the rule of a merged block, or its mistakes, each at the key that it comes from."""
    try:
        checked = config.model_validate({key: sourced.value for key, sourced in block.items()})
    except ValidationError as error:
        return [(place_of(path, block, home), sentence) for path, sentence in sentences(error, config)]
    wrong = list(binding.wrong_names({key: sourced.value for key, sourced in block.items()}))
    if wrong:
        return [(block[key].path, sentence) for key, sentence in wrong]
    try:
        return checked.bind(binding)
    except ValueError as error:
        return [(place_of(path, block, home), sentence) for path, sentence in of_mistakes(error)]


def place_of(path: Path, block: Mapping[str, Sourced], home: Path) -> Path:
    """Return where the key of a merged block is stated; the block itself for what no single key has done."""
    if path and isinstance(path[0], str) and path[0] in block:
        return (*block[path[0]].path, *path[1:])
    return home


def _contains(wide: Selector, narrow: Selector, effort: Effort) -> bool:
    """Tell whether every table of one selector is also the other's."""
    if not may_overlap(wide, narrow):
        return False
    return find_name([narrow], lambda holds: holds(wide), [wide], effort, shortest=False) is None


def _unsettled(one: Entry, other: Entry, settling: list[Entry], effort: Effort) -> str | None:
    others = [entry.selector for entry in settling]
    return find_name([one.selector, other.selector], lambda holds: any(map(holds, others)), others, effort)


def _say_ambiguous(one: Entry, name: str) -> str:
    line = f" (line {one.selector.line})" if one.selector.line else ""
    return (
        f"differs from that of {one.selector.id}{line}, which is as specific and matches tables such as "
        f"{name} too; exclude them from one of the two, or write a more specific entry for them"
    )


def defaults_of(blocks: Mapping[str, Any]) -> Stated:
    """Return what the defaults state."""
    return Stated(path=("defaults",), rank=DEFAULTS_RANK, blocks=blocks)
