"""Durations, schedules and zones as other tools write them, and what to write for them here. Pure."""

from __future__ import annotations

import re
from datetime import timedelta
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import available_timezones

from checks.schedule.written import write_duration

_UNITS = {
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400, "w": 604800, "wk": 604800, "week": 604800, "weeks": 604800,
    "mo": 2592000, "month": 2592000, "months": 2592000, "y": 31536000, "yr": 31536000, "year": 31536000,
    "years": 31536000, "quarter": 7776000, "quarters": 7776000, "q": 7776000, "fortnight": 1209600,
    "fortnights": 1209600,
}  # fmt: skip
"""Seconds by how units are called: SQL, dbt, Soda, systemd, pandas and people."""
_PARTS = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]+)[\s,+]*(?:and\s+)?")
_ISO = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)
_ISO_SECONDS = (31536000, 2592000, 604800, 86400, 3600, 60, 1)
_CLOCK = re.compile(r"(?:(\d+)\s*days?,?\s*)?(\d{1,4}):([0-5]\d):([0-5]\d)", re.IGNORECASE)
_CALL = re.compile(
    r"(?:datetime\.)?timedelta\((.*)\)|interval\s+'?(.*?)'?(?:\s+(\w+))?|rate\((.*)\)", re.IGNORECASE
)
_WORDS = {
    "hourly": "1 hour", "daily": "1 day", "weekly": "1 week", "monthly": "1 month", "quarterly": "1 quarter",
    "yearly": "1 year", "annually": "1 year", "annual": "1 year", "biweekly": "2 weeks", "bi-weekly": "2 weeks",
    "fortnightly": "2 weeks", "midnight": "1 day", "nightly": "1 day",
}  # fmt: skip
_CADENCES = {
    60: "1m", 300: "5m", 600: "10m", 900: "15m", 1200: "20m", 1800: "30m", 3600: "1h", 7200: "2h", 10800: "3h",
    14400: "4h", 21600: "6h", 28800: "8h", 43200: "12h", 86400: "1d", 604800: "1w", 1209600: "2w",
    2592000: "1mo", 7776000: "3mo", 31104000: "1y", 31536000: "1y",
}  # fmt: skip
_CRONS = {
    "hourly": "0 * * * *", "daily": "00:00", "midnight": "00:00", "nightly": "00:00", "weekly": "0 0 * * 0",
    "monthly": "0 0 1 * *", "quarterly": "0 0 1 1,4,7,10 *", "yearly": "0 0 1 1 *", "annually": "0 0 1 1 *",
}  # fmt: skip
_TIME = re.compile(
    r"(?:at\s+|T)?(\d{1,2})(?:[:.h](\d{2}))?(?:[:.](\d{2}))?\s*([ap]\.?m\.?)?\s*([A-Za-z]+|Z|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_ZONES = {
    "EST": "America/New_York", "EDT": "America/New_York", "EST5EDT": "America/New_York", "ET": "America/New_York",
    "CST": "America/Chicago", "CDT": "America/Chicago", "CST6CDT": "America/Chicago", "CT": "America/Chicago",
    "MST": "America/Denver", "MDT": "America/Denver", "MST7MDT": "America/Denver", "MT": "America/Denver",
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PST8PDT": "America/Los_Angeles",
    "PT": "America/Los_Angeles", "HST": "Pacific/Honolulu", "AKST": "America/Anchorage",
    "CEST": "Europe/Berlin", "MEZ": "Europe/Berlin", "MESZ": "Europe/Berlin", "BST": "Europe/London",
    "WEST": "Europe/Lisbon", "EEST": "Europe/Athens", "MSK": "Europe/Moscow", "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo", "KST": "Asia/Seoul", "SGT": "Asia/Singapore", "HKT": "Asia/Hong_Kong",
    "AEST": "Australia/Sydney", "AEDT": "Australia/Sydney", "ACST": "Australia/Adelaide", "AWST": "Australia/Perth",
    "NZST": "Pacific/Auckland", "NZDT": "Pacific/Auckland", "BRT": "America/Sao_Paulo", "Z": "UTC", "ZULU": "UTC",
    "EASTERN STANDARD TIME": "America/New_York", "CENTRAL STANDARD TIME": "America/Chicago",
    "PACIFIC STANDARD TIME": "America/Los_Angeles", "W. EUROPE STANDARD TIME": "Europe/Berlin",
    "ROMANCE STANDARD TIME": "Europe/Paris", "GMT STANDARD TIME": "Europe/London",
    "INDIA STANDARD TIME": "Asia/Kolkata",
    "TOKYO STANDARD TIME": "Asia/Tokyo", "CHINA STANDARD TIME": "Asia/Shanghai",
}  # fmt: skip
_POSIX = re.compile(r"([A-Za-z]{3,4})([+-]?\d{1,2})(?::?00)?([A-Za-z]{3,4})?(?:,.*)?")
_OFFSET = re.compile(r"(?:UTC|GMT|Z)?\s*([+-])(\d{1,2})(?::?(00))?", re.IGNORECASE)
FIXED = frozenset({"EST", "MST", "HST", "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT"})
"""Names of the zone database that stand for old rules or none, where who writes them means a place's clocks."""


