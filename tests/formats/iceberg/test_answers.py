"""Iceberg tables whose metadata file is that of an earlier run cost no request, for a time and for the same checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import State, TableRecord
from checks.config.keys import MAX_AGE_OF_ANSWER
from checks.history.document import from_text, to_text
from checks.lake.estimate import estimate
from checks.lake.formats import iceberg
from checks.lake.plain.earlier_answers import limit_of
from checks.model import Arrival, Format, Listing, LogAnswer, ProblemKind, Status, TableMemory
from checks.rules.asking import (
    Clock,
)
from tests.support.rule_checks import after, judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    ObjectsInMemory,
    iceberg_metadata,
    observe,
    plan_of,
    put_metadata,
    snapshot,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Finding
    from checks.rules.base import TablePlan

FULL = {
    "added_records": 3, "added_data_files": 1, "total_records": 9, "total_data_files": 2, "total_files_size": 900,
    "total_delete_files": 0,
}  # fmt: skip
FRESH: dict[str, Any] = {"freshness": {"max_age": "24h"}}
VOLUME: dict[str, Any] = {"volume": {"min_rows": 1}}


class Nights:
    """One table, looked at again and again, with what is remembered of it in between."""

    def __init__(self, *snapshots: dict[str, Any]) -> None:
        document = iceberg_metadata(*(snapshots or (snapshot(1, NOW - 3 * HOUR, "append", **FULL),)))
        self.objects, self.parameters = put_metadata(document)
        self.objects.modified = dict.fromkeys(self.objects.objects, NOW - 3 * HOUR)
        self.memory = TableMemory()

    def plan(self, **blocks: Any) -> TablePlan:
        """Return the plan of the table with what is remembered of it, as a config without further words makes it."""
        table = plan_of(Format.ICEBERG, parameters=self.parameters).table
        return replace(plan_by_config(table, self.memory, **blocks), max_age_of_answer=MAX_AGE_OF_ANSWER)

    def look(self, now: datetime = NOW, **blocks: Any) -> tuple[dict[str, Finding], int]:
        """Return what is found, and by how many GETs; it is remembered as the run's state is, through its document."""
        plan = self.plan(**(blocks or FRESH))
        seen = observe(iceberg.READER, plan, self.objects, now)
        self.memory = written(after(plan, seen))
        return judged(plan, seen, now), self.objects.counts[1]


def written(memory: TableMemory) -> TableMemory:
    state = State(tables={"a.b": TableRecord(matched_by="a.b", by_glob=False, memory=memory)})
    return from_text(to_text(state)).tables["a.b"].memory


def test_the_same_metadata_file_is_not_read_again() -> None:
    nights = Nights()
    first, gets = nights.look(**FRESH, **VOLUME)
    assert gets == 1
    again, gets = nights.look(NOW + HOUR, **FRESH, **VOLUME)
    assert gets == 0
    assert {name: f.status for name, f in again.items()} == {name: f.status for name, f in first.items()}
    assert again["freshness"].observed == NOW - 3 * HOUR
    assert again["volume"].because == first["volume"].because


def test_what_was_read_before_grows_old_as_what_is_read_now() -> None:
    for hours, status in ((21, Status.PASS), (21.01, Status.FAIL)):
        nights = Nights()
        nights.look()
        found, gets = nights.look(NOW + timedelta(hours=hours))
        assert (found["freshness"].status, gets) == (status, 0)


def test_another_file_is_read() -> None:
    nights = Nights()
    nights.look()
    newer = iceberg_metadata(
        snapshot(1, NOW - 3 * HOUR, "append", **FULL), snapshot(2, NOW, "append", 1, **FULL)
    )
    more, nights.parameters = put_metadata(newer, "v2.metadata.json")
    nights.objects.objects |= more.objects
    nights.objects.modified |= more.modified
    found, gets = nights.look(NOW + HOUR)
    assert (found["freshness"].observed, gets) == (NOW, 1)


def test_an_answer_stands_for_a_time_and_no_longer() -> None:
    pointer = f"s3://lake/{ROOT}metadata/v1.metadata.json"
    limit = limit_of("sales.orders", pointer, 7 * DAY)
    assert 3.5 * DAY <= limit <= 7 * DAY
    second = timedelta(seconds=1)
    for since, gets in ((limit - second, 0), (limit, 1), (limit + second, 1), (-second, 1)):
        nights = Nights()
        nights.look()
        assert nights.look(NOW + since)[1] == gets
    nights = Nights()
    nights.look()
    nights.look(NOW + limit / 2)
    assert nights.look(NOW + limit)[1] == 1  # its age counts from the look, however often it stood since


