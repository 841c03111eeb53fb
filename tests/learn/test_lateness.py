"""How late data may come: limits keep a budget in the mean over tables, and follow the laws of limits."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise
from random import Random
from statistics import NormalDist, mean
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.learn.lateness import Reach, ends_of_classes, reach
from checks.learn.silence import fit_silence
from checks.learn.tails import center_and_excess

if TYPE_CHECKING:
    from collections.abc import Callable

HOURS = 168
"""Runs a week of an hourly table."""
A_YEAR = 24 * 365.25
NORMAL = NormalDist()


def draws(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - the same each time


def beyond(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))


def lognormal(sigma: float) -> tuple[Callable[[Random], float], Callable[[float], float]]:
    return (
        lambda r: r.lognormvariate(math.log(100), sigma),
        lambda late: beyond(math.log(max(late, 1e-9) / 100) / sigma),
    )


LAWS: dict[str, tuple[Callable[[Random], float], Callable[[float], float]]] = {
    "gaussian": (lambda r: r.gauss(2000, 200), lambda late: beyond((late - 2000) / 200)),
    "exponential": (lambda r: r.expovariate(1 / 200), lambda late: math.exp(-late / 200)),
    "lognormal 0.3": lognormal(0.3),
    "lognormal 0.6": lognormal(0.6),
    "lognormal 1": lognormal(1.0),
    "two causes": (
        lambda r: r.gauss(*((900, 100) if r.random() < 0.07 else (300, 60))),
        lambda late: 0.07 * beyond((late - 900) / 100) + 0.93 * beyond((late - 300) / 60),
    ),
}


def cost(law: str, runs: int, share: float, tables: int = 30) -> float:
    """Return the false alarms a year of hourly tables, in the mean over so many, in parts of what was asked for."""
    draw, chance_of = LAWS[law]
    found = []
    for seed in range(tables):
        random = draws(seed)
        center, excess = center_and_excess([draw(random) for _ in range(runs)], 60.0)
        found.append(A_YEAR * chance_of(center + reach(excess, share / A_YEAR, HOURS).limit) / share)
    return mean(found)


@pytest.mark.parametrize("share", [0.05, 0.2, 1.0, 4.0])
@pytest.mark.parametrize("law", LAWS)
def test_a_budget_is_never_passed_by_more_than_a_factor_of_two(law: str, share: float) -> None:
    assert cost(law, 720, share) <= 2


@pytest.mark.parametrize("share", [1.0, 4.0])
@pytest.mark.parametrize("law", ["gaussian", "lognormal 0.3", "lognormal 0.6", "lognormal 1"])
def test_a_budget_of_one_a_year_or_more_is_used_at_least_by_half_of_it(law: str, share: float) -> None:
    assert cost(law, 720, share, 60) >= 0.5


@pytest.mark.parametrize("law", ["gaussian", "exponential", "lognormal 0.3", "lognormal 0.6", "two causes"])
def test_ten_days_keep_the_smallest_budget(law: str) -> None:
    assert cost(law, 240, 0.05) <= 2


lateness = st.lists(st.floats(0.001, 1e4), min_size=1, max_size=60)


@settings(deadline=None)
@given(lateness, st.floats(1e-9, 0.3), st.floats(1e-9, 0.3), st.sampled_from([1, 7, HOURS, 2016]))
def test_a_smaller_chance_never_gives_a_shorter_limit(
    excess: list[float], one: float, other: float, a_week: int
) -> None:
    rare, often = (reach(excess, chance, a_week) for chance in sorted((one, other)))
    assert math.isfinite(rare.limit)
    assert rare.limit >= often.limit > 0
    assert rare.limit <= 10 * rare.latest * 1.01
    assert rare.is_bound or not often.is_bound


@settings(deadline=None)
@given(lateness, st.floats(1e-9, 0.3), st.floats(0.1, 60))
def test_a_limit_knows_no_unit_so_longer_lateness_gives_a_longer_one(
    excess: list[float], chance: float, factor: float
) -> None:
    limit = reach(excess, chance, HOURS).limit
    assert reach([factor * each for each in excess], chance, HOURS).limit == pytest.approx(
        factor * limit, rel=1e-4
    )


@settings(deadline=None)
@given(lateness, st.floats(1e-9, 0.3), st.integers(0, 2**32))
def test_the_order_of_runs_and_those_in_time_say_nothing(
    excess: list[float], chance: float, seed: int
) -> None:
    shuffled = [*excess, 0.0, -5.0]
    draws(seed).shuffle(shuffled)
    assert reach(shuffled, chance, HOURS) == reach(excess, chance, HOURS)


def bent(runs: list[float], sigma: float) -> list[float]:
    """Return the same runs, each as late in its turn, by more causes that multiply."""
    return [math.expm1(sigma * each) / sigma for each in runs]


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(8, 600), st.floats(1e-7, 0.1), st.floats(0.05, 0.7))
def test_lateness_of_a_heavier_tail_gives_a_longer_limit(
    seed: int, count: int, chance: float, sigma: float
) -> None:
    """Where as many runs count: with a heavier tail the latest may become an incident, and is left out then."""
    random = draws(seed)
    runs = [abs(random.gauss(0, 1)) for _ in range(count)]
    light, heavy = (reach(bent(runs, each), chance, HOURS) for each in (sigma, sigma + 0.3))
    assert heavy.seen < light.seen or heavy.limit >= light.limit


@pytest.mark.parametrize("chance", [1e-2, 1e-4, 1e-6])
def test_of_two_hundred_runs_incidents_left_out_do_not_make_a_limit_shorter(chance: float) -> None:
    for seed in range(50):
        random = draws(seed)
        runs = [abs(random.gauss(0, 1)) for _ in range(200)]
        limits = [reach(bent(runs, sigma), chance, HOURS).limit for sigma in (0.1, 0.4, 0.8)]
        assert limits == sorted(limits)


def usual(count: int = 360) -> list[float]:
    random = draws(4)
    return [abs(random.gauss(0, 100)) for _ in range(count)]


@pytest.mark.parametrize("factor", [3, 10, 100])
def test_past_incidents_do_not_widen_a_limit_however_often_they_recur(factor: float) -> None:
    """Eight in 30 days are two a week, one more is a habit; of a daily table no number of them is."""
    limit = reach(usual(), 1e-4, HOURS).limit
    worst = max(usual())
    hourly = reach([*usual(352), *[factor * worst] * 8], 1e-4, HOURS)
    assert hourly.limit == pytest.approx(limit, rel=0.1)
    daily = reach([*usual(340), *[factor * worst] * 20], 1e-4, 7)
    assert daily.limit == pytest.approx(limit, rel=0.15)


def test_what_comes_three_times_a_week_is_a_habit() -> None:
    limit = reach([*usual(348), *(1500 + each for each in usual(13))], 1e-4, HOURS).limit
    assert limit > 1700


def test_of_a_few_runs_no_limit_is_believed_that_lies_far_beyond_the_latest() -> None:
    few = reach([30.0, 60.0, 95.0], 1e-6, HOURS)
    assert few.limit == pytest.approx(950, rel=0.01)
    assert few.is_bound
    many = reach(usual(), 1e-6, HOURS)
    assert not many.is_bound
    assert 4.7 < many.limit / 100 < 8  # a Gaussian passes 4.75 deviations once in a million


def test_where_nothing_was_late_nothing_is_said() -> None:
    assert reach([], 1e-4, HOURS) == Reach()
    assert reach([0.0, -3.0], 1e-4, HOURS) == Reach()


def test_a_limit_moves_little_from_day_to_day() -> None:
    """Where one shape hardly explains what was seen, no single run decides by which part the limit goes."""
    random = draws(9)
    runs = [random.gauss(*((90, 25) if random.random() < 0.2 else (10, 5))) for _ in range(400)]
    limits = []
    for day in range(300, 400):
        _, excess = center_and_excess(runs[day - 300 : day], 1.0)
        limits.append(reach(excess, 1e-3, 7).limit)
    steps = sorted(abs(math.log(b / a)) for a, b in pairwise(limits))
    assert steps[len(steps) // 2] < 0.05
    assert steps[-1] < 0.5


@pytest.mark.parametrize(("share", "most"), [(0.05, 2.2), (0.2, 2.0), (1.0, 2.0), (4.0, 2.0)])
@pytest.mark.parametrize("mean_gap", [1.0, 4.0])
def test_silences_of_what_comes_by_chance_keep_a_budget(mean_gap: float, share: float, most: float) -> None:
    """Exponential gaps: the chance of a longer one is known exactly."""
    found = []
    for seed in range(10):
        random = draws(seed)
        times = list(accumulate(random.expovariate(1 / mean_gap) * 3600 for _ in range(int(1200 / mean_gap))))
        model = fit_silence(times, share, {})
        assert model is not None
        found.append(A_YEAR / mean_gap * math.exp(-model.limit / mean_gap / 3600) / share)
    assert 0.3 <= mean(found) <= most


@pytest.mark.parametrize("share", [0.05, 1.0])
@pytest.mark.parametrize(("minutes", "sigma"), [(5, 0.4), (5, 0.6), (15, 0.8)])
def test_silences_of_a_rhythm_keep_a_budget(minutes: int, sigma: float, share: float) -> None:
    """Gaps are long by lateness: of a minute, lognormal, as often as not."""
    step, late = 60.0 * minutes, lognormal(sigma)[1]
    found = []
    for seed in range(8):
        random = draws(seed)

        def drawn(random: Random = random) -> float:
            return random.lognormvariate(math.log(60), sigma)

        model = fit_silence(sorted(step * i + drawn() for i in range(42 * 1440 // minutes)), share, {})
        assert model is not None
        # The later of two is late by so much more than the earlier, which is independent.
        a_gap = mean(late((model.limit - step + drawn()) / 0.6) for _ in range(1_000))
        found.append(A_YEAR * 60 / minutes * a_gap / share)
    assert mean(found) <= 2


@pytest.mark.parametrize(
    ("sigma", "minutes"), [(0.3, 10), (0.3, 20), (0.4, 20), (0.4, 40), (0.5, 20), (0.5, 40)]
)
@pytest.mark.parametrize("share", [0.02, 0.05])
def test_runs_that_are_tried_anew_are_a_cause_of_their_own(
    sigma: float, minutes: float, share: float
) -> None:
    """Taken for the tail of the others, one in fifty that starts so much later made limits of ten times the latest."""
    times = []
    for seed in range(4):
        random = draws(seed)
        runs = [
            random.lognormvariate(math.log(150), sigma) + (60 * minutes if random.random() < share else 0)
            for _ in range(1440)
        ]
        found = reach(center_and_excess(runs, 60)[1], 1e-5, HOURS)
        assert found.latest > 60 * minutes
        assert found.limit >= found.latest
        times.append(found.limit / found.latest)
    assert mean(times) < 3


@pytest.mark.parametrize(
    ("count", "classes", "ends"),
    [
        (24, 4, [6, 12, 18, 24]),
        (47, 4, [11, 23, 35, 41, 47]),
        (119, 10, [11, 23, 35, 47, 59, 71, 83, 95, 107, 113, 119]),
        (720, 10, [72, 144, 216, 288, 360, 432, 504, 576, 648, 684, 702, 711, 720]),
    ],
)
def test_the_last_class_is_halved_while_six_are_left_in_each(
    count: int, classes: int, ends: list[int]
) -> None:
    assert ends_of_classes(count, classes) == ends
