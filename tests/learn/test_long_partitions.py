"""Files that come more often than the partitions are named for: of weeks, months or years."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.learn import Alert, Arrival, confidence, explain, replay
from checks.learn.keys import DAY, HOUR
from tests.support.hand_made import BEGIN, START, draws, learned

SHARE = 0.2
LONG = ["dt=%Y-%m", "year=%Y/month=%m", "year=%Y", "%G-W%V"]


def filled(key: str, step: float, days: int, *, weekends: bool = True) -> list[Arrival]:
    """Return a file each so many seconds from seven in the morning on, in partitions of that name."""
    random, found, at = draws(3), [], START.timestamp() + 7 * HOUR
    while at < START.timestamp() + days * DAY:
        came = datetime.fromtimestamp(at, UTC)
        if weekends or came.weekday() < 5:
            found.append(Arrival(float(int(at + random.random() * 120)), f"{came:{key}}", 1000))
        at += step
    return found


def without(arrivals: list[Arrival], begin: float, end: float) -> list[Arrival]:
    return [arrival for arrival in arrivals if not begin <= arrival.at < end]


def told(arrivals: list[Arrival]) -> list[Alert]:
    return replay(arrivals, SHARE, BEGIN, arrivals[-1].at)


@pytest.mark.parametrize(
    ("key", "step", "lasts", "within"),
    [
        *((key, DAY, DAY, 3.1 * HOUR) for key in LONG),
        *((key, 6 * HOUR, DAY / 2, 2 * HOUR) for key in LONG),
        *((key, HOUR, 9 * HOUR, HOUR / 2) for key in ("%Y-%m", "year=%Y")),
        pytest.param("%Y-%m", 900.0, 9 * HOUR, HOUR / 2, marks=pytest.mark.slow),
    ],
)
def test_an_outage_of_files_is_told_before_their_partitions_are_known(
    key: str, step: float, lasts: float, within: float
) -> None:
    gone = BEGIN + 10 * DAY + 7 * HOUR
    alerts = told(without(filled(key, step, 75), gone, gone + lasts))
    assert [alert.check for alert in alerts] == ["freshness"]
    assert gone < alerts[0].opened <= gone + within
    assert alerts[0].closed is not None
    assert gone + lasts <= alerts[0].closed <= gone + lasts + max(step, 2 * HOUR) + 200


@pytest.mark.parametrize("step", [DAY, 6 * HOUR])
def test_an_outage_of_files_is_told_once_months_are_known_too(step: float) -> None:
    gone = START.timestamp() + 170 * DAY + 7 * HOUR
    alerts = told(without(filled("%Y-%m", step, 180), gone, gone + DAY))
    assert [alert.check for alert in alerts] == ["freshness"]
    assert gone < alerts[0].opened < gone + 3.1 * HOUR


def test_weekends_without_files_are_none_of_an_outage() -> None:
    arrivals = filled("%Y-%m", DAY, 80, weekends=False)
    monday = START.timestamp() + 70 * DAY
    alerts = told(without(arrivals, monday, monday + DAY))
    assert [monday < alert.opened < monday + DAY for alert in alerts] == [True]


def test_what_is_learned_of_files_is_said() -> None:
    watch = learned(filled("%Y-%m", HOUR, 70))
    assert watch.model is not None
    assert explain(watch.model, watch.history).startswith("of its files something comes every 1 h, by ")
    assert confidence(watch.model) == "sure"
    daily = learned(filled("%Y-%m", DAY, 70))
    assert daily.model is not None
    assert explain(daily.model, daily.history).startswith("files on 63 of the last 63 days between 07:0")


@pytest.mark.parametrize("files", [1, 40])
def test_what_is_loaded_once_a_month_is_asked_for_no_files_between(files: int) -> None:
    loads = [datetime(2025 + month // 12, month % 12 + 1, 3, 6, tzinfo=UTC) for month in range(24)]
    arrivals = [
        Arrival((load + timedelta(minutes=50 * i)).timestamp(), f"{load:%Y-%m}", 1000)
        for load in loads
        for i in range(files)
    ]
    assert replay(arrivals, SHARE, arrivals[0].at, arrivals[-1].at) == []
    assert replay(arrivals[: 3 * files], SHARE, arrivals[0].at, loads[3].timestamp()) == []
