"""A whole whose parts are due at times of their own: each part by its own, the whole with the last of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.schedule.calendars import Calendar
from checks.schedule.deadlines import Deadline, parse_times
from checks.schedule.due import Schedule, together
from checks.schedule.periods import back_from, parse_every
from tests.support.times import BERLIN, HOUR, NEW_YORK, SECOND, UTC_ZONE, at

WEEKDAYS = Calendar("weekdays", frozenset({5, 6}))
NEVER = Calendar("never", frozenset(range(7)))


def schedule(every: str = "1d", due: str | None = None, **values: object) -> Schedule:
    zone = values.pop("zone", UTC_ZONE)
    deadline = Deadline(parse_times(due), zone) if due is not None else None  # type: ignore[arg-type]
    stated = {
        "every": parse_every(every),
        "labels": UTC_ZONE,
        "zone": zone,
        "deadline": deadline,
        "after": HOUR,
        "lookback": 3,
    }
    return Schedule(**{**stated, **values})  # type: ignore[arg-type]


EU, US = schedule(due="06:00", zone=BERLIN), schedule(due="14:00", zone=NEW_YORK)
WHOLE = together(EU, [EU, US])


@pytest.mark.parametrize(("now", "whole", "of_any"), [
    ("2026-11-22 04:59:59", "2026-11-20", "2026-11-20"),
    ("2026-11-22 05:00:00", "2026-11-20", "2026-11-21"),
    ("2026-11-22 05:00:01", "2026-11-20", "2026-11-21"),
    ("2026-11-22 18:59:59", "2026-11-20", "2026-11-21"),
    ("2026-11-22 19:00:00", "2026-11-21", "2026-11-21"),
    ("2026-11-22 19:00:01", "2026-11-21", "2026-11-21"),
])  # fmt: skip
def test_the_whole_is_due_with_its_last_part(now: str, whole: str, of_any: str) -> None:
    assert WHOLE.due(at(now))[0].period.label == whole
    assert WHOLE.due_of_any(at(now))[0].period.label == of_any
    assert len(WHOLE.due(at(now))) == 3


def test_what_comes_next_is_the_next_of_any_part() -> None:
    following = [
        WHOLE.next_due(at(now)) for now in ("2026-11-22 04:59", "2026-11-22 05:00", "2026-11-22 19:00")
    ]
    assert [(each.period.label, each.due_at) for each in following if each is not None] == [
        ("2026-11-21", at("2026-11-22 05:00")),
        ("2026-11-21", at("2026-11-22 19:00")),
        ("2026-11-22", at("2026-11-23 05:00")),
    ]


def test_parts_that_are_alike_are_no_parts() -> None:
    assert together(EU, [US, US]) == US
    assert together(EU, []) == EU
    assert WHOLE.parts == (EU, US)


def test_a_period_that_no_part_is_due_of_is_never_due() -> None:
    saturday = next(back_from(at("2026-11-21 12:00"), parse_every("1d"), UTC_ZONE))
    closed, open_ = replace(EU, calendar=WEEKDAYS), US
    assert together(EU, [closed, replace(US, calendar=WEEKDAYS)]).due_at(saturday) is None
    assert together(EU, [closed, replace(US, calendar=WEEKDAYS)]).never_due_because(saturday) == "Saturday"
    assert together(EU, [closed, open_]).due_at(saturday) == US.due_at(saturday)
    assert together(EU, [closed, open_]).never_due_because(saturday) is None
    assert together(EU, [replace(EU, calendar=NEVER), US]).can_come_due()
    assert not together(EU, [replace(EU, calendar=NEVER), replace(US, calendar=NEVER)]).can_come_due()


def test_the_whole_counts_since_the_first_of_its_parts() -> None:
    early, late = at("2026-11-18").date(), at("2026-11-20").date()
    assert together(EU, [replace(EU, since=early), replace(US, since=late)]).since == early
    assert together(EU, [replace(EU, since=early), US]).since is None


PARTS = st.lists(
    st.builds(
        lambda after, zone, calendar, lookback: schedule(
            after=timedelta(minutes=after), zone=zone, calendar=calendar, lookback=lookback
        ),
        st.integers(0, 4000),
        st.sampled_from([UTC_ZONE, BERLIN, NEW_YORK]),
        st.sampled_from([None, WEEKDAYS]),
        st.integers(1, 5),
    ),
    min_size=2,
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(parts=PARTS, hours=st.integers(0, 24 * 30), ago=st.none() | st.integers(1, 200))
def test_parts_and_whole_tell_the_same(parts: list[Schedule], hours: int, ago: int | None) -> None:
    """What any part tells to be due is of any; the whole is due of a period when the last of its parts is."""
    now = at("2026-10-20") + hours * HOUR
    back = now - ago * HOUR if ago is not None else None
    whole = together(parts[0], parts)
    of_any = {each.period.label: each.due_at for each in whole.due_of_any(now, reach_back_to=back)}
    by_part = [
        {each.period.label: each.due_at for each in part.due(now, reach_back_to=back)} for part in parts
    ]
    assert of_any == {
        label: min(due[label] for due in by_part if label in due) for label in set().union(*by_part)
    }
    for period in islice(back_from(now, whole.every, whole.labels), 20):
        times = [due_at for part in parts if (due_at := part.due_at(period)) is not None]
        assert whole.due_at(period) == max(times, default=None)
    for each in whole.due(now):
        assert each.due_at <= now < each.due_at + timedelta(days=40)
        assert whole.due_at(each.period) == each.due_at
        assert each in whole.due(each.due_at)
        assert each not in whole.due(each.due_at - SECOND)
