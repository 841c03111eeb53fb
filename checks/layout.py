"""Where time stands in a table's partition values or paths, inferred from what is there. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from checks.model import Column, JsonValue, Problem, ProblemKind
from checks.schedule.clock import wall_of
from checks.schedule.formats import can_tell, fields_of, finest_every, read_fields, wall_from, write_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.model import Period
    from checks.schedule.periods import Every

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"

_WHOLE_FORMATS = (
    "%Y-%m-%d", "%Y%m%d", "%Y-%m-%d-%H", "%Y%m%d%H", "%Y-%m-%dT%H", "%Y-%m-%d %H", "%Y%m%d-%H", "%Y%m%dT%H",
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.0", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.000Z", "%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%HZ", "%Y%m%dT%H%M%SZ",
    "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
    "%Y-%m-%d-%H-%M", "%Y-%m-%dT%H-%MZ", "%Y%m%d%H%M", "%Y%m%d%H%M%S", "%Y/%m/%d", "%Y/%m/%d/%H",
    "%Y_%m_%d", "%Y.%m.%d",
    "%Y-%m", "%Y%m", "%G-W%V", "%GW%V", "%G-%V", "%Y-%j", "%Y%j", "%d-%m-%Y", "%m-%d-%Y", "%s", "%Q",
)  # fmt: skip
_AMBIGUOUS_PAIRS = (("%d-%m-%Y", "%m-%d-%Y"),)
_PART_NAMES = {
    "year": ({"year", "yyyy", "yr", "y"}, ("%Y",)),
    "month": ({"month", "mm", "mon", "mo", "m"}, ("%m", "%-m")),
    "day": ({"day", "dd", "dom", "d"}, ("%d", "%-d")),
    "hour": ({"hour", "hh", "hr", "h"}, ("%H", "%-H")),
    "minute": ({"minute", "min", "mi"}, ("%M", "%-M")),
    "yearday": ({"doy", "yday", "yearday", "ddd", "dayofyear", "day_of_year"}, ("%j", "%-j")),
    "isoweek": ({"week", "wk", "isoweek", "week_of_year"}, ("%V", "%-V")),
}
_TOKEN = re.compile(r"%(-?)([mdHMjV])")
_INTEGERS = ("int", "bigint", "smallint", "tinyint")
_MOST_TOLD = 3
_SENTINELS = ("0001", "1900", "1970", "2999", "3000", "9999")
"""How dates begin that stand for never or always: they tell nothing about the format of the others."""
_EPOCHS = ("%s", "%Q")


@dataclass(frozen=True, slots=True)
class StatedLayout:
    """What a config states of the time key: names of keys, and formats beside them where they are stated.

    Without ``keys`` the one format is that of the path below the location, such as ``%Y/%m/%d/``.
    """

    keys: tuple[str, ...]
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyFormat:
    """A partition key that carries time, and how its values write it."""

    name: str
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLayout:
    """How a period becomes partition values, or a path below the location, and back.

    ``keys`` carry time in the table's partition values; where a location has no catalog entry ``path`` is
    the format of the path below it instead, with a slash at its end when it is a folder.
    ``padding_known`` is False when no value told whether numbers are padded: both ways are then tried.
    """

    zone: ZoneInfo
    keys: tuple[KeyFormat, ...] = ()
    path: str | None = None
    padding_known: bool = True
    evidence: str = field(default="", compare=False)
    """What it was inferred from, for people; empty where it was not."""

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that carry time."""
        return (self.path,) if self.path is not None else tuple(key.format for key in self.keys)

    @property
    def fields(self) -> set[str]:
        """The parts of time that are carried."""
        return set(_fields_of(self.formats))

    @property
    def every(self) -> Every | None:
        """The cadence that the layout suggests, None when it suggests none."""
        return finest_every(self.fields)

    def can_tell(self, every: Every) -> bool:
        """Tell whether each period of the cadence has values of its own."""
        return _can_tell(self.formats, every)

    def write(self, period: Period) -> dict[str, str]:
        """Return the value of each time key for the period (the path under the name ``""``)."""
        wall = wall_of(period.start, self.zone) if self._is_epoch else period.wall
        if self.path is not None:
            return {"": write_time(self.path, wall, self.zone)}
        return {key.name: write_time(key.format, wall, self.zone) for key in self.keys}

    def read(self, values: Mapping[str, str]) -> datetime | None:
        """Return the wall time that values carry; None when they do not fit the formats or each other."""
        fields: dict[str, int] = {}
        pairs = [("", self.path)] if self.path is not None else [(k.name, k.format) for k in self.keys]
        for name, text in pairs:
            found = read_fields(text or "", values.get(name, ""))
            if found is None and not self.padding_known:
                found = read_fields(other_padding(text or ""), values.get(name, ""))
            if found is None or any(fields.get(field, number) != number for field, number in found.items()):
                return None
            fields |= found
        return wall_from(fields, self.zone)

    def variants(self) -> tuple[TimeLayout, ...]:
        """Return the layouts to try: two where the padding is not known."""
        if self.padding_known:
            return (self,)
        keys = tuple(KeyFormat(key.name, other_padding(key.format)) for key in self.keys)
        path = other_padding(self.path) if self.path is not None else None
        return self, replace(self, keys=keys, path=path)

    def say(self) -> str:
        """Say it for people: ``dt as %Y-%m-%d``, ``year, month, day as %Y, %-m, %-d``."""
        if self.path is not None:
            return f"the path {self.path}"
        return f"{', '.join(k.name for k in self.keys)} as {', '.join(k.format for k in self.keys)}"

    def to_json(self) -> dict[str, JsonValue]:
        """Return what history keeps of it."""
        return {
            "keys": [[key.name, key.format] for key in self.keys],
            "path": self.path,
            "padding_known": self.padding_known,
            "evidence": self.evidence,
        }

    @property
    def _is_epoch(self) -> bool:
        return bool(self.fields & {"epoch", "epoch_ms"})


