"""The time that a partition's key names: its unit and its start, on the wall clock of whoever names it."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

HOUR, DAY = 3600.0, 86400.0
NULL = "__HIVE_DEFAULT_PARTITION__"
"""What Hive and Spark name the partition of rows whose key is null."""
_KEY = re.compile(
    r"(?<!\d)((?:19|20)\d\d)(?:"
    r"[^\d]{0,6}[Ww](?:ee)?k?=?(\d\d?)(?!\d)"
    r"|(?:[^\d]{0,7}([01]?\d)(?:[^\d]{0,5}([0-3]?\d)(?:[^\d]{0,6}([0-2]?\d)(?:[^\d]{0,8}([0-5]\d))?)?)?)?)(?!\d)"
)
# Quarters and halves of years; weeks that only the word before them tells from months; months by name.
_PART = r"(q(?:uarte|t)?r?|h(?:alf)?)=?"
_YEAR = r"((?:19|20)\d\d)"
_OF_YEAR = re.compile(rf"(?<!\d){_YEAR}[^\da-z]{{0,2}}{_PART}0?([1-4])(?!\d)", re.IGNORECASE)
_BEFORE_YEAR = re.compile(rf"(?<![\da-z]){_PART}([1-4])[^\da-z]{{0,2}}{_YEAR}(?!\d)", re.IGNORECASE)
_WEEK = re.compile(rf"w(?:ee)?k=?{_YEAR}[^\d]{{0,2}}(\d\d?)(?![^\d]?\d)", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = re.compile(
    rf"(?<!\d){_YEAR}[^\da-z]{{0,2}}(?:month=)?({'|'.join(_MONTHS)})[a-z]{{0,6}}(?![\da-z])(?![^\d]{{1,5}}\d)"
    rf"|(?<![\da-z])({'|'.join(_MONTHS)})[a-z]{{0,6}}[^\da-z]{{0,2}}{_YEAR}(?!\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True, order=True)
class Key:
    """A partition's own time: seconds since 1970 on its own wall clock, and the seconds of its unit."""

    start: float
    unit: float


@lru_cache(maxsize=65536)
def parse(text: str) -> Key | None:
    """Return the time that a key names, such as `dt=20260201/hour=03`, `2026-W05`, `2026Q1` or `Mar-2026`, else None.

    A unit is nominal of months (30 days), quarters (91), halves (182) and years (365). A word that ends in a date
    counts only where nothing beside it names a time: `region=eu-2026-01-05/dt=2026-02-01` is the first of February.
    """
    plain = _without_words(text)
    return (_parse(plain) if plain != text else None) or _parse(text)


@lru_cache(maxsize=65536)
def is_in_word(text: str) -> bool:
    """Return whether the time of a key is a part of a word, so that only others tell whether it is one.

    `orders-2026-01-05` may be a load of each day, or the name of something that has had this one for long.
    """
    plain = _without_words(text)
    return plain != text and _parse(plain) is None and _parse(text) is not None


def _without_words(text: str) -> str:
    return "/".join(part for part in text.split("/") if not _is_word(part.partition("=")[2] or part))


def _is_word(value: str) -> bool:
    """Return whether letters stand before a date, and are none of how times are written."""
    found = _KEY.search(value)
    return (
        found is not None
        and _by_words(value) is None
        and re.search("[a-z]", value[: found.start()], re.IGNORECASE) is not None
    )


def _parse(text: str) -> Key | None:
    named = _by_words(text)
    if named is not None:
        return named
    found = _KEY.search(text)
    if not found:
        return None
    year, week, month, day, hour, minute = (int(g) if g else None for g in found.groups())
    if week is not None:
        return _of_week(year or 0, week)
    wall = (year or 0, month or 1, day or 1, hour or 0, minute or 0)
    units = ((minute, 60.0), (hour, HOUR), (day, DAY), (month, 30 * DAY))
    unit = next((seconds for given, seconds in units if given is not None), 365 * DAY)
    return _key(wall, unit)


def _by_words(text: str) -> Key | None:
    """Return the quarter, half, week or month that letters name; None where they name none."""
    part = _OF_YEAR.search(text)
    if part is not None:
        rest = text[part.end() :]  # a month of it is more than it
        return (
            _parse(part[1] + rest)
            if re.search(r"\d", rest)
            else _of_part(int(part[1]), part[2], int(part[3]))
        )
    part = _BEFORE_YEAR.search(text)
    if part is not None:
        return _of_part(int(part[3]), part[1], int(part[2]))
    week = _WEEK.search(text)
    if week is not None:
        return _of_week(int(week[1]), int(week[2]))
    month = _NAMED.search(text)
    if month is None:
        return None
    year, name = (month[1], month[2]) if month[1] else (month[4], month[3])
    return _key((int(year), _MONTHS.index(name.lower()) + 1, 1, 0, 0), 30 * DAY)


def _of_part(year: int, word: str, number: int) -> Key | None:
    months, unit = (3, 91 * DAY) if word[0] in "qQ" else (6, 182 * DAY)
    return _key((year, (number - 1) * months + 1, 1, 0, 0), unit)


def _of_week(year: int, week: int) -> Key | None:
    try:
        start = datetime.combine(date.fromisocalendar(year, week, 1), datetime.min.time())
    except ValueError:
        return None
    return Key(start.replace(tzinfo=UTC).timestamp(), 7 * DAY)


def _key(wall: tuple[int, int, int, int, int], unit: float) -> Key | None:
    try:
        return Key(datetime(*wall, tzinfo=UTC).timestamp(), unit)
    except ValueError:
        return None
