"""Logs that were broken at random: an observation or what stands against it, in words, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats import reader_of
from checks.model import Format
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.tables_by_engines import (
    NOW,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    freshness,
    iceberg_metadata,
    log_key,
    observe,
    plan_of,
    put_metadata,
    snapshot,
)
from tests.support.times import HOUR

ODD: list[Any] = [
    None, True, 0, -1, 2**63, 10**400, 1.5, float("nan"), float("inf"), "", "0", "x", "\ud800\u202e", "9" * 5000,
    [], [[]], [None], {}, {"a": None},
]  # fmt: skip


def delta_table() -> ObjectsInMemory:
    objects = ObjectsInMemory()
    info = {"metaData": {"partitionColumns": [], "schemaString": "{}"}}
    objects.put(
        log_key(0), delta_commit({"protocol": {"minReaderVersion": 1}}, info, delta_add(), at=NOW - 9 * HOUR)
    )
    objects.put(
        log_key(1), delta_commit(delta_remove(), delta_add("b"), at=NOW - 5 * HOUR, operation="MERGE")
    )
    objects.put(
        log_key(2), delta_commit(delta_add("c", data_change=False), at=NOW - HOUR, operation="OPTIMIZE")
    )
    objects.put(
        log_key(0).replace("00000000000000000000.json", "_last_checkpoint"), b'{"version": 1, "size": 3}'
    )
    return objects


def iceberg_table() -> ObjectsInMemory:
    document = iceberg_metadata(
        snapshot(1, NOW - 9 * HOUR, "append", added_records=10, total_records=10),
        snapshot(2, NOW - 5 * HOUR, "append", parent=1),
        snapshot(3, NOW - HOUR, "replace", parent=2, added_records=10, total_records=10),
    )
    document["snapshot-log"] = [{"snapshot-id": 1, "timestamp-ms": 1}]
    document["refs"] = {"main": {"snapshot-id": 3, "type": "branch"}}
    return put_metadata(document)[0]


def hudi_table(version: int) -> ObjectsInMemory:
    head = ("#Updated at 2026-07-07T05:13:01.401Z", "#Tue Jul 07 00:13:01 CDT 2026")
    table = HudiTable(version=version, head=head, offset=-5 * HOUR)
    table.instant(NOW - 9 * HOUR, "commit", hudi_commit(avro=version == 8))
    table.instant(NOW - 5 * HOUR, "replacecommit", hudi_commit(None, avro=version == 8))
    table.instant(NOW - HOUR, "commit", hudi_commit("COMPACT", avro=version == 8), plan="compaction")
    return table.objects


def with_odd_value(document: Any, data: st.DataObject) -> Any:
    """Replace, drop or double one value somewhere in a JSON document."""
    if not isinstance(document, dict | list) or not document or data.draw(st.integers(0, 4)) == 0:
        return data.draw(st.sampled_from(ODD))
    if isinstance(document, list):
        index = data.draw(st.integers(0, len(document) - 1))
        return [*document[:index], with_odd_value(document[index], data), *document[index:]]
    key = data.draw(st.sampled_from(sorted(document)))
    rest = {name: value for name, value in document.items() if name != key}
    return rest if data.draw(st.integers(0, 9)) == 0 else {**rest, key: with_odd_value(document[key], data)}


def broken(text: bytes, data: st.DataObject) -> bytes:
    lines = text.split(b"\n") if text.startswith(b'{"commitInfo') else [text]
    number = data.draw(st.integers(0, len(lines) - 1))
    if data.draw(st.booleans()):
        try:
            lines[number] = json.dumps(with_odd_value(json.loads(lines[number]), data)).encode()
            return b"\n".join(lines)
        except ValueError:
            pass
    changed = bytearray(text)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed)))
        changed[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    return bytes(changed[: data.draw(st.integers(0, len(changed)) | st.just(len(changed)))])


@pytest.mark.parametrize(
    ("table_format", "made"),
    [
        (Format.DELTA, delta_table()),
        (Format.ICEBERG, iceberg_table()),
        (Format.HUDI, hudi_table(6)),
        (Format.HUDI, hudi_table(8)),
    ],
    ids=["delta", "iceberg", "hudi layout 1", "hudi layout 2"],
)
@given(data=st.data())
def test_a_broken_log_is_an_observation_or_unknown(
    table_format: Format, made: ObjectsInMemory, data: st.DataObject
) -> None:
    objects = ObjectsInMemory(dict(made.objects), dict(made.modified))
    name = data.draw(st.sampled_from(sorted(objects.objects)))
    if data.draw(st.integers(0, 9)) == 0:
        del objects.objects[name]
    else:
        objects.objects[name] = broken(objects.objects[name], data)
    if data.draw(st.booleans()):
        objects.modified = dict.fromkeys(objects.modified, NOW)
    rule = freshness(
        data.draw(st.sampled_from([1, 4, 7, 99])), count=data.draw(st.sampled_from(["arrivals", "changes"]))
    )
    plan = plan_of(table_format, rule, parameters=put_metadata({})[1])
    now = NOW - data.draw(st.sampled_from([0, 3, 30])) * HOUR
    seen = observe(reader_of(plan.table), plan, objects, now, ignore_later=data.draw(st.booleans()))
    assert (seen.newest is None) <= (seen.problem is not None or seen.listing is not None)
    for text in (
        *seen.notes,
        seen.problem.message if seen.problem else "",
        seen.newest.evidence if seen.newest else "",
    ):
        text.encode()  # no half of a surrogate pair comes through
