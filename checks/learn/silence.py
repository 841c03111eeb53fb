"""Tables without a schedule of days: how long a silence has to be, in the hours in which they usually speak."""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from checks.learn.calendars import is_holiday
from checks.learn.keys import DAY, HOUR
from checks.learn.lateness import reach
from checks.learn.longest_gaps import EACH_WEEK, LATE, SOME_WEEKS, LongestGaps
from checks.learn.pauses import Pauses, learn_pauses
from checks.learn.shapes import GAPS
from checks.learn.tails import YEAR_DAYS, median, quantile, tail, without_incidents

AT_ONCE = 60.0
"""Seconds within which what comes is one arrival: no monitor looks more often."""
# No hour is a thirty-third of the mean or less: a silence of a weekend has to end some day.
_RATE_LEAST = 0.03
_FULL = 6  # arrivals an hour of the week: fewer do not tell 168 of them apart
# Six of each weekday tell an hour's habit and follow a drift; windows of half a year begin a fortnight apart, so that
# neighbours share two of three parts and a bad month is a minority of them.
WINDOW = 42 * DAY
_STEP = 14 * DAY
_PAST = 182 * DAY
# Two windows of one habit differ by their sampling error, a fifth each: half as much again is an outage's doing.
_WIDER = 1.5
_IN_TIME = 0.98  # of alerts are to be closed in time: so sure has to be what is waited for until then
# No limit of a rhythm is nearer than an eighth beyond it, as of schedules.
_EIGHTH = 0.125
# Four runs in a row that were skipped, the most that is ever waited for, leave a gap of five. With eight runs a day or
# fewer most long gaps are of such; of quicker ones they are outages, in a bad season each day.
_SKIPPED, _EIGHT_A_DAY = 5.0, DAY / 8
_IN_SECONDS = ("flat", "open")
# Of gaps by chance a quarter is shorter than 0.42 and a tenth longer than 3.3 of the usual one; so far from that are a
# rhythm on one side and bursts on the other.
_OF_CHANCE = ((0.25, 0.3, 0.55), (0.9, 2.7, 4.2))
# Hours and weekdays are learned of the very gaps that they shorten: they have to gain that much to be believed.
_KINDS = {"flat": 1.0, "day": 1.15, "week": 1.3, "open": 1.3}


