"""What softens deadlines: grace, for which what is missing is no more than a warning, and windows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import Item
from checks.rules.dimensions import name_of
from checks.schedule.clock import say_instant
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, timedelta

    from checks.model import Combination
    from checks.schedule.due import DuePeriod, Schedule
    from checks.schedule.windows import Windows


def excused(
    schedule_of: Callable[[Combination], Schedule], due: Sequence[Item | DuePeriod], now: datetime
) -> int:
    """Count what has no data (of a table never loaded: what is due) and has grace yet: none of it is critical.

    ``schedule_of`` tells by which schedule a combination of values is due.
    """
    bad = [each for each in due if not isinstance(each, Item) or each.state.is_bad]
    return sum((end := _grace_end(schedule_of, each)) is not None and end > now for each in bad)


def _grace_end(schedule_of: Callable[[Combination], Schedule], due: Item | DuePeriod) -> datetime | None:
    """Return when the grace is over of what is due; None where there is none."""
    schedule = schedule_of(due.dimensions if isinstance(due, Item) else ())
    return schedule.grace_end(due.due_at) if schedule.grace and due.due_at is not None else None


def grace_left(schedule_of: Callable[[Combination], Schedule], bad: Sequence[Item], now: datetime) -> str:
    """Say until when what is without data is no more than a warning; empty where all grace is over."""
    all_ends = ((_grace_end(schedule_of, item), item) for item in bad)
    left = [(end, item) for end, item in all_ends if end is not None and end > now]
    if not left:
        return ""
    ends = {end for end, _ in left}
    zone = schedule_of(max(left, key=lambda each: each[0])[1].dimensions).zone
    when = f"ends{' by' if len(ends) > 1 else ''} {say_instant(max(ends), zone)}"
    if len(bad) == 1:
        return f"its grace {when}"
    if len(left) == 1:
        return f"the grace of {name_of(left[0][1])} {when}"
    return f"their grace {when}" if len(left) == len(bad) else f"the grace of {len(left)} of them {when}"


def notes_of(windows: Windows | None, grace: timedelta | None, *, of_age: bool = False) -> Iterator[str]:
    """Yield what a plan tells of deadlines (``of_age``: of limits of age) that these soften."""
    if windows is not None:
        yield f"{'no time counts as age' if of_age else 'nothing is due'} within {windows.say()}"
    if grace:
        yield f"late is a warning for {say_duration(grace)}, then critical"
