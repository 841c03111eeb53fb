"""Where the data of a period should lie, by name: Hive folders, dated paths, projections. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from checks.layout import StatedLayout
from checks.schedule.periods import back_from, period_at

if TYPE_CHECKING:
    from datetime import datetime

    from checks.layout import TimeLayout
    from checks.model import Period, Table
    from checks.schedule.periods import Every

_SECOND = timedelta(seconds=1)
_MOST_PLACES = 31
"""A period that is kept in more places than that (a month of hours, without folders for its days) is not
looked for by name."""
_MOST_CELLS = 60_000
_SPECIAL = re.compile(r"[\x00-\x1f\"#%'*/:=?\\\x7f{\[\]^]")
"""What Hive writes as %XX into the names of partition folders (FileUtils.escapePathName)."""
_HOLE = re.compile(r"\$\{([^}]*)\}")
_JAVA = {
    "yyyy": "%Y", "MM": "%m", "M": "%-m", "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H", "mm": "%M", "m": "%-M",
    "ss": "%S", "DDD": "%j", "D": "%-j", "YYYY": "%G", "ww": "%V", "w": "%-V", "uuuu": "%Y",
}  # fmt: skip
_JAVA_PARTS = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
_INTEGER_PARTS = {"year": "%Y", "month": "%-m", "day": "%-d", "hour": "%-H"}


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

    def places_of(self, period: Period) -> list[Place]:
        """Return the places of a period: one, one a padding, or one a cell where the layout is finer.

        A finer layout's cells are one place where they share folders that no other period lies in. Empty when
        there are too many.
        """
        found: dict[str, Place] = {}
        cells = self._cells(period)
        for layout in self.layout.variants():
            if len(cells) == 1:
                places = [self._place(layout, cells[0])]
            else:
                shared = self._shared(layout, period, cells)
                if shared is not None:
                    places = [Place(shared)]
                elif len(cells) <= _MOST_PLACES:
                    places = [self._place(layout, cell) for cell in cells]
                else:
                    return []
            found |= {place.location: place for place in places}
        return list(found.values())

    def read(self, uri: str) -> datetime | None:
        """Return the wall time that the name of an object tells; None when it tells none."""
        for layout in self.layout.variants():
            match = self._pattern(layout).match(uri)
            if match is not None:
                names = _HOLE.findall(self.template)
                values = {
                    name: unquote(text) if self.escaped else text
                    for name, text in zip(names, match.groups(), strict=True)
                }
                wall = layout.read(values)
                if wall is not None:
                    return wall
        return None

    def _pattern(self, layout: TimeLayout) -> re.Pattern[str]:
        """Match names of places: each hole holds as many segments as its format has."""
        formats = {key.name: key.format for key in layout.keys} | {"": layout.path or ""}
        found, end = "", 0
        for hole in _HOLE.finditer(self.template):
            text = formats.get(hole[1], "")
            slashes = 0 if self.escaped else text.count("/") - text.endswith("/")
            tail = "/" if text.endswith("/") and not self.escaped else ""
            found += re.escape(self.template[end : hole.start()]) + f"([^/]+(?:/[^/]+){{{slashes}}}{tail})"
            end = hole.end()
        return re.compile(found + re.escape(self.template[end:]), re.DOTALL)

    def _cells(self, period: Period) -> list[Period]:
        every = self.layout.every
        if every is None:
            return [period]
        walk = islice(back_from(period.end - _SECOND, every, self.layout.zone), _MOST_CELLS)
        cells = []
        for cell in walk:
            if cell.start < period.start:
                break
            cells.append(cell)
        return cells if len(cells) > 1 else [period]

    def _place(self, layout: TimeLayout, cell: Period) -> Place:
        values = layout.write(cell)
        ordered = tuple(values[name] for name in self.key_order)
        return Place(fill(self.template, values, escaped=self.escaped), ordered)

    def _shared(self, layout: TimeLayout, period: Period, cells: list[Period]) -> str | None:
        names = [self._place(layout, cell).location for cell in cells]
        first, last = min(names), max(names)
        same = next(
            (count for count, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), 0
        )
        shared = first[: first.rfind("/", 0, same) + 1]
        every = layout.every
        assert every is not None  # noqa: S101 - there are several cells
        beside = [period_at(instant, every, layout.zone) for instant in (period.start - _SECOND, period.end)]
        if any(self._place(layout, cell).location.startswith(shared) for cell in beside):
            return None
        return shared


def fill(template: str, values: dict[str, str], *, escaped: bool) -> str:
    """Put values into the holes of a template, written as Hive does where ``escaped``."""
    return _HOLE.sub(
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
    cadence = layout.every or every
    oldest = cadence.floor(first)
    cells = []
    for cell in islice(back_from(until, cadence, layout.zone), most):
        if cell.wall < oldest:
            break
        cells.append(cell)
    return tuple(cells)


def hive_naming(table: Table, layout: TimeLayout) -> Naming | None:
    """Return how the table's partitions are named by default: ``location/key=value/...``.

    None when another key stands before or between those that carry time: its values are not known.
    """
    names = [key.name for key in table.partition_keys]
    timed = {key.name for key in layout.keys}
    leading = names[: len(timed)]
    if table.location is None or set(leading) != timed:
        return None
    folders = "".join(f"{hive_name(name)}=${{{name}}}/" for name in leading)
    key_order = tuple(names) if len(names) == len(timed) else ()
    return Naming(layout, table.location + folders, escaped=True, key_order=key_order)


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


def is_projected(table: Table) -> bool:
    """Tell whether Athena computes the table's partitions (partition projection): then none is registered."""
    return table.parameters.get("projection.enabled", "").strip().lower() == "true"


