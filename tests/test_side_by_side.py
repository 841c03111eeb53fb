"""Computing side by side: the same results in the same order, whatever becomes of the processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks import cli, side_by_side
from checks.side_by_side import in_turn, processors
from checks.side_by_side import side_by_side as spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.side_by_side import Spread

ROOT = Path(__file__).parents[1]
HEADER = "table,arrived_at,partition,size_bytes,rows"
START = datetime(2026, 1, 5, 5, tzinfo=UTC)


def square(number: int) -> int:
    return number * number


def where(_: int) -> int:
    time.sleep(0.2)
    return os.getpid()


def where_after(tenths: int) -> int:
    time.sleep(tenths / 10)
    return os.getpid()


def slow_first(number: int) -> int:
    time.sleep(0 if number else 2)
    return number


def end_at_three(item: tuple[int, str]) -> str:
    parent, name = item
    if os.getpid() != parent and name.endswith("3"):
        os.kill(os.getpid(), signal.SIGKILL)
    return name


def refuse_three(number: int) -> int:
    if number == 3:
        raise ValueError(f"no {number}")
    return number


def fill(size: int) -> bytes:
    return b"x" * size


def end_other_processes(parent: int) -> int:
    """Be ended from outside, as by a system that has no memory left, unless this is the first process."""
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return parent


@pytest.fixture
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "processors", lambda: 2)


@pytest.mark.parametrize("number", [0, 1, 2, 9])
@pytest.mark.usefixtures("two_processors")
def test_results_come_in_the_order_of_the_items(number: int) -> None:
    assert spread(square, range(number)) == in_turn(square, range(number)) == [n * n for n in range(number)]


@pytest.mark.usefixtures("two_processors")
def test_another_process_computes_beside_this_one() -> None:
    first, second, third = spread(where, range(3))
    assert first == third == os.getpid() != second


@pytest.mark.usefixtures("two_processors")
def test_one_item_or_one_processor_needs_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert spread(where, [0]) == [os.getpid()]
    monkeypatch.setattr(side_by_side, "processors", lambda: 1)
    assert spread(where, range(2)) == [os.getpid()] * 2


@pytest.mark.usefixtures("two_processors")
def test_what_a_work_raises_is_raised() -> None:
    with pytest.raises(ValueError, match="no 3"):
        spread(refuse_three, range(5))


@pytest.mark.usefixtures("two_processors")
def test_items_and_results_may_be_large() -> None:
    large = 5_000_000
    assert spread(len, [b"x" * large] * 3) == [large] * 3
    assert [len(each) for each in spread(fill, [large] * 3)] == [large] * 3


@pytest.mark.usefixtures("two_processors")
def test_processes_that_are_ended_from_outside_cost_no_result() -> None:
    assert spread(end_other_processes, [os.getpid()] * 3) == [os.getpid()] * 3


@pytest.mark.usefixtures("two_processors")
def test_where_no_process_can_be_started_this_one_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(SpawnProcess, "start", refuse)
    assert spread(where, range(2)) == [os.getpid()] * 2


@pytest.mark.parametrize("number", [0, 1, 2, 9])
@pytest.mark.parametrize("way", [in_turn, spread], ids=["in turn", "side by side"])
@pytest.mark.usefixtures("two_processors")
def test_each_item_is_told_as_done_once(way: Spread, number: int) -> None:
    told: list[int] = []
    assert way(square, range(number), told.append) == [n * n for n in range(number)]
    assert sorted(told) == list(range(number))


@pytest.mark.usefixtures("two_processors")
def test_what_another_process_did_is_told_while_this_one_goes_on() -> None:
    told: list[int] = []
    spread(
        where_after, [6, 1, 1, 1], told.append
    )  # tenths of a second: this process has the first and the third
    assert told == [6, 1, 1, 1]
    told = []
    spread(where_after, [1, 30, 1], told.append)
    assert told == [1, 1, 30]


@pytest.mark.usefixtures("two_processors")
def test_what_an_ended_process_did_is_told_once_and_computed_anew(tmp_path: Path) -> None:
    told: list[tuple[int, str]] = []
    items = [
        (os.getpid(), str(tmp_path / f"{n}")) for n in range(6)
    ]  # the other one has 1, 3 and 5, and ends at 3
    assert spread(end_at_three, items, told.append) == [name for _, name in items]
    assert sorted(told) == items


@pytest.mark.usefixtures("two_processors")
def test_many_items_of_another_process_wait_for_nobody_to_be_told() -> None:
    many = 4000
    told: list[int] = []
    begin = time.monotonic()
    spread(slow_first, range(many), told.append)
    assert time.monotonic() - begin < 30
    assert sorted(told) == list(range(many))


def test_only_processors_that_this_process_may_use_are_counted() -> None:
    assert 1 <= processors() <= (os.cpu_count() or 1)


@pytest.mark.usefixtures("two_processors")
def test_a_long_replay_tells_the_same_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arrivals = _arrivals(tmp_path, tables=6)
    used: list[int] = []

    def counted(work: object, items: Sequence[object], on_done: object) -> list[object]:
        used.append(len(items))
        return spread(work, items, on_done)  # type: ignore[arg-type]

    monkeypatch.setattr(side_by_side, "side_by_side", counted)
    told = []
    for fewest in (10**9, 1):
        monkeypatch.setattr("checks.backtest_commands._LONG", fewest)
        assert cli.main(["backtest", "--arrivals", str(arrivals)]) == 0
        told.append(capsys.readouterr())
    assert used == [6]
    assert told[0] == told[1]
    assert "the same as a row above, as 6 rows are" in told[0].out
    assert "6 alerts of 6 tables" in told[0].out


@pytest.mark.parametrize("seconds", [0.0, 2.0], ids=["as they start", "as they compute"])
def test_an_interrupt_ends_all_processes_without_a_trace(tmp_path: Path, seconds: float) -> None:
    arrivals = _arrivals(tmp_path, tables=60, step=timedelta(hours=1))
    command = [sys.executable, "-m", "checks", "backtest", "--arrivals", str(arrivals)]
    started = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        _wait_for_children(started)
        time.sleep(seconds)
        os.killpg(started.pid, signal.SIGINT)
        out, err = started.communicate(timeout=60)
    finally:
        started.kill()
        started.communicate()
    assert started.returncode == 130
    assert not out
    assert err == "interrupted\n"


def _wait_for_children(process: subprocess.Popen[str]) -> None:
    """Wait until a process has one of its own beside the one that keeps account of them."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if processors() < 2 or not children.exists():
        pytest.skip("needs two processors, and a system that lists processes")
    stop_at = time.monotonic() + 60
    while len(children.read_text().split()) < 2:
        assert time.monotonic() < stop_at
        time.sleep(0.01)


def _arrivals(folder: Path, tables: int, step: timedelta = timedelta(days=1)) -> Path:
    """Write tables of 80 days with a partition each step, the 75th day's first one missing, and the first row twice."""
    name = "dt=%Y-%m-%d" if step == timedelta(days=1) else "dt=%Y-%m-%d-%H"
    missing = START + timedelta(days=75)
    times = [START + n * step for n in range(timedelta(days=80) // step)]
    rows = [HEADER]
    for table in range(tables):
        own = [
            f"sales.t{table},{at.isoformat()},{at.strftime(name)},1000,10" for at in times if at != missing
        ]
        rows += [own[0], *own]
    path = folder / "arrivals.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path
