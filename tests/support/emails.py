"""The lines of a report's email."""

from __future__ import annotations

from checks.report.text import render
from tests.support.report_cases import (
    report_of,
)


def lines_of(*findings: object, **more: object) -> list[str]:
    return render(report_of(findings, **more)).splitlines()  # type: ignore[arg-type]
