"""Tables that keep to times of the day without naming them: which hours of the week have a run, how late each comes.

A silence has to be as long as the longest pause; who knows the hours at which runs come tells a missing one at once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.calendars import is_holiday
from checks.learn.clocks import FAMILIES, TIED, changes, offset, to_utc
from checks.learn.existing_slots import WEEK, expected_slots, misfits
from checks.learn.keys import DAY, HOUR
from checks.learn.missed import consecutive
from checks.learn.slots import reach_of
from checks.learn.tails import (
    MOST_EXCESSES,
    YEAR_DAYS,
    center_and_excess,
    quantile,
    short_habit,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_BACK = (56 * DAY, 28 * DAY, 14 * DAY)  # eight of each weekday, as of slots; where its hours changed, fewer
# Two weeks hold each hour of the week twice, which tells no hour that is skipped now and then from one that is not.
_TOLD_BY = 2
_HOURS = 168
# Of runs two in three come at an hour at which there was one the day or the week before; by chance, of some a day, few.
_REPEATED = 0.67
# One run in ten at another hour than those learned: repairs and strays. With more there is no schedule to go by.
_STRAY = 0.1
_FEWEST = 3 * 7  # runs: three a day of a week
# Days with runs: of fewer, of a young table or after a long outage, every hour is seen once, and none is a habit.
_FEWEST_DAYS = 7
_PHASES = 12  # an hour in steps of five minutes, the jitter of a good scheduler
# A run that did not come while the next one did is bad luck once in eight weeks, and twice a scheduler that skips some.
_SINGLE = 1
# Up to three runs a day, on all days of the week, are each what a day's is of a daily job: while no more than three in
# 40 do not come, each is told.
_EIGHT_HOURS, _OF_A_JOB, _ALL_DAYS = 8 * HOUR, 3 / 40, 7
# Later than half the time to the next run a run is told no sooner than by that one's absence. Where there are hours
# without any between runs that mostly are near their times, it is sooner still than by a silence that outlasts nights.
_LOOSE = 0.5
# What was as late within a week is told once, as an hour that moves is: queues are longest at some hours of the day,
# and are so for weeks.
_A_WEEK = 7


@dataclass(frozen=True)
class Clock:
    """The hours of the week with a run on one clock, which begin `cut` seconds late, and when in them runs come.

    `late` are the seconds of each hour of the day by which its runs were later in the last week than is told.
    """

    zone: str
    cut: float
    expected: frozenset[int]
    lags: tuple[float, ...]
    late: tuple[float, ...] = (0.0,) * 24

    def on(self, zone: str, hours: int) -> Clock:
        """Return the same on the clock of a zone that is so many hours ahead all the time."""
        expected = frozenset((hour + hours) % _HOURS for hour in self.expected)
        return Clock(zone, self.cut, expected, _ahead(self.lags, hours), _ahead(self.late, hours))

    def due(self, last: float, calendar: tuple[str, int] | None, misses: int = 1) -> float:
        """Return the instant (UTC) at which the run that is so many after the one that came last usually comes.

        Later by as much as runs of its hour were of late.
        """
        start = self._start(last, calendar, misses)
        hour = int(start % DAY // HOUR)
        return to_utc(self.zone, start + self.cut + self.lags[hour] + self.late[hour])

    def lingers(self, last: float, calendar: tuple[str, int] | None) -> bool:
        """Return whether the next run after an arrival is of an hour at which runs were late of late."""
        return self.late[int(self._start(last, calendar, 1) % DAY // HOUR)] > 0

    def _start(self, last: float, calendar: tuple[str, int] | None, misses: int) -> float:
        """Return the start, on this clock, of the hour of the run that is so many after the one that came last."""
        start = _slot(last, self.zone, self.cut)
        for _ in range(_HOURS):
            if _hour(start) in self.expected:
                break
            start -= HOUR
        passed = 0
        for _ in range((misses + 1) * _HOURS):
            start += HOUR
            passed += _hour(start) in self.expected and not (
                calendar and is_holiday(calendar, start // DAY * DAY)
            )
            if passed == misses:
                break
        return start


def _ahead(of_hours: Sequence[float], hours: int) -> tuple[float, ...]:
    """Return what is so of each hour of the day on a clock that is so many hours ahead."""
    return tuple(of_hours[(hour - hours) % 24] for hour in range(24))


@dataclass(frozen=True)
class Rota:
    """What was learned: the clocks that explain the runs equally well, and the seconds after which a run is told.

    Where single runs are skipped now and then, it is the one at which so many `misses` in a row are too many.
    """

    clocks: tuple[Clock, ...]
    margin: float
    seen: int
    calendar: tuple[str, int] | None = None
    misses: int = 1

    def due(self, last: float) -> float:
        """Return the instant (UTC) by which something has to come after the last arrival, by the latest clock."""
        return max(clock.due(last, self.calendar, self.misses) for clock in self.clocks) + self.margin

    def in_time(self) -> Rota:
        """Return the same without what hours of the day were late of late."""
        return replace(self, clocks=tuple(replace(clock, late=(0.0,) * 24) for clock in self.clocks))

    def due_alone(self, last: float) -> bool:
        """Return whether no shorter silence tells the next run: each is told, and those of its hour were late."""
        return self.misses == 1 and any(clock.lingers(last, self.calendar) for clock in self.clocks)


def fit_rota(times: Sequence[float], share: float, calendar: tuple[str, int] | None = None) -> Rota | None:
    """Return the model of runs in order of time, or None where they keep to no hours of the week.

    `share` is the false alarms a year that the table may raise, `calendar` the country whose holidays have no runs.
    """
    # Hours that changed are those of the last weeks.
    for back in _BACK:
        recent = times[bisect_left(times, times[-1] - back) :]
        if len(recent) < _FEWEST or len({at // DAY for at in recent}) < _FEWEST_DAYS:
            return None
        clocks = _clocks(recent) if _repeats(recent) else []
        if clocks:
            found = _fit(recent, clocks, share, calendar)
            return (
                replace(found, misses=max(_TOLD_BY, found.misses)) if found and back == _BACK[-1] else found
            )
    return None


def _clocks(recent: Sequence[float]) -> list[Clock]:
    """Return the clocks that explain runs equally well, none where no clock explains nine of ten."""
    changed = [zone for zone in FAMILIES if changes(zone, recent[0], recent[-1])]
    fitted: list[tuple[int, Clock]] = []
    cut = _cut(recent)
    plain = _clock(recent, "UTC", cut)
    if plain is not None:
        # Clocks that did not change are the same but for a constant.
        fitted += [
            (plain[0], plain[1].on(zone, int(offset(zone, recent[-1]) // HOUR)))
            for zone in FAMILIES
            if zone not in changed
        ]
    fitted += [found for zone in changed if (found := _clock(recent, zone, cut)) is not None]
    if not fitted:
        return []
    least = min(misfit for misfit, _ in fitted)
    if least > _STRAY * len(recent):
        return []
    return [clock for misfit, clock in fitted if misfit <= least + TIED]


def _fit(
    recent: Sequence[float], clocks: Sequence[Clock], share: float, calendar: tuple[str, int] | None
) -> Rota | None:
    changed = [zone for zone in FAMILIES if changes(zone, recent[0], recent[-1])]
    apart = {(clock.zone if clock.zone in changed else "UTC"): clock for clock in clocks}
    told: dict[str, _Late] = {}
    for zone, clock in apart.items():
        found = _lateness(recent, clock, share, calendar)
        if found is None:
            return None
        told[zone] = found
    margin = max(each.margin for each in told.values())

    def with_late(clock: Clock) -> Clock:
        zone = clock.zone if clock.zone in changed else "UTC"
        ahead = int((offset(clock.zone, recent[-1]) - offset(apart[zone].zone, recent[-1])) // HOUR)
        # What came in time says that a run may be so late, not that it may be later still.
        late = [
            max(0.0, each + told[zone].least - margin) if each > margin else 0.0 for each in told[zone].latest
        ]
        return replace(clock, late=_ahead(late, ahead))

    misses = max(each.misses for each in told.values())
    return Rota(tuple(map(with_late, clocks)), margin, len(recent), calendar, misses)


@dataclass(frozen=True, slots=True)
class _Late:
    """How much later than usual a run is told, and how many missed in a row are.

    `latest` is how much later than usual the runs of each hour of the day came in the last week, at the most, and
    `least` how much later one may be than such a run.
    """

    margin: float
    misses: int
    least: float
    latest: tuple[float, ...]


def _slot(at: float, zone: str, cut: float) -> float:
    """Return the start of the hour, on a clock whose hours begin at `cut`, in which an arrival lies."""
    return (at + offset(zone, at) - cut) // HOUR * HOUR


def _hour(start: float) -> int:
    return int(start % WEEK // HOUR)


def _repeats(times: Sequence[float]) -> bool:
    hours = {int(at // HOUR) for at in times}
    near = [h for h in hours if not hours.isdisjoint((h - 24, h - 23, h - 25, h - 168))]
    return len(near) >= _REPEATED * (len(hours) - len(hours) * DAY / max(DAY, times[-1] - times[0]))


def _cut(times: Sequence[float]) -> float:
    """Return the seconds into the hour around which the fewest runs come, of the earliest ones that are alike."""
    counts = Counter(int(at % HOUR // (HOUR / _PHASES)) for at in times)

    def around(phase: int) -> int:
        return sum(counts[(phase + near) % _PHASES] for near in (-2, -1, 0, 1))

    return min(range(_PHASES), key=around) * HOUR / _PHASES


def _clock(times: Sequence[float], zone: str, cut: float) -> tuple[int, Clock] | None:
    """Return how many runs and hours a clock does not explain, and what it makes of them; None without a rhythm."""
    local = [at + offset(zone, at) for at in times]
    slots = [(each - cut) // HOUR * HOUR for each in local]
    starts = sorted(set(slots))
    expected = expected_slots(starts, HOUR)
    if not expected:
        return None
    lags: dict[int, list[float]] = {}
    for at, slot in zip(local, slots, strict=True):
        if _hour(slot) in expected:
            lags.setdefault(int(slot % DAY // HOUR), []).append(at - slot - cut)
    usual = tuple(quantile(sorted(lags[h][-15:]), 0.5) if h in lags else 0.0 for h in range(24))
    # Hours of outages are missed on every clock alike.
    return misfits(starts, expected, HOUR), Clock(zone, cut, expected, usual)


def _lateness(
    times: Sequence[float], clock: Clock, share: float, calendar: tuple[str, int] | None
) -> _Late | None:
    """Return how much later than usual a run is told, and how many missed in a row are; None where too late."""
    zone, cut = clock.zone, clock.cut
    first = _slot(times[0], zone, cut)
    hours = range(int((_slot(times[-1], zone, cut) - first) // HOUR) + 1)
    wanted = [
        start
        for start in (first + i * HOUR for i in hours)
        if _hour(start) in clock.expected and not (calendar and is_holiday(calendar, start // DAY * DAY))
    ]
    if len(wanted) < _FEWEST:
        return None
    local = [at + offset(zone, at) - cut for at in times]
    lags: dict[int, list[float]] = {}
    missed = []
    for start, following in pairwise(wanted):
        place = bisect_left(local, start)
        came = place < len(local) and local[place] < following
        missed.append(not came)
        if came:
            lags.setdefault(int(start % DAY // HOUR), []).append(local[place] - start)
    cadence = quantile(sorted(b - a for a, b in pairwise(wanted)), 0.5)
    least, excess = 0.125 * cadence, list[float]()
    for each in lags.values():
        excess += center_and_excess(each, max(0.02 * cadence, 60.0))[1]
    a_year = len(clock.expected) * YEAR_DAYS / 7
    seen = min(len(wanted) - sum(missed), 2 * MOST_EXCESSES)
    late = reach_of(excess[-MOST_EXCESSES:], seen, least, share / a_year, len(clock.expected))
    margin = max(late.limit, least)
    margin = max(margin, short_habit(excess[-MOST_EXCESSES:], margin, cadence, seen / len(clock.expected)))
    begins = [miss and not (i and missed[i - 1]) for i, miss in enumerate(missed)]
    alone = [begin and i + 1 < len(missed) and not missed[i + 1] for i, begin in enumerate(begins)]
    week = max(1, len(clock.expected))
    firsts = range(0, max(1, len(begins) - week + 1), week)
    weeks = sorted(sum(begins[i : i + week]) / week for i in firsts)
    begun = quantile(weeks, 0.25)
    misses = consecutive(begun, share / a_year, lacking=True)
    is_job = cadence >= _EIGHT_HOURS and len({hour // 24 for hour in clock.expected}) == _ALL_DAYS
    if sum(alone) > max(_SINGLE, _OF_A_JOB * len(alone) if is_job else 0):
        misses = max(2, consecutive(max(begun, sum(alone) / len(alone)), share / a_year))
    is_near = cadence > HOUR and sum(each > least for each in excess) <= _STRAY * (len(missed) - sum(missed))
    if not is_near and margin > _LOOSE * cadence:
        return None
    latest = [_latest(lags.get(h, ()), clock.lags[h], _LOOSE * cadence) for h in range(24)]
    return _Late(margin, misses, least, tuple(latest))


def _latest(lags: Sequence[float], usual: float, most: float) -> float:
    """Return how much later than usual the runs of one hour of the day came in the last week, at the most.

    `most` is what is later by so much that the run before it did not come.
    """
    late = [lag - usual for lag in lags[-_A_WEEK:] if lag - usual <= most]
    return max(late, default=0.0)
