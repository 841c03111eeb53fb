"""What a table's past arrivals would have told, in words: how often, and which of it were real gaps. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from checks.learn import Alert, Model, Watch
from checks.learn.keys import DAY, parse
from checks.learn.runs import day_of
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.learn import Arrival

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Past:
    """An alert of a replay, and whether it was a real gap: what was due never came, or nothing did for long."""

    alert: Alert
    is_gap: bool


@dataclass(frozen=True, slots=True)
class Replayed:
    """The alerts of a replay, judged for so many seconds up to its end (seconds since 1970, UTC).

    Without any seconds judged, too little was known until now.
    """

    judged: float
    end: float
    alerts: tuple[Past, ...] = ()

    @property
    def gaps(self) -> tuple[Alert, ...]:
        """Those of real gaps."""
        return tuple(each.alert for each in self.alerts if each.is_gap)

    @property
    def is_open(self) -> bool:
        """Tell whether one of them is open at the end."""
        return any(each.alert.closed is None for each in self.alerts)

    def lasted(self, alert: Alert) -> float:
        """Return the seconds for which an alert was open, up to the end of the replay."""
        return (self.end if alert.closed is None else alert.closed) - alert.opened


def replay_of(
    arrivals: Sequence[Arrival], share: float, now: datetime, back: timedelta, *, dated: bool
) -> Replayed:
    """Replay arrivals in order over the time up to ``now``, each limit learned from what had come until then.

    It is judged from when enough is known. ``share`` is how many false alarms a year the table may raise.
    """
    end = now.timestamp()
    begin = end - back.total_seconds()
    known = [each for each in arrivals if each.at <= end]
    watch = Watch(share, begin, dated)
    since: float | None = None
    awaited: dict[float, tuple[float, float]] = {}
    for arrival in known:
        watch.tick(arrival.at)
        if since is None and isinstance(watch.model, Model):
            since = max(begin, watch.history.last or begin)
        watch.add(arrival)
        if isinstance(watch.model, Model):
            awaited |= _awaited(watch, watch.model)
    usual = median([later.at - earlier.at for earlier, later in pairwise(known)] or [0.0])
    if since is None and isinstance(watch.model, Model):
        since = max(begin, watch.history.last or begin)
    found = Replayed(0.0 if since is None else end - since, end)

    def is_gap(alert: Alert) -> bool:
        period = awaited.get(alert.opened)
        if period is None:
            return found.lasted(alert) >= usual
        start, cut = period
        return not any(_start_of(each, cut, dated=dated) == start for each in known)

    return replace(found, alerts=tuple(Past(each, is_gap(each)) for each in watch.end(end)))


def _awaited(watch: Watch, model: Model) -> dict[float, tuple[float, float]]:
    """Return for which period or day the next alert would be, by when it would open; nothing without a schedule."""
    last, slots = watch.history.last, model.slots
    if slots is None or last is None:
        return {}
    newest = watch.history.newest if model.dated else day_of(last, model.cut)
    if newest is None:
        return {}
    start, due = slots.due(newest)
    return {due: (start, model.cut)}


def _start_of(arrival: Arrival, cut: float, *, dated: bool) -> float | None:
    """Return the start of the period that an arrival is of, or of its day."""
    if not dated:
        return day_of(arrival.at, cut)
    key = parse(arrival.partition)
    return key.start if key is not None else None


def say(replayed: Replayed) -> str:
    """Say it in a sentence without a full stop: how often it would have alerted, and how much of it were gaps."""
    if replayed.judged < DAY:
        return "too little came before now to replay it"
    over = f"a replay of {_days(replayed.judged)}"
    count = len(replayed.alerts)
    if not count:
        return f"{over} would not have alerted"
    gaps = replayed.gaps
    late = [each.alert for each in replayed.alerts if not each.is_gap]
    parts = []
    if gaps:
        parts.append(
            f"{'a real gap' if count == 1 else _times(len(gaps), 'real gap')} ({_named(replayed, gaps)})"
        )
    if late:
        longest = _lasted(replayed, max(late, key=replayed.lasted))
        parts.append(
            f"{'' if count == 1 else f'{len(late)} '}late by {longest}{' at most' if len(late) > 1 else ''}"
        )
    if replayed.is_open:
        parts.append(f"{'it is' if count == 1 else 'one is'} still open: look at the table first")
    return f"{over} would have alerted {often(count)}: {'; '.join(parts)}"


def often(count: int) -> str:
    """Say how often: ``once``, ``twice``, ``3 times``."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _times(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _lasted(replayed: Replayed, alert: Alert) -> str:
    return say_duration(timedelta(seconds=replayed.lasted(alert)))


def _named(replayed: Replayed, alerts: Sequence[Alert]) -> str:
    told = [
        f"{datetime.fromtimestamp(each.opened, UTC):%Y-%m-%d} for {_lasted(replayed, each)}"
        for each in alerts[:_MOST_NAMED]
    ]
    more = f" and {len(alerts) - _MOST_NAMED} more" if len(alerts) > _MOST_NAMED else ""
    return f"{', '.join(told)}{more}"


def _days(seconds: float) -> str:
    days = round(seconds / DAY)
    return "a day" if days == 1 else f"{days} days"
