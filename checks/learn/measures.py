"""How much a partition usually holds in bytes and in rows, where both are known: either may be what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.learn.volume import Volume, fit_volume, is_known

if TYPE_CHECKING:
    from checks.learn.history import History, Period

_RECENT = 60  # periods: two months of days, as far back as sizes are learned from
_SEVERAL = 2.5  # periods: on Mondays two of working days have passed
_HABIT = 2  # of them without a row: one was an incident as likely, two are what this table does


@dataclass(frozen=True)
class Measures:
    """The usual bytes and the usual rows of a partition, each where they are known; at least one of them is."""

    size: Volume | None
    rows: Volume | None
    empty_at_times: bool = False
    """Partitions without a row are usual here, so none is told."""

    @property
    def files(self) -> float:
        """The files that a partition usually has."""
        return max(v.files for v in (self.size, self.rows) if v is not None)

    @property
    def settle(self) -> float:
        """The seconds after its first file by which a partition has all of them."""
        return max(v.settle for v in (self.size, self.rows) if v is not None)

    def can_judge(self, period: Period) -> bool:
        """Return whether something is known of a partition of which the usual is known too."""
        return (self.size is not None and period.sized) or (self.rows is not None and period.counted)

    def judge(self, period: Period, cadence: float | None = None) -> str | None:
        """Return `drop`, `rise` or None of a partition, by bytes first; what is not known of it says nothing.

        After a pause of several periods of a `cadence` it may hold what they would have held.
        """
        share = (period.since or 0.0) / cadence if cadence else 0.0
        share = share if share >= _SEVERAL else 1.0
        found = None
        if self.size is not None and period.sized:
            found = self.size.judge(period.start, period.size, share)
        is_usual = self.empty_at_times and not period.rows
        if found is None and self.rows is not None and period.counted and not is_usual:
            found = self.rows.judge(period.start, period.rows, share)
        return found


def fit_measures(history: History, share: float, a_year: float) -> Measures | None:
    """Return what the settled partitions of a table say of the next, or None where too few of them are known.

    `share` is the false alarms a year that the volume of the table may raise, `a_year` its partitions. Two measures
    raise them apart, so each has half.
    """
    both = share / 2 if is_known(history.settled) and is_known(history.counted) else share
    size = fit_volume(history.sizes, both, a_year, odd=history.odd)
    rows = fit_volume(history.row_counts, both, a_year, odd=history.odd_counted)
    if size is None and rows is None:
        return None
    empty = sum(not count for _, count, *_ in history.counted[-_RECENT:])
    return Measures(size, rows, empty_at_times=empty >= _HABIT)


def is_judged(history: History) -> bool:
    """Return whether enough settled partitions are known for a model of their bytes or rows."""
    return is_known(history.settled) or is_known(history.counted)
