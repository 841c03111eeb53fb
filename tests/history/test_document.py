"""The state's document: what is written is read again, and anything else is refused with a reason."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import ItemTold, RouteTold, State, TableRecord, Told, Well
from checks.history.document import from_text, to_text
from checks.model import ItemState, Severity, Status, TableMemory
from tests.support.report_cases import ALL, NOW, state_after

STATE = replace(
    state_after(ALL, now=NOW), events={"event": NOW}, name="prod", config_at="/home/team/checks.yml"
)
GOOD = to_text(STATE)
INSTANTS = st.datetimes(
    timezones=st.just(UTC), min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1)
)
WELL = st.just(Well()) | st.builds(Well, st.integers(1, 99), INSTANTS)
ITEMS = st.builds(
    ItemTold,
    state=st.sampled_from(ItemState),
    severity=st.none() | st.sampled_from(Severity),
    since=INSTANTS,
    told_at=INSTANTS,
    well=WELL,
)
TOLD = st.builds(
    Told,
    table=st.text(),
    check=st.text(),
    status=st.sampled_from(Status),
    because=st.text(),
    since=INSTANTS,
    told_at=INSTANTS,
    severity=st.none() | st.sampled_from(Severity),
    owner=st.none() | st.text(),
    silenced=st.booleans(),
    whole_table=st.booleans(),
    unchecked=st.booleans(),
    items=st.dictionaries(st.text(), ITEMS, max_size=3),
    well=WELL,
)


def _route(told: list[Told], untold: list[str], days: tuple[date | None, ...]) -> RouteTold:
    by_id: dict[str, Told | None] = {one.id: one for one in told}
    return RouteTold(
        told={**dict.fromkeys(untold), **by_id},
        full_report=bool(days),
        last_full_report_on=days[0] if days else None,
    )


DAYS = st.none() | st.dates(date(1990, 1, 1))
ROUTES = st.builds(
    _route,
    st.lists(TOLD, max_size=2),
    st.lists(st.text(), max_size=2),
    st.lists(DAYS, max_size=1).map(tuple),
)
LAYOUTS = st.none() | st.dictionaries(st.text(), st.text() | st.integers() | st.lists(st.text()), max_size=3)
RECORDS = st.builds(
    TableRecord,
    matched_by=st.text(),
    by_glob=st.booleans(),
    memory=st.builds(
        TableMemory,
        first_period_at=st.none() | INSTANTS,
        first_seen=st.dictionaries(st.text(), INSTANTS, max_size=3),
        layout=LAYOUTS,
    ),
)
STATES = st.builds(
    State,
    name=st.text(),
    run_id=st.text(),
    last_completed_at=st.none() | INSTANTS,
    last_full_report_on=st.none() | st.dates(date(1990, 1, 1)),
    told=st.lists(TOLD, max_size=3).map(lambda told: {one.id: one for one in told}),
    tables=st.dictionaries(st.text(), RECORDS, max_size=3),
    config_at=st.text(),
    events=st.dictionaries(st.text(), INSTANTS, max_size=3),
    left_out=st.lists(st.text(), max_size=2).map(tuple),
    routes=st.dictionaries(st.text(), ROUTES, max_size=2),
)


@given(STATES)
def test_a_state_survives_its_document(state: State) -> None:
    text = to_text(state)
    assert from_text(text) == state
    assert to_text(from_text(text.encode())) == text


@given(STATES, st.data())
def test_no_part_of_a_document_passes_for_a_whole_one(state: State, data: st.DataObject) -> None:
    text = to_text(state).rstrip()
    end = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(ValueError, match="it is not whole JSON"):
        from_text(text[:end])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: st.lists(one) | st.dictionaries(st.text(), one),
    )
)
def test_any_other_document_is_refused_with_a_reason(document: Any) -> None:
    with pytest.raises(ValueError, match="it is some other document"):
        from_text(json.dumps(document))


@given(
    st.sampled_from(sorted(json.loads(GOOD))),
    st.none() | st.integers() | st.text() | st.lists(st.integers(), min_size=1),
)
def test_any_wrong_field_is_refused_with_a_reason(field: str, value: Any) -> None:
    document = json.loads(GOOD)
    if value is None and field in ("last_completed_at", "last_full_report_on"):
        return
    if isinstance(value, str) and field in ("name", "run_id", "config_at"):
        return
    if document[field] == value:
        return
    document[field] = value
    with pytest.raises(ValueError, match=r"^(it is|a field is|it has version) "):
        from_text(json.dumps(document))
