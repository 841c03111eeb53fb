"""Windows, grace and slow cadences in a config: what is taken, and what is a mistake."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

import pytest

from checks.config import ConfigErrors, load
from checks.rules.freshness import FreshnessRule
from checks.rules.partitions import PartitionsRule
from tests.support.times import HOUR, at

SUNDAYS = {"days": ["sun"], "start": "02:00", "end": "04:00"}
DAILY = {"start": "00:00", "end": "24:00"}


def loaded(windows: Any = None, *, defaults: Any = None, timezone: str = "UTC", **blocks: Any) -> Any:
    document = {"version": 1, "timezone": timezone, "tables": [{"table": "a.b", **blocks}]}
    document |= {"windows": windows} if windows is not None else {}
    document |= {"defaults": defaults} if defaults is not None else {}
    return load(document, environ={}).resolve(None, "a", "b").rules  # type: ignore[union-attr]


def mistakes(windows: Any = None, **blocks: Any) -> str:
    with pytest.raises(ConfigErrors) as caught:
        loaded(windows, **blocks)
    return str(caught.value)


def test_one_window_or_several_are_taken_by_their_names() -> None:
    for written in (SUNDAYS, [SUNDAYS]):
        (rule,) = loaded({"maintenance": written}, freshness={"by": "03:00", "windows": "maintenance"})
        assert isinstance(rule, FreshnessRule)
        assert rule.due_at(at("11-22 03:00")) == at("11-22 04:00")
    several = {"sundays": SUNDAYS, "late": [{"start": "23:00", "end": "02:00"}]}
    (both,) = loaded(several, partitions={"after": "1h", "windows": ["sundays", "late"]})
    assert isinstance(both, PartitionsRule)
    assert both.schedule.windows is not None
    assert both.schedule.windows.end_after(at("11-21 23:30")) == at("11-22 04:00")
    assert both.schedule.windows.name == "sundays and late"


def test_windows_are_in_the_zone_of_the_check_unless_they_name_one() -> None:
    own = {**SUNDAYS, "timezone": "UTC"}
    for written, due in ((SUNDAYS, "11-22 03:00"), (own, "11-22 04:00")):
        (rule,) = loaded(
            {"m": written}, freshness={"by": "03:00", "windows": "m", "timezone": "Europe/Berlin"}
        )
        assert isinstance(rule, FreshnessRule)
        assert rule.due_at(at("11-22 02:30")) == at(due)


def test_defaults_name_windows_too() -> None:
    (rule,) = loaded({"m": SUNDAYS}, defaults={"freshness": {"max_age": "1d", "windows": "m"}})
    assert isinstance(rule, FreshnessRule)
    assert rule.windows is not None


NEVER = "all time is within maintenance, so a deadline can never fall on an open time; leave some of it open"


@pytest.mark.parametrize(
    ("windows", "told"),
    [
        ([DAILY], f"config: windows.maintenance: {NEVER}"),
        (DAILY, f"config: windows.maintenance: {NEVER}"),
        ([{"start": "06:00", "end": "05:00"}, {"start": "05:00", "end": "06:00"}], NEVER),
        ([{**DAILY, "days": ["mon", "tue", "wed"]}, {**DAILY, "days": ["thu", "fri", "sat", "sun"]}], NEVER),
        ([{**SUNDAYS, "start": "24:00"}],
         "windows.maintenance[0].start: a window begins before the end of a day; write 00:00"),
        ([{**SUNDAYS, "end": "02:00"}],
         'maintenance[0].end: is its start, so it lasts no time; for a whole day write start: "00:00", end: "24:00"'),
        ([{**SUNDAYS, "end": "4 am"}], "maintenance[0].end: '4 am' is not a time of day; write HH:MM"),
        ([{**SUNDAYS, "days": ["sunday"]}],
         "'sunday' is no day; write one of mon, tue, wed, thu, fri, sat, sun, or a date"),
        ([{**SUNDAYS, "days": ["2026-02-30"]}], "'2026-02-30' is no day"),
        ([{**SUNDAYS, "timezone": "Berlin/Europe"}], "is not a time zone"),
        ([{"start": "02:00"}], "maintenance[0]: end is missing; write it, such as end: 04:00"),
        ([{**SUNDAYS, "from": "02:00"}], "'from' is not known here; write start"),
        (["sun 02:00-04:00"], "maintenance[0]: 'sun 02:00-04:00' is no window; write such as {days: [sun], start"),
        ("sun", "maintenance: 'sun' is no window; write such as {days: [sun]"),
        ([], "maintenance: 0 windows; write one, or a list of up to 50"),
        ([SUNDAYS] * 51, "maintenance: 51 windows; write one"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_windows_is_told(windows: Any, told: str) -> None:
    found = mistakes({"maintenance": windows}, freshness={"by": "03:00", "windows": "maintenance"})
    assert told in found
    assert len(found.splitlines()) == 1


def test_windows_that_cover_all_time_together_are_told_where_they_are_named() -> None:
    halves = {"am": {"start": "00:00", "end": "12:00"}, "pm": {"start": "12:00", "end": "24:00"}}
    told = mistakes(halves, partitions={"due": "06:00", "windows": ["am", "pm"]})
    assert told.startswith("config: a.b: partitions.windows: all time is within am and pm, so a deadline")
    assert loaded(halves, partitions={"due": "06:00", "windows": ["am"]})


@pytest.mark.parametrize("check", ["freshness", "partitions"])
def test_a_name_that_is_not_defined_is_told(check: str) -> None:
    block = {"by": "06:00"} if check == "freshness" else {"due": "06:00"}
    told = mistakes({"m": SUNDAYS, "n": SUNDAYS}, **{check: {**block, "windows": ["m", "o"]}})
    assert (
        told == f"config: a.b: {check}.windows: 'o' names no windows; define them under windows (known: m, n)"
    )
    inline = mistakes({"m": SUNDAYS}, **{check: {**block, "windows": SUNDAYS}})
    assert "end: '04:00'} is no name; define it at the top of the config, and write its name here" in inline
    assert "names nothing; write a name" in mistakes({"m": SUNDAYS}, **{check: {**block, "windows": []}})


@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        ({"freshness": {"max_age": "1d", "grace": "1h"}},
         'grace counts from a deadline; write by beside it, such as by: "06:00"'),
        ({"partitions": {"grace": "1h"}},
         'grace counts from a deadline; write due or after beside it, such as due: "06:00"'),
        ({"partitions": {"due": "06:00", "grace": "soon"}}, "partitions.grace: 'soon' is not a duration"),
        ({"partitions": {"due": "06:00", "grace": "0m"}}, "is not a duration above zero"),
        ({"partitions": {"due": "06:00", "grace_period": "1h"}}, "'grace_period' is not known here; write grace"),
        ({"partitions": {"anchor": "2026-01-05"}},
         "anchor is where pairs of weeks begin; every is 1d; write every: 2w, or take it out"),
        ({"partitions": {"every": "1w", "anchor": "2026-01-05"}}, "every is 1w"),
        ({"partitions": {"every": "2w", "anchor": "W03"}}, "partitions.anchor"),
        ({"partitions": {"every": "6mo"}}, "'6mo' does not divide time evenly; write one of 15m"),
        ({"partitions": {"every": "quarterly"}}, "'quarterly' is not a cadence; write 3mo"),
        ({"partitions": {"maintenance_windows": "x"}}, "'maintenance_windows' is not known here; write windows"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_grace_and_cadences_is_told(blocks: dict[str, Any], told: str) -> None:
    assert told in mistakes(**blocks)


def test_windows_on_an_entry_belong_into_the_check_that_stands_there() -> None:
    with pytest.raises(
        ConfigErrors, match=r"windows is a key of freshness; write freshness: \{windows: \.\.\.\}"
    ):
        load(
            {"version": 1, "tables": [{"table": "a.b", "freshness": {"by": "06:00"}, "windows": "m"}]},
            environ={},
        )


def freshness(defaults: dict[str, str], own: dict[str, str]) -> FreshnessRule:
    (rule,) = loaded(defaults={"freshness": defaults}, freshness=own)
    assert isinstance(rule, FreshnessRule)
    return rule


def partitions(defaults: dict[str, str], own: dict[str, str]) -> PartitionsRule:
    (rule,) = loaded(defaults={"partitions": defaults}, partitions=own)
    assert isinstance(rule, PartitionsRule)
    return rule


def test_an_inherited_grace_stays_with_another_deadline_and_goes_without_any() -> None:
    inherited = {"by": "06:00", "grace": "1h"}
    assert freshness(inherited, {"max_age": "1d"}).grace is None
    assert freshness(inherited, {"by": "08:00"}).grace == HOUR
    assert freshness(inherited, {"grace": "2h"}).grace == 2 * HOUR
    assert freshness({"grace": "1h"}, {"by": "08:00"}).grace == HOUR
    due = {"due": "06:00", "grace": "1h"}
    assert partitions(due, {"after": "3h"}).schedule.grace == HOUR
    assert partitions(due, {"grace": "2h"}).schedule.grace == 2 * HOUR
    assert partitions({"grace": "1h"}, {"every": "1h"}).schedule.grace == 0 * HOUR
    assert partitions({"grace": "1h", "lookback": "7"}, {"each": "region"}).schedule.grace == 0 * HOUR
    (alone,) = loaded(defaults={"partitions": {"grace": "1h"}}, freshness="off")
    assert isinstance(alone, PartitionsRule)
    told = mistakes(defaults={"freshness": {"by": "06:00"}}, freshness={"max_age": "1d", "grace": "1h"})
    assert "freshness: grace counts from a deadline" in told


def test_an_anchor_says_where_pairs_of_weeks_begin() -> None:
    rule = partitions({"every": "2w", "anchor": "2026-01-05", "due": "06:00"}, {"due": "07:00"})
    assert rule.schedule.every.floor(at("11-18 12:00").replace(tzinfo=None)).date() == date(2026, 11, 9)
    plain = partitions({"every": "2w"}, {"due": "07:00"})
    assert plain.schedule.every.floor(at("11-18 12:00").replace(tzinfo=None)).date() == date(2026, 11, 16)


def test_many_windows_and_entries_are_validated_within_seconds() -> None:
    hourly = [
        {"start": f"{hour:02d}:{half}", "end": f"{hour:02d}:{half + 29}"}
        for hour in range(24)
        for half in (10, 30)
    ]
    dates = [str(date(2026, 1, 1) + number * timedelta(days=1)) for number in range(2000)]
    windows = {
        f"w{number}": [*hourly, {"days": dates, "start": f"00:{number:02d}", "end": "23:00"}]
        for number in range(10)
    }
    tables = [
        {
            "table": f"a.t{number}",
            "partitions": {"due": f"06:{number % 60:02d}", "windows": f"w{number % 10}"},
        }
        for number in range(400)
    ]
    began = time.monotonic()
    load({"version": 1, "windows": windows, "tables": tables}, environ={})
    assert time.monotonic() - began < 10
