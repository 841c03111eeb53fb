"""The data sets: what a run puts there is there once, whoever writes at the same time, and in few objects."""

from __future__ import annotations

import tempfile
import threading
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from checks.history import open_history
from checks.history.datasets import DATASETS, Batch, Kind, read, record, writing
from checks.history.datasets.files import Name, Rows, decode, encode, of_rows
from tests.support.batches import NOW, batch, objects, rows
from tests.support.times import DAY

if TYPE_CHECKING:
    from pathlib import Path

    from checks.history import History


def test_what_a_run_leaves_is_read_again(history: History) -> None:
    recorded = record(history, batch(1))
    assert (recorded.complaints, recorded.first_of_day) == ((), True)
    assert objects(history, "findings") == ["datasets/findings/day=2026-11-23/prod~000.parquet"]
    (run,) = rows(history, "runs")
    assert {key: value for key, value in run.items() if value is not None} == {
        "config": "prod",
        "run_id": "r-1",
        "run_at": NOW.replace(tzinfo=None),
        "tables": 3,
    }
    assert [row["table_id"] for row in rows(history, "observations")] == ["sales.t0", "sales.t1", "sales.t2"]


@pytest.mark.slow
def test_ninety_six_runs_a_day_leave_one_object_a_day(tmp_path: Path) -> None:
    history = open_history(str(tmp_path), "prod")
    times = [NOW.replace(hour=0) + number * timedelta(minutes=15) for number in range(96)]
    times += [NOW.replace(hour=hour) + day * DAY for day in range(1, 30) for hour in (0, 23)]
    for number, now in enumerate(times):
        assert record(history, batch(number, now, tables=1)).complaints == ()
    for dataset in DATASETS:
        assert len(objects(history, dataset)) == 30, dataset
    assert [row["run_id"] for row in rows(history, "runs")] == [f"r-{number}" for number in range(len(times))]
    periods = rows(history, "periods")
    assert len(periods) == 30 * 2  # what was seen alike all day is one row
    assert {row["seen_until"] - row["seen_from"] for row in periods} == {
        timedelta(hours=hours) for hours in (23, 23.75)
    }


def test_a_run_that_is_tried_again_is_there_once(history: History) -> None:
    for run in (1, 2, 3):
        record(history, batch(run))
    again = record(history, batch(2, tables=4))
    assert (again.complaints, again.first_of_day) == ((), False)
    assert sorted((row["run_id"], row["tables"]) for row in rows(history, "runs")) == [
        ("r-1", 3),
        ("r-2", 4),
        ("r-3", 3),
    ]
    assert len(rows(history, "findings")) == 3 + 4 + 3


def test_many_runs_at_once_lose_nothing_and_count_nothing_twice(history: History) -> None:
    at_once = 12
    gate = threading.Barrier(at_once)
    said: list[str] = []

    def run(number: int) -> None:
        gate.wait()
        said.extend(record(history, batch(number), time.monotonic() + 60).complaints)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == []
    for dataset, each in (("runs", 1), ("findings", 3), ("observations", 3), ("changes", 1)):
        found = [row["run_id"] for row in rows(history, dataset)]
        assert sorted(found) == sorted(f"r-{number}" for number in range(at_once) for _ in range(each))
    assert len(rows(history, "periods")) == 6


def test_a_reader_meanwhile_sees_whole_runs_only(tmp_path: Path) -> None:
    history = open_history(str(tmp_path), "prod")
    over = threading.Event()

    def write() -> None:
        for number in range(40):
            record(history, batch(number))
        over.set()

    thread = threading.Thread(target=write)
    thread.start()
    seen = 0
    while not over.is_set():
        found = [row["run_id"] for row in rows(history, "findings")]
        assert len(found) == 3 * len(set(found))
        assert len(found) >= seen
        seen = len(found)
    thread.join()
    assert len(rows(history, "findings")) == 120


@pytest.mark.parametrize("fills", ["FULL_ROWS", "FULL_BYTES"])
def test_a_full_object_is_left_and_the_next_begun(
    history: History, monkeypatch: pytest.MonkeyPatch, fills: str
) -> None:
    monkeypatch.setattr(writing, fills, 6 if fills == "FULL_ROWS" else 1)
    for run in range(5):
        assert record(history, batch(run)).complaints == ()
    found = [Name.parse(name) for name in objects(history, "findings")]
    assert [name.number for name in found if name] == ([0, 1, 2] if fills == "FULL_ROWS" else [0, 1, 2, 3, 4])
    assert (
        record(history, batch(0, tables=5)).complaints == ()
    )  # tried again: it lies in an object that is full
    assert sorted(row["run_id"] for row in rows(history, "findings")) == sorted(
        ["r-0"] * 5 + [f"r-{run}" for run in range(1, 5) for _ in range(3)]
    )