@lru_cache(maxsize=256)
def _fields_of(formats: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for text in formats for name in fields_of(text))


@lru_cache(maxsize=256)
def _can_tell(formats: tuple[str, ...], every: Every) -> bool:
    return can_tell(set(_fields_of(formats)), every)


def layout_from_json(document: Mapping[str, JsonValue], zone: ZoneInfo) -> TimeLayout | None:
    """Read back what `TimeLayout.to_json` wrote; None when it is not that (an older or torn document)."""
    keys, path, evidence = document.get("keys"), document.get("path"), document.get("evidence")
    try:
        pairs = (
            tuple((str(pair[0]), str(pair[1])) for pair in keys if isinstance(pair, list))
            if isinstance(keys, list)
            else ()
        )
    except IndexError:
        return None
    return _layout_of(
        zone,
        pairs,
        path if isinstance(path, str) else None,
        document.get("padding_known") is not False,
        evidence if isinstance(evidence, str) else "",
    )


@lru_cache(maxsize=1024)
def _layout_of(
    zone: ZoneInfo,
    pairs: tuple[tuple[str, str], ...],
    path: str | None,
    padding_known: bool,  # noqa: FBT001 - only positions make a key that is quick
    evidence: str,
) -> TimeLayout | None:
    """Return the layout, None where it carries no time. Thousands of tables have one, and each check asks for it."""
    layout = TimeLayout(
        zone=zone,
        keys=tuple(KeyFormat(name, text) for name, text in pairs),
        path=path,
        padding_known=padding_known,
        evidence=evidence,
    )
    try:
        return layout if layout.fields else None
    except ValueError:
        return None


def other_padding(text: str) -> str:
    """Return the format with padded numbers made unpadded and the other way round."""
    return _TOKEN.sub(lambda match: f"%{'' if match[1] else '-'}{match[2]}", text)


