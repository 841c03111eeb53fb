"""What Delta's log tells beside when data came: newest values, sizes, rows and files, by how many requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from checks.lake.formats import delta
from checks.lake.formats.delta import live_files as delta_live
from checks.lake.formats.delta import walk as delta_walk
from checks.lake.s3.table_reader import LakeReader
from checks.model import Format, ProblemKind, Severity, Size, Status, TableMemory
from checks.rules.asking import Clock
from tests.support.delta_logs import (
    EVENTS,
    METADATA,
    add_with,
    look,
    of_folder,
    one_commit,
    written,
)
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    BUCKET,
    NOW,
    ROOT,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    log_key,
    observe,
    plan_of,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from pathlib import Path


def test_recency_is_one_list_and_at_most_two_gets_with_or_without_a_checkpoint(tmp_path: Path) -> None:
    written(tmp_path, *[NOW] * 3)
    objects = of_folder(tmp_path, commits=3)
    assert look(objects, freshness={"max_age": "24h"})["freshness"].status is Status.PASS
    assert objects.counts == (1, 2)
    DeltaTable(str(tmp_path)).create_checkpoint()
    written(tmp_path, NOW)
    objects = of_folder(tmp_path, commits=4)
    assert look(objects, freshness={"max_age": "24h"})["freshness"].status is Status.PASS
    assert objects.counts == (1, 2)
    assert [call.rpartition("/")[2] for call in objects.calls if call.startswith("GET")] == [
        "00000000000000000003.json",
        "00000000000000000002.checkpoint.parquet",  # for what the table asks of its readers
    ]


def test_commits_of_maintenance_are_not_all_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = ObjectsInMemory()
    for version in range(9):
        objects.put(log_key(version), delta_commit(delta_add(data_change=not version), at=NOW - HOUR))
    monkeypatch.setattr(delta_walk, "MOST_KEPT_BYTES", 2 * len(objects.objects[log_key(8)]))
    reader = LakeReader(objects, None)  # type: ignore[arg-type] # Glue is not asked
    walk = delta_walk.Walk(
        plan_of(Format.DELTA).table, Clock(now=NOW), reader, BUCKET, f"{ROOT}_delta_log/", raw={}
    )
    assert walk.newest_arrival(walk.newest_log(), deletes=False).newest is not None
    assert sorted(walk.raw or {}) == [7, 8]


def test_a_recent_value_in_the_newest_commit_costs_nothing_more(tmp_path: Path) -> None:
    written(tmp_path, NOW - 3 * HOUR, NOW - HOUR)
    objects = of_folder(tmp_path, commits=2)
    finding = look(objects, events=EVENTS)["events"]
    assert (finding.status, finding.observed) == (Status.PASS, NOW - HOUR)
    assert finding.because.startswith(
        "the newest seen in the newest file is 1 h old (Sun 22 Nov 2026 05:00 UTC)"
    )
    assert objects.counts == (1, 2)


def test_old_events_in_new_files_fail_and_commits_before_the_limit_are_not_read(tmp_path: Path) -> None:
    written(tmp_path, *[NOW - 9 * DAY] * 6)
    objects = of_folder(tmp_path, commits=6, age=10 * HOUR)
    finding = look(objects, events=EVENTS)["events"]
    assert finding.severity is Severity.CRITICAL
    assert "in the 3 newest files is 9 days old" in finding.because
    assert objects.counts == (1, 4)  # the hint, and the commits of the last day


def test_files_that_were_rewritten_or_removed_since_hold_nothing_new() -> None:
    objects = ObjectsInMemory()
    first = add_with(NOW - HOUR, "a.parquet")
    objects.put(log_key(0), delta_commit(METADATA, first, at=NOW - 3 * HOUR))
    objects.put(log_key(1), delta_commit(delta_remove("a.parquet"), at=NOW - 2 * HOUR, operation="DELETE"))
    objects.put(log_key(2), delta_commit(add_with(NOW - 30 * HOUR, "b.parquet"), at=NOW - HOUR))
    finding = look(objects, events=EVENTS)["events"]
    assert (finding.severity, finding.observed) == (Severity.CRITICAL, NOW - 30 * HOUR)


def test_a_file_that_was_rewritten_came_by_then(tmp_path: Path) -> None:
    written(tmp_path, NOW - 30 * HOUR, NOW - 30 * HOUR)
    DeltaTable(str(tmp_path)).optimize.compact()
    finding = look(of_folder(tmp_path, commits=3), events=EVENTS)["events"]
    assert finding.severity is Severity.CRITICAL
    assert "in a file that came by Sun 22 Nov 2026 06:00 UTC" in finding.because


def test_the_usual_of_a_whole_table_is_learned_day_by_day(tmp_path: Path) -> None:
    written(tmp_path, NOW)
    objects = of_folder(tmp_path, commits=1)
    block = {"drop": "60%", "of": "rows", "history": 3}
    sizes = {f"2026-11-{day} whole": Size(10_000, 9, 20) for day in (19, 20, 21)}
    memory = TableMemory(sizes=sizes)
    plan = plan_by_config(plan_of(Format.DELTA).table, memory, volume=block)
    seen = observe(delta.READER, plan, objects)
    finding = judged(plan, seen, NOW)["volume"]
    assert finding.severity is Severity.CRITICAL
    assert "with 2 rows: less than 8 rows: the usual is 20 rows" in finding.because
    (volume,) = (
        plan.rules if len(plan.rules) == 1 else [rule for rule in plan.rules if rule.check == "volume"]
    )
    assert volume.remember(seen, memory)["sizes"]["2026-11-22 whole"].rows == 2


def test_staged_commits_leave_it_unknown() -> None:
    objects = one_commit(add_with(NOW - 30 * HOUR))
    objects.put(f"{ROOT}_delta_log/_staged_commits/{1:020d}.0a1b2c3d-aaaa-bbbb-cccc-0a1b2c3d4e5f.json", b"{}")
    findings = look(objects, events=EVENTS, volume={"max_files": 0}, files="on")
    assert {finding.problem for finding in findings.values()} == {None, ProblemKind.UNSUPPORTED} - {None}


# The whole table --------------------------------------------------------------------------------------------


def test_the_whole_table_is_counted_from_its_log(tmp_path: Path) -> None:
    written(tmp_path, NOW, NOW)
    DeltaTable(str(tmp_path)).create_checkpoint()
    written(tmp_path, NOW)
    DeltaTable(str(tmp_path)).delete("seen < '2026-11-22T05:30:00Z'")
    objects = of_folder(tmp_path, commits=4)
    finding = look(objects, volume={"min_rows": 4})["volume"]
    assert finding.severity is Severity.CRITICAL
    assert finding.because.endswith(" with 3 rows: less than 4 rows, the limit")
    assert objects.counts == (1, 3)  # two commits and the checkpoint
    assert look(objects, volume={"max_files": 0})["volume"].status is Status.FAIL
    assert "data file in s3://lake/sales/orders/, none of them" in look(objects, files="on")["files"].because


def test_rows_of_a_period_are_those_of_its_adds(tmp_path: Path) -> None:
    written(tmp_path, NOW, NOW, partition_by=["day"])
    objects = of_folder(tmp_path, commits=2)
    blocks = {"partitions": {"due": "06:00", "lookback": 1, "key": "day", "format": "%Y-%m-%d"}}
    findings = look(objects, **blocks, volume={"min_rows": 5}, files="on")
    assert findings["volume"].because.endswith("in 2 files with 4 rows: less than 5 rows, the limit")
    assert findings["files"].because == "2 data files in 1 due day, none of them unsound"
    assert objects.counts == (1, 2)


@pytest.mark.parametrize(
    ("change", "rows_left", "why"),
    [
        ({}, 2, ""),
        ({"deletionVector": {"storageType": "u", "pathOrInlineDv": "x", "cardinality": 1}}, 1, ""),
        (
            {"deletionVector": {"storageType": "u", "pathOrInlineDv": "x", "cardinality": 3}},
            None,
            "(cardinality)",
        ),
        ({"deletionVector": {"storageType": "u", "pathOrInlineDv": "x"}}, None, "(cardinality)"),
        ({"stats": ""}, None, "the statistics of part-0.parquet do not tell them"),
        ({"stats": "{"}, None, "the statistics of part-0.parquet do not tell them"),
        ({"stats": "[]"}, None, "(numRecords)"),
        ({"stats": '{"numRecords": -1}'}, None, "(numRecords)"),
        ({"stats": '{"numRecords": NaN}'}, None, "(numRecords)"),
        ({"stats": '{"numRecords": "2"}'}, 2, ""),
        ({"stats": '{"numRecords": true}'}, None, "(numRecords)"),
        ({"stats": f'{{"numRecords": {10**300}}}'}, None, "(numRecords)"),
        ({"stats": "[" * 5000}, None, "(numRecords)"),
    ],
)
def test_rows_are_known_or_it_is_told_why_not(
    change: dict[str, Any], rows_left: int | None, why: str
) -> None:
    finding = look(one_commit(add_with(NOW, **change)), volume={"min_rows": 3})["volume"]
    if rows_left is None:
        assert finding.status is Status.UNKNOWN
        assert why in finding.because
    else:
        noun = "row" if rows_left == 1 else "rows"
        assert f"with {rows_left} {noun}: less than 3 rows" in finding.because


def test_more_of_a_log_than_is_read_proves_too_much_and_never_too_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delta_live, "MOST_COMMITS", 2)
    objects = ObjectsInMemory()
    for version in range(4):
        action = add_with(NOW - 30 * HOUR, f"{version}.parquet")
        objects.put(log_key(version), delta_commit(METADATA, action, at=NOW - HOUR))
    finding = look(objects, volume={"min_files": 3})["volume"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.OVER_BUDGET)
    assert look(objects, volume={"max_files": 1})["volume"].status is Status.FAIL
    assert look(objects, files="on")["files"].problem is ProblemKind.OVER_BUDGET
    finding = look(objects, events=EVENTS)["events"]
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.OVER_BUDGET)


def test_files_are_judged_by_what_the_log_says() -> None:
    adds = [add_with(NOW, "a.csv"), add_with(NOW, "b.parquet", size=0), add_with(NOW, "c.parquet")]
    finding = look(one_commit(*adds), files="on")["files"]
    assert finding.because == (
        "2 of 3 files in s3://lake/sales/orders/ not sound: 1 of zero bytes, such as s3://lake/sales/orders/b.parquet; "
        "1 .csv that the log records as parquet, such as s3://lake/sales/orders/a.csv"
    )


# Bad input --------------------------------------------------------------------------------------------------
