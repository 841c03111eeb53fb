"""What a check's block in the config needs from around it to become a rule: a zone, calendars, windows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.schedule.windows import NEVER_OPEN, Windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from checks.schedule.calendars import Calendar
    from checks.schedule.due import Schedule
    from checks.schedule.windows import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a check's block needs from around it to become a rule.

    ``zone`` is that of deadlines: the entry's or the file's. ``windows`` are those in which nothing is due, by their
    names. ``schedule`` is set when the table has a partitions check too, ``pattern`` when the entry says which objects
    are data.
    """

    zone: ZoneInfo
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    windows: Mapping[str, tuple[Window, ...]] = field(default_factory=dict)
    schedule: Schedule | None = None
    pattern: tuple[str, ...] | None = None

    def calendar(self, name: str | None) -> Calendar | None:
        """Return the calendar of that name; raise ValueError with the known ones when there is none."""
        if name is None:
            return None
        if name not in self.calendars:
            known = ", ".join(sorted(self.calendars)) or "none"
            message = f"{name!r} is not a calendar; define it under calendars (known: {known})"
            raise ValueError(message)
        return self.calendars[name]

    def windows_of(self, names: Sequence[str], zone: ZoneInfo) -> Windows | None:
        """Return the windows of these names as one, None for no name.

        Those that name no zone themselves are in ``zone``. Raises ValueError with the known names where there is none
        of a name, and where they cover all time together.
        """
        for name in names:
            if name not in self.windows:
                known = ", ".join(sorted(self.windows)) or "none"
                message = f"{name!r} names no windows; define them under windows (known: {known})"
                raise ValueError(message)
        if not names:
            return None
        found = Windows(
            " and ".join(names), tuple(each for name in names for each in self.windows[name]), zone
        )
        if found.never_open():
            raise ValueError(NEVER_OPEN.format(found.name))
        return found

    def wrong_names(self, block: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield the keys of a check's block that name what is not defined, each with what to write."""
        calendar, windows = block.get("calendar"), block.get("windows")
        listed = windows if isinstance(windows, list | tuple) else [windows]
        names = [each.strip() for each in listed if isinstance(each, str)]
        try:
            self.calendar(str(calendar or "") or None)
        except ValueError as error:
            yield "calendar", str(error)
        try:
            self.windows_of(names, self.zone)
        except ValueError as error:
            yield "windows", str(error)