def projected(table: Table) -> StatedLayout | str:
    """Return the time keys that the table's projection states; a sentence when it cannot be read this way."""
    formats: list[tuple[str, str]] = []
    for key in table.partition_keys:
        kind = table.parameters.get(f"projection.{key.name}.type", "").strip().lower()
        text: str | None
        if kind == "date":
            text = java_format(table.parameters.get(f"projection.{key.name}.format", "yyyy-MM-dd"))
        elif kind == "integer":
            text = _INTEGER_PARTS.get(key.name.lower())
            if table.parameters.get(f"projection.{key.name}.digits") == "2" and text is not None:
                text = text.replace("%-", "%")
        else:
            text = None
        if text is None:
            return (
                f"{table.id}: its projection of {key.name!r} ({kind or 'no type'}) is not read; "
                "date keys, and integer keys named year, month, day or hour are"
            )
        formats.append((key.name, text))
    if not formats:
        return f"{table.id}: partition projection is on, but it has no partition keys"
    return StatedLayout(tuple(name for name, _ in formats), tuple(text for _, text in formats))


def java_format(text: str) -> str | None:
    """Return the format for a Java date pattern, as projections use it; None when it cannot be read."""
    found, end = "", 0
    for match in _JAVA_PARTS.finditer(text):
        if match.start() != end:
            return None
        end = match.end()
        if match[1] is not None:
            found += match[1].replace("''", "'").replace("%", "%%")
        elif match[2] is None:
            found += match[0].replace("%", "%%")
        else:
            token = _JAVA.get(match[0])
            if token is None:
                return None
            found += token
    return found if end == len(text) and "%" in found else None


def projection_naming(table: Table, layout: TimeLayout) -> Naming | None:
    """Return how the projection names places: by its template, else as Hive does; None without a location."""
    template = table.parameters.get("storage.location.template")
    if not template:
        return hive_naming(table, layout)
    names = {key.name for key in layout.keys}
    if not template.startswith("s3://") or not set(_HOLE.findall(template)) <= names:
        return None
    names_in_order = tuple(key.name for key in table.partition_keys)
    return Naming(layout, template if template.endswith("/") else template + "/", key_order=names_in_order)
