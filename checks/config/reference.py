"""Every key that a config may have, in words: out of the models, so that it is never behind them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.config.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = "config"
"""The topic of the keys at the top of a config."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: ``examples`` and ``default`` as they are written in YAML; ``topic`` names the block that it holds."""

    name: str
    description: str
    examples: tuple[str, ...]
    default: str = ""
    required: bool = False
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """The keys of one block, under the name of the key that holds it."""

    topic: str
    description: str
    keys: tuple[Key, ...]


def blocks() -> tuple[Block, ...]:
    """Return all blocks of a config, the top first, each after the one that names it."""
    schema = json_schema()
    found: dict[str, Block] = {}
    _take(TOP, schema, schema["$defs"], found, {})
    return tuple(found.values())


def _take(
    topic: str,
    node: dict[str, Any],
    definitions: dict[str, Any],
    found: dict[str, Block],
    topics: dict[str, str],
) -> None:
    """Add the block of a node, and then those that its keys name; ``topics`` holds definitions that are taken."""
    required = set(node.get("required", ()))
    keys, inner = [], []
    for name, value in node["properties"].items():
        reference = next(_references(value), "")
        if reference and reference not in topics:
            topics[reference] = name
            inner.append((name, definitions[reference]))
        keys.append(
            Key(
                name=name,
                description=value.get("description", ""),
                examples=tuple(_yaml(example) for example in value.get("examples", ())),
                default=_yaml(value["default"]) if "default" in value else "",
                required=name in required,
                topic=topics.get(reference, ""),
            )
        )
    found[topic] = Block(topic, node.get("description", ""), tuple(keys))
    for name, definition in inner:
        _take(name, definition, definitions, found, topics)


def _references(node: Any) -> Iterator[str]:
    """Yield the names of the definitions that a value may be, in their order."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for key, value in node.items():
            if key not in ("examples", "default", "properties"):
                yield from _references(value)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


def _yaml(value: Any) -> str:
    """Write a value as YAML does on one line; what YAML would read as something else is quoted."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_yaml(each) for each in value) + "]"
    if isinstance(value, str) and _is_plain(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_plain(text: str) -> bool:
    is_special = text[:1] in "*&!%@`'\"#|>-?[{$" or any(mark in text for mark in (": ", " #", ", ", "[", "{"))
    is_other = text.lower() in ("true", "false", "null", "~", "") or (text[:1].isdigit() and ":" in text)
    return not is_special and not is_other and not text.endswith(":")
