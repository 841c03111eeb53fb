"""How long rows are kept, what is none of a run's, and what cannot be read or written: told, and left alone."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checks.history import HistoryConflict, HistoryUnavailable, open_history
from checks.history.datasets import DATASETS, Batch, expire, files, read, record, writing
from checks.history.datasets.files import MOST_BYTES, first_name
from tests.conftest import ASKED
from tests.support.batches import NOW, WHOLE, batch, objects, rows
from tests.support.times import DAY

if TYPE_CHECKING:
    from pathlib import Path

    from checks.history import History


@pytest.mark.parametrize("content", [b"", b"PAR1", b"{}", b"x" * 4096, b"PAR1" + b"\0" * 64 + b"PAR1"])
def test_an_object_that_cannot_be_read_is_left_alone_and_told(history: History, content: bytes) -> None:
    record(history, batch(1))
    name = str(first_name("findings", NOW.date(), "prod"))
    history.store.keep(name, content)
    assert record(history, batch(2)).complaints == ()
    kept = history.store.read(name, MOST_BYTES)
    assert kept is not None
    assert kept.content == content
    found = read(history, "findings", since=WHOLE[0], until=WHOLE[1])
    assert {row["run_id"] for row in found.rows} == {"r-2"}
    (said,) = found.unread
    assert said.startswith(f"{history.store.where(name)} is left out: ")


def test_what_a_later_version_wrote_is_read_and_never_replaced(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "VERSION", 2)
    record(history, batch(1))
    monkeypatch.undo()
    before = history.store.read(str(first_name("runs", NOW.date(), "prod")), MOST_BYTES)
    record(history, batch(2))
    assert before == history.store.read(str(first_name("runs", NOW.date(), "prod")), MOST_BYTES)
    assert [row["run_id"] for row in rows(history, "runs")] == ["r-1", "r-2"]
    assert len(objects(history, "runs")) == 2


HOSTILE = [
    "' OR 1=1; --",
    "../../x",
    "day=2026-11-23/",
    "a\x00b",
    "<script>",
    "\u202e",
    "x" * 9000,
    "日本",
    "",
]


def test_hostile_names_are_data(history: History) -> None:
    own = {"config": "prod", "run_id": "r", "run_at": NOW.replace(tzinfo=None)}
    made = [own | {"table_id": name, "because": name} for name in HOSTILE]
    record(history, Batch(config="prod", run_id="r", now=NOW, rows={"findings": made}))
    assert [row["table_id"] for row in rows(history, "findings")] == HOSTILE
    for name in HOSTILE:
        assert [row["because"] for row in rows(history, "findings", only=[("table_id", "==", name)])] == [
            name
        ]
    assert objects(history, "findings") == ["datasets/findings/day=2026-11-23/prod~000.parquet"]


def test_rows_over_the_bound_are_left_out_and_told(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_ROWS", 3)
    (said,) = record(history, batch(1)).complaints
    assert said.startswith(
        "The history's data set periods lacks 3 rows of this run, which has more than one run may"
    )
    assert len(rows(history, "periods")) == 3


def test_what_cannot_be_written_is_told_once_for_all(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    (said,) = record(open_history(str(tmp_path / "kept"), "prod"), batch(1)).complaints
    names = "changes, findings, marks, observations, periods and runs"
    assert said.startswith(f"This run is not in the history's data sets ({names}): The history")


def test_who_always_conflicts_is_told_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = open_history(str(tmp_path), "prod")

    def refused(*_: Any) -> str:
        raise HistoryConflict("Another run wrote in between; run again.")

    monkeypatch.setattr(type(history.store), "write", refused)
    begun = time.monotonic()
    (said,) = record(history, batch(1), begun + 1).complaints
    assert "Another run wrote in between" in said
    assert time.monotonic() - begun < 5


def test_what_is_older_goes_in_whole_days(history: History) -> None:
    for number in range(5):
        record(history, batch(number, NOW + number * DAY))
        history.remember("{}", f"r-{number}", NOW + number * DAY)
    from checks.history import History

    record(History(history.store, "other"), batch(9, config="other"))
    now = NOW + 4 * DAY
    assert expire(history, timedelta(days=4), now) == 0  # the last hours of the first day are younger
    assert expire(history, timedelta(days=3), now) == len(DATASETS) + 1
    assert [row["run_id"] for row in rows(history, "runs")] == ["r-1", "r-2", "r-3", "r-4"]
    assert len(list(history.store.listed("runs/prod/"))) == 4
    assert len(rows(History(history.store, "other"), "runs")) == 1
    assert expire(history, timedelta(days=1), now) == 2 * (len(DATASETS) + 1)


def test_what_is_none_of_a_run_is_never_deleted(history: History) -> None:
    for name in (
        "datasets/findings/day=2020-01-01/mine.csv",
        "datasets/findings/notes.txt",
        "runs/prod/keep.json",
        "runs/prod-2/2020-01-01/r.json",
        "states/prod.json",
        "datasets/findings/day=2020-13-41/prod~000.parquet",
    ):
        history.store.keep(name, b"x")
    before = list(history.store.listed(""))
    assert expire(history, timedelta(days=1), NOW) == 0
    assert list(history.store.listed("")) == before


def test_listed_names_are_sorted_and_begin_as_asked(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ASKED, "pairs", set()
    )  # what a test asks of the store itself, no part of the program asks
    for name in ("a/b", "a/c/d", "ab", "a/c.x"):
        history.store.keep(name, b"x")
    assert list(history.store.listed("a/")) == ["a/b", "a/c.x", "a/c/d"]
    assert list(history.store.listed("a/c")) == ["a/c.x", "a/c/d"]
    assert list(history.store.listed("a/", "a/c.x")) == ["a/c/d"]
    assert list(history.store.listed("none/")) == []
    history.store.remove(["a/c/d", "a/none"])
    assert list(history.store.listed("")) == ["a/b", "a/c.x", "ab"]


def test_a_place_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    (tmp_path / "datasets").write_text("a file")
    with pytest.raises(HistoryUnavailable, match="cannot be read"):
        read(open_history(str(tmp_path), "prod"), "runs", since=WHOLE[0], until=WHOLE[1])
