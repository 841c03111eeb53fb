"""What marks teach limits that are learned: which of them speak of a check, as lessons, and in words. Pure."""

from __future__ import annotations

from datetime import UTC, timedelta
from statistics import median_low
from typing import TYPE_CHECKING

from checks.learn import Lesson, LessonKind, Lessons
from checks.marks import TEACH, MarkKind
from checks.schedule.clock import say_day
from checks.schedule.periods import period_of
from checks.text import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, tzinfo
    from zoneinfo import ZoneInfo

    from checks.marks import Mark
    from checks.model import Observation, Period, TableMemory
    from checks.schedule.due import Schedule

_MOST_NAMED = 3
_JUST_BEFORE = timedelta(seconds=1)


def teaching(marks: Iterable[Mark], check: str, now: datetime) -> tuple[Mark, ...]:
    """Return the marks of one table that speak of a check and teach, as far as they were made by ``now``."""
    return tuple(
        mark
        for mark in marks
        if mark.kind in TEACH
        and mark.at <= now
        and (mark.check in (None, check))
        and (mark.moment is None or mark.moment <= now)
    )


def lessons_of(
    marks: Sequence[Mark], check: str, zone: tzinfo = UTC, awaited: Mapping[str, datetime] | None = None
) -> Lessons:
    """Return what marks say of the times at which data came, each by its mark's id.

    ``awaited`` are instants at which the data of single periods had not come, by their labels.
    """
    return Lessons(tuple(lesson for mark in marks for lesson in _lessons(mark, check, awaited or {})), zone)


def _lessons(mark: Mark, check: str, awaited: Mapping[str, datetime]) -> Iterator[Lesson]:
    if mark.kind is MarkKind.EXPECTED and mark.period is not None:
        if mark.period in awaited:
            yield Lesson(LessonKind.EXPECTED, awaited[mark.period].timestamp(), mark.id)
    elif mark.kind is MarkKind.EXPECTED:
        for each in mark.covers:
            if each.check == check and each.item is None:
                yield Lesson(LessonKind.EXPECTED, each.since.timestamp(), mark.id)
    elif mark.moment is not None:
        kind = LessonKind.MISSED if mark.kind is MarkKind.MISSED else LessonKind.NEW_NORMAL
        yield Lesson(kind, mark.moment.timestamp(), mark.id)


def awaited(
    marks: Sequence[Mark], schedule: Schedule | None, seen: Observation, memory: TableMemory
) -> dict[str, datetime]:
    """Return of the periods that marks expect an instant at which their data had not come, by their labels.

    That is just before their first data. Of those of which that is not known, or that never came, it is half a period
    before the time at which others come, so that those before them had.
    """
    labels = {mark.period for mark in marks if mark.kind is MarkKind.EXPECTED and mark.period is not None}
    if schedule is None or not labels:
        return {}
    came = {label: at for known in (memory.first_seen, memory.firsts) for label, at in known.items()}
    for partition in seen.partitions:
        at = partition.listing.oldest_at if partition.listing is not None else None
        if at is not None:
            label = partition.period.label
            came[label] = min(came.get(label, at), at)
    after = [at - own.end for label, at in came.items() if (own := _named(label, schedule)) is not None]
    found: dict[str, datetime] = {}
    for label in labels:
        period = _named(label, schedule)
        if period is None:
            continue
        due_at = period.end + median_low(after) if after else schedule.due_at(period)
        if label in came:
            found[label] = came[label] - _JUST_BEFORE
        elif due_at is not None:
            found[label] = due_at - (period.end - period.start) / 2
    return found


def _named(label: str, schedule: Schedule) -> Period | None:
    wall = schedule.every.start_of(label)
    return period_of(wall, schedule.every, schedule.labels) if wall is not None else None


def say_taught(marks: Iterable[Mark], ids: Iterable[str], zone: ZoneInfo) -> str:
    """Say by which marks something was learned: ``1 mark of ann, 23 Nov``; empty where it was by none."""
    known = set(ids)
    taught = sorted((mark for mark in marks if mark.id in known), key=lambda mark: (mark.at, mark.id))
    if not taught:
        return ""
    who = listing(list(dict.fromkeys(mark.by for mark in taught)), _MOST_NAMED)
    last = say_day(taught[-1].at, zone)
    if len(taught) == 1:
        return f"1 mark of {who}, {last}"
    return f"{len(taught)} marks of {who}, the last {last}"


def say_left_out(by: str) -> str:
    """Say that marks (as ``say_taught`` says them) let nothing count that came before them; empty where none does."""
    return f"; earlier ones do not count, by {by}" if by else ""
