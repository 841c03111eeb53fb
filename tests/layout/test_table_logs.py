"""Which objects are part of a table format's own log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.layout.data_files import Chosen
from checks.layout.table_logs import MOST, is_left_out, log_of, may_tell, note, outermost
from checks.model import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

DELTA, HUDI, ICEBERG = Format.DELTA, Format.HUDI, Format.ICEBERG
VERSION = "00000000000000000003.json"
PATHS = st.lists(
    st.sampled_from(
        (
            "a",
            "b",
            "day=1",
            "_delta_log",
            ".hoodie",
            "metadata",
            "v1.metadata.json",
            VERSION,
            "part-0.parquet",
            "",
        )
    ),
    min_size=1,
    max_size=5,
).map("/".join)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (f"_delta_log/{VERSION}", ("", DELTA)),
        (f"a/b/_delta_log/{VERSION}", ("a/b/", DELTA)),
        ("_delta_log/_last_checkpoint", ("", DELTA)),
        ("_delta_log/_sidecars/x.parquet", ("", DELTA)),
        (".hoodie/hoodie.properties", ("", HUDI)),
        (".hoodie/timeline/20261122.commit", ("", HUDI)),
        (".hoodie/metadata/.hoodie/hoodie.properties", ("", HUDI)),  # Hudi's table within its log
        ("a/.hoodie/metadata/v1.metadata.json", ("a/", HUDI)),
        ("metadata/v12.metadata.json", ("", ICEBERG)),
        ("metadata/v12.gz.metadata.json", ("", ICEBERG)),
        ("metadata/v12.metadata.json.gz", ("", ICEBERG)),
        ("a/metadata/00003-6f9a2b1c.metadata.json", ("a/", ICEBERG)),
        ("_delta_log/", None),
        ("_delta_log/x_$folder$", None),
        ("_delta_log", None),
        ("x_delta_log/1.json", None),
        ("a.hoodie/1.commit", None),
        (".hoodie_partition_metadata", None),
        ("v1.metadata.json", None),
        ("metadata/a/v1.metadata.json", None),
        ("metadata/snap-1.avro", None),
        ("metadata/about.metadata.json", None),
        ("metadata/version-hint.text", None),
        ("data/part-0.parquet", None),
        ("", None),
    ],
)
def test_what_a_path_tells(path: str, found: tuple[str, Format] | None) -> None:
    assert log_of(path) == found


@given(PATHS)
def test_what_tells_is_seen_at_a_glance(path: str) -> None:
    assert log_of(path) is None or may_tell(path)


@given(st.lists(PATHS, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_names_changes_nothing(paths: Sequence[str], chance: object) -> None:
    logs: dict[str, Format] = {}
    note(logs, paths)
    shuffled = list(paths)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    others: dict[str, Format] = {}
    for path in shuffled:
        note(others, [path])
    assert outermost(logs) == outermost(others)


@given(st.lists(PATHS, max_size=12))
def test_no_table_is_told_within_another(paths: Sequence[str]) -> None:
    logs: dict[str, Format] = {}
    note(logs, paths)
    kept = outermost(logs)
    assert not any(one != other and one.startswith(other) for one in kept for other in kept)
    assert all(any(folder.startswith(each) for each in kept) for folder in logs)


def test_of_logs_side_by_side_one_counts() -> None:
    sides = (f"_delta_log/{VERSION}", ".hoodie/hoodie.properties", "metadata/v1.metadata.json")
    for paths, kept in ((sides, DELTA), (sides[::-1], DELTA), (sides[1:], HUDI), (sides[2:], ICEBERG)):
        logs: dict[str, Format] = {}
        note(logs, paths)
        assert logs == {"": kept}


def test_no_more_tables_are_noted_than_are_told_apart() -> None:
    logs: dict[str, Format] = {}
    note(logs, (f"t{number}/_delta_log/{VERSION}" for number in range(MOST + 5)))
    assert len(logs) == MOST


@pytest.mark.parametrize(
    ("ignored", "left_out"),
    [
        ("_delta_log/*", True),
        ("*_delta_log/*", True),
        ("*", True),
        ("*.json", False),
        ("_delta_log/*.json", False),
        ("a/*", False),
    ],
)
def test_what_ignores_a_whole_log_leaves_it_out(ignored: str, left_out: bool) -> None:  # noqa: FBT001 - a case
    assert is_left_out(Chosen(ignore=(ignored,)), "", DELTA) is left_out
    assert not is_left_out(None, "", DELTA)
