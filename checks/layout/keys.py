"""Which partition keys carry time and how, inferred from their names, types and a sample of values."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.layout.typed import OWN_FORMATS, kind_of, read_typed, spellings_of
from checks.layout.values import NULL_PARTITION, NUMBER, KeyFormat, StatedLayout, TimeLayout
from checks.model import Column, Problem, ProblemKind
from checks.schedule.formats import MONTH_NAMES, fields_of, finest_every, read_fields
from checks.schedule.periods import YEARLY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from zoneinfo import ZoneInfo

    from checks.schedule.periods import Every

WHOLE_FORMATS = (
    "%Y-%m-%d", "%Y%m%d", "%Y-%m-%d-%H", "%Y%m%d%H", "%Y-%m-%dT%H", "%Y-%m-%d %H", "%Y%m%d-%H", "%Y%m%dT%H",
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.0", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.000Z", "%Y-%m-%dT%H:%M:%S+00:00", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%HZ", "%Y%m%dT%H%M%SZ",
    "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
    "%Y-%m-%d-%H-%M-%S", "%Y-%m-%dT%H-%M-%S", "%Y-%m-%dT%H-%M-%SZ", "%Y-%m-%d_%H-%M-%S", "%Y-%m-%d %H-%M-%S",
    "%Y-%m-%d-%H%M%S", "%Y-%m-%d_%H%M%S", "%Y-%m-%dT%H%M%S", "%Y-%m-%dT%H%M%SZ", "%Y%m%dT%H%M%S", "%Y%m%d-%H%M%S",
    "%Y%m%d_%H%M%S", "%Y_%m_%d_%H_%M_%S", "%Y-%m-%d_%H-%M", "%Y-%m-%dT%H-%M", "%Y-%m-%d-%H%M", "%Y%m%d-%H%M",
    "%Y%m%d_%H%M", "%Y%m%dT%H%M",
    "%Y-%m-%d-%H-%M", "%Y-%m-%dT%H-%MZ", "%Y%m%d%H%M", "%Y%m%d%H%M%S", "%Y/%m/%d", "%Y/%m/%d/%H",
    "%Y_%m_%d", "%Y.%m.%d",
    "%Y-%b-%d", "%d-%b-%Y", "%d%b%Y", "%Y-%b", "%b-%Y",
    "%Y-Q%q", "%YQ%q", "%Y_Q%q", "%Y-q%q", "%Yq%q", "%Y_q%q", "Q%q-%Y", "Q%q%Y",
    "%Y-%m", "%Y%m", "%G-W%V", "%GW%V", "%G-%V", "%Y-%j", "%Y%j", "%d-%m-%Y", "%m-%d-%Y", "%s", "%Q",
)  # fmt: skip
_AMBIGUOUS_PAIRS = (("%d-%m-%Y", "%m-%d-%Y"),)
_PART_NAMES = {
    "year": ({"year", "yyyy", "yr", "y"}, ("%Y",)),
    "quarter": ({"quarter", "qtr", "qq", "q", "quarter_of_year"}, ("%q", "Q%q", "q%q", "0%q")),
    "month": ({"month", "mm", "mon", "mo", "m"}, ("%m", "%-m")),
    "day": ({"day", "dd", "dom", "d"}, ("%d", "%-d")),
    "hour": ({"hour", "hh", "hr", "h"}, ("%H", "%-H")),
    "minute": ({"minute", "min", "mi"}, ("%M", "%-M")),
    "yearday": ({"doy", "yday", "yearday", "ddd", "dayofyear", "day_of_year"}, ("%j", "%-j")),
    "isoweek": ({"week", "wk", "isoweek", "week_of_year"}, ("%V", "%-V")),
}
_CRAWLED = re.compile(r"partition_\d+")
"""How a crawler names the keys of folders without names."""
_IN_TURN = (("%Y",), ("%m", "%-m", *MONTH_NAMES), ("%d", "%-d"), ("%H", "%-H"))
_INTEGERS = ("int", "bigint", "smallint", "tinyint")
MOST_TOLD = 3
_SENTINELS = ("0001", "1900", "1970", "2999", "3000", "9999")
"""How dates begin that stand for never or always: they tell nothing about the format of the others."""
_EPOCHS = ("%s", "%Q")


def infer_layout(
    keys: Sequence[Column],
    samples: Iterable[Sequence[str]],
    zone: ZoneInfo,
    stated: StatedLayout | None = None,
    every: Every | None = None,
) -> TimeLayout | Problem:
    """Find out which partition keys carry time and how, from their names, types and a sample of values.

    A year by itself counts as time only where periods of a year are stated (``every``): else it says too little of when
    data comes. Returns a problem, with what to write into the config, when no key carries time, when values mix
    formats (with counts), or when two readings fit equally well.
    """
    rows = [dict(zip([key.name for key in keys], values, strict=False)) for values in samples]
    if stated is not None and stated.formats:
        return _stated(keys, stated, rows, zone)
    names = set(stated.keys) if stated else {key.name for key in keys}
    if unknown := names - {key.name for key in keys}:
        return _not_a_key(unknown, keys)
    numbered = _numbered(keys, rows, stated.keys if stated else ())
    found: list[KeyFormat] = []
    problems: list[Problem] = []
    for key in keys:
        if key.name not in names:
            continue
        values = [row[key.name] for row in rows if row.get(key.name, NULL_PARTITION) != NULL_PARTITION]
        fitting = _typed(key, values, zone) or _formats_of(key, values, every)
        fitting = fitting or ((numbered[key.name],) if key.name in numbered else ())
        if isinstance(fitting, KeyFormat):
            found.append(fitting)
        elif isinstance(fitting, Problem):
            problems.append(fitting)
        else:
            found.extend(KeyFormat(key.name, text) for text in fitting)
    layout = _assemble(keys, found, rows, zone, every)
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


def _typed(key: Column, values: list[str], zone: ZoneInfo) -> KeyFormat | None:
    """Return the format of a key whose type says that it carries time: only what strings mean is guessed.

    None for other types, and where values are written as times in ways that are none of the type's.
    """
    kind = kind_of(key.type)
    if not kind:
        return None
    odd = [value for value in values if read_typed(kind, value, zone) is None]
    if any(plausible(text, value) for value in odd for text in WHOLE_FORMATS):
        return None
    spelled = spellings_of(kind, values, zone) if values else (OWN_FORMATS[kind],)
    return KeyFormat(key.name, spelled[0], kind, spelled[1:]) if spelled else None


def _formats_of(key: Column, values: list[str], every: Every | None = None) -> tuple[str, ...] | Problem:
    """Return the one format that fits the key, or none; a problem when several fit or only some values do."""
    part = _part_format(key, values)
    if part is not None:
        return (part,)
    if not values:
        return ()
    values = [value for value in values if not value.startswith(_SENTINELS)] or values
    candidates = (*_candidates(key), *(("%Y",) if every == YEARLY else ()))
    whole = [text for text in candidates if all(plausible(text, value) for value in values)]
    for pair in _AMBIGUOUS_PAIRS:
        if set(pair) <= set(whole):
            return Problem(
                ProblemKind.AMBIGUOUS,
                f"values of {key.name} such as {values[0]!r} can be read as {pair[0]} and as {pair[1]}",
                f'state it: partitions: {{key: {key.name}, format: "{pair[0]}"}}',
            )
    if whole:
        return (whole[0],)
    fits = {text: sum(plausible(text, value) for value in values) for text in candidates}
    best = max(fits, key=lambda text: fits[text])
    return _mixed(key, values, best) if fits[best] * 2 >= len(values) else ()


def format_of(key: Column, values: Sequence[str]) -> str | None:
    """Return the one format that all values of a key are written in; None where they tell no time, or not clearly."""
    found = _formats_of(key, list(values))
    return found[0] if isinstance(found, tuple) and found else None


def _candidates(key: Column) -> Sequence[str]:
    """Return the formats to try, the likelier first: ``2026-11`` is a week where the key's name says so."""
    if re.search(r"week|wk", key.name, re.IGNORECASE):
        return sorted(WHOLE_FORMATS, key=lambda text: "%V" not in text)
    return WHOLE_FORMATS


