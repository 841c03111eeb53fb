"""Durations and sizes as people write them, and back."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache

from checks.schedule.translations import duration_for
from checks.schedule.written import write_duration

__all__ = ["parse_duration", "parse_size", "say_duration", "say_size", "write_duration"]

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_SIZE_BYTES = {
    "B": 1,
    **{unit: 1000 ** (power + 1) for power, unit in enumerate(("kB", "MB", "GB", "TB", "PB"))},
    **{unit: 1024 ** (power + 1) for power, unit in enumerate(("KiB", "MiB", "GiB", "TiB", "PiB"))},
}
_SIZE_UNITS = {unit.lower(): factor for unit, factor in _SIZE_BYTES.items()}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([a-zA-Z]+)")
_LONGEST = timedelta(days=3660)


def parse_duration(text: object) -> timedelta:
    """Read a number and s, m, h, d or w, such as ``26h``; raise ValueError with what to write."""
    if isinstance(text, timedelta):
        return text
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        instead = duration_for(text) or "a number and s, m, h, d or w, such as 26h"
        message = f"{text!r} is not a duration; write {instead}"
        raise ValueError(message)
    seconds = Decimal(match[1]) * _UNIT_SECONDS[match[2]]
    if seconds <= 0:
        message = f"{text!r} is not a duration above zero; write one such as 26h"
        raise ValueError(message)
    if seconds > _LONGEST.total_seconds():
        message = f"{text!r} is longer than ten years; write a shorter duration, such as 52w"
        raise ValueError(message)
    return timedelta(seconds=float(seconds))


def parse_size(text: object) -> int:
    """Read a number and B, kB, MB, GB, TB or KiB and kin as bytes; raise ValueError with what to write."""
    if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
        return text
    match = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
    factor = _SIZE_UNITS.get(match[2].lower()) if match else None
    if match is None or factor is None:
        message = f"{text!r} is not a size; write a number and B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 50MB"
        raise ValueError(message)
    return int(Decimal(match[1]) * factor)


@lru_cache(maxsize=4096)
def say_duration(span: timedelta) -> str:
    """Say a duration with at most two units, rounded down: ``26 h``, ``2 days 4 h``, ``35 min``.

    Up to two days are told in hours, since limits are written so.
    """
    seconds = int(abs(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, rest_minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest_minutes} min" if rest_minutes else f"{hours} h"
    days, rest_hours = divmod(hours, 24)
    if days >= 60:
        return f"{days} days"
    return f"{days} days {rest_hours} h" if rest_hours else f"{days} days"


def say_size(size_bytes: float) -> str:
    """Say a size with three significant digits in decimal units: ``1.52 GB``."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(size_bytes) >= factor * 0.9995:  # what rounds to a thousand of the next unit is one of this
            number = size_bytes / factor
            return f"{number:,.0f} {unit}" if abs(number) >= 999.5 else f"{number:.3g} {unit}"
    return f"{size_bytes:.0f} B"
