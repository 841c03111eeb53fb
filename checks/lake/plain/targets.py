"""What is looked at of each period: registered partitions, and places by name where none is registered. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from checks.lake.plain.naming import Naming, hive_naming, path_naming, projection_naming
from checks.lake.plain.siblings import places_by, ways_of
from checks.layout import StatedLayout
from checks.layout.dimensions import MOST_COMBINATIONS, seen_first
from checks.layout.projection import Unprojectable, is_projected, projection_of
from checks.model import PartitionSeen, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from checks.lake.glue.partitions import InTime
    from checks.lake.plain.naming import Place
    from checks.lake.plain.siblings import Way
    from checks.layout import TimeLayout
    from checks.layout.dimensions import Dimensions
    from checks.layout.projection import Projection
    from checks.model import Combination, Period, Table

_MOST_OTHERS = 20
"""Of so many combinations of values before the time a period is looked for that has no partition at all."""
_MOST_WALLS = 31
"""So many partitions of a period are looked at one by one where their names have no beginning of their own."""


@dataclass(frozen=True, slots=True)
class Targets:
    """Finds what is to be looked at in a table of this layout.

    ``each`` are the keys whose values are told apart, ``known`` the combinations of them that are known
    before, with the start of the first period that each is needed in (None: all).
    """

    table: Table
    layout: TimeLayout
    each: Dimensions | None = None
    known: Mapping[Combination, datetime | None] | None = None

    @property
    def are_by_path(self) -> bool:
        """Tell whether nothing is registered for the table: its places are known by name alone."""
        return self.layout.path is not None or is_projected(self.table)

    def names(self) -> Naming | None:
        """Return how places are named, whatever their values beside time; None where that is not known."""
        if self.layout.path is not None:
            return path_naming(self.table.location or "", self.layout)
        if is_projected(self.table):
            return projection_naming(self.table, self._projection(), self.layout, ())
        return hive_naming(self.table, self.layout)

    def by_name(self, periods: Iterable[Period], now: datetime) -> list[PartitionSeen]:
        """Return the places of all periods, where nothing is registered; raise Unobserved.

        Of a projected table, those that it projects at ``now``, for each combination of its other values.
        """
        if self.layout.path is not None:
            naming = self.names()
            return [target for period in periods for target in _by_name(period, naming, registered=None)]
        projection = self._projection()
        stated = dict(zip(self.each.keys, self.each.values, strict=False)) if self.each is not None else {}
        try:
            combinations = projection.combinations(stated)
        except Unprojectable as error:
            raise Unobserved(error.of(self.table)) from error
        namings = [
            (combination, projection_naming(self.table, projection, self.layout, combination))
            for combination in combinations
        ]
        together = self.names() if self.each is None and len(namings) > 1 else None
        parents = together.parents() if together is not None else None
        if (
            parents is not None
        ):  # one listing tells of all: what lies there and is not projected counts for nothing
            namings = [((), parents)]
        zone = self.layout.zone
        found: list[PartitionSeen] = []
        for period in periods:
            walls = tuple(islice(projection.walls(period, zone, now), _MOST_WALLS + 1))
            for combination, naming in namings if walls else ():
                places = _projected_places(naming, period, walls) if naming is not None else []
                found += _seen_at(period, places, registered=None, dimensions=combination)
        return found

    def counting(self, now: datetime) -> Callable[[str], bool] | None:
        """Return what tells of an object's URI whether it lies in a place that is projected at ``now``.

        None where nothing is projected: then all that lies in a place counts. Raises Unobserved.
        """
        naming = self.names() if is_projected(self.table) else None
        if naming is None or self.layout.path is not None:
            return None
        projection, zone = self._projection(), self.layout.zone
        stated = dict(zip(self.each.keys, self.each.values, strict=False)) if self.each is not None else {}
        allowed = {name: stated.get(name, values) for name, values in projection.others}

        @lru_cache(maxsize=4096)
        def in_folder(folder: str) -> bool:
            told = naming.read_all(folder)
            if told is None or not projection.admits_cell(told[0], now, zone):
                return False
            return all(
                values is None or told[1].get(name) in values
                for name, values in allowed.items()
                if name in told[1]
            )

        return lambda uri: in_folder(uri[: uri.rfind("/") + 1])

    def absent(self, periods: Iterable[Period], found: Sequence[PartitionSeen]) -> list[PartitionSeen]:
        """Return the places of the periods (and combinations) of which no registered partition was found.

        They are sought where the registered ones lie: by name below the table's location, or as those that lie
        elsewhere are named. One of which that is not known has no location.
        """
        ways = ways_of(self.table, self.layout, found)
        combinations = self._combinations(found)
        if not combinations:
            have = {target.period.start for target in found}
            others = self._others(found)
            return [
                target
                for period in periods
                if period.start not in have
                for target in self._sought(period, ways, others)
            ]
        have_of = {(target.period.start, self._of(target)) for target in found}
        return [
            target
            for period in periods
            for combination, since in combinations.items()
            if (since is None or period.start >= since) and (period.start, combination) not in have_of
            for target in self._sought(period, ways, (combination,), told_apart=True)
        ]

    def _sought(
        self,
        period: Period,
        ways: Sequence[Way | None] | None,
        combinations: Sequence[Combination],
        *,
        told_apart: bool = False,
    ) -> list[PartitionSeen]:
        """Return where the data of a period is looked for; without a location where that is not known."""
        found: dict[str, PartitionSeen] = {}
        for combination in combinations:
            for way in ways or (None,):
                dimensions = combination if told_apart else ()
                for place in places_by(way, self.table, self.layout, period, combination):
                    seen = PartitionSeen(
                        period=period,
                        values=place.values,
                        dimensions=dimensions,
                        location=place.location,
                        registered=False,
                    )
                    found.setdefault(place.location, seen)
        dimensions = combinations[0] if told_apart else ()
        nowhere = PartitionSeen(period=period, dimensions=dimensions, registered=False)
        return [*found.values(), *((nowhere,) if ways is None or not found else ())]

    def _others(self, found: Sequence[PartitionSeen]) -> tuple[Combination, ...]:
        """Return the values of the keys beside time that a place is named by: none where the time comes first."""
        timed = {key.name for key in self.layout.keys}
        names = [key.name for key in self.table.partition_keys]
        before = tuple(
            name for number, name in enumerate(names) if name not in timed and timed & set(names[number:])
        )
        if not before:
            return ((),)
        seen = dict.fromkeys(
            tuple((name, value) for name, value in each.dimensions if name in before) for each in found
        )
        return tuple(seen)[:_MOST_OTHERS] or ((),)

    def _combinations(self, found: Sequence[PartitionSeen]) -> dict[Combination, datetime | None]:
        if self.each is None:
            return {}
        combinations: dict[Combination, datetime | None] = dict(self.known or {})
        if not self.each.values:
            for combination, start in seen_first(self.each, found).items():
                since = combinations.get(combination, start)
                combinations[combination] = min(start, since) if since is not None else None
        return dict(sorted(combinations.items())[:MOST_COMBINATIONS])

    def _of(self, target: PartitionSeen) -> Combination | None:
        return self.each.of(target.dimensions) if self.each is not None else None

    def _projection(self) -> Projection:
        stated = StatedLayout(tuple(key.name for key in self.layout.keys), self.layout.formats)
        try:
            return projection_of(self.table, stated)
        except Unprojectable as error:
            raise Unobserved(error.of(self.table)) from error


def of_registered(each: InTime, period: Period, table: Table, layout: TimeLayout) -> PartitionSeen:
    """Return a registered partition as something to look at."""
    timed = {key.name for key in layout.keys}
    pairs = zip((key.name for key in table.partition_keys), each.partition.values, strict=False)
    return PartitionSeen(
        period=period,
        values=each.partition.values,
        dimensions=tuple((name, value) for name, value in pairs if name not in timed),
        location=each.partition.location,
        registered=True,
        created_at=each.partition.created_at,
    )


def _by_name(
    period: Period,
    naming: Naming | None,
    *,
    registered: bool | None,
    dimensions: Combination = (),
) -> list[PartitionSeen]:
    places = naming.places_of(period) if naming is not None else []
    return _seen_at(period, places, registered=registered, dimensions=dimensions)


def _projected_places(naming: Naming, period: Period, walls: Sequence[datetime]) -> list[Place]:
    """Return where the partitions of a period that are projected lie: the one, or what they begin with, or each."""
    if len(walls) == 1:
        return naming.places_at(walls)
    shared = naming.places_of(period, frozenset(walls).__contains__)
    return shared or (naming.places_at(walls) if len(walls) <= _MOST_WALLS else [])


def _seen_at(
    period: Period, places: Sequence[Place], *, registered: bool | None, dimensions: Combination
) -> list[PartitionSeen]:
    if not places:
        if registered is None:
            problem = Problem(
                ProblemKind.UNSUPPORTED, f"{period.label} is kept in too many places to look at each",
                "choose a shorter every",
            )  # fmt: skip
            return [PartitionSeen(period=period, dimensions=dimensions, problem=problem)]
        return [PartitionSeen(period=period, dimensions=dimensions, registered=registered)]
    return [
        PartitionSeen(
            period=period,
            values=place.values,
            dimensions=dimensions,
            location=place.location,
            registered=registered,
        )
        for place in places
    ]
