"""Durations as they are written into a config. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta


def write_duration(span: timedelta) -> str:
    """Write a duration as it would stand in a config: ``36h``, ``90m``, ``7d``."""
    seconds = span.total_seconds()
    for unit, factor in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % factor == 0 and (unit != "d" or seconds >= 3 * factor):
            return f"{int(seconds // factor)}{unit}"
    return f"{seconds:g}s"
