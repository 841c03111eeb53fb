"""Read YAML 1.2 as plain values that know their lines."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from checks.config.mistakes import Document, Path
from checks.config.reading import DEEPEST, START, Fatal, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INTEGER = re.compile(r"[-+]?(?:0|[1-9]\d{0,17})", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?", re.ASCII)
_TAG = "tag:yaml.org,2002:"
_FOLD = "\a"
"""With what ruamel.yaml marks where lines of a folded text (``>``) meet, to write them again; no YAML may hold it."""


def from_text(name: str, text: str, environ: Mapping[str, str]) -> Document:
    """Return the document of a text; raise Fatal when it is no YAML, or no keys."""
    root = _compose(text)
    if not isinstance(root, MappingNode):
        held = "a list" if isinstance(root, SequenceNode) else "a single value"
        raise Fatal(_line(root), f"holds {held}, not keys; {START}")
    document = Document(source=name)
    document.data = _YamlReader(document, environ).mapping(root, ())
    return document


def _compose(text: str) -> Node:
    """Return the root of the YAML tree; raise Fatal with the line of what is no YAML 1.2."""
    yaml = YAML(typ="rt", pure=True)
    yaml.composer.warn_double_anchors = False  # an anchor may be set again
    try:
        root = yaml.compose(text)
    except RecursionError:
        raise Fatal(None, f"is nested too deeply; at most {DEEPEST} levels are read") from None
    except ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise Fatal(line, f"holds the control character {chr(error.character)!r}; take it out") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Fatal(mark.line + 1 if mark else None, _not_yaml(error)) from None
    except (YAMLError, ValueError, AttributeError) as error:
        raise Fatal(None, f"is not YAML: {error}") from None
    if yaml.version not in (None, (1, 2), "1.2"):
        line = next((n for n, row in enumerate(text.splitlines(), 1) if row.startswith("%YAML")), 1)
        raise Fatal(line, "asks for an older YAML, in which off and NO are no words; take the %YAML line out")
    if root is None:
        raise Fatal(None, f"is empty; {START}")
    node: Node = root
    return node


def _not_yaml(error: Any) -> str:
    problem = str(error.problem or "")
    if "found character '\\t'" in problem:
        return "a tab stands where only spaces may; indent with spaces"
    if "another document" in problem:
        return "a second document begins here; keep one, and take the line --- out"
    if "mapping values are not allowed" in problem:
        return "a second colon stands in one line; put the value in quotes, or check the indentation"
    if "undefined alias" in problem:
        return f"{problem}; define it before with & and the same name"
    context = f"{error.context}, " if error.context else ""
    return f"is not YAML: {context}{problem}; check quotes, brackets and indentation from here upwards"


class _YamlReader(Reader):
    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        super().__init__(document, environ)
        self._open: set[int] = set()
        self._told: set[int] = set()

    def mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        """Return the values of a mapping; what has a mistake is left out."""
        found: dict[str, Any] = {}
        with self._inside(node):
            for key, (key_node, value_node) in self._pairs(node, path).items():
                place = (*path, key)
                self.document.marks[place] = _mark(key_node)
                value = self._value(value_node, place)
                if value is not None:
                    found[key] = value
        return found

    def _pairs(self, node: MappingNode, path: Path) -> dict[str, tuple[ScalarNode, Node]]:
        """Return own keys, then those of merged mappings (``<<``) that are not among them."""
        pairs: dict[str, tuple[ScalarNode, Node]] = {}
        merged: list[Node] = []
        first_lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                raise Fatal(_line(key_node), "a key is a list or mapping; write keys as plain words")
            key = str(key_node.value)
            if key in first_lines:
                self._repeated(key_node, first_lines[key], (*path, key))
                continue
            first_lines[key] = _line(key_node)
            if key_node.tag == f"{_TAG}merge":
                merged += value_node.value if isinstance(value_node, SequenceNode) else [value_node]
            else:
                pairs[key] = (key_node, value_node)
        for other in merged:
            if not isinstance(other, MappingNode):
                raise Fatal(_line(other), "<< takes a mapping, or a list of them; write such as <<: *name")
            self.step(path, _line(other))
            with self._inside(other):
                for key, pair in self._pairs(other, path).items():
                    pairs.setdefault(key, pair)
        return pairs

    @contextmanager
    def _inside(self, node: Node) -> Iterator[None]:
        """Stay within a node; end where it is met again inside of itself."""
        if id(node) in self._open:
            raise Fatal(_line(node), "an alias (*) stands inside of what it refers to; write the value out")
        self._open.add(id(node))
        yield
        self._open.remove(id(node))

    def _repeated(self, key_node: ScalarNode, first_line: int, path: Path) -> None:
        if id(key_node) not in self._told:
            self._told.add(id(key_node))
            self.document.add(
                path, f"is written twice, first on line {first_line}; keep one of them", _mark(key_node)
            )

    def _value(self, node: Node, path: Path) -> Any:
        self.step(path, _line(node))
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if str(node.tag) not in (f"{_TAG}map", f"{_TAG}seq"):
            raise Fatal(_line(node), f"the tag {_short(node)} is not known; take it out")
        if isinstance(node, MappingNode):
            return self.mapping(node, path)
        items = []
        with self._inside(node):
            for index, item in enumerate(node.value):
                self.document.marks[*path, index] = _mark(item)
                items.append(self._value(item, (*path, index)))
        return items

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        text = str(node.value)
        if node.style == ">":
            text = text.replace(_FOLD, "")
        match str(node.tag).removeprefix(_TAG):
            case "null":
                what = "write a value, or take the key out"
                if str(path[-1]).endswith((")", ">")):  # a comma cut {price: decimal(10,2)} in two
                    what = "write quotes round a text with a comma in it, such as 'decimal(10,2)'"
                self.document.add(path, f"nothing is written here; {what}")
                self.document.broken.add(path)
                return None
            case "bool":
                return text.lower() == "true"
            case "int" if _INTEGER.fullmatch(text):
                return int(text)
            case "float" if _FLOAT.fullmatch(text):
                return float(text)
            case "str" | "int" | "float" | "timestamp" | "value" | "merge":
                return self._text(text, node, path)
        raise Fatal(_line(node), f"the tag {_short(node)} is not known; take it out")

    def _text(self, text: str, node: ScalarNode, path: Path) -> str | None:
        if id(node) in self._told:  # an unset variable behind an anchor is told once
            self.document.broken.add(path)
            return None
        expanded = self.expand(text, path)
        if path in self.document.broken:
            self._told.add(id(node))
        return expanded


def _mark(node: Node) -> tuple[int, int]:
    return _line(node), node.start_mark.column


def _line(node: Node) -> int:
    line: int = node.start_mark.line + 1
    return line


def _short(node: Node) -> str:
    return str(node.tag).replace(_TAG, "!!")
