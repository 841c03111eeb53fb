"""Sizes of their own at a time of the day or the week: a full load each night, or on Sundays, between hourly ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.learn.clocks import FAMILIES, offset
from checks.learn.keys import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WEEK = 7 * DAY
# Runs that are half an hour apart are told apart; a good scheduler is in time within ten minutes on either side.
_NEAR = 600.0
# Two are an incident and its like; three of the last seven days, or of the last four of a weekday, are how it is.
_HABIT = 3
_BACK = 28 * DAY


def unlike(
    sizes: Sequence[tuple[float, float]],
    usual: Callable[[float], tuple[float, float]],
    drop: float,
    rise: float,
) -> tuple[tuple[float, float], ...]:
    """Return those of the last four weeks (start, log of bytes; in order) that are beyond the limits of their hour.

    `usual` says of a start the least and the most log that is usual, which is one of each hour.
    """
    found: list[tuple[float, float]] = []
    hour, least, most = None, 0.0, 0.0
    for start, size in sizes:
        if start < sizes[-1][0] - _BACK:
            continue
        if hour != (hour := start // HOUR):
            least, most = usual(start)
        if not least - drop <= size <= most + rise:
            found.append((start, size))
    return tuple(found)


def of_this_time(habits: Sequence[tuple[float, float]], start: float) -> tuple[float, ...]:
    """Return the logs of those that came at this time of the day, or the week, before; nothing where no habit is.

    By the clock of any place: a job that keeps to one is an hour off by the others once it changed.
    """
    for every in (DAY, WEEK):
        days: dict[int, float] = {}
        for at, size in habits:
            if not 0 < start - at <= _NEAR + (WEEK if every == DAY else _BACK):
                continue
            for zone in FAMILIES:
                apart = start + offset(zone, start) - at - offset(zone, at)
                if (around := round(apart / every)) and abs(apart - around * every) <= _NEAR:
                    days[around] = size
        if len(days) >= _HABIT:
            return tuple(days.values())
    return ()
