"""Entries of a config as lines: tables that are stated alike stand together, each with what was learned. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from checks.adopt.replaying import say
from checks.adopt.yaml_text import block, comment, value
from checks.schedule.calendars import WEEKDAYS
from checks.text import clean, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checks.adopt.discovery import Adopted, Discovery, TooLittleKnown
    from checks.schedule.calendars import Calendar

_ASIDE = "freshness: {auto: true, max_age: 7d}"
"""What a table of which too little is known could be watched by: a limit that holds until enough is known."""


class Days(NamedTuple):
    """The days on which nothing is due: weekdays, and the public holidays of a country or region where there is one."""

    closed: tuple[str, ...]
    country: str | None = None
    subdivision: str | None = None

    @classmethod
    def of(cls, calendar: Calendar) -> Days:
        """Return those of a calendar that was learned."""
        closed = tuple(WEEKDAYS[number] for number in sorted(calendar.closed_weekdays))
        holidays = calendar.holidays
        return cls(closed) if holidays is None else cls(closed, holidays.country, holidays.subdivision)

    @property
    def place(self) -> str:
        """The country, with its region where there is one: ``GB-ENG``; empty without holidays."""
        return "-".join(part for part in (self.country, self.subdivision) if part)

    @property
    def name(self) -> str:
        """A name that says it: ``closed-sat-sun-de``."""
        return "-".join(["closed", *self.closed, *([self.place.lower()] if self.place else [])])

    def line(self, name: str, indent: int) -> str:
        """Return its line among the calendars of a config, under a name."""
        keys = [f"country: {value(self.country)}"] if self.country else []
        keys += [f"subdivision: {value(self.subdivision)}"] if self.subdivision else []
        keys += [f"closed: [{', '.join(self.closed)}]"] if self.closed else []
        return f"{' ' * indent}{value(name)}: {{{', '.join(keys)}}}"


def calendars_of(adopted: Sequence[Adopted]) -> tuple[Days, ...]:
    """Return the days on which nothing is due of some tables, each once, by their names."""
    found = {Days.of(each.proposal.calendar) for each in adopted if each.proposal.calendar is not None}
    return tuple(sorted(found, key=lambda days: days.name))


def entry_lines(found: Discovery, names: Mapping[Days, str], indent: int = 2) -> list[str]:
    """Return the lines of all entries, grouped, then of the tables of which too little is known, as comments."""
    lines: list[str] = []
    for kind, tables in grouped(found.adopted).items():
        lines += ["", *comment(f"{kind} ({count(len(tables), 'table')})", indent)] if lines else []
        lines = lines or [*comment(f"{kind} ({count(len(tables), 'table')})", indent)]
        for each in tables:
            lines += _entry(each, names, indent)
    lead = " " * indent
    if found.too_little:
        number = count(len(found.too_little), "table")
        head = f"not watched, for the reason beside each ({number}); to watch one, take away its # and state a limit"
        lines += [*([""] if lines else []), *comment(head, indent)]
        lines += [line for aside in found.too_little for line in _aside(aside, lead)]
    return lines


def _aside(each: TooLittleKnown, lead: str) -> tuple[str, str]:
    """Return the entry of a table that is not watched yet, as comments that one only has to take away."""
    return f"{lead}# - table: {value(each.table)}", f"{lead}#   {_ASIDE}  # {clean(each.why)}"


def grouped(adopted: Sequence[Adopted]) -> dict[str, list[Adopted]]:
    """Return tables that are stated alike together, the largest groups first, under what they have in common."""
    groups: dict[tuple[str, str], list[Adopted]] = {}
    for each in sorted(adopted, key=lambda one: one.table):
        calendar = each.proposal.calendar
        days = f", {_said(Days.of(calendar))}" if calendar is not None else ""
        groups.setdefault((each.proposal.check, f"{each.proposal.kind}{days}"), []).append(each)
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    return {kind: tables for (_, kind), tables in ordered}


def _said(days: Days) -> str:
    told = [f"none of {', '.join(days.closed)}"] if days.closed else []
    told += [f"none on public holidays of {days.place}"] if days.place else []
    return ", ".join(told)


def stated(each: Adopted, names: Mapping[Days, str]) -> str | Mapping[str, str]:
    """Return the block of a table, with its calendar by the name that it goes by."""
    given, calendar = each.proposal.block, each.proposal.calendar
    if calendar is None or isinstance(given, str):
        return given
    return {**given, "calendar": names[Days.of(calendar)]}


def _entry(each: Adopted, names: Mapping[Days, str], indent: int) -> Iterator[str]:
    proposal, lead = each.proposal, " " * indent
    yield f"{lead}- table: {value(each.table)}"
    yield from comment(f"{proposal.sentence} ({proposal.sure})", indent + 2)
    yield from comment(say(each.replayed), indent + 2)
    if proposal.instead:
        yield from comment(f"not stated by its periods: {proposal.instead}", indent + 2)
    yield f"{lead}  {proposal.check}: {block(stated(each, names))}"
    yield from (f"{lead}  {check}: off" for check in proposal.off)
