"""How an Iceberg table is partitioned, as it is told: what carries time, and what carries none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg.metadata import Metadata
from checks.lake.formats.iceberg.specs import Reading, specs_of
from checks.model import Format, ProblemKind, Status
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    NOW,
    ObjectsInMemory,
    iceberg_metadata,
    observe,
    plan_of,
    put_metadata,
)

if TYPE_CHECKING:
    from pathlib import Path

    from checks.model import Finding


def find(objects: ObjectsInMemory, parameters: dict[str, str], **partitions: Any) -> Finding:
    table = plan_of(Format.ICEBERG, parameters=parameters).table
    plan = plan_by_config(table, partitions={"every": "1d", "due": "06:00", "lookback": 3, **partitions})
    return judged(plan, observe(iceberg.READER, plan, objects), NOW)["partitions"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ([], "sales.orders is not partitioned"),
        ([("bucket[4]", 3)], "sales.orders is partitioned by bucket[4] of ts alone"),
        ([("zorder", 3)], "sales.orders is partitioned by zorder, which is not known"),
        ([("void", 3)], "sales.orders is not partitioned"),
    ],
)
def test_what_tells_no_time_is_told_as_it_is_without_a_request(
    fields: list[tuple[str, int]], says: str
) -> None:
    document = iceberg_metadata(
        {
            "snapshot-id": 1,
            "timestamp-ms": 1795251600000,
            "summary": {"operation": "append", "added-records": "1"},
        }
    )
    document["schemas"] = [
        {"type": "struct", "schema-id": 0, "fields": [{"id": 3, "name": "ts", "type": "timestamp"}]}
    ]
    document["partition-specs"] = [
        {
            "spec-id": 0,
            "fields": [
                {"name": f"f{number}", "transform": transform, "source-id": source, "field-id": 1000 + number}
                for number, (transform, source) in enumerate(fields)
            ],
        }
    ]
    objects, parameters = put_metadata(document)
    finding = find(objects, parameters)
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.UNSUPPORTED)
    assert says in finding.because
    assert objects.counts == (0, 1)


@pytest.mark.parametrize(
    ("specs", "current", "says"),
    [
        (
            [["bucket[4]"], []],
            1,
            "sales.orders is not partitioned any more (it was, by bucket[4] of f0), so its log",
        ),
        (
            [["zorder"], []],
            1,
            "sales.orders is not partitioned any more (it was, by zorder of f0), so its log",
        ),
        ([[], ["bucket[4]"]], 1, "sales.orders is partitioned by bucket[4] of f0 alone, so its log"),
        ([["zorder"], ["bucket[4]"]], 1, "sales.orders is partitioned by bucket[4] of f0 alone, so its log"),
        (
            [["bucket[4]"], ["zorder"]],
            1,
            "sales.orders is partitioned by zorder, which is not known, so its log",
        ),
        (
            None,
            0,
            "the metadata of sales.orders tells no partition spec, so by what it is partitioned is not known",
        ),
    ],
)
def test_how_a_table_is_partitioned_is_told_by_its_current_spec(
    specs: list[list[str]] | None, current: int, says: str
) -> None:
    summary = {"operation": "append", "added-records": "1"}
    document = iceberg_metadata({"snapshot-id": 1, "timestamp-ms": 1795251600000, "summary": summary})
    document |= {"default-spec-id": current, "partition-specs": None}
    if specs is not None:
        document["partition-specs"] = [
            {
                "spec-id": number,
                "fields": [
                    {"name": f"f{place}", "transform": transform, "source-id": 3, "field-id": 1000 + place}
                    for place, transform in enumerate(fields)
                ],
            }
            for number, fields in enumerate(specs)
        ]
    objects, parameters = put_metadata(document)
    finding = find(objects, parameters)
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.UNSUPPORTED)
    assert says in finding.because


def test_a_field_of_several_columns_is_not_known() -> None:
    fields = [{"name": "f", "transform": "day", "source-ids": [3, 4], "field-id": 1000}]
    document = {"partition-specs": [{"spec-id": 0, "fields": fields}]}
    (field,) = specs_of(Metadata("m", document, {}, None))[0]
    assert not field.is_known
    assert not field.is_value
    assert Reading.of([field], {0: [field]}, None).keys == ()


def test_fields_of_structs_are_columns_too(tmp_path: Path) -> None:
    fields = [{"name": "made_day", "transform": "day", "source-id": 7, "field-id": 1000}]
    inner = {"type": "struct", "fields": [{"id": 7, "name": "Made", "type": "timestamp"}]}
    schema = {"type": "struct", "schema-id": 0, "fields": [{"id": 6, "name": "meta", "type": inner}]}
    document = {
        "schemas": [schema],
        "current-schema-id": 0,
        "partition-specs": [{"spec-id": 0, "fields": fields}],
    }
    (field,) = specs_of(Metadata("m", document, {}, None))[0]
    assert (field.column, field.type, field.unit) == ("meta.made", "timestamp", "day")
