"""Partition projection: what a table's properties say of its partitions, none of which is registered. Pure.

The properties are Athena's: ``projection.enabled``, and for each key ``projection.KEY.type`` (date, integer,
enum, injected) with ``range``, ``format``, ``interval``, ``interval.unit``, ``digits`` and ``values``
(docs.aws.amazon.com/athena, "Supported types for partition projection").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

from checks.layout import StatedLayout
from checks.layout.keys import format_of
from checks.layout.projected_time import LEAST, NOW, TimeKey, read_whole
from checks.model import Problem, ProblemKind
from checks.schedule.clock import wall_of
from checks.schedule.formats import fields_of, finest_every, read_fields, write_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from checks.layout import TimeLayout
    from checks.model import Combination, Period, Table

MOST_PLACES = 1000
"""A period is looked at in no more places than this: one for each combination of enum and integer values."""
TEMPLATE = "storage.location.template"
_SECOND = timedelta(seconds=1)
_UNITS = ("YEAR", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE", "SECOND")
_FINEST = {
    "year": "YEAR", "quarter": "MONTH", "month": "MONTH", "isoweek": "WEEK", "day": "DAY", "yearday": "DAY",
    "hour": "HOUR", "minute": "MINUTE", "second": "SECOND",
}  # fmt: skip
"""The unit of steps where none is stated: that of the finest part of the format."""
_INTEGER_PARTS = {
    "year": "%Y", "yyyy": "%Y", "month": "%-m", "mm": "%-m", "day": "%-d", "dd": "%-d", "hour": "%-H", "hh": "%-H",
    "minute": "%-M", "doy": "%-j", "week": "%-V", "quarter": "%q", "qtr": "%q",
}  # fmt: skip
_INTEGER_DATES = {8: "%Y%m%d", 10: "%Y%m%d%H", 6: "%Y%m"}
_JAVA = {
    "yyyy": "%Y", "MM": "%m", "M": "%-m", "dd": "%d", "d": "%-d", "HH": "%H", "H": "%-H", "mm": "%M", "m": "%-M",
    "ss": "%S", "DDD": "%j", "D": "%-j", "YYYY": "%G", "ww": "%V", "w": "%-V", "uuuu": "%Y",
    "Q": "%q", "q": "%q", "QQ": "0%q", "qq": "0%q",
}  # fmt: skip
_JAVA_PARTS = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")


class Unprojectable(Exception):  # noqa: N818 - what the table then is
    """Raised for projection properties that cannot be read, with a sentence and what to do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy

    def of(self, table: Table) -> Problem:
        """Return the problem that this is of a table."""
        return Problem(ProblemKind.UNSUPPORTED, f"{table.id}: {self.message}", self.remedy)


def _state(each: str) -> str:
    """Say how values of keys are stated, also where the entry has no check of its partitions yet."""
    return (
        f'state the values that count, as in partitions: {{every: 1d, due: "06:00", each: {{{each}}}}}, or watch the '
        "folders that count by entries of their own (prefix: ...)"
    )


