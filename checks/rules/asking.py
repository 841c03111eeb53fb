"""What a rule asks of a run: when it is, what has to be read of a table, and how closely. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import isclose
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.learn.tails import SHARE_MAX, SHARE_MIN, share_of
from checks.model import item_key
from checks.schedule.periods import LEARNED, period_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checks.layout import StatedLayout
    from checks.layout.dimensions import Dimensions
    from checks.model import Combination, FooterSeen, Period
    from checks.schedule.due import Schedule

AHEAD = timedelta(minutes=10)
"""A value that is further ahead of now is no event that happened, and hides the newest one that did."""
DAY_AHEAD = timedelta(days=1, hours=14)
"""Dates are days somewhere on earth: the first zone is 14 hours ahead of UTC, and a day counts until its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPeriods:
    """What one check of a table states of its periods, for all that look at them.

    ``schedule`` says which are due and when, ``layout`` how keys or paths write them, ``each`` which keys beside
    time have values that are due each by itself. ``own`` are the schedules of combinations of values that are due at
    times of their own, ``check`` is the check that states all that. ``learns``: when they are due is learned, and the
    schedule holds while it is not; with ``learns_every`` how long they are, too.
    """

    schedule: Schedule
    layout: StatedLayout | None = None
    each: Dimensions | None = None
    own: Mapping[Combination, Schedule] = field(default_factory=dict, hash=False)
    check: str = ""
    learns: bool = False
    learns_every: bool = False

    def period_named(self, label: str) -> Period | None:
        """Return the period of that label, None where it names none."""
        cadences = (self.schedule.every, *(LEARNED if self.learns_every else ()))
        for every in cadences:
            wall = every.start_of(label)
            period = period_of(wall, every, self.schedule.labels) if wall is not None else None
            if period is not None and period.label == label:
                return period
        return None

    def schedule_of(self, label: str, key: str) -> Schedule:
        """Return by which schedule an item of a period's label is due, by its key."""
        own = (each for of, each in self.own.items() if item_key(label, of) == key)
        return next(own, self.schedule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """Where data may have come beside the periods that are looked at first.

    ``periods``: more of them, newest first, in places that are known by name alone. ``newest``: the partitions of so
    many of the newest values of time that are registered, those in the future and sentinels too; with them go
    those that were registered at or after ``since``, whatever their dates are. ``compared``: earlier periods that the
    judged ones are compared with, of use where they can be told.
    """

    periods: tuple[Period, ...] = ()
    newest: int = 0
    since: datetime | None = None
    compared: tuple[Period, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What has to be read of a table so that its rules can judge it.

    ``place``: list the location as one place (tables without a time layout).
    ``periods``: periods to look at, newest first, each even where the catalog knows no partition of it; ``compared``:
    earlier ones that these are compared with, of use where they can be told without another look.
    ``onward_from``: also look at every registered partition whose period starts (by its wall time) at or
    after this wall time, newest first.
    ``enough_at``: once an arrival at or after this instant was seen, no more needs to be read. ``watermark``: a table
    whose newest data came before this instant fails, whatever else is there.
    ``data_is_enough``: of periods before the newest one that is due no more is asked than whether data is there, so
    that what an earlier run saw of them may stand in place of a look.
    ``exists``: without a time layout, one page of the location is enough.
    ``first_period``: when the oldest of ``periods`` has no data, find out the earliest period that has any.
    ``further``: where else to look if what the rest shows is not enough for the rule (`Rule.wants_further`).
    ``history``: when data came into earlier periods is of use to learn from, as far as few requests tell it.
    ``each``: look at each combination of these keys' values; ``combinations`` are those that are known before
    anything is read, with the start of the first period that each is needed in (None: all).
    """

    place: bool = False
    periods: tuple[Period, ...] = ()
    compared: tuple[Period, ...] = ()
    onward_from: datetime | None = None
    enough_at: datetime | None = None
    watermark: datetime | None = None
    data_is_enough: bool = False
    first_period: bool = False
    exists: bool = False
    further: Further | None = None
    history: bool = False
    each: Dimensions | None = None
    combinations: Mapping[Combination, datetime | None] = field(default_factory=dict)

    @property
    def looked_at(self) -> tuple[Period, ...]:
        """The periods to look at with those that they are compared with."""
        return (*self.periods, *self.compared)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueAsk:
    """The newest value of ``column`` is asked for, by the footers of at most so many ``files`` where no log tells it.

    Days, and timestamps without a zone, are in ``zone``. A value at or after each of the ``limits`` is recent enough,
    whatever others there are.
    """

    column: str
    zone: ZoneInfo = ZoneInfo("UTC")
    files: int = 1
    limits: tuple[datetime, ...] = ()


def is_ahead(footer: FooterSeen, latest: datetime) -> bool:
    """Tell whether the newest value of a file is yet to come, by more than clocks and zones differ."""
    ahead = DAY_AHEAD if footer.is_day else AHEAD
    return footer.newest is not None and footer.newest > latest + ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What has to be read of a table, beside how much data there is in the places that are looked at and from when.

    ``names``: what names and sizes tell, with files below ``small_below`` bytes counted. ``footers``: those of so
    many of the newest files, with the newest ``value`` of a column. ``row_files``: rows are to be counted, by the
    footers of at most so many files in all, where no log tells them.
    ``usual_place``: where a registered partition is empty, look where it would lie by its name.
    The rest is asked of a table's log, where listings would tell it of other tables: ``arrivals``, when the newest data
    came (``deletes_count``: or was deleted), ``by_period``, which periods hold rows, ``sizes``, how much there is in
    each period, else in the whole table, and ``rows``, how many rows that is. ``times``: all times at which data came
    that what is read tells anyway, and on the first day some more.
    """

    names: bool = False
    small_below: int = 0
    footers: int = 0
    row_files: int = 0
    value: ValueAsk | None = None
    usual_place: bool = False
    arrivals: bool = False
    deletes_count: bool = False
    by_period: bool = False
    sizes: bool = False
    rows: bool = False
    times: bool = False
    growth: bool = False

    @property
    def files_kept(self) -> int:
        """So many of the newest files of each place are kept apart, for their footers."""
        return max(self.footers, self.row_files)

    def __or__(self, other: Detail) -> Detail:
        """Bring together what two rules need."""
        return Detail(
            names=self.names or other.names,
            small_below=max(self.small_below, other.small_below),
            footers=max(self.footers, other.footers),
            row_files=max(self.row_files, other.row_files),
            value=self.value or other.value,
            usual_place=self.usual_place or other.usual_place,
            arrivals=self.arrivals or other.arrivals,
            deletes_count=self.deletes_count or other.deletes_count,
            by_period=self.by_period or other.by_period,
            sizes=self.sizes or other.sizes,
            rows=self.rows or other.rows,
            times=self.times or other.times,
            growth=self.growth or other.growth,
        )


@dataclass(frozen=True, slots=True)
class Depth:
    """How far a partition has to be read: ``whole``, to its last object, or until data was seen in it.

    Where ``in_time_by`` is set, data that came until then is looked for.
    """

    whole: bool = True
    in_time_by: datetime | None = None

    def __or__(self, other: Depth) -> Depth:
        """Bring together what two rules need."""
        return Depth(self.whole or other.whole, self.in_time_by or other.in_time_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one table may raise of the false alarms that a config allows: so many a year.

    ``tables`` share them; ``wanted`` is what each would get if a limit could be learned for any number. ``limits`` are
    those that are learned of one table: each has an equal part of the table's share.
    """

    a_year: float
    wanted: float
    tables: int = 1
    limits: int = 1

    @classmethod
    def of(cls, a_month: float, tables: int) -> Share:
        """Return the share of each of so many tables."""
        tables = max(1, tables)
        return cls(a_year=share_of(a_month, tables), wanted=a_month * 12 / tables, tables=tables)

    def among(self, limits: int) -> Share:
        """Return the part of each of so many limits of a table."""
        if limits <= 1:
            return self
        return replace(self, a_year=self.a_year / limits, wanted=self.wanted / limits, limits=limits)

    def times(self, factor: float) -> Share:
        """Return so many times the share, within what a limit can be learned for."""
        wanted = self.a_year * factor
        return replace(self, a_year=min(SHARE_MAX, max(SHARE_MIN, wanted)), wanted=wanted)

    def say_a_year(self) -> str:
        """Say how many that is: ``0.25 false alarms a year``."""
        figure = _figure(self.a_year)
        return f"{figure} false alarm{'' if figure == '1' else 's'} a year"

    def say(self, subject: str) -> str:
        """Say it of a subject (``it``, ``each``), and where it is bound."""
        sharing = [f"{self.tables} tables"] if self.tables > 1 else []
        sharing += [f"{self.limits} learned limits of it"] if self.limits > 1 else []
        among = f" ({' and '.join(sharing)} share them)" if sharing else ""
        told = f"{subject} may raise {self.say_a_year()}"
        if isclose(self.a_year, self.wanted):
            return told + among
        bound = (
            "the fewest that months of history can tell"
            if self.wanted < self.a_year
            else "the most that is taken"
        )
        return f"{told}, {bound}; its share of false_alarms would be {_figure(self.wanted)}{among}"


def _figure(number: float) -> str:
    """Return a number as people write it: two digits of small ones, whole ones from ten on."""
    if number >= 10:
        return f"{number:,.0f}"
    return f"{number:.2g}" if number >= 0.001 else "less than 0.001"


UNSHARED = Share(a_year=1.0, wanted=1.0)
"""What a rule that learns begins with, before the tables of a run share the false alarms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The run's time: ``now``, and what is to be done with evidence that is later.

    ``ignore_later``: with a stated ``--now``, evidence later than it is ignored as if it were not there.
    ``last_completed_at``: the ``now`` of the last completed run, None when there was none.
    ``reading``: what the machine's clock shows, where that may be later than ``now``.
    """

    now: datetime
    ignore_later: bool = False
    last_completed_at: datetime | None = None
    reading: datetime | None = None

    @property
    def latest(self) -> datetime:
        """The latest instant that anything true can be of: an event may come late, and looking takes its time."""
        return self.now if self.ignore_later or self.reading is None else max(self.now, self.reading)

    def later(self, seconds: float) -> Clock:
        """Return the clock so many seconds later; ``now`` stays the run's."""
        return replace(self, reading=(self.reading or self.now) + timedelta(seconds=seconds))
