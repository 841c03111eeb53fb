"""Arrivals of made-up tables with labelled incidents, of kinds that learning finds hard.

Time is drawn backwards from people and schedulers: office hours and holidays, times of the day on the clock of a wall,
jobs that drift, lack a partition now and then and fail for a week at a time while the monitor learns, that take long at
the end of a month or write older partitions again, cadences that change for good, months and quarters, one upstream of
many tables.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import holidays

from checks.learn import Arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

HOUR, DAY = 3600.0, 86400.0
START = datetime(2024, 9, 2, tzinfo=UTC).timestamp()
TRAIN, TEST = 190 * DAY, 90 * DAY  # the training holds a Christmas, the test both changes of clocks of spring
SLOW_START = datetime(2021, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Incident:
    """What a data team wants to be told: from when it can be known, until when it lasts."""

    kind: str
    starts: float
    knowable: float
    ends: float


@dataclass
class Table:
    """A table's arrivals and its truth: `unjudged` spans are those on which fair people differ."""

    name: str
    pattern: str
    cadence: float
    arrivals: list[Arrival] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    unjudged: list[tuple[float, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """One run of a job: when it is due, what period it writes, how long its lateness may be taken for usual.

    `slower` is by how much its work takes longer than on other days.
    """

    due: float
    key: str
    slack: float
    slower: float = 1.0


def _local(day: date, hour: float, zone: ZoneInfo) -> float:
    return (datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(hours=hour)).timestamp()


def _days(begin: float) -> Iterator[date]:
    day = datetime.fromtimestamp(begin, UTC).date()
    while datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() < START + TRAIN + TEST:
        yield day
        day += timedelta(days=1)


def _business(rng: Random, country: str, zone: str, *, keys: bool) -> list[Run]:
    off = holidays.country_holidays(country, years=range(2024, 2027))
    hour = rng.uniform(4, 20)
    days = [d for d in _days(START) if d.weekday() < 5 and d not in off]
    return [Run(_local(d, hour, ZoneInfo(zone)), d.isoformat() if keys else "", 4 * HOUR) for d in days]


def _monthly(rng: Random, step: int) -> list[Run]:
    day, hour = rng.randint(1, 26), rng.uniform(3, 20)
    months = [(y, m) for y in range(2021 if step == 1 else 2013, 2026) for m in range(1, 13, step)]
    runs = [Run(_local(date(y, m, day), hour, ZoneInfo("UTC")), "", 0.3 * step * 30 * DAY) for y, m in months]
    return [r for r in runs if r.due < START + TRAIN + TEST]


def _months(begin: int) -> list[date]:
    return [date(year, month, 1) for year in range(begin, 2026) for month in range(1, 13)]


def _working_day(rng: Random, country: str, zone: str, last: int) -> list[Run]:
    """On the nth working day of each month, of the last so many where `last` is under 0."""
    off = holidays.country_holidays(country, years=range(2021, 2027))
    number, hour = rng.randint(1, 5) if last > 0 else -rng.randint(1, -last), rng.uniform(4, 20)
    runs = []
    for first in _months(2021):
        days = [first + timedelta(days=i) for i in range(31)]
        work = [d for d in days if d.month == first.month and d.weekday() < 5 and d not in off]
        day = work[number - 1] if number > 0 else work[number]
        runs.append(Run(_local(day, hour, ZoneInfo(zone)), "", 2 * DAY))
    return [r for r in runs if r.due < START + TRAIN + TEST]


def _month_labels(rng: Random, step: int) -> list[Run]:
    """Partitions named by their month, or quarter, some days after it ended; on a day of Berlin's clock."""
    day, hour = rng.randint(0, 18), rng.uniform(3, 20)
    runs = []
    for first in _months(2021 if step == 1 else 2017):
        if (first.month - 1) % step:
            continue
        month = first.month - 1 + step
        after = date(first.year + month // 12, month % 12 + 1, 1) + timedelta(days=day)
        key = f"month={first:%Y-%m}" if step == 1 else f"{first.year}Q{first.month // step + 1}"
        runs.append(Run(_local(after, hour, ZoneInfo("Europe/Berlin")), key, 0.15 * step * 30 * DAY))
    return [r for r in runs if r.due < START + TRAIN + TEST]


def _week_labels(rng: Random, step: int) -> list[Run]:
    """Partitions named by their ISO week, one or every other, some days after it ended; on New York's clock."""
    lag, hour = rng.randint(0, 4), rng.uniform(3, 20)
    mondays = [d for d in _days(START) if d.weekday() == 0][::step]
    zone = ZoneInfo("America/New_York")
    runs = [Run(_local(d + timedelta(days=7 + lag), hour, zone), f"{d:%G-W%V}", 1.5 * DAY) for d in mondays]
    return [r for r in runs if r.due < START + TRAIN + TEST]


_RHYTHMS: dict[str, tuple[float, Callable[[date], bool]]] = {
    "daily": (DAY, lambda _: True),
    "weekly": (7 * DAY, lambda d: d.weekday() == 1),
    "monthly": (30 * DAY, lambda d: d.day == 4),
    "quarterly": (91 * DAY, lambda d: d.day == 4 and d.month % 3 == 1),
}
_CHANGES = (
    ("monthly", "daily"),
    ("monthly", "weekly"),
    ("weekly", "monthly"),
    ("quarterly", "monthly"),
    ("daily", "monthly"),
    ("weekly", "daily"),
)


def _changing(rng: Random, number: int) -> tuple[list[Run], float, tuple[float, float]]:
    """Return runs of one cadence and then of another for good, the new cadence, and until when that is news."""
    before, after = _CHANGES[number % len(_CHANGES)]
    cadence, new = _RHYTHMS[after]
    hour = rng.uniform(2, 20)
    # Its third period comes early in the test, so that what came of it is judged.
    change = START + TRAIN + rng.uniform(5, 15) * DAY - max(0.0, 2 * cadence - 20 * DAY)
    old = _RHYTHMS[before][1]
    begin = START if before == "daily" else SLOW_START
    runs = [
        Run(due, "", 4 * HOUR if cadence == DAY else 1.5 * DAY)
        for d in _days(begin)
        if (new if (due := _local(d, hour, ZoneInfo("UTC"))) >= change else old)(d)
    ]
    return runs, cadence, (change, change + 3.2 * cadence)


def _every(rng: Random, step: float, slack: float, key: str) -> list[Run]:
    offset = rng.uniform(0, min(step, HOUR) / 2)
    count = int((TRAIN + TEST) // step)
    first = START + TRAIN - 70 * DAY if step < HOUR else START
    times = [START + i * step for i in range(count) if START + i * step >= first]
    return [Run(t + step + offset, datetime.fromtimestamp(t, UTC).strftime(key), slack) for t in times]


def _by_the_wall(rng: Random, hours: Iterable[int], slack: float, key: str) -> list[Run]:
    """Runs at hours of the day on a wall's clock, their keys in UTC, as most warehouses name them."""
    zone, minute = ZoneInfo(rng.choice(("Europe/Berlin", "America/New_York"))), rng.uniform(0, 0.7)
    times = [_local(d, hour + minute, zone) for d in _days(START) for hour in hours]
    return [Run(t, datetime.fromtimestamp(t, UTC).strftime(key), slack) for t in times]


def _month_ends(rng: Random) -> list[Run]:
    hour, slower = rng.uniform(1, 12), rng.uniform(8, 16)
    return [
        Run(
            _local(d, hour, ZoneInfo("UTC")),
            d.isoformat(),
            8 * HOUR if is_end else 4 * HOUR,
            slower if is_end else 1.0,
        )
        for d in _days(START)
        for is_end in [(d + timedelta(days=1)).day == 1 or d.day == 1]
    ]


def _weekly_after(rng: Random) -> tuple[list[Run], tuple[float, float]]:
    """Daily, then every Wednesday for good from the second week of the test on."""
    hour = rng.uniform(2, 20)
    change = START + TRAIN + rng.uniform(10, 25) * DAY
    runs = [
        Run(_local(d, hour, ZoneInfo("UTC")), "", 4 * HOUR if due < change else 1.5 * DAY)
        for d in _days(START)
        if (due := _local(d, hour, ZoneInfo("UTC"))) < change or d.weekday() == 2
    ]
    return runs, (change, change + 28 * DAY)


def _plans(rng: Random) -> dict[str, tuple[float, Callable[[], list[Run]]]]:
    return {
        "business_de": (DAY, lambda: _business(rng, "DE", "Europe/Berlin", keys=False)),
        "business_us_dated": (DAY, lambda: _business(rng, "US", "America/New_York", keys=True)),
        "monthly": (30 * DAY, lambda: _monthly(rng, 1)),
        "quarterly": (91 * DAY, lambda: _monthly(rng, 3)),
        "five_minutes": (300.0, lambda: _every(rng, 300.0, 0.75 * HOUR, "")),
        "hourly_dated": (HOUR, lambda: _every(rng, HOUR, 0.6 * HOUR, "dt=%Y%m%d/hour=%H")),
        "three_hourly": (3 * HOUR, lambda: _every(rng, 3 * HOUR, 2 * HOUR, "")),
        "scheduler_drifts": (HOUR, lambda: _every(rng, HOUR, 3 * HOUR, "")),
        "times_of_day": (4 * HOUR, lambda: _by_the_wall(rng, (6, 10, 14, 18), 1.5 * HOUR, "")),
        "hours_of_days": (HOUR, lambda: _by_the_wall(rng, range(6, 22), 0.6 * HOUR, "%Y-%m-%d-%H")),
        "month_ends": (DAY, lambda: _month_ends(rng)),
        "lacks_some": (DAY, lambda: _every(rng, DAY, 4 * HOUR, "%Y-%m-%d")),
        "writes_again": (DAY, lambda: _every(rng, DAY, 4 * HOUR, "%Y-%m-%d")),
        "working_day_de": (30 * DAY, lambda: _working_day(rng, "DE", "Europe/Berlin", 1)),
        "working_day_us": (30 * DAY, lambda: _working_day(rng, "US", "America/New_York", 1)),
        "last_working_day": (30 * DAY, lambda: _working_day(rng, "GB", "Europe/London", -3)),
        "month_labels": (30 * DAY, lambda: _month_labels(rng, 1)),
        "quarter_labels": (91 * DAY, lambda: _month_labels(rng, 3)),
        "week_labels": (7 * DAY, lambda: _week_labels(rng, 1)),
        "fortnight_labels": (14 * DAY, lambda: _week_labels(rng, 2)),
        "fails_for_days": (DAY, lambda: _every(rng, DAY, 4 * HOUR, "")),
    }


PATTERNS = (*_plans(Random(0)), "daily_then_weekly", "cadence_changes", "office_hours")  # noqa: S311


def make(seed: int, number: int, shared: tuple[float, float] | None = None) -> Table:
    """Return one table of a seed: `shared` is an outage of its upstream, which stops it as well."""
    rng = Random(f"arrivals/{seed}/{number}")  # noqa: S311
    pattern = PATTERNS[number % len(PATTERNS)]
    table = Table(f"bench.{pattern}_{number:03d}", pattern, DAY)
    if pattern == "office_hours":
        return _office(table, rng)
    if pattern == "daily_then_weekly":
        runs, unjudged = _weekly_after(rng)
        table.unjudged.append(unjudged)
    elif pattern == "cadence_changes":
        runs, table.cadence, unjudged = _changing(rng, number // len(PATTERNS))
        table.unjudged.append(unjudged)
    else:
        table.cadence, plan = _plans(rng)[pattern]
        runs = plan()
    _write(table, runs, _broken(table, runs, rng, shared), rng)
    return table


def _broken(table: Table, runs: list[Run], rng: Random, shared: tuple[float, float] | None) -> set[int]:
    """Choose which runs never come, and label those of the test."""
    test = START + TRAIN
    lost: set[int] = set()
    if table.pattern == "fails_for_days":
        # Three times in the training: what recurs is still no habit.
        for _ in range(3):
            first = rng.randrange(20, 150)
            lost |= set(range(first, first + rng.randint(2, 6)))
    if table.pattern == "lacks_some":
        lost |= {rng.randrange(month, month + 30) for month in range(5, 155, 15)}  # two a month are no habit
    if table.pattern == "cadence_changes":
        test = max(test, table.unjudged[0][1])
    tested = [i for i, r in enumerate(runs) if r.due > test + min(DAY, r.slack)][
        : -2 if table.cadence <= DAY else -1
    ]
    spans = []
    if tested and rng.random() < 0.7:
        first = rng.choice(tested)
        length = max(1, math.ceil((runs[first].slack * rng.uniform(1.6, 6)) / table.cadence))
        spans.append((first, min(first + length, len(runs) - 1)))
    if shared is not None and table.cadence <= DAY:
        hit = [i for i in tested if shared[0] <= runs[i].due < shared[1]]
        if hit and not any(a <= hit[-1] + 2 and hit[0] - 2 <= b for a, b in spans):
            spans.append((hit[0], hit[-1] + 1))
    for first, after in spans:
        if any(runs[i].due - runs[first].due > 400 * DAY for i in range(first, after)):
            continue
        lost |= set(range(first, after))
        knowable = runs[first].due + runs[first].slack
        if runs[after].due - knowable > 0.25 * runs[first].slack:
            table.incidents.append(Incident("outage", runs[first].due, knowable, runs[after].due))
        else:
            table.unjudged.append((runs[first].due, runs[after].due))
    return lost


def _write(table: Table, runs: list[Run], lost: set[int], rng: Random) -> None:
    jitter = {
        "scheduler_drifts": 900.0,
        "five_minutes": 40.0,
        "hourly_dated": 200.0,
        "hours_of_days": 200.0,
    }.get(table.pattern, 900.0)
    size, files = math.exp(rng.uniform(12, 24)), rng.choice((1, 3, 12))
    for i, run in enumerate(runs):
        if i in lost:
            continue
        late = rng.lognormvariate(math.log(jitter / 2), 0.6) * run.slower
        if table.pattern == "scheduler_drifts":
            late *= 1 + 1.5 * (run.due - START) / (TRAIN + TEST)
        bytes_ = (
            size
            * math.exp(rng.gauss(0, 0.15))
            * (2 if table.pattern == "hourly_dated" and 8 <= i % 24 < 20 else 1)
        )
        for k in range(6 if table.pattern == "times_of_day" else files if run.key else 1):
            table.arrivals.append(
                Arrival(math.floor(run.due + late + 7 * k), run.key, int(bytes_ / files) + k)
            )
        if table.pattern == "writes_again":
            at = math.floor(run.due + late + 120)
            table.arrivals += [Arrival(at, old.key, int(bytes_)) for old in runs[max(0, i - 3) : i]]
    if table.pattern == "hourly_dated" and table.arrivals:
        # A backfill: a month of old partitions written once more in the test, which is no news.
        written = START + TRAIN + rng.uniform(20, 60) * DAY
        old = [r.key for r in runs if written - 40 * DAY < r.due < written - 10 * DAY]
        table.arrivals += [Arrival(math.floor(written + i), key, int(size)) for i, key in enumerate(old)]
    table.arrivals.sort(key=lambda a: a.at)


def _office(table: Table, rng: Random) -> Table:
    """Changes of a source that people make: by chance, in the office hours of working days."""
    table.cadence = 2 * HOUR
    zone = ZoneInfo("Europe/Berlin")
    off = holidays.country_holidays("DE", years=range(2024, 2027))
    test = START + TRAIN
    working = [d for d in _days(START) if d.weekday() < 5]
    broken: set[date] = set()
    if rng.random() < 0.7:
        days = [d for d in working if _local(d, 0, zone) > test + 7 * DAY and d not in off]
        first = rng.randrange(len(days) - 12)
        broken = set(days[first : first + rng.randint(3, 6)])
        begin, after = min(broken), days[days.index(max(broken)) + 1]
        table.incidents.append(
            Incident("outage", _local(begin, 7, zone), _local(begin, 31, zone), _local(after, 9, zone))
        )
    for day in working:
        if day in broken:
            continue
        at = _local(day, 7, zone)
        if day in off:
            table.unjudged.append((at, at + 2.5 * DAY))
            continue
        while (at := at + rng.expovariate(1 / (0.8 * HOUR))) < _local(day, 18, zone):
            table.arrivals.append(Arrival(math.floor(at)))
    return table


def tables(seed: int, count: int, pattern: str | None = None) -> list[Table]:
    """Return so many tables of a seed, or those of one pattern among them.

    A third of them has one upstream, which stops once for a day and a half.
    """
    rng = Random(f"shared/{seed}")  # noqa: S311
    begin = START + TRAIN + rng.uniform(15, 70) * DAY
    chosen = [n for n in range(count) if pattern in {None, PATTERNS[n % len(PATTERNS)]}]
    return [make(seed, n, (begin, begin + 1.5 * DAY) if n % 3 == 0 else None) for n in chosen]
