"""How what several entries state of one table comes together: specific over general, key by key. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from checks.config.mistakes import Path
    from checks.rules.base import CheckConfig

T = TypeVar("T")
Groups: TypeAlias = tuple[frozenset[str], ...]
GoesWith: TypeAlias = "Mapping[str, frozenset[str]]"
_GOES_WITH_NOTHING: Mapping[str, GoesWith] = {}
OFF: Literal["off"] = "off"
"""The word that turns a check off."""
DEFAULTS_RANK = (0, 0)
_DEFAULTS = "defaults"


class Exclusive(NamedTuple):
    """Keys of a check that exclude each other, in ``groups``; those ``above`` leave what a general block says."""

    groups: Groups
    above: frozenset[str] = frozenset()

    @property
    def keys(self) -> frozenset[str]:
        """All of them."""
        return self.above.union(*self.groups)

    @property
    def replacing(self) -> frozenset[str]:
        """Those that take the place of what a less specific block says of any of them."""
        return self.keys - self.above


class Sourced(NamedTuple):
    """A value and where it is stated."""

    value: Any
    path: Path


Block: TypeAlias = "Mapping[str, Any] | Literal['off']"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What one entry (or the defaults) states: single values, and a block for each check.

    ``rank`` orders by how specific it is; blocks have their short forms written out.
    """

    path: Path
    rank: tuple[int, int]
    values: Mapping[str, Any] = field(default_factory=dict)
    blocks: Mapping[str, Block] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What holds for one table. A check that is off, or that nothing states, is not in ``blocks``.

    ``home`` is where the most specific statement of a check stands. ``has_checks`` tells whether any
    check was stated at all, ``off`` included.
    """

    values: Mapping[str, Sourced]
    blocks: Mapping[str, Mapping[str, Sourced]]
    home: Mapping[str, Path]
    has_checks: bool


def merge_blocks(
    specific: Mapping[str, T], general: Mapping[str, T], groups: Groups, above: frozenset[str] = frozenset()
) -> dict[str, T]:
    """Merge a more specific block over a less specific one, key by key.

    Any key of any group in the specific block replaces all that the general one has of all groups: a
    limit of one kind leaves no limit of another behind. Keys ``above`` are replaced like all, and replace nothing.
    """
    exclusive = Exclusive(groups, above)
    replaced = exclusive.keys if exclusive.replacing & specific.keys() else frozenset[str]()
    return {**{key: value for key, value in general.items() if key not in replaced}, **specific}


def merge(
    stated: Sequence[Stated],
    exclusive_of: Mapping[str, Exclusive],
    goes_with_of: Mapping[str, GoesWith] = _GOES_WITH_NOTHING,
) -> Merged:
    """Bring together what is stated, the least specific first.

    A block over one that is off starts anew. A key that is inherited or of the defaults, and goes with others of
    which none is left, is dropped: a grace of the defaults speaks of deadlines only.
    A freshness that is less specific than the partitions of
    the table is dropped, unless an entry as specific as these partitions, or more, states freshness too.
    """
    values: dict[str, Sourced] = {}
    blocks: dict[str, dict[str, Sourced]] = {}
    home: dict[str, Path] = {}
    for each in without_inherited_freshness(stated):
        for key, value in each.values.items():
            values[key] = Sourced(value, (*each.path, key))
        for check, block in each.blocks.items():
            place = (*each.path, check)
            home[check] = place
            if isinstance(block, str):
                blocks.pop(check, None)
                continue
            keys = {key: Sourced(value, (*place, key)) for key, value in block.items()}
            blocks[check] = merge_blocks(keys, blocks.get(check, {}), *exclusive_of[check])
    for check, goes_with in goes_with_of.items():
        merged = blocks.get(check, {})
        for key, others in goes_with.items():
            if key not in merged or others & merged.keys():
                continue
            if merged[key].path[:-1] != home[check] or home[check][0] == _DEFAULTS:
                del merged[key]
    return Merged(values=values, blocks=blocks, home=home, has_checks=bool(home))


def without_inherited_freshness(stated: Sequence[Stated]) -> Sequence[Stated]:
    """Leave out the freshness that a more specific partitions block takes the place of."""
    of_partitions = [each for each in stated if "partitions" in each.blocks]
    if not of_partitions or of_partitions[-1].blocks["partitions"] == OFF:
        return stated
    rank = max(each.rank for each in of_partitions if each.blocks["partitions"] != OFF)
    if any("freshness" in each.blocks and each.rank >= rank for each in stated):
        return stated
    return [
        Stated(
            path=each.path,
            rank=each.rank,
            values=each.values,
            blocks={check: block for check, block in each.blocks.items() if check != "freshness"},
        )
        for each in stated
    ]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A key that two entries state differently; ``settled_by`` tells whether a third overrides both."""

    key: str
    first: Path
    second: Path
    settled_by: Callable[[Stated], bool]


def disagreements(
    one: Stated, other: Stated, exclusive_of: Mapping[str, Exclusive]
) -> Iterator[Disagreement]:
    """Yield each key of which two entries state different values."""
    for key in one.values.keys() & other.values.keys():
        if one.values[key] != other.values[key]:
            yield Disagreement(key, (*one.path, key), (*other.path, key), _states(key))
    for check in sorted(one.blocks.keys() & other.blocks.keys()):
        yield from _of_blocks(check, one, other, exclusive_of[check])


def _of_blocks(check: str, one: Stated, other: Stated, exclusive: Exclusive) -> Iterator[Disagreement]:
    mine, theirs = one.blocks[check], other.blocks[check]
    here, there = (*one.path, check), (*other.path, check)
    if isinstance(mine, str) or isinstance(theirs, str):
        if mine != theirs:
            yield Disagreement(check, here, there, _overrides(check, frozenset()))
        return
    my_limits = {key: mine[key] for key in mine.keys() & exclusive.keys}
    their_limits = {key: theirs[key] for key in theirs.keys() & exclusive.keys}
    if my_limits and their_limits and my_limits != their_limits:
        both = sorted(my_limits.keys() | their_limits.keys(), key=lambda key: (key not in their_limits, key))
        key = next(key for key in both if my_limits.get(key) != their_limits.get(key))
        first = (*here, key) if key in mine else here
        second = (*there, key) if key in theirs else there
        yield Disagreement(f"{check}.{key}", first, second, _overrides(check, exclusive.replacing))
    for key in mine.keys() & theirs.keys() - exclusive.keys:
        if mine[key] != theirs[key]:
            yield Disagreement(
                f"{check}.{key}",
                (*here, key),
                (*there, key),
                _overrides(check, frozenset({key})),
            )


def _states(key: str) -> Callable[[Stated], bool]:
    return lambda third: key in third.values


def _overrides(check: str, keys: frozenset[str]) -> Callable[[Stated], bool]:
    """Return what tells whether an entry turns the check off or states any of the keys."""

    def tells(third: Stated) -> bool:
        block = third.blocks.get(check, {})
        return not keys.isdisjoint(block) if not isinstance(block, str) else True

    return tells


def exclusive_of_checks(checks: Mapping[str, type[CheckConfig]]) -> dict[str, Exclusive]:
    """Return each check's keys that exclude each other."""
    return {name: Exclusive(check.groups, check.above) for name, check in checks.items()}
