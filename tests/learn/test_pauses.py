"""The times of the week at which a quick table rests: by whose clock they are, and what they make of a silence."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from checks.learn.calendars import is_holiday
from checks.learn.history import Arrival
from checks.learn.keys import DAY, HOUR
from checks.learn.pauses import WEEK, Opening, Pauses, learn_pauses
from checks.learn.replay import replay
from checks.learn.silence import fit_silence
from tests.support.hand_made import draws

if TYPE_CHECKING:
    from collections.abc import Callable

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = datetime(
    2026, 2, 2, tzinfo=UTC
).timestamp()  # a Monday; the clocks of Berlin change on 29 March, day 55
MINUTE = 60.0
SHARE = 0.1


def afternoon(at: datetime) -> bool:
    """Tell whether it is Sunday afternoon."""
    return at.weekday() == 6 and 12 <= at.hour < 18


def night(at: datetime) -> bool:
    """Tell whether it is night."""
    return not 6 <= at.hour < 21


def weekend(at: datetime) -> bool:
    """Tell whether it is a weekend."""
    return at.weekday() > 4


def coming(
    step: float, days: float, rests: Callable[[datetime], bool], zone: ZoneInfo = BERLIN
) -> list[float]:
    """Return when a table comes that keeps to steps, within some seconds, but for its rests on a clock."""
    rng = draws(int(step + days))
    steps = (FIRST + i * step for i in range(int(days * DAY / step)))
    return [at + rng.uniform(30, 50) for at in steps if not rests(datetime.fromtimestamp(at, zone))]


def told(times: list[float], end: float, days: float = 60) -> list[float]:
    """Return when alerts opened after some days of learning."""
    return [a.opened for a in replay([Arrival(at) for at in times], SHARE, FIRST + days * DAY, end)]


@pytest.mark.parametrize("step", [10 * MINUTE, HOUR])
@pytest.mark.parametrize("rests", [afternoon, night, weekend])
def test_a_rest_is_none_to_be_told_and_hides_no_outage(
    rests: Callable[[datetime], bool], step: float
) -> None:
    times = coming(step, 75, rests)
    assert told(times, times[-1]) == []
    gone = datetime(2026, 4, 8, 10, tzinfo=BERLIN).timestamp()
    without = [at for at in times if not gone <= at < gone + 6 * HOUR]
    opened = told(without, times[-1])
    assert len(opened) == 1
    assert gone <= opened[0] <= gone + 0.75 * step


@pytest.mark.parametrize("step", [5 * MINUTE, 15 * MINUTE])
def test_a_rest_moves_with_the_clock_it_is_on(step: float) -> None:
    """In the week after a change nobody knows whose clock it is; from the next on it is known."""
    before, after = coming(step, 54, afternoon), coming(step, 70, afternoon)
    zones = [
        {each.zone for each in pauses.openings}
        if (pauses := learn_pauses(times[-int(42 * DAY / step) :], step))
        else set()
        for times in (before, after)
    ]
    assert {"UTC", "Europe/Berlin"} <= zones[0] | {"UTC"}
    assert zones[1] == {"Europe/Berlin"}


def office(at: datetime) -> bool:
    """Tell whether an exchange is closed, from half past five in the evening to nine and on weekends."""
    return at.weekday() > 4 or not (9, 0) <= (at.hour, at.minute) < (17, 30)


def few_hours(at: datetime) -> bool:
    """Tell whether it is not between eight and eleven of a weekday."""
    return at.weekday() > 4 or not 8 <= at.hour < 11


@pytest.mark.parametrize("rests", [office, few_hours, night])
@pytest.mark.parametrize("step", [5 * MINUTE, 15 * MINUTE])
def test_a_rest_is_known_in_all_weeks_after_its_clock_changed(
    rests: Callable[[datetime], bool], step: float
) -> None:
    """By UTC the hours at either end of the day are half filled then, which is no reason to know of no rest."""
    for week in range(1, 6):
        days = 55 + 7 * week
        times = [at for at in coming(step, days, rests) if at >= FIRST + (days - 42) * DAY]
        pauses = learn_pauses(times, step)
        assert pauses is not None, week
        is_known = [each.zone for each in pauses.openings] == ["Europe/Berlin"]
        assert is_known or week == 1


@pytest.mark.parametrize("weeks", [2, 3])
def test_a_rest_is_known_after_three_weeks_and_a_night_after_three_days(weeks: int) -> None:
    found = learn_pauses(coming(10 * MINUTE, 7 * weeks, afternoon, ZoneInfo("UTC")), 10 * MINUTE)
    assert found is not None
    assert (found.share < 1) is (weeks == 3)
    young = learn_pauses(coming(10 * MINUTE, 4, night, ZoneInfo("UTC")), 10 * MINUTE)
    assert young is not None
    assert young.share == pytest.approx(15 / 24, abs=0.01)


def test_what_comes_all_the_time_never_rests_and_outages_are_no_rests() -> None:
    times = coming(10 * MINUTE, 42, lambda _: False)
    found = learn_pauses(times, 10 * MINUTE)
    assert found is not None
    assert found.share == 1
    twice = [
        at for at in times if not any(FIRST + day * DAY < at < FIRST + (day + 0.2) * DAY for day in (20, 27))
    ]
    assert learn_pauses(twice, 10 * MINUTE) == found


def test_outages_that_recur_widen_no_limit_of_a_rhythm() -> None:
    """Less than one a week: more are a habit."""
    rng = draws(3)
    times = coming(10 * MINUTE, 42, lambda _: False)
    begins = [FIRST + (day + rng.random() / 2) * DAY for day in range(2, 42, 8)]
    kept = [at for at in times if not any(begin < at < begin + 4 * HOUR for begin in begins)]
    found = fit_silence(kept, SHARE, {})
    assert found is not None
    assert found.limit < 15 * MINUTE


@pytest.mark.parametrize(
    ("on_fridays", "from_hours", "to_hours"),
    [(0, 1, 2), (2, 1, 2), (3, 1, 2), (4, 2, 30), (5, 30, 32), (6, 30, 32)],
)
def test_outages_that_fall_on_one_weekday_by_chance_widen_no_limit(
    on_fridays: int, from_hours: float, to_hours: float
) -> None:
    """Six in six weeks, a bad season; on four Fridays they may be the table's own, on five they are its rests."""
    fridays = [4 + 7 * week for week in range(6)][:on_fridays]
    others = [1, 9, 17, 20, 31, 36][on_fridays:]
    begins = [FIRST + day * DAY + 5 * HOUR for day in (*fridays, *others)]
    times = coming(HOUR, 42, lambda _: False)
    kept = [at for at in times if not any(begin < at < begin + 30 * HOUR for begin in begins)]
    found = fit_silence(kept, SHARE, {})
    assert found is not None
    friday = FIRST + 46 * DAY + 5 * HOUR
    assert from_hours * HOUR < found.due(friday) - friday < to_hours * HOUR


