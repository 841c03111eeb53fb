"""A deadline that can never fall on an open day would pass for ever: it is a mistake of the config."""

from __future__ import annotations

import time
from typing import Any

import pytest

from checks.config import ConfigErrors, load

CALENDARS: dict[str, Any] = {
    "de": {"country": "DE", "closed": ["sat", "sun"]},
    "once": {"closed": ["mon", "tue", "wed", "thu", "fri"], "also_open": ["2027-02-08"]},  # a Monday
    "monday": {"closed": ["mon"]},
    "xmas": {"country": "DE"},
}


def loaded(**blocks: Any) -> Any:
    return load({"version": 1, "calendars": CALENDARS, "tables": [{"table": "a.b", **blocks}]}, environ={})


NEVER: list[dict[str, Any]] = [
    {"freshness": {"by": "0 6 * * 6", "calendar": "de"}},
    {"freshness": {"by": "0 6 * * 0,6", "calendar": "de"}},
    {"freshness": {"by": "0 6 25 12 *", "calendar": "xmas"}},
    {"freshness": {"by": "0 6 1 1 *", "calendar": "de"}},
    {"freshness": {"by": "* * * * 2", "calendar": "once"}},
    {"partitions": {"every": "1w", "due": "06:00", "calendar": "monday", "calendar_of": "run"}},
    {"partitions": {"every": "1d", "due": "0 6 * * 6", "calendar": "de", "calendar_of": "run"}},
    {"partitions": {"every": "1h", "due": "0 6 * * 0", "calendar": "de", "calendar_of": "run"}},
]
EVER: list[dict[str, Any]] = [
    {"freshness": {"by": "0 6 * * 5,6", "calendar": "de"}},
    {"freshness": {"by": "0 6 24 12 *", "calendar": "de"}},
    {"freshness": {"by": "0 6 29 2 *", "calendar": "de"}},
    {"freshness": {"by": "0 6 31 * *", "calendar": "de"}},
    {"freshness": {"by": "0 6 * * 1", "calendar": "once"}},
    {"freshness": {"by": "0 6 * * 6"}},
    {"partitions": {"every": "1w", "due": "0 6 * * 2", "calendar": "monday", "calendar_of": "run"}},
    {"partitions": {"every": "1d", "due": "0 6 * * 6", "calendar": "de"}},
    {"partitions": {"every": "1w", "due": "06:00", "calendar": "monday"}},
    {"partitions": {"every": "1d", "due": "09:00", "business_day": 23}},
    {"partitions": {"every": "1h", "after": "1h", "calendar": "de"}},
]


@pytest.mark.parametrize("blocks", NEVER)
def test_what_never_comes_is_told(blocks: dict[str, Any]) -> None:
    began = time.monotonic()
    with pytest.raises(ConfigErrors, match=r"open (day of|in) calendar \w+.*; write "):
        loaded(**blocks)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("blocks", EVER)
def test_what_comes_now_and_then_is_taken(blocks: dict[str, Any]) -> None:
    assert loaded(**blocks)
