"""Silences of what comes by chance: limits keep a budget whatever shape gaps have, and follow the laws of limits."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from itertools import accumulate
from random import Random
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.arrivals import tables
from bench.budgets import GAPS as KINDS
from checks.learn.keys import DAY, HOUR
from checks.learn.lateness import reach
from checks.learn.shapes import BY_CHANCE, GAPS, LATENESS, SIZES, Family
from checks.learn.silence import Rates, fit_silence
from checks.learn.tails import YEAR_DAYS, quantile

SEVERAL = [
    "by chance, every hour",
    "by chance, every four hours",
    "steadier than chance (gamma, shape 2), every hour",
    "in bursts (Weibull, shape 0.8), every hour",
    "in bursts (Weibull, shape 0.6), every hour",
    "in bursts (Weibull, shape 0.7), every four hours",
    "lognormal, sigma 0.7, every hour",
    "lognormal, sigma 1, every hour",
    "bursts of three, ten times as quick, every hour",
]


def draws(seed: int | str) -> Random:
    return Random(seed)  # noqa: S311 - the same each time


def gaps_of(power: float, count: int, seed: int) -> list[float]:
    """Return gaps of an hour in the mean, by the same chance for each power."""
    random, scale = draws(seed), HOUR / math.gamma(1 + 1 / power)
    return [random.weibullvariate(scale, power) for _ in range(count)]


def limit_of(gaps: list[float], share: float = 0.2) -> float:
    model = fit_silence(list(accumulate(gaps)), share, {})
    assert model is not None
    return model.limit


@pytest.mark.parametrize("share", [1.0, 4.0])
@pytest.mark.parametrize("kind", SEVERAL)
def test_a_budget_is_passed_by_no_more_than_a_factor_of_two(kind: str, share: float) -> None:
    """Of 20 histories, whose mean is within a quarter or so."""
    of, a_year = KINDS[kind], YEAR_DAYS * DAY / KINDS[kind].mean
    found = []
    for seed in range(20):
        model = fit_silence(of.times(draws(f"{kind} {seed}"), 42), share, {})
        assert model is not None
        found.append(a_year * of.beyond(model.limit) / share)
    assert 0.2 <= mean(found) <= 2.2


@pytest.mark.parametrize("kind", ["by chance, every hour", "in bursts (Weibull, shape 0.6), every hour"])
@pytest.mark.parametrize("seed", range(5))
def test_a_smaller_budget_never_has_a_shorter_limit(kind: str, seed: int) -> None:
    times = KINDS[kind].times(draws(seed), 42)
    models = [fit_silence(times, share, {}) for share in (4.0, 1.0, 0.4, 0.2, 0.05)]
    limits = [model.limit for model in models if model is not None]
    assert limits == sorted(limits)
    assert len(limits) == 5


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.floats(0.001, 1e4), min_size=1, max_size=60),
    st.floats(1e-9, 0.25),
    st.floats(1e-9, 0.25),
    st.sampled_from([1, 7, 168]),
)
def test_a_smaller_chance_never_has_a_shorter_limit(
    gaps: list[float], one: float, other: float, a_week: int
) -> None:
    rare, often = (reach(gaps, chance, a_week, GAPS) for chance in sorted((one, other)))
    assert math.isfinite(rare.limit)
    assert rare.limit >= often.limit > 0


def test_gaps_of_a_heavier_tail_have_a_longer_limit() -> None:
    limits = [
        mean(limit_of(gaps_of(power, 1000, seed)) for seed in range(8)) for power in (1.3, 1.0, 0.8, 0.6)
    ]
    assert limits == sorted(limits)
    assert limits[-1] > 2.5 * limits[1]


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(8, 600), st.floats(1e-7, 0.1), st.floats(0.7, 1.1))
def test_the_same_gaps_with_a_heavier_tail_have_a_longer_limit(
    seed: int, count: int, chance: float, power: float
) -> None:
    """In usual gaps, each stretched by a power, where as many count: the longest may become an incident."""
    random = draws(seed)
    gaps = sorted(random.expovariate(1.0) for _ in range(count))
    usual = quantile(gaps, 0.5)
    light, heavy = (
        reach([(gap / usual) ** each for gap in gaps], chance, 168, GAPS) for each in (power, power + 0.3)
    )
    assert heavy.seen < light.seen or heavy.limit >= light.limit


@pytest.mark.parametrize("seed", range(6))
def test_a_limit_knows_no_unit(seed: int) -> None:
    gaps = gaps_of(0.8, 300, seed)
    limit = reach(gaps, 1e-5, 168, GAPS).limit
    assert reach([7 * gap for gap in gaps], 1e-5, 168, GAPS).limit == pytest.approx(7 * limit, rel=1e-4)


def test_what_comes_by_chance_has_no_longer_limit_because_other_shapes_are_thought_of() -> None:
    """At nine deviations of the mean an exponential is passed once in 8,000: what one false alarm a year allows."""
    limits = [limit_of(gaps_of(1.0, 1000, seed), 1.0) for seed in range(20)]
    assert mean(limits) == pytest.approx(math.log(24 * YEAR_DAYS) * HOUR, rel=0.05)


@pytest.mark.parametrize("outages", [1, 2, 3])
@pytest.mark.parametrize("power", [1.0, 0.7])
def test_outages_of_days_hardly_widen_a_limit(outages: int, power: float) -> None:
    """How many gaps are too long to be told from incidents tells something of the shape, but never much."""
    wider = []
    for seed in range(6):
        gaps = gaps_of(power, 900, seed)
        broken = [*gaps]
        for place in range(outages):
            broken[100 + 120 * place] = 2.5 * DAY
        wider.append(limit_of(broken) / limit_of(gaps))
    assert mean(wider) < 1.1
    assert max(wider) < 1.25


@pytest.mark.parametrize("step", [600.0, HOUR])
@pytest.mark.parametrize("power", [1.0, 0.7, 0.6])
def test_bursts_are_no_hours_of_the_day(step: float, power: float) -> None:
    """They come now more often and now less, but at no time of the day or the week."""
    for seed in range(6):
        gaps = [step / HOUR * gap for gap in gaps_of(power, int(40 * DAY / step), seed)]
        model = fit_silence(list(accumulate(gaps)), 0.2, {})
        assert model is not None
        assert not isinstance(model.rates, Rates) or not model.rates.rates


@pytest.mark.parametrize("seed", range(3))
def test_hours_in_which_more_comes_are_told(seed: int) -> None:
    """Ten times as much by day as by night."""
    at, times = 0.0, []
    for gap in gaps_of(1.0, 3000, seed):
        at += gap / 3 * (1 if 6 <= at % DAY / HOUR < 20 else 10)
        times.append(at)
    model = fit_silence(times, 0.2, {})
    assert model is not None
    assert not isinstance(model.rates, Rates) or model.rates.rates


@pytest.mark.parametrize(
    "family", [LATENESS, SIZES, BY_CHANCE, GAPS], ids=["lateness", "sizes", "rest", "gaps"]
)
def test_each_shape_is_a_law_of_chance(family: Family) -> None:
    """Half lie beyond the median, fewer the farther, and nearly none beyond all."""
    for shape in family.shapes:
        chances = [shape.beyond(shape.median * part) for part in (0.5, 1.0, 2.0, 8.0, 1e4)]
        assert chances[1] == pytest.approx(0.5, abs=1e-6)
        assert chances == sorted(chances, reverse=True)
        assert chances[-1] < 1e-5


def test_the_weekends_of_office_hours_are_no_silence_where_their_gaps_are_by_chance() -> None:
    """What is longer than by chance each week is a rest, and no incident that recurs."""
    offices = tables(1, 144, "office_hours")
    assert offices
    for office in offices:
        friday = datetime(2025, 3, 14, 23, tzinfo=UTC).timestamp()
        times = [each.at for each in office.arrivals if each.at <= friday]
        model = fit_silence(times, 0.083, {})
        assert model is not None
        assert model.due(times[-1]) > friday + 2 * DAY + 6 * HOUR
