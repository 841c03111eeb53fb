"""Where a period holds no data, what else fails by that is told within its item."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.changes import State, advance, changes
from checks.lake.observe import observe
from checks.layout import StatedLayout
from checks.model import ItemState, Reason, Severity, Status
from checks.report import as_json, text
from checks.report.build import build, exit_code, part
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from checks.rules.told_once import told_once
from tests.support.lakes import MemoryLake, hive_location
from tests.support.times import DAY, HOUR, UTC_ZONE, at
from tests.support.verdicts import judge, rules_of

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Change, Finding

NOW = at("2026-11-23 08:00")
BLOCKS: dict[str, dict[str, Any]] = {
    "freshness": {"max_age": "24h"},
    "partitions": {"every": "1d", "due": "06:00", "lookback": 5},
    "volume": {"min_bytes": "1kB"},
}


def found_at(days: dict[str, int], now: datetime = NOW, **blocks: Any) -> tuple[Finding, ...]:
    """Return what is found of a table whose days hold so many bytes, an hour after their end; 0: an empty file."""
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    for name, size in days.items():
        day = at(f"2026-{name} 00:00")
        lake.put(f"{hive_location(table, [f'2026-{name}'])}a.parquet", day + DAY + HOUR, size)
        lake.register(table, [f"2026-{name}"], at=day + DAY + HOUR)
    given = {check: {**block, **blocks.get(check, {})} for check, block in BLOCKS.items()}
    stated = StatedLayout(("dt",), ("%Y-%m-%d",))
    plan = TablePlan(table=table, rules=rules_of(given, UTC_ZONE), stated_layout=stated)
    return told_once(judge(plan, observe(plan, Clock(now=now), lake.reader(plan)), Clock(now=now)).values())


WELL = {"11-18": 5000, "11-19": 5000, "11-20": 5000, "11-21": 5000, "11-22": 5000}
MISSING = {name: size for name, size in WELL.items() if name != "11-22"}


def run(state: State, found: tuple[Finding, ...], now: datetime) -> tuple[State, tuple[Change, ...]]:
    news = changes(state, found, now, 30 * DAY)
    return advance(state, found, news, now, news), news


@pytest.mark.parametrize("days", [MISSING, {**MISSING, "11-22": 0}])
def test_one_day_that_is_not_there_is_one_trouble(days: dict[str, int]) -> None:
    found = found_at(days)
    assert {each.check: each.status for each in found} == dict.fromkeys(BLOCKS, Status.FAIL)
    assert {each.check: each.within for each in found if each.within} == {
        "freshness": "sales.orders|partitions",
        "volume": "sales.orders|partitions",
    }
    _, news = run(State(), found, NOW)
    assert [(change.check, change.item, change.reason) for change in news] == [
        ("partitions", "2026-11-22", Reason.NEW)
    ]
    report = build(findings=found, changes=news, now=NOW, run_id="r")
    said = " ".join(text.render(report).split())
    assert said.count("NEW (1 table)") == 1
    assert "sales.orders (freshness, partitions, volume)" in said
    assert "freshness: No new data for 31 h" in said or "freshness: no new data for 31 h" in said.lower()
    document = as_json.document(report)
    assert exit_code(report) == 1
    withins = {each["check"]: each.get("within") for each in document["findings"]}  # type: ignore[union-attr, index, call-overload]
    assert withins == {
        "partitions": None,
        "freshness": "sales.orders|partitions",
        "volume": "sales.orders|partitions",
    }


def test_the_item_takes_the_worst_severity_and_the_routes_of_all() -> None:
    found = found_at(MISSING, partitions={"error_when": 2})
    severities = {each.check: each.severity for each in found}
    assert severities["partitions"] is Severity.WARNING
    assert severities["freshness"] is Severity.CRITICAL
    _, news = run(State(), found, NOW)
    assert [change.severity for change in news] == [Severity.CRITICAL]
    report = build(findings=found, changes=news, now=NOW, run_id="r")
    assert exit_code(report) == 1
    for check in BLOCKS:
        chosen = frozenset({check})
        mine = part(report, lambda each, chosen=chosen: each.check in chosen)  # type: ignore[misc]
        assert "2026-11-22 missing" in text.render(mine)
    nobody = part(report, lambda each: each.check == "schema")
    assert not nobody.findings


def test_what_is_of_another_period_is_told_by_itself() -> None:
    days = {name: size for name, size in WELL.items() if name != "11-20"} | {"11-22": 500}
    found = found_at(days, freshness={"max_age": "3h"})
    assert {each.check: each.severity for each in found} == dict.fromkeys(BLOCKS, Severity.CRITICAL)
    assert not any(each.within for each in found)
    too_much = found_at({**MISSING, "11-22": 5000}, volume={"max_bytes": "2kB"})
    assert not any(each.within for each in too_much)


def test_what_is_silenced_hides_nothing() -> None:
    found = found_at(MISSING)
    silenced = told_once(
        replace(each, within="", told_with=(), silenced="moved" if each.check == "partitions" else None)
        for each in found
    )
    assert not any(each.within for each in silenced)
    _, news = run(State(), silenced, NOW)
    assert sorted(change.check for change in news) == ["freshness", "volume"]
    guest = told_once(
        replace(each, within="", told_with=(), silenced="moved" if each.check == "volume" else None)
        for each in found
    )
    assert {each.check for each in guest if each.within} == {"freshness"}


def test_what_outlives_the_item_is_news_and_what_ends_with_it_is_not_told() -> None:
    state, _ = run(State(), found_at(MISSING), NOW - 2 * DAY)
    ended, news = run(state, found_at(WELL), NOW - DAY)
    assert [(change.check, change.reason) for change in news] == [("partitions", Reason.RESOLVED)]
    assert not ended.told
    state, news = run(state, found_at({**MISSING, "11-22": 500}), NOW - DAY)
    assert sorted((change.check, change.reason.value) for change in news) == [
        ("partitions", "resolved"),
        ("volume", "new"),
    ]
    _, news = run(state, found_at({**MISSING, "11-22": 500}), NOW)
    assert [(change.check, change.reason.value) for change in news] == [("volume", "ongoing")]


def test_a_table_that_was_never_loaded_is_one_trouble() -> None:
    found = found_at({"11-21": 0})
    assert {each.check for each in found if each.within} == {"freshness", "volume"}
    _, news = run(State(), found, NOW)
    assert [(change.check, change.item) for change in news] == [("partitions", None)]


def test_where_the_item_is_folded_what_is_not_is_told() -> None:
    old = NOW - 30 * DAY
    hosts = []
    for number in range(4):
        for each in found_at(MISSING):
            one = replace(each, table=f"t.n{number}", within="", told_with=())
            one = replace(one, stale_since=old if each.check == "partitions" else None)
            hosts.append(one)
    found = told_once(hosts)
    _, news = run(State(), found, NOW)
    report = build(findings=found, changes=news, now=NOW, run_id="r", first_run=True)
    said = text.render(report)
    assert "4 tables have had no data" in " ".join(said.split())
    assert "t.n0 (no new data since" in " ".join(said.split())
    assert {item.state for each in found for item in each.items} >= {ItemState.MISSING}
