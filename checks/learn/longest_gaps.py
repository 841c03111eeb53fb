"""The longest gap of each day of a quick table: which are habits, which are rests of each week, which are outages."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.learn.keys import DAY
from checks.learn.tails import YEAR_DAYS, median, quantile, tail, without_incidents

if TYPE_CHECKING:
    from collections.abc import Sequence

LATE = 0.5
"""Of the usual gap of a rhythm: what is late by more is a run that did not come."""
EACH_WEEK = 2 / 3
"""Of weeks: holidays and a window that begins within a week leave so many; outages do not recur so exactly."""
SOME_WEEKS = 1 / 3
"""Of weeks, of what comes when there is something: its quiet days are not those of each week."""
_HABIT = 1 / 7  # of days: a long gap on more than one day of a week is a habit
# Ten times the median of what is longer than usual is passed once in 1,000 by an exponential, as three times its ninth
# decile is; but as many as one day in five may have an outage and not move it.
_OUTAGE = 10.0


@dataclass(frozen=True, slots=True)
class LongestGaps:
    """The longest gap that began on each day with arrivals, with the middle of its time, of so many weeks.

    They are in operational seconds, the shortest first; the middle is an instant (seconds since 1970, UTC).
    """

    of_days: tuple[tuple[float, float], ...]
    weeks: float

    @classmethod
    def of(cls, times: Sequence[float], gaps: Sequence[float]) -> LongestGaps:
        """Return those of arrivals in order, with the gap from each to the next as it counts."""
        longest, begin = [], 0
        while begin < len(gaps):
            end = bisect_left(times, (times[begin] // DAY + 1) * DAY, begin + 1, len(gaps))
            gap = max(gaps[begin:end])
            place = gaps.index(gap, begin, end)
            longest.append((gap, (times[place] + times[place + 1]) / 2) if gap > 0 else (0.0, times[begin]))
            begin = end
        return cls(tuple(sorted(longest)), max(times[-1] - times[0], 7 * DAY) / (7 * DAY))

    @property
    def often(self) -> float:
        """The gap that all but one day of a week stay under."""
        return quantile([gap for gap, _ in self.of_days], 1 - _HABIT)

    def limit(self, typical: float, share: float, nearest: float, usual: float, part: float) -> float:
        """Return the limit by them, for so many false alarms a year: gaps of a bad hour come together, days hardly do.

        In typical gaps, `nearest` is how much more than the usual of days the least limit is, `usual` what is no
        incident; long ones on one weekday in more than a `part` of the weeks are rests.
        """
        middle = quantile([gap for gap, _ in self.of_days], 0.5)
        late = [(gap - middle, at) for gap, at in self.of_days if gap > middle]
        missed = sum(each > usual * typical for each, _ in late)
        if usual == LATE and missed <= _HABIT * len(self.of_days):
            late = [each for each in late if each[0] <= usual * typical]  # runs that did not come
        most = max(_OUTAGE * median([each for each, _ in late]), usual * typical) if late else 0.0
        if not self.are_weekly([at for each, at in late if each > most], part):
            late = [each for each in late if each[0] <= most]
        excess = without_incidents([each for each, _ in late], usual * typical, len(self.of_days))
        return middle + tail(excess, min(0.3, 2 * share / YEAR_DAYS), nearest * typical)

    def are_weekly(self, middles: Sequence[float], part: float) -> bool:
        """Return whether long gaps lie on one weekday in more than this part of the weeks: no outages but rests."""
        weekdays = Counter(int(at // DAY) % 7 for at in middles)
        return any(count > max(1, self.weeks * part) for count in weekdays.values())
