"""What many periods have in common, written once with their keys: ``[value, ..., [key, ...]]``, and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from checks.json_fields import as_list, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from checks.model import JsonValue

_Value = TypeVar("_Value")


def grouped(values: Mapping[str, _Value], write: Callable[[_Value], list[JsonValue]]) -> list[JsonValue]:
    """Return each value once, followed by the keys that have it, in the order of the first keys."""
    keys: dict[_Value, list[str]] = {}
    for key in sorted(values):
        keys.setdefault(values[key], []).append(key)
    return [[*write(value), list(of)] for value, of in keys.items()]


def ungrouped(groups: Any, read: Callable[..., _Value]) -> Iterator[tuple[str, _Value]]:
    """Yield each key with its value."""
    for group in as_list(groups):
        *parts, keys = as_list(group)
        value = read(*parts)
        for key in as_list(keys):
            yield as_text(key), value
