"""Partitions with a time of their own: which exist, how long after their time they first come, when the next is due."""

import math
from bisect import bisect_left
from calendar import monthrange
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

from checks.learn.calendars import explaining, is_holiday
from checks.learn.clocks import FAMILIES, changes, offset, to_utc
from checks.learn.keys import DAY, HOUR
from checks.learn.lateness import Reach, reach
from checks.learn.tails import (
    MOST_EXCESSES,
    YEAR_DAYS,
    center_and_excess,
    median,
    quantile,
)

WEEK = 7 * DAY
_MOST = 720  # partitions: 30 days of an hourly table, two years of a daily one
_EACH_SLOT = 8  # occurrences of a weekday or an hour of the week: two months
_YOUNG = 3 * WEEK  # fewer do not tell which weekdays exist
_NEW_DAYS = 3  # in a row, as of hours: two are a weekly run and its repair
_MOST_DAYS = 60  # of those before: a year of weeks
_FRIDAY, _WEEKEND = 1, {2, 3}  # slots of the week, which begins with a Thursday
# One in 25: a stretch of 40 that holds one miss holds an incident, not a habit. A day on which nothing came may be one
# without news; a partition that is lacking is an outage's, be it three in a stretch of 40.
_RARELY, _RARELY_LACKING = 0.04, 0.075
# A clock that two periods more speak against than against the best one is disproved.
TIED = 2
_HARDLY = 0.02  # of the least margin: some minutes of a day, seconds of an hour
# Of hours that explain less than half of what came the rhythm is new, and what came before speaks for no clock.
_NEW = 0.5
# A week around each day tells how late it was; one in ten is among the latest, so two or three of one day of the month
# are by chance once in a hundred. The next one is the latest of three as often as not: half as long again holds.
_AROUND, _LATEST, _HALF_AGAIN = 7, 0.9, 1.5
_OUTAGE = 4 * DAY  # no table with days of its own pauses longer than a long weekend: beyond, it was down
# From Maundy Thursday to Easter Tuesday, or over Christmas and a weekend: so long no office works.
_CLOSED = 5 * DAY
_HALF = 0.5  # of a weekday's runs: with three holidays on it in two months it still has more of them


