"""The lines that the mistakes of a config are told in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.config import ConfigErrors, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def lines_of(
    source: str | Path | Mapping[Any, object], environ: Mapping[str, str] | None = None
) -> list[str]:
    """Return the lines that a config's mistakes are told in; none when it loads."""
    try:
        load(source if isinstance(source, dict) else str(source), environ=environ or {})
    except ConfigErrors as errors:
        return [str(mistake) for mistake in errors.mistakes]
    return []
