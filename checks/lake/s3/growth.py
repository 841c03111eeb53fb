"""How a place grew: what came to it, by the minute, in bounded memory. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.model import Growth

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_MINUTES = 60_000
"""Minutes in which something came that are kept of one place: six weeks of all of them."""
_MINUTE = 60


@dataclass(slots=True)
class Growing:
    """Adds up what came at a time, by the full minute after it: nothing is there before it came."""

    minutes: dict[tuple[int, bool], tuple[int, int, int | None]] = field(default_factory=dict)

    def add(
        self, at: float, size_bytes: int, files: int = 1, rows: int | None = None, *, is_dated: bool = True
    ) -> None:
        """Take note of what came at an instant (seconds since 1970), or, where not ``is_dated``, up to it."""
        minute = int(-(-at // _MINUTE)) * _MINUTE
        before = self.minutes.get((minute, is_dated), (0, 0, 0))
        together = before[2] + rows if before[2] is not None and rows is not None else None
        self.minutes[minute, is_dated] = before[0] + size_bytes, before[1] + files, together
        if len(self.minutes) > 2 * MOST_MINUTES:
            self._forget()

    def merge(self, other: Growing) -> None:
        """Add what another one of the same place took note of."""
        for (at, is_dated), (size_bytes, files, rows) in other.minutes.items():
            self.add(at, size_bytes, files, rows, is_dated=is_dated)

    def steps(self) -> tuple[Growth, ...]:
        """Return all that came, in the order of time."""
        return tuple(self._steps())

    def _steps(self) -> Iterator[Growth]:
        for (at, is_dated), (size_bytes, files, rows) in sorted(self.minutes.items()):
            yield Growth(at, size_bytes, files, rows, is_dated)

    def _forget(self) -> None:
        """Keep of the oldest minutes only what they come to: by when that had come, not when."""
        oldest = sorted(self.minutes)[:-MOST_MINUTES]
        taken = [self.minutes.pop(each) for each in oldest]
        rows = [each[2] for each in taken]
        self.add(
            oldest[-1][0],
            sum(each[0] for each in taken),
            sum(each[1] for each in taken),
            None if None in rows else sum(each for each in rows if each is not None),
            is_dated=False,
        )
