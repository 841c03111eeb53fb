"""What marks teach limits that are learned: which of them speak of a check, as lessons, and in words. Pure."""

from __future__ import annotations

from datetime import UTC, timedelta
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
    from checks.model import Observation, TableMemory
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

    That is just before their first data; of those of which none is known, when it was due.
    """
    labels = {mark.period for mark in marks if mark.kind is MarkKind.EXPECTED and mark.period is not None}
    found: dict[str, datetime] = {}
    for label in labels if schedule is not None else ():
        wall = schedule.every.start_of(label) if schedule is not None else None
        if schedule is None or wall is None:
            continue
        came = [at for known in (memory.first_seen, memory.firsts) if (at := known.get(label)) is not None]
        came += [
            at
            for each in seen.partitions
            if each.period.label == label
            and each.listing is not None
            and (at := each.listing.oldest_at) is not None
        ]
        period = period_of(wall, schedule.every, schedule.labels)
        due_at = schedule.due_at(period) if period is not None else None
        if came:
            found[label] = min(came) - _JUST_BEFORE
        elif due_at is not None:
            found[label] = due_at
    return found


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
