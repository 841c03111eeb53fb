"""What a page shows of a table beside its verdicts: its last periods, when they came, and how much came. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from checks.model import ItemState
from checks.rules import CHECKS
from checks.rules.asking import Clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from checks.model import Finding, Item, Observation, TableMemory
    from checks.rules.base import Rule
    from checks.rules.retold import Silence

MOST_PERIODS = 30
"""How many periods are shown, the newest ones: as many as the shares of what came on time count."""


class Came(IntEnum):
    """What became of a period, worst last: of several combinations of dimensions the worst is shown."""

    ON_TIME = 0
    LATE = 1
    UNKNOWN = 2
    BAD = 3

    @property
    def said(self) -> str:
        """The word for people."""
        return ("on time", "late", "unknown", "without data")[self]


@dataclass(frozen=True, slots=True)
class PeriodShown:
    """One period by its label. ``came_at`` is when its data was first there, where that is known (UTC)."""

    label: str
    came: Came
    due_at: datetime | None = None
    came_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Volume:
    """How many bytes one period holds."""

    label: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Series:
    """The last periods of a table, oldest first, and the bytes of those whose size is known."""

    periods: tuple[PeriodShown, ...] = ()
    volumes: tuple[Volume, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What a run saw of one table, what earlier runs remembered of it, and the rules that judged it."""

    seen: Observation
    memory: TableMemory
    rules: tuple[Rule, ...] = ()


def series(findings: Iterable[Finding], look: Look) -> Series:
    """Return what is known of the last 30 periods of one table, out of its findings and its memory."""
    periods = _periods(findings, look.memory)
    newest_due = max((each.label for each in periods), default=None)
    return Series(periods, _volumes(look.seen, look.memory, newest_due))


def silences(look: Look) -> tuple[Silence, ...]:
    """Return the silences between the arrivals of a table whose deadlines are learned; none of others."""
    clock = Clock(now=look.seen.now)
    for rule in look.rules:
        how = CHECKS[rule.check].retelling
        found = how.silences(rule, look.seen, clock, look.memory) if how is not None else ()
        if found:
            return found
    return ()


def of_items(findings: Iterable[Finding]) -> Series:
    """Return what the findings alone tell, where nothing else is at hand (a kept report)."""
    worst: dict[str, PeriodShown] = {}
    for item in _items(findings):
        _take(worst, PeriodShown(item.period, _came(item), item.due_at, item.arrived_at))
    return Series(_newest(worst))


def _items(findings: Iterable[Finding]) -> list[Item]:
    """Return the items of the check that has the most: one check tells of all periods, others of some."""
    return max((list(finding.items) for finding in findings), key=len, default=[])


def _periods(findings: Iterable[Finding], memory: TableMemory) -> tuple[PeriodShown, ...]:
    items = _items(findings)
    if not items:
        return ()
    length = len(items[0].period)
    now = {item.key for item in items}
    worst: dict[str, PeriodShown] = {}
    for item in items:
        came_at = item.arrived_at or memory.first_seen.get(item.key)
        _take(worst, PeriodShown(item.period, _came(item), item.due_at, came_at))
    for key, past in memory.past_periods.items():
        label = key.partition("/")[0]
        if key not in now and len(label) == length:  # periods of another cadence stand no longer
            came = Came.ON_TIME if past.on_time else Came.LATE
            _take(worst, PeriodShown(label, came, past.due_at, memory.first_seen.get(key)))
    return _newest(worst)


def _take(worst: dict[str, PeriodShown], one: PeriodShown) -> None:
    before = worst.get(one.label)
    if before is None or one.came > before.came:
        worst[one.label] = one


def _newest(worst: Mapping[str, PeriodShown]) -> tuple[PeriodShown, ...]:
    return tuple(worst[label] for label in sorted(worst)[-MOST_PERIODS:])


def _came(item: Item) -> Came:
    if item.state.is_bad:
        return Came.BAD
    if item.state is ItemState.UNKNOWN:
        return Came.UNKNOWN
    return Came.LATE if item.state is ItemState.LATE else Came.ON_TIME


def _volumes(seen: Observation, memory: TableMemory, newest_due: str | None) -> tuple[Volume, ...]:
    """Return the sizes of the last periods: as they are now where they were looked at, else as remembered.

    What holds nothing yet and is not due has none: a period that is not over, or newer than the newest that was due.
    """
    sizes: dict[str, int] = {label: size.bytes for label, size in memory.sizes.items()}
    now: dict[str, int] = defaultdict(int)
    partial: set[str] = set()
    for partition in seen.partitions:
        label, listing = partition.period.label, partition.listing
        is_awaited = partition.period.end > seen.now or (newest_due is not None and label > newest_due)
        if listing is None or not listing.complete:
            partial.add(label)
        elif not listing.objects and not listing.empty_objects and is_awaited:
            continue
        else:
            now[label] += listing.size_bytes
    sizes |= {label: size for label, size in now.items() if label not in partial}
    return tuple(Volume(label, sizes[label]) for label in sorted(sizes)[-MOST_PERIODS:])
