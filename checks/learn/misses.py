"""How often a period is missed by itself, and how many in a row are therefore too many."""

import math
from bisect import bisect_left
from collections.abc import Sequence

from checks.learn.calendars import is_holiday
from checks.learn.existing_slots import WEEK, outages_of
from checks.learn.keys import DAY
from checks.learn.tails import quantile

# One in 25: a stretch of 40 that holds one miss holds an incident, not a habit. A day on which nothing came may be one
# without news; a partition that is lacking is an outage's, be it three in a stretch of 40.
_RARELY, _RARELY_LACKING = 0.04, 0.075
# Of real jobs (daily ones, 200 to 500 days each) the day after a missed one is missed 4 to 17 times as often as others
# are, ten in the middle; of what people do, or publish when there is news, twice.
OF_A_JOB, OF_PEOPLE = 10.0, 2.0


def miss_rate(
    starts: Sequence[float], unit: float, expected: frozenset[int], calendar: tuple[str, int] | None
) -> float:
    """Return the share of expected slots that begin a miss, in the better stretches, outages left out."""
    have = set(starts)
    stretch = 40 if unit >= DAY else int(WEEK // unit)
    outages = outages_of(starts)
    # Twice as many slots as ever came: the rhythm is new, and only what came of it counts.
    week = bisect_left(starts, starts[-1] - WEEK)
    begin = (
        starts[0]
        if len(expected) <= 2 * max(1, len(starts[:week]) * WEEK / (starts[-1] - starts[0]))
        else None
    )
    flags, start = [], begin if begin is not None else starts[-1] - 3 * DAY
    while start <= starts[-1]:
        if int(start % WEEK // unit) in expected and not (calendar and is_holiday(calendar, start)):
            flags.append(start not in have and not outages[bisect_left(starts, start) - 1])
        start += unit
    begins = [f and not (i and flags[i - 1]) for i, f in enumerate(flags)]
    if len(flags) <= stretch:
        # One miss in a short history is an incident as likely as a habit.
        return max(0, sum(begins) - 1) / max(1, len(flags))
    total = sum(begins[:stretch])
    totals = [total]
    for i in range(stretch, len(begins)):
        total += begins[i] - begins[i - stretch]
        totals.append(total)
    return quantile(sorted(totals), 0.25) / stretch


def consecutive(miss: float, chance: float, *, lacking: bool = False, together: float = OF_A_JOB) -> int:
    """Return how many misses in a row the budget's chance a period asks for, where one comes by itself so often.

    `lacking`: they are days with keys of their own, so that one without data is data that is lacking. Single hours are
    too many for that: three in 40 would be told once a day. `together` is how many times as often as else one is missed
    after another: so many times the chance may be that of all such runs, for all but one of them are outages.
    """
    if miss <= (_RARELY_LACKING if lacking else _RARELY):
        return 1
    if miss >= 0.5:
        return 4
    return min(4, max(2, math.ceil(math.log(max(chance, 1e-4) * together) / math.log(miss))))
