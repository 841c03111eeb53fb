"""The drawing of a table without periods: how long nothing came, against when something had to come. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from checks import text as words
from checks.report.charts import CHART_HEIGHT, Drawing, Label, Mark
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from checks.rules.retold import Silence

_COLUMNS, _WIDE = 120, 3
_LONGEST = timedelta(days=30)
_FEWEST, _SHOWN = 3, 30
"""Silences below which there is nothing to see; so many are shown where they are longer than a day each."""
_ROOM = 1.25
"""Above the longest silence that is allowed: a longer one is cut there, and shaded."""


def silence_chart(silences: Sequence[Silence], now: datetime) -> Drawing | None:
    """Return how long nothing had come, over the last 30 days (of slow tables 30 arrivals); None of too few.

    It rises from each arrival to the next. The line is the deadline, as it is learned now; where data came after it, or
    did not come yet, the time from then on is shaded.
    """
    if len(silences) < _FEWEST:
        return None
    begin = max(silences[0].begin, min(now - _LONGEST, silences[-min(_SHOWN, len(silences))].begin))
    span = now - begin
    shown = [each for each in silences if (each.end or now) > begin]
    if span <= timedelta(0) or not shown:
        return None
    most = max(each.due_at - each.begin for each in shown) * _ROOM
    width = _COLUMNS * _WIDE

    def x(at: datetime) -> float:
        return round(min(max((at - begin) / span, 0.0), 1.0) * width, 1)

    def y(age: timedelta) -> float:
        return round(CHART_HEIGHT * (1 - min(age / most, 1.0)), 1)

    late = [each for each in shown if each.due_at < (each.end or now)]
    bars: dict[str, list[str]] = {"fresh": [], "critical": []}
    for column, age, is_late in _columns(shown, begin, now):
        top = y(age)
        if top < CHART_HEIGHT:
            bars["critical" if is_late else "fresh"].append(
                f"M{column * _WIDE} {CHART_HEIGHT}V{top}h{_WIDE}V{CHART_HEIGHT}z"
            )
    marks = {
        "incident": "".join(_box(x(max(each.due_at, begin)), x(each.end or now)) for each in late),
        **{kind: "".join(paths) for kind, paths in bars.items()},
        "limit": "".join(_limits(shown, now, x, y)),
    }
    last = silences[-1]
    return Drawing(
        width=width,
        height=CHART_HEIGHT,
        marks=tuple(Mark(kind, path) for kind, path in marks.items() if path),
        said=_said(shown, late),
        first=f"{begin:%Y-%m-%d}",
        last=f"{now:%Y-%m-%d}",
        lines=(
            Label(y(last.due_at - last.begin), f"{say_duration(last.due_at - last.begin)} allowed", "due"),
        ),
    )


def _columns(
    shown: Sequence[Silence], begin: datetime, now: datetime
) -> Iterator[tuple[int, timedelta, bool]]:
    """Yield for each column the longest that a silence within it had become, and whether that was too long."""
    step = (now - begin) / _COLUMNS
    place = 0
    for column in range(_COLUMNS):
        left, right = begin + column * step, begin + (column + 1) * step
        while place < len(shown) - 1 and (shown[place].end or now) <= left:
            place += 1
        age, is_late, following = timedelta(0), False, place
        while following < len(shown) and shown[following].begin < right:
            each = shown[following]
            reached = min(each.end or now, right)
            age, is_late = max((age, is_late), (reached - each.begin, reached > each.due_at))
            following += 1
        yield column, age, is_late


def _limits(
    shown: Sequence[Silence], now: datetime, x: Callable[[datetime], float], y: Callable[[timedelta], float]
) -> Iterator[str]:
    """Yield the deadlines as a line of steps, one for as long as it stays within a pixel; of a column the latest one.

    The columns show the longest silence in each, so that is what it is held against.
    """
    tops: dict[float, tuple[float, float]] = {}
    for each in shown:
        left, top = x(each.begin), y(each.due_at - each.begin)
        first, highest = tops.setdefault(left // _WIDE, (left, top))
        tops[left // _WIDE] = first, min(highest, top)
    begin, height = None, None
    for left, top in tops.values():
        if height is None or abs(top - height) >= 1:
            if begin is not None and left > begin:
                yield f"M{begin} {height}h{round(left - begin, 1)}"
            begin, height = left, top
    end = x(now)
    if begin is not None and end > begin:
        yield f"M{begin} {height}h{round(end - begin, 1)}"


def _box(left: float, right: float) -> str:
    wide = max(1.0, round(right - left, 1))
    return f"M{left} 0h{wide}v{CHART_HEIGHT}h-{wide}z"


def _said(shown: Sequence[Silence], late: Sequence[Silence]) -> str:
    """Return ``812 arrivals, 2 silences longer than was learned, up to 26 h, and the next one overdue``."""
    told = words.count(len(shown), "arrival")
    if not late:
        return f"{told}, none later than was learned"
    ended = [each.end - each.begin for each in late if each.end is not None]
    parts = (
        [f"{len(ended)} silences longer than was learned, up to {say_duration(max(ended))}"] if ended else []
    )
    if len(ended) == 1:
        parts = [f"a silence longer than was learned, {say_duration(ended[0])}"]
    if late[-1].end is None:
        parts.append("and the next one overdue" if ended else "the next one overdue")
    return f"{told}, {', '.join(parts)}"
