"""Partitions with a time of their own: which exist, how long after their time they first come, when the next is due."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from checks.learn.cadence import keeps_an_hour
from checks.learn.calendars import is_holiday, of_working_days
from checks.learn.clocks import changes, offset, to_utc, zones_of
from checks.learn.days_between import days_after, following, rests_beside
from checks.learn.existing_slots import ALL_DAYS, WEEK, expected_slots
from checks.learn.hour_clocks import calendars_of, hour_clocks, least_missed
from checks.learn.keys import DAY, HOUR
from checks.learn.lateness import Reach, reach
from checks.learn.missed import (
    OF_A_JOB,
    OF_PEOPLE,
    calendar_of,
    consecutive,
    mostly,
    next_weekend,
)
from checks.learn.month_places import Month, Place, always, most_of
from checks.learn.out_of_order import told_in_a_row
from checks.learn.rhythm import since_rhythm
from checks.learn.tails import (
    MOST_EXCESSES,
    YEAR_DAYS,
    center_and_excess,
    median,
    quantile,
    short_habit,
)
from checks.learn.yearly import Rest, is_rest

_FEWEST = 8
IN_ONE_GO = 0.02
"""Parts of a period: what came so soon after another period came with it, and says nothing of its own time."""
# Two months of hours: as far back as their sizes tell something, and twice as many runs as a month's bound how late one
# comes in years a tenth closer. Two years of days; older ones are of another job.
_MOST, _MOST_DAYS = 1440, 720
_HARDLY = 0.02  # of the least margin: some minutes of a day, seconds of an hour
# A week around each day tells how late it was; one in ten is among the latest, so two or three of one day of the month
# are by chance once in a hundred. The next one is the latest of three as often as not: half as long again holds.
_AROUND, _LATEST, _HALF_AGAIN = 7, 0.9, 1.5
_EACH, _FEW_WEEKS = 8, 4  # of each weekday, as tell whether it exists; three times late may be chance
_A_MONTH = 28  # days of which the latest tenth is known
# Of a period later, at the turn of the only month that is known: an hour of a day, more than jitter is.
_ONCE = 1 / 24
# Of a week: what comes a day before its day is that one before a holiday, as of slow tables.
_EARLY = 1 / 7
_A_YEAR = 366 * DAY

_DAYS_OF_LATE = 40  # two months of working days
# A job that looks each day and finds something on up to three of a week finds it the next day where it was late.
_SOME_DAYS = 3
_LEAST = 0.125  # of a day three hours: one for a change of clocks, two that a person waits before he asks
_FEW = 0.25  # of a period: as of slow tables, more cannot be told of some that came since a change
_HALF = 0.5  # of a period: what came later was an outage's


@dataclass(frozen=True)
class Slots:
    """What was learned of a table whose partitions name a time. Times in seconds; `lag` on the zone's clock.

    `clocks` are the zones whose clock explains which hours exist, each with those on it; empty: they are the keys' own.
    `calendars` are the holidays by the days of each of these clocks. `late_weekdays` come so much later than others.
    `late_days` are places in the `month` at which each time more than the margin is usual, and how much is.
    `reach` is what lateness alone would make of the margin. Days that lie in `rests` never come. It `follows`
    its own day by so many that exist: lags count from the start of that one. Nothing is asked of `spared` days until
    something comes on one of them.
    """

    unit: float
    expected: frozenset[int]
    zones: tuple[tuple[str, float], ...]
    margin: float
    misses: int
    seen: int
    calendar: tuple[str, int] | None = None
    clocks: tuple[tuple[str, frozenset[int]], ...] = ()
    late_days: tuple[tuple[Place, float], ...] = ()
    month: Month | None = None
    follows: int = 0
    reach: Reach = field(default_factory=Reach)
    rests: tuple[Rest, ...] = ()
    spared: frozenset[float] = frozenset()
    calendars: tuple[tuple[str, int] | None, ...] = ()
    late_weekdays: tuple[tuple[int, float], ...] = ()

    @property
    def cadence(self) -> float:
        """The mean seconds between expected partitions."""
        return WEEK / len(self.expected)

    @property
    def longest(self) -> float:
        """The seconds from one expected partition to the next where they are farthest apart."""
        starts = sorted(slot * self.unit for slot in self.expected)
        return max(b - a for a, b in pairwise([*starts, starts[0] + WEEK]))

    def due(self, newest: float) -> tuple[float, float]:
        """Return the start of the partition that decides after the newest one, and the instant it is due (UTC).

        Of clocks that explain equally well which hours exist the latest counts, as of zones: never none of them, or an
        outage that begins with a change of clocks would be due no more.
        """
        clocks = self.clocks or (("UTC", self.expected),)
        calendars = self.calendars or (self.calendar,) * len(clocks)
        found = (
            self._due_by(newest, *clock, calendar) for clock, calendar in zip(clocks, calendars, strict=True)
        )
        return max(found, key=lambda each: each[1])

    def _due_by(
        self, newest: float, clock: str, hours: frozenset[int], calendar: tuple[str, int] | None
    ) -> tuple[float, float]:
        """Return the same by the hours of the week that exist on one clock."""
        step = self.unit
        start, missed = newest, 0
        if self._is_early(newest, hours):
            start += step
        spared = self.spared if newest not in self.spared else frozenset()
        longest = 2 * WEEK * (self.misses + 1) + (_A_YEAR if self.rests else 0.0)
        for _ in range(int(longest / step) + 1):
            start += step
            local = start + offset(clock, start)
            exists = int(local % WEEK // step) in hours
            if exists and not (calendar and is_holiday(calendar, local)):
                if start in spared or (self.rests and is_rest(self.rests, int(start // DAY))):
                    continue
                missed += 1
                if missed >= self.misses:
                    return start, self.due_of(start)
        return start, start + 45 * DAY

    def _is_early(self, newest: float, hours: frozenset[int]) -> bool:
        """Return whether a day is none on which something comes, but the day before: then that came early."""
        if self.unit != DAY or _EARLY * self.cadence < DAY:
            return False
        return int(newest % WEEK // DAY) not in hours and int((newest + DAY) % WEEK // DAY) in hours

    def due_of(self, start: float) -> float:
        """Return the instant (UTC) at which the partition that starts then is due."""
        begin = following(start, self.expected, self.calendar, self.follows) if self.follows else start
        begin += dict(self.late_weekdays).get(int(start % WEEK // DAY), 0.0)
        return max(to_utc(z, begin + lag + self._margin_of(start)) for z, lag in self.zones)

    def lateness(self, start: float, at: float) -> float:
        """Return how many seconds after its usual time the partition that starts then came; 0 within its margin.

        One of a day on which nothing usually comes is that of the last day on which something does.
        """
        for _ in range(int(WEEK / self.unit)):
            if int(start % WEEK // self.unit) in self.expected or self.clocks:
                break
            start -= self.unit
        due = self.due_of(start)
        return at - due + self._margin_of(start) if at > due else 0.0

    def _margin_of(self, start: float) -> float:
        if self.month is None:
            return self.margin
        return max(self.margin, most_of(self.month, dict(self.late_days), start))


def _late_days(
    starts: Sequence[float], lags: Sequence[float], month: Month, cadence: float
) -> dict[Place, float]:
    """Return the places in the month at which runs were among the latest each time of late, and how late is usual.

    `lags` are those of the days that `starts` name, of one clock.
    """
    late = [lag - median(lags[max(0, i - _AROUND) : i + _AROUND + 1]) for i, lag in enumerate(lags)]
    if len(late) < _A_MONTH:
        return {}
    latest = max(quantile(sorted(late), _LATEST), 0.0)
    # What came half a period late at the turn of the only month was an outage.
    days = [(start, min(each, _HALF * cadence)) for start, each in zip(starts, late, strict=True)]
    found = always(month, days, latest, max(latest, _ONCE * cadence))
    return {place: _HALF_AGAIN * most for place, most in found.items() if most < _HALF * cadence}


def fit_slots(
    firsts: Sequence[tuple[float, float]],
    share: float,
    expected: frozenset[int] | None = None,
    *,
    named: bool = True,
    behind: Sequence[tuple[float, float]] = (),
) -> Slots | None:
    """Return the model of partitions (own start, first arrival) in order, or None where their keys keep no week.

    `share` is the false alarms a year that the table may raise. `expected` are the slots that exist, where they are
    known otherwise. Without `named` the periods are days on which something came, of a table whose data names none.
    `behind` are those that came after newer ones.
    """
    unit = _unit([start for start, _ in firsts[-_MOST:]])
    if unit is None:
        return None
    recent = firsts[-(_MOST if unit < DAY else _MOST_DAYS) :]
    starts = [start for start, _ in recent]
    recent = one_by_one(recent, unit) if named else recent
    own = [s for s, _ in recent]
    if len(own) < _FEWEST:
        return None
    # Holidays first: where three fell on one weekday, that is none on which something usually comes without them.
    calendar = calendar_of(starts, expected or mostly(starts)) if unit == DAY else of_working_days(starts)
    expected = expected if expected is not None else expected_slots(starts, unit, calendar)
    if not expected:
        return None
    if unit == DAY and calendar is None:
        calendar = calendar_of(starts, expected)
    clocks = hour_clocks(starts, expected) if unit == HOUR else ()
    calendars = calendars_of(starts, clocks)
    calendar = next((each for each in calendars if each), calendar)
    miss = least_missed(starts, unit, clocks or (("UTC", expected),), calendars or (calendar,))
    chance = share / (len(expected) * YEAR_DAYS / 7)
    cadence = WEEK / len(expected)
    late_days: dict[Place, float] = {}
    late_weekdays: dict[int, float] = {}
    month, follows = None, 0
    if unit == DAY:
        follows = days_after(recent, expected, calendar)
        if follows:
            recent = [(following(start, expected, calendar, follows), at) for start, at in recent]
        lags = [at - start for start, at in recent]
        month = Month(expected, calendar, 0 if follows else int(median(lags) // DAY))
        late_weekdays = _late_weekdays(own, lags)
        weekly = [late_weekdays.get(int(start % WEEK // DAY), 0.0) for start in own]
        lags = [lag - later for lag, later in zip(lags, weekly, strict=True)]
        late_days = _late_days(own, lags, month, cadence)
        triples = zip(own, recent, weekly, strict=True)
        recent = [
            (start, at - later)
            for named_by, (start, at), later in triples
            if late_days.keys().isdisjoint(month.places(named_by))
        ]
    least = _LEAST * cadence
    fitted = _by_clock(recent, cadence)
    if unit == HOUR:
        # No hour is there before it begins: a clock by which it is did not name it.
        fitted = [each for each in fitted if each[1] >= 0] or fitted
    if unit == DAY:
        calendar = calendar_of(starts, expected, [zone for zone, *_ in fitted]) or calendar
    # Zones that no change of clocks told apart saw the very same lateness.
    lates = (
        reach_of(list(each), len(recent), least, chance, len(expected))
        for each in {tuple(f[2]) for f in fitted}
    )
    late = max(lates, key=lambda each: (each.limit, each.latest))
    on_time = not named and keeps_an_hour([at for _, at in recent[-_DAYS_OF_LATE:]])
    # What keeps its hour on every day, weekends too, follows no office: a day without data is no holiday of anybody's.
    every_day = on_time and len(expected) == ALL_DAYS
    misses = consecutive(
        miss,
        chance,
        lacking=unit == DAY and (named or every_day),
        together=OF_A_JOB if named or on_time else OF_PEOPLE,
    )
    # Of days on which something came none began later than half a day: then it was the next one's, and this one missed.
    # A job's days that are missed are outages; people may also take longer.
    farthest = DAY / 2 if on_time or (misses == 1 and not named) else math.inf
    of_next_day = (1 + _LEAST) * DAY if not named and len(expected) <= _SOME_DAYS else 0.0
    margin = max(
        min(late.limit, farthest),
        least,
        of_next_day,
        _of_new(recent, starts, share, (unit, expected)),
        _short_habit(fitted, max(late.limit, least), len(recent), cadence),
    )
    if unit == HOUR:
        misses, margin, late = told_in_a_row(
            (misses, margin, late), recent, starts, fitted[0], (expected, least, chance), behind
        )
    return Slots(
        unit,
        expected,
        tuple((f[0], f[1]) for f in fitted),
        margin,
        misses,
        len(own),
        calendar,
        clocks,
        tuple((place, more) for place, more in sorted(late_days.items()) if more > margin),
        month if late_days else None,
        follows,
        late,
        rests_beside(expected, [int(start // DAY) for start, _ in firsts]) if unit == DAY else (),
        next_weekend(starts, named=named) if unit == DAY and len(expected) >= ALL_DAYS - 1 else frozenset(),
        calendars,
        tuple(sorted(late_weekdays.items())),
    )


def _late_weekdays(starts: Sequence[float], lags: Sequence[float]) -> dict[int, float]:
    """Return the weekdays (0 is Thursday) that come later than any other each time of late, and how much is usual.

    Once a week is too seldom for a habit of lateness as such; but an office's hours by UTC begin on Monday, and go on
    from the evening before on all other days.
    """
    by_day: dict[int, list[float]] = {}
    for start, lag in zip(starts, lags, strict=True):
        by_day.setdefault(int(start % WEEK // DAY), []).append(lag)
    middle = {day: median(own[-_EACH:]) for day, own in by_day.items()}
    usual = median(list(middle.values()))
    found = {}
    for day, own in by_day.items():
        others = sorted(lag for other, each in by_day.items() if other != day for lag in each[-_EACH:])
        is_known = len(own) >= _FEW_WEEKS and bool(others)
        if is_known and min(own[-_EACH:]) > quantile(others, _LATEST) + _ONCE * DAY:
            found[day] = middle[day] - usual
    return found


def _by_clock(firsts: Sequence[tuple[float, float]], cadence: float) -> list[tuple[str, float, list[float]]]:
    """Return each clock that explains partitions, how long after their own time they come on it, and their excess."""
    fitted: list[tuple[str, float, list[float]]] = []
    # A clock that did not change moves every lag by as much.
    constant: tuple[float, list[float]] | None = None
    first, last = firsts[0][1], firsts[-1][1]
    for zone in zones_of(firsts):
        ahead = None if changes(zone, first, last) else offset(zone, last)
        if ahead is None or constant is None:
            lags = [at + offset(zone, at) - start for start, at in firsts]
            center, excess = center_and_excess(lags, max(0.02 * cadence, 60.0))
            if ahead is not None:
                constant = center - ahead, excess
        else:
            center, excess = constant[0] + ahead, constant[1]
        fitted.append((zone, center, excess))
    return fitted


def _short_habit(
    fitted: Sequence[tuple[str, float, list[float]]], limit: float, runs: int, cadence: float
) -> float:
    """Return how far short lateness reaches that comes again and again beyond a limit, on any clock that explains."""
    weeks = min(runs, 2 * MOST_EXCESSES) * cadence / WEEK
    return max(short_habit(excess, limit, cadence, weeks) for _, _, excess in fitted)


def _of_new(
    firsts: Sequence[tuple[float, float]],
    starts: Sequence[float],
    share: float,
    grid: tuple[float, frozenset[int]],
) -> float:
    """Return the margin of partitions of a new rhythm: how late hours came says little of six; 0 of an old one."""
    unit, expected = grid
    begin = since_rhythm(starts)
    new = [at - start for start, at in firsts if start >= begin]
    if unit == DAY or len(new) == len(firsts):
        return 0.0
    cadence = WEEK / len(expected)
    _, excess = center_and_excess(new, max(0.02 * cadence, 60.0))
    chance = share / (len(expected) * YEAR_DAYS / 7)
    return min(reach_of(excess, len(new), _LEAST * cadence, chance, len(expected)).limit, _FEW * cadence)


def one_by_one(firsts: Sequence[tuple[float, float]], unit: float) -> Sequence[tuple[float, float]]:
    """Return the partitions (own start, first arrival) whose time of coming is their own; all where most come together.

    Of several that come in one go, a first load of all that there was or what was caught up with, only the newest is
    not late: the others say that they exist, and nothing of when their like come. Where more than half of all loads
    bring several, that is how the table is filled.
    """
    ends = [
        place
        for place, (_, at) in enumerate(firsts)
        if place + 1 == len(firsts) or firsts[place + 1][1] - at >= IN_ONE_GO * unit
    ]
    together = sum(end - before > 1 for before, end in pairwise([-1, *ends]))
    if len(ends) >= _FEWEST and together > _HALF * len(ends):
        return firsts
    return [firsts[place] for place in ends]


def reach_of(excess: Sequence[float], runs: int, least: float, chance: float, a_week: float) -> Reach:
    """Return how far beyond its median lateness reaches with this chance, of so many runs.

    Half of them are later than the median, or as late as it: those count as hardly later, or the few late runs of a job
    that is exact would be all that is known of its lateness. Only as far as they are more than those that were late:
    some are always missing, whose median was not known yet or had moved, and a pile of them at nought would make any
    lateness look heavy.
    """
    equal = max(0, min(runs, 2 * MOST_EXCESSES) // 2 - 2 * len(excess))
    return reach([*excess, *[_HARDLY * least] * equal], chance, a_week)


def _unit(starts: Sequence[float]) -> float | None:
    """Return the step of the partitions' grid, an hour or a day, or None where they keep neither."""
    if all(s % DAY == 0 for s in starts):
        return DAY
    if all(s % HOUR == 0 for s in starts):
        return HOUR
    return None
