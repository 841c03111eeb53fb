"""The library as it is used in notebooks and scripts: run, look at what came of it, go on in pandas.

A run from here never moves the state: what the team was told of stays what it was told of.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pandas as pd

from checks import monitor
from checks.report import as_json, build, html, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from checks.model import Finding, JsonValue, Observation, Summary

_INSTANT = "datetime64[ns, UTC]"


class Report:
    """What came of a run. Shows itself as a table in a notebook, and as the email when printed."""

    def __init__(self, report: build.Report) -> None:
        """Wrap the report of a run."""
        self._report = report

    @property
    def ok(self) -> bool:
        """True when nothing fails and nothing is unknown (silenced findings aside)."""
        return self._report.ok

    @property
    def summary(self) -> Summary:
        """How many tables are fresh, warning, critical, unknown."""
        return self._report.summary

    @property
    def now(self) -> datetime:
        """The run's time, in UTC."""
        return self._report.now

    @property
    def findings(self) -> pd.DataFrame:
        """One row a finding: text columns, categories, and instants as UTC timestamps.

        ``observed_at`` and ``expected_at`` hold instants, ``observed_number`` counts and bytes: what a
        check observes is one or the other. Missing values are NaT, NA or None: not known.
        """
        return _frame(self._report.findings)

    @property
    def items(self) -> pd.DataFrame:
        """One row a period of a finding: table, check, period, state, due_at, arrived_at, detail, remedy."""
        rows = [
            {
                "table": finding.table,
                "check": finding.check,
                "period": item.period,
                **{
                    name: item.state.value if name == "state" else getattr(item, name)
                    for name in _ITEM_COLUMNS
                },
            }
            for finding in self._report.findings
            for item in finding.items
        ]
        frame = pd.DataFrame(rows, columns=["table", "check", "period", *_ITEM_COLUMNS])
        return frame.astype({"state": "category", "due_at": _INSTANT, "arrived_at": _INSTANT})

    @property
    def changes(self) -> pd.DataFrame:
        """One row a change against what was last delivered: table, check, item, reason, since, because."""
        columns = ["table", "check", "item", "reason", "status", "severity", "since", "because", "owner"]
        rows = [
            {**{name: getattr(change, name) for name in columns}, "reason": change.reason.value}
            for change in self._report.changes
        ]
        return pd.DataFrame(rows, columns=columns).astype({"since": _INSTANT})

    def __getitem__(self, table: str) -> Report:
        """Return the report of one table; raise KeyError with the nearest names when it is not in here."""
        part = build.part(self._report, lambda each: each.table == table)
        if not part.findings:
            names = sorted({finding.table for finding in self._report.findings})
            near = get_close_matches(table, names, n=3) or names[:3]
            raise KeyError(f"{table} is not in this report; it has {', '.join(near) or 'no tables'}")
        return Report(part)

    def __iter__(self) -> Any:
        """Go through the findings, worst first."""
        return iter(self._report.findings)

    def __len__(self) -> int:
        """Return the number of findings."""
        return len(self._report.findings)

    def __repr__(self) -> str:
        """Say the totals."""
        return f"<Report {build.subject(self._report)}>"

    def __str__(self) -> str:
        """Return the email."""
        return text.render(self._report)

    def _repr_html_(self) -> str:
        return html.fragment(self._report)

    def to_dict(self) -> dict[str, JsonValue]:
        """Return the report as the values of its published JSON schema."""
        return as_json.document(self._report)

    def to_html(self) -> str:
        """Return the report as one HTML page without outside hosts."""
        return html.page(self._report)


_ITEM_COLUMNS = ("state", "due_at", "arrived_at", "detail", "remedy")
_TEXT = ("table", "check", "because", "evidence", "advice", "owner", "silenced", "within")


def _frame(findings: Sequence[Finding]) -> pd.DataFrame:
    rows = [
        {
            "table": finding.table,
            "check": finding.check,
            "status": finding.status.value,
            "severity": finding.severity.value if finding.severity else None,
            "because": finding.because,
            "observed_at": _instant(finding.observed),
            "observed_number": _number(finding.observed),
            "expected_at": _instant(finding.expected),
            "deadline": finding.deadline,
            "bad_items": sum(item.state.is_bad for item in finding.items),
            "evidence": finding.evidence,
            "advice": finding.to_do,
            "owner": finding.owner,
            "silenced": finding.silenced,
            "within": finding.within or None,
        }
        for finding in findings
    ]
    frame = pd.DataFrame(rows, columns=list(_FINDING_TYPES))
    return frame.astype(_FINDING_TYPES)


