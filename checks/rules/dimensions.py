"""How what is told of several combinations of dimensions is said: those of which the same is told together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import Combination, ItemState
from checks.rules.sentences import say_periods

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from checks.model import Item
    from checks.schedule.periods import Every

_MOST_NAMED = 4


def say_combination(combination: Iterable[tuple[str, str]]) -> str:
    """Say one combination: ``region=us``, ``region=us/product=7``."""
    return "/".join(f"{key}={value}" for key, value in combination)


def by_combination(items: Sequence[Item]) -> dict[Combination, list[Item]]:
    """Return the items of each combination, in the items' order."""
    groups: dict[Combination, list[Item]] = {}
    for item in items:
        groups.setdefault(item.dimensions, []).append(item)
    return groups


def say_groups(told: Mapping[Combination, str]) -> str:
    """Say what is told of each combination, those together of which the same is told, at most a few.

    ``region=us: 2026-11-21 missing``; ``region=eu, region=us and 9 more: 2026-11-22 missing``.
    """
    groups: dict[str, list[Combination]] = {}
    for combination, text in told.items():
        groups.setdefault(text, []).append(combination)
    largest = sorted(groups.items(), key=lambda pair: -len(pair[1]))
    parts = []
    for text, combinations in largest[:_MOST_NAMED]:
        names = [say_combination(each) for each in sorted(combinations)]
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        parts.append(f"{', '.join(names[:_MOST_NAMED])}{more}: {text}")
    left = sum(len(combinations) for _, combinations in largest[_MOST_NAMED:])
    if left:
        parts.append(f"and {left} more combination{'' if left == 1 else 's'} of values")
    return "; ".join(parts)


def say_items(items: Sequence[Item], every: Every, *, with_state: bool = False) -> str:
    """Name the periods of items, with what became of them, combination by combination."""
    told: dict[Combination, str] = {}
    for combination, group in by_combination(items).items():
        if not with_state:
            told[combination] = say_periods(group, every)
            continue
        by_state = [[item for item in group if item.state is state] for state in ItemState]
        told[combination] = "; ".join(
            say_periods(same, every, same[0].state.value) for same in by_state if same
        )
    return told[()] if list(told) == [()] else say_groups(told)


def name_of(item: Item) -> str:
    """Name an item: ``2026-11-22``, ``2026-11-22 of region=us``."""
    return f"{item.period} of {say_combination(item.dimensions)}" if item.dimensions else item.period
