"""How the sizes that marks speak of are dated, and which of them are remembered for as long as those hold. Pure."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.rules.usual import days_of, days_of_label
from checks.rules.volume_sizes import THREE_WEEKS
from checks.rules.volume_taught import Said, Times
from checks.schedule.clock import wall_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from checks.model import Size
    from checks.schedule.due import Schedule

WHOLE = " whole"
"""Ends the labels of sizes of a whole table, which are no sizes of that day."""
_MOST_MARKED = 8
"""Of so many periods that marks speak of, the newest, sizes are remembered beyond those of all tables."""
_UTC = ZoneInfo("UTC")


def times_of(schedule: Schedule | None, zone: ZoneInfo) -> Times:
    """Return how sizes are dated: by the periods of a schedule; None: of a whole place, by the days of looks (UTC).

    What a mark says of a day is so on the clock of ``zone``.
    """
    if schedule is None:
        return Times(
            of_label=_day_of_look,
            judged_at=lambda at: days_of_label(f"{at:%Y-%m-%d}"),
            wall=lambda at: wall_of(at, _UTC),
        )

    def of_label(label: str) -> float | None:
        wall = schedule.every.start_of(label)
        return days_of(wall) if wall is not None else None

    def judged_at(at: datetime) -> float | None:
        due = schedule.due(at)
        return days_of(due[0].period.wall) if due else None

    return Times(of_label=of_label, judged_at=judged_at, wall=lambda at: wall_of(at, zone))


def _day_of_look(label: str) -> float | None:
    return days_of_label(label.removesuffix(WHOLE)) if label.endswith(WHOLE) else None


def remembered(sizes: Mapping[str, Size], schedule: Schedule, now: float) -> tuple[tuple[float, Size], ...]:
    """Return all sizes of periods at the time of day of one, by their labels, with their times in days."""
    of_label = times_of(schedule, _UTC).of_label
    known = ((of_label(label), size) for label, size in sizes.items())
    return tuple([(at, size) for at, size in known if at is not None and at % 1 == now % 1])


def labels_for(said: Said, labels: Sequence[str], schedule: Schedule | None) -> Iterator[str]:
    """Yield those of labels (newest first) that marks speak of, and those before by which these were judged."""
    of_label = times_of(schedule, _UTC).of_label
    ends = sorted({each.end for each in said.stretches}, reverse=True)
    for end in ends[:_MOST_MARKED]:
        until = (label for label in labels if (at := of_label(label)) is not None and at <= end)
        yield from islice(until, THREE_WEEKS + 1)
