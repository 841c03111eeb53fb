"""Hours that come out of their order, some long after newer ones: how many late ones in a row are told."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.clocks import offset
from checks.learn.existing_slots import WEEK
from checks.learn.keys import HOUR
from checks.learn.lateness import Reach

if TYPE_CHECKING:
    from collections.abc import Sequence

# Later than half the time to the next hour a single one is told no sooner than by that one's absence.
_LOOSE = 0.5
_OFTEN, _RECENT = 2, 4 * WEEK  # times a week, as of all lateness that is none of incidents


def told_in_a_row(
    alone: tuple[int, float, Reach],
    firsts: Sequence[tuple[float, float]],
    starts: Sequence[float],
    clock: tuple[str, float, list[float]],
    told: tuple[frozenset[int], float, float],
    behind: Sequence[tuple[float, float]],
) -> tuple[int, float, Reach]:
    """Return how many hours in a row are told, their margin (seconds) and its reach; `alone` where single ones may be.

    That is where hours keep their order and the margin tells a single one sooner than a row is told. `firsts` are those
    (own start, first arrival) that came by themselves, `starts` all that came before newer ones, `behind` the others;
    `clock` says when they come, `told` which of the week exist, the least margin, and the chance for each of them.
    """
    (misses, margin, _), (zone, lag, _), (expected, least, chance) = alone, clock, told
    cadence = WEEK / len(expected)
    is_habit = _come_behind(behind, starts)
    if not is_habit and margin <= _LOOSE * cadence:
        return alone
    came = {start: at + offset(zone, at) - start - lag for start, at in firsts}
    hours = (starts[0] + i * HOUR for i in range(int((starts[-1] - starts[0]) // HOUR) + 1))
    late = [came.get(start, math.inf) > least for start in hours if int(start % WEEK // HOUR) in expected]
    row = late_in_a_row(late, chance)
    is_sooner = (row - misses) * cadence + least < margin
    return (row, least, Reach()) if is_habit or is_sooner else alone


def _come_behind(behind: Sequence[tuple[float, float]], starts: Sequence[float]) -> bool:
    """Return whether hours came after newer ones more than twice a week of late: no incidents, but a habit."""
    begin = max(starts[0], starts[-1] - _RECENT)
    weeks = max(1.0, (starts[-1] - begin) / WEEK)
    return len(behind) - bisect_left(behind, (begin,)) > _OFTEN * weeks


def late_in_a_row(late: Sequence[bool], chance: float) -> int:
    """Return how many of some slots in a row are late, or lack, no more often than with this chance each slot.

    `late` says it of each, in order. How often one is followed by another is counted once of each row, so that an
    outage says no more of it than any two do.
    """
    begins = [now and not before for before, now in pairwise([False, *late])]
    rows = sum(begins)
    longer = sum(begin and following for begin, following in zip(begins, late[1:], strict=False))
    begun, goes_on = rows / max(1, len(late)), (longer + 1) / (rows + 2)
    if begun <= chance:
        return 1
    return 1 + math.ceil(math.log(chance / begun) / math.log(goes_on))
