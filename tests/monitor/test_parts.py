"""The parts of routes by an index: what a plain walk over all findings and changes would choose, and faster."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.changes import OVER
from checks.config.routes import Route
from checks.model import Change, Finding, Reason, Severity, Status
from checks.monitor.delivery import may_take
from checks.monitor.parts import Parts
from checks.report import build
from tests.support.report_cases import NOW, finding

if TYPE_CHECKING:
    import pytest

    from checks.report.build import Report

OWNERS = [None, "finance", "Finance", "web", ""]
TABLES = [
    "sales.orders",
    "sales.items",
    "partner/sales.orders",
    "web.clicks",
    "s3://acme/in/",
    "s3://acme/out/",
]
VERDICTS = [
    (Status.PASS, None),
    (Status.UNKNOWN, None),
    (Status.FAIL, Severity.WARNING),
    (Status.FAIL, Severity.CRITICAL),
]
MATCHES: dict[str, list[Any]] = {
    "owner": [None, "finance", "fin*", ["web", "?inance"], "*"],
    "database": [None, "sales", "SALES", "w*", ["nothing", "web"]],
    "table": [None, "sales.*", "s3://acme/*", ["*.orders", "web.clicks"], "partner/*"],
    "severity": [None, "critical", ["warning", "unknown"], "unknown"],
}


@st.composite
def reports(draw: st.DrawFn) -> Report:
    findings = []
    for table in draw(st.lists(st.sampled_from(TABLES), unique=True)):
        status, severity = draw(st.sampled_from(VERDICTS))
        host = draw(st.sampled_from([None, *TABLES])) if status is Status.FAIL else None
        owner = draw(st.sampled_from(OWNERS))
        within = f"{host}|freshness" if host not in (None, table) else ""
        findings.append(finding(table, status, severity=severity, owner=owner, within=within))
    changes = []
    for number, table in enumerate(draw(st.lists(st.sampled_from(TABLES)))):
        status, severity = draw(st.sampled_from(VERDICTS))
        reason = draw(st.sampled_from(Reason))
        also = draw(st.lists(st.tuples(st.sampled_from(TABLES), st.sampled_from(OWNERS)), max_size=2))
        owner = draw(st.sampled_from(OWNERS))
        one = Change(
            table=table, check="freshness", reason=reason, status=status, because="", severity=severity,
            item=str(number), owner=owner, also=tuple(also) if reason in OVER else (),
        )  # fmt: skip
        changes.append(one)
    return build.build(findings=findings, changes=changes, now=NOW, run_id="r-1")


@st.composite
def routes(draw: st.DrawFn) -> Route:
    match = {key: draw(st.sampled_from(values)) for key, values in MATCHES.items()}
    stated = {key: value for key, value in match.items() if value is not None}
    return Route.model_validate(
        {"match": stated or {"table": "*"}, "topic": "arn:aws:sns:eu-west-1:123456789012:t"}
    )


def taken_by_walking(route: Route, each: Finding | Change) -> bool:
    if isinstance(each, Change) and each.reason in OVER:
        return may_take(route, each.table, each.owner)
    return route.takes(each.table, each.owner, each.status, each.severity)


@settings(max_examples=150, deadline=None)
@given(reports(), st.lists(routes(), min_size=1, max_size=4))
def test_the_index_chooses_what_a_walk_chooses(report: Report, asked: list[Route]) -> None:
    parts = Parts(report.findings)
    for route in asked:
        for told in (report, build.news(report), replace(report, changes=report.changes[1:])):
            assert parts.of(route, told) == build.part(told, partial(taken_by_walking, route))


def test_a_part_costs_what_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [finding(f"a.t{n}", Status.FAIL, owner=f"team-{n % 50}") for n in range(1000)]
    changes = [
        Change(
            table=one.table,
            check=one.check,
            reason=Reason.NEW,
            status=one.status,
            because="",
            owner=one.owner,
        )
        for one in found
    ]
    report = build.build(findings=found, changes=changes, now=NOW, run_id="r-1")
    asked = [0]
    before = Route.takes_kind

    def counting(route: Route, *kind: Any) -> bool:
        asked[0] += 1
        return before(route, *kind)

    monkeypatch.setattr(Route, "takes_kind", counting)
    parts = Parts(report.findings)
    for number in range(50):
        topic = "arn:aws:sns:eu-west-1:123456789012:t"
        route = Route.model_validate({"match": {"owner": f"team-{number}"}, "topic": topic})
        part = parts.of(route, report)
        assert len(part.findings) == len(part.changes) == 20
    assert asked[0] == 2 * 50 * 50  # each route of each owner, once of findings and once of changes
