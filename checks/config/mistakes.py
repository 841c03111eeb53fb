"""Mistakes in a config: each with its line, its path and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from checks.rules.key_types import LONGEST_VALUE, clip

if TYPE_CHECKING:
    from collections.abc import Iterable

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the top, such as ``("tables", 0, "freshness")``."""

_LONGEST_MESSAGE = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong: ``file:line: path: what; what to write``.

    ``line`` counts from 1, and is None where there are no lines (a dict, a file that cannot be read).
    ``order`` is where it stands among all values, for sorting.
    """

    source: str
    message: str
    path: str = ""
    line: int | None = None
    order: tuple[int, int] = (0, 0)

    def __str__(self) -> str:
        """Write it as one line."""
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return ": ".join(part for part in (place, self.path, self.message) if part)


class ConfigErrors(Exception):  # noqa: N818 - all of them at once
    """Raised with every mistake of a config, in the order of its lines."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        unique = dict.fromkeys(mistakes)
        self.mistakes = tuple(sorted(unique, key=lambda m: (m.line or 0, m.order)))
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


@dataclass(slots=True)
class Document:
    """A config as plain values, with the place of each, and the mistakes found so far.

    ``broken`` are paths whose value was left out because of a mistake: nothing more is said of them.
    """

    source: str
    data: dict[str, Any] = field(default_factory=dict)
    marks: dict[Path, tuple[int, int]] = field(default_factory=dict)
    has_lines: bool = True
    broken: set[Path] = field(default_factory=set)
    _noted: list[tuple[Path, tuple[int, int] | None, str]] = field(default_factory=list)
    _warned: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """All mistakes noted so far."""
        return tuple(self.mistake(path, message, mark) for path, mark, message in self._noted)

    @property
    def warnings(self) -> tuple[str, ...]:
        """All that is not wrong but worth telling, as lines."""
        return tuple(str(self.mistake(path, message)) for path, message in self._warned)

    def add(self, path: Path, message: str, mark: tuple[int, int] | None = None) -> None:
        """Note a mistake: at ``mark``, or at the nearest place to ``path`` that stands in the document."""
        self._noted.append((path, mark, message))

    def warn(self, path: Path, message: str) -> None:
        """Note what is not wrong but worth telling."""
        self._warned.append((path, message))

    def mistake(self, path: Path, message: str, mark: tuple[int, int] | None = None) -> Mistake:
        """Return a mistake at ``mark``, or at the nearest place to ``path`` that stands in the document."""
        mark = mark or self.mark(path)
        return Mistake(
            source=self.source,
            line=mark[0] if self.has_lines and mark else None,
            order=mark or (0, 0),
            path=self.say(path),
            message=clip(message, _LONGEST_MESSAGE),
        )

    def mark(self, path: Path) -> tuple[int, int] | None:
        """Return line and column of a path's key, or of the nearest thing above it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.marks:
                return self.marks[path[:length]]
        return None

    def line(self, path: Path) -> int | None:
        """Return the line of a path's key; None where there are no lines."""
        mark = self.mark(path)
        return mark[0] if self.has_lines and mark else None

    def known_part(self, path: Path) -> Path:
        """Cut from the end of a path what does not stand in the document (tags of alternatives)."""
        length = len(path)
        while length and path[:length] not in self.marks:
            length -= 1
        return path[:length]

    def is_broken(self, path: Path) -> bool:
        """Tell whether the value at the path, one above or one below it was left out."""
        return any(path[: len(other)] == other or other[: len(path)] == path for other in self.broken)

    def say(self, path: Path) -> str:
        """Say a path for people: a table's entry by its selector, the rest as ``a.b[0]``."""
        if len(path) > 1 and path[0] == "tables":
            label = self._selector(path)
            if label:
                rest = _dotted(path[2:])
                return f"{label}: {rest}" if rest else label
        return _dotted(path)

    def _selector(self, path: Path) -> str | None:
        entries, index = self.data.get("tables"), path[1]
        if not isinstance(entries, list) or not isinstance(index, int) or index >= len(entries):
            return None
        entry = entries[index]
        text = (entry.get("table") or entry.get("prefix")) if isinstance(entry, dict) else None
        return clip(" ".join(text.split()), LONGEST_VALUE) if isinstance(text, str) else None


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if part.isprintable() and part else repr(part)
            text += f".{shown}" if text else shown
    return clip(text, _LONGEST_MESSAGE)
