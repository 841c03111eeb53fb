"""Laws of grace and windows: they only ever soften and put off, and forgive nothing for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.assess import Measured, assess
from checks.lake.observe import observe
from checks.model import ItemState, Severity, TableMemory
from checks.rules.asking import Clock
from checks.rules.base import NOTHING_MORE, Binding, TablePlan
from checks.rules.freshness import FreshnessConfig, FreshnessRule
from checks.rules.partitions import PartitionsConfig, PartitionsRule
from checks.schedule.windows import Window
from tests.support.lakes import MemoryLake, hive_location
from tests.support.times import BERLIN, DAY, HOUR, at

QUARTER = timedelta(minutes=15)
SPANS = st.integers(1, 40 * 4).map(lambda quarters: quarters * QUARTER)
WINDOW = st.builds(
    Window,
    st.integers(0, 95).map(lambda quarters: quarters * QUARTER),
    st.integers(1, 96).map(lambda quarters: quarters * QUARTER),
    st.frozensets(st.integers(0, 6), min_size=1, max_size=3),
).filter(lambda each: each.start != each.end)
MOMENTS = st.datetimes(datetime(2026, 1, 5), datetime(2026, 12, 20)).map(
    lambda moment: moment.replace(tzinfo=UTC, microsecond=0)
)
LIMITS = st.sampled_from(
    [{"by": "06:00", "within": "6h"}, {"by": "0 */6 * * *"}, {"by": "30 2 * * 1-5"}, {"max_age": "24h"},
     {"warn_after": "6h", "error_after": "30h"}]
)  # fmt: skip


def fresh(limits: dict[str, Any], *windows: Window, **more: Any) -> FreshnessRule:
    names = {"windows": "own"} if windows else {}
    binding = Binding(zone=BERLIN, windows={"own": windows})
    return FreshnessConfig.model_validate({**limits, **names, **more}).bind(binding)


@settings(max_examples=150, deadline=None)
@given(limits=LIMITS, windows=st.lists(WINDOW, min_size=1, max_size=3), now=MOMENTS)
def test_windows_never_make_a_fresh_table_stale(
    limits: dict[str, Any], windows: list[Window], now: datetime
) -> None:
    try:
        own = fresh(limits, *windows)
    except ValueError:  # they cover all time
        return
    for with_windows, plain in zip(own.limits_at(now), fresh(limits).limits_at(now), strict=True):
        assert (with_windows is None) == (plain is None)
        if with_windows is not None and plain is not None:
            assert with_windows <= plain


@settings(max_examples=150, deadline=None)
@given(limits=LIMITS.filter(lambda each: "by" in each), grace=SPANS, now=MOMENTS)
def test_grace_is_a_warning_first_and_critical_as_late_as_it_is_long(
    limits: dict[str, Any], grace: timedelta, now: datetime
) -> None:
    own, plain = replace(fresh(limits), grace=grace), fresh(limits)
    warning, critical = own.limits_at(now)
    assert warning == plain.limits_at(now)[1]
    assert critical == plain.limits_at(now - grace)[1]
    assert warning is not None
    assert critical is None or critical <= warning


@settings(max_examples=60, deadline=None)
@given(limits=LIMITS.filter(lambda each: "by" in each), window=WINDOW, grace=st.none() | SPANS, now=MOMENTS)
def test_within_a_window_no_limit_moves(
    limits: dict[str, Any], window: Window, grace: timedelta | None, now: datetime
) -> None:
    own = replace(fresh(limits, window), grace=grace)
    assert own.windows is not None
    end = own.windows.end_after(now)
    if end > now:
        assert own.limits_at(end - timedelta(seconds=1)) == own.limits_at(now)


def verdict(rule: PartitionsRule, absent: frozenset[int], now: datetime) -> tuple[Severity | None, set[str]]:
    lake = MemoryLake()
    lake.bucket("lake")
    table = lake.table("a.b", dt="string")
    for number in range(8):
        if number not in absent:
            day = at("2026-11-14") + number * DAY
            location = hive_location(table, [f"{day:%Y-%m-%d}"])
            lake.register(table, (f"{day:%Y-%m-%d}",), location, day + DAY + HOUR)
            lake.put(f"{location}a.parquet", day + DAY + HOUR)
    plan = TablePlan(table=table, rules=(rule,), stated_layout=rule.stated_layout, memory=TableMemory())
    clock = Clock(now=now)
    row = rule.measure(observe(plan, clock, lake.reader(plan)), clock, plan.memory)
    (finding,) = assess([Measured(NOTHING_MORE, rule, row)])
    missing = {item.period for item in finding.items if item.state is ItemState.MISSING}
    return finding.severity, missing


@settings(max_examples=40, deadline=None)
@given(
    absent=st.frozensets(st.integers(1, 7), max_size=4),
    error_when=st.integers(1, 3),
    grace=SPANS,
    minutes=st.integers(0, 72 * 60),
)
def test_critical_needs_both_and_what_is_missing_is_told_all_the_same(
    absent: frozenset[int], error_when: int, grace: timedelta, minutes: int
) -> None:
    now = at("2026-11-21 00:00") + timedelta(minutes=minutes)
    block = {"due": "06:00", "lookback": 5, "error_when": error_when, "key": "dt", "format": "%Y-%m-%d"}
    plain = PartitionsConfig.model_validate(block).bind(Binding(zone=BERLIN))
    rule = replace(plain, schedule=replace(plain.schedule, grace=grace))
    severity, missing = verdict(rule, absent, now)
    assert missing == verdict(plain, absent, now)[1]
    over = {due.period.label for due in plain.schedule.due(now) if due.due_at + grace <= now} & missing
    expected = Severity.CRITICAL if len(over) >= error_when else Severity.WARNING if missing else None
    assert severity == expected


@settings(max_examples=60, deadline=None)
@given(limits=LIMITS.filter(lambda each: "by" in each), windows=st.lists(WINDOW, max_size=2), since=MOMENTS)
def test_what_stands_still_is_overdue_when_it_first_fails(
    limits: dict[str, Any], windows: list[Window], since: datetime
) -> None:
    try:
        own = fresh(limits, *windows)
    except ValueError:  # they cover all time
        return
    standstill = own.absence(since).standstill
    assert standstill is not None
    assert standstill.overdue_at is not None
    overdue = standstill.overdue_at
    before, at_it = (own.limits_at(overdue - timedelta(seconds=1))[1], own.limits_at(overdue)[1])
    assert at_it is not None
    assert at_it > since
    assert before is None or before <= since
