"""How much partitions and runs usually hold, in bytes and in rows, and when that is told."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest

from checks.learn import (
    Arrival,
    replay,
)
from checks.learn.keys import DAY
from tests.support.hand_made import daily, draws, told


@pytest.mark.parametrize(("share_of_usual", "expected"), [(0.1, ["volume"]), (0.0, ["volume"]), (0.8, [])])
def test_a_short_partition_is_told_by_its_bytes(share_of_usual: float, expected: list[str]) -> None:
    random = draws(1)
    arrivals = [
        Arrival(a.at, a.partition, int(random.uniform(900_000, 1_100_000)))
        for a in daily(range(80), dated=True)
    ]
    short = arrivals[70]
    arrivals[70] = Arrival(short.at, short.partition, int(1_000_000 * share_of_usual))
    alerts = told(arrivals, arrivals[-1].at)
    assert [a.check for a in alerts] == expected
    if expected:
        assert (alerts[0].opened, alerts[0].closed) == (short.at, arrivals[71].at)


@pytest.mark.parametrize(
    ("size", "rows", "expected"),
    [
        (1_000_000, 1_000, ["volume"]),  # as large as ever, with a tenth of the rows
        (1_000_000, 0, ["volume"]),
        (1_000_000, 60_000, ["volume"]),
        (1_000_000, 8_000, []),
        (None, 1_000, ["volume"]),
        (None, 10_000, []),
        (100_000, None, ["volume"]),
        (1_000_000, None, []),
        (None, None, []),
    ],
)
def test_a_short_partition_is_told_by_its_rows_too(
    size: int | None, rows: int | None, expected: list[str]
) -> None:
    arrivals = [Arrival(*row) for row in counted_days()]
    short = arrivals[70]
    arrivals[70] = Arrival(short.at, short.partition, size, rows)
    alerts = told(arrivals, arrivals[-1].at)
    assert [a.check for a in alerts] == expected
    if expected:
        assert (alerts[0].opened, alerts[0].closed) == (short.at, arrivals[71].at)


def counted_days() -> list[tuple[float, str, int, int]]:
    random = draws(1)
    return [
        (a.at, a.partition, int(random.uniform(900_000, 1_100_000)), int(random.uniform(9_000, 11_000)))
        for a in daily(range(80), dated=True)
    ]


def test_rows_alone_are_judged_where_no_size_is_known() -> None:
    arrivals = [Arrival(at, key, None, rows) for at, key, _, rows in counted_days()]
    assert told(arrivals, arrivals[-1].at) == []
    arrivals[70] = Arrival(arrivals[70].at, arrivals[70].partition, None, 1_000)
    assert [a.check for a in told(arrivals, arrivals[-1].at)] == ["volume"]


def test_days_without_a_row_are_usual_of_a_table_that_has_them() -> None:
    arrivals = [
        Arrival(at, key, size, 0 if day % 6 == 2 else rows)
        for day, (at, key, size, rows) in enumerate(counted_days())
    ]
    assert told(arrivals, arrivals[-1].at) == []
    once = [
        Arrival(at, key, size, 0 if day == 70 else rows)
        for day, (at, key, size, rows) in enumerate(counted_days())
    ]
    assert [a.check for a in told(once, once[-1].at)] == ["volume"]


def test_what_is_not_known_of_a_partition_ends_no_alert() -> None:
    arrivals = [Arrival(*row) for row in counted_days()]
    short, unknown = arrivals[70], arrivals[71]
    arrivals[70] = Arrival(short.at, short.partition, 50_000, 500)
    arrivals[71] = Arrival(unknown.at, unknown.partition)
    (alert,) = told(arrivals, arrivals[-1].at)
    assert (alert.opened, alert.closed) == (short.at, arrivals[72].at)


def test_quiet_weekends_are_usual_of_weekends() -> None:
    random = draws(1)
    arrivals = []
    for a in daily(range(90), dated=True):
        weekend = datetime.fromtimestamp(a.at, UTC).weekday() > 4
        arrivals.append(Arrival(a.at, a.partition, int(random.uniform(9e5, 11e5) * (0.2 if weekend else 1))))
    assert told(arrivals, arrivals[-1].at) == []


def test_bytes_are_judged_only_once_the_usual_files_are_there() -> None:
    arrivals = [
        Arrival(a.at + 60 * k, a.partition, 1_000 + k)
        for a in daily(range(80), dated=True)
        for k in range(10)
    ]
    assert told(arrivals, arrivals[-1].at) == []
    cut = [a for i, a in enumerate(arrivals) if not 702 <= i < 710]  # two of ten files of one day
    alerts = told(cut, arrivals[-1].at)
    assert [a.check for a in alerts] == ["volume"]
    assert alerts[0].opened > arrivals[709].at


@pytest.mark.parametrize(("layout", "months"), [("%Y-%m", 30), ("month=%Y-%m-01", 30)])
def test_a_monthly_partition_is_judged_by_its_bytes_and_by_its_month(layout: str, months: int) -> None:
    random = draws(5)
    starts = [datetime(2023 + m // 12, m % 12 + 1, 1, tzinfo=UTC) for m in range(months)]
    arrivals = [
        Arrival((s + timedelta(days=33)).timestamp(), s.strftime(layout), int(random.uniform(9e5, 11e5)))
        for s in starts
    ]
    begin = arrivals[15].at + DAY
    assert replay(arrivals, 0.2, begin, arrivals[-1].at) == []
    arrivals[20] = Arrival(arrivals[20].at, arrivals[20].partition, 0)
    rewritten = Arrival(arrivals[25].at, arrivals[3].partition, 10)
    alerts = replay([*arrivals[:25], rewritten, *arrivals[26:]], 0.2, begin, arrivals[-1].at)
    assert [a.check for a in alerts] == ["volume", "partitions"]
    assert arrivals[25].at < alerts[1].opened < arrivals[26].at


@pytest.mark.parametrize("growth", [0.18, 0.08, 0.0, -0.08])
@pytest.mark.parametrize("part", [0.12, 1.0, 9.0])
def test_months_that_grow_or_shrink_are_judged_by_what_would_have_come(growth: float, part: float) -> None:
    random = draws(3)
    arrivals = []
    for m in range(30):
        at = datetime(2023 + m // 12, m % 12 + 1, 3, 6, tzinfo=UTC).timestamp()
        size = 1e8 * math.exp(growth * m) * random.uniform(0.85, 1.18)
        arrivals.append(Arrival(at, "", int(size * (part if m == 25 else 1))))
    alerts = replay(arrivals, 0.2, arrivals[15].at + DAY, arrivals[-1].at)
    assert [(a.check, a.opened) for a in alerts] == ([] if part == 1 else [("volume", arrivals[25].at)])


def test_a_table_without_keys_is_judged_by_the_bytes_of_its_runs() -> None:
    random = draws(1)
    days = daily(range(80))
    arrivals = [Arrival(a.at + 30 * k, "", int(random.uniform(9e5, 11e5))) for a in days for k in range(3)]
    assert told(arrivals, arrivals[-1].at) == []
    short = [a if not 210 <= i < 213 else Arrival(a.at, "", 1000) for i, a in enumerate(arrivals)]
    assert [(a.check, a.opened, a.closed) for a in told(short, arrivals[-1].at)] == [
        ("volume", arrivals[212].at, arrivals[215].at)
    ]


def test_a_new_level_of_bytes_is_learned_and_told_once() -> None:
    arrivals = [
        Arrival(a.at, a.partition, 1_000_000 + i) for i, a in enumerate(daily(range(120), dated=True))
    ]
    fallen = [a if i < 70 else Arrival(a.at, a.partition, 100_000 + i) for i, a in enumerate(arrivals)]
    alerts = told(fallen, arrivals[-1].at)
    assert [a.check for a in alerts] == ["volume"]
    assert (alerts[0].closed or 0) < arrivals[100].at


def empty_days(count: int, filled: tuple[int, ...] = ()) -> list[Arrival]:
    """Return days of one file each, without a byte but for some days."""
    return [
        Arrival(a.at, a.partition, 1_000_000 if number in filled else 0)
        for number, a in enumerate(daily(range(count), dated=True))
    ]


def test_files_that_are_empty_from_the_first_one_on_are_told_once() -> None:
    arrivals = empty_days(80)
    (alert,) = told(arrivals, arrivals[-1].at)
    assert (alert.check, alert.closed) == ("volume", None)
    assert alert.opened <= arrivals[61].at  # learning took the first 60 days


@pytest.mark.parametrize(("count", "expected"), [(8, []), (9, []), (10, ["volume"])])
def test_empty_files_are_told_once_the_habit_of_a_table_is_known(count: int, expected: list[str]) -> None:
    arrivals = empty_days(count)
    found = replay(arrivals, 4.0, arrivals[0].at, arrivals[-1].at)
    assert [each.check for each in found if each.check == "volume"] == expected


def test_an_alert_of_empty_files_ends_with_the_first_byte() -> None:
    arrivals = empty_days(90, filled=tuple(range(75, 90)))
    (alert,) = told(arrivals, arrivals[-1].at)
    assert alert.closed == arrivals[75].at


def test_days_of_the_week_without_a_byte_are_learned_and_an_outage_is_not() -> None:
    days = list(daily(range(180), dated=True))
    sunday = [
        datetime.fromtimestamp(each.at, UTC).weekday() == 0 for each in days
    ]  # Sunday's file comes on Monday
    arrivals = [
        Arrival(a.at, a.partition, 0 if is_sunday else 1_000_000)
        for a, is_sunday in zip(days, sunday, strict=True)
    ]
    alerts = replay(arrivals, 4.0, arrivals[0].at, arrivals[-1].at)
    assert len([each for each in alerts if each.check == "volume"]) <= 3
    gone = [
        each if number < 120 else Arrival(each.at, each.partition, 0) for number, each in enumerate(arrivals)
    ]
    found = [each for each in replay(gone, 4.0, gone[0].at, gone[-1].at) if each.opened > gone[100].at]
    assert [(each.check, each.closed) for each in found] == [("volume", None)]
