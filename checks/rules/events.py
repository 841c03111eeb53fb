"""The check `events`: the newest value of a time column, out of Parquet footers or a table's log, is recent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from checks.model import Finding, Format, Problem, ProblemKind, Severity
from checks.rules.asking import Clock, Detail, Needs, ValueAsk, is_ahead
from checks.rules.base import (
    NOTHING_MORE,
    About,
    Binding,
    CheckConfig,
    Direction,
    Row,
    RowValues,
    Rule,
    Telling,
)
from checks.rules.freshness import FreshnessRule
from checks.rules.key_types import Duration
from checks.rules.unread import doubt_about, ended_early
from checks.schedule.clock import parse_zone, say_instant
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from checks.layout import TimeLayout
    from checks.model import FooterSeen, Observation, Table, TableMemory

FILES = 5
"""The footers of so many of the newest files are read where the config does not say."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for "never" in the row that is judged; no finding tells it."""


class EventsConfig(CheckConfig):
    """The newest value of a time column is recent."""

    check: ClassVar[str] = "events"
    unreplayed: ClassVar[str] = (
        "which value of its column was the newest then is not kept: files that held it may be merged or gone"
    )
    expectation: ClassVar[str] = "checks.expectations.ExpectEventsToBeRecent"
    telling: ClassVar[Telling] = Telling(of_silence=False)
    groups: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"max_age", "warn_after", "error_after"}),)

    column: str = Field(
        min_length=1,
        max_length=1024,
        description="A column of timestamps or dates; a field of a struct with a dot between.",
        examples=["event_time", "meta.created_at"],
    )
    max_age: Duration | None = Field(
        None,
        description="Critical when the newest value is older; the same as error_after.",
        examples=["24h"],
    )
    warn_after: Duration | None = Field(
        None, description="A warning when the newest value is older.", examples=["24h"]
    )
    error_after: Duration | None = Field(
        None, description="Critical when the newest value is older.", examples=["36h"]
    )
    files: int = Field(
        FILES, ge=1, le=50, description="The footers of so many of the newest files are read.", examples=[5]
    )
    written_in: Annotated[ZoneInfo, BeforeValidator(parse_zone), WithJsonSchema({"type": "string"})] = Field(
        ZoneInfo("UTC"),
        description="The zone of dates, and of timestamps that are written without one.",
        examples=["UTC", "Europe/Berlin"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> EventsConfig:
        critical = self.error_after or self.max_age
        if critical is None and self.warn_after is None:
            message = "no limit; write max_age, warn_after or error_after, such as max_age: 24h"
            raise ValueError(message)
        if self.max_age is not None and self.error_after is not None:
            message = "max_age and error_after say the same; write one of them"
            raise ValueError(message)
        if self.warn_after is not None and critical is not None and self.warn_after >= critical:
            message = "warn_after is not shorter than the critical limit, so nothing would ever be a warning"
            raise ValueError(message)
        return self

    def bind(self, binding: Binding) -> EventsRule:
        """Return the rule."""
        return EventsRule(
            column=self.column,
            files=self.files,
            written_in=self.written_in,
            zone=binding.zone,
            ages=FreshnessRule(
                warn_after=self.warn_after, error_after=self.error_after or self.max_age, zone=binding.zone
            ),
        )


@dataclass(frozen=True, slots=True)
class NewestValue:
    """What the sentence is made of: when it was looked for, in how many ``files``, and which of them ``holds`` it."""

    now: datetime
    files: int
    holds: FooterSeen | None = None

    @property
    def at(self) -> datetime | None:
        """The newest value; None where there is none at all."""
        return self.holds.newest if self.holds is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsRule(Rule):
    """The bound check. ``ages`` are its limits; values told are in ``zone``."""

    check: ClassVar[str] = "events"
    direction: ClassVar[Direction] = Direction.AT_LEAST
    column: str
    files: int = FILES
    written_in: ZoneInfo = ZoneInfo("UTC")
    zone: ZoneInfo = ZoneInfo("UTC")
    ages: FreshnessRule = field(default_factory=FreshnessRule)

    def detail(self, clock: Clock) -> Detail:
        """Ask for the footers of the newest files, and the column's newest value."""
        limits = tuple(self.ages.watermarks(clock.now))
        value = ValueAsk(column=self.column, zone=self.written_in, files=self.files, limits=limits)
        return Detail(footers=self.files, value=value)

    def looks(self, table: Table) -> bool:
        """Tell that of plain files only Parquet (or files of whatever kind) have footers to be looked at."""
        return table.format is not Format.FILES or table.file_format in (None, "parquet")

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:
        """Ask for the newest periods until data came in after the limit: no event is newer than its file."""
        return replace(self.ages.needs(table, layout, clock, memory), watermark=None)

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[NewestValue]:  # noqa: ARG002 - the interface's
        """Find the newest value; a footer that could not be read is a doubt about a failure."""
        warning, critical = self.ages.limits_at(clock.now)
        files = len(seen.footers) if seen.values is None else seen.values.looked_at
        said: RowValues = {"warning": warning, "critical": critical}
        unknown = self._unreadable(seen)
        if unknown is not None:
            said["unknown"] = unknown
            return self.row(seen, **said)
        believed, doubt = self._believed(seen, clock)
        newest = max(believed, key=lambda footer: footer.newest or _LONG_AGO, default=None)
        doubt = doubt or _not_read(seen)
        if newest is not None and newest.newest is not None:
            said["observed"] = max(
                min(newest.newest, clock.now), _LONG_AGO
            )  # frames have no room for the year 1
            said |= {"evidence": newest.file.uri, "doubt_if_fail": doubt}
            return self.row(seen, NewestValue(clock.now, files, newest), **said)
        unknown = doubt or (self._empty(seen, files) if files else None)
        if unknown is not None:
            said["unknown"] = unknown
            return self.row(seen, **said)
        said |= {"observed": _LONG_AGO, "critical": critical or warning}
        return self.row(seen, NewestValue(clock.now, files), **said)

    def _unreadable(self, seen: Observation) -> Problem | None:
        """Return why no footer could be looked at at all, None where some could."""
        table = seen.table
        if self.looks(table):
            is_told = seen.footers or seen.values is not None
            return seen.problem if seen.problem is not None and not is_told else None
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"the files of {table.id} are {table.file_format}, and only Parquet files tell the values of a column in a "
            "footer",
            "watch it with freshness, and turn events off for it",
        )

    def _believed(self, seen: Observation, clock: Clock) -> tuple[list[FooterSeen], Problem | None]:
        """Return the footers with a value that is not ahead of now, and the first problem with any."""
        believed: list[FooterSeen] = []
        doubt = None
        for footer in seen.footers if seen.values is None else seen.values.files:
            doubt = doubt or footer.problem
            if footer.newest is None:
                continue
            if is_ahead(footer, clock.latest):
                doubt = doubt or self._from_the_future(footer)
            else:
                believed.append(footer)
        return believed, doubt

    def _from_the_future(self, footer: FooterSeen) -> Problem:
        value = self._say(footer.newest or _LONG_AGO, is_day=footer.is_day)
        return Problem(
            ProblemKind.FROM_THE_FUTURE,
            f"the newest {self.column} in {footer.file.uri} is {value}, yet to come, and hides what came before",
            "look at the source of that value, or at the zone that it is written in (written_in)",
        )

    def _empty(self, seen: Observation, number: int) -> Problem:
        files = "newest file" if number == 1 else f"{number} newest files"
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"the {files} of {seen.table.id} hold{'s' if number == 1 else ''} no value of {self.column}",
            "name another column, or have more files read (events: {files: ...})",
        )

    def _say(self, newest: datetime, *, is_day: bool) -> str:
        try:
            if not is_day:
                return say_instant(newest, self.zone)
            return (newest.astimezone(self.written_in) - timedelta(hours=12)).date().isoformat()
        except OverflowError:  # sentinels at either end of time, which some zones have no year for
            return f"{newest.astimezone(UTC):%Y-%m-%d %H:%M} UTC"

    def finding(
        self, row: Row[NewestValue], severity: Severity | None, about: About = NOTHING_MORE
    ) -> Finding:
        """Write the finding: how old the newest value is, and when the file that holds it came."""
        newest = row.facts.at
        limits = [limit for limit in (row.warning, row.critical) if isinstance(limit, datetime)]
        return self.tell(
            row,
            severity,
            self._because(row.facts, severity),
            about=about,
            observed=newest,
            expected=max(limits, default=None),
            advice=self._advice(newest) if severity is not None else "",
            stale_since=newest if severity is not None else None,
            absence=self.ages.absence(newest, "events") if severity is not None else None,
        )

    def _because(self, facts: NewestValue, severity: Severity | None) -> str:
        age = self.ages.error_after if severity is Severity.CRITICAL else self.ages.warn_after
        limit = age or self.ages.warn_after or self.ages.error_after or timedelta(0)
        expected = f"expected at most {say_duration(limit)} old"
        newest, holds, now = facts.at, facts.holds, facts.now
        if newest is None or holds is None:
            return f"no {self.column} at all: no data file was found; {expected}"
        value = self._say(newest, is_day=holds.is_day)
        files = "the newest file" if facts.files == 1 else f"the {facts.files} newest files"
        old = f"{say_duration(now - newest)} old" if now > newest else "of now"
        if holds.is_day:
            old = f"the day {value}" + (f", over for {say_duration(now - newest)}" if now > newest else "")
            told = f"the newest {self.column} in {files} is {old}"
        else:
            told = f"the newest {self.column} in {files} is {old} ({value})"
        if severity is not None:
            by = "by " if holds.file.is_latest else ""
            told += f", in a file that came {by}{say_instant(holds.file.at, self.zone)}"
        return f"{told}; {expected}"

    def _advice(self, newest: datetime | None) -> str:
        if newest is None:
            return "look at the run that writes the table"
        return f"look at the source of the data: files come, and what they hold of {self.column} is old"


def _not_read(seen: Observation) -> Problem | None:
    """Return why there may be newer files than those that were seen; None when there are none."""
    if seen.values is not None:
        return seen.values.problem
    if seen.problem is not None:
        return seen.problem
    if seen.listing is not None and not seen.listing.complete:
        return ended_early(seen.table.location or seen.table.id)
    return doubt_about(seen.partitions)
