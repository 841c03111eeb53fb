"""The times that keys of partitions name."""

from __future__ import annotations

import pytest

from checks.learn.keys import DAY, HOUR, parse
from tests.support.hand_made import moment


@pytest.mark.parametrize(
    ("text", "start", "unit"),
    [
        ("2026-02-01", "2026-02-01 00:00", DAY),
        ("dt=20260201/hour=03", "2026-02-01 03:00", HOUR),
        ("year=2026/month=2/day=1/hour=7", "2026-02-01 07:00", HOUR),
        ("2026-02-01-17", "2026-02-01 17:00", HOUR),
        ("2026-W05", "2026-01-26 00:00", 7 * DAY),
        ("2026/02", "2026-02-01 00:00", 30 * DAY),
        ("eu/2026-02-01T05-15Z", "2026-02-01 05:15", 60.0),
    ],
)
def test_keys_name_times(text: str, start: str, unit: float) -> None:
    key = parse(text)
    assert key is not None
    assert (key.start, key.unit) == (moment(start), unit)


@pytest.mark.parametrize("text", ["", "eu", "2026-13-01", "2026-02-30", "12345678", "v1.2.3"])
def test_other_keys_name_none(text: str) -> None:
    assert parse(text) is None
