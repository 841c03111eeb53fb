"""The data sets: what a run puts there is there once, whoever writes at the same time, and in few objects."""

from __future__ import annotations

import io
import tempfile
import threading
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from moto import mock_aws

from checks.history import HistoryConflict, HistoryUnavailable, open_history
from checks.history.datasets import DATASETS, Batch, Kind, expire, files, read, record, writing
from checks.history.datasets.files import MOST_BYTES, Name, Rows, decode, encode, first_name, of_rows
from tests.conftest import ASKED
from tests.support.times import DAY, at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checks.history import History

NOW = at("2026-11-23 07:00")
WHOLE = (date(2020, 1, 1), date(2030, 1, 1))


class OneAtATime:
    """A client whose requests are served one after the other: moto compares and writes in two steps."""

    def __init__(self, client: Any) -> None:
        self._client, self._lock = client, threading.Lock()

    def __getattr__(self, name: str) -> Any:
        def asked(**request: Any) -> Any:
            with self._lock:
                answer = getattr(self._client, name)(**request)
                return (
                    answer | {"Body": io.BytesIO(answer["Body"].read())} if name == "get_object" else answer
                )

        return asked


@pytest.fixture(params=["local", "s3"])
def history(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[History]:
    """A history in a folder, and one below a prefix of a bucket that versions nothing."""
    if request.param == "local":
        yield open_history(str(tmp_path / "kept"), "prod")
        return
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "k"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="ops")
        yield open_history("s3://ops/monitor/", "prod", cast("Any", OneAtATime(client)))


def batch(run: int, now: Any = NOW, config: str = "prod", tables: int = 3, **more: Any) -> Batch:
    """Rows of a run: one a table, and two periods of each."""
    naive = now.replace(tzinfo=None)
    own = {"config": config, "run_id": f"r-{run}", "run_at": naive}
    names = [f"sales.t{number}" for number in range(tables)]
    seen = {"seen_from": naive, "seen_until": naive, "config": config, "check_name": "partitions"}
    return Batch(
        config=config,
        run_id=f"r-{run}",
        now=now,
        rows={
            "runs": [own | {"tables": tables}],
            "observations": [own | {"table_id": name, "files": run} for name in names],
            "findings": [
                own | {"table_id": name, "check_name": "partitions", "status": "pass", "because": f"in {run}"}
                for name in names
            ],
            "periods": [
                seen | {"table_id": name, "period": period, "state": "present", "on_time": True}
                for name in names
                for period in ("2026-11-21", "2026-11-22")
            ],
            "changes": [own | {"table_id": names[0], "reason": "new"}],
            "marks": [
                {"config": config, "mark_id": "m", "kind": "silence", "seen_from": naive, "seen_until": naive}
            ],
            **more,
        },
    )


def rows(history: History, dataset: str, **more: Any) -> list[dict[str, Any]]:
    found = read(history, dataset, since=WHOLE[0], until=WHOLE[1], **more)
    assert found.unread == ()
    return found.rows


def objects(history: History, dataset: str) -> list[str]:
    return list(history.store.listed(f"datasets/{dataset}/"))


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
