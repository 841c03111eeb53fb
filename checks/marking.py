"""What a mark is made of: what a person wrote on the command line, held against the config and what was told."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING

from checks.changes.marked import say_covered, say_mark, speaks_of
from checks.config.key_types import parse_moment
from checks.config.resolved import in_utc
from checks.config.routes import matches_id
from checks.config.validation_sentences import did_you_mean
from checks.history.mark_document import written
from checks.marks import TEACH, Covered, Mark, MarkKind
from checks.model import Status, iso
from checks.rules import CHECKS
from checks.rules.table_ids import parse_bucket
from checks.schedule.clock import say_instant, wall_of
from checks.text import clean, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from checks.changes import State, Told
    from checks.config import Config
    from checks.config.resolved import Resolved
    from checks.model import JsonValue
    from checks.rules.asking import StatedPeriods
    from checks.rules.base import Rule

__all__ = [
    "KEPT",
    "Asked",
    "NotMarked",
    "documents",
    "is_over",
    "known_tables",
    "make",
    "reason",
    "say_made",
    "say_marks",
    "speaks_of",
]

KEPT = timedelta(days=400)
"""How long a mark without an end of its own plays a part: longer than a lookback or a learned year reaches back."""
_LONGEST = 500
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


def make(config: Config, state: State, asked: Asked, now: datetime) -> Mark:
    """Return the mark, made at ``now``; ``state`` is what was last told. Raises NotMarked."""
    at = now.astimezone(UTC).replace(microsecond=0)
    table = _table(config, state, asked)
    if asked.check is not None and asked.check not in CHECKS:
        raise NotMarked(f"{asked.check!r} is not a check; {did_you_mean(asked.check, CHECKS)}")
    rules = _rules(config, table)
    is_of_told = asked.period is None and asked.kind in (MarkKind.EXPECTED, MarkKind.ACK)
    has_check = asked.check in {None, *(rule.check for rule in rules)}
    if rules and not has_check and not is_of_told:
        raise NotMarked(
            f"{table} has no {asked.check} check, so nothing would come of it; "
            f"it has {listing([rule.check for rule in rules], len(rules))}"
        )
    period = None
    covers: tuple[Covered, ...] = ()
    if asked.period is not None:
        _check_of_periods(rules, table, asked)
        period = _period(config, state, table, asked.period.strip(), at)
        _check_is_over(config, state, table, asked, period, at)
    elif is_of_told:
        covers = _open(state, table, asked)
    because = reason(asked.because)
    if asked.kind is MarkKind.SILENCE and not because:
        raise NotMarked("a silence needs its reason; write --because migration, or what it is")
    return Mark(
        id=secrets.token_hex(5),
        kind=asked.kind,
        table=table,
        by=asked.by,
        at=at,
        ends_at=_end(config, asked, at) if asked.kind is MarkKind.SILENCE else at + KEPT,
        because=because,
        check=asked.check,
        period=period,
        moment=_moment(config, asked, at),
        covers=covers,
    )


def reason(text: str) -> str:
    """Return a reason on one clean line; raise NotMarked for one that is too long."""
    because = clean(text)
    if len(because) > _LONGEST:
        raise NotMarked(f"--because has {len(because):,} characters; write at most {_LONGEST}")
    return because


def say_made(config: Config, mark: Mark) -> str:
    """Return what a mark that was kept comes to, and how it is taken back."""
    zone, back = config.settings.timezone, f"take it back with: checks take-back {mark.id}"
    of = f"{mark.check} of {mark.table}" if mark.check else mark.table
    match mark.kind:
        case MarkKind.SILENCE:
            said = f"{of} is silent until {say_instant(mark.ends_at, zone)}"
        case MarkKind.ACK:
            said = f"acknowledged of {mark.table}: {say_covered(mark)}; no reminders until it changes"
        case MarkKind.EXPECTED if mark.period is not None:
            said = f"{mark.period} of {of} is expected as it is, and is not told as a failure"
        case MarkKind.EXPECTED:
            said = f"expected of {mark.table}: {say_covered(mark)}; not told as a failure until it changes"
        case MarkKind.MISSED if mark.period is not None:
            said = f"missed of {of}: {mark.period}"
        case MarkKind.MISSED:
            said = f"missed of {of} at {_said(mark.moment, config)}"
        case _:
            said = f"a new normal of {of} from {_said(mark.moment, config)} on"
    return f"{said} (by {mark.by}); {_teaches(config, mark)}{back}"


def _check_of_periods(rules: Sequence[Rule], table: str, asked: Asked) -> None:
    """Raise NotMarked where no check that a mark speaks of knows of single periods."""
    spoken_of = [rule for rule in rules if asked.check in (None, rule.check)]
    if asked.kind is MarkKind.MISSED:
        if not any(rule.weighs_periods for rule in spoken_of):
            of = f"{asked.check} of {table}" if asked.check else table
            raise NotMarked(
                f"what a period holds is not judged by {of}; "
                "write --at with the time at which it was wrong and nobody was told, in place of --period"
            )
    elif spoken_of and asked.check is not None and not any(rule.tells_periods for rule in spoken_of):
        raise NotMarked(
            f"{asked.check} of {table} tells of no single period; leave --period out, to mark what is told of it now"
        )
    period, _, values = (asked.period or "").strip().partition("/")
    of_values = [rule for rule in spoken_of if rule.tells_values and asked.kind is not MarkKind.MISSED]
    if values and spoken_of and not of_values:
        of = asked.check or asked.kind.value
        raise NotMarked(f"{of} of {table} is of whole periods; write --period {period}")


def _check_is_over(
    config: Config, state: State, table: str, asked: Asked, period: str, now: datetime
) -> None:
    """Raise NotMarked where nobody could have been told of a period that was missed yet."""
    periods = _periods(config, state, table)
    if asked.kind is not MarkKind.MISSED or periods is None:
        return
    found = periods.period_named(period.partition("/")[0])
    due_at = periods.schedule.due_at(found) if found is not None else None
    if due_at is None or due_at > now:
        when = f" before {say_instant(due_at, config.settings.timezone)}" if due_at is not None else ""
        raise NotMarked(f"{period} is not due{when}, so nobody could be told of it; mark it once it is")


def _teaches(config: Config, mark: Mark) -> str:
    """Return which limits of its table learn from a mark, or that none does; empty of one that teaches nothing."""
    learning, others = _learning(config, mark), _spoken_of(config, mark)
    if learning:
        return f"what is learned of its {' and '.join(learning)} goes by it from the next run on; "
    if mark.kind not in TEACH or not others:
        return ""
    stated = [rule.check for rule in others if rule.can_learn]
    if stated:
        of = " and ".join(stated)
        return f"nothing is learned from it, since the limits of {of} are stated; change them, or learn them (auto); "
    return f"nothing is learned from it, since {listing([rule.check for rule in others], 5)} cannot learn; "


def _learning(config: Config, mark: Mark) -> list[str]:
    """Return the checks of a mark's table that learn from it."""
    if mark.kind not in TEACH:
        return []
    return [rule.check for rule in _spoken_of(config, mark) if rule.learns]


