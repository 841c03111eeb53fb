"""What a Delta table asks of its readers: what is not known makes it unknown, wherever it stands in the log."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from deltalake import DeltaTable, TableFeatures, write_deltalake
from pyarrow import parquet as pq

from checks.lake.formats import delta
from checks.lake.formats.delta import protocol as delta_protocol
from checks.lake.formats.delta.features import READER_FEATURES
from checks.model import Format, ProblemKind, Status
from tests.support.partitioned import metadata_action
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    NOW,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    log_key,
    observe,
    plan_of,
    rows,
    set_commit_times,
)
from tests.support.times import HOUR

if TYPE_CHECKING:
    from pathlib import Path

FUTURE = ["columnMapping", "contentTree", "otherFuture"]
BLOCKS: dict[str, dict[str, Any]] = {
    "freshness": {"max_age": "24h"},
    "volume": {"min_bytes": "1B"},
    "events": {"column": "seen", "max_age": "24h"},
    "partitions": {"due": "06:00", "lookback": 2, "key": "day", "format": "%Y-%m-%d"},
}


def protocol(version: int = 3, features: Any = None, writer: Any = None) -> dict[str, Any]:
    body = {"minReaderVersion": version, "minWriterVersion": 7, "readerFeatures": features}
    return {"protocol": {**body, "writerFeatures": writer or features or []}}


def commit(*actions: dict[str, Any], day: str = "2026-11-21", hours: int = 3) -> bytes:
    return delta_commit(*actions, delta_add(day, day=day), at=NOW - hours * HOUR)


def checkpoint_of(*actions: dict[str, Any], **options: Any) -> bytes:
    """Return a checkpoint of these actions, a row each, in the schema that the protocol gives."""
    texts = pa.list_(pa.string())
    kinds = {
        "protocol": pa.struct(
            [
                ("minReaderVersion", pa.int32()),
                ("minWriterVersion", pa.int32()),
                ("readerFeatures", texts),
                ("writerFeatures", texts),
            ]
        ),
        "metaData": pa.struct([("schemaString", pa.string()), ("partitionColumns", texts)]),
        "add": pa.struct(
            [
                ("path", pa.string()),
                ("partitionValues", pa.map_(pa.string(), pa.string())),
                ("size", pa.int64()),
                ("dataChange", pa.bool_()),
            ]
        ),
    }
    columns = {name: pa.array([each.get(name) for each in actions], kind) for name, kind in kinds.items()}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def finding_of(objects: ObjectsInMemory, check: str = "freshness", **more: Any) -> Any:
    plan = plan_by_config(plan_of(Format.DELTA).table, **{check: BLOCKS[check], **more})
    return judged(plan, observe(delta.READER, plan, objects), NOW)[check]


def log_of(*commits: bytes) -> ObjectsInMemory:
    objects = ObjectsInMemory()
    for version, data in enumerate(commits):
        objects.put(log_key(version), data)
    return objects


METADATA = metadata_action("day")


def in_the_first_commit(asked: dict[str, Any]) -> ObjectsInMemory:
    return log_of(commit(METADATA, asked), commit())


def in_the_newest_commit(asked: dict[str, Any]) -> ObjectsInMemory:
    return log_of(commit(METADATA, protocol(1)), commit(asked))


def after_the_checkpoint(asked: dict[str, Any]) -> ObjectsInMemory:
    objects = log_of(commit(METADATA, protocol(1)), commit(), delta_commit(asked, at=NOW), commit())
    objects.put(log_key(1, ".checkpoint.parquet"), checkpoint_of(protocol(1), METADATA))
    objects.put(log_key(3, ".crc"), json.dumps({"tableSizeBytes": 9, **asked}).encode())
    return objects


def in_the_checkpoint(asked: dict[str, Any]) -> ObjectsInMemory:
    objects = ObjectsInMemory()
    objects.put(log_key(8), commit())
    objects.put(log_key(7, ".checkpoint.parquet"), checkpoint_of(METADATA, asked))
    return objects


def in_parts_of_a_checkpoint(asked: dict[str, Any]) -> ObjectsInMemory:
    objects = ObjectsInMemory()
    objects.put(log_key(8), commit())
    objects.put(log_key(7, ".checkpoint.0000000001.0000000002.parquet"), checkpoint_of(METADATA))
    objects.put(log_key(7, ".checkpoint.0000000002.0000000002.parquet"), checkpoint_of(asked))
    return objects


def in_a_checkpoint_of_json(asked: dict[str, Any]) -> ObjectsInMemory:
    objects = ObjectsInMemory()
    objects.put(log_key(8), commit())
    name = ".checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json"
    actions = ({"checkpointMetadata": {"version": 7}}, METADATA, asked)
    objects.put(log_key(7, name), "\n".join(map(json.dumps, actions)).encode())
    return objects


PLACES = [
    in_the_first_commit,
    in_the_newest_commit,
    after_the_checkpoint,
    in_the_checkpoint,
    in_parts_of_a_checkpoint,
    in_a_checkpoint_of_json,
]


@pytest.mark.parametrize("build", PLACES)
@pytest.mark.parametrize("check", BLOCKS)
def test_a_feature_that_is_not_known_makes_each_check_unknown(build: Any, check: str) -> None:
    finding = finding_of(build(protocol(3, FUTURE)), check)
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.UNSUPPORTED)
    assert finding.because.endswith("features that are not known: contentTree, otherFuture"), finding.because


@pytest.mark.parametrize("build", PLACES)
def test_a_version_that_is_not_known_is_unknown(build: Any) -> None:
    finding = finding_of(build(protocol(4)))
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.UNSUPPORTED)
    assert "Delta reader version 4; up to 3 is read" in finding.because


@pytest.mark.parametrize("build", PLACES)
@pytest.mark.parametrize(
    "asked",
    [
        protocol(1, None, ["contentTree"]),
        protocol(2),
        protocol(3, [], ["appendOnly", "contentTree"]),
        protocol(3, sorted(READER_FEATURES)),
        protocol(2, ["contentTree"]),  # of no meaning below version 3
    ],
)
def test_what_is_known_or_asked_of_writers_alone_is_no_obstacle(build: Any, asked: dict[str, Any]) -> None:
    assert finding_of(build(asked)).status is Status.PASS


def test_an_old_table_that_cannot_be_read_is_no_failure() -> None:
    old = log_of(commit(METADATA, protocol(3, FUTURE), hours=80), delta_commit({"contents": {}}, at=NOW))
    assert finding_of(old).status is Status.UNKNOWN
    assert finding_of(log_of(commit(METADATA, protocol(3), hours=80))).status is Status.FAIL


def test_features_of_a_real_writer_are_known(tmp_path: Path) -> None:
    write_deltalake(str(tmp_path), rows("2026-11-21"))
    table = DeltaTable(str(tmp_path))
    table.alter.add_feature(TableFeatures.DeletionVectors, allow_protocol_versions_increase=True)
    table.create_checkpoint()
    write_deltalake(str(tmp_path), rows("2026-11-21"), mode="append")
    set_commit_times(tmp_path, {0: NOW - HOUR, 2: NOW - HOUR})
    objects = ObjectsInMemory()
    objects.put_folder(tmp_path)
    assert finding_of(objects).status is Status.PASS


def test_of_a_large_checkpoint_only_its_end_and_the_protocol_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delta_protocol, "_MOST_BYTES", 100)
    adds = [delta_add(f"{n * 7919:032d}", day="2026-11-21") for n in range(30_000)]
    for asked, status, gets in (
        (protocol(1), Status.PASS, 2),
        (protocol(3, ["deletionVectors"]), Status.PASS, 3),
        (protocol(3, FUTURE), Status.UNKNOWN, 3),
    ):
        objects = in_the_checkpoint(asked)
        large = checkpoint_of(*adds, METADATA, asked, compression="none", use_dictionary=False)
        assert len(large) > 10 * 64 * 1024
        objects.put(log_key(7, ".checkpoint.parquet"), large)
        assert finding_of(objects).status is status
        assert objects.counts[0] == 1
        assert gets <= objects.counts[1] <= gets + 1


@pytest.mark.parametrize("bad", [b"", b"PAR1", b"x" * 5000, b"x" * 4992 + b"\xff\xff\xff\x7fPAR1"])
@pytest.mark.parametrize("most", [100, 1024 * 1024])
def test_a_checkpoint_that_tells_nothing_leaves_recency_as_it_is(
    bad: bytes, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delta_protocol, "_MOST_BYTES", most)
    objects = in_the_checkpoint(protocol(1))
    objects.put(log_key(7, ".checkpoint.parquet"), bad)
    assert finding_of(objects).status is Status.PASS


@pytest.mark.parametrize(
    ("asked", "gets"),
    [
        (in_the_newest_commit(protocol(1)), 1),
        (in_the_first_commit(protocol(1)), 2),
        (in_the_checkpoint(protocol(1)), 2),
        (after_the_checkpoint(protocol(1)), 2),
    ],
)
def test_it_costs_one_get_at_most(asked: ObjectsInMemory, gets: int) -> None:
    assert finding_of(asked).status is Status.PASS
    assert asked.counts == (1, gets)


@pytest.mark.parametrize("build", [in_the_first_commit, in_the_checkpoint, in_a_checkpoint_of_json])
@pytest.mark.parametrize("check", BLOCKS)
def test_a_feature_that_was_dropped_is_no_obstacle(build: Any, check: str) -> None:
    objects = build(protocol(3, FUTURE))
    objects.put(log_key(9 if log_key(8) in objects.objects else 2), delta_commit(protocol(1), at=NOW - HOUR))
    for more in range(2):
        version = (10 if log_key(8) in objects.objects else 3) + more
        data = commit(day=f"2026-11-{20 + more}", hours=1)
        objects.put(
            log_key(version),
            data.replace(
                b'"size"', b'"stats": "{\\"maxValues\\": {\\"seen\\": \\"2026-11-22T05:00:00Z\\"}}", "size"'
            ),
        )
    finding = finding_of(objects, check)
    assert "not known" not in finding.because, finding.because
    assert finding.status is Status.PASS, finding.because


@pytest.mark.parametrize("features", ["columnMapping", {"columnMapping": 1}, 3])
def test_features_that_are_no_list_are_malformed(features: Any) -> None:
    finding = finding_of(in_the_newest_commit(protocol(3, features, [])))
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.MALFORMED)
