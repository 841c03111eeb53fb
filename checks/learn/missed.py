"""Which slots that exist were missed: how often by itself, for which holidays, and which weekend is spared next."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from checks.learn.calendars import countries_of, explaining, in_a_row, is_holiday, supposed
from checks.learn.existing_slots import ALL_DAYS, WEEK, WEEKEND, outages_of
from checks.learn.keys import DAY
from checks.learn.tails import quantile
from checks.learn.yearly import CLOSED

# One in 25: a stretch of 40 that holds one miss holds an incident, not a habit. A day on which nothing came may be one
# without news; a partition that is lacking is an outage's, be it three in a stretch of 40.
_RARELY, _RARELY_LACKING = 0.04, 0.075
# Of real jobs (daily ones, 200 to 500 days each) the day after a missed one is missed 4 to 17 times as often as others
# are, ten in the middle; of what people do, or publish when there is news, twice.
OF_A_JOB, OF_PEOPLE = 10.0, 2.0
_RECENT_WEEKS = 8  # as many of each weekday as tell whether it exists
# Thursday to Saturday: 1 January 1970 was a Thursday. Days that nothing names are those of UTC, in which an American
# Friday's evening run falls on Saturday; names are those of the place, or of the day before a run.
_BEFORE_WEEKEND, _BY_NAME = {0, 1, 2}, {0, 1}
_KNOWN = 2  # times that holidays were missed: one day, or two in a row, are some country's anyway
# Of a week with one day, what came on another one is that week's: early, after a holiday, or before its day moved.
_BESIDE = range(-3, 4)
_HALF = 0.5  # of a weekday's runs: with three holidays on it in two months it still has more of them


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
    # Of fewer weekdays any may be by chance what comes on it two weeks in a row.
    since = _since_new(starts, expected) if unit == DAY and len(expected) >= ALL_DAYS - 1 else {}
    while start <= starts[-1]:
        slot = int(start % WEEK // unit)
        is_known = start >= since.get(slot, start)
        if slot in expected and is_known and not (calendar and is_holiday(calendar, start)):
            came = start in have or (unit == DAY and came_beside(have, start, expected))
            flags.append(not came and not outages[bisect_left(starts, start) - 1])
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


def came_beside(have: set[float], day: float, expected: frozenset[int]) -> bool:
    """Return whether something came on another day of a week of which one is expected: in it nothing was missed."""
    return len(expected) == 1 and not have.isdisjoint(day + beside * DAY for beside in _BESIDE)


def _since_new(starts: Sequence[float], expected: frozenset[int]) -> dict[int, float]:
    """Return since when each weekday has come each week that did not come most weeks before: it missed nothing then."""
    have = set(starts)
    found = {}
    for day in expected:
        newest = starts[-1] - (starts[-1] - day * DAY) % WEEK
        begin = newest if newest in have else newest - WEEK
        while begin in have:
            begin -= WEEK
        before = [begin - n * WEEK in have for n in range(_RECENT_WEEKS) if begin - n * WEEK >= starts[0]]
        if 2 * sum(before) < len(before):
            found[day] = begin + WEEK
    return found


def mostly(starts: Sequence[float]) -> frozenset[int]:
    """Return the weekdays on which something came more often than not."""
    weeks = (starts[-1] - starts[0] + DAY) / WEEK
    counts = Counter(int(start % WEEK // DAY) for start in starts)
    return frozenset(day for day, seen in counts.items() if seen > _HALF * weeks)


def calendar_of(
    starts: Sequence[float], expected: frozenset[int], zones: Sequence[str] = ()
) -> tuple[str, int] | None:
    """Return the holidays that explain the missed days which stand alone, or None.

    Where the clocks of places tell the `zones`, one day that was missed is a holiday of theirs, or an outage; before
    any of theirs was missed those that most of them have are supposed.
    """
    have = set(starts)
    missed, kept, start = [], [], starts[0]
    outages = outages_of(starts, (CLOSED + 1) * DAY)  # from one day with data to the next
    while start <= starts[-1]:
        if int(start % WEEK // DAY) in expected:
            if start in have:
                kept.append(start)
            elif came_beside(have, start, expected):
                pass
            elif not outages[bisect_left(starts, start) - 1]:
                missed.append(start)
        start += DAY
    # A weekend without data beside another one is a new habit, whatever holidays of the world fall on it.
    lacking = set(missed)
    habit = {
        day for day in missed if int(day // DAY) % ALL_DAYS in WEEKEND and {day - WEEK, day + WEEK} & lacking
    }
    alone = [day for day in missed if day not in habit]
    likely = supposed(zones, expected, kept)
    found = explaining(alone, kept)
    times = sum(any(found and is_holiday(found, day) for day in days) for days in in_a_row(alone, kept))
    if likely is None or (found and found[1] == likely[1] and times >= _KNOWN):
        return found
    return explaining(alone, kept, countries_of(zones)) or likely


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


def next_weekend(starts: Sequence[float], *, named: bool) -> frozenset[float]:
    """Return the weekend to come where on the last one nothing came, of a table of six days or all; else nothing.

    A job of all days that becomes one of working days is told once so. By labels and zones a weekend is from Friday on,
    or from Saturday or, where days are not `named`, Sunday on. Once something came on either of its days it was an
    outage, and both are asked for.
    """
    begins = _BY_NAME if named else _BEFORE_WEEKEND
    recent = starts[-ALL_DAYS:]
    for before, after in pairwise(recent):
        if after - before == 3 * DAY and int(before // DAY) % ALL_DAYS in begins:
            weekend = frozenset({before + 8 * DAY, before + 9 * DAY})
            return frozenset() if weekend.intersection(recent) else weekend
    return frozenset()
