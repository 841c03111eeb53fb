"""How far a command is: bars on a terminal, and lines, or nothing, in a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from checks import cli, progress
from tests.support.discovered import NOW, healthy, in_one_place
from tests.support.times import HOUR

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lakes import HttpLake

AT = ["--now", "2026-11-23T12:00:00Z"]
COMMANDS = [["discover", "--database", "*"], ["backtest"]]


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Return all that a command shows on standard error, where that is a terminal; its bars end with a \\r."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert cli.main(list(words)) == 0
    out, shown = capsys.readouterr()
    assert "replaying" not in out
    return shown


@pytest.fixture
def a_lake(lake: HttpLake, tmp_path: Path) -> None:
    healthy(lake)
    (tmp_path / "checks.yml").write_text(
        "version: 1\ntables:\n  - table: sales.*\n    freshness: auto\n", encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("command", "tables"), [(COMMANDS[0], 6), (COMMANDS[1], 3)], ids=["discover", "backtest"]
)
@pytest.mark.usefixtures("a_lake")
def test_a_terminal_sees_what_is_looked_at_and_then_what_is_replayed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str], tables: int
) -> None:
    looking, _, replaying = on_a_terminal(monkeypatch, capsys, *command, *AT).partition("replaying: ")
    assert "looking: " in looking
    assert "looking: " not in replaying
    assert f" 0/{tables} [" in replaying
    assert not replaying.rsplit("replaying: ", 1)[-1].split("\r")[1].strip()  # the bar is taken off


@pytest.mark.parametrize("command", COMMANDS, ids=["discover", "backtest"])
@pytest.mark.usefixtures("a_lake")
def test_a_pipe_hears_nothing_of_replays(capsys: pytest.CaptureFixture[str], command: list[str]) -> None:
    assert cli.main([*command, *AT]) == 0
    told = capsys.readouterr().err
    assert "looked at " in told
    assert "replay" not in told
    assert "\r" not in told


def test_recorded_arrivals_have_a_bar_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"a.b,{(NOW - n * HOUR).isoformat()},,,\n" for n in range(1000))
    (tmp_path / "a.csv").write_text(f"table,arrived_at,partition,size_bytes,rows\n{rows}", encoding="utf-8")
    command = ["backtest", "--arrivals", str(tmp_path / "a.csv"), "--train", "20d"]
    assert "replaying: " in on_a_terminal(monkeypatch, capsys, *command)


def test_where_nothing_is_replayed_no_bar_says_so(
    lake: HttpLake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    in_one_place(lake, "web.young", [NOW - HOUR])
    in_one_place(lake, "web.events", (NOW - number * HOUR for number in range(50)))
    config = "version: 1\ntables:\n  - table: web.events\n"
    (tmp_path / "checks.yml").write_text(config, encoding="utf-8")
    command = ["discover", "--database", "web", "--merge", "checks.yml", *AT]
    assert "replaying" not in on_a_terminal(monkeypatch, capsys, *command)


@pytest.mark.parametrize(("total", "lines"), [(1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_pipe_hears_a_line_every_hundred_tables(
    capsys: pytest.CaptureFixture[str], total: int, lines: int
) -> None:
    stages = progress.Stages()
    for done in range(1, total + 1):
        stages.looked(done, total, "a.b")
    for done in range(total + 1):
        stages.replayed(done, total, "a.b")
    stages.close()
    told = capsys.readouterr().err.splitlines()
    assert len(told) == lines
    assert told[-1] == f"looked at {total} of {total} tables"