def _part_format(key: Column, values: list[str]) -> str | None:
    """Return the format of a key that by its name carries one part of time, such as ``month``."""
    for names, formats in _PART_NAMES.values():
        if key.name.lower().strip("_") not in names:
            continue
        if not values:
            bare = [text for text in formats if text.startswith("%")]
            return bare[-1] if key.type in _INTEGERS else bare[0]
        by_name = MONTH_NAMES if "%m" in formats else ()
        for text in (*formats, *by_name):
            if all(read_fields(text, value) is not None for value in values):
                return text
    return None


def _numbered(keys: Sequence[Column], rows: list[dict[str, str]], stated: Collection[str]) -> dict[str, str]:
    """Return how keys whose names say nothing carry time one after another: year, month, day, hour.

    Such are a crawler's ``partition_0`` and those that are stated without a format. Each has to fit in all rows; fewer
    than year and month tell nothing.
    """
    names = [key.name for key in keys if key.name in stated or _CRAWLED.fullmatch(key.name)]
    found: dict[str, str] = {}
    for name in names:
        values = [row[name] for row in rows if row.get(name, NULL_PARTITION) != NULL_PARTITION]
        fitting = next((text for text in _IN_TURN[len(found)] if _fit(text, values)), None)
        if fitting is not None:
            found[name] = fitting
        elif found:
            break
        if len(found) == len(_IN_TURN):
            break
    return found if len(found) > 1 else {}


