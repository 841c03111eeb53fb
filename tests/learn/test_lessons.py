"""Lessons: what was expected, missed or is a new normal changes the limits of looks, and nothing that is kept."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.learn import Asked, Kept, Lesson, LessonKind, Lessons, Look, fresh_since, look
from checks.learn.lessons import Pause, is_common_holiday

HOUR, DAY = 3600, 86400
START = 1_785_715_200  # Mon 3 Aug 2026 00:00 UTC
ASKED = Asked(1.0)
EXPECTED, MISSED, NORMAL = LessonKind.EXPECTED, LessonKind.MISSED, LessonKind.NEW_NORMAL


def daily(days: int, hour: float = 5.2, seed: int = 7) -> list[int]:
    chance = random.Random(seed)  # noqa: S311 - the same each time
    return [int(START + day * DAY + hour * HOUR + chance.randrange(1800)) for day in range(days)]


def every(seconds: int, days: int, seed: int = 7) -> list[int]:
    chance = random.Random(seed)  # noqa: S311 - the same
    return [START + at + chance.randrange(seconds // 6 + 1) for at in range(0, days * DAY, seconds)]


def monthly(months: int) -> list[int]:
    return [int(datetime(2025 + m // 12, m % 12 + 1, 3, 9, tzinfo=UTC).timestamp()) for m in range(months)]


def without(times: list[int], begin: float, end: float) -> list[int]:
    return [at for at in times if not begin < at < end]


def said(kind: LessonKind, at: float) -> Lessons:
    return Lessons((Lesson(kind, at, "a"),))


def seen(times: list[int], now: float, lessons: Lessons | None = None, asked: Asked = ASKED) -> Look:
    """Return what a first look says, which learns from all that came by then."""
    return look(None, times, now, asked, lessons=lessons or Lessons())


HABITS = st.sampled_from([daily(50), every(HOUR, 30), every(900, 20), monthly(20), daily(5), []])
LESSONS = st.lists(
    st.builds(
        Lesson,
        st.sampled_from(LessonKind),
        st.integers(START - 2 * DAY, START + 55 * DAY).map(float),
        st.sampled_from("abc"),
    ),
    max_size=5,
).map(lambda many: Lessons(tuple(many)))


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[int], float]:
    """Draw a table's arrivals with a gap or two, and the time of a look."""
    times = draw(HABITS)
    for _ in range(draw(st.integers(0, 2))):
        begin = draw(st.integers(START, START + 50 * DAY))
        times = without(times, begin, begin + draw(st.integers(HOUR, 3 * DAY)))
    end = times[-1] if times else START
    return times, float(draw(st.integers(START + DAY, max(START + DAY, end) + 3 * DAY)))


@pytest.mark.slow
@given(tables(), LESSONS)
@settings(max_examples=60)
def test_what_is_kept_is_the_same_whatever_was_said(table: tuple[list[int], float], lessons: Lessons) -> None:
    """So a lesson that is taken back is as if it had never been, however many looks went by it."""
    times, now = table
    plain: Kept | None = None
    taught: Kept | None = None
    for at in (now - 2 * DAY, now - DAY, now):
        plain = look(plain, times, at, ASKED).kept
        taught = look(taught, times, at, ASKED, lessons=lessons).kept
        assert taught == plain
    assert look(taught, times, now + DAY, ASKED) == look(plain, times, now + DAY, ASKED)


@given(tables(), LESSONS)
@settings(max_examples=60)
def test_a_lesson_of_later_changes_no_earlier_look(table: tuple[list[int], float], lessons: Lessons) -> None:
    times, now = table
    later = Lessons(tuple(each for each in lessons.said if each.at > now))
    assert seen(times, now, later) == seen(times, now)
    # What comes after a look says nothing of the silence that a lesson is of.
    assert seen(times, now, lessons) == seen([at for at in times if at <= now], now, lessons)


@given(tables(), LESSONS)
@settings(max_examples=60)
def test_what_was_missed_never_loosens(table: tuple[list[int], float], lessons: Lessons) -> None:
    times, now = table
    others = Lessons(tuple(each for each in lessons.said if each.kind is not MISSED))
    with_it, without_it = seen(times, now, lessons), seen(times, now, others)
    assert (with_it.due is None) == (without_it.due is None)
    if with_it.due is not None and without_it.due is not None and with_it.is_open == without_it.is_open:
        assert with_it.due <= without_it.due
    assert with_it.is_open >= without_it.is_open


@given(tables(), LESSONS)
@settings(max_examples=60)
def test_what_was_expected_never_tightens(table: tuple[list[int], float], lessons: Lessons) -> None:
    times, now = table
    others = Lessons(tuple(each for each in lessons.said if each.kind is not EXPECTED))
    with_it, without_it = seen(times, now, lessons), seen(times, now, others)
    assert with_it.is_open <= without_it.is_open


