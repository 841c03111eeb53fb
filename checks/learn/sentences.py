"""What was learned of a table, in a sentence for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.learn.calendars import is_holiday
from checks.learn.clocks import offset
from checks.learn.keys import DAY
from checks.learn.model import Model, Need, day_of
from checks.learn.slots import WEEK
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from checks.learn.history import History
    from checks.learn.silence import Silence
    from checks.learn.slots import Slots
    from checks.learn.slow import Slow

_FAR = 2.0  # times the latest seen: beyond, a reader wonders where the margin comes from
_SHOWN = 63  # slots: nine weeks of a daily table, about what a person remembers of it
_THURSDAY = 3  # 1 January 1970, on which slot 0 of the week lies
_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def explain(model: Model | Need, history: History) -> str:
    """Return what was learned, from what, and when the next is due: one sentence without a full stop."""
    if isinstance(model, Need):
        return str(model)
    parts = []
    if model.slots is not None and not model.loose:
        parts.append(_slots(model, model.slots, history))
    if model.silence is not None:
        parts.append(_silence(model.silence))
    if model.slow is not None:
        parts.append(_slow(model.slow))
    return "; ".join(parts)


def confidence(model: Model | Need) -> str:
    """Return how sure it is: `sure`, `fair`, or `a guess`, by how many periods it rests on."""
    if isinstance(model, Need):
        return "nothing learned"
    part = model.silence or model.slots or model.slow
    seen = part.seen if part is not None else 0
    # A month of days or more lets a tail be told; under ten periods there is none.
    return "sure" if seen >= 30 else "fair" if seen >= 10 else "a guess"


def _slots(model: Model, slots: Slots, history: History) -> str:
    if model.dated:
        firsts = history.firsts
    else:
        days: dict[float, float] = {}
        for at in history.times:
            days.setdefault(day_of(at, model.cut), at)
        firsts = list(days.items())
    came = dict(firsts)
    newest = firsts[-1][0]
    wanted: list[float] = []
    start = newest
    while start >= firsts[0][0] and len(wanted) < _SHOWN:
        holiday = slots.calendar is not None and is_holiday(slots.calendar, start)
        if int(start % WEEK // slots.unit) in slots.expected and not holiday:
            wanted.append(start)
        start -= slots.unit
    present = [s for s in wanted if s in came]
    zone, usual = slots.zones[0]
    last = history.last or newest
    decides, due = slots.due(newest if model.dated else day_of(last, model.cut))
    lags = sorted(came[s] + offset(zone, came[s]) - s for s in present)
    # The usual part: one in ten is early or late on either side.
    early, late = lags[len(lags) // 10], lags[-1 - len(lags) // 10]
    said = f"{len(present)} of the last {len(wanted)} {_noun(slots)}"
    if slots.unit >= DAY:
        due_at = _wall(due, zone, weekday=len(slots.expected) < 4)
        soonest, until = _clock(early), _clock(late)
        said += f" {f'at {soonest}' if soonest == until else f'between {soonest} and {until}'} {zone}; due {due_at}"
        if model.dated and usual >= DAY:
            said += f" for {datetime.fromtimestamp(decides, UTC):%Y-%m-%d}"
    else:
        ahead = offset(zone, last)
        soonest, until = _span(early - ahead), _span(late - ahead)
        said += (
            f", first files {soonest if soonest == until else f'{soonest} to {until}'} after they began (UTC); "
            f"due after {_span(usual - ahead + slots.margin)}"
        )
    said += _margin(slots)
    if slots.misses > 1:
        said += f"; told after {slots.misses} missed in a row, for single ones are missed now and then"
    if slots.calendar is not None:
        said += f"; holidays of {slots.calendar[0]} left out"
    return said


def _margin(slots: Slots) -> str:
    """Say where the margin is no answer to the share of the false alarms alone, and what that means for them."""
    reach = slots.reach
    if reach.limit < slots.margin:
        return f", {_span(slots.margin)} late at the least, which costs fewer false alarms than its share"
    if reach.is_bound:
        return (
            f", {_span(slots.margin)} late: no farther limit can be told of {reach.seen} that were late, "
            "so it may cost more false alarms than its share"
        )
    if slots.margin > _FAR * reach.latest:
        return f", {_span(slots.margin)} late, for only {reach.seen} were late before, by {_span(reach.latest)} at most"
    return ""


def _noun(slots: Slots) -> str:
    if slots.unit < DAY:
        return "hours" if len(slots.expected) == int(WEEK // slots.unit) else "hours that are filled"
    days = sorted((d + _THURSDAY) % 7 for d in slots.expected)
    if len(days) == 7:
        return "days"
    return "weekdays" if days == [0, 1, 2, 3, 4] else "days of " + ", ".join(_NAMES[d] for d in days)


def _silence(silence: Silence) -> str:
    usual = f"something comes every {_span(silence.typical)}, by {silence.seen} arrivals"
    said = f"{usual}; told after {_span(silence.limit)}"
    if silence.rates.rates:
        said += " of the hours in which it usually comes"
    if silence.calendar is not None:
        said += f"; holidays of {silence.calendar[0]} left out"
    return said


def _slow(slow: Slow) -> str:
    few = "; few periods, so the margin is wide" if slow.seen < 8 else ""
    if not slow.months:
        usual = f"up to {_span(slow.into)} between the last {slow.seen + 1} arrivals"
        return f"{usual}; told {_span(slow.margin)} later{few}"
    every = "month" if slow.months == 1 else f"{slow.months} months"
    return (
        f"every {every} on day {int(slow.into // DAY) + 1}, by {slow.seen + 1} arrivals; "
        f"told {_span(slow.margin)} later{few}"
    )


def _span(seconds: float) -> str:
    return say_duration(timedelta(seconds=round(seconds)))


def _clock(seconds: float) -> str:
    inside = int(seconds % DAY)
    return f"{inside // 3600:02d}:{inside % 3600 // 60:02d}"


def _wall(at: float, zone: str, *, weekday: bool) -> str:
    return f"{datetime.fromtimestamp(at, ZoneInfo(zone)):{'%a %H:%M' if weekday else '%H:%M'}}"
