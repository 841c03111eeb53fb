"""Tables of which single periods are missed now and then: a run of missed ones is one trouble, single ones are none.

The item of a single period could never be closed, since it never comes. So what is told of such a table is its silence:
that so many periods in a row, the newest due one among them, hold no data. It is over with the next data. What is
looked at stays the same, and the sentence says what was missed and not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from checks.model import ItemState
from checks.rules.sentences import say_periods

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from checks.model import Item
    from checks.schedule.periods import Every

_WITHOUT = frozenset({ItemState.MISSING, ItemState.EMPTY})
"""What a period is that never came; data that was deleted, or is not registered, is told of each one."""


@dataclass(frozen=True, slots=True)
class Missed:
    """What was missed: ``run`` are the newest due periods in a row, told together, ``single`` those that are not told.

    ``needed`` are so many in a row as are told.
    """

    needed: int = 1
    run: tuple[Item, ...] = ()
    single: tuple[Item, ...] = ()

    def notes(self, every: Every) -> Iterator[str]:
        """Yield which periods were missed and are not told, and from how many in a row on they are."""
        why = f"from {self.needed} in a row on and until newer data comes, for single ones are missed now and then"
        named = say_periods(self.single, every) if self.single else ""
        if self.run:
            yield f"they are told as one trouble {why}"
            if named:
                yield f"earlier ones without data, after which newer data came: {named}"
        elif named:
            yield f"no data came for {named}, which is told {why}"


NOTHING_MISSED = Missed()


def missed(items: Sequence[Item], needed_of: Callable[[Sequence[Item]], int]) -> Missed:
    """Return what was missed of items, one of each due period, newest first.

    ``needed_of`` tells of periods without data in a row, newest first, how many of them are told together. Where one
    is, they are told one by one, and none of them is here.
    """
    run: tuple[Item, ...] = ()
    single: list[Item] = []
    needed = 1
    for place, (without, group) in enumerate(groupby(items, key=_is_without)):
        stretch = tuple(group)
        of_stretch = needed_of(stretch) if without else 1
        if of_stretch <= 1:
            continue
        needed = max(needed, of_stretch)
        if place == 0 and len(stretch) >= of_stretch:
            run = stretch
        else:
            single += stretch
    return Missed(needed, run, tuple(single))


def _is_without(item: Item) -> bool:
    return item.state in _WITHOUT
