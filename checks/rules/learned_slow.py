"""When a table's weeks, months, quarters or years are due, learned from when the first data of each came. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta
from itertools import islice
from math import ceil
from typing import TYPE_CHECKING

from checks.learn.cadence import loads_of, since_change
from checks.learn.history import History
from checks.learn.learned import Model
from checks.learn.sentences import confidence, cycle_in_words, explain
from checks.learn.slow import Cycle, fit_cycle
from checks.rules.taught_periods import Deadlines, closer_by
from checks.schedule.durations import say_duration
from checks.schedule.periods import Unit, forward_from

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.marks import Mark
    from checks.model import Period
    from checks.rules.asking import Share
    from checks.schedule.due import Schedule
    from checks.schedule.periods import Every

NEEDED = 4
"""Periods with data that a day of the week or month is learned from at the least; so few allow a wide margin."""
IN_UTC = frozenset({"UTC", "Etc/UTC", "Etc/GMT", "GMT"})
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class OwnDay:
    """Each period is due on a day of its own, such as the third working day of the month after it.

    ``cycle`` is what was learned, on the ``clock`` of the labels: a deadline is as long after its period's start as
    there.
    """

    cycle: Cycle
    clock: str = "UTC"
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Hash it once: each period of each run asks for it."""
        object.__setattr__(self, "_hash", hash((self.cycle, self.clock)))

    def __hash__(self) -> int:
        """Return the hash of what was learned."""
        return self._hash

    def due_at(self, period: Period) -> datetime | None:
        """Return when the period is due (UTC), up to the next full minute; None where no year has it."""
        own = period.wall.replace(tzinfo=UTC).timestamp()
        number = self.cycle.number_of(own)
        if self.cycle.is_left_out(number):
            return None
        due = self.cycle.due_of(number)
        return period.start + timedelta(seconds=ceil((due - own) / _MINUTE) * _MINUTE)

    def say(self) -> str:
        """Say it for people: ``30 h after it usually comes (months on the 3rd working day ...)``."""
        usual = cycle_in_words(self.cycle).partition(" of the last ")[2].partition(" ")[2].partition("; ")[0]
        margin = say_duration(timedelta(seconds=round(self.cycle.margin)))
        return f"{margin} after it usually comes: {on_clock_of(self.clock, usual)}"


def on_clock_of(labels: str, said: str) -> str:
    """Return what was said of the clock of labels, which is learned as if it were UTC, with its name."""
    return said if labels in IN_UTC else said.replace("UTC", labels)


@dataclass(frozen=True, slots=True)
class LearnedSlow:
    """The schedule that was learned, in words too, with the marks that had a part; else what it ``lacks``."""

    schedule: Schedule | None = None
    sentence: str = ""
    lacks: str = ""
    taught: tuple[str, ...] = ()


def is_slow(every: Every) -> bool:
    """Tell whether periods are weeks or longer."""
    return every.unit in (Unit.WEEK, Unit.MONTH)


def learn_slow(
    stated: Schedule, known: Sequence[tuple[float, float]], share: Share, marks: Sequence[Mark]
) -> LearnedSlow:
    """Return the schedule that starts and first arrivals of periods (in order, on the labels' clock) tell."""
    every = stated.every
    loads = loads_of(known, labelled=True)
    loads = loads[since_change([own for own, _ in loads]) :]
    if len(loads) < NEEDED:
        return LearnedSlow(lacks=f"{len(loads)} period{'' if len(loads) == 1 else 's'} seen, {NEEDED} needed")
    cycle = fit_cycle(loads, share.a_year, labelled=True)
    if cycle is None:
        return LearnedSlow(lacks=f"its data keeps to no day of the {every.noun}")
    if (cycle.weeks, cycle.step) != (every.unit is Unit.WEEK, every.count):
        return LearnedSlow(lacks=f"its periods are not those of {every}")
    closer, by = closer_by(marks, loads, _deadlines(cycle, loads))
    cycle = cycle.closer(closer)
    schedule = replace(
        stated, deadline=None, by=OwnDay(cycle, stated.labels.key), from_start=True, whole_at_end=True
    )
    newest = loads[-1][1]
    model = Model(newest, dated=True, slow=cycle)
    history = History(dated=True, firsts=list(loads), last=newest)
    return LearnedSlow(schedule, f"{explain(model, history)} ({confidence(model)})", taught=by)


def _deadlines(cycle: Cycle, loads: Sequence[tuple[float, float]]) -> Deadlines:
    starts = {cycle.number_of(own): own for own, _ in loads}

    def following(own: float) -> tuple[float | None, float]:
        number = cycle.next_after(own)
        return starts.get(number), cycle.due_of(number)

    return Deadlines(lambda own: cycle.due_of(cycle.number_of(own)), following, cycle.margin)


def latest_after(schedule: Schedule, now: datetime) -> timedelta:
    """Return how long after their ends the next periods of two years are due at the most: negative where before."""
    count = max(2, round(timedelta(days=2 * 366) / schedule.every.nominal))
    periods = islice(forward_from(now, schedule.every, schedule.labels), count)
    return max(due - period.end for period in periods if (due := schedule.stated_at(period)) is not None)
