"""Where partitions lie that are not registered: as their registered siblings do. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from checks.lake.plain.naming import HOLE, Naming, Place, cells_in, hive_naming, hive_place
from checks.layout.paths import TIME_IN_PATHS
from checks.schedule.formats import fields_of, write_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from checks.layout import TimeLayout
    from checks.model import Combination, PartitionSeen, Period, Table

_MOST_SIBLINGS, _MOST_WAYS = 20, 3
MOST_CELLS = 31
"""A period whose partitions are more than these is not looked for one by one."""


@dataclass(frozen=True, slots=True)
class Way:
    """How partitions lie: a URI with ``${key}`` for a key's value and ``${}`` for the time as ``path`` writes it."""

    template: str
    path: str = ""
    escaped: bool = False

    def place(self, layout: TimeLayout, cell: Period, values: dict[str, str]) -> str | None:
        """Return where the partition of a cell lies, cut off before the first hole whose value is not known."""
        wall = cell.wall
        known = dict(values)
        if self.path:
            known[""] = write_time(self.path, wall, layout.zone)
        naming = Naming(layout, self.template, escaped=self.escaped)
        return naming.cut_off(known, needed={"", *(key.name for key in layout.keys)})


def ways_of(table: Table, layout: TimeLayout, siblings: Sequence[PartitionSeen]) -> list[Way | None] | None:
    """Return how registered partitions are placed, the most frequent way first; None where no way is seen in it.

    Hive's default below the table's location is told as None, and is the way where nothing is registered. Another
    one has to hold for two of them, or for the only one there is: of many, one that was moved shows nothing.
    """
    fits: list[list[Way | None]] = []
    newest = sorted(siblings, key=lambda each: each.period, reverse=True)
    for sibling in newest[:_MOST_SIBLINGS]:
        if sibling.location is None or len(sibling.values) != len(table.partition_keys):
            continue
        if hive_place(table, sibling.values) == sibling.location:
            fits.append([None])
            continue
        row = dict(zip((key.name for key in table.partition_keys), sibling.values, strict=True))
        wall = layout.read(row)
        fits.append(list(_fitting(sibling.location, layout, row, wall)) if wall is not None else [])
    if not fits:
        return [None]
    found: list[Way | None] = []
    while len(found) < _MOST_WAYS:
        left = [dict.fromkeys(each) for each in fits if not set(each) & set(found)]
        counts = Counter(way for each in left for way in each)
        likely = [way for way, count in counts.most_common(1) if way is None or count > 1 or len(fits) == 1]
        if not likely:
            break
        found += likely
    if None not in found and [None] in fits:
        found.append(None)
    return found or None


def _fitting(location: str, layout: TimeLayout, row: dict[str, str], wall: datetime) -> Iterable[Way]:
    """Yield the ways in which a partition of these values can have come to its location."""
    hive = _by_keys(location, row)
    if hive is not None:
        yield hive
        return
    timed = {key.name for key in layout.keys}
    others = {name: value for name, value in row.items() if name not in timed}
    for text in TIME_IN_PATHS:
        if not layout.fields <= set(fields_of(text)):
            continue
        found = _once(location, write_time(text, wall, layout.zone), "${}")
        rest = _with_values(found, others) if found is not None else None
        if rest is not None:
            yield Way(rest, text)
    plain = _with_values(location, row)
    if plain is not None:
        yield Way(plain)


def _by_keys(location: str, row: dict[str, str]) -> Way | None:
    """Read folders ``KEY=value`` in whatever case the keys are written; None where one of them is absent."""
    left = dict(row)
    parts = []
    for part in location.split("/"):
        name, sign, value = part.partition("=")
        key = unquote(name).lower()
        if sign and left.get(key) == unquote(value):
            parts.append(f"{name}=${{{key}}}")
            del left[key]
        else:
            parts.append(part)
    return Way("/".join(parts), escaped=True) if not left and "$" not in location else None


def _with_values(location: str, values: dict[str, str]) -> str | None:
    """Put a hole where each value stands by itself; None where one stands nowhere, or twice."""
    found: str | None = location
    for name, value in values.items():
        found = _once(found, value, f"${{{name}}}") if found is not None else None
    return found


def _once(location: str, value: str, hole: str) -> str | None:
    bucket, slash, path = location.removeprefix("s3://").partition("/")
    pattern = rf"(?<=[/=]){re.escape(value)}(?=/)"
    if not value or len(re.findall(pattern, slash + path)) != 1:
        return None
    return f"s3://{bucket}{re.sub(pattern, lambda _: hole, slash + path)}"


def places_by(
    way: Way | None, table: Table, layout: TimeLayout, period: Period, values: Combination
) -> list[Place]:
    """Return where a period's partitions lie, each cell by itself where its values are told; none if not known."""
    if way is None or (way.escaped and len(cells_in(layout, period)) > 1):
        naming = hive_naming(table, layout, values) if way is None else _cut(way, table, layout, values)
        return naming.places_of(period) if naming is not None else []
    cells = cells_in(layout, period)
    if len(cells) > MOST_CELLS:
        return []
    names = [key.name for key in table.partition_keys]
    found: dict[str, Place] = {}
    for cell in cells:
        for variant in layout.variants():
            known = variant.write(cell) | dict(values)
            place = way.place(layout, cell, known)
            if place is not None:
                row = tuple(known[name] for name in names) if set(names) <= set(known) else ()
                found.setdefault(place, Place(place, row))
    return list(found.values())


def _cut(way: Way, table: Table, layout: TimeLayout, values: Combination) -> Naming | None:
    """Return the naming of folders ``KEY=value``, up to the first key whose value is not known."""
    known = {key.name for key in layout.keys} | {name for name, _ in values}
    template = way.template
    for hole in HOLE.finditer(template):
        if hole[1] not in known:
            template = template[: template.rfind("/", 0, hole.start()) + 1]
            break
    holes = set(HOLE.findall(template))
    if not {key.name for key in layout.keys} <= holes:
        return None
    names = tuple(key.name for key in table.partition_keys)
    return Naming(
        layout, template, escaped=True, key_order=names if set(names) <= known else (), values=values
    )
