"""`volume: auto`: what is learned of sizes, and what that tells."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.model import Finding, ProblemKind, Severity, Size, Status, TableMemory
from checks.monitor.plan import shared
from checks.rules.asking import UNSHARED, Clock, Share
from checks.rules.volume_limits import UsualLimits
from checks.rules.volume_words import Look
from tests.support.lakes import MemoryLake, hive_location
from tests.support.rule_checks import NOW, find, look, plan_of
from tests.support.times import DAY, HOUR
from tests.support.volumes import DAILY, daily, fill, verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.rules.base import TablePlan


def test_auto_learns_how_much_periods_differ() -> None:
    steady = [100 + number % 3 for number in range(70)]
    assert verdict(daily([34, *steady[1:]], auto=True)) == "pass"
    assert verdict(daily([33, *steady[1:]], auto=True)) == "critical"
    assert verdict(daily([505, *steady[1:]], auto=True)) == "pass"
    assert verdict(daily([506, *steady[1:]], auto=True)) == "critical"
    wild = [[20, 100, 400, 60, 250][number // 7 % 5] for number in range(70)]
    assert verdict(daily([30, *wild[1:]], auto=True)) == "pass"


def known_for(days: int, size: Callable[[int], float]) -> TableMemory:
    """Return the memory of a table with the sizes of so many days before the one that is judged; 1: the day before."""
    dates = ((NOW - (back + 1) * DAY).date().isoformat() for back in range(1, days + 1))
    return TableMemory(sizes={date: Size(round(size(back)), 1) for back, date in enumerate(dates, 1)})


def learned_of(
    memory: TableMemory, size: int, share: Share | None = None, **volume: Any
) -> tuple[Finding, list[str]]:
    """Return the verdict on the last day's size by what is remembered, and what `explain` says of it."""
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    # What is looked at again counts more than what is remembered.
    fill(lake, table, [size, *(each.bytes for _, each in sorted(memory.sizes.items(), reverse=True)[:2])])
    plan = plan_of(table, memory, partitions=DAILY, volume={"auto": True, **volume})
    plan = replace(plan, rules=tuple(rule.sharing(share or UNSHARED) for rule in plan.rules))
    finding = find(lake, plan, "volume")
    rule = next(rule for rule in plan.rules if rule.check == "volume")
    return finding, list(rule.explain(look(lake, plan), finding, Clock(now=NOW)))


def wobbling(sigma: float) -> Callable[[int], float]:
    """Return sizes of every day around 10,000 whose logarithms deviate by so much."""
    draws = Random(5)  # noqa: S311
    sizes = [10_000 * math.exp(draws.gauss(0, sigma)) for _ in range(400)]
    return lambda back: sizes[back]


def test_auto_learns_by_all_days_that_are_remembered_and_tells_weekdays_apart() -> None:
    """NOW's last day is a Sunday: a tenth on each of them is usual, and no other day may be as small."""
    quiet = known_for(69, lambda back: 1000 if back % 7 == 0 else 10_000 + back % 5)
    finding, told = learned_of(quiet, 1000)
    assert finding.status is Status.PASS
    assert finding.because == (
        "2026-11-22 came to 1 kB in 1 file; expected at least 334 B and at most 5 kB; the usual is 1 kB (median of the "
        "last 60 days, by the weekday)"
    )
    assert told[-2:] == ["learned: about 1 kB (60 days seen)", "it may raise 1 false alarm a year"]
    busy = known_for(69, lambda back: 1000 if back % 7 == 1 else 10_000)
    assert learned_of(busy, 1000)[0].severity is Severity.CRITICAL
    assert learned_of(busy, 9000)[0].status is Status.PASS


@pytest.mark.parametrize(
    ("weeks", "of"),
    [(2, "9 days; 1 kB on a Sunday"), (3, "21 days, by the weekday"), (4, "28 days, by the weekday")],
)
def test_weekdays_are_told_apart_by_three_of_each(weeks: int, of: str) -> None:
    memory = known_for(7 * weeks, lambda back: 1000 if back % 7 == 0 else 10_000 + back % 5)
    assert f"(median of the last {of}" in learned_of(memory, 1000)[0].because


def test_growth_is_followed_by_what_auto_learns() -> None:
    """Two per cent a day: within two months from a third to the whole."""
    grown = known_for(69, lambda back: 10_000 * 1.02 ** -(back + 1))
    for size in (8000, 12_000):
        assert learned_of(grown, size)[0].status is Status.PASS
    assert learned_of(grown, 2400)[0].severity is Severity.CRITICAL
    assert learned_of(grown, 60_000)[0].severity is Severity.CRITICAL


def test_fewer_false_alarms_are_asked_for_by_wider_limits() -> None:
    memory = known_for(69, wobbling(0.5))

    def least(a_year: float) -> float:
        finding, told = learned_of(memory, 10_000, Share(a_year=a_year, wanted=a_year))
        assert f"it may raise {a_year:.2g} false alarm{'' if a_year == 1 else 's'} a year" in told
        assert isinstance(finding.expected, int)
        return finding.expected

    limits = [least(a_year) for a_year in (0.05, 0.2, 1.0, 4.0)]
    assert limits == sorted(limits)
    assert limits[0] < limits[-1] < 10_000 / 3


