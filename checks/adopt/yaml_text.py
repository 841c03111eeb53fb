"""YAML as text, whatever the names in it are: scalars, blocks of keys on a line, comments. Pure."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from typing import TYPE_CHECKING

from checks.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WIDTH = 110
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*", re.ASCII)
_DURATION = re.compile(r"\d+[smhdw]|1mo|3mo|1y", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""What YAML, or an older one, takes for something else than text."""
_BEFORE_BREAKS = 0x100, 0x10000


def scalar(text: str) -> str:
    """Return a text as YAML: bare where that is the same in every version, else in double quotes."""
    if (_PLAIN.fullmatch(text) and text.lower() not in _WORDS) or _DURATION.fullmatch(text):
        return text
    return f'"{"".join(map(_escaped, text))}"'


def value(text: str) -> str:
    """Return a text as a value of the config, in which no variable is expanded."""
    return scalar(text.replace("${", "$${"))


def block(value_of: str | Mapping[str, str]) -> str:
    """Return a check's block on one line: a bare word, or keys in braces."""
    if isinstance(value_of, str):
        return scalar(value_of)
    return "{" + ", ".join(f"{key}: {scalar(each)}" for key, each in value_of.items()) + "}"


def comment(text: str, indent: int = 0) -> Iterator[str]:
    """Yield a sentence as lines of comment; what it quotes of AWS cannot end it."""
    lead = f"{' ' * indent}# "
    yield from textwrap.wrap(
        clean(text),
        WIDTH,
        initial_indent=lead,
        subsequent_indent=f"{lead}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    if unicodedata.category(char)[0] not in "CZ" or char == " ":
        return char
    point = ord(char)
    small, large = _BEFORE_BREAKS
    return f"\\x{point:02x}" if point < small else f"\\u{point:04x}" if point < large else f"\\U{point:08x}"
