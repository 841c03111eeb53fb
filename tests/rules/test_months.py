"""What is usual by the day of the month: where the weekday explains it not, and where `season: month` says so."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.config import ConfigErrors, load
from checks.model import Finding, ProblemKind, Status
from checks.rules.months import places_before
from checks.schedule.calendars import Calendar
from checks.schedule.due import Schedule
from checks.schedule.periods import DAILY, HOURLY, MONTHLY, WEEKLY, period_of
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.rule_checks import find, judged, look, plan_of
from tests.support.times import BERLIN, DAY, HOUR, UTC_ZONE, at

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.model import Table
    from tests.support.lakes import LakeBuilder

BY_DAY: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 3, "key": "dt", "format": "%Y-%m-%d"}
FIRST = date(2026, 12, 1)


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return any_lake


def ordinary(day: date) -> int:
    return 2000 + day.day * 7


def billing(day: date) -> int:
    return 21_000 if day.day == 1 else ordinary(day)


def closing(day: date) -> int:
    """Return sizes of a table whose last day of the month is ten times the others."""
    return 20_000 if day.day == monthrange(day.year, day.month)[1] else 2000


def judged_on(
    day: date,
    size: int | None,
    sizes: Callable[[date], int],
    *,
    days: int = 150,
    **volume: Any,
) -> Finding:
    """Return the verdict on a day of so many bytes, after days of these sizes."""
    lake = MemoryLake()
    table = lake.table("fin.bill", dt="string")
    fill(lake, table, day, days, lambda each: size if size is not None and each == day else sizes(each))
    return find(lake, plan_of(table, partitions=BY_DAY, volume=volume), "volume", morning_after(day))


def fill(lake: LakeBuilder, table: Table, day: date, days: int, sizes: Callable[[date], int]) -> None:
    """Load so many days, the last one that day, each by one o'clock of the next."""
    for back in range(days):
        each = day - back * timedelta(days=1)
        came = at(each.isoformat()) + DAY + HOUR
        lake.put(f"{hive_location(table, [each.isoformat()])}a.parquet", came, sizes(each))
        lake.register(table, [each.isoformat()], at=came)


def morning_after(day: date) -> datetime:
    return at(day.isoformat()) + DAY + 8 * HOUR


@pytest.mark.parametrize("volume", [{"rise": "300%"}, {"auto": True}], ids=str)
def test_the_first_of_the_month_explains_what_the_weekday_does_not(volume: dict[str, Any]) -> None:
    finding = judged_on(FIRST, None, billing, **volume)
    assert finding.status is Status.PASS
    assert "the usual is 21 kB (median of day 1 of the last 4 months)" in finding.because
    assert finding.usual == "about 21 kB (day 1 of the last 4 months)"
    other = judged_on(FIRST + timedelta(days=1), 21_000, billing, **volume)
    assert other.status is Status.FAIL


@pytest.mark.parametrize(("size", "status"), [(83_999, "pass"), (84_000, "pass"), (84_001, "fail")])
def test_exactly_the_limit_by_the_day_of_the_month_passes(size: int, status: str) -> None:
    finding = judged_on(FIRST, size, billing, rise="300%")
    assert finding.status.value == status
    if status == "fail":
        assert "the usual is 2.1 kB (median of the last 8 Tuesdays" in finding.because


@pytest.mark.parametrize(("days", "status"), [(122, "fail"), (123, "pass"), (124, "pass")])
def test_four_months_have_to_agree(days: int, status: str) -> None:
    """Day 1 of August is the fourth before that of December: 122 days before it."""
    assert judged_on(FIRST, None, billing, days=days, rise="300%").status.value == status


def test_months_that_differ_explain_nothing() -> None:
    wild = {9: 500, 10: 21_000, 11: 2_000, 8: 90_000}
    finding = judged_on(
        FIRST, 21_000, lambda day: wild.get(day.month, 21_000) if day.day == 1 else 2000, auto=True
    )
    assert finding.status is Status.FAIL


