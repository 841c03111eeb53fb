"""What marks teach of when periods are due: looser on days of a kind, closer, or learned anew. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from checks.learn.keys import DAY, parse
from checks.learn.lessons import PART_OF_WEEK, WEEKDAY, holding, is_alike, kinds_of
from checks.learn.tails import quantile
from checks.marks import MarkKind
from checks.schedule.calendars import Calendar
from checks.schedule.clock import wall_of
from checks.schedule.hours import Hours
from checks.schedule.periods import Unit, period_of
from checks.schedule.windows import Window, Windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from checks.learn.slots import Slots
    from checks.marks import Mark
    from checks.schedule.due import Schedule

_MORE = 9 / 8
"""An eighth longer is of the same length."""
_BEARABLE = 0.1
"""Nine of ten periods stay in time, whatever was missed."""
_AHEAD = timedelta(days=400)
"""So far ahead days of a kind are named: as long as a mark plays a part."""
_LONGEST = timedelta(hours=23)
"""A window that is told by the time of day is shorter than one; what was later is told a day late at the most."""
_MINUTE = timedelta(minutes=1)
_SATURDAY = 5
_PARTS = (frozenset(range(_SATURDAY)), frozenset({5, 6}))
_CHECK = "partitions"


@dataclass(frozen=True, slots=True)
class TaughtSchedule:
    """A schedule with what marks teach, and the ids of the marks that had a part."""

    schedule: Schedule
    taught: tuple[str, ...] = ()


def since_normal(firsts: Mapping[str, datetime], marks: Sequence[Mark]) -> tuple[dict[str, datetime], str]:
    """Return the first arrivals since the newest new normal, and the id of that mark; all where there is none."""
    normal = max(
        (mark for mark in marks if mark.kind is MarkKind.NEW_NORMAL and mark.moment is not None),
        key=lambda mark: (mark.moment, mark.id),
        default=None,
    )
    if normal is None or normal.moment is None:
        return dict(firsts), ""
    return {label: at for label, at in firsts.items() if at >= normal.moment}, normal.id


@dataclass(frozen=True, slots=True)
class Deadlines:
    """When periods are due by what was learned, of their starts, in seconds.

    ``due`` tells it of a period, ``following`` of the next expected one after it, with its start where that is known;
    ``margin`` is how long after their usual time that is.
    """

    due: Callable[[float], float]
    following: Callable[[float], tuple[float | None, float]]
    margin: float


def deadlines_of(slots: Slots) -> Deadlines:
    """Return the deadlines of periods that have a place in the week."""

    def following(start: float) -> tuple[float | None, float]:
        decides, _ = slots.due(start)
        return decides, slots.due_of(decides)

    return Deadlines(slots.due_of, following, slots.margin)


def closer_by(
    marks: Sequence[Mark], firsts: Sequence[tuple[float, float]], deadlines: Deadlines
) -> tuple[float, tuple[str, ...]]:
    """Return by how many seconds deadlines come closer by what was missed, and by which marks.

    ``firsts`` are the starts and first arrivals of periods in order. It is no closer than nine of ten periods bear, and
    nothing where no period was later than usual at that time.
    """
    if not any(mark.kind is MarkKind.MISSED for mark in marks):
        return 0.0, ()
    spare = sorted(deadlines.due(start) - at for start, at in firsts)
    most = max(0.0, quantile(spare, _BEARABLE)) if spare else 0.0
    closer, by = 0.0, []
    for mark in marks:
        if mark.kind is not MarkKind.MISSED or mark.moment is None:
            continue
        moment = mark.moment.timestamp()
        before = [start for start, at in firsts if at <= moment]
        if not before:
            continue
        start, due = deadlines.following(before[-1])
        came = dict(firsts).get(start) if start is not None else None
        wanted = min(due - moment, most)
        if due - deadlines.margin >= moment or wanted <= 0:
            continue
        if came is None or due - wanted < came:  # else it would not be told by what is borne
            closer = max(closer, wanted)
            by.append(mark.id)
    return closer, tuple(by)


def loosened(schedule: Schedule, firsts: Mapping[str, datetime], marks: Sequence[Mark]) -> TaughtSchedule:
    """Return the schedule with what was expected: later on days of the kind, closed where a period never came."""
    newest = max(firsts, default="")
    windows: list[Window] = []
    closed: set[date] = set()
    own: set[date] = set()
    times: set[datetime] = set()
    taught = []
    for mark in marks:
        for label in dict.fromkeys(_expected(mark)):
            key = parse(label)
            if key is None or (label not in firsts and label >= newest):
                continue  # what goes on teaches nothing yet
            wall = datetime.fromtimestamp(key.start, UTC).replace(tzinfo=None)
            if label in firsts:
                found = _late(schedule, wall, firsts[label])
                windows += found
                taught += [mark.id] if found else []
            elif key.unit == DAY:
                kinds = _kinds_of_missing(wall.date(), firsts)
                closed |= _days_of(kinds, wall.date())
                own.add(wall.date())
                taught += [mark.id] if kinds else []
            elif schedule.every.unit is Unit.MINUTE:
                alike = {each for each in firsts if each[10:] == label[10:]}
                kinds = _kinds_of_missing(wall.date(), alike) if alike else frozenset()
                days = _days_of(kinds, wall.date()) - {wall.date()}
                times |= {datetime.combine(day, wall.time()) for day in days}
                taught += [mark.id] if kinds else []
    if windows:
        schedule = replace(schedule, windows=_with(schedule, windows))
    if times:
        hours = schedule.hours or Hours(schedule.every.nominal)
        schedule = replace(schedule, hours=replace(hours, closed=frozenset(times)))
    if closed:
        calendar = schedule.calendar or Calendar("learned")
        schedule = replace(
            schedule,
            calendar=replace(
                calendar,
                closed_dates=calendar.closed_dates | (closed - own),
                open_dates=calendar.open_dates - closed,
            ),
        )
    return TaughtSchedule(schedule, tuple(dict.fromkeys(taught)))


def _expected(mark: Mark) -> Iterator[str]:
    """Yield the labels of the periods that a mark says are as they should be; one of a value of a key says less."""
    if mark.kind is not MarkKind.EXPECTED:
        return
    covered = [each.item for each in mark.covers if each.check == _CHECK]
    items = [mark.period] if mark.period is not None else covered
    yield from (item for item in items if item is not None and "/" not in item)


def _kinds_of_missing(day: date, firsts: Iterable[str]) -> frozenset[str]:
    """Return by what other days are of the kind of one that never came, where later ones do not disprove it."""
    days = {date.fromisoformat(label[:10]) for label in firsts}
    last = max(days)
    absent = frozenset(each for each in days_between(day, last) if each not in days)
    return holding(kinds_of(day, DAY), day, last, absent)


def days_between(day: date, last: date) -> Iterator[date]:
    """Yield the days after one, up to another."""
    yield from (day + timedelta(days=number) for number in range(1, (last - day).days + 1))


def _days_of(kinds: frozenset[str], day: date) -> frozenset[date]:
    """Return the days of a kind, from one on as far as marks reach."""
    return frozenset(
        each
        for each in days_between(day - timedelta(days=1), day + _AHEAD)
        if any(is_alike(kind, day, each) for kind in kinds)
    )


def _late(schedule: Schedule, wall: datetime, at: datetime) -> list[Window]:
    """Return a window from when a period was due until it came, on days of the kind; none where it came in time."""
    period = period_of(wall, schedule.every, schedule.labels)
    due_at = schedule.due_at(period) if period is not None else None
    if due_at is None or at <= due_at:
        return []
    late = min((at - due_at) * _MORE, _LONGEST)
    begin, end = wall_of(due_at, schedule.zone), wall_of(due_at + late, schedule.zone)
    kinds = kinds_of(begin.date(), late.total_seconds())
    parts = {PART_OF_WEEK: _PARTS[begin.weekday() >= _SATURDAY], WEEKDAY: frozenset({begin.weekday()})}
    weekdays = next((parts[kind] for kind in (PART_OF_WEEK, WEEKDAY) if kind in kinds), frozenset())
    dates = _days_of(kinds, begin.date()) if not weekdays else frozenset()
    return [Window(_since_midnight(begin), _since_midnight(end) + _MINUTE, weekdays, dates, schedule.zone)]


def _since_midnight(wall: datetime) -> timedelta:
    return timedelta(hours=wall.hour, minutes=wall.minute)


def _with(schedule: Schedule, windows: Sequence[Window]) -> Windows:
    """Return windows beside those that are stated."""
    stated, new = schedule.windows, tuple(dict.fromkeys(windows))
    if stated is None:
        return Windows("expected", new, schedule.zone)
    return Windows(f"{stated.name} and expected", (*stated.windows, *new), stated.zone)
