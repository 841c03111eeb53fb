"""Which slots of the week exist, its days or its hours: those at which partitions usually come."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise

from checks.learn.calendars import is_holiday
from checks.learn.keys import DAY
from checks.learn.rhythm import since_rhythm
from checks.learn.tails import quantile

WEEK = 7 * DAY
ALL_DAYS = 7
"""Weekdays of a table that rests on none."""
_EACH_SLOT = 8  # occurrences of a weekday or an hour of the week: two months
_USUAL = 0.7  # of a slot's: with more of two months missing it is one at which something comes now and then
_WORKING_WEEKS = [{(day + i) % ALL_DAYS for i in range(5)} for day in range(ALL_DAYS)]  # wherever they begin
_YOUNG = 3 * WEEK  # fewer do not tell which weekdays exist
_NEW_DAYS = 3  # in a row, as of hours: two are a weekly run and its repair
# Of thirty days, six weeks of working days, one in four may be another than usual: repairs, and a rhythm that changes.
_RECENT, _STRAY = 30, 0.25
_MOST_DAYS = 60  # of those before: a year of weeks
_FRIDAY, WEEKEND = 1, frozenset({2, 3})  # slots of the week, which begins with a Thursday
# Of seven weekdays each week one: less than once a year outages alone miss one so often in a row.
_BY_OUTAGES = 1 / 364
_EVEN_GAPS = (
    4  # one more than make a rhythm: as many as six-hourly runs have in the day that shows all of their times
)
_OUTAGE = 4 * DAY  # no table with days of its own pauses longer than a long weekend: beyond, it was down


def misfits(starts: Sequence[float], expected: Collection[int], unit: float) -> int:
    """Return how many of these periods, in order, are none that is expected, and how many expected ones are lacking."""
    have = set(starts)
    lacking, start = 0, starts[0]
    while start < starts[-1]:
        lacking += int(start % WEEK // unit) in expected and start not in have
        start += unit
    return lacking + sum(int(start % WEEK // unit) not in expected for start in have)


def keep_days(starts: Sequence[float], expected: Collection[int]) -> bool:
    """Return whether days on which something came, in order, are of these weekdays, but for one in four of late.

    Where it mostly comes the next day, there is a daily job, whatever weekdays its outages took away.
    """
    recent = starts[-_RECENT:]
    gaps = sorted(b - a for a, b in pairwise(recent))
    if gaps and quantile(gaps, 0.5) <= DAY:
        return True
    return sum(int(start % WEEK // DAY) not in expected for start in recent) <= _STRAY * len(recent)


def fill_days(starts: Sequence[float], expected: Collection[int], calendar: tuple[str, int] | None) -> bool:
    """Return whether something came on seven of ten of these weekdays of late, by the days (in order) on which it did.

    Outages and holidays aside. People who worked on three days in a row do not come on those weekdays from then on.
    """
    recent = starts[-_RECENT:]
    have, outages = set(recent), outages_of(recent)
    wanted, start = 0, recent[0]
    while start <= recent[-1]:
        if int(start % WEEK // DAY) in expected and not (calendar and is_holiday(calendar, start)):
            wanted += start in have or not outages[bisect_left(recent, start) - 1]
        start += DAY
    return sum(int(start % WEEK // DAY) in expected for start in recent) >= _USUAL * wanted


def outages_of(starts: Sequence[float], longest: float = _OUTAGE) -> list[bool]:
    """Return of each gap after a start whether it was an outage: longer than that, and no new rhythm."""
    found = []
    for i, (a, b) in enumerate(pairwise(starts)):
        if b - a <= longest:
            found.append(False)
            continue
        around = sorted(y - x for x, y in pairwise(starts[max(0, i - 2) : i + 6]))
        usual = around[len(around) // 2]
        found.append(b - a > 1.5 * usual)
    return found


def expected_slots(
    starts: Sequence[float], unit: float, calendar: tuple[str, int] | None = None
) -> frozenset[int]:
    """Return the slots of the week that exist, by the last eight of each that no outage and no holiday hid."""
    have = set(starts)
    newest, first = starts[-1], starts[0]
    outages = outages_of(starts)
    seen: dict[int, list[bool]] = {}
    found, young = set[int](), set[int]()
    for slot in range(int(WEEK // unit)):
        # WEEK divides the seconds since 1970, so slot 0 is the first of a Thursday.
        start = newest - (newest - slot * unit) % WEEK
        kept: list[bool] = []
        while start >= first and len(kept) < _EACH_SLOT:
            if start in have:
                kept.append(True)
            elif not outages[bisect_left(starts, start) - 1] and not (
                calendar and is_holiday(calendar, start)
            ):
                kept.append(False)
            start -= WEEK
        if len(kept) >= 2:
            seen[slot] = kept
        # In the first weeks a day that came is one that comes: else an outage of its other time takes it away.
        if unit == DAY and newest - first < _YOUNG and len(kept) <= 2 and any(kept):
            young.add(slot)
    often = sorted(sum(k) / len(k) for k in seen.values() if sum(k) >= _USUAL * len(k))
    general = 1 - quantile(often, 0.5) if often else 0.0
    for slot, kept in seen.items():
        recent = kept[:3]
        # A slot that is missed more often than the others is one on which something comes now and then.
        usual = sum(kept) >= _USUAL * len(kept) and len(kept) - sum(kept) <= 1 + len(kept) * general
        if (usual and sum(recent) >= 2) or (len(recent) == 3 and all(recent)):
            found.add(slot)
    found |= _lost(found, seen, unit)
    if not found and newest - first < _YOUNG:
        found = _by_hour(starts, unit)
    return frozenset(_new_hours(starts, unit, found) if unit < DAY else _new_days(starts, found) | young)


def _lost(found: set[int], seen: dict[int, list[bool]], unit: float) -> set[int]:
    """Return the slots that outages took away, by which of their last times (the newest first) something came."""
    lost = set[int]()
    # One of two or three that was missed is an outage where all days like it have that time.
    young = [slot for slot, kept in seen.items() if len(kept) <= 3 and len(kept) - sum(kept) == 1]
    for slot in sorted(young, key=lambda one: int(one * unit // DAY) in WEEKEND):
        if _on_days_like(slot, unit) <= found | lost:
            lost.add(slot)
    if unit == DAY:
        # No job leaves out one day of all, or of a working week, on which data comes more often than not: outages, or
        # two holidays, fell on it.
        for slot in set(seen) - found - lost:
            whole, kept = found | lost | {slot}, seen[slot]
            is_week = len(whole) == ALL_DAYS or whole in _WORKING_WEEKS
            if is_week and sum(kept) > len(kept) / 2 and not _ended(slot, seen):
                return lost | {slot}
    return lost


def _ended(slot: int, seen: dict[int, list[bool]]) -> bool:
    """Return whether a weekday was missed so often in a row of late that outages do not explain it."""
    kept = seen[slot]
    row = kept.index(True) if True in kept else len(kept)
    # What was missed before a weekday began to come is none of its outages.
    others = [each[: _since_first(each)] for other, each in seen.items() if other != slot]
    # Outages bunch: in a bad season those of the last weeks say more, where there was more than one.
    missed = max(_missed(others, 1), _missed([each[:row] for each in others], -1))
    return missed**row < _BY_OUTAGES


def _missed(seen: Sequence[Sequence[bool]], more: int) -> float:
    """Return the part of some times at which nothing came, with so many more, or fewer, than were seen."""
    return (more + sum(each.count(False) for each in seen)) / max(1, more + sum(map(len, seen)))


def _since_first(kept: Sequence[bool]) -> int:
    """Return how many times (the newest first) there were from the first on that something came."""
    return len(kept) - kept[::-1].index(True) if True in kept else 0


def _on_days_like(slot: int, unit: float) -> set[int]:
    """Return the slots of the same time on the other working days; of a day of a weekend on all other days."""
    own, time = divmod(slot, DAY / unit)
    days = set(range(7)) if own in WEEKEND else set(range(7)) - WEEKEND
    return {int(day * DAY / unit + time) for day in days if day != own}


def _new_days(starts: Sequence[float], found: set[int]) -> set[int]:
    """Return the days that exist once three in a row have data of which two had none by what weeks taught.

    Three working days tell of working days, for most jobs that pause do so at weekends; with a day of a weekend they
    tell of all days. Where as many came in a row before and ended again, they tell nothing.
    """
    in_a_row = _days_in_a_row(starts)
    newest = [int(start % WEEK // DAY) for start in starts[-_NEW_DAYS:]]
    if in_a_row < _NEW_DAYS or sum(day not in found for day in newest) < _NEW_DAYS - 1:
        return found
    before = starts[-_MOST_DAYS:-in_a_row]
    if any(_days_in_a_row(before[: i + 1]) >= _NEW_DAYS for i in range(len(before))):
        return found
    of_row = {int(start % WEEK // DAY) for start in starts[-in_a_row:]}
    return found | set(range(7)) if of_row & WEEKEND else found | (set(range(7)) - WEEKEND)


def _days_in_a_row(starts: Sequence[float]) -> int:
    """Return how many of the newest days with data follow each other, over a weekend without any too."""
    count = min(1, len(starts))
    for a, b in zip(starts[-2::-1], starts[:0:-1], strict=False):
        over_weekend = int(a % WEEK // DAY) == _FRIDAY and b - a == 3 * DAY
        if b - a != DAY and not over_weekend:
            break
        count += 1
    return count


def _new_hours(starts: Sequence[float], unit: float, found: set[int]) -> set[int]:
    """Return the hours of the last three days if all three had the same and the weeks before had others."""
    three_days = _alike_until(starts)
    if three_days is None:
        return found
    newest, times = three_days
    # Where weeks taught something else of these very days, all days are new; else those that were like them last week.
    span = [newest - i * unit for i in range(int(WEEK / unit))]
    recent = {start for start in starts[-len(span) * 2 :] if start <= newest}
    three = span[: int(3 * DAY / unit)]
    new = {s for s in three if int(s % WEEK // unit) in found} != recent.intersection(three)
    resting = _resting(found, unit) if not {int(start % WEEK // DAY) for start in three} & WEEKEND else set()
    changed = set(found)
    for back in range(7):
        day = span[int(back * DAY / unit) : int((back + 1) * DAY / unit)]
        held = {s % DAY for s in recent.intersection(day)}
        alike = held == times
        slots = {s for s in day if alike or int(s % WEEK // DAY) not in resting} if new or alike else set()
        changed -= {int(s % WEEK // unit) for s in slots}
        changed |= {int(s % WEEK // unit) for s in slots if s % DAY in times}
        if held <= times:  # an outage took some of the day: of the old hours none came
            changed -= {int(s % WEEK // unit) for s in day if s % DAY not in times}
    return changed


def _alike_until(starts: Sequence[float]) -> tuple[float, set[float]] | None:
    """Return until when three days had the same hours, and these; None where the last ones had not.

    Of a new rhythm earlier ones count where nothing came at other hours since: some of its first runs failed. One whose
    gaps are all equal, and fill a day, is that of a job: what an outage lets through comes anyhow.
    """
    begin, later = since_rhythm(starts), set[float]()
    end = starts[-1]
    new = starts[bisect_left(starts, begin) :] if begin > -math.inf else ()
    if len(new) > _EVEN_GAPS and new[-1] - new[0] >= DAY and len({b - a for a, b in pairwise(new)}) == 1:
        return end, {start % DAY for start in new}
    while True:
        days: list[set[float]] = [set(), set(), set()]
        for start in starts[bisect_left(starts, end - 3 * DAY + 1) : bisect_left(starts, end + 1)]:
            days[int((end - start) // DAY)].add(start % DAY)
        if days[0] == days[1] == days[2] and days[0]:
            return (end, days[0]) if later <= days[0] else None
        if end - 3 * DAY < begin or begin == -math.inf:
            return None
        later |= days[0]
        end -= DAY


def _resting(found: Collection[int], unit: float) -> set[int]:
    """Return the days of a weekend at rest, of which working days say nothing: with few slots that exist, if any.

    Few, for what comes on a Friday evening somewhere may come on a Saturday of another clock.
    """
    counts = Counter(int(slot * unit // DAY) for slot in found)
    return {day for day in WEEKEND if 2 * counts[day] < max(counts.values(), default=0)}


def _by_hour(starts: Sequence[float], unit: float) -> set[int]:
    """Return the slots of the week by the time of day alone: what a young table shows."""
    days = max(1.0, (starts[-1] - starts[0]) / DAY)
    counts: dict[float, int] = {}
    for start in starts:
        counts[start % DAY] = counts.get(start % DAY, 0) + 1
    usual = [s for s, n in counts.items() if n >= 0.7 * days]
    return {int((d * DAY + s) // unit) for d in range(7) for s in usual}
