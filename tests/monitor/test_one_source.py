"""Freshness of several tables together: the newest data of all counts, as many requests as a verdict rests on."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import cli, monitor
from checks.config import ConfigErrors, load
from checks.lake.observe import observe_together
from checks.model import Finding, Problem, ProblemKind, Severity, Status
from checks.rules.asking import Clock
from checks.rules.base import Member, TablePlan
from tests.support.accounts import land_days
from tests.support.lakes import MemoryLake, prefix
from tests.support.rule_checks import judged, plan_of
from tests.support.times import HOUR, at

if TYPE_CHECKING:
    from checks.monitor import Outcome
    from tests.support.lakes import HttpLake

NOW = at("2026-11-23 07:00")


def run(*tables: dict[str, Any]) -> Outcome:
    config = load({"version": 1, "name": "prod", "tables": list(tables)}, environ={})
    return monitor.run(config, monitor.Request(now=NOW, send=False, keep=False), os.environ)


def entry(*others: str, table: str = "web.events_v1", **freshness: Any) -> dict[str, Any]:
    return {"table": table, "freshness": {"max_age": "24h", "also_in": list(others), **freshness}}


def only(outcome: Outcome) -> Finding:
    (finding,) = outcome.report.findings
    return finding


def load_at(lake: HttpLake, name: str, *ages: float) -> None:
    table = lake.table(name)
    for number, age in enumerate(ages):
        lake.put(f"{table.location}{number}.parquet", NOW - age * HOUR)


def test_a_table_that_moved_is_fresh_by_the_other(lake: HttpLake) -> None:
    load_at(lake, "web.events_v1", 100)
    load_at(lake, "web.events_v2", 30, 5)
    finding = only(run(entry("web.events_v2")))
    assert (finding.table, finding.status, finding.observed) == ("web.events_v1", Status.PASS, NOW - 5 * HOUR)
    assert finding.because == (
        "the newest data came 5 h ago (Mon 23 Nov 2026 02:00 UTC in web.events_v2, the newest of 2 tables together); "
        "expected at most 24 h old"
    )
    assert finding.evidence == "s3://lake/web/events_v2/1.parquet"


@pytest.mark.parametrize(("age", "status"), [
    (24 - 1 / 3600, Status.PASS), (24, Status.PASS), (24 + 1 / 3600, Status.FAIL),
])  # fmt: skip
def test_exactly_the_limit_is_fresh(lake: HttpLake, age: float, status: Status) -> None:
    load_at(lake, "web.events_v1", 100)
    load_at(lake, "web.events_v2", age)
    assert only(run(entry("web.events_v2"))).status is status


def test_all_of_them_stale_names_the_newest_and_where_to_look(lake: HttpLake) -> None:
    load_at(lake, "web.events_v1", 100)
    load_at(lake, "web.events_v2", 30)
    load_at(lake, "web.events_v3")
    finding = only(run(entry("web.events_v2", "web.events_v3")))
    assert finding.severity is Severity.CRITICAL
    assert finding.because == (
        "no new data for 30 h: the newest came Sun 22 Nov 2026 01:00 UTC in web.events_v2, the newest of 3 tables "
        "together; expected at most 24 h old"
    )
    places = "s3://lake/web/events_v1/, s3://lake/web/events_v2/ and s3://lake/web/events_v3/"
    since = "Sun 22 Nov 2026 01:00 UTC"
    assert finding.advice == f"look at the run that writes {places}; it has written nothing since {since}"


def test_none_of_them_was_ever_loaded(lake: HttpLake) -> None:
    for name in ("web.events_v1", "web.events_v2"):
        load_at(lake, name)
    finding = only(run(entry("web.events_v2")))
    assert finding.severity is Severity.CRITICAL
    assert finding.because.startswith(
        "never loaded: s3://lake/web/events_v1/ was listed completely and holds nothing; "
    )
    assert "web.events_v2, which it is judged together with, holds none either" in finding.because


def test_others_are_read_only_where_the_table_is_not_fresh_by_itself(lake: HttpLake) -> None:
    load_at(lake, "web.events_v1", 3)
    load_at(lake, "web.events_v2", 1)
    outcome = run(entry("web.events_v2"))
    assert only(outcome).because.startswith(
        "the newest data came 3 h ago (Mon 23 Nov 2026 04:00 UTC in web.events_v1)"
    )
    assert outcome.report.cost.by_operation == {"glue:GetTable": 2, "s3:ListObjectsV2": 1}


def test_reading_ends_with_the_first_that_is_fresh(lake: HttpLake) -> None:
    load_at(lake, "web.events_v1", 100)
    for number in (2, 3, 4):
        load_at(lake, f"web.events_v{number}", 5 if number == 3 else 50)
    outcome = run(entry("web.events_v2", "web.events_v3", "web.events_v4"))
    assert only(outcome).status is Status.PASS
    assert outcome.report.cost.by_operation == {"glue:GetTable": 4, "s3:ListObjectsV2": 3}


def test_globs_prefixes_and_partitioned_tables(lake: HttpLake) -> None:
    load_at(lake, "web.events_v1", 100)
    load_at(lake, "web.events_v2", 90)
    lake.put("s3://lake/partner-b/2026/a.csv", NOW - 80 * HOUR)
    land_days(lake, lake.table("web.events_v3", dt="string"), "2026-11-10", "2026-11-22")
    finding = only(run(entry("s3://lake/partner-b", "web.events_*")))
    assert finding.status is Status.PASS
    assert finding.because.endswith(
        "in web.events_v3, the newest of 4 tables together); expected at most 24 h old"
    )


def test_a_glob_of_tables_that_are_one_source_is_fresh_by_any(lake: HttpLake) -> None:
    for number, age in ((1, 100), (2, 50), (3, 2)):
        load_at(lake, f"web.events_v{number}", age)
    outcome = run(entry("web.events_v*", table="web.events_v*"))
    assert [(each.table, each.status) for each in outcome.report.findings] == [
        (f"web.events_v{number}", Status.PASS) for number in (1, 2, 3)
    ]
    assert outcome.report.cost.by_operation["glue:GetTables"] == 1


@pytest.mark.parametrize(("age", "status"), [(5, Status.PASS), (50, Status.UNKNOWN)])
def test_stale_is_unknown_while_one_is_not_known(lake: HttpLake, age: float, status: Status) -> None:
    load_at(lake, "web.events_v1", 100)
    load_at(lake, "web.events_v2", age)
    finding = only(run(entry("web.gone", "web.events_v2")))
    assert finding.status is status
    if status is Status.UNKNOWN:
        assert finding.because.startswith("could not be checked: web.gone is not in the catalog")


def test_a_glob_that_matches_nothing_makes_stale_unknown(lake: HttpLake) -> None:
    load_at(lake, "web.events_v1", 100)
    finding = only(run(entry("web.clicks_*", "nowhere.*", "no*.x")))
    assert finding.status is Status.UNKNOWN
    assert "web.clicks_* matches no table in the catalog" in finding.because


def test_a_table_that_stands_beside_itself_is_read_once(lake: HttpLake) -> None:
    load_at(lake, "web.events_v1", 100)
    outcome = run(entry("web.events_v1", "web.events_v1"))
    assert only(outcome).because.endswith(
        "Thu 19 Nov 2026 03:00 UTC in web.events_v1; expected at most 24 h old"
    )
    assert outcome.report.cost.by_operation["s3:ListObjectsV2"] == 1


def test_what_the_config_says_of_the_other_counts_for_its_data(lake: HttpLake) -> None:
    load_at(lake, "web.events_v1", 100)
    load_at(lake, "web.events_v2", 5)
    watched = {"table": "web.events_v2", "pattern": "*.csv", "freshness": "off", "catalog": "on"}
    outcome = run(entry("web.events_v2"), watched)
    (finding,) = (each for each in outcome.report.findings if each.table == "web.events_v1")
    assert finding.status is Status.FAIL


def test_partitions_beside_it_count_for_its_own_data_alone(lake: HttpLake) -> None:
    land_days(lake, lake.table("web.events_v1", dt="string"), "2026-11-01", "2026-11-10")
    load_at(lake, "web.events_v2", 5)
    block = {**entry("web.events_v2"), "partitions": {"every": "1d", "due": "06:00", "lookback": 3}}
    found = {each.check: each.status for each in run(block).report.findings}
    assert found == {"partitions": Status.FAIL, "freshness": Status.PASS}


def test_a_lookback_that_is_shorter_than_the_limit_proves_no_more_than_itself(lake: HttpLake) -> None:
    """Its own data of before the lookback was not looked for: what came into the other before the limit proves less."""
    land_days(lake, lake.table("web.events_v1", dt="string"), "2026-11-01", "2026-11-15")
    load_at(lake, "web.events_v2", 200)
    limits = {"warn_after": "24h", "error_after": "6d"}
    block = {"table": "web.events_v1", "freshness": {**limits, "also_in": "web.events_v2"}}
    partitions = {"every": "1d", "due": "06:00", "lookback": 3}
    found = {each.check: each.severity for each in run({**block, "partitions": partitions}).report.findings}
    assert found == {"partitions": Severity.CRITICAL, "freshness": Severity.WARNING}


def test_explain_tells_of_each(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    load_at(lake, "web.events_v1", 100)
    load_at(lake, "web.events_v2", 30)
    Path("checks.yml").write_text(
        "version: 1\ntables:\n  - table: web.events_v1\n"
        "    freshness: {max_age: 24h, also_in: [web.events_v2, web.gone]}\n"
    )
    assert cli.main(["explain", "web.events_v1", "--now", "2026-11-23T07:00Z"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "judged together with web.events_v2, web.gone: the newest data of all counts" in out
    assert "web.events_v2: newest Sun 22 Nov 2026 01:00 UTC, s3://lake/web/events_v2/0.parquet" in out
    assert "web.gone: unknown, web.gone is not in the catalog" in out
    assert cli.main(["plan", "--now", "2026-11-23T07:00Z"]) == 0
    told = capsys.readouterr().out
    assert "whole prefix; 1 more table where it is stale" in told
    assert "up to 2" in told


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ("events", "'events' is not the id of a table; write database.table"),
        (["events*"], "'events*' is not database.table; write such as web.events_v2, or web.events_*"),
        (["partner/web.events"], "'partner/web.events' is no table that can be judged together with this one; write "),
        (["s3://lake/part-*/"], "'s3://lake/part-*/' is no table that can be judged together with this one"),
        ({"a": "b"}, "{a: 'b'} is no list of tables; write such as [web.events_v2]"),
        ([f"a.b{number}" for number in range(51)], "holds 51 tables, and 50 are the most"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(others: Any, said: str) -> None:
    block = {"max_age": "1d", "also_in": others}
    with pytest.raises(ConfigErrors) as refused:
        load({"version": 1, "tables": [{"table": "a.b", "freshness": block}]}, environ={})
    assert f"a.b: freshness.also_in: {said}" in str(refused.value)


AGES = st.lists(st.none() | st.integers(0, 60), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(ages=AGES, broken=st.lists(st.integers(1, 5)))
def test_the_verdict_is_that_of_the_newest_unless_one_is_not_known(
    ages: list[int | None], broken: list[int]
) -> None:
    """Over any tables: fresh if one is; else unknown if one could not be read; else as stale as the newest."""
    lake = MemoryLake()
    lake.bucket("raw")
    hosts = [prefix(f"s3://raw/{number}/") for number in range(len(ages))]
    for table, age in zip(hosts, ages, strict=True):
        if age is not None:
            lake.put(f"{table.id}a.csv", NOW - age * HOUR)
    plan = plan_of(hosts[0], freshness={"max_age": "24h", "also_in": [each.id for each in hosts[1:]]})
    alone = tuple(rule.alone() for rule in plan.rules)
    members = tuple(
        Member(each.id, problem=Problem(ProblemKind.DENIED, f"{each.id} is denied"))
        if number in broken
        else Member(each.id, TablePlan(table=each, rules=alone))
        for number, each in enumerate(hosts[1:], 1)
    )
    plan = replace(plan, members=members)
    seen = observe_together(plan, Clock(now=NOW), lake.reader)
    finding = judged(plan, seen, NOW)["freshness"]
    known = [
        age for number, age in enumerate(ages) if age is not None and (number not in broken or not number)
    ]
    if known and min(known) <= 24:
        assert finding.status is Status.PASS
    elif any(0 < number < len(ages) for number in broken):
        assert finding.status is Status.UNKNOWN
    else:
        assert finding.severity is Severity.CRITICAL
    fresh = [age for age in known if age <= 24]
    if finding.status is not Status.UNKNOWN and known:
        assert (
            finding.observed == NOW - (fresh[0] if fresh else min(known)) * HOUR
        )  # reading ends with the first
    assert lake.counts["s3:ListObjectsV2"] <= len(ages)
