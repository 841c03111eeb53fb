"""The period that a mark names: held against what the config states of its table, and what runs saw of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.marks import MarkKind
from checks.schedule.clock import say_instant, wall_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from checks.changes import State
    from checks.config import Config
    from checks.config.resolved import Resolved
    from checks.rules.asking import StatedPeriods
    from checks.rules.base import Rule


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


def asked_period(config: Config, state: State, table: str, asked: Asked, now: datetime) -> str:
    """Return the period that a mark of a table is asked for; raises NotMarked where nothing can be said of it."""
    _check_of_periods(rules_of(config, table), table, asked)
    period = _period(config, state, table, (asked.period or "").strip(), now)
    _check_is_over(config, state, table, asked, period, now)
    return period


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


def rules_of(config: Config, table: str) -> Sequence[Rule]:
    """Return the rules of a table; none of a glob of tables."""
    resolved = None if is_glob(table) else resolved_of(config, table)
    return resolved.rules if resolved is not None else ()


def is_glob(text: str) -> bool:
    """Tell whether a text may name several tables."""
    return "*" in text or "?" in text


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
    resolved = resolved_of(config, table)
    if resolved is None or resolved.periods is not None:
        return resolved.periods if resolved is not None else None
    record = state.tables.get(table)
    seen = (rule.periods_seen(record.memory) for rule in resolved.rules) if record is not None else ()
    return next((each for each in seen if each is not None), None)


def resolved_of(config: Config, table: str) -> Resolved | None:
    """Return what the config says of a table, by its id; None where it says nothing."""
    if table.startswith("s3://"):
        return config.resolve_prefix(table)
    account, _, rest = table.rpartition("/")
    database, _, name = rest.partition(".")
    return config.resolve(account or None, database, name)
