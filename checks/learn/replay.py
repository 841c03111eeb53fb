"""A table's recorded arrivals, in any order and with duplicates -> the alerts of a monitor that looked at the time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.learn.keys import NULL, is_in_word, parse
from checks.learn.watch import Alert, Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from checks.learn.history import Arrival

# The fewest arrivals that any model is fitted to: what comes later cannot change what was told before.
_FIRST = 4


def is_dated(arrivals: Iterable[Arrival], until: float) -> bool:
    """Return whether partition keys name times, by the first arrivals (in order), those of null keys aside.

    Where the time is a part of a word, it is one if it moves on as data comes: there have to be half as many times as
    there are days (or hours, by what it names) with arrivals, up to an instant. `region=eu-2026-01-05` stays as it is.
    """
    named, are_words = 0, True
    times: set[float] = set()
    came: set[float] = set()
    for number, arrival in enumerate(arrivals):
        is_first = number < _FIRST
        if not is_first and (not are_words or arrival.at > until):
            break
        key = None if NULL in arrival.partition else parse(arrival.partition)
        if key is None:
            if is_first and NULL not in arrival.partition:
                return False
            continue
        named += is_first
        are_words = are_words and (not is_first or is_in_word(arrival.partition))
        times.add(key.start)
        came.add(arrival.at // key.unit)
    return bool(named) and (not are_words or 2 * len(times) >= len(came))


def replay(
    arrivals: Iterable[Arrival], share: float, begin: float, end: float, every: float = 0.0
) -> list[Alert]:
    """Return the alerts of one table from `begin` to `end` (seconds since 1970, UTC), in order.

    The monitor looks `every` seconds, counted from 1970, and whenever something falls due. What had not arrived at
    a look is not known to it; so arrivals after `end` say nothing. `share` is its false alarms a year.
    """
    known = sorted({a for a in arrivals if a.at <= end}, key=order)
    watch = replay_ordered(known, share, begin, is_dated(known, begin))
    return seen_by(watch.end(end), every, end)


def replay_ordered(arrivals: Iterable[Arrival], share: float, begin: float, dated: bool) -> Watch:  # noqa: FBT001
    """Return the watch of arrivals that come in `order` and without duplicates, none kept longer than needed."""
    watch = Watch(share, begin, dated)
    for arrival in arrivals:
        watch.add(arrival)
    return watch


def order(arrival: Arrival) -> tuple[float, str, int, int]:
    """Return what arrivals are sorted by: their time first."""
    size, rows = arrival.size, arrival.rows
    return arrival.at, arrival.partition, -1 if size is None else size, -1 if rows is None else rows


def seen_by(alerts: Sequence[Alert], every: float, end: float) -> list[Alert]:
    """Return alerts as looks every so many seconds tell them; what falls due is looked at then."""
    if every <= 0:
        return list(alerts)

    def look(at: float) -> float:
        return -(-at // every) * every

    seen = []
    for alert in alerts:
        opened = look(alert.opened) if alert.by_size else alert.opened
        closed = None if alert.closed is None else max(opened, look(alert.closed))
        if opened <= end:
            seen.append(
                replace(alert, opened=opened, closed=closed if closed is None or closed <= end else None)
            )
    follows: dict[str, Alert] = {}
    told: list[Alert] = []
    for alert in reversed(seen):
        after = follows.get(alert.check)
        if after is not None and alert.closed is not None and alert.closed > after.opened:
            alert = replace(alert, closed=after.opened)  # noqa: PLW2901
        follows[alert.check] = alert
        told.append(alert)
    return told[::-1]
