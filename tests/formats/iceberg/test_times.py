"""Iceberg: when data came, by clocks that may be wrong and by files whose times S3 tells; and by how many requests."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg import times as iceberg_times
from checks.model import Arrival, Format, Problem, ProblemKind, TableMemory, Unobserved
from checks.rules.asking import (
    Clock,
)
from tests.support.iceberg_clocks import YEAR_2027, Log, came
from tests.support.tables_by_engines import (
    NOW,
    ObjectsInMemory,
    freshness,
    iceberg_catalog,
    iceberg_objects,
    iceberg_schema,
    milliseconds,
    observe,
    plan_of,
    rows,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from pathlib import Path


# A clock that runs ahead ------------------------------------------------------------------------------------


def test_an_append_on_top_is_bounded_by_its_metadata_file_at_no_request_more() -> None:
    log = Log().commit(1, NOW - 9 * DAY, written=NOW - 9 * DAY).commit(2, YEAR_2027, written=NOW - 2 * HOUR)
    assert came(log) == (NOW - 2 * HOUR, 1)
    assert came(log, now=NOW + 3 * DAY) == (NOW - 2 * HOUR, 1)


def nightly(log: Log, *hours: int) -> Log:
    """Compact a table, so many hours before now."""
    for number, back in enumerate(hours, 50):
        log.commit(number, NOW - back * HOUR, "replace", written=NOW - back * HOUR)
    return log


@pytest.mark.parametrize("ahead", [YEAR_2027, NOW - 2 * HOUR, NOW + 4 * DAY])
def test_nightly_compaction_keeps_no_snapshot_of_a_wrong_clock_fresh(ahead: datetime) -> None:
    log = Log().commit(1, NOW - 9 * DAY, written=NOW - 9 * DAY).commit(2, ahead, written=NOW - 4 * DAY)
    assert came(nightly(log, 76, 52, 28, 4)) == (NOW - 4 * DAY, 2)
    log.commit(3, NOW - HOUR, written=NOW - HOUR)
    assert came(log) == (NOW - HOUR, 1)


def test_where_the_manifest_list_is_gone_a_time_that_its_own_file_disproves_came_before_what_followed() -> (
    None
):
    log = Log().commit(1, NOW - 9 * DAY).commit(2, YEAR_2027)
    assert came(nightly(log, 76, 52, 28, 4)) == (NOW - 76 * HOUR, 2)


def test_a_change_of_properties_on_top_keeps_no_snapshot_of_a_wrong_clock_fresh() -> None:
    for ahead in (YEAR_2027, NOW - 4 * HOUR):
        log = Log().commit(1, NOW - 9 * DAY).commit(2, ahead, written=NOW - 4 * DAY)
        log.updated = NOW - HOUR
        assert came(log, NOW - HOUR) == (NOW - 4 * DAY, 2)
        log.updated = ahead  # then the file is that of the commit
        assert came(log, NOW - 4 * HOUR) == (NOW - 4 * HOUR, 1)


@pytest.mark.parametrize(("late", "gets"), [(600, 1), (601, 2)])
def test_a_file_is_a_commits_own_where_both_tell_nearly_the_same_time(late: int, gets: int) -> None:
    log = Log().commit(1, NOW - HOUR, written=NOW - HOUR)
    log.updated = NOW - HOUR + timedelta(seconds=late)
    assert came(log, NOW) == (NOW - HOUR, gets)


def test_what_lies_ahead_by_its_file_too_is_unknown() -> None:
    seen, _ = Log().commit(1, YEAR_2027, written=NOW + DAY).see()
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.FROM_THE_FUTURE


def test_a_request_more_is_made_only_where_a_pass_rests_on_it() -> None:
    honest = nightly(Log().commit(1, NOW - 20 * HOUR, written=NOW - 20 * HOUR), 4)
    assert came(honest, hours=24) == (NOW - 20 * HOUR, 2)
    assert came(honest, hours=20) == (NOW - 20 * HOUR, 2)
    assert came(honest, hours=19.99) == (NOW - 20 * HOUR, 1)
    on_top = Log().commit(1, NOW - 20 * HOUR, written=NOW - 20 * HOUR)
    assert came(on_top, hours=24) == (NOW - 20 * HOUR, 1)


def test_a_wrong_clock_of_long_ago_costs_nothing_once_data_came_since() -> None:
    log = Log().commit(1, YEAR_2027, written=NOW - 30 * DAY).commit(2, NOW - HOUR, written=NOW - HOUR)
    assert came(log) == (NOW - HOUR, 1)
    assert came(nightly(log, 0)) == (NOW - HOUR, 2)


def test_more_wrong_clocks_than_are_looked_at_leave_it_unknown() -> None:
    log = Log().commit(1, NOW - 90 * DAY, written=NOW - 90 * DAY)
    for number in range(2, 15):
        log.commit(number, YEAR_2027, written=NOW - (30 - number) * DAY)
    seen, gets = nightly(log, 4).see()
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.OVER_BUDGET
    assert gets == 1 + iceberg_times.MOST_LOOKS


def test_a_file_that_may_not_be_read_leaves_it_unknown_and_says_so() -> None:
    class Denied(ObjectsInMemory):
        def get(self, bucket: str, key: str, **how: Any) -> bytes:
            if key.endswith(".avro"):
                raise Unobserved(Problem(ProblemKind.DENIED, f"S3 GetObject on s3://{bucket}/{key}: denied"))
            return super().get(bucket, key, **how)

    objects, parameters = nightly(Log().commit(1, NOW - 9 * HOUR), 4).objects()
    plan = plan_of(Format.ICEBERG, freshness(), parameters=parameters)
    seen = observe(iceberg.READER, plan, Denied(objects.objects, objects.modified))
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.DENIED


def test_with_a_stated_now_a_file_of_then_tells_what_was_there() -> None:
    log = Log().commit(1, NOW - 9 * DAY).commit(2, YEAR_2027, written=NOW - 4 * DAY)
    assert came(log, ignore_later=True, hours=200) == (NOW - 4 * DAY, 1)
    later = came(log, now=NOW - 5 * DAY, ignore_later=True)
    assert later[0] == NOW - 9 * DAY


# A clock that runs behind -----------------------------------------------------------------------------------


@pytest.mark.parametrize("between", ["append", "replace", "delete"])
def test_no_arrival_is_older_than_what_came_before_it(between: str) -> None:
    log = Log().commit(1, NOW - 9 * DAY).commit(2, NOW - 12 * HOUR, between, written=NOW - 12 * HOUR)
    log.commit(3, NOW - 35 * HOUR, written=NOW - 11 * HOUR)
    assert came(log) == (NOW - 12 * HOUR, 2)


def test_what_came_before_is_bounded_first() -> None:
    log = (
        Log().commit(1, YEAR_2027, written=NOW - 5 * DAY).commit(2, NOW - 35 * HOUR, written=NOW - 11 * HOUR)
    )
    assert came(log) == (NOW - 35 * HOUR, 2)
    assert came(log, hours=48) == (NOW - 35 * HOUR, 1)


# Published later --------------------------------------------------------------------------------------------


def audited(
    written_at: datetime = NOW - 33 * HOUR, published_at: datetime = NOW - 3 * HOUR, **how: Any
) -> Log:
    """Write to a branch, and make it the current one later."""
    log = Log().commit(1, NOW - 9 * DAY).commit(2, written_at, written=written_at, branch=True)
    return log.publish(2, published_at, written=how.get("written", published_at))


def test_a_snapshot_counts_from_its_publication() -> None:
    assert came(audited()) == (NOW - 3 * HOUR, 1)


def test_what_pyiceberg_writes_to_a_branch_counts_from_when_it_becomes_the_current_one(
    tmp_path: Path,
) -> None:
    table = iceberg_catalog(tmp_path).create(iceberg_schema())
    table.append(rows("2026-11-20"))
    table.manage_snapshots().create_branch(table.snapshots()[-1].snapshot_id, "audit").commit()
    table.append(rows("2026-11-21"), branch="audit")
    time.sleep(0.02)
    unseen, parameters = iceberg_objects(table, tmp_path)
    table.manage_snapshots().set_current_snapshot(ref_name="audit").commit()
    objects, published = iceberg_objects(table, tmp_path)
    first, second = table.snapshots()
    moment = datetime.fromtimestamp(table.metadata.snapshot_log[-1].timestamp_ms / 1000, UTC)
    assert moment > datetime.fromtimestamp(second.timestamp_ms / 1000, UTC)

    def newest(objects: ObjectsInMemory, parameters: dict[str, str]) -> Arrival | None:
        objects.modified = dict.fromkeys(objects.objects, moment)
        return observe(iceberg.READER, plan_of(Format.ICEBERG, parameters=parameters), objects, moment).newest

    before = newest(unseen, parameters)
    assert before is not None
    assert before.evidence == f"snapshot {first.snapshot_id}"
    assert newest(objects, published) == Arrival(moment, f"snapshot {second.snapshot_id}")
    table.manage_snapshots().set_current_snapshot(snapshot_id=first.snapshot_id).commit()
    rolled_back = newest(*iceberg_objects(table, tmp_path))
    assert rolled_back == before


def test_commits_of_one_branch_are_published_together() -> None:
    log = Log().commit(1, NOW - 9 * DAY).commit(2, NOW - 40 * HOUR, branch=True)
    log.commit(3, NOW - 38 * HOUR, "replace", branch=True).publish(3, NOW - 2 * HOUR)
    assert came(log, NOW - 2 * HOUR) == (NOW - 2 * HOUR, 1)


def test_what_follows_a_publication_leaves_it_when_it_was() -> None:
    log = nightly(audited().keep_file(NOW - 3 * HOUR, NOW - 3 * HOUR), 1)
    assert came(log) == (NOW - 3 * HOUR, 2)
    assert came(nightly(audited(), 1)) == (NOW - 3 * HOUR, 2)  # what the compaction wrote is not older


def test_a_publication_by_a_clock_ahead_is_bounded_by_the_metadata_file_of_then() -> None:
    log = audited(NOW - 9 * DAY, YEAR_2027, written=NOW - 5 * DAY)
    assert came(log) == (NOW - 5 * DAY, 1)
    kept = nightly(log.keep_file(YEAR_2027, NOW - 5 * DAY), 52, 28, 4)
    assert came(kept) == (NOW - 5 * DAY, 2)
    forgotten = nightly(audited(NOW - 9 * DAY, YEAR_2027, written=NOW - 5 * DAY), 52, 28, 4)
    assert came(forgotten) == (NOW - 52 * HOUR, 2)


def test_a_publication_by_a_right_clock_counts_whatever_the_writers_clock_said() -> None:
    log = Log().commit(1, NOW - 9 * DAY)
    log.commit(2, YEAR_2027, written=NOW - 33 * HOUR, branch=True).publish(
        2, NOW - 3 * HOUR, written=NOW - 3 * HOUR
    )
    assert came(log) == (NOW - 3 * HOUR, 1)


def test_a_rollback_is_no_arrival() -> None:
    log = Log().commit(1, NOW - 9 * DAY).commit(2, NOW - 5 * DAY).commit(3, NOW - 4 * DAY)
    assert came(log.publish(2, NOW - HOUR), NOW - HOUR)[0] == NOW - 5 * DAY
    assert came(log.publish(3, NOW), NOW)[0] == NOW - 4 * DAY  # and back


def test_what_is_left_of_a_log_after_a_rollback_makes_nothing_new() -> None:
    log = Log().commit(1, NOW - 9 * DAY).commit(2, NOW - 5 * DAY).publish(1, NOW - HOUR)
    log.entries = log.entries[1:]
    assert came(log, NOW - HOUR)[0] == NOW - 9 * DAY
    log.entries = log.entries[1:]
    assert came(log, NOW - HOUR)[0] == NOW - 9 * DAY


def test_without_an_earlier_entry_a_snapshot_counts_from_its_own_time() -> None:
    log = audited()
    log.entries = log.entries[1:]
    assert came(log, NOW - 3 * HOUR)[0] == NOW - 33 * HOUR


@pytest.mark.parametrize(("gone_at", "expected"), [(NOW - 34 * HOUR, 3), (NOW - 32 * HOUR, 33)])
def test_an_entry_of_a_snapshot_that_has_expired_counts_where_it_cannot_be_a_descendant(
    gone_at: datetime, expected: int
) -> None:
    log = audited()
    log.entries[0] = {"snapshot-id": 77, "timestamp-ms": milliseconds(gone_at)}
    assert came(log)[0] == NOW - expected * HOUR


def test_a_log_that_is_not_as_it_should_be_publishes_nothing() -> None:
    log = audited()
    for bad in ({"snapshot-id": 2}, {"snapshot-id": 1, "timestamp-ms": -5}, 7):
        log.entries.insert(0, bad)  # type: ignore[arg-type]
        assert came(log)[0] == NOW - 33 * HOUR
        del log.entries[0]


def test_a_nightly_deadline_is_met_by_what_was_published_in_time() -> None:
    rule = freshness(6)
    seen, _ = audited().see(hours=6)
    row = rule.measure(seen, Clock(now=NOW), TableMemory())
    assert row.observed == NOW - 3 * HOUR


def test_evidence_names_the_snapshot() -> None:
    seen, _ = audited().see()
    assert seen.newest == Arrival(NOW - 3 * HOUR, "snapshot 2")