@pytest.mark.parametrize("day", [date(2026, 2, 28), date(2026, 4, 30), date(2026, 5, 31), date(2028, 2, 29)])
def test_the_last_day_is_the_last_day_however_long_the_month(day: date) -> None:
    assert judged_on(day, None, closing, days=290, rise="300%").status is Status.PASS
    assert judged_on(day - timedelta(days=1), 20_000, closing, days=290, rise="300%").status is Status.FAIL


def test_a_drop_is_explained_by_months_in_which_it_came_each_time() -> None:
    quiet = judged_on(FIRST, None, lambda day: 100 if day.day == 1 else 2000, drop="60%")
    assert quiet.status is Status.PASS
    assert quiet.because.endswith(
        "expected at least 40 B; the usual is 100 B (median of day 1 of the last 4 months)"
    )


def test_a_growing_table_was_smaller_months_ago_and_that_excuses_no_drop() -> None:
    def grows(day: date) -> int:
        return int(1000 * 2 ** ((day - FIRST).days / 60)) + 1

    assert judged_on(FIRST, None, grows, days=270, drop="60%").status is Status.PASS
    for size in (50, 150, 270):
        assert judged_on(FIRST, size, grows, days=270, drop="60%").status is Status.FAIL


def test_season_week_leaves_the_month_out() -> None:
    assert judged_on(FIRST, None, billing, rise="300%", season="week").status is Status.FAIL


@pytest.mark.parametrize(("size", "status"), [(8399, "fail"), (8400, "pass"), (8401, "pass")])
def test_season_month_misses_what_the_day_of_the_month_brings(size: int, status: str) -> None:
    """A first of the month as small as any other day is a drop."""
    finding = judged_on(FIRST, size, billing, drop="60%", season="month")
    assert finding.status.value == status
    if status == "fail":
        assert finding.because.endswith(
            "just less than 8.4 kB: the usual is 21 kB (median of day 1 of the last 4 months), and drop allows 60 %"
        )


def test_season_month_takes_the_end_that_months_differ_less_by() -> None:
    finding = judged_on(date(2026, 11, 30), 2000, closing, days=290, drop="60%", season="month")
    assert finding.status is Status.FAIL
    assert "median of the last day of the last 8 months" in finding.because
    on_30 = judged_on(
        date(2026, 11, 30),
        None,
        lambda day: 20_000 if day.day == 30 else 2000,
        days=290,
        drop="60%",
        season="month",
    )
    assert on_30.status is Status.PASS
    assert "median of day 30 of the last 8 months" in on_30.because


@pytest.mark.parametrize(("days", "known"), [(61, 1), (122, 3), (123, 4)])
def test_season_month_with_too_few_months_is_unknown(days: int, known: int) -> None:
    finding = judged_on(FIRST, None, billing, days=days, drop="60%", season="month")
    if known == 4:
        assert finding.status is Status.PASS
    else:
        assert finding.problem is ProblemKind.TOO_LITTLE_HISTORY
        months = "1 month" if known == 1 else f"{known} months"
        assert f"what is usual is not known: {months} seen, 4 needed" in finding.because


def test_what_is_no_day_has_no_day_of_the_month() -> None:
    lake = MemoryLake()
    lake.put("s3://raw/a/1.csv", at("2026-11-22"), 100)
    finding = find(lake, plan_of(prefix("s3://raw/a/"), volume={"drop": "60%", "season": "month"}), "volume")
    assert finding.problem is ProblemKind.UNSUPPORTED
    assert finding.advice == "write a partitions check of days beside it, or take season out"


