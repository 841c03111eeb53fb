"""What the check `partitions` says: which due periods hold no data, since when, and what mends it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Protocol

from checks.layout.dimensions import MOST_COMBINATIONS
from checks.model import Absence, ItemState, Standstill
from checks.rules.dimensions import name_of, say_combination, say_items
from checks.rules.missed import NOTHING_MISSED, Missed
from checks.rules.projected import say_range
from checks.rules.punctuality import on_time_share
from checks.rules.sentences import MOVE_FIRST, count_of
from checks.schedule.clock import say_instant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from checks.layout.dimensions import Dimensions
    from checks.model import Combination, Item, Observation, PastPeriod
    from checks.rules.base import Row
    from checks.rules.retention import Boundary
    from checks.schedule.due import DuePeriod, Schedule
    from checks.schedule.periods import Every

_MOST_NOTES = 3


class Stated(Protocol):
    """What is stated of the periods that are due, as far as the words need it."""

    @property
    def schedule(self) -> Schedule: ...  # noqa: D102 - the rule's own
    @property
    def each(self) -> Dimensions | None: ...  # noqa: D102 - the same
    def schedule_of(self, combination: Combination | None) -> Schedule: ...  # noqa: D102 - the same


@dataclass(frozen=True, slots=True)
class Judged:
    """What the sentence is made of beside the items: when it was, what is known of earlier periods, and notes.

    ``never_loaded``: no period of the table ever held data. ``boundary`` is where data ends that is deleted by age.
    """

    now: datetime
    never_loaded: bool
    past: Mapping[str, PastPeriod]
    notes: tuple[str, ...]
    boundary: Boundary | None = None
    owed: tuple[DuePeriod, ...] = ()
    """The periods that are judged, newest first."""
    missed: Missed = NOTHING_MISSED


def because(rule: Stated, row: Row[Judged], bad: Sequence[Item]) -> str:
    """Write the sentence: how many due periods have no data, which, and since when; ``bad`` come newest first."""
    every = rule.schedule.every
    if not row.items:
        return f"nothing is due yet{_next_sentence(rule, row.facts.now)}"
    by = f" by {rule.each.say()}" if rule.each is not None and row.items[0].dimensions else ""
    total = count_of(len(row.items), f"due {every.noun}") + by
    if row.facts.never_loaded:
        return f"never loaded: no {every.noun} of it holds data; {bad[0].period} was due {_say_due(rule, bad[0])}"
    if not bad:
        state = ItemState.LATE
        late = [item for item in row.items if item.state is state]
        one = f"the one due {every.noun}, {name_of(row.items[0])}, has data"
        told = f"each of {total} has data" if len(row.items) > 1 else one
        if not late:
            return told
        when = (
            f"{name_of(late[0])} {late[0].detail}"
            if len(late) == 1
            else f"{say_items(late, every)} came late"
        )
        return f"{told}; {on_time_share(row.items, row.facts.past)} ({when})"
    unread = sum(item.state is ItemState.UNKNOWN for item in row.items)
    told = f"{len(bad)} of {total} without usable data: {say_items(bad, every, with_state=True)}"
    if len(bad) == 1:
        told += f", due {_say_due(rule, bad[0])}"
    else:
        told += f". The newest of them was due {_say_due(rule, bad[0])}"
    return f"{told}; {unread} more could not be checked" if unread else told


def _next_sentence(rule: Stated, now: datetime) -> str:
    following = rule.schedule.next_due(now)
    since = rule.schedule.since
    if following is None:
        return ""
    if since is not None and following.period.wall.date() < since:
        return f": no {rule.schedule.every.noun} before {since.isoformat()} counts"
    return f": {following.period.label} is due first, {say_instant(following.due_at, rule.schedule.zone)}"


def _say_due(rule: Stated, item: Item) -> str:
    zone = rule.schedule_of(item.dimensions).zone
    return say_instant(item.due_at, zone) if item.due_at is not None else "now"


def advice(rule: Stated, bad: Sequence[Item], boundary: Boundary | None) -> tuple[str, str]:
    """Say what to do, and the statement to run for it where one of the items has one."""
    remedies = [item.remedy for item in bad if item.remedy]
    told = _advice_without(rule, [item for item in bad if not item.remedy], boundary)
    if not remedies:
        return told, ""
    more = f" (and {len(remedies) - 1} more like it, in the JSON report)" if len(remedies) > 1 else ""
    return f"{told}{'; and ' if told else ''}register what has landed{more}", remedies[0]


def _advice_without(rule: Stated, bad: Sequence[Item], boundary: Boundary | None) -> str:
    """Say what to do about the newest of the items that no statement mends."""
    if not bad:
        return ""
    if bad[0].state is ItemState.UNREGISTERED:
        return MOVE_FIRST
    if bad[0].state is ItemState.GONE:
        told = f"{name_of(bad[0])} was there: find out what deleted it, and load it again"
        keeps = f"; where data is deleted by its age, write lookback: {boundary.lookback}" if boundary else ""
        return told + keeps
    if bad[0].state is ItemState.EMPTY:
        return f"run the load of {name_of(bad[0])} again: its place is there, its data is not"
    looked = f"look at the run that loads {name_of(bad[0])}"
    if bad[0].dimensions:
        gone = say_combination(bad[0].dimensions)
        return (
            f"{looked}; if {gone} will never come again, state the values that will, without it, under each"
        )
    if rule.schedule.misses > 1:  # then it is no single one that is told
        return looked
    return f"{looked}; if that {rule.schedule.every.noun} will never come, close it in a calendar"


def told_apart(row: Row[Judged]) -> tuple[Item, ...]:
    """Return the items that are told each by itself: what was never loaded, or is missed in a row, is one trouble."""
    run = row.facts.missed.run
    return () if row.facts.never_loaded else tuple(item for item in row.items if item not in run)


def oldest_of_run(row: Row[Judged]) -> datetime | None:
    """Return the deadline of the oldest of the items that are bad in a row, from the newest on."""
    oldest = None
    for item in sorted(row.items, key=lambda item: item.due_at or row.facts.now, reverse=True):
        if not item.state.is_bad:
            break
        oldest = item.due_at
    return oldest


def absence(row: Row[Judged]) -> Absence:
    """Return the periods that lack data, and since when nothing came where the newest due one is among them.

    What came last may be the data of the period before the oldest of an unbroken run of such periods: it came after
    that one's end, and after the deadline before.
    """
    bad = [item for item in row.items if item.state.is_bad]
    newest = row.facts.owed[0] if row.facts.owed else None
    if row.facts.never_loaded:
        return Absence(
            standstill=Standstill(since=None, overdue_at=newest.due_at if newest is not None else None)
        )
    by_label = {each.period.label: each for each in row.facts.owed}
    labels = {item.period for item in bad}
    run = list(takewhile(lambda each: each.period.label in labels, row.facts.owed))
    standstill = None
    as_one = {item.period for item in row.facts.missed.run}
    if as_one:
        run = [each for each in run if each.period.label in as_one]
    if run:
        period, due_at = run[-1].period, run[-1].due_at
        since = min(period.start, due_at - (period.end - period.start))
        item = next(item.key for item in bad if item.period == run[0].period.label)
        standstill = Standstill(since=since, overdue_at=due_at, item="" if as_one else item)
    if as_one:
        return Absence(periods={"": (run[-1].period.start, run[0].period.end)}, standstill=standstill)
    return Absence(
        periods={
            item.key: (by_label[item.period].period.start, by_label[item.period].period.end)
            for item in bad
            if item.period in by_label
        },
        standstill=standstill,
    )


def say_uncounted(seen: Observation, outside: int, left_out: int, every: Every) -> tuple[str, ...]:
    """Return the notes beside the sentence: what counts nowhere, and what the look itself tells; the first few."""
    notes = []
    if outside:
        lies = "lies" if outside == 1 else "lie"
        number = count_of(outside, f"due {every.noun}")
        notes.append(
            f"{number} {lies} outside the range that is projected{say_range(seen.table)} and count"
            f"{'s' if outside == 1 else ''} nowhere"
        )
    if left_out:
        notes.append(
            f"{left_out:,} more combinations of values are not judged: {MOST_COMBINATIONS:,} are the most"
        )
    return (*notes, *seen.notes)[:_MOST_NOTES]
