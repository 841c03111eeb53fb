"""What both kinds of source share: bounds, variables, and the end of reading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.config.mistakes import Document, Path

MOST_VALUES = 200_000
"""No config comes to more values than this, aliases followed."""
DEEPEST = 40
START = "write version: 1 and tables: below it"

_VARIABLE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"([A-Za-z_]\w*)(:-(.*))?", re.ASCII | re.DOTALL)


class Fatal(Exception):  # noqa: N818 - ends the reading of one document
    """Raised when a document cannot be read any further, with the line where that shows."""

    def __init__(self, line: int | None, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


class Reader:
    """Reads values into a document: counts them and puts variables in."""

    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self.document, self.environ = document, environ
        self.count = 0

    def step(self, path: Path, line: int | None) -> None:
        """Count one more value, and end where there are too many or they nest too deeply."""
        self.count += 1
        if self.count > MOST_VALUES:
            raise Fatal(line, f"comes to more than {MOST_VALUES:,} values when its aliases are followed")
        if len(path) > DEEPEST:
            raise Fatal(line, f"is nested too deeply; at most {DEEPEST} levels are read")

    def expand(self, text: str, path: Path) -> str | None:
        """Replace ``${VAR}`` and ``${VAR:-default}``; None when nothing is left, or a variable is not set."""
        if "${" not in text:
            return text
        failed = False

        def value_of(match: re.Match[str]) -> str:
            nonlocal failed
            if match[0] == "$${":
                return "${"
            found = _NAME.fullmatch(match[1]) if match[2] else None
            if found is None:
                advice = "write ${NAME} or ${NAME:-default} ($${ for plain ${)"
                self.document.add(path, f"{match[0]!r} is not a variable; {advice}")
                failed = True
                return ""
            value = self.environ.get(found[1], "") or (found[3] if found[2] else "")
            if not value and not found[2]:
                name = found[1]
                message = f"the variable {name} is not set; set it, or write ${{{name}:-default}}"
                self.document.add(path, message)
                failed = True
            return value

        expanded = _VARIABLE.sub(value_of, text)
        if failed:
            self.document.broken.add(path)
        return None if failed or not expanded else expanded