@dataclass(frozen=True)
class Slots:
    """What was learned of a table whose partitions name a time. Times in seconds; `lag` on the zone's clock.

    `clocks` are the zones whose clock explains which hours exist, each with those on it; empty: they are the keys' own.
    `late_days` are days of the month, -1 its last, on which each time more than the margin is usual, and how much is.
    `reach` is what lateness alone would make of the margin.
    """

    unit: float
    expected: frozenset[int]
    zones: tuple[tuple[str, float], ...]
    margin: float
    misses: int
    seen: int
    calendar: tuple[str, int] | None = None
    clocks: tuple[tuple[str, frozenset[int]], ...] = ()
    late_days: tuple[tuple[int, float], ...] = ()
    reach: Reach = field(default_factory=Reach)

    @property
    def cadence(self) -> float:
        """The mean seconds between expected partitions."""
        return WEEK / len(self.expected)

    def due(self, newest: float) -> tuple[float, float]:
        """Return the start of the partition that decides after the newest one, and the instant it is due (UTC).

        Of clocks that explain equally well which hours exist the latest counts, as of zones: never none of them, or an
        outage that begins with a change of clocks would be due no more.
        """
        clocks = self.clocks or (("UTC", self.expected),)
        return max((self._due_by(newest, *clock) for clock in clocks), key=lambda found: found[1])

    def _due_by(self, newest: float, clock: str, hours: frozenset[int]) -> tuple[float, float]:
        """Return the same by the hours of the week that exist on one clock."""
        step = self.unit
        start, missed = newest, 0
        for _ in range(int(2 * WEEK / step) * (self.misses + 1) + 1):
            start += step
            exists = int((start + offset(clock, start)) % WEEK // step) in hours
            if exists and not (self.calendar and is_holiday(self.calendar, start)):
                missed += 1
                if missed >= self.misses:
                    margin = self.margin
                    if self.late_days:
                        places = days_of_month(start)
                        margin = max(margin, *(late for day, late in self.late_days if day in places), 0.0)
                    return start, max(to_utc(z, start + lag + margin) for z, lag in self.zones)
        return start, start + 45 * DAY


def days_of_month(start: float) -> tuple[int, int]:
    """Return which day of its month a day is, counted from its begin and (negative) from its end."""
    day = datetime.fromtimestamp(start, UTC)
    return day.day, day.day - monthrange(day.year, day.month)[1] - 1


def misfits(starts: Sequence[float], expected: Collection[int], unit: float) -> int:
    """Return how many of these periods, in order, are none that is expected, and how many expected ones are lacking."""
    have = set(starts)
    lacking, start = 0, starts[0]
    while start < starts[-1]:
        lacking += int(start % WEEK // unit) in expected and start not in have
        start += unit
    return lacking + sum(int(start % WEEK // unit) not in expected for start in have)


def _hour_clocks(starts: Sequence[float], expected: frozenset[int]) -> tuple[tuple[str, frozenset[int]], ...]:
    """Return the zones whose clock explains equally well which hours exist, each with the hours of the week on it.

    Keys of hours mostly name them in UTC, while jobs that pause at night pause by a wall clock.
    """
    if _is_grid(expected):
        return ()
    fitted = []
    for zone in FAMILIES:
        if zone == "UTC":
            fitted.append((misfits(starts, expected, HOUR), zone, expected))
            continue
        if not changes(zone, starts[0], starts[-1]):
            ahead = int(offset(zone, starts[-1]) // HOUR)
            week = int(WEEK // HOUR)
            fitted.append((fitted[0][0], zone, frozenset((hour + ahead) % week for hour in expected)))
            continue
        labels = sorted({start + offset(zone, start) for start in starts})
        hours = expected_slots(labels, HOUR)
        fitted.append((misfits(labels, hours, HOUR), zone, hours))
    # By the keys' own clock, for on others three days of a new rhythm may not be alike yet.
    if fitted[0][0] > _NEW * len(starts):
        return ()
    least = min(fitted)[0]
    return tuple((zone, hours) for misfit, zone, hours in fitted if misfit <= least + TIED)


def _is_grid(hours: frozenset[int]) -> bool:
    """Return whether hours of the week are the same steps of every day from midnight on (00, 06, 12, 18).

    Such keys name steps of their own clock, which no change of another one moves.
    """
    steps = {hour % 24 for hour in hours}
    apart = 24 // len(steps)
    return len(hours) == 7 * len(steps) and steps == set(range(0, 24, apart))


def _late_days(starts: Sequence[float], lags: Sequence[float]) -> dict[int, float]:
    """Return the days of the month on which runs were among the latest each time of late, and how late is usual.

    `lags` are those of the days that `starts` name, of one clock.
    """
    late = [lag - median(lags[max(0, i - _AROUND) : i + _AROUND + 1]) for i, lag in enumerate(lags)]
    if len(late) < 2 * 28:
        return {}
    latest = max(quantile(sorted(late), _LATEST), 0.0)
    by_day: dict[int, list[float]] = {}
    for start, seconds in zip(starts, late, strict=True):
        for day in days_of_month(start):
            by_day.setdefault(day, []).append(seconds)
    return {
        day: _HALF_AGAIN * max(each[-3:])
        for day, each in by_day.items()
        if len(each) >= 2 and min(each[-3:]) > latest
    }


def _outages(starts: Sequence[float], longest: float = _OUTAGE) -> list[bool]:
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
    outages = _outages(starts)
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
    often = sorted(sum(k) / len(k) for k in seen.values() if sum(k) >= 0.7 * len(k))
    general = 1 - quantile(often, 0.5) if often else 0.0
    for slot, kept in seen.items():
        recent = kept[:3]
        # A slot that is missed more often than the others is one on which something comes now and then.
        usual = sum(kept) >= 0.7 * len(kept) and len(kept) - sum(kept) <= 1 + len(kept) * general
        if (usual and sum(recent) >= 2) or (len(recent) == 3 and all(recent)):
            found.add(slot)
    if not found and newest - first < _YOUNG:
        found = _by_hour(starts, unit)
    return frozenset(_new_hours(starts, unit, found) if unit < DAY else _new_days(starts, found) | young)


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
    return found | set(range(7)) if of_row & _WEEKEND else found | (set(range(7)) - _WEEKEND)


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
    newest = starts[-1]
    days: list[set[float]] = [set(), set(), set()]
    for start in reversed(starts):
        back = int((newest - start) // DAY)
        if back > 2:
            break
        days[back].add(start % DAY)
    if days[0] != days[1] or days[1] != days[2] or not days[0]:
        return found
    # Where weeks taught something else of these very days, all days are new; else those that were like them last week.
    span = [newest - i * unit for i in range(int(WEEK / unit))]
    recent = set(starts[-len(span) :])
    three = span[: int(3 * DAY / unit)]
    new = {s for s in three if int(s % WEEK // unit) in found} != recent.intersection(three)
    changed = set(found)
    for back in range(7):
        day = span[int(back * DAY / unit) : int((back + 1) * DAY / unit)]
        if new or {s % DAY for s in recent.intersection(day)} == days[0]:
            changed -= {int(s % WEEK // unit) for s in day}
            changed |= {int(s % WEEK // unit) for s in day if s % DAY in days[0]}
    return changed


def _miss_rate(
    starts: Sequence[float], unit: float, expected: frozenset[int], calendar: tuple[str, int] | None
) -> float:
    """Return the share of expected slots that begin a miss, in the better stretches, outages left out."""
    have = set(starts)
    stretch = 40 if unit >= DAY else int(WEEK // unit)
    outages = _outages(starts)
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


def _mostly(starts: Sequence[float]) -> frozenset[int]:
    """Return the weekdays on which something came more often than not."""
    weeks = (starts[-1] - starts[0] + DAY) / WEEK
    counts = Counter(int(start % WEEK // DAY) for start in starts)
    return frozenset(day for day, seen in counts.items() if seen > _HALF * weeks)


def _calendar(starts: Sequence[float], expected: frozenset[int]) -> tuple[str, int] | None:
    """Return the holidays that explain the missed days which stand alone, or None."""
    have = set(starts)
    missed, kept, start = [], [], starts[0]
    outages = _outages(starts, _CLOSED)
    while start <= starts[-1]:
        if int(start % WEEK // DAY) in expected:
            if start in have:
                kept.append(start)
            elif not outages[bisect_left(starts, start) - 1]:
                missed.append(start)
        start += DAY
    return explaining(missed, kept)


def _by_hour(starts: Sequence[float], unit: float) -> set[int]:
    """Return the slots of the week by the time of day alone: what a young table shows."""
    days = max(1.0, (starts[-1] - starts[0]) / DAY)
    counts: dict[float, int] = {}
    for start in starts:
        counts[start % DAY] = counts.get(start % DAY, 0) + 1
    usual = [s for s, n in counts.items() if n >= 0.7 * days]
    return {int((d * DAY + s) // unit) for d in range(7) for s in usual}


def consecutive(miss: float, chance: float, *, lacking: bool = False) -> int:
    """Return how many misses in a row the budget's chance a period asks for, where one comes by itself so often.

    `lacking`: they are days with keys of their own, so that one without data is data that is lacking. Single hours are
    too many for that: three in 40 would be told once a day.
    """
    if miss <= (_RARELY_LACKING if lacking else _RARELY):
        return 1
    if miss >= 0.5:
        return 4
    return min(4, max(2, math.ceil(math.log(max(chance, 1e-4) * 10) / math.log(miss))))


def fit_slots(
    firsts: Sequence[tuple[float, float]],
    share: float,
    expected: frozenset[int] | None = None,
    *,
    named: bool = True,
) -> Slots | None:
    """Return the model of partitions (own start, first arrival) in order, or None where their keys keep no week.

    `share` is the false alarms a year that the table may raise. `expected` are the slots that exist, where they are
    known otherwise. Without `named` the periods are days on which something came, of a table whose data names none.
    """
    recent = firsts[-_MOST:]
    starts = [s for s, _ in recent]
    unit = _unit(starts)
    if unit is None or len(starts) < 8:
        return None
    # Holidays first: where three fell on one weekday, that is none on which something usually comes without them.
    calendar = _calendar(starts, expected or _mostly(starts)) if unit == DAY else None
    expected = expected if expected is not None else expected_slots(starts, unit, calendar)
    if not expected:
        return None
    if unit == DAY and calendar is None:
        calendar = _calendar(starts, expected)
    miss = _miss_rate(starts, unit, expected, calendar)
    a_year = len(expected) * YEAR_DAYS / 7
    chance = share / a_year
    cadence = WEEK / len(expected)
    clocks = _hour_clocks(starts, expected) if unit == HOUR else ()
    late_days = _late_days(starts, [at - start for start, at in recent]) if unit == DAY else {}
    if late_days:
        recent = [each for each in recent if late_days.keys().isdisjoint(days_of_month(each[0]))]
    # Of a day three hours: one for a change of clocks, two that a person waits before he asks.
    least = 0.125 * cadence
    fitted: list[tuple[str, float, list[float]]] = []
    # A clock that did not change moves every lag by as much.
    constant: tuple[float, list[float]] | None = None
    for zone in zones_of(recent):
        first, last = recent[0][1], recent[-1][1]
        ahead = None if changes(zone, first, last) else offset(zone, last)
        if ahead is None or constant is None:
            lags = [at + offset(zone, at) - start for start, at in recent]
            center, excess = center_and_excess(lags, max(0.02 * cadence, 60.0))
            if ahead is not None:
                constant = center - ahead, excess
        else:
            center, excess = constant[0] + ahead, constant[1]
        fitted.append((zone, center, excess))
    # Zones that no change of clocks told apart saw the very same lateness.
    lates = (
        reach_of(list(each), len(recent), least, chance, len(expected))
        for each in {tuple(f[2]) for f in fitted}
    )
    late = max(lates, key=lambda each: (each.limit, each.latest))
    margin = max(late.limit, least)
    return Slots(
        unit,
        expected,
        tuple((f[0], f[1]) for f in fitted),
        margin,
        consecutive(miss, chance, lacking=named and unit == DAY),
        len(starts),
        calendar,
        clocks,
        tuple((day, more) for day, more in sorted(late_days.items()) if more > margin),
        late,
    )


def reach_of(excess: Sequence[float], runs: int, least: float, chance: float, a_week: float) -> Reach:
    """Return how far beyond its median lateness reaches with this chance, of so many runs.

    Half of them are later than the median, or as late as it: those count as hardly later, or the few late runs of a job
    that is exact would be all that is known of its lateness.
    """
    just = max(0, min(runs, 2 * MOST_EXCESSES) // 2 - len(excess))
    return reach([*excess, *[_HARDLY * least] * just], chance, a_week)


def _unit(starts: Sequence[float]) -> float | None:
    """Return the step of the partitions' grid, an hour or a day, or None where they keep neither."""
    if all(s % DAY == 0 for s in starts):
        return DAY
    if all(s % HOUR == 0 for s in starts):
        return HOUR
    return None


def zones_of(firsts: Sequence[tuple[float, float]]) -> list[str]:
    """Return the zones whose clock explains the lags of (own start, arrival) best; all that explain them equally.

    Only a change of clocks can tell zones apart: those that it speaks for stay alone, those it speaks against go.
    """
    undecided, proved = [], []
    lags = [at - start for start, at in firsts]
    times = [at for _, at in firsts]
    for zone in FAMILIES[1:]:
        votes = []
        for change, delta in changes(zone, times[0], times[-1]):
            place = bisect_left(times, change)
            before, after = lags[max(0, place - 10) : place], lags[place : place + 10]
            if len(before) >= 3 and len(after) >= 3:
                moved = median(after) - median(before)
                votes.append(abs(moved + delta) < abs(moved))
        if not votes:
            undecided.append(zone)
        elif sum(votes) > len(votes) / 2:
            proved.append((sum(votes) / len(votes), zone))
    if proved:
        best = max(proved)[0]
        return [z for share, z in proved if share == best]
    return ["UTC", *undecided]