def seconds_of(value: object) -> float | None:
    """Return how many seconds another tool means by a value; None where that is not known."""
    if isinstance(value, dict):
        return _of_block(value)
    if not isinstance(value, str):
        return None
    text = value.strip().strip("@").strip()
    text = _WORDS.get(text.lower(), text)
    call = _CALL.fullmatch(text)
    if call is not None:
        if call[1] is not None:
            pairs = re.findall(r"(\w+)\s*=\s*(\d+(?:\.\d+)?)", call[1])
            return _of_block({name: float(number) for name, number in pairs})
        text = f"{call[2]} {call[3] or ''}".strip() if call[2] is not None else call[4]
    iso = _ISO.fullmatch(text)
    if iso is not None and any(iso.groups()):
        return sum(float(part or 0) * each for part, each in zip(iso.groups(), _ISO_SECONDS, strict=True))
    clock = _CLOCK.fullmatch(text)
    if clock is not None:
        days, hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + seconds
    return _of_words(text)


def _of_words(text: str) -> float | None:
    text = (
        f"1 {text}"
        if text.lower() in _UNITS and len(text) > 1
        else re.sub(r"^(an?|one|every)\s+", "1 ", text)
    )
    total, end = 0.0, 0
    for match in _PARTS.finditer(text):
        unit = "mo" if match[2] == "M" else match[2].lower()  # as Spark, InfluxDB and pandas write months
        if match.start() != end or unit not in _UNITS:
            return None
        total += float(match[1]) * _UNITS[unit]
        end = match.end()
    return total if end == len(text) and end else None


def _of_block(block: dict[object, object]) -> float | None:
    """Read ``{count: 12, period: hour}`` (dbt), ``{value: 6, unit: h}``, ``{hours: 6}`` (timedelta)."""
    counts = [block[key] for key in ("count", "value", "number", "amount", "interval") if key in block]
    units = [block[key] for key in ("period", "unit", "units") if key in block]
    if counts and units:
        return _of_words(f"{counts[0]} {units[0]}")
    parts = [f"{number} {unit}" for unit, number in block.items() if isinstance(number, int | float)]
    return _of_words(" ".join(parts)) if parts and len(parts) == len(block) else None


def duration_for(value: object) -> str | None:
    """Return the duration to write for another tool's; None where none is known."""
    seconds = seconds_of(value)
    if seconds is None or not 0 < seconds <= timedelta(days=3660).total_seconds():
        return None
    return write_duration(timedelta(seconds=seconds))


def cadence_for(value: object) -> str | None:
    """Return the cadence to write for another tool's; None where none is known."""
    seconds = seconds_of(value)
    if seconds in _CADENCES:
        return _CADENCES[int(seconds or 0)]
    return None


