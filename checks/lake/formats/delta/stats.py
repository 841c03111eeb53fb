"""Delta: what an add says of its file's rows and values, and how a column is called in its files. Pure.

Delta Transaction Log Protocol: "Per-file Statistics", "Column Mapping", "Partition Value Serialization".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from checks.aws.problems import clean
from checks.lake.codecs.documents import whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.lake.formats.delta.actions import FileAction

_MOST_STATS = 4 * 1024 * 1024
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII | re.IGNORECASE
)


def parse_stats(written: Any) -> Mapping[str, Any] | None:
    """Return the statistics of an add, written as JSON or as a struct of a checkpoint; None where it has none."""
    if isinstance(written, dict):
        return written
    if not isinstance(written, str) or len(written) > _MOST_STATS:
        return None
    try:
        stats = json.loads(written)
    except (ValueError, RecursionError):
        return None
    return stats if isinstance(stats, dict) else None


def rows_of(action: FileAction) -> int | str:
    """Return how many rows of a file are in the table, or why that is not known."""
    path = clean(action.path)[:300]
    if isinstance(action.stats, str) and len(action.stats) > _MOST_STATS:
        return f"the statistics of {path} are longer than the {_MOST_STATS:,} letters that are read"
    count = whole_number((parse_stats(action.stats) or {}).get("numRecords"))
    if count is None or count < 0:
        return f"the statistics of {path} do not tell them (numRecords)"
    gone = whole_number(action.gone)
    if gone is None or not 0 <= gone <= count:
        return f"the deletion vector of {path} does not tell how many it takes away (cardinality)"
    return count - gone


def at_path(tree: Any, path: tuple[str, ...]) -> Any:
    """Return what stands at a path of nested objects, names in any case; None where nothing does."""
    for name in path:
        if not isinstance(tree, dict):
            return None
        if name not in tree:
            name = next((key for key in tree if str(key).lower() == name.lower()), name)  # noqa: PLW2901 - as written
        tree = tree.get(name)
    return tree


@dataclass(frozen=True, slots=True)
class Moment:
    """A value of a time column: a wall time, whether it is a day, whether it is in UTC."""

    wall: datetime
    is_day: bool
    is_utc: bool


def moment_of(value: Any, kind: str | None) -> Moment | None:
    """Read a value as statistics, checkpoints and partitions write it; None where it is no time.

    ``kind`` is the column's type where it is known; else the way that it is written tells it.
    """
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return Moment(value.astimezone(UTC).replace(tzinfo=None), is_day=False, is_utc=True)
        return Moment(value, is_day=False, is_utc=kind == "timestamp")
    if isinstance(value, date):
        return Moment(datetime(value.year, value.month, value.day), is_day=True, is_utc=False)  # noqa: DTZ001 - a day
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        if _DAY.fullmatch(value):
            return Moment(
                datetime.fromisoformat(value), is_day=kind in (None, "date"), is_utc=kind == "timestamp"
            )
        if not _MOMENT.fullmatch(value) or kind == "date":
            return None
        read = datetime.fromisoformat(value)
        return moment_of(read, kind)
    except (ValueError, OverflowError):
        return None
