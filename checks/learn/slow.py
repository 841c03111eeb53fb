"""Tables of every other week to every year: by the weeks or months that they keep to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.clocks import AS_WELL, FAMILIES, offset, to_utc
from checks.learn.keys import DAY, HOUR
from checks.learn.lateness import reach
from checks.learn.spots import MONTH, WEEK, Found, Kind, Spot, find, lags_of, left_by, place_of
from checks.learn.tails import YEAR_DAYS, center_and_excess, median, quantile
from checks.learn.yearly import Rest, is_rest, rests_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAST = 13  # runs: a year of months, with the month before; older habits of a slow table say little
_LAST_WEEKS = 27  # half a year, which holds a change of clocks
# Three years, in which each holiday comes thrice; as many weeks as loads are known.
_LONG, _LONG_WEEKS = 37, 61
_STILL = 1.5  # times what the newest year leaves by itself: sampling error
_FEWEST = 4
_SURE = 8  # from so many on a tail is told; fewer allow up to a quarter of a period, for nobody knows how late is late
_WIDE = 1 / 16
# Of a period at the least: of a month 30 hours, by which one holiday not seen before is borne; of a quarter four days.
# An eighth of a week, as with tables of days, is the least of all.
_LEAST, _LEAST_OF_ALL = 1 / 24, WEEK / 8
# The latest of a dozen runs is passed by one in a dozen, which no budget bears.
_BEYOND = 1.5
# A deviation of a tenth of a period is an outage, or of another habit; more of it says no more.
_MOST_LEFT = 0.1
# Where the mean deviation is over half of that, the runs keep to no day.
_KEPT = 0.06
# Runs that lie a tenth of a period off are outages of a job that is else five times as exact, up to one in four. Where
# the others come when people get to it, those are the same people: one is borne, of half a year of weeks or of a year
# of months, and two of three years. What is told once in 16 weeks is told three times a year.
_ODD, _EXACT, _ODD_OF_PEOPLE = 0.25, 0.02, 1 / 16
# So much of a period before its usual time a run is early; what comes sooner is a repair of the last. Of a month four
# days: a long weekend.
_EARLY, _EARLIEST = 0.15, 0.4
_MOVED = 3  # in a row that lie together, as of other changes: fewer are late ones
_MOST_WEEKS = 6  # beyond, tables go by months
WELL = 0.01  # of a period left, of a month seven hours: no weeks explain them better
_NEAR = 0.1  # of a period: 28 to 31 days are a month
_CLEARLY = 0.6  # a zone leaves so much less: half an hour of an hour's jumps, and jitter
_A_YEAR = 366 * DAY
# Years in a row in which a month, or a week, was left out: one may be an outage.
_YEARS = 2
_MOST_SKIPPED = 5  # months; under half a year
_SKIPS = 1.5  # periods from one week to the next that came


@dataclass(frozen=True)
class Cycle:
    """What was learned of a table that keeps to the calendar: each `step` weeks or months there is a period.

    Its own time, of which it is asked, is the arrival's (UTC) or, of `labelled` tables, the start of the newest label.
    `usual` is the place of that in its cycle, in weeks or months as `place_of` counts them; up to `early` parts of a
    cycle before it the next one begins. A period is due `margin` seconds after `lag` (of a zone's wall clock) into the
    day of its `spots`, `shift` weeks or months after its own: the latest by all zones and spots that fit.
    `on_time` of the last `wanted` periods came by then, the usual ones between `soonest` and `latest` into that day.
    Periods of the `skipped` months of the year (0 is January), and of weeks whose day lies in `rests`, never come.
    """

    weeks: bool
    step: int
    labelled: bool
    usual: float
    early: float
    shift: int
    spots: tuple[Spot, ...]
    zones: tuple[tuple[str, float], ...]
    margin: float
    seen: int
    on_time: int = 0
    wanted: int = 0
    soonest: float = 0.0
    latest: float = 0.0
    skipped: frozenset[int] = frozenset()
    rests: tuple[Rest, ...] = ()

    @property
    def cadence(self) -> float:
        """The mean seconds from one period to the next."""
        return self.step * (WEEK if self.weeks else MONTH)

    @property
    def moves(self) -> bool:
        """Whether it is one of weeks whose day moves to a working day before or after it."""
        return self.weeks and self.spots[0].kind in {Kind.NEXT, Kind.PREVIOUS}

    def number_of(self, own: float) -> int:
        """Return the number of the cycle that a period's own time is in."""
        return int(((place_of(own, weeks=self.weeks) - self.usual) / self.step + self.early) // 1)

    def period_of(self, number: int) -> int:
        """Return the week (since the Monday before 1970) or month (since year 0) of a cycle; labels name it."""
        return int(self.usual // 1) + number * self.step

    def due_of(self, number: int) -> float:
        """Return the instant (UTC) by which the period of a cycle has to be there."""
        period = self.period_of(number) + self.shift
        return max(
            to_utc(zone, spot.day(period) * DAY + lag + self.margin)
            for spot in self.spots
            for zone, lag in self.zones
        )

    def due(self, own: float) -> float:
        """Return the instant (UTC) by which the period after the one of that own time has to be there."""
        return self.due_of(self.next_after(own))

    def next_after(self, own: float) -> int:
        """Return the number of the first cycle after the one of that own time that is not left out each year."""
        number = self.number_of(own) + 1
        for _ in range(int(_A_YEAR / self.cadence) + 1):
            if not self.is_left_out(number):
                break
            number += 1
        return number

    def is_left_out(self, number: int) -> bool:
        """Return whether the period of a cycle is one that never comes, by the years before."""
        period = self.period_of(number)
        if self.weeks:
            return is_rest(self.rests, self.spots[0].day(period + self.shift))
        return period % 12 in self.skipped

    def lateness(self, own: float, at: float) -> float:
        """Return how many seconds after its usual time the period of that own time came; 0 within its margin."""
        due = self.due_of(self.number_of(own))
        return at - due + self.margin if at > due else 0.0

    def closer(self, seconds: float) -> Cycle:
        """Return the same with a margin that is so much shorter."""
        return replace(self, margin=self.margin - seconds)


def fit_cycle(runs: Sequence[tuple[float, float]], share: float, *, labelled: bool) -> Cycle | None:
    """Return the weeks or months that runs (own time, arrival) in order keep to, or None where they keep to none."""
    best = best_cycle(runs, share, labelled=labelled)
    return best[1] if best is not None else None


def best_cycle(
    runs: Sequence[tuple[float, float]], share: float, *, labelled: bool
) -> tuple[float, Cycle] | None:
    """Return the same with the part of a period that it leaves in the mean.

    `share` is the false alarms a year that the table may raise. Without labels a run's own time is its arrival.
    """
    if len(runs) < _FEWEST:
        return None
    middle = median([b - a for (a, _), (b, _) in pairwise(runs[-_LAST_WEEKS:])])
    best: tuple[float, Cycle] | None = None
    for weeks, unit in ((False, MONTH), (True, WEEK)):
        step = round(middle / unit)
        if best is not None and best[0] <= WELL:
            break
        if not step or abs(middle - step * unit) > _NEAR * middle or (weeks and step > _MOST_WEEKS):
            continue
        recent = runs[-(_LONG_WEEKS if weeks else _LONG) :]
        early = _Early(0.5, 0.5) if labelled else _Early(_EARLY, _EARLIEST)
        found = _fit(recent, share, early, weeks=weeks, step=step, labelled=labelled)
        if found is not None and not labelled and found[1].early > early.usual:
            wider = _Early(found[1].early, _EARLIEST)
            found = _fit(recent, share, wider, weeks=weeks, step=step, labelled=labelled) or found
        if found is not None and (best is None or found[0] < best[0]):
            best = found
    return best


def fit_months(
    runs: Sequence[tuple[float, float]], share: float, *, early: float, labelled: bool
) -> tuple[float, Cycle] | None:
    """Return the same of runs of one day of each month, of which the next begins `early` (a part of a month)."""
    if len(runs) < _FEWEST:
        return None
    return _fit(runs, share, _Early(early, early), weeks=False, step=1, labelled=labelled)


@dataclass(frozen=True)
class _Early:
    """How much of a period before its usual time a run belongs to it: usually, and the most where runs are early."""

    usual: float
    most: float


def _fit(
    runs: Sequence[tuple[float, float]],
    share: float,
    early: _Early,
    *,
    weeks: bool,
    step: int,
    labelled: bool,
) -> tuple[float, Cycle] | None:
    """Return what runs leave of a period, and their cycle; None where they keep to none."""
    usual = _usual([place_of(own, weeks=weeks) for own, _ in runs], step, labelled=labelled)
    firsts: dict[int, float] = {}
    for own, at in runs:
        firsts.setdefault(int(((place_of(own, weeks=weeks) - usual) / step + early.usual) // 1), at)
    if len(firsts) < _FEWEST:
        return None
    whole = step * (WEEK if weeks else MONTH)
    found, used = _found([(int(usual // 1) + n * step, at) for n, at in firsts.items()], whole, weeks=weeks)
    if found.left > _KEPT * whole or (len(used) >= _SURE and not _is_kept(found, used, whole)):
        return None
    days = [(found.spots[0].day(period + found.shift) * DAY, at) for period, at in used]
    zones, margin = [], 0.0
    for zone in _zones(days):
        lags = [at + offset(zone, at) - day for day, at in days]
        center, beyond = _center_and_margin(lags, share * whole / YEAR_DAYS / DAY, whole)
        zones.append((zone, center))
        margin = max(margin, beyond)
    wider = 2 * margin / whole if len(firsts) >= _SURE else 0.0
    cycle = Cycle(
        weeks,
        step,
        labelled,
        usual,
        min(early.most, max(early.usual, wider)),
        found.shift,
        found.spots,
        tuple(zones),
        margin,
        len(firsts),
    )
    return found.left / whole, _in_words(_with_whole_days(_with_rests(cycle, firsts)), firsts)


def _with_rests(cycle: Cycle, firsts: dict[int, float]) -> Cycle:
    """Return the same with the months, or weeks, in which nothing came in each of the last years."""
    if cycle.weeks:
        days = [cycle.spots[0].day(cycle.period_of(number) + cycle.shift) for number in sorted(firsts)]
        return replace(cycle, rests=rests_of(days, _SKIPS * cycle.step * 7))
    seen: dict[int, list[bool]] = {}
    most = _MOST_SKIPPED // cycle.step
    for number in range(max(firsts), min(firsts) - 1, -1):
        # What is silent for half a year is down, and says nothing of its months.
        before, after = range(number - most, number), range(number + 1, number + most + 1)
        is_known = any(each in firsts for each in before) and any(each in firsts for each in after)
        if number in firsts or is_known:
            seen.setdefault(cycle.period_of(number) % 12, []).append(number in firsts)
    return replace(
        cycle,
        skipped=frozenset(m for m, came in seen.items() if len(came) >= _YEARS and not any(came[:_YEARS])),
    )


def _is_kept(found: Found, runs: Sequence[tuple[int, float]], whole: float) -> bool:
    """Return whether so few runs (period, arrival) lie off the day that was found that those are outages.

    A day that moved is kept before, or since: only what lies otherwise counts then.
    """
    lags = lags_of(found.spots[0], [(period + found.shift, at) for period, at in runs])
    middle = median(lags)
    apart = [abs(lag - middle) / whole for lag in lags]
    off = [each > _MOST_LEFT for each in apart]
    is_exact = quantile(sorted(apart), 0.5) <= _EXACT
    most = _ODD * len(off) if is_exact else max(1.0, _ODD_OF_PEOPLE * len(off))
    return min(_out_of_place(off), _out_of_place(off[::-1])) <= most


def _out_of_place(off: Sequence[bool]) -> int:
    """Return how many differ from what is in place until some time, at least for a few, and off from then on."""
    found = [sum(off[:until]) + len(off) - until - sum(off[until:]) for until in range(_FEWEST, len(off) + 1)]
    return min(found)


def _found(
    runs: Sequence[tuple[int, float]], whole: float, *, weeks: bool
) -> tuple[Found, Sequence[tuple[int, float]]]:
    """Return the day that runs (period, arrival) keep to, and the runs that do.

    Three years tell working days and holidays from days of the month better than one, unless the newest year is of
    another day.
    """
    most = _MOST_LEFT * whole
    recent = runs[-(_LAST_WEEKS if weeks else _LAST) :]
    found = find(tuple(recent), most, weeks=weeks)
    if len(recent) == len(runs):
        return found, recent
    longer = find(tuple(runs), most, weeks=weeks)
    left = left_by(longer, recent, most)
    return (replace(longer, left=left), runs) if left <= found.left * _STILL + HOUR else (found, recent)


def _in_words(cycle: Cycle, firsts: dict[int, float]) -> Cycle:
    """Return the same with how many of the last periods were on time, and between what times of their day."""
    newest = max(firsts)
    every = range(max(min(firsts), newest - _LAST + 2), newest + 1)
    wanted = [number for number in every if number in firsts or not cycle.is_left_out(number)]
    zone, usual = cycle.zones[0]
    lags = []
    for number in wanted:
        at = firsts.get(number)
        if at is not None:
            day = cycle.spots[0].day(cycle.period_of(number) + cycle.shift)
            lags.append(at + offset(zone, at) - day * DAY)
    on_time = sorted(lag for lag in lags if abs(lag - usual) <= cycle.margin) or [usual]
    # The usual part: one in ten is early or late on either side.
    return replace(
        cycle,
        on_time=sum(lag <= usual + cycle.margin for lag in lags),
        wanted=len(wanted),
        soonest=on_time[len(on_time) // 10],
        latest=on_time[-1 - len(on_time) // 10],
    )


def _usual(places: Sequence[float], step: int, *, labelled: bool) -> float:
    """Return the place in a cycle that is nearest to all of them, around the circle.

    Where labels moved by half a cycle it is that of the newest: by the others some would be of the period of the one
    before, and the next period have none.
    """

    def apart(one: float, other: float) -> float:
        ahead = (one - other) % step
        return min(ahead, step - ahead)

    def nearest(to: Sequence[float]) -> float:
        return min((place % step for place in to), key=lambda own: sum(apart(own, each) for each in to))

    usual, newest = nearest(places), nearest(places[-_MOVED:])
    is_kept = all(apart(newest, each) <= _MOST_LEFT * step for each in places[-_MOVED:])
    is_opposite = apart(newest, usual) >= (0.5 - _MOST_LEFT) * step
    return newest if labelled and is_kept and is_opposite else usual


def _zones(runs: Sequence[tuple[float, float]]) -> list[str]:
    """Return the zones whose clock explains runs (start of the day, arrival) clearly better than UTC, else that."""

    def left(zone: str) -> float:
        lags = [at + offset(zone, at) - start for start, at in runs]
        middle = median(lags)
        # An outage says nothing of a clock: no deviation counts for more than the change of it twice over.
        return sum(min(abs(lag - middle), 7200.0) for lag in lags) / len(lags)

    rest = {zone: left(zone) for zone in FAMILIES}
    least = min(rest.values())
    if least > _CLEARLY * rest["UTC"]:
        return ["UTC"]
    return [zone for zone, each in rest.items() if each <= AS_WELL * least]


def _center_and_margin(lags: Sequence[float], chance: float, whole: float) -> tuple[float, float]:
    """Return the usual lag, and how much later a period is told; past outages never widen it."""
    center, excess = center_and_excess(lags, _LEAST * whole)
    usual = quantile(sorted(abs(lag - center) for lag in lags), 0.75)
    bulk = sorted(each for each in excess if each <= _MOST_LEFT * whole)
    odd = [each for each in bulk if each > 4 * usual + _LEAST * whole]
    if len(odd) == 1:  # one may be an outage; two of under a tenth of a period are weekends
        bulk.remove(odd[0])
    least = max(_LEAST_OF_ALL, _LEAST * whole, _WIDE * (_SURE - len(lags)) * whole)
    return center, max(reach(bulk, chance, WEEK / whole).limit, least, _BEYOND * bulk[-1] if bulk else 0.0)


def _with_whole_days(cycle: Cycle) -> Cycle:
    """Return the same with the day that the zone's clock shows, where days are counted as the calendar has them."""
    spot = cycle.spots[0]
    if spot.kind not in {Kind.START, Kind.END}:
        return cycle
    days = int(cycle.zones[0][1] // DAY)
    number, shift, kind = spot.number + days, cycle.shift, spot.kind
    if not cycle.weeks and kind is Kind.START and number < 0:
        shift, kind = shift - 1, Kind.END
    elif not cycle.weeks and kind is Kind.END and number >= 0:
        shift, kind = shift + 1, Kind.START
    return replace(
        cycle,
        shift=shift,
        spots=(replace(spot, kind=kind, number=number),),
        zones=tuple((zone, lag - days * DAY) for zone, lag in cycle.zones),
    )