def schedule_for(value: object) -> str | None:
    """Return the deadline to write for another tool's schedule or time of day; None where none is known."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    word = text.lstrip("@").lower()
    if word in _CRONS:
        return f"{_CRONS[word]!r}"
    rate = re.fullmatch(r"rate\((.*)\)|@every\s+(.*)", text, re.IGNORECASE)
    if rate is not None:
        return _of_rate(rate[1] or rate[2])
    inside = re.fullmatch(r"cron\((.*)\)", text, re.IGNORECASE)
    fields = (inside[1] if inside else text).split()
    if len(fields) in (6, 7) or (len(fields) == 5 and (inside is not None or "?" in fields)):
        return _of_fields(fields)
    return _of_time(text)


def _of_rate(text: str) -> str | None:
    seconds = seconds_of(text)
    if seconds is None:
        return None
    minutes, rest = divmod(int(seconds), 60)
    if rest or not minutes:
        return None
    if minutes < 60 and 60 % minutes == 0:
        return f"'*/{minutes} * * * *'" if minutes > 1 else "'* * * * *'"
    hours, rest = divmod(minutes, 60)
    if not rest and hours < 24 and 24 % hours == 0:
        return f"'0 */{hours} * * *'" if hours > 1 else "'0 * * * *'"
    return "'00:00'" if minutes == 1440 else "'0 0 * * 0'" if minutes == 10080 else None


def _of_fields(fields: list[str]) -> str | None:
    """Translate six or seven fields: seconds first (Quartz, Spring), or a year last (EventBridge)."""
    if len(fields) == 7:
        if fields[6] not in ("*", "?"):
            return None
        fields = fields[:6]
    if len(fields) == 5:
        return f"'{' '.join(fields)}'" if "?" not in fields else f"'{' '.join(fields).replace('?', '*')}'"
    has_year = "?" in (fields[2], fields[4]) or re.fullmatch(r"\d{4}(-\d{4})?", fields[5]) is not None
    if has_year:
        if fields[5] != "*":
            return None
        return _five(fields[:5], from_sunday_as_1=True)
    if fields[0] not in ("0", "00", "*") or (
        fields[2] == "*" and "?" not in fields
    ):  # either end may be the odd one
        return None
    return _five(fields[1:], from_sunday_as_1="?" in fields)


def _five(fields: list[str], *, from_sunday_as_1: bool) -> str | None:
    *others, weekdays = fields
    if from_sunday_as_1:
        weekdays = re.sub(r"(?<![\d#/])([1-7])(?!\d)", lambda match: str(int(match[1]) - 1), weekdays)
    cron = " ".join([*others, weekdays]).replace("?", "*")
    return f"'{cron}'" if not set("LW") & set(re.sub(r"[A-Za-z]{3}", "", cron)) else None


def _of_time(text: str) -> str | None:
    digits = re.fullmatch(r"([01]\d|2[0-3])([0-5]\d)", text)
    if digits is not None:
        return f"'{digits[1]}:{digits[2]}'"
    match = _TIME.fullmatch(text)
    if match is None or not (match[2] or match[4]):
        return None
    hour, half = int(match[1]), (match[4] or "").lower().replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or int(match[2] or 0) > 59 or (match[3] or "00") != "00":
        return None
    told = f"'{hour:02d}:{match[2] or '00'}'"
    if match[5] is None:
        return told
    zone = zone_for(match[5]) or (match[5] if match[5].upper() == "UTC" else None)
    return f"{told} with timezone: {zone} beside it" if zone is not None else None


@lru_cache(maxsize=256)
def zone_for(name: str) -> str | None:
    """Return the IANA name to write for another way of naming a zone, the nearest one; None where none is near."""
    text = name.strip()
    if text.upper() in _ZONES:
        return _ZONES[text.upper()]
    offset = _OFFSET.fullmatch(text)
    if offset is not None and int(offset[2]) <= 14:  # the zone database counts west of Greenwich as positive
        hours = int(offset[2])
        return f"Etc/GMT{'-' if offset[1] == '+' else '+'}{hours}" if hours else "UTC"
    known = available_timezones()
    posix = _POSIX.fullmatch(text)
    if posix is not None:
        base = {
            "CET": "Europe/Berlin",
            "MET": "Europe/Berlin",
            "WET": "Europe/Lisbon",
            "EET": "Europe/Athens",
        }
        return base.get(posix[1].upper()) or _ZONES.get(posix[1].upper())
    plain = text.replace(" ", "_").lower()
    by_name = {zone.lower(): zone for zone in sorted(known)}
    cities: dict[str, str] = {}
    for zone in sorted(known, key=lambda zone: (zone.startswith(("posix/", "right/", "US/", "Etc/")), zone)):
        cities.setdefault(zone.rpartition("/")[2].lower(), zone)
    if plain in by_name or plain in cities:
        return by_name.get(plain) or cities[plain]
    near = get_close_matches(plain, by_name, n=1, cutoff=0.8) or get_close_matches(
        plain, cities, n=1, cutoff=0.85
    )
    return by_name.get(near[0]) or cities[near[0]] if near else None
