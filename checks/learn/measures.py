"""How much a partition usually holds in bytes and in rows, where both are known: either may be what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.learn.keys import DAY, HOUR
from checks.learn.rhythm import OTHER
from checks.learn.volume import HOURLY, Volume, fit_volume, is_known

if TYPE_CHECKING:
    from checks.learn.history import History, Period

_RECENT = 60  # periods: two months of days, as far back as sizes are learned from
_LAST = 8  # of each weekday or hour: two months, as far back as sizes are learned from
_IDLE = 3  # of them: two may be an incident each, of three in eight weeks the next one is no news
_HABIT = 2  # of them without a row: one was an incident as likely, two are what this table does


@dataclass(frozen=True)
class Measures:
    """The usual bytes and the usual rows of a partition, each where they are known; at least one of them is."""

    size: Volume | None
    rows: Volume | None
    empty_at_times: bool = False
    """Partitions without a row are usual here, so none is told."""
    idle: frozenset[int] = frozenset()
    """Weekdays (Monday 0), of hourly tables hours, on which partitions without a byte are usual."""
    by_hour: bool = False

    @property
    def files(self) -> float:
        """The files that a partition usually has."""
        return max(v.files for v in (self.size, self.rows) if v is not None)

    @property
    def settle(self) -> float:
        """The seconds after its first file by which a partition has all of them."""
        return max(v.settle for v in (self.size, self.rows) if v is not None)

    def can_judge(self, period: Period) -> bool:
        """Return whether something is known of a partition of which the usual is known too.

        Of one without a byte, on a day that often is so, nothing follows: neither that all is well, nor that it is not.
        """
        if period.sized and not period.size and slot_of(period.start, by_hour=self.by_hour) in self.idle:
            return False
        return (self.size is not None and period.sized) or (self.rows is not None and period.counted)

    def judge(self, period: Period, cadence: float | None = None) -> str | None:
        """Return `drop`, `rise` or None of a partition, by bytes first; what is not known of it says nothing.

        After a pause of several periods of a `cadence` it may hold what they would have held, and what comes sooner
        than any a part of one.
        """
        found = None
        if self.size is not None and period.sized:
            found = self.size.judge(
                period.start, period.size, _share(self.size, period, cadence), period.since
            )
        is_usual = self.empty_at_times and not period.rows
        if found is None and self.rows is not None and period.counted and not is_usual:
            found = self.rows.judge(
                period.start, period.rows, _share(self.rows, period, cadence), period.since
            )
        return found


def _share(usual: Volume, period: Period, cadence: float | None) -> float:
    """Return of how many periods a partition may hold the data: of a cadence, or of those whose sizes are known."""
    since = period.since or 0.0
    most = max([since / each for each in (cadence, usual.latest) if each], default=1.0)
    return most if most >= OTHER else 1.0


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
    if not history.dated:
        size, rows = _of_the_time_before(size), _of_the_time_before(rows)
    empty = sum(not count for _, count, *_ in history.counted[-_RECENT:])
    by_hour = a_year >= HOURLY
    idle = _idle(history, by_hour=by_hour)
    return Measures(size, rows, empty_at_times=empty >= _HABIT, idle=idle, by_hour=by_hour)


def _of_the_time_before(usual: Volume | None) -> Volume | None:
    """Return the same of runs that nothing names: with several a day, the first one holds the end of the day before."""
    several = usual is not None and usual.latest < DAY / 2
    return replace(usual, spans=usual.latest) if usual is not None and several else usual


def slot_of(start: float, *, by_hour: bool) -> int:
    """Return the hour of the day, or the weekday, of a partition by its own start."""
    return int(start % DAY // HOUR) if by_hour else int(start // DAY + 3) % 7


def _idle(history: History, *, by_hour: bool) -> frozenset[int]:
    """Return when partitions are without a byte more often than not, of the last eight each, and three times at least.

    Text files of days on which nothing happens are so. An outage is not, however long: what is empty counts once until
    bytes come.
    """
    if not history.empty:
        return frozenset()
    filled = ((start, True) for start, size, *_ in history.settled if size)
    seen: dict[int, list[bool]] = {}
    came_since: set[int] = set()
    for start, has_bytes in sorted([*filled, *((start, False) for start in history.empty)]):
        slot = slot_of(start, by_hour=by_hour)
        if has_bytes:
            came_since = set(range(24))
        elif slot not in came_since:
            continue
        else:
            came_since.discard(slot)
        seen.setdefault(slot, []).append(has_bytes)
    return frozenset(
        slot
        for slot, came in seen.items()
        if (count := came[-_LAST:].count(False)) >= _IDLE and 2 * count > len(came[-_LAST:])
    )


def is_judged(history: History) -> bool:
    """Return whether enough settled partitions are known for a model of their bytes or rows."""
    return is_known(history.settled) or is_known(history.counted)
