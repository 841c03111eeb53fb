"""What marks teach limits that are learned: which of them speak of a check, as lessons, and in words. Pure."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from checks.learn import Lesson, LessonKind, Lessons
from checks.marks import TEACH, MarkKind
from checks.schedule.clock import say_day
from checks.text import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo
    from zoneinfo import ZoneInfo

    from checks.marks import Mark

_MOST_NAMED = 3


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


def lessons_of(marks: Sequence[Mark], check: str, zone: tzinfo = UTC) -> Lessons:
    """Return what marks say of the times at which data came, each by its mark's id."""
    return Lessons(tuple(lesson for mark in marks for lesson in _lessons(mark, check)), zone)


def _lessons(mark: Mark, check: str) -> Iterator[Lesson]:
    if mark.kind is MarkKind.EXPECTED:
        for each in mark.covers:
            if each.check == check and each.item is None:
                yield Lesson(LessonKind.EXPECTED, each.since.timestamp(), mark.id)
    elif mark.moment is not None:
        kind = LessonKind.MISSED if mark.kind is MarkKind.MISSED else LessonKind.NEW_NORMAL
        yield Lesson(kind, mark.moment.timestamp(), mark.id)


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
