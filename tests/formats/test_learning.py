"""What is learned of tables with logs: all arrivals that the log tells, by as few requests as without learning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.changes import State, TableRecord
from checks.config.keys import MAX_AGE_OF_ANSWER
from checks.history.document import from_text, to_text
from checks.lake.formats import delta, hudi, iceberg
from checks.lake.formats.delta.walk import MOST_TO_LEARN
from checks.learn.looks import read
from checks.model import Format, Status, TableMemory
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.rule_checks import after, judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    ROOT,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    iceberg_metadata,
    observe,
    plan_of,
    put_metadata,
    snapshot,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from datetime import datetime

    from checks.model import Finding, Observation

START = at("2026-09-01 05:12")
AUTO: dict[str, Any] = {"freshness": "auto"}
AGE: dict[str, Any] = {"freshness": {"max_age": "36h"}}


class Looks:
    """Looks at one table, each with what the one before left, through the document that it is kept in."""

    def __init__(self, reader: Any, table_format: Format, **blocks: Any) -> None:
        self.reader, self.format, self.blocks = reader, table_format, blocks
        self.memory = TableMemory()
        self.seen: Observation

    def look(
        self, objects: ObjectsInMemory, now: datetime, parameters: dict[str, str] | None = None
    ) -> tuple[Finding, tuple[int, int]]:
        """Return the finding, and how many LISTs and GETs it took."""
        table = plan_of(self.format, parameters=parameters).table
        plan = plan_by_config(table, self.memory, **self.blocks)
        object.__setattr__(plan, "max_age_of_answer", MAX_AGE_OF_ANSWER)
        self.seen = observe(self.reader, plan, objects, now)
        finding = judged(plan, self.seen, now)["freshness"]
        record = TableRecord(matched_by="", by_glob=False, memory=after(plan, self.seen))
        self.memory = from_text(to_text(State(tables={"a.b": record}))).tables["a.b"].memory
        return finding, objects.counts

    @property
    def known(self) -> list[int]:
        """The arrivals that are kept, in seconds since 1970."""
        assert self.memory.arrivals is not None
        return list(read(self.memory.arrivals.times))


def seconds(*moments: datetime) -> list[int]:
    return [int(moment.timestamp()) for moment in moments]


def iceberg_table(days: int, oldest: int = 0) -> tuple[ObjectsInMemory, dict[str, str]]:
    """Return a table of a load a day, each followed by a compaction; snapshots before the oldest have expired."""
    found = []
    for day in range(oldest, days):
        came, number = START + day * DAY, 2 * day + 1
        found.append(snapshot(number, came, "append", number - 1 or None, added_records=3, total_records=9))
        found.append(snapshot(number + 1, came + HOUR, "replace", number, added_records=9, deleted_records=9))
    objects, parameters = put_metadata(iceberg_metadata(*found), f"v{days}.metadata.json")
    objects.modified = dict.fromkeys(objects.objects, START + (days - 1) * DAY + HOUR)
    for entry in found:
        key = entry["manifest-list"].removeprefix("s3://lake/")
        objects.put(key, b"x", START + (entry["snapshot-id"] - 1) // 2 * DAY)
    return objects, parameters


def test_an_iceberg_log_teaches_by_what_is_read_of_it_anyway() -> None:
    learning, plain = (
        Looks(iceberg.READER, Format.ICEBERG, **AUTO),
        Looks(iceberg.READER, Format.ICEBERG, **AGE),
    )
    days, (objects, parameters), now = 0, iceberg_table(1), START
    for days in range(60, 66):
        objects, parameters = iceberg_table(days, oldest=days - 40)
        now = START + (days - 1) * DAY + 6 * HOUR
        finding, asked = learning.look(objects, now, parameters)
        assert finding.status is Status.PASS
        assert asked == plain.look(objects, now, parameters)[1]
        assert learning.known == seconds(*(START + day * DAY for day in range(20, days)))
        assert learning.seen.arrivals_whole
    # The file is that of the run before: nothing is read, nothing is forgotten, and the deadline holds.
    assert learning.look(objects, now + HOUR, parameters)[1] == (0, 0)
    finding, asked = learning.look(objects, now + 2 * DAY, parameters)
    assert asked == (0, 0)
    assert finding.status is Status.FAIL
    assert finding.deadline == START + (days - 1) * DAY + DAY + 3 * HOUR


def test_a_log_that_was_read_before_learning_began_is_read_once_more() -> None:
    looks = Looks(iceberg.READER, Format.ICEBERG, **AGE)
    objects, parameters = iceberg_table(40)
    now = START + 39 * DAY + 6 * HOUR
    looks.look(objects, now, parameters)
    assert looks.look(objects, now, parameters)[1] == (0, 0)
    looks.blocks = AUTO
    finding, asked = looks.look(objects, now, parameters)
    assert asked[1] >= 1
    assert "as was learned" in finding.because
    assert looks.look(objects, now, parameters)[1] == (0, 0)


def test_where_snapshots_expired_between_looks_no_silence_is_made_of_it() -> None:
    looks = Looks(iceberg.READER, Format.ICEBERG, **AUTO)
    looks.look(*_at(iceberg_table(40)))
    objects, parameters = iceberg_table(60, oldest=55)
    finding, _ = looks.look(objects, START + 59 * DAY + 6 * HOUR, parameters)
    assert not looks.seen.arrivals_whole
    assert finding.status is Status.PASS


def _at(table: tuple[ObjectsInMemory, dict[str, str]]) -> tuple[ObjectsInMemory, datetime, dict[str, str]]:
    return table[0], START + 39 * DAY + 6 * HOUR, table[1]


def add_delta(objects: ObjectsInMemory, version: int, came: datetime, operation: str = "WRITE") -> None:
    data = delta_add(f"part-{version}.parquet", data_change=operation == "WRITE")
    objects.put(
        f"{ROOT}_delta_log/{version:020d}.json", delta_commit(data, at=came, operation=operation), came
    )


def test_a_delta_log_teaches_by_its_newest_commits_and_later_by_what_is_read_anyway() -> None:
    objects = ObjectsInMemory()
    for day in range(15):
        add_delta(objects, 2 * day, START + day * DAY)
        add_delta(objects, 2 * day + 1, START + day * DAY + HOUR, "OPTIMIZE")
    learning, plain = Looks(delta.READER, Format.DELTA, **AUTO), Looks(delta.READER, Format.DELTA, **AGE)
    now = START + 14 * DAY + 6 * HOUR
    first, without = learning.look(objects, now)[1], plain.look(objects, now)[1]
    assert first == (
        without[0],
        without[1] + 28,
    )  # each of 30 commits once, maintenance too, of which two are read anyway
    assert learning.known == seconds(*(START + day * DAY for day in range(15)))
    for day in range(15, 20):
        add_delta(objects, 2 * day, START + day * DAY)
        add_delta(objects, 2 * day + 1, START + day * DAY + HOUR, "OPTIMIZE")
        now = START + day * DAY + 6 * HOUR
        finding, asked = learning.look(objects, now)
        assert asked == plain.look(objects, now)[1]
        assert finding.status is Status.PASS
        assert learning.seen.arrivals_whole
    assert learning.known == seconds(*(START + day * DAY for day in range(20)))
    finding, _ = learning.look(objects, START + 21 * DAY)
    assert finding.status is Status.FAIL
    assert finding.deadline == START + 20 * DAY + 3 * HOUR


def test_of_many_commits_the_times_of_their_files_are_taken_without_a_request() -> None:
    objects = ObjectsInMemory()
    hours = 24 * 20
    for hour in range(hours):
        add_delta(objects, hour, START + hour * HOUR)
    learning, plain = Looks(delta.READER, Format.DELTA, **AUTO), Looks(delta.READER, Format.DELTA, **AGE)
    now = START + (hours - 1) * HOUR + HOUR / 2
    finding, asked = learning.look(objects, now)
    assert asked == plain.look(objects, now)[1]
    assert finding.status is Status.PASS
    assert len(learning.known) == hours
    for hour in range(hours, hours + 3 * 24):  # three days of which no run sees anything
        add_delta(objects, hour, START + hour * HOUR)
    now += 3 * DAY
    finding, asked = learning.look(objects, now)
    assert asked == plain.look(objects, now)[1]
    assert finding.status is Status.PASS
    assert len(learning.known) == hours + 3 * 24


def test_of_a_few_commits_that_were_not_read_nothing_is_made() -> None:
    objects = ObjectsInMemory()
    for version in range(24 * 14):
        add_delta(objects, version, START + version * HOUR)
    looks = Looks(delta.READER, Format.DELTA, **AUTO)
    now = START + (24 * 14 - 1) * HOUR + HOUR / 2
    looks.look(objects, now)
    known = looks.known
    for version in range(24 * 14, 24 * 15):
        add_delta(objects, version, START + version * HOUR)
    finding, _ = looks.look(objects, now + DAY)
    assert finding.status is Status.PASS
    assert not looks.seen.arrivals_whole
    assert looks.known == known
    assert MOST_TO_LEARN > 24


@pytest.mark.parametrize("version", [6, 8])
def test_a_hudi_timeline_teaches_by_the_names_of_its_instants(version: int) -> None:
    table = HudiTable(version=version)
    for day in range(20):
        table.instant(START + day * DAY, "commit", hudi_commit(avro=version == 8))
        table.instant(START + day * DAY + HOUR, "clean", hudi_commit(avro=version == 8))
    learning, plain = Looks(hudi.READER, Format.HUDI, **AUTO), Looks(hudi.READER, Format.HUDI, **AGE)
    now = START + 19 * DAY + 6 * HOUR
    finding, asked = learning.look(table.objects, now)
    assert asked == plain.look(table.objects, now)[1]
    assert finding.status is Status.PASS
    assert "as was learned" in finding.because
    assert len(learning.known) == 20
    assert learning.look(table.objects, now + 2 * DAY)[0].status is Status.FAIL
