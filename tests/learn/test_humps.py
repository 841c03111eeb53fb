"""A cause of their own that the latest runs have: what a stretch without any parts from the others."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.learn.humps import FEWEST, hump_of
from checks.learn.lateness import reach
from checks.learn.tails import center_and_excess
from tests.support.hand_made import draws

MINUTE = 60.0
HOURS = 168.0
SURE = 3.5


def beyond(late: float) -> float:
    """An exponential with a mean of a minute."""
    return math.exp(-max(late, 0.0) / MINUTE)


def by_chance(seed: int, count: int = 400) -> list[float]:
    random = draws(seed)
    return sorted(random.expovariate(1 / MINUTE) for _ in range(count))


@pytest.mark.parametrize("count", [30, 100, 700])
def test_one_cause_is_taken_for_two_as_seldom_as_deviations_say(count: int) -> None:
    apart = [found.apart for seed in range(400) if (found := hump_of(by_chance(seed, count), beyond))]
    assert len(apart) == 400
    assert 0.25 < sum(each > 0 for each in apart) / 400 < 0.75
    assert sum(each > 2 for each in apart) / 400 < 0.05
    assert sum(each > 3 for each in apart) / 400 < 0.01


def test_runs_tried_anew_are_a_cause_from_the_fifth_on() -> None:
    usual = by_chance(7)
    late = [*usual, *(usual[-1] + 10 * MINUTE + each for each in range(FEWEST))]
    found = hump_of(late, beyond)
    assert found is not None
    assert (found.first, found.apart > SURE) == (400, True)
    fewer = hump_of(late[:-1], beyond)
    assert fewer is not None
    assert fewer.first != 400, "four are too few to say how late the next is"


@pytest.mark.parametrize("count", [0, 1, 4, 9])
def test_of_too_few_nothing_is_said(count: int) -> None:
    assert hump_of([float(each) for each in range(count)], beyond) is None


def test_equal_runs_and_a_law_that_ends_before_them_raise_nothing() -> None:
    equal = hump_of([MINUTE] * 50, beyond)
    assert equal is not None
    assert equal.apart < 0
    ended = hump_of([*range(40), *range(500, 510)], lambda late: 1.0 if late < 40 else 0.0)
    assert ended is not None
    assert (ended.first, ended.apart > SURE) == (40, True)


@given(st.integers(0, 10_000), st.floats(1.1, 40.0))
def test_the_farther_a_hump_lies_the_surer_it_is(seed: int, times: float) -> None:
    usual = by_chance(seed, 100)
    near, far = ([*usual, *(away * usual[-1] + each for each in range(8))] for away in (times, 1.5 * times))
    one, other = hump_of(near, beyond), hump_of(far, beyond)
    assert one is not None
    assert other is not None
    assert other.apart >= one.apart - 1e-9


def limit_of(seed: int, part: float, anew: float, runs: int = 1440) -> tuple[float, float]:
    """Return the limit of hourly runs, of which a part is tried anew so much later, and how late the latest was."""
    random = draws(seed)
    late = [
        random.lognormvariate(math.log(150), 0.3) + (anew if random.random() < part else 0.0)
        for _ in range(runs)
    ]
    center, excess = center_and_excess(late, MINUTE)
    return center + reach(excess, 1 / 8766, HOURS).limit, max(late)


@pytest.mark.parametrize("anew", [10 * MINUTE, 20 * MINUTE, 45 * MINUTE])
@pytest.mark.parametrize("part", [0.025, 0.05])
def test_runs_that_are_tried_anew_now_and_then_give_a_limit_near_the_latest(part: float, anew: float) -> None:
    for seed in range(12):
        limit, latest = limit_of(seed, part, anew)
        assert 0.95 * latest < limit < 1.7 * latest, f"{seed}: {limit / MINUTE:.0f} of {latest / MINUTE:.0f}"
