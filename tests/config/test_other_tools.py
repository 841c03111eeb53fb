"""What users of dbt, Soda, EventBridge, cron and Airflow type is told with what to write here."""

from __future__ import annotations

from typing import Any

import pytest

from checks.config import ConfigErrors, load
from checks.schedule.clock import parse_zone
from checks.schedule.deadlines import parse_times
from checks.schedule.durations import parse_duration
from checks.schedule.periods import parse_every


def told(block: dict[str, Any], **settings: Any) -> str:
    with pytest.raises(ConfigErrors) as error:
        load({"version": 1, **settings, "tables": [{"table": "a.b", **block}]}, environ={})
    return str(error.value)


@pytest.mark.parametrize(
    ("typed", "here"),
    [
        ("1 day", "24h"), ("36 hours", "36h"), ("90 minutes", "90m"), ("90min", "90m"), ("1d12h", "36h"),
        ("1h30m", "90m"),
        ("PT6H", "6h"), ("P1D", "24h"), ("P1DT12H", "36h"), ("pt90m", "90m"), ("06:00:00", "6h"),
        ("1 day, 2:00:00", "26h"),
        ({"count": 12, "period": "hour"}, "12h"), ({"count": 1, "period": "day"}, "24h"), ({"hours": 6}, "6h"),
        ({"days": 1, "hours": 12}, "36h"), ({"value": 30, "unit": "minutes"}, "30m"), ("timedelta(hours=6)", "6h"),
        ("datetime.timedelta(days=2, hours=2)", "50h"), ("interval '6 hours'", "6h"), ("INTERVAL 1 DAY", "24h"),
        ("rate(1 hour)", "1h"), ("@daily", "24h"), ("daily", "24h"), ("6H", "6h"), ("2 weeks", "14d"), ("a week", "7d"),
        ("1 month", "30d"), ("30D", "30d"), ("1 hour and 30 minutes", "90m"), ("day", "24h"), ("1M", "30d"),
    ],
)  # fmt: skip
def test_durations(typed: Any, here: str) -> None:
    with pytest.raises(ValueError, match=f"is not a duration; write {here}$"):
        parse_duration(typed)
    assert parse_duration(here)
    assert f"; write {here}" in told({"freshness": {"max_age": typed}})


@pytest.mark.parametrize(
    "typed", ["soon", "12", {"count": "x", "period": "hour"}, {"a": 1}, [], "1 lustrum", "P", ""]
)
def test_durations_that_nobody_knows(typed: Any) -> None:
    with pytest.raises(ValueError, match="write a number and s, m, h, d or w, such as 26h"):
        parse_duration(typed)


@pytest.mark.parametrize(
    ("typed", "here"),
    [
        ("@daily", "00:00"), ("@hourly", "0 * * * *"), ("@weekly", "0 0 * * 0"), ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"), ("daily", "00:00"), ("rate(1 hour)", "0 * * * *"),
        ("rate(15 minutes)", "*/15 * * * *"),
        ("rate(1 day)", "00:00"), ("rate(6 hours)", "0 */6 * * *"), ("@every 1h", "0 * * * *"),
        ("cron(0 6 * * ? *)", "0 6 * * *"), ("cron(30 6 ? * MON-FRI *)", "30 6 * * MON-FRI"),
        ("cron(30 6 ? * 2-6 *)", "30 6 * * 1-5"), ("0 6 * * ? *", "0 6 * * *"), ("0 0 6 * * *", "0 6 * * *"),
        ("0 0 6 ? * MON-FRI", "0 6 * * MON-FRI"), ("0 30 6 ? * 2-6 *", "30 6 * * 1-5"),
        ("cron(0 6 * * *)", "0 6 * * *"),
        ("6am", "06:00"), ("6:30 PM", "18:30"), ("12 a.m.", "00:00"), ("06:00:00", "06:00"), ("0600", "06:00"),
        ("06.30", "06:30"), ("at 06:00", "06:00"), ("T06:00", "06:00"), ("6h30", "06:30"),
    ],
)  # fmt: skip
def test_schedules(typed: str, here: str) -> None:
    with pytest.raises(ValueError, match="is not a deadline") as error:
        parse_times(typed)
    assert str(error.value).endswith(f"write '{here}'")
    assert parse_times(here)
    for check, key in (("freshness", "by"), ("partitions", "due")):
        assert f"write '{here}'" in told({check: {key: typed, **({"every": "1d"} if key == "due" else {})}})


def test_a_time_with_its_zone_is_told_in_two_keys() -> None:
    for typed, zone in (
        ("06:00 UTC", "UTC"),
        ("06:00Z", "UTC"),
        ("6:00 CEST", "Europe/Berlin"),
        ("06:00+02:00", "Etc/GMT-2"),
    ):
        with pytest.raises(ValueError, match=f"write '06:00' with timezone: {zone} beside it"):
            parse_times(typed)


