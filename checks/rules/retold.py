"""What a rule would have told of what came in the past: alerts, each from when to when. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from checks.model import Combination, Growth, Observation, Table, TableMemory
    from checks.rules.asking import Clock
    from checks.rules.proposing import Extent
    from checks.schedule.due import DuePeriod, Schedule

R = TypeVar("R")
_PRECISION = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came to a table, as far as the lake still tells it.

    ``times`` are the instants at which data came that counts, in order. ``firsts`` are when the first data of periods
    was there, by their items' keys; of those in ``looked_at`` (labels) that are not among them none came.
    ``combinations`` are the values that are due each by itself, with the start of the first period of each.
    ``first_period_at`` is the start of the first period with data. ``layout`` is how partitions carry time, as runs
    remember it. ``grown`` is how much came to each period when, by its label, and ``whole`` to the table as a whole; of
    what is not in them it is not known, as ``unknown`` may say. ``due`` are the periods that came due with the schedule
    that had been learned by then, None where that is stated; ``table`` is the one that was looked at.
    """

    times: tuple[datetime, ...] = ()
    firsts: Mapping[str, datetime] = field(default_factory=dict)
    looked_at: frozenset[str] = frozenset()
    combinations: Mapping[Combination, datetime] = field(default_factory=dict)
    first_period_at: datetime | None = None
    layout: Mapping[str, Any] | None = None
    grown: Mapping[str, tuple[Growth, ...]] = field(default_factory=dict)
    whole: tuple[Growth, ...] = ()
    unknown: str = ""
    due: tuple[tuple[Schedule, DuePeriod], ...] | None = None
    table: Table | None = None

    @property
    def much(self) -> int:
        """How many facts there are: a replay takes as long as there are many."""
        grown = sum(len(each) for each in self.grown.values())
        return len(self.times) + len(self.firsts) + grown + len(self.whole)


@dataclass(frozen=True, slots=True)
class Span:
    """The time that is judged, to its end. What is learned of periods is learned anew after each ``step``."""

    begin: datetime
    end: datetime
    step: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """An alert: opened and closed (None: open at the end), whether it became critical, and of which periods it was.

    ``unmended``: it closed since what it was about became too old to be looked at, not since it came.
    """

    opened: datetime
    closed: datetime | None
    critical: bool = True
    periods: tuple[str, ...] = ()
    unmended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """The alerts of a rule in the order of time; judged ``since``, None where nothing could be, as ``lacks`` says."""

    alerts: tuple[Stretch, ...] = ()
    since: datetime | None = None
    lacks: str = ""


@dataclass(frozen=True, slots=True)
class Candidate(Generic[R]):
    """A rule as it could be stated: ``name`` says it as a config does, ``than`` how it differs from what is stated.

    That is empty of the rule as it is; ``learned`` of one that has no share of the false alarms yet.
    """

    name: str
    rule: R
    than: str = ""


@dataclass(frozen=True, slots=True)
class Silence:
    """The time from one arrival to the next (None: none came yet), and when that had to be there."""

    begin: datetime
    due_at: datetime
    end: datetime | None


class Retelling(ABC, Generic[R]):
    """How the rules of a check are replayed over what came in the past."""

    reads_whole: ClassVar[bool] = False
    """Whether it needs all objects of all periods, where others are content with the first ones."""

    @abstractmethod
    def looking_back(self, rule: R, extent: Extent) -> R | str:
        """Return the rule as it reads all that the lake still tells; or why it cannot be replayed."""

    @abstractmethod
    def came(self, rule: R, seen: Observation) -> Came:
        """Return what came, by what was seen of a table that the rule, so changed, looked at."""

    @abstractmethod
    def retold(self, rule: R, past: Came, span: Span) -> Retold:
        """Return what the rule would have told of that."""

    def due(self, rule: R, past: Came, span: Span) -> tuple[tuple[Schedule, DuePeriod], ...] | None:  # noqa: ARG002 - for others to say
        """Return which periods came due when, as was learned by then, for the checks beside it; None: as is stated."""
        return None

    def silences(self, rule: R, seen: Observation, clock: Clock, memory: TableMemory) -> tuple[Silence, ...]:  # noqa: ARG002 - for others to say
        """Return the times at which data came, for a picture, with when the next had to be there, as is known now.

        None where it goes by periods, or too little is known.
        """
        return ()

    @abstractmethod
    def candidates(self, rule: R) -> Iterator[Candidate[R]]:
        """Yield the rule as it is, then as it could be stated: looser, tighter, learned."""


