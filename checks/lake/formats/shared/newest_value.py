"""The newest value of a time column over the files of a log: what all formats with a log do alike. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from checks.aws.problems import clean
from checks.model import FooterSeen, Problem, ProblemKind, ValuesSeen
from checks.rules.asking import AHEAD, DAY_AHEAD, is_ahead
from checks.schedule.clock import FIRST, LAST, last_instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from checks.model import FileSeen
    from checks.rules.asking import Clock, ValueAsk

_MIDDLE = 5000
"""Years beyond it that no instant has are of the future, those before of the past."""


_MANY = {"list": "list", "array": "list", "map": "map"}
"""Types that hold many values in a row, as Iceberg and Delta name them."""


@dataclass(slots=True)
class Newest:
    """Finds the newest value among files that come one by one, the newest first, in constant memory."""

    ask: ValueAsk
    clock: Clock
    looked_at: int = 0
    problem: Problem | None = None
    best: FooterSeen | None = None
    ahead: FooterSeen | None = None
    doubt: FooterSeen | None = None

    def add(self, seen: FooterSeen) -> None:
        """Take note of what one file tells."""
        self.looked_at += 1
        if seen.problem is not None:
            self.doubt = self.doubt or seen
        if seen.newest is None:
            return
        if is_ahead(seen, self.clock.latest):
            self.ahead = self.ahead or seen
        elif self.best is None or self.best.newest is None or seen.newest > self.best.newest:
            self.best = seen

    def miss(self, problem: Problem) -> None:
        """Take note of why files were not looked at."""
        self.problem = self.problem or problem

    @property
    def is_recent(self) -> bool:
        """True when a value was seen after which no limit is crossed, whatever else there is."""
        newest = self.best.newest if self.best is not None else None
        return newest is not None and all(newest >= limit for limit in self.ask.limits)

    def is_settled_by(self, came_by: datetime | None) -> bool:
        """Tell whether files that came by an instant change nothing: no event is newer than its file.

        Their values lie before every limit then. The newest files are looked at in any case, so that there is a
        value to tell.
        """
        if self.is_recent:
            return True
        if came_by is None or self.best is None or not self.ask.limits:
            return False
        return came_by + (DAY_AHEAD if self.best.is_day else AHEAD) < min(self.ask.limits)

    def seen(self) -> ValuesSeen:
        """Return what was found."""
        files = [each for each in (self.best, self.ahead, self.doubt) if each is not None]
        return ValuesSeen(
            files=tuple(each for number, each in enumerate(files) if each not in files[:number]),
            looked_at=self.looked_at,
            problem=self.problem,
        )


def value_seen(
    file: FileSeen, wall: datetime, zone: ZoneInfo, *, is_day: bool, is_utc: bool = False
) -> FooterSeen:
    """Return what a file tells whose newest value is a wall time: in UTC, or in the zone that is stated.

    A day (its midnight) counts until it ends.
    """
    try:
        if is_day:
            at = last_instant(wall + timedelta(days=1), zone).astimezone(UTC)
        else:
            at = wall.replace(tzinfo=UTC) if is_utc else last_instant(wall, zone).astimezone(UTC)
    except (
        OverflowError,
        ValueError,
    ):  # sentinels such as the day 9999-12-31, which ends beyond the last year there is
        at = LAST if wall.year > _MIDDLE else FIRST
    return FooterSeen(file=file, newest=at, is_day=is_day)


def no_value(
    file: FileSeen, why: str, remedy: str = "", kind: ProblemKind = ProblemKind.MALFORMED
) -> FooterSeen:
    """Return what a file tells whose newest value is not known."""
    return FooterSeen(file=file, problem=Problem(kind, f"{clean(file.uri)}: {why}", remedy))


def not_found(table: str, column: str, kinds: Mapping[str, str], *, most: int, deepest: int) -> Problem:
    """Return why a column is not among the fields that were read of a schema, by their names and types.

    ``most`` fields are read at the most, and not deeper than ``deepest`` structs.
    """
    parts = column.lower().split(".")
    outer = [".".join(parts[:end]) for end in range(1, len(parts))]
    held = next((kinds[each] for each in outer if kinds.get(each) in _MANY), None)
    if held is not None:
        return no_column(table, column, f"lies in a {_MANY[held]}, and is no column of its own")
    if len(kinds) >= most:
        return no_column(
            table, column, f"is not among the first {most:,} fields of its schema, and no more are read"
        )
    if len(parts) > deepest:
        return no_column(table, column, f"is nested more deeply than the {deepest} levels that are read")
    return no_column(table, column, "is not in its schema")


def no_column(table: str, column: str, why: str) -> Problem:
    """Return the problem of a column whose values no log tells."""
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"column {clean(column)} of {table} {clean(why)}",
        "name another column, or turn events off",
    )