@dataclass(frozen=True)
class Rates:
    """How fast operational time passes in each hour of a day or a week; empty: everywhere the same."""

    rates: tuple[float, ...] = ()
    sums: tuple[float, ...] = ()

    @property
    def share(self) -> float:
        """The part of a week that is counted, as of pauses: their mean is 1."""
        return 1.0

    def between(self, begin: float, end: float) -> float:
        """Return the operational seconds between two instants."""
        if not self.rates:
            return end - begin
        return self._since(end) - self._since(begin)

    def gaps(self, times: Sequence[float]) -> list[float]:
        """Return what `between` says of each instant (in order) and the next, working once on each."""
        passed = list(map(self._since, times)) if self.rates else times
        return [after - before for before, after in pairwise(passed)]

    def _since(self, at: float) -> float:
        count = len(self.rates)
        around, inside = divmod(at, count * HOUR)
        hour, part = divmod(inside, HOUR)
        return (around * self.sums[-1] + self.sums[int(hour)]) * HOUR + self.rates[int(hour)] * part

    def after(self, begin: float, wanted: float) -> float:
        """Return the instant at which so many operational seconds have passed since another."""
        rates = self.rates
        if not rates:
            return begin + wanted
        count = len(rates)
        around = sum(rates) * HOUR
        whole = int(wanted // around)
        at, left = begin + whole * count * HOUR, wanted - whole * around
        while left > 1e-6:
            hour = int(at // HOUR)
            rate, until = rates[hour % count], (hour + 1) * HOUR
            if rate * (until - at) >= left:
                return at + left / rate
            left -= rate * (until - at)
            at = until
        return at


@dataclass(frozen=True)
class Silence:
    """What was learned: operational seconds that a silence may last, and what they are counted in.

    `calendar` is the country whose holidays do not count. `typical` is the median gap, `slow` what one gap in 50 is
    longer than, in operational seconds too. No limit that held before makes this one shorter than `habit`, what comes
    on more than one day of a week: 0 of quick tables.
    """

    rates: Rates | Pauses
    limit: float
    typical: float
    seen: int
    slow: float = 0.0
    calendar: tuple[str, int] | None = None
    habit: float = 0.0

    def due(self, last: float) -> float:
        """Return the instant after which the silence since the last arrival is unusual; holidays do not count."""
        at, wanted = last, self.limit
        due = self.rates.after(at, wanted)
        if self.calendar is None:
            return due
        day = last // DAY * DAY
        while day < due:
            if is_holiday(self.calendar, day):
                wanted -= self.rates.between(at, max(at, day))
                at = day + DAY
                due = self.rates.after(at, wanted)
            day += DAY
        return due

    def lasted(self, begin: float, end: float) -> float:
        """Return how long a silence was, in what `limit` is counted in."""
        return _gap(self.rates, self.calendar, begin, end)


def _counts(times: Sequence[float], count: int, unit: float) -> list[float] | None:
    """Return the rates of an hour of the day or a day of the week, 1 in the mean; None where they hardly differ."""
    each = _came(times, unit)
    seen = [0.0] * count
    for place, came in each.items():
        seen[place % count] += came
    mean = len(times) / count
    # Chi-squared of an even rhythm has mean `count` and variance twice that; five deviations are no chance. What comes
    # in bursts is as much more uneven from one day to the next as it is from hour to hour.
    apart = sum((x - mean) ** 2 for x in seen) / mean
    if apart < (count + 5 * (2 * count) ** 0.5) * max(1.0, _unevenness(each, seen)):
        return None
    # What was never seen in so many chances is no rarer than one in them.
    least = max(_RATE_LEAST, 1 / mean)
    if count > 7:
        seen = [(seen[i - 1] + 2 * seen[i] + seen[(i + 1) % count]) / 4 for i in range(count)]
    return [max(x / mean, least) for x in seen]


def _came(times: Sequence[float], unit: float) -> dict[int, int]:
    """Return how many arrivals (in order) came in each hour, or day, since 1970 in which any did."""
    found, begin = {}, 0
    while begin < len(times):
        place = times[begin] // unit
        end = bisect_left(times, (place + 1) * unit, begin + 1)
        found[int(place)] = end - begin
        begin = end
    return found


def _unevenness(each: Mapping[int, int], seen: Sequence[float]) -> float:
    """Return the variance over the mean of how many came in the same hour of several days: 1 by chance alone.

    `each` are the arrivals of each hour, or day, and `seen` those of each of the day, or week.
    """
    places = max(each) - min(each) + 1
    around = places / len(seen)
    if around < 2:
        return 1.0
    within = sum(came * came for came in each.values()) - sum(came * came for came in seen) / around
    return within / (places - len(seen)) / (sum(seen) / places)


def _rates(times: Sequence[float], kind: str, calendar: tuple[str, int] | None) -> Rates | Pauses | None:
    """Return the rates of this kind, or None where the arrivals do not show them."""
    if kind == "flat":
        return Rates()
    if kind == "open":
        return learn_pauses(times, quantile(sorted(b - a for a, b in pairwise(times)), 0.5), calendar)
    hours = _counts(times, 24, HOUR)
    if kind == "day":
        rates = hours
    elif len(times) >= 168 * _FULL:
        rates = _counts(times, 168, HOUR)
    else:
        days = _counts(times, 7, DAY)
        rates = days and [d * h for d in days for h in (hours or [1.0] * 24)]
    if not rates:
        return None
    mean = sum(rates) / len(rates)
    rates = [r / mean for r in rates]
    return Rates(tuple(rates), (0.0, *accumulate(rates)))


def _gap(rates: Rates | Pauses, calendar: tuple[str, int] | None, begin: float, end: float) -> float:
    """Return the operational seconds between two arrivals, without those of holidays on which nothing came."""
    return _without_holidays(rates.between(begin, end), rates, calendar, begin, end)


def _without_holidays(
    gap: float, rates: Rates | Pauses, calendar: tuple[str, int] | None, begin: float, end: float
) -> float:
    if calendar is None or end - begin < DAY:
        return gap
    day = (begin // DAY + 1) * DAY
    while day + DAY <= end:
        if is_holiday(calendar, day):
            gap -= rates.between(day, day + DAY)
        day += DAY
    return gap


def _fit(
    times: Sequence[float], share: float, kind: str, calendar: tuple[str, int] | None, apart: float
) -> Silence | None:
    rates = _rates(times, kind, calendar)
    if rates is None:
        return None
    gaps = rates.gaps(times)
    if calendar is not None:
        gaps = [
            _without_holidays(gap, rates, calendar, a, b)
            for gap, (a, b) in zip(gaps, pairwise(times), strict=True)
        ]
    ordered = sorted(gaps)
    typical = quantile(ordered, 0.5)
    is_rhythm = _is_rhythm(gaps, typical)
    # In rates a second may be two: nearer than half beyond it none is set.
    nearest = _EIGHTH if is_rhythm and kind in _IN_SECONDS else 0.5
    # Without rests and without hours a second is one.
    is_flat = kind == "flat" or (kind == "open" and rates.share == 1)
    by_chance = not is_rhythm and _by_chance(times, gaps, typical, is_flat=is_flat)
    of_all = (
        _gaps_by_chance(times, gaps, share, apart)
        if by_chance
        else _all_gaps(times, gaps, typical, share, is_rhythm=is_rhythm)
    )
    of_all = max(of_all, (1 + nearest) * typical)
    longest = LongestGaps.of(times, gaps)
    # Only where rests are known, and left out, is a long gap in a rhythm a run that did not come.
    usual = LATE if is_rhythm and kind == "open" else 1.0
    # A job in a rhythm rests each week; a third of them is chance where a bad season has an outage in each.
    of_days = longest.limit(typical, share, nearest, usual, EACH_WEEK if is_rhythm else SOME_WEEKS)
    # Of what comes by chance long gaps do not come together, so that days tell nothing more, and less surely: unless
    # what is longer than by chance comes each week, such as the weekends of an office.
    beyond = [(a + b) / 2 for gap, (a, b) in zip(gaps, pairwise(times), strict=True) if gap > of_all]
    limit = of_all if by_chance and not longest.are_weekly(beyond, EACH_WEEK) else max(of_all, of_days)
    # Of what is else exact long gaps have a cause of their own, whose tail is no lateness.
    is_exact = kind in _IN_SECONDS and quantile(ordered, _IN_TIME) <= (1 + _EIGHTH) * typical
    if is_exact and longest.often > (1 + LATE) * typical:
        limit = min(limit, (1 + _EIGHTH) * longest.often)
    habit = (1 + _EIGHTH) * min(longest.often, _SKIPPED * typical) if typical >= _EIGHT_A_DAY else 0.0
    return Silence(rates, limit, typical, len(times), quantile(ordered, _IN_TIME), calendar, habit)


def fit_silence(
    times: Sequence[float],
    share: float,
    past: dict[int, dict[str, float]],
    calendar: tuple[str, int] | None = None,
    apart: float = AT_ONCE,
) -> Silence | None:
    """Return the model of arrivals in order of time, or None under 30 of them in the last six weeks.

    `calendar` is the country whose holidays explain its days without arrivals; what comes within `apart` seconds counts
    as one arrival, so that no gap is shorter. `past` keeps, of each fortnight's end,
    how many typical gaps were the limit then: it is filled here. The limit is no more of them than it was in half of
    the fortnights, so that outages which recur never widen it.
    """
    now = times[-1]
    recent = times[bisect_left(times, now - WINDOW) :]
    if len(recent) < 30:
        return None
    for end in range(int(max(times[0] + WINDOW, now - _PAST) // _STEP) + 1, int(now // _STEP) + 1):
        if end not in past:
            until = bisect_left(times, end * _STEP)
            window = times[bisect_left(times, end * _STEP - WINDOW) : until]
            fits = ((k, _fit(window, share, k, calendar, apart)) for k in _KINDS) if len(window) >= 30 else ()
            found_then = {k: f.limit / f.typical for k, f in fits if f and f.typical}
            past[end] = {k: min(each, _most(past, k, end)) for k, each in found_then.items()}
    best: tuple[float, Silence] | None = None
    rests = _fit(recent, share, "open", calendar, apart)
    # Where there are rests, they are a part of what a flat clock would learn.
    others = [kind for kind in _KINDS if kind != "open" and not (rests and kind == "flat")]
    found = {kind: model for kind in others if (model := _fit(recent, share, kind, calendar, apart))}
    if rests:
        found["open"] = rests
    for kind, fitted in found.items():
        model = fitted
        most = max(_most(past, kind, int(now // _STEP) + 1) * model.typical, model.habit)
        if model.limit > most:
            model = replace(model, limit=most)
        # In a week of which only a part counts a second of it is so much longer.
        weighed = model.limit * _KINDS[kind] / model.rates.share
        if best is None or weighed < best[0]:
            best = weighed, model
    return best[1] if best else None


def _most(past: dict[int, dict[str, float]], kind: str, end: int) -> float:
    """Return how many typical gaps the limit may be at the end of a fortnight, by what held in those before it."""
    first = end - int(_PAST // _STEP)
    before = [held[kind] for each, held in past.items() if first <= each < end and kind in held]
    return _WIDER * median(before) if len(before) >= 2 else math.inf


def few_gaps(times: Sequence[float]) -> Silence:
    """Return the model of a rhythm of which only some gaps are known, all alike: a quarter beyond the longest."""
    gaps = sorted(b - a for a, b in pairwise(times))
    return Silence(Rates(), (1 + _FEW_GAPS) * gaps[-1], quantile(gaps, 0.5), len(times), gaps[-1])


_FEW_GAPS = 0.25  # as of slow tables: with fewer than eight nobody knows how late is late
# A gap is long because its run was late or because the one before was early, and only lateness has a tail: half of the
# gaps are longer than usual by either, and the longest third mostly by the first.
_LATER = 2 / 3
_HARDLY = 0.01  # of the usual gap: seconds of minutes, minutes of hours


def _is_rhythm(gaps: Sequence[float], typical: float) -> bool:
    """Return whether nine of ten of the gaps that are longer than usual are late by no more than a rhythm's."""
    excess = without_incidents([g - typical for g in gaps if g > typical], typical, len(gaps))
    return bool(excess) and quantile(excess, 0.9) < LATE * typical


def _chance(times: Sequence[float], gaps: Sequence[float], share: float) -> tuple[float, float]:
    """Return the chance of a gap that costs so many false alarms a year, and how many gaps there are in a week."""
    days = (times[-1] - times[0]) / DAY
    return share * days / YEAR_DAYS / max(1, len(gaps)), len(gaps) * 7 / max(days, 1.0)


def _gaps_by_chance(times: Sequence[float], gaps: Sequence[float], share: float, apart: float) -> float:
    """Return the limit from all gaps of what comes by chance, for so many false alarms a year."""
    soonest = min(apart, *gaps)
    return soonest + reach([gap - soonest for gap in gaps], *_chance(times, gaps, share), GAPS).limit


def _all_gaps(
    times: Sequence[float], gaps: Sequence[float], typical: float, share: float, *, is_rhythm: bool
) -> float:
    """Return the limit from all gaps of other tables, for so many false alarms a year: of a rhythm by lateness."""
    chance, a_week = _chance(times, gaps, share)
    begin = quantile(sorted(gaps), _LATER) if is_rhythm else typical
    longer = [g - begin for g in gaps if g > begin]
    if is_rhythm:
        # Those equal to the usual count as hardly longer, or the few that are longer would be all that is known.
        longer += [_HARDLY * typical] * (int((1 - _LATER) * len(gaps)) - len(longer))
        limit = reach(longer, chance / 2 / (1 - _LATER), 2 * (1 - _LATER) * a_week).limit
    else:
        limit = tail(without_incidents(longer, typical, len(gaps)), min(0.3, 2 * chance), 0.0)
    return begin + limit


def _by_chance(times: Sequence[float], gaps: Sequence[float], typical: float, *, is_flat: bool) -> bool:
    """Return whether arrivals come by chance alone: a long gap says nothing of the next one, nor do hours and days.

    Neighbours fall on the same side of the median as often as not, within three deviations, which chance passes once in
    370 tables. What rates of hours and days explain is by chance where the gaps in them are as those are.
    """
    if not is_flat:
        ordered = sorted(gaps)
        if any(not low < quantile(ordered, at) / typical < high for at, low, high in _OF_CHANCE):
            return False
    elif _counts(times, 24, HOUR) is not None or _counts(times, 7, DAY) is not None:
        return False
    long = [g > typical for g in gaps]
    same = sum(a == b for a, b in pairwise(long))
    count = max(1, len(long) - 1)
    return abs(same / count - 0.5) <= 1.5 / math.sqrt(count)
