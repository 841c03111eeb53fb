"""Fields of JSON documents are read strictly: what is of another type is refused, never guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.json_fields import (
    as_bool,
    as_count,
    as_instant,
    as_int,
    as_list,
    as_text,
    optional,
    write_instant,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (as_text, ["", "a"], [None, 1, True, ["a"]]),
        (as_int, [-1, 0, 7], [True, False, 1.0, "1", None]),
        (as_count, [0, 1], [True, 0.5, "0", None]),
        (as_bool, [True, False], [0, 1, "true", None]),
        (as_list, [[], [1]], [(), {}, "a", None]),
    ],
)
def test_only_values_of_the_type_are_taken(
    read: Callable[[Any], Any], good: list[Any], bad: list[Any]
) -> None:
    assert [read(value) for value in good] == good
    for value in bad:
        with pytest.raises(TypeError):
            read(value)
        assert optional(read, None) is None


def test_a_count_is_never_below_zero() -> None:
    with pytest.raises(ValueError, match="-1 is below zero"):
        as_count(-1)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T06:00:00Z", datetime(2026, 11, 22, 6, tzinfo=UTC)),
        ("2026-11-22T06:00:00+01:00", datetime(2026, 11, 22, 5, tzinfo=UTC)),
    ],
)
def test_instants_are_read_as_those_of_utc(text: str, instant: datetime) -> None:
    assert as_instant(text) == instant
    assert as_instant(text).tzinfo is UTC


@pytest.mark.parametrize("text", ["2026-11-22T06:00:00", "2026-11-22", "soon", ""])
def test_what_has_no_zone_or_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        as_instant(text)


@given(
    st.datetimes(datetime(1900, 1, 2), datetime(2200, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_what_is_written_of_an_instant_is_read_again(wall: datetime, minutes: int) -> None:
    instant = wall.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert as_instant(write_instant(instant)) == instant
