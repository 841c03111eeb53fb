"""Tables with logs of their own farther down than a prefix: none of their files counts."""

from __future__ import annotations

from typing import Any

import pytest

from checks.model import Format, LogSeen, LogsKnown, Status
from tests.support.prefixes import (
    AGE,
    FRESH,
    MINUTE,
    OLD,
    STATED,
    Delta,
    below,
    freshness,
    look,
)
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
)


def test_several_tables_below_a_prefix_are_unknown_by_name(old_delta: Delta) -> None:
    objects = below(old_delta.objects, "a/", "deep/b/")
    objects.put(f"{ROOT}a/part-dead.parquet", b"rows", FRESH)
    found, _, memory = look(objects)
    said = found["freshness"]
    assert said.status is Status.UNKNOWN
    assert f"{LOCATION}a/ (Delta), {LOCATION}deep/b/ (Delta)" in said.because
    assert f"prefix: {LOCATION}a/" in said.advice
    assert len(objects.calls) == 2  # listed, and again without the files of these tables
    assert memory.logs == LogsKnown(
        seen_at=NOW,
        below=(LogSeen(f"{LOCATION}a/", Format.DELTA), LogSeen(f"{LOCATION}deep/b/", Format.DELTA)),
    )
    assert look(objects, memory)[0]["freshness"].status is Status.UNKNOWN
    assert len(objects.calls) == 1


@pytest.mark.parametrize("beside", ["drop.csv", "in/2026/drop.csv", "a.csv", "a-new/x.csv"])
def test_other_files_beside_tables_prove_a_prefix_fresh(old_delta: Delta, beside: str) -> None:
    objects = below(old_delta.objects, "a/")
    objects.put(f"{ROOT}a/part-dead.parquet", b"rows", NOW - MINUTE)
    objects.put(f"{ROOT}{beside}", b"rows", FRESH)
    found, _, memory = look(objects)
    assert (found["freshness"].status, found["freshness"].observed) == (Status.PASS, FRESH)
    objects.modified[f"{ROOT}{beside}"] = OLD
    assert look(objects)[0]["freshness"].status is Status.UNKNOWN
    for key in [key for key in objects.objects if "_delta_log" in key]:
        del objects.objects[key]
    again, _, kept = look(objects, memory)  # no table any more: plain files
    assert (again["freshness"].observed, kept.logs) == (NOW - MINUTE, None)


def test_the_size_of_a_prefix_with_tables_is_unknown(old_delta: Delta) -> None:
    objects = below(old_delta.objects, "a/")
    objects.put(f"{ROOT}drop.csv", b"rows", FRESH)
    found = look(objects, volume={"min_bytes": "1B"}, files="on", catalog="on")[0]
    assert found["volume"].status is Status.UNKNOWN


def test_more_tables_than_are_told_apart_are_unknown() -> None:
    objects = ObjectsInMemory()
    for number in range(201):
        objects.put(f"{ROOT}t{number:03d}/_delta_log/{0:020d}.json", b"{}", OLD)
    objects.put(f"{ROOT}zz.csv", b"rows", FRESH)
    found = freshness(objects)
    assert found.status is Status.UNKNOWN
    assert "and over 197 more" in found.because


@pytest.mark.parametrize("ignored", ["a/*", "a/_delta_log/*", "*/_delta_log/*"])
def test_a_table_that_the_entry_ignores_stands_in_nobodys_way(old_delta: Delta, ignored: str) -> None:
    objects = below(old_delta.objects, "a/")
    objects.put(f"{ROOT}drop.csv", b"rows", OLD)
    found, seen, _ = look(objects, ignore=[ignored], **AGE)
    assert found["freshness"].status is Status.FAIL
    assert seen.requests == 1


def test_a_log_that_the_entry_ignores_leaves_the_files(old_delta: Delta) -> None:
    memory = look(old_delta.objects)[2]
    old_delta.objects.put(f"{ROOT}drop.csv", b"rows", FRESH)
    for known in (None, memory):
        found, seen, kept = look(old_delta.objects, known, ignore=["_delta_log/*"], **AGE)
        assert (found["freshness"].status, seen.table.format) == (Status.PASS, Format.FILES)
        assert (seen.requests, kept.logs) == (1, None)
    blocks = {"partitions": STATED["partitions"]}
    assert look(old_delta.objects, ignore=["_delta_log/*"], **blocks)[1].table.format is Format.FILES


@pytest.mark.parametrize("chosen", [{"ignore": ["*.json"]}, {"pattern": "*.parquet"}])
def test_what_is_said_of_names_hides_no_log(old_delta: Delta, chosen: dict[str, Any]) -> None:
    old_delta.objects.put(f"{ROOT}part-dead.parquet", b"rows", FRESH)
    assert look(old_delta.objects, **chosen, **AGE)[0]["freshness"].status is Status.FAIL
