"""How far a tail reaches, and what is no part of it."""

from __future__ import annotations

import pytest

from checks.learn import (
    share_of,
)
from checks.learn.tails import tail, without_incidents
from tests.support.hand_made import draws


def test_a_share_stays_within_what_can_be_kept() -> None:
    assert share_of(1, 120) == pytest.approx(0.1)
    assert share_of(1, 1) == 4
    assert share_of(1, 10_000) == 0.05


def test_a_tail_reaches_further_for_less_chance_and_never_under_its_least() -> None:
    seen = sorted(abs(draws(1).gauss(0, 60)) for _ in range(500))
    limits = [tail(seen, chance, 10.0) for chance in (0.1, 0.01, 0.0001)]
    assert limits == sorted(limits)
    assert tail(seen, 0.1, 1000.0) == 1000.0
    assert tail([], 0.1, 10.0) == 10.0


def test_incidents_are_no_part_of_a_tail() -> None:
    usual = [float(i) for i in range(1, 101)]
    assert without_incidents([*usual, 5000.0, 9000.0], 1.0) == usual
