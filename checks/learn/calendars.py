"""Which country's public holidays explain the days on which nothing came."""

import warnings
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from functools import lru_cache

from checks.learn.keys import DAY

# Where most of the world's published and commercial data is made; more would explain misses by chance. A region, the
# one with the most people, where the country's own list leaves out days that most of its people have off: those of
# Great Britain, Switzerland, Canada and Australia are what all of their regions share.
COUNTRIES = (
    "US",
    "GB-ENG",
    "DE",
    "FR",
    "IT",
    "ES",
    "NL",
    "PL",
    "SE",
    "CH-ZH",
    "CA-ON",
    "AU-NSW",
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
# Where else working days are counted: weekends of Friday and Saturday.
WORKING_COUNTRIES = (*COUNTRIES, "AE", "EG", "IL", "QA", "SA")
MOST_DAYS = "Sat, Sun"
"""The days off without holidays of most of the world; a country's code says its own, with its holidays."""
FRIDAYS = "Fri, Sat"
"""Those of much of western Asia and northern Africa."""
_OFF = {MOST_DAYS: frozenset({5, 6}), FRIDAYS: frozenset({4, 5})}
_EXCHANGES = {"BR": "BVMF"}
"""Where offices and banks close as the exchange does on days that are no public holidays, such as Carnival."""
_OPEN_IN_DECEMBER = (24, 31)  # on which only the exchange is closed
_FEWEST_DAYS = 20  # four working weeks: of fewer no weekday is known to be usual
_USUAL = 0.7  # of a weekday's days have arrivals, as of the slots of a week
_CLOSED_IN_A_ROW = 4
ALIKE = "/"
"""Between the codes of countries that explain equally well what was seen: a holiday is one of half of them."""
_EPOCH = date(1970, 1, 1)
_THURSDAY = 3  # 1 January 1970
# By how many days what is closed on holidays lies after them, where the days of the week on which nothing ever comes
# are a weekend, or what is left of one: by names of the day before a run, or in UTC, that is another one.
_ANY = (0, 1, -1)
_SHIFTS = {
    frozenset(days): (shift,)
    for shift, each in ((0, ((5, 6), (6,))), (1, ((6, 0), (0,))), (-1, ((4, 5), (5,))))
    for days in each
}


@lru_cache(maxsize=512)
def _of_year(country: str, year: int) -> frozenset[int]:
    import holidays

    if ALIKE in country:
        countries = country.split(ALIKE)
        seen = Counter(day for each in countries for day in _of_year(each, year))
        return frozenset(day for day, count in seen.items() if 2 * count >= len(countries))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        state, _, region = country.partition("-")
        found = {*holidays.country_holidays(state, subdiv=region or None, years=year)}
        if state in _EXCHANGES:
            found |= {*holidays.financial_holidays(_EXCHANGES[state], years=year)} - {
                date(year, 12, day) for day in _OPEN_IN_DECEMBER
            }
    return frozenset((day - _EPOCH).days for day in found)


@lru_cache(maxsize=64)
def _weekend(place: str) -> frozenset[int]:
    if place in _OFF:
        return _OFF[place]
    import holidays

    return frozenset(holidays.country_holidays(place.partition("-")[0]).weekend)


@lru_cache(maxsize=4096)
def working_days(place: str, month: int) -> tuple[int, ...]:
    """Return the working days of a month (months since year 0), as days since 1970.

    `place` is the code of a country or of a region of one (`GB-ENG`), or the days off where no holidays count
    (`MOST_DAYS`, `FRIDAYS`).
    """
    off = _weekend(place)
    days = range(month_start(month), month_start(month + 1))
    closed = frozenset() if place in _OFF else _of_year(place, month // 12)
    return tuple(day for day in days if (day + _THURSDAY) % 7 not in off and day not in closed)


@lru_cache(maxsize=4096)
def month_start(month: int) -> int:
    """Return the first day of a month (months since year 0), as days since 1970."""
    return (date(month // 12, month % 12 + 1, 1) - _EPOCH).days


@lru_cache(maxsize=65536)
def month_of(day: int) -> int:
    """Return the month of a day since 1970, in months since year 0."""
    found = _EPOCH + timedelta(days=day)
    return found.year * 12 + found.month - 1


def is_holiday(calendar: tuple[str, int], start: float) -> bool:
    """Return whether the day that starts then is a holiday of (country, days after it that the gap shows)."""
    country, shift = calendar
    day = int(start // DAY) - shift
    return day in _of_year(country, (_EPOCH + timedelta(days=day)).year)


def of_working_days(times: Sequence[float], countries: Sequence[str] = COUNTRIES) -> tuple[str, int] | None:
    """Return the calendar that explains the days on which nothing came at times (in order, UTC), or None.

    Days count whose weekday usually has arrivals; more than four in a row without any were an outage, for with
    Christmas or Easter no office is closed for longer.
    """
    days = sorted({int(at // DAY) for at in times})
    if len(days) < _FEWEST_DAYS:
        return None
    span = range(days[0], days[-1] + 1)
    seen, all_days = Counter(day % 7 for day in days), Counter(day % 7 for day in span)
    have, missed, kept, run = set(days), [], [], []
    for day in span:
        if seen[day % 7] < _USUAL * all_days[day % 7]:
            continue
        if day not in have:
            run.append(day * DAY)
            continue
        kept.append(day * DAY)
        missed += run if len(run) <= _CLOSED_IN_A_ROW else []
        run = []
    return explaining(missed, kept, countries)


SUPPOSED = {
    "Europe/Berlin": ("DE", "GB-ENG", "FR", "IT", "ES", "NL", "PL", "SE", "CH-ZH"),
    "America/New_York": ("US", "CA-ON"),
    "Australia/Sydney": ("AU-NSW", "NZ"),
}
"""Countries whose clocks change as that of a zone does."""
# Monday to Friday (0 is Thursday), and the days before them, by which what comes on them is named as well.
_OFFICE = {frozenset({4, 5, 6, 0, 1}): 0, frozenset({3, 4, 5, 6, 0}): -1}


def supposed(
    zones: Collection[str], weekdays: Collection[int], kept: Collection[float]
) -> tuple[str, int] | None:
    """Return the calendar to go by where none of these zones' holidays was missed yet, or None.

    `weekdays` (0 is Thursday) are those that exist, `kept` the days on which something came. What rests at weekends by
    the clock of a place is an office's as likely as a job's. Until a holiday of a country is kept, so that it is none
    of its, days that are holidays in half of the countries are not asked for: were that wrong, an outage that begins on
    one of them is told a day later; else the first holiday of each table is told.
    """
    shift = _OFFICE.get(frozenset(weekdays))
    if shift is None or not all(zone in SUPPOSED for zone in zones):
        return None
    own = countries_of(zones)
    left = [country for country in own if not any(is_holiday((country, shift), day) for day in kept)]
    return (ALIKE.join(left), shift) if left else None


def countries_of(zones: Collection[str]) -> tuple[str, ...]:
    """Return the countries whose clocks change as those of some zones do."""
    return tuple(country for zone in zones for country in SUPPOSED.get(zone, ()))


def in_a_row(missed: Collection[float], kept: Collection[float]) -> list[list[float]]:
    """Return missed days in order, those together between which none was kept."""
    ordered, found = sorted(kept), list[list[float]]()
    place = -1
    for day in sorted(missed):
        if found and bisect_left(ordered, day) == place:
            found[-1].append(day)
        else:
            found.append([day])
        place = bisect_left(ordered, day)
    return found


def explaining(
    missed: Collection[float], kept: Collection[float], countries: Sequence[str] = COUNTRIES
) -> tuple[str, int] | None:
    """Return the calendar (country, shift in days) that explains missed days against kept ones, or None.

    Two misses at least have to be holidays, half of all misses, and two of three of its holidays missed; an outage of
    several days is one miss. Where weekdays are closed, as for people, one is enough if no holiday was kept, and if it
    is shifted as the weekend is: an outage
    that fell on one costs the few days a year that are holidays there, until one of them is kept. Countries that
    explain them equally well are named together.
    """
    best: list[str] = []
    most, of_best = 0.0, 0
    closed = frozenset(range(7)) - {(int(day // DAY) + _THURSDAY) % 7 for day in kept}
    alone = _SHIFTS.get(closed, _ANY if closed else ())
    together = in_a_row(missed, kept)
    for country in countries:
        for shift in _ANY:
            hits = sum(is_holiday((country, shift), d) for d in missed)
            if hits < (1 if shift in alone else 2):
                continue
            outages = sum(not all(is_holiday((country, shift), d) for d in days) for days in together)
            if hits < outages:
                continue
            against = sum(is_holiday((country, shift), d) for d in kept)
            if hits < 2 * against:
                continue
            rank = hits - against - 0.1 * abs(shift)
            if not best or rank > most:
                best, most, of_best = [country], rank, shift
            elif rank == most and shift == of_best:
                best.append(country)
    return (ALIKE.join(best), of_best) if best else None
