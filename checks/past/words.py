"""The past as people read it, and as JSON. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from checks import text as words
from checks.model import ItemState, iso
from checks.past.facts import aware
from checks.schedule.clock import say_instant
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from checks.model import JsonValue
    from checks.past.facts import Episode, Month, PastOfTable, Period
    from checks.past.gather import Past

VERSION = 1
_MOST_EPISODES = 20
_MOST_PERIODS = 14
_MOST_MONTHS = 13
_MOST_TABLES = 60
_LONGEST = 300


def say(past: Past, zone: ZoneInfo, table: str | None) -> str:
    """Return what became of the table that was asked for, or of all: in lines, times in the zone."""
    span = f"{past.since.astimezone(zone).date()} to {past.until.astimezone(zone).date()}"
    if table is None:
        return "\n".join([f"{words.count(past.runs, 'run')}, {span}.", "", *_all(past)])
    if not past.tables:
        return f"{words.name(table)}: nothing of it in {words.count(past.runs, 'run')}, {span}."
    one = past.tables[0]
    head = f"{words.name(one.table)}: looked at by {one.runs:,} of {words.count(past.runs, 'run')}, {span}."
    lines = [head, "", *_now(one, past, zone)]
    for heading, found in (
        ("ON TIME", _months(one.months)),
        ("FAILURES", _episodes(one.episodes, past, zone)),
        ("LAST PERIODS", _periods(one.periods, zone)),
        ("SAID OF IT", _marks(one, zone)),
    ):
        told = list(found)
        if told:
            lines += ["", heading, *told]
    return "\n".join(lines)


def _now(one: PastOfTable, past: Past, zone: ZoneInfo) -> Iterator[str]:
    going_on = {each.check: each for each in one.episodes if each.until is None}
    for check, (status, severity, because) in one.now.items():
        since = going_on.get(check)
        word = "fresh" if status == "pass" else severity or "unknown"
        when = f" since {say_instant(since.since, zone)}" if since is not None and status == "fail" else ""
        yield f"{words.name(check)}: {word}{when}: {_told(because)}"
    if one.last_at is not None and past.runs > one.runs:
        yield f"Last looked at {say_instant(one.last_at, zone)}."


def _months(months: Sequence[Month]) -> Iterator[str]:
    for check in dict.fromkeys(each.check for each in months):
        own = [each for each in months if each.check == check]
        for each in own[:_MOST_MONTHS]:
            yield f"  {each.month}  {words.name(check)}: {_share(each.on_time, each.known)}"
        if len(own) > _MOST_MONTHS:
            yield f"  and {words.count(len(own) - _MOST_MONTHS, 'earlier month')}, with --json"


def _share(on_time: int, known: int) -> str:
    return f"{on_time:,} of {known:,} on time ({100 * on_time // known} %)"


def _episodes(episodes: Sequence[Episode], past: Past, zone: ZoneInfo) -> Iterator[str]:
    for each in episodes[:_MOST_EPISODES]:
        took = say_duration((each.until or past.until) - each.since)
        until = (
            f"until {say_instant(each.until, zone)} ({took})"
            if each.until is not None
            else f"goes on ({took}){', could not be checked last' if each.unknown else ''}"
        )
        silenced = f", silenced: {words.shorten(words.clean(each.silenced))}" if each.silenced else ""
        yield (
            f"  {each.severity} {words.name(each.check)} since {say_instant(each.since, zone)}, {until}, "
            f"{words.count(each.runs, 'run')}{silenced}"
        )
        yield f"    {_told(each.because)}"
    if len(episodes) > _MOST_EPISODES:
        yield f"  and {words.count(len(episodes) - _MOST_EPISODES, 'earlier one')}, with --json"


def _periods(periods: Sequence[Period], zone: ZoneInfo) -> Iterator[str]:
    told = [each for each in periods if _tells_more(each)]
    for each in told[:_MOST_PERIODS]:
        dimensions = f"/{words.name(_of_key(each.dimensions))}" if each.dimensions else ""
        due = f", due {say_instant(each.due_at, zone)}" if each.due_at is not None else ""
        came = f", came {say_instant(each.arrived_at, zone)}" if each.arrived_at is not None else ""
        was_late = (
            ", was not there in time" if each.on_time is False and each.state in ("present", "fresh") else ""
        )
        yield f"  {words.name(each.period)}{dimensions} {words.name(each.check)}: {each.state}{due}{came}{was_late}"
    if len(told) > _MOST_PERIODS:
        yield f"  and {len(told) - _MOST_PERIODS:,} more, with --json"


def _tells_more(period: Period) -> bool:
    """Tell whether a row is worth its line: one that is well of a check that knows no deadline repeats others."""
    return period.due_at is not None or period.arrived_at is not None or period.state != ItemState.PRESENT


def _of_key(dimensions: str) -> str:
    """Return the values of a period's dimensions as reports write them: ``region=eu/product=a``."""
    try:
        found = json.loads(dimensions)
    except ValueError:
        return dimensions
    if not isinstance(found, dict):
        return dimensions
    return "/".join(f"{key}={value}" for key, value in found.items())


