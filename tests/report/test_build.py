"""What a report counts, when it is sent, how a run exits, and its subject."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import State
from checks.config import load
from checks.model import Reason, Severity, Status, Summary
from checks.monitor.delivery import page_of
from checks.report import as_json
from checks.report.build import (
    FailOn,
    Mode,
    Report,
    Send,
    exit_code,
    local_date,
    news,
    part,
    sending,
    subject,
    told,
)
from checks.report.from_json import read
from checks.report.outline import outline
from tests.support.report_cases import (
    ALL,
    CLICKS,
    DAY,
    DENIED,
    FRESH,
    HOSTILE,
    NOW,
    ORDERS,
    SILENCED,
    finding,
    report_of,
    second_day,
    state_after,
)

if TYPE_CHECKING:
    from checks.model import Finding

TODAY = date(2026, 11, 23)


def test_findings_go_worst_first_then_by_table() -> None:
    report = report_of((FRESH[0], CLICKS, SILENCED, DENIED[1], DENIED[0], ORDERS))
    names = [one.table for one in report.findings]
    assert names == ["sales.orders", "hr.absences", "hr.payroll", "web.clicks", "web.old", "ops.t000"]


def test_a_table_counts_once_and_a_silenced_one_as_none_of_the_four() -> None:
    both = (finding("t", Status.FAIL), finding("t", Status.UNKNOWN, check="partitions"))
    report = report_of((*both, SILENCED, *FRESH))
    assert report.summary == Summary(tables=22, fresh=20, warning=0, critical=1, unknown=0)


@pytest.mark.parametrize(
    ("findings", "fail_on", "delivered", "expected"),
    [
        ((*FRESH,), FailOn.WARNING, True, 0),
        ((*FRESH,), FailOn.WARNING, False, 3),
        ((ORDERS,), FailOn.CRITICAL, False, 3),
        ((ORDERS,), FailOn.CRITICAL, True, 1),
        ((ORDERS, DENIED[0]), FailOn.CRITICAL, True, 1),
        ((ORDERS, DENIED[0]), FailOn.NEVER, True, 3),
        ((ORDERS,), FailOn.NEVER, True, 0),
        ((CLICKS,), FailOn.CRITICAL, True, 0),
        ((CLICKS,), FailOn.WARNING, True, 1),
        ((CLICKS, DENIED[0]), FailOn.CRITICAL, True, 3),
        ((SILENCED,), FailOn.WARNING, True, 0),
        ((replace(DENIED[0], silenced="migration"),), FailOn.WARNING, True, 0),
        ((), FailOn.WARNING, True, 0),
    ],
)
def test_exit_codes(
    findings: tuple[Finding, ...], fail_on: FailOn, *, delivered: bool, expected: int
) -> None:
    assert exit_code(report_of(findings), fail_on, delivered=delivered) == expected


def test_an_unknown_and_a_warning_of_one_table_still_fail_on_a_warning() -> None:
    both = (
        finding("t", Status.FAIL, severity=Severity.WARNING),
        finding("t", Status.UNKNOWN, check="volume"),
    )
    assert exit_code(report_of(both), FailOn.WARNING) == 1


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        (ALL, "[S3 tables] 8 new, 3 unknown, 20 fresh - prod, Mon 23 Nov"),
        (FRESH, "[S3 tables] all 20 fresh - prod, Mon 23 Nov"),
        ((*FRESH, SILENCED), "[S3 tables] 20 fresh - prod, Mon 23 Nov"),
        ((ORDERS,), "[S3 tables] 1 new - prod, Mon 23 Nov"),
        ((), "[S3 tables] no tables watched - prod, Mon 23 Nov"),
    ],
)
def test_subject(findings: tuple[Finding, ...], expected: str) -> None:
    assert subject(report_of(findings)) == expected


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        (datetime(2026, 11, 22, 22, 59, tzinfo=UTC), "Europe/Berlin", "Sun 22 Nov"),
        (datetime(2026, 11, 22, 23, 0, tzinfo=UTC), "Europe/Berlin", "Mon 23 Nov"),
        (datetime(2026, 11, 22, 23, 1, tzinfo=UTC), "UTC", "Sun 22 Nov"),
        (datetime(2026, 12, 31, 12, 0, tzinfo=UTC), "Pacific/Kiritimati", "Fri 1 Jan"),
    ],
)
def test_the_subject_tells_the_local_date(now: datetime, zone: str, expected: str) -> None:
    assert subject(report_of(FRESH, now=now, zone=ZoneInfo(zone))).endswith(f"prod, {expected}")


def test_the_subject_does_without_a_name() -> None:
    assert subject(report_of(FRESH, name="")) == "[S3 tables] all 20 fresh - Mon 23 Nov"


def test_a_hostile_name_leaves_a_subject_of_one_short_line() -> None:
    shown = subject(report_of(FRESH, name=HOSTILE))
    assert shown == (
        "[S3 tables] all 20 fresh - <script>alert('x')</script> BCC: all@example.comgnp.exe, Mon 23 Nov"
    )


@given(st.text(max_size=400), st.integers(0, 10**7))
def test_every_subject_is_printable_ascii_under_100_characters(name: str, tables: int) -> None:
    report = replace(
        report_of(ALL, name=name), summary=Summary(tables, tables // 4, 0, tables // 4, tables // 2)
    )
    shown = subject(report)
    assert len(shown) < 100
    assert shown.isascii()
    assert shown.isprintable()


def test_a_part_has_its_own_counts_and_the_ends_of_its_own_troubles() -> None:
    whole = second_day()
    mine = part(whole, lambda one: one.owner == "ads")
    assert [one.table for one in mine.findings] == ["ads.spend"]
    assert [(one.table, one.reason) for one in mine.changes] == [("ads.spend", Reason.RESOLVED)]
    assert mine.summary == Summary(tables=1, fresh=1)
    assert (mine.tables_in_run, mine.cost) == (34, whole.cost)
    gone = part(whole, lambda one: one.table == "web.gone")
    assert [one.reason for one in gone.changes] == [Reason.NO_LONGER_WATCHED]


def test_news_tell_all_but_what_goes_on() -> None:
    whole = second_day()
    assert Reason.REMINDER in {change.reason for change in whole.changes}
    ongoing = report_of(ALL, state_after(ALL, now=NOW - timedelta(hours=1)))
    assert told(news(ongoing)) == ()
    assert told(ongoing) == ongoing.changes


def state_and_report(kind: str) -> Report:
    state = state_after((ORDERS,), now=NOW - timedelta(hours=1))
    findings = {
        "fresh": (State(), FRESH),
        "new": (State(), (ORDERS,)),
        "ongoing": (state, (ORDERS,)),
        "resolved": (state, (replace(ORDERS, status=Status.PASS, severity=None),)),
        "worse and better": (state, (replace(ORDERS, status=Status.PASS, severity=None), CLICKS)),
    }
    before, found = findings[kind]
    return report_of(found, before)


@pytest.mark.parametrize(
    ("mode", "kind", "first_of_day", "later"),
    [
        (Mode.ALWAYS, "fresh", Send.WHOLE, Send.NOTHING),
        (Mode.ALWAYS, "new", Send.WHOLE, Send.NEWS),
        (Mode.ALWAYS, "ongoing", Send.WHOLE, Send.NOTHING),
        (Mode.ALWAYS, "resolved", Send.WHOLE, Send.NEWS),
        (Mode.ON_CHANGE, "fresh", Send.NOTHING, Send.NOTHING),
        (Mode.ON_CHANGE, "new", Send.NEWS, Send.NEWS),
        (Mode.ON_CHANGE, "ongoing", Send.NOTHING, Send.NOTHING),
        (Mode.ON_CHANGE, "resolved", Send.NEWS, Send.NEWS),
        (Mode.ON_FAILURE, "fresh", Send.NOTHING, Send.NOTHING),
        (Mode.ON_FAILURE, "new", Send.WHOLE, Send.NEWS),
        (Mode.ON_FAILURE, "ongoing", Send.WHOLE, Send.NOTHING),
        (Mode.ON_FAILURE, "resolved", Send.NOTHING, Send.NOTHING),
        (Mode.ON_FAILURE, "worse and better", Send.WHOLE, Send.NEWS),
    ],
)
def test_when_a_report_is_sent(mode: Mode, kind: str, first_of_day: Send, later: Send) -> None:
    report = state_and_report(kind)
    assert sending(mode, report, None).what is first_of_day
    assert sending(mode, report, TODAY - DAY).what is first_of_day
    assert sending(mode, report, TODAY).what is later


def test_recoveries_that_are_never_told_are_settled() -> None:
    report = state_and_report("resolved")
    assert sending(Mode.ON_FAILURE, report, None).settled == frozenset(report.changes)


@pytest.mark.parametrize(("mode", "day"), list(product(Mode, [None, TODAY])))
def test_no_mode_keeps_silent_about_a_new_failure(mode: Mode, day: date | None) -> None:
    assert sending(mode, state_and_report("new"), day).what is not Send.NOTHING


def test_the_local_date_is_that_of_the_zone() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert local_date(report_of((), now=late)) == TODAY


@pytest.mark.parametrize(
    ("account", "region", "said"),
    [
        ("111122223333", "eu-west-1", ", account 111122223333 in eu-west-1."),
        ("111122223333", "", ", account 111122223333."),
        ("", "eu-west-1", ", eu-west-1."),
        ("", "", "CET."),
    ],
)
def test_the_head_says_where_the_tables_are(account: str, region: str, said: str) -> None:
    report = replace(report_of(FRESH), account=account, region=region, first_run=False)
    assert outline(report).origin.endswith(said)
    written = as_json.document(report)
    assert (written.get("account", ""), written.get("region", "")) == (account, region)
    jsonschema.validate(written, as_json.schema())
    assert outline(read(as_json.render(report).encode())).origin == outline(report).origin


def test_where_the_page_is_kept_is_told_and_kept() -> None:
    report = replace(report_of(FRESH), page_at="s3://acme-ops/tables.html")
    assert "As a page: s3://acme-ops/tables.html" in outline(report).closing
    jsonschema.validate(as_json.document(report), as_json.schema())
    assert read(as_json.render(report).encode()).page_at == report.page_at


@pytest.mark.parametrize(
    ("routes", "page"),
    [
        ([{"match": {"table": "*"}, "file": "out/tables.html"}], "out/tables.html"),
        ([{"match": {"table": "*"}, "file": "s3://acme-ops/tables.HTM"}], "s3://acme-ops/tables.HTM"),
        ([{"match": {"table": "*"}, "file": "out/tables.json"}], ""),
        ([{"match": {"table": "*", "severity": "critical"}, "file": "out/tables.html"}], ""),
        ([{"match": {"table": "web.*"}, "file": "out/tables.html"}], ""),
        ([], ""),
    ],
)
def test_only_a_route_of_all_tables_keeps_the_page(routes: list[dict[str, object]], page: str) -> None:
    tables = [{"table": "a.b", "freshness": {"max_age": "24h"}}]
    assert page_of(load({"version": 1, "tables": tables, "routes": routes}, environ={})).endswith(page)
    assert bool(page_of(load({"version": 1, "tables": tables, "routes": routes}, environ={}))) is bool(page)