def infer_layout(
    keys: Sequence[Column],
    samples: Iterable[Sequence[str]],
    zone: ZoneInfo,
    stated: StatedLayout | None = None,
) -> TimeLayout | Problem:
    """Find out which partition keys carry time and how, from their names, types and a sample of values.

    Returns a problem, with what to write into the config, when no key carries time, when values mix
    formats (with counts), or when two readings fit equally well.
    """
    rows = [dict(zip([key.name for key in keys], values, strict=False)) for values in samples]
    if stated is not None and stated.formats:
        return _stated(keys, stated, rows, zone)
    names = set(stated.keys) if stated else {key.name for key in keys}
    if unknown := names - {key.name for key in keys}:
        return _not_a_key(unknown, keys)
    found: list[KeyFormat] = []
    problems: list[Problem] = []
    for key in keys:
        if key.name not in names:
            continue
        values = [row[key.name] for row in rows if row.get(key.name, NULL_PARTITION) != NULL_PARTITION]
        fitting = _formats_of(key, values)
        if isinstance(fitting, Problem):
            problems.append(fitting)
        else:
            found.extend(KeyFormat(key.name, text) for text in fitting)
    layout = _assemble(keys, found, rows, zone)
    if problems and (isinstance(layout, Problem) or stated is not None):
        return problems[0]
    return layout if isinstance(layout, Problem) else replace(layout, evidence=_evidence(keys, layout, rows))


def _evidence(keys: Sequence[Column], layout: TimeLayout, rows: list[dict[str, str]]) -> str:
    """Say what a layout was inferred from: ``100 sampled partitions such as dt=2026-11-22``."""
    shown = next(
        ("/".join(f"{key.name}={row[key.name]}" for key in layout.keys)
         for row in reversed(rows) if all(key.name in row for key in layout.keys)),
        "",
    )  # fmt: skip
    if not shown:
        types = {key.name: key.type for key in keys}
        return "names and types of keys: " + ", ".join(f"{key.name} {types[key.name]}" for key in layout.keys)
    return f"{len(rows)} sampled partition{'' if len(rows) == 1 else 's'} such as {shown}"


def _formats_of(key: Column, values: list[str]) -> tuple[str, ...] | Problem:
    """Return the one format that fits the key, or none; a problem when several fit or only some values do."""
    part = _part_format(key, values)
    if part is not None:
        return (part,)
    if not values:
        return ("%Y-%m-%d",) if key.type == "date" else ()
    values = [value for value in values if not value.startswith(_SENTINELS)] or values
    fits = {text: sum(_plausible(text, value) for value in values) for text in _candidates(key)}
    whole = [text for text, count in fits.items() if count == len(values)]
    for pair in _AMBIGUOUS_PAIRS:
        if set(pair) <= set(whole):
            return Problem(
                ProblemKind.AMBIGUOUS,
                f"values of {key.name} such as {values[0]!r} can be read as {pair[0]} and as {pair[1]}",
                f'state it: partitions: {{key: {key.name}, format: "{pair[0]}"}}',
            )
    if whole:
        return (whole[0],)
    best = max(fits, key=lambda text: fits[text])
    return _mixed(key, values, best) if fits[best] * 2 >= len(values) else ()


def _candidates(key: Column) -> Sequence[str]:
    """Return the formats to try, the likelier first: ``2026-11`` is a week where the key's name says so."""
    if re.search(r"week|wk", key.name, re.IGNORECASE):
        return sorted(_WHOLE_FORMATS, key=lambda text: "%V" not in text)
    return _WHOLE_FORMATS


def _part_format(key: Column, values: list[str]) -> str | None:
    """Return the format of a key that by its name carries one part of time, such as ``month``."""
    for names, formats in _PART_NAMES.values():
        if key.name.lower().strip("_") not in names:
            continue
        if not values:
            return formats[-1] if key.type in _INTEGERS else formats[0]
        for text in formats:
            if all(read_fields(text, value) is not None for value in values):
                return text
    return None


def _mixed(key: Column, values: list[str], best: str) -> Problem:
    """Tell how many of the sampled values are written in which way, the most frequent first."""
    left, text = list(values), best
    parts: list[str] = []
    while len(parts) < _MOST_TOLD:
        fitting = sum(_plausible(text, value) for value in left)
        if not fitting:
            break
        parts.append(f"{fitting} as {text}")
        left = [value for value in left if not _plausible(text, value)]
        counts = Counter({each: sum(_plausible(each, value) for value in left) for each in _WHOLE_FORMATS})
        text = counts.most_common(1)[0][0]
    if left:
        parts.append(f"{len(left)} in other ways, such as {left[0]!r}")
    ways = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return Problem(
        ProblemKind.AMBIGUOUS,
        f"of {len(values)} sampled values of {key.name}, {ways} are written",
        f'state the format that counts: partitions: {{key: {key.name}, format: "{best}"}}',
    )


