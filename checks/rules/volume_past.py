"""How much a table held at each instant of the past, by how its places grew: what a look at that time judged. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from checks.layout import layout_from_json
from checks.model import Growth, Listing, Observation, PartitionSeen, Size, TableMemory
from checks.rules.cadence import schedule_of
from checks.rules.volume_marked import WHOLE
from checks.schedule.due import MOST_PERIODS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from checks.model import Period, Table
    from checks.rules.proposing import Extent
    from checks.rules.retold import Came, Span
    from checks.schedule.due import DuePeriod, Schedule

_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_BESIDE = 3
"""Due periods that a look needs to find its own one: those that are missed, and that have not ended."""


@dataclass(frozen=True, slots=True)
class PastLook:
    """What was there to judge from an instant on: what a run then saw and remembered.

    ``label`` and ``schedule`` are those of the period that was judged, None of a table as a whole. ``is_there``: it
    held data then.
    """

    at: datetime
    seen: Observation
    memory: TableMemory
    label: str = ""
    schedule: Schedule | None = None
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Stay:
    """The looks at one period, or on one day, by their times in order; ``grows``: each found no less than the last."""

    times: Sequence[datetime]
    look: Callable[[datetime], PastLook]
    grows: bool


@dataclass(frozen=True, slots=True)
class Grown:
    """How one place grew: the sums after each step, in order. What has no date was there from the first on."""

    times: tuple[int, ...]
    sums: tuple[Size, ...]
    undated: Size
    dated_since: int | None
    """The last instant (seconds since 1970) by which something came of which no more is known; None: no such."""
    only_grew: bool

    @classmethod
    def of(cls, steps: Iterable[Growth]) -> Grown:
        """Add the steps up."""
        total, times, sums = Size(0, 0, 0), [], []
        ordered = sorted(steps)
        undated = [each for each in ordered if not each.is_dated]
        for each in undated:
            total = _plus(total, each)
        start = total
        for each in ordered:
            if each.is_dated:
                total = _plus(total, each)
                times.append(each.at)
                sums.append(total)
        last = max((each.at for each in undated), default=None)
        only_grew = all(
            each.size_bytes >= 0 and each.files >= 0 and (each.rows or 0) >= 0 for each in ordered
        )
        return cls(tuple(times), tuple(sums), start, last, only_grew)

    def at(self, when: datetime) -> Size:
        """Return what was there at an instant; a file that came then is."""
        count = bisect_right(self.times, when.timestamp())
        return self.sums[count - 1] if count else self.undated

    def steps(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """Yield when it grew between two instants, both left out."""
        first = bisect_right(self.times, begin.timestamp())
        for at in islice(self.times, first, None):
            if at >= end.timestamp():
                return
            yield datetime.fromtimestamp(at, UTC)


def _plus(size: Size, step: Growth) -> Size:
    rows = size.rows + step.rows if size.rows is not None and step.rows is not None else None
    return Size(size.bytes + step.size_bytes, size.files + step.files, rows)


def periods_back(
    schedule: Schedule, now: datetime, extent: Extent, compared: timedelta
) -> tuple[Period, ...]:
    """Return the periods of the time that is judged, and of the time before that they are compared with, newest first.

    No more than may be read, nor than any run looks at.
    """
    count = max(1, (extent.back + compared) // schedule.every.nominal + 1)
    count = min(count, MOST_PERIODS, extent.most or MOST_PERIODS)
    return tuple(each.period for each in islice(schedule.all_due(now), count))


def grown_periods(seen: Observation) -> Mapping[str, tuple[Growth, ...]]:
    """Return how each period grew, by its label; those of which a part was not read are left out."""
    found: defaultdict[str, list[Growth]] = defaultdict(list)
    unread: set[str] = set()
    for each in seen.partitions:
        listing, label = each.listing, each.period.label
        if each.problem is not None or listing is None or not listing.complete or listing.part_of is not None:
            unread.add(label)
        else:
            found[label].extend(listing.growth)
    return {label: tuple(steps) for label, steps in found.items() if label not in unread}


@dataclass(frozen=True, slots=True)
class Reign:
    """The time in which a period was the newest that was due: from ``begin`` until the next one came due."""

    due: DuePeriod
    schedule: Schedule
    begin: datetime
    end: datetime


@dataclass(slots=True)
class PastPeriods:
    """The looks at a table's periods, as each of them was the newest one that was due."""

    table: Table
    layout: Mapping[str, Any]
    grown: Mapping[str, Grown]
    span: Span
    due: Sequence[tuple[Schedule, DuePeriod]]
    """The periods that came due, in any order, with the schedule by which they did."""
    _sizes: dict[str, Size] = field(default_factory=dict)

    @classmethod
    def of(
        cls, table: Table, came: Came, schedule: Schedule | None, zone: ZoneInfo, span: Span
    ) -> PastPeriods | None:
        """Return those of what came; None where it was not read by period, or none of them ever held data."""
        layout = layout_from_json(came.layout, zone) if came.layout else None
        if layout is None or came.first_period_at is None:
            return None
        known = schedule_of(schedule, layout)
        due = list(came.due or ())
        first = min((each.due_at for _, each in due), default=span.end + _DAY)
        for each in islice(known.all_due(span.end), MOST_PERIODS):
            if each.period.start < came.first_period_at:
                break
            if each.due_at < first or came.due is None:  # before anything was learned
                due.append((known, each))
        grown = {label: Grown.of(steps) for label, steps in came.grown.items()}
        return cls(table, came.layout or {}, grown, span, due)

    def stays(self) -> Iterator[Stay]:
        """Yield the looks from the begin of the span on: as a period came due, and whenever it grew until the next."""
        reigns = list(self._reigns())
        self._remember(reigns)
        memory = TableMemory(sizes=self._sizes)
        for number, reign in enumerate(reigns):
            if reign.end <= self.span.begin:
                continue
            grown = self.grown.get(reign.due.period.label)
            begin = max(reign.begin, self.span.begin)
            beside = reigns[max(0, number - reign.schedule.misses + 1) : number + 1]
            times = (begin, *(grown.steps(begin, reign.end) if grown is not None else ()))
            look = partial(self._look, reigns=beside, memory=memory)
            yield Stay(times, look, grows=grown is None or grown.only_grew)

    def _reigns(self) -> Iterator[Reign]:
        """Yield which period was judged when, in the order of time."""
        begins: list[tuple[datetime, Schedule, DuePeriod]] = []
        timed = ((_whole_at(schedule, due), due.period.start, schedule, due) for schedule, due in self.due)
        for at, start, schedule, due in sorted(timed, key=itemgetter(0, 1)):
            if begins and start < begins[-1][2].period.start:
                continue
            if begins and begins[-1][0] == at:
                begins.pop()  # both came due at once: the newer one is judged
            begins.append((at, schedule, due))
        ends = [at for at, _, _ in begins[1:]] + [max(self.span.end, at) for at, _, _ in begins[-1:]]
        for (at, schedule, due), end in zip(begins, ends, strict=True):
            if at <= self.span.end:
                yield Reign(due, replace(schedule, lookback=schedule.misses + _BESIDE), at, end)

    def _remember(self, reigns: Sequence[Reign]) -> None:
        """Take what each period came to as the next one came due: so runs remember it, whatever came later.

        What came to a period later alone, as after it was written anew, leaves that unknown.
        """
        starts = [each.due.period.start for each in reigns]
        for schedule, due in self.due:
            grown = self.grown.get(due.period.label)
            following = bisect_right(starts, due.period.start)
            if grown is None or following == len(reigns):
                continue
            size = grown.at(max(reigns[following].begin, _whole_at(schedule, due)))
            if size.files or not grown.times:
                self._sizes[due.period.label] = size

    def _look(self, at: datetime, *, reigns: Sequence[Reign], memory: TableMemory) -> PastLook:
        partitions = tuple(
            PartitionSeen(period=each.due.period, listing=_listing(grown.at(at)))
            for each in reversed(reigns)
            if (grown := self.grown.get(each.due.period.label)) is not None
        )
        newest = reigns[-1]
        is_there = any(each.listing is not None and each.listing.objects for each in partitions)
        seen = Observation(table=self.table, now=at, partitions=partitions, layout=self.layout)
        return PastLook(at, seen, memory, newest.due.period.label, newest.schedule, is_there=is_there)


