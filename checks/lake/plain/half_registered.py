"""What lies in S3 beside the partitions that a period has: half of its hours may never have been registered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

from checks.aws.uris import split_uri
from checks.lake.plain.naming import cells_in
from checks.lake.plain.siblings import MOST_CELLS, places_by
from checks.layout.data_files import is_hidden, own_keys
from checks.model import PartitionSeen, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checks.lake.plain.siblings import Way
    from checks.lake.s3.objects import ObjectStore
    from checks.layout import TimeLayout
    from checks.model import Combination, Period, Table
    from checks.schedule.periods import Every

_MOST_FOLDERS = 100
"""So many folders are looked into for others beside what is registered in them."""
_MOST_COMBINATIONS = 50
"""Combinations of values and periods that are sought by name: where more have no partition, that is its way."""


def keys_of_period(table: Table, layout: TimeLayout, every: Every) -> int:
    """Return how many of the first keys tell a period: those behind them are folders within it."""
    names = [key.name for key in table.partition_keys]
    for count in range(1, len(names)):
        leading = tuple(key for key in layout.keys if key.name in names[:count])
        if leading and replace(layout, keys=leading).can_tell(every):
            return count
    return len(names)


@dataclass(frozen=True, slots=True)
class Beside:
    """Looks for what is not registered in periods that hold registered partitions."""

    table: Table
    layout: TimeLayout
    every: Every
    store: ObjectStore
    ways: Sequence[Way | None]

    def sought(self, periods: Sequence[Period], found: Sequence[PartitionSeen]) -> list[PartitionSeen]:
        """Return the places of what may lie there unregistered, by name or as folders show it.

        One LIST for each folder of a period with further keys below it; none where all values are known and registered.
        A period that could not be looked into carries the problem.
        """
        count = keys_of_period(self.table, self.layout, self.every)
        of_period: dict[Period, list[PartitionSeen]] = {}
        for each in found:
            if len(each.values) == len(self.table.partition_keys):
                of_period.setdefault(each.period, []).append(each)
        wanted = [(period, of_period[period]) for period in periods if period in of_period]
        timed = {key.name for key in self.layout.keys}
        others = [key.name for key in self.table.partition_keys if key.name not in timed]
        if count < len(self.table.partition_keys):
            known = not others
            halves = [pair for pair in wanted if not (known and self._has_all(*pair))]
            registered = {each.location for each in found if each.location is not None}
            named = [
                pair for pair in halves if not self._folders(pair[1], count)
            ]  # in another order of folders
            return [*self._in_folders(halves, registered, count), *self._by_name(named, found)]
        return list(self._by_name(wanted, found))

    def _has_all(self, period: Period, partitions: Sequence[PartitionSeen]) -> bool:
        """Tell whether each partition that a period can have is registered."""
        cells = cells_in(self.layout, period)
        walls = {self._wall(each) for each in partitions}
        return self.layout.every is not None and {cell.wall for cell in cells} <= walls

    def _wall(self, partition: PartitionSeen) -> object:
        names = (key.name for key in self.table.partition_keys)
        return self.layout.read(dict(zip(names, partition.values, strict=True)))

    def _by_name(
        self, wanted: Sequence[tuple[Period, list[PartitionSeen]]], found: Sequence[PartitionSeen]
    ) -> Iterator[PartitionSeen]:
        """Yield the places of the cells and combinations of values that a period has no partition of."""
        combinations: dict[Combination, None] = dict.fromkeys(each.dimensions for each in found)
        sought = []
        for period, partitions in wanted:
            cells = cells_in(self.layout, period)
            have = {(each.dimensions, self._wall(each)) for each in partitions}
            if len(cells) > 1:
                of_cells = [
                    (each, cell) for each in dict.fromkeys(p.dimensions for p in partitions) for cell in cells
                ]
                missing = [pair for pair in of_cells if (pair[0], pair[1].wall) not in have]
                sought += missing if len(cells) <= MOST_CELLS else []
            else:
                there = {each.dimensions for each in partitions}
                sought += [(each, period) for each in combinations if each not in there]
        if len(sought) > _MOST_COMBINATIONS and len(combinations) > 1:
            return
        whole = {cell: period for period, _ in wanted for cell in cells_in(self.layout, period)}
        for dimensions, cell in sought:
            for way in self.ways:
                for place in places_by(way, self.table, self.layout, cell, dimensions):
                    yield PartitionSeen(
                        period=whole.get(cell, cell),
                        values=place.values,
                        dimensions=dimensions,
                        location=place.location,
                        registered=False,
                    )

    def _in_folders(
        self,
        wanted: Sequence[tuple[Period, list[PartitionSeen]]],
        registered: set[str],
        count: int,
    ) -> Iterator[PartitionSeen]:
        """Yield the folders of a period that no registered partition lies in."""
        left = _MOST_FOLDERS
        for period, partitions in wanted:
            folders = self._folders(partitions, count)
            while folders:
                folder, values = folders.popitem()
                left -= 1
                is_hive = "=" in (partitions[0].location or "").rsplit("/", 2)[-2]
                try:
                    inside = self._inside(folder if left >= 0 else None, len(values), is_hive=is_hive)
                except Unobserved as error:
                    yield PartitionSeen(
                        period=period, location=folder, registered=False, problem=error.problem
                    )
                    break
                for below, value in inside:
                    if below in registered:
                        continue
                    row = (*values, value)
                    if any(place.startswith(below) for place in registered):
                        folders[below] = row
                        continue
                    is_leaf = len(row) == len(self.table.partition_keys)
                    if is_leaf and self._reads(row) is False:
                        continue
                    yield PartitionSeen(
                        period=period,
                        values=row if is_leaf else (),
                        dimensions=self._dimensions(row),
                        location=below,
                        registered=False,
                    )

    def _folders(self, partitions: Sequence[PartitionSeen], count: int) -> dict[str, tuple[str, ...]]:
        """Return the folders of a period that its partitions lie in, with the values that lead there."""
        found: dict[str, tuple[str, ...]] = {}
        for each in partitions:
            parts = (each.location or "").rstrip("/").split("/")
            below = len(each.values) - count
            pairs = zip(parts[-below:], each.values[count:], strict=False)
            if (
                all(unquote(part.rpartition("=")[2]) == value for part, value in pairs)
                and len(parts) > below + 3
            ):
                found["/".join(parts[:-below]) + "/"] = each.values[:count]
        return found

    def _inside(self, folder: str | None, level: int, *, is_hive: bool) -> list[tuple[str, str]]:
        """Return the folders of the next key in a folder, with its values; raise Unobserved, also for none."""
        if folder is None:
            raise Unobserved(_too_many(self.table))
        bucket, prefix = split_uri(folder)
        page = self.store.list_page(bucket, prefix, delimiter="/")
        if page.token is not None and not page.common_prefixes:
            raise Unobserved(_too_many(self.table))
        found = []
        for name in page.common_prefixes:
            part = name.removeprefix(prefix).rstrip("/")
            key, sign, value = part.partition("=")
            if is_hidden(part, own_keys(self.table)) or not part or part.endswith("$folder$"):
                continue
            if is_hive and (not sign or unquote(key).lower() != self.table.partition_keys[level].name):
                continue
            found.append((f"s3://{bucket}/{name}", unquote(value if is_hive else part)))
        return found

    def _reads(self, row: tuple[str, ...]) -> bool:
        names = (key.name for key in self.table.partition_keys)
        return self.layout.read(dict(zip(names, row, strict=True))) is not None

    def _dimensions(self, row: tuple[str, ...]) -> Combination:
        timed = {key.name for key in self.layout.keys}
        names = (key.name for key in self.table.partition_keys)
        return tuple((name, value) for name, value in zip(names, row, strict=False) if name not in timed)


def _too_many(table: Table) -> Problem:
    return Problem(
        ProblemKind.OVER_BUDGET,
        f"{table.id} has more than {_MOST_FOLDERS} folders that further partitions may lie in, too many to look into",
        "shorten the lookback, or turn catalog off",
    )
