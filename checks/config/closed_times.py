"""When nothing is due, as a config states it: calendars of closed days, and windows within days."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import Field, ValidationInfo, field_validator

from checks.config.key_types import Day, TimeOfDay, Weekday, WindowDay
from checks.rules.key_types import ConfigBlock, Text, Zone
from checks.schedule.calendars import WEEKDAYS, Calendar, public_holidays
from checks.schedule.windows import Window


class CalendarBlock(ConfigBlock):
    """On which local dates a table's source rests: nothing is due then."""

    country: Text | None = Field(
        None,
        description="Public holidays of this country are closed: its ISO 3166 code.",
        examples=["DE", "NO"],
    )
    subdivision: Text | None = Field(
        None, description="A state or province of the country, for its own holidays.", examples=["BE"]
    )
    closed: tuple[Weekday, ...] = Field(
        (), description="Weekdays that are always closed.", examples=[["sat", "sun"]]
    )
    also_closed: tuple[Day, ...] = Field(
        (), description="Further dates that are closed.", examples=[["2026-12-24"]]
    )
    also_open: tuple[Day, ...] = Field(
        (),
        description="Dates that are open whatever else says that they are closed.",
        examples=[["2026-12-27"]],
    )

    @field_validator("country")
    @classmethod
    def _is_known(cls, country: str | None) -> str | None:
        if country is not None:
            public_holidays(country)
        return country

    @field_validator("subdivision")
    @classmethod
    def _is_part_of_country(cls, subdivision: str | None, info: ValidationInfo) -> str | None:
        if subdivision is not None and "country" in info.data:  # else the country is wrong already
            if info.data["country"] is None:
                raise ValueError("needs a country; write country beside it, such as country: DE")
            public_holidays(info.data["country"], subdivision)
        return subdivision

    @field_validator("closed")
    @classmethod
    def _leaves_a_day(cls, closed: tuple[str, ...]) -> tuple[str, ...]:
        if set(closed) == set(WEEKDAYS):
            raise ValueError("closes every weekday, so nothing would ever be due; leave at least one open")
        return closed

    @field_validator("also_open")
    @classmethod
    def _is_not_closed_too(cls, also_open: tuple[date, ...], info: ValidationInfo) -> tuple[date, ...]:
        if both := set(info.data.get("also_closed", ())).intersection(also_open):
            raise ValueError(f"{min(both)} is in also_closed too; keep one of them")
        return also_open

    def build(self, name: str) -> Calendar:
        """Return the calendar."""
        return Calendar(
            name,
            frozenset(WEEKDAYS.index(day) for day in self.closed),
            frozenset(self.also_closed),
            frozenset(self.also_open),
            public_holidays(self.country, self.subdivision) if self.country is not None else None,
        )


class WindowBlock(ConfigBlock):
    """A stretch of time in which nothing is due, such as maintenance: deadlines within it move to its end."""

    days: tuple[WindowDay, ...] = Field(
        (),
        description="Weekdays or dates on which it begins; every day when absent.",
        examples=[["sun"], ["sat", "2026-12-24"]],
    )
    start: TimeOfDay = Field(description="The time of day at which it begins.", examples=["02:00"])
    end: TimeOfDay = Field(
        description="The time of day at which it ends, up to 24:00; of the next day where that is before its start.",
        examples=["04:00", "24:00"],
    )
    timezone: Zone | None = Field(
        None,
        description="The zone of its times; that of the deadlines when absent.",
        examples=["America/New_York"],
    )

    @field_validator("start")
    @classmethod
    def _begins_within_the_day(cls, start: timedelta) -> timedelta:
        if start >= timedelta(days=1):
            raise ValueError("a window begins before the end of a day; write 00:00 of the day after")
        return start

    @field_validator("end")
    @classmethod
    def _lasts(cls, end: timedelta, info: ValidationInfo) -> timedelta:
        if info.data.get("start") == end:
            raise ValueError(
                'is its start, so it lasts no time; for a whole day write start: "00:00", end: "24:00"'
            )
        return end

    def build(self) -> Window:
        """Return the window."""
        return Window(
            self.start,
            self.end,
            frozenset(WEEKDAYS.index(day) for day in self.days if isinstance(day, str)),
            frozenset(day for day in self.days if not isinstance(day, str)),
            self.timezone,
        )
