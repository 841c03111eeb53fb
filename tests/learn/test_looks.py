"""Looks now and then: what is kept between them, that nothing looks ahead, and what odd arrivals come to."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.learn import Arrival, Asked, Kept, Need, fresh_since, look, replay_ordered
from checks.learn.looks import MOST_KEPT, fewer, read, written

HOUR, DAY = 3600, 86400
START = 1_785_715_200  # Mon 3 Aug 2026 00:00 UTC
ASKED = Asked(1.0)


def daily(days: int, hour: float = 5.2, weekdays: int = 7) -> list[int]:
    chance = random.Random(7)  # noqa: S311 - the same each time
    return [
        int(START + day * DAY + hour * HOUR + chance.randrange(1800))
        for day in range(days)
        if day % 7 < weekdays
    ]


def every(seconds: int, days: int) -> list[int]:
    chance = random.Random(7)  # noqa: S311 - the same
    return [START + at + chance.randrange(seconds // 6 + 1) for at in range(0, days * DAY, seconds)]


TIMES = st.lists(st.integers(START, START + 200 * DAY), max_size=60).map(sorted)


@given(TIMES)
def test_what_is_written_is_read_again(times: list[int]) -> None:
    assert read(written(times)) == tuple(times)


@pytest.mark.parametrize("text", ["x", "1 -2", "1.5", "9" * 30, " ".join(["1"] * (MOST_KEPT + 1))])
def test_what_is_no_list_of_arrivals_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)


@given(TIMES)
def test_fewer_keeps_the_last_and_is_stable(times: list[int]) -> None:
    kept = fewer(times)
    assert set(kept) <= set(times)
    assert kept[-1:] == tuple(times[-1:])
    assert fewer(kept) == kept
    assert all(b - a >= 60 for a, b in pairwise(kept[:-1]))


@pytest.mark.parametrize("seconds", [60, 300])
def test_what_is_kept_reaches_six_weeks_back_however_often_data_comes(seconds: int) -> None:
    kept = fewer(every(seconds, 60))
    assert len(kept) <= MOST_KEPT
    assert kept[-1] - kept[0] >= 42 * DAY


@pytest.mark.slow
@pytest.mark.parametrize("times", [daily(90), daily(90, weekdays=5), every(HOUR, 60), every(900, 30)])
@pytest.mark.parametrize("step", [DAY, 19 * HOUR])
def test_looks_tell_what_a_replay_tells(times: list[int], step: int) -> None:
    """A look says that something is overdue where a replay of the same arrivals does, whatever was kept between."""
    dead = times[: len(times) - len(times) // 6]
    begin = dead[len(dead) * 3 // 4] + 60
    kept = look(None, dead, begin, ASKED).kept
    for number in range(1, (times[-1] - begin) // step):
        now = begin + number * step
        found = look(kept, dead, now, ASKED)
        kept = found.kept
        watch = replay_ordered((Arrival(float(at)) for at in dead if at <= now), 1.0, begin, dated=False)
        alerts = [alert for alert in watch.end(now) if alert.closed is None]
        assert found.is_open == bool(alerts), f"{number}: {found.sentence}"


@given(
    times=TIMES.filter(lambda times: len(times) > 4),
    later=st.lists(st.integers(120, 50 * DAY), max_size=10),
    whole=st.booleans(),
)
def test_nothing_looks_ahead(*, times: list[int], later: list[int], whole: bool) -> None:
    now = times[len(times) // 2]
    ahead = [now + each for each in later]
    cut = [at for at in times if at <= now]
    first = look(None, cut, now, ASKED, whole=whole)
    assert look(None, [*cut, *ahead], now, ASKED, whole=whole) == first
    # What a later look kept is as if it were not there.
    after = look(first.kept, [*cut, *ahead], now + 60 * DAY, ASKED, whole=whole)
    again = look(after.kept, [*cut, *ahead], now, ASKED, whole=whole)
    assert (again.due, again.last, again.is_open) == (first.due, first.last, first.is_open)


@given(TIMES)
def test_order_and_repetition_say_nothing(times: list[int]) -> None:
    now = START + 300 * DAY
    shuffled = [*times[::-1], *times]
    assert look(None, shuffled, now, ASKED) == look(None, times, now, ASKED)


def test_a_limit_holds_to_the_second_and_however_long_the_silence_is() -> None:
    times = daily(60)
    due = look(None, times, times[-1], ASKED).due
    assert due is not None
    assert not look(None, times, due, ASKED).is_open
    assert look(None, times, due + 1, ASKED).is_open
    assert {look(None, times, due + days * DAY, ASKED).due for days in (1, 30, 300)} == {due}


@pytest.mark.parametrize("times", [daily(90), daily(90, weekdays=5), every(HOUR, 60)])
def test_an_arrival_is_new_enough_from_one_second_on(times: list[int]) -> None:
    kept = look(None, times, times[-1], ASKED).kept
    now = times[-1] + 40 * HOUR
    since = fresh_since(kept, now, ASKED)
    assert since is not None
    for at, is_open in ((since - 2, True), (since + 1, False)):
        if at > times[-1]:
            assert look(kept, [*times, int(at)], now, ASKED, whole=False).is_open == is_open


@pytest.mark.parametrize(
    ("times", "need"),
    [
        ([], "0 arrivals seen, 8 needed"),
        ([START], "1 arrival seen, 4 needed"),
        ([START, START + DAY], "2 arrivals seen, 4 needed"),
        ([START] * 50, "1 arrival seen, 4 needed"),
        ([START + each for each in range(50)], "1 arrival seen, 4 needed"),
        ([START + 500 * DAY] * 9, "0 arrivals seen, 8 needed"),
        ([START, START + 3, START + 365 * DAY], "2 arrivals seen, 4 needed"),
    ],
    ids=["none", "one", "two", "one instant", "one minute", "the future", "a year of gaps"],
)
def test_too_little_is_told(times: list[int], need: str) -> None:
    found = look(None, times, START + 400 * DAY, ASKED)
    assert isinstance(found.need, Need)
    assert str(found.need) == need
    assert found.due is None
    assert not found.is_open


def test_floor_and_cap_bound_what_is_learned() -> None:
    times = every(HOUR, 60)
    now = times[-1] + 60
    free = look(None, times, now, ASKED)
    assert free.due is not None
    length = free.due - times[-1]
    assert 1.1 * HOUR < length < 3 * HOUR
    for asked, wanted in ((Asked(1.0, floor=6 * HOUR), 6 * HOUR), (Asked(1.0, cap=HOUR), HOUR)):
        found = look(None, times, now, asked)
        assert found.due == times[-1] + wanted
    assert look(None, times, now, Asked(1.0, floor=HOUR, cap=6 * HOUR)).due == free.due


def test_a_stray_arrival_does_not_end_a_silence_and_a_third_does() -> None:
    times = every(900, 40)
    now = times[-1] + 20 * HOUR
    found = look(look(None, times, times[-1], ASKED).kept, times, now, ASKED)
    assert found.is_open
    for count, still_needed in ((1, 2), (2, 1), (3, 0)):
        came = [now + 60 + number * 300 for number in range(count)]
        after = look(found.kept, [*times, *came], now + HOUR, ASKED)
        assert (after.is_open, after.still_needed) == (bool(still_needed), still_needed)


def test_a_cadence_that_changes_for_good_is_told_once_and_followed() -> None:
    times = daily(60)
    weekly = [times[-1] + (number + 1) * 7 * DAY for number in range(8)]
    kept: Kept | None = None
    opened: list[float] = []
    for day in range(60, 60 + 7 * 8):
        now = START + day * DAY + 23 * HOUR
        found = look(kept, [at for at in [*times, *weekly] if at <= now], now, ASKED)
        kept = found.kept
        if found.is_open and found.due not in opened:
            opened.append(found.due or 0.0)
    assert len(opened) <= 2


def sampled(times: list[int], now: int, seen: int) -> list[int]:
    """Return what a look at the newest partition alone sees."""
    return [at for at in times if at <= now][-seen:]


def test_where_looks_see_only_the_newest_no_alert_and_no_habit_is_made_of_what_was_not_seen() -> None:
    times = every(HOUR, 60)
    begin = START + 20 * DAY
    found = look(None, [at for at in times if at <= begin], begin, ASKED)
    length = (found.due or 0) - (found.last or 0)
    now = begin
    for _ in range(26):
        now += DAY
        found = look(found.kept, sampled(times, now, 1), now, ASKED, whole=False)
        assert not found.is_open
        assert (found.due or 0) - (found.last or 0) == pytest.approx(
            length, abs=HOUR / 4
        )  # it is due by the clock
        assert not found.kept.is_outdated
    dead = now + DAY
    silent = look(found.kept, sampled(times, now, 1), dead, ASKED, whole=False)
    assert silent.is_open
    assert silent.due is not None
    assert silent.due < now + 3 * HOUR
    back = look(silent.kept, [dead + 20 * HOUR], dead + DAY, ASKED, whole=False)
    assert not back.is_open or back.due is None or back.due > dead
    assert back.kept.is_outdated  # what was learned did not hold, and is learned anew


def test_what_is_seen_in_part_for_four_weeks_is_learned_anew() -> None:
    times = every(HOUR, 60)
    begin = START + 20 * DAY
    found = look(None, [at for at in times if at <= begin], begin, ASKED)
    outdated = []
    now = begin
    for _ in range(30):
        now += DAY
        found = look(found.kept, sampled(times, now, 1), now, ASKED, whole=False)
        outdated.append(found.kept.is_outdated)
        if found.kept.is_outdated:
            break
    assert outdated.index(True) == 28  # the first after four weeks, counting from the last that taught
    again = look(found.kept, [at for at in times if now - 14 * DAY <= at <= now], now + 60, ASKED)
    assert not again.kept.is_outdated
    assert again.due is not None


def test_a_silence_that_looks_saw_is_one_also_where_they_see_only_the_newest() -> None:
    times = daily(60)
    found = look(None, times, times[-1] + HOUR, ASKED)
    for day in range(1, 5):  # four looks that see nothing new
        found = look(found.kept, times[-1:], times[-1] + day * DAY + HOUR, ASKED, whole=False)
        assert found.is_open == (day > 1)
    now = times[-1] + 5 * DAY + 2 * HOUR
    found = look(found.kept, [now - 3600], now, ASKED, whole=False)
    assert not found.is_open
    assert found.kept.times[-1] == now - 3600
