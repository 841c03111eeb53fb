"""What marks do: tables with benign oddities that recur, and a person who answers each alarm and each missed incident.

    python bench/alert_quality.py --marks [--seeds N]

Each table is replayed twice, with nobody and with a person. The person says `expected` of an alarm outside incidents,
`missed` of an incident that ended untold, and `new-normal` of the second alarm after a change for good. Nothing is
said of what was told rightly. Counted are the alarms of an oddity after its first (`repeats`), other false alarms, and
how many incidents are found of those that begin after the person first spoke, with and without what was said.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from bench import arrivals
from bench.arrivals import START, Table, tables
from checks.learn import Arrival, Lesson, LessonKind, Lessons
from checks.learn.lessons import Taught
from checks.learn.watch import Watch
from checks.model import Size
from checks.rules.asking import Share
from checks.rules.months import OfMonth
from checks.rules.volume_limits import UsualLimits
from checks.rules.volume_taught import Said, Stretch, taught
from checks.rules.volume_words import Look

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOUR, DAY = 3600.0, 86400.0
FIRST = date(2025, 1, 6)
TRAIN, TEST = 100, 330
SHARE = 1.0


@dataclass
class Case:
    """A table: what happens, which of it is an incident, which a benign oddity, and when it changed for good."""

    kind: str
    incidents: list[tuple[float, float]] = field(default_factory=list)
    odd: list[tuple[float, float]] = field(default_factory=list)
    change: float = math.inf
    unjudged: list[tuple[float, float]] = field(default_factory=list)
    begin: float = 0.0


@dataclass
class Counted:
    """What was counted of tables alike."""

    tables: int = 0
    oddities: int = 0
    told: int = 0
    repeats: int = 0
    false: int = 0
    after_change: int = 0
    incidents: int = 0
    found: int = 0
    marks: int = 0

    def figures(self) -> dict[str, object]:
        """Return the figures as they are published."""
        recall = round(self.found / self.incidents, 3) if self.incidents else None
        return {
            **{key: getattr(self, key) for key in self.__dataclass_fields__ if key != "found"},
            "recall": recall,
        }


def _days() -> Iterator[date]:
    yield from (FIRST + timedelta(days=number) for number in range(TRAIN + TEST))


def _at(day: date, hour: float = 0.0) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + hour * HOUR


def _workday(day: date) -> int:
    return (
        sum(date(day.year, day.month, n).weekday() < 5 for n in range(1, day.day + 1))
        if day.weekday() < 5
        else 0
    )


def _is_last(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


ODDITIES: dict[str, Callable[[date], bool]] = {
    "one evening a month": lambda day: day.weekday() == 0 and day.day <= 7,
    "inventory on the last day": _is_last,
    "first working day": lambda day: _workday(day) == 1,
    "each Sunday from now on": lambda day: day.weekday() == 6,
    "one odd day": lambda day: day == FIRST + timedelta(days=TRAIN + 40),
}
BEGIN = FIRST + timedelta(days=TRAIN + 20)


def _is_odd(kind: str, day: date) -> bool:
    return day >= BEGIN and ODDITIES[kind](day)


# Silences -------------------------------------------------------------------------------------------------------------
def silences(seed: int) -> Iterator[tuple[Case, list[float]]]:
    """Yield tables of arrivals: hourly ones and quick ones by day, whose pauses recur; a nightly one that is late."""
    for number, kind in enumerate(ODDITIES):
        rng = Random(f"marks/{seed}/{kind}")  # noqa: S311
        step = (3600.0, 1200.0)[(number + seed) % 2]
        pause = (0.0, 24.0) if kind == "inventory on the last day" else (14.0, 21.0)
        case = Case(f"silence, {kind}")
        for day in _days():
            if _is_odd(kind, day):
                case.odd.append((_at(day, pause[0]), _at(day, pause[1])))
        case.incidents = _outages(rng, case.odd, step)
        times = [at + rng.uniform(0, step / 4) for at in _steps(step)]
        gone = [*case.odd, *case.incidents]
        yield case, [at for at in times if not any(a <= at < b for a, b in gone)]
    rng = Random(f"marks/{seed}/late")  # noqa: S311
    case, times = Case("nightly, late on the first working day"), []
    lost = {rng.randrange(TRAIN + 25, TRAIN + TEST - 3) for _ in range(5)}
    for number, day in enumerate(_days()):
        at = _at(day, 5 + rng.lognormvariate(math.log(0.2), 0.6))
        if day >= BEGIN and _workday(day) == 1:
            case.odd.append((at, at + 9 * HOUR))
            at += 9 * HOUR
        if number in lost:
            case.incidents.append((_at(day, 5), _at(day + timedelta(days=1), 6)))
        else:
            times.append(at)
    yield case, times


def _steps(step: float) -> Iterator[float]:
    yield from (_at(FIRST) + number * step for number in range(int((TRAIN + TEST) * DAY / step)))


def _outages(rng: Random, odd: list[tuple[float, float]], step: float) -> list[tuple[float, float]]:
    """Return outages at any time of day, from ones hardly longer than what is ordinary to ones of a day."""
    found: list[tuple[float, float]] = []
    while len(found) < 14:
        begin = _at(FIRST) + rng.uniform(TRAIN + 5, TRAIN + TEST - 3) * DAY
        end = begin + max(1.4 * step, step * math.exp(rng.uniform(0.5, 3)))
        if not any(a - DAY / 2 < end and begin < b + DAY / 2 for a, b in (*odd, *found)):
            found.append((begin, end))
    return sorted(found)


def replay(case: Case, times: list[float], *, person: bool) -> tuple[list[tuple[float, float]], list[float]]:
    """Return the alerts on silences, and when the person said something."""
    watch = Watch(SHARE, case.begin or _at(FIRST, 24 * TRAIN), dated=False)
    said: list[Lesson] = []
    spoken: list[float] = []
    alerts: list[tuple[float, float]] = []
    ended = iter(sorted(case.incidents, key=lambda each: each[1]))
    waiting = next(ended, None)
    held: Taught | None = None
    basis: tuple[object, int] = (None, 0)
    for last, at in pairwise(times):
        if last >= watch.begin:
            if said and basis != (id(watch.model), len(said)):
                held, basis = (
                    Taught(watch, [int(each) for each in watch.history.times], Lessons(tuple(said))),
                    (id(watch.model), len(said)),
                )
            found = watch.due_after(last)
            due = (
                held.due_after(last) if said and held is not None else found[0] if found is not None else None
            )
            if due is not None and due < at:
                alerts.append((due, at))
                if person and not _is_right(case, due, at):
                    normal = due > case.change + DAY and not any(
                        e.kind is LessonKind.NEW_NORMAL for e in said
                    )
                    kind = LessonKind.NEW_NORMAL if normal else LessonKind.EXPECTED
                    said.append(Lesson(kind, case.change if normal else due, str(len(said))))
                    spoken.append(due)
            while waiting is not None and waiting[1] < at:
                missed = not any(a <= waiting[1] and waiting[0] <= b for a, b in alerts)
                if person and missed and waiting[0] > watch.begin:
                    said.append(
                        Lesson(LessonKind.MISSED, 0.1 * waiting[0] + 0.9 * waiting[1], str(len(said)))
                    )
                    spoken.append(at)
                waiting = next(ended, None)
        watch.add(Arrival(math.floor(at)))
        held = held if basis == (id(watch.model), len(said)) and len(said) == basis[1] else None
        if held is None:
            basis = (None, 0)
    return alerts, spoken


def _is_right(case: Case, begin: float, end: float) -> bool:
    return any(a <= end and begin <= b + HOUR for a, b in (*case.incidents, *case.unjudged))


# Sizes ----------------------------------------------------------------------------------------------------------------
_OF_ODDITY = {
    "one evening a month": 0.25,
    "inventory on the last day": 0.05,
    "first working day": 12.0,
    "each Sunday from now on": 0.2,
    "one odd day": 0.1,
}


def volumes(seed: int) -> Iterator[tuple[Case, dict[float, int]]]:
    """Yield tables of a size a day, by ordinals of days; a change for good among them."""
    for kind in (*ODDITIES, "a change for good"):
        rng = Random(f"marks/{seed}/size/{kind}")  # noqa: S311
        case, sizes = Case(f"size, {kind}"), {}
        spread, change = rng.choice((0.1, 0.2, 0.3)), FIRST + timedelta(days=TRAIN + 60)
        bad = {
            rng.randrange(TRAIN + 5, TRAIN + TEST): rng.choice((0.05, 0.2, 0.45, 0.45, 15)) for _ in range(18)
        }
        if kind == "a change for good":
            case.change = float(change.toordinal())
        for number, day in enumerate(_days()):
            at, usual = float(day.toordinal()), 1e8 * (0.6 if day.weekday() >= 5 else 1.0)
            if kind in ODDITIES and _is_odd(kind, day):
                usual *= _OF_ODDITY[kind]
                case.odd.append((at, at))
            elif number in bad:
                usual *= bad[number]
                case.incidents.append((at, at))
            if at >= case.change:
                usual *= 0.15
            sizes[at] = round(usual * math.exp(rng.gauss(0, spread)))
        yield case, sizes


def weigh(
    case: Case, sizes: dict[float, int], *, person: bool
) -> tuple[list[tuple[float, float]], list[float]]:
    """Return the days that are told, and those on which the person said something."""
    limits = UsualLimits(None, None, Share(a_year=SHARE, wanted=SHARE), "bytes", None, 8)
    expected: list[Stretch] = []
    missed: list[Stretch] = []
    normal: Stretch | None = None
    alerts: list[tuple[float, float]] = []
    spoken: list[float] = []
    incidents = {at for at, _ in case.incidents}
    for at in list(sizes)[TRAIN:]:
        look = _look(sizes, at)
        said = Said(tuple(expected), tuple(missed), normal)
        told = any(each.is_crossed(look.size) for each in taught(limits, look, said).learned[0])
        alerts += [(at, at)] if told else []
        if not person or told == (at in incidents):
            continue
        stretch = Stretch(str(at), at, at)
        spoken.append(at)
        if not told:
            missed.append(stretch)
        elif normal is None and at >= case.change + 1:
            normal = Stretch(str(at), case.change, case.change)
        else:
            expected.append(stretch)
    return alerts, spoken


def _look(sizes: dict[float, int], at: float) -> Look:
    known = [(each, Size(sizes[each], 1)) for each in range_back(sizes, at)]
    near = known[:70]
    same = [each for each in known if (at - each[0]) % 7 == 0][:8]
    day = date.fromordinal(int(at))
    alike = [each for each in known if date.fromordinal(int(each[0])).day == day.day][:8]
    last = [each for each in known if _left(each[0]) == _left(at)][:8] if _left(at) < 7 else []
    months = [OfMonth(f"day {day.day}", tuple(alike)), *([OfMonth("the end", tuple(last))] if last else [])]
    return Look(
        name=day.isoformat(),
        size=Size(sizes[at], 1),
        at=at,
        noun="weekday",
        other="day",
        same=tuple(same),
        all=tuple(sorted({*near[:8], *same}, key=lambda each: -each[0])),
        known=tuple(near),
        months=tuple(months),
        remembered=tuple(known),
    )


def range_back(sizes: dict[float, int], at: float) -> list[float]:
    """Return the days before one, newest first, a year of them."""
    ordered = list(sizes)
    end = bisect_left(ordered, at)
    return ordered[max(0, end - 365) : end][::-1]


def _left(at: float) -> int:
    day = date.fromordinal(int(at))
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1).toordinal() - 1 - int(at)


# The tables of the other benchmark ------------------------------------------------------------------------------------
def plain(seed: int) -> Iterator[tuple[Case, list[float]]]:
    """Yield the made-up tables that come hourly to daily, as cases without oddities."""
    for table in tables(seed, 22):
        if table.cadence < HOUR or table.cadence > DAY or any(each.partition for each in table.arrivals):
            continue
        yield _case(table), sorted({float(each.at) for each in table.arrivals})


def _case(table: Table) -> Case:
    incidents = [(each.starts, each.ends) for each in table.incidents]
    begin = START + arrivals.TRAIN
    if table.pattern == "daily_then_weekly":
        return Case(
            f"bench/arrivals.py, {table.pattern}", incidents, change=table.unjudged[0][0], begin=begin
        )
    return Case(f"bench/arrivals.py, {table.pattern}", incidents, unjudged=list(table.unjudged), begin=begin)


# Counting -------------------------------------------------------------------------------------------------------------
def count(
    case: Case, run: Callable[..., tuple[list[tuple[float, float]], list[float]]], data: object, day: float
) -> tuple[Counted, Counted]:
    """Return what is counted of a table with nobody and with a person; ``day`` is one in the times of its alerts."""
    both = [run(case, data, person=person) for person in (False, True)]
    spoken = both[1][1]
    later = [each for each in case.incidents if spoken and each[0] > spoken[0]]
    found = []
    for (alerts, _), marks in zip(both, (0, len(spoken)), strict=True):
        one = Counted(tables=1, oddities=len(case.odd), incidents=len(later), marks=marks)
        one.found = sum(any(a <= end and begin <= b for a, b in alerts) for begin, end in later)
        told = sum(any(a <= end and begin <= b for a, b in alerts) for begin, end in case.odd)
        one.told, one.repeats = told, max(0, told - 1)
        rest = [
            each for each in alerts if not _touches(each, (*case.incidents, *case.odd, *case.unjudged), day)
        ]
        one.after_change = sum(each[0] >= case.change for each in rest)
        one.false = len(rest) - one.after_change
        found.append(one)
    return found[0], found[1]


def _touches(alert: tuple[float, float], spans: tuple[tuple[float, float], ...], day: float) -> bool:
    return any(a <= alert[1] and alert[0] <= b + day / 12 for a, b in spans)


def figures(seeds: int) -> Iterator[dict[str, object]]:
    """Yield what is counted of each kind of tables, with nobody and with a person."""
    counted: dict[str, tuple[Counted, Counted]] = {}

    def take(case: Case, both: tuple[Counted, Counted]) -> None:
        known = counted.setdefault(case.kind, (Counted(), Counted()))
        for one, more in zip(known, both, strict=True):
            for key in one.__dataclass_fields__:
                setattr(one, key, getattr(one, key) + getattr(more, key))

    for seed in range(1, seeds + 1):
        for case, times in silences(seed):
            take(case, count(case, replay, times, DAY))
        for case, times in plain(seed):
            take(case, count(case, replay, times, DAY))
        for case, sizes in volumes(seed):
            take(case, count(case, weigh, sizes, 0.0))
    for kind, both in counted.items():
        for who, each in zip(("nobody", "a person"), both, strict=True):
            yield {"of": kind, "marks_by": who, **each.figures()}