def test_months_are_looked_at_only_where_a_verdict_rests_on_them(lake: LakeBuilder) -> None:
    table = lake.table("fin.bill", dt="string")
    fill(lake, table, FIRST, 150, billing)
    plan = plan_of(table, partitions=BY_DAY, volume={"rise": "300%"})
    looks: list[dict[str, int]] = []
    seen = look(lake, plan, morning_after(FIRST - timedelta(days=1)))
    looks.append(dict(lake.counts))
    seen = look(lake, plan, morning_after(FIRST))
    looks.append({key: count - looks[0][key] for key, count in lake.counts.items()})
    assert looks == [
        {"glue:GetPartitions": 1, "s3:ListObjectsV2": 1},
        {"glue:GetPartitions": 2, "s3:ListObjectsV2": 2},
    ]
    firsts = {f"2026-{month:02}-01" for month in (8, 9, 10, 11)}
    assert firsts <= {each.period.label for each in seen.partitions}
    assert judged(plan, seen, morning_after(FIRST))["volume"].status is Status.PASS


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ({"volume": {"season": "month", "min_files": 1}}, "season says what drop, rise and auto compare with"),
        ({"volume": {"season": "year", "drop": "60%"}}, "'year' is none of the words that may stand here"),
        ({"volume": {"season": "month", "drop": "60%"}, "partitions": {"every": "1w"}},
         "season: month compares days or parts of them, and a period is a week here; take it out"),
        ({"volume": {"season": "month", "drop": "60%"}, "partitions": {"every": "1mo"}},
         "season: month compares days or parts of them, and a period is a month here; take it out"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(blocks: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigErrors) as refused:
        load({"version": 1, "tables": [{"table": "a.b", **blocks}]}, environ={})
    assert said in str(refused.value)


def schedule(every: Any = DAILY, **values: Any) -> Schedule:
    return Schedule(every=every, labels=UTC_ZONE, zone=BERLIN, **values)


def labels(judged: str, every: Any = DAILY, **values: Any) -> dict[str, list[str]]:
    due = schedule(every, **values)
    period = period_of(datetime.fromisoformat(judged), every, UTC_ZONE)
    assert period is not None
    return {place.name: [each.label for each in place.periods] for place in places_before(due, period, 3)}


def test_places_in_the_month() -> None:
    assert labels("2026-03-31") == {
        "day 31": ["2026-01-31", "2025-12-31", "2025-10-31"],
        "the last day": ["2026-02-28", "2026-01-31", "2025-12-31"],
    }
    assert labels("2026-03-25") == {
        "day 25": ["2026-02-25", "2026-01-25", "2025-12-25"],
        "the seventh last day": ["2026-02-22", "2026-01-25", "2025-12-25"],
    }
    assert labels("2026-03-24") == {"day 24": ["2026-02-24", "2026-01-24", "2025-12-24"]}
    assert labels("2026-03-01T05:00", HOURLY) == {
        "day 1": ["2026-02-01T05:00", "2026-01-01T05:00", "2025-12-01T05:00"]
    }
    assert labels("2026-03-02", WEEKLY) == labels("2026-03-01", MONTHLY) == {}


def test_days_that_are_not_due_and_those_before_the_first_are_passed_over() -> None:
    weekdays = Calendar("weekdays", frozenset({5, 6}))
    assert labels("2026-12-01", calendar=weekdays) == {"day 1": ["2026-10-01", "2026-09-01", "2026-07-01"]}
    assert labels("2026-12-01", since=date(2026, 11, 1)) == {"day 1": ["2026-11-01"]}


@settings(max_examples=200, deadline=None)
@given(day=st.dates(date(2000, 1, 1), date(2030, 12, 31)), months=st.integers(1, 12))
def test_each_place_is_of_other_months_and_as_far_from_their_start_or_end(day: date, months: int) -> None:
    period = period_of(datetime(day.year, day.month, day.day), DAILY, UTC_ZONE)
    assert period is not None
    for number, place in enumerate(places_before(schedule(), period, months)):
        days = [each.wall.date() for each in place.periods]
        assert len(days) == months
        assert days == sorted(days, reverse=True)
        assert all((each.year, each.month) < (day.year, day.month) for each in days)
        assert len({(each.year, each.month) for each in days}) == months
        ends = {monthrange(each.year, each.month)[1] - each.day for each in (*days, day)}
        assert len({each.day for each in (*days, day)} if not number else ends) == 1