def _fit(text: str, values: list[str]) -> bool:
    return bool(values) and all(
        (plausible if text == "%Y" else read_fields)(text, value) not in (None, False) for value in values
    )


def _mixed(key: Column, values: list[str], best: str) -> Problem:
    """Tell how many of the sampled values are written in which way, the most frequent first."""
    left, text = list(values), best
    parts: list[str] = []
    while len(parts) < MOST_TOLD:
        fitting = sum(plausible(text, value) for value in left)
        if not fitting:
            break
        parts.append(f"{fitting} as {text}")
        left = [value for value in left if not plausible(text, value)]
        counts = Counter({each: sum(plausible(each, value) for value in left) for each in WHOLE_FORMATS})
        text = counts.most_common(1)[0][0]
    if left:
        parts.append(f"{len(left)} in other ways, such as {left[0]!r}")
    ways = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    return Problem(
        ProblemKind.AMBIGUOUS,
        f"of {len(values)} sampled values of {key.name}, {ways} are written",
        f'state the format that counts: partitions: {{key: {key.name}, format: "{best}"}}',
    )


def plausible(text: str, value: str) -> bool:
    """Tell whether a value fits a format, and means a time in which there may be data."""
    fields = read_fields(text, value)
    if fields is None:
        return False
    year = fields.get("year", fields.get("isoyear"))
    if year is None:  # epochs: between 2001 and 2033 in seconds and in milliseconds
        return 1_000_000_000 <= fields.get("epoch", fields.get("epoch_ms", 0) // 1000) <= 2_000_000_000
    return 1980 <= year <= 2100


def _assemble(
    keys: Sequence[Column],
    found: list[KeyFormat],
    rows: list[dict[str, str]],
    zone: ZoneInfo,
    every: Every | None,
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
    finest = finest_every(fields)
    told = finest is not None and (finest != YEARLY or every == YEARLY)
    if not told and not fields & {"epoch", "epoch_ms", "minute"}:
        return _no_time_key(keys, rows)
    if not fields & {"year", "isoyear", "epoch", "epoch_ms"}:
        return _no_time_key(keys, rows)
    layout = TimeLayout(zone=zone, keys=tuple(found), padding_known=True)
    if not NUMBER.search("".join(key.format for key in found if len(fields_of(key.format)) == 1)):
        return layout  # no number stands alone, so padding is part of the format
    padded = {shows_padding(key.format, row.get(key.name, "")) for key in found for row in rows}
    if True in padded or False in padded:
        style = True in padded
        return replace(layout, keys=tuple(_pad(key, padded=style) for key in found))
    return replace(layout, padding_known=False)


def _is_whole(text: str) -> bool:
    fields = set(fields_of(text))
    finest = finest_every(fields)
    return bool(fields & {"year", "isoyear", "epoch", "epoch_ms"}) and finest not in (None, YEARLY)


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


def shows_padding(text: str, value: str) -> bool | None:
    """Tell from one value of a number that stands alone: ``05`` is padded, ``5`` is not, ``11`` tells nothing."""
    if len(fields_of(text)) != 1 or not NUMBER.fullmatch(text):
        return None
    width = 3 if text.endswith("j") else 2
    if value.startswith("0") and len(value) == width:
        return True
    return False if 0 < len(value) < width else None


def _pad(key: KeyFormat, *, padded: bool) -> KeyFormat:
    match = NUMBER.fullmatch(key.format)
    return key if match is None else replace(key, format=f"%{'' if padded else '-'}{match[2]}")


def _stated(
    keys: Sequence[Column], stated: StatedLayout, rows: list[dict[str, str]], zone: ZoneInfo
) -> TimeLayout | Problem:
    if not stated.keys:
        return TimeLayout(zone=zone, path=stated.formats[0])
    if unknown := set(stated.keys) - {key.name for key in keys}:
        return _not_a_key(unknown, keys)
    kinds = {key.name: kind_of(key.type) for key in keys}
    pairs = zip(stated.keys, stated.formats, strict=True)
    layout = TimeLayout(
        zone=zone, keys=tuple(KeyFormat(name, text, _kind_of(kinds[name], text)) for name, text in pairs)
    )
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


def _kind_of(kind: str, text: str) -> str:
    """Return the type that values are read by beside a stated format, empty where the format is no spelling of it."""
    return kind if kind and {"year", "month", "day"} <= set(fields_of(text)) else ""


def _not_a_key(unknown: set[str], keys: Sequence[Column]) -> Problem:
    known = ", ".join(key.name for key in keys) or "none"
    return Problem(
        ProblemKind.AMBIGUOUS,
        f"{', '.join(sorted(unknown))} is not a partition key; the table's keys are: {known}",
        "name one of them as partitions: {key: ...}",
    )


def _no_time_key(keys: Sequence[Column], rows: list[dict[str, str]]) -> Problem:
    shown = ", ".join(f"{key.name}={rows[0].get(key.name, '')}" if rows else key.name for key in keys)
    if not rows:
        return Problem(
            ProblemKind.AMBIGUOUS,
            f"no partition was seen whose values could tell how its keys carry time: {shown}",
            how_to_state(keys),
        )
    return Problem(
        ProblemKind.AMBIGUOUS,
        f"no partition key was seen to carry time: {shown}",
        how_to_state(keys),
    )


def how_to_state(keys: Sequence[Column]) -> str:
    """Say what to write, with the table's own keys: one that carries all time, or several that carry a part each."""
    names = [key.name for key in keys]
    whole = f'state it: partitions: {{key: {names[-1] if names else "dt"}, format: "%Y%m%d"}}'
    if len(names) < 2:
        return whole
    parts = names[: len(_IN_TURN)]
    formats = ", ".join(f'"{texts[0]}"' for texts in _IN_TURN[: len(parts)])
    return f"{whole}, or each part: {{key: [{', '.join(parts)}], format: [{formats}]}}"
