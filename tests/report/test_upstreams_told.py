"""How a report tells tables that are held up by an upstream: within its item, wherever that stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from checks.changes import State, TableRecord, advance, changes, complete
from checks.channels import sns
from checks.model import Finding, Item, ItemState, Severity, Status
from checks.report import as_json, html
from checks.report.build import build, news, part
from checks.report.text import render
from checks.rules.upstream import told_within_upstreams
from tests.support.report_cases import NOW
from tests.support.times import DAY
from tests.support.upstreams import lacking, silent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checks.report.build import Report


def report_of(
    *found: Finding, upstreams: Mapping[str, tuple[str, ...]], state: State | None = None, now: datetime = NOW
) -> tuple[Report, State]:
    """Return the report of a night, and the state after it was delivered."""
    before = state or State()
    findings = told_within_upstreams(found, upstreams)
    told = changes(before, findings, now, DAY, {each.table for each in findings})
    report = build(findings=findings, changes=told, now=now, run_id="r", first_run=before.is_first_run)
    after = advance(before, findings, told, now, told)
    records = {each.table: TableRecord() for each in findings}
    return report, complete(after, now=now, run_id="r", name="n", tables=records)


def said(report: Report) -> str:
    return " ".join(render(report).split())


CHAIN = {f"mart.t{number:02}": (f"mart.t{number - 1:02}",) for number in range(1, 30)}


def chain_of(days: str) -> list[Finding]:
    return [lacking(f"mart.t{number:02}", days, owner=f"team-{number % 3}") for number in range(30)]


def test_a_chain_of_thirty_is_one_item_that_names_its_victims_and_thirty_findings() -> None:
    report, _ = report_of(*chain_of("22"), upstreams=CHAIN)
    email = said(report)
    assert "NEW (30 tables) CRITICAL mart.t00 (partitions), and 29 tables made from it" in email
    assert email.count("CRITICAL") == 1
    assert all(f"mart.t{number:02}" in email.partition("Held up: ")[2] for number in range(1, 30))
    assert "Owners: team-0, team-1 and team-2" in email
    document = as_json.document(report)
    jsonschema.validate(document, as_json.schema())
    assert isinstance(document["findings"], list)
    assert len(document["findings"]) == 30
    assert html.page(report).count("and 29 tables made from it") == 1


def test_of_more_than_thirty_the_rest_is_counted() -> None:
    findings = [lacking("raw.a", "22"), *(lacking(f"mart.t{number:02}", "22") for number in range(31))]
    report, _ = report_of(*findings, upstreams={f"mart.t{number:02}": ("raw.a",) for number in range(31)})
    assert "mart.t29 and 1 more." in said(report)


def test_what_is_told_in_part_says_where_the_rest_is() -> None:
    report, _ = report_of(
        lacking("raw.a", "22"), lacking("mart.b", "22 21"), upstreams={"mart.b": ("raw.a",)}
    )
    email = said(report)
    assert "CRITICAL raw.a (partitions), and 1 table made from it" in email
    assert "Held up: mart.b (2026-11-22)." in email
    assert "Told elsewhere: 2026-11-22 with raw.a (partitions)." in email
    assert "NEW (2 tables)" in email
    assert [item.within for item in report.findings[0].items] == ["raw.a|partitions", ""]
    first: Any = as_json.document(report)["findings"]
    assert [item.get("within") for item in first[0]["items"]] == ["raw.a|partitions", None]


def test_a_report_of_news_counts_those_that_are_as_bad_as_before() -> None:
    chain = chain_of("22")
    _, state = report_of(*chain, upstreams=CHAIN)
    fresh = lacking("web.clicks", "22")
    report, _ = report_of(*chain, fresh, upstreams=CHAIN, state=state, now=NOW + timedelta(hours=1))
    assert "30 more tables are as bad as last told." in said(news(report))
    assert "mart.t00" not in said(news(report))


def test_the_end_names_what_is_well_with_it_and_not_what_outlives_it() -> None:
    upstreams = {"mart.b": ("raw.a",), "mart.c": ("raw.a",)}
    bad = [lacking(table, "22", owner=table) for table in ("raw.a", "mart.b", "mart.c")]
    _, state = report_of(*bad, upstreams=upstreams)
    well = [
        Finding(
            table=each.table,
            check="partitions",
            status=Status.PASS,
            because="well",
            owner=each.owner,
            items=(Item(period="2026-11-22", state=ItemState.PRESENT),),
        )
        for each in bad
    ]
    report, _ = report_of(well[0], well[1], bad[2], upstreams=upstreams, state=state, now=NOW + DAY)
    email = said(report)
    assert "NEW (1 table) CRITICAL mart.c (partitions)" in email
    assert "First reported: Mon 23 Nov 2026 06:30 UTC (24 h ago)" in email
    assert "2026-11-22 has data now." in email
    assert "Over with it: 1 table made from it (mart.b)." in email
    owners = sns.attributes(part(report, lambda each: each.owner == "mart.b"))["owners"]["StringValue"]
    assert owners == '["mart.b", "mart.c", "raw.a"]'


@pytest.mark.parametrize("dead", [2, 3])
def test_what_is_folded_names_the_dead_and_tells_what_waits_for_it(dead: int) -> None:
    def old(table: str, days: int, *, severity: Severity = Severity.CRITICAL) -> Finding:
        since = NOW - timedelta(days=days)
        finding = silent(table, since, since + DAY)
        return replace(finding, stale_since=since, severity=severity)

    hosts = [old(f"raw.t{number}", 20 + number) for number in range(dead)]
    guests = [old("mart.dead", 19), old("mart.alive", 6), old("mart.other", 5)]
    guests = [replace(each, absence=hosts[0].absence) for each in guests]
    upstreams = {each.table: ("raw.t0",) for each in guests}
    report, _ = report_of(*hosts, *guests, upstreams=upstreams)
    email = said(report)
    if dead == 2:
        assert "CRITICAL raw.t0 (freshness), and 3 tables made from it" in email
        return
    assert "4 tables have had no data for over 7 days" in email
    assert "mart.dead since" in email
    assert "CRITICAL 2 tables wait for raw.t0 (freshness) Held up: mart.alive and mart.other." in email
    assert "6 tables" in email.partition("NEW (")[2][:10]