@pytest.mark.parametrize(
    ("then", "now", "gets"),
    [
        (FRESH, {**FRESH, **VOLUME}, 1),
        ({**FRESH, **VOLUME}, FRESH, 0),
        ({**FRESH, "volume": {"min_bytes": "1B"}}, {**FRESH, **VOLUME}, 1),
        ({**FRESH, **VOLUME}, {**FRESH, "volume": {"min_bytes": "1B"}}, 0),
        (FRESH, {"freshness": {"max_age": "24h", "count": "changes"}}, 1),
        (FRESH, {**FRESH, "files": "on"}, 2),
        (FRESH, {"events": {"column": "ts", "max_age": "24h"}}, 1),
        ({**FRESH, "files": "on"}, {**FRESH, "files": "on"}, 2),
    ],
)
def test_only_what_was_asked_then_is_answered(then: dict[str, Any], now: dict[str, Any], gets: int) -> None:
    nights = Nights()
    nights.look(**then)
    assert nights.look(NOW + HOUR, **now)[1] == gets


def test_a_pass_that_was_not_looked_into_then_is_looked_into_now() -> None:
    """With a longer limit a table would pass by a time that nobody held against a file."""
    nights = Nights(
        snapshot(1, NOW - 30 * HOUR, "append", **FULL), snapshot(2, NOW - HOUR, "replace", parent=1, **FULL)
    )
    nights.objects.modified = dict.fromkeys(nights.objects.objects, NOW - HOUR)
    nights.objects.put(f"{ROOT}metadata/snap-1.avro", b"Obj", NOW - 90 * HOUR)
    found, gets = nights.look()
    assert (found["freshness"].status, gets) == (Status.FAIL, 1)
    assert nights.look(NOW + HOUR)[1] == 0
    found, gets = nights.look(NOW + HOUR, freshness={"max_age": "48h"})
    assert (found["freshness"].status, found["freshness"].observed, gets) == (Status.FAIL, NOW - 90 * HOUR, 2)


def test_a_table_that_was_never_loaded_is_known_to_be_so() -> None:
    nights = Nights()
    nights.objects, nights.parameters = put_metadata(iceberg_metadata())
    first, gets = nights.look(**FRESH, **VOLUME)
    again, none = nights.look(**FRESH, **VOLUME)
    assert (gets, none) == (1, 0)
    assert {name: f.because for name, f in again.items()} == {name: f.because for name, f in first.items()}


def test_what_could_not_be_read_is_no_answer_and_takes_none_away() -> None:
    nights = Nights()
    nights.look()
    kept = nights.memory.log_answer
    assert kept is not None
    pointer, nights.objects = nights.parameters["metadata_location"], ObjectsInMemory()
    nights.parameters = {**nights.parameters, "metadata_location": pointer.replace("v1", "v2")}
    found, _ = nights.look()
    assert found["freshness"].problem is ProblemKind.NOT_FOUND
    assert nights.memory.log_answer == kept
    nights.parameters["metadata_location"] = pointer
    assert nights.look()[1] == 0


@pytest.mark.parametrize("age", ["off", "1h"])
def test_the_config_says_for_how_long(age: str) -> None:
    nights = Nights()
    plan = replace(nights.plan(**FRESH), max_age_of_answer=timedelta(0) if age == "off" else HOUR)
    memory = after(plan, observe(iceberg.READER, plan, nights.objects))
    observe(iceberg.READER, replace(plan, memory=memory), nights.objects, NOW + HOUR)
    assert nights.objects.counts == (0, 1)
    assert (memory.log_answer is None) is (age == "off")


def test_a_stated_now_of_before_is_answered_by_a_look() -> None:
    nights = Nights()
    nights.look()
    plan = nights.plan(**FRESH)
    seen = observe(iceberg.READER, plan, nights.objects, NOW - HOUR, ignore_later=True)
    assert nights.objects.counts == (0, 1)
    assert seen.log_answer is None  # and leaves none


def test_a_plan_says_that_it_costs_nothing() -> None:
    nights = Nights()
    assert estimate(nights.plan(**FRESH), Clock(now=NOW)).count == 1
    nights.look()
    told = estimate(nights.plan(**FRESH), Clock(now=NOW + HOUR))
    assert (told.count, told.way) == (0, "Iceberg log, read before")


NUMBERS = st.none() | st.integers(0, 10**15)
MOMENTS = st.integers(0, 10**6).map(lambda minutes: NOW - minutes * timedelta(minutes=1))
LISTINGS = st.builds(
    Listing,
    objects=st.integers(0, 10**9),
    size_bytes=st.integers(0, 10**15),
    empty_objects=st.integers(0, 10),
    rows=NUMBERS,
    rows_unknown=st.text(max_size=20),
)
ANSWERS = st.builds(
    LogAnswer,
    pointer=st.text(max_size=30),
    seen_at=MOMENTS,
    asked=st.lists(st.sampled_from(["arrivals", "whole", "rows"]), unique=True).map(tuple),
    newest=st.none() | st.builds(Arrival, MOMENTS, st.text(max_size=20), st.booleans()),
    is_sure=st.booleans(),
    whole=st.none() | LISTINGS,
)


@given(st.none() | ANSWERS)
def test_the_document_gives_back_what_was_written(answer: LogAnswer | None) -> None:
    assert written(TableMemory(log_answer=answer)).log_answer == answer
