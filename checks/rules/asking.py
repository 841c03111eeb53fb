"""What a rule asks of a run: when it is, what has to be read of a table, and how closely. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.model import Combination, Period
    from checks.rules.dimensions import Each


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What has to be read of a table so that its rules can judge it.

    ``place``: list the location as one place (tables without a time layout).
    ``periods``: periods to look at, newest first, each even where the catalog knows no partition of it.
    ``onward_from``: also look at every registered partition whose period starts (by its wall time) at or
    after this wall time, newest first.
    ``enough_at``: once an arrival at or after this instant was seen, no more needs to be read.
    ``exists``: without a time layout, one page of the location is enough.
    ``first_period``: when the oldest of ``periods`` has no data, find out the earliest period that has any.
    ``each``: look at each combination of these keys' values; ``combinations`` are those that are known before
    anything is read, with the start of the first period that each is needed in (None: all).
    """

    place: bool = False
    periods: tuple[Period, ...] = ()
    onward_from: datetime | None = None
    enough_at: datetime | None = None
    first_period: bool = False
    exists: bool = False
    each: Each | None = None
    combinations: Mapping[Combination, datetime | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """What has to be read of the places that are looked at, beside how much data there is and from when.

    ``names``: what names and sizes tell, with files below ``small_below`` bytes counted. ``footers``: those of so
    many of the newest files, with the newest value of ``column`` (timestamps without a zone are in ``zone``).
    ``usual_place``: where a registered partition is empty, look where it would lie by its name.
    """

    names: bool = False
    small_below: int = 0
    footers: int = 0
    column: str | None = None
    zone: ZoneInfo | None = None
    usual_place: bool = False

    def __or__(self, other: Detail) -> Detail:
        """Bring together what two rules need."""
        return Detail(
            names=self.names or other.names,
            small_below=max(self.small_below, other.small_below),
            footers=max(self.footers, other.footers),
            column=self.column or other.column,
            zone=self.zone or other.zone,
            usual_place=self.usual_place or other.usual_place,
        )


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
