"""The library as it is used in notebooks and scripts: run, look at what came of it, go on in pandas.

A run from here never moves the state: what the team was told of stays what it was told of.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from checks import frames, monitor
from checks.history import open_history
from checks.model import Status
from checks.monitor.owner import Owner
from checks.pictures import Picture
from checks.progress import bar
from checks.report import as_json, build, html, text
from checks.schedule.clock import read_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from checks.config import Config
    from checks.history import History
    from checks.model import JsonValue, Summary


class Report:
    """What came of a run. Shows itself as a table in a notebook, and as the email when printed."""

    def __init__(self, report: build.Report, history: Callable[[], History] | None = None) -> None:
        """Wrap the report of a run; ``history`` opens where its config keeps what earlier runs found."""
        self._report, self._history = report, history

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
        """One row a finding, worst first: text columns, categories, and instants as UTC timestamps.

        ``observed_at`` and ``expected_at`` hold instants, ``observed_number`` counts and bytes: what a
        check observes is one or the other. Missing values are NaT, NA or None: not known.
        """
        return frames.findings(self._report.findings)

    @property
    def failing(self) -> pd.DataFrame:
        """The findings that fail and are not silenced, as `findings` has them."""
        found = [
            each for each in self._report.findings if each.status is Status.FAIL and each.silenced is None
        ]
        return frames.findings(found)

    @property
    def items(self) -> pd.DataFrame:
        """One row a period of a finding: table, check, period, state, due_at, arrived_at, detail, remedy."""
        return frames.items(self._report.findings)

    @property
    def changes(self) -> pd.DataFrame:
        """One row a change against what was last delivered: table, check, item, reason, since, because."""
        return frames.changes(self._report.changes)

    @property
    def observations(self) -> pd.DataFrame:
        """One row a place that was looked at, as `observe` has them: what was measured, without a verdict."""
        tables = {finding.table for finding in self._report.findings}
        return frames.observations(look.seen for table, look in self._report.looks.items() if table in tables)

    def history(self, last: str = "90d") -> pd.DataFrame:
        """Return the troubles of its tables that earlier runs found and kept: since when, until when, how bad, why.

        One row a trouble, the newest first; ``until`` is missing while it lasts. ``last`` is how far back it looks, as
        durations are written. Raises ValueError for a report of more than 20 tables, and without a history;
        `checks.history.HistoryError` where it cannot be read.
        """
        from checks.past import gather
        from checks.schedule.durations import parse_duration

        tables = sorted({finding.table for finding in self._report.findings})
        if len(tables) > _MOST_LOOKED_BACK:
            example = f"report[{tables[0]!r}].history()"
            message = f"{len(tables)} tables are many to look back on; choose one, such as {example}"
            raise ValueError(message)
        if self._history is None:
            raise ValueError(
                "no place to keep history is set; write history: into the config, or set HISTORY"
            )
        history, span = self._history(), parse_duration(last)
        past = [gather(history, self._report.now, span, table) for table in tables]
        return frames.episodes(
            [(one.table, each) for of in past for one in of.tables for each in one.episodes]
        )

    def plot(self) -> Picture:
        """Return a picture of the tables, worst first: arrivals against deadlines, what was late shaded, volume.

        It shows itself; its ``chart`` is the arrivals in altair, for whoever wants to go on from it.
        """
        return Picture(self._report)

    def __getitem__(self, table: str) -> Report:
        """Return the report of one table, by its id, or by its name alone where one table has that name.

        Raises KeyError with the nearest names when it is not in here, or with all that have the name.
        """
        names = sorted({finding.table for finding in self._report.findings})
        found = [name for name in names if name == table] or [
            name for name in names if name.lower() == table.lower() or _last(name) == table.lower()
        ]
        if len(found) == 1:
            return Report(build.part(self._report, lambda each: each.table == found[0]), self._history)
        if found:
            raise KeyError(f"{table} is the name of {' and of '.join(found)}; write which")
        near = get_close_matches(table, names, n=3) or names[:3]
        raise KeyError(f"{table} is not in this report; it has {', '.join(near) or 'no tables'}")

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


_MOST_LOOKED_BACK = 20


def _history_of(config: Config, environ: Mapping[str, str]) -> Callable[[], History] | None:
    """Return what opens the history of a config, None where there is no place for one."""
    place = monitor.history_of(config, environ)
    name = Owner.of(config, environ).name
    return (lambda: open_history(place, name)) if place else None


def _last(table: str) -> str:
    """Return a table's own name in small letters: ``orders`` of ``sales.orders`` and of ``s3://bucket/orders/``."""
    name = table.rstrip("/").rpartition("/")[2] if table.startswith("s3://") else table.rpartition(".")[2]
    return name.lower()


def run(
    config: str | Path | dict[str, Any] | None = None,
    *,
    tables: str | Sequence[str] = (),
    now: datetime | str | None = None,
    send: bool = False,
    progress: bool | None = None,
    environ: Mapping[str, str] | None = None,
) -> Report:
    """Check the tables of a config and return the report.

    ``config`` is a path, an ``s3://`` URI or a dict; None takes CONFIG or TABLES of the environment.
    ``tables`` are globs of table ids to look at, all when empty. ``now`` looks as of that time and
    ignores later evidence: an aware datetime, or ISO 8601 text (UTC unless it has an offset). ``progress`` shows a bar;
    where it is not said, in a notebook that has widgets. ``send`` publishes the report to the config's topics; the
    state of what was delivered does not move, whatever is sent.

    Raises `checks.config.ConfigErrors` with every mistake of the config, `checks.monitor.NothingMatches` when
    ``tables`` chooses none, ValueError for a ``now`` that is no time or has no zone.
    """
    environ = os.environ if environ is None else environ
    loaded = monitor.load_config(config, environ)
    with bar(wanted=progress) as shown:
        request = replace(_request(tables, now, send=send), progress=shown)
        return Report(monitor.run(loaded, request, environ).report, _history_of(loaded, environ))


def observe(
    config: str | Path | dict[str, Any] | None = None,
    *,
    tables: str | Sequence[str] = (),
    now: datetime | str | None = None,
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
    return frames.observations(observations.values())


def _request(tables: str | Sequence[str], now: datetime | str | None, *, send: bool) -> monitor.Request:
    at = _instant(now)
    return monitor.Request(
        now=at or datetime.now(UTC),  # noqa: TID251 - the edge: the one reading of the clock
        ignore_later=at is not None,
        only=(tables,) if isinstance(tables, str) else tuple(tables),
        send=send,
        keep=False,
    )


def _instant(now: datetime | str | None) -> datetime | None:
    if isinstance(now, str):
        try:
            return read_instant(now, UTC)
        except ValueError as error:
            raise ValueError(f"now={now!r} is {error}") from None
    if now is not None and now.tzinfo is None:
        raise ValueError(f"now={now.isoformat()} has no time zone; write datetime(..., tzinfo=timezone.utc)")
    return now.astimezone(UTC) if now is not None else None
