"""A monitor that looks now and then: what it keeps of a table between its looks, and what a look says.

The arrivals that are kept and those that a look sees come to one watch, so that a look says what a replay of the same
arrivals says. Nothing looks ahead: what came after the look's time is as if it were not there.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING

from checks.learn.history import Arrival
from checks.learn.keys import DAY
from checks.learn.learned import Model, Need
from checks.learn.lessons import UNTAUGHT, Lessons, Taught
from checks.learn.sentences import confidence, explain
from checks.learn.silence import WINDOW
from checks.learn.watch import Rhythm, Watch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_KEPT = 12_500
"""Arrivals that are kept of one table: six weeks of every five minutes, in some 50 kB of text."""
_STEPS = (60, 120, 300, 600, 900, 1800, 3600)
"""Seconds within which arrivals are kept as one; the first by which what is kept reaches six weeks back."""
_LATEST = 253_402_300_799
"""The end of the year 9999, the last that times are written for."""
_OUTDATED = 28 * DAY
"""Four weeks: so long a habit that was learned holds where only parts of what comes are seen."""
_LONGEST = 400 * DAY
"""No silence of a table that comes at least yearly is longer; beyond, nothing is sought."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a table between looks: the arrivals that teach, and how the last silence went.

    `times` are whole seconds since 1970 (UTC), in order. `last` is the newest arrival of all, `looked_at` when that was
    seen. `is_outdated`: what came since was seen in part only, for so long that all has to be learned anew.
    """

    times: tuple[int, ...] = ()
    rhythm: Rhythm = field(default_factory=Rhythm)
    last: int | None = None
    looked_at: float | None = None
    is_outdated: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What limits are learned for: the false alarms a year that the table may raise, the shortest and longest age."""

    share: float
    floor: float = 0.0
    cap: float = math.inf


@dataclass(frozen=True, slots=True)
class Look:
    """What a look says of a table.

    `due` is when something had, or has, to come after the `last` arrival (seconds since 1970, UTC); None where too
    little is known, as `need` says. `is_open`: it did not, or too few came since: `still_needed` more end it.
    `sentence` says what was learned, `sure` how sure that is. `taught` are the names of the lessons that had a part.
    """

    kept: Kept
    last: int | None = None
    due: float | None = None
    is_open: bool = False
    still_needed: int = 0
    need: Need | None = None
    sentence: str = ""
    sure: str = ""
    taught: tuple[str, ...] = ()


def look(
    kept: Kept | None,
    seen: Iterable[float],
    now: float,
    asked: Asked,
    *,
    whole: bool = True,
    lessons: Lessons = UNTAUGHT,
) -> Look:
    """Return what is known at an instant, of what was kept and of what is seen; times in any order, repeated or not.

    What is kept is the same with and without `lessons`. `whole` is False where what was seen need not be all that came
    since the last look. Then a gap is a silence as far as looks saw it: where data could have come and gone between two
    looks, neither an alert nor a habit is made of it.
    """
    known = sorted({int(at) for at in seen if at <= now})
    kept = _until(kept, now)
    if kept is None or not kept.times or kept.last is None:
        kept, new = Kept(fewer(known)), []
    else:
        new = known[bisect_right(known, kept.last) :]
        earlier = known[: bisect_right(known, kept.times[-1])]
        kept = replace(kept, times=fewer(sorted({*kept.times, *earlier})))
    watch = _resumed(kept, asked)
    if new and not whole and _is_hole(watch, kept, new[0]):
        keeping = replace(
            kept,
            rhythm=Rhythm(),
            last=new[-1],
            is_outdated=kept.rhythm.opened is not None or new[-1] - kept.times[-1] > _OUTDATED,
        )
        watch = _resumed(keeping, asked)
    else:
        for at in new:
            watch.add(Arrival(float(at)))
        if new and not whole:
            watch.believe(now)
        last = (
            new[-1] if new else kept.last if kept.last is not None else kept.times[-1] if kept.times else None
        )
        keeping = replace(kept, times=fewer([*kept.times, *new]), last=last)
    watch.tick(now)
    keeping = replace(keeping, rhythm=watch.rhythm, looked_at=now)
    said = _said(watch, keeping)
    said_by_then = lessons.until(now)
    return _retold(said, now, asked, said_by_then) if said_by_then else said


def _retold(said: Look, now: float, asked: Asked, lessons: Lessons) -> Look:
    """Return what a look says with what people said of the table; what is kept stays."""
    kept = _anew(said.kept, lessons)
    watch = _resumed(kept, asked)
    taught = Taught(watch, kept.times, lessons)
    told = _said(watch, kept)
    names = tuple(dict.fromkeys(taught.taught))
    if told.last is None or told.due is None:
        return replace(told, kept=said.kept, last=said.last, taught=names)
    opened, last = kept.rhythm.opened, float(told.last)
    is_over = False
    if opened is not None:
        around = taught.silence(opened)
        begun = around[0] if around is not None else last
        due = taught.put_off(opened, taught.tight_after(begun))
        ended = around[1] if around is not None else None
        is_over = ended is not None and ended <= due
        if not is_over:
            is_open = ended is not None or due < now
            return replace(
                told,
                kept=said.kept,
                due=due,
                is_open=is_open,
                still_needed=told.still_needed if is_open else 0,
                taught=names,
            )
    following = taught.due_after(last, is_over=is_over)
    due = following if following is not None else told.due
    is_open = due < now
    return replace(
        told,
        kept=said.kept,
        due=due,
        is_open=is_open,
        still_needed=told.still_needed or 1 if is_open else 0,
        taught=names,
    )


