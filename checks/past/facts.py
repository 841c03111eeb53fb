"""From rows of the data sets to what became of tables. Pure.

A failure begins with the first run that finds it and ends with the first that finds the table well: what is unknown in
between ends nothing. A period counts as on time unless a run found it missing, empty, unregistered or late; what
is not known of it counts neither way.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A failure of one check: ``since`` its first run (or earlier, where it was told before) until it was well.

    ``until`` is None while it goes on; ``last_at`` is the last run that found it. ``severity`` is the worst of it,
    ``because`` the last sentence. ``unknown`` tells that the last run could not check.
    """

    check: str
    since: datetime
    last_at: datetime
    severity: str
    because: str
    runs: int = 1
    until: datetime | None = None
    silenced: str | None = None
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What became of a period by the last look at it; ``on_time`` is None where that is not known."""

    check: str
    period: str
    dimensions: str | None
    state: str
    due_at: datetime | None = None
    arrived_at: datetime | None = None
    on_time: bool | None = None
    month: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """How many periods (or days) of a month came on time, of those of which it is known."""

    check: str
    month: str
    on_time: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOfTable:
    """What became of one table. ``runs`` are those that looked at it, the first and last of them beside it.

    ``now`` tells the last verdicts by check: the status and severity, and the sentence. Episodes are newest first, as
    periods are; months go from the newest to the oldest of each check.
    """

    table: str
    runs: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    now: Mapping[str, tuple[str, str | None, str]] = field(default_factory=dict)
    episodes: tuple[Episode, ...] = ()
    periods: tuple[Period, ...] = ()
    months: tuple[Month, ...] = ()
    marks: tuple[Row, ...] = ()


def past_of(
    table: str, findings: Sequence[Row], periods: Sequence[Row], marks: Sequence[Row] = ()
) -> PastOfTable:
    """Return what became of a table, of its rows of the data sets."""
    by_check: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(findings, key=lambda row: (row["run_at"], row["run_id"])):
        by_check[row["check_name"]].append(row)
    times = [aware(row["run_at"]) for row in findings]
    found = merged(periods)
    episodes = [each for rows in by_check.values() for each in episodes_of(rows)]
    return PastOfTable(
        table=table,
        runs=len({row["run_id"] for row in findings}),
        first_at=min(times, default=None),
        last_at=max(times, default=None),
        now={
            check: (rows[-1]["status"], rows[-1]["severity"], rows[-1]["because"] or "")
            for check, rows in sorted(by_check.items())
        },
        episodes=tuple(sorted(episodes, key=lambda each: (each.since, each.check), reverse=True)),
        periods=tuple(
            sorted(found, key=lambda each: (each.period, each.check, each.dimensions or ""), reverse=True)
        ),
        months=months_of(found),
        marks=newest_marks(marks),
    )


def episodes_of(rows: Iterable[Row]) -> list[Episode]:
    """Return the failures of one table and check, of its rows in the order of runs."""
    found: list[Episode] = []
    now: Episode | None = None
    for row in rows:
        at = aware(row["run_at"])
        if row["status"] == "fail":
            if now is None:
                since = aware(row["since"]) if row["since"] is not None else at
                now = Episode(
                    check=row["check_name"],
                    since=min(since, at),
                    last_at=at,
                    severity=row["severity"],
                    because=row["because"] or "",
                    silenced=row["silenced"],
                )
            else:
                worst = "critical" if "critical" in (now.severity, row["severity"]) else now.severity
                now = replace(
                    now,
                    last_at=at,
                    severity=worst,
                    because=row["because"] or "",
                    runs=now.runs + 1,
                    silenced=row["silenced"],
                    unknown=False,
                )
        elif row["status"] == "pass" and now is not None:
            found.append(replace(now, until=at, unknown=False))
            now = None
        elif now is not None:
            now = replace(now, unknown=True)
    return found if now is None else [*found, now]


def merged(rows: Iterable[Row]) -> list[Period]:
    """Return one period of what the days saw of it: its last state, and on time unless it ever was not."""
    by_key: dict[tuple[str, str, str | None], list[Row]] = defaultdict(list)
    for row in rows:
        by_key[row["check_name"], row["period"], row["dimensions"]].append(row)
    found = []
    for (check, period, dimensions), seen in by_key.items():
        seen.sort(key=lambda row: (row["seen_until"], row["seen_from"], row["state"]))
        known = [row["on_time"] for row in seen if row["on_time"] is not None]
        arrived = [row["arrived_at"] for row in seen if row["arrived_at"] is not None]
        last = seen[-1]
        found.append(
            Period(
                check=check,
                period=period,
                dimensions=dimensions,
                state=last["state"],
                due_at=aware(last["due_at"]) if last["due_at"] is not None else None,
                arrived_at=aware(min(arrived)) if arrived else None,
                on_time=all(known) if known else None,
                month=max((row["month"] for row in seen if row["month"] is not None), default=None),
            )
        )
    return found


def months_of(periods: Iterable[Period]) -> tuple[Month, ...]:
    """Return how many periods came on time by check and month, the newest month of each check first."""
    counted: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for each in periods:
        if each.month is not None and each.on_time is not None:
            counted[each.check, each.month].append(each.on_time)
    found = (Month(check, month, sum(known), len(known)) for (check, month), known in counted.items())
    return newest_first(found)


def newest_first(months: Iterable[Month]) -> tuple[Month, ...]:
    """Return months by check, and of each from the newest to the oldest."""
    return tuple(
        sorted(sorted(months, key=lambda each: each.month, reverse=True), key=lambda each: each.check)
    )


def newest_marks(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return each mark as it was last seen, the newest first."""
    found: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: (row["taken_back_at"] is not None, row["seen_until"])):
        found[row["mark_id"]] = row
    return tuple(sorted(found.values(), key=lambda row: (row["made_at"], row["mark_id"]), reverse=True))


def aware(instant: datetime) -> datetime:
    """Return an instant of a data set, which has no zone, as UTC."""
    return instant.replace(tzinfo=UTC)
