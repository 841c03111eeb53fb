"""The drawings of a page as numbers: where each mark of a small picture stands. Pure.

Coordinates are SVG's, with y growing downward. A drawing holds one path a kind of mark, so that a page of
thousands of tables has few elements.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from checks import text as words
from checks.report.series import Came
from checks.schedule.durations import say_duration, say_size

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.report.series import PeriodShown, Volume

STEP = 9
"""From one period to the next, in a strip; in a chart it is twice that."""
_SQUARE = 7
_HEIGHT = 12
CHART_HEIGHT = 84
_MARGIN = 6
_WIDE = 12
_NARROWEST = 156
"""What the first and the last date take below a chart."""
_LEAST_SPAN = timedelta(hours=1)
_KINDS = {Came.ON_TIME: "fresh", Came.LATE: "warning", Came.UNKNOWN: "unknown", Came.BAD: "critical"}


@dataclass(frozen=True, slots=True)
class Mark:
    """All marks of one kind: a path, and the class that colours it."""

    kind: str
    path: str


@dataclass(frozen=True, slots=True)
class Label:
    """A line across a chart, with its word."""

    y: float
    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A small picture: its size, its marks and lines, and what it shows, said in words."""

    width: int
    height: int
    marks: tuple[Mark, ...]
    said: str
    first: str = ""
    last: str = ""
    lines: tuple[Label, ...] = ()


def strip(periods: Sequence[PeriodShown]) -> Drawing | None:
    """Return a square a period, oldest first; None where there are none. What is bad is taller than what is late."""
    if not periods:
        return None
    paths: dict[str, list[str]] = {}
    for number, one in enumerate(periods):
        height = {Came.ON_TIME: 7, Came.LATE: 9, Came.UNKNOWN: 9, Came.BAD: _HEIGHT}[one.came]
        top = _HEIGHT - height
        paths.setdefault(_KINDS[one.came], []).append(
            f"M{number * STEP} {top}h{_SQUARE}v{height}h-{_SQUARE}z"
        )
    return Drawing(
        width=len(periods) * STEP - (STEP - _SQUARE),
        height=_HEIGHT,
        marks=_marks(paths),
        said=_said_of(periods),
        first=periods[0].label,
        last=periods[-1].label,
    )


def arrivals(periods: Sequence[PeriodShown]) -> Drawing | None:
    """Return when each period came against its deadline; None where no arrival and its deadline are known.

    The line across is the deadline; a mark above it came before, one below it after. A period without data stands
    at the foot as a bar, and its column is shaded.
    """
    known = [(one.came_at - one.due_at) for one in periods if one.came_at and one.due_at]
    if len(known) < 2:
        return None
    early, late = min(*known, timedelta()), max(*known, timedelta())
    span = max(late - early, _LEAST_SPAN)
    room = CHART_HEIGHT - 2 * _MARGIN

    def y(lag: timedelta) -> float:
        return round(_MARGIN + room * ((lag - early) / span), 1)

    paths: dict[str, list[str]] = {}
    step = _step(len(periods))
    for number, one in enumerate(periods):
        middle = number * step + step // 2
        if one.came_at and one.due_at:
            lag = one.came_at - one.due_at
            kind = "warning" if lag > timedelta() else "fresh"
            paths.setdefault(kind, []).append(_dot(middle, y(lag)))
        elif one.came is Came.BAD:
            paths.setdefault("critical", []).append(f"M{middle - 4} {CHART_HEIGHT - 4}h8v4h-8z")
            paths.setdefault("incident", []).append(f"M{number * step} 0h{step}v{CHART_HEIGHT}h-{step}z")
    lines = [Label(y(timedelta()), "deadline", "due")]
    if early < -_LEAST_SPAN / 4:
        lines.append(Label(y(early), f"{say_duration(-early)} before"))
    if late > _LEAST_SPAN / 4:
        lines.append(Label(y(late), f"{say_duration(late)} after"))
    return _chart(periods, paths, lines, _lag_said(known))


def volumes(sizes: Sequence[Volume]) -> Drawing | None:
    """Return a bar a period for its bytes; None where fewer than two are known."""
    most = max((one.size_bytes for one in sizes), default=0)
    if len(sizes) < 2 or not most:
        return None
    bars, step = [], _step(len(sizes))
    for number, one in enumerate(sizes):
        height = round((CHART_HEIGHT - _MARGIN) * one.size_bytes / most, 1)
        bars.append(f"M{number * step + step // 2 - 4} {round(CHART_HEIGHT - height, 1)}h8v{height}h-8z")
    last = say_size(sizes[-1].size_bytes)
    said = f"{words.count(len(sizes), 'period')}, the largest of {say_size(most)}, the last of {last}"
    return _chart(sizes, {"volume": bars}, [Label(_MARGIN, say_size(most))], said)


def age(
    observed: datetime, now: datetime, warning: datetime | None, critical: datetime | None
) -> Drawing | None:
    """Return the age of the newest data as a bar, against its limits; None where it lies ahead of ``now``."""
    limits = {kind: now - at for kind, at in (("warning", warning), ("critical", critical)) if at is not None}
    old = now - observed
    if old < timedelta() or not limits:
        return None
    width, height = 300, 14
    most = max(old, *limits.values()) * 1.08
    kind = "fresh"
    for name, limit in sorted(limits.items(), key=lambda pair: pair[1]):
        kind = name if old > limit else kind
    bar = f"M0 4h{max(1, round(width * (old / most)))}v6h-{max(1, round(width * (old / most)))}z"
    ticks = [f"M{round(width * (limit / most))} 0v14" for limit in limits.values()]
    said = [f"{say_duration(old)} old"]
    said += [f"{name} after {say_duration(limit)}" for name, limit in limits.items()]
    return Drawing(
        width=width,
        height=height,
        marks=(Mark(kind, bar), Mark("tick", "".join(ticks))),
        said=", ".join(said),
    )


def _step(count: int) -> int:
    """Return how far apart the marks of a chart stand: of few periods further, so that its dates have room."""
    return max(_WIDE, -(-_NARROWEST // count))


def _dot(x: float, y: float) -> str:
    return f"M{x - 2.5} {y}a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0z"


def _chart(
    shown: Sequence[PeriodShown] | Sequence[Volume],
    paths: dict[str, list[str]],
    lines: list[Label],
    said: str,
) -> Drawing:
    return Drawing(
        width=len(shown) * _step(len(shown)),
        height=CHART_HEIGHT,
        marks=_marks(paths),
        said=said,
        first=shown[0].label,
        last=shown[-1].label,
        lines=tuple(lines),
    )


def _marks(paths: dict[str, list[str]]) -> tuple[Mark, ...]:
    return tuple(Mark(kind, "".join(each)) for kind, each in sorted(paths.items()))


def _said_of(periods: Sequence[PeriodShown]) -> str:
    """Return ``30 periods to 2026-11-22: 28 on time, 1 late, 1 without data``."""
    number = Counter(one.came for one in periods)
    parts = [f"{number[came]} {came.said}" for came in Came if number[came]]
    return f"{words.count(len(periods), 'period')} to {periods[-1].label}: {', '.join(parts)}"


def _lag_said(known: Sequence[timedelta]) -> str:
    after = sum(lag > timedelta() for lag in known)
    middle = sorted(known)[len(known) // 2]
    where = "before" if middle <= timedelta() else "after"
    return (
        f"{words.count(len(known), 'period')}, {after or 'none'} after the deadline; "
        f"usually {say_duration(abs(middle))} {where} it"
    )
