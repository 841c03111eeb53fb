"""Why a column is not found in a schema, by what was read of it."""

from __future__ import annotations

import json

import pytest

from checks.lake.formats.delta.columns import mapped_column
from checks.lake.formats.shared.newest_value import not_found
from checks.model import Problem

KINDS = {"id": "long", "items": "list", "labels": "map", "meta": "struct", "meta.seen": "timestamp"}


@pytest.mark.parametrize(
    ("column", "most", "why"),
    [
        ("gone", 6, "is not in its schema"),
        ("meta.gone", 6, "is not in its schema"),
        ("id.more", 6, "is not in its schema"),
        ("Items.element.at", 6, "lies in a list, and is no column of its own"),
        ("labels.value", 6, "lies in a map, and is no column of its own"),
        ("items", 6, "is not in its schema"),
        ("gone", 5, "is not among the first 5 fields of its schema, and no more are read"),
        (".".join("abcd"), 6, "is not in its schema"),
        (".".join("abcde"), 6, "is nested more deeply than the 4 levels that are read"),
    ],
)
def test_what_was_not_read_of_a_schema_is_not_said_to_be_absent(column: str, most: int, why: str) -> None:
    problem = not_found("sales.orders", column, KINDS, most=most, deepest=4)
    assert problem.message == f"column {column} of sales.orders {why}"


def test_a_column_in_a_list_of_a_delta_table_is_said_to_lie_there() -> None:
    item = {"type": "struct", "fields": [{"name": "at", "type": "timestamp"}]}
    fields = [
        {"name": "items", "type": {"type": "array", "elementType": item}},
        {"name": "id", "type": "long"},
    ]
    schema = json.dumps({"type": "struct", "fields": fields})
    found = mapped_column({"schemaString": schema}, "items.at", "sales.orders", "s3://lake/t/0.json")
    assert isinstance(found, Problem)
    assert found.message == "column items.at of sales.orders lies in a list, and is no column of its own"
