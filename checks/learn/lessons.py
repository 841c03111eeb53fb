"""What people said of a table's alerts, as lessons: limits that are looser on days of a kind, tighter, or learned anew.

Lessons come beside what is kept of a table, at each look anew, and nothing of them is kept: a lesson that is taken back
is as if it had never been. Nothing looks ahead: a lesson of a silence that is not over teaches nothing yet.

- ``expected``: the silence around an instant was as it should be. On days of its kind, so much later is late enough.
- ``missed``: at an instant the silence was too long already. All limits come that much closer, as far as nine of ten
  days bear it.
- ``new normal``: what came before an instant teaches no more.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from calendar import monthrange
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.calendars import COUNTRIES, is_holiday
from checks.learn.keys import DAY, HOUR
from checks.learn.learned import Model
from checks.learn.silence import WINDOW
from checks.learn.tails import median, quantile

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from checks.learn.watch import Watch

_MORE = 9 / 8
"""An eighth longer is of the same length: the least margin that is taken of anything."""
_BY_CHANCE = 1.5
"""So many times the limit may last what is a bad moment; what is longer is a pause, which has its time of day."""
_SHORT = DAY / 2
"""A pause of less than half a day is one of working days, or of weekends; a longer one is one of its weekday."""
_COMMON = 8
"""Of 24 countries: in a third of them only New Year, Easter, the first of May and Christmas are holidays."""
_DISPROVED = 2
"""Two such days (or weeks) in a row that were as usual, and it was one of its own: they are watched as before."""
_BEARABLE = 0.9
"""Nine of ten days have to stay as quiet as they are: a person who is called more often hears nothing any more."""


class LessonKind(StrEnum):
    """What a lesson says."""

    EXPECTED = "expected"
    MISSED = "missed"
    NEW_NORMAL = "new-normal"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was said of the instant ``at`` (seconds since 1970, UTC); ``name`` is whose it is."""

    kind: LessonKind
    at: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Lessons:
    """All that was said of a table; ``zone`` is on whose clock its days lie."""

    said: tuple[Lesson, ...] = ()
    zone: tzinfo = UTC

    def __bool__(self) -> bool:
        """Tell whether anything was said."""
        return bool(self.said)

    def until(self, now: float) -> Lessons:
        """Return those of what was by then."""
        known = tuple(each for each in self.said if each.at <= now)
        return self if len(known) == len(self.said) else replace(self, said=known)

    def of(self, kind: LessonKind) -> tuple[Lesson, ...]:
        """Return those of a kind."""
        return tuple(each for each in self.said if each.kind is kind)

    @property
    def normal(self) -> Lesson | None:
        """The newest new normal."""
        return max(self.of(LessonKind.NEW_NORMAL), key=lambda each: each.at, default=None)


UNTAUGHT = Lessons()


@dataclass(frozen=True, slots=True)
class Pause:
    """A silence that was as it should be: told at ``due``, ended so many seconds ``late``.

    ``has_clock``: it is one of its time of day. ``any_day``: of a table that is due once in weeks each day is alike.
    ``kinds``: by which of `KINDS` other days are alike.
    """

    due: float
    late: float
    has_clock: bool
    any_day: bool
    calendar: tuple[str, int] | None
    zone: tzinfo
    kinds: frozenset[str] | None = None

    def put_off(self, due: float) -> float:
        """Return until when a silence that would be told at ``due`` is as that one was; ``due`` where it is not."""
        into = 0.0
        if self.has_clock and self.late < DAY:
            into = (self._clock(due) - self._clock(self.due) + HOUR) % DAY - HOUR
            if into > self.late:
                return due
        if not self.any_day and not self._is_alike(due - max(0.0, into)):
            return due
        return max(due, due - max(0.0, into) + self.late * _MORE)

    def _clock(self, at: float) -> float:
        local = datetime.fromtimestamp(at, self.zone)
        return local.hour * HOUR + local.minute * 60.0 + local.second

    def _is_alike(self, due: float) -> bool:
        mine, other = _day(self.due, self.zone), _day(due, self.zone)
        kinds = self.kinds if self.kinds is not None else kinds_of(mine, self.late, self.calendar)
        return any(is_alike(kind, mine, other, self.calendar) for kind in kinds)


HOLIDAY, PART_OF_WEEK, WEEKDAY, MONTHDAY, FROM_END, NTH, WORKDAY, LAST_WORKDAY = KINDS = (
    "holiday",
    "part of the week",
    "weekday",
    "day of the month",
    "day from the end of the month",
    "weekday of the month",
    "working day of the month",
    "working day from the end of the month",
)
"""By what days are of one kind."""
_OF_MONTH = frozenset({MONTHDAY, FROM_END, NTH, WORKDAY, LAST_WORKDAY})
_SATURDAY = 5
_NEAR = 7
"""Only the last week of a month is counted from its end, and only as near to either end are working days counted."""


