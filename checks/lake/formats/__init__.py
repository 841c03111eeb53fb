"""One file a table format: what it claims, how it reads a table, which IAM actions that takes.

`files` knows which objects are data. A format with a log of its own adds a module with a `Reader` and its
name in ``_MODULES``; it is loaded when a table is read.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from checks.lake.reader import LakeReader
    from checks.model import Observation, Table
    from checks.rules.base import Clock, TablePlan

_MODULES: tuple[str, ...] = ()


class Reader(Protocol):
    """Reads the tables of one format from their own log."""

    iam_actions: tuple[str, ...]

    def claims(self, table: Table) -> bool:
        """Tell whether the table is of this format."""

    def observe(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
        """Return what its log tells. What cannot be read is raised as Unobserved."""


@cache
def readers() -> tuple[Reader, ...]:
    """Return the readers of all formats that have one; each module calls its own ``READER``."""
    found: list[Reader] = [import_module(f"checks.lake.formats.{name}").READER for name in _MODULES]
    return tuple(found)


def reader_of(table: Table) -> Reader | None:
    """Return the reader that claims the table, None when none does."""
    return next((reader for reader in readers() if reader.claims(table)), None)
