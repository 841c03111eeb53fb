"""How much a partition usually holds: in log space, with weekdays and hours where they matter, and a limit each way."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from checks.learn.clocks import AS_WELL, FAMILIES, changes, offset
from checks.learn.keys import DAY, HOUR
from checks.learn.lateness import reach
from checks.learn.month_places import Month, Place, always, most_of
from checks.learn.rhythm import OTHER, since_rhythm
from checks.learn.shapes import SIZES
from checks.learn.size_habits import of_this_time, unlike
from checks.learn.tails import YEAR_DAYS, median, quantile

_LEAST_DROP = math.log(3)  # to a third: what a person wants to be told of, whatever the noise
_LEAST_RISE = math.log(5)  # a catch-up of some periods in one is none to be told of
_WEEKS_A_YEAR = YEAR_DAYS / 7
# Sizes of two months of days, or of four weeks of hours (a thousand and more a year): older ones are of another trend.
_DAILY, _WEEKS, HOURLY = 60, 4, 1000
# Rows that differ in nothing but their date are compressed to sizes that differ by so little. Those that are equal to
# the byte are taken to lie no closer: they would be left out, and the odd one among them be all that was seen.
_LEAST_APART = 0.001
_FEWEST = 5  # their sampling error makes the limits wide
# Twice the usual of the weeks around: less is within most limits, and noise.
_PEAK = math.log(2)
_A_MONTH, _YEAR_OF_DAYS, _AROUND = 28, 366, 7
_DAILY_GAP = DAY / 2  # what comes more often holds parts of days
_MANY = 200  # more than a week of hours: what a day changes in the median of two weeks is less than its error
_ODD = 0.1  # of the gaps: what is run again soon after, or was missed, says nothing of how often it comes
_ALIKE = math.log(2)  # as far apart as most limits let sizes be
_TWICE = 2  # told on one weekday: the next one is no news
_LIKE = 3  # of a weekday, of which one may have been odd
_TREND = 14  # periods whose median is the level: a growth of half a per cent a day is followed
# Deviations of Kendall's sum that chance exceeds once in a thousand. Growth of half a per cent a day is 15 % from month
# to month, of which a median that is half a year old knows nothing; that of days is lost in their noise, and small.
_GROWS = 3.3

_Settled = tuple[float, float, int, float]  # own start, bytes, files, seconds that they took


@dataclass(frozen=True)
class Volume:
    """The usual bytes of a partition: log levels by weekday or hour; limits in log; files and seconds to settle.

    `clocks` are those of places whose hours explain as well how much hours hold, each with its levels by hour.
    `peaks` are places in the `month` at which it held more each time, and by how much in log.
    `soonest` and `latest` are how many seconds one begins after the other, but for one in ten on either side.
    What comes holds what came to be in the `spans` seconds before its own start, of that day or the one before.
    `habits` are the starts and logs of those of late that were beyond the limits of their hour.
    """

    level: float
    weekday: tuple[float, ...]
    drop: float
    rise: float
    files: float
    settle: float
    seen: int
    month: Month | None = None
    peaks: tuple[tuple[Place, float], ...] = ()
    soonest: float = 0.0
    latest: float = 0.0
    clocks: tuple[tuple[str, tuple[float, ...]], ...] = ()
    spans: float = 0.0
    habits: tuple[tuple[float, float], ...] = ()

    def usual(self, start: float) -> tuple[float, float]:
        """Return the least and the most log of the bytes that are usual of the partition with this own start."""
        days = (
            [self.weekday[int(at // DAY) % 7] for at in (start - self.spans, start)]
            if self.weekday
            else [0.0]
        )
        levels = [hours[_hour_of(start + offset(zone, start))] for zone, hours in self.clocks] or [0.0]
        return self.level + min(days) + min(levels), self.level + max(days) + max(levels)

    def judge(self, start: float, size: float, share: float = 1.0, since: float | None = None) -> str | None:
        """Return `drop`, `rise` or None for so many bytes, of so many times what one usually is of.

        `since` is how many seconds earlier the one before it began: what comes sooner than any may be a part of one.
        """
        if size <= 0:
            return "drop"
        told = self._judge(start, size, share, since)
        own = of_this_time(self.habits, start) if told else ()
        if own and min(own) - self.drop <= math.log(size) <= max(own) + self.rise:
            return None  # as much as what came at this time before
        return told

    def _judge(self, start: float, size: float, share: float, since: float | None) -> str | None:
        least, most = self.usual(start)
        apart = math.log(size) - least
        part = since / self.soonest if since and since * OTHER <= self.soonest else 1.0
        if apart < math.log(part) - self.drop:
            return "drop"
        apart = math.log(size) - most - math.log(share)
        more = most_of(self.month, dict(self.peaks), start) if self.month is not None else 0.0
        return "rise" if apart > self.rise + more else None


def _effect(places: Sequence[int], count: int, values: Sequence[float], least: int = 3) -> tuple[float, ...]:
    """Return the medians of values by their places if they differ by more than chance makes them, else nothing.

    Chance is F of one way; a place without values has 0, and each other one has `least` of them.
    """
    groups: dict[int, list[float]] = {}
    for place, value in zip(places, values, strict=True):
        groups.setdefault(place, []).append(value)
    if len(groups) < 2 or len(values) < 3 * len(groups) or min(len(g) for g in groups.values()) < least:
        return ()
    mean = sum(values) / len(values)
    means = {place: sum(g) / len(g) for place, g in groups.items()}
    between = sum(len(g) * (means[place] - mean) ** 2 for place, g in groups.items()) / (len(groups) - 1)
    within = sum((v - means[place]) ** 2 for place, g in groups.items() for v in g)
    # 5 is passed by chance once in some thousands with 6 and 50 degrees of freedom.
    if between <= 5 * max(within / (len(values) - len(groups)), 1e-6):
        return ()
    return tuple(median(groups[i]) if i in groups else 0.0 for i in range(count))


def _without(values: Sequence[float], effect: tuple[float, ...], places: Sequence[int]) -> list[float]:
    """Return values without the effect of their places."""
    return [v - effect[place] for v, place in zip(values, places, strict=True)] if effect else list(values)


def _growth(logs: Sequence[float]) -> float:
    """Return by how much values grow from one to the next in the median of all pairs; 0 where chance explains it."""
    pairs = [(later - before) / (j - i) for j, later in enumerate(logs) for i, before in enumerate(logs[:j])]
    order = sum((each > 0) - (each < 0) for each in pairs)
    count = len(logs)
    by_chance = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    return median(pairs) if abs(order) > _GROWS * by_chance else 0.0


def _next_level(logs: Sequence[float]) -> float:
    """Return the level of the value after so many: their median, and how much they grow from there to it."""
    growth = _growth(logs)
    return median([value + growth * (len(logs) - i) for i, value in enumerate(logs)])


def _levels(logs: Sequence[float], window: int) -> list[float]:
    """Return the median of so many values on either side of each; of many, those of a day share every third of them.

    Near either end most of them lie on one side, so what grows is taken from there to where the value is.
    """
    if len(logs) < _MANY:
        # The hours of a day grow and fall again.
        growths = (_growth(logs[:window]), _growth(logs[-window:])) if window == _TREND else (0.0, 0.0)
        found = []
        for i in range(len(logs)):
            first, end = max(0, i - window), min(len(logs), i + window)
            ahead = i - (first + end - 1) / 2
            found.append(median(logs[first:end]) + ahead * growths[i >= len(logs) / 2])
        return found
    levels: list[float] = []
    for day in range(0, len(logs), 24):
        levels += [median(logs[max(0, day - window) : day + window : 3])] * min(24, len(logs) - day)
    return levels


def limits(deviations: Sequence[float], share: float, a_year: float) -> tuple[float, float]:
    """Return how far below and above the usual (in logs) a size has to be for an alarm.

    `deviations` from the usual are those seen, their signs left out; `share` the false alarms a year, `a_year` the
    sizes that are judged in one.
    """
    # Noise of sizes is about the same both ways.
    apart = [max(each, _LEAST_APART) for each in deviations]
    margin = reach(apart, share / max(1.0, a_year) / 2, max(1.0, a_year) / _WEEKS_A_YEAR, SIZES).limit
    return max(margin, _LEAST_DROP), max(margin, _LEAST_RISE)


def is_known(periods: Sequence[_Settled]) -> bool:
    """Return whether there are enough settled partitions with bytes for a model of them."""
    return sum(size > 0 for _, size, _, _ in periods[-_DAILY:]) >= _FEWEST


def fit_volume(
    periods: Sequence[_Settled],
    share: float,
    a_year: float,
    *,
    seen_a_year: float | None = None,
    odd: Sequence[_Settled] = (),
) -> Volume | None:
    """Return the model of usual, settled partitions (own start, bytes, files, seconds they took), or None.

    None under five partitions with bytes, unless none of them has any. `share` is the false alarms a year of the table,
    `a_year` its partitions; `seen_a_year` how many of them `periods` hold, where these are not all (one hour of each
    day). `odd` are those that were told: month ends are known by them too.
    """
    often = (seen_a_year or a_year) >= HOURLY
    newest = _WEEKS * 168 if often else _DAILY
    periods, odd = _of_rhythm(periods, odd, newest)
    lately = [each for each in periods[-newest:] if each[1] > 0]
    recent_ones = _one_an_hour(periods)[-newest:] if often else periods[-newest:]
    habits = () if often else _told_each_week(recent_ones, odd)
    recent_ones = sorted([*recent_ones, *habits]) if habits else recent_ones
    known = [(s, math.log(b), f, took) for s, b, f, took in recent_ones if b > 0]
    if len(known) < _FEWEST:
        return None if known or len(recent_ones) < _FEWEST else _of_nothing(recent_ones)
    logs = [v for _, v, _, _ in known]
    days = [int(start // DAY) % 7 for start, *_ in known]
    # The level along time is taken out first, or growth would pass for noise.
    window = 7 * 24 if often else _TREND
    flat = [v - level for v, level in zip(logs, _levels(logs, window), strict=True)]
    bulk = sorted(flat)
    low, high = quantile(bulk, 0.02) - 1.0, quantile(bulk, 0.98) + 1.0
    clean = [min(max(v, low), high) for v in flat]
    weekday = _effect(days, 7, clean, _TWICE if habits else 3)
    left = _without(clean, weekday, days)
    clocks = _clocks([start for start, *_ in known], left)
    zone, hour = clocks[0] if clocks else ("UTC", ())
    hours = [_hour_of(start + offset(zone, start)) for start, *_ in known]
    rest = _without(left, hour, hours)
    recent = _without(_without(logs, weekday, days), hour, hours)[-window:]
    drop, rise = limits([abs(v) for v in rest], share, a_year)
    level = median(recent) if often else _next_level(recent)
    month, peaks = _peaks(
        [*periods[-_YEAR_OF_DAYS:], *odd],
        Volume(level, weekday, drop, rise, 1.0, 0.0, 0, clocks=clocks),
    )
    files, settle = _whole_by([(f, took) for _, _, f, took in lately])
    gaps = sorted(b - a for (a, *_), (b, *_) in pairwise(lately))
    apart = quantile(gaps, _ODD), quantile(gaps, 1 - _ODD)
    found = Volume(level, weekday, drop, rise, files, settle, len(known), month, peaks, *apart, clocks)
    return _with_habits(found, [*periods, *odd]) if often else found


def _with_habits(found: Volume, periods: Sequence[_Settled]) -> Volume:
    """Return the same, which knows what else came at some times of late: told or not, and however many an hour."""
    sizes = sorted((start, math.log(size)) for start, size, *_ in periods if size > 0)
    return replace(found, habits=unlike(sizes, found.usual, found.drop, found.rise))


def _one_an_hour(periods: Sequence[_Settled]) -> Sequence[_Settled]:
    """Return the first of each hour: of what comes every few minutes as many as hours tell what weekdays hold."""
    if len(periods) < _MANY or periods[-1][0] - periods[-_MANY][0] >= (_MANY - 1) * HOUR:
        return periods
    hours: dict[float, _Settled] = {}
    for each in periods:
        hours.setdefault(each[0] // HOUR, each)
    return list(hours.values())


def _told_each_week(periods: Sequence[_Settled], odd: Sequence[_Settled]) -> list[_Settled]:
    """Return those that were told of weekdays whose newest two are alike, while others between were usual.

    So little, or so much, is what comes on that weekday: weekends that are new hold less.
    """
    first = periods[0][0] if periods else math.inf
    told = {each for each in odd if each[0] >= first and each[1] > 0}
    by_day: dict[int, list[_Settled]] = {}
    for each in sorted([*periods, *told]) if told else ():
        if each[1] > 0:
            by_day.setdefault(int(each[0] // DAY) % 7, []).append(each)
    found: list[_Settled] = []
    for own in by_day.values():
        apart = [abs(math.log(each[1] / own[-1][1])) for each in reversed(own)]
        count = next((place for place, each in enumerate(apart) if each > _ALIKE), len(own))
        alike = own[: -count - 1 : -1]
        if len(alike) >= _TWICE and any(alike[1][0] < start < alike[0][0] for start, *_ in periods):
            found += told.intersection(alike)
    return found


def _hour_of(start: float) -> int:
    return int(start % DAY // HOUR)


def _clocks(starts: Sequence[float], values: Sequence[float]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """Return the clocks whose hours of the day explain values equally well, the best first; none without such hours.

    Keys name hours mostly in UTC, while what people do keeps to a wall clock.
    """
    hours = [_hour_of(start) for start in starts]
    usual = _effect(hours, 24, values)
    of_usual = sum(map(abs, _without(values, usual, hours)))
    found = []
    for zone in FAMILIES:
        # A clock that did not change moves every hour by as much, and explains as much.
        effect, left = _turned(usual, zone, starts[-1]), of_usual
        if changes(zone, starts[0], starts[-1]):
            moved = [_hour_of(start + offset(zone, start)) for start in starts]
            effect = _effect(moved, 24, values)
            left = sum(map(abs, _without(values, effect, moved)))
        if effect:
            found.append((left, zone, effect))
    least = min((left for left, *_ in found), default=0.0)
    return tuple((zone, effect) for left, zone, effect in sorted(found) if left <= AS_WELL * least)


def _turned(usual: tuple[float, ...], zone: str, at: float) -> tuple[float, ...]:
    """Return the levels of hours of UTC, if any, by the hours of another clock."""
    ahead = int(offset(zone, at) // HOUR)
    return tuple(usual[(hour - ahead) % 24] for hour in range(len(usual)))


def _of_rhythm(
    periods: Sequence[_Settled], odd: Sequence[_Settled], newest: int
) -> tuple[Sequence[_Settled], Sequence[_Settled]]:
    """Return both; where the rhythm is new, what came before it as if it held as much as what comes now.

    How much sizes differ stays known so. What was told of the new rhythm was odd of the old one only.
    """
    both = sorted([*periods[-newest:], *odd[-newest:]])
    begin = since_rhythm([start for start, *_ in both])
    if begin == -math.inf:
        return periods, odd
    new = [each for each in both if each[0] >= begin]
    old = [each for each in periods[-newest:] if each[0] < begin]
    late = [math.log(size) for _, size, *_ in old[-_TREND:] if size > 0]
    filled = [(int(start // DAY) % 7, math.log(size)) for start, size, *_ in new if size > 0]
    if not late or not filled:
        return periods, odd
    # Against those of the same weekday: a rhythm that is new on a Sunday is compared with Sundays.
    by_day: dict[int, list[float]] = {}
    for start, size, *_ in old:
        if size > 0:
            by_day.setdefault(int(start // DAY) % 7, []).append(math.log(size))
    level = median(late)
    usual = {day: median(held[-_TREND:]) for day, held in by_day.items() if len(held) >= _LIKE}
    more = [held - usual.get(day, level) for day, held in filled]
    times = math.exp(median(more))
    return [*((start, size * times, files, took) for start, size, files, took in old), *new], ()


def _peaks(
    periods: Sequence[_Settled], usual: Volume
) -> tuple[Month | None, tuple[tuple[Place, float], ...]]:
    """Return at which places in the month partitions of days hold more than the usual ones, and how much in log."""
    days = [(start, math.log(size)) for start, size, *_ in sorted(periods) if size > 0]
    if (
        len(days) < _A_MONTH
        or quantile(sorted(b - a for (a, _), (b, _) in pairwise(days)), 0.25) < _DAILY_GAP
    ):
        return None, ()
    # Against the weeks around it, for a table that grows held less then.
    rest = [value - usual.usual(start)[0] for start, value in days]
    more = [
        (start, each - median(rest[max(0, i - _AROUND) : i + _AROUND + 1]))
        for i, ((start, _), each) in enumerate(zip(days, rest, strict=True))
    ]
    seen = Counter(int(start // DAY) % 7 for start, _ in days)
    month = Month(frozenset(day for day, count in seen.items() if count >= max(seen.values()) / 2))
    found = always(month, more, _PEAK, _PEAK)
    return (month, tuple(sorted(found.items()))) if found else (None, ())


def _of_nothing(periods: Sequence[_Settled]) -> Volume:
    """Return the model of partitions none of which held a byte: that is no usual size, and any other one is well.

    Files without a byte are no data, however long nothing else came.
    """
    files, settle = _whole_by([(f, took) for _, _, f, took in periods])
    return Volume(-math.inf, (), math.inf, math.inf, files, settle, len(periods))


def _whole_by(came: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """Return the usual number of files, and the seconds after the first one by which all are there, of both of many."""
    counts = sorted(float(files) for files, _ in came[-20:])
    # Half as long again as the slowest of late: files of one run rarely take longer.
    return quantile(counts, 0.5), 1.5 * max(took for _, took in came[-100:]) + 300.0
