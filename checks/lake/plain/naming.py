"""Where the data of a period should lie, by name: Hive folders, dated paths, projections. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from checks.model import Period
from checks.schedule.clock import first_instant, wall_of
from checks.schedule.formats import compile_format
from checks.schedule.periods import HOURLY, MONTHLY, back_from, period_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from checks.layout import TimeLayout
    from checks.layout.projection import Projection
    from checks.model import Combination, Table
    from checks.schedule.periods import Every

_SECOND = timedelta(seconds=1)
_MOST_PLACES = 31
"""A period that is kept in more places than that (a month of hours, without folders for its days) is not
looked for by name."""
_MOST_CELLS = 60_000
_SPECIAL = re.compile(r"[\x00-\x1f\"#%'*/:=?\\\x7f{\[\]^]")
"""What Hive writes as %XX into the names of partition folders (FileUtils.escapePathName)."""
HOLE = re.compile(r"\$\{([^}]*)\}")
_GROUP_NAME = re.compile(r"\?P<\w+>")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a period's data should lie; ``values`` are its partition values where they are all known."""

    location: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Naming:
    """How places are named: a URI with ``${key}`` for a key's value, or ``${}`` for a whole dated path."""

    layout: TimeLayout
    template: str
    escaped: bool = False
    key_order: tuple[str, ...] = ()
    values: Combination = ()
    """The values of the keys beside time that have a hole in the template."""

    @property
    def missing(self) -> list[str]:
        """The holes whose values are not known: places cannot be named then, only read."""
        known = {key.name for key in self.layout.keys} | {name for name, _ in self.values} | {""}
        return [name for name in HOLE.findall(self.template) if name not in known]

    def parents(self) -> Naming | None:
        """Return the naming of the folders that all other values of a time lie in; None where those stand before it."""
        timed = {"", *(key.name for key in self.layout.keys)}
        holes = list(HOLE.finditer(self.template))
        first = next((number for number, hole in enumerate(holes) if hole[1] not in timed), None)
        if first is None or any(hole[1] in timed for hole in holes[first:]):
            return None
        folder = self.template[: self.template.rfind("/", 0, holes[first].start()) + 1]
        is_within = folder.count("${") == first
        return replace(self, template=folder, key_order=(), values=()) if is_within else None

    def places_of(self, period: Period, admits: Callable[[datetime], bool] | None = None) -> list[Place]:
        """Return the places of a period: one, one a padding, or one a cell where the layout is finer.

        A finer layout's cells are one place where their names have a beginning that no other period's have: a
        folder, or the beginning of names where numbers are padded. ``admits`` may leave cells out by their wall
        time. Empty when there are too many.
        """
        if self.missing:
            return []
        found: dict[str, Place] = {}
        cells = cells_in(self.layout, period)
        for layout in self.layout.variants():
            if self._is_finer(layout):
                plain = replace(self, escaped=False)  # a writer may have left names as they are
                places = [*self._beginnings(layout, period), *plain._beginnings(layout, period)]  # noqa: SLF001 - its own class
            elif len(cells) == 1:
                places = self._places(layout, cells[0])
            elif (shared := self._shared(layout, period, cells)) is not None:
                places = [Place(shared)]
            else:
                wanted = [cell for cell in cells if admits is None or admits(cell.wall)]
                if len(wanted) > _MOST_PLACES:
                    months = self._months(layout, period, cells)
                    if not months:
                        return []
                    places = months
                else:
                    places = [place for cell in wanted for place in self._places(layout, cell)]
            found |= {place.location: place for place in places}
        return list(found.values())

    def places_at(self, walls: Iterable[datetime]) -> list[Place]:
        """Return the places of partitions of these wall times, each by itself."""
        if self.missing:
            return []
        found: dict[str, Place] = {}
        for wall in walls:
            instant = first_instant(wall, self.layout.zone)
            cell = Period(instant, instant, wall, "")
            for layout in self.layout.variants():
                found |= {place.location: place for place in self._places(layout, cell)}
        return list(found.values())

    def read(self, uri: str) -> datetime | None:
        """Return the wall time that the name of an object tells; None when it tells none."""
        found = self.read_all(uri)
        return found[0] if found is not None else None

    def read_all(self, uri: str) -> tuple[datetime, dict[str, str]] | None:
        """Return the wall time that the name of an object tells, and the values of all holes; None when none."""
        for layout in self.layout.variants():
            match = self._pattern(layout).match(uri)
            if match is not None:
                names = HOLE.findall(self.template)
                values = {
                    name: unquote(text) if self.escaped else text
                    for name, text in zip(names, match.groups(), strict=True)
                }
                wall = layout.read(values)
                if wall is not None:
                    return wall, values
        return None

    def _pattern(self, layout: TimeLayout) -> re.Pattern[str]:
        """Match names of places: a hole is what its format writes, or one segment where nothing tells more."""
        formats = {key.name: key.format for key in layout.keys} | ({"": layout.path} if layout.path else {})
        found, end = "", 0
        for hole in HOLE.finditer(self.template):
            text = formats.get(hole[1])
            inner = (
                "[^/]+"
                if text is None or self.escaped
                else _GROUP_NAME.sub("?:", compile_format(text).regex.pattern)
            )
            found += re.escape(self.template[end : hole.start()]) + f"({inner})"
            end = hole.end()
        return re.compile(found + re.escape(self.template[end:]), re.DOTALL)

    def _is_finer(self, layout: TimeLayout) -> bool:
        """Tell whether names tell minutes or instants: then the names of a period cannot be listed one by one."""
        return layout.every is None

    def _beginnings(self, layout: TimeLayout, period: Period) -> list[Place]:
        """Return the beginnings of names of a layout of minutes: the period's, or those of its hours.

        Of a period that is shorter than an hour the one name of its start, where it has no beginning of its own.
        Of instants that have no common beginning, none.
        """
        whole = self._beginning(layout, period)
        if whole is not None:
            return [Place(whole)]
        if period.end - period.start < HOURLY.nominal and "minute" in layout.fields:
            return self._places(layout, period)
        hours: list[Period] = []
        for hour in islice(back_from(period.end - _SECOND, HOURLY, layout.zone), _MOST_PLACES + 1):
            if hour.start < period.start:
                break
            hours.append(hour)
        found = [self._beginning(layout, hour) for hour in hours]
        if len(hours) > _MOST_PLACES or None in found:
            return []
        return [Place(text) for text in found if text is not None]

    def _beginning(self, layout: TimeLayout, period: Period) -> str | None:
        first, last = (self._named(layout, at) for at in (period.start, period.end - _SECOND))
        if first == last:
            return first
        same = next(
            (n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
        )
        beside = [self._named(layout, at) for at in (period.start - _SECOND, period.end)]
        if "%-" in "".join(layout.formats) or any(name.startswith(first[:same]) for name in beside):
            return None
        return first[:same]

    def _named(self, layout: TimeLayout, instant: datetime) -> str:
        wall = wall_of(instant, layout.zone)
        return self._place(layout, Period(instant, instant, wall, "")).location

    def cut_off(self, values: dict[str, str], needed: set[str]) -> str | None:
        """Return the place of these values, up to the first key that has none; None where one is needed."""
        template = self.template
        for hole in HOLE.finditer(template):
            if hole[1] not in values:
                template = template[: template.rfind("/", 0, hole.start()) + 1]
                if any(later in needed for later in HOLE.findall(self.template[len(template) :])):
                    return None
                break
        return fill(template, values, escaped=self.escaped)

    def _places(self, layout: TimeLayout, cell: Period) -> list[Place]:
        """Return the place of a cell, and the one without %XX where a writer may have left it as it is."""
        place = self._place(layout, cell)
        plain = fill(self.template, layout.write(cell) | dict(self.values), escaped=False)
        return [place] if plain == place.location else [place, Place(plain, place.values)]

    def _place(self, layout: TimeLayout, cell: Period) -> Place:
        values = layout.write(cell) | dict(self.values)
        ordered = tuple(values[name] for name in self.key_order)
        return Place(fill(self.template, values, escaped=self.escaped), ordered)

    def _months(self, layout: TimeLayout, period: Period, cells: list[Period]) -> list[Place]:
        """Return the beginnings of names of a long period's months; empty where one of them has none of its own."""
        by_month: dict[datetime, list[Period]] = {}
        for cell in cells:
            by_month.setdefault(MONTHLY.floor(cell.wall), []).append(cell)
        if len(by_month) < 2:
            return []
        found = []
        for wall, days in by_month.items():
            part = Period(max(days[-1].start, period.start), days[0].end, wall, MONTHLY.label(wall))
            found.append(self._shared(layout, part, days))
        return [Place(text) for text in found if text is not None] if None not in found else []

    def _shared(self, layout: TimeLayout, period: Period, cells: list[Period]) -> str | None:
        names = [self._place(layout, cell).location for cell in cells]
        first, last = min(names), max(names)
        same = next(
            (count for count, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), 0
        )
        every = layout.every
        assert every is not None  # noqa: S101 - there are several cells
        beside = [period_at(instant, every, layout.zone) for instant in (period.start - _SECOND, period.end)]
        names_beside = [self._place(layout, cell).location for cell in beside]
        beginnings = [first[: first.rfind("/", 0, same) + 1]]
        if "%-" not in "".join(layout.formats):  # else 1 would be the beginning of 10 too
            beginnings.append(first[:same])
        apart = (text for text in beginnings if not any(name.startswith(text) for name in names_beside))
        return next(apart, None)


def fill(template: str, values: dict[str, str], *, escaped: bool) -> str:
    """Put values into the holes of a template, written as Hive does where ``escaped``."""
    return HOLE.sub(
        lambda hole: (
            (hive_name(values[hole[1]]) if escaped else values[hole[1]]) if hole[1] in values else hole[0]
        ),
        template,
    )


def hive_name(value: str) -> str:
    """Return a partition value as Hive and Spark write it into a folder's name: ``:`` as ``%3A``."""
    return _SPECIAL.sub(lambda match: f"%{ord(match[0]):02X}", value)


def cells_of(
    layout: TimeLayout, every: Every, first: datetime, until: datetime, most: int = _MOST_CELLS
) -> tuple[Period, ...]:
    """Return the cells of the layout from the wall time ``first`` to the instant ``until``, newest first."""
    cadence = layout.every or (HOURLY if "hour" in layout.fields else every)
    oldest = cadence.floor(first)
    cells = []
    for cell in islice(back_from(until, cadence, layout.zone), most):
        if cell.wall < oldest:
            break
        cells.append(cell)
    return tuple(cells)


def cells_in(layout: TimeLayout, period: Period) -> list[Period]:
    """Return the cells of a layout within a period, newest first; the period itself where they are no finer."""
    every = layout.every
    if every is None:
        return [period]
    cells = []
    for cell in islice(back_from(period.end - _SECOND, every, layout.zone), _MOST_CELLS):
        if cell.start < period.start:
            break
        cells.append(cell)
    return cells if len(cells) > 1 else [period]


def hive_naming(table: Table, layout: TimeLayout, values: Combination = ()) -> Naming | None:
    """Return how the table's partitions of these values are named by default: ``location/key=value/...``.

    None when a key whose values are not known stands before or between the others.
    """
    names = [key.name for key in table.partition_keys]
    known = {key.name for key in layout.keys} | {name for name, _ in values}
    leading = names[: len(known)]
    if table.location is None or set(leading) != known:
        return None
    folders = "".join(f"{hive_name(name)}=${{{name}}}/" for name in leading)
    key_order = tuple(names) if len(names) == len(known) else ()
    return Naming(layout, table.location + folders, escaped=True, key_order=key_order, values=values)


def hive_place(table: Table, values: Sequence[str]) -> str | None:
    """Return where a partition of these values lies by default; None when they are not all known."""
    if table.location is None or len(values) != len(table.partition_keys) or not values:
        return None
    pairs = zip(table.partition_keys, values, strict=True)
    return table.location + "".join(f"{hive_name(key.name)}={hive_name(value)}/" for key, value in pairs)


def path_naming(location: str, layout: TimeLayout) -> Naming:
    """Return how the dated paths below a bare prefix are named."""
    return Naming(layout, location + "${}")


def values_in(table: Table, uri: str) -> Place | None:
    """Read partition values back from an object's name in Hive's folders; None when they are not all there."""
    location = table.location or ""
    parts = uri.removeprefix(location).split("/")[:-1] if uri.startswith(location) else []
    pairs = [part.partition("=") for part in parts[: len(table.partition_keys)]]
    names = [key.name for key in table.partition_keys]
    if [unquote(name).lower() for name, _, _ in pairs] != names or not all(sign for _, sign, _ in pairs):
        return None
    return Place(
        location + "".join(f"{part}/" for part in parts[: len(names)]),
        tuple(unquote(text) for _, _, text in pairs),
    )


def projection_naming(
    table: Table, projection: Projection, layout: TimeLayout, values: Combination
) -> Naming | None:
    """Return how the projection names the places of these values of its other keys; None without a location.

    By its template as it is written, else as Hive does.
    """
    template, escaped = projection.template, False
    if template is None:
        if table.location is None:
            return None
        template = table.location + "".join(
            f"{hive_name(k.name)}=${{{k.name}}}/" for k in table.partition_keys
        )
        escaped = True
    return Naming(
        layout,
        template if template.endswith("/") else template + "/",
        escaped=escaped,
        key_order=tuple(key.name for key in table.partition_keys),
        values=values,
    )
