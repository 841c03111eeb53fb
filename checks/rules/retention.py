"""Periods that held data and hold none any more: deleted by age, as a rule of retention does, or lost. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from checks.model import Item, ItemState
from checks.rules.sentences import say_periods

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from checks.schedule.due import DuePeriod
    from checks.schedule.periods import Every

DAYS_NEEDED = 3
"""On so many days the boundary has to be of one age, before what is gone beyond it is taken for deleted by age."""
_MOST_AGES = 8
_DAY = timedelta(days=1)
_HELD = frozenset({ItemState.PRESENT, ItemState.LATE})


@dataclass(frozen=True, slots=True)
class Boundary:
    """Where data ends that is deleted by age: the periods beyond it, up to the lookback's old end, are gone.

    ``age`` is how far back the newest of them lies, in due periods, in days where these are shorter. ``lookback`` is
    what to write so that none of them is looked at. ``is_kept``: that age was seen on as many days as prove a rule.
    """

    age: int
    lookback: str
    gone: tuple[Item, ...]
    is_kept: bool

    def say(self, every: Every) -> str:
        """Say what is gone, and the lookback to write."""
        return (
            f"{say_periods(self.gone, every)} held data and hold none any more, which is told once: what is older "
            f"than {self.lookback if self.lookback[-1] == 'd' else _counted(int(self.lookback), every)} is deleted "
            f"by its age; write lookback: {self.lookback}"
        )


def boundary_of(
    owed: Sequence[DuePeriod],
    items: Sequence[Item],
    ages: Mapping[int, Sequence[date]],
    today: date,
    every: Every,
) -> Boundary | None:
    """Return the boundary of these due periods and their items (newest first), None where there is none.

    That takes an unbroken run of periods that are gone, from the oldest one on, while the newest is present. A period
    that never came neither breaks the run nor belongs to it. ``ages`` are those of boundaries that were seen, with
    the days.
    """
    of_period: dict[str, list[Item]] = {}
    for item in items:
        of_period.setdefault(item.period, []).append(item)
    groups = [of_period.get(each.period.label, []) for each in owed]
    if not groups or not groups[0] or any(item.state not in _HELD for item in groups[0]):
        return None
    newest_gone = None
    for number in range(len(groups) - 1, 0, -1):
        states = {item.state for item in groups[number]}
        if states & _HELD or ItemState.UNKNOWN in states or ItemState.UNREGISTERED in states:
            break
        if ItemState.GONE in states:
            newest_gone = number
    if newest_gone is None or not _is_gone(groups[-1]):
        return None
    gone = tuple(item for group in groups[newest_gone:] for item in group if item.state is ItemState.GONE)
    apart = owed[0].period.start - owed[newest_gone].period.start
    is_short = every.nominal < _DAY
    age = apart // _DAY if is_short else newest_gone
    whole_days = (owed[0].period.end - owed[newest_gone].period.end) // _DAY
    lookback = f"{whole_days}d" if is_short and whole_days else str(newest_gone)
    days = {*ages.get(age, ()), today}
    was_kept = any(len(seen_on) >= DAYS_NEEDED and known <= age for known, seen_on in ages.items())
    return Boundary(age, lookback, gone, is_kept=was_kept or len(days) >= DAYS_NEEDED)


def remembered_ages(
    ages: Mapping[int, Sequence[date]], boundary: Boundary | None, today: date
) -> dict[int, tuple[date, ...]]:
    """Return the ages of boundaries with the days on which they were seen, the newest ones, for later runs."""
    kept = {age: tuple(days) for age, days in ages.items()}
    if boundary is not None:
        days = sorted({*kept.get(boundary.age, ()), today})
        kept[boundary.age] = tuple(days[-DAYS_NEEDED:])
    newest = sorted(kept.items(), key=lambda pair: (pair[1][-1:], len(pair[1])), reverse=True)
    return dict(islice(newest, _MOST_AGES))


def _is_gone(group: Sequence[Item]) -> bool:
    return any(item.state is ItemState.GONE for item in group)


def _counted(number: int, every: Every) -> str:
    return f"{number} {every.noun}{'s' if number != 1 else ''}"