@pytest.mark.parametrize("odd", [1, 10**9])
def test_recurring_incidents_do_not_widen_what_auto_learns(odd: int) -> None:
    usual = wobbling(0.3)
    healthy, _ = learned_of(known_for(69, usual), 10_000)
    broken, _ = learned_of(
        known_for(69, lambda back: odd if back in (9, 22, 23, 41) else usual(back)), 10_000
    )
    assert isinstance(healthy.expected, int)
    assert isinstance(broken.expected, int)
    assert broken.expected == pytest.approx(healthy.expected, rel=0.25)


def test_auto_says_what_is_missing_while_too_little_is_known() -> None:
    finding, told = learned_of(known_for(7, lambda _: 1000), 1000)
    assert finding.problem is ProblemKind.TOO_LITTLE_HISTORY
    assert "7 days seen, 8 needed" in finding.because
    assert told[-2:] == ["learned: nothing yet, as the finding says", "it may raise 1 false alarm a year"]
    assert learned_of(known_for(7, lambda _: 1000), 1000, min_bytes="2kB")[0].severity is Severity.CRITICAL


def test_a_weekday_on_which_nothing_comes_has_no_usual_for_auto() -> None:
    finding, _ = learned_of(known_for(69, lambda back: 0 if back % 7 == 0 else 10_000), 0)
    assert finding.status is not Status.FAIL


@given(
    st.lists(st.integers(1, 10**15), min_size=8, max_size=70),
    st.floats(0.05, 4.0),
    st.floats(0.05, 4.0),
)
def test_what_is_usual_passes_whatever_the_share_and_more_of_it_narrows_nothing_wrongly(
    values: list[int], one: float, other: float
) -> None:
    known = tuple((float(-back), Size(value, 1)) for back, value in enumerate(values))
    judged_ = Look(
        name="a", size=Size(1, 1), at=1.0, noun="day", other="day", same=known[:8], all=known, known=known
    )

    def bounds(a_year: float) -> list[float]:
        share = Share(a_year=a_year, wanted=a_year)
        found, doubt, _ = UsualLimits(None, None, share, "bytes", None, 8).learned(judged_)
        assert doubt is None
        return [each.value for each in found]

    fewer, more = bounds(min(one, other)), bounds(max(one, other))
    assert fewer[0] <= more[0] <= more[1] <= fewer[1]


def test_limits_of_one_table_share_what_the_table_may_raise() -> None:
    lake = MemoryLake()
    one, two = lake.table("sales.one", dt="string"), lake.table("sales.two", dt="string")
    both = plan_of(one, partitions=DAILY, freshness={"auto": True}, volume={"auto": True})
    alone = plan_of(two, partitions=DAILY, volume={"auto": True})
    shares = [
        {rule.check: rule.share for rule in plan.rules if rule.share is not None}
        for plan in shared([both, alone], 0.1)
    ]
    assert {check: share.a_year for check, share in shares[0].items()} == pytest.approx(
        {"freshness": 0.3, "volume": 0.3}
    )
    assert shares[1]["volume"].a_year == pytest.approx(0.6)
    assert shares[0]["volume"].say("it") == (
        "it may raise 0.3 false alarms a year (2 tables and 2 learned limits of it share them)"
    )


def empties(lake: MemoryLake, days: int, *, full: tuple[int, ...] = ()) -> TablePlan:
    """Return the plan of a table of days whose files hold no byte, but for some days (1: the one that is judged)."""
    table = lake.table("sales.orders", dt="string")
    for back in range(1, days + 1):
        day = (NOW - back * DAY).date().isoformat()
        lake.put(
            f"{hive_location(table, [day])}a.csv", NOW - back * DAY + 16 * HOUR, 100 if back in full else 0
        )
        lake.register(table, [day], at=NOW - back * DAY + 16 * HOUR)
    return plan_of(table, partitions=DAILY, volume="auto")


@pytest.mark.parametrize("days", [1, 2, 70])
def test_files_that_never_held_a_byte_are_told(days: int) -> None:
    lake = MemoryLake()
    finding = find(lake, empties(lake, days), "volume")
    assert finding.severity is Severity.CRITICAL
    assert finding.because == (
        "2026-11-22 came to 0 B in 1 empty file: less than 1 B: nothing that is known of it ever held any, and what "
        "holds none is no data"
    )


@pytest.mark.parametrize("full", [(2,), (8,), (3, 30)])
def test_where_bytes_came_at_times_these_tell_what_is_usual(full: tuple[int, ...]) -> None:
    lake = MemoryLake()
    assert find(lake, empties(lake, 70, full=full), "volume").status is not Status.FAIL


def test_a_weekday_of_empty_files_is_as_usual() -> None:
    lake = MemoryLake()
    same = tuple(back for back in range(1, 70) if back % 7 != 1)
    assert find(lake, empties(lake, 70, full=same), "volume").status is Status.PASS


def test_a_place_of_empty_files_alone_is_told() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders")
    lake.put(f"{table.location}a.csv", NOW - HOUR, 0)
    assert find(lake, plan_of(table, volume="auto"), "volume").severity is Severity.CRITICAL
    lake.put(f"{table.location}b.csv", NOW - HOUR, 1)
    assert find(lake, plan_of(table, volume="auto"), "volume").status is Status.UNKNOWN


def test_a_memory_of_bytes_is_enough_for_them_to_have_come() -> None:
    lake = MemoryLake()
    plan = empties(lake, 3)
    assert find(lake, plan, "volume").status is Status.FAIL
    before = TableMemory(sizes={"2026-09-01": Size(5, 1)})
    assert find(lake, replace(plan, memory=before), "volume").status is not Status.FAIL
