"""The check `freshness`: the newest arrival is not before a watermark."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from checks.rules.base import (
    Binding,
    CheckConfig,
)
from checks.rules.freshness_proposed import propose
from checks.rules.freshness_retold import FreshnessRetold
from checks.rules.freshness_rule import FreshnessRule
from checks.rules.key_types import Duration, Names
from checks.rules.learned import Auto
from checks.rules.one_source import Members
from checks.rules.retold import Retelling
from checks.schedule.clock import parse_zone
from checks.schedule.deadlines import Deadline, parse_times
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from checks.rules.proposing import Extent, Past, Proposal, TooLittle

__all__ = ["FreshnessConfig", "FreshnessRule"]


class FreshnessConfig(CheckConfig):
    """The newest arrival is not before a watermark."""

    check: ClassVar[str] = "freshness"
    retelling: ClassVar[Retelling[Any]] = FreshnessRetold()
    expectation: ClassVar[str] = "checks.expectations.ExpectTablesToBeFresh"
    groups: ClassVar[tuple[frozenset[str], ...]] = (
        frozenset({"max_age", "warn_after", "error_after"}),
        frozenset({"by", "within"}),
        frozenset({"auto", "floor", "cap"}),
    )
    above: ClassVar[frozenset[str]] = frozenset({"auto", "floor", "cap"})
    short_form: ClassVar[str | None] = "auto"
    goes_with: ClassVar[Mapping[str, frozenset[str]]] = {"grace": frozenset({"by", "auto"})}

    max_age: Duration | None = Field(
        None, description="Critical when the newest data is older; the same as error_after.", examples=["24h"]
    )
    warn_after: Duration | None = Field(
        None, description="A warning when the newest data is older.", examples=["24h"]
    )
    error_after: Duration | None = Field(
        None, description="Critical when the newest data is older.", examples=["36h"]
    )
    by: Annotated[str, BeforeValidator(parse_times)] | None = Field(
        None,
        description="A time of day (HH:MM) or five-field cron by which new data has to be there.",
        examples=["07:30", "30 6 * * 1-5"],
    )
    within: Duration | None = Field(
        None,
        description="With by: how long before the deadline the data may have come; the shorter of 12h and the time "
        "between deadlines when absent.",
        examples=["6h"],
    )
    auto: Literal[True] | None = Field(
        None,
        description="Learns when data is due from the table's own arrivals. Limits that stand beside it, or that it "
        "inherits, hold while too few are known.",
        examples=[True],
    )
    floor: Duration | None = Field(
        None, description="With auto: no shorter age than this is learned.", examples=["2h"]
    )
    cap: Duration | None = Field(
        None, description="With auto: no longer age than this is learned.", examples=["4d"]
    )
    grace: Duration | None = Field(
        None,
        description="With by or auto: how long from the deadline on it is no more than a warning; critical from its "
        "end on.",
        examples=["90m"],
    )
    windows: Names = Field(
        (),
        description="Windows by their name, or several: no deadline falls within them, but moves to their end, and "
        "time within them does not count as age.",
        examples=["maintenance", ["maintenance", "patching"]],
    )
    calendar: str | None = Field(
        None,
        description="A calendar by its name: its closed days do not count as age, and nothing that is learned is due "
        "on them.",
        examples=["de"],
    )
    timezone: Annotated[ZoneInfo, BeforeValidator(parse_zone), WithJsonSchema({"type": "string"})] | None = (
        Field(
            None,
            description="The zone of by and of the calendar; the entry's or the file's when absent.",
            examples=["Europe/Berlin"],
        )
    )
    count: Literal["arrivals", "changes"] = Field(
        "arrivals",
        description="What counts as new data: arrivals (objects, commits that add rows), or changes (deletes too).",
        examples=["changes"],
    )

    also_in: Members = Field(
        (),
        description="Tables, globs of them, or prefixes that are one source together with this one: the newest data of "
        "all counts.",
        examples=["web.events_v2", ["web.events_*", "s3://acme-raw/partner-b/"]],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> FreshnessConfig:
        if self.auto is not None and self.also_in:
            message = "auto learns from the arrivals of one table; write max_age beside also_in in its place"
            raise ValueError(message)
        ages = [name for name in ("max_age", "warn_after", "error_after") if getattr(self, name) is not None]
        if self.by is not None and ages:
            message = f"by and {ages[0]} exclude each other; write one of them"
            raise ValueError(message)
        bounds = [name for name in ("floor", "cap") if getattr(self, name) is not None]
        if bounds and self.auto is None:
            message = f"{bounds[0]} bounds what is learned; write auto: true beside it, or take it out"
            raise ValueError(message)
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            message = "floor is longer than cap, so nothing could be learned between them"
            raise ValueError(message)
        if self.by is None and not ages and self.auto is None:
            message = "no limit; write max_age, warn_after, error_after or by, such as max_age: 24h, or the word auto"
            raise ValueError(message)
        if self.max_age is not None and self.error_after is not None:
            message = "max_age and error_after say the same; write one of them"
            raise ValueError(message)
        if self.within is not None and self.by is None:
            message = 'within needs a deadline; write by beside it, such as by: "06:00"'
            raise ValueError(message)
        if self.grace is not None and self.by is None and self.auto is None:
            message = 'grace counts from a deadline; write by beside it, such as by: "06:00"'
            raise ValueError(message)
        critical = self.error_after or self.max_age
        if self.warn_after is not None and critical is not None and self.warn_after >= critical:
            message = "warn_after is not shorter than the critical limit, so nothing would ever be a warning"
            raise ValueError(message)
        return self

    @classmethod
    def to_propose(cls, extent: Extent) -> dict[str, Any] | None:  # noqa: ARG003 - it reads what learning reads in runs
        """Return the block by which arrivals are read."""
        return {"auto": True}

    def propose(self, past: Past) -> Proposal | TooLittle:
        """Return that its deadline is learned, or that too little is known for that."""
        rule = self.bind(Binding(zone=ZoneInfo("UTC")))
        return propose(rule.sharing(past.share), past)

    def bind(self, binding: Binding) -> FreshnessRule:
        """Return the rule; raise ValueError when a calendar or window is not defined, or `within` spans deadlines."""
        zone = self.timezone or binding.zone
        calendar = binding.calendar(self.calendar)
        windows = binding.windows_of(self.windows, zone)
        deadline = Deadline(self.by, zone, calendar) if self.by is not None else None
        if deadline is not None and calendar is not None and not deadline.can_come():
            never = f"by: {self.by!r} never falls on an open day of calendar {calendar.name}"
            message = f"{never}, so it would always pass; write a time on an open day, or open its day in the calendar"
            raise ValueError(message)
        if deadline is not None and self.within is not None:
            gap = Deadline(deadline.cron, zone).shortest_gap(datetime(2024, 1, 1))  # noqa: DTZ001 - wall time
            if self.within > gap:
                message = (
                    f"within: {say_duration(self.within)} is longer than the {say_duration(gap)} between deadlines, so "
                    "data of the deadline before would pass; write a shorter one"
                )
                raise ValueError(message)
        return FreshnessRule(
            warn_after=self.warn_after,
            error_after=self.error_after or self.max_age,
            deadline=deadline,
            within=self.within,
            grace=self.grace,
            windows=windows,
            zone=zone,
            age_calendar=calendar if deadline is None else None,
            schedule=binding.schedule,
            count=self.count,
            also_in=self.also_in,
            auto=Auto(floor=self.floor, cap=self.cap, calendar=calendar) if self.auto is not None else None,
        )
