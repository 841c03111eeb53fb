"""What was learned of a table, in a sentence for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.learn.calendars import ALIKE, FRIDAYS, MOST_DAYS, is_holiday
from checks.learn.clocks import offset
from checks.learn.existing_slots import WEEK
from checks.learn.keys import DAY, HOUR
from checks.learn.learned import Model, Need
from checks.learn.pauses import Pauses
from checks.learn.runs import day_of
from checks.learn.several import Several
from checks.learn.slots import one_by_one
from checks.learn.slow import Cycle
from checks.learn.spots import Kind, Spot
from checks.schedule.durations import say_duration
from checks.text import listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.learn.gaps import Slow
    from checks.learn.history import History
    from checks.learn.rota import Rota
    from checks.learn.silence import Silence
    from checks.learn.slots import Slots
    from checks.learn.yearly import Rest

_FAR = 2.0  # times the latest seen: beyond, a reader wonders where the margin comes from
_SHOWN = 63  # slots: nine weeks of a daily table, about what a person remembers of it
_THURSDAY = 3  # 1 January 1970, on which slot 0 of the week lies
_FEW = 3  # countries whose names say more than their number
_SURE = 8  # periods: fewer allow a wide margin
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
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
    if model.rota is not None:
        hours = len(model.rota.clocks[0].expected)
        when = "each hour" if hours == WEEK // HOUR else "an hour" if hours == 1 else f"{hours} hours"
        told = "one that is missing is"
        after = "its usual time"
        if model.rota.misses > 1:
            told = f"single ones are missed; {model.rota.misses} in a row are"
            after = "the usual time of the last"
        parts.append(
            f"a run comes at {when} of the week, by {model.rota.seen:,} runs; "
            f"{told} told {_span(model.rota.margin)} after {after}{_lingering(model.rota)}"
        )
    if model.slow is not None:
        parts.append(_slow(model, model.slow, history))
    if model.files is not None:
        # Files of any day, whatever partition they are of.
        said = explain(model.files, history)
        parts.append(f"files on {said}" if model.files.slots is not None else f"of its files {said}")
    return "; ".join(parts)


def _lingering(rota: Rota) -> str:
    """Return that at some hours of the day a run is told clearly later than at others, if it is."""
    late = [each for each in rota.clocks[0].late if each > rota.margin / 2]
    if not late:
        return ""
    hours = "one hour" if len(late) == 1 else f"{len(late)} hours"
    return f", up to {_span(rota.margin + max(late))} at {hours} of the day at which runs were late in the last week"


def confidence(model: Model | Need) -> str:
    """Return how sure it is: `sure`, `fair`, or `a guess`, by how many periods it rests on."""
    if isinstance(model, Need):
        return "nothing learned"
    known = model.files if model.files is not None and model.slow is None else model
    part = known.silence or known.slots or known.slow
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
    # What came in one go with later ones says that it is there, and nothing of when its like come.
    timed = one_by_one(firsts, slots.unit) if model.dated else firsts
    newest = firsts[-1][0]
    wanted: list[float] = []
    start = newest
    while start >= timed[0][0] and len(wanted) < _SHOWN:
        holiday = slots.calendar is not None and is_holiday(slots.calendar, start)
        if int(start % WEEK // slots.unit) in slots.expected and not holiday:
            wanted.append(start)
        start -= slots.unit
    present = [s for s in wanted if s in came]
    zone, usual = slots.zones[0]
    last = history.last or newest
    decides, due = slots.due(newest if model.dated else day_of(last, model.cut))
    shown = set(present)
    lags = sorted(at + offset(zone, at) - s for s, at in timed if s in shown)
    # The usual part: one in ten is early or late on either side.
    early, late = lags[len(lags) // 10], lags[-1 - len(lags) // 10]
    is_weekly = len(slots.expected) == 1 and slots.unit >= DAY
    noun = f"weeks on {_weekday(newest + usual)}" if is_weekly else _noun(slots)
    said = f"{len(present)} of the last {len(wanted)} {noun}"
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
        said += f"; holidays of {_countries(slots.calendar)} left out"
    if slots.spared:
        said += "; nothing came last weekend, so the next one is not asked for"
    return (said + rests_in_words(slots.rests)).removesuffix(",")


def _countries(calendar: tuple[str, int]) -> str:
    """Return the countries whose holidays are left out: `DE`, `DE or FR`, `most of DE, FR ...`."""
    names = calendar[0].split(ALIKE)
    few = " or ".join(names)
    return few if len(names) <= _FEW else f"most of {listing(names, _FEW)}"


def _margin(slots: Slots) -> str:
    """Say where the margin is no answer to the share of the false alarms alone, and what that means for them."""
    reach = slots.reach
    if reach.limit < slots.margin:
        return (
            f", never less than {_span(slots.margin)} after its usual time, "
            "which costs fewer false alarms than its share"
        )
    after = f", {_span(slots.margin)} after its usual time"
    if reach.is_bound:
        return (
            f"{after}: no farther limit can be told of {reach.seen} that were late, "
            "so it may cost more false alarms than its share"
        )
    if reach.is_of_few:
        return (
            f"{after}, learned of only {reach.seen} that were late, by {_span(reach.latest)} at most, "
            "so it may cost several times its share of the false alarms"
        )
    if slots.margin > _FAR * reach.latest:
        return f"{after}, for only {reach.seen} were late before, by {_span(reach.latest)} at most"
    return ""


def _noun(slots: Slots) -> str:
    if slots.unit < DAY:
        return "hours" if len(slots.expected) == int(WEEK // slots.unit) else "hours that are filled"
    days = sorted((d + _THURSDAY) % 7 for d in slots.expected)
    if len(days) == 7:
        return "days"
    return "weekdays" if days == [0, 1, 2, 3, 4] else "days of " + ", ".join(_NAMES[d] for d in days)


def _silence(silence: Silence) -> str:
    usual = f"something comes every {_span(silence.typical)}, by {silence.seen:,} arrivals"
    said = f"{usual}; a silence is told after {_span(silence.limit)}"
    if isinstance(silence.rates, Pauses):
        said += "" if silence.rates.share == 1 else ", without the times of the week at which it rests"
    elif silence.rates.rates:
        said += " of the hours in which it usually comes"
    if silence.calendar is not None:
        said += f"; holidays of {_countries(silence.calendar)} left out"
    return said


def _slow(model: Model, slow: Slow | Cycle | Several, history: History) -> str:
    newest = history.newest if model.dated else history.last
    if isinstance(slow, Cycle):
        return cycle_in_words(slow, newest)
    if isinstance(slow, Several):
        decides = slow.next_of(newest)[0] if newest is not None else None
        return "; ".join(cycle_in_words(part, newest if part is decides else None) for part in slow.parts)
    if slow.by_chance:
        whole = _span(slow.into + slow.margin)
        usual = f"no rhythm: {_span(slow.into)} in the middle of the last {slow.seen} gaps"
        return f"{usual}; told after {whole} without any"
    few = "; few periods, so the margin is wide" if slow.seen < _SURE else ""
    usual = f"up to {_span(slow.into)} between the last {slow.seen + 1} arrivals"
    return f"{usual}; told {_span(slow.margin)} later{few}"


def cycle_in_words(cycle: Cycle, newest: float | None = None) -> str:
    """Return what was learned of a table that keeps to weeks or months: on which day, how often, between what times.

    `newest` is the own time of its newest period, after which the next one is due.
    """
    zone = cycle.zones[0][0]
    soonest, latest = _clock(cycle.soonest), _clock(cycle.latest)
    if cycle.latest - cycle.soonest >= DAY or int(cycle.soonest // DAY) != int(cycle.latest // DAY):
        hours = f"from {soonest} {zone}, up to {_span(cycle.latest - cycle.soonest)} later"
    else:
        hours = f"{f'at {soonest}' if soonest == latest else f'between {soonest} and {latest}'} {zone}"
    said = f"{cycle.on_time} of the last {cycle.wanted} {_days_of(cycle)}{_rests(cycle)} {hours}"
    if newest is not None:
        due = datetime.fromtimestamp(cycle.due(newest), ZoneInfo(zone))
        said += f"; due {due:%Y-%m-%d %H:%M}"
        if cycle.labelled:
            said += f" for {label_of(cycle, cycle.next_after(newest))}"
    return f"{said}; few periods, so the margin is wide" if cycle.seen < _SURE else said


def label_of(cycle: Cycle, number: int) -> str:
    """Return how people write a period of a cycle: `2026-W12`, `2026-03`, `2026-Q1`, `2026`."""
    period = cycle.period_of(number)
    if cycle.weeks:
        year, week, _ = datetime.fromtimestamp(
            Spot(weeks=True, kind=Kind.START, number=0).day(period) * DAY, UTC
        ).isocalendar()
        return f"{year}-W{week:02d}"
    year, month = divmod(period, 12)
    if cycle.step == 12 and not month:
        return f"{year}"
    return f"{year}-Q{month // 3 + 1}" if cycle.step == 3 and not month % 3 else f"{year}-{month + 1:02d}"


def _days_of(cycle: Cycle) -> str:
    """Return the periods and the day of them: `months on the 3rd working day`, `weeks on Tue`."""
    spot = cycle.spots[0]
    off = ""
    if spot.place not in {MOST_DAYS, FRIDAYS}:
        off = f" (holidays of {' or '.join(each.place for each in cycle.spots)} left out)"
    name = _NAMES[spot.number % 7] if cycle.weeks else ""
    every = _every(cycle)
    match spot.kind:
        case Kind.START if cycle.weeks:
            weeks = spot.number // 7 + cycle.shift if cycle.labelled else 0
            after = f", {weeks} week{'' if weeks == 1 else 's'} after its own" if weeks else ""
            return f"{every} on {name}{after}"
        case Kind.START:
            return f"{every} on day {spot.number + 1}{_of_the(cycle)}"
        case Kind.END:
            where = "on the last day" if spot.number == -1 else f"{-spot.number - 1} days before the last"
            return f"{every} {where}{_of_the(cycle)}"
        case Kind.WEEKDAY | Kind.WEEKDAY_END:
            nth, weekday = divmod(spot.number, 7)
            rank = _nth(nth + 1) if spot.kind is Kind.WEEKDAY else f"{_nth(nth + 1)} last" if nth else "last"
            said = f"{every} on the {rank} {_NAMES[weekday]}{_of_the(cycle)}"
        case Kind.OPEN:
            said = f"{every} on the {_nth(spot.number)} working day{_of_the(cycle)}"
        case Kind.OPEN_END:
            place = "last" if spot.number == -1 else f"{_nth(-spot.number)} last"
            said = f"{every} on the {place} working day{_of_the(cycle)}"
        case _:
            moved = "next" if spot.kind is Kind.NEXT else "last"
            day = name if cycle.weeks else f"day {spot.number + 1}{_of_the(cycle)}"
            said = f"{every} on {day} or the {moved} working day{' before' if moved == 'last' else ''}"
    days = int(cycle.zones[0][1] // DAY)
    moved = "" if not days else ", the day before" if days == -1 else f" and {days} days"
    return f"{said}{off}{moved}"


def _rests(cycle: Cycle) -> str:
    """Say in which months, or parts of the year, nothing ever comes."""
    if cycle.skipped:
        shift = 0 if cycle.labelled else cycle.shift
        months = listing(
            [_MONTHS[month] for month in sorted((month + shift) % 12 for month in cycle.skipped)]
        )
        return f", none {'of' if cycle.labelled else 'in'} {months},"
    return rests_in_words(cycle.rests)


def rests_in_words(rests: Sequence[Rest]) -> str:
    """Say in which parts of the year nothing comes, with a comma before it; empty where there are none."""
    parts = [
        f"{begin[1]} {_MONTHS[begin[0] - 1]} to {end[1]} {_MONTHS[end[0] - 1]}"
        for begin, end in ((rest.begin, rest.end) for rest in rests)
    ]
    return f", none from {listing(parts)} of each year," if parts else ""


def _every(cycle: Cycle) -> str:
    if cycle.weeks:
        return "weeks" if cycle.step == 1 else f"times of every {cycle.step} weeks"
    named = {1: "months", 3: "quarters", 6: "half-years", 12: "years"}
    return named.get(cycle.step, f"times of every {cycle.step} months")


def _of_the(cycle: Cycle) -> str:
    """Say which month is meant, where a period has several or a label's own is over."""
    own = cycle.period_of(0) % 12
    month = (own + cycle.shift) % 12
    if not cycle.labelled:
        if cycle.step == 12:
            return f" of {_MONTHS[month]}"
        return f" of its {_nth(month % cycle.step + 1)} month" if cycle.step in {3, 6} else ""
    # Quarters and years begin with their first month; of others a label is of its month.
    after = cycle.shift - (cycle.step if own % cycle.step == 0 else 1) + 1
    if after > 0:
        return f" of the {'month' if after == 1 else f'{_nth(after)} month'} after it"
    return f" of its {_nth(cycle.shift + 1)} month" if cycle.step > 1 and cycle.shift >= 0 else ""


def _nth(number: int) -> str:
    ending = "th" if number in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _weekday(local: float) -> str:
    return _NAMES[int(local // DAY + _THURSDAY) % 7]


def _span(seconds: float) -> str:
    return say_duration(timedelta(seconds=round(seconds)))


def _clock(seconds: float) -> str:
    inside = int(seconds % DAY)
    return f"{inside // 3600:02d}:{inside % 3600 // 60:02d}"


def _wall(at: float, zone: str, *, weekday: bool) -> str:
    return f"{datetime.fromtimestamp(at, ZoneInfo(zone)):{'%a %H:%M' if weekday else '%H:%M'}}"
