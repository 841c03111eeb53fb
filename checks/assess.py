"""Judge rows with Great Expectations, and believe it only where it judged every row.

A row that was not judged must never pass: whatever is odd about a result (an exception, a missing list, a
count that does not match, a disagreement with the plain comparison) makes its rows unknown.
"""

from __future__ import annotations

import gc
import logging
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pandas as pd

from checks.installation import broken, refuse_broken
from checks.model import Finding, Problem, ProblemKind, Severity
from checks.rules import CHECKS
from checks.rules.base import Direction, Row
from checks.rules.told_once import told_once
from checks.rules.upstream import told_within_upstreams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from checks.model import Observation, TableMemory
    from checks.rules.asking import Clock
    from checks.rules.base import About, Rule, TablePlan

_log = logging.getLogger(__name__)

_NO_LOWER_LIMIT = datetime(1678, 1, 1, tzinfo=UTC)
"""Below every observed time: the first year that pandas' nanoseconds hold."""
_LONGEST_MESSAGE = 300
_IMPORT_ERROR = re.compile(r"^(ImportError|ModuleNotFoundError)\b", re.MULTILINE)
_SEVERITIES = (Severity.WARNING, Severity.CRITICAL)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The row ids that fail each severity, and the problem that makes the whole answer unbelievable."""

    failing: Mapping[Severity, frozenset[str]]
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """A row with the rule that it comes from, and what is told of its table beside."""

    about: About
    rule: Rule
    row: Row[Any]


def row_of(rule: Rule, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Any]:
    """Return the rule's row; a fault of the rule makes its own row unknown and never costs the run."""
    try:
        return rule.measure(seen, clock, memory)
    except Exception as error:  # noqa: BLE001 - whatever a rule raises, only its own row is unknown
        refuse_broken(error)
        _log.exception("measuring %s of %s failed", rule.check, seen.table.id)
        why = _not_judged(f"its check failed with {type(error).__name__}: {error}")
        return Row(table=seen.table.id, check=rule.check, direction=Direction.AT_MOST, unknown=why)


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the search for reference cycles rest: values have none, and looking through millions takes seconds.

    What was made meanwhile counts as old afterwards, so that the first small collection does not look through all of it
    at once; a full one still does.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            if not gc.get_freeze_count():  # else somebody keeps objects frozen, and these are to stay so
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def findings_of(
    plans: Iterable[TablePlan],
    observations: Mapping[str, Observation],
    clock: Clock,
    cover: Callable[[Iterable[Finding]], tuple[Finding, ...]] = tuple,
) -> tuple[Finding, ...]:
    """Measure every rule on what was observed of its table (by its id), and judge all of them.

    ``cover`` adds what people said of them: what they hide hides nothing itself. What is told within another finding,
    of its own table or of an upstream, is marked.
    """
    plans = tuple(plans)
    with uncollected():
        measured: list[Measured] = []
        for plan in plans:
            about, seen, memory = plan.about, observations[plan.table.id], plan.memory
            measured += [Measured(about, rule, row_of(rule, seen, clock, memory)) for rule in plan.rules]
        found = told_once(cover(assess(measured)))
        stated = {plan.table.id: plan.entry.upstream for plan in plans if plan.entry.upstream}
        return told_within_upstreams(found, stated)


def assess(measured: Sequence[Measured]) -> tuple[Finding, ...]:
    """Return one finding a row, in the order given."""
    failing: dict[str, Severity] = {}
    problems: dict[str, Problem] = {}
    ids = [each.row.id for each in measured]
    duplicates = _repeated(ids)
    by_check: dict[str, list[Row[Any]]] = {}
    for row_id, each in zip(ids, measured, strict=True):
        if each.row.unknown is not None:
            continue
        if row_id in duplicates:
            problems[row_id] = _not_judged(f"two rows are called {row_id!r}")
        else:
            by_check.setdefault(each.row.check, []).append(each.row)
    source = _Source()
    for check, rows in by_check.items():
        judgement = judge(check, rows, source)
        if judgement.problem is not None:
            problems |= {row.id: judgement.problem for row in rows}
        for severity in _SEVERITIES:  # critical comes last and stands
            failing |= dict.fromkeys(judgement.failing.get(severity, ()), severity)
    return tuple(
        _finding(each, failing.get(row_id), problems.get(row_id))
        for row_id, each in zip(ids, measured, strict=True)
    )