@pytest.mark.parametrize(
    "typed", ["25:00", "7", "soon", "0 6 * * ? 2027", "5 0 6 * * *", "0 0 6 L * ?", "13pm", "0 6 * *"]
)
def test_schedules_that_mean_nothing_here(typed: str) -> None:
    with pytest.raises(ValueError, match="write HH:MM, such as 06:00, or a cron of five fields"):
        parse_times(typed)


@pytest.mark.parametrize(
    ("typed", "here"),
    [
        ("1 day", "1d"), ("daily", "1d"), ("@hourly", "1h"), ("hour", "1h"), ("PT1H", "1h"), ("P1M", "1mo"),
        ("monthly", "1mo"),
        ("7d", "1w"), ("weekly", "1w"), ({"count": 1, "period": "day"}, "1d"), ("rate(15 minutes)", "15m"),
        ("1M", "1mo"),
        ("1 week", "1w"), ("30d", "1mo"), ("1D", "1d"),
    ],
)  # fmt: skip
def test_cadences(typed: Any, here: str) -> None:
    with pytest.raises(ValueError, match=f"; write {here}$"):
        parse_every(typed)
    assert str(parse_every(here)) == here


@pytest.mark.parametrize(
    ("typed", "here"),
    [
        ("Europe/Berln", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"), ("Berlin", "Europe/Berlin"),
        ("America/New York", "America/New_York"), ("new york", "America/New_York"), ("CET+1", "Europe/Berlin"),
        ("CET-1CEST", "Europe/Berlin"), ("CEST", "Europe/Berlin"), ("EST5EDT", "America/New_York"),
        ("EST5EDT,M3.2.0,M11.1.0", "America/New_York"), ("EST", "America/New_York"), ("PST", "America/Los_Angeles"),
        ("PST8PDT", "America/Los_Angeles"), ("UTC+1", "Etc/GMT-1"), ("+02:00", "Etc/GMT-2"), ("GMT-5", "Etc/GMT+5"),
        ("+00:00", "UTC"), ("Z", "UTC"), ("W. Europe Standard Time", "Europe/Berlin"), ("JST", "Asia/Tokyo"),
        ("Eastern Standard Time", "America/New_York"), ("MST", "America/Denver"), ("Europe/Londn", "Europe/London"),
    ],
)  # fmt: skip
def test_zones(typed: str, here: str) -> None:
    with pytest.raises(ValueError, match="; write ") as error:
        parse_zone(typed)
    assert str(error.value).endswith(f"; write {here}")
    assert parse_zone(here).key == here
    assert f"timezone: {typed!r}" in told({"freshness": {"max_age": "1h"}}, timezone=typed)


@pytest.mark.parametrize("typed", ["Mars/Base", "soon", "", 1, None, "/etc/localtime", "x" * 5000])
def test_zones_that_are_none(typed: Any) -> None:
    with pytest.raises(ValueError, match="write an IANA name, such as Europe/Berlin or UTC"):
        parse_zone(typed)


@pytest.mark.parametrize(
    ("block", "instead"),
    [
        ({"freshness": {"max_delay": "1h"}}, "write max_age"),
        ({"freshness": {"max_age": "1h", "warn_if": "1h"}}, "write warn_after"),
        ({"freshness": {"error_if": "1h"}}, "write error_after"),
        (
            {"freshness": {"max_age": "1h", "loaded_at_field": "at"}},
            "leave it out, or write events: {column: ...}",
        ),
        ({"freshness": {"max-age": "1h"}}, "write max_age"),
        ({"freshness": {"maxAge": "1h"}}, "write max_age"),
        ({"freshness": {"by": "06:00", "tz": "UTC"}}, "write timezone"),
        ({"partitions": {"every": "1d", "partition_column": "dt"}}, "write key"),
        ({"partitions": {"every": "1d", "schedule": "06:00"}}, "write due"),
        ({"partitions": {"every": "1d", "start_date": "2026-01-01"}}, "write since"),
        ({"partitions": {"schedule_interval": "1d"}}, "write every"),
        ({"freshness": {"max_age": "1h"}, "exclusions": ["x/*"]}, "write ignore"),
        ({"freshness": {"max_age": "1h"}, "team": "x"}, "write owner"),
        ({"freshness": {"max_age": "1h"}, "enabled": True}, "exclude"),
        ({"freshness": {"max_age": "1h"}, "tags": ["x"]}, "leave it out"),
    ],
)
def test_names_of_keys(block: dict[str, Any], instead: str) -> None:
    said = told(block)
    assert "is not known here; " in said
    assert instead in said.partition("is not known here; ")[2]