def _spoken_of(config: Config, mark: Mark) -> list[Rule]:
    """Return the rules of its table that a mark speaks of."""
    rules = [rule for rule in _rules(config, mark.table) if mark.check in (None, rule.check)]
    if mark.period is not None:
        is_missed = mark.kind is MarkKind.MISSED
        return [rule for rule in rules if (rule.weighs_periods if is_missed else rule.tells_periods)]
    of = {each.check for each in mark.covers}
    return [rule for rule in rules if not of or rule.check in of]


def _rules(config: Config, table: str) -> Sequence[Rule]:
    """Return the rules of a table; none of a glob of tables."""
    resolved = None if _is_glob(table) else _resolved(config, table)
    return resolved.rules if resolved is not None else ()


def is_over(mark: Mark, config: Config, state: State, now: datetime) -> bool:
    """Tell whether a mark plays no part any more: it ended, was taken back, or nothing that it is of goes on.

    One that limits learn from plays its part until it ends.
    """
    if mark.taken_back is not None or mark.ends_at <= now:
        return True
    if _learning(config, mark):
        return False
    return bool(mark.covers) and not any(f"{mark.table}|{each.check}" in state.told for each in mark.covers)


def say_marks(marks: Iterable[Mark], config: Config, state: State, now: datetime) -> list[str]:
    """Return a line a mark, the newest last."""
    lines = []
    for mark in sorted(marks, key=lambda mark: (mark.at, mark.id)):
        over = mark.taken_back is None and is_over(mark, config, state, now)
        lines.append(f"{say_mark(mark, config.settings.timezone)}{'; over' if over else ''}")
    return lines


