"""The rows that tell of the past, read out of the history's data sets; only what is asked of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from checks.history.datasets import on_time_by_month, plain, read
from checks.model import utc
from checks.past.facts import Month, PastOfTable, newest_first, past_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from checks.history import History

_FINDINGS = (
    "run_id",
    "run_at",
    "table_id",
    "check_name",
    "status",
    "severity",
    "because",
    "since",
    "silenced",
)
_PERIODS = (
    "table_id",
    "check_name",
    "period",
    "dimensions",
    "state",
    "due_at",
    "month",
    "arrived_at",
    "on_time",
    "seen_from",
    "seen_until",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What became of tables between two instants, by their ids. ``unread`` are sentences on what could not be read.

    ``runs`` counts all runs of the config.
    """

    since: datetime
    until: datetime
    tables: tuple[PastOfTable, ...] = ()
    runs: int = 0
    unread: tuple[str, ...] = ()


def gather(
    history: History,
    now: datetime,
    last: timedelta,
    table: str,
    speaks_of: Callable[[str, str], bool] = lambda of, table: of == table,
) -> Past:
    """Return what became of one table, by its id, in the time of that length before ``now``.

    ``speaks_of`` tells whether a mark of a table (or glob) is of that table. Raises HistoryUnavailable.
    """
    since, until = utc(now) - last, utc(now)
    ask = partial(read, history, since=since.date(), until=until.date())
    only = [("table_id", "==", table)]
    begin, end = plain(since), plain(until)
    runs = ask("runs", columns=("run_id", "run_at"))
    findings = ask("findings", columns=_FINDINGS, only=only)
    periods = ask("periods", columns=_PERIODS, only=only)
    marks = ask("marks")
    seen = [row for row in findings.rows if begin <= row["run_at"] <= end]
    of_periods = [row for row in periods.rows if begin <= row["seen_until"] and row["seen_from"] <= end]
    said = [row for row in marks.rows if speaks_of(row["table_id"], table)]
    return Past(
        since=since,
        until=until,
        tables=(past_of(table, seen, of_periods, said),) if seen or of_periods or said else (),
        runs=sum(begin <= row["run_at"] <= end for row in runs.rows),
        unread=(*runs.unread, *findings.unread, *periods.unread, *marks.unread),
    )


def gather_all(history: History, now: datetime, last: timedelta) -> Past:
    """Return how often all tables were on time, by month; no more of them. Raises HistoryUnavailable."""
    since, until = utc(now) - last, utc(now)
    runs = read(history, "runs", since=since.date(), until=until.date(), columns=("run_id", "run_at"))
    counted = on_time_by_month(history, since.date(), until.date())
    months: dict[str, list[Month]] = defaultdict(list)
    for row in counted.rows:
        months[row["table_id"]].append(Month(row["check_name"], row["month"], row["on_time"], row["known"]))
    return Past(
        since=since,
        until=until,
        tables=tuple(
            PastOfTable(table=table, months=newest_first(own)) for table, own in sorted(months.items())
        ),
        runs=len(runs.rows),
        unread=(*runs.unread, *counted.unread),
    )