def kinds_of(day: date, late: float, calendar: tuple[str, int] | None = None) -> frozenset[str]:
    """Return by what other days are of the kind of a day on which a silence was so many seconds longer than usual."""
    if _is_holiday(day, calendar):
        return frozenset({HOLIDAY})
    return frozenset({PART_OF_WEEK} if late < _SHORT else {WEEKDAY, *_OF_MONTH})


def is_alike(kind: str, day: date, other: date, calendar: tuple[str, int] | None = None) -> bool:
    """Tell whether two days are of one kind; working days and those of a weekend are parts of the week."""
    if kind == HOLIDAY:
        return _is_holiday(other, calendar)
    if kind == PART_OF_WEEK:
        return (day.weekday() >= _SATURDAY) == (other.weekday() >= _SATURDAY)
    if kind == WEEKDAY:
        return day.weekday() == other.weekday()
    place = _place_in_month(kind, day)
    return place is not None and place == _place_in_month(kind, other)


@lru_cache(maxsize=4096)
def _place_in_month(kind: str, day: date) -> tuple[int, ...] | None:
    """Return where a day stands in its month by such a kind; None where it is not told by that."""
    left = monthrange(day.year, day.month)[1] - day.day
    if kind == MONTHDAY:
        return (day.day,)
    if kind == FROM_END:
        return (left,) if left < _NEAR else None
    if kind == NTH:
        return day.weekday(), (day.day - 1) // 7
    near = left if kind == LAST_WORKDAY else day.day - 1
    if near > _NEAR or day.weekday() >= _SATURDAY:
        return None
    step = timedelta(days=1 if kind == LAST_WORKDAY else -1)
    return (sum((day + number * step).weekday() < _SATURDAY for number in range(near + 1)),)


def holding(kinds: frozenset[str], day: date, last: date, quiet: Container[date]) -> frozenset[str]:
    """Return those kinds of a day that nothing disproves: the last two such days, up to ``last``, were not as usual.

    ``quiet`` are the days on which as much was missing. A part of the week is disproved by two weeks of it, a holiday
    never.
    """
    found = set()
    for kind in kinds:
        later = [each for each in _days_after(day, last) if is_alike(kind, day, each)]
        count = _DISPROVED
        if kind == PART_OF_WEEK:
            count *= 7 - _SATURDAY if day.weekday() >= _SATURDAY else _SATURDAY
        is_usual = len(later) >= count and not any(each in quiet for each in later[-count:])
        if kind == HOLIDAY or not is_usual:
            found.add(kind)
    return frozenset(found)


def _days_after(day: date, last: date) -> list[date]:
    return [day + timedelta(days=number) for number in range(1, (last - day).days + 1)]


def _is_holiday(day: date, calendar: tuple[str, int] | None) -> bool:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    return (calendar is not None and is_holiday(calendar, start)) or _is_common(start)


def _day(at: float, zone: tzinfo) -> date:
    return datetime.fromtimestamp(at, zone).date()


@lru_cache(maxsize=2048)
def _is_common(start: float) -> bool:
    return sum(is_holiday((country, 0), start) for country in COUNTRIES) >= _COMMON