def _finding(each: Measured, severity: Severity | None, problem: Problem | None) -> Finding:
    row = each.row
    problem = row.unknown or problem
    if problem is None:
        problem = row.doubt_if_pass if severity is None else row.doubt_if_fail
    try:
        if problem is None:
            return each.rule.finding(row, severity, each.about)
        is_seen = row.unknown is None and row.doubt_if_fail is problem
        seen = each.rule.finding(row, severity).because if is_seen else ""
        return each.rule.tell_unknown(row, problem, about=each.about, seen=seen)
    except Exception as error:  # noqa: BLE001 - the same
        refuse_broken(error)
        _log.exception("telling %s failed", row.id)
        why = _not_judged(f"its sentence failed with {type(error).__name__}: {error}")
        return each.rule.tell_unknown(row, why, about=each.about)


class _Source:
    """Where Great Expectations gets the frames of one call of `assess` from, made when first asked for.

    Each change of a context writes all of it as YAML, so that one for each check takes as long as judging.
    """

    def __init__(self) -> None:
        self._made: Any = None

    def get(self, gx: Any) -> Any:
        """Return the data source, in an ephemeral context."""
        if self._made is None:
            context = gx.get_context(mode="ephemeral")
            context.variables.progress_bars = gx.data_context.types.base.ProgressBarsConfig(globally=False)
            self._made = context.data_sources.add_pandas("observations")
        return self._made


def judge(check: str, rows: Sequence[Row[Any]], source: _Source | None = None) -> Judgement:
    """Judge the rows of one check in one suite, an expectation a severity.

    Rows must have unique ids and comparable values of one kind. Never raises for what Great Expectations
    answers or raises: that is a `Judgement` with a problem.
    """
    try:
        frame = _frame(rows)
        result = _validate(check, frame, source or _Source())
    except Exception as error:  # noqa: BLE001 - whatever GX raises, its rows are unknown, and the run goes on
        refuse_broken(error)
        _log.warning("Great Expectations failed on %s: %s", check, error)
        return Judgement({}, _not_judged(f"Great Expectations failed on it: {type(error).__name__}: {error}"))
    failing: dict[Severity, frozenset[str]] = {}
    for severity in _SEVERITIES:
        ids = _failing_ids(result.get(severity), frame)
        if isinstance(ids, Problem):
            return Judgement({}, ids)
        if ids != _plainly_failing(rows, severity):
            return Judgement(
                {}, _not_judged(f"Great Expectations and the plain comparison disagree on {severity}")
            )
        failing[severity] = ids
    return Judgement(failing)


def _frame(rows: Sequence[Row[Any]]) -> pd.DataFrame:
    """Return a frame with the columns observed, warning, critical, indexed by row id (without a name).

    A limit that a row does not have is one that nothing crosses, so that GX judges every row.
    """
    columns: dict[str, Any] = {"observed": [row.observed for row in rows]}
    for severity in _SEVERITIES:
        columns[severity.value] = _limits(rows, severity)
    index = pd.Index([row.id for row in rows], dtype=object)
    if not isinstance(rows[0].observed, datetime):
        return pd.DataFrame(columns, index=index, dtype="float64")
    # All are UTC; without saying so, since Great Expectations reads aware columns in a way that pandas deprecates.
    aware = {name: pd.to_datetime(column, utc=True).as_unit("ns") for name, column in columns.items()}
    return pd.DataFrame({name: times.tz_localize(None) for name, times in aware.items()}, index=index)


def _limits(rows: Iterable[Row[Any]], severity: Severity) -> list[datetime | float]:
    limits = [row.warning for row in rows] if severity is Severity.WARNING else [row.critical for row in rows]
    return [limit if limit is not None else _no_limit(row) for row, limit in zip(rows, limits, strict=True)]


