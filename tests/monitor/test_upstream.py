"""A chain of tables from the config to the emails, night by night, over HTTP."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from checks import monitor
from checks.config import load
from checks.report.build import FailOn
from tests.support.accounts import Team, land, land_days
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from datetime import datetime

    from checks.monitor import Outcome
    from tests.support.lakes import HttpLake

MORNING = at("2026-11-23 07:00")
PARTITIONS = {"every": "1d", "due": "06:00", "lookback": 5}
CHAIN = {"raw.orders": "ingest", "staging.orders": "ingest", "mart.orders": "sales", "mart.totals": "finance"}


@pytest.fixture
def team(lake: HttpLake) -> Team:
    return Team(lake)


def run(team: Team, now: datetime, entries: list[dict[str, Any]], **settings: Any) -> Outcome:
    config = load(
        {"version": 1, "name": "prod", "topic": team.topic, "tables": entries, **settings}, environ={}
    )
    return monitor.run(config, monitor.Request(now=now), os.environ)


def chain_of(lake: HttpLake, last: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return tables of a chain with days up to that one, and their entries, each made from the one before."""
    tables, entries, before = {}, [], None
    for name, owner in CHAIN.items():
        tables[name] = lake.table(name, dt="string")
        land_days(lake, tables[name], "2026-11-15", last)
        entry: dict[str, Any] = {
            "table": name,
            "owner": owner,
            "partitions": PARTITIONS,
            "freshness": {"max_age": "26h"},
        }
        entries.append({**entry, "upstream": [before]} if before else entry)
        before = name
    return tables, entries


def changes_of(outcome: Outcome) -> list[tuple[str, str, str | None]]:
    return [(change.reason.value, change.table, change.item) for change in outcome.report.changes]


def test_a_chain_is_one_item_its_verdicts_stay_and_what_outlives_it_is_news(
    lake: HttpLake, team: Team
) -> None:
    tables, entries = chain_of(lake, "2026-11-21")
    first = run(team, MORNING, entries)
    assert changes_of(first) == [("new", "raw.orders", "2026-11-22")]
    assert first.exit_code(FailOn.CRITICAL) == 1
    mail = team.mail()
    assert mail.json["summary"]["critical"] == 4
    said = " ".join(mail.text.split())
    assert "CRITICAL raw.orders (freshness, partitions), and 3 tables made from it" in said
    assert "Held up: mart.orders, mart.totals and staging.orders." in said
    assert "Owners: finance, ingest and sales" in said
    assert mail.text.count("CRITICAL") == 1
    findings = {(each["table"], each["check"]): each for each in mail.json["findings"]}
    assert len(findings) == 8
    assert {each["severity"] for each in findings.values()} == {"critical"}
    assert findings["mart.totals", "partitions"]["within"] == "raw.orders|partitions"
    assert findings["mart.totals", "partitions"]["items"][0]["within"] == "raw.orders|partitions"
    assert findings["mart.totals", "freshness"]["within"] == "raw.orders|partitions"
    assert "within" not in findings["raw.orders", "partitions"]

    for name, table in tables.items():
        land(lake, table, "2026-11-23", MORNING + 20 * HOUR)
        if name != "mart.totals":
            land(lake, table, "2026-11-22", MORNING + 2 * HOUR)
    second = run(team, MORNING + DAY, entries)
    assert changes_of(second) == [
        ("new", "mart.totals", "2026-11-22"),
        ("resolved", "raw.orders", "2026-11-22"),
    ]
    assert second.report.changes[0].since == MORNING
    said = " ".join(team.mail().text.split())
    assert "First reported: Mon 23 Nov 2026 07:00 UTC (24 h ago)" in said
    assert "Over with it: 2 tables made from it (mart.orders and staging.orders)." in said

    land(lake, tables["mart.totals"], "2026-11-22", MORNING + DAY + HOUR)
    third = run(team, MORNING + DAY + 2 * HOUR, entries)
    assert changes_of(third) == [("resolved", "mart.totals", "2026-11-22")]


def test_every_owner_is_told_of_the_upstream_and_of_its_end(lake: HttpLake, team: Team) -> None:
    tables, entries = chain_of(lake, "2026-11-21")
    finance, nobody = Team(lake, "finance"), Team(lake, "nobody")
    routes = [
        {"match": {"owner": "finance"}, "topic": finance.topic},
        {"match": {"owner": "legal"}, "topic": nobody.topic},
    ]
    settings: dict[str, Any] = {"routes": routes, "report": "on_change", "remind_every": "7d"}
    run(team, MORNING, entries, **settings)
    said = " ".join(finance.mail().text.split())
    assert "CRITICAL raw.orders (freshness, partitions), and 3 tables made from it" in said
    assert len(team.mails()) == 1
    run(team, MORNING + HOUR, entries, **settings)
    assert (team.mails(), finance.mails()) == ([], [])
    for table in tables.values():
        land(lake, table, "2026-11-22", MORNING + 2 * HOUR)
    run(team, MORNING + 3 * HOUR, entries, **settings)
    assert "raw.orders (partitions)" in finance.mail().text
    assert "2026-11-22 has data now" in team.mail().text
    assert nobody.mails() == []


def test_an_upstream_that_is_not_looked_at_hides_nothing(lake: HttpLake, team: Team) -> None:
    _, entries = chain_of(lake, "2026-11-21")
    config = load({"version": 1, "name": "prod", "tables": entries}, environ={})
    outcome = monitor.run(config, monitor.Request(now=MORNING, only=("mart.totals",), keep=False), os.environ)
    assert changes_of(outcome) == [("new", "mart.totals", "2026-11-22")]
    silenced = [{"table": "raw.*", "until": "2026-12-01", "because": "moved"}]
    assert changes_of(run(team, MORNING, entries, silences=silenced)) == [
        ("new", "staging.orders", "2026-11-22")
    ]
