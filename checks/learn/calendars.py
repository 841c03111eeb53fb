"""Which country's public holidays explain the days on which nothing came."""

import warnings
from collections.abc import Collection
from datetime import date, timedelta
from functools import lru_cache

from checks.learn.keys import DAY

# Where most of the world's published and commercial data is made; more would explain misses by chance.
COUNTRIES = (
    "US",
    "GB",
    "DE",
    "FR",
    "IT",
    "ES",
    "NL",
    "PL",
    "SE",
    "CH",
    "CA",
    "AU",
    "NZ",
    "IN",
    "CN",
    "JP",
    "KR",
    "SG",
    "MY",
    "ID",
    "BR",
    "MX",
    "ZA",
    "TR",
)
_EPOCH = date(1970, 1, 1)


@lru_cache(maxsize=512)
def _of_year(country: str, year: int) -> frozenset[int]:
    import holidays

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = holidays.country_holidays(country, years=year)
    return frozenset((day - _EPOCH).days for day in found)


def is_holiday(calendar: tuple[str, int], start: float) -> bool:
    """Return whether the day that starts then is a holiday of (country, days after it that the gap shows)."""
    country, shift = calendar
    day = int(start // DAY) - shift
    return day in _of_year(country, (_EPOCH + timedelta(days=day)).year)


def explaining(missed: Collection[float], kept: Collection[float]) -> tuple[str, int] | None:
    """Return the calendar (country, shift in days) that explains missed days against kept ones, or None.

    Two misses at least have to be holidays, half of all misses, and two of three of its holidays missed.
    """
    best: tuple[float, tuple[str, int]] | None = None
    if len(missed) < 2:
        return None
    for country in COUNTRIES:
        for shift in (0, 1, -1):
            hits = sum(is_holiday((country, shift), d) for d in missed)
            if hits < 2 or 2 * hits < len(missed):
                continue
            against = sum(is_holiday((country, shift), d) for d in kept)
            if hits < 2 * against:
                continue
            rank = hits - against - 0.1 * abs(shift)
            if best is None or rank > best[0]:
                best = rank, (country, shift)
    return best[1] if best else None
