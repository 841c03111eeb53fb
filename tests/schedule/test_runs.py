"""When the monitor runs: EventBridge's expressions, what is refused of them, and the longest time between two runs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from checks.schedule.runs import DEFAULT_CRON, RunTimes, parse
from tests.support.times import DAY, HOUR, at

NOW = at("2026-11-23 12:00")  # a Monday
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("expression", "run"),
    [
        (DEFAULT_CRON, "2026-11-24 00:00"),
        ("cron(0 12 * * ? *)", "2026-11-23 12:00"),
        ("cron(59 11 * * ? *)", "2026-11-24 11:59"),
        ("cron(0/30 * * * ? *)", "2026-11-23 12:00"),
        ("cron(7/10 * * * ? *)", "2026-11-23 12:07"),
        ("cron(*/25 * * * ? *)", "2026-11-23 12:00"),
        ("cron(1-9/4 13 * * ? *)", "2026-11-23 13:01"),
        ("cron(5 6 ? * MON-FRI *)", "2026-11-24 06:05"),
        ("cron(5 6 ? * mon-fri *)", "2026-11-24 06:05"),
        ("cron(5 6 ? * 2-6 *)", "2026-11-24 06:05"),
        ("cron(5 6 ? * 1 *)", "2026-11-29 06:05"),
        ("cron(5 6 ? * SUN *)", "2026-11-29 06:05"),
        ("cron(5 6 ? * L *)", "2026-11-28 06:05"),
        ("cron(5 6 ? * 6L *)", "2026-11-27 06:05"),
        ("cron(5 6 ? * FRIL *)", "2026-11-27 06:05"),
        ("cron(5 6 ? * 2L *)", "2026-11-30 06:05"),
        ("cron(5 6 ? * 2#1 *)", "2026-12-07 06:05"),
        ("cron(5 6 ? * TUE#4 *)", "2026-11-24 06:05"),
        ("cron(5 6 ? * 2#5 *)", "2026-11-30 06:05"),
        ("cron(5 6 1 * ? *)", "2026-12-01 06:05"),
        ("cron(5 6 L * ? *)", "2026-11-30 06:05"),
        ("cron(5 6 31 * ? *)", "2026-12-31 06:05"),
        ("cron(5 6 L 2 ? *)", "2027-02-28 06:05"),
        ("cron(5 6 29 FEB ? *)", "2028-02-29 06:05"),
        ("cron(5 6 28W * ? *)", "2026-11-27 06:05"),  # a Saturday: the Friday before
        ("cron(5 6 29W * ? *)", "2026-11-30 06:05"),  # a Sunday: the Monday after
        ("cron(5 6 30W * ? *)", "2026-11-30 06:05"),  # a Monday
        ("cron(5 6 31W 1 ? *)", "2027-01-29 06:05"),  # a Sunday at a month's end: the Friday
        ("cron(5 6 1W 5 ? *)", "2027-05-03 06:05"),  # a Saturday at a month's start: the Monday
        ("cron(5 6 1,L,15W * ? *)", "2026-11-30 06:05"),
        ("cron(0 0 1 JAN,jul ? *)", "2027-01-01 00:00"),
        ("cron(0 0 1 1 ? 2030-2032)", "2030-01-01 00:00"),
        ("cron(0 0 1 1 ? 2027/2)", "2027-01-01 00:00"),
        ("cron(0 0 31 12 ? 2199)", "2199-12-31 00:00"),
        ("0 13 * * *", "2026-11-23 13:00"),
        ("0 13 * * ? *", "2026-11-23 13:00"),
        ("rate(1 hour)", "2026-11-23 12:00"),
        ("rate(5 hours)", "2026-11-23 15:00"),
    ],
)
def test_when_a_run_comes(expression: str, run: str) -> None:
    following = RunTimes(expression).first_at_or_after(NOW)
    assert following == at(run)
    assert RunTimes(expression).first_at_or_after(at(run) - MINUTE) == at(run)
    later = RunTimes(expression).first_at_or_after(at(run) + MINUTE)
    assert later is None or later > at(run)


@pytest.mark.parametrize(
    "expression", ["cron(0 0 1 1 ? 2025)", "cron(0 0 31 2 ? *)", "cron(0 12 23 11 ? 1970-2025)"]
)
def test_a_schedule_that_never_comes_again(expression: str) -> None:
    assert RunTimes(expression).first_at_or_after(NOW) is None
    assert parse(expression).longest_gap(NOW) is None


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("", "is no schedule of an EventBridge rule; write one such as cron"),
        ("soon", "is no schedule"),
        ("0 0 * * *", "is no schedule"),
        ("at(2026-11-23T00:00:00)", "is no schedule"),
        ("cron(1 2 3)", "it has 3 fields and needs six"),
        ("cron(0 0 * * ?)", "it has 5 fields"),
        ("cron(60 0 * * ? *)", "minutes: '60' is not 0 to 59"),
        ("cron(0 24 * * ? *)", "hours: '24' is not 0 to 23"),
        ("cron(-1 0 * * ? *)", "minutes: '' is not 0 to 59"),
        ("cron(0 0 0 * ? *)", "day of month: '0' is not 1 to 31"),
        ("cron(0 0 32 * ? *)", "day of month: '32'"),
        ("cron(0 0 32W * ? *)", "day of month: '32'"),
        ("cron(0 0 LW * ? *)", "day of month: 'L'"),
        ("cron(0 0 * 13 ? *)", "month: '13' is not 1 to 12, or JAN to DEC"),
        ("cron(0 0 * JANUARY ? *)", "month: 'JANUARY'"),
        ("cron(0 0 ? * 0 *)", "day of week: '0' is not 1 to 7, or SUN to SAT"),
        ("cron(0 0 ? * 8 *)", "day of week: '8'"),
        ("cron(0 0 ? * 3#0 *)", "one day only, such as 3#2"),
        ("cron(0 0 ? * 3#6 *)", "one day only"),
        ("cron(0 0 ? * 3#1,6#3 *)", "one day only"),
        ("cron(0 0 ? * 2/2 *)", "it takes no steps"),
        ("cron(0 0 ? * FRI-MON *)", "FRI-MON runs backwards; write two ranges"),
        ("cron(0 22-4 * * ? *)", "22-4 runs backwards"),
        ("cron(0 0 * * ? 1969)", "year: '1969' is not 1970 to 2199"),
        ("cron(0 0 * * ? 2200)", "year: '2200'"),
        ("cron(0/0 0 * * ? *)", "what stands behind / is a whole number from 1"),
        ("cron(0/x 0 * * ? *)", "what stands behind /"),
        ("cron(0,, 0 * * ? *)", "minutes: ''"),
        ("cron(0 0 * * * *)", "one of day of month and day of week says when, and the other is [?]"),
        ("cron(0 0 ? * ? *)", "the other is [?]"),
        ("cron(0 0 1 * MON *)", "the other is [?]"),
        ("cron(? 0 * * ? *)", "minutes: '[?]'"),
        ("rate(x)", "a rate is a whole number from 1"),
        ("rate(0 hours)", "a rate is a whole number from 1"),
        ("rate(-1 hours)", "a rate is"),
        ("rate(1.5 hours)", "a rate is"),
        ("rate(2 weeks)", "a rate is"),
        ("rate(30 seconds)", "a rate is"),
        ("rate(1 minutes)", r"write rate\(1 minute\)"),
        ("rate(5 minute)", r"write rate\(5 minutes\)"),
        ("rate(1 days)", r"write rate\(1 day\)"),
    ],
)
def test_what_eventbridge_would_refuse_is_told_with_what_to_write(expression: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse(expression)


@pytest.mark.parametrize("expression", ["0 0 * *", "99 * * * *", "rate(1 minutes)", "cron(0 0 * * ?)"])
def test_run_times_refuse_what_is_neither_eventbridges_nor_plain_cron(expression: str) -> None:
    with pytest.raises(ValueError, match=r"is no schedule|is not read"):
        RunTimes(expression).first_at_or_after(NOW)


@pytest.mark.parametrize(
    ("expression", "longest", "shortest"),
    [
        (DEFAULT_CRON, DAY, DAY),
        ("cron(0 6,18 * * ? *)", 12 * HOUR, 12 * HOUR),
        ("cron(0 6,9 * * ? *)", 21 * HOUR, 3 * HOUR),
        ("cron(0/20 * * * ? *)", HOUR / 3, HOUR / 3),
        ("cron(0 6 ? * MON-FRI *)", 3 * DAY, DAY),
        ("cron(0 6-8 ? * MON-FRI *)", 3 * DAY - 2 * HOUR, HOUR),
        ("cron(0 6 ? * MON *)", 7 * DAY, 7 * DAY),
        ("cron(0 6 1 * ? *)", 31 * DAY, 28 * DAY),
        ("cron(0 6 29 2 ? *)", 2921 * DAY, 1461 * DAY),  # 2100 is no leap year
        ("cron(* * * * ? *)", MINUTE, MINUTE),
        ("rate(1 minute)", MINUTE, MINUTE),
        ("rate(7 days)", 7 * DAY, 7 * DAY),
    ],
)
def test_the_time_between_two_runs(expression: str, longest: timedelta, shortest: timedelta) -> None:
    schedule = parse(expression)
    assert schedule.longest_gap(NOW) == longest
    assert schedule.shortest_gap(NOW) == shortest