def _anew(kept: Kept, lessons: Lessons) -> Kept:
    """Return what is kept without what came before the newest new normal."""
    normal = lessons.normal
    if normal is None:
        return kept
    times = kept.times[bisect_left(kept.times, normal.at) :]
    last = kept.last if kept.last is not None and kept.last >= normal.at else None
    opened = kept.rhythm.opened
    begun = bool(times) and opened is not None and opened > times[0]
    return replace(kept, times=times, last=last, rhythm=kept.rhythm if begun else Rhythm())


def _is_hole(watch: Watch, kept: Kept, first: int) -> bool:
    """Tell whether data that came right at the last look would have been overdue before the first arrival since."""
    due = watch.due_after(max(float(kept.last or 0), kept.looked_at or 0.0), is_over=True)
    return due is not None and due[0] < first


def _said(watch: Watch, keeping: Kept) -> Look:
    model, last = watch.model, keeping.last
    if last is None or not isinstance(model, Model):
        return Look(keeping, last, need=model if isinstance(model, Need) else Need(0, 8))
    opened = keeping.rhythm.opened
    following = watch.due_after(last)
    due = opened if opened is not None else following[0] if following is not None else None
    if due is None:
        return Look(keeping, last, need=Need(len(keeping.times), 8))
    return Look(
        keeping,
        last,
        due,
        opened is not None,
        watch.still_needed,
        sentence=explain(model, watch.history),
        sure=confidence(model),
    )


@lru_cache(maxsize=512)
def fresh_since(kept: Kept, now: float, asked: Asked, lessons: Lessons = UNTAUGHT) -> float | None:
    """Return the earliest last arrival after which nothing would be overdue at an instant, by what was kept until then.

    None where too little is known. What was expected is left out: it would only allow more.
    """
    known = _until(kept, now)
    said = lessons.until(now)
    known = _anew(known, said) if known is not None else None
    if known is None or not known.times:
        return None
    taught = Taught(_resumed(known, asked), known.times, said)
    if taught.strict_after(now) is None:
        return None

    def is_fresh(last: float) -> bool:
        due = taught.strict_after(last)
        return due is not None and due >= now

    early, late = now - _LONGEST, now
    if is_fresh(early) or not is_fresh(late):
        return None
    while late - early > 1:
        middle = (early + late) / 2
        early, late = (early, middle) if is_fresh(middle) else (middle, late)
    return late


def _until(kept: Kept | None, now: float) -> Kept | None:
    """Return what was known at an instant: what later looks told is not known yet where an earlier time is stated."""
    if kept is None or kept.is_outdated:
        return None
    if kept.looked_at is None or kept.looked_at <= now:
        return kept
    times = kept.times[: bisect_right(kept.times, now)]
    return Kept(times, last=times[-1]) if times else None


def _resumed(kept: Kept, asked: Asked) -> Watch:
    """Return the watch as it was left."""
    watch = Watch(asked.share, -math.inf, dated=False, floor=asked.floor, cap=asked.cap)
    watch.resume([float(at) for at in kept.times], kept.last, kept.rhythm)
    return watch


def fewer(times: Sequence[int]) -> tuple[int, ...]:
    """Return the newest of these times, in order, those that come soon after one that is kept left out; the last stays.

    How soon is a minute, and more only as far as it takes for what is kept to reach six weeks back.
    """
    if not times:
        return ()
    found: list[int] = []
    for step in _STEPS:
        found = []
        for at in times:
            if not found or at - found[-1] >= step:
                found.append(at)
        if found[-1] != times[-1]:
            found[-1:] = [found[-1], times[-1]] if times[-1] - found[-1] >= step else [times[-1]]
        if len(found) <= MOST_KEPT or found[-1] - found[-MOST_KEPT] >= WINDOW:
            break
    return tuple(found[-MOST_KEPT:])


def written(times: Sequence[int]) -> str:
    """Write times in order as a text: the first, then the seconds from each to the next."""
    if not times:
        return ""
    return " ".join(map(str, chain(times[:1], (b - a for a, b in pairwise(times)))))


def read(text: str) -> tuple[int, ...]:
    """Return the times of a text that `written` wrote; raise ValueError where it is none."""
    steps = [int(word) for word in text.split()]
    if any(step < 0 for step in steps) or len(steps) > MOST_KEPT or sum(steps) > _LATEST:
        message = (
            "arrivals are written as the first one's seconds since 1970 and the seconds from each to the next"
        )
        raise ValueError(message)
    return tuple(accumulate(steps))
