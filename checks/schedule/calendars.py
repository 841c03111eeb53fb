"""Calendars: on which local dates a table's source rests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Holidays:
    """The public holidays of a country or subdivision, from the ``holidays`` library, read on first use."""

    def __init__(self, country: str, subdivision: str | None) -> None:
        self.country, self.subdivision = country, subdivision
        self._names: Mapping[date, str] | None = None

    def __eq__(self, other: object) -> bool:
        """Tell whether it is of the same place: answers are kept by calendar."""
        return isinstance(other, _Holidays) and self._place == other._place

    def __hash__(self) -> int:
        return hash(self._place)

    @property
    def _place(self) -> tuple[str, str | None]:
        return self.country, self.subdivision

    def name_of(self, day: date) -> str | None:
        if self._names is None:
            import holidays

            self._names = holidays.country_holidays(self.country, subdiv=self.subdivision, language="en_US")
        return self._names.get(day)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What half of some places at the least have in common."""

    places: tuple[_Holidays, ...]

    @property
    def country(self) -> str:
        """The one to write in a config, which names one: the first."""
        return self.places[0].country

    @property
    def subdivision(self) -> str | None:
        """The region of that country."""
        return self.places[0].subdivision

    def name_of(self, day: date) -> str | None:
        names = [name for place in self.places if (name := place.name_of(day)) is not None]
        return names[0] if 2 * len(names) >= len(self.places) and names else None


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days on which nothing is due: weekdays, a country's public holidays, own dates."""

    name: str
    closed_weekdays: frozenset[int] = frozenset()
    closed_dates: frozenset[date] = frozenset()
    open_dates: frozenset[date] = frozenset()
    holidays: _Holidays | _Shared | None = None

    def closed_because(self, day: date) -> str | None:
        """Say why the day is closed (``Saturday``, ``Christmas Day``), None when it is open."""
        if day in self.open_dates:
            return None
        if day in self.closed_dates:
            return f"closed in calendar {self.name}"
        holiday = self.holidays.name_of(day) if self.holidays else None
        if holiday:
            return holiday
        return day.strftime("%A") if day.weekday() in self.closed_weekdays else None

    def is_open(self, day: date) -> bool:
        """Tell whether data is expected of that day."""
        return self.closed_because(day) is None

    def business_day_of_month(self, day: date) -> int | None:
        """Count open days of the month up to and with ``day``; None when it is closed."""
        if not self.is_open(day):
            return None
        first = day.replace(day=1)
        return sum(self.is_open(first + timedelta(days=n)) for n in range(day.day))


def shared_holidays(places: Sequence[str]) -> _Holidays | _Shared:
    """Return the days that are public holidays in half of some places at the least; raise ValueError as for one.

    A place is a country, or a region of one: ``DE``, ``GB-ENG``.
    """
    of_each = []
    for place in places:
        country, _, region = place.partition("-")
        of_each.append(public_holidays(country, region or None))
    return of_each[0] if len(of_each) == 1 else _Shared(tuple(of_each))


WEEKENDS = Calendar("weekends", frozenset({5, 6}))
"""What counts business days where no calendar is named."""


def public_holidays(country: str, subdivision: str | None = None) -> _Holidays:
    """Return the public holidays of a country; raise ValueError when there is no such place."""
    from holidays.utils import list_supported_countries

    supported = list_supported_countries(include_aliases=True)
    if country not in supported:
        message = f"{country!r} is not a country that has holidays here; write its ISO 3166 code, such as DE"
        raise ValueError(message)
    if subdivision is not None and subdivision not in supported[country]:
        known = ", ".join(sorted(supported[country])) or "none"
        message = f"{subdivision!r} is not a subdivision of {country}; known are: {known}"
        raise ValueError(message)
    return _Holidays(country, subdivision)
