"""What the terminal is like: how wide, and whether it is to be coloured."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

NARROWEST, WIDEST = 40, 200
_UNKNOWN = 80


def width() -> int:
    """Return how many columns standard output has: COLUMNS, else the terminal's, else 80; from 40 to 200."""
    columns = shutil.get_terminal_size((_UNKNOWN, 24)).columns if _is_terminal(sys.stdout) else _stated()
    return min(WIDEST, max(NARROWEST, columns))


def is_coloured(environ: Mapping[str, str] | None = None, stream: TextIO | None = None) -> bool:
    """Tell whether to colour: NO_COLOR (no-color.org) forbids it, FORCE_COLOR asks for it, else a terminal has it."""
    given = os.environ if environ is None else environ
    if given.get("NO_COLOR"):
        return False
    if given.get("FORCE_COLOR"):
        return given["FORCE_COLOR"] != "0"
    return _is_terminal(stream or sys.stdout) and given.get("TERM") != "dumb"


def _stated() -> int:
    stated = os.environ.get("COLUMNS", "")
    return int(stated) if stated.isdecimal() and int(stated) else _UNKNOWN


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False