def _whole_at(schedule: Schedule, due: DuePeriod) -> datetime:
    return max(due.due_at, due.period.end) if schedule.whole_at_end else due.due_at


def stays_at_whole(table: Table, steps: Sequence[Growth], span: Span) -> Iterator[Stay]:
    """Yield the looks at a table as a whole, by the hour in which it grew and as each day begins.

    They begin when all that it held is known by its time. The last look of each day (UTC) is remembered.
    """
    grown = Grown.of(steps)
    if not grown.times:
        return
    known_at = max(grown.times[0], grown.dated_since or 0)
    first = max(_whole_hour(known_at), span.begin)
    sizes: dict[str, Size] = {}
    day = datetime.fromtimestamp(known_at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def look(at: datetime) -> PastLook:
        seen = Observation(table=table, now=at, listing=_listing(grown.at(at)))
        return PastLook(at, seen, TableMemory(sizes=dict(sizes)))

    while day < span.end:
        end = min(day + _DAY, span.end)
        if end > first:
            begin = max(day, first)
            hours = {_whole_hour(at.timestamp()) for at in grown.steps(begin, end)}
            times = sorted({begin, *(each for each in hours if each < end)})
            yield Stay(times, look, grows=grown.only_grew)
        sizes[f"{day:%Y-%m-%d}{WHOLE}"] = grown.at(day + _DAY - timedelta(microseconds=1))
        day += _DAY


def _whole_hour(at: float) -> datetime:
    return datetime.fromtimestamp(-(-at // 3600) * 3600, UTC)


def _listing(size: Size) -> Listing:
    return Listing(objects=size.files, size_bytes=size.bytes, rows=size.rows)