@pytest.mark.parametrize("cut", [0.0, 300.0])
def test_time_that_is_open_is_counted_there_and_back(cut: float) -> None:
    opening = Opening("Europe/Berlin", 600.0, cut, frozenset(range(30, 900)) - {100, 101})
    begin = FIRST + 3 * DAY
    for wanted in (1.0, 599.0, 600.0, 12_345.0, 5 * DAY, 868 * 600.0, 868 * 600.0 + 1, 3 * WEEK):
        until = opening.after(begin, wanted)
        assert opening.between(begin, until) == pytest.approx(wanted, abs=1e-3)
        assert opening.between(begin, until - 1) < wanted


ALL = frozenset(range(1008))
NIGHTS = frozenset(slot for slot in range(1008) if 36 <= slot % 144 < 126)


@pytest.mark.parametrize(
    "slots", [ALL, NIGHTS, ALL - {0, 1007}, ALL - {500}, frozenset({0}), frozenset({1007})]
)
@pytest.mark.parametrize(
    "zones", [("UTC",), ("Europe/Berlin",), ("UTC", "America/New_York", "Australia/Sydney")]
)
@pytest.mark.parametrize(
    "month", [3, 10]
)  # clocks go ahead in one, and back in the other; in Sydney in April
def test_all_gaps_are_what_is_between_each_two(
    month: int, zones: tuple[str, ...], slots: frozenset[int]
) -> None:
    begin = datetime(2026, month, 2, tzinfo=UTC).timestamp()
    rng = draws(month)
    steps = [0.0, 60.0, 300.0, 600.0, 4 * HOUR, 9 * DAY]  # on the slots' bounds, and with what is at once
    times = [begin]
    while times[-1] < begin + 45 * DAY:
        times.append(times[-1] + rng.choice(steps[:-1] if rng.random() < 0.99 else steps))
    for cut in (0.0, 300.0):
        pauses = Pauses(tuple(Opening(zone, 600.0, cut, slots) for zone in zones))
        for known in (times, times[::7], times[:2], times[:1], []):
            each = [pauses.between(a, b) for a, b in pairwise(known)]
            assert pauses.gaps(known) == each