@dataclass(frozen=True, slots=True)
class Projection:
    """What is projected: the keys that carry time, and the values of the others (None: given by each query)."""

    times: tuple[TimeKey, ...]
    others: tuple[tuple[str, tuple[str, ...] | None], ...] = ()
    template: str | None = None

    @property
    def stated_layout(self) -> StatedLayout:
        """The time keys and their formats."""
        return StatedLayout(tuple(key.name for key in self.times), tuple(key.format for key in self.times))

    def admits(self, period: Period, layout: TimeLayout, now: datetime) -> bool:
        """Tell whether a period lies in the projected range at ``now``, at least in part."""
        return next(self.walls(period, layout.zone, now), None) is not None

    def walls(self, period: Period, zone: ZoneInfo, now: datetime) -> Iterator[datetime]:
        """Yield the wall times of the partitions that are projected for a period at ``now``, in the order of time.

        Values that are coarser than the period, such as that of its month, are those that its start lies in.
        """
        fields = {field for key in self.times for field in fields_of(key.format)}
        if len(self.times) == 1 and not fields & {"epoch", "epoch_ms"}:
            key = self.times[0]
            start, last = period.wall, wall_of(period.end - _SECOND, zone)
            own = read_whole(key.format, write_time(key.format, start, zone), zone)
            steps = key.values(min(start, own or start), last + LEAST, now, zone)
            if steps is not None:
                yield from steps
                return
        seen: set[tuple[str, ...]] = set()
        for wall in _cells(period, zone, fields):
            written = tuple(write_time(key.format, wall, zone) for key in self.times)
            if written not in seen and self.admits_cell(wall, now, zone):
                seen.add(written)
                yield wall

    def admits_cell(self, wall: datetime, now: datetime, zone: ZoneInfo) -> bool:
        """Tell whether the partition that a wall time lies in is projected at ``now``."""
        return all(key.admits(wall, now, zone) for key in self.times)

    def combinations(self, stated: Mapping[str, Sequence[str]]) -> list[Combination]:
        """Return each combination of the values of the keys that carry no time; ``stated`` ones beat the properties'.

        Raises Unprojectable where a value is not known, or where there are too many.
        """
        injected = [name for name, values in self.others if values is None and name not in stated]
        if injected:
            shown = ", ".join(f"{name}: [...]" for name in injected)
            keys = ", ".join(f"{name!r} (injected)" for name in injected)
            raise Unprojectable(
                f"its projection leaves the values of {keys} to each query, so its places are not known",
                _state(shown),
            )
        rows = [(name, tuple(stated.get(name, values or ()))) for name, values in self.others]
        count = 1
        for _, values in rows:
            count *= len(values)
        if count > MOST_PLACES:
            names = ", ".join(name for name, _ in rows)
            raise Unprojectable(
                f"its projection has more than {MOST_PLACES:,} combinations of {names} for each period, too many to "
                "look at each",
                _state(f"{rows[0][0]}: [...]"),
            )
        names_ = [name for name, _ in rows]
        return [tuple(zip(names_, row, strict=True)) for row in product(*(values for _, values in rows))]

    def say_range(self) -> str:
        """Say the range of the keys that have one."""
        return " and ".join(key.say_range() for key in self.times if key.start)


def is_projected(table: Table) -> bool:
    """Tell whether Athena computes the table's partitions (partition projection): then none is registered."""
    return table.parameters.get("projection.enabled", "").strip().lower() == "true"


def projection_of(table: Table, stated: StatedLayout | None = None) -> Projection:
    """Return what the table's properties project; raise Unprojectable with a sentence.

    Keys that are ``stated`` carry time in the format that is stated, whatever their type.
    """
    if not table.partition_keys:
        raise Unprojectable("partition projection is on, but it has no partition keys", "mend its properties")
    formats = dict(zip(stated.keys, stated.formats, strict=False)) if stated is not None else {}
    listed = _listed_times(table, formats)
    times: list[TimeKey] = []
    others: list[tuple[str, tuple[str, ...] | None]] = []
    for key in table.partition_keys:
        given = _Properties(table.parameters, key.name)
        kind = given.text("type").lower()
        if (
            key.name in formats
            or key.name in listed
            or kind == "date"
            or (kind == "integer" and _integer_format(given) is not None)
        ):
            times.append(_time_key(given, kind, formats.get(key.name) or listed.get(key.name)))
        elif kind in ("integer", "enum", "injected"):
            others.append((key.name, _values(given, kind)))
        else:
            raise Unprojectable(
                f"its projection of {key.name!r} ({kind or 'no type'}) is none that Athena knows",
                "write date, integer, enum or injected as its type",
            )
    template = table.parameters.get(TEMPLATE, "").strip() or None
    if template is not None:
        unknown = set(re.findall(r"\$\{([^}]*)\}", template)) - {key.name for key in table.partition_keys}
        if unknown or not template.startswith("s3://"):
            what = (
                f"names {', '.join(sorted(unknown))}, which is no key of it" if unknown else "is no s3:// URI"
            )
            raise Unprojectable(f"its {TEMPLATE} {what}", f"mend the property: {template}")
    return Projection(tuple(times), tuple(others), template)


def _listed_times(table: Table, formats: Mapping[str, str]) -> dict[str, str]:
    """Return the formats of keys whose values are listed and write time, by their names; none where they tell none.

    Only together with the other keys they may: a day of the month without its month is a value like any other.
    """
    found: dict[str, str] = {}
    fields = {field for text in formats.values() for field in fields_of(text)}
    for key in table.partition_keys:
        given = _Properties(table.parameters, key.name)
        kind = given.text("type").lower()
        text: str | None = None
        if kind == "enum" and key.name not in formats:
            text = format_of(key, _values(given, kind) or ())
            found |= {key.name: text} if text is not None else {}
        elif kind == "integer":
            text = _integer_format(given)
        elif kind == "date":
            text = java_format(given.text("format") or "yyyy-MM-dd")
        fields |= set(fields_of(text)) if text else set()
    tells = bool(fields & {"year", "isoyear"}) and finest_every(fields) is not None
    return found if tells else {}


