"""Files of working hours that come into partitions of days: none is asked for on a holiday that the days know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from checks.learn import Alert, Arrival, replay
from checks.learn.keys import DAY, HOUR
from tests.support.hand_made import BEGIN, START, draws, moment

# Of Japan in early 2026; three of them before anything is judged.
HOLIDAYS = {moment(f"2026-{day}") for day in ("01-12", "02-11", "02-23", "03-20")}


def office(hours: list[float], named_before: int) -> list[Arrival]:
    """Return a file at each of these hours (UTC) of working days, named for so many days before."""
    random, found = draws(2), []
    for day in range(82):
        start = START.timestamp() + day * DAY
        if day % 7 > 4 or start in HOLIDAYS:
            continue
        name = f"{datetime.fromtimestamp(start, UTC) - timedelta(days=named_before):%Y-%m-%d}"
        found += [Arrival(float(int(start + hour * HOUR + random.random() * 90)), name) for hour in hours]
    return found


def told(arrivals: list[Arrival]) -> list[Alert]:
    return replay(arrivals, 0.2, BEGIN, arrivals[-1].at)


@pytest.mark.parametrize("named_before", [0, 1])
@pytest.mark.parametrize("hours", [[1.2 + i / 2 for i in range(16)], [2.0, 5.5, 9.0]])
def test_no_file_is_asked_for_on_a_holiday(hours: list[float], named_before: int) -> None:
    arrivals = office(hours, named_before)
    assert told(arrivals) == []
    gone = moment("2026-03-18")
    alerts = told([arrival for arrival in arrivals if not gone <= arrival.at < gone + DAY])
    assert [gone < alert.opened < gone + DAY / 2 for alert in alerts] == [True]


def test_days_of_a_table_that_never_rests_have_no_holidays() -> None:
    """What comes by chance on all days is silent on none: outages that fell on holidays name no country."""
    random, found, at = draws(4), list[Arrival](), START.timestamp()
    while at < moment("2026-03-22"):
        at += random.expovariate(1 / (4 * HOUR))
        is_gone = any(day <= at < day + DAY for day in HOLIDAYS) or moment("2026-03-19") <= at < moment(
            "2026-03-21"
        )
        if not is_gone:
            found.append(Arrival(float(int(at)), f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"))
    assert [moment("2026-03-19") < alert.opened < moment("2026-03-21") for alert in told(found)] == [True]
