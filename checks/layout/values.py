"""How a period becomes partition values, or a path, and back: layouts as values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice, product
from typing import TYPE_CHECKING

from checks.layout.typed import read_typed
from checks.schedule.clock import wall_of
from checks.schedule.formats import can_tell, fields_of, finest_every, read_fields, wall_from, write_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.model import JsonValue, Period
    from checks.schedule.periods import Every

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"

_MOST_VARIANTS = 8
NUMBER = re.compile(r"%(-?)([mdHMjV])")
"""A number in a format that may be padded or not."""


@dataclass(frozen=True, slots=True)
class StatedLayout:
    """What a config states of the time key: names of keys, and formats beside them where they are stated.

    Without ``keys`` the one format is that of the path below the location, such as ``%Y/%m/%d/``.
    """

    keys: tuple[str, ...]
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyFormat:
    """A partition key that carries time, and how its values write it.

    ``kind`` is ``date`` or ``timestamp`` for a key that is typed so: its values are read as the type says, however they
    are written. ``also`` are other formats that its values were seen in.
    """

    name: str
    format: str
    kind: str = ""
    also: tuple[str, ...] = ()

    def read(self, value: str, zone: ZoneInfo) -> dict[str, int] | None:
        """Return the parts of time in a value, by the key's type first; None when it does not fit."""
        typed = read_typed(self.kind, value, zone) if self.kind else None
        return typed if typed is not None else read_fields(self.format, value)


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
        for key in (KeyFormat("", self.path),) if self.path is not None else self.keys:
            found = key.read(values.get(key.name, ""), self.zone)
            if found is None and not self.padding_known:
                found = read_fields(other_padding(key.format), values.get(key.name, ""))
            if found is None or any(fields.get(field, number) != number for field, number in found.items()):
                return None
            fields |= found
        return wall_from(fields, self.zone)

    def variants(self) -> tuple[TimeLayout, ...]:
        """Return the layouts to try: two where the padding is not known, more where values have several spellings."""
        spelled = product(*((key, *(replace(key, format=text) for text in key.also)) for key in self.keys))
        found = tuple(replace(self, keys=keys) for keys in islice(spelled, _MOST_VARIANTS))
        if self.padding_known:
            return found
        path = other_padding(self.path) if self.path is not None else None
        return *found, *(
            replace(
                each,
                keys=tuple(replace(key, format=other_padding(key.format)) for key in each.keys),
                path=path,
            )
            for each in found
        )

    def say(self) -> str:
        """Say it for people: ``dt as %Y-%m-%d``, ``year, month, day as %Y, %-m, %-d``."""
        if self.path is not None:
            return f"the path {self.path}"
        return f"{', '.join(k.name for k in self.keys)} as {', '.join(k.format for k in self.keys)}"

    def to_json(self) -> dict[str, JsonValue]:
        """Return what history keeps of it."""
        return {
            "keys": [
                [key.name, key.format, *([key.kind, *key.also] if key.kind else [])] for key in self.keys
            ],
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
            tuple(_key_of([str(text) for text in pair]) for pair in keys if isinstance(pair, list))
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


def _key_of(texts: list[str]) -> KeyFormat:
    return KeyFormat(texts[0], texts[1], texts[2] if len(texts) > 2 else "", tuple(texts[3:]))


@lru_cache(maxsize=1024)
def _layout_of(
    zone: ZoneInfo,
    keys: tuple[KeyFormat, ...],
    path: str | None,
    padding_known: bool,  # noqa: FBT001 - only positions make a key that is quick
    evidence: str,
) -> TimeLayout | None:
    """Return the layout, None where it carries no time. Thousands of tables have one, and each check asks for it."""
    layout = TimeLayout(
        zone=zone,
        keys=keys,
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
    return NUMBER.sub(lambda match: f"%{'' if match[1] else '-'}{match[2]}", text)
