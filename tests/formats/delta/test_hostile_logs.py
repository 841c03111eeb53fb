"""Delta logs that are torn, hostile or enormous: an arrival or unknown, never an error."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lake.formats.delta import actions as delta_log
from checks.model import Format, ProblemKind, Unobserved
from tests.support.delta_logs import EIGHT, NINE, OPTIMIZE, READER, TEN, append, commit_uri, log_of, see
from tests.support.tables_by_engines import (
    LOCATION,
    ROOT,
    ObjectsInMemory,
    log_key,
    observe,
    plan_of,
)
from tests.support.times import HOUR


@pytest.mark.parametrize(
    ("objects", "kind", "says"),
    [
        (ObjectsInMemory(), ProblemKind.NOT_FOUND, "_delta_log/ holds no commit"),
        (
            log_of(append(EIGHT), first=3),
            ProblemKind.MALFORMED,
            "commit 0 is missing and no checkpoint was seen",
        ),
        (
            log_of(append(EIGHT), first=8, hint=5),
            ProblemKind.MALFORMED,
            "commit 6 is missing after the checkpoint 5",
        ),
        (log_of(b""), ProblemKind.MALFORMED, "00.json is malformed: it is empty"),
        (log_of(b"\n\n"), ProblemKind.MALFORMED, "it holds no action"),
        (log_of(b'{"strange": {}}'), ProblemKind.MALFORMED, "it holds no action"),
        (log_of(append(EIGHT)[:-20]), ProblemKind.MALFORMED, "00.json line 2 is malformed: it is no JSON"),
        (log_of(b"[1]"), ProblemKind.MALFORMED, "line 1 is malformed: it is no JSON object"),
        (log_of(b'{"add": 1}'), ProblemKind.MALFORMED, "add in line 1 is no object"),
        (
            log_of(b'{"add": {"dataChange": "yes"}}'),
            ProblemKind.MALFORMED,
            "dataChange of add in line 1 is 'yes'",
        ),
        (
            log_of(b'{"commitInfo": {"inCommitTimestamp": "now"}}'),
            ProblemKind.MALFORMED,
            "commitInfo.inCommitTimestamp is 'now'",
        ),
        (log_of(b'{"protocol": {"minReaderVersion": 4}}'), ProblemKind.UNSUPPORTED, "Delta reader version 4"),
        (log_of(b'{"protocol": {}}'), ProblemKind.MALFORMED, "minReaderVersion is None"),
        (log_of(b"PAR1\x00\x01"), ProblemKind.MALFORMED, "it is no JSON"),
    ],
)
def test_a_bad_log_is_named_with_what_is_wrong(
    objects: ObjectsInMemory, kind: ProblemKind, says: str
) -> None:
    seen = see(objects)
    assert seen.problem is not None
    assert seen.problem.kind is kind
    assert says in seen.problem.message
    assert f"{LOCATION}_delta_log/" in seen.problem.message


def test_a_gap_in_the_log_is_unknown() -> None:
    objects = log_of(append(EIGHT), append(NINE), append(TEN))
    del objects.objects[log_key(1)]
    seen = see(objects)
    assert seen.problem is not None
    assert "commit 1 is missing" in seen.problem.message
    assert seen.newest is None


def test_a_hundred_megabytes_that_tell_nothing_are_given_up() -> None:
    objects = log_of(b'{"cdc": {}}\n' * (100 * 1024 * 1024 // 12))
    seen = see(objects)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.OVER_BUDGET
    assert (
        seen.problem.message
        == f"the first 500,000 actions of {commit_uri(0)} do not tell what it did, and no more are read"
    )


def test_a_commit_of_a_hundred_megabytes_is_read_up_to_a_bound() -> None:
    objects = log_of(b'{"cdc": {"path": "%s"}}\n' % (b"x" * 5000) * (100 * 1024 * 1024 // 5024))
    seen = see(objects)
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.OVER_BUDGET
    assert f"the first 67,108,864 bytes of {commit_uri(0)} do not tell what it did" in seen.problem.message


def parse(data: bytes) -> None:
    with suppress(Unobserved):
        delta_log.parse_commit(data, "m", 0)
    delta_log.parse_hint(data)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_commit_or_unknown(data: bytes) -> None:
    parse(data)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["add", "remove", "commitInfo", "protocol", "metaData", "other"]),
            JSON_VALUES
            | st.dictionaries(
                st.sampled_from(
                    ["dataChange", "timestamp", "inCommitTimestamp", "operation", "minReaderVersion"]
                ),
                JSON_VALUES,
            ),
        )
    )
)
def test_any_actions_are_a_commit_or_unknown(actions: list[Any]) -> None:
    parse("\n".join(json.dumps(action) for action in actions).encode())


@given(
    st.integers(0, 3), st.sets(st.integers(0, 8)), st.sets(st.integers(0, 8)), st.none() | st.integers(0, 12)
)
def test_any_set_of_files_ends_in_an_arrival_or_unknown(
    seed: int, commits: set[int], checkpoints: set[int], hint: int | None
) -> None:
    objects = ObjectsInMemory(page_size=3)
    for version in commits:
        objects.put(log_key(version), OPTIMIZE if version % (seed + 1) else append(EIGHT + version * HOUR))
    for version in checkpoints:
        objects.put(log_key(version, ".checkpoint.parquet"), b"PAR1")
    if hint is not None:
        objects.put(f"{ROOT}_delta_log/_last_checkpoint", json.dumps({"version": hint}).encode())
    seen = see(objects)
    assert (seen.newest is None) or seen.newest.at <= EIGHT + 8 * HOUR
    assert (seen.newest is None) is (seen.problem is not None or seen.listing is not None)
    observed = observe(READER, plan_of(Format.DELTA), objects, EIGHT + 3 * HOUR, ignore_later=True)
    assert observed.newest is None or observed.newest.at <= EIGHT + 3 * HOUR
