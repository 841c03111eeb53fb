"""Tables of every other week to every year: by the calendar's months where they keep to them, else by their gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from checks.learn.keys import DAY
from checks.learn.tails import median, quantile

MONTH = 365.25 / 12 * DAY
_LAST = 12  # periods: a year of months; older habits of a slow table say little


@dataclass(frozen=True)
class Slow:
    """What was learned: months from one to the next and the seconds into the month, or a gap in seconds."""

    months: int
    into: float
    margin: float
    seen: int

    def due(self, last: float) -> float:
        """Return the instant by which the next has to be there after the last arrival."""
        if not self.months:
            return last + self.into + self.margin
        # What came up to two fifths of a period early was the next one's.
        return (
            _month_start(_month_of(last - self.into + 0.4 * self.months * MONTH) + self.months)
            + self.into
            + self.margin
        )


def _month_of(at: float) -> int:
    moment = datetime.fromtimestamp(at, UTC)
    return moment.year * 12 + moment.month - 1


def _month_start(month: int) -> float:
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()


def fit_slow(times: Sequence[float]) -> Slow | None:
    """Return the model of arrivals in order, or None under 4 of them."""
    recent = list(times[-_LAST - 1 :])
    if len(recent) < 4:
        return None
    gaps = sorted(b - a for a, b in pairwise(recent))
    middle = quantile(gaps, 0.5)
    # With under 8 periods a deviation of a quarter of one cannot be told from the habit.
    wide = 0.25 if len(gaps) < 8 else 0.1
    months = round(middle / MONTH)
    if months and abs(middle - months * MONTH) < 0.1 * middle:
        spots = [at - _month_start(_month_of(at)) for at in recent]
        # Around the end of a month the spots wrap: seen from the middle one.
        anchor = spots[-1]
        spots = [s - MONTH * round((s - anchor) / MONTH) for s in spots]
        into = median(spots)
        late = sorted(max(0.0, s - into) for s in spots)
        usual = quantile(late, 0.75)
        bulk = [x for x in late if x <= 4 * usual + 0.05 * middle]
        return Slow(months, into, max(1.5 * bulk[-1], wide * middle), len(gaps))
    good = [g for g in gaps if g < 1.7 * middle]
    spread = good[-1] - middle
    return Slow(0, good[-1], max(0.5 * spread + DAY, wide * middle), len(gaps))
