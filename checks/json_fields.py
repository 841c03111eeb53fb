"""Fields of a JSON document, read strictly: what is of another type than it should be is refused, not guessed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from checks.model import utc

if TYPE_CHECKING:
    from collections.abc import Callable

_Value = TypeVar("_Value")


def optional(read: Callable[[Any], _Value], value: Any) -> _Value | None:
    """Return what ``read`` makes of a value, None of null."""
    return None if value is None else read(value)


def as_text(value: Any) -> str:
    """Return a text; raise TypeError for what is none."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def as_int(value: Any) -> int:
    """Return a whole number; raise TypeError for what is none, true and false included."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def as_count(value: Any) -> int:
    """Return a whole number from 0 on; raise ValueError below, TypeError for what is no number."""
    if as_int(value) < 0:
        raise ValueError(f"{value!r} is below zero")
    return as_int(value)


def as_bool(value: Any) -> bool:
    """Return true or false; raise TypeError for what is neither."""
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is not true or false")
    return value


def as_list(value: Any) -> list[Any]:
    """Return a list; raise TypeError for what is none."""
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} in place of a list")
    return value


def as_instant(value: Any) -> datetime:
    """Return an instant, in UTC; raise ValueError for a text that is none or has no zone, TypeError for no text."""
    return utc(datetime.fromisoformat(as_text(value)))


def write_instant(instant: datetime | None) -> str | None:
    """Return what is written of an instant: ISO 8601, UTC; None of none."""
    return None if instant is None else utc(instant).isoformat()
