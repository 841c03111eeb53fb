"""The times of the week at which a quick table rests: nights, weekends, a pause each Sunday afternoon.

Silence in them is none, so that what may last at other times is not learned of them. Where it is not known whose clock
they are on, each that explains them as well is kept; a change of clocks decides.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, compress, pairwise
from typing import TYPE_CHECKING

from checks.learn.calendars import is_holiday
from checks.learn.clocks import FAMILIES, TIED, changes, offset, steady, to_utc
from checks.learn.keys import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WEEK = 7 * DAY
# Of a rhythm each slot as long as the usual gap holds one arrival, if slots begin where the fewest come; else each half
# as long again does. The shortest tell best when a rest begins, and longer than an hour none begins on the hour.
_UNITS = (300.0, 600.0, 900.0, 1200.0, 1800.0, HOUR)
_ALIKE, _HOLDS = 0.02, 1.5
_PHASES = 12  # of a slot: five minutes of an hour, the jitter of a good scheduler
# Nine of ten slots in which something usually comes hold it, or they are too short: outages take some of the rest.
_FILLED = 0.9
_STRAY = 0.1  # of what came at rest: more is of a rhythm that was, by which no silence can be measured yet
_EACH = 8  # of each slot, two months, as of the slots of a week
_ROW = 3  # weeks, or days at a time of day, without anything are a rest: two are an outage and its like
_SELDOM = 0.2  # of five weeks one in which a run went on into a rest, or was caught up with
_SOON = 2 * DAY  # what is judged comes so soon after the newest arrival


@dataclass(frozen=True)
class Opening:
    """The slots of the week in which data comes.

    They are `unit` seconds long, and the first begins `cut` seconds after Thursday 00:00 on the clock of the zone.
    """

    zone: str
    unit: float
    cut: float
    slots: frozenset[int]

    @cached_property
    def _sums(self) -> tuple[int, ...]:
        count = int(WEEK // self.unit)
        return (0, *accumulate(slot in self.slots for slot in range(count)))

    def _since(self, at: float) -> float:
        around, inside = divmod(at + offset(self.zone, at) - self.cut, WEEK)
        slot, part = divmod(inside, self.unit)
        is_open = int(slot) in self.slots
        return (around * len(self.slots) + self._sums[int(slot)]) * self.unit + is_open * part

    def between(self, begin: float, end: float) -> float:
        """Return the seconds between two instants in which it was open."""
        return max(0.0, self._since(end) - self._since(begin))

    @cached_property
    def _rests(self) -> list[tuple[float, float]]:
        """From when to when in its week it is not open."""
        shut = [0, *(slot not in self.slots for slot in range(len(self._sums) - 1)), 0]
        turns = [place * self.unit for place, (a, b) in enumerate(pairwise(shut)) if a != b]
        return list(zip(turns[::2], turns[1::2], strict=True))

    def touched(self, times: Sequence[float]) -> set[int]:
        """Return the places of the gaps between instants (in order) that touch a rest, or a change of the clock.

        The others are as long as they lasted.
        """
        found: set[int] = set()
        kept = steady(self.zone, times[0], times[-1])
        for (begin, ahead), (end, _) in pairwise([*kept, (times[-1], 0.0)]):
            found.add(max(0, bisect_left(times, begin) - 1))
            moved = self.cut - ahead
            for week in range(int((begin - moved) // WEEK), int((end - moved) // WEEK) + 1):
                monday = moved + week * WEEK
                for since, until in self._rests:
                    first = bisect_left(times, monday + since)
                    found.update(range(max(0, first - 1), bisect_right(times, monday + until, first)))
        found.discard(len(times) - 1)
        return found

    def after(self, begin: float, wanted: float) -> float:
        """Return the instant at which it was open for so many seconds since another."""
        around, rest = divmod(self._since(begin) + wanted, len(self.slots) * self.unit)
        if not rest:
            around, rest = around - 1, len(self.slots) * self.unit
        place = max(1, bisect_left(self._sums, rest / self.unit - 1e-9)) - 1
        local = self.cut + around * WEEK + place * self.unit + rest - self._sums[place] * self.unit
        return to_utc(self.zone, local)


@dataclass(frozen=True)
class Pauses:
    """When a table is open, by each clock that explains it; by which is the latest is not known before a change."""

    openings: tuple[Opening, ...]

    @property
    def share(self) -> float:
        """The part of a week in which it is open."""
        first = self.openings[0]
        return len(first.slots) * first.unit / WEEK

    def between(self, begin: float, end: float) -> float:
        """Return the seconds between two instants in which it was open."""
        return min(each.between(begin, end) for each in self.openings)

    def gaps(self, times: Sequence[float]) -> list[float]:
        """Return what `between` says of each instant (in order) and the next."""
        found = [after - before for before, after in pairwise(times)]
        if found:
            for place in set().union(*(each.touched(times) for each in self.openings)):
                found[place] = self.between(times[place], times[place + 1])
        return found

    def after(self, begin: float, wanted: float) -> float:
        """Return the instant at which it was open for so many seconds since another."""
        return max(each.after(begin, wanted) for each in self.openings)


def learn_pauses(
    times: Sequence[float], typical: float, calendar: tuple[str, int] | None = None
) -> Pauses | None:
    """Return when a table of so many seconds from one arrival to the next is open, or None where nothing tells.

    Of days without arrivals that are holidays of a calendar nothing is known.
    """
    for unit, cut in _slots(times, typical):
        starts = list(dict.fromkeys((at - cut) // unit * unit for at in times))
        by_clock = _by_clock(starts, unit, cut, _closed(starts, cut, calendar))
        # After a change of a place's clock what comes in its hours fills them by that clock alone.
        best = min(by_clock.values(), key=lambda seen: seen.misfits)
        if best.filled < _FILLED:
            continue
        if best.stray > _STRAY:
            return None
        return Pauses(tuple(_openings(starts, unit, cut, by_clock)))
    return None


def _by_clock(starts: Sequence[float], unit: float, cut: float, closed: Sequence[float]) -> dict[str, _Seen]:
    """Return what is seen of slots by UTC, as by each clock that did not change, and by each one that did.

    `closed` are the days (UTC) that tell nothing, for they were holidays.
    """
    found = {"UTC": _Seen(starts, unit, [(day - cut, day + DAY - cut) for day in closed])}
    for zone in FAMILIES:
        if changes(zone, starts[0], starts[-1]):
            of_clock = [(begin - cut, begin + DAY - cut) for begin in (d + offset(zone, d) for d in closed)]
            skipped = [*_skipped(zone, starts), *of_clock]
            found[zone] = _Seen(_on_clock(zone, starts, cut), unit, skipped)
    return found


def _closed(starts: Sequence[float], cut: float, calendar: tuple[str, int] | None) -> list[float]:
    """Return the holidays that lie whole between two slots with data; after a week without any all is unknown."""
    if calendar is None:
        return []
    found = []
    for before, after in pairwise(starts):
        if DAY <= after - before <= WEEK:
            first, until = int((before + cut) // DAY) + 1, int((after + cut) // DAY)
            found += [day * DAY for day in range(first, until) if is_holiday(calendar, day * DAY)]
    return found


def _slots(times: Sequence[float], typical: float) -> Iterator[tuple[float, float]]:
    """Yield the lengths that slots may have, the shortest first, and when they begin."""
    for unit in _UNITS:
        if abs(unit - typical) <= _ALIKE * unit:
            yield unit, _cut(times, unit)
    for unit in _UNITS:
        if unit >= _HOLDS * typical:
            yield unit, 0.0


def _cut(times: Sequence[float], unit: float) -> float:
    """Return the seconds into a slot around which the fewest arrivals come."""
    width = unit / _PHASES
    counts = Counter([int(at % unit // width) for at in times])

    def around(phase: int) -> int:
        return sum(counts[(phase + near) % _PHASES] for near in (-2, -1, 0, 1))

    least = min(map(around, range(_PHASES)))
    alike = [phase for phase in range(_PHASES) if around(phase) == least]
    # In the middle of those that are alike: as far from the last run as from the next.
    return max(alike, key=lambda phase: _middle(phase, alike)) * unit / _PHASES


def _middle(phase: int, alike: Sequence[int]) -> int:
    """Return to how many phases on either side those around one are alike, too."""
    near = 0
    while near < _PHASES and all((phase + side * (near + 1)) % _PHASES in alike for side in (-1, 1)):
        near += 1
    return near


def _openings(starts: Sequence[float], unit: float, cut: float, by_clock: dict[str, _Seen]) -> list[Opening]:
    """Return what is open by each clock that explains equally well when something came."""
    week = int(WEEK // unit)
    fitted = []
    for zone in FAMILIES:
        seen = by_clock.get(zone)
        if seen is None:
            ahead = int(offset(zone, starts[-1]) // unit)
            slots = frozenset((slot + ahead) % week for slot in by_clock["UTC"].open)
            fitted.append((by_clock["UTC"].misfits, Opening(zone, unit, cut, slots)))
        else:
            fitted.append((seen.misfits, Opening(zone, unit, cut, seen.open)))
    least = min(misfits for misfits, _ in fitted)
    kept = [opening for misfits, opening in fitted if misfits <= least + TIED]
    # Of clocks that change neither in what was seen nor soon each says the same.
    soon = starts[-1] + _SOON
    moving = [each for each in kept if changes(each.zone, starts[0], soon)]
    return [*[each for each in kept if each not in moving][:1], *moving]


def _on_clock(zone: str, starts: Sequence[float], cut: float) -> list[float]:
    """Return what a clock showed at the starts of slots, in order; an hour that it showed twice is one."""
    kept = steady(zone, starts[0] + cut, starts[-1] + cut)
    places = [*(bisect_left(starts, begin - cut) for begin, _ in kept), len(starts)]
    shown = [
        at + ahead for (_, ahead), (a, b) in zip(kept, pairwise(places), strict=True) for at in starts[a:b]
    ]
    return sorted(set(shown))


def _skipped(zone: str, starts: Sequence[float]) -> list[tuple[float, float]]:
    """Return from when to when (on its own time) the clock of a zone showed no time, for it went ahead."""
    found = changes(zone, starts[0], starts[-1])
    return [(at + offset(zone, at) - ahead, at + offset(zone, at)) for at, ahead in found if ahead > 0]


class _Seen:
    """Which slots of the week are open by one clock, whose slots with data are `starts`."""

    def __init__(
        self, starts: Sequence[float], unit: float, skipped: Sequence[tuple[float, float]] = ()
    ) -> None:
        self.unit = unit
        week, newest = int(WEEK // unit), starts[-1]
        came = bytearray(int((newest - starts[0]) // unit) + 1)  # the newest first
        for start in starts:
            came[int((newest - start) // unit)] = 1
        of_newest = int(newest % WEEK // unit)
        weeks = [came[begin : begin + week] for begin in range(0, min(len(came), _EACH * week), week)]
        oldest = len(weeks[-1])
        by_age = [
            *map(bytes, zip(*weeks, strict=False)),
            *map(bytes, zip(*(each[oldest:] for each in weeks[:-1]), strict=False)),
        ]
        by_age += [b""] * (week - len(by_age))
        self._weeks = [*by_age[of_newest::-1], *by_age[:of_newest:-1]]
        known = bytearray(b"\x01") * len(came)
        down = [(a, b) for a, b in pairwise(starts) if b - a > WEEK]  # its days tell nothing
        unknown: set[int] = set()
        for before, after in (*down, *((a - unit, b) for a, b in skipped)):
            for place in range(int((newest - after) // unit) + 1, math.ceil((newest - before) / unit)):
                known[place] = 0
                unknown.add(place % week)
        for back in unknown:
            kept = bytes(compress(came[back::week], known[back::week]))
            self._weeks[(of_newest - back) % week] = kept[:_EACH]

    @cached_property
    def _by_day(self) -> list[bytes]:
        """Of each time of day whether data came in its slots of all weekdays."""
        a_day = int(DAY // self.unit)
        return [
            b"".join(self._weeks[slot] for slot in range(time, 7 * a_day, a_day)) for time in range(a_day)
        ]

    @cached_property
    def open(self) -> frozenset[int]:
        """The slots in which something usually comes, of which too little is known, and between runs of files."""
        # Slots are many, and what came in them in the weeks that are known is mostly one of a few.
        rest = {kept for kept in set(self._weeks) if len(kept) >= _ROW and _is_rest(kept)}
        ordered = [
            slot
            for slot, kept in enumerate(self._weeks)
            if not (kept in rest if len(kept) >= _ROW else self._rests(slot))
        ]
        found = set(ordered)
        for slot, following in pairwise([*ordered, *(each + len(self._weeks) for each in ordered[:1])]):
            # No rest, but what lies between runs of files.
            if following - slot > 1 and (following - slot - 1) * self.unit < HOUR:
                found |= {each % len(self._weeks) for each in range(slot + 1, following)}
        return frozenset(found)

    def _rests(self, slot: int) -> bool:
        """Tell of a slot that is too young for weeks: as at that time of other days, or on that day as a whole."""
        a_day = int(DAY // self.unit)
        others = self._by_day[slot % a_day]
        if len(others) >= _ROW and not any(others):
            return True
        day = slot // a_day * a_day
        of_day = b"".join(self._weeks[each] for each in range(day, day + a_day))
        return len(of_day) >= a_day and not any(of_day)

    @cached_property
    def _held(self) -> tuple[bytes, bytes]:
        """Whether data came in the weeks that are known of open slots, and of the others."""
        is_open = [slot in self.open for slot in range(len(self._weeks))]
        shut = [not each for each in is_open]
        return b"".join(compress(self._weeks, is_open)), b"".join(compress(self._weeks, shut))

    @property
    def filled(self) -> float:
        """How many of the open slots hold data."""
        came, _ = self._held
        return came.count(1) / max(1, len(came))

    @property
    def stray(self) -> float:
        """How much of what came did so in slots that are not open."""
        came, at_rest = (each.count(1) for each in self._held)
        return 1 - came / max(1, came + at_rest)

    @property
    def misfits(self) -> int:
        """How many slots are not as they usually are."""
        came, at_rest = self._held
        return came.count(0) + at_rest.count(1)


def _is_rest(kept: bytes) -> bool:
    """Tell of a slot of the week, by whether data came in it in weeks that are known, the newest first."""
    return not any(kept[:_ROW]) or sum(kept) <= _SELDOM * len(kept)
