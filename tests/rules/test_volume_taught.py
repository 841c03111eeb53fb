"""`volume: auto` with marks: sizes that were expected, missed, or are a new normal, over nights of runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.marks import Covered, Mark, MarkKind
from checks.model import Size, TableMemory
from checks.rules.asking import Clock
from checks.rules.volume_limits import UsualLimits
from checks.rules.volume_taught import Said, Stretch, taught
from checks.rules.volume_words import Look
from tests.support.lakes import MemoryLake, hive_location
from tests.support.rule_checks import after, judged, look, plan_of
from tests.support.times import DAY, HOUR, at
from tests.support.volumes import ONE_A_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.model import Finding


START = at("2026-06-01")  # a Monday
DAILY: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 2, "key": "dt", "format": "%Y-%m-%d"}
EXPECTED, MISSED, NORMAL = MarkKind.EXPECTED, MarkKind.MISSED, MarkKind.NEW_NORMAL
CHANCE = Random(11)  # noqa: S311 - the same each time
NOISE = [math.exp(CHANCE.gauss(0, 0.1)) for _ in range(400)]


def usual(day: date) -> int:
    return round(10_000 * NOISE[day.toordinal() % 400])


def except_on(
    odd: Callable[[date], bool], size: int, rest: Callable[[date], int] = usual
) -> Callable[[date], int]:
    """Return sizes that are odd on some days: about so much, with noise of its own."""
    return lambda day: round(size * NOISE[(7 * day.toordinal()) % 400]) if odd(day) else rest(day)


def mark(kind: MarkKind, said_at: datetime, **more: Any) -> Mark:
    return Mark(
        id=more.pop("id", "aa11"), kind=kind, table="sales.orders", by="ann", at=said_at,
        ends_at=said_at + timedelta(days=400), **more,
    )  # fmt: skip


def of_now(said_at: datetime, since: datetime | None = None) -> Mark:
    """Return a mark that what is told of volume now is expected."""
    told = Covered(check="volume", item=None, state="fail", severity="critical", since=since or said_at)
    return mark(EXPECTED, said_at, covers=(told,))


@dataclass
class Sales:
    """A table that is loaded each night, and looked at once the load is due."""

    size: Callable[[date], int]
    marks: tuple[Mark, ...] = ()
    memory: TableMemory = field(default_factory=TableMemory)
    volume: dict[str, Any] = field(default_factory=lambda: {"auto": True})
    lake: MemoryLake = field(default_factory=MemoryLake)
    loaded: datetime = START

    def __post_init__(self) -> None:
        self.table = self.lake.table("sales.orders", dt="string")

    def now(self, day: str) -> datetime:
        """Return when the run looks that judges a day."""
        return at(day) + DAY + 8 * HOUR

    def run(self, day: str, later: timedelta = timedelta()) -> Any:
        """Return what is counted of a day by what earlier runs remember, and remember it."""
        now, table = self.now(day) + later, self.table
        while self.loaded <= at(day):
            name, came = f"{self.loaded:%Y-%m-%d}", self.loaded + DAY
            if size := self.size(self.loaded.date()):
                self.lake.put(f"{hive_location(table, [name])}a.parquet", came, size)
                self.lake.register(table, [name], at=came)
            self.loaded += DAY
        plan = plan_of(table, self.memory, partitions=DAILY, volume=self.volume)
        seen = look(self.lake, plan, now)
        rules = tuple(
            r.taught(self.marks, now).learned(seen, Clock(now=now), self.memory) for r in plan.rules
        )
        plan = replace(plan, rules=rules)
        clock, rule = Clock(now=now), next(rule for rule in rules if rule.check == "volume")
        judged_plan = plan  # by what was remembered before this run

        def finding() -> Finding:
            return judged(judged_plan, seen, now)["volume"]

        self.finding: Callable[[], Finding] = finding
        self.explained: Callable[[], list[str]] = lambda: list(rule.explain(seen, finding(), clock))
        self.taught_by = rule.taught_by
        row = rule.measure(seen, clock, self.memory)
        self.memory = after(plan, seen)
        return row

    def told(self, first: str, last: str, step: int = 1) -> list[str]:
        """Run on nights of these days, so many days apart, the last among them; return those that are told."""
        days = [(at(first) + n * DAY) for n in range((at(last) - at(first)).days + 1)][::-step][::-1]
        return [f"{day:%m-%d}" for day in days if self.run(f"{day:%Y-%m-%d}").observed]


RECURRING: dict[str, tuple[Callable[[date], bool], int, str, str]] = {
    "a weekday": (lambda day: day.weekday() == 6 and day >= date(2026, 8, 30), 900, "08-30", "2026-10-04"),
    "a large load on the first": (lambda day: day.day == 1 and day.month > 8, 90_000, "09-01", "2026-11-03"),
    "the last day of the month": (
        lambda day: (day + timedelta(days=1)).day == 1 and day.month > 7, 700, "08-31", "2026-11-01",
    ),
    "the second Tuesday": (
        lambda day: day.weekday() == 1 and 8 <= day.day <= 14 and day.month > 7, 800, "08-11", "2026-10-14",
    ),
    "the first working day": (
        lambda day: day.month > 8 and day.weekday() < 5 and sum(
            date(day.year, day.month, n).weekday() < 5 for n in range(1, day.day + 1)
        ) == 1, 80_000, "09-01", "2026-11-03",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", RECURRING)
def test_one_mark_stops_the_repeat_of_an_odd_day(kind: str) -> None:
    odd, size, first, last = RECURRING[kind]
    plain, table = (Sales(except_on(odd, size)) for _ in range(2))
    days = [at(f"2026-{first}") + n * DAY for n in range(-1, (at(last) - at(f"2026-{first}")).days + 1)]
    nights = [f"{day:%Y-%m-%d}" for day in days if any(odd((day + n * DAY).date()) for n in (-1, 0, 1))]
    unmarked = [day for day in nights if plain.run(day).observed]
    assert unmarked[0] == f"2026-{first}"
    assert len(unmarked) >= 2, "it is told again where nobody says anything"
    for day in nights:
        assert bool(table.run(day).observed) == (day == unmarked[0])
        if day == unmarked[0]:
            table.marks = (of_now(table.now(day) + HOUR),)


def odd_sunday(day: date) -> bool:
    return day == date(2026, 8, 30)


def test_other_days_and_the_other_direction_are_told_as_before() -> None:
    """A small Sunday excuses no small Wednesday, and no large Sunday."""
    later = {date(2026, 9, 2): 900, date(2026, 9, 6): 90_000, date(2026, 9, 13): 900, date(2026, 9, 27): 100}
    table = Sales(except_on(odd_sunday, 900, lambda day: later.get(day) or usual(day)))
    table.told("2026-08-29", "2026-08-30")
    table.marks = (of_now(table.now("2026-08-30") + HOUR),)
    assert table.told("2026-08-31", "2026-09-27") == ["09-02", "09-06", "09-27"]


def test_two_such_days_that_were_usual_disprove_it() -> None:
    again = date(2026, 9, 20)  # the third Sunday after; the second and third were usual
    table = Sales(except_on(lambda day: day in (date(2026, 8, 30), again), 900))
    table.told("2026-08-29", "2026-08-30")
    table.marks = (of_now(table.now("2026-08-30") + HOUR),)
    assert table.told("2026-08-31", "2026-09-20") == ["09-20"]


@pytest.mark.parametrize("size", [0, 900])
def test_what_is_expected_of_a_period_by_its_name_teaches_alike(size: int) -> None:
    table = Sales(except_on(lambda day: day.weekday() == 6 and day >= date(2026, 8, 30), size))
    assert table.told("2026-08-28", "2026-08-30") == ["08-30"]
    table.marks = (mark(EXPECTED, table.now("2026-09-01"), period="2026-08-30"),)
    assert table.told("2026-08-31", "2026-09-20") == []
    assert table.taught_by == {"aa11"}


@pytest.mark.parametrize(
    "more", [{"check": "freshness"}, {"period": "2026-08-30/region=eu"}, {"period": "no"}]
)
def test_marks_of_others_teach_no_size(more: dict[str, Any]) -> None:
    table = Sales(except_on(lambda day: day.weekday() == 6 and day >= date(2026, 8, 30), 900))
    table.told("2026-08-28", "2026-08-30")
    table.marks = (mark(EXPECTED, table.now("2026-08-30") + HOUR, **{"period": "2026-08-30", **more}),)
    assert "09-06" in table.told("2026-08-31", "2026-09-06")


def test_an_expected_size_does_not_widen_the_limits_of_other_days() -> None:
    plain, table = (Sales(except_on(odd_sunday, 1800)) for _ in range(2))
    for each in (plain, table):
        each.told("2026-08-29", "2026-08-30")
    table.marks = (of_now(table.now("2026-08-30") + HOUR),)
    without, with_it = plain.run("2026-09-02").facts.bounds, table.run("2026-09-02").facts.bounds
    assert with_it[0].value >= without[0].value
    assert with_it[1].value <= without[1].value


def test_the_sentence_and_explain_name_the_mark() -> None:
    table = Sales(except_on(lambda day: day.weekday() == 6 and day >= date(2026, 8, 30), 900))
    table.told("2026-08-29", "2026-08-30")
    table.marks = (of_now(table.now("2026-08-30") + HOUR),)
    table.told("2026-08-31", "2026-09-06")
    assert table.finding().because.endswith("by their trend), as was learned with 1 mark of ann, 31 Aug")
    assert any(line.endswith("; learned with 1 mark of ann, 31 Aug") for line in table.explained())
    table.run("2026-09-09")
    assert "mark" not in table.finding().because, "it has no part in what other days are held against"


def test_the_size_of_a_whole_place_is_expected_by_the_day_of_its_look() -> None:
    """A snapshot that is written anew each day, small on each Sunday from one on."""
    lake, memory = MemoryLake(), TableMemory()
    marks: tuple[Mark, ...] = ()
    table, told = lake.table("sales.rates"), []
    for number in range(35):
        now = START + number * DAY + 8 * HOUR
        small = now.weekday() == 6 and number > 14
        lake.put(f"{table.location}all.parquet", now - HOUR, usual(now.date()) // (20 if small else 1))
        plan = plan_of(table, memory, volume={"auto": True})
        seen = look(lake, plan, now)
        (rule,) = (each.taught(marks, now).learned(seen, Clock(now=now), memory) for each in plan.rules)
        if rule.measure(seen, Clock(now=now), memory).observed:
            told.append(number)
            marks = (of_now(now + HOUR),)
        memory = after(replace(plan, rules=(rule,)), seen)
    assert told == [20]


MISSED_AT = "2026-09-02"  # a Wednesday, with less than half: no alarm


@pytest.mark.parametrize("how", ["period", "moment"])
def test_what_was_missed_is_told_the_next_time(how: str) -> None:
    days = (date(2026, 9, 2), date(2026, 9, 9), date(2026, 9, 17))
    table = Sales(lambda day: 4500 if day in days else usual(day))
    assert table.told("2026-08-31", "2026-09-03") == []
    said = {"period": MISSED_AT} if how == "period" else {"moment": table.now(MISSED_AT)}
    table.marks = (mark(MISSED, table.now("2026-09-03"), **said),)
    assert table.told("2026-09-04", "2026-09-17") == ["09-09", "09-17"]
    assert table.finding().because.endswith("ordinary here, as was learned with 1 mark of ann, 4 Sep")
    table.marks = ()
    assert table.told("2026-09-17", "2026-09-17") == []


def test_what_was_missed_comes_only_as_close_as_nine_of_ten_bear() -> None:
    table = Sales(usual)
    table.told("2026-08-31", "2026-09-03")
    smallest = min((date(2026, 8, 4) + timedelta(days=n) for n in range(29)), key=usual)
    table.marks = (mark(MISSED, table.now("2026-09-03"), period=smallest.isoformat()),)
    assert len(table.told("2026-09-04", "2026-10-03")) <= 6
    middle = sorted((date(2026, 8, 4) + timedelta(days=n) for n in range(29)), key=usual)[14]
    table.marks = (mark(MISSED, table.now("2026-09-03"), period=middle.isoformat()),)
    assert table.told("2026-10-04", "2026-10-08") == []
    assert table.taught_by == set(), "it was as usual: nothing was wrong with it"


def test_what_was_missed_stays_missed_while_its_mark_holds() -> None:
    """Its own size leaves the sizes that are remembered of all tables, and stays remembered."""
    days = (date(2026, 9, 2), date(2026, 12, 30))
    table = Sales(except_on(lambda day: day in days, 4500))
    table.told("2026-08-31", "2026-09-03")
    table.marks = (mark(MISSED, table.now("2026-09-03"), period=MISSED_AT),)
    assert "12-30" in table.told("2026-09-04", "2026-12-30", step=5)
    assert MISSED_AT in table.memory.sizes
    table.marks = ()
    table.run("2026-12-31")
    assert MISSED_AT not in table.memory.sizes
    assert len(table.memory.sizes) <= 70


@pytest.mark.parametrize("factor", [0.1, 12])
def test_a_new_normal_is_the_level_at_once(factor: float) -> None:
    change = date(2026, 9, 2)

    def size(day: date) -> int:
        quiet = 0.5 if day.weekday() == 6 else 1.0
        odd = 0.2 if day == date(2026, 9, 10) else 1.0
        return round(usual(day) * quiet * odd * (factor if day >= change else 1))

    table, plain = Sales(size), Sales(size)
    assert plain.told("2026-08-31", "2026-09-04") == ["09-02", "09-03", "09-04"]
    assert table.told("2026-08-31", "2026-09-02") == ["09-02"]
    table.marks = (mark(NORMAL, table.now("2026-09-02") + HOUR, moment=at("2026-09-02")),)
    assert not table.run("2026-09-02", later=2 * HOUR).observed, "it is the first of the new ones"
    assert table.told("2026-09-03", "2026-09-30") == ["09-10"]
    assert table.taught_by == {"aa11"}
    assert "1 mark of ann" in table.finding().because
    table.marks = ()
    assert table.told("2026-09-04", "2026-09-04") == ["09-04"]


def test_a_new_normal_of_a_table_of_which_too_little_is_known_says_what_is_missing() -> None:
    table = Sales(usual, loaded=at("2026-08-28"))
    table.told("2026-08-31", "2026-08-31")
    table.marks = (mark(NORMAL, table.now("2026-08-31"), moment=at("2026-08-31")),)
    table.run("2026-09-02")
    assert "learned with 1 mark of ann, 1 Sep" in table.finding().because
    assert "8 needed" in table.finding().because


def hours(odd: Callable[[date], bool], hour: int, until: datetime) -> Callable[[datetime], Look]:
    """Return what is known of one hour of a table of hours, which holds little on some days, at a look at that hour."""
    first = until - 60 * DAY

    def size(day: datetime) -> Size:
        return Size(usual(day.date()) // (20 if odd(day.date()) else 1), 1)

    def at_look(day: datetime) -> Look:
        known = [
            (each.toordinal() + hour / 24, size(each))
            for n in range(1, 60)
            if (each := day - n * DAY) >= first
        ]
        now = day.toordinal() + hour / 24
        return Look(
            name="now", size=size(day), at=now, noun="Sunday", other="day", known=tuple(known), all=tuple(known[:16]),
            same=tuple(each for each in known if (now - each[0]) % 7 < 0.5)[:8], a_year=8766,
        )  # fmt: skip

    return at_look


@pytest.mark.parametrize("hour", [2, 11])
def test_a_mark_of_hours_teaches_each_hour_by_itself_while_what_was_told_lasted(hour: int) -> None:
    """Told at two and marked an hour later: those later that day were covered by the mark, and are alike."""
    sunday = at("2026-08-30")
    look_at = hours(lambda day: day.weekday() == 6 and day >= sunday.date(), hour, sunday + 8 * DAY)
    begin = sunday.toordinal() + 2 / 24
    said = Said(expected=(Stretch("a", begin, begin + 1 / 24, goes_on=True),))
    again = look_at(sunday + 7 * DAY)
    limits = UsualLimits(None, None, ONE_A_YEAR, "bytes", None, 8)
    plain, found = taught(limits, again, Said()), taught(limits, again, said)
    assert any(each.is_crossed(again.size) for each in plain.learned[0])
    assert not any(each.is_crossed(again.size) for each in found.learned[0])
    other = look_at(sunday + 4 * DAY)
    assert (
        taught(limits, other, said).learned[0][0].value >= taught(limits, other, Said()).learned[0][0].value
    )


WEEKS = st.lists(
    st.sampled_from(
        [
            mark(EXPECTED, at("2026-09-02"), id="e1", period="2026-08-30"),
            mark(MISSED, at("2026-09-02"), id="m1", period="2026-09-01"),
            mark(NORMAL, at("2026-09-03"), id="n1", moment=at("2026-09-01")),
            mark(MISSED, at("2026-09-04"), id="m2", moment=at("2026-09-03 08:00")),
        ]
    ),
    unique_by=lambda each: each.id,
    min_size=1,
)


@pytest.mark.slow
@given(WEEKS, st.sampled_from([900, 4500, 90_000]))
@settings(max_examples=8, deadline=None)
def test_a_mark_that_is_taken_back_is_as_if_it_had_never_been(marks: list[Mark], size: int) -> None:
    """However many runs went by it."""
    plain, table = (Sales(except_on(lambda day: day.day in (1, 30), size)) for _ in range(2))
    for each in (plain, table):
        each.told("2026-08-30", "2026-09-01")
    table.marks = tuple(marks)
    for each in (plain, table):
        each.told("2026-09-02", "2026-09-05")
    table.marks = ()
    for day in ("2026-09-06", "2026-09-07"):
        assert table.run(day).facts == plain.run(day).facts
    assert table.memory == plain.memory