def _marks(one: PastOfTable, zone: ZoneInfo) -> Iterator[str]:
    for row in one.marks:
        because = f": {_told(row['because'])}" if row["because"] else ""
        back = f", taken back by {words.name(row['taken_back_by'])}" if row["taken_back_by"] else ""
        made = say_instant(aware(row["made_at"]), zone)
        yield f"  {row['kind']} by {words.name(row['made_by'] or '')}, {made}{back}{because}"


def _all(past: Past) -> Iterator[str]:
    """Yield a line a table and check with its share by month, the least punctual first."""
    found = []
    for one in past.tables:
        for check in dict.fromkeys(each.check for each in one.months):
            own = [each for each in one.months if each.check == check]
            on_time, known = sum(each.on_time for each in own), sum(each.known for each in own)
            found.append((on_time / known, one, check, own, on_time, known))
    found.sort(key=lambda each: (each[0], each[1].table, each[2]))
    if not found:
        yield "No period of any table is known yet."
    for _, one, check, own, on_time, known in found[:_MOST_TABLES]:
        yield f"{words.name(one.table)} ({words.name(check)}): {_share(on_time, known)}"
        if len(own) > 1:
            yield f"  {', '.join(f'{each.month}: {each.on_time} of {each.known}' for each in own[:_MOST_MONTHS])}"
    if len(found) > _MOST_TABLES:
        yield f"and {words.count(len(found) - _MOST_TABLES, 'more')}, which --json lists"


def _told(sentence: str) -> str:
    return words.shorten(words.clean(sentence), _LONGEST)


def document(past: Past, name: str) -> dict[str, JsonValue]:
    """Return all of it as values of JSON: instants as ISO 8601 in UTC."""
    return {
        "version": VERSION,
        "name": words.encodable(name),
        "since": iso(past.since),
        "until": iso(past.until),
        "runs": past.runs,
        "tables": [_table(one) for one in past.tables],
    }


def _table(one: PastOfTable) -> dict[str, JsonValue]:
    return {
        "table": one.table,
        "runs": one.runs,
        "first_run": _at(one.first_at),
        "last_run": _at(one.last_at),
        "checks": [
            {"check": check, "status": status, "severity": severity, "because": because}
            for check, (status, severity, because) in one.now.items()
        ],
        "on_time": [
            {
                "check": each.check,
                "month": each.month,
                "on_time": each.on_time,
                "known": each.known,
                "share": round(each.on_time / each.known, 4),
            }
            for each in one.months
        ],
        "failures": [
            {
                "check": each.check,
                "severity": each.severity,
                "since": iso(each.since),
                "until": _at(each.until),
                "last_seen": iso(each.last_at),
                "runs": each.runs,
                "because": each.because,
                "silenced": each.silenced,
                "could_not_be_checked_last": each.unknown,
            }
            for each in one.episodes
        ],
        "periods": [
            {
                "check": each.check,
                "period": each.period,
                "dimensions": each.dimensions,
                "state": each.state,
                "due_at": _at(each.due_at),
                "arrived_at": _at(each.arrived_at),
                "on_time": each.on_time,
            }
            for each in one.periods
        ],
        "marks": [
            {key: _at(aware(value)) if isinstance(value, datetime) else value for key, value in row.items()}
            for row in one.marks
        ],
    }


def _at(instant: datetime | None) -> str | None:
    return iso(instant) if instant is not None else None
