"""Alerts of a replay as lines: CSV for programs, and what looks at certain times would have seen of them. Pure."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from checks.schedule.durations import say_duration
from checks.text import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from checks.schedule.runs import RunTimes


class Told(NamedTuple):
    """An alert of a table, from when to when (seconds since 1970, UTC; None: still open), and its check."""

    table: str
    opened: float
    closed: float | None
    check: str


def write_csv(alerts: Iterable[Told]) -> str:
    """Return `table,opened_at,closed_at,check` of alerts, in their order; closed_at is empty of what is open."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("table", "opened_at", "closed_at", "check"))
    for each in alerts:
        closed = "" if each.closed is None else say_at(each.closed)
        writer.writerow((each.table, say_at(each.opened), closed, each.check))
    return out.getvalue()


def say_looks(
    alerts: Sequence[Told], next_look: Callable[[float], float | None], looks: str, end: float
) -> str:
    """Tell what looks at certain times alone would have seen of alerts up to an end, and how late.

    ``looks`` says which, in the plural. Alerts that end before the next look are seen by none.
    """
    late: list[float] = []
    over = 0
    for each in alerts:
        at = next_look(each.opened)
        if at is not None and at <= end and (each.closed is None or at < each.closed):
            late.append(at - each.opened)
        elif each.closed is not None:
            over += 1
    unseen = f"{over} {'was' if over == 1 else 'were'} over by then" if over else "none was over by then"
    if not late:
        return f"{looks} alone would have seen none of them"
    middle, most = say_duration(timedelta(seconds=median(late))), say_duration(timedelta(seconds=max(late)))
    seen = f"{looks} alone would have seen {len(late)} of them"
    return f"{seen}, {middle} late in the median and {most} at most; {unseen}"


def say_every(alerts: Sequence[Told], every: float, end: float) -> str:
    """Tell what looks so many seconds apart, counted from 1970, would have seen."""
    looks = f"looks every {say_duration(timedelta(seconds=every))}"
    return say_looks(alerts, lambda at: -(-at // every) * every, looks, end)


def say_runs(alerts: Sequence[Told], runs: RunTimes, end: float) -> str:
    """Tell what the monitor's own runs would have seen."""

    def following(at: float) -> float | None:
        run = runs.first_at_or_after(datetime.fromtimestamp(at, UTC))
        return run.timestamp() if run is not None else None

    return say_looks(alerts, following, f"the monitor's runs, {runs.expression},", end)


def say_count(alerts: int, tables: int, begin: float, end: float) -> str:
    """Return ``2 alerts of 3 tables in 29 days from ... to ...``."""
    days = max(0.0, end - begin) / 86400
    span = f"{count(round(days), 'day')} from {say_at(begin)} to {say_at(end)}"
    return f"{count(alerts, 'alert')} of {count(tables, 'table')} in {span}"


def say_alert(opened: float, closed: float | None) -> str:
    """Return ``2026-10-15T08:28:00+00:00 for 45 h``, or that it is still open."""
    if closed is None:
        return f"{say_at(opened)}, still open"
    return f"{say_at(opened)} for {say_duration(timedelta(seconds=closed - opened))}"


def say_at(at: float) -> str:
    """Return an instant in ISO 8601, to the second, in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