def _plausible(text: str, value: str) -> bool:
    fields = read_fields(text, value)
    if fields is None:
        return False
    year = fields.get("year", fields.get("isoyear"))
    if year is None:  # epochs: between 2001 and 2033 in seconds and in milliseconds
        return 1_000_000_000 <= fields.get("epoch", fields.get("epoch_ms", 0) // 1000) <= 2_000_000_000
    return 1980 <= year <= 2100


def _assemble(
    keys: Sequence[Column], found: list[KeyFormat], rows: list[dict[str, str]], zone: ZoneInfo
) -> TimeLayout | Problem:
    if any(key.format not in _EPOCHS and _is_whole(key.format) for key in found):
        found = [
            key for key in found if key.format not in _EPOCHS
        ]  # a number of ten digits is rather an id then
    if (rivals := _rivals(found, rows)) is not None:
        return rivals
    fields = {name for key in found for name in fields_of(key.format)}
    if "isoweek" in fields and "year" in fields and "month" not in fields:
        found = [replace(key, format=key.format.replace("%Y", "%G")) for key in found]
        fields = {name for key in found for name in fields_of(key.format)}
    if finest_every(fields) is None and not fields & {"epoch", "epoch_ms", "minute"}:
        return _no_time_key(keys, rows)
    if not fields & {"year", "isoyear", "epoch", "epoch_ms"}:
        return _no_time_key(keys, rows)
    layout = TimeLayout(zone=zone, keys=tuple(found), padding_known=True)
    padded = {_shows_padding(key.format, row.get(key.name, "")) for key in found for row in rows}
    if not _TOKEN.search("".join(key.format for key in found if len(fields_of(key.format)) == 1)):
        return layout  # no number stands alone, so padding is part of the format
    if True in padded or False in padded:
        style = True in padded
        return replace(layout, keys=tuple(_pad(key, padded=style) for key in found))
    return replace(layout, padding_known=False)


def _is_whole(text: str) -> bool:
    fields = set(fields_of(text))
    return bool(fields & {"year", "isoyear", "epoch", "epoch_ms"}) and finest_every(fields) is not None


def _rivals(found: list[KeyFormat], rows: list[dict[str, str]]) -> Problem | None:
    """Return the problem that two keys tell different times, such as the day of an event and of its load."""
    whole = [key for key in found if _is_whole(key.format) or key.format in _EPOCHS]
    for number, one in enumerate(whole):
        for other in whole[number + 1 :]:
            for row in rows:
                mine = read_fields(one.format, row.get(one.name, ""))
                theirs = read_fields(other.format, row.get(other.name, ""))
                if not mine or not theirs:
                    continue
                if mine.keys().isdisjoint(theirs) or any(
                    theirs.get(name, value) != value for name, value in mine.items()
                ):
                    return Problem(
                        ProblemKind.AMBIGUOUS,
                        f"{one.name} and {other.name} both carry time, and not the same: "
                        f"{one.name}={row[one.name]}/{other.name}={row[other.name]}",
                        f"state which one says when data was due: partitions: {{key: {one.name}}}",
                    )
    return None


def _shows_padding(text: str, value: str) -> bool | None:
    """Tell from one value of a number that stands alone: ``05`` is padded, ``5`` is not, ``11`` tells nothing."""
    if len(fields_of(text)) != 1 or not _TOKEN.fullmatch(text):
        return None
    width = 3 if text.endswith("j") else 2
    if value.startswith("0") and len(value) == width:
        return True
    return False if 0 < len(value) < width else None


def _pad(key: KeyFormat, *, padded: bool) -> KeyFormat:
    match = _TOKEN.fullmatch(key.format)
    return key if match is None else KeyFormat(key.name, f"%{'' if padded else '-'}{match[2]}")


def _stated(
    keys: Sequence[Column], stated: StatedLayout, rows: list[dict[str, str]], zone: ZoneInfo
) -> TimeLayout | Problem:
    if not stated.keys:
        return TimeLayout(zone=zone, path=stated.formats[0])
    if unknown := set(stated.keys) - {key.name for key in keys}:
        return _not_a_key(unknown, keys)
    pairs = zip(stated.keys, stated.formats, strict=True)
    layout = TimeLayout(zone=zone, keys=tuple(KeyFormat(name, text) for name, text in pairs))
    known = [row for row in rows if NULL_PARTITION not in row.values()]
    misfits = [row for row in known if layout.read(row) is None]
    if known and len(misfits) == len(known):
        shown = ", ".join(f"{key.name}={misfits[0].get(key.name)}" for key in layout.keys)
        return Problem(
            ProblemKind.MALFORMED,
            f"none of {len(known)} sampled partitions fits {layout.say()}: {shown}",
            "mend the format in the config, or the partitions",
        )
    return layout


def _not_a_key(unknown: set[str], keys: Sequence[Column]) -> Problem:
    known = ", ".join(key.name for key in keys) or "none"
    return Problem(
        ProblemKind.AMBIGUOUS,
        f"{', '.join(sorted(unknown))} is not a partition key; the table's keys are: {known}",
        "name one of them as partitions: {key: ...}",
    )


def _no_time_key(keys: Sequence[Column], rows: list[dict[str, str]]) -> Problem:
    shown = ", ".join(f"{key.name}={rows[0].get(key.name, '')}" if rows else key.name for key in keys)
    return Problem(
        ProblemKind.AMBIGUOUS,
        f"no partition key was seen to carry time: {shown}",
        'state it: partitions: {key: dt, format: "%Y%m%d"}, or key: [year, month, day]',
    )


def infer_path(names: Sequence[str], zone: ZoneInfo) -> TimeLayout | Problem:
    """Find out the time layout of a location without partitions from paths of folders below it.

    ``names`` are paths relative to the location with a slash at their end, such as ``dt=2026-11-22/`` or
    ``2026/11/22/``. Hive names (``key=value``) keep their keys as literal text in the format.
    """
    paths = [name.strip("/").split("/") for name in names]
    depth = min((len(path) for path in paths), default=0)
    if depth == 0:
        return Problem(ProblemKind.AMBIGUOUS, "no folders were seen below the location", _STATE_PATH)
    evidence = f"{len(paths)} folder{'' if len(paths) == 1 else 's'} such as {names[-1]}"
    if all("=" in part for path in paths for part in path[:depth]):
        layout = _infer_hive_path(paths, depth, zone)
        return layout if isinstance(layout, Problem) else replace(layout, evidence=evidence)
    for text in _PLAIN_PATHS:
        parts = text.split("/")
        heads = ["/".join(path[: len(parts)]) for path in paths if len(path) >= len(parts)]
        if len(parts) <= depth and all(_plausible(text, head) for head in heads):
            layout = TimeLayout(zone=zone, path=text + "/", evidence=evidence)
            return layout if len(parts) == 1 else _with_padding(layout, text, heads)
    return Problem(
        ProblemKind.AMBIGUOUS, f"folders such as {names[0]!r} were not seen to carry time", _STATE_PATH
    )


def _infer_hive_path(paths: list[list[str]], depth: int, zone: ZoneInfo) -> TimeLayout | Problem:
    keys = [Column(part.split("=", 1)[0], "string") for part in paths[0][:depth]]
    raw = [[part.split("=", 1)[1] for part in path[:depth]] for path in paths]
    rows = [[unquote(value) for value in row] for row in raw]
    layout = infer_layout(keys, rows, zone)
    if isinstance(layout, Problem):
        return replace(layout, remedy=_STATE_PATH)
    formats = {key.name: key.format for key in layout.keys}
    if [key.name for key in keys][: len(formats)] != list(formats):
        shown = "/".join(paths[0])
        return Problem(ProblemKind.AMBIGUOUS, f"time is not the first folder in {shown!r}", _STATE_PATH)
    escaped = {
        any(mark in value for mark in ("%3A", "%3a")) for row in raw for value in row if ":" in unquote(value)
    }
    if len(escaped) > 1:
        return Problem(
            ProblemKind.AMBIGUOUS,
            "some folders are written with : and some with %3A",
            "write all of them in one way, or state the one that counts",
        )
    if True in escaped:
        formats = {name: text.replace(":", "%%3A") for name, text in formats.items()}
    text = "/".join(f"{name.replace('%', '%%')}={value}" for name, value in formats.items())
    return replace(layout, keys=(), path=text + "/")


def _with_padding(layout: TimeLayout, text: str, paths: Sequence[str]) -> TimeLayout:
    """Settle by all paths whether numbers are padded; where none tells, both ways are tried."""
    if not _TOKEN.search(text):
        return layout
    told = {
        _shows_padding(token, value)
        for path in paths
        for token, value in zip(text.split("/"), path.split("/"), strict=False)
    }
    if True in told or False in told:
        return layout
    return replace(layout, padding_known=False)


def infer_names(names: Sequence[str], zone: ZoneInfo) -> TimeLayout | Problem:
    """Find out the time layout of a flat location from names of files, such as ``trips_2026-11.parquet``.

    The format ends with the time, so that all files of one period belong together whatever their endings.
    """
    by_path: dict[str, int] = {}
    for name in names:
        found = _dated_name(name)
        if found is not None:
            by_path[found] = by_path.get(found, 0) + 1
    dated = sum(by_path.values())
    if not dated or dated * 2 < len(names):
        return Problem(ProblemKind.AMBIGUOUS, "no folders or file names were seen to carry time", _STATE_PATH)
    likely = sorted(by_path, key=lambda path: (-by_path[path], path))
    if len(likely) > 1:
        shown = ", ".join(f"{path} ({by_path[path]})" for path in likely[:_MOST_TOLD])
        more = f" and {len(likely) - _MOST_TOLD} more" if len(likely) > _MOST_TOLD else ""
        return Problem(
            ProblemKind.AMBIGUOUS,
            f"names of files carry time in {len(likely)} ways: {shown}{more}",
            f'state the one that counts: partitions: {{format: "{likely[0]}"}}',
        )
    example = next(name for name in reversed(names) if _dated_name(name) is not None)
    evidence = f"{dated} file name{'' if dated == 1 else 's'} such as {example}"
    return TimeLayout(zone=zone, path=likely[0], evidence=evidence)


def _dated_name(name: str) -> str | None:
    """Return the path format of a file's name up to its date, None when it has none or several."""
    match = _DATE_IN_NAME.search(name)
    if match is None:
        return None
    for text in _NAME_FORMATS:
        if _plausible(text, match[0]):
            return name[: match.start()].replace("%", "%%") + text
    return None


_DATE_IN_NAME = re.compile(
    r"(?<!\d)[12]\d{3}(?:([-_.])(?:W\d{2}|\d{2}(?:\1\d{2}(?:[-_T]\d{2}(?:[-_]?\d{2}Z?)?)?)?)|\d{2}(?:\d{2}(?:[-_T]?\d{2}(?:\d{2})?)?)?)(?!\d)"
)
_NAME_FORMATS = (
    "%Y-%m-%d", "%Y%m%d", "%Y_%m_%d", "%Y.%m.%d", "%Y-%m", "%Y_%m", "%Y.%m", "%Y%m", "%G-W%V", "%Y-%m-%d-%H",
    "%Y-%m-%d_%H",
    "%Y-%m-%dT%H", "%Y%m%d%H", "%Y%m%d-%H", "%Y%m%d_%H", "%Y%m%dT%H", "%Y-%m-%dT%H-%MZ", "%Y%m%d%H%M", "%Y-%m-%d-%H-%M",
    "%Y%m%d_%H%M", "%Y%m%dT%H%M", "%Y_%m_%d_%H",
)  # fmt: skip
_PLAIN_PATHS = (
    "%Y/%m/%d/%H", "%Y/%-m/%-d/%-H", "%Y/%j/%H", "%Y/%m/%d", "%Y/%-m/%-d", "%Y/%j", "%Y/%m", "%Y/%-m",
    *_WHOLE_FORMATS,
)  # fmt: skip
_STATE_PATH = 'state it: partitions: {format: "%Y/%m/%d/"}'
