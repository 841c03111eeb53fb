"""The times that keys of partitions name."""

from __future__ import annotations

import pytest

from checks.learn import Arrival
from checks.learn.keys import DAY, HOUR, is_in_word, parse
from checks.learn.replay import is_dated
from tests.support.hand_made import daily, moment, told


@pytest.mark.parametrize(
    ("text", "start", "unit"),
    [
        ("2026-02-01", "2026-02-01 00:00", DAY),
        ("dt=20260201/hour=03", "2026-02-01 03:00", HOUR),
        ("year=2026/month=2/day=1/hour=7", "2026-02-01 07:00", HOUR),
        ("2026-02-01-17", "2026-02-01 17:00", HOUR),
        ("2026-W05", "2026-01-26 00:00", 7 * DAY),
        ("2026/02", "2026-02-01 00:00", 30 * DAY),
        ("region=eu-2026-01-05/dt=2026-02-01", "2026-02-01 00:00", DAY),
        ("dt=2026-02-01/region=eu-2026-01-05", "2026-02-01 00:00", DAY),
        ("batch=v2026-01-05/year=2026/month=02/day=01", "2026-02-01 00:00", DAY),
        ("region=eu-2026-01-05", "2026-01-05 00:00", DAY),
        ("month=Mar-2026", "2026-03-01 00:00", 30 * DAY),
        ("eu/2026-02-01T05-15Z", "2026-02-01 05:15", 60.0),
    ],
)
def test_keys_name_times(text: str, start: str, unit: float) -> None:
    key = parse(text)
    assert key is not None
    assert (key.start, key.unit) == (moment(start), unit)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("region=eu-2026-01-05", True),
        ("orders-2026-01-05", True),
        ("orders-2026/01/05", True),
        ("region=eu-2026-01-05/dt=2026-02-01", False),
        ("dt=2026-02-01", False),
        ("dt=2026-02-01T03", False),
        ("week=2026-W05", False),
        ("month=Mar-2026", False),
        ("2026Q1", False),
        ("Q1-2026", False),
        ("region=eu", False),
    ],
)
def test_words_that_end_in_a_time(text: str, *, expected: bool) -> None:
    assert is_in_word(text) is expected


@pytest.mark.parametrize("text", ["", "eu", "2026-13-01", "2026-02-30", "12345678", "v1.2.3"])
def test_other_keys_name_none(text: str) -> None:
    assert parse(text) is None


def test_a_table_of_words_that_stay_is_judged_by_when_anything_came() -> None:
    came = [Arrival(each.at, "region=eu-2026-01-05") for each in daily(range(90), dated=True)]
    gone = [each for number, each in enumerate(came) if number not in (80, 81)]
    assert told(came, came[-1].at) == []
    assert len(told(gone, gone[-1].at)) == 1


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([], False),
        (["dt=2026-01-01"], True),
        (["dt=2026-01-01", "region=eu"], False),
        (["dt=__HIVE_DEFAULT_PARTITION__", "dt=2026-01-01", "dt=2026-01-02", "dt=2026-01-03"], True),
        (["dt=__HIVE_DEFAULT_PARTITION__"], False),
        (["", "dt=2026-01-01"], False),
        (["dt=2026-01-01"] * 4 + ["region=eu"], True),
    ],
)
def test_rows_without_a_date_do_not_make_a_table_undated(keys: list[str], *, expected: bool) -> None:
    arrivals = [Arrival(number * DAY, key) for number, key in enumerate(keys)]
    assert is_dated(arrivals, 0.0) is expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([f"orders-2026-01-{day:02d}" for day in range(1, 31)], True),  # a word a day
        ([f"region=eu-2026-01-{day - day % 3 + 1:02d}" for day in range(1, 31)], False),  # one in three days
        ([f"region=eu-2026-01-{day - day % 2 + 1:02d}" for day in range(1, 31)], True),  # one in two
        (["region=eu-2026-01-05"] * 30, False),
        (["region=eu-2026-01-05"] * 3 + ["region=us-2026-01-09"] * 27, False),
        (["region=eu-2026-01-05"], True),  # nothing tells yet
        ([f"region=eu-2026-01-05/dt=2026-01-{day:02d}" for day in range(1, 31)], True),
        (["dt=2026-01-05"] * 30, True),  # all of a value is a time: one that is written again and again
    ],
)
def test_words_that_end_in_a_time_name_one_where_it_moves_on(keys: list[str], *, expected: bool) -> None:
    arrivals = [Arrival(number * DAY, key) for number, key in enumerate(keys)]
    assert is_dated(arrivals, len(keys) * DAY) is expected


def test_what_comes_after_the_begin_says_nothing_of_words() -> None:
    stays = [Arrival(number * DAY, "region=eu-2026-01-05") for number in range(30)]
    moves = [Arrival(number * DAY, f"region=eu-2026-02-{number - 29:02d}") for number in range(30, 58)]
    assert is_dated([*stays, *moves], 29 * DAY) is is_dated(stays, 29 * DAY) is False
    assert is_dated([*stays, *moves], 56 * DAY) is False  # 28 of 57 days
    assert is_dated([*stays, *moves], 57 * DAY) is True  # 29 of 58