def documents(marks: Iterable[Mark], config: Config, state: State, now: datetime) -> dict[str, JsonValue]:
    """Return the marks as values of JSON, the newest last; ``holds``: whether each still plays a part."""
    found: list[JsonValue] = []
    for mark in sorted(marks, key=lambda mark: (mark.at, mark.id)):
        back = mark.taken_back
        taken: JsonValue = (
            None if back is None else {"by": back.by, "at": iso(back.at), "because": back.because}
        )
        found.append({**written(mark), "holds": not is_over(mark, config, state, now), "taken_back": taken})
    return {"version": 1, "marks": found}


def _said(moment: datetime | None, config: Config) -> str:
    return "" if moment is None else say_instant(moment, config.settings.timezone)


def known_tables(config: Config, state: State) -> frozenset[str]:
    """Return the ids that something is known by: what the config names, what runs watched or told of."""
    named = {selector.id for selector in config.selectors() if not selector.is_glob}
    watched = {table for table in state.tables if config.watches(table)}
    told = {
        told.table for told in state.told.values() if not _is_glob(told.table) and config.watches(told.table)
    }
    return frozenset(named | watched | told)


def _table(config: Config, state: State, asked: Asked) -> str:
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


def _is_glob(text: str) -> bool:
    return "*" in text or "?" in text


def _is_watched(config: Config, text: str) -> bool:
    try:
        return config.watches(text)
    except ValueError:
        return False


def _is_told(told: Told) -> bool:
    """Tell whether something is told now, by itself or within an upstream; not what goes with an item of its table."""
    elsewhere = [host for host in told.within.values() if not host.startswith(f"{told.table}|")]
    return not told.silenced and (told.was_any_told or bool(elsewhere))


def _open(state: State, table: str, asked: Asked) -> tuple[Covered, ...]:
    """Return the troubles of a table that are told now; raises NotMarked where there are none."""
    told = [one for one in state.told.values() if one.table == table and _is_told(one)]
    if asked.check is not None:
        told = [one for one in told if one.check == asked.check]
    covers = [each for one in sorted(told, key=lambda one: one.check) for each in _covered(one)]
    if asked.kind is MarkKind.EXPECTED:
        covers = [each for each in covers if each.state != Status.UNKNOWN.value]
    if covers:
        return tuple(covers)
    of = f"{asked.check} of {table}" if asked.check else table
    first = " (no run has told anything yet)" if state.is_first_run else ""
    instead = "" if asked.kind is MarkKind.ACK else "; name what is expected with --period 2026-11-22"
    raise NotMarked(f"nothing of {of} is told as failing now{first}, so there is nothing to mark{instead}")


def _covered(told: Told) -> Iterator[Covered]:
    severity = told.severity.value if told.severity is not None else None
    if told.items and not told.unchecked:
        for key, item in sorted(told.items.items()):
            if not told.was_told(key):  # it is told within another one
                continue
            worst = item.severity.value if item.severity is not None else None
            yield Covered(
                check=told.check, item=key, state=item.state.value, severity=worst, since=item.since
            )
        return
    if not told.was_told():
        return
    state = Status.UNKNOWN if told.unchecked else told.status
    yield Covered(check=told.check, item=None, state=state.value, severity=severity, since=told.since)


def _period(config: Config, state: State, table: str, text: str, now: datetime) -> str:
    """Return the period, with values of dimensions where they are written; raises NotMarked for one that is none."""
    told = (key for one in state.told.values() if one.table == table for key in one.items)
    if text in told:
        return text
    periods = _periods(config, state, table)
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


def _periods(config: Config, state: State, table: str) -> StatedPeriods | None:
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


def _moment(config: Config, asked: Asked, now: datetime) -> datetime | None:
    if asked.moment is None:
        return None
    option = "--at" if asked.kind is MarkKind.MISSED else "--from"
    moment = _instant(config, asked.moment, option)
    if asked.kind is MarkKind.MISSED and moment > now:
        raise NotMarked(f"--at {asked.moment} lies ahead; write when something was wrong and nobody was told")
    if moment > now + KEPT:
        raise NotMarked(f"{option} {asked.moment} lies more than {KEPT.days} days ahead")
    return moment


def _end(config: Config, asked: Asked, now: datetime) -> datetime:
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
