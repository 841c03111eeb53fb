"""How far back the lateness of partitions counts: two months of hours, two years of days."""

from __future__ import annotations

import pytest

from checks.learn.keys import DAY, HOUR
from checks.learn.slots import fit_slots
from tests.support.hand_made import START, draws

FIRST = START.timestamp()


def margin_of(unit: float, count: int, *, slow_from: int, slow_to: int) -> float:
    """Return the margin of so many periods: those of a stretch come within a third of one, others at once."""
    dice = draws(count)
    firsts = []
    for number in range(count):
        start = FIRST + number * unit
        widest = unit / 3 if slow_from <= number < slow_to else unit / 60
        firsts.append((start, start + unit + dice.random() * widest))
    model = fit_slots(firsts, 0.5)
    assert model is not None
    return model.margin


@pytest.mark.parametrize(("unit", "kept"), [(HOUR, 1440), (DAY, 720)])
def test_what_came_before_says_nothing_of_how_late_one_comes(unit: float, kept: int) -> None:
    count = kept + 200
    never = margin_of(unit, count, slow_from=0, slow_to=0)
    assert margin_of(unit, count, slow_from=0, slow_to=200) == never
    # As long as they are kept, so many late ones are a habit.
    assert margin_of(unit, count, slow_from=250, slow_to=450) > 1.2 * never


def test_two_months_of_hours_bound_lateness_closer_than_one() -> None:
    """In the mean of many jobs; of a single one the latest run may be in either month."""
    margins = {30: 0.0, 60: 0.0}
    for seed in range(20):
        dice = draws(seed)
        late = [300 * dice.lognormvariate(0, 0.4) for _ in range(60 * 24)]
        firsts = [(FIRST + i * HOUR, FIRST + (i + 1) * HOUR + each) for i, each in enumerate(late)]
        for days in margins:
            model = fit_slots(firsts[-days * 24 :], 0.05)
            assert model is not None
            margins[days] += model.margin
    assert margins[60] < 0.97 * margins[30]
