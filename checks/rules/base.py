"""What a check is made of: its block in the config, the bound rule, and the row that is judged."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from checks.model import Finding, Item, Limits, Observation, Period, Problem, Severity, Table, TableMemory
from checks.schedule.durations import parse_duration, parse_size

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from checks.layout import StatedLayout, TimeLayout
    from checks.model import Combination
    from checks.rules.dimensions import Each
    from checks.schedule.calendars import Calendar
    from checks.schedule.due import Schedule
    from checks.schedule.periods import Every

Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*[smhdw]$"}),
]
"""A config value such as ``26h``: a number and s, m, h, d or w."""

Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": ["string", "integer"]}),
]
"""A config value such as ``50MB``: a number and B, kB, MB, GB, TB or KiB and kin."""


_PERCENT = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)\s*%")


def parse_percent(value: object) -> float:
    """Read a number and %, such as ``60%``, as a share of one; raise ValueError with what to write."""
    match = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or float(match[1]) <= 0:
        message = f"{value!r} is not a percentage above zero; write a number and %, such as 60%"
        raise ValueError(message)
    return float(match[1]) / 100


def parse_severity(value: object) -> Severity:
    """Read ``warning`` or ``critical``; raise ValueError with what to write."""
    if value in ("warning", "critical"):
        return Severity(str(value))
    message = f"{value!r} is no severity; write warning or critical"
    raise ValueError(message)


Percent = Annotated[
    float,
    BeforeValidator(parse_percent),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*%$"}),
]
"""A config value such as ``60%``: a number and %."""

SeverityWord = Annotated[
    Severity,
    BeforeValidator(parse_severity),
    WithJsonSchema({"enum": ["warning", "critical"]}),
]
"""A config value: how bad it is when the check fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a check's block needs from around it to become a rule.

    ``zone`` is that of deadlines: the entry's or the file's. ``schedule`` is set when the table has
    a partitions check too, ``pattern`` when the entry says which objects are data.
    """

    zone: ZoneInfo
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    schedule: Schedule | None = None
    pattern: str | None = None

    def calendar(self, name: str | None) -> Calendar | None:
        """Return the calendar of that name; raise ValueError with the known ones when there is none."""
        if name is None:
            return None
        if name not in self.calendars:
            known = ", ".join(sorted(self.calendars)) or "none"
            message = f"{name!r} is not a calendar; define it under calendars (known: {known})"
            raise ValueError(message)
        return self.calendars[name]


class CheckConfig(BaseModel):
    """A check's block in the config.

    ``groups`` are keys that exclude each other when blocks are merged: a more specific block that has
    any key of a group drops the whole group of the less specific one.
    ``pattern`` and such, which stand on the entry, are not part of it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    check: ClassVar[str]
    groups: ClassVar[tuple[frozenset[str], ...]] = ()
    short_form: ClassVar[str | None] = None
    """What a bare word in place of the block means, such as ``auto``: the key it sets to True."""

    @classmethod
    def example(cls) -> dict[str, Any]:
        """Return a small block that is whole: what has to stand in it, and the first key that may."""
        told = {name: field for name, field in cls.model_fields.items() if field.examples}
        needed = [name for name, field in told.items() if field.is_required()]
        optional = next((name for name in told if name not in needed), None)
        names = [*needed, *([optional] if optional is not None else [])]
        return {name: (told[name].examples or [None])[0] for name in names}

    def bind(self, binding: Binding) -> Rule:
        """Return the rule; raise ValueError with a sentence when the block does not fit its surroundings."""
        raise NotImplementedError


class Direction(StrEnum):
    """Which side of its limit a good observed value lies on; exactly the limit is good."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One rule's measurement on one table, ready to be judged.

    ``observed`` and the limits are all instants or all numbers. ``unknown`` is set when there is
    nothing to judge. ``doubt_if_pass`` and ``doubt_if_fail`` say what stands against believing that
    outcome (a listing that was ended early proves a table fresh, never stale): then it is unknown.
    ``shown`` is what the finding tells as observed, where that is not ``observed`` itself.
    """

    table: str
    check: str
    direction: Direction
    observed: datetime | float | None = None
    warning: datetime | float | None = None
    critical: datetime | float | None = None
    unknown: Problem | None = None
    doubt_if_pass: Problem | None = None
    doubt_if_fail: Problem | None = None
    items: tuple[Item, ...] = ()
    evidence: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the rule needs again to write its sentence; opaque to everybody else."""

    @property
    def id(self) -> str:
        """Identify the row; equal to the id of the finding that comes of it."""
        return f"{self.table}|{self.check}"

    @property
    def limits(self) -> Limits:
        """The limits as a finding tells them."""
        return _limits(self.warning, self.critical)


@lru_cache(maxsize=1024, typed=True)
def _limits(warning: datetime | float | None, critical: datetime | float | None) -> Limits:
    """Return the limits; thousands of rows have the same."""
    return Limits(warning=warning, critical=critical)


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


class Rule(ABC):
    """A check with its limits, bound to a zone and calendars. Pure: values in, values out."""

    check: ClassVar[str]

    @property
    def detail(self) -> Detail:
        """Say what has to be read of the places that are looked at beyond listing them."""
        return Detail()

    def looks(self, table: Table) -> bool:  # noqa: ARG002 - for others to say
        """Tell whether anything but the catalog's own description of the table has to be read."""
        return True

    def remember(self, seen: Observation, before: TableMemory) -> dict[str, Any]:  # noqa: ARG002 - for others to say
        """Return the fields of the table's memory that this rule keeps, for its later runs."""
        return {}

    @abstractmethod
    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:
        """Say what has to be read. ``layout`` is None for a table that is one place."""

    @abstractmethod
    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row:
        """Return the row to be judged; an unreadable table gives a row with ``unknown`` set."""

    @abstractmethod
    def finding(self, row: Row, severity: Severity | None) -> Finding:
        """Write the finding of a row that was judged: severity None means that it passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlan:
    """A table that will be looked at: its rules and all that is stated about it.

    ``pattern`` says which objects are data (a glob on the name below the location); ``layout`` is the
    stated time layout, ``every`` the stated length of periods; both None when nothing is stated.
    ``matched_by`` is the config entry's own selector. ``max_requests`` is how many one run may make for the table.
    ``max_age_of_answer`` is how long what an earlier run saw of a partition may stand in place of a look; zero: not
    at all.
    """

    table: Table
    rules: tuple[Rule, ...]
    pattern: str | None = None
    max_requests: int | None = None
    stated_layout: StatedLayout | None = None
    every: Every | None = None
    owner: str | None = None
    runbook: str | None = None
    matched_by: str = ""
    by_glob: bool = False
    silences: Mapping[str, str] = field(default_factory=dict)
    """Why checks are silenced now, by check."""
    memory: TableMemory = field(default_factory=TableMemory)
    max_age_of_answer: timedelta = timedelta(0)

    @property
    def detail(self) -> Detail:
        """What all its rules that look at it need to have read of the places that are looked at."""
        return reduce(or_, (rule.detail for rule in self.rules if rule.looks(self.table)), Detail())
