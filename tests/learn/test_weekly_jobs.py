"""A job of one weekday that fails now and then, also one whose weekday moved."""

from __future__ import annotations

import pytest

from checks.learn import Arrival
from checks.learn.keys import DAY, HOUR
from tests.support.hand_made import START, told

FIRST = START.timestamp()


def _weekly(lost: set[int], moved: int | None = None) -> list[Arrival]:
    """Return 64 weekly runs without those lost, from a week on three days later in it."""
    return [
        Arrival(FIRST + (7 * week + 3 * (moved is not None and week >= moved)) * DAY + 15 * HOUR)
        for week in range(64)
        if week not in lost
    ]


@pytest.mark.parametrize("moved", [None, 35, 48])
@pytest.mark.parametrize("lost", [{20, 40}, {16, 28, 34, 41}])
def test_a_weekly_job_that_fails_each_quarter_of_a_year_is_told_each_time(
    lost: set[int], moved: int | None
) -> None:
    alerts = told(_weekly({*lost, 56}, moved), FIRST + 63 * 7 * DAY)
    usual = FIRST + (7 * 56 + 3 * (moved is not None)) * DAY + 15 * HOUR
    assert [usual < a.opened <= usual + 1.5 * DAY for a in alerts if a.opened > usual - 14 * DAY] == [True]
