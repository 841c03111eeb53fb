"""Laws of what marks teach of sizes: which side of a limit moves, and when a mark has a part in it."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.model import Size
from checks.rules.volume_limits import UsualLimits
from checks.rules.volume_taught import Said, Stretch, taught
from checks.rules.volume_words import Look
from tests.support.volumes import ONE_A_YEAR

# Laws, by pure limits: sizes are those of days before one.
TODAY = 739_900.0
BACK = st.integers(1, 69)


def looked(sizes: list[int], judged_: int) -> Look:
    known = tuple((TODAY - back, Size(size, 1)) for back, size in enumerate(sizes, 1))
    return Look(
        name="today",
        size=Size(judged_, 1),
        at=TODAY,
        noun="Friday",
        other="day",
        same=tuple(each for each in known if (TODAY - each[0]) % 7 == 0)[:8],
        all=known[:8],
        known=known,
    )


def limits_of(**stated: float) -> UsualLimits:
    return UsualLimits(stated.get("drop"), stated.get("rise"), ONE_A_YEAR, "bytes", None, 8)


def stretch(back: int) -> Stretch:
    return Stretch("a", TODAY - back, TODAY - back)


@st.composite
def tables(draw: st.DrawFn) -> Look:
    """Draw a table's sizes, a few of them odd."""
    noise = Random(draw(st.integers(0, 20)))  # noqa: S311 - the same each time
    spread = draw(st.sampled_from([0.05, 0.3, 0.7]))
    sizes = [
        round(10_000 * math.exp(noise.gauss(0, spread))) for _ in range(draw(st.sampled_from([9, 30, 69])))
    ]
    for back, factor in draw(
        st.dictionaries(st.integers(0, 68), st.sampled_from([0, 0.1, 0.4, 3, 20]), max_size=5)
    ).items():
        if back < len(sizes):
            sizes[back] = round(sizes[back] * factor)
    return looked(sizes, round(10_000 * draw(st.sampled_from([0, 0.1, 0.4, 1, 3, 20]))))


def values(look_: Look, said: Said, **stated: float) -> tuple[float, float]:
    """Return the least and the most that passes."""
    bounds = taught(limits_of(**stated), look_, said).learned[0]
    least = max((each.value for each in bounds if not each.is_most), default=0.0)
    return least, min((each.value for each in bounds if each.is_most), default=math.inf)


@given(tables(), BACK)
@settings(max_examples=80, deadline=None)
def test_what_was_expected_or_missed_moves_one_side_and_stated_limits_never(look_: Look, back: int) -> None:
    plain = values(look_, Said())
    closer = values(look_, Said(missed=(stretch(back),)))
    assert closer[0] >= plain[0]
    assert closer[1] <= plain[1]
    assert (closer[0] == plain[0]) or (closer[1] == plain[1])
    for said in (Said(expected=(stretch(back),)), Said(missed=(stretch(back),)), Said(normal=stretch(back))):
        assert (
            taught(limits_of(drop=0.5, rise=2.0), look_, Said()).learned[0]
            == taught(limits_of(drop=0.5, rise=2.0), look_, said if said.normal is None else Said()).learned[
                0
            ]
        )


@given(tables(), BACK)
@settings(max_examples=80, deadline=None)
def test_a_mark_has_a_part_exactly_where_something_differs_by_it(look_: Look, back: int) -> None:
    plain = taught(limits_of(), look_, Said())
    for said in (Said(expected=(stretch(back),)), Said(missed=(stretch(back),))):
        found = taught(limits_of(), look_, said)
        differs = [(each.is_most, each.value) for each in found.learned[0]] != [
            (each.is_most, each.value) for each in plain.learned[0]
        ]
        assert bool(found.by) == differs


@given(tables(), BACK)
@settings(max_examples=60, deadline=None)
def test_the_same_size_on_the_same_weekday_passes_once_it_was_expected(look_: Look, back: int) -> None:
    weeks = back % 2 * 7 + 7  # not disproved yet
    again = dict(look_.known).get(TODAY - weeks)
    if again is None:
        return
    least, most = values(replace(look_, size=again), Said(expected=(stretch(weeks),)))
    plain = values(replace(look_, size=again), Said())
    if weeks == 7 and not plain[0] <= again.bytes <= plain[1]:
        odd = taught(limits_of(), look_, Said(expected=(stretch(weeks),))).by
        assert not odd or least <= again.bytes <= most