@given(tables(), LESSONS)
@settings(max_examples=40)
def test_what_proves_a_table_fresh_before_it_is_read_does_so_after(
    table: tuple[list[int], float], lessons: Lessons
) -> None:
    times, now = table
    kept = look(None, times, now, ASKED).kept
    since = fresh_since(kept, now, ASKED, lessons)
    if since is not None and kept.rhythm.opened is None and kept.last is not None and kept.last >= since:
        assert not look(kept, times, now, ASKED, lessons=lessons).is_open


@pytest.mark.parametrize(
    ("times", "begin", "hours"),
    [
        (daily(60), 40.0, 29),  # five hours late on a Saturday
        (every(HOUR, 60), 42.1, 5),  # at night
        (every(300, 50), 42.5, 2),
        (every(300, 50), 42.5, 0.2),  # hardly longer than the limit
    ],
)
def test_one_mark_stops_the_repeat_of_that_alarm_and_no_later_one(
    times: list[int], begin: float, hours: float
) -> None:
    """The same silence a week later is told no more; one of twice the length is, and so is one of another day."""
    first = START + begin * DAY
    again = first + 7 * DAY
    times = without(times, first, first + hours * HOUR)
    twice = without(times, again, again + hours * HOUR)
    end = next(at for at in twice if at >= again + hours * HOUR)
    opened = seen(without(times, again, 1e12), end - 1)
    assert opened.is_open, "it would be told without the mark"
    expected = said(EXPECTED, next(at for at in times if at >= first + hours * HOUR) - 60.0)
    found = seen(without(times, again, 1e12), end - 1, expected)
    assert (found.is_open, found.taught) == (False, ("a",))
    assert seen(twice, end + 60, expected).is_open is False
    assert found.due is not None
    assert opened.due is not None
    late = end - opened.due
    assert found.due - opened.due <= late * 1.3 + HOUR, "what lasts longer is told soon after"
    dead = without(times, again, 1e12)
    assert seen(dead, found.due + 1, expected).is_open
    other_day = again + 2.5 * DAY if hours > 12 else again + 8 * HOUR
    if hours > 1:  # a pause has its day and its time of day
        plain = seen(without(times, other_day, 1e12), other_day + DAY, Lessons())
        assert seen(without(times, other_day, 1e12), other_day + DAY, expected).due == plain.due


def test_a_silence_that_goes_on_teaches_nothing_yet() -> None:
    times = daily(40)
    now = times[-1] + 40 * HOUR
    found = seen(times, now, said(EXPECTED, now - HOUR))
    assert found.is_open
    assert found.taught == ()


@pytest.mark.parametrize(
    ("due", "late", "other", "is_alike"),
    [
        ("2026-11-18 09:00", 2, "2026-11-20 09:00", True),  # a short one: any working day
        ("2026-11-18 09:00", 2, "2026-11-21 09:00", False),
        ("2026-11-21 09:00", 2, "2026-11-22 09:00", True),  # a weekend
        ("2026-11-18 09:00", 13, "2026-11-20 09:00", False),  # a long one: its weekday
        ("2026-11-18 09:00", 13, "2026-11-25 09:00", True),
        ("2026-11-18 09:00", 13, "2026-12-18 09:00", True),  # or its day of the month
        ("2026-12-25 09:00", 13, "2027-01-01 09:00", True),  # holidays of most of the world
        ("2026-12-25 09:00", 13, "2027-01-08 09:00", False),  # a Friday like that one
        ("2026-12-25 09:00", 2, "2026-12-24 09:00", False),
    ],
)
def test_days_of_a_kind(due: str, late: float, other: str, *, is_alike: bool) -> None:
    first, second = (datetime.fromisoformat(f"{text}+00:00").timestamp() for text in (due, other))
    pause = Pause(first, late * HOUR, has_clock=False, any_day=False, calendar=None, zone=UTC)
    assert (pause.put_off(second) > second) is is_alike
    always = Pause(first, late * HOUR, has_clock=False, any_day=True, calendar=None, zone=UTC)
    assert always.put_off(second) == second + late * HOUR * 9 / 8


@pytest.mark.parametrize(
    ("other", "until"),
    [
        ("00:59", None),  # two hours from 01:00 on, as early as an hour before
        ("00:00", "02:15"),
        ("01:00", "03:15"),
        ("02:00", "03:15"),
        ("03:00", "03:15"),
        ("03:01", None),
    ],
)
def test_a_pause_has_its_time_of_day(other: str, until: str | None) -> None:
    zone = ZoneInfo("Europe/Berlin")

    def local(text: str, day: int) -> float:
        return datetime.fromisoformat(f"2026-11-{day} {text}").replace(tzinfo=zone).timestamp()

    pause = Pause(local("01:00", 18), 2 * HOUR, has_clock=True, any_day=False, calendar=None, zone=zone)
    due = local(other, 19)
    if until is None and other > "01:00":
        assert pause.put_off(due) == due
    elif until is not None:
        assert pause.put_off(due) == local(until, 19)
    else:
        assert pause.put_off(due) == due + 2 * HOUR * 9 / 8