def by_limits(
    times: Sequence[datetime],
    span: Span,
    warning_at: Callable[[datetime], datetime | None],
    critical_at: Callable[[datetime], datetime | None],
) -> Iterator[Stretch]:
    """Yield when the newest of these times was older than a limit; limits never move back as time goes on.

    Exactly the limit is fresh. What failed before the span and goes on is told from its begin on.
    """
    for number, last in enumerate(times):
        if last > span.end:
            return
        following = times[number + 1] if number + 1 < len(times) else None
        is_open = following is None or following > span.end
        until = span.end if is_open or following is None else following
        begin = max(last, span.begin)
        if until <= begin:
            continue
        critical = _crossed(critical_at, last, begin, until, is_open=is_open)
        warning = _crossed(warning_at, last, begin, until, is_open=is_open)
        opened = min((at for at in (warning, critical) if at is not None), default=None)
        if opened is not None:
            closed = None if is_open else following
            yield Stretch(opened=_whole(opened), closed=closed, critical=critical is not None)


def _crossed(
    limit_at: Callable[[datetime], datetime | None],
    last: datetime,
    begin: datetime,
    until: datetime,
    *,
    is_open: bool,
) -> datetime | None:
    """Return the first instant from ``begin`` on at which a limit is later than the last arrival; None where none is.

    ``until`` is that of the next arrival, by which it is over, or with ``is_open`` the last that is looked at.
    """

    def fails(at: datetime) -> bool:
        limit = limit_at(at)
        return limit is not None and limit > last

    late = until if is_open else until - _PRECISION
    if late < begin or not fails(late):
        return None
    early = begin
    if fails(early):
        return early
    while late - early > _PRECISION:
        middle = early + (late - early) / 2
        early, late = (early, middle) if fails(middle) else (middle, late)
    return late


def _whole(at: datetime) -> datetime:
    """Return the second: a limit that is passed a microsecond later is passed then, for people."""
    return at.replace(microsecond=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """That a period lacked its data, from ``since`` on, critical from ``critical_from`` on, until it came.

    ``until`` is None where it lasts; ``unmended`` as of a `Stretch`.
    """

    period: str
    since: datetime
    critical_from: datetime
    until: datetime | None
    unmended: bool = False


def together(lacks: Sequence[Lack], span: Span, error_when: int) -> Iterator[Stretch]:
    """Yield the stretches in which any period lacked data; critical where ``error_when`` did at once at any time."""
    ordered = sorted(
        (
            each
            for each in lacks
            if each.since <= span.end and (each.until is None or each.until > span.begin)
        ),
        key=lambda each: (each.since, each.period),
    )
    group: list[Lack] = []
    end: datetime | None = None
    for each in ordered:
        if group and end is not None and each.since > end:
            yield _stretch(group, span, error_when)
            group = []
        ends = [one.until for one in (*group, each)]
        end = None if None in ends else max(at for at in ends if at is not None)
        group.append(each)
    if group:
        yield _stretch(group, span, error_when)


def _stretch(group: Sequence[Lack], span: Span, error_when: int) -> Stretch:
    ends = [each.until for each in group]
    last = max(group, key=lambda each: (each.until is None, each.until or each.since))
    return Stretch(
        opened=max(span.begin, group[0].since),
        closed=None if None in ends else last.until,
        critical=any(_at_once(group, each.critical_from) >= error_when for each in group),
        periods=tuple(dict.fromkeys(each.period for each in group)),
        unmended=last.unmended,
    )


def _at_once(group: Sequence[Lack], at: datetime) -> int:
    """Return how many lack data beyond their grace at an instant."""
    return sum(each.critical_from <= at and (each.until is None or at < each.until) for each in group)


def by_the_hour(cron: str, hours: int) -> str | None:
    """Return a cron of one time a day so many hours later; None of others, and where that is another day's."""
    fields = cron.split()
    if len(fields) != 5 or not all(each.isdigit() for each in fields[:2]):
        return None
    hour = int(fields[1]) + hours
    return " ".join([fields[0], str(hour), *fields[2:]]) if 0 <= hour < 24 else None