def is_common_holiday(day: date) -> bool:
    """Tell whether a day is a public holiday in most parts of the world."""
    return _is_common(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


@dataclass(slots=True)
class Taught:
    """The limits of a table with all that was said of it, over a ``watch`` of the arrivals that teach (in order).

    ``taught`` are the names of the lessons that change a limit.
    """

    watch: Watch
    times: Sequence[int]
    lessons: Lessons
    taught: list[str] = field(default_factory=list)
    pauses: list[Pause] = field(init=False, default_factory=list)
    _base: Model | None = field(init=False, default=None)
    _tight: Model | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Hold each lesson against the arrivals."""
        model = self.watch.model
        if self.lessons.normal is not None:
            self.taught.append(self.lessons.normal.name)
        if not isinstance(model, Model):
            return
        self._base = self._tight = model
        for lesson in self.lessons.of(LessonKind.EXPECTED):
            self._expect(model, lesson)
        for lesson in self.lessons.of(LessonKind.MISSED):
            self._miss(model, lesson)

    def silence(self, at: float) -> tuple[float, float | None] | None:
        """Return the arrivals before and after an instant, the later None if it did not come; None before the first."""
        place = bisect_right(self.times, at)
        if not place:
            return None
        return float(self.times[place - 1]), float(self.times[place]) if place < len(self.times) else None

    def due_after(self, last: float, *, is_over: bool = False) -> float | None:
        """Return when something has to come after a last arrival; None where too little is known."""
        plain, tight = (self._due(model, last, is_over=is_over) for model in (self._base, self._tight))
        if plain is None or tight is None:
            return None
        return self.put_off(plain, tight)

    def put_off(self, due: float, tight: float | None = None) -> float:
        """Return when a silence is told that would be told at ``due``, by what was missed already at ``tight``."""
        put_off = [until for pause in self.pauses if (until := pause.put_off(due)) > due]
        return max([min(due, tight) if tight is not None else due, *put_off])

    def strict_after(self, last: float) -> float | None:
        """Return the same without what was expected: an arrival that is in time by this is so by all."""
        return self._due(self._tight, last, is_over=False)

    def tight_after(self, last: float) -> float | None:
        """Return when what was missed would have something told after a last arrival, whatever was told before."""
        return self._due(self._tight, last, is_over=True)

    def _due(self, model: Model | None, last: float, *, is_over: bool) -> float | None:
        if model is None:
            return None
        before, self.watch.model = self.watch.model, model
        try:
            due = self.watch.due_after(last, is_over=is_over)
        finally:
            self.watch.model = before
        return due[0] if due is not None else None

    def _expect(self, model: Model, lesson: Lesson) -> None:
        begun, ended = self.silence(lesson.at) or (lesson.at, None)
        due = self._due(model, begun, is_over=True)
        if ended is None or due is None or due >= ended:
            return  # by what was learned since it is in time
        is_long = ended - begun > _BY_CHANCE * (due - begun)
        learned = model.slots or model.silence
        calendar = learned.calendar if learned is not None else None
        day, late = _day(due, self.lessons.zone), ended - due
        kinds, has_clock = kinds_of(day, late, calendar), model.silence is not None and is_long
        if has_clock and PART_OF_WEEK in kinds:
            kinds |= {WEEKDAY, *_OF_MONTH}
        if has_clock or late >= _SHORT:
            last = _day(float(self.times[-1]), self.lessons.zone) - timedelta(days=1)
            kinds = holding(kinds, day, last, self._quiet(model, late))
        self.pauses.append(
            Pause(
                due,
                ended - due,
                has_clock=has_clock,
                any_day=model.slow is not None,
                calendar=calendar,
                zone=self.lessons.zone,
                kinds=kinds,
            )
        )
        if kinds or model.slow is not None:
            self.taught.append(lesson.name)

    def _quiet(self, model: Model, late: float) -> frozenset[date]:
        """Return the days on which something was overdue, of silences of that length."""
        long = [(float(a), float(b)) for a, b in pairwise(self.times) if b - a >= late]
        dues = [(self._due(model, a, is_over=True), b) for a, b in long]
        return frozenset(_day(due, self.lessons.zone) for due, b in dues if due is not None and due < b)

    def _miss(self, model: Model, lesson: Lesson) -> None:
        around = self.silence(lesson.at)
        if around is None:
            return
        begun, ended = around
        due = self._due(model, begun, is_over=True)
        if due is None or due <= lesson.at:
            return  # it is told by now
        recent = self._recent()
        if lesson.at - begun <= median([b - a for a, b in recent] or [0.0]):
            return  # every other silence is as long: nothing was late
        tight = _closer(model, begun, lesson.at, recent)
        told = self._due(tight, begun, is_over=True)
        if self._tight is None or tight == model or told is None:
            return
        if ended is None or told < ended:  # else it would not be told by what is borne
            self._tight = _tighter(self._tight, tight)
            self.taught.append(lesson.name)

    def _recent(self) -> list[tuple[float, float]]:
        """Return the silences of six weeks, of slower tables the last 60: enough to tell nine of ten by."""
        begin = bisect_left(self.times, self.times[-1] - WINDOW)
        kept = self.times[min(begin, max(0, len(self.times) - 61)) :]
        return [(float(a), float(b)) for a, b in pairwise(kept)]


def _closer(model: Model, begun: float, at: float, recent: Sequence[tuple[float, float]]) -> Model:
    """Return the model with its limit so close that a silence would be told at an instant, as far as is borne."""
    if model.silence is not None:
        silence = model.silence
        worst: dict[int, float] = {}
        for a, b in recent:
            day = int(a // DAY)
            worst[day] = max(worst.get(day, 0.0), silence.lasted(a, b))
        least = quantile(sorted(worst.values()), _BEARABLE) if worst else 0.0
        limit = min(silence.limit, max(silence.lasted(begun, at), least))
        # It holds at hours of the day at which runs were late of late, too: what was missed was too long there.
        rota = model.rota.in_time() if model.rota is not None else None
        return replace(model, silence=replace(silence, limit=limit), rota=rota)
    spare: dict[int, float] = {}
    for a, b in recent:
        left, day = _deadline(model, a) - b, int(b // DAY)
        spare[day] = min(spare.get(day, left), left)
    most = quantile(sorted(spare.values()), 1 - _BEARABLE) if spare else 0.0
    closer = min(_deadline(model, begun) - at, most)
    if closer <= 0:
        return model
    if model.slots is not None:
        return replace(model, slots=replace(model.slots, margin=model.slots.margin - closer))
    if model.slow is not None:
        return replace(model, slow=model.slow.closer(closer))
    return model


def _deadline(model: Model, last: float) -> float:
    due = model.due(last, None)
    return due[0] if due is not None else last


def _tighter(one: Model, other: Model) -> Model:
    """Return the closer limit of two of one table."""
    if one.silence is not None and other.silence is not None:
        return one if one.silence.limit < other.silence.limit else other
    first, second = one.slots or one.slow, other.slots or other.slow
    return one if first is not None and second is not None and first.margin <= second.margin else other
