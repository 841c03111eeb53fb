"""What a replay says: how often it would have alerted, which of it were gaps, and how long the others were late."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checks.adopt.replaying import Past, Replayed, replay_of, say
from checks.learn import Alert, Arrival
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from datetime import timedelta

START = at("2026-08-01")
NOW = START + 90 * DAY + 12 * HOUR
DAY_S = 86400.0


def mornings(
    *, lost: tuple[int, ...] = (), late: dict[int, float] | None = None, dated: bool = True
) -> list[Arrival]:
    """Return an arrival a day at 05:00 of the next, up to now."""
    found = []
    for number in range(90):
        if number not in lost:
            day = START + number * DAY
            came = day + DAY + (5 + (late or {}).get(number, 0.0)) * HOUR
            found.append(Arrival(came.timestamp(), f"{day:%Y-%m-%d}" if dated else ""))
    return sorted(found)


def said(arrivals: list[Arrival], *, dated: bool = True, back: timedelta = 60 * DAY) -> str:
    return say(replay_of(arrivals, 1.0, NOW, back, dated=dated))


@pytest.mark.parametrize("dated", [True, False])
def test_a_quiet_one(dated: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert said(mornings(dated=dated), dated=dated) == "a replay of 60 days would not have alerted"


@pytest.mark.parametrize("dated", [True, False])
def test_gaps_and_lateness_are_told_apart(dated: bool) -> None:  # noqa: FBT001 - the same
    arrivals = mornings(lost=(50, 51), late={60: 6.0}, dated=dated)
    assert said(arrivals, dated=dated) == (
        "a replay of 60 days would have alerted twice: 1 real gap (2026-09-21 for 45 h); 1 late by 3 h"
    )


def test_the_latest_of_several_is_told() -> None:
    late = tuple(Past(Alert(n * DAY_S, n * DAY_S + 3600 * n, "x"), is_gap=False) for n in (1, 3, 2))
    assert say(Replayed(9 * DAY_S, 9 * DAY_S, late)) == (
        "a replay of 9 days would have alerted 3 times: 3 late by 3 h at most"
    )


def test_single_ones() -> None:
    assert said(mornings(lost=(50,))) == (
        "a replay of 60 days would have alerted once: a real gap (2026-09-21 for 21 h)"
    )
    assert said(mornings(late={60: 6.0})) == "a replay of 60 days would have alerted once: late by 3 h"


@pytest.mark.parametrize("dated", [True, False])
def test_one_that_is_open_says_to_look_first(dated: bool) -> None:  # noqa: FBT001 - the same
    assert said(mornings(lost=(88, 89), dated=dated), dated=dated).endswith(
        "a real gap (2026-10-29 for 28 h); it is still open: look at the table first"
    )


def test_many_gaps_are_counted() -> None:
    gaps = tuple(Past(Alert(n * DAY_S, n * DAY_S + 7200, "x"), is_gap=True) for n in range(5))
    assert say(Replayed(9 * DAY_S, 9 * DAY_S, gaps)) == (
        "a replay of 9 days would have alerted 5 times: 5 real gaps "
        "(1970-01-01 for 2 h, 1970-01-02 for 2 h, 1970-01-03 for 2 h and 2 more)"
    )


def test_before_enough_is_known_nothing_is_judged() -> None:
    assert said(mornings()[-3:]) == "too little came before now to replay it"
    assert said([]) == "too little came before now to replay it"
    assert said(mornings()[-20:]).startswith("a replay of 12 days")


def test_nothing_that_came_after_now_counts() -> None:
    arrivals = [*mornings(), Arrival((NOW + HOUR).timestamp(), "2026-10-30")]
    assert replay_of(arrivals, 1.0, NOW, 60 * DAY, dated=True) == replay_of(
        mornings(), 1.0, NOW, 60 * DAY, dated=True
    )


@pytest.mark.parametrize(("judged", "is_told"), [(DAY_S - 1, False), (DAY_S, True), (DAY_S + 1, True)])
def test_less_than_a_day_is_no_replay(judged: float, is_told: bool) -> None:  # noqa: FBT001 - the same
    assert say(Replayed(judged, 0.0)).startswith("a replay of a day") is is_told


def test_how_long_an_open_alert_lasts_is_counted_to_the_end() -> None:
    found = Replayed(5 * DAY_S, 1000.0, (Past(Alert(100.0, None, "x"), is_gap=False),))
    assert found.lasted(found.alerts[0].alert) == 900.0
    assert say(found) == (
        "a replay of 5 days would have alerted once: late by 15 min; it is still open: look at the table first"
    )
