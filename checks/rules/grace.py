"""What softens deadlines: grace, for which what is missing is no more than a warning, and windows. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import Item
from checks.rules.dimensions import name_of
from checks.schedule.clock import say_instant
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime, timedelta

    from checks.schedule.due import DuePeriod, Schedule
    from checks.schedule.windows import Windows


def excused(schedule: Schedule, due: Sequence[Item | DuePeriod], now: datetime) -> int:
    """Count what has no data (of a table never loaded: what is due) and has grace yet: none of it is critical."""
    if not schedule.grace:
        return 0
    return sum(
        each.due_at is not None and schedule.grace_end(each.due_at) > now
        for each in due
        if not isinstance(each, Item) or each.state.is_bad
    )


def grace_left(schedule: Schedule, bad: Sequence[Item], now: datetime) -> str:
    """Say until when what is without data is no more than a warning; empty where all grace is over."""
    if not schedule.grace:
        return ""
    all_ends = ((schedule.grace_end(item.due_at), item) for item in bad if item.due_at is not None)
    left = [(end, item) for end, item in all_ends if end > now]
    if not left:
        return ""
    ends = {end for end, _ in left}
    when = f"ends{' by' if len(ends) > 1 else ''} {say_instant(max(ends), schedule.zone)}"
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
