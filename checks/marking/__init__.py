"""What a mark is made of: what a person wrote on the command line, held against the config and what was told."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checks.changes.marked import speaks_of
from checks.config.validation_sentences import did_you_mean
from checks.marking.meant import (
    KEPT,
    Asked,
    NotMarked,
    end_of,
    known_tables,
    moment_of,
    period_of,
    periods_of,
    rules_of,
    table_of,
)
from checks.marking.told import documents, is_over, say_made, say_marks
from checks.marks import Covered, Mark, MarkKind
from checks.model import Status
from checks.rules import CHECKS
from checks.schedule.clock import say_instant
from checks.text import clean, listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checks.changes import State, Told
    from checks.config import Config
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

_LONGEST = 500


def make(config: Config, state: State, asked: Asked, now: datetime) -> Mark:
    """Return the mark, made at ``now``; ``state`` is what was last told. Raises NotMarked."""
    at = now.astimezone(UTC).replace(microsecond=0)
    table = table_of(config, state, asked)
    if asked.check is not None and asked.check not in CHECKS:
        raise NotMarked(f"{asked.check!r} is not a check; {did_you_mean(asked.check, CHECKS)}")
    rules = rules_of(config, table)
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
        period = period_of(config, state, table, asked.period.strip(), at)
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
        ends_at=end_of(config, asked, at) if asked.kind is MarkKind.SILENCE else at + KEPT,
        because=because,
        check=asked.check,
        period=period,
        moment=moment_of(config, asked, at),
        covers=covers,
    )


def reason(text: str) -> str:
    """Return a reason on one clean line; raise NotMarked for one that is too long."""
    because = clean(text)
    if len(because) > _LONGEST:
        raise NotMarked(f"--because has {len(because):,} characters; write at most {_LONGEST}")
    return because


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
    periods = periods_of(config, state, table)
    if asked.kind is not MarkKind.MISSED or periods is None:
        return
    found = periods.period_named(period.partition("/")[0])
    due_at = periods.schedule.due_at(found) if found is not None else None
    if due_at is None or due_at > now:
        when = f" before {say_instant(due_at, config.settings.timezone)}" if due_at is not None else ""
        raise NotMarked(f"{period} is not due{when}, so nobody could be told of it; mark it once it is")


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
