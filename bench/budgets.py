"""What a budget of false alarms costs where no least limit binds: of known laws, so exactly and not by counting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from checks.learn.lateness import reach
from checks.learn.silence import fit_silence
from checks.learn.tails import YEAR_DAYS, center_and_excess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOUR = 3600.0
BUDGETS = (0.05, 0.2, 1.0, 4.0)
"""False alarms a table and year that are asked for."""


@dataclass(frozen=True)
class Law:
    """How long something takes, in seconds, by chance; and the chance that it takes longer."""

    draw: Callable[[Random], float]
    beyond: Callable[[float], float]


def _normal(z: float) -> float:
    return 0.5 * math.erfc(z / math.sqrt(2))


def _gaussian(middle: float, deviation: float) -> Law:
    return Law(lambda r: r.gauss(middle, deviation), lambda x: _normal((x - middle) / deviation))


def _lognormal(middle: float, sigma: float) -> Law:
    return Law(
        lambda r: r.lognormvariate(math.log(middle), sigma),
        lambda x: _normal(math.log(max(x, 1e-9) / middle) / sigma),
    )


def _weibull(scale: float, shape: float) -> Law:
    return Law(
        lambda r: r.weibullvariate(scale, shape), lambda x: math.exp(-math.pow(max(x, 0.0) / scale, shape))
    )


def _gamma(scale: float, shape: int) -> Law:
    def beyond(x: float) -> float:
        y = max(x, 0.0) / scale
        return math.exp(-y) * sum(y**k / math.factorial(k) for k in range(shape))

    return Law(lambda r: r.gammavariate(shape, scale), beyond)


def _two(usual: Law, slow: Law, share: float) -> Law:
    return Law(
        lambda r: (slow if r.random() < share else usual).draw(r),
        lambda x: share * slow.beyond(x) + (1 - share) * usual.beyond(x),
    )


def _scaled(of: Law, times: float) -> Law:
    return Law(lambda r: times * of.draw(r), lambda x: of.beyond(x / times))


LATENESS = {
    "gaussian": _gaussian(2000, 200),
    "half a gaussian": Law(lambda r: abs(r.gauss(0, 200)), lambda x: min(1.0, 2 * _normal(x / 200))),
    "exponential": _weibull(200, 1),
    **{f"lognormal, sigma {sigma}": _lognormal(100, sigma) for sigma in (0.3, 0.45, 0.6, 0.8, 1.0, 1.2)},
    "weibull, shape 1.5": _weibull(200, 1.5),
    "weibull, shape 0.7": _weibull(200, 0.7),
    "gamma, shape 3": _gamma(100, 3),
    "two causes, the slower one in 5": _two(_lognormal(100, 0.4), _lognormal(400, 0.4), 0.2),
    "two causes, the slower one in 14": _two(_gaussian(300, 60), _gaussian(900, 100), 0.07),
}
"""By how much hourly runs are late, and slower ones as many times more."""
SLOWER = (
    "gaussian",
    "exponential",
    "lognormal, sigma 0.6",
    "lognormal, sigma 1.0",
    "two causes, the slower one in 14",
)
"""Of which slower runs are tried as well."""
RUNS = {1: (240, 720), 6: (120, 720), 24: (60, 400)}
"""How many are learned from, by the hours from one to the next: ten days and thirty, thirty and 180, 60 and 400."""


@dataclass(frozen=True)
class Coming:
    """How a table without dated keys comes: its times of so many days, the chance of a longer gap, the mean gap."""

    times: Callable[[Random, int], list[float]]
    beyond: Callable[[float], float]
    mean: float


def _by_chance(law: Law, mean: float) -> Coming:
    def times(random: Random, days: int) -> list[float]:
        return list(accumulate(law.draw(random) for _ in range(int(days * 24 * HOUR / mean))))

    return Coming(times, law.beyond, mean)


def _by_rhythm(step: float, late: Law) -> Coming:
    random = Random("rhythm")  # noqa: S311
    earlier = [late.draw(random) for _ in range(1000)]

    def times(random: Random, days: int) -> list[float]:
        return sorted(i * step + late.draw(random) for i in range(int(days * 24 * HOUR / step)))

    def beyond(gap: float) -> float:
        return sum(late.beyond(gap - step + each) for each in earlier) / len(earlier)

    return Coming(times, beyond, step)


def _stretched(mean: float, shape: float) -> Coming:
    return _by_chance(_weibull(mean / math.gamma(1 + 1 / shape), shape), mean)


def _multiplied(mean: float, sigma: float) -> Coming:
    return _by_chance(_lognormal(mean / math.exp(sigma * sigma / 2), sigma), mean)


def _in_bursts(mean: float, part: float, sooner: float) -> Coming:
    apart = mean / (1 - part + part * sooner)
    return _by_chance(_two(_weibull(apart * sooner, 1), _weibull(apart, 1), 1 - part), mean)


GAPS = {
    "by chance, every ten minutes": _stretched(600.0, 1),
    "by chance, every hour": _stretched(HOUR, 1),
    "by chance, every four hours": _stretched(4 * HOUR, 1),
    "steadier than chance (gamma, shape 2), every hour": _by_chance(_gamma(HOUR / 2, 2), HOUR),
    "steadier than chance (gamma, shape 3), every hour": _by_chance(_gamma(HOUR / 3, 3), HOUR),
    "in bursts (Weibull, shape 0.9), every hour": _stretched(HOUR, 0.9),
    "in bursts (Weibull, shape 0.8), every hour": _stretched(HOUR, 0.8),
    "in bursts (Weibull, shape 0.7), every hour": _stretched(HOUR, 0.7),
    "in bursts (Weibull, shape 0.6), every hour": _stretched(HOUR, 0.6),
    "in bursts (Weibull, shape 0.7), every ten minutes": _stretched(600.0, 0.7),
    "in bursts (Weibull, shape 0.7), every four hours": _stretched(4 * HOUR, 0.7),
    "lognormal, sigma 0.7, every hour": _multiplied(HOUR, 0.7),
    "lognormal, sigma 1, every hour": _multiplied(HOUR, 1.0),
    "bursts of three, ten times as quick, every hour": _in_bursts(HOUR, 0.67, 0.1),
    "bursts of two, five times as quick, every ten minutes": _in_bursts(600.0, 0.5, 0.2),
    "every five minutes, late by a lognormal of a minute": _by_rhythm(300.0, _lognormal(60, 0.6)),
}
"""Tables that are judged by their silences."""


@dataclass(frozen=True)
class Cost:
    """What limits cost: false alarms a year for each budget, of each history."""

    of: str
    learned_from: str
    met: tuple[tuple[float, ...], ...]

    def told(self) -> dict[str, object]:
        """Return it as it is printed: how many times the budget each is in the mean, and the standard error of that."""
        times = {b: [each / b for each in met] for b, met in zip(BUDGETS, self.met, strict=True)}
        return {
            "of": self.of,
            "learned_from": self.learned_from,
            "times_asked": {b: _short(fmean(each)) for b, each in times.items()},
            "error": {b: _short(stdev(each) / math.sqrt(len(each))) for b, each in times.items()},
        }


def _short(number: float) -> float:
    return float(f"{number:.2g}")


def lateness(law: str, hours: int, runs: int, histories: int) -> Cost:
    """Return what limits of lateness cost that are learned of so many runs, so many hours from one to the next."""
    a_year, of = 24 / hours * YEAR_DAYS, _scaled(LATENESS[law], hours)
    met: list[list[float]] = [[] for _ in BUDGETS]
    for seed in range(histories):
        random = Random(f"lateness/{law}/{hours}/{runs}/{seed}")  # noqa: S311
        late = [of.draw(random) for _ in range(runs)]
        center, excess = center_and_excess(late, max(60.0, 0.02 * hours * HOUR))
        for budget, of_budget in zip(BUDGETS, met, strict=True):
            limit = center + reach(excess, budget / a_year, 168 / hours).limit
            of_budget.append(a_year * of.beyond(limit))
    every = "hourly runs" if hours == 1 else f"runs, {hours} hours apart"
    return Cost(f"lateness, {law}", f"{runs} {every}", tuple(map(tuple, met)))


def silences(name: str, days: int, histories: int) -> Cost:
    """Return what limits of silences cost that are learned of so many days."""
    coming = GAPS[name]
    met: list[list[float]] = [[] for _ in BUDGETS]
    for seed in range(histories):
        times = coming.times(Random(f"gaps/{name}/{days}/{seed}"), days)  # noqa: S311
        for budget, of_budget in zip(BUDGETS, met, strict=True):
            found = fit_silence(times, budget, {})
            # In the seconds of hours in which usually more comes, which are as long in the mean.
            if found is not None:
                of_budget.append(YEAR_DAYS * 24 * HOUR / coming.mean * coming.beyond(found.limit))
    return Cost(f"silences, {name}", f"{days} days", tuple(map(tuple, met)))


def costs(histories: int) -> Iterator[Cost]:
    """Yield what budgets cost, of all kinds: of lateness from ten days on, of silences from six weeks."""
    for hours, of_runs in RUNS.items():
        for law in LATENESS if hours == 1 else SLOWER:
            for runs in of_runs:
                yield lateness(law, hours, runs, histories)
    for name in GAPS:
        yield silences(name, 42, max(2, histories // 4))
