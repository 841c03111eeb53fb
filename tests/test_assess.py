"""A row that Great Expectations did not judge never passes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import assess as subject
from checks import expectations
from checks.assess import Measured, assess, judge, row_of
from checks.model import (
    Finding,
    Observation,
    Problem,
    ProblemKind,
    Severity,
    Status,
    Table,
    TableMemory,
)
from checks.rules import CHECKS
from checks.rules.asking import Clock
from checks.rules.base import NOTHING_MORE, About, Direction, Row, Rule
from tests.support.times import HOUR, SECOND, at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.layout import TimeLayout
    from checks.rules.asking import Needs
    from checks.rules.base import CheckConfig

NOW = at("2026-11-22 06:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo(Rule):
    """A rule that says what it was told."""

    check = "freshness"

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:
        raise NotImplementedError

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Any]:
        raise NotImplementedError

    def finding(self, row: Row[Any], severity: Severity | None, about: About = NOTHING_MORE) -> Finding:
        status = Status.PASS if severity is None else Status.FAIL
        return Finding(table=row.table, check=row.check, status=status, severity=severity, because="told")


def fresh(name: str, age: timedelta, **values: Any) -> Row[Any]:
    limits = {"warning": NOW - 24 * HOUR, "critical": NOW - 36 * HOUR, **values}
    return Row(table=name, check="freshness", direction=Direction.AT_LEAST, observed=NOW - age, **limits)


def missing(name: str, count: int, **values: Any) -> Row[Any]:
    limits = {"warning": 0, "critical": 2, **values}
    return Row(table=name, check="partitions", direction=Direction.AT_MOST, observed=count, **limits)


def measured(*rows: Row[Any]) -> list[Measured]:
    return [Measured(About(), Echo(), row) for row in rows]


def verdicts(*rows: Row[Any]) -> list[tuple[Status, Severity | None]]:
    return [(finding.status, finding.severity) for finding in assess(measured(*rows))]


PASS, WARNING, CRITICAL, UNKNOWN = (
    (Status.PASS, None),
    (Status.FAIL, Severity.WARNING),
    (Status.FAIL, Severity.CRITICAL),
    (Status.UNKNOWN, None),
)


def test_exactly_the_limit_is_good_and_the_worst_limit_counts() -> None:
    ages = [24 * HOUR - SECOND, 24 * HOUR, 24 * HOUR + SECOND, 36 * HOUR, 36 * HOUR + SECOND]
    rows = [fresh(f"t{number}", age) for number, age in enumerate(ages)]
    assert verdicts(*rows) == [PASS, PASS, WARNING, WARNING, CRITICAL]
    counts = [missing(f"t{count}", count) for count in range(4)]
    assert verdicts(*counts) == [PASS, WARNING, WARNING, CRITICAL]


def test_a_limit_that_is_not_set_is_not_crossed() -> None:
    assert verdicts(fresh("a", 30 * HOUR, warning=None), fresh("b", 99 * HOUR, critical=None)) == [
        PASS,
        WARNING,
    ]
    assert verdicts(missing("a", 1, warning=None), missing("b", 9, critical=None)) == [PASS, WARNING]
    assert verdicts(fresh("a", 9999 * HOUR, warning=None, critical=None)) == [PASS]


def test_unknown_rows_are_split_off_and_the_others_judged_in_their_order() -> None:
    problem = Problem(ProblemKind.DENIED, "access denied", "allow it", "denied bucket")
    rows = [fresh("a", HOUR), replace(fresh("b", HOUR), unknown=problem), fresh("c", 30 * HOUR)]
    findings = assess(measured(*rows))
    assert [finding.table for finding in findings] == ["a", "b", "c"]
    assert [finding.status for finding in findings] == [Status.PASS, Status.UNKNOWN, Status.FAIL]
    unknown = findings[1]
    assert unknown.because == "could not be checked: access denied"
    assert (unknown.advice, unknown.problem, unknown.cause) == (
        "allow it",
        ProblemKind.DENIED,
        "denied bucket",
    )


def test_a_doubt_makes_only_the_outcome_unknown_that_it_is_about() -> None:
    problem = Problem(ProblemKind.OVER_BUDGET, "the listing was ended early")
    assert verdicts(replace(fresh("a", HOUR), doubt_if_fail=problem)) == [PASS]
    assert verdicts(replace(fresh("a", 99 * HOUR), doubt_if_fail=problem)) == [UNKNOWN]
    assert verdicts(replace(missing("a", 0), doubt_if_pass=problem)) == [UNKNOWN]
    assert verdicts(replace(missing("a", 1), doubt_if_pass=problem)) == [WARNING]


def test_what_was_seen_is_told_where_a_failure_is_in_doubt() -> None:
    problem = Problem(ProblemKind.OVER_BUDGET, "the listing was ended early")
    finding = assess(measured(replace(fresh("a", 99 * HOUR), doubt_if_fail=problem)))[0]
    assert finding.because == "could not be checked: the listing was ended early; what was seen so far: told"


def test_rows_of_one_name_are_all_unknown() -> None:
    assert verdicts(fresh("a", HOUR), fresh("a", HOUR), fresh("b", HOUR)) == [UNKNOWN, UNKNOWN, PASS]


def test_a_fault_of_one_rule_never_costs_the_run() -> None:
    class Broken(Echo):
        def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Any]:
            raise ZeroDivisionError("oops")

        def finding(self, row: Row[Any], severity: Severity | None, about: About = NOTHING_MORE) -> Finding:
            raise KeyError("facts")

    table = Table(id="a")
    row = row_of(Broken(), Observation(table=table, now=NOW), Clock(now=NOW), TableMemory())
    broken = Measured(About(), Broken(), row)
    untold = Measured(About(), Broken(), fresh("b", HOUR))
    first, second, third = assess([broken, untold, *measured(fresh("c", HOUR))])
    assert (first.status, second.status, third.status) == (Status.UNKNOWN, Status.UNKNOWN, Status.PASS)
    assert (
        first.because
        == "could not be checked: it was not judged: its check failed with ZeroDivisionError: oops"
    )
    assert (
        second.because
        == "could not be checked: it was not judged: its sentence failed with KeyError: 'facts'"
    )


@pytest.mark.parametrize("config", CHECKS.values(), ids=CHECKS.keys())
def test_each_check_is_judged_by_the_class_that_it_names(config: type[CheckConfig]) -> None:
    is_at_least = config.check in ("freshness", "events")  # the others count what is wrong
    observed = NOW if is_at_least else 1
    direction = Direction.AT_LEAST if is_at_least else Direction.AT_MOST
    row: Row[Any] = Row(
        table="a", check=config.check, direction=direction, observed=observed, critical=observed
    )
    module, _, name = config.expectation.rpartition(".")
    assert module == expectations.__name__
    assert name in vars(expectations)
    judgement = judge(config.check, [row])
    assert (judgement.problem, judgement.failing[Severity.CRITICAL]) == (None, frozenset())
    worse = row.observed - SECOND if isinstance(row.observed, datetime) else 2
    judgement = judge(config.check, [replace(row, observed=worse)])
    assert (judgement.problem, judgement.failing[Severity.CRITICAL]) == (None, frozenset({row.id}))


def test_nothing_to_judge_gives_nothing() -> None:
    assert assess([]) == ()


def outcome(**values: Any) -> Any:
    result = {"element_count": 2, "missing_count": 0, "unexpected_count": 0, "unexpected_index_list": None}
    return SimpleNamespace(
        success=values.pop("success", True),
        exception_info=values.pop("exception_info", {"raised_exception": False}),
        result=values.pop("result", {**result, **values}),
    )


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (None, "Great Expectations gave no result"),
        (
            outcome(exception_info={"raised_exception": True, "exception_message": "no such column"}),
            "Great Expectations raised an exception: no such column",
        ),
        (
            outcome(
                success=False, result={}, exception_info={"('metric', 'id')": {"raised_exception": True}}
            ),
            "Great Expectations raised an exception: without a message",
        ),
        (outcome(result={}), "Great Expectations judged None of 2 rows"),
        (outcome(element_count=1), "Great Expectations judged 1 of 2 rows"),
        (outcome(missing_count=1), "Great Expectations judged 2 of 2 rows"),
        (outcome(unexpected_count=None), "Great Expectations judged 2 of 2 rows"),
        (
            outcome(success=False, unexpected_count=1),
            "Great Expectations names not all of the 1 rows that it fails",
        ),
        (
            outcome(success=True, unexpected_count=1, unexpected_index_list=["a|freshness"]),
            "Great Expectations names not all of the 1 rows that it fails",
        ),
        (outcome(success=False), "Great Expectations names not all of the 0 rows that it fails"),
        (
            outcome(success=False, unexpected_count=1, unexpected_index_list=["a|freshness"]),
            "Great Expectations and the plain comparison disagree on warning",
        ),
        (
            outcome(success=False, unexpected_count=1, unexpected_index_list=["stranger"]),
            "Great Expectations and the plain comparison disagree on warning",
        ),
    ],
)
def test_an_answer_that_is_not_whole_makes_its_rows_unknown(
    answer: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        subject,
        "_validate",
        lambda _check, _frame, _source: {Severity.WARNING: answer, Severity.CRITICAL: answer},
    )
    findings = assess(measured(fresh("a", HOUR), fresh("b", HOUR)))
    assert [finding.status for finding in findings] == [Status.UNKNOWN, Status.UNKNOWN]
    assert findings[0].because == f"could not be checked: it was not judged: {why}"
    assert findings[0].problem is ProblemKind.INTERNAL


def test_an_exception_of_great_expectations_makes_its_rows_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_check: str, _frame: pd.DataFrame, _source: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr(subject, "_validate", fail)
    finding = assess(measured(fresh("a", HOUR)))[0]
    expected = (
        "could not be checked: it was not judged: Great Expectations failed on it: RuntimeError: broken"
    )
    assert (finding.status, finding.because) == (Status.UNKNOWN, expected)


def test_a_value_that_pandas_cannot_hold_makes_its_rows_unknown() -> None:
    row = replace(fresh("a", HOUR), observed=datetime.fromisoformat("9999-12-31T00:00:00+00:00"))
    assert verdicts(row) == [UNKNOWN]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200_000), st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_great_expectations_judges_as_the_plain_comparison(cases: list[tuple[int, bool, bool]]) -> None:
    rows = [
        fresh(
            f"t{number}",
            age * SECOND,
            **({} if warn else {"warning": None}),
            **({} if error else {"critical": None}),
        )
        for number, (age, warn, error) in enumerate(cases)
    ]
    judgement = judge("freshness", rows)
    assert judgement.problem is None
    for severity, limit in ((Severity.WARNING, 24 * HOUR), (Severity.CRITICAL, 36 * HOUR)):
        plain = {
            row.id
            for row, (age, warn, error) in zip(rows, cases, strict=True)
            if (warn if severity is Severity.WARNING else error) and age * SECOND > limit
        }
        assert judgement.failing[severity] == plain


def validate(frame: pd.DataFrame, expectation: Any) -> Any:
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("mine").add_dataframe_asset("tables")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    return batch.validate(expectation, result_format="COMPLETE")


def names(result: Any) -> Sequence[Any]:
    found: Sequence[Any] = result.result["unexpected_index_list"]
    return found


@pytest.mark.filterwarnings("ignore:Series.values returning an ndarray")  # how GX reads aware columns
def test_everyone_can_use_the_expectations_in_a_suite_of_their_own() -> None:
    from checks.expectations import ExpectDuePartitionsToExist, ExpectTablesToBeFresh

    limit = pd.Timestamp("2026-11-22T00:00Z")
    frame = pd.DataFrame(
        {
            "newest_data_at": [limit, limit - pd.Timedelta(1, "s"), pd.NaT],
            "not_before": [limit, limit, limit],
            "missing": [0.0, 1.0, float("nan")],
            "allowed": [0.0, 0.0, 0.0],
        },
        index=["orders", "clicks", "never_seen"],
    )
    result = validate(frame, ExpectTablesToBeFresh(column_A="newest_data_at", column_B="not_before"))
    assert not result.success
    assert sorted(names(result)) == ["clicks", "never_seen"]  # what is not known is no pass
    result = validate(frame, ExpectDuePartitionsToExist(column_A="missing", column_B="allowed"))
    assert sorted(names(result)) == ["clicks", "never_seen"]
    well = frame.loc[["orders"]]
    assert validate(well, ExpectTablesToBeFresh(column_A="newest_data_at", column_B="not_before")).success
