"""What a check learns of a table's arrivals: when the next has to be there, by those that are kept and seen. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.learn import Asked, Kept, Look, Rhythm, fresh_since, look
from checks.learn.looks import read, written
from checks.model import ArrivalsKept
from checks.rules.asking import UNSHARED, Share
from checks.rules.taught import lessons_of, say_left_out, say_taught
from checks.schedule.clock import last_instant, wall_of
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checks.learn import Lessons
    from checks.marks import Mark
    from checks.model import Arrival, Observation
    from checks.schedule.calendars import Calendar

_DAY = timedelta(days=1)
_LONGEST_CLOSED = 400
"""A calendar that closes more days in a row than this opens no more."""
_MOST_IN_TIME = 100
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Auto:
    """How a limit is learned: between which ages, on which days nothing is due, for how many false alarms.

    ``has_time`` is False where a run has no time left for it. ``marks`` are what people said that it learns from, of
    ``check``, days being those in ``zone``. ``awaited`` are instants at which the data of periods that they name had
    not come.
    """

    floor: timedelta | None = None
    cap: timedelta | None = None
    calendar: Calendar | None = None
    share: Share = field(default=UNSHARED)
    has_time: bool = True
    marks: tuple[Mark, ...] = ()
    check: str = ""
    zone: ZoneInfo = _UTC
    awaited: Mapping[str, datetime] = field(default_factory=dict, hash=False)

    @property
    def lessons(self) -> Lessons:
        """What the marks teach."""
        return lessons_of(self.marks, self.check, self.zone, self.awaited)

    @property
    def asked(self) -> Asked:
        """The same, as the learner takes it."""
        floor = self.floor.total_seconds() if self.floor is not None else 0.0
        cap = self.cap.total_seconds() if self.cap is not None else float("inf")
        return Asked(self.share.a_year, floor, max(floor, cap))

    def fresh_since(self, kept: ArrivalsKept | None, now: datetime) -> datetime | None:
        """Return how new the newest arrival has to be by what earlier runs know; None where that is too little."""
        if kept is None or not self.has_time:
            return None
        since = fresh_since(_kept_of(kept), now.timestamp(), self.asked, self.lessons)
        return datetime.fromtimestamp(since, UTC) if since is not None else None

    def look(
        self, seen: Observation, newest: Arrival | None, now: datetime, kept: ArrivalsKept | None
    ) -> Learned:
        """Return what is known of the table by what was seen now and what earlier runs keep.

        What came after the ``newest`` arrival that counts is a backfill, or not there yet.
        """
        latest = (min(newest.at, now) if newest is not None else now).timestamp()
        times = {at for at in times_of(seen) if at <= latest}
        if newest is not None and not newest.is_bound:
            times.add(int(min(newest.at, now).timestamp()))
        found = look(
            _kept_of(kept) if kept is not None else None,
            times,
            now.timestamp(),
            self.asked,
            whole=seen.arrivals_whole,
            lessons=self.lessons,
        )
        by = say_taught(self.marks, found.taught, self.zone)
        return Learned(
            found, keeping=_written(found.kept), calendar=self.calendar, by=by, bound=self._bound(found)
        )

    def _bound(self, found: Look) -> str:
        """Return which stated age the next arrival is due by, ``its cap of 20 h``; empty where by what was learned."""
        if found.due is None or found.last is None:
            return ""
        age = found.due - found.last
        ages = (("cap", self.cap), ("floor", self.floor))
        return next(
            (
                f"its {name} of {say_duration(each)}"
                for name, each in ages
                if each and age == each.total_seconds()
            ),
            "",
        )


@dataclass(frozen=True, slots=True)
class Learned:
    """What a look says of a table, with its days that are closed; ``by`` whose marks, empty where by none.

    ``bound`` is the stated age that holds in place of what was learned, empty where none does.
    """

    found: Look
    keeping: ArrivalsKept
    calendar: Calendar | None = None
    by: str = ""
    bound: str = ""

    @property
    def says_when(self) -> bool:
        """Tell whether enough is known to say when data is due."""
        return self.found.due is not None

    @property
    def need(self) -> str:
        """What is missing to learn: ``3 arrivals seen, 8 needed``; empty where nothing is."""
        if self.found.need is None:
            return ""
        return f"{self.found.need}{say_left_out(self.by)}"

    def due(self, zone: ZoneInfo) -> datetime | None:
        """Return when data had, or has, to be there, on a day that is open; to the second, in UTC."""
        if self.found.due is None:
            return None
        # Rounded up, so that it is never told to be due before it is.
        due = datetime.fromtimestamp(-(-self.found.due // 1), UTC)
        if self.calendar is None:
            return due
        wall = wall_of(due, zone)
        for _ in range(_LONGEST_CLOSED):
            if self.calendar.is_open(wall.date()):
                break
            wall += _DAY
        return max(due, last_instant(wall, zone))


def times_of(seen: Observation) -> Iterator[int]:
    """Yield all times at which data came that were seen, in whole seconds since 1970."""
    yield from seen.arrivals
    if seen.listing is not None:
        yield from seen.listing.times
    for partition in seen.partitions:
        if partition.listing is not None:
            yield from partition.listing.times


def _kept_of(kept: ArrivalsKept) -> Kept:
    return Kept(
        read(kept.times),
        Rhythm(_seconds(kept.opened_at), kept.returned, float(kept.told_s), kept.in_time, float(kept.late_s)),
        int(kept.last_at.timestamp()) if kept.last_at is not None else None,
        _seconds(kept.looked_at),
        kept.is_outdated,
    )


def _written(kept: Kept) -> ArrivalsKept:
    rhythm = kept.rhythm
    return ArrivalsKept(
        times=written(kept.times),
        last_at=_instant(kept.last),
        looked_at=_instant(kept.looked_at),
        is_outdated=kept.is_outdated,
        opened_at=_instant(rhythm.opened),
        returned=rhythm.returned,
        told_s=int(rhythm.told),
        in_time=min(rhythm.in_time, _MOST_IN_TIME),
        late_s=int(rhythm.late),
    )


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at is not None else None


def _instant(at: float | None) -> datetime | None:
    return datetime.fromtimestamp(at, UTC) if at is not None else None
