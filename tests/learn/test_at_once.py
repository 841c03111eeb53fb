"""Partitions that came in one go, the first load of all that there was or what was caught up with, teach no times."""

from __future__ import annotations

from datetime import timedelta

import pytest

from checks.learn import Arrival, Model, Need, confidence, explain
from checks.learn.keys import DAY, HOUR
from tests.support.hand_made import BEGIN, START, daily, draws, learned, told

FIRST = START.timestamp()


def loaded_at_once(days: range, at: float) -> list[Arrival]:
    """Return partitions of these days before the start, a second between each two."""
    return [
        Arrival(at + place, f"dt={START.date() + timedelta(days=day)}", 5) for place, day in enumerate(days)
    ]


def test_all_at_one_instant_is_one_arrival() -> None:
    arrivals = [Arrival(FIRST, f"dt={START.date() - timedelta(days=day)}") for day in range(60, 0, -1)]
    model = learned(arrivals).model
    assert model == Need(1, 4)
    assert told(arrivals, BEGIN + 99 * DAY) == []


@pytest.mark.parametrize(("more", "lacks"), [(6, Need(7, 8)), (7, None), (30, None)])
def test_a_first_load_of_the_past_says_nothing_of_when_days_come(more: int, lacks: Need | None) -> None:
    arrivals = [*loaded_at_once(range(-60, -1), FIRST - 2 * DAY), *daily(range(more), dated=True)]
    watch = learned(arrivals)
    if lacks is not None:
        assert watch.model == lacks
        return
    assert isinstance(watch.model, Model)
    said = explain(watch.model, watch.history)
    # The newest of the past came at midnight, which is one of a few or of many.
    assert said.startswith(
        f"{more + 1} of the last {more + 1} days between {'00:00' if more == 7 else '05:0'}"
    )
    assert confidence(watch.model) == ("sure" if more == 30 else "a guess")
    assert told(arrivals, arrivals[-1].at + DAY) == []


def test_days_that_were_caught_up_with_are_there_and_late_for_a_reason() -> None:
    days = daily(range(90), dated=True)
    lost = range(70, 73)
    arrivals = [
        Arrival(days[73].at - 60 + day - 70, each.partition) if day in lost else each
        for day, each in enumerate(days)
    ]
    with_outage, without = learned(arrivals), learned(days)
    assert isinstance(with_outage.model, Model)
    assert isinstance(without.model, Model)
    assert with_outage.model.slots is not None
    assert without.model.slots is not None
    assert with_outage.model.slots.margin == without.model.slots.margin
    assert explain(with_outage.model, with_outage.history).startswith("63 of the last 63 days between 05:0")


@pytest.mark.parametrize("apart", [0, 1])
def test_hours_that_a_job_of_the_night_writes_all_at_once_are_no_more_late_for_that(apart: int) -> None:
    """Where loads bring several as a rule, each of them is as late as it is."""
    random = draws(1)
    came = [FIRST + (day + 1) * DAY + 2 * HOUR + random.random() * 600 for day in range(80)]
    arrivals = [
        Arrival(at + hour * apart, f"dt={START.date() + timedelta(days=day)}/hour={hour:02d}")
        for day, at in enumerate(came)
        for hour in range(24)
    ]
    watch = learned(arrivals)
    assert "first files 5 h " in explain(watch.model or Need(0, 1), watch.history)
    assert told(arrivals, arrivals[-1].at) == []
