"""The JSON report: its fields, its schema, and how it is cut."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from checks.model import Cost, Item, ItemState, Limits, Status
from checks.report import as_json
from checks.report.build import Report, news, part
from tests.support.report_cases import (
    CLICKS,
    FRESH,
    HOSTILE,
    NOW,
    ORDERS,
    SILENCED,
    WHOLE_AT,
    finding,
    first_day,
    report_of,
    second_day,
)

GOLDEN = Path(__file__).parent / "golden" / "report_second_day.json"
MANY = [replace(ORDERS, table=f"db.t{number:04}") for number in range(2500)]
MANY += [finding(f"db.fresh{number:04}") for number in range(2500)]


def read(text: str) -> dict[str, Any]:
    """Return the document, refusing what strict JSON refuses, after holding it against the schema."""

    def refuse(word: str) -> None:
        pytest.fail(f"{word} is not JSON")

    document: dict[str, Any] = json.loads(text, parse_constant=refuse)
    Draft202012Validator(as_json.schema(), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
        document
    )
    return document


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(as_json.schema())


def test_the_whole_document() -> None:
    shown = as_json.pretty(second_day())
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(shown, encoding="utf-8")
    assert shown == GOLDEN.read_text(encoding="utf-8"), "set UPDATE_GOLDEN=1 and read what changed"
    read(shown)


@pytest.mark.parametrize(
    "report",
    [
        first_day(),
        second_day(),
        news(second_day()),
        part(second_day(), lambda one: one.owner == "web"),
        report_of(()),
        report_of((finding(HOSTILE, Status.FAIL, because=HOSTILE, owner=HOSTILE),), name=HOSTILE),
    ],
    ids=["first day", "second day", "news", "part", "no tables", "hostile"],
)
def test_every_report_keeps_to_the_schema(report: Report) -> None:
    document = read(as_json.render(report))
    assert document == json.loads(as_json.pretty(report))
    assert len(document["findings"]) == len(report.findings)


def test_the_fields_of_a_finding_come_in_the_published_order() -> None:
    (one,) = read(as_json.render(report_of([CLICKS])))["findings"]
    assert list(one)[:12] == [
        "table",
        "check",
        "status",
        "severity",
        "observed",
        "expected",
        "limits",
        "because",
        "evidence",
        "items",
        "owner",
        "silenced",
    ]
    assert one["observed"] == "2026-11-21T23:30:00Z"
    assert one["limits"] == {"warning": "2026-11-22T06:30:00Z", "critical": "2026-11-21T18:30:00Z"}


def test_an_item_tells_its_period_dimensions_and_state() -> None:
    item = Item(period="2026-11-22", state=ItemState.EMPTY, dimensions=(("region", "eu"),), due_at=NOW)
    (one,) = read(as_json.render(report_of([replace(ORDERS, items=(item,))])))["findings"]
    assert one["items"] == [
        {
            "period": "2026-11-22",
            "dimensions": {"region": "eu"},
            "state": "empty",
            "due_at": "2026-11-23T06:30:00Z",
            "arrived_at": None,
            "detail": "",
            "remedy": "",
        }
    ]


def test_silenced_findings_stay() -> None:
    document = read(as_json.render(report_of([SILENCED])))
    assert [one["silenced"] for one in document["findings"]] == ["web.old* until 2026-12-01 (migration)"]
    assert document["changes"] == []


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_cannot_carry_is_not_known(number: float) -> None:
    odd = replace(CLICKS, observed=number, limits=Limits(warning=number))
    (one,) = read(as_json.render(report_of([odd], cost=Cost(usd=number))))["findings"]
    assert one["observed"] is None
    assert one["limits"]["warning"] is None


def test_an_early_year_has_four_digits() -> None:
    first = datetime(1, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
    (one,) = read(as_json.render(report_of([replace(CLICKS, observed=first)])))["findings"]
    assert one["observed"] == "0001-01-02T03:04:05Z"


def test_a_lone_surrogate_is_replaced() -> None:
    (one,) = read(as_json.render(report_of([replace(CLICKS, table="a\ud800b")])).encode().decode())[
        "findings"
    ]
    assert one["table"] == "a\ufffdb"


def test_the_order_of_the_findings_does_not_matter() -> None:
    findings = [*FRESH, ORDERS, CLICKS, SILENCED]
    assert as_json.render(report_of(findings)) == as_json.render(report_of(findings[::-1]))


@pytest.mark.parametrize("limit", [4_000, 100 * 1024])
def test_a_long_document_is_cut_from_its_end(limit: int) -> None:
    report = report_of(MANY, whole_at=WHOLE_AT)
    text = as_json.render(report, limit)
    document = read(text)
    kept = len(document["findings"])
    assert limit - 3000 < len(text.encode()) <= limit
    assert document["left_out"] == 5000 - kept
    assert document["left_out_changes"] == 5000 - 2 * kept
    assert [one["table"] for one in document["findings"]] == [f"db.t{number:04}" for number in range(kept)]
    assert {change["table"] for change in document["changes"]} == {
        one["table"] for one in document["findings"]
    }
    assert document["whole_at"] == WHOLE_AT
    assert document["summary"]["tables"] == 5000


def test_passing_findings_are_left_out_first() -> None:
    whole = len(as_json.render(first_day()).encode())
    document = read(as_json.render(first_day(), whole - 2000))
    assert document["left_out"] > 0
    assert document["left_out_changes"] == 0
    assert [one["table"] for one in document["findings"] if one["status"] != "pass"] == [
        one.table for one in first_day().findings if one.status is not Status.PASS
    ]


@given(st.integers(0, 60), st.integers(1200, 60_000))
def test_a_cut_document_never_exceeds_its_limit(number: int, limit: int) -> None:
    text = as_json.render(report_of(MANY[2500 - number : 2500 + number]), limit)
    assert len(text.encode()) <= limit
    read(text)


def test_even_notes_are_bounded_when_it_must_be_small() -> None:
    report = report_of(MANY[:5], notes=["n" * 5000] * 500)
    document = read(as_json.render(report, 20_000))
    assert len(document["notes"]) == 20
