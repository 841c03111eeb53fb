"""One file a table format: what it claims, how it reads a table, which IAM actions that takes.

`files` knows which objects are data. A format with a log of its own is a module here with a `Reader` under the
name ``READER``; the modules are found by themselves, and loaded when the first table is read.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Observation, Table
    from checks.rights import Reach
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan


class Reader(Protocol):
    """Reads the tables of one format from their own log."""

    iam_actions: tuple[str, ...]

    def claims(self, table: Table) -> bool:
        """Tell whether the table is of this format."""

    def observe(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
        """Return what its log tells. What cannot be read is raised as Unobserved."""

    def reach(self, plan: TablePlan, clock: Clock, reader: LakeReader, /) -> Iterator[Reach]:
        """Yield what `observe` has to reach in S3, and will after later commits.

        Raises Unobserved where the log could not be asked for all of it; what came before holds.
        """


@cache
def readers() -> tuple[Reader, ...]:
    """Return the readers of all formats that have one, by the names of their modules."""
    names = sorted(module.name for module in iter_modules(__path__))
    modules = (import_module(f"{__name__}.{name}") for name in names)
    return tuple(module.READER for module in modules if hasattr(module, "READER"))


def reader_of(table: Table) -> Reader | None:
    """Return the reader that claims the table, None when none does."""
    return next((reader for reader in readers() if reader.claims(table)), None)
