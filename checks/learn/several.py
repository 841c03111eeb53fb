"""Tables that come on several days of each month, such as the 1st and the 15th: each day a rhythm of months."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.gaps import Slow, fit_gaps
from checks.learn.slow import WELL, Cycle, best_cycle, fit_months
from checks.learn.spots import MONTH, place_of
from checks.learn.tails import median

if TYPE_CHECKING:
    from collections.abc import Sequence

_FEW, _MANY = 2, 4  # days of each month; more keep to weekdays
# Half a year of months, in which each day shows how it moves; and three years, in which each holiday comes thrice.
_NEWEST, _LONG = 6, 37
# Of what lies between two days of the month: nearer they are one that moves.
_APART = 0.4
_EACH = 0.75  # of the months have a run on each of the days: outages take some
# So much of the way from one day to the next a run belongs to the next: a long weekend of two weeks.
_EARLY = 0.2
# A rhythm of weeks, or of one day each month, is plainer: several days have to leave clearly less.
_PLAINER = 0.6


@dataclass(frozen=True)
class Several:
    """What was learned of a table that comes on several days of each month: a cycle of months for each of them."""

    parts: tuple[Cycle, ...]

    @property
    def cadence(self) -> float:
        """The mean seconds from one to the next."""
        return MONTH / len(self.parts)

    @property
    def margin(self) -> float:
        """The seconds after its usual time at which the next is told at the latest."""
        return max(part.margin for part in self.parts)

    @property
    def seen(self) -> int:
        """How many there were of the day of which the fewest are known."""
        return min(part.seen for part in self.parts)

    @property
    def labelled(self) -> bool:
        """Whether partitions name what is asked for, as of a cycle."""
        return self.parts[0].labelled

    def next_of(self, own: float) -> tuple[Cycle, int]:
        """Return what decides after the period of that own time: the cycle and its number."""
        following = [(part, part.next_after(own)) for part in self.parts]
        return min(following, key=lambda each: each[0].due_of(each[1]))

    def due(self, own: float) -> float:
        """Return the instant (UTC) by which the next has to be there after the one of that own time."""
        return min(part.due(own) for part in self.parts)

    def lateness(self, own: float, at: float) -> float:
        """Return how many seconds after its usual time the period of that own time came; 0 within its margin."""
        newest = max(self.parts, key=lambda part: part.due_of(part.number_of(own)))
        return newest.lateness(own, at)

    def closer(self, seconds: float) -> Several:
        """Return the same with margins that are so much shorter."""
        return Several(tuple(part.closer(seconds) for part in self.parts))


def fit_slow(
    runs: Sequence[tuple[float, float]], share: float, *, labelled: bool
) -> Slow | Cycle | Several | None:
    """Return the model of runs (own time, arrival) in order, or None under 4 of them.

    `share` is the false alarms a year that the table may raise. Without labels a run's own time is its arrival.
    """
    one = best_cycle(runs, share, labelled=labelled)
    if one is None or one[0] > WELL:
        several = fit_several(runs, share, labelled=labelled)
        if several is not None and (one is None or several[0] < _PLAINER * one[0]):
            return several[1]
    return one[1] if one is not None else fit_gaps([at for _, at in runs], share)


def fit_several(
    runs: Sequence[tuple[float, float]], share: float, *, labelled: bool
) -> tuple[float, Several] | None:
    """Return what runs (own time, arrival) leave of a cadence, and the days of each month; None where they keep none.

    `share` is the false alarms a year that the table may raise.
    """
    gaps = [b - a for (a, _), (b, _) in pairwise(runs)]
    count = round(MONTH / median(gaps)) if gaps else 0
    if not _FEW <= count <= _MANY:
        return None
    begins = _begins([place_of(own, weeks=False) % 1 for own, _ in runs[-count * _NEWEST :]], count)
    if begins is None:
        return None
    groups: list[list[tuple[float, float]]] = [[] for _ in range(count)]
    for own, at in runs[-count * _LONG :]:
        place = place_of(own, weeks=False) % 1
        groups[sum(place >= begin for begin in begins) % count].append((own, at))
    found = []
    for number, group in enumerate(groups):
        ahead = (begins[number] - begins[number - 1]) % 1
        part = fit_months(group, share / count, early=_EARLY * ahead, labelled=labelled)
        if part is None:
            return None
        cycle = part[1]
        if cycle.seen < _EACH * (cycle.number_of(group[-1][0]) - cycle.number_of(group[0][0]) + 1):
            return None
        found.append(part)
    # Each leaves a part of a month, of which a cadence is a part.
    return sum(each for each, _ in found), Several(tuple(cycle for _, cycle in found))


def _begins(places: Sequence[float], count: int) -> tuple[float, ...] | None:
    """Return where in the month, around the circle, a day's part begins: in the middle of the widest gaps."""
    ordered = sorted(places)
    if len(ordered) < 2 * count:
        return None
    gaps = [((b - a) % 1 or 0.0, a) for a, b in pairwise([*ordered, ordered[0] + 1])]
    widest = sorted(gaps, reverse=True)[:count]
    if widest[-1][0] < _APART / count:
        return None
    return tuple(sorted((a + gap / 2) % 1 for gap, a in widest))