def test_just_before_at_and_after_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for most, expected in ((5, 1), (6, 1), (7, 1)):
        monkeypatch.setattr(writing, "FULL_ROWS", most)
        history = open_history(str(tmp_path / str(most)), "prod")
        record(history, batch(0))
        record(history, batch(1))
        assert len(objects(history, "findings")) == expected
        record(history, batch(2))
        assert len(objects(history, "findings")) == (2 if most <= 6 else 1)


@pytest.mark.slow
@example([(0, 8), (1, 1), (0, 1), (1, 1)])
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9)), max_size=14))
def test_each_run_is_there_once_as_it_was_last_however_full_objects_are(tries: list[tuple[int, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(writing, "FULL_ROWS", 8)
        history = open_history(folder, "prod")
        for number, (run, tables) in enumerate(tries):
            own = {"config": "prod", "run_id": f"r-{run}", "because": str(number)}
            made = {"findings": [own | {"table_id": f"t{table}"} for table in range(tables)]}
            assert (
                record(history, Batch(config="prod", run_id=f"r-{run}", now=NOW, rows=made)).complaints == ()
            )
        last = {run: (number, tables) for number, (run, tables) in enumerate(tries)}
        found = sorted((row["run_id"], row["because"], row["table_id"]) for row in rows(history, "findings"))
        assert found == sorted(
            (f"r-{run}", str(number), f"t{table}")
            for run, (number, tables) in last.items()
            for table in range(tables)
        )


def test_configs_that_share_a_place_share_no_object(history: History) -> None:
    from checks.history import History

    names = ("prod", "prod~000", "prod-2", "Prod", "../prod", "day=2026")
    for name in names:
        other = History(history.store, name)
        assert record(other, batch(1, config=name)).complaints == ()
    assert len(objects(history, "runs")) == len(names)
    assert all(Name.parse(name) is not None for name in objects(history, "runs"))
    for name in names:
        assert len(rows(History(history.store, name), "runs")) == 1


def test_a_column_that_an_older_file_lacks_is_null_and_what_is_asked_of_it_is_nothing() -> None:
    dataset = DATASETS["findings"]
    table = of_rows(dataset, [{"run_id": "r-1", "table_id": "a.b", "owner": "x"}])
    older = encode(dataset, Rows(table.drop_columns(["owner", "because"])))
    assert decode(dataset, older).table.to_pylist() == [
        dict.fromkeys(dataset.columns) | {"run_id": "r-1", "table_id": "a.b"}
    ]
    assert decode(dataset, older).table.schema.equals(dataset.schema)
    assert len(decode(dataset, older, only=[("owner", "==", "x")]).table) == 0
    assert decode(dataset, older, columns=["table_id"], only=[("table_id", "==", "a.b")]).table.num_rows == 1


def test_only_what_is_asked_for_is_read(history: History) -> None:
    for number in range(4):
        record(history, batch(number, NOW + number * DAY))
    found = read(
        history,
        "findings",
        since=date(2026, 11, 24),
        until=date(2026, 11, 25),
        columns=["run_id", "table_id"],
        only=[("table_id", "==", "sales.t1")],
    )
    assert found.rows == [
        {"run_id": "r-1", "table_id": "sales.t1"},
        {"run_id": "r-2", "table_id": "sales.t1"},
    ]


def test_no_column_is_a_word_that_engines_reserve() -> None:
    import duckdb

    engine = duckdb.connect()
    query = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'"
    reserved = {word for (word,) in engine.execute(query).fetchall()}
    assert "table" in reserved
    for dataset in DATASETS.values():
        assert not reserved & {dataset.name, *dataset.columns}
        assert all(kind in Kind for kind, _ in dataset.columns.values())


def test_no_thread_of_pyarrow_holds_what_is_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    dataset = DATASETS["runs"]
    content = encode(dataset, Rows(of_rows(dataset, [{"run_id": "r-1"}])))
    asked: list[Any] = []
    before = pq.read_table

    def reading(source: Any, **options: Any) -> Any:
        asked.append((type(source), options["use_threads"]))
        return before(source, **options)

    monkeypatch.setattr(pq, "read_table", reading)
    assert decode(dataset, content).table.num_rows == 1
    assert asked == [(pa.BufferReader, False)]  # else the process may abort where it ends
