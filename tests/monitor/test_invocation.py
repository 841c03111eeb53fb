"""What events ask for, and which of them are refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.monitor.invocation import Asked, UnreadableEvent, read_event, refusal
from tests.support.times import DAY, HOUR, SECOND, at

NOW = at("2026-11-23 00:00")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("event", "asked"),
    [
        (None, Asked()),
        ({}, Asked()),
        ({"time": None, "id": None, "tables": None, "send": None}, Asked()),
        ({"time": "2026-11-23T00:00:00Z", "id": "e-1"}, Asked(time=NOW, id="e-1")),
        ({"time": " 2026-11-23T01:00:00+01:00 "}, Asked(time=NOW)),
        ({"time": "2026-11-23T00:00:00"}, Asked(time=NOW)),
        ({"time": "2026-11-23"}, Asked(time=NOW)),
        ({"id": 17}, Asked(id="17")),
        ({"id": ""}, Asked()),
        ({"tables": "sales.*"}, Asked(only=("sales.*",))),
        ({"tables": [" sales.*", "web.clicks"]}, Asked(only=("sales.*", "web.clicks"))),
        ({"tables": []}, Asked()),
        ({"send": False}, Asked(send=False)),
        ({"send": True}, Asked()),
    ],
)
def test_what_an_event_asks_for(event: Any, asked: Asked) -> None:
    assert read_event(event) == asked


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ([], r"The event is \[\]; write an object, such as {} or {\"tables\": \[\"sales\.\*\"\]}\."),
        ("run", "The event is 'run'; write an object"),
        (5, "The event is 5; write an object"),
        (
            {"time": "<aws.scheduler.scheduled-time>"},
            "The event's time is '<aws.scheduler.scheduled-time>', which is no time: a placeholder that whoever sent",
        ),
        ({"time": "${time}"}, "a placeholder"),
        ({"time": ""}, "The event's time is '', which is no time; write ISO 8601"),
        ({"time": "yesterday"}, "'yesterday', which is no time; write"),
        ({"time": "2026-13-01T00:00:00Z"}, "which is no time"),
        ({"time": 1_795_392_000}, "The event's time is 1795392000, which is no time"),
        ({"time": 0}, "The event's time is 0, which is no time"),
        ({"time": False}, "The event's time is False, which is no time"),
        ({"time": ["2026-11-23"]}, r"The event's time is \['2026-11-23'\], which is no time"),
        ({"time": {}}, "The event's time is {}, which is no time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "which is no time"),
        ({"id": {"a": 1}}, "The event's id is {'a': 1}; write text"),
        ({"id": ["e"]}, "The event's id is"),
        ({"id": True}, "The event's id is True"),
        ({"tables": {"sales": 1}}, r"The event's tables are {'sales': 1}; write a list of names and globs"),
        ({"tables": {}}, "The event's tables are {}"),
        ({"tables": 5}, "The event's tables are 5"),
        ({"tables": [5]}, r"The event's tables are \[5\]"),
        ({"tables": ""}, "The event's tables are ''"),
        ({"tables": ["sales.*", " "]}, "The event's tables are"),
        ({"send": "false"}, "The event's send is 'false'; write true or false"),
        ({"send": 0}, "The event's send is 0"),
        ({"time": "x" * 1000}, r"'x{79}\.\.\. \(of the type str\), which is no time"),
    ],
)
def test_what_asks_for_nothing_that_can_be_done_is_told_in_a_sentence(event: Any, said: str) -> None:
    with pytest.raises(UnreadableEvent, match=said):
        read_event(event)


def test_an_id_of_any_length_is_one_of_its_own() -> None:
    ids = {read_event({"id": text}).id for text in ("x" * 200, "x" * 201, "x" * 100_000, "\ud800" * 300)}
    assert len(ids) == 4
    assert "x" * 200 in ids
    assert max(len(each or "") for each in ids) == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(), one, max_size=3),
    max_leaves=8,
)


@given(
    JSON | st.fixed_dictionaries({}, optional={"time": JSON, "id": JSON, "tables": JSON, "send": JSON}),
)
def test_an_event_of_any_shape_is_read_or_told(event: Any) -> None:
    said = ""
    try:
        read_event(event)
    except UnreadableEvent as error:
        said = str(error)
    assert said.isascii()
    assert len(said) < 400


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (NOW + 10 * MINUTE - SECOND, None),
        (NOW + 10 * MINUTE, None),
        (NOW + 10 * MINUTE + SECOND, "more than 10 minutes ahead of the clock (2026-11-23T00:00:00Z)"),
        (NOW - DAY + SECOND, None),
        (NOW - DAY, None),
        (NOW - DAY - SECOND, "more than 24 h before the clock (2026-11-23T00:00:00Z)"),
        (at("1970-01-01 00:00"), "the event's time is 1970-01-01T00:00:00Z, more than 24 h before"),
    ],
)
def test_an_event_of_long_ago_or_of_the_future_is_refused(time: Any, said: str | None) -> None:
    told = refusal(time, NOW)
    assert (told is None) if said is None else (told is not None and said in told)


@pytest.mark.parametrize(
    ("seconds", "is_refused"),
    [(-1, True), (0, False), (1, False)],
)
def test_an_event_older_than_the_last_completed_run_is_refused(seconds: int, *, is_refused: bool) -> None:
    last = NOW - 2 * HOUR
    told = refusal(last + seconds * SECOND, NOW, last)
    assert (told is not None) is is_refused
    if told is not None:
        assert told.startswith("refused: ")
        assert "before that of the last completed run (2026-11-22T22:00:00Z)" in told


@pytest.mark.parametrize(("seconds", "is_refused"), [(0, True), (1, False)])
def test_a_last_run_that_lies_far_ahead_of_the_clock_is_no_measure(seconds: int, *, is_refused: bool) -> None:
    last = NOW + 10 * MINUTE + seconds * SECOND
    assert (refusal(NOW, NOW, last) is not None) is is_refused
