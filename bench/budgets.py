"""What a budget of false alarms costs where no least limit binds: of known laws, so exactly and not by counting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from random import Random
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


LATENESS = {
    "gaussian": _gaussian(2000, 200),
    "half a gaussian": Law(lambda r: abs(r.gauss(0, 200)), lambda x: min(1.0, 2 * _normal(x / 200))),
    "exponential": _weibull(200, 1),
    **{f"lognormal, sigma {sigma}": _lognormal(100, sigma) for sigma in (0.3, 0.45, 0.6, 0.8, 1.0)},
    "weibull, shape 1.5": _weibull(200, 1.5),
    "weibull, shape 0.7": _weibull(200, 0.7),
    "gamma, shape 3": _gamma(100, 3),
    "two causes, the slower one in 5": _two(_lognormal(100, 0.4), _lognormal(400, 0.4), 0.2),
    "two causes, the slower one in 14": _two(_gaussian(300, 60), _gaussian(900, 100), 0.07),
}
"""By how much hourly runs are late."""


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


GAPS = {
    "by chance, every hour": _by_chance(_weibull(HOUR, 1), HOUR),
    "by chance, every ten minutes": _by_chance(_weibull(600, 1), 600.0),
    "by chance, every four hours": _by_chance(_weibull(4 * HOUR, 1), 4 * HOUR),
    "steadier than chance, every hour": _by_chance(_gamma(HOUR / 2, 2), HOUR),
    "in bursts, every hour": _by_chance(_weibull(HOUR / math.gamma(1 + 1 / 0.7), 0.7), HOUR),
    "every five minutes, late by a lognormal of a minute": _by_rhythm(300.0, _lognormal(60, 0.6)),
}
"""Tables that are judged by their silences."""


@dataclass(frozen=True)
class Cost:
    """What limits cost in the mean over histories: false alarms a year for each budget."""

    of: str
    learned_from: str
    met: tuple[float, ...]

    def told(self) -> dict[str, object]:
        """Return it as it is printed, with how many times the budget each is."""
        return {
            "of": self.of,
            "learned_from": self.learned_from,
            "met": {b: _short(m) for b, m in zip(BUDGETS, self.met, strict=True)},
            "times_asked": {b: _short(m / b) for b, m in zip(BUDGETS, self.met, strict=True)},
        }


def _short(number: float) -> float:
    return float(f"{number:.2g}")


def lateness(law: str, runs: int, histories: int) -> Cost:
    """Return what limits of lateness cost that are learned of so many hourly runs."""
    a_year, of = 24 * YEAR_DAYS, LATENESS[law]
    met = [0.0] * len(BUDGETS)
    for seed in range(histories):
        random = Random(f"lateness/{runs}/{seed}")  # noqa: S311
        center, excess = center_and_excess([of.draw(random) for _ in range(runs)], 60.0)
        for i, budget in enumerate(BUDGETS):
            limit = center + reach(excess, budget / a_year, 168).limit
            met[i] += a_year * of.beyond(limit) / histories
    return Cost(f"lateness, {law}", f"{runs} hourly runs", tuple(met))


def silences(name: str, days: int, histories: int) -> Cost:
    """Return what limits of silences cost that are learned of so many days."""
    coming, met = GAPS[name], [0.0] * len(BUDGETS)
    for seed in range(histories):
        times = coming.times(Random(f"gaps/{days}/{seed}"), days)  # noqa: S311
        for i, budget in enumerate(BUDGETS):
            found = fit_silence(times, budget, {})
            # In the seconds of hours in which usually more comes, which are as long in the mean.
            if found is not None:
                met[i] += YEAR_DAYS * 24 * HOUR / coming.mean * coming.beyond(found.limit) / histories
    return Cost(f"silences, {name}", f"{days} days", tuple(met))


def costs(histories: int) -> Iterator[Cost]:
    """Yield what budgets cost, of all kinds and from ten days to three months of history."""
    for law in LATENESS:
        for runs in (240, 720, 2000):
            yield lateness(law, runs, histories)
    for name in GAPS:
        for days in (42, 120):
            yield silences(name, days, max(1, histories // 4))
