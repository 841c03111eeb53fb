"""The report as JUnit XML: whole, countable, and nothing of AWS in it is markup."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.channels.file import format_of
from checks.report.as_junit import render
from tests.support.report_cases import (
    CLICKS,
    DENIED,
    HOSTILE,
    ORDERS,
    SILENCED,
    finding,
    report_of,
    second_day,
)


def read(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own text


def test_each_finding_is_a_case_of_its_table_in_the_suite_of_its_database() -> None:
    report = second_day()
    root = read(render(report))
    cases = root.findall("testsuite/testcase")
    assert {(case.get("classname"), case.get("name")) for case in cases} == {
        (one.table, one.check) for one in report.findings
    }
    assert [suite.get("name") for suite in root] == sorted(
        {one.table.split(".")[0] for one in report.findings}
    )


def test_what_fails_what_is_unknown_and_what_is_silenced_are_told_apart() -> None:
    root = read(render(report_of([ORDERS, CLICKS, DENIED[0], SILENCED, finding()])))
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    failures = root.findall(".//failure")
    assert {each.get("type") for each in failures} == {"critical", "warning"}
    told = next(each for each in failures if each.get("type") == "critical")
    assert told.get("message") == ORDERS.because
    assert ORDERS.advice in (told.text or "")
    assert "owner: finance-data" in (told.text or "")
    (unknown,) = root.findall(".//error")
    assert (unknown.get("type"), unknown.get("message")) == ("denied", DENIED[0].because)
    (skipped,) = root.findall(".//skipped")
    assert skipped.get("message") == f"silenced: {SILENCED.silenced}"


@pytest.mark.parametrize("counted", ["tests", "failures", "errors", "skipped"])
def test_the_whole_is_the_sum_of_its_suites(counted: str) -> None:
    root = read(render(second_day()))
    assert int(root.get(counted) or "") == sum(int(suite.get(counted) or "") for suite in root)


@settings(max_examples=40)
@given(st.text(max_size=200))
def test_any_text_leaves_a_document_that_can_be_read(text: str) -> None:
    hostile = replace(ORDERS, table=text or "t", because=text, owner=text, advice=text, silenced=None)
    read(render(report_of([hostile], name=text)))


def test_hostile_text_stays_text() -> None:
    hostile = replace(ORDERS, table=HOSTILE, because=HOSTILE, check="]]>", owner="\x00\x1b[31m")
    root = read(render(report_of([hostile])))
    (case,) = root.findall("testsuite/testcase")
    assert (case.get("classname") or "").startswith("<script>")
    assert case.get("name") == "]]>"


def test_a_file_of_that_ending_is_written_so() -> None:
    assert format_of("reports/r.xml") == "junit"
