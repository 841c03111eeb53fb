"""Tables that are one source together: how a config names them, and the newest arrival of all. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, WithJsonSchema

from checks.rules.freshness_words import Nothing
from checks.rules.key_types import parse_text, show
from checks.rules.sentences import count_of
from checks.rules.table_ids import parse_table_id
from checks.schedule.clock import say_instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from checks.model import Problem
    from checks.rules.base import Row
    from checks.rules.freshness_words import LastArrival

_MOST = 50
_MOST_NAMED = 3
"""So many tables are named where all are told."""
_GLOB = re.compile(r"[^./\s\[\]{}]+\.[^/\s\[\]{}]+")


def parse_members(value: object) -> tuple[str, ...]:
    """Read the id of a table, a glob of ids, a prefix, or a list of such; raise ValueError with what to write."""
    if isinstance(value, dict) or value is None:
        raise ValueError(f"{show(value)} is no list of tables; write such as [web.events_v2]")
    listed = value if isinstance(value, list | tuple) else [value]
    if len(listed) > _MOST:
        raise ValueError(
            f"holds {len(listed)} tables, and {_MOST} are the most; write a glob for those that are alike"
        )
    return tuple(dict.fromkeys(_parse_member(each) for each in listed))


def _parse_member(value: object) -> str:
    text = parse_text(value)
    if text.startswith("s3://") and not set("*?") & set(text):
        return parse_table_id(text)
    if "/" in text:
        advice = "write database.table, of the entry's own account, or s3://bucket/prefix/"
        raise ValueError(f"{show(text)} is no table that can be judged together with this one; {advice}")
    if not set("*?") & set(text):
        return parse_table_id(text)
    if not _GLOB.fullmatch(text):
        raise ValueError(f"{show(text)} is not database.table; write such as web.events_v2, or web.events_*")
    return text.lower()


Members = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_members),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "maxItems": _MOST, "items": {"type": "string", "minLength": 1}},
            ]
        }
    ),
]
"""A config value such as ``web.events_v2`` or ``web.events_*``, or a list of such."""


def newest_of(rows: Sequence[tuple[str, Row[LastArrival]]]) -> tuple[str, LastArrival] | None:
    """Return the table of the newest arrival, and what was measured of it; None where none of them holds data."""
    arrived = [
        (row.measured.newest.at, name, row.measured)
        for name, row in rows
        if row.measured is not None and row.measured.newest is not None
    ]
    if not arrived:
        return None
    _, name, facts = max(arrived, key=lambda each: each[0])
    return name, facts


def doubt_of(rows: Sequence[tuple[str, Row[LastArrival]]]) -> Problem | None:
    """Return why there may be a newer arrival than those that were seen, by the first table of which that is so."""
    return next((found for _, row in rows if (found := row.unknown or row.doubt_if_fail) is not None), None)


def told_of_all(newest: str, facts: LastArrival, rows: Sequence[tuple[str, Row[LastArrival]]]) -> LastArrival:
    """Return what was measured of the table with the newest arrival, as it is told of all together."""
    if len(rows) < 2:
        return replace(facts, where=f" in {newest}")
    places = [row.measured.location for _, row in rows if row.measured is not None]
    where = f" in {newest}, the newest of {count_of(len(rows), 'table')} together"
    return replace(facts, where=where, location=_listed(places))


def nothing_in(rows: Sequence[tuple[str, Row[LastArrival]]]) -> Nothing:
    """Say that the table holds no data, nor any of the others; it is the first time where it is that of all."""
    found = [
        row.measured.nothing
        for _, row in rows
        if row.measured is not None and row.measured.nothing is not None
    ]
    told, others = found[0].told if found else "", [name for name, _ in rows[1:]]
    if others:
        verb = "holds" if len(others) == 1 else "hold"
        told += f"; {_listed(others)}, which it is judged together with, {verb} none either"
    return Nothing(told, is_first=all(each.is_first for each in found))


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    shown = list(names[:_MOST_NAMED])
    if more or len(shown) < 2:
        return f"{', '.join(shown)}{more}"
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def explain_together(
    stated: Sequence[str], rows: Sequence[tuple[str, Row[LastArrival]]], zone: ZoneInfo
) -> Iterator[str]:
    """Yield which tables are judged together, and what was seen of each."""
    if not stated:
        return
    yield f"judged together with {', '.join(stated)}: the newest data of all counts"
    if not rows:
        yield "these were not read, since the table is fresh by itself"
    for name, row in rows:
        facts = row.measured
        if facts is not None and facts.newest is not None:
            yield f"{name}: newest {say_instant(facts.newest.at, zone)}, {facts.newest.evidence}"
        elif (problem := row.unknown or row.doubt_if_fail) is not None:
            yield f"{name}: unknown, {problem.message}"
        else:
            yield f"{name}: {facts.nothing.told if facts is not None and facts.nothing is not None else 'no data'}"
