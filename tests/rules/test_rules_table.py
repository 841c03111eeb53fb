"""The specification of the rules, `rules_table.md`: every row runs, through Great Expectations and over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checks.assess import Measured, assess
from checks.lake.observe import observe_together
from checks.model import Finding, Status
from tests.support.lakes import HttpLake, point_at, reset, serving
from tests.support.rules_table import Case, Scene, build, memory_lake, read_specification

if TYPE_CHECKING:
    from collections.abc import Sequence

CASES = read_specification()


def findings_of(scenes: Sequence[Scene]) -> list[Finding]:
    """Look at every scene, and judge all of them by one call."""
    measured = []
    for scene in scenes:
        clock, plan = scene.case.clock, scene.plan
        seen = observe_together(plan, clock, scene.reader)
        rule = next(rule for rule in plan.rules if rule.check == scene.case.check)
        measured.append(Measured(plan.about, rule, rule.measure(seen, clock, plan.memory)))
    return list(assess(measured))


def differences(cases: Sequence[Case], findings: Sequence[Finding]) -> list[str]:
    """Return how findings differ from what the rows say, a paragraph each."""
    found = []
    for case, finding in zip(cases, findings, strict=True):
        verdict = finding.severity.value if finding.severity is not None else finding.status.value
        told = case.told(finding.because)
        if verdict != case.verdict or not says(case.said, told):
            found.append(
                f"{case}\n    {case.there} @ {case.now}\n  - {case.verdict}: {case.said}\n  + {verdict}: {told}"
            )
    return found


def says(said: str, told: str) -> bool:
    """Compare a sentence with one that may leave out its beginning or end, where it has an ellipsis."""
    open_start, open_end, core = said.startswith("…"), said.endswith("…"), said.strip("…")
    if open_start and open_end:
        return core.strip() in told
    if open_start:
        return told.endswith(core)
    return told.startswith(core) if open_end else told == core


def test_every_row_holds() -> None:
    findings = findings_of([build(case, memory_lake(case)) for case in CASES])
    wrong = differences(CASES, findings)
    assert not wrong, "\n\n".join([f"{len(wrong)} of {len(CASES)} rows do not hold:", *wrong])


@pytest.mark.slow
def test_the_same_rows_hold_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [case for case in CASES if not case.needs_memory]
    with serving() as endpoint:
        point_at(monkeypatch, endpoint)
        lake = HttpLake(endpoint)
        wrong = differences(cases, findings_of([build(case, lake) for case in cases]))
        reset()
    assert not wrong, "\n\n".join([f"{len(wrong)} of {len(cases)} rows do not hold:", *wrong])


def test_the_specification_is_whole() -> None:
    assert len(CASES) >= 200
    assert {case.verdict for case in CASES} == {"pass", "warning", "critical", "unknown"}
    assert len({(case.section, case.there, case.now) for case in CASES}) == len(CASES), "a row is there twice"


def test_a_finding_that_does_not_hold_is_told() -> None:
    case = CASES[0]
    finding = Finding(table="spec.r001", check=case.check, status=Status.UNKNOWN, because="not so")
    assert differences([case], [finding])


@pytest.mark.parametrize(
    ("said", "told", "holds"),
    [
        ("a b", "a b", True),
        ("a b", "a b c", False),
        ("a b …", "a b c", True),
        ("… b c", "a b c", True),
        ("… b …", "a b c", True),
        ("… d …", "a b c", False),
        ("b …", "a b c", False),
    ],
)
def test_an_ellipsis_stands_for_the_rest(said: str, told: str, *, holds: bool) -> None:
    assert says(said, told) == holds
