"""Simulated healthy tables: when their data comes and when it is due, by arithmetic of their own.

Nothing here asks the code under test for a period or a deadline: what is due is worked out by hand, table by
table, from dates and `zoneinfo`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from checks.model import Column, Finding, Listing, Observation, PartitionSeen, Period, Table, TableMemory
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.verdicts import judge, rules_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UTC_ZONE = ZoneInfo("UTC")
DAY = timedelta(days=1)
FIRST, LAST = date(2025, 10, 1), date(2027, 1, 10)
"""Data comes from the first day to the last; the year that is checked lies between."""
_SEEN = 60
"""Periods that an observation holds: more than any lookback here."""


@dataclass(frozen=True)
class Coming:
    """One load: the period it fills (none for a table of files), when it comes, when it is overdue.

    ``overdue_at`` is the first instant at which its absence is a failure; None when nobody waits for it.
    """

    label: str
    start: datetime
    came_at: datetime
    overdue_at: datetime | None


@dataclass(frozen=True)
class Simulated:
    """A table with its config blocks and all of its loads, in the order in which they come."""

    name: str
    blocks: dict[str, Any]
    zone: ZoneInfo
    loads: tuple[Coming, ...]
    lost: frozenset[int] = field(default_factory=frozenset)
    """Loads, by their number, that never come."""

    def without(self, number: int) -> Simulated:
        """Return the same table, one load of which never comes."""
        return replace(self, lost=frozenset({number}))

    @property
    def check(self) -> str:
        return next(iter(self.blocks))

    @cached_property
    def plan(self) -> TablePlan:
        keys = (Column("dt", "string"),) if self.check == "partitions" else ()
        table = Table(
            id=f"sim.{self.name}",
            database="sim",
            name=self.name,
            location=f"s3://sim/{self.name}/",
            partition_keys=keys,
        )
        return TablePlan(table=table, rules=rules_of(self.blocks, self.zone))

    @cached_property
    def _times(self) -> list[datetime]:
        return [load.came_at for load in self.loads]

    def observation(self, now: datetime) -> Observation:
        """Return what a complete look at ``now`` finds."""
        there = bisect_right(self._times, now)
        numbers = [number for number in range(max(0, there - _SEEN), there) if number not in self.lost]
        if self.check == "freshness":
            newest = self.loads[numbers[-1]].came_at
            listing = Listing(objects=there, size_bytes=10 * there, newest_at=newest, newest_key="s3://sim/a")
            return Observation(table=self.plan.table, now=now, listing=listing)
        return Observation(
            table=self.plan.table,
            now=now,
            partitions=tuple(_partition(self.loads[number]) for number in reversed(numbers)),
            layout={"keys": [["dt", "%Y-%m-%d %H:%M"]], "path": None, "padding_known": True},
        )

    def finding(self, now: datetime) -> Finding:
        """Return the finding of a run at ``now``."""
        memory = TableMemory(first_period_at=self.loads[0].start)
        return judge(self.plan, self.observation(now), Clock(now=now), memory)[self.check]


def _partition(load: Coming) -> PartitionSeen:
    listing = Listing(objects=1, size_bytes=10, newest_at=load.came_at, oldest_at=load.came_at)
    wall = load.start.replace(tzinfo=None)
    return PartitionSeen(
        period=Period(load.start, load.start, wall, load.label),
        location="s3://sim/p/",
        registered=True,
        created_at=load.came_at,
        listing=listing,
    )


def clock(day: date, text: str, zone: ZoneInfo) -> datetime:
    """Return a wall-clock time of a day as an instant: of two the later, of none the first after it."""
    hour, minute = map(int, text.split(":"))
    wall = datetime.combine(day, time(hour, minute), zone)
    early, late = wall.replace(fold=0).astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    if late >= early:
        return late
    return next(  # the wall time is skipped: the first minute whose offset is the new one
        late + timedelta(minutes=n)
        for n in range(181)
        if (late + timedelta(minutes=n)).astimezone(zone).utcoffset() != late.astimezone(zone).utcoffset()
    )


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a day."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def days() -> Iterator[date]:
    """Yield each day that data comes for."""
    for number in range((LAST - FIRST).days):
        yield FIRST + timedelta(days=number)


def is_weekday(day: date) -> bool:
    return day.weekday() < 5


def daily(
    name: str,
    zone: ZoneInfo,
    labels: ZoneInfo,
    came: str,
    due: str,
    *,
    wanted: Callable[[date], bool] = lambda _: True,
    snapshot: bool = False,
    **block: Any,
) -> Simulated:
    """A partition a day, loaded at one time of the day after and due at another (a snapshot: of the day itself)."""
    loads = []
    for day in days():
        if wanted(day):
            after = day
            while clock(after, due, zone) < midnight(day if snapshot else day + DAY, labels):
                after += DAY
            loads.append(
                Coming(
                    day.isoformat(), midnight(day, labels), clock(after, came, zone), clock(after, due, zone)
                )
            )
    told: dict[str, Any] = {"every": "1d", "due": due, "labels": labels.key, **block}
    if snapshot:
        told["due_from"] = "start"
    return Simulated(name, {"partitions": told}, zone, tuple(loads))


def hourly(name: str, labels: ZoneInfo, minutes: int, takes: int, after: int, **block: Any) -> Simulated:
    """A partition every so many minutes, named by the clock of ``labels``.

    An hour that comes twice is one load of two hours. A quarter of an hour that comes twice is loaded twice, an
    hour apart, into one partition; that the second never came cannot be seen from the partition.
    """
    step = timedelta(minutes=minutes)
    cells: list[tuple[str, datetime, datetime]] = []
    instant, end = midnight(FIRST, UTC_ZONE), midnight(LAST, UTC_ZONE)
    tick = min(step, timedelta(minutes=30))
    while instant < end:  # a cell lasts from the first tick whose wall clock is in it to the last
        wall = instant.astimezone(labels).replace(tzinfo=None)
        passed = wall.hour * 60 + wall.minute
        label = (wall - timedelta(minutes=passed % minutes)).strftime("%Y-%m-%dT%H:%M")
        if cells and cells[-1][0] == label:
            cells[-1] = (label, cells[-1][1], instant + tick)
        else:
            cells.append((label, instant, instant + tick))
        instant += tick
    before: set[str] = set()
    loads = []
    for label, first, ended in cells:
        due_at = ended + timedelta(minutes=after) if label not in before else None
        loads.append(Coming(label, first, ended + timedelta(minutes=takes), due_at))
        before.add(label)
    told = {"every": f"{minutes}m", "after": f"{after}m", "labels": labels.key, "lookback": 6, **block}
    return Simulated(name, {"partitions": told}, labels, tuple(loads[1:-1]))


def weekly(name: str, zone: ZoneInfo, came: str, due: str) -> Simulated:
    """A partition an ISO week, loaded and due on the Monday after."""
    loads = []
    for monday in (day for day in days() if day.weekday() == 0):
        year, week, _ = monday.isocalendar()
        after = monday + 7 * DAY
        loads.append(
            Coming(
                f"{year}-W{week:02d}",
                midnight(monday, zone),
                clock(after, came, zone),
                clock(after, due, zone),
            )
        )
    block = {"every": "1w", "due": due, "labels": zone.key, "lookback": 4}
    return Simulated(name, {"partitions": block}, zone, tuple(loads))


def monthly(name: str, zone: ZoneInfo, business_day: int, came: str, due: str) -> Simulated:
    """A partition a month, due on the n-th weekday of the month after."""
    loads = []
    for first in (day for day in days() if day.day == 1):
        following = (first + 31 * DAY).replace(day=1)
        weekdays = [following + n * DAY for n in range(28) if is_weekday(following + n * DAY)]
        day = weekdays[business_day - 1]
        loads.append(
            Coming(
                first.strftime("%Y-%m"), midnight(first, zone), clock(day, came, zone), clock(day, due, zone)
            )
        )
    block = {"every": "1mo", "due": due, "business_day": business_day, "labels": zone.key, "lookback": 3}
    return Simulated(name, {"partitions": block}, zone, tuple(loads))


def weekly_days(name: str, zone: ZoneInfo, due: str) -> Simulated:
    """A partition a day, all of a week loaded and due together on the Monday after."""
    loads = []
    for day in days():
        monday = day + (7 - day.weekday()) * DAY
        due_at = clock(monday, due, zone)
        loads.append(Coming(day.isoformat(), midnight(day, zone), due_at - timedelta(hours=1), due_at))
    hour, minute = due.split(":")
    block = {"every": "1d", "due": f"{int(minute)} {int(hour)} * * 1", "labels": zone.key}
    return Simulated(name, {"partitions": block}, zone, tuple(loads))


def aged(name: str, zone: ZoneInfo, came: str, max_age: int) -> Simulated:
    """Files that come each day at one time, and may be so many hours old."""
    age = timedelta(hours=max_age)
    times = [clock(day, came, zone) for day in days()]
    second = timedelta(seconds=1)
    before = [times[0], *times]
    loads = tuple(Coming("", at, at, last + age + second) for at, last in zip(times, before, strict=False))
    return Simulated(name, {"freshness": {"max_age": f"{max_age}h"}}, zone, loads)


def aged_on_weekdays(name: str, zone: ZoneInfo, came: str) -> Simulated:
    """Files that come on weekdays, and may be 25 h of weekdays old."""
    # 25 h of open time after a load is one hour after the same clock on the next weekday: clocks change on Sundays.
    late = timedelta(hours=1, seconds=1)
    times = [clock(day, came, zone) for day in days() if is_weekday(day)]
    loads = tuple(Coming("", at, at, at + late) for at in times)
    return Simulated(name, {"freshness": {"max_age": "25h", "calendar": "office"}}, zone, loads)


def timely(
    name: str, zone: ZoneInfo, came: str, by: str, within: int, *, weekdays: bool = False
) -> Simulated:
    """Files that come each day (or weekday) before a deadline."""
    loads = tuple(
        Coming("", clock(day, came, zone), clock(day, came, zone), clock(day, by, zone))
        for day in days()
        if not weekdays or is_weekday(day)
    )
    hour, minute = by.split(":")
    text = f"{int(minute)} {int(hour)} * * 1-5" if weekdays else by
    return Simulated(name, {"freshness": {"by": text, "within": f"{within}h"}}, zone, loads)


def fifty() -> list[Simulated]:
    """Return tables with all kinds of schedule, in zones of all kinds."""
    berlin, york = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
    lord_howe, kolkata = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kolkata")
    auckland, tokyo, azores = (
        ZoneInfo("Pacific/Auckland"),
        ZoneInfo("Asia/Tokyo"),
        ZoneInfo("Atlantic/Azores"),
    )
    everywhere = (UTC_ZONE, berlin, york, lord_howe, kolkata, auckland)
    found: list[Simulated] = []
    for zone in everywhere:
        city = zone.key.rpartition("/")[2].lower()
        found += [
            daily(f"daily_{city}", zone, zone, "04:10", "06:00"),
            daily(f"weekdays_{city}", zone, zone, "05:10", "07:00", wanted=is_weekday, calendar="office"),
            weekly(f"weekly_{city}", zone, "05:00", "09:00"),
            timely(f"by_{city}", zone, "05:00", "07:30", 6),
            aged(f"age_{city}", zone, "03:00", 26),
            hourly(f"hourly_{city}", zone, 60, 7, 15),
        ]
    return [
        *found,
        daily("days_of_utc_berlin", berlin, UTC_ZONE, "05:00", "06:00"),
        daily("days_of_tokyo_berlin", berlin, tokyo, "15:45", "16:30"),
        daily("night_berlin", berlin, berlin, "01:40", "02:30"),
        daily("night_york", york, york, "01:10", "02:30"),
        daily("snapshot_york", york, york, "02:40", "06:00", snapshot=True),
        daily("midnight_azores", azores, azores, "00:00", "00:30"),
        daily(
            "runs_on_weekdays",
            berlin,
            berlin,
            "05:00",
            "06:00",
            calendar="office",
            calendar_of="run",
            wanted=lambda day: is_weekday(day + DAY),
        ),
        monthly("monthly_berlin", berlin, 3, "07:00", "09:00"),
        monthly("monthly_york", york, 1, "07:00", "09:00"),
        weekly_days("mondays_berlin", berlin, "09:00"),
        hourly("quarters_berlin", berlin, 60 // 4, 4, 10),
        hourly("quarter_days_berlin", berlin, 360, 30, 60),
        timely("by_on_weekdays_york", york, "05:30", "06:30", 3, weekdays=True),
        aged_on_weekdays("age_on_weekdays_berlin", berlin, "05:00"),
    ]
