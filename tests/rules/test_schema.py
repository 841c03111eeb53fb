"""The check `schema`: what was added, dropped, retyped and reordered, against what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import State, TableRecord
from checks.config import ConfigErrors, load
from checks.history.document import from_text, to_text
from checks.model import Column, Finding, Format, ProblemKind, Severity, Status, Table, TableMemory
from checks.rules.schema import Kind, differences
from checks.rules.typetree import Tree, parse_type
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.rule_checks import NOW, ContentLake, after, find, look, parquet, plan_of, put
from tests.support.times import DAY

if TYPE_CHECKING:
    from tests.support.lakes import LakeBuilder


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return ContentLake() if isinstance(any_lake, MemoryLake) else any_lake


def columns(**types: str) -> tuple[Column, ...]:
    return tuple(Column(name, kind) for name, kind in types.items())


def table(**types: str) -> Table:
    return replace(ContentLake().table("sales.orders", dt="string"), columns=columns(**types))


def against(before: tuple[Column, ...] | None, now: Table, block: Any = "on") -> Finding:
    lake = ContentLake()
    finding = find(lake, plan_of(now, TableMemory(schema=before), schema=block), "schema")
    assert dict(lake.counts) == {}, "the catalog's description is there already"
    return finding


DT = Column("dt", "string")
BEFORE = (*columns(id="bigint", amount="int", note="string"), DT)


def test_the_same_columns_hold() -> None:
    finding = against(BEFORE, table(id="bigint", amount="int", note="string"))
    assert (finding.status, finding.because) == (Status.PASS, "4 columns, as in the last report")


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (
            {"id": "bigint", "amount": "int", "note": "string", "vat": "double"},
            "1 difference from the last report: vat added (double)",
        ),
        (
            {"id": "bigint", "amount": "int"},
            "1 difference from the last report: note dropped (it was string)",
        ),
        (
            {"id": "bigint", "amount": "bigint", "note": "string"},
            "1 difference from the last report: amount retyped from int to bigint",
        ),
        (
            {"amount": "int", "id": "bigint", "note": "string"},
            "1 difference from the last report: columns reordered",
        ),
        (
            {"id": "string", "memo": "string", "amount": "int"},
            (
                "3 differences from the last report: memo added (string); id retyped from bigint to string; note "
                "dropped (it was string)"
            ),
        ),
    ],
)
def test_changes_are_told_apart(now: dict[str, str], told: str) -> None:
    finding = against(BEFORE, table(**now))
    assert (finding.severity, finding.because) == (Severity.CRITICAL, told)


def test_partition_keys_count_too() -> None:
    finding = against((*BEFORE[:3], Column("day", "string")), table(id="bigint", amount="int", note="string"))
    assert finding.because == (
        "2 differences from the last report: dt added (string); day dropped (it was string)"
    )


def test_nested_types_are_compared_as_trees() -> None:
    before = columns(a="struct<street:string,zip:int,geo:struct<lat:double>>", b="array<struct<x:int>>")
    after_ = columns(
        a="struct<street:string,zip:string,geo:struct<lat:double,lon:double>>", b="array<struct<y:int>>"
    )
    assert [each.say() for each in differences(before, after_)] == [
        "a.zip retyped from int to string",
        "a.geo.lon added (double)",
        "b.element.y added (int)",
        "b.element.x dropped (it was int)",
    ]
    swapped = columns(a="struct<zip:int,street:string,geo:struct<lat:double>>", b="array<struct<x:int>>")
    assert [each.say() for each in differences(before, swapped)] == ["a reordered"]
    spaced = columns(
        A="struct< street : STRING, zip:integer,geo:struct<lat:double> >", b="array<struct<x:int>>"
    )
    assert differences(before, spaced) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("int", "INTEGER"),
        ("decimal", "decimal(10,0)"),
        ("decimal(12)", "decimal( 12 , 0 )"),
        ("string", "varchar"),
        ("timestamp", "timestamp(3)"),
        ("array<timestamp>", "array<timestamp(6)>"),
        ("struct<a:int,b:string>", "struct<a:int COMMENT 'in m, or km', b:string comment 'it\\'s'>"),
        ("struct<comment:string>", "struct<comment: string>"),
    ],
)
def test_spellings_of_one_type_are_no_change(one: str, other: str) -> None:
    assert differences(columns(a=one), columns(a=other)) == []
    assert against(None, table(a=one), {"columns": {"a": other}}).status is Status.PASS


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("decimal(10)", "decimal(12)"),
        ("varchar(3)", "varchar(4)"),
        ("varchar(3)", "string"),
        ("char(1)", "string"),
    ],
)
def test_lengths_are_told_apart(one: str, other: str) -> None:
    assert differences(columns(a=one), columns(a=other)) != []


@pytest.mark.parametrize(
    ("allow", "status"),
    [("added", Status.PASS), (["added", "dropped"], Status.PASS), ("dropped", Status.FAIL)],
)
def test_what_is_allowed_is_told_and_does_not_count(allow: Any, status: Status) -> None:
    now = table(id="bigint", amount="int", note="string", vat="double")
    finding = against(BEFORE, now, {"allow": allow})
    assert finding.status is status
    if status is Status.PASS:
        assert finding.because == (
            "5 columns, as in the last report but for what is allowed: vat added (double)"
        )


def test_the_first_time_there_is_nothing_to_compare_with() -> None:
    finding = against(None, table(id="bigint"))
    assert (finding.status, finding.because) == (
        Status.PASS,
        "2 columns seen for the first time: there is nothing to compare them with yet",
    )


def test_the_schema_is_remembered_and_kept_in_the_document() -> None:
    now = table(id="bigint")
    plan = plan_of(now, TableMemory(schema=BEFORE), schema="on")
    memory = after(plan, look(ContentLake(), plan))
    assert memory.schema == (Column("id", "bigint"), DT)
    state = State(tables={"a.b": TableRecord(memory=memory)})
    assert from_text(to_text(state)).tables["a.b"].memory == memory
    bare = State(tables={"a.b": TableRecord()})
    assert "schema" not in to_text(bare)
    assert from_text(to_text(bare)).tables["a.b"].memory.schema is None
    pinned = plan_of(now, TableMemory(schema=BEFORE), schema={"columns": {"id": "bigint"}})
    assert after(pinned, look(ContentLake(), pinned)).schema is None
    torn = plan_of(table(), TableMemory(schema=BEFORE), schema="on")
    assert after(torn, look(ContentLake(), torn)).schema == BEFORE


@pytest.mark.parametrize(
    ("pinned", "because"),
    [
        ({"id": "bigint", "amount": "int"}, "3 columns, as in the pinned list of columns"),
        ({"id": "bigint", "amount": "int", "dt": "string"}, "3 columns, as in the pinned list of columns"),
        (
            {"id": "int", "amount": "int"},
            "1 difference from the pinned list of columns: id retyped from int to bigint",
        ),
        ({"id": "bigint"}, "1 difference from the pinned list of columns: amount added (int)"),
    ],
)
def test_a_pinned_list(pinned: dict[str, str], because: str) -> None:
    finding = against(BEFORE, table(id="bigint", amount="int"), {"columns": pinned})
    assert finding.because == because


@pytest.mark.parametrize("now", [table(), table(col="array<string>")])
def test_a_catalog_that_tells_no_columns_is_unknown(now: Table) -> None:
    finding = against(BEFORE, now)
    assert (finding.status, finding.problem) == (Status.UNKNOWN, ProblemKind.UNSUPPORTED)
    assert "the catalog tells no columns of sales.orders" in finding.because


def test_a_prefix_has_no_columns() -> None:
    lake = ContentLake()
    finding = find(lake, plan_of(prefix("s3://raw/a/"), schema="on"), "schema")
    assert finding.because == (
        "could not be checked: s3://raw/a/ has no catalog entry, so nothing says which columns it should have"
    )


def test_a_table_with_a_log_is_compared_without_reading_it() -> None:
    iceberg = replace(table(id="bigint"), format=Format.ICEBERG)
    assert against((Column("id", "bigint"), DT), iceberg).status is Status.PASS


def test_a_column_that_iceberg_dropped_is_gone_though_glue_keeps_it(lake: LakeBuilder) -> None:
    def glue(*current: str) -> dict[str, Any]:
        columns = [
            {
                "Name": name,
                "Type": "int",
                "Parameters": {"iceberg.field.current": str(name in current).lower()},
            }
            for name in ("a", "b")
        ]
        place = {"Location": "s3://lake/ice/t", "Columns": columns}
        return {"StorageDescriptor": place, "Parameters": {"table_type": "ICEBERG"}}

    before, now = lake.table("ice.t", glue("a", "b")), lake.table("ice.u", glue("a"))
    finding = against(before.columns, now)
    assert finding.because == "1 difference from the last report: b dropped (it was int)"
    assert against(None, now, {"columns": {"a": "int"}}).status is Status.PASS


def load_files(lake: LakeBuilder, now: Table, **file: Any) -> None:
    for number in range(1, 6):
        day = (NOW - number * DAY).date().isoformat()
        lake.register(now, [day])
        old = {"gone": pa.array([1])} if number > 1 else {}
        put(lake, f"{hive_location(now, [day])}a.parquet", parquet(**file, **old), NOW - number * DAY)


def test_the_newest_footer_costs_one_listing_and_one_get(lake: LakeBuilder) -> None:
    glue = {
        "StorageDescriptor": {
            "Location": "s3://lake/sales/orders",
            "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "code", "Type": "varchar(3)"}],
        }
    }
    now = lake.table("sales.orders", glue, dt="string")
    load_files(lake, now, ID=pa.array([1]), code=pa.array(["x"]))
    plan = plan_of(now, TableMemory(layout={"keys": [["dt", "%Y-%m-%d"]]}), schema={"against": "footer"})
    finding = find(lake, plan, "schema")
    assert (finding.status, finding.because) == (Status.PASS, "3 columns, as in the newest file")
    assert finding.evidence == "s3://lake/sales/orders/dt=2026-11-22/a.parquet"
    assert dict(lake.counts) == {"glue:GetPartitions": 1, "s3:ListObjectsV2": 1, "s3:GetObject": 1}


def test_differences_from_the_newest_footer() -> None:
    lake = ContentLake()
    now = replace(
        lake.table("sales.orders", dt="string"), columns=columns(id="bigint", name="string", n="int")
    )
    load_files(lake, now, id=pa.array([1]), n=pa.array([1]), extra=pa.array([[1.5]]))
    finding = find(lake, plan_of(now, schema={"against": "footer"}), "schema")
    assert finding.because == (
        "3 differences of the newest file from the catalog: extra added (array<double>); name dropped (it was "
        "string); n retyped from int to bigint"
    )


def test_without_a_footer_it_is_unknown() -> None:
    lake = ContentLake()
    now = replace(lake.table("sales.orders"), columns=columns(id="bigint"))
    plan = plan_of(now, schema={"against": "footer"})
    assert find(lake, plan, "schema").problem is ProblemKind.NOT_FOUND
    put(lake, f"{now.location}a.parquet", b"x" * 100, NOW)
    assert find(lake, plan, "schema").problem is ProblemKind.MALFORMED
    lake = ContentLake()
    csv = plan_of(replace(now, file_format="csv"), schema={"against": "footer"})
    finding = find(lake, csv, "schema")
    assert "are csv, and only plain Parquet files tell their columns in a footer" in finding.because
    assert dict(lake.counts) == {}


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"columns": {"id": "bigint"}, "against": "footer"}, "columns and against exclude each other"),
        ({"columns": {}}, "is not a list of columns"),
        (
            {"columns": {"id": "array<" * 51 + "int" + ">" * 51}},
            "the type of id is longer than is read, or nested more",
        ),
        ({"columns": {"id": "array<int"}}, "'array<int' is not a type of id"),
        ({"columns": {"id": "integerr"}}, "'integerr' is not a type of id"),
        ({"columns": ["id"]}, "is not a list of columns"),
        ({"columns": {"id": "bigint", "ID": "int"}}, "ID is written twice"),
        ({"allow": "renamed"}, "'renamed' is no change of a schema"),
        ({"against": "yesterday"}, "write one of: last, footer"),
    ],
)
def test_what_is_wrong_is_told(block: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigErrors, match=told):
        load({"version": 1, "tables": [{"table": "a.b", "schema": block}]}, environ={})


LEAVES = st.sampled_from(["int", "bigint", "string", "decimal(10,2)", "varchar(5)", "timestamp", "double"])
TYPES = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds("array<{}>".format, inner)
        | st.builds("map<{},{}>".format, LEAVES, inner)
        | st.builds(
            lambda kinds: f"struct<{','.join(f'f{number}:{kind}' for number, kind in enumerate(kinds))}>",
            st.lists(inner, min_size=1, max_size=4),
        )
    ),
    max_leaves=12,
)


@given(TYPES)
def test_a_type_reads_back_as_it_is_written(text: str) -> None:
    tree = parse_type(text)
    assert isinstance(tree, Tree)
    assert str(tree) == text


@given(TYPES, TYPES)
def test_types_differ_where_their_texts_do(one: str, other: str) -> None:
    found = differences(columns(a=one), columns(a=other))
    assert bool(found) == (one != other)
    kinds = {each.kind for each in differences(columns(a=other), columns(a=one))}
    mirrored = {Kind.ADDED: Kind.DROPPED, Kind.DROPPED: Kind.ADDED}
    assert kinds == {mirrored.get(each.kind, each.kind) for each in found}


@given(st.text(alphabet="<>,:()`a int structarymp", max_size=80) | st.text(max_size=40))
def test_any_text_is_a_type_or_none(text: str) -> None:
    tree = parse_type(text)
    assert tree is None or str(tree)


@pytest.mark.parametrize(
    "text", ["array<" * 60 + "int" + ">" * 60, "struct<a:" * 30_000, " " * 90_000, "x" * 200_000]
)
def test_hostile_types_are_refused_at_once(text: str) -> None:
    assert parse_type(text) is None
