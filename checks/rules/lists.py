"""Tables whose objects are lists of the files that hold their data: looking at objects tells nothing of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import LISTS, Format, Problem, ProblemKind

if TYPE_CHECKING:
    from checks.model import Table


def only_lists(table: Table, check: str) -> Problem | None:
    """Return why a check that looks at objects cannot judge a table of lists; None for any other, and with a log."""
    if table.file_format != LISTS or table.format is not Format.FILES:
        return None
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"the objects of {table.id} are lists of the files that hold its data (SymlinkTextInputFormat), and tell "
        "nothing of these",
        f"turn {check} off for it, or watch the place that the lists name",
    )
