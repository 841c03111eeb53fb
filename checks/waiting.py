"""Wait for a table, so that a job begins when its data is there: look again until it has come, or time is up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from checks import monitor
from checks.model import ItemState, Status, item_key
from checks.schedule.clock import say_instant, wall_of
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from checks.config.resolved import Config, Resolved
    from checks.model import Finding, Item
    from checks.rules.asking import StatedPeriods

_THERE = frozenset({ItemState.PRESENT, ItemState.LATE})
_LEARNED_WITHIN = (1, 2, 4)
"""How many lengths of a period past its end it is looked at where its deadline is learned, the first that tells."""
_MOST_NAMED = 5


class NotAwaited(Exception):  # noqa: N818 - a sentence for the user
    """What is waited for can never come as it was asked for; says why and what to write."""


class Came(Enum):
    """What one look came to; its value is the exit code where it stays so."""

    YES = 0
    NOT_YET = 1
    UNKNOWN = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What one look came to, and a sentence on what was seen."""

    came: Came
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """For what is waited: a table by its id, and one of its periods by its key (None: that nothing fails of it)."""

    table: str
    period: str | None
    timeout: timedelta
    every: timedelta


def wait(
    config: Config,
    asked: Waiting,
    environ: Mapping[str, str],
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    tell: Callable[[str], None],
) -> Answer:
    """Look until it has come, or until the timeout is over: then once more, and that answer stands.

    ``tell`` gets a sentence whenever what is seen changes. Nothing is sent, and no state moves. Raises NotAwaited, and
    `monitor.NothingMatches` for a table that the config does not watch.
    """
    ends_at = clock() + asked.timeout
    last = ""
    while True:
        answer = look(config, asked, environ, clock())
        now = clock()
        if answer.came is Came.YES or now >= ends_at:
            return answer
        if answer.said != last:
            until = say_instant(ends_at, config.settings.timezone)
            tell(f"{answer.said}; looking again every {say_duration(asked.every)} until {until}")
            last = answer.said
        sleep(min(asked.every, ends_at - now).total_seconds())


def look(config: Config, asked: Waiting, environ: Mapping[str, str], now: datetime) -> Answer:
    """Look once. A period that is not due yet is looked at as if it were: its data may come before its deadline."""
    request = monitor.Request(now=now, only=(asked.table,), send=False, keep=False)
    if asked.period is None:
        found = monitor.run(config, request, environ).report.findings
        return _of_table(asked.table, found)
    stated = _stated(config, asked.table)
    for due_at in _due_at(stated, asked.table, asked.period, now):
        request = replace(request, now=max(now, due_at), reading=now)
        found = monitor.run(config, request, environ).report.findings
        answer = _of_period(asked, asked.period, stated, found)
        if answer is not None:
            return answer
    told = f"{asked.period} of {asked.table} is not among the periods that are looked at"
    raise NotAwaited(
        f"{told}: it lies before the lookback, or before `since`; raise lookback, or leave --period out"
    )


def _of_table(table: str, found: Sequence[Finding]) -> Answer:
    """Return whether nothing fails and nothing is unknown, whatever is silenced: a job needs data, not silence."""
    failing = next((each for each in found if each.status is Status.FAIL), None)
    unknown = next((each for each in found if each.status is Status.UNKNOWN), None)
    if failing is not None:
        return Answer(Came.NOT_YET, f"{table}: {failing.because}")
    if unknown is not None:
        return Answer(Came.UNKNOWN, f"{table}: {unknown.because}")
    return Answer(Came.YES, f"{table} is fresh")


def _of_period(asked: Waiting, key: str, stated: StatedPeriods, found: Sequence[Finding]) -> Answer | None:
    """Return what is seen of a period, or of one value in it; None where it is not among what is looked at."""
    label, _, values = key.partition("/")
    of_check = [each for each in found if each.check == stated.check]
    of_label = [item for item in _items(of_check) if item.period == label]
    items = [item for item in of_label if key in {item.key, item.period}]
    name = f"{key} of {asked.table}"
    unread = next(
        (each for each in (*of_check, *found) if each.status is Status.UNKNOWN and not each.items), None
    )
    if not items and unread is not None:
        return Answer(Came.UNKNOWN, f"{name}: {unread.because}")
    if not items and values and of_label:
        return Answer(
            Came.NOT_YET, f"{asked.table}: {key} missing, and {values} was not seen in any period before it"
        )
    if not items:
        return None
    if all(item.state in _THERE for item in items):
        return Answer(Came.YES, f"{name} has its data")
    bad = [item for item in items if item.state.is_bad]
    if bad:
        states = ", ".join(f"{item.key} {item.state.value}" for item in bad[:5])
        more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
        return Answer(Came.NOT_YET, f"{asked.table}: {states}{more}")
    return Answer(Came.UNKNOWN, f"{name} could not be looked at")


def _items(found: Sequence[Finding]) -> Iterator[Item]:
    for finding in found:
        yield from finding.items


def _due_at(stated: StatedPeriods, table: str, key: str, now: datetime) -> tuple[datetime, ...]:
    """Return when to look as if it were then (UTC): when all that is asked for of the period is due.

    Several where that is learned: it may be later than what is stated. Raises NotAwaited for what is no period of the
    table, no value of it, or never due.
    """
    label, slash, _ = key.partition("/")
    period = stated.period_named(label)
    if period is None:
        every = stated.schedule.every
        usual = every.label(every.floor(wall_of(now, stated.schedule.labels)))
        raise NotAwaited(
            f"{label!r} is no period of {table}, which has one a {every.noun}; write one such as {usual}"
        )
    if slash:
        _refuse_value(stated, table, key)
    schedule = stated.schedule_of(label, key)
    due_at = schedule.due_at(period)
    if due_at is None:
        closed = schedule.never_due_because(period) or "no deadline of it comes"
        raise NotAwaited(f"{key} of {table} is never due: {closed}")
    if not stated.learns:
        return (due_at,)
    return due_at, *(period.end + times * (period.end - period.start) for times in _LEARNED_WITHIN)


def _refuse_value(stated: StatedPeriods, table: str, key: str) -> None:
    """Raise NotAwaited where what stands behind the period is no value that is told apart."""
    label, _, values = key.partition("/")
    if stated.each is None:
        raise NotAwaited(f"{key!r}: {table} is told by its periods alone; write --period {label}")
    known = [item_key(label, combination) for combination in stated.each.stated]
    is_fitting = tuple(part.partition("=")[0] for part in values.split("/")) == stated.each.keys
    if known and key not in known:
        more = ", ..." if len(known) > _MOST_NAMED else ""
        raise NotAwaited(
            f"{values!r} is no value of {table}; write one of {', '.join(known[:_MOST_NAMED])}{more}"
        )
    if not known and not is_fitting:
        raise NotAwaited(
            f"{key!r} does not fit {table}; write {item_key(label, tuple((name, '...') for name in stated.each.keys))}"
        )


def _stated(config: Config, table: str) -> StatedPeriods:
    resolved = _resolved(config, table)
    if resolved is None:
        raise NotAwaited(f"{table} is not watched; name one table by its id, such as sales.orders")
    if resolved.periods is None:
        raise NotAwaited(
            f"the config states no periods of {table} (partitions: {{every: ...}}); "
            "leave --period out, to wait until nothing of it fails"
        )
    return resolved.periods


def _resolved(config: Config, table: str) -> Resolved | None:
    if table.startswith("s3://"):
        return config.resolve_prefix(table)
    account, _, rest = table.rpartition("/")
    database, _, name = rest.partition(".")
    return config.resolve(account or None, database, name)
