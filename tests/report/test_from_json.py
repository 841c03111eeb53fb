"""A report that was kept as JSON renders again as it did."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.marks import Mark, Marked, MarkKind
from checks.model import Change, Limits, Reason, Severity, Status
from checks.report import as_json, html, text
from checks.report.build import Report, news
from checks.report.from_json import NotAReport, read
from checks.rights import Lacks, Right
from checks.rules.upstream import told_within_upstreams
from tests.support.report_cases import (
    HOSTILE,
    NOW,
    ORDERS,
    finding,
    first_day,
    missing,
    report_of,
    second_day,
    state_after,
)
from tests.support.upstreams import lacking, silent

LACKS = [
    finding(
        f"hr.t{number}",
        Status.UNKNOWN,
        cause=f"denied {number}",
        because=f"hr.t{number} is denied.",
        lacks=Lacks("arn:aws:iam::1:role/m", (Right("s3:ListBucket", f"arn:aws:s3:::b{number}", "x/*"),)),
    )
    for number in range(2)
]
HOST = finding(
    "a.b",
    Status.FAIL,
    check="partitions",
    severity=Severity.WARNING,
    items=missing("2026-11-22"),
    deadline=NOW,
)
GUEST = finding("a.b", Status.FAIL, check="freshness", because="It is old.", within="a.b|partitions")
TOLD_ONCE = (replace(HOST, told_with=(GUEST,)), GUEST)
STATED = finding(
    "a.c", Status.FAIL, advice="register it", statement="ALTER TABLE a.c ADD PARTITION (dt='x');"
)
ACK = Mark(
    id="a1",
    kind=MarkKind.ACK,
    table="a.g",
    by="ann",
    at=NOW - timedelta(hours=2),
    ends_at=NOW,
    because="looking",
)
SAID = finding(
    "a.g",
    Status.FAIL,
    check="partitions",
    items=tuple(replace(item, marked="a1") for item in missing("2026-11-22")),
    marked=(Marked(ACK, ("2026-11-22",)),),
)
CHAIN = told_within_upstreams(
    [
        lacking("raw.t", "22"),
        lacking("mart.a", "22"),
        lacking("mart.b", "21 22"),
        silent("mart.c", NOW - timedelta(days=2), NOW),
    ],
    {"mart.a": ("raw.t",), "mart.b": ("raw.t",), "mart.c": ("mart.a",)},
)
OVER = Change(
    table="a.d",
    check="partitions",
    reason=Reason.EXPIRED,
    status=Status.PASS,
    because="well",
    item="2026-10-01",
    since=NOW - timedelta(days=9),
    note="what is older than 30 days is deleted",
)
HELD_UP = told_within_upstreams(
    (
        lacking("raw.a", "22", owner="ingest"),
        lacking("mart.b", "22 21", owner="sales"),
        lacking("mart.c", "22", owner="sales"),
        silent("web.a", NOW - timedelta(days=2), NOW - timedelta(days=1)),
        silent("web.b", NOW - timedelta(days=2), NOW - timedelta(days=1)),
        silent("web.c", None, None),
    ),
    {"mart.b": ("raw.a",), "mart.c": ("mart.b",)},
)
OVER_WITH = Change(
    table="raw.z",
    check="partitions",
    reason=Reason.RESOLVED,
    status=Status.PASS,
    because="well",
    item="2026-11-20",
    since=NOW - timedelta(days=2),
    also=(("mart.y", "sales"), ("mart.z", None)),
)
REPORTS: dict[str, Report] = {
    "first day": first_day(),
    "second day": second_day(),
    "news": news(second_day()),
    "no tables": report_of(()),
    "hostile": report_of((finding(HOSTILE, Status.FAIL, because=HOSTILE, owner=HOSTILE),), name=HOSTILE),
    "rights": report_of(LACKS),
    "told once": report_of(TOLD_ONCE),
    "statement": report_of((STATED,)),
    "chain": report_of(CHAIN),
    "said of it": report_of((SAID,)),
    "held up in part": replace(report_of(HELD_UP, links=True), changes=(OVER_WITH,)),
    "held up since yesterday": report_of(HELD_UP, state_after(HELD_UP, now=NOW - timedelta(days=1))),
    "expired": replace(report_of((ORDERS,)), changes=(OVER,)),
    "values": report_of(
        (
            finding(
                "a.e",
                Status.FAIL,
                observed=1.5,
                expected=3,
                limits=Limits(warning="2026-11-22", critical=NOW),
            ),
        )
    ),
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_it_renders_as_the_one_that_was_kept(report: Report) -> None:
    again = read(as_json.pretty(report))
    assert text.render(again) == text.render(report)
    assert text.subject(again) == text.subject(report)
    assert html.page(again) == html.page(report)
    assert as_json.pretty(again) == as_json.pretty(report)


@given(
    st.text(max_size=30),
    st.text(max_size=30),
    st.one_of(
        st.none(), st.integers(-5, 5), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=25)
    ),
)
def test_any_words_and_values_survive(because: str, statement: str, observed: Any) -> None:
    told = finding("a.b", Status.FAIL, because=because, advice="do", statement=statement, observed=observed)
    report = report_of((told,))
    assert as_json.pretty(read(as_json.pretty(report))) == as_json.pretty(report)


def test_a_report_of_before_is_read_without_what_was_added_since() -> None:
    document = as_json.document(REPORTS["statement"])
    findings: Any = document["findings"]
    for one in findings:
        one.pop("statement")
    assert "register it: ALTER TABLE a.c" in " ".join(text.render(read(json.dumps(document))).split())


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"version": 1}', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_report_is_told(content: bytes) -> None:
    with pytest.raises(NotAReport):
        read(content)


def test_a_later_version_is_told() -> None:
    with pytest.raises(NotAReport, match="has version 2, and this program reads 1"):
        read(json.dumps({**as_json.document(first_day()), "version": 2}))


@given(st.data())
def test_any_wrong_field_is_told_and_never_a_crash(data: st.DataObject) -> None:
    document: Any = json.loads(as_json.pretty(REPORTS["rights"]))
    place = document
    while True:
        key = data.draw(
            st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place))))
        )
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(st.sampled_from([None, {}, [], "x", 7, True]))
    with contextlib.suppress(NotAReport):
        html.page(read(json.dumps(document)))
