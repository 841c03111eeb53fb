"""What a person means by what was written: which table, which period, which time, by the config and what was told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING

from checks.config.key_types import parse_moment
from checks.config.resolved import in_utc
from checks.config.routes import matches_id
from checks.marks import MarkKind
from checks.rules.table_ids import parse_bucket
from checks.schedule.clock import say_instant, wall_of
from checks.text import listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.changes import State
    from checks.config import Config
    from checks.config.resolved import Resolved
    from checks.rules.asking import StatedPeriods
    from checks.rules.base import Rule

KEPT = timedelta(days=400)
"""How long a mark without an end of its own plays a part: longer than a lookback or a learned year reaches back."""
_LONGEST_SILENCE = timedelta(days=3660)


class NotMarked(Exception):  # noqa: N818 - a sentence for the user
    """Raised where a mark cannot be made as it was asked for; says why and what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A mark as it was asked for. Times are as they were written: without an offset, in the config's zone.

    ``moment`` is what ``--at`` or ``--from`` says, ``lasts`` and ``until`` how long a silence is.
    """

    kind: MarkKind
    table: str
    by: str
    check: str | None = None
    period: str | None = None
    moment: str | None = None
    lasts: timedelta | None = None
    until: str | None = None
    because: str = ""


def table_of(config: Config, state: State, asked: Asked) -> str:
    """Return the id of the table, of a silence also the glob as it was written."""
    known = known_tables(config, state)
    text = asked.table.strip()
    if text.startswith("s3://"):
        try:
            text = parse_bucket(text)
        except ValueError as error:
            raise NotMarked(str(error)) from None
    found = sorted(table for table in known if matches_id(text, table))
    if text in found:
        return text
    if len(found) == 1 and not _is_glob(text):
        return found[0]
    entries = {selector.id for selector in config.selectors() if selector.is_glob}
    is_whole = any(matches_id(text, entry) for entry in entries)  # also before a run saw any of its tables
    if (found or is_whole) and asked.kind is MarkKind.SILENCE:
        return text
    if found and _is_glob(text):
        raise NotMarked(
            f"{asked.kind.value} speaks of one table; {text} matches {listing(found, 3)}: name one"
        )
    if found:
        raise NotMarked(f"{text} may be {' or '.join(found)}; write which, with its account")
    near = get_close_matches(text.lower(), sorted(known), n=3, cutoff=0.5)
    hint = f"near are: {', '.join(near)}" if near else f"it watches: {listing(sorted(known), 5)}"
    seen = "matches no table that it watches" if _is_glob(text) else "is no table that it watches"
    by_glob = not _is_glob(text) and _is_watched(config, text)
    if by_glob and state.is_first_run:
        return text.lower() if not text.startswith("s3://") else text
    unseen = ", as far as runs have seen (a new one is known from its first run on)" if by_glob else ""
    raise NotMarked(f"{config.source}: {text} {seen}{unseen}; {hint}")


def known_tables(config: Config, state: State) -> frozenset[str]:
    """Return the ids that something is known by: what the config names, what runs watched or told of."""
    named = {selector.id for selector in config.selectors() if not selector.is_glob}
    watched = {table for table in state.tables if config.watches(table)}
    told = {
        told.table for told in state.told.values() if not _is_glob(told.table) and config.watches(told.table)
    }
    return frozenset(named | watched | told)


def _is_glob(text: str) -> bool:
    return "*" in text or "?" in text


def _is_watched(config: Config, text: str) -> bool:
    try:
        return config.watches(text)
    except ValueError:
        return False


def rules_of(config: Config, table: str) -> Sequence[Rule]:
    """Return the rules of a table; none of a glob of tables."""
    resolved = None if _is_glob(table) else _resolved(config, table)
    return resolved.rules if resolved is not None else ()


def period_of(config: Config, state: State, table: str, text: str, now: datetime) -> str:
    """Return the period, with values of dimensions where they are written; raises NotMarked for one that is none."""
    told = (key for one in state.told.values() if one.table == table for key in one.items)
    if text in told:
        return text
    periods = periods_of(config, state, table)
    if periods is None:
        raise NotMarked(
            f"the config states no periods of {table} (partitions: {{every: ...}}), and no run has seen any; "
            "leave --period out, to mark what is told of it now"
        )
    label, *values = text.split("/")
    schedule = periods.schedule
    if periods.period_named(label) is None:
        usual = schedule.every.label(schedule.every.floor(wall_of(now, schedule.labels)))
        raise NotMarked(
            f"{label!r} is no period of {table}, which has one a {schedule.every.noun}; write one such as {usual}"
        )
    keys = periods.each.keys if periods.each is not None else ()
    if values and tuple(value.partition("=")[0] for value in values) != tuple(keys):
        each = f"{label}/{'/'.join(f'{key}=...' for key in keys)}" if keys else f"{label} alone"
        raise NotMarked(f"{text!r} does not fit {table}, whose periods are told as {each}")
    return text


def periods_of(config: Config, state: State, table: str) -> StatedPeriods | None:
    """Return the periods of a table as they are stated, else as runs saw them where a check judges what they hold."""
    resolved = _resolved(config, table)
    if resolved is None or resolved.periods is not None:
        return resolved.periods if resolved is not None else None
    record = state.tables.get(table)
    seen = (rule.periods_seen(record.memory) for rule in resolved.rules) if record is not None else ()
    return next((each for each in seen if each is not None), None)


def _resolved(config: Config, table: str) -> Resolved | None:
    if table.startswith("s3://"):
        return config.resolve_prefix(table)
    account, _, rest = table.rpartition("/")
    database, _, name = rest.partition(".")
    return config.resolve(account or None, database, name)


def moment_of(config: Config, asked: Asked, now: datetime) -> datetime | None:
    """Return the moment that a mark speaks of; None where it names none. Raises NotMarked."""
    if asked.moment is None:
        return None
    option = "--at" if asked.kind is MarkKind.MISSED else "--from"
    moment = _instant(config, asked.moment, option)
    if asked.kind is MarkKind.MISSED and moment > now:
        raise NotMarked(f"--at {asked.moment} lies ahead; write when something was wrong and nobody was told")
    if moment > now + KEPT:
        raise NotMarked(f"{option} {asked.moment} lies more than {KEPT.days} days ahead")
    return moment


def end_of(config: Config, asked: Asked, now: datetime) -> datetime:
    """Return when a silence ends: a whole second, after now."""
    if (asked.lasts is None) == (asked.until is None):
        raise NotMarked("a silence needs its end; write either --for 2d or --until 2026-12-01")
    if asked.until is None:
        return now + timedelta(seconds=math.ceil((asked.lasts or timedelta()).total_seconds()))
    end = _instant(config, asked.until, "--until")
    if end - now > _LONGEST_SILENCE:
        raise NotMarked(
            f"--until {asked.until} lies more than ten years ahead; exclude what is retired in the config"
        )
    if end <= now:
        said = say_instant(end, config.settings.timezone)
        raise NotMarked(f"--until {asked.until} is {said}, which is over; write a time to come, or --for 2d")
    return end


def _instant(config: Config, text: str, option: str) -> datetime:
    try:
        moment = parse_moment(text)
    except ValueError as error:
        raise NotMarked(f"{option}: {error}") from None
    whole = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    try:
        return in_utc(whole, config.settings.timezone).replace(microsecond=0)
    except (OverflowError, ValueError):
        raise NotMarked(f"{option}: {text} is out of reach of any clock") from None
