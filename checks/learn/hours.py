"""At which times of the week a table's periods of less than a day hold data, by those that did.

Days on which nothing came tell of days, not of times: a holiday or an outage takes no hour out of the others. Where it
is not known whose clock the times are on, each that explains them as well is kept; a change of clocks decides.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.clocks import FAMILIES, changes, offset
from checks.learn.keys import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WEEK = 7 * DAY
DAYS_NEEDED = 3
"""Days with data, as of a new rhythm: a time without any on three of them is one at which none comes."""
_YOUNG = 8 * DAY
"""A week and a day, in which each weekday was passed: until then days that are filled throughout tell of all days."""
_EACH = 8
"""Days of a weekday that count, two months, as of the slots of a week; and of working days together, two weeks."""
_TOGETHER = 10
_FEW = 3
"""Of fewer days of its own a weekday is seen with the others; as many in a row are a new rhythm."""
_OFTEN = 0.6
"""Three of five: one incident in three days takes no time out, and what comes every other day is not due."""
_OUTAGE = WEEK
"""What comes on one day of the week pauses for less than a week; beyond, it was down, and its days tell nothing."""
_CONTRADICTIONS = 3
"""A clock explains more than another from so many times on: a change of clocks shifts both ends of each day."""
_AGAINST = 2
"""One day with the hours of UTC speaks against a clock: until then no hour at either end of the day is asked for."""
_STRAY = 0.2
"""Where one in five times is filled or missed by chance nobody could rely on the rest."""
_SOON = 2 * DAY
"""What is judged began so soon after the newest period with data, or is told anyway."""
_WORKING = 5
_THURSDAY = 3  # 1 January 1970, with which the days of the week are counted here


@dataclass(frozen=True, slots=True)
class WeekHours:
    """What was learned: by each clock the seconds since Monday 00:00 at which periods begin that hold data.

    ``unit`` is how many seconds they are long, ``begun`` how often one of these times began a miss, ``passed`` how many
    of them were passed on days on which data came. ``open_days`` are the days since 1970 on which data came, ``missed``
    the others of weekdays on which it usually does, both on the first of the clocks.
    """

    unit: float
    clocks: tuple[tuple[str, frozenset[int]], ...]
    begun: int
    passed: int
    open_days: tuple[int, ...] = ()
    missed: tuple[int, ...] = ()

    @property
    def times(self) -> frozenset[int]:
        """The times by the first of the clocks."""
        return self.clocks[0][1]

    @property
    def is_whole(self) -> bool:
        """Tell whether each weekday holds data at all of its times, or at none."""
        a_day = int(DAY // self.unit)
        counts = [sum(each // int(DAY) == day for each in self.times) for day in range(7)]
        return all(count in (0, a_day) for count in counts)

    @property
    def closed_days(self) -> frozenset[int]:
        """The weekdays without data, Monday is 0."""
        return frozenset(range(7)) - {each // int(DAY) for each in self.times}

    @property
    def miss(self) -> float:
        """How often a time without data comes by itself; one alone is an incident as likely as a habit."""
        return max(0, self.begun - 1) / max(1, self.passed)


def learn_hours(starts: Sequence[float], unit: float, *, own_clock: bool) -> WeekHours | str:
    """Return the times of the week at which periods hold data, or what is lacking to tell them.

    ``starts`` are those of periods with data in order, in seconds since 1970 on the clock of their labels; where that
    is an ``own_clock`` of a place no other is tried.
    """
    passed = int((starts[-1] - starts[0]) // unit) + 1
    a_day = int(DAY // unit)
    if passed < a_day:
        return f"{len(starts)} period{'s' if len(starts) != 1 else ''} seen, those of a day, {a_day}, needed"
    if passed * unit < _YOUNG and len({start % DAY for start in starts}) == a_day:
        return WeekHours(unit, (("UTC", frozenset(range(0, int(WEEK), int(unit)))),), 0, len(starts))
    days = len({start // DAY for start in starts})
    if days < DAYS_NEEDED or passed < DAYS_NEEDED * a_day:
        seen = f"{min(days, passed // a_day)} day{'s' if min(days, passed // a_day) > 1 else ''} seen"
        return f"{seen}, {DAYS_NEEDED} needed to tell at which times it holds data"
    # By other clocks than that of the labels only periods of hours and less begin at whole periods.
    names = ("UTC",) if own_clock or HOUR % unit else _clocks(starts)
    found = [(name, _Seen(starts, unit, name)) for name in names]
    first = found[0][1]
    if not first.expected or first.stray > _STRAY:
        return "its periods keep no times of the week"
    clocks = [(name, seen.expected) for name, seen in found]
    return WeekHours(
        unit,
        (clocks[0], *(clock for clock in clocks[1:] if _share_hours(clocks[0], clock, starts[-1] + _SOON))),
        first.begun,
        first.passed,
        tuple(sorted(first.days)),
        first.missed_days,
    )


def _share_hours(one: tuple[str, frozenset[int]], other: tuple[str, frozenset[int]], at: float) -> bool:
    """Return whether two clocks show half of their times together at an instant.

    An hour at either end of a day may wait until it is known whose clock counts; of single hours none would be left to
    be due, and the silence of a table that died then would pass.
    """
    first, second = ({(time - offset(name, at)) % WEEK for time in times} for name, times in (one, other))
    return 2 * len(first & second) >= len(first)


def _clocks(starts: Sequence[float]) -> list[str]:
    """Return the clocks on which times of day are kept: those for which a change of clocks spoke, else all it spares.

    A clock that did not change since the first of the starts is as UTC. It is compared by how many of the starts of a
    week after its change were not there a week before, on its clock and on UTC, and the other way round.
    """
    proved, undecided = [], ["UTC"]
    have = set(starts)
    newest = starts[-1]
    for name in FAMILIES[1:]:
        votes = []
        for change, delta in changes(name, starts[0], newest + _SOON):
            until = min(newest, change + WEEK)
            after = {start for start in have if change <= start <= until}
            before = {start for start in have if change - WEEK <= start <= until - WEEK}
            by_utc = len({start - WEEK for start in after} ^ before)
            by_clock = len({start - WEEK + delta for start in after} ^ before)
            votes.append(by_utc - by_clock if before else 0)
        if votes and sum(votes) >= _CONTRADICTIONS:
            proved.append((sum(votes), name))
        elif votes and sum(votes) > -_AGAINST:
            undecided.append(name)
    if proved:
        most = max(proved)[0]
        return [name for count, name in proved if count == most]
    return undecided


class _Seen:
    """What was seen on one clock: the days on which data came, with its times, and which of them are usual."""

    def __init__(self, starts: Sequence[float], unit: float, clock: str) -> None:
        self.unit = int(unit)
        local = [start + offset(clock, start) for start in starts]
        self.first, self.newest = local[0], local[-1]
        self.days: dict[int, set[int]] = defaultdict(set)
        for at in local:
            self.days[int(at // DAY)].add(int(at % DAY))
        self._down = {
            day
            for before, after in pairwise(local)
            if after - before > _OUTAGE
            for day in range(int(before // DAY) + 1, int(after // DAY))
        }

    def _passed(self, day: int, time: int) -> bool:
        """Tell whether data could have come at that time, as far as is known."""
        return self.first <= day * DAY + time <= self.newest

    def _last_days(self, weekdays: Iterable[int], most: int) -> list[int]:
        """Return the newest days of these weekdays, newest first, without those on which the table was down."""
        wanted = set(weekdays)
        span = range(int(self.newest // DAY), int(self.first // DAY) - 1, -1)
        return [day for day in span if weekday_of(day) in wanted and day not in self._down][:most]

    @cached_property
    def expected(self) -> frozenset[int]:
        """The seconds since Monday 00:00 at which data is usual."""
        found: set[int] = set()
        for weekday in range(7):
            if self._is_open(weekday):
                found |= {weekday * int(DAY) + time for time in self._times(weekday)}
        return frozenset(found)

    def _is_open(self, weekday: int) -> bool:
        """Tell whether data usually comes on a weekday at all."""
        came = [day in self.days for day in self._last_days([weekday], _EACH)]
        if len(came) >= _FEW:
            recent = came[:_FEW]
            return any(recent) and (all(recent) or sum(came) >= len(came) / 2)
        if weekday < _WORKING:
            return any(came) or not came
        return bool(came) and all(came)

    def _times(self, weekday: int) -> set[int]:
        """Return the times of a weekday at which data is usual, in seconds since midnight."""
        since = self.since[weekday]
        own = [day for day in self._last_days([weekday], _EACH) if day in self.days and day >= since]
        alike = self._last_days(_alike(weekday), _TOGETHER)
        together = [day for day in alike if day in self.days and day >= since]
        # A new rhythm of all days holds for those of a weekend that did not come since.
        together = together or [day for day in self.days if day >= since]
        return {time for time in range(0, int(DAY), self.unit) if self._is_usual(time, own, together)}

    def _is_usual(self, time: int, own: Sequence[int], together: Sequence[int]) -> bool:
        mine = [time in self.days[day] for day in own if self._passed(day, time)]
        if len(mine) >= _FEW:
            return all(mine[:_FEW]) or (any(mine[:_FEW]) and sum(mine) >= _OFTEN * len(mine))
        if len(mine) == _FEW - 1 and len(set(mine)) == 1:
            return mine[0]
        others = [time in self.days[day] for day in together if self._passed(day, time)]
        return bool(others) and sum(others) >= _OFTEN * len(others)

    @cached_property
    def since(self) -> tuple[int, ...]:
        """The day from which on each weekday has the rhythm that it has now."""
        found = [int(self.first // DAY)] * 7
        for together in (range(7), range(_WORKING)):
            days = [day for day in self._last_days(together, len(self.days) + 7 * _EACH) if day in self.days]
            began, before = self._changed(days) or (0, [])
            for weekday in together:
                own = next((day for day in days if weekday_of(day) == weekday and day < began), None)
                if began and (own is None or self.days[own] in before):
                    found[weekday] = max(found[weekday], began)
        return tuple(found)

    def _changed(self, days: Sequence[int]) -> tuple[int, list[set[int]]] | None:
        """Return when the newest new rhythm of days (newest first) began, and the times that it took the place of.

        It takes three days in a row with the same times that all had others a week before.
        """
        for place in range(len(days) - _FEW):
            three = days[place : place + _FEW]
            new = self.days[three[0]]
            before = [self._before(day, three[-1], days) for day in three]
            old = [times for times in before if times is not None and times != new]
            if len(old) == _FEW and all(self.days[day] == new for day in three):
                while place + _FEW < len(days) and self.days[days[place + _FEW]] == new:
                    place += 1  # noqa: PLW2901 - the search ends here
                return days[place + _FEW - 1], old
        return None

    def _before(self, day: int, until: int, days: Sequence[int]) -> set[int] | None:
        """Return the times of the last day of the same weekday before ``until``."""
        own = (each for each in days if each < until and weekday_of(each) == weekday_of(day))
        found = next(own, None)
        return self.days[found] if found is not None else None

    @cached_property
    def _usual_days(self) -> list[int]:
        """The days whose weekday usually has data, oldest first."""
        open_days = {each // int(DAY) for each in self.expected}
        return sorted(self._last_days(open_days, int((self.newest - self.first) // DAY) + 2))

    @cached_property
    def missed_days(self) -> tuple[int, ...]:
        """The days without any data of weekdays that usually have some."""
        return tuple(day for day in self._usual_days if day not in self.days)

    @cached_property
    def _flags(self) -> list[bool]:
        """Of each usual time of days on which data came, in order, whether it was missed."""
        times: dict[int, list[int]] = defaultdict(list)
        for each in sorted(self.expected):
            times[each // int(DAY)].append(each % int(DAY))
        return [
            time not in self.days[day]
            for day in self._usual_days
            if day in self.days and day >= self.since[weekday_of(day)]
            for time in times[weekday_of(day)]
            if self._passed(day, time)
        ]

    @property
    def passed(self) -> int:
        """How many usual times were passed on days on which data came."""
        return len(self._flags)

    @property
    def stray(self) -> float:
        """How often times at which data came were as they usually are not: by the weekday, in its first week by all."""
        by_weekday = [self._odd([weekday]) for weekday in range(7)]
        found = by_weekday if any(passed for _, passed in by_weekday) else [self._odd(range(_WORKING))]
        return sum(odd for odd, _ in found) / max(1, sum(passed for _, passed in found))

    def _odd(self, weekdays: Iterable[int]) -> tuple[int, int]:
        """Return how many times on these weekdays were missed or filled as they usually are not, of how many."""
        last = self._last_days(weekdays, _EACH)
        own = [day for day in last if day >= self.since[weekday_of(day)] and day in self.days]
        odd = passed = 0
        for time in set().union(*(self.days[day] for day in own)):
            came = [time in self.days[day] for day in own if self._passed(day, time)]
            if len(came) > 1:
                odd += min(sum(came), len(came) - sum(came))
                passed += len(came)
        return odd, passed

    @property
    def begun(self) -> int:
        """How many misses began."""
        return sum(flag and not (i and self._flags[i - 1]) for i, flag in enumerate(self._flags))


def _alike(weekday: int) -> Iterable[int]:
    """Return the weekdays that a weekday is seen with: working days together, those of a weekend each by itself."""
    return range(_WORKING) if weekday < _WORKING else [weekday]


def weekday_of(day: int) -> int:
    """Return the weekday of a day since 1970, Monday is 0."""
    return (day + _THURSDAY) % 7
