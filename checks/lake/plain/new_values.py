"""Values of a key before the time that no partition was ever registered for: ``region=new/dt=...``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from checks.aws.uris import split_uri
from checks.lake.plain.naming import cells_in
from checks.lake.plain.siblings import MOST_CELLS, places_by
from checks.layout.data_files import is_hidden, own_keys
from checks.model import PartitionSeen, Problem, ProblemKind, Unobserved
from checks.schedule.formats import sorts_as_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checks.lake.plain.siblings import Way
    from checks.lake.s3.objects import ObjectStore
    from checks.layout import TimeLayout
    from checks.model import Combination, Period, Table

_MOST_VALUES = 50
"""Values without a partition in the lookback that are looked into, a request each: most of them are retired ones."""


@dataclass(frozen=True, slots=True)
class NewValues:
    """Looks for folders of values that no registered partition of the lookback has.

    Of a table whose first key is the only one beside time: of more keys no name tells where the time stands.
    """

    table: Table
    layout: TimeLayout
    store: ObjectStore
    ways: Sequence[Way | None]

    def sought(self, periods: Sequence[Period], found: Sequence[PartitionSeen]) -> Iterator[PartitionSeen]:
        """Yield the places that these values have in these periods, where something lies there or later.

        One LIST, and one for each value without a partition; a value that was retired takes no more. What cannot be
        looked into is told as the newest period's.
        """
        timed = {key.name for key in self.layout.keys}
        others = [key.name for key in self.table.partition_keys if key.name not in timed]
        first = self.table.partition_keys[0].name
        if others != [first] or not periods or not found:
            return
        known = {dict(each.dimensions).get(first) for each in found}
        looked: set[str] = set()
        for way in self.ways:
            folder = self._folder(way, first)
            if folder is None or folder in looked:
                continue
            looked.add(folder)
            try:
                for value in self._values(folder, known):
                    yield from self._of_value(way, ((first, value),), periods)
            except Unobserved as error:
                newest = max(periods, key=lambda each: each.start)
                yield PartitionSeen(period=newest, location=folder, registered=False, problem=error.problem)

    def _folder(self, way: Way | None, key: str) -> str | None:
        """Return what the places of all values begin with; None where another key stands before this one."""
        if way is None:
            return f"{self.table.location}{key}=" if self.table.location else None
        head, hole, _ = way.template.partition(f"${{{key}}}")
        return head if hole and "${" not in head else None

    def _values(self, folder: str, known: set[str | None]) -> list[str]:
        """Return the values that have a folder and no partition; raise Unobserved, also where they are too many."""
        bucket, prefix = split_uri(folder)
        page = self.store.list_page(bucket, prefix, delimiter="/")
        names = [name.removeprefix(prefix).rstrip("/") for name in page.common_prefixes]
        own = own_keys(self.table)
        values = [
            unquote(name)
            for name in names
            if name and not name.endswith("$folder$") and (prefix.endswith("=") or not is_hidden(name, own))
        ]
        new = [value for value in values if value not in known]
        if len(new) > _MOST_VALUES:
            raise Unobserved(
                Problem(
                    ProblemKind.OVER_BUDGET,
                    f"{len(new)} folders such as {folder}{new[0]}/ have no registered partition in the periods looked "
                    f"at, and no more than {_MOST_VALUES} are looked into",
                    "clear away what is retired, or turn catalog off",
                )
            )
        return new

    def _of_value(
        self, way: Way | None, value: Combination, periods: Sequence[Period]
    ) -> Iterator[PartitionSeen]:
        cells = [(period, cell) for period in periods for cell in cells_in(self.layout, period)]
        if len(cells) > MOST_CELLS * len(periods) or not self._is_alive(way, value, periods):
            return
        for period, cell in cells:
            for place in places_by(way, self.table, self.layout, cell, value):
                yield PartitionSeen(
                    period=period,
                    values=place.values,
                    dimensions=value,
                    location=place.location,
                    registered=False,
                )

    def _is_alive(self, way: Way | None, value: Combination, periods: Sequence[Period]) -> bool:
        """Tell whether something lies where a value has its earliest period, or later in the order of names."""
        if not self.layout.padding_known or not all(sorts_as_time(text) for text in self.layout.formats):
            return True
        earliest = min(periods, key=lambda each: each.start)
        places = places_by(way, self.table, self.layout, cells_in(self.layout, earliest)[0], value)
        if not places:
            return False
        bucket, first = split_uri(places[0].location)
        head = split_uri(self._folder(way, value[0][0]) or "")[1]
        folder = head + first.removeprefix(head).partition("/")[0] + "/"
        page = self.store.list_page(bucket, folder, start_after=first.rstrip("/"), max_keys=1)
        return bool(page.keys)
