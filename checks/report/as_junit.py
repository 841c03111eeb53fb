"""The report as JUnit XML, which CI servers show: a suite a database, a class a table, a case a check. Pure.

There is no schema of one owner; this is what Jenkins' and GitLab's readers take (testsuites, testsuite, testcase, and
in it failure, error or skipped).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from checks import text as words
from checks.model import Status, iso
from checks.report.together import source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.model import Finding
    from checks.report.build import Report

_LONGEST = 2000


def render(report: Report) -> str:
    """Return the document: failures have their severity as type, what could not be checked is an error.

    What is silenced is skipped. Warnings are failures, too: the exit code tells which of them count.
    """
    suites: dict[str, list[Finding]] = defaultdict(list)
    for finding in report.findings:
        suites[source_of(finding.table)].append(finding)
    root = Element(
        "testsuites", {"name": _said(f"s3-table-monitor {report.name}"), **_counts(report.findings)}
    )
    root.set("time", f"{report.cost.seconds:.3f}")
    for database in sorted(suites):
        found = sorted(suites[database], key=lambda each: (each.table, each.check))
        suite = SubElement(root, "testsuite", {"name": _said(database), **_counts(found)})
        suite.set("timestamp", iso(report.now).removesuffix("Z"))
        for finding in found:
            _case(suite, finding)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _case(suite: Element, finding: Finding) -> None:
    case = SubElement(suite, "testcase", classname=_said(finding.table), name=_said(finding.check))
    because = _said(finding.because)
    if finding.status is Status.PASS:
        return
    if finding.silenced is not None:
        SubElement(case, "skipped", message=_said(f"silenced: {finding.silenced}"))
        return
    if finding.status is Status.UNKNOWN:
        kind = finding.problem.value if finding.problem is not None else "unknown"
        told = SubElement(case, "error", message=because, type=kind)
    else:
        told = SubElement(case, "failure", message=because, type=str(finding.severity))
    told.text = "\n".join(line for line in (because, _said(finding.to_do), _owner(finding)) if line)


def _owner(finding: Finding) -> str:
    return f"owner: {_said(finding.owner)}" if finding.owner else ""


def _counts(found: Sequence[Finding]) -> dict[str, str]:
    told = [finding for finding in found if finding.silenced is None or finding.status is Status.PASS]
    return {
        "tests": str(len(found)),
        "failures": str(sum(finding.status is Status.FAIL for finding in told)),
        "errors": str(sum(finding.status is Status.UNKNOWN for finding in told)),
        "skipped": str(len(found) - len(told)),
    }


def _said(text: str) -> str:
    """Return what XML 1.0 can hold: no control characters, no lone surrogates, no more than a bounded length."""
    return words.shorten(words.clean(text), _LONGEST)
