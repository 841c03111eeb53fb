"""Types of columns as trees, out of Hive's way to write them: ``struct<a:int,b:array<string>>``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MOST_DEPTH = 50
LONGEST = 100_000
_SAME = {
    "integer": "int",
    "double precision": "double",
    "numeric": "decimal",
    "real": "float",
    "long": "bigint",
    "short": "smallint",
    "byte": "tinyint",
    "timestamp without time zone": "timestamp",
}
"""Other names for the same type."""
_PLAIN = re.compile(r"([^<>,:()]+)(\(\s*\d+\s*(?:,\s*\d+\s*)?\))?\s*(?=[<>,]|$)", re.DOTALL)
_NAME = re.compile(r"(`(?:[^`]|``)*`\s*|[^:<>,`]+):", re.DOTALL)
_COMMENT = re.compile(r"\scomment\s*'(?:[^'\\]|\\.)*'", re.IGNORECASE | re.DOTALL)
"""What Hive's DDL lets follow the type of a struct's field; it is no part of the type."""
_SPACE = re.compile(r"\s*")
_LEAVES = frozenset({
    "boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "string", "binary", "date", "time",
    "timestamp", "timestamp with time zone", "timestamp with local time zone", "uuid", "void", "variant",
})  # fmt: skip
_WITH_LENGTH = frozenset({"decimal", "char", "varchar", "fixed"})
_ITEMS = {"array": ("element",), "map": ("key", "value")}


@dataclass(frozen=True, slots=True)
class Tree:
    """A type: its name with lengths (``decimal(10,2)``), and the types within it by the names of fields."""

    name: str
    fields: tuple[tuple[str, Tree], ...] = ()

    def __str__(self) -> str:
        if not self.fields:
            return self.name
        named = self.name == "struct"
        inner = ",".join(f"{name}:{tree}" if named else str(tree) for name, tree in self.fields)
        return f"{self.name}<{inner}>"


@lru_cache(maxsize=4096)
def parse_type(text: str) -> Tree | None:
    """Return the type that a text writes; None when it is none."""
    if len(text) > LONGEST:
        return None
    text = _COMMENT.sub("", text)
    parsed = _parse(text, 0, 0)
    return parsed[0] if parsed is not None and not text[parsed[1] :].strip() else None


def _parse(text: str, at: int, depth: int) -> tuple[Tree, int] | None:
    match = _PLAIN.match(text, _past_space(text, at))
    if match is None or depth > MOST_DEPTH:
        return None
    base = " ".join(match[1].lower().split())
    length = re.sub(r"\s", "", match[2] or "")
    base, end = _SAME.get(base, base), match.end()
    base, length = _as_hive(base, length)
    if end >= len(text) or text[end] != "<":
        return Tree(base + length), end
    if base not in ("struct", "array", "map", "uniontype"):
        return None
    fields = _fields(text, end + 1, base, depth + 1)
    if fields is None:
        return None
    found, end = fields
    wanted = _ITEMS.get(base)
    return (Tree(base, tuple(found)), end) if wanted is None or len(found) == len(wanted) else None


def _as_hive(base: str, length: str) -> tuple[str, str]:
    """Return a type with its length as Hive has it: queries of Athena show a string as varchar, and timestamp(3)."""
    if base == "decimal" and "," not in length:
        return base, f"{length[:-1] or '(10'},0)"
    if base == "varchar" and not length:
        return "string", ""
    return base, "" if base == "timestamp" else length


def _fields(text: str, at: int, base: str, depth: int) -> tuple[list[tuple[str, Tree]], int] | None:
    """Return the types between angle brackets, and where they end."""
    found: list[tuple[str, Tree]] = []
    while True:
        name = _ITEMS[base][min(len(found), len(_ITEMS[base]) - 1)] if base in _ITEMS else str(len(found))
        if base == "struct":
            match = _NAME.match(text, _past_space(text, at))
            if match is None:
                return None
            name, at = match[1].strip().strip("`").lower(), match.end()
        parsed = _parse(text, at, depth)
        if parsed is None:
            return None
        tree, at = parsed
        found.append((name, tree))
        if at >= len(text) or text[at] not in ",>":
            return None
        at += 1
        if text[at - 1] == ">":
            return found, _past_space(text, at)


def _past_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match is not None else at


def is_known(tree: Tree) -> bool:
    """Tell whether every type within is one that Athena has."""
    if tree.fields:
        return all(is_known(inner) for _, inner in tree.fields)
    return tree.name in _LEAVES or tree.name.partition("(")[0] in _WITH_LENGTH


def as_in_files(tree: Tree) -> Tree:
    """Return the type without what Parquet does not tell apart: short integers, lengths of text, text and bytes."""
    if tree.fields:
        return Tree(tree.name, tuple((name, as_in_files(inner)) for name, inner in tree.fields))
    base = tree.name.partition("(")[0]
    if base in ("char", "varchar", "binary"):
        return Tree("string")
    if base in ("tinyint", "smallint"):
        return Tree("int")
    return Tree("timestamp") if base.startswith("timestamp") else tree