@pytest.mark.parametrize(
    ("times", "hours"),
    [(daily(50), 25.5), (every(1800, 40), 0.58), (every(900, 40), 0.3), (monthly(20), 24 * 31 + 3)],
)
def test_what_was_missed_would_have_been_told_then_and_is_from_then_on(
    times: list[int], hours: float
) -> None:
    missed_at = times[-3] + hours * HOUR
    dead = times[:-2]
    assert not seen(dead, missed_at + 60).is_open
    told = seen(dead, missed_at + 60, said(MISSED, missed_at))
    assert told.is_open
    assert told.due is not None
    assert told.due <= missed_at
    assert told.taught == ("a",)
    # It is what a later silence is told by, too.
    came = [*dead, int(missed_at) + 300, times[-1]]
    later, plain = seen(came, times[-1] + 60, said(MISSED, missed_at)), seen(came, times[-1] + 60)
    assert later.due is not None
    assert plain.due is not None
    assert later.due < plain.due


def test_what_was_missed_is_told_at_an_hour_of_the_day_that_was_late_of_late() -> None:
    """Such an hour is told later, and by no silence, until somebody says that this was too long."""
    times = every(3 * HOUR, 40)
    noon = START + 36 * DAY + 12 * HOUR
    late = [at + 70 * 60 if noon <= at < noon + 3 * HOUR else at for at in times]
    dead = [at for at in late if at < START + 39 * DAY + 12 * HOUR]
    missed_at = START + 39 * DAY + 13.3 * HOUR
    assert not seen(dead, missed_at + 60).is_open
    assert seen(dead, missed_at + 60, said(MISSED, missed_at)).is_open


def test_what_was_missed_tightens_to_the_floor_and_no_farther() -> None:
    times = every(HOUR, 40)
    asked = Asked(1.0, floor=1.5 * HOUR)
    missed_at = times[-1] + 1.3 * HOUR
    lessons = said(MISSED, missed_at)
    assert not seen(times, times[-1] + 1.5 * HOUR, lessons, asked).is_open
    assert seen(times, times[-1] + 1.5 * HOUR + 1, lessons, asked).is_open


@pytest.mark.parametrize("hours", [0.1, 1.0])
def test_where_nothing_was_late_nothing_is_tightened(hours: float) -> None:
    times = daily(50)
    lessons = said(MISSED, times[-1] + hours * HOUR)
    now = times[-1] + 2 * HOUR
    assert seen(times, now, lessons) == seen(times, now)


@pytest.mark.slow
def test_nine_of_ten_days_stay_as_quiet_as_they_are_whatever_was_missed() -> None:
    times = every(HOUR, 60, seed=3)
    lessons = said(MISSED, times[800] + 1.02 * HOUR)
    days = {
        int(at // DAY)
        for at, after in zip(times[-400:], times[-399:], strict=False)
        if look(None, [t for t in times if t <= at], after - 1, ASKED, lessons=lessons).is_open
    }
    assert len(days) <= 4


def test_what_was_before_a_new_normal_teaches_no_more() -> None:
    hourly = every(HOUR, 40)
    since = START + 40 * DAY
    then = [int(since + day * DAY + 6 * HOUR) for day in range(20)]
    lessons = said(NORMAL, since)
    few = seen([*hourly, *then[:3]], then[2] + 60, lessons)
    assert (few.due, str(few.need)) == (None, "3 arrivals seen, 4 needed")
    whole = seen([*hourly, *then], then[-1] + 60, lessons)
    alone = seen(then, then[-1] + 60)
    assert (whole.due, whole.sentence, whole.sure) == (alone.due, alone.sentence, alone.sure)
    assert whole.taught == ("a",)
    # The newest of several holds, and one that lies ahead does not yet.
    both = Lessons((*lessons.said, Lesson(NORMAL, START, "b"), Lesson(NORMAL, since + 90 * DAY, "c")))
    assert seen([*hourly, *then], then[-1] + 60, both).due == alone.due


def test_a_new_normal_in_a_silence_knows_nothing() -> None:
    times = daily(40)
    found = seen(times, times[-1] + 3 * DAY, said(NORMAL, times[-1] + DAY))
    assert (found.due, found.is_open, str(found.need)) == (None, False, "0 arrivals seen, 8 needed")
    assert found.last == times[-1]


@pytest.mark.parametrize(
    ("day", "is_one"),
    [
        ("2026-12-25", True),
        ("2026-01-01", True),
        ("2026-05-01", True),
        ("2026-07-04", False),
        ("2026-10-03", False),
    ],
)
def test_common_holidays(day: str, *, is_one: bool) -> None:
    assert is_common_holiday(date.fromisoformat(day)) is is_one