def _no_limit(row: Row[Any]) -> datetime | float:
    """Return a limit that nothing crosses."""
    if isinstance(row.observed, datetime):
        return _NO_LOWER_LIMIT
    return float("-inf") if row.direction is Direction.AT_LEAST else float("inf")


def _validate(check: str, frame: pd.DataFrame, source: _Source) -> Mapping[Severity, Any]:
    """Run one suite over the frame, as an asset of its own; return GX's result by severity.

    The batch is validated itself: a validation definition would also write its result as JSON into a store that nobody
    reads, which takes three times as long as judging.
    """
    gx, expectation = _great_expectations(check)
    asset = source.get(gx).add_dataframe_asset(check)
    batch = asset.add_batch_definition_whole_dataframe("run").get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name=check)
    for severity in _SEVERITIES:
        suite.add_expectation(
            expectation(
                column_A="observed",
                column_B=severity.value,
                severity=severity.value,
                meta={"severity": severity.value},
            )
        )
    outcome = batch.validate(
        suite,
        result_format={
            "result_format": "COMPLETE",
            "exclude_unexpected_values": True,
            "return_unexpected_index_query": False,
        },
    )
    return {Severity(each.expectation_config.meta["severity"]): each for each in outcome.results}


def _failing_ids(result: Any, frame: pd.DataFrame) -> frozenset[str] | Problem:
    """Return the ids of the rows that fail, or what makes the result unbelievable."""
    if result is None:
        return _not_judged("Great Expectations gave no result")
    values = result.result or {}
    raised = result.exception_info or {}
    nested = next((each for each in raised.values() if isinstance(each, dict)), raised)
    if nested.get("raised_exception"):
        said = str(nested.get("exception_message") or "without a message")[:_LONGEST_MESSAGE]
        _refuse_import_errors(str(nested.get("exception_traceback") or ""), said)
        return _not_judged(f"Great Expectations raised an exception: {said}")
    ids = values.get("unexpected_index_list")
    count = values.get("unexpected_count")
    if values.get("element_count") != len(frame) or values.get("missing_count", 0) != 0 or count is None:
        return _not_judged(f"Great Expectations judged {values.get('element_count')} of {len(frame)} rows")
    if ids is None:
        ids = [] if count == 0 else None
    if ids is None or len(ids) != count or bool(result.success) != (count == 0):
        return _not_judged(f"Great Expectations names not all of the {count} rows that it fails")
    return frozenset(ids)


def _refuse_import_errors(traceback: str, said: str) -> None:
    """Raise `BrokenInstallation` where Great Expectations caught that a library cannot be imported."""
    kind = _IMPORT_ERROR.search(traceback)
    if kind is not None:
        raise broken(kind[1], said)


def _plainly_failing(rows: Sequence[Row[Any]], severity: Severity) -> frozenset[str]:
    """Compare each row with its own limit; a limit that it does not have is not crossed."""
    at_least = Direction.AT_LEAST
    of_warning = severity is Severity.WARNING
    failing = []
    for row in rows:
        limit: Any = row.warning if of_warning else row.critical
        observed: Any = row.observed
        if limit is None:
            limit = _no_limit(row)
        if not (observed >= limit if row.direction is at_least else observed <= limit):
            failing.append(row.id)
    return frozenset(failing)


def import_great_expectations() -> Any:
    """Import Great Expectations (5 s) in the way that a run needs it, and return it."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    with uncollected():  # saves a twelfth of the import
        import great_expectations as gx

        from checks import expectations  # noqa: F401 - its classes register themselves
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    return gx


def _great_expectations(check: str) -> tuple[Any, Any]:
    """Return Great Expectations and the class that judges the check."""
    gx = import_great_expectations()
    module, _, name = CHECKS[check].expectation.rpartition(".")
    return gx, getattr(import_module(module), name)


def _repeated(ids: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    return {each for each in ids if each in seen or seen.add(each)}  # type: ignore[func-returns-value]


def _not_judged(why: str) -> Problem:
    return Problem(ProblemKind.INTERNAL, f"it was not judged: {why}", "report this with the log of the run")
