"""What a compaction wrote is data and no arrival, where the layout tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import State, TableRecord
from checks.history.document import from_text, to_text
from checks.layout.rewrites import is_compacted, may_tell, tells_deletes
from checks.model import Answer, Listing, Status, TableMemory
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.rule_checks import NOW, find, look, plan_of
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from datetime import timedelta

    from checks.model import Finding

LOAD, DELETE, COMPACTION, BOTH = (False, False), (True, False), (False, True), (True, True)
"""Whether it tells deletes, and whether a compaction wrote it."""
FRESH: dict[str, Any] = {"freshness": {"max_age": "24h"}}
DAILY: dict[str, Any] = {"partitions": {"due": "06:00", "lookback": 3}}


@pytest.mark.parametrize(
    ("path", "by"),
    [
        ("delta_0000001_0000001_0000/bucket_00000", LOAD),
        ("dt=2026-11-22/delta_0000001_0000001/bucket_00000", LOAD),
        ("base_0000005/bucket_00000", LOAD),
        ("base_0000005/000000_0", LOAD),
        ("base_0000005_v0000000/bucket_00000", LOAD),
        ("base_0000005_v0000017/bucket_00000", COMPACTION),
        ("dt=2026-11-22/base_0000005_v0000017/bucket_00000_0", COMPACTION),
        ("delta_0000001_0000005_v0000017/bucket_00001", COMPACTION),
        ("delta_0000001_0000005_0000_v12345678/bucket_00001", COMPACTION),
        ("delete_delta_0000001_0000001_0000/bucket_00000", DELETE),
        ("delete_delta_0000001_0000005_v0000017/bucket_00000", BOTH),
        ("base_0000005_v0000017", LOAD),  # a file, no folder
        ("base_0000005_v0000017/more/bucket_00000", LOAD),
        ("my_base_0000005_v0000017/a", LOAD),
        ("base_5_v17/a", LOAD),
        ("base_0000005_v/a", LOAD),
        ("delta_0000005_v0000017/a", LOAD),
        ("compacted-part-0-1.parquet", LOAD),
        ("dt=2026-11-22/compact/part-0.parquet", LOAD),
        ("part-00000-0f3c-c000.snappy.parquet", LOAD),
        ("orders-1-2026-11-20-05-10-00-0f3c", LOAD),
    ],
)
def test_only_what_hives_compactor_names_so_is_a_compaction(path: str, by: tuple[bool, bool]) -> None:
    assert (tells_deletes(path), is_compacted(path)) == by
    assert by == LOAD or may_tell(f"t/{path}")


def found(*files: tuple[str, timedelta], **blocks: Any) -> Finding:
    """Return what freshness tells of a prefix that holds files of these ages."""
    lake = MemoryLake()
    lake.bucket("raw")
    for name, age in files:
        lake.put(f"s3://raw/a/{name}", NOW - age)
    return find(lake, plan_of(prefix("s3://raw/a/"), **{**FRESH, **blocks}), "freshness")


OLD_LOAD, COMPACTED = "delta_0000001_0000001_0000/bucket_00000", "base_0000001_v0000009/bucket_00000"


def test_deletes_count_where_changes_do_and_compactions_do_not() -> None:
    delete = ("delete_delta_0000002_0000002_0000/bucket_00000", HOUR)
    assert found((OLD_LOAD, 3 * DAY), delete).status is Status.FAIL
    changes = {"freshness": {"max_age": "24h", "count": "changes"}}
    assert found((OLD_LOAD, 3 * DAY), delete, **changes).status is Status.PASS
    compacted = ("delete_delta_0000002_0000004_v0000009/bucket_00000", HOUR)
    assert found((OLD_LOAD, 3 * DAY), compacted).status is Status.FAIL
    assert found((OLD_LOAD, 3 * DAY), compacted, **changes).status is Status.UNKNOWN
    assert found((OLD_LOAD, 3 * DAY), (COMPACTED, HOUR), **changes).status is Status.UNKNOWN


@given(
    loads=st.lists(st.integers(1, 100), max_size=4),
    rewrites=st.lists(st.integers(1, 100), max_size=3),
    limit=st.integers(1, 100),
)
def test_compaction_never_makes_a_table_fresher_and_hides_no_failure_that_it_cannot_hide(
    loads: list[int], rewrites: list[int], limit: int
) -> None:
    files = [(f"delta_{n:07}_{n:07}_0000/bucket_00000", age * HOUR) for n, age in enumerate(loads)]
    compacted = [(f"base_{n:07}_v0000009/bucket_00000", age * HOUR) for n, age in enumerate(rewrites)]
    block = {"freshness": {"max_age": f"{limit}h"}}
    alone, beside = found(*files, **block), found(*files, *compacted, **block)
    if alone.status is Status.PASS:
        assert beside.status is Status.PASS
    elif not rewrites or min(rewrites) > limit:  # what was rewritten is too old itself
        assert beside.status is Status.FAIL
    else:
        assert beside.status is Status.UNKNOWN
        assert "was written by a compaction" in beside.because


def test_a_compacted_partition_is_there_and_not_late_by_its_compaction() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", None, dt="string")
    for back in (1, 2, 3):
        day = NOW.replace(hour=0) - back * DAY
        values = (f"{day:%Y-%m-%d}",)
        lake.register(table, values, at=day + DAY + HOUR)
        lake.put(f"{hive_location(table, values)}{COMPACTED}", NOW - HOUR)
    plan = plan_of(table, **DAILY, **FRESH)
    finding = find(lake, plan, "partitions")
    assert finding.status is Status.PASS
    assert {item.state.value for item in finding.items} == {"present"}
    seen = look(lake, plan)
    assert {each.listing.newest_at for each in seen.partitions if each.listing} == {None}
    assert find(lake, plan, "freshness").status is Status.UNKNOWN
    dead = find(lake, plan, "freshness", NOW + DAY)
    assert dead.status is Status.FAIL
    assert "came at or before" in dead.because


def test_what_was_seen_of_a_compacted_partition_is_remembered() -> None:
    listing = Listing(objects=1, size_bytes=9, rewritten_at=NOW - HOUR, rewritten_key="s3://lake/t/a")
    answer = Answer(period="2026-11-22", seen_at=NOW, listing=listing, values=("2026-11-22",))
    record = TableRecord(matched_by="t", by_glob=False, memory=TableMemory(answers={"s3://lake/t/": answer}))
    assert from_text(to_text(State(tables={"a.t": record}))).tables["a.t"] == record


def test_listings_that_are_read_in_parts_tell_the_same() -> None:
    lake = MemoryLake(page_size=2)
    lake.put(f"s3://raw/a/{OLD_LOAD}", NOW - 2 * DAY)
    for number in range(5):
        lake.put(f"s3://raw/a/base_{number:07}_v0000009/bucket_00000", NOW - number * HOUR)
    seen = look(lake, plan_of(prefix("s3://raw/a/"), **FRESH))
    assert seen.listing is not None
    assert (seen.listing.objects, seen.listing.newest_at) == (6, NOW - 2 * DAY)
    assert (seen.listing.rewritten_at, seen.listing.oldest_at) == (NOW, NOW - 2 * DAY)
