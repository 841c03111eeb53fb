"""When the commits of a log came: what the log tells, held against when its files were written. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is known of when a commit came: the time that the log tells, and when a file of that commit was written.

    Both in UTC; None where it is not known. A writer's clock may be wrong, and a copied file is younger than its
    commit, so that the earlier of the two is the safe one.
    """

    told_at: datetime | None
    written_at: datetime | None = None

    @property
    def bounded(self) -> datetime | None:
        """The earlier of the two, None where neither is known."""
        known = [at for at in (self.told_at, self.written_at) if at is not None]
        return min(known, default=None)


def in_order(stamps: Iterable[Stamp]) -> Iterator[datetime | None]:
    """Yield when each of a log's commits came, the oldest commit first: bounded, and never before one that precedes it.

    None for a commit of which nothing is known, also of those before it.
    """
    latest: datetime | None = None
    for stamp in stamps:
        at = stamp.bounded
        if at is not None and (latest is None or at > latest):
            latest = at
        yield latest