_FINDING_TYPES: dict[str, Any] = {
    "table": "string",
    "check": "category",
    "status": pd.CategoricalDtype(["pass", "unknown", "fail"], ordered=True),
    "severity": pd.CategoricalDtype(["warning", "critical"], ordered=True),
    "because": "string",
    "observed_at": _INSTANT,
    "observed_number": "Float64",
    "expected_at": _INSTANT,
    "deadline": _INSTANT,
    "bad_items": "int64",
    "evidence": "string",
    "advice": "string",
    "owner": "string",
    "silenced": "string",
    "within": "string",
}


def _instant(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def run(
    config: str | Path | dict[str, Any] | None = None,
    *,
    tables: str | Sequence[str] = (),
    now: datetime | None = None,
    send: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Report:
    """Check the tables of a config and return the report.

    ``config`` is a path, an ``s3://`` URI or a dict; None takes CONFIG or TABLES of the environment.
    ``tables`` are globs of table ids to look at, all when empty. ``now`` (aware) looks as of that time and
    ignores later evidence. ``send`` publishes the report to the config's topics; the state of what was
    delivered does not move, whatever is sent. Raises `checks.config.ConfigErrors` with every mistake of the
    config, `checks.monitor.NothingMatches` when ``tables`` chooses none, ValueError for a ``now`` without a zone.
    """
    environ = os.environ if environ is None else environ
    outcome = monitor.run(monitor.load_config(config, environ), _request(tables, now, send=send), environ)
    return Report(outcome.report)


def observe(
    config: str | Path | dict[str, Any] | None = None,
    *,
    tables: str | Sequence[str] = (),
    now: datetime | None = None,
    environ: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Look at the tables of a config without judging, and return what was measured.

    One row a place looked at: the partition of a period, or the table as a whole. Takes and raises what
    `run` does. Sizes are in bytes, instants in UTC; what is not known is missing, never zero.
    """
    environ = os.environ if environ is None else environ
    observations = monitor.look(
        monitor.load_config(config, environ), _request(tables, now, send=False), environ
    )
    rows = [row for seen in observations.values() for row in _rows(seen)]
    frame = pd.DataFrame(rows, columns=list(_OBSERVED_TYPES))
    return frame.astype(_OBSERVED_TYPES)


_OBSERVED_TYPES = {
    "table": "string",
    "period": "string",
    "location": "string",
    "registered": "boolean",
    "objects": "Int64",
    "size_bytes": "Int64",
    "newest_data_at": _INSTANT,
    "evidence": "string",
    "complete": "boolean",
    "problem": "string",
}


def _rows(seen: Observation) -> list[dict[str, Any]]:
    problem = seen.problem.message if seen.problem else None
    rows = [
        {
            "table": seen.table.id,
            "period": part.period.label,
            "location": part.location,
            "registered": part.registered,
            **_measured(part.listing),
            "problem": part.problem.message if part.problem else None,
        }
        for part in seen.partitions
    ]
    if not rows or problem is not None or seen.newest is not None:
        whole = {
            "table": seen.table.id,
            "location": seen.table.location,
            **_measured(seen.listing),
            "problem": problem,
        }
        if seen.newest is not None:
            whole |= {"newest_data_at": seen.newest.at, "evidence": seen.newest.evidence}
            whole["complete"] = seen.newest_complete
        rows.insert(0, whole)
    return rows


def _measured(listing: Any) -> dict[str, Any]:
    if listing is None:
        return {}
    return {
        "objects": listing.objects,
        "size_bytes": listing.size_bytes,
        "newest_data_at": listing.newest_at,
        "evidence": listing.newest_key,
        "complete": listing.complete,
    }


def _request(tables: str | Sequence[str], now: datetime | None, *, send: bool) -> monitor.Request:
    if now is not None and now.tzinfo is None:
        raise ValueError(f"now={now.isoformat()} has no time zone; write datetime(..., tzinfo=timezone.utc)")
    return monitor.Request(
        now=(now or datetime.now(UTC)).astimezone(UTC),  # noqa: TID251 - the edge: the one reading of the clock
        ignore_later=now is not None,
        only=(tables,) if isinstance(tables, str) else tuple(tables),
        send=send,
        keep=False,
    )