@dataclass(frozen=True, slots=True)
class _Properties:
    parameters: Mapping[str, str]
    name: str

    def text(self, what: str) -> str:
        return self.parameters.get(f"projection.{self.name}.{what}", "").strip()

    def number(self, what: str) -> int:
        text = self.text(what) or "1"
        if not text.isdigit() or int(text) < 1:
            raise self.wrong(what, "is no whole number above zero")
        return int(text)

    def ends(self) -> tuple[str, str]:
        """Return both ends of the range, empty where none is stated."""
        text = self.text("range")
        if not text:
            return "", ""
        start, comma, end = (part.strip() for part in text.partition(","))
        if not (comma and start and end) or "," in end:
            raise self.wrong("range", "has not two ends")
        return start, end

    def wrong(self, what: str, why: str) -> Unprojectable:
        return Unprojectable(
            f"its property projection.{self.name}.{what} = {self.text(what)!r} {why}",
            "mend the property; a range of dates is such as NOW-3YEARS,NOW",
        )


def _time_key(given: _Properties, kind: str, stated: str | None) -> TimeKey:
    start, end = given.ends()
    if kind != "date":
        text = stated or _integer_format(given) or "%Y"
        is_integer = kind == "integer"
        for bound in (start, end):
            if is_integer and bound and not bound.lstrip("-").isdigit():
                raise given.wrong("range", "has an end that is no whole number")
        return TimeKey(
            given.name, text, start if is_integer else "", end if is_integer else "", given.number("interval"),
            is_integer=is_integer, listed=_values(given, kind) or () if kind == "enum" else (),
        )  # fmt: skip
    java = given.text("format") or "yyyy-MM-dd"
    text = stated or java_format(java) or ""
    if not text:
        raise Unprojectable(
            f"its property projection.{given.name}.format = {java!r} cannot be read",
            f'state it: partitions: {{key: {given.name}, format: "%Y-%m-%d"}}',
        )
    unit = given.text("interval.unit").upper().rstrip("S")
    if unit and unit not in _UNITS:
        raise given.wrong("interval.unit", "is no unit of time")
    unit = unit or next((_FINEST[field] for field in reversed(_FINEST) if field in fields_of(text)), "")
    key = TimeKey(given.name, text, start, end, given.number("interval"), unit)
    for bound in (start, end):
        match = NOW.fullmatch(bound)
        named = match is not None and (match[3] is None or match[3].upper() in _UNITS)
        if bound and not named and read_fields(text, bound) is None:
            raise given.wrong("range", f"has an end that is neither NOW nor written as {java}")
    return key


def _integer_format(given: _Properties) -> str | None:
    """Return how an integer key writes time, by its name and range; None when it carries none."""
    text = _INTEGER_PARTS.get(given.name.lower())
    if text is not None:
        padded = text.replace("%-", "%").replace("%q", "0%q")
        return padded if given.text("digits") in ("2", "3") else text
    start, _, end = (part.strip() for part in given.text("range").partition(","))
    whole = _INTEGER_DATES.get(len(start))
    if whole is None or not start.isdigit() or len(end) != len(start):
        return None
    fields = read_fields(whole, start)
    return whole if fields is not None and 1980 <= fields.get("year", 0) <= 2100 else None


def _values(given: _Properties, kind: str) -> tuple[str, ...] | None:
    """Return the values of a key that carries no time; None where queries give them."""
    if kind == "injected":
        return None
    if kind == "enum":
        values = tuple(
            dict.fromkeys(each.strip() for each in given.text("values").split(",") if each.strip())
        )
        if not values:
            raise given.wrong("values", "names no value")
        return values
    start, end = given.ends()
    if not (start.lstrip("-").isdigit() and end.lstrip("-").isdigit()):
        raise given.wrong("range", "has an end that is no whole number")
    digits = int(given.text("digits")) if given.text("digits").isdigit() else 0
    numbers = range(int(start), int(end) + 1, given.number("interval"))
    if len(numbers) > 2 * MOST_PLACES:  # more than are looked at anyway: enough to be counted as too many
        numbers = numbers[: 2 * MOST_PLACES]
    return tuple(str(number).zfill(digits) for number in numbers)


def _cells(period: Period, zone: ZoneInfo, fields: set[str]) -> Iterator[datetime]:
    """Yield the wall times of a period by the finest part of time that its values tell."""
    finest = next((unit for unit in ("minute", "hour") if unit in fields), "day")
    if fields & {"epoch", "epoch_ms"}:
        finest = "hour"
    step = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}[finest]
    moment = period.start
    while moment < period.end:
        yield wall_of(moment, zone)
        moment += step


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
