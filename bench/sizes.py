"""What `volume: auto` costs: false alarms a year of daily tables, by how much their sizes differ, and what it finds.

    python bench/sizes.py [--histories N]

Sizes are lognormal, so that what a limit costs is known exactly and not counted. Each row is the mean of so many
histories: the false alarms a year for each budget, and the share of the usual under which a size is told.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from checks.model import Size
from checks.rules.asking import Share
from checks.rules.volume_limits import UsualLimits
from checks.rules.volume_words import Look

BUDGETS = (0.05, 0.2, 1.0, 4.0)
TODAY = 739_000.0


@dataclass(frozen=True)
class Kind:
    """Tables alike: days that are known, how much of a usual day its weekday holds, and growth a day."""

    name: str
    days: int = 70
    quiet: float = 1.0
    growth: float = 0.0
    is_first_day: bool = False

    def usual(self, back: int) -> float:
        """Return the bytes to be expected so many days ago."""
        return 1e7 * (self.quiet if back % 7 == 0 else 1.0) * math.exp(-self.growth * back)


KINDS = (
    Kind("ten weeks"),
    Kind("ten weeks, a fifth on that weekday", quiet=0.2),
    Kind("ten weeks, 1 % more each day", growth=0.01),
    Kind("two weeks", days=14),
    Kind("the first day: eight days and eight of the weekday", is_first_day=True),
)


def look(kind: Kind, sigma: float, seed: int) -> Look:
    """Return what is known of one table: the sizes of earlier days, whose logarithms deviate by so much."""
    draws = Random(seed)  # noqa: S311
    sizes = {
        back: Size(round(kind.usual(back) * math.exp(draws.gauss(0, sigma))), 1)
        for back in range(1, kind.days + 1)
    }
    compared = tuple((TODAY - b, size) for b, size in sizes.items() if b <= 8 or (b % 7 == 0 and b <= 56))
    return Look(
        name="today",
        size=Size(1, 1),
        at=TODAY,
        noun="weekday",
        other="day",
        same=tuple((at, size) for at, size in compared if (TODAY - at) % 7 == 0),
        all=compared,
        known=compared if kind.is_first_day else tuple((TODAY - b, size) for b, size in sizes.items()),
    )


def cost(kind: Kind, sigma: float, budget: float, histories: int) -> tuple[float, float]:
    """Return the false alarms a year, and the share of the usual under which a size is told; the means."""
    limits = UsualLimits(None, None, Share(a_year=budget, wanted=budget), "bytes", None, 8)
    chances, least = 0.0, []
    for seed in range(histories):
        for bound in limits.learned(look(kind, sigma, seed))[0]:
            apart = math.log(bound.value / kind.usual(0)) / sigma
            chances += math.erfc((apart if bound.is_most else -apart) / math.sqrt(2)) / 2
            least += [] if bound.is_most else [bound.value / kind.usual(0)]
    return 365.25 * chances / histories, sum(least) / len(least)


def main() -> None:
    """Print the figures as JSON, a line for each kind and deviation."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--histories", type=int, default=60)
    histories = parser.parse_args().histories
    for kind in KINDS:
        for sigma in (0.1, 0.3, 0.6):
            found = {budget: cost(kind, sigma, budget, histories) for budget in BUDGETS}
            print(
                json.dumps(
                    {
                        "kind": kind.name,
                        "sigma": sigma,
                        "false_a_year": {budget: round(each[0], 3) for budget, each in found.items()},
                        "told_under": {budget: round(each[1], 2) for budget, each in found.items()},
                    }
                )
            )


if __name__ == "__main__":
    main()
