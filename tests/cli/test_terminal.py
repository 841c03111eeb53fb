"""The terminal's manners: colours, width, quiet, what was sent, help, completion, how to begin."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks import cli, terminal
from checks.config.reference import blocks
from checks.help_topics import topics
from tests.support.accounts import Team

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

CONFIG = """\
version: 1
tables:
  - table: sales.orders
    freshness: {max_age: 24h}
  - prefix: s3://lake/web/
    freshness: {max_age: 24h}
"""


class Terminal(io.StringIO):
    """A standard output that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def tables(lake: HttpLake) -> HttpLake:
    """A lake with one table without data, and a config that watches it and an empty prefix."""
    lake.table("sales.orders")
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    return lake


@pytest.mark.parametrize(
    ("environ", "stream", "coloured"),
    [
        ({}, Terminal(), True),
        ({}, io.StringIO(), False),
        ({"NO_COLOR": "1"}, Terminal(), False),
        ({"NO_COLOR": ""}, Terminal(), True),
        ({"FORCE_COLOR": "1"}, io.StringIO(), True),
        ({"FORCE_COLOR": "0"}, Terminal(), False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, Terminal(), False),
        ({"TERM": "dumb"}, Terminal(), False),
    ],
)
def test_colours_are_shown_where_they_are_wanted(
    environ: dict[str, str], stream: io.StringIO, coloured: object
) -> None:
    assert terminal.is_coloured(environ, stream) is coloured


@pytest.mark.parametrize(
    ("stated", "width"), [("", 80), ("120", 120), ("0", 80), ("wide", 80), ("9", 40), ("999", 200)]
)
def test_a_pipe_is_as_wide_as_is_stated(stated: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", stated)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert terminal.width() == width


def test_an_empty_folder_is_told_how_to_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "TABLES"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["run"]) == 2
    told = capsys.readouterr().err
    assert "There is no checks.yml here" in told
    begun = told[told.index("  version: 1") :].replace("\n  ", "\n")[2:]
    Path("checks.yml").write_text(begun, encoding="utf-8")
    assert cli.main(["validate"]) == 0


def test_a_run_says_what_became_of_the_report(tables: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run"]) == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0].split() == ["VERDICT", "TABLE", "CHECKS", "SEEN"]
    assert "no topic is set, so nothing was sent" in shown.err
    assert cli.main(["run", "--output", "r.html"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "wrote r.html: 2 failing" in shown.err


def test_a_report_that_was_sent_is_told_and_one_without_news_too(
    tables: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    topic = Team(tables).topic
    Path("checks.yml").write_text(
        CONFIG.replace("tables:", f'topic: "{topic}"\ntables:', 1), encoding="utf-8"
    )
    cli.main(["run"])
    assert f"sent to {topic}" in capsys.readouterr().err
    cli.main(["run"])
    assert "nothing new, not sent" in capsys.readouterr().err
    cli.main(["run", "--no-send"])
    assert "sent" not in capsys.readouterr().err


def test_quiet_prints_nothing_and_still_tells_by_its_code(
    tables: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "--quiet", "--output", "r.json"]) == 1
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")
    assert Path("r.json").is_file()


def test_only_what_fails_is_shown(tables: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    tables.put("s3://lake/web/new.csv", datetime.now(UTC))  # noqa: TID251 - as a user would, by the clock
    assert cli.main(["run", "--only", "failing"]) == 1
    shown = capsys.readouterr().out
    assert "sales.orders" in shown
    assert "s3://lake/web/" not in shown
    assert "This part tells of 1 table" in shown


def test_a_mistyped_table_is_told_the_near_names(
    tables: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "--table", "sales.ordrs"]) == 2
    assert "did you mean sales.orders?" in capsys.readouterr().err


def test_a_database_that_is_missing_makes_the_region_suspect(
    lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "version: 1\ntables:\n  - table: nowhere.orders\n    freshness: {max_age: 24h}\n"
    Path("checks.yml").write_text(text, encoding="utf-8")
    assert cli.main(["run"]) == 3
    assert "look at the region" in " ".join(capsys.readouterr().out.split())


def test_history_counts_from_the_configs_folder(tables: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    Path("team").mkdir()
    Path("checks.yml").rename("team/checks.yml")
    cli.main(["run", "--config", "team/checks.yml"])
    assert Path("team/.checks/states/checks.json").is_file()
    assert not Path(".checks").exists()
    named = CONFIG.replace("tables:", "history: kept/\ntables:", 1)
    Path("team/checks.yml").write_text(named, encoding="utf-8")
    cli.main(["run", "--config", "team/checks.yml"])
    assert Path("team/kept/states/checks.json").is_file()


@pytest.mark.parametrize(
    "topic", ["freshness", "config", "match", "exit-codes", "writing", "environment", "run"]
)
def test_help_on_a_topic(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["help", topic]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 3


def test_help_names_every_topic_and_every_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["help"]) == 0
    told = capsys.readouterr().out
    for topic in topics(cli.parser()):
        assert f"  {topic} " in told
    for block in blocks():
        cli.main(["help", block.topic])
        shown = capsys.readouterr().out.splitlines()
        assert {key.name for key in block.keys} <= {line.split(" ")[0] for line in shown}


def test_help_on_what_there_is_none_names_the_near(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["help", "freshnes"]) == 2
    assert "did you mean freshness?" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["completion", shell]) == 0
    assert "checks" in capsys.readouterr().out


def test_a_shell_is_told_what_could_stand_here() -> None:
    line = "checks run --o"
    environ = {
        **os.environ,
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": "/dev/stdout",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    script = str(Path(sys.executable).with_name("checks"))
    done = subprocess.run([script], env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert {word.strip() for word in done.stdout.split("\n")} >= {"--output", "--only"}


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "checks", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("checks ")