def test_an_hour_that_clocks_skip_or_show_twice_counts_as_they_show_it() -> None:
    always = Pauses((Opening("Europe/Berlin", 600.0, 0.0, ALL),))
    for changed, shown in (
        (datetime(2026, 3, 29, 1, tzinfo=UTC), 3.0),
        (datetime(2026, 10, 25, 1, tzinfo=UTC), 1.0),
    ):
        at = changed.timestamp()
        assert always.gaps([at - 3 * HOUR, at - HOUR, at + HOUR, at + 3 * HOUR]) == [
            2 * HOUR,
            shown * HOUR,
            2 * HOUR,
        ]


@pytest.mark.parametrize("unit", [5 * MINUTE, 10 * MINUTE, HOUR])
@pytest.mark.parametrize("days", [0.01, 0.5, 6.9, 7, 7.1, 20, 42, 70])
def test_what_each_slot_held_is_known_of_any_number_of_days(days: float, unit: float) -> None:
    """Those in which something came are open; those before the first are not known, so open."""
    times = [FIRST + place * unit for place in range(max(1, int(days * DAY / unit)))]
    found = learn_pauses(times, unit)
    assert found is not None
    assert found.share == 1
    assert len(found.openings[0].slots) == WEEK // unit


WINTER = datetime(2025, 11, 24, tzinfo=UTC).timestamp()  # a Monday
PLACES = {"GB-ENG": "Europe/London", "DE": "Europe/Berlin", "CA-ON": "America/Toronto", "IT": "Europe/Rome"}


def in_winter(place: str, step: float, days: int = 82) -> list[float]:
    """Return when a table comes in the hours of an exchange that keeps the holidays of a place."""
    zone, rng = ZoneInfo(PLACES[place]), draws(days)
    steps = [WINTER + i * step for i in range(int(days * DAY / step))]
    works = [at for at in steps if not office(datetime.fromtimestamp(at, zone))]
    return [at + rng.uniform(30, 50) for at in works if not is_holiday((place, 0), at // DAY * DAY)]


@pytest.mark.parametrize(
    ("place", "step"), [("GB-ENG", 5 * MINUTE), *((each, 15 * MINUTE) for each in PLACES)]
)
def test_the_holidays_of_christmas_leave_rests_known_for_the_weeks_in_which_they_count(
    place: str, step: float
) -> None:
    """Three of thirty days without any were too many to be believed hours of work, and a silence had to last days."""
    times = in_winter(place, step)
    begin = WINTER + 40 * DAY
    alerts = list(replay([Arrival(at) for at in times], SHARE, begin, times[-1]))
    assert alerts == []
    for day in (45, 58, 73):  # a Thursday, a Wednesday, a Thursday
        at = WINTER + day * DAY + 15.5 * HOUR
        without = [each for each in times if not at <= each < at + HOUR]
        told_at = [a.opened for a in replay([Arrival(each) for each in without], SHARE, begin, times[-1])]
        assert len(told_at) == 1
        assert at <= told_at[0] <= at + 0.75 * step


def test_a_holiday_tells_nothing_only_as_far_as_nothing_came_on_it() -> None:
    gone = datetime(2026, 1, 8, tzinfo=UTC).timestamp()  # a day's outage is within what is borne beside
    times = [
        at
        for at in in_winter("GB-ENG", 15 * MINUTE, 60)
        if at > WINTER + 18 * DAY and at // DAY * DAY != gone
    ]
    assert learn_pauses(times, 15 * MINUTE) is None, "without a calendar"
    known = learn_pauses(times, 15 * MINUTE, ("GB-ENG", 0))
    assert known is not None
    work = WINTER + 21 * DAY + 8 * HOUR
    assert known.between(work, work + WEEK) == pytest.approx(5 * 8.5 * HOUR)
    # On all three of them some came in the morning, so the rest of these days is known, and was missed.
    holidays = [
        datetime(*day, 9, tzinfo=UTC).timestamp() for day in ((2025, 12, 25), (2025, 12, 26), (2026, 1, 1))
    ]
    assert learn_pauses(sorted([*times, *holidays]), 15 * MINUTE, ("GB-ENG", 0)) is None
