"""Dimensions: keys beside time, each of whose values is due by itself (``each: region``)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from checks.layout import NULL_PARTITION
from checks.model import Combination, Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from checks.model import PartitionSeen, TableMemory


MOST_COMBINATIONS = 1000
"""No table is judged by more combinations of values than this, and no more are remembered."""


_ADVICE = "write a partition key such as region, a list of keys, or their values: {region: [eu, us]}"


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The keys whose every value is due; ``values`` are those of each key where they are stated, else none."""

    keys: tuple[str, ...]
    values: tuple[tuple[str, ...], ...] = ()

    @property
    def stated(self) -> tuple[Combination, ...]:
        """Every combination of the values that are stated; none where they are to be seen."""
        if not self.values:
            return ()
        return tuple(tuple(zip(self.keys, row, strict=True)) for row in product(*self.values))

    def of(self, dimensions: Iterable[tuple[str, str]]) -> Combination | None:
        """Return the values of a partition for these keys; None where one is absent or null."""
        known = dict(dimensions)
        if any(known.get(key, NULL_PARTITION) == NULL_PARTITION for key in self.keys):
            return None
        return tuple((key, known[key]) for key in self.keys)

    def misfit(self, table: str, names: Sequence[str], timed: Collection[str]) -> Problem | None:
        """Return why the keys are none that can be told apart in the table; None when they fit it.

        ``names`` are the table's partition keys, ``timed`` those that carry time.
        """
        others = ", ".join(name for name in names if name not in timed) or "none"
        if unknown := [key for key in self.keys if key not in names]:
            return Problem(
                ProblemKind.AMBIGUOUS,
                f"each names {', '.join(unknown)}, which is no partition key of {table}; its keys beside time "
                f"are: {others}",
                "name one of them as partitions: {each: ...}, or take it out",
            )
        if carrying := [key for key in self.keys if key in timed]:
            return Problem(
                ProblemKind.AMBIGUOUS,
                f"each names {', '.join(carrying)}, which carries time; the keys of {table} beside time are: "
                f"{others}",
                "name one of them as partitions: {each: ...}, or take it out",
            )
        return None

    def say(self) -> str:
        """Say what is told apart: ``region``, ``region and product``."""
        return (
            " and ".join((", ".join(self.keys[:-1]), self.keys[-1])) if len(self.keys) > 1 else self.keys[0]
        )


def parse_each(value: object) -> Dimensions | None:
    """Read a key, a list of keys, or keys with their values; raise ValueError with what to write."""
    if value is None or isinstance(value, Dimensions):
        return value
    if isinstance(value, dict):
        keys = [_key(key) for key in value]
        values = tuple(_values(key, stated) for key, stated in value.items())
        count = 1
        for row in values:
            count *= len(row)
        if count > MOST_COMBINATIONS:
            message = f"each states {count:,} combinations of values; state at most {MOST_COMBINATIONS:,}"
            raise ValueError(message)
    else:
        keys = [_key(key) for key in (value if isinstance(value, list | tuple) else [value])]
        values = ()
    if not keys or len(set(keys)) != len(keys):
        message = f"{value!r} names {'a key twice' if keys else 'no key'}; {_ADVICE}"
        raise ValueError(message)
    return Dimensions(tuple(keys), values)


def _key(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        message = f"{value!r} is not a key; {_ADVICE}"
        raise ValueError(message)
    return value.strip().lower()


def _values(key: object, stated: object) -> tuple[str, ...]:
    """Read the values of a key: one, a list of them, or blocks of what is stated of each."""
    listed = list(stated) if isinstance(stated, list | tuple | dict) else [stated]
    if not listed or any(
        isinstance(each, bool) or not isinstance(each, str | int) or each == "" for each in listed
    ):
        message = f"{stated!r} are no values of {key}; write a list of them, such as [eu, us]"
        raise ValueError(message)
    return tuple(dict.fromkeys(str(each) for each in listed))


def seen_first(each: Dimensions, partitions: Iterable[PartitionSeen]) -> dict[Combination, datetime]:
    """Return the start of the earliest period in which each combination was registered or held data.

    One that could not be looked at whole counts too: it must not fall out of what is due.
    """
    found: dict[Combination, datetime] = {}
    for partition in partitions:
        combination = each.of(partition.dimensions)
        listing = partition.listing
        counts = partition.registered or partition.problem is not None
        counts = counts or (listing is not None and (listing.objects > 0 or not listing.complete))
        if combination is not None and counts:
            start = partition.period.start
            found[combination] = min(start, found.get(combination, start))
    return found


def known_before(each: Dimensions, memory: TableMemory) -> dict[Combination, datetime]:
    """Return the combinations that earlier runs remember of these keys, and the first period of each."""
    return {
        tuple((key, dict(combination)[key]) for key in each.keys): first
        for combination, first in memory.combinations.items()
        if {key for key, _ in combination} == set(each.keys)
    }


def due_from(
    each: Dimensions, seen: Iterable[PartitionSeen], memory: TableMemory, first_at: datetime | None
) -> tuple[dict[Combination, datetime | None], int]:
    """Return from which period on each combination is due, and how many more there are than are judged.

    Stated values are due from the table's first period, others from the first in which they were seen.
    """
    if each.values:
        return dict.fromkeys(each.stated, first_at), 0
    kept, left_out = bounded(_earliest(known_before(each, memory), seen_first(each, seen)))
    return dict(kept), left_out


def remembered(
    each: Dimensions | None, before: TableMemory, seen: Iterable[PartitionSeen]
) -> Mapping[Combination, datetime]:
    """Return the combinations to remember after a run: what was known and what was seen, at most 1,000.

    Where values are stated, those that are not among them were taken off, and are forgotten. Without
    ``each`` nothing is.
    """
    if each is None:
        return {}
    found = _earliest(known_before(each, before), seen_first(each, seen))
    if each.values:
        found = {
            combination: first for combination, first in found.items() if combination in set(each.stated)
        }
    return bounded(found)[0]


def bounded(found: Mapping[Combination, datetime]) -> tuple[dict[Combination, datetime], int]:
    """Keep the combinations that were seen first, and count those beyond the bound."""
    ordered = sorted(found.items(), key=lambda pair: (pair[1], pair[0]))
    kept = dict(sorted(ordered[:MOST_COMBINATIONS]))
    return kept, len(ordered) - len(kept)


def _earliest(*found: Mapping[Combination, datetime]) -> dict[Combination, datetime]:
    first: dict[Combination, datetime] = {}
    for each in found:
        for combination, start in each.items():
            first[combination] = min(start, first.get(combination, start))
    return first
